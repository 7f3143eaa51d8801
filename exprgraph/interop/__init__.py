"""Conversion to and from other packages, and programs for their optimizers.

>>> import exprgraph as eg, exprgraph.interop
>>> x, y = eg.symbols("x y")
>>> e = eg.interop.to_sympy(eg.tanh(x * y) / 2)
>>> e
0.5*tanh(x*y)
>>> eg.interop.from_sympy(e) is eg.tanh(x * y) / 2
True

The first conversion imports SymPy, and the first solution an optimizer; ``import exprgraph.interop`` does not.
"""

from __future__ import annotations

from . import lines as _lines  # noqa: F401  # whose rules write ordered arrays
from . import loops as _loops  # noqa: F401  # whose rules write loops
from . import matrices as _matrices  # noqa: F401  # whose rules write functions of matrices
from .nlp import NonlinearProgram, nlp
from .optimizers import ForIpopt, Solution
from .reading import from_sympy
from .writing import to_sympy

__all__ = ["ForIpopt", "NonlinearProgram", "Solution", "from_sympy", "nlp", "to_sympy"]
