"""Generated secrets are recognized, ordinary text of configs is not."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.secrecy import is_secret_key, secret_reason, secrets_in, shapes_in

ROOT = Path(__file__).parents[2]
SOURCE = random.Random(20260301)
LETTERS = string.ascii_letters + string.digits


def letters(length: int) -> str:
    return "".join(SOURCE.choices(LETTERS, k=length))


def encoded(count: int) -> str:
    return base64.b64encode(SOURCE.randbytes(count)).decode()


def url_safe(count: int) -> str:
    return base64.urlsafe_b64encode(SOURCE.randbytes(count)).decode().rstrip("=")


# Generator, and the part of its passwords that has to be found. The rest are words without a digit, or with few changes by chance.
GENERATORS: dict[str, tuple[Callable[[], str], float]] = {
    "20 letters and digits": (lambda: letters(20), 0.94),
    "24 letters and digits": (lambda: letters(24), 0.96),
    "32 letters and digits": (lambda: letters(32), 0.985),
    "64 letters and digits": (lambda: letters(64), 0.999),
    "openssl rand -base64 24": (lambda: encoded(24), 0.98),
    "openssl rand -base64 32": (lambda: encoded(32), 0.99),
    "secrets.token_urlsafe(24)": (lambda: url_safe(24), 0.98),
    "a JSON web token": (lambda: f"eyJhbGciOiJIUzI1NiJ9.{url_safe(30)}.{url_safe(32)}", 0.999),
    "within a sentence": (lambda: f"the password is {letters(32)}, keep it", 0.985),
    "of redis.conf": (lambda: f"maxmemory 1gb\nrequirepass {letters(8)}", 1.0),
    "of an address": (lambda: f"redis://default:{letters(8)}@redis:6379/0", 1.0),
    "of an address without a user": (lambda: f"redis://:{letters(6)}@redis:6379", 1.0),
    "a token of GitHub": (lambda: "ghp" + f"_{letters(36)}", 1.0),
    "a token of GitLab": (lambda: "glpat" + f"-{letters(20)}", 1.0),
    "an access key of AWS": (lambda: "AKI" + "A" + letters(16).upper(), 1.0),
    "an age key": (lambda: "AGE-SECRET-" + f"KEY-1{letters(58).upper()}", 1.0),
    "a private key": (lambda: "-----BEGIN RSA PRIVATE " + f"KEY-----\n{encoded(32)}", 1.0),
    "base64 of a password": (lambda: base64.b64encode(letters(32).encode()).decode(), 0.98),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_generated_secrets_are_found(name: str) -> None:
    make, share = GENERATORS[name]
    hits = sum(bool(secret_reason(make())) for _ in range(2000))
    assert hits >= share * 2000, f"{hits} of 2000"


HARMLESS = """
redis-shared-master.redis.svc.cluster.local
oci://registry-1.docker.io/bitnamicharts/redis
https://github.com/cbenitezpy-ueno/chocolandia_kube.git
https://dashboards.example.org/d/Ab12Cd3/redis-overview?orgId=1&from=now-24h
git@github.com:owner/name.git
ssh://git@git.example.org:2222/platform/cluster.git
docker.io/bitnamilegacy/redis:8.2.1-debian-12-r0
registry.example.org:5000/mirror/Team1/redis-exporter
8.2.1-debian-12-r0
RELEASE.2025-04-22T22-12-26Z
v1.80.0-alpine3.20-0ba2f0e
2026-03-01T22:00:00-03:00
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
0ba2f0ee1b52b6a3f9f4c2d1a0e6b7c8d9e0f1a2
123e4567-e89b-12d3-a456-426614174000
123E4567-E89B-12D3-A456-426614174000
chocolandia/beersystem-backend.yaml
clusters/Production/apps/Redis2/values.yaml
/opt/bitnami/redis/secrets/redis-password
existingSecretPasswordKey
metrics.serviceMonitor.additionalLabels
REDIS_MASTER_PASSWORD_FILE
REDIS_EXPORTER_CONFIG_COMMAND
PersistentVolumeClaim/redis-data-redis-shared-master-0
HorizontalPodAutoscaler/beersystem-backend2
RedisMemoryUsageAbove90Percent
KubernetesPodNotReady15Minutes
applicationSet2ControllerName
Ticket-JIRA-12345-Redis-Migration-V2
AWSLoadBalancerController2v7
postgres-ha-postgresql-primary
192.168.4.200-192.168.4.210
AAAAAAAAAAAAAAAAAAAAAAAAAAAAA1a
Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1
requirepass is set by the chart, masterauth too
we set the password in the Secret, see the runbook
redis://$(REDIS_HOST):$(REDIS_PORT)/0
redis://:$(REDIS_PASSWORD)@$(REDIS_HOST):6379
redis://:${REDIS_PASSWORD}@redis:6379
tcp://10.43.0.1:6379
mailto:platform@example.org
sum by (namespace) (rate(redis_commands_processed_total[5m])) > 10000
{{ include "common.names.fullname" . }}
""".strip().splitlines()


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_not_a_secret(text: str) -> None:
    assert secret_reason(text) == ""


@pytest.mark.parametrize(
    "words", ["redis-password", "The quick brown fox", "kubernetes.io/metadata.name", "https://example.org/x", "Hello, World 2026!"]
)
def test_base64_of_words_is_not_a_secret(words: str) -> None:
    assert secret_reason(base64.b64encode(words.encode()).decode()) == ""


def test_digests_and_identifiers_are_not_secrets() -> None:
    for _ in range(2000):
        digest = SOURCE.randbytes(32).hex()
        identifier = uuid.UUID(bytes=SOURCE.randbytes(16))
        for text in (digest, digest.upper(), f"sha256:{digest}", str(identifier), str(identifier).upper(), str(SOURCE.getrandbits(128))):
            assert secret_reason(text) == "", text


def strings(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from (str(key), *strings(value))
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
    elif data is not None:
        yield str(data)


def test_a_valid_config_contains_no_text_that_looks_like_a_secret() -> None:
    configs = [path for folder in ("tests/valid", "config") for path in sorted((ROOT / folder).rglob("*.yaml"))]
    configs = [path for path in configs if path.parent.name != "secrets"]
    texts = {text for path in configs for text in strings(yaml.safe_load(path.read_text(encoding="utf-8")))}
    lines = {line.strip() for path in configs for line in path.read_text(encoding="utf-8").splitlines()}
    assert len(texts) > 300
    assert not [text for text in texts | lines if secret_reason(text)]


SECRET_KEYS = """password PASSWORD redisPassword REDIS_PASSWORD redis-password authToken token apiKey api_key secretKey privateKey
auth.password passphrase client_secret_key x/token example.org/api-key vault.example.org/password""".split()
OTHER_KEYS = """existingSecret existingSecretPasswordKey usePasswordFiles passwordUpdateJob tokens automountServiceAccountTokens secret
secretName key keyspace compass publicKey passwordFile x/token-ttl example.org/tokens""".split()


def test_a_key_is_for_a_secret_or_for_a_reference() -> None:
    assert [key for key in SECRET_KEYS + OTHER_KEYS if is_secret_key(key)] == SECRET_KEYS


def test_secrets_in_nested_values_are_found_with_their_paths() -> None:
    values = {
        "auth": {"enabled": True, "usePassword": True, "password": "changeme", "sentinel": False, "existingSecret": "redis-credentials"},
        "acl": {
            "users": [{"username": "app", "password": 12345}, {"username": "ops", "password": ""}, {"username": "x", "password": None}]
        },
        "master": {
            "extraEnvVars": [
                {"name": "BACKUP_TOKEN", "value": "abc"},
                {"name": "TZ", "value": "UTC"},
                {"name": "API_TOKEN", "valueFrom": {"a": "b"}},
            ],
            "extraFlags": ("--save", "redis://:changeme@host:1"),
        },
        "token": {"mount": "/var/run", "password": "x"},
    }
    assert dict(secrets_in(values)) == {
        ("auth", "password"): "a password",
        ("acl", "users", 0, "password"): "a password",
        ("master", "extraEnvVars", 0, "value"): "a password",
        ("master", "extraFlags", 1): "a URL that contains a password",
        ("token", "password"): "a password",
    }


@pytest.mark.parametrize("part", ["a", "\n", " ", "A1b", "a://", "://:", "requirepass ", "=", "@", "x:", "-----BEGIN "])
def test_one_mebibyte_is_searched_fast(part: str) -> None:
    """A quadratic search would take hours."""
    assert isinstance(secret_reason(part * (1024 * 1024 // len(part))), str)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_searched_without_an_exception(text: str) -> None:
    assert isinstance(secret_reason(text), str)
    assert isinstance(is_secret_key(text), bool)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_values_are_searched_without_an_exception(values: Any) -> None:
    for path, reason in secrets_in(values):
        assert reason
        inner = values
        for part in path:
            inner = inner[part]
        assert isinstance(inner, str | int)


PARTS = [
    "redis",
    "://",
    "a:b@c",
    "https",
    "u@h",
    " requirepass",
    " x1y2z3w4",
    "\n",
    "AKIA",
    "ABCDEFGHIJKL",
    "ghp_",
    'k"',
    "12",
    letters(32),
    letters(19),
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)
NESTED = st.recursive(TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12)


def one_by_one(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield from [(path, reason)] if (reason := secret_reason(value)) else []
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from one_by_one(inner, (*path, key))


@given(NESTED)
@settings(max_examples=300)
def test_the_search_in_joined_texts_finds_the_same_secrets(value: Any) -> None:
    assert list(shapes_in(value)) == list(one_by_one(value))


def test_hexadecimal_digits_are_a_password_only_with_a_key_for_passwords() -> None:
    digits = SOURCE.randbytes(16).hex()
    assert [path for path, _ in secrets_in({"password": digits, "digest": digits})] == [("password",)]
    assert list(shapes_in({"metadata": {"annotations": {"checksum": digits}}})) == []
