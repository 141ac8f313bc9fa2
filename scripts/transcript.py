"""Write docs/migration.md: the output of the real commands for a whole migration with a rollback. `make docs` runs it.

Every time is set with --at, so that the page is always the same. The script uses a temporary folder. It reads the config
of this repository and its manifest.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from rediskit.cli import main as rediskit
from rediskit.migrate.edit import Put, edited, put_in_place
from rediskit.source.loader import load
from rediskit.state_machine.gates import GATES

ROOT = Path(__file__).parent.parent
CONFIG = "config/chocolandia.yaml"
HEAD = """# Migration walkthrough

This page shows the output of every command of a migration. *beersystem* moves to the shared Redis, rolls back after 23 hours, and moves
again. `make docs` writes this page from the real commands.

`rediskit migrate step` runs a whole step. To show the parts of a step, this page uses `migrate advance` and `render` instead. It omits
`migrate export`, which writes the files of a step to the application repository, except once before `decommission`. Each time is set
with `--at`; by default, the commands use the clock. Warnings that every render repeats are shown once.
"""


OLD_REDIS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: redis, namespace: beersystem}
spec:
  replicas: 1
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: redis, image: "redis:7-alpine"}]}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: beersystem}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
"""


class Session:
    """A Git work tree in which commands run, and the page of their output."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines = folder, [HEAD]
        self.seen: set[str] = set()
        shutil.copytree(ROOT / "config", folder / "config")
        (folder / "config/chocolandia-flux.yaml").unlink()
        (folder / ".gitignore").write_text("owner/\n", encoding="utf-8")
        self._git("init", "-q")
        self._checkout(folder / "owner")

    def _checkout(self, top: Path) -> None:
        """Create a checkout of the application repository, whose commit has the same id in every run."""
        (top / "prod").mkdir(parents=True)
        shutil.copy(ROOT / "config/chocolandia/beersystem-backend.yaml", top / "prod/backend.yaml")
        (top / "prod/redis.yaml").write_text(OLD_REDIS, encoding="utf-8")
        overlay = "resources: [backend.yaml, redis.yaml]\ncomponents: [rediskit/beersystem]\n"
        (top / "prod/kustomization.yaml").write_text(overlay, encoding="utf-8")
        (top / ".gitignore").write_text("rediskit/\n", encoding="utf-8")
        for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "beersystem")):
            self._git("-C", str(top), *arguments)

    def exported(self) -> None:
        """Commit the files of the step to the checkout, as after an export of each step."""
        folder = "prod/rediskit/beersystem"
        shutil.copytree(self.folder / "rendered/chocolandia/owners/beersystem", self.folder / "owner" / folder)
        for arguments in (("add", "--force", folder), ("commit", "-q", "-m", "beersystem: the files of the step")):
            self._git("-C", str(self.folder / "owner"), *arguments)

    def say(self, text: str) -> None:
        """Add a paragraph or a heading."""
        self.lines.append(f"{text}\n")

    def run(self, *commands: str) -> None:
        """Add a block with commands, their output and the exit code of a failed one."""
        self.lines.append("```console")
        for command in commands:
            self.lines.append(f"$ {command}")
            self.lines += self._output(command)
        self.lines.append("```\n")

    def step(self, *commands: str, message: str = "") -> None:
        """Run commands, render and commit."""
        self.run(*commands, f"rediskit render {CONFIG}")
        self.commit(message)

    def commit(self, message: str = "") -> None:
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", message or "a step")

    def edit(self, *edits: Put) -> None:
        """Edit the config, and add the diff."""
        with chdir(self.folder):
            files, _ = edited(CONFIG, edits)
            put_in_place(files)
        self.lines += ["```diff", *(line for file in files for line in file.diff), "```\n"]

    def tag(self, name: str) -> None:
        self._git("tag", name)

    def _output(self, command: str) -> Iterator[str]:
        program, *arguments = shlex.split(command)
        if program == "git":
            printed, code = self._git(*arguments), 0
        else:
            stream = io.StringIO()
            with chdir(self.folder), redirect_stdout(stream), redirect_stderr(stream):
                code = rediskit(arguments)
            printed = stream.getvalue()
            if code not in (0, 1):
                raise RuntimeError(f"{command}: exit code {code}, so the page is not written\n{printed}")
        for line in printed.splitlines():
            if "[frozen-image]" in line or "under redis.image" in line:
                if line in self.seen:
                    continue
                self.seen.add(line)
            yield line.rstrip()
        if code:
            yield f"(exit code {code})"

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=person", "-c", "user.email=person@example.org", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=")
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"}
        environment |= {"GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z"}
        done = subprocess.run(["git", *identity, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=True)
        return done.stdout


def move(action: str, at: str, more: str = "") -> str:
    """Return a `rediskit migrate` command. at: day and time in March 2026, three hours behind UTC."""
    day, _, time = at.partition(" ")
    return f"rediskit migrate {action} {CONFIG} --at 2026-03-{day}T{time}:00-03:00{f' {more}' if more else ''}"


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        for part in (_before, _forward, _rolled_back, _again, _to_the_end):
            part(session)
    text = "\n".join([*session.lines, *_gates()])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _before(session: Session) -> None:
    session.say("## Prepare")
    session.step(message="prepare")
    session.tag("prepared")
    session.run(move("status", "01 18:00"))
    session.say("Set the maintenance window in the config:")
    window = {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}
    session.edit(Put(("clients", 0, "migration", "window"), window))
    if load(ROOT / CONFIG).secrets.mode == "manual":
        session.say("With `secrets.mode: manual` the Secret is not in Git. Verify it in each namespace, and record the result:")
        session.run(move("record", "01 18:30", "--secret-seen"))
    session.commit("window and Secret")
    session.say("Print the plan (`--markdown` prints a page for a change request):")
    session.run(f"rediskit migrate plan {CONFIG}")


def _forward(session: Session) -> None:
    session.say("## Migrate")
    session.say("rediskit refuses a step before the window, and two steps at once:")
    session.run(move("advance", "01 21:50"), move("advance", "01 22:00", "--to deploy"))
    session.say("In the window, take each step in a separate commit:")
    session.step(move("advance", "01 22:00"), message="scale-down")
    session.say("If you edit the step in the config without the command, `check --base` in CI reports it:")
    session.edit(
        Put(("clients", 0, "migration", "step"), "reconfigure"), Put(("clients", 0, "migration", "history", 0, "step"), "reconfigure")
    )
    session.run(f"rediskit check {CONFIG} --base HEAD")
    session.run("git checkout -q -- .", "git status --short")
    session.step(move("advance", "01 22:01"), message="deploy")
    session.run(move("status", "01 22:04"))
    session.step(move("advance", "01 22:04"), message="reconfigure")
    session.step(move("advance", "01 22:05"), message="scale-up")
    session.run(move("record", "01 22:07", "--down-until 2026-03-01T22:06:10-03:00"))
    session.step(move("advance", "01 22:07"), message="validate")


def _rolled_back(session: Session) -> None:
    session.say("## Roll back")
    session.say("After 23 hours on the shared Redis, sessions are lost. Roll back with one commit in the application repository:")
    session.run(move("status", "02 21:00"))
    session.run(move("rollback", "02 21:05"))
    session.step(move("rollback", "02 21:05", '--reason "sessions are lost: the TTL is wrong"'), message="rolled-back")
    session.say(
        "The files for the application repository are again identical to those before the migration, and the shared Redis is unchanged:"
    )
    session.run(
        "git diff --name-status prepared -- rendered/chocolandia/owners", "git diff --name-status HEAD~1 -- rendered/chocolandia/platform"
    )


def _again(session: Session) -> None:
    session.say("## Migrate again")
    session.say("The old window has ended, so set a new window. Evidence of the first attempt is not valid for the second one:")
    session.run(move("advance", "04 22:00"))
    session.say("The shared Redis has the keys of the first attempt. Delete them with the commands of the runbook, section Try again:")
    session.step(move("record", "04 21:55", '--empty --observed "INFO keyspace lists no database 0"'), message="empty")
    session.edit(Put(("clients", 0, "migration", "window", "start"), "2026-03-04T22:00:00-03:00"))
    session.commit("another window")
    session.step(move("advance", "04 22:00"), message="scale-down")
    session.say("The shared Redis is already deployed, so `deploy` changes no applied object:")
    session.step(move("advance", "04 22:01"), message="deploy")
    session.step(move("advance", "04 22:02"), message="reconfigure")
    session.say("The downtime exceeds the budget. Continue with a reason, which the history records:")
    session.run(move("advance", "04 22:12"))
    session.step(move("advance", "04 22:12", '--override "two minutes over, everything is ready"'), message="scale-up")
    session.step(move("advance", "04 22:14"), message="validate")


def _to_the_end(session: Session) -> None:
    session.say("## Decommission the old Redis")
    session.say("After 24 hours, record the criteria. `decommission` is blocked while a part of the evidence is missing:")
    five = "--criterion no-restarts --criterion no-redis-errors --criterion stable-connections --criterion functions-verified"
    session.run(move("record", "05 22:30", five))
    session.run(move("advance", "05 22:30", "--confirm-irreversible"))
    session.say("Scan the checkout of the application repository for other uses of the old Redis:")
    session.exported()
    session.run(move("export", "06 08:55", "--to owner/prod"))
    session.run(move("record", "06 09:00", '--criterion no-user-reports --criterion latency --notes "p95 2 ms"'))
    session.commit("evidence")
    session.say("`previous.data` is still missing, and the irreversible step needs `--confirm-irreversible`:")
    session.run(move("advance", "06 09:00"))
    session.say("The old Redis has no volume, so set `previous.data: none`:")
    session.edit(Put(("clients", 0, "previous", "data"), "none"))
    session.step(move("advance", "06 09:05", "--confirm-irreversible"), message="decommission")
    session.run(move("rollback", "06 09:10", "--reason x"))
    session.say("Add the variables and the removal to the base of the application repository. The Component stays until you record this:")
    session.run(move("advance", "09 09:00"))
    session.run(move("record", "09 09:30", "--folded"))
    session.step(move("advance", "09 09:30"), message="complete")
    session.run(move("status", "09 09:30"), move("advance", "09 09:31"), "git diff --name-status HEAD~1 -- rendered/chocolandia/owners")
    session.say("The config contains the history and the evidence:")
    session.run(f"git show HEAD:{CONFIG}")


def _gates() -> Iterator[str]:
    yield "## Gates\n"
    yield "`--override REASON` passes a gate that is marked `yes`. No option passes the other gates. rediskit also refuses a step that does"
    yield "not exist, with one of these codes: `step-jump`, `step-first`, `step-terminal`, `step-uncommitted`, `rollback-nothing`,"
    yield "`rollback-too-late`.\n"
    yield "| gate | passes when | `--override` | codes |"
    yield "| --- | --- | --- | --- |"
    for code, gate in GATES.items():
        yield f"| {code} | {gate.description} | {'yes' if gate.overridable else '-'} | {', '.join(f'`{code}`' for code in gate.codes)} |"


if __name__ == "__main__":
    (ROOT / "docs/migration.md").write_text(page(), encoding="utf-8")
