"""Posterior draws from fit to estimate: what pairs, what is refused, what a fit says and keeps."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import prevalence as pv
from prevalence.convergence import diagnostics
from prevalence.draws import from_draws
from prevalence.nsum import fitting, models, predictive, pseudo_posterior
from prevalence.nsum.models import Asked, Model, marginal
from prevalence.nsum.posterior import Posterior
from tests.naive import pseudo as naive

Array = NDArray[Any]
POPULATION = 100_000.0
KNOWN = {"police": 3_000, "nurses": 5_000}


def table(n: int = 120, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    degree = rng.lognormal(5, 0.4, n)
    data = {
        name: rng.poisson(degree * size / POPULATION).astype(float)
        for name, size in {**KNOWN, "hidden": 600, "rare": 0}.items()
    }
    return {
        **data,
        "w": rng.uniform(1, 3, n),
        "psu": np.repeat(np.arange(n // 6), 6),
        "stratum": np.repeat([0, 1], n // 2),
        "region": np.where(np.arange(n) % 3 == 0, "N", "S"),
        "age": rng.integers(18, 70, n).astype(float),
    }


def survey(data: Mapping[str, Any]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu", nest=True)


def poisson(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    """A model whose posterior is known: one rate for each group, gamma, and degrees left at 1."""
    shape = (asked.chains, asked.draws)
    w = np.ones(len(asked.low)) if asked.weights is None else asked.weights
    known = np.isfinite(asked.high)
    total = (w[:, None] * np.where(known, asked.low, 0)).sum(axis=0) + 0.5
    rates = rng.gamma(total, size=(*shape, total.size)) / (w[:, None] * known).sum(axis=0)
    out = {"log_prevalence": np.log(rates), "log_degree": np.zeros((*shape, len(asked.low)))}
    if asked.regions is not None:
        code, labels, _ = asked.regions
        reports = np.where(known, asked.low, 0)[:, np.isnan(asked.sizes)]
        by_region = np.stack([reports[code == r].sum(axis=0) + 0.5 for r in range(len(labels))], 1)
        size = np.bincount(code)
        drawn = rng.gamma(by_region, size=(*shape, *by_region.shape)) / size
        out["log_region_prevalence"] = np.log(drawn)
    return out


def replicate(draw: Mapping[str, Array], rng: np.random.Generator) -> Array:
    shares = draw.get("log_prevalence_of_row", draw["log_prevalence"])
    return np.asarray(rng.poisson(np.exp(draw["log_degree"][:, None] + shares)))


TOY = Model(
    sample=poisson,
    replicate=replicate,
    scaling="overdispersed",
    citations=("Toy (2000)",),
    accepts=frozenset({"regions", "covariates"}),
)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.MODELS, "toy", TOY)


def fitted(data: Any = None, hidden: Any = "hidden", **how: Any) -> Posterior:
    arguments = {"known": KNOWN, "population": POPULATION, "model": "toy", "draws": 500, "rng": 1}
    made = survey(table()) if data is None else data
    return pv.nsum.fit(made, hidden, **{**arguments, **how})


# ---------------------------------------------------------------------- draws in an estimate
def drawn(seed: int = 1, source: str = "draws:one", **parts: Any) -> pv.Estimate:
    draws = np.random.default_rng(seed).gamma(9.0, 10.0, (2, 1_000))
    return from_draws(draws, source=source, unit="count", labels=(("N",), ("S",)), **parts)


OPERATIONS: list[tuple[Callable[[Any, Any], Any], str]] = [
    (lambda a, b: a + b, "count"),
    (lambda a, b: a - b, "difference"),
    (lambda a, b: a * b, "product"),
    (lambda a, b: a / b, "ratio"),
    (lambda a, b: a**b, "ratio"),
]


@pytest.mark.parametrize(("operation", "unit"), OPERATIONS)
def test_estimates_of_one_fit_pair_draw_by_draw(
    operation: Callable[[Any, Any], Any], unit: str
) -> None:
    a = drawn(1).describe(outcome="x")
    b = drawn(2).describe(outcome="x") / 100
    found = operation(a, b)
    wanted = operation(a.constants["draws"], b.constants["draws"])
    np.testing.assert_allclose(found.value, wanted.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.std_error, wanted.std(axis=1, ddof=1), rtol=1e-12)
    limits = np.quantile(wanted, [0.05, 0.95], axis=1).T
    np.testing.assert_allclose(found.interval(0.9), limits, rtol=1e-14)
    assert found.interval_rule == "posterior"
    assert found.unit == unit
    told = {"design": "one", "model": "toy", "own": "a"}
    a, b = replace(a, provenance=told), replace(b, provenance={**told, "design": "two", "own": "b"})
    assert operation(a, b).provenance == {"design": "one", "model": "toy"}


def test_numbers_and_functions_are_applied_to_every_draw() -> None:
    e = drawn()
    draws = e.constants["draws"]
    for found, wanted in (
        (e * 2, draws * 2),
        (e / np.array([2.0, 4.0]), draws / np.array([[2.0], [4.0]])),
        (7 - e, 7 - draws),
        (1 / e, 1 / draws),
        (e**2, draws**2),
        (np.log(e), np.log(draws)),
        (np.sqrt(e), np.sqrt(draws)),
        (e["S"] + 1, draws[1:] + 1),
    ):
        np.testing.assert_allclose(found.value, wanted.mean(axis=1), rtol=1e-13)
        np.testing.assert_allclose(found.std_error, wanted.std(axis=1, ddof=1), rtol=1e-11)
    assert (np.log(e).unit, np.exp(np.log(e)).unit) == ("log count", "count")


def test_draws_meet_columns_only_where_independence_is_stated() -> None:
    data = table()
    direct = pv.direct.total(survey(data), "hidden").describe(outcome="")
    draws = drawn()["N"]
    other = drawn(3, "draws:two")["N"]
    for a, b in ((draws, direct), (direct, draws), (draws, other)):
        for operation, _ in OPERATIONS:
            with pytest.raises(ValueError, match=r"assume_independent\(reason\)"):
                operation(a, b)
    free = draws.assume_independent("The samples were drawn apart.")
    for found in (free - direct, direct - free):
        variance = draws.std_error**2 + direct.std_error**2
        np.testing.assert_allclose(found.std_error**2, variance, rtol=1e-12)
        assert "Independent of what it is combined with: The samples were drawn apart." in (
            found.assumptions
        )
    assert ((free - direct) + direct).std_error == pytest.approx(draws.std_error[0])
    twice = (free - direct) + draws  # of one fit, so they still pair
    assert twice.std_error[0] ** 2 == pytest.approx(
        4 * draws.std_error[0] ** 2 + direct.std_error[0] ** 2
    )
    np.testing.assert_allclose((free - draws).std_error, 0, atol=1e-10)
    with pytest.raises(ValueError, match="this estimate has none"):
        direct.assume_independent("Other data.")
    with pytest.raises(ValueError, match="reason must say"):
        draws.assume_independent(" ")


def test_quantities_known_with_uncertainty_are_independent() -> None:
    e, rate = drawn(), pv.uncertain(0.5, std_error=0.1)
    found = e * rate
    wanted = (rate.value * e.std_error) ** 2 + (e.value * rate.std_error) ** 2
    np.testing.assert_allclose(found.std_error**2, wanted, rtol=1e-12)
    assert found.interval_rule == "log"


def test_draws_are_saved_shown_and_compared(tmp_path: Path) -> None:
    e = fitted().size(transmission=1)
    again = pv.load(e.save(tmp_path / "size.estimate"))
    np.testing.assert_array_equal(again.interval(), e.interval())
    np.testing.assert_array_equal((again - e).std_error, 0)
    told = e.explain()
    assert "2,000 posterior draws (4 chains of 500)" in told
    assert "largest R-hat 1.0" in told
    assert "fewest effective draws" in told
    assert "quantiles of the draws" in told
    assert (
        "Respondents report all of their ties to hidden people, a share of 1 (transmission)" in told
    )
    assert "posterior" in repr(e)
    assert "reports among 120 rows" in e.sentence()
    closed = pv.nsum.scale_up(survey(table()), "hidden", known=KNOWN, transmission=1)
    both = pv.compare({"model": e, "ratio": closed})
    assert both.to_frame()["conf_low"].notna().all()
    assert both.plot() is not None
    with pytest.raises(ValueError, match="assume_independent"):
        both.differences()
    free = pv.compare({"model": e.assume_independent("A check."), "ratio": closed})
    assert free.differences()["std_error"].notna().all()


def test_flags_tell_what_the_chains_say() -> None:
    facts = {"rhat": np.array([1.0, 1.02]), "ess": np.array([300.0, 5_000.0])}
    flag = drawn(facts=facts).to_frame()["flag"].tolist()
    assert flag[0].endswith("fewer than 400 effective draws")
    assert flag[1].endswith("R-hat above 1.01")


# ---------------------------------------------------------------------- adjustments
LAWS: dict[str, tuple[pv.Estimate, Any]] = {
    "beta": (pv.uncertain(0.6, std_error=0.1, kind="beta"), stats.beta(13.8, 9.2)),
    "lognormal": (
        pv.uncertain(0.4, std_error=0.08, kind="lognormal"),
        stats.lognorm(0.2, scale=0.4),
    ),
    "normal": (
        pv.uncertain(0.8, std_error=0.11),
        stats.truncnorm(-0.8 / 0.11, 0.2 / 0.11, 0.8, 0.11),
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_each_adjustment_divides_by_draws_of_its_own_distribution(name: str) -> None:
    given, law = LAWS[name]
    fit = fitted(draws=2_000)
    plain = fit.size(transmission=1).constants["draws"][0]
    e = fit.size(transmission=given, rng=4)
    drawn = plain / e.constants["draws"][0]
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-3  # fixed seed
    assert abs(np.corrcoef(drawn, plain)[0, 1]) < 4 / np.sqrt(drawn.size)
    cut = [x for x in e.warnings if "were impossible and were drawn again" in x]
    assert len(cut) == (name == "normal")


def test_bootstrap_columns_of_one_source_are_divided_together() -> None:
    made = survey(table()).bootstrap(400, rng=1)
    ratio = pv.direct.ratio(made, "police", "nurses").describe(outcome="")
    inverse = pv.direct.ratio(made, "nurses", "police").describe(outcome="")
    fit = fitted()
    plain = fit.size(transmission=1).constants["draws"][0]
    one = plain / fit.size(transmission=1, degree_ratio=ratio, rng=1).constants["draws"][0]
    assert np.unique(one.round(12)).size <= 400
    assert one.std() == pytest.approx(ratio.std_error[0], rel=0.1)  # 400 replicates
    both = fit.size(transmission=1, degree_ratio=ratio, frame_ratio=inverse, rng=1)
    left = plain / both.constants["draws"][0]  # their product is 1 in every replicate
    assert left.std() < 0.1 * one.std()


def test_sizes_are_draws_adjusted_one_by_one() -> None:
    fit = fitted()
    plain = fit.size(transmission=1)
    share = np.exp(fit.draws["log_prevalence"][..., 2]).reshape(-1)
    np.testing.assert_allclose(plain.constants["draws"][0], POPULATION * share, rtol=1e-13)
    moved = fit.size(transmission=0.5, degree_ratio=2, frame_ratio=1.25, precision=0.9)
    np.testing.assert_allclose(moved.value, plain.value * 0.9 / (0.5 * 2 * 1.25), rtol=1e-12)
    rate = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    e = fit.size(transmission=rate, rng=3)
    assert e.std_error[0] / e.value[0] > plain.std_error[0] / plain.value[0]
    np.testing.assert_array_equal(e.value, fit.size(transmission=rate, rng=3).value)
    assert any("each from its own distribution" in x for x in e.assumptions)


def test_the_median_of_a_posterior_with_a_long_tail() -> None:
    fit = fitted()
    draws = {name: array.copy() for name, array in fit.draws.items()}
    draws["log_prevalence"][..., 2] = np.random.default_rng(1).normal(-6, 1, fit.shape)
    long = Posterior(**{**vars_of(fit), "draws": draws})
    with pytest.warns(pv.PrevalenceWarning, match="long tail in 1 of 1 rows.*point='median'"):
        mean = long.size(transmission=1)
    median = long.size(transmission=1, point="median")
    own = POPULATION * np.exp(draws["log_prevalence"][..., 2]).reshape(-1)
    assert mean.value[0] == pytest.approx(own.mean())
    assert median.value[0] == np.median(own)
    np.testing.assert_allclose(median.std_error, mean.std_error)
    np.testing.assert_array_equal(median.interval(), mean.interval())
    assert (median / 2).value[0] == np.median(own / 2)  # and so on
    assert (median + mean).value[0] == pytest.approx(np.median(2 * own))
    with pytest.raises(ValueError, match="point must be one of"):
        long.size(transmission=1, point="mode")


def test_degrees_are_kept_in_half_the_memory() -> None:
    for model in ("overdispersed", "barrier", "correlated"):
        draws = fitted(model=model, draws=8, warmup=8, chains=1).draws
        kinds = {name: array.dtype for name, array in draws.items()}
        assert kinds.pop("log_degree") == np.float32
        assert set(kinds.values()) == {np.dtype(float)}


def test_scaling_puts_known_groups_in_place() -> None:
    sizes = fitted().fitted_sizes()
    total = (sizes[0].value + sizes[1].value)[0]
    assert total == pytest.approx(8_000)  # draw by draw, under the ratio of sums
    assert sizes.outcomes == ("police", "nurses")
    every = fitted(scaling="all").draws["log_prevalence"][..., :2]
    ratio = np.exp(every) * POPULATION / np.array([3_000, 5_000])
    np.testing.assert_allclose(ratio.mean(axis=-1), 1, rtol=1e-12)


def test_uncertain_sizes_of_known_groups_widen_the_posterior() -> None:
    certain = fitted().size(transmission=1)
    loose = {
        "police": pv.uncertain(1_000, std_error=300),
        "nurses": pv.uncertain(3_000, std_error=400),
    }
    e = fitted(known=loose).size(transmission=1)
    spread = np.hypot(600, 800) / 8_000
    wanted = np.hypot(certain.std_error / certain.value, spread)
    np.testing.assert_allclose(e.std_error / e.value, wanted, rtol=0.1)  # 2,000 draws, skewed
    assert any("drawn from their stated uncertainty" in x for x in e.assumptions)


# ---------------------------------------------------------------------- convergence
def test_draws_that_have_not_converged_are_refused() -> None:
    fit = fitted()
    assert fit.converged
    draws = {name: array.copy() for name, array in fit.draws.items()}
    draws["log_prevalence"][0, :, 2] += 1  # one chain elsewhere
    broken = Posterior(**{**vars_of(fit), "draws": draws})
    assert not broken.converged
    assert "not converged" in repr(broken)
    with pytest.raises(pv.ConvergenceError, match=r"'log_prevalence\[hidden\]'.*unconverged=True"):
        broken.size(transmission=1)
    with pytest.raises(pv.ConvergenceError, match="warmup= and draws="):
        broken.degrees()
    with pytest.warns(pv.PrevalenceWarning, match="have not converged"):
        e = broken.size(transmission=1, unconverged=True)
    assert "R-hat above 1.01" in e.to_frame()["flag"][0]
    assert any("have not converged" in x for x in e.warnings)


def test_what_never_moved_has_not_converged() -> None:
    """All chains at one place agree with one another: they have no R-hat, and say nothing."""
    fit = fitted()
    draws = {name: array.copy() for name, array in fit.draws.items()}
    draws["log_prevalence"][:, :, 2] = -5.0
    stuck = Posterior(**{**vars_of(fit), "draws": draws})
    assert not stuck.converged
    with pytest.raises(pv.ConvergenceError, match=r"'log_prevalence\[hidden\]' never moved"):
        stuck.size(transmission=1)


def test_few_effective_draws_are_named_as_the_reason() -> None:
    fit = fitted()
    draws = {name: array.copy() for name, array in fit.draws.items()}
    slow = draws["log_prevalence"][:, :, 2]
    half = np.repeat(np.random.default_rng(1).normal(size=10), slow.shape[1] // 20)
    wave = np.r_[half, half]  # slow, and alike in every chain and half
    draws["log_prevalence"][:, :, 2] = slow.mean() + slow.std() * wave
    few = Posterior(**{**vars_of(fit), "draws": draws})
    with pytest.raises(
        pv.ConvergenceError, match=r"'log_prevalence\[hidden\]' are worth \d+ independent ones"
    ):
        few.size(transmission=1)


def vars_of(fit: Posterior) -> dict[str, Any]:
    return {name: getattr(fit, name) for name in fit.__dataclass_fields__}


def test_diagnostics_name_every_quantity() -> None:
    found = fitted().diagnostics()
    assert list(found) == ["parameter", "mean", "sd", "mcse", "ess_bulk", "ess_tail", "rhat"]
    draws = np.random.default_rng(1).normal([0.0, 5.0], [1.0, 30.0], (4, 250, 2))
    table = diagnostics(["a", "b"], draws)
    np.testing.assert_allclose(table["mean"], draws.reshape(-1, 2).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["sd"], draws.reshape(-1, 2).std(axis=0, ddof=1), rtol=1e-12)
    assert found["parameter"].tolist()[:3] == [
        "log_prevalence[police]", "log_prevalence[nurses]", "log_prevalence[hidden]",
    ]  # fmt: skip
    assert found["rhat"].max() < 1.02
    degrees = fitted().degrees()
    assert len(degrees) == 120
    assert (degrees["conf_low"] < degrees["degree"]).all()


# ---------------------------------------------------------------------- what a fit reads
def test_respondents_without_answers_are_left_out_and_counted() -> None:
    data = table()
    for name in ("police", "nurses", "hidden"):
        data[name][:7] = np.nan
    with pytest.warns(pv.PrevalenceWarning, match=r"7 of 120 respondents answered no .*row 0"):
        fit = fitted(survey(data))
    assert fit.draws["log_degree"].shape[2] == 113
    e = fit.size(transmission=1)
    assert e.facts["n"].tolist() == [113]
    assert any("7 of 120" in x for x in e.warnings)
    some = table()
    some["hidden"][3] = np.nan
    one = fitted(survey(some))
    assert one.facts["missing"][:, 0].tolist() == [0, 0, 1]
    assert fitted(where="age >= 40").facts["n"][0, 0] == (table()["age"] >= 40).sum()


def test_known_groups_without_answers_are_left_out_and_named() -> None:
    data = table()
    data["police"] += 1
    data["nurses"] = np.where(data["age"] < 40, np.nan, data["nurses"])
    with pytest.warns(pv.PrevalenceWarning, match=r"1 of 2 known groups .*\(first: 'nurses'\)"):
        fit = fitted(survey(data), where="age < 40")
    assert fit.known == ("police",)
    assert fit.draws["log_prevalence"].shape[2] == 2
    assert any("they are left out" in x for x in fit.size(transmission=1).warnings)


def test_a_group_without_reports_is_an_upper_limit() -> None:
    fit = fitted(hidden=["hidden", "rare"])
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone in 'rare'"):
        e = fit.size("rare", transmission=1)
    assert e.value[0] > 0
    assert e.std_error[0] > 0
    assert "no cases" in e.to_frame()["flag"][0]
    assert e.sentence().startswith("At most")
    assert e.at_most()[0] == np.quantile(e.constants["draws"][0], 0.95)
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 rows"):
        fit.size(transmission=1)


def test_regions_are_domains() -> None:
    people = {"N": 40_000, "S": 60_000}
    fit = fitted(regions="region", region_populations=people)
    e = fit.size(transmission=1, by="region")
    assert e.labels == (("N",), ("S",))
    draws = fit.draws["log_region_prevalence"][:, :, 0, :].reshape(-1, 2)
    np.testing.assert_allclose(
        e.value, (np.exp(draws) * np.array([40_000, 60_000])).mean(axis=0), rtol=1e-12
    )
    assert e.facts["n"].tolist() == [40, 80]
    assert (e["N"] - e["S"]).interval_rule == "posterior"
    with pytest.raises(ValueError, match="that is 'region'"):
        fit.size(transmission=1, by="stratum")
    assert len(fit.check(replicates=20, rng=1)) == 9


def test_regional_shrinkage_as_a_table_and_a_figure() -> None:
    data = table()
    data["hidden"][np.arange(120) % 3 == 0] = 0
    people = {"N": 40_000, "S": 60_000}
    fit = fitted(survey(data), regions="region", region_populations=people)
    found = fit.shrinkage(disclosure="off: made up").set_index("region")
    south = np.arange(120) % 3 != 0
    ties = (data["police"] + data["nurses"])[south].sum() / 8_000
    reports = data["hidden"][south].sum()
    raw = found["raw"].to_numpy(dtype=float)[1]
    assert raw == pytest.approx(reports / ties / POPULATION)
    limits = stats.chi2.ppf([0.025, 0.975], [2 * reports, 2 * reports + 2]) / 2
    np.testing.assert_allclose(
        found[["raw_low", "raw_high"]].to_numpy(dtype=float)[1], limits / ties / POPULATION
    )
    assert found["raw_low"].to_numpy(dtype=float)[0] == 0 < found["raw_high"].iloc[0]
    ax = pv.plot.regions(fit, disclosure="off: made up", synthetic=True)
    told = pv.plot.describe(ax)
    assert told.startswith("Regional shares of hidden, from each region's answers alone")
    assert "Synthetic data" in told
    gids = {str(x.get_gid()) for x in ax.findobj()}
    assert {"pooled-0", "pooled-1", "raw-0", "raw-1", "national"} <= gids
    ax = pv.plot.regions(fit, truth={"N": 0.002, "S": 0.01})
    marks = [np.asarray(x.get_xdata()) for x in ax.lines if "truth" in str(x.get_gid())]
    assert sorted(np.concatenate(marks).tolist()) == [0.2, 1.0]  # per cent
    assert ", truth 0.2 %" in pv.plot.describe(ax)
    with pytest.raises(KeyError, match="truth must have every region: 'S' is missing"):
        pv.plot.regions(fit, truth={"N": 0.002})
    few = table()
    few["hidden"][:] = 0
    few["hidden"][:6] = 1  # 2 reports in the first region, 4 in the other
    ax = pv.plot.regions(fitted(survey(few), regions="region", region_populations=people))
    assert not {"raw-0", "raw-1"} & {str(x.get_gid()) for x in ax.findobj()}
    assert "alone" not in pv.plot.describe(ax).partition(":")[2]
    with pytest.raises(ValueError, match="it has none"):
        fitted().shrinkage()


def test_regional_shares_by_themselves_rest_on_counts_alone() -> None:
    """A group in bins or by yes and no has its small answers as numbers, and no others."""
    data = table()
    people = {"N": 40_000, "S": 60_000}
    plain = fitted(survey(data), regions="region", region_populations=people)
    low, high = plain.low.copy(), plain.high.copy()
    first, last = low.copy(), high.copy()
    first[:, 0], last[:, 0] = low[:, 0] > 0, np.where(low[:, 0] > 0, np.inf, 0)
    found = replace(plain, low=first, high=last).shrinkage()
    raw = found["raw"].to_numpy(dtype=float)
    for region, share in zip(plain.regions, raw, strict=True):
        rows = data["region"] == region
        ties = data["nurses"][rows].sum() / 5_000
        assert share == pytest.approx(data["hidden"][rows].sum() / ties / POPULATION)
    last = high.copy()
    last[low[:, 2] > 1, 2] = np.inf
    binned = replace(plain, low=low, high=last)
    found = binned.shrinkage()
    assert found["raw"].isna().all()
    assert found["reports"].sum() == low[:, 2].sum()
    ax = pv.plot.regions(binned)
    assert not {"raw-0", "raw-1"} & {str(x.get_gid()) for x in ax.findobj()}
    assert "nan" not in pv.plot.describe(ax)


def test_covariates_are_coded_and_standardised() -> None:
    seen: list[Asked] = []

    def record(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
        seen.append(asked)
        return poisson(asked, rng)

    models.MODELS["toy"] = replace(TOY, sample=record, scaling="all")
    fitted(covariates=["age", "region"])
    z = seen[0].covariates
    assert z is not None
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    assert z[:, 0].std() == pytest.approx(1)
    np.testing.assert_allclose(np.unique(z[:, 1]), [-2 / 3, 1 / 3])
    assert seen[0].low.shape == (120, 3)
    assert np.isnan(seen[0].sizes[2])


def test_the_same_seed_gives_the_same_fit_and_source() -> None:
    one, two, three = fitted(), fitted(), fitted(rng=2)
    assert one.source == two.source != three.source
    np.testing.assert_array_equal(one.draws["log_prevalence"], two.draws["log_prevalence"])
    with pytest.raises(ValueError, match="read-only"):
        one.draws["log_prevalence"][0, 0, 0] = 1
    a, b = one.size(transmission=1), three.size(transmission=1)
    with pytest.raises(ValueError, match="draws of another fit"):
        a - b


@pytest.mark.parametrize(
    "model", ["overdispersed", "random-degree", "barrier", "lognormal", "correlated"]
)
def test_every_model_is_fitted_from_one_table(model: str) -> None:
    fit = fitted(model=model, draws=60, warmup=60, chains=2)
    assert fit.draws["log_prevalence"].shape == (2, 60, 3)
    assert fit.draws["log_degree"].shape == (2, 60, 120)
    size = POPULATION * np.exp(fit.draws["log_prevalence"][..., 2].mean())
    assert 200 < size < 1_800  # the truth is 600, and this is a short run
    shape = fit.check(replicates=10, rng=1)
    assert shape["predicted"].notna().all()


# ---------------------------------------------------------------------- check and exchange
def test_the_check_finds_a_group_that_the_model_cannot_make() -> None:
    data = table()
    data["hidden"] = np.where(np.arange(120) % 12 == 0, 12.0, 0.0)  # all at once
    found = fitted(survey(data)).check(rng=1)
    hidden = found[found["group"] == "hidden"]
    assert hidden["statistic"].tolist() == ["share of zeros", "mean", "maximum"]
    zeros, mean, most = hidden["p"]
    assert zeros < 0.01
    assert 0.1 < mean < 0.9
    assert most < 0.01
    assert hidden["observed"].tolist() == [11 / 12, data["hidden"].mean(), 12]
    assert found.equals(fitted(survey(data)).check(rng=1))


def test_the_check_compares_answers_that_tell() -> None:
    low = np.array([[0.0, 0], [2, 1], [30, 1], [0, 0]])
    high = np.array([[0.0, 0], [2, np.inf], [np.inf, np.inf], [np.inf, 0]])
    found = predictive.discrepancies(["count", "yes"], low, high, [np.full((4, 2), 50)])
    assert found["observed"].tolist()[:4] == [1 / 3, 32 / 3, 30.0, 0.5]
    assert found["predicted"].tolist()[:3] == [0.0, 30.0, 30.0]  # capped as the question is


def test_arviz_is_asked_for_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "arviz":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match="pip install arviz"):
        fitted().to_arviz()


# ---------------------------------------------------------------------- survey weights
def test_scores_and_information_are_derivatives_of_the_integrated_likelihood() -> None:
    rng = np.random.default_rng(3)
    n, groups = 2, 2
    low = rng.poisson(3.0, (n, groups)).astype(float)
    high = low.copy()
    high[0, 0], low[1, 1], high[1, 1] = np.inf, 0, np.inf  # at least so many, and missing
    weights = np.array([0.5, 1.5])
    theta = np.array([0.2, -0.1, 0.3, -0.4, 0.5, np.log(0.6)])
    margin = marginal.Margin(
        cell=marginal.negative_binomial,
        everything=theta[None],
        free=np.ones(6, dtype=bool),
        low=low,
        high=high,
        weights=weights,
        centre=np.full(n, 0.8),
        spread=np.full(n, 0.6),
        nodes=61,
        back=lambda out, raw: dict(raw, moved=out),
    )
    information, scores = margin.derivatives()
    total = np.zeros((6, 6))
    for i in range(n):
        gradient, second = naive.derivatives(
            lambda t, i=i: naive.log_likelihood(  # type: ignore[misc]
                naive.negative_binomial, t, low[i], high[i], float(weights[i])
            ),
            theta,
            2e-3,
        )
        np.testing.assert_allclose(scores[i], gradient, atol=1e-5)  # squares of the steps
        total -= second
    np.testing.assert_allclose(information, total, atol=1e-4)


def test_the_rescaled_covariance_is_the_sandwich() -> None:
    rng = np.random.default_rng(4)
    data = table()
    made = survey(data)
    information = np.array([[40.0, 5], [5, 20]])
    draws = rng.multivariate_normal([1, 2], np.linalg.inv(information), 200_000)
    scores = rng.normal(size=(120, 2)) * data["w"][:, None] * 1.5
    moved = pseudo_posterior.rescaled(draws, information, scores, made, np.arange(120))
    j = naive.score_variance(scores, data["stratum"], data["psu"])
    wanted = naive.sandwich(np.linalg.inv(np.cov(draws, rowvar=False)), j)
    # S differs from the inverse of H by Monte Carlo error, 1 / sqrt(200,000) each: 1 % in all
    np.testing.assert_allclose(np.cov(moved, rowvar=False), wanted, rtol=0.03, atol=1e-4)
    np.testing.assert_allclose(moved.mean(axis=0), draws.mean(axis=0), rtol=1e-12)


def test_what_the_answers_do_not_tell_keeps_its_prior() -> None:
    draws = np.random.default_rng(5).normal(size=(5_000, 2))
    made = survey(table())
    moved = pseudo_posterior.rescaled(
        draws, np.zeros((2, 2)), np.zeros((120, 2)), made, np.arange(120)
    )
    np.testing.assert_allclose(moved, draws, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", ["overdispersed", "random-degree"])
def test_weights_leave_the_spread_of_a_degree_to_its_own_answers(model: str) -> None:
    data = table()
    data["w"] = np.where(np.arange(120) % 2 == 0, 0.2, 1.8)
    how: dict[str, Any] = {"model": model, "draws": 120, "warmup": 120}
    plain = fitted(survey(data), **how).draws["log_degree"].std(axis=(0, 1))
    weighted = fitted(survey(data), weights="pseudo", **how).draws["log_degree"].std(axis=(0, 1))
    ratio = weighted / plain
    assert 0.85 < ratio[::2].mean() < 1.15  # 2.2 before it is put back, with weights of 0.2
    assert 0.85 < ratio[1::2].mean() < 1.15  # 0.75


def test_weights_widen_a_clustered_posterior_to_the_design() -> None:
    data = table(180, seed=8)
    rng = np.random.default_rng(9)
    data["hidden"] = rng.poisson(np.repeat(rng.gamma(0.5, 2.0, 30), 6)).astype(float)
    how: dict[str, Any] = {"model": "random-degree", "draws": 250, "warmup": 200}
    raw = fitted(survey(data), **how).size(transmission=1)
    e = fitted(survey(data), weights="pseudo", **how).size(transmission=1)
    closed = pv.nsum.scale_up(survey(data), "hidden", known=KNOWN, transmission=1)
    assert raw.std_error[0] < 0.5 * closed.std_error[0]
    assert e.std_error[0] == pytest.approx(closed.std_error[0], rel=0.3)  # of another estimator
    assert e.value[0] == pytest.approx(closed.value[0], rel=0.1)
    assert any("Williams and Savitsky" in x for x in e.citations)
    assert "scaled to the number of respondents" in e.explain()
    assert fitting.WEIGHTS == ("ignore", "pseudo")
