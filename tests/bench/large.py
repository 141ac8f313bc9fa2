"""Measure commands with large input: many clients in one config, and a dump of a cluster."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

from rediskit.yamlio.writer import dump
from tests.bench.dumps import OBJECTS, write_dumps
from tests.bench.peers import Usage, measured

CLIENTS = (500, 1000)
STEPS = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate")
_OPTIONS = ("--name", "home", "--repository", "https://github.com/example/platform.git")
REDISKIT = [sys.executable, "-m", "rediskit"]


def large(folder: Path) -> None:
    """Print a table in Markdown."""
    print("\n| command | input | processor time | wall time | memory |")
    print("| --- | --- | ---: | ---: | ---: |")
    for count in CLIENTS:
        home = folder / f"clients-{count}"
        write_clients(home, count)
        for command, words in (("migrate status", ["migrate", "status", "config/home.yaml"]), ("render", ["render"])):
            _print(f"`{command}`", f"{count:,} clients", [measured([*REDISKIT, *words], home) for _ in range(3)])
    for form, path in write_dumps(folder).items():
        dump = f"{path.stat().st_size / 2**20:.0f} MiB, {OBJECTS:,} objects, {form}"
        for name, source in ((path.name, None), ("-", path)):
            homes = [f"{path.name}.{run}{'.piped' if source else ''}" for run in range(3)]
            runs = [measured([*REDISKIT, "init", home, "--from", name, *_OPTIONS], folder, source) for home in homes]
            _print(f"`init --from {'-' if source else 'FILE'}`", dump, runs)
        path.unlink()


def _print(command: str, dump: str, runs: list[Usage]) -> None:
    used = Usage(*map(statistics.median, zip(*runs, strict=True)))
    print(f"| {command} | {dump} | {used.processor:.1f} s | {used.wall:.1f} s | {used.memory:,.0f} MiB |", flush=True)


def write_clients(folder: Path, count: int) -> None:
    """Write a config with many clients at all steps, each with a manifest and an old Redis that it removes."""
    (folder / "config/home").mkdir(parents=True)
    clients = []
    for number in range(count):
        namespace = f"app{number}"
        env = [{"name": "REDIS_HOST", "value": f"redis.{namespace}"}, *({"name": f"S{index}", "value": "text"} for index in range(12))]
        pod = {"containers": [{"name": "app", "image": "registry.example.com/app:1.2.3", "env": env}]}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}, "spec": spec}
        (folder / f"config/home/{namespace}.yaml").write_text(dump(manifest), encoding="utf-8")
        steps = STEPS[: number % len(STEPS) + 1]
        client: dict[str, Any] = {"name": namespace, "namespace": namespace}
        client["workloads"] = [{"manifest": f"home/{namespace}.yaml", "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}]
        client["previous"] = {"host": f"redis.{namespace}", "remove": ["Deployment/redis", "Service/redis"], "data": "none"}
        client["migration"] = {"step": steps[-1], "history": [{"step": step, "at": "2026-03-01T22:00:00-03:00"} for step in steps]}
        clients.append(client)
    gitops = {"tool": "argocd", "repository": "https://github.com/example/platform.git"}
    text = yaml.dump({"name": "home", "gitops": gitops, "clients": clients}, Dumper=yaml.CSafeDumper, sort_keys=False)
    (folder / "config/home.yaml").write_text(text, encoding="utf-8")
