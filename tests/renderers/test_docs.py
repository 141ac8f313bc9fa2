"""The runbooks of the tree: exact names, commands that a shell takes, and the order that keeps data."""

from __future__ import annotations

import re
import subprocess

import pytest

from rediskit import Environment, render
from tests.samples import made

FLUX: dict[str, object] = {"gitops": {"tool": "flux"}}
VARIANTS: dict[str, dict[str, object]] = {
    "argocd": {},
    "flux": FLUX,
    "inside only": {"network": None},
    "flux inside only": {**FLUX, "network": None},
    "other names": {"redis": {"release": "cache", "namespace": "caches", "replicas": 3}, "gitops": {"argocd": {"prefix": "hub"}}},
    "no append-only file": {"redis": {"appendOnly": False}},
}


def runbook(environment: Environment) -> str:
    return render(environment).files["docs/failover.md"].decode()


def blocks(text: str) -> list[str]:
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_command_is_one_a_shell_takes(variant: str) -> None:
    text = runbook(made("validate", over=VARIANTS[variant]))
    found = blocks(text)
    assert len(found) >= 10
    for block in found:
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{block}"
    assert "None" not in text
    assert "{{" not in text
    assert "\n\n\n" not in text


def test_the_names_are_those_of_the_release() -> None:
    text = runbook(made("validate", over=VARIANTS["other names"]))
    for name in ("cache-redis-master-0", "cache-redis-replicas-0", "redis-data-cache-redis-master-0", "cache-redis-headless.caches.svc"):
        assert name in text
    assert "redis-shared" not in text
    assert "hub-$app" in text
    assert "--replicas=1" in text.split("## Fail back")[0], "all replicas are selected: they must be one before clients are sent there"


def test_without_external_access_no_command_names_its_service() -> None:
    assert "redis-shared-external" not in runbook(made("validate", over=VARIANTS["inside only"]))
    assert "redis-external" not in runbook(made("validate", over=VARIANTS["flux inside only"]))


@pytest.mark.parametrize("variant", ["argocd", "flux"])
def test_the_order_that_never_wipes_data(variant: str) -> None:
    promote, _, back = runbook(made("validate", over=VARIANTS[variant])).partition("## Fail back")
    stop = "suspend" if variant == "flux" else '"enabled":false'
    places = [promote.index(words) for words in (stop, "replica BGSAVE", "--replicas=0", "replica REPLICAOF NO ONE", '"replica"}}}')]
    assert places == sorted(places), "stop the tool, save, fence, promote, and only then send the clients"
    steps = ("--replicas=1", "primary REPLICAOF redis-shared-replicas-0", "CLIENT PAUSE", "primary REPLICAOF NO ONE", '"master"}}}')
    places = [back.index(words) for words in (*steps, "replica REPLICAOF redis-shared-master-0")]
    assert places == sorted(places), "an empty primary must never be copied"


def test_no_password_stands_on_a_command_line() -> None:
    text = runbook(made("validate"))
    assert "redis-cli -a" not in text
    assert text.count("REDISCLI_AUTH") == 2


def test_there_is_nothing_to_fail_over_before_deploy() -> None:
    tree = render(made("prepare"))
    assert "docs/failover.md" not in tree.files
    assert "docs/failover.md" not in tree.files["README.md"].decode()
    assert "docs/failover.md" in render(made("validate")).files["README.md"].decode()
