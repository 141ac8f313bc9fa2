"""REQUIRED.md and required.json of a client whose application is changed by hand."""

from __future__ import annotations

import pytest

from rediskit import Manifest, render
from tests.samples import STEPS, VARIABLES, backend, config, environment_of, merged

PASSWORD = "Tr0ub4dor3xample"


@pytest.mark.parametrize("step", STEPS)
def test_no_step_shows_a_password_that_the_old_manifest_contains(step: str) -> None:
    manifest = backend()
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [
        {"name": "REDIS_HOST", "value": "redis.beersystem.svc.cluster.local"},
        {"name": "REDIS_PORT", "value": "6379"},
        {"name": "REDIS_PASSWORD", "value": PASSWORD},
        {"name": "CACHE_URL", "value": f"redis://:{PASSWORD}@redis.beersystem.svc.cluster.local:6379/0"},
    ]
    variables = {**VARIABLES, "CACHE_URL": "redis://:${password}@${host}:${port}/0"}
    workload = {"manifest": Manifest("workload.yaml", manifest), "containers": {"backend": {"env": variables}}}
    section = merged(config(step)["clients"][0], {"owner": {"kind": "external"}, "workloads": [workload]})
    tree = render(environment_of(step, over={"clients": [section]}))
    files = {file.path: file.content for file in tree.contents if "REQUIRED" in file.path or "required" in file.path}
    assert {path.rpartition("/")[2] for path in files} == {"REQUIRED.md", "required.json"}
    assert [path for path, content in files.items() if PASSWORD in str(content)] == []
