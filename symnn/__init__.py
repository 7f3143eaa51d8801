"""Neural networks as expressions: any composition of their derivatives, compiled.

>>> from symnn import Chain, Dense, Jacobian, SymbolicNeuralNetwork, derivative
>>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh")))
>>> derivative(Jacobian(nn)).shape
(1, 2)
"""

from .build import BuiltFunction, build_nn_function
from .chain import Chain
from .derivatives import Derivative, Gradient, Hessian, Jacobian, Laplacian, derivative
from .errors import ActivationError, ArgumentError, ParameterError, ParameterFileError, UnknownParameterError
from .gradient_container import GradientContainer
from .layers import Affine, Dense, Layer, Linear, Residual
from .network import NeuralNetwork
from .parameters import NeuralNetworkParameters
from .symbolic import SymbolicNeuralNetwork, params

__all__ = [
    "ActivationError",
    "Affine",
    "ArgumentError",
    "BuiltFunction",
    "Chain",
    "Dense",
    "Derivative",
    "Gradient",
    "GradientContainer",
    "Hessian",
    "Jacobian",
    "Laplacian",
    "Layer",
    "Linear",
    "NeuralNetwork",
    "NeuralNetworkParameters",
    "ParameterError",
    "ParameterFileError",
    "Residual",
    "SymbolicNeuralNetwork",
    "UnknownParameterError",
    "build_nn_function",
    "derivative",
    "params",
]
