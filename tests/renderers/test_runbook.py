"""The runbook of a migration fits the kind of owner: it has only commands that rediskit accepts for it."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import render
from tests.samples import config, environment_of, merged

IN_PLACE = {"kind": "kustomize", "path": "apps/beersystem", "inPlace": True}
TFVARS = {"kind": "tfvars", "variables": {"stopped": {"replicas": 0}, "switched": {"host": "${host}"}}}


def runbook(owner: dict[str, Any], step: str = "prepare") -> str:
    changed = merged(config(step)["clients"][0], {"owner": owner})
    return render(environment_of(step, over={"clients": [changed]})).files["docs/migration-beersystem.md"].decode()


@pytest.mark.parametrize(
    ("owner", "exports"), [({"kind": "kustomize"}, True), ({"kind": "external"}, False), (IN_PLACE, False), (TFVARS, True)]
)
def test_the_prerequisites_export_only_where_files_are_exported(owner: dict[str, Any], exports: bool) -> None:
    """`migrate export` refuses `external` and `inPlace`, and a reader stops at the first command that fails."""
    prerequisites = runbook(owner).partition("## Steps")[0]
    assert ("rediskit migrate export config" in prerequisites) == exports


@pytest.mark.parametrize(("owner", "patched"), [({"kind": "kustomize"}, True), ({"kind": "external"}, False), (TFVARS, False)])
def test_a_base_is_mentioned_only_where_rediskit_patches_it(owner: dict[str, Any], patched: bool) -> None:
    text = runbook(owner)
    assert ("after a rollback, no patch sets it" in text) == patched
    complete = text.partition("complete\n")[2].partition("## Roll back")[0]
    assert ("First edit the base" in complete) == patched
    assert ("already contains the change" in complete) == (not patched)
