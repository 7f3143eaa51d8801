"""Linear systems and determinants by the factors of their matrix, which all that need them share.

The factors are nodes of generated code only, so that equal matrices are factorized once: also for a solution and the
derivative of another, or a determinant and the solution that its derivative is made of.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from ...canonical.contract import contract
from ...canonical.select import select
from ...functions.elementwise import Function, apply
from ...functions.rows import absolute, log
from ...graph import primitive
from ...graph.node import Node, Shape, make
from ...graph.primitive import Primitive
from ...graph.traverse import REBUILD
from ...graph.views import Contraction, Slice
from ...linalg.determinants import DET, LOGABSDET, SIGNDET
from ...linalg.eigen import EIGENVECTORS, EIGVALSH
from ...linalg.exponential import EXPM
from ...linalg.function import MatrixFunction, stack_axes
from ...linalg.orthogonal import ORTHONORMAL
from ...linalg.triangles import CHOLESKY, SOLVE_TRIANGULAR, Triangle
from .phases import REWRITTEN
from .routines import ROUTINE, Routine
from .schedule import LOWERING

# for generated code only: they have no derivatives, and are not in the table
#: ``lead + (n, n) -> lead + (n + 3, n)``
LU = Primitive("lu factors")
#: the solution by factors
LU_SOLVE = Primitive("lu solve")
LU_SOLVE_TRANSPOSED = Primitive("lu solve transposed")
#: ``lead + (n + 3, n) -> lead + (2,)``: the determinant and its sign
DETERMINANT = Primitive("lu determinant")

#: ``lead + (n, n) -> lead + (n + 1, n)``: eigenvalues, then eigenvectors
EIGH = Primitive("eigenvalues and eigenvectors")

for _row in (LU, LU_SOLVE, LU_SOLVE_TRANSPOSED, DETERMINANT, EIGH):
    REBUILD.fill(lambda node, args: make(node.op, args, node.params, node.shape), _row)
    LOWERING.fill(lambda s, node: s.alone(node, "routine"), _row)
for _own in (CHOLESKY, SOLVE_TRIANGULAR, EXPM, ORTHONORMAL):
    LOWERING.fill(lambda s, node: s.alone(node, "routine"), _own)
LOWERING.leave_out("it is solved by the factors of its matrix", primitive.SOLVE)
LOWERING.leave_out("it is computed from factors of its matrix", MatrixFunction)

#: up to so many rows, a determinant is computed by its definition
WRITTEN_OUT = 3
# as functions, since sums whose terms cancel would have no samples any more
_MINOR = Function(
    "minor_of_two_rows", numpy=lambda a, b, c, d: a * d - b * c, partials=(None,) * 4, code="({0} * {3} - {1} * {2})"
)
_BY_FIRST_ROW = Function(
    "determinant_by_the_first_row",
    numpy=lambda a, b, c, p, q, r: a * p - b * q + c * r,
    partials=(None,) * 6,
    code="({0} * {3} - {1} * {4} + {2} * {5})",
)


def stack_of(matrix: Node) -> tuple[Shape, int]:
    """The axes of a stack of matrices, and the number of matrices."""
    lead = matrix.shape[:-2]
    return lead, math.prod(lead)


def factors(matrix: Node) -> Node:
    """The factors of Gaussian elimination."""
    n = matrix.shape[-1]
    return make(LU, (matrix,), (), (*matrix.shape[:-2], n + 3, n))


def transposed(matrix: Node) -> Node | None:
    """The matrix of which a matrix is the transpose, if it is one by construction."""
    if matrix.op is not primitive.CONTRACT or len(matrix.args) != 1 or matrix.args[0].ndim != matrix.ndim:
        return None
    (labels,), _ = Contraction.of(matrix)
    every = list(range(matrix.ndim))
    return matrix.args[0] if list(labels) == [*every[:-2], every[-1], every[-2]] else None


@REWRITTEN.rule(primitive.SOLVE)
def _solve(node: Node) -> Node:
    a, b = node.args
    flipped = transposed(a)
    if flipped is None:
        return make(LU_SOLVE, (factors(a), b), (), node.shape)
    return make(LU_SOLVE_TRANSPOSED, (factors(flipped), b), (), node.shape)


def determinants(matrix: Node, which: int) -> Node:
    """The determinant (0) or its sign (1)."""
    whole = make(DETERMINANT, (factors(matrix),), (), (*matrix.shape[:-2], 2))
    return select(whole, (*((None,) * (matrix.ndim - 2)), which))


def diagonal(matrix: Node, rows: int) -> Node:
    """The diagonal of the first rows of a stack of matrices."""
    lead = list(range(matrix.ndim - 2))
    top = select(matrix, (*((None,) * len(lead)), Slice(0, 1, rows), None))
    return contract([(top, [*lead, "i", "i"])], [*lead, "i"])


@ROUTINE.rule(LU)
def _lu(node: Node) -> Routine:
    return Routine("lu", (node.shape[-1],), stack_of(node)[1])


@ROUTINE.rule(DETERMINANT)
def _determinant(node: Node) -> Routine:
    (w,) = node.args
    return Routine("determinant", (w.shape[-1],), stack_of(w)[1])


@ROUTINE.rule(LU_SOLVE, LU_SOLVE_TRANSPOSED)
def _by_factors(node: Node) -> Routine:
    w, b = node.args
    n, (_, stack) = w.shape[-1], stack_of(w)
    size = b.size // stack
    if node.op is LU_SOLVE:
        return Routine("lu_solve", (n, size // n), stack, columns=True)
    return Routine("lu_solve_transposed", (n, size // n), stack, size, columns=True)


# ---------------------------------------------------------------- determinants


@REWRITTEN.rule(DET)
def _written_out(node: Node) -> Node:
    (a,) = node.args
    n, lead = a.shape[-1], (None,) * stack_axes(node)
    if n > WRITTEN_OUT:
        return determinants(a, 0)
    rows = [[select(a, (*lead, i, j)) for j in range(n)] for i in range(n)]

    def minor(i: int, j: int) -> Node:  # of the last two rows
        return apply(_MINOR, rows[-2][i], rows[-2][j], rows[-1][i], rows[-1][j])

    return minor(0, 1) if n == 2 else apply(_BY_FIRST_ROW, *rows[0], minor(1, 2), minor(0, 2), minor(0, 1))


@REWRITTEN.rule(LOGABSDET)
def _logarithms_of_pivots(node: Node) -> Node:
    (a,) = node.args
    m: list[Hashable] = list(range(stack_axes(node)))
    return contract([(log(absolute(diagonal(factors(a), a.shape[-1]))), [*m, "i"])], m)


REWRITTEN.fill(lambda node: determinants(node.args[0], 1), SIGNDET)


# ---------------------------------------------------------------- triangles


@ROUTINE.rule(CHOLESKY)
def _cholesky(node: Node) -> Routine:
    return Routine("cholesky", (node.shape[-1],), stack_of(node)[1])


@ROUTINE.rule(SOLVE_TRIANGULAR)
def _triangular(node: Node) -> Routine:
    a, b = node.args
    triangle = Triangle(*node.params)
    n, (_, stack) = a.shape[-1], stack_of(a)
    steps = (1, n) if triangle.transposed else (n, 1)
    upper = int(triangle.lower == triangle.transposed)
    return Routine("triangular", (n, *steps, upper, int(not triangle.unit), b.size // (n * stack)), stack, n, columns=True)


# ---------------------------------------------------------------- eigenvalues


@REWRITTEN.rule(EIGVALSH, EIGENVECTORS)
def _part_of_eigh(node: Node) -> Node:
    (a,) = node.args
    n, lead = a.shape[-1], a.shape[:-2]
    both = make(EIGH, (a,), (), (*lead, n + 1, n))
    return select(both, (*((None,) * len(lead)), 0 if node.op is EIGVALSH else Slice(1, 1, n), None))


@ROUTINE.rule(EIGH)
def _eigh(node: Node) -> Routine:
    n = node.shape[-1]
    return Routine("eigh", (n,), stack_of(node)[1], 2 * n * n + 4 * n)


@ROUTINE.rule(EXPM)
def _expm(node: Node) -> Routine:
    n = node.shape[-1]
    return Routine("expm", (n, *(node.params or (n,))), stack_of(node)[1], 6 * n * n + 3 * n + 1)


@ROUTINE.rule(ORTHONORMAL)
def _orthonormal(node: Node) -> Routine:
    m, n = node.shape[-2:]
    return Routine("orthonormal", (m, n), stack_of(node)[1], m * n + 3 * n)
