"""Plans of scale-up studies: the formula, its inverse, and what no number of respondents removes."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prevalence as pv

STUDY: dict[str, Any] = {"degree": 180, "size": 5_000, "population": 2_800_000}
TAU = pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="transmission")


def test_the_formula_by_hand() -> None:
    plan = pv.nsum.precision(
        1_000,
        **STUDY,
        known=[50_000, 150_000],
        deff=1.8,
        overdispersion=2.0,
        known_overdispersion=[1.0, 3.0],
        transmission=0.6,
        degree_ratio=0.9,
        frame_ratio=1.1,
        precision=0.8,
    )
    reports = 180 * 5_000 / 2_800_000 * 0.6 * 0.9 * 1.1 / 0.8
    ties = 180 * 200_000 / 2_800_000
    assert plan.cv == pytest.approx(math.sqrt(1.8 / 1_000 * (2 / reports + 2.5 / ties)), rel=1e-12)
    assert plan.reports == pytest.approx(1_000 * reports, rel=1e-12)
    assert plan.none == pytest.approx(2.0**-reports, rel=1e-12)  # (1 / w)^(mean / (w - 1)), w = 2
    assert plan.floor == 0


@given(
    cv=st.floats(0.03, 0.9),
    deff=st.floats(0.5, 8),
    omega=st.floats(1, 20),
    tau=st.floats(0.1, 1),
)
def test_the_respondents_planned_are_the_fewest_that_reach_it(
    cv: float, deff: float, omega: float, tau: float
) -> None:
    how: dict[str, Any] = {**STUDY, "known": 200_000, "deff": deff, "overdispersion": omega}
    how |= {"transmission": tau}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some plans expect few reports
        plan = pv.nsum.sample_size(cv, **how)
        assert plan.cv <= cv * (1 + 1e-9)
        assert plan == pv.nsum.precision(plan.n, **how)
        if plan.n > 1:
            assert pv.nsum.precision(plan.n - 1, **how).cv > cv


def test_uncertain_adjustments_leave_a_floor() -> None:
    how: dict[str, Any] = {**STUDY, "known": 200_000, "transmission": TAU}
    relative = float(TAU.std_error[0]) / 0.6
    small, large = (pv.nsum.precision(n, **how) for n in (1_000, 10**9))
    assert small.floor == pytest.approx(relative, rel=1e-9)
    assert large.cv == pytest.approx(relative, rel=1e-3)
    assert small.cv == pytest.approx(math.hypot(small.sampling_cv, relative), rel=1e-12)
    assert "17.2 % however many are asked" in small.sentence()
    with pytest.raises(ValueError, match=r"cv must be above 0\.172"):
        pv.nsum.sample_size(0.95 * relative, **how)
    assert pv.nsum.sample_size(0.2, **how).cv == pytest.approx(0.2, rel=1e-3)


def test_uncertain_sizes_and_one_quantity_used_twice_count_once() -> None:
    size = pv.uncertain(100_000, std_error=10_000, name="census")
    plan = pv.nsum.precision(1_000, **STUDY, known=[size, 100_000])
    assert plan.floor == pytest.approx(0.05)
    # numerator and denominator are the same quantity: it cancels
    same = pv.nsum.precision(1_000, **STUDY, known=2e5, transmission=TAU, precision=TAU)
    assert same.floor == pytest.approx(0, abs=1e-12)


def test_known_groups_in_every_form_are_their_total() -> None:
    forms: list[Any] = [
        200_000,
        [150_000, 50_000],
        np.array([150_000.0, 50_000.0]),
        {"police": 150_000, "nurses": pv.nsum.Group(size=50_000)},
    ]
    plans = [pv.nsum.precision(1_000, **STUDY, known=known) for known in forms]
    assert len(set(plans)) == 1
    uncertain = pv.nsum.Group(size=50_000, std_error=5_000)
    plan = pv.nsum.precision(1_000, **STUDY, known={"police": 150_000, "nurses": uncertain})
    assert plan.floor == pytest.approx(0.025)


def test_the_groups_of_answers_plan_the_next_study() -> None:
    survey = pv.Survey({"police": [2, 1, 3], "hidden": [1, 0, 0]})
    answers = pv.Answers(survey, known={"police": 200_000}, hidden="hidden")
    plan = pv.nsum.precision(1_000, **STUDY, known=answers.known)
    assert plan == pv.nsum.precision(1_000, **STUDY, known=200_000)


def test_degrees_that_differ_change_who_reports_none_and_nothing_else() -> None:
    even, uneven = (
        pv.nsum.precision(1_000, **STUDY, known=200_000, degree_cv=cv) for cv in (0.0, 0.9)
    )
    assert even.cv == uneven.cv
    assert uneven.none > even.none
    assert even.none == pytest.approx(math.exp(-180 * 5_000 / 2_800_000))


def test_a_plan_is_read_as_a_sentence_and_a_table() -> None:
    plan = pv.nsum.precision(1_000, **STUDY, known=200_000)
    assert plan.sentence() == (
        "With 1,000 respondents a hidden group of 5,000 is estimated with a coefficient of "
        "variation of 5.6 % (with adjustments and known sizes taken as exact): 321 reports are "
        "expected, and 72.5 % of respondents report none."
    )
    assert plan.to_frame()["n"].tolist() == [1_000]
    assert plan.assumptions[0] == (
        "Adjustments: transmission 1, degree ratio 1, frame ratio 1, precision 1."
    )
