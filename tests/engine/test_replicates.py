"""Replicates are columns of weights: against deleted rows, explicit draws and the linearised variance."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.weighting import Subsample
from tests.naive import samples, variance
from tests.naive import weighting as naive

Array = NDArray[Any]
DATA = samples.households(11)
W, STRATUM, PSU = DATA["w"], DATA["stratum"], DATA["psu"]
AGES = samples.targets(DATA["age"], W, (0.8, 1.0, 1.2), 2_000.0)
FRACTION = np.array([0.1, 0.4, 0.75])[STRATUM]


def survey(*, strata: bool = True, fpc: bool = False) -> pv.Survey:
    return pv.Survey(
        {**DATA, "f": FRACTION if strata else np.full(W.size, 0.3)},
        weights="w",
        strata="stratum" if strata else None,
        psu="psu",
        fpc="f" if fpc else None,
    )


def statistic(w: Array) -> Array:
    """Two means and a total, as the library is asked for them below."""
    return np.array([DATA["hours"] @ w / w.sum(), DATA["income"] @ w / w.sum(), DATA["income"] @ w])


def covariance(made: pv.Survey) -> Array:
    one = np.ones(W.size)
    table = np.stack([DATA["hours"], DATA["income"]])

    def theta(w: Any) -> Array:
        sums = table @ w
        return np.concatenate([sums / (one @ w), sums[1:]])

    return made.estimate(theta).covariance


# Jackknife


@pytest.mark.parametrize("mse", [True, False])
@pytest.mark.parametrize("fpc", [False, True])
@pytest.mark.parametrize("strata", [True, False])
def test_jackknife_equals_deleting_rows(strata: bool, fpc: bool, mse: bool) -> None:
    stratum = STRATUM if strata else np.zeros(W.size, dtype=int)
    f = (FRACTION if strata else np.full(W.size, 0.3)) if fpc else None
    wanted = variance.jackknife(W, stratum, PSU, statistic, f, mse=mse)
    found = covariance(survey(strata=strata, fpc=fpc).jackknife(mse=mse))
    np.testing.assert_allclose(found, wanted, rtol=1e-9)  # differences of nearly equal values


@pytest.mark.parametrize("before", [True, False])
def test_every_step_is_applied_again_to_every_column(before: bool) -> None:
    def recipe(made: pv.Survey) -> pv.Survey:
        return (
            made.nonresponse("responded", within="class")
            .poststratify("age", samples.as_totals(AGES))
            .trim(upper=45.0)
        )

    def weighted(w: Array) -> Array:
        here = naive.response_classes(w, DATA["class"], DATA["responded"])
        return naive.trim(naive.poststratify(here, DATA["age"], AGES), 0.0, 45.0, w / W)

    made = recipe(survey().jackknife()) if before else recipe(survey()).jackknife()
    wanted = variance.jackknife(W, STRATUM, PSU, lambda w: statistic(weighted(w)))
    np.testing.assert_allclose(covariance(made), wanted, rtol=1e-8)
    linear = covariance(made.linearised())
    # 18 units and three steps: the jackknife is up to a fifth above the linearised variance.
    assert np.abs(np.sqrt(np.diag(wanted) / np.diag(linear)) - 1).max() < 0.25


def test_factored_and_dense_columns_are_the_same_columns() -> None:
    # A step that changes nothing makes the columns dense; the factors stay factored without it.
    own = {0: float(W.sum())}
    whole = {**DATA, "all": np.zeros(W.size, dtype=int)}
    plain = pv.Survey(whole, weights="w", strata="stratum", psu="psu").bootstrap(30, rng=5)
    assert not plain.reweighted
    dense = plain.trim(upper=1e9)
    assert dense.reweighted
    found = dense.replicate_columns(slice(0, 30))
    assert plain.scheme is not None
    np.testing.assert_array_equal(found, W[:, None] * plain.scheme.factors[PSU])
    one, two = (pv.direct.mean(s, "hours", by="sex") for s in (plain, dense))
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    assert np.isfinite(pv.direct.mean(plain.poststratify("all", own), "hours").std_error[0])


# Bootstrap


def draws_of(made: pv.Survey, fraction: dict[int, float] | None) -> list[dict[int, dict[int, int]]]:
    """Read how often each unit came from the factors ``1 - s + s n / (n - 1) times``."""
    assert made.scheme is not None
    out: list[dict[int, dict[int, int]]] = []
    for column in made.scheme.factors.T:
        draw: dict[int, dict[int, int]] = {}
        for h in range(3):
            units = np.unique(PSU[np.isin(STRATUM, h)])
            s = np.sqrt(1 - (0.0 if fraction is None else fraction[h]))
            times = (column[units] - 1 + s) * (units.size - 1) / units.size / s
            counts = np.round(times).astype(int)
            np.testing.assert_allclose(times, counts, atol=1e-12)
            assert counts.sum() == units.size - 1
            draw[h] = dict(zip(units.tolist(), counts.tolist(), strict=True))
        out.append(draw)
    return out


@pytest.mark.parametrize("fpc", [False, True])
def test_rao_wu_equals_explicit_loops_over_its_draws(fpc: bool) -> None:
    fraction = {0: 0.1, 1: 0.4, 2: 0.75} if fpc else None
    made = survey(fpc=fpc).bootstrap(40, rng=9)
    wanted = variance.rao_wu(W, STRATUM, PSU, statistic, draws_of(made, fraction), fraction)
    np.testing.assert_allclose(covariance(made), wanted, rtol=1e-9)


@pytest.mark.parametrize("fpc", [False, True])
def test_rao_wu_converges_to_the_linearised_variance_of_a_total(fpc: bool) -> None:
    replicates = 40_000
    made = survey(fpc=fpc)
    exact = pv.direct.total(made, "hours").std_error[0] ** 2
    found = pv.direct.total(made.bootstrap(replicates, rng=1), "hours")
    ((deviations, _),) = found.columns.values()
    squares = deviations[0] ** 2
    error = squares.std() / np.sqrt(replicates)
    assert abs(squares.mean() - exact) < 4 * error
    assert error < 0.01 * exact


def test_ten_thousand_replicates_need_no_table_of_rows_times_replicates() -> None:
    made = survey().bootstrap(10_000, rng=1)
    assert made.scheme is not None
    assert made.scheme.factors.shape == (18, 10_000)
    assert pv.direct.mean(made, "hours").std_error[0] > 0


def test_a_seed_gives_the_same_replicates_and_another_seed_others() -> None:
    made = survey()
    same = [made.bootstrap(20, rng=4), made.bootstrap(20, rng=np.random.default_rng(4))]
    values = [pv.direct.mean(s, "hours").std_error[0] for s in same]
    assert values[0] == values[1]
    assert pv.direct.mean(made.bootstrap(20, rng=5), "hours").std_error[0] != values[0]
    assert pickle.loads(pickle.dumps(same[0])).design.source == same[0].design.source  # noqa: S301


def test_replicates_of_other_draws_do_not_align() -> None:
    made = survey()
    one, two = (pv.direct.mean(made.bootstrap(20, rng=seed), "hours") for seed in (1, 2))
    with pytest.raises(ValueError, match="the same kind of variance"):
        _ = one - two
    with pytest.raises(ValueError, match="the same kind of variance"):
        _ = one - pv.direct.mean(made, "hours")
    again = pv.direct.mean(made.bootstrap(20, rng=1), "hours")
    assert (one - again).std_error[0] == 0


# Columns that fail


def sparse_class(seed: int = 3, psus: int = 14) -> dict[str, Array]:
    """One group lives in four primary units only, so that a replicate may lose it."""
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(psus), 4)
    return {
        "psu": psu,
        "w": rng.uniform(1, 3, psu.size),
        "y": rng.normal(5, 1, psu.size),
        "group": np.where(psu < 4, "few", "many"),
        "one": np.where(psu == 0, "alone", "many"),
    }


def test_a_bootstrap_leaves_failures_out_and_rescales() -> None:
    made = pv.Survey(sparse_class(), weights="w", psu="psu").bootstrap(400, rng=2)
    assert made.scheme is not None
    lost = (made.scheme.factors[:4] == 0).all(axis=0)
    assert 0 < lost.sum() < 20  # about (10/14)^13 = 1.3 % of the replicates
    with pytest.warns(
        pv.PrevalenceWarning, match=rf"{lost.sum()} of 400 bootstrap replicates failed"
    ):
        found = pv.direct.mean(made, "y", by="group")
    assert found.warnings
    data = sparse_class()
    few = data["group"] == "few"
    weights = (data["w"] * few)[:, None] * made.scheme.factors[data["psu"]][:, ~lost]
    values = data["y"] @ weights / weights.sum(axis=0)
    wanted = np.sqrt(((values - found.value[0]) ** 2).mean())
    assert found.std_error[0] == pytest.approx(wanted, rel=1e-12)


def test_a_bootstrap_that_fails_in_more_than_a_twentieth_is_an_error() -> None:
    made = pv.Survey(sparse_class(), weights="w", psu="psu").bootstrap(200, rng=2)
    with pytest.raises(ValueError, match=r"at most 5% of columns: \d+ of 200 did\. Use lin"):
        pv.direct.mean(made, "y", where="one == 'alone'")
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 estimates have no standard error: more"):
        by = pv.direct.mean(made, "y", by="one")
    np.testing.assert_array_equal(np.isnan(by.std_error), [True, False])
    many = pv.direct.mean(made, "y", where="one == 'many'")
    np.testing.assert_allclose(by["many"].std_error, many.std_error, rtol=1e-12)


def test_a_failed_calibration_fails_its_column() -> None:
    made = pv.Survey(sparse_class(), weights="w", psu="psu").bootstrap(400, rng=2)
    assert made.scheme is not None
    lost = (made.scheme.factors[:4] == 0).all(axis=0)
    after = made.poststratify("group", {"few": 30.0, "many": 90.0})
    columns = after.replicate_columns(slice(0, 400))
    np.testing.assert_array_equal(np.isnan(columns).all(axis=0), lost)
    np.testing.assert_array_equal(np.isnan(columns).any(axis=0), lost)
    with pytest.warns(pv.PrevalenceWarning, match=f"{lost.sum()} of 400"):
        assert pv.direct.mean(after, "y").std_error[0] > 0


def test_a_jackknife_that_fails_has_no_standard_error_and_names_the_unit() -> None:
    made = pv.Survey(sparse_class(), weights="w", psu="psu").jackknife()
    with pytest.warns(pv.PrevalenceWarning, match=re.escape("without unit |0")) as caught:
        found = pv.direct.mean(made, "y", by="one")
    assert np.isnan(found["alone"].std_error[0])
    assert found["many"].std_error[0] > 0
    assert found["alone"].value[0] > 0
    assert "Use linearisation or a bootstrap" in str(caught[0].message)


@pytest.mark.parametrize("scheme", ["linearised", "jackknife"])
def test_what_is_not_smooth_needs_a_bootstrap(scheme: str) -> None:
    made = getattr(survey(), scheme)()

    def median(w: Any) -> Array:
        order = np.argsort(DATA["hours"])
        below = np.cumsum(np.eye(W.size)[order], axis=0) @ w
        return np.asarray(DATA["hours"][order][np.argmax(below >= below[-1] / 2, axis=0)])

    with pytest.raises(ValueError, match=r"not smooth .*\.bootstrap\(1000, rng=1\)"):
        made.estimate(median, smooth=False)
    found = made.bootstrap(200, rng=1).estimate(median, smooth=False)
    assert found.value[0] in DATA["hours"]
    assert found.std_error[0] > 0


SCHEMES: dict[str, Callable[[pv.Survey], pv.Survey]] = {
    "a jackknife": lambda s: s.jackknife(),
    "delete-a-group": lambda s: s.jackknife(groups=3, rng=1),
    "a Rao-Wu bootstrap": lambda s: s.bootstrap(10, rng=1),
    "Preston's bootstrap": lambda s: s.bootstrap(10, rng=1, kind="preston"),
}


def test_a_jackknife_and_a_bootstrap_refuse_a_single_unit() -> None:
    keep = (STRATUM > 0) | (PSU == 0)
    data = {name: column[keep] for name, column in DATA.items()}
    for rule in ("adjust", "average"):
        made = pv.Survey(data, weights="w", strata="stratum", psu="psu", single_psu=rule)
        for name, scheme in SCHEMES.items():
            with pytest.raises(ValueError, match=f"{name}.* two units or more in every stratum"):
                scheme(made)


def test_units_of_unequal_chances_are_refused_by_all_but_the_generalised_bootstrap() -> None:
    chance = np.linspace(0.2, 0.6, DATA["psu"].max() + 1)[DATA["psu"]]
    made = pv.Survey(
        {**DATA, "chance": chance},
        weights="w",
        strata="stratum",
        psu="psu",
        fpc="chance",
        pps="brewer",
    )
    for scheme in SCHEMES.values():
        with pytest.raises(ValueError, match="must resample primary units drawn with equal prob"):
            scheme(made)
    assert made.bootstrap(10, rng=1, kind="generalised").scheme is not None


def test_a_class_that_loses_its_respondents_in_a_replicate_fails_that_replicate_alone() -> None:
    rows = {
        "psu": np.repeat(np.arange(6), 4),
        "class": np.tile([0, 0, 1, 1], 6),
        "answered": np.tile([1, 1, 1, 0], 6),
        "y": np.arange(24.0),
    }
    rows["answered"][rows["class"] == 1] = 0
    rows["answered"][[2, 3]] = 1  # of the second class only the first unit answers
    made = pv.Survey(rows, psu="psu").nonresponse("answered", within="class").jackknife()
    columns = made.replicate_columns(slice(None))
    assert np.isnan(columns[:, 0]).all()
    assert np.isfinite(columns[:, 1:]).all()
    np.testing.assert_allclose(columns[:, 1:].sum(axis=0), 24.0, rtol=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
def test_a_class_that_loses_its_drawn_rows_fails_that_replicate_alone(weighted: bool) -> None:
    code, drawn = np.tile([0, 0, 1, 1], 6), np.tile([1.0, 0, 0, 0], 6)
    drawn[[2, 3]] = 1  # of the second class only the first unit has rows that were drawn
    step = Subsample(code, ("a", "b"), drawn, np.ones(24), weighted, "subsample")
    made = pv.Survey({"psu": np.repeat(np.arange(6), 4), "y": np.arange(24.0)}, psu="psu")
    columns = made._step(step, ordered=False).jackknife().replicate_columns(slice(None))
    assert np.isnan(columns[:, 0]).all()
    assert np.isfinite(columns[:, 1:]).all()
    np.testing.assert_allclose(columns[:, 1:].sum(axis=0), 24.0, rtol=1e-12)


def test_a_stratum_of_one_certain_unit_takes_no_part_in_a_bootstrap() -> None:
    rng = np.random.default_rng(4)
    stratum = np.repeat([0, 1, 2], [1, 5, 7])
    rows = {"stratum": stratum, "psu": np.arange(13), "y": rng.normal(5, 2, 13)}
    certain = pv.Survey(rows, strata="stratum", psu="psu", single_psu="certainty")
    rest = pv.Survey({k: v[1:] for k, v in rows.items()}, strata="stratum", psu="psu")
    for made in (certain.bootstrap(4_000, rng=1), certain.jackknife(), certain):
        found = pv.direct.total(made, "y")
        wanted = pv.direct.total(rest, "y").std_error[0]
        # Standard error of a standard deviation of 4,000: 1.1 %, four of which are allowed.
        assert found.std_error[0] == pytest.approx(wanted, rel=0.05 if made.scheme else 1e-12)
    rows["f"] = np.array([0.5, 1.0, 0.5])[stratum]  # nor does one that was drawn as a whole
    drawn = pv.Survey(rows, strata="stratum", psu="psu", fpc="f", single_psu="certainty")
    wanted = pv.direct.total(drawn, "y").std_error[0]
    assert pv.direct.total(drawn.jackknife(), "y").std_error[0] == pytest.approx(wanted, rel=1e-12)
    columns = certain.bootstrap(50, rng=1).replicate_columns(slice(None))
    np.testing.assert_array_equal(columns[0], 1.0)
    assert np.ptp(columns[1:], axis=1).min() > 0
