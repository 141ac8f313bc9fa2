"""The installer of the real programs, with a test double of Go: its arguments, and what is left when it fails."""

from __future__ import annotations

import json
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
EDITOR = install.table()["yaml-language-server"]


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


def test_npm_installs_the_locked_versions_and_runs_no_script_of_a_package(machine: Machine) -> None:
    code, stdout, stderr = machine.run("--print-path", EDITOR.name)
    folder = machine.cache / f"{EDITOR.name}-{EDITOR.version}"
    assert (code, stdout) == (0, f"{folder}\n"), stderr
    assert machine.calls.read_text() == "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error\n"
    origin = install.HERE / "npm" / EDITOR.name
    assert (folder / "package-lock.json").read_bytes() == (origin / "package-lock.json").read_bytes()
    starter = (folder / "yaml-language-server").read_text()
    assert starter == f'#!/bin/sh\nexec "{machine.bin}/node" "{folder}/node_modules/yaml-language-server/bin/yaml-language-server" "$@"\n'
    machine.node(then="exit 1")
    assert machine.run(EDITOR.name)[0] == 0, "a second run asks nobody"


def test_npm_that_fails_leaves_nothing_and_reports_the_reason(machine: Machine) -> None:
    machine.node(then="echo ENOTFOUND >&2; exit 1")
    code, _, stderr = machine.run(EDITOR.name)
    assert (code, machine.left()) == (1, [])
    assert stderr.endswith(
        f"error: {EDITOR} was not installed:\n    ENOTFOUND\n"
        "  the npm registry must be within reach; `npm config get registry` says which one is asked\n"
    )


def test_a_program_without_a_script_is_node_with_the_modules_of_the_tool(machine: Machine) -> None:
    machine.node(then="mkdir -p node_modules/cdk8s")
    row = install.table()["cdk8s"]
    assert machine.run(row.name)[0] == 0
    starter = (machine.cache / f"cdk8s-{row.version}/cdk8s-node").read_text()
    assert starter == f'#!/bin/sh\nexec env NODE_PATH="{machine.cache}/cdk8s-{row.version}/node_modules" "{machine.bin}/node" "$@"\n'


@pytest.mark.parametrize("lacks", ["node", "npm", "age"])
def test_the_error_without_a_recent_node_and_pip_has_instructions(lacks: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacks == "age":
        machine.node("16.20.2")
    else:
        (machine.bin / lacks).unlink()
        monkeypatch.setenv("PATH", str(machine.bin))
        for program in ("sh", "mkdir"):
            (machine.bin / program).symlink_to(str(shutil.which(program, path="/bin:/usr/bin")))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for setting in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(setting, "")
    code, _, stderr = machine.run(EDITOR.name)
    reason = "node 16.20.2 on PATH is older than 18" if lacks == "age" else f"there is no {lacks} on PATH"
    assert (code, machine.left()) == (1, [])
    assert f"error: {reason}, and pip could not bring one:" in stderr
    assert stderr.endswith("and see that `node --version` finds it\n")


def test_our_packages_are_those_of_the_table_and_the_locks_name_no_registry() -> None:
    for tool in install.table().values():
        if tool.node:
            folder = install.HERE / "npm" / tool.name
            wanted = {"dependencies": {tool.name: tool.version}}
            assert wanted.items() <= json.loads((folder / "package.json").read_text()).items()
            packages = json.loads((folder / "package-lock.json").read_text())["packages"]
            assert packages[f"node_modules/{tool.name}"]["version"] == tool.version
            # A bundled package is a part of the archive of another one, which has the digest.
            own = [package for name, package in packages.items() if name and not package.get("inBundle")]
            assert all("integrity" in package and "resolved" not in package for package in own)


APT_GET = """\
#!/bin/sh
echo "apt-get $@" >> "$CALLS"
{before}
while [ "$1" != download ]; do [ "$1" != update ] || exit 0; shift; done
shift
for package in "$@"; do touch "${{package}}_1_amd64.deb"; done
"""
DPKG_DEB = """\
#!/bin/sh
if [ "$1" = -f ]; then echo "5:{version}"; exit; fi
mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
printf '#!/bin/sh\\necho "server $LD_LIBRARY_PATH"\\n' > "$3/usr/bin/check"
chmod +x "$3/usr/bin/check"
"""


def debian(machine: Machine, folder: Path, version: str = "7.0.15-1", before: str = "") -> None:
    """Return a machine with apt-get, and a table with one tool of Debian packages."""
    machine.script = folder / "tools/install.py"
    machine.script.parent.mkdir()
    shutil.copy(install.__file__, machine.script)
    row = '[redis]\nversion = "7.0"\ndebs = ["redis-tools", "liblzf1"]\nprograms = { server = "usr/bin/check" }\n'
    (folder / "tools/tools.toml").write_text(f'{row}folders = {{ lib = "usr/lib/*-linux-gnu" }}\n')
    for name, text in (("apt-get", APT_GET.format(before=before)), ("dpkg-deb", DPKG_DEB.format(version=version))):
        (machine.bin / name).write_text(text)
        (machine.bin / name).chmod(0o755)


def test_debian_packages_are_extracted_and_their_programs_find_their_libraries(machine: Machine, tmp_path: Path) -> None:
    debian(machine, tmp_path)
    code, stdout, stderr = machine.run("--print-path", "redis")
    folder = machine.cache / "redis-7.0"
    assert (code, stdout) == (0, f"{folder}\n"), stderr
    printed = subprocess.run([folder / "server"], capture_output=True, text=True, check=True).stdout.strip()
    assert printed == f"server {folder}/usr/lib/x86_64-linux-gnu"
    assert (folder / "lib").resolve() == (folder / "usr/lib/x86_64-linux-gnu").resolve()
    assert not list(folder.glob("*.deb"))
    assert machine.calls.read_text().endswith("--quiet download redis-tools liblzf1\n")


def test_without_package_lists_apt_get_makes_some_in_the_cache(machine: Machine, tmp_path: Path) -> None:
    debian(machine, tmp_path, before='if [ ! -f "$CALLS.lists" ]; then touch "$CALLS.lists"; exit 100; fi')
    assert machine.run("redis")[0] == 0
    update, download = machine.calls.read_text().splitlines()[1:]
    assert f"Dir::State::lists={machine.cache}/.redis-7.0.part/.apt/lists" in update
    assert update.endswith("--quiet update")
    assert download.endswith("--quiet download redis-tools liblzf1")


def test_a_debian_package_of_another_version_is_an_error_and_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    debian(machine, tmp_path, version="8.0.2-1")
    code, _, stderr = machine.run("redis")
    assert (code, machine.left()) == (1, [])
    assert "error: redis 7.0: this machine's package redis-tools is 5:8.0.2-1\n  run it on Debian 12\n" in stderr


def test_a_machine_without_apt_get_is_told_which_packages_are_missing(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian(machine, tmp_path)
    (machine.bin / "apt-get").unlink()
    monkeypatch.setenv("PATH", str(machine.bin))
    code, _, stderr = machine.run("redis")
    assert (code, machine.left()) == (1, [])
    assert (
        "redis 7.0 comes from Debian packages, and apt-get or dpkg-deb is not on PATH\n  run it on Debian or Ubuntu: redis-tools liblzf1"
        in stderr
    )


def test_the_wheel_of_a_tool_is_pinned_by_a_lock_with_digests() -> None:
    for tool in install.table().values():
        if tool.wheel:
            name, version = tool.wheel.split()
            assert pinned(tool, name, version)


def test_the_package_of_a_tool_is_pinned_by_a_lock_with_digests() -> None:
    packages = [tool for tool in install.table().values() if tool.package]
    assert {tool.name for tool in packages} == {"gojsonnet", "makejinja", "kapitan"}
    assert all(pinned(tool, tool.package, tool.version) for tool in packages)


def pinned(tool: install.Tool, package: str, version: str) -> bool:
    return f"\n{package}=={version} \\\n    --hash=sha256:" in (install.HERE / f"{tool.name}.lock").read_text()


def environment(machine: Machine, folder: Path, lock: str) -> None:
    """Return a table with one tool of Python packages, with this lock."""
    machine.script = folder / "tools/install.py"
    machine.script.parent.mkdir()
    shutil.copy(install.__file__, machine.script)
    row = '[maker]\nversion = "1.0"\npackage = "maker"\nprograms = { maker = "json.tool", maker-python = "" }\n'
    (folder / "tools/tools.toml").write_text(row)
    (folder / "tools/maker.lock").write_text(lock)


def test_python_packages_get_an_environment_of_their_own_that_works_after_it_was_moved(machine: Machine, tmp_path: Path) -> None:
    environment(machine, tmp_path, "")
    code, _, stderr = machine.run("maker")
    folder = machine.cache / "maker-1.0"
    assert (code, machine.left()) == (0, [folder.name]), stderr
    asked = subprocess.run([folder / "maker-python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert asked.stdout == f"{folder}\n"
    assert subprocess.run([folder / "maker"], input=b"[]", capture_output=True, check=True).stdout == b"[]\n"


def test_python_packages_without_a_digest_are_an_error_and_leave_nothing(machine: Machine, tmp_path: Path) -> None:
    wheel = tmp_path / "maker-1.0-py3-none-any.whl"
    wheel.touch()
    environment(machine, tmp_path, f"{wheel}\n")
    code, _, stderr = machine.run("maker")
    assert (code, machine.left()) == (1, [])
    assert "error: maker 1.0 was not installed:\n" in stderr
    assert "Hashes are required" in stderr
    assert stderr.endswith("PyPI must be within reach: `pip config list` prints the index that pip uses\n")
