"""The formulas of the elementary functions and the runtime's functions and procedures, by name, as typed loops.

Each is read at its first use, once per process and type of number.
"""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from .expressions import Signature
from .procedures import read_procedure
from .program import Function, Procedure, Run
from .read import Read, read_function
from .walk import calls_of, statements_of

#: the modules of the definitions: helpers that differ between float64 and float32, shared formulas, and the runtime
_WIDTHS = tuple(
    tuple(f"formulas/{n}" for n in (w, *(f"{m}_{w}" for m in ("bessel", "gamma", "inverse", "incomplete")))) for w in ("double", "single")
)
_FORMULAS = tuple(
    f"formulas/{n}"
    for n in (
        (
            "exponential logarithm power circular error gamma gamma_steps beta inverse entropies bessel orders"
            " incomplete_gamma incomplete_beta incomplete_slopes beta_slopes"
        ).split()
    )
)
_SHARED = (*_FORMULAS, "runtime", "large_products", "matrices", "spectral", "orthogonal", "lines")
_DEFINITION = re.compile(r"^def (\w+)\(([^)]*)\)([^\n]*):\n(?:[ \t][^\n]*\n|\n)*", re.MULTILINE)
#: operations of typed loops; their definitions are only for CPython and Numba
OPERATIONS = frozenset(("bits", "from_bits", "separate_product", "powi"))
#: the distance from 1 to the next number
_EPS = (2.0**-52, 2.0**-23)


class _Text(NamedTuple):
    """A definition that has not been read."""

    source: str
    arity: int
    is_procedure: bool


@cache
def _texts(single: bool) -> Mapping[str, _Text]:
    """The definitions by name, in the order of the files."""
    found = {}
    for module in (*_WIDTHS[single], *_SHARED):
        data = pkgutil.get_data(__package__, f"{module}.py")
        assert data is not None
        for m in _DEFINITION.finditer(data.decode()):
            name, parameters, gives = m.groups()
            if name not in OPERATIONS:
                found[name] = _Text(m.group(), parameters.count(":"), "None" in gives)
    return MappingProxyType(found)


@cache
def signatures() -> Mapping[str, Signature]:
    """The functions that code may call, and the number of arguments of each."""
    return MappingProxyType({n: Signature(t.arity) for n, t in _texts(False).items() if not t.is_procedure})


def names() -> frozenset[str]:
    """All names: of functions, of procedures, and of operations of typed loops.

    >>> {"tanh", "lu_solve", "powi"} <= names()
    True
    """
    return frozenset(_texts(False)) | OPERATIONS


@cache
def _read(name: str, single: bool) -> Read:
    """A function."""
    return read_function(_node(name, single), signatures(), own=True)


def function(name: str, single: bool = False) -> Function:
    """A function of that name, for float64 or for float32.

    >>> function("square_is_large")
    function square_is_large():
        return 1e+100
    """
    return _read(name, single).function


@cache
def procedure(name: str, single: bool = False) -> Procedure:
    """A procedure of the runtime, for float64 or for float32.

    >>> procedure("clear")
    procedure clear(s: reals, offset: index, count: index):
        for neighbours e from 0 to count:
            s[offset + e] = 0.0
    """
    return read_procedure(_node(name, single), signatures(), _EPS[single])


def _node(name: str, single: bool) -> ast.FunctionDef:
    (node,) = ast.parse(_texts(single)[name].source).body
    assert isinstance(node, ast.FunctionDef)
    return node


def needed(called: Iterable[str], single: bool = False) -> tuple[list[Function], list[Procedure]]:
    """The functions and procedures of these names and all that they call, callees first; other names are left out.

    >>> [f.name for f in needed(["sinh_high", "softplus_rest", "mine"])[0]][:3]
    ['sinh_high', 'exp_low', 'sigmoid_argument']
    """
    texts = _texts(single)
    functions: dict[str, Function] = {}
    procedures: dict[str, Procedure] = {}
    pending = [n for n in dict.fromkeys(called) if n in texts][::-1]
    while pending:
        name = pending[-1]
        calls = _calls(name, single)
        missing = [n for n in calls if n not in functions and n not in procedures]
        if missing:
            pending += reversed(missing)
            continue
        pending.pop()
        if texts[name].is_procedure:
            procedures[name] = procedure(name, single)
        else:
            functions[name] = function(name, single)
    return list(functions.values()), list(procedures.values())


def _calls(name: str, single: bool) -> Sequence[str]:
    """The functions and procedures that one of them calls."""
    if not _texts(single)[name].is_procedure:
        return _read(name, single).calls
    body = procedure(name, single).body
    return [*calls_of(body), *(s.procedure for s in statements_of(body) if isinstance(s, Run))]


__all__ = ["OPERATIONS", "function", "names", "needed", "procedure", "signatures"]
