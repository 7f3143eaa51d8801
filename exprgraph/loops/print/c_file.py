"""The parts of a C file beside its code: the head, names, numbers, arrays of numbers, helpers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..operations import LIBRARY


class ProgramData(NamedTuple):
    """The data of a program: constants, the table of indices, the table of steps."""

    constants: Sequence[float] = ()
    table: Sequence[int] = ()
    steps: Sequence[int] = ()


class Interface(NamedTuple):
    """The interface for callers: name, shape and a flag for per-sample of each argument, shape and flag of each result."""

    arguments: Sequence[tuple[str, tuple[int, ...], bool]]
    results: Sequence[tuple[tuple[int, ...], bool]]
    workspace: int  # numbers
    shared: int


_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return
short signed sizeof static struct switch typedef union unsigned void volatile while asm bool true false unix linux
""".split()
_RESERVED = frozenset([*_KEYWORDS, *"sqrt fabs floor ceil trunc rint copysign fma".split(), *LIBRARY])
#: the names that the exported function uses
_DRIVER = frozenset("arguments results workspace shared samples count".split())


def harmless(name: str, prefix: str, driver: bool = False) -> str:
    """A name of a parameter or variable without another meaning in C or in this file; different names stay different.

    Private declarations of a file begin with ``prefix``; ``driver``: a name in the exported function.
    """
    fine = re.fullmatch(r"[a-z][a-z0-9_]*|[A-Z][a-z0-9]*", name) and not name.endswith("_t") and not name.startswith(("v_", prefix))
    if fine and name not in _RESERVED and name.removesuffix("f") not in _RESERVED and not (driver and name in _DRIVER):
        return name
    return "v_" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def number(value: float, single: bool) -> str:
    """The exact real: in hexadecimal if decimals are not short and exact."""
    if math.isnan(value):
        return "NAN"
    with np.errstate(over="ignore"):
        value = float(np.float32(value)) if single else value
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = repr(value)
    if len(text) > 8 or "e" in text or Fraction(text) != Fraction(value):
        head, power = value.hex().split("p")
        text = f"{head.rstrip('0').rstrip('.') if '.' in head else head}p{power}"
    return text + "f" * single


def whole(value: int) -> str:
    """An unsigned integer of 64 bits as a number of that type."""
    return f"UINT64_C({value})"


def entry(value: int) -> str:
    """An unsigned integer of 64 bits in an array."""
    return str(value) if value < 2**63 else whole(value)


def array(kind: str, name: str, items: Sequence[str]) -> list[str]:
    """The definition of a constant array."""
    return [f"static const {kind} {name}[{len(items)}] = {{", *_rows(items), "};"]


def _rows(items: Sequence[str]) -> Iterator[str]:
    each = 16 if max(map(len, items)) < 8 else 4
    for k in range(0, len(items), each):
        yield f"    {', '.join(items[k : k + each])},"


def said(text: str) -> str:
    """Foreign text in a comment: it cannot end the comment, and has only plain letters."""
    plain = "".join(c if " " <= c <= "~" else f"<{ord(c):X}>" for c in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").replace("\\", "<5C>")


def about(text: str) -> list[str]:
    """A comment of one line, if there is anything to say."""
    return [f"/* {said(' '.join(text.split()))} */"] if text.strip() else []


#: operations without an operator in C, by their names after the file's prefix
HELPERS = {
    "bits_of_real": """double x)
{
    const union { double x; bits b; } same = {x};
    return same.b;
}""",
    "real_of_bits": """bits b)
{
    const union { bits b; double x; } same = {b};
    return same.x;
}""",
    "shift_right": """bits b, bits by) /* the sign moves in */
{
    return b >> LAST ? ~(~b >> by) : b >> by;
}""",
    "below": """bits a, bits b) /* of numbers with a sign */
{
    return (a ^ ((bits)1 << LAST)) < (b ^ ((bits)1 << LAST));
}""",
}
_GIVES = {"bits_of_real": "bits", "real_of_bits": "double", "shift_right": "bits", "below": "int"}


def helper(which: str, prefix: str, single: bool) -> str:
    """The definition of one of :data:`HELPERS`."""
    text = f"static inline {_GIVES[which]} {prefix}{which}({HELPERS[which]}"
    spelled = {"bits": "uint32_t", "LAST": "31", "double": "float"} if single else {"bits": "uint64_t", "LAST": "63"}
    for word, spelling in spelled.items():
        text = re.sub(rf"\b{word}\b", spelling, text)
    return text


def signature(single: bool, name: str) -> str:
    """The declaration of the exported function."""
    real = "float" if single else "double"
    given = f"const {real} *const *arguments, {real} *const *results, {real} *workspace, {real} *shared, int64_t samples"
    return f"void {name}({given})"


def _shape(shape: tuple[int, ...], differs: bool) -> str:
    each = f"shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" if shape else "a number"
    return each + (" for each sample" if differs else "")


def head(single: bool, name: str, interface: Interface) -> str:
    """The head of the file: a description, and includes."""
    real = "float" if single else "double"
    lines = [f"{signature(single, name)};", "", "Arguments, numbers in row-major order, samples one after another:", ""]
    for k, (argument, shape, differs) in enumerate(interface.arguments):
        lines.append(f"    arguments[{k}]  {said(argument)}: {_shape(shape, differs)}")
    lines += ["", "Results:", ""]
    same = [f"{_shape(shape, False)} (result {k})" for k, (shape, differs) in enumerate(interface.results) if not differs]
    lines.append(f"    results[0]  {'; '.join(same) or 'nothing: all results differ by sample'}")
    after = [(k, shape) for k, (shape, differs) in enumerate(interface.results) if differs]
    lines += [f"    results[{at}]  {_shape(shape, True)} (result {k})" for at, (k, shape) in enumerate(after, 1)]
    lines += [
        "",
        f"workspace has room for {interface.workspace} numbers, shared for {interface.shared}, for any number of samples. Arrays that are",
        "written overlap no others. Nothing is checked or allocated. Several threads may call it, each with its own memory.",
        "",
        "An example with one sample:",
        "",
        *_example(real, name, interface),
        "",
        "Compile with -std=c99 -O2 and link with -lm. Compilers must follow IEEE 754 and must not fuse products with sums: GCC needs",
        "-ffp-contract=off, except with -std=c99. With -O3 -march=native -fno-math-errno -fno-trapping-math, more loops are vectorised",
        "and results keep their bits.",
    ]
    comment = "\n".join(f" * {line}".rstrip() for line in lines)
    return f"/* Generated by exprgraph.\n *\n{comment}\n */\n{_NEEDED}"


_NEEDED = """#include <math.h>
#include <stdint.h>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "-ffast-math and its parts compute something else"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "infinities and NaN are needed: compile without -ffinite-math-only"
#endif
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "numbers are computed in a wider type: on x86, compile with -msse2 -mfpmath=sse"
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#pragma fp_contract(off)
#elif !defined(__GNUC__) || defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif"""


def _example(real: str, name: str, interface: Interface) -> Iterator[str]:
    """A call of one sample, its arrays with room for what is theirs."""
    given = [math.prod(shape) for _, shape, _ in interface.arguments]
    same = sum(math.prod(shape) for shape, differs in interface.results if not differs)
    sizes = [same, *(math.prod(shape) for shape, differs in interface.results if differs)]
    for table, const, every in (("arguments", "const ", given), ("results", "", sizes)):
        shown = every if len(every) <= 8 else [*every[:3], *every[-1:]]
        for k, n in zip([*range(len(shown) - 1), len(every) - 1], shown):
            yield f"    {real} {table[0]}{k}[{max(n, 1)}];"
        names = [f"{table[0]}{k}" for k in range(len(every))] if shown is every else [f"{table[0]}0, ..., {table[0]}{len(every) - 1}"]
        yield f"    {const}{real} *const {table}[] = {{{', '.join(names) or '0'}}};"
    yield f"    static {real} workspace[{max(interface.workspace, 1)}], shared[{max(interface.shared, 1)}];"
    yield f"    {name}(arguments, results, workspace, shared, 1);"


__all__ = ["Interface", "ProgramData", "about", "array", "entry", "harmless", "head", "helper", "number", "said", "signature", "whole"]
