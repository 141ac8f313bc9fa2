"""A new folder of configs: what is in it, and the proof that it renders before a file is written."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError, visible
from rediskit.git.discovery import work_tree
from rediskit.git.work_tree import Remote, WorkTree, public
from rediskit.init.clients import DetectedClient, DetectedClients, clients_of
from rediskit.init.config_text import GitFacts, config_text
from rediskit.init.objects import InputObjects, name_of, read_objects
from rediskit.init.reduced_manifests import reduce_manifest, refuse_leaks
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY, for_flux
from rediskit.model.types import DnsLabel, GitRepository, GitRevision
from rediskit.output.new_files import already_exists, existing
from rediskit.source.questions import questions
from rediskit.temporary import temporary_folder

SCHEMA = "rediskit.schema.json"
_MAKEFILE = """\
# rediskit: config/ is edited by hand, rendered/ is written from it and committed.
.PHONY: render check diff

render:
\trediskit render

check:
\trediskit check

diff:
\trediskit diff
"""
_ATTRIBUTES = """\
rendered/** linguist-generated
# One line a file: a union of both sides is right, and the next render puts it in order.
rendered/*/.rediskit.json merge=union
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; what is None or empty is found out, or asked for in the config."""

    folder: str
    name: str | None = None
    tool: str = "argocd"
    repository: str | None = None
    revision: str | None = None
    namespace: str | None = None
    replicas: int | None = None
    source: tuple[bytes, str] | None = field(default=None, repr=False)
    """Content of the live objects, and what they are called in messages."""


class Project(NamedTuple):
    """files: what is to be written, the config last. kept: what is there already and stays."""

    name: str
    folder: str
    files: dict[str, bytes]
    kept: tuple[str, ...]
    clients: tuple[DetectedClient, ...]
    open: tuple[str, ...]
    """What is left to answer, with file and line of the comment that asks it."""
    notes: tuple[str, ...]

    @property
    def config(self) -> str:
        return f"config/{self.name}.yaml"


def new_project(options: Options) -> Project:
    """What `rediskit init` writes. Nothing is written yet, and what is to be has been rendered and checked.

    Raises ConfigError when the command line or the input can't be taken, RefusedError when a file is in the way or a password would
    be written.
    """
    _refuse_wrong(options)
    name = _name(options)
    clients = _clients(options)
    objects = read_objects(*options.source) if options.source else InputObjects(())
    copies = {found.name: reduce_manifest(found, objects) for found in clients.found}
    manifests = {found.name: f"{name}/{name_of(found.workload)}.yaml" for found in clients.found}
    git = _git(options, name)
    text = config_text(name, git, clients.found, manifests)
    refuse_leaks(list(copies.values()), [text], objects)
    wanted = {
        SCHEMA: _schema(),
        "Makefile": _MAKEFILE.encode(),
        ".gitattributes": _ATTRIBUTES.encode(),
        **{f"config/{manifests[client]}": made.text().encode() for client, made in copies.items()},
        f"config/{name}.yaml": text.encode(),
    }
    files, kept, notes = _beside_what_is_there(options.folder, wanted, f"config/{name}.yaml")
    _prove(name, wanted)
    notes += [f"gitops.repository: {remark}" for remark in git.remarks]
    notes += [f"{found.name}: {remark}" for found in clients.found for remarks in found.remarks.values() for remark in remarks]
    notes += clients.notes
    for path in manifests.values():
        notes.append(f"config/{path}: names and addresses only; every other value is left out, because it could be a password")
    asked = tuple(_open(f"{options.folder}/config/{name}.yaml", text))
    return Project(name, options.folder, files, kept, clients.found, asked, tuple(map(visible, notes)))


def _refuse_wrong(options: Options) -> None:
    """Raises ConfigError with every option whose value no config takes, in the words of the config."""
    from pydantic import TypeAdapter, ValidationError

    given = (
        ("--name", options.name, DnsLabel),
        ("--repository", options.repository and public("", options.repository).address, GitRepository),
        ("--revision", options.revision, GitRevision),
        ("--namespace", options.namespace, DnsLabel),
    )
    problems = []
    if os.path.lexists(options.folder) and not Path(options.folder).is_dir():
        problems.append(Problem(f"{options.folder} is no folder", "name a folder; it is made where there is none"))
    for option, value, form in given:
        try:
            if value is not None:
                TypeAdapter(form).validate_python(value)
        except ValidationError as error:
            problems += [Problem(f"{option}: {found['msg']}", found["ctx"]["hint"]) for found in error.errors()]
    if options.replicas is not None and options.replicas < 1:
        problems.append(
            Problem(f"--replicas: {options.replicas} is nothing to come back to", "give what the application normally runs with")
        )
    if problems:
        raise ConfigError(problems)


def _clients(options: Options) -> DetectedClients:
    if options.source is None:
        return DetectedClients(())
    found = clients_of(read_objects(*options.source), namespace=options.namespace, replicas=options.replicas)
    names = [client.name for client in found.found]
    if len(set(names)) < len(names):
        hint = "give the workloads of one namespace at a time, and add the others by hand"
        raise ConfigError(Problem(f"two workloads would be one client: {', '.join(sorted(set(names)))}", hint))
    return found


def _name(options: Options) -> str:
    """The name of the environment: as given, else that of the folder."""
    name = options.name or re.sub(r"[^a-z0-9]+", "-", Path(options.folder).resolve().name.lower()).strip("-")[:63].strip("-")
    if not name:
        raise ConfigError(
            Problem("the folder's name gives no name for the environment", "give one with --name, such as that of the cluster")
        )
    return name


def _git(options: Options, name: str) -> GitFacts:
    """Repository, branch and path: as given, else as Git knows them, else a question."""
    folder = Path(os.path.realpath(options.folder))
    top = work_tree(folder)
    path = f"{folder.relative_to(top).as_posix()}/rendered/{name}" if top and folder != top else ""
    try:
        git = WorkTree.of(folder)
        remote = _remote(git.remotes()) if git else Remote("this is no Git work tree yet", "")
        branch = (git.default_branch(remote.name) or _main(git.branch())) if git else ""
    except MissingToolError as error:
        remote, branch = Remote(error.problems[0].message, ""), ""
    if options.repository:
        remote = public("origin", options.repository)
    remarks = ["the address without the user or password that the remote has"] if remote.stripped else []
    questions = [] if remote.address else [f"{remote.name}: which repository will hold this folder? (--repository)"]
    address = remote.address or PLACEHOLDER_REPOSITORY
    if options.tool == "flux" and for_flux(address) != address:
        remarks.append(f"{address}, written as Flux takes it")
        address = for_flux(address)
    return GitFacts(options.tool, address, options.revision or branch or "main", path, tuple(questions), tuple(remarks))


def _remote(remotes: list[Remote]) -> Remote:
    """The remote that holds the folder; without an address, its name says why there is none."""
    if not remotes:
        return Remote("Git knows no remote", "")
    if remotes[0].name != "origin" and len(remotes) > 1:
        return Remote(f"there are several remotes ({', '.join(remote.name for remote in remotes)})", "")
    if not _reachable(remotes[0].address):
        return Remote(f"the remote {remotes[0].name} is a path of this machine", "")
    return remotes[0]


def _main(branch: str) -> str:
    """A branch that has the name of a default one: any other may be what somebody works on."""
    return branch if branch in ("main", "master") else ""


def _reachable(address: str) -> bool:
    return bool(re.match(r"(?:https?|ssh)://|[\w.-]+@[\w.-]+:", address))


def _schema() -> bytes:
    from rediskit.source.schema import schema_text

    return f"{schema_text()}\n".encode()


def _beside_what_is_there(folder: str, wanted: dict[str, bytes], config: str) -> tuple[dict[str, bytes], tuple[str, ...], list[str]]:
    """What is left to write, what stays as it is, and notes. Raises RefusedError with every file that is in the way.

    The same bytes are in nobody's way, except for the config: where it is, there is nothing to begin. What other programs share
    with us is left to its owner.
    """
    found = existing(folder, wanted)
    kept, refused, notes = [], [], []
    for path, content in found.items():
        if content == wanted[path] and path != config:
            kept.append(path)
        elif path == "Makefile":
            kept.append(path)
            notes.append(f"{path} is there and stays as it is: `rediskit render` and `rediskit check` do without it")
        elif path == ".gitattributes":
            kept.append(path)
            if content is None or b".rediskit.json" not in content:
                notes.append(f"{path} is there and stays as it is: add the line `rendered/*/.rediskit.json merge=union`")
        else:
            refused.append(already_exists(folder, path))
    if refused:
        raise RefusedError(refused)
    return {path: content for path, content in wanted.items() if path not in found}, tuple(kept), notes


def _prove(name: str, wanted: dict[str, bytes]) -> None:
    """Loads, renders and checks what is to be written. Raises RefusedError with what is wrong."""
    try:
        with temporary_folder() as folder:
            for path, content in wanted.items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            problems = _problems(Path(folder, f"config/{name}.yaml"))
    except OSError as error:
        hint = "make room there, or name another folder with $TMPDIR; nothing was written"
        raise RefusedError(Problem(f"the folder for temporary files: {error.strerror or error}", hint)) from error
    if problems:
        raise RefusedError([Problem("the config that comes of this would not render; nothing was written", "mend the input:"), *problems])


def _problems(config: Path) -> list[Problem]:
    """What keeps a config from being rendered, without the places: the file is gone by the time that anybody looks."""
    from rediskit.checks import check
    from rediskit.renderers import render
    from rediskit.source.loader import load

    try:
        environment = load(config)
    except ConfigError as error:
        return [Problem(problem.message, problem.hint, problem.path) for problem in error.problems]
    found = [finding for finding in check(environment, render(environment)) if finding.severity == "error"]
    return [Problem(finding.message, finding.hint, finding.path, code=finding.code) for finding in found]


def _open(file: str, text: str) -> list[str]:
    shown = os.path.normpath(file)
    return [f"{shown}:{question.location.line}: {question.text}" for question in questions(text, shown)]
