"""A sparse matrix of derivatives: its positions, and its entries as one expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np

from ..canonical.select import select
from ..errors import ShapeError
from ..graph.node import Node
from ..graph.views import Take
from ..support.offered import offered

if TYPE_CHECKING:
    from ..lowering.call.function import CompiledFunction
    from ..meaning.binding import Argument

Format = Literal["csr", "csc", "coo"]


class SparseMatrix:
    """The entries of a Jacobian or a Hessian that are not zero everywhere.

    ``rows`` and ``columns`` are arrays of positions, which count elements in row-major order.  Entries are sorted by rows,
    then by columns.  ``values`` is one expression of shape ``(nnz,)``: ``evaluate`` and ``compile`` take it, and it has
    derivatives like any other.  ``shape`` is that of the whole matrix.  ``colours`` is the number of directions that were
    differentiated along together; 0 says that there were none: the entries themselves were carried through the graph.
    Matrices are equal if their shape, their positions and the expression of their entries are.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=4)
    >>> J = eg.sparse_jacobian(x[1:] - x[:-1] ** 2, x)
    >>> J
    <SparseMatrix of shape (3, 4) with 6 entries, 0 colours>
    >>> J.rows, J.columns
    (array([0, 0, 1, 1, 2, 2]), array([0, 1, 1, 2, 2, 3]))
    >>> eg.evaluate(J.values, {x: [1.0, 2.0, 3.0, 4.0]})
    array([-2.,  1., -4.,  1., -6.,  1.])
    """

    __slots__ = ("colours", "columns", "rows", "shape", "values")

    def __init__(self, rows: np.ndarray, columns: np.ndarray, values: Node, shape: tuple[int, int], colours: int = 0) -> None:
        self.rows = _fixed(rows)
        self.columns = _fixed(columns)
        self.values = values
        self.shape = shape
        self.colours = colours

    def __repr__(self) -> str:
        return f"<SparseMatrix of shape {self.shape} with {self.nnz} entries, {self.colours} colours>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseMatrix):
            return NotImplemented
        same = self.values is other.values and self.shape == other.shape
        return same and np.array_equal(self.rows, other.rows) and np.array_equal(self.columns, other.columns)

    def __hash__(self) -> int:
        return hash((self.values, self.shape))

    def __reduce__(self) -> tuple[Any, ...]:
        return SparseMatrix, (self.rows, self.columns, self.values, self.shape, self.colours)

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.rows)

    def to_scipy(self, data: Any, format: Format = "csr") -> Any:  # noqa: A002
        """The matrix of SciPy with the numbers of ``values``: a ``csr_array``, ``csc_array`` or ``coo_array``.

        Args:
            data: the numbers of ``values``, of shape ``(nnz,)``.
            format: "csr", "csc" or "coo".

        Raises:
            ShapeError: data has another shape.
            ValueError: the format is unknown.
            ImportError: SciPy is not installed.

        >>> import exprgraph as eg
        >>> x = eg.Symbol("x", shape=3)
        >>> J = eg.sparse_jacobian(x**2, x)
        >>> J.to_scipy(eg.evaluate(J.values, {x: [1.0, 2.0, 3.0]})).toarray()
        array([[2., 0., 0.],
               [0., 4., 0.],
               [0., 0., 6.]])
        """
        structure, given = Structure(self.rows, self.columns, self.shape, format), np.asarray(data)
        return structure.filled(given[structure.order] if given.shape == (self.nnz,) else given).copy()

    def compile(
        self, symbols: Node | Argument | Sequence[Node | Argument], format: Format = "csr", **options: Any  # noqa: A002
    ) -> SparseFunction:
        """A function of numbers that returns matrices of SciPy.

        Its matrices share the arrays of positions, which are computed once; only the numbers of entries are new.  Methods
        that move entries in place, such as ``eliminate_zeros``, work on a ``copy()``.

        Args:
            symbols: the arguments, in order, as for :func:`compile`.
            format: "csr", "csc" or "coo".
            options: those of :func:`compile`.

        Raises:
            ValueError: the format is unknown.
            UnboundSymbolError, TypeError: as in :func:`compile`.

        >>> import exprgraph as eg
        >>> x = eg.Symbol("x", shape=3)
        >>> fn = eg.sparse_jacobian(x[1:] * x[:-1], x).compile(x)
        >>> fn([1.0, 2.0, 3.0]).toarray()
        array([[2., 1., 0.],
               [0., 3., 2.]])
        """
        structure = Structure(self.rows, self.columns, self.shape, format)
        compiled: Any = offered("compile")
        values = self.values if structure.in_order else select(self.values, (Take(tuple(structure.order.tolist())),))
        return SparseFunction(compiled(values, symbols, **options), structure)


class SparseFunction:
    """A compiled sparse matrix: a call returns a matrix of SciPy.

    ``values`` is the compiled function of the entries alone, which takes batches and ``out=``.  ``rows`` and ``columns``
    are the positions of these entries, in their order.
    """

    __slots__ = ("_structure", "values")

    def __init__(self, values: CompiledFunction, structure: Structure) -> None:
        self.values = values
        self._structure = structure

    def __repr__(self) -> str:
        return f"<SparseFunction, a {self.format} matrix of shape {self.shape} with {len(self.rows)} entries>"

    @property
    def format(self) -> str:
        """The format of its matrices."""
        return self._structure.format

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of its matrices."""
        return self._structure.shape

    @property
    def rows(self) -> np.ndarray:
        """The row of each entry."""
        return self._structure.rows

    @property
    def columns(self) -> np.ndarray:
        """The column of each entry."""
        return self._structure.columns

    def __call__(self, *arguments: Any) -> Any:
        """The matrix at these arguments.

        Raises:
            ShapeError: an argument has batch axes; ``values`` takes these.
        """
        return self._structure.filled(self.values(*arguments))


class Structure:
    """The positions of a sparse matrix in one of SciPy's formats."""

    __slots__ = ("_make", "_pointers", "columns", "format", "in_order", "order", "rows", "shape")

    def __init__(self, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], format: str) -> None:  # noqa: A002
        if format not in ("csr", "csc", "coo"):
            raise ValueError(f'the format of a sparse matrix is "csr", "csc" or "coo", got {format!r}')
        by_columns = format == "csc"
        order = np.argsort(columns, kind="stable") if by_columns else np.arange(len(rows))
        self.format, self.shape, self.order = format, shape, order
        self.in_order = not by_columns or bool((order[1:] > order[:-1]).all())
        kind = np.int32 if max(*shape, len(rows)) < 2**31 else np.int64
        self.rows, self.columns = _fixed(rows[order].astype(kind)), _fixed(columns[order].astype(kind))
        counted, n = (columns, shape[1]) if by_columns else (rows, shape[0])
        self._pointers = _fixed(np.concatenate([[0], np.cumsum(np.bincount(counted, minlength=n))]).astype(kind))
        self._make: Union[Callable[..., Any], None] = None

    def __reduce__(self) -> tuple[Any, ...]:
        as_given = np.argsort(self.order)
        return Structure, (self.rows[as_given], self.columns[as_given], self.shape, self.format)

    def filled(self, data: np.ndarray) -> Any:
        """SciPy's matrix with these entries."""
        if data.shape != self.rows.shape:
            raise ShapeError(
                f"a sparse matrix takes the numbers of one sample, of shape {self.rows.shape}, got {data.shape}; "
                "the function's values are an array for all samples of a batch"
            )
        if self._make is None:
            self._make = self._maker()
        return self._make(data)

    def _maker(self) -> Callable[..., Any]:
        try:
            sparse: Any = import_module("scipy.sparse")
        except ImportError as error:
            raise ImportError(f"matrices of SciPy need it: pip install scipy ({error})") from error
        if self.format == "coo":
            return lambda data: sparse.coo_array((data, (self.rows, self.columns)), shape=self.shape)
        kind = sparse.csr_array if self.format == "csr" else sparse.csc_array
        indices = self.columns if self.format == "csr" else self.rows
        return lambda data: kind((data, indices, self._pointers), shape=self.shape)


def _fixed(positions: np.ndarray) -> np.ndarray:
    """Positions that nobody changes."""
    positions = np.ascontiguousarray(positions)
    positions.flags.writeable = False
    return positions


__all__ = ["Format", "SparseFunction", "SparseMatrix"]
