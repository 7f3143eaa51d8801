"""Pickles that were cut, changed, written elsewhere or by another version: the same node, or an error that says why."""

from __future__ import annotations

import gc
import os
import pickle
import pickletools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph import pickling
from exprgraph.graph.node import FORMAT, FrozenArray, interned_count, make
from exprgraph.graph.primitive import ARRAY, SELECT, SUM, SYMBOL
from symnn import Chain, Dense, NeuralNetworkParameters, SymbolicNeuralNetwork, build_nn_function

ROOT = str(Path(eg.__file__).parent.parent)
x, W, y = eg.Symbol("x", 3), eg.Symbol("W", (2, 3)), eg.Symbol("y", 2)
e = eg.tanh(W @ x)[0] + np.array([1.0, 2.5]) @ y + eg.sum(eg.solve(eg.identity(2) + eg.outer(y, y), W @ x)) ** 1.5


def python(code: str, seed: str = "0", stdin: bytes = b"") -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", code], input=stdin, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_processes_of_every_hash_seed_write_the_same_bytes_and_read_the_same_node() -> None:
    code = """
import pickle, sys
e = pickle.loads(sys.stdin.buffer.read())
sys.stdout.buffer.write(e.digest + pickle.dumps(e))
"""
    written = {python(code, seed, pickle.dumps(e)) for seed in ("0", "random")}
    assert len(written) == 1
    (data,) = written
    assert data[:16] == e.digest
    assert pickle.loads(data[16:]) is e


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol: int) -> None:
    data = pickle.dumps([e, x, {W: e}], protocol)
    back = pickle.loads(data)
    assert back[0] is e and back[1] is x and back[2][W] is e
    # reading damaged pickles of NumPy's objects can change NumPy's own types: there are none here
    assert b"numpy" not in pickle.dumps(e, protocol)


@pytest.mark.parametrize("version", [FORMAT - 1, FORMAT + 1, 0, None, "2"])
def test_another_format_is_refused(version: Any) -> None:
    with pytest.raises(ValueError, match=f"in format {version!r}, this exprgraph reads format {FORMAT}; build the expression again"):
        pickling.load(version, *e.__reduce_ex__(2)[1][1:])


def test_a_pickle_of_the_first_format() -> None:
    rows = e.__reduce_ex__(2)[1][1]

    class Old:
        def __reduce__(self) -> tuple[Any, ...]:
            return pickling.load, (1, rows)

    with pytest.raises(ValueError, match="in format 1"):
        pickle.loads(pickle.dumps(Old()))


Rows = list[Any]
CHANGES: dict[str, Callable[[Rows], Rows]] = {
    "a row less": lambda rows: rows[:-1],
    "no row": lambda rows: [],
    "a row more": lambda rows: [*rows, rows[0]],
    "rows in another order": lambda rows: rows[::-1],
    "another name": lambda rows: _with(rows, SYMBOL, params=("z", False)),
    "another kind": lambda rows: _with(rows, SYMBOL, params=("y", True)),
    "another shape": lambda rows: _with(rows, SYMBOL, shape=(7,)),
    "an element that is not there": lambda rows: _with(rows, SELECT, params=(10**9,)),
    "another coefficient": lambda rows: _with(rows, SUM, params=(5.0, (1.0,) * 9)),
    "arguments that come later": lambda rows: _with(rows, SUM, args=(len(rows) - 1,)),
    "arguments that are not there": lambda rows: _with(rows, SUM, args=(10**6,)),
    "arguments from the end": lambda rows: _with(rows, SUM, args=(-1, -2)),
    "arguments that are no numbers": lambda rows: _with(rows, SUM, args=("a",)),
    "no operation": lambda rows: [(None, *rows[0][1:]), *rows[1:]],
    "another operation": lambda rows: _with(rows, SUM, op=SELECT),
    "a row cut": lambda rows: [rows[0][:2], *rows[1:]],
    "no rows at all": lambda rows: [None],
    "other numbers": lambda rows: _with(rows, ARRAY, params=(FrozenArray(np.array([1.0, 2.6])),)),
}  # fmt: skip


def _with(rows: Rows, which: Any, **new: Any) -> Rows:
    """The first row of an operation with something else in it."""
    k = next(k for k, r in enumerate(rows) if r[0] is which)
    old = dict(zip(("op", "args", "params", "shape"), rows[k]))
    return [*rows[:k], tuple({**old, **new}.values()), *rows[k + 1 :]]


@pytest.mark.slow_one_in(2)
@pytest.mark.one_in(18)
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_table_is_never_another_node(change: str) -> None:
    version, rows, digest = e.__reduce_ex__(2)[1]
    gc.collect()  # what other tests left in cycles is not counted
    before = interned_count()
    with pytest.raises(ValueError, match="damaged"):
        pickling.load(version, CHANGES[change](rows), digest)
    gc.collect()
    assert interned_count() == before
    assert pickling.load(version, rows, digest) is e


def test_a_table_without_its_digest_or_with_another() -> None:
    version, rows, digest = e.__reduce_ex__(2)[1]
    for wrong in (None, b"", x.digest, digest[:-1], "no"):
        with pytest.raises(ValueError, match="damaged"):
            pickling.load(version, rows, wrong)


FUZZ = """
import collections, pickle, random, resource, sys
import numpy as np
import exprgraph as eg
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))  # a changed length may ask for any amount of memory
data = sys.stdin.buffer.read()
e = pickle.loads(data)
text, rng, found = str(e), random.Random(0), collections.Counter()
others = []
for at in range(len(data)):
    for value in {data[at] ^ 1, data[at] ^ 0x80, 0, 255, rng.randrange(256)} - {data[at]}:
        try:
            back = pickle.loads(data[:at] + bytes([value]) + data[at + 1 :])
        except Exception as error:
            found[type(error).__name__] += 1
        else:
            found["same" if back is e else "other"] += 1
            if isinstance(back, eg.Node) and back is not e:
                others.append(str(back))
    try:
        pickle.loads(data[:at])
    except Exception as error:
        found["cut " + type(error).__name__] += 1
    else:
        others.append(f"cut at {at}")
assert str(e) == text and np.dtype(float).itemsize == 8
print(others[:3], dict(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
@pytest.mark.parametrize("protocol", [pytest.param(0, marks=pytest.mark.slow), 2, pytest.param(5, marks=pytest.mark.slow)])
def test_no_changed_byte_and_no_cut_gives_another_node(protocol: int) -> None:
    out = python(FUZZ, stdin=pickle.dumps(e, protocol)).decode()
    assert out.startswith("[] "), out
    assert "'same'" in out and "'ValueError'" in out


def test_a_function_that_takes_something_else_here() -> None:
    code = """
import pickle, sys, numpy as np, exprgraph as eg
f = eg.function("hostile_pickled", numpy=np.add, derivative=(None, None), code="{0} + {1}")
sys.stdout.buffer.write(pickle.dumps(f(eg.Symbol("x"), 2 * eg.Symbol("y"))))
"""
    data = python(code)
    with pytest.raises(ValueError, match="no primitive named 'hostile_pickled'.*registered with exprgraph.function"):
        pickle.loads(data)
    eg.function("hostile_pickled", numpy=np.sin, derivative=None, code="math.sin({0})")
    with pytest.raises(ValueError, match="hostile_pickled with 2 arguments; the function registered .* takes 1"):
        pickle.loads(data)


def test_numbers_survive_to_the_last_bit() -> None:
    special = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 0.1])
    c = eg.array(special) * x[0]
    back = pickle.loads(pickle.dumps(c))
    assert back is c
    value = eg.evaluate(back, {x: [1.0, 0, 0]})
    assert value.tobytes() == (special * 1.0).tobytes()
    # what a node keeps cannot be written to
    array = next(n for n in c.args if n.op.name == "array") if c.args else c
    assert not array.params[0].data.flags.writeable


def test_integers_of_numpy_make_the_same_nodes_as_those_of_python() -> None:
    """What a node holds is written into its digest as text, so it must be Python's own."""
    i, n = np.int64(1), np.uint8(2)
    assert W[i, n] is W[1, 2]
    assert W[i:n] is W[1:2]
    assert eg.Symbol("x", (n,)) is eg.Symbol("x", (2,)) and eg.Symbol("x", np.array([2, 3])) is eg.Symbol("x", (2, 3))
    assert eg.sum(W, axis=i) is eg.sum(W, axis=1)
    assert eg.stack([x, x], axis=i) is eg.stack([x, x], axis=1)
    assert eg.concatenate([W, W], axis=i) is eg.concatenate([W, W], axis=1)
    assert eg.max(W, axis=i) is eg.max(W, axis=1)
    assert eg.reshape(W, (n, np.int32(3))) is eg.reshape(W, (2, 3))
    assert eg.transpose(W, (i, np.int64(0))) is eg.transpose(W, (1, 0))
    assert eg.broadcast_to(x, (n, np.int16(3))) is eg.broadcast_to(x, (2, 3))
    assert x ** np.float64(2) is x**2 and x * np.float32(0.5) is x * 0.5 and x + np.int8(3) is x + 3
    assert eg.identity(n) is eg.identity(2)
    assert eg.place(x, (("s", i, i, np.int8(3)),), (np.int64(5),)) is eg.place(x, (("s", 1, 1, 3),), (5,))
    assert eg.place(x, (("t", np.array([4, 0, 1])),), 5) is eg.place(x, (("t", (4, 0, 1)),), 5)
    assert W[np.array([1, 0])] is W[[1, 0]]
    assert eg.diff(eg.sin(x[0]), x[0], n) is eg.diff(eg.sin(x[0]), x[0], 2)
    for node in (W[i, n], eg.sum(W, axis=i), eg.reshape(W, (n, 3)), W[np.array([1, 0])], eg.broadcast_to(x, (n, 3))):
        assert "np." not in repr((node.params, node.shape))


def test_nodes_are_not_made_by_hand() -> None:
    with pytest.raises(TypeError, match="made with exprgraph.Symbol"):
        eg.Node()


def test_what_a_pickle_calls() -> None:
    """A pickle of an expression names the package's own functions and nothing else."""
    named = {arg for op, arg, _ in pickletools.genops(pickle.dumps(e, 2)) if op.name == "GLOBAL"}
    assert {n.split()[0].split(".")[0] for n in named} == {"exprgraph"} or {n.split()[0] for n in named} <= {
        "exprgraph.graph.pickling", "exprgraph.graph.primitive", "exprgraph.graph.node", "_codecs",
    }  # fmt: skip
    assert make(SYMBOL, (), ("x", False), (3,)) is x


def test_compiled_functions_and_networks_elsewhere() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(3, 4), Dense(4, 1)))
    f = build_nn_function({"y": nn.output, "J": eg.jacobian(nn.output, nn.input)}, nn)
    ps = nn.chain.initial_parameters(1)
    fn = eg.compile(e, (x, W, y))
    values = np.linspace(-1, 1, 3), np.linspace(0, 1, 6).reshape(2, 3), np.array([0.3, 0.7])
    code = """
import pickle, sys
f, ps, fn, values = pickle.loads(sys.stdin.buffer.read())
sys.stdout.buffer.write(pickle.dumps((f(values[0], ps), fn(*values), ps, f)))
"""
    there, number, back, again = pickle.loads(python(code, "random", pickle.dumps((f, ps, fn, values))))
    assert back == ps and back.flat.tobytes() == ps.flat.tobytes()
    np.testing.assert_array_equal(there["J"], f(values[0], ps)["J"])
    np.testing.assert_array_equal(again(values[0], ps)["y"], there["y"])
    assert number == fn(*values)


def test_a_damaged_container_is_refused() -> None:
    ps = NeuralNetworkParameters({"L1": {"W": [[1.0, 2.0]], "b": [3.0]}})
    load, (cls, layout, flat, lead) = ps.__reduce__()
    assert load(cls, layout, flat, lead) == ps
    for wrong in (flat[:-1], np.zeros(4), np.zeros((2, 3)), flat.astype(complex), np.array([None] * 3), [x], [], None):
        with pytest.raises(ValueError, match="pickle of parameters is damaged"):
            load(cls, layout, wrong, lead)


def deep(depth: int) -> eg.Node:
    node = eg.Symbol("s")
    for k in range(depth):
        node = eg.sin(node) * 0.5 + k
    return node


def test_deep_pickles() -> None:
    node = deep(1_500)
    assert pickle.loads(pickle.dumps(node)) is node
    code = "import pickle, sys; e = pickle.loads(sys.stdin.buffer.read()); sys.stdout.buffer.write(pickle.dumps([e] * 3))"
    back = pickle.loads(python(code, "7", pickle.dumps(node)))
    assert all(b is node for b in back)
    fn = pickle.loads(pickle.dumps(eg.compile(node, (eg.Symbol("s"),), backend="numpy")))
    assert fn(0.5) == eg.evaluate(node, {eg.Symbol("s"): 0.5})


@pytest.mark.slow
def test_a_pickle_a_hundred_thousand_deep() -> None:
    node = deep(100_000)
    code = "import pickle, sys; e = pickle.loads(sys.stdin.buffer.read()); sys.stdout.buffer.write(pickle.dumps(e))"
    assert pickle.loads(python(code, "random", pickle.dumps(node))) is node
