"""The checks of printed text and of batches: nothing is found in the package, and what is planted is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import Disagreement, check_batches, check_text
from tests.exprgraph.rule_graphs import SHARED, graphs
from tests.fuzz.cases import make

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)
A = eg.Symbol("A", (2, 3))

TEXTS: list[eg.Node] = [
    eg.max(v), eg.min(v) * 2, eg.max(A, axis=1), eg.min(A), eg.max(eg.sin(v) + x), eg.gradient(eg.max(v), v), eg.norm(v, float("inf")),
    eg.maximum(eg.maximum(x, y), x * y), eg.clip(x, 0, y), eg.abs(v - x), eg.relu(v), eg.sign(x - y) * x, eg.where(v > x, v, x), x**y,
    x % y, eg.logsumexp(v), eg.std(v), eg.hypot(x, y), eg.logit(x / 4), eg.logical_not(eg.lookup("direction")(x, y)),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(TEXTS)))
def test_text_read_back_has_the_derivative_of_what_was_printed(k: int) -> None:
    check_text(TEXTS[k])


def test_three_that_are_equal_share_the_derivative_in_the_text_as_well() -> None:
    for f in (eg.max, eg.min):
        back = eg.parse(str(f(v)), [v])
        np.testing.assert_array_equal(eg.evaluate(eg.gradient(back, v), {v: np.ones(3)}), np.full(3, 1 / 3))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", graphs(SHARED))
def test_text_of_every_primitive(name: str) -> None:
    check_text(graphs(SHARED)[name])


@pytest.mark.one_in(20)
@pytest.mark.parametrize("seed", range(200))
def test_text_and_batches_of_random_expressions(seed: int) -> None:
    made = make(seed, 8)
    check_text(made.e, seed=seed)
    check_batches(made.e, at=made.at, compiled=False, seed=seed)


def test_what_is_shown_in_anothers_place_is_shown_whole() -> None:
    held = eg.lookup("held")
    for e in (eg.stack([x, y]), eg.concatenate([v, v]), eg.max(v), v[:2] * 2, eg.reshape(A, 6), eg.stack([x] * 100)):
        shown = eg.lookup("tanh")(eg.log_softmax(held(e))) if e.shape else held(e)
        assert "[]" not in str(shown) and "{}" not in eg.latex(shown)
        check_text(shown)


def test_a_text_with_other_weights_at_a_tie_is_found() -> None:
    larger = eg.function(
        "larger_planted", numpy=np.maximum, derivative=(lambda a, b: eg.less_equal(b, a), lambda a, b: eg.less(a, b)),
        code="max({0}, {1})", text="maximum({0}, {1})",
    )  # fmt: skip
    with pytest.raises(Disagreement, match=r"the text's value's derivative by x is 0\.5.*maximum\(x, y\)"):
        check_text(larger(x, y), at={x: 1.0, y: 1.0})
    check_text(larger(x, y), at={x: 1.0, y: 2.0})


def test_a_batch_of_another_shape_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from exprgraph.testing import batches

    check_batches(eg.diff(x**2, x, 2), compiled=False)

    def without_axes(e: Any, values: Any) -> Any:
        return np.asarray(2.0)

    monkeypatch.setattr(batches, "evaluate", without_axes)
    with pytest.raises(Disagreement, match=r"numpy gives shape \(1,\) of float64, evaluate \(\)"):
        check_batches(eg.diff(x**2, x, 2), compiled=False)


def test_an_answer_where_evaluate_has_an_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from exprgraph.testing import batches

    def refused(e: Any, values: Any) -> Any:
        raise eg.ShapeError("no batch")

    monkeypatch.setattr(batches, "evaluate", refused)
    with pytest.raises(Disagreement, match="numpy: array.*, evaluate: 'ShapeError'"):
        check_batches(x**2, at={x: 2.0}, compiled=False)
