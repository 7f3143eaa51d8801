"""Functions along axes: the norm, the logarithm of a sum of exponentials, softmax and its logarithm.

Each is a row of its own, because the parts of a formula overflow, vanish or cancel where its value does not: a sum of
squares at 1e200, or ``1 - p`` for a probability p near 1.  NumPy computes rows by ``values``, compiled code by the scaled
formulas in ``lowering/plan/axes``; derivatives are in ``calculus/axes``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.arithmetic import power
from ..canonical.contract import contract
from ..canonical.select import select
from ..canonical.squares import NON_NEGATIVE, SQUARE
from ..graph.leaves import array, constant, constant_value
from ..graph.node import Node, make
from ..graph.primitive import Primitive, enter
from ..graph.traverse import REBUILD
from ..support import values
from .rows import absolute


class AxisFunction(Primitive):
    """A row: a function of all elements along some axes, its only parameter.

    With ``keeps`` the value has the shape of the argument, else the axes are removed.
    """

    __slots__ = ("keeps", "latex", "numpy", "operations")

    def __init__(
        self, name: str, *, numpy: Callable[[Any, tuple[int, ...]], Any], keeps: bool, latex: str, operations: int
    ) -> None:
        super().__init__(name)
        self.numpy = numpy
        self.keeps = keeps
        #: a template of ``{0}``, and of ``{1}`` for the axes
        self.latex = latex
        #: scalar operations per element
        self.operations = operations


@REBUILD.rule(AxisFunction)
def _rebuild(node: Node, args: tuple[Node, ...]) -> Node:
    assert isinstance(node.op, AxisFunction)
    return along(node.op, args[0], node.params)


def along(row: AxisFunction, node: Node, axes: tuple[int, ...]) -> Node:
    """The canonical node of a row along axes, which are sorted."""
    shape = node.shape if row.keeps else tuple(n for k, n in enumerate(node.shape) if k not in axes)
    if 0 in node.shape:
        return constant(0.0, shape)
    if not row.keeps and any(node.shape[k] == 1 for k in axes):
        single = [k for k in axes if node.shape[k] == 1]
        node = select(node, tuple(0 if k in single else None for k in range(node.ndim)))
        axes = tuple(k - sum(s < k for s in single) for k in axes if k not in single)
    if not axes and not row.keeps:
        return absolute(node) if row is NORM else node
    known = constant_value(node)
    if known is not None:
        with np.errstate(all="ignore"):
            return array(np.asarray(row.numpy(known, tuple(k - node.ndim for k in axes)), float))
    return make(row, (node,), axes, shape)


NORM = enter(AxisFunction("norm", numpy=values.norm, keeps=False, latex=r"\left\lVert {0} \right\rVert{1}", operations=2))
LOGSUMEXP = enter(
    AxisFunction("logsumexp", numpy=values.logsumexp, keeps=False, latex=r"\operatorname{{logsumexp}}{1}\left( {0} \right)", operations=4)
)
SOFTMAX = enter(
    AxisFunction("softmax", numpy=values.softmax, keeps=True, latex=r"\operatorname{{softmax}}{1}\left( {0} \right)", operations=5)
)
LOG_SOFTMAX = enter(
    AxisFunction(
        "log_softmax", numpy=values.log_softmax, keeps=True, latex=r"\log \operatorname{{softmax}}{1}\left( {0} \right)", operations=6
    )
)


NON_NEGATIVE.fill(lambda node: True, NORM)


@SQUARE.rule(NORM)
def _sum_of_squares(node: Node) -> Node:
    (v,) = node.args
    axes = list(range(v.ndim))
    return contract([(power(v, 2.0), axes)], [k for k in axes if k not in node.params])


__all__ = ["LOGSUMEXP", "LOG_SOFTMAX", "NORM", "SOFTMAX", "AxisFunction", "along"]
