"""The command ``evaluate``: derivatives of a network at the points of a file."""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..network.build import BuiltFunction, build_nn_function
from ..network.symbolic import SymbolicNeuralNetwork
from ..parameters.container import NeuralNetworkParameters
from ..parameters.npy import RowsOfFile
from .derivative_text import differentiate, name_of, parse_derivative
from .given import parameters, symbolic
from .network_text import parse_network
from .points import read_points
from .problem import InputError
from .results import check_target, named_arrays, table, write_results

#: from this number of points on, compiling pays off within one run, and NumPy's intermediate arrays grow large
_WORTH_COMPILING = 10_000


def run(options: argparse.Namespace) -> None:
    """Read, differentiate, evaluate, write, and print a summary."""
    _check_together(options)
    chain = parse_network(options.network)
    names = parse_derivative(options.derivative)
    nn = symbolic(chain)
    given = None if options.out is None else _read(options, nn)
    equations = differentiate(names, nn)
    name = name_of(names)
    if options.show:
        print(_shown(equations, name, options.show))
    if given is None and not options.source:
        return
    n = 0 if given is None else given[0].size // nn.input_size
    stored = given is not None and eg.blocks.is_stored(given[0])
    function = build_nn_function(_by_name(equations, name) if stored else equations, nn, **_choices(options, n))
    if options.source:
        print(function.source)
    if given is not None:
        with ExitStack() as stack:
            arrays = _in_files(function, given, options.out, stack) if stored else named_arrays(function(*given), name)
            write_results(options.out, arrays, given[0].ndim - 1)
            summary = table(arrays)
        print(f"{options.out}: {name} of {chain!r} at {n} point{'s' * (n != 1)}")
        print(summary)


def _check_together(options: argparse.Namespace) -> None:
    source = options.params if options.params is not None else options.init
    wanted = {"--points": options.points, "--out": options.out, "--params or --init": source}
    missing = [name for name, value in wanted.items() if value is None]
    only_looking = (options.show or options.source) and len(missing) == len(wanted)
    if missing and not only_looking:
        raise InputError(f"evaluate needs {', '.join(missing)} as well (without all three, give --show or --source)")


def _read(options: argparse.Namespace, nn: SymbolicNeuralNetwork) -> tuple[Any, NeuralNetworkParameters]:
    """The points and the parameters; first checks that the results can be written."""
    check_target(options.out, options.points, options.params)
    points = read_points(options.points, nn.input_size)
    return points, parameters(nn.chain, options.params, options.init)


def _by_name(equations: Any, name: str) -> dict[str, Node]:
    """The equations by the names of their arrays in the file of results."""
    container = isinstance(equations, NeuralNetworkParameters)
    return {label.replace(".", "/"): e for label, e in equations.leaves().items()} if container else {name: equations}


def _in_files(function: BuiltFunction, given: tuple[Any, NeuralNetworkParameters], out: str, stack: ExitStack) -> dict[str, RowsOfFile]:
    """The results at points that are read block by block, in files without names, which the system removes once they are closed."""
    points, params = given
    folder = os.path.dirname(os.path.abspath(out))
    arrays = {}
    for label, first in function(points[0:1], params).items():
        file = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (the stack closes it)
        arrays[label] = RowsOfFile(file, first.dtype, (points.shape[0], *first.shape[1:]))
    function(points, params, out=arrays)
    return arrays


def _shown(equations: Any, name: str, style: str) -> str:
    """The formula; a gradient has an equation for each parameter."""
    leaves: dict[str, Node] = equations.leaves() if isinstance(equations, NeuralNetworkParameters) else {name: equations}
    if style == "latex":
        return "\n".join(f"% {label}\n{eg.latex(leaf)}" for label, leaf in leaves.items())
    return "\n".join(f"{label} =\n{leaf}" for label, leaf in leaves.items())


def _choices(options: argparse.Namespace, points: int) -> dict[str, Any]:
    """Who computes, and in how many threads; NumPy and Numba use one."""
    backend = options.backend
    if backend == "auto":
        backend = "native" if points >= _WORTH_COMPILING else "numpy"
    return {"backend": backend, "threads": options.threads if backend == "native" else 1}
