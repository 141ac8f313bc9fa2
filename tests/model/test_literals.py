"""Literal passwords in Helm values are refused, references to Secrets are not."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from rediskit.model.literals import literals_in
from tests.samples import environment_of

SHORT = "Se" + "k1reT"
BASIC = b64encode(f"bob:{SHORT}".encode()).decode()
DOCKER = {"auths": {"registry.example.org": {"auth": BASIC}}}
WRITTEN: list[Any] = [
    f"redis-cli -a {SHORT} ping",
    f"redis-cli -h redis -p 6379 -a '{SHORT}' ping",
    f"redis-benchmark -h redis -a {SHORT} -t set",
    f"redis-cli AUTH {SHORT}",
    f"redis-cli auth default {SHORT}",
    f"redis-cli CONFIG SET requirepass {SHORT}",
    f"redis-cli ACL SETUSER app on ~* >{SHORT}",
    f"redis_exporter --redis.password {SHORT}",
    f"--redis.password={SHORT}",
    f'--requirepass "{SHORT}"',
    f"export REDIS_PASSWORD={SHORT}",
    f"REDISCLI_AUTH={SHORT} redis-cli ping",
    f"host=redis;password={SHORT};ssl=false",
    ["redis-cli", "-a", SHORT, "ping"],
    ["redis-cli", "--pass", SHORT, "ping"],
    ["redis-cli", "HELLO", "3", "AUTH", "default", SHORT],
    ["--masterauth", SHORT],
    ["--user", f"app on >{SHORT}"],
    ["--user", "app", "on", f">{SHORT}", "~*"],
    ["sh", "-c", f"redis-cli -a {SHORT} ping"],
    [{"name": "AWS_SECRET_ACCESS_KEY", "value": SHORT}],
    [{"name": "DB_PW", "value": SHORT}],
    [{"name": "REDISCLI_AUTH", "value": SHORT}],
    [{"name": "Authorization", "value": f"Basic {SHORT}"}],
    f"curl -u bob:{SHORT} http://redis",
    f"curl -fsSu 'bob:{SHORT}' http://redis",
    f"curl http://redis --user=bob:{SHORT}",
    f"curl --proxy-user bob:{SHORT} http://redis",
    f"curl -u $USER:{SHORT} http://redis",
    f"curl -u :{SHORT} http://redis",
    f"curl -H 'Authorization: Bearer {SHORT}' http://redis",
    ["curl", "-u", f"bob:{SHORT}", "http://redis"],
    ["curl", "-H", f"Authorization: Basic {SHORT}", "http://redis"],
    json.dumps(DOCKER),
    json.dumps(DOCKER, indent=2),
    json.dumps(json.dumps(DOCKER)),
    yaml.safe_dump(DOCKER),
    {"auths": DOCKER["auths"]},
    f"//registry.example.org/:_auth={BASIC}",
    json.dumps({"password": SHORT}),
    json.dumps(json.dumps({"apiKey": SHORT})),
    {"kind": "ConfigMap", "data": {".dockerconfigjson": json.dumps(DOCKER)}},
    yaml.safe_dump({"kind": "ConfigMap", "data": {".dockerconfigjson": json.dumps(DOCKER)}}),
]
REFERRED: list[Any] = [
    'redis-cli -a "$REDIS_PASSWORD" ping',
    "redis-cli -a $(cat /secrets/password) ping",
    'REDISCLI_AUTH="$(cat /opt/bitnami/redis/secrets/redis-password)" redis-cli ping',
    "export REDIS_PASSWORD=$(< /secrets/password)",
    "ALLOW_EMPTY_PASSWORD=yes",
    "--redis.password-file=/secrets/redis-password",
    "curl --user bob >/dev/null",
    'curl -u "$USER:$PASSWORD" http://redis:8080',
    "curl -u bob:$(cat /secrets/password) http://redis",
    "curl -fsSL --url http://redis:8080/",
    "curl -H 'Authorization: Bearer $TOKEN' http://redis",
    '{"auth": "required", "auths": {}}',
    '{"auth": {"existingSecret": "redis-credentials"}}',
    '{"password": "$(REDIS_PASSWORD)", "token": "{{ .Values.token }}", "passwordFile": "/secrets/password"}',
    {"auth": "disabled"},
    "auth: internal",
    "redis-cli -h redis info | grep -a role",
    "the password is in the Secret",
    ["--pass", "--verbose"],
    ["--redis.password=$(REDIS_PASSWORD)"],
    [{"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}}],
    [{"name": "DB_PW", "value": "$(REDIS_PASSWORD)"}],
    [{"name": "PASSWORD_FILE", "value": "/secrets/password"}],
    [{"name": "TOKEN_TTL", "value": "30"}],
    [{"name": "REGION", "value": "eu"}],
]


@pytest.mark.parametrize("value", WRITTEN, ids=str)
def test_a_literal_password_in_values_is_refused(value: Any) -> None:
    assert list(literals_in({"at": value}))
    with pytest.raises(ValidationError) as caught:
        environment_of("validate", over={"redis": {"values": {"master": {"args": value}}}})
    assert "looks like a" in str(caught.value)
    assert SHORT not in str(caught.value)


@pytest.mark.parametrize("value", REFERRED, ids=str)
def test_a_reference_to_a_password_is_accepted(value: Any) -> None:
    assert not list(literals_in({"at": value}))
