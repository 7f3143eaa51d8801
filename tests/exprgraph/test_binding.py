"""From values to arrays and batch axes: the same answer and the same words wherever values are given."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.support.batches import batch_axes
from exprgraph.testing import evaluate_precisely

W, b, x = eg.Symbol("W", (2, 3)), eg.Symbol("b", 2), eg.Symbol("x", 3)
p, w = eg.Symbol("p", 2, per_sample=True), eg.Symbol("w", 2)
LAYER = eg.tanh(W @ x + b)


# -- several symbols as one argument


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_a_vector_of_several_symbols(backend: Any) -> None:
    fn = eg.compile({"u": LAYER, "dW": eg.jacobian(LAYER, W)}, (x, eg.packed("parameters", (W, b))), backend=backend)
    theta, at = np.linspace(-1, 1, 8), np.linspace(0, 1, 15).reshape(5, 3)
    values = {W: theta[:6].reshape(2, 3), b: theta[6:], x: at}
    want = eg.evaluate({"u": LAYER, "dW": eg.jacobian(LAYER, W)}, values)
    for _ in range(2):  # at first by way of Python, then at once
        got = fn(at, theta)
        np.testing.assert_allclose(got["u"], want["u"], rtol=1e-13)
        np.testing.assert_allclose(got["dW"], want["dW"], rtol=1e-13)
    again = pickle.loads(pickle.dumps(fn))
    assert again.arguments == ("x", "parameters") and np.array_equal(again(at, theta)["u"], got["u"])


def test_one_packed_symbol_is_a_vector_too() -> None:
    fn = eg.compile(W @ x, (x, eg.packed("weights", [W])))
    assert fn(np.ones(3), np.arange(6.0)).tolist() == [3.0, 12.0]
    with pytest.raises(eg.ShapeError, match=r"argument 'weights': expected shape \(6,\) for one sample, .* got \(2, 3\)"):
        fn(np.ones(3), np.ones((2, 3)))


def test_a_packed_argument_differs_by_sample_as_a_symbol_does() -> None:
    own, theta, at = eg.packed("parameters", (W, b)), np.linspace(-1, 1, 40).reshape(5, 8), np.ones((5, 3))
    fn = eg.compile(LAYER, (x, own))
    for k, row in enumerate(fn(at, theta)):
        np.testing.assert_allclose(row, fn(at[k], theta[k]), rtol=1e-13)
    with pytest.raises(eg.ShapeError, match=r"argument 'parameters': expected shape \(8,\), which all samples share, got \(5, 8\)"):
        eg.compile(LAYER, (x, own), shared=(own,))(at, theta)
    q = eg.Symbol("q", per_sample=True)
    both = eg.compile(eg.sum(p) * q * w, (eg.packed("data", (p, q)), w))
    np.testing.assert_allclose(both(np.arange(6.0).reshape(2, 3), [1.0, 10.0]), [[2.0, 20.0], [35.0, 350.0]])


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: eg.packed("a", (W, W)), ValueError, "the symbol 'W' occurs twice in 'a'"),
        (lambda: eg.packed("a", (W, 2 * b)), TypeError, "packed: 'a' must consist of symbols"),
        (lambda: eg.packed("a", (p, w)), ValueError, "the symbol 'p' is declared per sample, 'w' is not"),
        (lambda: eg.compile(LAYER, (x, W, eg.packed("a", (W, b)))), ValueError, "a symbol is given twice among the arguments"),
        (lambda: eg.compile(LAYER, (x, eg.packed("a", (W,)))), eg.UnboundSymbolError, r"depends on .* not among the arguments \(x, a\)"),
        (lambda: eg.compile(LAYER, (x, W, b), shared=[eg.packed("a", (W, b))]), ValueError, "shared names 'a', which is not among"),
    ],
)
def test_packed_arguments_that_are_refused(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


# -- one way to the batch axes


SAID = r"expected shape \(2,\) for one sample, \(\.\.\., 2\) for a batch, got \(2, 3\); samples come first, so pass the transpose"


def test_everybody_says_the_same_of_a_value_that_does_not_fit(tmp_path: Path) -> None:
    wrong = np.ones((2, 3))
    fn = eg.compile(p * 2, p)
    fn.save(tmp_path / "saved.py")
    saved = runpy.run_path(str(tmp_path / "saved.py"))["evaluate"]
    calls = (fn, lambda v: eg.evaluate(p * 2, {p: v}), lambda v: evaluate_precisely(p * 2, {p: v}), saved, lambda v: eg.bind((v,), (p,)))
    for call, called in zip(calls, ("argument 'p'", "symbol 'p'", "symbol 'p'", "argument 'p'", "p")):
        with pytest.raises(ValueError, match=f"^{called}: {SAID}$"):
            call(wrong)
        with pytest.raises(ValueError, match=r"got \(\)$"):
            call(1.0)


def test_everybody_says_the_same_of_batches_that_do_not_fit(tmp_path: Path) -> None:
    q = eg.Symbol("q", per_sample=True)
    fn = eg.compile(p * q, (p, q))
    fn.save(tmp_path / "saved.py")
    saved = runpy.run_path(str(tmp_path / "saved.py"))["evaluate"]
    calls = (fn, lambda *v: eg.evaluate(p * q, dict(zip((p, q), v))), lambda *v: evaluate_precisely(p * q, dict(zip((p, q), v))), saved)
    for call in calls:
        with pytest.raises(ValueError, match=r"'q': the batch axes \(4,\) do not fit those of the others, \(3,\)$"):
            call(np.ones((3, 2)), np.ones(4))
        got = call(np.ones((3, 1, 2)), np.arange(4.0))
        assert np.shape(got[0] if isinstance(got, list) else got) == (3, 4, 2)


def test_batches_that_are_equal_or_count_samples() -> None:
    arrays, slots = [np.ones((3, 2)), np.ones(2), np.ones((3, 2))], [("p", (2,), True), ("w", (2,), False), ("r", (2,), True)]
    assert batch_axes(arrays, slots) == batch_axes(arrays, slots, "equal") == batch_axes(arrays, slots, "samples") == (3,)
    one = [np.ones((3, 2)), np.ones(2), np.ones((1, 2))]
    assert batch_axes(one, slots) == (3,)
    with pytest.raises(eg.ShapeError, match=r"r: the batch axes \(1,\) do not fit those of p, \(3,\); expected shape \(3, 2\)"):
        batch_axes(one, slots, "equal")
    with pytest.raises(eg.ShapeError, match="r has 1 samples, p has 3"):
        batch_axes(one, slots, "samples")
    none = [np.ones((3, 2)), np.ones(2), np.ones(2)]
    assert batch_axes(none, slots, "equal") == (3,)
    with pytest.raises(eg.ShapeError, match=r"r: expected samples of shape \(2,\), so \(n, 2\), got \(2,\)"):
        batch_axes(none, slots, "samples")


def test_the_type_of_bound_values() -> None:
    narrow, wide = np.ones((3, 2), np.float32), np.ones(2)
    assert eg.bind((narrow, wide.astype(np.float32)), (p, w)).dtype == np.float32
    bound = eg.bind((narrow, wide), (p, w))
    assert bound.dtype == np.float64 and all(a.dtype == np.float64 for a in bound.arrays)
    assert [a.dtype for a in eg.bind((narrow, wide), (p, w), one_type=False).arrays] == [np.float32, np.float64]
    with pytest.raises(eg.DTypeError, match="w: expected real numbers, got the complex number"):
        eg.bind((narrow, 1j), (p, w))
