"""The scan of an application repository: volumes that go with the old Redis although the config keeps them, or does not mention them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.checkout import owner
from tests.cli.test_scan import at, findings, scans
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import backend, merged

CLAIMS = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
GOES = {**CLAIMS, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}


@pytest.mark.parametrize(
    ("data", "spec", "words"),
    [
        ("keep", GOES, "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted: it deletes its claims, which previous.data keeps"),
        ("none", CLAIMS, "/spec/volumeClaimTemplates: it has volumes, and previous.data is none"),
        ("keep", CLAIMS, ""),
        ("discard", GOES, ""),
    ],
)
def test_volumes_that_go_with_the_old_redis_block_its_removal(
    data: str, spec: dict[str, Any], words: str, tmp_path: Path, run: Run
) -> None:
    """With whenDeleted: Delete, Kubernetes deletes the claims of a StatefulSet together with it."""
    redis = merged(OLD_REDIS[0], {"kind": "StatefulSet", "spec": spec})
    owner(tmp_path, backend(), redis, *OLD_REDIS[1:])
    file = at(tmp_path, previous={"data": data, "remove": ["StatefulSet/redis", "Service/redis"]})
    sure = [finding[2] for finding in findings(run, file)[1] if finding[0] == "old-redis-in-use"]
    assert [words in message for message in sure] == ([True] if words else []), sure
    assert scans(tmp_path) == [("validate", str(len(sure)))]
