"""Terms of an equation: what they mean, and what is said of those that are written wrongly."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import Adam, Dense, SymbolicNeuralNetwork, train
from symnn.errors import ArgumentError
from symnn.physics import partial, residual_terms

NN = SymbolicNeuralNetwork(Dense(1, 2, "sin"))
U, X = NN.output, NN.input
POINTS = np.linspace(0, 1, 5)[:, None]


def test_terms_are_mean_squares_with_their_weights() -> None:
    terms = residual_terms({"equation": (partial(U, X, 0) - U, {X: POINTS}, 2.0), "start": [U[0], {X: POINTS[:1]}]})
    assert [t.weight for t in terms] == [2.0, 1.0] and terms[1].data == {X: POINTS[:1]}
    assert terms[0].loss is eg.sum((partial(U, X, 0) - U) ** 2)
    assert train(NN, terms, optimizer=Adam(0.01), epochs=2, rng=0, progress=False).epochs == 2


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([(U, {X: POINTS}, 1.0)], "takes a dict of terms by their names, got a list of 1"),
        (None, "takes a dict of terms by their names, got nothing"),
        ({}, "there are no terms"),
        ({"a": U}, "the term 'a' is a residual, its data and perhaps its weight; got an expression"),
        ({"a": (U,)}, "the term 'a' is a residual, its data and perhaps its weight; got 1 things"),
        ({"a": (U, {X: POINTS}, 1.0, 2.0)}, "got 4 things"),
        ({"a": (U, POINTS)}, "the data of the term 'a' are a dict from symbols to arrays, got an array of shape"),
        ({"a": (U, 1.0, {X: POINTS})}, "the data of the term 'a' are a dict from symbols to arrays, got 1.0"),
        ({"a": ("u", {X: POINTS})}, "the term 'a': "),
        (
            {"fine": (U, {X: POINTS}), "b": (U, {X: POINTS}, "2")},
            "the term 'b': a ResidualTerm's weight is a finite number of at least 0, got '2'",
        ),
    ],
)
def test_terms_that_are_written_wrongly(terms: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        residual_terms(terms)
