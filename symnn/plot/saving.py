"""Pictures and animations in files, written whole or not at all."""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from exprgraph.support import files

from ..errors import ArgumentError
from ..quantities import described, number
from .drawing import load

PICTURES = (".png", ".pdf", ".svg", ".eps", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
ANIMATIONS = (".gif", ".mp4")
#: what would make two files of one picture differ: their dates, and random names
_SAME = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
_DATE = re.compile(rb"^%%CreationDate: .*\n", re.M)


def save(picture: Any, path: str | os.PathLike[str], *, width: float | None = None, dpi: float = 300) -> Path:
    """Write a figure, the figure of some axes, or an animation to a file, without dates: the same program writes the same file.

    Args:
        picture: matplotlib's figure, axes or animation.
        path: the file.  Its ending says the format: ``.pdf`` and ``.svg`` are drawn at any size, ``.png`` and others have
            ``dpi`` points an inch; animations are ``.gif``, or ``.mp4`` with the program ffmpeg.
        width: the width in millimetres, of the figure from now on; its height follows.  A column of a journal has about 85.
        dpi: points an inch; for animations 100 are enough.

    Returns:
        The path.

    Raises:
        ImportError: matplotlib is not installed.
        ArgumentError: the picture is something else, or a number is out of range.
        FileNameError: the ending is none of these.
        OSError: the file cannot be written; an existing one is as it was.

    >>> import tempfile
    >>> from symnn import plot
    >>> ax = plot.solution(lambda x: x[:, 0] ** 2, [(0, 1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot.save(ax, folder + "/square.png", width=85, dpi=72).stat().st_size > 1000
    True
    """
    dpi = number("dpi", dpi, above=0)
    is_animation = hasattr(picture, "save") and not hasattr(picture, "savefig")
    endings = ANIMATIONS if is_animation else PICTURES
    name = files.checked_name(path, "the picture", endings)
    ending = os.path.splitext(name)[1].lower()
    if ending not in endings:
        raise ArgumentError(f"save: the name of the file says the format, {', '.join(endings)}; got {name!r}")
    figure = figure_of(picture)
    if width is not None:
        inches = number("width", width, above=0) / 25.4
        figure.set_size_inches(inches, inches * figure.get_figheight() / figure.get_figwidth())
    content = _animated(picture, ending, dpi) if is_animation else drawn(figure, ending, dpi)
    with files.written_whole(name, "the picture", endings) as f:
        f.write(content)
    return Path(name)


def figure_of(picture: Any) -> Any:
    """The figure of a figure, of axes or of an animation."""
    figure = picture if hasattr(picture, "savefig") else getattr(picture, "figure", getattr(picture, "_fig", None))
    while figure is not None and getattr(figure, "figure", figure) is not figure:  # of a figure inside of a figure
        figure = figure.figure
    if figure is None or not hasattr(figure, "savefig"):
        raise ArgumentError(f"expected matplotlib's figure, axes or animation, got {described(picture)}")
    return figure


def drawn(figure: Any, ending: str, dpi: float) -> bytes:
    """A figure as the bytes of a file."""
    stream = io.BytesIO()
    with load("matplotlib").rc_context({"pdf.fonttype": 42, "ps.fonttype": 42, "svg.hashsalt": "symnn"}):
        figure.savefig(stream, format=ending[1:], dpi=dpi, metadata=_SAME.get(ending))
    return _DATE.sub(b"", stream.getvalue()) if ending == ".eps" else stream.getvalue()


def _animated(animation: Any, ending: str, dpi: float) -> bytes:
    """An animation as the bytes of a file, which matplotlib's writers write themselves."""
    writer = "pillow" if ending == ".gif" else "ffmpeg"
    if not load("matplotlib.animation").writers.is_available(writer):
        need = "Pillow: pip install pillow" if writer == "pillow" else "the program ffmpeg; or give a name that ends in .gif"
        raise ImportError(f"an animation in a file {ending} needs {need}")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"animation{ending}"
        animation.save(target, writer=writer, dpi=dpi, fps=1000 / animation._interval)
        return target.read_bytes()


__all__ = ["drawn", "figure_of", "save"]
