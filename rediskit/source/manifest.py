"""Read Kubernetes objects as `kubectl get -o yaml` prints them, and remove the fields that servers and clients set."""

import pickle
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from rediskit.errors import ConfigError, Path, Problem
from rediskit.model.ciphertext import ciphertext
from rediskit.yamlio.reader import Document, read
from rediskit.yamlio.scalars import plain

# ObjectMeta fields that the API server sets (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/).
# An ownerReference contains the uid of its owner. In another cluster it makes the garbage collector delete the object.
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
# Controllers and clients set these for the current object. In Git, the `restartedAt` of `kubectl rollout restart` would revert the next
# restart as drift. Without it nothing restarts, because no applied manifest owned the field.
_ANNOTATIONS = frozenset(
    {
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/tracking-id",
        "deprecated.daemonset.template.generation",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubectl.kubernetes.io/restartedAt",
    }
)
# deployment.kubernetes.io: counters of the Deployment controller. meta.helm.sh: the owning release; with it, Helm would adopt the
# committed object. objectset.rio.cattle.io: the last-applied configuration of k3s.
_ANNOTATION_PREFIXES = ("deployment.kubernetes.io/", "meta.helm.sh/", "objectset.rio.cattle.io/")
# The owning Application, Kustomization or release, which would prune a second object with the label. Other labels with these prefixes
# (prune, ssa, driftDetection, sync-options) are settings of a person.
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
_CODE = "kubernetes-object"
_PRINT_AGAIN = "write one whole object, as kubectl get -o yaml prints it"


def clean(obj: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an object without status, identity, times, and the fields of kubectl, GitOps tools and Helm.

    Empty metadata, annotations and labels are removed; other empty maps (`securityContext: {}`) have a meaning and stay. The labels of a
    pod template stay, because selectors match them; so does `app.kubernetes.io/managed-by`, which charts set. The keys of the copy are
    apiVersion, kind, metadata, then the others in their order.
    """
    return _cleaned(plain(obj))


def _cleaned(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object as `clean` does. The content of the object is changed."""
    obj.pop("status", None)
    cleaned = {key: obj[key] for key in _FIRST if key in obj} | obj
    _clean_metadata(cleaned, labels=True)
    for template in _templates(cleaned.get("spec")):
        _clean_metadata(template, labels=False)
    return cleaned


def _templates(spec: Any) -> Iterator[dict[str, Any]]:
    """Yield the templates in the spec of a workload: of pods, jobs and volume claims."""
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
    """Remove the entries that `is_noise` selects from `metadata[name]`, and an empty map."""
    entries = metadata.get(name)
    if isinstance(entries, dict):
        metadata[name] = {key: value for key, value in entries.items() if not is_noise(key)}
    if not metadata.get(name, True):
        del metadata[name]


def read_manifest(text: bytes, file: str) -> dict[str, Any]:
    """Return the cleaned Kubernetes object in a file, which can be a `kind: List` with one item.

    Each call returns a copy of plain data; a text is parsed once. Raises ConfigError for anything else.
    """
    copied: dict[str, Any] = pickle.loads(_parsed(text, file))
    return copied


def read_ciphertext(text: bytes, file: str) -> dict[str, Any]:
    """Return the encrypted Secret in a file: a cleaned SealedSecret, or a SOPS Secret, unchanged because its MAC covers every value.

    Raises ConfigError, without any value, when the file contains something else.
    """
    document = read(text, file)
    if problems := list(_unidentified(document, (), document.data)):
        raise ConfigError(problems)
    copied: dict[str, Any] = plain(document.data)
    secret = ciphertext(copied)
    if secret is None:
        kind = "an unencrypted Secret" if copied["kind"] == "Secret" else f"a {copied['kind']}"
        message = f"expected a SealedSecret or a Secret encrypted by SOPS, found {kind}"
        hint = "run rediskit secret new, and change a password that was committed in plain text"
        raise ConfigError(Problem(message, hint, (), document.positions[()], "encrypted-secret"))
    return copied if secret.form == "sops" else _cleaned(copied)


@lru_cache(maxsize=64)
def _parsed(text: bytes, file: str) -> bytes:
    """Parse a manifest once: many configs can reference it. The result is pickled, from which a copy takes a fifth of the time."""
    document = read(text, file)
    path = _one_item(document)
    obj = document.data
    for part in path:
        obj = obj[part]
    if problems := list(_unidentified(document, path, obj)):
        raise ConfigError(problems)
    if problems := list(_nameless(document, path, obj)):
        raise ConfigError(problems)
    return pickle.dumps(clean(obj), pickle.HIGHEST_PROTOCOL)


def _unidentified(document: Document, path: Path, obj: Any) -> Iterator[Problem]:
    """Yield problems of the fields that identify an object: apiVersion, kind, name, and the namespace if it is set."""
    metadata = obj.get("metadata")
    has_namespace = isinstance(metadata, dict) and metadata.get("namespace") is not None
    for field in (*_REQUIRED, *([_NAMESPACE] if has_namespace else [])):
        if problem := _missing(document, path, obj, field):
            yield problem


def _missing(document: Document, path: Path, obj: Any, field: tuple[str, ...]) -> Problem | None:
    """Return the problem of an object without text at a path."""
    for key in field:
        obj = obj.get(key) if isinstance(obj, dict) else None
    if isinstance(obj, str) and obj:
        return None
    if obj is None:
        return Problem(f"{'.'.join(field)} is missing", _PRINT_AGAIN, path, document.positions[path], _CODE)
    return Problem("expected text", "write it in quotes", (*path, *field), document.positions[(*path, *field)], _CODE)


def _nameless(document: Document, path: Path, obj: Any) -> Iterator[Problem]:
    """Yield problems of containers and variables that are not mappings with a name, by which rediskit finds them."""
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
        yield Problem("expected a list", _PRINT_AGAIN, path, document.positions[path], _CODE)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            place = (*path, index)
            yield Problem("expected an entry with a name", _PRINT_AGAIN, place, document.positions[place], _CODE)


def _one_item(document: Document) -> Path:
    """Return the path of the object: the root, or the only item of a List."""
    data = document.data
    if data.get("kind") != "List":
        return ()
    items = data.get("items")
    if not isinstance(items, list) or len(items) != 1:
        count = f"{len(items)} items" if isinstance(items, list) else "no items"
        path: Path = ("items",) if "items" in data else ()
        hint = "select one object: kubectl get deployment NAME -o yaml"
        raise ConfigError(Problem(f"expected one object, found a List with {count}", hint, path, document.positions[path], _CODE))
    if not isinstance(items[0], dict):
        path = ("items", 0)
        raise ConfigError(
            Problem("expected an object with apiVersion, kind and metadata", _PRINT_AGAIN, path, document.positions[path], _CODE)
        )
    return ("items", 0)
