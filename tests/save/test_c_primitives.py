"""Every primitive, and expressions drawn at random, in files of C: the values of machine code, up to rounding."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from c_files import COMPILERS, Loaded, needs_a_compiler

import exprgraph as eg
from exprgraph.testing.growing import AtRandom, grow, symbols_for, values_for

sys.path.append(str(Path(__file__).parent.parent / "exprgraph"))

from rule_graphs import SHARED, Symbols, graphs, values

pytestmark = needs_a_compiler

#: on lanes and not, mixed
MIXED = Symbols(
    eg.Symbol("s", per_sample=True), eg.Symbol("r"), eg.Symbol("x", 3, per_sample=True), eg.Symbol("y", 3),
    eg.Symbol("A", (3, 3), per_sample=True), eg.Symbol("B", (2, 3)),
)  # fmt: skip
GROUPS = 4
#: with fused products where they are quick, and without
FLAGS = {"plain": "-O1", "fused": "-O1 -march=native"}


@pytest.mark.slow_one_in(3)
@pytest.mark.one_in(64)
@pytest.mark.parametrize("libm", [False, True])
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("symbols", [SHARED, MIXED], ids=["one", "batch"])
@pytest.mark.parametrize("group", range(GROUPS))
def test_every_primitive(group, symbols, single, flags, libm, tmp_path):
    batch = symbols is MIXED
    found = dict(list(graphs(symbols).items())[group::GROUPS])
    fn = eg.compile(found, list(symbols), shared=() if batch else list(symbols))
    file = tmp_path / "f.c"
    f = Loaded(fn, file, f"{COMPILERS[group % len(COMPILERS)]} -std=c99 {FLAGS[flags]}", dtype="float32" if single else None, libm=libm)
    rtol, atol = (4e-6, 2e-6) if single else (1e-14, 4e-15)
    for samples in (1, 5, 17) if batch else (1,):
        given = values(symbols, (samples,) if batch else ())
        arrays = [np.array(given[s], np.float32 if single else np.float64, order="C") for s in symbols]
        expected = list(fn(*arrays).values())
        for name, a, b in zip(found, f(arrays, samples), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=f"{name}, {samples} samples")


@pytest.mark.slow
@pytest.mark.parametrize("group", range(8))
def test_expressions_drawn_at_random(group, tmp_path):
    """For samples and for a point, at NaN, infinities and zeros too."""
    for seed in (group, group + 8):
        choice, batch = AtRandom(seed), seed % 2 == 0
        symbols = symbols_for(choice, 3, batch)
        fn = eg.compile([grow(choice, symbols, 12) for _ in range(4)], symbols, shared=() if batch else symbols, contract=False)
        f = Loaded(fn, tmp_path / f"f{seed}.c", f"{COMPILERS[seed % len(COMPILERS)]} -std=c99 -O1")
        rng = np.random.default_rng(seed)
        arrays = [np.array(v, order="C") for v in values_for(rng, symbols).values()]
        samples = next((len(a) for a, s in zip(arrays, symbols) if s.per_sample), 1)
        for a in arrays[: seed % 4]:
            a.reshape(-1)[rng.integers(a.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0])
        for a, b in zip(f(arrays, samples), fn(*arrays), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=str(seed))


@pytest.mark.slow
def test_a_chain_of_100_000_steps_and_a_thousand_arguments(tmp_path):
    x = eg.Symbol("x")
    y = x
    for k in range(100_000):
        y = eg.sin(y) if k % 1000 == 0 else y + 0.5 * x
    many = list(eg.symbols(" ".join(f"m{k}" for k in range(1000))))
    total = eg.sum(eg.stack(many) ** 2)
    for name, outputs, symbols, data in (
        ("chain", [y], [x], [0.3]),
        ("many", [total, total * many[3]], many, [0.001 * k for k in range(1000)]),
    ):
        fn = eg.compile(outputs, symbols, shared=symbols)
        f = Loaded(fn, tmp_path / f"{name}.c", f"{COMPILERS[0]} -std=c99 -O0")
        for a, b in zip(f([np.array(v) for v in data], 1), fn(*data)):
            np.testing.assert_allclose(a, b, rtol=1e-12)
