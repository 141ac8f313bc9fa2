"""The names of the pods of workloads as regular expressions, for the label `pod` of Prometheus."""

from collections.abc import Iterable

from rediskit.model.workload import Workload

_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
"""A character of a generated name (https://github.com/kubernetes/apimachinery, pkg/util/rand/rand.go, alphanums)."""
_LONGEST = 58
"""The longest text before the five characters (https://github.com/kubernetes/apiserver, pkg/storage/names/generate.go)."""
_HASH = 10
"""The longest hash of a pod template: a number of 32 bits in decimal digits, of which each becomes one character."""


def literal(name: str) -> str:
    """Return a name as a pattern. Unlike `re.escape`, it adds no backslash, which a string of PromQL would need twice."""
    return name.replace(".", "[.]")


def pods_of(workloads: Iterable[Workload]) -> str:
    """Return the pattern of the pods of workloads that run permanently; "" without any. A CronJob has a new pod per run."""
    return "|".join(_pattern(str(workload.kind), str(workload.name)) for workload in workloads if workload.kind != "CronJob")


def _pattern(kind: str, name: str) -> str:
    if kind == "StatefulSet":
        return f"{literal(name)}-[0-9]+"
    if len(name) + 1 + _HASH + 1 <= _LONGEST:
        return f"{literal(name)}-{_LETTERS}{{1,{_HASH}}}-{_LETTERS}{{5}}"
    return f"{literal(f'{name}-'[:_LONGEST])}{_LETTERS[:-1]}-]{{5,{_HASH + 6}}}"
