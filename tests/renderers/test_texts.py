"""The loader of the templates: sources in a clone, compiled ones where a wheel has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rediskit.renderers.pages import templates as texts


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of templates in place of the project's own."""
    folder = tmp_path / "templates"
    folder.mkdir()
    monkeypatch.setattr(texts, "TEMPLATES", folder)
    texts._engine.cache_clear()
    yield folder
    texts._engine.cache_clear()


def test_a_template_needs_nothing_but_its_file(templates: Path) -> None:
    (templates / "new.md.j2").write_text("{% for number in all %}\n{{ number }}\n{% endfor %}\n", encoding="utf-8")
    assert texts.text("new.md.j2", all=[1, 2]) == "1\n2\n"


def test_a_compiled_template_is_used_before_its_source(templates: Path) -> None:
    (templates / "page.md.j2").write_text("compiled {{ name }}", encoding="utf-8")
    texts.compile_templates(texts.compiled_folder())
    (templates / "page.md.j2").write_text("source {{ name }}", encoding="utf-8")
    assert texts.text("page.md.j2", name="page") == "compiled page"


def test_templates_that_another_jinja2_compiled_are_not_used(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (templates / "page.md.j2").write_text("compiled", encoding="utf-8")
    texts.compile_templates(texts.compiled_folder())
    (templates / "page.md.j2").write_text("source", encoding="utf-8")
    monkeypatch.setattr("jinja2.__version__", "99.0")
    assert texts.text("page.md.j2") == "source"
