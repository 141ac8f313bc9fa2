"""The constrained texts of a config. Each says in its own words what it wants and how to mend it."""

from __future__ import annotations

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
"""What a URL may have that is shown to people and stands in commands: nothing that a terminal or Markdown acts upon."""
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Control characters, line separators, and what turns the direction of text."""

Flag = Annotated[bool, Strict()]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]

Line = Annotated[str, Text(rf"[^{_UNSEEN}]+", 0, "one line of text", "write some words in one line")]
Prose = Annotated[str, Text(r"[^\x00-\x08\x0b-\x1f\x7f]+", 0, "text", "write some words, or leave it out")]

DnsLabel = Annotated[str, Text(LABEL, 63, "a DNS label", _LABEL_HINT)]
"""RFC 1123 label: names of namespaces, clients, containers."""
ReleaseName = Annotated[
    str,
    Text(
        r"[a-z](?:[-a-z0-9]*[a-z0-9])?",
        37,
        "a release name",
        "use lower-case letters, digits and '-', with a letter first: Services are named after it",
    ),
]
"""A Service begins with a letter (RFC 1035). 37 characters: the chart adds `-redis` and `-replicas`, the StatefulSet controller 11 more
(the label controller-revision-hash of its pods), and a label has 63."""
DnsName = Annotated[str, Text(SUBDOMAIN, 253, "a DNS name", _LABEL_HINT + "; parts are joined by '.'")]
"""RFC 1123 subdomain: names of Secrets and Deployments, host names."""
Prefix = Annotated[str, Text(LABEL, 40, "a prefix of names", _LABEL_HINT)]
LabelKey = Annotated[
    str,
    Text(
        rf"(?:{SUBDOMAIN}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?",
        317,
        "a label key",
        "write it like app.kubernetes.io/name; 63 characters at most behind the slash",
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
        "name the variable, not its value: letters, digits and '_', no digit first",
    ),
]
ObjectReference = Annotated[
    str, Text(rf"[A-Z][A-Za-z]*/{SUBDOMAIN}", 300, "a reference to an object", "write it as Kind/name, like Deployment/redis")
]
RedisCommand = Annotated[str, Text(r"[A-Z]+", 64, "a Redis command", "write it in capitals, like FLUSHALL")]
SavePoint = Annotated[str, Text(r"[1-9][0-9]{0,8} [1-9][0-9]{0,8}", 0, "a save point", "write seconds and changes, like 900 1")]
ValuePath = Annotated[
    str, Text(rf"{_HELM_KEY}(?:\.{_HELM_KEY})*", 0, "a path of Helm values", "write the keys with '.' between them, like master.newKey")
]


def _timestamp(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        refuse(f"{text} is no time: {error}", "check the calendar")
    return text


Timestamp = Annotated[
    str,
    Text(
        r"\d{4}-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
        0,
        "a time with its offset",
        "write it as in RFC 3339, like 2026-03-01T22:00:00-03:00",
        _timestamp,
    ),
]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        refuse(f"{text} is not in the calendar", "check month and day")
    return text


Day = Annotated[str, Text(r"\d{4}-\d{2}-\d{2}", 0, "a day", "write year, month and day, like 2027-03-31", _day)]
FindingCode = Annotated[str, Text(r"[a-z0-9]+(?:-[a-z0-9]+)*", 64, "the code of a finding", "copy it from the report, like frozen-image")]

KUBERNETES_VERSIONS = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The minor versions whose schemas are vendored in rediskit/data/schemas."""


_VERSIONS = {"enum": [*KUBERNETES_VERSIONS, *map(float, KUBERNETES_VERSIONS)]}
"""For an editor's YAML parser an unquoted 1.34 is a number."""


def _kubernetes(text: str) -> str:
    if text not in KUBERNETES_VERSIONS:
        refuse(f"no schemas for Kubernetes {text}", f"known: {', '.join(KUBERNETES_VERSIONS)}")
    return text


KubernetesVersion = Annotated[
    str, Text(r"[0-9]{1,3}\.[0-9]{1,3}", 0, "a minor version of Kubernetes", "write two numbers, like 1.34", _kubernetes, _VERSIONS)
]
ExactVersion = Annotated[
    str,
    Text(
        r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        64,
        "one exact version",
        "write all three numbers and no v, like 23.2.12; with a range one commit would render to two results",
    ),
]


def _tag(text: str) -> str:
    if text == "latest":
        refuse("latest is another image every week", "name the tag, or pin the image by digest")
    return text


ImageTag = Annotated[
    str, Text(r"(?:\w[\w.-]*)?", 128, "an image tag", "write it like 8.2.1-debian-12-r0", _tag, {"not": {"const": "latest"}})
]
Digest = Annotated[str, Text(r"(?:sha256:[0-9a-f]{64})?", 71, "an image digest", "write sha256: and 64 digits, 0-9 and a-f")]
Registry = Annotated[
    str, Text(rf"{_HOST}(?:/[a-z0-9._/-]+)?", 255, "a registry", "write a host like docker.io, with a port and a path where it has them")
]
ImageRepository = Annotated[
    str,
    Text(
        r"[a-z0-9]+(?:(?:[._-]|__|/)[a-z0-9]+)*",
        255,
        "an image repository",
        "write it like bitnamilegacy/redis; registry and tag have their own keys",
    ),
]
OciRepository = Annotated[
    str,
    Text(
        rf"oci://{_HOST}(?:/[a-z0-9._-]+)+",
        255,
        "an OCI chart repository",
        "write it like oci://registry-1.docker.io/bitnamicharts/redis; the version has its own key",
    ),
]
GitRepository = Annotated[
    str,
    Text(
        rf"(?:https?://[\w.-]+(?::[0-9]+)?/{_URL_PATH}|ssh://{_URL_PATH}|file:///{_URL_PATH}|[\w.-]+@[\w.-]+:{_URL_PATH})",
        2048,
        "the address of a Git repository",
        "write it as Argo CD or Flux reaches it, like https://github.com/owner/name.git",
    ),
]
GitRevision = Annotated[str, Text(r"(?!.*\.\.)\w[\w.-]*(?:/\w[\w.-]*)*", 255, "a Git branch, tag or commit", "write one name, like main")]
ServerAddress = Annotated[
    str, Text(r"https?://[\w.\[\]:-]+(?:/[!-~]*)?", 2048, "the address of an API server", "write it like https://kubernetes.default.svc")
]
AgeRecipient = Annotated[
    str,
    Text(
        r"age1[02-9ac-hj-np-z]{58}", 62, "a public key of age", "write what `age-keygen -y KEYFILE` prints: age1 and 58 letters and digits"
    ),
]
RelativeFile = Annotated[str, Text(rf"[^{_UNSEEN}]+", 1024, "a path", "write it in one line, relative to the config file")]


_INSIDE = {"not": {"pattern": r"^/|(?:^|/)\.\.(?:/|$)"}}


def _tree_path(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        refuse(f"{shown(text)} leaves the Git repository", "write it relative to the root of the repository, without ..")
    return normpath(text)


TreePath = Annotated[
    str, Text(r"[\w./-]+", 1024, "a path inside a Git repository", "write it like rendered/chocolandia", _tree_path, _INSIDE)
]
