"""Window after window of time: in each one the values at its beginning hold exactly, and a network adds what changes.

The solution in a window is ``g(x, s) + s N(x, s)``, where ``s`` is the time since the window began, 1 at its end.  ``g`` begins as the
trigonometric interpolation of the values at the end of the window before; it stays so or, in the first windows, follows the linear part
of the equation, by which kinks of the initial values become smooth.  The network ``N`` begins with the parameters of the window before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import LevenbergMarquardt, SymbolicNeuralNetwork, Trainer, build_nn_function
from symnn.physics import partial, residual_terms

from . import references
from .fitting import grid


class Waves:
    """A function on a circle, from its values at equally spaced points, that can follow ``u_t = rate(i k) u`` for its wave numbers ``k``.

    Args:
        start, length: the circle.
        values: real or complex, of shape (points,).
        rate: from ``i k`` to the growth of the wave; by default the function stays.
    """

    def __init__(self, start: float, length: float, values: np.ndarray, rate: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        n = len(values)
        c, k = np.fft.fft(values) / n, 1j * references.wavenumbers(n, length)
        # two thirds, as products of such functions have waves that the points take for others; and what is above rounding
        keep = (np.abs(np.fft.fftfreq(n)) < 1 / 3) & (np.abs(c) > 1e-16 * np.abs(c).max())
        self._start, self._keep = start, keep
        self._c, self._k = c[keep], k[keep]
        self._rate = 0 * self._k if rate is None else rate(self._k)

    def at(self, x: np.ndarray, s: np.ndarray, order: int = 0) -> list[np.ndarray]:
        """Derivatives along the circle up to an order, and the one by time, at points and times of one shape (n,); complex."""
        waves = np.exp(self._k * (x[:, None] - self._start) + self._rate * s[:, None])
        return [*(waves @ (self._k**m * self._c) for m in range(order + 1)), waves @ (self._rate * self._c)]

    def everywhere(self, s: float, order: int = 0) -> np.ndarray:
        """A derivative along the circle at the points of the first values, complex."""
        c = np.zeros(len(self._keep), complex)
        c[self._keep] = self._c * np.exp(self._rate * s) * self._k**order
        value: np.ndarray = np.fft.ifft(c) * len(c)
        return value


@dataclass(frozen=True)
class March:
    """How an equation ``u_t = rate(u, u_x, ...)`` on a circle is solved.

    Args:
        start, length: the circle.
        end: the last time.
        order: of the highest derivative along the circle.
        windows: how many, of equal length.
        steps: of Levenberg-Marquardt in each window, at most.
        enough: the mean square of the residual at new points with which the next window begins.
        points: of each window.
        every: how many steps the same points are used for.
        near: the share of the points that are drawn where the solution is steep.
        half: points are drawn in the second half of the circle only, for solutions that are even or odd about its middle.
        modes: the points of the interpolation.
        carried: in so many windows, the first ones, ``g`` follows the linear part.
    """

    start: float
    length: float
    end: float
    order: int
    windows: int = 10
    steps: int = 100
    enough: float = 0.0
    points: int = 1500
    every: int = 15
    near: float = 0.3
    half: bool = False
    modes: int = 512
    carried: int = 0

    def draw(self, rng: np.random.Generator, known: Waves) -> np.ndarray:
        """Points (x, s) of a window."""
        n = round(self.near * self.points)
        steep = np.abs(known.everywhere(0.0, 1))
        chosen = self.start + self.length * (rng.choice(len(steep), n, p=steep / steep.sum()) + rng.random(n)) / len(steep)
        x = np.concatenate([self.start + self.length * rng.random(self.points - n), chosen])
        if self.half:
            middle = self.start + self.length / 2
            x = middle + np.abs(x - middle)
        return np.stack([x, rng.random(self.points)], axis=1)

    def solve(
        self,
        nn: SymbolicNeuralNetwork,
        rate: Callable[[Sequence[Any]], Any],
        initial: Callable[[np.ndarray], np.ndarray],
        x: np.ndarray,
        t: np.ndarray,
        seed: int,
        effort: float,
        output: Any = None,
        linear: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, int]:
        """Values on the grid of x and t, of shape (x, t), complex for two outputs, and the number of steps.

        Args:
            nn: the network, whose input is x and the time since the window began, in windows.
            rate: from the solution and its derivatives along the circle to ``u_t``, vectors of the outputs.
            initial: the first values, from points of shape (n,) to as many; complex for two outputs.
            x, t: the grid; each window begins at one of its times.
            seed, effort: as for :meth:`Problem.solve`.
            output: an expression instead of the network's output, such as an odd part of it.
            linear: the linear part, from ``i k`` to the growth of a wave.
        """
        p, rng, change = nn.input, np.random.default_rng([seed, 2]), nn.output if output is None else output
        added = p[1] * change
        real = change.shape[0] == 1
        given = [eg.Symbol(f"given {k}", change.shape, per_sample=True) for k in range(self.order + 1)]
        moving = eg.Symbol("given rate", change.shape, per_sample=True)
        duration = self.end / self.windows
        derivatives = [g + partial(added, p, *[0] * k) for k, g in enumerate(given)]
        residual = moving + partial(added, p, 1) - duration * rate(derivatives)
        used = set(eg.free_symbols(residual))

        def waves(values: np.ndarray, window: int) -> Waves:
            carries = window < self.carried and linear is not None
            return Waves(self.start, self.length, values, (lambda k: duration * linear(k)) if carries else None)

        def data() -> list[dict[Any, np.ndarray]]:
            at = self.draw(rng, known)
            values = zip([*given, moving], known.at(*at.T, self.order))
            return [{p: at, **{g: outputs(v, change.shape[0]) for g, v in values if g in used}}]

        axis = self.start + self.length * np.arange(self.modes) / self.modes
        known = waves(initial(axis), 0)
        trainer = Trainer(nn, residual_terms({"equation": (residual, *data())}), optimizer=LevenbergMarquardt(acceleration=True), rng=seed)
        evaluate = build_nn_function(added, nn)

        def added_at(x: np.ndarray, s: np.ndarray) -> np.ndarray:
            """What the network adds in this window, of shape (x, s)."""
            got = evaluate(grid(x, s), trainer.params)
            return (got[:, 0] if real else got @ [1, 1j]).reshape(len(x), len(s))

        own = (len(t) - 1) // self.windows
        found, times = [initial(x)[:, None]], np.arange(1, own + 1) / own
        for window in range(self.windows):
            for k in range(max(1, round(self.steps * effort))):
                if k % self.every == 0 and k + window:
                    trainer.replace(data())
                    if k and trainer.losses["equation"] < self.enough:
                        break
                trainer.step()
            found.append(known.at(*grid(x, times).T)[0].reshape(len(x), own) + added_at(x, times))
            known = waves(known.everywhere(1.0) + added_at(axis, np.ones(1))[:, 0], window + 1)
        whole = np.concatenate(found, axis=1)
        return whole.real if real else whole, trainer.steps


def outputs(values: np.ndarray, n: int) -> np.ndarray:
    """Complex values as one or two real outputs, of shape (samples, n)."""
    return np.stack([values.real, values.imag][:n], axis=-1)


__all__ = ["March", "Waves"]
