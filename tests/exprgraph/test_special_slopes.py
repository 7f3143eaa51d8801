"""The first derivatives of special functions against differences of their values: one point each, in the quick selection.

Derivatives of higher order, against 50 digits and in every mode, are in slower tests.
"""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import ByFormula, FirstDerivative, Function, NoDerivative, apply
from exprgraph.graph.primitive import TABLE

ROWS = [name for name, row in TABLE.items() if isinstance(row, Function) and isinstance(row.numpy, ByFormula)]


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_slope_is_that_of_the_values(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    at = [row.fixed[k][-1] if k in row.fixed else low + 0.37 * (high - low) for k, (low, high) in enumerate(row.sample)]
    symbols = [eg.Symbol(f"a{k}") if k not in row.fixed or isinstance(row.partials[k], FirstDerivative) else None for k in range(row.arity)]
    f = apply(row, *(v if s is None else s for s, v in zip(symbols, at)))
    values = {s: v for s, v in zip(symbols, at) if s is not None}
    for k, (s, partial) in enumerate(zip(symbols, row.partials)):
        if s is None or (isinstance(partial, NoDerivative) and not isinstance(partial, FirstDerivative)):
            continue
        h = 1e-5 * max(1.0, abs(at[k]))
        ahead, behind = (float(row.numpy(*[v + d * (j == k) for j, v in enumerate(at)])) for d in (h, -h))
        got = float(eg.evaluate(eg.diff(f, s), values))
        np.testing.assert_allclose(got, (ahead - behind) / (2 * h), rtol=2e-6, atol=2e-7, err_msg=f"{name} by its argument {k}")
