"""Reports of a training run: losses, parameters, progress, failures."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exprgraph import Node

from .parameters.container import NeuralNetworkParameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass
class History:
    """The losses of a run.

    Attributes:
        loss: for each epoch, the mean of the losses before its steps.
        validation: the loss on the validation data after the epoch; empty without such data.
        validated: the epochs of ``validation``, from 1.
        steps: the loss of each step, an ``array`` of doubles: a run may have tens of millions.
        terms: for a loss of several terms, the loss of each term by its name, with its weight, for each epoch like ``loss``.

    >>> from symnn.reports import History
    >>> history = History([2.0, 0.5], terms={"equation": [1.2, 0.3], "ends": [0.8, 0.2]})
    >>> history, history.last_terms
    (<History of 2 epochs, 0 steps, loss 2 to 0.5>, {'equation': 0.3, 'ends': 0.2})
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    validated: list[int] = field(default_factory=list)
    steps: array[float] = field(default_factory=lambda: array("d"))
    terms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def last_terms(self) -> dict[str, float]:
        """The loss of each term at the last epoch."""
        return {name: values[-1] for name, values in self.terms.items() if values}

    def plot(self, *, terms: bool = True, ax: Axes | None = None) -> Axes:
        """Draw the losses over the epochs, with :func:`symnn.plot.convergence`."""
        ax = import_module(".plot.convergence", __package__).convergence(self, terms=terms, ax=ax)  # loaded by those who draw
        return ax

    def __repr__(self) -> str:
        losses = f", loss {self.loss[0]:.3g} to {self.loss[-1]:.3g}" if self.loss else ""
        if self.validation:
            losses += f", validation {self.validation[0]:.3g} to {self.validation[-1]:.3g}"
        return f"<History of {len(self.loss)} epochs, {len(self.steps)} steps{losses}>"


class Term(NamedTuple):
    """A term of the loss: its name, its weight if it has one, the number of its samples, and what is squared or averaged."""

    name: str
    weight: float | None
    samples: int
    formula: Node


@dataclass
class TrainingResult:
    """The result of :func:`train`.

    Attributes:
        params: the parameters after the last step.
        best: the parameters after the epoch with the least validation loss.  Without validation, after the epoch with the
            least loss.  Python then looks at all epochs if there is a ``callback`` or ``patience``, else at some ten a second.
        history: losses, a :class:`History`.
        epochs: the number of epochs.
        stopped: the reason for the end: ``"epochs"``, ``"early"`` (validation did not improve), ``"callback"``, ``"interrupted"``
            (Ctrl-C) or ``"converged"`` (of a full-batch optimizer: no step lowers the loss).
        seconds: the duration.
        settings: the settings of the run, as texts by name.
        terms: the terms of the loss with their weights and formulas; a pickle leaves them out.

    >>> from symnn import MSE, Dense, GradientDescent, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> r = train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], GradientDescent(0.5), epochs=100)
    >>> r.params.flat.round(3), r.epochs, r.stopped, len(r.history.loss)
    (array([2., 1.]), 100, 'epochs', 100)
    """

    params: NeuralNetworkParameters
    best: NeuralNetworkParameters
    history: History
    epochs: int
    stopped: str
    seconds: float
    settings: dict[str, str] = field(default_factory=dict, compare=False)
    terms: tuple[Term, ...] = field(default=(), compare=False)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        title: str = "Training",
        figures: Mapping[str, Any] | Sequence[Any] = (),
        formulas: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write a report of the run: one page of HTML with its pictures and formulas, which needs no network.

        It has the losses, the terms with their formulas, the settings, the duration and the machine.

        Args:
            path: a file that ends in ``.html``.
            title: the page's title.
            figures: further pictures, matplotlib's figures or axes, by title or in a list.
            formulas: further formulas by title, expressions or nestings of them, such as derivatives.

        Returns:
            The path.

        Raises:
            ImportError: matplotlib is not installed.
            ArgumentError, FileNameError: the name has another ending, or a figure is something else.
            OSError: the file cannot be written; an existing one is as it was.

        >>> import tempfile
        >>> from symnn import MSE, Dense, GradientDescent, train
        >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
        >>> r = train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], GradientDescent(0.5), epochs=100)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     "Convergence" in r.report(folder + "/run.html").read_text()
        True
        """
        loss = self.history.loss
        outcome = {
            "epochs": f"{self.epochs:,}, {len(self.history.steps):,} steps",
            "end": {"epochs": "all epochs were made", "early": "validation did not improve"}.get(self.stopped, self.stopped),
            "loss": f"{loss[0]:.4g} to {loss[-1]:.4g}" if loss else "none",
            "duration": _duration(self.seconds),
        }
        if self.history.validation:
            outcome["validation"] = f"{self.history.validation[0]:.4g} to {self.history.validation[-1]:.4g}"
        page = import_module(".plot.page", __package__)  # loaded by those who draw
        written: Path = page.write(path, title, outcome, self.settings, self.terms, self.history, figures, formulas)
        return written

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "terms": ()}

    def __repr__(self) -> str:
        return f"<TrainingResult of {self.params.size} parameters, stopped={self.stopped!r}, {self.seconds:.3g} s, {self.history!r}>"


@dataclass(frozen=True)
class ProgressReport:
    """The progress of a run, passed to a function given as ``progress``.  Its text is one line.

    Attributes:
        epoch: the number of finished epochs.
        epochs: the number of all epochs.
        loss: the mean of the last epoch's losses.
        validation: the last loss on the validation data; ``None`` before there is one.
        seconds: the time since the run began, or resumed from a checkpoint.
        left: the estimated seconds to the end; ``None`` if there is no estimate.
        terms: the loss of each term by its name, if there are several.

    >>> from symnn.reports import ProgressReport
    >>> print(ProgressReport(250, 1000, 0.0123456, None, 90.0, 270.0))
    epoch 250 of 1000, loss 0.0123, 1 min 30 s, about 4 min 30 s left
    """

    epoch: int
    epochs: int
    loss: float
    validation: float | None
    seconds: float
    left: float | None
    terms: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        terms = " + ".join(f"{name} {value:.3g}" for name, value in self.terms.items())
        parts = [f"epoch {self.epoch} of {self.epochs}", f"loss {self.loss:.3g}" + (f" ({terms})" if terms else "")]
        if self.validation is not None:
            parts.append(f"validation {self.validation:.3g}")
        parts.append(_duration(self.seconds))
        if self.left:
            parts.append(f"about {_duration(self.left)} left")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    """A duration in its two largest units."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


class NonFiniteLossError(ArithmeticError):
    """The loss or its gradient became infinite or NaN.

    Attributes:
        epoch, batch: the place, counted from 1; no batch for the loss on validation data.
        loss: the loss there.
        reason: the cause, as far as it can be seen: the parameters, the data by name, or else the steps.
        params: the parameters before that step.
        best: the parameters of the best epoch so far, as in :class:`TrainingResult`; missing in the first epoch.
        history: the losses so far.
    """

    best: NeuralNetworkParameters

    def __init__(
        self, epoch: int, batch: int | None, loss: float, params: NeuralNetworkParameters, history: History, reason: str = ""
    ) -> None:
        where = f"epoch {epoch}" if batch is None else f"epoch {epoch}, batch {batch}"
        kind = "validation loss" if batch is None else "loss"
        what = f"the {kind} is {loss}" if not math.isfinite(loss) else f"the loss is {loss:.6g}, its gradient is not finite"
        super().__init__(f"{where}: {what}; the parameters before this step are in this error's .params. {reason}".rstrip())
        self.epoch, self.batch, self.loss, self.params, self.history, self.reason = epoch, batch, loss, params, history, reason

    def __reduce__(self) -> tuple[object, ...]:  # a pool of processes pickles it
        more = {"best": self.best} if hasattr(self, "best") else {}
        return NonFiniteLossError, (self.epoch, self.batch, self.loss, self.params, self.history, self.reason), more


def bring_along(
    error: BaseException, epoch: int, params: NeuralNetworkParameters, best: NeuralNetworkParameters, history: History
) -> None:
    """Attach the results so far to the error that ends a run; attributes of the error itself stay.

    So nothing of a long run is lost to a full disk or to a mistake in a callback.
    """
    for name, value in (("epoch", epoch), ("params", params), ("best", best), ("history", history)):
        if not hasattr(error, name):
            with suppress(AttributeError, TypeError):  # an error that takes no attributes
                setattr(error, name, value)
    if isinstance(error, Exception) and not isinstance(error, NonFiniteLossError) and hasattr(error, "add_note"):
        error.add_note(f"the training made {epoch} epochs: their parameters are in this error's .params, .best and .history")


@dataclass
class Epoch:
    """The argument of a callback after an epoch.  The callback returns ``True`` to stop.

    Attributes:
        number: the number of the epoch, from 1.
        loss: the mean of its batches' losses.
        validation: the validation loss, if there is one for this epoch.
        parameters: a copy of the current parameters.
        terms: the loss of each term by its name, if there are several.
    """

    number: int
    loss: float
    validation: float | None
    parameters: NeuralNetworkParameters
    terms: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        validation = "" if self.validation is None else f", validation {self.validation:.3g}"
        return f"<Epoch {self.number}, loss {self.loss:.3g}{validation}, {self.parameters.size} parameters>"


__all__ = ["Epoch", "History", "NonFiniteLossError", "ProgressReport", "Term", "TrainingResult", "bring_along"]
