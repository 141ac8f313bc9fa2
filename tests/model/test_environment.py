"""The environment: defaults, rules over several sections, and construction in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rediskit import (
    ArgoCD,
    Client,
    Container,
    Environment,
    GitOps,
    Manifest,
    Migration,
    Monitoring,
    Network,
    Pool,
    Previous,
    Redis,
    Template,
    Workload,
    load,
    render,
)
from rediskit.model.addresses import AddressRange
from rediskit.model.files import TextFile
from rediskit.model.measures import Duration, Quantity, RedisMemory
from rediskit.model.redis import DISABLEABLE_COMMANDS, NEEDED_COMMANDS, Image
from rediskit.model.resources import Resources
from rediskit.model.secrets import SealedSecrets
from rediskit.source.manifest import read_manifest

ROOT = Path(__file__).parents[2]
GIT = "https://git.example.org/platform/cluster.git"


def environment(**sections: Any) -> Environment:
    return Environment.model_validate({"name": "home", "gitops": GitOps(tool="argocd", repository=GIT), **sections})


def complaints(**sections: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as error:
        environment(**sections)
    lines = [line for line in error.value.errors() if line["type"] != "default_factory_not_called"]
    return [(line["loc"], line.get("ctx", {}).get("message", line["type"])) for line in lines]


def chocolandia() -> Environment:
    """Return the config of this repository, constructed in Python."""
    live = "chocolandia/beersystem-backend.yaml"
    content = read_manifest((ROOT / "config" / live).read_bytes(), live)
    return Environment(
        name="chocolandia",
        gitops=GitOps(tool="argocd", repository="https://github.com/cbenitezpy-ueno/chocolandia_kube.git"),
        network=Network(
            address="192.168.4.203",
            pool=Pool(
                name="eero-pool",
                addresses=AddressRange("192.168.4.200-192.168.4.210"),
                taken={"192.168.4.200": "postgres-ha-postgresql-primary", "192.168.4.201": "pihole-dns", "192.168.4.202": "traefik"},
            ),
            allow=("192.168.4.0/24",),
        ),
        secrets=SealedSecrets(
            mode="sealed-secrets",
            certificate=TextFile("chocolandia/sealing.crt", (ROOT / "config/chocolandia/sealing.crt").read_text(encoding="utf-8")),
        ),
        clients=(
            Client(
                name="beersystem",
                namespace="beersystem",
                use=("cache",),
                workloads=(
                    Workload(
                        manifest=Manifest(live, content),
                        containers={
                            "backend": Container(
                                env={
                                    "REDIS_HOST": Template("${host}"),
                                    "REDIS_PORT": Template("${port}"),
                                    "REDIS_PASSWORD": Template("${password}"),
                                }
                            )
                        },
                    ),
                ),
                previous=Previous(host="redis.beersystem.svc.cluster.local", remove=("Deployment/redis", "Service/redis")),
                migration=Migration(step="prepare"),
            ),
        ),
    )


def test_an_environment_constructed_in_python_equals_the_loaded_one() -> None:
    loaded = load(ROOT / "config/chocolandia.yaml")
    assert set(loaded.ciphertexts) == {"redis", "beersystem"}
    complete = chocolandia().with_ciphertexts(loaded.ciphertexts)
    assert complete.model_dump() == loaded.model_dump()
    assert complete.clients == loaded.clients
    assert render(complete).files == render(loaded).files
    assert (complete.file, complete.locate(("network", "address"))) == ("", None)
    place = loaded.locate(("network", "address"))
    assert place is not None
    assert (Path(place.file).name, place.line, place.column) == ("chocolandia.yaml", 8, 12)


def test_models_accept_field_names_and_keys() -> None:
    by_name = Redis(append_only=False, save_points=("900 1",), disabled_commands=(), image_mirror="mirror.example.org")
    by_key = Redis(appendOnly=False, savePoints=("900 1",), disabledCommands=(), imageMirror="mirror.example.org")  # type: ignore[call-arg]
    assert by_name == by_key
    assert by_name.model_dump()["savePoints"] == ("900 1",)
    with pytest.raises(ValidationError, match="save_point"):
        Redis(save_point=())  # type: ignore[call-arg]


def test_the_defaults_are_those_of_the_homelab() -> None:
    redis, default = Redis(), environment()
    assert (redis.chart.version, redis.chart.repository) == ("23.2.12", "oci://registry-1.docker.io/bitnamicharts/redis")
    assert (redis.release, redis.namespace, redis.labels) == ("redis-shared", "redis", {"name": "redis", "type": "shared-service"})
    assert (redis.auth.secret, redis.auth.key) == ("redis-credentials", "redis-password")
    assert (redis.replicas, redis.storage.storage_class, redis.storage.size) == (1, "local-path", Quantity("10Gi"))
    assert (redis.append_only, redis.save_points, redis.memory.max, redis.memory.policy) == (True, (), RedisMemory("1gb"), "allkeys-lru")
    asked = {
        role: [str(part) for amount in (resources.requests, resources.limits) for part in (amount.cpu, amount.memory)]
        for role, resources in (
            ("primary", redis.resources.primary),
            ("replica", redis.resources.replica),
            ("exporter", redis.resources.exporter),
        )
    }
    assert asked == {
        "primary": ["500m", "1Gi", "1000m", "2Gi"],
        "replica": ["250m", "1Gi", "1000m", "2Gi"],
        "exporter": ["50m", "64Mi", "100m", "128Mi"],
    }
    assert (default.cluster, default.kubernetes, default.network, default.secrets.mode, default.path) == (
        "home",
        "1.34",
        None,
        "manual",
        "rendered/home",
    )
    assert (default.monitoring.namespace, default.monitoring.interval, default.monitoring.enabled) == ("monitoring", Duration("15s"), True)
    assert (default.gitops.revision, default.gitops.argocd.namespace, default.gitops.argocd.bootstrap_project) == (
        "main",
        "argocd",
        "default",
    )


def test_the_namespace_labels_follow_the_namespace() -> None:
    assert Redis(namespace="caching").labels["name"] == "caching"
    assert Redis(namespace="caching", labels={"a": "b"}).labels == {"a": "b"}


def test_a_part_of_an_image_or_of_the_resources_keeps_the_rest() -> None:
    redis = environment(redis={"image": {"digest": "sha256:" + "0" * 64}, "resources": {"primary": {"limits": {"memory": "8Gi"}}}}).redis
    assert (redis.image.repository, redis.image.tag, redis.image.registry) == ("bitnamilegacy/redis", "", "docker.io")
    primary = redis.resources.primary
    assert [str(amount) for amount in (primary.requests.cpu, primary.requests.memory, primary.limits.cpu, primary.limits.memory)] == [
        "500m", "1Gi", "1000m", "8Gi",
    ]  # fmt: skip
    assert redis.resources.replica == Resources().replica


def test_an_image_without_its_own_tag_or_digest_is_refused() -> None:
    assert complaints(redis={"image": {"repository": "example/redis"}}) == [(("redis", "image"), "the image has no tag and no digest")]
    with pytest.raises(ValidationError, match="no tag and no digest"):
        Image(repository="example/redis")


def test_maxmemory_is_below_every_limit_also_when_it_is_not_written() -> None:
    small = {"primary": {"requests": {"memory": "256Mi"}, "limits": {"memory": "512Mi"}}}
    path = ("redis", "memory", "max")
    assert [problem for problem, _ in complaints(redis={"resources": small})] == [path]
    assert [problem for problem, _ in complaints(redis={"memory": {"max": "2gb"}})] == [path]
    assert environment(redis={"resources": small, "memory": {"max": "511mb"}}).redis.memory.max == RedisMemory("511mb")
    assert str(environment(redis={"memory": {"max": "2g"}}).redis.memory.max) == "2g", "2 * 10^9 is below 2Gi"


def test_needed_unknown_and_repeated_commands_are_refused() -> None:
    assert not NEEDED_COMMANDS & DISABLEABLE_COMMANDS
    for command in sorted(NEEDED_COMMANDS):
        assert complaints(redis={"disabledCommands": [command]}) == [(("redis", "disabledCommands", 0), f"{command} can't be disabled")]
    assert Redis(disabled_commands=tuple(sorted(DISABLEABLE_COMMANDS))).disabled_commands


def test_clients_with_one_name_or_workload_are_refused() -> None:
    workload = Workload(kind="Deployment", name="web", replicas=1, containers={"a": Container(env={"A": Template("${host}")})})
    assert complaints(
        clients=(
            Client(name="a", namespace="a", workloads=(workload,)),
            Client(name="a", namespace="b", workloads=(workload,)),
            Client(name="b", namespace="a", workloads=(workload,)),
            Client(name="monitoring", namespace="redis"),
        )
    ) == [
        (("clients", 1, "name"), "another client has the name a"),
        (("clients", 2, "workloads", 0), "Deployment/web is also a workload of client a"),
        (("clients", 3, "name"), "monitoring is a reserved name"),
        (("clients", 3, "namespace"), "redis is the namespace of Redis"),
    ]


def test_an_address_is_in_the_pool_and_free() -> None:
    pool = {"name": "lan", "addresses": "10.0.0.0/28", "taken": {"10.0.0.3": "the printer"}}
    network = {"pool": pool, "allow": ["10.0.0.0/8"]}
    assert environment(network={**network, "address": "10.0.0.15"}).network is not None
    assert complaints(network={**network, "address": "10.0.0.16"})[0][1] == "10.0.0.16 is outside pool lan (10.0.0.0/28)"
    assert complaints(network={**network, "address": "10.0.0.3"})[0][1] == "10.0.0.3 is used by the printer"


@pytest.mark.parametrize(
    ("version", "prefix"),
    [
        ("0.13.12", "metallb.universe.tf"),
        ("0.14.8", "metallb.universe.tf"),
        ("0.14.9", "metallb.io"),
        ("0.14.10-rc.1", "metallb.io"),
        ("0.15.3", "metallb.io"),
        ("1.0.0+build", "metallb.io"),
    ],
)
def test_the_metallb_version_decides_the_annotation_prefix(version: str, prefix: str) -> None:
    pool = Pool(name="lan", addresses=AddressRange("10.0.0.0/28"))
    assert Network(pool=pool, address="10.0.0.1", allow=("10.0.0.0/8",), metallb=version).annotation_prefix == prefix


@pytest.mark.parametrize(("interval", "valid"), [("1s", True), ("15s", True), ("2m", True), ("121s", False), ("1h", False)])
def test_the_scrape_interval_is_between_1s_and_2m(interval: str, valid: bool) -> None:
    if valid:
        assert Monitoring(interval=Duration(interval)).interval == Duration(interval)
    else:
        with pytest.raises(ValidationError, match="is not between 1s and 2m"):
            Monitoring(interval=Duration(interval))


def test_a_destination_has_either_server_or_name() -> None:
    for destination in ({}, {"server": "https://a.example.org", "name": "a"}):
        with pytest.raises(ValidationError, match="a destination has either server or name"):
            ArgoCD.model_validate({"destination": destination})
