"""The sources of the functions that generated code calls; a module carries those it uses."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from functools import cache
from types import ModuleType
from typing import Any

from ..loops import runtime
from ..loops.formulas import circular, double, error, exponential, logarithm, power, single

_FORMULAS = (exponential, logarithm, power, circular, error)


@cache
def elementary(narrow: bool) -> dict[str, Callable[..., Any]]:
    """The elementary functions by name, and what they call: of float32, or of float64.

    The functions themselves compute in float64; those of float32 are text for a compiler.
    """
    return _functions(single if narrow else double, *_FORMULAS)


@cache
def sources(narrow: bool) -> dict[str, str]:
    """The source of each function by name."""
    own = _texts(single if narrow else double, *_FORMULAS)
    if narrow:
        own = {name: _with_literals(text) for name, text in own.items()}
    return {**own, **_texts(runtime)}


def _texts(*modules: ModuleType) -> dict[str, str]:
    """The source of each function of some modules: each file is parsed once, where inspect takes it apart for every function."""
    found = {}
    for module in modules:
        lines = inspect.getsource(module).splitlines(keepends=True)
        for d in ast.parse("".join(lines)).body:
            if isinstance(d, ast.FunctionDef):
                first = min([d.lineno, *(x.lineno for x in d.decorator_list)])
                found[d.name] = "".join(lines[first - 1 : d.end_lineno])
    return found


def _functions(*modules: ModuleType) -> dict[str, Callable[..., Any]]:
    return {n: f for m in modules for n, f in vars(m).items() if inspect.isfunction(f) and f.__module__ == m.__name__}


def names() -> set[str]:
    """The names of all these functions."""
    return elementary(False).keys() | _functions(runtime).keys()


class _Literals(ast.NodeTransformer):
    """Float literals as numbers of the module's own type, which Numba would otherwise widen."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is float:
            return ast.Call(ast.Name("R"), [node], [])
        return node


def _with_literals(text: str) -> str:
    return ast.unparse(_Literals().visit(ast.parse(text))) + "\n"


@cache
def _called(text: str) -> frozenset[str]:
    """The names of the functions that a function calls."""
    calls = (n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    return frozenset(f.id for f in calls if isinstance(f, ast.Name))


def words(text: str) -> set[str]:
    """The names in a piece of code."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def needed(names: Iterable[str], narrow: bool) -> list[str]:
    """The functions named, and all that they call."""
    library = sources(narrow)
    found: set[str] = set()
    pending = [n for n in names if n in library]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _called(library[name]) & library.keys() - found
    return [n for n in library if n in found]


__all__ = ["elementary", "names", "needed", "sources", "words"]
