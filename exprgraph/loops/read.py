"""Python as typed loops: the formulas and the runtime of this package, and the code of users' functions."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

from . import program
from .errors import MistakeError, UnreadableError
from .expressions import Expressions, Signature, located
from .program import Call, Function, Name
from .statements import Statements


class Read(NamedTuple):
    """A function that was read, and its signature."""

    function: Function
    signature: Signature
    #: the called functions, without those of C's library
    calls: tuple[str, ...]


def read_function(node: ast.FunctionDef, functions: Mapping[str, Signature], *, own: bool = False, contract: bool = True) -> Read:
    """A function of reals.

    Args:
        node: its definition.
        functions: the functions that it may call, and their arguments.
        own: whether it belongs to this package, where ``math.exp`` is C's function; in users' code it is our formula.
        contract: whether its products may be fused with sums.

    Raises:
        UnreadableError: it has a construct without typed loops.
    """
    reader = Statements(functions, own)
    try:
        signature = signature_of(node)
        parameters = [a.arg for a in node.args.args]
        reader.reserve(node)
        names = [reader.numbers.fresh(p) for p in parameters]
        reader.env = {p: Name(n, "real") for p, n in zip(parameters, names)}
        result = reader.numbers.real(reader.result(node.body))
    except UnreadableError as error:
        raise located(error, node) from None
    text = ast.get_docstring(node) or ""
    made = Function(node.name, tuple(names), tuple(reader.numbers.body), result, contract, text)
    return Read(made, signature, tuple(reader.called))


def signature_of(node: ast.FunctionDef) -> Signature:
    """The signature of a function: positional parameters, the last ones with defaults.

    Raises:
        UnreadableError: it has other parameters.
    """
    given = node.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise UnreadableError("parameters that are not just names", ast.unparse(given), node.lineno)
    reader = Expressions({}, False)
    defaults = tuple(reader.value(d) for d in given.defaults)
    return Signature(len(given.args) - len(defaults), defaults, tuple(a.arg for a in given.args))


# ---------------------------------------------------------------- the code of users


@dataclass(frozen=True)
class Template:
    """The code of a row for one number: an expression of its arguments that kernels inline.

    ``value`` has the parameters ``a0``, ``a1``, ...; ``helpers`` are the user's functions that it calls, callees first.  Other
    called functions are in the library.  ``unread`` is the reason why the code could not be read; then the value is a call
    of a function whose ``source`` only Numba compiles.
    """

    value: Function
    helpers: tuple[Function, ...] = ()
    unread: UnreadableError | None = None


def read_template(
    name: str, code: str, arity: int, source: str, library: Mapping[str, Signature], names: Mapping[str, str] = MappingProxyType({})
) -> Template:
    """The code of a row.

    Args:
        name: the name of the row.
        code: an expression of ``{0}``, ``{1}``, ...
        arity: the number of arguments.
        source: definitions of the functions that it calls besides those of ``library``.
        names: other names for functions of the source, which must not have one of the library's.

    Raises:
        MistakeError: it is Python that cannot run.
        SyntaxError: it is not Python.
    """
    parameters = tuple(f"a{k}" for k in range(arity))
    text = code.format(*parameters)
    helpers = [d for d in ast.parse(source).body if isinstance(d, ast.FunctionDef)]
    node = _definition(f"{name}_of_code", parameters, text)
    for d in (*helpers, node):
        _rename(d, names)
    node.name = name
    where = "source"
    try:
        read, functions = _helpers(helpers, library)
        where = "code"
        value = read_function(node, functions)
    except UnreadableError as error:
        error.text = where
        error.what, error.construct = (_with_names(text, names) for text in (error.what, error.construct))
        if isinstance(error, MistakeError):
            raise
        return _unread(node, helpers, library, error)
    needed = _reached(value.calls, read)
    return Template(value.function, tuple(r.function for n, r in read.items() if n in needed))


def _definition(name: str, parameters: Sequence[str], text: str) -> ast.FunctionDef:
    """A function whose value is an expression."""
    (node,) = ast.parse(f"def {name}({', '.join(parameters)}):\n return (\n{text}\n)").body
    assert isinstance(node, ast.FunctionDef)
    for part in ast.walk(node):  # the first line of the code is line 1
        if hasattr(part, "lineno"):
            part.lineno -= 2
    return node


def _helpers(nodes: Sequence[ast.FunctionDef], library: Mapping[str, Signature]) -> tuple[dict[str, Read], dict[str, Signature]]:
    """The functions of a source, callees first, and all callable functions."""
    by_name = {d.name: d for d in nodes}
    functions = {**library, **{n: signature_of(d) for n, d in by_name.items()}}
    calls = {n: _called(d) & by_name.keys() for n, d in by_name.items()}
    read: dict[str, Read] = {}
    pending = list(reversed(by_name))
    begun: set[str] = set()
    while pending:
        name = pending[-1]
        if name in read:
            pending.pop()
            continue
        missing = sorted(calls[name] - read.keys())
        if missing and name in begun:
            raise UnreadableError(f"{name} calls itself", f"def {name}", by_name[name].lineno)
        begun.add(name)
        if missing:
            pending += missing
            continue
        read[name] = read_function(by_name[name], functions, contract=_contracts(by_name[name]))
        pending.pop()
    return read, functions


def _called(node: ast.AST) -> set[str]:
    """The names that are called without a module prefix."""
    return {n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def _contracts(node: ast.FunctionDef) -> bool:
    """Whether products of a helper may be fused, which its decorator may forbid."""
    return not node.decorator_list or "'contract'" in ast.unparse(node.decorator_list[0])


def _reached(calls: Sequence[str], read: Mapping[str, Read]) -> set[str]:
    found: set[str] = set()
    pending = [n for n in calls if n in read]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [n for n in read[name].calls if n in read]
    return found


def _unread(
    value: ast.FunctionDef, helpers: Sequence[ast.FunctionDef], library: Mapping[str, Signature], error: UnreadableError
) -> Template:
    """The code as text, for Numba."""
    name, parameters = value.name, tuple(a.arg for a in value.args.args)
    digest = blake2b("\n".join(map(ast.unparse, [*helpers, value])).encode(), digest_size=4).hexdigest()
    value.name = f"{name}_{digest}"  # the same program may hold another definition of the row
    nodes = [*helpers, value]
    functions = []
    for d in nodes:
        contract, d.decorator_list = _contracts(d), []
        calls = tuple(sorted(_called(d) & (library.keys() | {h.name for h in helpers})))
        given = tuple(a.arg for a in d.args.args)
        functions.append(Function(d.name, given, (), program.real(math.nan), contract, source=ast.unparse(d), calls=calls))
    call = Call(value.name, tuple(Name(p, "real") for p in parameters))
    return Template(Function(name, parameters, (), call), tuple(functions), error)


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """A piece of a message with the names that users gave their functions."""
    for given, other in names.items():
        text = re.sub(rf"\b{re.escape(other)}\b", given, text)
    return text


def _rename(node: ast.AST, names: Mapping[str, str]) -> None:
    """Rename functions in definitions and calls."""
    for part in ast.walk(node):
        for field in ("id", "arg", "name"):
            if isinstance(part, (ast.Name, ast.arg, ast.keyword, ast.FunctionDef)) and hasattr(part, field):
                setattr(part, field, names.get(getattr(part, field), getattr(part, field)))


__all__ = ["Read", "Template", "read_function", "read_template", "signature_of"]
