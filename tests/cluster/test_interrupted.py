"""Controllers that die and a Git server that goes away in the middle of a step: the same end."""

from __future__ import annotations

from tests.cluster.conftest import MakeScene
from tests.cluster.git import GitServer
from tests.cluster.states import STATES, hold, started


def test_killed_and_started_again_in_each_step(make_scene: MakeScene) -> None:
    scene = make_scene("killed")
    tool, start = started(scene)
    for step in ("scale-down", "deploy", "reconfigure", "scale-up"):
        scene.commit(step)
        tool.refresh(scene.expected())
        tool.kill()
        tool.revive()
        tool.settled(scene.expected(), 300)
        hold(scene, STATES[step], start)


def test_git_is_away_for_a_while(make_scene: MakeScene, git: GitServer) -> None:
    scene = make_scene("away")
    tool, start = started(scene)
    git.stop()
    scene.commit("scale-down")
    tool.refresh(scene.expected())
    hold(scene, STATES["prepare"], start)
    git.start()
    tool.refresh(scene.expected())
    tool.settled(scene.expected(), 300)
    hold(scene, STATES["scale-down"], start)
