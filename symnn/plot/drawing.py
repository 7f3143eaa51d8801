"""Matplotlib, loaded when something is drawn, and the look that all pictures share.

The colours are Okabe and Ito's, the maps have a monotonic lightness or two hues that all eyes tell apart: pictures can be read
with a colour vision deficiency, and in grey.  Source: Okabe and Ito, "Color universal design" (2008); Smith and van der Walt,
"A better default colormap for matplotlib" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Union

from ..errors import ArgumentError
from ..quantities import described

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: colours of lines, one after another
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: maps of values, of values around zero, and of magnitudes
VALUES, SIGNED, MAGNITUDES = "viridis", "RdBu_r", "magma"
#: a name, or a name with its unit
Label = Union[str, tuple[str, str]]


def load(name: str) -> Any:
    """A module of matplotlib.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        how = 'pip install matplotlib, or this package with its extra: pip install "exprgraph[plot]"'
        raise ImportError(f"pictures are drawn with matplotlib: {how} ({error})") from error


def axes(ax: Axes | None) -> Axes:
    """The axes to draw in: those given, or new ones in a figure of their own."""
    if ax is not None:
        if not hasattr(ax, "plot") or not hasattr(ax, "set_xlabel"):
            raise ArgumentError(f"ax is matplotlib's Axes, got {type(ax).__name__}; of several in an array give one: axes[0]")
        return ax
    plt = load("matplotlib.pyplot")
    _, made = plt.subplots(figsize=(5.0, 3.6), layout="constrained")
    made.set_prop_cycle(color=list(COLOURS))
    own: Axes = made
    return own


def written(label: Label) -> str:
    """A name with its unit in parentheses.

    >>> from symnn.plot.drawing import written
    >>> written(("t", "s")), written("x")
    ('t (s)', 'x')
    """
    if isinstance(label, str):
        return label
    if isinstance(label, tuple) and len(label) == 2 and all(isinstance(part, str) for part in label):
        return f"{label[0]} ({label[1]})" if label[1] else label[0]
    raise ArgumentError(f'a label is a name, or a name and its unit as in ("t", "s"), got {label!r}')


def labels_of(labels: Sequence[Label] | None, default: Sequence[str]) -> list[str]:
    """The labels of some axes, as text."""
    if labels is None:
        return list(default)
    if isinstance(labels, str):
        labels = (labels,)
    if not isinstance(labels, Sequence):
        raise ArgumentError(f"labels are a list with a name for each input, got {described(labels)}")
    if len(labels) != len(default):
        raise ArgumentError(f"labels: expected {len(default)}, one for each input, got {len(labels)}: {list(labels)!r}")
    return [written(label) for label in labels]


__all__ = ["COLOURS", "MAGNITUDES", "SIGNED", "VALUES", "Label", "axes", "labels_of", "load", "written"]
