"""What `assemble` is given of a bootstrap or a jackknife of a whole procedure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import generator
from ..lists import Lists
from ..replication import MAX_FAILED, Replicates
from .resampling import Procedure, Resampled, parametric_counts, resample
from .terms import together

INTERVALS = ("bca", "percentile", "jackknife")  # of replicates or deletions


def resampled(lists: Lists, procedure: Procedure, interval: str) -> dict[str, Any]:
    """Put the lists, without each person and resampled, through a procedure.

    Returns the arguments of `assemble` on uncertainty: the replicates, the rule with its constants
    and what must be said of the ends, or the jackknife's standard error. `procedure` goes from
    tables (C, B) to population sizes (B,) or (rows, B) and repeats every choice.
    """
    if interval == "jackknife":
        return _jackknife(lists, resample(procedure, lists.counts))
    if lists.scheme is None:
        raise ValueError(
            f"interval must not be {interval!r} for lists without a bootstrap: they have no "
            "replicates. Call .bootstrap(1000, rng=1) on the lists first, or take 'jackknife'."
        )
    found = resample(procedure, lists.counts, lists.scheme.factors)
    if found.failed > MAX_FAILED * lists.scheme.scale.size:
        raise ValueError(
            f"replicates must have a model that fits in at least {100 * (1 - MAX_FAILED):.0f} % of resamples: "
            f"{found.failed:,} of {lists.scheme.scale.size:,} have none. Merge lists that share few "
            "persons, or declare fewer pairs."
        )
    return {
        "replicated": found.draws,
        "interval": interval,
        "constants": {"acceleration": found.jackknife.acceleration} if interval == "bca" else {},
        "said": found.warnings(interval),
        "provenance": {"variance": replicates_said(lists.scheme.kind, found, interval)},
    }


def replicates_said(kind: str, found: Resampled, interval: str) -> str:
    """Say what was resampled, and how far other draws would move the limits of the first row."""
    kind = kind.split(maxsplit=1)[0]
    low, high = (float(f"{x:.2g}") for x in found.monte_carlo_error(interval)[0])
    return (
        f"{kind} bootstrap of the whole procedure (other draws of {found.draws.shape[1]:,} "
        f"replicates would move the 95 % limits by about {low:,g} and {high:,g})"
    )


def _jackknife(lists: Lists, found: Resampled) -> dict[str, Any]:
    lost = found.jackknife.failed
    if lost.any():
        row = int(found.jackknife.cells[lost][0])
        raise ValueError(
            "interval must not be 'jackknife' where a deletion has no estimate: "
            f"{int(lost.sum())} of {lost.size} histories have none without one of their persons "
            f"(first: {together(lists, np.flatnonzero(lists.histories[row]))}). Take a bootstrap."
        )
    return {
        "std_error": found.jackknife.std_error,
        "interval": "dark-figure",
        "provenance": {
            "variance": "jackknife of the whole procedure, one person left out at a time"
        },
    }


def parametric(
    lists: Lists,
    fitted: npt.ArrayLike,
    dark: float,
    replicates: int,
    rng: int | np.random.Generator | None,
) -> Lists:
    """Return the lists with tables drawn from a fitted model as their bootstrap."""
    random = generator(rng)
    token = f"{int(random.integers(2**63)):016x}"
    drawn = parametric_counts(fitted, dark, replicates, random)
    kind = f"parametric bootstrap R={replicates} draw={token}"
    made = Replicates(drawn, np.full(replicates, 1 / replicates), lists.source, kind, ())
    return lists._replace(scheme=made, pattern_draws=None)
