"""The functions that CasADi looks for in a library, as C.

For a function ``f`` these are ``f`` itself, ``f_n_in``, ``f_name_in``, ``f_sparsity_in``, their counterparts for results,
``f_work``, and a few that manage memory, of which there is none.  A pointer to an argument may be null, which means zeros;
a pointer to a result may be null if the caller does not want it.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from ....loops.print.c_file import said
from .functions import CasadiFunction
from .patterns import input_format, output_format

#: what stands before the functions
HEAD = """\
#ifndef casadi_int
#define casadi_int long long int
#endif

#ifndef CASADI_SYMBOL_EXPORT
#if defined(_WIN32) || defined(__CYGWIN__)
#define CASADI_SYMBOL_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define CASADI_SYMBOL_EXPORT __attribute__((visibility("default")))
#else
#define CASADI_SYMBOL_EXPORT
#endif
#endif"""

_COMPLETE = """\
/* zeros for arguments that are not given, room for results that are not wanted */
static void {prefix}complete(const double **given, int n, double **wanted, const casadi_int *sizes, int m, double *memory, casadi_int zeros)
{{
    int missing = 0;
    for (int k = 0; k < n; k++) {{
        if (!given[k]) {{
            given[k] = memory;
            missing = 1;
        }}
    }}
    for (casadi_int k = 0; missing && k < zeros; k++) {{
        memory[k] = 0.0;
    }}
    memory += zeros;
    for (int k = 0; k < m; k++) {{
        if (!wanted[k]) {{
            wanted[k] = memory;
            memory += sizes[k];
        }}
    }}
}}"""

_FUNCTION = """\
{description}
CASADI_SYMBOL_EXPORT int {name}(const double **arg, double **res, casadi_int *iw, double *w, int mem)
{{
{body}
}}

CASADI_SYMBOL_EXPORT int {name}_checkout(void) {{ return 0; }}
CASADI_SYMBOL_EXPORT void {name}_release(int mem) {{ (void)mem; }}
CASADI_SYMBOL_EXPORT void {name}_incref(void) {{ }}
CASADI_SYMBOL_EXPORT void {name}_decref(void) {{ }}
CASADI_SYMBOL_EXPORT casadi_int {name}_n_in(void) {{ return {n_in}; }}
CASADI_SYMBOL_EXPORT casadi_int {name}_n_out(void) {{ return {n_out}; }}

{tables}

CASADI_SYMBOL_EXPORT int {name}_work(casadi_int *sz_arg, casadi_int *sz_res, casadi_int *sz_iw, casadi_int *sz_w)
{{
    if (sz_arg) *sz_arg = {n_in};
    if (sz_res) *sz_res = {n_out};
    if (sz_iw) *sz_iw = 0;
    if (sz_w) *sz_w = {work};
    return 0;
}}"""

_TABLE = """\
CASADI_SYMBOL_EXPORT {kind} *{function}(casadi_int i)
{{
    static const {kind} *const table[] = {{{items}}};
    return i >= 0 && i < {count} ? table[i] : 0;
}}"""


class Core(NamedTuple):
    """The computation of a function.

    Attributes:
        name: the function in C that computes; ``""`` if there is nothing to compute.
        given: the inputs that it takes, in order.
        frozen: names of arrays of numbers that it takes after these.
        wanted: the results that it gives, in order.
        sizes: the number of numbers of each of these.
        workspace, shared: the numbers in its two workspaces.
    """

    name: str
    given: tuple[int, ...]
    frozen: tuple[str, ...]
    wanted: tuple[int, ...]
    sizes: tuple[int, ...]
    workspace: int
    shared: int


def work(f: CasadiFunction, core: Core) -> int:
    """The numbers of workspace that CasADi provides."""
    return core.workspace + core.shared + _zeros(f, core) + sum(core.sizes)


def _zeros(f: CasadiFunction, core: Core) -> int:
    return max((f.inputs[k].rows * f.inputs[k].columns for k in core.given), default=0)


def definitions(functions: Sequence[tuple[CasadiFunction, Core]], prefix: str) -> list[str]:
    """The definitions of all functions that CasADi looks for; other names begin with ``prefix``."""
    patterns: dict[tuple[int, ...], str] = {}
    texts = [_function(f, core, prefix, patterns) for f, core in functions]
    stored = [f"static const casadi_int {name}[] = {{{', '.join(map(str, numbers))}}};" for numbers, name in patterns.items()]
    helper = [_COMPLETE.format(prefix=prefix)] if any(core.name for _, core in functions) else []
    return [*(["\n".join(stored)] if stored else []), *helper, *texts]


def _function(f: CasadiFunction, core: Core, prefix: str, patterns: dict[tuple[int, ...], str]) -> str:
    def pattern(numbers: Sequence[int]) -> str:
        return patterns.setdefault(tuple(numbers), f"{prefix}pattern{len(patterns)}")

    tables = []
    for direction, listed, formats in (
        ("in", f.inputs, [input_format(i) for i in f.inputs]),
        ("out", f.outputs, [output_format(o) for o in f.outputs]),
    ):
        tables.append(_table("const char", f"{f.name}_name_{direction}", [f'"{x.name}"' for x in listed]))
        tables.append(_table("const casadi_int", f"{f.name}_sparsity_{direction}", [pattern(numbers) for numbers in formats]))
    if not all(i.varies for i in f.inputs):
        tables.append(_differentiable(f))
    return _FUNCTION.format(
        name=f.name, description=comment(describe(f)), body="\n".join(_body(f, core, prefix)), n_in=len(f.inputs), n_out=len(f.outputs),
        tables="\n\n".join(tables), work=work(f, core),
    )  # fmt: skip


def _table(kind: str, function: str, items: Sequence[str]) -> str:
    if not items:
        return f"CASADI_SYMBOL_EXPORT {kind} *{function}(casadi_int i)\n{{\n    (void)i;\n    return 0;\n}}"
    return _TABLE.format(kind=kind, function=function, items=", ".join(items), count=len(items)).replace("const const", "const")


def _differentiable(f: CasadiFunction) -> str:
    """Which inputs CasADi may differentiate by."""
    fixed = " || ".join(f"i == {k}" for k, i in enumerate(f.inputs) if not i.varies)
    return f"CASADI_SYMBOL_EXPORT int {f.name}_diff_in(casadi_int i) {{ return !({fixed}); }}"


def _body(f: CasadiFunction, core: Core, prefix: str) -> list[str]:
    if not core.name:
        unused = [f"    (void){name};" for name in ("arg", "res", "iw", "w", "mem")]
        return [*unused, "    return 0;"]
    given = [*(f"arg[{k}]" for k in core.given), *core.frozen]
    lines = [
        f"    static const casadi_int sizes[] = {{{', '.join(map(str, core.sizes))}}};",
        *([f"    const double *given[] = {{{', '.join(given)}}};"] if given else ["    const double **given = 0;"]),
        f"    double *wanted[] = {{{', '.join(f'res[{k}]' for k in core.wanted)}}};",
        *([] if core.given else ["    (void)arg;"]),
        "    (void)iw;",
        "    (void)mem;",
    ]
    at = core.workspace + core.shared
    lines.append(f"    {prefix}complete(given, {len(core.given)}, wanted, sizes, {len(core.wanted)}, w + {at}, {_zeros(f, core)});")
    return [*lines, f"    {core.name}(given, wanted, w);", "    return 0;"]


def comment(*paragraphs: str) -> str:
    """A comment in lines of a readable length."""
    lines = [line for p in paragraphs for line in ("", *wrap(said(p), 120, subsequent_indent="    ", break_on_hyphens=False))][1:]
    return f"/* {lines[0]} */" if len(lines) == 1 else "\n".join([f"/* {lines[0]}", *(f" * {line}".rstrip() for line in lines[1:]), " */"])


def describe(f: CasadiFunction) -> str:
    """A function with the sizes of its inputs and results, as CasADi prints it."""

    def size(name: str, rows: int, columns: int) -> str:
        return name + ("" if (rows, columns) == (1, 1) else f"[{rows}]" if columns == 1 else f"[{rows}x{columns}]")

    given = [size(i.name, i.rows, i.columns) for i in f.inputs]
    return f"{f.name}: ({', '.join(given)}) -> ({', '.join(size(o.name, o.rows, o.columns) for o in f.outputs)})"


__all__ = ["HEAD", "Core", "comment", "definitions", "describe", "work"]
