"""Generate files of the wheel: completion scripts, and compiled templates, because compiling takes a fifth of the first render."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
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
            from rediskit.renderers.pages.templates import compile_templates, compiled_folder
        finally:
            sys.path.remove(self.root)
        templates, scripts = (Path(self.directory) / folder.name for folder in (compiled_folder(), FOLDER))
        compile_templates(templates)
        scripts.mkdir(parents=True)
        for shell in SHELLS:
            (scripts / shell).write_text(script(shell), encoding="utf-8")
        for target, folder in ((templates, compiled_folder()), (scripts, FOLDER)):
            build_data["force_include"][str(target)] = folder.relative_to(self.root).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling defines the parameters
        """Remove the generated files, so that the output folder contains only the wheel."""
        for target in build_data["force_include"]:
            shutil.rmtree(target)
