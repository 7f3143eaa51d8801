"""Every elementwise row says all that is known of its function; the rules of primitives are in test_column."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.functions.rows import built_in
from exprgraph.graph.primitive import TABLE, lookup

ELEMENTWISE = sorted(name for name, row in TABLE.items() if isinstance(row, Function) and not name.endswith("_doc"))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_elementwise_row_is_complete(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    assert row.arity >= 1
    assert row.code
    assert row.text
    assert row.latex
    assert len(row.sample) == len(row.domain) == row.arity
    for (low, high), (inner_low, inner_high) in zip(row.domain, row.sample):
        assert low <= inner_low < inner_high <= high
        assert np.isfinite([inner_low, inner_high]).all()
    if row.arity == 1:
        assert str(apply(row, eg.Symbol("x")))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_elementwise_row_is_finite_where_it_is_sampled_and_keeps_float32(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    rng = np.random.default_rng(1)
    points = [rng.choice(row.fixed[k], 50) if k in row.fixed else rng.uniform(a, b, 50) for k, (a, b) in enumerate(row.sample)]
    symbols = eg.symbols([f"x{i}" for i in range(row.arity)])
    e = apply(row, *symbols)
    value = eg.evaluate(e, dict(zip(symbols, points)))
    assert np.isfinite(value).all()
    single = eg.evaluate(e, dict(zip(symbols, [p.astype(np.float32) for p in points])))
    assert single.dtype == (np.bool_ if row.boolean else np.float32)
    if not row.boolean:
        np.testing.assert_allclose(single, value, rtol=2e-5, atol=1e-6)


def test_rows_are_found_by_name_and_a_missing_one_is_explained() -> None:
    assert lookup("tanh") is TABLE["tanh"]
    with pytest.raises(ValueError, match=r"no primitive named 'nonsense'.*registered with exprgraph\.function"):
        lookup("nonsense")


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="'tanh' exists already"):
        eg.function("tanh", numpy=np.tanh, derivative=None, code="tanh({0})")


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_built_in_row_is_exported_unless_it_says_that_it_is_internal(name: str) -> None:
    """What is printed as ``eg.sinc`` exists."""
    row = TABLE[name]
    assert isinstance(row, Function)
    assert (name in eg.__all__) is not row.internal
    x = eg.symbols([f"x{k}" for k in range(row.arity)])
    made = apply(row, *x)
    assert (f"eg.{name}(" if name in eg.__all__ else f'eg.lookup("{name}")(') in eg.to_python(made)
    if not row.internal:
        assert getattr(eg, name)(*x) is made
    assert eg.parse(eg.to_python(made)) is made
