"""The packages' shape is no worse than the limits say; each measure finds what is planted."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from .limits import LIMITS
from .measures import Measure, circles, inner_imports, measures
from .picture import FILE, layers, picture
from .sources import Module, read


def test_no_measure_is_above_its_limit_and_the_picture_is_current() -> None:
    """One test, since reading all modules takes seconds, and processes of a parallel run would each do it."""
    modules = read()
    found = {m.name: m for m in measures(modules)}
    assert LIMITS.keys() == found.keys()
    above = []
    for name, limit in LIMITS.items():
        if found[name].value > limit:
            listed = "\n  ".join(textwrap.shorten(finding, 160) for finding in found[name].findings[:25])
            above.append(f"{name}: {found[name].value}, where tests/structure/limits.py allows {limit}:\n  {listed}")
    if FILE.read_text(encoding="utf-8") != picture(modules):
        above.append("the picture of the layers is old; run: python -m tests.structure --picture")
    if above:
        pytest.fail("\n".join(above), pytrace=False)


def packages(tmp_path: Path, **sources: str) -> dict[str, Module]:
    """An engine of these modules (``a__b`` is b in the folder a), beside empty networks."""
    for name, text in {"__init__": "", **sources}.items():
        file = tmp_path / "exprgraph" / f"{name.replace('__', '/') if name != '__init__' else name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "symnn").mkdir()
    (tmp_path / "symnn" / "__init__.py").write_text("")
    return read(tmp_path)


def found(modules: dict[str, Module], name: str) -> Measure:
    return next(m for m in measures(modules) if m.name == name)


#: a primitive, and a function that makes it
TABLE = "def enter(row): ...\nA = enter(Primitive('a'))\n"


def test_a_circle_through_a_function_is_found(tmp_path: Path) -> None:
    two = "def f():\n    from . import one\n"
    modules = packages(tmp_path, table=TABLE, one="from .two import f\n", two=two, three="from . import one\n")
    assert found(modules, "circles of modules, imports at the head").value == 0
    assert found(modules, "circles of modules, imports in functions too").findings == ("exprgraph/one.py <-> exprgraph/two.py",)


def test_a_circle_of_types_is_found_apart(tmp_path: Path) -> None:
    two = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .one import T\nf = 1\n"
    modules = packages(tmp_path, table=TABLE, one="from .two import f\n", two=two)
    assert found(modules, "circles of modules, imports in functions too").value == 0
    assert found(modules, "circles of modules, imports for types too").value == 1
    assert found(modules, "imports in functions").value == 0


def test_a_circle_of_folders_needs_no_circle_of_modules(tmp_path: Path) -> None:
    modules = packages(tmp_path, table=TABLE, a__one="from ..b.two import f\n", b__two="f = 1\n", b__three="from ..a.one import f\n")
    assert found(modules, "circles of modules, imports at the head").value == 0
    assert found(modules, "circles of folders").findings == ("exprgraph/a <-> exprgraph/b",)


def test_circles_that_meet_are_one() -> None:
    assert circles({"a": "b", "b": "ac", "c": "b", "d": "a", "e": "f", "f": "e"}) == ["a <-> b <-> c", "e <-> f"]


def test_the_reason_of_an_inner_import_is_the_comment_beside_or_above_it(tmp_path: Path) -> None:
    text = """\
def f():
    # both are loaded late
    import json
    from . import table
    x = 1
    import os  # noqa: E402
    import sympy
    if x:
        import re  # seldom wanted
"""
    modules = packages(tmp_path, table=TABLE, one=text)
    assert [(i.target, i.reason) for _, i in inner_imports(modules)] == [
        ("json", "both are loaded late"),
        ("exprgraph/table.py", "both are loaded late"),
        ("os", ""),
        ("re", "seldom wanted"),
    ]


def test_lines_of_code_leave_out_docstrings_comments_and_blank_lines(tmp_path: Path) -> None:
    text = '''\
"""Says.

More."""

# why
def f(
    x,
):
    """Says.

    More.
    """

    # a comment
    return """
    text"""
'''
    module = packages(tmp_path, table=TABLE, one=text)["exprgraph/one.py"]
    assert sorted(module.code_lines) == [6, 7, 8, 15, 16]
    assert [(f.name, f.lines, f.code) for f in module.functions] == [("f", 11, 5)]


def test_private_names_hidden_imports_and_small_files_are_found(tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        table=TABLE,
        one="import math\n_x = 1\nclass C:\n    def _m(self): ...\n__all__ = ['C', 'math']\n",
        two="from .one import C, _x\nfrom .table import A\nC()._m()\nprint(A, _x)\n",
        three="class C: ...\nclass D: ...\n",
    )
    assert found(modules, "class names that several modules of a package define").findings == ("C: exprgraph/one.py exprgraph/three.py",)
    assert found(modules, "private names used by another module").findings == (
        "exprgraph/two.py:1 _x of exprgraph/one.py",
        "exprgraph/two.py:3 C()._m",
    )
    assert found(modules, "unused imports hidden by __all__").findings == ("exprgraph/one.py:1 math",)
    assert "4 exprgraph/two.py, used by none" in found(modules, "files below 25 lines of code with one user").findings
    assert found(modules, "files that ask for one primitive, at most").findings == ("2 A: exprgraph/table.py exprgraph/two.py",)


def test_layers_lie_above_what_they_import_and_implied_arrows_are_left_out(tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        table=TABLE,
        low__one="def f():\n    from ..high import one\n",
        middle__one="from ..low.one import f\n",
        middle__two="from ..low import one\nfrom . import one as two\n",
        high__one="from ..low.one import f\nfrom ..middle.one import f\n",
        beside__one="from ..low.one import f\n",
    )
    drawn = layers(modules, "exprgraph")
    assert drawn.rows == [["exprgraph/low", "exprgraph/table"], ["exprgraph/beside", "exprgraph/middle"], ["exprgraph/high"]]
    assert drawn.down == [
        ("exprgraph/beside", "exprgraph/low", 1, False),
        ("exprgraph/high", "exprgraph/middle", 1, False),
        ("exprgraph/middle", "exprgraph/low", 2, False),
    ]
    assert drawn.up == [("exprgraph/low", "exprgraph/high", 1, True)]


def test_a_late_import_downwards_is_a_layer_too(tmp_path: Path) -> None:
    modules = packages(tmp_path, table=TABLE, high__one="def f():\n    from ..low import one\n", low__one="")
    drawn = layers(modules, "exprgraph")
    assert drawn.rows == [["exprgraph/low", "exprgraph/table"], ["exprgraph/high"]]
    assert drawn.down == [("exprgraph/high", "exprgraph/low", 1, True)]


def test_folders_of_a_circle_share_a_layer(tmp_path: Path) -> None:
    to_b, to_a = "from ..b.two import f\n", "from ..a.one import f\n"
    modules = packages(tmp_path, table=TABLE, a__one=to_b, b__two="f = 1\n", b__three=to_a, c__one=to_b)
    drawn = layers(modules, "exprgraph")
    assert drawn.rows == [["exprgraph/a", "exprgraph/b", "exprgraph/table"], ["exprgraph/c"]]
    assert drawn.up == [("exprgraph/a", "exprgraph/b", 1, False), ("exprgraph/b", "exprgraph/a", 1, False)]
