"""Functions of one family at one argument are computed together, also if one of them is read much later."""

from __future__ import annotations

import re
from collections import defaultdict
from types import CodeType

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.primitive import TABLE
from exprgraph.loops.formulas import elementary


def called(name: str) -> set[str]:
    """The formulas that a formula calls, also through others."""
    known, found, pending = elementary(), set[str](), [name]
    while pending:
        code = getattr(known.get(pending.pop()), "__code__", None)
        new = (set(code.co_names) & known.keys()) - found if isinstance(code, CodeType) else set()
        found |= new
        pending += new
    return found


def test_relatives_call_a_formula_in_common() -> None:
    families = defaultdict(list)
    for row in TABLE.values():
        if isinstance(row, Function) and row.family:
            families[row.family].append(row.name)
    own = {"tanh": "tanh_argument", "sigmoid": "sigmoid_exp", "sin": "quarter_rest"}
    assert families.keys() == own.keys()
    for family, names in families.items():
        assert len(names) > 1 and all(own[family] in called(n) for n in names)


@pytest.mark.parametrize(("activation", "prime"), [("tanh", "tanh_prime"), ("sin", "cos")])
def test_a_reverse_sweep_finds_the_derivatives_of_activations(activation: str, prime: str) -> None:
    """The kernel of a layer computes both; that of the sweep, after the layers above, has no exponential."""
    f = getattr(eg, activation)
    V, W, x = eg.Symbol("V", (3, 2)), eg.Symbol("W", (3, 3)), eg.Symbol("x", (2,), per_sample=True)
    loss = eg.over_samples.sum(eg.sum(f(W @ f(V @ x))))
    fn = eg.compile([loss, *eg.jacobians(loss, [V, W])], [V, W, x])
    kernels = re.findall(r"def k\d+\(.*?(?=\n@|\ndef )", fn.source, re.S)
    both = [k for k in kernels if f"{activation}(" in k and f"{prime}(" in k]
    alone = [k for k in kernels if f"{prime}(" in k and k not in both]
    assert len(both) == 1 and len(alone) <= 1  # the last layer's derivative is read where it is computed
    values = [np.random.default_rng(0).standard_normal(s) for s in ((3, 2), (3, 3), (20, 2))]
    for a, b in zip(fn(*values), eg.evaluate([loss, *eg.jacobians(loss, [V, W])], dict(zip((V, W, x), values)))):
        np.testing.assert_allclose(a, b, rtol=1e-12)
