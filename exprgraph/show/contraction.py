"""The familiar form of a contraction: transpose, matrix product, trace, diagonal ..., if it has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Union

from ..graph.node import Node
from ..graph.primitive import IDENTITY
from ..graph.views import Contraction

Labels = tuple[int, ...]


class Operand(NamedTuple):
    node: Node
    labels: Labels


class Transpose(NamedTuple):
    node: Node
    axes: Labels


class Broadcast(NamedTuple):
    """``node`` (its axes already in order) on some axes of the output."""

    node: Node
    labels: Labels


class Diag(NamedTuple):
    vector: Node


class Trace(NamedTuple):
    matrix: Node


class Diagonal(NamedTuple):
    matrix: Node


class AxisSum(NamedTuple):
    node: Node
    axes: Labels


class Outer(NamedTuple):
    left: Node
    right: Node


class MatMul(NamedTuple):
    """A product of two; a flag says that the matrix is transposed."""

    left: Node
    left_transposed: bool
    right: Node
    right_transposed: bool


class Scaled(NamedTuple):
    """A product without sums: operands with the output axes they extend over, in order."""

    operands: list[Operand]


class General(NamedTuple):
    """Any other contraction: operands with labels, and the output labels that no operand has."""

    operands: list[Operand]
    missing: Labels


Notation = Union[Transpose, Broadcast, Diag, Trace, Diagonal, AxisSum, Outer, MatMul, Scaled, General]


def operands_of(node: Node, key: Callable[[Node], str]) -> list[Operand]:
    """The operands with their labels, those of the first output axes first."""
    labels, sizes = Contraction.of(node)
    pairs = [Operand(a, ks) for a, ks in zip(node.args, labels)]
    last = len(sizes)
    return sorted(pairs, key=lambda p: (min(p.labels, default=last), p.labels, key(p.node)))


def familiar(node: Node, key: Callable[[Node], str]) -> Notation:
    """The form of a contraction; ``key`` orders operands that are otherwise equivalent."""
    operands = operands_of(node, key)
    ndim = len(node.shape)
    summed = len(Contraction.of(node).sizes) - ndim
    own = {k for _, ks in operands for k in ks}
    missing = tuple(k for k in range(ndim) if k not in own)
    if len(operands) == 1:
        form = _of_one(*operands[0], ndim, summed, missing)
    elif len(operands) == 2:
        form = _of_two(operands[0], operands[1], ndim, summed)
    else:
        form = None
    if form is not None:
        return form
    in_order = all(a.op is not IDENTITY and all(i < j for i, j in zip(ks, ks[1:])) for a, ks in operands)
    if not summed and not missing and in_order:
        return Scaled(operands)
    return General(operands, missing)


def _of_one(a: Node, ks: Labels, ndim: int, summed: int, missing: Labels) -> Notation | None:
    if len(set(ks)) < len(ks):
        if ks == (0, 0) and not missing:
            return Diagonal(a) if ndim else Trace(a)
        return None
    kept = tuple(k for k in ks if k < ndim)
    if summed:
        return AxisSum(a, tuple(i for i, k in enumerate(ks) if k >= ndim)) if kept == tuple(range(ndim)) else None
    if not missing:
        return Transpose(a, tuple(ks.index(k) for k in range(ndim)))
    return Broadcast(a, ks) if list(ks) == sorted(ks) else None


def _of_two(a: Operand, b: Operand, ndim: int, summed: int) -> Notation | None:
    if not summed:
        if ndim == 2 and (a.labels, b.labels) == ((0,), (0, 1)) and b.node.op is IDENTITY:
            return Diag(a.node)
        if ndim == 2 and (a.labels, b.labels) == ((0,), (1,)):
            return Outer(a.node, b.node)
        return None
    for p in (a, b):
        if len(p.labels) > 2 or len(set(p.labels)) < len(p.labels) or ndim not in p.labels or p.node.op is IDENTITY:
            return None
    if summed > 1 or set(a.labels) & set(b.labels) != {ndim} or len({*a.labels, *b.labels}) != ndim + 1:
        return None
    return MatMul(a.node, a.labels[0] == ndim and len(a.labels) == 2, b.node, b.labels[-1] == ndim and len(b.labels) == 2)


def chain(operands: list[Operand], ndim: int) -> list[tuple[Operand, str]] | None:
    """A product of matrices along a path from output axis 0, with vectors on its axes as diagonals.

    Each link is (operand, "" or "T" or "diag"); ``None`` if the contraction is not of this kind.
    """
    if ndim not in (1, 2) or any(p.node.op is IDENTITY for p in operands):
        return None
    rest = list(operands)
    links: list[tuple[Operand, str]] = []
    at = 0
    while True:
        here = [p for p in rest if at in p.labels]
        vectors = [p for p in here if p.labels == (at,)]
        matrices = [p for p in here if len(p.labels) == 2 and len(set(p.labels)) == 2]
        if len(vectors) + len(matrices) < len(here) or len(matrices) > 1:
            return None
        last = not matrices
        links.extend((p, "" if last and ndim == 1 else "diag") for p in vectors)
        rest = [p for p in rest if p not in here]
        if last:
            break
        if 0 < at < ndim:
            return None
        transposed = matrices[0].labels[0] != at
        links.append((matrices[0], "T" if transposed else ""))
        at = matrices[0].labels[0 if transposed else 1]
    ends = at == 1 if ndim == 2 else at != 0 and links[-1][1] == ""
    return links if ends and not rest and len(links) > 1 else None
