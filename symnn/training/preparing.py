"""The arguments of a training: checked, and brought into one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..layers.chain import Chain
from ..layers.layer import Layer
from ..losses import NetworkLoss
from ..network.binding import bind_parameters
from ..network.model import Frozen, Model
from ..network.numeric import NeuralNetwork
from ..network.symbolic import SymbolicNeuralNetwork
from ..network.unknown import Unknown
from ..objectives.objective import LossTerm, parameters_of
from ..parameters.container import NeuralNetworkParameters
from ..quantities import described
from .first_order.optimizer import BatchOptimizer
from .full_batch.lbfgs import LBFGS
from .full_batch.optimizer import FullBatchOptimizer


def check_order(nn: Any, loss: Any, data: Any) -> None:
    """Check the order of the first three arguments."""
    order = "train(network, loss, data):"
    if isinstance(nn, (NetworkLoss, LossTerm)) or isinstance(loss, (SymbolicNeuralNetwork, NeuralNetwork, Chain, Layer)):
        raise ArgumentError(f"{order} the network comes first, then the loss; got {described(nn)} and {described(loss)}")
    if isinstance(data, (NetworkLoss, LossTerm)):
        raise ArgumentError(f"{order} the loss comes before the data; got {described(loss)} as the loss and {described(data)} as data")
    for name, value in (("network", nn), ("loss", loss), ("data", data)):
        if isinstance(value, (BatchOptimizer, FullBatchOptimizer)):
            raise ArgumentError(f"{order} the optimizer is another argument, optimizer=...; got {described(value)} as {name}")


def check_optimizer(optimizer: Any, batch_size: Any, batches: Any, checkpoint: Any = None, resume: Any = None) -> None:
    """Check that it is one; full-batch optimizers take no batches."""
    if isinstance(optimizer, FullBatchOptimizer):
        name = type(optimizer).__name__
        if batch_size is not None or batches is not None:
            raise ArgumentError(f"{name} works on all samples at once: leave out batch_size and batches")
        if isinstance(optimizer, LBFGS) and optimizer.scipy and (checkpoint is not None or resume is not None):
            raise ArgumentError("LBFGS(scipy=True) is not resumed: leave out checkpoint and resume, or take LBFGS()")
    elif not isinstance(optimizer, BatchOptimizer):
        made = f"; make one: {optimizer.__name__}()" if isinstance(optimizer, type) else ""
        raise ArgumentError(f"expected an optimizer such as Adam(), got {described(optimizer)}{made}")


def network_of(nn: Any) -> Any:
    if isinstance(nn, (SymbolicNeuralNetwork, Model)) or (isinstance(nn, NeuralNetworkParameters) and not nn.is_numeric):
        return nn
    if isinstance(nn, Mapping):
        return Model(nn)
    several = isinstance(nn, (list, tuple)) and any(isinstance(part, (SymbolicNeuralNetwork, Unknown, Frozen)) for part in nn)
    if several or isinstance(nn, (Unknown, Frozen)):
        raise ArgumentError('several networks and unknowns have names in a dict, as in train({"u": nn, "nu": Unknown("nu", 0.01)}, ...)')
    if isinstance(nn, Layer) and not nn.layout().slots:
        raise ArgumentError(f"{nn!r} has no parameters: there is nothing to train.  Add a layer that has some, such as Dense(2, 1)")
    return SymbolicNeuralNetwork(nn)


def first_parameters(nn: Any, network: Any, params: Any, rng: np.random.Generator) -> np.ndarray:
    if isinstance(network, Model) and (params is None or isinstance(params, (Mapping, NeuralNetworkParameters))):
        params = network.initial_parameters(rng, params)
    if params is None:
        own = getattr(nn, "params", None)
        if isinstance(own, NeuralNetworkParameters) and own.is_numeric:
            params = own
        elif isinstance(network, SymbolicNeuralNetwork):
            params = network.chain.initial_parameters(rng)
        else:
            raise ArgumentError("a container of symbols has no first parameters of its own: give params=...")
    flat = bind_parameters(parameters_of(network).layout, params, check_shapes=True)
    return np.array(flat, dtype=np.float32 if flat.dtype == np.float32 else np.float64)


__all__ = ["check_optimizer", "check_order", "first_parameters", "network_of"]
