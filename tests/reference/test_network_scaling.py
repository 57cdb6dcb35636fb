"""The rescaling rules against R `networkscaleup` 0.1-2, and the defects of peers that we do not share.

To 1e-10: the reference values are printed with 15 digits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence.errors import PrevalenceWarning
from prevalence.nsum.models.scaling import rescale
from tests.agreement import Within, agrees, told

EXACT = Within("closed forms: 15 digits are printed", 1e-10)
KNOWN = [0, 1, 3]
SIZES = np.array([30_000, 50_000, np.nan, 80_000, np.nan])
RULES: dict[str, dict[str, Any]] = {
    "scaling_all": {"rule": "all"},
    "scaling_weighted": {"rule": "weighted"},
    "scaling_overdispersed_G1": {"rule": "overdispersed", "names": [[0, 1]]},
    "scaling_overdispersed_G1G2B2": {"rule": "overdispersed", "names": [[0], [1], [3]]},
}


class Drawn:
    """Twenty draws of six log degrees and five log prevalences, with a correlation matrix."""

    def __init__(self, folder: Path) -> None:
        table = np.loadtxt(folder / "scaling_draws.csv", delimiter=",", skiprows=1)
        self.degree, self.prevalence = table[:, :6], table[:, 6:]
        self.correlation = np.loadtxt(folder / "scaling_corr.csv", delimiter=",", skiprows=1)
        self.cases = told(folder / "expected_closed.json")["cases"]

    def rescaled(self, **how: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        how = {"sizes": SIZES, "population": 1e6, "correlation": self.correlation, **how}
        return rescale(self.degree, self.prevalence, **how)


@pytest.fixture(scope="module")
def drawn(oracle: Path) -> Drawn:
    return Drawn(oracle / "nsum")


@pytest.mark.parametrize("case", RULES)
def test_rules_equal_the_reference(drawn: Drawn, case: str) -> None:
    expected = drawn.cases[case]["value"]
    degree, prevalence = drawn.rescaled(**RULES[case])
    agrees(degree, expected["log_degrees"], EXACT)
    agrees(prevalence, expected["log_prevalences"], EXACT)


@pytest.mark.parametrize("power", [1, 2])
def test_weighted_rules_equal_a_loop(drawn: Drawn, power: int) -> None:
    """The squared rule of R and PyPI `networkscaleup` indexes the known groups twice: nan or an error."""
    degree, prevalence = drawn.rescaled(rule="weighted" if power == 1 else "weighted_sq")
    np.testing.assert_array_equal(degree, drawn.rescaled(rule="all")[0])
    for draw, rho in enumerate(drawn.prevalence):
        for j in range(5):
            top = bottom = 0.0
            for k in KNOWN:
                if k != j:
                    u = max(drawn.correlation[j, k], 0.0) ** power
                    top += u * np.exp(rho[k]) / (SIZES[k] / 1e6)
                    bottom += u
            assert prevalence[draw, j] == pytest.approx(rho[j] - np.log(top / bottom), rel=1e-10)


@pytest.mark.parametrize("names", [[[0, 1]], [[0], [1], [3]]])
def test_name_groups_do_rescale(drawn: Drawn, names: list[list[int]]) -> None:
    """PyPI `networkscaleup` returns the draws as they were, or stops, for these two calls."""
    degree, prevalence = drawn.rescaled(rule="overdispersed", names=names)
    shift = degree - drawn.degree
    assert np.abs(shift).min() > 0.01
    np.testing.assert_allclose(drawn.prevalence - prevalence, shift[:, :1] * np.ones(5), rtol=1e-9)


def test_inputs_stay_as_they_were(drawn: Drawn) -> None:
    """PyPI `networkscaleup` overwrites the diagonal of the caller's correlation matrix."""
    before = drawn.correlation.copy(), drawn.degree.copy(), drawn.prevalence.copy()
    with np.errstate(all="raise"):
        drawn.rescaled(rule="weighted")
    after = drawn.correlation, drawn.degree, drawn.prevalence
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_a_positive_correlation_all_known_groups_count(drawn: Drawn) -> None:
    """R and PyPI `networkscaleup` return nan here."""
    correlation = drawn.correlation.copy()
    correlation[4, :4] = correlation[:4, 4] = -0.1
    with pytest.warns(PrevalenceWarning, match=r"20.0% of the cases have none .*positions 4"):
        _, prevalence = drawn.rescaled(rule="weighted", correlation=correlation)
    np.testing.assert_array_equal(prevalence[:, 4], drawn.rescaled(rule="all")[1][:, 4])
    np.testing.assert_array_equal(prevalence[:, 2], drawn.rescaled(rule="weighted")[1][:, 2])


def test_chains_and_matrices_draw_by_draw(drawn: Drawn) -> None:
    degree, prevalence = drawn.degree.reshape(2, 10, 6), drawn.prevalence.reshape(2, 10, 5)
    matrices = np.broadcast_to(drawn.correlation, (2, 10, 5, 5))
    how: dict[str, Any] = {"sizes": SIZES, "population": 1e6, "rule": "weighted"}
    result = rescale(degree, prevalence, correlation=matrices, **how)
    for one, other in zip(result, drawn.rescaled(rule="weighted"), strict=True):
        np.testing.assert_allclose(one.reshape(20, -1), other, rtol=1e-14)
