"""Recurrences and orders in generated code: calls of procedures that run along the axis."""

from __future__ import annotations

import math

from ..graph.node import Node, make
from ..graph.primitive import Primitive
from ..graph.traverse import REBUILD
from ..lowering.plan.phases import REWRITTEN
from ..lowering.plan.routines import ROUTINE, Routine
from ..lowering.plan.schedule import LOWERING
from .order import ORDERED, axis_of
from .recurrence import RECURRENCE, Along, is_running_sum

# for generated code only: it has no derivatives, and is not in the table
#: the running sum of its argument
RUNNING_SUM = Primitive("running sum")

REBUILD.fill(lambda node, args: make(node.op, args, node.params, node.shape), RUNNING_SUM)
LOWERING.fill(lambda s, node: s.alone(node, "routine"), RECURRENCE, RUNNING_SUM, ORDERED)


@REWRITTEN.rule(RECURRENCE)
def _without_ones(node: Node) -> Node:
    return make(RUNNING_SUM, node.args[1:], node.params, node.shape) if is_running_sum(node) else node


def _lines(node: Node, axis: int) -> tuple[tuple[int, int], int]:
    """The length of lines along an axis and the number of lines side by side; and the number of such groups."""
    return (node.shape[axis], math.prod(node.shape[axis + 1 :])), math.prod(node.shape[:axis])


@ROUTINE.rule(RUNNING_SUM)
def _running_sum(node: Node) -> Routine:
    return Routine("running_sum", *_lines(node, Along.of(node).axis))


@ROUTINE.rule(RECURRENCE)
def _recurrence(node: Node) -> Routine:
    axis, silences = Along.of(node)
    return Routine("recurrence_gated" if silences else "recurrence", *_lines(node, axis))


@ROUTINE.rule(ORDERED)
def _ordered(node: Node) -> Routine:
    sizes, groups = _lines(node, axis_of(node))
    return Routine("ordered", (*sizes, (sizes[0] - 1).bit_length()), groups, 2 * sizes[0])
