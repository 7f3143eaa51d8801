"""Names that users choose, where code and messages have to hold them."""

from __future__ import annotations

import keyword


def is_identifier(name: str) -> bool:
    """Whether Python code can use the name as it is: Python reads some letters as others, and gives some names itself."""
    if not name.isidentifier() or keyword.iskeyword(name) or name == "__debug__":
        return False
    if name.isascii():
        return True
    import unicodedata

    return unicodedata.normalize("NFKC", name) == name


def shown(name: str) -> str:
    """The name in a line of a message: control characters, and what no encoding takes, are written as escapes."""
    return name if name.isprintable() else ascii(name)


__all__ = ["is_identifier", "shown"]
