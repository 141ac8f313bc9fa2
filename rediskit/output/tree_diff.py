"""Data types of a diff between two versions of an output directory. Secret values are masked before anything is compared."""

from typing import Any, Literal, NamedTuple

from rediskit.errors import Problem

Status = Literal["added", "removed", "changed", "moved"]
"""moved: the same object in another file, without changes. An object that is moved and changed has the status `changed`."""


class Identity(NamedTuple):
    """The identity of an object in Kubernetes. The version of the API is not part of it. The core group is ""."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class ValueChange(NamedTuple):
    """One value that differs; None for the old value of an added one and the new value of a removed one.

    Attributes:
        kind: The change. `order`: a list of named entries has another order; `old` and `new` are then the names.
        path: Such as `spec.template.spec.containers[name=redis].image`. Entries without a name have their index in the new list, or in
            the old list if they are removed.
    """

    kind: Literal["added", "removed", "changed", "order"]
    path: str
    old: Any = None
    new: Any = None


class FileDiff(NamedTuple):
    """An object or a file that differs.

    Attributes:
        path: The file, relative to the output directory.
        identity: The identity of the object; None for a file without an object (README.md, Helm values, kustomization.yaml).
        old_path: The old file of an object that is in another file now.
        changes: The values that differ; empty for added and removed files, for texts, and where the values are equal.
        by_values: Whether both versions are valid YAML. If so and `changes` is empty, only comments, quotes or layout differ.
        before, after: The texts with secrets masked; None if there is none. The YAML is formatted again if a version contains a secret.
    """

    status: Status
    path: str
    identity: Identity | None = None
    old_path: str = ""
    changes: tuple[ValueChange, ...] = ()
    by_values: bool = False
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        if self.identity and self.path.startswith("owners/"):
            # The file is for an application repository: its removal does not remove the object from the cluster.
            return f"{self.path.rpartition('/')[0]}: {self.identity}"
        return str(self.identity or self.path)


class TreeDiff(NamedTuple):
    """The diff of one environment, ordered by file. The index is listed only if nothing else differs.

    Attributes:
        objects, files: Objects, and other files, that differ.
        warnings: The reasons why a write is refused; empty against a Git revision.
    """

    name: str
    objects: tuple[FileDiff, ...] = ()
    files: tuple[FileDiff, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether both versions are equal, byte by byte."""
        return not self.all

    @property
    def all(self) -> tuple[FileDiff, ...]:
        """Objects first, then the other files."""
        return self.objects + self.files
