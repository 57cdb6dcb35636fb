"""Planning of surveys: sizes, and falls between two rounds."""

from __future__ import annotations

import numpy as np
import pytest

import prevalence as pv


def closed_form(p: float, effective: float, z: float) -> float:
    """Solve (p - q)^2 = z^2 (p (1 - p) + q (1 - q)) / effective for q, the smaller root."""
    k = z**2 / effective
    a, b, c = 1 + k, -(2 * p + k), p**2 - k * p * (1 - p)
    return float((-b - np.sqrt(b**2 - 4 * a * c)) / (2 * a))


@pytest.mark.parametrize("p", [0.01, 0.05, 0.33])
@pytest.mark.parametrize("n", [3_000, 12_000])
def test_falls_solve_the_equation_of_independent_rounds(p: float, n: int) -> None:
    row = pv.plan.two_rounds(p, n, deff=1.5).iloc[0]
    z = 1.959963984540054 + 0.8416212335729143  # normal quantiles of 0.975 and 0.8
    wanted = 1 - closed_form(p, n / 1.5, z) / p
    assert row["least_fall"] == pytest.approx(wanted, rel=1e-9)  # cancellation in the quadratic
    assert row["relative_error"] == pytest.approx(np.sqrt(1.5 * (1 - p) / (p * n)), rel=1e-14)


def test_what_no_fall_can_reach_is_said_to_be_not_detectable() -> None:
    table = pv.plan.two_rounds([0.005, 0.01], 3_000, deff=3)
    assert table["says"].tolist() == ["not detectable", "a fall of 92 % or more"]
    assert table["least_fall"].isna().tolist() == [True, False]


def test_areas_kept_in_both_rounds_detect_smaller_falls() -> None:
    falls = [
        float(pv.plan.two_rounds(0.02, 6_000, deff=2, correlation=r)["least_fall"].iloc[0])
        for r in (0.0, 0.3, 0.6)
    ]
    assert falls[0] > falls[1] > falls[2]


def test_a_planned_sample_has_the_error_it_was_planned_for() -> None:
    row = pv.plan.sample_size(0.015, 0.14, deff=1.4).iloc[0]
    got = pv.plan.two_rounds(0.015, int(row["n"]), deff=1.4)["relative_error"].iloc[0]
    before = pv.plan.two_rounds(0.015, int(row["n"]) - 1, deff=1.4)["relative_error"].iloc[0]
    assert got <= 0.14 < before


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pv.plan.sample_size([0.1, 1.0], 0.2, deff=1),
            "prevalence must be above 0 and below 1: 1 of 2",
        ),
        (lambda: pv.plan.sample_size(0.1, 0, deff=1), "relative_error must be above 0"),
        (
            lambda: pv.plan.two_rounds(0.1, 100, deff=float("nan")),
            "deff must be above 0 and finite",
        ),
        (
            lambda: pv.plan.two_rounds(0.1, 100, deff=1, correlation=-0.1),
            "correlation must be at least 0 and below 1",
        ),
        (
            lambda: pv.plan.two_rounds([], 100, deff=1),
            r"prevalence must be .*\(none given\).*Write one",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]  # a lambda without arguments
