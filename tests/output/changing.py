"""Versions of an output directory: the old one, the new one, and a later one."""

from __future__ import annotations

from pathlib import Path

from rediskit.output import index
from rediskit.output.writer import compare, write
from tests.output.trees import Files, snapshot, tree

OLD = tree(README="one", kept="same", platform__redis__a="a1", platform__redis__gone="x", only__old="x", place="a file")
NEW = tree(README="two", kept="same", platform__redis__a="a2", platform__redis__new="n", docs__new="n")
NEW.files["place.yaml/below.yaml"] = b"the file became a folder"
LATER = tree(README="three", platform__redis__a="a3", platform__redis__new="m", docs__other="o", place="a file again")
FOREIGN = {"platform/redis/notes.txt": b"not ours"}


def whole(rendered: Files, foreign: dict[str, bytes] = FOREIGN) -> dict[str, bytes]:
    """Return the content of the output folder with this tree and foreign files only."""
    files = {**rendered.files, index.NAME: index.of(index.digests(rendered.files)), **foreign}
    return {f"{rendered.name}/{path}": content for path, content in files.items()}


def never_clean_unless_whole(root: Path, *trees: Files, foreign: dict[str, bytes] = FOREIGN) -> None:
    files = snapshot(root)
    for rendered in trees:
        assert compare(rendered, root).drifted == (files != whole(rendered, foreign)), files


def heals(root: Path, rendered: Files, foreign: dict[str, bytes] = FOREIGN) -> None:
    write(rendered, root)
    assert snapshot(root) == whole(rendered, foreign)
    assert not compare(rendered, root).drifted
