"""The most common sums and products are made at once, and are the same nodes as those made by all rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import exprgraph as eg
from exprgraph.canonical import arithmetic, written
from exprgraph.canonical.grouping import regrouping
from exprgraph.graph.node import Node

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)
#: every kind of operand that the rules tell apart
SCALARS = [
    x, y, v[0], x + y, x + 1, -x, 2 * x, 0.5 * x, x * y, x / y, x / 3, 3 / x, x**2, x**-1, 1 / (x * y), eg.sqrt(x), 2 * eg.sqrt(x),
    eg.abs(x), eg.sqrt(x * x + y * y), 3 * eg.abs(x), eg.abs(x) / 3, eg.sin(x), -eg.sin(x), eg.norm(v), eg.norm(v) * x,
    eg.sum(v), x * y * v[0], x - y,
    eg.ones(()), eg.zeros(()), 2.5 * eg.ones(()), float("inf") * eg.ones(()), -1.0 * eg.ones(()),
]  # fmt: skip
MAKERS: list[Callable[[Node, Node], Node]] = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: b - a, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: 2.0 * a - b,
]  # fmt: skip


@pytest.mark.parametrize("regrouped", [False, True])
def test_quick_and_general_construction_agree(monkeypatch: pytest.MonkeyPatch, regrouped: bool) -> None:
    def built() -> list[Node]:
        if not regrouped:
            return [make(a, b) for a in SCALARS for b in SCALARS for make in MAKERS]
        with regrouping([x + y, x / y, x * y]):
            return [make(a, b) for a in SCALARS for b in SCALARS for make in MAKERS]

    quick = built()
    monkeypatch.setattr(written, "_sum_of_two", lambda *_: None)
    monkeypatch.setattr(written, "_product_of_two", lambda *_: None)
    monkeypatch.setattr(arithmetic, "stays", lambda factor: False)
    assert all(a is b for a, b in zip(quick, built()))
