"""`rediskit diff`: every format, the exit codes, and no secret in any of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli import main
from rediskit.cli.diff.markdown import LONGEST, markdown
from rediskit.cli.diff.text import as_json, readable, unified
from rediskit.output.diff import diff
from rediskit.output.tree_diff import FileDiff, Identity, TreeDiff
from rediskit.output.writer import write
from rediskit.yamlio import writer as yaml
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.output.trees import Files, put
from tests.samples import config

PASSWORD = "hunter2"  # weak: no rule knows it by its shape
GENERATED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY"
TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
NAME_OF_A_KEY = " ".join(("RSA", "PRIVATE", "KEY"))
KEY = f"-----BEGIN {NAME_OF_A_KEY}-----\nMIIEow\nshortline\n-----END {NAME_OF_A_KEY}-----\n"


def secret(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "redis"}, **data}


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Change to a repository with the committed main config and its output, at a step with the release."""
    repository = Repository(tmp_path / "home", monkeypatch)
    monkeypatch.chdir(repository.folder)
    configure(repository, 1)
    assert main(["render"]) == 0
    repository.commit()
    return repository


def configure(repository: Repository, replicas: int, name: str = "chocolandia") -> None:
    over = {"name": name, "gitops": {"path": f"rendered/{name}"}, "redis": {"replicas": replicas}}
    data = config(None, over=over)
    data["clients"] = [{"name": "app", "namespace": "app"}]
    put(repository.folder, f"config/{name}.yaml", json.dumps(data))


@pytest.fixture
def run(run: Run) -> Run:
    return partial(run, "diff")


@pytest.mark.usefixtures("home")
def test_the_exit_code_is_0_without_differences(run: Run) -> None:
    assert run() == (0, "chocolandia: no difference\n", "")
    assert run("--against", "HEAD") == (0, "chocolandia: no difference\n", "")
    assert run("--text") == (0, "", "")
    assert run("--markdown") == (0, "### <code>chocolandia</code>: no difference\n\n", "")
    code, out, _ = run("--json", "--against", "main")
    environment = {"name": "chocolandia", "empty": True, "objects": [], "files": [], "warnings": []}
    assert (code, json.loads(out)) == (0, {"version": 1, "against": "main", "environments": [environment], "effects": [], "exitCode": 0})


def test_a_changed_config_before_and_after_rendering(home: Repository, run: Run) -> None:
    configure(home, 2)
    before = run()
    assert before[0] == 1
    assert "changed  helm/redis-shared/values.yaml\n  replica.replicaCount: 1 -> 2\n" in before[1]
    assert main(["render"]) == 0
    assert run()[0] == 0
    assert run("--against", "HEAD") == before
    code, out, _ = run("--json", "--against", "HEAD")
    files = {entry["path"]: entry for entry in json.loads(out)["environments"][0]["files"]}
    assert code == json.loads(out)["exitCode"] == 1
    change = {"kind": "changed", "path": "replica.replicaCount", "old": 1, "new": 2}
    assert files["helm/redis-shared/values.yaml"] == {
        "status": "changed",
        "path": "helm/redis-shared/values.yaml",
        "oldPath": None,
        "changes": [change],
    }


def test_a_new_environment_is_listed_as_added(home: Repository, run: Run) -> None:
    (home.folder / "config/chocolandia.yaml").unlink()
    configure(home, 1, "other")
    code, out, _ = run("--against", "HEAD", "config/other.yaml")
    assert code == 1
    assert re.match(r"other: \d+ added\n", out)
    assert "added    Namespace redis\n" in out


def test_a_link_at_a_rendered_path_is_a_warning(home: Repository, run: Run) -> None:
    file = home.folder / "rendered/chocolandia/README.md"
    file.unlink()
    file.symlink_to("/dev/null")
    code, out, err = run()
    assert (code, "changed  README.md" in out) == (1, True)
    assert err.startswith("warning: rendered/chocolandia/README.md is not a regular file")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--against", "nope"), "'nope' is not a revision of the Git work tree"),
        (("--against=--output=x",), "'--output=x' is not a revision"),
        (("--against", "HEAD", "--output", "/"), "/ is not in a Git work tree"),
        (("config/nope.yaml",), "file config/nope.yaml does not exist"),
    ],
)
def test_a_wrong_command_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    code, out, err = run("--json", *arguments)
    assert (code, err) == (2, "")
    assert message in json.loads(out)["problems"][0]["message"]


@pytest.mark.parametrize("forms", [("--text", "--json"), ("--markdown", "--text"), ("--json", "--markdown")])
def test_one_form_at_a_time(capsys: pytest.CaptureFixture[str], forms: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", *forms])
    assert caught.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_letters_outside_the_encoding_of_the_terminal_are_escaped(home: Repository) -> None:
    put(home.folder, "rendered/chocolandia/README.md", "ünï → ✓\n")
    command = [sys.executable, "-m", "rediskit", "diff", "--text"]
    done = subprocess.run(
        command,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1, done.stderr
    assert b"-\\xfcn\\xef \\u2192 \\u2713" in done.stdout


@pytest.mark.usefixtures("home")
def test_render_and_check_start_no_program_and_import_no_diff() -> None:
    code = "import sys; from rediskit.cli import main; main(['render']); main(['check']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "'rediskit.output.writer'" in done.stdout
    for module in ("rediskit.output.diff", "rediskit.tools", "subprocess"):
        assert f"'{module}'" not in done.stdout
