"""Multiple-systems estimation: stepwise with BCa, all models, persons with covariates, graphs, classes.

R's packages for it (SparseMSE, MultipleSystemsEstimation, Rcapture, dga, LCMCR, drpop) are on CRAN
alone: they run where R has them, else what they took in another run stands, named so. Measured in the
same run are base R, whose `glm.fit` those packages call or take the place of, and statsmodels. All
numbers must agree.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import prevalence as pv
from prevalence.mse.choice.chosen import Choice, choice
from prevalence.mse.choice.selection import fit_pairs
from prevalence.mse.stepwise import stepwise_fit

from . import mse_classes, mse_graphs, mse_r, r
from . import mse_peers as peers
from .machine import r_versions, version
from .mse_tables import Table as Lists
from .mse_tables import asked, people, recorded
from .mse_tables import table as published
from .table import Peer, Table
from .timing import reading

REPLICATES, SEED = 1_000, 1
STEPWISE_BAR, EIGHT_BAR, SELECT_BAR, ROBUST_BAR = 0.25, 14.0, 15.0, 0.5
SPARSE_MSE, SPARSE_BAR = (
    ("2.0.1", 75.0),
    300.0,
)  # CPU seconds recorded of R's packages, and the ratio
MSE_MODELS, RCAPTURE_MODELS, MODELS_BAR = 1.78, 3.73, 50.0
MSE_SELECT, RCAPTURE_ALL, DRPOP = 1_360.0, 28.7, 8.2
MEASURED_BAR = 10.0  # over base R in the same run: the least that a package in R needs
PERSONS = 14_000
FEW = 3  # tables that base R fits all models to
HERE = "nothing but glm.fit: no linear programs, no standard errors"


def mse(table: Table, *, quick: bool = False) -> None:
    """Time everything beside the peers, and check their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # of few overlaps, which is the point
        uk = published("uk5")
        _loglinear(table, uk)
        _eight(table)
        _robust(table)
        mse_graphs.graphs(table, uk)
        if not quick:
            mse_classes.classes(table, uk)


def cells(lists: pv.Lists) -> Any:
    """Return the histories with their counts, as the packages of R take them."""
    return np.c_[lists.histories, lists.counts]


def _loglinear(table: Table, uk: Lists) -> None:
    """Stepwise with its replicates, and all models, beside base R on the same draws."""
    lists = uk.lists
    rule = choice(lists, 2, None, "bic", "bic", "persons")
    design, included = rule.model.design, rule.candidates.included  # best first
    scheme = lists.bootstrap(REPLICATES, rng=SEED).scheme
    assert scheme is not None
    draws = scheme.factors
    few = np.c_[lists.counts, draws[:, : FEW - 1]]
    session = peers.base_r(lists, design, included, few, draws)
    deviance, total = _every(rule, few)
    _stepwise(table, uk, draws, session)
    fitted = _models(table, uk, design, included, total[:, 0], session)
    _select(table, rule, draws, fitted)
    if session is not None:
        _check_models(table, rule, few, deviance, total, session)
        session.close()


def _base(session: Any, task: str, **how: Any) -> list[Peer]:
    """Return a task of base R as a peer."""
    return [] if session is None else [Peer("base R", r_versions()["R"], session.task(task), **how)]


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


def _stepwise(table: Table, uk: Lists, draws: Any, session: Any) -> None:
    """Stepwise selection in the data, every deletion and every resample."""
    lists = uk.lists
    mine = stepwise_fit(lists.histories, peers.tables_of(lists, draws)).total

    def same(ours: Any, theirs: Any) -> bool:
        """Compare BCa limits and every estimate; the first number of base R counts its fits."""
        limits, totals = theirs[1:3], theirs[3:]
        equal = np.allclose(totals, mine, rtol=1e-9, atol=0, equal_nan=True)
        return bool(equal and np.allclose(limits, ours.interval()[0], rtol=1e-9, atol=0))

    def same_point(ours: Any, theirs: Any) -> bool:
        return bool(np.allclose(theirs, ours.value, rtol=1e-6))

    table.measure(
        f"stepwise, {REPLICATES:,} bootstraps, jackknife, BCa",
        lambda: pv.mse.stepwise(lists, replicates=REPLICATES, rng=SEED),
        *_base(session, "stepwise", bar=MEASURED_BAR, same=same, note=f"{HERE}; {mine.size:,} estimates"),
        *r.optional(
            "SparseMSE", mse_r.SPARSE_MSE, [cells(lists)], [*cells(lists).shape, REPLICATES],
            recorded=SPARSE_MSE, bar=SPARSE_BAR, same=same_point,
        ),
        bar=STEPWISE_BAR,
        note=f"{uk.name}: 5 lists, {lists.seen:,} persons",
    )  # fmt: skip


def _models(
    table: Table, uk: Lists, design: Any, included: Any, total: Any, session: Any
) -> float | None:
    """Every model of one table; return what base R took for all of a few tables."""
    lists, six = uk.lists, published("uk6")
    fine = np.isfinite(total)

    def same(_: Any, theirs: Any) -> bool:
        return bool(np.allclose(theirs[fine], total[fine], rtol=1e-9, atol=0))

    taken = table.measure(
        f"{total.size:,} models with standard errors",
        lambda: pv.mse.models(lists),
        Peer(
            "statsmodels", version("statsmodels"), lambda: peers.glm(lists, design, included),
            bar=MODELS_BAR, same=same, note=f"sm.GLM; {fine.sum():,} models have an estimate",
        ),
        *_base(session, "models", bar=MEASURED_BAR, scale=1 / FEW, note=f"{HERE}; {FEW} tables"),
        Peer("R MSE", "1.2.0", recorded=MSE_MODELS, bar=MODELS_BAR),
        *_rcapture(lists, 2, ("1.4-4", RCAPTURE_MODELS), MODELS_BAR),
        note=uk.name,
    )  # fmt: skip
    table.measure(
        "6,893 models of any order, 5 lists",
        lambda: pv.mse.models(lists, order=4),
        *_rcapture(lists, 4, ("1.4-4", RCAPTURE_ALL), None),
        runs=3,
    )
    table.measure(
        "32,768 models of pairs, 6 lists", lambda: pv.mse.models(six.lists), runs=3, note=six.name
    )
    assert taken.cpu
    theirs = [row.cpu for row in table.rows if row.package == "base R"]
    return theirs[-1] if theirs else None


def _rcapture(
    lists: pv.Lists, order: int, figure: tuple[str, float], bar: float | None
) -> list[Peer]:
    given = [cells(lists)], [*cells(lists).shape, order]
    return r.optional("Rcapture", mse_r.RCAPTURE, *given, recorded=figure, bar=bar)


def _select(table: Table, rule: Choice, draws: Any, fitted: float | None) -> None:
    """The best of all models in every replicate, and every fit made in earnest."""
    lists, fits = rule.lists, rule.candidates.included.shape[1] * REPLICATES
    call: dict[str, Any] = {"replicates": REPLICATES, "rng": SEED, "interval": "bca"}
    task = f"BIC of 1,024 models, {REPLICATES:,} replicates, BCa"
    ours = table.measure(
        task,
        lambda: pv.mse.select(lists, **call),
        Peer("R MSE", "1.2.0", recorded=MSE_SELECT, note="extrapolated there"),
        bar=SELECT_BAR,
        runs=3,
        note="with jackknife; models that cannot win are not fitted",
    )
    if fitted is not None:
        note = f"{1e3 * fitted * REPLICATES / fits:.2f} ms a fit times {fits:,} fits"
        table.extrapolated(task, "base R", r_versions()["R"], fitted * REPLICATES, ours, note=note)
    logs = np.random.default_rng(1).normal(2, 3, fits * len(draws) // 16)
    out = np.empty_like(logs)
    found = table.measure(
        f"all {fits:,} fits made in earnest",
        lambda: _every(rule, draws),
        bar=SELECT_BAR,
        limit=lambda: [np.exp(logs, out=out) for _ in range(16)],
        runs=1,
        note="one pass: the exponential of every fitted cell",
    ).found
    equal = np.allclose(rule.total(draws), _best(rule, draws, *found), rtol=1e-9, atol=0)
    table.checked(task, "prevalence", pv.__version__, equal, note="as after fitting all")


def _best(rule: Choice, counts: Any, deviance: Any, total: Any) -> Any:
    """Return the population size of the model of least BIC of each table, after fitting all."""
    parameters = 1 + len(rule.lists.names) + rule.candidates.included.sum(axis=0)
    bic = np.where(np.isfinite(total), deviance, np.nan) + parameters[:, None] * rule.cost(counts)
    return total[np.nanargmin(bic, axis=0), np.arange(counts.shape[1])]


def _check_models(
    table: Table, rule: Choice, few: Any, deviance: Any, total: Any, session: Any
) -> None:
    """Every model of a few tables in base R: the same estimates, and the same best model."""
    found = session.task("models")().found
    dark, theirs_deviance = peers.models_of(found, total.shape)
    theirs = dark + few.sum(axis=0)
    equal = np.allclose(theirs, total, rtol=1e-9, atol=0, equal_nan=True)
    equal &= np.allclose(theirs_deviance, deviance, rtol=1e-8, atol=1e-7)
    best = _best(rule, few, theirs_deviance, theirs)
    equal &= np.allclose(best, rule.total(few), rtol=1e-9, atol=0)
    note = (
        f"deviances and sizes of 1,024 models of {few.shape[1]} tables, which have none, the best"
    )
    table.checked("1,024 models, number by number", "base R", r_versions()["R"], equal, note=note)


def _eight(table: Table) -> None:
    """Eight lists: 255 histories, 28 pairs, most of them without an overlap."""
    eight = published("neworleans8_185")
    lists = eight.lists
    task = f"8 lists, stepwise, {REPLICATES:,} bootstraps, BCa"
    table.measure(
        task,
        lambda: pv.mse.stepwise(lists, replicates=REPLICATES, rng=SEED),
        bar=EIGHT_BAR,
        runs=3,
        note=f"{eight.name}: {lists.seen:,} persons",
    )
    known = recorded("expected.json")
    if not eight.published or known is None:
        return
    theirs = next(s for s in known["neworleans8_185"]["stepwise"] if s["pthresh"] == 0.02)
    ours = float(pv.mse.stepwise(lists, replicates=0))
    equal = np.isclose(ours, theirs["estimate"], rtol=1e-6)
    table.checked(
        task, "R SparseMSE", SPARSE_MSE[0], equal, note=f"{ours:,.1f} persons", source="recorded"
    )


def _robust(table: Table) -> None:
    """Doubly robust with two lists and three covariates, and with the chances of statsmodels."""
    frame = people(PERSONS)
    lists = asked(frame)
    columns = [frame[name].to_numpy() for name in frame]

    def same(ours: Any, theirs: Any) -> bool:
        """Compare estimates: ours has a normal prior on slopes, worth little."""
        apart = abs(ours.value[0] - theirs.value[0]) / ours.std_error[0]
        return bool(apart < 0.02 and np.allclose(ours.std_error, theirs.std_error, rtol=0.01))

    table.measure(
        f"doubly robust, n = {PERSONS:,}, 5 folds",
        lambda: pv.mse.doubly_robust(lists, rng=SEED),
        Peer(
            "statsmodels", version("statsmodels"),
            lambda: pv.mse.doubly_robust(lists, rng=SEED, nuisance=peers.multinomial_logit),
            same=same, how_same="within the prior's weight",
            note="sm.MNLogit in place of ours in the same estimator",
        ),
        Peer("R drpop", "0.0.3", recorded=DRPOP, note="n = 13,905"),
        bar=ROBUST_BAR,
        limit=reading(*columns),
        note="3 covariates",
    )  # fmt: skip
    table.measure(
        "the same by targeted likelihood",
        lambda: pv.mse.doubly_robust(lists, rng=SEED, method="tmle"),
    )
    table.measure(f"making the lists, n = {PERSONS:,}", lambda: asked(frame))
