"""Layers, and chains of them."""

# messages list layers in the order of definition: simple ones first
# isort: off
from .layer import Layer
from .parameter import Parameter
from .dense import Affine, Dense, Linear
from .residual import Residual
from .flow import Flow
from .chain import Chain
from .adaptive import AdaptiveActivation
# isort: on

__all__ = ["AdaptiveActivation", "Affine", "Chain", "Dense", "Flow", "Layer", "Linear", "Parameter", "Residual"]
