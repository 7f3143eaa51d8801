"""Conversion to and from other packages.

>>> import exprgraph as eg, exprgraph.interop
>>> x, y = eg.symbols("x y")
>>> e = eg.interop.to_sympy(eg.tanh(x * y) / 2)
>>> e
0.5*tanh(x*y)
>>> eg.interop.from_sympy(e) is eg.tanh(x * y) / 2
True

The first call imports SymPy; ``import exprgraph.interop`` does not.
"""

from __future__ import annotations

from . import lines as _lines  # noqa: F401  # whose rules write ordered arrays
from . import loops as _loops  # noqa: F401  # whose rules write loops
from . import matrices as _matrices  # noqa: F401  # whose rules write functions of matrices
from .reading import from_sympy
from .writing import to_sympy

__all__ = ["from_sympy", "to_sympy"]
