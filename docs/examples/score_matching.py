"""Learn the score of a density, the gradient of its logarithm, from samples alone: score matching needs no density."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train
from symnn.schedules import cosine

#: a mixture of Gaussians of equal weight
CENTRES = np.array([[1.5, 0.0], [-0.75, 1.3], [-0.75, -1.3]])
WIDTH = 0.6


def exact_score(x: np.ndarray) -> np.ndarray:
    apart = CENTRES - x[:, None]
    weight = np.exp(-(apart**2).sum(-1) / (2 * WIDTH**2))
    value: np.ndarray = (weight[..., None] * apart).sum(1) / weight.sum(1, keepdims=True) / WIDTH**2
    return value


def samples(count: int, rng: np.random.Generator) -> np.ndarray:
    points: np.ndarray = CENTRES[rng.integers(0, len(CENTRES), count)] + WIDTH * rng.standard_normal((count, 2))
    return points


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, TrainingResult, float]:
    rng = np.random.default_rng(0)
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 32, "softplus"), Dense(32, 32, "softplus"), Dense(32, 1, "identity")))
    log_density, x = nn.output[0], nn.input
    # Hyvärinen (2005): the mean of this differs from the squared error of the score by a number without parameters
    loss = eg.sum(eg.gradient(log_density, x) ** 2) / 2 + eg.laplacian(log_density, x)
    data, epochs = samples(100_000, rng), 1 if quick else 20
    r = train(nn, loss, {x: data}, optimizer=Adam(cosine(3e-3, 400 * epochs)), epochs=epochs, batch_size=250, rng=0, progress=False)
    held = samples(5000, rng)
    score = build_nn_function(eg.gradient(log_density, x), nn)
    error = float(np.linalg.norm(score(held, r.params) - exact_score(held)) / np.linalg.norm(exact_score(held)))
    print(f"relative error of the score at new samples: {100 * error:.1f} %, after {r.seconds:.0f} s and {len(r.history.steps)} steps")
    return nn, r, error


if __name__ == "__main__":
    given = options(__doc__)
    nn, r, _ = main(given.quick)
    plt, fig, axes = figure(2, sharex=True, sharey=True)
    box = [(-3, 3.4), (-3, 3)]
    plot.phase(eg.gradient(nn.output[0], nn.input), box, nn=nn, params=r.params, labels=["x", "y"], ax=axes[0])
    plot.phase(exact_score, box, labels=["x", "y"], ax=axes[1])
    for ax, title in zip(axes, ("score of the network", "exact score")):
        ax.plot(*samples(400, np.random.default_rng(1)).T, ".", ms=1.5, alpha=0.5)
        ax.set_title(title)
    finish(plt, fig, given.save)
