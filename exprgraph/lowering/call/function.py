"""The compiled function that users call; results have the nesting of the equations."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...canonical.operands import as_node, refuse_truth
from ...graph.node import Node, Shape
from ...meaning.binding import Argument, Bound, bind
from ...meaning.elsewhere import CallElsewhere, Kind, kind_of
from ...meaning.evaluate import check_counted, with_batch_axes
from ...support.names import shown
from ...tree import flatten, paths
from ..save.formats import save
from ..save.frozen import frozen_arguments
from ..save.options import Options
from ..save.saved import Saved
from .arguments import arguments_of, check_number, counted_of, one_or_more
from .bound import ByPython, check_arguments, targets
from .embed import c_function, c_source, interface, low_level_callable, numba_function, workspace_size
from .interface import CallInterface
from .into import at_once, declined, given_arrays, given_number, write
from .outputs import CompiledOutputs

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from ..immediate.form import InterpretedForm
    from ..save.kernel import NumbaKernel
    from .form import Form


class CompiledFunction:
    """A compiled numerical function, made by :func:`compile`; call it with one value for each argument.

    It can be pickled and sent to other processes.  Packages derive their own classes from this one: ``_bind`` converts
    values to arrays, ``_plain`` selects values that machine code can take unchanged, ``_restore`` converts the results,
    and ``_repeated`` lists the results to repeat over the samples.

    Attributes:
        outputs: the computed expressions, in the order of the nesting.
        arguments: the names of the arguments.
        backend: which backend answers calls.
        core: the outputs in all compiled forms, internal; users call :func:`inspect`.
    """

    def __init__(
        self,
        equations: Any,
        symbols: Sequence[Node | Argument],
        shared: Sequence[Node | Argument] = (),
        backend: str = "native",
        threads: int | None = 1,
        contract: bool = True,
        immediate: bool | None = None,
    ) -> None:
        leaves, restore = flatten(equations)
        for leaf in leaves:
            refuse_truth(leaf, "compile", "expression")
        self.equations = equations
        self.symbols = tuple(symbols)
        self._recipe: tuple[Any, ...] = (equations, self.symbols, tuple(shared), backend, threads, contract, immediate)
        self.outputs = tuple(as_node(n) for n in leaves)
        arguments, graph = arguments_of(self.outputs, symbols, shared)
        self.arguments = tuple(a.name for a in arguments)
        self.core = CompiledOutputs(self.outputs, arguments, backend, threads, contract, immediate, graph)
        self.backend = self.core.backend
        # with no symbol declared per sample, every result has the batch axes, including constants
        self._every = not shared and not any(s.per_sample for s in symbols)
        self._alone = len(leaves) == 1
        self._bare = isinstance(equations, Node)
        self._restore: Callable[[Sequence[Any]], Any] = restore
        # What every call reads are attributes of the object alone: a default of the class would take it a tenth longer.
        #: the form used last, whose ``quick`` is tried first; ``None`` if its results are repeated over the samples
        self._form: Form | InterpretedForm | None = None
        #: ``quick`` of that form, and its ``quick_into`` if it checks all that must be checked
        self._quick: Callable[..., Any] = declined
        self._quick_into: Callable[..., Any] = declined
        #: whether the answer of ``quick``, an array or a tuple of several, has the nesting of the results
        self._as_answered = False

    @cached_property
    def _repeated(self) -> tuple[bool, ...]:
        axes = with_batch_axes(self.outputs)
        return tuple(self._every and not differs and leading for leading, differs in zip(axes, self.core.differs))

    def _shapes(self, batch: Shape) -> list[Shape]:
        """The shapes of the results."""
        return [batch * (d or again) + o.shape for o, d, again in zip(self.outputs, self.core.differs, self._repeated)]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The names of the outputs, of the equations as they were given."""
        return tuple(paths(self._recipe[0]))

    @cached_property
    def _counted(self) -> list[Node]:
        return counted_of(self.outputs, self.core.arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._recipe

    def __repr__(self) -> str:
        outputs = f"{len(self.outputs)} output{'s' * (len(self.outputs) != 1)}"
        return f"<compiled function of ({', '.join(map(shown, self.arguments))}), {outputs}, backend {self.backend!r}>"

    def __call__(self, *values: Any, out: Any = None) -> Any:
        """The results; with ``out``, written into arrays of the same nesting.

        Raises:
            TypeError: the number of values is wrong.
            ShapeError: a value has the wrong shape, or batches do not fit.
            DTypeError: a value is not real.
        """
        if out is not None:
            if self._bare:
                done = self._quick_into(*values, out)
            else:  # an array too many must not stand for a value that is missing
                done = self._quick_into(*values, *out) if type(out) is tuple and len(out) == len(self.outputs) else None
            return out if done else self._into(values, out)
        answer = self._quick(*values)
        if answer is None and (plain := self._plain(values)) is not values:
            answer = self._quick(*plain)
        if answer is not None:
            return answer if self._as_answered else self._restore((answer,) if self._alone else answer)
        kind = kind_of(values)
        results = self._elsewhere(kind, values) if kind else [r if r.ndim else r[()] for r in self._results(values)]
        return results[0] if self._bare else self._restore(results)

    def _into(self, values: tuple[Any, ...], out: Any) -> Any:
        """Write the results into arrays, also where arguments or results are not in memory."""
        leaves, _ = flatten(out)
        if kind := kind_of((*values, *leaves)):
            self._elsewhere(kind, values, given_number(leaves, len(self.outputs)))
        else:
            self._into_arrays(values, given_arrays(leaves, len(self.outputs)))
        return out

    def _into_arrays(self, values: tuple[Any, ...], given: list[np.ndarray]) -> None:
        if self._form is None or not at_once(self._form.quick_into, self._plain(values), given):
            write(self._results(values, given), given)

    def bound(self, *values: Any, out: Any = None) -> Callable[[], Any]:
        """A call with everything bound beforehand, for loops: without arguments, checks, or new arrays.

        It reads the arrays ``values``, which you change in place between calls, and writes the results into ``out`` or, without it,
        into arrays of its own.  It returns them, the same arrays each time.  What :meth:`__call__` checks is checked here, once.
        The arrays live as long as the call.  Two threads must not make it at once: each binds its own.  It cannot be pickled.

        Args:
            values: a NumPy array for each argument, contiguous and all of float64 or all of float32; with the same batch axes wherever an
                argument takes them.  Parameters of networks are a container or one flat vector.
            out: contiguous arrays of that type, in the nesting of the results.  They may share memory with values.

        Raises:
            TypeError, DTypeError, ShapeError: the number of values is wrong, or one is not such an array.
            ValueError: an array is not contiguous, or one of ``out`` is read-only.

        >>> import numpy as np, exprgraph as eg
        >>> x = eg.Symbol("x", shape=2)
        >>> point = np.array([1.0, 2.0])
        >>> call = eg.compile(x**2, x).bound(point)
        >>> result = call()
        >>> point += 1.0
        >>> call() is result, result
        (True, array([4., 9.]))
        """
        given, bound = self._plain(values), self._bind(values)
        check_arguments(given, bound, self.core.arguments)
        leaves = targets(out, self.outputs, self._shapes(bound.batch), bound.dtype)
        if out is None:
            out = leaves[0] if self._bare else self._restore(leaves)
        if bound.batch and any(self._repeated):
            return ByPython(lambda: self._into_arrays(values, leaves), out)
        machine = self.core.bound(given, leaves, bound.batch, out)
        return (machine and machine()) or ByPython(lambda: write(self.core.answer(given, bound.batch, leaves)[0], leaves), out, machine)

    def _elsewhere(self, kind: Kind, values: tuple[Any, ...], out: Sequence[Any] | None = None) -> list[Any]:
        return kind.call(CallElsewhere(self.core, values, self._bind, self._repeated, out))

    def _plain(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values in a form that machine code can take directly; the same object if they are already."""
        return values

    def _bind(self, values: tuple[Any, ...]) -> Bound:
        """The values as arrays, checked."""
        arguments = self.core.arguments
        check_number(values, arguments)
        bound = bind(values, arguments, called=lambda name: f"argument {name!r}")
        if bound.batch and self._counted:
            check_counted(self._counted, {s: v.ndim > len(a.shape) for a, v in zip(arguments, bound.arrays) for s, _ in a.symbols})
        return bound

    def _results(self, values: tuple[Any, ...], out: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
        bound = self._bind(values)
        batch = bound.batch
        repeated = bool(batch) and any(self._repeated)
        results, form = self.core.answer(bound.repeated(self.core.arguments), batch, None if repeated else out)
        # what machine code does not check, Python checks at every call
        self._form = known = None if repeated or (batch and self._counted) else form
        self._quick = self._quick_into = declined
        if known is not None and known.quick is not None and known.quick_into is not None:
            self._as_answered = self._bare or (self._restore is tuple and not self._alone)
            self._quick = known.quick
            if self._as_answered and known.sees_overlaps:
                self._quick_into = known.quick_into
        if repeated:
            results = [np.array(np.broadcast_to(r, s)) if r.shape != s else r for r, s in zip(results, self._shapes(batch))]
        return results

    # -- code for other programs: the same arguments in the same order

    @property
    def source(self) -> str:
        """The generated Python source."""
        return self.core.source

    @property
    def c_source(self) -> str:
        """A C99 file with this function in float64, called like :attr:`address`; the head comment documents the call.

        Compilers that follow IEEE 754 give identical bits, except for calls of C library functions.  They differ from this
        function's own results by rounding: C adds sums up in order and does not fuse products with sums.

        Raises:
            CompilationError: it contains a user-defined function that only Numba can compile.

        >>> import exprgraph as eg
        >>> x, y = eg.symbols("x y")
        >>> print(eg.compile(x * y + 1, (x, y)).c_source.splitlines()[2])
         * void evaluate(const double *const *arguments, double *const *results, double *workspace, double *shared, int64_t samples);
        """
        return c_source(self.core, self.core.takes_batches)

    @cached_property
    def kernel(self) -> NumbaKernel:
        """The function for code that Numba compiles, in two forms.

        ``kernel(x, y)`` takes what the function takes, as arrays of float64, batch axes first and the same for all, and returns new
        arrays: one for a single expression, else a tuple of the results in the order of :attr:`outputs`.

        ``kernel(x, y, same, r, s, workspace, samples)`` allocates nothing, and writes into contiguous arrays of any shape, samples one
        after another: all results that are the same for all samples into the first (empty if there are none), then each other
        result into its own.  The lengths are not checked.  ``workspace`` is an array of :meth:`workspace`.

        Numba keeps code with ``cache=True`` if it gets the kernel as an argument.  It keeps no code with the kernel as a global,
        and warns of it, because it would not notice that the kernel became another one.

        >>> import numba, numpy as np, exprgraph as eg
        >>> x, y = eg.symbols("x y")
        >>> @numba.njit
        ... def total(kernel, x, y):
        ...     return kernel(x, y).sum()
        >>> total(eg.compile(x * y, (x, y)).kernel, np.arange(3.0), np.ones(3))
        3.0
        """
        return numba_function(self.core, self._names, self._bare)

    @cached_property
    def interface(self) -> CallInterface:
        """The arrays that :attr:`kernel`, :attr:`address` and :attr:`ctypes` take: names, shapes, and the order of pointers.

        >>> import exprgraph as eg
        >>> x, y = eg.symbols("x y")
        >>> eg.compile({"f": x * y}, (x, y)).interface.results
        (ResultArray(name='f', shape=(), per_sample=True, boolean=False, pointer=1, offset=0),)
        """
        return interface(self.core, self._names)

    @property
    def workspace_size(self) -> int:
        """The length of the workspace for :attr:`kernel`; also enough for each of the two workspaces of C callers."""
        return workspace_size(self.core)

    def workspace(self) -> np.ndarray:
        """A new array of :attr:`workspace_size` float64 numbers, for :attr:`kernel` and for C callers; each thread needs its own."""
        return np.empty(self.workspace_size)

    @property
    def address(self) -> int:
        """The address of the machine code, for C callers; see :attr:`ctypes`.

        Raises:
            CompilationError: a part of the function is one that only Numba can compile.
        """
        return self._machine_code[0]

    @property
    def ctypes(self) -> Any:
        """The machine code as a ctypes function, which keeps it in memory.

        In C, with arguments in order, results as for :attr:`kernel`, and :attr:`workspace_size` numbers of each kind of
        workspace::

            void f(const double *const *arguments, double *const *results,
                   double *workspace, double *shared, int64_t samples);

        Raises:
            CompilationError: a part of the function is one that only Numba can compile.
        """
        return self._machine_code[1]

    @cached_property
    def _machine_code(self) -> tuple[int, Any]:
        return c_function(self.core)

    def low_level_callable(self) -> Any:
        """A ``scipy.LowLevelCallable`` with signature ``double (int, double *)``, for a function of scalars."""
        return low_level_callable(self.core)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        dtype: DTypeLike | None = None,
        name: str | None = None,
        params: Any = None,
        batch: bool = True,
        libm: bool = False,
        abi: str | None = None,
        derivatives: str | Sequence[str] = (),
        by: Any = None,
        target: str | None = None,
        cpu: str | None = None,
        features: str | None = None,
    ) -> None:
        """Save the function to a file; the ending of its name says in which format.

        A Python module, ``evaluator.py``, needs only numpy and numba.  It has ``evaluate(*values)``, with the same arguments in the
        same order and batch axes first; its results are a list in the order of :attr:`outputs`.  Results that do not depend on the
        sample are not repeated.  It has a readable definition, and machine code that starts in milliseconds on 64-bit x86 under
        Linux; other machines compile its LLVM assembly in tenths of a second.  ``start()`` tells or chooses the way.
        ``self_check()``, also run by running the module, compares results with those of the time of saving, and with the
        definition.  ``kernel`` is for code that Numba compiles, and can be cached by it.

        A file of C, ``evaluator.c``, comes with its header ``evaluator.h``, which describes the call.  It includes ``math.h`` and
        ``stdint.h`` only, and is C++17, too.

        An object file, ``evaluator.o``, is machine code for this or another processor, with the same header; LLVM alone makes it.
        A shared library, ``libevaluator.so``, ``.dylib`` or ``.dll``, needs a linker on the path.  A module of WebAssembly,
        ``evaluator.wasm``, has its memory and needs no linker.

        With ``abi="casadi"``, ``f.c`` or its library ``f.so`` is a function of CasADi, for ``casadi.external("f", "./f.so")``, and
        ``derivatives=`` are its exact derivatives with their patterns; the library needs a C compiler on the path.

        Files are written completely or not at all; existing ones are replaced and keep their mode.

        Args:
            path: the file.
            dtype: the type of the file's numbers, float64 or float32.
            name: the exported function, and the prefix of all external names; by default the file's name without its ending.
            params: numbers that the file holds, so that callers do not give them: a dict from arguments (symbols, or their names) to
                numbers; for functions of networks the parameters, as a container or one flat vector.
            batch: ``False`` leaves out the code for several samples at once; then samples are computed one by one.
            libm: call the C library's elementary functions instead of the package's own formulas.
            abi: the conventions of calls: ``"casadi"`` makes a file that ``casadi.external`` loads.
            derivatives: with CasADi's conventions, the derivatives that are functions of the file, too: ``"jac, fwd, adj, jac_adj"``,
                with counts of directions as in ``"fwd4"``, and derivatives of derivatives as in ``"jac_jac"``.
            by: with CasADi's conventions, the arguments (symbols, or their names) of derivatives; others have derivative 0.
            target: the machine of machine code: ``"native"`` for this processor, or architecture, system and environment as in
                ``"aarch64-linux-gnu"``; by default every processor of this computer's kind.
            cpu, features: a processor of that architecture, ``"cortex-m7"``, and features that it has more or less,
                ``"+avx2,-fma"``.

        Raises:
            FileNameError: the name ends in something else, as in ``evaluator.csv``, or in nothing; the message lists the endings.
            ValueError: the format does not have an option, or the option a wrong value; for an unknown target, processor or feature
                the message lists those that there are.
            TypeError: ``batch`` or ``libm`` is neither True nor False.
            CompilationError: it contains a user-defined function that the format cannot express; or there is no linker for a
                shared library, and the message has the command that makes it of an object file.
            OSError: the directory does not exist, the path is not a regular file, or the disk is full.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import exprgraph as eg
        >>> x, y = eg.symbols("x y")
        >>> with TemporaryDirectory() as folder:
        ...     eg.compile(x * y, (x, y)).save(f"{folder}/triple.c", params={y: 3.0})
        ...     print(Path(folder, "triple.h").read_text().splitlines()[6])
         *     arguments[0]  x: a number for each sample
        """
        frozen = None if params is None else self._frozen(params)
        options = Options(dtype, name, frozen, batch, libm, abi, derivatives, by, target, cpu, features)
        save(Saved(self.outputs, self.core.arguments, self._names, self.core.contract), path, options)

    def _frozen(self, params: Any) -> dict[int, np.ndarray]:
        """The numbers of arguments that a file holds, by position."""
        return frozen_arguments(params, self.core.arguments)


def compile(  # noqa: A001
    equations: Any,
    symbols: Node | Argument | Sequence[Node | Argument],
    *,
    shared: Node | Argument | Sequence[Node | Argument] = (),
    backend: str = "native",
    threads: int | None = 1,
    contract: bool = True,
    immediate: bool | None = None,
) -> CompiledFunction:
    """Compile an expression, or any nesting of expressions, to a numerical function.

    Args:
        equations: an expression, or dicts, lists and tuples of them; results come in the same nesting.
        symbols: the arguments, in order; use :func:`packed` to pass several symbols as one argument.
        shared: arguments without batch axes, shared by all samples of a batch.
        backend: "native" generates machine code, at the first call or as ``immediate`` says; "numba" compiles the generated Python
            with Numba, which takes seconds the first time; "numpy" evaluates without compiling; "auto" never waits: NumPy
            or an interpreter answers until there is machine code.  Results of different backends differ in the last digits.
        threads: the number of threads that share the samples of a batch, ``None`` for one on each processor that this process may use.
            Equal calls with equal threads give equal bits.
        contract: whether ``a*b + c`` may be rounded once, as a fused multiply-add.  With ``False``, ``+ - * /`` and square
            roots that you write give NumPy's bits; sums over axes, and derivatives, are added and multiplied in another order.
        immediate: whether an interpreter answers first calls, if all is computed element by element.  After some tens of calls, or
            fewer long ones, machine code is made in the background.  Both give equal bits; for that, neither contracts.  By default,
            a call waits for machine code where that is quicker: for a large batch, or where the interpreter lacks functions.
            ``True``: only for a large batch.  ``False``: the first call waits.  ``eg.inspect(fn).wait()`` waits at any time.

    Returns:
        A function of one value for each symbol: arrays of the symbol's shape, with any batch axes in
        front, which broadcast with each other. If some symbols are declared per sample, only they
        take batch axes. Single samples and batches, float64 and float32 are compiled separately, each
        at its first call. ``out=`` takes arrays, in the nesting of the results, to write into.
        Other threads of Python can run during a call, unless it takes a few microseconds only.

    Raises:
        UnboundSymbolError: the equations depend on a symbol that is not an argument.
        TypeError: an argument is not a symbol.
        ValueError: a symbol is given twice; ``shared`` has one that is no argument; an unknown backend; fewer threads than one;
            ``immediate=True`` with a backend that makes no machine code.

    Warns:
        NotNativeWarning: more threads than one were asked for, but Numba compiles the function, and uses one.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> fn = eg.compile({"f": x * y, "df": eg.diff(x * y, x)}, (x, y))
    >>> float(fn(2.0, 3.0)["f"])
    6.0
    """
    return CompiledFunction(equations, one_or_more(symbols), one_or_more(shared), backend, threads, contract, immediate)


__all__ = ["CompiledFunction", "compile"]
