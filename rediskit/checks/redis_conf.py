"""The lines of redis.conf of each role, read as Redis reads them (sds.c sdssplitargs)."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rediskit.chart.profile import Keys
from rediskit.checks.finding import Subject
from rediskit.errors import Path
from rediskit.model.nested import at, list_at
from rediskit.model.once import once

VALUES: Path = ("redis", "values")
DATA_FOLDER = "/data"
"""The directory of the data in all charts by default, and in the official images."""
DATA_FILES = {"dbfilename": "dump.rdb", "appendfilename": "appendonly.aof", "appenddirname": "appendonlydir"}
"""The settings with the names of files and folders that contain data, with their defaults."""
# Most configs have no quotation marks and no ACL rules: these are compiled on first use.
_WORD = r"""\s*+([^\s"']*)(?:"((?:\\.|[^"\\])*)"|'((?:\\'|[^'])*)')?(?=\s|$)"""
_ESCAPE = r"\\(?:x([0-9a-fA-F]{2})|(.))"
_HASH = "#[0-9a-f]{64}"
"""The SHA-256 of a password in an ACL rule. Redis accepts only lower-case digits (acl.c ACLCheckPasswordHash)."""
_TEXTS = frozenset("appenddirname appendfilename dbfilename logfile proc-title-template syslog-ident unixsocket".split())
"""Settings with one word of any text."""
_PLAIN = r"""[^\s"']+"""


class Directive(NamedTuple):
    """One line of redis.conf. The last of a name wins, except for `save`.

    Attributes:
        name: The name in lower case, without quotes.
        value: The other words with one space between them. Only words that need quotes have them.
        path: The config path of its text.
        comment: The first word that starts with `#` and that Redis would refuse; "" without one.
        balanced: Whether each quotation mark is closed before a space.
    """

    name: str
    value: str
    path: Path
    comment: str = ""
    balanced: bool = True

    @property
    def text(self) -> str:
        """The line in redis.conf."""
        return f"{self.name} {self.value}".strip()


@once
def directives(subject: Subject, role: str) -> tuple[Directive, ...]:
    """Return the settings of a role in the order in which the server reads them.

    These are redis.conf, the configuration of the role, and flags.
    """
    return tuple(_directives(subject, role))


def disabled_in(subject: Subject, role: str) -> set[str]:
    """Return the commands that the pods of a role do not have: those of a list in the values, and those that redis.conf renames."""
    part = subject.profile.parts[role]
    listed = {str(name).upper() for name in list_at(subject.values, *part.disabled)} if part.disabled else set()
    return listed | {entry.value.split(" ")[0].upper() for entry in directives(subject, role) if entry.name == "rename-command"}


def _directives(subject: Subject, role: str) -> Iterator[Directive]:
    part = subject.profile.parts[role]
    for path in part.conf:
        yield from _conf(subject)[path]
    flags = at(subject.values, *part.flags)
    words = " ".join(map(str, flags)).split() if isinstance(flags, list) else []
    for name, value in re.findall(r"(?:^|--)(\S+)((?: (?!--)\S+)*)", " ".join(words)):
        yield _directive(f"{name.removeprefix('--')}{value}", (*VALUES, *part.flags))


@once
def all_directives(subject: Subject) -> tuple[Directive, ...]:
    """Return the settings of all roles, each once."""
    return tuple(dict.fromkeys(directive for role in subject.profile.parts for directive in directives(subject, role)))


@once
def _conf(subject: Subject) -> Mapping[Keys, list[Directive]]:
    """Return the settings in each text of redis.conf, of which roles have some in common."""
    paths = dict.fromkeys(path for part in subject.profile.parts.values() for path in part.conf)
    # Other line breaks of Unicode are part of a line.
    texts = {path: [line.strip(" \t\r") for line in str(at(subject.values, *path) or "").split("\n")] for path in paths}
    return {
        path: [_directive(line, (*VALUES, *path)) for line in lines if line and not line.startswith("#")] for path, lines in texts.items()
    }


def comments(subject: Subject, role: str) -> Iterator[tuple[str, Path]]:
    """Yield the comments in redis.conf of a role, with the config path of their text."""
    for path in subject.profile.parts[role].conf:
        lines = str(at(subject.values, *path) or "").split("\n")
        yield from ((line.strip(), (*VALUES, *path)) for line in lines if line.lstrip(" \t\r").startswith("#"))


def last_directive(subject: Subject, role: str, name: str) -> Directive | None:
    """Return the setting of a name that takes effect; None where there is none."""
    return next((entry for entry in reversed(directives(subject, role)) if entry.name == name), None)


def _directive(line: str, path: Path) -> Directive:
    if '"' not in line and "'" not in line:
        name, *values = line.split()
        return Directive(name.lower(), " ".join(values), path, _comment(name.lower(), values) if "#" in line else "")
    raw, words, position = [], [], 0
    while position < len(line) and (match := re.compile(_WORD).match(line, position)):
        raw.append(match[0].strip())
        words.append(match[1] + _unescaped(match[2] or "") + (match[3] or "").replace("\\'", "'"))
        position = match.end()
    balanced = position == len(line)
    if not balanced:
        raw = words = line.split()
    name, *values = words
    quoted = [word if re.fullmatch(_PLAIN, word) else '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"')) for word in values]
    return Directive(name.lower(), " ".join(quoted), path, _comment(name.lower(), raw[1:]), balanced)


def _comment(name: str, words: list[str]) -> str:
    """Return the first word that is meant as a comment. Redis knows comments only at the start of a line: it is an argument."""
    arguments = {"user": words[:1] + [word for word in words if re.fullmatch(_HASH, word)], "loadmodule": words}
    accepted = arguments.get(name, words if name in _TEXTS and len(words) == 1 else [])
    return next((word for word in words if word.startswith("#") and word not in accepted), "")


def _unescaped(text: str) -> str:
    """Return the text between double quotes. Other escapes than those of a byte and a control character are the character itself."""
    controls = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "a": "\a"}
    return re.sub(_ESCAPE, lambda match: chr(int(match[1], 16)) if match[1] else controls.get(match[2], match[2]), text)
