"""The steps of a run: on batches, by formulas in machine code, or on all samples, by a full-batch optimizer."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.descent import Batches, Descent, Term

from ..errors import ArgumentError
from ..objectives.functions import own_data, value_and_gradient
from ..objectives.objective import Part
from ..objectives.places import Where
from ..objectives.problem import Problem
from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Layout, Shape
from ..points.drawn import Drawing
from .ahead import drawn_ahead, most_epochs
from .batching import Sampler
from .first_order.optimizer import BatchOptimizer
from .full_batch.optimizer import FullBatchOptimizer

#: with several threads, later epochs are shuffled during steps: at least so many samples at once, since handing over takes time, and in
#: portions of at most so many, since they are kept
SHUFFLED, KEPT = 1 << 14, 1 << 18
#: operations of a product, from which on several threads compute it: it takes milliseconds
THREADED_OPERATIONS = 2.5e8


class Outcome(NamedTuple):
    """What some epochs gave.

    Attributes:
        losses: of the steps of whole epochs, of shape (epochs, steps of an epoch).
        failed: the loss of the next step, if it or its gradient is not finite; the step was not made.
        batch: the number of that step in its epoch, from 1.
        converged: whether no further step would lower the loss.
        terms: the loss of each term at these steps, of shape (terms, epochs, steps of an epoch), if there are several terms.
    """

    losses: np.ndarray
    failed: float | None = None
    batch: int = 1
    converged: bool = False
    terms: np.ndarray | None = None

    def lasting(self, epochs: int) -> Outcome:
        """The last epoch again and again, to so many epochs."""
        rows = np.minimum(np.arange(epochs), len(self.losses) - 1)
        return self._replace(losses=self.losses[rows], terms=None if self.terms is None else self.terms[:, rows], converged=False)


def joined(outcomes: list[Outcome]) -> Outcome:
    """The outcome of epochs one after another."""
    if len(outcomes) == 1:
        return outcomes[0]
    terms = [o.terms for o in outcomes if o.terms is not None]
    losses = np.concatenate([o.losses for o in outcomes])
    return outcomes[-1]._replace(losses=losses, terms=np.concatenate(terms, axis=1) if terms else None)


class Steps(ABC):
    """Parameters, the memory of an optimizer, and its steps."""

    #: parameters and memory, changed in place: what a checkpoint keeps
    state: np.ndarray
    #: the number of steps of an epoch
    of_epoch: int
    sampler: Sampler
    #: the samples of a step in words, for a checkpoint's description
    samples: str
    dtype: np.dtype[Any]
    #: the terms of the loss, and the points in their data that are drawn anew
    parts: list[Part]
    drawing: Drawing
    #: the number of epochs of the training, as far as it is known: nothing is done ahead for later ones
    planned: int = 0

    @property
    @abstractmethod
    def parameters(self) -> np.ndarray:
        """The parameters now; a view, or a copy in the run's type of numbers."""

    def epochs(self, begun: int, count: int) -> Outcome:
        """Make some epochs, after ``begun`` others; points are drawn anew between them."""
        if not self.drawing.renews:
            return self._epochs(begun, count)
        outcomes: list[Outcome] = []
        epoch, last = begun, begun + count
        while epoch < last and (not outcomes or outcomes[-1].failed is None):
            outcomes.append(self._some_epochs(epoch, last))
            epoch += len(outcomes[-1].losses)
        return joined(outcomes)

    def _some_epochs(self, begun: int, last: int) -> Outcome:
        """Make at least one epoch; here, those until points are drawn anew."""
        self._draw(begun)
        some = self.drawing.until(begun, last) - begun
        made = self._epochs(begun, some)
        # converged for these points: the losses stay until there are others
        return made.lasting(some) if made.converged else made

    def step(self, begun: int) -> Outcome:
        """Make one step, after ``begun`` others."""
        if self.drawing.renews:
            self._draw(begun // self.of_epoch)
        return self._step(begun)

    @abstractmethod
    def _epochs(self, begun: int, count: int) -> Outcome:
        """Make some epochs with the same points."""

    @abstractmethod
    def _step(self, begun: int) -> Outcome:
        """Make one step with the points as they are."""

    def _draw(self, epoch: int, root: int | None = None) -> None:
        """Write the points of an epoch into the data, in place; with a root, for a state that knows the loss of these points."""
        changed = self.drawing.advance(epoch, root)
        for part, arrays in zip(self.parts, self.arrays) if changed else ():
            for symbol, column in part.columns.items():
                if column.source in changed:
                    own = arrays[part.symbols.index(symbol)]
                    own[...] = own_data(symbol, self.drawing.values(column), part.samples, self.dtype).reshape(own.shape)
        if changed and root is None:
            self.changed()

    def changed(self) -> None:  # noqa: B027  (formulas on batches know nothing of the loss)
        """Data or weights are others: adapt what the optimizer knows of the loss."""

    def random(self, begun: int) -> Any:
        """The state of the random generator before the epoch that is not finished after ``begun`` steps, else now."""
        return copy.deepcopy(self.sampler.rng.bit_generator.state)

    def set_state(self, state: np.ndarray, begun: int, root: int | None = None) -> None:
        """Continue from another state after ``begun`` steps, with the points of this root."""
        self.state[...] = state
        self._draw(max(begun - 1, 0) // self.of_epoch, self.drawing.root if root is None else root)

    @property
    @abstractmethod
    def arrays(self) -> list[list[np.ndarray]]:
        """The data of each term, in the order of its symbols; weights may be changed in place."""

    @abstractmethod
    def replace(self, parts: list[Part]) -> None:
        """Take other data for the same terms."""


class BatchSteps(Steps):
    """An optimizer's formula on batches, many steps in one call of machine code."""

    def __init__(
        self,
        optimizer: BatchOptimizer,
        sampler: Sampler,
        symbols: NeuralNetworkParameters,
        parts: list[Part],
        first: np.ndarray,
        drawing: Drawing,
        threads: int,
    ) -> None:
        self.parts, self.drawing = parts, drawing
        self.optimizer, self.sampler, self.dtype = optimizer, sampler, first.dtype
        self.of_epoch, self.samples = sampler.steps, sampler.described
        self._threads = threads
        terms = self.terms_of(parts, symbols, threads)
        shapes = list(optimizer.arrays(symbols.layout))
        equal = all(s == (first.size,) for s in shapes)
        memory = len(shapes) if equal else [math.prod(s) for s in shapes]
        self.descent = Descent(terms, compiled_updates(optimizer, symbols.layout, shapes), first, memory)
        self.state = self.descent.state
        #: the rate of every step instead of the optimizer's
        self.rate: Callable[[int, int], np.ndarray] = optimizer.rates
        #: the batches of the epoch that single steps are in
        self._epoch: tuple[int, list[Batches | None], Any] | None = None

    def terms_of(self, parts: list[Part], symbols: NeuralNetworkParameters, threads: int) -> list[Term]:
        """The terms of the loss with their data."""
        return [Term(value_and_gradient(p, symbols, threads), self.own_data_of(p), p.samples) for p in parts]

    def own_data_of(self, part: Part) -> tuple[np.ndarray, ...]:
        return tuple(own_data(s, a, part.samples, self.dtype) for s, a in zip(part.symbols, part.arrays))

    @property
    def parameters(self) -> np.ndarray:
        return self.descent.parameters

    @property
    def arrays(self) -> list[list[np.ndarray]]:
        return [list(t.arrays) for t in self.descent.terms]

    def replace(self, parts: list[Part]) -> None:
        samples = [p.samples for p in parts]
        if self.sampler.given and samples != self.sampler.samples:
            raise ArgumentError("data of other lengths do not fit the given batches=, which are indices of the first data")
        self.parts = parts
        if samples != self.sampler.samples:
            self.sampler = self.sampler.of(samples)
            self.of_epoch, self._epoch = self.sampler.steps, None
        self.descent.terms = tuple(Term(t.function, self.own_data_of(p), p.samples) for t, p in zip(self.descent.terms, parts, strict=True))

    def random(self, begun: int) -> Any:
        if self._epoch is not None and begun % self.of_epoch:
            return self._epoch[2]
        return super().random(begun)

    def set_state(self, state: np.ndarray, begun: int, root: int | None = None) -> None:
        super().set_state(state, begun, root)
        self._epoch = None

    def _some_epochs(self, begun: int, last: int) -> Outcome:
        """As many epochs as are drawn ahead; then the data are those of the last one."""
        some = min(most_epochs(self.parts), last - begun)
        if self.drawing.until(begun, last) >= begun + some:
            return super()._some_epochs(begun, last)
        own, batches = self.descent.terms, self.sampler.epochs(begun, some)
        self.descent.terms, ahead = drawn_ahead(own, self.parts, batches, self.drawing, range(begun, begun + some), self.of_epoch)
        later = range(begun + some, min(begun + 2 * some, max(self.planned, last)))
        try:
            made = self._run(ahead, begun, some, self._ahead(later))
        finally:
            self.descent.terms = own
        self._draw(begun + some - 1 if made.failed is None else begun + len(made.losses))
        return made

    def _epochs(self, begun: int, count: int) -> Outcome:
        """With several threads in portions: later epochs are shuffled while the steps of these are made."""
        least, most = (max(1, -(-n // max(1, *self.sampler.samples))) for n in (SHUFFLED, KEPT))
        outcomes: list[Outcome] = []
        epoch, last = begun, begun + count
        while epoch < last and (not outcomes or outcomes[-1].failed is None):
            some = last - epoch
            if self._threads > 1 and self.sampler.shuffles:
                some = min(self.sampler.ready(epoch) or least, some)
            # steps take longer than to shuffle their samples; few at once only if Python works between the epochs
            after = epoch + some
            wanted = 2 * some if last - after >= 2 * some else some
            later = range(after, min(after + min(max(wanted, least), most), max(self.planned, last)))
            outcomes.append(self._run(self.sampler.epochs(epoch, some), epoch, some, self._ahead(later)))
            epoch = after
        return joined(outcomes)

    def _ahead(self, epochs: range) -> Callable[[], None] | None:
        """Work for another thread: shuffle samples, and draw points, of later epochs."""
        shuffles = self.sampler.shuffles and not self.sampler.ready(epochs.start)
        if self._threads == 1 or not epochs or not (shuffles or self.drawing.renews):
            return None

        def work() -> None:
            self.drawing.draw_ahead(epochs)
            if shuffles:
                self.sampler.shuffle_ahead(epochs.start, len(epochs))

        return work

    def _run(self, batches: Sequence[Batches | None], begun: int, count: int, meanwhile: Callable[[], None] | None = None) -> Outcome:
        self._epoch = None
        steps, before = self.of_epoch * count, self.of_epoch * begun
        losses, terms = np.empty(steps, self.dtype), np.empty((len(self.descent.terms), steps), self.dtype)
        made = self.descent.run(batches, self.rate(before, steps), before, losses, terms, meanwhile)
        return self.outcome_of(losses, terms, made)

    def outcome_of(self, losses: np.ndarray, terms: np.ndarray, made: int) -> Outcome:
        """What so many of the steps gave."""
        steps = losses.size
        whole, batch = divmod(made, self.of_epoch)
        kept = losses[: whole * self.of_epoch].reshape(whole, self.of_epoch)
        of_terms = terms[:, : kept.size].reshape(len(terms), *kept.shape) if len(terms) > 1 else None
        return Outcome(kept, float(losses[made]) if made < steps else None, batch + 1 if made < steps else 1, terms=of_terms)

    def _step(self, begun: int) -> Outcome:
        epoch, k = divmod(begun, self.of_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            before = copy.deepcopy(self.sampler.rng.bit_generator.state)
            self._epoch = epoch, self.sampler.epochs(epoch, 1), before
        batches = [None if b is None else b.some(k, k + 1) for b in self._epoch[1]]
        losses, terms = np.empty(1, self.dtype), np.empty((len(self.descent.terms), 1), self.dtype)
        meanwhile = self._ahead(range(epoch + 1, epoch + 2)) if max(self.sampler.samples) >= SHUFFLED else None
        made = self.descent.run(batches, self.rate(begun, 1), begun, losses, terms, meanwhile)
        of_terms = terms[:, :made, None] if len(terms) > 1 else None
        return Outcome(losses[:made, None], None if made else float(losses[0]), k + 1, terms=of_terms)


def compiled_updates(optimizer: BatchOptimizer, layout: Layout, shapes: Sequence[Shape]) -> list[eg.CompiledFunction]:
    """The formulas of the optimizer's steps as functions of flat parameters and gradient, one for each of its turns."""
    p, g = (eg.Symbol(n, (layout.size,)) for n in ("parameters", "gradient"))
    memory = [eg.Symbol(f"memory_{k}", s) for k, s in enumerate(shapes)]
    rate, step = eg.Symbol("rate"), eg.Symbol("step")
    arguments, expected = (p, g, *memory, rate, step), [p.shape, *shapes]
    made: dict[Hashable, eg.CompiledFunction] = {}
    turns = optimizer.turns
    for turn in dict.fromkeys(turns):
        new, kept = optimizer.formula(layout, turn, p, g, memory, rate, step)
        outputs = [eg.as_expression(e) for e in (new, *kept)]
        if (found := [o.shape for o in outputs]) != expected:
            name, count = type(optimizer).__name__, len(shapes)
            raise ArgumentError(f"{name}.update: expected new parameters and {count} memories of shapes {expected}, got {found}")
        made[turn] = eg.compile(outputs, arguments, shared=arguments, immediate=False)
    return [made[turn] for turn in turns]


class FullBatchSteps(Steps):
    """A full-batch optimizer; an epoch is one step, and its loss the loss after it."""

    of_epoch, samples = 1, "all"

    def __init__(
        self,
        optimizer: FullBatchOptimizer,
        sampler: Sampler,
        symbols: NeuralNetworkParameters,
        parts: list[Part],
        first: np.ndarray,
        drawing: Drawing,
        threads: int,
        where: Where | None = None,
    ) -> None:
        self.parts, self.drawing = parts, drawing
        self.optimizer, self.sampler, self.dtype = optimizer, sampler, first.dtype
        self.problem = Problem(symbols, parts, first.dtype, threads, where)
        self._several = len(parts) > 1
        optimizer.check(self.problem)
        shapes = {"parameters": (first.size,), **optimizer.memory(first.size)}
        sizes = [math.prod(shape) for shape in shapes.values()]
        self.state = np.zeros(sum(sizes))
        ends = np.cumsum(sizes).tolist()
        views = {n: self.state[e - k : e].reshape(shapes[n]) for n, k, e in zip(shapes, sizes, ends)}
        self._theta = views.pop("parameters")
        self._memory = views
        self._theta[...] = first
        self._begun = False

    @property
    def parameters(self) -> np.ndarray:
        return self._theta.astype(self.dtype, copy=False)

    @property
    def arrays(self) -> list[list[np.ndarray]]:
        return self.problem.arrays

    def replace(self, parts: list[Part]) -> None:
        self.parts = parts
        self.problem.replace(parts)
        self.changed()

    def changed(self) -> None:
        """Data or weights are others."""
        self.problem.forget()
        if self._begun:
            self.optimizer.refresh(self.problem, self._theta, self._memory)

    def set_state(self, state: np.ndarray, begun: int, root: int | None = None) -> None:
        super().set_state(state, begun, root)
        self.problem.forget()
        self._begun = begun > 0

    def _threads_of_products(self) -> int:
        """For NumPy's products: in small ones, waiting for a second thread takes longer, much longer on a busy machine."""
        return self.problem.threads if self.optimizer.operations(self.problem) >= THREADED_OPERATIONS else 1

    def _epochs(self, begun: int, count: int) -> Outcome:
        losses: list[float] = []
        terms: list[list[float]] = []
        failed, converged = None, False
        for _ in range(count):
            with eg.blas_threads(self._threads_of_products()):  # NumPy's products and factorizations
                if not self._begun:
                    self.optimizer.begin(self.problem, self._theta, self._memory)
                    self._begun = True
                made = self.optimizer.step(self.problem, self._theta, self._memory)
            if not math.isfinite(made.loss):
                failed = made.loss
                break
            losses.append(made.loss)
            if self._several:
                terms.append(self.problem.terms_after(self._theta))
            if made.converged:
                converged = True
                break
        of_terms = np.array(terms).reshape(len(losses), len(self.arrays)).T[..., None] if self._several else None
        return Outcome(np.array(losses).reshape(-1, 1), failed, converged=converged, terms=of_terms)

    def _step(self, begun: int) -> Outcome:
        return self._epochs(begun, 1)


__all__ = ["BatchSteps", "FullBatchSteps", "Outcome", "Steps"]
