"""Which changes a module gets, and that each one is another program."""

from __future__ import annotations

import ast

from .operators import mutants, mutated

TEXT = """\
LIMIT = 8
def f(a, b):
    if a < 1 and b:
        return max(a, b)
    return a + 2
@cache
def g(a):
    return a + 2
"""


def changes(path: str) -> list[tuple[int, str]]:
    return [(m.line, m.change) for m in mutants(path, TEXT)]


def test_plain_changes_are_left_to_mutmut_in_the_functions_it_switches() -> None:
    assert changes("exprgraph/some.py") == [
        (1, "8 -> 9"),
        (3, "condition -> True"),
        (3, "condition -> False"),
        (3, "operand 1 of And left out"),
        (3, "operand 2 of And left out"),
        (3, "Lt -> Gt"),
        (4, "return -> None"),
        (4, "max -> min"),
        (5, "return -> None"),
        (8, "return -> None"),
        (8, "Add -> Sub"),
        (8, "2 -> 3"),
    ]


def test_functions_compiled_from_their_source_have_plain_changes_too() -> None:
    found = changes("exprgraph/loops/formulas/some.py")
    assert [change for line, change in found if line == 3] == [
        "condition -> True",
        "condition -> False",
        "operand 1 of And left out",
        "operand 2 of And left out",
        "And -> Or",
        "Lt -> Gt",
        "Lt -> LtE",
        "1 -> 2",
    ]


def test_each_mutant_is_another_program() -> None:
    made = [mutated("exprgraph/runtime.py", TEXT, m.number) for m in mutants("exprgraph/runtime.py", TEXT)]
    assert len(set(made)) == len(made) > 12
    assert ast.unparse(ast.parse(TEXT)) + "\n" not in made
