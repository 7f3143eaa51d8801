"""The runtime's procedures in Python as typed loops; annotations give the types, ``Array`` or ``int``.

A loop over ``lane`` may have loops inside: the samples of a block, each with the same work.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from . import program
from .errors import UnreadableError
from .expressions import Expressions, Signature, construct, located
from .numbers import Value
from .program import Add, Branch, Expression, Let, Load, Loop, Name, Procedure, Run, Set, Statement, Store, Variable
from .types import Axis, Type
from .verify import why_not_lanes, why_not_neighbours

#: the types of annotations
_TYPES: Mapping[str, Type] = {"Array": "reals", "int": "index"}


def read_procedure(node: ast.FunctionDef, functions: Mapping[str, Signature], eps: float) -> Procedure:
    """A procedure.

    Args:
        node: its definition; the decorator ``reassociated`` allows sums in any order.
        functions: the functions that it may call.
        eps: the value of ``np.finfo(...).eps``.

    Raises:
        UnreadableError: it has a construct without typed loops.
    """
    reassociate = any(ast.unparse(d) == "reassociated" for d in node.decorator_list)
    reader = _Procedure(functions, eps, reassociate)
    parameters = []
    try:
        for a in node.args.args:
            type_ = _TYPES.get(ast.unparse(a.annotation) if a.annotation is not None else "")
            if type_ is None:
                raise UnreadableError(f"the parameter {a.arg} is neither Array nor int")
            parameters.append(Name(reader.numbers.fresh(a.arg), type_))
            reader.env[a.arg] = parameters[-1]
        body = reader.block(node.body)
    except UnreadableError as error:
        raise located(error, node) from None
    return Procedure(node.name, tuple(parameters), body, reassociate=reassociate, doc=ast.get_docstring(node) or "")


class _Procedure(Expressions):
    """The statements of a procedure.  A name that is assigned again is a variable."""

    def __init__(self, functions: Mapping[str, Signature], eps: float, reassociate: bool) -> None:
        super().__init__(functions, True, eps)
        self.reassociate = reassociate
        self.out: list[Statement] = []

    def block(self, body: Sequence[ast.stmt], **inside: Name) -> tuple[Statement, ...]:
        """A block of statements with its own names."""
        outer, before, self.env, self.out = self.env, self.out, {**self.env, **inside}, []
        try:
            for k, s in enumerate(body):
                try:
                    self._statement(s, _assigned(body[k + 1 :]))
                except UnreadableError as error:
                    raise located(error, s) from None
            return tuple(self.out)
        finally:
            self.env, self.out = outer, before

    def read(self, node: ast.expr) -> Value:
        """An expression; the names it needs are defined before its statement."""
        value = self.value(node)
        self.out += self.numbers.body
        self.numbers.body.clear()
        return value

    def _statement(self, s: ast.stmt, later: set[str]) -> None:
        if isinstance(s, ast.Assign) and len(s.targets) == 1:
            self._assign(s.targets[0], s.value, later)
        elif isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Add, ast.Sub)):
            value = self.numbers.real(self.read(s.value))
            value = self.numbers.operation("neg", value) if isinstance(s.op, ast.Sub) else value
            if isinstance(s.target, ast.Name):
                self.out.append(Add(self._variable(s.target), value))
            else:
                place = self._element(s.target)
                self.out.append(Store(place.pointer, place.at, value, True))
        elif isinstance(s, ast.For) and isinstance(s.target, ast.Name) and isinstance(s.iter, ast.Call) and not s.orelse:
            self._loop(s, s.target.id, s.iter)
        elif isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and isinstance(s.value.func, ast.Name):
            given = [self.read(a) for a in s.value.args]
            self.out.append(Run(s.value.func.id, tuple(self.numbers.index(v) if isinstance(v, int) else v for v in given)))
        elif isinstance(s, ast.If):
            test = self.numbers.truth(self.read(s.test))
            self.out.append(Branch(test, self.block(s.body), self.block(s.orelse)))
        elif not isinstance(s, ast.Pass) and not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            raise UnreadableError(construct(s))

    def _loop(self, s: ast.For, name: str, called: ast.Call) -> None:
        if ast.unparse(called.func) != "range":
            raise UnreadableError("a loop over something else than a range")
        given = [self.numbers.index(self.read(a)) for a in called.args]
        start, stop = (program.index(0), given[0]) if len(given) == 1 else given[:2]
        step = int(given[2].text) if len(given) == 3 and isinstance(given[2], program.Constant) else 1
        index = Name(name if name != "_" else self.numbers.fresh("round"), "index")
        body = self.block(s.body, **{name: index})
        sums = any(isinstance(x, Add) for x in body) and not self.reassociate
        neighbours = step == 1 and not sums and why_not_neighbours(body, index.name) is None
        lanes = step == 1 and name == "lane" and not neighbours and why_not_lanes(body, index.name) is None
        axis: Axis = "neighbours" if neighbours else "lanes" if lanes else "plain"
        self.out.append(Loop(index.name, axis, start, stop, _in_order(body) if lanes else body, step))

    def _assign(self, target: ast.expr, value: ast.expr, later: set[str]) -> None:
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = list(zip(target.elts, value.elts))
        values: list[Expression] = []
        for to, v in pairs:  # first all values, then the names, since they may be exchanged
            given = self.read(v)
            read = self.numbers.index(given) if isinstance(given, int) else given
            if len(pairs) > 1 and not isinstance(to, ast.Name):
                named = self.numbers.expression(self.numbers.named(read, "held"))
                self.out += self.numbers.body
                self.numbers.body.clear()
                read = named
            values.append(read)
        for (to, _), read in zip(pairs, values):
            if isinstance(to, ast.Name):
                self._name(to, read, later)
            else:
                place = self._element(to)
                self.out.append(Store(place.pointer, place.at, self.numbers.real(read)))

    def _name(self, to: ast.Name, value: Expression, later: set[str]) -> None:
        if to.id in self.env:
            self.out.append(Set(self._variable(to), value))
            return
        self.out.append(Variable(to.id, value) if to.id in later else Let(to.id, value))
        self.env[to.id] = Name(to.id, value.type)

    def _variable(self, target: ast.Name) -> str:
        if target.id not in self.env:
            raise UnreadableError("a name without a value")
        return target.id

    def _element(self, target: ast.expr) -> Load:
        if not isinstance(target, ast.Subscript):
            raise UnreadableError(construct(target))
        return self.element(self.read(target.value), self.read(target.slice))


def _in_order(body: Sequence[Statement]) -> tuple[Statement, ...]:
    """Statements whose loops run over nothing but indices in order: vectors hold the lanes of a loop around them."""
    return tuple(s._replace(axis="plain", body=_in_order(s.body)) if isinstance(s, Loop) else s for s in body)


def _assigned(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements, and nested ones, assign."""
    found = set()
    for node in (n for s in body for n in ast.walk(s)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        found |= {t.id for to in targets for t in ast.walk(to) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    return found


__all__ = ["read_procedure"]
