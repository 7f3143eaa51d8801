"""``python -m tests.mutation``; how it is used is written in the package's docstring."""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import executed as lines
from .operators import Mutant, mutants, mutated
from .tree import PACKAGES, ROOT, Child, copy_tree, load_common, run_tests
from .trial import Outcome, Trial, choice, read_report, source

#: tried unless others are named
FILES = ("exprgraph/calculus/*.py", "exprgraph/simplify/*.py", "exprgraph/loops/**/*.py", "exprgraph/lowering/**/*.py")


def chosen(arguments: argparse.Namespace) -> list[Mutant]:
    paths = {str(p.relative_to(ROOT)): None for pattern in arguments.files for p in sorted(ROOT.glob(pattern))}
    if not paths:
        raise SystemExit(f"no files match {' '.join(arguments.files)}; patterns are like exprgraph/show/*.py")
    every = [m for path in paths for m in mutants(path, source(path))]
    if arguments.again is not None:
        before = read_report(arguments.again)
        return [m for m in every if before.get(str(m), ("killed", ""))[0] != "killed"]
    if arguments.sample is not None and arguments.sample < len(every):
        picked = set(random.Random(arguments.seed).sample(range(len(every)), arguments.sample))
        every = [m for k, m in enumerate(every) if k in picked]
    return every


def tried(todo: list[Mutant], trees: list[Path], executed: lines.Executed, cache: Path, seed: int, report: Path | None) -> list[Outcome]:
    """What became of each mutant, as many at a time as there are trees."""
    known = read_report(report) if report is not None and report.exists() else {}
    outcomes = [Outcome(m, *known[str(m)]) for m in todo if str(m) in known]
    running: list[tuple[Trial, Path]] = []
    free = list(trees)
    pending = [m for m in reversed(todo) if str(m) not in known]

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        print(f"[{len(outcomes)}/{len(todo)}] {outcome.status} {outcome.mutant}  {outcome.why}", flush=True)
        if report is not None:
            with report.open("a") as f:
                f.write(f"{outcome}\n")

    while pending or running:
        while free and pending:
            mutant = pending.pop()
            turns = choice(executed, mutant, seed)
            if not turns:
                done(Outcome(mutant, "unexecuted", "no test executes the line"))
                continue
            tree = free.pop()
            # machine code that a mutant of the compiler writes is kept apart: it may be anything
            objects = tree / "objects" if {"loops", "native"} & set(Path(mutant.path).parts) else cache
            changed = mutated(mutant.path, source(mutant.path), mutant.number)
            running.append((Trial(mutant, changed, turns, executed, tree, objects), tree))
        for trial, tree in list(running):
            outcome = trial.outcome()
            if outcome is not None:
                running.remove((trial, tree))
                free.append(tree)
                done(outcome)
        time.sleep(0.02)
    return outcomes


def doubtful(outcomes: list[Outcome], tree: Path, cache: Path) -> set[str]:
    """Tests that killed, and fail without a mutant as well."""
    tests = sorted({o.why for o in outcomes if "::" in o.why})
    failing = tree / "failing.txt"

    class Failing:
        def pytest_runtest_logreport(self, report: object) -> None:
            if getattr(report, "failed", False):
                with failing.open("a") as f:
                    f.write(f"{report.nodeid}\n")  # type: ignore[attr-defined]

    if not tests:
        return set()
    failing.write_text("")
    if Child(tree, cache, lambda: run_tests(tests, [Failing()]), 3600.0).wait() > 1:
        raise RuntimeError(f"the tests could not be run without a mutant: {(tree / 'output.txt').read_text()[-2000:]}")
    return set(failing.read_text().splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="which changes of the engine would no test notice?")
    parser.add_argument("files", nargs="*", default=FILES, help="patterns of files to mutate")
    parser.add_argument("--tests", nargs="+", default=(), help="patterns of test files, if not all tests")
    parser.add_argument("--sample", type=int, help="so many mutants, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--report", type=Path, help="a file to which a line is added for each mutant; those it has are not tried")
    parser.add_argument("--again", type=Path, help="try the survivors of a report")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    arguments = parser.parse_args()
    todo = chosen(arguments)
    if arguments.list:
        print(*todo, sep="\n")
        return
    start = time.monotonic()
    load_common()
    with tempfile.TemporaryDirectory(prefix="exprgraph-mutation-") as folder:
        tree = copy_tree(Path(folder) / "tree0")
        cache = Path(folder) / "objects"
        cache.mkdir(mode=0o700)
        executed = lines.find(tree, arguments.tests)
        # everything is compiled to bytes once, and with it copied
        Child(tree, cache, lambda: run_tests(["--collect-only", "tests", *PACKAGES]), 600.0).wait()
        trees = [tree, *(Path(shutil.copytree(tree, Path(folder) / f"tree{k}")) for k in range(1, arguments.jobs))]
        outcomes = tried(todo, trees, executed, cache, arguments.seed, arguments.report)
        bad = doubtful(outcomes, trees[0], cache)
    count = Counter("doubtful" if o.why in bad else o.status for o in outcomes)
    print("\nnot killed:")
    for o in outcomes:
        if o.status != "killed" or o.why in bad:
            print(f"  {'doubtful' if o.why in bad else o.status} {o.mutant}  {o.why}")
    print(f"\n{len(outcomes)} mutants, seed {arguments.seed}: {', '.join(f'{n} {s}' for s, n in sorted(count.items()))}")
    print(f"{100 * count['killed'] / max(len(outcomes), 1):.1f} % killed, in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
