"""The entries of a sparse Jacobian of short arrays, which are expanded to scalars.

Sweeps along directions compute many zeros.  Scalars have only the entries, and there are few.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ..canonical.joining import stack
from ..graph.leaves import constant
from ..graph.node import Node
from ..graph.traverse import topological
from ..support.patterns import Pattern
from .entries import entry_derivatives, scalars_of
from .patterns import Size

#: arrays have at most so many elements on average
_ON_AVERAGE = 10
#: and all together
_ELEMENTS = 600
#: entries of all arrays together; and scalars of the result, whose code takes a tenth of a millisecond each
_ENTRIES, _SCALARS = 2000, 1500


def has_short_arrays(active: Collection[Node], size: Size) -> bool:
    """Whether there are few elements, in short arrays, with few entries."""
    total = sum(n.size for n in active)
    return total <= min(_ELEMENTS, _ON_AVERAGE * len(active)) and sum(size.entries.values()) <= _ENTRIES


def expanded(outputs: Sequence[Node], xs: Sequence[Node], pattern: Pattern, symmetric: bool) -> Node | None:
    """The entries of the Jacobian of all outputs by all symbols, in the pattern's order; of a symmetric one, those of one side twice.

    ``None``, if they are expressions of many scalars.
    """
    parts = [part for f in outputs for part in scalars_of(f)]
    found: dict[tuple[int, int], Node] = {}
    start = 0
    for x in xs:
        for r, row in enumerate(entry_derivatives(parts, x)):
            for index, value in row.items():
                found[r, start + int(np.ravel_multi_index(index, x.shape) if index else 0)] = value
        start += x.size
    places = zip(pattern.rows.tolist(), pattern.columns.tolist())
    read = [(max(at), min(at)) for at in places] if symmetric else list(places)
    values = [found.get(at, constant(0.0)) for at in read]
    if len(topological(values)) > _SCALARS:
        return None
    return stack(values)


__all__ = ["expanded", "has_short_arrays"]
