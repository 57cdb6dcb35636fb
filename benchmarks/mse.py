"""Multiple-systems estimation: stepwise with BCa, all models, persons with covariates, graphs, classes.

R's packages for it (SparseMSE, MultipleSystemsEstimation, Rcapture, dga, LCMCR, drpop) are on CRAN
alone: what they took was recorded in another run, and is named so. Measured in the same run are base R,
whose `glm.fit` those packages call or take the place of, and statsmodels. All numbers must agree.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import prevalence as pv
from prevalence import mcmc
from prevalence.mse.choice.chosen import Choice, choice
from prevalence.mse.choice.selection import fit_pairs
from prevalence.mse.graphs.averaging import Setting
from prevalence.mse.stepwise import stepwise_fit

from . import mse_growth
from . import mse_peers as peers
from .mse_tables import Table, asked, people, recorded, table
from .timing import Sheet, cpu, in_turn, reading

REPLICATES, SEED = 1_000, 1
STEPWISE_BAR, EIGHT_BAR, SELECT_BAR, ROBUST_BAR = 0.25, 14.0, 15.0, 0.5
SPARSE_MSE, SPARSE_BAR = 75.0, 300.0  # CPU seconds recorded of R's packages, and the ratio to reach
MSE_MODELS, RCAPTURE_MODELS, MODELS_BAR = 1.78, 3.73, 50.0
MSE_SELECT, RCAPTURE_ALL = 1_360.0, 28.7
DRPOP, DGA, DGA_SHORT = 8.2, 1.90, 0.018
LCMCR, LCMCR_SWEEPS, STUCK = 9.5, 35_000, 1.05  # microseconds a sweep; of each chain; R-hat
MEASURED_BAR = 10.0  # over base R in the same run: the least that a package in R needs
PERSONS = 14_000
FEW = 3  # tables that base R fits all models to
SETTLED, SWEEPS, CHAINS = 400, 800, 8 * 12  # sweeps before and in the time that is taken
ERRORS = 4.0  # Monte Carlo errors by which two samplers may differ


def mse(sheet: Sheet, *, quick: bool = False) -> None:
    """Time everything beside the peers, check their numbers, and see how the cost grows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # of few overlaps, which is the point
        uk = table("uk5")
        _loglinear(sheet, uk)
        _eight(sheet)
        _robust(sheet)
        _graphs(sheet, uk)
        if not quick:
            _classes(sheet, uk)
            mse_growth.growth(sheet)


def _loglinear(sheet: Sheet, uk: Table) -> None:
    """Stepwise with its replicates, and all models, beside base R on the same draws."""
    lists = uk.lists
    rule = choice(lists, 2, None, "bic", "bic", "persons")
    design, included = rule.model.design, rule.candidates.included  # best first
    draws = lists.bootstrap(REPLICATES, rng=SEED).scheme.factors
    few = np.c_[lists.counts, draws[:, : FEW - 1]]
    base = peers.base_r(lists, design, included, few, draws)
    if base is None:
        print("base R is not installed: not measured")
    deviance, total = _every(rule, few)
    _stepwise(sheet, uk, draws, base)
    _models(sheet, uk, base)
    _statsmodels(sheet, lists, design, included, total[:, 0])
    _select(sheet, rule, draws, base)
    if base is not None:
        _check_models(sheet, rule, few, deviance, total, base)


def _every(rule: Choice, counts: Any) -> tuple[Any, Any]:
    """Fit every model to every table: deviances and population sizes, nan where there is none."""
    shape = rule.candidates.included.shape[1], counts.shape[1]
    deviance, total = np.empty(shape), np.empty(shape)
    step = max(1, 4_096 // shape[1])
    for first in range(0, shape[0], step):
        rows = np.arange(first, min(first + step, shape[0]))
        which, at = (x.ravel() for x in np.meshgrid(rows, np.arange(shape[1]), indexing="ij"))
        found = fit_pairs(rule.candidates, counts, which, at, certify=True)
        deviance[rows], total[rows] = (x.reshape(rows.size, -1) for x in found)
    return deviance, total


def _stepwise(sheet: Sheet, uk: Table, draws: Any, base: peers.BaseR | None) -> None:
    """Stepwise selection in the data, every deletion and every resample."""
    lists = uk.lists
    (seconds,) = in_turn(lambda: pv.mse.stepwise(lists, replicates=REPLICATES, rng=SEED))
    task = f"stepwise, {REPLICATES:,} bootstraps, jackknife, BCa"
    sheet.at_most(task, seconds, "s", STEPWISE_BAR, f"{uk.name}: 5 lists, {lists.seen:,} persons")
    note = f"about {SPARSE_MSE:g} s in another run, not measured here"
    sheet.at_least("over R SparseMSE, recorded", SPARSE_MSE / seconds, "x", SPARSE_BAR, note)
    if base is None:
        return
    note = f"R {base.version}, glm.fit and no linear programs: {base.stepwise:.2f} s, {base.fits:,} fits"
    ratio = base.stepwise / seconds
    sheet.at_least("over the procedure in base R, measured", ratio, "x", MEASURED_BAR, note)
    ours = stepwise_fit(lists.histories, peers.tables_of(lists, draws)).total
    equal = np.allclose(base.totals, ours, rtol=1e-9, atol=0, equal_nan=True)
    limits = pv.mse.stepwise(lists, replicates=REPLICATES, rng=SEED).interval()[0]
    equal &= np.allclose(base.limits, limits, rtol=1e-9, atol=0)
    note = f"95 % limits {limits[0]:,.0f} and {limits[1]:,.0f}"
    sheet.checked(f"base R, {ours.size:,} estimates and BCa limits", bool(equal), note)


def _models(sheet: Sheet, uk: Table, base: peers.BaseR | None) -> None:
    """Every model of one table: pairs of five lists, terms of any order, pairs of six lists."""
    lists, six = uk.lists, table("uk6")
    (seconds,) = in_turn(lambda: pv.mse.models(lists))
    number = f"{len(pv.mse.models(lists)):,}"
    sheet.at_most(f"{number} models with standard errors", seconds, "s", None, uk.name)
    for name, theirs in (("MSE", MSE_MODELS), ("Rcapture", RCAPTURE_MODELS)):
        note = f"{theirs} s in another run, not measured here"
        ratio = theirs / seconds
        sheet.at_least(f"over R {name}, {number}, recorded", ratio, "x", MODELS_BAR, note)
    if base is not None:
        one = base.models / FEW
        note = f"glm.fit, no standard errors: {one:.2f} s for one table"
        sheet.at_least("over glm.fit in base R, measured", one / seconds, "x", MEASURED_BAR, note)
    any_order, larger = in_turn(
        lambda: pv.mse.models(lists, order=4), lambda: pv.mse.models(six.lists), runs=3
    )
    note = f"R Rcapture {RCAPTURE_ALL} s, recorded in another run: {RCAPTURE_ALL / any_order:.0f}x"
    sheet.at_most("6,893 models of any order, 5 lists", any_order, "s", None, note)
    sheet.at_most("32,768 models of pairs, 6 lists", larger, "s", None, six.name)


def _statsmodels(sheet: Sheet, lists: pv.Lists, design: Any, included: Any, ours: Any) -> None:
    """Poisson regression of statsmodels, model by model."""
    theirs, totals = peers.glm(lists, design, included)
    (seconds,) = in_turn(lambda: pv.mse.models(lists))
    each = 1e3 * theirs / ours.size
    note = f"sm.GLM: {theirs:.2f} s, {each:.2f} ms a fit"
    ratio = theirs / seconds
    sheet.at_least("over statsmodels, 1,024 models, measured", ratio, "x", MODELS_BAR, note)
    fine = np.isfinite(ours)
    equal = np.allclose(totals[fine], ours[fine], rtol=1e-9, atol=0)
    note = f"of {fine.sum():,} models with an estimate"
    sheet.checked("statsmodels, population sizes", equal, note)


def _select(sheet: Sheet, rule: Choice, draws: Any, base: peers.BaseR | None) -> None:
    """The best of all models in every replicate, and every fit made in earnest."""
    lists, fits = rule.lists, rule.candidates.included.shape[1] * REPLICATES
    call = {"replicates": REPLICATES, "rng": SEED, "interval": "bca"}
    (seconds,) = in_turn(lambda: pv.mse.select(lists, **call), runs=3)
    sheet.at_most(
        f"BIC of 1,024 models, {REPLICATES:,} replicates, BCa", seconds, "s", SELECT_BAR,
        "with jackknife; models that cannot win are not fitted",
    )  # fmt: skip
    note = f"about {MSE_SELECT:,.0f} s in another run, extrapolated there"
    sheet.at_least("over R MSE, recorded", MSE_SELECT / seconds, "x", None, note)
    if base is not None:
        theirs = base.models / FEW * REPLICATES
        note = f"{theirs:,.0f} s: {1e3 * theirs / fits:.2f} ms a fit times {fits:,} fits"
        sheet.at_least("over glm.fit in base R, extrapolated", theirs / seconds, "x", None, note)
    every, (deviance, total) = cpu(lambda: _every(rule, draws))
    pass_ = _one_pass(fits * len(draws))
    note = f"one pass, the exponential of every fitted cell, takes {pass_:.2f} s"
    sheet.at_most(f"all {fits:,} fits made in earnest", every, "s", SELECT_BAR, note)
    equal = np.allclose(rule.total(draws), _best(rule, draws, deviance, total), rtol=1e-9, atol=0)
    sheet.checked("the choice without fitting most models", equal, "as after fitting all")


def _best(rule: Choice, counts: Any, deviance: Any, total: Any) -> Any:
    """Return the population size of the model of least BIC of each table, after fitting all."""
    parameters = 1 + len(rule.lists.names) + rule.candidates.included.sum(axis=0)
    bic = np.where(np.isfinite(total), deviance, np.nan) + parameters[:, None] * rule.cost(counts)
    return total[np.nanargmin(bic, axis=0), np.arange(counts.shape[1])]


def _one_pass(numbers: int) -> float:
    """Return seconds in which this machine takes the exponential of so many numbers."""
    logs = np.random.default_rng(1).normal(2, 3, numbers // 16)
    out = np.empty_like(logs)
    return 16 * cpu(lambda: np.exp(logs, out=out))[0]


def _check_models(
    sheet: Sheet, rule: Choice, few: Any, deviance: Any, total: Any, base: peers.BaseR
) -> None:
    """Every model of a few tables in base R: the same estimates, and the same best model."""
    theirs = base.dark + few.sum(axis=0)
    equal = np.allclose(theirs, total, rtol=1e-9, atol=0, equal_nan=True)
    equal &= np.allclose(base.deviance, deviance, rtol=1e-8, atol=1e-7)
    note = f"1,024 models of {few.shape[1]} tables; which of them have none, too"
    sheet.checked("base R, population sizes and deviances", bool(equal), note)
    best = _best(rule, few, base.deviance, theirs)
    equal = np.allclose(best, rule.total(few), rtol=1e-9, atol=0)
    sheet.checked("base R, the model of least BIC", equal)


def _eight(sheet: Sheet) -> None:
    """Eight lists: 255 histories, 28 pairs, most of them without an overlap."""
    eight = table("neworleans8_185")
    lists = eight.lists
    (seconds,) = in_turn(lambda: pv.mse.stepwise(lists, replicates=REPLICATES, rng=SEED), runs=3)
    task = f"8 lists, stepwise, {REPLICATES:,} bootstraps, BCa"
    sheet.at_most(task, seconds, "s", EIGHT_BAR, f"{eight.name}: {lists.seen:,} persons")
    known = recorded("expected.json")
    if not eight.published or known is None:
        return
    theirs = next(s for s in known["neworleans8_185"]["stepwise"] if s["pthresh"] == 0.02)
    ours = float(pv.mse.stepwise(lists, replicates=0))
    equal = np.isclose(ours, theirs["estimate"], rtol=1e-6)
    sheet.checked("R SparseMSE, recorded, 8 lists", bool(equal), f"{ours:,.1f} persons")


def _robust(sheet: Sheet) -> None:
    """Doubly robust with two lists and three covariates, and with the chances of statsmodels."""
    frame = people(PERSONS)
    lists = asked(frame)
    columns = [frame[name].to_numpy() for name in frame]
    own, targeted, theirs, made, once = in_turn(
        lambda: pv.mse.doubly_robust(lists, rng=SEED),
        lambda: pv.mse.doubly_robust(lists, rng=SEED, method="tmle"),
        lambda: pv.mse.doubly_robust(lists, rng=SEED, nuisance=peers.multinomial_logit),
        lambda: asked(frame),
        reading(*columns),
        runs=5,
    )
    task = f"doubly robust, n = {PERSONS:,}, 5 folds"
    note = f"3 covariates; one pass over the columns {1e3 * once:.2f} ms"
    sheet.at_most(task, own, "s", ROBUST_BAR, note)
    note = f"{DRPOP} s in another run, n = 13,905, not measured here"
    sheet.at_least("over R drpop, recorded", DRPOP / own, "x", None, note)
    note = f"sm.MNLogit in place of ours in the same estimator: {theirs:.3f} s"
    sheet.at_least("over statsmodels' chances, measured", theirs / own, "x", None, note)
    sheet.at_most("the same by targeted likelihood", targeted, "s")
    sheet.at_most("making the lists, n = 14,000", made, "s")
    one = pv.mse.doubly_robust(lists, rng=SEED)
    two = pv.mse.doubly_robust(lists, rng=SEED, nuisance=peers.multinomial_logit)
    apart = float(abs(one.value[0] - two.value[0]) / one.std_error[0])
    note = f"{apart:.4f} standard errors apart: ours has a normal prior on slopes"
    near = apart < 0.02 and np.allclose(one.std_error, two.std_error, rtol=0.01)
    sheet.checked("statsmodels, doubly robust", bool(near), note, how="within the prior's weight")


def _graphs(sheet: Sheet, uk: Table) -> None:
    """Posterior over the 822 decomposable graphs of five lists, at one prior weight and at all."""
    lists = uk.lists
    unit = 2.0 ** -len(lists.names)

    def one(largest: int | None) -> Any:
        return Setting(lists, "1/N", True, largest).posterior(unit)

    exact, whole, short, swept = in_turn(
        lambda: one(None), lambda: one(60_000), lambda: one(1_000),
        lambda: pv.mse.decomposable(lists), runs=5,
    )  # fmt: skip
    for name, seconds, theirs in (("60,000", whole, DGA), ("1,000", short, DGA_SHORT)):
        note = f"R dga (C++) {theirs} s in another run, not measured here: {theirs / seconds:.1f}x"
        sheet.at_most(f"822 graphs x {name} numbers unseen", seconds, "s", theirs, note)
        spent, quantiles, weights = peers.graph_sum(lists, unit, int(name.replace(",", "")))
        ratio = spent / seconds
        note = f"the formula in NumPy, every number by itself: {spent:.3f} s"
        bar = None if name == "1,000" else 1.0  # which is milliseconds either way
        sheet.at_least("over the sum written out, measured", ratio, "x", bar, note)
        ours = one(int(name.replace(",", "")))
        assert ours is not None
        equal = np.array_equal(ours.quantile([0.025, 0.5, 0.975]), quantiles)
        equal &= np.allclose(ours.weights, weights, atol=1e-9)
        note = f"95 % {quantiles[0]:,.0f} to {quantiles[2]:,.0f}, and 822 weights"
        sheet.checked(f"the sum written out, {name}", bool(equal), note)
    sheet.at_most(
        "822 graphs, without a largest number", exact, "s", None, "to the end of the tail"
    )
    sheet.at_most("the estimate, with its sweep of 6 priors", swept, "s", DGA, "as a user calls it")
    known = recorded("expected.json")
    if uk.published and known is not None:
        _check_dga(sheet, one(60_000), next(d for d in known["uk5"]["dga"] if d["delta"] == unit))


def _check_dga(sheet: Sheet, ours: Any, theirs: dict[str, Any]) -> None:
    wanted = [theirs[key] for key in ("q025", "q10", "q50", "q90", "q975")]
    equal = np.array_equal(ours.quantile([0.025, 0.1, 0.5, 0.9, 0.975]), wanted)
    equal &= np.isclose(ours.weights.max(), theirs["top_graphs"][0]["weight"], rtol=1e-9)
    sheet.checked("R dga, recorded, quantiles and top weight", bool(equal))


def _classes(sheet: Sheet, uk: Table) -> None:
    """Latent class model: the time of a sweep of one chain, and effective draws a second."""
    calls = [lambda n=n: _fit(uk.lists, n) for n in (0, SWEEPS)]
    few, many = in_turn(*calls, runs=5)
    sweep = 1e6 * (many - few) / SWEEPS / CHAINS
    note = f"{CHAINS} chains at once, 10 classes; R LCMCR (C++) {LCMCR:g} in another run"
    sheet.at_most("latent classes, a sweep of a chain", sweep, "microseconds", LCMCR, note)
    for name in ("uk5", "kosovo"):
        _effective(sheet, table(name), recorded(f"{name}_lcmcr.json"))


def _effective(sheet: Sheet, lists: Table, known: dict[str, Any] | None) -> None:
    """Effective draws of the population size a second, as a user calls it, beside LCMCR's recorded."""
    seconds, fit = cpu(lambda: pv.mse.latent_class_fit(lists.lists, rng=SEED))
    totals = fit.draws["population size"]
    effective = float(mcmc.ess(totals))
    note = (
        f"R-hat {float(mcmc.rhat(totals)):.2f}; {effective:,.0f} in {seconds:.1f} s, warm-up and the "
        "smaller tables of the ladder too"
    )
    task = f"{lists.name}: effective draws a second"
    sheet.at_least(task, effective / seconds, "/s", None, note)
    if not lists.published or known is None:
        return
    sweeps = len(known["per_chain_median"]) * LCMCR_SWEEPS
    theirs = 1e-6 * sweeps * LCMCR
    ratio = effective / seconds / (known["ess_bulk"] / theirs)
    note = (
        f"R-hat {known['Rhat']:.2f}; {known['ess_bulk']:,.0f} in {sweeps:,} sweeps at {LCMCR:g} "
        f"microseconds, {theirs:.1f} s; another run"
    )
    sheet.at_least("over R LCMCR, recorded", ratio, "x", None, note)
    if known["Rhat"] < STUCK:
        _check_lcmcr(sheet, totals, known)


def _check_lcmcr(sheet: Sheet, totals: Any, known: dict[str, Any]) -> None:
    levels = [level for level in known["quantiles"] if 0.05 < float(level) < 0.95]
    at = [float(level) for level in levels]
    each = np.quantile(totals, at, axis=1)
    error = each.std(axis=1, ddof=1) / np.sqrt(each.shape[1])
    theirs = np.array(
        [[known[k][level] for level in levels] for k in ("quantiles", "mc_se_quantiles")]
    )
    off = float((abs(np.quantile(totals, at) - theirs[0]) / np.hypot(error, theirs[1])).max())
    note = f"at most {off:.1f} Monte Carlo errors apart"
    sheet.checked(
        "R LCMCR, recorded, quantiles 10 to 90 %", off < ERRORS, note, how="within their noise"
    )


def _fit(lists: pv.Lists, more: int) -> Any:
    return pv.mse.latent_class_fit(lists, warmup=SETTLED, draws=4 + more, rng=SEED)
