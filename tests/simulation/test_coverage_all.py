"""The gathered table of coverage: every registered estimator holds where its assumptions do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from evidence.coverage import __main__ as everything
from evidence.coverage import direct, estimators, many
from evidence.coverage.direct_populations import DESIGNS, people
from evidence.coverage.gather import KINDS, STUDIES, gather, kind
from prevalence.registry import registered

DOCS = Path(__file__).parents[2] / "docs" / "evidence"

#: They estimate by a model that they choose, so none of their intervals is promised to hold.
CHOOSE = ("mse.select", "mse.stepwise", "mse.thresholded")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(DOCS / "coverage-all.csv")


# ---------------------------------------------------------------------- the committed table
def test_the_table_is_that_of_the_studies(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(gather(), table, check_dtype=False)
    assert set(table["holds"].map(kind)) <= set(KINDS)
    assert len(STUDIES) >= 11


@pytest.mark.parametrize("name", sorted(registered()))
def test_a_registered_estimator_holds_where_its_assumptions_do(
    table: pd.DataFrame, name: str
) -> None:
    """93 to 97 %; of fewer than 1,000 samples within two Monte Carlo errors."""
    some = table[table["estimator"] == name]
    wanted = "after selection" if name in CHOOSE else "yes"
    assert (some["holds"].map(kind) == wanted).any()
    bad = everything.outside(some)
    assert bad.empty, bad[["cell", "holds", "coverage", "coverage_mc"]].to_string()


def test_what_is_excepted_is_excepted_for_a_reason(table: pd.DataFrame) -> None:
    """A cell that breaks an assumption says which; what is let off for a reason shows its cost."""
    broken = table[table["holds"].map(kind) == "violation"]
    assert broken["holds"].str.len().min() > len("violation: ")
    lowest, highest = (
        getattr(broken.groupby("holds")["coverage"], end)() for end in ("min", "max")
    )
    assert ((lowest < 93) | (highest > 97)).all()
    assert (lowest < 90).mean() > 0.7


def test_the_parts_of_a_coverage_add_up(table: pd.DataFrame) -> None:
    total = table[["coverage", "left", "right"]].sum(axis=1)
    assert (total[table["left"].notna()] - 100).abs().max() < 0.21  # three roundings to a tenth


def test_a_number_that_few_units_carry_has_fewer_degrees_of_freedom() -> None:
    """Without them intervals of a number of 2 % in 60 units covered 91 %."""
    psu = np.repeat(np.arange(40), 10)
    spread = np.random.default_rng(1).random(400) < 0.2
    longer = []
    for held in (spread, psu < 2):
        rows = {"psu": psu, "held": np.where(held, "yes", "no")}
        e = pv.direct.counts(pv.Survey(rows, psu="psu"), "held")
        e = e.take(np.array([e.outcomes.index("held = yes")]))
        low, high = e.interval()[0]
        plain = 2.0227 * e.std_error[0] / float(e)  # Student's quantile of 39 degrees of freedom
        longer.append(np.log(high / low) / 2 / plain)
    assert longer[0] < 1.03
    assert longer[1] > 1.2


# ---------------------------------------------------------------------- how lines are made
def test_a_line_counts_what_it_says() -> None:
    truth, value = np.full(4, 10.0), np.array([9.0, 10.0, 11.0, 14.0])
    limits = np.array([[8, 9.5], [9, 11], [10.5, 12], [np.nan, np.nan]])
    found = many.summary(truth, value, np.ones(4), limits)
    assert found["none"] == 25
    assert found["bias"] == pytest.approx(0)
    assert found["rmse"] == pytest.approx(100 * np.sqrt(2 / 3) / 10)
    assert found["se_ratio"] == pytest.approx(1)
    assert [found[x] for x in ("coverage", "left", "right")] == pytest.approx([100 / 3] * 3)


def test_monte_carlo_errors_are_those_of_repeated_studies() -> None:
    """200 studies of 400 samples: a standard deviation of 200 values is known to 5 %."""
    rng, found = np.random.default_rng(1), []
    for _ in range(200):
        value = rng.normal(10, 2, 400)
        error = 2 * np.sqrt(rng.chisquare(9, 400) / 9)
        limits = value[:, None] + 2.262 * error[:, None] * np.array([-1, 1])
        found.append(many.summary(np.full(400, 10.0), value, error, limits))
    table = pd.DataFrame(found)
    for name in ("bias", "rmse", "se_ratio", "coverage", "left", "right"):
        spread, told = table[name].std(), table[f"{name}_mc"].mean()
        assert told == pytest.approx(spread, rel=4 * 0.05), name


def test_a_cell_depends_on_its_name_alone() -> None:
    cells = [cell for cell in estimators.cells() if cell.name.startswith("two lists, N")]
    one = many.study(cells, 1, samples=4, jobs=1)
    again = many.study(cells[::-1], 1, samples=4, jobs=2)
    columns = ["cell", "estimator", "bias", "coverage"]
    pd.testing.assert_frame_equal(
        one.sort_values(columns)[columns].reset_index(drop=True),
        again.sort_values(columns)[columns].reset_index(drop=True),
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_weigh_to_the_population(name: str) -> None:
    """Totals of weights and of hours within four Monte Carlo errors, and a rounding."""
    made, rng = people(0.2, 0.15), np.random.default_rng(5)
    data = DESIGNS[name].rows(made, 200, rng)
    for column in (np.ones(data["w"].size), data["hours"]):
        whole = made.size.sum() if column is not data["hours"] else made.columns["hours"].sum()
        totals = np.bincount(data["sample"], data["w"] * column)
        assert abs(totals.mean() - whole) < 4 * totals.std() / np.sqrt(200) + 1e-6 * whole


@pytest.mark.parametrize("name", direct.SAMPLED)
def test_many_samples_in_one_call_are_as_one_at_a_time(name: str) -> None:
    one = DESIGNS[name]
    data = one.rows(people(0.2, 0.15), 2, np.random.default_rng(6))
    together = pv.direct.mean(one.survey(data), "hours", by="sample")
    alone = [pv.direct.mean(one.survey(rows), "hours") for rows in direct.one_by_one(data)]
    np.testing.assert_allclose(together.value, [float(e) for e in alone], rtol=1e-12)
    limits = np.concatenate([e.interval() for e in alone])
    np.testing.assert_allclose(together.interval(), limits, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("module", [direct, estimators])
def test_every_cell_draws_and_estimates(module: object) -> None:
    """Two samples of each cell: the names are registered, and the truth is a number."""
    for cell in module.cells():  # type: ignore[attr-defined]
        found = many.lines(replace(cell, batch=1), 3, 2)
        assert found, cell.name
        for line in found:
            assert line["estimator"] in registered(), line
            assert kind(str(line["holds"])) in KINDS, line


def test_cells_have_names_of_their_own() -> None:
    for cells in (direct.cells(), estimators.cells()):
        names = [cell.name for cell in cells]
        assert len(set(names)) == len(names)
