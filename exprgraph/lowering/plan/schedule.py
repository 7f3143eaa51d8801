"""The schedule: the loop nest of each value.

Values of one shape that share data and whose arguments are ready share a loop nest (a chain of
elementwise operations never leaves registers); sums of products, extrema and systems have nests of their own.
Nests only grow at the end, so a value joins the earliest nest of its shape after all of its arguments.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ...canonical.contract import is_structural
from ...functions.along_axes import AxisFunction
from ...functions.elementwise import Function
from ...functions.gated import summed_gate
from ...graph import primitive
from ...graph.column import Column
from ...graph.leaves import zeros
from ...graph.node import Node, Shape
from ...graph.views import Contraction
from .access import MultiIndex, identity_index, is_view, range_of_vector, through_views
from .in_order import SUM_IN_ORDER
from .movement import takes
from .nest import Assignment, Kind, Nest, length_of_straight_code
from .phases import Phase
from .pieces import moved_pieces, uses_of

#: elements at positions from a table are read by so many values, instead of copied before
TAKEN = 32
#: the most operations in one nested expression
INLINE_LIMIT = 24


@dataclass
class Schedule:
    """The nests of a phase in order, and the form of each node."""

    lanes: bool
    nests: list[Nest]
    #: nodes that exist only inside the expression that uses them
    inlined: set[Node]
    #: the nest that completes a stored value
    ready: dict[Node, int]
    #: nodes with a value in a buffer
    stored: set[Node]
    #: contractions inside of a sum over samples only
    dead: set[Node] = field(default_factory=set)
    #: gates inside of their sum only
    gated: set[Node] = field(default_factory=set)


def is_pointwise(node: Node) -> bool:
    """Whether an element needs one element of each argument."""
    op = node.op
    if op in (primitive.SUM, primitive.PRODUCT) or isinstance(op, Function):
        return True
    return op is primitive.CONTRACT and len(Contraction.of(node).sizes) == len(node.shape) and not is_structural(node)


def may_share_memory(node: Node) -> bool:
    """Whether a value may share the buffer of its argument."""
    return is_view(node) or node.op is primitive.RESHAPE


def operand_indices(node: Node, index: MultiIndex) -> list[tuple[Node, MultiIndex]]:
    """The elements of the arguments that one element of a pointwise node needs."""
    if node.op is primitive.CONTRACT:
        return [(a, tuple(index[k] for k in ks)) for a, ks in zip(node.args, Contraction.of(node).labels)]
    return [(a, index if a.shape else ()) for a in node.args]


def is_dot_total(node: Node, lanes: set[Node]) -> bool:
    """A contraction of per-sample operands under a sum over samples: lanes are one more summed axis."""
    gate = summed_gate(node)
    if gate is not None:
        return all(a in lanes for a in gate.args)
    return node.op is primitive.CONTRACT and not is_structural(node) and len(node.args) <= 2 and all(a in lanes for a in node.args)


#: ``(scheduler, node)``: adds the nests that compute a node
LOWERING: Column[Callable[[Scheduler, Node], None]] = Column("lowering", "the loop nests that compute a node", __name__)


class Scheduler:
    """The builder of the schedule of one phase."""

    def __init__(
        self, phase: Phase, totals: Sequence[Node], outputs: set[Node], lanes: set[Node], read_later: set[Node], fused: bool = True
    ) -> None:
        self.read_later = read_later  # values that other phases or the outputs read
        self.phase = phase
        self.totals = totals
        self.outputs = outputs
        self.lanes = lanes
        self.nests: list[Nest] = []
        #: pointwise nests in order, by shape and a value they hold; scalars always share
        self.holding: dict[tuple[Shape, Node | None], list[int]] = {}
        self.inlined: set[Node] = set()
        self.sources: dict[Node, list[tuple[Node, bool]]] = {}
        self.size: dict[Node, int] = {}  # operations in the expression of a pointwise value
        self.ready: dict[Node, int] = {}
        self.stored: set[Node] = set()
        self.gated: set[Node] = set()
        self.straight = length_of_straight_code(phase.lanes, len(phase.nodes))
        #: sums over samples that contract lanes, too, if samples are lanes
        self.fused_totals = {t for t in totals if fused and is_dot_total(t.args[0], lanes) and t.args[0] not in outputs}

    def run(self) -> Schedule:
        self._extend_with_parts()
        self._choose_inlined()
        self.begun = {n: self._put(pieces[0], []) for n, pieces in self.pieces.items() if pieces[0].before}
        for node in self.order:
            self._schedule(node)
        for total in self.totals:
            nest = Nest("total", total.args[0].shape, [Assignment(total.args[0], total, ())])
            self._append(nest)
            self.ready[total] = len(self.nests) - 1
        for nest in self.nests:
            if nest.kind == "pointwise":
                self._write_parts_early(nest)
        return Schedule(self.phase.lanes, self.nests, self.inlined, self.ready, self.stored, self.dead, self.gated)

    def _write_parts_early(self, nest: Nest) -> None:
        """A part of a joined array is written as soon as it is computed, and need not be kept until the others are."""
        computed = {s.target: k for k, s in enumerate(nest.assignments) if s.target is s.value}
        places = []
        for k, s in enumerate(nest.assignments):
            part = isinstance(s.target, Node) and s.target is not s.value and s.target in self.pieces
            places.append(max((computed[n] for n in self.reads(s) if n in computed), default=k) if part else k)
        nest.assignments = [nest.assignments[k] for k in sorted(range(len(places)), key=places.__getitem__)]

    # -- reads

    def _extend_with_parts(self) -> None:
        """Movements read parts that may not be nodes of the graph (elements of a take)."""
        elsewhere = {*self.outputs, *self.phase.roots, *(a for t in self.totals for a in t.args), *self.read_later}
        nodes = [n for n in self.phase.nodes if n.op is not primitive.RESHAPE or not self._can_alias(n.args[0])]
        self.pieces, absorbed = moved_pieces(nodes, uses_of(self.phase.nodes), elsewhere)
        self.order = [n for n in self.phase.nodes if n not in absorbed]

    def _can_alias(self, arg: Node) -> bool:
        """Whether the elements of an argument lie in row-major order in a buffer, so that reshaping is free."""
        while arg.op is primitive.RESHAPE:
            arg = arg.args[0]
        vector = range_of_vector(arg)
        if vector is not None:
            return self._can_alias(vector[0])
        return not is_view(arg) and arg.op is not primitive.ARRAY

    def alias_base(self, node: Node) -> Node:
        while node.op is primitive.RESHAPE and node not in self.pieces:
            vector = range_of_vector(node.args[0])
            node = node.args[0] if vector is None else vector[0]
        return node

    def _sources(self, node: Node) -> list[tuple[Node, bool]]:
        """The values a node reads, and whether each is read once, at the position being computed."""
        known = self.sources.get(node)
        if known is None:
            known = self.sources[node] = self._found_sources(node)
        return known

    def _found_sources(self, node: Node) -> list[tuple[Node, bool]]:
        ident = identity_index(len(node.shape))
        reads: list[tuple[Node, MultiIndex, int]] = []
        if node in self.pieces:
            reads = [(p.value, identity_index(len(p.value.shape)), len(p.value.shape)) for p in self.pieces[node]]
        elif is_pointwise(node):
            if not node.shape and not any(a.shape or is_view(a) or a.op is primitive.RESHAPE for a in node.args):
                return [(a, True) for a in node.args]  # of scalars: as below, in less time
            reads = [(a, i, len(node.shape)) for a, i in operand_indices(node, ident)]
        elif node.op is primitive.SAMPLE_SUM and not self.phase.lanes:
            reads = [(node.args[0], ident, len(node.shape))]
        elif node.op is SUM_IN_ORDER:
            reads = [(node.args[0], identity_index(1), 1)]
        elif is_view(node):
            return []
        else:
            return [(self.base(a), False) for a in node.args]
        out = []
        for a, index, ndim in reads:
            read = through_views(a, index)
            if read.node is not None and read.node.op is not primitive.CONSTANT:
                whole = read.at == identity_index(ndim) and not read.equal and len(read.node.shape) == ndim
                out.append((self.alias_base(read.node), whole and not self._aliased(read.node)))
        return out

    def _aliased(self, node: Node) -> bool:
        return node.op is primitive.RESHAPE and node not in self.pieces

    def base(self, node: Node) -> Node:
        """The stored value below a view or a reshape."""
        read = through_views(node, identity_index(len(node.shape)))
        return self.alias_base(read.node) if read.node is not None else node

    def _choose_inlined(self) -> None:
        readers: dict[Node, list[tuple[Node, bool]]] = {}
        for node in self.order:
            for source, exact in self._sources(node):
                readers.setdefault(source, []).append((node, exact))
        # a value that another phase reads is stored, even if this phase reads it once
        kept = set(self.outputs) | {self.base(o) for o in self.outputs} | self.read_later
        for total in self.totals:
            if total in self.fused_totals:
                inner = total.args[0]
                if inner in readers:  # computed anyway: the total uses the stored value
                    kept.add(inner)
            else:
                kept.add(total.args[0])
                kept.add(self.base(total.args[0]))
        size = self.size
        self.readers = readers
        self.dead = {t.args[0] for t in self.fused_totals if t.args[0] not in readers and t.args[0] not in kept}
        for node in self.order:
            gate = summed_gate(node)
            if gate is not None and (node in self.dead if gate is node else len(readers[gate]) == 1 and gate not in kept):
                self.gated.add(gate)
        self.inlined |= self.gated
        for total in self.fused_totals:
            for a in self.total_operands(total.args[0]):
                kept.add(self.base(a))
                kept.add(a)
        taken = [n for n in self.order if self._is_taken_inside(n, kept)]
        self.inlined.update(taken)
        size.update(dict.fromkeys(taken, 1))
        together = self._with_relatives()
        levels = self._levels() if together else {}
        for node in self.order:
            if not is_pointwise(node) or node in self.gated:
                continue
            size[node] = 1 + len(node.args) + sum(size[s] for s, _ in self._sources(node) if s in self.inlined)
            uses = readers.get(node, [])
            if node in kept or node in self.dead or len(uses) != 1 or not uses[0][1] or size[node] > INLINE_LIMIT:
                continue
            later = node in together and levels[uses[0][0]] > levels[node]
            # a number that is a piece of an array is computed in its turn, and stored there
            apart = not node.shape and not self.phase.lanes and uses[0][0] in self.pieces
            if uses[0][0] not in self.gated and not later and not apart:
                self.inlined.add(node)

    def _is_taken_inside(self, node: Node, kept: set[Node]) -> bool:
        """Whether elements at positions from a table are read where they are used: by few elementwise values, at their own position."""
        if not takes(node) or node in self.pieces or node in kept:
            return False
        uses = self.readers.get(node, ())
        return 0 < len(uses) <= TAKEN and all(exact and (is_pointwise(n) or n in self.pieces) for n, exact in uses)

    def _with_relatives(self) -> set[Node]:
        """Values of functions of one family at one argument: in one nest they share an exponential, which takes longer than a store.

        Of a layer these are the activation and its derivative, which the reverse sweep reads.
        """
        families: dict[tuple[str, tuple[Node, ...]], list[Node]] = {}
        for node in self.order:
            if isinstance(node.op, Function) and node.op.family and node.shape:
                families.setdefault((node.op.family, node.args), []).append(node)
        return {node for relatives in families.values() if len(relatives) > 1 for node in relatives}

    def _levels(self) -> dict[Node, int]:
        """How many values that have nests of their own lie below each node: those of more are computed later."""
        levels: dict[Node, int] = {}
        for node in self.order:
            below = max((levels.get(a, 0) for a in node.args), default=0)
            levels[node] = below + (not is_pointwise(node) and not is_view(node) and bool(node.args))
        return levels

    def total_operands(self, value: Node) -> tuple[Node, ...]:
        """The factors of a contraction in a sum over samples."""
        gate = summed_gate(value)
        return gate.args if gate is not None and gate in self.gated else value.args

    def reads(self, assignment: Assignment) -> list[Node]:
        """The stored values that an assignment needs."""
        value, target = assignment.value, assignment.target
        if not isinstance(target, Node):
            return [self.base(value)]
        if target is value:
            return [n for n, _ in self._leaves(value)]
        if target.op is primitive.SAMPLE_SUM:
            summed = self.total_operands(value) if target in self.fused_totals and value in self.dead else (value,)
            return [self.base(a) for a in summed]
        return [n for n, _ in self._piece_leaves(assignment)]

    # -- placing

    def _append(self, nest: Nest) -> int:
        self.nests.append(nest)
        at = len(self.nests) - 1
        if nest.kind == "pointwise":
            self._hold(at, nest.values)
        return at

    def _hold(self, at: int, values: Iterable[Node]) -> None:
        """Register a nest under these values."""
        shape = self.nests[at].shape
        for value in values if shape else (None,):
            known = self.holding.setdefault((shape, value), [])
            if not shape and known and known[-1] == at:
                return
            insort(known, at)

    def _open(self, shape: Shape, values: Iterable[Node], first: int) -> int | None:
        """The earliest nest from ``first`` on that an assignment of these values may join.

        Arrays share a nest if they share data; scalars always do, as straight-line code.
        """
        found: list[int] = []
        for value in values if shape else (None,):
            known = self.holding.get((shape, value), [])
            i = bisect_left(known, first)
            while i < len(known) and self.nests[known[i]].full:
                del known[i]
            found += known[i : i + 1]
        return min(found, default=None)

    def _leaves(self, node: Node) -> list[tuple[Node, bool]]:
        """Stored values below the inlined expression of a node."""
        out: list[tuple[Node, bool]] = []
        stack = list(self._sources(node))
        while stack:
            source, exact = stack.pop()
            if source in self.inlined:
                stack += [(s, e and exact) for s, e in self._sources(source)]
            else:
                out.append((source, exact))
        return out

    def _earliest(self, leaves: Sequence[tuple[Node, bool]], shape: Shape) -> int:
        first = 0
        for source, exact in leaves:
            at = self.ready.get(source)
            if at is None or at < 0:
                continue
            nest = self.nests[at]
            joinable = exact and nest.kind == "pointwise" and nest.shape == shape and source not in self.pieces
            first = max(first, at if joinable else at + 1)
        return first

    def _put(self, assignment: Assignment, leaves: Sequence[tuple[Node, bool]], after: int = 0) -> int:
        shape = assignment.value.shape
        first = max(self._earliest(leaves, shape), after)
        own = {n for n, _ in leaves} | {assignment.value}
        operations = self.size.get(assignment.value, 1)
        at = self._open(shape, own, first)
        if at is None:
            return self._append(Nest("pointwise", shape, [assignment], own, operations, 1 if shape else self.straight))
        nest = self.nests[at]
        nest.assignments.append(assignment)
        nest.operations += operations
        if shape:
            self._hold(at, own - nest.values)
        nest.values |= own
        return at

    def _schedule(self, node: Node) -> None:
        if node in self.inlined or node in self.dead or is_view(node) or self._aliased(node):
            return
        if node.args and node.size:
            self.stored.add(node)
        LOWERING[node.op](self, node)

    def given(self, node: Node) -> None:
        """An argument of the call, or constant data, which nothing computes."""
        self.ready[node] = -1

    def pointwise(self, node: Node) -> None:
        """An assignment in a nest over the node's shape."""
        self.ready[node] = self._put(Assignment(node, node, identity_index(len(node.shape))), self._leaves(node))

    def alone(self, node: Node, kind: Kind, index: MultiIndex = (), shape: Shape | None = None) -> None:
        """A separate nest, by default over the node's shape."""
        self.ready[node] = self._append(Nest(kind, node.shape if shape is None else shape, [Assignment(node, node, index)]))

    def reduction(self, node: Node) -> None:
        """A nest that reduces over axes for each element."""
        self.alone(node, "reduce", identity_index(len(node.shape)))

    def cleared(self, node: Node) -> None:
        """Zeros, for accumulation."""
        self._put(Assignment(zeros(node.shape), node, identity_index(len(node.shape))), [])

    def copies(self, node: Node) -> None:
        """The pieces of a node, in sequence if they are added."""
        after, pieces = 0, self.pieces[node]
        ordered = any(piece.add for piece in pieces)
        if node in self.begun:
            after, pieces = self.begun[node] + 1, pieces[1:]
        for piece in pieces:
            leaves = self._piece_leaves(piece)
            beside = None if ordered else self._beside(piece, leaves)
            at = self._put(piece, leaves, after) if beside is None else beside
            if ordered:
                after = at + 1
            self.ready[node] = max(self.ready.get(node, 0), at)

    def _beside(self, piece: Assignment, leaves: Sequence[tuple[Node, bool]]) -> int | None:
        """The nest that computes the number that a piece is, with the piece in it, even if it is full: there a copy is a store."""
        if self.phase.lanes or piece.value.shape or len(leaves) != 1:
            return None
        ((source, exact),) = leaves
        at = self.ready.get(source, -1)
        if at < 0 or not exact or source in self.pieces or self.nests[at].kind != "pointwise" or self.nests[at].shape:
            return None
        self.nests[at].assignments.append(piece)
        return at

    def _piece_leaves(self, piece: Assignment) -> list[tuple[Node, bool]]:
        ndim = len(piece.value.shape)
        read = through_views(piece.value, identity_index(ndim))
        if read.node is None or read.node.op is primitive.CONSTANT:
            return []
        node = read.node
        exact = read.at == identity_index(ndim) and not read.equal and not self._aliased(node)
        node = self.alias_base(node)
        if node in self.inlined:
            return [(s, e and exact) for s, e in self._leaves(node)]
        return [(node, exact)]


# ---------------------------------------------------------------- one rule a primitive

LOWERING.leave_out("it is read through, and never computed", primitive.CONSTANT, primitive.IDENTITY)
LOWERING.leave_out("it is written in other primitives before, by phases.REWRITTEN", AxisFunction)
LOWERING.fill(Scheduler.given, primitive.SYMBOL, primitive.ARRAY, primitive.SAMPLE_COUNT)
LOWERING.fill(Scheduler.pointwise, primitive.SUM, primitive.PRODUCT, Function, primitive.SAMPLE_SUM)
LOWERING.fill(Scheduler.copies, primitive.STACK, primitive.CONCATENATE, primitive.RESHAPE)
LOWERING.fill(Scheduler.reduction, primitive.REDUCE_MAX, primitive.REDUCE_MIN, SUM_IN_ORDER)
LOWERING.fill(lambda s, node: s.pointwise(node) if is_pointwise(node) else s.reduction(node), primitive.CONTRACT)
LOWERING.fill(lambda s, node: s.copies(node) if node in s.pieces else s.alone(node, "take"), primitive.SELECT)


@LOWERING.rule(primitive.PLACE)
def _place(scheduler: Scheduler, node: Node) -> None:
    if node in scheduler.pieces:
        scheduler.copies(node)
    else:
        scheduler.cleared(node)
        scheduler.alone(node, "put", shape=node.args[0].shape)
