"""Jacobians as a pattern and the non-zero entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..canonical.joining import stack
from ..canonical.select import select
from ..graph.leaves import zeros
from ..graph.node import Node
from ..graph.views import Take
from .entries import entry_derivatives, scalars_of
from .scalar_graphs import ScalarGraph, numbers_of
from .sparse_matrix import SparseMatrix


@dataclass(frozen=True)
class SparseJacobian:
    """The non-zero entries of a Jacobian, the result of ``jacobian(f, x, sparse=True)``.

    ``rows`` and ``columns`` count the elements of f and of x in row-major order; ``values`` is one
    expression of shape ``(number of non-zeros,)``; ``shape`` is ``(f.size, x.size)``.  It is not an
    expression itself: ``evaluate`` and ``compile`` take its ``values``.  It is for reading: each entry of small arrays prints
    as a formula.  For computing take its :attr:`matrix`, or :func:`sparse_jacobian` at once.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> J = eg.jacobian(eg.stack([x[0] ** 2, x[1]]), x, sparse=True)
    >>> J.rows, J.columns, J.values
    ((0, 1), (0, 1), [2*x[0], 1])
    >>> eg.evaluate(J.values, {x: [3.0, 4.0]})
    array([6., 1.])
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    values: Node
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        """The number of structural non-zeros."""
        return len(self.rows)

    @property
    def matrix(self) -> SparseMatrix:
        """The same entries, sorted, with arrays of positions: as :func:`sparse_jacobian` gives them, for SciPy and for compiled functions.

        >>> import exprgraph as eg
        >>> x = eg.Symbol("x", shape=3)
        >>> J = eg.jacobian(x[1:] * x[0], x, sparse=True).matrix
        >>> J, J.compile(x)([1.0, 2.0, 3.0]).toarray()
        (<SparseMatrix of shape (2, 3) with 4 entries, 0 colours>, array([[2., 1., 0.],
               [3., 0., 1.]]))
        """
        rows, columns = np.array(self.rows, int), np.array(self.columns, int)
        order, values = np.lexsort((columns, rows)), self.values
        if (order[1:] < order[:-1]).any():
            values = select(values, (Take(tuple(order.tolist())),))
        return SparseMatrix(rows[order], columns[order], values, self.shape)


def entries_of_jacobian(f: Node, x: Node, graph: ScalarGraph | None = None) -> SparseJacobian:
    """The structural non-zeros of the Jacobian of f, by its elements; ``graph`` has these if they are scalars already."""
    table = entry_derivatives(scalars_of(f) if graph is None else graph.parts, x, graph)
    rows: list[int] = []
    columns: list[int] = []
    values: list[Node] = []
    for r, row in enumerate(table):
        found = sorted(row)
        rows += [r] * len(found)
        columns += numbers_of(found, x.shape)
        values += [row[i] for i in found]
    node = stack(values) if values else zeros((0,))
    return SparseJacobian(tuple(rows), tuple(columns), node, (f.size, x.size))
