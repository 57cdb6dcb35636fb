"""Whether draws are good enough to be summarised: a table of them, the worst of it, and refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import mcmc
from .errors import ConvergenceError, note

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_converged", "diagnostics", "stacked", "worst"]

Array = NDArray[np.float64]
# Beyond these a fit is not summarised; above 1.01 and below 400 it is flagged.
MAX_RHAT, MIN_ESS = 1.05, 100


def diagnostics(names: Sequence[str], draws: Array) -> pd.DataFrame:
    """Return one row per quantity of draws (chains, draws, quantities): how well each is known."""
    import pandas as pd

    return pd.DataFrame(
        {
            "parameter": list(names),
            "mean": draws.mean(axis=(0, 1)),
            "sd": draws.std(axis=(0, 1), ddof=1),
            "mcse": mcmc.mcse(draws),
            "ess_bulk": mcmc.ess(draws),
            "ess_tail": mcmc.ess(draws, "tail"),
            "rhat": mcmc.rhat(draws),
        }
    )


def stacked(fits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the draws (chains, draws, ...) of several fits, chain after chain."""
    first = fits[0]
    for other in fits[1:]:
        if list(other) != list(first) or any(
            other[name].shape[1:] != first[name].shape[1:] for name in first
        ):
            raise ValueError(
                "others must have the same parameters and as many draws in each chain: found other "
                "ones. Fit all with the same draws=."
            )
    seen = [next(iter(fit.values())).tobytes() for fit in fits]
    if len(set(seen)) < len(seen):
        raise ValueError(
            f"others must have draws of their own: {len(seen) - len(set(seen))} of {len(seen)} fits "
            "repeat those of another. Fit each from another seed."
        )
    return {name: np.concatenate([fit[name] for fit in fits]) for name in first}


def worst(
    table: pd.DataFrame, summarised: pd.Series[bool], fixed: pd.Series[bool]
) -> pd.Series[Any] | None:
    """Return the row of the quantity known least, None where all are known well enough.

    Every R-hat counts, and so does what never moved, unless it may be `fixed`; effective draws count
    for what is `summarised`.
    """
    few = (table[["ess_bulk", "ess_tail"]].min(axis=1) < MIN_ESS) & summarised
    stuck = table["rhat"].isna() & ~fixed
    bad = table[stuck | (table["rhat"] > MAX_RHAT) | few]
    return None if bad.empty else bad.iloc[int(np.argmax(bad["rhat"].fillna(np.inf).to_numpy()))]


def check_converged(least: pd.Series[Any] | None, unconverged: bool, remedy: str) -> list[str]:
    """Refuse draws of which one quantity is known too little, or warn where they are wanted so.

    `least` is what `worst` found; `remedy` begins a list of what to do. Returns what was said.
    """
    if least is None:
        return []
    found = f"the draws have not converged: {_told(least)}"
    if unconverged:
        said: list[str] = []
        note(said, f"{found}. The numbers would move with other seeds.")
        return said
    raise ConvergenceError(
        f"{found}. {remedy}, or pass unconverged=True to have the numbers with that warning."
    )


def _told(row: pd.Series[Any]) -> str:
    """Say of a parameter what it misses: movement, agreement of its chains, effective draws."""
    name, draws = row["parameter"], min(row["ess_bulk"], row["ess_tail"])
    if np.isnan(row["rhat"]):
        return f"{name!r} never moved"
    if row["rhat"] > MAX_RHAT:
        return f"R-hat of {name!r} is {row['rhat']:.3f} (at most {MAX_RHAT})"
    return (
        f"the draws of {name!r} are worth {draws:.0f} independent ones (at least {MIN_ESS}), with an "
        f"R-hat of {row['rhat']:.3f}"
    )
