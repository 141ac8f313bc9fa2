"""`rediskit diff`: every format, the exit codes, and no secret in any of them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli.diff.markdown import LONGEST, markdown
from rediskit.cli.diff.text import as_json, readable, unified
from rediskit.output.diff import diff
from rediskit.output.tree_diff import FileDiff, Identity, TreeDiff
from rediskit.output.writer import write
from rediskit.yamlio import writer as yaml
from tests.output.repositories import Repository
from tests.output.trees import Files


def forms(difference: TreeDiff) -> dict[str, str]:
    return {
        "readable": "\n".join(readable(difference)),
        "text": "\n".join(unified(difference)),
        "markdown": markdown([difference]),
        "json": json.dumps(as_json(difference), ensure_ascii=False),
        "repr": repr(difference),
    }


def compared(root: Path, old: dict[str, Any], new: dict[str, Any]) -> TreeDiff:
    def files(documents: dict[str, Any]) -> Files:
        texts = {path: yaml.dump(content) if isinstance(content, dict) else content for path, content in documents.items()}
        return Files("env", {path: text if isinstance(text, bytes) else text.encode() for path, text in texts.items()})

    write(files(old), root)
    return diff(files(new), root)


# --- the forms


def test_the_text_output_lists_objects_and_values(tmp_path: Path) -> None:
    old = {
        "README.md": "a\nb\n",
        "helm/values.yaml": {"memory": "2Gi", "list": ["a"]},
        "set.yaml": {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "x", "namespace": "redis"},
            "spec": {"replicas": 1},
        },
        "map.yaml": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"c": "one\ntwo\nthree\n", "v": "yes"}},
        "old.yaml": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "moved"}},
        "gone.yaml": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gone"}},
        "same.yaml": "a: 1\n",
    }
    new = {
        "README.md": "a\nc\nd\n",
        "helm/values.yaml": {"memory": "4Gi", "list": ["a"], "more": {"deep": [1, {"x": "z"}], "empty": {}}},
        "set.yaml": old["set.yaml"] | {"spec": {"replicas": 2}},  # type: ignore[operator]
        "map.yaml": old["map.yaml"] | {"data": {"c": "one\n2\nthree\n", "v": True}},  # type: ignore[operator]
        "new.yaml": old["old.yaml"],
        "same.yaml": "a:  1 # remark\n",
    }
    assert list(readable(compared(tmp_path, old, new))) == [
        "env: 5 changed, 1 moved, 1 removed",
        "removed  Service gone",
        "changed  ConfigMap m",
        "  data.c:",
        "    - two",
        "    + 2",
        '  data.v: "yes" -> true',
        "moved    Service moved  (old.yaml -> new.yaml)",
        "changed  StatefulSet redis/x",
        "  spec.replicas: 1 -> 2",
        "changed  README.md  (+2 -1 lines)",
        "changed  helm/values.yaml",
        "  memory: 2Gi -> 4Gi",
        "  + more:",
        "      deep:",
        "      - 1",
        "      - x: z",
        "      empty: {}",
        "changed  same.yaml  (only comments, quotes or layout)",
    ]


def test_a_long_value_is_shown_from_where_it_differs(tmp_path: Path) -> None:
    old, new = {"a.yaml": {"t": "w " * 500 + "old " + "w " * 500}}, {"a.yaml": {"t": "w " * 500 + "new " + "w " * 500}}
    line = list(readable(compared(tmp_path, old, new)))[2]
    assert re.fullmatch(r"  t: \.\.\.(w )+old (w ?)+\.\.\. \(\d+ characters\) -> \.\.\.(w )+new (w ?)+\.\.\. \(\d+ characters\)", line)


def test_unified_is_a_diff_that_git_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "rendered", monkeypatch)
    old = {"a.yaml": {"a": list(range(50))}, "gone.md": "x\ny", "cut.md": "one\ntwo", "end.md": "one", "same.md": "s"}
    new = {"a.yaml": {"a": [*range(20), "é", *range(22, 50)]}, "new/x.md": "x\n", "cut.md": "one\ntwo\n", "end.md": "two", "same.md": "s"}
    text = "\n".join(unified(compared(tmp_path / "rendered", old, new))) + "\n"
    subprocess.run(["git", "apply", "-"], cwd=repository.folder, input=text.encode(), check=True)
    folder = repository.folder / "env"
    wanted = {path: yaml.dump(content) if isinstance(content, dict) else content for path, content in new.items()}
    assert {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*") if path.name != ".rediskit.json"} == wanted | {
        "new/x.md": "x\n"
    }


def test_control_characters_never_reach_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\u202e\x9b\r\x07 \u2028end"
    old = {
        "README.md": f"{evil}\n",
        "b.yaml": f"{{ {evil}\n",
        "a.yaml": {"apiVersion": "v1", "kind": "A", "metadata": {"name": evil}, "v": evil},
    }
    new = {"a.yaml": old["a.yaml"] | {"v": evil + "!"}, "b.yaml": "b: 1\n"}  # type: ignore[operator]
    texts = forms(compared(tmp_path, old, new))
    for name in ("readable", "text", "markdown"):
        assert not [letter for letter in texts[name] if not letter.isprintable() and letter != "\n"], name
    assert "\\x1b[2J\\u202e" in texts["readable"]


# --- Markdown


def outside_of_fences(text: str) -> str:
    """Return the text outside of fences. A fence ends at a line of at least as many backticks, indented by up to three spaces."""
    kept, fence = [], ""
    for line in text.split("\n"):
        ticks = re.match(r" {0,3}(`{3,})", line)
        if fence:
            if ticks and len(ticks[1]) >= len(fence) and not line.strip().strip("`"):
                fence = ""
        elif ticks:
            fence = ticks[1]
        else:
            kept.append(line)
    assert not fence, "a fence stays open"
    return "\n".join(kept)


def test_the_markdown_output_has_a_table_and_details(tmp_path: Path) -> None:
    old = {"a.yaml": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "redis"}, "spec": {"k": 1, "m": 1}}}
    new = {"a.yaml": old["a.yaml"] | {"spec": {"k": 2, "m": 2}}, "README.md": "hello\n"}
    assert markdown([compared(tmp_path, old, new), TreeDiff("same")]) == (
        "### <code>env</code>: 1 added, 1 changed\n\n"
        "| | what | file | values |\n|---|---|---|---|\n"
        "| changed | <code>Service redis/s</code> | <code>a.yaml</code> | 2 |\n"
        "| added | file | <code>README.md</code> |  |\n\n"
        "### <code>same</code>: no difference\n\n"
        "<details><summary>changed <code>Service redis/s</code></summary>\n\n"
        "```diff\n"
        "--- a/env/a.yaml\n+++ b/env/a.yaml\n@@ -4,5 +4,5 @@\n   name: s\n   namespace: redis\n spec:\n"
        "-  k: 1\n-  m: 1\n+  k: 2\n+  m: 2\n```\n\n"
        "</details>\n\n"
        "<details><summary>added <code>README.md</code></summary>\n\n"
        "```diff\n--- /dev/null\n+++ b/env/README.md\n@@ -0,0 +1 @@\n+hello\n```\n\n"
        "</details>\n\n"
    )


@pytest.mark.parametrize(
    "evil",
    [
        "a | b",
        "`code`",
        "``` \n```",
        "````````",
        "</code></summary></details><script>alert(1)</script>",
        "![x](https://evil.example/x.png)",
        "[link](https://evil.example)",
        "https://evil.example",
        "@everyone #1",
        "*bold* _it_ ~~s~~",
        "\n\n# Title\n\n",
        "<!-- hidden",
        "&lt;script&gt;",
        "\\",
        "$x$",
    ],
)
def test_nothing_in_a_name_or_value_becomes_markdown(evil: str, tmp_path: Path) -> None:
    plain = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": evil, "namespace": evil},
        "v": {"k": evil},
        "text": f"x\n{evil}\n{evil}",
    }
    path = re.sub(r"[/\\]", "", evil).strip() or "x"
    old = {"a.yaml": plain, f"{path}.md": f"{evil}\n```\n   ```\n{evil}"}
    new = {"a.yaml": plain | {"v": {"k": "other"}}, f"{path}.md": f"{evil}\n```\n   ```\n", "b.md": f"```\n{evil}"}
    read = outside_of_fences(markdown([compared(tmp_path, old, new)]))
    table = [line for line in read.split("\n") if line.startswith("| ")]
    assert len(table) == 4
    assert all(line.count("|") == 5 for line in table)
    inside = re.findall(r"<code>(.*?)</code>", read)
    assert len(inside) == 8
    assert all(re.fullmatch(r"(?:[A-Za-z0-9 ./-]|&#\d+;)*", text) for text in inside), inside
    rest = re.sub(r"<code>.*?</code>", "", read)
    assert not re.search(r"[`*\[\]!@$\\]|https?:|script|evil", rest)
    assert re.findall(r"</?(\w+)>", rest) == ["details", "summary", "summary", "details"] * 3


def test_markdown_fits_into_a_comment_and_counts_the_rest() -> None:
    def added(number: int, lines: int) -> FileDiff:
        return FileDiff("added", f"f{number}.yaml", Identity("", "Service", "redis", f"s{number}"), after="line\n" * lines)

    many = markdown([TreeDiff("env", tuple(added(number, 10) for number in range(5000)))])
    assert LONGEST - 1000 < len(many) <= LONGEST
    table, details = many.count("| added | <code>"), many.count("<details>")
    assert f"{5001 - table} more lines do not fit in here." in many
    assert f"The details of {5000 - details} more do not fit into a comment" in many
    outside_of_fences(many)
    large = markdown([TreeDiff("env", (added(1, 1), added(2, 20_000)))])
    assert large.count("<details>") == 1
    assert "The details of 1 more do not fit" in large


# --- the command
