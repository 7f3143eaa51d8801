"""Containers of parameters: one flat vector, views, names, files."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.errors import DTypeError, ShapeError
from symnn import NeuralNetworkParameters, ParameterError, ParameterFileError, UnknownParameterError


def small() -> NeuralNetworkParameters:
    return NeuralNetworkParameters(L1=dict(W=[[1.0, 2.0]], b=[3.0]), L2=dict(L1=dict(W=[[4.0], [5.0]])))


names = st.text("abcWbL12", min_size=1, max_size=3)
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
trees = st.recursive(
    st.dictionaries(names, shapes, min_size=1, max_size=3),
    lambda inner: st.dictionaries(names, inner | shapes, min_size=1, max_size=3),
    max_leaves=6,
)


def filled(tree: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return {k: filled(v, rng) if isinstance(v, dict) else rng.standard_normal(v) for k, v in tree.items()}


@given(trees, st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_flat_is_the_leaves_in_order_and_like_is_the_way_back(tree: dict[str, Any], seed: int) -> None:
    ps = NeuralNetworkParameters(filled(tree, np.random.default_rng(seed)))
    leaves = list(ps.leaves().values())
    np.testing.assert_array_equal(ps.flat, np.concatenate([np.ravel(v) for v in leaves]))
    assert ps.like(ps.flat) == ps
    assert NeuralNetworkParameters(ps) == ps == NeuralNetworkParameters(ps.to_dict())
    assert pickle.loads(pickle.dumps(ps)) == ps == copy.deepcopy(ps)
    assert all(np.shares_memory(v, ps.flat) for v in leaves if v.size)


def test_a_leaf_is_a_view_of_the_flat_vector_in_both_directions() -> None:
    ps = small()
    ps.L1.W[0, 1] = 20.0
    ps.flat[-1] = 50.0
    assert ps.flat.tolist() == [1.0, 20.0, 3.0, 4.0, 50.0]
    assert ps.L2.L1.W.tolist() == [[4.0], [50.0]]
    ps.L2.flat[:] = 7.0
    assert ps["L2"]["L1"]["W"].tolist() == [[7.0], [7.0]]


def test_the_arrays_given_are_copied() -> None:
    W = np.ones((1, 2))
    ps = NeuralNetworkParameters(L1=dict(W=W))
    ps.L1.W[...] = 5.0
    assert W.tolist() == [[1.0, 1.0]]
    vector = np.zeros(2)
    other = ps.like(vector)
    other.L1.W[...] = 3.0
    assert vector.tolist() == [0.0, 0.0]


def test_assignment_writes_into_the_leaf() -> None:
    ps = small()
    view = ps.L1.W
    ps.L1.W = [[8.0, 9.0]]
    ps.L1 = dict(b=[1.0], W=[[0.0, 9.0]])
    ps.flat = ps.flat + 1
    ps.flat -= 1
    assert view.tolist() == [[0.0, 9.0]] and ps.L1.b.tolist() == [1.0]
    with pytest.raises(ShapeError, match=r"L1.W|W: expected shape \(1, 2\), got \(3,\)"):
        ps.L1.W = [1.0, 2.0, 3.0]
    with pytest.raises(ParameterError, match="missing b"):
        ps.L1 = dict(W=[[0.0, 9.0]])
    with pytest.raises(UnknownParameterError, match="no parameter 'V'.*W, b"):
        ps.L1.V = 3.0
    with pytest.raises(AttributeError, match="cannot be set"):
        ps.size = 3


def test_it_looks_like_a_dict() -> None:
    ps = small()
    assert list(ps) == list(ps.keys()) == ["L1", "L2"] and len(ps) == 2
    assert "L1" in ps and "L3" not in ps and 0 not in ps
    assert [k for k, _ in ps.items()] == ["L1", "L2"] and next(iter(ps.values())) is ps.L1
    assert "L1" in dir(ps) and "flat" in dir(ps)
    assert list(ps.leaves()) == ["L1.W", "L1.b", "L2.L1.W"]


def test_unknown_names_say_what_there_is() -> None:
    ps = small()
    for error in (AttributeError, KeyError, ParameterError):
        with pytest.raises(error) as e:
            ps.L1["V"]
        assert str(e.value) == "there is no parameter 'V' here; there are: W, b"
    with pytest.raises(AttributeError, match="no parameter 'L3' here; there are: L1, L2"):
        ps.L3  # noqa: B018
    assert not hasattr(ps, "L3") and not hasattr(ps, "_x")
    with pytest.raises(UnknownParameterError):
        ps[0]


def test_names_of_methods_are_reached_by_key() -> None:
    ps = NeuralNetworkParameters({"flat": [1.0], "like": [2.0], "file": [3.0], "_x": [4.0]})
    assert ps["flat"].tolist() == [1.0] and ps["like"].tolist() == [2.0] and ps["_x"].tolist() == [4.0]
    assert ps.flat.tolist() == [1.0, 2.0, 3.0, 4.0] and callable(ps.like)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: NeuralNetworkParameters({1: [1.0]}), ParameterError, "named by strings, got the key 1"),
        (lambda: NeuralNetworkParameters({"L1": {2: [1.0]}}), ParameterError, "key 2.*in L1"),
        (lambda: NeuralNetworkParameters({"": [1.0]}), ParameterError, "must not be empty"),
        (lambda: NeuralNetworkParameters({"a/b": [1.0]}), ParameterError, "contain '/'"),
        (lambda: NeuralNetworkParameters({"a": [1.0]}, a=[2.0]), ParameterError, "a is given twice"),
        (lambda: NeuralNetworkParameters([1.0]), DTypeError, "nested dict.*got a list of 1"),
        (lambda: NeuralNetworkParameters(L1=dict(W=[1j])), DTypeError, "L1.W: expected real numbers.*complex"),
        (lambda: NeuralNetworkParameters(L1=dict(W=["a"])), DTypeError, "L1.W: expected real numbers"),
        (lambda: NeuralNetworkParameters(L1=dict(W=None)), DTypeError, "L1.W: expected real numbers.*None"),
        (lambda: NeuralNetworkParameters(L1=dict(W=[[1.0], [1.0, 2.0]])), ShapeError, "L1.W: cannot make an array"),
        (lambda: small().like([1.0]), ShapeError, r"has 5 entries \(L1.W \(1, 2\), .*got shape \(1,\)"),
        (lambda: small().astype("int32"), DTypeError, "float64 or float32, got int32"),
        (lambda: small() + NeuralNetworkParameters(L1=dict(W=[[1.0, 2.0]])), ParameterError, "missing L1.b.*L2.L1.W"),
        (lambda: small().L1 + NeuralNetworkParameters(W=[1.0], b=[1.0]), ShapeError, r"W: shapes \(1, 2\) and \(1,\)"),
    ],
)
def test_errors_name_the_thing(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_types() -> None:
    single = NeuralNetworkParameters(a=np.ones(2, np.float32), b=np.ones(1, np.float32))
    assert single.dtype == np.float32 and single.a.dtype == np.float32
    assert NeuralNetworkParameters(a=np.ones(2, np.float32), b=[1.0]).dtype == np.float64
    assert NeuralNetworkParameters(a=[1, 2]).dtype == np.float64
    assert small().astype(np.float32).L1.W.dtype == np.float32
    assert (single * 0.5).dtype == (single * np.float64(0.5)).dtype == (np.float64(0.5) * single).dtype == np.float32
    assert (-single).dtype == (single + single).dtype == np.float32
    assert NeuralNetworkParameters().flat.shape == (0,)


def test_equality_is_exact_in_structure_order_and_value() -> None:
    ps = small()
    assert ps == small() and ps != 3 and ps != ps.to_dict()
    other = small()
    other.L1.b[0] = np.nextafter(3.0, 4.0)
    assert ps != other
    assert NeuralNetworkParameters(a=[1.0], b=[1.0]) != NeuralNetworkParameters(b=[1.0], a=[1.0])
    assert NeuralNetworkParameters(a=[1.0, 1.0]) != NeuralNetworkParameters(a=[[1.0, 1.0]])
    with pytest.raises(TypeError):
        hash(ps)


def test_empty_mappings_hold_no_parameters() -> None:
    assert NeuralNetworkParameters(L1={}, L2=dict(W=[1.0])) == NeuralNetworkParameters(L2=dict(W=[1.0]))


def test_arithmetic_is_that_of_the_flat_vectors() -> None:
    a, b = small(), small() * 3
    flat, other = a.flat.copy(), b.flat.copy()
    for left, right in [
        (a + b, flat + other), (a - b, flat - other), (a * b, flat * other), (a / b, flat / other), (-a, -flat),
        (2 - a, 2 - flat), (1 / b, 1 / other), (a + 1, flat + 1), (0.5 * a, 0.5 * flat), (a - 0.1 * b, flat - 0.1 * other),
    ]:  # fmt: skip
        assert isinstance(left, NeuralNetworkParameters)
        np.testing.assert_array_equal(left.flat, right)
    reordered = NeuralNetworkParameters(b=[1.0], W=[[10.0, 20.0]])
    assert (a.L1 + reordered).W.tolist() == [[11.0, 22.0]]
    for wrong in ("a", [1.0], 1j, np.ones(5)):
        with pytest.raises(TypeError):
            a + wrong


def test_map_and_copy() -> None:
    ps = small()
    assert ps.map(np.ndim).flat.tolist() == [2.0, 1.0, 2.0]
    c = ps.copy()
    c.L1.W[...] = 0.0
    assert ps == small() and copy.copy(ps) == ps and copy.copy(ps).flat is not ps.flat
    assert pickle.loads(pickle.dumps(ps.L2)) == ps.L2


def test_repr_of_a_small_container_makes_it_again() -> None:
    ps = small()
    assert eval(repr(ps)) == ps
    single = ps.astype("float32")
    assert eval(repr(single)).dtype == np.float32
    odd = NeuralNetworkParameters({"a b": [1.0], "L1": {"W": [2.0]}})
    assert eval(repr(odd)) == odd
    big = repr(NeuralNetworkParameters(L1=dict(W=np.ones((100, 100)), b=np.ones(100))))
    assert "10100 parameters" in big and "L1.W (100, 100)" in big and len(big) < 500


# ---------------------------------------------------------------- files


def test_save_and_load(tmp_path: Path) -> None:
    ps = small()
    for path in (tmp_path / "p.npz", str(tmp_path / "q"), tmp_path / "with.dots.bin"):
        ps.save(path)
        assert NeuralNetworkParameters.load(path) == ps
    with np.load(tmp_path / "p.npz") as f:
        assert f.files == ["L1/W", "L1/b", "L2/L1/W"]
    single = NeuralNetworkParameters(file=np.ones(2, np.float32))
    single.save(tmp_path / "p.npz")
    assert (
        NeuralNetworkParameters.load(tmp_path / "p.npz") == single and NeuralNetworkParameters.load(tmp_path / "p.npz").dtype == np.float32
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.npz", "q", "with.dots.bin"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.npz"
    small().save(path)

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=r"cannot save parameters: No space left.*p\.npz"):
        (small() * 2).save(path)
    assert NeuralNetworkParameters.load(path) == small()
    assert [p.name for p in tmp_path.iterdir()] == ["p.npz"]


def test_errors_of_files_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.npz does not exist"):
        NeuralNetworkParameters.load(tmp_path / "absent.npz")
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        small().save(tmp_path / "nowhere" / "p.npz")
    for target in (lambda p: small().save(p), NeuralNetworkParameters.load):
        with pytest.raises(IsADirectoryError, match="is a directory"):
            target(tmp_path)
    contents: dict[str, Any] = {"text.npz": b"not an archive", "empty.npz": b""}
    small().save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    contents["cut.npz"] = whole[:-40]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ParameterFileError, match=name):
            NeuralNetworkParameters.load(tmp_path / name)
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(ParameterFileError, match="one.npy is not a file of parameters"):
        NeuralNetworkParameters.load(tmp_path / "one.npy")
    for arrays, text in [
        ({"L1/W": np.array([1j])}, "L1/W is of dtype complex128"),
        ({"L1/W": np.array(["a"])}, "L1/W is of dtype <U1"),
        ({"L1": np.ones(1), "L1/W": np.ones(1)}, "L1/W lies inside L1"),
        ({"L1//W": np.ones(1)}, "not a parameter's name"),
        ({}, "holds no parameters"),
    ]:
        np.savez(tmp_path / "bad.npz", **arrays)
        with pytest.raises(ParameterFileError, match=text):
            NeuralNetworkParameters.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "object.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ParameterFileError, match="object.npz"):
        NeuralNetworkParameters.load(tmp_path / "object.npz")


def test_saving_from_several_threads_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    threads = [threading.Thread(target=(small() * k).save, args=(path,)) for k in range(1, 6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert NeuralNetworkParameters.load(path) in [small() * k for k in range(1, 6)]
    assert [p.name for p in tmp_path.iterdir()] == ["p.npz"]


# ---------------------------------------------------------------- expressions


def test_a_container_of_expressions() -> None:
    W, b = eg.Symbol("W", shape=(2, 3)), eg.Symbol("b", shape=2)
    ps = NeuralNetworkParameters(L1=dict(W=W, b=b))
    assert ps.L1.W is W and ps.dtype is None and not ps.is_numeric
    assert ps.flat.shape == (8,)
    value = np.arange(8.0)
    np.testing.assert_array_equal(eg.evaluate(ps.flat, {W: value[:6].reshape(2, 3), b: value[6:]}), value)
    assert pickle.loads(pickle.dumps(ps)) == ps == copy.deepcopy(ps)
    assert ps != NeuralNetworkParameters(L1=dict(W=2 * W, b=b))
    step = ps - 0.5 * ps
    assert step.L1.W is W - 0.5 * W and (-ps).L1.b is -b and (ps * eg.Symbol("t")).L1.b.shape == (2,)
    assert (ps + NeuralNetworkParameters(L1=dict(W=np.ones((2, 3)), b=[1.0, 2.0]))).L1.W is W + np.ones((2, 3))
    assert ps.like(eg.Symbol("theta", shape=8)).L1.W.shape == (2, 3)
    assert "L1.W (2, 3): W" in repr(ps)
    for refused in (lambda: ps.astype("float32"), lambda: ps.save("x"), lambda: ps.L1.__setitem__("W", W)):
        with pytest.raises(DTypeError, match="are expressions, not numbers"):
            refused()
    mixed = NeuralNetworkParameters(a=[W[0, 0], 1.0], b=2.0)
    assert mixed.a.shape == (2,) and mixed.flat.shape == (3,)
    assert eg.evaluate(ps, {W: np.ones((2, 3)), b: [1.0, 2.0]}) == NeuralNetworkParameters(L1=dict(W=np.ones((2, 3)), b=[1.0, 2.0]))
