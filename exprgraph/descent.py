"""Gradient descent on a sum of terms, many steps in one call of machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .errors import ShapeError
from .graph.node import Node
from .lowering.call.by_step import split
from .lowering.call.function import CompiledFunction
from .lowering.call.threads import alongside
from .meaning.binding import Argument

if TYPE_CHECKING:
    from .lowering.call.form import Form


class Term(NamedTuple):
    """A term of the objective, with its data.

    Attributes:
        function: a compiled function of the parameters and of data, with the results (value, gradient).  Its threads divide the
            samples of every step.
        arrays: the values of its arguments after the first, flat, samples one after another.
        samples: the number of samples of the arguments that differ by sample.
    """

    function: CompiledFunction
    arrays: tuple[np.ndarray, ...]
    samples: int

    @property
    def data(self) -> tuple[Argument, ...]:
        """The arguments given by the arrays."""
        return self.function.core.arguments[1:]


class Batches(NamedTuple):
    """Which samples of a term each step takes: ``indices[offsets[k]:offsets[k + 1]]``.

    Attributes:
        samples: the number of samples for which they are :meth:`checked`, which alone sets it.  Each run checks a copy of others.
    """

    indices: np.ndarray
    offsets: np.ndarray
    samples: int | None = None

    @property
    def longest(self) -> int:
        """The number of samples of the largest batch."""
        return int(np.max(np.diff(self.offsets), initial=0))

    def checked(self, samples: int, steps: int = 0) -> Batches:
        """The same batches, checked once for all runs on terms of so many samples.

        Machine code gathers these samples without further checks, so do not change the arrays afterwards.

        Raises:
            ValueError: there are fewer batches than ``steps``; offsets are not in order, or beyond the indices; or an index is
                negative or not below ``samples``.

        >>> import numpy as np
        >>> from exprgraph.descent import Batches
        >>> Batches(np.array([2, 0, 1, 1]), np.array([0, 2, 4])).checked(3).some(1, 2).indices
        array([1, 1])
        """
        indices, offsets = (np.ascontiguousarray(a, np.int64) for a in self[:2])
        if offsets.size <= steps or offsets[0] < 0 or offsets[-1] > indices.size or (offsets[1:] < offsets[:-1]).any():
            raise ValueError(f"batches: expected ends of {steps} batches in order, of {indices.size} indices")
        if indices.size and (indices.min() < 0 or indices.max() >= samples):
            raise ValueError(f"batches: indices are from 0 to {samples - 1}, got {indices.min()} to {indices.max()}")
        return Batches(indices, offsets, samples)

    def some(self, first: int, last: int) -> Batches:
        """The batches of the steps ``first`` to ``last - 1``."""
        begin, end = self.offsets[first], self.offsets[last]
        return self._replace(indices=self.indices[begin:end], offsets=self.offsets[first : last + 1] - begin)


class _Steps(NamedTuple):
    """What the steps of a run are given, a row or a number each, and where their losses go."""

    numbers: np.ndarray
    chosen: np.ndarray
    losses: np.ndarray
    values: np.ndarray


def _fitting(batches: Batches, samples: int, steps: int) -> Batches:
    """Checked batches of so many steps."""
    if batches.samples == samples and len(batches.offsets) > steps:
        return batches
    return Batches(np.array(batches.indices), np.array(batches.offsets)).checked(samples, steps)  # of private copies


class Descent:
    """Parameters and optimizer memory, with the functions that update them.

    Args:
        terms: the objective is their sum.
        update: a compiled function with the results (new parameters, new memory, ...) of (parameters, gradient, memory, ...,
            learning rate, number of the step from 1).  Of several, the steps take one after another, and the first again.
        parameters: the first parameters; copied.
        memory: the number of vectors of the parameters' size that the optimizer keeps, or the size of each array that it keeps;
            they start at zero.

    Raises:
        ShapeError: a term or an update has arguments or results of other sizes, a term has results that differ by sample, or
            updates have other arguments than the first.

    Attributes:
        state: parameters and memory; changed in place.  A row each if all have the parameters' size, else one vector.

    >>> import exprgraph as eg, numpy as np
    >>> from exprgraph.descent import Descent, Term
    >>> p, g, rate, step = eg.Symbol("p", 2), eg.Symbol("g", 2), eg.Symbol("rate"), eg.Symbol("step")
    >>> x = eg.Symbol("x", 2, per_sample=True)
    >>> loss = eg.over_samples.mean((p @ x - 1) ** 2)
    >>> value = eg.compile([loss, eg.gradient(loss, p)], (p, x))
    >>> update = eg.compile([p - rate * g], (p, g, rate, step))
    >>> descent = Descent([Term(value, (np.array([1.0, 0.0, 0.0, 1.0]),), 2)], update, np.zeros(2), 0)
    >>> losses = np.empty(100)
    >>> descent.run([None], np.full(100, 0.5), 0, losses)
    100
    >>> descent.parameters.round(6), losses[0]
    (array([1., 1.]), np.float64(1.0))
    """

    def __init__(
        self,
        terms: Sequence[Term],
        update: CompiledFunction | Sequence[CompiledFunction],
        parameters: np.ndarray,
        memory: int | Sequence[int],
    ) -> None:
        self.dtype = parameters.dtype
        self.terms = tuple(terms)
        n = parameters.size
        equal = isinstance(memory, int)
        #: of the parameters, and of each array of the memory
        self.sizes = (n, *([n] * memory if isinstance(memory, int) else memory))
        ends = np.cumsum(self.sizes)
        self.state = np.zeros((1 + len(self.sizes[1:]), n) if equal else int(ends[-1]), self.dtype)
        self.parts = [self.state.reshape(-1)[e - k : e] for k, e in zip(self.sizes, ends)]
        self.parts[0][...] = parameters
        single = self.dtype == np.float32
        self._update = _update_of([update] if isinstance(update, CompiledFunction) else update, self.sizes)
        self.forms_of_update = [f.core.form(False, single, called=False) for f in self._update.functions]
        self.forms = [_checked_form(t.function, n, single) for t in self.terms]
        self.total = np.zeros(n + 1, self.dtype)
        self._prepared: _Prepared | None = None
        self.is_native = all(f.code is not None for f in (*self.forms_of_update, *self.forms))

    @property
    def told_size(self) -> int:
        """How many numbers of a step are computed before the loop."""
        return self._update.count

    @property
    def parameters(self) -> np.ndarray:
        """The parameters as they are now; a view."""
        return self.parts[0]

    def run(
        self,
        batches: Sequence[Batches | None],
        rates: np.ndarray,
        begun: int,
        losses: np.ndarray,
        values: np.ndarray | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> int:
        """Make one step for each learning rate; write each step's loss, computed before its update.

        Args:
            batches: for each term, or ``None`` for all its samples at every step.
            rates: the learning rate of each step.
            begun: the number of steps made before.
            losses: where each step's loss goes.
            values: where the value of each term goes, of shape (terms, steps); they are written if there are several terms.
            meanwhile: called once, by another thread during the steps if one is free, else after them.

        Returns:
            The number of steps made: fewer than ``len(rates)`` if a loss or gradient was not finite; the
            parameters are then those before that step.

        Raises:
            ValueError: a batch refers to samples that do not exist, or there are fewer batches than rates.
            ShapeError: data, ``losses`` or ``values`` have a wrong size or type.
        """
        rates = np.ascontiguousarray(rates, float)
        batches = [None if b is None else _fitting(b, t.samples, len(rates)) for t, b in zip(self.terms, batches, strict=True)]
        if values is None:
            values = np.empty((len(self.terms), len(rates)), self.dtype)
        self._check(rates, losses, values)
        numbers = np.ascontiguousarray(self._update.told(rates, begun), self.dtype)
        steps, made = _Steps(numbers, self._update.chosen(begun, len(rates)), losses, values), list[int]()

        def main() -> None:
            made.append(self._in_machine_code(batches, steps) if self.is_native else self._in_python(batches, steps))

        main() if meanwhile is None else alongside(main, meanwhile)
        return made[0]

    def _check(self, rates: np.ndarray, losses: np.ndarray, values: np.ndarray) -> None:
        """Check the sizes of all arrays that machine code uses, at each run: their owner may have changed them."""
        if rates.ndim != 1 or losses.shape != rates.shape or losses.dtype != self.dtype or not losses.flags.carray:
            raise ShapeError(
                f"losses: expected {rates.size} of {self.dtype} for rates of shape {rates.shape}, got {losses.dtype} {losses.shape}"
            )
        if values.shape != (len(self.terms), rates.size) or values.dtype != self.dtype or not values.flags.carray:
            raise ShapeError(f"values: expected shape {(len(self.terms), rates.size)} of {self.dtype}, got {values.dtype} {values.shape}")
        for term in self.terms:
            for argument, a in zip(term.data, term.arrays, strict=True):
                size = argument.size * (term.samples if argument.per_sample else 1)
                if a.size != size or a.dtype != self.dtype or not (a.flags.c_contiguous and a.flags.aligned):
                    raise ShapeError(
                        f"data of {argument.name!r}: expected {size} numbers of {self.dtype} in order, got {a.size} of {a.dtype}"
                    )

    # -- machine code

    def _in_machine_code(self, batches: Sequence[Batches | None], steps: _Steps) -> int:
        prepared = self._prepared
        if prepared is None or not prepared.fits(self, batches):
            prepared = self._prepared = _Prepared(self, batches, prepared)
        return prepared.run(batches, steps)

    # -- the same in Python, for code that only Numba compiles

    def _in_python(self, batches: Sequence[Batches | None], steps: _Steps) -> int:
        for step, (numbers, which) in enumerate(zip(steps.numbers, steps.chosen)):
            total = np.zeros(self.sizes[0] + 1, self.dtype)
            for k, (term, form, batch) in enumerate(zip(self.terms, self.forms, batches)):
                chosen = None if batch is None else batch.indices[batch.offsets[step] : batch.offsets[step + 1]]
                own = self._value_and_gradient(term, form, chosen)
                steps.values[k, step] = own[0]
                total += own
            steps.losses[step] = total[0]
            if not np.all(np.isfinite(total)):
                return step
            for own, new in zip(self.parts, self.forms_of_update[which]([self.parts[0], total[1:], *self.parts[1:], *numbers], ())):
                own[...] = new.reshape(-1)
        return len(steps.numbers)

    def _value_and_gradient(self, term: Term, form: Form, chosen: np.ndarray | None) -> np.ndarray:
        arrays = [self.parts[0]]
        samples = term.samples if chosen is None else len(chosen)
        for argument, a in zip(term.data, term.arrays):
            if argument.per_sample:
                own = a.reshape(term.samples, argument.size)
                a = own if chosen is None else own[chosen]
            arrays.append(a)
        value, gradient = form(arrays, (samples,) if term.function.core.takes_batches else ())
        return np.concatenate([np.reshape(value, 1), gradient.ravel()])


def _checked_form(function: CompiledFunction, n: int, single: bool) -> Form:
    """The code of a term, whose arguments and results are checked: it writes them by address."""
    core = function.core
    first, sizes = core.arguments[0], tuple(o.size for o in core.outputs)
    if first.size != n or first.per_sample or sizes != (1, n):
        raise ShapeError(
            f"terms: expected functions of {n} parameters, the same for all samples, with a value and {n} derivatives, "
            f"got {first.size} parameters and results of sizes {sizes}"
        )
    form = core.form(core.takes_batches, single, called=False)
    if any(form.program.per_sample):
        raise ShapeError("terms: the results differ by sample; sum over the samples, as in over_samples.mean")
    return form


Formulas = tuple[tuple[Node, ...], ...]


class _Update:
    """The formulas of the steps, without the numbers that depend on the step alone.

    Attributes:
        functions: each of (parameters, gradient, memory, ..., numbers of the step, ...).
    """

    def __init__(self, formulas: Formulas, symbols: tuple[Node | Argument, ...], backend: str, contract: bool) -> None:
        *arrays, rate, step = symbols
        made = split(formulas, [s for s in (rate, step) if isinstance(s, Node)])
        arguments = [*arrays, *made.symbols]
        own = dict.fromkeys(made.formulas)
        # a descent calls their machine code: no interpreter answers first, and products are fused with sums
        self.functions = [CompiledFunction(list(f), arguments, arguments, backend, contract=contract, immediate=False) for f in own]
        self._order = np.array([list(own).index(f) for f in made.formulas])
        self.count = len(made.numbers)
        self._numbers = CompiledFunction(list(made.numbers), (rate, step), backend=backend, contract=contract)

    def told(self, rates: np.ndarray, begun: int) -> np.ndarray:
        """The numbers of each step, a row each, in float64."""
        if not self.count or not len(rates):
            return np.zeros((len(rates), self.count))
        columns = self._numbers(rates, np.arange(begun + 1.0, begun + len(rates) + 1))
        return np.concatenate(columns).reshape(self.count, -1).T

    def chosen(self, begun: int, count: int) -> np.ndarray:
        """The formula of each step."""
        period = len(self._order)
        return self._order[np.arange(begun, begun + count) % period] if period > 1 else np.zeros(count, np.int64)


_last = lru_cache(maxsize=8)(_Update)


def _update_of(given: Sequence[CompiledFunction], sizes: Sequence[int]) -> _Update:
    """The formulas of compiled functions, which are checked; the last ones are kept, as trainings are repeated."""
    first = given[0]
    for f in given:
        got = tuple(o.size for o in f.outputs)
        if f.symbols != first.symbols or got != tuple(sizes):
            raise ShapeError(f"updates: expected functions of the same arguments with results of sizes {tuple(sizes)}, got {got}")
    wanted, taken = (sizes[0], *sizes, 1, 1), tuple(s.size for s in first.symbols)
    if taken != wanted:
        raise ShapeError(f"updates: expected arguments of sizes {wanted}, the last two learning rate and step, got {taken}")
    return _last(tuple(f.outputs for f in given), first.symbols, first.core.backend, first.core.contract)


def _places(descent: Descent) -> list[int]:
    """The addresses of the arrays that belong to others."""
    return [descent.state.ctypes.data, *(a.ctypes.data for t in descent.terms for a in t.arrays)]


class _Prepared:
    """Tables of addresses and memory for machine code, kept from run to run: making them takes longer than a small step.

    The words of a run are its batches, the numbers of its steps, and its losses.

    Args:
        before: those of earlier runs, whose threads go on working together.
    """

    def __init__(self, descent: Descent, batches: Sequence[Batches | None], before: _Prepared | None) -> None:
        from .lowering.call import team  # loads the compiler

        self._dtype = descent.dtype
        self._terms = descent.terms
        self._longest = [None if b is None else b.longest for b in batches]
        self._places = _places(descent)
        self._words, self._columns = team.COMMON_AT, team.TERM_AT
        self._memory, self._sizes, self._division = team.Addressed(self._dtype), team.Sizes, team.division
        members, bits = max(f.threads for f in descent.forms), 8 * self._dtype.itemsize
        self._seats: int = team.seats_for(members) if before is None else before._seats
        self._team: team.Team | None = None if before is None else before._team
        if members > 1 and (self._team is None or not self._team.is_here):
            self._team = team.Team(self._seats, bits)
        rows = [self._row(descent, *given) for given in zip(descent.terms, descent.forms, self._longest)]
        self._rows = team.rows_of(rows, self._columns)  # changed from run to run
        common = self._row_of_descent(descent, [words["sums"] for words in rows])
        (self._common,) = team.rows_of([common], self._words)  # changed from run to run
        self._place = self._common.ctypes.data
        integer = ctypes.c_int64
        loop = team.descend(bits, members > 1).descend
        self._loop = ctypes.CFUNCTYPE(integer, ctypes.c_void_p, integer, integer)(loop)

    def fits(self, descent: Descent, batches: Sequence[Batches | None]) -> bool:
        """Whether these tables have room for the batches, and all arrays are where they were."""
        moved = descent.terms is not self._terms or _places(descent) != self._places
        if moved or (self._team is not None and not self._team.is_here):
            return False
        pairs = zip(batches, self._longest, strict=True)
        return all((b is None) if longest is None else (b is not None and b.longest <= longest) for b, longest in pairs)

    def _row(self, descent: Descent, term: Term, form: Form, longest: int | None) -> dict[str, int]:
        """The words of a term."""
        assert form.code is not None
        memory = self._memory
        memory.keep(form.code)
        given, gathers = [memory.address(descent.state)], []
        for argument, a in zip(term.data, term.arrays):
            if longest is not None and argument.per_sample:
                given.append(memory.numbers(argument.size * longest))
                gathers += [memory.address(a), given[-1], argument.size]
            else:
                given.append(memory.address(a))
        numbers, program = descent.sizes[0] + 1, form.program
        sums = memory.numbers(numbers)
        row = {
            "run": form.code.address, "given": memory.table(given), "wanted": memory.table([sums]),
            "own_lanes": memory.numbers(program.workspace), "own_shared": memory.numbers(program.shared), "gathers": len(gathers) // 3,
            "gather_table": memory.table(gathers), "offsets": memory.table([0, term.samples]), "sums": sums, "threads": 1,
        }  # fmt: skip
        if form.threads > 1:
            sizes = self._sizes(form.threads, self._seats, term.samples if longest is None else longest, numbers)
            row |= self._division(memory, program, form.code, sizes, lambda own: memory.table([own]))
        return row

    def _row_of_descent(self, descent: Descent, outputs: list[int]) -> dict[str, int]:
        """The words of the descent."""
        forms, state, item, memory = descent.forms_of_update, descent.state, self._dtype.itemsize, self._memory
        summed = memory.address(descent.total) if len(descent.terms) > 1 else outputs[0]
        numbers = np.zeros(max(1, descent.told_size), self._dtype)
        given = [memory.address(state), summed + item, *(a.ctypes.data for a in descent.parts[1:])]
        given += [memory.address(numbers) + k * item for k in range(descent.told_size)]
        codes = [f.code for f in forms if f.code is not None]
        memory.keep(codes)
        output = memory.numbers(state.size)
        return {
            "count": len(descent.terms), "terms": self._rows.ctypes.data, "numbers": descent.sizes[0] + 1, "total": summed,
            "state": state.ctypes.data, "state_size": state.size, "scalars": numbers.ctypes.data, "told_size": descent.told_size,
            "updates": memory.table([c.address for c in codes]), "arguments": memory.table(given), "results": memory.table([output]),
            "lanes": memory.numbers(max(f.program.workspace for f in forms)), "output": output,
            "shared": memory.numbers(max(f.program.shared for f in forms)),
            "team": 0 if self._team is None else self._team.address,
        }  # fmt: skip

    def run(self, batches: Sequence[Batches | None], steps: _Steps) -> int:
        """Make the steps; see :meth:`Descent.run`."""
        place, step = steps.values.ctypes.data, steps.values.strides[0]
        for k, (row, batch) in enumerate(zip(self._rows, batches)):
            row[self._columns["values"]] = place + k * step
            if batch is not None:
                row[self._columns["indices"]] = batch.indices.ctypes.data
                row[self._columns["offsets"]] = batch.offsets.ctypes.data
                row[self._columns["advance"]] = 1
        for word, a in (("told", steps.numbers), ("chosen", steps.chosen), ("history", steps.losses)):
            self._common[self._words[word]] = a.ctypes.data
        if self._team is not None:
            self._team.call()
        return int(self._loop(self._place, 0, len(steps.numbers)))


__all__ = ["Batches", "Descent", "Term"]
