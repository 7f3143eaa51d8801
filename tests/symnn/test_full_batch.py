"""Optimizers on all samples: least squares in every form, quasi-Newton methods, the line search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    BFGS,
    LBFGS,
    MSE,
    ArgumentError,
    Chain,
    Dense,
    FullBatchOptimizer,
    GaussNewton,
    LevenbergMarquardt,
    LossTerm,
    NonFiniteLossError,
    ResidualTerm,
    SSBroyden,
    SymbolicNeuralNetwork,
    build_nn_function,
    train,
)  # fmt: skip
from symnn.objectives.objective import parts_of
from symnn.objectives.problem import Problem
from symnn.physics import partial, residual_terms
from symnn.training.full_batch import normal_equations
from symnn.training.full_batch.line_search import CURVATURE, DECREASE, search
from symnn.training.full_batch.normal_equations import solve_triangular, system

NN = SymbolicNeuralNetwork(Chain(Dense(1, 4, "tanh"), Dense(4, 1, "identity")))
U, X = NN.output[0], NN.input
POINTS = np.linspace(-1, 1, 15)[:, None]
START = NN.chain.initial_parameters(seed=3)
SOURCE = eg.Symbol("source", per_sample=True)

#: residuals of samples, of all samples, of several entries, without parameters in their derivative, with data for all
TERMS = [
    ResidualTerm(partial(U, X, 0) - SOURCE, {X: POINTS, SOURCE: np.cos(POINTS[:, 0])}, 0.7, "equation"),
    ResidualTerm(eg.stack([U - 1, 2 * U]), {X: POINTS[:2]}, 10.0),
    ResidualTerm(eg.over_samples.mean(U), {X: POINTS}, 3.0),
    ResidualTerm(U - eg.over_samples.mean(U) - SOURCE, {X: POINTS[:3], SOURCE: np.ones(3)}),
    ResidualTerm(eg.reshape(NN.params.L1.W, (4,)) - eg.Symbol("wanted", 4), {eg.Symbol("wanted", 4): np.ones(4)}, 1e-3),
    ResidualTerm(NN.params.L2.b[0] + X[0], {X: POINTS[:4]}),
]


def problem(terms: Any = TERMS) -> Problem:
    return Problem(NN.params, parts_of(NN, terms, None), np.dtype(float))


@pytest.mark.slow
def test_residuals_and_their_derivatives_are_those_of_the_loss() -> None:
    p, theta = problem(), START.flat
    r = p.residuals(theta)
    assert r.shape == (p.count,) == (15 + 4 + 1 + 3 + 4 + 4,)
    value, gradient = p.value_and_gradient(theta)
    assert r @ r == pytest.approx(value, rel=1e-12) and sum(p.terms(theta)) == pytest.approx(value, rel=1e-12)
    rows = list(p.rows(theta))
    jacobian = np.concatenate([b.jacobian for b in rows])
    np.testing.assert_allclose(np.concatenate([b.residuals for b in rows]), r, rtol=1e-13)
    np.testing.assert_allclose(2 * r @ jacobian, gradient, rtol=1e-10, atol=1e-12)
    rng = np.random.default_rng(0)
    v, u = rng.normal(size=theta.size), rng.normal(size=p.count)
    first, second = p.along(theta, v)
    np.testing.assert_allclose(first, jacobian @ v, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(p.back(theta, u), u @ jacobian, rtol=1e-10, atol=1e-12)
    h = 1e-5  # an independent value: J at both sides
    sides = [np.concatenate([b.jacobian for b in p.rows(theta + s * h * v)]) @ v for s in (1, -1)]
    np.testing.assert_allclose(second, (sides[0] - sides[1]) / (2 * h), rtol=1e-6, atol=1e-6)


def test_rows_come_in_blocks_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [b.jacobian for b in problem().rows(START.flat)]
    monkeypatch.setattr("symnn.objectives.functions.BLOCK", 8 * 4 * START.size)
    parts = [b.jacobian for b in problem().rows(START.flat)]
    assert max(len(j) for j in parts) <= 4 and len(parts) > len(whole)
    np.testing.assert_allclose(np.concatenate(parts), np.concatenate(whole), rtol=1e-13)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("method", ["normal", "dual", "qr", "cg"])
@pytest.mark.parametrize("damping", [1e-3, 1.0])
def test_every_form_solves_the_same_system(method: str, damping: float) -> None:
    p, theta = problem(), START.flat
    j = np.concatenate([b.jacobian for b in p.rows(theta)])
    scaled = method != "cg"
    s = system(p, theta, method, scaled, tolerance=1e-12, iterations=1000)
    r = p.residuals(theta)
    assert s.loss == pytest.approx(r @ r)
    diagonal = (j.T @ j).diagonal()
    if scaled:
        np.testing.assert_allclose(s.scale, diagonal, rtol=1e-9, atol=1e-11 * diagonal.max())
    matrix = j.T @ j + damping * np.diag(s.scale)
    for right in (r, np.random.default_rng(1).normal(size=len(r))):
        found = s.solve(damping, None if right is r else right)
        assert found is not None
        np.testing.assert_allclose(found, -np.linalg.solve(matrix, right @ j), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_large_product_is_compiled(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    monkeypatch.setattr(normal_equations, "COMPILED", 1)
    j = np.random.default_rng(0).normal(size=(23, 70)).astype(kind)
    made = normal_equations._with_itself(j, 1)
    assert made.dtype == kind and made.flags.writeable and np.array_equal(made, made.T)
    np.testing.assert_allclose(made, j @ j.T, rtol=1e-12 if kind is np.float64 else 1e-4, atol=1e-12 if kind is np.float64 else 1e-4)
    before = normal_equations._compiled.cache_info()
    np.testing.assert_allclose(normal_equations._with_itself(j, 2), made, rtol=1e-4, atol=1e-4)  # NumPy's, in threads
    assert normal_equations._compiled.cache_info() == before


def test_the_form_follows_the_sizes() -> None:
    few = problem([ResidualTerm(U, {X: POINTS[:3]})])
    many = problem([ResidualTerm(U, {X: POINTS})])
    assert normal_equations.method_for("auto", few) == "dual" and normal_equations.method_for("auto", many) == "normal"
    assert normal_equations.method_for("qr", few) == "qr"


def test_forms_without_a_matrix_beyond_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal_equations, "LARGEST", 100)
    assert normal_equations.method_for("auto", problem()) == "cg"
    assert normal_equations.method_for("auto", problem([ResidualTerm(U, {X: POINTS[:3]})])) == "cg"


@pytest.mark.parametrize("n", [0, 1, 63, 64, 150])
@pytest.mark.parametrize("transposed", [False, True])
def test_triangular_systems(n: int, transposed: bool) -> None:
    rng = np.random.default_rng(n)
    lower = np.tril(rng.normal(size=(n, n))) / 10 + np.eye(n)
    b = rng.normal(size=n)
    x = solve_triangular(lower, b, transposed)
    np.testing.assert_allclose((lower.T if transposed else lower) @ x, b, atol=1e-10)


def test_a_singular_system_is_no_step() -> None:
    twice = ResidualTerm(NN.params.L2.b[0] - 1, {})  # one residual, 13 parameters
    for method in ("normal", "qr"):
        assert system(problem([twice]), START.flat, method).solve(0.0) is None


DATA = (POINTS, np.sin(2 * POINTS))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("optimizer", "epochs", "loss"),
    [
        (LevenbergMarquardt(), 100, 1e-5),
        (LevenbergMarquardt(scaled=True), 100, 1e-4),
        (LevenbergMarquardt(method="dual"), 100, 1e-5),
        (LevenbergMarquardt(method="qr"), 100, 1e-5),
        (LevenbergMarquardt(acceleration=True), 100, 1e-5),
        (GaussNewton(), 40, 1e-6),
        (BFGS(), 300, 1e-6),
        (SSBroyden(), 300, 1e-7),
        (LBFGS(), 300, 1e-5),
    ],
    ids=["LM", "scaled", "dual", "qr", "accelerated", "GN", "BFGS", "SSBroyden", "LBFGS"],
)
def test_each_fits_a_sine(optimizer: FullBatchOptimizer, epochs: int, loss: float, tmp_path: Path) -> None:
    """Each lowers the loss at every step, and a resumed run has the bits of an uninterrupted one."""
    whole = train(NN, MSE(), DATA, START, optimizer, epochs=epochs, progress=False)
    assert whole.history.loss[-1] < loss and np.all(np.diff(whole.history.loss) <= 0)
    assert MSE()(NN, whole.params, *DATA) == pytest.approx(whole.history.loss[-1], rel=1e-6, abs=1e-14)
    path = tmp_path / "run.npz"
    half = min(epochs, whole.epochs) // 2
    train(NN, MSE(), DATA, START, optimizer, epochs=half, checkpoint=path, progress=False)
    again = train(NN, MSE(), DATA, START, optimizer, epochs=epochs, resume=path, progress=False)
    assert again.history.loss == whole.history.loss and np.array_equal(again.params.flat, whole.params.flat)


@pytest.mark.slow
def test_conjugate_gradients_train() -> None:
    r = train(NN, MSE(), DATA, START, LevenbergMarquardt(method="cg"), epochs=10, progress=False)
    assert r.history.loss[-1] < 1e-3


@pytest.mark.parametrize("optimizer", [LevenbergMarquardt(), GaussNewton(), BFGS(), SSBroyden(), LBFGS()])
def test_a_linear_fit_converges(optimizer: FullBatchOptimizer) -> None:
    r = train(Dense(1, 1, "identity"), MSE(), (POINTS, 2 * POINTS + 1), [0.0, 0.0], optimizer, epochs=200, progress=False)
    assert r.stopped == "converged"
    np.testing.assert_allclose(r.params.flat, [2.0, 1.0], atol=1e-7)


@pytest.mark.slow
def test_boundary_value_problem() -> None:
    """u'' = -pi**2 sin(pi x) with u = 0 at both ends: u = sin(pi x)."""
    nn = SymbolicNeuralNetwork(Chain(Dense(1, 12, "tanh"), Dense(12, 1, "identity")))
    u, x = nn.output[0], nn.input
    terms = residual_terms({
        "equation": (partial(u, x, 0, 0) + np.pi**2 * eg.sin(np.pi * x[0]), {x: np.linspace(-1, 1, 60)[:, None]}),
        "ends": (u, {x: np.array([[-1.0], [1.0]])}, 100.0),
    })  # fmt: skip
    r = train(nn, terms, optimizer=LevenbergMarquardt(), epochs=150, rng=0, progress=False)
    at = np.linspace(-1, 1, 200)[:, None]
    found = build_nn_function(nn.output, nn)(at, r.params)
    np.testing.assert_allclose(found, np.sin(np.pi * at), atol=1e-3)


@pytest.mark.parametrize("optimizer", [LevenbergMarquardt(), GaussNewton()])
def test_a_loss_that_is_no_sum_of_squares(optimizer: FullBatchOptimizer) -> None:
    name = type(optimizer).__name__
    with pytest.raises(ArgumentError, match=f"{name} minimises a sum of squares .* the loss is a number: give ResidualTerm"):
        train(NN, eg.abs(U), {X: POINTS}, START, optimizer, progress=False)
    with pytest.raises(ArgumentError, match="but term 2 is a number"):
        train(NN, [TERMS[1], LossTerm(eg.abs(U), {X: POINTS})], params=START, optimizer=optimizer, progress=False)


@pytest.mark.parametrize("optimizer", [LevenbergMarquardt(), GaussNewton(), BFGS(), LBFGS()])
def test_a_loss_that_is_not_finite(optimizer: FullBatchOptimizer) -> None:
    bad = POINTS.copy()
    bad[3] = np.nan
    with pytest.raises(NonFiniteLossError, match="epoch 1, batch 1: .* data are not finite: sinput"):
        train(NN, MSE(), (bad, DATA[1]), START, optimizer, progress=False)


def test_a_step_into_what_is_not_finite_is_shortened() -> None:
    nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    w = nn.params.L1.W[0, 0]
    loss = eg.log(w) ** 2 + eg.sum(nn.params.L1.b**2)
    for optimizer in (BFGS(), LBFGS(), SSBroyden()):
        r = train(nn, loss, {}, [5.0, 1.0], optimizer, epochs=100, progress=False)
        assert r.params.flat[0] == pytest.approx(1.0, abs=1e-6)
    terms = [ResidualTerm(eg.log(w), {}), ResidualTerm(nn.params.L1.b, {})]
    for least in (LevenbergMarquardt(damping=1e-12), GaussNewton()):
        r = train(nn, terms, params=[5.0, 1.0], optimizer=least, epochs=50, progress=False)
        assert r.params.flat[0] == pytest.approx(1.0, abs=1e-6)


class _Quartic:
    """A loss of one parameter, for the line search."""

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        t = theta[0]
        with np.errstate(all="ignore"):
            return float(t**4 - 3 * t**2 + t + np.log(20 - t)), np.array([4 * t**3 - 6 * t + 1 - 1 / (20 - t)])


@pytest.mark.parametrize("first", [1e-6, 0.01, 0.1, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("start", [-3.0, -0.5, 0.3, 4.0])
def test_the_line_search_finds_strong_wolfe_points(start: float, first: float) -> None:
    p: Any = _Quartic()
    theta = np.array([start])
    loss, gradient = p.value_and_gradient(theta)
    d = -gradient
    found = search(p, theta, d, loss, gradient, first)
    assert found is not None
    slope = float(gradient @ d)
    assert found.loss <= loss + DECREASE * found.length * slope and abs(found.slope) <= -CURVATURE * slope


def test_a_line_without_descent_has_no_point() -> None:
    p: Any = _Quartic()
    theta = np.array([3.0])
    loss, gradient = p.value_and_gradient(theta)
    assert search(p, theta, gradient, loss, gradient) is None


@pytest.mark.parametrize("make", [
    lambda: LevenbergMarquardt(damping=0.0), lambda: LevenbergMarquardt(method="lu"), lambda: LevenbergMarquardt(tries=0),
    lambda: GaussNewton(damping=-1.0), lambda: GaussNewton(lengths=0), lambda: BFGS(tolerance=-1.0), lambda: SSBroyden(tolerance=np.nan),
    lambda: ResidualTerm(U, {}, -1.0),
])  # fmt: skip
def test_numbers_out_of_range(make: Any) -> None:
    with pytest.raises(ArgumentError):
        make()


def test_float32_parameters() -> None:
    r = train(NN, MSE(), DATA, START.astype(np.float32), LevenbergMarquardt(), epochs=30, progress=False)
    assert r.params.dtype == np.float32 and r.history.loss[-1] < 1e-3
