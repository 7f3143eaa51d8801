"""The exponential of matrices by NumPy."""

from __future__ import annotations

import numpy as np

#: the coefficients of Pade's approximant of degree 13, and the norm up to which it is exact to float64's rounding
_B = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0, 10559470521600.0,
    670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_THETA = 5.371920351148152


def exponentials(a: np.ndarray, leading: int | None = None) -> np.ndarray:
    """The exponential of each matrix, (k, n, n), by scaling and squaring (Higham, 2005); NaN where one is not finite.

    The norm of the first ``leading`` rows and columns decides on the scale.

    >>> from exprgraph.support.exponential import exponentials
    >>> exponentials(np.array([[[0.0, 1.0], [0.0, 0.0]]]))
    array([[[1., 1.],
            [0., 1.]]])
    """
    norms = np.abs(a[:, :leading, :leading]).sum(axis=1).max(axis=1, initial=0.0)
    known = np.isfinite(a).all(axis=(1, 2)) & np.isfinite(norms)
    out = np.full_like(a, np.nan)
    squarings = np.zeros(len(a), int)
    squarings[known] = np.ceil(np.log2(np.maximum(norms[known] / _THETA, 1.0))).astype(int)
    s = a * np.ldexp(np.ones(len(a), a.dtype), -squarings)[:, None, None]
    one = np.eye(a.shape[-1], dtype=a.dtype)
    two = s @ s
    four = two @ two
    six = two @ four
    b = _B
    odd = s @ (six @ (b[13] * six + b[11] * four + b[9] * two) + b[7] * six + b[5] * four + b[3] * two + b[1] * one)
    even = six @ (b[12] * six + b[10] * four + b[8] * two) + b[6] * six + b[4] * four + b[2] * two + b[0] * one
    out[known] = np.linalg.solve((even - odd)[known], (even + odd)[known])
    for k in range(squarings.max(initial=0)):
        more = known & (squarings > k)
        out[more] = out[more] @ out[more]
    return out


__all__ = ["exponentials"]
