"""Optimizers on batches: the steps of each are those of NumPy written from its paper; memory, masks, rates, runs that go on."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from symnn import (
    MSE,
    SOAP,
    Accumulated,
    Adam,
    AdamW,
    ArgumentError,
    Chain,
    Clipped,
    Dense,
    GradientDescent,
    Lion,
    Momentum,
    Muon,
    NAdam,
    RatesByName,
    RMSprop,
    ShapedOptimizer,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    Trainer,
    train,
)
from symnn.errors import ParameterFileError
from symnn.schedules import piecewise

NN = SymbolicNeuralNetwork(Chain(Dense(3, 3, "tanh"), Dense(3, 2, "tanh"), Dense(2, 2, "identity")))
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((23, 3)), RNG.standard_normal((23, 2))
START = NN.chain.initial_parameters(0)
SLOTS = START.layout.slots
BATCHES = np.random.default_rng(1).integers(0, 23, (3, 7, 12))


class Reference:
    """An optimizer in NumPy: ``of(flat parameters, flat gradient, number of the step from 1)``, memory in ``self``."""

    def __init__(self, **kept: Any) -> None:
        self.__dict__.update(kept)

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        raise NotImplementedError


def by_parameter(new: Any) -> Any:
    """A method for one parameter in its shape, as one for flat vectors."""

    def of(self: Any, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        parts = [new(self, s.name, p[s.offset : s.stop].reshape(s.shape), g[s.offset : s.stop].reshape(s.shape), t) for s in SLOTS]
        return np.concatenate([np.ravel(a) for a in parts])

    return of


class RMSpropOfPaper(Reference):
    """Hinton's lecture 6e; centered as Graves, "Generating sequences with recurrent neural networks", equations 38 to 45."""

    v: Any = 0.0
    u: Any = 0.0
    b: Any = 0.0
    momentum = 0.0
    centered = False

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        self.v = 0.9 * self.v + 0.1 * g * g
        self.u = 0.9 * self.u + 0.1 * g
        root = np.sqrt(self.v - self.u**2 if self.centered else self.v) + 1e-8
        self.b = self.momentum * self.b + g / root
        return p - 0.01 * self.b


class NAdamOfPaper(Reference):
    """Dozat's algorithm 8, with the momenta of his section on warming up."""

    m: Any = 0.0
    v: Any = 0.0

    @staticmethod
    def mu(t: int) -> float:
        return 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t))

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        products = np.cumprod([self.mu(k) for k in range(1, t + 2)])
        m = self.mu(t + 1) * self.m / (1 - products[t]) + (1 - self.mu(t)) * g / (1 - products[t - 1])
        return p - 0.01 * m / (np.sqrt(self.v / (1 - 0.999**t)) + 1e-8)


class LionOfPaper(Reference):
    """Algorithm 2 of Chen et al., with decay of matrices alone."""

    m: Any = 0.0

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        c = 0.9 * self.m + 0.1 * g
        decays = np.concatenate([np.full(s.size, float(s.name.endswith(".W"))) for s in SLOTS])
        self.m = 0.99 * self.m + 0.01 * g
        return p - 0.01 * (np.sign(c) + 0.1 * decays * p)


class AdamInShape(Reference):
    def adam(self, name: str, p: np.ndarray, g: np.ndarray, t: int, rate: float, b1: float, b2: float, eps: float) -> np.ndarray:
        m, v = self.__dict__.get(name, (0.0, 0.0))
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        self.__dict__[name] = m, v
        return p - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)


class MuonOfSource(AdamInShape):
    """Keller Jordan's text: momentum, Nesterov, five iterations; the first layer by Adam."""

    @by_parameter
    def of(self, name: str, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        if name not in ("L2.W", "L3.W"):
            return self.adam(name, p, g, t, 0.02 * 0.015, 0.9, 0.95, 1e-10)
        m = self.__dict__[name] = 0.95 * self.__dict__.get(name, 0.0) + 0.05 * g
        x = 0.95 * m + 0.05 * g
        x = x / (np.linalg.norm(x) + 1e-7)
        turned = x.shape[0] > x.shape[1]
        x = x.T if turned else x
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        x = x.T if turned else x
        return p - 0.02 * max(1, p.shape[0] / p.shape[1]) ** 0.5 * x


class SOAPOfPaper(AdamInShape):
    """Algorithm 3 of Vyas et al., with Adam's corrections of the bias; eigenvectors every three steps, the first step only learns."""

    @by_parameter
    def of(self, name: str, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        if p.ndim == 1:
            return self.adam(name, p, g, t - 1, 0.01, 0.95, 0.9, 1e-8) if t > 1 else p
        k = self.__dict__.setdefault(name, {"L": 0.0, "R": 0.0, "M": np.zeros(p.shape), "V": np.zeros(p.shape)})
        if t > 1:
            left, right = k["QL"], k["QR"]
            k["M"] = 0.95 * k["M"] + 0.05 * g
            k["V"] = 0.9 * k["V"] + 0.1 * (left.T @ g @ right) ** 2
            n = (left.T @ k["M"] @ right) / (1 - 0.95 ** (t - 1)) / (np.sqrt(k["V"] / (1 - 0.9 ** (t - 1))) + 1e-8)
            p = p - 0.01 * left @ n @ right.T
        k["L"], k["R"] = 0.9 * k["L"] + 0.1 * g @ g.T, 0.9 * k["R"] + 0.1 * g.T @ g
        if (t - 1) % 3 == 0:
            k["QL"], k["QR"] = np.linalg.eigh(k["L"])[1], np.linalg.eigh(k["R"])[1]
        return p


class ClippedMomentum(Reference):
    v: Any = 0.0

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        g = np.clip(g, -0.2, 0.2)
        self.v = 0.9 * self.v + g * min(1.0, 0.3 / np.linalg.norm(g))
        return p - 0.05 * self.v


class SlowBiases(AdamInShape):
    """Biases at twice the rate, the first layer's matrix frozen, decay of the last layer."""

    @by_parameter
    def of(self, name: str, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        new = self.adam(name, p, g, t, 0.01, 0.9, 0.999, 1e-8) - 0.01 * 0.3 * p * name.startswith("L3")
        return p + (2.0 if name.endswith(".b") else 0.0 if name == "L1.W" else 1.0) * (new - p)


class EveryThird(AdamInShape):
    """Adam's step for the mean of three gradients; its rate falls at its third step."""

    total: Any = 0.0

    def of(self, p: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        self.total = self.total + g
        if t % 3:
            return p
        mean, self.total = self.total / 3, 0.0
        return self.adam("all", p, mean, t // 3, 0.01 if t // 3 <= 2 else 0.001, 0.9, 0.999, 1e-8)


OPTIMIZERS: dict[str, tuple[Any, Any]] = {
    "RMSprop": (RMSprop(0.01), RMSpropOfPaper()),
    "RMSprop, centered, momentum": (RMSprop(0.01, momentum=0.8, centered=True), RMSpropOfPaper(momentum=0.8, centered=True)),
    "NAdam": (NAdam(0.01), NAdamOfPaper()),
    "Lion": (Lion(0.01, weight_decay=0.1, mask="*.W"), LionOfPaper()),
    "Muon": (Muon(matrices=["L2.*", "L3.W"]), MuonOfSource()),
    "SOAP": (SOAP(0.01, beta2=0.9, every=3), SOAPOfPaper()),
    "clipped": (Clipped(Momentum(0.05), norm=0.3, value=0.2), ClippedMomentum()),
    "rates by name": (RatesByName(AdamW(0.01, weight_decay=0.3, mask="L3*"), {"*.b": 2.0, "L1.*": 0.0}), SlowBiases()),
    "accumulated": (Accumulated(Adam(piecewise((2,), (0.01, 0.001))), 3), EveryThird()),
}
QUICK = ("clipped", "rates by name")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in OPTIMIZERS])
def test_steps_are_those_of_the_paper(name: str) -> None:
    """Steps, single ones and epochs, after a resumed state too."""
    optimizer, reference = OPTIMIZERS[name]
    pb = SymbolicPullback(NN, MSE(), backend="numpy")
    p = START.flat.copy()
    for t, rows in enumerate(BATCHES.reshape(-1, 12), 1):
        p = reference.of(p, pb.value_and_gradient(p, (X[rows], Y[rows]))[1].flat, t)
    given: Any = {"params": START, "optimizer": pickle.loads(pickle.dumps(optimizer)), "batches": BATCHES}
    first = Trainer(NN, MSE(), (X, Y), **given)
    for _ in range(10):
        first.step()
    trainer = Trainer(NN, MSE(), (X, Y), **given)
    trainer.state = pickle.loads(pickle.dumps(first.state))
    for _ in range(4):
        trainer.step()
    result = trainer.run(1, progress=False)
    np.testing.assert_allclose(result.params.flat, p, rtol=1e-8, atol=1e-10)
    whole = train(NN, MSE(), (X, Y), START, optimizer, batches=BATCHES, progress=False)
    assert np.array_equal(whole.params.flat, result.params.flat)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SOAP", "accumulated"])
def test_a_checkpoint_keeps_memory_of_any_shape(name: str, tmp_path: Any) -> None:
    optimizer = OPTIMIZERS[name][0]
    run: Any = {"optimizer": optimizer, "batch_size": 6, "rng": 3, "progress": False}
    whole = train(NN, MSE(), (X, Y), START, epochs=7, **run)
    train(NN, MSE(), (X, Y), START, epochs=4, checkpoint=tmp_path / "run.npz", **run)
    again = train(NN, MSE(), (X, Y), START, epochs=7, resume=tmp_path / "run.npz", **run)
    assert np.array_equal(again.params.flat, whole.params.flat)
    with pytest.raises(ParameterFileError, match="its optimizer are"):
        train(NN, MSE(), (X, Y), START, epochs=7, resume=tmp_path / "run.npz", **{**run, "optimizer": Clipped(optimizer, norm=1.0)})


def test_the_rate_changes_inside_of_another_optimizer() -> None:
    trainer = Trainer(NN, MSE(), (X, Y), params=START, optimizer=Clipped(GradientDescent(0.1), norm=1e9), rng=0)
    plain = Trainer(NN, MSE(), (X, Y), params=START, optimizer=GradientDescent(0.1), rng=0)
    for t in (trainer, plain):
        t.step()
        t.set(rate=lambda step: 0.5 / (step + 1))
        t.step()
    np.testing.assert_allclose(trainer.params.flat, plain.params.flat, rtol=1e-14)
    with pytest.raises(ArgumentError, match="GradientDescent's learning_rate is a finite number of at least 0"):
        trainer.set(rate=-1.0)


class Wrong(ShapedOptimizer):
    def memory(self, name: str, shape: Any) -> Any:
        return [shape]

    def update(self, name: str, parameter: Any, gradient: Any, memory: Any, rate: Any, step: Any) -> Any:
        return parameter, [memory[0][0]]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Clipped(Adam()), "Clipped needs norm= or value="),
        (lambda: Clipped(Adam(), norm=0), "Clipped's norm is a finite number of more than 0, got 0"),
        (lambda: Accumulated(Adam), r"Accumulated is around an optimizer on batches, got .*; make one: Adam\(\)"),
        (lambda: Accumulated(Adam(), 0), "Accumulated's batches is a whole number of at least 1"),
        (lambda: RatesByName(Adam(), {"*.b": -1.0}), r"the factor of '\*.b' is a finite number of at least 0"),
        (lambda: AdamW(mask=3), 'AdamW\'s mask is a pattern of names such as "\\*.W"'),
        (lambda: Lion(mask=["*.W", "no*"], weight_decay=0.1), "Lion's mask: no parameter has a name like 'no\\*'; the names are: L1.W"),
        (lambda: RatesByName(Adam(), {"X": 1.0}), "RatesByName: no parameter has a name like 'X'"),
        (lambda: Muon(matrices="X"), "Muon's matrices: no parameter has a name like 'X'"),
        (Wrong, r"Wrong.update of L1.W: expected a new parameter and memory of shapes \[\(3, 3\), \(3, 3\)\], got \[\(3, 3\), \(3,\)\]"),
    ],
)  # fmt: skip
def test_errors(make: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        Trainer(NN, MSE(), (X, Y), optimizer=make(), rng=0)
