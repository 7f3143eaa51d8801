"""The equations of the AI Feynman set: value, gradient and Hessian in every mode, third derivatives of those of few variables."""

from __future__ import annotations

import pytest
from feynman import problems
from reference import Problem, check

PROBLEMS = problems()


def test_there_are_a_hundred() -> None:
    assert len({p.name for p in PROBLEMS}) == 100


@pytest.mark.one_in(3)
@pytest.mark.parametrize("p", PROBLEMS[::6], ids=lambda p: p.name)
def test_an_equation(p: Problem) -> None:
    check(p)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("p", [p for p in PROBLEMS if p not in PROBLEMS[::6]], ids=lambda p: p.name)
def test_another_equation(p: Problem) -> None:
    check(p)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("p", [p for p in PROBLEMS if len(p.variables) <= 4], ids=lambda p: p.name)
def test_to_third_order(p: Problem) -> None:
    check(p, order=3)
