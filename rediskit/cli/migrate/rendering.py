"""Write evidence into the config, and render it again, so that the rendered manifests show it and `check` passes."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rediskit.cli.migrate.move import diff_lines, files_json
from rediskit.cli.report import change_lines, changes_json
from rediskit.errors import RediskitError
from rediskit.migrate.edit import Edited, put_in_place, undo
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.output.writer import Changes, write
from rediskit.renderers import render
from rediskit.renderers.pages.following import following
from rediskit.source.loader import load


def _put_and_render(environment: Environment, files: Sequence[Edited], output: str) -> Changes | None:
    """Write the files of the config, and render into an output directory that exists. Return its changes; None without one.

    Raises:
        RefusedError: The config or the output directory cannot be written, such as for edited files. Nothing is written then.
    """
    put_in_place(files)
    if not Path(output, environment.name).is_dir():
        return None
    try:
        return write(render(load(environment.file)), output)
    except RediskitError:
        undo(files)
        raise


def recorded(
    environment: Environment, client: Client, files: Sequence[Edited], output: str, *, written: bool
) -> tuple[dict[str, Any], Iterable[str]]:
    """Write and render the files of the config if `written`. Return JSON and lines about them."""
    changes = _put_and_render(environment, files, output) if written else None
    rendered = None if changes is None else changes_json({environment.name: changes})[0]
    following = _rendered_lines(environment, client, files, output, changes) if written else ()
    return {"written": written, **files_json(files), "rendered": rendered}, chain(diff_lines(files), following)


def _rendered_lines(
    environment: Environment, client: Client, files: Sequence[Edited], output: str, changes: Changes | None
) -> Iterator[str]:
    """Yield the changed files of the output directory, what to commit, and the next command of the client."""
    paths = [file.file for file in files]
    if changes is not None:
        yield from change_lines({environment.name: changes}, ("created", "changed", "removed"))
        paths.append(os.path.normpath(f"{output}/{environment.name}"))
    yield f"to commit: {' '.join(map(shlex.quote, paths))}; the next migrate step commits {'it' if len(paths) == 1 else 'them'}, too"
    after = load(environment.file)
    yield f"next: {following(after, one_client(after, client.name)).text}"
