"""Layers, and chains of them."""

# messages list layers in the order of definition: simple ones first
# isort: off
from .layer import Layer
from .parameter import Parameter
from .dense import Affine, Dense, Linear
from .residual import Residual
from .flow import Flow
from .chain import Chain
from .coupling import Coupling, NormalizingFlow
from .adaptive import AdaptiveActivation
from .recurrent import GRU, LSTM, RNN
from .layer_norm import LayerNorm
from .attention import MultiHeadAttention
# isort: on

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveActivation",
    "Affine",
    "Chain",
    "Coupling",
    "Dense",
    "Flow",
    "Layer",
    "LayerNorm",
    "Linear",
    "MultiHeadAttention",
    "NormalizingFlow",
    "Parameter",
    "Residual",
]
