"""Latent class model: the time of a sweep of one chain, and what effective draws take."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import numpy as np

import prevalence as pv
from prevalence import mcmc

from . import mse_r, r
from .mse_tables import Table as Lists
from .mse_tables import recorded
from .mse_tables import table as published
from .table import Peer, Table
from .timing import QUIET, Taken, spent, yardstick

SEED, ROUNDS = 1, 9
SEEDS = (1, 2, 3)  # of fits as a user makes them: on a hard table one seed may be lucky
SETTLED, SWEEPS, CHAINS = 400, 800, 8 * 12  # sweeps before and in the time that is taken
LCMCR, VERSION, LCMCR_SWEEPS, STUCK = 9.5e-6, "0.4.14", 35_000, 1.05  # seconds a sweep; R-hat
ERRORS = 4.0  # Monte Carlo errors by which two samplers may differ


def classes(table: Table, uk: Lists) -> None:
    """Time a sweep, and effective draws as a user gets them."""
    _sweep(table, uk)
    for name in ("uk5", "kosovo"):
        _effective(table, published(name), recorded(f"{name}_lcmcr.json"))


def _sweep(table: Table, uk: Lists) -> None:
    """What a sweep more takes, each pair of fits beside the yardstick of the same moment.

    The bar is that of the C++ of R's LCMCR. A quotient of two times that a busy machine stretches alike
    is steady where the times are not, so each round gives its own.
    """
    pace = yardstick()
    rounds = []
    for _ in range(ROUNDS + 1):  # the first is a warm-up
        few, before, many, after = (
            spent(call)
            for call in (lambda: _fit(uk.lists, 0), pace, lambda: _fit(uk.lists, SWEEPS), pace)
        )
        times = ((b - a) / SWEEPS / CHAINS for a, b in zip(few[:2], many[:2], strict=True))
        rounds.append((*times, (before.cpu + after.cpu) / 2))
    sweeps, walls, paces = zip(*rounds[1:], strict=True)
    task = "latent classes, a sweep of a chain"
    taken = Taken(list(sweeps), list(walls))
    quiet = statistics.median(one / at * QUIET for one, at in zip(sweeps, paces, strict=True))
    slow = statistics.median(sweeps) / quiet
    note = f"{CHAINS} chains at once, 10 classes"
    table.ours(task, taken, bar=LCMCR, pace=slow, note=note)
    lists = uk.lists
    cells = np.c_[lists.histories, lists.counts]
    sizes = [*cells.shape, LCMCR_SWEEPS]
    for peer in r.optional(
        "LCMCR", mse_r.LCMCR, [cells], sizes, recorded=(VERSION, LCMCR), scale=1 / LCMCR_SWEEPS,
        note="C++",
    ):  # fmt: skip
        one = None if peer.call is None else spent(peer.call)
        table.peer(task, peer, one and Taken([one.cpu], [one.wall], one.found), taken)


def _effective(table: Table, lists: Lists, known: dict[str, Any] | None) -> None:
    """What effective draws of the population size take, as a user calls it, beside LCMCR's recorded."""
    fits = [spent(partial(pv.mse.latent_class_fit, lists.lists, rng=seed)) for seed in SEEDS]
    sizes = [fit.found.draws["population size"] for fit in fits]
    each = sorted(float(mcmc.rhat(draws)) for draws in sizes)
    effective, cpu = sum(float(mcmc.ess(draws)) for draws in sizes), sum(fit.cpu for fit in fits)
    totals = np.concatenate(sizes)
    task = f"{lists.name}: as many effective draws of the size"
    note = (
        f"{len(fits)} fits of other seeds: R-hat {each[0]:.2f} to {each[-1]:.2f}; {effective:,.0f}, "
        f"{effective / cpu:,.0f} a second, warm-up and the smaller tables of the ladder too"
    )
    ours = Taken([cpu], [sum(fit.wall for fit in fits)], totals)
    table.ours(task, ours, note=note)
    if not lists.published or known is None:
        return
    sweeps = len(known["per_chain_median"]) * LCMCR_SWEEPS
    theirs = sweeps * LCMCR * effective / known["ess_bulk"]
    note = f"R-hat {known['Rhat']:.2f}; {known['ess_bulk']:,.0f} in {sweeps:,} sweeps"
    table.peer(task, Peer("R LCMCR", VERSION, recorded=theirs, note=note), None, ours)
    if known["Rhat"] < STUCK:
        _check_lcmcr(table, task, totals, known)


def _check_lcmcr(table: Table, task: str, totals: Any, known: dict[str, Any]) -> None:
    levels = [level for level in known["quantiles"] if 0.05 < float(level) < 0.95]
    at = [float(level) for level in levels]
    each = np.quantile(totals, at, axis=1)
    error = each.std(axis=1, ddof=1) / np.sqrt(each.shape[1])
    theirs = np.array(
        [[known[k][level] for level in levels] for k in ("quantiles", "mc_se_quantiles")]
    )
    off = float((abs(np.quantile(totals, at) - theirs[0]) / np.hypot(error, theirs[1])).max())
    note = f"quantiles 10 to 90 %, at most {off:.1f} Monte Carlo errors apart"
    table.checked(
        task, "R LCMCR", VERSION, off < ERRORS, note=note, how="within their noise",
        source="recorded",
    )  # fmt: skip


def _fit(lists: pv.Lists, more: int) -> Any:
    return pv.mse.latent_class_fit(lists, warmup=SETTLED, draws=4 + more, rng=SEED)
