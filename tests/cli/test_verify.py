"""`rediskit verify`: its command line, its exit codes and its prerequisites. tests/live runs it on real servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.live.checks import exit_code, result
from rediskit.live.connections import connections_in, recent_logins
from rediskit.live.jobs import complete, parsed
from rediskit.renderers.verification.checks import Status
from rediskit.renderers.verification.pod import expected_settings, job_spec, script
from tests.conftest import Run
from tests.samples import environment_of, loaded

CONFIG = "chocolandia.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    loaded(tmp_path, "scale-up")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_restart_needs_a_confirmation(run: Run) -> None:
    code, _, errors = run("verify", CONFIG, "--disruptive")
    assert (code, errors) == (2, "error: --disruptive restarts all instances of Redis\n  help: add --yes to confirm it\n")
    code, _, errors = run("verify", CONFIG, "--disruptive", "--yes", "--from", "here")
    assert (code, errors) == (2, "error: --disruptive needs --from cluster\n  help: leave --from out\n")


@pytest.mark.usefixtures("folder")
def test_an_unknown_client_is_an_error(run: Run) -> None:
    code, _, errors = run("verify", CONFIG, "--client", "shop")
    assert (code, errors) == (2, "error: --client: there is no client shop\n  help: choose one of: beersystem\n")


@pytest.mark.usefixtures("folder")
def test_a_missing_kubectl_is_exit_code_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL", "/nonexistent")
    code, output, errors = run("verify", CONFIG)
    assert (code, output) == (3, "")
    assert "$KUBECTL is /nonexistent, which does not exist" in errors


def test_a_missing_package_is_exit_code_3_and_names_the_command(folder: Path) -> None:
    program = "import sys; sys.modules['redis'] = None; from rediskit.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "verify", CONFIG, "--from", "here"]
    done = subprocess.run(command, cwd=folder, env={"REDISCLI_AUTH": "x" * 32}, capture_output=True, text=True, check=False)
    expected = "error: the Python package redis is not installed\n  help: run pip install 'rediskit[verify]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, "", expected)


def test_a_redis_that_is_not_deployed_is_skipped_and_not_passed(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(tmp_path, "prepare")
    monkeypatch.chdir(tmp_path)
    code, output, _ = run("verify", CONFIG)
    assert code == 3
    assert output.startswith("skipped ping redis-shared from cluster: no value\n")
    assert "the shared Redis is not deployed: beersystem is at prepare" in output


@pytest.mark.usefixtures("folder")
def test_a_silent_prometheus_is_unknown(run: Run) -> None:
    code, output, _ = run("verify", CONFIG, "--phase", "monitoring", "--from", "here", "--prometheus", "http://127.0.0.1:9", "--markdown")
    assert code == 3
    assert "| unknown | `targets-up` | SC-005 |" in output
    assert "passed" not in output
    code, _, errors = run("verify", CONFIG, "--phase", "monitoring", "--prometheus", "ftp://prometheus")
    assert (code, "not an http or https URL" in errors) == (2, True)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("passed",), 0),
        (("passed", "skipped"), 0),
        (("passed", "unknown"), 3),
        (("failed", "unknown"), 1),
        (("skipped",), 3),
        ((), 3),
    ],
)
def test_no_data_is_never_success(statuses: tuple[Status, ...], code: int) -> None:
    assert exit_code(result("ping", "here", "here", status) for status in statuses) == code


def test_a_pod_without_a_result_is_unknown() -> None:
    environment = environment_of("scale-up")
    message = "ping\thost\tpassed\tPONG\nping\thost\tgood\nother\tx\tpassed\n"
    results = complete(parsed(environment, message, "cluster:x"), ("ping", "wait"), "t", "v", "no")
    assert [(result.id, result.status) for result in results] == [("ping", "passed"), ("wait", "unknown")]


def test_the_pod_has_restricted_security_and_no_label_of_the_release() -> None:
    spec = job_spec(environment_of("scale-up"), ("performance",), "redis", wait=1)
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (spec["backoffLimit"], pod["restartPolicy"], pod["automountServiceAccountToken"]) == (0, "Never", False)
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["template"]["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "rediskit-verify"}
    assert "ttlSecondsAfterFinished" not in spec


def test_the_expected_settings_are_those_of_redis_conf() -> None:
    assert expected_settings(environment_of("scale-up")) == {
        "maxmemory": str(2**30),
        "maxmemory-policy": "allkeys-lru",
        "appendonly": "yes",
        "save": "",
    }


def test_bash_and_shellcheck_accept_the_script(tmp_path: Path) -> None:
    file = tmp_path / "verify.sh"
    file.write_text(script(), encoding="utf-8")
    # SC2329: phases are called by name. SC2153: REPLICAS is a variable of the pod.
    lint = [str(Path(sys.executable).with_name("shellcheck")), "--exclude=SC2329,SC2153", "--format=gcc", str(file)]
    for command in (["bash", "-n", str(file)], lint):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_refused_logins_are_found_by_address() -> None:
    entry = (
        "{count}\n1\nreason\n{reason}\ncontext\ntoplevel\nobject\nAUTH\nusername\ndefault\nage-seconds\n{age}\n"
        "client-info\nid=3 addr=10.0.0.{number}:5 laddr=x\n"
    )
    rows = ((1, "auth", "3.1"), (2, "auth", "70"), (3, "command", "1"))
    log = "".join(entry.format(count="count", number=number, reason=reason, age=age) for number, reason, age in rows)
    assert recent_logins(log) == {"10.0.0.1": 1}


def test_connections_of_replicas_are_not_those_of_clients() -> None:
    listed = connections_in("id=1 addr=10.0.0.1:5 flags=N db=2 cmd=get\nid=2 addr=10.0.0.2:5 flags=S db=0 cmd=replconf\n\n")
    assert list(listed) == ["1"]
