"""The objects and texts of a whole checkout, and the parts of it that cannot be read."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError
from rediskit.files import read_regular, reason
from rediskit.git.work_tree import WorkTree
from rediskit.migrate.local import FILE as LOCAL
from rediskit.migrate.other_configs import read_config
from rediskit.migrate.owner.files import FOLDER, Checkout, documents_of, shown
from rediskit.migrate.owner.module import without_declarations
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.output.index import NAME as INDEX
from rediskit.renderers.tree import Object
from rediskit.source.project import SCHEMA, configs_beside
from rediskit.usage.hidden import Hidden

_MANIFESTS = (".yaml", ".yml")
_TEXTS = frozenset(
    ".env .properties .conf .cfg .ini .json .toml .sh .tf .tofu .tfvars .hcl .cue .jsonnet .libsonnet .tpl".split(),
)
"""The suffixes of the texts that are searched beside manifests."""
_OURS = (SCHEMA, LOCAL)
"""The files of rediskit by their name. The config, its inputs and output directories have other names."""


class Contents(NamedTuple):
    """The objects of a checkout with their files, and what cannot be read.

    A text that is not an object is an object of kind `File`.
    """

    objects: list[tuple[Path, Object]]
    hidden: list[Hidden]


def contents(environment: Environment, client: Client, checkout: Checkout) -> Contents:
    """Return the objects of a checkout, without the files of rediskit: its configs and what it writes.

    The defaults of variables that the client switches are left out: they are the old values, and a rollback needs them.
    """
    result = Contents([], [])
    switched = () if client.owner.variables is None else client.owner.variables.switched
    own = _inputs(environment, checkout)
    files = sorted(file for file in _files(checkout, result.hidden) if file not in own)
    for file in files:
        if file.name.endswith(_MANIFESTS):
            _add_manifest(result, file)
    for file in files:
        if not file.name.endswith(_MANIFESTS) and (file.suffix in _TEXTS or file.name.startswith(".env")):
            _add_text(result, file, switched)
    result.hidden.extend(_not_checked_out(checkout))
    return result


def _inputs(environment: Environment, checkout: Checkout) -> frozenset[Path]:
    """Return the files in a checkout that the configs of the project consist of. They contain the old address of each client."""
    top = Path(os.path.realpath(environment.file)) if environment.file else None
    if top is None or not top.is_relative_to(checkout.top):
        return frozenset()
    inputs = [*environment.inputs, *configs_beside(environment.file)]
    for config in configs_beside(environment.file):
        other = read_config(config)
        inputs += other.inputs if other else ()
    return frozenset(Path(os.path.realpath(file)) for file in inputs)


def _files(checkout: Checkout, hidden: list[Hidden]) -> Iterator[Path]:
    """Yield the files of a checkout, in order, without `.git` and what rediskit wrote. Add the folders and links that cannot be read."""

    def unread(error: OSError) -> None:
        hidden.append(Hidden(f"Folder/{shown(Path(error.filename))}", "", "", reason(error)))

    for parent, folders, files in os.walk(checkout.top, onerror=unread):
        here = Path(parent)
        if INDEX in files or here == checkout.to / FOLDER:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name != ".git")
        links = (path for path in (here / name for name in (*folders, *sorted(files))) if path.is_symlink())
        hidden += [
            Hidden(f"File/{shown(path)}", "", "", "a link to a target outside of the checkout")
            for path in links
            if not Path(os.path.realpath(path)).is_relative_to(checkout.top)
        ]
        yield from (here / name for name in sorted(files) if name not in _OURS and not (here / name).is_symlink())


def _not_checked_out(checkout: Checkout) -> Iterator[Hidden]:
    """Yield the folders of the repository that the work tree does not contain: of submodules, and of a sparse checkout."""
    tree = WorkTree.of(checkout.top)
    for path in tree.left_out() if tree else ():
        yield Hidden(f"Folder/{shown(checkout.top / path)}", "", "", "not checked out")


def _add_manifest(result: Contents, file: Path) -> None:
    try:
        documents = [content.data for content in documents_of(file)]
    except ConfigError:
        _add_text(result, file)
        return
    objects = [content for content in documents if isinstance(content, dict) and "kind" in content]
    result.objects.extend((file, content) for content in objects)
    if len(objects) < len([content for content in documents if content is not None]):
        _add_text(result, file)


def _add_text(result: Contents, file: Path, switched: Collection[str] = ()) -> None:
    """Add the text of a file as an object. switched: the variables of a module whose declarations are left out."""
    try:
        text = without_declarations(file.name, read_regular(file).decode(), switched)
    except (OSError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "not a text in UTF-8"
        result.hidden.append(Hidden(f"File/{shown(file)}", "", "", why))
        return
    result.objects.append((file, {"kind": "File", "metadata": {"name": shown(file)}, "data": {file.name: text}}))
