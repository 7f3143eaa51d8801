"""Training: steps against NumPy, batches, resuming, stopping, and what a failing run leaves."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    LBFGS,
    MSE,
    Adam,
    AdamW,
    Chain,
    Dense,
    GradientDescent,
    Loss,
    LossTerm,
    Momentum,
    NeuralNetwork,
    NeuralNetworkParameters,
    NonFiniteLossError,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    params,
    train,
)
from symnn.errors import ArgumentError, ParameterFileError, ShapeError
from symnn.parameters.archives import write_npz
from symnn.schedules import cosine, exponential, piecewise, warmup

NN = SymbolicNeuralNetwork(Chain(Dense(2, 4, "tanh"), Dense(4, 1, "identity")))
RNG = np.random.default_rng(0)
X = RNG.standard_normal((23, 2))
Y = np.sin(X[:, :1]) * X[:, 1:]
START = NN.chain.initial_parameters(0)


def numpy_run(formula: Any, memory: int, batches: np.ndarray, loss: Loss) -> tuple[np.ndarray, list[float]]:
    pb = SymbolicPullback(NN, loss, backend="numpy")
    theta, kept = START.flat.copy(), [np.zeros(START.size) for _ in range(memory)]
    losses = []
    for t, rows in enumerate(batches.reshape(-1, batches.shape[-1]), 1):
        value, gradient = pb.value_and_gradient(theta, (X[rows], Y[rows]))
        losses.append(float(value))
        theta, kept = formula(theta, gradient.flat, kept, t)
    return theta, losses


def adam(p: Any, g: Any, k: Any, t: int, rate: float = 0.01) -> Any:
    m, v = 0.9 * k[0] + 0.1 * g, 0.999 * k[1] + 0.001 * g * g
    return p - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), [m, v]


def adamw(p: Any, g: Any, k: Any, t: int) -> Any:
    new, kept = adam(p, g, k, t)
    return new - 0.01 * 0.05 * p, kept


OPTIMIZERS: dict[str, tuple[Any, Any, int]] = {
    "gradient descent": (GradientDescent(0.1), lambda p, g, k, t: (p - 0.1 * g, k), 0),
    "momentum": (Momentum(0.05, 0.8), lambda p, g, k, t: (p - 0.05 * (0.8 * k[0] + g), [0.8 * k[0] + g]), 1),
    "nesterov": (Momentum(0.05, 0.8, True), lambda p, g, k, t: (p - 0.05 * (g + 0.8 * (0.8 * k[0] + g)), [0.8 * k[0] + g]), 1),
    "adam": (Adam(0.01), adam, 2),
    "adamw": (AdamW(0.01, weight_decay=0.05), adamw, 2),
    "schedule": (Adam(piecewise((30,), (0.01, 0.001))), lambda p, g, k, t: adam(p, g, k, t, 0.01 if t <= 30 else 0.001), 2),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_the_formulas(name: str) -> None:
    optimizer, formula, memory = OPTIMIZERS[name]
    batches = np.random.default_rng(1).integers(0, 23, (9, 7, 5))
    expected, losses = numpy_run(formula, memory, batches, MSE())
    result = train(NN, MSE(), (X, Y), START, optimizer, batches=batches, progress=False)
    np.testing.assert_allclose(result.params.flat, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(result.history.steps, losses, rtol=1e-10)
    np.testing.assert_allclose(result.history.loss, np.reshape(losses, (9, 7)).mean(1), rtol=1e-10)
    assert (result.epochs, result.stopped) == (9, "epochs")


def test_python_steps_are_those_of_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    from exprgraph.descent import Descent

    def run() -> Any:
        return train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=5, batch_size=7, rng=3, progress=False)

    with monkeypatch.context() as m:
        m.delattr(Descent, "_in_python")
        native = run()
    monkeypatch.setattr(Descent, "_in_machine_code", Descent._in_python)
    np.testing.assert_allclose(run().params.flat, native.params.flat, rtol=1e-12)


@pytest.mark.slow
def test_a_loss_that_only_numba_can_compile() -> None:
    helper = "@njit\ndef eight_times(a):\n    for _ in range(3):\n        a = a + a\n    return a\n"
    with pytest.warns(eg.NotNativeWarning):
        times = eg.function(
            "loops_trained", numpy=lambda a: 8 * a, derivative=lambda a: 8.0 + 0 * a, code="eight_times({0})", source=helper
        )
    loss = eg.sum(times(NN.output) ** 2)
    result = train(NN, loss, {NN.input: X}, START, GradientDescent(1e-3), epochs=3, batch_size=8, rng=0, progress=False)
    assert result.history.loss[-1] < result.history.loss[0]


def test_batches_are_every_sample_once() -> None:
    seen = eg.Symbol("seen", per_sample=True)
    # a loss whose gradient by one number is the mean of what the batch contains
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    value = 2.0 ** np.arange(23)
    loss = eg.over_samples.sum(seen * p.c)
    r = train(p, loss, {seen: value}, {"c": 0.0}, GradientDescent(1.0), epochs=2, batch_size=10, rng=0, progress=False)
    assert float(r.params.c) == -2 * value.sum()
    assert len(r.history.steps) == 6


def test_equal_seeds_give_equal_runs() -> None:
    def run(seed: int) -> Any:
        return train(Chain(Dense(2, 4), Dense(4, 1, "identity")), MSE(), (X, Y), epochs=4, batch_size=6, rng=seed, progress=False)

    assert np.array_equal(run(1).params.flat, run(1).params.flat)
    assert not np.array_equal(run(1).params.flat, run(2).params.flat)


def test_float32() -> None:
    start = START.astype(np.float32)
    result = train(NN, MSE(), (X, Y), start, Adam(0.01), epochs=30, batch_size=8, rng=0, progress=False)
    double = train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=30, batch_size=8, rng=0, progress=False)
    assert result.params.dtype == np.float32
    np.testing.assert_allclose(result.params.flat, double.params.flat, rtol=2e-3, atol=2e-4)


def test_a_network_with_numbers_is_where_it_starts_and_stays() -> None:
    nn = NeuralNetwork(Chain(Dense(2, 3), Dense(3, 1, "identity")), seed=0)
    before = nn.params.copy()
    result = train(nn, MSE(), (X, Y), optimizer=GradientDescent(0.0), epochs=2, progress=False)
    assert np.array_equal(result.params.flat, before.flat)
    train(nn, MSE(), (X, Y), epochs=2, progress=False)
    assert nn.params == before


# -- terms


def test_terms_add_up_with_samples_of_their_own() -> None:
    inner, edge = X[:17], np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    u = NN.output[0]
    penalty = eg.sum(NN.params.L1.W ** 2)
    terms = [LossTerm(MSE(), (inner, Y[:17])), LossTerm(u**2, {NN.input: edge}, weight=5.0), LossTerm(penalty, {}, weight=0.1)]
    result = train(NN, terms, None, START, GradientDescent(0.05), epochs=20, progress=False)
    theta = START.flat.copy()
    pbs = [SymbolicPullback(NN, t.loss, backend="numpy") for t in terms]
    for _ in range(20):
        parts = [pb.value_and_gradient(theta, t.data) for pb, t in zip(pbs, terms)]
        theta = theta - 0.05 * sum(t.weight * g.flat for t, (_, g) in zip(terms, parts))
    np.testing.assert_allclose(result.params.flat, theta, rtol=1e-11)
    assert result.history.loss[-1] == pytest.approx(sum(t.weight * v for t, (v, _) in zip(terms, parts)))
    small = train(NN, terms, None, START, GradientDescent(0.05), epochs=5, batch_size=9, rng=0, progress=False)
    assert len(small.history.steps) == 10


def test_validation_of_terms_is_a_list_of_data() -> None:
    terms = [LossTerm(MSE(), (X, Y)), LossTerm(NN.output[0] ** 2, {NN.input: X[:4]}, weight=2.0)]
    held = [(X[:9], Y[:9]), {NN.input: X[9:12]}]
    result = train(NN, terms, None, START, GradientDescent(0.05), epochs=4, validation=held, progress=False)
    parts = [SymbolicPullback(NN, t.loss, backend="numpy").value_and_gradient(result.params, d)[0] for t, d in zip(terms, held)]
    assert result.history.validation[-1] == pytest.approx(float(parts[0]) + 2.0 * float(parts[1]), rel=1e-12)
    for wrong in (held[0][0], held[:1]):
        with pytest.raises(ArgumentError, match="the validation data of a list of terms is a list of data, one for each"):
            train(NN, terms, None, START, GradientDescent(0.05), epochs=4, validation=wrong, progress=False)


@pytest.mark.parametrize(
    ("u", "k", "message"),
    [
        ([], 1.0, "u: there are no samples"),
        ([[1.0]], 1.0, r"u: expected samples of shape \(\), so \(n,\), got \(1, 1\)"),
        ([1.0, 2.0], [1.0, 2.0], r"k: expected shape \(\), which all samples share, got \(2,\), or make the symbol with per_sample=True"),
        ([1.0, 2.0], [[1.0]], r"k: expected shape \(\), which all samples share, got \(1, 1\)$"),
    ],
)
def test_data_that_do_not_fit(u: Any, k: Any, message: str) -> None:
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    U, K = eg.Symbol("u", per_sample=True), eg.Symbol("k")
    with pytest.raises(ShapeError, match=message):
        train(p, p.c * U * K, {U: u, K: k}, {"c": 1.0}, GradientDescent(0.1), epochs=1, progress=False)


def test_samples_that_are_not_as_many() -> None:
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    U, V = eg.Symbol("u", per_sample=True), eg.Symbol("v", per_sample=True)
    with pytest.raises(ShapeError, match="v has 3 samples, u has 2"):
        train(p, p.c * U * V, {U: [1.0, 2.0], V: [1.0, 2.0, 3.0]}, {"c": 1.0}, GradientDescent(0.1), epochs=1, progress=False)


def test_a_container_of_symbols_needs_first_parameters() -> None:
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    with pytest.raises(ArgumentError, match="a container of symbols has no first parameters of its own"):
        train(p, (p.c - 1) ** 2, {}, None, GradientDescent(0.1), epochs=3, progress=False)


def test_parameters_of_a_system_are_trained_too() -> None:
    mass = eg.Symbol("mass")
    both = NeuralNetworkParameters(nn=params(NN), system=dict(mass=mass))
    y = eg.Symbol("y", per_sample=True)
    loss = (NN.output[0] * mass - y) ** 2
    start = NeuralNetworkParameters(nn=START, system=dict(mass=2.0))
    result = train(both, loss, {NN.input: X, y: 3 * Y[:, 0]}, start, Adam(0.02), epochs=300, progress=False)
    assert result.history.loss[-1] < 0.05 * result.history.loss[0]
    assert float(result.params.system.mass) != 2.0


# -- validation, callbacks, stopping


def test_early_stopping_keeps_the_best() -> None:
    held = (X[15:], Y[15:])
    options: dict[str, Any] = {"epochs": 4000, "batch_size": 3, "rng": 0, "validation": held, "patience": 40, "progress": False}
    r = train(NN, MSE(), (X[:15], Y[:15]), START, GradientDescent(0.5), **options)
    assert r.stopped == "early" and r.epochs < 4000
    assert len(r.history.validation) == r.epochs and r.history.validated[-1] == r.epochs
    assert int(np.argmin(r.history.validation)) == r.epochs - 41
    assert MSE()(NN, r.best, *held) == pytest.approx(min(r.history.validation), rel=1e-12)


def test_callback_sees_each_epoch_and_stops() -> None:
    seen: list[Any] = []

    def look(e: Any) -> bool:
        seen.append(e)
        return e.number == 7

    r = train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=50, batch_size=5, rng=0, callback=look, progress=False)
    assert [e.number for e in seen] == list(range(1, 8)) and r.stopped == "callback"
    assert [e.loss for e in seen] == r.history.loss
    assert np.array_equal(seen[-1].parameters.flat, r.params.flat)
    assert not np.array_equal(seen[0].parameters.flat, seen[1].parameters.flat)


def test_infinite_loss_names_where_and_keeps_the_parameters() -> None:
    bad = Y.copy()
    bad[[4, 20]] = np.inf
    batches = np.array([[[0, 1], [2, 3]], [[5, 6], [7, 4]], [[20, 1], [1, 2]]])
    with pytest.raises(NonFiniteLossError, match="epoch 2, batch 2: the loss is inf") as info:
        train(NN, MSE(), (X, bad), START, Adam(0.01), batches=batches, progress=False)
    good = train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=2, batches=batches[:2], progress=False)
    e = info.value
    assert (e.epoch, e.batch) == (2, 2) and len(e.history.loss) == 1
    three = train(NN, MSE(), (X, Y), START, Adam(0.01), batches=batches.reshape(6, 1, 2)[:3], progress=False)
    assert np.array_equal(e.params.flat, three.params.flat)
    assert good.epochs == 2


def test_infinite_gradient_of_a_finite_loss() -> None:
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    with pytest.raises(NonFiniteLossError, match="epoch 1, batch 1: the loss is 0, its gradient is not finite") as info:
        train(p, eg.sqrt(p.c), {}, {"c": 0.0}, GradientDescent(0.1), epochs=3, progress=False)
    assert float(info.value.params.c) == 0.0


def test_diverging_run() -> None:
    with pytest.raises(NonFiniteLossError) as info:
        train(NN, MSE(), (X, Y), START, GradientDescent(1e6), epochs=500, batch_size=5, rng=0, progress=False)
    assert np.all(np.isfinite(info.value.params.flat))


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_with_what_there_is(request: pytest.FixtureRequest) -> None:
    # a run in the background of a shell begins with the signal ignored
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)))
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    r = train(NN, MSE(), (X, Y), START, Adam(1e-3), epochs=10**8, batch_size=5, rng=0, progress=False)
    timer.cancel()
    assert r.stopped == "interrupted" and 0 < r.epochs < 10**8
    assert len(r.history.loss) == r.epochs and time.perf_counter() - start < 20
    assert np.all(np.isfinite(r.best.flat))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# -- checkpoints


def test_resumed_run_is_the_unbroken_one(tmp_path: Any) -> None:
    path = tmp_path / "run.npz"

    def run(epochs: int, **more: Any) -> Any:
        return train(
            NN, MSE(), (X, Y), START, Adam(warmup(cosine(0.02, 90), 10)), epochs=epochs, batch_size=6, rng=5, validation=(X, Y),
            validate_every=3, progress=False, **more,
        )  # fmt: skip

    whole = run(30)
    run(13, checkpoint=path, checkpoint_every=5)
    rest = run(30, resume=path, checkpoint=path)
    assert np.array_equal(whole.params.flat, rest.params.flat) and np.array_equal(whole.best.flat, rest.best.flat)
    assert whole.history == rest.history and rest.epochs == 30
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_checkpoint_of_another_run_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "run.npz"
    train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=2, batch_size=6, checkpoint=path, progress=False)
    for change, text in (
        ({"optimizer": Adam(0.02)}, "optimizer"),
        ({"batch_size": 3}, "batches in an epoch"),
        ({"nn": SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 1, "identity"))), "params": None}, "parameters"),
    ):
        call = {"nn": NN, "params": START, "optimizer": Adam(0.01), "batch_size": 6, **change}
        with pytest.raises(ParameterFileError, match=f"another run: its {text}"):
            train(loss=MSE(), data=(X, Y), epochs=4, resume=path, progress=False, **call)
    START.save(tmp_path / "parameters.npz")
    with pytest.raises(ParameterFileError, match="is not a checkpoint"):
        train(NN, MSE(), (X, Y), START, epochs=4, resume=tmp_path / "parameters.npz", progress=False)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_run_with_any_generator_is_resumed(tmp_path: Any, kind: str) -> None:
    path = tmp_path / "run.npz"

    def run(epochs: int, seed: int = 3, kind: str = kind, **more: Any) -> Any:
        rng = np.random.Generator(getattr(np.random, kind)(seed))
        return train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=epochs, batch_size=6, rng=rng, progress=False, **more)

    run(3, checkpoint=path)
    assert np.array_equal(run(7).params.flat, run(7, seed=8, resume=path).params.flat)
    other = "SFC64" if kind != "SFC64" else "PCG64"
    with pytest.raises(ParameterFileError, match=f"its random numbers are {kind}, here {other}"):
        run(7, kind=other, resume=path)


EDITS: dict[str, Any] = {
    "no random state": lambda run: run["now"].pop("random"),
    "another random state": lambda run: run["now"].update(random={"bit_generator": "PCG64", "state": {"state": 3}}),
    "text for a number": lambda run: run["now"].update(epoch="a"),
    "fewer than no epochs": lambda run: run["now"].update(epoch=-5),
    "half an epoch": lambda run: run["now"].update(epoch=1.5),
    "no number": lambda run: run["now"].update(least=math.nan),
    "more epochs than losses": lambda run: run["now"].update(epoch=3),
    "a random state below 0": lambda run: run["now"]["random"]["state"].update(state=-1),
    "another format": lambda run: run.update(format=1),
    "nothing to compare": lambda run: run.update(about=[]),
    "a number for the run": lambda run: run.update(now=3),
}


@pytest.mark.parametrize("edit", [*EDITS, "best"])
def test_a_checkpoint_that_was_edited_is_refused(tmp_path: Any, edit: str) -> None:
    path = tmp_path / "run.npz"
    train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=2, batch_size=6, checkpoint=path, progress=False)
    arrays = dict(np.load(path))
    if edit == "best":
        arrays["best"] = arrays["best"][:-1]
    else:
        run = json.loads(arrays["run"].tobytes())
        EDITS[edit](run)
        arrays["run"] = np.frombuffer(json.dumps(run).encode(), np.uint8)
    write_npz(path, arrays)
    with pytest.raises(ParameterFileError, match="damaged checkpoint"):
        train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=4, batch_size=6, resume=path, progress=False)


# -- L-BFGS


@pytest.mark.parametrize("optimizer", [Adam(0.01), LBFGS()])
def test_no_epochs_change_nothing(optimizer: Any) -> None:
    r = train(NN, MSE(), (X, Y), START, optimizer, epochs=0, progress=False)
    assert np.array_equal(r.params.flat, START.flat) and r.epochs == 0 and len(r.history.loss) == 0


@pytest.mark.parametrize("optimizer", [Adam(0.01), LBFGS()])
def test_data_too_large_for_float32_are_not_finite_there(optimizer: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NonFiniteLossError):
            train(NN, MSE(), (1e300 * X, Y), START.astype(np.float32), optimizer, epochs=3, progress=False)


@pytest.mark.parametrize("scipy", [False, True])
def test_lbfgs(scipy: bool) -> None:
    if scipy:
        pytest.importorskip("scipy")
    optimizer = LBFGS(scipy=scipy)
    r = train(NN, MSE(), (X, Y), START, optimizer, epochs=300, progress=False)
    assert r.history.loss[-1] < 0.02 * r.history.loss[0]
    assert MSE()(NN, r.params, X, Y) <= r.history.loss[-1] * (1 + 1e-9)
    r = train(NN, MSE(), (X, Y), START, optimizer, epochs=300, callback=lambda e: e.number == 4, progress=False)
    assert r.stopped == "callback" and r.epochs == 4
    with pytest.raises(ArgumentError, match="all samples at once"):
        train(NN, MSE(), (X, Y), START, optimizer, batch_size=3)
    if scipy:
        with pytest.raises(ArgumentError, match="is not resumed"):
            train(NN, MSE(), (X, Y), START, optimizer, checkpoint="run.npz")


def test_lbfgs_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "scipy"] or ["scipy"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="is SciPy's and needs it: pip install scipy"):
        train(NN, MSE(), (X, Y), START, LBFGS(scipy=True), epochs=3, progress=False)


# -- schedules, errors, the bar


def test_schedules() -> None:
    assert cosine(1.0, 10)(0) == 1.0 and cosine(1.0, 10, 0.1)(10) == pytest.approx(0.1) and cosine(1.0, 10)(5) == pytest.approx(0.5)
    assert exponential(1.0, 0.5, 10)(20) == pytest.approx(0.25)
    assert [piecewise((2, 4), (1.0, 0.5, 0.1))(k) for k in range(5)] == [1.0, 1.0, 0.5, 0.5, 0.1]
    assert [warmup(2.0, 4)(k) for k in range(5)] == [0.5, 1.0, 1.5, 2.0, 2.0]
    with pytest.raises(ArgumentError, match="one rate more"):
        piecewise((1,), (1.0,))
    with pytest.raises(ArgumentError, match="the learning rate of step 3, counted from 0, is a finite number of at least 0, got nan"):
        Adam(lambda k: math.nan if k == 3 else 0.1).rates(0, 5)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (lambda s: 0.1 / s, "Adam: the function of the learning rate failed at step 0, counted from 0: ZeroDivisionError: "),
        (lambda s: [0.1][s], "Adam: the function of the learning rate failed at step 1, counted from 0: IndexError: list index"),
        (lambda s: None, "Adam: the learning rate of step 0, counted from 0, is a finite number of at least 0, got None"),
        (lambda s: "0.1", "Adam: the learning rate of step 0, .* got '0.1'"),
        (lambda s: 0.1 - 0.05 * s, "Adam: the learning rate of step 3, .* of at least 0, got -0.05"),
        (lambda: 0.1, "failed at step 0, counted from 0: TypeError: "),
    ],
)
def test_a_schedule_that_fails_is_explained(rate: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        train(NN, MSE(), (X, Y), START, Adam(rate), epochs=6, progress=False)


@pytest.mark.parametrize("kind", [int, np.float32, np.float64, np.array])
def test_a_schedule_may_give_any_kind_of_number(kind: Any) -> None:
    assert Adam(lambda s: kind(s)).rates(2, 3).tolist() == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"batch_size": 0}, ArgumentError, "batch_size is a positive whole number"),
        ({"batches": np.zeros((2, 3))}, ShapeError, "batches: expected whole numbers"),
        ({"batches": np.full((2, 3, 4), 99)}, ArgumentError, "indices are from 0 to 22, got 99 to 99"),
        ({"batches": np.zeros((2, 3, 4), int), "epochs": 3}, ArgumentError, "batches are for 2 epochs, not for 3"),
        ({"optimizer": "adam"}, ArgumentError, "expected an optimizer such as"),
        ({"epochs": -1}, ArgumentError, "epochs is a whole number"),
        ({"patience": 3}, ArgumentError, "give validation data"),
        ({"data": (X, Y[:5])}, ShapeError, "samples"),
        ({"data": None}, ArgumentError, "the data of a Loss"),
        ({"optimizer": Adam}, ArgumentError, "expected an optimizer"),
    ],
)
def test_errors(change: dict[str, Any], error: type[Exception], text: str) -> None:
    epochs = None if "batches" in change else 2
    call = {"nn": NN, "loss": MSE(), "data": (X, Y), "params": START, "epochs": epochs, "progress": False, **change}
    with pytest.raises(error, match=text):
        train(**call)


def test_bar_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    train(NN, MSE(), (X, Y), START, epochs=3)
    assert capsys.readouterr().err == ""
    tqdm = pytest.importorskip("tqdm")
    updates: list[int] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            assert options["total"] == 3

        def set_postfix(self, shown: dict[str, str], refresh: bool) -> None:
            assert "loss" in shown

        def update(self, n: int) -> None:
            updates.append(n)

        def close(self) -> None:
            updates.append(0)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    train(NN, MSE(), (X, Y), START, epochs=3)
    assert sum(updates) == 3 and updates[-1] == 0


def test_batches_are_the_runs_own():
    """Whatever a callback writes into the array it gave: the indices are those that were checked."""
    data, nn = (np.linspace(-1, 1, 20).reshape(10, 2), np.ones((10, 1))), Chain(Dense(2, 3), Dense(3, 1))
    chosen = np.random.default_rng(0).integers(0, 10, (4, 3, 5))
    expected = train(nn, MSE(), data, batches=chosen, rng=0, progress=False).params.flat
    given = chosen.copy()

    def refill(_):
        given[...] = 10**10

    got = train(nn, MSE(), data, batches=given, rng=0, progress=False, callback=refill).params.flat
    assert np.array_equal(got, expected)


def test_a_generator_that_gives_samples_that_are_not_there():
    class Wrong(np.random.Generator):
        def permutation(self, n):
            return np.full(n, 10**10)

    data = np.zeros((10, 2)), np.ones((10, 1))
    with pytest.raises(ValueError, match=r"indices are from 0 to 9, got 10000000000"):
        train(Dense(2, 1), MSE(), data, batch_size=5, epochs=2, rng=Wrong(np.random.PCG64(0)), progress=False)


@pytest.mark.parametrize("optimizer", [Adam(), LBFGS()])
@pytest.mark.parametrize("change", ["smaller", "larger", "set"])
def test_data_that_a_callback_resizes(optimizer, change):
    """Memory that the caller lets go of is not read: that is an error, or the data that there are."""
    x = np.random.default_rng(0).normal(size=(3000, 2))
    y = x[:, :1].copy()

    def callback(_):
        if change == "set":
            x.__setstate__((1, (2, 2), np.dtype(float), False, b"\0" * 32))
        else:
            x.resize((4, 2) if change == "smaller" else (300_000, 2), refcheck=False)

    with pytest.raises(ShapeError, match="expected 6000 numbers|batch axes"):
        train(Chain(Dense(2, 3), Dense(3, 1)), MSE(), (x, y), optimizer=optimizer, epochs=5, rng=0, callback=callback, progress=False)


@pytest.mark.slow
def test_batches_of_several_terms_are_a_list() -> None:
    """One step on given samples of each term is a step of gradient descent on their losses."""
    u, x = NN.output, NN.input
    terms = [LossTerm(eg.sum(u**2), {x: X}), LossTerm(eg.sum((u - 1) ** 2), {x: X[:6]}, weight=2.0), LossTerm(eg.sum(u), {x: X[:3]})]
    first, second = np.array([[[0, 5, 2]], [[1, 1, 1]]]), np.array([[[3, 4]], [[5, 0]]])
    options: Any = {"params": START, "optimizer": GradientDescent(0.1), "progress": False}
    r = train(NN, terms, batches=[first, second, None], **options)
    theta = START
    for k in range(2):
        some = [LossTerm(t.loss, {x: X[rows]}, t.weight) for t, rows in zip(terms, (first[k, 0], second[k, 0], [0, 1, 2]))]
        theta = train(NN, some, params=theta, optimizer=GradientDescent(0.1), epochs=1, progress=False).params
    np.testing.assert_allclose(r.params.flat, theta.flat, rtol=1e-12)
    for batches, error in (
        (first, "are a list with indices"), ([first, second], "of 3 terms"), ([None] * 3, "None for all samples"),
        ([first, second[:1], None], "as many epochs"), ([first, second + 3, None], "term 2: indices are from 0 to 5"),
    ):  # fmt: skip
        with pytest.raises((ArgumentError, ShapeError), match=error):
            train(NN, terms, batches=batches, **options)


def test_any_number_stops_a_run_and_chooses_the_best_parameters() -> None:
    seen: list[NeuralNetworkParameters] = []
    errors = iter([3.0, 1.0, 2.0, 2.0, 0.0])

    def error(ps: NeuralNetworkParameters) -> float:
        seen.append(ps)
        return next(errors)

    r = train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=9, validation=error, patience=2, progress=False)
    assert r.stopped == "early" and r.epochs == 4 and list(r.history.validation) == [3, 1, 2, 2]
    np.testing.assert_array_equal(r.best.flat, seen[1].flat)
    with pytest.raises(ArgumentError, match="the value of validation= after epoch 1 is a finite number, got nan"):
        train(NN, MSE(), (X, Y), START, Adam(0.01), epochs=9, validation=lambda ps: np.nan, progress=False)
