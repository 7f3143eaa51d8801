"""MathML: well-formed for every primitive and every name, and the formula of LaTeX."""

from __future__ import annotations

import re
from xml.dom import minidom

import pytest
from rule_graphs import SHARED, graphs

import exprgraph as eg
from exprgraph.show.mathml import _Reader


def shown(text: str) -> str:
    """What a reader sees, without the layout."""
    node = minidom.parseString(text)

    def texts(n: minidom.Node) -> str:
        return n.data if n.nodeType == n.TEXT_NODE else "".join(texts(c) for c in n.childNodes)

    return texts(node)


def test_every_primitive_is_well_formed_and_leaves_no_latex() -> None:
    for name, e in graphs(SHARED).items():
        text = shown(eg.mathml(e))
        assert text and not set(text) & set("\\{}") - set("{" * ("where" in str(e) or "cases" in eg.latex(e))), name


@pytest.mark.parametrize(
    ("of", "inner"),
    [
        (lambda x, y: x**2 / y, "<mfrac><msup><mi>x</mi><mn>2</mn></msup><mi>y</mi></mfrac>"),
        (lambda x, y: eg.cbrt(x), "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (lambda x, y: eg.Symbol("z", 2)[0] ** 2, "<msubsup><mi>z</mi><mn>1</mn><mn>2</mn></msubsup>"),
        (lambda x, y: eg.Symbol("theta") * 2.5, "<mrow><mn>2.5</mn><mi>θ</mi></mrow>"),
        (lambda x, y: eg.sin(x), '<mrow><mi mathvariant="normal">sin</mi><mrow><mo stretchy="true">(</mo><mi>x</mi><mo stretchy="true">)</mo></mrow></mrow>'),  # noqa: E501
    ],
)  # fmt: skip
def test_formulas(of: object, inner: str) -> None:
    text = eg.mathml(of(eg.Symbol("x"), eg.Symbol("y")))  # type: ignore[operator]
    assert re.sub("</?mrow>", "", text) == re.sub("</?mrow>", "", f'<math display="block">{inner}</math>')


def test_names_of_users_stay_names() -> None:
    for name in ("a_b", "<script>", "50%&$#", "x^{2}", "a\\b", "~`", "a b", "{<}"):
        assert name.replace("`", "′").replace("^", "∧").replace("~", "∼") in shown(eg.mathml(eg.Symbol(name)))


def test_several_formulas_are_a_table_and_depth_is_no_limit() -> None:
    x = eg.Symbol("x")
    text = eg.mathml({"one": x, "two": eg.where(x > 0, x, -x)})
    assert text.count("<mtr>") == 4 and shown(text) == "one=xtwo={xif 0<x(−x)otherwise"
    assert _Reader("{" * 20_000 + "x" + "}" * 20_000).read().count("<mrow>") == 0
    assert shown(f"<math>{_Reader(chr(92) + 'left( x').read()}</math>") == "x"  # of a template that is not closed


@pytest.mark.parametrize("end", ["\\sqrt[3", "\\left", "\\right", "\\frac{2", "\\begin{cases}", "\\text{", "_", "\\"])
def test_templates_of_users_may_end_anywhere(end: str) -> None:
    minidom.parseString(f"<math>{_Reader('x' + end).read()}</math>")
