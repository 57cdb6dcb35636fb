"""What readers see of network scale-up: words, tables, files, the page, and what is kept out."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.nsum import Group
from tests.test_plot import artist, words

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the sampling error of"),  # of the recall line
]

N, REGIONS = 240, ("Est", "Nord", "Ouest", "Sud")
SIZES = {"police": 3_000, "infirmières": 9_000, "prêtres": 900, "écoliers <b>": 20_000}
TIE = "knows the child by name and has met it"
TAU = pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="transmission")


def data() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    ties = rng.gamma(2.0, 90.0, N)
    out: dict[str, Any] = {name: rng.poisson(ties * k / 300_000) for name, k in SIZES.items()}
    region = np.arange(N) * 4 // N
    hidden = rng.poisson(ties * np.array([0.004, 0.006, 0.005, 0.0001])[region])
    return out | {
        "hidden": hidden,
        "girls": rng.binomial(hidden, 0.6),
        "region": np.array(REGIONS)[region],
        "psu": np.arange(N) // 6,
        "w": rng.uniform(1, 3, N),
        "key": [f"respondent-{i:04d}" for i in range(N)],
    }


def survey(**about: str) -> pv.Survey:
    made = pv.Survey(data(), weights="w", psu="psu", strata="region", source="frame")
    return made.describe(rows="adults", psus="clusters", **about)


def answers(**about: str) -> pv.Answers:
    return pv.Answers(
        survey(**about),
        known=pd.Series(SIZES),
        hidden={
            "forced labour": Group(column="hidden", form="any form", age="5 to 17"),
            "girls in service": Group(column="girls", form="domestic service", sex="girls"),
        },
        alters="children",
        tie=TIE,
        window="12 months before interview",
        population=300_000,
    )


def fitted(asked: pv.Answers, **how: Any) -> pv.nsum.Posterior:
    arguments = {"draws": 300, "warmup": 300, "rng": 1, "model": "overdispersed"}
    return pv.nsum.fit(asked, "forced labour", **{**arguments, **how})


@pytest.fixture(scope="module")
def posterior() -> pv.nsum.Posterior:
    return fitted(answers(), regions="region", region_populations=dict.fromkeys(REGIONS, 75_000.0))


def sizes(**how: Any) -> pv.Estimate:
    return pv.nsum.scale_up(answers(), **{"transmission": TAU, "degree_ratio": 0.9, **how})


# ---------------------------------------------------------------------- whom it is about
def test_children_their_tie_window_and_traits_are_in_the_words_of_estimates(
    posterior: pv.nsum.Posterior,
) -> None:
    basic = sizes()
    recalled = pv.nsum.recall_adjusted(answers(), "forced labour", transmission=0.5)
    drawn = posterior.size(transmission=1)
    for e in (basic, recalled, drawn):
        assert e.estimand is not None
        assert e.estimand.population == "children"
        assert e.estimand.window == "12 months before interview"
        assert e.provenance["alters"] == "children"
        told = e.explain()
        assert f"Tie: {TIE}." in told
        assert "forced labour (form: any form, age: 5 to 17)" in told
    assert "girls in service (form: domestic service, sex: girls)" in basic.explain()
    assert "girls in service" not in recalled.explain()
    assert "children with the outcome" in basic.sentence()
    assert "in the 12 months before interview" in basic.sentence()


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ("", "children"),
        ("adults of 18 and over", "children"),  # the survey's own rows
        ("children 5 to 17, as adults tell", "children 5 to 17, as adults tell"),
        ("minors in households", "minors in households"),
    ],
)
def test_a_population_that_names_the_respondents_is_not_that_of_the_hidden(
    described: str, said: str
) -> None:
    e = pv.nsum.scale_up(answers(population=described), transmission=1)
    assert e.estimand is not None
    assert e.estimand.population == said


def test_a_mean_degree_is_of_respondents_and_known_groups_have_no_definition() -> None:
    asked = answers(population="children", definition="worked without pay", excludes="Nobody.")
    degree = pv.nsum.degree(asked)
    assert degree.estimand == pv.Estimand(
        outcome="degree", population="adults", definition=f"number of children known: {TIE}"
    )
    found = pv.nsum.validate(asked)
    for e in (found.estimate, found.ratio):
        assert e.estimand == pv.Estimand(outcome="several", population="children")
        assert "worked without pay" not in e.sentence()
        assert "reports among" in e.sentence()


def test_network_and_survey_of_the_same_children_compare() -> None:
    about = {"population": "children 5 to 17", "window": "12 months before interview"}
    direct = pv.direct.prevalence(
        pv.Survey({"case": [1, 0, 0, 0] * 30}, source="children").describe(**about), "case"
    ).count(300_000)
    one = pv.nsum.scale_up(answers(**about), "forced labour", transmission=TAU)
    same = {"outcome": "forced labour"}
    found = pv.compare({"survey": direct.describe(**same), "network": one.describe(**same)})
    assert len(found.differences()) == 1


# ---------------------------------------------------------------------- adjustments
def test_adjustments_are_in_every_text_also_where_they_are_one(
    posterior: pv.nsum.Posterior,
) -> None:
    said = "transmission 0.6 (0.391 to 0.791), degree ratio 0.9, frame ratio 1, precision 1"
    drawn = posterior.size(transmission=TAU, degree_ratio=0.9, rng=1)
    for e in (sizes(), sizes(propagate="draws", rng=1), drawn):
        assert f"Adjustments: {said}." in e.explain()
        assert f"Adjusted by: {said}." in e.sentence()
        assert f"Adjusted by: {said}" in e._repr_html_()
        assert "Adjustments: transmission 0.6" in repr(e)
    exact = pv.nsum.scale_up(answers(), transmission=1)
    assert "transmission 1, degree ratio 1, frame ratio 1, precision 1." in exact.sentence()
    assert "have 1 times" not in exact.explain()


def test_words_that_two_estimates_do_not_share_are_in_none_made_of_both() -> None:
    one, two = sizes(transmission=0.5), sizes(transmission=0.8)
    for e in (pv.nsum.blend(one, two, weight=0.5), one / two, one - two):
        assert "adjustments" not in e.provenance
        assert "Adjusted by" not in e.sentence()
        assert "Design: 40 clusters in 4 strata" in e.explain()
    with pytest.raises(ValueError, match="must be a number of people: found a ratio"):
        pv.plot.adjustments((one / one).take(np.array([0])))


def test_sensitivity_refuses_an_estimate_changed_since() -> None:
    with pytest.raises(ValueError, match="changed by arithmetic"):
        pv.nsum.sensitivity(sizes() * 2, transmission=[0.5])


def test_rates_and_ratios_go_by_their_own_name() -> None:
    visits = pv.Survey({"seen": [1, 2, 3] * 9, "police": [4, 5, 6] * 9}, source="visits")
    tau = pv.nsum.game_of_contacts(visits, aware="seen", known="police")
    assert tau.sentence().startswith("The transmission rate is estimated at 0.40 (")
    delta = pv.nsum.degree_ratio(visits, survey(), known={"police": 3_000})
    assert delta.sentence().startswith("The degree ratio is estimated at")
    assert repr(delta).startswith("<Estimate: degree ratio>")
    apart = sizes() / pv.nsum.scale_up(answers(), transmission=1)
    assert np.isinf(apart.df).all() or (apart.df < 1e9).all()  # no 10^65 degrees of freedom


def test_rows_of_several_groups_are_told_apart_in_text() -> None:
    lines = repr(sizes()).splitlines()
    assert [line.split("  ")[0] for line in lines[2:4]] == ["forced labour", "girls in service"]


# ---------------------------------------------------------------------- files and copies
def test_files_and_copies_keep_all_that_is_said(
    posterior: pv.nsum.Posterior, tmp_path: Path
) -> None:
    found = pv.nsum.validate(answers())
    estimates = {
        "delta": sizes(),
        "draws": sizes(propagate="draws", rng=1),
        "posterior": posterior.size(transmission=TAU, by="region", rng=1),
        "ratio": found.ratio,
        "degree": pv.nsum.degree(answers(), by="region"),
        "recall": pv.nsum.recall_adjusted(answers(), "forced labour", transmission=TAU),
    }
    for name, e in estimates.items():
        loaded = pv.load(e.save(tmp_path / name))
        for again in (loaded, pickle.loads(pickle.dumps(e))):  # noqa: S301  (our own)
            assert again.explain() == e.explain()
            assert again.sentence() == e.sentence()
            assert dict(again.provenance) == dict(e.provenance)
            np.testing.assert_array_equal(again.interval(), e.interval())
    one = pv.load(sizes(hidden="forced labour").save(tmp_path / "one"))
    assert "at 0.6 and 0.9" in pv.plot.describe(pv.plot.adjustments(one))
    assert len(pv.nsum.sensitivity(one, transmission=[0.5, 1])) == 2
    for thing in (answers(), found, posterior):
        assert repr(pickle.loads(pickle.dumps(thing))) == repr(thing)  # noqa: S301


# ---------------------------------------------------------------------- small cells
def few() -> pv.Answers:
    """Return answers in which one known group has three reports."""
    made = data()
    made["prêtres"] = np.array([1, 1, 1] + [0] * (N - 3))
    return pv.Answers(
        pv.Survey(made, weights="w", psu="psu"), known=SIZES, hidden="hidden", population=300_000
    )


def test_a_known_group_of_few_reports_is_in_no_table_or_figure() -> None:
    found = pv.nsum.validate(few())
    row = found.to_frame().set_index("group").loc["prêtres"]
    assert row["flag"] == "suppressed: fewer than 5 reports"
    assert row[["estimate", "ratio", "z", "reports"]].isna().all()
    shown = found.to_frame(disclosure="off: a test").set_index("group").loc["prêtres"]
    assert shown["reports"] == 3
    assert shown["ratio"] > 0
    ax = pv.plot.known_groups(found)
    assert artist(ax, "ratio-3") is None
    assert "prêtres suppressed" in pv.plot.describe(ax)
    assert "suppressed: too few reports" in words(ax)
    assert artist(pv.plot.known_groups(found, disclosure="off: a test"), "ratio-3") is not None
    assert len(artist(pv.plot.recall(found), "groups").get_xdata()) == 3
    assert len(artist(pv.plot.recall(found, disclosure="off: x"), "groups").get_xdata()) == 4
    assert "suppressed" in found._repr_html_()


def test_small_regions_of_a_posterior_and_what_would_tell_them_are_left_out(
    posterior: pv.nsum.Posterior,
) -> None:
    everything = posterior.shrinkage(disclosure="off: a test").set_index("region")
    assert float(everything["reports"]["Sud"]) < 5
    table = posterior.shrinkage().set_index("region")
    assert str(table.loc["Sud", "flag"]).startswith("suppressed")
    hidden = table["flag"].str.startswith("suppressed")
    assert hidden.sum() == 2  # one more, or the total would tell
    assert table.loc[hidden, ["n", "reports", "raw", "raw_low", "raw_high"]].isna().all(axis=None)
    assert table["estimate"].notna().all()  # what the model pools
    pd.testing.assert_series_equal(table["estimate"], everything["estimate"])
    ax = pv.plot.regions(posterior)
    drawn = [artist(ax, f"raw-{y}") for y in range(4)]
    assert sum(mark is not None for mark in drawn) == 2
    assert "few reports" in words(ax)


def test_answers_at_a_top_code_are_not_counted_one_by_one() -> None:
    made = data()
    made["police"] = np.minimum(made["police"], 4)
    made["police"][0] = 9
    asked = pv.Answers(
        pv.Survey(made, weights="w"), known=SIZES, hidden="hidden", top_code={"police": 9}
    )
    told = pv.nsum.scale_up(asked, transmission=1).explain()
    assert "police (fewer than 5 at 9)" in told


def test_no_identifier_of_a_respondent_is_in_words_tables_or_files(
    posterior: pv.nsum.Posterior,
) -> None:
    found = pv.nsum.validate(answers())
    texts = [
        sizes().explain(), found.to_frame().to_string(), answers().summary().to_string(),
        answers().outliers(spread=0.5).to_string(), answers()._repr_html_(),
        posterior.diagnostics().to_string(), posterior.degrees().to_string()
        if posterior.converged else "", str(pickle.dumps(posterior)),
    ]  # fmt: skip
    assert not any("respondent-0" in text for text in texts)


# ---------------------------------------------------------------------- tables, page, comparison
def test_tables_for_notebooks_are_escaped_and_name_traits() -> None:
    shown = answers()._repr_html_()
    assert "écoliers &lt;b&gt;" in shown
    assert "domestic service" in shown
    summary = answers().summary()
    assert summary.columns.tolist()[3:8] == ["alters", "form", "sex", "age", "size"]
    assert "form" not in few().summary()
    plan = pv.nsum.precision(
        1_000, degree=180, known=pd.Series(SIZES), size=5_000, population=2_800_000
    )
    assert repr(plan).startswith("<Plan: 1,000 respondents for a hidden group of 5,000; ")
    assert "degree ratio 1" in plan.assumptions[0]


def test_the_page_shows_adjustments_known_groups_and_draws(
    posterior: pv.nsum.Posterior, tmp_path: Path
) -> None:
    compared = pv.compare(
        {"network": sizes(), "all reported": sizes(transmission=1, degree_ratio=1)},
        side_by_side=True,
    )
    path = pv.report(
        compared, path=tmp_path / "page.html", validation=pv.nsum.validate(few()),
        posterior=posterior, synthetic=True,
    )  # fmt: skip
    page = path.read_text(encoding="utf-8")
    assert "Adjusted by: transmission 1, degree ratio 1, frame ratio 1, precision 1." in page
    assert "if it is half of that, the number is twice as large" in page
    assert 'id="known"' in page
    assert "suppressed: fewer than 5 reports" in page
    assert "écoliers &lt;b&gt;" in page
    assert 'id="draws"' in page
    assert "the largest R-hat of" in page
    assert "network, girls in service" in page  # rows of one name, told apart
    assert "respondent-0" not in page
    with pytest.raises(TypeError, match=r"validation must be what pv\.nsum\.validate returns"):
        pv.report(compared, path=tmp_path / "other.html", validation=posterior)  # type: ignore[arg-type]


def test_differences_leave_out_draws_of_unknown_covariance(posterior: pv.nsum.Posterior) -> None:
    same = {"outcome": "forced labour"}
    one = sizes(hidden="forced labour").describe(**same)
    estimates = {
        "linear": one,
        "exact": sizes(hidden="forced labour", transmission=1).describe(**same),
        "model": posterior.size(transmission=TAU, rng=1).describe(**same),
    }
    compared = pv.compare(estimates)
    with pytest.warns(pv.PrevalenceWarning, match="2 pairs of posterior draws"):
        found = compared.differences()
    assert found["difference"].tolist() == ["linear - exact"]
    assert "girls in service" in repr(pv.compare({"all": sizes()}))


@pytest.mark.parametrize("width", [3.7, 7.2])
def test_figures_in_narrow_and_wide_axes_keep_their_words_inside(width: float) -> None:
    from prevalence.plot import canvas

    found = pv.nsum.validate(answers())
    axes = [
        pv.plot.known_groups(found, ax=canvas.axes(None, width, 3.6)),
        pv.plot.degrees(answers(), ax=canvas.axes(None, width, 6.0)),
        pv.plot.adjustments(sizes(hidden="forced labour"), ax=canvas.axes(None, width, 4.0)),
    ]
    for ax in axes:
        figure = ax.get_figure(root=True)
        assert figure is not None
        figure.draw_without_rendering()
        for each in figure.axes:
            assert each.get_position().width * width > 1.6  # inches
    assert "infirmières" in words(axes[0])
    assert "9,000" in words(axes[0])


# ---------------------------------------------------------------------- respondents chosen
def test_where_is_the_same_as_those_rows_alone() -> None:
    made = pd.DataFrame(data())
    made["w"] *= 120_000 / made.loc[made["region"] == "Est", "w"].sum()
    part = pv.Survey(made[made["region"] == "Est"], weights="w", psu="psu", source="part")
    visits = pv.Survey({"police": [1, 2, 3] * 9}, source="visits")
    known = {"police": 3_000}
    where = "region == 'Est'"
    whole = pv.Survey(made, weights="w", psu="psu", source="whole")
    pairs = [
        [pv.nsum.degree_ratio(visits, s, known=known, where=w) for s, w in ((whole, where), (part, None))],
    ]  # fmt: skip
    pairs.append(
        [
            pv.nsum.generalized(
                s, visits, "hidden", aware=known, frame_size=120_000, where=w
            )
            for s, w in ((whole, where), (part, None))
        ]
    )  # fmt: skip
    keys = made.loc[made["region"] == "Est", "key"].to_numpy()[:30]
    alters = {"key": keys, "sex": ["F", "M"] * 15}
    pairs.append(
        [
            pv.nsum.network_rates(
                s, alters, on="key", by="sex", match=[], known=known, where=w,
                cell_sizes={"F": 9_000, "M": 9_000},
            )
            for s, w in ((whole, where), (part, None))
        ]
    )  # fmt: skip
    for of_whole, of_part in pairs:
        np.testing.assert_allclose(of_whole.value, of_part.value, rtol=1e-12)  # rounding alone
        np.testing.assert_array_equal(of_whole.facts["n"], of_part.facts["n"])
