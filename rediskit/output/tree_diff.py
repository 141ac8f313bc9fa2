"""What differs between two trees, as data. No secret value is in here: each one is replaced by its mask before anything is compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rediskit.errors import Problem

Status = Literal["added", "removed", "changed", "moved"]
"""moved: the same object in another file, with nothing changed in it. An object that was moved and changed is `changed`."""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What makes two objects the same one to Kubernetes; the version of the API is no part of it. The core group is ""."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that differs.

    kind: `order` when a list of named entries holds the same ones in another order; old and new are the names then.
    path: such as `spec.template.spec.containers[name=redis].image`; entries without a name by index, of the new list unless removed.
    old, new: plain data; None where there is none (added, removed).
    """

    kind: Literal["added", "removed", "changed", "order"]
    path: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """An object or a file that differs.

    path: the file, relative to the folder of the environment; old_path: where the object was, when it stood in another file.
    identity: of the object; None for a file that holds none (README.md, Helm values, kustomization.yaml).
    changes: by values; empty for what was added or removed, for texts, and where the values are the same.
    before, after: the text of the file, secrets masked; None where there was or will be none. Where a side holds a secret, its YAML
    is laid out anew.
    """

    status: Status
    path: str
    identity: Identity | None = None
    old_path: str = ""
    changes: tuple[ValueChange, ...] = ()
    by_values: bool = False
    """Whether both sides were read as YAML: without `changes` only comments, quotes or layout differ then."""
    before: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if self.identity and self.path.startswith("owners/"):
            # What is for an owner's repository is no object of this one: removed, it leaves the application where it is.
            return f"{self.path.rpartition('/')[0]}: {self.identity}"
        return str(self.identity or self.path)


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """What differs in one environment, ordered by file. The index is no part of it, except where nothing but the index differs.

    warnings: why a write would be refused (what stands in the way, a damaged index). Empty against a revision.
    """

    name: str
    objects: tuple[FileDiff, ...] = ()
    files: tuple[FileDiff, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether both sides are the same, byte by byte."""
        return not self.all

    @property
    def all(self) -> tuple[FileDiff, ...]:
        """Objects first, then the other files."""
        return self.objects + self.files
