"""The overdispersed sampler refuses what it cannot be right about, and leaves its inputs as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prevalence.nsum.models.overdispersed import overdispersed_draws

INF = np.inf


def draw(low: Any = None, high: Any = None, **options: Any) -> None:
    y = np.arange(12.0).reshape(4, 3)
    low, high = (y if low is None else low), (y if high is None else high)
    before = low.copy(), high.copy()
    plain: dict[str, Any] = {"sizes": np.array([10.0, 20, np.nan]), "population": 1000.0, "rng": 1}
    try:
        overdispersed_draws(low, high, **plain | options)
    finally:
        np.testing.assert_array_equal(low, before[0])
        np.testing.assert_array_equal(high, before[1])


def changed(place: tuple[int, int], value: float) -> Any:
    y = np.arange(12.0).reshape(4, 3)
    y[place] = value
    return y


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": np.array([10.0, 20])}, r"a number for each group: found shapes .*\(2,\)"),
        ({"sizes": np.full(3, np.nan)}, r"found 4 respondents, 3 groups, 0 known"),
        ({"low": np.ones((2, 3)), "high": np.ones((2, 3))}, r"found 2 respondents, 3 groups"),
        ({"low": changed((1, 1), -1)}, r"1 of 12 are not \(first: row 1, group 1, -1 to 4\)"),
        ({"low": changed((2, 0), 8)}, r"\(first: row 2, group 0, 8 to 6\).*Correct them"),
        ({"low": changed((0, 0), np.nan)}, r"nan to 0.*write 0 to infinity for a missing answer"),
        ({"low": changed((3, 2), 10.5)}, r"must be counts .*\(first: row 3, group 2, 10.5 to 11\)"),
        ({"weights": np.array([1, 1, -1, 3.0])}, r"weights must be positive: 1 of 4 rows"),
        ({"weights": np.array([1, 1, 0, 3.0])}, r"row 2, 0.*Leave these rows out of the fit"),
        ({"weights": np.array([1, 1, np.nan, 1])}, r"1 of 4 rows is not \(first: row 2, nan\)"),
        ({"covariates": np.ones((4, 1))}, r"collinear .*: found 1 columns of rank 0"),
        ({"regions": np.array([0, 1, 1, 0])}, r"one share for each of the 2 regions: found none"),
        (
            {"regions": np.array([0, 1, 2, 0]), "region_shares": np.array([1.0, 2])},
            r"one share for each of the 3 regions: found 2\. Number the regions from 0",
        ),
        ({"rng": "one"}, r"rng must be an integer seed"),
    ],
)
def test_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        draw(**arguments)


def test_what_says_little_is_sampled_all_the_same() -> None:
    """Empty rows and groups that nobody knows have proper posteriors; nothing becomes nan."""
    rng = np.random.default_rng(1)
    low = rng.poisson(2.0, (30, 4)).astype(float)
    high = low.copy()
    low[3], high[3] = 0, INF  # answered nothing
    low[:, 3], high[:, 3] = 0, 0  # nobody knows one
    low[5, 0], high[5, 0] = 30, INF
    high[6, 1] = low[6, 1] + 500  # a bin as wide as can be
    found = overdispersed_draws(
        low,
        high,
        sizes=np.array([40.0, 50, 60, np.nan]),
        population=10_000,
        weights=np.where(np.arange(30) == 7, 1e-6, 1.0),
        chains=2,
        warmup=60,
        draws=60,
        rng=1,
    )
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["log_prevalence"][..., 3].mean() < found["log_prevalence"][..., :3].mean() - 2
