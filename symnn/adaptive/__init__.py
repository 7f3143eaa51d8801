"""Points and weights that follow the losses of a training: each is a function between two steps of a :class:`~symnn.Trainer`."""

from .balancing import gradient_norm_weights, ntk_weights
from .causal import causal_weights
from .refinement import largest_residuals, residual_points
from .samples import residual_attention, self_adaptive_weights

__all__ = [
    "causal_weights", "gradient_norm_weights", "largest_residuals", "ntk_weights", "residual_attention", "residual_points",
    "self_adaptive_weights",
]  # fmt: skip
