"""The values of a Helm release in the order of its GitOps tool: a later source wins."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.model.helm_install import HelmInstall, helm_sources
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.renderers.helm import merged
from rediskit.renderers.tree import Object
from rediskit.yamlio.foreign import MAX_BYTES, read_foreign

Values = dict[str, Any]


class Source(NamedTuple):
    """One source of values. name: as a person finds it, such as `spec.values` or a path; kind: its place in the order of the tool."""

    name: str
    kind: str
    values: Values


def combined(sources: Iterable[Source]) -> Values:
    """Return the values of all sources."""
    result: Values = {}
    for source in sources:
        result = merged(result, source.values)
    return result


def sources_of(install: HelmInstall, objects: Mapping[Any, Object], top: Path | None) -> list[Source]:
    """Return the sources of values in the order of the tool.

    Flux: `valuesFrom`, then `values`. Argo CD: `valueFiles`, `values`, `valuesObject`, `parameters`.

    Args:
        install: The HelmRelease or Application.
        objects: The objects of the build, with the ConfigMaps of `valuesFrom`.
        top: The checkout, with the files of `valueFiles`.

    Raises:
        RefusedError: A source cannot be read, such as a Secret.
    """
    if install.kind == "HelmRelease":
        return [*_values_from(install, objects), Source("spec.values", "values", mapping_at(install.content, "spec", "values"))]
    helm = mapping_at(install.source, "helm")
    sources = [Source(name, "valueFiles", _value_file(install, str(name), top)) for name in list_at(helm, "valueFiles")]
    if text_at(helm, "values"):
        sources.append(Source("helm.values", "values", _parsed(text_at(helm, "values").encode(), f"helm.values of {install.reference}")))
    sources.append(Source("helm.valuesObject", "valuesObject", mapping_at(helm, "valuesObject")))
    parameters: Values = {}
    for parameter in list_at(helm, "parameters"):
        value = str(at(parameter, "value") or "")
        typed = value if at(parameter, "forceString") is True else _typed(value)
        parameters = _put(parameters, str(at(parameter, "name")), typed, install)
    return [*sources, Source("helm.parameters", "parameters", parameters)]


def _values_from(install: HelmInstall, objects: Mapping[Any, Object]) -> list[Source]:
    sources = []
    for entry in list_at(install.content, "spec", "valuesFrom"):
        kind, name, key = text_at(entry, "kind"), text_at(entry, "name"), text_at(entry, "valuesKey") or "values.yaml"
        where = f"{kind}/{name}"
        if kind != "ConfigMap":
            raise _unseen(install, where, "a Secret is not readable")
        content = next(
            (content for (found_kind, _, found_name), content in objects.items() if (found_kind, found_name) == (kind, name)), None
        )
        text = at(content, "data", key)
        if text is None and at(entry, "optional") is True:
            continue
        if not isinstance(text, str):
            raise _unseen(install, where, f"it has no {key} in the build" if content else "it is not in the build")
        path = text_at(entry, "targetPath")
        values = _put({}, path, _typed(text), install) if path else _parsed(text.encode(), f"{key} of {where}")
        sources.append(Source(where, "valuesFrom", values))
    return sources


def _value_file(install: HelmInstall, name: str, top: Path | None) -> Values:
    """Return the values in a file of the checkout: `$ref/path` from its root, any other path from the folder of the source."""
    if top is None or "://" in name:
        raise _unseen(install, name, "it is not in the checkout")
    file = top / _inside(install, name)
    try:
        if not file.resolve().is_relative_to(top):
            raise _unseen(install, name, "it is outside of the checkout")
        return _parsed(read_regular(file, MAX_BYTES), name)
    except FileNotFoundError:
        if at(install.source, "helm", "ignoreMissingValueFiles") is True:
            return {}
        raise _unseen(install, name, "it is not in the checkout") from None
    except OSError as error:
        raise _unseen(install, name, reason(error)) from error


def _inside(install: HelmInstall, name: str) -> str:
    return name.partition("/")[2] if name.startswith("$") else str(Path(text_at(install.source, "path")) / name)


def value_files(install: HelmInstall, top: Path) -> frozenset[Path]:
    """Return the real paths of the values files of an Application, where they are in the checkout `top`."""
    names = [str(name) for name in list_at(install.source, "helm", "valueFiles")]
    return frozenset((top / _inside(install, name)).resolve() for name in names if "://" not in name and "\0" not in name)


def readable_values(install: HelmInstall, top: Path) -> list[Source]:
    """Return the values files of an Application that can be read, in their order."""
    sources = []
    for name in list_at(install.source, "helm", "valueFiles"):
        try:
            sources.append(Source(name, "valueFiles", _value_file(install, str(name), top)))
        except (RefusedError, ConfigError):
            continue
    return sources


def with_parsed_values(install: HelmInstall, content: Object) -> Object:
    """Return an object of a checkout, for the Application itself with the text `helm.values` as a mapping, so that a use has a key."""
    if f"{content.get('kind')}/{at(content, 'metadata', 'name')}" != install.reference:
        return content
    application: Object = deepcopy(content)
    for source in helm_sources(application):
        if text := text_at(source, "helm", "values"):
            source["helm"]["values"] = _parsed(text.encode(), f"helm.values of {install.reference}")
    return application


def _unseen(install: HelmInstall, where: str, why: str) -> RefusedError:
    hint = "omit --chart: rediskit then compares the objects of the GitOps tool only, and migrate verify compares the workload"
    return RefusedError(Problem(f"the values of {install.reference} in {where} are not visible: {why}", hint, code="values-hidden"))


def _parsed(text: bytes, name: str) -> Values:
    documents = read_foreign(text, name)
    content = documents[0].data if documents else None
    if content is not None and not isinstance(content, dict):
        raise ConfigError(Problem(f"{name} contains no Helm values", "write a mapping of keys and values"))
    return content or {}


def _put(values: Values, path: str, value: Any, install: HelmInstall) -> Values:
    """Return values with one more at a path of keys, as `--set` writes it."""
    keys = [key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", path)]
    if not path or any("[" in key for key in keys):
        raise _unseen(install, path or "a parameter without name", "rediskit does not read an index into a list")
    for key in reversed(keys):
        value = {key: value}
    return merged(values, value)


def _typed(text: str) -> Any:
    """Return a value of `--set`: a boolean, null or a whole number, else text (Helm pkg/strvals)."""
    words: dict[str, Any] = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text
