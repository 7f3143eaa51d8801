"""Elementwise functions as parts of a loop program: calls of the library, and functions of their own for other code."""

from __future__ import annotations

from collections.abc import Sequence

from ..functions.elementwise import Function as Row
from ..loops.program import Call, Expression, Function, real
from .library import sources, words


class Rows:
    """The elementwise functions of one program."""

    def __init__(self, single: bool, contract: bool) -> None:
        self.single = single
        self.contract = contract
        self.names: dict[Row, str] = {}  # of those with a function of their own
        self.called: set[str] = set()  # of the library

    def applied(self, row: Row, args: Sequence[Expression]) -> Expression:
        """A function of numbers."""
        name = self.names.get(row)
        if name is None:
            name = row.code.partition("(")[0]
            if row.source or row.code != f"{name}({', '.join(f'{{{k}}}' for k in range(row.arity))})" or name not in sources(self.single):
                name = self.names[row] = self._own(row)
            else:
                self.called.add(name)
        return Call(name, tuple(args))

    def _own(self, row: Row) -> str:
        self.called |= words(f"{row.code} {row.source}") & sources(self.single).keys()
        if "**" in row.code + row.source:
            self.called.add("pow")
        taken = sum(r.name == row.name for r in self.names)
        return f"{row.name}_code{taken or ''}"

    def functions(self) -> list[Function]:
        """The functions of their own, with the helpers that users gave."""
        flags = '{"contract"}' if self.contract else "False, forceinline=True"
        jit = f'@njit(error_model="numpy", fastmath={flags})\n'
        out = []
        for row, name in sorted(self.names.items(), key=lambda item: item[1]):
            parameters = tuple(f"x{k}" for k in range(row.arity))
            own = f"def {name}({', '.join(parameters)}):\n    return {row.code.format(*parameters)}\n"
            helper = row.source.strip() + "\n" if row.source else ""
            parts = [h if h.startswith("@") else jit + h for h in (helper, own) if h]
            out.append(Function(name, parameters, (), real(0.0), self.contract, source="\n\n".join(parts)))
        return out


__all__ = ["Rows"]
