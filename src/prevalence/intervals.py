"""Confidence intervals: each rule is one function of a value, its standard error and constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RULES"]

Array = NDArray[Any]
Rule = Callable[[Mapping[str, Array], Array, float], Array]


def t_quantile(df: Array, level: float) -> Array:
    """Two-sided Student quantile; the normal one for infinite degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    df = np.asarray(df, dtype=float)
    usable = df > 0
    t = np.where(
        np.isinf(df), ndtri((1 + level) / 2), stdtrit(np.where(usable, df, 1), (1 + level) / 2)
    )
    return np.where(usable, t, np.nan)


def wald(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Value -/+ t se, for means and totals."""
    half = t_quantile(df, level) * c["std_error"]
    return np.stack([c["value"] - half, c["value"] + half], axis=-1)


def log(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Value times or divided by exp(t se / value), for positive quantities.

    A value of 0 has the upper limit of a Poisson count of 0, times the value of one report.
    """
    with np.errstate(all="ignore"):
        spread = np.exp(t_quantile(df, level) * c["std_error"] / c["value"])
        out = np.stack([c["value"] / spread, c["value"] * spread], axis=-1)
    if "one_report" in c:
        none = c["value"] == 0
        out[none] = 0.0
        out[none, 1] = -np.log((1 - level) / 2) * c["one_report"][none]
    return out


def logit(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """On the logit scale, as Stata's and R's xlogit."""
    p = c["value"]
    with np.errstate(all="ignore"):
        centre = np.log(p / (1 - p))
        half = t_quantile(df, level) * c["std_error"] / (p * (1 - p))
        return np.stack(
            [1 / (1 + np.exp(-(centre - half))), 1 / (1 + np.exp(-(centre + half)))], axis=-1
        )


def _effective(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Effective sample size n / deff, adjusted for the degrees of freedom."""
    n = np.asarray(c["n"], dtype=float)
    with np.errstate(all="ignore"):
        return n / c["deff"] * (t_quantile(n - 1, level) / t_quantile(df, level)) ** 2


def korn_graubard(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Clopper-Pearson on the effective sample size, never above n (Korn and Graubard 1998)."""
    from scipy.special import betaincinv

    e = np.minimum(_effective(c, df, level), c["n"])
    x, tail = c["value"] * e, (1 - level) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-12), e - x + 1, tail), 0.0)
    high = np.where(x < e, betaincinv(x + 1, np.maximum(e - x, 1e-12), 1 - tail), 1.0)
    return _known(c, df, np.stack([low, high], axis=-1))


def auto(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Jeffreys' interval on an effective sample size, one formula at every proportion.

    The design effect is the largest of 1, the estimate's own and the borrowed one. The limits
    enclose the value: without a case the lower one is 0, without a non-case the upper one is 1.
    """
    from scipy.special import betaincinv

    e = _effective(c, df, level)
    x, tail = c["value"] * e, (1 - level) / 2
    low = np.minimum(betaincinv(x + 0.5, e - x + 0.5, tail), c["value"])
    high = np.maximum(betaincinv(x + 0.5, e - x + 0.5, 1 - tail), c["value"])
    return _known(c, df, np.stack([low, high], axis=-1))


def _known(c: Mapping[str, Array], df: Array, out: Array) -> Array:
    bad = ~(np.isfinite(c["value"]) & (df > 0) & np.isfinite(c["deff"]))
    out[bad] = np.nan
    return out


def dark_figure(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Log-normal interval on what the lists did not see, never below the cases seen (Chao 1987)."""
    unseen = c["value"] - c["seen"]
    with np.errstate(all="ignore"):
        spread = np.exp(t_quantile(df, level) * np.sqrt(np.log1p((c["std_error"] / unseen) ** 2)))
        low, high = c["seen"] + unseen / spread, c["seen"] + unseen * spread
    none = unseen == 0
    return np.stack([np.where(none, c["seen"], low), np.where(none, c["seen"], high)], axis=-1)


def percentile(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Percentiles of the replicates kept with the estimate (rows of `draws`)."""
    del df
    tails = [(1 - level) / 2, (1 + level) / 2]
    return np.nanquantile(c["draws"], tails, axis=-1, method="median_unbiased").T


def beta(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Central interval of a beta distribution with parameters a and b."""
    from scipy.special import betaincinv

    del df
    tail = (1 - level) / 2
    return np.stack(
        [betaincinv(c["a"], c["b"], tail), betaincinv(c["a"], c["b"], 1 - tail)], axis=-1
    )


def woodruff(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Limits read from the distribution function when the quantile was estimated."""
    del df
    levels = c["levels"][0]
    at = np.flatnonzero(np.abs(levels - level) < 1e-9)
    if at.size == 0:
        raise ValueError(
            f"level must be one that the limits of this quantile were made at: {level:g} is not "
            f"among {', '.join(f'{x:g}' for x in np.sort(levels))}. Call pv.direct.quantile(..., "
            f"level={level:g})."
        )
    return c["limits"][:, at[0]]


RULES: dict[str, Rule] = {
    "auto": auto,
    "logit": logit,
    "korn-graubard": korn_graubard,
    "wald": wald,
    "log": log,
    "dark-figure": dark_figure,
    "percentile": percentile,
    "beta": beta,
    "woodruff": woodruff,
}
