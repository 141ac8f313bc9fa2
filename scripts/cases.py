"""Write the table of docs/applications.md: what `init` writes for each shape of an application in tests/init/cases."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rediskit.cli import main as rediskit
from rediskit.errors import RediskitError
from rediskit.init.detected import DetectedClient
from rediskit.init.project import Options, new_project

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests/init/cases"
PAGE = ROOT / "docs/applications.md"
MARKS = re.compile(r"(?<=<!-- cases: make docs -->\n).*?(?=<!-- end of cases -->)", re.DOTALL)
HEAD = "| shape | `init` writes | open questions | `render` | `check` | `migrate plan` |\n| --- | --- | --- | --- | --- | --- |\n"


class Case(NamedTuple):
    """A shape of an application.

    Attributes:
        name: Its name.
        written: What `init` writes, or its error.
        questions: The number of open questions.
        codes: The exit codes of `render`, `check` and `migrate plan` for each client; empty where `init` refuses the input.
    """

    name: str
    written: str
    questions: int = 0
    codes: tuple[int, ...] = ()


def cases() -> Iterator[Case]:
    """Run `init` on each shape, and the commands on each project."""
    for file in sorted(CASES.glob("app-*.yaml")):
        name = file.stem.split("-", 2)[2].replace("-", " ")
        try:
            yield _run(name, file.read_bytes())
        except RediskitError as error:
            yield Case(name, f"error: {error.problems[0].message}")


def _run(name: str, source: bytes) -> Case:
    with TemporaryDirectory() as folder, chdir(folder):
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], check=True)
        project = new_project(Options(".", name="t", repository="https://git.example.org/a.git", source=(source, "input.yaml")))
        for path, content in project.files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(content)
        written = "; ".join(filter(None, map(_summary, project.clients)))
        codes = [_exit_code("render"), _exit_code("check")]
        moving = "\n  migration:" in project.files[project.config].decode()
        codes += [max(_exit_code("migrate", "plan", "--client", client.name) for client in project.clients)] if moving else []
        return Case(name, written, len(project.open), tuple(codes))


def _exit_code(*arguments: str) -> int:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return rediskit(list(arguments))


def _summary(client: DetectedClient) -> str:
    parts = []
    for workload in client.workloads:
        changes = []
        for switch in workload.switched:
            changes += [f"{name}: {'removed' if value is None else value}" for name, value in switch.env.items()]
            changes += [f"args: {new}" for _, new in switch.args]
            changes += [f"external: {switch.external}"] if switch.external else []
        parts.append(f"{workload.reference}: {', '.join(f'`{change}`' for change in dict.fromkeys(changes))}")
    parts += [f"`databases: {{{', '.join(f'{name}: {number}' for name, number in client.databases.items())}}}`"] if client.databases else []
    parts += [f"`use: [{', '.join(client.use)}]`"] if client.use else []
    parts += [f"`egress: {client.egress}`"] if client.egress else []
    return ", ".join(parts)


def table() -> str:
    """Return the table."""
    rows = []
    for case in cases():
        codes = [*map(str, case.codes), *["-"] * (3 - len(case.codes))]
        rows.append(f"| {case.name} | {case.written} | {case.questions or '-'} | {' | '.join(codes)} |\n")
    return HEAD + "".join(rows)


def page() -> str:
    """Return docs/applications.md with the table of this version."""
    return MARKS.sub(lambda _: table(), PAGE.read_text(encoding="utf-8"))
