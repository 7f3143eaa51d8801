"""The two derivative rules of each primitive.

Tangents have the shape ``arg.shape + extra`` and cotangents ``extra + node.shape``.  The extra axes count directions, so
that a Jacobian is one sweep with the identity as its seed.

These are the rules of smooth operations.  Operations that choose between their arguments (``where``, ``maximum``,
``relu``) have rules in :mod:`branches`, and so has every operation behind such a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Union

from ..canonical.arithmetic import linear, product
from ..canonical.contract import contract, is_structural
from ..canonical.joining import concatenate, reshape, stack
from ..canonical.over_samples import sample_sum
from ..canonical.place import place
from ..canonical.select import select
from ..canonical.solve import solve_node
from ..functions.elementwise import Function
from ..functions.rows import equal
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant, identity, is_known, zeros
from ..graph.node import Node, Shape
from ..graph.views import Contraction, Linear, Slice, axis_of, entries_of
from .scaling import Labels, add, axes, scalar_multiple, scaled_cotangent, scaled_tangent, sizes
from .wanted import is_wanted, wanted_nodes

Jvp = Callable[[Node, Sequence[Union[Node, None]], Shape], Union[Node, None]]
Vjp = Callable[[Node, Node, Shape], Sequence[Union[Node, None]]]
#: ``(node, tangents, extra)``: tangents have shape ``arg.shape + extra``; ``None`` is zero
JVP: Column[Jvp] = Column("jvp", "the tangent of a node, from those of its arguments", __name__, leaves=False)
#: ``(node, cotangent, extra)``: the cotangent has shape ``extra + node.shape``
VJP: Column[Vjp] = Column("vjp", "the cotangents of the arguments, from that of the node", __name__, leaves=False)

# ---------------------------------------------------------------- elementwise


def _partial_jvp(partial: Callable[[Node, int], Node | None]) -> Callable[..., Node | None]:
    def rule(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
        terms = []
        for k, t in enumerate(tangents):
            p = partial(node, k) if t is not None else None
            if t is not None and p is not None:
                terms.append(scaled_tangent(p, t, node.args[k], node, extra))
        return add(terms, node.shape + extra)

    return rule


def _partial_vjp(partial: Callable[[Node, int], Node | None]) -> Callable[..., list[Node | None]]:
    def rule(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
        out: list[Node | None] = []
        for k, arg in enumerate(node.args):
            p = partial(node, k) if is_wanted(arg) else None
            out.append(None if p is None else scaled_cotangent(p, ct, arg, node, extra))
        return out

    return rule


def function_partial(node: Node, k: int) -> Node | None:
    assert isinstance(node.op, Function)
    return node.op.partial(node, k)


def product_partial(node: Node, k: int) -> Node:
    factors, coefficient = _factors_of_partial(node, k)
    shape = node.shape and (node.shape if any(a.shape and e for a, e in factors) else ())
    return product(factors, coefficient, shape)


def other_factor(node: Node, k: int) -> Node | None:
    """The derivative of a plain product of two factors, by one of them; ``None`` for other operations."""
    return node.args[1 - k] if node.op is primitive.PRODUCT and node.params == (1.0, 1.0) else None


def partial_factors(node: Node, k: int) -> tuple[list[tuple[Node, float]], float] | None:
    """The derivative of a product by a factor, as factors with exponents and a number; ``None`` for other operations."""
    return _factors_of_partial(node, k) if node.op is primitive.PRODUCT else None


def factors_of_partial(node: Node, k: int) -> tuple[list[tuple[Node, float]], float] | None:
    """The same, if there are several factors."""
    found = partial_factors(node, k)
    return found if found is not None and len(found[0]) > 1 else None


def _factors_of_partial(node: Node, k: int) -> tuple[list[tuple[Node, float]], float]:
    exponent = node.params[k]
    if exponent < 0 and len(node.args) > 1:  # (a/m)/m, which is finite where a/m is; m**2 may overflow
        return [(node, 1.0), (node.args[k], -1.0)], exponent
    return [(a, e if i != k else e - 1.0) for i, (a, e) in enumerate(zip(node.args, node.params)) if i != k or e != 1.0], exponent


def sum_partial(node: Node, k: int) -> Node:
    return constant(Linear.of(node).coefficients[k])


def is_elementwise(node: Node) -> bool:
    """Whether a node is a sum, a product or a function, which have partial derivatives."""
    return node.op is primitive.SUM or node.op is primitive.PRODUCT or isinstance(node.op, Function)


def coefficients_of(node: Node) -> Sequence[float] | None:
    """The derivatives by all arguments of an operation for which they are numbers of its parameters."""
    return tuple(node.params[1]) if node.op is primitive.SUM else None


def coefficient_of(node: Node, k: int) -> float | None:
    """The derivative by argument k of an operation for which it is a number of its parameters."""
    return float(node.params[1][k]) if node.op is primitive.SUM else None


def partial(node: Node, k: int) -> Node | None:
    """The derivative of an elementwise operation by argument k; of the node's shape or a scalar."""
    return (sum_partial if node.op is primitive.SUM else product_partial if node.op is primitive.PRODUCT else function_partial)(node, k)


for _rows, _partial in ((Function, function_partial), (primitive.SUM, sum_partial), (primitive.PRODUCT, product_partial)):
    JVP.fill(_partial_jvp(_partial), _rows)

VJP.fill(_partial_vjp(function_partial), Function)
_of_product = _partial_vjp(product_partial)
_of_sum = _partial_vjp(sum_partial)


@VJP.rule(primitive.SUM)
def _sum_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    if extra or node.shape or is_structural(ct):
        return _of_sum(node, ct, extra)
    wanted = wanted_nodes()
    return [scalar_multiple(c, ct) if wanted is None or a in wanted else None for c, a in zip(node.params[1], node.args)]


@VJP.rule(primitive.PRODUCT)
def _product_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    if extra or node.shape or is_structural(ct) or any([e != 1.0 for e in node.params]):  # noqa: C419  (slower as a generator)
        return _of_product(node, ct, extra)
    # plain products of scalars: the partial derivative is no node of its own
    args = node.args
    if len(args) == 2:
        a, b = args
        return [product([(b, 1.0), (ct, 1.0)]) if is_wanted(a) else None, product([(a, 1.0), (ct, 1.0)]) if is_wanted(b) else None]
    return [product([*((b, 1.0) for b in args if b is not a), (ct, 1.0)]) if is_wanted(a) else None for a in args]


# ---------------------------------------------------------------- tensors


@JVP.rule(primitive.CONTRACT)
def _contract_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    labels, lengths = Contraction.of(node)
    e = axes("e", extra)
    n: Labels = list(range(len(node.shape)))
    size: dict[Hashable, int] = {**dict(enumerate(lengths)), **sizes((e, extra))}
    terms = []
    for k, t in enumerate(tangents):
        if t is not None:
            operands = [(a, ks) if i != k else (t, [*ks, *e]) for i, (a, ks) in enumerate(zip(node.args, labels))]
            terms.append(contract(operands, n + e, size))
    return add(terms, node.shape + extra)


def contract_parts(node: Node, k: int) -> tuple[list[tuple[Node, Labels]], Labels]:
    """The other operands, and labels for operand k with a delta where it repeats one."""
    labels, lengths = Contraction.of(node)
    others: list[tuple[Node, Labels]] = [(a, list(ks)) for i, (a, ks) in enumerate(zip(node.args, labels)) if i != k]
    own: Labels = []
    for at, key in enumerate(labels[k]):
        if key in own:
            others.append((identity(lengths[key]), [key, ("twin", at)]))
            own.append(("twin", at))
        else:
            own.append(key)
    return others, own


@VJP.rule(primitive.CONTRACT)
def _contract_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    _, lengths = Contraction.of(node)
    e = axes("e", extra)
    size: dict[Hashable, int] = {**dict(enumerate(lengths)), **sizes((e, extra))}
    out: list[Node | None] = []
    for k, arg in enumerate(node.args):
        if is_known(arg):
            out.append(None)
            continue
        others, own = contract_parts(node, k)
        size.update(zip(own, arg.shape))
        out.append(contract([(ct, e + list(range(len(node.shape)))), *others], e + own, size))
    return out


@JVP.rule(primitive.SELECT)
def _select_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else select(t, node.params + (None,) * len(extra))


@VJP.rule(primitive.SELECT)
def _select_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [place(ct, (None,) * len(extra) + node.params, extra + node.args[0].shape)]


@JVP.rule(primitive.PLACE)
def _place_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else place(t, entries_of(node) + (None,) * len(extra), node.shape + extra)


@VJP.rule(primitive.PLACE)
def _place_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [select(ct, (None,) * len(extra) + entries_of(node))]


def _filled(node: Node, tangents: Sequence[Node | None], extra: Shape) -> list[Node]:
    return [zeros(a.shape + extra) if t is None else t for a, t in zip(node.args, tangents)]


@JVP.rule(primitive.STACK)
def _stack_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return stack(_filled(node, tangents, extra), axis_of(node))


@VJP.rule(primitive.STACK)
def _stack_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    axis = len(extra) + axis_of(node)
    return [select(ct, tuple(i if k == axis else None for k in range(len(ct.shape)))) for i in range(len(node.args))]


@JVP.rule(primitive.CONCATENATE)
def _concatenate_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return concatenate(_filled(node, tangents, extra), axis_of(node))


@VJP.rule(primitive.CONCATENATE)
def _concatenate_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    axis = axis_of(node)
    out: list[Node | None] = []
    start = 0
    for a in node.args:
        n = a.shape[axis]
        entries = tuple(Slice(start, 1, n) if k == len(extra) + axis else None for k in range(len(ct.shape)))
        out.append(select(ct, entries))
        start += n
    return out


@JVP.rule(primitive.RESHAPE)
def _reshape_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else reshape(t, node.shape + extra)


@VJP.rule(primitive.RESHAPE)
def _reshape_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [reshape(ct, extra + node.args[0].shape)]


def extremum_weights(node: Node) -> tuple[Node, Labels, Labels]:
    """The share of each element in the extremum (equal among ties), its axes, and the kept axes."""
    (arg,) = node.args
    every: Labels = list(range(len(arg.shape)))
    kept = [k for k in every if k not in node.params]
    hit = equal(arg, contract([(node, kept)], every, dict(enumerate(arg.shape))))
    ties = contract([(hit, every)], kept)
    return contract([(hit, every), (product([(ties, -1.0)], 1.0, node.shape), kept)], every), every, kept


def solution_axes(node: Node, extra: Shape) -> tuple[Labels, Labels, Labels]:
    """Labels of a stack of systems, of the axes of right-hand sides, and of directions."""
    lead = node.args[0].ndim - 2
    return axes("m", node.shape[:lead]), axes("r", node.shape[lead + 1 :]), axes("e", extra)


@JVP.rule(primitive.SOLVE)
def _solve_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    a, _ = node.args
    da, db = tangents
    lead, rest, e = solution_axes(node, extra)
    right = db
    if da is not None:  # d(A x) = dA x + A dx
        moved = contract([(da, [*lead, "i", "j", *e]), (node, [*lead, "j", *rest])], [*lead, "i", *rest, *e])
        right = linear([(-1.0, moved)] + ([(1.0, db)] if db is not None else []), 0.0, moved.shape)
    return None if right is None else solve_node(a, right)


@VJP.rule(primitive.SOLVE)
def _solve_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    a, _ = node.args
    lead, rest, e = solution_axes(node, extra)
    y: Labels = [*lead, "i", *e, *rest]
    front = contract([(ct, [*e, *lead, "i", *rest])], y)
    solution = solve_node(contract([(a, [*lead, "i", "j"])], [*lead, "j", "i"]), front)
    ct_a = contract([(solution, y), (node, [*lead, "j", *rest])], [*e, *lead, "i", "j"])
    return [linear([(-1.0, ct_a)], 0.0, ct_a.shape), contract([(solution, y)], [*e, *lead, "i", *rest])]


@JVP.rule(primitive.SAMPLE_SUM)
def _sample_sum_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    return None if t is None else sample_sum(t)


@VJP.rule(primitive.SAMPLE_SUM)
def _sample_sum_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [ct]  # the reverse sweep sums cotangents that leave the per-sample region


__all__ = [
    "JVP", "VJP", "coefficient_of", "coefficients_of", "contract_parts", "extremum_weights", "factors_of_partial", "function_partial",
    "is_elementwise", "other_factor", "partial", "partial_factors", "solution_axes",
]  # fmt: skip
