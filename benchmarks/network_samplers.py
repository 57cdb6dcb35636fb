"""Samplers of network scale-up: what effective draws take, beside the peers.

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
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from prevalence import mcmc
from prevalence.nsum.models.lognormal import poisson_lognormal
from prevalence.nsum.models.overdispersed import overdispersed_draws
from prevalence.nsum.models.random_degree import random_degree

from . import network_peers as peers
from . import network_r as code
from . import r
from .network import PEOPLE, answers_of
from .table import Peer, Table
from .timing import QUIET, Spent, Taken, cpu, spent, yardstick

ROWS, GROUPS, CHAINS, DRAWS, WARMUP = 500, 21, 4, 2_000, 2_000
RUNS, PEER_DRAWS, NUTS_WARMUP, NUTS_DRAWS = 3, 400, 300, 500
TOTAL_BAR, EFFECTIVE_BAR = 25.0, 20.0
R_ITERATION = 0.0248  # CPU seconds, recorded in another run: R networkscaleup 0.1-2, 500 x 21
R_SMALL = {"random-degree": 6.0e-3, "barrier": 8.2e-3}  # the same, seconds: R NSUM 1.0, 100 x 9
R_MODELS, R_STEPS = {"random-degree": "degree", "barrier": "barrier"}, 500
ERRORS = 4  # joint Monte Carlo errors: two right samplers differ by more in 6 of 100,000 means
WRONG = (
    "another posterior, as listed: it draws means with variance s^2 / 2 for s^2 / n, and has a flat "
    "prior on omega where the model has 1 / omega^2"
)


def sizes_of(groups: int) -> Any:
    """Return sizes of the groups; the last one is hidden, which samplers are not told."""
    rng = np.random.default_rng(2)
    return np.r_[np.round(np.exp(rng.normal(np.log(20_000), 0.8, groups - 1))), 15_000.0]


def data(rows: int = ROWS, groups: int = GROUPS, **how: float) -> tuple[Any, Any]:
    """Return answers (rows, groups) and sizes, nan for the hidden group."""
    sizes = sizes_of(groups)
    y = answers_of(rows, sizes, np.random.default_rng(3), **how)
    return y, np.r_[sizes[:-1], np.nan]


def models(table: Table) -> None:
    """Time the samplers beside the peers and check their posterior."""
    _overdispersed(table)
    _others(table)


def _overdispersed(table: Table) -> None:
    """Ours and the peers in turn: the overdispersed model."""
    y, sizes = data()
    known, pace = sizes[:-1], yardstick()
    one = _ours(y, sizes, 1)
    paces = [cpu(pace)[0] for _ in range(9)]
    draws = one.found
    start = {
        "alpha": draws["log_degree"].mean(axis=(0, 1)),
        "beta": draws["log_prevalence"].mean(axis=(0, 1)),
        "omega": np.exp(draws["log_omega"].mean(axis=(0, 1))),
    }
    ported = peers.overdispersed(y, known, PEOPLE, start, PEER_DRAWS)
    two = _ours(y, sizes, 2)
    paces += [cpu(pace)[0] for _ in range(9)]
    nuts = peers.pymc(y, known, PEOPLE, warmup=NUTS_WARMUP, draws=NUTS_DRAWS)
    runs = [one, two, *(_ours(y, sizes, seed) for seed in range(3, RUNS + 1))]
    paces += [cpu(pace)[0] for _ in range(9)]
    taken = Taken([run.cpu for run in runs], [run.wall for run in runs])
    each = 1e3 * taken.median / (WARMUP + DRAWS) / CHAINS
    table.ours(
        f"overdispersed, {ROWS} x {GROUPS}, {CHAINS} x {DRAWS:,} draws",
        taken,
        bar=TOTAL_BAR,
        pace=statistics.median(paces) / QUIET,
        note=f"with {WARMUP:,} of warm-up; {each:.2f} ms an iteration and chain",
    )
    for name, of in (("fewest", np.min), ("median", np.median)):
        _effective(table, name, of, runs, ported, nuts)
    _same(table, draws, ported, nuts)


def _ours(y: Any, sizes: Any, seed: int) -> Spent:
    how: dict[str, Any] = {"chains": CHAINS, "warmup": WARMUP, "draws": DRAWS, "rng": seed}
    return spent(lambda: overdispersed_draws(y, y, sizes=sizes, population=PEOPLE, **how))


def _effective(
    table: Table,
    name: str,
    of: Callable[[Any], Any],
    runs: list[Spent],
    ported: peers.Draws | None,
    nuts: peers.Draws | None,
) -> None:
    """What as many effective draws as ours take: of the worst group, or of the median one."""
    few = statistics.median(float(of(mcmc.ess(run.found["log_prevalence"]))) for run in runs)
    ours = Taken([run.cpu for run in runs], [run.wall for run in runs])
    task = f"as many effective draws, {name} of the groups"
    table.ours(task, ours, note=f"{few:,.0f} effective, {few / ours.median:,.0f} a second")
    if ported is not None:
        theirs = float(of(mcmc.ess(ported.log_prevalence)))
        peer = Peer(
            "networkscaleup", ported.version, bar=EFFECTIVE_BAR, scale=few / theirs,
            note=f"{ported.words}, {theirs / ported.cpu:.2g} effective a second",
        )  # fmt: skip
        table.peer(task, peer, Taken([ported.cpu], [ported.wall]), ours)
        y, sizes = data()
        note = f"{1e3 * R_ITERATION} ms an iteration, its draws as the port's"
        recorded = "0.1-2", few / theirs * PEER_DRAWS * R_ITERATION
        given = [y, sizes[:-1, None]], [*y.shape, PEOPLE, PEER_DRAWS]
        given_how: dict[str, Any] = {"bar": EFFECTIVE_BAR, "scale": few / theirs, "note": note}
        every = r.optional(
            "networkscaleup", code.OVERDISPERSED, *given, recorded=recorded, **given_how
        )
        _in_r(table, task, every, ours)
    if nuts is not None and name == "fewest":
        theirs = float(of(mcmc.ess(nuts.log_prevalence)))
        scale = min(1.0, few / theirs)
        how = f"{CHAINS} x {NUTS_DRAWS} after {NUTS_WARMUP}, {theirs:,.0f} effective"
        clock = nuts.wall * scale / statistics.median(ours.wall)
        note = f"{how}, {nuts.words}; {clock:.1f}x by the clock"
        peer = Peer("PyMC", nuts.version, bar=1.0, scale=scale, note=note)
        table.peer(task, peer, Taken([nuts.cpu], [nuts.wall]), ours)


def _same(table: Table, ours: Any, ported: peers.Draws | None, nuts: peers.Draws | None) -> None:
    """Compare the posterior of ours with those of the peers."""
    task = "posterior of the overdispersed model"
    if ported is not None:
        one, two = float(ours["sigma_alpha"].mean()), float(ported.sigma.mean())
        error = np.hypot(mcmc.mcse(ours["sigma_alpha"]), mcmc.mcse(ported.sigma))
        note = f"standard deviation of log degrees {two:.2f} for {one:.2f}"
        table.checked(
            task, "networkscaleup", ported.version, abs(one - two) < ERRORS * float(error),
            note=note, how="within their noise", listed=WRONG,
        )  # fmt: skip
    if nuts is not None:
        first, second = ours["log_prevalence"], nuts.log_prevalence
        error = np.hypot(mcmc.mcse(first), mcmc.mcse(second))
        apart = np.abs(first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))) / error
        note = f"means at most {np.max(apart):.1f} Monte Carlo errors apart"
        table.checked(
            task, "PyMC", nuts.version, np.max(apart) < ERRORS, note=note, how="within their noise"
        )


def _others(table: Table) -> None:
    """The other models: time of an iteration and chain, at the same size and at that recorded of R."""
    calls: dict[str, tuple[Callable[..., Any], dict[str, Any], int]] = {
        "random-degree": (random_degree, {}, 200),
        "barrier": (random_degree, {"model": "barrier"}, 60),
        "lognormal": (poisson_lognormal, {}, 40),
        "correlated": (poisson_lognormal, {"correlated": True}, 40),
    }
    for name, (call, how, steps) in calls.items():
        y, sizes = data()
        task = f"{name}, an iteration of a chain"
        table.ours(f"{task}, {ROWS} x {GROUPS}", step(call, y, sizes, steps, **how))
        if name in R_SMALL:
            y, sizes = data(100, 9)
            ours = step(call, y, sizes, 10 * steps, **how)
            table.ours(f"{task}, 100 x 9", ours)
            given = [y, sizes[:-1, None]], [*y.shape, PEOPLE, R_STEPS]
            recorded = "1.0", R_SMALL[name]
            every = r.optional(
                "NSUM", code.nsum(R_MODELS[name]), *given, recorded=recorded, scale=1 / R_STEPS
            )
            _in_r(table, f"{task}, 100 x 9", every, ours)


def _in_r(table: Table, task: str, every: list[Peer], ours: Taken) -> None:
    """Take what a package of R takes where R has it, else what it took in another run."""
    for peer in every:
        one = None if peer.call is None else spent(peer.call)
        table.peer(task, peer, one and Taken([one.cpu], [one.wall], one.found), ours)


def step(call: Callable[..., Any], y: Any, sizes: Any, steps: int, **how: Any) -> Taken:
    """Return seconds of one iteration of one of four chains, three times."""
    every = [one_step(call, y, sizes, steps, **how) for _ in range(3)]
    return Taken([one.cpu for one in every], [one.wall for one in every])


def one_step(call: Callable[..., Any], y: Any, sizes: Any, steps: int, **how: Any) -> Spent:
    """Return what one iteration of one of four chains takes: what more of them add."""
    given: dict[str, Any] = {
        "sizes": sizes,
        "population": PEOPLE,
        "chains": CHAINS,
        "draws": 4,
        "rng": 1,
        **how,
    }
    few, many = (spent(partial(call, y, y, warmup=warmup, **given)) for warmup in (4, steps + 4))
    return Spent(*((b - a) / steps / CHAINS for a, b in zip(few[:2], many[:2], strict=True)))
