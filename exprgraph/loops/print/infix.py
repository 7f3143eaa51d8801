"""Expressions as infix text, shared by the printers of languages.

A printer lists the operators of its language with their precedence, and the spelling of numbers, names and other
expressions.  Parentheses follow from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..program import Call, Constant, Expression, Load, Name, Operation, index

#: precedence of text that never needs parentheses; of unary operators; of products; of sums
ATOM, PREFIX, TIMES, PLUS = 100, 90, 80, 70


class Sign(NamedTuple):
    """The spelling of an operation: an infix or prefix operator, or with ``ATOM`` a function.

    ``level`` is its precedence.  ``chains``: a first argument of the same level needs no parentheses, as in ``a - b - c``.
    ``mixes``: arguments of higher precedence need none either.
    """

    text: str
    level: int = ATOM
    chains: bool = True
    mixes: bool = True


class Piece(NamedTuple):
    """A piece of text and its precedence."""

    text: str
    level: int = ATOM


#: operators with the same spelling in all languages
ARITHMETIC: Mapping[str, Sign] = {
    "add": Sign("+", PLUS), "mul": Sign("*", TIMES), "div": Sign("/", TIMES), "neg": Sign("-", PREFIX),
}  # fmt: skip


class Infix:
    """Write expressions; a subclass has the table and the rules of its language."""

    signs: Mapping[str, Sign] = ARITHMETIC

    def text(self, e: Expression) -> str:
        """An expression, without parentheses."""
        return self.piece(e).text

    def piece(self, e: Expression) -> Piece:
        """An expression and its precedence."""
        done: list[Piece] = []
        pending: list[tuple[Expression, bool]] = [(e, False)]
        while pending:
            x, ready = pending.pop()
            parts = _parts(x)
            if parts and not ready:
                pending.append((x, True))
                pending += [(p, False) for p in reversed(parts)]
                continue
            own = done[len(done) - len(parts) :]
            del done[len(done) - len(parts) :]
            done.append(self._spelled(x, own))
        return done[0]

    def _spelled(self, x: Expression, parts: Sequence[Piece]) -> Piece:
        if isinstance(x, Operation):
            return self.operation(x, parts)
        if isinstance(x, Constant):
            return self.constant(x)
        if isinstance(x, Name):
            return Piece(self.name(x))
        if isinstance(x, Load):
            return Piece(f"{self.name(x.pointer)}[{parts[0].text}]")
        return Piece(f"{self.function(x)}({', '.join(p.text for p in parts)})")

    # -- for subclasses

    def sign(self, x: Operation) -> Sign:
        """The spelling of an operation."""
        return self.signs[x.op]

    def constant(self, x: Constant) -> Piece:
        """A number."""
        return Piece(x.text, PREFIX if x.text.startswith("-") else ATOM)

    def name(self, x: Name) -> str:
        """A parameter, a variable, an index."""
        return x.name

    def function(self, x: Call) -> str:
        """The name of a called function."""
        return x.function

    def operation(self, x: Operation, parts: Sequence[Piece]) -> Piece:
        """An operation with printed arguments; a subtracted term of a sum comes without its sign."""
        if x.op == "fma":
            return self._product_and_sum(x, parts)
        sign = self.sign(x)
        if sign.level == ATOM:
            return Piece(f"{sign.text}({', '.join(p.text for p in parts)})")
        if len(parts) == 1:
            space = " " * sign.text.isalpha()
            return Piece(f"{sign.text}{space}{enclosed(parts[0], sign, False)}", sign.level)
        text = enclosed(parts[0], sign, True)
        for a, p in zip(x.args[1:], parts[1:]):
            symbol = "-" if x.op == "add" and subtracted(a) is not None else sign.text
            text += f" {symbol} {enclosed(p, sign, False)}"
        return Piece(text, sign.level)

    def _product_and_sum(self, x: Operation, parts: Sequence[Piece]) -> Piece:
        """A fused product and sum as two operations, where the language has none for both."""
        plus, times = self.signs["add"], self.signs["mul"]
        product = Piece(f"{enclosed(parts[0], times, True)} {times.text} {enclosed(parts[1], times, False)}", times.level)
        return Piece(f"{enclosed(product, plus, True)} {plus.text} {enclosed(parts[2], plus, False)}", plus.level)


def enclosed(p: Piece, sign: Sign, first: bool) -> str:
    """An argument of an operation, in parentheses where needed."""
    bare = p.level == ATOM or (sign.mixes and (p.level > sign.level or (first and sign.chains and p.level == sign.level)))
    return p.text if bare else f"({p.text})"


def subtracted(x: Expression) -> Expression | None:
    """The subtracted expression of a term: of a negation, or of a negative number."""
    if isinstance(x, Operation):
        return x.args[0] if x.op == "neg" else None
    if not isinstance(x, Constant) or x.type == "truth":
        return None
    if x.type == "index":
        return index(-int(x.text)) if int(x.text) >= 2**63 else None
    below = x.text.startswith("-") and not (x.type == "bits" and int(x.text) <= -(2**31))  # without an opposite, possibly
    return Constant(x.text[1:], x.type) if below else None


def _parts(x: Expression) -> tuple[Expression, ...]:
    """The parts to print before an expression; subtracted terms without the sign."""
    if isinstance(x, Operation) and x.op == "add":
        return (x.args[0], *(subtracted(a) or a for a in x.args[1:]))
    if isinstance(x, (Operation, Call)):
        return x.args
    return (x.at,) if isinstance(x, Load) else ()


__all__ = ["ARITHMETIC", "ATOM", "PLUS", "PREFIX", "TIMES", "Infix", "Piece", "Sign", "enclosed", "subtracted"]
