"""Placeholders in the values of environment variables."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rediskit.model.template import PASSWORD_VARIABLE, PLACEHOLDERS, Placeholder, Template, expansion_order, password_variable

VALUES = {Placeholder(name): f"<{name}>" for name in PLACEHOLDERS} | {Placeholder("database", "broker"): "7"}
ADAPTER: TypeAdapter[Template | None] = TypeAdapter(Template | None)


def refusal(value: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Template).validate_python(value)
    context = caught.value.errors()[0]["ctx"]
    return context["message"], context["hint"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${host}", "<host>"),
        ("redis://:${password}@${address}/${database.broker}", "redis://:<password>@<address>/7"),
        ("false", "false"),
        ("$${host}", "${host}"),
        ("$$${host}", "$${host}"),
        ("$(REDIS_DB) {{ .Values.x }} $HOME %d", "$(REDIS_DB) {{ .Values.x }} $HOME %d"),
        ("local:${host}:${port}:0:${password}", "local:<host>:<port>:0:<password>"),
        ("", ""),
    ],
)
def test_only_placeholders_are_replaced(text: str, filled: str) -> None:
    assert Template(text).filled(VALUES) == filled


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("${hots}", "unknown placeholder ${hots}", "did you mean ${host}?"),
        ("${HOST}", "unknown placeholder ${HOST}", "did you mean ${host}?"),
        ("${nothing}", "unknown placeholder ${nothing}", "known: ${host}, "),
        ("${host", "${ has no closing brace", "close it, like ${host}"),
        ("{host}", "{host} is not a placeholder", "write ${host}"),
        ("redis://$(host)", "$(host) is not a placeholder", "write ${host}"),
        ("<password>", "<password> is not a placeholder", "write ${password}"),
        ("{{ port }}", "'{{ port }}' is not a placeholder", "write ${port}"),
        ("%address%", "%address% is not a placeholder", "write ${address}"),
        ({"host": None}, "expected text, found a mapping: YAML reads braces without quotes as one", 'write "${host}", in quotes'),
        (False, "expected text, found a boolean", 'put the value in quotes: "false"'),
        (["x"], "expected text, found a list", "write text with placeholders"),
        ("redis://:hunter2@redis:6379", "looks like a URL that contains a password", ""),
    ],
)
def test_a_wrong_value_is_refused_with_the_right_spelling(value: object, message: str, hint: str) -> None:
    error, help_line = refusal(value)
    assert error == message
    assert help_line.startswith(hint)


def test_null_is_a_value() -> None:
    assert ADAPTER.validate_python(None) is None


@given(st.text(alphabet="$(){}<>%ab ostherdpw.:/@"))
def test_a_text_is_refused_or_keeps_every_character_that_is_no_placeholder(text: str) -> None:
    try:
        template = Template(text)
    except ValidationError:
        assert re.search(r"\$\{|\{ ?\.?[a-z]|\$\([a-z]|<[a-z]|%[a-z]", text)
        return
    rest = {part: f"\0{part.name}.{part.database}\0" for part in template.placeholders}
    back = template.filled(rest)
    for part, mark in rest.items():
        back = back.replace(mark, f"${{{part.name}{'.' if part.database else ''}{part.database}}}")
    assert back.replace("${", "$${") == text.replace("$${", "${").replace("${", "$${")


@given(st.text(alphabet="$(){}ab ostherdpw.:/@"))
def test_the_json_schema_accepts_exactly_the_known_placeholders(text: str) -> None:
    matches = bool(re.search(TypeAdapter(Template).json_schema()["pattern"], text))
    assert matches == all(
        name in PLACEHOLDERS or re.fullmatch(r"database\.[a-z0-9-]+", name)
        for name in re.findall(r"\$\{([^}]*)\}?", text.replace("$${", ""))
    )


def test_the_password_comes_from_a_variable_that_is_the_password_alone() -> None:
    url = Template("redis://:${password}@${address}")
    assert password_variable({"URL": url, "PASS": Template("${password}")}) == "PASS"
    assert password_variable({"URL": url}) == PASSWORD_VARIABLE
    assert password_variable({"PASS": Template("${password}"), "HOST": Template("${host}")}) is None
    assert password_variable({"URL": None}) is None


def test_variables_follow_those_that_they_refer_to() -> None:
    variables = {
        "URL": Template("redis://:${password}@$(HOST)/0"),
        "HOST": Template("${host}"),
        "CACHE": Template("$(URL)?x=1 $$(SKIPPED)"),
        "OLD": None,
    }
    assert expansion_order(variables) == (PASSWORD_VARIABLE, "HOST", "URL", "CACHE", "OLD")
    assert expansion_order({**variables, "PASS": Template("${password}")})[:3] == ("HOST", "PASS", "URL")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"A": Template("$(B)"), "B": Template("$(A)")}, "refers to itself: "),
        ({"A": Template("$(A)")}, "refers to itself: A -> A"),
        ({"A": Template("$(B)"), "B": None}, "refers to $(B), which is removed"),
    ],
)
def test_a_reference_that_kubernetes_does_not_expand_is_refused(variables: dict[str, Template | None], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        expansion_order(variables)
    assert caught.value.errors()[0]["ctx"]["message"].startswith(message)
