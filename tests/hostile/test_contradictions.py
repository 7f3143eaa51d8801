"""Shapes that contradict each other, and numbers that are not finite: errors that name what does not fit, NaN where NumPy has it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
import symnn
from symnn import (
    MSE,
    Adam,
    Affine,
    Chain,
    Dense,
    GradientDescent,
    Linear,
    LossTerm,
    NeuralNetworkParameters,
    NonFiniteLossError,
    Residual,
    SymbolicNeuralNetwork,
    build_nn_function,
    train,
)

SHAPES = [(), (2,), (3,), (2, 3), (3, 2), (3, 3), (2, 2, 3), (4, 1, 3)]
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "add": (eg.add, np.add), "subtract": (eg.subtract, np.subtract), "multiply": (eg.multiply, np.multiply),
    "divide": (eg.divide, np.divide),
    "power": (eg.power, np.power), "maximum": (eg.maximum, np.maximum), "minimum": (eg.minimum, np.minimum), "hypot": (eg.hypot, np.hypot),
    "atan2": (eg.atan2, np.arctan2), "less": (eg.less, np.less), "equal": (eg.equal, np.equal),
    "logical_and": (eg.logical_and, np.logical_and),
    "where": (lambda a, b: eg.where(a > 0, a, b), lambda a, b: np.where(a > 0, a, b)),
    "clip": (lambda a, b: eg.clip(a, b, b), lambda a, b: np.clip(a, b, b)),
    "matmul": (lambda a, b: a @ b, lambda a, b: a @ b), "dot": (eg.dot, np.dot), "outer": (eg.outer, lambda a, b: np.outer(a, b)),
    "solve": (eg.solve, lambda a, b: np.linalg.solve(a, b)), "stack": (lambda a, b: eg.stack([a, b]), lambda a, b: np.stack([a, b])),
    "concatenate": (lambda a, b: eg.concatenate([a, b]), lambda a, b: np.concatenate([a, b])),
    "concatenate, last": (lambda a, b: eg.concatenate([a, b], -1), lambda a, b: np.concatenate([a, b], -1)),
    "einsum": (lambda a, b: eg.einsum("...i,...i->...", a, b), lambda a, b: np.einsum("...i,...i->...", a, b)),
    "einsum, matrices": (lambda a, b: eg.einsum("ij,jk", a, b), lambda a, b: np.einsum("ij,jk", a, b)),
    "broadcast": (lambda a, b: eg.broadcast_to(a, b.shape), lambda a, b: np.broadcast_to(a, b.shape)),
    "reshape": (lambda a, b: eg.reshape(a, b.shape), lambda a, b: np.reshape(a, b.shape)),
}  # fmt: skip
#: numpy.linalg.solve takes a stack of right-hand sides for one matrix, where this package's solve has further axes
NARROWER = {"solve"}


@pytest.mark.parametrize("name", BINARY)
def test_two_operands_fit_where_numpy_says_so(name: str) -> None:
    ours, numpys = BINARY[name]
    for one, two in itertools.product(SHAPES, SHAPES):
        a, b = eg.Symbol("a", one), eg.Symbol("b", two)
        va = np.linspace(0.5, 1.5, int(np.prod(one))).reshape(one) + (np.eye(3) if one == (3, 3) else 0)
        vb = np.linspace(0.25, 0.75, int(np.prod(two))).reshape(two)
        try:
            want = numpys(va, vb)
        except (ValueError, np.linalg.LinAlgError):
            with pytest.raises((eg.ShapeError, eg.AxisError)) as caught:
                ours(a, b)
            assert any(str(n) in str(caught.value) for n in (*one, *two, "()", "scalars")), caught.value  # it says what does not fit
            continue
        if name in NARROWER and (len(one) != 2 or len(two) > 2):
            continue
        got = ours(a, b)
        assert got.shape == np.shape(want), (one, two)
        np.testing.assert_allclose(eg.evaluate(got, {a: va, b: vb}), want, rtol=1e-12)


def test_contradictory_arguments_of_derivatives() -> None:
    x, y = eg.Symbol("x", 3), eg.Symbol("y", 2)
    f = eg.sin(x) * 2
    for call in (
        lambda: eg.jvp(f, x, np.ones(2)), lambda: eg.jvp(f, x, y), lambda: eg.vjp(f, x, np.ones((3, 3))), lambda: eg.vjp(f, x, y),
        lambda: eg.gradient(f, x),
        lambda: eg.laplacian(eg.sum(f), eg.sum(x)), lambda: eg.divergence(f, y), lambda: eg.taylor(f, x, y, 2),
        lambda: eg.substitute(f, {x: y}), lambda: eg.evaluate(f, {x: np.ones(2)}), lambda: eg.compile(f, x)(np.ones(2)),
        lambda: eg.jacobian(f, f),
        lambda: eg.place(x, (("s", 0, 1, 3),), 2), lambda: eg.place(x, (None,), 4), lambda: eg.place(x, (("t", (0, 1, 7)),), 5),
        lambda: eg.place(x, (0,), 3),
        lambda: eg.place(x, (None, None), 3), lambda: eg.place(x, (("s", 2, -1, 4),), 9), lambda: eg.place(x[0], (-4,), 3),
        lambda: eg.place(x[0], (3,), 3),
    ):  # fmt: skip
        with pytest.raises((eg.ShapeError, eg.DifferentiationError, eg.AxisError, TypeError)):
            call()
    for entry in (
        "s",
        ("s", 0, 1),
        ("s", 0.0, 1, 3),
        ("x", 1),
        ("t", 3),
        ("t", (0.5,)),
        1.5,
        True,
        ("s", 0, 1, -1),
    ):
        with pytest.raises((TypeError, eg.ShapeError)):
            eg.place(x, (entry,), 5)  # type: ignore[arg-type]


# ---------------------------------------------------------------- networks


def test_layers_that_do_not_fit() -> None:
    for call in (
        lambda: Chain(Dense(2, 3), Dense(2, 1)), lambda: Chain(Dense(2, 3), Chain(Dense(4, 1))), lambda: Residual(Dense(2, 3)),
        lambda: Chain(),
        lambda: Dense(0, 1), lambda: Dense(-1, 1), lambda: Dense(1, 2.0), lambda: Dense(True, 2), lambda: Dense("2", 2),
        lambda: Dense(2, 2, "nosuch"),
        lambda: Dense(2, 2, 3), lambda: Linear(2, None), lambda: Affine([2], 2), lambda: Chain(Dense(2, 2), "tanh"), lambda: Chain(None),
        lambda: SymbolicNeuralNetwork(None), lambda: SymbolicNeuralNetwork(Dense),
        lambda: SymbolicNeuralNetwork(Dense(2, 2, lambda a: eg.sum(a))),
        lambda: SymbolicNeuralNetwork(Dense(2, 2, lambda a: "text")),
    ):  # fmt: skip
        with pytest.raises((symnn.errors.ExprGraphError, ValueError, TypeError)) as caught:
            call()
        assert not isinstance(caught.value, (KeyError, RecursionError)) and type(caught.value) is not AttributeError
        assert str(caught.value)


nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 1)))
PS = nn.chain.initial_parameters(0)
F = {b: build_nn_function(nn.output, nn, backend=b) for b in ("native", "numpy", "auto")}


@pytest.mark.parametrize("backend", F)
def test_calls_that_do_not_fit(backend: str) -> None:
    f = F[backend]
    flat = PS.flat
    tree = PS.to_dict()
    good = np.zeros((4, 2))
    f(good, PS)
    wrong: list[tuple[Any, ...]] = [
        (), (good,), (PS,), (PS, good), (good, PS, PS), (good.T, PS), (np.zeros(3), PS), (np.zeros((2, 3)), PS), (0.0, PS), (None, PS),
        ("x", PS), (good, None),
        (good, flat[:-1]), (good, np.append(flat, 0)), (good, flat[None]), (good, flat.astype(complex)), (good, "ps"), (good, {}),
        (good, {"L1": tree["L1"]}),
        (good, {**tree, "L3": tree["L1"]}), (good, {"L1": tree["L2"], "L2": tree["L1"]}), (good, {**tree, "L1": {"W": tree["L1"]["W"]}}),
        (good, {**tree, "L1": {**tree["L1"], "c": 1.0}}), (good, {**tree, "L1": tree["L1"]["W"]}), (good, {1: tree["L1"]}),
        (good, nn.params), (good, nn), (good, [[1.0], [1.0, 2.0]]),
        (good, {**tree, "L1": {"W": tree["L1"]["W"].T, "b": tree["L1"]["b"]}}), (good, {**tree, "L1": {"W": "W", "b": "b"}}),
        (good, object()), (good, 3.0),
    ]  # fmt: skip
    for values in wrong:
        with pytest.raises((symnn.errors.ExprGraphError, TypeError)) as caught:
            f(*values)
        assert len(str(caught.value)) < 600
        assert not isinstance(caught.value, KeyError)
    assert f(good, PS).shape == (4, 1)


def test_functions_that_cannot_be_built() -> None:
    s = eg.Symbol("s", 2)
    for call in (
        lambda: build_nn_function(nn.output + s[0], nn), lambda: build_nn_function([], nn), lambda: build_nn_function(None, nn),
        lambda: build_nn_function("y", nn),
        lambda: build_nn_function(nn.output, None), lambda: build_nn_function(nn.output, nn, "x"),
        lambda: build_nn_function(nn.output, nn, nn.output),
        lambda: build_nn_function(nn.output, nn, reduce="max"), lambda: build_nn_function(nn.output, nn, backend="c"),
        lambda: build_nn_function(nn.output, PS),
        lambda: build_nn_function(nn.output, nn.params), lambda: build_nn_function(nn.output, nn, shared="nosuch"),
        lambda: build_nn_function(nn.output, nn, shared=3),
        lambda: build_nn_function(nn.output, nn, threads=1.5), lambda: build_nn_function(nn.output, nn, s, s),
        lambda: build_nn_function(object(), nn),
        lambda: build_nn_function(nn.output, nn, backend=["native"]), lambda: build_nn_function(nn.output, nn, reduce={}),
        lambda: build_nn_function(1j, nn),
    ):  # fmt: skip
        with pytest.raises((symnn.errors.ExprGraphError, TypeError)) as caught:
            call()
        assert not isinstance(caught.value, KeyError)


X, Y = np.linspace(-1, 1, 20).reshape(10, 2), np.linspace(0, 1, 10)[:, None]
LOSSES = [symnn.MSE(), symnn.MAE(), symnn.FeedForwardLoss(), symnn.Huber()]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: type(x).__name__)
def test_losses_of_data_that_does_not_fit(loss: Any) -> None:
    def run(data: Any, **more: Any) -> Any:
        return train(nn, loss, data, epochs=1, progress=False, **more)

    assert np.isfinite(run((X, Y)).history.loss).all()
    wrong: list[Any] = [
        None, X, (X,), (X, Y, Y), (X, Y[:-1]), (X[:-1], Y), (X.T, Y), (X, Y[:, 0]), (X, np.zeros((10, 2))), (X[:0], Y[:0]), (X, None),
        ("x", "y"), (X.astype(complex), Y),
        {nn.input: X}, (X, Y.astype(str)), (X[None], Y[None]), ([[1.0], [1.0, 2.0]], Y), (np.ma.masked_array(X, mask=True), Y),
    ]  # fmt: skip
    for data in wrong:
        with pytest.raises((symnn.errors.ExprGraphError, TypeError)) as caught:
            run(data)
        assert not isinstance(caught.value, KeyError)


def test_options_of_training_that_do_not_fit() -> None:
    wrong: list[dict[str, Any]] = [
        {"epochs": -1}, {"epochs": 1.5}, {"epochs": "1"}, {"epochs": True}, {"batch_size": 0}, {"batch_size": -3}, {"batch_size": 2.0},
        {"batch_size": True}, {"optimizer": "adam"},
        {"optimizer": Adam}, {"params": {}}, {"params": np.zeros(3)}, {"params": "no"}, {"batches": [[0, 1]]}, {"batches": [[[0, 10]]]},
        {"batches": [[[-1]]]}, {"batches": [[[0.5]]]},
        {"patience": 3}, {"validation": X}, {"validation": (X, Y[:3])}, {"validate_every": 0, "validation": (X, Y)},
        {"validate_every": -1, "validation": (X, Y)},
        {"validate_every": 1.5, "validation": (X, Y)}, {"patience": 0, "validation": (X, Y)}, {"patience": "a", "validation": (X, Y)},
        {"rng": -1}, {"rng": "seed"},
        {"callback": 3}, {"checkpoint_every": 0, "checkpoint": "c"}, {"checkpoint_every": -2, "checkpoint": "c"},
        {"resume": "/nonexistent/file"}, {"batch_size": 2, "batches": [[[0, 1]]]}, {"checkpoint": "/nonexistent/file"}, {"checkpoint": 3},
        {"threads": 0}, {"threads": 1.5},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises((symnn.errors.ExprGraphError, ValueError, TypeError, FileNotFoundError)) as caught:
            train(nn, MSE(), (X, Y), **{"epochs": 2, "progress": False, **options})
        assert not isinstance(caught.value, (KeyError, ZeroDivisionError)), options
        assert str(caught.value), options


# ---------------------------------------------------------------- not finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_parameters_that_are_not_finite_flow_as_in_numpy(backend: str, bad: float) -> None:
    ps = PS.copy()
    ps["L1"]["W"][1, 0] = bad
    with np.errstate(all="ignore"):
        want = np.tanh(np.tanh(X @ ps.L1.W.T + ps.L1.b) @ ps.L2.W.T + ps.L2.b)
    got = F[backend](X, ps)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("where", ["parameters", "inputs", "targets", "rate"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_training_on_what_is_not_finite_stops_and_says_so(where: str, bad: float) -> None:
    x, y, ps = X.copy(), Y.copy(), PS.copy()
    optimizer = GradientDescent(0.1)
    if where == "parameters":
        ps.flat[0] = bad
    elif where == "inputs":
        x[3, 1] = np.nan
    elif where == "targets":
        y[3] = bad
    else:
        with pytest.raises((symnn.errors.ExprGraphError, ValueError)):
            train(nn, MSE(), (x, y), params=ps, optimizer=GradientDescent(bad), epochs=3, progress=False)
        return
    if where == "parameters" and bad == np.inf:
        x[:, 0] = 0.0  # infinity times zero
    before = ps.flat.copy()
    with pytest.raises(NonFiniteLossError, match="epoch 1") as caught:
        train(nn, MSE(), (x, y), params=ps, optimizer=optimizer, epochs=3, progress=False)
    np.testing.assert_array_equal(caught.value.params.flat, before)
    np.testing.assert_array_equal(ps.flat, before)


def test_files_of_parameters_that_are_not_finite(tmp_path) -> None:
    ps = NeuralNetworkParameters({"W": [np.nan, np.inf, -np.inf, -0.0, 5e-324]})
    ps.save(tmp_path / "ps.npz")
    assert NeuralNetworkParameters.load(tmp_path / "ps.npz").flat.tobytes() == ps.flat.tobytes()
    assert eval(repr(ps), {"NeuralNetworkParameters": NeuralNetworkParameters, "nan": np.nan, "inf": np.inf}).flat[1] == np.inf


def test_a_list_of_terms_that_do_not_fit() -> None:
    e = eg.sum((nn.output - 1) ** 2)
    assert len(train(nn, [LossTerm(e, {nn.input: X})], epochs=1, progress=False).history.loss) == 1
    wrong: list[Any] = [
        [], [None], [e], [LossTerm(e, {})], [LossTerm(nn.output, {nn.input: X})] if nn.output.size != 1 else [3],
        [LossTerm(e, {nn.input: X.T})], [LossTerm(e, X)],
        [LossTerm(e, {"x": X})], {"a": e},
    ]  # fmt: skip
    for weight in ("a", "2", None, np.nan, [1.0]):
        with pytest.raises(symnn.errors.ArgumentError):
            LossTerm(e, {nn.input: X}, weight=weight)  # type: ignore[arg-type]
    for terms in wrong:
        with pytest.raises((symnn.errors.ExprGraphError, TypeError, ValueError)) as caught:
            train(nn, terms, epochs=1, progress=False)
        assert not isinstance(caught.value, KeyError)


def test_messages_are_text_of_a_reasonable_length() -> None:
    big = eg.Symbol("big", 3)
    with pytest.raises(eg.DTypeError) as caught:
        eg.evaluate(big, {big: ["x" * 10_000] * 3})
    assert len(str(caught.value)) < 1_000
    json.dumps(str(caught.value))
