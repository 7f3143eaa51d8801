"""The memory layout of CPython's objects and NumPy's arrays, and the addresses that machine code gets.

The layout is part of NumPy's stable ABI, and is checked once against real arrays before use.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .owner import keep

#: offsets in an object: of its contents, and of its type
HEAD, TYPE = object.__basicsize__, object.__basicsize__ - 8
#: offsets of the parts of an array
DATA, RANK, SHAPE, STRIDES, DTYPE, FLAGS = (HEAD + n for n in (0, 8, 16, 24, 40, 48))
#: flags of an array: contiguous and aligned; writable
IN_ORDER, WRITEABLE = 0x0001 | 0x0100, 0x0400
#: the context of loaded code: addresses of types, of singletons, of NumPy's functions
CONTEXT = ("ndarray", "descr", "empty", "scalar", "none", "float", "float64", "true", "spare")
#: the address of a large workspace that the last call has left, or null
_SPARE = ctypes.c_void_p()
#: indices of NumPy's functions in its table, stable since 1.0
_EMPTY, _RETURN = 184, 76
#: how CPython calls a built-in function: with an array of arguments and their number, or with none
FASTCALL, NOARGS = 0x0080, 0x0004


@cache
def _numpy_functions() -> tuple[int, int]:
    core = getattr(np, "_core", None) or np.core
    capsule = core._multiarray_umath._ARRAY_API
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = (ctypes.c_void_p * (_EMPTY + 1)).from_address(pointer(capsule, None))
    return int(table[_EMPTY] or 0), int(table[_RETURN] or 0)


@cache
def as_expected() -> bool:
    """Whether arrays have the expected layout."""
    if sys.implementation.name != "cpython":
        return False
    for a in (np.zeros((2, 3)), np.zeros((4, 1, 5), np.float32)[::2], np.zeros(())):

        def word(offset: int, kind: Any = ctypes.c_void_p, at: int = id(a)) -> Any:
            return kind.from_address(at + offset).value

        rank = word(RANK, ctypes.c_int)
        if word(TYPE) != id(np.ndarray) or word(DATA) != a.ctypes.data or rank != a.ndim or word(DTYPE) != id(a.dtype):
            return False
        for place, expected in ((SHAPE, a.shape), (STRIDES, a.strides)):
            if rank and tuple((ctypes.c_ssize_t * rank).from_address(word(place))) != expected:
                return False
        if ((word(FLAGS, ctypes.c_int) & IN_ORDER) == IN_ORDER) != (a.flags.c_contiguous and a.flags.aligned):
            return False
    return all(ctypes.c_double.from_address(id(x) + HEAD).value == 1.5 for x in (1.5, np.float64(1.5)))


def context(dtype: np.dtype[Any]) -> bytes:
    """The context of the code: :data:`CONTEXT`, one word each."""
    empty, scalar = _numpy_functions()
    known = (id(np.ndarray), id(np.dtype(dtype)), empty, scalar, id(None), id(float), id(np.float64), id(True), ctypes.addressof(_SPARE))
    return bytes((ctypes.c_void_p * len(CONTEXT))(*known))


class _Method(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


def callable_at(
    address: int, owner: np.ndarray, convention: int = FASTCALL, doc: bytes | None = None, me: np.ndarray | None = None
) -> Callable[..., Any]:
    """The Python function of the code at an address; its ``self`` is the owner of the code, or an array ``me`` that holds it."""
    method = _Method(b"call", address, convention, doc)
    keep(owner, method)  # CPython reads it until the function is freed
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    function: Callable[..., Any] = make(ctypes.addressof(method), owner if me is None else me, None)
    return function


__all__ = [
    "CONTEXT", "DATA", "DTYPE", "FASTCALL", "FLAGS", "HEAD", "IN_ORDER", "NOARGS", "RANK", "SHAPE", "STRIDES", "TYPE", "WRITEABLE",
    "as_expected", "callable_at", "context",
]  # fmt: skip
