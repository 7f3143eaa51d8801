"""Functions of matrices in SymPy: elements by their definition, where they have one."""

from __future__ import annotations

from typing import Any

from ..errors import ExprGraphError
from ..functions.rows import absolute, log, sign
from ..graph.node import Node
from ..linalg.determinants import DET, LOGABSDET, SIGNDET
from ..linalg.function import MatrixFunction
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
