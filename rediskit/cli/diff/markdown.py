"""Differences as a comment on a pull request: a table, and the details of each object folded away.

Names and values are untrusted. In the table and the summaries, each special character of Markdown or HTML is a character reference inside
`<code>`, where Markdown creates no links. Details are in a fence that is longer than any run of backticks in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rediskit.cli.diff.text import counts, unified_file
from rediskit.errors import dotted, visible
from rediskit.output.tree_diff import FileDiff, TreeDiff

if TYPE_CHECKING:
    from rediskit.checks.finding import Finding

LONGEST = 60_000
"""Characters of one comment: GitHub refuses more than 65,536. What does not fit is counted."""
_TABLE = LONGEST // 2
_BACKTICKS = re.compile("`+")
_LETTERS = re.compile(r"[^\w ./-]|_", re.ASCII)


def markdown(trees: Iterable[TreeDiff], effects: Sequence[Finding] = ()) -> str:
    """Return the comment for all environments, at most LONGEST characters long. The effects on a running Redis come first."""
    listed = list(trees)
    tables, rest = _fitting((*_effects(effects), *_tables(listed)), _TABLE)
    details, left_out = _fitting(
        (_details(tree.name, difference) for tree in listed for difference in tree.all), LONGEST - len(tables) - 300
    )
    text = tables + (f"\n{rest} more lines do not fit in here.\n" if rest else "") + details
    if left_out:
        text += f"\nThe details of {left_out} more do not fit into a comment; `rediskit diff --text` shows them.\n"
    return text


def _effects(effects: Sequence[Finding]) -> Iterator[str]:
    if effects:
        yield "### Effects on the running Redis\n\n"
        for effect in effects:
            yield f"* **{effect.severity}** {code(dotted(effect.path))} {code(f'{effect.message}; {effect.hint}')} ({effect.code})\n"
        yield "\n"


def _tables(trees: Iterable[TreeDiff]) -> Iterator[str]:
    """Each environment's heading and table, in pieces that may be left out from the end."""
    for differences in trees:
        heading = f"### {code(differences.name)}: {counts(differences)}\n\n"
        if differences.empty:
            yield heading
            continue
        rows = [_row(difference) for difference in differences.all]
        yield f"{heading}| | what | file | values |\n|---|---|---|---|\n{rows[0]}"
        yield from rows[1:]
        yield "\n"


def _row(difference: FileDiff) -> str:
    subject = code(str(difference)) if difference.identity else "file"
    moved = f"{code(difference.old_path)} to " if difference.old_path else ""
    values = str(len(difference.changes) or "")
    return f"| {difference.status} | {subject} | {moved}{code(difference.path)} | {values} |\n"


def _details(name: str, difference: FileDiff) -> str:
    text = "\n".join(unified_file(difference, f"{name}/"))
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    summary = f"{difference.status} {code(str(difference))}"
    return f"<details><summary>{summary}</summary>\n\n{fence}diff\n{text}\n{fence}\n\n</details>\n\n"


def _fitting(pieces: Iterable[str], room: int) -> tuple[str, int]:
    """As many pieces as fit, and the number of the others. A piece that does not fit leaves out all after it."""
    fitting, left_out = [], 0
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            left_out += 1
        else:
            fitting.append(piece)
    return "".join(fitting), left_out


def code(text: str) -> str:
    """Return a text as code on one line, with every special character escaped."""
    return f"<code>{_LETTERS.sub(lambda letter: f'&#{ord(letter[0])};', visible(text))}</code>"
