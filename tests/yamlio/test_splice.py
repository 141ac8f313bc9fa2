"""Edits in place change the data as requested and no other byte, in handwritten and generated layouts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError, RefusedError
from rediskit.yamlio.edits import Append, Edit, Put, Replace
from rediskit.yamlio.flow import scalar
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import Float
from rediskit.yamlio.splice import splice

STEP = ("clients", 0, "migration", "step")
HISTORY = ("clients", 0, "migration", "history")
ENTRY = {"step": "deploy", "at": "2026-03-01T22:04:00-03:00"}
PLAIN = "{step: deploy, at: 2026-03-01T22:04:00-03:00}"


def changed(old: bytes, new: bytes) -> tuple[str, str]:
    """Return the old and the new text between the common start and the common end."""
    begin = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new)))
    end = 0
    while end < min(len(old), len(new)) - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[begin : len(old) - end].decode(), new[begin : len(new) - end].decode()


# Each layout has one step, `prepare`, and after the edit all the rest of it, byte for byte.
LAYOUTS: dict[str, str] = {
    "as we write it": "clients:\n- name: a\n  migration:\n    step: prepare\n",
    "a comment behind": "clients:\n- name: a\n  migration:\n    step: prepare  # not yet\n",
    "a comment above and below": "clients:\n- migration:\n    # above\n    step: prepare\n    # below\n# end\n",
    "single quotes": "clients:\n- migration: {step: 'prepare'}\n",
    "double quotes": 'clients:\n- migration:\n    step: "prepare"\n',
    "flow": "clients: [{name: a, migration: {step: prepare}}]\n",
    "flow with blanks": "clients: [ { name: a , migration: { step: prepare } } ]\n",
    "flow over lines": "clients: [\n  {name: a,\n   migration: {\n     step: prepare,  # here\n   },\n  },\n]\n",
    "dashes indented": "clients:\n  - name: a\n    migration:\n      step: prepare\n",
    "dashes far in": "clients:\n    -   name: a\n        migration:\n            step: prepare\n",
    "no newline at the end": "clients:\n- migration:\n    step: prepare",
    "blank lines at the end": "clients:\n- migration:\n    step: prepare\n\n\n",
    "trailing blanks": "clients:   \n- migration:  \n    step: prepare   \n",
    "CRLF": "clients:\r\n- migration:\r\n    step: prepare\r\n",
    "CRLF and LF": "clients:\r\n- migration:\n    step: prepare\r\n# end\n",
    "byte order mark": "\ufeffclients:\n- migration:\n    step: prepare\n",
    "letters of all sorts": "# é 漢字 😀\nclients:\n- name: ñandú 😀\n  migration:\n    step: prepare # ☕\n",
    "document markers": "---\nclients:\n- migration:\n    step: prepare\n...\n",
    "a directive": "%YAML 1.2\n---\nclients:\n- migration:\n    step: prepare\n",
    "quoted keys": "clients:\n- \"migration\":\n    'step': prepare\n",
    "many spaces": "clients:\n- migration:\n    step:      prepare\n",
    "value on the next line": "clients:\n- migration:\n    step:\n      prepare\n",
    "keys that look alike": "step: prepare1\nclients:\n- step: prepare2\n  migration:\n    steps: prepare3\n    step: prepare\n"
    "    astep: prepare4\n",
    "a text that looks alike": "clients:\n- migration:\n    notes: |\n      step: prepared\n      # no comment\n    step: prepare\n",
    "question mark": "? clients\n: - migration:\n      step: prepare\n",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_scalar_changes_alone(name: str) -> None:
    text = LAYOUTS[name]
    edited = splice(text.encode(), "c.yaml", [Put(STEP, "scale-down")]).decode()
    place = text.rindex("prepare", 0, text.index("astep") if "astep" in text else None)
    assert edited == text[:place] + "scale-down" + text[place + len("prepare") :]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_list_that_is_not_there_is_added_and_the_rest_stays(name: str) -> None:
    text = LAYOUTS[name].encode()
    edited = splice(text, "c.yaml", [Append(HISTORY, ENTRY)])
    gone, new = changed(text, edited)
    assert gone == ""
    assert "history:" in new
    again = splice(edited, "c.yaml", [Append(HISTORY, {**ENTRY, "step": "reconfigure"})])
    assert changed(edited, again)[0] == ""
    migration: Any = read(again, "c.yaml").data["clients"][0]["migration"]
    assert [entry["step"] for entry in migration["history"]] == ["deploy", "reconfigure"]


HISTORIES: dict[str, tuple[str, str]] = {
    "flow items": ("    - {step: a, at: b}\n", f"    - {PLAIN}\n"),
    "block items": ("    - step: a\n      at: b\n", "    - step: deploy\n      at: 2026-03-01T22:04:00-03:00\n"),
    "block items far in": ("     -   step: a\n         at: b\n", "     -   step: deploy\n         at: 2026-03-01T22:04:00-03:00\n"),
    "a comment behind the last": ("    - {step: a, at: b}  # seen\n", f"    - {PLAIN}\n"),
}


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("after", ["", "    # and then\n", "\n\n# end\n", "  owner: {kind: kustomize}\n", "- name: b\n"])
def test_an_item_looks_like_those_before_it(name: str, after: str) -> None:
    items, wanted = HISTORIES[name]
    head = f"clients:\n- migration:\n    history:\n{items}"
    edited = splice(f"{head}{after}".encode(), "c.yaml", [Append(HISTORY, ENTRY)]).decode()
    assert edited == f"{head}{wanted}{after}"


@pytest.mark.parametrize(
    ("text", "edit", "wanted"),
    [
        ("a: {}\n", Put(("a", "b"), "c"), "a: {b: c}\n"),
        ("a: []\n", Append(("a",), "c"), "a: [c]\n"),
        ("a: [1, 2,]\n", Append(("a",), 3), "a: [1, 2, 3,]\n"),
        ("a: {b: 1, }\n", Put(("a", "c"), True), "a: {b: 1, c: true, }\n"),
        ("a: {b}\n", Put(("a", "c"), "d"), "a: {b, c: d}\n"),
        ("a:\n", Put(("a",), "b"), "a: b\n"),
        ("a: # c\nb: 1\n", Put(("a",), "b"), "a: b # c\nb: 1\n"),
        ("a:\nb:\n\n# end\n", Put(("c",), "d"), "a:\nb:\nc: d\n\n# end\n"),
        ("a: |\n  text\n\n# end\n", Put(("b",), "c"), "a: |\n  text\n\nb: c\n# end\n"),
        ("a: |+\n  text\n\n", Put(("b",), "c"), "a: |+\n  text\n\nb: c\n"),
        ("a: >-\n  text", Put(("b",), "c"), "a: >-\n  text\nb: c"),
        ("a: |\n  old\n  text\nb: 1\n", Put(("a",), "new"), "a: new\nb: 1\n"),
        ("a: 'x'\n", Put(("a",), "it's"), "a: 'it''s'\n"),
        ("a: 'x'\n", Put(("a",), "two\nlines"), 'a: "two\\nlines"\n'),
        ("a: x\n", Put(("a",), "no"), 'a: "no"\n'),
        ("a: x\n", Put(("a",), "12"), 'a: "12"\n'),
        ("a: x\n", Put(("a",), ""), 'a: ""\n'),
        ("a: x\n", Put(("a",), "b: c # d"), 'a: "b: c # d"\n'),
        ("a: false # c\n", Put(("a",), True), "a: true # c\n"),
        ("a: {b: 1}\n", Put(("a",), {"b": 2, "c": {"d": "e"}}), "a: {b: 2, c: {d: e}}\n"),
        ("a: {b: {c: 1, d: 2}}\n", Put(("a",), {"b": {"d": 3}}), "a: {b: {c: 1, d: 3}}\n"),
        ("a:\n    b: 1\n", Put(("a",), {"c": {"d": "e"}}), "a:\n    b: 1\n    c:\n        d: e\n"),
        ("a:\n  b: 1\n", Put(("c", "d", "e"), "f"), "a:\n  b: 1\nc:\n  d:\n    e: f\n"),
        ("a: x\n", Put(("a",), None), "a: null\n"),
        ("a: 1\n", Put(("a",), 1.5), "a: 1.5\n"),
        ("a: 1\n", Put(("a",), Float("1.30")), "a: 1.30\n"),
        ("a: [1]\n", Append(("a",), [None, -1.5, {}, [], [[]], {"b": None}]), "a: [1, [null, -1.5, {}, [], [[]], {b: null}]]\n"),
        ("a: {b: 1}\n", Put(("a", "c: d"), 1), 'a: {b: 1, "c: d": 1}\n'),
        ("b: 1\n", Put(("null", "x/y"), {"=": {"": "no"}}), 'b: 1\n"null":\n  x/y:\n    "=":\n      "": "no"\n'),
        ("a: [{b: 1}]\n", Replace(("a", 0), {"<<": None, "~": Float("2.0")}), 'a: [{"<<": null, "~": 2.0}]\n'),
        ("x:\n  - 1\na: 1\n", Append(("w", "z"), {"k": "v"}), "x:\n  - 1\na: 1\nw:\n  z:\n    - {k: v}\n"),
    ],
)
def test_edits_are_made_in_any_layout(text: str, edit: Edit, wanted: str) -> None:
    assert splice(text.encode(), "c.yaml", [edit]).decode() == wanted


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("a: text\n", Put(("a", "b"), "c")),
        ("a: {b: 1}\n", Append(("a",), "c")),
        ("a: [1]\n", Put(("a",), "c")),
        ("a: {b: 1}\n", Put(("a",), "c")),
        ("a: {b: 1}\n", Put(("a", "k" * 2000), "c")),
        ("a: 1\n", Put(("a",), 1e300)),
        ("a: 1\n", Put(("a",), [1])),
    ],
)
def test_an_edit_that_the_layout_does_not_allow_is_refused(text: str, edit: Edit) -> None:
    with pytest.raises(RefusedError) as refused:
        splice(text.encode(), "c.yaml", [edit])
    assert refused.value.problems[0].code == "layout"
    assert str(refused.value).startswith("error[layout]: c.yaml: a")


def test_invalid_text_is_not_edited() -> None:
    with pytest.raises(ConfigError, match="duplicate key"):
        splice(b"a: 1\na: 2\n", "c.yaml", [Put(("a",), "b")])


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t:#'\"{}[],&*!|>%@`-? "), max_size=30)


@given(texts, st.sampled_from(["", "'", '"']))
@settings(max_examples=400, deadline=None)
def test_every_text_comes_back_as_itself(value: str, style: str) -> None:
    for text in (f"a: {scalar(value, style)}\n", f"a: [1, {scalar(value, style)}, {{b: {scalar(value, style)}}}]\n"):
        parsed: Any = read(text.encode(), "c.yaml").data["a"]
        assert (parsed if isinstance(parsed, str) else parsed[1]) == value


class Layout:
    """Write data in a random layout: block or flow, with quotes, comments, spaces and line breaks."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.newline: str = draw(st.sampled_from(["\n", "\r\n"]))
        self.step = draw(st.integers(1, 4))
        self.dash = draw(st.integers(0, 3))

    def pick(self, *choices: str) -> str:
        choice: str = self.draw(st.sampled_from(choices))
        return choice

    def end(self) -> str:
        return (
            self.pick("", "", " ", "  # said: {so}", " # é")
            + self.newline
            + self.pick("", "", self.newline, f"# all 'of' it{self.newline}")
        )

    def flow(self, value: Any) -> str:
        space = self.pick("", " ")
        if isinstance(value, dict):
            return "{" + space + ", ".join(f"{key}: {self.flow(inner)}" for key, inner in value.items()) + space + "}"
        if isinstance(value, list):
            return "[" + space + f",{self.pick('', ' ', '  ')}".join(map(self.flow, value)) + space + "]"
        return str(scalar(value, self.pick("", "'", '"')))

    def block(self, value: Any, column: int) -> str:
        """Return the lines of a container, each with its end, from the first one's indentation on."""
        lines = []
        for key, inner in value.items() if isinstance(value, dict) else (("-", inner) for inner in value):
            head = f"{' ' * column}{key}" + ("" if key == "-" else ":")
            if isinstance(inner, (dict, list)) and inner and self.draw(st.booleans()):
                deeper = column + (self.dash if isinstance(inner, list) and key != "-" else self.step + 1)
                lines.append(head + self.end() + self.block(inner, deeper))
            else:
                lines.append(f"{head} {self.flow(inner)}{self.end()}")
        return "".join(lines)


keys = st.sampled_from(["a", "b", "step", "history", "fooBar"])
values = st.recursive(
    st.sampled_from(["prepare", "it's", "a: b # c", "x y", "", "12", True, 7]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def containers(value: Any, kind: type, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inside = [inner_path for key, inner in pairs for inner_path in containers(inner, kind, (*path, key))]
    return [*([path] if isinstance(value, kind) else []), *inside]


@given(st.data(), st.dictionaries(keys, values, min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_any_layout_keeps_every_other_byte(data: st.DataObject, content: dict[str, Any]) -> None:
    layout = Layout(data.draw)
    written = layout.block(content, 0)
    if data.draw(st.booleans()):
        written = written.rstrip("\r\n ")
    text = written.encode()
    assert read(text, "c.yaml").data == content
    lists = [path for path in containers(content, list) if path]
    places: list[Edit] = [Put((*path, "new"), "value") for path in containers(content, dict)]
    places += [Put((*path, "new"), {"from": "x", "criteria": {"one": True}}) for path in containers(content, dict)]
    places += [Append(path, {"step": "deploy", "at": "now"}) for path in lists]
    edit = data.draw(st.sampled_from(places))
    edited = splice(text, "c.yaml", [edit])
    assert changed(text, edited)[0] == "", "nothing is taken away"
    scalars = [path for path in containers(content, str) if path]
    if scalars:
        path = data.draw(st.sampled_from(scalars))
        edited = splice(text, "c.yaml", [Put(path, "zzz")])
        gone, new = changed(text, edited)
        assert not set(gone) & set("\r\n"), "one value in one line"
        assert set(new) <= set("'\"zzz")
        back = splice(edited, "c.yaml", [Put(path, "QQ")])
        assert back.replace(b"QQ", b"zzz") == edited
