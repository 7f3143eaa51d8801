"""The methods of NumPy's arrays on expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from ..errors import ShapeError
from ..graph.node import Node
from . import arranging, linalg, reductions, rounding, statistics
from .numpy_arguments import astype, without_storage
from .numpy_functions import FUNCTIONS
from .numpy_refusals import REFUSALS


def _method(name: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is a function; it takes NumPy's arguments that say how the result is stored."""

    def method(self: Node, *args: Any, **kwargs: Any) -> Any:
        return f(self, *args, **without_storage(kwargs, name))

    method.__name__, method.__qualname__ = name, f"Node.{name}"
    return method


def _refused(name: str, reason: str) -> Callable[..., NoReturn]:
    def method(self: Node, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{name} of an expression is not defined: {reason}")

    method.__name__, method.__qualname__ = name, f"Node.{name}"
    return method


def _flatten(self: Node, order: str = "C") -> Node:
    """All elements along one axis, like ndarray.flatten."""
    result: Node = FUNCTIONS[np.ravel](self, order)
    return result


def _astype(self: Node, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> Node:
    """The expression for float64, and its truth values for bool; other types are refused."""
    return astype(self, dtype)


def _copy(self: Node, order: str = "C") -> Node:
    """The expression itself, which is immutable."""
    return self


def _dtype(self: Node) -> np.dtype[Any]:
    """float64: expressions are real numbers."""
    return np.dtype(np.float64)


def _imaginary(self: Node) -> Node:
    """Zeros: expressions are real numbers."""
    result: Node = FUNCTIONS[np.imag](self)
    return result


def define_methods(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Attach functions as methods, for modules above this one."""
    for name, f in functions.items():
        setattr(Node, name, _method(name, f))


def _matrix_transpose(self: Node) -> Node:
    """The last two axes exchanged, like ndarray.mT."""
    if self.ndim < 2:
        raise ShapeError(f"mT needs at least two axes, got shape {self.shape}")
    return linalg.swapaxes(self, -1, -2)


_IN_PLACE = "expressions are immutable; "


def _install() -> None:
    functions: dict[str, Callable[..., Any]] = {
        "all": reductions.all, "any": reductions.any, "max": reductions.max, "mean": reductions.mean, "min": reductions.min,
        "prod": reductions.prod, "sum": reductions.sum, "std": statistics.std, "var": statistics.var, "ptp": statistics.ptp,
        "diagonal": FUNCTIONS[np.diagonal], "dot": linalg.dot, "repeat": arranging.repeat, "round": rounding.round,
        "squeeze": linalg.squeeze, "swapaxes": linalg.swapaxes, "trace": FUNCTIONS[np.trace], "choose": rounding.choose,
        "clip": FUNCTIONS[np.clip], "compress": lambda a, condition, axis=None: arranging.compress(condition, a, axis),
        "take": FUNCTIONS[np.take],
    }  # fmt: skip
    define_methods(functions)
    for name in ("conj", "conjugate", "view"):
        setattr(Node, name, _method(name, _copy) if name != "view" else _refused(name, "there is no memory to see in another way"))
    for name in ("argmax", "argmin", "argsort", "argpartition", "nonzero", "searchsorted"):
        setattr(Node, name, _refused(name, REFUSALS[name]))
    for name in ("fill", "itemset", "put", "partition", "setfield", "sort", "resize"):
        instead = "sort(x) and partition(x, k) make new ones" if name in ("sort", "partition") else REFUSALS["put"].partition("; ")[2]
        setattr(Node, name, _refused(name, _IN_PLACE + instead))
    for name, f in (("flatten", _flatten), ("astype", _astype), ("copy", _copy)):
        f.__name__, f.__qualname__ = name, f"Node.{name}"
        setattr(Node, name, f)
    for name, read in (("dtype", _dtype), ("mT", _matrix_transpose), ("real", _copy), ("imag", _imaginary)):
        setattr(Node, name, property(read))


_install()

__all__ = ["define_methods"]
