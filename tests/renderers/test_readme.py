"""README.md of the tree: true at every step, valid Markdown, commands that work unchanged."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from rediskit import Environment, render
from tests.samples import STEPS, client, config, environment_of, merged

NEXT = {
    "scale-down-first": dict(
        zip(("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission"), STEPS[1:], strict=False)
    ),
    "deploy-first": {
        "prepare": "deploy",
        "deploy": "scale-down",
        "scale-down": "reconfigure",
        "reconfigure": "scale-up",
        "scale-up": "validate",
        "validate": "decommission",
        "decommission": "complete",
    },
}
ALL = [(order, step) for order in NEXT for step in STEPS]
VARIANTS: dict[str, dict[str, Any]] = {
    "as decided": {},
    "flux": {"gitops": {"tool": "flux"}},
    "no monitoring": {"monitoring": {"enabled": False}},
    "no clients": {"clients": []},
    "no old objects": {"clients": [client("app", "validate")]},
    "many clients": {"clients": [client(f"app-{step}", step) for step in STEPS] + [client("plain", None)]},
    "another release": {"redis": {"release": "cache", "namespace": "databases", "auth": {"secret": "cache-auth", "key": "value"}}},
}


def readme(environment: Environment) -> str:
    return render(environment).files["README.md"].decode()


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("step", STEPS)
def test_the_markdown_is_tidy(step: str, variant: str) -> None:
    text = readme(environment_of(step, over=VARIANTS[variant]))
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for words in ("None", "{{", "{%", "<", "  "):
        assert words not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#") and "sh" not in line[:3]:
            assert lines[number + 1] == "", line
        if line.startswith("| "):
            assert line.endswith(" |")
            assert line.count("|") == lines[number - 1].count("|") or not lines[number - 1]


@pytest.mark.parametrize(("order", "step"), ALL)
def test_the_readme_has_the_step_of_each_migration_and_the_next_command(order: str, step: str) -> None:
    text = section(readme(environment_of(step, order)), "beersystem")
    assert f"Current step: **{step}**. Result: " in text
    following = "scale-down" if step == "rolled-back" else NEXT[order].get(step)
    assert re.findall(r"Next step: \*\*(.*?)\*\*\. It changes \S", text) == ([following] if following else [])
    assert bool(re.search(r"^\* Prerequisite: \S.*\.$", text, re.MULTILINE)) == bool(following)
    down = ("scale-down", "reconfigure", "scale-up", "validate", *(("deploy",) if order == "scale-down-first" else ()))
    rollback = "To roll back, run all commands of the section Roll back"
    assert (rollback in text) == (step in down), "from where the application goes down to validate"
    identity = step in ("prepare", "complete", "rolled-back") or (order, step) == ("deploy-first", "deploy")
    assert ("At this step, the files in `owners/beersystem/` change nothing." in text) == identity


@pytest.mark.parametrize(("scaled", "whose"), [(True, "the application repository"), (False, "only the config")])
def test_an_autoscaler_is_released_in_the_application_repository(scaled: bool, whose: str) -> None:
    """With nothing to remove, decommission changes the application repository only where an autoscaler was fixed."""
    over: dict[str, object] = {"previous": {"remove": []}}
    if scaled:
        over["workloads"] = {0: {"autoscaler": {"kind": "ScaledObject", "name": "backend"}}}
    client = merged(config("validate")["clients"][0], over)
    text = section(readme(environment_of("validate", over={"clients": [client]})), "beersystem")
    assert f"Next step: **decommission**. It changes {whose}." in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("kustomize", "by hand: `components: [rediskit/beersystem]`"),
        ("argocd-app", "`spec.source.kustomize.patches` of the Application"),
        ("flux-kustomization", "`spec.patches` of the Kustomization"),
        ("manifests", "There is no kustomize build to test, so `rediskit migrate export` validates the changed files."),
    ],
)
def test_the_readme_describes_how_the_application_repository_takes_a_step(kind: str, words: str) -> None:
    client = merged(config("scale-up")["clients"][0], {"owner": {"kind": kind}})
    text = section(readme(environment_of("scale-up", over={"clients": [client]})), "beersystem")
    assert words in text
    done = "changes the files" if kind == "manifests" else "tests the build of the overlay"
    assert f"`rediskit migrate step` {done} in its checkout" in text
    assert ("they override the Component" in text) == (kind == "kustomize")


@pytest.mark.parametrize(("order", "step"), ALL)
def test_the_readme_states_whether_redis_is_deployed(order: str, step: str) -> None:
    absent = step == "prepare" or (order, step) == ("scale-down-first", "scale-down")
    environment = environment_of(step, order)
    text = readme(environment)
    assert ("**Redis is not deployed yet:**" in text) == absent
    assert ("| nothing yet |" in text) == absent
    assert ("Application `redis-shared-release`" in text) != absent


@pytest.mark.parametrize("step", STEPS)
def test_every_folder_of_the_tree_is_in_the_table(step: str) -> None:
    tree = render(environment_of(step))
    text = tree.files["README.md"].decode()
    folders = {
        "/".join(path.split("/")[: 2 if path.split("/")[0] in ("helm", "platform", "owners") else 1]) for path in tree.files if "/" in path
    }
    listed = set(re.findall(r"^\| `([^`]+)/` \|", text, re.MULTILINE))
    assert folders - {"platform/kustomization.yaml", "docs", "checks"} == listed - {"docs", "checks"}
    names = {content["metadata"]["name"] for content in tree.objects.values() if content["kind"] == "Application"}
    assert set(re.findall(r"Application `([^`]+)`", text)) <= names


def test_addresses_are_those_of_the_config() -> None:
    values = {
        "master": {"service": {"ports": {"redis": 6400}}},
        "replica": {"service": {"ports": {"redis": 6500}}},
        "clusterDomain": "k8s.example",
    }
    text = section(
        readme(environment_of(over={"redis": {"values": values}, "network": {"allow": ["192.168.4.0/24", "10.8.0.0/16"]}})), "Connect"
    )
    assert "| pods in the cluster | `redis-shared-master.redis.svc.k8s.example` | 6400 |" in text
    assert "| `redis-shared-replicas.redis.svc.k8s.example` | 6500 |" in text
    assert "| 192.168.4.0/24, 10.8.0.0/16 | `192.168.4.203` | 6400 |" in text


def test_without_a_network_no_address_is_named() -> None:
    data = config()
    del data["network"]
    data["clients"] = []
    assert "192.168." not in readme(Environment.model_validate(data))


def shell(text: str, title: str, number: int = 1) -> str:
    return section(text, title).split("```sh\n")[number].split("```", 1)[0]


def test_the_password_is_32_letters_and_digits() -> None:
    """The line itself, run by bash a few times: the alphabet needs no quoting anywhere."""
    line = shell(readme(environment_of()), "Password", 2).splitlines()[0]
    script = "set -eu\n" + "\n".join([line, 'printf "%s\\n" "$PASSWORD"'] * 20)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    )
    lines = done.stdout.splitlines()
    assert len(set(lines)) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", password) for password in lines)


def test_every_namespace_gets_the_same_password_on_standard_input() -> None:
    """The whole snippet, with a kubectl that writes down what it was given."""
    clients = [*config()["clients"], client("shop", None), client("wiki", None, namespace="shop")]
    snippet = shell(readme(environment_of(over={"clients": clients})), "Password", 2)
    kubectl = 'kubectl() { printf "%s <" "$*"; cat; printf ">\\n"; }\n'
    done = subprocess.run(["bash", "-eu", "-c", kubectl + snippet + 'echo "${PASSWORD-gone}"'], capture_output=True, text=True, check=True)
    *calls, last = done.stdout.splitlines()
    assert last == "gone"
    secret = "create secret generic redis-credentials --from-file=redis-password=/dev/stdin"
    assert [call.split(" <")[0] for call in calls] == [f"-n {namespace} {secret}" for namespace in ("redis", "beersystem", "shop")]
    passwords = {call.split("<")[1].removesuffix(">") for call in calls}
    assert len(passwords) == 1
    assert re.fullmatch(r"[A-Za-z0-9]{32}", passwords.pop())


def test_the_command_for_bootstrap_has_its_path() -> None:
    tree = render(environment_of(over={"gitops": {"path": "clusters/home/redis"}}))
    assert shell(tree.files["README.md"].decode(), "Deploy") == "kubectl apply -f clusters/home/redis/bootstrap/\n"
    assert all(tree.objects[path]["kind"] == "Application" for path in tree.files if path.startswith("bootstrap/"))


def test_the_readme_lists_only_objects_that_are_removed() -> None:
    text = readme(environment_of(over={"clients": [client("app", "validate")]}))
    assert "pruning" not in text
    assert "The old Redis is `redis.app.svc.cluster.local:6379`.\n" in text
