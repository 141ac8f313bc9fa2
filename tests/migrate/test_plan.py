"""The plan holds what will happen: the values that kustomize really changes, the objects that rendering really changes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rediskit import Environment, load, render
from rediskit.chart.profiles import PROFILES
from rediskit.cli.migrate.plan import _lines, _markdown
from rediskit.migrate.plan import HIDDEN, Plan, plan
from rediskit.migrate.status import status
from rediskit.model.migration import Migration, Order
from rediskit.renderers.pages.runbook import runbook
from rediskit.state_machine import transitions
from tests.migrate.walks import ORDERS, START, along, reachable, take, with_migration
from tests.renderers.owner_build import OLD_REDIS, Owner, changed
from tests.samples import ROOT, SEALED, SOPS, backend, client, environment_of, loaded, merged, owned_by, sealed, sops

VARIANTS: dict[str, dict[str, Any]] = {
    "argocd": {},
    "flux": {"gitops": {"tool": "flux"}},
    "inside only": {"network": None},
    "other names": {"redis": {"release": "cache", "namespace": "caches", "auth": {"secret": "pass", "key": "the.key"}}},
}


def planned(environment: Environment) -> Plan:
    return plan(environment, environment.clients[0])


def at(migration: Migration, over: dict[str, Any] | None = None) -> Environment:
    return with_migration(environment_of("prepare", migration.order, over), migration)


def shells(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("order", ORDERS)
def test_the_values_are_those_that_kustomize_changes(order: Order, tmp_path: Path, kustomize: Path) -> None:
    environment = at(along(order))
    repository = Owner(tmp_path, kustomize, (backend(), *OLD_REDIS))
    migration, seen = along(order), repository.build(environment)
    for step in planned(environment).steps[:-1]:
        migration = take(migration, next(transition for transition in transitions.available(migration) if transition.kind == "forward"))
        built = repository.build(at(migration))
        assert built.code == 0, built.complaint
        real = changed(seen.workload(), built.workload())
        told = {value.pointer for value in step.values}
        assert all(any(f"{entry}/".startswith(f"{pointer}/") for pointer in told) for entry in real), (step.procedure.step, real - told)
        assert all(any(f"{entry}/".startswith(f"{pointer}/") for entry in real) for pointer in told), (step.procedure.step, told - real)
        gone = {f"{kind}/{name}" for kind, _, name in seen.objects.keys() - built.objects.keys()}
        assert gone == set(step.gone)
        seen = built


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_objects_are_those_that_rendering_changes(order: Order, variant: str) -> None:
    for number in range(7):
        old, new = (render(at(along(order, "f" * count), VARIANTS[variant])).files for count in (number, number + 1))
        step = planned(at(along(order, "f" * number), VARIANTS[variant])).steps[0]
        real = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
        texts = {path for path in real if path == "README.md" or path.startswith(("docs/", "checks/"))}
        folder = "owners/beersystem/"
        assert {obj.path for obj in step.objects} == {path for path in real - texts if not path.startswith(folder)}
        assert {file.partition(" ")[2] for file in step.files} == {path.removeprefix(folder) for path in real if path.startswith(folder)}
        assert not (step.objects and step.files)
        assert step.procedure.repository == ("ours" if step.objects else "owner" if step.files else "none")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_chart_creates_its_objects_at_deploy_alone(order: Order, variant: str) -> None:
    brought = {step.procedure.step: step.brings for step in planned(at(along(order), VARIANTS[variant])).steps if step.brings}
    name = "cache-redis" if variant == "other names" else "redis-shared"
    assert list(brought) == ["deploy"]
    assert {f"StatefulSet/{name}-master", f"StatefulSet/{name}-replicas", f"Service/{name}-master"} <= set(brought["deploy"])


@pytest.mark.parametrize("profile", PROFILES)
def test_each_object_of_the_chart_is_listed_once(profile: str) -> None:
    redis = {"chart": {"profile": profile}}
    (brought,) = (step.brings for step in planned(at(along("scale-down-first"), {"redis": redis})).steps if step.brings)
    assert sorted(brought) == sorted(set(brought))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ORDERS)
def test_there_is_a_plan_from_every_place(order: Order, variant: str) -> None:
    base = environment_of("prepare", order, VARIANTS[variant])
    for migration in reachable(order, 4):
        environment = with_migration(base, migration)
        migration_plan = planned(environment)
        text = "\n".join(_lines(environment, environment.clients[0], migration_plan))
        assert [step.procedure.step for step in migration_plan.steps][-1:] == ([] if migration.step == "complete" else ["complete"])
        assert "None" not in text
        assert (migration_plan.rollback is None) == (migration.step in ("decommission", "complete"))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_page_and_the_runbook_hold_commands_that_a_shell_takes(order: Order, variant: str) -> None:
    environment = at(along(order), VARIANTS[variant])
    migrating = environment.clients[0]
    for text in (_markdown(environment, migrating, planned(environment)), runbook(environment, migrating)):
        for block in shells(text):
            done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{done.stderr}\n{block}"
        assert len(shells(text)) > 10
        bare = re.sub(r"```sh\n.*?```", "commands", text, flags=re.DOTALL)
        for words in ("None", "{{", "\n\n\n", "'}"):
            assert words not in bare, words
        assert not re.search(r"[ \t]$", text, re.MULTILINE)
        for number, line in enumerate(lines := text.splitlines()):
            if line.startswith("| "):
                assert (
                    line.count("|") - line.count("\\|") == lines[number - 1].count("|") - lines[number - 1].count("\\|")
                    or not lines[number - 1]
                )
        assert "redis-cli -a" not in text
        names = [step.procedure.step for step in planned(environment).steps]
        places = [text.index(f". {name}") for name in names]
        assert places == sorted(places)


def test_the_commands_are_for_the_tool_in_use() -> None:
    argocd, flux = (
        runbook(at(along("scale-down-first"), VARIANTS[name]), environment_of("prepare").clients[0]) for name in ("argocd", "flux")
    )
    assert "the Application that deploys beersystem" in argocd
    assert "the Kustomization that deploys beersystem" in flux
    assert "flux " not in argocd
    assert "argocd" not in flux
    assert "up to 3 minutes" in argocd


@pytest.mark.parametrize("order", ORDERS)
def test_the_runbook_is_the_same_at_every_step(order: Order) -> None:
    pages = {render(at(along(order, "f" * number))).files["docs/migration-beersystem.md"] for number in range(7)}
    assert len(pages) == 1
    assert "docs/migration-beersystem.md" not in render(at(along(order, "fffffff"))).files
    text = pages.pop().decode()
    for title in ("### The application does not start", "### The application logs errors", "### The validation fails"):
        assert title in text


def test_the_names_are_those_of_the_release() -> None:
    environment = at(along("scale-down-first"), VARIANTS["other names"])
    text = runbook(environment, environment.clients[0])
    assert "cache-redis-master-0" in text
    assert "jsonpath='{.data.the\\.key}'" in text
    assert "redis-shared" not in text.replace("redis-shared-root", "")


def test_times_are_in_local_time_and_utc() -> None:
    migration = Migration.model_validate({"step": "prepare", "window": {"start": START, "duration": "30m"}})
    migration_plan = planned(at(migration))
    assert migration_plan.window == ("2026-03-01T22:00:00-03:00 (2026-03-02 01:00 UTC)", "2026-03-01T22:30:00-03:00 (2026-03-02 01:30 UTC)")
    assert migration_plan.down == "22:00 (01:00 UTC) to 22:06 (01:06 UTC)"
    assert [step.begins for step in migration_plan.steps] == [
        "22:00 (01:00 UTC)",
        "22:01 (01:01 UTC)",
        "22:04 (01:04 UTC)",
        "22:05 (01:05 UTC)",
        "22:06 (01:06 UTC)",
        "",
        "",
    ]
    assert (
        migration_plan.steps[0].when
        == "from 2026-03-01T22:00:00-03:00 (2026-03-02 01:00 UTC) to 2026-03-01T22:20:00-03:00 (2026-03-02 01:20 UTC)"
    )
    assert (migration_plan.expected, migration_plan.budget, migration_plan.commits) == (360, 600, 4)
    first = planned(at(Migration.model_validate({**migration.model_dump(by_alias=True, exclude_none=True), "order": "deploy-first"})))
    assert (first.expected, first.commits) == (180, 3)
    assert first.steps[0].when == "before the window"
    assert first.down == "22:00 (01:00 UTC) to 22:03 (01:03 UTC)"


def test_no_literal_password_of_the_manifest_is_shown() -> None:
    manifest = backend()
    word = "hunter2" + "hunter2"
    manifest["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "REDIS_PASSWORD", "value": word})
    environment, migrating = owned_by(manifest, "prepare")
    migration_plan = plan(environment, migrating)
    for text in (
        _markdown(environment, migrating, migration_plan),
        "\n".join(_lines(environment, migrating, migration_plan)),
        json.dumps([str(step) for step in migration_plan.steps]),
    ):
        assert word not in text
    values = {value.pointer.rpartition("/")[2]: value for step in migration_plan.steps for value in step.values}
    assert values["REDIS_PASSWORD"].old == HIDDEN
    assert values["REDIS_PASSWORD"].new == "from Secret redis-credentials, key redis-password"


def test_a_url_is_shown_unless_it_has_a_place_for_a_password() -> None:
    urls = {
        "CACHE_URL": "redis://redis:6379/1",
        "QUEUE_URL": "redis://:short@redis:6379/0",
        "OPTIONS_URL": "redis://redis/0?password=short",
    }
    manifest = backend()
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": url} for name, url in urls.items()]
    switched = dict.fromkeys(urls, "redis://:${password}@${address}/1")
    environment, migrating = owned_by(manifest, "prepare", containers={"backend": {"env": switched}})
    values = {value.pointer: value for step in plan(environment, migrating).steps for value in step.values}
    place = "/spec/template/spec/containers/backend/env/{}/value"
    assert {name: values[place.format(name)].old for name in urls} == {**dict.fromkeys(urls, HIDDEN), "CACHE_URL": urls["CACHE_URL"]}
    new = "redis://:$(REDISKIT_PASSWORD)@redis-shared-master.redis.svc.cluster.local:6379/1"
    assert {values[place.format(name)].new for name in urls} == {new}


def test_values_are_shown_as_in_the_manifest() -> None:
    job = client("report", "prepare")
    job["workloads"] = [{"kind": "CronJob", "name": "report", "containers": {"app": job["workloads"][0]["containers"]["app"]}}]
    steps = planned(environment_of("prepare", over={"clients": [job]})).steps
    shown = [(value.pointer, value.old, value.new) for step in steps for value in step.values if value.pointer == "/spec/suspend"]
    assert shown == [("/spec/suspend", "false", "true"), ("/spec/suspend", "true", "false")]


def test_deploy_changes_no_repository_while_a_second_client_needs_the_release() -> None:
    environment = environment_of("prepare", over={"clients": [client("one", "prepare"), client("there", None)]})
    deploy = planned(environment).steps[1]
    assert (deploy.procedure.step, deploy.procedure.repository, deploy.objects) == ("deploy", "none", ())


def test_with_nothing_to_remove_decommission_changes_nothing() -> None:
    environment = at(along("scale-down-first", "fffff"), {"clients": [client("one", "prepare")]})
    step = planned(environment).steps[0]
    assert (step.procedure.step, step.procedure.repository, step.files, step.gone) == ("decommission", "none", (), ())
    text = _markdown(environment, environment.clients[0], planned(environment)) + runbook(environment, environment.clients[0])
    assert "`previous.remove` is empty, so the old Redis runs until you remove it in the application repository." in text
    assert "The old Redis leave" not in text
    (forward, *_) = status(environment, environment.clients[0], "2026-03-09T09:00:00Z").transitions
    assert forward.repository == "none"


@pytest.mark.parametrize("config", sorted((ROOT / "tests/valid").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_valid_config_has_its_plans(config: Path) -> None:
    environment = load(config)
    for migrating in (known_client for known_client in environment.clients if known_client.migration is not None):
        assert migrating.migration is not None
        begin = migrating.model_copy(update={"migration": Migration(step="prepare", order=migrating.migration.order)})
        for stage in (migrating, begin):
            whole = environment.model_copy(
                update={"clients": tuple(stage if known.name == migrating.name else known for known in environment.clients)}
            )
            migration_plan = plan(whole, stage)
            for text in ("\n".join(_lines(whole, stage, migration_plan)), _markdown(whole, stage, migration_plan), runbook(whole, stage)):
                assert "None" not in text
            for step in migration_plan.steps:
                assert step.procedure.repository == ("ours" if step.objects else "owner" if step.files else "none"), step.procedure.step
                assert not (step.objects and step.files), "one repository a step"
                if step.procedure.step != "complete":
                    assert bool(step.values or step.gone) == bool(step.files), step.procedure.step


def test_what_is_still_to_be_written_is_named() -> None:
    environment = environment_of(
        "prepare", over={"clients": [merged(client("one", "prepare"), {"previous": {"remove": ["StatefulSet/redis"]}})]}
    )
    assert [words.rpartition(" ")[2] for words in planned(environment).missing] == [
        "[window-missing]",
        "[secret-missing]",
        "[old-data-missing]",
    ]


@pytest.mark.parametrize(("secrets", "form"), [(SEALED, sealed), (SOPS, sops)])
def test_a_rendered_secret_passes_its_gate(secrets: dict[str, Any], form: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    over: dict[str, Any] = {"secrets": secrets, "gitops": {"tool": "flux"}}
    words = "the rendered manifests do not contain Secret redis-credentials for redis and beersystem"
    for present, blocked in (((), [words]), (("redis",), [words]), (("redis", "beersystem"), [])):
        folder = tmp_path / str(len(present))
        folder.mkdir()
        environment = loaded(folder, "prepare", over=over, ciphertexts={namespace: form(namespace) for namespace in present})
        report = status(environment, environment.clients[0], START)
        assert [reason.message for gate in report.transitions[0].gates if gate.code == "secret" for reason in gate.blockers] == blocked
        assert ("[secret-missing]" in " ".join(planned(environment).missing)) == bool(blocked)
        step = planned(environment).steps[0]
        assert (step.procedure.repository, step.objects) == ("owner", ()), "the ciphertext is copied, not created again"
