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
from rediskit.renderers.owner.helm_values import inline_values, parsed_values
from rediskit.renderers.tree import Object
from rediskit.yamlio.foreign import MAX_BYTES

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


def sources_of(install: HelmInstall, objects: Mapping[Any, Object], top: Path | None, own: Source | None = None) -> list[Source]:
    """Return the sources of values in the order of the tool.

    Flux: `valuesFrom`, then `values`. Argo CD: `valueFiles`, the values in the Application, `parameters`.

    Args:
        install: The HelmRelease or Application.
        objects: The objects of the build, with the ConfigMaps of `valuesFrom`.
        top: The checkout, with the files of `valueFiles`.
        own: The values of a step, with the path of the file that `migrate export` writes. It replaces that file, which has the values of
            another step, or does not exist yet.

    Raises:
        RefusedError: A source cannot be read, such as a Secret.
    """
    if install.kind == "HelmRelease":
        return [*_values_from(install, objects), Source("spec.values", "values", mapping_at(install.content, "spec", "values"))]
    helm = mapping_at(install.source, "helm")
    sources = []
    for name in map(str, list_at(helm, "valueFiles")):
        is_own = own is not None and top is not None and _path(install, name, top) == Path(own.name)
        sources.append(own if own is not None and is_own else Source(name, "valueFiles", _value_file(install, name, top)))
    sources.append(Source("helm.valuesObject", "values", inline_values(install.source, install.reference)))
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
        values = _put({}, path, _typed(text), install) if path else parsed_values(text.encode(), f"{key} of {where}")
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
        return parsed_values(read_regular(file, MAX_BYTES), name)
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
    return frozenset(path for name in list_at(install.source, "helm", "valueFiles") if (path := _path(install, str(name), top)))


def _path(install: HelmInstall, name: str, top: Path) -> Path | None:
    """Return the real path of a values file; None if it is no path."""
    return None if "://" in name or "\0" in name else (top / _inside(install, name)).resolve()


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
    """Return an object of a checkout, for the Application itself with its values as `helm.valuesObject`, so that a use has a key."""
    if f"{content.get('kind')}/{at(content, 'metadata', 'name')}" != install.reference:
        return content
    application: Object = deepcopy(content)
    for source in helm_sources(application):
        if values := inline_values(source, install.reference):
            source["helm"] = {key: value for key, value in source["helm"].items() if key != "values"} | {"valuesObject": values}
    return application


def _unseen(install: HelmInstall, where: str, why: str) -> RefusedError:
    hint = "omit --chart: rediskit then compares the objects of the GitOps tool only, and migrate verify compares the workload"
    return RefusedError(Problem(f"the values of {install.reference} in {where} are not visible: {why}", hint, code="values-hidden"))


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
