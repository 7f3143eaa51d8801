"""How networks, containers, derivatives, terms and results are shown: LaTeX in notebooks, and text of bounded length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    MSE,
    Adam,
    Chain,
    Dense,
    Gradient,
    Jacobian,
    LossTerm,
    NeuralNetworkParameters,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    derivative,
    train,
)

NN = SymbolicNeuralNetwork(Dense(1, 1, "sin"))


def test_a_gradient_is_an_equation_for_each_parameter() -> None:
    g = derivative(Gradient(NN))
    text = g._repr_latex_()
    assert text.startswith("$\\displaystyle \\begin{aligned}\n\\mathtt{L1.W} &= ") and text.endswith("\\end{aligned}$")
    assert text.count("&=") == 2 and "\\mathtt{L1.b} &= " in text and "\\cos" in text
    assert Gradient(NN)._repr_latex_() == text
    assert Jacobian(NN)._repr_latex_() == derivative(Jacobian(NN))._repr_latex_()
    assert NN.params._repr_latex_() == (
        "$\\displaystyle \\begin{aligned}\n\\mathtt{L1.W} &= \\mathtt{W\\_1} \\\\\n\\mathtt{L1.b} &= \\mathtt{W\\_2}\n\\end{aligned}$"
    )


def test_numbers_are_matrices_and_large_ones_their_shape() -> None:
    ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 2.5]], b=[0.0]), big=np.ones((20, 30)))
    text = ps._repr_latex_()
    assert text is not None and "1 & 2.5 \\\\" in text and "_{20 \\times 30}" in text
    single = ps.astype(np.float32)._repr_latex_()
    assert single == text
    assert "NaN" in str(NeuralNetworkParameters(a=np.nan)._repr_latex_())


def test_what_is_too_long_is_left_to_the_text() -> None:
    wide = SymbolicNeuralNetwork(Chain(Dense(3, 40), Dense(40, 40), Dense(40, 2)))
    shown = derivative(Gradient(wide))._repr_latex_()
    assert shown is not None and len(shown) < 10_000  # in matrix notation, however wide
    assert NeuralNetworkParameters()._repr_latex_() is None
    many = NeuralNetworkParameters({f"p{k}": float(k) for k in range(2000)})
    assert many._repr_latex_() is None


DATA = (np.ones((5, 1)), np.zeros((5, 1)))
RESULT = train(NN, MSE(), DATA, optimizer=Adam(0.1), epochs=3, rng=0, validation=DATA, progress=False)
SHOWN: dict[str, Any] = {
    "<LossTerm of MSE(), data of shapes {inputs: (5, 1), targets: (5, 1)}, weight=2>": LossTerm(MSE(), DATA, 2.0),
    "<LossTerm of MSE(), data float>": LossTerm(MSE(), 1.0),
    "<LossTerm of MSE(), data of shapes {inputs: list, targets: str}>": LossTerm(MSE(), ([[1.0], [1.0, 2.0]], "a")),
    "<LossTerm of sum(sinput), data of shapes {sinput: (5, 1)}>": LossTerm(eg.sum(NN.input), {NN.input: DATA[0]}),
    "<SymbolicPullback(SymbolicNeuralNetwork(Chain(Dense(1, 1, 'sin'))), MSE()) on fixed data, of a flat vector of 2 parameters>":
        SymbolicPullback(NN, MSE()).flat(DATA),
}  # fmt: skip


@pytest.mark.parametrize("text", SHOWN, ids=lambda t: t[:30])
def test_objects_print_what_they_are(text: str) -> None:
    assert repr(SHOWN[text]).replace("sinput[0]", "sum(sinput)") == text


def test_results_print_losses_not_all_of_them() -> None:
    text = repr(RESULT)
    assert text.startswith("<TrainingResult of 2 parameters, stopped='epochs', ")
    assert "<History of 3 epochs, 3 steps, loss 0." in text and ", validation 0." in text and len(text) < 200
    seen: list[Any] = []
    train(NN, MSE(), DATA, epochs=1, rng=0, callback=seen.append, progress=False)
    assert repr(seen[0]).startswith("<Epoch 1, loss ") and repr(seen[0]).endswith(", 2 parameters>")
