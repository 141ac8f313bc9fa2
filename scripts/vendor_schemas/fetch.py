"""Download packages with pip and go, and open them as zip archives. Raises SystemExit with the error of the client."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile


class Package(NamedTuple):
    """An open package.

    Attributes:
        name: The name.
        version: The version.
        checksum: The sha256 of a wheel, or the h1 sum of a Go module.
        archive: The archive.
        prefix: The folder in the archive to which paths are relative.
        files: The sha256 of each file that was read, for the lock.
    """

    name: str
    version: str
    checksum: str
    archive: ZipFile
    prefix: str
    files: dict[str, str]

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises KeyError for a missing file."""
        content = self.archive.read(self.prefix + path)
        self.files[path] = hashlib.sha256(content).hexdigest()
        return content


def wheel(name: str, version: str, folder: Path) -> Package:
    """Return the wheel of a PyPI package after the download into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(folder), f"{name}=={version}"], capture_output=True, text=True, check=False)
    files = list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if len(files) != 1:
        raise SystemExit(f"pip could not bring {name} {version}:\n{done.stderr}")
    checksum = "sha256:" + hashlib.sha256(files[0].read_bytes()).hexdigest()
    return Package(name, version, checksum, ZipFile(files[0]), f"{name.replace('-', '_')}/", {})


def module(path: str, version: str, folder: Path) -> Package:
    """Return a Go module from the module cache. `folder` must not contain a go.mod.

    The exit code is not asked: a module that wants a newer Go than the one that runs is an error to Go, but its archive is there.
    """
    command = ["go", "mod", "download", "-json", f"{path}@{version}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout or "{}")
    if "Zip" not in answer:
        raise SystemExit(f"go could not bring {path} {version}:\n{answer.get('Error') or done.stderr}")
    return Package(path, version, answer["Sum"], ZipFile(answer["Zip"]), f"{path}@{version}/", {})
