"""Linear index maps moving inwards: a sum over an axis or a diagonal, through sums and contractions to the leaves.

``trace(Hessian)`` becomes the forward Laplacian by these rules alone.  A map moves into a sum only
where each term takes it without growing; a diagonal always moves in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.leaves import array
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, IDENTITY, PRODUCT, SAMPLE_SUM, SELECT, SUM
from ..graph.traverse import REBUILD
from ..support.unwinding import each, unwinding
from .arithmetic import linear, product, scale
from .contract import contract, is_structural
from .grouping import kept_nodes
from .written import spread


def reduce_inside(node: Node, labels: Sequence[int], kept: Sequence[int]) -> Node | None:
    """``node`` with equal labels joined (diagonal) and labels not in ``kept`` summed.

    ``None`` says that the map cannot move in and is best left where it is (a bare diagonal).
    """
    names = {k: i for i, k in enumerate(kept)}
    for k in labels:
        names.setdefault(k, len(names))
    # kept labels are 0, 1, ...; summed ones are negative
    spec = tuple(names[k] if names[k] < len(kept) else -1 - names[k] for k in labels)
    return _moved_in(node, spec)


def _absorbs(term: Node) -> bool:
    """Whether a sum over one of its axes makes this term no larger."""
    if term.op is SUM:
        return all(map(_takes_sums, term.args))
    return _takes_sums(term)


def _takes_sums(term: Node) -> bool:
    if term.op.name in ("gate", "gate_both"):  # the sum of a gate is a product of arrays
        return True
    return not term.shape or term.op in (CONTRACT, ARRAY, CONSTANT, IDENTITY) or (term.op is SELECT and term.args[0].op is IDENTITY)


@unwinding
def _moved_in(node: Node, spec: tuple[int, ...]) -> Node | None:
    kept = list(range(max((k for k in spec if k >= 0), default=-1) + 1))
    size = dict(zip(spec, node.shape))
    summed = any(k < 0 for k in spec)
    diagonal = len(set(spec)) < len(spec)
    shape = tuple(size[k] for k in kept)

    def inner(arg: Node) -> Node:
        return contract([(arg, spec if arg.shape else ())], kept, size)

    if node.op is ARRAY:
        letters = {k: chr(97 + i) for i, k in enumerate(size)}
        rule = "".join(letters[k] for k in spec) + "->" + "".join(letters[k] for k in kept)
        return array(np.einsum(rule, node.params[0].data))
    if node.op is CONTRACT:
        labels, sizes = node.params
        rename: dict[int, int] = dict(enumerate(spec))
        n = len(sizes)
        operands = [(a, [rename.get(k, n + k) for k in ks]) for a, ks in zip(node.args, labels)]
        missing = {rename[k]: sizes[k] for k in range(len(spec))}
        # an output label that no operand has is a broadcast axis: summing it multiplies by its size
        lost = set(missing) - set(kept) - {k for _, ks in operands for k in ks}
        factor = 1.0
        for k in lost:
            factor *= missing[k]
        return scale(factor, contract(operands, kept, missing))
    # sum(a - b) stays the sum of the differences, where calculus did not make it
    into_sums = diagonal or kept_nodes() is not None
    if node.op is SUM and (not summed or (into_sums and all(map(_absorbs, node.args)))):
        const, coefficients = node.params
        times = 1.0
        for k in size:
            if k < 0:
                times *= size[k]
        parts = each(lambda a: inner(a) if a.shape else spread(a, shape), node.args)
        terms = [(c if a.shape else c * times, part) for c, a, part in zip(coefficients, node.args, parts)]
        return linear(terms, const * times, shape)
    if node.op is SAMPLE_SUM:
        from .over_samples import sample_sum

        return sample_sum(inner(node.args[0]))
    if node.op is SELECT and summed:  # a bare diagonal stays outside: selections move into it
        moved = _past_selection(node, spec, kept)
        if moved is not None:
            return moved
    if summed and not diagonal and node.op.name in _CHOICES:
        moved = _past_choice(node, spec, kept)
        if moved is not None:
            return moved
    if diagonal and (node.op is SUM or _elementwise(node)):
        # the diagonal moves in; a sum stays outside
        joined = list(dict.fromkeys(spec))
        inner_args = tuple(contract([(a, spec)], joined) if a.shape else a for a in node.args)
        part = _on_shape(node, inner_args, tuple(size[k] for k in joined))
        return contract([(part, joined)], kept) if summed else part
    if not summed:
        return None
    canonical = {k: i for i, k in enumerate(kept)}
    for k in spec:
        canonical.setdefault(k, len(canonical))
    sizes = tuple(size[k] for k in canonical)
    return make(CONTRACT, (node,), ((tuple(canonical[k] for k in spec),), sizes), shape)


def _past_selection(node: Node, spec: tuple[int, ...], kept: list[int]) -> Node | None:
    """The map before the selection, where it concerns axes that are selected whole."""
    from .indexing import select

    (arg,) = node.args
    labels: list[int] = []
    entries: dict[int, Any] = {}
    rest = iter(spec)
    fresh = len(kept)
    for e in node.params:
        if isinstance(e, int):
            labels.append(fresh)
            entries[fresh] = e
            fresh += 1
        else:
            k = next(rest)
            if e is not None and (k < 0 or spec.count(k) > 1):
                return None
            labels.append(k)
            if e is not None:
                entries[k] = e
    inner = contract([(arg, labels)], range(fresh))
    return select(inner, tuple(entries.get(k) for k in range(fresh)))


#: what is linear in its other arguments, by the places of those that may be the same along an axis
_CHOICES = {"gate": (0, 1), "gate_both": (0, 1), "where": (0,)}


def _past_choice(node: Node, spec: tuple[int, ...], kept: list[int]) -> Node | None:
    """The sum inside a choice that is the same along the summed axes."""
    for at in _CHOICES[node.op.name]:
        chooser = node.args[at]
        if not chooser.shape:
            own: set[int] = set()
        elif is_structural(chooser):
            own = {k for ks in chooser.params[0] for k in ks}
        else:
            continue
        inside = [k for axis, k in enumerate(spec) if k < 0 and axis not in own]
        if not inside:
            continue
        left = [k for k in spec if k not in inside]
        size = dict(zip(spec, node.shape))
        first = tuple(0 if k in inside else None for k in spec)

        from ..functions.elementwise import apply
        from .indexing import select

        args = [contract([(a if a.shape else spread(a, node.shape), spec)], left) for a in node.args]
        args[at] = select(chooser, first) if chooser.shape else chooser
        made = apply(node.op, *args)  # type: ignore[arg-type]
        if not made.shape and left:
            made = spread(made, tuple(size[k] for k in left))
        return contract([(made, left)], kept)
    return None


def _elementwise(node: Node) -> bool:
    from ..functions.elementwise import Function

    return node.op is PRODUCT or isinstance(node.op, Function)


def _on_shape(node: Node, args: tuple[Node, ...], shape: Shape) -> Node:
    """An elementwise node on arguments of another shape."""
    if node.op is PRODUCT:
        return product(zip(args, node.params), 1.0, shape)
    if node.op is SUM:
        return linear(zip(node.params[1], args), node.params[0], shape)
    return REBUILD[node.op](node, args)
