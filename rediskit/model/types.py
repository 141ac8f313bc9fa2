"""Constrained text types of the config, each with its own message and hint."""

from datetime import date, datetime
from posixpath import normpath
from typing import Annotated

from pydantic import Field, Strict

from rediskit.dns import LABEL, SUBDOMAIN
from rediskit.model.base import Text, refuse, shown

_LABEL_HINT = "use lower-case letters, digits and '-', with a letter or a digit first and last"
_LABEL_VALUE = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_LABEL_VALUE_HINT = "use letters, digits, '-', '_' and '.', with a letter or a digit first and last"
_HELM_KEY = r"[A-Za-z][A-Za-z0-9_-]*"
_HOST = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?"

_URL_PATH = r"[A-Za-z0-9._/:@%+~=\[\]-]+"
"""Characters of a URL that have no meaning to a terminal, a shell or Markdown, because pages and commands contain it."""
_UNPRINTABLE = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Control characters, line separators and characters that change the direction of text."""

Flag = Annotated[bool, Strict()]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]

Line = Annotated[str, Text(rf"[^{_UNPRINTABLE}]+", 0, "one line of text", "write the text in one line")]
Prose = Annotated[str, Text(r"[^\x00-\x08\x0b-\x1f\x7f]+", 0, "text", "write text, or remove the key")]

_VERSION = r"(?:>=|<=|>|<|==|!=|~=) ?[0-9]+(?:\.[0-9]+)*"
VersionRange = Annotated[str, Text(rf"{_VERSION}(?:, ?{_VERSION})*", 100, "a range of versions", "write it like >=0.1,<0.2")]
"""PEP 440 version specifiers, without wildcards and pre-releases."""

DnsLabel = Annotated[str, Text(LABEL, 63, "a DNS label", _LABEL_HINT)]
"""RFC 1123 label: names of namespaces, clients, containers."""
ReleaseName = Annotated[
    str,
    Text(
        r"[a-z](?:[-a-z0-9]*[a-z0-9])?",
        37,
        "a release name",
        "use lower-case letters, digits and '-', with a letter first, because Services use the name",
    ),
]
"""The name of a Service starts with a letter (RFC 1035). A label has 63 characters, of which the chart uses 15 (`-redis-replicas`) and the
StatefulSet controller 11 (the label `controller-revision-hash` of the pods)."""
DnsName = Annotated[str, Text(SUBDOMAIN, 253, "a DNS name", _LABEL_HINT + ", and '.' between the parts")]
"""RFC 1123 subdomain: names of Secrets and Deployments, host names."""
Prefix = Annotated[str, Text(LABEL, 40, "a name prefix", _LABEL_HINT)]
LabelKey = Annotated[
    str,
    Text(
        rf"(?:{SUBDOMAIN}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?",
        317,
        "a label key",
        "write it like app.kubernetes.io/name, with at most 63 characters after the slash",
    ),
]
LabelValue = Annotated[str, Text(rf"(?:{_LABEL_VALUE})?", 63, "a label value", _LABEL_VALUE_HINT)]
NonEmptyLabelValue = Annotated[str, Text(_LABEL_VALUE, 63, "a label value", _LABEL_VALUE_HINT)]
SecretKey = Annotated[str, Text(r"(?!\.\.|\.$)[-._a-zA-Z0-9]+", 253, "a key of a Secret", "use letters, digits, '-', '_' and '.'")]
EnvName = Annotated[
    str,
    Text(
        r"[A-Za-z_][A-Za-z0-9_]*",
        0,
        "the name of an environment variable",
        "write the name, not the value: letters, digits and '_', no digit first",
    ),
]
ObjectReference = Annotated[
    str, Text(rf"[A-Z][A-Za-z]*/{SUBDOMAIN}", 300, "a reference to an object", "write it as Kind/name, like Deployment/redis")
]
DeployingObject = Annotated[
    str,
    Text(
        rf"(?:Application|Kustomization|HelmRelease)/{LABEL}/{SUBDOMAIN}",
        400,
        "an object that deploys an application",
        "write it as Kind/namespace/name, like Application/argocd/shop; kinds: Application, Kustomization, HelmRelease",
    ),
]
RedisCommand = Annotated[str, Text(r"[A-Z]+", 64, "a Redis command", "use capital letters, like FLUSHALL")]
SavePoint = Annotated[str, Text(r"[1-9][0-9]{0,8} [1-9][0-9]{0,8}", 0, "a save point", "write seconds and number of changes, like 900 1")]
ValuePath = Annotated[
    str, Text(rf"{_HELM_KEY}(?:\.{_HELM_KEY})*", 0, "a path of Helm values", "write the keys with '.' between them, like master.newKey")
]


def _timestamp(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        refuse("invalid-value", f"{text} is not a time: {error}", "check the date and the time")
    return text


Timestamp = Annotated[
    str,
    Text(
        r"\d{4}-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
        0,
        "a time with a UTC offset",
        "use the format of RFC 3339, like 2026-03-01T22:00:00-03:00",
        _timestamp,
    ),
]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        refuse("invalid-value", f"{text} does not exist", "check the month and the day")
    return text


Day = Annotated[str, Text(r"\d{4}-\d{2}-\d{2}", 0, "a date", "write year, month and day, like 2027-03-31", _day)]
FindingCode = Annotated[str, Text(r"[a-z0-9]+(?:-[a-z0-9]+)*", 64, "a finding code", "copy the code from the report, like frozen-image")]

KUBERNETES_VERSIONS = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The minor versions whose schemas are vendored in rediskit/data/schemas."""


_VERSIONS = {"enum": [*KUBERNETES_VERSIONS, *map(float, KUBERNETES_VERSIONS)]}
"""The YAML parser of an editor reads an unquoted 1.34 as a number."""


def _kubernetes(text: str) -> str:
    if text not in KUBERNETES_VERSIONS:
        refuse("kubernetes-version", f"Kubernetes {text} is not supported", f"choose one of {', '.join(KUBERNETES_VERSIONS)}")
    return text


KubernetesVersion = Annotated[
    str, Text(r"[0-9]{1,3}\.[0-9]{1,3}", 0, "a minor version of Kubernetes", "write two numbers, like 1.34", _kubernetes, _VERSIONS)
]
ExactVersion = Annotated[
    str,
    Text(
        r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        64,
        "an exact version",
        "write three numbers without v, like 23.2.12; a range makes the result depend on the time",
    ),
]


def _tag(text: str) -> str:
    if text == "latest":
        refuse("image-tag", "the tag latest changes over time", "write another tag, or pin the image by digest")
    return text


ImageTag = Annotated[
    str, Text(r"(?:\w[\w.-]*)?", 128, "an image tag", "write it like 8.2.1-debian-12-r0", _tag, {"not": {"const": "latest"}})
]
Digest = Annotated[str, Text(r"(?:sha256:[0-9a-f]{64})?", 71, "an image digest", "write sha256: and 64 hexadecimal digits")]
Registry = Annotated[
    str, Text(rf"{_HOST}(?:/[a-z0-9._/-]+)?", 255, "a registry", "write a host like docker.io, optionally with a port and a path")
]
ImageRepository = Annotated[
    str,
    Text(
        r"[a-z0-9]+(?:(?:[._-]|__|/)[a-z0-9]+)*",
        255,
        "an image repository",
        "write it like library/redis; registry and tag are separate keys",
    ),
]
ChartRepository = Annotated[
    str,
    Text(
        rf"oci://{_HOST}(?:/[a-z0-9._-]+)+|https://{_HOST}(?:/[A-Za-z0-9._-]+)*/?",
        255,
        "a chart repository",
        "write it like oci://registry-1.docker.io/charts/redis or https://charts.example.com; the version is a separate key",
    ),
]
GitRepository = Annotated[
    str,
    Text(
        rf"(?:https?://[\w.-]+(?::[0-9]+)?/{_URL_PATH}|ssh://{_URL_PATH}|file:///{_URL_PATH}|[\w.-]+@[\w.-]+:{_URL_PATH})",
        2048,
        "a Git repository URL",
        "write the URL that Argo CD or Flux uses, like https://github.com/owner/name.git",
    ),
]
GitRevision = Annotated[str, Text(r"(?!.*\.\.)\w[\w.-]*(?:/\w[\w.-]*)*", 255, "a Git branch, tag or commit", "write one name, like main")]
ServerAddress = Annotated[
    str, Text(r"https?://[\w.\[\]:-]+(?:/[!-~]*)?", 2048, "an API server URL", "write it like https://kubernetes.default.svc")
]
AgeRecipient = Annotated[
    str,
    Text(
        r"age1[02-9ac-hj-np-z]{58}", 62, "an age public key", "copy the output of `age-keygen -y KEYFILE`: age1 and 58 letters and digits"
    ),
]
RelativeFile = Annotated[str, Text(rf"[^{_UNPRINTABLE}]+", 1024, "a path", "write a path relative to the config file, in one line")]


_INSIDE = {"not": {"pattern": r"^/|(?:^|/)\.\.(?:/|$)"}}


def _tree_path(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        refuse(
            "file-outside",
            f"{shown(text)} is outside the Git repository",
            "write a path relative to the root of the repository, without ..",
        )
    return normpath(text)


TreePath = Annotated[
    str, Text(r"[\w./-]+", 1024, "a path inside a Git repository", "write it like rendered/chocolandia", _tree_path, _INSIDE)
]
