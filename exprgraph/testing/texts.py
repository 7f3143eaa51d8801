"""The check that printed text has the value and the derivatives of the expression, above all where arguments are equal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calculus.derivatives import vjp
from ..canonical.operands import as_node
from ..errors import DifferentiationError
from ..functions.elementwise import Function
from ..graph.leaves import constant
from ..graph.node import Node
from ..graph.traverse import symbols_of, topological
from ..meaning.evaluate import evaluate_nodes
from ..text.parse import parse
from .disagreement import Disagreement, Values, allowances, difference, program

#: the elements of all symbols at a point are drawn from so few numbers that most have an equal
TIES = ((0.5, 1.5), (1.0,), (-1.0, 1.0), (0.0, 1.0))


def check_text(e: Any, *, at: Values | None = None, samples: int = 2, seed: int = 0) -> None:
    """Check that the text of an expression, read back, has its value and its first derivatives.

    A function may be displayed as a formula that is 0/0 where the function is 0.  So points where the parsed text is NaN, or
    compares NaN, are skipped.  Everywhere else the two must agree, also at ties of a maximum.  Text with elided parts is
    skipped; ``to_python`` elides nothing.

    Args:
        e: an expression.
        at: a value for each symbol; by default points at which many elements are equal.
        samples: the number of samples of these points, if symbols are declared per sample.
        seed: the seed of the random choices.

    Raises:
        Disagreement: results differ; the message has a program.
        ParseError: the text cannot be parsed.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_text
    >>> check_text(eg.max(eg.Symbol("x", 3)))
    """
    node = as_node(e)
    symbols = symbols_of([node])
    text = str(node)
    if "..." in text:
        return
    back = parse(text, symbols)
    if back is node:
        return
    pairs = [("", node, back)]
    try:
        for s in symbols:
            one = constant(1.0, node.shape)
            pairs.append((f"'s derivative by {s.name}", vjp(node, s, one), vjp(back, s, one)))
    except DifferentiationError:  # of one sample by another
        pairs = pairs[:1]
    rng = np.random.default_rng(seed)
    points = [dict(at)] if at is not None else [_tied(rng, symbols, numbers, samples) for numbers in TIES]
    compared = [a for n in topological([back]) if isinstance(n.op, Function) and n.op.boolean for a in n.args]
    for values in points:
        if any(np.isnan(v).any() for v in evaluate_nodes(compared, values)):
            continue
        wanted = evaluate_nodes([a for _, a, _ in pairs], values)
        found = evaluate_nodes([b for *_, b in pairs], values)
        for (what, *_), want, got, allowed in zip(pairs, wanted, found, allowances([a for _, a, _ in pairs], values)):
            known = np.where(np.isnan(np.asarray(got, float)), np.inf, 10 * allowed + 1e-12)
            said = difference(f"the text's value{what}", got, "the expression's", want, known)
            if said is not None:
                raise Disagreement(f"{said}; the text is {text}", program([("e", node)], values, "check_text(e, at=at)"))


def _tied(rng: np.random.Generator, symbols: list[Node], numbers: tuple[float, ...], samples: int) -> dict[Node, Any]:
    return {s: rng.choice(numbers, ((samples,) if s.per_sample else ()) + s.shape) for s in symbols}


__all__ = ["check_text"]
