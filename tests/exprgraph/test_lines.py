"""Running sums and products, recurrences and sorted arrays: values, derivatives, copies, code, text."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.traverse import topological
from exprgraph.interop import to_sympy
from exprgraph.lines.order import ORDERED
from exprgraph.lines.recurrence import RECURRENCE
from exprgraph.lines.sorting import _VIRTUAL
from exprgraph.meaning.elements import elements
from exprgraph.testing import check_batches, check_derivatives, check_identity, check_reduction, check_text, check_values
from exprgraph.testing.growing import AtRandom, grow, symbols_for

V, W = eg.symbols("v w", 5)
A = eg.Symbol("A", (3, 4, 2))
RNG = np.random.default_rng(0)
AT: dict[eg.Node, Any] = {V: np.array([1.0, -2.0, 0.0, 0.5, 4.0]), W: RNG.normal(size=5), A: RNG.normal(size=(3, 4, 2))}


def drawn(row: Any, seed: int) -> eg.Node:
    """A random expression that keeps a node of a row."""
    for k in range(seed, 1000, 8):
        choice = AtRandom(k)
        e = grow(choice, symbols_for(choice, 2, seed % 2 == 0), 3, end=row)
        if any(n.op is row for n in topological([e])):
            return e
    raise AssertionError("no expression keeps it")


@pytest.mark.one_in(8)
@pytest.mark.parametrize("row", [RECURRENCE, ORDERED])
@pytest.mark.parametrize("seed", range(8))
def test_it_passes_every_check(row: Any, seed: int) -> None:
    """Values, first to third derivatives in every mode, sparse and entry by entry, by 50 digits and by differences."""
    e = drawn(row, seed)
    check_derivatives(e, 3, compiled=seed < 2, seed=seed)
    check_values(e, compiled=seed % 2 == 1)
    check_identity(e, eg.parse(eg.to_python(e)), order=1)
    check_identity(e, eg.substitute(e, {}), order=1)
    check_text(e)
    check_batches(e)


def both(e: Any, at: dict[eg.Node, Any] = AT) -> list[Any]:
    """By NumPy and compiled."""
    symbols = eg.free_symbols(e)
    return [eg.evaluate(e, {s: at[s] for s in symbols}), eg.compile(e, symbols)(*(at[s] for s in symbols))]


def test_values_are_those_of_numpy() -> None:
    nan = {V: np.array([1.0, math.nan, -math.inf, 0.0, -0.0])}
    for axis in (0, 1, 2, -1, None):
        for f in (np.cumsum, np.cumprod, np.sort):
            for got in both(f(A, axis)):
                np.testing.assert_allclose(got, f(AT[A], axis), rtol=1e-14)
    for f in (np.cumsum, np.cumprod, np.sort, np.nancumsum):
        for got in both(f(V), nan):
            np.testing.assert_array_equal(got, f(nan[V]))
    for got in both(eg.linear_recurrence(W, V)):
        want = [AT[V][0]]
        for a, b in zip(AT[W][1:], AT[V][1:]):
            want.append(a * want[-1] + b)
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_derivatives_exist_where_a_factor_is_zero() -> None:
    f = eg.cumprod(V)
    v = AT[V]
    want = [[np.prod(np.delete(v, j)[:i]) if j <= i else 0.0 for j in range(5)] for i in range(5)]
    for mode in ("forward", "reverse"):
        for got in both(eg.jacobian(f, V, mode=mode)):
            np.testing.assert_array_equal(got, want)
    assert eg.evaluate(eg.hessian(f[3], V), AT)[2, 1] == v[0] * v[3]


def test_derivatives_take_as_many_operations_as_values() -> None:
    x = eg.Symbol("x", 1000)
    for f in (eg.cumsum, eg.cumprod, eg.sort):
        value = eg.sum(eg.sin(f(x)))
        gradient = eg.gradient(value, x)
        product = eg.jvp(gradient, x, eg.Symbol("u", 1000))
        assert eg.count_ops(gradient) < 5 * eg.count_ops(value)
        assert eg.count_ops(product) < 15 * eg.count_ops(value)
        assert eg.count_nodes(product) < 60


def test_equal_elements_keep_their_order() -> None:
    at = {V: np.array([2.0, 1.0, 2.0, 1.0, 1.0])}
    order = [1, 3, 4, 0, 2]
    for mode in ("forward", "reverse"):
        for got in both(eg.jacobian(eg.sort(V), V, mode=mode), at):
            np.testing.assert_array_equal(got, np.eye(5)[order])
    for got in both(eg.order_by(V, np.arange(5.0)), at):
        assert got.tolist() == order
    x = RNG.integers(0, 40, 100).astype(float)
    s = eg.Symbol("s", 100)
    assert eg.compile(eg.order_by(s, np.arange(100.0)), s)(x).tolist() == np.argsort(x, kind="stable").tolist()


def test_quantiles() -> None:
    v = AT[V]
    for q in (0.0, 0.1, 0.5, 0.77, 1.0):
        for method in ("linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased"):
            np.testing.assert_allclose(eg.evaluate(np.quantile(V, q, method=method), AT), np.quantile(v, q, method=method), rtol=1e-14)
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(eg.median(V), V), AT), [0, 0, 0, 1, 0])
    assert math.isnan(eg.evaluate(eg.median(V), {V: [1.0, math.nan, 2.0, 3.0, 4.0]}))
    for wrong in (-0.1, 1.5, "a"):
        with pytest.raises((TypeError, ValueError), match="quantile"):
            eg.quantile(V, wrong)


def test_quantiles_without_nan_and_with_weights() -> None:
    a = RNG.normal(size=(4, 7))
    a[0, :3], a[1, 5], a[2] = math.nan, math.nan, math.nan
    A, weights = eg.Symbol("A", (4, 7)), RNG.uniform(size=(4, 7)) * (RNG.uniform(size=(4, 7)) > 0.3)
    q = [0.0, 0.2, 0.33, 0.5, 0.9, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line of NaN alone
        for method in (*_VIRTUAL, "linear"):
            want = np.nanquantile(a, q, axis=1, method=method)
            np.testing.assert_allclose(eg.evaluate(eg.nanquantile(A, q, 1, method=method), {A: a}), want, rtol=1e-13)
            known = np.nan_to_num(a, nan=0.3)
            want = np.quantile(known, q, 0, method=method)
            np.testing.assert_allclose(eg.evaluate(eg.quantile(A, q, 0, method=method), {A: known}), want)
        np.testing.assert_allclose(eg.evaluate(eg.nanmedian(A, 1), {A: a}), np.nanmedian(a, axis=1))
        np.testing.assert_allclose(eg.evaluate(eg.nanpercentile(A, 30), {A: a}), np.nanpercentile(a, 30))
    if int(np.__version__.split(".")[0]) >= 2:
        for w, axis in ((weights, 1), (weights, None), (weights[0], 1)):
            e = np.quantile(A, q, axis=axis, weights=w, method="inverted_cdf")
            want = np.quantile(known, q, axis=axis, weights=w, method="inverted_cdf")
            np.testing.assert_allclose(eg.evaluate(e, {A: known}), want)
    with pytest.raises(ValueError, match="with weights, the method is 'inverted_cdf', got 'linear'"):
        np.quantile(A, 0.5, weights=weights)


def test_a_sum_over_samples_is_the_sum_of_what_samples_give() -> None:
    p = eg.Symbol("p", 4, per_sample=True)
    check_reduction(eg.sum(eg.sin(eg.cumprod(p)) * eg.cumsum(p)))
    check_reduction(eg.sum(eg.sort(p) ** 2 * np.arange(4.0)))


def test_what_is_behind_a_choice_does_not_matter() -> None:
    at = {V: np.full(5, 1000.0)}
    for f in (eg.cumsum(eg.exp(V)), eg.cumprod(eg.exp(V)), eg.sort(eg.exp(V)), eg.linear_recurrence(eg.exp(V), eg.exp(V))):
        e = eg.minimum(eg.sum(f), 1.0)
        gradient = eg.gradient(e, V)
        assert not eg.evaluate(eg.jacobian(gradient, V), at).any()
        assert not eg.compile(gradient, V)(at[V]).any()


def test_high_derivatives_stay_small() -> None:
    t = eg.Symbol("t")
    v = np.array([1.0, -0.5, 0.3, 0.2, 0.7])
    sixth = eg.diff(eg.cumsum(eg.exp(t * V)), t, 6)
    np.testing.assert_allclose(eg.evaluate(sixth, {t: 0.5, V: v}), np.cumsum(v**6 * np.exp(0.5 * v)), rtol=1e-12)
    sixth = eg.diff(eg.cumprod(eg.exp(t * V)), t, 6)
    np.testing.assert_allclose(eg.evaluate(sixth, {t: 0.5, V: v}), np.cumsum(v) ** 6 * np.exp(0.5 * np.cumsum(v)), rtol=1e-12)
    assert eg.count_nodes(sixth) < 150
    with_order = eg.diff(eg.sort(eg.exp(t * V)), t, 6)
    np.testing.assert_allclose(eg.evaluate(with_order, {t: 0.5, V: v}), np.sort(v) ** 6 * np.exp(0.5 * np.sort(v)), rtol=1e-12)


def test_sparse_derivatives() -> None:
    sparse = eg.jacobian(eg.sin(eg.cumsum(V)[1:3]), V, sparse=True)
    assert sorted(zip(sparse.rows, sparse.columns)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    for f in (eg.cumprod(V), eg.sort(V)):
        sparse = eg.jacobian(f, V, sparse=True)
        dense = np.zeros((5, 5))
        dense[sparse.rows, sparse.columns] = eg.evaluate(sparse.values, AT)
        np.testing.assert_array_equal(dense, eg.evaluate(eg.jacobian(f, V), AT))


def test_text_and_copies() -> None:
    M = eg.Symbol("M", (9, 9))
    for e, text in [
        (eg.cumsum(M, 1), "cumsum(M, 1)"),
        (eg.cumprod(M, 0), "cumprod(M, 0)"),
        (eg.linear_recurrence(M, eg.sin(M)), "linear_recurrence(M, sin(M), 1)"),
        (eg.sort(M), "sort(M)"),
        (eg.order_by(M, M.T, 0), "order_by(M, M.T, 0)"),
    ]:
        assert str(e) == text
        assert eg.parse(text, [M]) is e is eg.parse(eg.to_python(e)) is pickle.loads(pickle.dumps(e)) is copy.deepcopy(e)
    assert str(elements(eg.cumprod(V))[2]) == "v[0]*v[1]*v[2]"
    assert r"\operatorname{cumsum}\left( M \right)" in eg.latex(eg.cumsum(M, 1))


def test_sympy_has_elements() -> None:
    sympy = pytest.importorskip("sympy")
    two = eg.Symbol("v", 2)
    assert str(to_sympy(eg.cumsum(two))) == "[v[0], v[0] + v[1]]"
    written = to_sympy(eg.sort(two))
    at = {s: {"v[0]": 3.0, "v[1]": 1.0}[str(s)] for s in written.atoms(sympy.Indexed)}
    assert [float(e.subs(at)) for e in written] == [1.0, 3.0]


def test_errors() -> None:
    x = eg.Symbol("x")
    for call, error, words in [
        (lambda: eg.cumsum(V, 1), eg.AxisError, "axis 1 is out of range"),
        (lambda: eg.linear_recurrence(V, A), eg.ShapeError, "do not broadcast"),
        (lambda: eg.sort(x), eg.ShapeError, "at least one axis"),
        (lambda: eg.order_by(V, A), eg.ShapeError, "one shape"),
        (lambda: np.partition(V, 7), eg.AxisError, "partition"),
        (lambda: np.cumsum(V, dtype=int), TypeError, "float64"),
        (lambda: np.cumsum(V, out=np.zeros(5)), TypeError, "immutable"),
        (lambda: V.argsort(), TypeError, "sort"),
        (lambda: V.sort(), TypeError, "immutable"),
    ]:
        with pytest.raises(error, match=words):
            call()


def test_constants_are_folded() -> None:
    x = np.array([3.0, 1.0, 2.0])
    for f in (eg.cumsum, eg.cumprod, eg.sort):
        assert f(x).op.name == "array"
    assert str(eg.order_by(x, V[:3])) == "v[[1, 2, 0]]"
