"""The text of one loop nest, as a function of offsets, strides and sizes.

Equal layers give equal text, so that each distinct kernel is emitted and compiled once.  Indices are
unsigned throughout: Numba's handling of negative indices would keep the loops from vectorising.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from ..functions.elementwise import Function
from ..functions.gated import summed_gate
from ..functions.rows import GATE
from ..graph.node import Node
from ..graph.primitive import CONSTANT, CONTRACT, PRODUCT, REDUCE_MAX, REDUCE_MIN, SAMPLE_COUNT, SAMPLE_SUM, SUM
from ..support.values import is_by_root
from .access import Affine, Index, Place, identity_index, through_views, variable
from .likeness import NestOrder
from .movement import taken_axis, target_index
from .nest import Nest, Statement
from .products import factors_of, inner_products, product_of_matrices, result
from .schedule import operand_indices

#: With more pairs of arrays that might overlap than this, the compiler gives up on vectorising.
#: Such a nest is one of a kind; its offsets are literals, which spares the checks.
CHECKED_PAIRS = 100

#: functions whose powers do not overflow, and are contracted into the sums they stand in
BOUNDED = frozenset("atan cos erf erfc sigmoid sigmoid_prime sign sin step tanh tanh_prime".split())


class Kernel:
    """A loop nest being written."""

    def __init__(
        self,
        place: Callable[[object], Place],
        inlined: set[Node],
        lanes: bool, single: bool, literal: bool, order: NestOrder | None, row: int,
        positions: Callable[[Sequence[int]], int],
    ) -> None:
        self.place = place
        self.positions = positions  # where in the table a list of positions begins
        self.row = row  # the distance of two rows of lanes
        self.order = order
        self.inlined = inlined
        self.lanes = lanes
        self.single = single  # float32
        self.literal = literal
        self.values: list[int] = []  # of the parameters, in order
        self.buffers: set[str] = set()
        self.functions: set[str] = set()
        self.rows: set[Function] = set()
        self.uses_samples = False
        self.names: Iterator[str] = (f"x{i}" for i in range(10**9))
        self.shared_reads: dict[str, str] = {}
        self.lane_reads: dict[str, str] = {}
        self.hoisted: list[str] = []
        self.body: list[str] = []
        self.local: dict[tuple[Node, Index], str] = {}
        self.addresses: dict[tuple[str, Affine], str] = {}
        self.reassociate = False
        self.wanted: set[Node] = set()  # values that something outside the nest reads
        self.dead: set[Node] = set()
        self.gated: set[Node] = set()  # gates that are part of the sum that adds them up

    # -- numbers

    def integer(self, value: int) -> str:
        if self.literal:
            return f"u({value % 2**64})"
        self.values.append(value % 2**64)  # a negative stride wraps around
        return f"p{len(self.values) - 1}"

    def number(self, value: float) -> str:
        if math.isnan(value):
            text = "math.nan"
        elif math.isinf(value):
            text = "math.inf" if value > 0 else "-math.inf"
        else:
            text = repr(float(value))
        return f"R({text})" if self.single else text

    def address(self, place: Place, at: Affine) -> str:
        key = (place.buffer, at)
        if key not in self.addresses:
            self.buffers.add(place.buffer)
            unit = self.row if place.lanes else 1
            parts = []
            if at.const or not at.terms:
                parts.append(self.integer(at.const * unit))
            for v, c in at.terms:
                parts.append(v if c * unit == 1 else f"{v} * {self.integer(c * unit)}")
            self.addresses[key] = " + ".join(parts) + (" + l" if place.lanes else "")
        return self.addresses[key]

    # -- expressions

    def read(self, node: Node, index: Index) -> str:
        """An element of a value, through views."""
        found = through_views(node, index)
        if found.node is None:
            text = self.number(1.0)
        elif found.node.op is CONSTANT:
            text = self.number(found.node.params[0])
        elif (found.node, found.at) in self.local:
            text = self.local[found.node, found.at]
        elif found.node in self.inlined:
            text = "(" + self.expression(found.node, found.at) + ")"
        else:
            text = self.load(found.node, found.at)
        for a, b in found.equal:
            text = f"({text} if {self.affine(a)} == {self.affine(b)} else {self.number(0.0)})"
        return text

    def affine(self, a: Affine) -> str:
        parts = [v if c == 1 else f"{v} * {self.integer(c)}" for v, c in a.terms]
        if a.const or not parts:
            parts.append(f"u({a.const})" if not parts else self.integer(a.const))
        return " + ".join(parts)

    def load(self, node: Node, index: Index) -> str:
        if node.op is SAMPLE_COUNT:
            self.uses_samples = True
            return "R(samples)"
        place = self.place(node)
        address = f"{place.buffer}[{self.address(place, place.at(index))}]"
        reads, lines = (self.lane_reads, self.body) if place.lanes else (self.shared_reads, self.hoisted)
        if address not in reads:
            reads[address] = next(self.names)
            lines.append(f"{reads[address]} = {address}")
        return reads[address]

    def expression(self, node: Node, index: Index) -> str:
        """One element of a pointwise node from the elements of its arguments."""
        if node.op is SAMPLE_SUM:  # of a value that all samples share
            self.uses_samples = True
            return f"{self.read(node.args[0], index)} * R(samples)"
        operands = operand_indices(node, index)
        if node.op is CONTRACT or node.op is SUM or node.op is PRODUCT:
            positions = list(range(len(operands)))
            order = self.order
            if order is not None:
                positions.sort(key=lambda i: order.of(*operands[i]))
            ordered = [self.read(*operands[i]) for i in positions]
            if node.op is SUM:
                return self._sum(node.params[0], [node.params[1][i] for i in positions], ordered)
            if node.op is PRODUCT:
                bounded = [node.args[i].op.name in BOUNDED for i in positions]
                return self._product([node.params[i] for i in positions], ordered, bounded)
            return " * ".join(ordered)
        assert isinstance(node.op, Function)
        return self._applied(node.op, [self.read(a, i) for a, i in operands])

    def _applied(self, row: Function, args: list[str]) -> str:
        self.rows.add(row)
        return row.code.format(*(a if a.isidentifier() or a.startswith("(") else f"({a})" for a in args))

    def _sum(self, const: float, coefficients: list[float], args: list[str]) -> str:
        text = self.number(const) if const else ""
        for c, a in zip(coefficients, args):
            if not text:
                text = a if c == 1.0 else f"-{a}" if c == -1.0 else f"{self.number(c)} * {a}"
            elif abs(c) == 1.0:
                text += f" {'+' if c > 0 else '-'} {a}"
            else:
                text += f" {'+' if c > 0 else '-'} {self.number(abs(c))} * {a}"
        return text

    def _product(self, exponents: list[float], args: list[str], bounded: list[bool]) -> str:
        above: list[str] = []
        below: list[str] = []
        for e, a, small in zip(exponents, args, bounded):
            (above if e > 0 else below).append(self._power(a, abs(e), small))
        text = " * ".join(above) if above else self.number(1.0)
        if below:
            text += " / " + (below[0] if len(below) == 1 else "(" + " * ".join(below) + ")")
        return text

    def _power(self, a: str, e: float, bounded: bool = False) -> str:
        if e == 1.0:
            return a
        if e == 0.5:
            return f"np.sqrt({a})"
        if e in (2.0, 3.0):
            if not a.isidentifier():
                name = next(self.names)
                self.body.append(f"{name} = {a}")
                a = name
            if bounded:
                return "(" + " * ".join([a] * int(e)) + ")"
            # a power that overflows is infinite in the sum it stands in, so it is rounded before it is added
            self.functions.add("separate_product")
            return f"separate_product({a if e == 2.0 else f'{a} * {a}'}, {a})"
        if e == int(e) and e <= 64:
            self.functions.add("powi")
            return f"powi({a}, {int(e)})"
        if is_by_root(e):
            # adding 0 to the root of -0.0 gives the power the sign that it has
            root = f"np.sqrt({a})" if int(e) % 2 else f"(np.sqrt({a}) + {self.number(0.0)})"
            return f"({self._power(a, float(int(e)))} * {root})"
        self.functions.add("pow")
        return f"pow({a}, {self.number(e)})"

    # -- nests

    def write(self, nest: Nest) -> list[str]:
        """The lines of the kernel's body."""
        if nest.kind == "pointwise":
            return self._pointwise(nest)
        (statement,) = nest.statements
        if nest.kind in ("take", "put"):
            return self._moved(statement.value, nest)
        if nest.kind == "total":
            return self._total(statement)
        return self._reduce(statement.value)

    def loops(self, names: list[str], sizes: list[int], lines: list[str]) -> list[str]:
        """Loops around lines, the first name outermost."""
        out, depth = [], 0
        for name, n in zip(names, sizes):
            out.append("    " * depth + f"for {name} in range({self.integer(n)}):")
            depth += 1
        return out + ["    " * depth + line for line in lines]

    def _lane_loop(self, lines: list[str]) -> list[str]:
        return ["for l in range(n):", *("    " + line for line in lines)] if self.lanes else lines

    def _pointwise(self, nest: Nest) -> list[str]:
        """Several values of one shape, element by element; what only they use stays in registers."""
        ident = identity_index(len(nest.shape))
        wanted = self.wanted
        for s in nest.statements:
            value = self.expression(s.value, ident) if s.target is s.value else self.read(s.value, ident)
            if s.target is s.value:
                name = next(self.names)
                self.body.append(f"{name} = {value}")
                self.local[s.value, ident] = name
                value = name
                if s.value not in wanted:
                    continue
            place = self.place(s.target)
            strides = place.strides if len(s.index) == len(place.strides) else (1,)
            at = place._replace(strides=strides).at(s.index)
            sign = "+=" if s.add else "="
            self.body.append(f"{place.buffer}[{self.address(place, at)}] {sign} {value}")
        lines = self.hoisted + self._lane_loop(self.body)
        return self.loops([f"i{k}" for k in range(len(nest.shape))], list(nest.shape), lines)

    def _moved(self, node: Node, nest: Nest) -> list[str]:
        """Elements whose positions along one axis are looked up: copied from there, or added to what is there."""
        (arg,) = node.args
        put = nest.kind == "put"
        entries = node.params[0] if put else node.params
        axis = taken_axis(entries)
        assert axis is not None
        own = axis - sum(isinstance(e, int) for e in entries[:axis])
        here, there = identity_index(len(nest.shape)), target_index(entries)
        at = self.integer(self.positions(entries[axis][1]))
        value = self.read(arg, here if put else there)
        place = self.place(node)
        target = f"{place.buffer}[{self.address(place, place.at(there if put else here))}]"
        lines = [*self.hoisted, *self._lane_loop([*self.body, f"{target} {'+=' if put else '='} {value}"])]
        names, sizes = [f"i{k}" for k in range(len(nest.shape))], list(nest.shape)
        inner = self.loops(names[own + 1 :], sizes[own + 1 :], lines)
        return self.loops(names[: own + 1], sizes[: own + 1], [f"j = T[{at} + i{own}]", *inner])

    def _labels(self, node: Node) -> tuple[list[tuple[Node, Index]], list[int], list[int]]:
        """Operands with their indices, output sizes, sizes of the reduced axes; of a gate, what silences first."""
        ndim = len(node.shape)
        gate = summed_gate(node)
        if gate is not None and gate in self.gated:
            at = identity_index(ndim)
            sizes = node.shape
            if gate is not node:
                (labels,), sizes = node.params
                at = tuple(variable(f"i{k}" if k < ndim else f"k{k - ndim}") for k in labels)
            return [(a, at) for a in gate.args], list(node.shape), list(sizes[ndim:])
        if node.op is CONTRACT:
            labels, sizes = node.params
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

    def _reduce(self, node: Node) -> list[str]:
        operands, out_sizes, sizes = self._labels(node)
        ident = identity_index(len(node.shape))
        place = self.place(node)
        target = f"{place.buffer}[{self.address(place, place.at(ident))}]"
        outer = [f"i{k}" for k in range(len(out_sizes))]
        inner = [f"k{k}" for k in range(len(sizes))]
        extremum = {REDUCE_MAX: "maximum", REDUCE_MIN: "minimum"}.get(node.op)
        if extremum:
            self.functions.add(extremum)
        start = self.number({"maximum": -math.inf, "minimum": math.inf}.get(extremum or "", 0.0))
        self.reassociate = extremum is None
        factors = None if extremum else factors_of(self, operands, self._is_gated(node))
        if factors is not None:
            size = dict(zip(outer + inner, out_sizes + sizes))
            product = product_of_matrices(self, factors, result(self, place, place.at(ident)), outer, inner, size)
            if product is not None:
                return product
        term = self._term(node, operands)
        if self.lanes:
            update = f"{target} = {extremum}({target}, {term})" if extremum else f"{target} += {term}"
            head = self._lane_loop([f"{target} = {start}"])
            return self.loops(outer, out_sizes, head + self.loops(inner, sizes, self.hoisted + self._lane_loop([*self.body, update])))
        update = f"acc = {extremum}(acc, {term})" if extremum else f"acc += {term}"
        loops = self.loops(inner, sizes, self.hoisted + self.body + [update])
        return self.loops(outer, out_sizes, [f"acc = {start if extremum else self.zero()}", *loops, f"{target} = acc"])

    def _is_gated(self, node: Node) -> bool:
        return summed_gate(node) in self.gated

    def _term(self, node: Node, operands: list[tuple[Node, Index]]) -> str:
        """What a sum adds up."""
        reads = [self.read(a, i) for a, i in operands]
        return self._applied(GATE, reads) if self._is_gated(node) else " * ".join(reads)

    def zero(self) -> str:
        return "R(0.0)"

    def _is_lane(self, node: Node, index: Index) -> bool:
        found = through_views(node, index)
        if found.node is None or found.node.op in (CONSTANT, SAMPLE_COUNT) or found.equal:
            return False
        return self.place(found.node).lanes

    def _total(self, statement: Statement) -> list[str]:
        """A sum over the lanes of a block, added to the total; a contraction sums its axes too."""
        value, total = statement.value, statement.target
        assert isinstance(total, Node)
        place = self.place(total)
        target = f"{place.buffer}[{self.address(place, place.at(identity_index(len(total.shape))))}]"
        self.reassociate = True
        sizes: list[int]
        if value not in self.dead:
            operands, out_sizes, sizes = [(value, identity_index(len(value.shape)))], list(value.shape), []
        else:
            operands, out_sizes, sizes = self._labels(value)
            factors = factors_of(self, operands, self._is_gated(value))
            if factors is not None and factors[0].lanes and factors[1].lanes:
                outer, inner = [f"i{k}" for k in range(len(out_sizes))], [f"k{k}" for k in range(len(sizes))]
                a, b = factors
                if outer and a.step(outer[-1]):  # what is next to each other in the result is best in the second factor
                    a, b = b, a
                c = result(self, place, place.at(identity_index(len(total.shape))))
                return inner_products(self, a, b, c, outer, inner, dict(zip(outer + inner, out_sizes + sizes)), "n")
        term = self._term(value, operands)
        inner = [f"k{k}" for k in range(len(sizes))]
        lanes = [*self.hoisted, "for l in range(n):", *("    " + x for x in [*self.body, f"acc += {term}"])]
        loops = self.loops(inner, sizes, lanes)
        return self.loops([f"i{k}" for k in range(len(out_sizes))], out_sizes, [f"acc = {self.zero()}", *loops, f"{target} += acc"])


__all__ = ["CHECKED_PAIRS", "Kernel"]
