"""Learn the density of two moons by couplings (Real NVP), and draw samples from it."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Coupling, Dense, NormalizingFlow, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train
from symnn.schedules import cosine

NOISE = 0.06


def moons(count: int, rng: np.random.Generator) -> np.ndarray:
    """Points of two half circles with noise, as scikit-learn draws them."""
    angle, second = rng.uniform(0, np.pi, count), rng.integers(0, 2, count).astype(bool)
    x = np.where(second, 1 - np.cos(angle), np.cos(angle))
    y = np.where(second, 0.5 - np.sin(angle), np.sin(angle))
    points: np.ndarray = np.stack([x, y], 1) + NOISE * rng.standard_normal((count, 2))
    return points


def entropy(scale: np.ndarray, rng: np.random.Generator) -> float:
    """The least mean of -log density that any model has: an average over fine arcs, of data divided by ``scale``."""
    points = moons(4000, rng)
    angle = (np.arange(2000) + 0.5) * np.pi / 2000
    arcs = np.concatenate([np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)])
    squares = ((points[:, None] - arcs[None]) ** 2).sum(-1)
    density = np.exp(-squares / (2 * NOISE**2)).mean(1) / (2 * np.pi * NOISE**2)
    return float(-np.log(density).mean() - np.log(scale).sum())


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, TrainingResult, np.ndarray, float]:
    rng = np.random.default_rng(0)
    raw = moons(4000, rng)
    middle, scale = raw.mean(0), raw.std(0)
    x, held = (raw - middle) / scale, (moons(4000, rng) - middle) / scale
    couplings = [Coupling(Chain(Dense(1, 32), Dense(32, 32), Dense(32, 2, "identity")), 2, [k % 2]) for k in range(8)]
    nn = SymbolicNeuralNetwork(NormalizingFlow(*couplings))
    loss = -nn.chain.log_density(nn.input, nn.params)
    epochs = 2 if quick else 1000
    r = train(nn, loss, {nn.input: x}, optimizer=Adam(cosine(3e-3, 16 * epochs)), epochs=epochs, batch_size=256, rng=0, progress=False)
    found = float(build_nn_function(loss, nn)(held, r.params).mean())
    samples = build_nn_function(nn.chain.inverse(nn.input, nn.params), nn)(rng.standard_normal((2000, 2)), r.params)
    print(f"mean -log density of new points: {found:.3f} after {r.seconds:.0f} s, {nn.params.size} parameters; "
          f"the entropy, the least possible, is {entropy(scale, rng):.3f}")  # fmt: skip
    return nn, r, samples, found


if __name__ == "__main__":
    given = options(__doc__)
    nn, r, samples, _ = main(given.quick)
    plt, fig, axes = figure(2)
    density = eg.exp(nn.chain.log_density(nn.input, nn.params))
    at = {"nn": nn, "params": r.params, "labels": ["x", "y"]}
    plot.solution(density, [(-2.2, 2.2), (-2.2, 2.2)], points=201, contours=0, name="density", ax=axes[0], **at)
    axes[1].plot(*samples.T, ".", ms=1.5)
    axes[1].set(xlabel="x", ylabel="y", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), title="samples")
    finish(plt, fig, given.save)
