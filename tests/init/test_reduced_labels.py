"""The labels in a reduced manifest: names are copied, passwords are refused."""

from __future__ import annotations

import pytest

from tests.init.live import container, redis, service, workload
from tests.init.test_reduced_manifests import WORD, copied, written


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ({"app": "web", "component": "backend"}, True),
        ({"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web-1.2"}, True),
        ({"app": "web", "pod-template-hash": "7d5b9c8f6d"}, True),
        ({"app": "web", "token": "web"}, False),
        ({"app": "web", "build": "aB3xY9kLm2Qw8ErT5uZ7"}, False),
        ({"app": "web", "id": "9f86d081884c7d659a2feaa0c55ad015"}, False),
        ({"app": "web", "serial": "8675309421"}, False),
    ],
)
def test_the_labels_of_the_pods_are_copied_if_all_of_them_are_names(labels: dict[str, str], kept: bool) -> None:
    """A part of them would select other pods too."""
    obj = workload(container(REDIS_HOST="redis"))
    obj["spec"]["selector"]["matchLabels"] = labels
    obj["spec"]["template"]["metadata"]["labels"] = labels
    manifest = copied(obj)
    names = {key: value for key, value in labels.items() if key != "pod-template-hash"} if kept else None
    assert manifest["spec"]["selector"].get("matchLabels") == names
    assert manifest["spec"]["template"].get("metadata", {}).get("labels") == names


def test_a_label_that_is_a_password_of_the_input_is_refused_unless_it_is_a_name() -> None:
    named = workload(container(REDIS_HOST="redis", DB_PASSWORD="paperless"), name="paperless")
    assert "config/home/paperless.yaml" in written(named, redis(), service())
    hidden = workload(container(REDIS_HOST="redis", DB_PASSWORD=WORD))
    hidden["spec"]["selector"]["matchLabels"] = {"app": WORD}
    assert "spec.selector.matchLabels.app repeats a secret of the input" in written(hidden, redis(), service())
