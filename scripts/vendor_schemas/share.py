"""Share equal parts of a schema. The Application CRD has 400 kB because it repeats "source" nine times."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain, count
from typing import Any

Schema = dict[str, Any]

_WORTH = 150
"""The smallest shared part, in characters of JSON."""


def share(root: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the schema with each repeated part in `$defs`, beside `definitions`, under the name of its first field."""
    counts: Counter[str] = Counter()
    _count(root, counts)
    repeated = {text for text, times in counts.items() if times > 1 and len(text) >= _WORTH}
    sharing = _Sharing(repeated, dict(definitions))
    return {**sharing.rewrite(root), "$defs": sharing.definitions}


def _children(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Keyword, name and schema of each part directly below: the fields by name, `items`, `additionalProperties`."""
    for name, child in sorted(schema.get("properties", {}).items()):
        yield "properties", name, child
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield keyword, keyword, schema[keyword]


def _text(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)


def _count(schema: Schema, counts: Counter[str]) -> None:
    """Count equal parts. Parts inside a repeated part count once, so that they move with it."""
    for _, _, child in _children(schema):
        text = _text(child)
        counts[text] += 1
        if counts[text] == 1:
            _count(child, counts)


class _Sharing:
    """Writes schemas with references in place of the repeated parts, and collects the one copy of each in `definitions`."""

    def __init__(self, repeated: set[str], definitions: dict[str, Schema]) -> None:
        self.repeated = repeated
        self.definitions = definitions
        self.names: dict[str, str] = {}

    def rewrite(self, schema: Schema) -> Schema:
        result = dict(schema)
        if "properties" in schema:
            result["properties"] = {}
        for keyword, name, child in _children(schema):
            if keyword == "properties":
                result["properties"][name] = self.part(name, child)
            else:
                result[keyword] = self.part(name, child)
        return result

    def part(self, name: str, schema: Schema) -> Schema:
        text = _text(schema)
        if text not in self.repeated:
            return self.rewrite(schema)
        if text not in self.names:
            self.names[text] = self.free(name)
            self.definitions[self.names[text]] = {}
            self.definitions[self.names[text]] = self.rewrite(schema)
        return {"$ref": f"#/$defs/{self.names[text]}"}

    def free(self, name: str) -> str:
        candidates = (f"{name}{number}" for number in count(2))
        return next(candidate for candidate in chain([name], candidates) if candidate not in self.definitions)
