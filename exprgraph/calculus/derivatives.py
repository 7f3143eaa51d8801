"""The derivatives for users, as short compositions of jvp and vjp."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, overload

from ..canonical.arithmetic import linear, scale
from ..canonical.contract import contract
from ..canonical.grouping import differentiating
from ..canonical.operands import as_node, contains_node
from ..canonical.place import place
from ..canonical.select import select
from ..errors import DifferentiationError, DTypeError, ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.leaves import constant
from ..graph.node import Node, Operand
from ..graph.primitive import SELECT, SYMBOL
from ..support.integers import whole
from ..support.names import brief
from .entries import crosses_samples, entry_derivatives
from .forward import forward_jacobian, push_forward
from .repeated import UnknownRuleError, repeated
from .reverse import pull_back
from .scalar_graphs import assemble, is_scalar_graph, nest, scalar_parts
from .seeds import identity_tensor
from .sparse import SparseJacobian
from .sparse_derivatives import jacobian_of_entries

Mode = Literal["auto", "forward", "reverse"]


def _variable(x: Operand, what: str) -> Node:
    if isinstance(x, str):
        raise DTypeError(f"{what}: derivatives are taken by a symbol, got the text {x!r}; Symbol({x!r}) is one")
    if isinstance(x, (list, tuple)) and contains_node(x):
        counted = len(x) == 2 and whole(x[1]) is not None
        hint = f"; a count follows its symbol, as in diff(f, {x[0]}, {x[1]})" if counted else "; jacobians takes several"
        if what in ("hessian", "laplacian", "divergence"):
            hint = "; make one symbol that has them as elements"
        raise DifferentiationError(f"{what}: derivatives are taken by one symbol, got {len(x)}{hint}")
    node = as_node(x)
    if node.op is SYMBOL or (node.op is SELECT and node.args[0].op is SYMBOL):
        return node
    came = f"the expression {brief(node)}"
    raise DifferentiationError(f"{what}: derivatives are taken by a symbol or by elements of one (x or x[0]), got {came}")


def jvp(f: Operand, x: Operand, v: Operand) -> Node:
    """The derivative of f along v: the Jacobian by x times the tangent v; shape ``f.shape``.

    ``v`` broadcasts to the shape of x.

    Raises:
        DifferentiationError: x is not a symbol or elements of one.
        ShapeError: v does not broadcast to the shape of x.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.jvp(x[0] * x[1], x, [1.0, 0.0])
    x[1]
    """
    f, x, v = as_node(f), _variable(x, "jvp"), as_node(v)
    v = _fit(v, x.shape, "jvp: the tangent", "x")
    if x.op is SELECT:
        base = x.args[0]
        x, v = base, place(v, x.params, base.shape)
    return push_forward([f], {x: v})[0]


def vjp(f: Operand, x: Operand, ct: Operand) -> Node:
    """The cotangent ct of f pulled back to x: ct times the Jacobian; shape ``x.shape``.

    ``ct`` broadcasts to the shape of f.

    Raises:
        DifferentiationError: x is not a symbol or elements of one; or the derivative of one sample's value by
            another sample's symbol would be needed.
        ShapeError: ct does not broadcast to the shape of f.

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(3, 2)), eg.Symbol("x", shape=2)
    >>> eg.vjp(W @ x, W, [1.0, 0.0, 0.0]).shape
    (3, 2)
    """
    f, x, ct = as_node(f), _variable(x, "vjp"), as_node(ct)
    ct = _fit(ct, f.shape, "vjp: the cotangent", "f")
    if x.op is SELECT:
        return select(pull_back(f, ct, [x.args[0]])[0], x.params)
    return pull_back(f, ct, [x])[0]


def _fit(v: Node, shape: tuple[int, ...], what: str, whose: str) -> Node:
    try:
        return broadcast_to(v, shape)
    except ShapeError:
        raise ShapeError(f"{what} must have {whose}'s shape {shape}, got {v.shape}") from None


@overload
def jacobian(f: Operand, x: Operand, mode: Mode = ..., *, sparse: Literal[False] = ...) -> Node: ...
@overload
def jacobian(f: Operand, x: Operand, mode: Mode = ..., *, sparse: Literal[True]) -> SparseJacobian: ...
def jacobian(f: Operand, x: Operand, mode: Mode = "auto", *, sparse: bool = False) -> Node | SparseJacobian:
    """The Jacobian ``J[i, j] = d f_i / d x_j``, of shape ``f.shape + x.shape``.

    Args:
        f: an expression, or a nested list of expressions.
        x: a symbol, or elements of one.
        mode: "forward" takes as many directions as x has elements, "reverse" as many as f has; "auto" takes the
            smaller number, and differentiates graphs of single elements entry by entry.
        sparse: return the pattern and the non-zeros, a :class:`SparseJacobian`.  Graphs of scalars and small arrays are
            differentiated entry by entry, so that each entry prints as a formula; large arrays as by :func:`sparse_jacobian`,
            which is for computing.

    Raises:
        DifferentiationError: x is not a symbol or elements of one, with ``sparse`` a whole symbol; or the
            derivative of one sample's value by another sample's symbol would be needed, or forward mode would
            add up the samples' derivatives.
        ValueError: the mode is unknown.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.jacobian([x * y, x**2], x)
    [y, 2*x]
    """
    f, x = as_node(f), _variable(x, "jacobian")
    _check_mode(mode, "jacobian")
    if x.op is SELECT:
        if sparse:
            raise DifferentiationError("jacobian: sparse=True takes the derivative by a whole symbol, not by elements of one")
        whole = jacobian(f, x.args[0], mode)
        return select(whole, (None,) * f.ndim + x.params)
    if sparse:
        return jacobian_of_entries(f, x)
    if mode == "auto":
        if f.size > 1 and is_scalar_graph(f, x):
            return assemble(entry_derivatives(scalar_parts(f), x), f.shape, x.shape)
        mode = "forward" if x.size <= f.size and not crosses_samples([f], x) else "reverse"
    if mode == "forward":
        if crosses_samples([f], x):
            raise DifferentiationError(
                f"jacobian: {x.name!r} is per sample and f sums over samples; forward mode would add up the samples' "
                'derivatives. Use mode="reverse" (or "auto"), or jvp for one direction'
            )
        return forward_jacobian(f, x)
    return pull_back(f, identity_tensor(f.shape), [x], f.shape)[0]


def jacobians(f: Operand, xs: Sequence[Operand], mode: Mode = "auto") -> list[Node]:
    """Jacobians by several symbols, in one reverse sweep where that is the cheaper mode.

    Returns:
        A list of the results of ``jacobian(f, x, mode)``, of shapes ``f.shape + x.shape``.

    Raises:
        DifferentiationError: one of xs is not a symbol or elements of one; or as in :func:`jacobian`.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.jacobians(x * y, [x, y])
    [y, x]
    """
    f = as_node(f)
    _check_mode(mode, "jacobians")
    variables = [_variable(x, "jacobians") for x in xs]
    total = sum(x.size for x in variables)
    if mode == "forward" or (mode == "auto" and total < f.size) or any(x.op is SELECT for x in variables):
        return [jacobian(f, x, mode) for x in variables]
    return pull_back(f, identity_tensor(f.shape), variables, f.shape)


def _check_mode(mode: str, what: str) -> None:
    if mode not in ("auto", "forward", "reverse"):
        raise ValueError(f'{what}: mode must be "auto", "forward" or "reverse", got {mode!r}')


def gradient(f: Operand, x: Operand) -> Node:
    """The gradient of a scalar f, of the shape of x.

    Raises:
        ShapeError: f does not have the shape ``()`` or ``(1,)``.
        DifferentiationError: x is not a symbol or elements of one.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.gradient(eg.sum(x**2), x)
    [2*x[0], 2*x[1], 2*x[2]]
    """
    f, x = as_node(f), _variable(x, "gradient")
    if f.shape not in ((), (1,)):
        raise ShapeError(f"gradient takes a scalar expression, got shape {f.shape}; jacobian takes arrays")
    return jacobian(f if not f.shape else select(f, (0,)), x, "reverse")


def hessian(f: Operand, x: Operand, mode: Mode = "auto") -> Node:
    """Second derivatives ``H[..., i, j] = d^2 f / d x_i d x_j``, of shape ``f.shape + x.shape + x.shape``.

    ``mode`` applies to both Jacobians, and errors are those of :func:`jacobian`.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.hessian(x**3, x)
    6*x
    """
    f, x = as_node(f), _variable(x, "hessian")
    _check_mode(mode, "hessian")
    with differentiating([f]):
        return jacobian(jacobian(f, x, mode), x, mode)


def laplacian(f: Operand, x: Operand) -> Node:
    """The sum of the unmixed second derivatives, of the shape of f.

    It is the trace of the Hessian, pushed down to the forward Laplacian: the sweep carries one second-order
    term, never a matrix of them.

    Raises:
        DifferentiationError: x is not a symbol or elements of one.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.laplacian(eg.sum(x**2), x)
    6
    """
    f, x = as_node(f), _variable(x, "laplacian")
    if x.op is SYMBOL and is_scalar_graph(f, x):
        parts = []
        with differentiating([f]):
            for row in entry_derivatives(scalar_parts(f), x):
                indices = sorted(row)
                second = entry_derivatives([row[i] for i in indices], x)
                parts.append(linear([(1.0, d[i]) for i, d in zip(indices, second) if i in d]))
        return nest(parts, f.shape)
    mode: Mode = "reverse" if crosses_samples([f], x) else "forward"
    return _trace(f, hessian(f, x, mode), f.ndim, x.ndim)


def divergence(f: Operand, x: Operand) -> Node:
    """The divergence ``sum_i d f_i / d x_i`` of a field f of the shape of x; a scalar.

    Raises:
        ShapeError: f does not have the shape of x.
        DifferentiationError: x is not a symbol or elements of one.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.divergence(x, x)
    3
    """
    f, x = as_node(f), _variable(x, "divergence")
    if f.shape != x.shape:
        raise ShapeError(f"divergence: the field must have the shape of x, {x.shape}, got {f.shape}")
    return _trace(f, jacobian(f, x), 0, x.ndim)


def _trace(f: Node, j: Node, lead: int, n: int) -> Node:
    """The trace of derivatives of f over the last two groups of n axes."""
    labels = [*range(lead + n), *range(lead, lead + n)]
    with differentiating([f]):
        return contract([(j, labels)], range(lead))


def diff(f: Operand, *by: Operand) -> Node:
    """Differentiate by each symbol in turn; an integer repeats the symbol before it.

    A derivative by an array symbol adds the symbol's axes, like a Jacobian: the shape is ``f.shape`` plus the
    shapes of all symbols, in order.

    Raises:
        DifferentiationError: an argument is neither a symbol, nor elements of one, nor a count of at least 1 after
            one; or there are none.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.diff(x**3 * y, x, 2, y)
    6*x
    """
    if not by:
        raise DifferentiationError("diff needs at least one symbol to differentiate by, as in diff(f, x)")
    f = as_node(f)
    variables: list[Node] = []
    symbol: Node | None = None
    for item in by:
        count = whole(item)
        if count is not None:
            if symbol is None:
                raise DifferentiationError(f"diff: the count {count} must follow a symbol, as in diff(f, x, 2)")
            if count < 1:
                raise DifferentiationError(f"diff: a derivative's count must be at least 1, got {count}")
            variables += [symbol] * (count - 1)
            symbol = None
        else:
            symbol = _variable(item, "diff")
            variables.append(symbol)
    with differentiating([f]):
        for x, run in groupby(variables):
            f = _repeated(f, x, len(list(run)))
    return f


#: from this order on, derivatives by a scalar share those of lower order
_SHARED_FROM = 5


def _repeated(f: Node, x: Node, order: int) -> Node:
    """The derivative of that order by one symbol."""
    if order >= _SHARED_FROM and x.op is SYMBOL and not x.shape:
        try:
            return repeated(f, {x: constant(1.0)}, order)[-1]
        except UnknownRuleError:
            pass  # the sweeps know every rule
    for _ in range(order):
        f = jacobian(f, x)
    return f


def taylor(f: Operand, x: Operand, v: Operand, order: int) -> tuple[Node, ...]:
    """The Taylor coefficients of ``f(x + t v)`` in t, up to t**order: ``order + 1`` expressions of the shape of f.

    The k-th is the k-th directional derivative along v over k!.  ``v`` broadcasts to the shape of x.

    Raises:
        ValueError: the order is not an integer of at least 0.
        DifferentiationError: x is not a symbol or elements of one.
        ShapeError: v does not broadcast to the shape of x.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.taylor(x**3, x, 1.0, 2)
    (x**3, 3*x**2, 3*x)
    """
    highest = whole(order)
    if highest is None or highest < 0:
        raise ValueError(f"taylor: the order must be a whole number of at least 0, got {order!r}")
    f = as_node(f)
    coefficients = [f]
    with differentiating([f]):
        for k, derivative in enumerate(_along(f, _variable(x, "taylor"), as_node(v), highest), 1):
            coefficients.append(scale(1.0 / math.factorial(k), derivative))
    return tuple(coefficients)


def _along(f: Node, x: Node, v: Node, order: int) -> list[Node]:
    """Directional derivatives, from the first to that order."""
    if order >= _SHARED_FROM and x.op is SYMBOL:
        try:
            return repeated(f, {x: _fit(v, x.shape, "jvp: the tangent", "x")}, order)[1:]
        except UnknownRuleError:
            pass
    found = [f]
    for _ in range(order):
        found.append(jvp(found[-1], x, v))
    return found[1:]


__all__ = [
    "Mode", "SparseJacobian", "constant", "diff", "divergence", "gradient", "hessian", "jacobian", "jacobians", "jvp",
    "laplacian", "taylor", "vjp",
]  # fmt: skip
