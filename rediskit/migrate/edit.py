"""In-place edits of a config: the new text is loaded before it is written, and each file is replaced atomically."""

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
from rediskit.yamlio.edits import Append, Edit, Put
from rediskit.yamlio.reader import read
from rediskit.yamlio.splice import splice

__all__ = ["Append", "Edited", "Put", "edited", "put_in_place"]


class Edited(NamedTuple):
    """A file that changes. file: its path in messages; place: its real path, with links resolved."""

    file: str
    place: str
    before: bytes
    after: bytes

    @property
    def diff(self) -> tuple[str, ...]:
        """The lines of a unified diff, without carriage returns."""
        old, new = (content.decode().removeprefix("\ufeff").splitlines() for content in (self.before, self.after))
        return tuple(unified_diff(old, new, f"a/{self.file}", f"b/{self.file}", lineterm=""))


def edited(config: str, edits: Sequence[Edit], meant: Environment | None = None) -> tuple[tuple[Edited, ...], Environment]:
    """Return the files that edits change, and the environment that the new text loads as. Nothing is written.

    Args:
        edits: The edits, with paths in the whole config. An edit below `clients[i]` changes the file of that client, if it has one.
        meant: The expected environment, apart from positions.

    Raises:
        ConfigError: The new text does not load.
        RefusedError: [layout] the text cannot be changed in place; [edit-differs] it loads as another environment.
    """
    files = _by_file(config, edits)
    changed = tuple(Edited(file, place, text, splice(text, file, replacement)) for file, place, text, replacement in files)
    environment = load(config, instead={file.place: file.after for file in changed})
    if meant is not None and environment.model_dump() != meant.model_dump():
        message = f"{config} loads as another environment after the edit in place"
        raise RefusedError(Problem(message, "make the change by hand, and report this error", code="edit-differs"))
    return changed, environment


def _by_file(config: str, edits: Sequence[Edit]) -> list[tuple[str, str, bytes, list[Edit]]]:
    """Return each edited file: its path in messages, its real path, its content, and its edits with paths in the file."""
    text = read_file(FilePath(config), config)
    clients = read(text, config).data.get("clients")
    neighbours = Neighbours(config)
    files: dict[str, tuple[str, str, bytes, list[Edit]]] = {}
    for edit in edits:
        name = _own_file(clients, edit.path)
        if name is None:
            file, place, path = config, os.path.realpath(config), edit.path
        else:
            file, place, path = neighbours.shown(name), neighbours.find(name), edit.path[2:]
        if place not in files:
            files[place] = (file, place, text if name is None else neighbours.read(name)[0], [])
        files[place][3].append(edit._replace(path=path))
    return list(files.values())


def _own_file(clients: Any, path: Path) -> str | None:
    """Return the file of the client that a path is in; None if it has no file."""
    if path[:1] != ("clients",) or len(path) < 3 or not isinstance(clients, list) or not isinstance(path[1], int):
        return None
    client = clients[path[1]]
    name = client.get("file") if isinstance(client, Mapping) else None
    return name if isinstance(name, str) else None


def undo(changed: Sequence[Edited]) -> None:
    """Write the content that the files had before."""
    put_in_place([file._replace(before=file.after, after=file.before) for file in changed])


def put_in_place(changed: Sequence[Edited], folder: FilePath | None = None) -> None:
    """Write all files or none, each by a rename, with its permissions. For a link, its target is replaced.

    `folder` is locked; by default the closest one above all files. Raises RefusedError when a file has changed since it was read, another
    writer has the lock, or a write fails.
    """
    if not changed:
        return
    above = folder or FilePath(os.path.commonpath([FilePath(file.place).parent for file in changed]))
    shown = os.path.relpath(above) if above.is_relative_to(FilePath.cwd()) else str(above)
    files = {os.path.relpath(file.place, above): file for file in changed}
    write_inputs(shown, {path: file.after for path, file in files.items()}, {path: file.before for path, file in files.items()})
