"""Faults at chosen points of a write.

Python raises an audit event before each call that changes the disk; `os.write`, which has no event, is wrapped. As a program with a JSON
request on standard input, this module writes trees in separate processes, which the tests kill.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from rediskit.errors import RediskitError
from rediskit.output.writer import write
from tests.output.trees import Files

CHANGES = {
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.utime",
    "subprocess.Popen",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

Watcher = Callable[[int, str], None]
"""Receives the number of each operation, from 1, and its name, before the operation; may raise, or never return."""


class _State:
    watcher: Watcher | None = None
    done = 0
    installed = False


def _step(what: str) -> None:
    if _State.watcher is not None:
        watcher, _State.watcher = _State.watcher, None
        _State.done += 1
        try:
            watcher(_State.done, what)
        finally:
            _State.watcher = watcher


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _State.watcher is not None and (event in CHANGES or (event == "open" and arguments[2] & WRITING)):
        _step(event)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call `watcher` before each operation that changes the disk, except its own operations."""
    if not _State.installed:
        sys.addaudithook(_hook)
        _State.installed = True
    real = os.write

    def write_in_two(handle: int, content: bytes) -> int:
        """Write the first half, then allow a fault, then write the rest: as a full disk does."""
        half = real(handle, content[: len(content) // 2])
        _step("os.write")
        return half + real(handle, content[half:])

    _State.watcher, _State.done = watcher, 0
    os.write = write_in_two  # type: ignore[assignment]
    try:
        yield
    finally:
        _State.watcher = None
        os.write = real


def reached() -> int:
    """Return the number of operations of the last watched code."""
    return _State.done


def obey_permissions() -> None:
    """Drop all capabilities of this process, so that root cannot write to read-only folders."""
    if os.geteuid() == 0:
        header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
            raise OSError(ctypes.get_errno(), "capset")


def kill_everywhere(starts: list[Path], tree: Files, into: Path) -> list[str]:
    """Write `tree` over copies of each start and kill the writer before each operation in turn. Returns the names of the copies."""
    calls = []
    for start in starts:
        for number in count(1):
            name = f"{start.name}-{number}"
            shutil.copytree(start, into / name, symlinks=True)
            if not _killed(into / name, tree, number):
                shutil.rmtree(into / name)
                break
            calls.append(name)
    return calls


def _killed(root: Path, tree: Files, number: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            with watching(lambda at, _: os.kill(os.getpid(), signal.SIGKILL) if at == number else None):
                write(tree, root)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and status != 0:
        raise RuntimeError(f"the write before operation {number} failed")
    return os.WIFSIGNALED(status)


def request(rendered: Files, **more: Any) -> str:
    """Return the input of `main`: a tree, and what to do with it."""
    files = {path: content.decode() for path, content in rendered.files.items()}
    return json.dumps({"name": rendered.name, "files": files, **more}, default=str) + "\n"


def program() -> list[str]:
    """Return the command line that starts `main`."""
    return [sys.executable, __file__]


def pause(at: int) -> Watcher:
    """Return a watcher that prints `paused` before one operation and waits for a line."""

    def wait(number: int, _: str) -> None:
        if number == at:
            print("paused", flush=True)
            sys.stdin.readline()

    return wait


def main() -> None:
    request = json.loads(sys.stdin.readline())
    tree = Files(request["name"], {path: text.encode() for path, text in request["files"].items()})
    if request["do"] == "kill":
        print(json.dumps(kill_everywhere([Path(start) for start in request["starts"]], tree, Path(request["into"]))))
        return
    if request.get("unprivileged"):
        obey_permissions()
    try:
        with watching(pause(request.get("pause", 0))):
            write(tree, request["root"], force=request.get("force", False))
        print("written")
    except RediskitError as error:
        print(error)


if __name__ == "__main__":
    main()
