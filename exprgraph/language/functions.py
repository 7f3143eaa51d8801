"""Elementwise functions by name: users add their own, and look up any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..functions.elementwise import Function, Partial, caller
from ..functions.signatures import Interval
from ..graph.node import Node
from ..graph.primitive import TABLE


def function(
    name: str,
    *,
    numpy: Callable[..., Any],
    derivative: Partial | Sequence[Partial | None] | None,
    code: str,
    text: str | None = None,
    latex: str | None = None,
    domain: Sequence[Interval] | Interval | None = None,
    sample: Sequence[Interval] | Interval | None = None,
    source: str = "",
    doc: str = "",
) -> Callable[..., Node]:
    """Add a function to the table: one row, and the whole package knows it.

    Args:
        name: its name in text; not a name of this package.
        numpy: its value on NumPy arrays.
        derivative: a function from the argument's expression to the derivative's; for several arguments, a sequence of
            functions of all of them, or ``None`` for 0.
        code: the same value as a Python expression of ``{0}``, ``{1}``, ...; ``math``, ``np`` and the functions of generated
            code, such as ``sigmoid``, are there.  It is read now, and becomes machine code.
        text, latex: templates of ``{0}`` for printing; latex may be a command such as ``\\sinc``.
        domain: an interval (per argument) in which it is finite and smooth.
        sample: an interval (per argument) in which tests take points.
        source: Python source of helper functions that ``code`` calls.

    Returns:
        A function of expressions and numbers.

    Raises:
        TypeError, ValueError: an argument is wrong; the message names it.

    Warns:
        NotNativeWarning: only Numba can compile the code, for example because of a loop; this is slower.

    The same definition again, for example in a cell of a notebook that runs twice, is the same function.  A changed
    definition takes over the name; existing expressions keep the old function, and differ from new ones.  ``text``,
    ``latex``, ``domain`` and ``sample`` do not belong to the definition: the last ones count.

    >>> import exprgraph as eg, numpy as np
    >>> cube = eg.function("cube_doc", numpy=lambda x: x**3, derivative=lambda x: 3 * x**2, code="{0}*{0}*{0}")
    >>> x = eg.Symbol("x")
    >>> eg.diff(cube(x), x)
    3*x**2
    """
    from ..functions.added import added  # with the compiler's reader, which is loaded when code is read

    return caller(added(name, numpy, derivative, code, text, latex, domain, sample, source, doc))


def lookup(name: str) -> Callable[..., Node]:
    """The function of that name, of the package or added with :func:`function`.

    Raises:
        ValueError: there is no such function in this process.

    >>> import exprgraph as eg
    >>> eg.lookup("tanh")(eg.Symbol("x"))
    tanh(x)
    """
    row = TABLE.get(name)
    if not isinstance(row, Function):
        raise ValueError(f"there is no function named {name!r}; functions of your own are added with exprgraph.function(...)")
    return caller(row)


def function_names(arguments: int | None = None) -> list[str]:
    """The sorted names of the elementwise functions of numbers, also those added with :func:`function`.

    Comparisons are left out: their values are truth values.

    Args:
        arguments: only functions of this number of arguments.

    >>> import exprgraph as eg
    >>> names = eg.function_names(arguments=1)
    >>> "tanh" in names, "atan2" in names
    (True, False)
    """
    rows = [f for f in TABLE.values() if isinstance(f, Function) and not f.boolean and f.shown_as is None]
    return sorted(f.name for f in rows if arguments is None or f.arity == arguments)


__all__ = ["function", "function_names", "lookup"]
