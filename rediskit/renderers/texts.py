"""Texts for people, from the Jinja2 templates in rediskit/data/templates. YAML is never made this way."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def _engine() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent.parent / "data" / "templates"
    # Markdown for people, so nothing is escaped; a template is used once a run, so optimising it costs more than it brings.
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,
        auto_reload=False,
    )


def text(template: str, **facts: Any) -> str:
    """The text of one template. A fact that the template asks for and nobody gave is an error (jinja2.UndefinedError)."""
    rendered: str = _engine().get_template(template).render(**facts)
    return rendered
