"""Peers of list experiments: expectation-maximisation in base R and in Python, and R's survey package.

R's `list`, whose `ictreg` climbs by expectation-maximisation, is on CRAN alone: its seconds were
recorded in another run. What is measured is the plain algorithm, from zero: two weighted logistic
regressions in each round, by `glm.fit` of base R and by statsmodels' GLM.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm

import prevalence as pv

from . import r

CHANGE, ROUNDS = 1e-8, 50_000  # of the log-likelihood at which a climb ends; most rounds of it
EM = r"""
n <- size[1]; p <- size[2]; items <- size[3]
m <- take(n, p + 2)
y <- m[, 1]; long <- m[, 2] == 1; x <- m[, -(1:2), drop = FALSE]
one <- x[long, , drop = FALSE]; with <- y[long]; rest <- y[!long]
stacked <- rbind(x[!long, , drop = FALSE], one, one)
fit <- function(x, share, w, start)
  suppressWarnings(glm.fit(x, share, w, start = start, family = binomial())$coefficients)
climb <- function() {
  d <- g <- numeric(p); before <- -Inf; rounds <- 0
  repeat {
    control <- dbinom(rest, items, plogis(x[!long, , drop = FALSE] %*% g), log = TRUE)
    chance <- plogis(one %*% g); trait <- plogis(one %*% d)
    yes <- trait * dbinom(with - 1, items, chance)
    no <- (1 - trait) * dbinom(with, items, chance)
    value <- sum(control) + sum(log(yes + no))
    if (value - before < 1e-8 || rounds == 50000) return(c(value, rounds, d, g))
    before <- value; rounds <- rounds + 1
    z <- drop(yes / (yes + no))
    d <- fit(one, z, rep(1, length(z)), d)
    w <- c(rep(1, length(rest)), z, 1 - z)
    reported <- pmin(pmax(c(rest, with - 1, with), 0), items)
    g <- fit(stacked, reported / items, w * items, g)
  }
}
tasks$climb <- climb
"""
SURVEY = r"""
suppressMessages(library(survey))
n <- size[1]; units <- size[2]; draws <- size[3]
d <- data.frame(take(n, 6))
names(d) <- c("stratum", "psu", "w", "domain", "long", "count")
factors <- take(units, draws)
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
b <- svrepdesign(data = d, weights = ~w, repweights = factors[d$psu + 1, ], type = "other",
                 scale = 1 / draws, rscales = rep(1, draws), mse = TRUE, combined.weights = FALSE)
domains <- sort(unique(d$domain))
tasks$svyglm <- function() {
  c(t(sapply(domains, function(k) {
    f <- svyglm(count ~ long, subset(s, domain == k))
    c(coef(f)[2], SE(f)[2])
  })))
}
tasks$svyby <- function() {
  m <- svyby(~count, ~domain + long, s, svymean, covmat = TRUE)
  k <- seq_along(domains); v <- vcov(m)
  off <- v[cbind(k, k + length(k))]
  c(coef(m)[k + length(k)] - coef(m)[k],
    sqrt(diag(v)[k] + diag(v)[k + length(k)] - 2 * off))
}
tasks$replicates <- function() {
  m <- svyby(~count, ~domain + long, b, svymean, return.replicates = TRUE)
  k <- seq_along(domains); r <- attr(m, "replicates")
  point <- coef(m)[k + length(k)] - coef(m)[k]
  c(point, sqrt(colMeans(sweep(r[, k + length(k)] - r[, k], 2, point)^2)))
}
"""


def climb_r(x: Any, y: Any, long: Any, items: int) -> r.Session | None:
    """Return base R with the task `climb`; nothing where it is not installed."""
    if not r.has("R"):
        return None
    given = np.column_stack([y, long, x]).astype(float)
    return r.Session(EM, [given], [*x.shape, items])


def climb(x: Any, y: Any, long: Any, items: int) -> Any:
    """Climb with statsmodels' regressions: the height reached, rounds, coefficients."""
    value, rounds, at = _climbed(x, y, long == 1, items)
    return np.r_[value, rounds, at]


def _climbed(x: Any, y: Any, long: Any, items: int) -> tuple[float, int, Any]:
    from scipy.special import expit
    from scipy.stats import binom

    d, g, before = np.zeros(x.shape[1]), np.zeros(x.shape[1]), -np.inf
    one, said, rest = x[long], y[long], y[~long]
    stacked = np.concatenate([x[~long], one, one])
    reported = np.clip(np.concatenate([rest, said - 1, said]), 0, items) / items
    rounds = 0
    while rounds < ROUNDS:
        trait, chance = expit(one @ d), expit(one @ g)
        yes = trait * binom.pmf(said - 1, items, chance)
        no = (1 - trait) * binom.pmf(said, items, chance)
        value = np.log(yes + no).sum() + binom.logpmf(rest, items, expit(x[~long] @ g)).sum()
        if value - before < CHANGE:
            break
        rounds, before, z = rounds + 1, value, yes / (yes + no)
        d = _logit(one, z, np.ones(z.size), d)
        g = _logit(stacked, reported, items * np.r_[np.ones(rest.size), z, 1 - z], g)
    return float(value), rounds, np.r_[d, g]


def _logit(x: Any, share: Any, weights: Any, start: Any) -> Any:
    model = sm.GLM(share, x, family=sm.families.Binomial(), freq_weights=weights)
    return model.fit(start_params=start).params


def survey_r(frame: pd.DataFrame, survey: pv.Survey) -> r.Session | None:
    """Return R's survey with `count` between the lists of `long`, by domain, in three tasks."""
    if not r.has("survey"):
        return None
    assert survey.scheme is not None
    columns = frame[["stratum", "psu", "w", "domain", "long", "count"]].copy()
    columns["domain"] = pd.factorize(frame["domain"], sort=True)[0]
    factors = survey.scheme.factors
    return r.Session(SURVEY, [columns.to_numpy(float), factors], [len(frame), *factors.shape])
