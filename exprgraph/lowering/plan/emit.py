"""A whole program: kernels, and the driver that runs them over blocks of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...functions.elementwise import Function
from ...graph.column import Column
from ...graph.node import Node, Shape
from ...graph.primitive import CONSTANT, SAMPLE_COUNT, SAMPLE_SUM, SYMBOL
from ...graph.traverse import topological
from ...loops.print.python import print_program
from ...loops.program import Loops, Name, Part, Procedure, Run, Statement, index
from ...loops.target import CPU, Target
from ...loops.walk import called_by
from ...meaning.binding import Argument
from . import factors as _factors  # noqa: F401  # whose rules rewrite and compute nodes
from .access import Location, contiguous, identity_index, through_views
from .arguments import Moved, gathering, loading, moving, one_sample
from .data import Data, Table
from .dispatch import Item, Step, dispatched, name_of
from .from_the_left import from_the_left
from .inputs import COUNT, Memory
from .isomorphism import NestOrder
from .kernels import Kernel
from .late_rules import load
from .nest import Assignment, Nest
from .one_by_one import quicker_one_by_one
from .phases import Phase, pairwise, phases
from .program import Program, starts
from .rerolled import rerolled
from .routines import ROUTINE, Place, called
from .schedule import Schedule, Scheduler, may_share_memory
from .storage import Storage, kept
from .together import joined
from .turned import with_rows
from .unrolled import unrolled

#: the most arguments that are separate arrays for kernels; beyond, small ones are gathered first, up to that size
SEPARATE, SMALL = 32, 64

#: With more pairs of possibly overlapping arrays, a compiler gives up on vectorising.  Such a nest is not shared, and has
#: literal offsets, which need no checks.
CHECKED_PAIRS = 100


#: ``(emitter, node, schedule, wanted)``: the steps and statements that compute a node
STEPS: Column[Callable[[Emitter, Node, Schedule, set[Node]], list[Item]]] = Column(
    "steps", "the steps of the driver that compute a node", __name__, otherwise="one kernel computes it"
)


#: the schedule of a step that only copies
_NOTHING = Schedule(False, [], set(), {}, set())


class Emitter:
    """A program while it is emitted."""

    def __init__(
        self,
        outputs: Sequence[Node],
        arguments: Sequence[Argument],
        contract: bool,
        *,
        batch: bool,
        single: bool,
        block: int,
        target: Target,
        apart: bool,
        short: bool,
    ) -> None:
        lane_symbols = {s for a in arguments if batch and a.per_sample for s, _ in a.symbols}
        self.outputs = pairwise(joined(rerolled(outputs, lane_symbols, short)))
        self.arguments = arguments
        self.single = single
        self.contract = contract
        self.apart = apart
        self.block = block
        self.row = target.row_length(block)
        self.storage = Storage(block > 1, self.row)
        self.table = Table()
        self.memory = Memory(self.storage.location, self.row, self.table.positions, self.storage.room, target, 64 >> single, block > 1)
        self.isomorphic: dict[object, list[int]] = {}  # kernels that may be equal, by a quick key
        self.kernels: list[Procedure] = []
        self.steps: list[Step] = []
        self.parts: list[Part] = []
        self.totals: list[tuple[tuple[str, int, int], ...]] = []
        self.functions: set[str] = set()
        self.rows: set[Function] = set()
        self.loads: dict[Node, tuple[int, int, int]] = {}
        self.depth = 0  # of the loops over rounds that are open
        self.loops = 0  # opened so far
        lane_symbols, gathered = self._placed_arguments(batch)
        if gathered:
            self.functions.add("gather")
        #: the work before the next pass over the samples
        self.shared: list[Item] = list(gathering(gathered))
        self.phases, self.lanes = phases(self.outputs, lane_symbols)
        self.all_nodes = topological(self.outputs)
        self.read_elsewhere = self._read_elsewhere()
        self.places = self._places()
        for out, place in zip(self.outputs, self.places):
            if place is not None:
                self.storage.homes.setdefault(out, place)
                self.storage.homes.setdefault(below := kept(out), place._replace(strides=contiguous(below.shape)))

    def _places(self) -> list[Location | None]:
        """The place of each result in the arrays of the caller; ``None`` if samples differ."""
        places: list[Location | None] = []
        at = 0
        for k, out in enumerate(self.outputs):
            if out in self.lanes:
                places.append(None)
            elif self.apart:
                places.append(Location(f"o{k}", 0, contiguous(out.shape), False))
            else:
                places.append(Location("o", at, contiguous(out.shape), False))
                at += out.size
        return places

    def _placed_arguments(self, batch: bool) -> tuple[set[Node], list[Moved]]:
        """The per-sample symbols, and the gathered arguments."""
        lane_symbols: set[Node] = set()
        gathered: list[Moved] = []
        for k, argument in enumerate(self.arguments):
            together = len(self.arguments) > SEPARATE and argument.size <= SMALL and not (batch and argument.per_sample)
            buffer, start = ("s", self.storage.shared) if together else (f"a{k}", 0)
            if together:
                gathered.append(Moved(k, argument.size, self.storage.shared))
                self.storage.shared += argument.size
            for symbol, offset in argument.symbols:
                if batch and argument.per_sample:
                    lane_symbols.add(symbol)
                    self.loads[symbol] = (k, argument.size, offset)
                else:
                    self.storage.locations[symbol] = Location(buffer, start + offset, contiguous(symbol.shape), False)
        return lane_symbols, gathered

    def _read_elsewhere(self) -> set[Node]:
        """Shared values that per-sample code, later phases or outputs read."""
        phase_of: dict[Node, int] = {}
        for i, phase in enumerate(self.phases):
            if not phase.lanes:
                for n in phase.nodes:
                    phase_of[n] = i
        stack = [o for o in self.outputs if o not in self.lanes]
        for node in self.all_nodes:
            for a in node.args:
                if a not in self.lanes and (node in self.lanes or phase_of.get(node) != phase_of.get(a)):
                    stack.append(a)
        found: set[Node] = set()
        while stack:
            n = stack.pop()
            if n not in found:
                found.add(n)
                if may_share_memory(n):
                    stack += n.args
        return found

    # -- steps

    def step(self, nest: Nest, schedule: Schedule, wanted: set[Node]) -> Step:
        """A step that runs the nest."""
        kernel = self._kernel(nest, schedule, wanted)
        self.functions |= kernel.functions
        self.rows |= kernel.rows
        number = self._number_of(kernel.procedure(self.contract))
        return Step(number, self.table.add(kernel.inputs.values))

    def _number_of(self, procedure: Procedure) -> int:
        """The kernel that equals a procedure; added if there is none."""
        known = self.isomorphic.setdefault((procedure.parameters, len(procedure.body), procedure.reassociate), [])
        for k in known:
            if self.kernels[k] == procedure:
                return k
        known.append(len(self.kernels))
        self.kernels.append(procedure)
        return known[-1]

    def _kernel(self, nest: Nest, schedule: Schedule, wanted: set[Node]) -> Kernel:
        if nest.kind != "pointwise":
            return Kernel(nest, schedule, wanted, self.memory)
        stores = len(nest.assignments)
        if stores * stores <= CHECKED_PAIRS:  # with more, it need not be written to be counted
            order = NestOrder(nest.assignments, schedule.inlined.__contains__, self._location_kind)
            kernel = Kernel(Nest(nest.kind, nest.shape, order.assignments), schedule, wanted, self.memory, order=order)
            if stores * (stores + len(kernel.reads)) <= CHECKED_PAIRS:
                return kernel
        return Kernel(nest, schedule, wanted, self.memory, literal=True)

    def _location_kind(self, node: Node) -> object:
        """The properties of a value that code reading it depends on."""
        if node.op in (CONSTANT, SAMPLE_COUNT):
            return node.op.name
        location = self.storage.locations.get(node)
        return (location.buffer, len(location.strides)) if location is not None else "own"

    def _nest(self, nest: Nest, schedule: Schedule, wanted: set[Node]) -> list[Item]:
        if nest.kind == "steps":
            (assignment,) = nest.assignments
            return STEPS[assignment.value.op](self, assignment.value, schedule, wanted)
        if nest.kind == "reduce" and schedule.lanes and not self.memory.lanes:
            nest = self._of_rows(nest, schedule)
        return self._routine(nest, schedule) if nest.kind == "routine" else [self.step(nest, schedule, wanted)]

    def _of_rows(self, nest: Nest, schedule: Schedule) -> Nest:
        """The nest, with an operand of all samples in an order that has rows of neighbours; it is copied before the pass."""
        (assignment,) = nest.assignments
        found = with_rows(assignment.value, self.storage.location, lambda n: n not in schedule.inlined)
        if found is None:
            return nest
        if (copy := found.copy) not in self.storage.locations:
            self.storage.new_shared(copy, copy.shape)
            copied = Nest("pointwise", copy.shape, [Assignment(found.view, copy, identity_index(copy.ndim))])
            self.shared.append(self.step(copied, _NOTHING, set()))
        self.storage.locations[found.product] = self.storage.locations[assignment.value]
        return Nest(nest.kind, nest.shape, [Assignment(found.product, found.product, assignment.index)])

    def _routine(self, nest: Nest, schedule: Schedule) -> list[Item]:
        """The calls of a procedure of the library, and copies of its arguments where they are not whole arrays."""
        (assignment,) = nest.assignments
        node = assignment.value
        routine = ROUTINE[node.op](node)
        new, lanes = self.storage.new_rows if schedule.lanes else self.storage.new_shared, schedule.lanes and self.memory.lanes
        items: list[Item] = []
        made: list[tuple[tuple[str, object], Shape]] = []

        def room(what: str, shape: Shape) -> Location:
            made.append(((what, node), shape))
            new(*made[-1])
            return self.storage.locations[made[-1][0]]

        places = [Place(self.storage.locations[node], node.size // routine.stack)]
        if routine.scratch:
            places.append(Place(room("scratch", (routine.scratch,)), 0))
        found = [self._whole(value) for value in node.args]
        # right-hand sides of all samples, if they share the matrix
        together = routine.columns and found[0] is not None and lanes and not found[0].lanes
        for k, (value, location) in enumerate(zip(node.args, found)):
            if location is None or (location.lanes != lanes and not (together and k == 0)):
                location = room(f"copy {k}", value.shape)
                copy = Nest("pointwise", value.shape, [Assignment(value, made[-1][0], identity_index(value.ndim))])
                items.append(self.step(copy, schedule, set()))
            places.append(Place(location, value.size // routine.stack))
        name, call = called(routine, places, self.row if lanes else 1, lanes)
        self.functions.add(name)
        for key, shape in made if schedule.lanes else ():
            self.storage.release(key, shape)
        return [*items, call]

    def _whole(self, value: Node) -> Location | None:
        """Where all elements of a value lie, one after another."""
        ident = identity_index(value.ndim)
        found = through_views(value, ident)
        if found.node is None or found.equal or found.at != ident or found.node.shape != value.shape:
            return None
        if found.node.op in (CONSTANT, SAMPLE_COUNT):
            return None
        location = self.storage.location(found.node)
        return location if location.strides == contiguous(value.shape) else None

    # -- phases

    def phase(self, phase: Phase) -> None:
        totals: list[Node] = []
        outs: list[tuple[int, Node]] = []
        if phase.lanes:
            roots = set(phase.roots)
            totals = [n for n in self.all_nodes if n.op is SAMPLE_SUM and n.args[0] in roots and n not in self.storage.locations]
            outs = [(k, o) for k, o in enumerate(self.outputs) if o in roots]
        scheduler = Scheduler(phase, totals, set(self.outputs), self.lanes, self.read_elsewhere, self.memory.lanes)
        schedule = scheduler.run()
        copies: list[tuple[int, object]] = []
        for k, out in outs:
            if out in schedule.stored or out.op is SYMBOL:
                copies.append((k, out))
            else:
                key = ("output", k)
                schedule.nests.append(Nest("pointwise", out.shape, [Assignment(out, key, identity_index(len(out.shape)))]))
                copies.append((k, key))
        last, wanted = self.uses(scheduler, schedule)
        forever = {key for _, key in copies} | set(self.outputs) | {scheduler.base(o) for o in self.outputs}
        wanted |= {n for n in forever if isinstance(n, Node)} & schedule.stored
        if not phase.lanes:  # a later phase may read any shared value
            wanted |= schedule.stored & self.read_elsewhere
            self.shared += self.computed(schedule, wanted, last, forever)
            return
        items: list[Item] = list(self._loaded(last.keys() | forever))
        for total in totals:
            self.storage.new_shared(total, total.shape)
        items += self.computed(schedule, wanted, last, forever)
        items += [self._copied_out(k, copied) for k, copied in copies]
        self._close_pass(totals, items)

    def uses(self, scheduler: Scheduler, schedule: Schedule) -> tuple[dict[object, int], set[Node]]:
        """The last nest that reads each value, and the values read outside of their own nest."""
        last: dict[object, int] = {}
        wanted: set[Node] = set()
        for at, nest in enumerate(schedule.nests):
            for s in nest.assignments:
                for source in scheduler.reads(s):
                    last[source] = at
                    if schedule.ready.get(source, -1) != at or nest.kind != "pointwise":
                        wanted.add(source)
        return last, wanted

    def _loaded(self, used: set[object]) -> list[Statement]:
        """The arguments of the samples, in rows of lanes."""
        loaded: list[Moved] = []
        for symbol, (k, size, offset) in self.loads.items():
            if symbol in used:
                self.storage.new_rows(symbol, symbol.shape)
                loaded.append(Moved(k, size, self.storage.locations[symbol].offset * self.row, offset, symbol.size))
        self.functions |= {moving("load", m.some) if self.memory.lanes else "copied" for m in loaded}
        return loading(loaded, self.row if self.memory.lanes else 0)

    def computed(self, schedule: Schedule, wanted: set[Node], last: dict[object, int], forever: set[object]) -> list[Item]:
        """The nests of a phase; rows of lanes are reused after their last reader."""
        items: list[Item] = []
        expiring: dict[int, list[tuple[object, tuple[int, ...]]]] = {}
        for at, nest in enumerate(schedule.nests):
            for s in nest.assignments:
                key = s.target
                if key in self.storage.locations or (isinstance(key, Node) and key is s.value and key not in wanted):
                    continue
                shape = key.shape if isinstance(key, Node) else s.value.shape
                if schedule.lanes and not (isinstance(key, Node) and key.op is SAMPLE_SUM):
                    self.storage.new_rows(key, shape)
                    if key not in forever:
                        expiring.setdefault(last.get(key, at), []).append((key, shape))
                else:
                    self.storage.new_shared(key, shape)
            items += self._nest(nest, schedule, wanted)
            self.storage.leave_rooms()
            for ended, shape in expiring.pop(at, []):
                self.storage.release(ended, shape)
        return items

    def _copied_out(self, k: int, key: object) -> Statement:
        location, size = self.storage.locations[key], self.outputs[k].size
        name = moving("store", size) if self.memory.lanes else "copied"
        self.functions.add(name)
        if not self.memory.lanes:
            return one_sample(Name(f"o{k}", "reals"), Name("w", "reals"), location.offset, size)
        sizes = (index(size), Name("w", "reals"), index(location.offset * self.row), index(self.row))
        return Run(name, (Name(f"o{k}", "reals"), Name("first", "index"), *sizes, COUNT))

    def _close_pass(self, totals: Sequence[Node], items: Sequence[Item]) -> None:
        """A pass over the samples, after the work before it."""
        self._close_shared()
        locations = [(self.storage.locations[t], t.size) for t in totals]
        clears = [Run("clear", (Name(p.buffer, "reals"), index(p.offset), index(size))) for p, size in locations]
        if clears:
            self.functions.add("clear")
        self.parts.append(Part(dispatched(items, self.kernels, self.steps), True, tuple(clears)))
        self.totals.append(tuple((p.buffer, p.offset, size) for p, size in locations))
        self.storage.new_pass()

    def _close_shared(self) -> None:
        self.parts.append(Part(dispatched(self.shared, self.kernels, self.steps)))
        self.totals.append(())
        self.shared = []

    def _shared_outputs(self) -> list[Item]:
        items: list[Item] = []
        for k, (out, place) in enumerate(zip(self.outputs, self.places)):
            if place is None or out.size == 0 or self._location(out) == place:
                continue
            key = ("output", k)
            self.storage.locations[key] = place
            nest = Nest("pointwise", out.shape, [Assignment(out, key, identity_index(len(out.shape)))])
            items.append(self.step(nest, _NOTHING, set()))
        return items

    def _location(self, out: Node) -> Location | None:
        """The place of a computed value."""
        known = self.storage.locations
        return known.get(out) if out in known or kept(out) not in known else self.storage.location(out)

    # -- the whole

    def program(self) -> Program:
        for phase in self.phases:
            self.phase(phase)
        self.shared += self._shared_outputs()
        self._close_shared()
        differs = tuple(o in self.lanes for o in self.outputs)
        rows, workspace = self.storage.most_rows, max(self.storage.most_rows * self.row, self.storage.scratch)
        data = Data(self.storage.constants, self.table.values, self.steps, np.dtype(np.float32 if self.single else np.float64))
        own, called = self._own(differs)
        offsets = starts([o.size for o in self.outputs]) if self.apart and not any(differs) else ()
        totals = tuple(self.totals)
        return Program(own, called, data, workspace, rows, self.storage.shared, differs, offsets, totals, print_program)

    def _own(self, differs: Sequence[bool]) -> tuple[Loops, tuple[str, ...]]:
        """The program without the library, and the names it calls there."""
        rows = [r.template for r in sorted(self.rows, key=lambda r: (r.name, r.key))]
        helpers = {f.name: f if self.contract else f._replace(contract=False) for t in rows for f in t.helpers}
        called = {x for f in (*helpers.values(), *(t.value for t in rows)) for x in called_by(f)} - helpers.keys()
        kernels = [p._replace(name=name_of(k)) for k, p in enumerate(self.kernels)]
        own_arrays = tuple(f"o{k}" for k, lane in enumerate(differs) if lane or self.apart)
        results = own_arrays if self.apart else ("o", *own_arrays)
        own = Loops(
            self.single, self.block, len(self.arguments), results, tuple(helpers.values()), (), tuple(kernels), tuple(self.parts)
        )  # fmt: skip
        return own, tuple(sorted(self.functions | called))


def emit(
    outputs: Sequence[Node],
    arguments: Sequence[Argument],
    *,
    batch: bool,
    single: bool,
    contract: bool = True,
    target: Target = CPU,
    apart: bool = False,
    in_steps: bool = False,
    short: bool = False,
) -> Program:
    """The loop program of a function of the arguments.

    ``batch`` runs over blocks of samples, or over samples one by one if that is quicker; otherwise one sample is evaluated, without
    lanes.  ``single`` computes in float32.  Without ``contract``, multiplications and additions are fused only in sums of products.
    ``target`` gives the lengths of blocks and the distance of rows.  ``apart``: every result has an array of its own; otherwise,
    those that are the same for all samples share one.  ``in_steps``: sums and products are computed in the order of their operands, as
    the interpreter does.  ``short`` code is better than quick code, as for Numba.
    """
    load()
    outputs = outputs if batch or short else unrolled(outputs)
    outputs = from_the_left(outputs) if in_steps else outputs  # of what the interpreter computes, too

    def emitter(block: int) -> Emitter:
        return Emitter(outputs, arguments, contract, batch=batch, single=single, apart=apart, short=short, block=block, target=target)

    longest = (long := emitter(target.blocks[0])).program()
    if not batch:
        return longest
    bits = 32 if single else 64
    block, vector = target.block_for(longest.rows, bits, long.storage.scratch_of_pass), target.lanes * target.bits // bits
    cached, far = target.cache * 8 // bits, block == target.block_for(2**62, bits)
    block = 1 if quicker_one_by_one(long.all_nodes, long.lanes, vector, longest.rows, cached, far) else block
    return emitter(block).program() if block != target.blocks[0] else longest


__all__ = ["STEPS", "Emitter", "emit"]
