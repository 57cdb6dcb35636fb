"""Peers of surveys and weights: svy, samplics, R's survey and srvyr, each on the same columns.

Each function returns calls by what they do, whose results are the numbers in the order of ours: the
estimates of all variables, then their standard errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import r
from .machine import installed, r_versions, version
from .table import Peer

Call = Callable[[], Any]
DESIGN = r"""
suppressMessages(library(survey))
p <- size[2]
d <- data.frame(take(size[1], p + 4))
names(d) <- c("stratum", "psu", "w", "domain", paste0("y", seq_len(p) - 1))
f <- reformulate(paste0("y", seq_len(p) - 1))
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
both <- function(m) c(coef(m), SE(m))
"""
LINEAR = (
    DESIGN
    + r"""
tasks$mean <- function() both(svymean(f, s))
tasks$both <- function() c(both(svymean(f, s)), both(svytotal(f, s)))
tasks$domain <- function() {
  m <- svyby(f, ~domain, s, svymean)
  c(unlist(m[, 1 + seq_len(p)]), unlist(SE(m)))
}
"""
)
SRVYR = r"""
suppressMessages({library(srvyr); library(dplyr)})
p <- size[2]
d <- data.frame(take(size[1], p + 4))
names(d) <- c("stratum", "psu", "w", "domain", paste0("y", seq_len(p) - 1))
s <- as_survey_design(d, ids = psu, strata = stratum, weights = w)
tasks$mean <- function() {
  m <- unlist(summarise(s, across(starts_with("y"), ~survey_mean(.x))))
  c(m[c(TRUE, FALSE)], m[c(FALSE, TRUE)])
}
"""
REPLICATED = r"""
suppressMessages(library(survey))
n <- size[1]; p <- size[2]; units <- size[3]; runs <- size[4]
d <- data.frame(take(n, p + 4))
names(d) <- c("stratum", "psu", "w", "domain", paste0("y", seq_len(p) - 1))
factors <- take(units, runs)
f <- reformulate(paste0("y", seq_len(p) - 1))
s <- svrepdesign(data = d, weights = ~w, repweights = factors[d$psu + 1, ], type = "other",
                 scale = 1 / runs, rscales = rep(1, runs), mse = FALSE, combined.weights = FALSE)
tasks$mean <- function() { m <- svymean(f, s); c(coef(m), SE(m)) }
"""
RAKING = r"""
suppressMessages(library(survey))
k <- size[2]
d <- data.frame(take(size[1], k + 3))
names(d) <- c("stratum", "psu", "w", paste0("m", seq_len(k) - 1))
wanted <- lapply(size[-(1:2)], function(levels) take(levels, 1)[, 1])
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
margins <- lapply(names(d)[-(1:3)], function(name) as.formula(paste0("~", name)))
totals <- lapply(seq_len(k), function(j) {
  one <- data.frame(seq_along(wanted[[j]]) - 1, Freq = wanted[[j]])
  setNames(one, c(names(d)[3 + j], "Freq"))
})
tasks$rake <- function() {
  weights(rake(s, margins, totals, control = list(maxit = 2000, epsilon = 1e-10)))[seq(1, size[1], 1000)]
}
"""
SAME: dict[str, Any] = {"rtol": 1e-7, "atol": 0.0}


def same(ours: Any, theirs: Any) -> bool:
    """Compare estimates and standard errors: all of them to seven digits."""
    return bool(np.allclose(ours, theirs, **SAME))


def numbers(*estimates: Any) -> Any:
    """Return the numbers of our estimates in the order of the peers'."""
    return np.concatenate([part for one in estimates for part in (one.value, one.std_error)])


def svy_sample(frame: pd.DataFrame, **design: Any) -> Any:
    """Return svy's sample of a frame."""
    import polars as pl
    import svy

    design = design or {"stratum": "stratum", "psu": "psu", "wgt": "w"}
    return svy.Sample(pl.from_pandas(frame), svy.Design(**design))


def svy_made(estimator: Any, names: Sequence[str], **how: Any) -> list[Any]:
    """Call an estimator of svy, one variable at a call, without making frames of what it found."""
    return [estimator(name, **how) for name in names]


def svy_numbers(made: Sequence[Any]) -> Any:
    """Return the estimates of svy's results, then their standard errors."""
    found = [one.to_polars() for one in made]
    return np.concatenate([frame[column].to_numpy() for column in ("est", "se") for frame in found])


def same_svy(ours: Any, theirs: Any) -> bool:
    """Compare ours with svy's results."""
    return same(ours, svy_numbers(theirs))


def svy(call: Call, *, bar: float | None = None, **how: Any) -> list[Peer]:
    """Return svy as a peer, where it is installed."""
    if not installed("svy"):
        return []
    return [Peer("svy", version("svy"), call, bar=bar, **how)]


def samplics(frame: pd.DataFrame, names: Sequence[str], **how: Any) -> list[Peer]:
    """Return samplics as a peer: Taylor series, one variable at a call."""
    if not installed("samplics"):
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it says that it is archived
        from samplics.estimation import TaylorEstimator
        from samplics.utils.types import PopParam

    given = {"samp_weight": "w", "stratum": "stratum", "psu": "psu", **how}
    columns = {key: frame[name].to_numpy() for key, name in given.items()}

    def call() -> Any:
        found = []
        for name in names:
            made = TaylorEstimator(PopParam.mean)
            made.estimate(y=frame[name].to_numpy(), **columns)
            found.append([_listed(made.point_est), _listed(made.stderror)])
        return np.swapaxes(np.array(found), 0, 1).ravel()

    return [Peer("samplics", version("samplics"), call, same=same)]


def _listed(found: Any) -> list[float]:
    """Return a number, or the numbers of the domains in their order."""
    if not isinstance(found, dict):
        return [float(found)]
    return [float(found[key]) for key in sorted(found)]


def survey_r(code: str, needs: str, matrices: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Return a session of R with a package, None where it is not installed."""
    return r.Session(code, matrices, sizes) if r.has(needs) else None


def in_r(session: Any, task: str, package: str = "survey", **how: Any) -> list[Peer]:
    """Return a task of R as a peer, where R has its package."""
    if session is None:
        return []
    return [Peer(f"R {package}", r_versions()[package], session.task(task), **how)]
