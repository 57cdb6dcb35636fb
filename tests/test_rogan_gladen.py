"""Rogan-Gladen: values and variances from blocks, interval rules against their slow versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence import imperfect
from prevalence.intervals import INSTRUMENT_RULES, RULES, WORDS
from prevalence.misclassification.rogan_gladen import RULES as ASKED
from tests.naive import imperfect as naive

Array = NDArray[Any]
rogan_gladen = pv.misclassification.rogan_gladen
BELOW = "ignore:the corrected share is below 0"
WEAK = "ignore:the validation samples leave it possible"


def rates(cases: tuple[int, int] = (33, 41), others: tuple[int, int] = (480, 489)) -> Any:
    return {
        "sensitivity": pv.validated(correct=cases[0], tested=cases[1]),
        "specificity": pv.validated(correct=others[0], tested=others[1]),
    }


def survey(share: float = 0.06, seed: int = 1, n: int = 1_200, **more: Any) -> pv.Survey:
    rng = np.random.default_rng(seed)
    ea = np.arange(n) // 20
    level = rng.beta(share * 19, (1 - share) * 19, ea.max() + 1)
    data = {
        "screen": (rng.random(n) < level[ea]).astype(float),
        "ea": ea,
        "stratum": ea // 20,
        "w": rng.integers(1, 5, n).astype(float),
        "region": np.array(["north", "south", "west"])[ea // 20],
        "sex": np.where(rng.random(n) < 0.5, "F", "M"),
        **more,
    }
    return pv.Survey(data, weights="w", strata="stratum", psu="ea")


def simple(k: int, n: int, interval: str, cases: Any, others: Any) -> pv.Estimate:
    return rogan_gladen(
        pv.validated(correct=k, tested=n), interval=interval, **rates(cases, others)
    )


# ------------------------------------------------------------------ value and variance
def test_the_variance_is_the_delta_methods_with_three_sources() -> None:
    apparent = pv.direct.prevalence(survey(), "screen", by="region")
    given = rates()
    found = rogan_gladen(apparent, **given)
    se, sp = (float(e.value[0]) for e in given.values())
    v_se, v_sp = (float(e.std_error[0]) ** 2 for e in given.values())
    x = (apparent.value + sp - 1) / (se + sp - 1)
    total = apparent.std_error**2 + x**2 * v_se + (1 - x) ** 2 * v_sp
    np.testing.assert_allclose(found.value, x, rtol=1e-13)
    np.testing.assert_allclose(found.std_error, np.sqrt(total) / (se + sp - 1), rtol=1e-12)
    np.testing.assert_allclose(
        found.facts["variance_share_specificity"], (1 - x) ** 2 * v_sp / total, rtol=1e-12
    )
    np.testing.assert_allclose(found.facts["zero_at_specificity"], 1 - apparent.value)
    # Two domains share the instrument: their covariance is that of its rates.
    shared = x[0] * x[1] * v_se + (1 - x[0]) * (1 - x[1]) * v_sp
    np.testing.assert_allclose(found.covariance[0, 1], shared / (se + sp - 1) ** 2, rtol=1e-10)


@pytest.mark.filterwarnings(BELOW)
def test_replicates_are_corrected_values_and_never_cut() -> None:
    made = survey(0.03).bootstrap(40, rng=3)
    apparent = pv.direct.prevalence(made, "screen", by="sex")
    found = rogan_gladen(apparent, sensitivity=0.8, specificity=0.97)
    (columns, _), (plain, _) = (
        found.columns[made.design.source],
        apparent.columns[made.design.source],
    )
    moved = (apparent.value[:, None] + plain + 0.97 - 1) / (0.8 + 0.97 - 1)
    np.testing.assert_allclose(found.value[:, None] + columns, moved, rtol=1e-10, atol=1e-14)
    assert (moved < 0).any()


@pytest.mark.filterwarnings(BELOW)
def test_rates_may_be_estimates_of_the_same_rows_or_of_another_survey() -> None:
    apparent = pv.direct.prevalence(survey(), "screen", by="region")
    tested = pv.direct.prevalence(survey(0.95, seed=4), "screen", by="region")
    found = rogan_gladen(apparent, sensitivity=0.8, specificity=tested)
    one = rogan_gladen(apparent["south"], sensitivity=0.8, specificity=tested["south"])
    np.testing.assert_allclose(found.value[1], one.value[0])
    np.testing.assert_allclose(found.interval()[1], one.interval()[0], rtol=1e-9)
    assert "The sensitivity is taken as known: 0.8." in found.assumptions
    guess = rogan_gladen(apparent, sensitivity=pv.uncertain(0.8, 0.7, 0.9), specificity=0.99)
    assert (np.diff(guess.interval()) > 0).all()
    assert 0 < guess.facts["variance_share_sensitivity"][0] < 1


def test_known_rates_carry_the_apparent_interval() -> None:
    apparent = pv.direct.prevalence(survey(), "screen", interval="wilson")
    found = rogan_gladen(apparent, sensitivity=0.8, specificity=0.98)
    np.testing.assert_allclose(found.interval(), (apparent.interval() - 0.02) / 0.78, rtol=1e-12)
    assert found.unit == "proportion"
    assert not any("without error" in text for text in found.assumptions)
    perfect = rogan_gladen(apparent, sensitivity=1, specificity=1)
    np.testing.assert_allclose(perfect.interval(), apparent.interval(), rtol=1e-12)


@pytest.mark.filterwarnings(BELOW)
def test_a_negative_estimate_stays_negative_and_sentences_show_zero() -> None:
    found = simple(31, 1_200, "auto", (45, 52), (290, 300))
    assert found.value[0] < 0
    assert "An estimated 0 %" in found.sentence()
    assert found.interval()[0, 0] == 0
    assert any("row 0, -0.009014" in text for text in found.warnings)
    count = found.count(10_000)
    assert count.value[0] < 0
    assert "An estimated 0 " in count.sentence()


@pytest.mark.filterwarnings(BELOW)
def test_a_row_without_positives_has_limits_from_the_borrowed_design_effect() -> None:
    sector = np.where(np.arange(1_200) // 20 % 6 == 0, "a", "b")
    screen = (np.arange(1_200) % 17 == 0) * (sector == "b")
    clean = survey(screen=screen.astype(float), sector=sector)
    apparent = pv.direct.prevalence(clean, "screen", by="sector")
    assert apparent.value[0] == 0
    for interval in ASKED:
        found = rogan_gladen(apparent, interval=interval, **rates())
        assert np.isnan(found.std_error[0])
        low, high = found.interval()[0]
        assert low == 0
        assert 0 <= high < 0.1
    known = rogan_gladen(apparent, interval="bayes", sensitivity=0.8, specificity=1.0)
    assert 0.005 < known.interval()[0, 1] < 0.06


def test_sources_that_are_shared_give_the_delta_method() -> None:
    apparent = pv.direct.prevalence(survey(), "screen")
    both: dict[str, Any] = {
        "sensitivity": pv.validated(correct=40, tested=50, name="study"),
        "specificity": pv.validated(correct=480, tested=490, name="study"),
    }
    with pytest.warns(pv.PrevalenceWarning, match="share a source"):
        found = rogan_gladen(apparent, **both)
    assert found.interval_rule == "delta"


def test_words_are_told_and_files_are_read_back(tmp_path: Path) -> None:
    found = rogan_gladen(pv.direct.prevalence(survey(), "screen", by="sex"), **rates())
    told = found.explain()
    assert "Variance from specificity: " in told
    whole = rogan_gladen(pv.direct.prevalence(survey(), "screen"), **rates())
    assert "The estimate would be 0 at a specificity of: 0.9" in whole.explain()
    assert "The specificity is estimated at 0.9816 (480 of 489)." in told
    assert set(INSTRUMENT_RULES) <= set(WORDS)
    again = pv.load(found.save(tmp_path / "found.pv"))
    np.testing.assert_array_equal(again.interval(0.9), found.interval(0.9))


# ------------------------------------------------------------------ interval rules
CASES = {
    "common": (140, 700, (80, 88), (150, 175)),
    "rare": (31, 1_200, (45, 52), (296, 300)),
    "perfect validation": (12, 800, (40, 40), (100, 100)),
    "perfect sensitivity": (300, 800, (40, 40), (150, 175)),
    "much": (600, 900, (70, 90), (80, 85)),
    "few tested": (60, 400, (9, 12), (27, 30)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.filterwarnings(BELOW, WEAK)
def test_rules_are_their_slow_versions(case: Any, level: float) -> None:
    """160 points a share leave 1 % of the interval's width, and more in a tail of 2.5 %."""
    k, n, cases, others = case
    wanted = {
        "auto": naive.auto(n, k / n, cases, others, level, 0.6),
        "melding": naive.melding(n, k / n, cases, others, level, False),
        "melding-poisson": naive.melding(n, k / n, cases, others, level, True),
    }
    for interval, limits in wanted.items():
        found = simple(k, n, interval, cases, others).interval(level)[0]
        np.testing.assert_allclose(found, limits, atol=0.015 * (limits[1] - limits[0]))
    z = {0.8: 1.2815515655446004, 0.95: 1.959963984540054}[level]
    np.testing.assert_allclose(
        simple(k, n, "lang-reiczigel", cases, others).interval(level)[0],
        naive.lang_reiczigel(k / n, n, cases, others, z),
        rtol=1e-12,
    )


@pytest.mark.parametrize("positives", [0, 9, 16])
@pytest.mark.filterwarnings(BELOW)
def test_a_share_below_0_has_the_limit_of_its_slow_version(positives: int) -> None:
    """Points of equal probability leave 1.5 % of the limit."""
    found = simple(positives, 1_000, "auto", (66, 80), (196, 200)).interval()[0]
    wanted = naive.below_zero(positives, 1_000, (66, 80), (196, 200), 0.95, 0.6)
    assert found[0] == 0
    assert found[1] == pytest.approx(wanted, rel=0.015)


@pytest.mark.filterwarnings(BELOW, WEAK)
def test_the_default_limit_falls_with_every_positive_less_and_never_to_0() -> None:
    limits = [
        simple(k, 1_000, "auto", (66, 80), (196, 200)).interval()[0, 1] for k in range(0, 60, 3)
    ]
    assert limits[0] > 0.003
    steps = np.diff(limits)
    assert (steps > 0).all()
    assert steps.max() < 3 * steps.min()  # no jump


@pytest.mark.filterwarnings(BELOW, WEAK)
def test_a_share_above_1_mirrors_one_below_0() -> None:
    low = simple(4, 1_000, "auto", (190, 200), (196, 200)).interval()[0]
    with pytest.warns(pv.PrevalenceWarning, match="the corrected share is above 1"):
        above = simple(996, 1_000, "auto", (196, 200), (190, 200))
    high = above.interval()[0]
    np.testing.assert_allclose(1 - high[::-1], low, rtol=1e-6)


@pytest.mark.filterwarnings(BELOW, WEAK, "ignore:the corrected share is above 1")
@pytest.mark.parametrize("interval", ["auto", "delta", "lang-reiczigel", "melding", "bayes"])
@pytest.mark.parametrize("positives", [0, 9, 16, 22, 60, 300, 640])
def test_noncases_have_the_mirrored_limits_of_cases(interval: str, positives: int) -> None:
    """Calling 1 what was 0 exchanges sensitivity and specificity, and nothing else."""
    one = simple(positives, 1_000, interval, (66, 80), (196, 200)).interval()[0]
    two = simple(1_000 - positives, 1_000, interval, (196, 200), (66, 80)).interval()[0]
    np.testing.assert_allclose(1 - two[::-1], one, rtol=1e-6, atol=1e-9)


@pytest.mark.filterwarnings(BELOW, WEAK)
def test_rows_solved_a_few_at_a_time_have_the_same_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    apparent = pv.direct.prevalence(survey(0.08), "screen", by=["region", "sex"])
    for interval in ("auto", "melding", "bayes"):
        found = rogan_gladen(apparent, interval=interval, **rates())
        whole = found.interval()
        with monkeypatch.context() as patch:
            patch.setattr(imperfect, "AT_ONCE", 100)
            np.testing.assert_allclose(found.interval(), whole, rtol=1e-8)


def row(error: float = 0.01, deff: float = 1.0, n: float = 900.0) -> dict[str, Array]:
    """What a rule is given for one share of 0.1, or of 0.1 / 0.75 once it is corrected."""
    rates = {"sensitivity": 0.8, "specificity": 0.95}
    sizes = {f"{name}_{of}": size for name in rates for of, size in (("n", 300), ("df", np.inf))}
    alone = {"value": 0.05 / 0.75, "std_error": error, "apparent": 0.1, "apparent_df": np.inf}
    own = np.sqrt(0.1 * 0.9 * deff / n)
    told = {**alone, **rates, **sizes, "apparent_error": own, "n": n, "deff": deff}
    return {name: np.array([x]) for name, x in told.items()}


def test_a_borrowed_design_effect_equal_to_the_own_one_changes_nothing() -> None:
    clustered, smaller = row(deff=2.5), row(n=360.0)
    one, two = (RULES["rogan-gladen"](c, np.array([np.inf]), 0.95) for c in (clustered, smaller))
    np.testing.assert_allclose(one, two, rtol=1e-9)
    more = {**clustered, "deff": np.array([5.0])}  # one that is larger widens it
    few = {**clustered, "apparent_df": np.array([9.0])}  # and so do few primary units
    for wider in (more, few):
        assert np.diff(RULES["rogan-gladen"](wider, np.array([np.inf]), 0.95)) > np.diff(one)


def test_delta_has_other_limits_only_where_there_is_no_standard_error() -> None:
    rows = [row(0.02), row(np.nan), row(0.0)]
    c = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
    df = np.full(3, np.inf)
    found, central = RULES["delta"](c, df, 0.95), RULES["rogan-gladen"](c, df, 0.95)
    half = 1.959963984540054 * 0.02
    np.testing.assert_allclose(found[0], c["value"][0] + np.array([-half, half]), rtol=1e-12)
    np.testing.assert_array_equal(found[1:], central[1:])


@pytest.mark.filterwarnings(BELOW, WEAK)
@pytest.mark.parametrize("interval", ASKED)
def test_limits_widen_with_the_level_and_rows_do_not_matter_to_each_other(interval: str) -> None:
    apparent = pv.direct.prevalence(survey(0.08), "screen", by=["region", "sex"])
    found = rogan_gladen(apparent, interval=interval, **rates())
    widths = [np.diff(found.interval(level))[:, 0] for level in (0.5, 0.9, 0.95, 0.99, 0.999)]
    assert (np.diff(widths, axis=0) > 0).all()
    for i in (0, 3):
        np.testing.assert_allclose(found[i].interval(), found.interval()[[i]], rtol=1e-12)


@pytest.mark.filterwarnings(BELOW)
def test_large_validation_samples_lead_to_known_rates() -> None:
    apparent = pv.direct.prevalence(survey(0.3), "screen")
    many = rates((8_000_000, 10_000_000), (9_800_000, 10_000_000))
    known = {"sensitivity": 0.8, "specificity": 0.98}
    for interval in set(ASKED) - {"auto"}:
        np.testing.assert_allclose(
            rogan_gladen(apparent, interval=interval, **many).interval(),
            rogan_gladen(apparent, interval=interval, **known).interval(),
            rtol=2e-3,
        )


@pytest.mark.filterwarnings(BELOW)
def test_degrees_of_freedom_of_a_clustered_validation_widen_the_interval() -> None:
    apparent = pv.direct.prevalence(survey(0.1), "screen")
    few = survey(0.95, seed=5, n=1_200)
    study = pv.direct.prevalence(few, "screen", where="ea < 6")
    size = study.constants["n"][0] / study.constants["deff"][0]
    alike = pv.validated(correct=round(size * study.value[0]), tested=round(size))
    wide, narrow = (
        np.diff(rogan_gladen(apparent, sensitivity=0.8, specificity=sp).interval())[0, 0]
        for sp in (study, alike)
    )
    assert wide > narrow


def test_rules_are_listed_and_hold_nothing_where_nothing_is_known() -> None:
    one = np.ones(2)
    rate = {f"{x}_{y}": one * np.inf for x in ("sensitivity", "specificity") for y in ("n", "df")}
    c = {
        "value": np.array([0.1, np.nan]), "std_error": 0.01 * one, "apparent": np.array([0.1, np.nan]),
        "apparent_error": 0.01 * one, "apparent_df": 30 * one, "n": 900 * one, "deff": one,
        "sensitivity": one, "specificity": one, **rate,
    }  # fmt: skip
    for rule in INSTRUMENT_RULES:
        limits = RULES[rule](c, 30 * one, 0.95)
        assert np.isfinite(limits[0]).all()
        assert np.isnan(limits[1]).all()
