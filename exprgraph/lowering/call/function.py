"""The callable: checks its arguments, compiles on first use, keeps both forms."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...canonical.operands import as_node, refuse_truth
from ...errors import DTypeError, ShapeError, UnboundSymbolError
from ...graph.node import Node
from ...graph.primitive import SAMPLE_SUM, SYMBOL
from ...graph.traverse import symbols_of, topological
from ...language.given import real_array
from ...meaning.evaluate import check_counted, evaluate_nodes, taken_as_shared, with_batch_axes
from ...support.compiling import compiling, ending
from ...support.integers import whole
from ...support.names import shown
from ...tree import flatten
from ..plan.program import Argument, Program
from .backends import checked
from .embed import c_function, c_source, low_level_callable, numba_function, workspace_size
from .form import Form
from .into import at_once, check_shapes, given_arrays, write

if TYPE_CHECKING:
    from concurrent.futures import Future


class CompiledOutputs:
    """Outputs as a function of flat argument arrays, with no nesting and no names."""

    def __init__(self, outputs: Sequence[Node], arguments: Sequence[Argument], backend: str, threads: int, contract: bool = True) -> None:
        count = whole(threads)
        if count is None or count < 1:
            raise ValueError(f"threads is a positive whole number, got {threads!r}")
        self.threads = count
        self.contract = bool(contract)
        self._coming: dict[tuple[int, bool, bool], Future[Form]] = {}
        self.outputs = tuple(outputs)
        self.arguments = tuple(arguments)
        self.backend = checked(backend)
        self._forms: dict[tuple[bool, bool], Form] = {}
        self.differs = self._depends_on_samples()
        self._ranks = [(a.per_sample, len(a.shape)) for a in self.arguments]

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledOutputs, (self.outputs, self.arguments, self.backend, self.threads, self.contract)

    def _depends_on_samples(self) -> tuple[bool, ...]:
        given = {s for a in self.arguments for s, _ in a.symbols}
        hit = {s for a in self.arguments if a.per_sample for s, _ in a.symbols}
        for node in topological(self.outputs):
            if node.op is SYMBOL and node not in given:
                raise UnboundSymbolError(
                    f"the outputs depend on the symbol {node.name!r} of shape {node.shape}, which is not among the arguments: "
                    f"{', '.join(shown(a.name) for a in self.arguments) or 'none'}"
                )
            if node.op is not SAMPLE_SUM and any(a in hit for a in node.args):
                hit.add(node)
        return tuple(o in hit for o in self.outputs)

    def program(self, batch: bool = True, single: bool = False) -> Program:
        """The generated code of a form, without compiling it."""
        from ..plan.emit import emit  # the generator is loaded when something is first compiled

        return emit(self.outputs, self.arguments, batch=batch, single=single, contract=self.contract)

    def form(self, batch: bool, single: bool) -> Form:
        """The generated module of a form, compiled on first use."""
        form = self._forms.get((batch, single))
        if form is None:
            with compiling:
                form = self._forms.get((batch, single))
                if form is None:
                    program = self.program(batch, single)
                    numba = self.backend == "numba"
                    made = Form(program, self.arguments, self.outputs, self.differs, batch, single, self.threads, numba)
                    form = self._forms[batch, single] = made
        return form

    def _form_if_ready(self, batch: bool, single: bool) -> Form | None:
        """A form that is compiled in the background from the first time it is asked for."""
        form = self._forms.get((batch, single))
        if form is not None or ending():  # no thread compiles any more: NumPy answers
            return form
        key = os.getpid(), batch, single  # a process made by fork has none of its parent's threads
        coming = self._coming.get(key)
        if coming is None:
            from concurrent.futures import Future

            coming = self._coming[key] = Future()
            threading.Thread(target=_fulfil, args=(coming, self.form, batch, single), daemon=True).start()
        return coming.result() if coming.done() else None

    @property
    def source(self) -> str:
        """The generated Python source."""
        return self.program(any(a.per_sample for a in self.arguments)).source

    @cached_property
    def kernel(self) -> Any:
        """The function for other Numba code; see :func:`exprgraph.lowering.call.embed.numba_function`."""
        return numba_function(self)

    def c_source(self, single: bool = False) -> str:
        """The function in C; see :func:`exprgraph.lowering.call.embed.c_source`."""
        return c_source(self, single)

    @cached_property
    def machine_code(self) -> tuple[int, Any]:
        """The address and the function for C; see :func:`exprgraph.lowering.call.embed.c_function`."""
        return c_function(self)

    def __call__(self, *arrays: np.ndarray, out: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        """Values of the outputs: ``lead + shape`` for those that differ by sample, else ``shape``."""
        return self.answer(*arrays, out=out)[0]

    def answer(self, *arrays: np.ndarray, out: Sequence[np.ndarray] | None = None) -> tuple[list[np.ndarray], Form | None]:
        """The same, and the form that gave it: its ``quick`` answers a call like this one at once."""
        lead: tuple[int, ...] | None = None
        for (per_sample, ndim), argument, a in zip(self._ranks, self.arguments, arrays):
            if per_sample:
                own = a.shape[: a.ndim - ndim]
                if lead is not None and own != lead:
                    raise ShapeError(f"argument {argument.name!r} has batch shape {own}, the others have {lead}")
                lead = own
        lead = lead or ()
        if self.backend == "numpy":
            return self._with_numpy(arrays, lead), None
        single = bool(arrays) and all(a.dtype == np.float32 for a in arrays)
        form = self._form_if_ready(bool(lead), single) if self.backend == "auto" else self.form(bool(lead), single)
        if form is None:
            return self._with_numpy(arrays, lead), None
        if out is not None:
            check_shapes(out, [(lead if p else ()) + o.shape for o, p in zip(self.outputs, self.differs)])
        return form(arrays, lead, out), form

    def _with_numpy(self, arrays: Sequence[np.ndarray], lead: tuple[int, ...]) -> list[np.ndarray]:
        bindings: dict[Node, np.ndarray] = {}
        for argument, a in zip(self.arguments, arrays):
            front = lead if argument.per_sample else ()
            vector = a.reshape((*front, argument.size))
            for symbol, offset in argument.symbols:
                bindings[symbol] = vector[..., offset : offset + symbol.size].reshape(front + symbol.shape)
        values = evaluate_nodes(self.outputs, bindings, check=False)
        shapes = [(lead if p else ()) + o.shape for o, p in zip(self.outputs, self.differs)]
        return [np.array(np.broadcast_to(v, s)) for v, s in zip(values, shapes)]


def _fulfil(coming: Future[Form], make: Callable[[bool, bool], Form], batch: bool, single: bool) -> None:
    try:
        coming.set_result(make(batch, single))
    except BaseException as error:  # it is the caller's, who asks for the result
        coming.set_exception(error)


def compile_function(outputs: Sequence[Node], arguments: Sequence[Argument], backend: str = "native", threads: int = 1) -> CompiledOutputs:
    """A function of flat arrays; see :class:`Argument` for how symbols lie in them."""
    return CompiledOutputs(outputs, arguments, backend, threads)


class CompiledFunction:
    """What :func:`compile` returns: called with one value a symbol.

    Attributes:
        source: the generated Python source.
        kernel: the function Numba compiled.
    """

    def __init__(
        self, equations: Any, symbols: Sequence[Node], shared: Sequence[Node], backend: str, threads: int = 1, contract: bool = True
    ) -> None:
        leaves, self._restore = flatten(equations)
        for leaf in leaves:
            refuse_truth(leaf, "compile", "expression")
        outputs = [as_node(n) for n in leaves]
        self.equations = equations
        self.symbols = tuple(symbols)
        self.shared = tuple(shared)
        arguments = _arguments(outputs, self.symbols, self.shared)
        self._core = CompiledOutputs(outputs, arguments, backend, threads, contract)
        # with no symbol declared per sample, every result has the batch's axes, a constant's too
        plain = not self.shared and not any(s.per_sample for s in self.symbols)
        self._counted = taken_as_shared(outputs)
        self._lifted = tuple(plain and not differs and axes for axes, differs in zip(with_batch_axes(outputs), self._core.differs))

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledFunction, (self.equations, self.symbols, self.shared, self.backend, self._core.threads, self._core.contract)

    @property
    def backend(self) -> str:
        """Which backend answers calls."""
        return self._core.backend

    @property
    def source(self) -> str:
        """The generated Python source."""
        return self._core.source

    @property
    def c_source(self) -> str:
        """A file of C99 with this function, whose head says how it is called: like :attr:`address`, in float64.

        Every compiler that keeps to IEEE 754 gives the same bits, except where a function of C's library is called.  They
        differ from those of a call by rounding: C adds sums up in order, and fuses no product with a sum.

        Raises:
            CompilationError: it contains a function of yours that only Numba can compile.

        >>> import exprgraph as eg
        >>> x, y = eg.symbols("x y")
        >>> print(eg.compile(x * y + 1, (x, y)).c_source.splitlines()[2])
         * void evaluate(const double *const *arguments, double *const *results, double *workspace, double *shared, int64_t samples);
        """
        return self._core.c_source()

    @property
    def kernel(self) -> Any:
        """The function to call from other Numba code: ``kernel(arrays, ..., results, ..., workspace, samples)``.

        Arrays are one-dimensional, of float64; nothing is checked or allocated.  See
        :func:`exprgraph.lowering.call.embed.numba_function`.
        """
        return self._core.kernel

    @property
    def workspace_size(self) -> int:
        """How many numbers of workspace ``kernel`` and C callers must give."""
        return workspace_size(self._core)

    @property
    def address(self) -> int:
        """The machine code's address, for C callers: the page on embedding has the signature."""
        return self._core.machine_code[0]

    @property
    def ctypes(self) -> Any:
        """The machine code as a ctypes function: the page on embedding has its arguments."""
        return self._core.machine_code[1]

    def low_level_callable(self) -> Any:
        """A ``scipy.LowLevelCallable`` of signature ``double (int, double *)``, of a function of numbers."""
        return low_level_callable(self._core)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the evaluator as a module that needs only numpy and numba.

        The module has ``evaluate(*values)``, with the same arguments, batches and nesting of results
        flattened to a list in order, and ``self_check()``, which ``python`` runs when the module is run.
        The file appears whole or not at all; one that exists is replaced, and keeps its mode.

        Raises:
            FileNameError: the name's ending means something else, as in ``evaluator.c``.
            OSError: there is no such directory, what is there is no regular file, or the disk is full.
        """
        from .save import save_module

        save_module(self._core, [s.params[0] for s in self.symbols], path)

    def __repr__(self) -> str:
        names = ", ".join(shown(s.params[0]) for s in self.symbols)
        return f"<compiled function of ({names}), {len(self._core.outputs)} outputs, backend {self.backend!r}>"

    def __call__(self, *values: Any, out: Any = None) -> Any:
        form = self._form
        if out is not None:
            given = given_arrays(out, len(self._lifted))
            if form is None or not at_once(form.quick_into, values, given):
                write(self._results(values, given), given)
            return out
        if form is not None and form.quick is not None:
            answer = form.quick(*values)
            if answer is not None:
                return self._restore((answer,) if len(self._lifted) == 1 else answer)
        return self._restore([r if r.ndim else r[()] for r in self._results(values)])

    #: the form used last, whose ``quick`` may answer; ``None`` where its results are repeated over the samples
    _form: Form | None = None

    def _results(self, values: tuple[Any, ...], out: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        if len(values) != len(self.symbols):
            names = ", ".join(shown(s.params[0]) for s in self.symbols)
            one = "; give them one by one" if len(values) == 1 and not np.isscalar(values[0]) else ""
            raise TypeError(f"expected {len(self.symbols)} values (for {names}), got {len(values)}{one}")
        arrays = [real_array(v, f"argument {s.params[0]!r}") for v, s in zip(values, self.symbols)]
        lead: tuple[int, ...] = ()
        for a, s, argument in zip(arrays, self.symbols, self._core.arguments):
            n = a.ndim - len(s.shape)
            if n < 0 or a.shape[n:] != s.shape or (n and not argument.per_sample):
                batch = "batch axes, then " if argument.per_sample else ""
                raise ShapeError(f"argument {s.params[0]!r}: expected {batch}shape {s.shape}, got {a.shape}")
            if n and a.shape[:n] != lead:
                try:
                    lead = np.broadcast_shapes(lead, a.shape[:n])
                except ValueError:
                    raise ShapeError(f"argument {s.params[0]!r} has batch shape {a.shape[:n]}, the others have {lead}") from None
        if lead and self._counted:
            check_counted(self._counted, {s: a.ndim > s.ndim for s, a in zip(self.symbols, arrays)})
        dtype = np.float32 if arrays and all(a.dtype == np.float32 for a in arrays) else np.float64
        ready = []
        for a, s, argument in zip(arrays, self.symbols, self._core.arguments):
            a = a.astype(dtype, copy=False)
            whole = lead + s.shape
            ready.append(np.broadcast_to(a, whole) if argument.per_sample and a.shape != whole else a)
        results = []
        repeated = bool(lead) and any(self._lifted)
        answers, form = self._core.answer(*ready, out=None if repeated else out)
        self._form = None if repeated else form
        for r, o, lifted in zip(answers, self._core.outputs, self._lifted):
            if lifted and r.shape != lead + o.shape:
                r = np.array(np.broadcast_to(r, lead + o.shape))
            results.append(r)
        return results


def _arguments(outputs: Sequence[Node], symbols: Sequence[Node], shared: Sequence[Node]) -> list[Argument]:
    for s in (*symbols, *shared):
        if not isinstance(s, Node) or s.op is not SYMBOL:
            raise TypeError(f"compile: arguments are symbols, got {s!r}")
    known = set(symbols)
    if len(known) != len(symbols):
        raise ValueError("compile: a symbol is given twice among the arguments")
    names = [shown(s.params[0]) for s in symbols]
    for s in shared:
        if s not in known:
            raise ValueError(f"compile: shared names {s.params[0]!r}, which is not among the arguments")
    missing = [s for s in symbols_of(outputs) if s not in known]
    if missing:
        listed = ", ".join(f"{s.params[0]!r} of shape {s.shape}" for s in missing)
        raise UnboundSymbolError(f"compile: the expression depends on {listed}, not among the arguments ({', '.join(names) or 'none'})")
    # with no symbol declared per sample, every argument may come as a batch
    open_ = not any(s.per_sample for s in symbols)
    out = []
    together = set(shared)
    for s in symbols:
        per_sample = s not in together and (open_ or s.per_sample)
        out.append(Argument(s.params[0], ((s, 0),), s.size, per_sample))
    return out


def compile(  # noqa: A001
    equations: Any,
    symbols: Node | Sequence[Node],
    *,
    shared: Sequence[Node] = (),
    backend: str = "native",
    threads: int = 1,
    contract: bool = True,
) -> CompiledFunction:
    """A compiled function of an expression, or of any nesting of expressions.

    Args:
        equations: an expression, or dicts, lists and tuples of them; results come in the same nesting.
        symbols: the arguments, in order.
        shared: arguments that all samples of a batch share (never given with batch axes).
        backend: "native" makes machine code at the first call; "numba" has Numba compile the printed Python, which takes seconds the
            first time; "numpy" evaluates without compiling; "auto" answers with NumPy while it makes machine code in the background.
            Their results differ in the last digits.
        threads: machine code divides a batch among so many threads. Equal calls with equal threads give equal bits.
        contract: whether ``a*b + c`` is rounded once, as a fused multiply-add.  Without, ``+ - * /`` and square roots
            give the bits of NumPy; sums over axes are added in another order all the same.

    Returns:
        A function of one value a symbol: arrays of the symbol's shape, with any batch axes in
        front, which broadcast among each other. If some symbols are declared per sample, only they
        take batch axes. Compilation happens at the first call, for each of: a single sample, a
        batch, float64, float32. ``out=`` takes arrays, nested as the results are, to write them into.
        The interpreter is free to run other threads meanwhile.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> fn = eg.compile({"f": x * y, "df": eg.diff(x * y, x)}, (x, y))
    >>> float(fn(2.0, 3.0)["f"])
    6.0
    """
    given = (symbols,) if isinstance(symbols, Node) else tuple(symbols)
    return CompiledFunction(equations, given, shared, backend, threads, contract)


__all__ = ["Argument", "Callable", "CompiledFunction", "CompiledOutputs", "DTypeError", "compile", "compile_function"]
