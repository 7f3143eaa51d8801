"""Forward mode: tangents pushed through a graph (jvp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..leaves import zeros
from ..node import Node, Shape
from ..traverse import dependents, topological
from .rules import jvp_rule


def push_forward(outputs: Sequence[Node], seeds: Mapping[Node, Node], extra: Shape = ()) -> list[Node]:
    """Tangents of the outputs, of shape ``output.shape + extra``.

    ``seeds`` gives tangents of shape ``variable.shape + extra``; everything else is held constant.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.forward import push_forward
    >>> x, y = eg.symbols("x y")
    >>> push_forward([x * y, y**2], {x: eg.ones(())})
    [y, 0]
    """
    order = topological(outputs)
    active = dependents(order, seeds)
    tangent: dict[Node, Node | None] = dict(seeds)
    for node in order:
        if node in active and node not in tangent:
            tangent[node] = jvp_rule(node.op)(node, [tangent.get(a) for a in node.args], extra)
    result = []
    for out in outputs:
        t = tangent.get(out)
        result.append(zeros(out.shape + extra) if t is None else t)
    return result
