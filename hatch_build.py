"""Compile the Jinja2 templates into the wheel, because compiling takes a fifth of the first render."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTemplates(BuildHookInterface):  # type: ignore[type-arg]
    """Add the templates as Python modules of `jinja2.Environment.compile_templates`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into build/. An editable install has no compiled templates, so that it uses changed templates."""
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

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling defines the parameters
        """Remove the compiled templates, so that the output folder contains only the wheel."""
        for target in build_data["force_include"]:
            shutil.rmtree(target)
