"""Coverage of the estimators of lists with covariates, where the truth is known.

Three lists are cells of `evidence.coverage.estimators`, as is the conditional likelihood there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import mse_people as naive

Array = NDArray[Any]
CONSTANTS = (-1.0, -0.5, -1.2, -1.0)
SLOPES = np.array([[0.4, -0.3, 0.2, 0.1], [0.2, 0.3, -0.1, 0.3]])


def runs(size: int, lists: int, count: int, **how: Any) -> tuple[Array, Array, Array]:
    """Return estimates, standard errors, and whether the interval covers."""
    names = [f"list {j + 1}" for j in range(lists)]
    known = how.pop("known", False)
    if known:
        how["nuisance"] = naive.known_chances(CONSTANTS[:lists], SLOPES[:, :lists])
    found = []
    for seed in range(count):
        rng = np.random.default_rng(1000 + seed)
        on, x = naive.population(rng, size, CONSTANTS[:lists], SLOPES[:, :lists])
        columns = {name: on[:, j] for j, name in enumerate(names)}
        made = pv.Lists({**columns, "a": x[:, 0], "b": x[:, 1]}, names, covariates=["a", "b"])
        e = (
            pv.mse.doubly_robust(made, rng=seed, **how)
            if "among" in how
            else pv.mse.huggins(made, **how)
        )
        low, high = e.interval()[0]
        found.append((float(e), e.std_error[0], low <= size <= high))
    value, std_error, covered = np.array(found).T
    return value, std_error, covered


def check(size: int, value: Array, std_error: Array, covered: Array, bias: float = 0.0) -> None:
    """Hold bias, spread and coverage to three Monte Carlo errors; `bias` is of second order."""
    n = value.size
    error = value.std() / n**0.5
    assert abs(value.mean() - size) < 3 * error + bias * size
    assert abs(covered.mean() - 0.95) < 3 * (0.95 * 0.05 / n) ** 0.5
    # The standard deviation of n normal values has relative error 1 / sqrt(2 n).
    assert abs(np.median(std_error) / value.std() - 1) < 3 / (2 * n) ** 0.5 + 0.05


def test_known_chances_cover_in_a_few_runs() -> None:
    check(2000, *runs(2000, 3, 60, among=("list 1", "list 2"), known=True))


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore:the standard error rests on:prevalence.PrevalenceWarning")
@pytest.mark.parametrize(
    ("lists", "among"),
    [(2, ("list 1", "list 2")), (4, ("list 1", "list 2", "list 3"))],
)
@pytest.mark.parametrize("known", [True, False])
def test_doubly_robust_covers(lists: int, among: tuple[str, ...], known: bool) -> None:
    # With fitted chances a second-order bias of a few tenths of a per cent is left. Chances of three
    # lists among four take a third of a second a sample: 100 of them.
    count = 300 if known or lists == 2 else 100
    how = {"among": among, "known": known}
    check(8000, *runs(8000, lists, count, **how), bias=0.0 if known else 0.01)


@pytest.mark.proof
def test_huggins_covers_with_two_lists() -> None:
    # The estimate is a convex function of the coefficients: a bias of order 1 / N is left.
    check(6000, *runs(6000, 2, 300), bias=0.005)
