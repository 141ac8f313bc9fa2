"""The installer of the real programs, with a test double of Go: its arguments, and what is left when it fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import install

GO = """\
#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit; fi
if [ "$1" = mod ]; then echo "{{\\"Dir\\": \\"$SOURCE\\"}}"; exit; fi
echo "$@ CGO=$CGO_ENABLED GOOS=$GOOS GOROOT=$GOROOT FLAGS=$GOFLAGS TOOLCHAIN=$GOTOOLCHAIN" >> "$CALLS"
echo half > "$GOBIN/built"
{then}
"""


NODE = """\
#!/bin/sh
echo v{version}
"""
NPM = """\
#!/bin/sh
echo "npm $@" >> "$CALLS"
mkdir -p node_modules/yaml-language-server/bin
echo half > node_modules/yaml-language-server/bin/yaml-language-server
{then}
"""

KUSTOMIZE = install.table()["kustomize"]


class Machine:
    """A machine with an empty cache and a PATH that has our go on it, and the basic programs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.script = Path(install.__file__)
        self.cache = folder / "cache"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.source = folder / "source"
        self.bin.mkdir()
        self.calls.touch()
        monkeypatch.setenv("REDISKIT_TOOLS", str(self.cache))
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setenv("CALLS", str(self.calls))
        monkeypatch.setenv("SOURCE", str(self.source))
        self.go()
        self.node()

    def go(self, version: str = "1.26.8", then: str = "") -> None:
        (self.bin / "go").write_text(GO.format(version=version, then=then))
        (self.bin / "go").chmod(0o755)

    def bring(self, *rows: install.Tool) -> None:
        """Return the module proxy has the files of these rows."""
        for row in rows:
            for name in row.folders.values():
                folder = self.source / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "one.yaml").touch()

    def node(self, version: str = "22.1.0", then: str = "") -> None:
        for name, text in (("node", NODE.format(version=version)), ("npm", NPM.format(then=then))):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(self.script), *arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr

    def left(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir() if not path.name.endswith(".lock"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_it_builds_what_is_missing_once_and_prints_the_path(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOROOT", "/nowhere")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    folder = machine.cache / f"kustomize-{KUSTOMIZE.version}"
    code, stdout, stderr = machine.run("--print-path", "kustomize")
    assert (code, stdout) == (0, f"{folder}\n")
    assert f"{KUSTOMIZE}: building with Go 1.26.8 ... 0 s\n" in stderr
    assert install.locate("kustomize") == folder / "kustomize"
    code, stdout, stderr = machine.run("--print-path", "kustomize")
    assert (code, stdout, stderr) == (0, f"{folder}\n", f"{KUSTOMIZE}: present\n")
    assert machine.calls.read_text() == (
        f"install -ldflags=-s -w sigs.k8s.io/kustomize/kustomize/v5@{KUSTOMIZE.version} "
        "CGO=0 GOOS= GOROOT= FLAGS=-trimpath -buildvcs=false TOOLCHAIN=local\n"
    )


TEST_TOOLS = ["kustomize", "kubeconform", "helm", "promtool", "sealed-secrets", "sops", "age", "opentofu", "yaml-language-server"]


def test_folders_of_the_source_are_copied_without_what_is_not_yaml(machine: Machine, tmp_path: Path) -> None:
    row = install.table()["sealed-secrets"]
    source = tmp_path / "source" / row.folders["crds"]
    machine.bring(row)
    (source / "notes.md").touch()
    assert machine.run("sealed-secrets")[0] == 0
    assert [path.name for path in (machine.cache / f"sealed-secrets-{row.version}/crds").rglob("*.*")] == ["one.yaml"]
    assert install.locate_folder("sealed-secrets", "crds").is_dir()
    with pytest.raises(install.InstallError, match="make tools TOOLS=kwok"):
        install.locate_folder("kwok", "stages")


def test_a_source_without_the_folder_is_an_error(machine: Machine) -> None:
    code, _, stderr = machine.run("sealed-secrets")
    assert code == 1
    assert "sealed-secrets v0.36.6: github.com/bitnami-labs/sealed-secrets has no YAML in helm/sealed-secrets/crds\n" in stderr
    assert machine.left() == []


def test_without_a_name_it_builds_the_tools_of_make_test(machine: Machine) -> None:
    machine.bring(*install.table().values())
    code, stdout, _ = machine.run("--print-path")
    assert code == 0
    folders = [Path(part).name for part in stdout.strip().split(os.pathsep)]
    assert [name.rpartition("-")[0] for name in folders] == TEST_TOOLS
    assert machine.left() == sorted(folders)


def test_the_set_for_the_control_plane_has_no_tool_twice() -> None:
    rows = install.table()
    assert all(set(tool.sets) <= set(install.SETS) for tool in rows.values())
    cluster = [program for tool in rows.values() if "cluster" in tool.sets for program in tool.programs]
    assert {"etcd", "kube-apiserver", "kubectl", "source-controller", "argocd", "kustomize"} <= set(cluster)
    assert len(cluster) == len(set(cluster))


def test_a_module_of_ours_is_built_in_its_folder(machine: Machine, tmp_path: Path) -> None:
    machine.script = tmp_path / "tools/install.py"
    module = tmp_path / "tools/modules/plane"
    module.mkdir(parents=True)
    shutil.copy(install.__file__, machine.script)
    (tmp_path / "tools/tools.toml").write_text(
        '[plane]\nversion = "v1.2.3"\ngo = "1.24"\nmodule = "plane"\ntags = "small"\nstamp = "example.com/a.version"\nbuild = 2\n'
        'programs = { server = "example.com/a/cmd/one", agent = "example.com/b" }\n'
    )
    machine.go(then='pwd -P >> "$CALLS"')
    assert machine.run("plane")[0] == 0
    assert sorted(path.name for path in (machine.cache / "plane-v1.2.3-2").iterdir()) == ["agent", "server"]
    calls = machine.calls.read_text().splitlines()
    assert [call.partition(" CGO")[0] for call in calls[::2]] == [
        f"install -ldflags=-s -w -X example.com/a.version=v1.2.3 -tags=small example.com/{path}" for path in ("a/cmd/one", "b")
    ]
    assert calls[1::2] == [str(module.resolve())] * 2


def test_our_modules_ask_for_the_versions_of_the_table() -> None:
    required = r"^(?:require |\t)(\S+) (\S+)(?: // indirect)?$"
    for tool in install.table().values():
        if tool.module:
            asked = (install.HERE / "modules" / tool.module / "go.mod").read_text()
            for package in tool.programs.values():
                modules = [path for path, version in re.findall(required, asked, re.MULTILINE) if version == tool.version]
                assert any(package.startswith(path) for path in modules), (
                    f"{tool}: modules/{tool.module}/go.mod has another version of {package}"
                )


def test_a_build_that_fails_leaves_nothing_and_reports_the_reason(machine: Machine) -> None:
    machine.go(then="echo dial tcp: no such host >&2; exit 1")
    code, stdout, stderr = machine.run("--print-path", "kustomize")
    assert (code, stdout, machine.left()) == (1, "", [])
    assert f"error: {KUSTOMIZE} was not built:\n    dial tcp: no such host\n  the Go module proxy must be within reach" in stderr


def test_a_build_that_takes_too_long_is_to_be_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What it blames is the time: a module proxy that answers slowly is no reason to look for another one."""
    monkeypatch.setattr(install, "TIME_LIMIT", 0.1)
    with pytest.raises(install.InstallError, match=r"not built: sleep took longer than 0\.1 s\n  run the same command again") as raised:
        install._run(["sleep", "5"], "not built", "the Go module proxy must be within reach", cwd=tmp_path, env=os.environ)
    assert "proxy" not in str(raised.value)


def test_an_interrupted_build_is_done_again(machine: Machine) -> None:
    name = f"kustomize-{KUSTOMIZE.version}"
    machine.go(then="kill -KILL $PPID; sleep 5")
    assert machine.run("kustomize")[0] == -9
    assert machine.left() == [f".{name}.part"]
    assert install.locate("kustomize") is None
    machine.go()
    assert machine.run("kustomize")[0] == 0
    assert machine.left() == [name]


def test_two_runs_at_once_build_once(machine: Machine) -> None:
    machine.go(then="sleep 1")
    with machine.start("kustomize") as first, machine.start("kustomize") as other:
        errors = [process.communicate(timeout=60)[1] for process in (first, other)]
        assert [first.returncode, other.returncode] == [0, 0]
    assert machine.calls.read_text().count("install") == 1
    assert sum("built by another run meanwhile" in text for text in errors) == 1


@pytest.mark.parametrize("version", ["1.23.9", ""], ids=["old", "absent"])
def test_the_error_without_a_recent_go_and_pip_has_instructions(version: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = f"go {version} on PATH is older than 1.24" if version else "there is no go on PATH"
    if version:
        machine.go(version)
    else:
        (machine.bin / "go").unlink()
        monkeypatch.setenv("PATH", str(machine.bin))
    for setting in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(setting, "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, _, stderr = machine.run("kustomize")
    assert (code, machine.left(), machine.calls.read_text()) == (1, [], "")
    assert f"{reason}, bringing one with pip ... failed\n" in stderr
    assert f"error: {reason}, and pip could not bring one:" in stderr
    assert stderr.endswith("install Go from the distribution or from its makers, and see that `go version` finds it\n")


def test_an_unknown_tool_and_a_cache_that_can_not_be_made_are_errors(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.run("kustomise")[::2] == (1, f"error: no such tool: kustomise\n  there are {', '.join(install.table())}\n")
    (tmp_path / "file").touch()
    monkeypatch.setenv("REDISKIT_TOOLS", str(tmp_path / "file/cache"))
    code, _, stderr = machine.run("kustomize")
    assert code == 1
    assert stderr.endswith("name a folder that can be written with REDISKIT_TOOLS\n")


def test_the_real_programs_run(kustomize: Path, kubeconform: Path) -> None:
    assert KUSTOMIZE.version in subprocess.run([kustomize, "version"], capture_output=True, text=True, check=True).stdout
    object_ = b'{"apiVersion": "v1", "kind": "Namespace"}'
    done = subprocess.run([kubeconform, "-skip", "Namespace", "-summary"], input=object_, capture_output=True, check=True)
    assert b"Skipped: 1" in done.stdout
