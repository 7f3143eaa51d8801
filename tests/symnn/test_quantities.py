"""Options that are numbers: what is taken, and what is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import LBFGS, Adam, AdamW, GradientDescent, Huber, LossTerm, Momentum
from symnn.errors import ArgumentError
from symnn.physics import HamiltonianLoss, ImplicitMidpointLoss, LagrangianLoss, SymplecticEulerLoss, VariationalMidpointLoss
from symnn.quantities import count, number
from symnn.schedules import cosine, exponential, piecewise, warmup

NO_NUMBERS: list[Any] = [
    "0.1", b"1", None, True, np.True_, 1j, [0.1], np.ones(1), np.array("1"), np.nan, -np.inf, object(), eg.Symbol("x"),
]  # fmt: skip
NUMBERS: list[Any] = [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), Fraction(1, 2)]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda v: repr(v)[:20])
def test_what_is_no_finite_number(value: Any) -> None:
    with pytest.raises(ArgumentError, match="the size is a finite number, got ") as caught:
        number("the size", value)
    assert len(str(caught.value)) < 150
    with pytest.raises(ArgumentError, match="epochs is a whole number of at least 1, got "):
        count("epochs", value)


def test_a_whole_number_that_is_no_float() -> None:
    assert count("epochs", 10**400) == 10**400
    with pytest.raises(ArgumentError, match="x is a finite number, got int 10000"):
        number("x", 10**400)


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_numbers_are_made_pythons_own(value: Any) -> None:
    assert number("x", value) == 0.5 and type(number("x", value)) is float
    assert type(count("x", np.int8(3))) is int


@pytest.mark.parametrize(
    ("limits", "inside", "outside", "text"),
    [
        ({"least": 0}, 0, -1e-300, "x is a finite number of at least 0, got -1e-300"),
        ({"above": 0}, 1e-300, 0, "x is a finite number of more than 0, got 0"),
        ({"least": 0, "below": 1}, 0.999, 1, "x is a finite number of at least 0 and less than 1, got 1"),
    ],
)
def test_limits(limits: dict[str, float], inside: float, outside: float, text: str) -> None:
    assert number("x", inside, **limits) == inside
    with pytest.raises(ArgumentError, match=f"^{text}$"):
        number("x", outside, **limits)


#: an option by what is said of it, and what makes the object with it
OPTIONS: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "GradientDescent's learning_rate": (GradientDescent, [-0.1, np.inf]),
    "Momentum's learning_rate": (Momentum, [-0.1, np.inf]),
    "Momentum's momentum": (lambda v: Momentum(0.1, v), [-0.1, 1.0]),
    "Adam's learning_rate": (Adam, [-0.1, np.inf]),
    "Adam's beta1": (lambda v: Adam(0.1, v), [-0.1, 1.0]),
    "Adam's beta2": (lambda v: Adam(0.1, 0.9, v), [-0.1, 1.0]),
    "Adam's epsilon": (lambda v: Adam(epsilon=v), [-0.1]),
    "AdamW's learning_rate": (AdamW, [-0.1]),
    "AdamW's weight_decay": (lambda v: AdamW(weight_decay=v), [-0.1]),
    "LBFGS's history": (LBFGS, [0, 2.5]),
    "LBFGS's tolerance": (lambda v: LBFGS(tolerance=v), [-1.0]),
    "cosine's rate": (lambda v: cosine(v, 10), [-0.1]),
    "cosine's steps": (lambda v: cosine(0.1, v), [-10, 0]),
    "cosine's least": (lambda v: cosine(0.1, 10, v), [-0.1]),
    "exponential's rate": (lambda v: exponential(v, 0.5, 10), [-0.1]),
    "exponential's decay": (lambda v: exponential(0.1, v, 10), [-0.1, 0]),
    "exponential's steps": (lambda v: exponential(0.1, 0.5, v), [-10, 0]),
    "each of piecewise's boundaries": (lambda v: piecewise((v,), (1.0, 2.0)), [-1]),
    "each of piecewise's rates": (lambda v: piecewise((1,), (1.0, v)), [-1]),
    "piecewise's rates": (lambda v: piecewise((1,), v), [0.1]),
    "warmup's rate": (lambda v: warmup(v, 10), [-0.1]),
    "warmup's steps": (lambda v: warmup(0.1, v), [-10, 0]),
    "a LossTerm's weight": (lambda v: LossTerm(None, None, v), [np.inf]),
    "Huber's delta": (Huber, [0.0, -1.0]),
    "SymplecticEulerLoss's step": (SymplecticEulerLoss, [0.0, -1.0]),
    "ImplicitMidpointLoss's step": (ImplicitMidpointLoss, [0.0, -1.0]),
    "VariationalMidpointLoss's step": (VariationalMidpointLoss, [0.0]),
    "LagrangianLoss's regularization": (LagrangianLoss, [np.inf]),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_refused_by_their_names(name: str) -> None:
    make, wrong = OPTIONS[name]
    for value in [*wrong, "0.1", np.nan]:
        with pytest.raises(ArgumentError, match=f"^{re.escape(name)} (is|are) .*, got "):
            make(value)


def test_a_rate_of_zero_is_a_rate() -> None:
    assert GradientDescent(0.0).rates(0, 2).tolist() == [0.0, 0.0]
    assert HamiltonianLoss() == HamiltonianLoss()
