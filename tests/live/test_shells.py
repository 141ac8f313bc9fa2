"""The completion scripts in the real zsh and fish: a person types the start of a word and presses Tab. tests/cli has those of bash."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.live.gitops import COMMAND
from tests.tools.install import locate_folder

TYPED = {
    "re": "render",
    "migrate ad": "migrate advance",
    "migrate step --no-v": "migrate step --no-verify",
    "init --tool f": "init --tool flux",
    "migrate record --criterion lat": "migrate record --criterion latency",
    "check conf": "check config",
    "secret new --from-file pass": "secret new --from-file password.txt",
    "completion z": "completion zsh",
}
"""What a person types, and what stands there after Tab."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "password.txt").touch()
    for shell, name in {"zsh": "_rediskit", "fish": "rediskit.fish"}.items():
        done = subprocess.run([COMMAND, "completion", shell], capture_output=True, text=True, check=True)
        (tmp_path / name).write_text(done.stdout)
    return tmp_path


class Zsh:
    """An interactive zsh on a terminal, whose `rediskit` writes its arguments to a file."""

    def __init__(self, folder: Path) -> None:
        functions, modules = (locate_folder("zsh", name) for name in ("functions", "modules"))
        self.output = folder / "arguments"
        start = f"""
            module_path=({modules})
            fpath=({folder} {functions}/**/*(/) {functions})
            rediskit() {{ print -r -- "$@" >> {self.output} }}
            autoload -Uz compinit && compinit -u -D && print ready
        """
        (folder / ".zshrc").write_text(start)
        program = functions.parent / "zsh"
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            variables = {"ZDOTDIR": str(folder), "HOME": str(folder), "TERM": "dumb", "PATH": "/usr/bin:/bin"}
            os.execve(program, ["zsh", "-i"], variables)
        self.pid = pid
        self.wait(lambda text: "ready" in text)

    def wait(self, enough: object) -> None:
        """Read the terminal until a condition about its text or the file holds."""
        assert callable(enough)
        text, deadline = "", time.monotonic() + 60
        while not enough(text):
            assert time.monotonic() < deadline, text
            if select.select([self.terminal], [], [], 0.1)[0]:
                text += os.read(self.terminal, 4096).decode(errors="replace")

    def complete(self, words: str) -> str:
        """Return the arguments of rediskit after these words, Tab and Enter."""
        before = self.lines()
        os.write(self.terminal, f"rediskit {words}\t\r".encode())
        self.wait(lambda _: len(self.lines()) > len(before))
        return self.lines()[-1].strip()

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines() if self.output.exists() else []

    def stop(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def test_zsh_completes_commands_options_values_and_files(folder: Path) -> None:
    zsh = Zsh(folder)
    try:
        assert {words: zsh.complete(words) for words in TYPED} == TYPED
    finally:
        zsh.stop()


def test_fish_completes_commands_options_values_and_files(folder: Path) -> None:
    """Fish finds its functions beside its program, so that both are where its own layout has them."""
    share = locate_folder("fish", "share")
    tool = share.parent
    (folder / "usr/bin").mkdir(parents=True)
    shutil.copy(tool / "usr/bin/fish", folder / "usr/bin")
    (folder / "usr/share").symlink_to(tool / "usr/share")
    (folder / "usr/etc").symlink_to(tool / "etc")
    (libraries,) = tool.glob("usr/lib/*-linux-gnu")
    completed = {}
    for words in TYPED:
        program = 'source rediskit.fish; complete -C "rediskit $argv"'
        done = subprocess.run(
            [folder / "usr/bin/fish", "-c", program, "--", words],
            cwd=folder,
            env={"HOME": str(folder), "TERM": "dumb", "PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(libraries)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        (line,) = done.stdout.splitlines()
        completed[words] = f"{words.rpartition(' ')[0]} {line.partition(chr(9))[0].rstrip('/')}".strip()
    assert completed == TYPED
