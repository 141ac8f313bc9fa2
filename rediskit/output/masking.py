"""Secret values replaced by masks: equal values by equal masks, so that a change stays visible and its content does not.

A mask is a keyed digest. The key is random and lives as long as its Masker: with a plain digest, a weak password could be found by
trying, and masks of two runs could be compared.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from typing import Any

from rediskit.errors import ConfigError
from rediskit.model.secrecy import is_secret_key, secret_reason, secrets_in
from rediskit.output import yaml
from rediskit.source.reader import read

_DIGITS = 12
"""Hexadecimal digits of a mask: two values of one run share a mask once in 2.8e14 pairs."""
_SEALED = re.compile(r"Ag[A-Za-z0-9+/]{6}(?=[A-Za-z0-9+/]{340,}={0,2}\Z)")
"""The head of what kubeseal makes: two bytes for the length of a session key of 512 bytes, that key, the ciphertext; all of it public."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_KIND_SECRET = re.compile(r"""["']?kind["']?\s*:\s*["']?Secret\b""")
_SPEAKS_OF_SECRETS = re.compile(r"\bSecret\b|stringData")
_WORD = re.compile(r"[\w.-]+")
_PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_ASSIGNED = re.compile(r"""(?P<head>(?<![\w.-])(?P<key>[\w.-]++)=)(?P<value>"[^"]*"|'[^']*'|[^\s"'$]\S*)""")
_FIELD = re.compile(r"""^(?P<head>\W*+(?P<key>[\w.-]++)["']?\s*:\s+)(?P<value>"[^"]*"|'[^']*'|\S+)\s*$""")
_NOTHING = frozenset({"true", "false", "null", "~", '""', "''", "{}", "[]"})

Path = tuple[str | int, ...]


class Masker:
    """Masks with one random key. Compare only what one Masker has masked."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def mask(self, value: Any) -> str:
        """The mask of a secret; a number and its text have different ones."""
        return f"<secret hmac:{self._digest(json.dumps(value).encode())}>"

    def document(self, data: Any) -> tuple[Any, bool]:
        """A copy of a document with its secrets masked, and whether there was any.

        Secret are: `data` and `stringData` of a Secret, literals of a kustomize secretGenerator, whatever `rediskit.model.secrecy`
        calls so, what kubectl noted as last applied, and a text that holds a document with a secret in it. The ciphertext of a
        SealedSecret is none; it is shortened.
        """
        walk = _Walk(self, {path for path, _ in secrets_in(data)})
        return walk.node(data, ()), walk.found

    def sealed(self, value: Any) -> str:
        """The ciphertext of a SealedSecret, shortened; what is none was put there by mistake, and is masked."""
        head = _SEALED.match(value) if isinstance(value, str) else None
        return self.mask(value).replace("<secret", f"<sealed {head[0]}...") if head else self.mask(value)

    def text(self, text: str) -> str:
        """A text for people, with what looks like a secret masked, by its shape and by the key before it."""
        text = _PRIVATE.sub(lambda found: self.mask(found[0]), text)
        return "\n".join(self._line(line) for line in text.split("\n"))

    def yaml(self, text: str, data: Any, *, has_secret: bool, anew: bool) -> str:
        """The text of a YAML file that was read. data: the document, masked. anew: lay it out anew, below its first comment."""
        if not anew:
            return "\n".join(self._line(line) if "#" in line or secret_reason(line) else line for line in text.split("\n"))
        lines = text.split("\n")
        header = lines[: next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)]
        try:
            body = yaml.dump(data)
        except (TypeError, ValueError, AttributeError):
            return self.hidden(text) if has_secret else self.text(text)
        return "".join(f"{self._line(line)}\n" for line in header) + body

    def unreadable(self, text: str) -> str:
        """The text of a YAML file that can't be read. When it speaks of secrets nothing of it is shown but which lines differ."""
        if _SPEAKS_OF_SECRETS.search(text) or any(is_secret_key(word.strip(".-")) for word in _WORD.findall(text)):
            return self.hidden(text)
        return self.text(text)

    def hidden(self, text: str) -> str:
        """A mask in place of every line that is not blank."""
        return "\n".join(self.mask(line) if line.strip() else "" for line in text.split("\n"))

    def binary(self, content: bytes) -> str:
        """What is said in place of a content that is no UTF-8 text."""
        return f"<no UTF-8 text: {len(content)} bytes, hmac:{self._digest(content)}>\n"

    def embeds(self, text: str) -> bool:
        """Whether a text holds a document (JSON or YAML) that has a secret in it."""
        if text[:1] not in ("{", "[") and "\n" not in text:
            return False
        if _KIND_SECRET.search(text):
            return True
        try:
            data = _parsed(text)
            return isinstance(data, (dict, list)) and self.document(data)[1]
        except RecursionError:
            return True

    def _line(self, line: str) -> str:
        if secret_reason(line):
            bare = line.lstrip()
            return line[: len(line) - len(bare)] + self.mask(bare)
        for pattern in (_FIELD, _ASSIGNED):
            line = pattern.sub(self._keyed, line)
        return line

    def _keyed(self, found: re.Match[str]) -> str:
        if found["value"] in _NOTHING or not is_secret_key(found["key"].strip(".-")):
            return found[0]
        return found["head"] + self.mask(found["value"])

    def _digest(self, content: bytes) -> str:
        return hmac.new(self._key, content, "sha256").hexdigest()[:_DIGITS]


class _Walk:
    """One pass over a document."""

    def __init__(self, masker: Masker, known: set[Path]) -> None:
        self.masker, self.known = masker, known
        self.found = False

    def node(self, node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return self._mapping(node, path)
        if isinstance(node, list):
            return [self.node(value, (*path, index)) for index, value in enumerate(node)]
        last = path[-1] if path else ""
        if path in self.known or (isinstance(node, str) and (last == _APPLIED or self.masker.embeds(node))):
            return self._mask(node)
        return node

    def _mapping(self, node: dict[str, Any], path: Path) -> dict[str, Any]:
        kind, masked = node.get("kind"), {}
        for key, value in node.items():
            below = (*path, key)
            if (kind == "Secret" and key in ("data", "stringData")) or (key == "literals" and "secretGenerator" in path):
                masked[self._name(key)] = self._leaves(value)
            elif kind == "SealedSecret" and key == "spec" and isinstance(value, dict):
                masked[key] = {name: self._sealed(name, inner, below) for name, inner in value.items()}
            else:
                masked[self._name(key)] = self.node(value, below)
        return masked

    def _sealed(self, name: str, value: Any, path: Path) -> Any:
        if name != "encryptedData" or not isinstance(value, dict):
            return self.node(value, (*path, name))
        self.found = True
        return {self._name(key): self.masker.sealed(inner) for key, inner in value.items()}

    def _leaves(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._name(key): self._leaves(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._leaves(inner) for inner in value]
        return None if value is None else self._mask(value)

    def _name(self, key: str) -> str:
        return str(self._mask(key)) if secret_reason(key) else key

    def _mask(self, value: Any) -> str:
        self.found = True
        return self.masker.mask(value)


def _parsed(text: str) -> Any:
    """The document in a text; None when it holds none."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return read(text.encode(errors="replace"), "", mapping=False).data
    except ConfigError:
        return None
