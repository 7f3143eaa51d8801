"""From nested names to ordered leaves, and to one vector of all numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.names import shown

from ..errors import ParameterError
from .layout import check_name


def gathered(tree: Any, container: type, where: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[Any]]:
    """The shapes of nested dicts and containers, and their leaves in order: arrays and expressions."""
    shapes: dict[str, Any] = {}
    leaves: list[Any] = []
    for name, value in tree.items():
        check_name(name, where)
        if isinstance(value, (Mapping, container)):
            shapes[name], below = gathered(value, container, (*where, name))
            leaves += below
        else:
            leaf = eg.as_expression(value) if eg.is_symbolic(value) else eg.real_array(value, ".".join((*where, name)))
            shapes[name] = leaf.shape
            leaves.append(leaf)
    return shapes, leaves


def refuse_symbols_given_twice(names: list[str], leaves: list[Any]) -> None:
    """An error if a container holds a symbol twice: networks with the same prefix share their symbols."""
    if not all(map(eg.is_symbol, leaves)):
        return
    owners: dict[Node, str] = {}
    for name, symbol in zip(names, leaves):
        before = owners.get(symbol)
        if before is not None:
            raise ParameterError(
                f"parameters: {before} and {name} are the same symbol, {shown(symbol.name)} of shape {symbol.shape}, as symbols of "
                "one name and shape are; give each network a prefix of its own, as in SymbolicNeuralNetwork(chain, prefix=\"V\") "
                "(parameters that a model uses twice go to nn.model(x, ...) in a plain dict)"
            )
        owners[symbol] = name


def packed(leaves: list[np.ndarray], size: int) -> np.ndarray:
    """All numbers in one vector; float32 if all leaves are."""
    single = bool(leaves) and all(v.dtype == np.float32 for v in leaves)
    flat = np.empty(size, np.float32 if single else np.float64)
    at = 0
    for v in leaves:
        flat[at : at + v.size] = v.ravel()
        at += v.size
    return flat


__all__ = ["gathered", "packed"]
