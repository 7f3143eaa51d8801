"""What a training run tells: losses, parameters, and where it failed."""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from dataclasses import dataclass, field

from .parameters import NeuralNetworkParameters


@dataclass
class History:
    """What was seen, an entry for each epoch.

    Attributes:
        loss: the mean of the epoch's losses, each before its step.
        validation: the loss on the validation data after the epoch; empty without such data.
        validated: the epochs of ``validation``, from 1.
        steps: the loss of each step, an ``array`` of doubles: a run may have tens of millions.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    validated: list[int] = field(default_factory=list)
    steps: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class TrainingResult:
    """What :func:`train` returns.

    Attributes:
        params: the parameters after the last step.
        best: those of the epoch with the least validation loss, without validation with the least loss of an epoch.
        history: losses.
        epochs: how many epochs were made in all.
        stopped: why it ended: ``"epochs"``, ``"early"`` (validation did not improve), ``"callback"``, ``"interrupted"``
            (Ctrl-C) or ``"converged"`` (L-BFGS).
        seconds: how long it took.
    """

    params: NeuralNetworkParameters
    best: NeuralNetworkParameters
    history: History
    epochs: int
    stopped: str
    seconds: float


class NonFiniteLossError(ArithmeticError):
    """The loss or its gradient became infinite or NaN.

    Attributes:
        epoch, batch: where, from 1.
        loss: the loss there.
        params: the parameters before that step.
        best: those of the best epoch until then, as in :class:`TrainingResult`; not there in the first epoch.
        history: losses until then.
    """

    def __init__(self, epoch: int, batch: int, loss: float, params: NeuralNetworkParameters, history: History) -> None:
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the loss is {loss:.6g}, its gradient is not finite"
        super().__init__(
            f"epoch {epoch}, batch {batch}: {what}; the parameters before this step are in this error's .params. "
            "Try a smaller learning rate, or look for points where the loss is not smooth"
        )
        self.epoch, self.batch, self.loss, self.params, self.history = epoch, batch, loss, params, history

    def __reduce__(self) -> tuple[object, ...]:  # what a pool of processes passes on
        return NonFiniteLossError, (self.epoch, self.batch, self.loss, self.params, self.history)


def bring_along(
    error: BaseException, epoch: int, params: NeuralNetworkParameters, best: NeuralNetworkParameters, history: History
) -> None:
    """Put what a run has so far into the error that ends it; what the error has of its own stays.

    Nothing of a long run is lost to a full disk or to a callback with a mistake in it.
    """
    for name, value in (("epoch", epoch), ("params", params), ("best", best), ("history", history)):
        if not hasattr(error, name):
            with suppress(AttributeError, TypeError):  # an error that takes no attributes
                setattr(error, name, value)
    if isinstance(error, Exception) and not isinstance(error, NonFiniteLossError) and hasattr(error, "add_note"):
        error.add_note(f"the training made {epoch} epochs: their parameters are in this error's .params, .best and .history")


@dataclass
class Epoch:
    """What a callback is told after an epoch; it returns ``True`` to stop.

    Attributes:
        number: of the epoch, from 1.
        loss: the mean of its batches' losses.
        validation: the validation loss, if there is one for this epoch.
        parameters: as they are now, a copy.
    """

    number: int
    loss: float
    validation: float | None
    parameters: NeuralNetworkParameters


__all__ = ["Epoch", "History", "NonFiniteLossError", "TrainingResult", "bring_along"]
