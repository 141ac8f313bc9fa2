"""Read output directories at a Git revision."""

from collections.abc import Collection, Mapping

from rediskit.git.revision import Repository
from rediskit.output import index as indexes

Files = dict[str, bytes]
"""Path relative to the output directory, to content; the content of a symbolic link is its target."""


def files_at(revision: str, root: str, wanted: Mapping[str, Collection[str]]) -> dict[str, Files]:
    """Return the files of each environment at a revision: those in its index, those in `wanted`, and the index.

    A branch without commits and an environment that is missing at the revision have no files. `root`, the parent of the output
    directories, may be missing on disk. Raises as `contents_at`.
    """
    repository = Repository(root)
    commit = repository.commit(revision)
    if not commit:
        return {name: {} for name in wanted}
    blobs = repository.blobs(commit, wanted)
    listed = repository.contents({ids[indexes.NAME] for ids in blobs.values() if indexes.NAME in ids})
    owned: dict[str, dict[str, str]] = {}
    for name, ids in blobs.items():
        index = listed.get(ids.get(indexes.NAME, ""), b"")
        paths = {*indexes.read(index).owned, *wanted[name], indexes.NAME}
        owned[name] = {path: blob for path, blob in ids.items() if path in paths}
    contents = repository.contents({blob for ids in owned.values() for blob in ids.values()})
    return {name: {path: contents[blob] for path, blob in ids.items()} for name, ids in owned.items()}
