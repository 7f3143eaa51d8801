"""Parameters chosen by patterns of their names, such as ``"*.W"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Union

import numpy as np

from ...errors import ArgumentError
from ...parameters.layout import Layout
from ...quantities import described

#: one pattern, or several: full names with ``*`` for any characters
Pattern = Union[str, Sequence[str]]


def check_pattern(what: str, pattern: Pattern | None) -> None:
    """Check that it is a text or a sequence of texts.

    Raises:
        ArgumentError: it is something else.
    """
    given = [pattern] if isinstance(pattern, str) else pattern
    if given is not None and (not isinstance(given, Sequence) or not given or not all(isinstance(p, str) for p in given)):
        raise ArgumentError(f'{what} is a pattern of names such as "*.W", or several, got {described(pattern)}')


def fits(name: str, pattern: Pattern) -> bool:
    """Whether a full name fits one of the patterns.

    >>> from symnn.training.first_order.patterns import fits
    >>> fits("L1.W", "*.W"), fits("L1.b", ["*.W", "L1.*"]), fits("L1.b", "*.W")
    (True, True, False)
    """
    return any(fnmatchcase(name, p) for p in ([pattern] if isinstance(pattern, str) else pattern))


def check_used(what: str, pattern: Pattern, layout: Layout) -> None:
    """Check that every pattern has a parameter that fits.

    Raises:
        ArgumentError: one has none.
    """
    names = [s.name for s in layout.slots]
    for p in [pattern] if isinstance(pattern, str) else pattern:
        if not any(fits(n, p) for n in names):
            raise ArgumentError(f"{what}: no parameter has a name like {p!r}; the names are: {', '.join(names)}")


def mask_of(what: str, pattern: Pattern, layout: Layout) -> np.ndarray:
    """1 for every number of the parameters that fit, else 0; flat.

    Raises:
        ArgumentError: a pattern fits none.
    """
    check_used(what, pattern, layout)
    return spread(layout, [float(fits(s.name, pattern)) for s in layout.slots])


def factors_of(what: str, factors: Mapping[str, float], layout: Layout) -> np.ndarray:
    """The factor of every number of the parameters, of the first pattern that fits, else 1; flat.

    Raises:
        ArgumentError: a pattern fits none.
    """
    check_used(what, list(factors), layout)
    return spread(layout, [next((f for p, f in factors.items() if fits(s.name, p)), 1.0) for s in layout.slots])


def spread(layout: Layout, values: Sequence[float]) -> np.ndarray:
    """A number for each parameter, repeated for all of its entries."""
    return np.repeat(np.array(values, dtype=float), [s.size for s in layout.slots])


__all__ = ["Pattern", "check_pattern", "check_used", "factors_of", "fits", "mask_of", "spread"]
