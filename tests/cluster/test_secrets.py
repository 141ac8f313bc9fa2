"""`rediskit secret` on a real API server: apply by the real kubectl, and what the real controller makes of what we seal."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode, b64encode
from functools import partial
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from tests.cluster.kube import Object
from tests.cluster.plane import Plane, program
from tests.cluster.processes import FailedError, until
from tests.cluster.sealed_secrets import SealedSecrets
from tests.conftest import Run
from tests.secrets.repository import KEY, NAME, certificate_of, private_pem

VALUE = "Given0Value1Of2Thirty3Two4Characters"


class Home:
    """A config whose namespaces are the test's own, and what is in them."""

    def __init__(self, plane: Plane, folder: Path, namespace: str) -> None:
        self.plane, self.folder = plane, folder
        self.redis, self.client = namespace, f"{namespace}-client"
        (folder / ".git").mkdir()
        (folder / "config/home").mkdir(parents=True)
        self.write("{mode: manual}")

    def write(self, secrets: str) -> None:
        lines = [
            "name: home",
            "gitops: {tool: argocd, repository: 'https://git.example.org/home.git', revision: main}",
            f"redis: {{namespace: {self.redis}}}",
            f"secrets: {secrets}",
            f"clients: [{{name: shop, namespace: {self.client}}}]",
        ]
        (self.folder / "config/home.yaml").write_text("\n".join(lines) + "\n")

    def secret(self, namespace: str) -> Object | None:
        return self.plane.kube.get("v1", "Secret", NAME, namespace)

    def value(self, namespace: str) -> bytes:
        secret = self.secret(namespace)
        assert secret is not None
        return b64decode(secret["data"][KEY])

    def make_namespace(self, name: str) -> None:
        self.plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def commit(self) -> None:
        """Apply the SealedSecrets, as Argo CD or Flux does."""
        for file in sorted((self.folder / "config/home/secrets").iterdir()):
            self.plane.kube.apply(yaml.safe_load(file.read_bytes()))

    def put(self, namespace: str, value: str, **more: object) -> None:
        """Create a Secret without rediskit."""
        about = {"name": NAME, "namespace": namespace}
        data = {KEY: b64encode(value.encode()).decode()}
        self.plane.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": about, "data": data, **more})


@pytest.fixture
def home(plane: Plane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    monkeypatch.setenv("KUBECTL", str(program("kubectl")))
    monkeypatch.chdir(tmp_path)
    return Home(plane, tmp_path, namespace)


@pytest.fixture
def run(run: Run) -> Run:
    return partial(run, "secret")


def test_nothing_is_written_where_one_namespace_is_missing(home: Home, run: Run) -> None:
    code, output, errors = run("apply")
    assert (code, output) == (3, "")
    assert f'namespaces "{home.client}" not found' in errors
    assert home.secret(home.redis) is None


def test_redis_and_the_client_get_the_same_bytes_and_keep_them(home: Home, run: Run) -> None:
    home.make_namespace(home.client)
    assert run("apply", "--dry-run")[0] == 0
    assert home.secret(home.redis) is None
    code, output, errors = run("apply")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "home: Secret redis-credentials in tests, a new value",
        f"  {home.redis}: created",
        f"  {home.client}: created",
    ]
    assert home.value(home.redis) == home.value(home.client)
    assert len(home.value(home.redis)) == 32
    first = home.secret(home.client)
    assert first is not None
    # Server-side apply: no annotation with a copy of the Secret in it.
    assert "kubectl.kubernetes.io/last-applied-configuration" not in first["metadata"]["annotations"]
    assert [entry["manager"] for entry in first["metadata"]["managedFields"]] == ["rediskit"]
    assert run("apply")[1].count(": unchanged") == 2
    again = home.secret(home.client)
    assert again is not None
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    home.plane.kube.delete("v1", "Secret", NAME, home.client)
    assert "the value that is there" in run("apply")[1]
    assert home.value(home.client) == home.value(home.redis)


def test_a_secret_of_another_author_is_replaced_only_with_force(home: Home, run: Run, tmp_path: Path) -> None:
    home.make_namespace(home.client)
    home.put(home.redis, "another value")
    (tmp_path / "value").write_text(VALUE + "\n")
    code, _, errors = run("apply", "--from-file", "value")
    assert code == 1
    assert f"the Secret redis-credentials in namespace {home.redis} has another value" in errors
    assert run("apply", "--from-file", "value", "--force")[0] == 0
    assert home.value(home.redis) == home.value(home.client) == VALUE.encode()


def test_an_immutable_secret_is_reported_with_the_message_of_kubectl(home: Home, run: Run, tmp_path: Path) -> None:
    home.make_namespace(home.client)
    home.put(home.redis, "another value", immutable=True)
    (tmp_path / "value").write_text(VALUE)
    code, output, errors = run("apply", "--from-file", "value", "--force", "--debug")
    assert code == 3
    assert "immutable" in errors
    assert VALUE not in output + errors
    assert b64encode(VALUE.encode()).decode() not in output + errors
    assert home.secret(home.client) is None


def test_a_value_in_use_is_sealed(home: Home, run: Run, tmp_path: Path) -> None:
    """From manual to sealed-secrets without another password."""
    home.make_namespace(home.client)
    assert run("apply")[0] == 0
    key = generate_private_key(65537, 2048)
    (tmp_path / "config/home/sealing.crt").write_bytes(certificate_of(key))
    (tmp_path / "key").write_bytes(private_pem(key))
    home.write("{mode: sealed-secrets, certificate: home/sealing.crt}")
    assert run("new", "--from-cluster")[0] == 0
    code, output, _ = run("check", "--key", "key", "--json")
    (environment,) = json.loads(output)["environments"]
    assert (code, [namespace["opened"] for namespace in environment["namespaces"]]) == (0, [True, True])


@pytest.fixture
def sealing(home: Home, sealed_secrets: SealedSecrets) -> Home:
    """Return the namespaces of Redis and of the client, and the controller's certificate."""
    home.make_namespace(home.client)
    (home.folder / "config/home/sealing.crt").write_bytes(sealed_secrets.certificate())
    (home.folder / "key.json").write_text(json.dumps({"kind": "List", "items": sealed_secrets.private_keys()}))
    return home


def opened(sealed_secrets: SealedSecrets, home: Home, status: str = "True") -> None:
    """Wait until the controller has reported this for both."""

    def look() -> bool | None:
        conditions = {namespace: sealed_secrets.synced(namespace, NAME) for namespace in (home.redis, home.client)}
        if all(condition.get("status") == status for condition in conditions.values()):
            return True
        raise FailedError(str(conditions))

    until(f"Synced={status} for {home.redis}", look)


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_the_controller_makes_byte_identical_secrets_and_rotates_them(
    scope: str, sealing: Home, sealed_secrets: SealedSecrets, run: Run
) -> None:
    sealing.write(f"{{mode: sealed-secrets, certificate: home/sealing.crt, scope: {scope}}}")
    assert run("new")[0] == 0
    sealing.commit()
    opened(sealed_secrets, sealing)
    first = sealing.value(sealing.redis)
    assert len(first) == 32
    assert sealing.value(sealing.client) == first
    # The controller's own Secrets with its keys, as kubectl prints them, open what we sealed.
    code, output, errors = run("check", "--key", "key.json")
    assert (code, output.count(", opened"), errors) == (0, 2, "")
    assert run("rotate")[0] == 0
    sealing.commit()
    opened(sealed_secrets, sealing)
    until("the new value", lambda: sealing.value(sealing.redis) == sealing.value(sealing.client) != first or None)
    secret = sealing.secret(sealing.client)
    assert secret is not None
    assert "ownerReferences" not in secret["metadata"]
    rotation = yaml.safe_load((sealing.folder / f"config/home/secrets/{sealing.client}.yaml").read_bytes())["metadata"]["annotations"]
    assert secret["metadata"]["annotations"]["rediskit/rotation"] == rotation["rediskit/rotation"]
    sealing.plane.kube.delete("bitnami.com/v1alpha1", "SealedSecret", NAME, sealing.client)
    assert sealing.value(sealing.client) == sealing.value(sealing.redis)


def test_the_controller_takes_a_secret_over_by_the_commands_that_new_prints(sealing: Home, sealed_secrets: SealedSecrets, run: Run) -> None:
    """From manual to sealed-secrets without another password. The controller gives up after some tries: annotated comes before pushed."""
    assert run("apply")[0] == 0
    value = sealing.value(sealing.redis)
    sealing.write("{mode: sealed-secrets, certificate: home/sealing.crt}")
    code, output, _ = run("new", "--from-cluster")
    assert code == 0
    commands = re.findall(r"^ +(kubectl annotate .*)$", output, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run([program("kubectl"), *command.split()[1:]], check=True, capture_output=True)
    sealing.commit()
    opened(sealed_secrets, sealing)
    assert sealing.value(sealing.redis) == sealing.value(sealing.client) == value


def test_the_controller_takes_no_secret_over_unasked(sealing: Home, sealed_secrets: SealedSecrets, run: Run) -> None:
    assert run("apply")[0] == 0
    value = sealing.value(sealing.redis)
    sealing.write("{mode: sealed-secrets, certificate: home/sealing.crt}")
    assert run("new")[0] == 0
    sealing.commit()
    opened(sealed_secrets, sealing, "False")
    assert sealing.value(sealing.redis) == sealing.value(sealing.client) == value


def test_what_is_sealed_for_one_namespace_is_not_opened_in_another(sealing: Home, sealed_secrets: SealedSecrets, run: Run) -> None:
    sealing.write("{mode: sealed-secrets, certificate: home/sealing.crt}")
    assert run("new")[0] == 0
    folder = sealing.folder / "config/home/secrets"
    content = yaml.safe_load((folder / f"{sealing.redis}.yaml").read_bytes())
    content["metadata"]["namespace"] = content["spec"]["template"]["metadata"]["namespace"] = sealing.client
    sealing.plane.kube.apply(content)
    condition = until("an answer", lambda: sealed_secrets.synced(sealing.client, NAME) or None)
    assert condition["status"] == "False"
    assert "no key could decrypt secret" in condition["message"]
    assert sealing.secret(sealing.client) is None
