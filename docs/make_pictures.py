"""The pictures of the pages, drawn anew: ``python docs/make_pictures.py``.  The examples draw their own, with ``--save``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"


def names_of(page: str) -> dict[str, Any]:
    """What the blocks of Python of a page define."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python[^\n]*\n(.*?)^```", (HERE / page).read_text(encoding="utf-8"), re.M | re.S):
        if not any(name in block for name in ("plot.save", "plot.animation", ".report")):
            exec(compile(block, page, "exec"), names)
    return names


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from symnn import plot

    own = names_of("draw.md")
    fig, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
    more = {"nn": own["nn"], "params": own["result"].params, "labels": own["names"]}
    plot.solution(own["u"], own["box"], name=("temperature", "K"), ax=axes[0], **more)
    plot.residual(own["heat"], own["box"], name=("residual", "K/s"), ax=axes[1], **more)
    plot.error(own["u"], own["box"], own["exact"], name=("error", "K"), ax=axes[2], **more)
    plot.save(fig, PICTURES / "heat.png", dpi=70)
    plot.save(own["ax"], PICTURES / "phase.png", dpi=70)


if __name__ == "__main__":
    main()
