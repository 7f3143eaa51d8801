"""Functions of lines of elements, in their order, as procedures that generated code calls.

m lines of n elements lie side by side.  Each procedure exists twice: for the samples of a block, a lane each, and alone
(``..._one``).  The parameters are arrays, then the offset of each, then sizes; on lanes also the distance of rows of lanes and
the number of lanes.
"""

from __future__ import annotations

from typing import Any

Array = Any  # one-dimensional, of either float type


def running_sum(y: Array, b: Array, y0: int, b0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """``y[i] = y[i - 1] + b[i]``."""
    for lane in range(lanes):
        for k in range(m):
            v = b[b0 + k * stride + lane]
            y[y0 + k * stride + lane] = v
            for i in range(1, n):
                v = v + b[b0 + (i * m + k) * stride + lane]
                y[y0 + (i * m + k) * stride + lane] = v


def running_sum_one(y: Array, b: Array, y0: int, b0: int, n: int, m: int) -> None:
    """``running_sum`` of single lines."""
    for k in range(m):
        v = b[b0 + k]
        y[y0 + k] = v
        for i in range(1, n):
            v = v + b[b0 + i * m + k]
            y[y0 + i * m + k] = v


def recurrence(y: Array, a: Array, b: Array, y0: int, a0: int, b0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """``y[i] = a[i]*y[i - 1] + b[i]``."""
    for lane in range(lanes):
        for k in range(m):
            v = b[b0 + k * stride + lane]
            y[y0 + k * stride + lane] = v
            for i in range(1, n):
                v = a[a0 + (i * m + k) * stride + lane] * v + b[b0 + (i * m + k) * stride + lane]
                y[y0 + (i * m + k) * stride + lane] = v


def recurrence_one(y: Array, a: Array, b: Array, y0: int, a0: int, b0: int, n: int, m: int) -> None:
    """``recurrence`` of single lines."""
    for k in range(m):
        v = b[b0 + k]
        y[y0 + k] = v
        for i in range(1, n):
            v = a[a0 + i * m + k] * v + b[b0 + i * m + k]
            y[y0 + i * m + k] = v


def recurrence_gated(y: Array, a: Array, b: Array, y0: int, a0: int, b0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """``recurrence``, where a zero of y silences a."""
    for lane in range(lanes):
        for k in range(m):
            v = b[b0 + k * stride + lane]
            y[y0 + k * stride + lane] = v
            for i in range(1, n):
                v = (a[a0 + (i * m + k) * stride + lane] * v if v != 0.0 else 0.0) + b[b0 + (i * m + k) * stride + lane]
                y[y0 + (i * m + k) * stride + lane] = v


def recurrence_gated_one(y: Array, a: Array, b: Array, y0: int, a0: int, b0: int, n: int, m: int) -> None:
    """``recurrence_gated`` of single lines."""
    for k in range(m):
        v = b[b0 + k]
        y[y0 + k] = v
        for i in range(1, n):
            v = (a[a0 + i * m + k] * v if v != 0.0 else 0.0) + b[b0 + i * m + k]
            y[y0 + i * m + k] = v


# Batcher's merge exchange (Knuth, "The Art of Computer Programming" 3, 5.2.2, algorithm M): the compared places depend on n
# alone, so lanes need no branches.  2**t is the first power of two from n on.  Equal keys keep the order of their positions, which
# are the second half of the scratch space; NaN comes last.


def ordered(
    y: Array, s: Array, key: Array, x: Array, y0: int, s0: int, k0: int, x0: int, n: int, m: int, t: int, stride: int, lanes: int
) -> None:
    """``y``: the elements of x in the order of their keys."""
    for lane in range(lanes):
        for k in range(m):
            for i in range(n):
                s[s0 + i * stride + lane] = key[k0 + (i * m + k) * stride + lane]
                s[s0 + (n + i) * stride + lane] = i
                y[y0 + (i * m + k) * stride + lane] = x[x0 + (i * m + k) * stride + lane]
            for a in range(t):
                p = 1 << (t - 1 - a)
                for b in range(a + 1):
                    d = p if b == 0 else (1 << (t - b)) - p
                    r = 0 if b == 0 else p
                    for i in range(n - d):
                        first, second = s[s0 + i * stride + lane], s[s0 + (i + d) * stride + lane]
                        f, g = s[s0 + (n + i) * stride + lane], s[s0 + (n + i + d) * stride + lane]
                        after = (
                            first > second
                            or (first != first and second == second)
                            or ((first == second or (first != first and second != second)) and f > g)
                        )
                        swap = i & p == r and after
                        s[s0 + i * stride + lane] = second if swap else first
                        s[s0 + (i + d) * stride + lane] = first if swap else second
                        s[s0 + (n + i) * stride + lane] = g if swap else f
                        s[s0 + (n + i + d) * stride + lane] = f if swap else g
                        w, z = y[y0 + (i * m + k) * stride + lane], y[y0 + ((i + d) * m + k) * stride + lane]
                        y[y0 + (i * m + k) * stride + lane] = z if swap else w
                        y[y0 + ((i + d) * m + k) * stride + lane] = w if swap else z


def ordered_one(y: Array, s: Array, key: Array, x: Array, y0: int, s0: int, k0: int, x0: int, n: int, m: int, t: int) -> None:
    """``ordered`` of single lines."""
    for k in range(m):
        for i in range(n):
            s[s0 + i] = key[k0 + i * m + k]
            s[s0 + n + i] = i
            y[y0 + i * m + k] = x[x0 + i * m + k]
        for a in range(t):
            p = 1 << (t - 1 - a)
            for b in range(a + 1):
                d = p if b == 0 else (1 << (t - b)) - p
                r = 0 if b == 0 else p
                for i in range(n - d):
                    if i & p == r:
                        first, second = s[s0 + i], s[s0 + i + d]
                        f, g = s[s0 + n + i], s[s0 + n + i + d]
                        if (
                            first > second
                            or (first != first and second == second)
                            or ((first == second or (first != first and second != second)) and f > g)
                        ):
                            s[s0 + i] = second
                            s[s0 + i + d] = first
                            s[s0 + n + i] = g
                            s[s0 + n + i + d] = f
                            w, z = y[y0 + i * m + k], y[y0 + (i + d) * m + k]
                            y[y0 + i * m + k] = z
                            y[y0 + (i + d) * m + k] = w
