"""A whole step of a migration: gates, edit, render, checks, export, commits, pushes, refresh and wait.

Each phase does only what is left of it, so an interrupted step continues when the command runs again.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from rediskit.checks import run_checks
from rediskit.checks.acceptance import unaccepted
from rediskit.errors import ConfigError, Problem, RediskitError, RefusedError
from rediskit.git.discovery import work_tree
from rediskit.git.publish import Checkout as Repository
from rediskit.git.publish import Upstream
from rediskit.migrate.checkout_evidence import checkout_evidence
from rediskit.migrate.committed import migrations_in
from rediskit.migrate.edit import Edited, put_in_place
from rediskit.migrate.export import Exported, export, refuse_uses, trial_build
from rediskit.migrate.local import overlay
from rediskit.migrate.moves import Asked, Move, move
from rediskit.migrate.obstacles import behind, foreign_here, foreign_there, remote_of
from rediskit.migrate.owner.files import FOLDER, Checkout, checkout
from rediskit.migrate.owner.in_place import home
from rediskit.migrate.status import clients_of, repository_of_step
from rediskit.migrate.waiting import Wait, wait_for_application, wait_for_platform
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.output.writer import write
from rediskit.renderers import render
from rediskit.renderers.tree import Tree
from rediskit.source.loader import load
from rediskit.state_machine import transitions
from rediskit.state_machine.transitions import migration_of

Left = Literal["", "change", "merge", "commit", "push", "wait"]


class Wanted(NamedTuple):
    """The options of `migrate step`; an empty text is an option that is not set.

    Attributes:
        asked: The step and its gates.
        output: The parent of the output directories.
        checkout: The checkout of the application repository; None to find it.
        branch: The branch to commit to and push, for a pull request.
        timeout: Seconds to wait for the cluster.
    """

    asked: Asked
    output: str
    checkout: str | None = None
    commit: bool = False
    push: bool = False
    wait: bool = False
    branch: str = ""
    context: str = ""
    timeout: float = 600.0


class Taken(NamedTuple):
    """The result of `migrate step`.

    Attributes:
        environment, client: The config after the step.
        move: The step; None if an interrupted one was continued.
        repository: The repository that changes.
        commits: The ID of the commit by folder of the work tree.
        todo: What a person does next, one sentence each.
        left: What the step still needs: a change by a person, the merge of its branch, or an option; "" when it is complete.
    """

    environment: Environment
    client: Client
    move: Move | None
    repository: transitions.Repository
    commits: dict[str, str]
    todo: tuple[str, ...]
    left: Left


def take_step(environment: Environment, client: Client, wanted: Wanted, report: Callable[[str], None]) -> Taken:
    """Take the next step, or continue the current one.

    Raises:
        RefusedError: A gate is blocked, a repository has changes that are not of the step, or a push is rejected.
        ConfigError: A checkout is missing, or the edited config does not load.
        MissingToolError: A program fails, or the cluster does not reach the step in time.
    """
    taking = _Taking(environment, client, wanted, report)
    if taking.is_new:
        taking.begin()
    taking.publish()
    return taking.result()


class _Taking:
    def __init__(self, environment: Environment, client: Client, wanted: Wanted, report: Callable[[str], None]) -> None:
        self.environment, self.client, self.wanted, self.report = environment, client, wanted, report
        top = work_tree(Path(os.path.realpath(environment.file)).parent)
        if top is None:
            raise ConfigError(Problem("the config is not in a Git work tree", "run git init, or use migrate advance", code="git-work-tree"))
        self.here = Repository(top)
        self.committed = (migrations_in(environment.file, "HEAD") or {}).get(client.name)
        self.move: Move | None = None
        self.commits: dict[str, str] = {}
        self.todo: tuple[str, ...] = ()
        self.left: Left = ""
        self.is_new = self._is_new()

    # What is there

    def _is_new(self) -> bool:
        """Return whether the command takes a new step. It continues a step that is not committed, exported or pushed."""
        migration, target = migration_of(self.client), self.wanted.asked.target
        if target == migration.step or (self.committed is not None and self.committed.history != migration.history):
            unfinished = "is not committed"
        else:
            unfinished = self._unpublished() if migration.history and self.wanted.commit else ""
        if unfinished and target not in (None, migration.step):
            message = f"{self.client.name}: the step to {migration.step} {unfinished}"
            hint = f"finish it first: add --to {migration.step}"
            raise RefusedError(Problem(message, hint, code="step-uncommitted"))
        return not unfinished

    def _unpublished(self) -> str:
        """Return what the current step still lacks in the repositories."""
        if self.wanted.push and self.here.upstream() and self.here.distance()[0]:
            return "is not pushed"
        if self.repository != "owner" or not self._exports:
            return ""
        there, exported = self._there(), self._export(dry_run=True)
        if exported.changed or there.changed():
            return "is not exported and committed in the application repository"
        return "is not pushed in the application repository" if self.wanted.push and there.upstream() and there.distance()[0] else ""

    @property
    def repository(self) -> transitions.Repository:
        """The repository that the current step changes."""
        return repository_of_step(self.environment, self.client)

    @property
    def _exports(self) -> bool:
        """Whether the files of a step go to a checkout: not if a person makes the change, or the overlay lists the rendered folder."""
        return self.client.owner.delivery != "stated" and not self.client.owner.in_place

    def _place(self) -> Checkout:
        if self.client.owner.in_place:
            return home(self.environment, self.client)
        return checkout(overlay(self.environment, self.client, self.wanted.checkout), None)

    def _there(self) -> Repository:
        return Repository(self._place().top)

    def _export(self, *, dry_run: bool, environment: Environment | None = None) -> Exported:
        environment = environment or self.environment
        client = clients_of(environment, self.client.name)[0]
        return export(environment, client, str(self._place().to), force=False, dry_run=dry_run)

    # A new step

    def begin(self) -> None:
        """Take the gates, and write the config. Everything that can be refused is refused before."""
        self._require(foreign_here(self.environment, self.client, self.here, self.wanted.output))
        evidence = self._record()
        try:
            made = self._permitted()
        except RediskitError:
            put_in_place([one._replace(before=one.after, after=one.before) for one in evidence])
            raise
        put_in_place(made.files)
        self.move = made
        self._reload()

    def _permitted(self) -> Move:
        """Return the step, if its gates, the checks and both repositories permit it."""
        made = move(self.environment, self.client, self.wanted.asked)
        tree = render(made.environment)
        errors = [one for one in unaccepted(made.environment, list(run_checks(made.environment, tree)), None) if one.severity == "error"]
        self._require(Problem(one.message, one.hint, one.path, one.location, one.code) for one in errors)
        self._require(self._obstacles(made.status.repository))
        if made.status.repository == "owner" and self.wanted.commit:
            self._ready_there(made.environment)
        return made

    def _record(self) -> Sequence[Edited]:
        """Record what the checkout of the application repository shows before `decommission` and `complete`."""
        target = transitions.next_step(migration_of(self.client)) if self.wanted.asked.kind == "forward" else None
        owner = self.client.owner
        files: Sequence[Edited] = ()
        if (target == "complete" and owner.is_built) or (target == "decommission" and owner.delivery != "stated"):
            files = checkout_evidence(self.environment, self.client, target, self._place(), self.wanted.asked.at)
        put_in_place(files)
        self._reload()
        return files

    def _reload(self) -> None:
        self.environment = load(self.environment.file)
        self.client = clients_of(self.environment, self.client.name)[0]

    def _ready_there(self, environment: Environment) -> None:
        """Refuse a checkout that is not ready for the files of the step."""
        if not self._exports:
            if self.client.owner.in_place and self.wanted.asked.kind != "rollback":
                self._trial_build(environment)
            return
        exported = self._export(dry_run=True, environment=environment)
        if self.client.owner.delivery == "component":
            message = f"the overlay of {self.client.name} does not list its Component"
            self._require(Problem(message, f"{todo}, and commit it", code="component-unlisted") for todo in exported.todo)

    def _trial_build(self, environment: Environment) -> None:
        """Build the overlay in this repository with the files of the step. A rollback restores the base, and needs no kustomize."""
        client = clients_of(environment, self.client.name)[0]
        refuse_uses(environment, client, self._place())
        trial_build(environment, client, self._place())

    @staticmethod
    def _require(problems: Iterable[Problem]) -> None:
        if found := list(problems):
            raise RefusedError(found)

    def _obstacles(self, repository: transitions.Repository) -> Iterator[Problem]:
        """Yield what prevents commits and pushes."""
        if not self.wanted.commit:
            return
        branch = self.here.branch()
        tracked = self.environment.gitops.revision
        if branch != tracked and branch != self.wanted.branch and not self.wanted.branch:
            hint = f"run git switch {tracked}, or add --branch {branch or 'NAME'} for a pull request"
            message = f"the branch is {branch or 'a detached HEAD'}, and {self.environment.gitops.tool_name} reads {tracked}"
            yield Problem(message, hint, code="wrong-branch")
        yield from behind(self.here, self.wanted.push, self.report)
        if repository == "owner" and self._exports:
            there = self._there()
            if there.top != self.here.top:
                yield from behind(there, self.wanted.push, self.report)
            yield from foreign_there(self.environment, self.client, there, self._place())

    # The phases of a step

    def publish(self) -> None:
        """Render, commit, push, export, refresh and wait, as far as the options require."""
        if not self.is_new:
            self._require(foreign_here(self.environment, self.client, self.here, self.wanted.output))
            self._require(self._obstacles(self.repository))
        tree = render(self.environment)
        self.report(f"rendering {self.environment.name}")
        write(tree, self.wanted.output)
        if not self.wanted.commit:
            self.left = "commit"
            return
        step = migration_of(self.client).step
        theirs = self.repository == "owner"
        there = self._there() if theirs and self._exports else None
        if theirs and self.client.owner.delivery == "stated" and step != "complete":
            page = f"{self.environment.path}/{self.client.owner_folder}/REQUIRED.md"
            self.todo = (f"change the application as {page} states, deploy it, and run rediskit migrate verify",)
        paths = _ours(self.environment, self.here, self.wanted.output)
        if there is not None and there.top == self.here.top:
            paths += self._exported_paths(self._export(dry_run=False))
        is_new = self._commit(self.here, paths, step)
        if there is not None and there.top != self.here.top:
            is_new |= self._commit(there, self._exported_paths(self._export(dry_run=False)), step)
        if self.todo and is_new:
            self.left = "change"
        elif not self.wanted.push:
            self.left = "push"
        elif self.wanted.branch:
            self.left = "merge"
        elif self.wanted.wait:
            self._wait(tree, there)
        else:
            self.left = "wait"

    def _exported_paths(self, exported: Exported) -> list[str]:
        place = self._place()
        self.todo = exported.todo if self.client.owner.delivery != "component" else ()
        files = [os.path.realpath(file.file) for file in exported.files] or [str(place.to)]
        own = [str(place.to / FOLDER / self.client.name)] if self.client.owner.delivery != "files" else files
        return [os.path.relpath(path, place.top) for path in own]

    def _commit(self, repository: Repository, paths: list[str], step: Step) -> bool:
        """Commit and push, as far as the options require. Return whether there was something to commit."""
        where = _shown(repository.top)
        remote = remote_of(repository)
        if self.wanted.branch and repository.branch() != self.wanted.branch:
            repository.switch(self.wanted.branch)
        self.report(f"committing in {where}")
        is_new = repository.commit(paths, f"{self.client.name}: {step}")
        self.commits[where] = repository.head()
        if not self.wanted.push:
            return is_new
        upstream = repository.upstream()
        target = upstream if upstream and not self.wanted.branch else Upstream(remote, self.wanted.branch or repository.branch())
        self.report(f"pushing {where} to {target.remote}/{target.branch}")
        if rejection := repository.push(target, follow=target != upstream):
            message = f"{target.remote} rejected the push of {where} to {target.branch}: {rejection}"
            hint = (
                f"the commit stays in {where}: git -C {where} pull --rebase and repeat the command, or add --branch NAME for a pull request"
            )
            raise RefusedError(Problem(message, hint, code="push-rejected"))
        return is_new

    def _wait(self, tree: Tree, there: Repository | None) -> None:
        wait = Wait(self.wanted.context, self.wanted.timeout, self.report)
        if there is not None or (self.repository == "owner" and self.client.owner.in_place):
            wait_for_application(self.client, (there or self.here).head(), wait)
        elif self.repository == "ours":
            wait_for_platform(self.environment, tree, self.here.head(), wait)

    def result(self) -> Taken:
        """Return what was done, and what is left."""
        return Taken(self.environment, self.client, self.move, self.repository, self.commits, self.todo, self.left)


def _ours(environment: Environment, here: Repository, output: str) -> list[str]:
    """Return the config files and the output directory, relative to the work tree."""
    files = (*environment.files, f"{output}/{environment.name}")
    return [os.path.relpath(os.path.realpath(file), here.top) for file in files]


def _shown(top: Path) -> str:
    return os.path.relpath(top)
