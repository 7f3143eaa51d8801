"""The functions that generated code calls, as the plain Python they are, against NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from exprgraph.loops import runtime

NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.3, -2.7, 2.5, 7.0, math.inf, -math.inf, math.nan]


def step(x: Any) -> Any:
    return np.where(np.isnan(x), x, np.heaviside(x, 0.0))


def inverse_root(x: Any) -> Any:
    """Policy at 0: the derivative of a norm is 0 there."""
    return np.where(x == 0.0, 0.0, 1.0 / np.sqrt(x))


ONE: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "step": step,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "logical_not": lambda x: np.logical_not(x).astype(float),
    "root": np.sqrt,
    "held": lambda x: np.clip(x, -1000.0, 1000.0),
    "inverse_root": inverse_root,
}

TWO: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": np.minimum,
    "maximum": np.maximum,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "ratio": lambda a, b: np.where((a == 0.0) & (b == b), 0.0, a / b),
    "excess": lambda a, b: np.where(a == b, 0.0, a - b),
    "share": lambda a, h: np.where(h == 0.0, 0.0, a / h) if np.isfinite(a) or h != np.inf else np.sign(a),
    "mod": np.mod,
    "floor_divide": np.floor_divide,
    "gate": lambda ct, p: np.where(ct == 0.0, 0.0, ct * p),
    "gate_both": lambda a, b: np.where((a == 0.0) | (b == 0.0), 0.0, a * b),
    "smaller": lambda a, b: np.nan if a != a or b != b else 1.0 if a < b else 0.0 if a > b else 0.5,
}


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_number(name: str) -> None:
    with np.errstate(all="ignore"):
        for x in np.array(NUMBERS):
            np.testing.assert_equal(float(getattr(runtime, name)(x)), float(ONE[name](x)), err_msg=f"{name}({x})")


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers(name: str) -> None:
    with np.errstate(all="ignore"):
        for a in np.array(NUMBERS):
            for b in np.array(NUMBERS):
                np.testing.assert_equal(float(getattr(runtime, name)(a, b)), float(TWO[name](a, b)), err_msg=f"{name}({a}, {b})")


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64])
def test_whole_powers(n: int) -> None:
    for x in (1.5, -0.75, 0.0):
        assert runtime.powi(x, n) == pytest.approx(x**n, rel=1e-14)


def test_samples_become_rows_of_lanes_and_back() -> None:
    rng = np.random.default_rng(0)
    samples, size, block, stride = 11, 5, 4, 6
    a = rng.normal(size=(samples, size))
    out = np.full(a.size, np.nan)
    for first in range(0, samples, block):
        n = min(block, samples - first)
        w = np.full(2 + size * stride, np.nan)
        runtime.load(w, 2, stride, a.ravel(), first, size, 0, size, n)
        rows = w[2:].reshape(size, stride)
        np.testing.assert_array_equal(rows[:, :n], a[first : first + n].T)
        assert np.all(np.isnan(rows[:, n:])) and np.all(np.isnan(w[:2]))
        runtime.store(out, first, size, w, 2, stride, n)
    np.testing.assert_array_equal(out.reshape(a.shape), a)


def test_part_of_each_sample_is_loaded() -> None:
    a = np.arange(30.0).reshape(5, 6)
    w = np.zeros(2 * 3)
    runtime.load(w, 0, 3, a.ravel(), 1, 6, 4, 2, 3)
    np.testing.assert_array_equal(w.reshape(2, 3), a[1:4, 4:6].T)


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("k", [1, 3, 4, 5, 9])
def test_product_of_matrices(m: int, k: int) -> None:
    rng = np.random.default_rng(m + 10 * k)
    n = 6
    a, b, c = rng.normal(size=(m, k + 2)), rng.normal(size=(k, n + 1)), np.full((m, n + 3), 7.0)
    runtime.product(c.ravel(), 1, n + 3, a.ravel(), 2, k + 2, 1, b.ravel(), 1, n + 1, m, k, n)
    np.testing.assert_allclose(c[:, 1 : 1 + n], a[:, 2:] @ b[:, 1:], rtol=1e-14, atol=1e-14)
    assert np.all(c[:, 0] == 7.0) and np.all(c[:, 1 + n :] == 7.0)


def test_product_with_a_transposed_matrix() -> None:
    rng = np.random.default_rng(3)
    a, b, c = rng.normal(size=(5, 4)), rng.normal(size=(5, 3)), np.zeros((4, 3))
    runtime.product(c.ravel(), 0, 3, a.ravel(), 0, 1, 4, b.ravel(), 0, 3, 4, 5, 3)
    np.testing.assert_allclose(c, a.T @ b, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inner_products_are_added(dtype: Any) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(3, 8)).astype(dtype), rng.normal(size=(2, 8)).astype(dtype)
    before = rng.normal(size=(3, 2)).astype(dtype)
    c = before.copy()
    runtime.dots(c.ravel(), 0, 2, 1, a.ravel(), 1, 8, b.ravel(), 1, 8, 3, 2, 6)
    np.testing.assert_allclose(c, before + a[:, 1:7] @ b[:, 1:7].T, rtol=1e-12 if dtype is np.float64 else 1e-5, atol=1e-6)


def test_totals_are_cleared() -> None:
    s = np.ones(5)
    runtime.clear(s, 1, 3)
    assert s.tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]
