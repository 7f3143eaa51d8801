"""Networks with structure: Hamiltonian and Lagrangian mechanics, equations with derivatives, fields.

Everything here is an expression of exprgraph.  Derivatives of any order, by the input or by the parameters, are exact.
"""

from .equations import partial, residual_terms
from .fields import curl, rotated_gradient
from .generic import GenericField
from .hamiltonian import HamiltonianLoss, ImplicitMidpointLoss, SymplecticEulerLoss, gradient_at, hamiltonian_field, symplectic_gradient
from .lagrangian import LagrangianLoss, VariationalMidpointLoss, acceleration, lagrangian_acceleration
from .layers import GradientLayer, HamiltonianLayer, SeparableLayer
from .port_hamiltonian import port_hamiltonian_field
from .symplectic import ActivationShear, GradientShear, HenonLayer, LinearShear, SympNet

__all__ = [
    "ActivationShear",
    "GenericField",
    "GradientLayer",
    "GradientShear",
    "HamiltonianLayer",
    "HamiltonianLoss",
    "HenonLayer",
    "ImplicitMidpointLoss",
    "LagrangianLoss",
    "LinearShear",
    "SeparableLayer",
    "SympNet",
    "SymplecticEulerLoss",
    "VariationalMidpointLoss",
    "acceleration",
    "curl",
    "gradient_at",
    "hamiltonian_field",
    "lagrangian_acceleration",
    "partial",
    "port_hamiltonian_field",
    "residual_terms",
    "rotated_gradient",
    "symplectic_gradient",
]
