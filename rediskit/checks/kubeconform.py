"""Rendered objects against the vendored schemas once more, as text, by kubeconform: a judge that shares no code with the first one.

It reads the bytes with the YAML of Kubernetes, so it sees what plain data cannot show: a string without its quotes, a key that stands
twice. It gets the vendored schemas and no others, strict ones, so it never asks the network. Its exit code is 0 as well when it has seen
nothing, and it takes a schema that does not compile for a missing one (kubeconform issues 296 and 305): therefore nothing is skipped or
ignored, and its report has to account for every object, one by one.
"""

from __future__ import annotations

import json
import pathlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.checks.finding import Finding, Subject, reference
from rediskit.checks.kubeconform_messages import own_words, unread, violations
from rediskit.checks.owners import is_patch, patched
from rediskit.checks.schema import SCHEMAS
from rediskit.errors import BUG, Location, MissingToolError, Path, Problem, dotted
from rediskit.model.ciphertext import as_applied
from rediskit.model.environment import Environment
from rediskit.renderers.helm import values_path
from rediskit.renderers.tree import File, Tree
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, Completed, find, run
from rediskit.yamlio.writer import dump

TIME_LIMIT = 60.0
"""Seconds for one run, which judges every object of one Kubernetes version; 2,000 take less than one."""

_CUSTOM = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
_LOCATIONS = ("kubernetes", f"crds/{_CUSTOM}", f"own/{_CUSTOM}")
_VALID, _INVALID, _ERROR, _SKIPPED, _EMPTY = "statusValid", "statusInvalid", "statusError", "statusSkipped", ""
_REFUSED = "the API server would refuse the object"
_NO_SCHEMA = "a schema that it cannot compile counts as missing: see whether rediskit is installed whole"
_FAULT = f"{BUG}, with the version of kubeconform"


class Emitted(NamedTuple):
    """One object as text. `path`, `source` and `location` are for findings: its file in the tree, and what in the config caused it."""

    path: str
    text: bytes
    kubernetes: str
    """The minor version of Kubernetes that chooses the schema, such as `1.34`."""
    identity: tuple[Any, Any] | None = None
    """The apiVersion and kind that were written; None for text that was never an object here."""
    source: Path = ()
    location: Location | None = None
    environment: str = ""
    """The name of the environment that it is of."""
    name: str = ""
    """`Kind/name`, by which `accept` reaches a finding."""


class Counts(NamedTuple):
    """What was handed over, and what kubeconform says it found. All is well when as many are valid as were emitted."""

    emitted: int
    valid: int
    invalid: int
    errors: int
    skipped: int


class Verdict(NamedTuple):
    """Findings in the order of the objects; none exactly when each of them, and nothing else, was judged and is valid."""

    counts: Counts
    found: tuple[tuple[str, Finding], ...]
    """Each with the name of its environment; "" where it is about the run."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings alone."""
        return tuple(finding for _, finding in self.found)


class _Result(NamedTuple):
    """An entry of kubeconform's report: which object, what it read of it, and what it thinks of it."""

    number: int
    version: str
    kind: str
    status: str
    message: str


def emitted(environment: Environment, tree: Tree) -> list[Emitted]:
    """What of a tree is to be judged: each YAML file but the Helm values, as its bytes.

    A patch for an owner is no object: the real object is judged as the patch leaves it, and a Secret as SOPS opens it.
    """

    def one(path: str, text: bytes, content: Any, source: Path) -> Emitted:
        identity = (content.get("apiVersion"), content.get("kind")) if isinstance(content, dict) else None
        name = reference(content) if isinstance(content, dict) and "kind" in content else ""
        return Emitted(path, text, environment.kubernetes, identity, source, environment.locate(source), environment.name, name)

    patches = {path for path in tree.files if is_patch(path)}
    passed_over = patches | {values_path(environment)}
    files = (file for file in tree.contents if file.path.endswith(".yaml") and file.path not in passed_over)
    whole = [one(file.path, _text(tree, file), file.content, file.source) for file in files]
    return whole + [one(path, dump(content).encode(), content, source) for path, source, content in patched(Subject(environment, tree))]


def _text(tree: Tree, file: File) -> bytes:
    if isinstance(file.content, dict) and (applied := as_applied(file.content)) is not file.content:
        return dump(applied).encode()
    return tree.files[file.path]


def judge(objects: Sequence[Emitted]) -> Verdict:
    """Has all objects judged, those of any number of trees, in one run a version of Kubernetes. Nothing of it stays on disk.

    Findings carry the code `kubeconform`; all are errors. Raises MissingToolError when kubeconform (`$KUBECONFORM`, else the first on
    PATH) is missing, crashes, takes too long, or reports something that cannot be understood or contradicts itself.
    """
    program = find("kubeconform", "KUBECONFORM")
    versions: dict[str, dict[int, bytes]] = {}
    for index, one in enumerate(objects):
        versions.setdefault(one.kubernetes, {})[index] = one.text
    results: dict[int, list[_Result]] = {index: [] for index in range(len(objects))}
    for version in sorted(versions):
        for result in _judged(program, version, versions[version]):
            results[result.number].append(result)
    statuses = Counter(result.status for found in results.values() for result in found)
    counts = Counts(len(objects), statuses[_VALID], statuses[_INVALID], statuses[_ERROR], statuses[_SKIPPED])
    found = [(one.environment, finding) for index, one in enumerate(objects) for finding in _findings(one, results[index])]
    if not found and not 0 < counts.valid == counts.emitted:
        found.append(("", Finding("kubeconform", "error", f"kubeconform calls {counts.valid} of {counts.emitted} objects valid", _FAULT)))
    return Verdict(counts, tuple(found))


def _judged(program: pathlib.Path, kubernetes: str, texts: Mapping[int, bytes]) -> list[_Result]:
    """One run. A folder of numbered files is handed over: on standard input they have no names, and kubeconform mixes them up."""
    try:
        with temporary_folder() as folder:
            for index, text in texts.items():
                pathlib.Path(folder, f"{index}.yaml").write_bytes(text)
            locations = [argument for location in _LOCATIONS for argument in ("-schema-location", location)]
            options = [
                "-strict",
                "-output",
                "json",
                "-verbose",
                "-summary",
                "-kubernetes-version",
                f"{kubernetes}.0",
                *locations,
                str(folder),
            ]
            done = run(Command(program, options, cwd=SCHEMAS, timeout=TIME_LIMIT, exit_codes=frozenset({0, 1})))
    except OSError as error:
        hint = "see that there is room in it, or name another one with $TMPDIR"
        raise MissingToolError(Problem(f"kubeconform could not be given a temporary folder: {error.strerror}", hint)) from None
    results = _report(done)
    if strange := [result for result in results if result.number not in texts]:
        raise _unusable(f"failed: {own_words(strange[0].message)}", done)
    return results


def _report(done: Completed) -> list[_Result]:
    """The results, when they agree with the summary and with the exit code."""
    try:
        document = json.loads(done.stdout)
        results = [_result(entry) for entry in document["resources"]]
        summary = [document["summary"][name] for name in ("valid", "invalid", "errors", "skipped")]
    except (KeyError, TypeError, ValueError):
        raise _unusable(f"ended with exit code {done.exit_code} and without a report that can be read", done) from None
    statuses = Counter(result.status for result in results)
    if summary != [statuses[status] for status in (_VALID, _INVALID, _ERROR, _SKIPPED)]:
        raise _unusable("counts other results than it lists", done)
    if done.exit_code != (1 if statuses[_INVALID] or statuses[_ERROR] else 0):
        raise _unusable(f"ended with exit code {done.exit_code}, which its report does not explain", done)
    return results


def _result(entry: Any) -> _Result:
    match entry:
        case {"filename": str(file), "version": str(version), "kind": str(kind), "status": str(status), "msg": str(message)}:
            name = pathlib.PurePath(file).stem
            if status in (_VALID, _INVALID, _ERROR, _SKIPPED, _EMPTY):
                return _Result(int(name) if name.isdecimal() else -1, version, kind, status, message)
    raise ValueError


def _unusable(what: str, done: Completed) -> MissingToolError:
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    return MissingToolError(Problem(f"kubeconform {what}", own_words(said[-1]) if said else "version 0.7.0 is known to work"))


def _findings(one: Emitted, results: Sequence[_Result]) -> Iterator[Finding]:
    for place, message, hint in _complaints(one, results):
        where = f" at {dotted(place)}" if place else ""
        yield Finding("kubeconform", "error", f"{one.path}{where}: {message}", hint, one.source, one.location, (one.name,))


def _complaints(one: Emitted, results: Sequence[_Result]) -> Iterator[tuple[Path, str, str]]:
    if len(results) != 1:
        yield (), f"kubeconform judged {len(results)} objects in it instead of one", _FAULT
    for result in results:
        if result.status == _INVALID:
            ordered = sorted(set(violations(result.message, one.text)), key=_order)
            yield from ((place, message, _REFUSED) for place, message in ordered)
        elif result.message.startswith("could not find schema"):
            yield (), f"no schema for {result.version} {result.kind} that kubeconform can use", _NO_SCHEMA
        elif result.status == _ERROR:
            yield from ((place, message, _REFUSED) for place, message in unread(result.message))
        elif result.status == _SKIPPED:
            yield (), "kubeconform skipped it", _FAULT
        elif result.status == _EMPTY:
            yield (), "kubeconform finds no object in it", _FAULT
        elif one.identity not in (None, (result.version, result.kind)):
            yield (), f"kubeconform reads a {result.version} {result.kind} in it", _FAULT


def _order(violation: tuple[Path, str]) -> tuple[list[tuple[bool, str | int]], str]:
    return [(isinstance(part, str), part) for part in violation[0]], violation[1]
