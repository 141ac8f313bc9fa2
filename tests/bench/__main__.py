"""`make bench`: the figures of the project, as ratios measured side by side in one run. Not a test: these machines are noisy."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import validators, yaml_writer

ROOT = Path(__file__).parent.parent.parent
IMPORTS = "import yaml, jinja2, jsonschema_rs; from pydantic import BaseModel"
COUNT = 1000


def seconds(command: list[str], folder: Path) -> float:
    """Wall time of one run. Bytecode is allowed: a user's second run has it."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def paired(ours: list[str], theirs: list[str], folder: Path, *, runs: int, fresh: bool = False) -> tuple[float, float, float]:
    """Medians of ours and theirs, run in turn, and the median of the ratios. `fresh` removes the output before each of ours."""
    pairs = []
    for index in range(runs + 1):
        if fresh:
            shutil.rmtree(folder / "rendered", ignore_errors=True)
        pair = (seconds(ours, folder), seconds(theirs, folder))
        if index:
            pairs.append(pair)
    return (
        statistics.median(ours for ours, _ in pairs),
        statistics.median(theirs for _, theirs in pairs),
        statistics.median(ours / theirs for ours, theirs in pairs),
    )


def row(name: str, ours: str, theirs: str, ratio: float, bound: str) -> None:
    print(f"{name:<46} {ours:>12} {theirs:>12} {ratio:>8.2f}x   {bound}")


def many_configs(folder: Path) -> None:
    """A thousand environments like the project's own, each in a cluster of its own and with its own encrypted Secrets."""
    (folder / "config").mkdir(parents=True)
    shutil.copytree(ROOT / "config/chocolandia", folder / "config/chocolandia")
    text = (ROOT / "config/chocolandia.yaml").read_text(encoding="utf-8")
    for number in range(COUNT):
        name = f"env{number:04}"
        shutil.copytree(ROOT / "config/chocolandia/secrets", folder / f"config/{name}/secrets")
        (folder / f"config/{name}.yaml").write_text(text.replace("name: chocolandia\n", f"name: {name}\n", 1), encoding="utf-8")


def whole_process() -> None:
    python, command = [sys.executable, "-c"], [sys.executable, "-m", "rediskit"]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        one, many = Path(temporary) / "one", Path(temporary) / "many"
        shutil.copytree(ROOT / "config", one / "config")
        for other in (one / "config").glob("*.yaml"):
            if other.name != "chocolandia.yaml":
                other.unlink()
        many_configs(many)
        ours, theirs, ratio = paired([*command, "--help"], [*python, "pass"], one, runs=15)
        row("rediskit --help : python -c pass", f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ratio, "wanted <= 6x")
        ours, theirs, ratio = paired([*command, "render"], [*python, IMPORTS], one, runs=15, fresh=True)
        row("first render : importing its libraries", f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ratio, "wanted <= 1.6x")
        pairs = []
        for _ in range(5):
            for folder in (one, many):
                shutil.rmtree(folder / "rendered", ignore_errors=True)
            pairs.append((seconds([*command, "render"], many), seconds([*command, "render"], one)))
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        row(
            f"{COUNT} configs : one",
            f"{statistics.median(p[0] for p in pairs) * 1000:.0f} ms",
            f"{statistics.median(p[1] for p in pairs) * 1000:.0f} ms",
            ratio,
            "wanted <= 10x",
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{'peak memory of that':<46} {peak:>9.0f} MB {'':>21}   wanted <= 150 MB")
        again = statistics.median(seconds([*command, "render"], many) for _ in range(3))
        print(f"{f'{COUNT} configs, nothing changed':<46} {again * 1000:>9.0f} ms")


def main() -> None:
    print(f"{'':<46} {'rediskit':>12} {'other':>12} {'ratio':>9}")
    whole_process()
    for name, ours, theirs, ratio in validators.rows():
        row(f"in process : kubeconform, {name}", f"{ours:.1f} ms", f"{theirs:.1f} ms", ratio, "")
    for name, ours, theirs, ratio in yaml_writer.rows():
        row(f"YAML writer : CSafeDumper, {name}", f"{ours:,.0f}/s", f"{theirs:,.0f}/s", ratio, "wanted >= 8x")


if __name__ == "__main__":
    main()
