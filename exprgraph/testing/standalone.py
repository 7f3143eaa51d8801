"""Functions of users as text, so that a report runs in a process that does not have them.

A function's own source is used if it can be found, and everything it uses can be written down.  Otherwise it is
replaced: a derivative by the expression it returned, a value on arrays by the code and the values at the point.
"""

from __future__ import annotations

import ast
import dis
import linecache
import math
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

import exprgraph

from ..canonical.operands import as_node
from ..functions.elementwise import Function
from ..graph.leaves import Symbol
from ..graph.node import Node
from ..graph.primitive import TABLE
from ..graph.traverse import topological, with_inner
from ..loops import runtime
from ..loops.formulas import elementary
from ..meaning.evaluate import evaluate_nodes
from ..show.python import Script
from .domains import is_everywhere
from .precise import evaluate_precisely


class _UnwritableError(Exception):
    """A function whose text cannot be found, or that uses objects without a text."""


def definitions(roots: Sequence[Node], at: Mapping[Node, Any], taken: Iterable[str]) -> tuple[list[str], set[str]]:
    """The statements that define users' functions in expressions and their derivatives, and the names they use.

    ``taken`` are names that the program uses otherwise.
    """
    rows = _rows_of(roots)
    if not rows:
        return [], set()
    written = _Written(taken)
    lines = [line for row in rows for line in _definition(row, written, roots, at)]
    # a function calls itself and others by the names at its definition
    names = [f'{name} = eg.lookup("{of}")' for name, of in written.functions.items()]
    return ["import math", *written.lines, *lines, *names], set(written.names)


def _rows_of(roots: Sequence[Node]) -> list[Function]:
    """Users' rows, in the order in which their derivatives use each other."""
    found: dict[str, Function] = {}
    pending = [n.op for n in with_inner(roots)]
    while pending:
        row = pending.pop()
        if isinstance(row, Function) and row.added and row.name not in found:
            found[row.name] = row
            for k in range(row.arity):
                made = _partial(row, k)
                pending += [n.op for n in topological([made])] if made is not None else []
    return list(reversed(found.values()))


def _partial(row: Function, k: int) -> Node | None:
    p = row.partials[k]
    if p is None:
        return None
    try:
        return as_node(p(*(Symbol(f"x{i}") for i in range(row.arity))))
    except Exception:  # a user's function may raise anything; its own source is the report
        return None


def _definition(row: Function, written: _Written, roots: Sequence[Node], at: Mapping[Node, Any]) -> list[str]:
    lines: list[str] = []
    try:
        numpy = written.of(row.numpy)
    except _UnwritableError:
        numpy = f"{row.name}_on_arrays"
        lines += _by_code(row, numpy, roots, at)
    partials = []
    for k, p in enumerate(row.partials):
        try:
            partials.append("None" if p is None else written.of(p))
        except _UnwritableError:
            name = f"{row.name}_derivative_{k}"
            lines += _by_expression(row, k, name)
            partials.append(name)
    derivative = partials[0] if row.arity == 1 else f"[{', '.join(partials)}]"
    columns = [f"numpy={numpy}", f"derivative={derivative}", f"code={row.code!r}"]
    columns += [] if is_everywhere(row) else [f"domain={_intervals(row.domain)}"]
    columns.append(f"sample={_intervals(row.sample)}")
    columns += [f"source={row.source!r}"] if row.source else []
    return [*lines, f'eg.function("{row.name}", {", ".join(columns)})']


def _intervals(values: Sequence[tuple[float, float]]) -> str:
    return "[" + ", ".join(f"({_number(low)}, {_number(high)})" for low, high in values) + "]"


def _by_expression(row: Function, k: int, name: str) -> list[str]:
    """A derivative as a function of the expression that it gave for numbers."""
    symbols = [Symbol(f"x{i}") for i in range(row.arity)]
    made = _partial(row, k)
    arguments = ", ".join(s.name for s in symbols)
    if made is None:
        return [f"def {name}({arguments}):  # its own could not be written down", f"    return {arguments}"]
    code = Script([made, *symbols], set())
    body = [line for line in code.lines if "= eg.Symbol(" not in line]
    return [f"def {name}({arguments}):", *(f"    {line}" for line in body), f"    return {code.text[made]}"]


def _by_code(row: Function, name: str, roots: Sequence[Node], at: Mapping[Node, Any]) -> list[str]:
    """A value on arrays by the code of one number, and the known values at the points of the expressions."""
    known: dict[tuple[float, ...], float] = {}
    for n in topological(roots):
        if n.op is row:
            precisely = np.asarray(evaluate_precisely(n, at), dtype=float)
            values = np.broadcast_arrays(precisely, *(np.asarray(v, float) for v in evaluate_nodes([n, *n.args], at)))
            for right, given, *point in zip(*(v.ravel().tolist() for v in values)):
                if not abs(given - right) <= 1e-15 * abs(right):
                    known[tuple(point)] = given
    arguments = ", ".join(f"a{k}" for k in range(row.arity))
    helpers = [f"    {line}" for line in row.source.splitlines() if not line.startswith("@")]
    filled = row.code.format(*(f"a{k}" for k in range(row.arity)))
    words = set(re.findall(r"[A-Za-z_]\w*", row.code + row.source))
    library = {n: f for n, f in {**elementary(), **vars(runtime)}.items() if n in words}
    own = [f"from {f.__module__} import {n}" for n, f in library.items() if f"def {n}(" not in row.source and callable(f)]
    table = "{" + ", ".join(f"({', '.join(map(_number, at))},): {_number(v)}" for at, v in known.items()) + "}"
    kept = f"known[{arguments},] if ({arguments},) in known else " if known else ""
    return [
        *own,
        f"def {name}(*arrays):  # its own could not be written down: this is its code{', and what it gave at the point' * bool(known)}",
        *helpers,
        *([f"    known = {table}"] if known else []),
        f"    one = np.vectorize(lambda {arguments}: {kept}{filled}, otypes=[float])",
        "    return one(*arrays)",
    ]


class _Written:
    """Functions as text, and the statements and names that the text needs."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"np": np, "eg": exprgraph, "math": math, **dict.fromkeys(taken)}
        #: names that stand for functions added to the table, and their names there
        self.functions: dict[str, str] = {}

    def of(self, f: Any) -> str:
        """Python that evaluates to the function.

        Raises:
            _UnwritableError: there is none.
        """
        for module, name in ((np, "np"), (exprgraph, "eg")):
            own = getattr(f, "__name__", "")
            if own and getattr(module, own, None) is f:
                return f"{name}.{own}"
        if isinstance(f, np.vectorize):
            return f"np.vectorize({self.of(f.pyfunc)}, otypes=[float])"
        if not isinstance(f, FunctionType):
            if isinstance(f, type(abs)) and f.__module__ == "builtins":
                return f.__name__
            raise _UnwritableError
        found = _source_of(f)
        self._needs(f)
        if isinstance(found, ast.Lambda):
            return f"({ast.unparse(found)})"
        found.decorator_list = []
        for part in ast.walk(found):  # annotations have names of their own
            if isinstance(part, ast.arg):
                part.annotation = None
            elif isinstance(part, ast.FunctionDef):
                part.returns = None
        self._bind(found.name, f, ast.unparse(found))
        return found.name

    def _needs(self, f: FunctionType) -> None:
        """The names that the function uses: modules, numbers, other functions."""
        used = {n: f.__globals__[n] for n in _globals(f.__code__) if n in f.__globals__}
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            try:
                used[name] = cell.cell_contents
            except ValueError:  # not assigned yet
                raise _UnwritableError from None
        for name, value in used.items():
            row = TABLE.get(getattr(value, "__name__", ""))
            if isinstance(value, ModuleType):
                self._bind(name, value, f"import {value.__name__} as {name}")
            elif isinstance(value, (bool, int, float)):
                self._bind(name, value, f"{name} = {_number(value)}")
            elif isinstance(row, Function) and getattr(value, "__qualname__", "") == row.name:
                self._bind(name, row, "")
                self.functions[name] = row.name
            elif isinstance(value, FunctionType) and value is not f:
                text = self.of(value)
                if text != name:
                    self._bind(name, value, f"{name} = {text}")
            elif value is not f:
                raise _UnwritableError

    def _bind(self, name: str, value: Any, statement: str) -> None:
        if name not in self.names:
            self.names[name] = value
            self.lines += [statement] if statement else []
        elif self.names[name] is not value and self.names[name] != value:
            raise _UnwritableError


def _globals(code: CodeType) -> set[str]:
    """The names of a function's code that it looks up outside of it."""
    codes = [code]
    for c in codes:
        codes += [k for k in c.co_consts if isinstance(k, CodeType)]
    return {i.argval for c in codes for i in dis.get_instructions(c) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}


def _number(value: float) -> str:
    text = repr(value)
    return f"math.{text.lstrip('-')}" if text in ("inf", "nan") else "-math.inf" if text == "-inf" else text


def _source_of(f: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The definition of a function in the file, or the cell of a notebook, that it came from."""
    code = f.__code__
    lines = linecache.getlines(code.co_filename, f.__globals__)
    if not lines:
        raise _UnwritableError
    try:
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except SyntaxError:
        raise _UnwritableError from None
    found: dict[str, ast.FunctionDef | ast.Lambda] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and _begins(node) == code.co_firstlineno and _same(node, code):
            found[ast.unparse(node)] = node
    if len(found) != 1:  # none, or two different ones that compile to the same code
        raise _UnwritableError
    return next(iter(found.values()))


def _begins(node: ast.FunctionDef | ast.Lambda) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min([node.lineno, *(d.lineno for d in decorators)])


def _same(node: ast.FunctionDef | ast.Lambda, code: CodeType) -> bool:
    """Whether a definition compiles to that code: the file may have changed."""
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    if names != list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]):
        return False
    if isinstance(node, ast.FunctionDef):
        return node.name == code.co_name
    if code.co_name != "<lambda>":
        return False
    again: Callable[..., Any] = eval(compile(ast.Expression(node), "<lambda>", "eval"), {})
    other: CodeType = again.__code__
    return _steps(other) == _steps(code)


def _steps(code: CodeType) -> list[Any]:
    """The instructions of code, independent of whether names belong to an outer function or the module."""
    steps: list[Any] = []
    for i in dis.get_instructions(code):
        if i.opname.startswith("LOAD_") and i.opname != "LOAD_CLOSURE":
            kind = "attribute" if i.opname in ("LOAD_METHOD", "LOAD_ATTR") else "value"
            steps.append(_steps(i.argval) if isinstance(i.argval, CodeType) else (kind, repr(i.argval)))
        elif i.opname.startswith(("BINARY", "COMPARE", "UNARY", "CALL", "POP_JUMP", "JUMP")):
            steps.append((i.opname, i.argrepr if i.opname.startswith(("BINARY", "COMPARE")) else ""))
    return steps


__all__ = ["definitions"]
