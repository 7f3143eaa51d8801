"""The two derivative rules of each primitive.

Tangents have the shape ``arg.shape + extra`` and cotangents ``extra + node.shape``: the extra axes
count directions, so that a Jacobian is one sweep with an identity for a seed.

A cotangent that came through a branch of ``where`` is *gated*: where it is 0, what it is multiplied
with does not matter, be it infinite or NaN (:func:`gated_vjp`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from ..arithmetic import linear, product, spread
from ..contract import contract, is_structural
from ..elementwise import Function, apply, broadcast_to
from ..functions import GATE, WHERE, absolute, equal
from ..indexing import place, select
from ..joining import concatenate, reshape, stack
from ..leaves import constant, constant_value, identity, is_known, is_zero, number, zeros
from ..linalg import solve_node
from ..node import Node, Shape
from ..over_samples import sample_sum
from ..primitive import (
    CONCATENATE,
    CONTRACT,
    PLACE,
    PRODUCT,
    REDUCE_MAX,
    REDUCE_MIN,
    RESHAPE,
    SAMPLE_SUM,
    SELECT,
    SOLVE,
    STACK,
    SUM,
    Primitive,
)

Labels = list[Hashable]


def _axes(name: str, shape: Shape) -> Labels:
    return [(name, k) for k in range(len(shape))]


def _sizes(*pairs: tuple[Labels, Shape]) -> dict[Hashable, int]:
    return {k: n for labels, shape in pairs for k, n in zip(labels, shape)}


def add(terms: Sequence[Node], shape: Shape) -> Node:
    """The sum."""
    return linear([(1.0, t) for t in terms], 0.0, shape)


# ---------------------------------------------------------------- elementwise


def _scaled_tangent(p: Node, t: Node, arg: Node, node: Node, extra: Shape) -> Node:
    """p * t with the tangent's extra axes last; scalars act on every element."""
    if not extra and not is_structural(p) and not is_structural(t):
        return product([(p, 1.0), (t, 1.0)], 1.0, node.shape)
    n, e = _axes("n", node.shape), _axes("e", extra)
    operands = [(p, n if p.shape else []), (t, (n if arg.shape else []) + e)]
    return contract(operands, n + e, _sizes((n, node.shape), (e, extra)))


def _scaled_cotangent(p: Node, ct: Node, arg: Node, node: Node, extra: Shape) -> Node:
    """ct * p with the cotangent's extra axes first; summed where a scalar acted on every element."""
    if not extra and arg.shape == node.shape and not is_structural(p) and not is_structural(ct):
        return product([(p, 1.0), (ct, 1.0)], 1.0, node.shape)
    n, e = _axes("n", node.shape), _axes("e", extra)
    return contract([(ct, e + n), (p, n if p.shape else [])], e + (n if arg.shape else []))


def _partial_jvp(of: Callable[[Node, int], Node | None]) -> Callable[..., Node | None]:
    def rule(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
        terms = []
        for k, t in enumerate(tangents):
            p = of(node, k) if t is not None else None
            if t is not None and p is not None:
                terms.append(_scaled_tangent(p, t, node.args[k], node, extra))
        return add(terms, node.shape + extra)

    return rule


def _partial_vjp(of: Callable[[Node, int], Node | None]) -> Callable[..., list[Node | None]]:
    def rule(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
        out: list[Node | None] = []
        for k, arg in enumerate(node.args):
            p = of(node, k)
            out.append(None if p is None else _scaled_cotangent(p, ct, arg, node, extra))
        return out

    return rule


def _function_partial(node: Node, k: int) -> Node | None:
    assert isinstance(node.op, Function)
    return node.op.partial(node, k)


def _product_partial(node: Node, k: int) -> Node:
    exponent = node.params[k]
    factors = [(a, e if i != k else e - 1.0) for i, (a, e) in enumerate(zip(node.args, node.params))]
    shape = node.shape if any(a.shape and e for a, e in factors) else ()
    return product(factors, exponent, shape)


def _sum_partial(node: Node, k: int) -> Node:
    return constant(node.params[1][k])


def has_partials(op: Primitive) -> bool:
    """Whether an operation is differentiated by its partial derivatives alone."""
    return op is SUM or op is PRODUCT or (isinstance(op, Function) and jvp_rule(op) is function_jvp)


def partial(node: Node, k: int) -> Node | None:
    """The derivative of such an operation by argument k, elementwise; of the node's shape or a scalar."""
    return (_sum_partial if node.op is SUM else _product_partial if node.op is PRODUCT else _function_partial)(node, k)


function_jvp = _partial_jvp(_function_partial)
function_vjp = _partial_vjp(_function_partial)


def jvp_rule(op: Primitive) -> Callable[..., Node | None]:
    """The forward rule of a row."""
    if op.jvp is None and isinstance(op, Function):
        op.jvp = function_jvp
    assert op.jvp is not None, op
    return op.jvp


def vjp_rule(op: Primitive) -> Callable[..., Sequence[Node | None]]:
    """The reverse rule of a row."""
    if op.vjp is None and isinstance(op, Function):
        op.vjp = function_vjp
    assert op.vjp is not None, op
    return op.vjp


def _spread_tangent(t: Node | None, arg: Node, node: Node, extra: Shape) -> Node:
    """A tangent on all of a node's elements."""
    if t is None:
        return zeros(node.shape + extra)
    n, e = _axes("n", node.shape), _axes("e", extra)
    return contract([(t, (n if arg.shape else []) + e)], n + e, _sizes((n, node.shape), (e, extra)))


def _where_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    if tangents[1] is None and tangents[2] is None:
        return None
    n, e = _axes("n", node.shape), _axes("e", extra)
    condition = node.args[0]
    c = contract([(condition, n if condition.shape else [])], n + e, _sizes((n, node.shape), (e, extra)))
    a, b = (_spread_tangent(tangents[k], node.args[k], node, extra) for k in (1, 2))
    return apply(WHERE, c, a, b)


def _where_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    n, e = _axes("n", node.shape), _axes("e", extra)
    condition = node.args[0]
    c = contract([(condition, n if condition.shape else [])], e + n, _sizes((e, extra), (n, node.shape)))
    out: list[Node | None] = [None]
    for k, branches in ((1, (ct, 0.0)), (2, (0.0, ct))):
        masked = apply(WHERE, c, *branches)
        out.append(masked if node.args[k].shape == node.shape else contract([(masked, e + n)], e))
    return out


def _gate_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    terms = []
    for k, t in enumerate(tangents):
        if t is not None:
            other = _spread_tangent(_with_extra(node.args[1 - k], extra), node.args[1 - k], node, extra)
            t = _spread_tangent(t, node.args[k], node, extra)
            terms.append(apply(GATE, t, other) if k == 0 else apply(GATE, other, t))
    return add(terms, node.shape + extra)


def _with_extra(value: Node, extra: Shape) -> Node:
    """A value repeated along a tangent's extra axes."""
    n, e = _axes("n", value.shape), _axes("e", extra)
    return contract([(value, n)], n + e, _sizes((e, extra)))


# ---------------------------------------------------------------- tensors


def _contract_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    labels, sizes = node.params
    e = _axes("e", extra)
    n: Labels = list(range(len(node.shape)))
    size: dict[Hashable, int] = {**dict(enumerate(sizes)), **_sizes((e, extra))}
    terms = []
    for k, t in enumerate(tangents):
        if t is not None:
            operands = [(a, ks) if i != k else (t, [*ks, *e]) for i, (a, ks) in enumerate(zip(node.args, labels))]
            terms.append(contract(operands, n + e, size))
    return add(terms, node.shape + extra)


def _contract_parts(node: Node, k: int) -> tuple[list[tuple[Node, Labels]], Labels]:
    """The other operands, and labels for operand k with a delta where it repeats one."""
    labels, sizes = node.params
    others: list[tuple[Node, Labels]] = [(a, list(ks)) for i, (a, ks) in enumerate(zip(node.args, labels)) if i != k]
    own: Labels = []
    for at, key in enumerate(labels[k]):
        if key in own:
            others.append((identity(sizes[key]), [key, ("twin", at)]))
            own.append(("twin", at))
        else:
            own.append(key)
    return others, own


def _contract_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    _, sizes = node.params
    e = _axes("e", extra)
    size: dict[Hashable, int] = {**dict(enumerate(sizes)), **_sizes((e, extra))}
    out: list[Node | None] = []
    for k, arg in enumerate(node.args):
        if is_known(arg):
            out.append(None)
            continue
        others, own = _contract_parts(node, k)
        size.update(zip(own, arg.shape))
        out.append(contract([(ct, e + list(range(len(node.shape)))), *others], e + own, size))
    return out


def _select_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else select(t, node.params + (None,) * len(extra))


def _select_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [place(ct, (None,) * len(extra) + node.params, extra + node.args[0].shape)]


def _place_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else place(t, node.params[0] + (None,) * len(extra), node.shape + extra)


def _place_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [select(ct, (None,) * len(extra) + node.params[0])]


def _filled(node: Node, tangents: Sequence[Node | None], extra: Shape) -> list[Node]:
    return [zeros(a.shape + extra) if t is None else t for a, t in zip(node.args, tangents)]


def _stack_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return stack(_filled(node, tangents, extra), node.params[0])


def _stack_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    axis = len(extra) + node.params[0]
    return [select(ct, tuple(i if k == axis else None for k in range(len(ct.shape)))) for i in range(len(node.args))]


def _concatenate_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return concatenate(_filled(node, tangents, extra), node.params[0])


def _concatenate_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    axis = node.params[0]
    out: list[Node | None] = []
    start = 0
    for a in node.args:
        n = a.shape[axis]
        entries = tuple(("s", start, 1, n) if k == len(extra) + axis else None for k in range(len(ct.shape)))
        out.append(select(ct, entries))
        start += n
    return out


def _reshape_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else reshape(t, node.shape + extra)


def _reshape_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [reshape(ct, extra + node.args[0].shape)]


def extremum_weights(node: Node) -> tuple[Node, list[int]]:
    """The share of each element in the extremum (equal among ties), and the kept axes."""
    (arg,) = node.args
    axes = list(range(len(arg.shape)))
    kept = [k for k in axes if k not in node.params]
    size: dict[Hashable, int] = dict(enumerate(arg.shape))
    hit = equal(arg, contract([(node, kept)], axes, size))
    ties = contract([(hit, axes)], kept)
    return contract([(hit, axes), (product([(ties, -1.0)], 1.0, node.shape), kept)], axes), kept


def _extremum_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    weights, kept = extremum_weights(node)
    axes: Labels = list(range(len(weights.shape)))
    e = _axes("e", extra)
    return contract([(weights, axes), (t, axes + e)], [*kept, *e])


def _extremum_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    weights, kept = extremum_weights(node)
    axes: Labels = list(range(len(weights.shape)))
    e = _axes("e", extra)
    return [contract([(weights, axes), (ct, [*e, *kept])], e + axes)]


def _solve_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    a, _ = node.args
    da, db = tangents
    rest, e = _axes("r", node.shape[1:]), _axes("e", extra)
    right = db
    if da is not None:  # d(A x) = dA x + A dx
        moved = contract([(da, ["i", "j", *e]), (node, ["j", *rest])], ["i", *rest, *e])
        right = linear([(-1.0, moved)] + ([(1.0, db)] if db is not None else []), 0.0, moved.shape)
    return None if right is None else solve_node(a, right)


def _solve_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    a, _ = node.args
    rest, e = _axes("r", node.shape[1:]), _axes("e", extra)
    front = contract([(ct, [*e, "i", *rest])], ["i", *e, *rest])
    y = solve_node(contract([(a, ["i", "j"])], ["j", "i"]), front)
    ct_a = contract([(y, ["i", *e, *rest]), (node, ["j", *rest])], [*e, "i", "j"])
    return [linear([(-1.0, ct_a)], 0.0, ct_a.shape), contract([(y, ["i", *e, *rest])], [*e, "i", *rest])]


def _sample_sum_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else sample_sum(t)


def _sample_sum_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [ct]  # the reverse sweep sums what leaves the per-sample region


# ---------------------------------------------------------------- through the branch of a where


def _is_finite_constant(node: Node) -> bool:
    value = number(node)
    if value is not None:
        return math.isfinite(value)
    known = constant_value(node)
    return known is not None and bool(np.isfinite(known).all())


def gated_vjp(node: Node, ct: Node, extra: Shape) -> Sequence[Node | None]:
    """The reverse rule where a zero cotangent silences an infinite or undefined factor."""
    op = node.op
    n, e = _axes("n", node.shape), _axes("e", extra)
    if op.gated is not None:
        return op.gated(node, ct, extra)
    if op is WHERE:
        return vjp_rule(op)(node, ct, extra)
    if op is SUM or op is PRODUCT or isinstance(op, Function):
        out: list[Node | None] = []
        for k, arg in enumerate(node.args):
            p = partial(node, k)
            if p is None or is_zero(p):
                out.append(None)
            elif _is_finite_constant(p):
                out.append(_scaled_cotangent(p, ct, arg, node, extra))
            else:
                wide = contract([(p, n if p.shape else [])], e + n, _sizes((e, extra), (n, node.shape)))
                masked = apply(GATE, ct, wide)
                out.append(masked if arg.shape == node.shape else contract([(masked, e + n)], e))
        return out
    if op is CONTRACT:
        return _gated_contract(node, ct, extra)
    if op is REDUCE_MAX or op is REDUCE_MIN:
        weights, kept = extremum_weights(node)
        axes: Labels = list(range(len(weights.shape)))
        size = _sizes((e, extra), (axes, weights.shape))
        return [apply(GATE, contract([(ct, [*e, *kept])], e + axes, size), contract([(weights, axes)], e + axes, size))]
    if op is SOLVE:
        return _gated_solve(node, ct, extra)
    return vjp_rule(op)(node, ct, extra)


def _gated_contract(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    _, sizes = node.params
    e = _axes("e", extra)
    n: Labels = list(range(len(node.shape)))
    size: dict[Hashable, int] = {**dict(enumerate(sizes)), **_sizes((e, extra))}
    out: list[Node | None] = []
    for k, arg in enumerate(node.args):
        if is_known(arg):
            out.append(None)
            continue
        others, own = _contract_parts(node, k)
        size.update(zip(own, arg.shape))
        out.append(gated_product(ct, e + n, others, e + own, size))
    return out


def gated_product(ct: Node, labels: Labels, others: Sequence[tuple[Node, Labels]], out: Labels, size: dict[Hashable, int]) -> Node:
    """The contraction of a cotangent with other operands, where those do not matter at its zeros."""
    if all(_is_finite_constant(a) for a, _ in others):
        return contract([(ct, labels), *others], out, size)
    wide: Labels = list(dict.fromkeys([*labels, *out, *(key for _, ks in others for key in ks)]))
    masked = apply(GATE, contract([(ct, labels)], wide, size), contract(others, wide, size))
    return contract([(masked, wide)], out, size)


def _gated_solve(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    """A system whose cotangent is zero has a zero solution, be its matrix singular or undefined."""
    a, _ = node.args
    rest, e = _axes("r", node.shape[1:]), _axes("e", extra)
    n: Labels = ["i", *rest]
    y: Labels = ["i", *e, *rest]
    size = _sizes((e, extra), (n, node.shape), (["j"], node.shape[:1]))
    front = contract([(ct, e + n)], y)
    solution = solve_node(contract([(a, ["i", "j"])], ["j", "i"]), front)
    reached = contract([(absolute(front), y)], [*e, *rest])
    solution = apply(WHERE, contract([(reached, [*e, *rest])], y, size), solution, 0.0)
    ct_a = gated_product(solution, y, [(node, ["j", *rest])], [*e, "i", "j"], size)
    return [linear([(-1.0, ct_a)], 0.0, ct_a.shape), contract([(solution, y)], e + n)]


SUM.jvp, SUM.vjp = _partial_jvp(_sum_partial), _partial_vjp(_sum_partial)
PRODUCT.jvp, PRODUCT.vjp = _partial_jvp(_product_partial), _partial_vjp(_product_partial)
WHERE.jvp, WHERE.vjp = _where_jvp, _where_vjp
GATE.jvp = _gate_jvp
GATE.vjp = gated_vjp
CONTRACT.jvp, CONTRACT.vjp = _contract_jvp, _contract_vjp
SELECT.jvp, SELECT.vjp = _select_jvp, _select_vjp
PLACE.jvp, PLACE.vjp = _place_jvp, _place_vjp
STACK.jvp, STACK.vjp = _stack_jvp, _stack_vjp
CONCATENATE.jvp, CONCATENATE.vjp = _concatenate_jvp, _concatenate_vjp
RESHAPE.jvp, RESHAPE.vjp = _reshape_jvp, _reshape_vjp
for _row in (REDUCE_MAX, REDUCE_MIN):
    _row.jvp, _row.vjp = _extremum_jvp, _extremum_vjp
SOLVE.jvp, SOLVE.vjp = _solve_jvp, _solve_vjp
SAMPLE_SUM.jvp, SAMPLE_SUM.vjp = _sample_sum_jvp, _sample_sum_vjp

__all__ = ["add", "broadcast_to", "extremum_weights", "gated_vjp", "has_partials", "jvp_rule", "partial", "spread", "vjp_rule"]
