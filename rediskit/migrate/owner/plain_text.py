"""The text of a plain manifest at a step: the values of a patch put in place, and the changes of others carried along.

A patch is that of `renderers.ownerpatch`. What it sets is written where the old value is; every other byte stays. A variable that is not
there goes to the front of its list, as kustomize does it, and so does a password behind an address that is composed from it:
Kubernetes expands `$(NAME)` only where NAME is above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from rediskit.errors import Path, Problem, RefusedError
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.pointers import changed
from rediskit.renderers.tree import Object
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain
from rediskit.yamlio.splice import Edit, Prepend, Put, Remove, Replace, splice


def content_of(text: bytes, file: str) -> Object:
    """Return the object in the text of one document. Raises ConfigError when it cannot be read."""
    content: Object = plain(read(text, file).data)
    return content


def in_effect(content: Object, patch: Object) -> bool:
    """Return whether an object has all values of a patch."""
    return not changed(content, apply(content, _values(patch)))


def patched(text: bytes, file: str, patch: Object) -> bytes:
    """Return the text with the values of a patch.

    Args:
        text: one document with one object.
        file: its name in errors.
        patch: as `renderers.ownerpatch` makes it.

    Raises:
        ConfigError: the text cannot be read.
        RefusedError: a container of the patch is not there, a variable is there twice, or the layout leaves no place for the change.
    """
    content = content_of(text, file)
    made = splice(text, file, list(_edits(content, _values(patch), (), file)))
    wrong = sorted(changed(content_of(made, file), apply(content, _values(patch))))
    if wrong:
        hint = "make the change by hand, and please report this"
        raise RefusedError(Problem(f"{file} can't be changed in place at {', '.join(wrong)}", hint, code="layout"))
    return made


def merged(current: bytes, before: bytes, after: bytes) -> bytes | None:
    """Return a text with the changes from `before` to `after`, line by line; None where others changed the same lines."""
    ours, old, new = (text.splitlines(keepends=True) for text in (current, before, after))
    same = SequenceMatcher(None, old, ours, autojunk=False).get_matching_blocks()
    for kind, begin, end, first, last in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if kind == "equal":
            continue
        block = next((one for one in same if one.a <= begin and end <= one.a + one.size), None)
        if block is None:
            return None
        at = block.b + begin - block.a
        ours[at : at + end - begin] = new[first:last]
    return b"".join(ours)


def _values(patch: Object) -> Object:
    """A patch without the version: the file may have an older one of the same kind."""
    return {key: value for key, value in patch.items() if key != "apiVersion"}


def _edits(content: Any, patch: Mapping[str, Any], path: Path, file: str) -> Iterator[Edit]:
    for key, value in patch.items():
        there, at = content.get(key), (*path, key)
        if key == "env":
            yield from _variables(there or [], value, at, file)
        elif isinstance(value, list):
            yield from _containers(there or [], value, at, file)
        elif isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _edits(there, value, at, file)
        elif value != there:
            yield Put(at, value)


def _containers(there: Sequence[Any], patch: Sequence[Mapping[str, Any]], path: Path, file: str) -> Iterator[Edit]:
    names = [one.get("name") for one in there]
    for one in patch:
        if one["name"] not in names:
            hint = "make the config and the file agree: nothing was written"
            raise RefusedError(Problem(f"{file} has no container {one['name']}", hint, code="owner-workload"))
        index = names.index(one["name"])
        yield from _edits(there[index], one, (*path, index), file)


def _variables(there: Sequence[Any], patch: Sequence[Mapping[str, Any]], path: Path, file: str) -> Iterator[Edit]:
    """Replacements first, then removals from the last to the first, then additions: each index is right when its turn comes."""
    names = [entry.get("name") for entry in there]
    wanted = {str(entry["name"]): apply(there[names.index(entry["name"])] if entry["name"] in names else {}, entry) for entry in patch}
    for name in wanted:
        if names.count(name) > 1:
            raise RefusedError(Problem(f"{file} has {name} twice", "leave one of them", code="client-variables"))
    front = _front(wanted, names)
    for index, name in enumerate(names):
        if name in wanted and name not in front and there[index] != wanted[name]:
            old, new = there[index], wanted[name]
            in_place = old.keys() == new.keys() == {"name", "value"} and isinstance(old["value"], str)
            yield Put((*path, index, "value"), new["value"]) if in_place else Replace((*path, index), new)
    gone = [names.index(name) for name in front if name in names]
    additions = [Prepend(path, wanted[name]) for name in reversed(front)]
    if gone and len(gone) == len(names):  # A list can't be without items in between.
        yield additions.pop(0)
        gone = [index + 1 for index in gone]
    yield from (Remove((*path, index)) for index in sorted(gone, reverse=True))
    yield from additions


def _front(wanted: Mapping[str, Any], names: Sequence[Any]) -> list[str]:
    """Return those of our variables that go to the front: what is not there, and what comes after one that is composed from it."""
    front = {name for name in wanted if name not in names}
    users = {name: [user for user, entry in wanted.items() if f"$({name})" in str(entry.get("value", ""))] for name in wanted}
    while more := {
        name for name in wanted.keys() - front if any(user in front or names.index(user) < names.index(name) for user in users[name])
    }:
        front |= more
    return [name for name in wanted if name in front]
