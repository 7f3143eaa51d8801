"""LaTeX equations of expressions and of named parts of nestings, also for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from ..tree import Nesting, named
from .escape import escape_latex
from .latex import body
from .plan import LIMIT, Plan

#: the most parts of a nesting that are printed
_MAX_EQUATIONS = 100
#: the longest LaTeX that a notebook shows
_MAX_NOTEBOOK = 10_000


def latex(node: Nesting, limit: int | None = LIMIT) -> str:
    r"""The expression as a LaTeX equation; a nesting of expressions as an equation each.

    A nesting is a dict, a list, a tuple, or an object with a form for display: a container of parameters, a derivative,
    a network of symnn.  A small array is an ``array`` of its elements, a larger one is written in matrix notation.  A
    long print names shared parts first, and is elided beyond ``limit`` operations
    (``None``: everything is printed).  Indices count from 1, as in mathematics.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> print(eg.latex(eg.tanh(x[0]) ** 2 / x[1]))
    \begin{equation}
    \frac{\tanh^{2}\left( x_{1} \right)}{x_{2}}
    \end{equation}
    """
    found = named(node)
    if [name for name, _ in found] == [""]:
        text = body(Plan(found[0][1], limit))
    else:
        shown = found if limit is None else found[:_MAX_EQUATIONS]
        lines = [_equation(name, body(Plan(part, limit))) for name, part in shown]
        left_out = len(found) - len(shown)
        if left_out:
            lines.append(rf"&\dots \quad \text{{({left_out} equation{'s' * (left_out != 1)} left out)}}")
        text = _aligned(lines) if lines else r"\emptyset"
    return "\\begin{equation}\n" + text + "\n\\end{equation}"


def _equation(name: str, text: str) -> str:
    """The definition of a named part."""
    return rf"\mathtt{{{escape_latex(name)}}} &= {text}"


def _aligned(lines: Sequence[str]) -> str:
    """Equations below one another."""
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def notebook_latex(node: Nesting) -> str | None:
    r"""LaTeX of an expression or a nesting for notebooks: an equation for each part.

    ``None``, so that a notebook shows the text, if there is none, or it is too long or elided.

    >>> import exprgraph as eg
    >>> eg.notebook_latex(eg.Symbol("x") ** 2)
    '$\\displaystyle x^{2}$'
    """
    lines: list[str] = []
    for name, part in named(node):
        plan = Plan(part, LIMIT)
        if plan.view.left_out or sum(map(len, lines)) > _MAX_NOTEBOOK:
            return None
        lines.append(_equation(name, body(plan)) if name else body(plan))
    text = lines[0] if len(lines) == 1 and name == "" else _aligned(lines)
    return rf"$\displaystyle {text}$" if lines and len(text) <= _MAX_NOTEBOOK else None


__all__ = ["latex", "notebook_latex"]
