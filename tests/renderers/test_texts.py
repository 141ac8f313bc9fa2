"""The templates as Python: current, of no influence on a text, and passed over where they are not current."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rediskit.renderers import texts
from tests.samples import ROOT

FOLDER = ROOT / "rediskit/renderers/compiled"


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of templates that differ from the compiled ones."""
    monkeypatch.setattr(texts, "TEMPLATES", tmp_path)
    texts._engine.cache_clear()
    yield tmp_path
    texts._engine.cache_clear()


def test_what_is_committed_is_current() -> None:
    made = {f"{name}.py": code for name, code in texts.compiled()}
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py") if path.name != "__init__.py"}
    assert there == made, "run: make docs"


def test_a_template_that_was_edited_is_compiled_anew(templates: Path) -> None:
    (templates / "readme.md.j2").write_text("of {{ name }}\n", encoding="utf-8")
    assert texts.text("readme.md.j2", name="today") == "of today\n"


def test_a_new_template_needs_nothing_else(templates: Path) -> None:
    (templates / "new.md.j2").write_text("{% for one in all %}\n{{ one }}\n{% endfor %}\n", encoding="utf-8")
    assert texts.text("new.md.j2", all=[1, 2]) == "1\n2\n"


def test_another_jinja2_compiles_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts._compiled("README.md.j2") is not None
    monkeypatch.setattr("jinja2.__version__", "99.0")
    assert texts._compiled("README.md.j2") is None
