"""Python's expressions of numbers as typed expressions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from typing import NamedTuple

from . import program
from .errors import MistakeError, UnreadableError
from .numbers import FALSE, TRUE, Numbers, Value, kind
from .operations import LIBRARY, OPERATIONS
from .program import Load, Name
from .vocabulary import CONSTANTS, OPERATORS, SPELLED, WRITTEN, function_of

#: a value as a number of the computation, and as an index
_REAL, _INDEX = ("float", "np.float64", "R"), ("u", "np.uint64", "np.int64")


class Signature(NamedTuple):
    """The arguments of a function of reals."""

    least: int
    #: default values of the last parameters
    defaults: tuple[Value, ...] = ()
    #: the parameters, if they can be given by name
    names: tuple[str, ...] = ()


class Expressions:
    """Expressions of one piece of code.

    Args:
        functions: the functions that the code may call.
        own: whether the code belongs to this package, where ``math.sin`` is C's function; in users' code it is our formula.
        eps: the value of ``np.finfo(...).eps``.
    """

    def __init__(self, functions: Mapping[str, Signature], own: bool, eps: float = 0.0) -> None:
        self.functions = functions
        self.own = own
        self.eps = eps
        self.numbers = Numbers()
        self.env: dict[str, Value] = {}
        #: called functions, in order of their calls
        self.called: dict[str, None] = {}

    def value(self, node: ast.expr) -> Value:
        """Read an expression from its parts upwards, at any depth that Python allows."""
        pending: list[tuple[ast.expr, bool]] = [(node, False)]
        done: list[Value] = []
        while pending:
            at, ready = pending.pop()
            if not ready:
                pending.append((at, True))
                pending += ((part, False) for part in reversed(_parts(at)))
                continue
            count = len(_parts(at))
            given = done[len(done) - count :]
            del done[len(done) - count :]
            try:
                done.append(self._made(at, given))
            except UnreadableError as error:
                raise located(error, at) from None
        (value,) = done
        return value

    def _made(self, node: ast.expr, given: list[Value]) -> Value:
        n = self.numbers
        if isinstance(node, ast.Name):
            if node.id not in self.env:
                raise UnreadableError("a name without a value")
            return self.env[node.id]
        if isinstance(node, ast.Constant):
            return _literal(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.BinOp):
            return n.binary(node.op, *given)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node.op, given[0])
        if isinstance(node, ast.IfExp):
            return n.chosen(*given)
        if isinstance(node, ast.Compare):
            tests = [n.compared(op, a, b) for op, a, b in zip(node.ops, given, given[1:])]
            return tests[0] if len(tests) == 1 else n.operation("and", *tests)
        if isinstance(node, ast.BoolOp):
            return n.joined("and" if isinstance(node.op, ast.And) else "or", given)
        if isinstance(node, ast.Call):
            return self._call(node, given)
        if isinstance(node, ast.Subscript):
            return self.element(*given)
        raise UnreadableError(construct(node))

    def _unary(self, op: ast.unaryop, v: Value) -> Value:
        n = self.numbers
        if isinstance(op, ast.USub):
            return n.negative(v)
        if isinstance(op, ast.UAdd):
            return n.real(v) if kind(v) == "truth" else v
        if isinstance(op, ast.Not):
            test = n.truth(v)
            return (FALSE if test == TRUE else TRUE) if test in (TRUE, FALSE) else n.operation("not", test)
        raise UnreadableError("the operator ~")

    def _attribute(self, node: ast.Attribute) -> Value:
        name = ast.unparse(node)
        if name in CONSTANTS:
            return program.real(CONSTANTS[name])
        if name == "np.finfo(w.dtype).eps" and self.own:
            return program.real(self.eps)
        raise UnreadableError("an attribute that is not a number")

    def element(self, pointer: Value, at: Value) -> Load:
        """An element of an array."""
        if not isinstance(pointer, Name) or pointer.type not in ("reals", "indices"):
            raise UnreadableError("an element of something other than an array")
        return Load(pointer, self.numbers.index(at))

    # -- calls

    def _call(self, node: ast.Call, given: list[Value]) -> Value:
        name = ast.unparse(node.func)
        if name in self.functions:
            return self._function(name, given, [k.arg for k in node.keywords])
        if node.keywords:
            raise UnreadableError("an argument by keyword")
        found = self._builtin(name, given)
        if found is None:
            raise UnreadableError("a function that is not known here")
        return found

    def _function(self, name: str, given: list[Value], keywords: Sequence[str | None]) -> Value:
        """A call of a function of the program; the last values are those of the keywords."""
        least, defaults, names = self.functions[name]
        most = least + len(defaults)
        if keywords and (not names or None in keywords):
            raise UnreadableError("an argument by keyword")
        args: dict[int, Value] = {most - len(defaults) + k: v for k, v in enumerate(defaults)}
        first = len(given) - len(keywords)
        for k, (word, v) in enumerate(zip([None] * first + list(keywords), given)):
            if word is not None and (word not in names or names.index(word) < first):
                raise MistakeError(f"{name} has no parameter {word!r} that is left to give")
            args[k if word is None else names.index(word)] = v
        if sorted(args) != list(range(most)):
            raise MistakeError(f"{name} takes {_counted(least, most)}, got {len(given)}")
        self.called[name] = None
        return self.numbers.call(name, [self.numbers.real(args[k]) for k in range(most)])

    def _builtin(self, name: str, given: list[Value]) -> Value | None:
        """The meaning of a name of Python, of ``math`` or of NumPy for a number of arguments; ``None`` if there is none."""
        n, count = self.numbers, len(given)
        if name in OPERATORS and count == (OPERATIONS[OPERATORS[name]].arity or 2):
            return n.operation(OPERATORS[name], *map(n.real, given))
        if name in SPELLED and count == 2:
            tree = _spelled(SPELLED[name])
            return n.compared(tree.ops[0], *given) if isinstance(tree, ast.Compare) else n.binary(tree.op, *given)
        if name in ("min", "max") and count != 2:
            if count < 2:
                raise MistakeError(f"{name} takes 2 arguments or more, got {count}")
            return reduce(lambda a, b: self._written(name, [a, b]), given)
        if name in WRITTEN and count == len(_written(name)[0]):
            return self._written(name, given)
        if count == 1:
            return self._conversion(name, given[0])
        if name == "powi" and count == 2 and isinstance(given[1], int):
            return self._multiplied(given[0], given[1])
        if name == "math.log" and count == 2:  # a logarithm to a base, as in Python
            return n.binary(ast.Div(), *(self._named_function("log", [v]) for v in given))
        return self._named_function(function_of(name), given)

    def _named_function(self, own: str | None, given: list[Value]) -> Value:
        args = [self.numbers.real(v) for v in given]
        if own is not None and own in self.functions and not self.own and len(args) == self.functions[own].least:
            self.called[own] = None
            return self.numbers.call(own, args)
        if own is None or LIBRARY.get(own) != len(args):
            raise UnreadableError("a function that is not known here")
        return self.numbers.call(own, args, library=True)

    def _conversion(self, name: str, v: Value) -> Value | None:
        n = self.numbers
        if name in _REAL:
            return n.real(v)
        if name == "bool":
            return n.truth(v)
        if name in _INDEX and (isinstance(v, int) or v.type == "index"):
            return v
        if name == "bits":
            return n.operation("bits_of_real", n.real(v))
        if name == "from_bits":
            return n.operation("real_of_bits", program.bits(v) if isinstance(v, int) else v)
        return self._named_function(function_of(name), [v])

    def _multiplied(self, v: Value, count: int) -> Value:
        n = self.numbers
        x = result = n.expression(n.named(n.real(v)))
        for _ in range(count - 1):
            result = n.operation("mul_apart", result, x)
        return result

    def _written(self, name: str, given: list[Value]) -> Value:
        """A line of Python, for arguments."""
        parameters, tree, used = _written(name)
        outer = self.env
        self.env = {p: self.numbers.named(v, p) if used[p] > 1 else v for p, v in zip(parameters, given)}
        try:
            return self.value(tree)
        finally:
            self.env = outer


def _parts(node: ast.expr) -> list[ast.expr]:
    """The parts of an expression, in order of evaluation."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.IfExp):
        return [node.test, node.body, node.orelse]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Call):
        return [*node.args, *(k.value for k in node.keywords)]
    return [node.value, node.slice] if isinstance(node, ast.Subscript) else []


def _literal(node: ast.Constant) -> Value:
    if type(node.value) is float:
        return program.real(node.value)
    if type(node.value) is bool:
        return TRUE if node.value else FALSE
    if type(node.value) is int:
        return node.value
    raise UnreadableError("something other than a number")


#: the common names of unsupported constructs
_CONSTRUCTS: Mapping[type[ast.AST], str] = {
    ast.For: "a loop", ast.While: "a loop", ast.Tuple: "a tuple", ast.List: "a list", ast.Dict: "a dict", ast.Set: "a set",
    ast.Lambda: "a function without a name", ast.FunctionDef: "a function inside of a function", ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.NamedExpr: "an assignment inside of an expression", ast.JoinedStr: "a text",
    ast.Starred: "arguments of unknown number", ast.Slice: "a slice", ast.Try: "a try", ast.With: "a with", ast.Raise: "an error raised",
    ast.Assert: "an assertion", ast.Return: "a return without a value", ast.Import: "an import", ast.Global: "a global name",
}  # fmt: skip


def construct(node: ast.AST) -> str:
    """The common name of an unsupported construct."""
    return _CONSTRUCTS.get(type(node), "a construct that is not known here")


def located(error: UnreadableError, node: ast.AST) -> UnreadableError:
    """The error with its place in the code, unless it has one."""
    if error.construct:
        return error
    try:
        text = ast.unparse(node).partition("\n")[0]
    except RecursionError:
        text = "..."
    shown = text if len(text) <= 80 else text[:77] + "..."
    return type(error)(error.what, shown, getattr(node, "lineno", 0))


@cache
def _spelled(symbol: str) -> ast.BinOp | ast.Compare:
    tree = ast.parse(f"a {symbol} b", mode="eval").body
    assert isinstance(tree, (ast.BinOp, ast.Compare))
    return tree


@cache
def _written(name: str) -> tuple[list[str], ast.expr, Counter[str]]:
    """The parameters of a one-line definition, its value, and the number of uses of each parameter."""
    parameters, text = WRITTEN[name]
    tree = ast.parse(text, mode="eval").body
    return parameters.split(", "), tree, Counter(x.id for x in ast.walk(tree) if isinstance(x, ast.Name))


def _counted(least: int, most: int) -> str:
    return f"{least}{f' to {most}' * (most > least)} argument{'s' * (most != 1)}"


__all__ = ["Expressions", "Signature", "construct", "located"]
