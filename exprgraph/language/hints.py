"""What users look for on an expression, and where it is."""

from __future__ import annotations

from typing import NoReturn

from ..graph.node import Node
from ..support.offered import offered

#: by names that other packages have
_ELSEWHERE = {
    "subs": "exprgraph.substitute(e, {x: value})",
    "replace": "exprgraph.substitute(e, {x: value})",
    "xreplace": "exprgraph.substitute(e, {x: value})",
    **dict.fromkeys(("eval", "evalf", "value", "numpy", "item", "tolist", "detach", "n"), "exprgraph.evaluate(e, {x: 1.0})"),
    **dict.fromkeys(("grad", "backward"), "exprgraph.gradient(e, x)"),
    "jac": "exprgraph.jacobian(e, x)",
    "lambdify": "exprgraph.compile(e, x)",
}


def no_attribute(self: Node, name: str) -> NoReturn:
    """The error of an attribute that expressions do not have: where it is instead, if it is somewhere."""
    if name == "name":  # the property's own error comes here
        raise AttributeError(f"only symbols have a name; this is a {self.op.name} expression")
    if name.startswith("_"):
        raise AttributeError(f"an expression has no attribute {name!r}")
    where = _ELSEWHERE.get(name)
    if where is None and callable(offered(name)):
        where = f"exprgraph.{name}(e, ...)"
    raise AttributeError(f"an expression has no attribute {name!r}" + (f"; there is {where}" if where else ""))


__all__ = ["no_attribute"]
