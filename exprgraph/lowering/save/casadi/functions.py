"""Functions in CasADi's sense: named matrices, stored column by column, to named matrices.

An expression is kept in the order of memory.  A matrix is transposed once, when a function is made from a compiled
one; an index map costs nothing.  From then on the last axis is the one whose elements are neighbours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from ....calculus.scalar_graphs import scalar_parts
from ....canonical.contract import contract
from ....errors import CompilationError
from ....graph.leaves import Symbol
from ....graph.node import Node, Shape
from ....meaning.binding import Argument
from ....meaning.query import substitute
from ..interface import summed_over_samples

#: names that CasADi keeps for itself
_RESERVED = frozenset(("null", "jac", "hess"))


class Input(NamedTuple):
    """An input: a matrix of ``rows`` by ``columns``.

    Attributes:
        argument: its symbols, in the order of memory; ``None`` if nothing reads it, and CasADi need not give it.
        varies: whether derivatives by it are wanted; others are zero.
    """

    name: str
    rows: int
    columns: int
    argument: Argument | None
    varies: bool = True


class Output(NamedTuple):
    """A result: a matrix of ``rows`` by ``columns``.

    Attributes:
        value: all elements, in the order of memory, with any number of axes.
        mask: which of them can be other than zero, flat; ``None`` for all.
        scalars: whether each element has an expression of its own.
        gradient: the argument by which it is the gradient of a number.
    """

    name: str
    rows: int
    columns: int
    value: Node
    mask: np.ndarray | None = None
    scalars: bool = False
    gradient: Argument | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.rows * self.columns


class CasadiFunction(NamedTuple):
    """A function from matrices to matrices."""

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]


def moved(node: Node, order: Sequence[int]) -> Node:
    """The axes of a node in another order."""
    return contract([(node, range(node.ndim))], order)


def matrix_size(shape: Shape) -> tuple[int, int]:
    """Rows and columns: a vector is one column, and axes after the second count as columns."""
    return (shape[0] if shape else 1), math.prod(shape[1:])


def _to_memory(node: Node) -> Node:
    """The first axis last: columns, one after another."""
    return moved(node, [*range(1, node.ndim), 0]) if node.ndim > 1 else node


def casadi_function(
    name: str, arguments: Sequence[Argument], outputs: Sequence[Node], names: Sequence[str], by: Collection[int] | None = None
) -> CasadiFunction:
    """The function of one sample, with matrices stored column by column.

    Args:
        name: its name.
        arguments: the arguments; several symbols packed in one stay a vector of their numbers in row-major order.
        outputs: the results.
        names: a name for each result.
        by: the positions of the arguments by which there are derivatives; ``None`` for all.

    Raises:
        CompilationError: a result sums over samples, which CasADi does not have.
    """
    _check_one_sample(outputs)
    image: dict[Node, Node] = {}
    inputs: list[Input] = []
    for k, (a, called) in enumerate(zip(arguments, distinct([a.name for a in arguments], "i"))):
        if len(a.shape) > 1:
            ((symbol, _),) = a.symbols
            stored = new_symbol(symbol.name, (*symbol.shape[1:], symbol.shape[0]))
            image[symbol] = moved(stored, [stored.ndim - 1, *range(stored.ndim - 1)])
            a = a._replace(symbols=((stored, 0),), shape=stored.shape)
        inputs.append(Input(called, *matrix_size(arguments[k].shape), a._replace(per_sample=False), by is None or k in by))
    values = substitute(list(outputs), image)
    made = [
        Output(n, *matrix_size(o.shape), _to_memory(v), scalars=v.ndim > 1 and len(scalar_parts(v)) == v.size)
        for n, o, v in zip(distinct(names, "o"), outputs, values)
    ]
    return CasadiFunction(name, tuple(inputs), tuple(made))


def new_symbol(name: str, shape: Shape) -> Node:
    """A symbol that no expression of a user has."""
    return Symbol(f"{name} in CasADi", shape)


def _check_one_sample(outputs: Sequence[Node]) -> None:
    if summed_over_samples(outputs):
        raise CompilationError("functions of CasADi have one sample, and this one sums over samples; save the values of one sample")


def distinct(names: Sequence[str], short: str) -> list[str]:
    """Names that CasADi accepts; a name without letters is ``short`` and its number.

    >>> distinct(["x", "L1.W", "", "x", "jac"], "i")
    ['x', 'L1_W', 'i2', 'x_3', 'jac_4']
    """
    out: list[str] = []
    for k, name in enumerate(names):
        plain = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", name)).strip("_")
        if not plain[:1].isalpha():
            plain = f"{short}{k}" + (f"_{plain}" if plain else "")
        if plain in out or plain.lower() in _RESERVED:
            plain = f"{plain}_{k}"
        while plain in out:
            plain += "x"
        out.append(plain)
    return out


__all__ = ["CasadiFunction", "Input", "Output", "casadi_function", "distinct", "matrix_size", "moved", "new_symbol"]
