"""Programs as the pods of a lab find them: each listens on, or asks, the pod's own address."""

from __future__ import annotations

from pathlib import Path

from tests.live.chart import program

_WRAPPERS = {
    # SIGXFSZ is ignored, so that a write beyond a file-size limit fails as one to a full disk does.
    "redis-server": '#!/bin/bash\ntrap \'\' XFSZ\nexec {redis_server} "$@" --bind "$LAB_ADDRESS" --bind-source-addr "$LAB_ADDRESS"\n',
    # Probes of containers ask 127.0.0.1, which is the pod's own address.
    "redis-cli": '#!/bin/bash\nexec {redis_cli} -h localhost "${{@//127.0.0.1/${{LAB_ADDRESS:-127.0.0.1}}}}"\n',
    "hostname": '#!/bin/sh\necho "$HOSTNAME"\n',
    "redis-benchmark": '#!/bin/sh\nexec {redis_benchmark} -h localhost "$@"\n',
    "redis_exporter": (
        '#!/bin/bash\nunset REDIS_PASSWORD_FILE\nexec {redis_exporter} "${{@//localhost/$LAB_ADDRESS}}" '
        '--web.listen-address="$LAB_ADDRESS:$LAB_METRICS_PORT"\n'
    ),
}


def write_wrappers(folder: Path, version: str) -> Path:
    """Write the programs for a version of Redis, and return their folder."""
    folder.mkdir(parents=True)
    programs = {name.replace("-", "_"): str(program(name)) for name in ("redis-cli", "redis-benchmark", "redis_exporter")}
    programs["redis_server"] = str(program(f"redis-server-{version}"))
    for name, text in _WRAPPERS.items():
        (folder / name).write_text(text.format(**programs))
        (folder / name).chmod(0o755)
    return folder
