"""Validate rendered objects as text with kubeconform, which shares no code with the validator in `schema`.

kubeconform parses YAML as Kubernetes does and detects what plain data can't show: a string without its quotes, a duplicate key.
It gets the vendored strict schemas only, and therefore needs no network. Its exit code is also 0 when it validated nothing, and a schema
that does not compile counts as missing (https://github.com/yannh/kubeconform/issues/296 and 305). Therefore no object is skipped or
ignored, and the report has to contain a result for each object.
"""

import json
import pathlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.checks.finding import REFUSED, Finding, Subject, reference
from rediskit.checks.owners import is_patch, patched
from rediskit.checks.schema import SCHEMAS
from rediskit.errors import BUG, Location, MissingToolError, Path, Problem, visible
from rediskit.model.ciphertext import as_applied
from rediskit.model.environment import Environment
from rediskit.renderers.helm import values_path
from rediskit.renderers.tree import File, Tree
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, Completed, find, run
from rediskit.yamlio.writer import dump

TIME_LIMIT = 60.0
"""Seconds for one run. It validates every object of one Kubernetes version; 2,000 take less than one second."""

_CUSTOM = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
_LOCATIONS = ("kubernetes", f"crds/{_CUSTOM}", f"own/{_CUSTOM}")
_VALID, _INVALID, _ERROR, _SKIPPED, _EMPTY = "statusValid", "statusInvalid", "statusError", "statusSkipped", ""
_NO_SCHEMA = "install rediskit again: kubeconform also reports a damaged schema file as missing"
_LONGEST = 200
"""Characters of a text of kubeconform that a message repeats."""


class Document(NamedTuple):
    """One object as text.

    Attributes:
        kubernetes: The minor version of Kubernetes that selects the schema, such as `1.34`.
        identity: The apiVersion and kind of the object; None for text that was never an object in this process.
        source: The config path that causes the object.
        location: The position of `source` in the config file.
        name: `Kind/name`, the value for `accept.on`.
    """

    path: str
    text: bytes
    kubernetes: str
    identity: tuple[Any, Any] | None = None
    source: Path = ()
    location: Location | None = None
    environment: str = ""
    name: str = ""


class Counts(NamedTuple):
    """The number of documents by result.

    Attributes:
        emitted: Documents that kubeconform got. The run succeeds when as many are valid.
        errors: Texts that kubeconform can't read, and objects without a schema.
        skipped: Objects that kubeconform did not validate.
    """

    emitted: int
    valid: int
    invalid: int
    errors: int
    skipped: int


class Outcome(NamedTuple):
    """The counts of all runs, and the findings in the order of the documents, each after its environment ("" for the run as a whole)."""

    counts: Counts
    by_environment: tuple[tuple[str, Finding], ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings alone; empty only when kubeconform reports exactly one valid object for each document."""
        return tuple(finding for _, finding in self.by_environment)


class _Result(NamedTuple):
    """An entry of the report of kubeconform.

    Attributes:
        number: The index of the document, -1 for an error of the run.
        version: The apiVersion that kubeconform read.
        status: One of `_VALID`, `_INVALID`, `_ERROR`, `_SKIPPED`, `_EMPTY`.
    """

    number: int
    version: str
    kind: str
    status: str
    message: str


def documents(environment: Environment, tree: Tree) -> list[Document]:
    """Return each YAML file of `tree` as text, without the Helm values.

    A patch for an application repository is not an object. The patched object takes its place. A Secret has the form in which SOPS decrypts
    it.
    """

    def document(path: str, text: bytes, content: Any, source: Path) -> Document:
        identity = (content.get("apiVersion"), content.get("kind")) if isinstance(content, dict) else None
        name = reference(content) if isinstance(content, dict) and "kind" in content else ""
        return Document(path, text, environment.kubernetes, identity, source, environment.locate(source), environment.name, name)

    omitted = {path for path in tree.files if is_patch(path)} | {values_path(environment)}
    files = (file for file in tree.contents if file.path.endswith(".yaml") and file.path not in omitted)
    whole = [document(file.path, _text(tree, file), file.content, file.source) for file in files]
    return whole + [
        document(path, dump(content).encode(), content, source) for path, source, content in patched(Subject(environment, tree))
    ]


def _text(tree: Tree, file: File) -> bytes:
    if isinstance(file.content, dict) and (applied := as_applied(file.content)) is not file.content:
        return dump(applied).encode()
    return tree.files[file.path]


def validate_documents(objects: Sequence[Document]) -> Outcome:
    """Validate the documents of any number of environments, in one run per Kubernetes version. No file stays on disk.

    All findings have the code `kubeconform` and the severity `error`.

    Raises:
        MissingToolError: kubeconform (`$KUBECONFORM`, else the first on PATH) is missing, crashes, exceeds the time limit, or prints a
            report that is unreadable or inconsistent.
    """
    program = find("kubeconform", "KUBECONFORM")
    versions: dict[str, dict[int, bytes]] = {}
    for index, document in enumerate(objects):
        versions.setdefault(document.kubernetes, {})[index] = document.text
    results: dict[int, list[_Result]] = {index: [] for index in range(len(objects))}
    for version in sorted(versions):
        for result in _run(program, version, versions[version]):
            results[result.number].append(result)
    statuses = Counter(result.status for entries in results.values() for result in entries)
    counts = Counts(len(objects), statuses[_VALID], statuses[_INVALID], statuses[_ERROR], statuses[_SKIPPED])
    findings = [
        (document.environment, finding) for index, document in enumerate(objects) for finding in _findings(document, results[index])
    ]
    if not findings and not 0 < counts.valid == counts.emitted:
        message = f"kubeconform reports {counts.valid} of {counts.emitted} objects as valid"
        findings.append(("", Finding("kubeconform", "error", message, BUG)))
    return Outcome(counts, tuple(findings))


def _run(program: pathlib.Path, kubernetes: str, texts: Mapping[int, bytes]) -> list[_Result]:
    """Run kubeconform over a folder of numbered files: results for standard input have no names and no stable order."""
    options = ["-strict", "-output", "json", "-verbose", "-summary", "-kubernetes-version", f"{kubernetes}.0"]
    options += [argument for location in _LOCATIONS for argument in ("-schema-location", location)]
    try:
        with temporary_folder() as folder:
            for index, text in texts.items():
                pathlib.Path(folder, f"{index}.yaml").write_bytes(text)
            command = Command(program, [*options, str(folder)], cwd=SCHEMAS, timeout=TIME_LIMIT, exit_codes=frozenset({0, 1}))
            completed = run(command)
    except OSError as error:
        hint = "free space in it, or set $TMPDIR to another folder"
        raise MissingToolError(Problem(f"can't write the input of kubeconform to a temporary folder: {error.strerror}", hint)) from None
    results = _report(completed)
    if strange := [result for result in results if result.number not in texts]:
        raise _unusable(f"failed: {_one_line(strange[0].message)}", completed)
    return results


def _report(completed: Completed) -> list[_Result]:
    """Return the results. They have to agree with the summary and with the exit code."""
    try:
        document = json.loads(completed.stdout)
        results = [_result(entry) for entry in document["resources"]]
        summary = [document["summary"][name] for name in ("valid", "invalid", "errors", "skipped")]
    except (KeyError, TypeError, ValueError):
        raise _unusable(f"ended with exit code {completed.exit_code} and without a readable report", completed) from None
    statuses = Counter(result.status for result in results)
    if summary != [statuses[status] for status in (_VALID, _INVALID, _ERROR, _SKIPPED)]:
        raise _unusable("printed a summary that differs from its results", completed)
    if completed.exit_code != (1 if statuses[_INVALID] or statuses[_ERROR] else 0):
        raise _unusable(f"ended with exit code {completed.exit_code}, which its report does not explain", completed)
    return results


def _result(entry: Any) -> _Result:
    match entry:
        case {"filename": str(file), "version": str(version), "kind": str(kind), "status": str(status), "msg": str(message)}:
            name = pathlib.PurePath(file).stem
            if status in (_VALID, _INVALID, _ERROR, _SKIPPED, _EMPTY):
                return _Result(int(name) if name.isdecimal() else -1, version, kind, status, message)
    raise ValueError


def _unusable(reason: str, completed: Completed) -> MissingToolError:
    lines = [line for line in completed.stderr.decode(errors="replace").splitlines() if line.strip()]
    return MissingToolError(Problem(f"kubeconform {reason}", _one_line(lines[-1]) if lines else "use version 0.7.0, which is tested"))


def _findings(document: Document, results: Sequence[_Result]) -> Iterator[Finding]:
    for message, hint in _messages(document, results):
        text = f"{document.path}: {message}"
        yield Finding("kubeconform", "error", text, hint, document.source, document.location, (document.name,))


def _messages(document: Document, results: Sequence[_Result]) -> Iterator[tuple[str, str]]:
    if len(results) != 1:
        yield f"kubeconform reports {len(results)} objects in it instead of one", BUG
    for result in results:
        if result.status == _INVALID:
            yield from ((text, REFUSED) for text in _violations(result.message))
        elif result.status == _ERROR:
            yield _one_line(result.message), _NO_SCHEMA if result.message.startswith("could not find schema") else REFUSED
        elif result.status == _SKIPPED:
            yield "kubeconform skipped it", BUG
        elif result.status == _EMPTY:
            yield "kubeconform reports no object in it", BUG
        elif document.identity not in (None, (result.version, result.kind)):
            yield f"kubeconform reports a {result.version} {result.kind} in it", BUG


def _violations(message: str) -> list[str]:
    """Return the violations of a message, sorted: kubeconform prints all in one line, in the random order of a Go map.

    The text before the first one contains the path of the schema file. `validation failed` only heads other violations.
    """
    violations = re.split(r" +- (?=at ')", message)
    return sorted({_one_line(text) for text in violations[1:] or violations if not text.endswith(": validation failed")})


def _one_line(text: str) -> str:
    """Return a text of kubeconform as one printable line of limited length, without values: its parser quotes them in backquotes."""
    line = visible(re.sub("`[^`]*`", "`...`", " ".join(text.split())))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
