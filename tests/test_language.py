"""The words of everything a user reads: messages, help, rendered pages, documentation and docstrings use the field's own terms."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rediskit.cli.parser import parser

ROOT = Path(__file__).parent.parent


class Rule(NamedTuple):
    """A wording that no text may use.

    Attributes:
        pattern: a regular expression for the wording, without regard to case.
        instead: the replacement.
    """

    pattern: str
    instead: str


RULES = (
    Rule(r"gates? (is |are )?(open|shut)|\bshut\b", "gate passed, or gate blocked"),
    Rule(r"\bedges?\b", "transition"),
    Rule(r"\bways? back\b|\bleads? back\b|\bway out\b", "rollback"),
    Rule(r"\bon (its|their) way\b", "migration in progress"),
    Rule(r"\bowners?'s? |\bowner says\b|\bthe owners?\b(?! of)", "application repository"),
    Rule(r"(?-i:\btrees?\b)", "rendered manifests, or output directory"),
    Rule(r"\b(the|each|every|one|our|other|first) units?\b(?! of)", "component, Application or Kustomization"),
    Rule(r"\bmend(s|ed|ing)?\b", "fix"),
    Rule(r"\banew\b", "again"),
    Rule(r"\bin (the )?clear\b", "in plain text"),
    Rule(
        r"\b(one|file|each|line|entry|Secret|Application|Kustomization) an? (namespace|folder|line|client|file|step|case|rule|unit)\b",
        "per",
    ),
    Rule(r"\b(stands?|stood|standing)\b(?! for| alone|ing)", "is, or is in"),
    Rule(r"\b(lies?|lying|lay) (in|at|on|beside|outside|under|between|there)\b", "is in, or is stored in"),
    Rule(r"\b(says?|said|unsaid|speaks?|spoken|spoke)\b", "sets, references or reports"),
    Rule(r"\bjudg(e|es|ed|ing)\b", "validate"),
    Rule(r"\b(put|puts|renamed|moved) into place\b|\bin its place\b", "write, or replace"),
    Rule(r"(^|\bthen )look: ?|\blook(s|ed|ing)? at\b", "verify, check or read"),
    Rule(r"\bwhose (these|they|it|the names)\b", "ownership"),
    Rule(r"\b(is|was|were|been|be) seen\b|\bseen (on|with|in|by|at)\b", "observed in tests (with versions)"),
    Rule(r"\bpoints? of no return\b|--no-return", "irreversible step, --confirm-irreversible"),
    Rule(r"\bas.decided\b", "scale-down-first"),
    Rule(r"\b(nobody|somebody|anybody|everybody|whoever)\b(?!\.yaml)", "the role, or the passive condition"),
    Rule(r"\b(turn|turns|turned|turning) (\w+ )?away\b|\blet in\b", "reject"),
    Rule(r"\bfor ever\b", "without limit"),
    Rule(r"\b(the|our) brief\b|\bdecisions? \d|\bas decided\b|\bhouse\b|\brooms?\b", "the fact itself"),
    Rule(r"design(\.md)? §|\bfacts: |\bfacts/", "a link, or a file and line of the chart"),
    Rule(r"\b(of|by|at) (one|its|their) own accord\b|\bby itself alone\b", "automatically"),
    Rule(r"\bwhat (it|they|he|she) (is|are|has|have|needs?)\b", "a noun"),
    Rule(r"\b(Application|Kustomization)s? of the application\b", "the Application or Kustomization that deploys the application"),
    Rule(r"\bboth namespaces\b", "the namespaces of Redis and of the client"),
    Rule(r"\bown look\b", "an instruction: read the file, or find the pods in CLIENT LIST"),
    Rule(r"\bin one go\b", "a whole step"),
    Rule(r"\bthe other way round\b", "each of the two cases, or only one of"),
    Rule(r"\bhere or above\b", "in this directory or a parent"),
    Rule(r"\b(hold|holds|holding|held) up\b", "block, or delay"),
    Rule(r"\bhonou?r(s|ed)?\b", "support"),
    Rule(r"\bbrings?\b", "create, install or download"),
    Rule(r"\bany ?more\b", "no longer"),
)


class Allowed(NamedTuple):
    """A context in which a wording is correct.

    Attributes:
        context: a regular expression for the wording with its context.
        reason: why it is correct there.
    """

    context: str
    reason: str


ALLOWED = (
    Allowed(r"work(ing)?\s+trees?|(source|syntax) trees?", "terms of Git and of parsers"),
    Allowed(r"tree = render\(env\)|\(env, tree\)|\(tree, \"rendered\"\)", "the example of the library"),
    Allowed(r"stand-ins?", "the term for a test double"),
)

LONGEST = 25
"""Words in a sentence. Code counts as one word."""

PACKAGE = sorted((ROOT / "rediskit").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEMPLATES = sorted((ROOT / "rediskit/data/templates").glob("*.j2"))
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def wrong(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset of each forbidden wording with a message. Code, `[codes]` and names of parameters are skipped."""
    prose = re.sub(r"`[^`\n]*`|\[[a-z-]+\]|^ {4,}[a-z_]+(?=:)", lambda code: "~" * len(code[0]), text, flags=re.MULTILINE)
    free = [match.span() for allowed in ALLOWED for match in re.finditer(allowed.context, prose, re.IGNORECASE)]
    for rule in RULES:
        for match in re.finditer(rule.pattern, prose, re.IGNORECASE | re.MULTILINE):
            if not any(start <= match.start() and match.end() <= end for start, end in free):
                yield match.start(), f"{match[0].strip()!r}: write {rule.instead}"


def in_lines(name: str, text: str) -> Iterator[str]:
    """Yield file:line and message of each forbidden wording in a text file."""
    for offset, message in wrong(text):
        yield f"{name}:{text.count(chr(10), 0, offset) + 1}: {message}"


def prose_of_markdown(text: str) -> str:
    """Return Markdown without its code blocks, with the same lines."""
    return re.sub(r"^ *```.*?^ *```", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)


def prose_of_template(text: str) -> str:
    """Return a template without code blocks and without Jinja2 expressions, with the same lines."""
    return re.sub(r"\{[{%].*?[%}]\}", lambda code: re.sub(r"[^\n]", "~", code[0]), prose_of_markdown(text), flags=re.DOTALL)


def in_source(name: str, source: str) -> Iterator[str]:
    """Yield file:line and message for the texts in a Python file: string constants with a space, which include docstrings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for offset, message in wrong(node.value):
                yield f"{name}:{node.lineno + node.value.count(chr(10), 0, offset)}: {message}"


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each sentence of Markdown. A cell, an item, a heading and a clause after a colon or semicolon end one."""
    start, paragraph = 0, ""
    for number, line in enumerate([*prose_of_markdown(text).split("\n"), ""], 1):
        stripped = line.strip()
        item = re.match(r"(?:[*-]|\d+\.) ", stripped)
        if item or stripped.startswith(("|", "#", "<!--")) or not stripped:
            yield from _split(start, paragraph)
            start, paragraph = number, ""
        if stripped.startswith("|"):
            for cell in re.split(r"(?<!\\)\|", stripped):
                yield from _split(number, cell)
        elif stripped and not stripped.startswith(("#", "<!--")):
            start, paragraph = (start if paragraph else number), f"{paragraph} {stripped[item.end() if item else 0 :]}"


def _split(number: int, text: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a paragraph. Code is one word, and a link is its text."""
    words = re.sub(r"`[^`]*`", "`code`", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    yield from ((number, sentence) for sentence in re.split(r"(?<=[.:;?!])[*]*\s+", words) if sentence.strip())


def long_sentences(name: str, text: str) -> Iterator[str]:
    """Yield file:line and message of each sentence with more words than a reader takes in at once."""
    for number, sentence in sentences(text):
        count = sum(bool(re.search(r"\w", word)) for word in sentence.split())
        if count > LONGEST:
            yield f"{name}:{number}: {count} words, at most {LONGEST}: {sentence.strip()}"


def texts_of(program: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield name and text of each description and of each option of a command and of all its subcommands."""
    yield program.prog, program.description or ""
    for action in program._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in dict.fromkeys(action.choices.values()):
                yield from texts_of(command)
        else:
            yield f"{program.prog} {'/'.join(action.option_strings) or action.dest}", action.help or ""


def in_tests(name: str, source: str) -> Iterator[str]:
    """Yield file:line and message for docstrings and names of a test file. Tests call rendered manifests a tree, like the class."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            title = getattr(node, "name", "").replace("_", " ") if getattr(node, "name", "").startswith("test_") else ""
            for _, message in wrong(f"{title}\n{ast.get_docstring(node) or ''}"):
                if not message.startswith("'tree"):
                    yield f"{name}:{getattr(node, 'lineno', 1)}: {message}"


def helps(program: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield the name and help text of a command and of all its subcommands."""
    yield program.prog, program.format_help()
    for action in program._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in dict.fromkeys(action.choices.values()):
                yield from helps(command)


def report(wrong_lines: Iterable[str], what: str = "forbidden wordings") -> None:
    lines = list(wrong_lines)
    assert not lines, "\n".join([f"{len(lines)} {what}:", *lines])


@pytest.mark.parametrize("file", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_and_docstrings_use_plain_terms(file: Path) -> None:
    report(in_source(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_and_docstrings_of_tests_use_plain_terms(file: Path) -> None:
    report(in_tests(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_plain_terms(file: Path) -> None:
    report(in_lines(str(file.relative_to(ROOT)), prose_of_template(file.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("file", PAGES, ids=lambda path: path.name)
def test_documentation_uses_plain_terms(file: Path) -> None:
    report(in_lines(str(file.relative_to(ROOT)), prose_of_markdown(file.read_text(encoding="utf-8"))))


def test_help_uses_plain_terms() -> None:
    report(line for name, text in helps(parser()) for line in in_lines(f"{name} --help", text))


@pytest.mark.parametrize("file", PAGES, ids=lambda path: path.name)
def test_a_sentence_of_the_documentation_has_at_most_25_words(file: Path) -> None:
    report(long_sentences(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")), "long sentences")


def test_a_sentence_of_a_rendered_page_has_at_most_25_words() -> None:
    """The pages of every golden output, because a page depends on the step, the tool, the chart and the kind of owner."""
    pages = {file.read_bytes(): file for folder in ("rendered", "tests/golden") for file in sorted((ROOT / folder).rglob("*.md"))}
    assert len(pages) > 100
    too_long = (line for text, file in pages.items() for line in long_sentences(str(file.relative_to(ROOT)), text.decode()))
    report({line.partition(": ")[2]: line for line in too_long}.values(), "long sentences")


def test_a_sentence_of_the_help_has_at_most_25_words() -> None:
    report((line for name, text in texts_of(parser()) for line in long_sentences(name, text)), "long sentences")


def test_a_long_sentence_is_reported_with_its_line() -> None:
    words = " ".join(["word"] * 13)
    text = f"# Title\n\nShort.\n{words},\nand {words}.\n\n* {words}\n* {words}\n\n| {words} | {words} |\n\n```sh\n{words} {words}\n```\n"
    assert [line.partition(" words")[0] for line in long_sentences("page.md", text)] == ["page.md:3: 27"]
    assert list(long_sentences("page.md", f"{words}: `{words} {words}`, [{words}](a page) {words[:9]}")) == []


PLANTED = (
    ("the gate is shut", "gate blocked"),
    ("the owner's repository says replicas: 2", "sets, references or reports"),
    ("the way back loses nothing", "rollback"),
    ("one Application a unit", "per"),
    ("the key lies in the tree", "is stored in"),
    ("a mended config is rendered anew", "fix"),
    ("no password stands in clear", "in plain text"),
    ("Then look: the pods are ready", "verify"),
    ("seen on a real Argo CD 3.6.1", "observed in tests"),
    ("the point of no return", "irreversible step"),
    ("a default of the brief (design §4, facts: chart)", "the fact itself"),
    ("nobody is turned away", "reject"),
    ("pruning of the Application of the application", "that deploys the application"),
    ("the Secret is in both namespaces", "of Redis and of the client"),
    ("or your own look show it", "read the file"),
    ("take a step in one go", "a whole step"),
    ("no config/*.yaml here or above", "in this directory or a parent"),
    ("a failed Job holds up no commit", "block"),
    ("the chart brings two Services", "create"),
    ("the pod must not run anymore", "no longer"),
)


@pytest.mark.parametrize(("text", "instead"), PLANTED)
def test_a_forbidden_wording_is_reported_with_its_replacement(text: str, instead: str) -> None:
    assert any(instead in message for _, message in wrong(text)), text
    assert any(message.startswith("made.py:2: ") and instead in message for message in in_source("made.py", f"\nprint({text!r})"))
    assert any(message.startswith("made.md:2: ") and instead in message for message in in_lines("made.md", f"# Title\n{text}\n"))


def test_code_and_allowed_contexts_are_not_reported() -> None:
    text = "Run `git checkout tree` in the work tree.\n\n```sh\necho the owner says\n```\n\nA stand-in for kubectl.\n"
    assert list(in_lines("page.md", prose_of_markdown(text))) == []
    assert list(in_lines("page.md.j2", prose_of_template("{% for unit in units %}{{ unit.tree }}{% endfor %}"))) == []


def test_every_allowed_context_contains_a_forbidden_wording() -> None:
    """An entry that allows nothing is removed."""
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (*PACKAGE, *TEMPLATES, *PAGES))
    for allowed in ALLOWED:
        used = [match[0] for match in re.finditer(allowed.context, texts, re.IGNORECASE)]
        assert any(re.search(rule.pattern, text, re.IGNORECASE) for text in used for rule in RULES), allowed


def test_a_forbidden_wording_in_the_name_or_docstring_of_a_test_is_reported() -> None:
    source = 'def test_the_gate_is_shut() -> None:\n    """The key lies in the tree."""\n\n\ndef test_a_tree() -> None: ...\n'
    assert [message.partition(": write ")[0] for message in in_tests("made.py", source)] == [
        "made.py:1: 'gate is shut'",
        "made.py:1: 'lies in'",
    ]
