"""Unencrypted Secrets in the folders of a config are found in any file and never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rediskit.errors import ConfigError
from rediskit.files import MAX_BYTES
from rediskit.source.loader import load, load_all
from rediskit.source.unencrypted import in_folder
from rediskit.yamlio.writer import dump
from tests.problems import lines_of
from tests.samples import SEALED, loaded, sealed, sops

HIDDEN = "aGlkZGVuIHZhbHVl"
CLEAR = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": HIDDEN}}
CONFIG = "name: home\ngitops:\n  tool: argocd\n  repository: https://git.example.org/platform/cluster.git\n"

FOUND = {
    "block": dump(CLEAR),
    "stringData": dump({**CLEAR, "data": {}, "stringData": {"a": HIDDEN}}),
    "JSON": json.dumps(CLEAR, indent=1),
    "flow": "{apiVersion: v1, kind: Secret, data: {a: " + HIDDEN + "}}\n",
    "quotes": '"kind": "Secret"\napiVersion: "v1"\ndata: {a: ' + HIDDEN + "}\n",
    "a second document": f"kind: ConfigMap\napiVersion: v1\n--- # next\n{dump(CLEAR)}",
    "Windows": dump(CLEAR).replace("\n", "\r\n"),
    "a List": dump({"apiVersion": "v1", "kind": "List", "items": [CLEAR]}),
    "a SecretList": dump({"apiVersion": "v1", "kind": "SecretList", "items": [CLEAR]}),
    "one value left out by SOPS": dump({**sops("redis"), "data": {"a": HIDDEN}}),
    "anchors, which we do not read": f"kind: Secret\napiVersion: v1\nmetadata: &a {{name: a}}\ndata:\n  a: {HIDDEN}\n",
    "a template": "kind: Secret\napiVersion: v1\nmetadata: {{ toYaml .meta }}\nstringData:\n  a: " + HIDDEN + "\n",
}
PASSED = {
    "encrypted by SOPS": dump(sops("redis")),
    "sealed": dump(sealed("redis")),
    "without a value": dump({**CLEAR, "data": {"a": ""}}),
    "a token that the cluster fills": dump({**CLEAR, "data": {}}),
    "a reference": "kind: Deployment\napiVersion: apps/v1\nspec: {secretKeyRef: {name: a}}\n",
    "a word in a text": "kind: ConfigMap\napiVersion: v1\ndata:\n  note: 'kind: Secret'\n",
    "encrypted by SOPS, with anchors": dump(sops("redis")).replace("metadata:", "metadata: &a"),
    "no YAML": "kind: Secret\n\tdata\n",
}


@pytest.mark.parametrize("case", FOUND)
def test_an_unencrypted_secret_is_found_and_not_shown(case: str, tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/.hidden.yaml").write_text(FOUND[case], newline="")
    paths = list(in_folder(str(tmp_path), "config/home"))
    assert [str(problem.location).rpartition(":")[0].rpartition(":")[0] for problem in paths] == ["config/home/deep/er/.hidden.yaml"]
    assert HIDDEN not in str(paths[0])
    assert paths[0].hint


@pytest.mark.parametrize("case", PASSED)
def test_other_objects_are_not_reported(case: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PASSED[case])
    assert list(in_folder(str(tmp_path), "home")) == []


def test_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(FOUND["block"])
    (tmp_path / "large.yaml").write_text(FOUND["block"] + "#" * MAX_BYTES)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe kind: Secret \x00")
    assert list(in_folder(str(tmp_path), "home")) == []
    assert list(in_folder(str(tmp_path / "nowhere"), "home")) == []


def test_the_folder_of_the_config_and_the_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config/home").mkdir(parents=True)
    Path("config/home.yaml").write_text(CONFIG)
    Path("config/home/note.yml").write_text(FOUND["block"])
    Path("config/other").mkdir()
    Path("config/other/note.yml").write_text(FOUND["block"])
    with pytest.raises(ConfigError) as error:
        load("config/home.yaml")
    assert lines_of(error.value.problems) == ["config/home/note.yml:2:1: an unencrypted Secret"]
    Path("config/home/note.yml").unlink()
    Path("config/redis.yaml").write_text(FOUND["block"])
    load("config/home.yaml")
    with pytest.raises(ConfigError) as error:
        load_all(["config/home.yaml"])
    assert lines_of(error.value.problems) == ["config/redis.yaml:2:1: an unencrypted Secret"]


def test_an_unencrypted_secret_in_place_of_a_ciphertext_is_reported_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, over={"secrets": SEALED}, ciphertexts={"redis": CLEAR, "beersystem": sealed("beersystem")})
    assert len(error.value.problems) == 1
    assert "found an unencrypted Secret" in str(error.value)
    assert HIDDEN not in str(error.value)


def test_a_ciphertext_is_no_link_out_of_its_folder_and_hidden_files_are_none(tmp_path: Path) -> None:
    both = {name: sealed(name) for name in ("redis", "beersystem")}
    folder = tmp_path / "chocolandia/secrets"
    folder.mkdir(parents=True)
    (folder / ".sops.yaml").write_text("creation_rules: []\n")
    assert set(loaded(tmp_path, over={"secrets": SEALED}, ciphertexts=both).ciphertexts) == {"redis", "beersystem"}
    (folder / "redis.yaml").rename(tmp_path / "elsewhere.yaml")
    (folder / "redis.yaml").symlink_to("../../elsewhere.yaml")
    with pytest.raises(ConfigError) as error:
        load(tmp_path / "chocolandia.yaml")
    assert "chocolandia/secrets/redis.yaml is a link out of its folder" in str(error.value)


def test_a_private_key_is_not_a_certificate(tmp_path: Path) -> None:
    loaded(tmp_path, over={"secrets": SEALED})
    (tmp_path / "chocolandia/sealing.crt").write_text("-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEow\n")
    with pytest.raises(
        ConfigError,
        match=r"chocolandia\.yaml:\d+:\d+: error\[certificate\]: secrets\.certificate: chocolandia/sealing\.crt: this is a private key",
    ):
        load(tmp_path / "chocolandia.yaml")
