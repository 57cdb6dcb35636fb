"""Confidence intervals: each rule is one function of a value, its standard error and constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import imperfect

__all__ = ["INSTRUMENT_RULES", "PROPORTION_RULES", "RULES", "WORDS"]

Array = NDArray[Any]
Rule = Callable[[Mapping[str, Array], Array, float], Array]
LEAST_DF = 5.0  # that few reports leave (docs/evidence/network-coverage.md)
PRIOR = 0.6  # both parameters of the beta prior of `auto`; 0.5 is Jeffreys' (docs/evidence/rare-events.md)
LENT = 1 / 3  # weight of the borrowed design effect, on the log scale (docs/evidence/instrument.md)


def t_quantile(df: Array, level: float) -> Array:
    """Two-sided Student quantile; the normal one for infinite degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    df = np.asarray(df, dtype=float)
    usable = df > 0
    t = np.where(
        np.isinf(df), ndtri((1 + level) / 2), stdtrit(np.where(usable, df, 1), (1 + level) / 2)
    )
    return np.where(usable, t, np.nan)


# ---------------------------------------------------------------------- means, totals, counts
def wald(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Value -/+ t se; a proportion without a standard error has the limits of `auto`."""
    half = t_quantile(df, level) * c["std_error"]
    out = np.stack([c["value"] - half, c["value"] + half], axis=-1)
    return _or_auto(out, c, df, level)


def log(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Value times or divided by exp(t se / value), for positive quantities.

    A value of 0 has the upper limit of a Poisson count of 0, times the value of one report. Where
    few units carry the variance (`excess`), its degrees of freedom are fewer.
    """
    df = fewer(df, c["excess"]) if "excess" in c else df
    with np.errstate(all="ignore"):
        spread = np.exp(t_quantile(df, level) * c["std_error"] / c["value"])
        out = np.stack([c["value"] / spread, c["value"] * spread], axis=-1)
    return _none_reported(out, c, level)


def moment(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """As `log` for variances, of which `own` tells, and as `wald` for covariances."""
    return np.where(np.asarray(c["own"])[:, None] > 0, log(c, df, level), wald(c, df, level))


def fewer(df: Array, excess: Array) -> Array:
    """Return ``1 / (1 / df + excess)`` degrees of freedom, but no fewer than 5 for that reason."""
    df = np.asarray(df, dtype=float)
    with np.errstate(all="ignore"):
        return np.where(df > 0, np.minimum(df, np.maximum(1 / (1 / df + excess), LEAST_DF)), df)


def dark_figure(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Log-normal interval on what the lists did not see, never below the cases seen (Chao 1987)."""
    unseen = c["value"] - c["seen"]
    with np.errstate(all="ignore"):
        spread = np.exp(t_quantile(df, level) * np.sqrt(np.log1p((c["std_error"] / unseen) ** 2)))
        low, high = c["seen"] + unseen / spread, c["seen"] + unseen * spread
    none = unseen == 0
    return np.stack([np.where(none, c["seen"], low), np.where(none, c["seen"], high)], axis=-1)


def percentile(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Percentiles of the replicates kept with the estimate (rows of `draws`), and the estimate."""
    del df
    tails = [(1 - level) / 2, (1 + level) / 2]
    some = np.isfinite(c["draws"]).any(axis=-1)
    out = np.full((some.size, 2), np.nan)
    if some.any():
        out[some] = np.nanquantile(c["draws"][some], tails, axis=-1, method="median_unbiased").T
    return _none_reported(_around(out, c), c, level)


def _around(out: Array, c: Mapping[str, Array]) -> Array:
    """Widen limits of replicates to the estimate, and raise those below what is known (`floor`)."""
    if "floor" in c:
        out[:, 0] = np.maximum(out[:, 0], c["floor"])
    known = np.isfinite(c["value"]) & np.isfinite(out).all(axis=-1)
    out[known, 0] = np.minimum(out[known, 0], c["value"][known])
    out[known, 1] = np.maximum(out[known, 1], c["value"][known])
    return out


def bca(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Percentiles of the replicates at levels moved for bias and skewness (Efron 1987).

    The bias is read from the share of replicates below the value, the skewness (`acceleration`) from
    a jackknife. Where all replicates lie on one side of the value there is no such correction, and
    the percentiles stand as they are.
    """
    del df
    out = np.full((c["draws"].shape[0], 2), np.nan)
    for row, draws in enumerate(c["draws"]):
        kept = draws[np.isfinite(draws)]
        if kept.size and np.isfinite(c["value"][row]):
            below = float((kept < c["value"][row]).mean())
            at = bca_levels(below, float(c["acceleration"][row]), level)
            out[row] = np.quantile(kept, at, method="median_unbiased")
    return _around(out, c)


def bca_levels(below: ArrayLike, acceleration: float, level: float) -> Array:
    """Return the levels of the replicates at which the limits of `bca` are read, shape (.., 2).

    ``Phi(z0 + s / (1 - a s))`` with ``s = z0 + z``, ``z0`` the normal quantile of the share `below`
    and ``z`` that of the nominal level; beyond the pole of the fraction, 0 or 1.
    """
    from scipy.special import ndtr, ndtri

    z = ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    share = np.asarray(below, dtype=float)[..., None]
    inside = (share > 0) & (share < 1)
    centre = ndtri(np.where(inside, share, 0.5))
    shifted = centre + z
    left = 1 - acceleration * shifted
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(left > 0, shifted / left, np.sign(shifted) * np.inf)
    return np.asarray(np.where(inside, ndtr(centre + moved), ndtr(z)))


def _none_reported(out: Array, c: Mapping[str, Array], level: float) -> Array:
    """Give a value of 0 the upper limit of a Poisson count of 0, times the value of one report.

    With factors that are uncertain, of relative variance v in all (`factor_variance`), the chance of
    no report is that of a gamma-Poisson count, ``(1 + v m) ** (-1 / v)`` for a mean of m.
    """
    if "one_report" in c:
        none, tail = c["value"] == 0, -np.log((1 - level) / 2)
        v = np.asarray(c.get("factor_variance", np.zeros(none.shape)))[none]
        count = np.where(v > 0, np.expm1(v * tail) / np.where(v > 0, v, 1.0), tail)
        out[none] = 0.0
        out[none, 1] = count * c["one_report"][none]
    return out


def profile(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Where the profile likelihood has fallen by half the square of a normal quantile.

    The log of the dark figure is kept with its slope at a grid of signed roots of the fall, and
    read between them by cubics; 0 below and infinite above where the fall is never so large.
    """
    del df
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    if z > float(c["roots"].max()):
        raise ValueError(
            f"level must be at most 0.9999 for profile limits: found {level:g}. They are kept to "
            "there."
        )
    rows = [
        [_between(roots, dark, slopes, at) for at in (-z, z)]
        for roots, dark, slopes in zip(c["roots"], c["dark"], c["slopes"], strict=True)
    ]
    return np.asarray(c["seen"][:, None] + np.array(rows))


def _between(roots: Array, dark: Array, slopes: Array, z: float) -> float:
    """Cubic through log values and slopes at the two roots beside z, none of them across 0."""
    same = np.abs(roots - z) < 1e-9
    if same.any():
        return float(dark[same][0])
    ends = np.flatnonzero(roots * z > 0)
    after = int(np.clip(np.searchsorted(roots[ends], z), 1, ends.size - 1))
    left, right = ends[after - 1], ends[after]
    if not (np.isfinite(slopes[left]) and np.isfinite(slopes[right])):
        return float(dark[left if z < 0 else right])
    width = roots[right] - roots[left]
    t = (z - roots[left]) / width
    low, high = np.log(dark[left]), np.log(dark[right])
    cubic = (2 * t**3 - 3 * t**2 + 1) * low + (3 * t**2 - 2 * t**3) * high
    cubic += width * ((t**3 - 2 * t**2 + t) * slopes[left] + (t**3 - t**2) * slopes[right])
    return float(np.exp(cubic))


def posterior(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Central posterior interval: quantiles (R's type 7) of the draws kept with the estimate."""
    del df
    return np.quantile(c["draws"], [(1 - level) / 2, (1 + level) / 2], axis=-1).T


def beta_distribution(c: Mapping[str, Array], df: Array, level: float) -> Array:
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


# ---------------------------------------------------------------------- proportions
def auto(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Interval of a beta posterior on an effective sample size, one formula at every proportion.

    The limits enclose the value: without a case the lower one is 0, without a non-case the upper
    one is 1.
    """
    from scipy.special import betaincinv

    p = c["value"]
    e = _adjusted(c, df, level)
    a, b, tail = e * p + PRIOR, e * (1 - p) + PRIOR, (1 - level) / 2
    low, high = np.minimum(betaincinv(a, b, tail), p), np.maximum(betaincinv(a, b, 1 - tail), p)
    return _known(c, df, low, high)


def logit(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """On the logit scale, as Stata's and R's xlogit; the limits of `auto` without standard error."""
    p = c["value"]
    with np.errstate(all="ignore"):
        centre = np.log(p / (1 - p))
        half = t_quantile(df, level) * c["std_error"] / (p * (1 - p))
        low, high = (1 / (1 + np.exp(-centre - sign * half)) for sign in (-1, 1))
    return _or_auto(np.stack([low, high], axis=-1), c, df, level)


def arcsine(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """On the scale of asin sqrt p, on which the spread does not depend on p."""
    with np.errstate(all="ignore"):
        half = t_quantile(df, level) / (2 * np.sqrt(_effective(c)))
        centre = np.arcsin(np.sqrt(c["value"]))
        low = np.sin(np.maximum(centre - half, 0.0)) ** 2
        high = np.sin(np.minimum(centre + half, np.pi / 2)) ** 2
    return _known(c, df, low, high)


def clopper_pearson(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Clopper-Pearson on the effective sample size n / deff as it is."""
    return _exact(c, df, level, _effective(c))


def beta(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Clopper-Pearson on the effective sample size adjusted for df, above n too (R's "beta")."""
    return _exact(c, df, level, _adjusted(c, df, level))


def korn_graubard(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Clopper-Pearson on the adjusted effective sample size, never above n."""
    return _exact(c, df, level, np.minimum(_adjusted(c, df, level), c["n"]))


def wilson(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Score interval on n / deff with the Student quantile, as R survey 4.5."""
    return _score(c, df, level, _effective(c))


def wilson_df(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Score interval on the effective sample size adjusted for df as well, as svy."""
    return _score(c, df, level, _adjusted(c, df, level))


def likelihood(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Where the binomial deviance, scaled by the design effect, reaches t squared (Rao and Scott)."""
    n = np.asarray(c["n"], dtype=float)
    with np.errstate(all="ignore"):
        rise = t_quantile(df, level) ** 2 * n / (2 * _effective(c) * (n - 1))
    p = c["value"]
    return _known(c, df, _fallen(p, rise), 1 - _fallen(1 - p, rise))


def _fallen(p: Array, rise: Array) -> Array:
    """Return q below p at which the mean log-likelihood of p has fallen by `rise`.

    On the logit scale the fall is convex and decreases to 0 at p, so that Newton's steps from a
    point left of the root never pass it.
    """
    from scipy.special import xlogy

    with np.errstate(all="ignore"):
        top = xlogy(p, p) + xlogy(1 - p, 1 - p) - rise
        z = np.log(p) - (rise + 1) / p
        for _ in range(100):
            fall = top + p * np.logaddexp(0, -z) + (1 - p) * np.logaddexp(0, z)
            step = np.maximum(fall / (p - 1 / (1 + np.exp(-z))), 0.0)
            z = z + np.where(np.isfinite(step), step, 0.0)
            if not (step > 1e-13 * (1 + np.abs(z))).any():
                break
        return np.where(p > 0, 1 / (1 + np.exp(-z)), 0.0)


def _effective(c: Mapping[str, Array]) -> Array:
    """Effective sample size n / deff."""
    with np.errstate(all="ignore"):
        return np.asarray(c["n"], dtype=float) / c["deff"]


def _adjusted(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Effective sample size times the square of the quantiles' ratio, t(n - 1) / t(df)."""
    n = np.asarray(c["n"], dtype=float)
    return _effective(c) * (t_quantile(n - 1, level) / t_quantile(df, level)) ** 2


def _exact(c: Mapping[str, Array], df: Array, level: float, e: Array) -> Array:
    from scipy.special import betaincinv

    x, rest, tail = c["value"] * e, (1 - c["value"]) * e, (1 - level) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-12), rest + 1, tail), 0.0)
    high = np.where(rest > 0, betaincinv(x + 1, np.maximum(rest, 1e-12), 1 - tail), 1.0)
    return _known(c, df, low, high)


def _score(c: Mapping[str, Array], df: Array, level: float, e: Array) -> Array:
    p, t = c["value"], t_quantile(df, level)
    with np.errstate(all="ignore"):
        scale = 1 / (1 + t**2 / e)
        centre = scale * (p + t**2 / (2 * e))
        half = scale * t * np.sqrt(p * (1 - p) / e + t**2 / (4 * e**2))
    low = np.where(p > 0, np.maximum(centre - half, 0.0), 0.0)
    return _known(c, df, low, np.where(p < 1, np.minimum(centre + half, 1.0), 1.0))


def _known(c: Mapping[str, Array], df: Array, low: Array, high: Array) -> Array:
    """Pair the limits; there are none without a value, a design effect or degrees of freedom."""
    out = np.stack([low, high], axis=-1)
    out[~(np.isfinite(c["value"]) & (df > 0) & np.isfinite(c["deff"]))] = np.nan
    return out


def _or_auto(out: Array, c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Fill the rows of a proportion that have no standard error, or one of 0, by `auto`."""
    if "deff" not in c:
        return out
    bare = np.isfinite(c["value"]) & ~(c["std_error"] > 0)
    return np.where(bare[..., None], auto(c, df, level), out) if bare.any() else out


# ---------------------------------------------------------------------- an instrument that errs
def _holding_value(rule: Rule) -> Rule:
    """Make limits hold the value within 0 and 1; none without a value or what they rest on."""

    @wraps(rule)
    def limits(c: Mapping[str, Array], df: Array, level: float) -> Array:
        n = np.asarray(c["n"], dtype=float)
        whole = np.isfinite(c["value"]) & (c["apparent_df"] > 0) & np.isfinite(c["deff"]) & (n > 1)
        out = np.full((whole.size, 2), np.nan)
        if whole.any():
            some = {name: np.asarray(x)[whole] for name, x in c.items()}
            found = rule(some, np.broadcast_to(df, whole.shape)[whole], level)
            value = np.clip(some["value"], 0.0, 1.0)
            low, high = np.minimum(found[:, 0], value), np.maximum(found[:, 1], value)
            out[whole] = np.stack([low, high], axis=-1)
        return out

    return limits


@_holding_value
def rogan_gladen(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Central limits of the corrected share, whose three shares are beta posteriors as in `auto`.

    The apparent share's design effect is its own, times the third root of the borrowed one over it.
    Where the share is more likely below 0 than above (above 1 than below), the limit goes over to
    that of the posterior with uniform priors, wholly where it would end at 0 (1): a survey that
    contradicts the validation study does not show that there are no cases.
    """
    del df
    own = c["n"] / _own_size(c)
    e = _fitted(c, own * (c["deff"] / own) ** LENT, level)
    x, rest, of = e * c["apparent"], e * (1 - c["apparent"]), _instrument(c, level)
    law = imperfect.Law(x + PRIOR, rest + PRIOR)
    out = imperfect.limits(law, of, level, prior=PRIOR)
    # nearer 0 than not, and to 1: towards the posterior, which cannot end where it begins
    over = imperfect.beyond(law, of, prior=PRIOR)
    share = np.clip((over - 0.5) / (level / 2), 0.0, 1.0)
    some = np.flatnonzero((share > 0).any(axis=1))
    if some.size:
        law, of = (
            imperfect.Law(x[some] + 1, rest[some] + 1),
            imperfect.Instrument(*(r[some] for r in of)),
        )
        inside = imperfect.bayes(law, of, level)
        out[some, 1] += share[some, 0] * np.maximum(inside[:, 1] - out[some, 1], 0.0)
        out[some, 0] += share[some, 1] * np.minimum(inside[:, 0] - out[some, 0], 0.0)
    return out


def delta(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Value -/+ t se by the delta method; without a standard error the limits of `rogan_gladen`."""
    out = wald({"value": c["value"], "std_error": c["std_error"]}, df, level)
    bare = np.isfinite(c["value"]) & ~(c["std_error"] > 0)
    return np.where(bare[:, None], rogan_gladen(c, df, level), out) if bare.any() else out


@_holding_value
def lang_reiczigel(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Lang and Reiczigel's limits on the apparent share's own effective sample size."""
    z = t_quantile(np.where(df > 0, df, c["apparent_df"]), level)
    return imperfect.lang_reiczigel(c["apparent"], _own_size(c), _instrument(c, level), z)


@_holding_value
def melding(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Bayer, Fay and Graubard's limits on Korn and Graubard's effective sample size."""
    del df
    e = np.minimum(_fitted(c, c["n"] / _own_size(c), level), c["n"])
    x, rest = e * c["apparent"], e * (1 - c["apparent"])
    low, high = imperfect.Law(x, rest + 1), imperfect.Law(x + 1, rest)
    return imperfect.melding(low, high, _instrument(c, level), level)


@_holding_value
def melding_poisson(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Bayer, Fay and Graubard's limits for a Poisson number of positives, each of weight 1/e."""
    del df
    e = np.minimum(_fitted(c, c["n"] / _own_size(c), level), c["n"])
    low, high = (imperfect.Law(e * c["apparent"] + more, e, gamma=True) for more in (0, 1))
    return imperfect.melding(low, high, _instrument(c, level), level)


@_holding_value
def instrument_bayes(c: Mapping[str, Array], df: Array, level: float) -> Array:
    """Central posterior limits with uniform priors, on the effective sample size."""
    del df
    e = _fitted(c, c["n"] / _own_size(c), level)
    law = imperfect.Law(e * c["apparent"] + 1, e * (1 - c["apparent"]) + 1)
    return imperfect.bayes(law, _instrument(c, level), level)


def _own_size(c: Mapping[str, Array]) -> Array:
    """Effective sample size p (1 - p) / V of the apparent share; n / deff where it has none."""
    p, error = c["apparent"], c["apparent_error"]
    with np.errstate(all="ignore"):
        own = p * (1 - p) / error**2
        return np.where((own > 0) & np.isfinite(own), own, c["n"] / c["deff"])


def _fitted(c: Mapping[str, Array], deff: Array, level: float) -> Array:
    """Effective sample size adjusted for the design's degrees of freedom, which may be infinite."""
    n, df = np.asarray(c["n"], dtype=float), c["apparent_df"]
    return n / deff * _fewer_df(n, df, level)


def _fewer_df(n: Array, df: Array, level: float) -> Array:
    with np.errstate(all="ignore"):
        ratio = (t_quantile(n - 1, level) / t_quantile(df, level)) ** 2
    return np.where(np.isinf(df) | np.isinf(n), 1.0, ratio)


def _instrument(c: Mapping[str, Array], level: float) -> imperfect.Instrument:
    """Return sensitivity and specificity with their effective sample sizes."""
    parts = []
    for name in ("sensitivity", "specificity"):
        n = np.asarray(c[f"{name}_n"], dtype=float)
        parts += [c[name], n * _fewer_df(n, c[f"{name}_df"], level)]
    return imperfect.Instrument(*parts)


INSTRUMENT_RULES: dict[str, Rule] = {
    "rogan-gladen": rogan_gladen,
    "delta": delta,
    "lang-reiczigel": lang_reiczigel,
    "melding": melding,
    "melding-poisson": melding_poisson,
    "instrument-bayes": instrument_bayes,
}
PROPORTION_RULES: dict[str, Rule] = {
    "auto": auto,
    "logit": logit,
    "korn-graubard": korn_graubard,
    "beta": beta,
    "wilson": wilson,
    "wilson-df": wilson_df,
    "clopper-pearson": clopper_pearson,
    "likelihood": likelihood,
    "arcsine": arcsine,
    "wald": wald,
}
RULES: dict[str, Rule] = {
    **PROPORTION_RULES,
    **INSTRUMENT_RULES,
    "log": log,
    "moment": moment,
    "dark-figure": dark_figure,
    "percentile": percentile,
    "bca": bca,
    "profile": profile,
    "posterior": posterior,
    "beta-distribution": beta_distribution,
    "woodruff": woodruff,
}
EFFECTIVE = "on an effective sample size, n over the design effect"
WORDS = {  # what a reader is told of each rule
    "auto": f"Intervals are those of a beta posterior (near Jeffreys') {EFFECTIVE}, adjusted for "
    "the degrees of freedom. With few cases the design effect is the largest of 1, the row's own "
    "and the borrowed one; a common outcome keeps its own.",
    "logit": "Intervals are symmetric on the logit scale and brought back to shares.",
    "korn-graubard": f"Intervals are those of Korn and Graubard: Clopper-Pearson limits {EFFECTIVE}, "
    "adjusted for the degrees of freedom and never above n.",
    "beta": f"Intervals are Clopper-Pearson limits {EFFECTIVE}, adjusted for the degrees of freedom.",
    "clopper-pearson": f"Intervals are Clopper-Pearson limits {EFFECTIVE}.",
    "wilson": f"Intervals are Wilson's score limits {EFFECTIVE}, with a Student quantile.",
    "wilson-df": f"Intervals are Wilson's score limits {EFFECTIVE}, adjusted for the degrees of "
    "freedom, with a Student quantile.",
    "likelihood": "Intervals end where the binomial deviance over the design effect reaches the "
    "square of a Student quantile.",
    "arcsine": "Intervals are symmetric on the arcsine scale and brought back to shares.",
    "wald": "Intervals are the estimate plus and minus a Student quantile times the standard error.",
    "log": "Intervals are symmetric on the log scale and brought back, so they stay positive.",
    "moment": "Intervals of variances are symmetric on the log scale, with fewer degrees of freedom "
    "where few primary units carry them; those of covariances are symmetric.",
    "dark-figure": "Intervals are log-normal on the number that no list saw, so the lower limit "
    "is never below the number seen.",
    "percentile": "Intervals are percentiles of the replicated estimates, widened to the estimate "
    "where it lies beyond them.",
    "bca": "Intervals are percentiles of the replicated estimates, corrected for bias and skewness "
    "(BCa).",
    "profile": "Intervals end where the profile likelihood of the population size, under the "
    "multinomial law of the capture histories, has fallen by half the square of a normal quantile.",
    "posterior": "Intervals are central posterior intervals: quantiles of the draws.",
    "beta-distribution": "Intervals are central intervals of a beta distribution.",
    "rogan-gladen": "Intervals are quantiles of the corrected share, 0 below and 1 above: apparent "
    "share, sensitivity and specificity are beta posteriors (near Jeffreys') on effective sample "
    "sizes. The apparent share's design effect leans a third of the way to the borrowed one.",
    "delta": "Intervals are the estimate plus and minus a Student quantile times the delta method's "
    "standard error; rows without one have those of beta posteriors.",
    "lang-reiczigel": f"Intervals are Lang and Reiczigel's {EFFECTIVE}, within 0 and 1.",
    "melding": "Intervals are melded (Bayer, Fay and Graubard): each limit takes the Clopper-Pearson "
    f"distributions that move it outwards, {EFFECTIVE} as Korn and Graubard's.",
    "melding-poisson": "Intervals are melded (Bayer, Fay and Graubard), positives being a Poisson "
    f"count {EFFECTIVE} as Korn and Graubard's.",
    "instrument-bayes": "Intervals are central posterior intervals with uniform priors on share, "
    f"sensitivity and specificity, {EFFECTIVE}.",
    "woodruff": "Intervals are Woodruff's: limits of the distribution function at the quantile, "
    "read back as values of the outcome.",
}
