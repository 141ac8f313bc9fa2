"""The runbooks of the tree: exact names, commands that a shell takes, and the order that keeps data."""

from __future__ import annotations

import re
import subprocess

import pytest

from rediskit import Environment, render
from rediskit.model.files import TextFile
from rediskit.model.redis import NEEDED_COMMANDS
from tests.samples import SOPS, config, environment_of, merged

FLUX: dict[str, object] = {"gitops": {"tool": "flux"}}
VARIANTS: dict[str, dict[str, object]] = {
    "argocd": {},
    "flux": FLUX,
    "inside only": {"network": None},
    "flux inside only": {**FLUX, "network": None},
    "other names": {"redis": {"release": "cache", "namespace": "caches", "replicas": 3}, "gitops": {"argocd": {"prefix": "hub"}}},
    "no append-only file": {"redis": {"appendOnly": False}},
}


def runbook(environment: Environment) -> str:
    return render(environment).files["docs/failover.md"].decode()


def blocks(text: str) -> list[str]:
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_command_is_one_a_shell_takes(variant: str) -> None:
    text = runbook(environment_of("validate", over=VARIANTS[variant]))
    listed = blocks(text)
    assert len(listed) >= 10
    for block in listed:
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{block}"
    assert "None" not in text
    assert "{{" not in text
    assert "\n\n\n" not in text


def test_the_names_are_those_of_the_release() -> None:
    text = runbook(environment_of("validate", over=VARIANTS["other names"]))
    for name in ("cache-redis-master-0", "cache-redis-replicas-0", "redis-data-cache-redis-master-0", "cache-redis-headless.caches.svc"):
        assert name in text
    assert "redis-shared" not in text
    assert "hub-$app" in text
    assert "statefulset.kubernetes.io/pod-name" in text, "a Service of the component alone would select all replicas"
    assert "offsets | tail -n 1" in text


@pytest.mark.parametrize(("redis", "mount"), [({}, "mountPath: /data}"), ({"subPath": "a b"}, 'mountPath: /data, subPath: "a b"}')])
def test_a_copy_is_restored_to_the_folder_of_the_primary(redis: dict[str, str], mount: str) -> None:
    over = {"redis": {"values": {"master": {"persistence": redis}}}}
    assert f"- {{name: data, {mount}" in runbook(environment_of("validate", over=over))


PORTS = {"master": {"containerPorts": {"redis": 6380}}, "replica": {"containerPorts": {"redis": 6381}}}
PAIRS = {
    "failover": ["redis_in redis-shared-master-0 6380", 'redis_in "$PROMOTED" 6381'],
    "rotation": ["redis-shared-master-0:6380 redis-shared-replicas-0:6381"],
    "migration-beersystem": ["exec redis-shared-master-0 [^\n]* -p 6380 CLIENT", "exec redis-shared-replicas-0 [^\n]* -p 6381 INFO"],
}


@pytest.mark.parametrize("page", PAIRS)
def test_each_redis_is_asked_at_its_own_container_port(page: str) -> None:
    """Without `-p`, `redis-cli` in a pod asks at 6379, whatever the port of its server is."""
    text = render(environment_of("validate", over={"redis": {"values": PORTS}})).files[f"docs/{page}.md"].decode()
    calls = re.findall(r"redis-cli[^\n]*", text)
    assert calls, "the page has no call any more"
    assert all(" -p " in call for call in calls), calls
    for pair in PAIRS[page]:
        assert re.search(pair.replace("$", "\\$"), text), pair
    wrong = re.findall(r"-master-0:6381|-replicas-0:6380|-master-0 [^\n]*-p 6381|-replicas-0 [^\n]*-p 6380|redis-cli -p 6379", text)
    assert not wrong


def test_without_external_access_no_command_names_its_service() -> None:
    assert "redis-shared-external" not in runbook(environment_of("validate", over=VARIANTS["inside only"]))
    assert "redis-external" not in runbook(environment_of("validate", over=VARIANTS["flux inside only"]))


@pytest.mark.parametrize("variant", ["argocd", "flux"])
def test_the_primary_is_fenced_before_the_promotion_and_the_copy_comes_after_it(variant: str) -> None:
    text = runbook(environment_of("validate", over=VARIANTS[variant]))
    lost = text.partition("## Fail over when the primary is lost")[2].partition("## Fail back")[0]
    places = [lost.index(words) for words in ("--replicas=0", "--for=delete", "REPLICAOF NO ONE && clients_to_replica", "--rdb")]
    assert places == sorted(places)
    back = text.partition("## Fail back")[2]
    steps = (
        "--replicas=1",
        'primary REPLICAOF "$PROMOTED.',
        "replica FAILOVER",
        "clients_to_primary",
        "replica REPLICAOF redis-shared-master-0",
    )
    places = [back.index(words) for words in steps]
    assert places == sorted(places), "an empty primary must never be copied"


@pytest.mark.parametrize("page", ["failover", "rotation", "connection"])
def test_the_password_is_read_from_the_file_that_the_chart_mounts_whatever_the_key(page: str) -> None:
    text = render(environment_of("validate", over={"redis": {"auth": {"key": "pass.word"}}})).files[f"docs/{page}.md"].decode()
    assert "/opt/bitnami/redis/secrets/redis-password" in text
    assert "secrets/pass.word" not in text


def test_the_pages_use_no_command_that_can_be_disabled() -> None:
    text = runbook(environment_of("validate"))
    used = set(re.findall(r"\b(?:primary|replica) ([A-Z]+)", text))
    assert used <= NEEDED_COMMANDS
    assert {"INFO", "REPLICAOF", "FAILOVER"} <= used


def test_no_password_is_on_a_command_line() -> None:
    text = runbook(environment_of("validate"))
    assert "redis-cli -a" not in text
    assert text.count("REDISCLI_AUTH") == 1


def test_there_is_nothing_to_fail_over_before_deploy() -> None:
    tree = render(environment_of("prepare"))
    assert "docs/failover.md" not in tree.files
    assert "docs/failover.md" not in tree.files["README.md"].decode()
    assert "docs/failover.md" in render(environment_of("validate")).files["README.md"].decode()


# A new password

STORE = {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis"}
SECRETS: dict[str, dict[str, object]] = {
    "sealed-secrets": {
        "secrets": {
            "mode": "sealed-secrets",
            "certificate": TextFile("sealing.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"),
        }
    },
    "sops": {**FLUX, "secrets": SOPS},
    "manual": {},
    "manual, flux": FLUX,
    "external-secrets": {"secrets": STORE},
    "generated": {"secrets": {"mode": "external-secrets", "generate": True}},
    "no ACL": {"redis": {"disabledCommands": ["ACL"]}},
    "other names": {"redis": {"release": "cache", "namespace": "caches", "replicas": 3, "auth": {"key": "pass.word"}}},
}


def rotation(variant: str, step: str = "validate") -> str:
    return render(environment_of(step, over=SECRETS[variant])).files["docs/rotation.md"].decode()


@pytest.mark.parametrize("variant", SECRETS)
def test_every_command_of_a_rotation_is_one_a_shell_takes(variant: str) -> None:
    text = rotation(variant)
    listed = blocks(text)
    assert len(listed) >= 5
    done = subprocess.run(["bash", "-n"], input="\n".join(listed), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "None" not in text
    assert "{{" not in text
    assert "\n\n\n" not in text
    numbers = [int(number) for number in re.findall(r"^## (\d)\.", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("variant", ["sealed-secrets", "sops"])
def test_redis_takes_both_passwords_until_every_application_has_the_new_one(variant: str) -> None:
    text = rotation(variant)
    hold = 'enabled":false' if variant == "sealed-secrets" else "flux -n redis suspend helmrelease"
    go_on = 'enabled":true' if variant == "sealed-secrets" else "flux -n redis resume helmrelease"
    application = "rollout restart deployment/beersystem-backend"
    order = [text.index(words) for words in (hold, "secret rotate", 'each_redis "$OLD" ">$NEW"', application, go_on, "PONG")]
    assert order == sorted(order)


@pytest.mark.parametrize("variant", SECRETS)
def test_no_page_resumes_or_restarts_redis_after_a_failover(variant: str) -> None:
    """The old primary would start with its old data, and the promoted replica would copy it."""
    files = render(environment_of("validate", over=SECRETS[variant])).files
    guarded = 0
    for name, content in files.items():
        for block in blocks(content.decode()) if name.startswith("docs/") else ():
            if re.search(r'"enabled":true|^ *flux .* resume|&& flux .* resume|rollout restart statefulset', block, re.MULTILINE):
                assert block.startswith(("is_primary && ", "may_resume && ")), (name, block)
                guarded += 1
    assert guarded >= 2


def test_what_restarts_redis_in_each_mode() -> None:
    """With a rotation in Git the commit does; a restart by hand would come before the applications have the new password."""
    for variant in SECRETS:
        by_hand = "rollout restart statefulset/" in rotation(variant)
        assert by_hand == (variant not in ("sealed-secrets", "sops")), variant


def test_only_applications_that_read_the_secret_are_restarted() -> None:
    assert "beersystem-backend" not in rotation("manual", "deploy")
    assert "No application reads the Secret yet" in rotation("manual", "deploy")
    page = render(environment_of(None, over=SECRETS["manual"])).files["docs/rotation.md"].decode()
    assert "rollout restart deployment/beersystem-backend" in page


def test_a_rotation_lists_who_gets_the_new_password_by_hand() -> None:
    """Redis rejects them after its restart, and no rollout gives them the new password."""
    container = {"external": "config.yaml of ConfigMap/shop", "env": None}
    client = merged(config("validate")["clients"][0], {"workloads": {0: {"containers": {"backend": container}}}})
    page = render(environment_of("validate", over={"clients": [client]})).files["docs/rotation.md"].decode()
    by_hand = page.index(
        "* `Deployment/beersystem-backend in beersystem`, container `backend`: change the password in config.yaml of ConfigMap/shop."
    )
    private = page.index("* Clients in 192.168.4.0/24 that use 192.168.4.203.")
    assert page.index("Accept both passwords") < by_hand < private < page.index("rollout restart deployment/beersystem-backend")
    alone = render(environment_of("validate", over={"network": None})).files["docs/rotation.md"].decode()
    assert "do not read the Secret" not in alone


def test_a_rotation_without_acl_warns_of_a_gap() -> None:
    page = rotation("no ACL")
    assert "rejects every\napplication" in page
    assert "SETUSER" not in page


def test_a_rotation_names_every_pod_and_the_key() -> None:
    page = rotation("other names")
    assert "cache-redis-master-0:6379 cache-redis-replicas-0:6379 cache-redis-replicas-1:6379 cache-redis-replicas-2:6379" in page
    assert "{.data.pass\\.word}" in page
