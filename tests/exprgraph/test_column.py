"""The table is true: every column has a rule for every row that it covers, and a missing one is an error that says where it belongs."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator

import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.column import COLUMNS, Column
from exprgraph.graph.primitive import TABLE, Primitive, lookup
from exprgraph.meaning.evaluate import EVALUATE

for _module in pkgutil.walk_packages(eg.__path__, "exprgraph."):  # every column is declared when its module is imported
    importlib.import_module(_module.name)
NAMES = sorted(COLUMNS)


@pytest.fixture
def column() -> Iterator[Column[str]]:
    """A column that covers everything but leaves, and has no rules yet."""
    yield Column("of_a_test", "a word for a primitive", __name__, leaves=False)
    del COLUMNS["of_a_test"]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_has_a_rule_for_every_row(name: str) -> None:
    """Or says what becomes of a row without one, or why some have none."""
    assert COLUMNS[name].missing() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_found_under_its_name_in_the_module_that_declares_it(name: str) -> None:
    """Errors lead there."""
    column = COLUMNS[name]
    assert getattr(sys.modules[column.home], name.upper()) is column
    assert column.idea and column.idea[0].islower() and not column.idea.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_out_has_no_rule_and_a_reason(name: str) -> None:
    column = COLUMNS[name]
    for row, reason in column.left_out.items():
        assert reason
        assert isinstance(row, type) or column.find(row) is None


def test_a_missing_rule_names_the_primitive_and_the_column_and_says_where_it_belongs(column: Column[str]) -> None:
    with pytest.raises(eg.MissingRuleError, match=r"primitive 'solve' has no rule in the column 'of_a_test' \(a word for a primitive\)"):
        column[lookup("solve")]
    with pytest.raises(eg.MissingRuleError, match=rf"register one beside the primitive, with {__name__}\.OF_A_TEST\.rule"):
        column[lookup("solve")]


def test_what_is_missing_is_named(column: Column[str]) -> None:
    column.fill("function", Function)
    column.leave_out("it is too hard", lookup("solve"))
    missing = {row.name for row in column.missing()}
    assert {"sum", "select", "norm"} <= missing
    assert not {"tanh", "solve", "symbol"} & missing
    with pytest.raises(eg.MissingRuleError, match=r"'solve' .*: it is too hard$"):
        column[lookup("solve")]


def test_a_row_has_its_own_rule_before_that_of_its_class(column: Column[str]) -> None:
    column.fill("function", Function)
    column.fill("own", lookup("tanh"))
    assert (column[lookup("tanh")], column[lookup("sin")]) == ("own", "function")
    column.forget(lookup("tanh"))
    assert column.find(lookup("tanh")) == "function"
    assert column.find(lookup("sum")) is None


def test_a_rule_is_registered_once(column: Column[str]) -> None:
    column.fill("word", lookup("sum"), Function)
    for row in (lookup("sum"), Function):
        with pytest.raises(ValueError, match="the column 'of_a_test' has a rule for"):
            column.fill("another", row)
    with pytest.raises(ValueError, match="there is a column named 'of_a_test' already"):
        Column("of_a_test", "twice", __name__)


def test_a_primitive_without_rules_meets_an_error_that_names_it() -> None:
    row = Primitive("unheard_of")
    x = eg.Symbol("x")
    with pytest.raises(eg.MissingRuleError, match="'unheard_of' has no rule in the column 'evaluate'"):
        EVALUATE[row]
    assert row.name not in TABLE and x.op in TABLE.values()
