"""Unexpected YAML, names and folders in a checkout of an application repository: an error with a message, or the entry is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product

import yaml

from tests.attack.attack import Attack, World, broken, everywhere
from tests.attack.scenarios import project
from tests.cli.checkout import owner

_ALIASES = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 8)}]\n" for level in range(1, 8))
TEXTS: dict[str, str | bytes] = {
    "a date": "kind: x\nmetadata: {name: 2001-01-01}\n2001-01-01: 2001-12-14t21:59:43.10-05:00\n",
    "an impossible date": "kind: x\ndate: 0000-00-00\n2026-13-45: x\n",
    "integer keys": "1: 2\n3: {4: 5}\nkind: 7\nmetadata: {name: 8, namespace: 9}\n",
    "a boolean key": "true: x\nnull: y\nkind: true\n",
    "components that are a number": "components: 5\n",
    "components of mappings": "components: [{a: b}, [c], null, 1.5]\n",
    "resources that are text": "resources: base\ncomponents: base\npatches: 3\n",
    "an equals sign": "kind: =\nmetadata: {name: =}\n",
    "a merge of text": "<<: text\nkind: x\n",
    "a merge key as a value": "kind: <<\nmetadata: {name: <<}\n",
    "brackets": "[" * 3000,
    "closed brackets": "[" * 3000 + "]" * 3000,
    "braces": "{a: " * 3000,
    "aliases": f"a0: &a0 [x, x, x, x, x, x, x, x]\n{_ALIASES}kind: x\n",
    "an alias of itself": "a: &a {b: *a}\nkind: *a\n",
    "an unknown anchor": "kind: *nothing\n",
    "an unknown tag": "kind: !unknown x\nmetadata: !!python/object/apply:os.system [id]\n",
    "binary": "kind: !!binary AAAA\nmetadata: {name: !!binary /w==}\n",
    "a set": "kind: !!set {a, b}\nmetadata: !!omap [a: b]\n",
    "metadata that is a list": "kind: Deployment\nmetadata: [a, b]\nspec: []\n",
    "metadata that is text": "kind: Deployment\nmetadata: text\n",
    "no kind": "metadata: {name: x}\n",
    "kind of a list": "kind: [Deployment]\nmetadata: {name: [x]}\n",
    "a list": "- kind: Deployment\n- 1\n",
    "a number": "5\n",
    "nothing": "",
    "a comment": "# nothing\n",
    "several documents": "---\n---\nkind: x\n---\n5\n...\n",
    "a tab": "\tkind: x\n",
    "NUL": b"kind: x\0y\n",
    "no UTF-8": b"kind: \xff\xfe\n",
    "UTF-16": "kind: x\n".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbfkind: x\n",
    "surrogates": 'kind: "\\ud800"\nmetadata: {name: "\\udfff"}\n',
    "a large number": f"kind: {'9' * 5000}\nspec: {{replicas: {'9' * 5000}}}\n",
    "not a number": "kind: .nan\nspec: {replicas: .inf}\n",
    "sexagesimal": "kind: 1:2:3\nspec: {replicas: 190:20:30}\n",
    "a long key": f"{'k' * 100_000}: x\nkind: y\n",
    "a double key": "kind: a\nkind: b\nkind: c\n",
    "a complex key": "? [a, b]\n: c\n? {d: e}\n: f\nkind: x\n",
    "a template": 'kind: {{ .Values.kind }}\nmetadata:\n  name: {{- include "x" . }}\n',
}
PLACES = (
    "prod/kustomization.yaml",
    "base/kustomization.yaml",
    "base/deployment-beersystem-backend.yaml",
    "elsewhere/kustomization.yaml",
    "base/values.yaml",
)
VERBS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--owner", "owner/prod"),
    "export": ("migrate", "export", "--to", "owner/prod", "--dry-run"),
    "export of manifests": ("migrate", "export", "--to", "owner/base", "--dry-run"),
}
_LONG = "n" * 256
OUTPUTS = (
    _LONG,
    f"x/{_LONG}/y",
    "a\nb",
    "a\x1b[31mb",
    "\udcff",
    "x" * 5000,
    "config/chocolandia.yaml",
    "/dev/null",
    "/proc/self/mem/x",
    "",
)


def attacks() -> Iterator[Attack]:
    """Yield each text at each place of a checkout, and strange folders for the output."""
    for (form, text), place, (verb, arguments) in product(TEXTS.items(), PLACES, VERBS.items()):
        yield Attack(f"{form} at {place}, {verb}", partial(_try, text=text, place=place, arguments=arguments))
    for output, verb in product(OUTPUTS, ("render", "check", "diff", "doctor")):
        yield Attack(f"{verb} --output {output[:20]!r}", partial(_output, output=output, verb=verb))


def _try(world: World, text: str | bytes, place: str, arguments: tuple[str, ...]) -> Iterable[str]:
    project(world.folder, "scale-down", kind="manifests" if "owner/base" in arguments else "kustomize")
    at = owner(world.project, listed=False) / place
    at.parent.mkdir(exist_ok=True)
    at.write_bytes(text if isinstance(text, bytes) else text.encode())
    yield from broken(world.rediskit(*arguments))


def _output(world: World, output: str, verb: str) -> Iterable[str]:
    project(world.folder, "scale-down")
    ended = world.rediskit(verb, "--output", output)
    yield from broken(ended)
    if "\x1b" in ended.text:
        yield "an escape in the output"


def revert() -> None:
    """Read foreign YAML with PyYAML alone."""
    from rediskit.errors import Location
    from rediskit.yamlio import foreign

    def read(text: bytes, file: str, **_: int) -> list[foreign.Document]:
        return [foreign.Document(data, {(): Location(file, 1, 1)}) for data in yaml.safe_load_all(text)]

    everywhere(foreign.read_foreign, read)
