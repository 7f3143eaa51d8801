"""The reason why a loss is not finite: parameters, data, or steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.support.names import shown

from ..objectives.objective import Part
from ..parameters.container import NeuralNetworkParameters

ADVICE = "Try a smaller learning rate, or look for points where the loss is not smooth"


def reason(params: NeuralNetworkParameters, parts: Sequence[Part], begun: bool) -> str:
    """The reason why a loss or its gradient is not finite, and advice.

    It is called once the loss is not finite, not before: a loss may mask NaN in its data, with
    ``eg.where(eg.equal(y, y), ..., 0)``.

    Args:
        params: the parameters where the loss is not finite.
        parts: the terms of the loss with their data.
        begun: whether any step was made.
    """
    wrong = [found for name, leaf in params.leaves().items() if (found := _described(name, [(0, np.asarray(leaf))]))]
    if wrong:
        what = "Try a smaller learning rate" if begun else "Begin with finite ones: params=..."
        return f"The parameters are not finite: {_few(wrong)}. {what}"
    wrong = of_data(parts, params.dtype)
    if wrong:
        rate = "; if the loss does so already, try a smaller learning rate" if begun else ""
        return f"The data are not finite: {_few(wrong)}. Leave such samples out, or mask them in the loss with eg.where{rate}"
    unread = [name for name, _, a in _data(parts) if eg.blocks.is_lazy(a)]
    return ADVICE + (f". Data of Dask were not searched for NaN: {_few(unread)}" if unread else "")


def of_data(parts: Sequence[Part], dtype: np.dtype[np.generic] | None) -> list[str]:
    """For each symbol with values that are not finite in that type: their number, and the first position."""
    out = []
    for name, symbol, a in _data(parts):
        blocks = eg.blocks.rows_of(a) if eg.blocks.is_stored(a) else [] if eg.blocks.is_lazy(a) else [(0, a)]
        with np.errstate(over="ignore"):
            found = _described(name, ((first, rows.astype(dtype, copy=False)) for first, rows in blocks), symbol.per_sample)
        if found:
            out.append(found)
    return out


def _data(parts: Sequence[Part]) -> Iterator[tuple[str, eg.Node, Any]]:
    """The name in messages, the symbol and the value of all data."""
    for k, part in enumerate(parts, 1):
        term = f" of term {k}" if len(parts) > 1 else ""
        for symbol, a in zip(part.symbols, part.arrays):
            yield f"{shown(symbol.name)}{term}", symbol, a


def _described(name: str, blocks: Iterable[tuple[int, np.ndarray]], per_sample: bool = False) -> str | None:
    """The numbers of an array that are not finite; its blocks of rows come with the numbers of their first rows."""
    size = nans = bad = 0
    index: list[int] | None = None
    for first, a in blocks:
        finite = np.isfinite(a)
        size += a.size
        if finite.all():
            continue
        nans, bad = nans + int(np.isnan(a).sum()), bad + int(a.size - finite.sum())
        if index is None:
            index = [int(i) for i in np.unravel_index(int(np.argmin(finite)), a.shape)]
            index[:1] = [first + i for i in index[:1]]
    if index is None:
        return None
    counts = [f"{n} {what}" for n, what in ((nans, "NaN"), (bad - nans, "infinite")) if n]
    sample, entry = (index[:1], index[1:]) if per_sample else ([], index)
    places = [f"sample {i}" for i in sample] + [str(entry)] * bool(entry)
    where = f", the first at {', '.join(places)}, counted from 0" if places else ""
    return f"{name} has {' and '.join(counts)} among {size} numbers{where}"


def _few(found: Sequence[str]) -> str:
    return "; ".join(found[:4]) + (f"; and {len(found) - 4} more" if len(found) > 4 else "")


__all__ = ["ADVICE", "of_data", "reason"]
