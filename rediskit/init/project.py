"""Create a new project: its files, which are rendered and checked before one is written."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError, visible
from rediskit.git.discovery import work_tree
from rediskit.git.work_tree import Remote, WorkTree, public
from rediskit.init.clients import DetectedClients, clients_of
from rediskit.init.comparison import compare
from rediskit.init.config_text import GitFacts, config_text, redis_section
from rediskit.init.detected import DetectedClient
from rediskit.init.names import manifest_names
from rediskit.init.objects import InputObjects, read_objects
from rediskit.init.reduced_manifests import reduced_manifests, refuse_leaks, text_of
from rediskit.init.validation import errors_of, invalid
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY, for_flux
from rediskit.model.redis import Redis
from rediskit.output.input_files import already_exists, existing
from rediskit.source.project import SCHEMA
from rediskit.source.questions import questions
from rediskit.temporary import temporary_folder

_MAKEFILE = """\
# rediskit: edit the files in config/; `make render` writes rendered/; commit both.
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
# The index has one line per file: a merge keeps the lines of both branches, and the next render sorts them.
rendered/*/.rediskit.json merge=union
"""


# A dataclass because the source may contain secrets, and `repr=False` keeps it out of tracebacks.
@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `rediskit init`. A value that is None is detected, or becomes an open question.

    `namespace` is that of workloads without one, `replicas` the normal number, `source` the live objects and their name in messages.
    """

    folder: str
    name: str | None = None
    tool: str = "argocd"
    repository: str | None = None
    revision: str | None = None
    namespace: str | None = None
    replicas: int | None = None
    source: tuple[bytes, str] | None = field(default=None, repr=False)


class Project(NamedTuple):
    """A new project.

    Attributes:
        files: Path to content of the files to create, the config last.
        kept: Files that exist and are unchanged.
        open: The open questions, each with file and line of its comment.
    """

    name: str
    folder: str
    files: dict[str, bytes]
    kept: tuple[str, ...]
    clients: tuple[DetectedClient, ...]
    open: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def config(self) -> str:
        """The path of the config."""
        return f"config/{self.name}.yaml"


def new_project(options: Options) -> Project:
    """Return the files that `rediskit init` writes, after they have been rendered and checked.

    Raises RefusedError when a file exists, or would contain a password.
    """
    _refuse_invalid(options)
    name = _name(options)
    objects = read_objects(*options.source) if options.source else InputObjects(())
    clients, client_notes = _clients(options, objects)
    reduced = reduced_manifests(clients, objects)
    manifests = {key: f"{name}/{file}.yaml" for key, file in manifest_names(clients).items()}
    git = _git(options, name)
    config, text = f"config/{name}.yaml", config_text(name, git, clients, manifests)
    refuse_leaks(list(reduced.values()), text, objects)
    generated = {
        SCHEMA: _schema(),
        "Makefile": _MAKEFILE.encode(),
        ".gitattributes": _ATTRIBUTES.encode(),
        **{f"config/{manifests[key]}": text_of(content).encode() for key, content in reduced.items()},
        config: text.encode(),
    }
    files, existing_files, notes = _without_existing(options.folder, generated, config)
    _prove(config, generated)
    notes += [f"gitops.repository: {remark}" for remark in git.remarks]
    notes += [*notes_of(clients, manifests.values(), "config"), *client_notes]
    shown = os.path.normpath(f"{options.folder}/{config}")
    asked = tuple(f"{shown}:{question.location.line}: {question.text}" for question in questions(text, shown))
    return Project(name, options.folder, files, existing_files, clients, asked, tuple(map(visible, notes)))


def notes_of(clients: Iterable[DetectedClient], manifests: Iterable[str], folder: str) -> list[str]:
    """Return the remarks on clients and on their manifests, whose paths are relative to a folder."""
    only = "contains only names and addresses; all other values are removed because they could be passwords"
    remarks = [f"{client.name}: {remark}" for client in clients for texts in client.remarks.values() for remark in texts]
    return [*remarks, *(f"{os.path.normpath(f'{folder}/{path}')}: {only}" for path in manifests)]


def _refuse_invalid(options: Options) -> None:
    """Raise ConfigError with every invalid option."""
    repository = options.repository and public("", options.repository).address
    values = {"--name": options.name, "--repository": repository, "--revision": options.revision, "--namespace": options.namespace}
    problems = invalid(values, options.replicas)
    if os.path.lexists(options.folder) and not Path(options.folder).is_dir():
        problems.append(Problem(f"{options.folder} is not a folder", "set the path of a folder; it is created if it does not exist"))
    if problems:
        raise ConfigError(problems)


def _clients(options: Options, objects: InputObjects) -> DetectedClients:
    if options.source is None:
        return DetectedClients(())
    detected = clients_of(objects, namespace=options.namespace, replicas=options.replicas)
    counts = Counter(client.name for client in detected.clients)
    if equal := sorted(name for name, count in counts.items() if count > 1):
        hint = "pass the workloads of one namespace at a time, and add the other clients by hand"
        raise ConfigError(Problem(f"two workloads would be the client {', '.join(equal)}", hint))
    compare(detected.clients, objects, Redis.model_validate(redis_section(detected.clients)[0]))
    return detected


def _name(options: Options) -> str:
    """Return the name of the environment: the option, else the name of the folder."""
    name = options.name or re.sub(r"[^a-z0-9]+", "-", Path(options.folder).resolve().name.lower()).strip("-")[:63].strip("-")
    if not name:
        hint = "set one with --name, such as the name of the cluster"
        raise ConfigError(Problem("the folder name contains no letter or digit for the name of the environment", hint))
    return name


def _git(options: Options, name: str) -> GitFacts:
    """Return repository, branch and path: from the options, else from Git, else as a question."""
    folder = Path(os.path.realpath(options.folder))
    top = work_tree(str(folder))
    path = f"{folder.relative_to(top).as_posix()}/rendered/{name}" if top and str(folder) != top else ""
    try:
        git = WorkTree.of(folder)
        remote = _remote(git.remotes()) if git else Remote("this folder is not in a Git work tree", "")
        branch = (git.default_branch(remote.name) or _main(git.branch())) if git else ""
    except MissingToolError as error:
        remote, branch = Remote(error.problems[0].message, ""), ""
    if options.repository:
        remote = public("origin", options.repository)
    remarks = ["without the user name and the password of the remote"] if remote.stripped else []
    asked = [] if remote.address else [f"{remote.name}: write the address of the repository for this folder (--repository)"]
    address = remote.address or PLACEHOLDER_REPOSITORY
    if options.tool == "flux" and for_flux(address) != address:
        remarks.append(f"{address} in the form that Flux accepts")
        address = for_flux(address)
    return GitFacts(options.tool, address, options.revision or branch or "main", path, tuple(asked), tuple(remarks))


def _remote(remotes: list[Remote]) -> Remote:
    """Return the remote of the folder. Without an address, its name is the reason."""
    if not remotes:
        return Remote("Git has no remote", "")
    if remotes[0].name != "origin" and len(remotes) > 1:
        return Remote(f"Git has several remotes ({', '.join(remote.name for remote in remotes)})", "")
    if not re.match(r"(?:https?|ssh)://|[\w.-]+@[\w.-]+:", remotes[0].address):
        return Remote(f"the remote {remotes[0].name} is a path on this machine", "")
    return remotes[0]


def _main(branch: str) -> str:
    """Return a branch with the name of a default branch; "" for another one, which may be a feature branch."""
    return branch if branch in ("main", "master") else ""


def _schema() -> bytes:
    from rediskit.source.schema import schema_text

    return f"{schema_text()}\n".encode()


def _without_existing(folder: str, generated: dict[str, bytes], config: str) -> tuple[dict[str, bytes], tuple[str, ...], list[str]]:
    """Return the files to create, those that exist and are kept, and notes.

    A file with the same content is kept, and so is a Makefile or .gitattributes of another program. Raises RefusedError for any other.
    """
    unchanged, refused, notes = [], [], []
    for path, content in existing(folder, generated).items():
        if path == "Makefile" and content != generated[path]:
            notes.append(f"{path} exists and is unchanged: `rediskit render` and `rediskit check` do not need it")
        elif path == ".gitattributes" and (content is None or b".rediskit.json" not in content):
            notes.append(f"{path} exists and is unchanged: add the line `rendered/*/.rediskit.json merge=union`")
        elif path == config or (content != generated[path] and path != ".gitattributes"):
            refused.append(already_exists(folder, path))
        unchanged.append(path)
    if refused:
        raise RefusedError(refused)
    return {path: content for path, content in generated.items() if path not in unchanged}, tuple(unchanged), notes


def _prove(config: str, generated: dict[str, bytes]) -> None:
    """Load, render and check the files. Raises RefusedError with every problem."""
    try:
        with temporary_folder() as folder:
            for path, content in generated.items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            problems = errors_of(Path(folder, config))
    except OSError as error:
        hint = "free disk space there or set $TMPDIR to another folder; nothing was written"
        raise RefusedError(Problem(f"the temporary folder: {error.strerror or error}", hint)) from error
    if problems:
        raise RefusedError([Problem("the new config does not render; nothing was written", "fix the input:"), *problems])
