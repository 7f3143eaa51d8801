"""Escape users' names in LaTeX, HTML and Graphviz."""

from __future__ import annotations

# Math-mode commands, which every renderer of LaTeX knows.  A brace after < and & keeps the output
# from being read as a tag or an entity where a notebook is turned into HTML.
_LATEX = {
    "_": r"\_",
    "&": r"\&{}",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "{": r"\{",
    "}": r"\}",
    "~": r"{\sim}",
    "^": r"{\wedge}",
    "\\": r"{\backslash}",
    "<": "{<}",
    ">": "{>}",
    "`": r"{\prime}",
    " ": r"\ ",
}


def escape_latex(name: str) -> str:
    r"""A name for use inside ``\mathtt{...}``."""
    return "".join(_LATEX.get(c, c if c.isprintable() else r"\ ") for c in name)


def escape_html(text: str) -> str:
    """Text for use between tags of HTML, and in quoted attributes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def escape_dot(label: str) -> str:
    """A label for use inside a quoted string of Graphviz."""
    visible = "".join(c if c.isprintable() else " " for c in label)
    return visible.replace("\\", "\\\\").replace('"', '\\"')
