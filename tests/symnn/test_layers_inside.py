"""Layers that users write: parameters of their own, how these begin, layers inside of layers, how they print."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import DTypeError, ShapeError
from exprgraph.testing import check_derivatives
from symnn import (
    ActivationError,
    AdaptiveActivation,
    Affine,
    ArgumentError,
    Chain,
    Dense,
    Gradient,
    Layer,
    Linear,
    NeuralNetwork,
    NeuralNetworkParameters,
    Parameter,
    ParameterError,
    Residual,
    SymbolicNeuralNetwork,
    UnknownParameterError,
    derivative,
)
from symnn.layers.layer import layer_kinds
from symnn.physics import GradientLayer, HamiltonianLayer, SeparableLayer


def sine(x: Any) -> Any:
    return eg.sin(x)


class LayerNorm(Layer):
    """Mean 0 and variance 1, then a gain and a shift for each entry."""

    def __init__(self, n: int, epsilon: float = 1e-5) -> None:
        self.input_size = n
        self.n, self.epsilon = n, epsilon

    def own_parameters(self) -> dict[str, Any]:
        return {"gain": Parameter(self.n, initial=1), "shift": self.n}

    def __call__(self, x: Any, ps: Any) -> Any:
        return ps.gain * (x - eg.mean(x)) / eg.sqrt(eg.var(x) + self.epsilon) + ps.shift


class Gated(Layer):
    """Two layers inside, found as attributes, and a number of its own."""

    def __init__(self, body: Layer, gate: Layer) -> None:
        self.body, self.gate = body, gate

    def own_parameters(self) -> dict[str, Any]:
        return {"mix": Parameter((), initial=0.5)}

    def __call__(self, x: Any, ps: Any) -> Any:
        return ps.mix * self.apply_inner("gate", x, ps) * self.apply_inner("body", x, ps) + x


class Blocks(Layer):
    """Layers inside, in a list."""

    def __init__(self, *blocks: Layer) -> None:
        self.blocks = blocks

    def __call__(self, x: Any, ps: Any) -> Any:
        return sum(self.apply_inner(f"blocks{i}", x, ps) for i in range(1, len(self.blocks) + 1))


class Twice(Layer):
    """One layer, applied twice with the same parameters."""

    def __init__(self, inner: Layer) -> None:
        self.inner = inner

    def inner_layers(self) -> dict[str, Layer]:
        return {"": self.inner}

    def __call__(self, x: Any, ps: Any) -> Any:
        return self.inner(self.inner(x, ps), ps)


def test_a_gain_begins_at_1_and_the_rest_by_its_shape() -> None:
    c = Chain(Dense(2, 3), LayerNorm(3), Linear(3, 1))
    ps = c.initial_parameters(seed=0)
    assert ps.L2.gain.tolist() == [1, 1, 1] and ps.L2.shift.tolist() == [0, 0, 0]
    assert Dense(2, 3).initial_parameters(seed=0) == ps.L1, "what begins by a rule draws nothing"
    h = np.tanh(ps.L1.W @ [0.3, -0.4])
    expected = ps.L3.W @ ((h - h.mean()) / np.sqrt(h.var() + 1e-5))
    np.testing.assert_allclose(NeuralNetwork(c, ps)([0.3, -0.4]), expected, rtol=1e-13)
    assert c.initial_parameters(0, np.float32).dtype == np.float32


def test_a_slope_begins_at_1() -> None:
    for chain in (Chain(Dense(2, 3, AdaptiveActivation("sin"))), Chain(Affine(2, 3), AdaptiveActivation("sin"))):
        plain = NeuralNetwork(Dense(2, 3, "sin"), seed=4)
        assert np.array_equal(NeuralNetwork(chain, seed=4)([0.2, 0.7]), plain([0.2, 0.7]))
    ps = NeuralNetwork(Dense(1, 1, AdaptiveActivation()), {"L1": {"W": [[1.0]], "b": [0.5], "activation": {"slope": 2.0}}})
    np.testing.assert_allclose(ps([0.25]), [np.tanh(1.5)], rtol=1e-15)
    with pytest.raises(ActivationError, match=r"the activation Linear\(3, 1\) made shape \(1,\) of shape \(3,\)"):
        SymbolicNeuralNetwork(Dense(2, 3, Linear(3, 1)))
    with pytest.raises(ActivationError, match="unknown activation 'tahn'"):
        AdaptiveActivation("tahn")


@pytest.mark.parametrize(
    ("initial", "expected"),
    [
        (2, [2, 2]),
        (np.array([3, 4]), [3, 4]),
        ([0.5, 0.25], [0.5, 0.25]),
        (lambda shape, rng: np.full(shape, 7.0), [7, 7]),
        (lambda shape, rng: rng.uniform(size=shape), np.random.default_rng(1).uniform(size=2)),
        (lambda shape, rng: 6, [6, 6]),
    ],
)
def test_one_rule_for_each_parameter(initial: Any, expected: Any) -> None:
    class One(Layer):
        def own_parameters(self) -> dict[str, Any]:
            return {"deep": {"a": Parameter(2, initial)}, "b": 1}

    ps = One().initial_parameters(1)
    assert np.array_equal(ps.deep.a, expected) and ps.b == 0
    ps.deep.a[0] = -1  # numbers of this container, and of no other
    assert np.array_equal(One().initial_parameters(1).deep.a, expected)


def test_a_parameter_without_a_rule_says_so() -> None:
    class Spring(Layer):
        def own_parameters(self) -> dict[str, Any]:
            return {"k": Parameter((), initial=None)}

        def __call__(self, x: Any, ps: Any) -> Any:
            return ps.k * x

    c = Chain(Linear(1, 1), Residual(Spring()))
    with pytest.raises(ParameterError, match=r"Spring: k, of shape \(\), has no rule for its initial value.*give parameters yourself"):
        c.initial_parameters()
    assert NeuralNetwork(c, {"L1": {"W": [[2.0]]}, "L2": {"k": 3.0}})([1.0]) == 8


def test_errors_of_initial_values_name_the_layer_and_the_parameter() -> None:
    def one(**parameters: Any) -> Layer:
        class One(Layer):
            def own_parameters(self) -> dict[str, Any]:
                return parameters

        return One()

    with pytest.raises(ShapeError, match=r"One: gain: the initial value has shape \(2,\); expected a number, or \(3,\)"):
        one(gain=Parameter(3, [1, 2])).initial_parameters()
    with pytest.raises(ShapeError, match=r"One: a\.gain: the initial value has shape \(1, 3\)"):
        one(a={"gain": Parameter(3, lambda shape, rng: np.ones((1, 3)))}).initial_parameters()
    with pytest.raises(ArgumentError, match="One: gain: the initial value is not finite"):
        one(gain=Parameter(3, np.nan)).initial_parameters()
    with pytest.raises(DTypeError, match="One: gain, initial value: expected real numbers, got None"):
        one(gain=Parameter(3, lambda shape, rng: None)).initial_parameters()
    with pytest.raises(ArgumentError, match="initial is a number, an array, a function of .* got the text 'ones'"):
        Parameter(3, "ones")
    with pytest.raises(ShapeError, match="a shape is an integer"):
        Parameter("n")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="One: parameter a.gain: a shape is an integer"):
        one(a={"gain": 2.5}).layout()
    with pytest.raises(ParameterError, match="One: a parameter's name must not be empty"):
        one(**{"": 3}).layout()
    with pytest.raises(TypeError, match=r"One: own_parameters\(\) gives a dict from names to shapes or Parameters, got a list of 1"):
        type("One", (Layer,), {"own_parameters": lambda self: [3]})().layout()
    assert repr(Parameter(2)) == "Parameter((2,), initial=by_shape)" and repr(Parameter((), 1)) == "Parameter((), initial=1.0)"


NESTED = Chain(Dense(2, 3), Residual(Gated(Chain(Residual(LayerNorm(3)), sine), Dense(3, 3, "sigmoid"))), Linear(3, 1))


def test_layers_three_deep() -> None:
    names = ["L1.W", "L1.b", "L2.mix", "L2.body.L1.gain", "L2.body.L1.shift", "L2.gate.W", "L2.gate.b", "L3.W"]
    assert [s.name for s in NESTED.layout().slots] == names
    ps = NESTED.initial_parameters(seed=2)
    assert ps.layout == NESTED.layout() == SymbolicNeuralNetwork(NESTED).layout
    assert ps.L2.mix == 0.5 and ps.L2.body.L1.gain.tolist() == [1, 1, 1]
    x = np.array([0.4, -1.3])
    h = np.tanh(ps.L1.W @ x + ps.L1.b)
    norm = (h - h.mean()) / np.sqrt(h.var() + 1e-5)
    h = h + 0.5 / (1 + np.exp(-(ps.L2.gate.W @ h))) * np.sin(h + norm) + h
    np.testing.assert_allclose(NeuralNetwork(NESTED, ps)(x), ps.L3.W @ h, rtol=1e-12)
    assert NESTED.output_shape((2,)) == (1,) and NESTED.input_size == 2


def test_parameters_are_drawn_in_the_order_of_their_names() -> None:
    rng = np.random.default_rng(5)
    drawn = [Dense(2, 3).initial_parameters(rng), Dense(3, 3, "sigmoid").initial_parameters(rng), Linear(3, 1).initial_parameters(rng)]
    ps = NESTED.initial_parameters(seed=5)
    assert [ps.L1, ps.L2.gate, ps.L3] == drawn


def test_layers_in_a_list_and_layers_without_parameters() -> None:
    b = Blocks(Linear(2, 2), Residual(eg.tanh), Linear(2, 2))
    assert list(b.layout().entries) == ["blocks1", "blocks3"] and b.initial_parameters(0).size == 8
    ps = b.initial_parameters(0)
    x = np.array([0.2, 0.9])
    expected = ps.blocks1.W @ x + x + np.tanh(x) + ps.blocks3.W @ x
    np.testing.assert_allclose(NeuralNetwork(b, {"L1": ps}, input_size=2)(x), expected, rtol=1e-14)
    assert Residual(eg.tanh).initial_parameters().size == 0 and Chain(eg.tanh).parameter_shapes() == {}


def test_a_wrapping_layer_has_the_names_and_the_inputs_of_the_one_inside() -> None:
    t = Twice(Dense(2, 2))
    assert t.input_size == 2 and Twice(LayerNorm(3)).input_size == 3 and Twice(Residual(eg.sin)).input_size is None
    assert t.parameter_shapes() == {"W": (2, 2), "b": (2,)} and t.initial_parameters(3) == Dense(2, 2).initial_parameters(3)
    ps = t.initial_parameters(3)
    x = np.array([0.1, -0.6])
    np.testing.assert_allclose(NeuralNetwork(Chain(t), {"L1": ps})(x), np.tanh(ps.W @ np.tanh(ps.W @ x)), rtol=1e-14)
    with pytest.raises(ShapeError, match="layer 2 of the chain.*takes 2 inputs, but layer 1.*gives 3 outputs"):
        Chain(Dense(2, 3), t)


def test_a_layer_with_layers_below_names_takes_what_it_says() -> None:
    assert Gated(Dense(2, 2), Dense(2, 2)).input_size is None
    assert Chain(Dense(3, 4), SeparableLayer(Dense(2, 1), Dense(2, 1)))[1].input_size == 4


def test_two_parameters_of_one_name() -> None:
    class Both(Twice):
        def own_parameters(self) -> dict[str, Any]:
            return {"W": 3}

    with pytest.raises(ParameterError, match=r"Both has two parameters 'W': a second one comes with .* inside, Dense\(2, 2, 'tanh'\)"):
        Both(Dense(2, 2)).layout()

    class Named(Twice):
        def own_parameters(self) -> dict[str, Any]:
            return {"f": 3}

        def inner_layers(self) -> dict[str, Any]:
            return {"f": self.inner}

    with pytest.raises(ParameterError, match="Named has two parameters 'f'"):
        Named(Dense(2, 2)).initial_parameters()


def test_wrong_layers_inside() -> None:
    def inside(given: Any) -> Layer:
        layer: Layer = type("Holder", (Layer,), {"inner_layers": lambda self: given})()
        return layer

    with pytest.raises(TypeError, match=r"Holder: inner_layers\(\) gives a dict from names to layers, got a list of 1"):
        inside([Dense(1, 1)]).layout()
    with pytest.raises(TypeError, match="Holder: the layer inside named 'f': expected a layer, a chain or a function.*got 3"):
        inside({"f": 3}).layout()
    with pytest.raises(ParameterError, match=r"Holder, inner_layers\(\): a parameter's name must not be empty or contain '/', got 'a/b'"):
        inside({"a/b": Dense(1, 1)}).layout()
    with pytest.raises(ParameterError, match="Holder has no layer 'g' inside; there are: 'f'"):
        inside({"f": Dense(1, 1)}).apply_inner("g", eg.Symbol("x", 1), {})
    own = inside({})
    own.me = own  # type: ignore[attr-defined]
    own.inner_layers = lambda: {"me": own}  # type: ignore[method-assign]
    with pytest.raises(ParameterError, match="Holder: the layer inside named 'me' is this layer itself"):
        own.layout()
    assert inside({"f": eg.tanh}).layout().slots == ()


def test_a_missing_parameter_names_the_layer_that_asks() -> None:
    class Typo(LayerNorm):
        def __call__(self, x: Any, ps: Any) -> Any:
            return ps.gian * x

    with pytest.raises(UnknownParameterError, match=r"^the layer Typo\(n=3, epsilon=1e-05\): there is no parameter 'gian'.*gain, shift"):
        SymbolicNeuralNetwork(Chain(Dense(2, 3), Residual(Chain(Typo(3)))))


def test_layers_that_say_all_shapes_themselves_begin_as_before() -> None:
    class Old(Layer):
        def __init__(self, inner: Layer) -> None:
            self.inner = inner

        def parameter_shapes(self) -> Mapping[str, Any]:
            return {"f": self.inner.parameter_shapes(), "s": (2,)}

        def __call__(self, x: Any, ps: Any) -> Any:
            return ps.s * self.inner(x, ps.f)

    ps = Chain(Old(Linear(2, 2))).initial_parameters(7)
    assert list(ps.leaves()) == ["L1.f.W", "L1.s"]
    assert np.array_equal(ps.L1.f.W, Linear(2, 2).initial_parameters(7).W) and not ps.L1.s.any()

    class More(Dense):
        def parameter_shapes(self) -> Mapping[str, Any]:
            return {**super().parameter_shapes(), "s": (self.output_size,)}

        def own_parameters(self) -> dict[str, Any]:
            return {**super().own_parameters(), "s": Parameter(self.output_size, 1)}

    assert More(2, 3).initial_parameters(1).s.tolist() == [1, 1, 1]

    class Drawn(Dense):
        def initial_parameters(self, seed: Any = None, dtype: Any = np.float64) -> NeuralNetworkParameters:
            ps = super().initial_parameters(seed, dtype)
            ps.b = np.ones(self.output_size)
            return ps

    assert Chain(Residual(Drawn(2, 2))).initial_parameters().L1.b.tolist() == [1, 1]


EVERY_KIND: list[Layer] = [
    Dense(2, 3),
    Dense(2, 3, "sin", use_bias=False),
    Dense(2, 3, AdaptiveActivation("gelu")),
    Linear(2, 3),
    Affine(2, 3),
    AdaptiveActivation("sin"),
    Residual(Dense(2, 2)),
    NESTED,
    GradientLayer(Dense(2, 1)),
    HamiltonianLayer(Dense(2, 1), 0.25),
    SeparableLayer(Dense(1, 1), Linear(1, 1), step=0.5),
    Chain(Dense(2, 3, eg.tanh), eg.softplus, Dense(3, 1, np.sin)),
    LayerNorm(3),
    LayerNorm(4, epsilon=0.5),
    Gated(Dense(2, 2), Residual(Linear(2, 2))),
    Blocks(Dense(1, 1), Linear(1, 1)),
    Twice(Dense(2, 2)),
]


@pytest.mark.parametrize("layer", EVERY_KIND, ids=lambda x: type(x).__name__)
def test_a_layer_prints_as_the_call_that_makes_it_again(layer: Layer) -> None:
    functions = {"sine": sine, "tanh": eg.tanh, "softplus": eg.softplus, "sin": np.sin}
    names = {**functions, **layer_kinds(), **{c.__name__: c for c in map(type, EVERY_KIND)}}
    again = eval(repr(layer), names)
    assert again == layer and hash(again) == hash(layer) and repr(again) == repr(layer)
    for other in (pickle.loads(pickle.dumps(layer)), copy.copy(layer), copy.deepcopy(layer)):
        assert other == layer and other.initial_parameters(1) == layer.initial_parameters(1)


def test_what_a_layer_does_not_keep_is_said_in_its_place() -> None:
    class Lossy(Layer):
        def __init__(self, n: int, /, scale: float = 1.0, *, names: Any = (), **options: Any) -> None:
            self.n = 2 * n
            self.names = names
            self.options = options

    assert repr(Lossy(3, 5.0, a=1)) == "Lossy(6, scale=<not kept as self.scale>, names=(), a=1)"

    class Passing(Dense):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)

    assert repr(Passing(2, 3)) == "Passing(2, 3, 'tanh')"

    class Sine(Dense):
        def __init__(self, n_in: int, n_out: int) -> None:
            super().__init__(n_in, n_out, "sin")

    assert repr(Sine(2, 3)) == "Sine(n_in=2, n_out=3)"
    assert repr(type("Bare", (Layer,), {})()) == "Bare()"


def test_equality_of_layers_with_arrays_and_numbers() -> None:
    class Fixed(Layer):
        def __init__(self, table: Any) -> None:
            self.table = table

    a, b = Fixed(np.array([1.0, 2.0])), Fixed(np.array([1.0, 2.0]))
    assert a == b and hash(a) == hash(b) and a != Fixed(np.array([1.0, 3.0])) and a != Fixed(2.0)
    assert Fixed(2) == Fixed(2.0) and hash(Fixed(2)) == hash(Fixed(2.0))
    assert Fixed([1, 2]) == Fixed([1, 2]) and len({Fixed([1]), Fixed([1]), Fixed([2])}) == 2


def test_derivatives_of_a_users_layer() -> None:
    nn = SymbolicNeuralNetwork(Chain(LayerNorm(3), AdaptiveActivation("sin")))
    ps = nn.chain.initial_parameters(3)
    values = zip(nn.params.leaves().values(), ps.leaves().values())
    check_derivatives(nn.output[0], 2, at={nn.input: np.array([0.4, -1.3, 0.9]), **dict(values)}, compiled=False)
    assert derivative(Gradient(nn)).L1.gain.shape == (3, 3)
