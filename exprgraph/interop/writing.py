"""Conversion to SymPy.

An array becomes its elements: an index is pushed down to the leaves (:mod:`exprgraph.meaning.elements`), and each remaining
scalar is converted once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..canonical.arithmetic import linear, power, product
from ..canonical.operands import as_node
from ..errors import ExprGraphError, ShapeError
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..functions.rows import exp, log
from ..functions.scaled import root
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import Symbol
from ..graph.node import Node, Operand
from ..graph.traverse import topological
from ..meaning.elements import elements
from ..meaning.query import count_nodes
from .package import load, sample, samples
from .rows import LOGICAL, as_number, entries

if TYPE_CHECKING:
    import sympy

#: ``(node, args)``: a scalar from SymPy's expressions of its arguments; conditions stay conditions until a number is needed
SYMPY: Column[Callable[[Node, list[Any]], Any]] = Column(
    "sympy", "a scalar in SymPy, from its arguments there", __name__, otherwise="its elements are converted from elements of its arguments"
)
#: ``(node, index, tables)``: an element of an operation without element formulas, by its definition
SPELLED: Column[Callable[[Node, tuple[int, ...], dict[Node, Any]], Node]] = Column(
    "spelled", "an element of a node by its definition", __name__, otherwise="its elements are converted from elements of its arguments"
)
#: nested ones are written at once
_ARITHMETIC = (primitive.SUM, primitive.PRODUCT)
#: a system of n unknowns is written by Cramer's rule, whose determinants have 2**n minors
_UNKNOWNS = 8


def to_sympy(e: Operand) -> sympy.Basic:
    """Convert an expression to SymPy; an array becomes an array of SymPy expressions.

    Symbols are real: a scalar ``x`` is ``Symbol("x", real=True)``; an element of an array is an element of
    ``IndexedBase("W", shape=(3, 2), real=True)``.  A symbol with a value per sample has the number of the sample as its first
    index, and a sum over samples is a ``Sum`` over it.  A number without a fraction is an Integer, any other number a Float
    of the same 53 bits.  A comparison is 1 or 0, unless it is a condition of a case.  A user's function is an
    undefined function of the same name, which SymPy can differentiate and evaluate.

    SymPy simplifies as it builds: there, ``x/x`` is 1 and ``sqrt(x)**2`` is ``x``, also where these have no value here.

    Args:
        e: an expression, or a nested list of expressions.

    Returns:
        For a scalar a SymPy expression, else an ``ImmutableDenseNDimArray`` of the shape of e.  Its size is the size of
        all elements written out.

    Raises:
        ImportError: SymPy is not installed.
        ExprGraphError: SymPy finds that a part is not real; a linear system has more than 8 unknowns; the nesting is too deep
            (some hundreds of levels) for SymPy's recursive rules.

    >>> import exprgraph as eg
    >>> from exprgraph.interop import to_sympy
    >>> W, x = eg.Symbol("W", shape=(1, 2)), eg.Symbol("x", shape=2)
    >>> to_sympy(eg.sin(W @ x))
    [sin(W[0, 0]*x[0] + W[0, 1]*x[1])]
    """
    sp = load()
    node = as_node(e)
    scalars = elements(node)
    try:
        written = _write(list(scalars.flat))
    except RecursionError as e:
        raise ExprGraphError(
            f"to_sympy: SymPy's own rules are recursive, and an expression of {count_nodes(node)} nodes is nested too deeply for "
            "them; write its parts one by one, or raise sys.setrecursionlimit"
        ) from e
    if not node.shape:
        return written[0]
    return sp.ImmutableDenseNDimArray(written, node.shape)


def _write(roots: list[Node]) -> list[Any]:
    image: dict[Node, Any] = {}
    instead: dict[Node, Node] = {}  # elements of operations without element formulas, by definition
    tables: dict[Node, Any] = {}
    flat = _Flat(roots)
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        if node in image:
            stack.pop()
            continue
        if node not in instead:
            whole, index = (node.args[0], node.params) if node.op is primitive.SELECT else (node, ())
            spelled = SPELLED.find(whole.op)
            if spelled is not None:
                instead[node] = spelled(whole, index, tables)
        args = (instead[node],) if node in instead else flat.arguments(node)
        missing = [a for a in args if a not in image]
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        values = [image[a] for a in args]
        if node in instead:
            image[node] = values[0]
        else:
            image[node] = flat.written(node, values) if node.op in _ARITHMETIC else SYMPY[node.op](node, values)
    return [as_number(image[r]) for r in roots]


def _arguments(node: Node) -> Sequence[Node]:
    """The scalar arguments of a scalar."""
    if node.op is primitive.REDUCE_MAX or node.op is primitive.REDUCE_MIN:
        return list(elements(node.args[0]).flat)
    return () if node.op is primitive.SELECT else node.args


class _Flat:
    """Flatten nested sums and products, as SymPy does, but all at once, in time linear in the terms.

    A sum or product with several users is converted separately.
    """

    def __init__(self, roots: list[Node]) -> None:
        self.needed = Counter(roots)
        for node in topological(roots):
            self.needed.update(node.args)
        self.made: dict[Node, list[tuple[float, Node | None]]] = {}

    def arguments(self, node: Node) -> Sequence[Node]:
        return [a for _, a in self._parts(node) if a is not None] if node.op in _ARITHMETIC else _arguments(node)

    def _parts(self, node: Node) -> list[tuple[float, Node | None]]:
        """The terms or factors: a coefficient or exponent, and of what; the constants of sums have no node."""
        if node not in self.made:
            parts: list[tuple[float, Node | None]] = []
            pending: list[tuple[float, Node | None]] = [(1.0, node)]
            while pending:
                k, part = pending.pop()
                if part is not None and k == 1.0 and part.op is node.op and (part is node or self.needed[part] == 1):
                    const, numbers = part.params if node.op is primitive.SUM else (0.0, part.params)
                    inside: list[tuple[float, Node | None]] = list(zip(numbers, part.args))
                    pending += reversed([(const, None), *inside] if const else inside)
                else:
                    parts.append((k, part))
            self.made[node] = parts
        return self.made[node]

    def written(self, node: Node, args: list[Any]) -> Any:
        """The sum or product of these parts."""
        sp = load()
        values = iter(as_number(a) for a in args)
        if node.op is primitive.SUM:
            return sp.Add(*[_number(k) if part is None else sp.Mul(_number(k), next(values)) for k, part in self._parts(node)])
        return sp.Mul(*[sp.Pow(next(values), _exponent(k)) for k, _ in self._parts(node)])


# ---------------------------------------------------------------- one rule a primitive


@SYMPY.rule(Function)
def _function(node: Node, args: list[Any]) -> Any:
    """Of arguments that are conditions or numbers; it is one of them."""
    row = node.op
    assert isinstance(row, Function)
    if row.name not in LOGICAL:
        args = [as_number(a) for a in args]
    elif row.name == "where":
        args = [args[0], as_number(args[1]), as_number(args[2])]
    write = entries().get(row.name) or _applied(row)
    try:
        return write(*args)
    except (TypeError, ValueError) as e:  # a comparison of a complex number or NaN
        raise ExprGraphError(f"to_sympy: SymPy refuses {row.name} of {', '.join(map(_short, args))}: {e}") from e


@cache
def _applied(row: Function) -> type[sympy.Function]:
    """A user's row as an undefined function of SymPy, with its name, its derivatives and its values."""
    sp = load()

    def fdiff(self: Any, argindex: int = 1) -> Any:
        stand_ins = [Symbol(f"argument {k}") for k in range(row.arity)]
        partial = row.partials[argindex - 1]
        if partial is None:
            return sp.Integer(0)
        return to_sympy(partial(*stand_ins)).xreplace({to_sympy(s): a for s, a in zip(stand_ins, self.args)})

    def value(*args: Any) -> Any:
        return row.numpy(*(float(a) if isinstance(a, sp.Basic) else a for a in args))

    members = {"nargs": row.arity, "row": row, "fdiff": fdiff, "_imp_": staticmethod(value), "is_extended_real": True}
    made: type[sympy.Function] = type(sp.Function)(row.name, (sp.Function,), members)
    return made


@SYMPY.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node, args: list[Any]) -> Any:
    sp = load()
    return (sp.Max if node.op is primitive.REDUCE_MAX else sp.Min)(*map(as_number, args))


@SYMPY.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, args: list[Any]) -> Any:
    return load().Sum(as_number(args[0]), (sample(), 0, samples() - 1))


SYMPY.fill(lambda node, args: _number(node.params[0]), primitive.CONSTANT)
SYMPY.fill(lambda node, args: samples(), primitive.SAMPLE_COUNT)
SYMPY.leave_out("terms and factors of all that are nested are written at once, by _Flat", primitive.SUM, primitive.PRODUCT)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 80 else text[:77] + "..."


def _number(value: float) -> Any:
    sp = load()
    if math.isfinite(value):
        return sp.Integer(int(value)) if value == math.floor(value) else sp.Float(value)
    return sp.nan if math.isnan(value) else sp.oo if value > 0 else -sp.oo


def _exponent(value: float) -> Any:
    """Halves and similar exponents as fractions, for SymPy's rules for roots."""
    numerator, denominator = value.as_integer_ratio()
    return load().Rational(numerator, denominator) if denominator <= 64 else _number(value)


@SYMPY.rule(primitive.SYMBOL, primitive.SELECT)
def _leaf(node: Node, args: list[Any]) -> Any:
    """A scalar symbol, or one element of an array symbol."""
    sp = load()
    index: tuple[int, ...] = ()
    if node.op is primitive.SELECT:
        index, (node,) = node.params, node.args
        if node.op is not primitive.SYMBOL:
            raise AssertionError(f"an element of a {node.op.name} expression was not pushed to its leaves")
    name, per_sample = node.params
    if not node.shape and not per_sample:
        return sp.Symbol(name, real=True)
    shape = ((samples(),) if per_sample else ()) + node.shape
    return sp.IndexedBase(name, shape=shape, real=True)[((sample(),) if per_sample else ()) + index]


# ---------------------------------------------------------------- operations without element formulas


@SPELLED.rule(AxisFunction)
def _along(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    """An element of a function along axes as the formula that defines it."""
    (arg,) = node.args
    rest = iter(index)
    place = index if node.op in (SOFTMAX, LOG_SOFTMAX) else tuple(0 if k in node.params else next(rest) for k in range(arg.ndim))
    at = tuple(slice(None) if k in node.params else i for k, i in enumerate(place))
    among = [as_node(a) for a in np.ravel(np.asarray(elements(arg)[at], dtype=object))]
    if node.op is NORM:
        return root(linear([(1.0, power(a, 2.0)) for a in among]))
    total = linear([(1.0, exp(a)) for a in among])
    if node.op is LOGSUMEXP:
        return log(total)
    own_element = as_node(elements(arg)[index])
    if node.op is SOFTMAX:
        return product([(exp(own_element), 1.0), (total, -1.0)])
    return linear([(1.0, own_element), (-1.0, log(total))])


@SPELLED.rule(primitive.SOLVE)
def _cramer(system: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    """An unknown as the quotient of two determinants; both are polynomials, so no pivot is needed."""
    lead = system.args[0].ndim - 2
    stack, i, rest = index[:lead], index[lead], index[lead + 1 :]
    if system not in tables:
        a, b = system.args
        tables[system] = elements(a), elements(b)
    matrix, right = tables[system]
    rows = [list(row) for row in matrix[stack]]
    replaced = [[*row[:i], right[(*stack, k, *rest)], *row[i + 1 :]] for k, row in enumerate(rows)]
    above, below = (laplace("a linear system", m, "unknowns") for m in (replaced, rows))
    return product([(above, 1.0), (below, -1.0)])


def laplace(what: str, rows: list[list[Node]], counted: str = "rows") -> Node:
    """A determinant by Laplace's expansion; minors of the first k rows are made once for each set of columns."""
    n = len(rows)
    if n > _UNKNOWNS:
        raise ShapeError(f"to_sympy: {what} is written out up to {_UNKNOWNS} {counted}, got one of {n}")
    minors: dict[int, Node] = {0: as_node(1.0)}
    for k, row in enumerate(rows):
        larger: dict[int, list[tuple[float, Node]]] = {}
        for columns, minor in minors.items():
            for j in range(n):
                if not columns >> j & 1:
                    sign = -1.0 if (columns >> j).bit_count() % 2 else 1.0
                    larger.setdefault(columns | 1 << j, []).append((sign, product([(minor, 1.0), (row[j], 1.0)])))
        assert len(larger) == math.comb(n, k + 1)
        minors = {columns: linear(terms) for columns, terms in larger.items()}
    return minors[(1 << n) - 1]
