"""Open questions in a config: comments that `init` writes where its input does not contain the answer."""

from typing import NamedTuple

from rediskit.errors import Location

OPEN = "open: "
"""The start of the comment."""
_MARK = f"# {OPEN}"


class Question(NamedTuple):
    """One open question, and the place of its comment."""

    text: str
    location: Location


def questions(text: str, file: str) -> list[Question]:
    """Return the open questions in the text of a valid config."""
    lines = text.splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith(_MARK)]
    inside = _in_scalars(text) if marked else frozenset()
    return [
        Question(lines[number - 1].strip().removeprefix(_MARK), Location(file, number, lines[number - 1].index("#") + 1))
        for number in marked
        if number not in inside
    ]


def _in_scalars(text: str) -> frozenset[int]:
    """Return the numbers of the lines inside scalars of several lines, which contain no comments."""
    from ruamel.yaml import YAML  # Only a config with an open question needs the import.
    from ruamel.yaml.tokens import ScalarToken

    numbers: set[int] = set()
    for token in YAML(typ="safe", pure=True).scan(text):
        if isinstance(token, ScalarToken):
            # The end of a block scalar is the start of the line after it.
            numbers.update(range(token.start_mark.line + 2, token.end_mark.line + (1 if token.end_mark.column == 0 else 2)))
    return frozenset(numbers)
