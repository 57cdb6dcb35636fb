"""A gold standard on a subsample: against loops, in replicates, in domains, after other steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import validated as naive
from tests.naive import variance

Array = NDArray[Any]
FORMS = ("double-expansion", "reweighted")
EXACT = 1e-11  # some thousand sums in another order


def sample(seed: int = 7, rows: int = 240) -> dict[str, Any]:
    """Four strata of six primary units of ten; three screen results, unequally often validated."""
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(rows // 10), 10)
    case = rng.random(rows) < 0.25
    u = rng.random(rows)
    screen = (u > np.where(case, 0.3, 0.6)).astype(int) + (u > np.where(case, 0.6, 0.9))
    drawn = rng.random(rows) < np.array([0.3, 0.5, 0.9])[screen]
    return {
        "stratum": psu // 6,
        "psu": psu,
        "w": rng.uniform(1, 6, rows),
        "screen": screen,
        "answer": np.array(["no", "maybe", "yes"])[screen],
        "drawn": drawn.astype(float),
        "gold": np.where(drawn, case, np.nan),
        "sex": np.where(rng.random(rows) < 0.5, "F", "M"),
        "age": rng.integers(5, 18, rows),
    }


DATA = sample()
EVERY = np.ones(240, dtype=bool)


def survey(data: Any = DATA) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def found(made: pv.Survey, form: str = FORMS[0], **how: Any) -> pv.Estimate:
    arguments = {"screen": "answer", "gold": "gold", **how}
    return pv.misclassification.validation_subsample(made, form=form, **arguments)


def slow(form: str, inside: Array = EVERY, copies: Array | None = None) -> float:
    ones = np.ones(240) if copies is None else copies
    columns = (DATA["screen"], DATA["drawn"] == 1, np.nan_to_num(DATA["gold"]))
    return naive.share(DATA["w"], ones, *columns, form, inside)


@pytest.mark.parametrize("form", FORMS)
def test_value_and_variance_equal_the_z_form_by_loops(form: str) -> None:
    e = found(survey(), form)
    assert e.value[0] == pytest.approx(slow(form), rel=EXACT)
    columns = (DATA["screen"], DATA["drawn"] == 1, np.nan_to_num(DATA["gold"]))
    z = naive.z_form(DATA["w"], *columns, form, EVERY)
    wanted = variance.multistage(z, DATA["stratum"], [DATA["psu"]], [None])
    assert e.std_error[0] ** 2 == pytest.approx(wanted, rel=EXACT)
    assert e.facts["n"][0] == DATA["drawn"].sum()
    assert e.facts["screened"][0] == 240
    assert e.facts["cases"][0] == np.nansum(DATA["gold"])


@pytest.mark.parametrize("form", FORMS)
def test_domains_count_strata_over_the_whole_sample(form: str) -> None:
    e = found(survey(), form, by="sex", where="age >= 9")
    for sex in ("F", "M"):
        inside = (DATA["sex"] == sex) & (DATA["age"] >= 9)
        columns = (DATA["screen"], DATA["drawn"] == 1, np.nan_to_num(DATA["gold"]))
        z = naive.z_form(DATA["w"], *columns, form, inside)
        wanted = variance.multistage(z, DATA["stratum"], [DATA["psu"]], [None])
        assert e[sex].value[0] == pytest.approx(slow(form, inside), rel=EXACT)
        assert e[sex].std_error[0] ** 2 == pytest.approx(wanted, rel=EXACT)
        assert e[sex].facts["screened"][0] == inside.sum()


@pytest.mark.parametrize("form", FORMS)
def test_replicates_count_again(form: str) -> None:
    made = survey().jackknife()
    e = found(made, form)
    ((columns, _),) = e.columns.values()
    assert made.scheme is not None
    for r in (0, 5, 23):
        copies = made.scheme.factors[:, r][made.design.psu_of_unit[made.unit]]
        again = slow(form, copies=copies)
        assert e.value[0] + columns[0, r] == pytest.approx(again, rel=EXACT)
    resampled = found(survey().bootstrap(40, rng=2), form)
    assert np.isfinite(resampled.std_error).all()


@pytest.mark.parametrize("form", FORMS)
def test_linearised_and_jackknife_agree_as_samples_grow(form: str) -> None:
    """They differ by terms of second order: 1 / n of the primary units, here 24 and 192."""
    apart = []
    for rows in (240, 1_920):
        made = survey(sample(3, rows))
        one, two = found(made, form), found(made.jackknife(), form)
        np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
        apart.append(abs(two.std_error[0] / one.std_error[0] - 1))
    assert apart[0] < 0.05
    assert apart[1] < 0.005


def test_reweighted_is_a_nonresponse_step_within_screen_strata() -> None:
    """Another way to the same columns: those who were not validated are as if they did not answer."""
    one = found(survey(), "reweighted", by="sex")
    stepped = survey().nonresponse("drawn", within="answer")
    two = pv.direct.prevalence(stepped, "gold", by="sex")
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)


def test_forms_agree_where_weights_are_equal() -> None:
    made = survey({**DATA, "w": np.full(240, 3.0)})
    one, two = (found(made, form) for form in FORMS)
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=EXACT)


@pytest.mark.parametrize("form", FORMS)
def test_the_order_of_rows_changes_nothing(form: str) -> None:
    base = found(survey(), form)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(240)
        again = found(survey({name: column[order] for name, column in DATA.items()}), form)
        np.testing.assert_allclose(again.value, base.value, rtol=EXACT)
        np.testing.assert_allclose(again.std_error, base.std_error, rtol=EXACT)


def test_everyone_validated_is_the_plain_prevalence() -> None:
    data = {**DATA, "gold": (DATA["screen"] == 2).astype(float)}
    plain = pv.direct.prevalence(survey(data), "gold")
    for form in FORMS:
        e = found(survey(data), form)
        np.testing.assert_allclose(e.value, plain.value, rtol=EXACT)
        np.testing.assert_allclose(e.std_error, plain.std_error, rtol=EXACT)


def test_it_shares_the_columns_of_the_survey() -> None:
    data = {**DATA, "positive": (DATA["screen"] > 0).astype(float)}
    made = survey(data)
    apparent, true = pv.direct.prevalence(made, "positive"), found(made)
    columns = [e.columns[made.design.source][0][0] for e in (apparent, true)]
    together = apparent.describe(outcome="case") - true.describe(outcome="case")
    coefficients = apparent.columns[made.design.source][1]
    wanted = (coefficients * (columns[0] - columns[1]) ** 2).sum()
    assert together.std_error[0] ** 2 == pytest.approx(wanted, rel=EXACT)
    apart = apparent.std_error[0] ** 2 + true.std_error[0] ** 2
    assert together.std_error[0] ** 2 < 0.95 * apart  # they go together


@pytest.mark.parametrize("form", FORMS)
def test_influence_goes_through_the_weighting_steps_before(form: str) -> None:
    """Replicates redo raking and expansion; linearisation differs by second order, 1 / 24 units."""
    margins = {"sex": {"F": 400.0, "M": 450.0}}
    raked = survey().rake(margins)
    one, two = found(raked, form), found(survey().jackknife().rake(margins), form)
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    assert one.std_error[0] == pytest.approx(two.std_error[0], rel=0.05)
    w = raked.final_weights
    columns = (DATA["screen"], DATA["drawn"] == 1, np.nan_to_num(DATA["gold"]))
    wanted = naive.share(w, np.ones(240), *columns, form, EVERY)
    assert one.value[0] == pytest.approx(wanted, rel=EXACT)


def test_crossed_screens_make_the_strata() -> None:
    joined = {
        **DATA,
        "both": [f"{a} {b}" for a, b in zip(DATA["answer"], DATA["sex"], strict=True)],
    }
    one = found(survey(joined), screen=["answer", "sex"])
    two = found(survey(joined), screen="both")
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=EXACT)


def test_missing_results_leave_with_their_count() -> None:
    data = pd.DataFrame(DATA)
    data.loc[data.index[data["drawn"] == 1][:4], "gold"] = np.nan
    unscreened = data.index[data["drawn"] == 0][:3]
    data.loc[unscreened, "answer"] = None
    e = found(survey(data), selected="drawn", missing="drop")
    assert e.facts["missing"][0] == 7
    assert e.facts["screened"][0] == 237
    assert e.facts["n"][0] == DATA["drawn"].sum() - 4
    kept = data.drop(index=unscreened)
    assert e.value[0] == pytest.approx(found(survey(kept)).value[0], rel=EXACT)


def test_rows_without_weight_are_in_neither_phase() -> None:
    data = {**DATA, "answered": (np.arange(240) % 7 > 0).astype(float)}
    made = survey(data).nonresponse("answered")
    e = found(made)
    assert e.facts["screened"][0] == data["answered"].sum()
    kept = {name: np.asarray(column)[data["answered"] == 1] for name, column in data.items()}
    assert e.value[0] == pytest.approx(found(survey(kept)).value[0], rel=EXACT)


def test_what_the_second_phase_cannot_tell_is_said() -> None:
    data = {**DATA, "gold": np.where(DATA["screen"] == 0, 0 * DATA["gold"], DATA["gold"])}
    with pytest.warns(pv.PrevalenceWarning, match=r"'no', \d+ of \d+\): the standard error takes"):
        e = found(survey(data))
    assert "adds up to" in e.warnings[0]
    lone = np.flatnonzero((DATA["screen"] == 2) & (DATA["drawn"] == 1))[1:]
    gold = DATA["gold"].copy()
    gold[lone] = np.nan
    with pytest.warns(pv.PrevalenceWarning, match="1 of 3 screen strata have one validated row"):
        found(survey({**DATA, "gold": gold}))


def test_no_case_at_all_has_an_upper_limit_and_no_standard_error() -> None:
    data = {**DATA, "gold": 0 * DATA["gold"]}
    with pytest.warns(pv.PrevalenceWarning, match="3 of 3 screen strata have no case"):
        e = found(survey(data))
    assert e.value[0] == 0
    assert np.isnan(e.std_error[0])
    n = DATA["drawn"].sum()
    assert 3 / n < e.at_most()[0] < 1
