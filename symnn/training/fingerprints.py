"""Fingerprints of a training run: short texts, equal in every process, that differ if the runs differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.names import shown

from ..losses import NetworkLoss
from ..network.symbolic import SymbolicNeuralNetwork
from ..objectives.objective import LossTerm, Part


def about_run(nn: Any, loss: Any, parts: Sequence[Part], validated: Sequence[Part], dtype: np.dtype[Any]) -> dict[str, Any]:
    """The description that a checkpoint keeps, and that a resumed run must match."""
    return {
        "layers": of_network(nn),
        "terms of the loss": of_terms(loss, parts),
        "data": of_data(parts, dtype),
        "validation data": of_data(validated, dtype),
    }


def of_network(nn: Any) -> str:
    """The layers, and a digest of their expression, which distinguishes functions without names.

    >>> from symnn import Dense, SymbolicNeuralNetwork
    >>> from symnn.training.fingerprints import of_network
    >>> of_network(SymbolicNeuralNetwork(Dense(1, 1, "tanh"))).partition(" of")[0]
    "Chain(Dense(1, 1, 'tanh'))"
    """
    if not isinstance(nn, SymbolicNeuralNetwork):
        return "of a container"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(nn.chain))
    return f"{text} of digest {_of_node(nn.output)}"


def of_terms(loss: Any, parts: Sequence[Part]) -> list[str]:
    """Each term of a loss: its kind, and a digest of its expression; weights are data."""
    terms = loss if isinstance(loss, (list, tuple)) else [loss]
    kinds = [t.loss if isinstance(t, LossTerm) else t for t in terms]
    names = [type(k).__name__ if isinstance(k, NetworkLoss) else "an expression" for k in kinds]
    return [f"{name} of digest {_of_node(p.expression)}" for name, p in zip(names, parts)]


def of_data(parts: Sequence[Part], dtype: np.dtype[Any]) -> list[str]:
    """The shape of each array, and a digest of its numbers in the run's type; of a Dask array, which may be anywhere, its chunks."""
    found = []
    for k, p in enumerate(parts):
        for s, a in zip(p.symbols, p.arrays):
            term = f" in term {k}" if len(parts) > 1 else ""
            what = f"chunks {a.chunks[0]}" if eg.blocks.is_lazy(a) else f"digest {_of_numbers(a, dtype)}"
            found.append(f"{shown(s.name)}{term} of shape {tuple(a.shape)} and {what}")
    return sorted(found)


def _of_numbers(a: Any, dtype: np.dtype[Any]) -> str:
    """A digest of an array in memory or in a file, read block by block."""
    digest = blake2b(digest_size=8)
    for _, rows in eg.blocks.rows_of(a) if eg.blocks.is_stored(a) else [(0, a)]:
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(rows, dtype)
        digest.update(numbers.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _of_node(node: Node) -> str:
    return node.digest[:8].hex()


__all__ = ["about_run", "of_data", "of_network", "of_terms"]
