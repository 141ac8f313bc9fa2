"""Markdown pages from the Jinja2 templates in rediskit/data/templates. YAML is never rendered from templates."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[2] / "data" / "templates"


def compiled_folder() -> Path:
    """Return the folder of the compiled templates, which only a wheel has: hatch_build.py writes it.

    Its name carries the version of Jinja2 that compiled them, so another version compiles for itself.
    """
    from jinja2 import __version__

    return TEMPLATES.with_name(f"templates-jinja2-{__version__}")


def engine() -> Any:
    """Return the Jinja2 environment of all texts: compiled templates where they exist, else their sources."""
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined

    # Markdown needs no HTML escaping. Each run uses a template once, so optimization costs more than it saves.
    jinja = Environment(
        loader=ChoiceLoader([ModuleLoader(compiled_folder()), FileSystemLoader(TEMPLATES)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,
        auto_reload=False,
    )
    jinja.globals.clear()  # No template uses them, and each text copies them.
    jinja.filters.update(shell=_shell, code_spans=_code_spans)
    return jinja


def _shell(commands: Iterable[str]) -> str:
    """Return commands as a code block of Markdown, one per line."""
    return "\n".join(("```sh", *commands, "```"))


def _code_spans(texts: Iterable[str]) -> str:
    """Return texts as code spans of Markdown, with commas between them."""
    return ", ".join(f"`{text}`" for text in texts)


def compile_templates(folder: Path) -> None:
    """Write each template as Python into a folder, for hatch_build.py. Raises TemplateSyntaxError."""
    from jinja2 import FileSystemLoader

    engine().overlay(loader=FileSystemLoader(TEMPLATES)).compile_templates(folder, zip=None, ignore_errors=False)


_engine = cache(engine)


def text(template: str, **facts: Any) -> str:
    """Return the text of one template. Raises UndefinedError for a fact that is not given."""
    rendered: str = _engine().get_template(template).render(**facts)
    return rendered
