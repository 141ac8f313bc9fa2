"""Conflicts between configs, and errors of all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.errors import ConfigError
from rediskit.model.environment import Environment
from rediskit.source.loader import load_all
from tests.problems import lines_of
from tests.source.test_loader import HEAD, config
from tests.source.test_loader import repository as repository


def clashes(**bodies: str) -> list[str]:
    paths = [config(body, name) for name, body in bodies.items()]
    try:
        load_all(paths)
    except ConfigError as error:
        return lines_of(error.problems)
    return []


APART = "redis: {release: redis-b, namespace: b}\n"


LAN = "network: {address: 10.0.0.5, allow: [10.0.0.0/8], pool: {name: lan, addresses: 10.0.0.0/28}}\n"


def test_environments_of_different_clusters_do_not_conflict() -> None:
    assert clashes(a=LAN, b=LAN, c="clients: [{name: shop, namespace: shop}]\n", d="clients: [{name: shop, namespace: shop}]\n") == []


def test_environments_of_one_cluster_conflict_in_release_namespace_and_address() -> None:
    line = "cluster: home\n"
    assert clashes(a=line, b=line + APART) == []
    assert clashes(a=line, b=line) == [
        "config/b.yaml:1:1: redis.release: config/a.yaml also has the release redis-shared in cluster home",
        "config/b.yaml:1:1: redis.namespace: config/a.yaml also has the namespace redis in cluster home",
    ]
    assert clashes(a=line, b=f"{line}redis:\n  release: redis-b\n") == [
        "config/b.yaml:7:3: redis.namespace: config/a.yaml also has the namespace redis in cluster home"
    ]
    assert clashes(a=line + LAN, b=line + APART + LAN) == [
        "config/b.yaml:7:20: network.address: config/a.yaml also has the address 10.0.0.5 in cluster home"
    ]
    assert clashes(home=LAN, b=line + APART + LAN) == [
        "config/b.yaml:7:20: network.address: config/home.yaml also has the address 10.0.0.5 in cluster home"
    ], "the name is the cluster where nothing else is said"


def test_two_environments_can_not_share_a_secret() -> None:
    shop = "clients: [{name: shop, namespace: shop}]\n"
    assert clashes(a=f"cluster: home\n{shop}", b=f"cluster: home\n{APART}{shop}") == [
        "config/b.yaml:7:35: clients[0].namespace: config/a.yaml also has the Secret redis-credentials in namespace shop of cluster home"
    ]
    other = "redis: {release: redis-b, namespace: b, auth: {secret: redis-b-credentials}}\n"
    assert clashes(a=f"cluster: home\n{shop}", b=f"cluster: home\n{other}{shop}") == []
    twice = "clients: [{name: web, namespace: shop}, {name: worker, namespace: shop}]\n"
    assert clashes(a=twice) == [], "two clients of one environment share the Secret of their namespace"


def test_two_environments_can_not_share_the_names_of_their_applications() -> None:
    """Their claims would be equal, so Argo CD would give the Applications of one to the other."""
    line = "cluster: home\n"
    words = "config/a.yaml also has the names redis-shared-… of the Applications in namespace argocd of cluster home"
    taking, elsewhere = "  argocd: {prefix: redis-shared}\n", "  argocd: {prefix: redis-shared, namespace: other}\n"
    assert clashes(a=line, b=f"{taking}{line}{APART}") == [f"config/b.yaml:5:20: gitops.argocd.prefix: {words}"]
    assert clashes(a=f"{taking}{line}{APART}", b=line) == [f"config/b.yaml:1:1: redis.release: {words}"]
    assert clashes(a=line, b=f"{elsewhere}{line}{APART}") == []


def test_a_secret_in_the_namespace_of_another_redis_is_refused() -> None:
    clients = "clients: [{name: shop, namespace: b}]\n"
    assert clashes(a=f"cluster: home\n{clients}", b=f"cluster: home\n{APART}") == [
        "config/b.yaml:6:38: redis.namespace: config/a.yaml also has the Secret redis-credentials in namespace b of cluster home"
    ]


def test_two_environments_with_one_name_are_refused() -> None:
    Path("other").mkdir()
    Path("other/home.yaml").write_text(HEAD.format(name="home") + "cluster: elsewhere\n")
    config()
    with pytest.raises(ConfigError) as error:
        load_all(["config/home.yaml", "other/home.yaml"])
    assert lines_of(error.value.problems) == ["other/home.yaml:1:7: name: config/home.yaml also has the name home"]


def test_a_config_that_is_passed_twice_is_loaded_once(repository: Path) -> None:
    config()
    assert (
        len(load_all(["config/home.yaml", "./config/home.yaml", str(repository / "config/home.yaml"), Path("config/../config/home.yaml")]))
        == 1
    )


def test_errors_of_all_configs_are_reported_together() -> None:
    assert clashes(a="cluster: A\n", b="cluster: home\n", c="cluster: home\n", d="x: 1\n") == [
        "config/a.yaml:5:10: cluster: A is not a DNS label",
        "config/d.yaml:5:1: x: unknown key",
        "config/c.yaml:1:1: redis.release: config/b.yaml also has the release redis-shared in cluster home",
        "config/c.yaml:1:1: redis.namespace: config/b.yaml also has the namespace redis in cluster home",
    ]
    environments = load_all([config(name="b")])
    assert [type(environment) for environment in environments] == [Environment]
