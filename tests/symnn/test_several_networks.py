"""Several networks and unknown numbers trained together, with points drawn anew; frozen parts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import exprgraph as eg
from exprgraph import UnboundSymbolError
from symnn import (
    LBFGS,
    MSE,
    Adam,
    ArgumentError,
    Ascending,
    Chain,
    Dense,
    Frozen,
    GradientDescent,
    LevenbergMarquardt,
    LossTerm,
    Model,
    ParameterError,
    ResidualTerm,
    SSBroyden,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    Trainer,
    Unknown,
    build_nn_function,
    train,
)  # fmt: skip
from symnn.physics import partial, residual_terms
from symnn.points import Box, Points

U = SymbolicNeuralNetwork(Chain(Dense(2, 5), Dense(5, 1, "identity")), prefix="u", input_name="x")
P = SymbolicNeuralNetwork(Chain(Dense(2, 5), Dense(5, 1, "identity")), prefix="p", input_name="x")
NU, X = Unknown("nu", 0.3), U.input
BOX, GIVEN = Box([0, 0], [1, 1]), eg.Symbol("given", per_sample=True)
PARTS = {"u": U, "p": P, "nu": NU}


def exact(x: np.ndarray) -> Any:
    """Of u_t = 0.1 u_xx."""
    return np.exp(-0.1 * np.pi**2 * x[:, 1]) * np.sin(np.pi * x[:, 0])


def terms(every: int | None = None, data: Any = None) -> Any:
    u, p, inside = U.output[0], P.output[0], Points(BOX, 60, "sobol", every)
    seen = Points(BOX, 40, every=every)
    return residual_terms({
        "flux": (p - partial(u, X, 0), {X: inside}),
        "equation": (partial(u, X, 1) - NU * partial(p, X, 0), {X: inside}),
        "data": (u - GIVEN, {X: seen, GIVEN: seen.map(exact)} if data is None else data, 10.0),
    })


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "epochs"), [(LevenbergMarquardt(), 100), (SSBroyden(), 500)])
def test_an_unknown_is_found_with_two_networks_and_new_points(optimizer: Any, epochs: int) -> None:
    r = train(PARTS, terms(every=10), optimizer=optimizer, epochs=epochs, rng=0, progress=False)
    assert abs(r.params.nu - 0.1) < 0.01 and r.epochs == epochs
    assert list(r.params) == ["u", "p", "nu"] and r.params.u.L1.W.shape == (5, 2)


@pytest.mark.parametrize("optimizer", [Adam(0.01), pytest.param(LevenbergMarquardt(), marks=pytest.mark.slow)], ids=["Adam", "LM"])
def test_points_are_a_function_of_the_epoch_alone(optimizer: Any, tmp_path: Path) -> None:
    """Single steps, whole runs, states and checkpoints have the same bits, whenever points were drawn."""
    batches: Any = {"batch_size": 25} if isinstance(optimizer, Adam) else {}
    options = {"optimizer": optimizer, "rng": 4, **batches}
    whole = train(PARTS, terms(every=2), epochs=7, progress=False, **options)
    trainer = Trainer(PARTS, terms(every=2), **options)
    of_epoch = len(whole.history.steps) // 7
    steps = [trainer.step() for _ in range(4 * of_epoch - 1)]
    state = pickle.loads(pickle.dumps(trainer.state))
    steps += [trainer.step() for _ in range(3 * of_epoch + 1)]
    assert steps == list(whole.history.steps)
    other = Trainer(PARTS, terms(every=2), **{**options, "rng": 9})
    other.state = state
    assert [other.step() for _ in range(3 * of_epoch + 1)] == steps[4 * of_epoch - 1 :]
    file = tmp_path / "run.npz"
    train(PARTS, terms(every=2), epochs=5, progress=False, checkpoint=file, **options)
    resumed = train(PARTS, terms(every=2), epochs=7, progress=False, resume=file, **options)
    np.testing.assert_array_equal(resumed.params.flat, whole.params.flat)


def test_points_change_only_when_they_are_due() -> None:
    trainer = Trainer(PARTS, terms(every=3), optimizer=Adam(0.0), rng=0)
    losses = [trainer.step() for _ in range(7)]
    assert losses[0] == losses[2] != losses[3] == losses[5] != losses[6]
    # all samples at each step, and more epochs than are drawn at once
    small = residual_terms({"data": (U.output[0] - GIVEN, {X: (few := Points(BOX, 3, every=1)), GIVEN: few.map(exact)})})
    one, many = (Trainer(U, small, optimizer=Adam(0.01), rng=0) for _ in range(2))
    many.run(300, progress=False)
    assert [one.step() for _ in range(300)] == list(many.history.steps) and one.losses == many.losses
    own = Points(lambda n, rng: rng.normal(size=(n, 2)), 5, every=2)
    mine = Trainer(U, residual_terms({"data": (U.output[0], {X: own})}), optimizer=Adam(0.0), rng=0)
    losses = [mine.step() for _ in range(4)]
    assert losses[0] == losses[1] != losses[2] == losses[3] and abs(mine.data["data"][X]).max() > 1
    with pytest.raises(ArgumentError, match=r"as many samples first, got \(4, 2\)"):
        Trainer(U, residual_terms({"data": (U.output[0], {X: Points(lambda n, rng: np.ones((4, 2)), 5)})}))
    with pytest.raises(ArgumentError, match="the same points at all steps"):
        train(U, small, optimizer=LBFGS(scipy=True), epochs=1)
    fixed = Trainer(PARTS, terms(), optimizer=Adam(0.0), rng=0)
    assert len({fixed.step() for _ in range(3)}) == 1


@pytest.mark.slow
def test_frozen_parts_stay_and_take_part() -> None:
    start = Model(PARTS).initial_parameters(seed=1)
    frozen = {"u": U, "p": Frozen(P, start.p), "nu": Frozen(NU)}
    both = Trainer(PARTS, terms(), params=start, optimizer=Adam(0.0), rng=0)
    one = Trainer(frozen, terms(), params={"u": start.u}, optimizer=Adam(0.0), rng=0)
    assert one.step() == pytest.approx(both.step(), rel=1e-12) and list(one.params) == ["u"]


@pytest.mark.slow
def test_layers_are_frozen() -> None:
    start = Model(PARTS).initial_parameters(seed=1)
    layers = Model({"first": Frozen(U.params.L1, start.u.L1), "second": U.params.L2})
    gradient = SymbolicPullback(layers, eg.over_samples.mean(U.output[0] ** 2)).value_and_gradient(
        {"second": start.u.L2}, {X: BOX.sample(5, 0)}
    )[1]
    whole = SymbolicPullback(U, eg.over_samples.mean(U.output[0] ** 2)).value_and_gradient(start.u, {X: BOX.sample(5, 0)})[1]
    np.testing.assert_allclose(gradient.second.W, whole.L2.W, rtol=1e-12)


def test_a_loss_of_targets_takes_the_only_network() -> None:
    x = BOX.sample(20, 0)
    r = train({"net": U, "unused": NU}, MSE(), (x, exact(x)[:, None]), optimizer=Adam(0.01), epochs=2, rng=0)
    alone = train(U, MSE(), (x, exact(x)[:, None]), optimizer=Adam(0.01), epochs=2, rng=0)
    np.testing.assert_allclose(r.params.net.flat, alone.params.flat, rtol=1e-12)
    points = Points(BOX, 20)
    assert train(U, MSE(), (points, points.map(lambda x: exact(x)[:, None])), epochs=1, rng=0).epochs == 1
    with pytest.raises(ArgumentError, match="of one network, and there are 2"):
        train(PARTS, MSE(), (x, x))


def test_what_is_no_part_is_refused_in_words() -> None:
    with pytest.raises(ArgumentError, match=r"SymbolicNeuralNetwork\(\.\.\., prefix="):
        Model({"u": U.chain})
    with pytest.raises(ArgumentError, match=r"make an unknown: Unknown\('nu', 0.1\)"):
        Model({"nu": 0.1})
    with pytest.raises(ArgumentError, match="have names in a dict"):
        train([U, NU], terms())
    with pytest.raises(UnboundSymbolError, match=r"""as in train\(\{"u": network, "nu": Unknown\("nu", 1.0\)\}, ...\)$"""):
        train(U, [LossTerm(NU * U.output[0], {X: BOX.sample(3, 0)})], epochs=1)
    with pytest.raises(UnboundSymbolError, match=r"""with "nu": Unknown\("nu", 1.0\) in their dict$"""):
        train({"u": U}, [LossTerm(NU * U.output[0], {X: BOX.sample(3, 0)})], epochs=1)
    with pytest.raises(ArgumentError, match="a domain is no array"):
        train(U, [LossTerm(U.output[0], {X: BOX})], epochs=1)
    with pytest.raises(ArgumentError, match="values of nu, which is a parameter and is trained"):
        train({"u": U, "nu": NU}, [LossTerm(NU * U.output[0], {X: BOX.sample(3, 0), NU: 0.3})], epochs=1)
    for use in (lambda: eg.evaluate(2 * NU, {NU: 1.0}), lambda: eg.compile(2 * NU, [NU])):
        with pytest.raises(TypeError, match="give its symbol, its .expression"):
            use()
    assert train(U, [LossTerm(NU * U.output[0], {X: BOX.sample(3, 0), NU: 0.3})], epochs=0).epochs == 0
    with pytest.raises(ParameterError, match="the same symbol.*prefix"):
        Model({"u": U, "v": SymbolicNeuralNetwork(U.chain, prefix="u")})
    with pytest.raises(ParameterError, match="both trained and frozen"):
        Model({"u": U, "v": Frozen(U.params.L1, U.chain.initial_parameters(0).L1)})
    with pytest.raises(ArgumentError, match=r"Chain\(lambda\) has no parameters: there is nothing to train"):
        train(Chain(lambda x: x**2), MSE(), ([[0.0]], [[0.0]]))
    with pytest.raises(ArgumentError, match="the first value is finite"):
        Unknown("nu", np.inf)
    with pytest.raises(ParameterError, match="there is no part 'q'"):
        Model(PARTS).initial_parameters(0, {"q": 1.0})
    with pytest.raises(ArgumentError, match="parts in a dict by name, got a list of 1"):
        Model([U])  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="given is a dict from names of parts to their parameters, got a list of 2"):
        Model(PARTS).initial_parameters(0, [1.0, 2.0])


def test_frozen_numbers_are_of_the_type_of_the_run() -> None:
    k = Unknown("k", 1.0)
    trainer = Trainer({"u": U, "k": Frozen(k)}, [ResidualTerm(U.output[0] - k, {U.input: BOX.sample(3, 0)})],
                      params={"u": U.chain.initial_parameters(0, np.float32)})  # fmt: skip
    assert trainer.params.flat.dtype == np.float32
    assert trainer.evaluate(U.output[0] - k, {U.input: BOX.sample(3, 0).astype(np.float32)}).dtype == np.float32


class Pair(NamedTuple):
    first: Any
    second: Any


def test_an_unknown_is_an_operand_like_its_symbol() -> None:
    k, a, x = Unknown("k", [1.0, 2.0]), Unknown("a", 2.0), eg.Symbol("x", 2)
    s, t = k.expression, a.expression
    for mine, theirs in (
        (2 * a, 2 * t), (a * 2, t * 2), (x - k, x - s), (k - x, s - x), (x / a, x / t), (a**2, t**2), (-k, -s), (k @ x, s @ x),
        (x @ k, x @ s),
        (np.exp(a), np.exp(t)), (eg.sum(k), eg.sum(s)), (k[0], s[0]), (np.stack([a, 1.0]), eg.stack([t, 1.0])),
        (np.stack(Pair(a, x[0])), eg.stack([t, x[0]])), (a < x, t < x), (k.T, s.T),
        (np.ones(2) * k, np.ones(2) * s), (eg.where(x > 0, a, k), eg.where(x > 0, t, s)), (a * k, t * s), (abs(a), abs(t)),
        (eg.diff(a * x[0], a), x[0]), (eg.substitute(a * x[0], {a: 1.0}), x[0]),
    ):  # fmt: skip
        assert mine is theirs
    assert str(a) == "a" and repr(a) == "Unknown('a', 2.0)" and k.shape == (2,) and len(k) == 2 and list(k) == [s[0], s[1]]
    again = pickle.loads(pickle.dumps(k))
    assert again.expression is s and (again.initial == [1, 2]).all()
    with pytest.raises(AttributeError, match="no attribute '_nothing'"):
        a._nothing  # noqa: B018


def test_an_expression_of_several_parts_is_a_function_of_their_parameters() -> None:
    model, x = Model(PARTS), BOX.sample(3, 0)
    start = model.initial_parameters(seed=1)
    f = build_nn_function(NU * U.output[0] + P.output[0], model, X, backend="numpy")
    parts = [build_nn_function(n.output[0], n, backend="numpy")(x, ps) for n, ps in ((U, start.u), (P, start.p))]
    np.testing.assert_allclose(f(x, start), 0.3 * parts[0] + parts[1], rtol=1e-12)


@pytest.mark.slow
def test_an_ensemble_is_trained_as_its_members_are_alone() -> None:
    x, starts = BOX.sample(10, 0), [U.chain.initial_parameters(seed) for seed in range(3)]
    rows = Unknown("rows", np.stack([s.flat for s in starts]))
    outputs = eg.vmap(lambda row: U.model(X, U.params.like(row))[0])(rows)
    data, options = {X: x, GIVEN: exact(x)}, {"optimizer": Adam(0.01), "epochs": 20, "progress": False}
    together: Any = train({"rows": rows}, [LossTerm(eg.sum((outputs - GIVEN) ** 2), data)], **options).params.rows
    for start, row in zip(starts, together):
        alone: Any = train(U, [LossTerm((U.output[0] - GIVEN) ** 2, data)], params=start, **options)
        np.testing.assert_allclose(row, alone.params.flat, rtol=1e-9)


def test_some_parameters_ascend() -> None:
    x, y = Unknown("x", 1.0), Unknown("y", [2.0, 3.0])
    saddle = [LossTerm(x**2 - eg.sum(y**2), {})]
    r: Any = train({"x": x, "critic": {"y": y}}, saddle, optimizer=Ascending(GradientDescent(0.1), "critic.*"), epochs=1, progress=False)
    np.testing.assert_allclose(r.params.flat, [0.8, 2 * 0.8, 3 * 0.8], rtol=1e-15)
    with pytest.raises(ArgumentError, match="Ascending"):
        train({"x": x}, [LossTerm(x**2, {})], optimizer=Ascending(GradientDescent(0.1), "critic.*"), epochs=1)
