"""The descriptions of the models' fields: the text below each field in the source. Read only when somebody asks.

Pydantic can collect them itself (`use_attribute_docstrings`), but does so for every class at every start: 25 ms.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Field name to its description, of the class itself and of those it inherits from."""
    found: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent.__module__.startswith("rediskit."):
            found |= _of_class(parent)
    return found


def _of_class(model: type[BaseModel]) -> dict[str, str]:
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        documented = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if documented and isinstance(text, ast.Expr) and isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return found
