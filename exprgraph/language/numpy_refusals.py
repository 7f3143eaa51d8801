"""NumPy's functions that expressions cannot have, each with what to write instead."""

from __future__ import annotations

_VALUES = "this function needs numbers, such as the results of evaluate(x, {...}) or of a compiled function"
_IMMUTABLE = "expressions are immutable; make a new one with where(...), insert(...), concatenate([...]) or place(...)"
_POSITIONS = "the positions depend on values"
_BITS = "expressions are real numbers; & | ^ ~ combine conditions such as (x > 0) & (x < 1)"
_SHAPE = "the shape of the result depends on values"

#: by name, without the module: the reason and the remedy
REFUSALS: dict[str, str] = {
    **dict.fromkeys(
        ("allclose", "array_equal", "array_equiv"), "the answer would be a truth value; isclose(a, b) compares elements; " + _VALUES
    ),
    **dict.fromkeys(
        ("argsort", "argpartition", "lexsort"),
        f"{_POSITIONS}, and an expression is no index; sort(x) is the sorted array, and x[np.argsort(values)] has an order of known values",
    ),
    **dict.fromkeys(
        ("argmax", "argmin", "nanargmax", "nanargmin"),
        f"{_POSITIONS}, and an expression is no index; max(x), min(x) and where(equal(x, max(x)), ...) find the elements themselves",
    ),
    **dict.fromkeys(
        ("searchsorted", "digitize"),
        f"{_POSITIONS}; sum(edges < x) is the number of edges below a scalar x, interp(x, xp, fp) interpolates",
    ),
    **dict.fromkeys(
        ("nonzero", "flatnonzero", "argwhere"),
        f"{_SHAPE}; where(condition, a, b) chooses elementwise, sum(x, where=condition) reduces over a part"
    ),
    **dict.fromkeys(
        ("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "union1d", "intersect1d", "setdiff1d", "setxor1d",
         "trim_zeros"),
        f"{_SHAPE}; {_VALUES}",
    ),
    **dict.fromkeys(
        ("histogram2d", "histogramdd"),
        "histogram counts along one axis; bincount(positions, weights=x) adds at known positions",
    ),
    **dict.fromkeys(("copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"), _IMMUTABLE),
    "empty_like": "there is no array to fill later; zeros_like(x), or build the result with stack([...]) and concatenate([...])",
    **dict.fromkeys(
        ("bitwise_count", "left_shift", "right_shift",
         "bitwise_left_shift", "bitwise_right_shift", "packbits", "unpackbits"),
        _BITS,
    ),
    **dict.fromkeys(("gcd", "lcm"), "this function is for whole numbers; mod(a, b) is the remainder"),
    **dict.fromkeys(("frexp", "nextafter", "spacing"), f"the result shows how a float is stored; {_VALUES}"),
    **dict.fromkeys(
        ("roots", "polydiv"),
        f"{_VALUES}; polyval(p, x), polyadd and polymul take expressions",
    ),
    **dict.fromkeys(("save", "savez", "savez_compressed", "savetxt"), f"{_VALUES}; pickle.dump writes an expression"),
    **dict.fromkeys(("may_share_memory", "shares_memory"), "expressions have no memory; `is` asks whether two are the same"),
    **dict.fromkeys(
        ("isnat", "busday_count", "busday_offset", "is_busday", "datetime_as_string"),
        "expressions are real numbers, not dates",
    ),
    **dict.fromkeys(("unravel_index", "ravel_multi_index"), "an expression is no index"),
    **dict.fromkeys(("can_cast", "min_scalar_type", "sort_complex"), "expressions are float64"),
    "ix_": "an index is an array of numbers; np.ix_ of numbers makes an index for expressions",
    **dict.fromkeys(
        ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"),
        "the transform is complex; its parts are x @ cos(w) and -x @ sin(w) for w = 2*pi*outer(arange(n), arange(n))/n",
    ),
    **dict.fromkeys(("eig", "eigvals"), "its eigenvalues are complex numbers; eigh(a) is for symmetric matrices"),
    "matrix_rank": "the rank is a whole number that jumps; " + _VALUES,
}  # fmt: skip

__all__ = ["REFUSALS"]
