"""The examples of the document "Arbitrarily Combining Derivatives", computed with this package."""

from __future__ import annotations

import exprgraph as eg

from ..errors import ShapeError
from ..layers.chain import Chain
from ..layers.dense import Dense
from ..network.build import build_nn_function
from ..network.derivatives import Gradient, Jacobian, derivative
from ..network.symbolic import SymbolicNeuralNetwork, params
from ..parameters.container import NeuralNetworkParameters


def run(backend: str = "native") -> None:
    """Print each derivative of the document as mathematics, build the evaluator, print its number."""
    print("Arbitrarily combining derivatives of a neural network\n")

    print("1. The Jacobian of a network without bias, by its input: J[i, j] = d f_i / d x_j\n")
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh", use_bias=False)))
    _show("derivative(Jacobian(nn))", derivative(Jacobian(nn)))

    print("2. The gradient of its output, by its parameters\n")
    _show("derivative(Gradient(nn))[0].L1.W", derivative(Gradient(nn))[0].L1.W)

    print("3. With a bias: the Jacobian again\n")
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh")))
    J = Jacobian(nn)
    _show("derivative(J)", derivative(J))

    print("4. The gradient of each entry of that Jacobian, by all parameters; of entry [0, 0] by the bias\n")
    g = Gradient(derivative(J), nn)
    _show("derivative(g)[0, 0].L1.b", derivative(g)[0, 0].L1.b)

    print("5. The same as a function of numbers\n")
    x, ps = [1.0, 0.0], NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0]))
    f = build_nn_function(derivative(g), params(nn), nn.input, backend=backend)
    print("f = build_nn_function(derivative(g), params(nn), nn.input)")
    print("f([1.0, 0.0], NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0])))[0, 0].L1.b")
    print(f"    {float(f(x, ps)[0, 0].L1.b[0])!r}\n")

    print("6. The document's own call gives a 2x2 W to a Dense(2, 1).  That is an error here,\n")
    document = NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0], [0.0, 1.0]], b=[0.0, 0.0]))
    try:
        f(x, document)
    except ShapeError as e:
        print(f"    ShapeError: {e}\n")
    print("and with check_shapes=False the document's number:\n")
    lenient = build_nn_function(derivative(g), params(nn), nn.input, backend=backend, check_shapes=False)
    print(f"    {float(lenient(x, document)[0, 0].L1.b[0])!r}")


def _show(code: str, expression: eg.Node) -> None:
    print(f"{code}\n    {expression}\n\n{eg.latex(expression)}\n")
