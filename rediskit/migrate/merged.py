"""Whether the last step is merged into the branches that are deployed: of this repository, and of the application repository.

A checkout without a remote is the whole repository, so there is nothing to merge.
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem
from rediskit.git.discovery import work_tree_of
from rediskit.git.publish import Upstream
from rediskit.git.work_tree import WorkTree, same_repository
from rediskit.migrate.commits import Publishing, remote_of, shown
from rediskit.migrate.committed import migrations_in
from rediskit.migrate.places import Places
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.state_machine.transitions import Kind, migration_of

_USUAL = ("main", "master")
"""The default branches of a remote whose own one is not known: a clone records it, and `git remote add` does not."""


class _Deployed(NamedTuple):
    """The branch that is deployed: its remote, and its name, "" where it is not known."""

    remote: str
    branch: str


def unmerged_commits(environment: Environment, client: Client, top: Path) -> Problem | None:
    """Return the problem [checkout-unmerged] of a checkout: HEAD has changes that the deployed branch lacks, as last fetched.

    Evidence is about what is deployed. The config and the rendered manifests are left out, except for a folder that an overlay lists.
    """
    tree = WorkTree.of(top)
    deployed = _deployed(environment, client, tree) if tree else None
    if tree is None or deployed is None:
        return None
    where, (remote, branch) = shlex.quote(shown(top)), deployed
    if branch not in tree.remote_branches(remote):
        message = f"{where}: the deployed branch{f' {branch}' if branch else ''} of {remote} is not fetched"
        hint = f"run git -C {where} fetch {remote} && git -C {where} remote set-head {remote} --auto, or set owner.revision"
        return Problem(message, hint, code="checkout-unmerged")
    if files := _relevant(environment, client, top, tree.only_at_head(remote, branch)):
        omitted = f" and {len(files) - 3} more" if len(files) > 3 else ""
        message = f"{where} has changes that are not merged into {branch} of {remote}: {', '.join(files[:3])}{omitted}"
        return Problem(message, _hint(where, branch), code="checkout-unmerged")
    return None


def _hint(where: str, branch: str) -> str:
    return (
        f"merge them, and run git -C {where} switch {branch} && git -C {where} pull --rebase; "
        "where another branch is deployed, set owner.revision"
    )


def unmerged(places: Places, how: Publishing, kind: Kind) -> Iterator[Problem]:
    """Yield why the next step has to wait [step-unmerged]: the branch that is deployed lacks the last one, so a merge would apply two.

    A step back and a rollback never wait for the application repository: they undo what is not merged there.
    """
    yield from _of_config(places, how)
    if kind == "forward":
        yield from _of_application(places, how)


def _of_config(places: Places, how: Publishing) -> Iterator[Problem]:
    """Yield why the next step cannot go on a branch: the branch that the tool reads lacks a step, so a merge would apply two at once."""
    client, tracked = places.client, places.environment.gitops.revision
    remote = remote_of(places.config_repository)
    if not how.branch or not how.push or not remote or not places.config_repository.fetch(Upstream(remote, tracked)):
        return
    old = (migrations_in(places.environment.file, f"refs/remotes/{remote}/{tracked}") or {}).get(client.name)
    if old is not None and len(old.history) < len(migration_of(client).history):
        message = f"{client.name}: the step to {migration_of(client).step} is not merged into {tracked}"
        hint = f"merge it, and run git switch {tracked} && git pull --rebase: one merge applies one step"
        yield Problem(message, hint, code="step-unmerged")


def _of_application(places: Places, how: Publishing) -> Iterator[Problem]:
    """Yield why the next step forward has to wait: the deployed branch of the application repository lacks the last one.

    To push, the branch is fetched first. Before the first step of every client of the repository, nothing can be missing. A checkout that
    is not known is required by the steps that change it.
    """
    environment, client = places.environment, places.client
    if not places.exports or not any(_has_begun(other) for other in environment.clients if _is_beside(other, client)):
        return
    try:
        application = places.application_repository()
    except ConfigError:
        return
    tree = WorkTree.of(application.top)
    if tree is None or application.top == places.config_repository.top:
        return  # The config in the same commits is compared.
    deployed = _deployed(environment, client, tree)
    if deployed and deployed.branch and how.push:
        how.report(f"fetching {deployed.remote} of {shown(application.top)}")
        application.fetch(Upstream(*deployed))
    if problem := unmerged_commits(environment, client, application.top):
        step = migration_of(client).step
        message = f"{client.name}: the step to {step} is not merged in the application repository: {problem.message}"
        yield problem._replace(message=message, hint=f"{problem.hint}: one merge applies one step", code="step-unmerged")


def _has_begun(client: Client) -> bool:
    return client.migration is not None and bool(client.migration.history)


def _is_beside(other: Client, client: Client) -> bool:
    """Return whether a client is another one or has the same application repository."""
    if other.name == client.name:
        return True
    first, second = other.owner.repository, client.owner.repository
    return bool(first and second and same_repository(first, second))


def _deployed(environment: Environment, client: Client, tree: WorkTree) -> _Deployed | None:
    """Return the branch that is deployed; None in a repository without a remote."""
    remotes = tree.remotes()
    if not remotes:
        return None
    owner, gitops = client.owner, environment.gitops
    here = tree.top == work_tree_of(environment.file)
    address = gitops.repository if here else owner.repository
    matching = [remote for remote in remotes if address and same_repository(remote.address, address)]
    remote = (matching or remotes)[0].name
    if owner.revision:
        return _Deployed(remote, owner.revision)
    if here or (owner.repository and same_repository(owner.repository, gitops.repository)):
        return _Deployed(remote, gitops.revision)
    usual = [name for name in tree.remote_branches(remote) if name in _USUAL]
    return _Deployed(remote, tree.default_branch(remote) or (usual[0] if len(usual) == 1 else ""))


def _relevant(environment: Environment, client: Client, top: Path, files: list[str]) -> list[str]:
    """Return the files of a repository without the config and the rendered manifests, which no application is built from."""
    configs = [Path(os.path.realpath(file)) for file in environment.files]
    if not any(config.is_relative_to(top) for config in configs):
        return files
    rendered = top / environment.path
    listed = rendered / client.owner_folder if client.owner.in_place else None
    return [
        file
        for file in files
        if (path := top / file) not in configs and (not path.is_relative_to(rendered) or (listed and path.is_relative_to(listed)))
    ]
