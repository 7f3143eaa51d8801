"""Networks with structure: Hamiltonian and Lagrangian mechanics, equations with derivatives, fields.

Everything here is an expression of exprgraph.  Derivatives of any order, by the input or by the parameters, are exact.
"""

from .equations import partial, residual_terms
from .fields import curl, rotated_gradient
from .hamiltonian import HamiltonianLoss, ImplicitMidpointLoss, SymplecticEulerLoss, gradient_at, hamiltonian_field, symplectic_gradient
from .lagrangian import LagrangianLoss, VariationalMidpointLoss, acceleration, lagrangian_acceleration
from .layers import GradientLayer, HamiltonianLayer, SeparableLayer

__all__ = [
    "GradientLayer",
    "HamiltonianLayer",
    "HamiltonianLoss",
    "ImplicitMidpointLoss",
    "LagrangianLoss",
    "SeparableLayer",
    "SymplecticEulerLoss",
    "VariationalMidpointLoss",
    "acceleration",
    "curl",
    "gradient_at",
    "hamiltonian_field",
    "lagrangian_acceleration",
    "partial",
    "residual_terms",
    "rotated_gradient",
    "symplectic_gradient",
]
