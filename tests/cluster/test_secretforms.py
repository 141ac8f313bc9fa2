"""Ciphertexts in Git become byte-identical Secrets where Redis and where its clients are, follow a rotation, and fail one by one."""

from __future__ import annotations

import os
import secrets
import string
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from rediskit import ConfigError
from rediskit.model.nested import list_at, text_at
from tests.cluster import owner
from tests.cluster.argocd import VERSION, ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.flux import KUSTOMIZE
from tests.cluster.kube import Object, condition_of
from tests.cluster.plane import program
from tests.cluster.processes import FailedError, until
from tests.cluster.scene import Scene
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.states import STATES, hold
from tests.cluster.tool import Tool
from tests.samples import ROOT
from tests.secrets.conftest import recipient
from tests.secrets.repository import KEY, NAME, age_key, certificate_of

NEIGHBOUR = "shop"
ROTATION = "rediskit/rotation"
Spoil = Callable[["Home"], None]


class Home:
    """A scene whose password is encrypted in Git: two clients, and the folder in which `rediskit secret` works."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.neighbours = {NEIGHBOUR: f"{NEIGHBOUR}-{scene.name}"}
        self.namespaces = (scene.namespace, scene.client_namespace, scene.neighbours[NEIGHBOUR])
        self.folder = scene.ours.tree / "config" / scene.name
        self.folder.mkdir(parents=True)

    def secret(self, *arguments: str, value: str) -> None:
        """`rediskit secret` with the value on its standard input."""
        top = self.scene.ours.tree
        file = self.scene.write_config().relative_to(top)
        command = [sys.executable, "-m", "rediskit", "secret", *arguments, "--from-stdin", str(file)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOPS": str(program("sops"))}
        done = subprocess.run(command, cwd=top, input=value, capture_output=True, text=True, check=False, timeout=60, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr

    def file(self, namespace: str) -> Path:
        """Return the ciphertext of a namespace."""
        return self.folder / f"secrets/{namespace}.yaml"

    def hold(self, values: Mapping[str, str]) -> None:
        """Assert that each namespace has the Secret with its value and nothing else, and Redis the pods of its rotation.

        At once: to both tools a unit is healthy only when the controller has dealt with the newest text of its SealedSecret.
        """
        secrets = {namespace: self.scene.live("v1", "Secret", NAME, namespace) for namespace in values}
        assert [namespace for namespace, value in values.items() if not _holds(secrets[namespace], value)] == []
        rotation = yaml.safe_load(self.file(self.scene.namespace).read_bytes())["metadata"]["annotations"][ROTATION]
        sets = self.scene.kube.find("apps/v1", "StatefulSet", self.scene.namespace)
        templates = [content["spec"]["template"] for content in sets]
        pods = self.scene.kube.find("v1", "Pod", self.scene.namespace)
        assert (len(templates), len(pods)) == (2, 2)
        assert {content["metadata"]["annotations"][ROTATION] for content in (*templates, *pods)} == {rotation}


def test_what_is_encrypted_in_git_arrives(make_scene: MakeScene, tool: Tool, sealed_secrets: SealedSecrets, tmp_path: Path) -> None:
    """All forms that the tool takes live side by side: its controllers work while we wait."""
    failed = {"argocd": "Degraded", "flux": "failed early due to stalled resources: [SealedSecret/"}
    lives = [life(sealed(Home(make_scene("sealed")), sealed_secrets), seal_for_nobody, failed[tool.name])]
    if tool.name == "flux":
        lives.append(life(encrypted(Home(make_scene("sops")), tmp_path / "home.agekey"), damage, "decryption failed for 'Secret"))
    for _ in zip(*lives, strict=True):
        pass


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_argo_cd_takes_what_sops_encrypted_as_it_is(make_scene: MakeScene, tool: Tool, tmp_path: Path) -> None:
    """Why rediskit refuses mode sops there. Others may commit such a file all the same."""
    scene = make_scene("sops")
    key = age_key(program("age-keygen"), tmp_path / "home.agekey")
    scene.over = {"secrets": {"mode": "sops", "recipients": [recipient(key)]}}
    scene.remember("prepare")
    with pytest.raises(ConfigError, match="Argo CD does not decrypt SOPS"):
        scene.render()
    scene.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.client_namespace}})
    values = {"data": b64encode(password().encode()).decode(), "stringData": password()}
    for field, value in values.items():
        commit_encrypted(scene, recipient(key), field, value)
        scene.owner_objects += tool.owner(f"{scene.name}-{field.lower()}", scene.theirs.url, field, scene.client_namespace)
    for content in scene.owner_objects:
        scene.kube.apply(content)
    secret = until("the Secret", lambda: scene.live("v1", "Secret", "stringdata", scene.client_namespace))
    assert b64decode(secret["data"][KEY]).startswith(b"ENC[AES256_GCM,data:")

    def refused() -> bool | None:
        application = scene.live(VERSION, "Application", f"{scene.name}-data", tool.namespace)
        messages = [str(resource["message"]) for resource in list_at(application, "status", "operationState", "syncResult", "resources")]
        if any("illegal base64 data" in message for message in messages):
            return True
        raise FailedError("; ".join(messages))

    until("the refusal", refused)
    assert scene.live("v1", "Secret", "data", scene.client_namespace) is None


def commit_encrypted(scene: Scene, key: str, field: str, value: str) -> None:
    """Commit a folder with a Secret that is encrypted with sops to the application repository."""
    about = {"name": field.lower(), "namespace": scene.client_namespace}
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": about, field: {KEY: value}})
    rule = ("--encrypted-regex", "^(data|stringData)$", "--age", key, "--input-type", "yaml", "--output-type", "yaml")
    command = ("--config", os.devnull, "encrypt", *rule, "--filename-override", "secret.yaml", "/dev/stdin")
    done = subprocess.run([program("sops"), *command], input=text.encode(), capture_output=True, check=True, timeout=60)
    scene.theirs.write({f"{field}/secret.yaml": done.stdout})
    scene.theirs.commit(f"a Secret with {field}, encrypted by SOPS")


def life(home: Home, spoil: Spoil, failed: str) -> Iterator[None]:
    """From the bootstrap over a rotation, in which one ciphertext breaks, to the fixed one. It pauses after each commit.

    failed: what the tool then reports for that client's component; what is live there stays as it was.
    """
    scene = home.scene
    broken = scene.neighbours[NEIGHBOUR]
    scene.own()
    start = until("beersystem", lambda: scene.live("apps/v1", "Deployment", owner.WORKLOAD, scene.client_namespace))
    for step in ("prepare", "scale-down", "deploy"):
        scene.remember(step)
    first, second = password(), password()
    home.secret("new", value=first)
    scene.publish("deploy")
    scene.bootstrap()
    yield
    scene.tool.settled(scene.expected())
    home.hold(dict.fromkeys(home.namespaces, first))
    hold(scene, STATES["deploy"], start)

    home.secret("rotate", value=second)
    good = home.file(broken).read_bytes()
    spoil(home)
    scene.ignored = {f"{scene.release}-{NEIGHBOUR}"}
    change(scene, "rotated, and one is broken")
    yield
    scene.tool.settled(scene.expected())
    home.hold({**dict.fromkeys(home.namespaces, second), broken: first})
    until(failed, lambda: failed in failure(scene) or None)

    scene.remember("reconfigure")
    change(scene, "reconfigure")
    yield
    scene.tool.settled(scene.expected())
    hold(scene, STATES["reconfigure"], start)
    assert failed in failure(scene)
    home.hold({**dict.fromkeys(home.namespaces, second), broken: first})

    # What stands beside the ciphertext may have been edited: Flux does not look at the MAC of SOPS. `secret check --key` does.
    edited = yaml.safe_load(good)
    edited["metadata"]["annotations"]["note"] = "edited"
    home.file(broken).write_text(yaml.safe_dump(edited, sort_keys=False))
    scene.ignored = set()
    change(scene, "fixed")
    yield
    scene.tool.settled(scene.expected())
    home.hold(dict.fromkeys(home.namespaces, second))


def sealed(home: Home, controller: SealedSecrets) -> Home:
    """With the certificate of the controller."""
    (home.folder / "sealing.crt").write_bytes(controller.certificate())
    home.scene.over = {"secrets": {"mode": "sealed-secrets", "certificate": f"{home.scene.name}/sealing.crt"}}
    return home


def encrypted(home: Home, file: Path) -> Home:
    """For an age key, which Flux gets as in docs/howto-flux.md."""
    age_key(program("age-keygen"), file)
    home.scene.over = {"secrets": {"mode": "sops", "recipients": [recipient(file)]}}
    home.scene.kube.kubectl("-n", home.scene.tool.namespace, "create", "secret", "generic", "sops-age", f"--from-file=age.agekey={file}")
    return home


def change(scene: Scene, message: str) -> None:
    """One commit, which the tool is told of."""
    scene.publish(message)
    scene.tool.refresh(scene.expected())


def failure(scene: Scene) -> str:
    """Return the message of the tool about the component of the other client."""
    name, place = f"{scene.release}-{NEIGHBOUR}", scene.tool.namespace
    if scene.tool.name == "argocd":
        application = scene.live(VERSION, "Application", name, place)
        return text_at(application, "status", "health", "status")
    return str(condition_of(scene.live(KUSTOMIZE, "Kustomization", name, place), "Ready").get("message"))


def seal_for_nobody(home: Home) -> None:
    """Sealed by a certificate whose key the controller does not have."""
    certificate = home.folder / "sealing.crt"
    right = certificate.read_bytes()
    certificate.write_bytes(certificate_of(generate_private_key(65537, 2048)))
    home.secret("seal", "--client", NEIGHBOUR, "--force", value=password())
    certificate.write_bytes(right)


def damage(home: Home) -> None:
    """One character of the ciphertext is another."""
    file = home.file(home.scene.neighbours[NEIGHBOUR])
    content = yaml.safe_load(file.read_bytes())
    text = content["data"][KEY]
    at = text.index("data:") + len("data:")
    content["data"][KEY] = text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def password() -> str:
    """Return a value that exists in this test alone."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))


def _holds(content: Object | None, value: str) -> bool:
    return content is not None and {name: b64decode(text) for name, text in content["data"].items()} == {KEY: value.encode()}
