"""Names and values of other people's repositories neither write to the terminal nor become Markdown, HTML or shell code."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, Manifest, render
from rediskit.cli import main
from rediskit.errors import Location, Problem, RediskitError, dotted
from rediskit.source.loader import load
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain
from tests.samples import backend, config

ESCAPE = "\x1b[2J"
EVIL = ("\x1b[2J", "\x9b2J", "\u202e", "\n", "\r")


def test_an_error_escapes_control_characters_and_no_line_passes_for_another_problem() -> None:
    for evil in EVIL:
        problem = Problem(f"a{evil}config/x.yaml:1:1: forged", "hint", ("a", f"b{evil}"), Location(f"f{evil}g.yaml", 1, 2))
        lines = str(problem).split("\n")
        assert all(line.isprintable() for line in lines), evil
        assert lines[0].startswith("f")
        assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize("name", ["a\x1b[2J.yaml", "a\nforged: error.yaml", "a\u202eb.yaml"], ids=["escape", "newline", "direction"])
def test_a_file_name_neither_writes_to_the_terminal_nor_forges_a_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "config/home").mkdir(parents=True)
    (tmp_path / "config" / name).write_text("name: [\n")
    (tmp_path / "config/home" / name).write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n")
    (tmp_path / "config/home.yaml").write_text("name: home\ngitops: {tool: argocd, repository: https://git.example.org/a.git}\n")
    monkeypatch.chdir(tmp_path)
    for arguments in (["check"], ["render"], ["doctor"], ["diff"], ["check", f"config/{name}"], ["init", name], ["check", f"x{name}"]):
        main(arguments)
        captured = capsys.readouterr()
        for line in (captured.out + captured.err).split("\n"):
            assert line.isprintable(), (arguments, line)
            assert not line.startswith("forged"), arguments


@pytest.mark.parametrize("evil", [*EVIL, ";id", "$(id)", "`id`", "&id", "|id", "<b>", "a b", "'", '"', "\\"])
def test_the_address_of_a_repository_has_no_character_of_a_shell_a_terminal_or_markdown(evil: str) -> None:
    for address in (f"https://git.example.org/a{evil}.git", f"https://git{evil}.example.org/a.git", f"git@git.example.org:a{evil}.git"):
        with pytest.raises(ValueError, match=r"is not the address of a Git repository|control|expected"):
            Environment.model_validate(config(over={"gitops": {"repository": address}}))


HTML = "<img src=x onerror=alert(1)> @everyone [a](http://b) | `c` \x1b[2J"


def hostile(tmp_path: Path) -> Path:
    """Return a config whose manifest has a hostile value in a variable that is switched."""
    manifest = backend()
    for entry in manifest["spec"]["template"]["spec"]["containers"][0]["env"]:
        if entry["name"] in ("REDIS_HOST", "REDIS_PORT"):
            entry["value"] = HTML
    (tmp_path / ".git").mkdir()
    (tmp_path / "config/home").mkdir(parents=True)
    (tmp_path / "config/home/backend.yaml").write_text(yaml.safe_dump(manifest))
    file = tmp_path / "config/home.yaml"
    client = {
        "name": "beersystem",
        "namespace": "beersystem",
        "workloads": [
            {
                "manifest": "home/backend.yaml",
                "containers": {"backend": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}},
            }
        ],
        "previous": {"host": "redis.beersystem.svc.cluster.local"},
        "migration": {"step": "prepare"},
    }
    gitops = {"tool": "argocd", "repository": "https://git.example.org/a.git"}
    file.write_text(yaml.safe_dump({"name": "home", "gitops": gitops, "secrets": {"mode": "manual"}, "clients": [client]}))
    return file


def test_a_plan_shows_values_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["migrate", "plan", "config/home.yaml"]) == 0
    plain = capsys.readouterr().out
    assert all(line.isprintable() for line in plain.split("\n"))
    assert "<img src=x" in plain, "the value is there"
    assert main(["migrate", "plan", "config/home.yaml", "--markdown"]) == 0
    page = capsys.readouterr().out
    assert all(line.isprintable() for line in page.split("\n"))
    assert "&#60;img src&#61;x" in page, "the value is there, as character references"
    assert "<img" not in page
    assert "@everyone" not in page
    assert "[a](" not in page


WORD = re.compile(r"[A-Za-z0-9._/:@%+-]*")
MARK = "mrkr"
SPECIAL = (";id", "$(id)", "`id`", "&id", "|id", ">id", " id", "'id", '"id', "\\id", "*", "{a,b}", "!id", "#id", "~", "\nid", "(id)", "=$x")
SECRETS: dict[str, dict[str, Any]] = {
    "config/chocolandia.yaml": {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis", "property": "word"},
    "config/chocolandia-flux.yaml": {"mode": "sops", "recipients": ["age1" + "p" * 58], "pgp": ["ABCD"], "kms": ["arn:aws:kms:x"]},
}
PAGES = tuple(SECRETS)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from leaves(below, (*path, key))
    if isinstance(value, str):
        yield path


def shell_blocks(text: str) -> Iterator[str]:
    for block in re.finditer(r"^( *)```sh\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL):
        yield block[2]


def changed(data: Any, path: tuple[Any, ...], value: str) -> Any:
    import copy

    changed = copy.deepcopy(data)
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return changed


def whole(file: str) -> dict[str, Any]:
    """Return a config of the project with every section that pages show, and its manifests in it."""
    root = Path(__file__).parents[2]
    data = plain(read((root / file).read_bytes(), file).data)
    data["secrets"] = SECRETS[file]
    data["cluster"] = "home"
    data["redis"] = {"values": {"clusterDomain": "k8s.example", "nameOverride": "redis", "fullnameOverride": "redis-shared"}}
    for client in data["clients"]:
        client["workloads"][0]["manifest"] = Manifest("web.yaml", backend())
    return dict(data)


@pytest.mark.parametrize("file", PAGES)
def test_every_word_of_a_shell_block_that_comes_from_the_config_needs_no_quotes(file: str) -> None:
    """A value is refused, or shown in no block, or one that a shell takes as it is."""
    data = whole(file)
    accepted = 0
    for path in leaves(data):
        original: Any = data
        for part in path:
            original = original[part]
        for special in SPECIAL:
            for value in (f"{MARK}{special}", f"{original}{MARK}{special}"):
                try:
                    tree = render(Environment.model_validate(changed(data, path, value)))
                except (RediskitError, ValueError):
                    continue
                accepted += 1
                for name, content in tree.files.items():
                    for block in shell_blocks(content.decode()) if name.endswith(".md") else ():
                        assert f"{MARK}{special}" not in block, (path, value, name)
    assert accepted, "a value that is accepted everywhere would prove nothing"


@pytest.mark.parametrize("file", PAGES)
def test_what_the_pages_show_of_a_sound_config_are_words_without_quotes(file: str) -> None:
    data = whole(file)
    texts = {
        str(data["name"]),
        data["cluster"],
        *(client["namespace"] for client in data["clients"]),
        *(client["name"] for client in data["clients"]),
    }
    tree = render(Environment.model_validate(data))
    blocks = [block for name, content in tree.files.items() if name.endswith(".md") for block in shell_blocks(content.decode())]
    assert len(blocks) > 10
    for text in texts:
        assert WORD.fullmatch(text)
        assert any(text in block for block in blocks) or text == "home"


def test_a_config_that_is_elsewhere_is_quoted_in_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b;id"
    (folder / "config").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "config/home.yaml").write_text("name: home\ngitops: {tool: argocd, repository: https://git.example.org/a.git}\n")
    monkeypatch.chdir(tmp_path)
    environment = load(f"{os.fspath(folder)}/config/home.yaml")
    assert shlex.split(environment.config_argument) == [f"{folder}/config/home.yaml"]


def test_a_key_with_control_characters_is_escaped() -> None:
    assert dotted(("a", f"b{ESCAPE}")) == 'a["b\\x1b[2J"]'


def test_a_key_that_is_a_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In an unknown key, below the Helm values, and as the name of a file."""
    word = "aB3xY9kLm2Qw8ErT5uZ7"
    (tmp_path / ".git").mkdir()
    (tmp_path / "config").mkdir()
    head = "name: home\ngitops: {tool: argocd, repository: https://git.example.org/a.git}\n"
    monkeypatch.chdir(tmp_path)
    for line in (
        f"{word}: 1",
        f"redis: {{values: {{{word}: 1}}}}",
        f"redis: {{values: {{master: {{{word}: 1}}}}}}",
        f"gitops2: {{{word}: a}}",
    ):
        (tmp_path / "config/home.yaml").write_text(f"{head}{line}\n")
        for extra in ([], ["--json"]):
            assert main(["check", *extra]) in (1, 2)
            captured = capsys.readouterr()
            assert word not in captured.out + captured.err, line
            assert captured.out + captured.err


def test_a_diff_shows_no_comment_of_a_file_with_a_secret() -> None:
    from rediskit.output.masking import Masker

    data = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "Yg=="}}
    header = "# Generated by rediskit from config/home.yaml; edit that and run rediskit render"
    text = f"{header}\n# the old password was hunter2\n#\n"
    masker = Masker()
    masked, has_secret = masker.document(data)
    shown = masker.yaml(text + yaml.safe_dump(data), masked, has_secret=has_secret, reformat=True)
    assert has_secret
    assert shown.startswith(f"{header}\n# <secret hmac:")
    assert "hunter2" not in shown
    assert "Yg==" not in shown
