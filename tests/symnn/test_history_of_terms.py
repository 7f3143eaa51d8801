"""The history has the loss of each term by its name, for every kind of optimizer."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symnn import LBFGS, Adam, Dense, LevenbergMarquardt, SSBroyden, SymbolicNeuralNetwork, Trainer, train
from symnn.physics import residual_terms
from symnn.reports import Epoch, ProgressReport


def _problem() -> tuple[Any, Any]:
    nn = SymbolicNeuralNetwork(Dense(1, 1))
    x, ends = np.linspace(0, 1, 9)[:, None], np.array([[0.0], [1.0]])
    return nn, residual_terms({"inside": (nn.output - nn.input, {nn.input: x}), "ends": (nn.output, {nn.input: ends}, 2.0)})


@pytest.mark.one_in(4)
@pytest.mark.parametrize("optimizer", [Adam(0.1), LevenbergMarquardt(), SSBroyden(), LBFGS(scipy=True)], ids=lambda o: type(o).__name__)
def test_the_terms_add_up_to_the_loss_and_end_with_the_terms_of_the_last_parameters(optimizer: Any) -> None:
    if getattr(optimizer, "scipy", False):
        pytest.importorskip("scipy")
    nn, terms = _problem()
    told: list[ProgressReport] = []
    epochs: list[Epoch] = []
    r = train(nn, terms, optimizer=optimizer, epochs=4, rng=0, progress=told.append, callback=epochs.append)
    assert list(r.history.terms) == ["inside", "ends"]
    np.testing.assert_allclose(np.sum(list(r.history.terms.values()), axis=0), r.history.loss, rtol=1e-13)
    assert told[-1].terms == epochs[-1].terms == {name: values[-1] for name, values in r.history.terms.items()}
    assert "(inside " in str(told[-1]) and " + ends " in str(told[-1])
    now = Trainer(nn, terms, params=r.params).losses
    if not isinstance(optimizer, Adam):  # whose losses are those before a step
        np.testing.assert_allclose(list(epochs[-1].terms.values()), list(now.values()), rtol=1e-13)


def test_single_steps_and_whole_epochs_have_the_same_terms() -> None:
    nn, terms = _problem()
    one, many = (Trainer(nn, terms, optimizer=Adam(0.1), batch_size=4, rng=0) for _ in range(2))
    for _ in range(6):
        one.step()
    many.run(2, progress=False)
    assert one.history.terms == many.history.terms
    assert [len(v) for v in one.history.terms.values()] == [2, 2]
    assert pickle.loads(pickle.dumps(one.history)) == one.history


def test_a_resumed_run_has_the_terms_of_all_epochs(tmp_path: Path) -> None:
    nn, terms = _problem()
    whole = train(nn, terms, optimizer=Adam(0.1), epochs=5, batch_size=3, rng=0, progress=False)
    train(nn, terms, optimizer=Adam(0.1), epochs=2, batch_size=3, rng=0, progress=False, checkpoint=tmp_path / "c")
    again = train(nn, terms, optimizer=Adam(0.1), epochs=5, batch_size=3, rng=0, progress=False, resume=tmp_path / "c")
    assert again.history.terms == whole.history.terms


def test_a_loss_of_one_term_has_no_list_of_terms() -> None:
    nn, terms = _problem()
    assert train(nn, terms[:1], epochs=2, rng=0, progress=False).history.terms == {}
