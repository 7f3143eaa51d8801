"""Conversion from SymPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..canonical.grouping import regrouping
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..graph.leaves import Symbol, number, sample_count, zeros
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import SYMBOL
from .heads import complaint, is_sum_over_samples, number_of, rules
from .package import load, sample, samples

if TYPE_CHECKING:
    import sympy


def from_sympy(
    expression: sympy.Basic | sympy.MatrixBase | Sequence[object] | float,
    symbols: Mapping[sympy.Basic, Operand] | Iterable[Node] | None = None,
) -> Node:
    """Convert a SymPy expression.

    A symbol becomes a scalar symbol of the same name.  An element of ``IndexedBase("W", shape=(3, 2))`` or of
    ``MatrixSymbol("W", 3, 2)`` becomes an element of the array symbol of that name and shape.  A matrix, an array or a
    list is stacked.  SymPy first evaluates derivatives, integrals, sums and limits.

    All numbers are real: ``x**(1/3)`` is NaN below 0, where SymPy's value is complex, and ``re(x)`` and ``conjugate(x)``
    are x.  ``Heaviside(x)`` at 0 is 1/2, or its second argument.  ``DiracDelta`` is 0, the derivative of a jump in this
    package.  A ``Piecewise`` and its derivatives are NaN where none of its conditions holds.  SymPy evaluates numbers, to
    as many digits as the nearest float needs.

    Args:
        expression: a SymPy object, a number, or a nested list of these.
        symbols: replacements of symbols (or of ``IndexedBase``, ``MatrixSymbol``, or any other expression, such as
            ``x(t)``): a mapping to expressions, or symbols of this package, found by name.  Other symbols become
            symbols of the same name.

    Returns:
        An expression of the same shape; a scalar for a scalar.

    Raises:
        ImportError: SymPy is not installed.
        ExprGraphError: a part is complex, is a function unknown here, or cannot be evaluated.
        ShapeError: an index does not fit its symbol.

    >>> import sympy as sp
    >>> from exprgraph.interop import from_sympy
    >>> x, y = sp.symbols("x y")
    >>> from_sympy(sp.diff(sp.sin(x * y) ** 2, x))
    2*y*cos(x*y)*sin(x*y)
    >>> from_sympy(sp.Matrix([x, sp.sqrt(y)])).shape
    (2, 1)
    """
    reader = _Reader(symbols)
    if isinstance(expression, (list, tuple)):
        with regrouping():
            return reader.read(reader.array(expression))
    if isinstance(expression, str):
        raise TypeError(f"from_sympy takes expressions, got the text {expression!r}; sympy.sympify reads text")
    sp = load()
    try:
        with regrouping():  # SymPy has reordered terms and factors
            return reader.read(sp.sympify(expression))
    except sp.SympifyError:
        raise TypeError(f"from_sympy takes SymPy expressions and numbers, got {type(expression).__name__}: {expression!r}") from None


class _Reader:
    """One conversion: known symbols, and converted parts."""

    def __init__(self, symbols: Mapping[Any, Operand] | Iterable[Node] | None) -> None:
        self.sp = load()
        self.rules = rules()
        # functions with another meaning in SymPy, or without a value where SymPy has one
        self.inexact = (
            self.sp.Piecewise, self.sp.DiracDelta, self.sp.Heaviside, self.sp.re, self.sp.im, self.sp.conjugate, self.sp.MatrixExpr,
            self.sp.Derivative, self.sp.Integral, self.sp.Sum, self.sp.Product, self.sp.Limit, self.sp.Subs,
        )  # fmt: skip
        self.given: dict[Any, Node] = {}
        self.by_name: dict[str, Node] = {}
        if isinstance(symbols, Mapping):
            self.given = {self.sp.sympify(k): as_node(v) for k, v in symbols.items()}
        else:
            given = [symbols] if isinstance(symbols, Node) or not isinstance(symbols, Iterable) else symbols
            for s in given if symbols is not None else ():
                if not isinstance(s, Node) or s.op is not SYMBOL:
                    raise TypeError(f"from_sympy: symbols is a mapping, or symbols of exprgraph; got {s!r} among them")
                self.by_name[s.name] = s
        self.image: dict[Any, Node] = {}
        self.exact: set[Any] = set()  # numbers, which SymPy knows exactly: they become floats where something else uses them
        self.named: dict[str, Any] = {}  # which of SymPy's symbols has a name here

    def read(self, root: Any) -> Node:
        """The node of an expression: arguments first, each once."""
        stack = [root]
        parts: dict[Any, tuple[Any, ...]] = {}
        while stack:
            e = stack[-1]
            if e in self.image or e in self.exact:
                stack.pop()
                continue
            if e not in parts:
                parts[e] = self._parts(e)
            missing = [a for a in parts[e] if a not in self.image and a not in self.exact]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if self._is_exact(e, parts[e]):
                self.exact.add(e)
            else:
                self.image[e] = self._node(e, self._arguments(e, parts[e]))
        return self._float(root)

    def _arguments(self, e: Any, parts: Sequence[Any]) -> list[Node]:
        """The arguments of an expression; the numbers of a sum or product are combined before they become a float."""
        numbers = [a for a in parts if a in self.exact] if isinstance(e, (self.sp.Add, self.sp.Mul)) else []
        if len(numbers) < 2:
            return [self._float(a) for a in parts]
        return [number_of(e.func(*numbers)), *(self.image[a] for a in parts if a not in self.exact)]

    def _is_exact(self, e: Any, parts: Sequence[Any]) -> bool:
        """Whether an expression is a number, made of numbers by functions of SymPy's own."""
        sp = self.sp
        if e in self.given or not isinstance(e, sp.Expr) or not e.is_commutative or getattr(type(e), "row", None) is not None:
            return False
        if isinstance(e, (sp.Number, sp.NumberSymbol)):
            return e is not sp.nan and e is not sp.zoo
        if not parts or isinstance(e, (*self.inexact, sp.core.function.AppliedUndef)):
            return False
        return all(a in self.exact for a in parts)

    def _float(self, e: Any) -> Node:
        """The converted part; an exact number becomes the nearest float, evaluated by SymPy to enough digits."""
        node = self.image.get(e)
        if node is None:
            node = self.image[e] = number_of(e)
        return node

    def array(self, nested: Sequence[object]) -> Any:
        """A nested list as one of SymPy's arrays."""
        try:
            return self.sp.ImmutableDenseNDimArray(nested)
        except ValueError as e:
            raise ShapeError(f"from_sympy: a nested list must have lists of one length at each level: {e}") from e

    def _parts(self, e: Any) -> tuple[Any, ...]:
        """The parts to convert before an expression."""
        sp = self.sp
        if e in self.given or self._is_leaf(e):
            return ()
        if self._is_array(e):
            return tuple(e.flat() if isinstance(e, sp.MatrixBase) else e.reshape(len(e)) if e.shape else (e[()],))
        if isinstance(e, sp.MatrixExpr):
            return (e.as_explicit(),)
        if isinstance(e, sp.Piecewise):
            return tuple(part for pair in e.args for part in pair)
        if is_sum_over_samples(e):
            return (e.function,)
        if isinstance(e, (sp.Derivative, sp.Integral, sp.Sum, sp.Product, sp.Limit, sp.Subs)):
            return (self._carried_out(e),)
        if not isinstance(e, (sp.Expr, sp.logic.boolalg.Boolean)):
            raise complaint(e, f"a SymPy {type(e).__name__} is not an expression with a value")
        return tuple(e.args)

    def _is_leaf(self, e: Any) -> bool:
        sp = self.sp
        return isinstance(e, (sp.Symbol, sp.Indexed, sp.IndexedBase, sp.MatrixSymbol, sp.matrices.expressions.matexpr.MatrixElement))

    def _is_array(self, e: Any) -> bool:
        return isinstance(e, (self.sp.MatrixBase, self.sp.NDimArray))

    def _carried_out(self, e: Any) -> Any:
        """The value of an unevaluated derivative, integral ...; for real symbols, which SymPy's rules for ``Abs`` want."""
        sp = self.sp
        real = {s: sp.Dummy(s.name, real=True) for s in e.free_symbols if isinstance(s, sp.Symbol) and s.is_real is None}
        done = e.xreplace(real).doit()
        if done.func is e.func and done.has(e.func):
            raise complaint(e, f"SymPy cannot carry out this {type(e).__name__}")
        return done.xreplace({d: s for s, d in real.items()})

    def _node(self, e: Any, args: Sequence[Node]) -> Node:
        sp = self.sp
        if e in self.given:
            return self.given[e]
        if isinstance(e, sp.Symbol):
            return self._symbol(e)
        if isinstance(e, sp.Indexed):
            return self._element(e, e.base, e.indices)
        if isinstance(e, sp.matrices.expressions.matexpr.MatrixElement):
            return self._element(e, e.parent, e.indices)
        if isinstance(e, (sp.IndexedBase, sp.MatrixSymbol)):
            return self._array_symbol(e)
        if self._is_array(e):
            return _stacked(args, tuple(int(n) for n in e.shape))
        if not is_sum_over_samples(e) and isinstance(
            e, (sp.MatrixExpr, sp.Derivative, sp.Integral, sp.Sum, sp.Product, sp.Limit, sp.Subs)
        ):
            return args[0]
        for cls in type(e).__mro__:
            if cls in self.rules:
                node = self.rules[cls](e, args)
                if _is_nan(node) and e is not sp.nan and not any(map(_is_nan, args)):
                    raise complaint(e, "expressions here are real, and this number is not")
                return node
        raise complaint(e, f"a SymPy {type(e).__name__} has no meaning here")

    def _named(self, e: Any, name: str) -> None:
        before = self.named.setdefault(name, e)
        if before != e:
            raise complaint(
                e,
                f"two different symbols of the expression are named {name!r}; say in symbols what each of them is, as in "
                "from_sympy(e, {a: eg.Symbol('a'), b: eg.Symbol('b')})",
            )

    def _symbol(self, s: Any) -> Node:
        if s == samples():
            return sample_count()
        if s.is_extended_real is False:
            raise complaint(s, "this symbol is not real, and expressions here are")
        self._named(s, s.name)
        known = self.by_name.get(s.name)
        return known if known is not None else Symbol(s.name)

    def _array_symbol(self, base: Any) -> Node:
        """The array symbol that an IndexedBase or a MatrixSymbol stands for."""
        name = str(base.label) if isinstance(base, self.sp.IndexedBase) else base.name
        self._named(base, name)
        if base in self.given:
            return self.given[base]
        if name in self.by_name:
            return self.by_name[name]
        shape = base.shape
        if shape is None:
            raise complaint(base, f"an IndexedBase without a shape; give it one, or pass symbols=[eg.Symbol({name!r}, shape=...)]")
        per_sample = len(shape) > 0 and shape[0] == samples()
        try:
            return Symbol(name, tuple(int(n) for n in shape[per_sample:]), per_sample=bool(per_sample))
        except TypeError:
            raise complaint(base, f"its shape {tuple(shape)} is not one of numbers") from None

    def _element(self, e: Any, base: Any, indices: Sequence[Any]) -> Node:
        node = self.given[base] if base in self.given else self._array_symbol(base)
        given = list(indices)
        if node.per_sample and given and given[0] == sample():
            del given[0]
        if not all(getattr(i, "is_Integer", False) for i in given):
            raise complaint(e, "an index must be a number")
        at = [int(i) for i in given]
        if len(at) == 2 and node.ndim == 1 and at[1] == 0 and isinstance(base, self.sp.MatrixSymbol):
            del at[1]  # a column is a vector here
        if len(at) != node.ndim or not all(-n <= i < n for i, n in zip(at, node.shape)):
            raise ShapeError(f"from_sympy: {e}: the index {tuple(at)} does not fit the shape {node.shape} of {node}")
        return select(node, [i % n for i, n in zip(at, node.shape)])


def _is_nan(node: Node) -> bool:
    value = number(node)
    return value is not None and math.isnan(value)


def _stacked(parts: Sequence[Node], shape: Shape) -> Node:
    if 0 in shape:
        return zeros(shape)
    if not shape:
        return parts[0]
    for k, p in enumerate(parts):
        if p.shape:
            raise ShapeError(f"from_sympy: element {k} of an array has shape {p.shape}; elements are scalars")
    grid = np.empty(len(parts), dtype=object)
    for k, part in enumerate(parts):
        grid[k] = part
    return as_node(grid.reshape(shape).tolist())


__all__ = ["from_sympy"]
