"""The Kubernetes objects in a state of OpenTofu or Terraform, as `tofu show -json` prints it.

The provider hashicorp/kubernetes stores each block as a list with one mapping and each number as text
(https://developer.hashicorp.com/terraform/internals/json-format, schema of `kubernetes_deployment_v1`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rediskit.errors import ConfigError, Problem
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.renderers.tree import Object
from rediskit.yamlio.foreign import read_foreign

MAX_MODULES = 100
"""The deepest nesting of modules."""
_STATE = "run tofu apply, then pass the output of tofu show -json without a plan file"
_VERSION = re.compile(r"_v\d+(?:(?:alpha|beta)\d+)?$")
_DEFAULT_NAMESPACE = "default"
_TEXT_OBJECTS = ("yaml_body_parsed", "yaml_body", "manifest")
"""The attributes in which other providers store an object as text: `kubectl_manifest` and `kustomization_resource`."""

_COMMANDS = ("terraform_data", "null_resource")
"""The resources that run commands. Their values are those of the configuration: a changed one does not show that a command ran."""


def refuse_plan(document: Any, name: str) -> None:
    """Raise ConfigError for a plan: it shows what may become true, not what is true."""
    if "planned_values" in document or "resource_changes" in document:
        raise ConfigError(Problem(f"{name} is a plan: planned_values are a preview", _STATE))


def state_objects(document: Any, renders: list[str], name: str) -> Iterator[Object]:
    """Yield the objects of a state. renders: gets what the state does not show, such as `helm_release.shop`."""
    root = at(document, "values", "root_module")
    if not isinstance(root, dict):
        raise ConfigError(Problem(f"{name} is a state without values", _STATE))
    modules = [(root, 0)]
    while modules:
        module, depth = modules.pop()
        if depth > MAX_MODULES:
            raise ConfigError(Problem(f"{name} has modules in more than {MAX_MODULES} levels", _STATE))
        modules += [(child, depth + 1) for child in list_at(module, "child_modules")]
        for resource in list_at(module, "resources"):
            if at(resource, "mode") in ("managed", None):
                yield from _objects(resource, renders)


def _objects(resource: Any, renders: list[str]) -> Iterator[Object]:
    kind, values = text_at(resource, "type"), mapping_at(resource, "values")
    if kind == "helm_release":
        yield from _release(resource, values, renders)
    elif kind in _COMMANDS:
        renders.append(text_at(resource, "address") or kind)
    elif kind == "kubernetes_manifest":
        content = at(values, "object") or at(values, "manifest")
        if _is_object(content):
            yield content
    elif kind.startswith("kubernetes_"):
        yield from _typed(kind, values)
    else:
        yield from _in_text(values)


def _release(resource: Any, values: Any, renders: list[str]) -> Iterator[Object]:
    """Yield the objects of a Helm release; the state contains them only with the experiment `manifest` of the provider."""
    try:
        objects = json.loads(text_at(values, "manifest") or "null")
    except (ValueError, RecursionError):
        objects = None
    if not isinstance(objects, dict):
        renders.append(f"{text_at(resource, 'address') or 'helm_release'} (namespace {text_at(values, 'namespace') or 'default'})")
        return
    yield from (content for content in objects.values() if _is_object(content))


def _in_text(values: Any) -> Iterator[Object]:
    for key in _TEXT_OBJECTS:
        try:
            documents = read_foreign(text_at(values, key).encode(errors="replace"), key)
        except ConfigError:
            continue
        if contents := [document.data for document in documents if _is_object(document.data)]:
            yield from contents
            return


def _is_object(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("kind"), str) and isinstance(at(content, "metadata", "name"), str)


def _typed(kind: str, values: Any) -> Iterator[Object]:
    """Yield the object of a resource such as `kubernetes_deployment_v1`, as far as the migration reads it."""
    metadata = _block(values, "metadata")
    if not isinstance(metadata.get("name"), str):
        return
    words = _VERSION.sub("", kind.removeprefix("kubernetes_")).split("_")
    name = "".join(word.capitalize() for word in words)
    name = {"CronJob": "CronJob", "Hpa": "HorizontalPodAutoscaler"}.get(name, name)
    namespaced = name not in ("Namespace", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding")
    place = {"namespace": metadata.get("namespace") or _DEFAULT_NAMESPACE} if namespaced else {}
    head: Object = {"kind": name, "metadata": {"name": metadata["name"], **place, "annotations": mapping_at(metadata, "annotations")}}
    if isinstance(values.get("data"), dict):
        head["data"] = values["data"]
    spec = _block(values, "spec")
    yield {**head, "spec": _spec(spec)} if spec else head


def _block(content: Any, key: str) -> dict[str, Any]:
    """Return the mapping of a block; an empty one where there is none."""
    entries = list_at(content, key)
    return entries[0] if entries and isinstance(entries[0], dict) else {}


def _spec(spec: Any) -> Object:
    result: Object = {}
    for key, name in (("replicas", "replicas"), ("min_replicas", "minReplicas"), ("max_replicas", "maxReplicas")):
        value = spec.get(key)
        if value is not None:
            result[name] = int(value) if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 10 else value
    if isinstance(spec.get("suspend"), bool):
        result["suspend"] = spec["suspend"]
    if job := _block(spec, "job_template"):
        result["jobTemplate"] = {"spec": _spec(_block(job, "spec"))}
    if template := _block(spec, "template"):
        pod = _block(template, "spec")
        lists = (("containers", "container"), ("initContainers", "init_container"))
        result["template"] = {
            "spec": {name: [_container(container) for container in list_at(pod, key) if isinstance(container, dict)] for name, key in lists}
        }
    return result


def _container(block: dict[str, Any]) -> Object:
    container: Object = {key: block[key] for key in ("name", "image", "command", "args") if block.get(key)}
    container["env"] = [_variable(entry) for entry in list_at(block, "env") if isinstance(entry, dict)]
    container["envFrom"] = [
        {"prefix": source.get("prefix") or "", **_references(source, ("config_map_ref", "secret_ref"))}
        for source in list_at(block, "env_from")
        if isinstance(source, dict)
    ]
    return container


def _variable(entry: dict[str, Any]) -> Object:
    source = _block(entry, "value_from")
    references = _references(source, ("secret_key_ref", "config_map_key_ref", "field_ref", "resource_field_ref"))
    return {"name": entry.get("name"), **({"valueFrom": references} if references else {"value": entry.get("value") or ""})}


def _references(source: Any, keys: tuple[str, ...]) -> Object:
    """Return the blocks of a source in the names of Kubernetes, without empty values and defaults."""
    blocks = {key: {_camel(name): value for name, value in _block(source, key).items() if value} for key in keys}
    return {_camel(key): value for key, value in blocks.items() if value}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
