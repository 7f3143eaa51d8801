"""The only module that knows how the engine compiles: from outputs and arguments to a callable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exprgraph import Node
from exprgraph.lowering.call.into import at_once, given_arrays, write

from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Layout, Shape

if TYPE_CHECKING:
    from exprgraph.lowering.call.function import CompiledOutputs


class Variable(NamedTuple):
    """One argument of a built function: a symbol, or all parameters as one flat vector."""

    name: str
    #: each symbol with its offset in the flat vector
    symbols: tuple[tuple[Node, int], ...]
    #: the shape of the value for one sample
    shape: Shape
    #: whether each sample has its own value
    per_sample: bool

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


def of_symbol(symbol: Node) -> Variable:
    """A symbol as an argument."""
    return Variable(symbol.name, ((symbol, 0),), symbol.shape, symbol.per_sample)


def of_parameters(params: NeuralNetworkParameters) -> Variable:
    """All parameters as one argument, shared by the samples."""
    layout: Layout = params.layout
    leaves = params.leaves().values()
    return Variable("parameters", tuple((leaf, s.offset) for leaf, s in zip(leaves, layout.slots)), (layout.size,), False)


def compile_core(outputs: Sequence[Node], variables: Sequence[Variable], backend: str = "native", threads: int = 1) -> CompiledOutputs:
    """The compiled function of the outputs, the engine's own object.

    It is called with arrays of one dtype, C-contiguous: ``lead + shape`` for a per-sample argument,
    ``shape`` for a shared one, and returns ``lead + output.shape`` for a per-sample output,
    ``output.shape`` for a shared one.
    """
    from exprgraph.lowering.call.function import Argument, compile_function

    arguments = [Argument(v.name, v.symbols, v.size, v.per_sample) for v in variables]
    return compile_function(list(outputs), arguments, backend, threads)


def save_function(core: CompiledOutputs, names: Sequence[str], path: str | os.PathLike[str]) -> None:
    """Write the function as a module that needs only numpy and numba; ``names`` are the arguments', for its messages."""
    from exprgraph.lowering.call.save import save_module

    save_module(core, names, path)


def workspace_size(core: CompiledOutputs) -> int:
    """How many numbers of workspace callers of the kernel and of the machine code give."""
    from exprgraph.lowering.call.embed import workspace_size

    return workspace_size(core)


def c_function(core: CompiledOutputs) -> tuple[int, Any]:
    """The machine code's address, and a ctypes function of it."""
    return core.machine_code


__all__ = [
    "Variable",
    "at_once",
    "c_function",
    "compile_core",
    "given_arrays",
    "of_parameters",
    "of_symbol",
    "save_function",
    "workspace_size",
    "write",
]
