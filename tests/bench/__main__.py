"""Measure the figures of the project, as ratios: `make bench`. They are no tests, because the load of a machine changes."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rediskit.cli.workers import cores
from tests.bench import ROOT, Row, milliseconds, paired, peers, validators, yaml_writer
from tests.bench.large import large
from tests.wheel import unpacked

IMPORTS = "import yaml, jinja2, jsonschema_rs; from pydantic import BaseModel"
COUNT = 1000
GROWTH = (1, 10, 100, 1000, 5000)
PYTHON = [sys.executable, "-c"]
REDISKIT = [sys.executable, "-m", "rediskit"]


def run(command: list[str], folder: Path, *, fresh: bool = False) -> float:
    """Return the milliseconds of a process. fresh: remove the output first. Bytecode is written, as in the second run of a user."""
    if fresh:
        shutil.rmtree(folder / "rendered", ignore_errors=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return milliseconds(lambda: subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True))


def header() -> None:
    """Print the names of the columns that `show` prints."""
    print(f"{'':<46} {'rediskit':>12} {'other':>12} {'ratio':>9}")


def show(row: Row, unit: str, bound: str = "") -> None:
    """Print a row of the table."""
    print(f"{row.name:<46} {row.ours:>9,.0f} {unit:<3} {row.theirs:>9,.0f} {unit:<3} {row.ratio:>7.2f}x   {bound}")


def many_configs(folder: Path, count: int = COUNT) -> None:
    """Create environments, each in its own cluster and with its own encrypted Secrets."""
    (folder / "config").mkdir(parents=True)
    shutil.copytree(ROOT / "config/chocolandia", folder / "config/chocolandia")
    text = (ROOT / "config/chocolandia.yaml").read_text(encoding="utf-8")
    for number in range(count):
        name = f"env{number:04}"
        shutil.copytree(ROOT / "config/chocolandia/secrets", folder / f"config/{name}/secrets")
        (folder / f"config/{name}.yaml").write_text(text.replace("name: chocolandia\n", f"name: {name}\n", 1), encoding="utf-8")


def whole_process() -> None:
    """Measure start-up, a first render and a thousand environments."""
    header()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        single, many = Path(temporary) / "one", Path(temporary) / "many"
        (single / "config").mkdir(parents=True)
        shutil.copytree(ROOT / "config/chocolandia", single / "config/chocolandia")
        shutil.copy(ROOT / "config/chocolandia.yaml", single / "config")
        many_configs(many)
        row = paired("--help : python -c pass", lambda: run([*REDISKIT, "--help"], single), lambda: run([*PYTHON, "pass"], single), 15)
        show(row, "ms", "wanted <= 2.5x")
        render = [*REDISKIT, "render"]
        row = paired("first render : imports", lambda: run(render, single, fresh=True), lambda: run([*PYTHON, IMPORTS], single), 15)
        show(row, "ms", "wanted <= 1.6x")
        row = paired(f"{COUNT} configs : one", lambda: run(render, many, fresh=True), lambda: run(render, single, fresh=True), 5)
        show(row, "ms", "wanted <= 10x")
        shutil.rmtree(many / "rendered")
        print(f"{'memory of its largest process':<46} {peers.measured(render, many).memory:>9.0f} MiB {'':>21}   wanted <= 150 MiB")
        render_one = [*render, "--jobs", "1"]
        name = f"{COUNT} configs : one process, {cores()} processes"
        row = paired(name, lambda: run(render, many, fresh=True), lambda: run(render_one, many, fresh=True), 3)
        show(row, "ms")
        again = statistics.median(run(render, many) for _ in range(3))
        print(f"{f'{COUNT} configs without changes':<46} {again:>9.0f} ms")


def growth() -> None:
    """Measure a first render of more and more environments, and the part of one in it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        for count in GROWTH:
            folder = Path(temporary) / str(count)
            many_configs(folder, count)
            for jobs in (1, cores()):
                time = statistics.median(run([*REDISKIT, "render", "--jobs", str(jobs)], folder, fresh=True) for _ in range(3))
                each = f"{time / count:.1f} ms each"
                print(f"{f'{count:,} configs, --jobs {jobs}':<46} {time:>9,.0f} ms {each:>22}")
            shutil.rmtree(folder)


def rows() -> None:
    """Measure the validator and the YAML writer."""
    header()
    for row in validators.rows():
        show(row._replace(name=f"in process : kubeconform, {row.name}"), "ms")
    for row in yaml_writer.rows():
        show(row._replace(name=f"YAML writer : CSafeDumper, {row.name}"), "/s", "wanted >= 8x")


def compare() -> None:
    """Measure other generators beside rediskit."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        peers.compare(Path(temporary), many_configs)


def large_input() -> None:
    """Measure many clients in one config, and dumps of a cluster."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        large(Path(temporary))


PARTS = {"process": whole_process, "growth": growth, "parts": rows, "large": large_input, "peers": compare}


def main() -> None:
    """Print the table, or the named parts of it."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; without any, all")
    names = parser.parse_args().parts or PARTS
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        # Users install the wheel, whose templates are compiled. This process and its imports remain those of the clone.
        os.environ["PYTHONPATH"] = str(unpacked(Path(folder)))
        for name in names:
            PARTS[name]()


if __name__ == "__main__":
    main()
