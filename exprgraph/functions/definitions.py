"""The digest of a user's function: equal definitions are the same function.

A cell of a notebook that runs twice creates its lambdas again.  Functions count as equal if they have the same bytecode,
constants, names, defaults and captured values; the values of global names are ignored.  The digest does not depend on the
process, but may depend on the version of Python.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from ..graph.node import Node
from ..graph.primitive import Primitive

#: the most values to inspect of a definition; callables of other packages may hold arbitrarily many
_MOST = 1000


def definition_of(callables: Iterable[Any], texts: Iterable[str]) -> str:
    """The digest of a definition: Python functions and texts."""
    h = blake2b(digest_size=8)
    for text in texts:
        h.update(repr(text).encode("utf-8", "surrogatepass"))
    for f in callables:
        h.update(_described(f).encode("utf-8", "surrogatepass"))
    return h.hexdigest()


def _described(root: Any) -> str:
    """A text that is equal for equal definitions; nested and captured functions are included once each."""
    parts: list[str] = []
    pending: list[Any] = [root]
    seen: dict[int, int] = {}
    kept: list[Any] = []  # keeps the objects alive, so that no id is reused
    while pending and len(seen) < _MOST:
        value = pending.pop()
        if isinstance(value, (int, float, complex, str, bytes, type(None), type(Ellipsis))):
            parts.append(f"{type(value).__name__}:{value!r}")
            continue
        if id(value) in seen:
            parts.append(f"again:{seen[id(value)]}")
            continue
        seen[id(value)] = len(seen)
        kept.append(value)
        parts.append(_own(value))
        pending += reversed(_held(value))
    return "\n".join(parts)


def _own(value: Any) -> str:
    """The text of a value, without the values it holds."""
    kind = type(value)
    if isinstance(value, Node):
        return f"expression:{value.digest.hex()}"
    if isinstance(value, Primitive):
        return f"operation:{value.key!r}"
    if isinstance(value, types.CodeType):
        stars = value.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)  # other flags belong to the file
        return f"code:{value.co_code.hex()}:{value.co_names}:{value.co_varnames}:{value.co_freevars}:{stars}:{value.co_argcount}"
    if isinstance(value, (np.ndarray, np.generic)):
        content = repr(value) if value.dtype.hasobject else value.tobytes().hex()
        return f"{kind.__qualname__}:{value.dtype.str}:{value.shape}:{content}"
    if isinstance(value, (set, frozenset)):
        return f"{kind.__name__}:{sorted(map(repr, value))}"
    if isinstance(value, (list, tuple, dict)):
        return f"{kind.__name__}:{len(value)}"
    if isinstance(value, (types.FunctionType, types.CellType)):
        return kind.__name__
    module = getattr(value, "__module__", None) or kind.__module__
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    if not name and not _held(value):
        return f"{kind.__qualname__}:{value!r}"
    return f"{kind.__qualname__}:{module}.{name}"


def _held(value: Any) -> list[Any]:
    """The values that a value holds."""
    if isinstance(value, types.FunctionType):
        return [value.__code__, value.__defaults__, value.__kwdefaults__, *(value.__closure__ or ())]
    if isinstance(value, types.CodeType):
        return list(value.co_consts)
    if isinstance(value, types.CellType):
        try:
            return [value.cell_contents]
        except ValueError:  # a name that is assigned later, such as the function's own
            return []
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        return [part for item in value.items() for part in item]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, (Node, Primitive, np.ndarray, np.generic, np.ufunc, type, types.ModuleType, types.BuiltinFunctionType)):
        return []
    wrapped = getattr(value, "__wrapped__", None) or getattr(value, "py_func", None)  # a cache's function, Numba's
    if wrapped is not None:
        return [wrapped]
    held = getattr(value, "__dict__", None)
    return [dict(sorted(held.items()))] if isinstance(held, dict) else []


__all__ = ["definition_of"]
