"""From the values of a call to the arrays that compiled code takes, with all checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Argument, Bound
from exprgraph.support.names import shown

from ..errors import ArgumentError, DTypeError, ShapeError
from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Layout, Shape, Slot


def bind(arguments: Sequence[Argument], layout: Layout, values: Sequence[Any], check_shapes: bool) -> Bound:
    """The values of a call ``f(x, *values, parameters)`` as arrays, and the batch axes.

    Raises:
        ArgumentError: parameters take the place of an input.
        ShapeError, DTypeError, ParameterError: a value does not fit.
    """
    inputs = arguments[:-1]
    for a, value in zip(inputs, values):
        if type(value) in (np.ndarray, float, int, list):  # at once what there is most often
            continue
        if isinstance(value, (NeuralNetworkParameters, Mapping)) or isinstance(getattr(value, "params", None), NeuralNetworkParameters):
            raise ArgumentError(f"{_call(inputs)}: parameters come last, after the input; got {_whose(value)} as {shown(a.name)}")
    try:
        bound = eg.bind(values[:-1], inputs, batches="equal", called=shown, one_type=False)
    except ShapeError:
        if len(inputs) == 1 and _swapped(inputs[0], layout, *values):
            raise ArgumentError(
                f"{_call(inputs)}: parameters come last, after the input; got a vector of {layout.size} numbers, as many as there are "
                f"parameters, as {shown(inputs[0].name)}"
            ) from None
        raise
    return Bound.of([*bound.arrays, bind_parameters(layout, values[-1], check_shapes)], bound.batch)


def _call(inputs: Sequence[Argument]) -> str:
    return f"f({', '.join([*(shown(a.name) for a in inputs), 'parameters'])})"


def _swapped(argument: Argument, layout: Layout, first: Any, last: Any) -> bool:
    """Whether the two arrays of a call fit in the other order."""
    try:
        given, at = np.shape(first), np.shape(last)
    except ValueError:  # not an array, which has its own message
        return False
    return bool(given == (layout.size,) and at[len(at) - len(argument.shape) :] == argument.shape)


def _whose(value: Any) -> str:
    if isinstance(value, NeuralNetworkParameters):
        return "a container of parameters"
    return "a dict" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def bind_parameters(layout: Layout, ps: Any, check_shapes: bool) -> np.ndarray:
    """The flat vector of parameters given as a container, a nested dict, a network, or a flat vector."""
    if not isinstance(ps, (NeuralNetworkParameters, Mapping, np.ndarray)):
        ps = getattr(ps, "params", ps)  # a numeric network stands for its parameters
    if isinstance(ps, Mapping):
        ps = NeuralNetworkParameters(ps)
    if not isinstance(ps, NeuralNetworkParameters):
        flat = _flat_vector(ps, layout)
        if flat.shape != (layout.size,):
            raise ShapeError(f"parameters: expected a flat vector of shape ({layout.size},) ({layout.describe()}), got shape {flat.shape}")
        return flat
    if not ps.is_numeric:
        raise DTypeError("parameters: expected numbers, got expressions; nn.chain.initial_parameters(rng) gives numbers to begin with")
    if ps.layout == layout and ps.flat.ndim == 1:
        values: np.ndarray = ps.flat
        return values
    given = ps.leaves()
    pairs = [(own, given[slot.name]) for own, slot in zip(layout.slots, layout.order(ps.layout))]
    wrong = [(own, leaf) for own, leaf in pairs if leaf.shape != own.shape and (check_shapes or not _covers(own.shape, leaf.shape))]
    if wrong:
        raise ShapeError(_wrong_leaves(wrong, check_shapes))
    flat = np.empty(layout.size, ps.flat.dtype)
    for own, leaf in pairs:
        flat[own.offset : own.stop] = leaf[tuple(slice(n) for n in own.shape)].ravel()
    return flat


def _flat_vector(ps: Any, layout: Layout) -> np.ndarray:
    """Parameters that are not a container, as numbers."""
    try:
        return eg.real_array(ps, "parameters")
    except (DTypeError, ShapeError) as e:
        if hasattr(ps, "initial_parameters"):
            what = f"got a {type(ps).__name__}; its initial_parameters(rng) are a container"
        else:
            what = str(e).removeprefix("parameters: ").removeprefix("expected real numbers, ")
        kinds = f"a container, a nested dict, or a flat vector of {layout.size} numbers ({layout.describe()})"
        raise type(e)(f"parameters: expected {kinds}; {what}") from None


def _covers(declared: Shape, came: Shape) -> bool:
    return len(came) == len(declared) and all(n >= m for n, m in zip(came, declared))


def _wrong_leaves(wrong: list[tuple[Slot, np.ndarray]], check_shapes: bool) -> str:
    message = "; ".join(f"{own.name}: expected {own.shape}, got {leaf.shape}" for own, leaf in wrong[:8])
    if not check_shapes:
        return f"{message} (with check_shapes=False an array may be larger than declared, not smaller)"
    if all(_covers(own.shape, leaf.shape) for own, leaf in wrong):
        message += (
            ". An array larger than declared is most likely a mistake; "
            "build_nn_function(..., check_shapes=False) accepts it and reads its leading block"
        )
    return message


__all__ = ["bind", "bind_parameters"]
