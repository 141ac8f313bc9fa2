"""The checks of encrypted Secrets: missing, wrong, or in plain text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, render
from tests.checks.cases import GONE, Case, also, assert_reported, edited, name_of, put
from tests.samples import RECIPIENT, SEALED, SOPS, WARNED, client, loaded, sealed, sops

NAMESPACES = ("redis", "beersystem")
FLUX: dict[str, Any] = {"gitops": {"tool": "flux"}, "secrets": SOPS}
BEERSYSTEM = "platform/beersystem/secret-redis-credentials.yaml"
AT_CLIENT = "beersystem"
CLIENT = "name: beersystem"
MANAGED, SKIP = "sealedsecrets~bitnami~com/managed", "sealedsecrets~bitnami~com/skip-set-owner-references"
PASSWORD = "k7Qw2Zr9" * 2 + "Xb4Lp8Vt6Nc3"
OWNED = {**SEALED, "ownerReference": True}
SEALED_FOR_BOTH = {name: sealed(name) for name in NAMESPACES}
OTHER_RECIPIENT = "age1" + "p" * 58


def of(
    code: str, message: str, place: str, value: Any, make: Callable[[str], dict[str, Any]] = sealed, over: Mapping[str, Any] | None = None
) -> Case:
    """Return a case with the encrypted Secret of beersystem, changed at one place."""
    both = {"redis": make("redis"), "beersystem": edited(make("beersystem"), place, value)}
    mode = {"secrets": SEALED} if make is sealed else FLUX
    return Case(code, message, AT_CLIENT, over or mode, ciphertexts=both)


def job(argument: str) -> dict[str, Any]:
    """Return a Job with this second argument."""
    container = {"name": "a", "image": "a:1", "args": ["-a", argument]}
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": "redis"}, "spec": spec}


def sealed_cases() -> list[Case]:
    annotations, template = "metadata.annotations.", "spec.template.metadata."
    return [
        of("ciphertext", "has the namespace elsewhere instead of beersystem", "metadata.namespace", "elsewhere"),
        of("ciphertext", "creates the Secret redis instead of redis-credentials", "metadata.name", "redis"),
        of(
            "ciphertext", "has the namespace elsewhere in its template, but beersystem in its metadata", template + "namespace", "elsewhere"
        ),
        of("ciphertext", "has the name redis in its template", template + "name", "redis"),
        of("ciphertext", "has no key redis-password (it has: password)", "spec.encryptedData", {"password": "QQ=="}),
        of("ciphertext", "has no key redis-password (it has: none)", "spec.encryptedData", {}),
        of("ciphertext", "has redis-password in plain text", "spec.template.data", {"redis-password": "x"}),
        of(
            "plain-secret",
            "beersystem/sealedsecret-redis-credentials.yaml is a Secret in plain text",
            "spec.template.data",
            {"redis-password": "x"},
        )._replace(at="mode: sealed-secrets"),
        of(
            "ciphertext",
            "has the scope cluster-wide, but the config sets strict",
            annotations + "sealedsecrets~bitnami~com/cluster-wide",
            "true",
        ),
        of("ciphertext", "has the mode sealed-secrets, but the config sets sops", "metadata.labels", {}, over=FLUX)._replace(
            at="mode: sops"
        ),
        of("ciphertext-kept", "lacks the annotation argocd.argoproj.io", annotations + "argocd~argoproj~io/sync-options", GONE),
        of("ciphertext-kept", "lacks the annotation kustomize.tool", annotations + "kustomize~toolkit~fluxcd~io/prune", "enabled"),
        of("ciphertext", "has no key redis-password (it has: none)", "spec", None),
        of("ciphertext", "has no key redis-password (it has: none)", "spec", GONE),
        of("ciphertext", "has the namespace (none) instead of beersystem", "metadata.namespace", GONE),
        of("ciphertext-kept", "lacks sealedsecrets.bitnami.com/managed in its template", template + f"annotations.{MANAGED}", "false"),
        of("ciphertext-kept", "lacks sealedsecrets.bitnami.com/skip-set-owner-references in its", template + f"annotations.{SKIP}", GONE),
        of("ciphertext-kept", "the config sets ownerReference: true", "metadata.labels", {}, over={"secrets": OWNED})._replace(
            at="mode: sealed-secrets",
        ),
        Case(
            "rotation-restart",
            "master.podAnnotations has rediskit/rotation ffffffff, but the Secret has 0a1b2c3d",
            "ffffffff",
            {"secrets": SEALED, "redis": {"values": {"master": {"podAnnotations": {"rediskit/rotation": "ffffffff"}}}}},
            ciphertexts=SEALED_FOR_BOTH,
        ),
        Case(
            "rotation-restart",
            "replica.podAnnotations has rediskit/rotation (none)",
            "",
            {"secrets": SEALED},
            put("helm/redis-shared/values.yaml", "replica.podAnnotations", GONE),
            ciphertexts=SEALED_FOR_BOTH,
        ),
        of("ciphertext-rotation", "has no rotation", annotations + "rediskit/rotation", GONE),
        of("ciphertext-rotation", "its template has none", template + "annotations.rediskit/rotation", GONE),
        Case(
            "ciphertext-rotation",
            "has rotation ffffffff, but that of redis has 0a1b2c3d: the passwords differ",
            AT_CLIENT,
            {"secrets": SEALED},
            ciphertexts={"redis": sealed("redis"), "beersystem": sealed("beersystem", "ffffffff")},
        ),
        Case(
            "ciphertext",
            "lacks its scope namespace-wide in its template",
            "mode: sealed-secrets",
            {"secrets": {**SEALED, "scope": "namespace-wide"}},
            ciphertexts={
                name: edited(sealed(name), annotations + "sealedsecrets~bitnami~com/namespace-wide", "true") for name in NAMESPACES
            },
        ),
        Case(
            "ciphertext-missing",
            "namespace beersystem has no encrypted Secret (chocolandia/secrets/beersystem.yaml)",
            AT_CLIENT,
            {"secrets": SEALED},
        ),
        Case(
            "ciphertext-unused",
            "chocolandia/secrets/nobody.yaml is for no namespace of this config",
            "",
            {"secrets": SEALED},
            severity="warning",
            ciphertexts={name: sealed(name) for name in (*NAMESPACES, "nobody")},
        ),
    ]


def sops_cases() -> list[Case]:
    in_clear = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "redis"}, "data": {"a": "b"}}
    both = {name: sops(name) for name in NAMESPACES}
    undecrypted = put("flux/kustomization-redis-shared-beersystem.yaml", "spec.decryption", GONE)
    return [
        of("ciphertext", "is encrypted by the rule (none), but Flux needs", "sops.encrypted_regex", GONE, sops),
        of("ciphertext", "has redis-password in plain text", "data.redis-password", "QUFB", sops),
        of("plain-secret", f"{BEERSYSTEM} is a Secret in plain text", "data.redis-password", "QUFB", sops)._replace(at="mode: sops"),
        of("ciphertext", "is encrypted as stringData", "stringData", {"redis-password": "ENC[a]"}, sops),
        of("ciphertext-recipients", f"is not encrypted for {RECIPIENT}", "sops.age", [], sops),
        of("ciphertext-recipients", f"is also encrypted for {OTHER_RECIPIENT}", "sops.age", [{"recipient": OTHER_RECIPIENT}], sops),
        of("ciphertext-recipients", "is also encrypted for pgp A, which the config does not list", "sops.pgp", [{"fp": "A"}], sops),
        Case("ciphertext-opened", "nothing decrypts the SOPS file in platform/beersystem", "", FLUX, undecrypted, ciphertexts=both),
        Case("plain-secret", "is a Secret in plain text", "", {}, also("platform/redis/secret-a.yaml", in_clear)),
        of("password", "metadata.annotations.note looks like a generated", "metadata.annotations.note", PASSWORD, sops)._replace(at=CLIENT),
        of("password", "template.metadata.annotations.note looks", "spec.template.metadata.annotations.note", PASSWORD)._replace(at=CLIENT),
        Case(
            "password",
            "spec.template.spec.containers[0].args[1] looks like a generated password",
            "",
            {},
            also("checks/a.yaml", job(PASSWORD)),
        ),
        Case(
            "password",
            "spec.template.spec.containers[0].args[1] looks like a generated password",
            "",
            {},
            also("checks/b.yaml", job(b64encode(PASSWORD.encode()).decode())),
        ),
        Case("password", "args[1] looks like a generated password", "", {}, also("checks/c.yaml", job(f"--password={PASSWORD}"))),
        Case(
            "password", "args[1] looks like a URL that contains a password", "", {}, also("checks/d.yaml", job("redis://:short@redis:6379"))
        ),
        Case(
            "password",
            "platform/redis/namespace-redis.yaml: metadata.annotations.note looks like a generated password",
            "",
            {},
            put("platform/redis/namespace-redis.yaml", "metadata.annotations.note", PASSWORD),
        ),
    ]


CASES = [*sealed_cases(), *sops_cases()]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_wrong_or_plain_secret_is_reported(tmp_path: Path, case: Case) -> None:
    assert_reported(case, tmp_path)


@pytest.mark.parametrize(("over", "make"), [({"secrets": SEALED}, sealed), (FLUX, sops)], ids=["sealed-secrets", "sops"])
def test_valid_ciphertexts_have_no_finding(tmp_path: Path, over: dict[str, Any], make: Callable[[str], dict[str, Any]]) -> None:
    environment = loaded(tmp_path, over=over, ciphertexts={name: make(name) for name in NAMESPACES})
    tree = render(environment)
    assert [finding.code for finding in check(environment, tree)] == WARNED
    kinds = {path.rpartition("/")[0] for path, content in tree.objects.items() if content["kind"] in ("SealedSecret", "Secret")}
    assert kinds == {"platform/redis", "platform/beersystem"}


@pytest.mark.parametrize(
    "over",
    [
        {"secrets": {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis", "property": "password"}},
        {"secrets": {"mode": "external-secrets", "generate": True}},
        {"secrets": {"mode": "external-secrets", "generate": True}, "gitops": {"tool": "flux"}},
    ],
    ids=["store", "generated", "generated-flux"],
)
def test_external_secrets_have_no_finding(tmp_path: Path, over: dict[str, Any]) -> None:
    environment = loaded(tmp_path, over=over)
    assert [finding.code for finding in check(environment, render(environment))] == WARNED


def test_a_new_client_adds_only_its_own_file(tmp_path: Path) -> None:
    environment = loaded(tmp_path, over={"secrets": SEALED}, ciphertexts={name: sealed(name) for name in NAMESPACES})
    over = {"secrets": SEALED, "clients": _clients(tmp_path)}
    two = loaded(tmp_path, over=over, ciphertexts={name: sealed(name) for name in (*NAMESPACES, "shop")})
    before, after = render(environment).files, render(two).files
    secrets = {path for path in after if "sealedsecret" in path}
    assert secrets - {path for path in before if "sealedsecret" in path} == {"platform/shop/sealedsecret-redis-credentials.yaml"}
    assert all(before[path] == after[path] for path in secrets & set(before))


def _clients(folder: Path) -> list[Any]:
    data = yaml.safe_load((folder / "chocolandia.yaml").read_text())
    return [*data["clients"], client("shop", None)]


def test_two_clients_of_one_namespace_have_one_secret(tmp_path: Path) -> None:
    loaded(tmp_path)
    clients = [*_clients(tmp_path)[:1], client("shop", None, namespace="beersystem")]
    environment = loaded(tmp_path, over={"secrets": SEALED, "clients": clients}, ciphertexts={name: sealed(name) for name in NAMESPACES})
    tree = render(environment)
    assert "platform/beersystem/sealedsecret-redis-credentials.yaml" in tree.files
    assert not any(path.startswith("platform/shop/") for path in tree.files)
    assert [finding.code for finding in check(environment, tree)] == [*WARNED, "database-unnamed"]
