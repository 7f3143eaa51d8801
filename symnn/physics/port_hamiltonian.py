"""Port-Hamiltonian systems: an energy, its dissipation, and ports through which energy comes and goes.

Sources: van der Schaft, Jeltsema, "Port-Hamiltonian systems theory" (2014); Desai et al., "Port-Hamiltonian neural networks for
learning explicit time-dependent dynamical systems" (2021).
"""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError, ShapeError
from .hamiltonian import rotated
from .states import degrees_of_freedom, scalar_of


def port_hamiltonian_field(energy: Any, z: Node, dissipation: Any = None, ports: Any = None, inputs: Any = None) -> Node:
    """The vector field ``(J - R) grad H(z) + G u`` of a port-Hamiltonian system, of shape ``z.shape``.

    With a positive semidefinite R, such as ``L @ L.T``, and without inputs, the energy never grows:
    ``dH/dt = -grad H . R grad H + (G.T grad H) . u``.

    Args:
        energy: H, an expression with one value, such as ``nn.output``.
        z: the state, positions then momenta, such as ``nn.input``.
        dissipation: R, an expression or numbers of shape ``(2n, 2n)``; a vector is its diagonal; ``None`` for none.
        ports: G, of shape ``(2n, inputs)``.
        inputs: u, of shape ``(inputs,)``.

    Raises:
        ShapeError: a shape does not fit.
        ArgumentError: there are ports without inputs, or inputs without ports.

    >>> import exprgraph as eg
    >>> from symnn.physics import port_hamiltonian_field
    >>> z = eg.Symbol("z", shape=(2,))
    >>> port_hamiltonian_field(z[0] ** 2 / 2 + z[1] ** 2 / 2, z, dissipation=[0.0, 0.3])
    [z[1], -z[0] - 0.3*z[1]]
    """
    n = degrees_of_freedom(z)
    if (ports is None) != (inputs is None):
        raise ArgumentError("port_hamiltonian_field: ports= and inputs= come together, G and u of G @ u")
    gradient = eg.gradient(scalar_of(energy, "an energy"), z)
    field: Node = rotated(gradient)
    if dissipation is not None:
        R = eg.as_expression(dissipation)
        if R.shape not in ((2 * n,), (2 * n, 2 * n)):
            raise ShapeError(f"dissipation: a matrix of shape {(2 * n, 2 * n)}, or its diagonal, got shape {R.shape}")
        field = field - (R * gradient if R.ndim == 1 else R @ gradient)
    if ports is not None:
        G, u = eg.as_expression(ports), eg.as_expression(inputs)
        if G.ndim != 2 or G.shape[0] != 2 * n or u.shape != (G.shape[1],):
            raise ShapeError(f"ports: a matrix of {2 * n} rows with a column for each input, got shapes {G.shape} and {u.shape}")
        field = field + G @ u
    return field


__all__ = ["port_hamiltonian_field"]
