"""Linear algebra under NumPy's names: ``exprgraph.linalg.det`` is ``exprgraph.det``.

>>> import exprgraph as eg
>>> A = eg.Symbol("A", shape=(3, 3))
>>> eg.linalg.det(A) is eg.det(A)
True
"""

from __future__ import annotations

from ..language.linalg import inv, solve
from ..language.reductions import norm
from .determinants import det, logabsdet, signdet, slogdet

__all__ = ["det", "inv", "logabsdet", "norm", "signdet", "slogdet", "solve"]
