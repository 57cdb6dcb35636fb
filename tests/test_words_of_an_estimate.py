"""The words of an estimate, part by part: numbers in the console, names, samples, sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.blocks import Block, Columns
from prevalence.chain import plain
from prevalence.console import _aligned, _number, _row_names, html, text
from prevalence.headline import facts_of, headlines
from prevalence.presentation import (
    _domain,
    _listed,
    _named_by,
    _source,
    adjusted,
    beside,
    cut,
    excluded,
    explain,
    floor_said,
    frame,
    made_of,
    names_of,
    outcome_of,
    plain_name,
    quantity,
    window_of,
)

NAN, INF = float("nan"), float("inf")
SOME: dict[str, Any] = {"n": np.array([200]), "cases": np.array([50]), "psus": np.array([20])}


def made(*values: float, error: float = 0.02, **fields: Any) -> Any:
    """Return independent rows with 20 degrees of freedom."""
    p = len(values)
    scheme = Columns("source", "known", np.ones(p), tuple(map(str, range(p))))
    block = Block(plain(error * np.eye(p)), scheme, np.full(p, 20.0))
    return pv.Estimate(np.array(values), (block,), **fields)


def share(value: float = 0.25, **fields: Any) -> Any:
    return made(value, **{"unit": "proportion", "facts": SOME, **fields})


@pytest.mark.parametrize(
    ("x", "digits", "said"),
    [
        (NAN, 4, "-"),
        (INF, 4, "inf"),
        (0.0, 4, "0"),
        (-3.0, 4, "-3"),
        (0.123456, 4, "0.1235"),
        (0.123456, 3, "0.123"),
        (0.12345678, 12, "0.123457"),
        (999.94, 4, "999.9"),
        (999.99, 4, "1000"),
        (1000.4, 4, "1,000"),
        (-1234.5, 4, "-1,234"),
        (1e9 - 1, 4, "999,999,999"),
        (1e9, 4, "1e+09"),
        (12.0, 1, "12"),
    ],
)
def test_numbers_in_the_console(x: float, digits: int, said: str) -> None:
    assert _number(x, digits) == said


def test_columns_in_the_console_are_as_wide_as_their_widest() -> None:
    head = ["", "estimate", "std_error", "95 % interval", "", "df", "n"]
    body = [
        ["a", "1", "2", "3", "4", "5", "6"],
        ["bcd", "1", "2", "33333333", "44444", "5", "66666"],
    ]
    assert _aligned(head, body[:1]) == [
        "   estimate  std_error  95 % interval  df  n",
        "a         1          2  3           4   5  6",
    ]
    assert _aligned(head, body) == [
        "     estimate  std_error    95 % interval  df      n",
        "a           1          2         3      4   5      6",
        "bcd         1          2  33333333  44444   5  66666",
    ]


def test_names_of_rows_in_the_console_are_told_apart() -> None:
    long = "a very long name of a domain"
    e = made(1.0, 2.0, labels=((f"{long} north",), ("b",)), outcomes=("y",))
    assert _row_names(e, frame(e, 0.95)) == ["a very long name of...", "b"]
    many = (
        "hours worked in the last seven days, paid",
        "hours worked in the last seven days, own",
        "y",
    )
    e = made(1.0, 2.0, 3.0, outcomes=many)
    names = _row_names(e, frame(e, 0.95))
    assert names == ["hours wo... seven days, paid", "hours wo...t seven days, own", "y"]
    e = made(1.0, 2.0, 3.0, outcomes=("x", many[0], "y"), labels=(("north",), (), ("a, b",)))
    assert _row_names(e, frame(e, 0.95)) == ["x: north", "hours worked in the last ...", "y: a, b"]


@pytest.mark.parametrize(("rows", "more"), [(20, 0), (21, 1), (1_100, 1_080)])
def test_twenty_rows_are_printed_and_the_others_counted(rows: int, more: int) -> None:
    e = made(*range(1, rows + 1), labels=tuple((f"d{i}",) for i in range(rows)))
    printed = text(e).splitlines()
    assert sum(line.startswith("d") for line in printed) == 20
    assert (f"... {more:,} more rows in to_frame()" in printed) == (more > 0)
    page = html(e)
    assert page.count("<tr>") == 21
    assert (f"<p>{more:,} more rows in <code>to_frame()</code></p>" in page) == (more > 0)


def test_the_console_says_how_and_what_to_heed() -> None:
    e = share(0.25, outcomes=("case",), method="direct.prevalence", warnings=("first", "second"),
              provenance={"variance": "linearised", "adjustments": {"false_positives": 0.9}})  # fmt: skip
    assert text(e).splitlines() == [
        "<Estimate: proportion of case>",
        "     estimate  std_error   95 % interval  df    n",
        "all      0.25       0.02  0.2083  0.2917  20  200",
        "Method: direct.prevalence; variance: linearised; interval: wald",
        "Adjustments: false positives 0.9",
        "Warning: first",
        "Warning: second",
    ]
    page = html(e)
    assert "<p>Adjusted by: false positives 0.9</p>" in page
    assert "<p><strong>Warning:</strong> first</p><p><strong>Warning:</strong> second</p>" in page
    assert '<td style="text-align: left">all</td><td style="text-align: right">0.25</td>' in page
    assert "0.2083 to 0.2917" in page
    bound = made(5.0, 6.0, unit="count", provenance={"lower bound": True, "floor": True})
    assert text(bound).startswith("<Lower bound: count>")
    assert "Lower bound: count</strong>" in html(bound)
    assert floor_said(bound) in text(bound).replace("\n ", "")
    assert "Method: arithmetic; interval: wald" in text(bound)
    two = made(0.3, 0.4, unit="ratio", error=0.2, outcomes=("a", "b"), labels=(("x",), ("y",)))
    assert "Flags: cv above 30 % (2 of 2 rows)" in text(two)
    assert "<th>outcome</th><th>domain</th>" in html(two)
    cells = '<td style="text-align: left">a</td><td style="text-align: left">x</td><td style="text-align: right">0.3'
    assert cells in html(two)
    assert "Flags: cv above 30 %\n" in text(two[0]) + "\n"


def test_lists_of_names_and_short_labels() -> None:
    assert _listed([]) == ""
    assert _listed(["a"]) == "a"
    assert _listed(["a", "b"]) == "a and b"
    assert _listed(["a", "b", "c", "d"]) == "a, b, c and d"
    assert _listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert _listed(["a", "b", "c"], 2) == "a and 2 more"
    assert cut("ab  cd\n ef", 8) == "ab cd ef"
    assert cut("ab  cd\n ef", 7) == "ab c..."
    assert plain_name("_a_b_") == "a b"
    e = made(*range(1, 6), outcomes=tuple("abcde"))
    assert names_of(e) == "a, b, c and 2 more"
    assert names_of(e, 5) == "a, b, c, d and e"
    assert names_of(e, most=2) == "a and 4 more"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("", ""),
        ("12m", "in the 12 months before interview"),
        ("1y", "in the year before interview"),
        ("ever", "ever before interview"),
        ("Lifetime", "ever before interview"),
        ("current", "at the time of interview"),
        ("2023", "in 2023"),
        ("2020 to 2023", "from 2020 to 2023"),
        ("within a year", "within a year"),
        ("12 months", "in the 12 months"),
        ("1200 days", "in 1200 days"),
        ("last week", "in the last week"),
        ("past year", "in the past year"),
        ("2022; 2023", "in 2022 and in 2023"),
        ("; ".join(map(str, range(2010, 2019))), ", ".join(f"in {y}" for y in range(2010, 2018)) + " and in 2018"),
    ],
)  # fmt: skip
def test_windows_end_a_sentence(window: str, said: str) -> None:
    assert window_of(window) == said


def test_groups_that_are_left_out_are_a_sentence() -> None:
    said = {
        "children at sea.": "Children at sea are not included.",
        "sailors are not included": "Sailors are not included.",
    }
    for words, sentence in said.items():
        assert excluded(pv.Estimand(excludes=words)) == sentence


@pytest.mark.parametrize(
    ("unit", "outcome", "said"),
    [
        ("mean", "hours", 'mean of "hours"'),
        ("mean", "", "mean"),
        ("count", "persons", "number of persons"),
        ("count", "cases", 'count of "cases"'),
        ("mean", "persons", 'mean of "persons"'),
        ("ratio", "sex ratio", "sex ratio"),
        ("ratio", "birth rate", "birth rate"),
        ("ratio", "rations", 'ratio of "rations"'),
        ("mean", "birth rate", 'mean of "birth rate"'),
        ("known", "size", 'known quantity "size"'),
        ("known", "", "known quantity"),
    ],
)
def test_what_a_number_is(unit: str, outcome: str, said: str) -> None:
    assert quantity(unit, outcome) == said


def test_names_of_definitions_are_not_said_twice() -> None:
    about = pv.Estimand(definition="Child labour, version 2", window="12m")
    for outcome, same in (
        ("child labour v2", True), ("child_labour_v2_12m", True), ("child labour", False),
        ("child labour v2 7d", False),
    ):  # fmt: skip
        assert _named_by(about, outcome) is same
    assert _named_by(pv.Estimand(window="12m"), "12m") is False


def test_domains_are_called_by_their_names() -> None:
    e = made(1.0, labels=(("2", "F"),), label_names=("region", "sex"))
    assert _domain(e, "all") == ""
    assert _domain(e, "2, F") == "region 2, sex F: "
    assert _domain(e, "Region 2, F") == "Region 2, sex F: "
    assert _domain(e, "regional, F") == "region regional, sex F: "
    assert _domain(e, "2") == "2: "


@pytest.mark.parametrize(
    ("fields", "column", "said"),
    [
        ({"outcomes": ("hours_worked",)}, "hours_worked", "hours worked"),
        ({"outcomes": ("a",), "estimand": pv.Estimand(outcome="work")}, "a", "work"),
        ({"outcomes": ("a", "b"), "estimand": pv.Estimand(outcome="work")}, "b", "b"),
        ({"outcomes": ("a",), "estimand": pv.Estimand(outcome="several")}, "a", "a"),
        ({"outcomes": ("a",), "estimand": pv.Estimand(outcome="work"), "unit": "coefficient"}, "a", "a"),
        ({"outcomes": ("a",), "unit": "count", "provenance": {"outcome in": "children in"}}, "a",
         "children in a"),
        ({"outcomes": ("a",), "unit": "proportion", "provenance": {"outcome in": "those in"}}, "a",
         "those in a"),
        ({"outcomes": ("a",), "unit": "mean", "provenance": {"outcome in": "those in"}}, "a", "a"),
        ({"outcomes": ("a",), "unit": "count", "provenance": {"outcome in": "those in"},
          "estimand": pv.Estimand(outcome="work")}, "a", "work"),
    ],
)  # fmt: skip
def test_an_outcome_is_called_by_what_it_is(fields: dict[str, Any], column: str, said: str) -> None:
    e = made(*(0.2,) * len(fields["outcomes"]), **fields)
    assert outcome_of(e, column) == said


@pytest.mark.parametrize(
    ("facts", "told", "said"),
    [
        ({"n": 200, "cases": 50, "psus": 20}, {}, "50 cases among 200 rows in 20 primary units"),
        ({"n": 200, "cases": 1, "psus": 200}, {}, "1 case among 200 rows"),
        ({"n": 1_200, "cases": 1_000}, {}, "1,000 cases among 1,200 rows"),
        ({"n": 200, "cases": 0}, {}, "no cases among 200 rows"),
        ({"n": 200, "cases": 0}, {"cases": "screened"}, "none screened among 200 rows"),
        ({"n": 200, "cases": 200}, {}, "200 cases"),
        ({"n": 200, "cases": 200}, {"rows": "children"}, "200 children"),
        ({"n": 200}, {"rows": "children"}, "200 children"),
        ({"cases": 7}, {}, "7 cases"),
        ({"n": 200, "psus": 20}, {"psus": "villages"}, "200 rows in 20 villages"),
        ({"psus": 20}, {}, ""),
    ],
)
def test_a_sentence_says_the_sample(facts: dict[str, int], told: dict[str, str], said: str) -> None:
    e = made(5.0, unit="mean", facts={k: np.array([v]) for k, v in facts.items()}, provenance=told)
    inside = f"95 % interval 4.958 to 5.042; {said}" if said else "95 % interval 4.958 to 5.042"
    inside = inside.replace("4.958", "4.96").replace("5.042", "5.04")
    assert e.sentence() == f"The mean is estimated at 5.00 ({inside})."


def test_the_claim_is_by_unit() -> None:
    told: dict[str, Any] = {"outcomes": ("case",), "facts": {}}
    inside = "(95 % interval 20.8 to 29.2)"
    assert share(**told).sentence() == (
        f"An estimated 25.0 % {inside} of the population sampled. Outcome: case."
    )
    about = pv.Estimand(population="children", denominator="pupils", window="2023",
                        definition="Work.", excludes="sailors")  # fmt: skip
    assert share(**told, estimand=about).sentence() == (
        f"An estimated 25.0 % {inside} of children, in 2023. Sailors are not included. Outcome: "
        "case. Definition: Work."
    )
    assert "of pupils." in share(**told, estimand=pv.Estimand(denominator="pupils")).sentence()
    people = {"people": {"case": "girls"}}
    assert "of girls, in" in share(**told, estimand=about, provenance=people).sentence()
    count = made(500.0, error=20, unit="count", outcomes=("case",))
    assert count.sentence().endswith(' persons with the outcome "case".')
    assert count.describe(outcome="persons").sentence().endswith(") persons.")
    assert "number of persons" in explain(count.describe(outcome="persons"))
    known = pv.uncertain(0.6, 0.4, 0.8, name="rate")
    assert known.sentence() == "Rate is taken to be 0.60 (95 % interval 0.40 to 0.80)."
    assert pv.uncertain(0.6, 0.4, 0.8).sentence().startswith("The quantity is taken to be 0.60")
    valid = pv.validated(correct=9, tested=10, name="sensitivity").sentence()
    assert valid.startswith('The validated share "sensitivity" is taken to be 90.0 %')
    assert "9 classified rightly among 10 tested" in valid
    cov = made(
        2.0, unit="variance", outcomes=("cov(a_b, c)",), estimand=pv.Estimand(population="all")
    )
    assert cov.sentence().startswith('The covariance of "a b" and "c" is estimated at 2.00 (')
    assert cov.sentence().endswith(") among all.")
    assert made(NAN).sentence() == "No estimate."
    seen = made(2.0, labels=(("north",),), label_names=("region",), provenance={"seen": True})
    assert seen.sentence().startswith("As seen in region north: the mean is estimated")
    short = {
        **told,
        "provenance": {"adjustments": {"recall": 0.5}, "adjustment limits": {"recall": (0.4, 0.6)}},
    }
    assert share(**short).sentence().endswith("Adjusted by: recall 0.5 (0.4 to 0.6).")
    assert adjusted(share()) == ""


def test_a_floor_says_its_assumption_and_other_models() -> None:
    e = made(500.0, error=20, unit="count", outcomes=("persons",), assumptions=("Assuming Lists are apart.", "Bridge (times 2): All twice."),
             provenance={"floor": True, "range": (400.0, 700.0)})  # fmt: skip
    said = e.sentence()
    assert said.startswith(
        "Assuming lists are apart; bridge (times 2): All twice (models that fit about as well give "
        "400 to 700), at least about 458 (estimate 500, 95 % interval 458 to 542"
    )
    other = replace(
        e,
        provenance={**e.provenance, "floor": "HIV is rare.", "no range": "no other", "range": None},
    )
    assert other.sentence().startswith(
        "Assuming HIV is rare; bridge (times 2): All twice (no other), at"
    )
    alone = replace(e, assumptions=(), provenance={"floor": True, "lower bound": True})
    assert (
        "ssuming what its method assumes, at least about 458 (lower bound 500" in alone.sentence()
    )
    told = {
        "identified by": "an identity",
        "range": (0.1, 0.2),
        "range of": "rules",
        "declared facts": "two",
        "Monte Carlo error": "small",
    }
    two = made(0.15, 0.2, unit="proportion", provenance=told)
    assert list(beside(two)) == [
        "Identified by: an identity", "In all, rules give 10.0 to 20.0", "Monte Carlo error: small",
        "From declared facts: two",
    ]  # fmt: skip
    table = frame(two, 0.95)
    assert table["identified_by"].tolist() == ["an identity"] * 2
    assert table["declared_facts"].tolist() == ["two"] * 2
    np.testing.assert_array_equal(table["models_low"], [0.1, np.nan])
    np.testing.assert_array_equal(table["models_high"], [0.2, np.nan])
    assert list(frame(made(0.15), 0.95).columns)[-1] == "definition"


def test_the_table_has_whole_numbers_where_all_are() -> None:
    facts = {"n": np.array([10.0, np.nan]), "cases": np.array([1.5, 2.0]), "deff": np.array(1.2),
             "deff_source": "own"}  # fmt: skip
    table = frame(made(0.0, -2.0, facts=facts), 0.9)
    assert str(table["n"].dtype) == "Int64"
    assert str(table["cases"].dtype) == "Float64"
    assert table["n"].isna().tolist() == [False, True]
    assert table["deff_source"].tolist() == ["own", "own"]
    assert table["psus"].isna().all()
    np.testing.assert_array_equal(table["deff"], [1.2, 1.2])
    np.testing.assert_allclose(table["cv"], [np.nan, 0.01])
    assert np.isnan(facts_of(made(1.0, 2.0), "n")).tolist() == [True, True]
    flagged = frame(
        made(
            0.5,
            unit="proportion",
            error=0.06,
            facts={"n": np.array([500]), "n_eff": np.array([500])},
        ),
        0.999,
    )
    assert flagged["flag"].tolist() == [""]  # by the limits at 95 %


def test_what_was_done_is_told_in_order() -> None:
    assert [_source(x) for x in ("known:rate", "known:" + "ab" * 8, "draws:" + "ab" * 8, "ab" * 6, "survey", "recall:" + "0" * 12, "imputations:" + "0" * 12, "completed:" + "0" * 12, "ab" * 5)] == [
        "rate", "a known quantity", "the posterior draws", "the survey design", "survey",
        "the recall line of the known groups", "the values imputed",
        "what differs within the completed data sets", "ab" * 5,
    ]  # fmt: skip
    e = made(0.2, provenance={
        "design": "srs", "rows": "children", "weights": ["base", "raked"], "variance": "lin",
        "own_words": "yes", "size": 12_345.678, "empty": "", "list": [1], "seen": True, "count": 3,
    })  # fmt: skip
    assert made_of(e) == [
        "Design: srs; the rows are children.", "Weights: base, then raked.", "Variance: lin.",
        "Own words: yes.", "Size: 12,345.7.", "Count: 3.",
    ]  # fmt: skip
    assert made_of(made(0.2, provenance={"design": "srs", "rows": "rows", "weights": "own"})) == [
        "Design: srs.", "Weights: own.",
    ]  # fmt: skip
    known = pv.uncertain(2, 1, 3), pv.uncertain(2, 1, 3)
    assert made_of(known[0] * known[1] + pv.uncertain(1, 0, 2, name="x"))[-1] == (
        "The uncertainty adds up over 3 sources: a known quantity (2 times), x."
    )
    about = pv.Estimand(
        population="children",
        window="2023",
        definition="Work.",
        definition_hash="ab",
        excludes="sailors",
    )
    done = explain(
        made(
            1.0,
            2.0,
            outcomes=("y_z",),
            estimand=about,
            label_names=("home_town",),
            method="m",
            assumptions=("A.",),
            warnings=("W.",),
            citations=("C", "D"),
        )
    )
    lines = done.splitlines()
    assert lines[0] == (
        'This estimates the mean of "y z" among children, in 2023, by home town (2 rows), with the '
        "method m. Definition: Work (hash ab). Sailors are not included."
    )
    assert lines[-3:] == ["Assumed: A.", "Warning: W.", "Sources: C; D."]
    assert explain(pv.uncertain(2, 1, 3)).startswith("This states the known quantity")
    assert "carried through the same arithmetic" in explain(np.log(pv.uncertain(2, 1, 3)))


@pytest.mark.parametrize(
    ("e", "head"),
    [
        (share(), ("25.0 %", "95 % interval 20.8 to 29.2")),
        (share(-0.1), ("0 %", "computed as -10.0 %, its 95 % interval holds nothing above 0 %")),
        (share(-0.01), ("0 %", "computed as -1.0 %, 95 % interval 0 to 3.2")),
        (share(1.1), ("100 %", "computed as 110.0 %, its 95 % interval holds nothing below 100 %")),
        (share(1.01), ("100 %", "computed as 101.0 %, 95 % interval 96.8 to 100")),
        (share(0.01), ("1.0 %", "95 % interval 0 to 5.2")),
        (share(0.99), ("99.0 %", "95 % interval 94.8 to 100")),
        (made(-5.0, unit="count"), ("0", "computed as -5, its 95 % interval holds nothing above 0")),
        (made(-5.0, unit="mean"), ("-5.00", "95 % interval -5.04 to -4.96")),
        (made(0.5, error=NAN, unit="proportion"), ("50.0 %", "no interval")),
        (made(1.5, error=NAN, unit="proportion"), ("100 %", "computed as 150.0 %, no interval")),
    ],
)  # fmt: skip
def test_a_number_and_its_interval_stand_first(e: Any, head: tuple[str, str]) -> None:
    assert headlines(e, frame(e, 0.95)) == [head]


def test_a_share_without_a_case_is_at_most() -> None:
    none = pv.direct.prevalence(pv.Survey({"case": [0] * 300}), "case")
    assert headlines(none, frame(none, 0.95)) == [("at most 0.99 %", "one-sided 95 %")]
    assert headlines(none, frame(none, 0.5), 0.5)[0][0] == "0 %"
    assert headlines(none, frame(none, 0.51), 0.51)[0][1] == "one-sided 51 %"
    counted = none.count(pv.uncertain(1000, std_error=50))
    assert headlines(counted, frame(counted, 0.95))[0][0].startswith("at most ")
    draws = pv.Estimate(np.array([0.0]), (), unit="mean")
    assert headlines(draws, pd.DataFrame(frame(draws, 0.95)))[0] == ("0", "no interval")
