"""Convert published schemas to small strict schemas without descriptions, CEL rules and formats.

Draft 2020-12 does not assert formats, so neither rediskit nor kubeconform checks them.
"""

from __future__ import annotations

from typing import Any

from .share import share

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_REF = "#/$defs/"
_KEPT = {
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "type",
}
_DROPPED = {"$id", "$schema", "default", "description", "example", "format", "title", "anyOf", "nullable"}
"""`anyOf` and `nullable` are read before they are dropped."""


def core(root: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a Kubernetes kind with all referenced definitions. The schemas of the wheel are strict."""
    result = _core(root)
    reached: dict[str, Schema] = {}
    waiting = _references(result)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _core(definitions[name])
            waiting |= _references(reached[name])
    return {"$schema": DRAFT, **result, "$defs": reached}


def custom(crd: Schema, version: str, definitions: dict[str, Schema]) -> Schema:
    """Return the strict schema of one version of a CustomResourceDefinition: unknown fields are refused unless the CRD preserves them.

    `metadata` is the ObjectMeta of Kubernetes, as is `spec.template.metadata` of a SealedSecret.
    Raises StopIteration when the CRD has no such version.
    """
    names, group = crd["spec"]["names"], crd["spec"]["group"]
    served = next(entry for entry in crd["spec"]["versions"] if entry["name"] == version)
    result = _custom(served["schema"]["openAPIV3Schema"])
    fields = result["properties"]
    fields["apiVersion"] = {"type": "string", "enum": [f"{group}/{version}"]}
    fields["kind"] = {"type": "string", "enum": [names["kind"]]}
    fields["metadata"] = {"$ref": _REF + META}
    if names["kind"] == "SealedSecret":
        fields["spec"]["properties"]["template"]["properties"]["metadata"] = {"$ref": _REF + META}
    result["required"] = sorted({"apiVersion", "kind", *result.get("required", ())})
    meta = core({"$ref": _REF + META}, definitions)["$defs"]
    return {"$schema": DRAFT, **share(result, meta)}


def _core(schema: Schema) -> Schema:
    result: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _core(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            result[key] = _core(value)
        elif key == "$ref":
            result[key] = _REF + value.rpartition("/")[2]
        elif key == "oneOf":
            result["type"] = _one_of(value)
        elif key in _KEPT or (key == "additionalProperties" and value is False):
            result[key] = value
        elif key not in _DROPPED and not key.startswith("x-kubernetes-"):
            raise ValueError(f"a schema of Kubernetes says {key}: {value}, which the conversion does not know")
    return result


def _one_of(branches: list[Schema]) -> list[str]:
    """Return the types that exactly one branch accepts (IntOrString, Quantity), without null, which both accept."""
    if any(set(branch) != {"type"} for branch in branches):
        raise ValueError(f"oneOf is more than a choice of types: {branches}")
    types = [name for branch in branches for name in branch["type"]]
    return sorted(name for name in types if types.count(name) == 1)


def _custom(schema: Schema) -> Schema:
    result: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _custom(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            result[key] = _custom(value)
        elif key in _KEPT:
            result[key] = value
        elif key not in _DROPPED and not key.startswith("x-kubernetes-"):
            raise ValueError(f"a CRD says {key}: {value}, which the conversion does not know")
    if schema.get("x-kubernetes-int-or-string"):
        result["type"] = ["integer", "string"]
    elif "anyOf" in schema:
        raise ValueError(f"anyOf is more than int-or-string: {schema['anyOf']}")
    if schema.get("nullable"):
        result["type"] = [result["type"], "null"]
    keeps_unknown = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and not keeps_unknown:
        result["additionalProperties"] = False
    return result


def _references(schema: Any) -> set[str]:
    """Names of the definitions that a schema refers to, anywhere below."""
    if isinstance(schema, list):
        return set().union(*map(_references, schema))
    if not isinstance(schema, dict):
        return set()
    references = set().union(*map(_references, schema.values()))
    reference = schema.get("$ref")
    return references | {reference.removeprefix(_REF)} if isinstance(reference, str) else references
