"""The profiles: one place that knows a publisher, and the same for clients with every chart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rediskit
from rediskit import load, render
from rediskit.chart.keys import check_values
from rediskit.chart.names import Release
from rediskit.chart.profiles import PROFILES, profile_of
from rediskit.chart.references import password_references
from rediskit.renderers.helm import merged_values
from tests.samples import STEPS, environment_of, loaded

PACKAGE = Path(rediskit.__file__).parent
PUBLISHERS = re.compile(r"bitnami(?!-labs|\.com|\.com/v1alpha1| Sealed)|cloudpirates|groundhog2k|valkey-io|oliver006", re.IGNORECASE)
"""The names of publishers; Bitnami Sealed Secrets is another project."""
VALID = sorted((Path(__file__).parents[1] / "valid").glob("*.yaml"))


def test_no_other_package_knows_a_publisher() -> None:
    lines = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for pattern in ("*.py", "*.j2")
        for path in sorted(PACKAGE.rglob(pattern))
        if path.parent.name != "chart"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PUBLISHERS.search(line)
    ]
    assert not lines, "\n".join(lines)
    assert PUBLISHERS.search("bitnamilegacy/redis")
    assert not PUBLISHERS.search("sealedsecrets.bitnami.com/managed")


def with_profile(config: Path, name: str) -> rediskit.Environment:
    """Return an environment with another chart and the settings that both have."""
    environment = load(config)
    redis = environment.redis
    kept = {
        "release": redis.release,
        "namespace": redis.namespace,
        "labels": redis.labels,
        "auth": redis.auth,
        "replicas": redis.replicas if PROFILES[name].capabilities.replicas else 0,
        "databases": redis.databases,
        "chart": {"profile": name},
    }
    return environment.model_copy(update={"redis": type(redis).model_validate(kept)})


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "bitnami"])
@pytest.mark.parametrize("config", VALID, ids=lambda path: path.stem)
def test_application_repositories_apply_the_same_bytes_with_every_chart(config: Path, name: str) -> None:
    trees = [render(with_profile(config, profile)).files for profile in ("bitnami", name)]
    owners = [{path: content for path, content in files.items() if path.startswith("owners/")} for files in trees]
    assert owners[0] == owners[1]


@pytest.mark.parametrize("step", STEPS)
def test_application_repositories_apply_the_same_bytes_at_every_step(step: str, tmp_path: Path) -> None:
    trees = [
        render(loaded(tmp_path, step, over={"redis": {"chart": {"profile": name, "version": PROFILES[name].version}}})) for name in PROFILES
    ]
    owners = [{path: content for path, content in tree.files.items() if path.startswith("owners/")} for tree in trees]
    assert owners[0]
    assert all(owner == owners[0] for owner in owners)


@pytest.mark.parametrize("name", PROFILES)
def test_the_chart_knows_each_default_value(name: str) -> None:
    profile = PROFILES[name]
    environment = environment_of(over={"redis": {"chart": {"profile": name, "version": profile.version}}})
    assert check_values(profile, merged_values(environment)) == []


@pytest.mark.parametrize("name", PROFILES)
def test_a_mirror_keeps_its_profile(name: str) -> None:
    assert profile_of(PROFILES[name].repository) == name
    assert profile_of("oci://registry.example.org/team/charts") is None
    for place in PROFILES[name].places:
        assert profile_of(f"oci://registry.example.org/mirror/{place}") == name


@pytest.mark.parametrize("name", PROFILES)
def test_clients_have_the_same_hosts_with_every_chart(name: str) -> None:
    for release in ("redis-shared", "cache"):
        other, bitnami = (Release.of(PROFILES[profile], release, "redis", {}) for profile in (name, "bitnami"))
        assert (other.primary_host, other.replicas_host) == (bitnami.primary_host, bitnami.replicas_host)
        assert {other.primary_service, other.replicas_service} <= {*other.services, *other.own_services}


def test_a_secret_of_another_name_is_found_in_each_profile() -> None:
    for name, profile in PROFILES.items():
        values = merged_values(environment_of(over={"redis": {"chart": {"profile": name, "version": profile.version}}}))
        assert set(password_references(profile, values)) == {("redis-credentials", "redis-password")}


@pytest.mark.parametrize("name", ["groundhog2k", "valkey"])
def test_no_value_contains_a_line_with_the_password_except_the_command_that_writes_it(name: str) -> None:
    values = merged_values(environment_of(over={"redis": {"chart": {"profile": name, "version": PROFILES[name].version}}}))
    conf = values[PROFILES[name].redis_conf[0]]
    assert not re.search("requirepass|masterauth|REDIS_PASSWORD", conf)
    assert "$(REDIS_PASSWORD)" not in str(values), "Kubernetes would put the password into an argument"


def test_a_port_that_no_value_changes_keeps_its_default() -> None:
    release = Release.of(PROFILES["valkey"], "redis-shared", "redis", {"service": {"port": 6400}})
    assert (release.port, release.container_port, release.replicas_port) == (6379, 6379, 6379)
    release = Release.of(PROFILES["groundhog2k"], "redis-shared", "redis", {"service": {"serverPort": 6400}})
    assert (release.port, release.container_port) == (6400, 6379)


def test_several_replicas_in_one_statefulset_are_read_with_the_primary() -> None:
    alone, several = (Release.of(PROFILES["cloudpirates"], "redis-shared", "redis", {}, replicas) for replicas in (1, 3))
    assert alone.replica_selector == {**alone.selector, "statefulset.kubernetes.io/pod-name": "redis-shared-1"}
    assert several.replica_selector == several.selector
    assert several.replica_pods == ["redis-shared-1", "redis-shared-2", "redis-shared-3"]


def test_a_user_s_resources_of_the_replica_are_refused_but_defaults_adapt() -> None:
    redis = environment_of(over={"redis": {"chart": {"profile": "cloudpirates", "version": "0.34.18"}}}).redis
    assert redis.resources.replica == redis.resources.primary
    assert (redis.image.repository, redis.image.digest[:7]) == ("library/redis", "sha256:")
