"""Joint draws of estimates and of quantities known with uncertainty, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block, add_blocks
from ..estimate import Estimate
from ..uncertainty import MAPS

__all__ = ["joint_draws"]

Array = NDArray[Any]
Moves = list[tuple[str, Array]]  # kind of a source and the deviations (rows, draws) it brings
MAX_OUTSIDE = 0.05


def joint_draws(
    parts: Sequence[Estimate],
    names: Sequence[str],
    tops: Sequence[float],
    basic: Sequence[Estimate],
    count: int,
    rng: np.random.Generator,
    said: list[str] | None = None,
) -> list[Array]:
    """Return draws (rows, count) of quantities above 0 and at most a top, then of basic estimates.

    What comes from one source moves together. Draws outside the range of a quantity are replaced by
    others of the same call, all at once, so that what belongs together stays together.
    """
    every = [*parts, *basic]
    moves = _moves(every, count, rng)
    known = zip(parts, moves[: len(parts)], tops, strict=True)
    out = [_quantity(e, m, top, count) for e, m, top in known]
    good = np.ones(count, dtype=bool)
    for name, draws, top in zip(names, out, tops, strict=True):
        inside = ((draws > 0) & (draws <= top)).all(axis=0)
        share = 1 - float(inside.mean())
        if share > MAX_OUTSIDE:
            raise ValueError(
                f"{name} must be drawn above 0{'' if np.isinf(top) else ' and at most 1'}: "
                f"{share:.0%} of {count:,} draws are not. Narrow it, or pass "
                f"pv.uncertain(..., kind={'lognormal' if np.isinf(top) else 'beta'!r})."
            )
        if share > 0 and said is not None:
            said.append(f"{share:.2%} of the draws of {name} were impossible and were drawn again.")
        good &= inside
    out += [_positive(e, m, count) for e, m in zip(basic, moves[len(parts) :], strict=True)]
    if not good.all():
        at = np.arange(count)
        at[~good] = rng.choice(np.flatnonzero(good), size=int((~good).sum()))
        out = [draws[:, at] for draws in out]
    return out


def _moves(every: Sequence[Estimate], count: int, rng: np.random.Generator) -> list[Moves]:
    """Draw the deviations that each source brings to each estimate."""
    out: list[Moves] = [[] for _ in every]
    sources = dict.fromkeys(block.source for e in every for block in e.blocks)
    for source in sources:
        held = [(i, b) for i, e in enumerate(every) for b in e.blocks if b.source == source]
        drawn = _deviations([block for _, block in held], count, rng)
        for (i, block), moved in zip(held, drawn, strict=True):
            out[i].append((block.scheme.kind, moved))
    return out


def _deviations(blocks: list[Block], count: int, rng: np.random.Generator) -> list[Array]:
    """Draw deviations of the estimates of one source: its replicates, or normal ones."""
    kinds = {block.scheme.kind for block in blocks}
    if len(kinds) == 1 and _is_drawn(blocks[0].scheme.kind):
        replicates = blocks[0].scheme.coefficients.size
        which = rng.integers(0, replicates, count)
        return [
            (block.columns() * np.sqrt(block.scheme.coefficients * replicates))[:, which]
            for block in blocks
        ]
    sizes = [block.df.size for block in blocks]
    joint = _joint(blocks, sizes)
    moved = _normal(joint, count, rng)
    spread = _student(joint.df, count, rng)
    return np.split(moved * spread, np.cumsum(sizes)[:-1])


def _is_drawn(kind: str) -> bool:
    """Tell whether columns are replicates or posterior draws, to be drawn as they are."""
    return "bootstrap" in kind or "posterior draws" in kind


def _joint(blocks: list[Block], sizes: list[int]) -> Block:
    """Put the estimates of several blocks of one source under one another."""
    from scipy.sparse import csr_array

    if len(blocks) == 1:
        return blocks[0]
    total, start = sum(sizes), 0
    out: tuple[Block, ...] = ()
    for block, size in zip(blocks, sizes, strict=True):
        rows = np.arange(start, start + size)
        place = csr_array((np.ones(size), (rows, np.arange(size))), shape=(total, size))
        out = add_blocks(out, (block.combine(place),))
        start += size
    return out[0]


def _normal(block: Block, count: int, rng: np.random.Generator) -> Array:
    """Draw normal deviations with the covariance of a block; nan where there is none."""
    columns, c = block.columns(), block.scheme.coefficients
    good = np.isfinite(columns).all(axis=1)
    out = np.full((columns.shape[0], count), np.nan)
    if columns.shape[0] > columns.shape[1] and (c >= 0).all():
        out[good] = (columns[good] * np.sqrt(c)) @ rng.standard_normal((c.size, count))
        return out
    some = columns[good]
    size = np.abs(some).max(axis=1, initial=0.0)
    size = np.where(size > 0, size, 1.0)
    some = some / size[:, None]
    roots, vectors = np.linalg.eigh((some * c) @ some.T)
    spread = vectors * np.sqrt(np.maximum(roots, 0.0))
    out[good] = size[:, None] * (spread @ rng.standard_normal((roots.size, count)))
    return out


def _student(df: Array, count: int, rng: np.random.Generator) -> Array:
    """Return what makes normal draws Student's, one level of the variance for all estimates."""
    from scipy.special import gammaincinv

    level = rng.random(count)
    out = np.full((df.size, count), np.nan)
    for freedom in np.unique(df):
        if np.isinf(freedom):
            out[df == freedom] = 1.0
        elif freedom > 0:
            chi_square = 2 * gammaincinv(freedom / 2, level)
            out[df == freedom] = np.sqrt(freedom / chi_square)
    return out


def _positive(e: Estimate, moves: Moves, count: int) -> Array:
    """Move estimates on the log scale, by replicates as they are; nan for an estimate of 0."""
    value = np.where(e.value > 0, e.value, np.nan)[:, None]
    out = np.repeat(value, count, axis=1)
    with np.errstate(all="ignore"):
        for kind, moved in moves:
            relative = moved / value
            out *= np.maximum(1 + relative, 0.0) if _is_drawn(kind) else np.exp(relative)
    return out


def _quantity(e: Estimate, moves: Moves, top: float, count: int) -> Array:
    """Draw an adjustment of one row from its own distribution."""
    known = len(moves) == 1 and moves[0][0] == "known" and e.method == "uncertain"
    if known and e.interval_rule in ("wald", "log", "beta-distribution"):
        return _as_stated(e, moves[0][1])
    share = top == 1.0 and 0 < float(e) < 1
    if not (share and moves) or any(_is_drawn(kind) for kind, _ in moves):
        return _positive(e, moves, count)
    value = float(e)
    moved = np.sum([m for _, m in moves], axis=0) / (value * (1 - value))
    return np.asarray(1 / (1 + np.exp(-np.log(value / (1 - value)) - moved)))


def _as_stated(e: Estimate, moved: Array) -> Array:
    """Draw what `prevalence.uncertain` made, through the maps that were applied since."""
    from scipy.special import betaincinv, ndtr

    (block,) = e.blocks
    spread = float(block.columns()[0, 0])
    z = moved / spread if spread else np.zeros_like(moved)
    value = float(np.ravel(e.constants.get("value", e.value))[0])
    error = float(np.ravel(e.constants.get("std_error", e.std_error))[0])
    out: Array
    if e.interval_rule == "wald":
        out = np.asarray(value + error * z)
    elif e.interval_rule == "log":
        out = np.asarray(value * np.exp(error / value * z))
    else:
        out = np.asarray(betaincinv(e.constants["a"], e.constants["b"], ndtr(z)), dtype=float)
    for name, constant in e.maps:
        out = MAPS[name](out, constant if np.ndim(constant) == 0 else np.ravel(constant)[0])
    return np.asarray(out)
