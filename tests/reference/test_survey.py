"""What R survey 4.5 tells beyond single results: tighter digits, twins of designs, better answers.

The results themselves are in `test_survey_oracle`, with their tolerances.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import prevalence as pv
from tests.agreement import Within, agrees
from tests.reference import survey_designs as designs

TWELVE = Within("closed forms: rounding alone", 1e-12)
CLOSED = Within("closed forms: rounding of the 14 digits printed", 1e-10)


@pytest.mark.parametrize(
    ("design", "statistic", "outcomes"),
    [
        ("dstrat", "mean", ["api00", "api99", "enroll"]),
        ("dclus2", "mean", ["api00", "api99", "enroll"]),
        ("c1_lin", "total", ["enroll", "api.stu"]),
    ],
)
def test_linearised_errors_agree_to_twelve_digits(
    oracle: Path, design: str, statistic: str, outcomes: list[str]
) -> None:
    """Beyond the suggested 1e-8: only rounding separates the closed forms."""
    stored = designs.results(oracle)[f"{design}/{statistic}"]["value"]
    e = getattr(pv.direct, statistic)(designs.survey(oracle, design), outcomes, missing="drop")
    agrees(e.std_error, stored["se"], TWELVE)


@pytest.mark.parametrize("rule", ["remove", "certainty", "adjust", "average"])
def test_rules_for_single_units_agree_to_twelve_digits(oracle: Path, rule: str) -> None:
    d = pv.Survey(designs.frame(oracle, "hh"), single_psu=rule, **designs.ULTIMATE)
    for estimator, name in ((pv.direct.mean, "svymean"), (pv.direct.total, "svytotal")):
        stored = designs.results(oracle)[f"hhL/lonely_{rule}_{name}"]["value"]
        e = estimator(d, ["cl", "hours"])
        agrees(e.value, stored["estimate"], TWELVE)
        agrees(e.std_error, stored["se"], TWELVE)


def test_exact_raking_residuals_differ_from_the_initial_ones(oracle: Path) -> None:
    """R regresses on the weights before the step: 0.6 % off on this sample, linear equal."""
    d = designs.survey(oracle, "dclus1")
    both = [
        pv.direct.total(d.rake(designs.MARGINS, residuals=x), "enroll").std_error[0]
        for x in ("exact", "initial")
    ]
    assert abs(both[0] / both[1] - 1) == pytest.approx(0.0062, abs=0.0001)
    linear = [
        pv.direct.mean(d.calibrate(designs.TOTALS, residuals=x), "api00").std_error[0]
        for x in ("exact", "initial")
    ]
    np.testing.assert_allclose(linear[0], linear[1], rtol=1e-12)


def test_a_stratum_of_one_unit_is_named(oracle: Path) -> None:
    with pytest.raises(ValueError, match=r"1 of 6 strata have one \(first: 'F'\)"):
        pv.Survey(designs.frame(oracle, "hh"), **designs.ULTIMATE)


@pytest.mark.parametrize("region", ["R1", "R2", "R3"])
def test_an_empty_cell_has_an_upper_limit_and_no_standard_error(oracle: Path, region: str) -> None:
    """Where R has neither: without a case the design effect is borrowed from the whole sample."""
    row = pv.direct.prevalence(designs.survey(oracle, "hhA"), "ct", by="region")[region]
    assert row.value[0] == 0
    assert np.isnan(row.std_error[0])
    assert row.interval()[0, 0] == 0
    assert 0 < row.interval()[0, 1] < 1
    assert row.facts["deff_source"][0] == "whole sample"


@pytest.mark.parametrize("design", ["dclus1", "hhA"])
def test_korn_and_graubard_never_use_more_than_the_rows(oracle: Path, design: str) -> None:
    """R does not cap the effective sample at n, which can only make its limits closer."""
    name = re.compile(rf"{design}/ciprop_(?:(rare|cl|fcl|ct)_)?(?:(R\d)_)?beta")
    seen = 0
    for key, result in designs.results(oracle).items():
        found = name.fullmatch(key)
        if found is None or result["value"]["ci"][0] is None:
            continue
        outcome, region = found[1] or "improved", found[2]
        e = pv.direct.prevalence(
            designs.survey(oracle, design),
            outcome,
            where=f"region == '{region}'" if region else None,
            interval="korn-graubard",
        )
        (low, high), stored = e.interval()[0], result["value"]["ci"]
        assert low <= stored[0] * (1 + 1e-8)
        assert high >= stored[1] * (1 - 1e-8)
        seen += 1
    assert seen >= 2


def test_design_effects_of_totals_in_domains_and_of_ratios(oracle: Path) -> None:
    """R's deff=TRUE (4.1.1): the simple random sample is of the domain's rows; a ratio's, of residuals."""
    d = designs.survey(oracle, "dclus1")
    by = pv.direct.total(d, "enroll", by="stype").facts["deff"]
    where = ("R survey 4.1.1", "deff=TRUE")
    agrees(
        by,
        [125.0390753096546, 4.6458157418575, 13.0149317055029],
        CLOSED,
        case="dclus1: totals by stype",
        source=where,
    )
    whole = pv.direct.ratio(d, "api.stu", "enroll").facts["deff"]
    part = pv.direct.ratio(d, "api.stu", "enroll", where="stype == 'E'").facts["deff"]
    agrees(
        [*whole, *part],
        [4.3393114408875, 6.5251194304941],
        CLOSED,
        case="dclus1: a ratio",
        source=where,
    )
