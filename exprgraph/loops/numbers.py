"""Operations on values while code is read: Python's conversions, known integers, bounded depth.

A value is an expression, or a Python int: an integer literal, which becomes a real, an index or bits by its context.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Union

from . import program
from .errors import UnreadableError
from .operations import OPERATIONS
from .program import Call, Constant, Expression, Let, Load, Name, Operation

Value = Union[Expression, int]

#: the depth of expressions; deeper ones are divided by names, since languages bound the depth
DEPTH = 48
#: the largest integer exponent that is computed by multiplications
MULTIPLIED = 16
#: integers beyond are reals, never an index or bits
_MOST = 2**63

_ARITHMETIC = {ast.Add: "add", ast.Sub: "add", ast.Mult: "mul", ast.Div: "div"}
_OF_INDICES = {ast.Mod: "mod", ast.FloorDiv: "floordiv"}
_OF_WHOLE = {
    ast.LShift: "shift_left", ast.RShift: "shift_right", ast.BitAnd: "and_bits", ast.BitOr: "or_bits", ast.BitXor: "xor_bits",
}  # fmt: skip
_OF_TRUTH = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "ne"}
_TESTS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
#: operators on known integers
_KNOWN: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.RShift: operator.rshift,
}  # fmt: skip
_KNOWN_TESTS = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
TRUE, FALSE = Constant("True", "truth"), Constant("False", "truth")


def kind(v: Value) -> str:
    """The type of a value; ``whole`` for a known integer."""
    return "whole" if isinstance(v, int) else v.type


class Numbers:
    """Values, computations with them, and names for some of them."""

    def __init__(self) -> None:
        self.body: list[Let] = []
        self.taken: set[str] = set()
        self._depths: dict[int, tuple[int, Expression]] = {}  # of expressions, which are kept with them

    # -- names and depth

    def fresh(self, wanted: str) -> str:
        """An unused name, of letters that every language allows."""
        base = wanted if wanted.isascii() else "v"
        name, k = base, 0
        while name in self.taken:
            k += 1
            name = f"{base}_{k}"
        self.taken.add(name)
        return name

    def named(self, v: Value, wanted: str = "v") -> Value:
        """A name for a value, unless the value is as short as a name."""
        if isinstance(v, (int, Name, Constant)):
            return v
        name = self.fresh(wanted)
        self.body.append(Let(name, v))
        return Name(name, v.type)

    def depth(self, e: Expression) -> int:
        """An upper bound of an expression's depth in any language."""
        if isinstance(e, (Name, Constant)):
            return 0
        known = self._depths.get(id(e))
        if known is None:  # made by other code, and shallow
            args = (e.at,) if isinstance(e, Load) else e.args
            known = self._depths[id(e)] = (len(args) + max((self.depth(a) for a in args), default=0), e)
        return known[0]

    def operation(self, op: str, *args: Expression) -> Expression:
        """An operation; arguments get names if it would be too deep."""
        return self._bounded(lambda given: program.operation(op, *given), args)

    def call(self, name: str, args: list[Expression], library: bool = False) -> Expression:
        """A call of a function of reals."""
        return self._bounded(lambda given: Call(name, tuple(given), library), args)

    def _bounded(self, made: Callable[[list[Expression]], Expression], args: list[Expression] | tuple[Expression, ...]) -> Expression:
        given = list(args)
        depth = max(map(self.depth, given), default=0) + max(len(given) - 1, 1)
        if depth > DEPTH:
            given = [self.expression(self.named(a)) if self.depth(a) > DEPTH // 2 else a for a in given]
            depth = max(map(self.depth, given)) + max(len(given) - 1, 1)
        e = made(given)
        self._depths[id(e)] = (depth, e)
        return e

    def expression(self, v: Value) -> Expression:
        """A value that is not a known integer."""
        assert not isinstance(v, int)
        return v

    # -- conversions

    def real(self, v: Value) -> Expression:
        """A value as a real: integers are converted, truth values are 1 or 0, as in Python."""
        if isinstance(v, int):
            try:
                return program.real(float(v))
            except OverflowError:
                raise UnreadableError("a whole number is greater than every float") from None
        if v.type == "real":
            return v
        if v.type == "truth":
            return self.operation("select", v, program.real(1.0), program.real(0.0))
        if v.type == "index":
            return self.operation("real_of_index", v)
        raise UnreadableError("bits are used as a number")

    def truth(self, v: Value) -> Expression:
        """A value as a condition: a number is true unless it is 0."""
        if isinstance(v, int):
            return TRUE if v else FALSE
        return v if v.type == "truth" else self.operation("ne", self.real(v), program.real(0.0))

    def index(self, v: Value) -> Expression:
        """A value as an index."""
        if isinstance(v, int):
            return program.index(v)
        if v.type != "index":
            raise UnreadableError(f"{v!r} is not an index")
        return v

    def of_one_type(self, a: Value, b: Value) -> tuple[Expression, Expression]:
        """Two values converted to one type: a known integer takes the type of the other; beside a real, both are reals."""
        if isinstance(a, int) and not isinstance(b, int) and b.type in ("bits", "index"):
            a = self._whole(a, b.type)
        if isinstance(b, int) and not isinstance(a, int) and a.type in ("bits", "index"):
            b = self._whole(b, a.type)
        if isinstance(a, int) or isinstance(b, int) or a.type != b.type:
            return self.real(a), self.real(b)
        return a, b

    def _whole(self, v: int, type_: str) -> Expression:
        if not -_MOST <= v < _MOST:
            raise UnreadableError(f"{v} has more than 64 bits")
        return program.bits(v) if type_ == "bits" else program.index(v)

    # -- operators

    def negative(self, v: Value) -> Value:
        """``-v``."""
        if isinstance(v, int):
            return -v
        if isinstance(v, Constant) and v.type == "real":
            return program.real(-float(v.text))
        return self.operation("neg", v if v.type in ("index", "bits") else self.real(v))

    def binary(self, op: ast.operator, a: Value, b: Value) -> Value:
        """An operator of Python between two values."""
        if isinstance(op, ast.Pow):
            return self._power(a, b)
        if isinstance(a, int) and isinstance(b, int):
            known = self._of_known(op, a, b)
            if known is not None:
                return known
        of_truth = _OF_TRUTH.get(type(op))
        if of_truth is not None and kind(a) == kind(b) == "truth":
            return self.operation(of_truth, self.expression(a), self.expression(b))
        x, y = self.of_one_type(a, b)
        if x.type == "truth":
            x, y = self.real(x), self.real(y)
        if x.type == "real" and type(op) in _OF_INDICES:
            return self.call("mod" if isinstance(op, ast.Mod) else "floor_divide", [x, y])
        found = _ARITHMETIC.get(type(op)) or (_OF_INDICES if x.type == "index" else _OF_WHOLE).get(type(op)) or _OF_WHOLE.get(type(op))
        if found is None or x.type not in OPERATIONS[found].takes:
            raise UnreadableError("an operator without a meaning for numbers")
        if isinstance(op, ast.Sub):
            y = self.operation("neg", y)
        if found in ("add", "mul") and isinstance(x, Operation) and x.op == found:  # from left to right, of any length
            return self.operation(found, *x.args, y) if self.depth(x) + 1 < DEPTH else self.operation(found, x, y)
        return self.operation(found, x, y)

    def _of_known(self, op: ast.operator, a: int, b: int) -> int | None:
        if isinstance(op, ast.LShift) and 0 <= b < 64:
            return a << b if abs(a << b) < _MOST else None
        known = _KNOWN.get(type(op))
        if known is None or (b == 0 and type(op) in _OF_INDICES) or (b < 0 and isinstance(op, ast.RShift)):
            return None
        value = known(a, b)
        return value if abs(value) < _MOST else None

    def _power(self, base: Value, exponent: Value) -> Value:
        """A power; a small integer exponent gives multiplications."""
        known = _power_of_known(base, exponent)
        if known is not None:
            return known
        x = self.real(base)
        if not isinstance(exponent, int) or abs(exponent) > MULTIPLIED:
            return self.call("pow", [x, self.real(exponent)])
        x = self.expression(self.named(x))
        result = x if exponent else program.real(1.0)
        for digit in f"{abs(exponent):b}"[1:]:
            result = self.expression(self.named(result))
            result = self.operation("mul", result, result)
            if digit == "1":
                result = self.operation("mul", result, x)
        return self.operation("div", program.real(1.0), result) if exponent < 0 else result

    def compared(self, op: ast.cmpop, a: Value, b: Value) -> Expression:
        """One comparison."""
        test = _TESTS.get(type(op))
        if test is None:
            raise UnreadableError("a comparison without a meaning for numbers")
        if isinstance(a, int) and isinstance(b, int):
            return TRUE if _KNOWN_TESTS[type(op)](a, b) else FALSE
        x, y = self.of_one_type(a, b)
        if x.type not in OPERATIONS[test].takes:
            x, y = self.real(x), self.real(y)
        return self.operation(test, x, y)

    def joined(self, op: str, values: list[Value]) -> Value:
        """``and`` or ``or``: a condition for conditions, the deciding number for numbers."""
        if all(kind(v) == "truth" for v in values):
            return self.operation(op, *map(self.expression, values))
        result = values[-1]
        for v in reversed(values[:-1]):
            decides = self.named(v)
            test = self.truth(decides)
            result = self.chosen(test, result, decides) if op == "and" else self.chosen(test, decides, result)
        return result

    def chosen(self, test: Value, yes: Value, no: Value) -> Value:
        """``yes if test else no``."""
        condition = self.truth(test)
        if isinstance(condition, Constant):
            return yes if condition.value else no
        if isinstance(yes, int) and isinstance(no, int):
            return yes if yes == no else self.operation("select", condition, self.real(yes), self.real(no))
        return self.operation("select", condition, *self.of_one_type(yes, no))


def _power_of_known(base: Value, exponent: Value) -> Constant | None:
    """A power of two numbers that are written down, as Python computes it; ``None`` if it is not real."""
    numbers = [v if isinstance(v, int) else v.value for v in (base, exponent) if isinstance(v, (int, Constant))]
    if len(numbers) < 2:
        return None
    try:
        power = float(numbers[0]) ** float(numbers[1])
    except (OverflowError, ZeroDivisionError):
        return None
    return program.real(power) if isinstance(power, float) else None


__all__ = ["DEPTH", "FALSE", "MULTIPLIED", "TRUE", "Numbers", "Value", "kind"]
