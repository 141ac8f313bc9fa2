"""The objects in the output of `helm template`, `kustomize build`, `kubectl get` or `tofu show -json`. Its content is untrusted."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem
from rediskit.migrate.owner.released import Key, key_of
from rediskit.migrate.verification.tofu import refuse_plan, state_objects
from rediskit.model.nested import at
from rediskit.renderers.tree import Object
from rediskit.yamlio.foreign import MAX_LEVELS, read_foreign

MAX_FILE = 32 * 1024 * 1024
"""The largest file that is read, in bytes. 2,000 Deployments of `kubectl get -o yaml` have 20 MiB."""
_SHOWN = "pass the output of helm template, kustomize build, kubectl get -o yaml or tofu show -json"


class Artefact(NamedTuple):
    """Objects that a program printed.

    Attributes:
        name: The file, or `standard input`, or the cluster.
        objects: The objects by kind, namespace and name.
        repeated: The keys that occur more than once.
        renders: What renders further objects that are not in the file, such as `HelmRelease/shop`.
        from_cluster: Whether the objects come from a cluster, which prints only what was asked for.
        whole: Whether each object of the client was read by its name, so that a missing one does not exist.
    """

    name: str
    objects: dict[Key, Object]
    repeated: frozenset[Key]
    renders: tuple[str, ...]
    from_cluster: bool
    whole: bool = False


def artefact_of(content: bytes, name: str) -> Artefact:
    """Return the objects in the output of a program.

    Raises:
        ConfigError: It is too large, is not YAML or JSON, contains no objects, or is a plan.
    """
    if len(content) > MAX_FILE:
        raise ConfigError(Problem(f"{name} is larger than {MAX_FILE >> 20} MiB", "pass the objects of this application only"))
    documents = _documents(content, name)
    renders: list[str] = []
    objects: list[Object] = []
    for document in documents:
        if isinstance(document, dict) and "kind" not in document and ("format_version" in document or "planned_values" in document):
            refuse_plan(document, name)
            objects += state_objects(document, renders, name)
        else:
            objects += _expanded(document, name)
    if not objects and not renders:
        raise ConfigError(Problem(f"{name} contains no Kubernetes object", _SHOWN))
    return collected(objects, name, renders)


def collected(objects: Iterable[Object], name: str, renders: Iterable[str] = ()) -> Artefact:
    """Return objects as an artefact."""
    listed = list(objects)
    counts = Counter(map(key_of, listed))
    templates = [
        f"{content['kind']}/{at(content, 'metadata', 'name')}"
        for content in listed
        if content["kind"] in ("HelmRelease", "Application", "HelmChart")
    ]
    return Artefact(
        name,
        {key_of(content): content for content in listed},
        frozenset(key for key, count in counts.items() if count > 1),
        (*renders, *templates),
        any(at(content, "metadata", "uid") for content in listed),
    )


def _documents(content: bytes, name: str) -> list[Any]:
    """Return the documents of a file: JSON by the standard library, because a state of OpenTofu has megabytes, else YAML."""
    if content.lstrip()[:1] in (b"{", b"["):
        try:
            document = json.loads(content)
        except RecursionError:
            raise ConfigError(Problem(f"{name} has more than {MAX_LEVELS} levels", _SHOWN)) from None
        except ValueError:
            pass  # Several JSON documents, or YAML in flow style.
        else:
            return document if isinstance(document, list) else [document]
    return [content.data for content in read_foreign(content, name, limit=MAX_FILE)]


def _expanded(document: Any, name: str, *, nested: bool = False) -> Iterator[Object]:
    """Yield the objects of a document: itself, or the items of a List."""
    if document is None:
        return
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ConfigError(Problem(f"{name} contains a document that is not a Kubernetes object", _SHOWN))
    if not document["kind"].endswith("List") or not isinstance(document.get("items"), list):
        if not isinstance(at(document, "metadata", "name"), str):
            raise ConfigError(Problem(f"{name} contains a {document['kind'][:80]} without a name", _SHOWN))
        yield document
        return
    if nested:
        raise ConfigError(Problem(f"{name} contains a List in a List", "kubectl prints no such list: pass its output unchanged"))
    kind = document["kind"].removesuffix("List")
    for item in document["items"]:
        yield from _expanded({"kind": kind, **item} if kind and isinstance(item, dict) else item, name, nested=True)
