"""A function's LaTeX, a command or a template, with arguments in parentheses where needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

from .plan import Rendered

OPEN, CLOSE = r"\left( ", r" \right)"


class Binds(IntEnum):
    """How tightly a piece binds: a comparison, a sum, an elementwise product, a matrix product, a power, a call, an atom."""

    LOOSE = 0
    SUM = 1
    PRODUCT = 2
    MATMUL = 3
    POWER = 4
    CALL = 5
    ATOM = 6


def wrap(piece: Rendered, binds: int) -> str:
    """A piece, in parentheses if it binds less tightly than required."""
    return piece.text if piece.binds >= binds else OPEN + piece.text + CLOSE


def _is_command(template: str) -> bool:
    """Whether a function is written by its name, before its arguments."""
    return not re.search(r"\{\d\}", template)


def takes_power(template: str) -> bool:
    """Whether a power can stand on the name."""
    return _is_command(template) and "^" not in template


def fill_latex(template: str, args: Sequence[Rendered], *, command: bool = False) -> Rendered:
    """A function's command or template with its arguments, in parentheses where needed."""
    if command or _is_command(template):
        return Rendered(template + OPEN + ", ".join(a.text for a in args) + CLOSE, Binds.CALL)
    filled = []
    for k, a in enumerate(args):
        places = [m.span() for m in re.finditer(rf"\{{{k}\}}", template)]
        filled.append(wrap(a, max((_needed(template[:at].rstrip(), template[end:].lstrip()) for at, end in places), default=Binds.LOOSE)))
    text = template.format(*filled)
    if template.startswith(OPEN) and template.endswith(CLOSE) and template.count(r"\left") == 1:
        return Rendered(text[len(OPEN) : -len(CLOSE)], Binds.LOOSE)  # the template's own parentheses, only where needed
    return Rendered(text, _template_binds(template))


def _needed(before: str, after: str) -> int:
    """How tightly an argument between these must bind."""
    if re.match(r"\}*\^", after):
        return Binds.ATOM
    if re.search(_LEFT, before) and re.match(_RIGHT, after):
        # adjacent comparisons would read as a chain
        return Binds.SUM if re.search(rf"({_RELATION})\Z", before) or re.match(_RELATION, after) else Binds.LOOSE
    return Binds.POWER


#: the neighbours between which an argument needs no parentheses
_LEFT = r"([({\[|,&<>=]|\\text\{\{[^{}]*\}\}|\\[lr]floor|\\[lr]ceil|\\n?eq|\\[lg]eq)\Z"
_RIGHT = r"[)}\]|,&<>=]|\\right|\\\\|\\end|\\n?eq|\\[lg]eq"
_RELATION = r"[<>=]|\\n?eq|\\[lg]eq"


def _template_binds(template: str) -> int:
    """The binding of a template, from its text outside of brackets."""
    arguments = re.sub(r"\{\d\}", "@", template)
    top = _outside(arguments.replace("{{", "{").replace("}}", "}"))
    if re.search(_RELATION, top):
        return Binds.LOOSE
    if re.search(r"[-+]|\\pm|\\mp", top):
        return Binds.SUM
    if not top.strip():
        return Binds.ATOM if template.count(r"\left") == 1 else Binds.CALL
    if "^" in top or r"\begin" in top:
        return Binds.POWER
    one_command = re.fullmatch(r"\s*\\[A-Za-z]+\s*(\[\d+\])?\s*(_\s*\w?)?\s*", top)
    return Binds.CALL if one_command else Binds.LOOSE


def _outside(text: str) -> str:
    r"""The text outside of braces and of ``\left( ... \right)``."""
    depth, out = 0, ""
    for token in re.findall(r"\\left\s*(?:\\[A-Za-z]+|\\?.)|\\right\s*(?:\\[A-Za-z]+|\\?.)|\\?.", text, re.S):
        closes = token == "}" or re.match(r"\\right(?![A-Za-z])", token)
        depth += (token == "{" or bool(re.match(r"\\left(?![A-Za-z])", token))) - bool(closes)
        if not depth and not closes:
            out += token
    return out


__all__ = ["CLOSE", "OPEN", "Binds", "fill_latex", "takes_power", "wrap"]
