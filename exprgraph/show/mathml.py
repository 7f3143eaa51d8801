r"""MathML: formulas that a browser shows without a program from elsewhere.

The LaTeX of this package, a small part of the language, is read again, token by token.  A stack holds what is open, so that
a formula may be nested to any depth.  A command that is not known, from the template of a user's function, is shown as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..tree import Nesting
from .equations import latex
from .escape import escape_html
from .plan import LIMIT

_GREEK = dict(
    alpha="α", beta="β", gamma="γ", delta="δ", epsilon="ε", zeta="ζ", eta="η", theta="θ", iota="ι", kappa="κ", mu="μ", nu="ν", xi="ξ",
    pi="π", rho="ρ", sigma="σ", tau="τ", upsilon="υ", phi="φ", chi="χ", psi="ψ", omega="ω", Gamma="Γ", Delta="Δ", Theta="Θ", Lambda="Λ",
    Xi="Ξ", Pi="Π", Sigma="Σ", Upsilon="Υ", Phi="Φ", Psi="Ψ", Omega="Ω", infty="∞", emptyset="∅",
) | {"lambda": "λ"}  # fmt: skip
_OPERATORS = dict(
    cdot="⋅", times="×", odot="⊙", pm="±", mp="∓", leq="≤", geq="≥", neq="≠", wedge="∧", vee="∨", neg="¬", sim="∼", top="⊤", sum="∑",
    prod="∏", dots="…", vdots="⋮", cdots="⋯", lVert="‖", rVert="‖", lfloor="⌊", rfloor="⌋", lceil="⌈", rceil="⌉", backslash="\\",
    prime="′", partial="∂", nabla="∇", int="∫", mid="∣", circ="∘",
)  # fmt: skip
_SPACES = {",": "0.17em", " ": "0.3em", "quad": "1em", "qquad": "2em", ";": "0.28em", ":": "0.22em", "!": "0"}
#: the sides of the columns of a table: the first, and those after it
_SIDES = {"aligned": ("right", "left"), "cases": ("left", "left")}
#: commands whose argument is text
_TEXTS = {
    "text": "<mtext>{}</mtext>", "mathtt": '<mi class="name" mathvariant="normal">{}</mi>', "mathrm": '<mi mathvariant="normal">{}</mi>',
    "mathbf": '<mn style="font-weight:bold">{}</mn>', "operatorname": '<mi mathvariant="normal">{}</mi>',
}  # fmt: skip
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|\d+(?:\.\d*)?|\s+|.", re.S)


def mathml(node: Nesting, limit: int | None = LIMIT) -> str:
    """The expression as MathML for a web page; a nesting of expressions as an equation each.

    Browsers show it without JavaScript and without a network.  It is the formula of :func:`latex`.

    Args:
        node: an expression, or a nesting as for :func:`latex`.
        limit: the number of operations beyond which a long formula is elided; ``None`` for all of it.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.mathml(1 / eg.sqrt(x))
    '<math display="block"><mfrac><mn>1</mn><msqrt><mi>x</mi></msqrt></mfrac></math>'
    """
    text = re.sub(r"\\(begin|end)\{equation\}\n?", "", latex(node, limit)).strip()
    return f'<math display="block">{_Reader(text).read()}</math>'


class _Item(NamedTuple):
    """A finished piece, perhaps with a lower and an upper index."""

    base: str
    below: str | None = None
    above: str | None = None

    @property
    def text(self) -> str:
        if self.below is None and self.above is None:
            return self.base
        if self.above is None:
            kind = "munder" if self.base == "<mo>∑</mo>" else "msub"
            return f"<{kind}>{self.base}{self.below}</{kind}>"
        if self.below is None:
            return f"<msup>{self.base}{self.above}</msup>"
        return f"<msubsup>{self.base}{self.below}{self.above}</msubsup>"


class _Open:
    """What is not finished: a group that a token closes, or a command that waits for arguments.

    Args:
        close: the token that closes the group, empty for a command.
        made: the finished piece, of the group's text or of the texts of the arguments.
        wanted: the number of arguments of a command.
    """

    def __init__(self, close: str, made: Callable[..., _Item], wanted: int = 0) -> None:
        self.close, self.made, self.wanted = close, made, wanted
        self.items: list[_Item] = []
        self.rows: list[list[str]] = [[]]

    def inside(self) -> str:
        """The pieces so far as one."""
        text = "".join(i.text for i in self.items)
        return text if len(self.items) == 1 else f"<mrow>{text}</mrow>"

    def end_cell(self) -> None:
        """The pieces so far are a cell of a table."""
        self.rows[-1].append(self.inside())
        self.items = []

    def table(self, *sides: str) -> str:
        """The cells as a table, with the sides of its columns; what follows the end of the last row is no row."""
        if self.items or self.rows[-1]:
            self.end_cell()
        begin = [f'<mtd style="text-align:{side}">' for side in sides]
        rows = ("".join(f"{begin[min(k, 1)] if begin else '<mtd>'}{cell}</mtd>" for k, cell in enumerate(row)) for row in self.rows if row)
        return f"<mtable>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable>"


class _Reader:
    """Reads LaTeX once from the left to the right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.stack = [_Open("end of the text", _Item)]

    def read(self) -> str:
        """The MathML of the whole text."""
        while self.at < len(self.text):
            token = self._token()
            if token in ("_", "^") and not self.stack[-1].wanted:
                self._script(token)
            elif token == self.stack[-1].close:
                self._close(token)
            elif token == "&":
                self.stack[-1].end_cell()
            elif token == r"\\":
                self.stack[-1].end_cell()
                self.stack[-1].rows.append([])
            elif not token.isspace() and token != r"\displaystyle":
                self._piece(token)
        while len(self.stack) > 1:  # a user's template may leave something open
            rest = self.stack.pop()
            self._put(_Item(rest.inside()))
        return "".join(i.text for i in self.stack[0].items)

    def _token(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        if found is None:  # a user's template may end where something is missing
            return ""
        self.at = found.end()
        return found[0]

    def _argument(self) -> str:
        """The text of the next group, as it stands."""
        depth, start = 0, self.at
        while self.at < len(self.text):
            token = self._token()
            depth += (token == "{") - (token == "}")
            if not depth and not token.isspace():
                break
        return self.text[start : self.at].strip().removeprefix("{").removesuffix("}")

    def _put(self, item: _Item) -> None:
        """Add a piece, and finish the commands whose last argument it is."""
        top = self.stack[-1]
        top.items.append(item)
        while top.wanted and len(top.items) == top.wanted:
            self.stack.pop()
            item = top.made(*(i.text for i in top.items))
            top = self.stack[-1]
            top.items.append(item)

    def _script(self, token: str) -> None:
        items = self.stack[-1].items
        before = items.pop() if items else _Item("<mrow></mrow>")
        where = "below" if token == "_" else "above"
        self.stack.append(_Open("", lambda text: before._replace(**{where: text}), 1))

    def _close(self, token: str) -> None:
        done = self.stack.pop()
        if token == r"\right":
            end = _delimiter(self._token())
            self._put(_Item(f"<mrow>{done.made(done.inside()).text}{end}</mrow>"))
        elif token == r"\end":
            self._put(done.made(done.table(*_SIDES.get(self._argument(), ()))))
        else:
            self._put(done.made(done.inside()))

    def _piece(self, token: str) -> None:
        """A token that begins a piece, or is one."""
        name = token[1:]
        if token == "{":
            self.stack.append(_Open("}", _Item))
        elif token == r"\left":
            start = _delimiter(self._token())
            self.stack.append(_Open(r"\right", lambda text: _Item(start + text)))
        elif token == r"\begin":
            fence = "<mo>{</mo>" if self._argument() == "cases" else ""
            if self.text[self.at : self.at + 1] == "{":  # the columns of an array
                self._argument()
            self.stack.append(_Open(r"\end", lambda text: _Item(f"<mrow>{fence}{text}</mrow>")))
        elif token == r"\frac":
            self.stack.append(_Open("", lambda a, b: _Item(f"<mfrac>{a}{b}</mfrac>"), 2))
        elif token == r"\sqrt":
            self._root()
        elif token[0] == "\\" and name in _TEXTS:
            self._put(_Item(_TEXTS[name].format(escape_html(_plain(self._argument())))))
        else:
            self._put(_Item(_leaf(token)))

    def _root(self) -> None:
        if self.text[self.at : self.at + 1] == "[" and "]" in self.text[self.at :]:
            index = self.text[self.at + 1 : self.text.index("]", self.at)]
            self.at += len(index) + 2
            self.stack.append(_Open("", lambda text: _Item(f"<mroot>{text}<mn>{escape_html(index)}</mn></mroot>"), 1))
        else:
            self.stack.append(_Open("", lambda text: _Item(f"<msqrt>{text}</msqrt>"), 1))


def _delimiter(token: str) -> str:
    """A parenthesis that grows with what it holds; ``.`` is none."""
    sign = _OPERATORS.get(token[1:], token.removeprefix("\\"))
    return "" if token == "." else f'<mo stretchy="true">{escape_html(sign)}</mo>'


def _leaf(token: str) -> str:
    """A number, a letter, a sign, or a command without arguments."""
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token[0] != "\\":
        return f"<mi>{token}</mi>" if token.isalpha() else f"<mo>{escape_html(token.replace('-', '−'))}</mo>"
    name = token[1:]
    if name in _SPACES:
        return f'<mspace width="{_SPACES[name]}"/>'
    if name in _GREEK:
        return f"<mi>{_GREEK[name]}</mi>"
    if name in _OPERATORS or not name.isalpha():
        return f"<mo>{escape_html(_OPERATORS.get(name, name))}</mo>"
    return f'<mi mathvariant="normal">{name}</mi>'  # \sin, \log, \max


def _plain(text: str) -> str:
    """The characters of a name that LaTeX escapes."""
    return re.sub(r"\{\\([a-z]+)\}|\{([<>])\}|\\(.)|\{\}", lambda m: _OPERATORS.get(m[1], m[1]) if m[1] else m[2] or m[3] or "", text)


__all__ = ["mathml"]
