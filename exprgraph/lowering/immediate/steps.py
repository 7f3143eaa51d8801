"""The instructions that compute an element from those of its operands, once for all that have the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ...functions.elementwise import Function
from ...functions.powers import POWER
from ...graph.column import Column
from ...graph.node import Node
from ...graph.primitive import PRODUCT, SUM, Primitive
from ...support.values import BY_PRODUCTS, is_by_root
from ..native.instructions import OPERANDS, Op
from ..plan.operand_order import OperandOrder

_ADD, _SUB, _MUL, _DIV, _MUL_ADD, _NEG, _SQRT, _INVERSE, _APPLY, _ = map(int, Op)


class Origin(IntEnum):
    """Where an instruction takes a value from."""

    #: an operand of the node, by its position in :class:`~exprgraph.lowering.plan.operand_order.OperandOrder`
    OPERAND = 0
    #: an instruction of the node, by its position
    STEP = 1
    #: the coefficient or exponent of an operand
    NUMBER = 2
    #: that without its sign
    MAGNITUDE = 3
    #: the constant of a sum
    OWN = 4
    #: a negative zero, which changes no value when it is added
    NOTHING = 5
    #: a zero
    ZERO = 6
    #: no value: an operation of fewer operands
    ABSENT = 7


#: a value: its origin, and a position there
Value = tuple[Origin, int]
_ABSENT, _NOTHING, _ZERO, _OWN = ((s, 0) for s in (Origin.ABSENT, Origin.NOTHING, Origin.ZERO, Origin.OWN))

#: ``steps``: does what computes a scalar; the last step has its value
INSTRUCTIONS: Column[Callable[[Steps], None]] = Column(
    "instructions", "the instructions that compute a scalar", __name__, otherwise="its graph waits for the compiler"
)
#: ``(order, kinds)``: for each of these kinds of nodes, what those with the same instructions have in common
SEQUENCE: Column[Callable[[OperandOrder, np.ndarray], Sequence[object]]] = Column(
    "sequence", "what scalars with the same sequence of instructions have in common", __name__, otherwise="their operation"
)


class Steps:
    """The instructions of a scalar while they are written.

    Attributes:
        op: its operation.
        constant: the constant of a sum.
        numbers: the coefficients or exponents of its operands.
    """

    def __init__(self, op: Primitive, constant: float, numbers: Sequence[float], functions: dict[Function, int]) -> None:
        self.op = op
        self.constant = constant
        self.numbers = numbers
        self.done: list[tuple[int, int, Value, Value, Value]] = []
        self._functions = functions

    def do(self, op: int, a: Value, b: Value = _ABSENT, c: Value = _ABSENT) -> Value:
        """The result of an operation."""
        self.done.append((op, 0, a, b, c))
        return Origin.STEP, len(self.done) - 1

    def apply(self, row: Function, *values: Value) -> Value:
        """The result of a function."""
        a, b, c = [*values, _ABSENT, _ABSENT][:OPERANDS]
        self.done.append((_APPLY, self._functions.setdefault(row, len(self._functions)), a, b, c))
        return Origin.STEP, len(self.done) - 1

    def copied(self, value: Value) -> None:
        """Make the value that of the last step."""
        if value[0] is not Origin.STEP:
            self.do(_ADD, value, _NOTHING)


@INSTRUCTIONS.rule(Function)
def _function(steps: Steps) -> None:
    assert isinstance(steps.op, Function)
    steps.apply(steps.op, *[(Origin.OPERAND, k) for k in range(steps.op.arity)])


@SEQUENCE.rule(SUM)
def _kinds_of_terms(order: OperandOrder, kinds: np.ndarray) -> Sequence[object]:
    """Terms are in order: ones are first, then minus ones."""
    parts = order.constants != 0.0, order.counts, order.how_many(1.0), order.how_many(-1.0)
    return list(zip(*[p[kinds].tolist() for p in parts]))


@INSTRUCTIONS.rule(SUM)
def _sum(steps: Steps) -> None:
    so_far = _OWN if steps.constant or not steps.numbers else None
    for k, c in enumerate(steps.numbers):
        operand, number = (Origin.OPERAND, k), (Origin.NUMBER, k)
        if so_far is None:
            so_far = operand if c == 1.0 else steps.do(_NEG, operand) if c == -1.0 else steps.do(_MUL, number, operand)
        elif abs(c) == 1.0:
            so_far = steps.do(_ADD if c > 0 else _SUB, so_far, operand)
        else:
            so_far = steps.do(_MUL_ADD, number, operand, so_far)
    assert so_far is not None
    steps.copied(so_far)


@SEQUENCE.rule(PRODUCT)
def _exponents(order: OperandOrder, kinds: np.ndarray) -> Sequence[object]:
    own = [e if _is_by_products(abs(e)) or is_by_root(abs(e)) else "above" if e > 0 else "below" for e in order.numbers.tolist()]
    return [tuple(own[k : k + count]) for k, count in zip(order.firsts[kinds].tolist(), order.counts[kinds].tolist())]


def _is_by_products(e: float) -> bool:
    return e <= BY_PRODUCTS and e == int(e)


@INSTRUCTIONS.rule(PRODUCT)
def _product(steps: Steps) -> None:
    above = _multiplied(steps, [_power(steps, k, e) for k, e in enumerate(steps.numbers) if e > 0])
    below = _multiplied(steps, [_power(steps, k, -e) for k, e in enumerate(steps.numbers) if not e > 0])
    if below is None:
        assert above is not None
        steps.copied(above)
    elif above is None:
        steps.do(_INVERSE, below)
    else:
        steps.do(_DIV, above, below)


def _multiplied(steps: Steps, factors: Sequence[Value]) -> Value | None:
    """The product of values from left to right; ``None`` of none."""
    if not factors:
        return None
    so_far = factors[0]
    for value in factors[1:]:
        so_far = steps.do(_MUL, so_far, value)
    return so_far


def _power(steps: Steps, k: int, e: float) -> Value:
    """A positive power of an operand."""
    operand = Origin.OPERAND, k
    if _is_by_products(e):
        return _repeated(steps, operand, int(e))
    if e != 0.5 and not is_by_root(e):
        return steps.apply(POWER, operand, (Origin.MAGNITUDE, k))
    root = steps.do(_SQRT, operand)
    if e == 0.5:
        return root
    if not int(e) % 2:  # the root of -0.0
        root = steps.do(_ADD, root, _ZERO)
    return steps.do(_MUL, root, _repeated(steps, operand, int(e)))


def _repeated(steps: Steps, value: Value, times: int) -> Value:
    found = _multiplied(steps, [value] * times)
    assert found is not None
    return found


# ---------------------------------------------------------------- tables


class Recipes(NamedTuple):
    """The instructions of all kinds of nodes of a graph, one kind after another, and an addition whose operands are not known yet.

    Attributes:
        recipe: the recipe of each kind of nodes; -1 without instructions.
        firsts: where the instructions of each recipe start, and at last, where all end.
        operations: the operation of each instruction.
        applied: the number of the function that it applies.
        origins: where its three values come from.
        positions: their positions there.
        functions: the functions in the order of their numbers.
    """

    recipe: np.ndarray
    firsts: np.ndarray
    operations: np.ndarray
    applied: np.ndarray
    origins: np.ndarray
    positions: np.ndarray
    functions: tuple[Function, ...]


def recipes(order: OperandOrder) -> Recipes:
    """The instructions of all kinds of nodes of a graph."""
    kinds: dict[Primitive, list[int]] = {}
    for k, node in enumerate(order.graph.kinds):
        kinds.setdefault(node.op, []).append(k)
    recipe = np.full(len(order.graph.kinds), -1)
    functions: dict[Function, int] = {}
    done: list[tuple[int, int, Value, Value, Value]] = []
    ends = [0]
    for op, those in kinds.items():
        rule, sequence = INSTRUCTIONS.find(op), SEQUENCE.find(op)
        if rule is None:
            continue
        known: dict[object, int] = {}
        found: list[int] = []
        for k, key in zip(those, [op] * len(those) if sequence is None else sequence(order, np.array(those))):
            at = known.get(key)
            if at is None:
                at = known[key] = len(ends) - 1
                steps = Steps(op, float(order.constants[k]), order.numbers_of(k), functions)
                rule(steps)
                done += steps.done
                ends.append(len(done))
            found.append(at)
        recipe[those] = found
    done.append((_ADD, 0, _ABSENT, _ABSENT, _ABSENT))
    parts = np.array([(op, f, *a, *b, *c) for op, f, a, b, c in done], np.int64).reshape(-1, 8).T
    return Recipes(recipe, np.array(ends), parts[0], parts[1], parts[2::2], parts[3::2], tuple(functions))


def has_steps(node: Node) -> bool:
    """Whether the interpreter computes a scalar, or each element of an array, from operands."""
    op = node.op
    if INSTRUCTIONS.find(op) is None:
        return False
    # the package's own rows are all read: their code is not, until one must be compiled
    return not isinstance(op, Function) or (op.arity <= OPERANDS and (not op.added or op.template.unread is None))


__all__ = ["INSTRUCTIONS", "SEQUENCE", "Origin", "Recipes", "Steps", "has_steps", "recipes"]
