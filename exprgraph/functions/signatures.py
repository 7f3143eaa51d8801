"""Checks of a user's function at its definition; each error names the column.

Nothing is executed.  The checks cover the number of arguments, the syntax and names of code, the fields of templates,
and intervals.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
import math
import string
import symtable
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..loops.errors import MistakeError
from ..loops.library import OPERATIONS, signatures
from ..loops.read import Template, read_template
from ..support.deep import deep_syntax
from ..support.names import is_identifier

Interval = tuple[float, float]
#: tests take points from here, if the domain has some
_USUAL: Interval = (-2.0, 2.0)
#: code that is never a number
_NO_NUMBER = (
    ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Lambda, ast.JoinedStr, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
)  # fmt: skip


def check_name(name: object) -> None:
    """Check that Python code can use the name."""
    if not isinstance(name, str):
        raise TypeError(f"a function's name is a string, got {type(name).__name__}: {name!r}")
    if not is_identifier(name):
        raise ValueError(f"a function's name must be a Python identifier, got {name!r}")


def partials_of(name: str, derivative: Any) -> tuple[Callable[..., Any] | None, ...]:
    """The derivative by each argument."""
    given = tuple(derivative) if isinstance(derivative, (list, tuple)) else (derivative,)
    if not given:
        raise ValueError(f"function {name}: derivative is empty; give a function, or a sequence with one for each argument")
    for k, p in enumerate(given):
        which = "derivative" if len(given) == 1 else f"derivative {k}"
        if p is not None and not callable(p):
            raise TypeError(
                f"function {name}: {which} is a function of the arguments' expressions, such as lambda x: 2*x, or None where it is 0; "
                f"got {p!r}"
            )
        if p is not None:
            _check_arity(name, which, p, len(given), "a function of several arguments has a sequence of derivatives, one for each")
    return given


def check_numpy(name: str, numpy: Any, arity: int) -> None:
    """Check the value on arrays: a function with one argument per derivative."""
    if not callable(numpy):
        raise TypeError(f"function {name}: numpy is a function of arrays, got {numpy!r}")
    _check_arity(name, "numpy", numpy, arity, "derivative has one entry for each argument")


def _check_arity(name: str, column: str, f: Any, arity: int, hint: str) -> None:
    said = _refuses(f, arity)
    if said:
        raise TypeError(f"function {name}: {column} does not take {arity} argument{'s' * (arity != 1)} ({said}); {hint}")


def _refuses(f: Any, count: int) -> str:
    """The reason why a function cannot be called with this number of arguments; empty if it can, or nothing is known."""
    if isinstance(f, np.ufunc):
        return "" if f.nin <= count <= f.nargs else f"it takes {f.nin}"
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # a builtin without a signature
        return ""
    try:
        signature.bind(*[None] * count)
    except TypeError as e:
        return str(e)
    return ""


# ---------------------------------------------------------------- printing


def check_text(name: str, text: Any, latex: Any, doc: Any, arity: int) -> None:
    """Templates of ``{0}``, ``{1}``, ...; LaTeX may be a command instead."""
    for column, value in (("text", text), ("latex", latex), ("doc", doc)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"function {name}: {column} is a string, got {value!r}")
    if text is not None:
        _check_template(name, "text", text, arity)
    if latex is not None and any(f"{{{k}}}" in latex for k in range(10)):  # else it is a command
        _check_template(name, "latex", latex, arity)


def _check_template(name: str, column: str, template: str, arity: int) -> None:
    marks = [f"\0{k}\0" for k in range(arity)]
    try:
        filled = template.format(*marks)
    except (IndexError, KeyError, ValueError, AttributeError) as e:
        raise ValueError(
            f"function {name}: {column} is a template of {_places(arity)}, with other braces doubled; got {template!r} ({_reason(e)})"
        ) from None
    if not any(m in filled for m in marks):
        raise ValueError(
            f"function {name}: {column} is a template of {_places(arity)}, and has no place for an argument; got {template!r}"
            + (f" (inside of braces it is {'{{{0}}}'})" if "{{0}}" in template else "")
        )


def _places(arity: int) -> str:
    return ", ".join(f"{{{k}}}" for k in range(arity))


def _reason(error: Exception) -> str:
    return f"there is no argument {error}" if isinstance(error, KeyError) else str(error)


# ---------------------------------------------------------------- intervals


def intervals_of(name: str, column: str, value: Any, arity: int) -> list[Interval] | None:
    """An interval for each argument, from one for all or from a sequence."""
    if value is None:
        return None
    try:
        ends = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        ends = np.empty(0)
    if ends.shape == (2,):
        ends = np.broadcast_to(ends, (arity, 2))
    if ends.shape != (arity, 2) or not (ends[:, 0] < ends[:, 1]).all() or isinstance(value, (str, bytes)):
        each = "" if arity == 1 else f", one for all {arity} arguments or one for each"
        raise ValueError(f"function {name}: {column} is an interval (low, high) with low < high{each}; got {value!r}")
    return [(float(low), float(high)) for low, high in ends]


def check_sample(name: str, domain: Sequence[Interval] | None, sample: Sequence[Interval] | None) -> None:
    """Check that points for tests are finite and inside of the domain."""
    for k, (low, high) in enumerate(sample or ()):
        if math.isinf(low) or math.isinf(high):
            raise ValueError(f"function {name}: sample is where tests take points, and has finite ends; got {(low, high)}")
        if domain is not None and not (domain[k][0] <= low and high <= domain[k][1]):
            raise ValueError(f"function {name}: sample {(low, high)} is not inside of the domain, {domain[k]}")


def usual_sample(domain: Interval) -> Interval:
    """The default points for tests: near 0 if the domain has such points, else near its end."""
    low, high = max(domain[0], _USUAL[0]), min(domain[1], _USUAL[1])
    if low < high:
        return low, high
    if domain[0] >= _USUAL[1]:
        return domain[0], min(domain[1], domain[0] + abs(domain[0]))
    return max(domain[0], domain[1] - abs(domain[1])), domain[1]


# ---------------------------------------------------------------- code


def read_code(name: str, code: Any, source: Any, arity: int) -> Template:
    """The meaning of a function's code for one number.

    Raises:
        TypeError, ValueError: it is no Python of so many arguments and of names that exist.
    """
    if not isinstance(code, str) or not isinstance(source, str):
        raise TypeError(f"function {name}: code and source are strings, got {type(code).__name__} and {type(source).__name__}")
    try:
        with deep_syntax():
            _check_code(name, code, source, arity)
            return read_template(name, code, arity, source, signatures())
    except MistakeError as e:
        raise ValueError(f"function {name}: {e.text} calls {e.construct}, which does not work: {e.what}") from None
    except RecursionError:
        raise ValueError(f"function {name}: its code is deeper than Python can read; give parts of it names, in source") from None


def _check_code(name: str, code: str, source: str, arity: int) -> None:
    """Check the code before it is read: syntax, number of arguments, names."""
    filled = _filled(name, code, arity)
    for what, text, mode in (("code", filled, "eval"), ("source", source, "exec")):
        try:
            compile(text, f"<{what} of {name}>", mode)
        except (SyntaxError, ValueError) as e:
            raise ValueError(f"function {name}: {what} is not Python: {e}, in {text[:200]!r}") from None
    helpers = ast.parse(source).body
    if not all(isinstance(s, ast.FunctionDef) for s in helpers):
        raise ValueError(f"function {name}: source holds the definitions of helper functions and nothing else, got {source[:200]!r}")
    value = ast.parse(filled, mode="eval").body
    if isinstance(value, _NO_NUMBER) or (isinstance(value, ast.Constant) and not isinstance(value.value, (bool, int, float))):
        raise ValueError(f"function {name}: code is an expression whose value is a number, got {code!r}")
    defined = {d.name: d for d in helpers if isinstance(d, ast.FunctionDef)}
    known = {"math", "np", *signatures(), *OPERATIONS, *dir(builtins), *defined, *(f"a{k}" for k in range(arity))}
    _check_names(name, "code", filled, "eval", known, defined)
    _check_names(name, "source", source, "exec", known, defined)
    for d in defined.values():
        for decorator in d.decorator_list:
            if not ast.unparse(decorator).startswith("njit"):
                written = ast.unparse(decorator)
                raise ValueError(
                    f"function {name}: source has the decorator @{written}; helpers need none, and @njit is the only one there is"
                )


def _filled(name: str, code: str, arity: int) -> str:
    """The code with names for its arguments."""
    try:
        fields = [f for f in string.Formatter().parse(code) if f[1] is not None]
        odd = next((f for f in fields if f[2] or f[3]), None)
        if odd is not None:
            raise ValueError(f"{{{odd[1]}}} stands alone in its braces")
        return code.format(*(f"a{k}" for k in range(arity)))
    except (IndexError, KeyError, ValueError, AttributeError) as e:
        more = "; for several arguments give a derivative for each, as a sequence" if isinstance(e, IndexError) else ""
        raise ValueError(f"function {name}: code is an expression of {_places(arity)}, got {code!r} ({_reason(e)}){more}") from None


def _check_names(name: str, column: str, text: str, mode: str, known: set[str], helpers: Mapping[str, ast.FunctionDef]) -> None:
    tables = list(_tables(symtable.symtable(text, f"<{column} of {name}>", mode)))
    inside = tables if mode == "eval" else tables[1:]  # a module's own names are its definitions
    for table in inside:
        for s in table.get_symbols():
            free = s.is_global() or (table.get_type() == "module" and s.is_referenced())
            if free and s.get_name() not in known:
                near = difflib.get_close_matches(s.get_name(), known - set(dir(builtins)), 1)
                raise ValueError(
                    f"function {name}: {column} has the name {s.get_name()!r}, which is neither math, np, a function of generated code, "
                    f"nor a helper in source{_perhaps(near)}"
                )
    parts = list(ast.walk(ast.parse(text, mode=mode)))
    for node in parts:
        if isinstance(node, ast.Attribute):
            _check_attribute(name, column, node)
    for node in parts:
        if isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args):
            _check_call(name, column, node, helpers)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    pending = [table]
    while pending:
        t = pending.pop(0)
        yield t
        pending += t.get_children()


def _attribute(node: ast.expr) -> Any:
    """The object of a name of ``math`` or NumPy; ``None`` for other names.

    Raises:
        AttributeError: there is no such name.
    """
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    if not path or not isinstance(node, ast.Name) or node.id not in ("math", "np"):
        return None
    found: Any = math if node.id == "math" else np
    for attribute in path:
        if not inspect.ismodule(found):
            return None
        found = getattr(found, attribute)
    return found


def _check_attribute(name: str, column: str, node: ast.Attribute) -> None:
    try:
        _attribute(node)
    except AttributeError as e:
        module = ast.unparse(node.value)
        of = math if module == "math" else np
        near = [f"{module}.{n}" for n in difflib.get_close_matches(node.attr, dir(of), 1)]
        raise ValueError(f"function {name}: {column} has {module}.{node.attr}, and {e}{_perhaps(near)}") from None


def _check_call(name: str, column: str, node: ast.Call, helpers: Mapping[str, ast.FunctionDef]) -> None:
    """Check the number of arguments in calls of functions of ``math``, of NumPy or of source."""
    if isinstance(node.func, ast.Name) and node.func.id in helpers:
        given = helpers[node.func.id].args
        most, least = len(given.posonlyargs) + len(given.args), len(given.posonlyargs) + len(given.args) - len(given.defaults)
        said = "" if given.vararg or least <= len(node.args) <= most else f"it takes {most}"
    else:
        f = _attribute(node.func)
        said = _refuses(f, len(node.args)) if callable(f) and not isinstance(f, type) else ""
    if said:
        raise ValueError(f"function {name}: {column} calls {ast.unparse(node)}, which does not work: {said}")


def _perhaps(near: Sequence[str]) -> str:
    return f"; do you mean {near[0]}?" if near else ""


__all__ = [
    "Interval",
    "check_name",
    "check_numpy",
    "check_sample",
    "check_text",
    "intervals_of",
    "partials_of",
    "read_code",
    "usual_sample",
]
