"""One loop nest as a procedure of offsets, strides and sizes.

Isomorphic nests give equal procedures, so that each distinct kernel is compiled once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count

from ...functions.elementwise import Function
from ...functions.gated import summed_gate
from ...functions.rows import GATE
from ...graph.column import Column
from ...graph.node import Node
from ...graph.primitive import CONSTANT, CONTRACT, PRODUCT, REDUCE_MAX, REDUCE_MIN, SAMPLE_COUNT, SAMPLE_SUM, SELECT, SUM
from ...graph.views import Contraction, Linear, Slice, Take, entries_of
from ...loops.program import Add, Call, Expression, Let, Load, Name, Operation, Procedure, Set, Statement, Store, Variable, real
from ...loops.substitute import repeated, written_out
from ...support.values import BY_PRODUCTS, is_by_root
from .access import Affine, MultiIndex, flat_index, identity_index, through_views, variable
from .in_order import SUM_IN_ORDER
from .inputs import COUNT, SAMPLES, TABLE, Inputs, Memory
from .isomorphism import NestOrder
from .movement import taken_axis, takes, target_index
from .nest import Assignment, Nest
from .products import factors_of, inner_products, product_of_matrices, result
from .schedule import Schedule, operand_indices

#: functions whose powers do not overflow, so that sums may contract them
BOUNDED = frozenset("atan cos erf erfc sigmoid sigmoid_prime sign sin step tanh tanh_prime".split())

#: the accumulator of a reduction
_SO_FAR = Name("acc", "real")
_NUMBER_OF_SAMPLES = Operation("real_of_index", (SAMPLES,), "real")


#: ``(kernel, node, index)``: one element of a pointwise node
EXPRESSION: Column[Callable[[Kernel, Node, MultiIndex], Expression]] = Column(
    "expression", "one element of a pointwise node, from elements of its arguments", __name__, otherwise="a nest of its own computes it"
)


class Kernel:
    """A loop nest while it is emitted."""

    def __init__(
        self,
        nest: Nest,
        schedule: Schedule,
        wanted: set[Node],
        memory: Memory,
        *,
        order: NestOrder | None = None,
        literal: bool = False,
    ) -> None:
        self.schedule = schedule
        self.wanted = wanted  # values read outside of the nest
        self.memory = memory
        self.order = order
        self.literal = literal
        self._begin()
        #: no loops are around the body: numbers are loaded at their first use, and wait in no register
        self.straight = nest.kind == "pointwise" and not nest.shape and not self.inputs.lanes
        self._statements = self._written(nest)

    def _begin(self, dropped: frozenset[str] = frozenset()) -> None:
        """Nothing is written yet; loops over ``dropped`` are one with the innermost."""
        self.inputs = Inputs(self.memory, self.schedule.lanes and self.memory.lanes, self.literal, self.schedule.lanes, dropped)
        self.functions = self.inputs.functions
        self.rows: set[Function] = set()
        self._numbers = count()
        self.reads: dict[tuple[str, Affine], Name] = {}  # elements that have a name
        self.positions: dict[tuple[tuple[int, ...], Affine], str] = {}
        self.hoisted: list[Statement] = []
        self.body: list[Statement] = []
        self.local: dict[tuple[Node, MultiIndex], Name] = {}

    def procedure(self, contract: bool) -> Procedure:
        """The nest, with no name yet."""
        body = (*self.inputs.unpacked(), *self._statements)
        return Procedure("", self.inputs.parameters(), body, contract, self.inputs.reassociate)

    # -- expressions

    def _named(self, value: Expression, lines: list[Statement]) -> Name:
        name = f"x{next(self._numbers)}"
        lines.append(Let(name, value))
        return Name(name, "real")

    def read(self, node: Node, index: MultiIndex) -> Expression:
        """An element of a value, through views."""
        known = self.local.get((node, index))
        if known is not None:
            return known
        found = through_views(node, index)
        value: Expression
        if found.node is None:
            value = real(1.0)
        elif found.node.op is CONSTANT:
            value = real(found.node.params[0])
        elif (found.node, found.at) in self.local:
            value = self.local[found.node, found.at]
        elif found.node in self.schedule.inlined:
            value = self.expression(found.node, found.at)
            if takes(found.node):  # a load, which has a name if it is no number
                self.local[found.node, found.at] = value if isinstance(value, Name) else self._named(value, self.body)
        else:
            value = self.load(found.node, found.at)
        for a, b in found.equal:
            test = Operation("eq", (self.inputs.affine(a), self.inputs.affine(b)), "truth")
            value = Operation("select", (test, value, real(0.0)), "real")
        return value

    def load(self, node: Node, index: MultiIndex) -> Expression:
        """An element in memory, named at its first load."""
        if node.op is SAMPLE_COUNT:
            self.inputs.uses_samples = True
            return _NUMBER_OF_SAMPLES
        location = self.memory.location(node)
        key = location.buffer, location.at(index)
        if key not in self.reads:
            where = self.body if location.lanes or self.straight else self.hoisted
            self.reads[key] = self._named(self.inputs.element(location, key[1]), where)
        return self.reads[key]

    def expression(self, node: Node, index: MultiIndex) -> Expression:
        """One element of a pointwise node from the elements of its arguments."""
        return EXPRESSION[node.op](self, node, index)

    def ordered(self, node: Node, index: MultiIndex) -> tuple[list[int], list[Expression]]:
        """Operands in an order that equal nests share: their positions, and their elements."""
        operands = operand_indices(node, index)
        positions = list(range(len(operands)))
        order = self.order
        if order is not None:
            positions.sort(key=lambda i: order.of(*operands[i]))
        return positions, [self.read(*operands[i]) for i in positions]

    def applied(self, row: Function, args: Sequence[Expression]) -> Expression:
        """The inlined code of a row; an argument with several uses gets a name."""
        self.rows.add(row)
        value = row.template.value
        often = repeated(value)
        given = list(args)
        for k, a in enumerate(args):
            if value.parameters[k] in often and isinstance(a, (Operation, Call)):
                given[k] = self._named(a, self.body)
        lets, result = written_out(value, given, lambda _: f"x{next(self._numbers)}")
        self.body += lets
        return result

    def product(self, exponents: list[float], args: list[Expression], bounded: list[bool]) -> Expression:
        above: list[Expression] = []
        below: list[Expression] = []
        for e, a, small in zip(exponents, args, bounded):
            (above if e > 0 else below).append(self._power(a, abs(e), small))
        value = _multiplied(above) if above else real(1.0)
        return Operation("div", (value, _multiplied(below)), "real") if below else value

    def _power(self, a: Expression, e: float, bounded: bool = False) -> Expression:
        if e == 1.0:
            return a
        if e == 0.5:
            return Operation("sqrt", (a,), "real")
        if e == int(e) and e <= BY_PRODUCTS:
            if not isinstance(a, Name):
                a = self._named(a, self.body)
            # round a power before adding it, so that an overflowed power is infinite in a sum
            return Operation("mul" if bounded and e <= 3 else "mul_apart", (a,) * int(e), "real")
        if is_by_root(e):
            # adding 0 to the root of -0.0 gives the power the sign that it has
            root: Expression = Operation("sqrt", (a,), "real")
            if not int(e) % 2:
                root = Operation("add", (root, real(0.0)), "real")
            return _multiplied([self._power(a, float(int(e))), root])
        self.functions.add("pow")
        return Call("pow", (a, real(e)))

    # -- nests

    def _written(self, nest: Nest) -> list[Statement]:
        if nest.kind == "pointwise":
            return self._pointwise(nest)
        (assignment,) = nest.assignments
        if nest.kind in ("take", "put"):
            return self._moved(assignment.value, nest)
        if nest.kind == "total":
            return self._summed_over_lanes(assignment)
        return self._reduced(assignment.value)

    def _pointwise(self, nest: Nest) -> list[Statement]:
        """Several values of one shape, element by element; intermediate values stay in registers."""
        self._elements(nest)
        names, sizes = [f"i{k}" for k in range(len(nest.shape))], list(nest.shape)
        dropped = self.inputs.together(sizes)
        if dropped:  # with one loop instead of several
            self._begin(dropped)
            self._elements(nest)
            left = len(names) - 1 - len(dropped)  # outer loops
            names, sizes = [*names[:left], names[-1]], [*sizes[:left], math.prod(sizes[left:])]
        lines = self.hoisted + self.inputs.over_lanes(self.body)
        return self.inputs.loops(names, sizes, lines)

    def _elements(self, nest: Nest) -> None:
        ident = identity_index(len(nest.shape))
        for s in nest.assignments:
            value = self.expression(s.value, ident) if s.target is s.value else self.read(s.value, ident)
            if s.target is s.value:
                value = self.local[s.value, ident] = self._named(value, self.body)
                if s.value not in self.wanted:
                    continue
            location = self.memory.location(s.target)
            strides = location.strides if len(s.index) == len(location.strides) else (1,)
            index = s.index if s.positions is None else (variable(self.position(s.positions, flat_index(nest.shape))),)
            target = self.inputs.element(location, location._replace(strides=strides).at(index))
            self.body.append(Store(target.pointer, target.at, value, s.add))

    def position(self, positions: Sequence[int], at: Affine) -> str:
        """The name of a position from a list."""
        key = tuple(positions), at
        if key not in self.positions:
            self.positions[key] = f"j{next(self._numbers)}"
            self.hoisted.append(self.inputs.position(self.positions[key], positions, at))
        return self.positions[key]

    def _moved(self, node: Node, nest: Nest) -> list[Statement]:
        """Elements at positions from a table along one axis: gathered, or scattered with addition."""
        (arg,) = node.args
        put = nest.kind == "put"
        entries = entries_of(node)
        axis = taken_axis(entries)
        assert axis is not None
        taken = entries[axis]
        assert isinstance(taken, Take)
        own = axis - sum(isinstance(e, int) for e in entries[:axis])
        here, there = identity_index(len(nest.shape)), target_index(entries)
        at = self.inputs.integer(self.memory.positions(taken.indices))
        value = self.read(arg, here if put else there)
        location = self.memory.location(node)
        target = self.inputs.element(location, location.at(there if put else here))
        store = Store(target.pointer, target.at, value, put)
        lines = [*self.hoisted, *self.inputs.over_lanes([*self.body, store])]
        names, sizes = [f"i{k}" for k in range(len(nest.shape))], nest.shape
        inner = self.inputs.loops(names[own + 1 :], sizes[own + 1 :], lines)
        position = Let("j", Load(TABLE, Operation("add", (at, Name(f"i{own}", "index")), "index")))
        return self.inputs.loops(names[: own + 1], sizes[: own + 1], [position, *inner])

    def _labels(self, node: Node) -> tuple[list[tuple[Node, MultiIndex]], list[int], list[int]]:
        """Operands with their indices, output sizes, sizes of the reduced axes; the silencing operand of a gate first."""
        ndim = len(node.shape)
        gate = summed_gate(node)
        if gate is not None and gate in self.schedule.gated:
            at = identity_index(ndim)
            sizes = node.shape
            if gate is not node:
                (own,), sizes = Contraction.of(node)
                at = tuple(variable(f"i{k}" if k < ndim else f"k{k - ndim}") for k in own)
            return [(a, at) for a in gate.args], list(node.shape), list(sizes[ndim:])
        if node.op is CONTRACT:
            labels, sizes = Contraction.of(node)
            name = [variable(f"i{k}" if k < ndim else f"k{k - ndim}") for k in range(len(sizes))]
            operands = [(a, tuple(name[k] for k in ks)) for a, ks in zip(node.args, labels)]
            operands.sort(key=lambda o: (self._is_lane(*o), repr(o[1])))
            return operands, list(node.shape), list(sizes[ndim:])
        (arg,) = node.args
        axes = node.params
        index, out, reduced = [], 0, 0
        for k in range(len(arg.shape)):
            if k in axes:
                index.append(variable(f"k{reduced}"))
                reduced += 1
            else:
                index.append(variable(f"i{out}"))
                out += 1
        return [(arg, tuple(index))], list(node.shape), [arg.shape[k] for k in axes]

    def _reduced(self, node: Node) -> list[Statement]:
        """Sums and extrema over axes."""
        operands, out_sizes, sizes = self._labels(node)
        inputs, location = self.inputs, self.memory.location(node)
        at = location.at(identity_index(len(node.shape)))
        outer, inner = [f"i{k}" for k in range(len(out_sizes))], [f"k{k}" for k in range(len(sizes))]
        extremum = {REDUCE_MAX: "maximum", REDUCE_MIN: "minimum"}.get(node.op)
        if extremum:
            self.functions.add(extremum)
        in_order = node.op is SUM_IN_ORDER
        start = real({"maximum": -math.inf, "minimum": math.inf}.get(extremum or "", -0.0 if in_order else 0.0))
        inputs.reassociate = extremum is None and not in_order
        factors = None if extremum or in_order else factors_of(inputs, operands, self._is_stored, self._is_gated(node))
        if factors is not None:
            size = dict(zip(outer + inner, out_sizes + sizes))
            product = product_of_matrices(inputs, factors, result(inputs, location, at), outer, inner, size)
            if product is not None:
                return product
        target = inputs.element(location, at)
        term = self._term(node, operands)
        if inputs.lanes:
            value = Call(extremum, (target, term)) if extremum else term
            update = Store(target.pointer, target.at, value, add=not extremum)
            head = inputs.over_lanes([Store(target.pointer, target.at, start)])
            return inputs.loops(outer, out_sizes, head + inputs.loops(inner, sizes, self.hoisted + inputs.over_lanes([*self.body, update])))
        step = Set("acc", Call(extremum, (_SO_FAR, term))) if extremum else Add("acc", term)
        loops = inputs.loops(inner, sizes, [*self.hoisted, *self.body, step])
        return inputs.loops(outer, out_sizes, [Variable("acc", start), *loops, Store(target.pointer, target.at, _SO_FAR)])

    def _is_gated(self, node: Node) -> bool:
        return summed_gate(node) in self.schedule.gated

    def _is_stored(self, node: Node) -> bool:
        return node not in self.schedule.inlined

    def _term(self, node: Node, operands: list[tuple[Node, MultiIndex]]) -> Expression:
        """The terms of a sum."""
        reads = [self.read(a, i) for a, i in operands]
        return self.applied(GATE, reads) if self._is_gated(node) else _multiplied(reads)

    def _is_lane(self, node: Node, index: MultiIndex) -> bool:
        found = through_views(node, index)
        if found.node is None or found.node.op in (CONSTANT, SAMPLE_COUNT) or found.equal:
            return False
        return self.memory.location(found.node).lanes

    def _summed_over_lanes(self, assignment: Assignment) -> list[Statement]:
        """A sum over the lanes of a block, added to the total; a contraction sums its axes too."""
        value, total = assignment.value, assignment.target
        assert isinstance(total, Node)
        inputs, location = self.inputs, self.memory.location(total)
        at = location.at(identity_index(len(total.shape)))
        inputs.reassociate = True
        operands, out_sizes, sizes = [(value, identity_index(len(value.shape)))], list(value.shape), list[int]()
        if value in self.schedule.dead:
            operands, out_sizes, sizes = self._labels(value)
            factors = factors_of(inputs, operands, self._is_stored, self._is_gated(value))
            if factors is not None and factors[0].lanes and factors[1].lanes:
                outer, inner = [f"i{k}" for k in range(len(out_sizes))], [f"k{k}" for k in range(len(sizes))]
                a, b = factors
                if outer and a.step(outer[-1]):  # neighbours in the result should belong to the second factor
                    a, b = b, a
                size = dict(zip(outer + inner, out_sizes + sizes))
                return inner_products(inputs, a, b, result(inputs, location, at), outer, inner, size, COUNT)
        target = inputs.element(location, at)
        term = self._term(value, operands) if value in self.schedule.dead else self.read(*operands[0])
        if not inputs.lanes:  # the sum of one sample is that sample
            added = Store(target.pointer, target.at, term, add=True)
            return inputs.loops([f"i{k}" for k in range(len(out_sizes))], out_sizes, [*self.hoisted, *self.body, added])
        lanes = [*self.hoisted, *inputs.over_lanes([*self.body, Add("acc", term)])]
        loops = inputs.loops([f"k{k}" for k in range(len(sizes))], sizes, lanes)
        body = [Variable("acc", real(0.0)), *loops, Store(target.pointer, target.at, _SO_FAR, add=True)]
        return inputs.loops([f"i{k}" for k in range(len(out_sizes))], out_sizes, body)


# ---------------------------------------------------------------- one element of a pointwise node


@EXPRESSION.rule(SUM)
def _sum(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    const, coefficients = Linear.of(node)
    positions, elements = kernel.ordered(node, index)
    return _added(const, [coefficients[i] for i in positions], elements)


@EXPRESSION.rule(PRODUCT)
def _product(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    positions, elements = kernel.ordered(node, index)
    bounded = [node.args[i].op.name in BOUNDED for i in positions]
    return kernel.product([node.params[i] for i in positions], elements, bounded)


@EXPRESSION.rule(CONTRACT)
def _outer(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    _, elements = kernel.ordered(node, index)
    return _multiplied(elements)


@EXPRESSION.rule(SELECT)
def _taken(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    """At a position from a table, once in a nest."""
    entries = node.params
    axis = taken_axis(entries)
    assert axis is not None
    taken = entries[axis]
    assert isinstance(taken, Take)
    here = iter(index)
    at: list[Affine] = []
    for k, e in enumerate(entries):
        if isinstance(e, int):
            at.append(Affine(e, ()))
            continue
        i = next(here)
        if isinstance(e, Slice):
            i = i.scaled(e.step).plus(Affine(e.start, ()))
        elif k == axis:
            i = variable(kernel.position(taken.indices, i))
        at.append(i)
    return kernel.read(node.args[0], tuple(at))


@EXPRESSION.rule(Function)
def _function(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    assert isinstance(node.op, Function)
    return kernel.applied(node.op, [kernel.read(a, i) for a, i in operand_indices(node, index)])


@EXPRESSION.rule(SAMPLE_SUM)
def _counted(kernel: Kernel, node: Node, index: MultiIndex) -> Expression:
    """Of a value that all samples share."""
    kernel.inputs.uses_samples = True
    return _multiplied([kernel.read(node.args[0], index), _NUMBER_OF_SAMPLES])


def _multiplied(factors: Sequence[Expression]) -> Expression:
    """A product from left to right."""
    if len(factors) == 1:
        return factors[0]
    first = factors[0]
    if isinstance(first, Operation) and first.op == "mul":
        factors = (*first.args, *factors[1:])
    return Operation("mul", tuple(factors), "real")


def _added(const: float, coefficients: Sequence[float], args: Sequence[Expression]) -> Expression:
    terms: list[Expression] = [real(const)] if const else []
    for c, a in zip(coefficients, args):
        if not terms and abs(c) != 1.0:
            terms.append(_multiplied([real(c), a]))
            continue
        term = a if abs(c) == 1.0 else _multiplied([real(abs(c)), a])
        terms.append(term if c > 0 else Operation("neg", (term,), "real"))
    return terms[0] if len(terms) == 1 else Operation("add", tuple(terms), "real")


__all__ = ["Kernel"]
