"""The configs of a project."""

import os
import re
from pathlib import Path

from rediskit.files import read_regular

SCHEMA = "rediskit.schema.json"
"""The file that `init` and `rediskit schema` write for editors. It contains the names of examples, such as `redis`."""
_SIGN = rb"(?m)^gitops:"
"""The key that every config sets. The configs of other programs in a folder `config` do not."""


def is_config(file: Path) -> bool:
    """Return whether a file is a config; False where it can't be read."""
    try:
        return re.search(_SIGN, read_regular(file)) is not None
    except OSError:
        return False


def yaml_files(folder: Path) -> list[Path]:
    """Return the files of a folder that end in .yaml, sorted; none where it can't be read. `Path.glob` compiles a pattern."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if name.endswith(".yaml"))
    except OSError:
        return []


def configs_beside(config: str) -> list[str]:
    """Return the other configs in the folder of a config, sorted."""
    own = os.path.realpath(config)
    return [path for path in configs_in(Path(config).parent) if os.path.realpath(path) != own]


def configs_in(folder: Path) -> list[str]:
    """Return the configs in a folder, sorted."""
    return [str(path) for path in yaml_files(folder) if is_config(path)]
