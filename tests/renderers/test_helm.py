"""The Helm values: the default settings, and the values that the chart needs for them."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, Manifest, render
from rediskit.model.files import TextFile
from rediskit.renderers.helm import merged_values, redis_conf
from rediskit.yamlio.writer import dump
from tests.samples import STEPS, environment_of, sealed

Object = dict[str, Any]
PATH = "helm/redis-shared/values.yaml"


def values(over: Object | None = None, step: str = "validate") -> Object:
    content: Object = yaml.safe_load(render(environment_of(step, over=over)).files[PATH])
    return content


def redis(**sections: Any) -> Object:
    return {"redis": sections}


def test_1_the_chart_is_not_asked_for_images_of_its_own() -> None:
    """OCI charts since 23.0.10 default to `latest`: registry, repository, tag and digest are all set."""
    chart_values = values()
    assert chart_values["image"] == {
        "registry": "docker.io",
        "repository": "bitnamilegacy/redis",
        "tag": "8.2.1-debian-12-r0",
        "digest": "",
    }
    assert chart_values["metrics"]["image"] == {
        "registry": "docker.io",
        "repository": "bitnamilegacy/redis-exporter",
        "tag": "1.76.0-debian-12-r0",
        "digest": "",
    }
    assert chart_values["global"] == {"security": {"allowInsecureImages": True}}


def test_2_one_primary_one_replica_no_sentinel() -> None:
    chart_values = values()
    assert (chart_values["architecture"], chart_values["master"]["count"], chart_values["replica"]["replicaCount"]) == ("replication", 1, 1)
    assert chart_values["sentinel"] == {"enabled": False}


def test_2_the_replica_outlives_the_primary() -> None:
    """The chart's probes of a replica ask the primary too, and kill it with it (bitnami/charts issue 8464)."""
    replica = values()["replica"]
    assert "master" not in replica["customLivenessProbe"]["exec"]["command"][2]
    assert replica["customReadinessProbe"]["exec"]["command"] == ["/bin/bash", "-ec", "/health/ping_readiness_local.sh 1"]
    for probe, script_timeout in (("customLivenessProbe", 5), ("customReadinessProbe", 1)):
        assert replica[probe]["timeoutSeconds"] == script_timeout + 1
        assert (replica[probe]["periodSeconds"], replica[probe]["failureThreshold"]) == (5, 5)


@pytest.mark.parametrize("role", ["master", "replica"])
@pytest.mark.parametrize(
    ("answer", "status", "alive"),
    [
        ("", 0, True),
        ("MISCONF Errors writing to the AOF file: No space left on device", 1, True),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", 1, True),
        ("AUTH failed: ERR max number of clients reached\nError: Connection reset by peer", 1, True),
        ("AUTH failed: WRONGPASS invalid username-password pair or user is disabled.\nNOAUTH Authentication required.", 1, False),
        ("Could not connect to Redis at localhost:6379: Connection refused", 1, False),
        ("Timed out", 1, False),
        ("", 1, False),
    ],
)
def test_a_redis_that_works_and_cannot_serve_is_alive(tmp_path: Path, role: str, answer: str, status: int, alive: bool) -> None:
    """A restart makes no space on a disk and no connection free; with another password it is the only cure."""
    shell, option, command = values()[role]["customLivenessProbe"]["exec"]["command"]
    script = tmp_path / "ping_liveness_local.sh"
    script.write_text(f"#!/bin/bash\n[[ $1 = 5 ]] || exit 9\necho {shlex.quote(answer)} >&2\nexit {status}\n", encoding="utf-8")
    script.chmod(0o755)
    done = subprocess.run([shell, option, command.replace("/health/", f"{tmp_path}/")], capture_output=True, text=True)
    assert (done.returncode == 0) == alive
    assert (done.stdout.strip(), done.stderr) == (answer if status else "", "")


def test_2_primary_and_replica_keep_apart() -> None:
    """The chart's preset keeps each role from itself only: ours names no component."""
    (term,) = values()["replica"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"] == {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": "redis-shared", "app.kubernetes.io/name": "redis"}},
    }
    assert "affinity" not in values()["master"]


def test_3_the_exporter_runs_and_its_monitor_is_ours() -> None:
    """The chart's ServiceMonitor fails the whole release where its CRD is missing; so do its rules."""
    metrics = values()["metrics"]
    assert metrics["enabled"] is True
    assert metrics["serviceMonitor"] == metrics["prometheusRule"] == {"enabled": False}
    assert values({"monitoring": {"enabled": False}})["metrics"] == {"enabled": False}


def test_4_the_charts_service_stays_inside_and_its_policy_is_off() -> None:
    """The external Service is ours; the chart's NetworkPolicy admits all clients, or blocks those of the load balancer."""
    chart_values = values()
    assert chart_values["master"]["service"] == {"type": "ClusterIP"}
    assert chart_values["networkPolicy"] == {"enabled": False}


def test_5_the_password_comes_from_the_secret() -> None:
    assert values()["auth"] == {
        "enabled": True,
        "existingSecret": "redis-credentials",
        "existingSecretPasswordKey": "redis-password",
        "usePasswordFiles": True,
    }
    other = values(redis(auth={"secret": "cache", "key": "value"}))["auth"]
    assert (other["existingSecret"], other["existingSecretPasswordKey"]) == ("cache", "value")


@pytest.mark.parametrize("role", ["master", "replica"])
def test_6_volumes_outlive_the_release(role: str) -> None:
    section = values()[role]
    assert section["persistence"] == {"enabled": True, "storageClass": "local-path", "size": "10Gi"}
    assert section["persistentVolumeClaimRetentionPolicy"] == {"enabled": True, "whenScaled": "Retain", "whenDeleted": "Retain"}


def test_6_storage_follows_the_config() -> None:
    chart_values = values(redis(storage={"class": "longhorn", "size": "1.5Ti"}))
    assert (
        chart_values["master"]["persistence"]
        == chart_values["replica"]["persistence"]
        == {"enabled": True, "storageClass": "longhorn", "size": "1.5Ti"}
    )


def test_7_resources_of_the_three_containers() -> None:
    """Without them the chart takes its preset: 192Mi, less than `maxmemory`."""
    chart_values = values()
    assert chart_values["master"]["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1000m", "memory": "2Gi"},
    }
    assert chart_values["replica"]["resources"] == {
        "requests": {"cpu": "250m", "memory": "1Gi"},
        "limits": {"cpu": "1000m", "memory": "2Gi"},
    }
    assert chart_values["metrics"]["resources"] == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "100m", "memory": "128Mi"},
    }


def test_6_and_7_redis_conf() -> None:
    assert values()["commonConfiguration"].splitlines() == [
        "maxmemory 1gb",
        "maxmemory-policy allkeys-lru",
        "appendonly yes",
        "appendfsync everysec",
        "replica-ignore-disk-write-errors yes",
        'save ""',
    ]


@pytest.mark.parametrize(
    ("sections", "lines"),
    [
        ({"savePoints": ["900 1", "60 10000"]}, ["appendonly yes", "save 900 1", "save 60 10000"]),
        ({"appendOnly": False}, ["appendonly no", 'save ""']),
        ({"memory": {"max": "512mb", "policy": "volatile-ttl"}}, ["maxmemory 512mb", "maxmemory-policy volatile-ttl"]),
    ],
)
def test_redis_conf_follows_the_config(sections: Object, lines: list[str]) -> None:
    directives = values(redis(**sections))["commonConfiguration"].splitlines()
    assert set(lines) <= set(directives)
    assert ('save ""' in directives) == ("savePoints" not in sections)


def test_redis_conf_has_nothing_that_redis_or_helm_would_trip_over() -> None:
    """A comment behind a directive stops the server, `{{` is evaluated, an empty line at the end is harmless but noise."""
    for sections in ({}, {"savePoints": ["900 1"]}, {"appendOnly": False}):
        text = "\n".join(redis_conf(environment_of(over=redis(**sections)).redis))
        assert "#" not in text
        assert "{{" not in text
        assert text == text.strip()
        assert all(len(line.split()) >= 2 for line in text.splitlines())


def test_commands_are_disabled_on_both_roles() -> None:
    """A list replaces the chart's own; repeating a command in redis.conf would stop Redis."""
    chart_values = values(redis(disabledCommands=["FLUSHALL", "KEYS"]))
    assert chart_values["master"]["disableCommands"] == chart_values["replica"]["disableCommands"] == ["FLUSHALL", "KEYS"]
    assert "rename-command" not in chart_values["commonConfiguration"]
    assert values()["master"]["disableCommands"] == ["FLUSHDB", "FLUSHALL"]
    assert values(redis(disabledCommands=[]))["replica"]["disableCommands"] == []


def test_the_exporter_does_not_ask_for_config_where_config_is_disabled() -> None:
    quiet = [{"name": "REDIS_EXPORTER_CONFIG_COMMAND", "value": "-"}]
    assert values(redis(disabledCommands=["CONFIG"]))["metrics"]["extraEnvVars"] == quiet
    assert "extraEnvVars" not in values()["metrics"]
    assert values({**redis(disabledCommands=["CONFIG"]), "monitoring": {"enabled": False}})["metrics"] == {"enabled": False}


def test_the_exporter_reports_what_redis_answers() -> None:
    """With a scheme in its address it reports `unknown network redis` for every failed login (redis_exporter 1.86)."""
    assert values()["metrics"]["extraArgs"] == {"redis.addr": "localhost:6379"}
    moved = redis(values={"master": {"containerPorts": {"redis": 6380}}, "replica": {"containerPorts": {"redis": 6380}}})
    assert values(moved)["metrics"]["extraArgs"] == {"redis.addr": "localhost:6380"}


def test_a_mirror_is_one_switch() -> None:
    chart_values = values(redis(imageMirror="mirror.example.com:5000/hub"))
    assert chart_values["global"] == {"imageRegistry": "mirror.example.com:5000/hub", "security": {"allowInsecureImages": True}}


def test_a_digest_beats_the_tag() -> None:
    digest = f"sha256:{'ab' * 32}"
    chart_values = values(redis(image={"registry": "registry-1.docker.io", "repository": "bitnami/redis", "tag": "", "digest": digest}))
    assert chart_values["image"] == {"registry": "registry-1.docker.io", "repository": "bitnami/redis", "tag": "", "digest": digest}


def test_three_replicas() -> None:
    assert values(redis(replicas=3))["replica"]["replicaCount"] == 3


def test_the_users_values_are_merged_last_map_by_map() -> None:
    over = {
        "master": {"nodeSelector": {"disk": "ssd"}, "resources": {"limits": {"memory": "3Gi"}}},
        "replica": {"customLivenessProbe": {"timeoutSeconds": 10}},
        "metrics": {"extraArgs": {"include-system-metrics": True}},
    }
    chart_values = values(redis(values=over))
    assert chart_values["master"]["nodeSelector"] == {"disk": "ssd"}
    assert chart_values["master"]["resources"]["limits"] == {"cpu": "1000m", "memory": "3Gi"}
    assert chart_values["replica"]["customLivenessProbe"]["timeoutSeconds"] == 10
    assert chart_values["replica"]["customLivenessProbe"]["exec"] == values()["replica"]["customLivenessProbe"]["exec"]
    assert chart_values["metrics"]["extraArgs"] == {"redis.addr": "localhost:6379", "include-system-metrics": True}


def test_a_users_null_takes_a_value_away_as_in_helm() -> None:
    assert values(redis(values={"replica": {"affinity": None}}))["replica"]["affinity"] is None


def test_a_users_list_replaces_ours() -> None:
    over = {"replica": {"customLivenessProbe": {"exec": {"command": ["true"]}}}}
    assert values(redis(values=over))["replica"]["customLivenessProbe"]["exec"]["command"] == ["true"]


def test_rendering_changes_nothing_of_the_users_values() -> None:
    environment = environment_of(over=redis(values={"master": {"nodeSelector": {"a": "b"}}}))
    before = environment.model_dump()
    merged_values(environment)
    merged_values(environment)["master"]["nodeSelector"]["c"] = "d"
    assert environment.model_dump() == before


@pytest.mark.parametrize("step", STEPS)
def test_the_values_are_there_and_the_same_at_every_step(step: str) -> None:
    """So that the first deployment can be reviewed before it happens, and no step of the migration changes Redis."""
    assert values(step=step) == values()


def test_the_release_names_its_folder_and_its_labels() -> None:
    environment: Environment = environment_of(over=redis(release="cache"))
    chart_values = yaml.safe_load(render(environment).files["helm/cache/values.yaml"])
    term = chart_values["replica"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "cache"


def test_values_are_in_no_folder_that_is_applied() -> None:
    """Argo CD and Flux parse every file of a folder they apply."""
    paths = [path for path in render(environment_of()).files if path.endswith("values.yaml")]
    assert paths == [PATH]
    assert not [path for path in render(environment_of()).files if path.startswith("helm/") and path != PATH]


def with_password(rotation: str) -> Object:
    ciphertexts = {name: Manifest(f"{name}.yaml", sealed(name, rotation)) for name in ("redis", "beersystem")}
    secrets = {
        "mode": "sealed-secrets",
        "certificate": TextFile("sealing.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"),
    }
    return merged_values(environment_of(over={"secrets": secrets}).with_ciphertexts(ciphertexts))


def test_a_new_password_restarts_the_pods() -> None:
    """The chart's own checksum of the Secret never changes with `existingSecret`: 12345678 and 1234e567 are texts, not numbers."""
    for rotation in ("0a1b2c3d", "12345678", "1234e567"):
        chart_values = with_password(rotation)
        assert chart_values["master"]["podAnnotations"] == chart_values["replica"]["podAnnotations"] == {"rediskit/rotation": rotation}
        assert f'rediskit/rotation: "{rotation}"' in dump(chart_values) or rotation == "0a1b2c3d"
    assert "podAnnotations" not in with_password("no rotation")["master"]
    assert "podAnnotations" not in values()["master"]
