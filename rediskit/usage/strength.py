"""The strength of a use of an address in a text: certain, possible or none.

Certain: a host with two labels or more, an IP address, `name:port`, the host of a URL, and the bare name as the whole value of a variable
that is switched or ends in one of `SUFFIXES`, or after `-h` or `--host`. Possible: the bare name as a word elsewhere, and any host with the
port of a node.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from rediskit.usage.patterns import SUFFIXES, Patterns
from rediskit.usage.texts import Text

Strength = Literal["certain", "possible"]
_SORTS = (
    *("DRIVER", "STORE", "STORAGE", "TYPE", "BACKEND", "ENGINE", "ADAPTER", "CONNECTION", "KIND", "PROVIDER", "PROVIDERS", "MODE"),
    *("CACHE", "CACHES", "QUEUE", "CLIENT", "PREFIX", "USER", "USERNAME", "TRANSPORT", "PLUGIN", "PLUGINS", "SCHEME", "PROTOCOL"),
    *("DIALECT", "HANDLER", "STRATEGY", "LIBRARY", "FORMAT", "PROFILE", "PROFILES", "ACTIVE", "MODULE", "MODULES", "EXTENSIONS"),
    *("PACKAGE", "PACKAGES", "IMAGE", "VENDOR", "PRODUCT", "FLAVOR", "IMPLEMENTATION", "SESSION", "SESSIONS", "LOCK", "LOCKS"),
)
"""The endings of variables that contain a type, as in `SESSION_DRIVER=redis`: a bare name as the value is not a host."""


class Match(NamedTuple):
    """A use in a text. shown: the form of the address, without the text beside it."""

    strength: Strength
    shown: str


def match(text: Text, patterns: Patterns, switched: frozenset[str]) -> Match | None:
    """Return the strongest use in a text; None if there is none."""
    return min(_matches(text, patterns, switched), key=lambda use: use.strength, default=None)


def _matches(text: Text, patterns: Patterns, switched: frozenset[str]) -> Iterator[Match]:
    local: Strength = "certain" if patterns.known else "possible"
    forms = patterns.forms_in(text.content)
    strengths: tuple[tuple[re.Pattern[str] | None, Strength], ...]
    strengths = ((forms.complete, "certain"), (forms.local, local), (forms.partial, "possible"))
    for pattern, strength in strengths:
        for match in pattern.finditer(text.content) if pattern else ():
            if (limit := _limit(text, match.start())) is not None and not _selects(text.content, match):
                yield Match(max(strength, limit), _form(match[0]))
    if forms.linked and (linked := forms.linked.search(text.content)):
        ours = text.kind in _CONTAINER and linked["name"] not in text.defined
        yield Match(local if ours else "possible", linked["name"])
    if forms.word is not None:
        yield from _words(text, forms.word, local, switched)


_CONTAINER = frozenset({"env", "argument", "command", "probe", "hook"})
_FREE_TEXT = _CONTAINER | {"file", "value"}


def _words(text: Text, word: re.Pattern[str], local: Strength, switched: frozenset[str]) -> Iterator[Match]:
    """Yield the uses of a bare name: as the whole text by its key, or as a word in free text."""
    whole = text.content.strip().strip("\"'").rstrip(".")
    if word.fullmatch(whole.lower()):
        key = text.key.lstrip("-")
        if text.kind == "annotation":
            return
        if text.kind == "service" or key in switched or key.upper().endswith(SUFFIXES) or text.key == "-h":
            yield Match(local, whole)
        elif text.kind in _FREE_TEXT and not _sort(key):
            yield Match("possible", whole)
    elif text.kind in _FREE_TEXT:
        for match in word.finditer(text.content):
            if _limit(text, match.start()) is not None and not _sort(_key_before(text.content, match.start())):
                yield Match("possible", match[0])


_SELECTOR = r"(?P<before>.*)\{(?:[\w.]+(?:=~|!~|!=|=)\\?[\"'][^\"'\\]*\\?[\"'],\s*)*$"


def _selects(content: str, match: re.Match[str]) -> bool:
    """Return whether a match is a label matcher of PromQL or LogQL, as in `up{service="redis"}`; not of a TOML table."""
    if "=" not in match[0] or not match[0].endswith(('"', "'")):
        return False
    selector = re.match(_SELECTOR, content[content.rfind("\n", 0, match.start()) + 1 : match.start()])
    return selector is not None and not selector["before"].rstrip().endswith(("=", ":"))


_FORM = re.compile(r"[\w.-]+(?::\d+)?$")


def _form(text: str) -> str:
    """Return the host and the port at the end of a match, without the credentials before them."""
    form = _FORM.search(text.strip().rstrip("\"'\\/<>${(%:."))
    return form[0] if form else ""


def _sort(key: str) -> bool:
    """Return whether the value of a key is a type."""
    return key.upper().replace("-", "_").endswith(_SORTS)


_KEY = re.compile(r"(?P<key>[\w.-]+)\\?[\"']?[ \t]*(?:=>|[:=])[ \t]*\\?[\"']?$")


def _key_before(content: str, start: int) -> str:
    """Return the key whose value starts here, as in `session_driver = redis`; "" if there is none."""
    key = _KEY.search(content, content.rfind("\n", 0, start) + 1, start)
    return key["key"] if key else ""


_COMMENT = r"\s(?:#|//)\s"
_MAY_COMMENT = ("; ", ";;", "// ", "-- ", "<!--", "/*", "* ")


def _limit(text: Text, start: int) -> Strength | None:
    """Return the highest strength of a match at a position: None in a comment, `possible` after a possible comment sign."""
    if text.kind in ("env", "field", "service") and "\n" not in text.content:
        return "certain"
    before = text.content[text.content.rfind("\n", 0, start) + 1 : start]
    line = before.lstrip()
    if line.startswith("#"):
        return None
    if line.startswith(_MAY_COMMENT):
        return "possible"
    comment = re.search(_COMMENT, before)
    quoted = comment is not None and any(before.count(quote, 0, comment.start()) % 2 for quote in "\"'")
    return "possible" if comment and not quoted else "certain"
