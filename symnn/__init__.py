"""Neural networks as expressions: any composition of their derivatives, compiled.

>>> from symnn import Chain, Dense, Jacobian, SymbolicNeuralNetwork, derivative
>>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh")))
>>> derivative(Jacobian(nn)).shape
(1, 2)
"""

from . import starting as _starting  # noqa: F401  (before all that takes time)

# isort: split
from importlib import import_module as _import_module
from typing import Any

from exprgraph import __version__ as __version__

from .errors import ActivationError, ArgumentError, ParameterError, ParameterFileError, UnknownParameterError
from .layers import (
    GRU,
    LSTM,
    RNN,
    AdaptiveActivation,
    Affine,
    Chain,
    Coupling,
    Dense,
    Flow,
    Layer,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    NormalizingFlow,
    Parameter,
    Residual,
)
from .losses import MAE, MSE, FeedForwardLoss, Huber, Loss, NetworkLoss
from .network.build import BuiltFunction, build_nn_function
from .network.derivatives import Derivative, Gradient, Hessian, Jacobian, Laplacian, derivative
from .network.model import Frozen, Model
from .network.numeric import NeuralNetwork
from .network.symbolic import SymbolicNeuralNetwork, params
from .network.unknown import Unknown
from .objectives.objective import LossTerm, ResidualTerm
from .parameters.container import NeuralNetworkParameters
from .parameters.gradient_container import GradientContainer
from .training.first_order.adam import Adam, AdamW, NAdam
from .training.first_order.around import Accumulated, Ascending, Clipped, RatesByName
from .training.first_order.elementwise import GradientDescent, Lion, Momentum, RMSprop
from .training.first_order.muon import Muon
from .training.first_order.optimizer import BatchOptimizer, Optimizer
from .training.first_order.shaped import ShapedOptimizer
from .training.first_order.soap import SOAP
from .training.full_batch.gauss_newton import GaussNewton
from .training.full_batch.lbfgs import LBFGS
from .training.full_batch.levenberg_marquardt import LevenbergMarquardt
from .training.full_batch.optimizer import FullBatchOptimizer
from .training.full_batch.quasi_newton import BFGS, SSBroyden
from .training.pullback import SymbolicPullback
from .training.train import NonFiniteLossError, TrainingResult, train
from .training.trainer import Trainer

#: parts that are loaded when they are first named
_ON_DEMAND = ("adaptive", "physics", "plot", "points", "reports", "schedules", "testing")


#: what other packages call it
_ELSEWHERE = {
    "SGD": "GradientDescent, and Momentum", "RMSProp": "RMSprop", "Nadam": "NAdam", "Sequential": "Chain", "Module": "Layer",
    "MSELoss": "MSE", "L1Loss": "MAE", "HuberLoss": "Huber", "MultiheadAttention": "MultiHeadAttention", "fit": "train",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return _import_module(f"{__name__}.{name}")
    hint = f"; there is symnn.{_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})


__all__ = [
    "BFGS",
    "GRU",
    "LBFGS",
    "LSTM",
    "MAE",
    "MSE",
    "RNN",
    "SOAP",
    "Accumulated",
    "ActivationError",
    "Adam",
    "AdamW",
    "AdaptiveActivation",
    "Affine",
    "ArgumentError",
    "Ascending",
    "BatchOptimizer",
    "BuiltFunction",
    "Chain",
    "Clipped",
    "Coupling",
    "Dense",
    "Derivative",
    "FeedForwardLoss",
    "Flow",
    "Frozen",
    "FullBatchOptimizer",
    "GaussNewton",
    "Gradient",
    "GradientContainer",
    "GradientDescent",
    "Hessian",
    "Huber",
    "Jacobian",
    "Laplacian",
    "Layer",
    "LayerNorm",
    "LevenbergMarquardt",
    "Linear",
    "Lion",
    "Loss",
    "LossTerm",
    "Model",
    "Momentum",
    "MultiHeadAttention",
    "Muon",
    "NAdam",
    "NetworkLoss",
    "NeuralNetwork",
    "NeuralNetworkParameters",
    "NonFiniteLossError",
    "NormalizingFlow",
    "Optimizer",
    "Parameter",
    "ParameterError",
    "ParameterFileError",
    "RMSprop",
    "RatesByName",
    "Residual",
    "ResidualTerm",
    "SSBroyden",
    "ShapedOptimizer",
    "SymbolicNeuralNetwork",
    "SymbolicPullback",
    "Trainer",
    "TrainingResult",
    "Unknown",
    "UnknownParameterError",
    "build_nn_function",
    "derivative",
    "params",
    "train",
]
