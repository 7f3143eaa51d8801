"""Points as data: drawn at the beginning of a training, and anew while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..quantities import count, described
from .domain import Domain
from .sequences import check_method


class Column:
    """Values that belong to drawn points: the points themselves, their normals, or a function of them."""

    source: Points

    def values(self, drawn: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
        """The array, with samples first, for points and normals."""
        raise NotImplementedError

    def map(self, function: Callable[[np.ndarray], Any]) -> Column:
        """The values of a function, which takes an array of shape ``(n, dimension)`` and returns one with ``n`` samples first.

        >>> import numpy as np
        >>> from symnn.points import Box, Points
        >>> points = Points(Box(-1, 1), 100)
        >>> start = points.map(lambda x: np.sin(np.pi * x[:, 0]))
        """
        return _Mapped(self, function)


class Points(Column):
    """Points of a domain, as the value of a symbol in the data of a loss.

    A training draws them from its ``rng``.  Give the same object to several symbols or terms, and they get the same points.

    Args:
        domain: where the points are; or a function ``(n, rng)`` of your own that draws them, an array with ``n`` samples first.
        n: the number of points.
        method: "uniform", "latin", "sobol" or "halton"; see :meth:`Domain.sample`.
        every: draw new points every so many epochs; ``None`` keeps the first ones.

    Attributes:
        normals: the outward normals at the points, for another symbol, if the domain is a boundary.

    Raises:
        ArgumentError: the domain is no domain, the method is unknown, or a number is out of range.

    >>> from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, train
    >>> from symnn.physics import partial, residual_terms
    >>> from symnn.points import Box, Points
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(1, 8), Dense(8, 1, "identity")))
    >>> u, x = nn.output[0], nn.input
    >>> decay = residual_terms({"equation": (partial(u, x, 0) + u, {x: Points(Box(0, 1), 30, every=1)}),
    ...                         "start": (u - 1, {x: [[0.0]]})})
    >>> r = train(nn, decay, optimizer=Adam(0.01), epochs=1000, rng=0)
    >>> r.history.loss[-1] < 1e-3
    True
    """

    def __init__(
        self,
        domain: Domain | Callable[[int, np.random.Generator], np.ndarray],
        n: int,
        method: str = "uniform",
        every: int | None = None,
    ) -> None:
        if not isinstance(domain, Domain) and (not callable(domain) or isinstance(domain, type)):
            raise ArgumentError(f"Points(domain, n): a domain of symnn.points, such as Box([0, 0], [1, 1]), got {described(domain)}")
        self.domain, self.n, self.method = domain, count("the number of points", n), check_method(method)
        self.every = None if every is None else count("every", every)
        self.source = self

    @property
    def rounds(self) -> int:
        """How many times new points are drawn at once."""
        if self.every is None or not isinstance(self.domain, Domain):
            return 1
        return max(1, min(64, (1 << 15) // (self.n * self.domain.dimension)))

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """Points and their normals, of :attr:`rounds` times one after another."""
        if not isinstance(self.domain, Domain):
            drawn = np.asarray(self.domain(self.n, rng))
            if drawn.shape[:1] != (self.n,):
                raise ArgumentError(f"the function that draws {self.n} points gives an array with as many samples first, got {drawn.shape}")
            return drawn, None
        if self.method != "latin":  # whose points are evenly spread only as many as are drawn at once
            return self.domain.sample_with_normals(self.n * self.rounds, rng, self.method)
        clouds = [self.domain.sample_with_normals(self.n, rng, self.method) for _ in range(self.rounds)]
        normals = [normals for _, normals in clouds if normals is not None]
        return np.concatenate([x for x, _ in clouds]), np.concatenate(normals) if normals else None

    def values(self, drawn: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
        """The points."""
        return drawn[0]

    @property
    def normals(self) -> Column:
        """The outward normals at the points."""
        return _Normals(self)

    def __repr__(self) -> str:
        every = "" if self.every is None else f", every={self.every}"
        return f"Points({self.domain!r}, {self.n}, {self.method!r}{every})"


class _Normals(Column):
    def __init__(self, source: Points) -> None:
        self.source = source

    def values(self, drawn: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
        if drawn[1] is None:
            raise ArgumentError(f"the points of {self.source.domain!r} have no normals: draw them from its boundary")
        return drawn[1]

    def __repr__(self) -> str:
        return f"{self.source!r}.normals"


class _Mapped(Column):
    def __init__(self, before: Column, function: Callable[[np.ndarray], Any]) -> None:
        if not callable(function):
            raise ArgumentError(f"map takes a function of an array, got {described(function)}")
        self.source, self._before, self._function = before.source, before, function

    def values(self, drawn: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
        given = self._before.values(drawn)
        made = np.asarray(self._function(given))
        if made.shape[:1] != given.shape[:1]:
            raise ArgumentError(f"a function of {len(given)} points gives as many values, samples first; got the shape {made.shape}")
        return made

    def __repr__(self) -> str:
        return f"{self._before!r}.map({getattr(self._function, '__name__', self._function)})"


class Drawing:
    """What was drawn for each :class:`Points`: a function of one random number, the root, and of the epoch alone.

    So a training that is resumed has the points that it had, however its epochs were divided.

    Args:
        rng: draws the root, if there are points.
    """

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self._rng = rng
        self.root: int | None = None
        self._sources: list[Points] = []
        #: the number of now's points, and the points drawn last, with the number of their block
        self._rounds: list[int] = []
        self._blocks: list[tuple[int, tuple[np.ndarray, np.ndarray | None]]] = []
        #: what is drawn for later epochs, by the numbers of source and block
        self._later: dict[tuple[int, int], tuple[np.ndarray, np.ndarray | None]] = {}

    def again(self) -> Drawing:
        """Another drawing with the same root, for other points."""
        new = Drawing(self._rng)
        new.root = self.root
        return new

    def _of(self, source: Points) -> int:
        """The number of the source; it is drawn if it is new."""
        if self.root is None:
            self.root = int(np.random.default_rng(self._rng).integers(1 << 62))
        for k, known in enumerate(self._sources):
            if known is source:
                return k
        self._sources.append(source)
        self._rounds.append(0)
        self._blocks.append((0, self._block(len(self._sources) - 1, 0)))
        return len(self._sources) - 1

    def _block(self, k: int, number: int) -> tuple[np.ndarray, np.ndarray | None]:
        return self._sources[k].draw(np.random.default_rng([self.root or 0, k, number]))

    def _drawn(self, k: int, number: int) -> tuple[np.ndarray, np.ndarray | None]:
        """The points of a source that were drawn at this time."""
        source = self._sources[k]
        block, place = divmod(number, source.rounds)
        if self._blocks[k][0] != block:
            later = self._later.get((k, block))
            self._blocks[k] = block, self._block(k, block) if later is None else later
        x, normals = self._blocks[k][1]
        rows = slice(place * source.n, (place + 1) * source.n)
        return x[rows], None if normals is None else normals[rows]

    def values(self, column: Column) -> np.ndarray:
        """The array of a column."""
        k = self._of(column.source)
        return column.values(self._drawn(k, self._rounds[k]))

    def of_epochs(self, column: Column, epochs: range) -> np.ndarray:
        """The arrays of a column in several epochs, one after another."""
        k = self._of(column.source)
        numbers = [_round(column.source, epoch) for epoch in epochs]
        made = {number: column.values(self._drawn(k, number)) for number in dict.fromkeys(numbers)}
        return np.concatenate([made[number] for number in numbers])

    def draw_ahead(self, epochs: range) -> None:
        """Draw points of later epochs now, except by functions of the user, which may not expect to be called by another thread."""
        sources = [(k, s) for k, s in enumerate(self._sources) if isinstance(s.domain, Domain)]
        wanted = dict.fromkeys((k, _round(s, epoch) // s.rounds) for k, s in sources for epoch in epochs)
        later = {at: drawn for at, drawn in self._later.items() if at in wanted}
        self._later = later | {at: self._block(*at) for at in wanted if at not in later and self._blocks[at[0]][0] != at[1]}

    def advance(self, epoch: int, root: int | None = None) -> set[Points]:
        """Draw the points of an epoch, and tell which changed.

        Args:
            epoch: the number of epochs before.
            root: another root from now on.
        """
        other = root is not None and root != self.root
        if other:
            self.root, self._later = root, {}
            self._blocks = [(0, self._block(k, 0)) for k in range(len(self._sources))]
        changed = set()
        for k, source in enumerate(self._sources):
            number = _round(source, epoch)
            if other or number != self._rounds[k]:
                self._rounds[k] = number
                changed.add(source)
        return changed

    def until(self, epoch: int, last: int) -> int:
        """The next epoch after ``epoch`` whose points are others, at most ``last``."""
        return min([last, *((epoch // s.every + 1) * s.every for s in self._sources if s.every is not None)])

    @property
    def renews(self) -> bool:
        """Whether some points are drawn anew."""
        return any(s.every is not None for s in self._sources)


def _round(source: Points, epoch: int) -> int:
    return 0 if source.every is None else epoch // source.every


__all__ = ["Column", "Drawing", "Points"]
