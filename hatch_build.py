"""Generate files of the wheel: completion scripts, and compiled templates, because compiling takes a fifth of the first render."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Add the templates as Python modules of `jinja2.Environment.compile_templates`, and a completion script for each shell."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write into build/. An editable install has no generated files, so that it uses changed templates and options."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from rediskit.cli.completion import FOLDER, SHELLS, script
        finally:
            sys.path.remove(self.root)
        pages = _module(Path(self.root, "rediskit/renderers/pages/templates.py"))
        templates, scripts = (Path(self.directory) / folder.name for folder in (pages.compiled_folder(), FOLDER))
        pages.compile_templates(templates)
        scripts.mkdir(parents=True)
        for shell in SHELLS:
            (scripts / shell).write_text(script(shell), encoding="utf-8")
        for target, folder in ((templates, pages.compiled_folder()), (scripts, FOLDER)):
            build_data["force_include"][str(target)] = folder.relative_to(self.root).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling defines the parameters
        """Remove the generated files, so that the output folder contains only the wheel."""
        for target in build_data["force_include"]:
            shutil.rmtree(target)


def _module(file: Path) -> ModuleType:
    """Return a module without the `__init__` of its packages: they import pydantic, which a build environment does not have."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
