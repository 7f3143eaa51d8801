"""Text in Python's syntax as a syntax tree, which is never executed."""

from __future__ import annotations

import ast

from .problem import InputError

#: the deepest nesting of calls and arguments
_DEEPEST = 100


def parse_expression(text: str, what: str) -> ast.expr:
    """The tree of one expression.

    >>> from symnn.cli.syntax import parse_expression
    >>> parse_expression("gradient(jacobian)", "--derivative").func.id
    'gradient'
    """
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except SyntaxError as e:
        raise InputError(f"{what}: cannot read {shortened(text)!r}: {e.msg}; commas separate layers and derivatives") from None
    except (ValueError, RecursionError, MemoryError):  # a zero byte, or nested too deeply for Python
        raise InputError(f"{what}: cannot read {shortened(text)!r}: it is nested too deeply, or is not text") from None
    pending: list[tuple[ast.AST, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > _DEEPEST:
            raise InputError(f"{what}: cannot read {shortened(text)!r}: it is nested too deeply")
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > 63:
            raise InputError(f"{what}: cannot read {shortened(text)!r}: a number in it is too large")
        pending += [(inner, depth + 1) for inner in ast.iter_child_nodes(node)]
    return tree


def written(node: ast.expr) -> str:
    """The source of a part of the text, for messages; a list of layers is shown without brackets.

    >>> from symnn.cli.syntax import parse_expression, written
    >>> written(parse_expression("Dense(2,3), Dense(4,1)", "--network"))
    "'Dense(2, 3), Dense(4, 1)'"
    """
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return repr(shortened(", ".join(map(ast.unparse, parts))))


def shortened(text: str, length: int = 100) -> str:
    """A text, cut to a length for messages.

    >>> from symnn.cli.syntax import shortened
    >>> shortened("Dense(2, 16, tanh)", 8)
    'Dense(2,...'
    """
    return text if len(text) <= length else text[:length] + "..."
