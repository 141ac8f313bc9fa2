"""Packages, brought by the ordinary clients and opened as zip archives. Raises SystemExit with the client's words when one can't be had."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile


@dataclass
class Package:
    """An opened package. `files` collects the sha256 of every file read from it, for the lock.

    checksum: of the whole package: sha256 of a wheel, Go's h1 sum of a module.
    prefix: the folder inside the archive that paths are relative to.
    """

    name: str
    version: str
    checksum: str
    archive: ZipFile
    prefix: str
    files: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Content of one file. Raises KeyError when the package has none of that name."""
        content = self.archive.read(self.prefix + path)
        self.files[path] = hashlib.sha256(content).hexdigest()
        return content


def wheel(name: str, version: str, folder: Path) -> Package:
    """The wheel of a PyPI package, downloaded into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(folder), f"{name}=={version}"], capture_output=True, text=True, check=False)
    files = list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if len(files) != 1:
        raise SystemExit(f"pip could not bring {name} {version}:\n{done.stderr}")
    checksum = "sha256:" + hashlib.sha256(files[0].read_bytes()).hexdigest()
    return Package(name, version, checksum, ZipFile(files[0]), f"{name.replace('-', '_')}/")


def module(path: str, version: str, folder: Path) -> Package:
    """A Go module, from the module cache. `folder` must hold no go.mod.

    The exit code is not asked: a module that wants a newer Go than the one that runs is an error to Go, but its archive is there.
    """
    command = ["go", "mod", "download", "-json", f"{path}@{version}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout or "{}")
    if "Zip" not in answer:
        raise SystemExit(f"go could not bring {path} {version}:\n{answer.get('Error') or done.stderr}")
    return Package(path, version, answer["Sum"], ZipFile(answer["Zip"]), f"{path}@{version}/")
