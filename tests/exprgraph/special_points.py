"""Special functions for the tests of elementary ones: bounds, references, and where errors are largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from exprgraph.testing.code_by_mpmath import names

# largest error allowed in units in the last place, in float64 and in float32
BOUNDS = {
    "tgamma": (7.3, 7.7),
    "rgamma": (6.6, 8.6),
    "lgamma": (4.3, 3.6),
    "digamma": (3.8, 3.3),
    "zeta": (5.1, 5.5),
    "euler_beta": (9.9, 10.0),
    "erfinv": (3.4, 3.1),
    "erfcinv": (3.3, 3.6),
    "xlog1py": (2.4, 2.4),
    "log_ratio": (1.8, 1.8),
    "rel_entr": (2.2, 2.9),
    "kl_div": (15.0, 18.5),
}
REFERENCE: dict[str, Callable[..., Any]] = {
    name: mp.loggamma if name == "lgamma" else mp.digamma if name == "digamma" else names()[name] for name in BOUNDS
}
#: where a search finds the largest errors, contracted and not (python -m tests.accuracy)
WORST: dict[str, list[tuple[float, ...]]] = {
    "tgamma": [(-20.84667815069678,), (-82.79135393637766,)],
    "rgamma": [(132.56541274720655,), (129.40990354336188,)],
    "lgamma": [(2.733486892295975,), (2.7288182051991234,)],
    "digamma": [(2.1204521559128833,), (2.1122274584464673,)],
    "zeta": [(2.940258888666924, 905.531219966713), (2.9430593562400498, 916.8713371666037)],
    "euler_beta": [(2.6756707956956025, 2.5365218763541133), (2.7334107263480227, 2.5306213176299477)],
    "erfinv": [(-0.9950499222337974,), (-0.773560228337439,)],
    "erfcinv": [(1.8309770403611978,), (0.20725339004124851,)],
    "xlog1py": [(1.311307110994997, 0.4259778724554056), (2.8866061136194694e-22, 0.41612759833948526)],
    "log_ratio": [(1.7127576655334333, 1.195465386318438), (1.7032297892926087, 1.2018603358944733)],
    "rel_entr": [(1.1974189831541984, 1.7024643151841365), (0.8181543015923589, 0.805065450979775)],
    "kl_div": [(1.7234866812585175, 1.2035386669221342), (1.7153132978671808, 1.2043772132120565)],
}
#: those whose references take time
SLOW = ("erfinv", "erfcinv", "zeta")
#: those whose bounds hold for positive arguments only
POSITIVE = ("lgamma", "digamma", "zeta")


def spread(name: str, n: int, rng: np.random.Generator, single: bool = False) -> list[np.ndarray] | None:
    """About n arguments over the range in which the bound holds; ``None`` for a name that is not here."""
    m = max(n // 8 if n > 10_000 else n // 30, 8)
    far, eps = (36.0, -7.0) if single else (300.0, -16.0)

    def powers(low: float, high: float, count: int = m) -> np.ndarray:
        return np.asarray(10.0 ** rng.uniform(low, high, count))

    near = powers(eps, -1.0)
    if name in ("lgamma", "digamma"):
        zeros = [1 - near, 1 + near, 2 - near, 2 + near] if name == "lgamma" else [1.4616321449683622 * (1 + near)]
        return [np.concatenate([rng.uniform(0, 4, 3 * m), powers(-far, far), rng.uniform(2, 60, m), [0.75, 1.0, 2.0, 2.75], *zeros])]
    if name in ("tgamma", "rgamma"):
        most = 34.0 if single else 171.6
        return [np.concatenate([rng.uniform(0, 4, 3 * m), powers(-far, 2.2), rng.uniform(2, most, 3 * m), -rng.uniform(0, most - 4, m)])]
    if name == "euler_beta":
        small, large = rng.uniform(0, 4, 4 * m), powers(0.4, 1.0 if single else 1.5, 2 * m)
        other, tiny = powers(0, 1.2 if single else 3, 2 * m), powers(-0.1 * far, 0)
        return [np.concatenate([small, large, tiny]), np.concatenate([rng.permutation(small), other, rng.permutation(tiny)])]
    if name in ("erfinv", "erfcinv"):
        m = min(max(m // 2, 8), 300)  # whose references take time
        x = [rng.uniform(-1, 1, 3 * m), 1 - powers(eps, -0.5), powers(eps, -0.5) - 1, powers(-far, 0)]
        return [np.concatenate(x if name == "erfinv" else [1 + x[0], powers(-far, 0), 1 + near, 2 - powers(eps, -1)])]
    if name in ("xlog1py", "log_ratio", "rel_entr", "kl_div"):
        y = np.concatenate([rng.uniform(0.01, 4, 3 * m), powers(-far / 4, far / 4)])
        above, below, other = 1 + powers(eps / 2, 0), 1 / (1 + powers(eps / 2, 0)), powers(-far / 4, far / 4, y.size - 2 * m)
        return [np.concatenate([y[:m] * above, y[m : 2 * m] * below, other]), y]
    if name == "zeta":
        m = min(max(m // 5, 8), 250)  # likewise
        s = rng.choice([2.0, 3.0, 4.0, 5.0, 8.0, 15.0, 30.0] if single else [2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0], 5 * m)
        return [s, powers(-1, 1, 5 * m) if single else powers(-2, 3, 5 * m)]
    return None
