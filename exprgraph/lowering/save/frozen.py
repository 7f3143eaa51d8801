"""Numbers of arguments that a file holds, as users give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...graph.node import Node
from ...language.given import real_array
from ...meaning.binding import Argument
from ...support.names import brief, shown


def frozen_arguments(params: Any, arguments: Sequence[Argument]) -> dict[int, np.ndarray]:
    """Numbers by the position of their argument, from a dict of symbols or names to numbers.

    Raises:
        TypeError: it is no such dict.
        ValueError: there is no such argument.
        ShapeError, DTypeError: the numbers are no value of it.
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"params is a dict from arguments to their numbers, got {brief(params)}")
    found: dict[int, np.ndarray] = {}
    for key, value in params.items():
        at = position_of(key, arguments, "params")
        argument = arguments[at]
        numbers = real_array(value, f"params: argument {shown(argument.name)!r}")
        if numbers.shape != argument.shape:
            raise ShapeError(f"params: argument {shown(argument.name)!r}: expected shape {argument.shape}, got {numbers.shape}")
        found[at] = numbers
    return found


def position_of(key: Any, arguments: Sequence[Argument], what: str) -> int:
    """The position of an argument that is given by its name, its symbol, or itself.

    Raises:
        ValueError: there is no such argument, or several.
    """
    at = [k for k, a in enumerate(arguments) if _names(key, a)]
    if len(at) != 1:
        listed = ", ".join(shown(a.name) for a in arguments) or "none"
        raise ValueError(f"{what}: {'several arguments have' if at else 'no argument has'} the name {brief(key)}; arguments: {listed}")
    return at[0]


def _names(key: Any, argument: Argument) -> bool:
    if isinstance(key, Argument):
        return key.symbols == argument.symbols
    if isinstance(key, Node):
        return argument.symbols == ((key, 0),)
    return isinstance(key, str) and key == argument.name


__all__ = ["frozen_arguments", "position_of"]
