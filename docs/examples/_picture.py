"""Shared code of the examples: the command line, and saving a picture."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: matplotlib's backends that show nothing
_ONLY_FILES = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


def options(description: str | None, *needs: str) -> argparse.Namespace:
    """``--quick`` for a run of seconds, ``--save`` for the picture's file; checks first that the run can end."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="train for a moment only, to see that it runs")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the picture here instead of showing it")
    given = parser.parse_args()
    missing = [name for name in ("matplotlib", *needs) if find_spec(name) is None]
    if missing:
        parser.error(f"this example needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    if given.save is not None and not given.save.absolute().parent.is_dir():
        parser.error(f"--save {given.save}: there is no directory {given.save.parent}; make it first")
    if given.save is not None and given.save.is_dir():
        parser.error(f"--save {given.save}: it is a directory; give the name of a file")
    if given.save is not None:
        os.environ["MPLBACKEND"] = "Agg"  # no window is needed
    return given


def figure(columns: int, **more: Any) -> tuple[Any, Any, Any]:
    """matplotlib's pyplot, a figure and its axes side by side."""
    import matplotlib.pyplot as plt  # it finds out itself whether there is a display

    fig, axes = plt.subplots(1, columns, figsize=(4.2 * columns, 3.4), constrained_layout=True, **more)
    return plt, fig, axes


def finish(plt: Any, fig: Any, save: Path | None) -> None:
    """Show the picture, or write it where it was wanted; where nothing can be shown, into a new directory, and say so."""
    if save is None and plt.get_backend().lower() not in _ONLY_FILES:
        plt.show()
        return
    where = f"picture: {save}"
    if save is None:
        save = Path(tempfile.mkdtemp(prefix="exprgraph-")) / f"{Path(sys.argv[0]).stem}.png"
        where = f"there is no display, so nothing is shown; the picture is {save} (--save FILE writes it elsewhere)"
    fig.savefig(save, dpi=80)
    plt.close(fig)
    print(where)
