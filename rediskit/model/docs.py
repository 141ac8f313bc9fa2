"""Descriptions of the fields of models: the docstring below each field in the source.

Pydantic can collect them itself (`use_attribute_docstrings`), but then every start takes 25 ms longer.
"""

import ast
import inspect
from functools import cache

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the description of each field by name, inherited fields included."""
    texts: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent.__module__.startswith("rediskit."):
            texts |= _of_class(parent)
    return texts


def _of_class(model: type[BaseModel]) -> dict[str, str]:
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        documented = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if documented and isinstance(text, ast.Expr) and isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            texts[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return texts
