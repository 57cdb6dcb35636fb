"""Closed-population models where the truth is known: bias and standard errors.

Coverage is that of cells of `evidence.coverage.estimators`.

Means are compared within four of their Monte Carlo standard errors; seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence.mse.closed_population.families import family_fit
from prevalence.mse.closed_population.inflation import modified_chao_bound, one_inflated_fit
from prevalence.mse.histories import all_histories

Array = NDArray[Any]


def independent(histories: Array, rates: Array) -> Array:
    return np.asarray(np.prod(np.where(histories == 1, rates, 1 - rates), axis=1))


def response(histories: Array, start: float, before: float, after: float) -> Array:
    out = []
    for history in histories:
        chance, caught = 1.0, False
        for j, on in enumerate(history):
            p = after if caught else start if j == 0 else before
            chance *= p if on else 1 - p
            caught |= bool(on)
        out.append(chance)
    return np.array(out)


def drawn(size: int, chances: Array, runs: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    whole = np.append(chances, 1 - chances.sum())
    return np.asarray(rng.multinomial(size, whole, size=runs).T[:-1], dtype=float)


def test_response_standard_errors_and_bias_corrections() -> None:
    """Standard errors of Mbh are ours: for Kosovo R prints 86, ours is 74, the spread 74."""
    histories = all_histories(5)
    counts = drawn(20_000, response(histories, 0.4, 0.3, 0.15), 800, 1)
    fit = family_fit(histories, counts, "Mbh")
    # A standard deviation of 800 nearly normal values has a relative error of 2.5 %.
    spread = fit.total.std(ddof=1)
    assert np.sqrt((fit.std_error**2).mean()) == pytest.approx(spread, rel=4 * 0.025)
    small = drawn(1000, response(histories, 0.25, 0.25, 0.1), 2500, 2)
    for model in ("Mb", "Mbh"):
        plain = family_fit(histories, small, model).total
        better = family_fit(histories, small, model, bias_corrected=True).total
        error = better.std() / np.sqrt(2500)
        assert abs(better.mean() - 1000) < 4 * error
        assert plain.mean() > better.mean()


def test_bias_correction_of_unequal_lists_is_for_rare_captures() -> None:
    """It takes nearly all of the bias where captures are rare, a fifth of it at rates of 0.15."""
    histories = all_histories(4)
    for rate, size, left in ((0.02, 8000, 0.2), (0.15, 1000, 1.0)):
        counts = drawn(size, independent(histories, np.full(4, rate)), 2500, 3)
        plain = family_fit(histories, counts, "Mt").total
        better = family_fit(histories, counts, "Mt", bias_corrected=True).total
        bias, error = plain.mean() - size, better.std() / np.sqrt(2500)
        assert bias > 2 * error
        assert abs(better.mean() - size) < left * bias + 4 * error
        assert better.mean() < plain.mean()


@pytest.mark.parametrize("mechanism", ["before", "after", "duplicates"])
def test_one_inflation_by_its_mechanism(mechanism: str) -> None:
    """The right mechanism finds the size; the wrong ones do not."""
    histories, size, runs = all_histories(4), 8000, 600
    rates = np.array([0.35, 0.2, 0.25, 0.3])
    chances, once = independent(histories, rates), histories.sum(axis=1) == 1
    rng = np.random.default_rng(4)
    if mechanism == "before":  # a third of the persons can be captured once only, and are
        single = rng.multinomial(size // 4, np.ones(4) / 4, size=runs).T
        counts = drawn(size - size // 4, chances, runs, 5)
        counts[once] += single
    elif mechanism == "after":  # the first capture of a third keeps them from others
        mixed = chances * 2 / 3
        mixed[once] += (1 / 3) * (1 - independent(np.zeros((1, 4)), rates)[0]) / 4
        counts = drawn(size, mixed, runs, 5)
    else:
        counts = drawn(size, chances, runs, 5)
        counts[once] += rng.poisson(300, (4, runs))
    found = {
        name: one_inflated_fit(histories, counts, mechanism=name)
        for name in ("before", "after", "duplicates")
    }
    fit = found[mechanism]
    spread = fit.total.std(ddof=1)
    # Of order 1 in the size the estimate is biased by about its squared coefficient of variation.
    assert abs(fit.total.mean() - size) < 4 * spread / np.sqrt(runs) + 2 * spread**2 / size
    assert np.median(fit.std_error) == pytest.approx(spread, rel=4 * 0.029 + 0.02)
    for name, other in found.items():
        if name != mechanism:
            assert abs(other.total.mean() - size) > 10 * spread / np.sqrt(runs)


def test_bound_without_singletons_is_below_for_unequal_persons() -> None:
    histories, size = all_histories(5), 20_000
    captures = histories.sum(axis=1)
    mixed = sum(
        share * p**captures * (1 - p) ** (5 - captures) for share, p in ((0.6, 0.1), (0.4, 0.4))
    )
    counts = drawn(size, np.asarray(mixed), 800, 6)
    counts[captures == 1] *= 2
    seen = counts.sum(axis=0)
    total, variance = modified_chao_bound(histories, counts)
    missed = size * (0.6 * 0.9**5 + 0.4 * 0.6**5)
    dark = total - seen
    assert dark.mean() < missed
    spread = (total - seen).std(ddof=1)
    # The variance contains the spread of the unseen themselves, which a given table has not.
    assert np.sqrt((variance - dark).mean()) == pytest.approx(spread, rel=4 * 0.025)
