"""The sources of the functions that generated code calls; a module carries those it uses."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable
from functools import cache
from types import ModuleType

from . import elementary, elementary32, runtime


@cache
def sources(single: bool) -> dict[str, str]:
    """The source of each function by name, in an order in which each comes after what it calls.

    Where a function has no form of its own in float32, that of the C library is used.
    """
    found = _functions(runtime)
    own = _functions(elementary32 if single else elementary)
    if single:
        own = {name: _with_literals(text) for name, text in own.items()}
    return {**own, **{name: text for name, text in found.items() if name not in own}}


def is_elementary(name: str, single: bool) -> bool:
    """Whether a function is branch-free code that belongs inside the loop that calls it."""
    return hasattr(elementary32 if single else elementary, name)


def _functions(module: ModuleType) -> dict[str, str]:
    functions = {n: f for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__}
    return {name: inspect.getsource(f) for name, f in functions.items()}


class _Literals(ast.NodeTransformer):
    """Float literals as numbers of the module's own type, which Numba would otherwise widen."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is float:
            return ast.Call(ast.Name("R"), [node], [])
        return node


def _with_literals(text: str) -> str:
    return ast.unparse(_Literals().visit(ast.parse(text))) + "\n"


def words(text: str) -> set[str]:
    """The names in a piece of code."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def needed(names: Iterable[str], single: bool) -> list[str]:
    """The functions named, and all that they call, each after what it calls."""
    library = sources(single)
    found: set[str] = set()
    pending = [n for n in names if n in library]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += words(library[name].split(":", 1)[1]) & library.keys() - found
    return [n for n in library if n in found]


__all__ = ["is_elementary", "needed", "sources", "words"]
