"""What a render makes: files, and the Kubernetes objects in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from rediskit.errors import Path
from rediskit.yamlio import writer as yaml

Object = dict[str, Any]
"""A Kubernetes object, or a document such as Helm values: plain dicts, lists, str, int, float, bool and None."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the tree.

    path: relative to the environment's folder, with forward slashes.
    content: the text itself, or the one object that it holds.
    source: the place in the config that caused the file, for findings.
    header: the first line of a YAML file in place of the tree's; for files that are copied into another repository.
    """

    path: str
    content: str | Object
    source: Path = ()
    header: str | None = None


@dataclass(frozen=True)
class Tree:
    """Everything rendered for one environment, in the order of its paths. `header` is the first line of each YAML file."""

    name: str
    header: str
    contents: tuple[File, ...]

    @classmethod
    def of(cls, name: str, header: str, files: Iterable[File]) -> Tree:
        """Orders the files by path. Raises ValueError when two files have one path."""
        ordered = tuple(sorted(files, key=lambda file: file.path))
        for one, other in pairwise(ordered):
            if one.path == other.path:
                raise ValueError(f"two renderers wrote {one.path}")
        return cls(name, header, ordered)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Path to bytes, UTF-8, as `write` puts them on disk."""
        return {file.path: self._bytes(file) for file in self.contents}

    @cached_property
    def objects(self) -> Mapping[str, Object]:
        """Path to Kubernetes object, for the files that hold one (those with a `kind`)."""
        return {f.path: f.content for f in self.contents if isinstance(f.content, dict) and "kind" in f.content}

    def _bytes(self, file: File) -> bytes:
        if isinstance(file.content, str):
            return file.content.encode()
        header = self.header if file.header is None else file.header
        return f"{header}{yaml.dump(file.content)}".encode()
