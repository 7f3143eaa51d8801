"""The code of a function for one number: checked, and read as typed loops.

This is where elementwise rows meet the compiler's reader; :mod:`exprgraph.functions.elementwise` loads it with the first code
that is read.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
import math
import re
import string
import symtable
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from ..loops.errors import MistakeError
from ..loops.library import OPERATIONS, names, signatures
from ..loops.on_arrays import on_arrays
from ..loops.read import Template, read_template
from ..support.deep import deep_syntax
from .signatures import places, reason, refuses

#: code that is never a number
_NO_NUMBER = (
    ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Lambda, ast.JoinedStr, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
)  # fmt: skip
#: names that printed modules and files of C have for something else; those of one letter are their variables
_TAKEN = (
    "math np numba njit types intrinsic BLOCK TABLE STEPS CONSTANTS kernel keep_apart evaluate real acc samples first step code "
    "constants table steps bits_of_real real_of_bits shift_right below ARGUMENTS Any Arrays CHECK CHECKED_BY Callable FAST FROZEN "
    "FunctionType GOLDEN LEVELS RESULTS SHARED Sequence ShapeError StartError TOLERANCE WAYS WORKSPACE annotations arrays_of base64 "
    "batch_axes blake2b by_definition by_llvm by_machine_code by_numba by_python cache called_at compiled ctypes BARE KERNEL definition "
    "difference entry json kernel_names misfit mmap numba_kernel numbers os points prepared processor results_of self_check start "
    "struct suitable suppress sys unpacked warnings workspace zlib FAILURES StartedForm Forms NamedTuple ONE ONE_SIZES accumulate "
    "form_for form_of SLOTS address_of writable make_executable TOTALS GRAIN Iterator Path usable_processors granted limit_of number_of "
    "run_in add_totals helping_threads do_work Empty SimpleQueue Thread".split()
)
_VARIABLE = re.compile(r"[A-Za-z]\d*")


def values_of(formula: str, arrays: Sequence[Any]) -> np.ndarray:
    """The values of a formula of the library, by NumPy."""
    return on_arrays(formula)(*arrays)


def read_row(name: str, code: str, arity: int, source: str, names: Mapping[str, str]) -> Template:
    """The meaning of a row's code, which was checked or is the package's own."""
    return read_template(name, code, arity, source, signatures(), names)


def read_code(name: str, code: Any, source: Any, arity: int) -> Template:
    """The meaning of a function's code for one number.

    Raises:
        TypeError, ValueError: it is no Python of so many arguments and of names that exist.
    """
    if not isinstance(code, str) or not isinstance(source, str):
        raise TypeError(f"function {name}: code and source are strings, got {type(code).__name__} and {type(source).__name__}")
    try:
        with deep_syntax():
            _check_code(name, code, source, arity)
            return read_template(name, code, arity, source, signatures())
    except MistakeError as e:
        raise ValueError(f"function {name}: {e.text} calls {e.construct}, which does not work: {e.what}") from None
    except RecursionError:
        raise ValueError(f"function {name}: its code is deeper than Python can read; give parts of it names, in source") from None


def _check_code(name: str, code: str, source: str, arity: int) -> None:
    """Check the code before it is read: syntax, number of arguments, names."""
    filled = _filled(name, code, arity)
    for what, text, mode in (("code", filled, "eval"), ("source", source, "exec")):
        try:
            compile(text, f"<{what} of {name}>", mode)
        except (SyntaxError, ValueError) as e:
            raise ValueError(f"function {name}: {what} is not Python: {e}, in {text[:200]!r}") from None
    helpers = ast.parse(source).body
    if not all(isinstance(s, ast.FunctionDef) for s in helpers):
        raise ValueError(f"function {name}: source holds the definitions of helper functions and nothing else, got {source[:200]!r}")
    value = ast.parse(filled, mode="eval").body
    if isinstance(value, _NO_NUMBER) or (isinstance(value, ast.Constant) and not isinstance(value.value, (bool, int, float))):
        raise ValueError(f"function {name}: code is an expression whose value is a number, got {code!r}")
    defined = {d.name: d for d in helpers if isinstance(d, ast.FunctionDef)}
    shadowed = sorted(defined.keys() & {"math", "np"})
    if shadowed:
        raise ValueError(f"function {name}: source defines {shadowed[0]}, the name of a module; give the function another name")
    known = {"math", "np", *signatures(), *OPERATIONS, *dir(builtins), *defined, *(f"a{k}" for k in range(arity))}
    _check_names(name, "code", filled, "eval", known, defined)
    _check_names(name, "source", source, "exec", known, defined)
    if _is_function_or_module(value, arity):
        raise ValueError(f"function {name}: code is an expression whose value is a number, got {code!r}")
    for d in defined.values():
        for decorator in d.decorator_list:
            if not ast.unparse(decorator).startswith("njit"):
                written = ast.unparse(decorator)
                raise ValueError(
                    f"function {name}: source has the decorator @{written}; helpers need none, and @njit is the only one there is"
                )


def _is_function_or_module(value: ast.expr, arity: int) -> bool:
    """Whether a value is a name other than an argument's, or an object of ``math`` or NumPy that is not a number."""
    if isinstance(value, ast.Name):
        return value.id not in {f"a{k}" for k in range(arity)}
    found = _attribute(value)
    return found is not None and not isinstance(found, (bool, int, float))


def _filled(name: str, code: str, arity: int) -> str:
    """The code with names for its arguments."""
    try:
        fields = [f for f in string.Formatter().parse(code) if f[1] is not None]
        odd = next((f for f in fields if f[2] or f[3]), None)
        if odd is not None:
            raise ValueError(f"{{{odd[1]}}} stands alone in its braces")
        return code.format(*(f"a{k}" for k in range(arity)))
    except (IndexError, KeyError, ValueError, AttributeError) as e:
        more = "; for several arguments give a derivative for each, as a sequence" if isinstance(e, IndexError) else ""
        raise ValueError(f"function {name}: code is an expression of {places(arity)}, got {code!r} ({reason(e)}){more}") from None


def _check_names(name: str, column: str, text: str, mode: str, known: set[str], helpers: Mapping[str, ast.FunctionDef]) -> None:
    tables = list(_tables(symtable.symtable(text, f"<{column} of {name}>", mode)))
    inside = tables if mode == "eval" else tables[1:]  # a module's own names are its definitions
    for table in inside:
        for s in table.get_symbols():
            free = s.is_global() or (table.get_type() == "module" and s.is_referenced())
            if free and s.get_name() not in known:
                raise ValueError(
                    f"function {name}: {column} has the name {s.get_name()!r}, which is neither math, np, a function of generated code, "
                    f"nor a helper in source{_perhaps(_meant(s.get_name(), column, known))}"
                )
    parts = list(ast.walk(ast.parse(text, mode=mode)))
    for node in parts:
        if isinstance(node, ast.Attribute):
            _check_attribute(name, column, node)
    for node in parts:
        if isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args):
            _check_call(name, column, node, helpers)


def _meant(name: str, column: str, known: set[str]) -> list[str]:
    """What somebody may mean by a name that is not known."""
    if name == "numpy":
        return ["np"]
    if column == "code" and _VARIABLE.fullmatch(name):
        return ["the argument {0}"]
    if name in vars(math):
        return [f"math.{name}"]
    return [f"np.{name}"] if isinstance(vars(np).get(name), np.ufunc) else difflib.get_close_matches(name, known - set(dir(builtins)), 1)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    pending = [table]
    while pending:
        t = pending.pop(0)
        yield t
        pending += t.get_children()


def _attribute(node: ast.expr) -> Any:
    """The object of a name of ``math`` or NumPy; ``None`` for other names.

    Raises:
        AttributeError: there is no such name.
    """
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    if not path or not isinstance(node, ast.Name) or node.id not in ("math", "np"):
        return None
    found: Any = math if node.id == "math" else np
    for attribute in path:
        if not inspect.ismodule(found):
            return None
        found = getattr(found, attribute)
    return found


def _check_attribute(name: str, column: str, node: ast.Attribute) -> None:
    try:
        _attribute(node)
    except AttributeError as e:
        module = ast.unparse(node.value)
        of = math if module == "math" else np
        near = [f"{module}.{n}" for n in difflib.get_close_matches(node.attr, dir(of), 1)]
        raise ValueError(f"function {name}: {column} has {module}.{node.attr}, and {e}{_perhaps(near)}") from None


def _check_call(name: str, column: str, node: ast.Call, helpers: Mapping[str, ast.FunctionDef]) -> None:
    """Check the number of arguments in calls of functions of ``math``, of NumPy or of source."""
    if isinstance(node.func, ast.Name) and node.func.id in helpers:
        given = helpers[node.func.id].args
        most, least = len(given.posonlyargs) + len(given.args), len(given.posonlyargs) + len(given.args) - len(given.defaults)
        said = "" if given.vararg or least <= len(node.args) <= most else f"it takes {most}"
    else:
        python = isinstance(node.func, ast.Name) and node.func.id not in names()
        f = getattr(builtins, ast.unparse(node.func), None) if python else _attribute(node.func)
        said = refuses(f, len(node.args)) if callable(f) and not isinstance(f, type) else ""
    if said:
        raise ValueError(f"function {name}: {column} calls {ast.unparse(node)}, which does not work: {said}")


def _perhaps(near: Sequence[str]) -> str:
    return f"; do you mean {near[0]}?" if near else ""


def names_of_helpers(source: str, others: Iterable[str]) -> dict[str, str]:
    """Other names for the helper functions of a source: of those whose name something else in a program has or may have."""
    taken = {*names(), *_TAKEN, *(name for other in others for name in _helpers(other))}
    mark = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return {name: f"{name}_{mark}" for name in sorted(_helpers(source)) if name in taken or _VARIABLE.fullmatch(name)}


def _helpers(source: str) -> set[str]:
    return {statement.name for statement in ast.parse(source).body if isinstance(statement, ast.FunctionDef)}


__all__ = ["names_of_helpers", "read_code", "read_row", "values_of"]
