"""The check of choices between something and what overflows: it passes for random expressions, and finds what is planted wrong."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import Disagreement, check_saturation, saturation
from exprgraph.testing.growing import AtRandom, Choice, grow, symbols_for

x = eg.Symbol("x", 3)
A = eg.array(np.array([[0.5, 1.0, -0.3], [0.1, 0.7, 0.2], [0.4, -0.6, 0.9]]))
MIXED = eg.sum(eg.sin(A @ x) * x) / (1 + x[0] ** 2)


@pytest.mark.one_in(18)
@pytest.mark.parametrize("way", saturation.WAYS)
def test_every_way_changes_nothing(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saturation, "WAYS", {way: saturation.WAYS[way]})
    for seed in range(4):
        check_saturation(MIXED, at={x: [0.3, -0.2, 1.1]}, seed=seed, compiled=seed == 0)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("seed", range(20))
def test_random_expressions(seed: int) -> None:
    choice = AtRandom(seed)
    e = grow(choice, symbols_for(choice, choice.whole(1, 3), seed % 2 == 0), 5)
    check_saturation(e, 1 + seed % 3, seed=seed, compiled=seed % 5 == 0)


def not_taken_by_a_product(n: Node, choice: Choice) -> Node:
    return n + eg.sqrt((n - n**1.0 * eg.sign(n) ** 2) ** 2)  # the root of a square that is 0: its derivative is infinite


def test_what_is_planted_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saturation, "WAYS", {"wrong": not_taken_by_a_product})
    with pytest.raises(Disagreement, match=r"with choices put in, the first derivative \(forward\) is nan") as found:
        check_saturation(MIXED, at={x: [0.3, 0.2, 1.1]}, compiled=False)
    assert "check_saturation(e, 2, at=at, compiled=False, seed=0)" in found.value.program


def test_a_sweep_that_forgets_which_zeros_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from exprgraph.calculus import branches

    monkeypatch.setattr(branches, "_silenced", lambda v, zeros, inner, p, wide: (inner(v), zeros))
    monkeypatch.setattr(saturation, "WAYS", {"minimum": saturation.WAYS["minimum"]})
    with pytest.raises(Disagreement, match="nan"):
        check_saturation(MIXED, at={x: [0.3, 0.2, 1.1]}, seed=3, compiled=False)
