"""Instructions on objects of Python, tables of addresses, and words in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from ...loops.print.llvm.builder import Builder, LLVMTarget, SSAValue

#: the most repetitions to unroll
WRITTEN_OUT = 8

#: a known number, or the index of a loop
Number = Union[int, SSAValue]


class Objects(Builder):
    """The instructions of a function for Python or C.  ``other`` and ``failed`` are labels of the function."""

    def __init__(self, bits: int) -> None:
        super().__init__(LLVMTarget(1, bits, 1))

    def pure(self, code: str, kind: str, vector: bool, *operands: SSAValue) -> SSAValue:
        """Keep each instruction in its place: one branch does not have the values of another."""
        return self.here(code, kind, vector)

    # -- memory

    def room(self, size: int, kind: str = "ptr", align: int = 8) -> SSAValue:
        """Allocate memory for the call."""
        return self.here(f"alloca [{size} x {kind}], align {align}", "ptr", False)

    def further(self, pointer: SSAValue, by: Number) -> SSAValue:
        """The address at an offset in bytes."""
        at = by.text if isinstance(by, SSAValue) else by
        return self.here(f"getelementptr i8, ptr {pointer.text}, i64 {at}", "ptr", False)

    def place(self, pointer: SSAValue, base: int, step: int, k: Number) -> SSAValue:
        """The address at the offset ``base + k * step`` in bytes."""
        if isinstance(k, int):
            return self.further(pointer, base + k * step)
        return self.further(pointer, self.sum(self.times(k, self.integer(step)), self.integer(base)))

    def read(self, kind: str, pointer: SSAValue, by: int = 0) -> SSAValue:
        """Load from an offset in bytes."""
        place = self.further(pointer, by) if by else pointer
        return self.here(f"load {self.target.type_of(kind)}, ptr {place.text}", kind, False)

    def write(self, value: SSAValue, place: SSAValue) -> None:
        """Store a value."""
        self.do(f"store {self.target.type_of(value.kind)} {value.text}, ptr {place.text}")

    def aligned(self, raw: SSAValue) -> SSAValue:
        """Align an address upwards to 64."""
        number = self.here(f"ptrtoint ptr {raw.text} to i64", "index", False)
        return self.further(raw, self.binary("and", self.binary("sub", self.integer(0), number), self.integer(63)))

    # -- calls

    def call(self, gives: str, function: str, *given: SSAValue) -> SSAValue:
        """Call a function with a result."""
        return self.here(self._called(gives, function, given), gives, False)

    def run(self, function: str, *given: SSAValue) -> None:
        """Call a function without a result."""
        self.do(self._called("void", function, given))

    def _called(self, gives: str, function: str, given: tuple[SSAValue, ...]) -> str:
        return f"call {gives} {function}({', '.join(f'{self.target.type_of(v.kind)} {v.text}' for v in given)})"

    # -- branches

    def equal(self, a: SSAValue, b: SSAValue | int) -> None:
        """Continue if they are equal, else at ``other``, which leaves the call to Python."""
        other = b if isinstance(b, SSAValue) else self.integer(b, a.kind)
        self.require(self.binary("icmp eq", a, other, "truth"), "other")

    def there(self, pointer: SSAValue, otherwise: str) -> None:
        """Continue if the pointer is not null."""
        self.require(self.binary("icmp ne", pointer, null(), "truth"), otherwise)

    def made(self, made: SSAValue, place: SSAValue) -> SSAValue:
        """Store a new object; if Python has no memory for it, pass its error on at ``failed``."""
        self.there(made, "failed")
        self.write(made, place)
        return made

    def repeat(self, times: int, body: Callable[[Number], None]) -> None:
        """The body for each number below ``times``: unrolled if there are few, else in a loop.

        LLVM's time grows faster than the text of one function.
        """
        if times <= WRITTEN_OUT:
            for k in range(times):
                body(k)
            return
        self.open(self.integer(0), self.integer(times), 1, "index", {})
        body(self.loops[-1].index)
        self.close({})


def null() -> SSAValue:
    """The null pointer."""
    return SSAValue("null", "ptr", False, 0)


__all__ = ["WRITTEN_OUT", "Number", "Objects", "null"]
