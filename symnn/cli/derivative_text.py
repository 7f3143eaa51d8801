"""Derivatives as text: ``gradient(jacobian)``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from ..network.derivatives import Gradient, Hessian, Jacobian, Laplacian, expression_of
from ..network.symbolic import SymbolicNeuralNetwork
from .problem import InputError
from .syntax import parse_expression, shortened, written

#: the known derivatives; ``value`` is the identity
DERIVATIVES: dict[str, Callable[[Any, SymbolicNeuralNetwork], Any]] = {
    "value": lambda f, nn: f,
    "jacobian": lambda f, nn: Jacobian(f, nn).derivative,
    "gradient": lambda f, nn: Gradient(f, nn).derivative,
    "hessian": lambda f, nn: Hessian(f, nn).derivative,
    "laplacian": lambda f, nn: Laplacian(f, nn).derivative,
}
_OPTION = "--derivative"


def parse_derivative(text: str) -> tuple[str, ...]:
    """The names in a nesting in the order of application: the innermost first.

    >>> from symnn.cli.derivative_text import parse_derivative
    >>> parse_derivative("gradient(jacobian(hessian))")
    ('hessian', 'jacobian', 'gradient')

    Raises:
        InputError: the text is not such a nesting.
    """
    return _nesting(_parsed(text))


def parse_derivatives(text: str) -> list[tuple[str, ...]]:
    """The names in each nesting of a list, separated by commas.

    >>> from symnn.cli.derivative_text import parse_derivatives
    >>> parse_derivatives("value, gradient(jacobian)")
    [('value',), ('jacobian', 'gradient')]

    Raises:
        InputError: the text is no such list, or has a derivative twice.
    """
    tree = _parsed(text)
    found = [_nesting(part) for part in (tree.elts if isinstance(tree, ast.Tuple) else [tree])]
    names = [name_of(f) for f in found]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise InputError(f"{_OPTION}: {name} is there twice")
    return found


def _parsed(text: str) -> ast.expr:
    if not text.strip():
        raise InputError(f"{_OPTION}: expected a derivative, such as gradient(jacobian), got nothing")
    return parse_expression(text, _OPTION)


def _nesting(tree: ast.expr) -> tuple[str, ...]:
    names: list[str] = []
    node: ast.expr | None = tree
    while node is not None:
        head: ast.expr = node
        inner: ast.expr | None = None
        if isinstance(node, ast.Call):
            if len(node.args) != 1 or node.keywords:
                raise InputError(f"{_OPTION}: {written(node)}: expected one thing to differentiate, as in gradient(jacobian)")
            head, inner = node.func, node.args[0]
        if not isinstance(head, ast.Name):
            raise InputError(f"{_OPTION}: expected a nesting such as gradient(jacobian), got {written(node)}")
        if head.id not in DERIVATIVES:
            raise InputError(f"{_OPTION}: unknown derivative {shortened(head.id)!r}; known are {', '.join(DERIVATIVES)}, in any nesting")
        names.append(head.id)
        node = inner
    return tuple(reversed(names))


def name_of(names: Sequence[str]) -> str:
    """The nesting in its shortest form.

    >>> from symnn.cli.derivative_text import name_of
    >>> name_of(("value", "jacobian", "gradient"))
    'gradient(jacobian)'
    """
    taken = [n for n in names if n != "value"] or ["value"]
    return "(".join(reversed(taken)) + ")" * (len(taken) - 1)


def differentiate(names: Sequence[str], nn: SymbolicNeuralNetwork) -> Any:
    """The derivative of the network's output: an expression, or a container of them after a gradient."""
    f: Any = expression_of(nn)
    for name in names:
        f = DERIVATIVES[name](f, nn)
    return f
