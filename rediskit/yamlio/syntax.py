"""Convert YAML syntax errors to problems. libyaml and the pure Python parser of PyYAML have different messages."""

import re

from yaml import MarkedYAMLError

from rediskit.errors import Problem
from rediskit.yamlio.places import Lines

SYNTAX = "yaml-syntax"
FEATURE = "yaml-feature"

# Code, message and hint of problems that the readers report, too.
TAB = (SYNTAX, "a tab in the indentation", "indent with spaces, and write text that contains a tab in quotes")
TAG = (FEATURE, "a tag (a word that starts with !) is not supported", "remove it, and write text that starts with ! in quotes")
EMPTY = (SYNTAX, "the file is empty", "write keys and values, one per line: key: value")
NUMBER = (SYNTAX, "the number is too large", r"write \U with a character up to \U0010FFFF, and %YAML with version 1.2")
ESCAPE = (SYNTAX, "the backslash sequence is not a character", "write the character itself, in UTF-8")
CONFLICT = (
    SYNTAX,
    "unresolved Git merge conflict",
    "resolve it, and remove the lines that start with <<<<<<<, =======, >>>>>>> or |||||||",
)
_CONFLICT = re.compile(r"^(?:<{7} |>{7} |\|{7} |={7}$)", re.MULTILINE)

_CLOSING = {"[": "]", "{": "}"}
_INDENT = "check indentation, quotes and brackets here and above"

# Part of the context or problem of the parser, whether to report the place of the context, code, message, hint. The first match applies.
_MESSAGES = (
    ("found undefined tag handle", False, *TAG),
    ("while scanning a tag", True, *TAG),
    ("while parsing a tag", True, *TAG),
    ("while scanning an alias", True, FEATURE, "an alias (*) is not supported", "write text that starts with * in quotes"),
    ("while scanning an anchor", True, FEATURE, "an anchor (&) is not supported", "write text that starts with & in quotes"),
    ("directive", True, SYNTAX, "unknown directive", "remove the line that starts with %"),
    ("incompatible YAML document", False, SYNTAX, "unsupported YAML version", "remove the line that starts with %"),
    ("while scanning a block scalar", False, SYNTAX, "expected a new line after | or >", "start the text in the next line, indented"),
    (
        "mapping values are not allowed",
        False,
        SYNTAX,
        "unexpected colon",
        "align the key with the other keys, or write text that contains a colon in quotes",
    ),
    ("sequence entries are not allowed", False, SYNTAX, "unexpected list", "start the list in a new line below its key"),
    ("mapping keys are not allowed", False, SYNTAX, "unexpected key", "write key: value in a new line"),
    ("expected ':'", True, SYNTAX, "missing colon", "write key: value, and indent text of several lines below its key"),
    ("found unexpected end of stream", True, SYNTAX, "the quote is not closed", "add the closing quote at the end of the text"),
    ("found unexpected document", True, SYNTAX, "the quote is not closed", "add the closing quote before the ---"),
    ("document start", False, SYNTAX, "unexpected text after the end of the document", "check brackets, quotes and indentation above"),
)
_ESCAPES = (
    ("unknown escape character", SYNTAX, "unknown backslash sequence", r"write \\ for a backslash, or use single quotes"),
    ("decimal number", SYNTAX, "incomplete backslash sequence", r"write 2 hexadecimal digits after \x, 4 after \u, 8 after \U"),
    ("Unicode character escape", *ESCAPE),
)


def explain(error: MarkedYAMLError, lines: Lines, opened: int) -> Problem:
    """Return the problem of a syntax error. The message repeats no text of the file, which can be a password without quotes.

    `opened` is the offset of the innermost mapping or list that is not complete.
    """
    if conflict := _CONFLICT.search(lines.text):
        return _problem(lines, conflict.start(), *CONFLICT)
    problem, context = error.problem or "", error.context or ""
    at = error.problem_mark.index if error.problem_mark else len(lines.text)
    begin = error.context_mark.index if error.context_mark else at
    character = lines.text[at : at + 1]
    if character == "\t" and ("cannot start any token" in problem or "tab character" in problem):
        return _problem(lines, at, *TAB)
    if "cannot start any token" in problem:
        return _problem(lines, at, SYNTAX, f"text can't start with {character}", "write it in quotes")
    for part, *texts in _ESCAPES if "quoted scalar" in context else ():
        if part in problem:
            return _problem(lines, lines.text.rfind("\\", 0, at + 1), *texts)
    for part, at_context, *texts in _MESSAGES:
        if part in problem or part in context:
            return _problem(lines, begin if at_context else at, *texts)
    if at == len(lines.text):
        begin = next((place for place in (begin, opened) if lines.text[place : place + 1] in _CLOSING), begin)
    return _structure(problem, context, lines, begin, at)


def _structure(problem: str, context: str, lines: Lines, begin: int, at: int) -> Problem:
    """Return the problem of wrong nesting of brackets, lists and mappings; `begin` is the offset of the outer one."""
    character, opening, line = lines.text[at : at + 1], lines.text[begin : begin + 1], lines.at(begin).line
    if not character and opening in _CLOSING:
        return _problem(lines, begin, SYNTAX, f"{opening} is not closed", f"add {_CLOSING[opening]}")
    if "while parsing a flow" in context and opening in _CLOSING and lines.text[at - 1 : at] == "$" and character == "{":
        return _problem(lines, at - 1, SYNTAX, "text with ${ needs quotes inside [ ] and { }", 'write it in quotes, like "${host}"')
    if "while parsing a flow" in context and opening in _CLOSING:
        return _problem(lines, at, SYNTAX, f"expected a comma or {_CLOSING[opening]}", f"add it; {opening} is in line {line}")
    if character == ":":
        return _problem(
            lines, at, SYNTAX, "missing key before the colon", "write key: value, or write text that contains a colon in quotes"
        )
    if "node content" in problem:
        hint = "write it in quotes if it is text" if character in set(",[]{}") else "write a value"
        return _problem(lines, at, SYNTAX, f"expected a value, found {character if character.strip() else 'nothing'}", hint)
    if lines.before(at).strip(" -"):
        return _problem(
            lines, at, SYNTAX, "unexpected text after the value", "write the whole text in quotes; in single quotes, '' is a quote"
        )
    if "block mapping" in context:
        return _problem(lines, at, SYNTAX, f"expected the next key of the mapping from line {line}", _INDENT)
    if "block collection" in context:
        return _problem(lines, at, SYNTAX, f"expected the next '- ' of the list from line {line}", _INDENT)
    return _problem(lines, at, SYNTAX, f"not valid YAML: {problem}", _INDENT)


def _problem(lines: Lines, at: int, code: str, message: str, hint: str) -> Problem:
    return Problem(message, hint, (), lines.at(at), code)
