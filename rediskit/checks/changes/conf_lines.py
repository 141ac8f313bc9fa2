"""The lines of redis.conf whose change has no rule of its own."""

from rediskit.checks.changes.settings import Setting, Settings
from rediskit.checks.finding import Subject
from rediskit.checks.redis_conf import DATA_FILES, directives

_WITH_RULE = frozenset({"appendonly", "databases", "maxmemory", "maxmemory-policy", "rename-command", "save", *DATA_FILES})


def conf_lines(subject: Subject) -> Settings:
    """Return the lines of each role by name. A name can have several lines, such as one for each module."""
    lines: dict[str, Setting] = {}
    for role in subject.profile.parts:
        for directive in directives(subject, role):
            if directive.name not in _WITH_RULE:
                key = f"{role} {directive.name}"
                before = f"{lines[key].value}; " if key in lines else ""
                lines[key] = Setting(directive.path, before + directive.text)
    return lines
