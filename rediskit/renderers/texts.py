"""Texts for people, from the Jinja2 templates in rediskit/data/templates. YAML is never made this way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent.parent / "data" / "templates"
COMPILED = "rediskit.renderers.compiled"
"""The templates as Python, made by `make docs`: compiling them anew took a fifth of a first render."""
_SUFFIX = ".md.j2"


@cache
def _engine() -> Any:
    from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, Template

    sources = FileSystemLoader(TEMPLATES)

    class Loader(BaseLoader):
        """What was compiled, where it was made of this template by this Jinja2; else the template."""

        def load(self, environment: Environment, name: str, globals: Any = None) -> Template:  # noqa: A002
            found = _compiled(name)
            if found is None:
                return sources.load(environment, name, globals)
            return environment.template_class.from_module_dict(environment, found, environment.make_globals(globals))

    # Markdown for people, so nothing is escaped; a template is used once a run, so optimising it costs more than it brings.
    return Environment(
        loader=Loader(),
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


def compiled() -> Iterator[tuple[str, str]]:
    """Module name and Python source of each template, for `rediskit/renderers/compiled/`."""
    engine = _engine()
    for file in sorted(TEMPLATES.glob(f"*{_SUFFIX}")):
        source = file.read_text(encoding="utf-8")
        code = engine.compile(source, file.name, None, raw=True, defer_init=True)
        yield _module(file.name), f'"""Made by `make docs` from {file.name}."""\n\nMADE_OF = "{_stamp(file.name)}"\n\n{code}\n'


def _compiled(template: str) -> dict[str, Any] | None:
    try:
        module = import_module(f"{COMPILED}.{_module(template)}")
    except ModuleNotFoundError:
        return None
    return vars(module) if _stamp(template) == module.MADE_OF else None


def _module(template: str) -> str:
    return template.removesuffix(_SUFFIX).lower()


def _stamp(template: str) -> str:
    from jinja2 import __version__

    return f"{__version__} {hashlib.sha256((TEMPLATES / template).read_bytes()).hexdigest()}"
