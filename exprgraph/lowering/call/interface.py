"""The arrays of a call from other code in this process: names, shapes, and the order of pointers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...functions.elementwise import is_boolean
from ...graph.node import Node, Shape
from ...meaning.binding import Argument


class ArgumentArray(NamedTuple):
    """An argument of a call from C: the pointer at its own position.

    Attributes:
        name: its name.
        shape: the shape of one sample's value.
        per_sample: whether each sample has its own value, one after another.
    """

    name: str
    shape: Shape
    per_sample: bool


class ResultArray(NamedTuple):
    """A result of a call from C.

    Attributes:
        name: its place in the nesting of the results, ``""`` for a single expression.
        shape: the shape of one sample's value.
        per_sample: whether each sample has its own value, one after another.
        boolean: whether it is true or false, as 1.0 and 0.0.
        pointer: the position of the pointer to it; 0 for all that are the same for all samples.
        offset: the position of its first number behind that pointer.
    """

    name: str
    shape: Shape
    per_sample: bool
    boolean: bool
    pointer: int
    offset: int


class CallInterface(NamedTuple):
    """What :attr:`CompiledFunction.address`, ``ctypes`` and ``kernel`` take.

    Attributes:
        arguments: the arguments, in order.
        results: the results, in order.
        workspace: the length of a workspace, in numbers.
    """

    arguments: tuple[ArgumentArray, ...]
    results: tuple[ResultArray, ...]
    workspace: int


def call_interface(
    arguments: Sequence[Argument], outputs: Sequence[Node], names: Sequence[str], per_sample: Sequence[bool], workspace: int
) -> CallInterface:
    """The interface of a function, some of whose results differ by sample."""
    results: list[ResultArray] = []
    lanes, at = 0, 0
    for name, o, lane in zip(names, outputs, per_sample):
        lanes += lane
        results.append(ResultArray(name, o.shape, lane, is_boolean(o), lanes if lane else 0, 0 if lane else at))
        at += 0 if lane else o.size
    return CallInterface(tuple(ArgumentArray(a.name, a.shape, a.per_sample) for a in arguments), tuple(results), workspace)


__all__ = ["ArgumentArray", "CallInterface", "ResultArray", "call_interface"]
