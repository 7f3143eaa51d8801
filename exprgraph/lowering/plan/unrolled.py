"""Small graphs of short arrays, unrolled: the elements of their arrays are scalars.

An array of ten elements does not fill the vectors of a processor, and each operation on such arrays is a loop of its own.
Straight-line code of their elements computes only those that are needed, and makes vectors of equal calls wherever they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...canonical.joining import reshape, stack
from ...graph.node import Node
from ...graph.primitive import MOVEMENTS
from ...graph.traverse import topological
from ...meaning.elements import EXPANSION, elements, expanded_size
from .few_terms import FEW
from .short_arrays import are_short

#: operations on scalars, whose code takes a tenth of a millisecond each to be compiled
_SCALARS = 2000


def unrolled(outputs: Sequence[Node]) -> list[Node]:
    """The outputs in operations on scalars, if they are operations on a few short arrays."""
    order = topological(outputs)
    if not are_short(order):
        return list(outputs)
    steps = [n for n in order if n.args and n.op not in MOVEMENTS]
    if not all(_has_elements(n) for n in steps) or sum(expanded_size(o, _SCALARS) for o in outputs) > _SCALARS:
        return list(outputs)
    return [_of_scalars(o) for o in outputs]


def _has_elements(node: Node) -> bool:
    """Whether each element has a formula of a few scalars."""
    rule = EXPANSION.find(node.op)
    found = None if rule is None else rule(node)
    return found is not None and len(found.needs) == len(node.args) and found.terms <= FEW


def _of_scalars(output: Node) -> Node:
    scalars: list[Node] = list(elements(output).flat)
    if not output.shape:
        return scalars[0]
    return reshape(stack(scalars), output.shape) if scalars else output


__all__ = ["unrolled"]
