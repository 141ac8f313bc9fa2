"""Compile the Jinja2 templates into the wheel: compiling them takes a fifth of a first render."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTemplates(BuildHookInterface):  # type: ignore[type-arg]
    """Add the templates as Python, in the form of `jinja2.Environment.compile_templates`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into build/; an editable install goes without, so an edit of a template shows at once."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from rediskit.renderers.pages.templates import compile_templates, compiled_folder
        finally:
            sys.path.remove(self.root)
        target = Path(self.directory) / compiled_folder().name
        compile_templates(target)
        build_data["force_include"][str(target)] = compiled_folder().relative_to(self.root).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the interface of hatchling
        """Leave only the wheel in the output folder."""
        for target in build_data["force_include"]:
            shutil.rmtree(target)
