"""Equations in time on a circle: networks that are periodic, and spectral reference solutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Layer, SymbolicNeuralNetwork

from . import references


@dataclass(frozen=True)
class Circle(Layer):
    """From (x, s) to sines and cosines of the first frequencies and 2 s - 1: what follows is periodic in x.

    Source: Dong, Ni, A method for representing periodic functions with deep neural networks, J. Comput. Phys. 435 (2021).

    Args:
        length: the period.
        frequencies: how many.
        even: only cosines, for functions that are even.
    """

    length: float
    frequencies: int = 1
    even: bool = False

    input_size = 2

    def __call__(self, x: Any, ps: Any) -> Any:
        angles = [2 * np.pi * k / self.length * x[0] for k in range(1, self.frequencies + 1)]
        return eg.stack([*map(eg.cos, angles), *([] if self.even else map(eg.sin, angles)), 2 * x[1] - 1])


def network(circle: Circle, width: int, hidden: int, outputs: int = 1) -> SymbolicNeuralNetwork:
    """A periodic network with hidden layers of one width."""
    between = [Dense(width, width) for _ in range(hidden - 1)]
    inputs = circle.frequencies * (1 if circle.even else 2) + 1
    return SymbolicNeuralNetwork(Chain(circle, Dense(inputs, width), *between, Dense(width, outputs, "identity")))


def odd_part(nn: SymbolicNeuralNetwork) -> Any:
    """The network's output less its output at -x: odd in x, and zero at 0 and half a period."""
    p = nn.input
    return nn.output - nn.model(eg.stack([-p[0], p[1]]))


def short(ik: np.ndarray, beyond: float) -> np.ndarray:
    """1 for waves with numbers far above ``beyond``, 0 far below."""
    value: np.ndarray = 1 - np.exp(-((np.abs(ik) / beyond) ** 4))
    return value


def allen_cahn(n: int = 2048, steps: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u_t = 1e-4 u_xx - 5 u**3 + 5 u with u = x**2 cos(pi x) at first: x, t and values of shape (x, t)."""
    x, t = -1 + 2 * np.arange(n) / n, np.linspace(0, 1, steps + 1)
    k, keep = references.wavenumbers(n, 2), references.dealiased(n)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        return keep * np.fft.fft(-5 * np.fft.ifft(v).real ** 3)

    v = references.etdrk4(np.fft.fft(x**2 * np.cos(np.pi * x)), 5 - 1e-4 * k**2, nonlinear, t, 20)
    return x, t, np.fft.ifft(v, axis=1).real.T


def korteweg_de_vries(n: int = 512, steps: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u_t + u u_x + 0.022**2 u_xxx = 0 with u = cos(pi x) at first: x, t and values of shape (x, t)."""
    x, t = -1 + 2 * np.arange(n) / n, np.linspace(0, 1, steps + 1)
    k, keep = references.wavenumbers(n, 2), references.dealiased(n)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        return -0.5j * k * keep * np.fft.fft(np.fft.ifft(v).real ** 2)

    v = references.etdrk4(np.fft.fft(np.cos(np.pi * x)), 1j * 0.022**2 * k**3, nonlinear, t, 100)
    return x, t, np.fft.ifft(v, axis=1).real.T


def kuramoto_sivashinsky(end: float, n: int = 512, steps: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u_t + 100/16 u u_x + 100/16**2 u_xx + 100/16**4 u_xxxx = 0 with u = cos(x) (1 + sin(x)) at first."""
    x, t = 2 * np.pi * np.arange(n) / n, np.linspace(0, end, steps + 1)
    k, keep = references.wavenumbers(n, 2 * np.pi), references.dealiased(n)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        return -100 / 32 * 1j * k * keep * np.fft.fft(np.fft.ifft(v).real ** 2)

    v = references.etdrk4(np.fft.fft(np.cos(x) * (1 + np.sin(x))), 100 / 16**2 * k**2 - 100 / 16**4 * k**4, nonlinear, t, 50)
    return x, t, np.fft.ifft(v, axis=1).real.T


def schroedinger(n: int = 2048, steps: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """i h_t + h_xx / 2 + |h|**2 h = 0 with h = 2 / cosh(x) at first, on [-5, 5] and for t up to pi/2."""
    x, t = -5 + 10 * np.arange(n) / n, np.linspace(0, np.pi / 2, steps + 1)
    k, keep = references.wavenumbers(n, 10), references.dealiased(n)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        h = np.fft.ifft(v)
        return 1j * keep * np.fft.fft(np.abs(h) ** 2 * h)

    v = references.etdrk4(np.fft.fft(2 / np.cosh(x)), -0.5j * k**2, nonlinear, t, 100)
    return x, t, np.fft.ifft(v, axis=1).T
