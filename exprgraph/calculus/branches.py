"""The rules of every primitive behind choices: the derivative of an argument that is not taken has no effect.

The sweeps call ``tangent`` and ``cotangents``.  They track whether zeros silence (:mod:`gates`).  If none do, and the
operation makes no choice, the rules are those of :mod:`rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Union

from ..canonical.arithmetic import linear
from ..canonical.contract import contract
from ..canonical.written import split_coefficient
from ..functions.elementwise import Function, apply
from ..functions.rows import GATE, GATE_BOTH, WHERE, gate, gate_both
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import is_known, is_zero, number
from ..graph.node import Node, Shape
from ..graph.primitive import TABLE, Primitive
from ..graph.views import Contraction
from .gates import Silence, Zeros, finite_part, gated_product, gated_solve, inside, is_finite, together, within_mask
from .rules import JVP, VJP, Vjp, contract_parts, extremum_weights, partial, solution_axes
from .scaling import (
    Labels,
    add,
    along_cotangents,
    along_tangents,
    axes,
    gathered,
    scaled_cotangent,
    scaled_tangent,
    sizes,
    spread_tangent,
)
from .wanted import is_wanted

Found = tuple[Union[Node, None], Zeros]
#: ``(node, tangents, extra, zeros)``: as JVP, where zeros of some tangents silence
GATED_JVP: Column[Callable[[Node, Sequence[Union[Node, None]], Shape, Sequence[Zeros]], Found]] = Column(
    "gated_jvp", "the tangent of a node whose arguments were chosen, and whether its zeros silence", __name__, leaves=False
)
#: ``(node, cotangent, extra, zeros)``: as VJP, where zeros of the cotangent silence
GATED_VJP: Column[Callable[[Node, Node, Shape, Zeros], Sequence[Found]]] = Column(
    "gated_vjp", "the cotangents of the arguments of a node that was chosen, and whether their zeros silence", __name__, leaves=False
)
#: operations that may ignore an argument; so may functions with ``branch`` in their row
CHOOSES: Column[bool] = Column("chooses", "whether it may ignore an argument", __name__, otherwise="all its arguments matter")
CHOOSES.fill(True, WHERE, GATE, GATE_BOTH, primitive.REDUCE_MAX, primitive.REDUCE_MIN)


def chooses(op: Primitive) -> bool:
    """Whether an operation may ignore an argument."""
    return CHOOSES.find(op) is True or (isinstance(op, Function) and op.branch)


def tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    """The tangent of a node from those of its arguments, and whether its zeros silence."""
    if not chooses(node.op) and all(z is None for z in zeros):
        return JVP[node.op](node, tangents, extra), None
    return GATED_JVP[node.op](node, tangents, extra, zeros)


def smooth_rule(op: Primitive) -> Vjp | None:
    """The rule of an operation that makes no choice, for cotangents whose zeros are numbers."""
    return None if chooses(op) else VJP[op]


def cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    """The cotangents of the arguments from that of a node, and whether their zeros silence."""
    rule = smooth_rule(node.op) if zeros is None else None
    if rule is not None:
        return [(v, None) for v in rule(node, ct, extra)]
    return GATED_VJP[node.op](node, ct, extra, zeros)


# ---------------------------------------------------------------- masks


def masked(share: Node, v: Node, zeros: Zeros) -> tuple[Node, Silence]:
    """v where a choice takes it, by a share of the shape of v."""
    if zeros is None:
        return gate(share, v), Silence(False, False)
    chosen = zeros.chosen
    if not zeros.inside:
        inner: list[Node] = []

        def kept(w: Node) -> Node:
            inner.append(gate(share, w))
            return inner[0]

        made, deep = within_mask(v, kept)
        if made is not None:  # the gate of a number is a multiple of the share, whose zeros are no longer a mask's
            return made, Silence(split_coefficient(inner[0])[1].op is not GATE, chosen)
        return gate_both(share, v), Silence(deep, chosen)
    return gate_both(share, v), Silence(True, chosen)


def _silenced(
    v: Node, zeros: Silence, inner: Callable[[Node], Node], p: Node, wide: Callable[[], tuple[Node, Node]]
) -> tuple[Node, Silence]:
    """v times p, of the shape of v, by ``inner`` if no zeros of v silence; ``wide`` broadcasts both to the whole shape."""
    made, deep = (None, True) if zeros.inside else within_mask(v, inner)
    if made is not None:
        return made, zeros
    zeros = Silence(deep, zeros.chosen)
    if is_finite(p, not zeros.chosen):
        return inner(v), Silence(True, zeros.chosen)
    return gate(*wide()), zeros


# ---------------------------------------------------------------- elementwise


def _sum_of(terms: Sequence[tuple[Node, Zeros]], shape: Shape, *, taken: bool = False) -> Found:
    """The sum of tangents; ``taken`` means that at every element some tangent is taken."""
    if not terms:
        return None, None
    whole = add([t for t, _ in terms], shape)
    return whole, None if taken and len(terms) > 1 else together([z for _, z in terms])


@GATED_JVP.rule(primitive.SUM, primitive.PRODUCT, Function)
def _elementwise_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    terms: list[tuple[Node, Zeros]] = []
    for k, (t, z) in enumerate(zip(tangents, zeros)):
        p = partial(node, k) if t is not None else None
        if t is not None and p is not None and not is_zero(p):
            terms.append(tangent_term(node, k, p, t, extra, z))
    return _sum_of(terms, node.shape + extra)


def tangent_term(node: Node, k: int, p: Node, t: Node, extra: Shape, zeros: Zeros) -> tuple[Node, Zeros]:
    """The contribution of one argument's tangent to the tangent of an elementwise operation."""
    arg = node.args[k]
    z = zeros if arg.shape == node.shape else inside(zeros)
    if isinstance(node.op, Function) and node.op.branch:
        return masked(along_tangents(p, node, extra), spread_tangent(t, arg, node, extra), z)

    def inner(v: Node) -> Node:
        return scaled_tangent(p, v, arg, node, extra)

    if z is None or (number(p) is not None and is_finite(p, False)):
        return inner(t), z
    return _silenced(t, z, inner, p, lambda: (spread_tangent(t, arg, node, extra), along_tangents(p, node, extra)))


@GATED_VJP.rule(primitive.SUM, primitive.PRODUCT, Function)
def _elementwise_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    assert zeros is not None  # else VJP has the rule
    out: list[Found] = []
    for k, arg in enumerate(node.args):
        p = partial(node, k) if is_wanted(arg) else None
        if p is None or is_zero(p):
            out.append((None, None))
            continue

        def inner(v: Node) -> Node:
            return scaled_cotangent(p, v, arg, node, extra)  # noqa: B023

        if number(p) is not None and is_finite(p, False):
            out.append((inner(ct), zeros if arg.shape == node.shape else inside(zeros)))
        elif arg.shape == node.shape:
            out.append(_silenced(ct, zeros, inner, p, lambda: (ct, along_cotangents(p, node, extra))))  # noqa: B023
        elif is_finite(p, not zeros.chosen):
            out.append((inner(ct), inside(zeros)))
        else:
            out.append((gathered(gate(ct, along_cotangents(p, node, extra)), arg, node, extra), inside(zeros)))
    return out


def _choice_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    """The rule of relu, abs, minimum, maximum."""
    terms = []
    for k, (t, z) in enumerate(zip(tangents, zeros)):
        share = partial(node, k) if t is not None else None
        if t is not None and share is not None:
            terms.append(tangent_term(node, k, share, t, extra, z))
    return _sum_of(terms, node.shape + extra, taken=all(z is None for z in zeros))


def _choice_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    out: list[Found] = []
    for k, arg in enumerate(node.args):
        share = partial(node, k) if is_wanted(arg) else None
        if share is None:
            out.append((None, None))
            continue
        made, after = masked(along_cotangents(share, node, extra), ct, zeros)
        out.append((made, after) if arg.shape == node.shape else (gathered(made, arg, node, extra), inside(after)))
    return out


@GATED_JVP.rule(WHERE)
def _where_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    if tangents[1] is None and tangents[2] is None:
        return None, None
    c = along_tangents(node.args[0], node, extra)
    a, b = (spread_tangent(tangents[k], node.args[k], node, extra) for k in (1, 2))
    live = [zeros[k] if node.args[k].shape == node.shape else inside(zeros[k]) for k in (1, 2) if tangents[k] is not None]
    chosen = True
    after: Zeros
    if len(live) == 1:
        after = Silence(live[0] is not None and live[0].inside, chosen)
    else:
        after = None if all(z is None for z in live) else Silence(True, chosen)
    return apply(WHERE, c, a, b), after


@GATED_VJP.rule(WHERE)
def _where_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    c = along_cotangents(node.args[0], node, extra)
    out: list[Found] = [(None, None)]
    for arg, chosen in zip(node.args[1:], (apply(WHERE, c, ct, 0.0), apply(WHERE, c, 0.0, ct))):
        masked = gathered(chosen, arg, node, extra)
        out.append((masked, Silence(arg.shape != node.shape or (zeros is not None and zeros.inside), True)))
    return out


# ---------------------------------------------------------------- gates


@GATED_JVP.rule(GATE, GATE_BOTH)
def _gate_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    terms: list[tuple[Node, Zeros]] = []
    for k, (t, z) in enumerate(zip(tangents, zeros)):
        if t is None:
            continue
        arg, other = node.args[k], node.args[1 - k]
        t, other = spread_tangent(t, arg, node, extra), along_tangents(other, node, extra)
        chosen = z is not None and z.chosen
        if node.op is GATE_BOTH:
            terms.append((gate_both(other, t), Silence(True, chosen)))
        elif k == 0:
            terms.append((gate(t, other), Silence(True, chosen)))
        else:
            terms.append(masked(other, t, z if arg.shape == node.shape else inside(z)))
    return _sum_of(terms, node.shape + extra)


@GATED_VJP.rule(GATE)
def _gate_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    strong, p = node.args
    chosen = zeros is not None and zeros.chosen
    by_p, silence = masked(along_cotangents(strong, node, extra), ct, zeros)
    factor = along_cotangents(finite_part(p, strong), node, extra)
    n, e = axes("n", node.shape), axes("e", extra)
    if zeros is None:
        by_strong = contract([(ct, e + n), (factor, e + n)], e + n)
    else:
        by_strong = gate(ct, factor)
    after = Silence(True, chosen)
    return [
        (gathered(by_strong, strong, node, extra), after),
        (by_p, silence) if p.shape == node.shape else (gathered(by_p, p, node, extra), after),
    ]


@GATED_VJP.rule(GATE_BOTH)
def _gate_both_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    after = Silence(True, zeros is not None and zeros.chosen)
    others = (along_cotangents(node.args[1 - k], node, extra) for k in (0, 1))
    return [(gathered(gate_both(o, ct), a, node, extra), after) for a, o in zip(node.args, others)]


# ---------------------------------------------------------------- tensors


@GATED_JVP.rule(primitive.SELECT, primitive.PLACE, primitive.RESHAPE, primitive.SAMPLE_SUM)
def moved_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    """The rule of linear operations without infinite factors: zeros may be anywhere in the tangent."""
    return JVP[node.op](node, tangents, extra), inside(together([z for t, z in zip(tangents, zeros) if t is not None]))


@GATED_JVP.rule(primitive.STACK, primitive.CONCATENATE)
def _joined_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    """Parts without a tangent are zeros that silence nothing."""
    live = [z for t, z in zip(tangents, zeros) if t is not None]
    return JVP[node.op](node, tangents, extra), inside(together([*live, None]))


@GATED_VJP.rule(*primitive.MOVEMENTS, primitive.SAMPLE_SUM)
def moved_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    """The same in reverse."""
    return [(v, inside(zeros)) for v in VJP[node.op](node, ct, extra)]


@GATED_JVP.rule(primitive.CONTRACT)
def _contract_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    labels, lengths = Contraction.of(node)
    e = axes("e", extra)
    n: Labels = list(range(len(node.shape)))
    size: dict[Hashable, int] = {**dict(enumerate(lengths)), **sizes((e, extra))}
    terms: list[tuple[Node, Zeros]] = []
    for k, (t, z) in enumerate(zip(tangents, zeros)):
        if t is None:
            continue
        own: Labels = [*labels[k], *e]
        others: list[tuple[Node, Labels]] = [(a, list(ks)) for i, (a, ks) in enumerate(zip(node.args, labels)) if i != k]
        if z is None:
            terms.append((contract([(t, own), *others], n + e, size), None))
        else:
            single = len(set(labels[k])) == len(labels[k])
            value = t if single else contract([(t, own)], list(dict.fromkeys(own)))
            terms.append((gated_product(value, list(dict.fromkeys(own)), others, n + e, size, z), inside(z)))
    return _sum_of(terms, node.shape + extra)


@GATED_VJP.rule(primitive.CONTRACT)
def _contract_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    assert zeros is not None  # else VJP has the rule
    _, lengths = Contraction.of(node)
    e = axes("e", extra)
    n: Labels = list(range(len(node.shape)))
    size: dict[Hashable, int] = {**dict(enumerate(lengths)), **sizes((e, extra))}
    out: list[Found] = []
    for k, arg in enumerate(node.args):
        if is_known(arg):
            out.append((None, None))
            continue
        others, own = contract_parts(node, k)
        size.update(zip(own, arg.shape))
        out.append((gated_product(ct, e + n, others, e + own, size, zeros), inside(zeros)))
    return out


@GATED_JVP.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    (t,), (z,) = tangents, zeros
    if t is None:
        return None, None
    weights, every, kept = extremum_weights(node)
    e = axes("e", extra)
    share = contract([(weights, every)], every + e, sizes((every, weights.shape), (e, extra)))
    masked = gate(share, t) if z is None else gate_both(share, t)
    return contract([(masked, every + e)], kept + e), inside(z)  # some element is always taken


@GATED_VJP.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    weights, every, kept = extremum_weights(node)
    e = axes("e", extra)
    size = sizes((e, extra), (every, weights.shape))
    share = contract([(weights, every)], e + every, size)
    return [masked(share, contract([(ct, e + kept)], e + every, size), inside(zeros))]


@GATED_JVP.rule(primitive.SOLVE)
def _solve_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    a, _ = node.args
    da, db = tangents
    lead, rest, e = solution_axes(node, extra)
    terms: list[tuple[float, Node]] = []
    if da is not None:  # d(A x) = dA x + A dx
        size = sizes(([*lead, "i", *rest, *e], node.shape + extra), (["j"], a.shape[-1:]))
        z = zeros[0]
        if z is None:
            moved = contract([(da, [*lead, "i", "j", *e]), (node, [*lead, "j", *rest])], [*lead, "i", *rest, *e])
        else:
            moved = gated_product(da, [*lead, "i", "j", *e], [(node, [*lead, "j", *rest])], [*lead, "i", *rest, *e], size, z)
        terms.append((-1.0, moved))
    if db is not None:
        terms.append((1.0, db))
    if not terms:
        return None, None
    live = [z for t, z in zip(tangents, zeros) if t is not None]
    return gated_solve(a, linear(terms, 0.0, node.shape + extra)), inside(together(live))


@GATED_VJP.rule(primitive.SOLVE)
def _solve_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    assert zeros is not None  # else VJP has the rule
    a, _ = node.args
    lead, rest, e = solution_axes(node, extra)
    y: Labels = [*lead, "i", *e, *rest]
    size = sizes((e, extra), ([*lead, "i", *rest], node.shape), (["j"], a.shape[-1:]))
    solution = gated_solve(contract([(a, [*lead, "i", "j"])], [*lead, "j", "i"]), contract([(ct, [*e, *lead, "i", *rest])], y))
    ct_a = gated_product(solution, y, [(node, [*lead, "j", *rest])], [*e, *lead, "i", "j"], size, zeros)
    after = inside(zeros)
    return [(linear([(-1.0, ct_a)], 0.0, ct_a.shape), after), (contract([(solution, y)], [*e, *lead, "i", *rest]), after)]


def _alone_forward(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return tangent(node, tangents, extra, [None] * len(tangents))[0]


def _alone_reverse(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [v for v, _ in cotangents(node, ct, extra, None)]


for _row in list(TABLE.values()):
    if isinstance(_row, Function) and _row.branch:
        GATED_JVP.fill(_choice_tangent, _row)
        GATED_VJP.fill(_choice_cotangents, _row)
    if chooses(_row):  # the rules with arguments behind no other choice
        JVP.fill(_alone_forward, _row)
        VJP.fill(_alone_reverse, _row)

__all__ = [
    "GATED_JVP",
    "GATED_VJP",
    "Zeros",
    "chooses",
    "cotangents",
    "masked",
    "moved_cotangents",
    "moved_tangent",
    "tangent",
    "tangent_term",
]
