"""Samplers of network scale-up: effective draws per second beside the peers, and how cost grows.

Ours and its peers draw from the same answers (500 respondents, 20 known groups and a hidden one), and
effective draws are counted by one function, `prevalence.mcmc.ess`, over the log prevalences of all
groups. PyPI's networkscaleup makes about 15 draws a second in one chain: it is spared its warm-up by
starting at our posterior means, and a short run misses slow waves, so that its figure is too high if
anything. R's networkscaleup, of which it is a port line by line, is on CRAN alone: the time of an
iteration was recorded in another run. PyMC with nutpie is asked for about as many effective draws as
ours, and its total is scaled down to them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from prevalence import mcmc
from prevalence.nsum.models.lognormal import poisson_lognormal
from prevalence.nsum.models.overdispersed import overdispersed_draws
from prevalence.nsum.models.random_degree import random_degree

from . import network_peers as peers
from .network import PEOPLE, answers_of
from .timing import Sheet, cpu

ROWS, GROUPS, CHAINS, DRAWS, WARMUP = 500, 21, 4, 2_000, 2_000
RUNS, PEER_DRAWS, NUTS_WARMUP, NUTS_DRAWS = 3, 400, 300, 500
TOTAL_BAR, EFFECTIVE_BAR, SLOPE_BAR = 25.0, 20.0, 1.1
R_ITERATION = 0.0248  # CPU seconds, recorded in another run: R networkscaleup 0.1-2, 500 x 21
R_SMALL = {"random-degree": 6.0, "barrier": 8.2}  # the same, ms: R NSUM 1.0, 100 x 9
ERRORS = 4  # joint Monte Carlo errors: two right samplers differ by more in 6 of 100,000 means
WRONG = (
    "another posterior, as listed: it draws means with variance s^2 / 2 for s^2 / n, and has a flat "
    "prior on omega where the model has 1 / omega^2"
)
LENGTHS, LEVELS = (250, 500, 1_000, 2_000, 4_000), (2.5, 3.5, 4.5, 5.5, 6.5, 7.5)


class Effective(NamedTuple):
    """Effective draws of the log prevalences of all groups, the fewest and the median, a second."""

    fewest: float
    median: float


def per_second(draws: Any, seconds: float) -> Effective:
    """Return effective draws a second."""
    ess = mcmc.ess(draws)
    return Effective(float(np.min(ess) / seconds), float(np.median(ess) / seconds))


def sizes_of(groups: int) -> Any:
    """Return sizes of the groups; the last one is hidden, which samplers are not told."""
    rng = np.random.default_rng(2)
    return np.r_[np.round(np.exp(rng.normal(np.log(20_000), 0.8, groups - 1))), 15_000.0]


def data(rows: int = ROWS, groups: int = GROUPS, **how: float) -> tuple[Any, Any]:
    """Return answers (rows, groups) and sizes, nan for the hidden group."""
    sizes = sizes_of(groups)
    y = answers_of(rows, sizes, np.random.default_rng(3), **how)
    return y, np.r_[sizes[:-1], np.nan]


def models(sheet: Sheet) -> None:
    """Time the samplers, beside the peers, check their posterior, and see how their cost grows."""
    _overdispersed(sheet)
    _others(sheet)
    _growth(sheet)


def _overdispersed(sheet: Sheet) -> None:
    """Ours and the peers in turn: the overdispersed model."""
    y, sizes = data()
    known = sizes[:-1]
    one = _ours(y, sizes, 1)
    start = {
        "alpha": one.draws["log_degree"].mean(axis=(0, 1)),
        "beta": one.draws["log_prevalence"].mean(axis=(0, 1)),
        "omega": np.exp(one.draws["log_omega"].mean(axis=(0, 1))),
    }
    ported = peers.overdispersed(y, known, PEOPLE, start, PEER_DRAWS)
    two = _ours(y, sizes, 2)
    nuts = peers.pymc(y, known, PEOPLE, warmup=NUTS_WARMUP, draws=NUTS_DRAWS)
    runs = [one, two, *(_ours(y, sizes, seed) for seed in range(3, RUNS + 1))]
    seconds = statistics.median(run.seconds for run in runs)
    task = f"overdispersed, {ROWS} x {GROUPS}, {CHAINS} x {DRAWS:,} draws"
    each = [per_second(run.draws["log_prevalence"], run.seconds) for run in runs]
    fast = Effective(*(statistics.median(column) for column in zip(*each, strict=True)))
    ms = 1e3 * seconds / (WARMUP + DRAWS) / CHAINS
    note = f"with {WARMUP:,} of warm-up; {ms:.2f} ms an iteration and chain"
    sheet.at_most(task, seconds, "s", TOTAL_BAR, note)
    sheet.at_least("its effective draws a second, fewest", fast.fewest, "/s")
    sheet.at_least("its effective draws a second, median", fast.median, "/s")
    _beside_ported(sheet, fast, ported, one.draws)
    if nuts is None:
        print("no .venv-bayes: PyMC and nutpie are not measured")
        return
    _beside_nuts(sheet, runs, nuts)


class Run(NamedTuple):
    """Draws of ours and what they took."""

    draws: Any
    seconds: float
    wall: float


def _ours(y: Any, sizes: Any, seed: int) -> Run:
    began = time.perf_counter()
    how: dict[str, Any] = {"chains": CHAINS, "warmup": WARMUP, "draws": DRAWS, "rng": seed}
    seconds, draws = cpu(lambda: overdispersed_draws(y, y, sizes=sizes, population=PEOPLE, **how))
    return Run(draws, seconds, time.perf_counter() - began)


def _beside_ported(sheet: Sheet, fast: Effective, ported: peers.Draws, ours: Any) -> None:
    slow = per_second(ported.log_prevalence, ported.seconds)
    ms = 1e3 * ported.seconds / PEER_DRAWS
    note = f"{ported.words}: {PEER_DRAWS} draws of one chain, {ms:.1f} ms each, {{:.2g}} effective a second"
    r_slow = Effective(
        *(rate * ported.seconds / PEER_DRAWS / R_ITERATION for rate in (slow.fewest, slow.median))
    )
    r_note = (
        f"{1e3 * R_ITERATION} ms an iteration recorded in another run, its draws as the port's, "
        "{:.2g} effective a second"
    )
    for name in Effective._fields:
        mine, theirs, r = (getattr(each, name) for each in (fast, slow, r_slow))
        task = f"over PyPI networkscaleup, {name}"
        sheet.at_least(task, mine / theirs, "x", EFFECTIVE_BAR, note.format(theirs))
        task = f"over R networkscaleup, recorded, {name}"
        sheet.at_least(task, mine / r, "x", EFFECTIVE_BAR, r_note.format(r))
    one, two = float(ours["sigma_alpha"].mean()), float(ported.sigma.mean())
    told = f"standard deviation of log degrees {two:.2f} for {one:.2f}"
    equal = abs(one - two) < ERRORS * float(
        np.hypot(mcmc.mcse(ours["sigma_alpha"]), mcmc.mcse(ported.sigma))
    )
    sheet.checked("networkscaleup overdispersed", equal, told, listed=WRONG)


def _beside_nuts(sheet: Sheet, runs: list[Run], nuts: peers.Draws) -> None:
    few = statistics.median(float(mcmc.ess(run.draws["log_prevalence"]).min()) for run in runs)
    theirs = float(mcmc.ess(nuts.log_prevalence).min())
    scale = min(1.0, few / theirs)
    draws = f"{CHAINS} x {NUTS_DRAWS} after {NUTS_WARMUP}"
    for name, unit in (("seconds", "CPU seconds"), ("wall", "seconds on the clock")):
        mine, total = statistics.median(getattr(run, name) for run in runs), getattr(nuts, name)
        note = (
            f"{nuts.words}, {draws}: {total:.1f} s for {theirs:,.0f} effective (fewest); ours {mine:.1f} s "
            f"for {few:,.0f}"
        )
        sheet.at_least(f"over PyMC and nutpie, {unit}", total * scale / mine, "x", 1.0, note)
    one, two = runs[0].draws["log_prevalence"], nuts.log_prevalence
    error = np.hypot(mcmc.mcse(one), mcmc.mcse(two))
    off = float(np.max(np.abs(one.mean(axis=(0, 1)) - two.mean(axis=(0, 1))) / error))
    told = f"means at most {off:.1f} Monte Carlo errors apart"
    sheet.checked(
        "posterior of PyMC, 21 log prevalences", off < ERRORS, told, how="within their noise"
    )


def _others(sheet: Sheet) -> None:
    """The other models: time of an iteration and chain, at the same size and at that recorded of R."""
    calls: dict[str, tuple[Callable[..., Any], dict[str, Any], int]] = {
        "random-degree": (random_degree, {}, 200),
        "barrier": (random_degree, {"model": "barrier"}, 60),
        "lognormal": (poisson_lognormal, {}, 40),
        "correlated": (poisson_lognormal, {"correlated": True}, 40),
    }
    for name, (call, how, steps) in calls.items():
        y, sizes = data()
        sheet.at_most(f"{name}, {ROWS} x {GROUPS}", _step(call, y, sizes, steps, **how), "ms")
        if name in R_SMALL:
            y, sizes = data(100, 9)
            ms = _step(call, y, sizes, 10 * steps, **how)
            note = f"{R_SMALL[name]} ms recorded in another run, over {ms:.3f} ms"
            sheet.at_least(
                f"{name}, 100 x 9, over R NSUM, recorded", R_SMALL[name] / ms, "x", None, note
            )


def _step(call: Callable[..., Any], y: Any, sizes: Any, steps: int, **how: Any) -> float:
    """Return milliseconds of one iteration of one of four chains: what more of them add."""

    def spent(warmup: int) -> float:
        return cpu(
            lambda: call(
                y,
                y,
                sizes=sizes,
                population=PEOPLE,
                chains=CHAINS,
                warmup=warmup,
                draws=4,
                rng=1,
                **how,
            )
        )[0]

    few, many = (statistics.median(spent(count) for _ in range(3)) for count in (4, steps + 4))
    return 1e3 * (many - few) / steps / CHAINS


def _growth(sheet: Sheet) -> None:
    """How the time of an iteration grows with the answers that are not zero."""
    for name, every in (
        ("with respondents", [data(rows) for rows in LENGTHS]),
        ("as zeros become answers", [data(1_000, log_degree=level) for level in LEVELS]),
    ):
        cells = [int((y > 0).sum()) for y, _ in every]
        times = [_step(overdispersed_draws, y, sizes, 60) for y, sizes in every]
        slope = float(np.polyfit(np.log(cells), np.log(times), 1)[0])
        ends = f"{times[0]:.3f} to {times[-1]:.3f} ms for {cells[0]:,} to {cells[-1]:,} answers above 0"
        shares = [float((y == 0).mean()) for y, _ in (every[0], every[-1])]
        note = f"{ends}, {shares[0]:.0%} and {shares[1]:.0%} zeros"
        sheet.at_most(f"growth {name}", slope, "log-log slope", SLOPE_BAR, note)
