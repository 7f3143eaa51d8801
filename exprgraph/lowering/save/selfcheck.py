"""The self-check of a C file: with a macro the file is a program that compares with stored values.

It needs nothing but the exported function, so that it checks object files, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...loops.print.c_file import array, number
from .check import GOLDEN, Compared
from .interface import CInterface, summed_over_samples

#: samples of the second check, more than a vector has lanes; all of them are the same
SAMPLES = 9
#: the largest relative difference that passes, in float64 and in float32
TOLERANCES = ("1e-9", "1e-3")


def main(x: CInterface, check: Sequence[Compared]) -> str:
    """The program, for the end of the file."""
    samples = 1 if x.many is None or summed_over_samples(x.function.outputs) else SAMPLES
    return "\n".join(_lines(x, check, samples))


def _lines(x: CInterface, check: Sequence[Compared], samples: int) -> Iterator[str]:
    real, prefix = x.real, f"{x.name}_"
    yield f"#ifdef {x.prefix}_MAIN"
    yield f"/* The self-check: compile with -D{x.prefix}_MAIN and run. */"
    yield "#include <math.h>"
    yield "#include <stdio.h>"
    yield ""
    for k, c in enumerate(check):
        if c.values:
            yield from array("double", f"{prefix}expected_{k}", [number(v, False) for v in c.values])
    for k, a in enumerate(x.arguments):
        yield f"static {real} {prefix}given_{k}[{max(a.size * (samples if a.per_sample else 1), 1)}];"
    for k, r in enumerate(x.results):
        yield f"static {real} {prefix}result_{k}[{max(r.size * (samples if r.per_sample else 1), 1)}];"
    yield f"static {real} {prefix}workspace[{x.prefix}_WORKSPACE];"
    helpers = [_POINTS] * any(a.size for a in x.arguments) + [_COMPARE] * any(c.values for c in check)
    yield from "".join(helpers).format(real=real, prefix=prefix, golden=repr(GOLDEN)).splitlines()
    yield from ("", "int main(void)", "{", "    double worst = 0;", "    int64_t count;")
    for table, const, what, many in (("arguments", "const ", "given", x.arguments), ("results", "", "result", x.results)):
        yield f"    {const}{real} *const {table}[] = {{{', '.join(f'{prefix}{what}_{k}' for k in range(len(many))) or '0'}}};"
    for k, (a, at) in enumerate(zip(x.arguments, x.positions)):
        if a.size:
            yield f"    {prefix}points({prefix}given_{k}, {a.size}, {at}, {samples if a.per_sample else 1});"
    yield f"    for (count = 1; count <= {samples}; count += {max(samples - 1, 1)}) {{"
    yield f"        {x.name}(arguments, results, {prefix}workspace, count);"
    for k, (r, c) in enumerate(zip(x.results, check)):
        if c.values:
            compared = f"{prefix}result_{k}, {r.size}, {prefix}expected_{k}, {len(c.values)}, {c.step}"
            yield f"        {prefix}compare({compared}, {'count' if r.per_sample else '1'}, &worst);"
    yield "    }"
    yield (
        '    printf("self-check %s, largest relative difference %.2g\\n", worst <= '
        + TOLERANCES[x.single]
        + ' ? "passed" : "failed", worst);'
    )
    yield f"    return worst <= {TOLERANCES[x.single]} ? 0 : 1;"
    yield from ("}", "#endif")


_POINTS = """
/* Numbers between 0.1 and 0.9: argument k, the same for all samples. */
static void {prefix}points({real} *to, int64_t size, int k, int64_t samples)
{{
    for (int64_t i = 0; i < size * samples; i++) {{
        double whole;
        to[i] = ({real})(0.1 + 0.8 * modf(((double)(i % size + 1) + 0.37 * k) * {golden}, &whole));
    }}
}}
"""

_COMPARE = """
/* The largest difference of every step-th number from the expected ones, in units of the largest of these. */
static void {prefix}compare(const {real} *got, int64_t size, const double *expected, int64_t entries, int64_t step,
    int64_t samples, double *worst)
{{
    double largest = 0;
    for (int64_t i = 0; i < entries; i++) {{
        if (fabs(expected[i]) > largest) {{
            largest = fabs(expected[i]);
        }}
    }}
    for (int64_t s = 0; s < samples; s++) {{
        for (int64_t i = 0; i < entries; i++) {{
            const double a = got[s * size + i * step], b = expected[i];
            if (a != b && !(isnan(a) && isnan(b))) {{
                const double error = fabs(a - b) / (largest > 0 ? largest : 1);
                *worst = error > *worst || isnan(error) ? (isnan(error) ? INFINITY : error) : *worst;
            }}
        }}
    }}
}}"""


__all__ = ["SAMPLES", "TOLERANCES", "main"]
