"""The how-tos are followed block by block, with real git, kustomize, sops and age; what needs a cluster is held against the rendered tree.

The info string of a block is its kind: `sh` is run, `sh cluster` is parsed, `<language> <file>` is that file.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from rediskit import __version__
from rediskit.cli.parser import parser
from tests.samples import ROOT
from tests.secrets.repository import certificate_of
from tests.tools.install import locate

TOOLS = ("kustomize", "sops", "age-keygen")
FOREIGN = {
    "argocd": ("app get", "app diff"),
    "flux": ("get kustomizations", "get helmreleases", "-n redis get helmreleases", "reconcile kustomization"),
    "git": ("push",),
}
"""What a block for a cluster may call besides kubectl and rediskit."""


class Block(NamedTuple):
    language: str
    word: str
    text: str


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert text.count("```") % 2 == 0
    return [Block(*block) for block in re.findall(r"^```(\S+) ?(\S*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


class Reader:
    """Who follows a page, in a Git work tree of his own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def run(self, script: str) -> str:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def follow(self, block: Block) -> None:
        if block.word == "cluster":
            self.believe(block.text)
        elif block.word:
            file = self.folder / block.word
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        else:
            assert block.language == "sh"
            self.run(block.text)

    def believe(self, script: str) -> None:
        """Validate a block for a cluster: bash parses it, and the rendered manifests contain every name in it."""
        subprocess.run(["/bin/bash", "-n", "-c", script], check=True)
        for line in script.splitlines():
            program, *rest = shlex.split(line)
            if program == "rediskit":
                parser().parse_args(rest)
                self.from_the_cluster(rest)
            elif program == "kubectl":
                self.known(rest)
            else:
                assert " ".join(rest).startswith(FOREIGN[program]), line
                self.known(rest)

    def known(self, words: list[str]) -> None:
        """Files that are named are there, and so are objects, Secrets and namespaces."""
        texts = [file.read_text(encoding="utf-8") for file in sorted((self.folder / "rendered").rglob("*")) if file.is_file()]
        past = self.run("git log --all --patch -- rendered")
        for word in words:
            if word.startswith("rendered/"):
                assert (self.folder / word).is_dir(), word
            elif word.startswith(("redis-", "sops-")):
                assert any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for text in texts), word
        for option, value in pairwise(words):
            if option == "-n":
                assert re.search(rf"namespace: {re.escape(value)}$", past, re.MULTILINE), value

    def from_the_cluster(self, words: list[str]) -> None:
        """Create the files that the commands with a cluster write."""
        if words[:2] == ["secret", "fetch-cert"]:
            certificate = self.folder / "config/homelab/sealing.crt"
            certificate.parent.mkdir(parents=True, exist_ok=True)
            certificate.write_bytes(certificate_of(generate_private_key(65537, 2048)))
        elif "--from-cluster" in words:
            words[words.index("--from-cluster")] = "--from-stdin"
            self.run(f"printf {'Ab3' * 10}xY | rediskit {shlex.join(words)}")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    programs = {name: locate(name) for name in TOOLS}
    missing = [name for name, location in programs.items() if location is None]
    if missing:
        pytest.fail(f"{', '.join(missing)}: neither in the tool cache nor on PATH; run: make tools", pytrace=False)
    folders = dict.fromkeys([str(Path(sys.executable).parent), *(str(location.parent) for location in programs.values() if location)])
    home, folder = tmp_path / "home", tmp_path / "repository"
    home.mkdir()
    folder.mkdir()
    identity = {f"GIT_{who}_{what}": "me@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([*folders, "/usr/local/bin", "/usr/bin", "/bin"])
    reader = Reader(folder, {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", **identity})
    reader.run("git init --quiet --initial-branch main")
    return reader


@pytest.mark.parametrize("page", ["howto-argocd.md", "howto-flux.md"])
def test_the_way_with_a_tool(page: str, reader: Reader) -> None:
    charts = set()
    for block in blocks(page):
        reader.follow(block)
        config = yaml.safe_load((reader.folder / "config/homelab.yaml").read_text(encoding="utf-8"))
        charts.add(config.get("redis", {}).get("chart", {}).get("profile"))
    assert len(charts) == 1, "the page keeps the chart of init: another one starts empty"
    assert reader.run("git status --porcelain") == ""
    assert len(reader.run("git log --oneline").splitlines()) == 5
    reader.run("rediskit check")
    for kustomization in sorted((reader.folder / "rendered").rglob("kustomization.yaml")):
        assert reader.run(f"kustomize build {shlex.quote(str(kustomization.parent))}")


def test_the_library(reader: Reader) -> None:
    followed = blocks("howto-library.md")
    for block in followed:
        reader.follow(block)
    project = tomllib.loads((reader.folder / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == [f"rediskit @ git+https://git.example.org/platform/rediskit.git@v{__version__}"]
    scripts = [block.word for block in followed if block.language == "python"]
    typed = reader.run(f"python -m mypy --strict --cache-dir ../mypy {shlex.join(scripts)}")
    assert "no issues found in 3 source files" in typed
    reader.run("git add --all && git commit --quiet --message all && git update-ref refs/remotes/origin/main HEAD")
    for command in commands(reader.folder):
        reader.run(command)
    hook = next(commands(reader.folder))
    reader.run(f"git rm --quiet --cached rendered/west/README.md; if {hook}; then exit 1; fi; git add rendered; {hook}")
    reader.run("python -m build --wheel --no-isolation --outdir ../wheel")


def commands(folder: Path) -> Iterator[str]:
    """Yield the commands of pre-commit and CI except the installation, which needs an index."""
    hooks = yaml.safe_load((folder / ".pre-commit-config.yaml").read_text())
    (hook,) = hooks["repos"][0]["hooks"]
    assert hook["language"] == "system"
    assert not hook["pass_filenames"]
    yield hook["entry"]
    workflow = yaml.safe_load((folder / ".github/workflows/redis.yaml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["rediskit"]["steps"] if "run" in step]
    assert steps[0] == "pip install ."
    yield from steps[1:]


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in sorted((ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
