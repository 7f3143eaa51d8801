"""Leaves: symbols, numbers, arrays of numbers, the identity, the number of samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from types import BuiltinFunctionType, FunctionType

import numpy as np

from ..errors import DTypeError, ShapeError
from ..support.exact import nearest_float, nearest_floats
from ..support.integers import normalize_shape
from ..support.names import brief
from .node import FrozenArray, Node, Operand, Shape, make
from .primitive import ARRAY, CONSTANT, IDENTITY, SAMPLE_COUNT, SELECT, SYMBOL


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
    return make(ARRAY, (), (FrozenArray(value),), value.shape)


def as_node(value: Operand) -> Node:
    """The operand as an expression: expressions stay, numbers and arrays of real numbers become constants."""
    if isinstance(value, Node):
        return value
    if type(value) is float or type(value) is int:
        try:
            return constant(value)
        except OverflowError:
            raise DTypeError(f"an integer of {int(value).bit_length()} bits is too large for a float") from None
    if isinstance(value, (list, tuple)) and contains_node(value):
        from ..canonical.joining import stack  # a nested list of expressions is stacked, as NumPy would

        try:
            return stack([as_node(v) for v in value])
        except RecursionError:
            raise ShapeError("a list of expressions is nested too deeply, or holds itself") from None
    try:
        data = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"cannot make an array of {brief(value)}: {uneven(e)}") from None
    if is_masked(value):
        raise DTypeError(MASKED)
    if data.dtype == object and not isinstance(value, np.ndarray):  # an array of objects has no numbers
        data = nearest_floats(data)
    if data.dtype.kind not in "fiub":
        own = next((n for n in ("values", "derivative", "output") if isinstance(getattr(value, n, None), Node)), None)
        hint = f"; its .{own} {'are' if own == 'values' else 'is'} an expression" if own else ""
        if isinstance(value, (FunctionType, BuiltinFunctionType)):
            hint = "; call it on symbols, and give the result"
        raise DTypeError(f"expected an expression or real numbers, got {unreal(value)}{hint}")
    return array(data)


def uneven(error: ValueError) -> str:
    """The reason why NumPy made no array of a list, for messages."""
    if "inhomogeneous" in str(error):
        return "its parts have different shapes"
    return "it is nested too deeply, or holds itself" if "maximum number of dim" in str(error) else str(error)


def unreal(value: object) -> str:
    """The value that came instead of real numbers, for messages."""
    if isinstance(value, (list, tuple)):
        found = _first_unreal(value)
        return f"a {type(value).__name__}" + (f" that holds {unreal(found[0])}" if found else "")
    if isinstance(value, (np.ndarray, np.generic)):
        kind = "text" if value.dtype.kind in "SU" else "Python objects" if value.dtype.kind == "O" else f"dtype {value.dtype}"
        return f"{'an array' if value.ndim else 'a number'} of {kind}"
    if isinstance(value, (str, bytes)):
        return f"the text {brief(value)}"
    if isinstance(value, complex):
        return f"the complex number {value!r}"
    if isinstance(value, int):
        return "an integer that is too large for a float"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = "function" if callable(value) and hasattr(value, "__qualname__") else type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _first_unreal(value: Sequence[object]) -> tuple[object, ...]:
    """The first item of a nested list that is not a real number, in words; empty if there is none."""
    pending, seen = [value], {id(value)}
    while pending:
        for v in pending.pop():
            if isinstance(v, (list, tuple)):
                if id(v) not in seen:  # a list can hold itself
                    seen.add(id(v))
                    pending.append(v)
            elif np.asarray(v).dtype.kind not in "fiub" and nearest_float(v) is None:
                return (v,)
    return ()


def is_masked(value: object) -> bool:
    """Whether an array has masked elements."""
    return type(value) is not np.ndarray and isinstance(value, np.ndarray) and bool(np.ma.is_masked(value))


MASKED = "elements of the array are masked, and would be computed with; give array.filled(...), or leave them out"


def contains_node(value: object) -> bool:
    """Whether a nested list or tuple holds an expression anywhere."""
    pending, seen = [value], set()
    while pending:
        v = pending.pop()
        if isinstance(v, Node):
            return True
        if isinstance(v, (list, tuple)) and id(v) not in seen:  # a list can hold itself
            seen.add(id(v))
            pending += v
    return False


def number(node: Node) -> float | None:
    """The number in every element of a uniform constant; ``None`` for other nodes."""
    return node.params[0] if node.op is CONSTANT else None


def is_zero(node: Node) -> bool:
    return node.op is CONSTANT and node.params[0] == 0.0


def is_known(node: Node) -> bool:
    """Whether the value is known without bindings; makes no array of the value's size."""
    return node.op in (CONSTANT, ARRAY, IDENTITY) or _is_unit_vector(node)


def _is_unit_vector(node: Node) -> bool:
    return node.op is SELECT and node.args[0].op is IDENTITY and isinstance(node.params[0], int)


def constant_value(node: Node) -> np.ndarray | None:
    """The value of a leaf that is known without any bindings."""
    if node.op is CONSTANT:
        return np.full(node.shape, node.params[0])
    if node.op is ARRAY:
        data: np.ndarray = node.params[0].data
        return data
    if node.op is IDENTITY:
        return np.eye(node.shape[0])
    if _is_unit_vector(node):
        unit = np.zeros(node.shape)
        unit[node.params[0]] = 1.0
        return unit
    return None


def constant_values(nodes: Sequence[Node]) -> list[np.ndarray] | None:
    """The values of leaves if all are known; if one is not, no value is made."""
    if not all(map(is_known, nodes)):
        return None
    return [v for n in nodes if (v := constant_value(n)) is not None]
