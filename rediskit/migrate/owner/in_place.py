"""An overlay in the repository of the config: it lists the rendered folder of a client, and nothing is exported."""

import os
from collections.abc import Iterator
from pathlib import Path

from rediskit.errors import ConfigError, Location, Problem
from rediskit.git.discovery import work_tree, work_tree_of
from rediskit.migrate.owner.files import NAMES, Checkout, content_of, documents_of, entries_of, files_below, kustomization, resolved, shown
from rediskit.model.client import Client
from rediskit.model.environment import Environment


def config_checkout(environment: Environment, client: Client, *, offline: bool = False) -> Checkout:
    """Return the checkout of a client whose overlay is in the repository of the config. Raises ConfigError if there is no such folder."""
    top = work_tree_of(environment.file)
    path = client.owner.path or "."
    if top is None:
        raise ConfigError(Problem(f"{client.name} has owner.path {path}, and the config is not in a Git work tree", "run git init"))
    overlay = Path(os.path.realpath(top / path))
    if not overlay.is_relative_to(top) or not overlay.is_dir():
        hint = f"write the folder of the overlay, relative to {shown(top)}"
        raise ConfigError(Problem(f"owner.path {path} of {client.name} is not a folder of the work tree", hint))
    return Checkout(top, overlay, overlay, offline, top / environment.path / client.owner_folder)


def with_rendered_folder(environment: Environment, client: Client, checkout: Checkout) -> Checkout:
    """Return a checkout with the rendered folder of a client if the overlay is in the repository of the config."""
    if not client.owner.in_place:
        return checkout
    own = config_checkout(environment, client, offline=checkout.offline)
    return own if own.overlay == checkout.overlay else checkout


def still_listed(environment: Environment, gone: list[str], root: str) -> Iterator[Problem]:
    """Yield a problem for each rendered folder that disappears while a kustomization of the work tree lists it.

    Args:
        environment: The config.
        gone: The names of the folders in `owners/` without a Component in the new output.
        root: The parent of the output directories.
    """
    owners = Path(os.path.realpath(root), environment.name, "owners")
    top = work_tree(str(owners))
    folders = {owners / name: name for name in gone}
    for file in (path for path in files_below(Path(top), NAMES) if path.name in NAMES) if top else ():
        for folder, where in _listed_folders(file):
            if folder in folders:
                message = f"{shown(file)} lists {shown(folder)}, which this render removes: the build would fail"
                hint = "remove the entry and commit first, or keep the migration of the client"
                yield Problem(message, hint, (), where, "owner-still-listed")


def _listed_folders(file: Path) -> Iterator[tuple[Path, Location]]:
    """Yield each folder that a kustomization lists, with the location of the entry."""
    try:
        documents, content = documents_of(file), content_of(file)
        for key in ("components", "resources"):
            for index, entry in enumerate(entries_of(file, content, key)):
                if folder := resolved(file.parent, entry):
                    yield folder, documents[0].places.get((key, index), documents[0].location)
    except ConfigError:
        return  # `check --owner` reports it.


def unlisted(client: Client, checkout: Checkout) -> Iterator[Problem]:
    """Yield a problem if the overlay of a client does not list its rendered folder."""
    folder = checkout.folder_of(client)
    file = kustomization(checkout.overlay)
    if folder not in {listed for listed, _ in _listed_folders(file)}:
        entry = os.path.relpath(folder, checkout.overlay)
        message = f"{shown(file)} does not list {shown(folder)}: no step changes the application"
        yield Problem(message, f"add to it:  components: [{entry}]", (), Location(shown(file), 1, 1), "owner-component")
