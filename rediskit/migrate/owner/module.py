"""The OpenTofu or Terraform module of an application: it declares the variables that rediskit sets."""

import json
import re
from collections.abc import Collection
from pathlib import Path

from rediskit.errors import Problem
from rediskit.files import read_regular
from rediskit.migrate.owner.files import shown
from rediskit.model.client import Client
from rediskit.model.nested import mapping_at
from rediskit.yamlio.foreign import MAX_BYTES

_VARIABLE = re.compile(r"""^[ \t]*variable[ \t]+"?([A-Za-z_][\w-]*)"?[ \t]*\{""", re.MULTILINE)
_TOKEN = re.compile(r""""(?:[^"\\\n]|\\.)*"|(?:#|//)[^\n]*|/\*.*?\*/|[{}]""", re.DOTALL)
"""A text, a comment or a brace."""
_NATIVE, _JSON = (".tf", ".tofu"), (".tf.json", ".tofu.json")


def undeclared(client: Client, module: Path) -> list[Problem]:
    """Return a problem for each variable that a module does not declare: OpenTofu 1.10.6 only warns, and the step has no effect."""
    assert client.owner.variables is not None
    by_effect = client.owner.variables
    names = dict.fromkeys(name for part in (by_effect.stopped, by_effect.switched, by_effect.removed) for name in part)
    declared = _declared(module)
    hint = "choose the folder of the module, or declare the variable there with the old value as its default"
    return [
        Problem(f"{shown(module)} does not declare the variable {name} of owner.variables", hint, code="variable-undeclared")
        for name in names
        if name not in declared
    ]


def _declared(module: Path) -> set[str]:
    """Return the variables that the files in a folder declare. A file that cannot be read declares none."""
    names: set[str] = set()
    for file in sorted(module.iterdir()):
        try:
            if file.name.endswith(_JSON):
                names.update(mapping_at(json.loads(read_regular(file, MAX_BYTES)), "variable"))
            elif file.name.endswith(_NATIVE):
                names.update(_VARIABLE.findall(read_regular(file, MAX_BYTES).decode(errors="replace")))
        except (OSError, ValueError, RecursionError):
            continue
    return names


def without_declarations(name: str, text: str, variables: Collection[str]) -> str:
    """Return the text of a file of a module without the declarations of variables. Other files stay as they are."""
    if not variables:
        return text
    if name.endswith(_JSON):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return text
        declared = {key: value for key, value in mapping_at(content, "variable").items() if key not in variables}
        return json.dumps({**content, "variable": declared}) if isinstance(content, dict) else text
    if not name.endswith(_NATIVE):
        return text
    parts, end = [], 0
    for match in _VARIABLE.finditer(text):
        if match[1] in variables and match.start() >= end:
            parts.append(text[end : match.start()])
            end = _end_of_block(text, match.end())
    return "".join((*parts, text[end:]))


def _end_of_block(text: str, start: int) -> int:
    """Return the position after the brace that closes a block, or `start` if there is none. Texts and comments have no braces."""
    depth = 1
    for match in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return start
