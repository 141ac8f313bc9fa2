"""The same input gives the same bytes in any folder, time zone, locale and hash seed, without other inputs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
NO_NETWORK = """
import builtins, socket, subprocess, sys
def refuse(*args, **kwargs):
    raise AssertionError("render asked for the network or a program")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
subprocess.Popen = refuse
import os
os.system = os.posix_spawn = os.fork = refuse
from rediskit.cli import main
sys.exit(main(sys.argv[1:]))
"""


def copy_config(folder: Path) -> None:
    shutil.copytree(ROOT / "config", folder / "config")


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_output_does_not_depend_on_folder_time_zone_locale_and_hash_seed(tmp_path: Path) -> None:
    surroundings = (
        {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
        {"TZ": "America/Asuncion", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "LANG": "de_DE.UTF-8"},
        {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4242", "PYTHONUTF8": "0"},
    )
    results = []
    for index, extra in enumerate(surroundings):
        folder = tmp_path / ("deep/" * index) / f"clone{index}"
        copy_config(folder)
        environment = {"PATH": os.environ["PATH"], **extra}
        subprocess.run([sys.executable, "-m", "rediskit", "render"], cwd=folder, env=environment, check=True, capture_output=True)
        results.append(digest(folder / "rendered"))
    assert results[0] == results[1] == results[2]
    assert len(results[0]) > 15


def test_render_needs_no_network_no_home_no_kubeconfig(tmp_path: Path) -> None:
    copy_config(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, "render"], cwd=tmp_path, env={"KUBECONFIG": "/nonexistent"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "rendered") == digest(ROOT / "rendered")


def test_the_committed_output_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "rediskit", "check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_render_writes_nothing(tmp_path: Path) -> None:
    copy_config(tmp_path)
    command = [sys.executable, "-m", "rediskit", "render"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    before = stamps(tmp_path)
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert stamps(tmp_path) == before
    assert "0 created, 0 changed, 0 removed" in done.stdout


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (folder / "rendered").rglob("*") if path.is_file()}
