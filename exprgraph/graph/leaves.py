"""Leaves: symbols, numbers, arrays of numbers, the identity, the number of samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..support.integers import normalize_shape
from .node import FrozenArray, Node, Shape, make
from .primitive import ARRAY, CONSTANT, IDENTITY, SAMPLE_COUNT, SELECT, SYMBOL
from .views import data_of


def Symbol(name: str, shape: int | Iterable[int] = (), *, per_sample: bool = False) -> Node:
    """A named variable of a fixed shape; a scalar by default.

    Equal name, shape and kind are the same symbol.  ``per_sample=True`` says that each sample of a
    batch has its own value (a network's input, a target); otherwise the value is shared by all
    samples (parameters).

    >>> import exprgraph as eg
    >>> W = eg.Symbol("W", shape=(3, 2))
    >>> W.shape, W[0, 1]
    ((3, 2), W[0, 1])
    """
    if not isinstance(name, str):
        raise TypeError(f"a symbol's name is a string, got {type(name).__name__}: {name!r}")
    if not name:
        raise ValueError("a symbol's name must not be empty")
    # a subclass of str may print, compare and hash differently
    return make(SYMBOL, (), (str.__str__(name), bool(per_sample)), normalize_shape(shape))


def bound(name: str, shape: Shape, per_sample: bool = False, depth: int = 0) -> Node:
    """A symbol of a graph inside of a node's parameters, which no symbol of a user equals, nor one of another depth."""
    return make(SYMBOL, (), (name, bool(per_sample), depth), shape)


def is_bound(symbol: Node) -> bool:
    """Whether a symbol is one of these."""
    return len(symbol.params) > 2


def symbols(names: str | Sequence[str], shape: int | Iterable[int] = (), *, per_sample: bool = False) -> tuple[Node, ...]:
    """Several symbols of one shape, from names separated by spaces or commas.

    >>> import exprgraph as eg
    >>> eg.symbols("x y")
    (x, y)
    """
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    if not names:
        raise ValueError("symbols() needs at least one name, as in symbols('x y')")
    shape = normalize_shape(shape)
    return tuple(Symbol(n, shape, per_sample=per_sample) for n in names)


def constant(value: float, shape: Shape = ()) -> Node:
    """The same number in every element."""
    return make(CONSTANT, (), (float(value),), shape)


def zeros(shape: Shape) -> Node:
    return constant(0.0, shape)


def identity(n: int) -> Node:
    """The n x n identity matrix (the Kronecker delta)."""
    return constant(1.0, (1, 1)) if n == 1 else make(IDENTITY, (), (), (n, n))


def basis(n: int, i: int) -> Node:
    """The i-th unit vector of length n: row i of the identity."""
    return constant(1.0, (1,)) if n == 1 else make(SELECT, (identity(n),), (i, None), (n,))


#: the number of samples of a call; shared by all samples
def sample_count() -> Node:
    return make(SAMPLE_COUNT, (), (), ())


def array(value: np.ndarray) -> Node:
    """An array of numbers as a node, in its simplest form: uniform, identity, unit vector or array."""
    value = np.asarray(value, dtype=np.float64)
    if value.size == 0:
        return constant(0.0, value.shape)
    first = float(value.flat[0])
    if value.ndim == 0:
        return constant(first)
    if value.size == 1 or (not math.isnan(first) and bool((value == first).all()) and not (first == 0 and np.signbit(value).any())):
        return constant(first, value.shape)
    if value.ndim == 2 and value.shape[0] == value.shape[1] and np.array_equal(value, np.eye(len(value))):
        return identity(len(value))
    if value.ndim == 1 and np.count_nonzero(value) == 1 and value.max() == 1.0 and not np.signbit(value).any():
        return basis(len(value), int(value.argmax()))
    unknown = np.isnan(value)  # which bits a NaN has depends on how NumPy computed it
    return make(ARRAY, (), (FrozenArray(np.where(unknown, np.nan, value) if unknown.any() else value),), value.shape)


def number(node: Node) -> float | None:
    """The number in every element of a uniform constant; ``None`` for other nodes."""
    return node.params[0] if node.op is CONSTANT else None


def is_zero(node: Node) -> bool:
    return node.op is CONSTANT and node.params[0] == 0.0


def is_known(node: Node) -> bool:
    """Whether the value is known without bindings; makes no array of the value's size."""
    return node.op in (CONSTANT, ARRAY, IDENTITY) or is_unit_vector(node)


def is_unit_vector(node: Node) -> bool:
    """Whether it is a row of the identity."""
    return node.op is SELECT and node.args[0].op is IDENTITY and node.params[1] is None and isinstance(node.params[0], int)


def constant_value(node: Node) -> np.ndarray | None:
    """The value of a leaf that is known without any bindings."""
    if node.op is CONSTANT:
        return np.full(node.shape, node.params[0])
    if node.op is ARRAY:
        data: np.ndarray = data_of(node)
        return data
    if node.op is IDENTITY:
        return np.eye(node.shape[0])
    if is_unit_vector(node):
        unit = np.zeros(node.shape)
        unit[node.params[0]] = 1.0
        return unit
    return None


def constant_values(nodes: Sequence[Node]) -> list[np.ndarray] | None:
    """The values of leaves if all are known; if one is not, no value is made."""
    if not all(map(is_known, nodes)):
        return None
    return [v for n in nodes if (v := constant_value(n)) is not None]
