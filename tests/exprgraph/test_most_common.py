"""The most common sums and products are made at once, and are the same nodes as those made by all rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical import arithmetic, contract, most_common, written
from exprgraph.canonical.grouping import regrouping
from exprgraph.functions import powers
from exprgraph.graph.leaves import array, identity
from exprgraph.graph.node import Node
from exprgraph.language import operators

x, y, z = eg.symbols("x y z")
v = eg.Symbol("v", 3)
#: every kind of operand that the rules tell apart
SCALARS = [
    x, y, v[0], x + y, x + 1, -x, 2 * x, 0.5 * x, x * y, x / y, x / 3, 3 / x, x**2, x**-1, 1 / (x * y), eg.sqrt(x), 2 * eg.sqrt(x),
    eg.abs(x), eg.sqrt(x * x + y * y), 3 * eg.abs(x), eg.abs(x) / 3, eg.sin(x), -eg.sin(x), eg.norm(v), eg.norm(v) * x,
    eg.sum(v), x * y * v[0], x - y, x * (y * v[0]), (x * y) ** 2, 0.1 * (0.3 * x), -(x + 1), 1e200 * x, x + y + v[0] + v[1] + v[2],
    eg.ones(()), eg.zeros(()), 2.5 * eg.ones(()), float("inf") * eg.ones(()), -1.0 * eg.ones(()),
]  # fmt: skip
p, q = eg.symbols("p q", 3)
KNOWN = array(np.array([0.5, 2.0, -1.0]))
#: some of them, of three elements, and scalars beside them
ARRAYS = [
    p, q, p + q, p + 1, -p, 2 * p, 0.5 * p, p * q, p / q, p**2, 1 / (p * q), eg.sqrt(p), 2 * eg.sqrt(p), eg.abs(p), eg.sin(p), p * x,
    x + p, KNOWN, p * KNOWN, p / KNOWN, p + KNOWN, eg.broadcast_to(x, (3,)), eg.ones(3), eg.zeros(3), 2.5 * eg.ones(3), x, 2 * x,
    eg.sqrt(x), x * y, eg.Symbol("m", (3, 2)) @ eg.Symbol("w", 2),
]  # fmt: skip
M = eg.Symbol("M", (3, 3))
MATRICES = [
    M, eg.diag(p), 2 * eg.diag(q), eg.diag(p) - eg.diag(q), identity(3), M * x, M @ M, eg.outer(p, q), eg.broadcast_to(x, (3, 3)),
    eg.ones((3, 3)), M.T, x,
]  # fmt: skip
MAKERS: list[Callable[[Node, Node], Node]] = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: b - a, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: 2.0 * a - b,
    lambda a, b: arithmetic.linear([(0.5, a), (-1.0, b), (2.0, z)], 0.25, a.shape or b.shape),
    lambda a, b: contract.contract([(a, range(a.ndim)), (b, range(b.ndim))], range(max(a.ndim, b.ndim))),
]  # fmt: skip


#: with numbers, and with both operands
ALONE: list[Callable[[Node], Node]] = [
    lambda a: a + 2, lambda a: 1 - a, lambda a: a - 0.5, lambda a: 3 * a, lambda a: a * -1, lambda a: a * 1.0, lambda a: a * 0,
    lambda a: 1 / a, lambda a: a / 2, lambda a: a / 3,
    lambda a: 7 / a, lambda a: -2 / a, lambda a: a / -2, lambda a: a / 1e308,
    lambda a: a**2, lambda a: a**-3, lambda a: a**0.5, lambda a: a**1, lambda a: 1e300 * a,
    lambda a: a + 0, lambda a: a * float("inf"), lambda a: a + float("nan"), lambda a: np.float64(1.5) * a, lambda a: True * a,
    lambda a: a - np.float64(2.0),
    lambda a: (2**60 + 1) * a, lambda a: arithmetic.product([(a, 2.0), (x, 1.0), (y, -1.0)], -0.5, a.shape), eg.sin,
]  # fmt: skip
KEPT = [x + y, x / y, x * y, 0.5 * x, 2 * eg.sqrt(x), x + 1, p + q, p / q, 0.5 * p, p + 1]


@pytest.mark.parametrize("regrouped", [False, True])
def test_quick_and_general_construction_agree(monkeypatch: pytest.MonkeyPatch, regrouped: bool) -> None:
    def all_of_them() -> list[Node]:
        with np.errstate(all="ignore"):
            pairs = [(a, b) for operands in (SCALARS, ARRAYS, MATRICES) for a in operands for b in operands]
            return [make(a, b) for a, b in pairs for make in MAKERS] + [make(a) for a in SCALARS + ARRAYS + MATRICES for make in ALONE]

    def built() -> list[Node]:
        if not regrouped:
            return all_of_them()
        with regrouping(KEPT):
            return all_of_them()

    quick = built()
    for name in ("sum_of_two", "difference_of_two", "product_of_two", "quotient_of_two"):
        monkeypatch.setattr(operators, name, lambda *_: None)
    for name, f in (("add", operators.add), ("sub", operators.subtract), ("mul", operators.multiply), ("truediv", operators.divide)):
        for method, own in zip((f"__{name}__", f"__r{name}__"), operators._binary(name, f)):
            monkeypatch.setattr(Node, method, own)
    for module in (powers, arithmetic):
        monkeypatch.setattr(module, "power_of", lambda *_: None)
    for name in ("sum_of_distinct", "product_of_distinct"):
        monkeypatch.setattr(arithmetic, name, lambda *_: None)
    for module in (arithmetic, most_common):
        monkeypatch.setattr(module, "number_times", lambda *_, **__: None)
    monkeypatch.setattr(written, "_sum_of_two", lambda *_: None)
    monkeypatch.setattr(written, "_product_of_two", lambda *_: None)
    monkeypatch.setattr(arithmetic, "stays", lambda factor: False)
    monkeypatch.setattr(contract, "_of_vectors", lambda *_: None)
    assert [(str(a), str(b)) for a, b in zip(quick, built()) if a is not b] == []
