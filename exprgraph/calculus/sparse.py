"""Jacobians as a pattern and the non-zero entries."""

from __future__ import annotations

from dataclasses import dataclass

from ..elements import elements
from ..joining import stack
from ..leaves import zeros
from ..node import Node, Shape
from .entries import entry_derivatives


@dataclass(frozen=True)
class SparseJacobian:
    """The non-zero entries of a Jacobian.

    ``rows`` and ``columns`` count the elements of f and of x in row-major order; ``values`` is one
    expression of shape ``(number of non-zeros,)``; ``shape`` is ``(f.size, x.size)``.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    values: Node
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        """How many entries are not structurally zero."""
        return len(self.rows)


def sparse_jacobian(f: Node, x: Node) -> SparseJacobian:
    """The structural non-zeros of the Jacobian of f, by its elements."""
    parts = list(elements(f).ravel())
    table = entry_derivatives(parts, x)
    strides = _strides(x.shape)
    rows, columns, values = [], [], []
    for r, row in enumerate(table):
        for index, value in sorted(row.items()):
            rows.append(r)
            columns.append(sum(i * s for i, s in zip(index, strides)))
            values.append(value)
    node = stack(values) if values else zeros((0,))
    return SparseJacobian(tuple(rows), tuple(columns), node, (f.size, x.size))


def _strides(shape: Shape) -> list[int]:
    strides = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return strides[::-1]
