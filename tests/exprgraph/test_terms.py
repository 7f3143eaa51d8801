"""Derivatives on their way become the nodes that products and sums of nodes are."""

from __future__ import annotations

import random

import numpy as np
import pytest
from test_most_common import KEPT, SCALARS

import exprgraph as eg
from exprgraph.calculus.terms import NOTHING, Terms, Value
from exprgraph.canonical.arithmetic import linear, product
from exprgraph.canonical.grouping import regrouping
from exprgraph.canonical.written import split_coefficient
from exprgraph.graph.node import Node

NUMBERS = [1.0, -1.0, -0.5, 3.0, 1e300]


def same(a: Node, b: Node) -> bool:
    """Whether two nodes are one, or multiples of one by numbers that were multiplied in another order."""
    if a is b:
        return True
    (c, rest), (d, other) = split_coefficient(a), split_coefficient(b)
    return rest is other and c == pytest.approx(d, rel=1e-15)


def factors() -> list[Node]:
    return [s for s in SCALARS if s is not eg.zeros(())]


@pytest.mark.parametrize("kept", [[], KEPT])
def test_products_and_sums_of_two(kept: list[Node]) -> None:
    wrong = []
    with regrouping(kept), np.errstate(all="ignore"):
        for a in factors():
            terms = Terms(set(kept))
            alone = product([(a, 1.0)])
            for k, b in enumerate(factors()):
                terms.sums.clear()
                c = NUMBERS[k % len(NUMBERS)]
                scaled = terms.scaled(c, terms.of(b))
                made = terms.node(terms.times(terms.of(a), terms.of(b)))
                added = terms.node(terms.plus(terms.of(a), scaled))
                expected = product([(a, 1.0), (b, 1.0)]), linear([(1.0, alone), (1.0, linear([(c, product([(b, 1.0)]))]))])
                if not (same(made, expected[0]) and same(added, expected[1])):
                    wrong.append((str(a), str(b), str(made), str(added)))
    assert wrong == []


def test_chains_of_products_are_made_once() -> None:
    """The node of a chain is that of one product of all factors, or of a product of products."""
    chosen = random.Random(0)
    ordinary = [s for s in factors() if not any(far in str(s) for far in ("inf", "1e"))]
    kept = [k for k in KEPT if split_coefficient(k)[0] == 1.0]  # a number is multiplied into a kept multiple, if it comes next
    with regrouping(kept):
        terms = Terms(set(kept))
        for _ in range(300):
            a, b, c = chosen.sample(ordinary, 3)
            chain = terms.times(terms.times(terms.of(a), terms.of(b)), terms.of(c))
            public = product([(a, 1.0), (b, 1.0), (c, 1.0)]), product([(product([(a, 1.0), (b, 1.0)]), 1.0), (c, 1.0)])
            assert any(same(terms.node(chain), p) for p in public), (a, b, c)


def test_sums_keep_their_values() -> None:
    x = eg.Symbol("x", 6)
    rng = np.random.default_rng(0)
    at = {x: rng.uniform(0.5, 1.5, 6)}
    with regrouping():
        terms = Terms(set())
        factors = [terms.of(f) for f in (*x, eg.sin(x[0]), x[0] * x[1], x[2] / x[3], x[0] + x[1], eg.sqrt(x[4]))]
        values: list[tuple[Value, float]] = [(f, float(eg.evaluate(terms.node(f), at))) for f in factors] + [((2.0, NOTHING), 2.0)]
        for v in [terms.plus(values[k][0], values[k + 1][0]) for k in range(6)]:
            values.append((v, float(eg.evaluate(terms.node(v), at))))
        for _ in range(400):
            (a, p), (b, q) = (values[k] for k in rng.integers(max(0, len(values) - 30), len(values), 2).tolist())
            c = float(rng.choice([1.0, -1.0, 0.5]))
            a, b = (v.copy() if isinstance(v, list) else v for v in (a, b))  # a sum has one reader
            if rng.integers(3):
                values.append((terms.plus(a, terms.scaled(c, b)), p + c * q))
            else:
                t, q = values[int(rng.integers(len(factors)))]
                assert isinstance(t, tuple)
                values.append((terms.times(terms.total(a), t), p * q))
        found = eg.evaluate(eg.stack([terms.node(v) for v, _ in values]), at)
    np.testing.assert_allclose(found, [e for _, e in values], rtol=1e-9, atol=1e-9)


def test_a_long_sum_with_one_reader_is_one_node() -> None:
    x = eg.Symbol("x", 200)
    with regrouping():
        terms = Terms(set())
        total: Value = terms.of(x[0])
        for s in list(x)[1:]:
            total = terms.plus(total, terms.of(s))
        assert len(terms.node(total).args) == 200


def test_sums_whose_terms_may_cancel_are_taken_apart() -> None:
    """Infinite or large terms leave no NaN and no rounding, and what is added needs no copy of its terms."""
    x = eg.Symbol("x", 4)
    with regrouping():
        terms = Terms(set())
        a, b, c, d = (terms.of(eg.exp(s)) for s in x)
        first, second = terms.total([a, b]), terms.total([a, c])
        assert terms.node([first, (-1.0, second[1])]) is linear([(1.0, eg.exp(x[1])), (-1.0, eg.exp(x[2]))])
        assert terms.node([first, (-1.0, a[1])]) is eg.exp(x[1])
        assert set(terms.node([first, second, d]).args) == {terms.node(first), terms.node(second), eg.exp(x[3])}
        assert terms.node([first, (-1.0, first[1])]) is eg.zeros(())
