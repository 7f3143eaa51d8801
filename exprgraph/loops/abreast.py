"""Straight-line code in an order in which independent calls of one function stand side by side.

Printers compute such calls as lanes of vectors.  Only the order of statements changes, and calls inside of expressions get
names, so that every number is computed as before.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple, Union

from .program import Call, Constant, Expression, Let, Load, Name, Operation, Statement, Store
from .verify import parts_of

#: the operations of a function as a vector, in times of its operations as a number: vectors may be slower
SLOWER = 1.5
#: the operations that bring a number into a lane, or out of one
CARRIED = 2


class Abreast(NamedTuple):
    """Calls that do not depend on each other, each with a name."""

    calls: tuple[Let, ...]


Item = Union[Statement, Abreast]
#: the number of operations of a function; 0 if it cannot be computed in lanes
Size = Callable[[str], int]
#: the arguments of calls: names and constants
_Arguments = tuple[Expression, ...]


def abreast(body: Sequence[Statement], lanes: int, size: Size, alone: Container[str]) -> list[Item]:
    """Statements in another order, with independent calls side by side where a vector of them takes less time.

    The arrays that ``alone`` names overlap no other.

    >>> from exprgraph.loops.program import index
    >>> x, y, a, o = Name("x", "real"), Name("y", "real"), Name("a", "reals"), Name("o", "reals")
    >>> two = Operation("add", (Call("sin", (x,)), Call("sin", (y,))), "real")
    >>> body = [Let("x", Load(a, index(0))), Let("y", Load(a, index(1))), Store(o, index(0), two)]
    >>> for item in abreast(body, 8, lambda name: 40, {"a", "o"}):
    ...     print(item)
    x = a[0]
    y = a[1]
    Abreast(calls=(call0 = sin(x), call1 = sin(y)))
    o[0] = call0 + call1
    """
    if lanes < 2 or not all(isinstance(s, (Let, Store)) for s in body):
        return list(body)
    parts = [x for s in body for x in _parts(s)]
    if sum(size(x.function) > 0 for x in parts if isinstance(x, Call) and not x.library) < 2:
        return list(body)
    named = _Named(body, parts, size)
    return list(_Order(named.statements, named.calls, lanes, size, alone).items())


def _parts(s: Statement) -> Iterable[Expression]:
    """The expressions in a statement."""
    assert isinstance(s, (Let, Store))
    if isinstance(s, Let):
        return parts_of(s.value)
    return parts_of(s.value) if isinstance(s.at, Constant) else (*parts_of(s.value), *parts_of(s.at))


class _Named:
    """The statements of a body with each call that can be computed in lanes as a statement of its own.

    Attributes:
        statements: in order.
        calls: the places of the calls.
    """

    def __init__(self, body: Sequence[Statement], parts: Sequence[Expression], size: Size) -> None:
        self.statements: list[Let | Store] = []
        self.calls: list[int] = []
        self._size = size
        self._taken = {s.name for s in body if isinstance(s, Let)} | {x.name for x in parts if isinstance(x, Name)}
        self._count = 0
        self._known: dict[Call, Name] = {}
        self._same: dict[str, Expression] = {}  # names for values that have another name or are constants
        for s in body:
            assert isinstance(s, (Let, Store))
            value = self._without_calls(s.value)
            if isinstance(s, Store):
                self.statements.append(s._replace(at=self._without_calls(s.at), value=value))
            elif isinstance(value, (Name, Constant)):
                self._same[s.name] = value
            else:
                self.statements.append(Let(s.name, value))

    def _without_calls(self, e: Expression) -> Expression:
        if isinstance(e, Name):
            return self._same.get(e.name, e)
        if isinstance(e, Constant):
            return e
        if isinstance(e, Load):
            return e if isinstance(e.at, Constant) else Load(e.pointer, self._without_calls(e.at))
        if isinstance(e, Operation):
            return Operation(e.op, tuple([self._without_calls(a) for a in e.args]), e.type)
        args = tuple(map(self._without_calls, e.args))
        if e.library or not self._size(e.function):
            return e._replace(args=args)
        call = e._replace(args=tuple(a if isinstance(a, (Name, Constant)) else self._named(a) for a in args))
        if call not in self._known:
            self._known[call] = self._named(call)
            self.calls.append(len(self.statements) - 1)
        return self._known[call]

    def _named(self, value: Expression) -> Name:
        while (name := f"call{self._count}") in self._taken:
            self._count += 1
        self._count += 1
        self.statements.append(Let(name, value))
        return Name(name, value.type)


class _Order:
    """Statements in an order of their dependences: what needs no further call first, then as many calls as possible."""

    def __init__(self, statements: Sequence[Let | Store], calls: Sequence[int], lanes: int, size: Size, alone: Container[str]) -> None:
        self.statements = statements
        self.lanes = lanes
        self.size = size
        self.readers: list[list[int]] = [[] for _ in statements]
        self.waiting = [0] * len(statements)
        #: numbers that are in memory from the beginning are loaded at their first use, so that they do not wait in registers
        self.loads: set[int] = set()
        self.loaded_for: list[list[int]] = [[] for _ in statements]
        for k, before in enumerate(_dependences(statements, alone)):
            if not before and isinstance(s := statements[k], Let) and isinstance(s.value, Load):
                self.loads.add(k)
            for i in sorted(before):
                if i in self.loads:
                    self.loaded_for[k].append(i)
                else:
                    self.waiting[k] += 1
                    self.readers[i].append(k)
        self.family = _families([_call(statements[k]) for k in calls])
        self.is_call = [False] * len(statements)
        for k in calls:
            self.is_call[k] = True
        #: the operations of the calls on the longest way from a statement to the end
        self.ahead = [0] * len(statements)
        for k in reversed(range(len(statements))):
            own = size(_call(statements[k]).function) if self.is_call[k] else 0
            self.ahead[k] = own + max((self.ahead[r] for r in self.readers[k]), default=0)
        self.ready: list[int] = []
        #: of each family, the arguments of calls that can be made, urgent ones first
        self.arguments: dict[str, list[tuple[int, int, _Arguments]]] = {f: [] for f in self.family.values()}
        self.callable: dict[tuple[str, _Arguments], list[int]] = {}

    def items(self) -> Iterator[Item]:
        """The statements and groups of calls in order."""
        for k, count in enumerate(self.waiting):
            if not count and k not in self.loads:
                self._add(k)
        heapify(self.ready)
        while True:
            while self.ready:
                k = heappop(self.ready)
                yield from self._loaded(k)
                yield self.statements[k]
                self._made(k)
            family = max(self.arguments, key=lambda f: min(len(self.arguments[f]), self.lanes))
            if not self.arguments[family]:
                return
            chosen = [heappop(self.arguments[family])[2] for _ in range(min(self.lanes, len(self.arguments[family])))]
            calls = [k for given in chosen for k in self.callable.pop((family, given))]
            lets = [s for k in calls if isinstance(s := self.statements[k], Let)]
            for k in calls:
                yield from self._loaded(k)
            if self._is_quicker(lets, len(chosen)):
                yield Abreast(tuple(lets))
            else:
                yield from lets
            for k in calls:
                self._made(k)

    def _loaded(self, k: int) -> Iterator[Item]:
        """The loads that a statement needs, and that are not made yet."""
        for i in self.loaded_for[k]:
            if i in self.loads:
                self.loads.remove(i)
                yield self.statements[i]

    def _add(self, k: int) -> None:
        """A statement that waits for nothing."""
        if not self.is_call[k]:
            heappush(self.ready, k)
            return
        call = _call(self.statements[k])
        family = self.family[call.function]
        together = self.callable.setdefault((family, call.args), [])
        if not together:
            heappush(self.arguments[family], (-self.ahead[k], k, call.args))
        together.append(k)

    def _made(self, k: int) -> None:
        for r in self.readers[k]:
            self.waiting[r] -= 1
            if not self.waiting[r]:
                self._add(r)

    def _is_quicker(self, lets: Sequence[Let], rows: int) -> bool:
        """Whether a vector of calls takes less time than one after another."""
        functions = {_call(s).function for s in lets}
        vector = SLOWER * sum(map(self.size, functions)) + CARRIED * (rows * len(_call(lets[0]).args) + len(lets))
        return rows > 1 and vector < sum(self.size(_call(s).function) for s in lets)


def _call(s: Let | Store) -> Call:
    assert isinstance(s.value, Call)
    return s.value


def _families(calls: Sequence[Call]) -> dict[str, str]:
    """A family for each function: functions of the same arguments share work, as sine and cosine do."""
    parent = {c.function: c.function for c in calls}

    def first(f: str) -> str:
        while parent[f] != f:
            parent[f] = f = parent[parent[f]]
        return f

    known: dict[_Arguments, str] = {}
    for c in calls:
        parent[first(c.function)] = first(known.setdefault(c.args, c.function))
    return {f: first(f) for f in parent}


def _dependences(statements: Sequence[Let | Store], alone: Container[str]) -> Iterator[set[int]]:
    """For each statement, earlier ones that must come before it: definitions of its names, and accesses to the same number."""
    defined: dict[str, int] = {}
    parts = [list(_parts(s)) for s in statements]
    places = _Places(statements, parts, alone)
    stored: dict[object, int] = {}
    loaded: dict[object, list[int]] = {}
    for k, s in enumerate(statements):
        before = set()
        for x in parts[k]:
            if isinstance(x, Name) and x.name in defined:
                before.add(defined[x.name])
            elif isinstance(x, Load):
                place = places.of(x.pointer, x.at)
                if place in stored:
                    before.add(stored[place])
                loaded.setdefault(place, []).append(k)
        if isinstance(s, Let):
            defined[s.name] = k
        else:
            place = places.of(s.pointer, s.at)
            before.update(loaded.pop(place, ()))
            if place in stored:
                before.add(stored[place])
            before.discard(k)
            stored[place] = k
        yield before


class _Places:
    """Numbers in memory: those of an array are told apart if all their addresses are known, and it overlaps no other."""

    def __init__(self, statements: Sequence[Let | Store], parts: Sequence[Sequence[Expression]], alone: Container[str]) -> None:
        self._alone = alone
        reached = [x for own in parts for x in own if isinstance(x, Load)]
        self._unknown = {x.pointer.name for x in reached if not isinstance(x.at, Constant)}
        self._unknown |= {s.pointer.name for s in statements if isinstance(s, Store) and not isinstance(s.at, Constant)}

    def of(self, pointer: Name, at: Expression) -> object:
        """The number at an address, or the whole array, or all arrays that may overlap."""
        if pointer.name not in self._alone:
            return None
        return pointer.name if pointer.name in self._unknown else (pointer.name, at)


__all__ = ["Abreast", "Item", "Size", "abreast"]
