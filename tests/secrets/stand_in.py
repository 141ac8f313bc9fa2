"""Fake kubectl and sops that record arguments and environment of each child process.

The kubectl keeps Secrets in a folder, as far as `rediskit secret apply` asks for them; the real one is run in tests/cluster.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

from tests.secrets.repository import KEY, NAME

_RECORD = """#!{python}
import json, os, pathlib, sys
record = pathlib.Path({record!r})
stdin = sys.stdin.buffer.read()
number = len(list(record.iterdir()))
seen = dict(argv=sys.argv, cmdline=pathlib.Path("/proc/self/cmdline").read_text(), environ=pathlib.Path("/proc/self/environ").read_text())
(record / f"{{number}}.json").write_text(json.dumps(seen))
"""
_KUBECTL = """
cluster = pathlib.Path({cluster!r})
arguments = sys.argv[3:] if sys.argv[1] == "--context" else sys.argv[1:]
if (cluster / f"fails-{{arguments[0]}}").exists():
    sys.stderr.write(stdin.decode() + "\\nError from server\\n")
    sys.exit(1)
if arguments[0] == "config":
    print("home")
elif arguments[0] == "get":
    _, kind, name, _, namespace, *_ = arguments
    file = cluster / (f"{{namespace}}.json" if kind == "secret" else f"{{kind}}-{{name}}")
    sys.stdout.write(file.read_text() if file.exists() else "")
elif arguments[0] == "apply":
    for secret in json.loads(stdin)["items"]:
        if "--dry-run=server" not in arguments:
            (cluster / f"{{secret['metadata']['namespace']}}.json").write_text(json.dumps(secret))
"""
_PASS_ON = """
import subprocess
if (record.parent / "fails-sops").exists():
    sys.stderr.buffer.write(stdin)
    sys.exit(4)
done = subprocess.run([{program!r}, *sys.argv[1:]], input=stdin, capture_output=True)
sys.stdout.buffer.write(done.stdout)
sys.stderr.buffer.write(done.stderr)
sys.exit(done.returncode)
"""


class Recorder:
    """A folder of fake programs for PATH, and their records."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.record, self.cluster = folder / "bin", folder / "record", folder / "cluster"
        for place in (self.programs, self.record, self.cluster):
            place.mkdir(parents=True)
        self._write("kubectl", _KUBECTL.format(cluster=str(self.cluster)))

    def pass_on(self, name: str, program: Path) -> None:
        """Record the call, and run the real program."""
        self._write(name, _PASS_ON.format(program=str(program)))

    def _write(self, name: str, body: str) -> None:
        file = self.programs / name
        file.write_text(_RECORD.format(python=sys.executable, record=str(self.record)) + body)
        file.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each child, in order."""
        files = sorted(self.record.iterdir(), key=lambda file: int(file.stem))
        return [list(json.loads(file.read_text())["argv"][1:]) for file in files]

    def put(self, namespace: str, value: bytes, **metadata: Any) -> None:
        """Add a Secret to the cluster."""
        about = {"name": NAME, "namespace": namespace, **metadata}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": about, "data": {KEY: b64encode(value).decode()}}
        (self.cluster / f"{namespace}.json").write_text(json.dumps(secret))

    def claim(self, name: str, **data: str) -> None:
        """Add an ownership claim to the cluster."""
        (self.cluster / f"configmap-{name}").write_text(json.dumps({"kind": "ConfigMap", "metadata": {"name": name}, "data": data}))

    def secrets(self) -> dict[str, Any]:
        """Namespace to the Secret that is in the cluster."""
        return {file.stem: json.loads(file.read_text()) for file in sorted(self.cluster.glob("*.json"))}

    def values(self) -> dict[str, str]:
        """Namespace to the base64 of its value."""
        return {namespace: str(secret["data"][KEY]) for namespace, secret in self.secrets().items()}
