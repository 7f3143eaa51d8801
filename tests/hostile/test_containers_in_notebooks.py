"""Names of parameters and symbols where a notebook shows a container: LaTeX, or HTML for one that takes it for that."""

from __future__ import annotations

import re

from odd_names import NAMES
from test_symbol_names import _Tags

import exprgraph as eg
from symnn import Dense, Gradient, NeuralNetworkParameters, SymbolicNeuralNetwork

#: what a parameter can be named
GOOD = [n for n in NAMES if n.isprintable() and "/" not in n]


def test_names_of_parameters_and_of_symbols_are_shown_and_mean_nothing() -> None:
    nn = SymbolicNeuralNetwork(Dense(1, 1))
    for name in NAMES:
        containers = [NeuralNetworkParameters(a=eg.Symbol(name) * 2, b=eg.Symbol(name, 2))]
        if name in GOOD:
            containers += [NeuralNetworkParameters({name: {name: [1.0, 2.0]}}), NeuralNetworkParameters({name: eg.Symbol("x")})]
        for ps in containers:
            text = ps._repr_latex_() or ""
            text.encode()
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
            assert not set(re.findall(r"\\([a-z]+)", text)) & {"input", "write", "def", "include", "href", "csname", "catcode", "openout"}
            plain = re.sub(r"\\[\\{}%$#&_ ]", "", text)
            assert plain.count("{") == plain.count("}") and "%" not in plain and "#" not in plain
            assert plain.count("$") in (0, 2) and (not plain or (plain.startswith("$") and plain.endswith("$")))
            tags = _Tags()
            tags.feed(text)
            tags.close()
            assert tags.found == []
            assert not hasattr(ps, "_repr_html_")
    assert Gradient(nn)._repr_latex_()
