"""Zeros that silence: products of a derivative with factors behind a branch that is not taken.

``minimum(exp(x), 1)`` is 1 at 1000, and its derivative there is 0, not 0 times the infinite derivative of ``exp``.
A tangent or cotangent that came through a choice is 0 where the argument is not taken, and such a zero *silences* the
factors it is multiplied with.  There are two forms.  As long as the mask is outermost, ``gate(share, v)`` or
``where(c, v, 0)``, factors move inside: ``gate(share, v * p)`` is exact, and costs as much as ``v * p``.  After values were
summed, the zeros are inside: then ``gate(t, p)`` is ``t * p``, and 0 where t is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Union

import numpy as np

from ..canonical.arithmetic import scale
from ..canonical.contract import contract, is_structural
from ..canonical.solve import solve_node
from ..canonical.written import split_coefficient, spread
from ..functions.elementwise import REAL, Function, apply
from ..functions.rows import GATE, WHERE, absolute, gate, less, logical_or, not_equal
from ..graph import primitive
from ..graph.leaves import is_bound, is_zero
from ..graph.node import Node
from ..graph.primitive import lookup
from ..graph.properties import Answer, Property
from ..graph.traverse import dependents, topological
from ..graph.views import Contraction, data_of
from .scaling import Labels


class Silence(NamedTuple):
    """The zeros of a tangent or cotangent silence factors."""

    #: zeros are anywhere in the value, not only where its outermost mask makes them
    inside: bool
    #: a ``where`` chose: the branch not taken may have undefined arguments (missing data)
    chosen: bool


#: ``None``: a zero is an ordinary number
Zeros = Union[Silence, None]


def together(states: Sequence[Zeros]) -> Zeros:
    """The state of a sum."""
    if len(states) == 1:
        return states[0]
    found = [z for z in states if z is not None]
    if not found:
        return None
    return Silence(len(states) > 1 or found[0].inside, any(z.chosen for z in found))


def either(a: Zeros, b: Zeros) -> Zeros:
    """The state of several values of one node with possibly different states."""
    if a is None or b is None:
        return a or b
    return Silence(a.inside or b.inside, a.chosen or b.chosen)


def inside(zeros: Zeros) -> Zeros:
    """The state of a value composed of several elements."""
    return None if zeros is None else Silence(True, zeros.chosen)


# ---------------------------------------------------------------- what needs no gate

#: rows that are finite where their arguments are
_FINITE = (
    "abs", "atan", "cos", "erf", "erfc", "maximum", "minimum", "relu", "sigmoid", "sigmoid_prime", "sign", "sin", "smaller", "step",
    "tanh", "tanh_prime", "where",
)  # fmt: skip
FINITE = Property("finite", "whether no element can be infinite or NaN", __name__)
FINITE.fill(lambda node: math.isfinite(node.params[0]), primitive.CONSTANT)
FINITE.fill(lambda node: bool(np.isfinite(data_of(node)).all()), primitive.ARRAY)
FINITE.fill(lambda node: True, primitive.IDENTITY)
FINITE.fill(lambda node: node.args, *primitive.MOVEMENTS, *map(lookup, _FINITE))
FINITE.fill(lambda node: node.args if is_structural(node) else False, primitive.CONTRACT)
FINITE.fill(lambda node: isinstance(node.op, Function) and node.op.boolean, Function)


#: the bound symbols of the graph being differentiated whose values are finite where symbols are
_finite_bound: ContextVar[Set[Node]] = ContextVar("finite_bound", default=frozenset())


@contextmanager
def finite_bound(symbols: Set[Node]) -> Iterator[None]:
    """Inside, these bound symbols are finite where other symbols are, and other bound symbols may be infinite."""
    token = _finite_bound.set(symbols)
    try:
        yield
    finally:
        _finite_bound.reset(token)


def finite_bound_too(symbols: Set[Node]) -> AbstractContextManager[None]:
    """Inside, these bound symbols too are finite where other symbols are."""
    return finite_bound(_finite_bound.get() | symbols)


def is_finite(node: Node, symbols: bool) -> bool:
    """Whether no element can be infinite or NaN; ``symbols`` assumes that symbols are finite.

    It looks at few nodes: sums and products may overflow, so their arguments are not visited.
    """
    return FINITE.holds(node, 32, _is_finite_symbol if symbols else None)


def _is_finite_symbol(node: Node) -> bool:
    return node.op is primitive.SYMBOL and (not is_bound(node) or node in _finite_bound.get())


SMOOTH = Property("smooth", "whether its derivatives are finite wherever its value is", __name__)
SMOOTH.fill(lambda node: True, primitive.CONSTANT, primitive.ARRAY, primitive.IDENTITY, primitive.SYMBOL)
SMOOTH.fill(lambda node: node.args, primitive.SUM, primitive.CONTRACT, *primitive.MOVEMENTS)
SMOOTH.fill(lambda node: node.args if all(e > 0 and e % 1 == 0 for e in node.params) else False, primitive.PRODUCT)


@SMOOTH.rule(Function)
def _smooth_function(node: Node) -> Answer:
    assert isinstance(node.op, Function)
    return node.args if all(interval == REAL for interval in node.op.domain) else False


def is_smooth(values: Iterable[Node], by: Iterable[Node]) -> bool:
    """Whether no derivative of the values by these symbols can be infinite.

    Then zeros of a tangent may be numbers like others: nothing is 0 times an infinite derivative.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.gates import is_smooth
    >>> x, y = eg.symbols("x y")
    >>> is_smooth([eg.tanh(x) ** 2 + eg.sqrt(y)], [x]), is_smooth([eg.sqrt(x)], [x])
    (True, False)
    """
    values = list(values)
    active = dependents(topological(values), by)
    return all(SMOOTH.holds(v, given=lambda n: n not in active) for v in values)


# ---------------------------------------------------------------- factors go inside the mask

_DEPTH = 8


def within_mask(value: Node, f: Callable[[Node], Node]) -> tuple[Node | None, bool]:
    """Apply f to the value behind the masks, behind the same masks; ``None`` if there is no mask.

    A bounded number of nested masks is removed, so that a chain of choices stays linear; the flag means that more remain.
    """
    masks: list[tuple[float, Node]] = []
    shape = value.shape
    while True:
        c, core = split_coefficient(value)
        if core.op is GATE or (core.op is WHERE and is_zero(core.args[2])):
            behind = core.args[1]
        elif core.op is WHERE and is_zero(core.args[1]):
            behind = core.args[2]
        else:
            break
        if len(masks) == _DEPTH:
            return None, True
        masks.append((c, core))
        value = behind if behind.shape == shape else spread(behind, shape)
    if not masks:
        return None, False
    made = f(value)
    for c, mask in reversed(masks):
        if mask.op is GATE:
            made = gate(mask.args[0], made)
        elif is_zero(mask.args[2]):
            made = apply(WHERE, mask.args[0], made, 0.0)
        else:
            made = apply(WHERE, mask.args[0], 0.0, made)
        made = scale(c, made)
    return made, False


# ---------------------------------------------------------------- sums of products

Operand = tuple[Node, Labels]


def gated_product(
    value: Node, labels: Labels, others: Sequence[Operand], out: Labels, size: dict[Hashable, int], zeros: Silence
) -> Node:
    """The contraction of a tangent or cotangent with other operands, which have no effect at its zeros.

    The operands are multiplied and summed one after another, so that each step is the sum of a gate.  This costs as much
    as the product, and evaluators compute it like one.
    """
    plain = [o for o in others if is_finite(o[0], not zeros.chosen)]
    rest = [o for o in others if not any(o is p for p in plain)]
    while rest:

        def left(own: Labels, k: int) -> Labels:
            """The labels needed after operand k."""
            later = {*out, *(key for at, (_, ks) in enumerate(rest) if at != k for key in ks), *(key for _, ks in plain for key in ks)}
            return [key for key in dict.fromkeys(own) if key in later]

        after = [left([*labels, *own], k) for k, (_, own) in enumerate(rest)]
        k = min(range(len(rest)), key=lambda i: math.prod(size[key] for key in after[i]))
        node, own = rest[k]
        # labels of only one of the two are summed before
        mine = [key for key in dict.fromkeys(labels) if key in own or key in after[k]]
        theirs = [key for key in dict.fromkeys(own) if key in labels or key in after[k]]
        value, node = contract([(value, labels)], mine), contract([(node, own)], theirs)
        wide: Labels = list(dict.fromkeys([*mine, *theirs]))
        masked = gate(contract([(value, mine)], wide, size), contract([(node, theirs)], wide, size))
        value, labels = contract([(masked, wide)], after[k]), after[k]
        del rest[k]
    return contract([(value, labels), *plain], out, size)


def gated_solve(matrix: Node, right: Node) -> Node:
    """Linear systems: zeros have the solution zeros for any matrix."""
    return apply(WHERE, spread_over(right, (matrix.ndim - 2,)), solve_node(matrix, right), 0.0)


def spread_over(value: Node, over: Sequence[int]) -> Node:
    """The sum of absolute values over some axes, in every element: 0 where a whole slice is 0."""
    every: Labels = list(range(value.ndim))
    kept = [k for k in every if k not in over]
    return contract([(contract([(absolute(value), every)], kept), kept)], every, dict(enumerate(value.shape)))


# ---------------------------------------------------------------- the derivative of a gate


def finite_part(p: Node, strong: Node) -> Node:
    """The factor of the derivative by the strong operand of a gate: p, and 0 where p is infinite or NaN but has no effect."""
    if is_structural(p) and len(p.args) == 1:  # equal for many elements of the other operand
        (labels,), lengths = Contraction.of(p)
        return contract([(_finite_elements(p.args[0]), labels)], range(len(p.shape)), dict(enumerate(lengths)))
    if is_structural(strong):
        return _finite_elements(p)
    return apply(WHERE, logical_or(not_equal(strong, 0), less(absolute(p), math.inf)), p, 0.0)


def _finite_elements(p: Node) -> Node:
    return apply(WHERE, less(absolute(p), math.inf), p, 0.0)


__all__ = [
    "Silence",
    "Zeros",
    "either",
    "finite_bound",
    "finite_bound_too",
    "finite_part",
    "gated_product",
    "gated_solve",
    "inside",
    "is_finite",
    "is_smooth",
    "spread_over",
    "together",
    "within_mask",
]
