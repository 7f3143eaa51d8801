"""Products of large matrices, in blocks that stay in the caches.

A block of each matrix is copied first: ``packed``, so that its numbers are read in order, from a few pages of memory, many times
(Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).  The order inside of a block is the printer's:
here its rows follow one another, machine code has panels as wide as its tiles.
"""

from __future__ import annotations

# ruff: noqa: E741
from typing import Any

Array = Any  # one-dimensional, of either float type


def large_product(
    c: Array, c0: int, ci: int, cg: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, bl: int, bg: int,
    s: Array, s0: int, m: int, k: int, n: int, g: int, free: int, high: int, deep: int, wide: int,
) -> None:
    """``c[i, l] = sum over q < k of a[i, q] * b[q, l]`` for i < m, l < n.

    ``a[i, q]`` lies at ``a0 + i*ai + q*ak``.  Columns are in groups of g: ``b[q, t*g + l]`` lies at ``b0 + q*bk + t*bg + l*bl``,
    where bl or bk is 1, and ``c[i, t*g + l]`` at ``c0 + i*ci + t*cg + l``.  Elements with ``i >= l + free`` may be left at 0.
    Blocks have ``high`` rows of a, ``wide`` columns of b, and ``deep`` terms of the sums; s is scratch space.
    """
    for t in range(n // g):
        for i in range(m):
            for l in range(g):
                c[c0 + t * cg + i * ci + l] = 0.0
    columns = wide - wide % g if g < wide else wide
    right = s0 + high * deep + 64
    for j in range((n + columns - 1) // columns):
        first = j * columns
        w = columns if first + columns < n else n - first
        e = g if g < w else w
        t, l = first // g, first % g
        for p in range((k + deep - 1) // deep):
            q = p * deep
            d = deep if q + deep < k else k - q
            if bl == 1:
                packed_columns(s, right, b, b0 + q * bk + t * bg + l, bk, bg, d, w, e)
            else:
                packed_turned(s, right, b, b0 + q + t * bg + l * bl, bl, bg, d, w, e)
            for r in range((m + high - 1) // high):
                i = r * high
                h = high if i + high < m else m - i
                if i < first + w + free:
                    packed_rows(s, s0, a, a0 + i * ai + q * ak, ai, ak, d, h)
                    add_panels(c, c0 + i * ci + t * cg + l, ci, cg, s, s0, right, d, h, w, e, first + free - i)


def packed_columns(s: Array, s0: int, b: Array, b0: int, bk: int, bg: int, d: int, w: int, e: int) -> None:
    """A block of d rows and w columns, in groups of e; the columns of a group are neighbours."""
    for q in range(d):
        for t in range(w // e):
            for l in range(e):
                s[s0 + q * w + t * e + l] = b[b0 + q * bk + t * bg + l]


def packed_turned(s: Array, s0: int, b: Array, b0: int, bl: int, bg: int, d: int, w: int, e: int) -> None:
    """The same, where the rows of a column are neighbours."""
    for t in range(w // e):
        for l in range(e):
            for q in range(d):
                s[s0 + q * w + t * e + l] = b[b0 + q + t * bg + l * bl]


def packed_rows(s: Array, s0: int, a: Array, a0: int, ai: int, ak: int, d: int, h: int) -> None:
    """A block of h rows and d columns."""
    for i in range(h):
        for q in range(d):
            s[s0 + i * d + q] = a[a0 + i * ai + q * ak]


def add_panels(c: Array, c0: int, ci: int, cg: int, s: Array, a0: int, b0: int, d: int, h: int, w: int, e: int, lead: int) -> None:
    """Add the product of two packed blocks to h rows and w columns of c; elements with ``i >= l + lead`` may be left as they are."""
    whole = d - d % 4
    for i in range(h):
        x = a0 + i * d
        for t in range(w // e):
            to = c0 + i * ci + t * cg
            for q in range(0, whole, 4):
                x0, x1, x2, x3 = s[x + q], s[x + q + 1], s[x + q + 2], s[x + q + 3]
                b1 = b0 + q * w + t * e
                b2 = b1 + w
                b3 = b2 + w
                b4 = b3 + w
                for l in range(e):
                    c[to + l] += x0 * s[b1 + l] + x1 * s[b2 + l] + x2 * s[b3 + l] + x3 * s[b4 + l]
            for q in range(whole, d):
                x0 = s[x + q]
                b1 = b0 + q * w + t * e
                for l in range(e):
                    c[to + l] += x0 * s[b1 + l]


def mirrored(c: Array, c0: int, ci: int, m: int) -> None:
    """Copy the elements above the diagonal of m rows below it, a square of 16 rows at a time."""
    for i0 in range(0, m, 16):
        for l0 in range(0, i0 + 1, 16):
            for i in range(i0, i0 + 16 if i0 + 16 < m else m):
                for l in range(l0, l0 + 16 if l0 + 16 < i else i):
                    c[c0 + i * ci + l] = c[c0 + l * ci + i]
