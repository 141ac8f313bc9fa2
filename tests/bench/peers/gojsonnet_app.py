"""Evaluate main.jsonnet for a number of environments and write its files, as `jsonnet --multi` does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import _gojsonnet  # type: ignore[import-not-found]


def main() -> None:
    output = Path("rendered")
    for path, text in json.loads(_gojsonnet.evaluate_file("main.jsonnet", tla_codes={"count": sys.argv[1]})).items():
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_text(text, encoding="utf-8")


main()
