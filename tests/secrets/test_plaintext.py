"""The password in memory: generation, final newline, validity, and that no text shows it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.plaintext import ALPHABET, LENGTH, LONGEST, Plaintext, generate, invalid, weak, without_newline

VALUE = "Planted" + "Value0123456789" * 2


def test_a_password_is_of_letters_and_digits_and_never_the_same() -> None:
    passwords = [generate().reveal().decode() for _ in range(200)]
    assert set(string.ascii_letters + string.digits) == set("".join(passwords)) == set(ALPHABET)
    assert {len(value) for value in passwords} == {LENGTH}
    assert LENGTH >= 32
    assert len(set(passwords)) == len(passwords)
    assert not invalid(generate())
    assert not weak(generate())


@given(st.binary(max_size=40))
def test_one_final_newline_is_no_part_of_the_value(content: bytes) -> None:
    assert without_newline(content + b"\n").reveal() == content.removesuffix(b"\r")
    if not content.endswith(b"\n"):
        assert without_newline(content).reveal() == content


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "the value is empty"),
        (b"x" * (LONGEST + 1), f"the value is longer than {LONGEST} bytes"),
        (VALUE.encode() + b"\n", "the value contains a newline or another control character"),
        (b"\0" + VALUE.encode(), "the value contains a newline or another control character"),
        (VALUE.encode() + b"\xff", "the value is not UTF-8"),
    ],
)
def test_an_invalid_password_is_a_problem(value: bytes, message: str) -> None:
    (problem,) = invalid(Plaintext(value))
    assert problem.message == message
    assert problem.hint


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"short1", "the value has fewer than 32 characters"),
        (b"a-word/with#characters%that+break=", "the value has characters other than A-Z, a-z and 0-9"),
    ],
)
def test_a_weak_password_is_a_problem(value: bytes, message: str) -> None:
    assert not invalid(Plaintext(value))
    (problem,) = weak(Plaintext(value))
    assert problem.message == message
    assert problem.hint


def test_nothing_shows_the_value(caplog: pytest.LogCaptureFixture) -> None:
    value = Plaintext(VALUE.encode())
    logging.getLogger().warning("%s %r", value, [value])
    shown = [repr(value), str(value), f"{value:>40}", f"{value!r}", repr({"a": (value,)}), "%s" % value, caplog.text, repr(dir(value))]  # noqa: UP031
    try:
        raise ValueError(value)
    except ValueError as error:
        shown += traceback.format_exception(error)
        shown += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    for refused in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="can't be copied or stored") as caught:
            refused(value)
        shown.append(str(caught.value))
    with pytest.raises(TypeError) as caught:
        json.dumps({"value": value})
    with pytest.raises(TypeError):
        vars(value)
    with pytest.raises(TypeError):
        hash(value)
    with pytest.raises(TypeError):
        value.__getstate__()
    text = "\n".join([*shown, str(caught.value)])
    assert "<plaintext>" in text
    assert VALUE not in text


def test_values_are_compared_without_being_shown() -> None:
    assert Plaintext(b"a") == Plaintext(b"a")
    assert Plaintext(b"a") != Plaintext(b"b")
    assert Plaintext(b"a") != b"a"
