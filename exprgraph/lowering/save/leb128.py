"""Numbers of any length and texts, as WebAssembly has them in its files."""

from __future__ import annotations


class Reader:
    """A part of a file, read from ``at`` to ``end``."""

    def __init__(self, code: bytes, at: int, end: int) -> None:
        self.code = code
        self.at = at
        self.end = end

    def byte(self) -> int:
        self.at += 1
        return self.code[self.at - 1]

    def number(self) -> int:
        """An unsigned number: seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7F) << shift
            if b < 0x80:
                return value
            shift += 7

    def take(self, size: int) -> bytes:
        self.at += size
        return self.code[self.at - size : self.at]

    def text(self) -> str:
        """A text, after its length."""
        return self.take(self.number()).decode()

    def rest(self) -> bytes:
        return self.take(self.end - self.at)


def number(value: int) -> bytes:
    """The bytes of an unsigned number.

    >>> number(5).hex(), number(300).hex()
    ('05', 'ac02')
    """
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | 0x80 * (value > 0))
        if not value:
            return bytes(out)


def text(value: str) -> bytes:
    """The bytes of a text."""
    coded = value.encode()
    return number(len(coded)) + coded


__all__ = ["Reader", "number", "text"]
