"""Columns of the table of primitives: the rules of one interpreter.

A column is a named mapping from primitives to rules, declared by the module that reads it: evaluation, a derivative,
a printer, the compiler.  A rule is registered where its idea lives, in that module or in one above it, so that a
primitive can bring all its rules along in a file of its own.  Elementwise rows have one rule for their class.

By default a column covers the whole table.  It may say that leaves have no rules, give the default for rows without a
rule, and leave rows out, with a reason.  :data:`COLUMNS` has all of them, so that a test can name missing rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, Union

from ..errors import MissingRuleError
from .primitive import TABLE, Primitive

Rule = TypeVar("Rule")
#: one row, or all rows of a class
Rows = Union[Primitive, type[Primitive]]

#: every column by name
COLUMNS: dict[str, Column[Any]] = {}


class Column(Generic[Rule]):
    """The rules of one interpreter, one per primitive.

    Args:
        name: its name in errors; in its module, the column has the same name in capitals.
        idea: the meaning of its rules, for authors of primitives.
        home: the module that declares it, ``__name__``.
        leaves: whether symbols, numbers and other leaves have rules.
        otherwise: the default for rows without a rule, in words.  Empty: every row needs a rule.

    >>> from exprgraph.graph.column import COLUMNS, Column
    >>> from exprgraph.graph.primitive import SUM, lookup
    >>> letters = Column("letters_doc", "a letter for a primitive", __name__)
    >>> letters.fill("s", SUM)
    >>> letters[SUM], letters.find(lookup("solve"))
    ('s', None)
    >>> letters[lookup("solve")]
    Traceback (most recent call last):
    ...
    exprgraph.errors.MissingRuleError: the primitive 'solve' has no rule in the column 'letters_doc' (a letter for a primitive); ...
    >>> del COLUMNS["letters_doc"]
    """

    __slots__ = ("_of_classes", "_rules", "find", "home", "idea", "leaves", "left_out", "name", "otherwise")

    def __init__(self, name: str, idea: str, home: str, *, leaves: bool = True, otherwise: str = "") -> None:
        self.name = name
        self.idea = idea
        self.home = home
        self.leaves = leaves
        self.otherwise = otherwise
        self._rules: dict[Primitive, Rule] = {}
        self._of_classes: dict[type[Primitive], Rule] = {}
        #: the rule of a row, or None; as long as no class has a rule, it is a look-up without a call of Python
        self.find: Callable[[Primitive], Rule | None] = self._rules.get
        #: rows that deliberately have no rule, with the reason
        self.left_out: dict[Rows, str] = {}
        if COLUMNS.setdefault(name, self) is not self:
            raise ValueError(f"there is a column named {name!r} already, in {COLUMNS[name].home}")

    def __repr__(self) -> str:
        return f"<column {self.name}>"

    def __getitem__(self, row: Primitive) -> Rule:
        """The rule of a row.

        Raises:
            MissingRuleError: there is none.
        """
        rule = self._rules.get(row)
        if rule is None and (rule := self._of_class(row)) is None:
            raise self._error(row)
        return rule

    def _find(self, row: Primitive) -> Rule | None:
        rule = self._rules.get(row)
        return self._of_class(row) if rule is None else rule

    def _of_class(self, row: Primitive) -> Rule | None:
        for kind in type(row).__mro__:
            if kind in self._of_classes:
                return self._of_classes[kind]
        return None

    def rule(self, *rows: Rows) -> Callable[[Rule], Rule]:
        """A decorator: the function is the rule of these rows, or of all rows of a class without their own."""

        def register(rule: Rule) -> Rule:
            self.fill(rule, *rows)
            return rule

        return register

    def fill(self, rule: Rule, *rows: Rows) -> None:
        """One rule for several rows."""
        for row in rows:
            if isinstance(row, type):
                known = self._of_classes.setdefault(row, rule)
                self.find = self._find
            else:
                known = self._rules.setdefault(row, rule)
            if known is not rule:
                raise ValueError(f"the column {self.name!r} has a rule for {row} already")

    def leave_out(self, reason: str, *rows: Rows) -> None:
        """Mark rows that deliberately have no rule; errors give the reason."""
        self.left_out.update(dict.fromkeys(rows, reason))

    @contextmanager
    def replaced(self, rule: Rule, row: Primitive) -> Iterator[None]:
        """Use another rule for a row inside the block; for tests of checks."""
        before = self._rules.get(row)
        self._rules[row] = rule
        try:
            yield
        finally:
            del self._rules[row]
            if before is not None:
                self._rules[row] = before

    def forget(self, row: Primitive) -> None:
        """Remove the rule of a row."""
        self._rules.pop(row, None)
        self.left_out.pop(row, None)

    def reason(self, row: Primitive) -> str | None:
        """The reason why a row deliberately has no rule; None for rows that should have one."""
        return next((self.left_out[kind] for kind in (row, *type(row).__mro__) if kind in self.left_out), None)

    def missing(self) -> list[Primitive]:
        """The rows of the table that should have a rule and have none."""
        if self.otherwise:
            return []
        rows = [row for row in TABLE.values() if self.leaves or not row.leaf]
        return [row for row in rows if self.find(row) is None and self.reason(row) is None]

    def _error(self, row: Primitive) -> MissingRuleError:
        reason = self.reason(row)
        said = f"the primitive {row.name!r} has no rule in the column {self.name!r} ({self.idea})"
        if reason is not None:
            return MissingRuleError(f"{said}: {reason}")
        return MissingRuleError(f"{said}; register one beside the primitive, with {self.home}.{self.name.upper()}.rule(...)")


__all__ = ["COLUMNS", "Column", "Rows"]
