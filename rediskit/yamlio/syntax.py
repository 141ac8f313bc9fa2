"""The YAML parser's complaints in plain words. It has two vocabularies: libyaml's, and that of PyYAML's own parser."""

from __future__ import annotations

import re

from yaml import MarkedYAMLError

from rediskit.errors import Problem
from rediskit.yamlio.places import Lines

TAB = ("a tab stands where YAML wants spaces", "indent with spaces, and put text that has a tab in it in quotes")
TAG = ("a tag (a word that begins with !) is refused", "remove it; put text that begins with ! in quotes")
EMPTY = ("the file is empty", "write keys and values, one a line: key: value")
NUMBER = ("a number that is too large for what it says", r"\U takes a character up to \U0010FFFF, %YAML the version 1.2")
ESCAPE = ("a backslash sequence that is no character", "write the character itself, in UTF-8")

CONFLICT = (
    "a merge conflict stands here, as Git left it",
    "keep what is right of both sides, and take out the lines that begin with <<<<<<<, =======, >>>>>>> or |||||||",
)
_CONFLICT = re.compile(r"^(?:<{7} |>{7} |\|{7} |={7}$)", re.MULTILINE)

_CLOSING = {"[": "]", "{": "}"}
_INDENT = "check indentation, quotes and brackets here and above"

# (part of the parser's context or problem, whether the context's place is the better one, message, hint); the first match counts.
_WORDS = (
    ("found undefined tag handle", False, *TAG),
    ("while scanning a tag", True, *TAG),
    ("while parsing a tag", True, *TAG),
    ("while scanning an alias", True, "an unquoted * begins an alias", "put text that begins with * in quotes"),
    ("while scanning an anchor", True, "an unquoted & begins an anchor", "put text that begins with & in quotes"),
    ("directive", True, "a directive that YAML does not have", "remove the line that begins with %"),
    ("incompatible YAML document", False, "a version of YAML that nobody reads", "remove the line that begins with %"),
    ("while scanning a block scalar", False, "expected a new line after | or >", "begin the text in the next line, indented"),
    (
        "mapping values are not allowed",
        False,
        "this colon can't stand here",
        "align the key with its neighbours; put text with a colon in quotes",
    ),
    ("sequence entries are not allowed", False, "a list can't begin here", "begin it in a new line, below its key"),
    ("mapping keys are not allowed", False, "a key can't begin here", "write it as key: value, in a new line"),
    ("expected ':'", True, "a colon is missing in this line", "write key: value; text over several lines is indented below its key"),
    ("found unexpected end of stream", True, "the quote that opens here is never closed", "close it at the end of the text"),
    ("found unexpected document", True, "the quote that opens here is never closed", "close it before the ---"),
    ("document start", False, "the document has ended before this", "one file holds one document: check brackets, quotes and indentation"),
)
_ESCAPES = (
    ("unknown escape character", "a backslash sequence that YAML does not have", r"write \\ for a backslash, or use single quotes"),
    ("decimal number", "a backslash sequence without its digits", r"\x takes 2, \u 4 and \U 8 hexadecimal digits"),
    ("Unicode character escape", *ESCAPE),
)


def explain(error: MarkedYAMLError, lines: Lines, opened: int) -> Problem:
    """The Problem that a syntax error is; `opened` is where the mapping or list begins in which the parser stands.

    No words of the file are repeated: they may be a password that lacks its quotes.
    """
    if conflict := _CONFLICT.search(lines.text):
        return _problem(lines, conflict.start(), *CONFLICT)
    problem, context = error.problem or "", error.context or ""
    at = error.problem_mark.index if error.problem_mark else len(lines.text)
    begin = error.context_mark.index if error.context_mark else at
    found = lines.text[at : at + 1]
    if found == "\t" and ("cannot start any token" in problem or "tab character" in problem):
        return _problem(lines, at, *TAB)
    if "cannot start any token" in problem:
        return _problem(lines, at, f"text can't begin with {found}", "put it in quotes")
    for part, message, hint in _ESCAPES if "quoted scalar" in context else ():
        if part in problem:
            return _problem(lines, lines.text.rfind("\\", 0, at + 1), message, hint)
    for part, at_context, message, hint in _WORDS:
        if part in problem or part in context:
            return _problem(lines, begin if at_context else at, message, hint)
    if at == len(lines.text):
        begin = next((place for place in (begin, opened) if lines.text[place : place + 1] in _CLOSING), begin)
    return _structure(problem, context, lines, begin, at)


def _structure(problem: str, context: str, lines: Lines, begin: int, at: int) -> Problem:
    """Errors in how brackets, lists and sections stand in each other; `begin` is where the outer one begins."""
    found, opening, line = lines.text[at : at + 1], lines.text[begin : begin + 1], lines.at(begin).line
    if not found and opening in _CLOSING:
        return _problem(lines, begin, f"the {opening} that opens here is never closed", f"close it with {_CLOSING[opening]}")
    if "while parsing a flow" in context and opening in _CLOSING:
        return _problem(lines, at, f"expected a comma or {_CLOSING[opening]}", f"the {opening} stands in line {line}")
    if found == ":":
        return _problem(lines, at, "no key stands before this colon", "write key: value; put text with a colon in quotes")
    if "node content" in problem:
        hint = "put it in quotes where it is text" if found in set(",[]{}") else "write a value"
        return _problem(lines, at, f"expected a value, found {found if found.strip() else 'nothing'}", hint)
    if lines.before(at).strip(" -"):
        return _problem(lines, at, "the value has ended before this", "put the whole text in quotes; in single quotes write '' for a quote")
    if "block mapping" in context:
        return _problem(lines, at, f"expected the next key of the section begun in line {line}", _INDENT)
    if "block collection" in context:
        return _problem(lines, at, f"expected the next '- ' of the list begun in line {line}", _INDENT)
    return _problem(lines, at, f"this is not YAML: {problem}", _INDENT)


def _problem(lines: Lines, at: int, message: str, hint: str) -> Problem:
    return Problem(message, hint, (), lines.at(at))
