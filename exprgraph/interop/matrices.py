"""Functions of matrices in SymPy: elements by their definition, where they have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..canonical.arithmetic import linear, power, product
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ExprGraphError
from ..functions.rows import absolute, log, sign
from ..graph.node import Node
from ..linalg.determinants import DET, LOGABSDET, SIGNDET
from ..linalg.function import MatrixFunction
from ..linalg.orthogonal import ORTHONORMAL
from ..linalg.triangles import CHOLESKY, SOLVE_TRIANGULAR, Triangle
from ..meaning.elements import elements
from .writing import SPELLED, laplace


@SPELLED.rule(MatrixFunction)
def _refused(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    raise ExprGraphError(f"to_sympy: the elements of {node.op.name} have no formula")


@SPELLED.rule(DET)
def _by_laplace(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    return laplace("a determinant", [list(row) for row in elements(node.args[0])[index]])


@SPELLED.rule(LOGABSDET, SIGNDET)
def _of_the_determinant(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    value = _by_laplace(node, index, tables)
    return log(absolute(value)) if node.op is LOGABSDET else sign(value)


def _less(first: Node, products: list[tuple[Node, Node]]) -> Node:
    """A number less some products."""
    return linear([(1.0, first), *((-1.0, product([(x, 1.0), (y, 1.0)])) for x, y in products)])


def _sum_of_products(xs: Sequence[Node], ys: Sequence[Node]) -> Node:
    return linear([(1.0, product([(x, 1.0), (y, 1.0)])) for x, y in zip(xs, ys)], 0.0, ())


def _tables(node: Node, tables: dict[Node, Any]) -> Any:
    """The elements of the arguments."""
    if node not in tables:
        tables[node] = [elements(a) for a in node.args]
    return tables[node]


@SPELLED.rule(CHOLESKY)
def _row_by_row(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    *stack, i, j = index
    if i < j:
        return as_node(0.0)
    (a,) = _tables(node, tables)
    own, other = ([select(node, (*stack, row, k)) for k in range(j)] for row in (i, j))
    rest = _less(as_node(a[index]), list(zip(own, other)))
    return power(rest, 0.5) if i == j else product([(rest, 1.0), (select(node, (*stack, j, j)), -1.0)])


@SPELLED.rule(ORTHONORMAL)
def _by_gram_and_schmidt(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    """A column without its parts along those before it, divided by its length."""
    *stack, i, k = index
    (a,) = _tables(node, tables)
    own = select(node, (*stack, None, k))
    if own not in tables:
        rows = range(node.shape[-2])
        column = [as_node(a[(*stack, r, k)]) for r in rows]
        before = [[select(node, (*stack, r, j)) for r in rows] for j in range(k)]
        shares = [_sum_of_products(q, column) for q in before]
        rest = [_less(column[r], [(q[r], share) for q, share in zip(before, shares)]) for r in rows]
        tables[own] = rest, power(_sum_of_products(rest, rest), -0.5)
    rest, factor = tables[own]
    return product([(rest[i], 1.0), (factor, 1.0)])


@SPELLED.rule(SOLVE_TRIANGULAR)
def _by_substitution(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    lower, transposed, unit = Triangle(*node.params)
    lead = node.args[0].ndim - 2
    stack, i, rest = index[:lead], index[lead], index[lead + 1 :]
    a, b = _tables(node, tables)
    known = range(i) if lower != transposed else range(i + 1, node.shape[lead])
    factors = [as_node(a[(*stack, *((k, i) if transposed else (i, k)))]) for k in known]
    value = _less(as_node(b[index]), [(f, select(node, (*stack, k, *rest))) for f, k in zip(factors, known)])
    return value if unit else product([(value, 1.0), (as_node(a[(*stack, i, i)]), -1.0)])
