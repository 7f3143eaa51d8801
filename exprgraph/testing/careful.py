"""Careful programs of floating-point arithmetic, and random ones.

A program is a Python function, recorded once as a list of operations.  NumPy's numbers and expressions run the same
list.  The careful programs are in textbooks: Kahan, Neumaier, Dekker and Knuth on exact sums, Smith on
complex division, Heron's formula as Kahan wrote it, Higham, "Accuracy and Stability of Numerical Algorithms" (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .growing import Choice

#: constants of programs, beside drawn ones
_NUMBERS = (1.0, 2.0, 3.0, 0.5, 0.1, 10.0, 7.0)


class ArithmeticStep(NamedTuple):
    """One operation: its name, the positions of its operands, and the number of a constant."""

    name: str
    operands: tuple[int, ...] = ()
    number: float = 0.0


class ArithmeticProgram(NamedTuple):
    """Operations in sequence; the last one is the result.  Positions below ``inputs`` are the arguments."""

    title: str
    inputs: int
    steps: tuple[ArithmeticStep, ...]

    def run(self, values: Sequence[Any], operations: dict[str, Callable[..., Any]]) -> Any:
        """The result for these arguments, with these operations."""
        return self.values(values, operations)[-1]

    def values(self, values: Sequence[Any], operations: dict[str, Callable[..., Any]]) -> list[Any]:
        """The arguments, and the result of each operation."""
        known = list(values)
        for step in self.steps:
            if step.name == "number":
                known.append(operations["number"](step.number))
            else:
                known.append(operations[step.name](*(known[k] for k in step.operands)))
        return known

    def text(self, names: Sequence[str]) -> str:
        """The program as Python."""
        lines, called = [], list(names)
        for k, step in enumerate(self.steps):
            given = [called[i] for i in step.operands]
            value = repr(step.number) if step.name == "number" else f" {step.name} ".join(given) if step.name in "+-*/" else ""
            lines.append(f"t{k} = {value or f'{step.name}({chr(44).join(given)})'}")
            called.append(f"t{k}")
        return "\n".join(lines)


class _Traced:
    """A value of a program that is being recorded."""

    def __init__(self, steps: list[ArithmeticStep], place: int) -> None:
        self.steps = steps
        self.place = place

    def other(self, value: _Traced | float) -> _Traced:
        return value if isinstance(value, _Traced) else self._record("number", number=float(value))

    def _record(self, name: str, *operands: _Traced, number: float = 0.0) -> _Traced:
        self.steps.append(ArithmeticStep(name, tuple(o.place for o in operands), number))
        return _Traced(self.steps, len(self.steps) - 1 + _INPUTS)

    def __add__(self, b: _Traced | float) -> _Traced:
        return self._record("+", self, self.other(b))

    def __radd__(self, b: float) -> _Traced:
        return self._record("+", self.other(b), self)

    def __sub__(self, b: _Traced | float) -> _Traced:
        return self._record("-", self, self.other(b))

    def __rsub__(self, b: float) -> _Traced:
        return self._record("-", self.other(b), self)

    def __mul__(self, b: _Traced | float) -> _Traced:
        return self._record("*", self, self.other(b))

    def __rmul__(self, b: float) -> _Traced:
        return self._record("*", self.other(b), self)

    def __truediv__(self, b: _Traced | float) -> _Traced:
        return self._record("/", self, self.other(b))

    def __rtruediv__(self, b: float) -> _Traced:
        return self._record("/", self.other(b), self)

    def __neg__(self) -> _Traced:
        return self._record("neg", self)

    def __abs__(self) -> _Traced:
        return self._record("abs", self)


#: the number of arguments of every program; some programs ignore some
_INPUTS = 4


def sqrt(x: _Traced) -> _Traced:
    """The square root, in a program."""
    return x._record("sqrt", x)


def maximum(x: _Traced, y: _Traced) -> _Traced:
    """The larger of two, in a program."""
    return x._record("maximum", x, y)


def minimum(x: _Traced, y: _Traced) -> _Traced:
    """The smaller of two, in a program."""
    return x._record("minimum", x, y)


def choose(a: _Traced, b: _Traced, yes: _Traced, no: _Traced) -> _Traced:
    """``yes`` where a < b, else ``no``, in a program; both are computed."""
    return a._record("choose", a, b, yes, no)


# ---------------------------------------------------------------- careful programs


def _two_sum(x: _Traced, y: _Traced) -> tuple[_Traced, _Traced]:
    """Knuth: the rounded sum and its error."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


def _error_of_a_sum(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return _two_sum(x, y)[1]


def _quick_two_sum(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """Dekker, for a larger first number."""
    s = x + y
    return y - (s - x)


def _kahan(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """A compensated sum of four."""
    total, c = x, x * 0.0
    for v in (y, z, w):
        corrected = v - c
        new = total + corrected
        c = (new - total) - corrected
        total = new
    return total


def _neumaier(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    total, c = x, y * 0.0
    for v in (y, z, w):
        new = total + v
        c = c + choose(abs(total), abs(v), (v - new) + total, (total - new) + v)
        total = new
    return total + c


def _cascade(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    s, e = _two_sum(x, y)
    s, f = _two_sum(s, z)
    s, g = _two_sum(s, w)
    return s + ((e + f) + g)


def _veltkamp(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """The error of a product, by splitting both factors in halves."""

    def split(a: _Traced) -> tuple[_Traced, _Traced]:
        c = 134217729.0 * a
        high = c - (c - a)
        return high, a - high

    p = x * y
    (a, b), (c, d) = split(x), split(y)
    return ((a * c - p) + a * d + b * c) + b * d


def _smith(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """The real part of (x + iy)/(z + iw)."""
    r, q = w / z, z / w
    return choose(abs(z), abs(w), (x * q + y) / (z * q + w), (x + y * r) / (z + w * r))


def _scaled_norm(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    m = maximum(maximum(abs(x), abs(y)), abs(z))
    a, b, c = x / m, y / m, z / m
    return m * sqrt(a * a + b * b + c * c)


def _scaled_ratio(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return (x / y) * (z / w)


def _divided_twice(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return x * y / z * w / z


def _heron(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """The area of a triangle, the sides sorted, as Kahan wrote it."""
    low, high = minimum(x, y), maximum(x, y)
    c = minimum(low, z)
    b = maximum(low, minimum(high, z))
    a = maximum(high, z)
    return sqrt((a + (b + c)) * (c - (a - b)) * (c + (a - b)) * (a + (b - c))) / 4.0


def _quadratic(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """The smaller root of x t^2 + y t + z, without cancellation."""
    d = sqrt(y * y - 4.0 * x * z)
    q = -0.5 * choose(y, y * 0.0, y - d, y + d)
    return z / q


def _horner(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return ((((x * w - 5.0) * w + y) * w - 10.0) * w + z) * w - 1.0


def _estrin(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    w2 = w * w
    return (x + y * w) + (z + 3.0 * w) * w2


def _one_plus_minus_one(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return (1.0 + x) - 1.0


def _rounded_away(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """To the nearest integer, by a magic number."""
    return (x + 6755399441055744.0) - 6755399441055744.0


def _difference_first(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return (x - z) + y


def _midpoint(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return x + (y - x) / 2.0


def _interpolated(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return (1.0 - w) * x + w * y


def _variance(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """Welford's update."""
    mean = x + (y - x) / 2.0
    m2 = (y - x) * (y - mean)
    delta = z - mean
    mean2 = mean + delta / 3.0
    return (m2 + delta * (z - mean2)) / 3.0


def _newton(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    """A step of a reciprocal root, and the residual that it leaves."""
    r = 1.0 / sqrt(x)
    e = 1.0 - x * r * r
    return r + r * (0.5 * e)


def _determinant(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return x * w - y * z


def _remainder(x: _Traced, y: _Traced, z: _Traced, w: _Traced) -> _Traced:
    return x - 3.0 * (x / 3.0)


CAREFUL: tuple[Callable[[_Traced, _Traced, _Traced, _Traced], _Traced], ...] = (
    _error_of_a_sum, _quick_two_sum, _kahan, _neumaier, _cascade, _veltkamp, _smith, _scaled_norm, _scaled_ratio, _divided_twice,
    _heron, _quadratic, _horner, _estrin, _one_plus_minus_one, _rounded_away, _difference_first, _midpoint, _interpolated,
    _variance, _newton, _determinant, _remainder,
)  # fmt: skip


def recorded(f: Callable[[_Traced, _Traced, _Traced, _Traced], _Traced]) -> ArithmeticProgram:
    """A function of four numbers as a program.

    The function may use ``+ - * /``, ``abs``, numbers, and :func:`sqrt`, :func:`maximum`, :func:`minimum` and :func:`choose` of this
    module.  It is called once.

    >>> from exprgraph.testing.careful import recorded, sqrt
    >>> program = recorded(lambda a, b, c, d: sqrt(a * a + b))
    >>> print(program.text(["a", "b", "c", "d"]))
    t0 = a * a
    t1 = t0 + b
    t2 = sqrt(t1)
    """
    steps: list[ArithmeticStep] = []
    result = f(*(_Traced(steps, k) for k in range(_INPUTS)))
    return ArithmeticProgram(f.__name__.strip("_").replace("_", " "), _INPUTS, tuple(steps[: result.place - _INPUTS + 1]))


def random_program(choice: Choice, most: int) -> ArithmeticProgram:
    """A program of random operations on earlier results; the last result is used with probability 1/2.

    It avoids operations that construction may change: squares of roots, and sums of two multiples of one value.

    Args:
        choice: makes the choices, for example ``AtRandom(seed)`` of :mod:`exprgraph.testing.growing`.
        most: the most operations.

    >>> from exprgraph.testing.careful import random_program
    >>> from exprgraph.testing.growing import AtRandom
    >>> random_program(AtRandom(0), 10) == random_program(AtRandom(0), 10)
    True
    """
    steps: list[ArithmeticStep] = []
    roots: set[int] = set()  # construction replaces the square of a root by its radicand
    multiple: dict[int, tuple[float, int]] = {}  # 2*x + 3*x is 5*x, which rounds once
    count = choice.whole(2, most)
    for k in range(count):
        here = _INPUTS + len(steps)

        def operand(here: int = here, k: int = k) -> int:
            return here - 1 if k and choice.whole(0, 1) else choice.whole(0, here - 1)

        name = choice.pick(("+", "-", "*", "/", "+", "-", "*", "number", "neg", "sqrt", "abs", "maximum", "minimum", "choose"))
        if name == "number":
            steps.append(ArithmeticStep("number", (), choice.pick(_NUMBERS)))
            a = operand()
            pair = (a, here) if choice.whole(0, 1) else (here, a)
            pair = pair if not _is_number(steps, a) else (0, here)
            steps.append(ArithmeticStep(choice.pick(("+", "-", "*", "/")), pair))
            if steps[-1].name in "*/":
                c, base = multiple.get(min(pair), (1.0, min(pair)))
                multiple[here + 1] = c * steps[-2].number, base
        elif name in ("neg", "abs", "sqrt"):
            a = operand()
            a = a if not _is_number(steps, a) else 0
            steps.append(ArithmeticStep(name, (a,)))
            if name == "sqrt" or a in roots:
                roots.add(here)
            if name == "neg":
                multiple[here] = multiple.get(a, (1.0, a))
        else:
            given = [operand() for _ in range(4 if name == "choose" else 2)]
            given = [g if not _is_number(steps, g) else j for j, g in enumerate(given)]
            if name in "*/" and any(g in roots for g in given):
                name = "maximum"
            if name in "+-":
                terms = [multiple.get(g, (1.0, g)) for g in given]
                if terms[0][1] == terms[1][1] and given[0] != given[1]:
                    name = "maximum"
            if name not in "+-*/" and any(g in roots for g in given):
                roots.add(here)
            steps.append(ArithmeticStep(name, tuple(given)))
    return ArithmeticProgram("random", _INPUTS, tuple(steps))


def _is_number(steps: Sequence[ArithmeticStep], place: int) -> bool:
    return place >= _INPUTS and steps[place - _INPUTS].name == "number"


__all__ = ["CAREFUL", "ArithmeticProgram", "ArithmeticStep", "random_program", "recorded"]
