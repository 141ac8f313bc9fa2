"""In-place edits of a plain manifest: the values of a patch are set, and the changes of others are kept.

Patches come from `renderers.owner.patches`. Each value replaces the old one; every other byte stays. A missing variable goes to the front
of its list, as with kustomize. So does a password that an address before it references: Kubernetes expands `$(NAME)` only if NAME is
defined above.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from rediskit.errors import Path, Problem, RefusedError, dotted
from rediskit.model.nested import list_at, text_at
from rediskit.model.pointers import changed
from rediskit.renderers.owner.overlay import apply, edited
from rediskit.renderers.owner.patches import Change, Word
from rediskit.renderers.tree import Object
from rediskit.yamlio.edits import Edit, Prepend, Put, Remove, Replace
from rediskit.yamlio.reader import read
from rediskit.yamlio.splice import splice


def content_of(text: bytes, file: str) -> Object:
    """Return the object in the text of one document; its numbers keep their text. Raises ConfigError if it cannot be read."""
    content: Object = read(text, file).data
    return content


def in_effect(content: Object, change: Change) -> bool:
    """Return whether an object has all values of a change."""
    words = all(word.new in _words(content, change, word) for word in change.words)
    return words and not changed(content, apply(content, _values(change.named)))


def patched(text: bytes, file: str, change: Change) -> bytes:
    """Return the text, a document with one object, with the values of a change. `file` is its name in errors.

    Raises RefusedError when a container of the patch is missing, a variable is defined twice, or the layout does not allow the change.
    """
    content = content_of(text, file)
    edits = [*_word_edits(content, change), *_edits(content, _values(change.named), (), file)]
    result = splice(text, file, edits)
    wrong = sorted(changed(content_of(result, file), edited(content, change._replace(named=_values(change.named)))))
    if wrong:
        hint = "make the change by hand, and report this error"
        raise RefusedError(Problem(f"{file} cannot be changed in place at {', '.join(wrong)}", hint, code="layout"))
    return result


def merged(current: bytes, before: bytes, after: bytes) -> bytes | None:
    """Return a text with the changes from `before` to `after`, line by line; None if others changed the same lines."""
    ours, old, new = (text.splitlines(keepends=True) for text in (current, before, after))
    blocks = SequenceMatcher(None, old, ours, autojunk=False).get_matching_blocks()
    for kind, begin, end, first, last in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if kind == "equal":
            continue
        block = next((match for match in blocks if match.a <= begin and end <= match.a + match.size), None)
        if block is None:
            return None
        at = block.b + begin - block.a
        ours[at : at + end - begin] = new[first:last]
    return b"".join(ours)


def _words(content: Object, change: Change, word: Word) -> list[Any]:
    """Return the list of words in which a change replaces one."""
    containers = (
        container for container in list_at(content, *change.pod_path, word.listed) if text_at(container, "name") == word.container
    )
    return list_at(next(containers, None), word.key)


def _word_edits(content: Object, change: Change) -> Iterator[Edit]:
    for word in change.words:
        names = [text_at(container, "name") for container in list_at(content, *change.pod_path, word.listed)]
        words = _words(content, change, word)
        if word.position < len(words) and words[word.position] == word.old:
            yield Put((*change.pod_path, word.listed, names.index(word.container), word.key, word.position), word.new)


def _values(patch: Object) -> Object:
    """Return a patch without apiVersion: the file can have an older one of the same kind."""
    return {key: value for key, value in patch.items() if key != "apiVersion"}


def _edits(content: Any, patch: Mapping[str, Any], path: Path, file: str) -> Iterator[Edit]:
    for key, value in patch.items():
        old, at = content.get(key), (*path, key)
        if key == "env":
            yield from _variables(_entries(old, at, file), value, at, file)
        elif isinstance(value, list):
            yield from _containers(_entries(old, at, file), value, at, file)
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            yield from _edits(old, value, at, file)
        elif value != old:
            yield Put(at, value)


def _entries(value: Any, path: Path, file: str) -> list[Any]:
    """Return a list of named mappings as it is in a file; empty where the file has none."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) and isinstance(entry.get("name"), str) for entry in value):
        hint = "correct the file: the API server rejects it, too"
        raise RefusedError(Problem(f"{file}: {dotted(path)} is not a list of mappings with names", hint, code="owner-workload"))
    return value


def _containers(existing: Sequence[Any], patch: Sequence[Mapping[str, Any]], path: Path, file: str) -> Iterator[Edit]:
    names = [container["name"] for container in existing]
    for container in patch:
        if container["name"] not in names:
            hint = "use the same container name in the config and in the file"
            raise RefusedError(Problem(f"{file} has no container {container['name']}", hint, code="owner-workload"))
        index = names.index(container["name"])
        yield from _edits(existing[index], container, (*path, index), file)


def _variables(existing: Sequence[Any], patch: Sequence[Mapping[str, Any]], path: Path, file: str) -> Iterator[Edit]:
    """Yield replacements, then removals from the last to the first, then additions, so that each index is valid in its turn."""
    names = [entry["name"] for entry in existing]
    deleted = [entry["name"] for entry in patch if entry.get("$patch") == "delete" and entry["name"] in names]
    set_to = [entry for entry in patch if entry.get("$patch") != "delete"]
    variables = {
        str(entry["name"]): apply(existing[names.index(entry["name"])] if entry["name"] in names else {}, entry) for entry in set_to
    }
    for name in (*variables, *deleted):
        if names.count(name) > 1:
            raise RefusedError(Problem(f"{file} defines {name} twice", "remove one definition", code="client-variables"))
    front = _front(variables, names)
    for index, name in enumerate(names):
        if name in variables and name not in front and existing[index] != variables[name]:
            old, new = existing[index], variables[name]
            in_place = old.keys() == new.keys() == {"name", "value"} and isinstance(old["value"], str)
            yield Put((*path, index, "value"), new["value"]) if in_place else Replace((*path, index), new)
    removals = [names.index(name) for name in (*front, *deleted) if name in names]
    additions = [Prepend(path, variables[name]) for name in reversed(front)]
    if removals and len(removals) == len(names) and not additions:
        yield Put(path, [])
        return
    if removals and len(removals) == len(names):  # The list must not become empty in between.
        yield additions.pop(0)
        removals = [index + 1 for index in removals]
    yield from (Remove((*path, index)) for index in sorted(removals, reverse=True))
    yield from additions


def _front(variables: Mapping[str, Any], names: Sequence[Any]) -> list[str]:
    """Return the variables that go to the front: missing ones, and those that a variable before them references."""
    front = {name for name in variables if name not in names}
    users = {name: [user for user, entry in variables.items() if f"$({name})" in str(entry.get("value", ""))] for name in variables}
    while moved := {
        name for name in variables.keys() - front if any(user in front or names.index(user) < names.index(name) for user in users[name])
    }:
        front |= moved
    return [name for name in variables if name in front]
