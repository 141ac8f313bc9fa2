"""Two configs of one project that change one workload, or one file of an application repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_export_of_files import commit, plain
from tests.cli.test_scan import AT, at
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.samples import merged, migration

REPOSITORY = "https://git.example.org/beersystem.git"
ADVANCE = ("migrate", "advance", "queues.yaml", "--at", AT, "--override", "test")


def two(folder: Path, steps: tuple[str, str], kind: str = "manifests", **other: Any) -> None:
    """Write two configs with clients of one workload at these steps. other: keys of the second one, and `client` for its client."""
    at(folder, steps[0], kind, owner={"kind": kind, "repository": REPOSITORY})
    data = yaml.safe_load((folder / "chocolandia.yaml").read_text())
    data["cluster"] = "chocolandia"
    (folder / "chocolandia.yaml").write_text(yaml.safe_dump(data, sort_keys=False, width=1000))
    names = {"release": "queues", "namespace": "queues", "auth": {"secret": "queues"}}
    client = {"name": "beersystem-queue", "migration": migration(steps[1]), **other.pop("client", {})}
    second = merged(data, {"name": "queues", "redis": names, "clients": {0: client}, **other})
    second["clients"][0]["migration"] = client["migration"]
    (folder / "queues.yaml").write_text(yaml.safe_dump(second, sort_keys=False, width=1000))


def reported(run: Run, config: str = "queues.yaml") -> list[str]:
    """Return the findings about applications of two configs."""
    errors = run("check", config)[2]
    return [line.partition(": ")[2].partition("]")[0] for line in errors.splitlines() if "-shared]" in line]


@pytest.mark.parametrize("first", ["scale-down", "reconfigure", "validate", "decommission"])
@pytest.mark.parametrize("second", ["scale-down", "deploy", "validate"])
def test_two_configs_do_not_change_one_workload_at_the_same_time(first: str, second: str, tmp_path: Path, run: Run) -> None:
    two(tmp_path, (first, second))
    assert reported(run) == ["error[workload-shared"]
    assert reported(run, "chocolandia.yaml") == ["error[workload-shared"]


@pytest.mark.parametrize(("first", "second"), [("prepare", "validate"), ("complete", "scale-down"), ("rolled-back", "deploy")])
def test_two_releases_move_one_workload_one_after_the_other(first: str, second: str, tmp_path: Path, run: Run) -> None:
    two(tmp_path, (first, second))
    assert reported(run) == []
    two(tmp_path, (second, first))
    assert reported(run) == []


@pytest.mark.parametrize(("first", "code"), [("validate", 1), ("complete", 0), ("prepare", 0)])
def test_scale_down_is_refused_while_another_config_changes_the_workload(first: str, code: int, tmp_path: Path, run: Run) -> None:
    two(tmp_path, (first, "prepare"))
    before = (tmp_path / "queues.yaml").read_text()
    done, _, errors = run(*ADVANCE)
    assert (done, "error[workload-shared]" in errors) == (code, bool(code)), errors
    assert ((tmp_path / "queues.yaml").read_text() == before) is bool(code)


@pytest.mark.parametrize(("second", "code"), [("deploy", 1), ("validate", 0)])
def test_a_rollback_does_not_end_the_downtime_of_another_config(second: str, code: int, tmp_path: Path, run: Run) -> None:
    two(tmp_path, ("validate", second))
    done, _, errors = run("migrate", "rollback", "chocolandia.yaml", "--at", AT, "--reason", "slow")
    text = "Deployment/beersystem-backend is stopped by beersystem-queue of queues.yaml: this starts it in that downtime"
    assert (done, text in errors) == (code, bool(code)), errors


@pytest.mark.parametrize(("kind", "step", "code"), [("manifests", "prepare", 1), ("manifests", "rolled-back", 1)])
def test_an_export_does_not_start_what_another_config_has_stopped(kind: str, step: str, code: int, tmp_path: Path, run: Run) -> None:
    top = plain(tmp_path)
    two(tmp_path, (step, "prepare"), kind)
    assert run("migrate", "export", "chocolandia.yaml", "--to", "owner/prod")[0] == 0
    two(tmp_path, (step, "scale-down"), kind)
    assert run("migrate", "export", "queues.yaml", "--to", "owner/prod")[0] == 0
    commit(top)
    file = top / "prod/deployment-beersystem-backend.yaml"
    stopped = file.read_bytes()
    assert b"replicas: 0" in stopped
    done, _, errors = run("migrate", "export", "chocolandia.yaml", "--to", "owner/prod")
    assert (done, "error[workload-shared]" in errors, file.read_bytes()) == (code, True, stopped), errors


OTHER = {"cluster": "staging"}


@pytest.mark.parametrize("kind", ["manifests", "kustomize"])
def test_two_clusters_do_not_have_the_same_files(kind: str, tmp_path: Path, run: Run) -> None:
    two(tmp_path, ("prepare", "prepare"), kind, **OTHER)
    assert reported(run) == ["error[owner-shared"]
    assert run(*ADVANCE)[0] == 1
    text = (tmp_path / "queues.yaml").read_text()
    (tmp_path / "queues.yaml").write_text(text + "accept: [{code: owner-shared, on: beersystem-queue, reason: another branch}]\n")
    assert reported(run) == []
    assert run(*ADVANCE)[0] == 0


@pytest.mark.parametrize(
    ("client", "other"),
    [
        ({"owner": {"path": "staging"}}, OTHER),
        ({"owner": {"repository": "https://git.example.org/other.git"}}, OTHER),
        ({"namespace": "beers"}, OTHER),
        ({}, {}),
    ],
    ids=["folder", "repository", "namespace", "cluster"],
)
def test_files_of_their_own_are_no_conflict(client: dict[str, Any], other: dict[str, Any], tmp_path: Path, run: Run) -> None:
    two(tmp_path, ("prepare", "prepare"), "manifests", client=client, **other)
    assert reported(run) == []


def test_one_component_folder_is_a_conflict_in_one_cluster_too(tmp_path: Path, run: Run) -> None:
    two(tmp_path, ("prepare", "prepare"), "kustomize")
    assert reported(run) == []
    two(tmp_path, ("prepare", "prepare"), "kustomize", client={"name": "beersystem"})
    assert reported(run) == ["error[owner-shared"]


@pytest.mark.parametrize("step", ["prepare", "rolled-back", "scale-down", "validate"])
def test_plain_files_have_the_values_of_the_step(step: str, tmp_path: Path, run: Run) -> None:
    """The file has the shared host already: the steps of another config, or of a person, changed it."""

    def drift(at_step: str) -> bool:
        at(tmp_path, at_step, "manifests")
        errors = run("check", "chocolandia.yaml", "--owner", "owner/prod")[2]
        return f"error[owner-drift]: Deployment/beersystem-backend in {file} does not have the values of step {at_step}" in errors

    top = plain(tmp_path)
    file = "owner/prod/deployment-beersystem-backend.yaml"
    assert drift(step) is (step in ("scale-down", "validate"))
    at(tmp_path, "reconfigure", "manifests")
    assert run("migrate", "export", "chocolandia.yaml", "--to", "owner/prod")[0] == 0
    commit(top)
    assert drift(step)
    assert not drift("reconfigure")
