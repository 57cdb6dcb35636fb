"""Posterior draws in an estimate: one column per draw, paired with their own fit and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Columns
from .chain import plain
from .estimate import Estimate

__all__ = ["from_draws"]

Array = NDArray[Any]
KIND, INDEPENDENT = "posterior draws", "posterior draws, taken as independent"


def from_draws(
    draws: Array, *, source: str, kind: str = KIND, point: str = "mean", **parts: Any
) -> Estimate:
    """Return an estimate whose rows are quantities of one posterior, from their draws (rows, draws).

    The value is the posterior mean, or the median (`point`), and so it is for what is computed from
    the estimate; the standard error is the posterior standard deviation.
    """
    value, block = _summary(draws, source, kind, point)
    constants = {**_kept(draws, point), **parts.pop("constants", {})}
    return Estimate(value, (block,), interval_rule="posterior", constants=constants, **parts)


def _kept(draws: Array, point: str) -> dict[str, Array]:
    """Return what an estimate keeps of its draws: themselves, and that its value is their median."""
    return {"draws": draws, **({"median": np.ones(len(draws))} if point == "median" else {})}


def _summary(draws: Array, source: str, kind: str, point: str) -> tuple[Array, Block]:
    mean, count = draws.mean(axis=1), draws.shape[1]
    value = np.median(draws, axis=1) if point == "median" else mean
    labels = tuple(map(str, range(count)))
    scheme = Columns(source, kind, np.full(count, 1 / (count - 1)), labels)
    df = np.full(value.size, np.inf)
    return value, Block(plain(draws - mean[:, None]), scheme, df)


def draws_of(e: Any) -> Array | None:
    """Return the draws (rows, draws) of an estimate that is made of those of one fit alone."""
    if isinstance(e, Estimate) and e.interval_rule == "posterior":
        return np.asarray(e.constants["draws"])
    return None


def redrawn(e: Estimate, draws: Array, **fields: Any) -> Estimate:
    """Return an estimate with other draws of the same fit."""
    scheme = e.blocks[0].scheme
    point = "median" if "median" in e.constants else "mean"
    value, block = _summary(draws, scheme.source, scheme.kind, point)
    return replace(e, value=value, blocks=(block,), constants=_kept(draws, point), **fields)


def is_drawn(block: Block) -> bool:
    """Tell whether a block holds posterior draws."""
    return block.scheme.kind in (KIND, INDEPENDENT)


def check_apart(a: Estimate, b: Estimate) -> None:
    """Raise where posterior draws would meet columns that they have no pairing with."""
    if other := _unpaired(a, b):
        what = "draws of another fit" if is_drawn(other[0]) else "columns of another source"
        raise ValueError(
            "posterior draws must not be combined with an estimate that they do not pair "
            f"with: found {what}, and their covariance is not known. Where the two are "
            "independent, write e.assume_independent(reason) for the estimate with draws."
        )


def paired_with(a: Estimate, b: Estimate) -> bool:
    """Tell whether the covariance of two estimates is known."""
    return not _unpaired(*agreed(a, b))


def _unpaired(a: Estimate, b: Estimate) -> list[Block]:
    """Return blocks that posterior draws of the other estimate have no pairing with."""
    return [
        x
        for one, two in ((a, b), (b, a))
        for block in one.blocks
        if block.scheme.kind == KIND
        for x in two.blocks
        if x.source != block.source and x.scheme.kind not in ("known", INDEPENDENT)
    ]


def agreed(a: Estimate, b: Estimate) -> tuple[Estimate, Estimate]:
    """Mark draws of one fit as taken for independent in both estimates where they are in one."""
    marked = {
        block.source for e in (a, b) for block in e.blocks if block.scheme.kind == INDEPENDENT
    }
    return (_marked(a, marked), _marked(b, marked)) if marked else (a, b)


def _marked(e: Estimate, sources: set[str]) -> Estimate:
    return replace(e, blocks=tuple(_renamed(b) if b.source in sources else b for b in e.blocks))


def _renamed(block: Block) -> Block:
    if block.scheme.kind == INDEPENDENT:
        return block
    s = block.scheme
    scheme = Columns(s.source, INDEPENDENT, s.coefficients, s.labels)
    return Block(block.influence, scheme, block.df)


def independent(e: Estimate, reason: str) -> Estimate:
    """Return an estimate whose draws may meet other sources, with the reason among its assumptions."""
    drawn = {block.source for block in e.blocks if is_drawn(block)}
    if not drawn:
        raise ValueError(
            "assume_independent is for posterior draws: this estimate has none. Call it on the "
            "estimate that a fitted model gave."
        )
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(
            "reason must say why the estimates are independent: found an empty text. Write one "
            "sentence."
        )
    said = f"Independent of what it is combined with: {reason.strip()}"
    return replace(_marked(e, drawn), assumptions=(*e.assumptions, said))
