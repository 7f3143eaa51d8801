"""Functions of reals in Python: assignments, ``if`` and ``return``, in any order."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from typing import NamedTuple

from .errors import UnreadableError
from .expressions import Expressions, construct, located
from .numbers import Value
from .program import Constant, Expression, real
from .vocabulary import function_of

#: names that printed Python uses
_RESERVED = ("math", "np", "R", "u", "separate_product", "bits", "from_bits", "pow", "mod", "floor_divide")
_NO_VALUE = real(math.nan)


class Way(NamedTuple):
    """The result of statements: values returned under conditions; the last has no condition if every path returns."""

    returned: list[tuple[Expression | None, Value]]
    env: dict[str, Value]

    @property
    def ends(self) -> bool:
        """Whether every path through the statements returns."""
        return bool(self.returned) and self.returned[-1][0] is None


class Statements(Expressions):
    """The statements of a function: both branches of an ``if`` are computed, and one is selected."""

    def reserve(self, node: ast.AST) -> None:
        """Reserve the names that a piece of code calls."""
        called = [ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)]
        self.numbers.taken |= {*called, *filter(None, map(function_of, called)), *_RESERVED}

    def result(self, body: Sequence[ast.stmt]) -> Value:
        """The value of a function."""
        way = self.block(body)
        if not way.ends:
            raise UnreadableError("a path through it ends without a value")
        value = way.returned[-1][1]
        for test, other in reversed(way.returned[:-1]):
            assert test is not None
            value = self.numbers.chosen(test, other, value)
        return value

    def block(self, body: Sequence[ast.stmt]) -> Way:
        """A block of statements; code after a return is ignored."""
        way = Way([], self.env)
        for s in body:
            try:
                way = self._statement(s, way)
            except UnreadableError as error:
                raise located(error, s) from None
            if way.ends:
                break
        return way

    def _statement(self, s: ast.stmt, way: Way) -> Way:
        if isinstance(s, ast.Return) and s.value is not None:
            return Way([*way.returned, (None, self.value(s.value))], self.env)
        if isinstance(s, ast.If):
            inner = self._branches(s)
            return Way([*way.returned, *inner.returned], inner.env)
        if isinstance(s, ast.Assign):
            self._assign(s)
        elif isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            before = self.value(ast.copy_location(ast.Name(s.target.id), s.target))
            self.bind(s.target.id, self.numbers.binary(s.op, before, self.value(s.value)))
        elif isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
            if s.value is not None:
                self.bind(s.target.id, self.value(s.value))
        elif not isinstance(s, ast.Pass) and not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            raise UnreadableError(construct(s))
        return Way(way.returned, self.env)

    def bind(self, name: str, value: Value) -> None:
        """A name of the code for a value."""
        self.env[name] = self.numbers.named(value, name)

    def _assign(self, s: ast.Assign) -> None:
        """First all values, then the names, since they may be exchanged."""
        parts = s.value.elts if isinstance(s.value, ast.Tuple) else [s.value]
        for target in s.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            if len(names) != len(parts) or isinstance(target, ast.Tuple) != isinstance(s.value, ast.Tuple):
                raise UnreadableError("a tuple that is not unpacked at once")
            if not all(isinstance(t, ast.Name) for t in names):
                raise UnreadableError("an assignment to something other than a name")
        values = [self.value(part) for part in parts]
        if len(parts) > 1 or len(s.targets) > 1:
            values = [self.numbers.named(v) for v in values]
        for target in s.targets:
            for t, v in zip(target.elts if isinstance(target, ast.Tuple) else [target], values):
                assert isinstance(t, ast.Name)
                self.bind(t.id, v)

    def _branches(self, s: ast.If) -> Way:
        """``if``, any number of ``elif``, and ``else``: from the last to the first; earlier ones take precedence."""
        outer = self.env
        tests: list[Value] = []
        ways: list[Way] = []
        rest: Sequence[ast.stmt] = [s]
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            at = rest[0]
            self.env = dict(outer)
            tests.append(self.numbers.named(self.numbers.truth(self.value(at.test)), "test"))
            ways.append(self.block(at.body))
            rest = at.orelse
        self.env = dict(outer)
        after = self.block(rest)
        for test, way in zip(reversed(tests), reversed(ways)):
            after = self._either(test, way, after)
        self.env = after.env
        return after

    def _either(self, test: Value, yes: Way, no: Way) -> Way:
        """A selection between two branches."""
        n = self.numbers
        condition = n.truth(test)
        if isinstance(condition, Constant):
            return yes if condition.value else no
        returned: list[tuple[Expression | None, Value]] = []
        for inner, v in yes.returned:
            returned.append((condition if inner is None else n.operation("and", condition, inner), v))
        for inner, v in no.returned:
            if not yes.ends:
                other = n.operation("not", condition)
                inner = other if inner is None else n.operation("and", other, inner)
            returned.append((inner, v))
        if yes.ends or no.ends:
            return Way(returned, no.env if yes.ends else yes.env)
        env: dict[str, Value] = {}
        for name in {**yes.env, **no.env}:
            a, b = yes.env.get(name), no.env.get(name)
            a, b = (_NO_VALUE if v is None else v for v in (a, b))  # where Python has an UnboundLocalError
            env[name] = a if a is b or a == b else n.named(n.chosen(condition, a, b), name)
        return Way(returned, env)


__all__ = ["Statements", "Way"]
