"""Inspection of compiled functions: for tests, and to find out why one is slow or large."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...errors import CompilationError
from ..plan.data import Data
from ..plan.program import Program
from .embed import c_source
from .function import CompiledFunction
from .outputs import CompiledOutputs

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from ...loops.program import Loops


class Inspection:
    """One form of a compiled function, as returned by :func:`inspect`.

    A form is for one sample or for a batch, in float64 or in float32.

    Attributes:
        batch: whether the form is for a batch.
        dtype: its number type.
    """

    def __init__(self, core: CompiledOutputs, batch: bool, single: bool) -> None:
        self._core = core
        self.batch = batch
        self.dtype: np.dtype[np.floating] = np.dtype(np.float32 if single else np.float64)

    @cached_property
    def _program(self) -> Program:
        return self._core.program(self.batch, self.dtype == np.float32)

    # -- of all forms

    @property
    def compiled(self) -> tuple[tuple[bool, str], ...]:
        """The forms compiled so far, in order: whether for a batch, and the number type."""
        return tuple((batch, "float32" if single else "float64") for batch, single in self._core.forms)

    def wait(self) -> None:
        """Wait for the machine code that is made in the background: with backend "auto", and where an interpreter answers.

        Raises:
            Exception: the error that ended the compilation.
        """
        self._core.wait()

    @property
    def reason(self) -> str | None:
        """Why there is no native machine code: the user-defined function, and the code that only Numba compiles; ``None`` otherwise."""
        if self._core.backend in ("numba", "numpy"):
            return f"backend {self._core.backend!r} was chosen"
        return self._core.left_to_numba

    # -- of this form

    @property
    def answers(self) -> str:
        """Who answers the next call of this form: "machine code", "interpreter", "Numba" or "NumPy".

        Where the interpreter answers, a large batch waits for machine code all the same.

        >>> import exprgraph as eg
        >>> x = eg.Symbol("x")
        >>> fn = eg.compile(eg.sin(x) * x, x, immediate=True)
        >>> shown = eg.inspect(fn, batch=False)
        >>> shown.answers, float(fn(0.0)), shown.wait(), shown.answers
        ('interpreter', 0.0, None, 'machine code')
        """
        return self._core.answers(self.batch, self.dtype == np.float32)

    @property
    def native(self) -> bool:
        """Whether this package generated the machine code, which then has an address and can use threads.  Compiles the form."""
        return self.reason is None and self._core.form(self.batch, self.dtype == np.float32).code is not None

    @property
    def source(self) -> str:
        """The complete generated Python module."""
        return self._program.source

    @property
    def code(self) -> str:
        """The generated Python module without its data."""
        return self._program.code

    @property
    def c_source(self) -> str:
        """A C99 file with a function that is called like this form.

        Raises:
            CompilationError: only Numba compiles it, as :attr:`reason` says.
        """
        return c_source(self._core, self.batch, self.dtype == np.float32)

    @property
    def data(self) -> Data:
        """The arrays read by the code: constants, indices, steps."""
        return self._program.data

    @property
    def loops(self) -> Loops:
        """The typed loops from which all code is printed; their ``repr`` is readable."""
        return self._program.loops

    @property
    def kernels(self) -> tuple[str, ...]:
        """The names of the kernels; steps of equal code share a kernel."""
        return tuple(k.name for k in self._program.loops.kernels)

    @property
    def steps(self) -> int:
        """The number of kernel calls for each block."""
        return len(self._program.data.steps)

    @property
    def block(self) -> int:
        """The number of samples in a block; unused by a form for one sample."""
        return self._program.block

    @property
    def rows(self) -> int:
        """The workspace for each sample of a block, in numbers."""
        return self._program.rows

    @property
    def workspace(self) -> int:
        """The workspace of a block, in numbers."""
        return self._program.workspace

    @property
    def shared(self) -> int:
        """The workspace shared by all samples, in numbers."""
        return self._program.shared

    @property
    def differs(self) -> tuple[bool, ...]:
        """For each result, whether it is computed separately for each sample."""
        return self._program.per_sample

    @property
    def llvm(self) -> str:
        """The code as LLVM assembly for this machine.

        Raises:
            CompilationError: only Numba compiles it, as :attr:`reason` says.
        """
        from ...loops.print.llvm import print_program  # a printer is loaded when it prints
        from ..native import machine  # loads LLVM

        if self._core.left_to_numba is not None:
            raise CompilationError(f"there is no machine code for {self._core.left_to_numba}")
        return print_program(self._program.loops, machine.target(8 * self.dtype.itemsize), self._program.offsets)

    def __repr__(self) -> str:
        what = f"{'batches' if self.batch else 'one sample'} in {self.dtype}; kernels: {len(self.kernels)}, steps: {self.steps}"
        return f"<form for {what}; {self.reason or 'native'}>"


def inspect(fn: CompiledFunction, batch: bool | None = None, dtype: DTypeLike = float) -> Inspection:
    """Inspect a compiled function: its code, kernels and workspace.

    Args:
        fn: a function made by :func:`compile`, or by a package built on it.
        batch: whether to show the form for a batch or for one sample; by default for a batch, if any argument may have batch axes.
        dtype: the number type, float64 or float32.

    Raises:
        TypeError: ``fn`` is not a compiled function, or ``dtype`` is neither type.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", 3)
    >>> shown = eg.inspect(eg.compile(eg.sin(x) * 2, x))
    >>> shown
    <form for batches in float64; kernels: 1, steps: 1; native>
    >>> shown.native, shown.block, shown.compiled
    (True, 128, ((True, 'float64'),))
    """
    if not isinstance(fn, CompiledFunction):
        raise TypeError(f"inspect: expected a compiled function, got {type(fn).__name__}")
    kind = np.dtype(dtype)
    if kind not in (np.float64, np.float32):
        raise TypeError(f"inspect: forms are in float64 or float32, got {kind}")
    return Inspection(fn.core, fn.core.takes_batches if batch is None else bool(batch), kind == np.float32)


__all__ = ["Inspection", "inspect"]
