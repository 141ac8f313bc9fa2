"""Writes rediskit/renderers/compiled/, the templates as Python: `make docs`."""

from __future__ import annotations

from pathlib import Path

from rediskit.renderers.texts import compiled

FOLDER = Path(__file__).parent.parent / "rediskit/renderers/compiled"
HEAD = '"""The templates of rediskit/data/templates as Python. Made by `make docs`; `texts` takes them where they are current."""\n'


def main() -> None:
    """Writes the folder anew, so that nothing of a template that is gone stays in it."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.py"):
        file.unlink()
    for name, code in (("__init__", HEAD), *compiled()):
        (FOLDER / f"{name}.py").write_text(code, encoding="utf-8")


if __name__ == "__main__":
    main()
