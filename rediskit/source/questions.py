"""Open questions of a config: the comments by which `init` marks what its input does not answer."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.errors import Location

OPEN = "open: "
"""What such a comment begins with."""
_MARK = f"# {OPEN}"


class Question(NamedTuple):
    """One open question and the place of its comment."""

    text: str
    location: Location


def questions(text: str, file: str) -> list[Question]:
    """Return the open questions in the text of a config that loads.

    Args:
        text: the content of the file.
        file: the name of the file in the locations.
    """
    lines = text.splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith(_MARK)]
    inside = _in_scalars(text) if marked else frozenset()
    return [
        Question(lines[number - 1].strip().removeprefix(_MARK), Location(file, number, lines[number - 1].index("#") + 1))
        for number in marked
        if number not in inside
    ]


def _in_scalars(text: str) -> frozenset[int]:
    """Return the numbers of the lines that are inside a scalar of several lines: what looks like a comment there is text."""
    from ruamel.yaml import YAML  # not at start-up: most configs have no open question
    from ruamel.yaml.tokens import ScalarToken

    found: set[int] = set()
    for token in YAML(typ="safe", pure=True).scan(text):
        if isinstance(token, ScalarToken):
            # The end of a block scalar is the start of the line after it.
            found.update(range(token.start_mark.line + 2, token.end_mark.line + (1 if token.end_mark.column == 0 else 2)))
    return frozenset(found)
