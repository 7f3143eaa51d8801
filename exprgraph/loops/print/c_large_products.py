"""Blocks of large products in C: panels of packed numbers, and tiles that read them.

They compute what the library's procedures of these names say.  A panel of the right side has ``PANEL`` columns, and one row of it after
another; the rest of the last panel is 0.  Blocks of the left side have one row after another.  Without vectors of 256 bits there are too
few registers for tiles, and four rows of a panel are added to a row of the result at a time.
"""

from __future__ import annotations

from collections.abc import Callable

#: the columns of a panel
PANEL = """#if defined(COLUMNS)
#define PANEL COLUMNS
#else
#define PANEL 64
#endif"""

_PLACES = """        const uint64_t n = w - l < PANEL ? w - l : PANEL;
        uint64_t at[PANEL];
        for (uint64_t v = 0; v < n; v++) {{
            at[v] = (l + v) / e * {between} + (l + v) % e{step};
        }}"""


#: four terms of a row at a time
_ROWS = """        for (uint64_t i = 0; i < rows; i++) {{
            const {real} *x = a + i * d, *y = b + l * d;
            {real} t[PANEL] = {{0}};
            uint64_t q = 0;
            for (; q + 4 <= d; q += 4) {{
                const {real} x0 = x[q], x1 = x[q + 1], x2 = x[q + 2], x3 = x[q + 3];
                const {real} *y0 = y + q * PANEL, *y1 = y0 + PANEL, *y2 = y1 + PANEL, *y3 = y2 + PANEL;
                TOGETHER
                for (uint64_t v = 0; v < PANEL; v++) {{
                    t[v] = MADD(x3, y3[v], MADD(x2, y2[v], MADD(x1, y1[v], MADD(x0, y0[v], t[v]))));
                }}
            }}
            for (; q < d; q++) {{
                TOGETHER
                for (uint64_t v = 0; v < PANEL; v++) {{
                    t[v] = MADD(x[q], y[q * PANEL + v], t[v]);
                }}
            }}
            for (uint64_t v = 0; v < n; v++) {{
                c[i * ci + at[v]] += t[v];
            }}
        }}"""


def packed_columns(prefix: str, real: str) -> str:
    """The procedure for rows of neighbours."""
    return _packed(f"{prefix}packed_columns", real, "bk", "q * bk + at[v]", "")


def packed_turned(prefix: str, real: str) -> str:
    """The procedure for columns of neighbours."""
    return _packed(f"{prefix}packed_turned", real, "bl", "q + at[v]", " * bl")


def _packed(name: str, real: str, stride: str, place: str, step: str) -> str:
    given = f"{real} *s, uint64_t s0, const {real} *b, uint64_t b0, uint64_t {stride}, uint64_t bg, uint64_t d, uint64_t w, uint64_t e"
    return f"""static void {name}({given})
{{
    s += s0;
    b += b0;
    for (uint64_t l = 0; l < w; l += PANEL) {{
{_PLACES.format(between="bg", step=step)}
        for (uint64_t q = 0; q < d; q++) {{
            {real} *to = s + l * d + q * PANEL;
            for (uint64_t v = 0; v < n; v++) {{
                to[v] = b[{place}];
            }}
            for (uint64_t v = n; v < PANEL; v++) {{
                to[v] = 0;
            }}
        }}
    }}
}}"""


def _tile(real: str, height: int) -> str:
    """Some rows of a panel of the result."""
    each = range(height)
    sums = " = ".join(f"t{r}[v]" for r in each)
    added = " ".join(f"c[(i + {r}) * ci + at[v]] += t{r}[v];" for r in each)
    fused = "\n".join(f"                        t{r}[v] = MADD(x{r}, y[v], t{r}[v]);" for r in each)
    return f"""            {{
                const {real} *r0 = a + i * d{"".join(f", *r{r} = r{r - 1} + d" for r in each[1:])};
                {real} {", ".join(f"t{r}[PANEL]" for r in each)};
                for (int v = 0; v < PANEL; v++) {{
                    {sums} = 0;
                }}
                for (uint64_t q = 0; q < d; q++) {{
                    const {real} *y = b + l * d + q * PANEL;
                    const {real} {", ".join(f"x{r} = r{r}[q]" for r in each)};
                    for (int v = 0; v < PANEL; v++) {{
{fused}
                    }}
                }}
                for (uint64_t v = 0; v < n; v++) {{
                    {added}
                }}
            }}"""


def add_panels(prefix: str, real: str) -> str:
    """The procedure that multiplies two blocks."""
    given = f"{real} *c, uint64_t c0, uint64_t ci, uint64_t cg, {real} *s, uint64_t a0, uint64_t b0"
    return f"""static void {prefix}add_panels({given}, uint64_t d, uint64_t h, uint64_t w, uint64_t e, uint64_t lead)
{{
    const {real} *a = s + a0, *b = s + b0;
    c += c0;
    for (uint64_t l = 0; l < w; l += PANEL) {{
{_PLACES.format(between="cg", step="")}
        const int64_t last = (int64_t)(l + PANEL - 1 + lead);
        const uint64_t needed = last < 0 ? 0 : (uint64_t)last, rows = needed < h ? needed : h;
#ifdef COLUMNS
        const uint64_t fours = rows - rows % 4;
        for (uint64_t i = 0; i < fours; i += 4)
{_tile(real, 4)}
        for (uint64_t i = fours; i < rows; i++)
{_tile(real, 1)}
#else
{_ROWS.format(real=real)}
#endif
    }}
}}"""


#: the procedures by name; each takes the prefix of names and the type of numbers
PROCEDURES: dict[str, Callable[[str, str], str]] = {
    "packed_columns": packed_columns,
    "packed_turned": packed_turned,
    "add_panels": add_panels,
}

__all__ = ["PANEL", "PROCEDURES"]
