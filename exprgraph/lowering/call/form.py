"""One compiled form of a function: for a batch or a single sample, in float64 or float32."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ...errors import CompilationError
from ...functions.elementwise import is_boolean
from ...graph.node import Node
from ...meaning.binding import Argument
from ...meaning.query import count_ops
from ...support.compiling import in_llvm
from ..native.entry import CallType
from ..native.programs import Code, native_code
from ..native.spare import MOST
from ..plan.program import Program
from ..plan.unread import unread_functions
from . import module as generated
from .into import shared_with
from .memory import LINE

if TYPE_CHECKING:
    from ..save.kernel import NumbaKernel

Made = TypeVar("Made")
Arrays = Sequence[np.ndarray]
#: During a call of at most this many operations, and numbers that are stored, other threads of Python wait: changing to one takes as
#: long.  Most such calls take a few microseconds.
BRIEF = 5000
#: the workspace that the last call from Python left, for the same reason as ``native/spare``: the C library gives large blocks back to
#: the system, and the page faults of a new one take longer than many computations.  Two calls at once have two; one of them is freed
_left: list[np.ndarray] = []
#: modules that are loaded for functions that need them: what divides a batch among threads, and bound calls
_TEAM, _BOUND = ".team", ".bound_form"


class Form:
    """The code of a form, with everything that its calls need prepared once."""

    #: a function that answers common calls in one step, and returns ``None`` for other calls
    quick: Callable[..., Any] | None = None
    #: the same, with the output arrays after the arguments; returns ``True``
    quick_into: Callable[..., Any] | None = None
    #: whether machine code should be made in the background
    calls_for_llvm = False
    #: whether ``quick_into`` declines arrays that share memory
    sees_overlaps = False
    #: the driver as a ctypes function, which holds its code in memory; ``None`` for code of Numba's
    function: Any = None
    #: the form for other code that Numba compiles, once it is asked for
    kernel: NumbaKernel | None = None

    def __init__(
        self,
        program: Program,
        arguments: Sequence[Argument],
        outputs: Sequence[Node],
        per_sample: Sequence[bool],
        batch: bool,
        single: bool,
        threads: int,
        numba: bool = False,
        called: bool = True,
    ) -> None:
        self.program = program
        self.dtype: np.dtype[np.floating[Any]] = np.dtype(np.float32 if single else np.float64)
        self.threads = threads if batch else 1
        takes = tuple((a.shape, a.per_sample) for a in arguments)
        gives = tuple((o.shape, lane) for o, lane in zip(outputs, program.per_sample))
        stored = program.workspace + program.shared + sum(o.size for o in outputs)
        self.brief = not batch and stored <= BRIEF and count_ops(list(outputs)) <= BRIEF
        call = CallType(takes, gives, program.workspace, program.shared, batch, 8 * self.dtype.itemsize, program.apart, self.brief)
        self.sees_overlaps = call.sees_overlaps
        self.code: Code | None = None if numba else native_code(program, call, called, self.threads > 1)
        # Python handles results repeated over the samples, bool results, and threads
        plain = not any(is_boolean(o) for o in outputs) and (not batch or tuple(per_sample) == program.per_sample)
        self._is_alone = self.code is not None and plain and self.threads == 1
        if self.code is not None and self._is_alone and called:
            self.quick, self.quick_into = self.code.call, self.code.call_into
        self._run = self._native(self.code) if self.code is not None else self._with_numba(unread_functions(outputs))
        self._lane_sizes = [o.size for o, lane in zip(outputs, program.per_sample) if lane]
        # of each output: its range in the shared results (None: on lanes), its shape, its batch axes, whether it is bool
        self._layout: list[tuple[slice | None, tuple[int, ...], bool, bool]] = []
        at = 0
        for o, lane, differs in zip(outputs, program.per_sample, per_sample):
            self._layout.append((None if lane else slice(at, at + o.size), o.shape, differs, is_boolean(o)))
            at += 0 if lane else o.size
        self._shared_results = at

    def _native(self, code: Code) -> Callable[[Arrays, Arrays, np.ndarray, np.ndarray, int], None]:
        pointer = ctypes.c_void_p
        whole = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer, ctypes.c_int64)(code.address)

        vars(whole).update(keep=code)
        self.function = whole

        def table(arrays: Arrays) -> Any:
            addresses: Any = (pointer * len(arrays))(*[a.ctypes.data for a in arrays])
            addresses.arrays = arrays  # live as long as their addresses
            return addresses

        def alone(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, samples: int) -> None:
            whole(table(arguments), table(results), workspace.ctypes.data, shared.ctypes.data, samples)

        if self.threads == 1:
            return alone
        divide = import_module(_TEAM, __package__).dividing(self.program, code, self.threads, 8 * self.dtype.itemsize)

        def run(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, samples: int) -> None:
            if not divide(arguments, results, samples):
                alone(arguments, results, workspace, shared, samples)

        return run

    def _with_numba(self, unread: Mapping[str, str]) -> Callable[[Arrays, Arrays, np.ndarray, np.ndarray, int], None]:
        with in_llvm():  # Numba starts LLVM
            module = generated.load_module(self.program.source)

            from numba import typeof

        compiled, program = False, self.program
        ranges = list(zip(program.offsets, (*program.offsets[1:], None)))

        def run(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, samples: int) -> None:
            nonlocal compiled
            tables = (module.constants, module.table, module.steps.ravel())
            if program.apart:
                results = [results[0][start:stop] for start, stop in ranges]
            given = (*arguments, *results, workspace, shared, *tables, np.uint64(samples))
            if not compiled:
                by_numba(lambda: module.kernel.compile(tuple(map(typeof, given))), unread)
                compiled = True
            module.kernel(*given)

        return run

    def bound(self, arrays: Arrays, targets: Arrays, lead: tuple[int, ...], answer: object) -> Callable[[], Any] | None:
        """A built-in function that computes results from arrays, all checked, and returns ``answer``; ``None`` if calls need Python."""
        if self.code is None or not self._is_alone:
            return None
        parts = [part for part, *_ in self._layout]
        made: Callable[[], Any] | None = import_module(_BOUND, __package__).bound(self, parts, arrays, targets, lead, answer)
        return made

    def __call__(self, arrays: Arrays, lead: tuple[int, ...], out: Arrays | None = None) -> list[np.ndarray]:
        """The results; with ``out``, computed into those arrays if their type and order are right, else copied into them."""
        dtype = self.dtype
        samples = math.prod(lead)
        flat = [np.ascontiguousarray(a if a.flags.aligned else a.copy(), dtype).reshape(-1) for a in arrays]
        results = np.empty(self._shared_results, dtype)
        lanes: list[np.ndarray] = []
        taken = shared_with(out, flat) if out is not None else []
        for k, (part, shape, _, boolean) in enumerate(self._layout):
            if part is None:
                own = None if out is None or boolean else out[k]
                if own is not None and own.dtype == dtype and own.flags.carray and not taken[k]:
                    lanes.append(own.reshape(-1))
                else:
                    lanes.append(np.empty(samples * math.prod(shape), dtype))
        block, workspace, shared = take((self.program.workspace, self.program.shared), dtype)
        self._run(flat, [results, *lanes], workspace, shared, samples)
        leave(block)
        values = []
        each = iter(lanes)
        for part, shape, differs, boolean in self._layout:
            value = (next(each) if part is None else results[part]).reshape(lead + shape if differs else shape)
            values.append(value != 0 if boolean else value)
        return values


def take(sizes: tuple[int, int], dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The block, to be left after the call, and two arrays of so many numbers in it, which hold whatever was there."""
    first, second = (-(-n * dtype.itemsize // LINE) * LINE for n in sizes)
    try:
        block = _left.pop()
    except IndexError:
        block = np.empty(0, np.uint8)
    if block.size < first + second + LINE:
        block = np.empty(first + second + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    a, b = (block[k : k + n * dtype.itemsize].view(dtype) for k, n in zip((start, start + first), sizes))
    return block, a, b


def leave(block: np.ndarray) -> None:
    """Keep a block for the next call, unless it is very large."""
    if block.size <= MOST:
        _left[:] = [block]


def by_numba(make: Callable[[], Made], unread: Mapping[str, str]) -> Made:
    """What Numba makes of functions that are left to it, for these reasons.

    Raises:
        CompilationError: Numba cannot compile them.
    """
    try:
        with in_llvm():
            return make()
    except Exception as e:  # of many kinds: Numba checks little before it computes types
        names = ", ".join(unread) or "this function"
        raise CompilationError(f"the code of {names} cannot be compiled: {_reason(e, unread)}") from None


def _reason(error: Exception, unread: Mapping[str, str]) -> str:
    """The constructs that were left to Numba, and the message of its error: without advice, steps, and positions in generated code."""
    lines = [line.strip() for line in str(error).splitlines()]
    rest = ("File ", "<source", "During", "- ", "This error", "To see", "For more", "http", "Failed in nopython mode")
    told = [re.sub(r"Module\(<module '(\w+)'[^>]*>\)", r"module \1", line) for line in lines if line and not line.startswith(rest)]
    told = told[: next((k for k, line in enumerate(told) if line.startswith(("There are ", "def "))), 4)]
    said = "; ".join(told[:4])[:400] or type(error).__name__
    whys = [f"{name}: {why}" if len(unread) > 1 else why for name, why in unread.items()]
    return ", ".join(whys[:3]) + (", and Numba says: " if unread else "Numba says: ") + said


__all__ = ["Form", "by_numba", "leave", "take"]
