"""Losses over whole batches: their values against NumPy, their gradients against differences and linearity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import MAE, MSE, Chain, Dense, FeedForwardLoss, Huber, LossTerm, NeuralNetworkParameters, SymbolicNeuralNetwork, SymbolicPullback
from symnn.errors import ArgumentError, ShapeError, UnboundSymbolError

SHARED = NeuralNetworkParameters(c=eg.Symbol("c"))
PER_SAMPLE = NeuralNetworkParameters(c=eg.Symbol("c", 2, per_sample=True))
U = eg.Symbol("u", per_sample=True)
NN = SymbolicNeuralNetwork(Chain(Dense(3, 5, "tanh"), Dense(5, 2, "identity")))
LOSSES: dict[str, tuple[Any, Any]] = {
    "FeedForwardLoss": (FeedForwardLoss(), lambda o, t: np.linalg.norm(o - t) / np.linalg.norm(t)),
    "MSE": (MSE(), lambda o, t: np.mean((o - t) ** 2)),
    "MAE": (MAE(), lambda o, t: np.mean(np.abs(o - t))),
    "Huber": (Huber(0.3), lambda o, t: np.mean(np.where(np.abs(o - t) <= 0.3, (o - t) ** 2 / 2, 0.3 * (np.abs(o - t) - 0.15)))),
}


def data(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 3)), rng.standard_normal((n, 2))


def parameters(seed: int = 0) -> Any:
    return NN.chain.initial_parameters(seed)


def output(ps: Any, x: np.ndarray) -> np.ndarray:
    return np.tanh(x @ ps.L1.W.T + ps.L1.b) @ ps.L2.W.T + ps.L2.b


@pytest.mark.one_in(6)
@pytest.mark.parametrize("n", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_value_and_exact_gradient(name: str, n: int, backend: str) -> None:
    loss, numpy = LOSSES[name]
    ps, (x, y) = parameters(), data(n)
    value, gradient = SymbolicPullback(NN, loss, backend=backend).value_and_gradient(ps, (x, y))
    assert value == pytest.approx(numpy(output(ps, x), y), rel=1e-13)
    assert loss(NN, ps, x, y) == pytest.approx(value, rel=1e-13)
    rng = np.random.default_rng(1)
    for _ in range(3):  # the derivative along a direction, by a difference of high order
        v = rng.standard_normal(ps.size)
        h = 1e-3
        at = [numpy(output(ps.like(ps.flat + k * h * v), x), y) for k in (-2, -1, 1, 2)]
        slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
        smooth = 1e-6 if name in ("FeedForwardLoss", "MSE") else 2e-2  # the others have kinks between the points
        assert gradient.flat @ v == pytest.approx(slope, rel=smooth, abs=smooth)


def test_zero_targets_have_a_finite_loss() -> None:
    ps, (x, y) = parameters(), data(6)
    pb = SymbolicPullback(NN, FeedForwardLoss())
    value, gradient = pb.value_and_gradient(ps, (x, 0 * y))
    assert value == pytest.approx(np.linalg.norm(output(ps, x)))
    assert np.all(np.isfinite(gradient.flat)) and np.any(gradient.flat)


def test_exact_fit_has_derivative_zero() -> None:
    ps, (x, _) = parameters(), data(6)
    for name, (loss, _) in LOSSES.items():
        value, gradient = SymbolicPullback(NN, loss).value_and_gradient(ps, (x, output(ps, x)))
        assert value < 1e-15, name
        assert np.all(np.isfinite(gradient.flat)), name


def test_pullback_is_linear_and_like_the_parameters() -> None:
    ps, xy = parameters(), data(9)
    value, pullback = SymbolicPullback(NN)(ps, xy)
    assert value == SymbolicPullback(NN).value(ps, xy)
    one = pullback(1.0)
    assert list(one.leaves()) == list(ps.leaves()) and one.L1.W.shape == (5, 3)
    np.testing.assert_allclose(pullback(-2.5).flat, -2.5 * one.flat, rtol=1e-15)
    # parameters in any form
    for form in (ps.flat, ps.to_dict(), ps):
        np.testing.assert_array_equal(SymbolicPullback(NN)(form, xy)[1](1.0).flat, one.flat)


def test_weight_penalty_and_derivatives_in_a_loss() -> None:
    W, b = NN.params.L1.W, NN.params.L1.b
    slope = eg.jacobian(NN.output, NN.input)
    penalty = 0.1 * eg.sum(W**2) + 0.2 * eg.sum(b**2)
    y = eg.Symbol("y", shape=(2, 3), per_sample=True)
    e = eg.over_samples.mean(eg.sum((slope - y) ** 2)) + penalty
    ps, (x, _) = parameters(), data(8)
    ps = ps + 0.1
    z = np.random.default_rng(3).standard_normal((8, 2, 3))
    value, gradient = SymbolicPullback(NN, e).value_and_gradient(ps, {NN.input: x, y: z})
    a = 1 - np.tanh(x @ ps.L1.W.T + ps.L1.b) ** 2
    J = np.einsum("oh,nh,hi->noi", ps.L2.W, a, ps.L1.W)
    expected = np.mean(np.sum((J - z) ** 2, axis=(1, 2))) + 0.1 * np.sum(ps.L1.W**2) + 0.2 * np.sum(ps.L1.b**2)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient.L2.b, 0.0, atol=1e-15)


def test_hessian_vector_product_and_jacobian() -> None:
    ps, xy = parameters(), data(11)
    pb = SymbolicPullback(NN, MSE())
    n = ps.size
    H = np.stack([pb.hessian_vector_product(ps, xy, row) for row in np.eye(n)])
    np.testing.assert_allclose(H, H.T, atol=1e-13)
    g = lambda t: pb.value_and_gradient(t, xy)[1].flat  # noqa: E731
    v = np.random.default_rng(0).standard_normal(n)
    h = 1e-3
    slope = (g(ps.flat - 2 * h * v) - 8 * g(ps.flat - h * v) + 8 * g(ps.flat + h * v) - g(ps.flat + 2 * h * v)) / (12 * h)
    np.testing.assert_allclose(H @ v, slope, atol=1e-8)
    J = pb.jacobian(ps, xy)
    assert J.shape == (11, 2, n)
    r = pb.residuals(ps, xy)
    np.testing.assert_allclose(r, (output(ps, xy[0]) - xy[1]) / np.sqrt(2), rtol=1e-12)
    np.testing.assert_allclose(2 * np.einsum("nop,no->p", J, r) / len(r), g(ps.flat), rtol=1e-12, atol=1e-14)
    f = pb.flat(xy)
    assert f.jacobian(ps.flat).shape == (22, n)
    assert f.residuals(ps.flat) @ f.residuals(ps.flat) == pytest.approx(pb.value(ps, xy), rel=1e-13)
    np.testing.assert_allclose(2 * f.residuals(ps.flat) @ f.jacobian(ps.flat), g(ps.flat), rtol=1e-12, atol=1e-14)


def test_scipy_minimises_a_flat_objective() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x = np.linspace(-1, 1, 40)[:, None]
    nn = SymbolicNeuralNetwork(Chain(Dense(1, 4, "tanh"), Dense(4, 1, "identity")))
    f = SymbolicPullback(nn, MSE()).flat((x, np.sin(3 * x)))
    found = optimize.minimize(f, nn.chain.initial_parameters(0).flat, jac=True, method="BFGS", options={"maxiter": 400})
    assert found.fun < 1e-4


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: SymbolicPullback(NN, MSE), ArgumentError, r"got the class MSE; make one, as in MSE\(\)"),
        (lambda: SymbolicPullback(NN, NN.output), ShapeError, r"a loss is one number, this expression has shape \(2,\)"),
        (lambda: SymbolicPullback(NN, "mse"), ArgumentError, "a loss is a Loss such as"),
        (lambda: SymbolicPullback(Dense(1, 1), MSE()), ArgumentError, "expected a SymbolicNeuralNetwork or a container .* got a Dense"),
        (lambda: SymbolicPullback(NN, MSE())(parameters(), np.zeros(3)), ArgumentError, r"the data of a Loss is \(inputs, targets\)"),
        (lambda: SymbolicPullback(NN, MSE())(parameters(), (np.ones((4, 2)), np.ones((4, 2)))), ShapeError, "input: expected samples"),
        (lambda: SymbolicPullback(NN, eg.sum(NN.output))(parameters(), np.zeros(3)), ArgumentError, "a dict from symbols to arrays"),
        (lambda: Huber(0.0), ArgumentError, "delta is a finite number of more than 0"),
        (lambda: MSE()(NN, parameters(), np.zeros((4, 3)), np.zeros((5, 2))), ShapeError, r"the batch axes \(5,\) do not fit those of"),
        (lambda: MSE().expression(NN.output, eg.Symbol("t", 3)), ShapeError, r"the output has shape \(2,\), the target \(3,\)"),
        (lambda: SymbolicPullback(SHARED, MSE()), ArgumentError, "MSE compares the output of a network; got a NeuralNetworkParameters"),
        (lambda: SymbolicPullback(PER_SAMPLE, eg.sum(PER_SAMPLE.c)), ArgumentError, "symbols that all samples share; c is"),
        (lambda: SymbolicPullback(SHARED, SHARED.c * U).jacobian({"c": 1.0}, {U: [1.0]}), ArgumentError, "has no residuals"),
        (lambda: SymbolicPullback(SHARED, SHARED.c * U)({"c": 1.0}, {"u": [1.0]}), ArgumentError, "'u' is not a symbol"),
    ],
)  # fmt: skip
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_errors_of_terms() -> None:
    from symnn.objectives.objective import parts_of

    k = eg.Symbol("k")
    with pytest.raises(UnboundSymbolError, match="'k'"):
        parts_of(NN, LossTerm(k * eg.sum(NN.output), {NN.input: np.zeros((2, 3))}), None)
    other = eg.Symbol("other", per_sample=True)
    with pytest.raises(ShapeError, match="other has 3 samples, sinput has 2"):
        parts_of(NN, other * eg.sum(NN.output), {NN.input: np.zeros((2, 3)), other: np.zeros(3)})
    with pytest.raises(ShapeError, match="make the symbol with per_sample=True"):
        parts_of(NN, k * eg.sum(NN.output), {NN.input: np.zeros((2, 3)), k: np.zeros(2)})
    with pytest.raises(ArgumentError, match="brings its own data"):
        parts_of(NN, [LossTerm(MSE(), data(3))], data(3))


def test_a_penalty_of_the_parameters_has_one_value_for_any_data() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1)))
    pullback = SymbolicPullback(nn, eg.sum(nn.params.L1.W**2), backend="numpy")
    value, gradient = pullback.value_and_gradient([3.0, 4.0, 5.0], {nn.input: np.ones((7, 2))})
    assert value == 25.0 and gradient.flat.tolist() == [6.0, 8.0, 0.0]
    assert pullback.hessian_vector_product([3.0, 4.0, 5.0], {nn.input: np.ones((7, 2))}, [1.0, 0.0, 1.0]).tolist() == [2.0, 0.0, 0.0]
