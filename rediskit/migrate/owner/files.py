"""The files in a checkout of an application repository. Their contents are untrusted."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Location, Problem
from rediskit.files import read_regular, reason
from rediskit.git.discovery import work_tree
from rediskit.model.client import Client
from rediskit.output.index import NAME as INDEX
from rediskit.output.nofollow import not_a_folder
from rediskit.renderers.tree import Tree
from rediskit.yamlio.foreign import MAX_BYTES, Document, read_foreign

FOLDER = "rediskit"
"""The folder in a checkout that contains one folder per client."""
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Checkout(NamedTuple):
    """A checkout of an application repository: the work tree, the folder that contains ours, and the one that is built. Real paths.

    `offline`: a build with remote entries is refused. `rendered`: the rendered folder of the client if the overlay lists that.
    """

    top: Path
    to: Path
    overlay: Path
    offline: bool = False
    rendered: Path | None = None

    def folder_of(self, client: Client) -> Path:
        """Return the folder with the files of a client."""
        return self.rendered or self.to / FOLDER / client.name


def checkout_at(to: str, overlay: str | None, *, offline: bool = False) -> Checkout:
    """Return the checkout of a folder. Raises ConfigError if a folder is missing or not in one Git work tree."""
    folder, built = (Path(os.path.realpath(name)) for name in (to, overlay or to))
    if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path.is_dir, False without permission
        raise ConfigError(Problem(f"folder {to} does not exist", "choose a folder in a checkout of the application repository"))
    top = work_tree(str(folder))
    if top is None or not built.is_relative_to(top):
        message = f"{to} is not in a Git work tree" if top is None else f"{overlay} is not in the checkout of {to}"
        raise ConfigError(Problem(message, "choose folders in one checkout of the application repository"))
    return Checkout(Path(top), folder, built, offline)


def is_built(checkout: Checkout) -> bool:
    """Return whether the overlay of a checkout has a kustomization."""
    return any(os.path.isfile(checkout.overlay / name) for name in NAMES)  # noqa: PTH113 - as in `kustomization`


def kustomization(folder: Path) -> Path:
    """Return the kustomization file of a folder. Raises ConfigError if there is none."""
    for name in NAMES:
        file = folder / name
        if os.path.isfile(file):  # noqa: PTH113 - unlike Path.is_file, False without permission
            if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(folder):
                hint = "replace the link by the file: kustomize reads no file outside of the folder that it builds"
                raise ConfigError(Problem(f"{shown(file)} is a symbolic link to {file.readlink()}, outside of its folder", hint))
            return file
    hint = "choose the folder of the outermost overlay; migrate step builds the folder owner.path of the checkout"
    raise ConfigError(Problem(f"{shown(folder)} has no kustomization.yaml", hint))


def shown(path: Path) -> str:
    """Return a path for messages: relative to the current folder if it is below it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


class Listing(NamedTuple):
    """The kustomizations that list the Component of a client. unread: the problems of those that cannot be read."""

    files: list[Path]
    unread: list[Problem]


class RenderedFiles(NamedTuple):
    """The rendered files of a client for the application repository, as `output.disk` writes them."""

    name: str
    files: dict[str, bytes]


def rendered_files(tree: Tree, client: Client) -> RenderedFiles:
    """Return the rendered files of a client, with paths relative to its folder."""
    prefix = f"{client.owner_folder}/"
    return RenderedFiles(client.name, {path.removeprefix(prefix): text for path, text in tree.files.items() if path.startswith(prefix)})


def listing(checkout: Checkout, client: Client) -> Listing:
    """Return the kustomizations of a checkout that list the Component of a client."""
    folder = checkout.folder_of(client)
    result = Listing([], [])
    for file in (path for path in files_below(checkout.top, NAMES) if path.name in NAMES):
        try:
            if any(resolved(file.parent, entry) == folder for entry in entries_of(file, content_of(file), "components")):
                result.files.append(file)
        except ConfigError as error:
            result.unread.extend(error.problems)
    return result


def resolved(folder: Path, entry: Any) -> Path | None:
    """Return the real path of an entry of a kustomization; None if it is not a path."""
    if not isinstance(entry, str) or "\0" in entry:
        return None
    return Path(os.path.realpath(folder / entry))


def manifests_below(folder: Path, *, rendered: bool = True) -> list[Path]:
    """Return the YAML files in a folder and below it, in order, without links and `.git`. rendered: as in `files_below`."""
    return files_below(folder, (".yaml", ".yml"), rendered=rendered)


def files_below(top: Path, endings: tuple[str, ...], *, rendered: bool = True) -> list[Path]:
    """Return the files below a folder whose names end in one of the texts, in order, without links and `.git`.

    rendered: whether the output directories of rediskit are included.
    """
    paths: list[Path] = []
    for parent, folders, files in os.walk(top):
        if not rendered and INDEX in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if name != ".git"]
        paths += [Path(parent, name) for name in files if name.endswith(endings)]
    return sorted(path for path in paths if not path.is_symlink())


def content_of(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, or an empty one. Raises ConfigError if the file cannot be read."""
    return mapping_in(documents_of(file))


def mapping_in(documents: list[Document]) -> dict[str, Any]:
    """Return the mapping in the first document, or an empty one."""
    content = documents[0].data if documents else None
    return content if isinstance(content, dict) else {}


def documents_of(file: Path) -> list[Document]:
    """Return the documents of a YAML file. Raises ConfigError, with a location, if it cannot be read."""
    name = shown(file)
    try:
        return read_foreign(read_regular(file, MAX_BYTES), name)
    except OSError as error:
        problem = Problem(f"cannot read the file: {reason(error)}", "check the file and its permissions", (), Location(name, 1, 1))
        raise ConfigError(problem) from error


def entries_of(file: Path, content: dict[str, Any], key: str) -> list[Any]:
    """Return the list at a key of a kustomization, or an empty one. Raises ConfigError for any other value."""
    entries = content.get(key)
    if entries is not None and not isinstance(entries, list):
        hint = "write a list, as kustomize needs it"
        raise ConfigError(Problem(f"{key} is not a list", hint, (), Location(shown(file), 1, 1)))
    return list(entries or ())


def link_in_the_way(checkout: Checkout, client: Client) -> Problem | None:
    """Return the problem of a link or a file at the path of a client's folder; None for a folder or nothing."""
    folder = checkout.folder_of(client)
    for path in (folder.parent, folder):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            return not_a_folder(Path(shown(path)), path.lstat().st_mode)._replace(code="owner-link")
    return None
