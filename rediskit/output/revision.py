"""Output directories as they are in a Git revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rediskit.git.revision import Repository
from rediskit.output import index as indexes

Files = dict[str, bytes]
"""Path relative to the folder of the environment, to content; of a link: the path that it leads to."""


def files_at(revision: str, root: str, wanted: Mapping[str, Collection[str]]) -> dict[str, Files]:
    """The files of each environment in a revision: those that the index there names, those `wanted` by name, and the index itself.

    revision: anything that Git takes for a commit. root: the folder that holds the folders of the environments; it need not exist.
    An environment, or all of them, may be missing there, and on a branch without a commit all are: nothing is found then.
    Raises ConfigError when root lies in no Git work tree or there is no such commit, MissingToolError when git is missing or fails.
    """
    repository = Repository(root)
    commit = repository.commit(revision)
    if not commit:
        return {name: {} for name in wanted}
    blobs = repository.blobs(commit, wanted)
    listed = repository.contents({path[indexes.NAME] for path in blobs.values() if indexes.NAME in path})
    taken: dict[str, dict[str, str]] = {}
    for name, found in blobs.items():
        index = listed.get(found.get(indexes.NAME, ""), b"")
        ours = {*indexes.read(index).owned, *wanted[name], indexes.NAME}
        taken[name] = {path: blob for path, blob in found.items() if path in ours}
    contents = repository.contents({blob for found in taken.values() for blob in found.values()})
    return {name: {path: contents[blob] for path, blob in found.items()} for name, found in taken.items()}
