"""What a compiled function is made of: for tests, and for whoever asks why one is slow or large."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

from ...errors import CompilationError
from ...loops.program import Loops
from ..plan.data import Data
from ..plan.program import Program
from .embed import c_source
from .function import CompiledFunction
from .outputs import CompiledOutputs


class Inspection:
    """What :func:`inspect` shows of a compiled function: one of its forms.

    A form is for one sample or for a batch, in float64 or in float32.

    Attributes:
        batch: whether the form is for a batch.
        dtype: the type of its numbers.
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
        """The forms compiled so far, in order: for a batch or not, and the type of numbers."""
        return tuple((batch, "float32" if single else "float64") for batch, single in self._core.forms)

    def wait(self) -> None:
        """Until whatever backend "auto" compiles in the background is there.

        Raises:
            Exception: whatever error ended the compilation.
        """
        self._core.wait()

    @property
    def reason(self) -> str | None:
        """Why there is no machine code of it: the function, and what in its code only Numba compiles; ``None`` if there is."""
        if self._core.backend in ("numba", "numpy"):
            return f"backend {self._core.backend!r} was chosen"
        return self._core.left_to_numba

    # -- of this form

    @property
    def native(self) -> bool:
        """Whether it is machine code made by this package, which has an address and divides batches among threads.  Compiles it."""
        return self.reason is None and self._core.form(self.batch, self.dtype == np.float32).code is not None

    @property
    def source(self) -> str:
        """The whole generated module in Python."""
        return self._program.source

    @property
    def code(self) -> str:
        """The same without its data."""
        return self._program.code

    @property
    def c_source(self) -> str:
        """A file of C99 with a function that is called as this form is.

        Raises:
            CompilationError: only Numba compiles it, as :attr:`reason` says.
        """
        return c_source(self._core, self.batch, self.dtype == np.float32)

    @property
    def data(self) -> Data:
        """The arrays that code reads: constants, indices, steps."""
        return self._program.data

    @property
    def loops(self) -> Loops:
        """The typed loops that all code is printed from; their ``repr`` is for readers."""
        return self._program.loops

    @property
    def kernels(self) -> tuple[str, ...]:
        """The names of the kernels; steps that do the same share one."""
        return tuple(k.name for k in self._program.loops.kernels)

    @property
    def steps(self) -> int:
        """How often the driver runs a kernel for a block."""
        return len(self._program.data.steps)

    @property
    def block(self) -> int:
        """How many samples a block has; a form for one sample has no blocks."""
        return self._program.block

    @property
    def rows(self) -> int:
        """How many numbers a sample of a block has as workspace."""
        return self._program.rows

    @property
    def workspace(self) -> int:
        """How many numbers the workspace of a block has."""
        return self._program.workspace

    @property
    def shared(self) -> int:
        """How many numbers the workspace has that all samples share."""
        return self._program.shared

    @property
    def differs(self) -> tuple[bool, ...]:
        """Of each result, whether it is computed for each sample."""
        return self._program.per_sample

    @property
    def llvm(self) -> str:
        """The code in LLVM's assembly, for this machine.

        Raises:
            CompilationError: only Numba compiles it, as :attr:`reason` says.
        """
        from ...loops.print.llvm import print_program  # a printer is loaded when it prints
        from ..native import machine  # loads LLVM

        if self._core.left_to_numba is not None:
            raise CompilationError(f"there is no machine code of {self._core.left_to_numba}")
        return print_program(self._program.loops, machine.target(8 * self.dtype.itemsize))

    def __repr__(self) -> str:
        what = f"{'batches' if self.batch else 'one sample'} in {self.dtype}; kernels: {len(self.kernels)}, steps: {self.steps}"
        return f"<form for {what}; {self.reason or 'native'}>"


def inspect(fn: CompiledFunction, batch: bool | None = None, dtype: DTypeLike = float) -> Inspection:
    """What a compiled function is made of.

    Args:
        fn: a function that :func:`compile` made, or a package built on it.
        batch: show the form for a batch, or for one sample; by default the one for a batch, if there may be any.
        dtype: the type of numbers, float64 or float32.

    Raises:
        TypeError: it is no compiled function, or there is no form of that type.

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
        raise TypeError(f"inspect: there are forms in float64 and in float32, got {kind}")
    return Inspection(fn.core, fn.core.takes_batches if batch is None else bool(batch), kind == np.float32)


__all__ = ["Inspection", "inspect"]
