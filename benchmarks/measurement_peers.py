"""Peers of list experiments: expectation-maximisation in base R and in Python, and R's survey package.

R's `list`, whose `ictreg` climbs by expectation-maximisation, is on CRAN alone: its seconds were
recorded in another run. What is measured is the plain algorithm, from zero: two weighted logistic
regressions in each round, by `glm.fit` of base R and by statsmodels' GLM.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm

import prevalence as pv

from .timing import cpu

CHANGE, ROUNDS = 1e-8, 50_000  # of the log-likelihood at which a climb ends; most rounds of it
EM = r"""
part <- commandArgs(TRUE)
n <- as.integer(part[2]); p <- as.integer(part[3]); items <- as.integer(part[4])
m <- matrix(readBin(part[1], "double", n * (p + 2)), n)
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
spent <- system.time(found <- climb())[c("user.self", "sys.self")]
cat(sum(spent), sprintf("%.17g", found))
"""
SURVEY = r"""
suppressMessages(library(survey))
part <- commandArgs(TRUE)
n <- as.integer(part[2]); units <- as.integer(part[3]); draws <- as.integer(part[4])
given <- file(part[1], "rb")
d <- data.frame(matrix(readBin(given, "double", n * 6), n))
names(d) <- c("stratum", "psu", "w", "domain", "long", "count")
factors <- matrix(readBin(given, "double", units * draws), units)
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
b <- svrepdesign(data = d, weights = ~w, repweights = factors[d$psu + 1, ], type = "other",
                 scale = 1 / draws, rscales = rep(1, draws), mse = TRUE, combined.weights = FALSE)
own <- function(call) sum(system.time(call)[c("user.self", "sys.self")])
domains <- sort(unique(d$domain))
linear <- own(fits <- lapply(domains, function(k) {
  f <- svyglm(count ~ long, subset(s, domain == k))
  c(coef(f)[2], SE(f)[2])
}))
means <- own({
  m <- svyby(~count, ~domain + long, s, svymean, covmat = TRUE)
  k <- seq_along(domains); v <- vcov(m)
  off <- v[cbind(k, k + length(k))]
  apart <- coef(m)[k + length(k)] - coef(m)[k]
  error <- sqrt(diag(v)[k] + diag(v)[k + length(k)] - 2 * off)
})
drawn <- own({
  m <- svyby(~count, ~domain + long, b, svymean, return.replicates = TRUE)
  r <- attr(m, "replicates")
  point <- coef(m)[k + length(k)] - coef(m)[k]
  spread <- sqrt(colMeans(sweep(r[, k + length(k)] - r[, k], 2, point)^2))
})
cat(packageDescription("survey")$Version, linear, means, drawn,
    sprintf("%.17g", c(t(do.call(rbind, fits)), apart, error, point, spread)))
"""


class Climb(NamedTuple):
    """A climb by expectation-maximisation: CPU seconds, height reached, rounds, coefficients."""

    seconds: float
    log_likelihood: float
    rounds: int
    at: Any  # of the sensitive item, then of the control items


class Domains(NamedTuple):
    """What R's survey takes for one list difference by domains, and what it finds."""

    version: str
    seconds: dict[str, float]  # CPU seconds
    found: dict[str, Any]  # (estimates, standard errors) by domain


def climb_r(x: Any, y: Any, long: Any, items: int) -> Climb | None:
    """Return what the climb takes in base R; nothing where it is not installed."""
    given = np.column_stack([y, long, x]).astype(float)
    told = _run(EM, [given], [*x.shape, items])
    if told is None:
        return None
    seconds, value, rounds, *at = map(float, told.split())
    return Climb(seconds, value, int(rounds), np.array(at))


def climb(x: Any, y: Any, long: Any, items: int) -> Climb:
    """Return what the same climb takes with statsmodels' regressions."""
    seconds, (value, rounds, at) = cpu(lambda: _climbed(x, y, long == 1, items))
    return Climb(seconds, value, rounds, at)


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


def survey_r(frame: pd.DataFrame, survey: pv.Survey) -> Domains | None:
    """Return what R's survey takes for `count` between the lists of `long`, by domain."""
    assert survey.scheme is not None
    columns = frame[["stratum", "psu", "w", "domain", "long", "count"]].copy()
    columns["domain"] = pd.factorize(frame["domain"], sort=True)[0]
    factors = survey.scheme.factors
    told = _run(SURVEY, [columns.to_numpy(float), factors], [len(frame), *factors.shape])
    if told is None:
        return None
    version, *figures = told.split()
    linear, means, drawn, *rest = map(float, figures)
    fits, *other = np.split(np.array(rest), [2 * len(rest) // 6])
    apart, error, point, spread = np.split(other[0], 4)
    return Domains(
        version,
        {"svyglm": linear, "svyby": means, "replicates": drawn},
        {"svyglm": fits.reshape(-1, 2).T, "svyby": (apart, error), "replicates": (point, spread)},
    )


def _run(code: str, matrices: list[Any], arguments: list[int]) -> str | None:
    """Run a program of R on matrices; None where R or a package of it is not installed."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "given"
        with file.open("wb") as to:
            for matrix in matrices:
                to.write(np.asarray(matrix, dtype="f8").tobytes(order="F"))
        command = [program, "-e", code, str(file), *map(str, arguments)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if run.returncode else run.stdout
