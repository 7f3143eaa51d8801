"""Activations: by name, or any function of an expression."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

import exprgraph as eg
from exprgraph import Node

from .errors import ActivationError, DTypeError, ShapeError
from .quantities import described

Activation = str | Callable[[Node], Node]


def _elu(x: Node) -> Node:
    return eg.as_expression(eg.where(x > 0, x, eg.expm1(x)))


def _leaky_relu(x: Node) -> Node:
    return eg.as_expression(eg.where(x > 0, x, 0.01 * x))


def _softsign(x: Node) -> Node:
    return eg.as_expression(x / (1 + eg.abs(x)))


def _mish(x: Node) -> Node:
    return eg.as_expression(x * eg.tanh(eg.softplus(x)))


#: the names that are not rows of the engine's table of functions
_COMPOSED: dict[str, Callable[[Node], Node]] = {
    "identity": lambda x: x,
    "linear": lambda x: x,
    "swish": lambda x: eg.silu(x),
    "square": lambda x: x**2,
    "sqrt": lambda x: eg.sqrt(x),
    "elu": _elu,
    "leaky_relu": _leaky_relu,
    "softsign": _softsign,
    "mish": _mish,
    "softmax": lambda x: eg.softmax(x, axis=-1 if x.shape else None),
    "log_softmax": lambda x: eg.log_softmax(x, axis=-1 if x.shape else None),
}


def activation_names() -> list[str]:
    """All names of activations: every elementwise function of one argument, and a few more.

    ``softmax`` and ``log_softmax`` act on all outputs of a layer.  Functions added with ``exprgraph.function`` are included.

    >>> from symnn.activations import activation_names
    >>> {"tanh", "sigmoid", "gelu", "silu", "swish", "identity"} <= set(activation_names())
    True
    """
    return sorted({*eg.function_names(arguments=1), *_COMPOSED})


def check_activation(activation: Activation | None) -> Activation:
    """Check an activation; ``None`` is the identity."""
    if activation is None:
        return "identity"
    if isinstance(activation, str):
        if activation not in activation_names():
            near = get_close_matches(activation, activation_names())
            near.sort(key=lambda name: sorted(name) != sorted(activation))  # letters in another order come first
            meant = f"do you mean {near[0]!r}? Known" if near else "known"
            raise ActivationError(
                f"unknown activation {activation!r}; {meant} are {', '.join(activation_names())}, or give any function of an expression"
            )
        return activation
    if not callable(activation):
        raise ActivationError(f"an activation is a name or a function of an expression, got {described(activation)}")
    return activation


def activate(activation: Activation, x: Node) -> Node:
    """Apply an activation to an expression.

    >>> import exprgraph as eg
    >>> from symnn.activations import activate
    >>> activate("tanh", eg.Symbol("x"))
    tanh(x)

    Raises:
        ActivationError: the result has another shape than ``x``.
    """
    if isinstance(activation, str):
        return (_COMPOSED.get(activation) or eg.lookup(activation))(x)
    if getattr(activation, "__module__", "") == "math":
        math = f"math.{describe(activation)}"
        raise ActivationError(f"{math} takes numbers; an activation is a name or a function of expressions, as eg.tanh and np.tanh are")
    given = activation(x)
    try:
        y = eg.as_expression(given)
    except (DTypeError, ShapeError) as e:
        raise ActivationError(f"the activation {describe(activation)} made no expression: {e}") from None
    return with_shape_kept(activation, x, y)


def with_shape_kept(activation: object, x: Node, y: Node) -> Node:
    """Check that an activation kept the shape of ``x``."""
    if y.shape != x.shape:
        raise ActivationError(f"the activation {describe(activation)} made shape {y.shape} of shape {x.shape}; it must keep the shape")
    return y


def describe(activation: object) -> str:
    """An activation as text."""
    if isinstance(activation, str):
        return repr(activation)
    name = getattr(activation, "__name__", None) or repr(activation)
    return "lambda" if name == "<lambda>" else str(name)
