"""beersystem moves onto the shared Redis, one commit per step, and no two tools change it in turn."""

from __future__ import annotations

import time

from tests.cluster.conftest import MakeScene
from tests.cluster.report import Report
from tests.cluster.scene import FORWARD
from tests.cluster.states import STATES, hold, quiet
from tests.cluster.tool import Tool


def test_one_apply_creates_everything_and_each_step_is_live_and_quiet(make_scene: MakeScene, tool: Tool, report: Report) -> None:
    scene = make_scene("journey", address="192.168.4.203")
    scene.own()
    tool.settled(scene.expected())
    start = scene.workload()
    scene.commit("prepare")
    begin = time.monotonic()
    scene.bootstrap()
    tool.settled(scene.expected())
    report.add(tool.name, tool.versions, "bootstrap", time.monotonic() - begin)
    scene.bring_secrets()
    hold(scene, STATES["prepare"], start)
    quiet(scene)
    down = 0.0
    for step in FORWARD[1:]:
        if step == "complete":
            scene.fold()
        seconds = scene.take(step)
        report.add(tool.name, tool.versions, step, seconds)
        hold(scene, STATES[step], start)
        quiet(scene)
        down += seconds if step in ("scale-down", "deploy", "reconfigure", "scale-up") else 0
    report.add(tool.name, tool.versions, "downtime, scale-down to ready", down)
