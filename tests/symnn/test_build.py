"""build_nn_function: the reference document's numbers, batches, reductions, nestings, and every error."""

from __future__ import annotations

import math
import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.errors import DTypeError, ShapeError, UnboundSymbolError
from symnn import (
    ArgumentError,
    Chain,
    Dense,
    Gradient,
    GradientContainer,
    Hessian,
    Jacobian,
    Laplacian,
    Linear,
    NeuralNetwork,
    NeuralNetworkParameters,
    ParameterError,
    SymbolicNeuralNetwork,
    build_nn_function,
    derivative,
    params,
)

BACKENDS = ["numpy", "native"]


def document() -> tuple[SymbolicNeuralNetwork, Any]:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh")))
    return nn, derivative(Gradient(derivative(Jacobian(nn)), nn))


def network() -> SymbolicNeuralNetwork:
    return SymbolicNeuralNetwork(Chain(Dense(2, 3, "tanh"), Linear(3, 2)))


def numbers(nn: SymbolicNeuralNetwork, seed: int = 0) -> NeuralNetworkParameters:
    return nn.params.like(np.random.default_rng(seed).uniform(-1, 1, nn.params.size))


# ---------------------------------------------------------------- the reference document

# the true value is -0.63970000844922450019, whose nearest double is the one beside the document's: one step is allowed, not two
NUMBER = -0.6397000084492246


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["params", "network"])
def test_the_number_of_the_document(backend: str, form: str) -> None:
    nn, g = document()
    built = build_nn_function(g, params(nn), nn.input, backend=backend) if form == "params" else build_nn_function(g, nn, backend=backend)
    x = [1.0, 0.0]
    ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0]))
    for form_of_ps in (ps, ps.to_dict(), ps.flat, ps.flat.tolist(), {"L1": {"b": [0.0], "W": [[1.0, 0.0]]}}, NeuralNetwork(nn.chain, ps)):
        r = built(x, form_of_ps)
        assert isinstance(r, GradientContainer)
        assert r[0, 0].L1.b.shape == (1,)
        assert abs(r[0, 0].L1.b[0] - NUMBER) <= np.spacing(abs(NUMBER))
        assert r[0, 0]["L1"]["b"] == r["L1"]["b"][0, 0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_documents_own_call(backend: str) -> None:
    nn, g = document()
    x = [1.0, 0.0]
    ps = NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0], [0.0, 1.0]], b=[0.0, 0.0]))
    with pytest.raises(ShapeError) as e:
        build_nn_function(g, params(nn), nn.input, backend=backend)(x, ps)
    for part in ("L1.W: expected (1, 2), got (2, 2)", "L1.b: expected (1,), got (2,)", "most likely a mistake", "check_shapes=False"):
        assert part in str(e.value)
    r = build_nn_function(g, params(nn), nn.input, backend=backend, check_shapes=False)(x, ps)
    assert abs(r[0, 0].L1.b[0] - NUMBER) <= np.spacing(abs(NUMBER))


def test_check_shapes_false_reads_the_leading_block_and_no_more() -> None:
    nn, _ = document()
    f = build_nn_function(nn.output, nn, backend="numpy", check_shapes=False)
    assert f([1.0, 2.0], {"L1": {"W": [[0.1, 0.2, 9.0], [9.0, 9.0, 9.0]], "b": [0.3]}}) == np.tanh(0.1 + 2 * 0.2 + 0.3)
    with pytest.raises(ShapeError, match=r"L1.W: expected \(1, 2\), got \(1, 1\) .*larger than declared, not smaller"):
        f([1.0, 2.0], {"L1": {"W": [[1.0]], "b": [0.0]}})
    with pytest.raises(ShapeError, match=r"L1.W: expected \(1, 2\), got \(2,\)"):
        f([1.0, 2.0], {"L1": {"W": [1.0, 2.0], "b": [0.0]}})
    with pytest.raises(ShapeError, match="flat vector"):
        f([1.0, 2.0], np.ones(6))


# ---------------------------------------------------------------- batches and reductions


def equations(nn: SymbolicNeuralNetwork, y: Any) -> dict[str, Any]:
    J = derivative(Jacobian(nn))
    loss = eg.sum((nn.output - y) ** 2)
    return {
        "value": nn.output,
        "both": (J, [Hessian(nn), derivative(Laplacian(nn))]),
        "gradient": Gradient(loss, nn),
        "container": derivative(Gradient(nn))[0],
        "loss": loss,
        "constant": 3.0,
        "shared": nn.params.L1.b,
    }


# compiling all the equations takes a while; a smaller set is compiled by the tests below
ON_BACKENDS = pytest.mark.parametrize("backend", [pytest.param("native", marks=pytest.mark.slow), "numpy"])


@ON_BACKENDS
@given(lead=st.lists(st.integers(0, 3), max_size=3).map(tuple))
@settings(max_examples=16, deadline=None)
def test_a_batch_is_a_loop_over_the_samples(lead: tuple[int, ...], backend: str) -> None:
    nn, f = network(), built(backend)
    rng = np.random.default_rng(1)
    X, Y, ps = rng.uniform(-1, 1, (*lead, 2)), rng.uniform(-1, 1, (*lead, 2)), numbers(nn)
    batch = f(X, Y, ps)
    shapes = {"value": (2,), "loss": (), "constant": (), "shared": (3,)}
    for name, shape in shapes.items():
        assert np.shape(batch[name]) == lead + shape, name
    assert batch["both"][0].shape == (*lead, 2, 2) and batch["both"][1][0].shape == (*lead, 2, 2, 2)
    assert batch["gradient"].shape == batch["container"].flat.shape[:-1] == lead
    for i in np.ndindex(*lead):
        one = f(X[i], Y[i], ps.flat)
        for a, b in zip(parts(one), parts(batch)):
            np.testing.assert_allclose(a, b[i], rtol=1e-12, atol=1e-14)


_built: dict[Any, Any] = {}


def built(backend: str, reduce: str | None = None) -> Any:
    """One function for all examples of a property: compiling takes time."""
    key = (backend, reduce)
    if key not in _built:
        nn, y = network(), eg.Symbol("y", shape=2)
        _built[key] = build_nn_function(equations(nn, y), nn, y, backend=backend, reduce=reduce)
    return _built[key]


def parts(result: dict[str, Any]) -> list[np.ndarray]:
    r = result
    return [
        r["value"], r["both"][0], *r["both"][1], r["gradient"].flat, r["container"].flat, r["loss"], r["constant"], r["shared"],
    ]  # fmt: skip


@ON_BACKENDS
@given(lead=st.lists(st.integers(1, 3), max_size=2).map(tuple), reduce=st.sampled_from(["sum", "mean"]))
@settings(max_examples=6, deadline=None)
def test_reduce_folds_the_batch(lead: tuple[int, ...], backend: str, reduce: str) -> None:
    rng = np.random.default_rng(1)
    X, Y, ps = rng.uniform(-1, 1, (*lead, 2)), rng.uniform(-1, 1, (*lead, 2)), numbers(network())
    folded, batch = built(backend, reduce)(X, Y, ps), built(backend)(X, Y, ps)
    for a, b in zip(parts(folded), parts(batch)):
        axes = tuple(range(len(lead)))
        np.testing.assert_allclose(a, getattr(np, reduce)(b, axis=axes), rtol=1e-12, atol=1e-13)
        assert np.shape(a) == np.shape(b)[len(lead) :]
    assert type(folded["container"]) is NeuralNetworkParameters and folded["gradient"].shape == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_samples(backend: str) -> None:
    r = built(backend)(np.ones((0, 2)), np.ones((0, 2)), numbers(network()))
    assert r["value"].shape == (0, 2) and r["gradient"].flat.shape == (0, 15)
    r = built(backend, "sum")(np.ones((0, 2)), np.ones((0, 2)), numbers(network()))
    assert r["value"].tolist() == [0.0, 0.0] and r["constant"] == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loss_over_the_samples_is_exact(backend: str) -> None:
    nn = network()
    y = eg.Symbol("y", shape=2, per_sample=True)
    over = eg.over_samples
    loss = eg.sqrt(over.sum(eg.sum((nn.output - y) ** 2))) / eg.sqrt(over.sum(eg.sum(y**2)))
    f = build_nn_function((loss, derivative(Gradient(loss, nn)).flat, nn.output), nn, y, backend=backend)
    rng = np.random.default_rng(5)
    X, Y, ps = rng.standard_normal((7, 2)), rng.standard_normal((7, 2)), numbers(nn)
    value, gradient, output = f(X, Y, ps)

    def by_hand(flat: np.ndarray) -> float:
        p = ps.like(flat)
        out = np.tanh(X @ p.L1.W.T + p.L1.b) @ p.L2.W.T
        return float(np.linalg.norm(out - Y) / np.linalg.norm(Y))

    assert np.shape(value) == () and gradient.shape == (ps.size,) and output.shape == (7, 2)
    assert value == pytest.approx(by_hand(ps.flat), rel=1e-13)
    h = 1e-5
    slopes = [(by_hand(ps.flat + h * e) - by_hand(ps.flat - h * e)) / (2 * h) for e in np.eye(ps.size)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-9)


# ---------------------------------------------------------------- further symbols


@pytest.mark.parametrize("backend", BACKENDS)
def test_further_symbols_come_between_the_input_and_the_parameters(backend: str) -> None:
    nn = network()
    y, k, unused, M = eg.Symbol("y", shape=2), eg.Symbol("k"), eg.Symbol("unused", shape=4), eg.Symbol("M", shape=(2, 2))
    f = build_nn_function(k * (M @ (nn.output - y)), params(nn), nn.input, y, k, unused, M, shared=[k, "M"], backend=backend)
    assert f.arguments == ("sinput", "y", "k", "unused", "M", "parameters")
    ps, rng = numbers(nn), np.random.default_rng(0)
    X, Y, m = rng.standard_normal((5, 2)), rng.standard_normal((5, 2)), rng.standard_normal((2, 2))
    out = np.tanh(X @ ps.L1.W.T + ps.L1.b) @ ps.L2.W.T
    np.testing.assert_allclose(f(X, Y, 2.0, np.zeros((5, 4)), m, ps), 2 * (out - Y) @ m.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f(X, Y[0], 2.0, np.zeros(4), m, ps), 2 * (out - Y[0]) @ m.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f(X[0], Y, 2.0, np.zeros(4), m, ps), 2 * (out[0] - Y) @ m.T, rtol=1e-12, atol=1e-14)
    with pytest.raises(ShapeError, match=r"k: expected shape \(\), which all samples share, got \(5,\)"):
        f(X, Y, np.ones(5), np.zeros(4), m, ps)


def test_a_per_sample_matrix_and_number() -> None:
    nn = network()
    A, k = eg.Symbol("A", shape=(2, 2)), eg.Symbol("k", per_sample=True)
    f = build_nn_function(k * (A @ nn.output), nn, A, k, backend="numpy")
    g = build_nn_function(k * (A @ nn.output), nn, A, k)
    ps, rng = numbers(nn), np.random.default_rng(0)
    X, a, kk = rng.standard_normal((3, 2)), rng.standard_normal((3, 2, 2)), rng.standard_normal(3)
    out = np.tanh(X @ ps.L1.W.T + ps.L1.b) @ ps.L2.W.T
    for function in (f, g):
        np.testing.assert_allclose(function(X, a, kk, ps), kk[:, None] * np.einsum("nij,nj->ni", a, out), rtol=1e-12, atol=1e-14)


def test_an_undeclared_symbol_under_a_sum_over_samples_is_refused() -> None:
    nn, y = network(), eg.Symbol("y", shape=2)
    loss = eg.over_samples.sum(eg.sum((nn.output - y) ** 2))
    with pytest.raises(ArgumentError, match=r"'y', which was not declared per sample; .*per_sample=True.*shared=\('y',\)"):
        build_nn_function(loss, nn, y, backend="numpy")
    declared = eg.Symbol("y", shape=2, per_sample=True)
    loss_per_sample = eg.over_samples.sum(eg.sum((nn.output - declared) ** 2))
    ps, X, Y = numbers(nn), np.ones((3, 2)), np.arange(6.0).reshape(3, 2)
    shared = build_nn_function(loss, nn, y, shared=y, backend="numpy")
    each = build_nn_function(loss_per_sample, nn, declared, backend="numpy")
    assert shared(X, Y[0], ps) == pytest.approx(each(X, np.tile(Y[0], (3, 1)), ps))
    assert shared(X, Y[0], ps) != pytest.approx(each(X, Y, ps))


def test_the_input_may_be_an_undeclared_symbol() -> None:
    nn, x = network(), eg.Symbol("x", shape=2)
    f = build_nn_function(nn.model(x), params(nn), x, reduce="sum", backend="numpy")
    ps = numbers(nn)
    X = np.random.default_rng(0).standard_normal((4, 2))
    np.testing.assert_allclose(f(X, ps), NeuralNetwork(nn.chain, ps)(X).sum(0), rtol=1e-12)


# ---------------------------------------------------------------- types


@pytest.mark.parametrize("backend", BACKENDS)
def test_types(backend: str) -> None:
    nn = network()
    f = build_nn_function((nn.output, derivative(Gradient(nn)).flat), nn, backend=backend)
    ps = numbers(nn)
    single, x = ps.astype(np.float32), np.ones((3, 2), np.float32)
    for a, p, kind in [
        (x, single, np.float32), (x, single.flat, np.float32), (x, ps, np.float64), (x.astype(float), single, np.float64),
        (np.ones((3, 2), int), single, np.float64), ([[1.0, 1.0]] * 3, single, np.float64), (np.ones((3, 2), bool), ps, np.float64),
        (x.astype(np.float16), single, np.float64), (x.astype(np.longdouble), ps, np.float64),
    ]:  # fmt: skip
        r = f(a, p)
        assert [v.dtype for v in r] == [kind, kind]
        np.testing.assert_allclose(r[0], f(x.astype(float), ps)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layouts_in_memory_do_not_matter(backend: str) -> None:
    nn = network()
    f = build_nn_function(nn.output, nn, backend=backend)
    ps, X = numbers(nn), np.random.default_rng(0).standard_normal((6, 2))
    wide = np.zeros((2 * ps.size,))
    wide[::2] = ps.flat
    expected = f(X, ps)
    for a, p in [(np.asfortranarray(X), ps), (X.repeat(2, 0)[::2], wide[::2]), (X.astype(">f8"), ps.flat.astype(">f8"))]:
        np.testing.assert_array_equal(f(a, p), expected)
    X.flags.writeable = False
    ps.flat.flags.writeable = False
    np.testing.assert_array_equal(f(X, ps), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_not_a_number_and_infinity_flow(backend: str) -> None:
    nn = network()
    f = build_nn_function((nn.output, derivative(Jacobian(nn))), nn, backend=backend)
    X = np.array([[math.nan, 0.0], [math.inf, 0.0], [0.5, 0.5]])
    value, J = f(X, numbers(nn))
    assert np.isnan(value[0]).all() and np.isfinite(value[1:]).all() and np.isnan(J[0]).all() and np.isfinite(J[2]).all()


# ---------------------------------------------------------------- nestings


def test_the_result_has_the_nesting_of_the_equations() -> None:
    nn = network()
    ps = numbers(nn)
    f = build_nn_function({"a": [nn.output, (1.0,)], "b": nn.params, "J": Jacobian(nn)}, nn, backend="numpy")
    r = f([0.1, 0.2], ps)
    assert list(r) == ["a", "b", "J"] and isinstance(r["a"], list) and r["a"][1] == (1.0,) and r["b"] == ps
    assert r["J"].shape == (2, 2) and len(f.outputs) == 4
    assert isinstance(build_nn_function(nn.output[0], nn, backend="numpy")([0.1, 0.2], ps), np.float64)
    assert build_nn_function(nn.output, nn, backend="numpy")([0.1, 0.2], ps).shape == (2,)


def test_results_are_fresh_arrays() -> None:
    nn = network()
    f = build_nn_function((nn.params.L1.W, nn.output, 2.0 * np.ones(2), nn.input), nn)
    ps, x = numbers(nn), np.ones((3, 2))
    first = f(x, ps)
    kept = [np.array(v) for v in first]
    for v in first:
        v[...] = -1.0
    again = f(x, ps)
    for a, b in zip(again, kept):
        np.testing.assert_array_equal(a, b)
    assert (x == 1.0).all() and ps == numbers(nn)


# ---------------------------------------------------------------- the function object


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_function_object(backend: str) -> None:
    nn = network()
    f = build_nn_function((nn.output, Gradient(nn)), nn, backend=backend)
    assert repr(f) == "<function of (sinput, parameters) with outputs of shape (2,), (2, 15)>"
    assert f.outputs[0] is nn.output and isinstance(f.source, str)
    again = pickle.loads(pickle.dumps(f))
    ps = numbers(nn)
    np.testing.assert_array_equal(again([0.1, 0.2], ps)[1].flat, f([0.1, 0.2], ps)[1].flat)
    assert again.source == f.source


def test_parameters_may_come_in_another_order() -> None:
    nn = network()
    ps = numbers(nn)
    f = build_nn_function(nn.output, nn, backend="numpy")
    shuffled = NeuralNetworkParameters(L2=ps.L2, L1=dict(b=ps.L1.b, W=ps.L1.W))
    np.testing.assert_array_equal(f([0.1, 0.2], shuffled), f([0.1, 0.2], ps))


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_networks_in_one_expression(backend: str) -> None:
    u = SymbolicNeuralNetwork(Dense(2, 1))
    v = SymbolicNeuralNetwork(Chain(Dense(2, 1), Dense(1, 1)), prefix="V", input_name=u.input.name)
    both = NeuralNetworkParameters(u=params(u), v=params(v))
    f = build_nn_function((u.output * v.output, Gradient(u.output * v.output, v)), both, u.input, backend=backend)
    a, b, x = numbers(u, 1), numbers(v, 2), [0.3, 0.4]
    value, gradient = f(x, NeuralNetworkParameters(u=a, v=b))
    np.testing.assert_allclose(value, NeuralNetwork(u.chain, a)(x) * NeuralNetwork(v.chain, b)(x), rtol=1e-13)
    assert gradient.shape == (1,) and gradient[0].layout == v.layout


def test_a_network_without_parameters() -> None:
    nn = SymbolicNeuralNetwork(Chain(lambda x: x**2), input_size=2)
    f = build_nn_function((derivative(Jacobian(nn)), Gradient(nn)), nn, backend="numpy")
    J, g = f([1.0, 2.0], {})
    assert J.tolist() == [[2.0, 0.0], [0.0, 4.0]] and g.flat.shape == (2, 0)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda f, ps: f([1.0, 2.0, 3.0], [0.0] * 2, ps),
            ShapeError,
            "sinput: expected shape (2,) for one sample, (..., 2) for a batch, got (3,)",
        ),
        (lambda f, ps: f(np.ones((2, 5)), [0.0] * 2, ps), ShapeError, "got (2, 5); samples come first, so pass the transpose"),
        (lambda f, ps: f(1.0, [0.0] * 2, ps), ShapeError, "sinput: expected shape (2,) for one sample"),
        (
            lambda f, ps: f(np.ones((5, 2)), np.ones((4, 2)), ps),
            ShapeError,
            "y: the batch axes (4,) do not fit those of sinput, (5,); expected shape (5, 2), got (4, 2)",
        ),
        (lambda f, ps: f(np.ones((5, 2)), np.ones((1, 2)), ps), ShapeError, "y: the batch axes (1,) do not fit"),
        (lambda f, ps: f([1.0, 2.0], ps), ArgumentError, "f(sinput, y, parameters) takes 3 arguments, got 2"),
        (lambda f, ps: f([1j, 2.0], [0.0] * 2, ps), DTypeError, "sinput: expected real numbers, got a list that holds the complex"),
        (lambda f, ps: f([{}, 2.0], [0.0] * 2, ps), DTypeError, "sinput: expected real numbers, got a list that holds a dict"),
        (lambda f, ps: f(["a", "b"], [0.0] * 2, ps), DTypeError, "sinput: expected real numbers"),
        (lambda f, ps: f([[1.0], [1.0, 2.0]], [0.0] * 2, ps), ShapeError, "sinput: cannot make an array"),
        (lambda f, ps: f(eg.Symbol("x", 2), [0.0] * 2, ps), DTypeError, "sinput: expected numbers, got an expression"),
        (
            lambda f, ps: f([1.0, 2.0], [0.0] * 2, ps.flat[:-1]),
            ShapeError,
            "parameters: expected a flat vector of shape (15,) (L1.W (3, 2)",
        ),
        (lambda f, ps: f([1.0, 2.0], [0.0] * 2, None), DTypeError, "parameters: expected a container, a nested dict, or a flat"),
        (lambda f, ps: f([1.0, 2.0], [0.0] * 2, {"L1": ps.L1}), ParameterError, "missing L2.W of shape (2, 3)"),
        (
            lambda f, ps: f([1.0, 2.0], [0.0] * 2, {**ps.to_dict(), "L3": {"W": 1.0}}),
            ParameterError,
            "parameters: unknown L3.W; expected L1.W (3, 2)",
        ),
        (
            lambda f, ps: f([1.0, 2.0], [0.0] * 2, {**ps.to_dict(), "L2": {"W": np.ones((3, 2))}}),
            ShapeError,
            "L2.W: expected (2, 3), got (3, 2)",
        ),
        (
            lambda f, ps: f([1.0, 2.0], [0.0] * 2, {**ps.to_dict(), "L2": {"W": 1j * np.ones((2, 3))}}),
            DTypeError,
            "L2.W: expected real numbers",
        ),
        (lambda f, ps: f([1.0, 2.0], [0.0] * 2, network().params), DTypeError, "parameters: expected numbers, got expressions"),
    ],
)
def test_errors_of_a_call(call: Any, error: type[Exception], text: str) -> None:
    nn, y = network(), eg.Symbol("y", shape=2)
    f = build_nn_function(nn.output - y, nn, y, backend="numpy")
    with pytest.raises(error, match=re.escape(text)):
        call(f, numbers(nn))


def test_only_larger_shapes_are_explained_by_the_document() -> None:
    nn = network()
    f = build_nn_function(nn.output, nn, backend="numpy")
    with pytest.raises(ShapeError) as e:
        f([1.0, 2.0], {**numbers(nn).to_dict(), "L2": {"W": np.ones((1, 3))}})
    assert str(e.value) == "L2.W: expected (2, 3), got (1, 3)"


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (
            lambda nn, y: build_nn_function(nn.output - y, nn),
            UnboundSymbolError,
            r"symbol 'y' of shape \(2,\), which is neither a parameter nor .*given \(sinput\)",
        ),
        (lambda nn, y: build_nn_function(nn.output, params(nn)), UnboundSymbolError, r"symbol 'sinput' of shape \(2,\).*given \(none\)"),
        (
            lambda nn, y: build_nn_function(nn.output - y, nn, eg.Symbol("y", 3)),
            UnboundSymbolError,
            r"'y' of shape \(2,\) \(shared\), the one given is of shape \(3,\) \(per sample\)",
        ),
        (
            lambda nn, y: build_nn_function(nn.output, nn.chain),
            ArgumentError,
            "expected the parameters or a SymbolicNeuralNetwork, got a Chain; make one: SymbolicNeuralNetwork",
        ),
        (lambda nn, y: build_nn_function(nn.output, NeuralNetwork(nn.chain).params), ArgumentError, "must be symbols.*L1.W is an array"),
        (lambda nn, y: build_nn_function(nn.output, nn, 2 * y), ArgumentError, "come symbols.*got the expression .*2[*]y"),
        (lambda nn, y: build_nn_function(nn.output, nn, "y"), ArgumentError, "come symbols.*got the text 'y'"),
        (lambda nn, y: build_nn_function(nn.output, nn, y, y), ArgumentError, "two of the symbols given are named 'y'"),
        (lambda nn, y: build_nn_function(nn.output, nn, y, eg.Symbol("y", 3)), ArgumentError, "two of the symbols given are named 'y'"),
        (lambda nn, y: build_nn_function(nn.output, nn, nn.params.L1.b), ArgumentError, "'W_2' is the parameter L1.b"),
        (
            lambda nn, y: build_nn_function(nn.output, nn, y, shared="k"),
            ArgumentError,
            "shared names 'k', which is not among the symbols given: sinput, y",
        ),
        (lambda nn, y: build_nn_function(nn.output, nn, shared=[y]), ArgumentError, "shared names y, which is not among"),
        (
            lambda nn, y: build_nn_function(nn.output, nn, shared=nn.input),
            ArgumentError,
            "'sinput' was made with per_sample=True and cannot be shared",
        ),
        (lambda nn, y: build_nn_function(nn.output, nn, reduce="max"), ArgumentError, "reduce is one of None, 'sum', 'mean', got 'max'"),
        (lambda nn, y: build_nn_function(nn.output, nn, backend="c"), ArgumentError,
         "backend is one of 'native', 'numba', 'numpy', 'auto', got 'c'"),
        (lambda nn, y: build_nn_function([], nn), ArgumentError, r"no equations in \[\]"),
        (
            lambda nn, y: build_nn_function([nn.output, "text"], nn),
            DTypeError,
            "equation 1 is neither an expression nor a real number, but the text 'text'",
        ),
        (lambda nn, y: build_nn_function(None, nn), DTypeError, "equation 0 is neither .*, but nothing"),
    ],
)
def test_errors_of_building(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build(network(), eg.Symbol("y", shape=2))


def test_the_input_may_be_given_beside_the_network() -> None:
    nn, y = network(), eg.Symbol("y", shape=2)
    assert build_nn_function(nn.output, nn, nn.input, y, backend="numpy").arguments == ("sinput", "y", "parameters")


def test_bound_calls_follow_the_parameters_in_place() -> None:
    nn = document()[0]
    fn, ps, x = build_nn_function({"u": nn.output, "g": derivative(Gradient(nn))}, nn), nn.chain.initial_parameters(seed=0), np.ones((3, 2))
    call = fn.bound(x, ps)
    for _ in range(2):
        found, expected = call(), fn(x, ps)
        np.testing.assert_array_equal(found["u"], expected["u"])
        np.testing.assert_array_equal(found["g"].flat, expected["g"].flat)
        x *= 0.5
        ps.flat[...] += 0.25
