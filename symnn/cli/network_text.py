"""Networks as text: ``Dense(2,16,tanh), Dense(16,1)``."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from ..errors import ExprGraphError
from ..layers.chain import Chain
from ..layers.layer import Layer, layer_kinds
from .problem import InputError
from .syntax import parse_expression, shortened, written

_FOLDER = Layer.__module__.rpartition(".")[0]
#: the layers that the text can name: all of the package
LAYERS: dict[str, type[Layer]] = {name: kind for name, kind in layer_kinds().items() if kind.__module__.startswith(_FOLDER)}
_OPTION = "--network"


def parse_network(text: str) -> Chain:
    """Parse a chain of layers.

    The layers and their arguments are those of the package, with its defaults; an activation is its
    name, with or without quotes.  The text is parsed, never run.

    >>> from symnn.cli.network_text import parse_network
    >>> parse_network("Dense(2,16,tanh), Dense(16,1,activation=identity,use_bias=False)")
    Chain(Dense(2, 16, 'tanh'), Dense(16, 1, 'identity', use_bias=False))

    Raises:
        InputError: the text is not a network; the message says why.
    """
    if not text.strip():
        raise InputError(f"{_OPTION}: expected layers, such as 'Dense(2,16,tanh), Dense(16,1)', got nothing")
    tree = parse_expression(text, _OPTION)
    parts = [_layer(part) for part in tree.elts] if isinstance(tree, ast.Tuple) else [_layer(tree)]
    if len(parts) == 1 and isinstance(parts[0], Chain):
        return parts[0]
    chain: Chain = _made(Chain, parts, {}, tree)
    return chain


def _layer(node: ast.expr) -> Any:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise InputError(f"{_OPTION}: expected a layer, such as Dense(2,16,tanh), got {written(node)}")
    cls = LAYERS.get(node.func.id)
    if cls is None:
        raise InputError(f"{_OPTION}: unknown layer {shortened(node.func.id)!r}; known are {', '.join(LAYERS)}")
    if any(keyword.arg is None for keyword in node.keywords):
        raise InputError(f"{_OPTION}: {written(node)}: arguments are written out, without **")
    positional = [_argument(a) for a in node.args]
    named = {str(keyword.arg): _argument(keyword.value) for keyword in node.keywords}
    return _made(cls, positional, named, node)


def _argument(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _layer(node)
    if isinstance(node, ast.Name):
        return node.id
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise InputError(f"{_OPTION}: expected a number, a name or a layer, got {written(node)}") from None


def _made(cls: type[Layer], positional: list[Any], named: dict[str, Any], node: ast.expr) -> Any:
    signature = inspect.signature(cls)
    try:
        given = signature.bind(*positional, **named).arguments
    except TypeError as e:
        raise InputError(f"{_OPTION}: {written(node)}: {e}; it is {cls.__name__}{_arguments(signature)}") from None
    for name, value in given.items():  # ``false`` and ``no`` parse as names, and any name would count as true
        if isinstance(signature.parameters[name].default, bool) and not isinstance(value, bool):
            raise InputError(f"{_OPTION}: {written(node)}: {name} is True or False, got {value!r}")
    try:
        return cls(*positional, **named)
    except (ExprGraphError, TypeError) as e:
        raise InputError(f"{_OPTION}: {written(node)}: {e}") from e


def _arguments(signature: inspect.Signature) -> str:
    return "(" + ", ".join(str(p.replace(annotation=inspect.Parameter.empty)) for p in signature.parameters.values()) + ")"
