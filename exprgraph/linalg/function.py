"""A function of matrices: a row of the table, and the rules that all such rows share.

The arguments of a node have the same axes in front, a stack of matrices, and so has its value.  An element depends on all
elements of its matrices, and has no formula of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Union

import numpy as np

from ..calculus.branches import GATED_JVP, GATED_VJP, Found, Zeros
from ..calculus.gates import inside, together
from ..calculus.links import LINKS, Links, by_groups, grouped
from ..calculus.reach import REACH
from ..calculus.rules import JVP, VJP
from ..canonical.contract import contract
from ..canonical.select import select
from ..errors import ShapeError
from ..functions.elementwise import apply
from ..functions.rows import WHERE, absolute
from ..graph.leaves import array, constant, constant_values
from ..graph.node import Node, Params, Shape, make
from ..graph.primitive import Primitive
from ..graph.traverse import REBUILD
from ..mapping.rules import MAPPED, all_with_axes
from ..meaning.counting import COUNT
from ..meaning.elements import ELEMENT, EXPANSION, Expansion, Get
from ..meaning.evaluate import EVALUATE, Samples, batched
from ..show.latex import LATEX
from ..show.latex import by_name as latex_by_name
from ..show.plan import Plan, Rendered
from ..show.python import PYTHON, Script
from ..show.python import by_name as python_by_name
from ..show.text import TEXT
from ..show.text import by_name as text_by_name


class MatrixFunction(Primitive):
    """A row.

    Args:
        name: of the primitive, and of the function that users call.
        numpy: the values of a stack with one axis, from the parameters and stacks of arguments.
        core: the shape of a value, from the node's parameters and the shapes of arguments without axes in front.
        operations: scalar operations for one matrix, from the same.
        keywords: parameters as arguments of the function that users call.
    """

    __slots__ = ("core", "keywords", "numpy", "operations")

    def __init__(
        self,
        name: str,
        *,
        numpy: Callable[..., np.ndarray],
        core: Callable[..., Shape],
        operations: Callable[..., int],
        keywords: Callable[[Params], Mapping[str, object]] = lambda params: {},
    ) -> None:
        super().__init__(name)
        self.numpy = numpy
        self.core = core
        self.operations = operations
        self.keywords = keywords


def stack_axes(node: Node) -> int:
    """The number of axes in front of the matrices of a node's arguments."""
    return node.args[0].ndim - 2


def cores(node: Node) -> list[Shape]:
    """The shapes of the arguments of one matrix function, without axes in front."""
    lead = stack_axes(node)
    return [a.shape[lead:] for a in node.args]


def of_matrices(row: MatrixFunction, *args: Node, params: Params = ()) -> Node:
    """The canonical node of a row; the first argument has two axes behind those of the stack."""
    lead = args[0].shape[:-2]
    shape = (*lead, *row.core(params, *(a.shape[len(lead) :] for a in args)))
    if 0 in shape:
        return constant(0.0, shape)
    node = make(row, args, params, shape)
    known = constant_values(args)
    if known is None:
        return node
    with np.errstate(all="ignore"):
        return array(_evaluated(node, known, Samples((), np.dtype(float))))


def square(what: str, node: Node) -> Node:
    """The argument, if it is a square matrix or a stack of them.

    Raises:
        ShapeError: it is not.
    """
    if node.ndim < 2 or node.shape[-1] != node.shape[-2]:
        raise ShapeError(f"{what}: the matrix must be square, got shape {node.shape}")
    return node


# ---------------------------------------------------------------- one rule for all rows

REBUILD.fill(lambda node, args: of_matrices(_row(node), *args, params=node.params), MatrixFunction)


@MAPPED.rule(MatrixFunction)
def _mapped(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return of_matrices(_row(node), *all_with_axes(node, args, lead), params=node.params)


def _row(node: Node) -> MatrixFunction:
    assert isinstance(node.op, MatrixFunction)
    return node.op


@EVALUATE.rule(MatrixFunction)
def _evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    given = batched(values, node.args)
    own = cores(node)
    front = given[0].shape[: given[0].ndim - len(own[0])]
    count = math.prod(front)
    stacks = [v.reshape((count, *core)) for v, core in zip(given, own)]
    value = _row(node).numpy(node.params, *stacks) if count else np.empty((0, *node.shape[stack_axes(node) :]))
    return np.asarray(value, stacks[0].dtype).reshape((*front, *node.shape[stack_axes(node) :]))


@COUNT.rule(MatrixFunction)
def _operations(node: Node) -> int:
    lead = node.args[0].shape[: stack_axes(node)]
    return math.prod(lead) * _row(node).operations(node.params, *cores(node))


@REACH.rule(MatrixFunction)
def _reached(node: Node, mask: np.ndarray) -> Sequence[Union[np.ndarray, None]]:
    lead = stack_axes(node)
    matrices = mask.any(axis=tuple(range(lead, mask.ndim)), keepdims=True).reshape(mask.shape[:lead])
    return [np.broadcast_to(matrices.reshape(matrices.shape + (1,) * (a.ndim - lead)), a.shape) for a in node.args]


@LINKS.rule(MatrixFunction)
def _links(node: Node, k: int) -> Links:
    """All elements of a matrix's value depend on all of the matrix."""
    lead, a = stack_axes(node), node.args[k]
    before, count = grouped(a.shape, range(lead, a.ndim))
    after, _ = grouped(node.shape, range(lead, node.ndim))
    return by_groups(before, after, count)


@ELEMENT.rule(MatrixFunction)
def _element(node: Node, index: tuple[int, ...], get: Get) -> Node:
    return select(node, index)


@EXPANSION.rule(MatrixFunction)
def _not_expanded(node: Node) -> Expansion:
    return Expansion(_operations(node) // max(node.size, 1), ())


@GATED_JVP.rule(MatrixFunction)
def _tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    """Matrices whose tangent is zero have the tangent zero, whatever the derivative."""
    made = JVP[node.op](node, tangents, extra)
    if made is None:
        return None, None
    lead = stack_axes(node)
    live = [(t, z) for t, z in zip(tangents, zeros) if t is not None]
    reached = [_over_matrices(t, lead, t.ndim - len(extra)) for t, _ in live]
    front, own = node.shape[:lead], node.shape[lead:]
    total = reached[0] if len(reached) == 1 else sum(reached[1:], reached[0])
    axes = [*range(lead), *(("own", k) for k in range(len(own))), *(("e", k) for k in range(len(extra)))]
    size = dict(zip(axes, (*front, *own, *extra)))
    whole = contract([(total, [*range(lead), *(("e", k) for k in range(len(extra)))])], axes, size)
    return apply(WHERE, whole, made, 0.0), inside(together([z for _, z in live]))


@GATED_VJP.rule(MatrixFunction)
def _cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    lead, e = stack_axes(node), len(extra)
    reached = _over_matrices(ct, e + lead, ct.ndim)
    front: list[Hashable] = list(range(e + lead))
    out: list[Found] = []
    for arg, made in zip(node.args, VJP[node.op](node, ct, extra)):
        if made is None:
            out.append((None, None))
            continue
        every = [*front, *(("own", k) for k in range(arg.ndim - lead))]
        whole = contract([(reached, front)], every, dict(zip(every, made.shape)))
        out.append((apply(WHERE, whole, made, 0.0), inside(zeros)))
    return out


def _over_matrices(value: Node, start: int, stop: int) -> Node:
    """The sum of absolute values over the axes of matrices."""
    axes: list[Hashable] = list(range(value.ndim))
    return contract([(absolute(value), axes)], [k for k in range(value.ndim) if not start <= k < stop])


# ---------------------------------------------------------------- printing


def _with_keywords(node: Node, call: str) -> str:
    given = _row(node).keywords(node.params)
    return call[:-1] + "".join(f", {name}={value!r}" for name, value in given.items()) + ")"


@TEXT.rule(MatrixFunction)
def _text(plan: Plan, node: Node, place: Node) -> Rendered:
    shown = text_by_name(plan, node, place)
    return shown._replace(text=_with_keywords(node, shown.text))


@PYTHON.rule(MatrixFunction)
def _python(code: Script, node: Node) -> str:
    return _with_keywords(node, python_by_name(code, node))


LATEX.fill(latex_by_name, MatrixFunction)

__all__ = ["MatrixFunction", "cores", "of_matrices", "square", "stack_axes"]
