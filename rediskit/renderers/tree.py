"""The result of a render: files, and the Kubernetes objects in them."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

from rediskit.errors import Path
from rediskit.model.base import Frozen
from rediskit.yamlio import writer as yaml

Object = dict[str, Any]
"""A Kubernetes object, or a document such as Helm values: plain dicts, lists, str, int, float, bool and None."""


class File(NamedTuple):
    """One rendered file, relative to the environment's folder: text, or the one object in it.

    `source` is the path of the config value that the file depends on, for findings. `header` replaces the common first line of YAML.
    """

    path: str
    content: str | Object
    source: Path = ()
    header: str | None = None


class Tree(Frozen):
    """All rendered files of one environment, sorted by path. `header` is the first line of each YAML file."""

    name: str
    header: str
    contents: tuple[File, ...]

    def __init__(self, name: str, header: str, contents: tuple[File, ...]) -> None:
        vars(self).update(name=name, header=header, contents=contents)

    @classmethod
    def of(cls, name: str, header: str, files: Iterable[File]) -> Self:
        """Return the rendered manifests, sorted by path. Raises ValueError for two files with the same path."""
        ordered = tuple(sorted(files, key=lambda file: file.path))
        for file, following in pairwise(ordered):
            if file.path == following.path:
                raise ValueError(f"two renderers wrote {file.path}")
        return cls(name, header, ordered)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The bytes of each path, in UTF-8, as `write` stores them."""
        return {file.path: self._bytes(file) for file in self.contents}

    @cached_property
    def objects(self) -> Mapping[str, Object]:
        """The Kubernetes object of each path, for files with a `kind`."""
        return {f.path: f.content for f in self.contents if isinstance(f.content, dict) and "kind" in f.content}

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.contents)

    def below(self, folder: str) -> tuple[File, ...]:
        """Return the files whose path starts with a text, such as `argocd/`."""
        start = bisect_left(self._paths, folder)
        return self.contents[start : bisect_left(self._paths, f"{folder}\U0010ffff", start)]

    def _bytes(self, file: File) -> bytes:
        if isinstance(file.content, str):
            return file.content.encode()
        header = self.header if file.header is None else file.header
        return f"{header}{yaml.dump(file.content)}".encode()
