"""Several loop programs as one file of C, for speed: with their numbers in the code, fused products, and tiles of products.

The code is C99 and C++.  It uses math.h and stdint.h only, and compiles without warnings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..near import with_near_loops
from ..operations import LIBRARY
from ..pointers import alone, stored_through
from ..program import Branch, Call, Each, Function, Loop, Loops, Name, Part, Procedure, Run, Statement, Switch
from ..reached import reached
from ..specialise import specialised
from ..unused import used
from . import c_large_products
from .c import C, data_arrays
from .c_file import ProgramData, helper
from .c_products import PROCEDURES as PRODUCTS
from .c_products import columns, macros

#: procedures that are quicker than a printed definition, by name
PROCEDURES = {**PRODUCTS, **c_large_products.PROCEDURES}
#: the most places of a function that is copied to each of them
PLACES = 40


class Driver(NamedTuple):
    """A program that becomes a function.

    Attributes:
        name: what its own names have after the file's prefix: "one".
        program: the program.
        numbers: its data.
        head: the declaration of the function.
        known: what the program's names of arguments, results, workspaces and samples are called there.
        own: declarations of variables among these.
        end: statements at the end of the function.
        libm: call C's library where it has the function, instead of the formula.
    """

    name: str
    program: Loops
    numbers: ProgramData
    head: str
    known: Mapping[str, str]
    own: Sequence[str] = ()
    end: Sequence[str] = ()
    libm: bool = False


NEEDED = """#include <math.h>
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

/* Products are fused with sums only where the code says so, and nobody reads errno or the flags of exceptions. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-math-errno", "no-trapping-math")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* Any number of rounds of the next loop may be computed at once; or it stays a loop, however few rounds it has.  Clang writes
   short loops out before it looks for vectors, and then finds none. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#define TOGETHER _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#define ROLLED _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define TOGETHER _Pragma("GCC ivdep")
#define ROLLED _Pragma("GCC unroll 1")
#else
#define TOGETHER
#define ROLLED
#endif
/* Without these attributes, GCC keeps long formulas out of loops, and both compilers keep square roots out of vectors, as these
   might set errno. */
#if defined(__GNUC__)
#define INLINED static inline __attribute__((always_inline))
#ifdef __cplusplus
extern "C" {
#endif
__attribute__((const)) double sqrt(double);
__attribute__((const)) float sqrtf(float);
#ifdef __cplusplus
}
#endif
#else
#define INLINED static inline
#endif
#if defined(__GNUC__) || defined(_MSC_VER)
#define RESTRICT __restrict
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L
#define RESTRICT restrict
#else
#define RESTRICT
#endif"""


def print_unit(drivers: Sequence[Driver], prefix: str, single: bool) -> str:
    """The code of programs that share formulas and procedures of the library; names begin with ``prefix``.

    Raises:
        UnreadableError: a function is Python that only Numba compiles.
        LoopError: a program is invalid.
    """
    language = C(single, prefix, fast=True)
    functions: dict[str, str] = {}
    procedures: dict[str, str] = {}
    data: dict[str, None] = {}
    code: list[str] = []
    for d in drivers:
        program = _prepared(d)
        needed, called = reached(program)
        stored, sole = stored_through(called), alone(program, called)
        functions |= {f.name: language.function_text(f) for f in needed if f.name not in functions}
        own = {p.name for p in program.kernels}
        for p in called:
            if p.name in PROCEDURES:
                procedures.setdefault(p.name, PROCEDURES[p.name](prefix, language.real))
            elif p.name in own:
                code.append(language.procedure_text(p, stored[p.name], sole[p.name]))
            else:  # one text for all drivers: without promises of this one's calls
                procedures.setdefault(p.name, language.procedure_text(p, stored[p.name], frozenset()))
        arrays = {
            n: f"{prefix}{d.name}_{what}" if len(there) else "0"
            for n, what, there in zip(("c", "T", "STEPS"), ("constants", "table", "steps"), d.numbers)
        }
        code.append(language.driver_text(program, d.head, d.known, arrays, d.own, d.end))
        data |= dict.fromkeys(data_arrays(language, arrays, d.numbers))
    rare = _rare(functions, [*procedures.values(), *code], prefix)
    formulas = [text.replace("static inline", "INLINED", 1) if name in rare else text for name, text in functions.items()]
    helpers = [helper(which, prefix, single) for which in sorted(language.helpers)]
    text = "\n\n".join([*data, *helpers, *formulas, *procedures.values(), *code])
    return "\n\n".join([*_macros(text, single), text])


def _rare(functions: Mapping[str, str], code: Sequence[str], prefix: str) -> set[str]:
    """The functions that code calls in few places, also through others: a copy in each of these is no burden."""
    call = re.compile(rf"\b{prefix}(\w+)\(")
    places = Counter(name for text in code for name in call.findall(text))
    for name, text in reversed(list(functions.items())):  # callers first
        inside = call.findall(text)
        places.update({n: places[name] for n in inside if n != name})
    return {name for name in functions if places[name] <= PLACES}


def _macros(text: str, single: bool) -> Iterator[str]:
    if re.search(r"\bMADD\b", text):
        yield macros(single)
    panels = re.search(r"\bPANEL\b", text)
    if panels or re.search(r"\bCOLUMNS\b", text):
        yield columns(single)
    if panels:
        yield c_large_products.PANEL


def _prepared(d: Driver) -> Loops:
    """The program with numbers in the code, and with kernels of names of its own."""
    program = specialised(d.program, d.numbers.table, d.numbers.steps)
    if d.libm:
        program = program._replace(functions=tuple(map(_of_library, program.functions)))
    program = used(with_near_loops(program))
    names = {k.name: f"{d.name}_{k.name}" for k in program.kernels}
    kernels = tuple(Procedure(names[k.name], k.parameters, _renamed(k.body, names), *k[3:]) for k in program.kernels)
    parts = tuple(Part(_renamed(p.body, names), p.samples, _renamed(p.before, names)) for p in program.parts)
    return program._replace(kernels=kernels, parts=parts)


def _of_library(f: Function) -> Function:
    """A function as a call of C's library, if that has a function of its name; users' functions have other names."""
    if LIBRARY.get(f.name) != len(f.parameters):
        return f
    return f._replace(body=(), result=Call(f.name, tuple(Name(p, "real") for p in f.parameters), True), doc="", calls=())


def _renamed(body: Sequence[Statement], names: Mapping[str, str]) -> tuple[Statement, ...]:
    """Statements whose calls of kernels have the new names."""

    def renamed(s: Statement) -> Statement:
        if isinstance(s, Run):
            return s._replace(procedure=names.get(s.procedure, s.procedure))
        if isinstance(s, (Loop, Each)):
            return s._replace(body=_renamed(s.body, names))
        if isinstance(s, Branch):
            return Branch(s.test, _renamed(s.then, names), _renamed(s.otherwise, names))
        return Switch(s.on, tuple((k, _renamed(inner, names)) for k, inner in s.cases)) if isinstance(s, Switch) else s

    return tuple(map(renamed, body))


__all__ = ["NEEDED", "Driver", "print_unit"]
