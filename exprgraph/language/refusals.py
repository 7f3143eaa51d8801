"""Attributes that expressions do not have, and their replacements."""

from __future__ import annotations

from typing import Any, NoReturn

from ..graph.node import Node
from ..support.offered import offered

#: by the names of other packages
_ELSEWHERE = {
    "subs": "exprgraph.substitute(e, {x: value})",
    "replace": "exprgraph.substitute(e, {x: value})",
    "xreplace": "exprgraph.substitute(e, {x: value})",
    **dict.fromkeys(("eval", "evalf", "value", "numpy", "item", "tolist", "detach", "n"), "exprgraph.evaluate(e, {x: 1.0})"),
    **dict.fromkeys(("grad", "backward"), "exprgraph.gradient(e, x)"),
    "jac": "exprgraph.jacobian(e, x)",
    "lambdify": "exprgraph.compile(e, x)",
    "save": "exprgraph.compile(e, x).save(...)",
}


def no_attribute(self: Node, name: str) -> NoReturn:
    """The error for an attribute that expressions do not have; it names the replacement if there is one."""
    if name == "name":  # also called after an error inside a property
        raise AttributeError(f"only symbols have a name; this is a {self.op.name} expression")
    if name.startswith("_"):
        raise AttributeError(f"an expression has no attribute {name!r}")
    where = _ELSEWHERE.get(name)
    if where is None and callable(offered(name)):
        where = f"exprgraph.{name}(e, ...)"
    raise AttributeError(f"an expression has no attribute {name!r}" + (f"; there is {where}" if where else ""))


def no_truth(self: Node) -> NoReturn:
    raise TypeError(
        "the truth of an expression is not known before it is evaluated; "
        "use where(condition, a, b) to choose, `is` to compare expressions, logical_and/logical_or to combine conditions"
    )


def no_conversion(self: Node, *_: Any, **__: Any) -> NoReturn:
    raise TypeError(
        "an expression has no value yet; give its symbols values with exprgraph.evaluate(e, {x: 1.0}) or compile it "
        "(to build an array of expressions use exprgraph.stack; in place of a function that needs numbers, exprgraph may "
        "have one of the same name, such as exprgraph.expm for scipy.linalg.expm)"
    )


def no_assignment(self: Node, *_: Any) -> NoReturn:
    raise TypeError(
        "expressions are immutable: elements cannot be set; make a new expression with where(condition, a, b), "
        "concatenate([...]), stack([...]) or insert(x, k, value)"
    )


def no_format(self: Node, form: str) -> str:
    """The text of an expression; a format such as ``.3f`` is for numbers."""
    if form:
        raise TypeError(
            f"an expression is no number, and has no format {form!r}; str(e) is its text, exprgraph.evaluate(e, {{x: 1.0}}) its value"
        )
    return str(self)


def no_sympy(self: Node) -> NoReturn:
    """Called by SymPy's operators for the other operand; this refusal leaves ``pi * x`` to us."""
    from sympy import SympifyError  # SymPy called it, so SymPy is installed

    raise SympifyError("an expression of exprgraph; exprgraph.interop.to_sympy(e) writes it as SymPy's")


def no_membership(self: Node, item: object) -> NoReturn:
    raise TypeError("`in` is not defined for expressions; exprgraph.free_symbols(e) tells which symbols occur")


__all__ = ["no_assignment", "no_attribute", "no_conversion", "no_format", "no_membership", "no_sympy", "no_truth"]
