"""Replicate schemes: functions from a design to factors of its units and their scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from .design import Design
from .errors import one_of, whole
from .hadamard import hadamard
from .replication import Replicates
from .stages import Stage

__all__ = ["balanced", "bootstrap", "delete_group", "jackknife"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
KINDS = ("rao-wu", "preston", "generalised")
MAX_JACKKNIFE = 10_000  # replicate factors are a table of units by units
MAX_WHITENED = 1_000  # columns of the design among which exact draws are made
DRAWN = 500_000  # units times replicates drawn at once


def jackknife(design: Design, *, mse: bool = True) -> Replicates:
    """Delete one unit at a time (JK1 without strata, JKn with), fpc in the scale.

    Units are the primary ones and, where a sampling fraction makes later stages count, those of
    the later stages within their parents.
    """
    _check(design, "a jackknife", later=True)
    later = any((stage.coefficient > 0).any() for stage in design.stages[1:])
    stages = design.stages if later else design.stages[:1]
    used = [np.flatnonzero(stage.coefficient[stage.parent] > 0) for stage in stages]
    _check_number(sum(u.size for u in used), "a jackknife", "units")
    parts, scale, earlier = [], [], np.ones(stages[0].n.size)
    for stage, units in zip(stages, used, strict=True):
        of_unit = stage.unit if later else np.arange(stage.parent.size)
        group = stage.parent[units]
        n = stage.n[group]
        part = np.where(stage.parent[of_unit][:, None] == group, n / (n - 1), 1.0)
        part[of_unit[:, None] == units] = 0.0
        parts.append(part)
        scale.append((n - 1) / n * (1 - stage.fraction[group]) * earlier[group])
        earlier = (earlier * stage.fraction)[stage.parent]
    factors, scales = _or_one(design, np.concatenate(parts, axis=1), np.concatenate(scale))
    places = np.cumsum([0] + [stage.parent.size for stage in stages])
    labels = design.labels if later else design.psu_labels
    names = [labels[place + j] for place, u in zip(places, used, strict=False) for j in u]
    return Replicates(
        factors,
        scales,
        design.source,
        f"jackknife mse={mse}",
        tuple(names),
        mse,
        "unit" if later else "psu",
        independent=False,
    )


def delete_group(design: Design, groups: int, rng: Generator, *, mse: bool = True) -> Replicates:
    """Delete one of G random groups of primary units at a time (Kott 2001).

    Within a stratum of n units, of which the r-th group holds m_r, deviations from one are those of
    deleting the group times t, with ``t^2 (G-1)/G sum n m_r / (n - m_r) = (1-f) n``: unbiased also
    where n is small or no multiple of G, and Kott's extended form where n < G.
    """
    _check(design, "a delete-a-group jackknife")
    first = design.stages[0]
    size = first.parent.size
    if not isinstance(groups, (int, np.integer)) or not 2 <= groups <= size:
        raise ValueError(
            f"groups must be a whole number from 2 to the number of primary units, {size:,}: found "
            f"{groups!r}. Pass for example groups={min(30, size)}."
        )
    token = _token(design, rng)
    mixed = np.concatenate(
        [np.ravel(rng.permuted(units, axis=1)) for _, units in _by_size(first, design.psu_labels)]
    )
    group = np.empty(size, dtype=np.intp)
    group[mixed] = np.arange(size) % groups
    held = np.zeros((first.n.size, groups))
    np.add.at(held, (first.parent, group), 1)
    n = first.n[:, None].astype(float)
    rest = np.where(held < n, n - held, 1.0)
    spread = (groups - 1) / groups * (n * held / rest).sum(axis=1)
    counts = (first.coefficient > 0) & (first.n > 1)
    t = np.sqrt(np.where(counts, (1 - first.fraction) * first.n, 0.0) / spread)[:, None]
    stays = 1 + t * (n / rest - 1)
    factors = stays[first.parent]
    factors[np.arange(size), group] = (1 - t[:, 0])[first.parent]
    return Replicates(
        factors,
        np.full(groups, (groups - 1) / groups),
        design.source,
        f"jackknife groups={groups} draw={token} mse={mse}",
        tuple(f"group {g + 1}" for g in range(groups)),
        mse,
        independent=False,
        df=groups - 1,
    )


def balanced(design: Design, fay: float, *, mse: bool = True) -> Replicates:
    """Balanced repeated replication of two primary units a stratum; `fay` is Fay's rho.

    Factors are ``1 +- (1 - rho) sqrt(1 - f)``, signs by a Hadamard matrix of an order above the
    number of strata, so that each replicate's deviation is balanced over strata.
    """
    _check(design, "balanced repeated replication")
    if not isinstance(fay, (int, float)) or not 0 <= fay < 1:
        raise ValueError(
            f"fay must be a number from 0 to below 1: found {fay!r}. 0 is balanced repeated "
            "replication, 0.3 to 0.5 are usual where domains are small."
        )
    first = design.stages[0]
    counts = first.coefficient > 0
    wrong = np.flatnonzero(counts & (first.n != 2))
    if wrong.size:
        name = design.stratum_labels[wrong[0]] or "the whole sample"
        raise ValueError(
            "balanced repeated replication must have two primary units in every stratum: "
            f"{wrong.size:,} of {first.n.size:,} strata have another number (first: {name} with "
            f"{int(first.n[wrong[0]]):,}). Use .jackknife() or .bootstrap(1000, rng=1), or make "
            "strata of pairs."
        )
    _check_number(int(counts.sum()), "balanced repeated replication", "strata")
    pairs = [(h, units) for h, units in _by_size(first, design.psu_labels) if units.shape[1] == 2]
    factors = np.ones((first.parent.size, 0))
    if counts.any():
        ((strata, units),) = pairs
        sign = hadamard(strata.size + 1)[:, 1 : strata.size + 1].T
        spread = (1 - fay) * np.sqrt(np.where(counts, 1 - first.fraction, 0.0))[strata, None] * sign
        factors = np.ones((first.parent.size, sign.shape[1]))
        factors[units[:, 0]] += spread
        factors[units[:, 1]] -= spread
    replicates = factors.shape[1]
    scale = np.full(replicates, 1 / (max(replicates, 1) * (1 - fay) ** 2))
    factors, scale = _or_one(design, factors, scale)
    return Replicates(
        factors,
        scale,
        design.source,
        f"balanced repeated replication R={replicates} fay={fay:g} mse={mse}",
        (),
        mse,
        independent=False,
        fay=float(fay),
    )


def bootstrap(
    design: Design, replicates: int, rng: Generator, *, kind: str = "rao-wu", mse: bool = True
) -> Replicates:
    """Make bootstrap replicates by one of three rules, all with the sampling fractions."""
    one_of("kind", kind, KINDS)
    whole("replicates", replicates, 2, "Pass for example replicates=1000.")
    token = _token(design, rng)
    spread, level = 1.0, "unit"
    if kind == "rao-wu":
        factors, level = _rao_wu(design, replicates, rng), "psu"
    else:
        make = _preston if kind == "preston" else _generalised
        factors = make(design, replicates, rng)
        spread = max(1.0, -float(factors.min(initial=0.0)))  # tau, so that no factor is negative
        factors /= spread
        factors += 1
    name = "bootstrap" if kind == "rao-wu" else f"{kind} bootstrap"
    return Replicates(
        factors,
        np.full(replicates, spread**2 / replicates),
        design.source,
        f"{name} R={replicates} draw={token} mse={mse}",
        (),
        mse,
        level,
        df=replicates - 1,
    )


def _rao_wu(design: Design, replicates: int, rng: Generator) -> Array:
    """Draw n - 1 of n primary units with replacement in each stratum; shrink by sqrt(1 - f)."""
    _check(design, "a Rao-Wu bootstrap")
    first = design.stages[0]
    factors = np.ones((first.parent.size, replicates))
    for strata, units in _by_size(first, design.psu_labels):
        h, n = units.shape
        if n < 2:
            continue
        shrink = np.sqrt(1 - first.fraction[strata])[:, None, None]
        step = max(1, DRAWN // units.size)
        for start in range(0, replicates, step):
            r = min(step, replicates - start)
            place = rng.integers(0, n, size=(n - 1, h, r))
            place += n * np.arange(h)[:, None]
            place *= r
            place += np.arange(r)
            count = np.bincount(place.ravel(), minlength=h * n * r).reshape(h, n, r)
            drawn = count * (shrink * n / (n - 1))
            drawn += 1 - shrink
            factors[units, start : start + r] = drawn
    return factors


def _preston(design: Design, replicates: int, rng: Generator) -> Array:
    """Deviations of the factors of the finest units: half of the units kept at every stage.

    ``lambda_s sqrt(d_1 ... d_(s-1)) (d_s - 1)`` summed over stages s, where a kept unit has
    ``d = n / n*``, ``n* = floor(n/2)``, another 0, and ``lambda_s^2 = n* f_1 ... f_(s-1) (1 - f_s)
    / (n - n*)``. Units drawn with certainty are all kept.
    """
    _check(design, "Preston's bootstrap", later=True)
    if design.n_units * replicates > 500_000_000:
        raise ValueError(
            "Preston's bootstrap must have at most 5e8 factors, units times replicates: found "
            f"{design.n_units:,} times {replicates:,}. Ask for fewer replicates, or leave out the "
            "fpc of the last stage where its fractions are small."
        )
    above = np.zeros((design.stages[0].n.size, replicates))
    root, earlier = np.ones_like(above), np.ones(design.stages[0].n.size)
    place = 0
    for stage in design.stages:
        labels = design.labels[place : place + stage.parent.size]
        place += stage.parent.size
        d = np.ones((stage.parent.size, replicates))
        for groups, units in _by_size(stage, labels):
            open_ = stage.fraction[groups] < 1
            if units.shape[1] > 1 and open_.any():
                d[units[open_]] = _halves(units[open_], replicates, rng)
        half = np.maximum(stage.n // 2, 1)
        shrink = np.sqrt(half * earlier * (1 - stage.fraction) / np.maximum(stage.n - half, 1))
        root = root[stage.parent]
        above = above[stage.parent] + shrink[stage.parent][:, None] * root * (d - 1)
        root *= np.sqrt(d)
        earlier = (earlier * stage.fraction)[stage.parent]
    return above


def _halves(units: Codes, replicates: int, rng: Generator) -> Array:
    """Return n / n* for a random n* = floor(n/2) of the n units of each group and replicate."""
    groups, n = units.shape
    out = np.zeros((groups, n, replicates))
    half = n // 2
    step = max(1, DRAWN // (groups * n))
    for start in range(0, replicates, step):
        which = slice(start, min(start + step, replicates))
        key = rng.random((groups, n, which.stop - start))
        kept = np.argpartition(key, half - 1, axis=1)[:, :half]
        np.put_along_axis(out[:, :, which], kept, n / half, axis=1)
    return out


def _generalised(design: Design, replicates: int, rng: Generator) -> Array:
    """Deviations that are normal with the covariance of the design's own quadratic form.

    A design's variance is ``sum c (B u)^2`` over the columns of B, for influence u of the units:
    deviations ``B' (sqrt(c) g)`` with standard normal g have it in expectation, and exactly where g
    is made to have mean 0 and covariance the identity, as it is with more replicates than columns.
    """
    c = design.coefficients
    if not design.is_centred or (c < 0).any():
        return _of_form(design, replicates, rng)
    draws = np.empty((c.size, replicates))
    draws[_ranked(design.labels)] = rng.normal(size=draws.shape)
    used = c > 0
    draws[used] = np.sqrt(c[used])[:, None] * _whitened(draws[used], int(used.sum()))
    draws[~used] = 0
    return np.ascontiguousarray(design.adjoint(draws.T).T)


def _of_form(design: Design, replicates: int, rng: Generator) -> Array:
    """Return the same through the form itself, a table of units by units."""
    units = design.n_units
    if units > MAX_WHITENED:
        raise ValueError(
            "a generalised bootstrap of this design must have at most "
            f"{MAX_WHITENED:,} sampled units, whose variance is a form of all pairs: found "
            f"{units:,}. Use linearisation."
        )
    table = design.columns(np.eye(units))
    size, axes = np.linalg.eigh((table * design.coefficients) @ table.T)
    low, high = float(size[0]), float(size[-1])
    if low < -1e-9 * max(high, 0.0) or high <= 0:
        raise ValueError(
            "a generalised bootstrap must have a variance that cannot be negative: the form of this "
            f"design has {int((size < -1e-9 * abs(high)).sum()):,} negative eigenvalues of {units:,} "
            f"(the lowest: {low:g}). Use linearisation."
        )
    kept = size > 1e-9 * high
    draws = np.empty((units, replicates))
    named = design.psu_labels if units == design.stratum_of_psu.size else ()
    draws[_ranked(named) if named else np.arange(units)] = rng.normal(size=draws.shape)
    draws = axes[:, kept] @ (axes[:, kept].T @ draws)
    draws = _whitened(draws, int(kept.sum()))
    return np.asarray((axes[:, kept] * np.sqrt(size[kept])) @ (axes[:, kept].T @ draws))


def _whitened(draws: Array, free: int) -> Array:
    """Make normal draws of so many dimensions exact, where there are more replicates than that."""
    count, replicates = draws.shape
    if not 0 < free < replicates or count > MAX_WHITENED:
        return draws
    draws = draws - draws.mean(axis=1, keepdims=True)
    size, axes = np.linalg.eigh(draws @ draws.T / replicates)
    kept = slice(count - free, count)
    return np.asarray((axes[:, kept] / np.sqrt(size[kept])) @ (axes[:, kept].T @ draws))


# What the schemes share


def _by_size(stage: Stage, labels: tuple[str, ...]) -> Iterator[tuple[Codes, Codes]]:
    """Yield the groups of one size, and their units (groups, size), in the order of the labels.

    Draws are then the same in whatever order the rows come.
    """
    ranked = _ranked(labels)
    code, groups = pd.factorize(stage.parent[ranked])
    order = ranked[np.argsort(code, kind="stable")]
    count = np.bincount(code, minlength=groups.size)
    start = np.cumsum(count) - count
    for n in np.unique(count):
        same = np.flatnonzero(count == n)
        yield groups[same], order[start[same][:, None] + np.arange(n)]


def _ranked(labels: tuple[str, ...]) -> Codes:
    return np.argsort(np.array(labels, dtype=object), kind="stable")


def _or_one(design: Design, factors: Array, scale: Array) -> tuple[Array, Array]:
    """Add a replicate of no weight where lone units leave none: it holds that nothing is told.

    A census has none either, and its standard errors are 0.
    """
    if scale.size or not design.stages[0].single.any():
        return factors, scale
    return np.ones((factors.shape[0], 1)), np.zeros(1)


def _token(design: Design, rng: Generator) -> str:
    """Name the draw by a random number and the names of the units drawn from."""
    labels = np.array(design.psu_labels, dtype=object)
    names = pd.util.hash_array(labels, categorize=False).sum(dtype=np.uint64)
    return f"{int(rng.integers(2**63)) ^ int(names):016x}"


def _check_number(count: int, what: str, of: str) -> None:
    if count > MAX_JACKKNIFE:
        raise ValueError(
            f"{what} must have at most {MAX_JACKKNIFE:,} {of}: found {count:,}. Use linearisation, "
            ".bootstrap(1000, rng=1) or .jackknife(groups=30, rng=1)."
        )


def _check(design: Design, what: str, *, later: bool = False) -> None:
    """Refuse what a scheme cannot honour: lone units that count, unequal chances, later stages."""
    if design.no_replicates:
        raise ValueError(design.no_replicates)
    earlier = np.ones(design.stages[0].n.size)
    for stage in design.stages if later else design.stages[:1]:
        alone = stage.single
        plain = earlier * (1 - stage.fraction) * stage.n / np.maximum(stage.n - 1, 1)
        more = stage.coefficient > plain * (1 + 1e-9)
        if alone.any() and (stage.centre_all or more[~alone].any()):
            raise ValueError(
                f"{what} must have two units or more in every stratum: {int(alone.sum())} have one. "
                "Collapse strata, pass single_psu='certainty', or use linearisation."
            )
        if not np.allclose(stage.coefficient[~alone], plain[~alone], rtol=1e-9, atol=0):
            raise ValueError(
                f"{what} must have units drawn with equal chances: this design has unequal ones. Use "
                ".bootstrap(1000, rng=1, kind='generalised') or linearisation."
            )
        earlier = (earlier * stage.fraction)[stage.parent]
    if not later and any((stage.coefficient > 0).any() for stage in design.stages[1:]):
        raise ValueError(
            f"{what} must leave no stage out, and resamples the first stage alone: this design has "
            "sampling fractions at later stages. Use .bootstrap(1000, rng=1, kind='preston'), or "
            "declare the first stage's fpc alone to have the rest left out."
        )
