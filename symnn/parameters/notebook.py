"""How notebooks show containers and derivatives: LaTeX, an equation for each leaf, with names made harmless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exprgraph.graph.leaves import as_node
from exprgraph.graph.node import Node
from exprgraph.show.latex import aligned, equation, notebook_latex

#: a notebook shows nothing longer than this; the container prints as text then
_MOST = 10_000
#: of an array of more numbers only the shape is shown
_NUMBERS = 36
_BEFORE, _AFTER = r"$\displaystyle ", "$"


def leaves_latex(leaves: Mapping[str, Any]) -> str | None:
    r"""An equation a leaf; ``None`` (a notebook shows the text then) where there is none, or they are too long.

    >>> import exprgraph as eg
    >>> from symnn.parameters.notebook import leaves_latex
    >>> print(leaves_latex({"L1.W": eg.Symbol("x") ** 2}))
    $\displaystyle \begin{aligned}
    \mathtt{L1.W} &= x^{2}
    \end{aligned}$
    """
    lines = []
    length = 0
    for name, leaf in leaves.items():
        body = _body(leaf)
        if body is None:
            return None
        lines.append(equation(name, body))
        length += len(lines[-1])
        if length > _MOST:
            return None
    return f"{_BEFORE}{aligned(lines)}{_AFTER}" if lines else None


def _body(leaf: Any) -> str | None:
    """The LaTeX of an expression or of an array of numbers, without what marks it as LaTeX."""
    if not isinstance(leaf, Node):
        if leaf.size > _NUMBERS:
            size = r" \times ".join(map(str, leaf.shape))
            return rf"\left[ \dots \right]_{{{size}}}"
        leaf = as_node(np.asarray(leaf, float))
    text = notebook_latex(leaf)
    return None if text is None else text.removeprefix(_BEFORE).removesuffix(_AFTER)


__all__ = ["leaves_latex"]
