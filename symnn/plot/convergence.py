"""Pictures of convergence: losses over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Union

import numpy as np

from ..errors import ArgumentError
from ..quantities import described
from .drawing import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: the most points of a line
MOST = 2000


class Losses(Protocol):
    """What a history has: :class:`symnn.reports.History`."""

    loss: list[float]
    validation: list[float]
    validated: list[int]
    terms: dict[str, list[float]]


def convergence(history: Union[Any, Mapping[str, Any]], *, terms: bool = True, ax: Axes | None = None) -> Axes:
    """Draw the loss over the epochs, with each term and the validation.

    Args:
        history: a history or the result of a training; or a dict of them by name, to compare their losses.
        terms: whether the terms of the loss are drawn.
        ax: matplotlib's axes to draw in; by default those of a new figure.

    Returns:
        The axes; the scale is logarithmic if all losses are positive.

    Raises:
        ImportError: matplotlib is not installed.
        ArgumentError: there is no history.

    >>> from symnn.reports import History
    >>> ax = History([1.0, 0.1, 0.01]).plot()
    >>> ax.get_xlabel(), ax.get_yscale(), len(ax.lines)
    ('epoch', 'log', 1)
    """
    lines: list[tuple[str, Sequence[float], Sequence[int] | None, str]] = []
    if isinstance(history, Mapping):
        lines += [(str(name), _history(h).loss, None, "-") for name, h in history.items()]
    else:
        h = _history(history)
        lines.append(("loss", h.loss, None, "-"))
        lines += [(name, values, None, "--") for name, values in h.terms.items() if terms]
        if h.validation:
            lines.append(("validation", h.validation, h.validated, ":"))
    own = axes(ax)
    positive = True
    for name, values, epochs, style in lines:
        y = np.asarray(values, float)
        x = np.arange(1, len(y) + 1) if epochs is None else np.asarray(epochs)
        some = np.unique(np.linspace(0, len(y) - 1, min(len(y), MOST)).astype(int)) if len(y) else np.arange(0)
        own.plot(x[some], y[some], style, label=name, lw=1.6 if style == "-" else 1.1)
        positive &= not len(y) or bool(np.all(y[np.isfinite(y)] > 0))
    if positive:
        own.set_yscale("log")
    own.set(xlabel="epoch", ylabel="loss")
    if len(lines) > 1:
        own.legend()
    return own


def _history(value: Any) -> Losses:
    found = getattr(value, "history", value)
    if not hasattr(found, "loss") or not hasattr(found, "terms"):
        raise ArgumentError(f"convergence: expected a history, a result of train or a dict of them by name, got {described(value)}")
    own: Losses = found
    return own


__all__ = ["Losses", "convergence"]
