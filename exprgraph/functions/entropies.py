"""Rows of relative entropies, which keep their digits where both arguments are nearly equal."""

from __future__ import annotations

import math

from .choices import ratio
from .elementwise import ByFormula, Elementwise, row
from .transcendental import log

_inf = math.inf
_POSITIVE = [(0, _inf), (0, _inf)]

log_ratio: Elementwise = row(
    "log_ratio",
    ByFormula("log_ratio"),
    lambda x, y: 1 / x,
    lambda x, y: -1 / y,
    shown_as=lambda x, y: log(x / y),
    domain=_POSITIVE,
    sample=[(0.1, 3), (0.1, 3)],
    doc="log(x/y), for x and y of any size.",
    internal=True,
)
rel_entr: Elementwise = row(
    "rel_entr",
    ByFormula("rel_entr"),
    lambda x, y: log_ratio(x, y) + 1,
    lambda x, y: -ratio(x, y),
    latex=r"{0} \log\left( \frac{{{0}}}{{{1}}} \right)",
    domain=_POSITIVE,
    sample=[(0.1, 3), (0.1, 3)],
    doc="x*log(x/y); 0 where x is 0 and y is not negative, infinite where else one of them is not positive.",
)
kl_slope: Elementwise = row(
    "kl_slope",
    lambda x, y: (y - x) / y,
    lambda x, y: -1 / y,
    lambda x, y: ratio(x, y) / y,
    code="({1} - {0}) / {1}",
    shown_as=lambda x, y: 1 - x / y,
    domain=_POSITIVE,
    sample=[(0.1, 3), (0.1, 3)],
    doc="1 - x/y, with its digits where x and y are nearly equal, and those of its derivatives where x is small.",
    internal=True,
)
kl_div: Elementwise = row(
    "kl_div",
    ByFormula("kl_div"),
    lambda x, y: log_ratio(x, y),
    lambda x, y: kl_slope(x, y),
    latex=r"\operatorname{{kl}}\left( {0}, {1} \right)",
    domain=_POSITIVE,
    sample=[(0.1, 3), (0.1, 3)],
    doc="x*log(x/y) - x + y; y where x is 0 and y is not negative, infinite where else one of them is not positive.",
)

__all__ = ["kl_div", "kl_slope", "log_ratio", "rel_entr"]
