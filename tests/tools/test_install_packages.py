"""The installer of programs that are packages: npm, Debian and Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tools import install
from tests.tools.test_install import Machine
from tests.tools.test_install import machine as machine

EDITOR = install.table()["yaml-language-server"]


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
