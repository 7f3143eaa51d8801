"""Products of matrices in C, in tiles that compilers keep in registers.

They compute what the library's procedures of these names say, with sums in another order, and fused where the machine fuses.
A tile is four rows of the result and some columns; its sums are arrays of a constant length, which both GCC and Clang keep in
vectors.  Without vectors of 256 bits there are too few registers for wide tiles, and four rows of the right side are added to a
row of the result at a time.  The lengths are those that were quickest, measured with both compilers.
"""

from __future__ import annotations

from collections.abc import Callable

from .c_dots import dots, dots_left

#: the macros of a file with such procedures: a fused product and sum, where it is as quick as a product; columns of a tile
MACROS = """#if defined({fast}) || defined(__{fast}) || defined(__FMA__) || defined(__aarch64__){also}
#define MADD(a, b, c) fma{f}(a, b, c)
#else
#define MADD(a, b, c) ((a) * (b) + (c))
#endif"""
COLUMNS = """#if defined(__AVX512F__)
#define COLUMNS {wide}
#elif defined(__AVX__) || defined(__ARM_FEATURE_SVE)
#define COLUMNS {half}
#endif"""


def macros(single: bool) -> str:
    """The definition of MADD."""
    also = " || (defined(__ARM_FEATURE_FMA) && defined(__ARM_FP))" if single else ""
    return MACROS.format(fast="FP_FAST_FMAF" if single else "FP_FAST_FMA", also=also, f="f" * single)


def columns(single: bool) -> str:
    """The definition of COLUMNS."""
    return COLUMNS.format(wide=32 if single else 16, half=16 if single else 8)


def product(prefix: str, real: str, silences: str = "") -> str:
    """The procedure ``product``, or the one where zeros of a side silence the other, with the tiles that it calls."""
    name = f"{prefix}product" + f"_{silences}" * bool(silences)
    tile = f"{name}_tile"
    rest = "" if silences else "\n#else\n" + _rows(f"{name}_rows", real)
    wide = f"#ifdef COLUMNS\n{_tile(f'{tile}_wide', 'COLUMNS', real, silences)}{rest}\n#endif"
    narrow = [_tile(f"{tile}_{n}", n, real, silences) for n in ("4", "1")]
    parts = [wide, *narrow, _product(name, tile, real, silences)]
    return "\n\n".join(parts)


def _update(silences: str, x: str, y: str, total: str) -> str:
    fused = f"{total} = MADD({x}, {y}, {total});"
    if not silences:
        return fused
    return f"{total} = {x if silences == 'left' else y} != 0 ? MADD({x}, {y}, {total}) : {total};"


def _tile(name: str, width: str, real: str, silences: str) -> str:
    """Some columns of a product."""

    def rows(height: int) -> list[str]:
        each = range(height)
        sums = " = ".join(f"t{r}[l]" for r in each)
        lines = [f"const {real} *r0 = a + i * ai{''.join(f', *r{r} = r{r - 1} + ai' for r in each[1:])};"]
        lines += [f"{real} {', '.join(f't{r}[{width}]' for r in each)};"]
        lines += [f"for (int l = 0; l < {width}; l++) {{", f"    {sums} = 0;", "}"]
        lines += ["for (uint64_t q = 0; q < k; q++) {", f"    const {real} *y = b + q * bk;"]
        lines += [f"    const {real} {', '.join(f'x{r} = r{r}[q * ak]' for r in each)};"]
        lines += [f"    for (int l = 0; l < {width}; l++) {{"]
        lines += [f"        {_update(silences, f'x{r}', 'y[l]', f't{r}[l]')}" for r in each]
        lines += ["    }", "}"]
        for r in each:  # a loop for each, so that Clang finds vectors
            lines += [f"for (int l = 0; l < {width}; l++) {{", f"    c[{f'(i + {r})' if r else 'i'} * ci + l] = t{r}[l];", "}"]
        return lines

    given = f"{real} *c, uint64_t ci, const {real} *a, uint64_t ai, uint64_t ak, const {real} *b, uint64_t bk, uint64_t m, uint64_t k"
    return "\n".join(
        [
            f"static void {name}({given})",
            "{",
            "    const uint64_t fours = m - m % 4;",
            "    for (uint64_t i = 0; i < fours; i += 4) {",
            *(f"        {line}" for line in rows(4)),
            "    }",
            "    for (uint64_t i = fours; i < m; i++) {",
            *(f"        {line}" for line in rows(1)),
            "    }",
            "}",
        ]
    )


def _rows(name: str, real: str) -> str:
    """A product of long rows: four rows of the right side at a time."""
    given = f"{real} *c, uint64_t ci, const {real} *a, uint64_t ai, uint64_t ak, const {real} *b, uint64_t bk"
    return f"""static void {name}({given}, uint64_t m, uint64_t k, uint64_t n)
{{
    const uint64_t fours = k - k % 4;
    for (uint64_t i = 0; i < m; i++) {{
        {real} *to = c + i * ci;
        const {real} *x = a + i * ai;
        for (uint64_t l = 0; l < n; l++) {{
            to[l] = 0;
        }}
        for (uint64_t q = 0; q < fours; q += 4) {{
            const {real} x0 = x[q * ak], x1 = x[(q + 1) * ak], x2 = x[(q + 2) * ak], x3 = x[(q + 3) * ak];
            const {real} *y0 = b + q * bk, *y1 = y0 + bk, *y2 = y1 + bk, *y3 = y2 + bk;
            TOGETHER
            for (uint64_t l = 0; l < n; l++) {{
                to[l] = MADD(x3, y3[l], MADD(x2, y2[l], MADD(x1, y1[l], MADD(x0, y0[l], to[l]))));
            }}
        }}
        for (uint64_t q = fours; q < k; q++) {{
            const {real} x0 = x[q * ak];
            const {real} *y0 = b + q * bk;
            TOGETHER
            for (uint64_t l = 0; l < n; l++) {{
                to[l] = MADD(x0, y0[l], to[l]);
            }}
        }}
    }}
}}"""


_GIVEN_PRODUCT = (
    "{real} *c, uint64_t c0, uint64_t ci, const {real} *a, uint64_t a0, uint64_t ai, uint64_t ak, "
    "const {real} *b, uint64_t b0, uint64_t bk, uint64_t m, uint64_t k, uint64_t n"
)


def _product(name: str, tile: str, real: str, silences: str) -> str:
    given = _GIVEN_PRODUCT.format(real=real)
    rest = "\n#else\n    const uint64_t wide = 0;"
    if not silences:
        rest += f"""
    if (n >= 16) {{
        {name}_rows(c, ci, a, ai, ak, b, bk, m, k, n);
        return;
    }}"""
    return f"""static void {name}({given})
{{
    c += c0;
    a += a0;
    b += b0;
#ifdef COLUMNS
    const uint64_t wide = n - n % COLUMNS;
    for (uint64_t l = 0; l < wide; l += COLUMNS) {{
        {tile}_wide(c + l, ci, a, ai, ak, b + l, bk, m, k);
    }}{rest}
#endif
    const uint64_t fours = n - n % 4;
    for (uint64_t l = wide; l < fours; l += 4) {{
        {tile}_4(c + l, ci, a, ai, ak, b + l, bk, m, k);
    }}
    for (uint64_t l = fours; l < n; l++) {{
        {tile}_1(c + l, ci, a, ai, ak, b + l, bk, m, k);
    }}
}}"""


#: the procedures by name; each takes the prefix of names and the type of numbers
PROCEDURES: dict[str, Callable[[str, str], str]] = {
    "product": product,
    "product_left": lambda prefix, real: product(prefix, real, "left"),
    "product_right": lambda prefix, real: product(prefix, real, "right"),
    "dots": dots,
    "dots_left": dots_left,
}

__all__ = ["PROCEDURES", "columns", "macros"]
