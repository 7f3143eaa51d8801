"""Measured expressions of scalars: chemistry, orbits and options, with this package and with CasADi's C.

CasADi's functions are scalars (SX) with common parts found, written as C, compiled at -O3 for this machine, and called through
buffers, as quickly as its interface allows.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import exprgraph as eg

from .workloads import Workload

#: ``formula(m, x)``: numbers of some numbers, with the functions of a module
Formula = Callable[[Any, Sequence[Any]], list[Any]]


def _ours(formula: Formula, size: int) -> Callable[..., Any]:
    x = eg.Symbol("x", shape=size)
    f = eg.stack(formula(eg, [x[i] for i in range(size)]))
    return eg.compile((f, eg.jacobian(f, x)), x)


def _theirs(formula: Formula, size: int) -> Callable[..., Any]:
    import casadi as ca

    x = ca.SX.sym("x", size)
    f = ca.vertcat(*formula(ca, [x[i] for i in range(size)]))
    function = ca.Function("f", [x], [f, ca.densify(ca.jacobian(f, x)).T], {"cse": True})  # CasADi stores columns
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "f.c"), Path(folder, "f.so")
        generator = ca.CodeGenerator("f.c")
        generator.add(function)
        source.write_text(generator.dump(), encoding="utf-8")
        subprocess.run(["cc", "-O3", "-march=native", "-fPIC", "-shared", str(source), "-o", str(library), "-lm"], check=True)
        loaded = ca.external("f", str(library))
    given, results = np.zeros(size), (np.zeros(f.shape[0]), np.zeros((f.shape[0], size)))
    buffer, run = loaded.buffer()
    buffer.set_arg(0, memoryview(given))
    for k, a in enumerate(results):
        buffer.set_res(k, memoryview(a.reshape(-1)))

    def call(value: np.ndarray) -> tuple[np.ndarray, ...]:
        given[:] = value
        run()
        return results[0].copy(), results[1].copy()

    def bound(value: np.ndarray) -> Callable[[], Any]:
        """The bare call; its results are in ``results``."""
        given[:] = value
        return run

    vars(call).update(keep=(loaded, buffer), bound=bound, results=results)
    return call


def _workload(title: str, formula: Formula, point: Sequence[float]) -> Workload:
    size = len(point)
    return Workload(title, lambda: _ours(formula, size), lambda: _theirs(formula, size), (np.array(point),))


#: hydrogen in oxygen: what reacts, what is made, and the rate A * T**n * exp(-E/T) of each reaction, in mol, cm, s, K
_SPECIES = "H2 O2 H O OH H2O HO2 H2O2".split()
_REACTIONS = (
    ("H O2", "O OH", 3.55e15, -0.41, 8353), ("O H2", "H OH", 5.08e4, 2.67, 3165), ("H2 OH", "H2O H", 2.16e8, 1.51, 1726),
    ("O H2O", "OH OH", 2.97e6, 2.02, 6743), ("HO2 H", "H2 O2", 1.66e13, 0.0, 414), ("HO2 H", "OH OH", 7.08e13, 0.0, 148),
    ("HO2 O", "O2 OH", 3.25e13, 0.0, 0), ("HO2 OH", "H2O O2", 2.89e13, 0.0, -250), ("HO2 HO2", "H2O2 O2", 4.20e14, 0.0, 6030),
    ("H2O2 H", "H2O OH", 2.41e13, 0.0, 1998), ("H2O2 H", "HO2 H2", 4.82e13, 0.0, 4001), ("H2O2 O", "OH HO2", 9.55e6, 2.0, 1998),
    ("H2O2 OH", "HO2 H2O", 1.00e12, 0.0, 0), ("OH OH", "O H2O", 3.57e4, 2.4, -1062), ("H2O H", "H2 OH", 9.0e8, 1.4, 9400),
)  # fmt: skip


def kinetics() -> Workload:
    """The change of eight concentrations by fifteen reactions, at a temperature that varies, too."""

    def formula(m: Any, x: Sequence[Any]) -> list[Any]:
        amount, temperature = dict(zip(_SPECIES, x)), x[-1]
        change: dict[str, Any] = dict.fromkeys(_SPECIES, 0.0)
        for used, made, factor, power, energy in _REACTIONS:
            rate = factor * m.exp(power * m.log(temperature) - energy / temperature)
            for s in used.split():
                rate = rate * amount[s]
            for s in used.split():
                change[s] = change[s] - rate
            for s in made.split():
                change[s] = change[s] + rate
        return list(change.values())

    point = [1e-6, 5e-7, 1e-9, 2e-9, 3e-9, 1e-7, 1e-10, 1e-11, 1500.0]
    return _workload("hydrogen in oxygen, 8 species, 15 reactions, and its Jacobian", formula, point)


def orbit(satellites: int = 4) -> Workload:
    """Places and velocities of satellites from orbital elements: Kepler's equation by Newton's method, and a turn in space."""

    def one(m: Any, a: Any, e: Any, tilt: Any, node: Any, perigee: Any, anomaly: Any) -> list[Any]:
        E = anomaly + e * m.sin(anomaly)
        for _ in range(4):
            E = E - (E - e * m.sin(E) - anomaly) / (1 - e * m.cos(E))
        c, s, root = m.cos(E), m.sin(E), m.sqrt(1 - e**2)
        speed = m.sqrt(1 / a) / (1 - e * c)
        inside = [(a * (c - e), a * root * s), (-speed * s, speed * root * c)]
        cn, sn, ct, st, cp, sp = m.cos(node), m.sin(node), m.cos(tilt), m.sin(tilt), m.cos(perigee), m.sin(perigee)
        turn = [(cn * cp - sn * sp * ct, -cn * sp - sn * cp * ct), (sn * cp + cn * sp * ct, -sn * sp + cn * cp * ct), (sp * st, cp * st)]
        return [p * u + q * v for u, v in inside for p, q in turn]

    def formula(m: Any, x: Sequence[Any]) -> list[Any]:
        return [y for k in range(satellites) for y in one(m, *x[6 * k : 6 * k + 6])]

    point = [v for k in range(satellites) for v in (1.1 + 0.1 * k, 0.05 + 0.02 * k, 0.9, 0.3 * k, 1.0 + k, 0.7 + 1.3 * k)]
    return _workload(f"places and velocities of {satellites} satellites by their elements, and the Jacobian", formula, point)


def options(strikes: int = 8) -> Workload:
    """Prices of calls by Black and Scholes with a smile of volatilities, and their derivatives by the market."""

    def formula(m: Any, x: Sequence[Any]) -> list[Any]:
        spot, rate, yields, time, level, skew, curve = x
        prices = []
        for k in range(strikes):
            strike = 80.0 + 40.0 * k / (strikes - 1)
            far = m.log(strike / spot) - (rate - yields) * time
            sigma = level + skew * far + curve * far**2
            width = sigma * m.sqrt(time)
            d = width / 2 - far / width
            normal = [0.5 * (1 + m.erf(v / math.sqrt(2))) for v in (d, d - width)]
            prices.append(spot * m.exp(-yields * time) * normal[0] - strike * m.exp(-rate * time) * normal[1])
        return prices

    point = [100.0, 0.03, 0.01, 0.75, 0.2, -0.1, 0.3]
    return _workload(f"prices of {strikes} options with a smile, and their derivatives by the market", formula, point)


WORKLOADS: tuple[Callable[[], Workload], ...] = (kinetics, orbit, options)
