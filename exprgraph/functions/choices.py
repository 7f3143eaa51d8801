"""Rows that choose between their arguments, comparisons, and factors in the derivatives of choices.

Where a derivative does not exist, it is defined as 0 for ``abs``, ``relu`` and ``sign`` at 0, and as one half for each
argument at a tie of ``minimum`` and ``maximum``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..canonical.arithmetic import scale
from ..canonical.contract import contract, is_structural
from ..canonical.grouping import kept_nodes
from ..canonical.index_maps import ABSORBS, MOVED_IN, IndexMap
from ..canonical.operands import as_node, refuse_truth
from ..canonical.over_samples import OVER_SAMPLES, sample_sum
from ..canonical.select import select
from ..canonical.written import split_coefficient, split_sign, spread
from ..graph.leaves import number, zeros
from ..graph.node import Node, Operand
from ..graph.views import Contraction
from ..support import values
from .elementwise import Elementwise, Function, apply, broadcast, broadcast_to, moved_in, row_named
from .elementwise import row as _row

_half = 0.5
_inf = math.inf


def _of_conditions(name: str, conditions: int) -> Elementwise:
    """The builder of a row whose first arguments are conditions; refuses truth values of Python."""

    def build(*operands: Operand) -> Node:
        for operand in operands[:conditions]:
            refuse_truth(operand, name)
        return apply(row_named(name), *operands)

    return build


# pieces
absolute: Elementwise = _row(
    "abs",
    np.abs,
    lambda x: sign(x),
    latex=r"\left| {0} \right|",
    sample=[(0.1, 2)],
    branch=True,
    squared=lambda x: x**2,
    doc="The absolute value; its derivative at 0 is 0.",
)
sign: Elementwise = _row(
    "sign", np.sign, None, latex=r"\operatorname{sgn}", sample=[(0.1, 2)], doc="-1, 0 or 1; its derivative is 0 everywhere."
)
floor: Elementwise = _row(
    "floor",
    np.floor,
    None,
    latex=r"\left\lfloor {0} \right\rfloor",
    sample=[(0.1, 0.9)],
    doc="The largest integer not above x; its derivative is 0.",
)
ceil: Elementwise = _row(
    "ceil",
    np.ceil,
    None,
    latex=r"\left\lceil {0} \right\rceil",
    sample=[(0.1, 0.9)],
    doc="The smallest integer not below x; its derivative is 0.",
)
minimum: Elementwise = _row(
    "minimum",
    np.minimum,
    lambda a, b: smaller(a, b),
    lambda a, b: smaller(b, a),
    branch=True,
    latex=r"\min\left( {0}, {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="The smaller one; at a tie each has derivative 1/2.",
)
maximum: Elementwise = _row(
    "maximum",
    np.maximum,
    lambda a, b: smaller(b, a),
    lambda a, b: smaller(a, b),
    branch=True,
    latex=r"\max\left( {0}, {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="The larger one; at a tie each has derivative 1/2.",
)

smaller: Elementwise = _row(
    "smaller",
    values.smaller,
    None,
    None,
    shown_as=lambda a, b: less(a, b) + _half * equal(a, b),
    sample=[(0, 1), (1.1, 2)],
    doc="The share of a in the minimum of a and b: 1, 0, and 1/2 at a tie; NaN where one of them is.",
    internal=True,
)

relu: Elementwise = _row(
    "relu", lambda x: np.maximum(x, 0), lambda x: step(x), sample=[(0.1, 2)], branch=True, doc="max(x, 0); its derivative at 0 is 0."
)
step: Elementwise = _row(
    "step",
    lambda x: np.where(np.isnan(x), x, x > 0) + 0 * np.sign(x),
    None,
    sample=[(0.1, 2)],
    doc="1 where x > 0, else 0 (0 at 0); the derivative of relu.",
)

# comparisons and choice
less: Elementwise = _row(
    "less",
    np.less,
    None,
    None,
    boolean=True,
    text="({0} < {1})",
    latex=r"\left( {0} < {1} \right)",
    code="less({0}, {1})",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a < b.",
)
less_equal: Elementwise = _row(
    "less_equal",
    np.less_equal,
    None,
    None,
    boolean=True,
    text="({0} <= {1})",
    latex=r"\left( {0} \leq {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a <= b.",
)
equal: Elementwise = _row(
    "equal",
    np.equal,
    None,
    None,
    boolean=True,
    latex=r"\left( {0} = {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a and b are equal, elementwise (== compares expressions, not values).",
)
not_equal: Elementwise = _row(
    "not_equal",
    np.not_equal,
    None,
    None,
    boolean=True,
    latex=r"\left( {0} \neq {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a and b differ, elementwise.",
)
logical_and: Elementwise = _row(
    "logical_and",
    np.logical_and,
    None,
    None,
    boolean=True,
    build=_of_conditions("logical_and", 2),
    latex=r"\left( {0} \wedge {1} \right)",
    sample=[(1, 2), (1, 2)],
    doc="Whether both are non-zero.",
)
logical_or: Elementwise = _row(
    "logical_or",
    np.logical_or,
    None,
    None,
    boolean=True,
    build=_of_conditions("logical_or", 2),
    latex=r"\left( {0} \vee {1} \right)",
    sample=[(1, 2), (1, 2)],
    doc="Whether one of them is non-zero.",
)
logical_not: Elementwise = _row(
    "logical_not",
    np.logical_not,
    None,
    boolean=True,
    build=_of_conditions("logical_not", 1),
    latex=r"\left( \neg {0} \right)",
    sample=[(1, 2)],
    doc="Whether it is zero.",
)
_where: Elementwise = _row(
    "where",
    np.where,
    None,
    lambda c, a, b: _where(c, 1.0, 0.0),
    lambda c, a, b: _where(c, 0.0, 1.0),
    latex=r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    code="({1} if {0} != 0.0 else {2})",
    build=lambda c, a, b: _chosen(c, a, b),
    sample=[(1, 2), (-2, 2), (-2, 2)],
)
# ct * p where ct is not zero, and 0 elsewhere: multiplies a derivative behind a branch that is not taken, so that an
# infinite factor in the branch has no effect
gate: Elementwise = _row(
    "gate",
    values.gate,
    lambda ct, p: _where(logical_or(not_equal(ct, 0), absolute(p) < _inf), p, 0.0),
    lambda ct, p: ct,
    shown_as=lambda ct, p: ct * p,
    build=lambda ct, p: _gate(ct, p),
    doc="ct * p, and 0 wherever ct is 0.",
    internal=True,
)
# the same with two factors that may be zeros of this kind
gate_both: Elementwise = _row(
    "gate_both",
    values.gate_both,
    lambda a, b: b,
    lambda a, b: a,
    shown_as=lambda a, b: a * b,
    build=lambda a, b: _gate_both(a, b),
    doc="a * b, and 0 wherever a or b is 0.",
    internal=True,
)
# a quotient whose zeros silence
ratio: Elementwise = _row(
    "ratio",
    values.ratio,
    lambda x, y: 1 / y,
    lambda x, y: -(ratio(x, y) ** 2) if number(x) == 1 else -gate(ratio(x, y), 1 / y),
    shown_as=lambda x, y: x / y,
    domain=[(-_inf, _inf), (0, _inf)],
    sample=[(-2, 2), (0.1, 3)],
    doc="x/y, and 0 where x is 0.",
    internal=True,
)


def _chosen(condition: Operand, a: Operand, b: Operand) -> Node:
    """A choice; that of a number is the branch."""
    refuse_truth(condition, "where")
    (c, *branches), shape = broadcast(condition, a, b, what="the arguments of where")
    known = number(c)
    return apply(WHERE, c, *branches) if known is None else broadcast_to(branches[0 if known else 1], shape)


def _gate(ct: Operand, p: Operand) -> Node:
    """A gate, or the product if one factor is a number for which both are equal."""
    (strong, factor), shape = broadcast(ct, p, what="the arguments of gate")
    for value, other in ((number(strong), factor), (number(factor), strong)):
        if value == 0.0 and other is factor:
            return zeros(shape)
        if value is not None and math.isfinite(value) and other.shape == shape:
            return scale(value, other)
    return _apart(GATE, strong, factor)


def _gate_both(a: Operand, b: Operand) -> Node:
    """A gate of two factors whose zeros both silence."""
    (x, y), shape = broadcast(a, b, what="the arguments of gate_both")
    for value, other in ((number(x), y), (number(y), x)):
        if value == 0.0:
            return zeros(shape)
        if value is not None and math.isfinite(value) and other.shape == shape:
            return scale(value, other)
    return _apart(GATE_BOTH, x, y)


def _apart(row: Function, a: Node, b: Node) -> Node:
    """A row that multiplies, with numeric factors outside; in the written form, only the signs."""
    split = split_sign if kept_nodes() is None else split_coefficient
    (p, x), (q, y) = split(a), split(b)
    factor = p * q
    if not (math.isfinite(factor) and abs(factor) >= np.finfo(np.float64).tiny):
        return apply(row, a, b)
    return scale(factor, apply(row, x, y))


WHERE, GATE, GATE_BOTH = row_named("where"), row_named("gate"), row_named("gate_both")


def _choosers(*positions: int) -> Callable[[Node, IndexMap], Node | None]:
    """The rule of a row that is linear in its other arguments, by the positions of the choosing ones."""

    def rule(node: Node, along: IndexMap) -> Node | None:
        if along.summed and not along.diagonal:
            for at in positions:
                moved = _past_chooser(node, along, at)
                if moved is not None:
                    return moved
        return moved_in(node, along)

    return rule


def _past_chooser(node: Node, along: IndexMap, at: int) -> Node | None:
    """The sum inside a choice, over axes along which the argument ``at`` is the same."""
    chooser = node.args[at]
    if not chooser.shape:
        own: set[int] = set()
    elif is_structural(chooser):
        own = {k for ks in Contraction.of(chooser).labels for k in ks}
    else:
        return None
    inside = [k for axis, k in enumerate(along.labels) if k < 0 and axis not in own]
    if not inside:
        return None
    left = [k for k in along.labels if k not in inside]
    args = [contract([(a if a.shape else spread(a, node.shape), along.labels)], left) for a in node.args]
    args[at] = select(chooser, tuple(0 if k in inside else None for k in along.labels)) if chooser.shape else chooser
    made = apply(row_named(node.op.name), *args)
    if not made.shape and left:
        made = spread(made, tuple(along.sizes[k] for k in left))
    return contract([(made, left)], along.kept)


MOVED_IN.fill(_choosers(0, 1), GATE, GATE_BOTH)
MOVED_IN.fill(_choosers(0), WHERE)
# the sum of a gate is a product of arrays
ABSORBS.fill(lambda node: True, GATE, GATE_BOTH)


@OVER_SAMPLES.rule(GATE)
def _sum_of_gates(node: Node) -> Node | None:
    """If one operand of a gate is shared by all samples, the sum over samples moves into the other operand."""
    strong, factor = node.args
    if not factor.per_sample:
        return gate(sample_sum(strong), factor)
    if not strong.per_sample:
        return gate(strong, sample_sum(factor))
    return None


def where(condition: Operand, a: Operand, b: Operand) -> Node:
    """``a`` where the condition is not zero, else ``b``, elementwise: the three broadcast.

    The branch that is not taken has no effect, even if it is NaN, on the value and on derivatives.  The derivative by the
    condition is 0.

    Raises:
        ShapeError: the shapes do not broadcast together.
        TypeError: the condition is Python's True or False, such as ``x == 0``; :func:`equal` compares values.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.diff(eg.where(x > 0, eg.sqrt(x), 0), x), {x: 0.0})
    np.float64(0.0)
    """
    return WHERE.build(condition, a, b)


def clip(x: Operand, low: Operand | None, high: Operand | None) -> Node:
    """x limited to the interval from low to high, elementwise: the three broadcast.  ``None`` means no limit.

    The derivative by x is 1 inside, 0 outside, and 1/2 at low and at high.  Where low is above high, high is
    the value.

    Raises:
        ShapeError: the shapes do not broadcast together.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.clip(x, 0, 1), {x: [-0.5, 0.5, 1.5]})
    array([0. , 0.5, 1. ])
    """
    limited = as_node(x) if low is None else maximum(x, low)
    return limited if high is None else minimum(limited, high)


__all__ = [
    "GATE", "GATE_BOTH", "WHERE", "absolute", "ceil", "clip", "equal", "floor", "gate", "gate_both", "less", "less_equal", "logical_and",
    "logical_not", "logical_or", "maximum", "minimum", "not_equal", "ratio", "relu", "sign", "smaller", "step", "where",
]  # fmt: skip
