"""Inner products of rows in C.

They compute what the library's procedures of these names say, with sums in another order: four sums of a row side by side, and
fused where the machine fuses.  GCC and Clang split an array of such sums into single numbers, and then find no vectors.  So the
four sums of ``dots`` are a vector, which both have as an extension of C; other compilers, and machines without vectors, have arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: the machines that have registers for vectors, with one of the compilers that have them in C
_VECTORS = """#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON) || defined(__aarch64__) || defined(__riscv_vector) \\
    || defined(__wasm_simd128__) || defined(__VSX__))"""
#: Sums and products of vectors have no function that fuses them: compilers are told to do it, at all levels but -O0.
_FUSED = """#if defined(__clang__)
#define FUSED
#define FUSING _Pragma("STDC FP_CONTRACT ON")
#elif defined(__GNUC__)
#define FUSED __attribute__((optimize("fp-contract=fast", "expensive-optimizations")))
#define FUSING
#else
#define FUSED
#define FUSING
#endif"""


def dots(prefix: str, real: str) -> str:
    """The procedure ``dots``."""
    four, size = f"{prefix}four", 4 if real == "float" else 8
    vector = f"typedef {real} {four} __attribute__((vector_size({4 * size}), aligned({size}), may_alias));"
    vectors = _tiles(_of_vectors(4, real, four), _of_vectors(1, real, four), "fours > 0")
    arrays = _tiles([], _of_arrays(1, real, _SUM))
    lines = ["FUSING", *_PLACES, *_exchanged(real), "const uint64_t fours = n - n % 4;"]
    lines += _columns(real, ["#ifdef VECTORS", *vectors, "#else", *arrays, "#endif"])
    declared = f"{_FUSED}\n{_VECTORS}\n#define VECTORS\n{vector}\n#endif\n"
    return declared + _procedure(f"FUSED static void {prefix}dots", real, lines)


def dots_left(prefix: str, real: str) -> str:
    """The procedure ``dots_left``: zeros of the left side silence the other."""
    update = "{t} = {x} != 0 ? MADD({x}, {y}, {t}) : {t};"
    four, one = _of_arrays(4, real, update), _of_arrays(1, real, update)
    tiles = ["#if defined(__AVX__) || defined(__aarch64__)", *_tiles(four, one), "#else", *_tiles([], one), "#endif"]
    lines = [*_PLACES, "const uint64_t fours = n - n % 4;", *_columns(real, tiles)]
    return _procedure(f"static void {prefix}dots_left", real, lines)


_SUM = "{t} = MADD({x}, {y}, {t});"
_PLACES = ["c += c0;", "a += a0;", "b += b0;"]


def _procedure(head: str, real: str, lines: Iterable[str]) -> str:
    left, right = (f"const {real} *{n}, uint64_t {n}0, uint64_t {n}{step}" for n, step in (("a", "i"), ("b", "j")))
    given = f"{real} *c, uint64_t c0, uint64_t ci, uint64_t cj, {left}, {right}, uint64_t m, uint64_t j, uint64_t n"
    return "\n".join([f"{head}({given})", "{", *_inside(lines), "}"])


def _inside(lines: Iterable[str]) -> list[str]:
    """Lines of a block; those of the preprocessor begin in the first column."""
    return [line if line.startswith("#") else f"    {line}" for line in lines]


def _exchanged(real: str) -> list[str]:
    """Both sides are of the same kind: that with four rows is in front."""
    lines = [f"const {real} *const side = a;", "const uint64_t side_ai = ai, side_ci = ci, side_m = m;", "a = b;", "b = side;"]
    lines += [line for n, o in (("ai", "bj"), ("ci", "cj"), ("m", "j")) for line in (f"{n} = {o};", f"{o} = side_{n};")]
    return ["if (m < 4 && m < j) {", *_inside(lines), "}"]


def _columns(real: str, lines: Sequence[str]) -> list[str]:
    """The loop over the rows of the right side."""
    return ["for (uint64_t q = 0; q < j; q++) {", *_inside([f"const {real} *y = b + q * bj;", *lines]), "}"]


def _tiles(four: Sequence[str], one: Sequence[str], provided: str = "") -> list[str]:
    """The loop over the rows of the left side: four at a time, if there is code for that, then one by one."""
    start = "tiles" if four else "0"
    single = [f"for (uint64_t i = {start}; i < m; i++) {{", *_inside(one), "}"]
    if not four:
        return single
    count = f"{provided} ? m - m % 4 : 0" if provided else "m - m % 4"
    return [f"const uint64_t tiles = {count};", "for (uint64_t i = 0; i < tiles; i += 4) {", *_inside(four), "}", *single]


def _rows(height: int, real: str) -> str:
    return f"const {real} *r0 = a + i * ai{''.join(f', *r{r} = r{r - 1} + ai' for r in range(1, height))};"


def _of_vectors(height: int, real: str, four: str) -> list[str]:
    """Inner products of some rows with one, four elements of each at a time."""
    each = range(height)

    def loaded(r: str) -> str:
        return f"*(const {four} *)({r} + l)"

    lines = [_rows(height, real), f"{four} t0 = {{0, 0, 0, 0}}{''.join(f', t{r} = t0' for r in each[1:])};"]
    lines += ["for (uint64_t l = 0; l < fours; l += 4) {", f"    const {four} y0 = {loaded('y')};"]
    lines += [f"    t{r} = {loaded(f'r{r}')} * y0 + t{r};" for r in each]
    return [*lines, "}", *_totals(height, real, _SUM)]


def _of_arrays(height: int, real: str, update: str) -> list[str]:
    """The same with arrays of four numbers."""
    each = range(height)
    lines = [_rows(height, real), f"{real} {', '.join(f't{r}[4]' for r in each)};"]
    lines += ["for (int v = 0; v < 4; v++) {", f"    {' = '.join(f't{r}[v]' for r in each)} = 0;", "}"]
    lines += ["for (uint64_t l = 0; l < fours; l += 4) {", "    for (int v = 0; v < 4; v++) {", f"        const {real} y0 = y[l + v];"]
    lines += [f"        {update.format(t=f't{r}[v]', x=f'r{r}[l + v]', y='y0')}" for r in each]
    return [*lines, "    }", "}", *_totals(height, real, update)]


def _totals(height: int, real: str, update: str) -> list[str]:
    """The sums of rows, with the elements that are left over, to their places."""
    each = range(height)
    lines = [f"{real} {', '.join(f'u{r} = (t{r}[0] + t{r}[2]) + (t{r}[1] + t{r}[3])' for r in each)};"]
    lines += ["for (uint64_t l = fours; l < n; l++) {"]
    lines += [*(f"    {update.format(t=f'u{r}', x=f'r{r}[l]', y='y[l]')}" for r in each), "}"]
    return [*lines, *(f"c[{f'(i + {r})' if r else 'i'} * ci + q * cj] += u{r};" for r in each)]


__all__ = ["dots", "dots_left"]
