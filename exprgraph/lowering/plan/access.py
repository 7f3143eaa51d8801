"""Addresses of elements by affine index arithmetic, so that views cost nothing.

An index is affine in the loop variables.  Selections, permutations, broadcasts and diagonals only change the index; the
load reads an array in a buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from ...canonical.contract import is_structural
from ...graph.node import Node, Shape
from ...graph.primitive import CONSTANT, IDENTITY, SELECT, Primitive
from ...graph.views import Contraction, Slice, Take

#: an entry of an array in a round of a loop: a view along the first axis, at ``first + step * variable``
ROUND = Primitive("round")


class Affine(NamedTuple):
    """``const + sum of coefficient * variable``, in a fixed order of variables."""

    const: int
    terms: tuple[tuple[str, int], ...]

    def scaled(self, factor: int) -> Affine:
        return Affine(self.const * factor, tuple((v, c * factor) for v, c in self.terms))

    def plus(self, other: Affine) -> Affine:
        total = dict(self.terms)
        for v, c in other.terms:
            total[v] = total.get(v, 0) + c
        return Affine(self.const + other.const, tuple((v, c) for v, c in total.items() if c))


MultiIndex = tuple[Affine, ...]


@cache
def variable(name: str) -> Affine:
    return Affine(0, ((name, 1),))


class Location(NamedTuple):
    """An array in a buffer: lanes are rows of a block of samples.  ``rounds``: what the rounds of loops add to the offset."""

    buffer: str
    offset: int
    strides: tuple[int, ...]
    lanes: bool
    rounds: tuple[tuple[str, int], ...] = ()

    def at(self, index: MultiIndex) -> Affine:
        address = Affine(self.offset, self.rounds)
        for i, stride in zip(index, self.strides):
            address = address.plus(i.scaled(stride))
        return address


def contiguous(shape: Shape) -> tuple[int, ...]:
    """Row-major strides."""
    strides = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def is_view(node: Node) -> bool:
    """Whether a node is a view, never computed."""
    if node.op in (CONSTANT, IDENTITY, ROUND) or is_structural(node):
        return True
    return node.op is SELECT and not any(isinstance(e, Take) for e in node.params)


def range_of_vector(node: Node) -> tuple[Node, int] | None:
    """The vector of which a node is a range, and its start; None for other nodes."""
    if node.op is not SELECT or node.args[0].ndim != 1 or not isinstance(node.params[0], Slice) or node.params[0].step != 1:
        return None
    return node.args[0], node.params[0].start


def round_variable(depth: int) -> str:
    """The index of the loop over rounds, in loops of that depth."""
    return f"r{depth}"


def is_round(name: str) -> bool:
    """Whether a variable of an address counts the rounds of a loop."""
    return name[0] == "r"


class Element(NamedTuple):
    """An element of the array below a chain of views; it is zero unless the equalities hold."""

    node: Node | None  # None: the number 1 (a delta alone)
    at: MultiIndex
    equal: tuple[tuple[Affine, Affine], ...]


def through_views(node: Node, index: MultiIndex) -> Element:
    """The element that an element of a view reads."""
    equal: list[tuple[Affine, Affine]] = []
    while is_view(node) and node.op is not CONSTANT:
        if node.op is IDENTITY:
            equal.append((index[0], index[1]))
            return Element(None, (), tuple(equal))
        if node.op is SELECT:
            node, index = node.args[0], _selected(node.params, index)
            continue
        if node.op is ROUND:
            name, first, step, _ = node.params
            node, index = node.args[0], (Affine(first, ((name, step),)), *index)
            continue
        labels = Contraction.of(node).labels
        inner: tuple[Node, MultiIndex] | None = None
        for a, ks in zip(node.args, labels):
            at = tuple(index[k] for k in ks)
            if a.op is IDENTITY:
                equal.append((at[0], at[1]))
            else:
                inner = a, at
        if inner is None:
            return Element(None, (), tuple(equal))
        node, index = inner
    return Element(node, index, tuple(equal))


def _selected(entries: Sequence[object], index: MultiIndex) -> MultiIndex:
    rest = iter(index)
    out: list[Affine] = []
    for e in entries:
        if isinstance(e, int):
            out.append(Affine(e, ()))
        elif e is None:
            out.append(next(rest))
        else:
            assert isinstance(e, Slice)
            out.append(next(rest).scaled(e.step).plus(Affine(e.start, ())))
    return tuple(out)


@cache
def identity_index(ndim: int) -> MultiIndex:
    """The index of the current element of a loop nest."""
    return tuple(variable(f"i{k}") for k in range(ndim))


def flat_index(shape: Shape) -> Affine:
    """The position of the current element in row-major order."""
    flat = Affine(0, ())
    for i, stride in zip(identity_index(len(shape)), contiguous(shape)):
        flat = flat.plus(i.scaled(stride))
    return flat


__all__ = [
    "ROUND", "Affine", "Element", "Location", "MultiIndex", "contiguous", "flat_index", "identity_index", "is_round", "is_view",
    "range_of_vector", "round_variable", "through_views",
]  # fmt: skip
