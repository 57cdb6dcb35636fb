"""Intervals of scale-up estimates in a clustered population, and the precision that was planned.

The study of coverage is `evidence/coverage/network_coverage.py`: it estimates as the library does, and
what its committed table says holds.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import stdtrit

import prevalence as pv
from evidence.coverage import network_coverage as study
from prevalence.intervals import fewer
from prevalence.schemes import bootstrap

Array = NDArray[Any]
# Of the respondents drawn about one in twenty knows nobody in the known groups.
pytestmark = pytest.mark.filterwarnings("ignore:.* know nobody in any known group")
TABLE = Path(__file__).parents[2] / "docs" / "evidence" / "network-coverage-details.csv"


def sampled(cell: study.Cell, samples: int, seed: int) -> tuple[study.Population, Array]:
    rng = np.random.default_rng(seed)
    made = study.population(cell, rng)
    return made, study.draw(made, cell, samples, rng)


def as_survey(made: study.Population, cell: study.Cell, rows: Array) -> pv.Survey:
    """Return one sample, adult by adult."""
    cluster = np.searchsorted(made.start, rows.ravel(), side="right") - 1
    data = {
        "hidden": made.hidden[rows.ravel()],
        "known": made.known[rows.ravel()],
        "w": made.size[cluster] / study.TAKEN * study.CLUSTERS / cell.drawn,
        "stratum": cluster // study.CLUSTERS,
        "cluster": cluster,
    }
    return pv.Survey(data, weights="w", strata="stratum", psu="cluster")


def scaled_up(survey: pv.Survey) -> pv.Estimate:
    return pv.nsum.scale_up(survey, "hidden", known={"known": study.KNOWN}, transmission=1)


@pytest.mark.parametrize("cell", [study.GRID[2], study.CORNERS[1]])
def test_the_study_estimates_as_the_library_does(cell: study.Cell) -> None:
    """Same formulas in another order of sums: equal to rounding."""
    made, rows = sampled(cell, 3, 5)
    found = study.totals(made, cell, rows)
    size, spread = study.estimates(found), study.spreads(found, np.random.default_rng(1))
    df = np.full(3, study.STRATA * (cell.drawn - 1))
    quantile = stdtrit(fewer(df, study.excess(found)), 0.975)
    interval = study.limits(size, spread["linearised"], quantile, found)
    for i in range(3):
        survey = as_survey(made, cell, rows[i])
        e = scaled_up(survey)
        np.testing.assert_allclose(e.value, size[i], rtol=1e-12)
        np.testing.assert_allclose(e.std_error / e.value, spread["linearised"][i], rtol=1e-10)
        np.testing.assert_allclose(e.interval()[0], interval[i], rtol=1e-10)
        e = scaled_up(survey.jackknife())
        np.testing.assert_allclose(e.std_error / e.value, spread["jackknife"][i], rtol=1e-10)


def test_the_study_draws_the_rescaled_bootstrap_of_the_library() -> None:
    """Means and variances of the factors; 500 replicates of 100 units give them to 2 %."""
    cell = study.GRID[0]
    made, rows = sampled(cell, 1, 7)
    design = as_survey(made, cell, rows[0]).design
    theirs = bootstrap(design, study.REPLICATES, np.random.default_rng(1)).factors
    ours = study.factors(cell.drawn, np.random.default_rng(2)).reshape(-1, study.REPLICATES)
    assert set(np.round(ours, 9).ravel()) >= {0.0, round(10 / 9, 9)}
    np.testing.assert_allclose(ours.reshape(10, 10, -1).sum(axis=1), 10)
    assert ours.shape == theirs.shape
    assert ours.var() == pytest.approx(theirs.var(), rel=0.02)


def test_without_a_report_the_interval_is_the_library_s() -> None:
    cell = study.GRID[0]
    made, rows = sampled(cell, 2, 5)
    made = replace(made, hidden=np.zeros_like(made.hidden))
    found = study.totals(made, cell, rows)
    empty = study.limits(study.estimates(found), np.full(2, np.nan), 1.96, found)
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported"):
        e = scaled_up(as_survey(made, cell, rows[0]))
    np.testing.assert_allclose(e.interval()[0], empty[0], rtol=1e-9)


def test_the_population_has_the_correlation_it_names() -> None:
    """Of reports over their mean less ties over theirs, within strata.

    3,000 clusters give it to 3 %; strata of more and of fewer reports make it 3 % smaller.
    """
    cell = replace(study.GRID[5], prevalence=0.01)
    made = study.population(cell, np.random.default_rng(3))
    z = made.hidden / made.hidden.mean() - made.known / made.known.mean()
    cluster = np.repeat(np.arange(made.size.size), made.size)
    stratum = cluster // study.CLUSTERS
    z = z - (np.bincount(stratum, z) / np.bincount(stratum))[stratum]
    means = np.bincount(cluster, z) / made.size
    within = np.bincount(cluster, (z - means[cluster]) ** 2).sum() / (z.size - made.size.size)
    between = means.var() - (within / made.size).mean()
    assert between / (between + within) == pytest.approx(cell.icc, rel=0.1)


@pytest.mark.parametrize("cell", [study.GRID[5], study.BARRIERS[0]])
def test_design_based_intervals_cover_and_killworth_s_do_not(cell: study.Cell) -> None:
    """400 samples: the Monte Carlo error of a coverage of 95 % is 1.1 points, and two are allowed."""
    lines = study.cell_lines(cell, 400, [77, 1])
    covers = {line["method"]: line["coverage"] for line in lines}
    for name in study.DESIGN_BASED:
        assert study.LEAST - 2.2 <= covers[name] <= study.MOST + 2.2, name
    assert covers["Killworth"] < study.LEAST - 2


def committed() -> pd.DataFrame:
    return pd.read_csv(TABLE)


def test_the_committed_table_covers_between_93_and_97_per_cent() -> None:
    """Every cell but the corners: as printed, without an allowance for Monte Carlo error."""
    table = committed()
    inside = table[(table["part"] != "corner") & table["method"].isin(study.DESIGN_BASED)]
    assert len(inside) == 3 * len([*study.GRID, *study.HEAPED, *study.BARRIERS])
    assert inside["coverage"].between(study.LEAST, study.MOST).all()
    assert inside["mc_se"].max() < 0.6
    low, high = inside["coverage"].min(), inside["coverage"].max()
    page = TABLE.with_name("network-coverage.md").read_text(encoding="utf-8")
    assert f"cover {low:.1f} to {high:.1f} %" in page
    assert inside["se_ratio"].between(0.95, 1.07).all()  # 2,000 samples give it to 1.6 %


def test_the_committed_table_shows_that_killworth_s_interval_is_too_short() -> None:
    table = committed()
    model = table[
        (table["method"] == "Killworth") & (table["icc"] > 0) & (table["part"] != "corner")
    ]
    assert model["coverage"].max() < study.LEAST - 1
    assert model["coverage"].min() < 30
    page = TABLE.with_name("network-coverage.md").read_text(encoding="utf-8")
    for barrier, ends in (
        (False, ("it covers {:.0f} to {:.0f} %")),
        (True, ("none) {:.0f} to {:.0f} %")),
    ):
        covered = model.loc[(model["barrier"] > 0) == barrier, "coverage"]
        assert ends.format(covered.min(), covered.max()) in page
    assert model["se_ratio"].min() < 0.2


def test_the_committed_corners_are_where_the_page_says() -> None:
    """Below ten reports more than 97 %, in no corner less than 94.5, where the plain interval fails."""
    corners = committed().query("part == 'corner' and method not in ['Killworth', 'uncorrected']")
    assert corners["coverage"].min() > 94.5
    assert corners.loc[corners["reports"] > 10, "coverage"].max() < study.MOST
    low, high = (int(10 * x) / 10 for x in (corners["coverage"].min(), corners["coverage"].max()))
    page = TABLE.with_name("network-coverage.md").read_text(encoding="utf-8")
    assert f"intervals cover {low:.1f} to {high:.1f} % in the corners" in page
    # An interval for a sample without a report holds the truth, however clustered the reports are.
    assert (corners.loc[corners["reports"] < 10, "too_low"] < 4.5).all()
    plain = committed().query("part == 'corner' and method == 'uncorrected'")
    assert plain["coverage"].min() < 83
    assert (plain["coverage"] < study.LEAST).sum() >= 6


def test_few_clustered_reports_need_the_degrees_of_freedom_that_they_leave() -> None:
    """400 samples of 10.8 reports, correlation 0.3: a coverage of 95 % has an error of 1.1 points."""
    lines = study.cell_lines(study.Cell(0.0002, 0.3, drawn=3), 400, [77, 2])
    covers = {line["method"]: line["coverage"] for line in lines}
    assert covers["linearised"] > 95 - 3 * 1.1
    assert covers["uncorrected"] < 91


def test_the_short_table_is_that_of_the_details() -> None:
    short = pd.read_csv(TABLE.with_name("network-coverage.csv"))
    pd.testing.assert_frame_equal(short, study.wide(committed()), check_names=False)


@pytest.mark.proof
@pytest.mark.parametrize(("part", "at"), [("grid", 4), ("heaping", 0), ("corner", 2)])
def test_the_committed_table_comes_back(part: str, at: int) -> None:
    """The same seeds, one cell in full: every figure to the digit kept, half of the last."""
    cell = study.PARTS[part][at]
    lines = study.cell_lines(cell, study.SAMPLES, [list(study.PARTS).index(part), at])
    wanted = [*("prevalence", "icc", "clusters", "heaping")]
    kept = committed().query("part == @part")
    kept = kept[(kept[wanted] == [lines[0][name] for name in wanted]).all(axis=1)]
    for name, digits in study.DIGITS.items():
        again = [line[name] for line in lines]
        assert kept[name].tolist() == pytest.approx(again, abs=0.5 * 10**-digits + 1e-9), name


# Planning


def ratios(runs: int, n: int, rng: np.random.Generator, **how: float) -> Array:
    """Return ratios of sums of negative binomial answers over lognormal degrees, many studies."""
    spread, omega, omega_known = how["log_sd"], how["omega"], how["omega_known"]
    degree = 180 * np.exp(rng.normal(-(spread**2) / 2, spread, (runs, n)))
    out = []
    for rate, w in (
        (how["size"] / how["people"], omega),
        (how["known"] / how["people"], omega_known),
    ):
        mean = degree * rate
        if w > 1:
            mean = rng.gamma(mean / (w - 1), w - 1)
        out.append(rng.poisson(mean).sum(axis=1))
    return np.asarray(how["known"] * out[0] / out[1])


@pytest.mark.parametrize(
    ("n", "omega", "omega_known", "log_sd"),
    [(300, 1.0, 1.0, 0.3), (300, 1.5, 2.5, 0.7), (1_000, 3.0, 1.2, 1.0)],
)
def test_the_planned_coefficient_of_variation_is_that_of_simulated_studies(
    n: int, omega: float, omega_known: float, log_sd: float
) -> None:
    """600 studies give a coefficient of variation to 2.9 %, and three errors are allowed.

    The delta method leaves out terms of the order of the squared coefficient, at most 2 %.
    """
    how: dict[str, Any] = {"size": 5_600, "known": 150_000, "people": 2_800_000}
    made = ratios(
        600,
        n,
        np.random.default_rng(4),
        omega=omega,
        omega_known=omega_known,
        log_sd=log_sd,
        **how,
    )
    plan = pv.nsum.precision(
        n,
        degree=180,
        known=how["known"],
        size=how["size"],
        population=how["people"],
        overdispersion=omega,
        known_overdispersion=omega_known,
    )
    assert made.std() / how["size"] == pytest.approx(plan.cv, rel=3 * 0.029 + 0.02)


def test_the_planned_share_who_report_none_is_that_of_simulated_answers() -> None:
    """20,000 respondents give a share to .0035, and three errors are allowed."""
    rng = np.random.default_rng(1)
    degree = rng.gamma(1 / 0.9**2, 180 * 0.9**2, 20_000)
    reports = rng.poisson(rng.gamma(degree * 0.004 / 1.5, 1.5))
    plan = pv.nsum.precision(
        20_000,
        degree=180,
        known=100_000,
        size=4_000,
        population=1_000_000,
        overdispersion=2.5,
        degree_cv=0.9,
    )
    assert np.mean(reports == 0) == pytest.approx(plan.none, abs=3 * 0.0035)
