"""Outputs as a function of arrays, in several forms, each compiled at first use."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from ...calculus.rules import is_elementwise
from ...canonical.contract import is_structural
from ...errors import NotNativeWarning, UnboundSymbolError
from ...functions.elementwise import is_boolean
from ...graph.node import Node, Shape
from ...graph.numbered import Numbered
from ...graph.primitive import MOVEMENTS
from ...meaning.binding import Argument, bind
from ...meaning.evaluate import evaluate_nodes
from ...support.collecting import uncollected
from ...support.compiling import compiling, ending
from ...support.names import shown
from ...support.processors import threads_of
from ..immediate.worth import ELEMENTS, is_worth_binding, is_worth_evaluating, is_worth_interpreting, time_to_compile
from ..plan.few_terms import summed_axis
from ..plan.short_arrays import are_short
from ..plan.unread import left_to_numba
from .arguments import differing
from .backends import IN_BACKGROUND, checked, checked_immediate
from .coming import Coming
from .into import check_shapes

if TYPE_CHECKING:
    from ..immediate.form import InterpretedForm
    from ..native.instructions import Instructions
    from ..plan.program import Program
    from .form import Form

#: the most results of one sample that have arrays of their own; more are computed side by side and copied
APART = 8
#: LLVM's time for the functions of this process that did not wait for the interpreter: the parts that it lacks may take as long
_declined = [0.0]
#: where machine code is loaded and made
_NATIVE = f"{__package__.rpartition('.')[0]}.native"
#: the fewest nodes of a graph whose first calls an interpreter answers; tests of machine code set more
FEWEST = 0


class CompiledOutputs:
    """Outputs as a function of arrays, in all forms: for a sample or a batch, in float64 or float32."""

    def __init__(
        self,
        outputs: Sequence[Node],
        arguments: Sequence[Argument],
        backend: str,
        threads: int | None,
        contract: bool = True,
        immediate: bool | None = None,
        graph: Numbered | None = None,
    ) -> None:
        """``graph`` is that of the outputs, if it is known already."""
        count = threads_of(threads)
        if count is None:
            raise ValueError(f"threads must be a positive whole number, got {threads!r}")
        self.threads = count
        self.contract = bool(contract)
        self._coming: dict[tuple[int, bool, bool], Coming] = {}
        self.outputs = tuple(outputs)
        self.arguments = tuple(arguments)
        self.backend = checked(backend)
        self.immediate = checked_immediate(immediate, backend)
        #: the graph, if the interpreter may compute it, until it is instructions
        self._graph = self._checked(Numbered(self.outputs) if graph is None else graph)
        self.forms: dict[tuple[bool, bool], Form] = {}
        self._interpreted: dict[tuple[bool, bool], InterpretedForm | None] = {}  # None: another way is quicker
        self._translated: dict[bool, Instructions | None] = {}
        self._inner: dict[tuple[bool, bool], Form] = {}  # without an entry from Python
        self.differs = differing(self.outputs, {s for a in self.arguments if a.per_sample for s, _ in a.symbols})
        if count > 1 and (why := f"backend {backend!r}" if backend == "numba" else self.left_to_numba) is not None:
            warnings.warn(NotNativeWarning(f"threads={count}: only machine code divides a batch, one thread computes {why}"), stacklevel=4)

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledOutputs, (self.outputs, self.arguments, self.backend, self.threads, self.contract, self.immediate)

    @property
    def is_interpreted(self) -> bool:
        """Whether an interpreter answers calls until there is machine code.  Both give equal bits."""
        return any(self._instructions(batch) is not None for batch in {False, self.takes_batches})

    @cached_property
    def _may_be_interpreted(self) -> bool:
        if self.immediate is False or self.backend not in IN_BACKGROUND:
            return False
        graph = self._graph or Numbered(self.outputs)  # two threads may ask at once
        may = bool(self.immediate or len(graph.nodes) >= FEWEST) and _is_by_elements(graph)
        self._graph = graph if may else None
        return may

    @cached_property
    def _is_short(self) -> bool:
        graph = self._graph or Numbered(self.outputs)
        return any(n.shape and n.args and n.op not in MOVEMENTS for n in graph.kinds) and are_short(graph.nodes)

    def _instructions(self, batch: bool) -> Instructions | None:
        """What the interpreter computes for a form; ``None`` if it does not."""
        if not self._may_be_interpreted:
            return None
        unrolled = not batch and self._is_short
        if unrolled not in self._translated:
            outputs, graph = self.outputs, self._graph
            if unrolled:
                outputs, graph = _late("..plan.unrolled").unrolled(outputs), None
            given = self.arguments, graph or Numbered(outputs)
            self._translated[unrolled] = _late("..immediate.translate").translated(outputs, *given)
            self._graph = self._graph if self._is_short else None
        return self._translated[unrolled]

    def _checked(self, graph: Numbered) -> Numbered | None:
        """The graph, if the interpreter may compute it.

        Raises:
            UnboundSymbolError: there is no argument for a symbol.
        """
        given = {s for a in self.arguments for s, _ in a.symbols}
        for node in [s for s in graph.symbols if s not in given]:
            raise UnboundSymbolError(
                f"the outputs depend on the symbol {node.name!r} of shape {node.shape}, which is not among the arguments: "
                f"{', '.join(shown(a.name) for a in self.arguments) or 'none'}"
            )
        return graph if self.immediate is not False and self.backend in IN_BACKGROUND else None

    def with_outputs(self, outputs: Sequence[Node], arguments: Sequence[Argument] | None = None) -> CompiledOutputs:
        """Other outputs of the same graph, each with the bits that it has among these ones for a batch."""
        immediate = False if self._instructions(True) is None else self.immediate
        given = self.arguments if arguments is None else arguments
        return CompiledOutputs(outputs, given, self.backend, self.threads, self.contract, immediate)

    def program(self, batch: bool = True, single: bool = False, packed: bool = False) -> Program:
        """The generated code of a form, not compiled.

        A few results of one sample are written into an array each, unless they shall be ``packed`` one after another.
        """
        from ..plan.emit import emit  # the generator is loaded when something is first compiled

        apart = not batch and not packed and 2 <= len(self.outputs) <= APART
        in_steps = self._instructions(batch) is not None
        by_numba = self.backend == "numba" or self.left_to_numba is not None
        made = partial(emit, self.outputs, self.arguments, batch=batch, single=single, apart=apart)
        with uncollected():
            return made(contract=self.contract and not in_steps, in_steps=in_steps, short=by_numba)

    def form(self, batch: bool, single: bool, called: bool = True) -> Form:
        """The generated module of a form, compiled on first use; ``called``: from Python, else from machine code."""
        form = self._form(batch, single, called)
        if form is None:
            with compiling:
                form = self._form(batch, single, called)
                if form is None:
                    with uncollected():  # imports, too
                        program, made = self.program(batch, single), _late(".form").Form
                    given = (self.arguments, self.outputs, self.differs, batch, single, self.threads)
                    form = made(program, *given, self.backend == "numba", called)
                    (self.forms if called else self._inner)[batch, single] = form
                    if called:
                        self._interpreted.pop((batch, single), None)
        return form

    def _form(self, batch: bool, single: bool, called: bool) -> Form | None:
        """A form that is compiled already."""
        form = self.forms.get((batch, single))
        return form if called or form is not None else self._inner.get((batch, single))

    def _quickest(self, lead: Shape, single: bool) -> Form | InterpretedForm | None:
        """The form that answers a call; ``None`` if NumPy does."""
        batch = bool(lead)
        form = self.forms.get((batch, single))
        if form is not None:
            return form
        found = self._interpreter(batch, single)
        if self.backend == "auto" or (found is not None and not found.is_slower_than_llvm(lead)):
            form = self._form_if_ready(batch, single, start=False)
        else:
            form = self.form(batch, single)
        return form or found

    def answers(self, batch: bool, single: bool) -> str:
        """Who answers the next call."""
        if self.backend == "numpy":
            return "NumPy"
        coming = self._coming.get((os.getpid(), batch, single))
        if (batch, single) not in self.forms and not (coming is not None and coming.is_ready):
            if self._interpreter(batch, single) is not None:
                return "interpreter"
            if self.backend == "auto":
                return "NumPy"
        return "Numba" if self.backend == "numba" or self.left_to_numba is not None else "machine code"

    def _interpreter(self, batch: bool, single: bool) -> InterpretedForm | None:
        """The form that the interpreter computes; ``None`` if there is none, or another way to the first result is quicker."""
        key = batch, single
        try:
            return self._interpreted[key]  # a thread that compiles may take it away
        except KeyError:
            graph = self._graph
        if self.backend == "auto" and graph is not None and _is_quicker_by_numpy(graph) and not self.immediate:
            return self._interpreted.setdefault(key, None)
        instructions = self._instructions(batch)
        if instructions is None:
            return None
        missing, kept = _late("..native.rows").missing_parts(instructions.functions, batch, single)
        found, auto = None, self.backend == "auto"
        if not self.immediate and not is_worth_interpreting(instructions.statements, missing, kept, auto, _declined[0]):
            _declined[0] += 0.0 if auto else time_to_compile(instructions.statements)
        else:
            found = _late("..immediate.form").InterpretedForm(instructions, self.arguments, self.outputs, self.differs, batch, single)
        return self._interpreted.setdefault(key, found)

    def _form_if_ready(self, batch: bool, single: bool, start: bool = True) -> Form | None:
        """A form that is compiled in the background, from the first request on that may ``start`` it."""
        form = self.forms.get((batch, single))
        if form is not None or ending():  # no thread compiles any more: NumPy computes
            return form
        key = os.getpid(), batch, single  # a process made by fork has none of its parent's threads
        coming = self._coming.get(key)
        if coming is None and start:
            coming = self._coming[key] = Coming(partial(_form_of, ref(self), batch, single))
        return coming.result() if coming is not None and coming.is_ready else None

    def wait(self) -> None:
        """Wait for the forms that are compiled in the background, or will be; raises the error of a failed compilation."""
        for (batch, single), found in list(self._interpreted.items()):
            if found is not None:
                self._form_if_ready(batch, single)
        for (process, *_), coming in list(self._coming.items()):
            if process == os.getpid():
                coming.result()

    @property
    def left_to_numba(self) -> str | None:
        """The first user-defined function that only Numba compiles, and why; ``None`` if there is none."""
        return left_to_numba(self.outputs)

    @property
    def source(self) -> str:
        """The generated Python source."""
        return self.program(self.takes_batches).source

    @property
    def takes_batches(self) -> bool:
        """Whether any argument may have batch axes."""
        return any(a.per_sample for a in self.arguments)

    def __call__(self, *values: Any) -> list[np.ndarray]:
        """Values of the outputs, with batch axes if they differ by sample."""
        bound = bind(values, self.arguments, called=lambda name: f"argument {name!r}")
        return self.answer(bound.repeated(self.arguments), bound.batch)[0]

    def answer(
        self, arrays: Sequence[np.ndarray], batch: Shape, out: Sequence[np.ndarray] | None = None
    ) -> tuple[list[np.ndarray], Form | InterpretedForm | None]:
        """The values for arrays of one type and fitting shapes, and the form used: its ``quick`` answers the next such call."""
        if self.backend == "numpy":
            return self._with_numpy(arrays, batch), None
        single = bool(arrays) and arrays[0].dtype == np.float32
        form = self._quickest(batch, single)
        if out is not None and form is not None:
            check_shapes(out, [(batch if p else ()) + o.shape for o, p in zip(self.outputs, self.differs)])
        values = self._with_numpy(arrays, batch) if form is None else form(arrays, batch, out)
        if form is None or form.calls_for_llvm:
            self._form_if_ready(bool(batch), single)  # begun with the results at hand: the other thread would delay them
        return values, form

    def bound(
        self, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray], batch: Shape, answer: object
    ) -> Callable[[], Callable[[], Any] | None] | None:
        """What asks for a call of machine code from arrays, all checked, and gets ``None`` while there is none.

        ``None`` if Python takes part in all calls.
        """
        divided = batch and self.threads > 1
        if self.backend not in IN_BACKGROUND or divided or any(map(is_boolean, self.outputs)) or self.left_to_numba is not None:
            return None
        single = bool(arrays) and arrays[0].dtype == np.float32
        if self._waits_when_bound(bool(batch)):
            self.form(bool(batch), single)

        def machine() -> Callable[[], Any] | None:
            form = self._quickest(batch, single)
            return None if form is None else form.bound(arrays, targets, batch, answer)

        return machine

    def _waits_when_bound(self, batch: bool) -> bool:
        known = None if self.immediate or self.backend != "native" else self._instructions(batch)
        return known is not None and is_worth_binding(known.statements)

    def _with_numpy(self, arrays: Sequence[np.ndarray], lead: tuple[int, ...]) -> list[np.ndarray]:
        bindings: dict[Node, np.ndarray] = {}
        for argument, a in zip(self.arguments, arrays):
            front = lead if argument.per_sample else ()
            vector = np.ascontiguousarray(a).reshape((*front, argument.size))  # NumPy's bits depend on the order
            for symbol, offset in argument.symbols:
                bindings[symbol] = vector[..., offset : offset + symbol.size].reshape(front + symbol.shape)
        values = evaluate_nodes(self.outputs, bindings, check=False)
        shapes = [(lead if p else ()) + o.shape for o, p in zip(self.outputs, self.differs)]
        return [np.array(np.broadcast_to(v, s)) for v, s in zip(values, shapes)]


def _is_by_elements(graph: Numbered) -> bool:
    """Whether the interpreter may compute a graph: element by element, and not too many of them."""
    arrays = [n for n in graph.kinds if n.shape and n.args]
    if not all(is_elementwise(n) or n.op in MOVEMENTS or is_structural(n) or summed_axis(n) is not None for n in arrays):
        return False
    return not any(map(is_elementwise, arrays)) or sum(n.size for n in graph.nodes if n.shape and is_elementwise(n)) <= ELEMENTS


def _is_quicker_by_numpy(graph: Numbered) -> bool:
    """Whether NumPy has the first result before the interpreter is loaded, if it is not yet."""
    return f"{_NATIVE}.rows" not in sys.modules and is_worth_evaluating(len(graph.nodes))


def _late(module: str) -> ModuleType:
    """A module that finds, makes or stands in for machine code, loaded when a call needs it."""
    return import_module(module, __package__)


def _form_of(outputs: ref[CompiledOutputs], batch: bool, single: bool) -> Form | None:
    """The form of outputs that somebody still has."""
    found = outputs()
    return None if found is None else found.form(batch, single)


__all__ = ["CompiledOutputs"]
