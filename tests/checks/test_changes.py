"""The rules about changes to a running Redis: each has a case, and each config key has a rule or a reason for none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from rediskit.checks.changes import RULES, findings
from rediskit.checks.changes.harmless import HARMLESS
from rediskit.checks.codes import BASE, names
from rediskit.errors import dotted
from rediskit.model.environment import Environment
from rediskit.model.files import TextFile
from rediskit.model.gitops import GitOps
from rediskit.model.network import Network
from rediskit.model.redis import Redis
from rediskit.model.secrets import Secrets
from tests.samples import config, merged

Sections = dict[str, Any]
DATA = yaml.safe_load(Path(__file__).with_name("changes.yaml").read_text(encoding="utf-8"))
CASES: list[tuple[str, str, Sections, Sections]] = [(row["code"], row["accept"], row["old"], row["new"]) for row in DATA["rules"]]
UNREPORTED: dict[str, tuple[Sections, Sections]] = {row["name"]: (row["old"], row["new"]) for row in DATA["harmless"]}


def redis(**keys: Any) -> Sections:
    return {"redis": keys}


def environment(sections: Sections) -> Environment:
    data = config(None)
    values = copy.deepcopy(merged({key: data[key] for key in ("name", "gitops", "network")}, sections))
    if values.get("secrets", {}).get("mode") == "sealed-secrets":
        values["secrets"]["certificate"] = TextFile("sealing.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
    if "destination" in values["gitops"].get("argocd", {}):
        values["gitops"]["argocd"]["destination"].pop("server", None)
    return Environment.model_validate({key: value for key, value in values.items() if value is not None})


def reported(old: Sections, new: Sections) -> list[tuple[str, str]]:
    """Return the code and the value of `accept.on` of each finding except the one about restarts."""
    reported = findings(environment(old), environment(new))
    return [(finding.code, finding.on[0]) for finding in reported if finding.code != "release-restart"]


@pytest.mark.parametrize(("code", "on", "old", "new"), CASES, ids=[f"{code}: {on[:50]}" for code, on, _, _ in CASES])
def test_a_change_is_reported_with_its_effect_and_fix(code: str, on: str, old: Sections, new: Sections) -> None:
    assert (code, on) in reported(old, new)
    matching = [finding for finding in findings(environment(old), environment(new)) if finding.on == (on,)]
    assert all(finding.message and finding.hint for finding in matching)


@pytest.mark.parametrize(("old", "new"), [(old, new) for _, _, old, new in CASES])
def test_the_same_config_has_no_finding(old: Sections, new: Sections) -> None:
    for sections in (old, new):
        assert list(findings(environment(sections), environment(sections))) == []


def test_every_rule_has_a_case_and_a_documented_code() -> None:
    assert {rule.code for rule in RULES} == {code for code, _, _, _ in CASES}
    assert {rule.code for rule in RULES} < names(BASE)
    assert len({rule.code for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("what", UNREPORTED)
def test_a_harmless_change_has_no_finding(what: str) -> None:
    assert reported(*UNREPORTED[what]) == []


def test_other_values_are_reported_as_a_restart() -> None:
    (finding,) = findings(environment({}), environment(redis(resources={"primary": {"limits": {"memory": "4Gi"}}})))
    assert (finding.code, finding.severity) == ("release-restart", "info")
    assert "master.resources.limits.memory" in finding.message


def test_every_key_of_the_sections_has_a_rule_or_a_reason_for_none() -> None:
    """A new key of these sections needs a rule, or a reason in HARMLESS."""
    every = {"cluster", *keys(Redis, "redis"), *keys(Network, "network"), *keys(GitOps, "gitops")}
    for model in models(Secrets):
        every |= set(keys(model, "secrets"))
    watched = {key for rule in RULES for key in rule.keys}
    assert watched | set(HARMLESS) == every
    assert watched & set(HARMLESS) == set()
    assert all(HARMLESS.values())


def models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from models(part)


def keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{prefix}.{field.alias or name}"
        inner = list(models(field.annotation))
        for word in inner:
            yield from keys(word, path)
        if not inner:
            yield path


def test_a_key_that_a_rule_lists_is_reported_at_its_place() -> None:
    rows = [*DATA["rules"], *DATA["places"]]
    places = {dotted(finding.path) for row in rows for finding in findings(environment(row["old"]), environment(row["new"]))}
    missed = [key for rule in RULES for key in rule.keys if not any(place.startswith(PARENTS.get(key, key)) for place in places)]
    assert missed == []


PARENTS = {
    **{f"redis.image.{part}": "redis.image" for part in ("registry", "repository", "tag", "digest")},
    "gitops.argocd.destination.server": "gitops.argocd.destination",
    "gitops.argocd.destination.name": "gitops.argocd.destination",
    "gitops.flux.source.kind": "gitops.flux.source",
    "gitops.flux.source.name": "gitops.flux.source",
}


@pytest.mark.parametrize(("old", "new"), [("redis:8.10.0", "valkey:9.1.1"), ("valkey:9.1.1", "redis:8.10.0")])
def test_versions_of_redis_and_valkey_have_no_order(old: str, new: str) -> None:
    """Redis 8.10 to Valkey 9.1 was an upgrade that converts the files, and Valkey does not read them."""
    before, after = (
        redis(image={"repository": f"library/{name}", "tag": tag}) for name, _, tag in (old.partition(":"), new.partition(":"))
    )
    assert [code for code, _ in reported(before, after)] == ["image-unreadable"]
