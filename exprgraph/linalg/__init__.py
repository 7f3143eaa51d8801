"""Linear algebra under NumPy's names: ``exprgraph.linalg.det`` is ``exprgraph.det``.

>>> import exprgraph as eg
>>> A = eg.Symbol("A", shape=(3, 3))
>>> eg.linalg.det(A) is eg.det(A)
True
"""

from __future__ import annotations

from ..language.linalg import inv, solve
from ..language.reductions import norm
from .compositions import lstsq, matrix_power, pinv, svd, svdvals
from .determinants import det, logabsdet, signdet, slogdet
from .eigen import eigenvectors, eigh, eigvalsh
from .exponential import expm
from .norms import cond
from .orthogonal import orthonormal, qr
from .triangles import cho_solve, cholesky, solve_triangular

__all__ = [
    "cho_solve",
    "cholesky",
    "cond",
    "det",
    "eigenvectors",
    "eigh",
    "eigvalsh",
    "expm",
    "inv",
    "logabsdet",
    "lstsq",
    "matrix_power",
    "norm",
    "orthonormal",
    "pinv",
    "qr",
    "signdet",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
]
