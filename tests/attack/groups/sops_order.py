"""sops is started only for files whose recipients are exactly those of the config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Any

import yaml

from rediskit.yamlio.writer import dump
from tests.attack.attack import Attack, World, broken, everywhere
from tests.attack.scenarios import project
from tests.samples import RECIPIENT, sops
from tests.secrets import hostile

VERBS: dict[str, tuple[str, ...]] = {
    "check": ("secret", "check"),
    "check of all": ("check",),
    "render": ("render",),
    "seal": ("secret", "seal"),
    "seal --force": ("secret", "seal", "--force"),
    "seal of a client": ("secret", "seal", "--client", "beersystem"),
    "doctor": ("doctor",),
    "diff": ("diff",),
}
FILES = ("redis", "beersystem")
OVER: dict[str, Any] = {"secrets": {"mode": "sops", "recipients": [RECIPIENT]}, "gitops": {"tool": "flux"}}


def attacks() -> Iterator[Attack]:
    """Yield each change of the recipients in each file, met by each verb."""
    for (name, change), namespace, (verb, arguments) in product(hostile.RECIPIENTS.items(), FILES, VERBS.items()):
        yield Attack(
            f"{name} in {namespace}.yaml, {verb}",
            partial(_try, change=change, namespace=namespace, arguments=arguments),
        )


def _try(world: World, change: Callable[[dict[str, Any]], Any], namespace: str, arguments: tuple[str, ...]) -> Iterable[str]:
    folder = project(world.folder, "prepare", over=OVER) / "config/chocolandia/secrets"
    folder.mkdir()
    content = {name: sops(name) for name in FILES}
    content[namespace] = hostile.changed(content[namespace], change)
    # Where the other file is missing, seal has to open the one that is there.
    names = FILES if arguments[-1] != "seal" else (namespace,)
    for name in names:
        (folder / f"{name}.yaml").write_text(dump(yaml.safe_load(yaml.safe_dump(content[name]))), encoding="utf-8")
    program = world.recorder("sops", "exit 128")
    ended = world.rediskit(*arguments, SOPS=str(program), VAULT_TOKEN="token-of-ci", SOPS_AGE_KEY_FILE="/nonexistent")
    yield from broken(ended)
    hostile_starts = [line for line in world.started() if "decrypt" in line or "encrypt" in line]
    if len(hostile_starts) > _honest(arguments, namespace):
        yield f"sops was started: {hostile_starts}"


def _honest(arguments: tuple[str, ...], namespace: str) -> int:
    """Return how often sops may be started: once for the file that is for the recipients of the config, where a verb opens files."""
    opens = arguments[0] == "secret" and arguments[-1] != "seal"
    return int(opens and (arguments[-1] != "beersystem" or namespace == "beersystem"))


def revert() -> None:
    """Take every recipient for one of the config."""
    from rediskit.secrets import manifests

    everywhere(manifests.refuse_other_recipients, lambda *_: None)
