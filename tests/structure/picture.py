"""The layers as a drawing: folders as boxes, an arrow for the imports between two of them.

A box lies above everything it imports.  An arrow that follows from others is left out.  A dotted arrow is an import that a function
makes when it is called; a dashed arrow is an import against the layers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from .measures import Modules, edges, reachable
from .sources import PACKAGES, ROOT, Place

FILE = ROOT / "docs" / "layers.svg"
#: the height of a box, the space between two in a row, the space between rows
HEIGHT, ACROSS, BETWEEN = 40, 22, 42
#: the room that a line takes which passes through a row
LINE = 14
MARGIN, TITLE = 24, 28
#: how often the rows are laid out again, each by its neighbours
TURNS = 21

STYLE = """
  :root { --page: #ffffff; --ink: #1f2328; --faint: #656d76; --line: #8c959f; --box: #eef4fb; --edge: #7aa5d8; --wrong: #cf222e }
  @media (prefers-color-scheme: dark) {
    :root { --page: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #768390; --box: #17263a; --edge: #4d7fb8; --wrong: #ff7b72 }
  }
  .page { fill: var(--page) }
  .box { fill: var(--box); stroke: var(--edge) }
  .file { stroke-dasharray: 2 2 }
  .arrow { fill: none; stroke: var(--line); stroke-width: 1.2 }
  .late { stroke-dasharray: 2 3 }
  .up { stroke: var(--wrong); stroke-dasharray: 5 3 }
  .tip { fill: var(--line) }
  .wrong { fill: var(--wrong) }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); text-anchor: middle }
  .small { font-size: 10.5px; fill: var(--faint) }
  .number { font-size: 10.5px; fill: var(--faint); stroke: var(--page); stroke-width: 4px; paint-order: stroke }
  .start { text-anchor: start }
  .title { font-size: 16px; font-weight: 600; text-anchor: start }
"""


class Arrow(NamedTuple):
    """Imports from one folder of another; ``late`` ones are made by functions when they are called."""

    start: str
    end: str
    imports: int
    late: bool = False


@dataclass(frozen=True)
class Layers:
    """The folders of one package: rows from the bottom up, arrows downwards, and those against the layers."""

    rows: Sequence[Sequence[str]]
    down: Sequence[Arrow]
    up: Sequence[Arrow]
    files: Mapping[str, int]


Graph = dict[str, Counter[str]]


def layers(modules: Modules, package: str) -> Layers:
    """The folders of a package in layers, by the imports at the heads of files, then by late imports that make no circle."""
    own = {path for path, m in modules.items() if path.startswith(f"{package}/") and not m.is_facade}
    folders = sorted({modules[path].folder for path in own})

    def counted(place: Place) -> Graph:
        found: Graph = {f: Counter() for f in folders}
        for path, targets in edges(modules, [place]).items():
            here = modules[path].folder
            if path in own:
                found[here].update(modules[t].folder for t in targets & own if modules[t].folder != here)
        return found

    heads, later = counted("head"), counted("function")
    graph: Graph = {f: Counter(heads[f]) for f in folders}
    for a in folders:
        for b in sorted(later[a]):
            if a not in reachable(graph)[b]:
                graph[a][b] += later[a][b]
    reach = reachable(graph)
    level = _levels(folders, graph, reach)
    down, up = [], []
    for a in folders:
        for b in sorted(heads[a].keys() | later[a].keys()):
            arrow = Arrow(a, b, heads[a][b] + later[a][b], late=b not in heads[a])
            if level[b] >= level[a]:
                up.append(arrow)
            elif not any(b in reach[c] and level[b] < level[c] < level[a] for c in graph[a]):
                down.append(arrow)
    rows = [[f for f in folders if level[f] == k] for k in range(max(level.values()) + 1)]
    return Layers(rows, down, up, Counter(modules[path].folder for path in own))


def _levels(folders: Sequence[str], graph: Graph, reach: Mapping[str, set[str]]) -> dict[str, int]:
    """How many layers are below each folder; the members of a circle share one."""
    circle = {f: {f} | {g for g in reach[f] if f in reach[g]} for f in folders}
    level: dict[str, int] = {}
    # with itself, a folder reaches more than those below it, and as much as those of its circle
    upwards = sorted(folders, key=lambda f: (len(reach[f] | {f}), min(circle[f])))
    for f in upwards:
        level[f] = max([0, *(1 + level[h] for g in circle[f] for h in graph[g] if h not in circle[f])])
    for f in reversed(upwards):  # as near as possible to the lowest of its users
        users = [level[g] for g in folders for member in circle[f] if member in graph[g] and g not in circle[f]]
        if users:
            level[f] = min(users) - 1
    return level


Spot = tuple[str, ...]  # a folder, or an arrow's passage through a row: its two ends


def _passages(drawn: Layers) -> tuple[list[list[Spot]], dict[Arrow, list[Spot]]]:
    """The rows with a passage in each row that an arrow skips, and the spots along each arrow."""
    level = {f: k for k, row in enumerate(drawn.rows) for f in row}
    rows: list[list[Spot]] = [[(f,) for f in row] for row in drawn.rows]
    along = {}
    for arrow in drawn.down:
        between = range(level[arrow.start] - 1, level[arrow.end], -1)
        for k in between:
            rows[k].append((arrow.start, arrow.end))
        along[arrow] = [(arrow.start,), *((arrow.start, arrow.end) for _ in between), (arrow.end,)]
    return rows, along


def _width(folder: str) -> float:
    return max(92.0, 7.5 * len(_name(folder)) + 16)


def _name(folder: str) -> str:
    return folder.partition("/")[2]


def _room(spot: Spot) -> float:
    return (_width(spot[0]) if len(spot) == 1 else LINE) + ACROSS


def _across(rows: Sequence[Sequence[Spot]], along: Mapping[Arrow, Sequence[Spot]]) -> list[dict[Spot, float]]:
    """The middle of each spot from left to right, near the spots it is joined to."""
    joined: list[defaultdict[Spot, list[tuple[int, Spot]]]] = [defaultdict(list) for _ in rows]
    for arrow, spots in along.items():
        first = next(k for k, row in enumerate(rows) if (arrow.start,) in row)
        for k, (a, b) in enumerate(zip(spots, spots[1:], strict=False)):
            joined[first - k][a].append((first - k - 1, b))
            joined[first - k - 1][b].append((first - k, a))
    placed = [_packed(row, {}) for row in rows]
    for turn in range(TURNS):
        up = turn % 2 == 1  # by the rows below, or down by those above
        for k in range(len(rows)) if up else range(len(rows) - 1, -1, -1):
            wanted = {s: _mean(s, [(t, placed[j][t]) for j, t in joined[k][s] if (j < k) == up], placed[k][s]) for s in rows[k]}
            placed[k] = _packed(sorted(rows[k], key=lambda s: (wanted[s], s)), wanted)
    return _side_by_side(placed, along)


def _side_by_side(placed: Sequence[Mapping[Spot, float]], along: Mapping[Arrow, Sequence[Spot]]) -> list[dict[Spot, float]]:
    """Drawings that no arrow connects, one beside the other."""
    ends = {a.start: {b.end for b in along if b.start == a.start} for a in along}
    both = {f: ends.get(f, set()) | {a.start for a in along if a.end == f} for row in placed for (f, *_) in row}
    part = {f: min([f, *reached]) for f, reached in reachable(both).items()}
    moved: list[dict[Spot, float]] = [{} for _ in placed]
    right = 0.0
    for name in sorted(set(part.values()), key=lambda name: (-sum(p == name for p in part.values()), name)):
        own = [{s: x for s, x in row.items() if part[s[0]] == name} for row in placed]
        left = min(x - _room(s) / 2 for row in own for s, x in row.items())
        for to, row in zip(moved, own, strict=True):
            to.update({s: x - left + right for s, x in row.items()})
        right = max(x + _room(s) / 2 for row in moved for s, x in row.items())
    return moved


def _mean(spot: Spot, near: Sequence[tuple[Spot, float]], now: float) -> float:
    """Where a spot would stand; passages keep in line with each other."""
    weights = [8.0 if len(spot) == len(other) == 2 else 1.0 for other, _ in near]
    return sum(w * x for w, (_, x) in zip(weights, near, strict=True)) / sum(weights) if near else now


def _packed(row: Sequence[Spot], wanted: Mapping[Spot, float]) -> dict[Spot, float]:
    """Middles in this order without overlaps: neighbours that collide stand together, around the mean of their wishes."""
    groups: list[tuple[list[Spot], float, float]] = []  # members, left edge, width
    for spot in row:
        middle = wanted.get(spot, 0.0)
        members, left, width = [spot], middle - _room(spot) / 2, _room(spot)
        while groups and groups[-1][1] + groups[-1][2] > left:
            before, at, wide = groups.pop()
            middles = (at + wide / 2) * len(before) + (left + width / 2) * len(members)
            members, width = before + members, wide + width
            left = middles / len(members) - width / 2
        groups.append((members, left, width))
    found = {}
    for members, left, _ in groups:
        for spot in members:
            found[spot] = left + _room(spot) / 2
            left += _room(spot)
    return found


def _panel(package: str, drawn: Layers, top: float) -> tuple[list[str], float, float]:
    """The lines of SVG of one package, and the right and the lower end of the drawing."""
    rows, along = _passages(drawn)
    xs = _across(rows, along)
    level = {f: k for k, row in enumerate(drawn.rows) for f in row}

    def middle(k: int, spot: Spot) -> tuple[float, float]:
        return MARGIN + xs[k][spot], top + TITLE + (len(rows) - 1 - k) * (HEIGHT + BETWEEN) + HEIGHT / 2

    lines = [f'<text class="title" x="{MARGIN}" y="{top + 8:g}">{package}</text>']
    numbers = []
    for arrow, spots in along.items():
        points = [middle(level[arrow.start] - k, s) for k, s in enumerate(spots)]
        lines.append(_curve(points, " late" * arrow.late))
        (x, y), (to, below) = points[-2:]
        numbers.append(_number(arrow, (x + to) / 2, (y + below) / 2))
    for arrow in drawn.up:
        (x, y), (to, over) = middle(level[arrow.start], (arrow.start,)), middle(level[arrow.end], (arrow.end,))
        x, to = x + _width(arrow.start) / 2, to + _width(arrow.end) / 2
        bend = max(x, to) + 60
        path = f"M{x:.0f} {y:.0f} Q{bend:.0f} {(y + over) / 2:.0f} {to:.0f} {over:.0f}"
        lines.append(f'<path class="arrow up" marker-end="url(#up)" d="{path}"/>')
        numbers.append(_number(arrow, (x + to + 2 * bend) / 4, (y + over) / 2))
    for k, row in enumerate(drawn.rows):
        lines += [line for f in row for line in _box(f, drawn.files[f], *middle(k, (f,)))]
    right = max(x + _room(s) / 2 for row in xs for s, x in row.items())
    return lines + numbers, right + 2 * MARGIN, top + TITLE + len(rows) * (HEIGHT + BETWEEN)


def _number(arrow: Arrow, x: float, y: float) -> str:
    return f'<text class="number" x="{x:.0f}" y="{y + 4:.0f}">{arrow.imports}</text>'


def _curve(points: Sequence[tuple[float, float]], kind: str) -> str:
    """From the lower edge of the first box to the upper edge of the last, upright in every row."""
    (x, y), *rest = points
    y += HEIGHT / 2
    path = f"M{x:.0f} {y:.0f}"
    for k, (to, middle) in enumerate(rest):
        above = middle - HEIGHT / 2 - (4 if k == len(rest) - 1 else 0)
        half = (y + above) / 2
        path += f" C{x:.0f} {half:.0f} {to:.0f} {half:.0f} {to:.0f} {above:.0f}"
        x, y = to, above
        if k < len(rest) - 1:
            y = middle + HEIGHT / 2
            path += f" L{x:.0f} {y:.0f}"
    return f'<path class="arrow{kind}" marker-end="url(#down)" d="{path}"/>'


def _box(folder: str, files: int, x: float, y: float) -> list[str]:
    is_file = folder.count("/") == 1 and files == 1
    said = "a file" if is_file else f"{files} file{'s' * (files != 1)}"
    width = _width(folder)
    corner = f'x="{x - width / 2:.0f}" y="{y - HEIGHT / 2:.0f}"'
    return [
        f'<rect class="box{" file" * is_file}" {corner} width="{width:.0f}" height="{HEIGHT}" rx="6"/>',
        f'<text x="{x:.0f}" y="{y - 1:.0f}">{escape(_name(folder))}</text><text class="small" x="{x:.0f}" y="{y + 13:.0f}">{said}</text>',
    ]


def _between_packages(modules: Modules) -> str:
    """What the networks import of the engine."""
    imports = [i.target for m in modules.values() if m.path.startswith("symnn/") for i in m.imports if i.target.startswith("exprgraph/")]
    public = sum(modules[target].is_facade for target in imports)
    return f"symnn imports exprgraph: its public names in {public} places, its modules in {len(imports) - public}"


def picture(modules: Modules) -> str:
    """The SVG: the networks above the engine."""
    lines: list[str] = []
    right, end = 0.0, float(MARGIN)
    for package in reversed(PACKAGES):
        drawn, wide, end = _panel(package, layers(modules, package), end)
        lines += drawn
        right = max(right, wide)
        if package == PACKAGES[-1]:
            lines.append(f'<text class="small start" x="{MARGIN}" y="{end - 12:.0f}">{_between_packages(modules)}</text>')
            end += 12
    marker = '<marker id="{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">{}</marker>'
    tip = '<path class="{}" d="M0 0L8 4L0 8z"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {end:.0f}" width="{right:.0f}" role="img">'
    title = "<title>The folders of symnn and exprgraph in layers; an arrow is labelled with the number of imports</title>"
    defs = f"<defs>{marker.format('down', tip.format('tip'))}{marker.format('up', tip.format('wrong tip'))}</defs>"
    page = f'<rect class="page" width="{right:.0f}" height="{end:.0f}"/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", defs, page, *lines, "</svg>", ""])


__all__ = ["FILE", "Layers", "layers", "picture"]
