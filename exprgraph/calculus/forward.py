"""Forward mode: tangents pushed through a graph (jvp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..canonical.arithmetic import linear
from ..canonical.grouping import differentiating
from ..graph.leaves import zeros
from ..graph.node import Node, Shape
from ..graph.primitive import MOVEMENTS
from ..graph.traverse import dependents, topological
from .branches import tangent
from .gates import Zeros
from .rules import VJP
from .seeds import identity_tensor


def push_forward(outputs: Sequence[Node], seeds: Mapping[Node, Node], extra: Shape = ()) -> list[Node]:
    """Tangents of the outputs, of shape ``output.shape + extra``.

    ``seeds`` gives tangents of shape ``variable.shape + extra``; everything else is held constant.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.forward import push_forward
    >>> x, y = eg.symbols("x y")
    >>> push_forward([x * y, y**2], {x: eg.ones(())})
    [y, 0]
    """
    return [t for t, _ in tangents_of(outputs, seeds, extra)]


#: a Jacobian by more parts of a symbol is taken by the whole symbol
_PARTS = 8


def forward_jacobian(f: Node, x: Node) -> Node:
    """The Jacobian of f by x, of shape ``f.shape + x.shape``: tangents along every element of x.

    Where an array is larger than f and x (of all pairs, say) and reads a few parts of x, it is taken by these parts: the
    identity on a part stays a delta, while a part of the identity is an array of zeros and ones, with an axis more for all pairs.
    """
    order = topological([f])
    active = dependents(order, [x])
    largest = max((n.size for n in active), default=0)
    parts = _parts(f, x, [n for n in order if n in active]) if largest > max(f.size, x.size) else [x]
    if len(parts) > _PARTS or sum(p.size for p in parts) > 2 * x.size:
        parts = [x]
    terms = []
    with differentiating([f]):
        for p in parts:
            (j,) = push_forward([f], {p: identity_tensor(p.shape)}, p.shape)
            while p is not x:  # back to x, as a cotangent
                (back,) = VJP[p.op](p, j, f.shape)
                assert back is not None
                p, j = p.args[0], back
            terms.append((1.0, j))
        return linear(terms, 0.0, f.shape + x.shape)


def _parts(f: Node, x: Node, active: Sequence[Node]) -> list[Node]:
    """The parts of x, its moved elements, that other nodes read; no part of a part that is read itself."""
    moved = {x}
    read = {f}
    for n in active:
        if n.op in MOVEMENTS and len(n.args) == 1 and n.args[0] in moved:
            moved.add(n)
        else:
            read.update(n.args)
    parts: list[Node] = []
    below: set[Node] = set()
    for n in active:
        if n in moved:
            if n is not x and n.args[0] in below:
                below.add(n)
            elif n in read:
                parts.append(n)
                below.add(n)
    return parts


def tangents_of(
    outputs: Sequence[Node], seeds: Mapping[Node, Node], extra: Shape = (), states: Mapping[Node, Zeros] | None = None
) -> list[tuple[Node, Zeros]]:
    """The tangents, each with whether its zeros silence factors; ``states`` says so of the seeds."""
    order = topological(outputs)
    active = dependents(order, seeds)
    found: dict[Node, Node | None] = dict(seeds)
    silent: dict[Node, Zeros] = dict(states or {})
    with differentiating(outputs):
        for node in order:
            if node in active and node not in found:
                tangents, zeros_of = [found.get(a) for a in node.args], [silent.get(a) for a in node.args]
                found[node], silent[node] = tangent(node, tangents, extra, zeros_of)
    result = []
    for out in outputs:
        t = found.get(out)
        result.append((zeros(out.shape + extra) if t is None else t, silent.get(out)))
    return result
