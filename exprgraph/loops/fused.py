"""Products fused with the sums that take them: ``a*b + c`` with one rounding, where an expression says so.

What is fused depends on a function's code alone, not on where it is inlined, nor on what is computed beside it.  So a function has the
same bits everywhere, as a number and as the lane of a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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


def fused(function: Function, known: Mapping[str, Function]) -> Function:
    """The function with each product fused with the sum that takes it, if it may be contracted.

    A product is fused if it is written in the sum, or is a named value that nothing else reads.  The code of a function of few operations
    counts as written where it is called.  A sum is taken from left to right: a product at its beginning is fused with what comes after
    it, another one with what comes before it.

    Args:
        function: its code; Python without typed loops stays as it is.
        known: the functions that it calls.

    >>> from .read import read_template
    >>> fused(read_template("f", "{0} - {1}*{2}", 3, "", {}).value, {})
    function f(a0, a1, a2):
        return fma(-a1, a2, a0)
    """
    if not function.contract or function.source:
        return function
    code = [(s.name, _with_short_functions(s.value, known)) for s in function.body]
    result = _with_short_functions(function.result, known)
    uses = Counter(x.name for e in (*(e for _, e in code), result) for x in parts_of(e) if isinstance(x, Name))
    fuse = _Fusing()
    body: list[Let] = []
    for name, value in code:
        value = rebuilt(value, fuse)
        if uses[name] == 1 and _is_product(value):
            fuse.products[name] = value
        body.append(Let(name, value))
    result = rebuilt(result, fuse)
    return function._replace(body=tuple(s for s in body if s.name not in fuse.taken), result=result)


def fused_expression(e: Expression) -> Expression:
    """The expression with each product fused with the sum that it is written in.

    >>> from .program import operation
    >>> a, b = Name("a", "real"), Name("b", "real")
    >>> fused_expression(operation("add", operation("mul", a, a), operation("mul", b, b), real(1.0)))
    (fma(a, a, b * b)) + 1.0
    """
    return rebuilt(e, _Fusing())


def _with_short_functions(e: Expression, known: Mapping[str, Function]) -> Expression:
    """An expression with calls of short functions written out."""

    def written(x: Expression) -> Expression:
        while isinstance(x, Call) and not x.library and x.function in known and _is_short(f := known[x.function]):
            uses = Counter(part.name for part in parts_of(f.result) if isinstance(part, Name))
            if any(uses[p] > 1 and not isinstance(a, (Name, Constant)) for p, a in zip(f.parameters, x.args)):
                break  # an argument would be computed twice
            x = replaced(f.result, dict(zip(f.parameters, x.args)))
        return x

    return rebuilt(e, before=written)


def _is_short(f: Function) -> bool:
    """Whether a function is one expression of few operations, and may be contracted."""
    if f.body or f.source or not f.contract or f.name.endswith(RARELY):
        return False
    return sum(not isinstance(x, (Name, Constant)) for x in parts_of(f.result)) <= SHORT


class _Fusing:
    """A sum of reals with its products fused; other expressions stay as they are.

    Attributes:
        products: named products with one reader.
        taken: the names of those that are fused.
    """

    def __init__(self) -> None:
        self.products: dict[str, Operation] = {}
        self.taken: set[str] = set()

    def __call__(self, x: Expression) -> Expression:
        return self._sum(x.args) if isinstance(x, Operation) and x.op == "add" and x.type == "real" else x

    def _sum(self, terms: tuple[Expression, ...]) -> Expression:
        factors = self._factors(terms[0])
        so_far = terms[:1]  # the terms of a sum that is not written yet
        for term in terms[1:]:
            other = term
            if factors is None:
                factors, other = self._factors(term), _joined(so_far)
            if factors is None:
                so_far = (*so_far, term)
                continue
            self.taken.add(factors.name)
            so_far = (Operation("fma", (factors.front, factors.last, other), "real"),)
            factors = None
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


def _joined(terms: tuple[Expression, ...]) -> Expression:
    return terms[0] if len(terms) == 1 else Operation("add", terms, "real")


__all__ = ["RARELY", "SHORT", "fused", "fused_expression"]
