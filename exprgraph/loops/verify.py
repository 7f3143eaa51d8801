"""The verifier of loop programs, run on every program that a test builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Union

from .errors import LoopError
from .operations import LIBRARY, type_of
from .program import (
    Add,
    Branch,
    Call,
    Constant,
    Each,
    Expression,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Operation,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
)
from .types import Type


def verify(program: Loops) -> None:
    """Check a whole program.

    Raises:
        LoopError: the program is invalid; the message names the fault, and its procedure or function.
    """
    functions = {f.name: f for f in program.functions}
    procedures = {p.name: p for p in (*program.library, *program.kernels)}
    for many in (program.functions, (*program.library, *program.kernels)):
        _once([x.name for x in many], "the program")
    known: set[str] = set()
    for f in program.functions:  # callees first, so that none calls itself
        verify_function(f, {n: functions[n] for n in known})
        known.add(f.name)
    for p in procedures.values():
        verify_procedure(p, functions, procedures)
    given = program.driver_names()
    for k, part in enumerate(program.parts):
        own = [Name(n, "index") for n in ("first", "n")] if part.samples else []
        check = _Check(f"part {k} of the driver", functions, procedures, True)
        check.block(part.before, {n.name: n.type for n in given}, set())
        check.block(part.body, {n.name: n.type for n in (*given, *own)}, set())


def verify_function(f: Function, functions: Mapping[str, Function]) -> None:
    """Check one function, which may call only ``functions``.

    Raises:
        LoopError: it is invalid.
    """
    if f.source:
        return
    check = _Check(f"function {f.name}", functions, {}, False)
    _once(f.parameters, check.where)
    names: dict[str, Type] = dict.fromkeys(f.parameters, "real")
    check.block(f.body, names, set())
    names.update({s.name: s.value.type for s in f.body})
    check.expect("the result", f.result, "real", names)


def verify_procedure(p: Procedure, functions: Mapping[str, Function], procedures: Mapping[str, Procedure]) -> None:
    """Check one procedure.

    Raises:
        LoopError: it is invalid.
    """
    check = _Check(f"procedure {p.name}", functions, procedures, p.reassociate)
    _once([n.name for n in p.parameters], check.where)
    check.block(p.body, {n.name: n.type for n in p.parameters}, set())


def _once(names: Sequence[str], where: str) -> None:
    twice = {n for n in names if names.count(n) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise LoopError(f"{where}: {', '.join(sorted(twice))} is there twice")


class _Check:
    """The check of one function, procedure or part."""

    def __init__(self, where: str, functions: Mapping[str, Function], procedures: Mapping[str, Procedure], reassociate: bool) -> None:
        self.where = where
        self.functions = functions
        self.procedures = procedures
        self.reassociate = reassociate

    def fault(self, what: str) -> LoopError:
        return LoopError(f"{self.where}: {what}")

    # -- expressions

    def expect(self, what: str, e: Expression, wanted: Type, names: Mapping[str, Type]) -> None:
        """Check an expression, and that it has a type."""
        self.expression(e, names)
        if e.type != wanted:
            raise self.fault(f"{what} is {wanted}, got {e!r}, which is {e.type}")

    def expression(self, e: Expression, names: Mapping[str, Type]) -> None:
        for x in parts_of(e):
            if isinstance(x, Name):
                self._name(x, names)
            elif isinstance(x, Constant):
                self._constant(x)
            elif isinstance(x, Operation):
                try:
                    gives = type_of(x.op, [a.type for a in x.args])
                except LoopError as error:
                    raise self.fault(f"{x!r}: {error}") from None
                if gives != x.type:
                    raise self.fault(f"{x!r} is {gives}, not {x.type}")
            elif isinstance(x, Load):
                if x.pointer.type not in ("reals", "indices") or x.at.type != "index":
                    raise self.fault(f"{x!r} is not an element of an array by an index")
            else:
                self._call(x)

    def _name(self, x: Name, names: Mapping[str, Type]) -> None:
        known = names.get(x.name)
        if known is None:
            raise self.fault(f"{x.name} has no value here")
        if known != x.type:
            raise self.fault(f"{x.name} is {known}, and used as {x.type}")

    def _constant(self, x: Constant) -> None:
        try:
            value = x.value
        except ValueError:
            raise self.fault(f"{x.text!r} is not of type {x.type}") from None
        if x.type in ("reals", "indices") or repr(value) != x.text or (x.type == "index" and not 0 <= value < 2**64):
            raise self.fault(f"{x.text!r} is not of type {x.type}")

    def _call(self, x: Call) -> None:
        if x.library:
            wanted = LIBRARY.get(x.function)
        else:
            found = self.functions.get(x.function)
            wanted = len(found.parameters) if found is not None else None
        if wanted is None:
            raise self.fault(f"{x!r}: there is no function {x.function}")
        if len(x.args) != wanted or any(a.type != "real" for a in x.args):
            raise self.fault(f"{x!r}: {x.function} takes {wanted} reals, got {', '.join(a.type for a in x.args)}")

    # -- statements

    def block(self, body: Iterable[Statement], outer: Mapping[str, Type], variables: set[str]) -> None:
        """Check statements; ``variables`` are the names of ``outer`` that change."""
        names, variables = dict(outer), set(variables)
        for s in body:
            self._statement(s, names, variables)

    def _statement(self, s: Statement, names: dict[str, Type], variables: set[str]) -> None:
        if isinstance(s, (Let, Variable)):
            value = s.value if isinstance(s, Let) else s.start
            self.expression(value, names)
            if s.name in names:
                raise self.fault(f"{s.name} has a value already")
            names[s.name] = value.type
            if isinstance(s, Variable):
                variables.add(s.name)
        elif isinstance(s, (Set, Add)):
            if s.name not in variables:
                raise self.fault(f"{s.name} is not a variable")
            self.expect(s.name, s.value, "real" if isinstance(s, Add) else names[s.name], names)
            if isinstance(s, Add) and names[s.name] != "real":
                raise self.fault(f"{s.name} is {names[s.name]}; accumulators are real")
        elif isinstance(s, Store):
            self.expect("an address", s.at, "index", names)
            self.expect("a stored number", s.value, "real", names)
            self.expect("where a number is stored", s.pointer, "reals", names)
        elif isinstance(s, Loop):
            self._loop(s, names, variables)
        elif isinstance(s, Branch):
            self.expect("a condition", s.test, "truth", names)
            self.block(s.then, names, variables)
            self.block(s.otherwise, names, variables)
        elif isinstance(s, Switch):
            self.expect("what is chosen by", s.on, "index", names)
            _once([str(k) for k, _ in s.cases], f"{self.where}: a switch")
            for _, body in s.cases:
                self.block(body, names, variables)
        elif isinstance(s, Each):
            for p in s.pointers:
                self.expect("an array", p, "reals", names)
            self.block(s.body, self._inside(names, {s.index: "index", s.pointer: "reals"}), variables)
        elif isinstance(s, Run):
            self._run(s, names)
        else:
            raise self.fault(f"{type(s).__name__} is not a statement")

    def _loop(self, s: Loop, names: Mapping[str, Type], variables: set[str]) -> None:
        self.expect("where a loop begins", s.start, "index", names)
        self.expect("where a loop ends", s.stop, "index", names)
        if s.step < 1:
            raise self.fault(f"the loop over {s.index} has steps of {s.step}")
        if s.axis not in _WHY_NOT and s.axis != "plain":
            raise self.fault(f"the loop over {s.index} runs over {s.axis!r}")
        if s.axis != "plain":
            reason = _WHY_NOT[s.axis](s.body, s.index)
            if s.step != 1:
                reason = f"it has steps of {s.step}"
            if reason is None and not self.reassociate and any(isinstance(x, Add) for x in s.body):
                reason = "it adds up, and nothing may be reassociated"
            if reason is not None:
                raise self.fault(f"the loop over {s.index} does not run over {s.axis}: {reason}")
        self.block(s.body, self._inside(names, {s.index: "index"}), variables)

    def _inside(self, names: Mapping[str, Type], new: Mapping[str, Type]) -> dict[str, Type]:
        for n in new:
            if n in names:
                raise self.fault(f"{n} has a value already")
        return {**names, **new}

    def _run(self, s: Run, names: Mapping[str, Type]) -> None:
        found = self.procedures.get(s.procedure)
        if found is None:
            raise self.fault(f"there is no procedure {s.procedure}")
        for a in s.args:
            self.expression(a, names)
        wanted = [p.type for p in found.parameters]
        if [a.type for a in s.args] != wanted:
            raise self.fault(f"{s.procedure} takes {', '.join(wanted)}, got {', '.join(a.type for a in s.args)}")


def parts_of(e: Expression) -> Iterator[Expression]:
    """An expression and all its parts."""
    stack: list[Expression] = [e]
    while stack:
        x = stack.pop()
        yield x
        if isinstance(x, (Operation, Call)):
            stack += x.args
        elif isinstance(x, Load):
            stack += (x.pointer, x.at)


def why_not_neighbours(body: Sequence[Statement], index: str) -> str | None:
    """The reason why the iterations of a loop cannot be lanes of vectors; ``None`` if they can.

    Addresses must be ``index`` plus a loop invariant, or invariant; stores need the first form.  Addresses may be compared for
    equality.  Nothing else may depend on the index, and variables may only be accumulated.
    """
    varying = {index}  # names of values that differ between iterations; only numbers are examined further
    for s in body:
        if isinstance(s, (Let, Add)):
            reason = _used_as_address(s.value, index)
            if isinstance(s, Let) and any(isinstance(x, Name) and x.name in varying for x in parts_of(s.value)):
                varying.add(s.name)
        elif isinstance(s, Store):
            reason = _used_as_address(s.value, index) or _address(s.at, index)
            if reason is None and not _mentions(s.at, index):
                reason = f"every round stores at {s.at!r}"
        else:
            return f"there is {str(type(s).__name__).lower()} in it"
        if reason is not None:
            return reason
    return _moved_with(body, varying - {index})


def why_not_lanes(body: Sequence[Statement], index: str) -> str | None:
    """The reason why the rounds of a loop cannot be the lanes of vectors; ``None`` if they can.

    Beyond what loops over neighbours may do, lanes may have loops inside, all with the same bounds, and variables of their own.
    """
    if not any(isinstance(s, Loop) for s in body):
        return why_not_neighbours(body, index)
    flat: list[_Flat] = []
    bounds: list[Expression] = []
    pending: list[Sequence[Statement]] = [body]
    while pending:
        for s in pending.pop():
            if isinstance(s, Loop) and s.axis != "lanes":
                bounds += (s.start, s.stop)
                pending.append(s.body)
            elif isinstance(s, (Let, Variable, Set, Add, Store)):
                flat.append(s)
            else:
                return f"there is {str(type(s).__name__).lower()} in it"
    own = {s.name for s in flat if isinstance(s, (Let, Variable))}
    for s in flat:
        reason = _used_as_address(_value_of(s), index)
        if isinstance(s, Store):
            reason = reason or _address(s.at, index) or (None if _mentions(s.at, index) else f"every round stores at {s.at!r}")
        elif isinstance(s, (Set, Add)) and s.name not in own:
            reason = reason or f"{s.name} is a variable of all rounds"
        if reason is not None:
            return reason
    varying, more = set[str](), {index}
    while not more <= varying:  # a variable may vary because of a later statement
        varying |= more
        more = {s.name for s in flat if not isinstance(s, Store) and _mentions_any(_value_of(s), varying)}
    if any(_mentions_any(e, varying) for e in bounds):
        return "a loop in it differs between rounds"
    return _moved_with(flat, varying - {index})


def why_not_anywhere(body: Sequence[Statement], index: str) -> str | None:
    """The reason why the iterations of a loop cannot be lanes of vectors, whose elements lie anywhere; ``None`` if they can.

    Addresses are sums of loop invariants, of multiples of ``index``, and of words of tables at such addresses, which have names.
    Every iteration stores elsewhere, and reads nothing that another stores: only who writes the loop knows that.
    """
    moving = {index}  # names of indices that differ between iterations
    varying = set[str]()  # other names that differ
    for s in body:
        if not isinstance(s, (Let, Store)):
            return f"there is {str(type(s).__name__).lower()} in it"
        if isinstance(s, Store) and s.add:
            return "it adds to what is stored"
        if isinstance(s, Store) and not _mentions_any(s.at, moving):
            return f"every round stores at {s.at!r}"
        if isinstance(s, Let) and s.value.type == "index":
            if not isinstance(s.value, Load) or _mentions_any(s.value, varying):
                return f"{s.name} is computed of the index"
            if _mentions_any(s.value, moving):
                moving.add(s.name)
            addresses: list[Expression] = [s.value.at]
        else:
            addresses = [x.at for x in parts_of(s.value) if isinstance(x, Load)]
            if isinstance(s, Let) and _mentions_any(s.value, moving | varying):
                varying.add(s.name)
        reason = _outside_of_addresses(s, moving)
        for at in [*addresses, *([s.at] if isinstance(s, Store) else [])]:
            reason = reason or _sum_of_multiples(at, moving, varying)
        if reason is not None:
            return reason
    return None


def _outside_of_addresses(s: Let | Store, moving: set[str]) -> str | None:
    """A use of an index that differs between iterations, other than in an address."""
    stack: list[Expression] = [s.value]
    while stack:
        x = stack.pop()
        if isinstance(x, Name) and x.name in moving:
            return f"{s.value!r} is computed of {x.name}"
        if isinstance(x, (Operation, Call)):
            stack += x.args
    return None


def _sum_of_multiples(at: Expression, moving: set[str], varying: set[str]) -> str | None:
    """The reason why an address is not a sum of loop invariants, of moving indices, and of multiples of these."""
    terms: list[Expression] = [at]
    while terms:
        t = terms.pop()
        if isinstance(t, Operation) and t.op == "add":
            terms += t.args
        elif _mentions_any(t, varying):
            return f"the address {at!r} is computed of numbers"
        elif _mentions_any(t, moving) and not isinstance(t, Name):
            factors = t.args if isinstance(t, Operation) and t.op == "mul" else ()
            if len(factors) != 2 or not isinstance(factors[0], Name) or _mentions_any(factors[1], moving):
                return f"{t!r} is no multiple of an index"
    return None


#: statements without statements inside
_Flat = Union[Let, Variable, Set, Add, Store]


def _value_of(s: _Flat) -> Expression:
    return s.start if isinstance(s, Variable) else s.value


def _mentions_any(e: Expression, names: set[str]) -> bool:
    return any(isinstance(x, Name) and x.name in names for x in parts_of(e))


def _moved_with(body: Sequence[Statement], varying: set[str]) -> str | None:
    """An address computed from numbers that differ between iterations."""
    for s in body:
        values = [_value_of(s)] if isinstance(s, (Let, Variable, Set, Add, Store)) else []
        values += [s.at] if isinstance(s, Store) else []
        for e in values:
            for x in parts_of(e):
                ats = [x.at] if isinstance(x, Load) else []
                if e is getattr(s, "at", None) and x is e:
                    ats.append(x)
                for at in ats:
                    if any(isinstance(y, Name) and y.name in varying for y in parts_of(at)):
                        return f"the address {at!r} differs between rounds by more than the index"
    return None


def _mentions(e: Expression, index: str) -> bool:
    return any(isinstance(x, Name) and x.name == index for x in parts_of(e))


def _used_as_address(e: Expression, index: str) -> str | None:
    """A use of the loop's index in an expression, other than as the index of a load, or compared as such."""
    stack: list[Expression] = [e]
    while stack:
        x = stack.pop()
        if isinstance(x, Load):
            reason = _address(x.at, index)
            if reason is not None:
                return reason
            if x.pointer.type == "indices" and _mentions(x.at, index):
                return f"{x!r} is an index of its own in each round"
        elif isinstance(x, Operation) and x.op == "eq" and x.args[0].type == "index":
            reason = _address(x.args[0], index) or _address(x.args[1], index)
            if reason is not None:
                return reason
            stack += [y for a in x.args for y in parts_of(a) if isinstance(y, Load)]
        elif isinstance(x, (Operation, Call)):
            stack += x.args
        elif isinstance(x, Name) and x.name == index:
            return f"{e!r} is computed of the index"
    return None


def _address(at: Expression, index: str) -> str | None:
    """The reason why an address is not the index plus a loop invariant."""
    terms: list[Expression] = [at]
    count = 0
    while terms:
        t = terms.pop()
        if isinstance(t, Operation) and t.op == "add":
            terms += t.args
        elif isinstance(t, Name) and t.name == index:
            count += 1
        elif _mentions(t, index):
            return f"the address {at!r} is not {index} plus a number"
    return f"the address {at!r} has {index} in it {count} times" if count > 1 else None


#: by axis: why the iterations of a loop cannot be lanes of vectors
_WHY_NOT = {"lanes": why_not_lanes, "neighbours": why_not_neighbours, "anywhere": why_not_anywhere}

__all__ = ["parts_of", "verify", "verify_function", "verify_procedure", "why_not_anywhere", "why_not_lanes", "why_not_neighbours"]
