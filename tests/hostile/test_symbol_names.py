"""Whatever a symbol is named, its name is data: never run, and never another symbol's."""

from __future__ import annotations

import ast
import builtins
import html.parser
import io
import os
import pickle
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_names import CODE, LONG, LOOK_ALIKE, NAMES, OURS, SIGNS

import exprgraph as eg
from exprgraph.graph.node import Node

ROOT = str(Path(eg.__file__).parent.parent)


@pytest.fixture(autouse=True)
def nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "pwned").exists()


def expressions(name: str) -> tuple[Node, list[Node]]:
    """An expression of every part that prints names, and its symbols."""
    scalar, vector = eg.Symbol(name), eg.Symbol(name, 2)
    other = eg.Symbol("other")
    e = eg.atan2(scalar, other) * eg.sin(vector[0]) + eg.where(vector[1] > 0, eg.norm(vector), scalar**2)
    return e, [scalar, vector, other]


def read_back(text: str, symbols: list[Node]) -> Any:
    """What the printed Python means to somebody who has the package's names, and the symbols whose names are identifiers."""
    space: dict[str, Any] = {n: getattr(eg, n) for n in eg.__all__}
    space.update(Symbol=eg.Symbol, float=float, __builtins__={})
    for s in symbols:
        if s.name.isidentifier() and s.name != "Symbol":
            space[s.name] = s
    *definitions, last = text.split("\n")
    for line in definitions:
        exec(line, space)
    return eval(last, space)


def test_text_is_python_that_gives_the_expression_back() -> None:
    for name in NAMES:
        s = eg.Symbol(name)
        e = eg.atan2(s, eg.Symbol("other")) * eg.sin(s) + 1
        assert read_back(str(e), [s, eg.Symbol("other")]) is e
        assert "\0" not in str(e) and "\n" not in str(e)
        str(e).encode()  # no part of a surrogate pair is printed as it is


def test_text_in_which_parts_are_named() -> None:
    for name in ("t1", "t", "s1", "t_1", "x\nt1 = 3", "__debug__"):
        s = eg.Symbol(name)
        e = s
        for k in range(40):
            e = eg.sin(e) * e + k
        text = str(e)
        assert "\n" in text  # it is long enough to name its parts
        assert read_back(text, [s]) is e


def test_latex_holds_nothing_but_what_the_name_looks_like() -> None:
    for name in NAMES:
        e, _ = expressions(name)
        for text in (eg.latex(e), e._repr_latex_() or "", eg.latex(eg.Symbol(name, 2))):
            text.encode()
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
            assert not set(re.findall(r"\\([a-z]+)", text)) & {"input", "write", "def", "include", "href", "csname", "catcode", "openout"}
            plain = re.sub(r"\\[\\{}%$#&_ ]", "", text)
            assert plain.count("{") == plain.count("}")
            assert "%" not in plain and "#" not in plain
            assert plain.count("$") in (0, 2) and (plain.count("$") == 0 or (plain.startswith("$") and plain.endswith("$")))
            assert text.count(r"\begin{equation}") == text.count(r"\end{equation}")


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    def handle_entityref(self, name: str) -> None:
        self.found.append(name)


def test_a_notebook_that_takes_the_output_for_html_finds_no_tag() -> None:
    for name in NAMES:
        e, _ = expressions(name)
        tags = _Tags()
        tags.feed(e._repr_latex_() or "")
        tags.close()
        assert tags.found == []
        assert not hasattr(e, "_repr_html_")


def _dot_statements(text: str) -> list[str]:
    """The lines of Graphviz's language once its quoted strings are read and replaced by their places."""
    strings = re.compile(r'"(?:[^"\\]|\\.)*"')
    return strings.sub('""', text).split("\n")


def test_a_name_stays_inside_its_label_in_graphviz() -> None:
    for name in NAMES:
        e, _ = expressions(name)
        plain, _ = expressions("plain")
        text = eg.to_dot(e)
        text.encode()
        shapes = sorted(re.sub(r"\d+", "", line) for line in _dot_statements(text))
        assert shapes == sorted(re.sub(r"\d+", "", line) for line in _dot_statements(eg.to_dot(plain)))


def words_of(source: str) -> set[str]:
    return {t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.NAME}


def test_generated_code_is_the_same_whatever_the_names() -> None:
    want, symbols = expressions("plain")
    source = eg.compile(want, symbols).source
    value = eg.evaluate(want, dict(zip(symbols, (0.5, [0.25, -0.5], 2.0))))
    for name in (*CODE[:8], *OURS[:8], *SIGNS[:8], LONG):
        e, symbols = expressions(name)
        fn = eg.compile(e, symbols)
        # operands are ordered by digest, and so by name; all else is equal
        assert sorted(words_of(fn.source)) == sorted(words_of(source)), name
        ast.parse(fn.source)
        if len(name) > 20:
            assert name not in fn.source
        np.testing.assert_allclose(fn(0.5, [0.25, -0.5], 2.0), value, rtol=1e-14)


def test_look_alikes_stay_apart() -> None:
    for one, two in LOOK_ALIKE:
        a, b = eg.Symbol(one), eg.Symbol(two)
        assert a is not b
        e = eg.sin(a) - 2 * b
        assert set(eg.free_symbols(e)) == {a, b}
        assert read_back(str(e), [a, b] if two.isidentifier() else [a]) is e
        for backend in ("native", "numpy"):
            assert eg.compile(e, (a, b), backend=backend)(0.5, 3.0) == pytest.approx(np.sin(0.5) - 6)
        assert eg.evaluate(e, {a: 0.5, b: 3.0}) == pytest.approx(np.sin(0.5) - 6)
        assert pickle.loads(pickle.dumps(e)) is e


def test_all_names_at_once() -> None:
    symbols = [eg.Symbol(n) for n in NAMES]
    assert len(set(symbols)) == len(NAMES)
    e = sum((k + 1) * eg.tanh(s) for k, s in enumerate(symbols))
    values = np.linspace(-1, 1, len(NAMES))
    want = np.sum(np.arange(1, len(NAMES) + 1) * np.tanh(values))
    for backend in ("native", "numpy"):
        assert eg.compile(e, symbols, backend=backend)(*values) == pytest.approx(want)
    for k, s in enumerate(symbols):
        assert eg.diff(e, s) is eg.diff((k + 1) * eg.tanh(s), s)


@pytest.mark.parametrize("name", [*CODE, "{0}", "a\0b", "\ud800", "class", "\ufb01", LONG], ids=ascii)
def test_errors_name_the_symbol_and_can_be_printed(name: str) -> None:
    s = eg.Symbol(name, 2)
    for call in (
        lambda: eg.evaluate(s, {}),
        lambda: eg.evaluate(s, {s: [1.0, 2.0, 3.0]}),
        lambda: eg.compile(s, (s,))([1.0, 2.0, 3.0]),
        lambda: eg.compile(s, ()),
        lambda: eg.compile(s, (s,))(),
        lambda: eg.compile(s, (s,), shared=(eg.Symbol(name, 3),)),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        str(caught.value).encode()
        assert "\0" not in str(caught.value) and "\n" not in str(caught.value)
    repr(eg.compile(s, (s,))).encode()
    assert "\n" not in repr(eg.compile(s, (s,)))


def run(code: str, *arguments: str, stdin: bytes = b"") -> bytes:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", code, *arguments], input=stdin, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_a_saved_module_holds_names_as_text(tmp_path) -> None:
    symbols = [eg.Symbol(n) for n in NAMES]
    eg.compile(eg.over_samples.sum(symbols[0]), symbols).save(tmp_path / "saved.py")
    tree = ast.parse((tmp_path / "saved.py").read_text(encoding="utf-8"))
    values = {s.targets[0].id: s.value for s in tree.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)}
    assert [n for n, _, _ in ast.literal_eval(values["ARGUMENTS"])] == list(NAMES)


def imported(tree: ast.Module) -> set[str]:
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return found | {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


@pytest.mark.slow
def test_a_saved_module_runs_alone_and_runs_no_name(tmp_path) -> None:
    symbols = [eg.Symbol(n) for n in (*CODE, "class", "a\0b", "{0}", "\ud800", "\ufb01", LONG)]
    e = sum((k + 1) * eg.sin(s) for k, s in enumerate(symbols))
    fn = eg.compile(e, symbols)
    fn.save(tmp_path / "saved.py")
    text = (tmp_path / "saved.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert not {n.func.id for n in calls} & {"open", "eval", "__import__", "alert"}
    # what is executed is text of the package about numbers: names of arguments are data
    executed = [ast.unparse(n) for n in calls if n.func.id == "exec"]
    assert executed == ["exec(compile(KERNEL, '<KERNEL>', 'exec'), names)", "exec(text, names)"]
    eg.compile(eg.sin(eg.Symbol("x")), eg.Symbol("x")).save(tmp_path / "harmless.py")
    assert imported(tree) == imported(ast.parse((tmp_path / "harmless.py").read_text(encoding="utf-8")))
    values = np.linspace(-1, 1, len(symbols))
    code = "import saved, sys, numpy as np; v = np.linspace(-1, 1, len(saved.ARGUMENTS)); saved.self_check(); "
    code += "print(float(saved.evaluate(*v)[0])); print(ascii([n for n, _, _ in saved.ARGUMENTS]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""})
    assert done.returncode == 0, done.stderr.decode()
    value, listed = done.stdout.decode().splitlines()
    assert float(value) == pytest.approx(float(fn(*values)), rel=1e-13)
    assert ast.literal_eval(listed) == [s.name for s in symbols]


def test_pickles_keep_every_name_in_another_process() -> None:
    symbols = [eg.Symbol(n, 2) for n in NAMES]
    e = eg.stack([eg.sin(s) for s in symbols])
    code = "import pickle, sys; e = pickle.loads(sys.stdin.buffer.read()); sys.stdout.buffer.write(pickle.dumps((e, [str(e)])))"
    back, (text,) = pickle.loads(run(code, stdin=pickle.dumps(e)))
    assert back is e
    assert text == str(e)


def test_a_name_is_a_non_empty_string() -> None:
    for wrong in (None, 1, b"x", ["x"], object(), eg.Symbol("x"), np.array("x")):
        with pytest.raises(TypeError, match="a symbol's name is a string, got"):
            eg.Symbol(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not be empty"):
        eg.Symbol("")


def test_names_of_a_type_of_their_own_are_plain_names() -> None:
    class Name(str):
        def __repr__(self) -> str:
            return "open('pwned', 'w')"

        def __str__(self) -> str:
            return "another"

        def __hash__(self) -> int:
            return 0

    s = eg.Symbol(Name("x"))
    assert s is eg.Symbol("x")
    assert type(s.name) is str
    assert eg.Symbol(np.str_("x")) is s


def test_a_function_that_users_add_has_a_name_that_code_can_have() -> None:
    for wrong in (*CODE, "class", "None", "__debug__", "\ufb01", "", "a b"):
        with pytest.raises(ValueError, match="Python identifier"):
            eg.function(wrong, numpy=np.sin, derivative=None, code="{0}")
    with pytest.raises(TypeError, match="string"):
        eg.function(3, numpy=np.sin, derivative=None, code="{0}")  # type: ignore[arg-type]
    for taken in ("sin", "sum", "symbol", "contract"):
        with pytest.raises(ValueError, match="exists already"):
            eg.function(taken, numpy=np.sin, derivative=None, code="{0}")


def test_every_sign_is_tried_on_its_own_place() -> None:
    """The lists above hold what they are meant to hold."""
    assert len(set(NAMES)) == len(NAMES) and len(SIGNS) > 30
    assert {"print", "eval", "float", "list"} <= set(vars(builtins))
