"""What random testing once found wrong stays right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_batches, check_derivatives, check_values
from tests.fuzz.corpus import cases, read, write

CASES = dict(cases())


@pytest.mark.one_in(20)
@pytest.mark.parametrize("name", CASES)
def test_a_case_of_the_corpus(name: str) -> None:
    case = CASES[name]
    assert case.e.digest.hex().startswith(name), "the code gives another expression than it did"
    check_derivatives(case.e, 3, at=case.at)
    check_values(case.e, at=case.at)
    check_batches(case.e, at=case.at)


def test_a_case_is_read_as_it_was_written(tmp_path: Path) -> None:
    x, p = eg.Symbol("x", (2, 0)), eg.Symbol("p", 2, per_sample=True)
    e = eg.sum(p) * eg.sum(x) + eg.tanh(p[0])
    at = {p: np.array([[0.1, np.nan], [np.inf, -0.0]]), x: np.zeros((2, 0))}
    path = write(e, {s: at[s] for s in eg.free_symbols(e)}, "a test", tmp_path)
    case = read(path)
    assert case.e is e and case.story == "a test"
    np.testing.assert_array_equal(case.at[p], at[p])
    assert json.loads(path.read_text())["story"] == "a test"
