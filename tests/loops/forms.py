"""A function in C, by the interpreter of loops, and as machine code, of the same flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from c_compiler import Function
from interpreter import Interpreter

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.loops.print.c import ProgramData
from exprgraph.loops.verify import verify

Arrays = list[np.ndarray]

#: procedures that move numbers and compute nothing
_MOVES = {"load", "load_many", "store", "store_many", "gather", "clear"}


class Case:
    """A function in C, by the interpreter, and as machine code, of the same flat arrays."""

    def __init__(self, outputs: Any, symbols: Sequence[Node], single: bool, samples: int, per_sample: bool) -> None:
        self.fn = eg.compile(outputs, symbols, contract=False)
        if not per_sample:
            self.fn = eg.compile(outputs, symbols, shared=symbols, contract=False)
        self.single, self.samples = single, samples if per_sample else 1
        self.dtype = np.float32 if single else np.float64
        self.program = eg.inspect(self.fn, per_sample, self.dtype)
        self.packed = self.fn.core.program(per_sample, single, packed=True)  # its results lie one after another, as in C

    def named(self, name: str) -> str:
        """The file, with another name for its function, so that there may be several in one."""
        return self.program.c_source.replace("evaluate", name)

    def memory(self) -> tuple[Arrays, np.ndarray, np.ndarray]:
        """Results and workspaces of just the sizes that are needed, all NaN."""
        p = self.packed
        sizes = [(o.size, differs) for o, differs in zip(self.fn.outputs, p.per_sample)]
        results = [sum(n for n, differs in sizes if not differs), *(n * self.samples for n, differs in sizes if differs)]
        made = [np.full(n, np.nan, self.dtype) for n in (*results, p.workspace, p.shared)]
        return made[:-2], *made[-2:]

    def by_c(self, run: Function, arrays: Arrays) -> Arrays:
        results, w, s = self.memory()
        run([np.ascontiguousarray(a).reshape(-1) for a in arrays], results, w, s, self.samples)
        return results

    def by_interpreter(self, arrays: Arrays) -> Arrays:
        verify(self.packed.loops)
        data = self.packed.data
        numbers = ProgramData(data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist())
        results, w, s = self.memory()
        Interpreter(self.packed.loops).run([a.reshape(-1) for a in arrays], results, w, s, numbers, self.samples)
        return results

    def by_machine_code(self, arrays: Arrays) -> Arrays:
        values = self.fn(*arrays)
        values = values if isinstance(values, list) else [values]
        flat = [np.asarray(v, self.dtype).reshape(-1) for v in values]
        return [
            np.concatenate([np.empty(0, self.dtype), *(v for v, differs in zip(flat, self.program.differs) if not differs)]),
            *(v for v, differs in zip(flat, self.program.differs) if differs),
        ]

    @property
    def same_bits(self) -> bool:
        """Whether machine code without contraction gives the bits of C.

        It does where nothing is added up in another order, and no formula or product of matrices has a fused operation.
        """
        loops = self.program.loops
        moves = {p.name for p in loops.library} <= _MOVES
        return moves and not any(p.reassociate for p in loops.kernels) and not loops.functions


__all__ = ["Case"]
