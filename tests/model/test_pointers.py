"""JSON pointers: escapes, named entries, and the two ways to report a value that only one side has."""

from __future__ import annotations

from rediskit.model.pointers import by_name, changed, differences, pointer

ENV = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}


def test_a_pointer_escapes_slash_and_tilde() -> None:
    assert pointer("metadata", "annotations", "a/b~c", 0) == "/metadata/annotations/a~1b~0c/0"


def test_only_a_list_of_mappings_with_textual_names_is_named() -> None:
    assert by_name(ENV["env"]) == {"A": ENV["env"][0], "B": ENV["env"][1]}
    assert [by_name(value) for value in ("text", [1], [{"name": 1}], [{"value": "1"}], {"name": "A"})] == [None] * 5


def test_named_entries_are_compared_by_name_in_any_order() -> None:
    assert changed(ENV, {"env": ENV["env"][::-1]}) == set()
    assert changed(ENV, {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]}) == {"/env/B/value"}
    assert changed({"args": ["a", "b"]}, {"args": ["b", "a"]}) == {"/args"}


def test_a_value_of_another_shape_is_one_difference() -> None:
    assert list(differences({"env": {"A": 1}}, ENV)) == [("/env", {"A": 1}, ENV["env"])]


def test_a_mapping_that_only_one_side_has_is_one_difference_unless_expanded() -> None:
    after = {"spec": {"replicas": 1, **ENV}}
    assert changed({}, after) == {"/spec"}
    expanded = {path: new for path, _, new in differences({}, after, expand=True)}
    assert expanded == {"/spec/replicas": 1, "/spec/env/A": ENV["env"][0], "/spec/env/B": ENV["env"][1]}


def test_a_leaf_is_compared_as_a_whole() -> None:
    old, new = {"name": "A", "value": "1"}, {"name": "A", "valueFrom": {"fieldRef": {}}}
    assert changed(old, new) == {"/value", "/valueFrom"}
    assert list(differences(old, new, is_leaf=lambda _, after: "valueFrom" in after)) == [("", old, new)]
