"""Work per environment and client, as counts of calls: the load of the machine does not change them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rediskit import load, render
from rediskit.checks import run_checks
from rediskit.migrate.status import status_of_all
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest
from rediskit.model.step import Step
from rediskit.usage.neighbours import merged
from tests.calls import counting, forget_results

ROOT = Path(__file__).parent.parent
CONFIGS = ("config/chocolandia.yaml", "config/chocolandia-flux.yaml")
AT_MOST = {
    # The names of the release of the config, and those of the rendered values.
    "chart/names.py:of": 2,
    "renderers/platform.py:units": 1,
    "renderers/platform.py:verification": 1,
    "renderers/helm.py:values": 1,
    "renderers/helm.py:merged_values": 1,
    "renderers/monitoring/dashboard.py:dashboard": 1,
    "renderers/monitoring/alerts/__init__.py:alerts": 1,
    "renderers/owner/patches.py:changes": 2,
    "usage/clients.py:users": 1,
    "yamlio/reader.py:read": 10,
}
"""The calls of a function, by its file and name, that one environment with one client may need."""


def calls_of(config: str) -> Counter[str]:
    """Return the calls while one environment is loaded, rendered and checked."""
    with counting() as counted:
        environment = load(ROOT / config)
        tree = render(environment)
        run_checks(environment, tree)
        assert tree.files
    return counted


@pytest.mark.parametrize("config", CONFIGS)
def test_work_is_done_once_per_environment(config: str) -> None:
    calls_of(config)  # What is kept for the whole run, such as validators, counts for the first environment only.
    counted = calls_of(config)
    assert {name: counted[name] for name, most in AT_MOST.items() if counted[name] > most} == {}
    assert counted["chart/names.py:of"] == 2, "the functions have other names: correct AT_MOST"


@pytest.mark.parametrize("config", CONFIGS)
def test_one_environment_needs_a_bounded_number_of_calls(config: str) -> None:
    """It needed 40,000 calls of rediskit's functions before the results were kept."""
    calls_of(config)
    assert calls_of(config).total() < 20_000


def test_checks_change_nothing_that_a_renderer_returned() -> None:
    """Renderers and checks share results, so a check that changes one changes the files."""
    for config in CONFIGS:
        environment = load(ROOT / config)
        fresh = render(load(ROOT / config)).files
        tree = render(environment)
        run_checks(environment, tree)
        assert tree.files == fresh
        assert render(environment).files == fresh


STEPS: tuple[Step, ...] = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate")
AT = "2026-03-01T22:00:00-03:00"
MANY = 18
"""The number of clients that is compared with twice as many."""


class Shape(NamedTuple):
    """Many clients of one config.

    Attributes:
        steps: Their steps, in turn; None for a client without a migration.
        host: The old Redis of a client, by its number.
        namespace: The namespace of a client, by its number.
        removes: Whether `decommission` removes objects.
        manifest: Whether each workload has a manifest, with a use of the old Redis beside the switched variable.
        top: More keys of the config.
    """

    steps: tuple[Step | None, ...] = STEPS
    host: str = "redis.app{}"
    namespace: str = "app{}"
    removes: bool = True
    manifest: bool = True
    owner: Mapping[str, Any] = {}
    top: Mapping[str, Any] = {}


FLUX = {"gitops": {"tool": "flux", "repository": "https://github.com/example/platform.git"}}
EXTERNAL = {"secrets": {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis"}}
SHAPES = {
    "no-migration": Shape((None,), removes=False, manifest=False),
    "first-step": Shape(("prepare",), removes=False, manifest=False),
    "switched": Shape(("scale-up",), removes=False, manifest=False),
    "removes": Shape(manifest=False),
    "manifests": Shape(("validate",), owner={"kind": "manifests"}),
    "application": Shape(("validate",), owner={"kind": "argocd-app"}),
    "helm-release": Shape(("validate",), owner={"kind": "flux-helmrelease"}, top=FLUX),
    "secrets": Shape(("reconfigure", "validate"), top=EXTERNAL),
    "own-redis": Shape(),
    "own-address": Shape(host="10.43.{}.9"),
    "shared-redis": Shape(host="redis.shared.svc", removes=False),
    "shared-removed": Shape(host="redis.shared.svc"),
    "shared-namespace": Shape(host="redis", namespace="shop"),
    "external-address": Shape(("prepare", "validate"), host="redis{}.example.com"),
}


def client_of(shape: Shape, number: int) -> dict[str, Any]:
    """Return one client of a shape."""
    namespace, host = shape.namespace.format(number), shape.host.format(number)
    workload: dict[str, Any] = {"containers": {"app": {"env": {"HOST": "${host}"}}}}
    if shape.manifest:
        env = [{"name": "HOST", "value": host}, {"name": "URL", "value": f"redis://{host}:6379"}, {"name": "LABEL", "value": "my redis"}]
        pod = {"containers": [{"name": "app", "image": "ghcr.io/example/app:1.2.3", "env": env}]}
        labels = {"app": f"web{number}"}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
        metadata = {"name": f"web{number}", "namespace": namespace, "labels": labels}
        content = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        workload["manifest"] = Manifest(f"app{number}.yaml", content)
    else:
        workload |= {"kind": "Deployment", "name": f"web{number}", "replicas": 2}
    step = shape.steps[number % len(shape.steps)]
    client: dict[str, Any] = {"name": f"app{number}", "namespace": namespace, "workloads": [workload]}
    client["previous"] = {"host": host, **({"remove": ["Deployment/redis", "Service/redis"]} if shape.removes else {})}
    if step is not None:
        client["migration"] = {"step": step, "history": [{"step": name, "at": AT} for name in STEPS[: STEPS.index(step) + 1]]}
    if shape.owner:
        release = {"release": Manifest("release.yaml", release_of(number, namespace))} if "helm" in shape.owner["kind"] else {}
        client["owner"] = {**shape.owner, **release}
    return client


def release_of(number: int, namespace: str) -> dict[str, Any]:
    """Return a HelmRelease."""
    chart = {"chart": "app", "version": "1.2.3", "sourceRef": {"kind": "HelmRepository", "name": "apps"}}
    metadata = {"name": f"release{number}", "namespace": namespace}
    spec = {"interval": "5m", "chart": {"spec": chart}}
    return {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata, "spec": spec}


def with_clients(shape: Shape, count: int) -> Environment:
    """Return an environment with many clients."""
    gitops = {"tool": "argocd", "repository": "https://github.com/example/platform.git"}
    clients = [client_of(shape, number) for number in range(count)]
    return Environment.model_validate({"name": "home", "gitops": gitops, **shape.top, "clients": clients})


def status_calls(shape: Shape, count: int) -> Counter[str]:
    """Return the calls of `migrate status` for many clients."""
    forget_results()
    environment = with_clients(shape, count)
    moving = tuple(client for client in environment.clients if client.migration)
    with counting(every=True) as counted:
        statuses = status_of_all(environment, moving, ["2026-03-03T22:00:00-03:00"] * len(moving))
        assert len(statuses) == len(moving)
    return counted


def render_calls(shape: Shape, count: int) -> Counter[str]:
    """Return the calls of `render` and its checks for many clients."""
    forget_results()
    with counting(every=True) as counted:
        environment = with_clients(shape, count)
        tree = render(environment)
        assert tree.files
        run_checks(environment, tree)
    return counted


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("calls", [status_calls, render_calls])
def test_twice_as_many_clients_need_twice_the_calls(
    shape: str, calls: Callable[[Shape, int], Counter[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function is compared alone: a quadratic one is a small part of all calls until there are thousands of clients."""
    for module in ("rediskit.usage.clients", "rediskit.migrate.status"):
        monkeypatch.setattr(f"{module}.LISTED", 2)
    re.purge()  # It has 512 patterns at most, also of earlier tests.
    calls(SHAPES[shape], 2)  # What is kept for the whole run counts once.
    single, double = calls(SHAPES[shape], MANY), calls(SHAPES[shape], 2 * MANY)
    grown = {name: (single[name], number) for name, number in double.items() if number > 2.2 * single[name] + MANY}
    assert grown == {}


def test_the_end_of_an_earlier_generator_is_not_counted() -> None:
    earlier = [merged([[1, 2, 3]]) for _ in range(MANY)]
    assert [next(numbers) for numbers in earlier] == [1] * MANY
    with counting() as counted:
        earlier.clear()
        own = merged([[1, 2]])
        assert [*own] == [1, 2]
    assert counted["usage/neighbours.py:merged"] == 3


def test_results_of_earlier_tests_do_not_change_the_calls() -> None:
    def own_calls() -> dict[str, int]:
        return {name: number for name, number in status_calls(SHAPES["own-redis"], MANY).items() if not name.startswith(("/", "<"))}

    render_calls(SHAPES["own-redis"], 2)
    first = own_calls()
    for shape in SHAPES.values():
        render_calls(shape, 2)
    assert own_calls() == first
