"""No password of the input reaches the copy of a workload, wherever it stands."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from rediskit.errors import RefusedError
from rediskit.setup.copies import copy, refuse_leaks
from rediskit.setup.objects import Objects
from tests.samples import backend
from tests.setup.live import Object, container, secret_key, workload

WORD = "correct-horse-battery"


def refused(obj: Object) -> str:
    with pytest.raises(RefusedError) as caught:
        copy(obj)
    assert WORD not in str(caught.value)
    return str(caught.value)


def test_the_real_backend_loses_one_value_and_nothing_else() -> None:
    made = copy(backend())
    assert made.removed == (("backend", "GOOGLE_CLIENT_SECRET"),)
    expected = backend()
    (app,) = expected["spec"]["template"]["spec"]["containers"]
    assert app["env"][-1].pop("value") == "dummy-client-secret-for-staging"
    app["env"][-1]["valueFrom"] = secret_key("beersystem-backend-taken-out", "GOOGLE_CLIENT_SECRET")
    assert made.content == expected
    assert "dummy-client-secret" not in made.text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, WORD)
            for name in ("REDIS_PASSWORD", "redisPassword", "DB_PASS", "JWT_SECRET", "SECRET_KEY_BASE", "APP_KEY", "REDIS_AUTH")
        ),
        *((name, WORD) for name in ("API_TOKEN", "AWS_SECRET_ACCESS_KEY", "CREDENTIALS_JSON", "SMTP_PWD", "PIN")),
        ("PASSWORD", "12"),
        ("REDIS_URL", f"redis://:{WORD}@redis:6379"),
        ("DATABASE", f"postgres://shop:{WORD}@db/shop"),
        ("SEED", "aB3xY9kLm2Qw8ErT5uZ7"),
    ],
)
@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_a_value_that_may_be_a_password_becomes_a_reference(name: str, value: str, kind: str) -> None:
    obj = workload(container("app"))
    obj["spec"]["template"]["spec"][kind] = [container("app", **{name: value})]
    made = copy(obj)
    assert made.removed == (("app", name),)
    assert made.content["spec"]["template"]["spec"][kind][0]["env"] == [{"name": name, "valueFrom": secret_key("web-taken-out", name)}]
    assert made.secret == {value}
    assert value not in made.text().replace(name, "")
    assert "do not apply this file" in made.text()


def test_a_number_without_quotes_is_a_value_too() -> None:
    app = container() | {"env": [{"name": "DB_PASSWORD", "value": 12345678}, {"name": "PORT", "value": 3001}]}
    made = copy(workload(app))
    assert made.secret == {"12345678"}
    assert "12345678" not in made.text()


@pytest.mark.parametrize(
    "env",
    [
        {"REDIS_PASSWORD": secret_key("keys", "password")},
        {"REDIS_PASSWORD": ""},
        {"USE_TOKEN": "true"},
        {"REDIS_PASSWORD_FILE": "/run/redis/word"},
        {"TOKEN_TTL": "3600"},
        {"PASSWORD": "$(OTHER)"},
        {"REDIS_URL": "redis://:$(REDIS_PASSWORD)@redis:6379"},
        {"KEYBOARD": "qwerty", "MONKEY": "banana", "BYPASS": "none", "AUTHOR": "somebody"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_what_holds_no_password_stays(env: dict[str, Any]) -> None:
    obj = workload(container(**env))
    made = copy(obj)
    assert made.removed == ()
    assert made.content == obj
    assert "Taken out" not in made.text()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"args": ["--requirepass", WORD]}, "args[1] looks like a password on a command line"),
        ({"args": [f"--redis-password={WORD}"]}, "args[0] looks like a password on a command line"),
        ({"command": ["sh", "-c", f"redis-cli -h redis -a {WORD} ping"]}, "command[2] looks like a password on a command line"),
        ({"command": ["sh", "-c", f"export DB_PASSWORD={WORD}; exec app"]}, "command[2] looks like a password on a command line"),
        ({"command": ["sh", "-c", f"redis-server --requirepass '{WORD}'"]}, "command[2] looks like a password on a command line"),
        ({"args": [f"redis://:{WORD}@redis:6379"]}, "args[0] looks like an address with a password in it"),
        (
            {"livenessProbe": {"httpGet": {"httpHeaders": [{"name": "X-Api-Key", "value": WORD}]}}},
            "httpHeaders[0].value looks like a password",
        ),
        ({"lifecycle": {"postStart": {"exec": {"command": ["login", f"--token {WORD}"]}}}}, "exec.command[1] looks like a password"),
    ],
    ids=["two-words", "one-word", "redis-cli", "export", "shell", "address", "header", "lifecycle"],
)
def test_a_password_that_no_reference_can_replace_is_refused(change: Object, place: str) -> None:
    said = refused(workload(container() | change))
    assert said.startswith("Deployment/web: spec.template.spec.containers[0].")
    assert place in said
    assert "take it out of the input, or put it into a Secret" in said


@pytest.mark.parametrize(
    "args",
    [
        ["--requirepass", "$(REDIS_PASSWORD)"],
        ["--password=$(WORD)"],
        ["--password-file=/x"],
        ["--token-ttl", "60"],
        ["--no-password"],
        ["-a"],
    ],
    ids=lambda args: args[0],
)
def test_arguments_without_a_password_stay(args: list[str]) -> None:
    assert copy(workload(container() | {"args": args})).content["spec"]["template"]["spec"]["containers"][0]["args"] == args


def test_an_annotation_with_a_password_is_refused_and_the_usual_noise_is_dropped() -> None:
    noise = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"requirepass {WORD}"}}'}
    assert WORD not in copy(workload(container(), annotations=noise)).text()
    assert "annotations" in refused(workload(container(), annotations={"example.com/api-key": WORD}))


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"password": b64encode(WORD.encode()).decode()}},
        {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"password": WORD}},
        workload(container(DB_PASSWORD=WORD), name="other"),
        workload(
            name="other",
            annotations={"kubectl.kubernetes.io/last-applied-configuration": json.dumps(workload(container(DB_PASSWORD=WORD)))},
        ),
    ],
    ids=["data", "stringData", "variable", "last-applied"],
)
@pytest.mark.parametrize("form", [WORD, b64encode(WORD.encode()).decode(), f"before {WORD} behind"], ids=["plain", "base64", "inside"])
def test_a_secret_of_the_input_that_stands_elsewhere_under_an_innocent_name_is_found(source: Object, form: str) -> None:
    made = copy(workload(container(GREETING=form)))
    with pytest.raises(RefusedError, match=r"containers\[0\].env\[0\].value repeats a secret of the input") as caught:
        refuse_leaks([made], [], Objects((source,)))
    assert WORD not in str(caught.value)
    with pytest.raises(RefusedError, match="a secret of the input would stand in the config"):
        refuse_leaks([], [f"repository: https://git.example.org/{form}"], Objects((source,)))
    refuse_leaks([copy(workload(container(GREETING="hello")))], ["name: shop"], Objects((source,)))
