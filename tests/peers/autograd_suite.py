"""autograd's own test functions on expressions: ``python -m tests.peers.autograd_suite path/to/autograd/tests``.

The tests are read from a checkout of https://github.com/HIPS/autograd, and nothing of it is kept here.  They import this module's
stand-ins for autograd: its NumPy is NumPy itself, which asks expressions what its functions mean.  Instead of comparing two
derivatives of autograd, a check makes symbols of the arguments, and compares the expression's value, first and second derivatives
with differences of the values that the test's function has for numbers.
"""

from __future__ import annotations

import importlib
import itertools
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.graph.node import Node

#: the files with functions of arrays; the others test autograd's own machinery (boxes, vector spaces, tracing) or need complex numbers
FILES = (
    "test_numpy", "test_systematic", "test_scalar_ops", "test_binary_ops", "test_linalg", "test_scipy", "test_logic", "test_graphs",
    "test_jacobian", "test_truediv", "test_direct", "test_wrappers", "test_dict", "test_list", "test_tuple",
)  # fmt: skip
_numbers = itertools.count()


#: tests of eigenvectors and singular vectors, whose signs are a convention: values are compared without signs, and
#: differences are taken of the values that have our signs
SIGNS = ("test_eigvalh", "test_svd")


_CONVERTED = "NumPy makes an array of numbers of it without asking: write eg.stack, np.concatenate"
#: the tests that reach an expression and do not pass, with the reason
REASONS: dict[str, str] = {
    "test_wrappers::test_dtypes": "numbers are float64 or float32, not float16",
    **dict.fromkeys(
        ("test_binary_ops::test_comparison_grads", "test_binary_ops::test_comparison_values"),
        "`==` of an expression and an array is an error, since expressions compare by identity: eg.equal",
    ),
    "test_linalg::test_eig_real": "eigenvalues of matrices that are not symmetric are complex numbers",
    "test_scipy::test_odeint": "SciPy's integrator asks for truth values",
    "test_logic::test_assert": "np.allclose of an expression has no truth value",
    **{f"test_scipy::test_{name}": "Bessel functions of whole orders are the only ones" for name in ("iv", "ive")},
}


#: tests of parts of autograd that have no counterpart here
OUTSIDE = (
    "test_linalg::test_pinv", "test_logic::test_unimplemented_falseyness", "test_graphs::test_complex_mutating_outgrad_from_indexing",
    "test_wrappers::test_wrapped_name_and_docs",
)  # fmt: skip


class NotReachedError(Exception):
    """A test asks for something of autograd itself, or for complex numbers."""


class _State:
    """What the test that runs has done."""

    checks = 0
    complex_only = True
    test = ""


def _fresh(value: Any) -> Node:
    return eg.Symbol(f"s{next(_numbers)}", np.shape(value))


def _mapped(f: Callable[[Any], Any], value: Any) -> Any:
    """A function of the leaves of nested containers."""
    if isinstance(value, dict):
        return {k: _mapped(f, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(f, v) for v in value)
    return f(value)


def _leaves(value: Any) -> list[Any]:
    out: list[Any] = []
    _mapped(out.append, value)
    return out


def _has_complex(value: Any) -> bool:
    return any(
        not isinstance(v, Node) and np.asarray(v).dtype.kind == "c" for v in _leaves(value) if not isinstance(v, str) and v is not None
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, (int, float, np.ndarray, np.generic)) and not isinstance(value, bool)


def _flat(result: Any) -> Node:
    """All numbers of a result in one vector."""
    parts = [eg.as_expression(v) for v in _leaves(result) if v is not None]
    parts = [p for p in parts if p.size]
    return eg.concatenate([p.ravel() for p in parts]) if parts else eg.zeros(0)


def check_grads(fun: Callable[..., Any], argnum: int | Sequence[int] = 0, modes: Any = None, order: int = 2) -> Callable[..., None]:
    """The stand-in of autograd's check."""

    def check(*args: Any, **kwargs: Any) -> None:
        at = list(argnum) if isinstance(argnum, (tuple, list)) else list(range(len(args))) if argnum == 0 and _takes_all(fun) else [argnum]
        if _has_complex([args, list(kwargs.values())]):
            return
        _State.complex_only = False
        values = {}

        def symbol(v: Any) -> Any:
            if not _is_array(v):
                return v
            s = _fresh(v)
            values[s] = np.asarray(v, dtype=float)
            return s

        given = [_mapped(symbol, a) if k in at else a for k, a in enumerate(args)]
        result = fun(*given, **kwargs)
        want = fun(*args, **kwargs)
        if _has_complex(want):
            return
        _compare(_flat(result), values, lambda v: _of_numbers(fun, args, given, v, kwargs), want, order)
        _State.checks += 1

    return check


def _takes_all(fun: Callable[..., Any]) -> bool:
    """Whether a check of a function without ``argnum`` is by its first argument alone (a function of NumPy) or by all (a lambda)."""
    return getattr(fun, "__name__", "") in ("<lambda>", "fun", "vector_product", "new_fun", "f", "symmetrized_fun")


def _of_numbers(fun: Callable[..., Any], args: Any, given: Any, values: dict[Node, Any], kwargs: Any) -> np.ndarray:
    def number(s: Any, v: Any) -> Any:
        return values[s] if isinstance(s, Node) else v

    def both(s: Any, v: Any) -> Any:
        if isinstance(s, dict):
            return {k: both(s[k], v[k]) for k in s}
        if isinstance(s, (list, tuple)):
            return type(s)(both(a, b) for a, b in zip(s, v))
        return number(s, v)

    result = fun(*(both(s, v) for s, v in zip(given, args)), **kwargs)
    return np.concatenate([np.zeros(0), *(np.ravel(np.asarray(r, dtype=float)) for r in _leaves(result) if r is not None)])


def _compare(f: Node, values: dict[Node, Any], numbers: Callable[[dict[Node, Any]], np.ndarray], want: Any, order: int) -> None:
    wanted = np.concatenate([np.zeros(0), *(np.ravel(np.asarray(r, dtype=float)) for r in _leaves(want) if r is not None)])
    value = eg.evaluate(f, values)
    if _State.test.startswith(SIGNS):
        value, wanted = np.abs(value), np.abs(wanted)

        def numbers(at: dict[Node, Any]) -> np.ndarray:
            return np.asarray(eg.evaluate(f, at))

    np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-10)
    if not f.size or not values:
        return
    rng = np.random.default_rng(0)
    step = {s: rng.normal(size=np.shape(v)) for s, v in values.items()}
    weights = rng.normal(size=f.size)

    def along(g: Callable[[dict[Node, Any]], Any], h: float = 1e-4) -> Any:
        def at(k: float) -> Any:
            return g({s: v + k * h * step[s] for s, v in values.items()})

        return (8 * (at(1) - at(-1)) - at(2) + at(-2)) / (12 * h)

    first = _sum(eg.jvp(f, s, step[s]) for s in values)
    by_reverse = _sum(eg.sum(eg.vjp(f, s, weights) * step[s]) for s in values)
    got = eg.evaluate(first, values)
    np.testing.assert_allclose(got, along(numbers), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(eg.evaluate(by_reverse, values), got @ weights, rtol=1e-8, atol=1e-9)
    if order > 1:
        second = _sum(eg.jvp(first, s, step[s]) for s in values)
        np.testing.assert_allclose(eg.evaluate(second, values), along(lambda at: eg.evaluate(first, at)), rtol=1e-5, atol=1e-5)


def _sum(terms: Iterator[Node]) -> Node:
    first, *others = terms
    return sum(others, first)


def combo_check(fun: Callable[..., Any], argnum: Any, **options: Any) -> Callable[..., None]:
    """The check for all combinations of arguments."""

    def check(*args: Any, **kwargs: Any) -> None:
        for given in itertools.product(*args):
            for chosen in itertools.product(*kwargs.values()):
                check_grads(fun, tuple(argnum), **options)(*given, **dict(zip(kwargs, chosen)))

    return check


# ---------------------------------------------------------------- derivatives for users of autograd


def _with_symbol(fun: Callable[..., Any], argnum: int, args: Sequence[Any], kwargs: Any, derive: Callable[[Node, Node], Node]) -> Any:
    """A derivative by one argument, a number or an expression."""
    if _has_complex(list(args)):
        raise NotReachedError("complex numbers")
    argnum = argnum if argnum >= 0 else argnum + len(args)
    symbols: dict[Node, Any] = {}

    def symbol(v: Any) -> Any:
        s = _fresh(np.zeros(v.shape) if isinstance(v, Node) else v)
        symbols[s] = v
        return s

    given = list(args)
    given[argnum] = _mapped(symbol, args[argnum])
    _State.checks += 1
    _State.complex_only = False
    result = eg.as_expression(fun(*given, **kwargs))

    def derivative(s: Any) -> Any:
        derived = derive(result, s)
        values = {own: v for own, v in symbols.items() if not isinstance(v, Node)}
        if set(eg.free_symbols(derived)) <= set(values):
            return eg.evaluate(derived, values)  # of the values' type of numbers
        made = eg.substitute(derived, {s: eg.as_expression(v) for s, v in symbols.items()})
        return made if eg.free_symbols(made) else eg.evaluate(made)

    return _mapped(derivative, given[argnum])


def _operator(derive: Callable[[Node, Node], Node]) -> Callable[..., Callable[..., Any]]:
    def operator(fun: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if isinstance(argnum, (tuple, list)):
                return tuple(_with_symbol(fun, k, args, kwargs, derive) for k in argnum)
            return _with_symbol(fun, argnum, args, kwargs, derive)

        return call

    return operator


def _summed(f: Node, x: Node) -> Node:
    return eg.gradient(eg.sum(f), x)


grad, elementwise_grad, deriv = (_operator(_summed) for _ in range(3))
jacobian, hessian = _operator(eg.jacobian), _operator(eg.hessian)


def value_and_grad(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    return lambda *args, **kwargs: (fun(*args, **kwargs), grad(fun, argnum)(*args, **kwargs))


def hessian_tensor_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        *own, v = args
        return np.tensordot(hessian(fun, argnum)(*own, **kwargs), v, np.ndim(v))

    return call


def tensor_jacobian_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        *own, v = args
        return np.tensordot(v, jacobian(fun, argnum)(*own, **kwargs), np.ndim(v))

    return call


# ---------------------------------------------------------------- modules with autograd's names


class _Numpy(ModuleType):
    """NumPy, with what autograd adds: arrays of expressions from lists."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name) if name[0] != "_" or name.startswith("__") else getattr(_Unknown(self.__name__), name)


def _array(value: Any, *args: Any, **kwargs: Any) -> Any:
    """np.array cannot ask expressions in a list, and says to write eg.stack."""
    return eg.array(value) if eg.is_symbolic(value) else np.array(value, *args, **kwargs)


def _make_diagonal(d: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A matrix with d on its diagonal, which NumPy does not have."""
    n = np.shape(d)[-1]
    return d[..., None] * np.eye(n)


class _Unknown(ModuleType):
    """A part of autograd that is its own machinery."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refused(*args: Any, **kwargs: Any) -> Any:
            raise NotReachedError(f"{self.__name__}.{name} is autograd's own")

        return refused


def _modules(scipy_too: bool) -> dict[str, ModuleType]:
    names = (
        "autograd", "autograd.core", "autograd.extend", "autograd.tracer", "autograd.builtins", "autograd.misc", "autograd.wrap_util",
        "autograd.util", "autograd.scipy", "autograd.scipy.linalg", "autograd.scipy.signal", "autograd.scipy.stats",
        "autograd.scipy.stats.multivariate_normal", "autograd.scipy.special", "autograd.scipy.integrate",
    )  # fmt: skip
    found: dict[str, ModuleType] = {name: _Unknown(name) for name in names}
    own = found["autograd"]
    for f in (grad, elementwise_grad, jacobian, hessian, deriv):
        f.__name__ = next(n for n, g in globals().items() if g is f)
    for name in (
        "grad",
        "elementwise_grad",
        "jacobian",
        "hessian",
        "deriv",
        "value_and_grad",
        "hessian_tensor_product",
        "tensor_jacobian_product",
    ):
        setattr(own, name, globals()[name])
    own.matrix_jacobian_product = own.tensor_jacobian_product  # type: ignore[attr-defined]
    own.hessian_vector_product = own.hessian_tensor_product  # type: ignore[attr-defined]
    for name, f in (("list", list), ("dict", dict), ("tuple", tuple), ("isinstance", isinstance)):
        setattr(own, name, f)
        setattr(found["autograd.builtins"], name, f)
    numpy = _Numpy("autograd.numpy")
    numpy.array, numpy.make_diagonal, numpy.random = _array, _make_diagonal, np.random  # type: ignore[attr-defined]
    util = ModuleType("autograd.test_util")
    util.check_grads, util.combo_check = check_grads, combo_check  # type: ignore[attr-defined]
    util.scalar_close = lambda a, b: bool(abs(a - b) < 1e-6 or abs(a - b) < 1e-6 * abs(a + b))  # type: ignore[attr-defined]
    util.check_equivalent = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6)  # type: ignore[attr-defined]
    found |= {"autograd.numpy": numpy, "autograd.numpy.random": np.random, "autograd.test_util": util}
    own.numpy = numpy  # type: ignore[attr-defined]
    if scipy_too:
        import scipy.stats

        for name in ("special", "linalg", "stats", "integrate", "signal"):
            found[f"autograd.scipy.{name}"] = importlib.import_module(f"scipy.{name}")
        found["autograd.scipy.stats.multivariate_normal"] = scipy.stats.multivariate_normal
    # its convolution of several axes, and private parts of its numpy, are not SciPy's and NumPy's
    found["autograd.scipy.signal"] = _Unknown("autograd.scipy.signal")
    own.scipy = found["autograd.scipy"]  # type: ignore[attr-defined]
    for name in ("special", "linalg", "stats", "integrate", "signal"):
        setattr(found["autograd.scipy"], name, found[f"autograd.scipy.{name}"])
    return found


class Outcome(NamedTuple):
    """The outcome of a test function.

    ``passed`` or ``failed``; ``converted`` where NumPy or SciPy makes an array of numbers without asking the expression; ``outside``
    for complex numbers and for what tests autograd itself.
    """

    test: str
    kind: str
    reason: str


def run(tests: Path, files: Sequence[str] = FILES) -> list[Outcome]:
    """The outcomes of all test functions of a checkout."""
    before = dict(sys.modules)
    sys.modules.update(_modules("test_scipy" in files))
    sys.path.insert(0, str(tests))
    try:
        return [outcome for file in files for outcome in _of_file(tests / f"{file}.py")]
    finally:
        sys.path.remove(str(tests))
        for name in [n for n in sys.modules if n not in before and (n.startswith("autograd") or n == "numpy_utils")]:
            del sys.modules[name]


def _of_file(path: Path) -> Iterator[Outcome]:
    space: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), space)
    for name, f in list(space.items()):
        if name.startswith("test_") and callable(f):
            _State.checks, _State.complex_only, _State.test = 0, True, name
            full = f"{path.stem}::{name}"
            yield Outcome(full, "outside", "autograd's own") if full in OUTSIDE else Outcome(full, *_outcome(f))


def _outcome(test: Callable[[], None]) -> tuple[str, str]:
    np.random.seed(1)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            test()
    except NotReachedError as error:
        return "outside", str(error)
    except BaseException as error:
        own = "autograd's own where" if "positional-only arguments" in str(error) else str(error)
        if (
            type(error).__name__ == "Skipped"
            or "positional-only arguments" in str(error)
            or (isinstance(error, TypeError) and "required positional argument" in str(error))
        ):
            return "outside", own
        frames = traceback.extract_tb(error.__traceback__)
        if "no value yet" in str(error):
            return "converted", _CONVERTED
        line = frames[-1]
        text = " ".join(str(error).split())[:160]
        return "failed", f"{type(error).__name__}: {text} ({Path(line.filename).name}:{line.lineno})"
    return ("passed", "") if _State.checks else ("outside", "complex numbers" if _State.complex_only else "no expression")


def table(outcomes: Sequence[Outcome]) -> str:
    """The counts, and what does not pass with its reason."""
    by_kind = {kind: [o for o in outcomes if o.kind == kind] for kind in ("passed", "failed", "converted", "outside")}
    reached = len(by_kind["passed"]) + len(by_kind["failed"])
    share = 100 * len(by_kind["passed"]) / max(reached, 1)
    lines = [f"{len(by_kind['passed'])} of {reached} that reach an expression pass ({share:.1f} %)"]
    lines += [f"  {o.test}: {REASONS.get(o.test, 'NEW: ' + o.reason)}" for o in by_kind["failed"]]
    lines += [f"{len(by_kind['converted'])} are converted to numbers: {_CONVERTED}", *(f"  {o.test}" for o in by_kind["converted"])]
    lines += [f"{len(by_kind['outside'])} are outside: complex numbers, autograd's own machinery"]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run(Path(sys.argv[1]))))
