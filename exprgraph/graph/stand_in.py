"""Objects that stand for an expression: operators and functions take them as that expression."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .node import Node, Operand

if TYPE_CHECKING:
    import numpy as np


class StandIn:
    """The base of objects that stand for an expression, and have something besides, such as a first value.

    A subclass sets :attr:`expression`.  Operators, functions, NumPy's functions, and methods and attributes of expressions
    that it does not define itself, take the expression.

    >>> import exprgraph as eg
    >>> class Named(eg.StandIn):
    ...     def __init__(self, name):
    ...         self.expression = eg.Symbol(name)
    >>> a, x = Named("a"), eg.Symbol("x")
    >>> 2 * a + x, eg.exp(a), -a / x, a.shape
    (2*a + x, exp(a), -a/x, ())
    """

    expression: Node

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "expression":
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.expression, name)

    def __getitem__(self, key: Any) -> Any:
        return self.expression[key]

    def __len__(self) -> int:
        return len(self.expression)

    def __bool__(self) -> bool:
        return bool(self.expression)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.expression)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        return getattr(ufunc, method)(*map(plain, inputs), **more)

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        return function(*(_inside(a) for a in args), **{k: _inside(v) for k, v in more.items()})

    def __str__(self) -> str:
        return str(self.expression)

    def _repr_latex_(self) -> str | None:
        shown: str | None = getattr(self.expression, "_repr_latex_")()  # noqa: B009  (attached by exprgraph.show)
        return shown

    if TYPE_CHECKING:  # made below

        def __array__(self) -> np.ndarray: ...  # so that it counts as an operand
        def __add__(self, other: Operand) -> Node: ...
        def __radd__(self, other: Operand) -> Node: ...
        def __sub__(self, other: Operand) -> Node: ...
        def __rsub__(self, other: Operand) -> Node: ...
        def __mul__(self, other: Operand) -> Node: ...
        def __rmul__(self, other: Operand) -> Node: ...
        def __truediv__(self, other: Operand) -> Node: ...
        def __rtruediv__(self, other: Operand) -> Node: ...
        def __pow__(self, other: Operand) -> Node: ...
        def __rpow__(self, other: Operand) -> Node: ...
        def __matmul__(self, other: Operand) -> Node: ...
        def __rmatmul__(self, other: Operand) -> Node: ...
        def __neg__(self) -> Node: ...


def plain(value: Any) -> Any:
    """The expression that an object stands for; other values stay."""
    return value.expression if isinstance(value, StandIn) else value


def _inside(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return list(map(_inside, value)) if isinstance(value, list) else tuple(map(_inside, value))
    return plain(value)


def _binary(apply: Callable[[Any, Any], Any]) -> Callable[[StandIn, Any], Any]:
    return lambda self, other: apply(self.expression, plain(other))


def _reflected(apply: Callable[[Any, Any], Any]) -> Callable[[StandIn, Any], Any]:
    return lambda self, other: apply(plain(other), self.expression)


def _unary(apply: Callable[[Any], Any]) -> Callable[[StandIn], Any]:
    return lambda self: apply(self.expression)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(StandIn, f"__{_name}__", _binary(getattr(operator, _name)))
    setattr(StandIn, f"__r{_name}__", _reflected(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge"):
    setattr(StandIn, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "pos", "abs"):
    setattr(StandIn, f"__{_name}__", _unary(getattr(operator, _name)))

__all__ = ["StandIn", "plain"]
