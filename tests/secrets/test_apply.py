"""Mode manual: one Secret in all namespaces with kubectl, and values that other modes read from the cluster."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from rediskit.renderers.objects import KEEP
from tests.conftest import Run
from tests.secrets.repository import KEY, Repository
from tests.secrets.stand_in import Recorder
from tests.secrets.test_commands import OTHER, VALUE, stdin


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Return a fake kubectl with an empty cluster."""
    stand_in = Recorder(tmp_path / "stand-in")
    monkeypatch.setenv("KUBECTL", str(stand_in.programs / "kubectl"))
    return stand_in


@pytest.fixture
def manual(repository: Callable[..., Repository]) -> Repository:
    return repository("mode: manual", "shop", "blog")


@pytest.mark.usefixtures("manual")
def test_apply_creates_one_password_in_every_namespace(run: Run, kubectl: Recorder) -> None:
    code, output, errors = run("apply")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "home: Secret redis-credentials in home, a new value",
        "  redis: created",
        "  shop: created",
        "  blog: created",
    ]
    assert len(set(kubectl.values().values())) == 1
    assert len(b64decode(kubectl.values()["shop"])) == 32
    for namespace, secret in kubectl.secrets().items():
        assert secret["metadata"]["namespace"] == namespace
        assert KEEP.items() <= secret["metadata"]["annotations"].items()
        assert (secret["kind"], secret["type"], list(secret["data"])) == ("Secret", "Opaque", [KEY])


@pytest.mark.usefixtures("manual")
def test_the_api_server_validates_all_secrets_before_one_is_written(run: Run, kubectl: Recorder) -> None:
    assert run("apply")[0] == 0
    applied = [call for call in kubectl.calls if call[0] == "apply"]
    assert ["--dry-run=server" in call for call in applied] == [True, False]
    assert all("--server-side" in call and call[call.index("--filename") + 1] == "-" for call in applied)


@pytest.mark.usefixtures("manual")
def test_a_second_run_changes_nothing(run: Run, kubectl: Recorder) -> None:
    assert run("apply")[0] == 0
    before = kubectl.secrets()
    count = len(kubectl.calls)
    code, output, _ = run("apply")
    assert code == 0
    assert output.splitlines()[1:] == ["  redis: unchanged", "  shop: unchanged", "  blog: unchanged"]
    assert kubectl.secrets() == before
    assert all(call[0] in ("get", "config") for call in kubectl.calls[count:])


@pytest.mark.usefixtures("manual")
def test_a_namespace_without_the_secret_gets_the_value_of_the_others(run: Run, kubectl: Recorder) -> None:
    kubectl.put("redis", VALUE.encode())
    code, output, _ = run("apply", "--client", "shop")
    assert code == 0
    assert output.splitlines() == ["home: Secret redis-credentials in home, the value that is there", "  shop: created"]
    assert kubectl.values() == dict.fromkeys(("redis", "shop"), b64encode(VALUE.encode()).decode())


@pytest.mark.usefixtures("manual")
def test_different_values_are_refused_and_force_uses_that_of_redis(run: Run, kubectl: Recorder) -> None:
    kubectl.put("redis", VALUE.encode())
    kubectl.put("shop", OTHER.encode())
    code, output, errors = run("apply")
    assert (code, output) == (1, "")
    assert errors == (
        "error: the Secrets in redis and shop have different values\n  help: --force copies the value of namespace redis to the others\n"
    )
    code, output, _ = run("apply", "--force")
    assert code == 0
    assert "  blog: created\n  shop: changed\n" in output
    assert set(kubectl.values().values()) == {b64encode(VALUE.encode()).decode()}
    assert "--force-conflicts" in next(call for call in kubectl.calls if call[0] == "apply")


@pytest.mark.usefixtures("manual")
def test_a_given_value_replaces_others_only_with_force(run: Run, kubectl: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl.put("redis", VALUE.encode())
    stdin(monkeypatch, OTHER.encode())
    code, _, errors = run("apply", "--from-stdin")
    assert code == 1
    hint = "--force replaces it; restart Redis and the applications after that"
    assert errors == f"error: the Secret redis-credentials in namespace redis has another value\n  help: {hint}\n"
    stdin(monkeypatch, OTHER.encode())
    code, output, _ = run("apply", "--from-stdin", "--force")
    assert code == 0
    assert "next: restart Redis and the applications" in output
    assert set(kubectl.values().values()) == {b64encode(OTHER.encode()).decode()}


@pytest.mark.usefixtures("manual")
@pytest.mark.parametrize("options", [(), ("--force",), ("--client", "blog")])
def test_a_secret_of_another_release_is_not_changed(options: tuple[str, ...], run: Run, kubectl: Recorder) -> None:
    labels = {"app.kubernetes.io/managed-by": "rediskit", "app.kubernetes.io/part-of": "redis-queue"}
    kubectl.put("shop", VALUE.encode(), labels=labels)
    code, _, errors = run("apply", *options)
    assert (code, list(kubectl.values())) == (1, ["shop"])
    hint = "set another redis.auth.secret in this config; if that release no longer exists, delete the Secret"
    assert errors == f"error: the Secret redis-credentials in namespace shop is that of release redis-queue\n  help: {hint}\n"


@pytest.mark.usefixtures("manual")
@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/part-of": "shop"}])
def test_a_secret_that_a_person_created_is_used(labels: dict[str, str], run: Run, kubectl: Recorder) -> None:
    kubectl.put("shop", VALUE.encode(), labels=labels)
    assert run("apply")[0] == 0
    assert set(kubectl.values().values()) == {b64encode(VALUE.encode()).decode()}


@pytest.mark.usefixtures("manual")
def test_a_secret_that_a_controller_owns_is_not_changed(run: Run, kubectl: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl.put("redis", VALUE.encode(), ownerReferences=[{"kind": "SealedSecret", "name": "redis-credentials"}])
    stdin(monkeypatch, OTHER.encode())
    code, _, errors = run("apply", "--from-stdin", "--force")
    assert code == 1
    assert errors.startswith("error: a controller owns the Secret redis-credentials in namespace redis\n")


@pytest.mark.usefixtures("manual")
def test_a_dry_run_validates_on_the_server_and_changes_nothing(run: Run, kubectl: Recorder) -> None:
    code, output, _ = run("apply", "--dry-run", "--json", "--context", "elsewhere")
    assert code == 0
    document = json.loads(output)
    assert (document["created"], document["dryRun"], document["context"]) == (["redis", "shop", "blog"], True, "elsewhere")
    assert kubectl.values() == {}
    assert all(call[:2] == ["--context", "elsewhere"] for call in kubectl.calls)


@pytest.mark.usefixtures("manual")
def test_other_output_of_kubectl_than_a_secret_is_not_repeated(
    run: Run, kubectl: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kubectl
    program = tmp_path / "other"
    program.write_text(f'#!/bin/sh\necho \'{{"data": {{"{KEY}": "{VALUE}%"}}}}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    code, output, errors = run("apply", "--debug")
    assert code == 3
    assert "kubectl did not print a Secret\n" in errors
    assert VALUE not in output + errors


def test_new_reads_the_value_from_the_cluster(sealed: Repository, run: Run, kubectl: Recorder) -> None:
    """A change from manual to sealed-secrets keeps the value, and the output has the command for the controller."""
    kubectl.put("redis", b"a short/one")
    code, output, errors = run("new", "--from-cluster")
    assert (code, errors) == (0, "")
    assert "the value has fewer than 32 characters: replace it with rediskit secret rotate" in output
    assert "kubectl annotate secret redis-credentials sealedsecrets.bitnami.com/managed=true --namespace shop" in output
    assert set(sealed.files()) == {"redis.yaml", "shop.yaml"}
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    assert run("seal", "--client", "blog", "--from-cluster")[0] == 0
    assert sealed.rotation("blog") == sealed.rotation("redis")


def test_new_from_a_cluster_without_the_secret_is_refused(sealed: Repository, run: Run, kubectl: Recorder) -> None:
    hint = "look with kubectl config current-context whether this is the cluster that is meant"
    message = "the Secret redis-credentials in namespace redis"
    assert run("new", "--from-cluster") == (1, "", f"error: {message} is not there\n  help: {hint}\n")
    kubectl.put("redis", b"x")
    secret = kubectl.secrets()["redis"]
    (kubectl.cluster / "redis.json").write_text(json.dumps({**secret, "data": {"password": "eA=="}}))
    assert run("new", "--from-cluster") == (1, "", f"error: {message} has no key {KEY}\n  help: {hint}\n")
    assert sealed.files() == {}


@pytest.mark.usefixtures("manual")
def test_check_in_mode_manual_reports_that_git_has_no_secret(run: Run) -> None:
    code, output, errors = run("check")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "home: manual, nothing wrong",
        "  Git contains no Secret: compare those in the cluster with rediskit secret apply",
    ]


CLAIM = "redis-shared-claim"


@pytest.mark.usefixtures("manual")
@pytest.mark.parametrize("options", [(), ("--force",)])
def test_the_password_of_another_cluster_is_not_replaced(
    run: Run, kubectl: Recorder, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """Release and namespaces agree, and the claim shows that the context is that of another environment."""
    kubectl.put("redis", VALUE.encode())
    kubectl.claim(CLAIM, cluster="production", repository="https://git.example.org/home.git")
    before = kubectl.values()
    stdin(monkeypatch, OTHER.encode())
    code, output, errors = run("apply", "--from-stdin", *options)
    assert (code, output, kubectl.values()) == (1, "", before)
    assert f"error: ConfigMap {CLAIM} in namespace argocd claims its names for cluster production, not home" in errors
    assert "  help: choose the context of home with --context, or correct cluster in the config" in errors


@pytest.mark.usefixtures("manual")
def test_a_secret_has_the_cluster_that_it_is_for(run: Run, kubectl: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster has no claims before the first sync."""
    assert run("apply")[0] == 0
    assert {secret["metadata"]["annotations"]["rediskit/cluster"] for secret in kubectl.secrets().values()} == {"home"}
    kubectl.put("redis", VALUE.encode(), annotations={"rediskit/cluster": "production"})
    before = kubectl.values()
    stdin(monkeypatch, OTHER.encode())
    code, _, errors = run("apply", "--from-stdin", "--force")
    assert (code, kubectl.values()) == (1, before)
    assert "error: the Secret redis-credentials in namespace redis is that of cluster production, not home" in errors
