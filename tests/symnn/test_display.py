"""How networks, containers, derivatives, terms and results are shown: LaTeX in notebooks, and text of bounded length."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    MSE,
    Adam,
    Chain,
    Dense,
    Gradient,
    Hessian,
    Jacobian,
    Laplacian,
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


class _Pair(NamedTuple):
    u: Any
    g: Any


def test_what_a_notebook_shows_can_be_printed() -> None:
    """As an equation for each part, with its name, and as one graph; in any nesting."""
    g = derivative(Gradient(NN))
    text = eg.latex(g)
    assert text.startswith("\\begin{equation}\n\\begin{aligned}\n\\mathtt{L1.W} &= ") and text.count("&=") == 2
    shown = g._repr_latex_()
    assert shown is not None and shown.removeprefix("$\\displaystyle ").removesuffix("$") in text
    assert eg.latex(Gradient(NN)) == text and eg.to_dot(Gradient(NN)) == eg.to_dot(g)
    for single in (Jacobian(NN), Hessian(NN), Laplacian(NN)):
        assert eg.latex(single) == eg.latex(derivative(single)) and eg.to_dot(single) == eg.to_dot(derivative(single))
    assert eg.latex(NN) == eg.latex(NN.output)
    names = re.findall(r"mathtt\{(.*?)\} &=", eg.latex({"u": NN.output, "d": [g[0], Jacobian(NN)], 3: _Pair(1.5, NN.params)}))
    assert names == ["u", "d[0].L1.W", "d[0].L1.b", "d[1]", "3.u", "3.g.L1.W", "3.g.L1.b"]
    dot = eg.to_dot({"a": NN.output, "b": NN.params})
    assert [line for line in dot.splitlines() if "plaintext" in line] == [
        '  part0 [label="a", shape=plaintext];', '  part1 [label="b.L1.W", shape=plaintext];', '  part2 [label="b.L1.b", shape=plaintext];',
    ]  # fmt: skip
    ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 2.5]], b=[0.0]))
    assert "1 & 2.5 " in eg.latex(ps) and eg.to_dot(ps)
    assert "emptyset" in eg.latex({})


def test_nestings_of_many_parts_are_elided() -> None:
    many = {f"p{k}": eg.Symbol("x") ** k for k in range(300)}
    assert "200 equations left out" in eg.latex(many) and "left out" not in eg.latex(many, limit=None)


def test_what_cannot_be_printed_is_named() -> None:
    held: list[Any] = []
    held.append({"a": held})
    for wrong, error, said in (
        ("text", eg.DTypeError, "expected an expression or real numbers, got the text 'text'"),
        (NN.chain, eg.DTypeError, "got a Chain"),
        (held, ValueError, "nested too deeply, or holds itself"),
    ):
        for show in (eg.latex, eg.to_dot):
            with pytest.raises(error, match=said):
                show(wrong)


def test_a_derivative_where_an_expression_is_wanted() -> None:
    with pytest.raises(eg.DTypeError, match=r"got a Jacobian; its \.derivative is an expression"):
        eg.sin(Jacobian(NN))  # type: ignore[arg-type]
    with pytest.raises(eg.DTypeError, match=r"got a SymbolicNeuralNetwork; its \.output is an expression"):
        eg.sin(NN)  # type: ignore[arg-type]


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
