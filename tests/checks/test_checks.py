"""All checks together: each has a case, valid trees have no findings, and no input of a user causes a traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rediskit import Environment, Finding, Manifest, Tree, check, render
from rediskit.chart.bitnami import BITNAMI
from rediskit.chart.keys import known_keys
from rediskit.checks import CHECKS, Check
from rediskit.checks.finding import Subject
from rediskit.checks.output_path import check_output_path
from rediskit.errors import ConfigError, dotted
from rediskit.renderers.tree import Object
from tests.checks import test_access_checks, test_secret_checks, test_tree_checks, test_value_checks
from tests.samples import STEPS, VARIABLES, WARNED, backend, client, config, environment_of, loaded, merged

FLUX = {"gitops": {"tool": "flux"}}
VARIANTS: dict[str, dict[str, Any]] = {
    "as decided": {},
    "flux": FLUX,
    "no monitoring": {"monitoring": {"enabled": False}},
    "another release": {"redis": {"release": "cache", "namespace": "databases"}},
    "three replicas, CONFIG off, save points": {
        "redis": {"replicas": 3, "disabledCommands": ["CONFIG"], "savePoints": ["900 1", "60 10000"]}
    },
    "a mirror": {"redis": {"imageMirror": "mirror.example.com"}},
    "no append-only file": {"redis": {"appendOnly": False, "savePoints": ["900 1"]}},
    "old MetalLB": {"network": {"metallb": "0.14.8"}},
    "hub": {"gitops": {"argocd": {"destination": {"name": "edge", "server": None}, "prefix": "edge-redis", "project": "data"}}},
}


def errors(findings: list[Finding]) -> list[str]:
    return [f"{finding.code}: {finding.message}" for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.code)
def test_every_check_has_a_code_and_a_docstring(rule: Check) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
    assert (rule.run.__doc__ or "").strip().endswith((".", ")"))


def test_every_check_has_a_case_that_it_reports() -> None:
    cases = [*test_access_checks.CASES, *test_secret_checks.CASES, *test_tree_checks.CASES, *test_value_checks.CASES]
    codes = [rule.code for rule in CHECKS]
    assert len(set(codes)) == len(codes)
    reported = {(case.code, case.severity) for case in cases}
    assert {(rule.code, rule.severity) for rule in CHECKS} <= reported
    assert set(codes) == {code for code, _ in reported}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
@pytest.mark.parametrize("step", [*STEPS, None])
def test_a_valid_tree_has_only_the_warnings_of_the_defaults(step: str | None, order: str, variant: str) -> None:
    environment = environment_of(step, order, VARIANTS[variant])
    findings = check(environment, render(environment))
    assert [finding.code for finding in findings] == WARNED, findings


def test_a_tree_without_network_and_clients_has_no_error() -> None:
    data = config()
    del data["network"], data["clients"]
    environment = type(environment_of()).model_validate(data)
    assert errors(check(environment, render(environment))) == []


def test_many_clients_at_many_steps_have_no_error() -> None:
    clients: list[Object] = [client(f"app-{step}", step) for step in STEPS] + [client("plain", None)]
    clients.append(
        client(
            "web",
            "scale-up",
            workloads=[{"kind": "StatefulSet", "name": "web", "replicas": 5, "containers": {"a": {"env": VARIABLES}}}],
        )
    )
    environment = environment_of(over={"clients": clients})
    assert errors(check(environment, render(environment))) == []


FOLLOWED: dict[str, dict[str, Any]] = {
    "fullnameOverride": {"fullnameOverride": "cache"},
    "nameOverride": {"nameOverride": "valkey"},
    "the port of the Service": {"master": {"service": {"ports": {"redis": 6400}}}},
    "all ports": {
        "master": {"service": {"ports": {"redis": 6400}}, "containerPorts": {"redis": 6401}},
        "replica": {"service": {"ports": {"redis": 6402}}, "containerPorts": {"redis": 6403}},
        "metrics": {"service": {"ports": {"http": 9200}}, "containerPorts": {"http": 9201}},
    },
    "the domain": {"clusterDomain": "k8s.example"},
    "roles": {"rbac": {"create": True}, "master": {"pdb": {"create": False}}, "replica": {"pdb": {"create": False}}},
    "a map and a probe": {
        "master": {"podLabels": {"team": "platform"}, "nodeSelector": {"disk": "ssd"}},
        "replica": {"customLivenessProbe": {"timeoutSeconds": 10}, "podAnnotations": {"example.com/a": "b"}},
    },
    "our own redis.conf, with more in it": {
        "commonConfiguration": "# ours\nmaxmemory 1024mb\nmaxmemory-policy ALLKEYS-LRU\nappendonly yes\nsave ''\ntimeout 300",
        "master": {"configuration": "min-replicas-to-write 1", "extraFlags": ["--repl-backlog-size 64mb", "--activedefrag", "yes"]},
    },
    "objects beside it": {
        "extraDeploy": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "{{ .Release.Name }}"}}]
    },
}


@pytest.mark.parametrize("tool", ["argocd", "flux"])
@pytest.mark.parametrize("what", FOLLOWED)
def test_a_changed_name_or_port_has_no_error_in_any_object(what: str, tool: str) -> None:
    environment = environment_of(over={"gitops": {"tool": tool}, "redis": {"values": FOLLOWED[what]}})
    assert errors(check(environment, render(environment))) == []


NONSENSE: list[Any] = ["nonsense", 7, True, ["x", 1, {}], {"a": {"b": [None]}}, None]
SECTIONS = sorted({".".join(path.split(".")[:depth]) for path in known_keys(BITNAMI.keys_file) for depth in (1, 2, 3, 9)})


@pytest.mark.parametrize("section", sorted({path.split(".")[0] for path in SECTIONS}))
def test_nonsense_never_crashes_a_renderer_or_a_check(section: str) -> None:
    """Any value under redis.values is accepted, reported, or refused with its path."""
    environment = environment_of("decommission", over={"clients": [client("app", "decommission")]})
    for path in SECTIONS:
        for content in NONSENSE if path.split(".")[0] == section else ():
            nested: Any = content
            for part in reversed(path.split(".")):
                nested = {part: nested}
            spoiled = environment.model_copy(update={"redis": environment.redis.model_copy(update={"values": nested})})
            tree = rendered_or_refused(spoiled)
            for rule in CHECKS[1:] if tree else ():
                check_alone(rule, spoiled, tree)


def rendered_or_refused(environment: Environment) -> Tree | None:
    """Return the tree; None where `render` refuses a value that becomes a name, with its config path."""
    try:
        tree = render(environment)
    except ConfigError as error:
        problems = error.problems
    else:
        assert tree.files
        return tree
    assert all(problem.hint and problem.path[:2] == ("redis", "values") for problem in problems)
    return None


def check_alone(rule: Check, environment: Any, tree: Any) -> None:
    for issue in rule.run(Subject(environment, tree)):
        assert issue.message
        assert dotted(issue.path) is not None


def test_findings_come_in_the_order_of_the_checks(tmp_path: Path) -> None:
    over = {"redis": {"values": {"slave": {}, "master": {"count": 2}, "commonConfiguration": "port 1"}}}
    environment = loaded(tmp_path, over=over)
    codes = [finding.code for finding in check(environment, render(environment))]
    order = [rule.code for rule in CHECKS]
    assert codes == sorted(codes, key=order.index)
    assert {"chart-key", "chart-owned-value", "redis-conf"} <= set(codes)


def test_findings_of_an_environment_constructed_in_python_have_no_location() -> None:
    environment = environment_of(over={"redis": {"values": {"slave": {}}}})
    (finding,) = [finding for finding in check(environment, render(environment)) if finding.code == "chart-key"]
    assert finding.location is None
    assert dotted(finding.path) == "redis.values.slave"


def test_the_checks_do_not_read_a_patch_as_an_object() -> None:
    """The patch that removes the old Service has the kind of an external Service."""
    environment = environment_of("decommission")
    tree = render(environment)
    assert "owners/beersystem/service-redis.yaml" in tree.objects
    assert errors(check(environment, tree)) == []


def test_the_schema_check_reads_the_patched_real_object() -> None:
    workload = merged(backend(), {"spec": {"template": {"spec": {"dnsPolicy": 5}}}})
    clients = [merged(config()["clients"][0], {"workloads": {0: {"manifest": Manifest("m.yaml", workload)}}})]
    environment = environment_of(over={"clients": clients})
    (message,) = errors(check(environment, render(environment)))
    assert "spec.template.spec.dnsPolicy" in message


def place(folder: Path, root: str, path: str | None = None) -> list[Finding]:
    return check_output_path(loaded(folder, over={"gitops": {"path": path}} if path else {}), root)


def test_an_output_directory_at_gitops_path_has_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert place(tmp_path, "rendered") == []
    assert place(tmp_path, str(tmp_path / "rendered")) == []
    assert place(tmp_path, "./x/../rendered/") == []
    assert place(tmp_path, "clusters/home", "clusters/home/chocolandia") == []


def test_another_output_directory_is_an_error_at_gitops_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    (finding,) = place(tmp_path, "../out", "rendered/x")
    assert (finding.code, finding.severity) == ("gitops-path", "error")
    assert finding.message == "the output directory is out/chocolandia in its Git work tree, but gitops.path is rendered/x"
    assert finding.hint == "write path: out/chocolandia, or choose another --output"
    assert finding.location is not None
    line = (tmp_path / "chocolandia.yaml").read_text().splitlines()[finding.location.line - 1]
    assert line == "  path: rendered/x"


def test_a_link_to_the_output_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git uses the real path of a folder."""
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/rendered").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "repository/rendered")
    monkeypatch.chdir(tmp_path)
    assert place(tmp_path, "link") == []


def test_outside_of_git_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert place(tmp_path, str(tmp_path / "anywhere")) == []


def test_every_check_of_the_secrets_module_is_of_the_topic_password() -> None:
    from rediskit.checks import secrets

    assert {rule.topic for rule in CHECKS if rule.run.__module__ == secrets.__name__} == {"password"}
    environment = environment_of()
    tree = render(environment)
    assert check(environment, tree, "password") == []
    assert [finding.code for finding in check(environment, tree)] == WARNED
