"""Products fused with the sums that take them: ``a*b + c`` with one rounding, where an expression says so.

A function's code alone decides which products are fused, not the place where it is inlined, nor the code beside it.  So a function has
the same bits everywhere, as a number and as the lane of a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .program import Call, Constant, Expression, Function, Let, Name, Operation, real
from .substitute import rebuilt, replaced
from .verify import parts_of

if TYPE_CHECKING:
    from typing import TypeGuard

#: up to this many operations, a function costs less than its call
SHORT = 6
#: the end of the names of functions that are called only if a number, or a lane, needs them
RARELY = "_rarely"


class _Factors(NamedTuple):
    """A product that a sum takes: all but its last factor, that factor, and the product's name, if it has one."""

    front: Expression
    last: Expression
    name: str


class Short:
    """Those of some functions that are one expression of few operations, and may be contracted."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self._short: dict[str, tuple[Function, frozenset[str]] | None] = {}

    def written_out(self, call: Call) -> Expression:
        """A call, or what a short function computes for its arguments."""
        e: Expression = call
        while isinstance(e, Call) and not e.library and (found := self._of(e.function)) is not None:
            f, often = found
            if often and any(p in often and not isinstance(a, (Name, Constant)) for p, a in zip(f.parameters, e.args)):
                break  # an argument would be computed twice
            e = replaced(f.result, dict(zip(f.parameters, e.args)))
        return e

    def _of(self, name: str) -> tuple[Function, frozenset[str]] | None:
        """A short function, and the parameters that it uses more than once; ``None`` for another one."""
        if name not in self._short:
            f = self._functions.get(name)
            short = f is not None and not (f.body or f.source or name.endswith(RARELY)) and f.contract
            if f is None or not short or sum(not isinstance(x, (Name, Constant)) for x in parts_of(f.result)) > SHORT:
                self._short[name] = None
            else:
                uses = Counter([x.name for x in parts_of(f.result) if isinstance(x, Name)])
                self._short[name] = f, frozenset([n for n, k in uses.items() if k > 1])
        return self._short[name]


def fused(function: Function, short: Short) -> Function:
    """The function with each product fused with the sum that takes it, if it may be contracted.

    A product is fused if it is written in the sum, or is a named value that nothing else reads.  The code of a function of few operations
    counts as written where it is called.  A sum is taken from left to right: a product at its beginning is fused with what comes after
    it, another one with what comes before it.

    Args:
        function: its code; Python without typed loops stays as it is.
        short: the functions that it calls.

    >>> from .read import read_template
    >>> fused(read_template("f", "{0} - {1}*{2}", 3, "", {}).value, Short({}))
    function f(a0, a1, a2):
        return fma(-a1, a2, a0)
    """
    if not function.contract or function.source:
        return function
    values = [*(s.value for s in function.body), function.result]
    if any(isinstance(x, Call) for e in values for x in parts_of(e)):
        values = [rebuilt(e, before=short.written_out) for e in values]
    uses = Counter([x.name for e in values for x in parts_of(e) if isinstance(x, Name)])
    fuse = _Fusing()
    body: list[Let] = []
    for s, value in zip(function.body, values):
        value = rebuilt(value, fuse)
        if uses[s.name] == 1 and _is_product(value):
            fuse.products[s.name] = value
        body.append(Let(s.name, value))
    result = rebuilt(values[-1], fuse)
    return function._replace(body=tuple([s for s in body if s.name not in fuse.taken]), result=result)


def fused_expression(e: Expression) -> Expression:
    """The expression with each product fused with the sum that it is written in.

    >>> from .program import operation
    >>> a, b = Name("a", "real"), Name("b", "real")
    >>> fused_expression(operation("add", operation("mul", a, a), operation("mul", b, b), real(1.0)))
    (fma(a, a, b * b)) + 1.0
    """
    return rebuilt(e, _Fusing())


class _Fusing:
    """A sum of reals with its products fused; other expressions stay as they are.

    Attributes:
        products: named products with one reader.
        taken: the names of the products that are fused.
    """

    def __init__(self) -> None:
        self.products: dict[str, Operation] = {}
        self.taken: set[str] = set()

    def __call__(self, x: Operation) -> Expression:
        return self._sum(x.args) if x.op == "add" and x.type == "real" else x

    def _sum(self, terms: tuple[Expression, ...]) -> Expression:
        factors = self._factors(terms[0])
        so_far = [terms[0]]  # the terms of a sum that is not written yet
        for term in terms[1:]:
            if factors is not None:
                other = term
            elif (factors := self._factors(term)) is not None:
                other = _joined(so_far)
            else:
                so_far.append(term)
                continue
            self.taken.add(factors.name)
            so_far, factors = [Operation("fma", (factors.front, factors.last, other), "real")], None
        return _joined(so_far)

    def _factors(self, e: Expression) -> _Factors | None:
        """The factors of a term that is a product, or the negative of one."""
        minus = False
        while isinstance(e, Operation) and e.op == "neg":
            e, minus = e.args[0], not minus
        product = self._product(e)
        if product is None:
            return None
        *before, last = product.args
        front = before[0] if len(before) == 1 else product._replace(args=tuple(before))
        if minus:
            front, last = (front, _negative(last)) if isinstance(last, Constant) else (_negative(front), last)
        return _Factors(front, last, e.name if isinstance(e, Name) else "")

    def _product(self, e: Expression) -> Operation | None:
        if isinstance(e, Name):
            return self.products.get(e.name)
        return e if _is_product(e) else None


def _is_product(e: Expression) -> TypeGuard[Operation]:
    return isinstance(e, Operation) and e.op == "mul" and e.type == "real"


def _negative(e: Expression) -> Expression:
    if isinstance(e, Constant):
        return real(-e.value)
    return e.args[0] if isinstance(e, Operation) and e.op == "neg" else Operation("neg", (e,), "real")


def _joined(terms: Sequence[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Operation("add", tuple(terms), "real")


__all__ = ["RARELY", "SHORT", "Short", "fused", "fused_expression"]
