"""Write docs/api.md and docs/accuracy.md from docstrings, and the table of columns: ``python docs/make_api.py``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import exprgraph
import exprgraph.blocks
import exprgraph.descent
import exprgraph.interop
import exprgraph.linalg
import exprgraph.lowering.call.inspection
import exprgraph.lowering.call.interface
import exprgraph.over_samples
import exprgraph.testing
import exprgraph.testing.as_written
import exprgraph.testing.careful
import symnn
import symnn.activations
import symnn.adaptive
import symnn.parameters.layout
import symnn.physics
import symnn.plot
import symnn.points
import symnn.reports
import symnn.schedules
import symnn.testing
import symnn.training.pullback
from exprgraph.functions.elementwise import Function
from exprgraph.graph.column import COLUMNS, Column
from exprgraph.graph.primitive import TABLE
from exprgraph.loops.formulas import elementary

_PAGE = Path(__file__).with_name("api.md")
_HEAD = """\
# API reference

<!-- made by docs/make_api.py from the docstrings; do not edit -->
"""
#: sections of the page: a title, the name before the dot, the module, its names
_SECTIONS: list[tuple[str, str, Any, list[str]]] = [
    ("exprgraph", "eg", exprgraph, list(exprgraph.__all__)),
    # classes of results have entries too, because users call their methods
    (
        "exprgraph.lowering.call.inspection",
        "exprgraph.lowering.call.inspection",
        exprgraph.lowering.call.inspection,
        ["Inspection"],
    ),
    (
        "exprgraph.lowering.call.interface",
        "exprgraph.lowering.call.interface",
        exprgraph.lowering.call.interface,
        ["ArgumentArray", "CallInterface", "ResultArray"],
    ),
    ("exprgraph.descent", "exprgraph.descent", exprgraph.descent, list(exprgraph.descent.__all__)),
    ("exprgraph.linalg", "eg.linalg", exprgraph.linalg, [n for n in exprgraph.linalg.__all__ if n not in exprgraph.__all__]),
    ("exprgraph.over_samples", "eg.over_samples", exprgraph.over_samples, ["mean", "sum", "used_in"]),
    ("exprgraph.blocks", "eg.blocks", exprgraph.blocks, list(exprgraph.blocks.__all__)),
    ("exprgraph.tree", "eg.tree", exprgraph.tree, ["flatten", "named"]),
    ("exprgraph.testing", "eg.testing", exprgraph.testing, list(exprgraph.testing.__all__)),
    ("exprgraph.testing.as_written", "exprgraph.testing.as_written", exprgraph.testing.as_written, ["check_as_written"]),
    (
        "exprgraph.testing.careful",
        "exprgraph.testing.careful",
        exprgraph.testing.careful,
        ["ArithmeticProgram", "ArithmeticStep", "choose", "maximum", "minimum", "random_program", "recorded", "sqrt"],
    ),
    ("exprgraph.interop", "exprgraph.interop", exprgraph.interop, list(exprgraph.interop.__all__)),
    ("symnn", "symnn", symnn, list(symnn.__all__)),
    ("symnn.reports", "symnn.reports", symnn.reports, ["Epoch", "History", "ProgressReport"]),
    ("symnn.training.pullback", "symnn.training.pullback", symnn.training.pullback, ["FlatObjective"]),
    ("symnn.parameters.layout", "symnn.parameters.layout", symnn.parameters.layout, ["Layout", "Slot"]),
    ("symnn.schedules", "symnn.schedules", symnn.schedules, list(symnn.schedules.__all__)),
    ("symnn.physics", "symnn.physics", symnn.physics, list(symnn.physics.__all__)),
    ("symnn.plot", "symnn.plot", symnn.plot, list(symnn.plot.__all__)),
    ("symnn.adaptive", "symnn.adaptive", symnn.adaptive, list(symnn.adaptive.__all__)),
    ("symnn.points", "symnn.points", symnn.points, list(symnn.points.__all__)),
    ("symnn.testing", "symnn.testing", symnn.testing, [n for n in symnn.testing.__all__ if n[0].islower()]),
    ("symnn.activations", "symnn.activations", symnn.activations, ["activation_names"]),
]


_ACCURACY = Path(__file__).with_name("accuracy.md")
_ACCURACY_HEAD = """\
# Accuracy of compiled functions

<!-- made by docs/make_api.py from the docstrings; do not edit -->

This is the largest error of each elementary function, in units in the last place. `python -m tests.accuracy` searches the whole range for
it, and the table allows a little more. `tests/exprgraph/test_elementary.py` compares with mpmath at the worst points and elsewhere, with
and without contraction of products and sums. Zeros keep their sign, NaN and infinity propagate as in NumPy, and results underflow
gradually. Beyond the stated range, sine, cosine and tangent are those of the C library. With `backend="numpy"`, all are NumPy's, if it has
them.

Errors of oscillating Bessel functions are stated in units of the modulus: of `y0`, `y1` and `yn` everywhere, of `j0` and `j1` beyond 6, and
of `jn` beyond n. There, errors are small beside the amplitude of the oscillation, but not beside a value close to zero.
Errors of incomplete gamma and beta functions and of their densities are stated in units of the value times 2 + |log(value)|: of a
probability of 1e-20 they are 50 times as large. Of `betainc` this holds for a, b >= 1 of which one is at most 10,000; if both
are larger, the relative error is up to 1e-7, and 2e-6 in float32.

| function | float64 | float32 |
|---|---|---|
"""


def accuracy() -> str:
    """The text of the page on elementary functions."""
    rows = []
    named = {row.code.partition("(")[0]: row.name for row in TABLE.values() if isinstance(row, Function)}
    for name, function in sorted((named.get(n, n), f) for n, f in elementary().items()):
        found = re.search(r"Within ([\d.]+) ulp; ([\d.]+) in float32", function.__doc__ or "")
        if found:
            rows.append(f"| `{name}` | {found[1]} ulp | {found[2]} ulp |")
    return _ACCURACY_HEAD + "\n".join(rows) + "\n"


def page() -> str:
    """The text of the page."""
    parts = [_HEAD]
    for title, prefix, module, names in _SECTIONS:
        parts.append(f"## {title}\n\n{_text(module)}\n")
        seen: dict[int, str] = {}
        for name in sorted(names, key=lambda n: (n.lower(), n)):
            value = getattr(module, name)
            if inspect.ismodule(value):
                continue
            if id(value) in seen:
                parts.append(f"### {prefix}.{name}\n\nAnother name of `{prefix}.{seen[id(value)]}`.\n")
                continue
            seen[id(value)] = name
            parts.append(_entry(f"{prefix}.{name}", value))
    return "\n".join(parts)


def _entry(name: str, value: Any) -> str:
    lines = [f"### {name}\n", f"```\n{name}{_signature(value)}\n```\n", _text(value) + "\n"]
    if inspect.isclass(value):
        lines += ["\n\n".join(filter(None, [f"#### {name.rpartition('.')[2]}.{m}{s}", t])) + "\n" for m, s, t in _members(value)]
    return "\n".join(lines)


def _members(cls: type) -> Iterator[tuple[str, str, str]]:
    """The methods and properties that a class or a base without an entry defines; one without a docstring has its signature alone."""
    public = {getattr(module, n) for _, _, module, names in _SECTIONS for n in names if inspect.isclass(getattr(module, n))}
    own = [c for c in takewhile(lambda c: c is cls or c not in public, cls.__mro__) if c.__module__.startswith(("exprgraph.", "symnn."))]
    for name, value in {name: value for c in reversed(own) for name, value in vars(c).items()}.items():
        if name.startswith("_") and name != "__call__":
            continue
        if (value.__doc__ or "").startswith("Alias for field number"):  # of a named tuple, whose signature has it
            continue
        is_attribute = isinstance(value, (property, cached_property)) or (hasattr(type(value), "__get__") and not callable(value))
        if is_attribute and not inspect.ismemberdescriptor(value):
            yield name, "", _text(value) if value.__doc__ else ""
        elif inspect.isroutine(value) and not inspect.ismemberdescriptor(value):
            found = getattr(cls, name)
            yield name, _signature(found), _text(found) if found.__doc__ else ""
    base = next((c for c in cls.__mro__[1:] if c in public and not issubclass(c, BaseException)), None)
    for name, value in vars(base).items() if base else ():
        if (name.startswith("_") and name != "__call__") or any(name in vars(c) for c in own):
            continue
        if inspect.isfunction(value) or isinstance(value, (property, cached_property)):
            yield name, _signature(value) if inspect.isfunction(value) else "", f"As `{base.__name__}.{name}`."


def _signature(value: Any) -> str:
    if inspect.isclass(value) and issubclass(value, BaseException):
        return ""
    row = TABLE.get(getattr(value, "__name__", ""))
    if isinstance(row, Function) and value.__module__ == exprgraph.__name__:  # functions made from a row take any arguments
        return "(x)" if row.arity == 1 else "(a, b)"
    signature = inspect.signature(value)
    kept = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values() if p.name != "self"]
    text = str(signature.replace(parameters=kept, return_annotation=inspect.Signature.empty))
    return re.sub(r"<class '([\w.]+)'>|<function (\w+) at 0x\w+>", lambda m: m[1] or m[2], text)


def _text(value: Any) -> str:
    """A docstring as Markdown: examples fenced, headings bold, references and literals as code."""
    doc = inspect.cleandoc(value.__doc__ or "")
    assert doc, f"{value!r} has no docstring"
    out: list[str] = []
    for paragraph in re.split(r"\n\s*\n", doc):
        if paragraph.lstrip().startswith(">>>"):
            out.append(f"```pycon\n{inspect.cleandoc(paragraph)}\n```")
            continue
        heading = re.match(r"(Args|Returns|Raises|Warns|Attributes):\n", paragraph)
        if heading:
            out.append(f"**{heading[1]}**")
            paragraph = _items(paragraph[heading.end() :], listed=heading[1] != "Returns")
        if paragraph.startswith("    "):  # a literal block, announced by ::
            out.append(f"```\n{textwrap.dedent(paragraph)}\n```")
            continue
        out.append(_marked(paragraph))
    return "\n\n".join(out)


def _items(text: str, *, listed: bool) -> str:
    """Indented entries as a list; lines that are indented further belong to the entry before."""
    lines = inspect.cleandoc(text).splitlines()
    if not listed:
        return "\n".join(lines)
    return "\n".join(f"  {line.strip()}" if line[:1].isspace() else re.sub(r"^([\w, ]+):", r"* `\1`:", line) for line in lines)


def _marked(text: str) -> str:
    text = re.sub(r":(?:func|class|meth|mod|attr):`~?([^`]+)`", r"`\1`", text)
    return re.sub(r"::$", ":", text.replace("``", "`"))


_MODULES = Path(__file__).with_name("modules.md")
_COLUMNS = "| column | declared in | a rule says | without a rule |\n|---|---|---|---|\n"


def modules() -> str:
    """The page of modules, with the table of the columns of primitives as they are."""
    for module in pkgutil.walk_packages(exprgraph.__path__, "exprgraph."):  # each column is declared by its module
        importlib.import_module(module.name)
    before, _ = _MODULES.read_text(encoding="utf-8").split(_COLUMNS)
    lines = map(_column, sorted(COLUMNS.values(), key=lambda c: (c.home, c.name)))
    return before + _COLUMNS + "\n".join(lines) + "\n"


def _column(column: Column[Any]) -> str:
    home = column.home.removeprefix("exprgraph.").replace(".", "/")
    otherwise = column.otherwise or ("every row has one" if column.leaves else "every row but leaves has one")
    return f"| `{column.name}` | `{home}` | {column.idea} | {otherwise} |"


if __name__ == "__main__":
    _MODULES.write_text(modules(), encoding="utf-8")
    _PAGE.write_text(page(), encoding="utf-8")
    _ACCURACY.write_text(accuracy(), encoding="utf-8")
