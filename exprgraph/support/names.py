"""Users' names and values in generated code and in messages."""

from __future__ import annotations

import keyword
import unicodedata


def is_identifier(name: str) -> bool:
    """Whether Python code can use the name unchanged: Python normalises some letters, and reserves some names."""
    if not name.isidentifier() or keyword.iskeyword(name) or name == "__debug__":
        return False
    if name.isascii():
        return True
    return unicodedata.normalize("NFKC", name) == name


def shown(name: str) -> str:
    """The name for a message: control characters, and characters that cannot be encoded, are escaped."""
    return name if name.isprintable() else ascii(name)


def brief(value: object) -> str:
    """A value in a message."""
    try:
        text = repr(value)
    except RecursionError:  # nested too deeply to print
        return f"a {type(value).__name__}"
    return text if len(text) <= 200 else text[:200] + "..."


__all__ = ["brief", "is_identifier", "shown"]
