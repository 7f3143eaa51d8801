"""What the examples share: their command line, and saving a picture."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def options(description: str | None) -> argparse.Namespace:
    """``--quick`` for a run of seconds, ``--save`` for the picture's file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="train for a moment only, to see that it runs")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the picture here instead of showing it")
    return parser.parse_args()


def figure(columns: int, **more: Any) -> tuple[Any, Any, Any]:
    """matplotlib's pyplot, a figure and its axes side by side."""
    import matplotlib

    if not os.environ.get("DISPLAY"):
        matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, columns, figsize=(4.2 * columns, 3.4), constrained_layout=True, **more)
    return plt, fig, axes


def finish(plt: Any, fig: Any, save: Path | None) -> None:
    if save is None:
        plt.show()
    else:
        fig.savefig(save, dpi=80)
        plt.close(fig)
        print(f"picture: {save}")
