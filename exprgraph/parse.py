"""Reading: text as it is printed, or as a person writes it, into expressions.

The text is taken apart by Python's own grammar and read by a table of what it may hold: nothing of it
is ever executed, so text of unknown origin can be read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from . import functions, joining, leaves, linalg, operators, over_samples, reductions, shapes
from .elementwise import Function, caller, lookup
from .errors import DTypeError, ExprGraphError, ParseError, ShapeError
from .leaves import as_node
from .node import Node
from .primitive import SYMBOL, TABLE

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b, ast.MatMult: lambda a, b: a @ b,
    ast.Mod: lambda a, b: a % b,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Node]] = {
    ast.Lt: functions.less, ast.LtE: functions.less_equal, ast.Gt: operators.greater, ast.GtE: operators.greater_equal,
}  # fmt: skip
#: of an expression: ``a.T``, ``a.sum(axis=0)``
_PROPERTIES = ("T",)
_METHODS = ("sum", "mean", "max", "min", "reshape", "transpose", "ravel")
_MODULES = ("eg", "exprgraph")


def parse(text: str, symbols: Iterable[Node] | Mapping[str, Node] = ()) -> Node:
    """The expression that a text is, as ``str(e)`` and :func:`to_python` write them.

    Args:
        text: Python's arithmetic, indexing and calls of this package's functions; lines such as ``t = x + 1``
            before the last one name parts.
        symbols: the symbols that occur, or a dict of what names mean.  A name that is none of them, and is not
            defined in the text, is an error.

    Raises:
        ParseError: the text is no expression, or holds what an expression does not: it says where.

    Nothing in the text is executed.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.parse("sin(x*y)/x", [x, y]) is eg.sin(x * y) / x
    True
    >>> eg.parse("__import__('os').getcwd()")
    Traceback (most recent call last):
    ...
    exprgraph.errors.ParseError: line 1: the name '__import__' is unknown; symbols were given for: none
    """
    if not isinstance(text, str):
        raise TypeError(f"parse takes a string, got {type(text).__name__}")
    names: dict[str, Any] = {}
    for name, node in symbols.items() if isinstance(symbols, Mapping) else [(s.name, s) for s in map(_symbol, symbols)]:
        if names.setdefault(name, node) is not node:
            raise ValueError(f"parse: two symbols are named {name!r}; give a dict of names")
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL character
        line = getattr(error, "lineno", None) or 1
        raise ParseError(f"line {line}: {getattr(error, 'msg', error)}") from None
    except (RecursionError, MemoryError):
        raise ParseError("the text is nested too deeply for Python's parser; write parts of it on lines of their own") from None
    result: Any = _NOTHING
    for statement in body:
        if isinstance(statement, ast.Import) and [(a.name, a.asname) for a in statement.names] == [("exprgraph", "eg")]:
            continue
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            result = names[statement.targets[0].id] = _value(statement.value, names)
        elif isinstance(statement, ast.Expr):
            result = _value(statement.value, names)
        else:
            raise _error(statement, ast.unparse(statement).splitlines()[0])
    if result is _NOTHING:
        raise ParseError("the text is empty")
    if isinstance(result, _Name):
        raise ParseError(f"{result.text} is a function, not an expression")
    try:
        return as_node(result)
    except (DTypeError, ShapeError) as error:
        raise ParseError(f"{ast.unparse(body[-1])[:100]} is not an expression: {error}") from None


_NOTHING = object()


def _symbol(s: Any) -> Node:
    if not isinstance(s, Node) or s.op is not SYMBOL:
        raise TypeError(f"parse: symbols are expressions made with Symbol, got {s!r}")
    return s


class _Name:
    """What stands before an opening parenthesis: a function, or a method with what it is of."""

    def __init__(self, text: str, call: Callable[..., Any]) -> None:
        self.text = text
        self.call = call


def _error(node: ast.AST, what: str) -> ParseError:
    return ParseError(f"line {getattr(node, 'lineno', 1)}: an expression cannot hold {what}")


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """What is called by its name, without the elementwise rows, which users add to."""
    found: dict[str, Callable[..., Any]] = {"Symbol": leaves.Symbol, "lookup": _looked_up}
    named = {
        operators: "add subtract multiply divide negative greater greater_equal",
        functions: "clip power sqrt square",
        joining: "concatenate stack",
        linalg: "diag diagonal dot einsum expand_dims inv matmul moveaxis outer solve squeeze swapaxes trace transpose",
        reductions: "logsumexp max mean min norm prod std sum var",
        shapes: "array broadcast_to identity ones place reshape zeros",
    }
    for module, listed in named.items():
        for name in listed.split():
            found[name] = getattr(module, name)
    return found


def _looked_up(name: str) -> _Name:
    return _Name(name, lookup(name))


def _value(root: ast.expr, names: dict[str, Any]) -> Any:
    """The value of an expression's tree; a chain ``a + b + c + ...`` is as deep as it is long, hence no recursion."""
    done: list[Any] = []
    pending: list[tuple[ast.expr, bool]] = [(root, False)]
    while pending:
        node, ready = pending.pop()
        parts = _parts(node)
        if not ready and parts:
            pending.append((node, True))
            pending += [(p, False) for p in reversed(parts)]
            continue
        given = done[len(done) - len(parts) :]
        del done[len(done) - len(parts) :]
        try:
            done.append(_made(node, given, names))
        except ParseError:
            raise
        except (ExprGraphError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
            raise ParseError(f"line {node.lineno}: {ast.unparse(node)}: {error}") from error
    return done[0]


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, (ast.List, ast.Tuple)):
        return list(node.elts)
    if isinstance(node, ast.Call):
        return [node.func, *node.args, *(k.value for k in node.keywords)]
    if isinstance(node, ast.Attribute):
        return [] if _module(node.value) else [node.value]
    if isinstance(node, ast.Subscript):
        return [node.value, node.slice]
    if isinstance(node, ast.Slice):
        return [p for p in (node.lower, node.upper, node.step) if p is not None]
    return []


def _module(node: ast.expr) -> bool:
    """Whether it is ``eg``, ``over_samples`` or ``eg.over_samples``."""
    if isinstance(node, ast.Attribute) and node.attr == "over_samples":
        return isinstance(node.value, ast.Name) and node.value.id in _MODULES
    return isinstance(node, ast.Name) and node.id in (*_MODULES, "over_samples")


def _made(node: ast.expr, given: list[Any], names: dict[str, Any]) -> Any:
    for v in given[1:] if isinstance(node, ast.Call) else given:
        if isinstance(v, _Name):
            raise _error(node, f"the function {v.text} where a value is expected")
    if isinstance(node, ast.Constant):
        if node.value is Ellipsis:
            raise _error(node, "'...': a part of the text was left out; print it with to_python(e), which leaves nothing out")
        if node.value is not None and type(node.value) not in (int, float, bool, str):
            raise _error(node, ast.unparse(node))
        return node.value
    if isinstance(node, ast.Name):
        return _named(node, node.id, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](as_node(_no_text(node, given[0])), _no_text(node, given[1]))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _no_text(node, given[0])
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        return _COMPARE[type(node.ops[0])](*given)
    if isinstance(node, ast.List):
        return given
    if isinstance(node, ast.Tuple):
        return tuple(given)
    if isinstance(node, ast.Slice):
        rest = iter(given)
        return slice(*(None if p is None else next(rest) for p in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Subscript):
        return as_node(given[0])[given[1]]
    if isinstance(node, ast.Attribute):
        return _attribute(node, given, names)
    if isinstance(node, ast.Call) and isinstance(given[0], Node) and isinstance(node.func, ast.Name):
        given = [_named(node.func, node.func.id, {}), *given[1:]]  # a symbol of a function's name is not what is called
    if isinstance(node, ast.Call) and isinstance(given[0], _Name) and all(k.arg for k in node.keywords):
        split = 1 + len(node.args)
        return given[0].call(*given[1:split], **{str(k.arg): v for k, v in zip(node.keywords, given[split:])})
    raise _error(node, ast.unparse(node))


def _no_text(node: ast.expr, value: Any) -> Any:
    if isinstance(value, (str, type(None), slice)):
        raise _error(node, ast.unparse(node))
    return value


def _named(node: ast.expr, name: str, names: dict[str, Any]) -> Any:
    if name in names:
        return names[name]
    found = _functions().get(name)
    if found is None:
        row = TABLE.get(name)
        if isinstance(row, Function):
            found = caller(row)
        elif name == "float":
            found = float
        else:
            known = ", ".join(sorted(names)) or "none"
            raise ParseError(f"line {node.lineno}: the name {name!r} is unknown; symbols were given for: {known}")
    return _Name(name, found)


def _attribute(node: ast.Attribute, given: list[Any], names: dict[str, Any]) -> Any:
    if not given:  # of the package
        if node.attr in ("sum", "mean") and not (isinstance(node.value, ast.Name) and node.value.id in _MODULES):
            return _Name(f"over_samples.{node.attr}", getattr(over_samples, node.attr))
        found = _functions().get(node.attr)
        row = TABLE.get(node.attr)
        if found is None and not isinstance(row, Function):
            raise _error(node, f"{ast.unparse(node)}, which does not make an expression")
        return _named(node, node.attr, {})
    value = given[0]
    if isinstance(value, (Node, int, float, list)) and node.attr in _PROPERTIES:
        return getattr(as_node(value), node.attr)
    if isinstance(value, (Node, int, float, list)) and node.attr in _METHODS:
        return _Name(node.attr, getattr(as_node(value), node.attr))
    raise _error(node, ast.unparse(node))


__all__ = ["parse"]
