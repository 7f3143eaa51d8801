"""A network and its parameters, as options give them."""

from __future__ import annotations

import os

from ..errors import ExprGraphError
from ..layers.chain import Chain
from ..network.numeric import NeuralNetwork
from ..network.symbolic import SymbolicNeuralNetwork
from ..parameters.container import NeuralNetworkParameters
from .datasets import file_of, unreadable
from .problem import InputError


def symbolic(chain: Chain) -> SymbolicNeuralNetwork:
    """The network of a chain.

    Raises:
        InputError: its layers do not fit together.
    """
    try:
        return SymbolicNeuralNetwork(chain)
    except ExprGraphError as e:
        raise InputError(f"--network: {e}") from e


def parameters(chain: Chain, path: str | None, seed: int | None) -> NeuralNetworkParameters:
    """The parameters of a file; without one, initial parameters from a seed.

    Raises:
        InputError: the file cannot be read, or does not have the parameters of the chain.
    """
    if path is None:
        return chain.initial_parameters(seed)
    try:
        return NeuralNetwork(chain, NeuralNetworkParameters.load(path)).params
    except OSError as e:
        raise unreadable(path, e) from e
    except ExprGraphError as e:
        raise InputError(str(e) if path in str(e) else f"{path}: {e}") from e


def check_not_read(path: str, *sources: str | None) -> None:
    """Check that a file to write is none of those that are read.

    Raises:
        InputError: it is.
    """
    for source in (None if s is None else file_of(s) for s in sources):
        if source is not None and os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise InputError(f"--out: {path} would replace the file that is read from, {source}")


__all__ = ["check_not_read", "parameters", "symbolic"]
