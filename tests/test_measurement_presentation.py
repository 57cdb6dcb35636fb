"""What a reader sees of coded outcomes, corrected shares, masked questions and error rates."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import prevalence as pv
from prevalence import presentation
from prevalence.estimand import window_words

SE, SP = (pv.validated(correct=k, tested=n, name=x) for k, n, x in ((33, 41, "a"), (480, 489, "b")))
WINDOWS = ("lifetime", "12m", "current")


@cache
def survey() -> pv.Survey:
    """Children in 30 clusters: few threats now, more in 12 months, most ever."""
    rng = np.random.default_rng(6)
    last = rng.choice([0, 1, 2, 3], 900, p=[0.9, 0.05, 0.03, 0.02])
    debt = rng.random(900) < 0.05
    towns = np.repeat(["Small", "Middle", "Large"], [60, 300, 540])
    rows = {"age": rng.integers(5, 18, 900), "threats": last, "debt": debt.astype(int)}
    clusters = {"ea": np.arange(900) // 30, "town": towns}
    return pv.Survey({**rows, **clusters}, psu="ea").describe(rows="children")


@cache
def definition(name: str = "Any sign", least: int = 1) -> pv.Definition:
    threats = dict(zip(WINDOWS, ("threats >= 1", "threats >= 2", "threats == 3"), strict=True))
    return pv.Definition(
        name,
        "1",
        indicators={"threats": pv.Indicator(threats), "debt": pv.Indicator("debt == 1")},
        rule=pv.AtLeast(least),
        windows=WINDOWS,
        window="12m",
        denominator="children 5 to 17",
    )


@cache
def share(by: str = "") -> pv.Estimate:
    return pv.direct.prevalence(
        survey().classify(definition()), definition().outcome(), by=by or ()
    )


@cache
def by_town() -> pv.Estimate:
    with pytest.warns(pv.PrevalenceWarning, match="1 of 3 estimates rest on answers that do not"):
        return share("town")  # the two clusters of the small town have three cases each


@cache
def joint() -> pv.Estimate:
    return definition().compare(survey(), definition("Both signs", 2)).estimate


@pytest.fixture(scope="module")
def negative() -> pv.Estimate:
    with pytest.warns(pv.PrevalenceWarning, match="below 0 in 1 of 1 rows"):
        return pv.misclassification.rogan_gladen(share(), sensitivity=SE, specificity=0.85)


# ---------------------------------------------------------------------- windows
@pytest.mark.parametrize(
    ("name", "said", "label"),
    [
        ("lifetime", "ever before interview", "ever"),
        ("12m", "in the 12 months before interview", "last 12 months"),
        ("30d", "in the 30 days before interview", "last 30 days"),
        ("1w", "in the week before interview", "last week"),
        ("current", "at the time of interview", "now"),
    ],
)
def test_names_of_windows_have_words(name: str, said: str, label: str) -> None:
    assert window_words(name) == (said, label)
    assert presentation.window_of(name) == said
    assert window_words("school year 2023") is None


def test_windows_are_all_said_up_to_nine_and_other_names_up_to_four() -> None:
    years = [f"in {year}" for year in range(2001, 2013)]
    assert presentation.window_of("; ".join(years[:9])) == f"{', '.join(years[:8])} and in 2009"
    said = presentation.window_of("; ".join(years))
    assert said == f"{', '.join(years[:8])} and 4 more"
    assert presentation._listed(list("abcd")) == "a, b, c and d"
    assert presentation._listed(list("abcde")) == "a, b, c and 2 more"


def test_each_row_of_joint_shares_says_its_own_window_and_definition() -> None:
    said = joint().sentence().splitlines()
    assert len(said) == 6
    assert said[0].endswith(
        "of children 5 to 17, ever before interview. Definition: Any sign, version 1."
    )
    assert said[2].endswith(", at the time of interview. Definition: Any sign, version 1.")
    assert said[4].endswith(
        ", in the 12 months before interview. Definition: Both signs, version 1."
    )
    hashes = [definition().hash, definition("Both signs", 2).hash]
    told = joint().explain().splitlines()[0]
    assert [told.index(text) for text in hashes] == sorted(told.index(text) for text in hashes)
    assert "ever before interview, in the 12 months before interview and at the time" in told


def test_one_row_of_joint_shares_is_named_by_itself(tmp_path: Path) -> None:
    one = joint()[definition().outcome("lifetime")]
    for e in (one, pv.load(one.save(tmp_path / "one.estimate"))):
        assert "several" not in e.sentence() + e.explain()
        assert e.explain().count("(hash ") == 1
        assert ", ever before interview, with the method" in e.explain()


def test_a_correction_keeps_the_definition_of_every_row() -> None:
    found = pv.misclassification.rogan_gladen(joint(), sensitivity=0.9, specificity=0.9999)
    assert found.sentence().splitlines()[0].endswith("Definition: Any sign, version 1.")
    assert found.to_frame()["definition"].tolist() == joint().to_frame()["definition"].tolist()


def test_a_changed_definition_has_a_hash_of_its_own() -> None:
    e = definition().sensitivity(survey()).estimate
    hashes = presentation.definitions_of(e)
    assert hashes["Any sign, version 1"] == definition().hash
    assert len(set(hashes.values())) == len(hashes) == 4
    names = [line.split("  ")[0] for line in repr(e).splitlines()[2:6]]
    assert len(set(names)) == 4


# ---------------------------------------------------------------------- outside what is possible
def test_a_share_below_0_is_told_as_0_with_what_was_computed(negative: pv.Estimate) -> None:
    head = f"An estimated 0 % (computed as {100 * negative.value[0]:.1f} %, "
    high = 100 * negative.interval()[0, 1]
    assert negative.sentence().startswith(f"{head}95 % interval 0 to {high:.1f}; ")
    with pytest.warns(pv.PrevalenceWarning, match="below 0 in 1 of 1 rows"):
        melded = pv.misclassification.rogan_gladen(
            share(), sensitivity=SE, specificity=0.85, interval="melding"
        )
    assert melded.sentence().startswith(f"{head}its 95 % interval holds nothing above 0 %; ")
    assert negative.to_frame()["estimate"].iloc[0] == negative.value[0] < 0
    assert "computed below 0" in negative.to_frame()["flag"].iloc[0]
    count = negative.count(population=10_000).sentence()
    assert count.startswith("An estimated 0 (computed as -")


def test_limits_below_0_are_told_as_0() -> None:
    rng = np.random.default_rng(8)
    read, short = rng.integers(0, 2, 400), rng.binomial(3, 0.4, 400)
    data = pv.Survey({"count": short + read * (rng.random(400) < 0.05), "long": read})
    e = pv.sensitive.list_difference(data, "count", treatment="long", items=3)
    low, high = e.interval()[0]
    assert low < 0 < e.value[0]
    assert f"95 % interval 0 to {100 * high:.1f};" in e.sentence()
    assert e.sentence().endswith("of the population sampled. Outcome: sensitive item in count.")


def test_a_share_above_1_and_one_without_an_interval() -> None:
    kept = pv.Survey({"case": [1] * 57 + [0] * 3})
    with pytest.warns(pv.PrevalenceWarning, match="above 1 in 1 of 1"):
        e = pv.misclassification.rogan_gladen(
            pv.direct.prevalence(kept, "case"), sensitivity=0.7, specificity=0.99
        )
    assert e.sentence().startswith("An estimated 100 % (computed as 136.2 %, its 95 % interval")
    assert "nothing below 100 %" in e.sentence()


# ---------------------------------------------------------------------- whom a number is of
def test_shares_of_answers_are_of_their_class_and_not_of_the_population() -> None:
    rng = np.random.default_rng(4)
    case = rng.random(600) < 0.3
    items = {
        f"y{k}": np.where(case, rng.random(600) < 0.8, rng.random(600) < 0.1) for k in range(3)
    }
    data = pv.Survey({name: column.astype(float) for name, column in items.items()})
    e = pv.misclassification.latent_class(data.describe(population="adults"), list(items), rng=1)
    said = e.sentence().splitlines()
    assert said[0].endswith("of adults. Outcome: prevalence.")
    assert said[1].endswith("of cases. Outcome: sensitivity: y0.")
    assert said[4].endswith("of those who are no cases. Outcome: false positive: y0.")
    assert re.search(r"Log likelihood: -[\d,]+\.?\d{0,3}\.\n", e.explain())


def test_a_masked_question_is_named_by_what_is_behind_it() -> None:
    data = pv.Survey({"box": [1] * 50 + [0] * 50})
    e = pv.sensitive.randomized_response(data, "box", design="forced", p_yes=0.1, p_no=0.2)
    assert e.sentence().endswith("Outcome: true answer to box.")
    assert repr(e).startswith("<Estimate: proportion of true answer to box>")


def test_a_validation_study_and_a_subsample_say_what_was_counted() -> None:
    assert SP.sentence() == (
        'The validated share "b" is taken to be 98.2 % (95 % interval 96.5 to 99.2; 480 classified '
        "rightly among 489 tested)."
    )
    gold = [1, 1, 1, 0] * 5 + [np.nan] * 20 + [0] * 19 + [1] + [np.nan] * 140
    screened = pv.Survey({"positive": [1] * 40 + [0] * 160, "gold": gold})
    e = pv.misclassification.validation_subsample(screened, screen="positive", gold="gold")
    assert "16 cases among 40 rows validated" in e.sentence()


def test_proxies_are_told_in_their_own_words() -> None:
    false = pv.validated(correct=1, tested=200, name="b")
    told = pv.misclassification.proxy(share(), sensitivity=SE, false_report=false).explain()
    assert "Variance from false reports: " in told
    assert f"The estimate would be 0 at false reports of: {share().value[0]:.4g}." in told
    assert "specificity of" not in told


# ---------------------------------------------------------------------- the page
def test_the_page_has_definitions_hashes_and_windows(tmp_path: Path) -> None:
    compared = pv.compare({"one": share(), "both": joint()}, side_by_side=True)
    page = re.sub(r"<[^>]*>", " ", pv.report(compared, path=tmp_path / "page.html").read_text())
    page = re.sub(r"\s+", " ", page)
    assert f"definition Any sign, version 1 (of one, both) {definition().hash} " in page
    assert f"definition Both signs, version 1 (of both) {definition('Both signs', 2).hash} " in page
    assert "Both signs, version 1 at the time of interview" in page
    assert "ever before interview. Definition: Any sign, version 1." in page


def test_the_page_keeps_suppressed_numbers_out_of_warnings(tmp_path: Path) -> None:
    towns = by_town()
    with pytest.warns(pv.PrevalenceWarning, match=r"\(first: row 0, -0"):
        e = pv.misclassification.rogan_gladen(towns, sensitivity=SE, specificity=0.85)
    assert "would be 0 at" not in e.explain()  # of the town with the smallest share
    compared = pv.compare({"corrected": e})
    page = pv.report(compared, path=tmp_path / "page.html", force=True).read_text()
    assert "suppressed: fewer than 5 cases" in page or "suppressed: fewer than 3" in page
    assert re.search(r"below 0 in \d of 3 rows: the", page)


# ---------------------------------------------------------------------- figures
def what_if(e: pv.Estimate) -> pv.misclassification.WhatIf:
    return pv.misclassification.what_if(
        e, sensitivity=(0.5, 0.7, 0.9), false_report=(0.0, 0.02, 0.2)
    )


def test_a_tornado_has_a_bar_for_each_rate() -> None:
    table = what_if(share())
    ax = table.plot(synthetic=True)
    drawn = {line.get_gid(): line for line in ax.get_lines()}
    widest = 100 * table.tornado.iloc[0][["estimate_at_low", "estimate_at_high"]]
    np.testing.assert_allclose(np.asarray(drawn["bar-0"].get_xdata()), widest.astype(float))
    assert {"low-2", "high-2"} <= set(drawn)
    assert any(patch.get_gid() == "none" for patch in ax.patches)  # what the data rule out
    middle = table.grid.query("sensitivity == 0.7 and false_report == 0.02")["estimate"].iloc[0]
    said = pv.plot.describe(ax)
    assert said.startswith(f"The corrected share is {100 * middle:.1f} % with every rate at its")
    assert "sensitivity 50 to 90 %" in said


def test_a_tornado_is_of_one_domain() -> None:
    table = what_if(by_town())
    with pytest.raises(ValueError, match=r"domain must be named where there are several: found 3"):
        table.plot()
    with pytest.raises(KeyError, match=r"'Larg' is not\. Did you mean 'Large'"):
        table.plot(domain="Larg")
    assert pv.plot.describe(table.plot(domain="Large"))


def test_shares_outside_what_is_possible_have_open_marks(negative: pv.Estimate) -> None:
    ax = pv.compare({"direct": share(), "corrected": negative}).plot()
    faces = {x.get_gid(): x.get_markerfacecolor() for x in ax.get_lines()}
    assert (faces["value-0"] == "white", faces["value-1"] == "white") == (False, True)
    legend = ax.get_legend()
    assert legend is not None
    assert "computed outside 0 to 100 %" in [text.get_text() for text in legend.get_texts()]


def test_changes_of_a_definition_fit_a_narrow_figure() -> None:
    from matplotlib.figure import Figure

    ax = Figure(figsize=(3.6, 5)).add_subplot()
    definition().sensitivity(survey()).plot(ax)
    assert ax.get_xlabel().startswith("change of ")
    assert "in percentage points" in ax.get_xlabel()
