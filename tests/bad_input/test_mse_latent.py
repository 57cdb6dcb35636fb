"""What the latent class model answers to bad arguments, and what it says of results that lean on something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse import LatentClassFit
from prevalence.mse.latent.state import Prior
from tests.bad_input.cases import Bad, refused

HISTORIES = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
DATA: dict[str, Any] = {
    "A": [1, 0, 0, 1, 1, 0, 1],
    "B": [0, 1, 0, 1, 0, 1, 1],
    "C": [0, 0, 1, 0, 1, 1, 1],
    "w": [60, 74, 48, 21, 9, 12, 4],
}
APART = {**DATA, "w": [60, 74, 48, 0, 0, 0, 0]}


def asked(**arguments: Any) -> Any:
    return lambda data: pv.mse.latent_class(
        pv.Lists(data, ["A", "B", "C"], counts="w"), **arguments
    )


CASES = [
    Bad(DATA, pv.mse.latent_class, TypeError, r"lists must be a Lists: found dict\. Make one with"),
    Bad(APART, asked(), ValueError, r"lists must overlap: none of 182 persons"),
    Bad(
        DATA, asked(classes=0), ValueError, r"classes must be a whole number of at least 1: found 0"
    ),
    Bad(DATA, asked(classes=2.5), ValueError, r"classes must be a whole number .* found 2\.5"),
    Bad(DATA, asked(chains=1), ValueError, r"chains must be a whole number of at least 2: found 1"),
    Bad(DATA, asked(levels=0), ValueError, r"levels must be a whole number of at least 1: found 0"),
    Bad(DATA, asked(draws=3), ValueError, r"draws must be a whole number of at least 4: found 3"),
    Bad(DATA, asked(warmup=-1), ValueError, r"warmup must be a whole number .* found -1"),
    Bad(DATA, asked(shape=0), ValueError, r"shape must be positive: found 0\. Leave it out"),
    Bad(DATA, asked(rate=float("nan")), ValueError, r"rate must be positive: found nan\."),
    Bad(DATA, asked(largest=200), ValueError, r"largest must be at least the 228 persons seen"),
    Bad(DATA, asked(largest="many"), TypeError, r"largest must be a number: found 'many'"),
    Bad(DATA, asked(point="mode"), ValueError, r"point must be one of mean, median: found 'mode'"),
    Bad(DATA, asked(rng="one"), TypeError, r"rng must be an integer seed"),
    Bad(
        DATA, asked(draws=4, warmup=0), pv.ConvergenceError, r"the draws have not converged: .* Fit"
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.message[:40] for case in CASES])
def test_bad_arguments_are_refused(case: Bad) -> None:
    refused(case)


def made(
    totals: Any, *, held: float = 2.0, classes: int = 5, lists: int = 3, **prior: float
) -> Any:
    """Return a fit whose draws are given."""
    random = np.random.default_rng(1)
    shape = totals.shape
    draws = {
        "population size": totals,
        "classes": np.where(random.random(shape) < 0.5, held, 1.0),
        "concentration": random.random(shape),
        "log likelihood": random.random(shape),
    }
    names = ["A", "B", "C"][:lists]
    table = [row[:lists] for row in HISTORIES[:4]] if lists == 2 else HISTORIES
    kept = [row for row in table if any(row)]
    data = pv.Lists.from_counts(kept, [60, 74, 21] if lists == 2 else DATA["w"], names)
    return LatentClassFit(data, draws, classes, Prior(**prior))


def sizes(spread: float = 0.1) -> Any:
    return 400 * np.random.default_rng(2).lognormal(0, spread, (4, 500))


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (lambda: made(np.minimum(sizes(), 400.0), largest=400), "within a tenth of largest=400"),
        (lambda: made(sizes(), held=5.0), "all 5 classes hold somebody in 5. %"),
        (lambda: made(sizes(1.2)), "the posterior has a long tail: its mean is"),
        (lambda: made(sizes(), lists=2), "two lists cannot tell classes from chance"),
    ],
)
def test_results_that_lean_on_something_say_so(fit: Any, message: str) -> None:
    with pytest.warns(pv.PrevalenceWarning, match=message):
        found = fit().size()
    assert len(found.warnings) == 1


def test_the_median_is_of_the_draws_and_the_bound_is_said() -> None:
    fit = made(sizes(1.2), largest=1e6)
    found = fit.size(point="median")
    assert found.value[0] == np.median(fit.draws["population size"])
    assert any("At most 1,000,000 persons, as largest= says" in said for said in found.assumptions)
    assert not found.warnings


def test_a_quantity_that_never_moved_has_not_converged() -> None:
    fit = made(np.full((4, 500), 300.0))
    with pytest.raises(pv.ConvergenceError, match="'population size' never moved"):
        fit.size()


def test_no_size_is_above_the_largest() -> None:
    lists = pv.Lists.from_counts(HISTORIES, DATA["w"], ["A", "B", "C"])
    fit = pv.mse.latent_class_fit(
        lists, classes=2, chains=16, levels=2, warmup=20, draws=100, largest=420, rng=1
    )
    found = fit.draws["population size"]
    assert found.max() <= 420
    assert np.mean(found > 400) > 0.1  # the bound cuts, it does not pile up
    assert np.mean(found == 420) < 0.1
