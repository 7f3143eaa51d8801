"""Forward mode: tangents pushed through a graph (jvp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..canonical.grouping import differentiating
from ..graph.leaves import zeros
from ..graph.node import Node, Shape
from ..graph.traverse import dependents, topological
from .branches import tangent
from .gates import Zeros


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
