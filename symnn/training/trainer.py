"""A training that you hold: step by step, with losses, state, weights and data at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Union

import numpy as np

import exprgraph as eg
from exprgraph import Node, UnboundSymbolError

from ..errors import ArgumentError, ShapeError
from ..network.build import BuiltFunction, build_nn_function
from ..network.derivatives import expression_of
from ..objectives.functions import KEPT
from ..objectives.objective import LossTerm, Part, ResidualTerm, frozen_in, in_memory, names_of, parameters_of, parts_of
from ..objectives.problem import Problem
from ..parameters.container import NeuralNetworkParameters, from_flat
from ..points.drawn import Drawing
from ..quantities import count, described, generator, number, threads_among
from ..reports import Epoch, History, TrainingResult
from .batching import Sampler
from .block_steps import steps_for
from .first_order.adam import Adam
from .full_batch.lbfgs import LBFGS
from .preparing import check_optimizer, check_order, first_parameters, network_of
from .progress import Progress, Wanted
from .run import Run
from .steps import BatchSteps, FullBatchSteps

Weights = Union[Mapping[str, float], Sequence[float]]


class Trainer:
    """The training of a network, step by step.

    Args:
        nn, loss, data, params, optimizer, batch_size, batches, rng, threads: as for :func:`train`.

    Raises:
        ArgumentError, ShapeError: something does not fit.

    >>> import numpy as np
    >>> from symnn import MSE, Adam, Chain, Dense, Trainer
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> trainer = Trainer(Chain(Dense(1, 8), Dense(8, 1)), MSE(), (x, x**2), optimizer=Adam(0.01), rng=0)
    >>> first = trainer.step()
    >>> for _ in range(500):
    ...     loss = trainer.step()
    >>> loss < 0.1 * first, trainer.steps
    (True, 501)
    """

    def __init__(
        self,
        nn: Any,
        loss: Any,
        data: Any = None,
        *,
        params: Any = None,
        optimizer: Any = None,
        batch_size: int | None = None,
        batches: Any = None,
        rng: int | np.random.Generator | None = None,
        threads: int | None = 1,
    ) -> None:
        check_order(nn, loss, data)
        self.optimizer = Adam() if optimizer is None else optimizer
        check_optimizer(self.optimizer, batch_size, batches)
        if isinstance(self.optimizer, LBFGS) and self.optimizer.scipy:
            raise ArgumentError("LBFGS(scipy=True) makes no single steps: take LBFGS(), or train(...)")
        random = generator("rng", rng)
        self.nn, self.loss = network_of(nn), loss
        self._symbols = parameters_of(self.nn)
        first = first_parameters(nn, self.nn, params, random)
        drawing = Drawing(random)
        self._parts = in_memory(parts_of(self.nn, loss, data, drawing))
        sampler = Sampler([p.samples for p in self._parts], batch_size, batches, random)
        self._threads = threads_among("threads", threads)
        self._steps = steps_for(self.optimizer, sampler, self._symbols, self._parts, first, self._threads, drawing)
        self._run = Run(self._symbols, first, self._parts, self.optimizer, sampler)
        self._run.network = getattr(self.nn, "chain", self.nn)
        #: the number of steps so far
        self.steps = 0
        self._value: Problem | None = None
        self._evaluators: dict[tuple[Node, tuple[Node, ...]], BuiltFunction] = {}
        #: the losses, and those of the terms, at the single steps of an epoch that is not finished
        self._losses: list[float] = []
        self._terms: list[np.ndarray] = []

    @property
    def params(self) -> NeuralNetworkParameters:
        """A copy of the parameters."""
        return from_flat(self._symbols.layout, np.array(self._steps.parameters))

    @property
    def epoch(self) -> int:
        """The number of whole epochs so far."""
        return self.steps // self._steps.of_epoch

    @property
    def history(self) -> History:
        """The losses so far."""
        return self._run.history

    # -- steps

    def step(self, data: Any = None) -> float:
        """Make one step and return its loss: before the step for optimizers on batches, after it for full-batch ones.

        Args:
            data: other data, from now on, in the form given to the constructor; for a list of terms a list of data.

        Raises:
            NonFiniteLossError: the loss or its gradient is infinite or NaN; the step was not made.
        """
        if data is not None:
            self.replace(data)
        outcome = self._steps.step(self.steps)
        run = self._run
        run.parameters = self._steps.parameters
        if outcome.failed is not None:
            run.epoch = self.epoch
            raise run.lost(outcome)
        loss = float(outcome.losses[-1, 0])
        run.history.steps.append(loss)
        self._losses.append(loss)
        if outcome.terms is not None:
            self._terms.append(outcome.terms[:, -1, 0])
        self.steps += 1
        if self.steps % self._steps.of_epoch == 0:
            run.history.loss.append(sum(self._losses) / len(self._losses))
            for own, values in zip(run.history.terms.values(), zip(*self._terms)):
                own.append(float(np.mean(values, dtype=float)))
            self._losses, self._terms = [], []
        return loss

    def run(
        self,
        epochs: int = 1000,
        *,
        progress: Wanted = True,
        callback: Callable[[Epoch], Any] | None = None,
    ) -> TrainingResult:
        """Make further epochs, as :func:`train` does, and return the result so far.

        Args:
            epochs: the number of further epochs.
            progress, callback: as for :func:`train`.

        Raises:
            ArgumentError: single steps stopped in the middle of an epoch.
            NonFiniteLossError: the loss or its gradient is infinite or NaN.
        """
        start, run = time.perf_counter(), self._run
        further = count("epochs", epochs, 0)
        if callback is not None and not callable(callback):
            raise ArgumentError(f"callback is a function of an Epoch, got {described(callback)}")
        if self.steps % self._steps.of_epoch:
            left = self._steps.of_epoch - self.steps % self._steps.of_epoch
            raise ArgumentError(f"single steps stopped in the middle of an epoch: make {left} more before run()")
        run.epoch, run.callback, run.stopped = self.epoch, callback, "epochs"
        last = run.epoch + further
        try:
            with Progress(last, progress) as run.progress:
                run.progress.begin(run.epoch)
                run.descend(self._steps, last)
        except BaseException as error:
            run.bring_along(error)
            raise
        finally:
            self.steps = run.epoch * self._steps.of_epoch
        return run.result(time.perf_counter() - start)

    # -- the loss

    @property
    def problem(self) -> Problem:
        """The loss on the data and with the weights of now, as functions of a flat vector of parameters."""
        if isinstance(self._steps, FullBatchSteps):
            return self._steps.problem
        if self._value is None:
            self._value = Problem(self._symbols, self._parts, self._run.dtype, self._threads)
        for own, used in zip(self._value.arrays, self._steps.arrays):
            own[:] = used
        return self._value

    @property
    def losses(self) -> dict[str, float]:
        """The loss of each term now, on all its samples and with its weight, by name."""
        return dict(zip(names_of(self._parts), self.problem.terms(self._steps.parameters)))

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each term by name; empty if the loss is not a list of terms."""
        found = {}
        for name, part, arrays in zip(names_of(self._parts), self._parts, self._steps.arrays):
            if part.weight is not None:
                found[name] = float(arrays[part.symbols.index(part.weight)])
        return found

    @property
    def data(self) -> dict[str, dict[Node, np.ndarray]]:
        """Copies of the data of each term now, by its name and by symbols; of points that are drawn anew, the last ones."""
        found = {}
        for name, part, arrays in zip(names_of(self._parts), self._parts, self._steps.arrays):
            found[name] = {s: np.array(a) for s, a in zip(part.symbols, arrays) if s is not part.weight}
        return found

    def evaluate(self, e: Any, data: str | Mapping[Node, Any]) -> np.ndarray:
        """An expression with the parameters of now, such as a residual at points.

        Args:
            e: an expression.
            data: a dict from its other symbols to arrays with samples first, or the name of a term, for the data of now.

        Raises:
            ArgumentError: there is no term of this name.
            UnboundSymbolError: a symbol has no value.

        >>> import numpy as np
        >>> from symnn import Dense, ResidualTerm, SymbolicNeuralNetwork, Trainer
        >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
        >>> trainer = Trainer(nn, [ResidualTerm(nn.output - 1, {nn.input: [[0.0]]})], params=[2.0, 1.0])
        >>> trainer.evaluate(nn.output[0] ** 2, {nn.input: [[0.0], [1.0]]})
        array([1., 9.])
        """
        node = expression_of(e)
        if isinstance(data, str):
            data = self.data[names_of(self._parts)[_index_of(data, names_of(self._parts))]]
        if not isinstance(data, Mapping):
            raise ArgumentError(f"evaluate(e, data): data is a dict from symbols to arrays, or the name of a term, got {described(data)}")
        frozen = {s: a.astype(self._run.dtype, copy=False) for s, a in frozen_in(self.nn, node).items()}
        given = {**frozen, **data}
        known = {*given, *self._symbols.leaves().values()}
        missing = next((s for s in eg.free_symbols(node) if s not in known), None)
        if missing is not None:
            names = ", ".join(str(s) for s in data) or "none"
            raise UnboundSymbolError(f"evaluate(e, data): the symbol '{missing}' of shape {missing.shape} has no value in data ({names})")
        key = (node, tuple(given))
        if key not in self._evaluators:
            if len(self._evaluators) >= KEPT:
                del self._evaluators[next(iter(self._evaluators))]
            shared = [s for s in given if not s.per_sample]
            self._evaluators[key] = build_nn_function(node, self._symbols, *given, shared=shared, threads=self._threads)
        value: np.ndarray = self._evaluators[key](*given.values(), self._steps.parameters)
        return value

    def replace(self, data: Any) -> None:
        """Take other data from now on; without new code if the symbols are the same.

        Args:
            data: in the form given to the constructor; for a list of terms a list, with one entry a term.

        Raises:
            ArgumentError: the data do not fit the loss.
        """
        drawing = self._steps.drawing.again()
        terms = [self.loss] if isinstance(self.loss, LossTerm) else self.loss
        if not isinstance(terms, (list, tuple)):
            parts = in_memory(parts_of(self.nn, self.loss, data, drawing))
        elif not isinstance(data, (list, tuple)) or len(data) != len(terms):
            raise ArgumentError(f"the data of a list of {len(terms)} terms is a list of as many, got {described(data)}")
        else:
            parts = in_memory(parts_of(self.nn, [_with_data(t, d) for t, d in zip(terms, data)], None, drawing))
        for p, q in zip(parts, self._parts):
            if set(p.symbols) != set(q.symbols):
                raise ArgumentError(f"{q.name}: other data have values of the same symbols: {', '.join(s.name for s in q.symbols)}")
        ordered = [_ordered(p, q, used) for p, q, used in zip(parts, self._parts, self._steps.arrays)]
        self._take(ordered)
        self._steps.drawing = drawing

    def set(
        self,
        *,
        weights: Weights | None = None,
        rate: float | Callable[[int], float] | None = None,
        data: Mapping[str, Mapping[Node, Any]] | None = None,
    ) -> None:
        """Change the weights of the terms, the learning rate, or some of the data, without new code.

        Args:
            weights: numbers by the names of terms, or one for each term; for a loss that is a list of terms.
            rate: the learning rate from now on: a number, or a function of the number of the step.
            data: new values of some symbols of some terms, by the names of terms; of as many samples as before.

        Raises:
            ArgumentError: there is no such term, no learning rate, or a number is out of range.
        """
        if weights is not None:
            self._set_weights(weights)
        if data is not None:
            self._set_data(data)
        if rate is not None:
            if not isinstance(self._steps, BatchSteps):
                raise ArgumentError(f"{type(self.optimizer).__name__} has no learning rate")
            self._steps.rate = self.optimizer.with_rate(rate).rates

    def _set_data(self, data: Mapping[str, Mapping[Node, Any]]) -> None:
        names = names_of(self._parts)
        parts = [p._replace(arrays=tuple(used)) for p, used in zip(self._parts, self._steps.arrays)]
        if not isinstance(data, Mapping) or not all(isinstance(values, Mapping) for values in data.values()):
            example = '{"inside": {nn.input: points}}'
            raise ArgumentError(f"set(data=...) takes a dict of dicts, by terms and symbols, such as {example}, got {described(data)}")
        for name, values in data.items():
            part = parts[_index_of(name, names)]
            arrays = list(part.arrays)
            for symbol, value in values.items():
                if symbol not in part.symbols or symbol is part.weight:
                    known = ", ".join(s.name for s in part.symbols if s is not part.weight) or "none"
                    raise ArgumentError(f"the term {name!r} has no data of {described(symbol)}; it has data of: {known}")
                k = part.symbols.index(symbol)
                new = eg.real_array(value, f"{symbol.name} of {name!r}")
                shape = (part.samples, *symbol.shape) if symbol.per_sample else symbol.shape
                if new.shape not in (shape, arrays[k].shape):
                    raise ShapeError(f"{symbol.name} of {name!r}: expected as many samples as before, shape {shape}, got {new.shape}")
                arrays[k] = np.array(new)
            columns = {s: c for s, c in part.columns.items() if s not in values}
            parts[_index_of(name, names)] = part._replace(arrays=tuple(arrays), columns=columns)
        self._take(parts)

    def _take(self, parts: list[Part]) -> None:
        """Go on with these data."""
        self._steps.replace(parts)
        self._parts = self._run.parts = parts
        self._value = None

    def _set_weights(self, weights: Weights) -> None:
        names = names_of(self._parts)
        if not isinstance(weights, Mapping):
            if not isinstance(weights, (list, tuple, np.ndarray)):
                raise ArgumentError(f"weights are a dict by the names of terms, or a list with one for each; got {described(weights)}")
            if len(weights) != len(names):
                raise ArgumentError(f"there are {len(names)} terms ({', '.join(names)}), got {len(weights)} weights")
            weights = dict(zip(names, weights))
        numbers = {}
        for name, value in weights.items():
            part = self._parts[_index_of(name, names)]
            if part.weight is None:
                raise ArgumentError("this loss has no weights: make it a list of LossTerm or ResidualTerm")
            numbers[name] = number(f"the weight of {name}", value, least=None if part.residual is None else 0)
        for name, value in numbers.items():
            k = names.index(name)
            part = self._parts[k]
            assert part.weight is not None
            self._steps.arrays[k][part.symbols.index(part.weight)][...] = value
        if isinstance(self._steps, FullBatchSteps):
            self._steps.changed()

    # -- state

    @property
    def state(self) -> dict[str, Any]:
        """Parameters, the optimizer's memory, the number of steps and the random numbers: set it to continue from here.

        A dict of arrays and numbers, which can be pickled.  Data, weights and a changed learning rate are not in it; of
        :class:`~symnn.points.Points`, the same ones are drawn again.
        """
        return {
            "numbers": self._steps.state.copy(), "steps": self.steps,
            "random": self._steps.random(self.steps), "points": self._steps.drawing.root,
        }  # fmt: skip

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        missing = sorted({"numbers", "steps", "random"} - set(state)) if isinstance(state, Mapping) else ["numbers"]
        if missing:
            raise ArgumentError(f"a state is a dict as trainer.state gives it; it has no {missing[0]!r}, got {described(state)}")
        numbers = np.asarray(state["numbers"])
        if numbers.shape != self._steps.state.shape:
            raise ArgumentError(f"a state of this trainer has an array of shape {self._steps.state.shape}, got {numbers.shape}")
        steps, generator = count("steps of a state", state["steps"], 0), self._run.sampler.rng.bit_generator
        try:
            generator.state = state["random"]
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            came = f"{described(state['random'])} ({error})"
            raise ArgumentError(f"a state of this trainer has random numbers of {type(generator).__name__}, got {came}") from None
        self.steps, self._losses, self._terms = steps, [], []
        self._steps.set_state(numbers, self.steps, state.get("points"))
        self._run.parameters = self._steps.parameters

    def __reduce__(self) -> NoReturn:
        raise TypeError("a trainer has compiled code, and is not pickled or copied; pickle trainer.state, and set it in another trainer")

    def __repr__(self) -> str:
        return f"<Trainer of {self._symbols.size} parameters, {type(self.optimizer).__name__}, {self.steps} steps>"


def _index_of(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ArgumentError(f"there is no term {name!r}; the terms are: {', '.join(names)}")
    return list(names).index(name)


def _with_data(term: LossTerm, data: Any) -> LossTerm:
    if isinstance(term, ResidualTerm):
        return ResidualTerm(term.residual, data, term.weight, term.name)
    return LossTerm(term.loss, data, term.weight, term.name)


def _ordered(new: Part, old: Part, used: Sequence[np.ndarray]) -> Part:
    """New data in the order of the old symbols, with the weight that is set now."""
    given = dict(zip(new.symbols, new.arrays))
    if old.weight is not None:
        given[old.weight] = used[old.symbols.index(old.weight)]
    return old._replace(arrays=tuple(given[s] for s in old.symbols), samples=new.samples, columns=new.columns)


__all__ = ["Trainer"]
