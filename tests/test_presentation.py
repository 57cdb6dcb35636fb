"""What a reader sees of an estimate: table, sentence, text, notebook."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence import presentation
from prevalence.console import table_html
from prevalence.disclosure import is_suppressed, log, protect, switched_on
from prevalence.intervals import RULES, WORDS
from prevalence.rounding import shown

COLUMNS = [
    "outcome",
    "domain",
    "n",
    "missing",
    "cases",
    "psus",
    "psus_with_cases",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "cv",
    "deff",
    "deff_source",
    "n_eff",
    "df",
    "interval",
    "flag",
    "definition",
]


def survey(seed: int = 7, towns: int = 4) -> pv.Survey:
    """Return 60 districts of 20 children; the last town has no case."""
    rng = np.random.default_rng(seed)
    district = np.repeat(np.arange(60), 20)
    town = district % towns
    case = (rng.random(district.size) < 0.06) & (town < towns - 1)
    frame = pd.DataFrame(
        {
            "w": rng.integers(80, 200, district.size).astype(float),
            "district": district,
            "town": [f"town {t}" for t in town],
            "trafficked": case.astype(int),
            "hours": rng.gamma(2.0, 4.0, district.size),
        }
    )
    return pv.Survey(frame, weights="w", psu="district").describe(
        rows="children",
        psus="districts",
        population="children 5 to 17 living in households",
        window="12 months before interview",
        excludes="children in institutions, on the street or at employers",
    )


@pytest.fixture(scope="module")
def whole() -> pv.Estimate:
    return pv.direct.prevalence(survey(), "trafficked")


@pytest.fixture(scope="module")
def by_town() -> pv.Estimate:
    return pv.direct.prevalence(survey(), "trafficked", by="town")


def test_frame_has_the_columns_in_order(by_town: pv.Estimate) -> None:
    table = by_town.to_frame()
    assert list(table.columns) == COLUMNS
    assert table["domain"].tolist() == ["town 0", "town 1", "town 2", "town 3"]
    assert table["n"].tolist() == [300] * 4
    assert str(table["n"].dtype) == "Int64"
    np.testing.assert_array_equal(table["conf_low"], by_town.interval(0.95)[:, 0])
    np.testing.assert_allclose(
        table["cv"].iloc[:3], by_town.std_error[:3] / by_town.value[:3], rtol=1e-15
    )


def test_frame_without_facts_has_missing_values() -> None:
    table = pv.uncertain(0.6, 0.4, 0.8).to_frame()
    row = table.iloc[0]
    assert row["domain"] == "all"
    assert all(pd.isna(row[c]) for c in ("n", "missing", "cases", "psus", "deff_source"))
    assert np.isnan(row["deff"])
    assert row["flag"] == ""


def test_flags_are_plain_words(by_town: pv.Estimate) -> None:
    flags = by_town.to_frame()["flag"]
    assert flags.iloc[3] == "no cases"
    few = pv.direct.prevalence(pv.Survey({"y": [1, 1, 0, 0, 0, 0, 0]}), "y").to_frame()
    assert few["flag"].tolist() == [
        "fewer than 5 cases; cv above 30 %; df below 8; unreliable: effective sample below 30"
    ]


def test_the_sentence_of_a_proportion() -> None:
    e = pv.direct.prevalence(survey(), "trafficked")
    e = replace(
        e,
        value=np.array([0.0147]),
        interval_rule="beta-distribution",
        constants={"a": np.array([52.0]), "b": np.array([3432.0])},
        facts={"n": np.array([3484]), "cases": np.array([52]), "psus": np.array([299])},
    )
    assert e.sentence() == (
        "An estimated 1.5 % (95 % interval 1.1 to 1.9; 52 cases among 3,484 children in 299 "
        "districts) of children 5 to 17 living in households, in the 12 months before interview. "
        "Children in institutions, on the street or at employers are not included. "
        "Outcome: trafficked."
    )


def test_the_sentence_of_a_count_is_rounded(whole: pv.Estimate) -> None:
    said = whole.count(565_219).sentence(0.9)
    assert said.startswith("An estimated ")
    assert "90 % interval" in said
    numbers = [
        int(w.strip("(;").replace(",", ""))
        for w in said.split()
        if w.strip("(;")[:1].isdigit() and "," in w
    ]
    assert all(n % 100 == 0 for n in numbers[:3])
    assert 'children 5 to 17 living in households with the outcome "trafficked"' in said


def test_one_sentence_a_row(by_town: pv.Estimate) -> None:
    lines = by_town.sentence().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("Town 0: an estimated ")
    assert "no cases among 300 children" in lines[3]


def test_a_floor_begins_with_its_assumption() -> None:
    e = replace(
        pv.uncertain(1_007.0, std_error=120.0),
        unit="count",
        outcomes=("trafficked",),
        assumptions=("The lists are independent.",),
        facts={"n": np.array([231]), "cases": np.array([231])},
        provenance={"floor": True, "rows": "persons on the lists", "range": (900.0, 1200.0)},
    )
    said = e.sentence()
    assert said.startswith(
        "Assuming the lists are independent (models that fit about as well give 900 to 1,200), "
        "at least about 770 (estimate 1,010, 95 % interval 770 to 1,240; 231 persons on the lists) persons"
    )
    assert "floor" in e.explain()
    half = e.bridge(0.5, reason="Half are children.")
    assert half.sentence().startswith(
        "Assuming the lists are independent; bridge (times 0.5): Half are children (models that fit "
        "about as well give 450 to 600), at least about "
    )


@pytest.mark.parametrize("unit", ["mean", "total", "ratio"])
def test_other_units_have_a_sentence(unit: str) -> None:
    e = replace(pv.direct.mean(survey(), "hours"), unit=unit)
    assert e.sentence().startswith(f'The {unit} of "hours" is estimated at ')


def test_excludes_may_be_a_sentence() -> None:
    about = pv.Estimand(excludes="Children on the street are not included.")
    assert presentation.excluded(about) == "Children on the street are not included."


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("12 months before interview", ", in the 12 months before interview"),
        ("the 12 months before interview", ", in the 12 months before interview"),
        ("in 2023", ", in 2023"),
        ("2019-01-01 to 2023-12-31", ", from 2019-01-01 to 2023-12-31"),
        ("2023", ", in 2023"),
        ("", ""),
    ],
)
def test_windows_read_as_words(window: str, said: str) -> None:
    assert presentation._window(window) == said


@pytest.mark.parametrize(
    ("numbers", "unit", "said"),
    [
        ((0.0147, 0.0108, 0.0195), "proportion", ("1.5 %", "1.1", "1.9")),
        ((0.35, 0.31, 0.39), "proportion", ("35.0 %", "31.0", "39.0")),
        ((0.0, 0.0, 0.0011), "proportion", ("0 %", "0", "0.11")),
        ((8338.0, 6104.0, 11_231.0), "count", ("8,300", "6,100", "11,200")),
        ((np.nan, np.nan, np.nan), "proportion", ("-", "-", "-")),
        ((12.0, 5.0, 30.0), "count", ("12", "5", "30")),
        ((2.3, 1.1, 3.6), "count", ("2", "1", "4")),
        ((0.6043, 0.4, 0.8), "ratio", ("0.60", "0.40", "0.80")),
    ],
)
def test_numbers_are_rounded_together(
    numbers: tuple[float, float, float], unit: str, said: tuple[str, str, str]
) -> None:
    assert shown(*numbers, unit) == said


def test_every_interval_rule_has_a_sentence(whole: pv.Estimate) -> None:
    assert set(WORDS) == set(RULES)
    said = whole.explain()
    for words in (
        "Design: 60 districts",
        "Weights: base weights only",
        "Variance: linearised",
        "Jeffreys",
        "Assumed: ",
        "Sources: ",
    ):
        assert words in said
    assert "known quantity" in (whole * pv.uncertain(0.9, std_error=0.1)).explain()


def test_text_is_narrow_and_aligned(by_town: pv.Estimate) -> None:
    wide = replace(
        by_town,
        labels=tuple((f"a very long label of a small place, number {i}",) for i in range(4)),
        warnings=("a warning " * 20,),
    )
    for e in (by_town, wide, by_town.count(1e6), pv.uncertain(0.5, std_error=0.1)):
        lines = repr(e).splitlines()
        assert max(map(len, lines)) <= 80
        assert "estimate  std_error" in lines[1]
    rows = repr(by_town).splitlines()[1:6]
    assert len({row.rindex(" ") for row in rows[1:]}) == 1
    many = by_town.take(np.zeros(30, dtype=int))
    assert "10 more rows" in repr(many)


def test_html_is_escaped_and_needs_nothing(by_town: pv.Estimate) -> None:
    evil = replace(
        by_town,
        labels=(("<script>alert(1)</script>",),) * 4,
        warnings=("<b>bold</b>",),
        outcomes=("<i>x</i>",) * 4,
    )
    page = evil._repr_html_()
    assert "<script" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "<details>" in page


# Small cells


def table(cases: list[int], n: int = 100, **columns: Any) -> pd.DataFrame:
    """Return a made table of shares by domain."""
    frame = pd.DataFrame({"outcome": "y", "domain": [f"d{i}" for i in range(len(cases))]})
    frame = frame.assign(n=n, missing=0, cases=cases, psus=10, psus_with_cases=9, n_eff=80.0)
    frame["estimate"] = frame["cases"] / frame["n"]
    return frame.assign(std_error=0.01, conf_low=0.0, conf_high=0.2, cv=0.2, flag="", **columns)


def test_small_cells_and_empty_ones_are_blanked() -> None:
    safe = protect(table([20, 0, 3, 30]))
    assert is_suppressed(safe).tolist() == [True, True, True, False]
    assert safe["flag"].iloc[1] == safe["flag"].iloc[2] == "suppressed: fewer than 5 cases"
    assert safe.loc[[1, 2], ["n", "cases", "estimate", "std_error", "conf_low"]].isna().all().all()
    # the two small cells hold 3 cases together: the smallest other one goes with them
    assert "another row" in safe["flag"].iloc[0]
    assert len(log(safe)) == 2


def test_one_suppressed_domain_takes_another_with_it() -> None:
    safe = protect(table([20, 2, 10, 30]))
    assert is_suppressed(safe).tolist() == [False, True, True, False]


def test_crossed_domains_are_protected_along_every_line() -> None:
    frame = table([2, 20, 21, 22, 23, 24, 25, 26, 27])
    frame["domain"] = [f"{a}, {b}" for a in "ABC" for b in "xyz"]
    hidden = is_suppressed(protect(frame)).reshape(3, 3)
    assert hidden[0, 0]
    assert not ((hidden.sum(axis=0) == 1) | (hidden.sum(axis=1) == 1)).any()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"n": 20}, "fewer than 25 rows"),
        ({"psus_with_cases": 2}, "fewer than 3 primary units"),
        ({"cases": 98}, "fewer than 5 of its rows are not cases"),
        ({"n": np.nan, "cases": np.nan}, "no counts to check"),
    ],
)
def test_other_reasons(change: dict[str, float], why: str) -> None:
    frame = table([20, 20, 20, 20])
    for name, value in change.items():
        frame[name] = frame[name].astype(float)
        frame.loc[0, name] = value
    assert why in protect(frame)["flag"].iloc[0]


def test_public_counts_are_rounded_to_hundreds() -> None:
    frame = table([20, 30]).assign(estimate=[8338.0, 1_251.0], conf_high=11_231.0, unit="count")
    safe = protect(frame)
    assert safe["estimate"].tolist() == [8300.0, 1300.0]
    assert safe["conf_high"].tolist() == [11_200.0] * 2


def test_nothing_safe_is_an_error() -> None:
    with pytest.raises(pv.DisclosureError, match="none of 2 is"):
        protect(table([1, 0]))
    with pytest.raises(KeyError, match="'flag' is missing"):
        protect(table([9]).drop(columns="flag"))
    with pytest.raises(ValueError, match="minimum_n must be a whole number"):
        protect(table([9]), minimum_n=-1)


def test_the_whole_of_lists_is_not_a_share() -> None:
    frame = table([231]).assign(n=231, n_eff=np.nan, domain="all", unit="count", estimate=1_000.0)
    assert not is_suppressed(protect(frame)).any()


def test_protection_goes_off_only_with_a_reason() -> None:
    assert switched_on("on")
    assert not switched_on("off: synthetic data")
    for word in ("off", "off:", "no", ""):
        with pytest.raises(ValueError, match="with the reason"):
            switched_on(word)


# ---------------------------------------------------------------------- arithmetic in words
ROWS = {"case": [1, 0, 0, 1, 1, 0] * 10, "area": ["n", "n", "n", "s", "s", "s"] * 10}


def shares(**words: str) -> pv.Estimate:
    return pv.direct.prevalence(pv.Survey(ROWS).describe(**words), "case", by="area")


def test_a_ratio_of_two_domains_keeps_what_it_is_about() -> None:
    e = shares(population="children", window="2023")
    ratio = e["s"] / e["n"]
    assert ratio.sentence().startswith(
        'Area s / n: the ratio of "case" is estimated at 2.0 (95 % interval'
    )
    assert ratio.sentence().endswith("among children, in 2023.")
    assert np.exp(np.log(ratio)).unit == "ratio"
    assert np.log(ratio).to_frame()["flag"].tolist() == [""]  # a cv says nothing of a logarithm


def test_shares_of_two_domains_add_up_to_no_share() -> None:
    e = shares()
    assert (e["s"] + e["n"]).unit == "sum of proportions"
    levels = pv.direct.proportions(pv.Survey(ROWS), "area")
    assert (levels["area = n"] + levels["area = s"]).unit == "proportion"
    assert (e["s"] * e["n"]).unit == "product"


def test_a_share_times_a_number_is_not_called_a_share() -> None:
    per_cent = shares()["n"] * 100
    assert per_cent.unit == "scaled proportion"
    assert " %" not in per_cent.sentence().replace("95 % interval", "")
    assert (1 - shares()["n"]).unit == "proportion"


def test_a_covariance_is_called_one() -> None:
    found = pv.direct.variance(pv.Survey({"a": [1.0, 2, 4, 9], "b": [2.0, 1, 5, 3]}), ["a", "b"])
    assert 'The covariance of "a" and "b" is estimated at' in found.sentence()


def test_a_difference_of_nobody_says_that_it_has_no_interval() -> None:
    none = {"case": [0, 0, 0, 1] * 10, "area": ["a", "b", "c", "d"] * 10}
    e = pv.direct.prevalence(pv.Survey(none), "case", by="area")
    assert 'difference of "case" is estimated at 0 (no interval)' in (e["a"] - e["b"]).sentence()


def test_numbers_of_nobody_are_at_most() -> None:
    none = pv.Survey({"case": ["no"] * 40 + ["yes"] * 40, "area": ["a"] * 40 + ["b"] * 40})
    by_area = pv.direct.counts(none, "case", by="area")
    # no event at a one-sided 95 % is 3.0 rows, of weight 1 here
    assert by_area["a", "case = yes"].sentence().startswith("Area a: at most 3")
    share = pv.direct.prevalence(pv.Survey({**ROWS, "case": [0, 1, 0] * 20}), "case", by="area")
    known, about = share.count(1000), share.count(pv.uncertain(1000, 900, 1100))
    assert np.isfinite(about.interval()).all()
    assert (about.interval() > 0).all()
    assert np.allclose(known.value, about.value)


def test_an_uncertain_population_bounds_a_domain_without_a_case() -> None:
    e = survey()
    share = pv.direct.prevalence(e, "trafficked", by="town")
    number = share.count(pv.uncertain(10_000, 9_000, 11_000))
    assert number.interval_rule == "log"
    low, high = number.interval()[3]
    n_eff = float(share.facts["n_eff"][3])
    assert (low, round(high, 6)) == (0.0, round(-np.log(0.025) * 10_000 / n_eff, 6))
    assert (number.interval()[:3] > 0).all()
    assert "at most" in number.take(np.array([3])).sentence()


def test_a_domain_without_a_case_keeps_its_degrees_of_freedom_beside_known_totals() -> None:
    plain = survey()
    unsure = plain.poststratify(
        "town", {f"town {t}": pv.uncertain(40_000, std_error=500) for t in range(4)}
    )
    share = pv.direct.prevalence(unsure, "trafficked", by="town")
    assert share.df[3] == pv.direct.prevalence(plain, "trafficked", by="town").df[3] == 14
    said = pv.direct.prevalence(unsure, "trafficked").explain()
    assert "sources: the survey design, a known quantity" in said


def test_words_that_say_nothing_are_left_out() -> None:
    unnamed = pv.Survey(ROWS)
    assert "the rows are" not in pv.direct.prevalence(unnamed, "case").explain()
    assert "1 stratum;" in repr(unnamed)
    given = pv.Survey({**ROWS, **{f"r{i}": 60 * [1.0] for i in (1, 2)}})
    assert repr(given.replicate_weights("r", scale=0.5, df=1)).startswith(
        "<Survey: 60 rows; weights"
    )
    assert repr(unnamed.jackknife()).endswith("variance: jackknife>")
    assert unnamed.trim(upper=2).steps[0].name == "trim to at most 2"
    assert unnamed.trim(lower=0.5).steps[0].name == "trim to at least 0.5"
    assert unnamed.trim(lower=0.5, upper=2).steps[0].name == "trim to 0.5 to 2"
    tested = pv.direct.t_test(pv.Survey({**ROWS, "hours": np.arange(60.0)}), "hours", "area")
    assert tested.estimate is not None
    assert tested.estimate.sentence().startswith('The difference of "mean hours by area" is')


@pytest.mark.parametrize(
    ("numbers", "unit", "said"),
    [
        ((0.06217, 0.03982, 0.0929), "proportion", ("6.2 %", "4.0", "9.3")),
        ((0.0, 0.0, 0.0012), "proportion", ("0 %", "0", "0.12")),
        ((0.00021, 0.00007, 0.0006), "proportion", ("0.021 %", "0.007", "0.060")),
        ((1.0, 0.99, 1.0), "proportion", ("100.0 %", "99.0", "100.0")),
        ((np.nan, 0.1, 0.2), "proportion", ("-", "10.0", "20.0")),
        ((51_317.0, 25_921.0, 76_719.0), "count", ("51,300", "25,900", "76,700")),
        ((5.0, 1.0, 1_234_567.0), "count", ("5", "1", "1,234,567")),
        ((0.0, 0.0, 3_456.0), "count", ("0", "0", "3,460")),
        ((31.96, 20.73, 49.39), "count", ("32", "21", "49")),
        ((99.4, 12.34, 99.94), "total", ("99", "12", "100")),
        ((99.4, 12.34, 100.4), "total", ("99", "12", "100")),
        ((2.345, 1.118, 3.572), "total", ("2.3", "1.1", "3.6")),
        ((-0.0335, -0.9842, 0.9171), "coefficient", ("-0.034", "-0.984", "0.917")),
        ((-0.0001, -0.004, 0.0), "coefficient", ("-0.00010", "-0.00400", "0")),
        ((12.0, np.inf, np.nan), "mean", ("12", "-", "-")),
        ((7.0, 7.0, 7.0), "mean", ("7.0", "7.0", "7.0")),
        ((20.5, 20.41, 20.59), "mean", ("20.5", "20.4", "20.6")),
        ((1_500.0, 1_499.9, 1_500.1), "mean", ("1,500.0", "1,499.9", "1,500.1")),
    ],
)
def test_an_estimate_and_its_limits_are_rounded_by_one_rule(
    numbers: tuple[float, float, float], unit: str, said: tuple[str, str, str]
) -> None:
    assert shown(*numbers, unit) == said


def test_a_table_in_a_notebook_shows_words_numbers_and_nothing_for_missing() -> None:
    table = pd.DataFrame(
        {
            "a_name": ["<x>", "y"],
            "sure": [True, False],
            "n": [1_234.0, np.nan],
            "share": [0.12345, 2],
        }
    )
    page = table_html("A & B", table)
    assert page == (
        "<div><p><strong>A &amp; B</strong></p><table><thead><tr><th>a name</th><th>sure</th>"
        "<th>n</th><th>share</th></tr></thead><tbody><tr>"
        '<td style="text-align: left">&lt;x&gt;</td><td style="text-align: right">yes</td>'
        '<td style="text-align: right">1,234</td><td style="text-align: right">0.123</td></tr><tr>'
        '<td style="text-align: left">y</td><td style="text-align: right">no</td>'
        '<td style="text-align: right"></td><td style="text-align: right">2</td></tr></tbody>'
        "</table></div>"
    )
