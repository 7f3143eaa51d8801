"""A training run: its state, and the work between epochs."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.descent import Descent, Term

from ..errors import ArgumentError, ParameterFileError
from ..parameters.container import NeuralNetworkParameters, from_flat
from ..reports import Epoch, History, NonFiniteLossError, bring_along
from .batching import Sampler
from .checkpoints import read_checkpoint, write_checkpoint
from .not_finite import of_data, reason
from .objective import Part, flat_gradient
from .optimizers import LBFGS, Optimizer
from .progress import Progress

#: seconds between two checks of the compiled loop, if no epoch needs Python
LOOK = 0.1


def _compiled(outputs: Any, part: Part, symbols: NeuralNetworkParameters, threads: int = 1) -> eg.CompiledFunction:
    """A function of the flat parameters and of a term's data."""
    parameters = eg.packed("parameters", symbols.leaves().values())
    shared = [s for s in part.symbols if not s.per_sample]
    return eg.compile(outputs, [parameters, *part.symbols], shared=[parameters, *shared], threads=threads)


class Value:
    """The loss of some data, of a flat vector of parameters."""

    def __init__(self, symbols: NeuralNetworkParameters, parts: list[Part], dtype: np.dtype[Any]) -> None:
        self.calls, self.parts = [], parts
        for p in parts:
            self.calls.append((_compiled(p.expression, p, symbols), [np.ascontiguousarray(a, dtype) for a in p.arrays]))

    def __call__(self, theta: np.ndarray) -> float:
        return float(sum(value(theta, *arrays) for value, arrays in self.calls))


class Run:
    """A training run: its state, and the work between epochs."""

    progress: Progress
    validation: Value | None
    validate_every: int
    patience: int | None
    callback: Callable[[Epoch], Any] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int
    #: the part of a checkpoint's description that this module does not know
    about: dict[str, Any]

    def __init__(
        self, symbols: NeuralNetworkParameters, first: np.ndarray, epochs: int, parts: list[Part], optimizer: Optimizer | LBFGS
    ) -> None:
        self.symbols, self.epochs, self.parts, self.optimizer = symbols, epochs, parts, optimizer
        self.dtype = first.dtype
        self.parameters = first
        self.best = first.copy()
        self.least = math.inf
        self.since_best = 0
        self.history = History()
        self.epoch = 0
        self.stopped = "epochs"

    # -- the optimizers of this package

    def descend(self, optimizer: Optimizer, sampler: Sampler, resume: str | os.PathLike[str] | None) -> None:
        if sampler.given is not None and self.epochs > len(sampler.given):
            raise ArgumentError(f"batches are for {len(sampler.given)} epochs, not for {self.epochs}")
        terms = []
        for p in self.parts:
            outputs = [p.expression, flat_gradient(p.expression, self.symbols)]
            terms.append(Term(_compiled(outputs, p, self.symbols), tuple(self._own(a) for a in p.arrays), p.samples))
        descent = Descent(terms, _compiled_update(optimizer, self.parameters.size), self.parameters, optimizer.memory)
        if resume is not None:
            self._read(resume, descent, sampler)
        self.parameters = descent.parameters
        look_after_each = self.callback is not None or self.validation is not None or self.patience is not None
        count = 1
        try:
            while self.epoch < self.epochs and self.stopped == "epochs":
                most = self.epochs - self.epoch
                if self.checkpoint is not None:
                    most = min(most, self.checkpoint_every - self.epoch % self.checkpoint_every)
                count = min(1 if look_after_each else count, most)
                begun = time.perf_counter()
                with _uninterrupted() as interrupted:
                    self._epochs(descent, optimizer, sampler, count)
                if interrupted():
                    raise KeyboardInterrupt
                took = time.perf_counter() - begun
                count = max(1, min(4 * count, int(count * LOOK / max(took, 1e-9))))
                if self.checkpoint is not None and self.epoch % self.checkpoint_every == 0:
                    self._write(self.checkpoint, descent, sampler)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        if self.checkpoint is not None:
            self._write(self.checkpoint, descent, sampler)

    def _own(self, data: np.ndarray) -> np.ndarray:
        """Data in the run's type of numbers.  Numbers too large for it become infinite, and the first loss shows them."""
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(data, self.dtype)

    def _epochs(self, descent: Descent, optimizer: Optimizer, sampler: Sampler, count: int) -> None:
        steps = sampler.steps * count
        begun = sampler.steps * self.epoch
        losses = np.empty(steps, self.dtype)
        made = descent.run(sampler.epochs(self.epoch, count), optimizer.rates(begun, steps), begun, losses)
        if made < steps:
            whole, batch = divmod(made, sampler.steps)
            self._keep(losses[: whole * sampler.steps].reshape(whole, sampler.steps))
            good = from_flat(self.symbols.layout, descent.parameters.copy())
            why = reason(good, self.parts, begun + made > 0)
            raise NonFiniteLossError(self.epoch + whole + 1, batch + 1, float(losses[made]), good, self.history, why)
        self._keep(losses.reshape(count, sampler.steps))
        self._after(count)

    def _keep(self, losses: np.ndarray) -> None:
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
        self.progress.advance(count, loss, validation)
        if self.callback is not None:
            epoch = Epoch(self.epoch, loss, validation, from_flat(self.symbols.layout, self.parameters.copy()))
            if self.callback(epoch):
                self.stopped = "callback"

    def _validated(self, value: Value) -> float:
        """The loss on the validation data, or an error if it is not finite: it could choose no epoch and never stop the run."""
        loss = value(self.parameters)
        if not math.isfinite(loss) and (wrong := of_data(value.parts, self.dtype)):
            params = from_flat(self.symbols.layout, self.parameters.copy())
            why = f"The validation data are not finite: {'; '.join(wrong)}. Leave such samples out, or mask them in the loss with eg.where"
            raise NonFiniteLossError(self.epoch, None, loss, params, self.history, why)
        return loss

    def bring_along(self, error: BaseException) -> None:
        """Attach the results so far to the error that ends the run, if an epoch was made."""
        if self.epoch:
            params, best = (from_flat(self.symbols.layout, flat.copy()) for flat in (self.parameters, self.best))
            bring_along(error, self.epoch, params, best, self.history)

    # -- checkpoints

    def _about(self, sampler: Sampler) -> dict[str, Any]:
        """The description that a checkpoint must match."""
        return {
            "parameters": [[s.name, list(s.shape)] for s in self.symbols.layout.slots],
            "optimizer": described(self.optimizer),
            "batches in an epoch": sampler.steps,
            "samples of a batch": sampler.described,
            "type of numbers": self.dtype.name,
            "random numbers": type(sampler.rng.bit_generator).__name__,
            **self.about,
        }

    def _write(self, path: str | os.PathLike[str], descent: Descent, sampler: Sampler) -> None:
        now = {"epoch": self.epoch, "least": self.least, "since_best": self.since_best, "random": sampler.rng.bit_generator.state}
        write_checkpoint(path, self._about(sampler), now, descent.state, self.best, self.history)

    def _read(self, path: str | os.PathLike[str], descent: Descent, sampler: Sampler) -> None:
        generator = sampler.rng.bit_generator
        now, state, self.best, self.history = read_checkpoint(path, self._about(sampler), descent.state, self.best, dict(generator.state))
        self.epoch, self.least, self.since_best = now["epoch"], now["least"], now["since_best"]
        descent.state[...] = state
        try:
            generator.state = now["random"]
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise ParameterFileError(f"{os.fspath(path)} is a damaged checkpoint of train: random numbers: {error!r}") from None
        self.progress.begin(self.epoch)

    # -- SciPy

    def with_scipy(self, optimizer: LBFGS, threads: int = 1) -> None:
        if not self.epochs:
            return
        try:
            optimize: Any = import_module("scipy.optimize")
        except ImportError as error:
            raise ImportError(f"LBFGS is SciPy's and needs it: pip install scipy ({error})") from error
        calls = []
        for p in self.parts:
            outputs = [p.expression, flat_gradient(p.expression, self.symbols)]
            calls.append((_compiled(outputs, p, self.symbols, threads), [self._own(a) for a in p.arrays]))
        last: list[float] = [math.nan]

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = 0.0, np.zeros(theta.size)
            for function, arrays in calls:
                v, g = function(theta.astype(self.dtype, copy=False), *arrays)
                value += float(v)
                gradient += g
            if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
                good = from_flat(self.symbols.layout, self.parameters.copy())
                why = reason(good, self.parts, self.epoch > 0)
                raise NonFiniteLossError(self.epoch + 1, 1, value, good, self.history, why)
            last[0] = value
            return value, gradient

        class Stop(Exception):  # noqa: N818  (never leaves this function)
            pass

        def after(intermediate_result: Any) -> None:
            self.parameters = intermediate_result.x.astype(self.dtype)
            self._keep(np.array([[intermediate_result.fun]]))
            try:
                self._after(1)
            except StopIteration as e:  # raised by the callback; SciPy would read it as a request to stop
                raise Stop from e
            if self.stopped != "epochs":
                raise Stop

        options: dict[str, float] = {"maxiter": self.epochs, "maxfun": 50 * self.epochs + 50, "maxcor": optimizer.history}
        options |= {"gtol": optimizer.tolerance, "ftol": 0.0}
        try:
            found = optimize.minimize(objective, self.parameters, jac=True, method="L-BFGS-B", callback=after, options=options)
            self.parameters = found.x.astype(self.dtype)
            if self.epoch < self.epochs:
                self.stopped = "converged"
        except Stop as stop:
            if stop.__cause__ is not None:
                raise stop.__cause__ from None
        except KeyboardInterrupt:
            self.stopped = "interrupted"


def described(optimizer: Any) -> str:
    """An optimizer without its functions, which have no lasting description."""
    return ", ".join([type(optimizer).__name__, *(f"{k}={v!r}" for k, v in sorted(vars(optimizer).items()) if not callable(v))])


def _compiled_update(optimizer: Optimizer, size: int) -> eg.CompiledFunction:
    """The optimizer's step as a compiled function of flat vectors."""
    p, g = eg.Symbol("parameters", (size,)), eg.Symbol("gradient", (size,))
    memory = [eg.Symbol(f"memory_{k}", (size,)) for k in range(optimizer.memory)]
    rate, step = eg.Symbol("rate"), eg.Symbol("step")
    new, kept = optimizer.update(p, g, memory, rate, step)
    outputs = [new, *kept]
    if len(kept) != optimizer.memory or any(o.shape != (size,) for o in outputs):
        shapes = [o.shape for o in outputs]
        raise ArgumentError(
            f"{type(optimizer).__name__}.update: expected new parameters and {optimizer.memory} memories of shape {(size,)}, got {shapes}"
        )
    arguments = (p, g, *memory, rate, step)
    return eg.compile(outputs, arguments, shared=arguments)


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


__all__ = ["Run", "Value"]
