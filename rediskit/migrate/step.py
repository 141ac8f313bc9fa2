"""A whole step of a migration: gates, edit, render, checks, export, commits, pushes, refresh and wait.

Each phase does only what is left of it, so an interrupted step continues when the command runs again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from rediskit.checks import run_checks
from rediskit.checks.acceptance import unaccepted
from rediskit.errors import MissingToolError, Problem, RediskitError, RefusedError
from rediskit.git.publish import Checkout as Repository
from rediskit.helm import Chart
from rediskit.migrate.checkout_evidence import checkout_evidence
from rediskit.migrate.commits import Publishing, published, shown
from rediskit.migrate.committed import migrations_in
from rediskit.migrate.edit import Edited, put_in_place, undo
from rediskit.migrate.export import Exported, trial_in_place, unlisted
from rediskit.migrate.leftover import with_empty_databases, with_unread_databases
from rediskit.migrate.merged import unmerged
from rediskit.migrate.moves import Asked, Move, move
from rediskit.migrate.obstacles import foreign_in_config, foreign_in_place, obstacles
from rediskit.migrate.places import Places
from rediskit.migrate.status import one_client, repository_of_step
from rediskit.migrate.verification.after_step import Verified, verify_step
from rediskit.migrate.waiting import wait_for_application, wait_for_platform, wait_in
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


class StepOptions(NamedTuple):
    """The options of `migrate step`; an empty text is an option that is not set.

    Attributes:
        asked: The step and its gates.
        output: The parent of the output directories.
        checkout: The checkout of the application repository; None to find it.
        chart: The chart of an application that Helm installs.
        branch: The branch to commit to and push, for a pull request.
        timeout: Seconds to wait for the cluster.
        verify: Whether to verify the step after the wait.
    """

    asked: Asked
    output: str
    checkout: str | None = None
    chart: Chart | None = None
    commit: bool = False
    push: bool = False
    wait: bool = False
    branch: str = ""
    context: str = ""
    timeout: float = 600.0
    verify: bool = True


class StepResult(NamedTuple):
    """The result of `migrate step`.

    Attributes:
        environment, client: The config after the step.
        move: The step; None if an interrupted one was continued.
        repository: The repository that changes.
        commits: The ID of the commit by folder of the work tree.
        to_merge: The folders of the work trees whose branch is pushed for a pull request.
        todo: What a person does next, one sentence each.
        left: What the step still needs: a change by a person, the merge of its branch, or an option; "" when it is complete.
        verified: The result of the verification; None without one.
    """

    environment: Environment
    client: Client
    move: Move | None
    repository: transitions.Repository
    commits: dict[str, str]
    to_merge: tuple[str, ...]
    todo: tuple[str, ...]
    left: Left
    verified: Verified | None


def take_step(environment: Environment, client: Client, options: StepOptions, report: Callable[[str], None]) -> StepResult:
    """Take the next step, or continue the current one.

    Raises:
        RefusedError: A gate is blocked, a repository has changes that are not of the step, or a push is rejected.
        ConfigError: A checkout is missing, or the edited config does not load.
        MissingToolError: A program fails, or the cluster does not reach the step in time.
    """
    run = _StepRun(environment, client, options, report)
    if run.is_new:
        run.begin()
    run.publish()
    return run.result()


class _StepRun:
    def __init__(self, environment: Environment, client: Client, options: StepOptions, report: Callable[[str], None]) -> None:
        self.options, self.report = options, report
        self.places = Places(environment, client, options.checkout, options.chart)
        self.config_repository = self.places.config_repository
        self.committed = (migrations_in(environment.file, "HEAD") or {}).get(client.name)
        self.move: Move | None = None
        self.commits: dict[str, str] = {}
        self.to_merge: tuple[str, ...] = ()
        self.todo: tuple[str, ...] = ()
        self.left: Left = ""
        self.verified: Verified | None = None
        self.is_new = self._is_new()

    @property
    def environment(self) -> Environment:
        """The config as it is on disk."""
        return self.places.environment

    @property
    def client(self) -> Client:
        """The client as it is on disk."""
        return self.places.client

    def _reload(self) -> None:
        environment = load(self.environment.file)
        self.places.environment, self.places.client = environment, one_client(environment, self.client.name)

    def _is_new(self) -> bool:
        """Return whether the command takes a new step. It continues a step that is not committed, exported or pushed."""
        migration, target = migration_of(self.client), self.options.asked.target
        if target == migration.step or (self.committed is not None and self.committed.history != migration.history):
            unfinished = "is not committed"
        else:
            unfinished = self._unpublished() if migration.history and self.options.commit else ""
        if unfinished and target not in (None, migration.step):
            message = f"{self.client.name}: the step to {migration.step} {unfinished}"
            raise RefusedError(Problem(message, f"finish it first: add --to {migration.step}", code="step-uncommitted"))
        return not unfinished

    def _unpublished(self) -> str:
        """Return what the current step still lacks in the repositories."""
        if self.options.push and self.config_repository.unpushed():
            return "is not pushed"
        if self.repository != "owner" or not self.places.exports:
            return ""
        application, exported = self.places.application_repository(), self.places.export(dry_run=True)
        if exported.changed or application.changed():
            return "is not exported and committed in the application repository"
        return "is not pushed in the application repository" if self.options.push and application.unpushed() else ""

    @property
    def repository(self) -> transitions.Repository:
        """The repository that the current step changes."""
        return repository_of_step(self.environment, self.client)

    # A new step

    def begin(self) -> None:
        """Take the gates, and write the config. Everything that can be refused is refused before."""
        self._require(foreign_in_config(self.environment, self.client, self.config_repository, self.options.output))
        self._require(unmerged(self.places, self._publishing, self.options.asked.kind))
        evidence = self._record()
        try:
            planned = self._permitted()
        except RediskitError:
            undo(evidence)
            raise
        put_in_place(planned.files)
        self.move = planned
        self._reload()

    def _permitted(self) -> Move:
        """Return the step, if its gates, the checks and both repositories permit it."""
        planned = move(self.environment, self.client, self.options.asked)
        findings = unaccepted(planned.environment, run_checks(planned.environment, render(planned.environment)), None)
        errors = [finding for finding in findings if finding.severity == "error"]
        self._require(Problem(finding.message, finding.hint, finding.path, finding.location, finding.code) for finding in errors)
        self._require(self._obstacles(planned.status.repository))
        if planned.status.repository == "owner" and self.options.commit:
            self._require_ready_checkout(planned.environment)
        if self.options.wait:
            return with_empty_databases(self.environment, self.client, planned, self.options.context)
        return with_unread_databases(self.environment, self.client, planned)

    def _record(self) -> Sequence[Edited]:
        """Record what the checkout of the application repository shows before `decommission` and `complete`."""
        target = transitions.next_step(migration_of(self.client)) if self.options.asked.kind == "forward" else None
        files: Sequence[Edited] = ()
        if (target == "complete" and self.client.owner.shows_fold) or (target == "decommission" and self.places.has_checkout()):
            checkout, at = self.places.overlay(), self.options.asked.at
            files = checkout_evidence(self.environment, self.client, target, checkout, at, self.options.chart)
        put_in_place(files)
        self._reload()
        return files

    def _require_ready_checkout(self, environment: Environment) -> None:
        """Refuse a checkout that is not ready for the files of the step."""
        if not self.places.exports:
            if self.client.owner.in_place and self.options.asked.kind != "rollback":
                trial_in_place(environment, self.client, self.options.chart)
            return
        exported = self.places.export(dry_run=True, environment=environment)
        if self.client.owner.delivery == "component":
            self._require(unlisted(self.environment, self.client, self.places.overlay(), exported))

    @staticmethod
    def _require(problems: Iterable[Problem]) -> None:
        if refused := list(problems):
            raise RefusedError(refused)

    def _obstacles(self, repository: transitions.Repository) -> Iterator[Problem]:
        """Yield what prevents commits and pushes."""
        if self.options.commit:
            exports = repository == "owner" and self.places.exports
            yield from obstacles(self.places, self._publishing, exports=exports)
            if repository == "owner" and self.client.owner.in_place:
                yield from foreign_in_place(self.places, self.options.output)

    @property
    def _publishing(self) -> Publishing:
        return Publishing(self.options.push, self.options.branch, self.report)

    # The phases of a step

    def publish(self) -> None:
        """Render, commit, push, export, refresh, wait and verify, as far as the options require."""
        if not self.is_new:
            self._require(foreign_in_config(self.environment, self.client, self.config_repository, self.options.output))
            self._require(self._obstacles(self.repository))
        tree = render(self.environment)
        self.report(f"rendering {self.environment.name}")
        write(tree, self.options.output)
        if not self.options.commit:
            self.left = "commit"
            return
        application = self.places.application_repository() if self.repository == "owner" and self.places.exports else None
        is_new = self._commit_all(application)
        if not self.options.push:
            self.left = "push"
        elif self.to_merge:
            self.left = "merge"
        elif self.todo and is_new:
            self.left = "change"
        elif self.options.wait:
            self._wait(tree, application)
            if self.options.verify:
                self.verified = verify_step(self.environment, self.client, self.repository, self.options.context, self.report)
        else:
            self.left = "wait"

    def _commit_all(self, application: Repository | None) -> bool:
        """Commit and push in both repositories. Return whether there was something to commit."""
        step = migration_of(self.client).step
        if self.repository == "owner" and self.client.owner.delivery == "stated" and application is None and step != "complete":
            page = f"{self.environment.path}/{self.client.owner_folder}/REQUIRED.md"
            self.todo = (f"change the application as {page} states, deploy it, and run rediskit migrate verify",)
        paths = self.places.config_paths(self.options.output)
        if application is None:
            return self._commit(self.config_repository, paths, step)
        if application.top == self.config_repository.top:
            return self._commit(self.config_repository, [*paths, *self._exported(self.places.export(dry_run=False))], step)
        is_new = self._commit(self.config_repository, paths, step)
        return self._commit(application, self._exported(self.places.export(dry_run=False)), step) or is_new

    def _exported(self, exported: Exported) -> list[str]:
        self.todo = exported.todo if self.client.owner.delivery != "component" else ()
        return self.places.application_paths(exported)

    def _commit(self, repository: Repository, paths: list[str], step: Step) -> bool:
        """Commit and push, as far as the options require. Return whether there was something to commit."""
        is_new = published(repository, paths, f"{self.client.name}: {step}", self._publishing)
        self.commits[shown(repository.top)] = repository.head()
        if self.options.branch and repository.branch() == self.options.branch:
            self.to_merge = (*self.to_merge, shown(repository.top))
        return is_new

    def _wait(self, tree: Tree, application: Repository | None) -> None:
        wait = wait_in(self.environment, self.options.context, self.options.timeout, self.report)
        try:
            if application is not None or (self.repository == "owner" and self.client.owner.in_place):
                wait_for_application(self.client, application or self.config_repository, wait)
            elif self.repository == "ours":
                wait_for_platform(self.environment, tree, self.config_repository, wait)
        except MissingToolError as error:
            if not self.todo:
                raise
            hint = f"if it is not done yet: {'; '.join(self.todo)}; then repeat the command: it continues the step"
            raise MissingToolError([problem._replace(hint=hint) for problem in error.problems]) from None

    def result(self) -> StepResult:
        """Return what was done, and what is left."""
        repository, commits = self.repository, self.commits
        todo = () if self.verified and self.verified.outcome == "passed" else self.todo
        return StepResult(self.environment, self.client, self.move, repository, commits, self.to_merge, todo, self.left, self.verified)
