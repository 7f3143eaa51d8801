"""The gradient of an array-valued expression: parameters for every entry of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from exprgraph import Node

from ..errors import AxisError
from .container import NeuralNetworkParameters, from_flat, of_expressions
from .layout import Shape


class GradientContainer(NeuralNetworkParameters, leading_axes=True):
    """The parameters' gradient of each entry of an array ``f``.

    A leaf such as ``.L1.W`` has shape ``f.shape + W.shape``; ``flat`` has shape
    ``f.shape + (number of parameters,)``.  Indexing with an index of ``f`` gives the container of
    that entry.  For a scalar ``f`` the leaves are the gradient itself.

    Evaluated on a batch, the batch axes come first, before those of ``f``.

    >>> from symnn import Chain, Dense, Gradient, SymbolicNeuralNetwork, derivative
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 3, "tanh")))
    >>> g = derivative(Gradient(nn))
    >>> g.shape, g.L1.W.shape, g[0].L1.W.shape, g.flat.shape
    ((3,), (3, 3, 2), (3, 2), (3, 9))
    """

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """The axes that an index refers to: the axes of ``f``, after any batch axes."""
        return self._lead

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return super().__getitem__(key)
        index = key if isinstance(key, tuple) else (key,)
        self._check(index)
        index = index if any(k is Ellipsis for k in index) else (*index, Ellipsis)
        if self.is_numeric:
            return from_flat(self._layout, self._flat[_padded(index, len(self._lead), 1)])
        slots = self._layout.slots
        leaves: list[Node] = [self._at(s)[_padded(index, len(self._lead), len(s.shape))] for s in slots]
        lead = leaves[0].shape[: leaves[0].ndim - len(slots[0].shape)] if slots else ()
        return of_expressions(self._layout, leaves, lead)

    def _check(self, index: tuple[Any, ...]) -> None:
        named = [k for k in index if k is not None and k is not Ellipsis]
        if len(named) > len(self._lead):
            raise AxisError(
                f"index {index} has {len(named)} entries; the differentiated expression has shape {self._lead} "
                "(leaves such as .L1.W are indexed after that)"
            )
        before = next((i for i, k in enumerate(index) if k is Ellipsis), len(index))
        after = len(self._lead) - sum(k is not None for k in index[before + 1 :])
        for start, part in ((0, index[:before]), (after, index[before + 1 :])):
            for axis, k in enumerate((k for k in part if k is not None), start):
                if isinstance(k, (int, np.integer)) and not -self._lead[axis] <= k < self._lead[axis]:
                    raise AxisError(f"index {int(k)} is out of range for axis {axis} of shape {self._lead}")


def _padded(index: tuple[Any, ...], lead: int, trailing: int) -> tuple[Any, ...]:
    """An index of the leading axes as one of all axes."""
    at = next(i for i, k in enumerate(index) if k is Ellipsis)
    named = sum(k is not None and k is not Ellipsis for k in index)
    return (*index[:at], *[slice(None)] * (lead - named), *index[at + 1 :], *[slice(None)] * trailing)
