"""From our estimates and tests to arrays named as in the survey reference.

estimate, se, vcov, cv, df, ci_t and deff of estimates; what quantiles, shares, models and tests
have of their own besides. `ci_t` are R's symmetric limits on the design's degrees of freedom, so
it is told only where ours have the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import prevalence as pv

__all__ = ["told", "told_model", "told_parts", "told_quantiles", "told_share", "told_test"]

Fields = dict[str, Any]
INTERVALS = {  # of svyciprop
    "logit": "logit",
    "xlogit": "logit",
    "likelihood": "likelihood",
    "asin": "arcsine",
    "beta": "beta",
    "mean": "wald",
    "wilson": "wilson",
}
STATISTICS = {"Chisq": "chi-square", "Wald": "wald", "adjWald": "adjusted-wald"}


def told(e: pv.Estimate, value: Mapping[str, Any]) -> Fields:
    """Return what an estimate tells, in the reference's order of domains."""
    e = ordered(e, value["keys"]) if "keys" in value else e
    out: Fields = {"estimate": e.value, "se": e.std_error, "vcov": e.covariance}
    out["cv"] = e.to_frame()["cv"].to_numpy()
    if (e.df == value["df"]).all() or "keys" not in value:  # else ours are those of the domains
        out["df"] = e.df
        if e.interval_rule == "wald" and {name for name, _ in e.maps} <= {"multiply", "add"}:
            out["ci_t"] = e.interval()
    if "deff" in value:
        out["deff"] = e.facts["deff"]
    return out


def ordered(e: pv.Estimate, keys: Mapping[str, Any]) -> pv.Estimate:
    """Return the rows of an estimate in the order of the reference's domains."""
    wanted = list(
        zip(*(np.atleast_1d(column).astype(str) for column in keys.values()), strict=True)
    )
    place = {(o, *label): k for k, (o, label) in enumerate(zip(e.outcomes, e.labels, strict=True))}
    names = dict.fromkeys(e.outcomes)
    return e.take(np.array([place[(name, *label)] for name in names for label in wanted]))


def told_parts(parts: Sequence[pv.Estimate], value: Mapping[str, Any]) -> Fields:
    """Return what estimates of one survey tell together: their covariance is in their columns."""
    each = [told(e, value) for e in parts]
    columns = [next(iter(e.columns.values())) for e in parts]
    stacked = np.concatenate([c for c, _ in columns])
    shared = set.intersection(*(set(one) for one in each)) - {"vcov"}
    out = {name: np.concatenate([one[name] for one in each]) for name in shared}
    return {**out, "vcov": (stacked * columns[0][1]) @ stacked.T}


def told_quantiles(d: pv.Survey, outcome: str, q: Sequence[float], **how: Any) -> Fields:
    """Return quantiles with their limits and standard errors."""
    e = pv.direct.quantile(d, outcome, list(q), **how)
    low, high = e.interval().T
    return {
        "probs": np.array(q),
        "quantile": e.value,
        "ci_low": low,
        "ci_high": high,
        "se": e.std_error,
        "df": e.df,
    }


def told_share(d: pv.Survey, outcome: str, method: str, where: str | None = None) -> Fields:
    """Return a proportion with the limits of a method of svyciprop."""
    e = pv.direct.prevalence(d, outcome, interval=INTERVALS[method], where=where)
    limits = e.interval()[0]
    if method == "logit" and d.scheme is not None:  # R fits its model to every replicate
        y, ones = d.table.numeric(outcome, "outcome"), np.ones(len(d))
        logit = d.estimate(lambda w: np.log((y @ w) / ((ones - y) @ w)))
        limits = 1 / (1 + np.exp(-logit.interval()[0]))
    return {"estimate": e.value, "se": e.std_error, "ci": limits, "df": e.df}


def told_model(d: pv.Survey, outcome: str, predictors: list[str], family: str) -> Fields:
    """Return coefficients with their tests."""
    e = pv.direct.regression(d, outcome, predictors, family=family)
    tests = [pv.direct.wald_test(e, rows=k) for k in range(len(e))]
    return {
        "estimate": e.value,
        "se": e.std_error,
        "vcov": e.covariance,
        "t": e.value / e.std_error,
        "p": np.array([t.p_value for t in tests]),
        "df_residual": e.df,
        "ci_t": e.interval(),
    }


def told_test(d: pv.Survey, row: str, column: str, statistic: str) -> Fields:
    """Return a test of independence."""
    test = pv.direct.chi_square(d, row, column, statistic=STATISTICS.get(statistic, statistic))
    parameter = {"Chisq": [test.df], "lincom": [], "saddlepoint": []}
    return {
        "statistic": test.statistic,
        "parameter": parameter.get(statistic, [test.df, test.ddf]),
        "p_value": test.p_value,
    }
