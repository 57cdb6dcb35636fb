"""Conditional draws, seen through random numbers that are given: each is a quantile written out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import prevalence as pv
from prevalence import mcmc
from prevalence.convergence import check_converged, diagnostics, stacked, worst

Array = NDArray[Any]
GRID = np.array([0.02, 0.3, 0.5, 0.85, 0.99])


class Given:
    """Random numbers that are known: the same quantiles at every call."""

    def random(self, shape: Any) -> Array:
        return np.broadcast_to(GRID, shape).copy()

    def standard_normal(self, shape: Any) -> Array:
        return np.broadcast_to(stats.norm.ppf(GRID), shape).copy()

    def standard_exponential(self, shape: Any) -> Array:
        return np.broadcast_to(stats.expon.ppf(GRID), shape).copy()

    def chisquare(self, freedom: Array) -> Array:
        return np.asarray(stats.chi2.ppf(GRID, freedom))


RNG: Any = Given()


@pytest.mark.parametrize("mean", [-30.0, -3.0, 0.5, 2.0, 30.0])
@pytest.mark.parametrize(
    ("low", "high"), [(-np.inf, np.inf), (0.0, np.inf), (-np.inf, 1.0), (0.0, 1.0), (3.0, 8.0)]
)
def test_a_mean_of_effects_is_a_quantile_of_a_truncated_normal(
    mean: float, low: float, high: float
) -> None:
    sd = np.sqrt(0.7 / 4)
    found = mcmc.normal_mean(np.full(5, mean), 0.7, 4, RNG, low, high)
    first, last = (low - mean) / sd, (high - mean) / sd
    # Above the mean the draw is made in the mirrored tail, where the last quantile comes first.
    at = 1 - GRID if first > 0 else GRID
    wanted = stats.truncnorm.ppf(at, first, last, mean, sd)
    np.testing.assert_allclose(found, wanted, rtol=1e-7)


def test_bounds_may_differ_from_chain_to_chain_and_be_one_sided() -> None:
    low = np.array([-np.inf, 0.0, 0.0, -1.0, -np.inf])
    high = np.array([np.inf, np.inf, 2.0, 1.0, 0.0])
    found = mcmc.normal_mean(np.full(5, 0.4), 4.0, 1, RNG, low, high)
    wanted = stats.truncnorm.ppf(GRID, (low - 0.4) / 2, (high - 0.4) / 2, 0.4, 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-8)


@pytest.mark.parametrize("squares", [0.05, 3.0, 50.0, 4_000.0])
@pytest.mark.parametrize("df", [1.0, 6.0, 40.0])
@pytest.mark.parametrize(("low", "high"), [(0.0, np.inf), (0.06, np.inf), (0.0, 4.0), (0.06, 4.0)])
def test_a_variance_of_effects_is_a_quantile_of_a_truncated_inverse_gamma(
    squares: float, df: float, low: float, high: float
) -> None:
    found = mcmc.scale_squared(np.full(5, squares), df, RNG, low, high)
    assert ((found >= low) & (found <= high)).all()
    chi = squares / found  # a chi-square truncated to squares / high and squares / low
    first, last = squares / high, squares / low if low else np.inf
    law = stats.chi2(df)
    lower_tail = first < df
    whole = law.cdf(last) - law.cdf(first) if lower_tail else law.sf(first) - law.sf(last)
    if whole < 1e-250:
        assert (found == np.clip(found, low, high)).all()
        return
    share = (law.cdf(chi) - law.cdf(first)) if lower_tail else (law.sf(chi) - law.sf(last))
    np.testing.assert_allclose(share / whole, GRID, rtol=1e-6)


def test_a_proposal_is_accepted_with_the_probability_of_its_ratio() -> None:
    reach = -stats.expon.ppf(GRID)
    assert mcmc.accepted(reach + 1e-9, RNG).all()
    assert not mcmc.accepted(reach - 1e-9, RNG).any()
    assert mcmc.accepted(np.zeros(5), RNG).all()


def test_steps_have_the_scale_of_the_walk_and_the_scale_is_learnt_ever_more_slowly() -> None:
    walk = mcmc.Proposals((5,), start=3.0, target=0.4)
    np.testing.assert_allclose(walk.step(RNG), 3 * stats.norm.ppf(GRID))
    scale = np.log(3.0)
    for time, taken in enumerate((1.0, 0.0, 0.25)):
        walk.learn(np.full(5, taken))
        scale += (taken - 0.4) / np.sqrt(time + 10)
        np.testing.assert_allclose(walk.scale, np.exp(scale), rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 10), (0, 10, 2), (10,), (2, 3)])
def test_chains_that_are_none_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"found an array of shape {shape}")):
        mcmc.rhat(np.zeros(shape))


def test_a_constant_quantity_beside_others_has_no_diagnostics_and_changes_none() -> None:
    draws = np.random.default_rng(3).normal(size=(3, 60, 3))
    alone = mcmc.ess(draws[..., [0, 2]], "mean")
    draws[..., 1] = -2.0
    beside = mcmc.ess(draws, "mean")
    assert np.isnan(beside[1])
    np.testing.assert_array_equal(beside[[0, 2]], alone)


def test_degrees_are_kept_in_half_the_memory() -> None:
    assert mcmc.precision("alpha") is mcmc.precision("log_degree") is np.float32
    assert mcmc.precision("mu") is np.float64


# What is said of chains


def table(**columns: Any) -> pd.DataFrame:
    plain = {"ess_bulk": 900.0, "ess_tail": 900.0, "rhat": 1.0}
    count = len(next(iter(columns.values())))
    return pd.DataFrame(
        {
            "parameter": [f"p{i}" for i in range(count)],
            **{name: columns.get(name, [x] * count) for name, x in plain.items()},
        }
    )


@pytest.mark.parametrize(
    ("columns", "summarised", "fixed", "wanted"),
    [
        ({"rhat": [1.0, 1.04]}, [True, True], [False, False], None),
        ({"rhat": [1.06, 1.2]}, [False, False], [False, False], "p1"),
        ({"rhat": [1.0, np.nan]}, [True, True], [False, False], "p1"),
        ({"rhat": [1.0, np.nan]}, [True, True], [False, True], None),
        ({"rhat": [3.0, np.nan]}, [True, True], [False, False], "p1"),
        ({"ess_bulk": [99.0, 900.0]}, [True, True], [False, False], "p0"),
        ({"ess_tail": [99.0, 900.0]}, [True, True], [False, False], "p0"),
        ({"ess_tail": [99.0, 900.0]}, [False, True], [False, False], None),
        ({"ess_bulk": [101.0, 900.0]}, [True, True], [False, False], None),
        ({"ess_bulk": [50.0, 20.0], "rhat": [1.03, 1.01]}, [True, True], [False, False], "p0"),
    ],
)
def test_the_quantity_known_least_is_named(
    columns: dict[str, list[float]], summarised: list[bool], fixed: list[bool], wanted: str | None
) -> None:
    found = worst(table(**columns), pd.Series(summarised), pd.Series(fixed))
    assert (None if found is None else found["parameter"]) == wanted


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"rhat": [np.nan]}, "'p0' never moved"),
        ({"rhat": [1.2345]}, r"R-hat of 'p0' is 1\.234 \(at most 1\.05\)"),
        (
            {"ess_bulk": [80.0], "ess_tail": [60.2], "rhat": [1.02]},
            r"draws of 'p0' are worth 60 independent ones \(at least 100\), with an R-hat of 1\.020",
        ),
    ],
)
def test_what_is_missed_is_told_in_an_error_or_a_warning(
    columns: dict[str, list[float]], words: str
) -> None:
    row = table(**columns).iloc[0]
    with pytest.raises(
        pv.ConvergenceError, match=rf"{words}\. Draw more, or pass unconverged=True"
    ):
        check_converged(row, False, "Draw more")
    with pytest.warns(pv.PrevalenceWarning, match=rf"{words}\. The numbers would move"):
        said = check_converged(row, True, "Draw more")
    assert len(said) == 1
    assert check_converged(None, False, "Draw more") == []


def test_a_table_of_draws_has_moments_and_diagnostics() -> None:
    draws = np.random.default_rng(4).normal(5, 2, (2, 50, 3))
    found = diagnostics(["a", "b", "c"], draws)
    flat = draws.reshape(-1, 3)
    np.testing.assert_allclose(found["mean"], flat.mean(axis=0))
    np.testing.assert_allclose(found["sd"], flat.std(axis=0, ddof=1))
    np.testing.assert_array_equal(found["ess_bulk"], mcmc.ess(draws, "bulk"))
    np.testing.assert_array_equal(found["ess_tail"], mcmc.ess(draws, "tail"))
    assert list(found["parameter"]) == ["a", "b", "c"]


def test_fits_are_put_together_only_where_they_are_of_one_model_and_differ() -> None:
    one, other = ({"n": np.full((2, 5), x), "p": np.full((2, 5, 3), x)} for x in (1.0, 2.0))
    found = stacked([one, other])
    assert found["n"].shape == (4, 5)
    assert found["p"][2:].tolist() == other["p"].tolist()
    with pytest.raises(ValueError, match=r"1 of 2 fits repeat those of another"):
        stacked([one, dict(one)])
    for wrong in ({"n": np.zeros((2, 5))}, {"n": np.zeros((2, 5)), "p": np.zeros((2, 6, 3))}):
        with pytest.raises(ValueError, match=r"the same parameters and as many draws"):
            stacked([one, wrong])
    longer = {"n": np.zeros((3, 5)), "p": np.zeros((3, 5, 3))}
    assert stacked([one, longer])["n"].shape == (5, 5)
