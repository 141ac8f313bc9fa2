"""No value of a config becomes shell in a runbook: it is refused, or it is one word."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

from tests.attack.attack import Attack, World, broken, everywhere
from tests.attack.scenarios import project

PAYLOADS = {
    "substitution": "x$(touch PWNED)",
    "backquotes": "x`touch PWNED`",
    "semicolon": "x; touch PWNED",
    "pipe": "x|touch PWNED",
    "and": "x&&touch PWNED",
    "background": "x&touch PWNED",
    "redirection": "x>PWNED",
    "input": "x<PWNED",
    "new line": "x\ntouch PWNED",
    "carriage return": "x\rtouch PWNED",
    "quote": "x'touch PWNED'",
    "double quote": 'x"touch PWNED"',
    "blank": "x touch PWNED",
    "tab": "x\ttouch PWNED",
    "variable": "x${IFS}PWNED",
    "escape": "x\x1b[2JPWNED",
    "option": "--rce=PWNED",
    "comment": "x #PWNED",
    "fence": "x\n```\nPWNED",
    "brace": "{touch,PWNED}",
}


def _at(*path: str) -> Any:
    def over(value: Any) -> Mapping[str, Any]:
        for key in reversed(path):
            value = {key: value}
        return dict(value)

    return over


PLACES = {
    ".".join(path): _at(*path)
    for path in (
        ("redis", "values", "clusterDomain"),
        ("redis", "values", "fullnameOverride"),
        ("redis", "values", "nameOverride"),
        ("redis", "values", "namespaceOverride"),
        ("redis", "values", "master", "service", "ports", "redis"),
        ("redis", "values", "master", "containerPorts", "redis"),
        ("redis", "values", "auth", "existingSecret"),
        ("redis", "values", "auth", "existingSecretPasswordKey"),
        ("redis", "values", "image", "repository"),
        ("redis", "namespace"),
        ("redis", "release"),
        ("redis", "auth", "secret"),
        ("redis", "auth", "key"),
        ("gitops", "repository"),
        ("gitops", "revision"),
        ("gitops", "path"),
        ("gitops", "namespace"),
        ("gitops", "project"),
        ("monitoring", "namespace"),
        ("monitoring", "release"),
    )
}
_BLOCK = re.compile(r"^[ ]*```(?:sh|console|bash)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9._/:@%+-]*")


def attacks() -> Iterator[Attack]:
    """Yield each payload at each place of the config."""
    for (place, over), (name, payload) in product(PLACES.items(), PAYLOADS.items()):
        yield Attack(f"{name} at {place}", partial(_try, over=over(payload)))


def _try(world: World, over: Mapping[str, Any]) -> Iterable[str]:
    project(world.folder, "reconfigure", over=over)
    for arguments in (("render",), ("migrate", "plan"), ("migrate", "plan", "--markdown")):
        ended = world.rediskit(*arguments)
        yield from broken(ended)
        if "\x1b" in ended.text:
            yield f"{arguments}: an escape in the output"
        yield from _in_blocks(" ".join(arguments), ended.stdout)
    for page in sorted((world.project / "rendered").rglob("*.md")):
        yield from _in_blocks(page.name, page.read_text(encoding="utf-8"))


def _in_blocks(name: str, text: str) -> Iterator[str]:
    """Yield each line of a block that has a word with the payload that a shell would not take for a plain word."""
    for block in _BLOCK.findall(text):
        for line in block.splitlines():
            if ("PWNED" in line and not all(_WORD.fullmatch(word) for word in _words(line) if "PWNED" in word)) or "touch" in line:
                yield f"{name}: {line.strip()[:120]}"


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return [line]


def revert() -> None:
    """Take any text for a DNS name."""
    from rediskit.chart import names

    everywhere(names._refused, lambda *_: iter(()))
