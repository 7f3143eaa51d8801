"""From the values of a call to the arrays that compiled code takes, with all checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.support.names import shown

from ..errors import ArgumentError, DTypeError, ShapeError
from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Layout, Shape, Slot
from .compiling import Variable

_DOUBLE = np.dtype(np.float64)
_SINGLE = np.dtype(np.float32)


def bind(variables: Sequence[Variable], layout: Layout, values: Sequence[Any], check_shapes: bool) -> tuple[list[np.ndarray], Shape]:
    """The values of a call ``f(x, *values, parameters)`` as arrays, and the batch axes.

    Raises:
        ArgumentError: parameters take the place of an input.
        ShapeError, DTypeError, ParameterError: a value does not fit.
    """
    for variable, value in zip(variables, values):
        if isinstance(value, (NeuralNetworkParameters, Mapping)) or isinstance(getattr(value, "params", None), NeuralNetworkParameters):
            raise ArgumentError(f"{_call(variables)}: parameters come last, after the input; got {_whose(value)} as {shown(variable.name)}")
    try:
        bound, lead = bind_variables(variables, values)
    except ShapeError:
        if len(variables) == 1 and _swapped(variables[0], layout, *values):
            raise ArgumentError(
                f"{_call(variables)}: parameters come last, after the input; got a vector of {layout.size} numbers, as many as there are "
                f"parameters, as {shown(variables[0].name)}"
            ) from None
        raise
    bound.append(bind_parameters(layout, values[-1], check_shapes))
    return bound, lead


def _call(variables: Sequence[Variable]) -> str:
    return f"f({', '.join([*(shown(v.name) for v in variables), 'parameters'])})"


def _swapped(variable: Variable, layout: Layout, first: Any, last: Any) -> bool:
    """Whether the two arrays of a call fit in the other order."""
    try:
        given, at = np.shape(first), np.shape(last)
    except ValueError:  # not an array, which has its own message
        return False
    return bool(given == (layout.size,) and at[len(at) - len(variable.shape) :] == variable.shape)


def _whose(value: Any) -> str:
    if isinstance(value, NeuralNetworkParameters):
        return "a container of parameters"
    return "a dict" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def bind_variables(variables: Sequence[Variable], values: Sequence[Any]) -> tuple[list[np.ndarray], Shape]:
    """The values as arrays, and the batch axes that the per-sample ones share.

    A per-sample value without batch axes holds for every sample.
    """
    arrays: list[np.ndarray] = []
    lead: Shape = ()
    leader = ""
    for variable, value in zip(variables, values):
        a = eg.real_array(value, shown(variable.name))
        own = a.ndim - len(variable.shape)
        if own < 0 or a.shape[own:] != variable.shape or (own and not variable.per_sample):
            raise ShapeError(_misfit(variable, a.shape))
        if own:
            batch = a.shape[:own]
            if not leader:
                lead, leader = batch, shown(variable.name)
            elif batch != lead:
                raise ShapeError(
                    f"{shown(variable.name)}: the batch axes {batch} do not fit those of {leader}, {lead}; "
                    f"expected shape {lead + variable.shape}, got {a.shape}"
                )
        arrays.append(a)
    if lead:
        for i, variable in enumerate(variables):
            if variable.per_sample and arrays[i].ndim == len(variable.shape):
                arrays[i] = np.broadcast_to(arrays[i], lead + variable.shape)
    return arrays, lead


def _misfit(variable: Variable, came: Shape) -> str:
    if not variable.per_sample:
        return f"{shown(variable.name)}: expected shape {variable.shape} (it is shared by all samples), got {came}"
    d = ", ".join(map(str, variable.shape))
    batch = f"(..., {d})" if d else "any"
    hint = ""
    if len(variable.shape) == 1 and len(came) == 2 and came[0] == variable.shape[0]:
        hint = "; samples come first, so pass the transpose"
    return f"{shown(variable.name)}: expected shape {variable.shape} for one sample, {batch} for a batch, got {came}{hint}"


def common_dtype(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """C-contiguous arrays of one type: float32 if all are float32, else float64."""
    dtype = _SINGLE if arrays and all(a.dtype == _SINGLE for a in arrays) else _DOUBLE
    return [np.asarray(a, dtype=dtype, order="C") for a in arrays]


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


__all__ = ["bind", "bind_parameters", "bind_variables", "common_dtype"]
