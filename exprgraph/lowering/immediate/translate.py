"""From a graph of scalars to instructions, in one pass.

Sums and products are computed in the order in which :mod:`exprgraph.lowering.plan.from_the_left` writes them for the compiler.
Nodes that only move elements cost nothing: their value is an array of places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...canonical.select import take
from ...functions.elementwise import Function
from ...functions.powers import POWER
from ...graph.column import Column
from ...graph.leaves import constant_value
from ...graph.node import Node
from ...graph.primitive import ARRAY, CONCATENATE, CONSTANT, IDENTITY, PLACE, PRODUCT, RESHAPE, SELECT, STACK, SUM, SYMBOL, Primitive
from ...graph.views import Linear, entries_of
from ...meaning.binding import Argument
from ...meaning.evaluate import EVALUATE, Samples
from ...support.values import BY_PRODUCTS, is_by_root
from ..native.instructions import FUNCTIONS, OPERANDS, PLACES, Instructions, Op, packed
from ..plan.operand_order import OperandOrder

#: numbers have places from here on downwards, until all other places are known
_LAST = PLACES - 1
#: nodes that may be computed in another order
WINDOW = 4096
_ADD, _SUB, _MUL, _DIV, _MUL_ADD, _SUB_MUL, _NEG, _SQRT, _INVERSE, _APPLY, _END = map(int, Op)
_ALONE = Samples((), np.dtype(np.float64))

#: ``(translation, node)``: adds the instructions of a scalar, and enters its place
INSTRUCTIONS: Column[Callable[[Translation, Node], None]] = Column(
    "instructions", "the instructions that compute a scalar", __name__, otherwise="its graph waits for the compiler"
)
#: ``node``: what scalars with the same sequence of instructions have in common
SEQUENCE: Column[Callable[[Node], object]] = Column(
    "sequence", "what scalars with the same sequence of instructions have in common", __name__, otherwise="their operation"
)
#: ``(translation, node)``: the places of the elements of an array
ELEMENT_PLACES: Column[Callable[[Translation, Node], np.ndarray]] = Column(
    "element_places", "the places of an array's elements", __name__, otherwise="its graph waits for the compiler"
)


def has_instructions(node: Node) -> bool:
    """Whether the interpreter computes a node from its arguments, if it computes these."""
    op = node.op
    if (ELEMENT_PLACES if node.shape else INSTRUCTIONS).find(op) is None:
        return False
    # the package's own rows are all read: their code is not, until one must be compiled
    return not isinstance(op, Function) or (op.arity <= OPERANDS and (not op.added or op.template.unread is None))


def translated(outputs: Sequence[Node], arguments: Sequence[Argument], order: Sequence[Node]) -> Instructions | None:
    """The instructions that compute outputs from arguments; ``None`` if a node has none, or there are too many values or functions.

    ``order`` has all nodes in topological order.
    """
    if not all(map(has_instructions, order)):
        return None
    done = Translation(outputs, arguments, order)
    if done.next + len(done.numbers) > PLACES or len(done.functions) > FUNCTIONS:
        return None
    return done.instructions(outputs)


class Translation:
    """Instructions while they are written."""

    def __init__(self, outputs: Sequence[Node], arguments: Sequence[Argument], order: Sequence[Node]) -> None:
        self.parts: list[int] = []  # six for each instruction
        self.place: dict[Node, int] = {}
        self.elements: dict[Node, np.ndarray] = {}  # places of arrays
        self.numbers: dict[str, int] = {}
        self.functions: dict[Function, int] = {}
        self.free: list[int] = []
        size = 0
        for argument in arguments:
            for symbol, offset in argument.symbols:
                self._argument(symbol, size + offset)
            size += argument.size
        self.arguments = self.next = size
        #: the order of the operands of sums and products
        self.taken = OperandOrder(order)
        order = _side_by_side(order)
        self.last = _last_readers(order, outputs)
        rules: dict[Primitive, Callable[[Translation, Node], None]] = {}
        for node in order:
            if node.shape:
                self.elements[node] = ELEMENT_PLACES[node.op](self, node)
                continue
            rule = rules.get(node.op)
            if rule is None:
                rule = rules[node.op] = INSTRUCTIONS[node.op]
            rule(self, node)

    def instructions(self, outputs: Sequence[Node]) -> Instructions:
        """The finished instructions, with places for numbers behind all others."""
        parts = np.array([*self.parts, _END, 0, 0, 0, 0, 0], np.int64).reshape(-1, 6)
        self._settle(parts[:, 1:5])
        results = [self.places_of(o).astype(np.int64).reshape(-1) for o in outputs]
        for r in results:
            self._settle(r)
        numbers = np.array([float(text) for text in self.numbers])
        places = self.next + len(numbers)
        return Instructions(packed(parts), self.arguments, places, numbers, tuple(self.functions), tuple(results))

    def _settle(self, places: np.ndarray) -> None:
        far = places > _LAST - len(self.numbers)
        places[far] = self.next + (_LAST - places[far])

    def _argument(self, symbol: Node, start: int) -> None:
        if symbol.shape:
            self.elements[symbol] = np.arange(start, start + symbol.size).reshape(symbol.shape)
        else:
            self.place[symbol] = start

    # -- places

    def new(self) -> int:
        """The place of a new value."""
        if self.free:
            return self.free.pop()
        self.next += 1
        return self.next - 1

    def number(self, value: float) -> int:
        """The place of a number."""
        key = repr(value)  # 0.0 and -0.0 differ
        known = self.numbers.get(key)
        if known is None:
            known = self.numbers[key] = _LAST - len(self.numbers)
        return known

    def release(self, node: Node) -> None:
        """Give back the places of operands that nothing reads after the node."""
        last, place = self.last, self.place
        for a in node.args:
            if last[a] is node:
                last[a] = a  # once, even if it is several operands
                if self.arguments <= (at := place[a]) < self.next:
                    self.free.append(at)

    def places_of(self, node: Node) -> np.ndarray:
        """The places of all elements."""
        return self.elements[node] if node.shape else np.array(self.place[node])

    def function(self, row: Function) -> int:
        """The number of a row."""
        return self.functions.setdefault(row, len(self.functions))


# ---------------------------------------------------------------- scalars


INSTRUCTIONS.fill(lambda t, node: None, SYMBOL)


@INSTRUCTIONS.rule(CONSTANT)
def _constant(t: Translation, node: Node) -> None:
    t.place[node] = t.number(node.params[0])


@INSTRUCTIONS.rule(SELECT)
def _select(t: Translation, node: Node) -> None:
    t.place[node] = int(t.elements[node.args[0]][node.params])
    t.last[node] = node  # the place belongs to the array


@INSTRUCTIONS.rule(Function)
def _apply(t: Translation, node: Node) -> None:
    assert isinstance(node.op, Function)
    places = [t.place[a] for a in node.args]
    t.release(node)
    t.place[node] = result = t.new()
    t.parts += (_APPLY, result, *places, *(0,) * (OPERANDS - len(places)), t.function(node.op))


#: the operation of a sum of two operands without further numbers; if the first is subtracted, it comes second
_OF_TWO = {Linear(0.0, (1.0, 1.0)): _ADD, Linear(0.0, (1.0, -1.0)): _SUB, Linear(0.0, (-1.0, 1.0)): _SUB}


@INSTRUCTIONS.rule(SUM)
def _sum(t: Translation, node: Node) -> None:
    place, args, linear = t.place, node.args, Linear.of(node)
    code = _OF_TWO.get(linear)
    if code is not None:
        first, second = place[args[0]], place[args[1]]
        if linear.coefficients[0] < 0:
            first, second = second, first
        t.release(node)
        place[node] = result = t.new()
        t.parts += (code, result, first, second, 0, 0)
        return
    result = t.new()  # before operands are given back: several instructions read them
    so_far = t.number(linear.constant) if linear.constant or not args else -1
    for c, a in t.taken.pairs(node):
        so_far = _term(t, result, so_far, c, place[a])
    if so_far != result:  # the value of an operand
        t.parts += (_ADD, result, so_far, t.number(-0.0), 0, 0)
    t.release(node)
    place[node] = result


@SEQUENCE.rule(SUM)
def _kinds_of_terms(node: Node) -> object:
    constant, coefficients = Linear.of(node)
    return bool(constant), *sorted([c if abs(c) == 1.0 else math.copysign(2.0, c) for c in coefficients])


def _term(t: Translation, result: int, so_far: int, c: float, at: int) -> int:
    """Add a term to the sum so far; -1 is that of no terms."""
    if so_far < 0:
        if c == 1.0:
            return at
        t.parts += (_NEG, result, at, 0, 0, 0) if c == -1.0 else (_MUL, result, t.number(c), at, 0, 0)
    elif abs(c) == 1.0:
        t.parts += (_ADD if c > 0 else _SUB, result, so_far, at, 0, 0)
    else:
        t.parts += (_MUL_ADD if c > 0 else _SUB_MUL, result, t.number(abs(c)), at, so_far, 0)
    return result


@INSTRUCTIONS.rule(PRODUCT)
def _product(t: Translation, node: Node) -> None:
    place, args, exponents = t.place, node.args, node.params
    if len(args) == 2 and (exponents == (1.0, 1.0) or exponents == (1.0, -1.0) or exponents == (-1.0, 1.0)):
        first, second = place[args[0]], place[args[1]]
        if exponents[0] < 0:
            first, second = second, first
        t.release(node)
        place[node] = result = t.new()
        t.parts += (_MUL if exponents == (1.0, 1.0) else _DIV, result, first, second, 0, 0)
        return
    powers = _Powers(t)
    factors = t.taken.pairs(node)
    above = powers.multiplied([powers.of(place[a], e) for e, a in factors if e > 0])
    below = powers.multiplied([powers.of(place[a], -e) for e, a in factors if not e > 0])
    result = above
    if below >= 0:
        result = powers.new()
        t.parts += (_INVERSE, result, below, 0, 0, 0) if above < 0 else (_DIV, result, above, below, 0, 0)
    elif above not in powers.own:  # the value of an operand
        result = powers.new()
        t.parts += (_ADD, result, above, t.number(-0.0), 0, 0)
    powers.own.remove(result)
    t.free += powers.own
    t.release(node)
    place[node] = result


@SEQUENCE.rule(PRODUCT)
def _exponents(node: Node) -> object:
    return tuple(sorted(node.params))


class _Powers:
    """The powers of one product, as kernels compute them, and their places."""

    def __init__(self, t: Translation) -> None:
        self.t = t
        self.own: list[int] = []

    def new(self) -> int:
        self.own.append(self.t.new())
        return self.own[-1]

    def multiplied(self, factors: Sequence[int]) -> int:
        """The product of values from left to right; -1 for none."""
        if not factors:
            return -1
        so_far = factors[0]
        for at in factors[1:]:
            result = self.new()
            self.t.parts += (_MUL, result, so_far, at, 0, 0)
            so_far = result
        return so_far

    def of(self, at: int, e: float) -> int:
        """A positive power of a value."""
        if e == 1.0:
            return at
        if e == int(e) and e <= BY_PRODUCTS:
            return self.multiplied([at] * int(e))
        t, result = self.t, self.new()
        if e != 0.5 and not is_by_root(e):
            t.parts += (_APPLY, result, at, t.number(e), 0, t.function(POWER))
            return result
        t.parts += (_SQRT, result, at, 0, 0, 0)
        if e == 0.5:
            return result
        if not int(e) % 2:  # the root of -0.0
            t.parts += (_ADD, result, result, t.number(0.0), 0, 0)
        return self.multiplied([result, self.of(at, float(int(e)))])


# ---------------------------------------------------------------- arrays


@ELEMENT_PLACES.rule(SYMBOL)
def _given(t: Translation, node: Node) -> np.ndarray:
    return t.elements[node]


@ELEMENT_PLACES.rule(CONSTANT, ARRAY, IDENTITY)
def _known(t: Translation, node: Node) -> np.ndarray:
    value = constant_value(node)
    assert value is not None
    return np.array([t.number(float(v)) for v in value.flat], np.int64).reshape(node.shape)


@ELEMENT_PLACES.rule(STACK)
def _stacked(t: Translation, node: Node) -> np.ndarray:
    return _moved(t, node) if node.args[0].shape else np.array([t.place[a] for a in node.args])


@ELEMENT_PLACES.rule(SELECT, CONCATENATE, RESHAPE)
def _moved(t: Translation, node: Node) -> np.ndarray:
    """A place is a whole number, which moves like any other."""
    moved = EVALUATE[node.op](node, [t.places_of(a).astype(np.float64) for a in node.args], _ALONE)
    return np.asarray(moved).astype(np.int64)


@ELEMENT_PLACES.rule(PLACE)
def _placed(t: Translation, node: Node) -> np.ndarray:
    """Each element is added to what is there, at first zero."""
    found = np.full(node.size, t.number(0.0), np.int64)
    at = take(np.arange(node.size).reshape(node.shape), entries_of(node))
    for to, place in zip(at.reshape(-1).tolist(), t.places_of(node.args[0]).reshape(-1).tolist()):
        result = t.new()
        t.parts += (_ADD, result, int(found[to]), place, 0, 0)
        found[to] = result
    return found.reshape(node.shape)


def _side_by_side(order: Sequence[Node]) -> list[Node]:
    """Nodes in an order in which equal sequences of instructions stand side by side.

    The graph's order follows digests, which say nothing: processors would guess every third operation wrong, at the cost of ten.
    Within windows, nodes are ordered by depth, then by their sequence.  A window keeps values near their readers.
    """
    depth: list[int] = []
    number: list[int] = []
    numbers: dict[object, int] = {}
    kinds: dict[tuple[Primitive, object], int] = {}
    for start in range(0, len(order), WINDOW):
        known: dict[Node, int] = {}
        for node in order[start : start + WINDOW]:
            own = 0
            for a in node.args:
                below = known.get(a, -1)
                if below >= own:
                    own = below + 1
            known[node] = own
            depth.append(own)
            key = node.op, node.params
            kind = kinds.get(key)
            if kind is None:
                rule = SEQUENCE.find(node.op)
                kind = kinds[key] = numbers.setdefault((node.op, None if rule is None else rule(node)), len(numbers))
            number.append(kind)
    window = np.arange(len(order)) // WINDOW
    return [order[k] for k in np.lexsort((np.array(number), np.array(depth), window)).tolist()]


def _last_readers(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, Node]:
    """The node that reads each value last; for values that stay, one that gives nothing back."""
    last: dict[Node, Node] = {}
    for node in order:
        for a in node.args:
            last[a] = node
    for node in order:
        if node.shape:
            for a in node.args:
                last[a] = node
    last.update((o, o) for o in outputs)
    return last


__all__ = ["ELEMENT_PLACES", "INSTRUCTIONS", "SEQUENCE", "WINDOW", "Translation", "has_instructions", "translated"]
