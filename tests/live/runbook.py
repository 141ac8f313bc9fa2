"""The commands of a rendered page, and a shell that executes them literally."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import NamedTuple

from tests.cluster.processes import FailedError

_TOKEN = "rediskit-block-ended"


class Block(NamedTuple):
    """The commands of one fence. heading: the section it is in. step: the last line of prose before it."""

    heading: str
    step: str
    code: str


def blocks(page: str, language: str = "sh") -> list[Block]:
    """Every fenced block of a Markdown page, indented ones included, in order."""
    blocks: list[Block] = []
    heading = step = ""
    lines = iter(page.splitlines())
    for line in lines:
        text = line.strip()
        if text.startswith("#"):
            heading = text.lstrip("# ")
        elif text.startswith("```"):
            indent = len(line) - len(line.lstrip())
            code = []
            for inner in lines:
                if inner.strip() == "```":
                    break
                code.append(inner[indent:])
            if text == f"```{language}":
                blocks.append(Block(heading, step, "\n".join(code) + "\n"))
        elif text:
            step = text
    return blocks


@dataclass
class Shell:
    """A bash that keeps its functions and variables from one block to the next, as the reader's does.

    Raises FailedError where the last command of a block fails, or a block takes longer than `seconds`.
    """

    folder: Path
    environment: Mapping[str, str]
    seconds: float = 120
    _lines: Queue[str] = field(default_factory=Queue, repr=False)
    _process: subprocess.Popen[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=self.folder, env=dict(self.environment), text=True, bufsize=1, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, code: str | Block) -> str:
        """Execute the code, and return what it printed."""
        text = code.code if isinstance(code, Block) else code
        script = self.folder.with_name(f"{self.folder.name}.block.sh")
        script.write_text(text)
        assert self._process.stdin is not None
        self._process.stdin.write(f"source {shlex.quote(str(script))} < /dev/null; printf '\\n%s %s\\n' {_TOKEN} $?\n")
        printed: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=self.seconds)
            except Empty:
                raise FailedError(
                    f"these commands did not end within {self.seconds:.0f} s:\n{text}\nprinted:\n{''.join(printed)}"
                ) from None
            if line.startswith(_TOKEN):
                output = "".join(printed).removesuffix("\n")
                if line.split()[1] != "0":
                    raise FailedError(f"these commands ended with {line.split()[1]}:\n{text}\nprinted:\n{output}")
                return output
            printed.append(line)

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._lines.put(line)
        except ValueError:
            return
