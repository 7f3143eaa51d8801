"""A whole module of source: kernels, and the driver that runs them over blocks of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..functions.elementwise import Function
from ..graph.node import Node
from ..graph.primitive import CONSTANT, SAMPLE_COUNT, SAMPLE_SUM, SYMBOL
from ..graph.traverse import topological
from .access import Place, contiguous, identity_index, is_view
from .arguments import Moved, gathering, loading
from .data import Data
from .kernels import CHECKED_PAIRS, Kernel
from .library import elementary, needed, sources, words
from .likeness import NestOrder
from .nest import Nest, Statement
from .phases import Phase, pairwise, phases
from .program import Argument, Program
from .schedule import Schedule, Scheduler
from .storage import Storage

#: What the lane workspace should not exceed, in bytes.  Measured: up to here a longer block gains more (each
#: product of matrices loads its shared side once for a block) than a workspace in second-level cache does.
CACHE_BYTES = 2 * 1024 * 1024

#: samples in a block, the most for which the workspace is small enough
BLOCKS = (128, 64, 32, 16, 8)

#: arguments that kernels get an array each; of more, the small ones are put together first
SEPARATE = 32
#: numbers of a small one
SMALL = 64

#: branches of one ``if``: each is nested in the one before it, and Python bounds the nesting
CHOICES = 64


def row_length(block: int) -> int:
    """The distance of two rows of lanes: not a power of two, which would crowd a few cache sets."""
    return block + 8 if block > 8 else block


#: functions whose products are rounded before they are added to something
UNCONTRACTED = ("separate_product", "powi")


class _Emitter:
    def __init__(
        self, outputs: Sequence[Node], arguments: Sequence[Argument], *, batch: bool, single: bool, contract: bool, block: int
    ) -> None:
        self.outputs = pairwise(outputs)
        self.arguments = arguments
        self.single = single
        self.contract = contract
        self.storage = Storage()
        self.kernel_of: dict[str, str] = {}
        self.steps: list[tuple[str, int]] = []
        self.signatures: dict[str, str] = {}
        self.dispatched_steps = 0
        self.kernel_text: list[str] = []
        self.table: list[int] = []
        self.positions: dict[tuple[int, ...], int] = {}
        self.totals: list[tuple[tuple[str, int, int], ...]] = [()]
        self.functions: set[str] = set()
        self.rows_used: set[Function] = set()
        lane_symbols: set[Node] = set()
        self.loads: dict[Node, tuple[int, int, int]] = {}
        gathered: list[Moved] = []
        for k, argument in enumerate(arguments):
            together = len(arguments) > SEPARATE and argument.size <= SMALL and not (batch and argument.per_sample)
            buffer, start = ("s", self.storage.shared) if together else (f"a{k}", 0)
            if together:
                gathered.append(Moved(k, argument.size, self.storage.shared))
                self.storage.shared += argument.size
            for symbol, offset in argument.symbols:
                if batch and argument.per_sample:
                    lane_symbols.add(symbol)
                    self.loads[symbol] = (k, argument.size, offset)
                else:
                    self.storage.places[symbol] = Place(buffer, start + offset, contiguous(symbol.shape), False)
        self.gathered = gathering(gathered)
        self.phases, self.lanes = phases(self.outputs, lane_symbols)
        at = 0
        for out in self.outputs:
            if out not in self.lanes:
                self.storage.homes.setdefault(out, Place("o", at, contiguous(out.shape), False))
                at += out.size
        self.block = block
        self.row = row_length(block)

    # -- code

    def call(self, nest: Nest, schedule: Schedule, wanted: set[Node]) -> str:
        """A kernel for the nest: its name, standing for the step that calls it."""
        order = None
        if nest.kind == "pointwise":
            order = NestOrder(nest.statements, schedule.inlined.__contains__, self._place_kind)
            nest = Nest(nest.kind, nest.shape, order.statements)
        stores = len(nest.statements)
        # pairs of arrays are at least those of the stores: such a nest need not be written to be counted
        crowded = nest.kind == "pointwise" and stores * stores > CHECKED_PAIRS
        for literal in (True,) if crowded else (False, True):
            kernel = Kernel(self.storage.place, schedule.inlined, schedule.lanes, self.single, literal, order, self.row, self._positions)
            kernel.wanted, kernel.dead, kernel.gated = wanted, schedule.dead, schedule.gated
            lines = kernel.write(nest)
            if nest.kind != "pointwise" or stores * (stores + len(kernel.lane_reads) + len(kernel.shared_reads)) <= CHECKED_PAIRS:
                break
        self.functions |= kernel.functions
        self.rows_used |= kernel.rows
        buffers = sorted(kernel.buffers)
        parameters = [*buffers, *(["samples"] if kernel.uses_samples else [])]
        if kernel.values:
            parameters += ["T", "t"]
        if schedule.lanes:
            parameters.append("n")
        flags = "{" + ", ".join(['"reassoc"'] * kernel.reassociate + ['"contract"'] * self.contract) + "}"
        flags = flags if flags != "{}" else "False"
        unpack = [f"p{i} = T[t + {i}]" for i in range(len(kernel.values))]
        body = "\n".join("    " + line for line in ["keep_apart()", *unpack, *lines])
        key = f"({', '.join(parameters)}):\n{body}\n" + flags
        name = self.kernel_of.get(key)
        if name is None:
            name = self.kernel_of[key] = f"k{len(self.kernel_of)}"
            self.kernel_text.append(f'@njit(error_model="numpy", fastmath={flags})\ndef {name}({", ".join(parameters)}):\n{body}\n')
        at = len(self.table)
        self.table += kernel.values
        self.steps.append((name, at))
        self.signatures[name] = ", ".join(parameters)
        return name

    def _positions(self, indices: Sequence[int]) -> int:
        """Where in the table positions are, put there once."""
        key = tuple(indices)
        if key not in self.positions:
            self.positions[key] = len(self.table)
            self.table += key
        return self.positions[key]

    def _place_kind(self, node: Node) -> object:
        """What the code that reads a value depends on."""
        if node.op in (CONSTANT, SAMPLE_COUNT):
            return node.op.name
        place = self.storage.places.get(node)
        return (place.buffer, len(place.strides)) if place is not None else "own"

    def phase_code(self, phase: Phase) -> list[str]:
        totals: list[Node] = []
        outs: list[tuple[int, Node]] = []
        if phase.lanes:
            roots = set(phase.roots)
            totals = [n for n in self.all_nodes if n.op is SAMPLE_SUM and n.args[0] in roots and n not in self.storage.places]
            outs = [(k, o) for k, o in enumerate(self.outputs) if o in roots]
        scheduler = Scheduler(phase, totals, set(self.outputs), self.lanes, self.read_elsewhere)
        schedule = scheduler.run()
        copies: list[tuple[int, object]] = []
        for k, out in outs:
            if out in schedule.stored or out.op is SYMBOL:
                copies.append((k, out))
            else:
                key = ("output", k)
                schedule.nests.append(Nest("pointwise", out.shape, [Statement(out, key, identity_index(len(out.shape)))]))
                copies.append((k, key))
        return self._code(phase, scheduler, schedule, totals, copies)

    def _code(
        self, phase: Phase, scheduler: Scheduler, schedule: Schedule, totals: list[Node], copies: list[tuple[int, object]]
    ) -> list[str]:
        last: dict[object, int] = {}
        wanted: set[Node] = set()
        for at, nest in enumerate(schedule.nests):
            for s in nest.statements:
                for source in self._reads(s, scheduler):
                    last[source] = at
                    if schedule.ready.get(source, -1) != at or nest.kind != "pointwise":
                        wanted.add(source)
        forever = {key for _, key in copies} | set(self.outputs) | {scheduler._base(o) for o in self.outputs}
        wanted |= {n for n in forever if isinstance(n, Node)} & schedule.stored
        if not phase.lanes:  # a later phase may read any shared value
            wanted |= schedule.stored & self.read_elsewhere
        loaded: list[Moved] = []
        for symbol, (k, size, offset) in self.loads.items():
            if phase.lanes and (symbol in last or symbol in forever):
                self.storage.new_rows(symbol, symbol.shape)
                loaded.append(Moved(k, size, self.storage.places[symbol].offset * self.row, offset, symbol.size))
                self.functions.add("load")
        lines = loading(loaded, self.row)
        for total in totals:
            self.storage.new_shared(total, total.shape)
            self.functions.add("clear")
        expiring: dict[int, list[tuple[object, tuple[int, ...]]]] = {}
        for at, nest in enumerate(schedule.nests):
            for s in nest.statements:
                key = s.target
                if key in self.storage.places or (isinstance(key, Node) and key is s.value and key not in wanted):
                    continue
                shape = key.shape if isinstance(key, Node) else s.value.shape
                if phase.lanes and not (isinstance(key, Node) and key.op is SAMPLE_SUM):
                    self.storage.new_rows(key, shape)
                    if key not in forever:
                        expiring.setdefault(last.get(key, at), []).append((key, shape))
                else:
                    self.storage.new_shared(key, shape)
            lines += self._nest_lines(nest, schedule, wanted, scheduler)
            for ended, shape in expiring.pop(at, []):
                self.storage.release(ended, shape)
        if phase.lanes:
            for k, copied in copies:
                place = self.storage.places[copied]
                size = self.outputs[k].size
                lines.append(f"store(o{k}, first, u({size}), w, u({place.offset * self.row}), u({self.row}), n)")
                self.functions.add("store")
        if not phase.lanes:
            return self.dispatched(lines)
        lines = self.dispatched(lines)
        clears = [f"clear({p.buffer}, u({p.offset}), u({t.size}))" for t, p in ((t, self.storage.places[t]) for t in totals)]
        self.totals += [tuple((p.buffer, p.offset, t.size) for t, p in ((t, self.storage.places[t]) for t in totals)), ()]
        self.storage.new_pass()
        return [
            *clears,
            "for first in range(u(0), samples, BLOCK):",
            "    n = min(BLOCK, samples - first)",
            *("    " + x for x in lines),
        ]

    def _reads(self, s: Statement, scheduler: Scheduler) -> list[Node]:
        if not isinstance(s.target, Node):
            return [scheduler._base(s.value)]
        if s.target is s.value:
            return [n for n, _ in scheduler._leaves(s.value)]
        if s.target.op is SAMPLE_SUM:
            value = s.value
            if s.target in scheduler.fused_totals and value in scheduler.dead:
                return [scheduler._base(a) for a in scheduler.total_operands(value)]
            return [scheduler._base(value)]
        return [n for n, _ in scheduler._piece_leaves(s)]

    def _nest_lines(self, nest: Nest, schedule: Schedule, wanted: set[Node], scheduler: Scheduler) -> list[str]:
        if nest.kind != "solve":
            return [self.call(nest, schedule, wanted)]
        (statement,) = nest.statements
        node = statement.value
        a, b = node.args
        scratch = ("scratch", node)
        if schedule.lanes:
            self.storage.new_rows(scratch, a.shape)
        else:
            self.storage.new_shared(scratch, a.shape)
        lines = []
        for value, target in ((a, scratch), (b, node)):
            copy = Nest("pointwise", value.shape, [Statement(value, target, identity_index(len(value.shape)))])
            lines.append(self.call(copy, schedule, wanted))
        unit = self.row if schedule.lanes else 1
        at, to = self.storage.places[scratch].offset * unit, self.storage.places[node].offset * unit
        buffers = f"{self.storage.places[scratch].buffer}, {self.storage.places[node].buffer}"
        n, m = a.shape[0], node.size // a.shape[0]
        given = f"{buffers}, {at}, {to}, {n}, {m}"
        lines.append(f"solve({given}, {unit}, np.int64(n))" if schedule.lanes else f"solve_one({given})")
        self.functions.add("solve" if schedule.lanes else "solve_one")
        if schedule.lanes:
            self.storage.release(scratch, a.shape)
        return lines

    def program(self) -> Program:
        self.all_nodes = topological(self.outputs)
        self._find_cross_reads()
        lines = self.gathered
        if lines:
            self.functions.add("gather")
        for phase in self.phases:
            lines += self.phase_code(phase)
        lines += self.dispatched(self._shared_outputs())
        differs = tuple(o in self.lanes for o in self.outputs)
        rows = self.storage.most_rows
        steps = [(int(n[1:]), at) for n, at in self.steps]
        data = Data(self.storage.constants, self.table, steps, np.dtype(np.float32 if self.single else np.float64))
        return Program(self._source(lines), data, rows * self.row, rows, self.block, self.storage.shared, differs, tuple(self.totals))

    def _find_cross_reads(self) -> None:
        """Shared values that per-sample code, later phases or outputs read."""
        phase_of: dict[Node, int] = {}
        for i, phase in enumerate(self.phases):
            if not phase.lanes:
                for n in phase.nodes:
                    phase_of[n] = i
        self.read_elsewhere: set[Node] = set()

        def mark(node: Node) -> None:
            stack = [node]
            while stack:
                n = stack.pop()
                if n in self.read_elsewhere:
                    continue
                self.read_elsewhere.add(n)
                if is_view(n) or n.op.name == "reshape":
                    stack += n.args

        for node in self.all_nodes:
            for a in node.args:
                if a not in self.lanes and (node in self.lanes or phase_of.get(node) != phase_of.get(a)):
                    mark(a)
        for o in self.outputs:
            if o not in self.lanes:
                mark(o)

    def dispatched(self, lines: list[str]) -> list[str]:
        """Runs of kernel calls as loops over a table of steps, so that a kernel is called in one place."""
        out: list[str] = []
        run: list[int] = []

        def close() -> None:
            used = sorted({self.steps[j][0] for j in run}, key=lambda n: int(n[1:]))
            if len(run) <= 2:
                for name, at in (self.steps[j] for j in run):
                    given = self.signatures[name].split(", ")
                    out.append(f"{name}({', '.join(str(at) if g == 't' else g for g in given)})")
                run.clear()
                return
            out.append(f"for step in range({run[0]}, {run[-1] + 1}):")
            out.append("    code, t = STEPS[step, 0], STEPS[step, 1]")
            out.extend("    " + line for line in self._chosen([int(name[1:]) for name in used]))
            run.clear()

        for line in lines:
            if line in self.signatures:
                run.append(self.dispatched_steps)
                self.dispatched_steps += 1
            else:
                close()
                out.append(line)
        close()
        return out

    def _chosen(self, codes: list[int]) -> list[str]:
        """A call of the kernel that ``code`` stands for: branches in several levels where one would be nested too deep."""
        lines = []
        each = 1
        while each * CHOICES < len(codes):
            each *= CHOICES
        for at in range(0, len(codes), each):
            some = codes[at : at + each]
            test = f"code < {some[-1] + 1}" if each > 1 else f"code == {some[0]}"
            inside = self._chosen(some) if each > 1 else [f"k{some[0]}({self.signatures[f'k{some[0]}']})"]
            lines += [f"{'elif' if at else 'if'} {test}:", *("    " + line for line in inside)]
        return lines

    def _shared_outputs(self) -> list[str]:
        lines = []
        empty = Schedule(False, [], set(), {}, set())
        at = 0
        for k, out in enumerate(self.outputs):
            if out in self.lanes or out.size == 0:
                continue
            key = ("output", k)
            home = Place("o", at, contiguous(out.shape), False)
            at += out.size
            if self.storage.places.get(out) == home:
                continue
            self.storage.places[key] = home
            nest = Nest("pointwise", out.shape, [Statement(out, key, identity_index(len(out.shape)))])
            lines.append(self.call(nest, empty, set()))
        return lines

    def _source(self, driver: list[str]) -> str:
        names = set(self.functions)
        own_sources: list[str] = []
        for row in sorted(self.rows_used, key=lambda r: r.name):
            names |= words(row.code + " " + row.source)
            if row.source:
                own_sources.append(row.source.strip() + "\n")
        if any("**" in text for text in self.kernel_text):
            names.add("pow")
        library = sources(self.single)
        given = [f"a{k}" for k in range(len(self.arguments))] + ["o", *(f"o{k}" for k, e in enumerate(self.outputs) if e in self.lanes)]
        real = "float32" if self.single else "float64"
        header = f'''"""Generated by exprgraph; the expressions it was made from are its source."""
from __future__ import annotations

import math

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

R = np.{real}
u = np.uint64
BLOCK = np.uint64({self.block})


@intrinsic
def keep_apart(typing_context):
    """Keep the calling function from being inlined: each kernel is compiled once."""

    def code(context, builder, signature, args):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), code
'''
        jit = '@njit(error_model="numpy", fastmath={"contract"})\n'
        inline = '@njit(error_model="numpy", fastmath={"contract"}, forceinline=True)\n'
        exact = '@njit(error_model="numpy", fastmath=False, forceinline=True)\n'  # unsaid, it would be the caller's
        parts = [header]
        for name in needed(names, self.single):
            parts.append((exact if name in UNCONTRACTED else inline if name in elementary(self.single) else jit) + library[name])
        parts += [(jit if self.contract else exact) + h if not h.startswith("@") else h for h in own_sources]
        parts += self.kernel_text
        body = "\n".join("    " + x for x in driver) or "    pass"
        parts.append(f'@njit(error_model="numpy", nogil=True)\ndef kernel({", ".join(given)}, w, s, c, T, STEPS, samples):\n{body}\n')
        return "\n\n".join(parts)


def emit(outputs: Sequence[Node], arguments: Sequence[Argument], *, batch: bool, single: bool, contract: bool = True) -> Program:
    """Generated source of a function of the arguments.

    ``batch`` runs over blocks of samples; without, one sample is evaluated and nothing is on lanes.
    ``single`` computes in float32; without ``contract`` no multiplication is fused with an addition, but in sums of products.
    """
    block = BLOCKS[0]
    program = _Emitter(outputs, arguments, batch=batch, single=single, contract=contract, block=block).program()
    size = 4 if single else 8
    while batch and block > BLOCKS[-1] and program.rows * row_length(block) * size > CACHE_BYTES:
        block = next(b for b in BLOCKS if b < block)
    if block != program.block:
        program = _Emitter(outputs, arguments, batch=batch, single=single, contract=contract, block=block).program()
    return program
