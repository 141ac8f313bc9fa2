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


def configs_beside(config: str) -> list[str]:
    """Return the other configs in the folder of a config, sorted."""
    own = os.path.realpath(config)
    return sorted(str(path) for path in Path(config).parent.glob("*.yaml") if os.path.realpath(path) != own and is_config(path))
