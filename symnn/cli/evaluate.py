"""The main job: derivatives of a network at points from a file."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.node import Node

from ..build import build_nn_function
from ..chain import Chain
from ..errors import ExprGraphError
from ..network import NeuralNetwork
from ..parameters import NeuralNetworkParameters
from ..symbolic import SymbolicNeuralNetwork
from .derivative_text import differentiate, name_of, parse_derivative
from .network_text import parse_network
from .points import read_points, unreadable
from .problem import InputError
from .results import check_target, named_arrays, table, write_results


def run(options: argparse.Namespace) -> None:
    """Read, differentiate, evaluate, write, and say what was written."""
    _check_together(options)
    chain = parse_network(options.network)
    names = parse_derivative(options.derivative)
    nn = _symbolic(chain)
    if options.out is not None:
        check_target(options.out, options.points, options.params)
        points = read_points(options.points, nn.input_size)
        params = _parameters(chain, options.params, options.init)
    equations = differentiate(names, nn)
    if options.show:
        print(_shown(equations, name_of(names), options.show))
    if options.source or options.out is not None:
        function = build_nn_function(equations, nn, backend=options.backend)
        if options.source:
            print(function.source)
    if options.out is not None:
        arrays = named_arrays(function(points, params), name_of(names))
        write_results(options.out, arrays)
        print(f"{options.out}: {name_of(names)} of {chain!r} at {_count(points)}")
        print(table(arrays))


def _check_together(options: argparse.Namespace) -> None:
    parameters = options.params if options.params is not None else options.init
    wanted = {"--points": options.points, "--out": options.out, "--params or --init": parameters}
    missing = [name for name, value in wanted.items() if value is None]
    only_looking = (options.show or options.source) and len(missing) == len(wanted)
    if missing and not only_looking:
        raise InputError(f"evaluate needs {', '.join(missing)} as well (without all three, give --show or --source)")


def _symbolic(chain: Chain) -> SymbolicNeuralNetwork:
    try:
        return SymbolicNeuralNetwork(chain)
    except ExprGraphError as e:
        raise InputError(f"--network: {e}") from e


def _parameters(chain: Chain, path: str | None, seed: int | None) -> NeuralNetworkParameters:
    if path is None:
        return chain.initial_parameters(seed)
    try:
        return NeuralNetwork(chain, NeuralNetworkParameters.load(path)).params
    except OSError as e:
        raise unreadable(path, e) from e
    except ExprGraphError as e:
        raise InputError(str(e) if path in str(e) else f"{path}: {e}") from e


def _shown(equations: Any, name: str, style: str) -> str:
    """The formula: an equation for each parameter where it is a gradient."""
    leaves: dict[str, Node] = equations.leaves() if isinstance(equations, NeuralNetworkParameters) else {name: equations}
    if style == "latex":
        return "\n".join(f"% {label}\n{eg.latex(leaf)}" for label, leaf in leaves.items())
    return "\n".join(f"{label} =\n{leaf}" for label, leaf in leaves.items())


def _count(points: np.ndarray) -> str:
    n = points.size // points.shape[-1]
    return "1 point" if n == 1 else f"{n} points"
