"""What fuzzing found: each ended in a traceback once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit import ConfigError, RefusedError, check, render
from rediskit.migrate.owner.plain_text import patched
from rediskit.renderers.owner.patches import Change
from rediskit.usage.address import parse
from rediskit.usage.finder import uses
from tests.samples import SEALED, SOPS, backend, loaded, sealed, sops


@pytest.mark.parametrize("mode", [[], {}, None, 1])
def test_a_mode_of_secrets_that_is_no_word(tmp_path: Path, mode: Any) -> None:
    with pytest.raises(ConfigError, match=r"chocolandia.yaml:\d+:\d+: error\[[a-z-]+\]: secrets"):
        loaded(tmp_path, over={"secrets": {"mode": mode}})


def test_a_folder_of_secrets_with_a_name_that_no_disk_takes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"chocolandia.yaml:\d+:\d+: error\[[a-z-]+\]: secrets.directory: file name too long"):
        loaded(tmp_path, over={"secrets": {**SEALED, "directory": "9" * 400}})


@pytest.mark.parametrize("namespace", [[], {"a": "b"}, 1.5])
def test_a_namespace_of_a_ciphertext_that_is_no_text(tmp_path: Path, namespace: Any) -> None:
    content = sealed("redis")
    content["metadata"]["namespace"] = namespace
    with pytest.raises(ConfigError, match=r"redis.yaml:\d+:\d+: error\[[a-z-]+\]: metadata.namespace: expected text"):
        loaded(tmp_path, over={"secrets": SEALED}, ciphertexts={"redis": content})


@pytest.mark.parametrize("block", [{"age": 1.5}, {"key_groups": 1.5}, {"pgp": 1.5}, {"key_groups": [{"age": True}]}])
def test_a_block_of_sops_with_a_number_for_a_list(tmp_path: Path, block: dict[str, Any]) -> None:
    content = sops("redis")
    content["sops"] |= block
    environment = loaded(tmp_path, over={"secrets": SOPS, "gitops": {"tool": "flux"}}, ciphertexts={"redis": content})
    check(environment, render(environment))
    assert environment.ciphertexts["redis"].content["sops"] == content["sops"], "every value is signed and stays"


def test_a_list_of_a_workload_whose_names_are_no_text(tmp_path: Path) -> None:
    manifest = backend()
    manifest["spec"]["template"]["spec"]["volumes"] = [{"name": {"a": "b"}}]
    environment = loaded(tmp_path, "reconfigure", manifest=manifest)
    assert "owner-build" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize("spec", [None, [], "text"])
def test_a_sealed_secret_whose_spec_is_no_mapping(tmp_path: Path, spec: Any) -> None:
    environment = loaded(tmp_path, over={"secrets": SEALED}, ciphertexts={"redis": {**sealed("redis"), "spec": spec}})
    assert "ciphertext" in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize("make", [sealed, sops])
def test_a_ciphertext_without_a_namespace(tmp_path: Path, make: Any) -> None:
    content = make("redis")
    del content["metadata"]["namespace"]
    over = {"secrets": SEALED} if make is sealed else {"secrets": SOPS, "gitops": {"tool": "flux"}}
    environment = loaded(tmp_path, over=over, ciphertexts={"redis": content})
    assert "has the namespace (none) instead of redis" in str(check(environment, render(environment)))


def test_a_manifest_of_an_application_with_a_null_in_the_entry_of_a_switched_variable() -> None:
    text = "kind: Deployment\nspec: {template: {spec: {containers: [{name: app, env: [{name: HOST, value: null, list: [{a: [1.5]}]}]}]}}}\n"
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [{"name": "HOST", "value": "redis"}]}]}}}}
    assert patched(text.encode(), "x", Change(patch, named=patch)).decode() == text.replace("value: null", "value: redis")


def test_a_manifest_of_an_application_with_a_null_among_its_containers() -> None:
    text = "kind: Deployment\nspec: {template: {spec: {containers: [null]}}}\n"
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app"}]}}}}
    with pytest.raises(RefusedError, match=r"spec\.template\.spec\.containers is not a list of mappings"):
        patched(text.encode(), "x", Change(patch, named=patch))


def test_a_variable_of_a_build_whose_key_in_a_config_map_is_a_list() -> None:
    entry = {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "a", "key": ["host"]}}}
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "env": [entry]}]}}
    assert uses([pod], parse("redis", "shop"), namespace="shop") == []
