"""The one place that knows how the engine compiles: outputs and arguments in, a callable out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from exprgraph.lowering.into import at_once, given_arrays, write
from exprgraph.node import Node

from .layout import Layout, Shape
from .parameters import NeuralNetworkParameters

if TYPE_CHECKING:
    from exprgraph.lowering.form import Form
    from exprgraph.lowering.function import CompiledOutputs


class Variable(NamedTuple):
    """One argument of a built function: a symbol, or all parameters as one flat vector."""

    name: str
    #: each symbol with its place in the flat vector
    symbols: tuple[tuple[Node, int], ...]
    #: the shape of the value for one sample
    shape: Shape
    #: whether each sample has its own value
    per_sample: bool

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


class Compiled(Protocol):
    """Called with one array for each argument; gives one array for each output."""

    @property
    def source(self) -> str: ...
    @property
    def kernel(self) -> Any: ...
    def answer(self, *arrays: np.ndarray, out: Sequence[np.ndarray] | None = None) -> tuple[Sequence[np.ndarray], Form | None]: ...
    def __call__(self, *arrays: np.ndarray, out: Sequence[np.ndarray] | None = None) -> Sequence[np.ndarray]: ...


def of_symbol(symbol: Node) -> Variable:
    """A symbol as an argument."""
    return Variable(symbol.name, ((symbol, 0),), symbol.shape, symbol.per_sample)


def of_parameters(params: NeuralNetworkParameters) -> Variable:
    """All parameters as one argument, shared by the samples."""
    layout: Layout = params.layout
    leaves = params.leaves().values()
    return Variable("parameters", tuple((leaf, s.offset) for leaf, s in zip(leaves, layout.slots)), (layout.size,), False)


def compile_outputs(outputs: Sequence[Node], variables: Sequence[Variable], backend: str, threads: int = 1) -> Compiled:
    """The compiled function of the outputs.

    It is called with arrays of one dtype, C-contiguous: ``lead + shape`` for a per-sample argument,
    ``shape`` for a shared one, and returns ``lead + output.shape`` for a per-sample output,
    ``output.shape`` for a shared one.
    """
    compiled: Compiled = compile_core(outputs, variables, backend, threads)
    return compiled


def compile_core(outputs: Sequence[Node], variables: Sequence[Variable], backend: str = "numba", threads: int = 1) -> CompiledOutputs:
    """The same, as the engine's own object, of which its descent is made."""
    from exprgraph.lowering.function import Argument, compile_function

    arguments = [Argument(v.name, v.symbols, v.size, v.per_sample) for v in variables]
    return compile_function(list(outputs), arguments, backend, threads)


__all__ = ["Compiled", "Variable", "at_once", "compile_core", "compile_outputs", "given_arrays", "of_parameters", "of_symbol", "write"]
