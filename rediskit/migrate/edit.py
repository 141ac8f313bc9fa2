"""The one in-place edit of a config: which file a value stands in, the new text loaded before it is written, an atomic replacement."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from rediskit.errors import Path, Problem, RefusedError
from rediskit.files import read_file
from rediskit.model.environment import Environment
from rediskit.output.input_files import write_inputs
from rediskit.source.loader import load
from rediskit.source.neighbours import Neighbours
from rediskit.yamlio.reader import read
from rediskit.yamlio.splice import Append, Edit, Put, splice

__all__ = ["Append", "Edited", "Put", "edited", "put_in_place"]


class Edited(NamedTuple):
    """One file that changes. file: as it is shown to people; place: its real path, links resolved."""

    file: str
    place: str
    before: bytes
    after: bytes

    @property
    def diff(self) -> tuple[str, ...]:
        """The lines of a unified diff; a carriage return at the end of a line is not shown."""
        old, new = (content.decode().removeprefix("\ufeff").splitlines() for content in (self.before, self.after))
        return tuple(unified_diff(old, new, f"a/{self.file}", f"b/{self.file}", lineterm=""))


def edited(config: str, edits: Sequence[Edit], meant: Environment | None = None) -> tuple[tuple[Edited, ...], Environment]:
    """What editing would write, and what the config would load as. Nothing is written.

    config: the file. edits: paths as in the whole config; what stands below `clients[i]` goes into that client's own file, where it has
    one. meant: the environment that the new text must load as, its positions apart.
    Raises ConfigError when the new text does not load, RefusedError [layout] when the text can't be changed in place, [edit-differs] when
    it would load as something else.
    """
    files = _by_file(config, edits)
    changed = tuple(Edited(file, place, text, splice(text, file, wanted)) for file, place, text, wanted in files)
    environment = load(config, instead={one.place: one.after for one in changed})
    if meant is not None and environment.model_dump() != meant.model_dump():
        message = f"{config}: edited in place, it would load as something else than was meant"
        raise RefusedError(Problem(message, "write the change by hand, and please report this", code="edit-differs"))
    return changed, environment


def _by_file(config: str, edits: Sequence[Edit]) -> list[tuple[str, str, bytes, list[Edit]]]:
    """The files that the edits concern: how each is shown, its real path, its content, its edits with paths of its own."""
    text = read_file(FilePath(config), config)
    clients = read(text, config).data.get("clients")
    neighbours = Neighbours(config)
    found: dict[str, tuple[str, str, bytes, list[Edit]]] = {}
    for edit in edits:
        name = _own_file(clients, edit.path)
        if name is None:
            file, place, path = config, os.path.realpath(config), edit.path
        else:
            file, place, path = os.path.normpath(neighbours.folder / name), str(neighbours.find(name)), edit.path[2:]
        if place not in found:
            found[place] = (file, place, text if name is None else neighbours.read(name)[0], [])
        found[place][3].append(edit._replace(path=path))
    return list(found.values())


def _own_file(clients: Any, path: Path) -> str | None:
    """The file of the client that a path leads into, where it has one."""
    if path[:1] != ("clients",) or len(path) < 3 or not isinstance(clients, list) or not isinstance(path[1], int):
        return None
    client = clients[path[1]]
    name = client.get("file") if isinstance(client, Mapping) else None
    return name if isinstance(name, str) else None


def put_in_place(changed: Sequence[Edited], folder: FilePath | None = None) -> None:
    """Write all files or none, each by a rename, with the permissions that it had. A link stays, and the file it leads to is replaced.

    Args:
        changed: the files.
        folder: a folder above all of them, whose lock is taken; None for the closest one.

    Raises:
        RefusedError: a file is not what was read any more, another writer is at work, or the disk refuses.
    """
    if not changed:
        return
    above = folder or FilePath(os.path.commonpath([FilePath(one.place).parent for one in changed]))
    shown = os.path.relpath(above) if above.is_relative_to(FilePath.cwd()) else str(above)
    files = {os.path.relpath(one.place, above): one for one in changed}
    write_inputs(shown, {path: one.after for path, one in files.items()}, {path: one.before for path, one in files.items()})
