"""No secret is in any output of `rediskit diff`."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli.diff.text import readable, unified
from rediskit.yamlio import writer as yaml
from tests.cli.test_diff import compared, forms

PASSWORD = "hunter2"  # weak: no rule knows it by its shape


GENERATED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY"


TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


NAME_OF_A_KEY = " ".join(("RSA", "PRIVATE", "KEY"))


KEY = f"-----BEGIN {NAME_OF_A_KEY}-----\nMIIEow\nshortline\n-----END {NAME_OF_A_KEY}-----\n"


def secret(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "redis"}, **data}


def plants(*values: str) -> list[str]:
    leaks = []
    for value in values:
        raw = value.encode()
        leaks += [value, b64encode(raw).decode(), b64encode(raw).decode().rstrip("="), raw.hex()]
    return leaks


def workload(value: str) -> dict[str, Any]:
    env = [{"name": "REDIS_PASSWORD", "value": value}, {"name": "PLAIN", "value": "shown"}]
    metadata = {"name": "d", "namespace": "app"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"containers": [{"name": "c", "env": env}]}}


def applied(value: str) -> dict[str, Any]:
    note = json.dumps({"kind": "Secret", "data": {"p": b64encode(value.encode()).decode()}, "plain": value})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": note, "shown": "yes"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": annotations}}


def encoded(value: str) -> str:
    return b64encode(value.encode()).decode()


PLACES: dict[str, Any] = {
    "data": lambda value: {"a.yaml": secret(data={"p": encoded(value)})},
    "stringData": lambda value: {"a.yaml": secret(stringData={"p": value, "nested": {"x": [value]}})},
    "data is no mapping": lambda value: {"a.yaml": secret(data=value)},
    "list": lambda value: {"a.yaml": {"apiVersion": "v1", "kind": "List", "items": [secret(stringData={"p": value})]}},
    "sealed by mistake": lambda value: {"a.yaml": secret(spec={"encryptedData": {"p": value}}) | {"kind": "SealedSecret"}},
    "variable": lambda value: {"a.yaml": workload(value)},
    "values": lambda value: {"values.yaml": {"auth": {"password": value}, "shown": 1}},
    "applied": lambda value: {"a.yaml": applied(value)},
    "patch": lambda value: {"a.yaml": {"patches": [{"patch": yaml.dump(secret(stringData={"p": value}))}]}},
    "json in a text": lambda value: {"a.yaml": {"text": json.dumps({"auth": {"password": value}})}},
    "yaml in a text": lambda value: {"a.yaml": {"text": f"auth:\n  password: {value}\n"}},
    "generator": lambda value: {"kustomization.yaml": {"secretGenerator": [{"name": "s", "literals": [f"p={value}"]}]}},
    "redis.conf": lambda value: {"a.yaml": {"redis.conf": f"port 6379\nrequirepass {value}\n"}},
    "address": lambda value: {"a.yaml": {"url": f"redis://:{value}@host:6379"}, "README.md": f"see redis://:{value}@host\n"},
    "comment": lambda value: {"a.yaml": f"a: 1\n# password: {value}\n", "b.yaml": f"# data:\n#   redis-password: '{value}'\nb: 1\n"},
    "readme": lambda value: {"README.md": f"# Title\n\nexport REDIS_PASSWORD={value}\ntoken: {value}\n  --password={value} next\n"},
    "broken": lambda value: {"a.yaml": f"kind: Secret\nstringData: {{\n  p: {value}\n", "b.yaml": f"password: |\n  {value}\n{{\n"},
    "documents": lambda value: {"a.yaml": f"a: 1\n---\nkind: Secret\nstringData:\n  p: {value}\n"},
    "anchors": lambda value: {"a.yaml": f"kind: Secret\nstringData: &x\n  p: {value}\n"},
    "binary": lambda value: {"a.yaml": b"\xff" + value.encode(), "README.md": b"\xff" + value.encode()},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("values", [(PASSWORD, "hunter3"), (PASSWORD, None), (None, PASSWORD)], ids=["changed", "removed", "added"])
def test_no_secret_in_any_form_but_its_change(place: str, values: tuple[str | None, str | None], tmp_path: Path) -> None:
    make = PLACES[place]
    old, new = (make(value) if value else {} for value in values)
    difference = compared(tmp_path, old, new)
    assert len(difference.all) == len(old or new), "the change stays visible"
    for name, text in forms(difference).items():
        for plant in plants(PASSWORD, "hunter3"):
            assert plant not in text, f"{name} shows a secret"
    if all(values):
        lines = [line for line in unified(difference) if line[:1] in "+-" and not line.startswith(("+++", "---"))]
        assert {line[0] for line in lines} == {"+", "-"}, "the texts differ where the secret did"
        assert all("hmac:" in line for line in lines), lines


@pytest.mark.parametrize("value", [GENERATED, TOKEN, KEY], ids=["generated", "token", "key"])
def test_values_with_the_form_of_a_secret_are_masked_everywhere(value: str, tmp_path: Path) -> None:
    old = {
        "a.yaml": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"any": value, "list": [value]}},
        "b.yaml": {"x": {value.replace("\n", " "): 1}},
        "README.md": f"one\n{value}two\n",
        "c.yaml": f"c: [\n{value}",
    }
    texts = forms(compared(tmp_path, old, {}))
    new = forms(compared(tmp_path / "more", {}, old))
    for text in [*texts.values(), *new.values()]:
        for line in value.splitlines():
            assert line not in text or line.startswith("-----") is True
            assert "MIIEow" not in text
            assert "shortline" not in text


def test_the_name_beside_a_masked_value_and_all_others_are_shown(tmp_path: Path) -> None:
    difference = compared(tmp_path, {"a.yaml": workload(PASSWORD)}, {"a.yaml": workload("other")})
    text = "\n".join(readable(difference))
    assert re.search(
        r"^  spec\.containers\[name=c\]\.env\[name=REDIS_PASSWORD\]\.value: <secret hmac:\w{12}> -> <secret hmac:\w{12}>$",
        text,
        re.MULTILINE,
    )
    assert "value: shown" in "\n".join(unified(difference))


def test_equal_secrets_have_equal_masks_within_one_run_only(tmp_path: Path) -> None:
    old = {"a.yaml": secret(stringData={"p": PASSWORD, "q": PASSWORD, "r": "x"})}
    masks = re.findall(r"hmac:\w+", compared(tmp_path, old, {}).objects[0].before or "")
    assert len(masks) == 3
    assert masks[0] == masks[1] != masks[2]
    again = re.findall(r"hmac:\w+", compared(tmp_path, old, {}).objects[0].before or "")
    assert not set(masks) & set(again)


def test_ciphertext_is_shortened(tmp_path: Path) -> None:
    first, other = ("Ag" + text * 200 for text in ("Bx1+", "Cy2/"))

    def sealed(text: str) -> dict[str, Any]:
        metadata = {"name": "s", "namespace": "redis"}
        return {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": {"encryptedData": {"p": text}}}

    text = "\n".join(readable(compared(tmp_path, {"a.yaml": sealed(first)}, {"a.yaml": sealed(other)})))
    assert re.search(r"encryptedData\.p: <sealed AgBx1\+Bx\.\.\. hmac:\w{12}> -> <sealed AgCy2/Cy\.\.\. hmac:\w{12}>$", text)


def test_an_unchanged_secret_is_masked_too(tmp_path: Path) -> None:
    old = secret(stringData={"p": PASSWORD}, type="Opaque")
    difference = compared(tmp_path, {"a.yaml": "# head\n" + yaml.dump(old)}, {"a.yaml": "# head\n" + yaml.dump(old | {"type": "other"})})
    assert list(readable(difference)) == ["env: 1 changed", "changed  Secret redis/s", "  type: Opaque -> other"]
    lines = list(unified(difference))
    assert lines[:4] == ["--- a/env/a.yaml", "+++ b/env/a.yaml", "@@ -6,4 +6,4 @@", "   namespace: redis"]
    assert lines[-2:] == ["-type: Opaque", "+type: other"]
    assert PASSWORD not in "\n".join(lines)
