"""When the External Secrets Operator reads the store again."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import check, render
from tests.samples import environment_of

STORE = {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis"}


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        (STORE, {"refreshPolicy": "OnChange"}),
        ({**STORE, "apiVersion": "v1beta1"}, {"refreshInterval": "0s"}),
        ({**STORE, "refresh": "15m"}, {"refreshInterval": "15m"}),
        ({"mode": "external-secrets", "generate": True}, {"refreshInterval": "1h"}),
    ],
)
def test_a_store_is_read_again_only_when_the_config_asks_for_it(secrets: dict[str, Any], expected: dict[str, str]) -> None:
    environment = environment_of(over={"secrets": secrets})
    tree = render(environment)
    spec = tree.objects["platform/beersystem/externalsecret-redis-credentials.yaml"]["spec"]
    assert {key: value for key, value in spec.items() if key.startswith("refresh")} == expected
    assert "schema" not in {finding.code for finding in check(environment, tree)}


def test_the_rotation_page_reads_the_store() -> None:
    page = render(environment_of(over={"secrets": STORE})).files["docs/rotation.md"].decode()
    assert "The operator reads the store\nagain when you annotate the ExternalSecret:" in page
    assert "annotate externalsecret redis-credentials force-sync=" in page
