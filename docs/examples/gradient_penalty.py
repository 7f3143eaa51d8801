"""The Wasserstein distance of two sets of points by a critic with a gradient penalty, as in WGAN-GP."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train
from symnn.schedules import cosine

#: the second set is the first one moved by this: their distance is its length, 2.5
MOVED, PENALTY = np.array([2.0, 1.5]), 100.0


def ring(count: int, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi, count)
    points: np.ndarray = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * rng.standard_normal((count, 2))
    return points


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, TrainingResult, float]:
    rng = np.random.default_rng(0)
    first, second = ring(10_000, rng), ring(10_000, rng) + MOVED
    share = rng.uniform(0, 1, (10_000, 1))
    between = share * first + (1 - share) * second
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 32, "tanh"), Dense(32, 32, "tanh"), Dense(32, 1, "identity")))
    a, b, c = (eg.Symbol(name, 2, per_sample=True) for name in "abc")

    def critic(x: eg.Node) -> eg.Node:
        return nn.chain(x, nn.params)[0]

    slope = eg.norm(eg.gradient(critic(c), c))
    loss = critic(a) - critic(b) + PENALTY * (slope - 1) ** 2
    epochs = 1 if quick else 60
    data = {a: first, b: second, c: between}
    r = train(nn, loss, data, optimizer=Adam(cosine(3e-3, 50 * epochs)), epochs=epochs, batch_size=200, rng=0, progress=False)
    f = build_nn_function(nn.output[0], nn)
    found = float(f(second, r.params).mean() - f(first, r.params).mean())
    # the penalty lets the slope grow to 1 + W/(2*PENALTY), and the difference with it
    corrected = (np.sqrt(1 + 2 * found / PENALTY) - 1) * PENALTY
    error = abs(corrected - np.linalg.norm(MOVED)) / np.linalg.norm(MOVED)
    print(f"distance {corrected:.3f}, exactly {np.linalg.norm(MOVED):.3f}: relative error {error:.1e}, after {r.seconds:.0f} s")
    return nn, r, float(error)


if __name__ == "__main__":
    given = options(__doc__)
    nn, r, _ = main(given.quick)
    plt, fig, axes = figure(1)
    plot.solution(nn.output[0], [(-1.6, 3.6), (-1.6, 3.1)], nn=nn, params=r.params, contours=16, name="critic", labels=["x", "y"], ax=axes)
    rng = np.random.default_rng(1)
    for points, colour in ((ring(300, rng), "white"), (ring(300, rng) + MOVED, "black")):
        axes.plot(*points.T, ".", ms=2, color=colour)
    finish(plt, fig, given.save)
