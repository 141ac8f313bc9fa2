"""`rediskit migrate step` moves beersystem with real controllers, killed once in each phase and continued."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit import load, render
from rediskit.migrate.verification.after_step import PHASES
from rediskit.model.criteria import CRITERIA
from tests.cli.test_step import KILLER
from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.git import _PERSON
from tests.cluster.scene import CLIENT, Scene
from tests.cluster.tool import Tool
from tests.samples import ROOT

KILLED = {
    "scale-down": ("rediskit.migrate.step.write", 1),
    "deploy": ("rediskit.git.publish.Checkout.push", 1),
    "reconfigure": ("rediskit.migrate.export.write", 1),
    "scale-up": ("rediskit.git.publish.Checkout.push", 2),
    "validate": ("rediskit.git.publish.Checkout.commit", 1),
    "decommission": ("rediskit.live.gitops.refresh", 1),
    "complete": ("rediskit.live.gitops.missing", 1),
}
"""For each step the function that a kill interrupts: after the edit, commit, push here, commit there, render, push there, refresh."""
AT = {step: f"2026-03-01T02:{minute:02}:00+00:00" for minute, step in enumerate(KILLED, 1)} | {
    "decommission": "2026-03-03T08:01:00+00:00",
    "complete": "2026-03-03T09:00:00+00:00",
}


class Mover:
    """A person with both checkouts, who runs the commands of the runbook."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = scene
        self.config = f"config/{scene.name}.yaml"
        for name, value in {**_PERSON, "KUBECONFIG": str(scene.kube.kubeconfig), "PYTHONPATH": str(ROOT)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(scene.ours.tree)
        self.named = (self.config, "--client", CLIENT)

    def run(self, *arguments: str, start: tuple[str, ...] = ("-m", "rediskit")) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *start, *arguments], capture_output=True, text=True, check=False, timeout=600)

    def step(self, step: str) -> None:
        """Take a step, killed once and then continued by the same command."""
        name, count = KILLED[step]
        confirm = ("--confirm-irreversible",) if step == "decommission" else ()
        command = ("migrate", "step", *self.named, "--to", step, *confirm, "--commit", "--push", "--wait", "--at", AT[step])
        checkout = ("--checkout", str(self.scene.theirs.tree / owner.FOLDER), "--timeout", "300")
        killed = self.run(*command, *checkout, start=("-c", KILLER, name, str(count)))
        assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
        done = self.run(*command, *checkout)
        # No kubelet runs the script of the verification, so that its checks have no result.
        unknown = step in PHASES
        assert done.returncode == (3 if unknown else 0), done.stdout + done.stderr
        assert f"verification: {'unknown' if unknown else 'passed'}, " in done.stdout
        assert "  failed  " not in done.stdout, done.stdout
        assert f"{CLIENT} is at {step}." in done.stdout
        self.scene.tree = render(load(self.config))

    def record(self) -> None:
        criteria = [word for name in CRITERIA for word in ("--criterion", name)]
        done = self.run("migrate", "record", *self.named, *criteria, "--at", "2026-03-03T08:00:00+00:00")
        assert done.returncode == 0, done.stderr


def begin(scene: Scene, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> Mover:
    """Return the application as it is, our manifests, the Component of `prepare`, and both Secrets."""
    scene.own()
    kind = "Application" if tool.name == "argocd" else "Kustomization"
    (content,) = [content for content in scene.owner_objects if content["kind"] == kind]
    migration = {
        "window": {"start": "2026-03-01T02:00:00+00:00", "duration": "2h"},
        "budgets": {"downtime": "1h"},
        "evidence": [{"kind": "secret", "step": "prepare", "at": "2026-03-01T01:00:00+00:00"}],
    }
    deployed = f"{kind}/{content['metadata']['namespace']}/{content['metadata']['name']}"
    scene.over = {"clients": {0: {"owner": {"object": deployed}, "previous": {"data": "none"}, "migration": migration}}}
    scene.remember("prepare")
    scene.tree = scene.render()
    scene.ours.commit("prepare")
    mover = Mover(scene, monkeypatch)
    scene.theirs.replace(f"{owner.FOLDER}/{owner.COMPONENT}", {})
    overlay = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [base]\ncomponents: [rediskit/{CLIENT}]\n"
    scene.theirs.write({f"{owner.FOLDER}/kustomization.yaml": overlay})
    done = mover.run("migrate", "export", *mover.named, "--to", str(scene.theirs.tree / owner.FOLDER))
    assert done.returncode == 0, done.stderr
    scene.theirs.commit("the Component")
    scene.bootstrap()
    tool.settled(scene.expected())
    scene.bring_secrets()
    return mover


def test_a_whole_migration_by_step_survives_a_kill_in_every_phase(
    make_scene: MakeScene, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene("step")
    mover = begin(scene, tool, monkeypatch)
    for step in KILLED:
        if step == "decommission":
            mover.record()
        if step == "complete":
            scene.fold()
        mover.step(step)
        if step == "scale-down":
            assert scene.workload()["spec"]["replicas"] == 0
    environment = {entry["name"]: entry.get("value") for entry in scene.workload()["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert environment["REDIS_HOST"] == f"{scene.release}-master.{scene.namespace}.svc.cluster.local"
    assert scene.workload()["spec"]["replicas"] == scene.replicas
    assert scene.kube.get("apps/v1", "Deployment", owner.OLD, scene.client_namespace) is None
    ours, theirs = ([line for line in _log(tree) if line.startswith(f"{CLIENT}: ")] for tree in (scene.ours.tree, scene.theirs.tree))
    assert ours == [f"{CLIENT}: {step}" for step in reversed(KILLED)], "one commit per step"
    assert theirs == [f"{CLIENT}: {step}" for step in reversed(KILLED) if step not in ("deploy", "validate")]


def _log(tree: Path) -> list[str]:
    done = subprocess.run(["git", "log", "--format=%s"], cwd=tree, capture_output=True, text=True, check=True, env=dict(os.environ))
    return done.stdout.splitlines()
