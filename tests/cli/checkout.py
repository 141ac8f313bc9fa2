"""A checkout of an application repository on disk: a base with the objects, and an overlay over it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend


def owner(folder: Path, *objects: Object, listed: bool = True, **settings: Any) -> Path:
    """Return a checkout: the base with its objects, and the overlay `prod` over it."""
    top = folder / "owner"
    for name in (".git", "base", "prod"):
        (top / name).mkdir(parents=True, exist_ok=True)
    names = []
    for content in objects or (backend(), *OLD_REDIS):
        names.append(f"{content['kind']}-{content['metadata']['name']}.yaml".lower())
        (top / "base" / names[-1]).write_text(f"# ours\n{dump(content)}", encoding="utf-8")
    (top / "base/kustomization.yaml").write_text(dump({"resources": names}), encoding="utf-8")
    more = {"components": ["rediskit/beersystem"]} if listed else {}
    (top / "prod/kustomization.yaml").write_text(dump({"resources": ["../base"], **more, **settings}), encoding="utf-8")
    return top


def committed(top: Path, *, empty: bool = False) -> None:
    """Commit everything in a checkout. empty: whether a commit may change nothing."""
    if not (top / ".git/HEAD").exists():
        git(top, "init", "--quiet")
    git(top, "add", "--all")
    options = ("--allow-empty",) if empty else ()
    git(top, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message", "commit", *options)


def git(top: Path, *arguments: str) -> None:
    """Run Git in a checkout."""
    subprocess.run(["git", *arguments], cwd=top, check=True, capture_output=True)


def fold(folder: Path) -> None:
    """Put the changes of the Component of decommission into the base."""
    workload = backend()
    release = "redis-shared-master.redis.svc.cluster.local"
    secret = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    kept = [entry for entry in env if entry["name"] not in ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD")]
    switched = [
        {"name": "REDIS_HOST", "value": release},
        {"name": "REDIS_PORT", "value": "6379"},
        {"name": "REDIS_PASSWORD", "valueFrom": secret},
    ]
    workload["spec"]["template"]["spec"]["containers"][0]["env"] = [*switched, *kept]
    (folder / "owner/base/deployment-beersystem-backend.yaml").write_text(dump(workload), encoding="utf-8")
    (folder / "owner/base/kustomization.yaml").write_text("resources: [deployment-beersystem-backend.yaml]\n", encoding="utf-8")
