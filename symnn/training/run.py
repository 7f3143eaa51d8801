"""A training run: its state, and the work between epochs."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError, ParameterFileError
from ..objectives.objective import Part, names_of
from ..objectives.problem import Problem
from ..parameters.container import NeuralNetworkParameters, from_flat
from ..quantities import number
from ..reports import Epoch, History, NonFiniteLossError, Term, TrainingResult, bring_along
from . import scipy_lbfgs
from .batching import Sampler
from .checkpoints import read_checkpoint, write_checkpoint
from .first_order.optimizer import BatchOptimizer
from .full_batch.lbfgs import LBFGS
from .not_finite import of_data, reason
from .progress import Progress
from .steps import Outcome, Steps

#: seconds between two checks of the compiled loop, if no epoch needs Python
LOOK = 0.1


class Run:
    """A training run: its state, and the work between epochs."""

    progress: Progress
    validation: Problem | Callable[[NeuralNetworkParameters], float] | None
    #: the data of the validation
    validated: list[Part]
    validate_every: int
    patience: int | None
    callback: Callable[[Epoch], Any] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int
    #: the part of a checkpoint's description that this module does not know
    about: dict[str, Any]
    #: what is trained, for reports
    network: Any

    def __init__(self, symbols: NeuralNetworkParameters, first: np.ndarray, parts: list[Part], optimizer: Any, sampler: Sampler) -> None:
        self.symbols, self.parts, self.optimizer, self.sampler = symbols, parts, optimizer, sampler
        self.dtype = first.dtype
        self.parameters = first
        self.best = first.copy()
        self.least = math.inf
        self.since_best = 0
        self.history = History(terms={name: [] for name in names_of(parts)} if len(parts) > 1 else {})
        self.epoch = 0
        self.stopped = "epochs"
        self.network = symbols
        self.validation, self.validated, self.validate_every, self.patience = None, [], 1, None
        self.callback, self.checkpoint, self.checkpoint_every, self.about = None, None, 100, {}

    # -- the optimizers of this package

    def descend(self, steps: Steps, epochs: int) -> None:
        """Train until there were so many epochs, or something stops it."""
        given = self.sampler.given_epochs
        if given is not None and epochs > given:
            raise ArgumentError(f"batches are for {given} epochs, not for {epochs}")
        look_after_each = self.callback is not None or self.validation is not None or self.patience is not None
        count, steps.planned = 1, epochs
        try:
            while self.epoch < epochs and self.stopped == "epochs":
                most = epochs - self.epoch
                if self.checkpoint is not None:
                    most = min(most, self.checkpoint_every - self.epoch % self.checkpoint_every)
                count = min(1 if look_after_each else count, most)
                begun = time.perf_counter()
                with _uninterrupted() as interrupted:
                    self._epochs(steps, count)
                if interrupted():
                    raise KeyboardInterrupt
                took = time.perf_counter() - begun
                count = max(1, min(4 * count, int(count * LOOK / max(took, 1e-9))))
                if self.checkpoint is not None and self.epoch % self.checkpoint_every == 0:
                    self._write(self.checkpoint, steps)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        if self.checkpoint is not None:
            self._write(self.checkpoint, steps)

    def _epochs(self, steps: Steps, count: int) -> None:
        outcome = steps.epochs(self.epoch, count)
        self.parameters = steps.parameters
        self._keep(outcome.losses, outcome.terms)
        if outcome.failed is not None:
            raise self.lost(outcome, len(outcome.losses))
        if len(outcome.losses):
            self._after(len(outcome.losses))
        if outcome.converged and self.stopped == "epochs":
            self.stopped = "converged"

    def lost(self, outcome: Outcome, further: int = 0) -> NonFiniteLossError:
        """The error for a loss that is not finite, ``further`` epochs after the last recorded one."""
        assert outcome.failed is not None
        good = from_flat(self.symbols.layout, self.parameters.copy())
        why = reason(good, self.parts, bool(self.history.steps) or self.epoch + further > 0 or outcome.batch > 1)
        return NonFiniteLossError(self.epoch + further + 1, outcome.batch, outcome.failed, good, self.history, why)

    def _keep(self, losses: np.ndarray, terms: np.ndarray | None) -> None:
        if losses.size:
            for own, values in zip(self.history.terms.values(), () if terms is None else terms):
                own += values.mean(axis=1, dtype=float).tolist()
            self.history.steps.frombytes(np.ascontiguousarray(losses, dtype=float).tobytes())
            self.history.loss += losses.mean(axis=1, dtype=float).tolist()

    def _after(self, count: int) -> None:
        """The work after epochs: validation, the best parameters so far, the callback, the bar."""
        self.epoch += count
        loss = self.history.loss[-1]
        validation = None
        if self.validation is not None and self.epoch % self.validate_every == 0:
            validation = self._validated(self.validation)
            self.history.validation.append(validation)
            self.history.validated.append(self.epoch)
        measure = loss if self.validation is None else validation
        if measure is not None:
            self.since_best += 1
            if measure < self.least:
                self.least, self.since_best = measure, 0
                self.best = self.parameters.copy()
            if self.patience is not None and self.since_best >= self.patience:
                self.stopped = "early"
        terms = self.history.last_terms
        self.progress.advance(count, loss, validation, terms)
        if self.callback is not None:
            epoch = Epoch(self.epoch, loss, validation, from_flat(self.symbols.layout, self.parameters.copy()), terms)
            if self.callback(epoch):
                self.stopped = "callback"

    def _validated(self, problem: Problem | Callable[[NeuralNetworkParameters], float]) -> float:
        """The loss on the validation data, or an error if it is not finite: it could choose no epoch and never stop the run."""
        if not isinstance(problem, Problem):
            found = problem(from_flat(self.symbols.layout, self.parameters.copy()))
            return number(f"the value of validation= after epoch {self.epoch}", found)
        loss = problem.value(self.parameters)
        if not math.isfinite(loss) and (wrong := of_data(self.validated, self.dtype)):
            params = from_flat(self.symbols.layout, self.parameters.copy())
            why = f"The validation data are not finite: {'; '.join(wrong)}. Leave such samples out, or mask them in the loss with eg.where"
            raise NonFiniteLossError(self.epoch, None, loss, params, self.history, why)
        return loss

    def bring_along(self, error: BaseException) -> None:
        """Attach the results so far to the error that ends the run, if an epoch was made."""
        if self.epoch:
            params, best = (from_flat(self.symbols.layout, flat.copy()) for flat in (self.parameters, self.best))
            bring_along(error, self.epoch, params, best, self.history)

    def result(self, seconds: float) -> TrainingResult:
        """The result so far."""
        params, best = (from_flat(self.symbols.layout, flat.copy()) for flat in (self.parameters, self.best))
        settings = {
            "network": f"{self.network!r}"[:2000],
            "parameters": f"{self.symbols.size:,} of type {self.dtype.name}",
            "optimizer": described(self.optimizer),
            "samples of a step": self.sampler.described,
        }
        names = names_of(self.parts)
        terms = (
            Term(n, None if p.weight is None else float(p.arrays[p.symbols.index(p.weight)]), p.samples, p.formula)
            for n, p in zip(names, self.parts)
        )
        return TrainingResult(params, best, self.history, self.epoch, self.stopped, seconds, settings, tuple(terms))

    # -- checkpoints

    def _about(self, steps: Steps) -> dict[str, Any]:
        """The description that a checkpoint must match."""
        return {
            "parameters": [[s.name, list(s.shape)] for s in self.symbols.layout.slots],
            "optimizer": described(self.optimizer),
            "batches in an epoch": steps.of_epoch,
            "samples of a batch": steps.samples,
            "type of numbers": self.dtype.name,
            "random numbers": type(self.sampler.rng.bit_generator).__name__,
            **self.about,
        }

    def _write(self, path: str | os.PathLike[str], steps: Steps) -> None:
        random = self.sampler.rng.bit_generator.state
        now = {"epoch": self.epoch, "least": self.least, "since_best": self.since_best, "random": random}
        write_checkpoint(path, self._about(steps), now, steps.state, self.best, self.history)

    def read(self, path: str | os.PathLike[str], steps: Steps) -> None:
        """Continue from a checkpoint."""
        generator = self.sampler.rng.bit_generator
        now, state, self.best, self.history = read_checkpoint(
            path, self._about(steps), steps.state, self.best, dict(generator.state), list(self.history.terms)
        )
        self.epoch, self.least, self.since_best = now["epoch"], now["least"], now["since_best"]
        steps.set_state(state, self.epoch * steps.of_epoch)
        try:
            generator.state = now["random"]
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise ParameterFileError(f"{os.fspath(path)} is a damaged checkpoint of train: random numbers: {error!r}") from None
        self.parameters = steps.parameters
        self.progress.begin(self.epoch)

    # -- SciPy

    def with_scipy(self, optimizer: LBFGS, problem: Problem, epochs: int) -> None:
        """Train by SciPy's L-BFGS-B."""
        if not epochs:
            return

        def lost(loss: float) -> Exception:
            return self.lost(Outcome(np.empty((0, 1)), loss))

        def after(theta: np.ndarray, loss: float) -> bool:
            self.parameters = theta.astype(self.dtype)
            self._keep(np.array([[loss]]), np.array(problem.terms_after(theta))[:, None, None] if self.history.terms else None)
            self._after(1)
            return self.stopped != "epochs"

        try:
            with eg.blas_threads(problem.threads):
                found = scipy_lbfgs.minimize(optimizer, problem, self.parameters, epochs, lost, after)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            return
        if found is not None:
            self.parameters = found.astype(self.dtype)
            if self.epoch < epochs:
                self.stopped = "converged"


def described(optimizer: Any) -> str:
    """An optimizer without its functions, which have no lasting description."""
    options = [(k, v) for k, v in sorted(vars(optimizer).items()) if not callable(v)]
    shown = [f"{k}=({described(v)})" if isinstance(v, BatchOptimizer) else f"{k}={v!r}" for k, v in options]
    return ", ".join([type(optimizer).__name__, *shown])


@contextmanager
def _uninterrupted() -> Iterator[Callable[[], bool]]:
    """Delay Ctrl-C until the current epochs are finished and recorded."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        yield lambda: bool(caught)
    finally:
        signal.signal(signal.SIGINT, before)


__all__ = ["Run", "described"]
