"""The documentation: every block of Python, C and commands runs and prints what the page says; links and the API page hold."""

from __future__ import annotations

import ast
import itertools
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import ROOT, blocks, run

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
NAMES = [str(p.relative_to(ROOT)) for p in PAGES]

#: pages whose code takes many seconds: Numba compiles the saved modules that they run, many checks compile what they check, pictures
LONG = (
    "optimizers",
    "points", "embedding", "testing", "draw", "evaluate-and-compile", "interop", "command-line", "training", "errors-and-limits",
    "large-data", "large-models",
)  # fmt: skip


@pytest.mark.parametrize("page", [pytest.param(p, marks=pytest.mark.slow if p.stem in LONG else (), id=n) for p, n in zip(PAGES, NAMES)])
@pytest.mark.usefixtures("as_users_have_it")
def test_the_code_of_a_page_runs_and_prints_what_follows_it(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if "import numba" in page.read_text(encoding="utf-8"):  # what Numba keeps would lie beside the page
        monkeypatch.setattr(pytest.importorskip("numba").config, "CACHE_DIR", str(tmp_path))
    lacking = run(page, tmp_path, commands=page.name != "README.md")  # which installs the package
    if lacking:
        which = "; ".join(f"those in lines {', '.join(map(str, lines))}, which need {name}" for name, lines in lacking.items())
        pytest.skip(f"all blocks ran but {which}")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for target, section in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name} links to {target}"
            assert not section or there.suffix != ".md" or section in sections(there), f"{page.name} links to {target}#{section}"


def sections(page: Path) -> set[str]:
    """The names that links have for the titles of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_tables_have_a_rule_for_each_column() -> None:
    """Otherwise a page shows a table as text."""
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        for head, rule in zip(lines, lines[1:]):
            if re.fullmatch(r"\|(:?-+:?\|)+", rule):
                columns = len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", head))) - 1
                assert rule.count("|") - 1 == columns, f"{page.name}: {head}"


def test_no_page_has_two_versions() -> None:
    for page in [*PAGES, *ROOT.glob("*.md")]:
        found = re.findall(r"^(?:<{7}|>{7}) .*$", page.read_text(encoding="utf-8"), re.M)
        assert not found, f"{page.name}: a conflict that is not resolved: {found}"


def test_the_readme_has_exactly_two_commands() -> None:
    commands = [b.text for b in blocks(ROOT / "README.md") if b.language == "sh"]
    assert len(commands) == 2
    for command in commands:
        assert "\n" not in command.replace("\\\n", " ").strip()


def test_what_is_made_of_docstrings_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_api.py"), run_name="make_api")
    for name, write in (("api.md", "page"), ("accuracy.md", "accuracy"), ("modules.md", "modules")):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made[write](), "run: python docs/make_api.py"


def rows(page: Path, head: str) -> Iterator[tuple[str, str]]:
    """What the rows of the page's tables with this head name first, each with the title of its section."""
    section, inside = "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].partition(",")[0]
        inside = line.startswith(head) or (inside and line.startswith("|"))
        name = re.match(r"\| `([^`]+)` \| \S", line)
        if inside and name:
            yield section, name[1]


def test_the_page_of_modules_names_every_source_file_once() -> None:
    found = [f"{package}/{name}.py" for package, name in rows(ROOT / "docs" / "modules.md", "| module | idea |")]
    sources = [p for package in ("exprgraph", "symnn") for p in (ROOT / package).rglob("*.py") if p.name != "__init__.py"]
    assert sorted(found) == sorted(p.relative_to(ROOT).as_posix() for p in sources)


def imported(source: Path) -> Iterator[str]:
    """Paths of this package's modules that a module imports at its head."""
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and statement.level:
            base = source.parents[statement.level - 1].joinpath(*(statement.module or "").split("."))
            for alias in statement.names:
                for path in (base / f"{alias.name}.py", base.with_suffix(".py")):
                    if path.exists():
                        yield path.relative_to(ROOT).as_posix()
                        break


def test_imports_go_upwards_on_the_page_of_modules() -> None:
    order = [f"{package}/{name}.py" for package, name in rows(ROOT / "docs" / "modules.md", "| module | idea |")]
    for k, name in enumerate(order):
        above = set(order[:k])
        for other in imported(ROOT / name):
            assert other in above, f"{name} imports {other}, which has a row below it"


def test_a_folder_is_one_layer_of_the_page_of_modules() -> None:
    order = [f"{package}/{name}" for package, name in rows(ROOT / "docs" / "modules.md", "| module | idea |")]
    folders = [f for f, _ in itertools.groupby(name.split("/")[:-1][:2] for name in order)]
    inside = ["/".join(f) for f in folders if len(f) > 1]
    assert len(set(inside)) == len(inside), "the rows of a folder stand together"


def test_the_page_of_modules_names_what_is_beside_the_packages() -> None:
    found = [name for _, name in rows(ROOT / "docs" / "modules.md", "| file | idea |")]
    assert len(set(found)) == len(found)
    for name in found:
        assert (ROOT / name).exists(), f"modules.md names {name}"
    helpers = [p for p in (ROOT / "tests").rglob("*.py") if not p.name.startswith("test_") and p.name != "__init__.py"]
    for p in [*helpers, *(ROOT / "docs").glob("*.py"), *(ROOT / "tests").glob("*.py")]:
        assert p.relative_to(ROOT).as_posix() in found, f"modules.md does not name {p.relative_to(ROOT)}"
    for folder in {p.parent.relative_to(ROOT).as_posix() for p in (ROOT / "tests").glob("*/*.py")}:
        assert any(name == folder or name.startswith(f"{folder}/") for name in found), f"modules.md does not name {folder}"


def test_every_promise_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    promised, _, _ = page.partition("## Not promised")
    functions: dict[str, set[str]] = {}
    for promise in re.split(r"^\* ", promised, flags=re.M)[1:]:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
        assert tests, f"no test holds the package to: {promise}"
        for path, name in tests:
            if path not in functions:
                functions[path] = set(re.findall(r"^def (\w+)\(", (ROOT / path).read_text(encoding="utf-8"), re.M))
            assert name in functions[path], f"{path} has no {name}"
