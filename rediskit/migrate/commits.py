"""Commit and push the files of a step."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import Problem, RefusedError
from rediskit.git.publish import Checkout, Upstream


class Publishing(NamedTuple):
    """How to publish.

    Attributes:
        push: Whether to push the commit.
        branch: The branch to commit to and push; "" for the current one.
        report: Where to report progress.
    """

    push: bool
    branch: str
    report: Callable[[str], None]


def published(repository: Checkout, paths: Sequence[str], message: str, how: Publishing) -> bool:
    """Commit the changes below some paths, and push. Return whether there was something to commit.

    The branch stays the current one if the remote has everything already: a pull request would be empty.

    Raises:
        RefusedError: [push-rejected]. The commit stays.
    """
    where = shown(repository.top)
    remote = remote_of(repository)
    if how.branch not in ("", repository.branch()) and (repository.changed(paths) or repository.unpushed()):
        repository.switch(how.branch)
    how.report(f"committing in {where}")
    is_new = repository.commit(paths, message)
    if not how.push or not repository.unpushed():
        return is_new
    upstream = repository.upstream()
    target = upstream if upstream and not how.branch else Upstream(remote, how.branch or repository.branch())
    how.report(f"pushing {where} to {target.remote}/{target.branch}")
    if rejection := repository.push(target, follow=target != upstream):
        text = f"{target.remote} rejected the push of {where} to {target.branch}: {rejection}"
        hint = f"the commit stays in {where}: git -C {where} pull --rebase and repeat the command, or add --branch NAME for a pull request"
        raise RefusedError(Problem(text, hint, code="push-rejected"))
    return is_new


def remote_of(repository: Checkout) -> str:
    """Return the remote that the current branch follows, or the only one."""
    upstream = repository.upstream()
    return upstream.remote if upstream else repository.only_remote()


def shown(top: Path) -> str:
    """Return the folder of a work tree for messages."""
    return os.path.relpath(top)
