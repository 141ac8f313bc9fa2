"""A Kubernetes object as `kubectl get -o yaml` prints it, without what the server and its clients wrote into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NoReturn

from rediskit.errors import ConfigError, Path, Problem
from rediskit.model.ciphertext import ciphertext
from rediskit.yamlio.reader import Document, read
from rediskit.yamlio.scalars import plain

# ObjectMeta fields that the API server sets (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/).
# An ownerReference holds the uid of its owner: committed, and applied to a new cluster, it makes the garbage collector delete the object.
_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
# Written by controllers and clients, about the object as it is now. `restartedAt` is what `kubectl rollout restart` leaves behind: in
# Git it would undo the next restart, as drift; and to leave it out restarts nothing, for no manifest that is applied ever owned it.
_ANNOTATIONS = frozenset(
    {
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/tracking-id",
        "deprecated.daemonset.template.generation",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubectl.kubernetes.io/restartedAt",
    }
)
# deployment.kubernetes.io: the Deployment controller's counters. meta.helm.sh: which release owns the object; on a committed object it
# would let Helm take it over. objectset.rio.cattle.io: the last-applied of k3s.
_ANNOTATION_PREFIXES = ("deployment.kubernetes.io/", "meta.helm.sh/", "objectset.rio.cattle.io/")
# Which Application, Kustomization or release owns the object: on a second object it is an order to prune that one. Only these names:
# others with the same prefix (prune, ssa, driftDetection, sync-options) are a person's settings.
_LABELS = frozenset(
    {
        "argocd.argoproj.io/instance",
        "helm.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/checksum",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "objectset.rio.cattle.io/hash",
    }
)
_FIRST = ("apiVersion", "kind", "metadata")
_POD = ("spec", "template", "spec")
_REQUIRED = (("apiVersion",), ("kind",), ("metadata", "name"))
_NAMESPACE = ("metadata", "namespace")


def clean(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as a person commits it to Git: without status, identity, times, and the notes of kubectl, GitOps tools and Helm.

    Empty metadata, annotations and labels go as well; other empty maps (`securityContext: {}`) say something and stay. The labels of a
    pod template stay whole, for selectors match them; so does `app.kubernetes.io/managed-by`, which charts write themselves.
    Gives a new object that shares nothing with `obj`: apiVersion, kind, metadata, then the other keys in their order. Idempotent.
    """
    copied: dict[str, Any] = plain(obj)
    copied.pop("status", None)
    cleaned = {key: copied[key] for key in _FIRST if key in copied} | copied
    _clean_metadata(cleaned, labels=True)
    for template in _templates(cleaned.get("spec")):
        _clean_metadata(template, labels=False)
    return cleaned


def _templates(spec: Any) -> Iterator[dict[str, Any]]:
    """The objects that a workload makes others from: pods, jobs (with pods in them), volume claims."""
    if not isinstance(spec, dict):
        return
    for key in ("template", "jobTemplate"):
        if isinstance(template := spec.get(key), dict):
            yield template
            yield from _templates(template.get("spec"))
    claims = spec.get("volumeClaimTemplates")
    for claim in claims if isinstance(claims, list) else ():
        if isinstance(claim, dict):
            claim.pop("status", None)
            yield claim


def _clean_metadata(owner: dict[str, Any], *, labels: bool) -> None:
    metadata = owner.get("metadata")
    if not isinstance(metadata, dict):
        return
    for key in _METADATA & metadata.keys():
        del metadata[key]
    _drop(metadata, "annotations", lambda key: key in _ANNOTATIONS or key.startswith(_ANNOTATION_PREFIXES))
    if labels:
        _drop(metadata, "labels", _LABELS.__contains__)
    if not metadata:
        del owner["metadata"]


def _drop(metadata: dict[str, Any], name: str, is_noise: Callable[[str], bool]) -> None:
    """Takes the noise out of `metadata[name]`, and the map itself when nothing is left in it."""
    entries = metadata.get(name)
    if isinstance(entries, dict):
        metadata[name] = {key: value for key, value in entries.items() if not is_noise(key)}
    if not metadata.get(name, True):
        del metadata[name]


def read_manifest(text: bytes, file: str) -> dict[str, Any]:
    """Reads a file with one Kubernetes object (or a `kind: List` of one, as kubectl prints for a selector), and cleans it.

    Gives plain dicts, lists, str, bool, int, float and None, the caller's own: each call copies, while one text is parsed once.
    Raises ConfigError when the file is not YAML as `read` takes it, or not one object with apiVersion, kind and metadata.name.
    """
    copied: dict[str, Any] = plain(_parsed(text, file))
    return copied


def read_ciphertext(text: bytes, file: str) -> dict[str, Any]:
    """Reads a file with one encrypted Secret: a SealedSecret, cleaned, or what SOPS encrypted, whose every value is signed and stays.

    Raises ConfigError when it is something else; the message never shows a value.
    """
    document = read(text, file)
    if problems := list(_unidentified(document, (), document.data)):
        raise ConfigError(problems)
    copied: dict[str, Any] = plain(document.data)
    found = ciphertext(copied)
    if found is None:
        what = "a Secret in clear" if copied["kind"] == "Secret" else f"a {copied['kind']}"
        hint = "rediskit secret new makes what belongs here; a password that was committed in clear has to be changed"
        raise ConfigError(
            Problem(f"expected a SealedSecret or a Secret encrypted by SOPS, this is {what}", hint, (), document.positions[()])
        )
    return copied if found.form == "sops" else clean(copied)


@lru_cache(maxsize=64)
def _parsed(text: bytes, file: str) -> dict[str, Any]:
    """Many configs name the same manifest."""
    document = read(text, file)
    path = _one_item(document)
    obj = document.data
    for part in path:
        obj = obj[part]
    if problems := list(_unidentified(document, path, obj)):
        raise ConfigError(problems)
    if problems := list(_nameless(document, path, obj)):
        raise ConfigError(problems)
    return clean(obj)


def _unidentified(document: Document, path: Path, obj: Any) -> Iterator[Problem]:
    """The problems of an object that can't be told from others: apiVersion, kind, name, and the namespace where there is one."""
    metadata = obj.get("metadata")
    placed = isinstance(metadata, dict) and metadata.get("namespace") is not None
    for field in (*_REQUIRED, *([_NAMESPACE] if placed else [])):
        if problem := _lacks(document, path, obj, field):
            yield problem


def _lacks(document: Document, path: Path, obj: Any, field: tuple[str, ...]) -> Problem | None:
    """The problem of an object without this text in it."""
    for key in field:
        obj = obj.get(key) if isinstance(obj, dict) else None
    if isinstance(obj, str) and obj:
        return None
    if obj is None:
        hint = "a manifest is one whole object, as kubectl get -o yaml prints it"
        return Problem(f"{'.'.join(field)} is missing", hint, path, document.positions[path])
    return Problem("expected text", "put it in quotes, or print the object anew", (*path, *field), document.positions[(*path, *field)])


def _nameless(document: Document, path: Path, obj: Any) -> Iterator[Problem]:
    """The problems of containers and variables that are no mappings with a name: everything that looks at a workload goes by names."""
    for key in _POD:
        obj = obj.get(key) if isinstance(obj, dict) else None
    for kind in ("initContainers", "containers"):
        containers = obj.get(kind) if isinstance(obj, dict) else None
        place = (*path, *_POD, kind)
        yield from _unnamed(document, place, containers)
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            if isinstance(container, dict):
                yield from _unnamed(document, (*place, index, "env"), container.get("env"))


def _unnamed(document: Document, path: Path, entries: Any) -> Iterator[Problem]:
    if entries is not None and not isinstance(entries, list):
        yield Problem("expected a list", "print the object anew with kubectl get -o yaml", path, document.positions[path])
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            place = (*path, index)
            hint = "the API server takes no other: print the object anew with kubectl get -o yaml"
            yield Problem("expected an entry with a name", hint, place, document.positions[place])


def _one_item(document: Document) -> Path:
    """The path of the one object: the root, or the item of a List."""
    data = document.data
    if data.get("kind") != "List":
        return ()
    items = data.get("items")
    if not isinstance(items, list) or len(items) != 1:
        found = f"{len(items)} items" if isinstance(items, list) else "no items"
        _refuse(
            document,
            ("items",) if "items" in data else (),
            f"a List with {found}, expected one object",
            "name the object: kubectl get deployment NAME -o yaml",
        )
    if not isinstance(items[0], dict):
        _refuse(document, ("items", 0), "expected an object with apiVersion, kind and metadata", "print it anew with kubectl get -o yaml")
    return ("items", 0)


def _refuse(document: Document, path: Path, message: str, hint: str) -> NoReturn:
    raise ConfigError(Problem(message, hint, path, document.positions[path]))
