"""What prevents a commit or a push of a step: uncommitted changes of others, and a checkout that is behind its remote."""

import io
import os
import shlex
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rediskit.errors import Problem
from rediskit.files import read_file, read_regular
from rediskit.git.discovery import work_tree_of
from rediskit.git.publish import Checkout as Repository
from rediskit.git.revision import contents_at
from rediskit.migrate.commits import Publishing, remote_of
from rediskit.migrate.export import export
from rediskit.migrate.owner.build import bench
from rediskit.migrate.owner.files import Checkout
from rediskit.migrate.places import Places
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.temporary import temporary_folder
from rediskit.yamlio.reader import read


def foreign_in_config(environment: Environment, client: Client, repository: Repository, output: str) -> Iterator[Problem]:
    """Yield the uncommitted changes in this repository that are not of a step of the client.

    A step changes the section `migration` of the client and then the rendered manifests.
    """
    configs = {os.path.relpath(os.path.realpath(file), repository.top): os.path.realpath(file) for file in environment.files}
    inputs = [os.path.relpath(os.path.realpath(file), repository.top) for file in environment.inputs]
    changed = repository.changed([path for path in inputs if not path.startswith("..")])
    foreign = [path for path in changed if path not in configs or not _only_migration(configs[path], client.name)]
    rendered = repository.changed([os.path.relpath(os.path.realpath(f"{output}/{environment.name}"), repository.top)])
    if rendered and not any(path in configs for path in changed):
        foreign += rendered
    if foreign:
        yield _problem(repository, foreign)


def _only_migration(file: str, client: str) -> bool:
    """Return whether a config differs from HEAD only in the migration of a client."""
    old = contents_at("HEAD", [file])[file]
    new = read_regular(file)
    return old is not None and _without(read(old, file).data, client) == _without(read(new, file).data, client)


def _without(data: Any, client: str) -> Any:
    """Return a config, or the file of a client, without the migration of a client."""
    clients = data.get("clients")
    if not isinstance(clients, list):
        return {key: value for key, value in data.items() if key != "migration"}
    return {
        **data,
        "clients": [_without(other, client) if isinstance(other, dict) and other.get("name") == client else other for other in clients],
    }


def foreign_in_application(environment: Environment, client: Client, repository: Repository, checkout: Checkout) -> Iterator[Problem]:
    """Yield the uncommitted changes in the application repository that `migrate export` does not make to its last commit.

    The trial build reads the work tree, so a change anywhere in it makes the build different from that of the GitOps tool.
    """
    changed = repository.changed()
    if repository.top == work_tree_of(environment.file):
        changed = [path for path in changed if (repository.top / path).is_relative_to(checkout.to)]
    if not changed:
        return
    with _committed(repository) as copy:
        export(environment, client, str(copy / checkout.to.relative_to(checkout.top)), force=False, dry_run=False)
        foreign = [path for path in changed if _bytes_at(copy / path) != _bytes_at(repository.top / path)]
    if foreign:
        yield _problem(repository, foreign)


def foreign_in_place(places: Places, output: str) -> Iterator[Problem]:
    """Yield the uncommitted changes in this repository if the overlay of a client builds something else with them.

    The trial build reads the work tree, and the GitOps tool builds the commit, which contains only the config and the rendered manifests.
    """
    environment, client, repository, checkout = places.environment, places.client, places.config_repository, places.overlay()
    own = [os.path.realpath(file) for file in (*environment.inputs, f"{output}/{environment.name}")]
    changed = [path for path in repository.changed() if not any((repository.top / path).is_relative_to(file) for file in own)]
    if not changed:
        return
    with _committed(repository) as copy:
        to, overlay, folder = (
            copy / path.relative_to(checkout.top) for path in (checkout.to, checkout.overlay, checkout.folder_of(client))
        )
        if not overlay.is_dir():
            yield _problem(repository, changed)
            return
        with bench(Checkout(copy, to, overlay, checkout.offline, folder), client) as commit, bench(checkout, client) as work_tree:
            if commit.before(environment) != work_tree.before(environment):
                yield _problem(repository, changed)


@contextmanager
def _committed(repository: Repository) -> Iterator[Path]:
    """Yield a temporary folder with the files of the last commit."""
    with temporary_folder() as folder:
        copy = Path(os.path.realpath(folder)) / "checkout"
        with tarfile.TarFile(fileobj=io.BytesIO(repository.archive())) as archive:
            # A parameter `filter` needs Python 3.11.4, and older versions ignore this attribute. The files are those of a commit.
            archive.extraction_filter = getattr(tarfile, "tar_filter", None)
            archive.extractall(copy)
        (copy / ".git").mkdir()
        yield copy


def _bytes_at(path: Path) -> bytes | None:
    return read_file(path, str(path)) if path.is_file() else None


def _problem(repository: Repository, paths: list[str]) -> Problem:
    where = os.path.relpath(repository.top)
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    message = f"{where} has uncommitted changes that are not of this step: {shown}"
    return Problem(message, f"commit or stash them: git -C {shlex.quote(where)} status", code="uncommitted-changes")


def obstacles(places: Places, how: Publishing, *, exports: bool) -> Iterator[Problem]:
    """Yield what prevents the commits and pushes of a step. exports: whether it changes the checkout of the application."""
    environment, branch = places.environment, places.config_repository.branch()
    tracked = environment.gitops.revision
    if branch != tracked and not how.branch:
        hint = f"run git switch {tracked}, or add --branch {branch or 'NAME'} for a pull request"
        message = f"the branch is {branch or 'a detached HEAD'}, and {environment.gitops.tool_name} reads {tracked}"
        yield Problem(message, hint, code="wrong-branch")
    yield from behind(places.config_repository, how)
    if exports:
        application = places.application_repository()
        if application.top != places.config_repository.top:
            yield from behind(application, how)
        yield from foreign_in_application(environment, places.client, application, places.overlay())


def behind(repository: Repository, how: Publishing) -> Iterator[Problem]:
    """Yield why a commit cannot be pushed from a work tree. To push, the remote branch is fetched first."""
    where = os.path.relpath(repository.top)
    if repository.is_merging() or not repository.branch():
        message = f"{where}: a merge is not finished, or no branch is checked out"
        yield Problem(message, f"run git -C {where} status", code="merge-unfinished")
        return
    upstream = repository.upstream()
    if upstream is None:
        if how.push and not remote_of(repository):
            hint = f"run git -C {where} push --set-upstream"
            yield Problem(f"{where}: the branch follows no remote branch", hint, code="no-upstream")
        return
    if how.push:
        how.report(f"fetching {upstream.remote} of {where}")
        if not repository.fetch(upstream):
            return
    if commits := repository.distance()[1]:
        count = "1 commit" if commits == 1 else f"{commits} commits"
        yield Problem(f"{where} is {count} behind {upstream.remote}/{upstream.branch}", f"run git -C {where} pull", code="checkout-behind")
