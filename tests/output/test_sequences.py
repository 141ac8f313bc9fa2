"""Any sequence of renders, edits, deletions and foreign files: no work of a person is lost, and each write is complete."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rediskit.errors import RefusedError
from rediskit.output import index
from rediskit.output.writer import compare, write
from tests.output import faults
from tests.output.trees import Files, snapshot

PATHS = ("a", "b", "a/b", "c/d", "c/e", "c/d/e", "f/g/h")
CONTENTS = st.sampled_from((b"", b"1", b"2", b"3"))


def sound(files: dict[str, bytes]) -> bool:
    return not any(other.startswith(f"{path}/") for path in files for other in files)


trees = st.dictionaries(st.sampled_from(PATHS), CONTENTS).filter(sound).map(lambda files: Files("env", files))


class Unplugged(BaseException):
    """A failure in the middle of a write that can still be undone."""


class Folder(RuleBasedStateMachine):
    """`ours` is the result of the last write, `theirs` the changes of a person since then."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.ours: dict[str, bytes] = {}
        self.theirs: dict[str, bytes] = {}
        self.expected: dict[str, bytes] = {}

    @rule(tree=trees, force=st.booleans())
    def render(self, tree: Files, force: bool) -> None:
        before = self.files()
        predicted = compare(tree, self.root)
        try:
            changes = write(tree, self.root, force=force)
        except RefusedError:
            self.refused_for_a_reason(tree, force)
            assert self.files() == before
            assert predicted.drifted
            return
        assert not compare(tree, self.root).drifted
        lost = {path for path, content in self.theirs.items() if self.files().get(path) != content}
        assert lost <= (self.ours.keys() if force else set()), "only with force, and only edits of our own files"
        assert predicted.drifted == bool(changes.created or changes.changed or changes.removed or predicted.stale_index)
        assert (changes.created, changes.changed, changes.removed) == (predicted.created, predicted.changed, predicted.removed)
        self.theirs = {path: content for path, content in self.theirs.items() if path not in lost and path not in tree.files}
        self.ours = dict(tree.files)
        self.expected = {**self.theirs, **self.ours}

    @rule(tree=trees, at=st.integers(1, 25))
    def render_and_fail(self, tree: Files, at: int) -> None:
        def fail(number: int, _: str) -> None:
            if number == at:
                raise Unplugged

        before = snapshot(self.root)
        try:
            with faults.watching(fail):
                write(tree, self.root)
        except Unplugged:
            pass
        except RefusedError:
            assert snapshot(self.root) == before
            return
        if not compare(tree, self.root).drifted:
            self.ours = dict(tree.files)
            self.theirs = {path: content for path, content in self.theirs.items() if path not in tree.files}
            self.expected = {**self.theirs, **self.ours}

    @rule(path=st.sampled_from(PATHS), content=st.sampled_from((b"by hand", b"1")))
    def edit(self, path: str, content: bytes) -> None:
        place = self.root / "env" / path
        if place.is_dir() or any((self.root / "env" / parent).is_file() for parent in Path(path).parents):
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        self.expected[path] = self.theirs[path] = content
        if self.ours.get(path) == content:
            del self.theirs[path]

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.expected)))
        (self.root / "env" / path).unlink()
        del self.expected[path]
        self.theirs.pop(path, None)

    @invariant()
    def disk_is_as_expected(self) -> None:
        assert self.files() == self.expected

    def files(self) -> dict[str, bytes]:
        files = snapshot(self.root / "env")
        return {path: content for path, content in files.items() if not path.endswith("/") and path != index.NAME}

    def refused_for_a_reason(self, tree: Files, force: bool) -> None:
        """Assert that the write would lose content of a person, or needs its path."""
        at_stake = set()
        for path, content in self.theirs.items():
            if path in self.ours and not force:
                at_stake.add(path)
            if path not in self.ours or force:
                at_stake |= {path for other in tree.files if other == path and tree.files[other] != content}
                at_stake |= {path for other in tree.files if other.startswith(f"{path}/") or path.startswith(f"{other}/")}
        assert at_stake

    def teardown(self) -> None:
        shutil.rmtree(self.root)


Folder.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestFolder = Folder.TestCase
