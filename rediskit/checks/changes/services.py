"""The settings of the Services of the chart, without the ports (`settings.ports`) and the type, which `chart-owned-value` keeps."""

from rediskit.checks.changes.settings import Settings, from_values
from rediskit.checks.finding import Subject

_IMMUTABLE = frozenset({"clusterIP", "ipFamilies"})
"""The fields of a Service that the API server keeps. A second IP family can change; it refuses another first one."""
_fields = from_values(lambda profile: dict.fromkeys(profile.services, ""))


def addresses(subject: Subject) -> Settings:
    """Return the fields that can't change."""
    return {name: setting for name, setting in _fields(subject).items() if setting.path[-1] in _IMMUTABLE}


def others(subject: Subject) -> Settings:
    """Return the fields that can change."""
    layout, sections = subject.profile.layout.ports, subject.profile.services
    known = {*addresses(subject), *(".".join(keys) for _, keys in layout.values()), *(f"{section}.type" for section in sections)}
    return {name: setting for name, setting in _fields(subject).items() if name not in known}
