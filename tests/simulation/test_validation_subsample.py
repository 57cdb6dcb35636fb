"""A gold standard on a subsample, where the truth is known: bias, variance and coverage.

Sixty primary units of 25 from a population in which the prevalence varies between units; the screen
finds .8 of cases and takes 7 % of others for cases; 80 who are positive and 120 who are not are
looked at again. Every bound is three Monte Carlo standard errors of what is compared.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
UNITS, ROWS = 60, 25
SENSITIVITY, FALSE_POSITIVE, TESTED = 0.8, 0.07, {1.0: 80, 0.0: 120}
PREVALENCE, CORRELATION = 0.12, 0.05


def draw(
    rng: np.random.Generator, unequal: bool, prevalence: float = PREVALENCE
) -> dict[str, Array]:
    """Return one screened sample with its subsample; with `unequal`, weights vary and tell nothing."""
    size = 1 / CORRELATION - 1
    p = rng.beta(prevalence * size, (1 - prevalence) * size, UNITS)
    case = rng.random(UNITS * ROWS) < np.repeat(p, ROWS)
    found = rng.random(case.size) < np.where(case, SENSITIVITY, FALSE_POSITIVE)
    gold = np.full(case.size, np.nan)
    for result, tested in TESTED.items():
        rows = np.flatnonzero(found == (result == 1))
        chosen = rng.choice(rows, min(tested, rows.size), replace=False)
        gold[chosen] = case[chosen]
    return {
        "psu": np.repeat(np.arange(UNITS), ROWS),
        "w": rng.uniform(1, 5, case.size) if unequal else np.ones(case.size),
        "screen": found.astype(float),
        "gold": gold,
    }


def held_fixed(data: dict[str, Array]) -> float:
    """Variance with the expanded weights as if they were those of a sample of one phase."""
    seen, w = ~np.isnan(data["gold"]), data["w"].copy()
    for result in TESTED:
        rows = data["screen"] == result
        w[rows] *= rows.sum() / (rows & seen).sum()
    rows = {"psu": data["psu"][seen], "w": w[seen], "gold": data["gold"][seen]}
    return float(
        pv.direct.prevalence(pv.Survey(rows, weights="w", psu="psu"), "gold").std_error[0] ** 2
    )


class Runs(NamedTuple):
    value: Array
    variance: Array
    jackknife: Array
    fixed: Array
    covered: Array

    def true_variance(self) -> tuple[float, float]:
        """Variance of the estimates, and its relative Monte Carlo error."""
        off = self.value - self.value.mean()
        kurtosis = (off**4).mean() / (off**2).mean() ** 2
        return float(self.value.var(ddof=1)), float(np.sqrt((kurtosis - 1) / off.size))


def runs(samples: int, seed: int, form: str, *, unequal: bool = False, replicated: int = 0) -> Runs:
    rng, out = np.random.default_rng(seed), []
    how = {"screen": "screen", "gold": "gold", "form": form}
    for b in range(samples):
        data = draw(rng, unequal)
        survey = pv.Survey(data, weights="w", psu="psu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            e = pv.misclassification.validation_subsample(survey, **how)
            jackknife = np.nan
            if b < replicated:
                jackknife = pv.misclassification.validation_subsample(
                    survey.jackknife(), **how
                ).std_error[0]
        low, high = e.interval()[0]
        out.append(
            (
                e.value[0],
                e.std_error[0] ** 2,
                jackknife**2,
                held_fixed(data),
                low <= PREVALENCE <= high,
            )
        )
    return Runs(*np.array(out, dtype=float).T)


def check(found: Runs) -> None:
    samples = found.value.size
    truth, noise = found.true_variance()
    assert abs(found.value.mean() - PREVALENCE) < 3 * np.sqrt(truth / samples)
    # 1.02 was seen (.04 of it Monte Carlo error); the z form is right to the first order alone.
    assert abs(found.variance.mean() / truth - 1.02) < 3 * noise
    missed = 1 - found.covered.mean()
    assert missed < 0.06 + 3 * np.sqrt(0.05 * 0.95 / samples)


def test_a_few_samples() -> None:
    check(runs(120, 3, "double-expansion"))


@pytest.mark.proof
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("form", ["double-expansion", "reweighted"])
def test_bias_variance_and_coverage(form: str, unequal: bool) -> None:
    found = runs(1_500, 1, form, unequal=unequal, replicated=400)
    check(found)
    truth, noise = found.true_variance()
    assert found.fixed.mean() / truth > 1.1 + 2 * noise  # counts of the first phase thrown away
    some = np.isfinite(found.jackknife)
    apart = found.jackknife[some] / found.variance[some]
    assert 1.0 < apart.mean() < 1.03  # the jackknife's second order, with 60 units


@pytest.mark.proof
@pytest.mark.parametrize("prevalence", [0.05, 0.02, 0.01])
def test_rare_cases_that_the_screen_misses_are_covered(prevalence: float) -> None:
    """Most samples have no case among the 120 negatives, whose plain variance is then 0."""
    rng, samples = np.random.default_rng(6), 1_000
    covered = {"auto": 0, "wald": 0}
    for _ in range(samples):
        survey = pv.Survey(draw(rng, False, prevalence), weights="w", psu="psu")
        for rule in covered:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pv.PrevalenceWarning)
                e = pv.misclassification.validation_subsample(
                    survey, screen="screen", gold="gold", interval=rule
                )
            low, high = e.interval()[0]
            covered[rule] += bool(low <= prevalence <= high)
    error = 3 * np.sqrt(0.95 * 0.05 / samples)
    assert covered["auto"] / samples > 0.95 - error
    assert covered["wald"] / samples < 0.95 - error
