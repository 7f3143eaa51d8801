"""Property-based testing of networks: random chains with parameters and data, and checks of their derivatives.

Built on :mod:`exprgraph.testing`; needs hypothesis and mpmath (the extra ``testing``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.testing import Disagreement, UnsmoothPointError, check_derivatives, difference, rounding_errors

from .activations import activate, activation_names
from .layers.chain import Chain
from .layers.dense import Dense
from .layers.layer import Layer
from .layers.residual import Residual
from .network.build import build_nn_function
from .network.derivatives import Gradient, Hessian, Jacobian, Laplacian, derivative
from .network.symbolic import SymbolicNeuralNetwork
from .parameters.container import NeuralNetworkParameters

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(f'symnn.testing needs hypothesis: pip install hypothesis mpmath ({error})') from error


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    inputs: int | None = None,
    outputs: int | None = None,
    layers: int = 3,
    width: int = 4,
    activations: Sequence[str] | None = None,
) -> SymbolicNeuralNetwork:
    """A strategy for networks, with and without biases, plain functions and residual blocks.

    Args:
        inputs, outputs: their numbers; drawn if not given.
        layers: the number of layers with parameters, at most.
        width: the number of neurons of a layer, at most.
        activations: names to choose from; by default all that are defined everywhere.

    >>> from hypothesis import given
    >>> from symnn.testing import networks
    >>> @given(networks(outputs=1))
    ... def test_one_output(nn):
    ...     assert nn.output.shape == (1,)
    >>> test_one_output()
    """
    names = list(activations or filter(_everywhere, activation_names()))
    count = draw(st.integers(1, layers))
    sizes = [draw(st.integers(1, width)) for _ in range(count + 1)]
    sizes[0] = inputs or sizes[0]
    sizes[-1] = outputs or sizes[-1]
    parts: list[Layer | Callable[[Node], Any]] = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        dense = Dense(n_in, n_out, draw(st.sampled_from(names)), draw(st.booleans()))
        parts.append(Residual(dense) if n_in == n_out and draw(st.booleans()) else dense)
        if draw(st.integers(0, 5)) == 5:
            parts.append(eg.tanh)
    return SymbolicNeuralNetwork(Chain(*parts))


def _everywhere(name: str) -> bool:
    """Whether an activation is finite on both sides of 0."""
    x = eg.Symbol("x")
    return bool(np.isfinite(eg.evaluate(activate(name, x), {x: np.linspace(-2.0, 2.0, 9)})).all())


@st.composite
def parameters(draw: st.DrawFn, nn: SymbolicNeuralNetwork) -> NeuralNetworkParameters:
    """A strategy for parameters of a network: a container of float64, with numbers of several sizes.

    >>> from hypothesis import given
    >>> from symnn import Dense, SymbolicNeuralNetwork
    >>> from symnn.testing import parameters
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1))
    >>> @given(parameters(nn))
    ... def test_they_fit(ps):
    ...     assert ps.layout == nn.layout and ps.flat.shape == (3,)
    >>> test_they_fit()
    """
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.sampled_from([0.3, 1.0, 2.0]))
    zeros = nn.chain.initial_parameters(seed=0)
    return zeros.like(scale * np.random.default_rng(seed).standard_normal(zeros.size))


@st.composite
def inputs(draw: st.DrawFn, nn: SymbolicNeuralNetwork, *, samples: int | None = None) -> np.ndarray:
    """A strategy for inputs of a network, of shape ``(samples, inputs)``, between -1.5 and 1.5.

    Args:
        nn: a symbolic network.
        samples: how many there are; by default one to seven.

    >>> from hypothesis import given
    >>> from symnn import Dense, SymbolicNeuralNetwork
    >>> from symnn.testing import inputs
    >>> @given(inputs(SymbolicNeuralNetwork(Dense(2, 1)), samples=4))
    ... def test_shape(x):
    ...     assert x.shape == (4, 2)
    >>> test_shape()
    """
    n = draw(st.integers(1, 7)) if samples is None else samples
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (n, *nn.input_shape))


@st.composite
def data(draw: st.DrawFn, nn: SymbolicNeuralNetwork, *, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A strategy for inputs and targets of the output's shape, with samples first, for losses and ``train``.

    Args:
        nn: a symbolic network.
        samples: how many there are; by default one to seven.

    >>> from hypothesis import given
    >>> from symnn import MSE, Dense, SymbolicNeuralNetwork
    >>> from symnn.testing import data
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1))
    >>> @given(data(nn))
    ... def test_a_loss_is_not_negative(xy):
    ...     x, y = xy
    ...     assert x.shape[1:] == (2,) and y.shape == (len(x), 1)
    ...     assert MSE()(nn, [0.1, 0.2, 0.3], x, y) >= 0
    >>> test_a_loss_is_not_negative()
    """
    x = draw(inputs(nn, samples=samples))
    seed = draw(st.integers(0, 2**32 - 1))
    return x, np.random.default_rng(seed).uniform(-1.5, 1.5, (len(x), *nn.output_shape))


def check_network(nn: Any, *, order: int = 2, seed: int = 0, compiled: bool = True) -> None:
    """Check a network's derivatives by its input and by all parameters, and compositions of them.

    :func:`exprgraph.testing.check_derivatives` checks the output along directions of input and parameters.
    Then ``Jacobian``, ``Hessian``, ``Laplacian`` and the ``Gradient`` of the output and of the Jacobian are built and
    called on a batch; NumPy and single samples must agree.

    Args:
        nn: a symbolic network, a chain or a layer; also layers of your own.
        order: the highest derivative.
        compiled: whether functions are compiled.

    Raises:
        Disagreement: results differ; the message has a program that shows it.
        UnsmoothPointError: the network has no derivative at the random point (an activation's kink); try another ``seed``.

    >>> from symnn import Chain, Dense
    >>> from symnn.testing import check_network
    >>> check_network(Chain(Dense(2, 3, "tanh"), Dense(3, 1)), compiled=False)
    """
    network = nn if isinstance(nn, SymbolicNeuralNetwork) else SymbolicNeuralNetwork(nn)
    rng = np.random.default_rng(seed)
    leaves = network.params.leaves()
    at = {network.input: rng.uniform(-1, 1, (2, *network.input_shape))}
    at |= {s: rng.standard_normal(s.shape) for s in leaves.values()}
    check_derivatives(network.output, order, at=at, compiled=compiled, seed=seed)
    _check_built(network, rng, compiled)


def _check_built(nn: SymbolicNeuralNetwork, rng: np.random.Generator, compiled: bool) -> None:
    jacobian = derivative(Jacobian(nn))
    equations: dict[str, Node] = {
        "output": nn.output,
        "Jacobian": jacobian,
        "Hessian": derivative(Hessian(nn)),
        "Laplacian": derivative(Laplacian(nn)),
        "Gradient": derivative(Gradient(nn)).flat,
        "Gradient of the Jacobian": derivative(Gradient(jacobian, nn)).flat,
    }
    if not nn.layout.slots:
        equations = {name: e for name, e in equations.items() if "Gradient" not in name}
    start = nn.chain.initial_parameters(seed=rng)
    ps = start.like(rng.standard_normal(start.size))
    x = rng.uniform(-1, 1, (5, *nn.input_shape))
    reference = build_nn_function(equations, nn, backend="numpy")
    whole = reference(x, ps)
    bindings: dict[Node, Any] = {nn.input: x}
    bindings |= {s: ps.leaves()[name] for name, s in nn.params.leaves().items()}
    allowed = dict(zip(equations, rounding_errors(list(equations.values()), bindings)))
    one_by_one = [reference(row, ps) for row in x]
    results = {"sample by sample": {name: np.stack([one[name] for one in one_by_one]) for name in equations}}
    if compiled:
        fn = build_nn_function(equations, nn)
        results["compiled"] = fn(x, ps)
        results["compiled, from a flat vector,"] = fn(x, ps.flat)
    for how, values in results.items():
        for name in equations:
            said = difference(f"the {name} {how}", values[name], "the batch by NumPy", whole[name], allowed[name] + 1e-300)
            if said is not None:
                raise Disagreement(said, f"from symnn import *\nfrom symnn.testing import check_network\ncheck_network({nn.chain!r})")


__all__ = ["Disagreement", "UnsmoothPointError", "check_network", "data", "inputs", "networks", "parameters"]
