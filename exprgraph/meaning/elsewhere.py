"""Values that are not arrays in memory: files that are read by slices, and collections of other packages.

A module that knows a kind of them registers here; evaluation and compiled functions ask when a call has such a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph.node import Node
from .binding import Bound

#: types of values that are in memory, most of all values
_IN_MEMORY = frozenset({np.ndarray, float, int, list, tuple, dict, np.float64, np.float32})


class CallElsewhere(NamedTuple):
    """A call of a compiled function.

    Attributes:
        core: the compiled outputs.
        values: what the caller gives.
        bind: from values in memory to arrays, checked.
        repeated: for each output, whether it is repeated over the samples.
        out: where the results go; ``None`` for new ones.
    """

    core: Any  # compiled outputs, of a layer above
    values: tuple[Any, ...]
    bind: Callable[[tuple[Any, ...]], Bound]
    repeated: Sequence[bool]
    out: Sequence[Any] | None = None


class Kind(NamedTuple):
    """A kind of values.

    Attributes:
        is_one: whether a value is of this kind.
        call: the results of a call that has such values, in the order of the outputs.
        evaluate: the values of expressions by NumPy.
    """

    is_one: Callable[[Any], bool]
    call: Callable[[CallElsewhere], list[Any]]
    evaluate: Callable[[Sequence[Node], Mapping[Node, Any]], list[Any]]


#: the kinds; the first one that a call has answers it
KINDS: list[Kind] = []


def kind_of(values: Iterable[Any]) -> Kind | None:
    """The kind that answers a call with these values; ``None`` if all are in memory."""
    others = [v for v in values if type(v) not in _IN_MEMORY]
    return next((kind for kind in KINDS if any(map(kind.is_one, others))), None) if others else None


__all__ = ["KINDS", "CallElsewhere", "Kind", "kind_of"]
