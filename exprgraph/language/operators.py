"""Python's operators on expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..canonical import joining
from ..canonical.arithmetic import linear
from ..canonical.factors import quotient, times
from ..canonical.most_common import difference_of_two, product_of_two, quotient_of_two, sum_of_two
from ..canonical.operands import as_node, refuse_truth
from ..canonical.select import select
from ..functions import rows as functions
from ..functions.elementwise import broadcast, is_boolean
from ..graph.node import Node, Operand
from ..support.names import brief
from . import linalg, refusals
from .delegation import MOST_COMMON, leaves_to_other
from .indexing import getitem
from .shapes import reshape_to


def add(a: Operand, b: Operand) -> Node:
    """a + b, broadcast."""
    if (quick := sum_of_two(a, b)) is not None:
        return quick
    (x, y), shape = broadcast(a, b)
    return linear([(1.0, x), (1.0, y)], 0.0, shape)


def subtract(a: Operand, b: Operand) -> Node:
    """a - b, broadcast."""
    if (quick := difference_of_two(a, b)) is not None:
        return quick
    (x, y), shape = broadcast(a, b)
    return linear([(1.0, x), (-1.0, y)], 0.0, shape)


def multiply(a: Operand, b: Operand) -> Node:
    """a * b, elementwise, broadcast."""
    if (quick := product_of_two(a, b)) is not None:
        return quick
    (x, y), shape = broadcast(a, b)
    return times(x, y, shape)


def divide(a: Operand, b: Operand) -> Node:
    """a / b, elementwise, broadcast."""
    if (quick := quotient_of_two(a, b)) is not None:
        return quick
    (x, y), shape = broadcast(a, b)
    return quotient(x, y, shape)


def negative(a: Operand) -> Node:
    """-a."""
    node = as_node(a)
    return linear([(-1.0, node)], 0.0, node.shape)


def greater(a: Operand, b: Operand) -> Node:
    """Whether a > b, elementwise."""
    return functions.less(b, a)


def greater_equal(a: Operand, b: Operand) -> Node:
    """Whether a >= b, elementwise."""
    return functions.less_equal(b, a)


def _conditions(sign: str, *operands: Any) -> list[Node]:
    """The operands of a sign that combines conditions, as expressions."""
    for operand in operands:
        refuse_truth(operand, sign)
        if not (is_boolean(operand) if isinstance(operand, Node) else np.asarray(operand).dtype == np.bool_):
            raise TypeError(
                f"{sign} combines conditions, such as (x > 0) {'& ~' if sign == '~' else sign}(x > 1) with parentheses; one operand is "
                f"{'an expression' if isinstance(operand, Node) else brief(operand)} that is no comparison"
            )
    return [as_node(operand) for operand in operands]


def both(a: Operand, b: Operand) -> Node:
    """``a & b``: whether both conditions hold, elementwise."""
    return functions.logical_and(*_conditions("&", a, b))


def either(a: Operand, b: Operand) -> Node:
    """``a | b``: whether one of two conditions holds, elementwise."""
    return functions.logical_or(*_conditions("|", a, b))


def one_of(a: Operand, b: Operand) -> Node:
    """``a ^ b``: whether exactly one of two conditions holds, elementwise."""
    return functions.not_equal(*_conditions("^", a, b))


def invert(a: Operand) -> Node:
    """``~a``: whether a condition does not hold, elementwise."""
    return functions.logical_not(*_conditions("~", a))


def _binary(name: str, f: Callable[[Any, Any], Node]) -> tuple[Callable[[Node, Any], Any], Callable[[Node, Any], Any]]:
    def forward(self: Node, other: Any) -> Any:
        return NotImplemented if type(other) not in MOST_COMMON and leaves_to_other(name, other) else f(self, other)

    def backward(self: Node, other: Any) -> Any:
        return NotImplemented if type(other) not in MOST_COMMON and leaves_to_other(name, other) else f(other, self)

    return forward, backward


def _quick(
    name: str, f: Callable[[Any, Any], Node], most_common: Callable[[Any, Any], Node | None]
) -> tuple[Callable[[Node, Any], Any], Callable[[Node, Any], Any]]:
    """The methods of an operator whose most common results are made at once: a call more would take a tenth longer."""
    rest, reflected = _binary(name, f)

    def forward(self: Node, other: Any) -> Any:
        made = most_common(self, other)
        return rest(self, other) if made is None else made

    def backward(self: Node, other: Any) -> Any:
        made = most_common(other, self)
        return reflected(self, other) if made is None else made

    return forward, backward


def _is_same(self: Node, other: object) -> Any:
    """``==``: whether both are the same expression, so that expressions can be keys of dicts."""
    if self is other:
        return True
    if isinstance(other, (np.ndarray, np.generic)):
        raise TypeError(COMPARED.format("=="))
    return False if isinstance(other, Node) else NotImplemented


def _is_other(self: Node, other: object) -> Any:
    if isinstance(other, (np.ndarray, np.generic)):
        raise TypeError(COMPARED.format("!="))
    return self is not other if isinstance(other, Node) else NotImplemented


#: comparison of an expression with NumPy's numbers: NumPy compares elements, expressions compare identity
COMPARED = (
    "{0} between an expression and an array or a number of NumPy could mean two things: use exprgraph.equal(x, a) or "
    "not_equal(x, a) for the condition, elementwise, and `is` to ask whether two expressions are the same"
)


def _divmod(a: Operand, b: Operand) -> Any:
    return functions.floor_divide(a, b), functions.mod(a, b)


def _len(self: Node) -> int:
    if not self.shape:
        raise TypeError("a scalar expression has no length")
    return self.shape[0]


def _iter(self: Node) -> Iterator[Node]:
    if not self.shape:
        raise TypeError("cannot iterate over a scalar expression")
    if len(self.shape) == 1:
        return (select(self, (i,)) for i in range(self.shape[0]))
    return (getitem(self, i) for i in range(self.shape[0]))


def _reshape(self: Node, *shape: Any) -> Node:
    return reshape_to(self, shape[0] if len(shape) == 1 else shape)


def _transpose(self: Node, *axes: Any) -> Node:
    return linalg.transpose(self, (axes[0] if len(axes) == 1 else axes) if axes else None)


def _ravel(self: Node) -> Node:
    return joining.reshape(self, (self.size,))


def _install() -> None:
    methods: dict[str, Any] = {
        "__eq__": _is_same,
        "__ne__": _is_other,
        "__neg__": negative,
        "__pos__": as_node,
        "__abs__": functions.absolute,
        "__getitem__": getitem,
        "__setitem__": refusals.no_assignment,
        "__format__": refusals.no_format,
        "__getattr__": refusals.no_attribute,
        "__len__": _len,
        "__iter__": _iter,
        "__contains__": refusals.no_membership,
        "__bool__": refusals.no_truth,
        "__float__": refusals.no_conversion,
        "__int__": refusals.no_conversion,
        "__complex__": refusals.no_conversion,
        "__index__": refusals.no_conversion,
        "__array__": refusals.no_conversion,
        "_sympy_": refusals.no_sympy,
        "__invert__": invert,
        "reshape": _reshape,
        "transpose": _transpose,
        "ravel": _ravel,
        "T": property(linalg.transpose),
    }
    for name, (g, most_common) in {
        "add": (add, sum_of_two), "sub": (subtract, difference_of_two),
        "mul": (multiply, product_of_two), "truediv": (divide, quotient_of_two),
    }.items():  # fmt: skip
        methods[f"__{name}__"], methods[f"__r{name}__"] = _quick(name, g, most_common)
    for name, f in [
        ("mod", functions.mod), ("floordiv", functions.floor_divide), ("divmod", _divmod),
        ("pow", functions.power), ("matmul", linalg.matmul), ("and", both), ("or", either), ("xor", one_of),
    ]:  # fmt: skip
        methods[f"__{name}__"], methods[f"__r{name}__"] = _binary(name, f)
    for name, f in [("lt", functions.less), ("le", functions.less_equal), ("gt", greater), ("ge", greater_equal)]:
        methods[f"__{name}__"], _ = _binary(name, f)
    for name, f in methods.items():
        own = getattr(f, "__module__", "") in (__name__, refusals.__name__)
        if own and f.__name__ not in __all__:  # errors name the operator that the user wrote
            f.__name__, f.__qualname__ = name, f"Node.{name}"
        setattr(Node, name, f)


__all__ = ["add", "both", "divide", "either", "greater", "greater_equal", "invert", "multiply", "negative", "one_of", "subtract"]

_install()
