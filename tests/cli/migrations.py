"""Configs of a migration at any step, for the tests of `rediskit migrate`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.samples import EVIDENCE, OBSERVED, complete, loaded, merged

WINDOW = {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}


SEEN = "2026-03-01T18:00:00-03:00"


SECRET = {
    "kind": "secret",
    "step": "prepare",
    "at": SEEN,
    "about": "Secret redis-credentials key redis-password in redis and beersystem",
}


READY: dict[str, Any] = {"window": WINDOW, "evidence": [SECRET]}


IN_WINDOW = "2026-03-01T22:01:00-03:00"


CONFIG = "chocolandia.yaml"


STEPS = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete")


def entries(*before: str) -> list[dict[str, str]]:
    """Return one minute per step, from the start of the window."""
    reason = {"rolled-back": {"reason": "errors in the logs"}}
    return [{"step": step, "at": f"2026-03-01T22:{minute:02}:00-03:00", **reason.get(step, {})} for minute, step in enumerate(before)]


def migration(*before: str, **more: Any) -> dict[str, Any]:
    """Return the section after these steps."""
    return {"step": before[-1], **READY, "history": entries(*before), **more} if before else {"step": "prepare", **READY, **more}


def to(step: str, **more: Any) -> dict[str, Any]:
    return migration(*STEPS[1 : STEPS.index(step) + 1], **more)


def write(
    folder: Path, section: Mapping[str, Any], over: Mapping[str, Any] | None = None, manifest: Mapping[str, Any] | None = None
) -> Path:
    """Return a config whose beersystem has this migration."""
    environment = loaded(folder, "prepare")
    if manifest is not None:
        (folder / "chocolandia/beersystem-backend.yaml").write_text(dump(manifest), encoding="utf-8")
    data = yaml.safe_load(Path(environment.file).read_text(encoding="utf-8"))
    data["clients"][0]["migration"] = dict(section)
    data["clients"][0]["previous"]["data"] = "none"
    data["clients"][0] = merged(data["clients"][0], (over or {}).get("client", {}))
    data["clients"] += (over or {}).get("others", [])
    data = merged(data, {key: value for key, value in (over or {}).items() if key not in ("client", "others")})
    file = folder / CONFIG
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")
    file.write_text(yaml.safe_dump(complete(data, load(file)), sort_keys=False, width=1000), encoding="utf-8")
    load(file)
    return file


def evidence(entries: Sequence[Any] = OBSERVED, **over: Any) -> dict[str, Any]:
    """Return the validation and its evidence."""
    times = {**EVIDENCE, "from": "2026-03-01T22:10:00-03:00", "until": "2026-03-02T23:00:00-03:00", **over}
    return {"validation": times, "evidence": list(entries)}


MEASURED_LATENCY = {
    "kind": "criterion", "step": "validate", "at": "2026-03-03T08:30:00-03:00", "by": "measured", "value": "latency:failed",
    "measured": "12.4 ms", "limit": "10 ms", "coverage": "100%", "source": "histogram_quantile(…)",
}  # fmt: skip


def folded(at: str) -> list[dict[str, Any]]:
    """All evidence up to `complete`."""
    return [*OBSERVED, {"kind": "folded", "step": "decommission", "at": at}]


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)
