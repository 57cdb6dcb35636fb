"""Peers of multiple-systems estimation: base R, statsmodels, and the sum over graphs written out.

R's packages for it are on CRAN alone. What base R takes is measured: its `glm.fit` model by model, with
the rule for empty overlaps, and the published stepwise procedure with bootstrap, jackknife and BCa as a
loop. That is the least that a package in R needs, since packages also check existence by linear programs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import prevalence as pv
from prevalence.mse.graphs.chordal import chordal_graphs
from prevalence.mse.histories import cell_codes
from prevalence.mse.resampling import deletions

from . import r

CODE = r"""
# cells, lists, pairs, models, tables, replicates
design <- take(size[1], 1 + size[2] + size[3])
models <- take(size[3], size[4]) > 0
few <- take(size[1], size[5])
counts <- take(size[1], 1)[, 1]
draws <- take(size[1], size[6])
first <- 1 + size[2]
pairs <- design[, -seq_len(first)]
fits <- 0
fit <- function(y, member) {
  x <- design[, c(rep(TRUE, first), member)]
  empty <- colSums(x * y) == 0
  keep <- rowSums(x[, empty, drop = FALSE]) == 0
  fits <<- fits + 1
  f <- suppressWarnings(glm.fit(x[keep, !empty], y[keep], family = poisson(),
                                control = list(epsilon = 1e-10, maxit = 50)))
  mu <- numeric(length(y))
  mu[keep] <- f$fitted.values
  fine <- f$converged && f$rank == sum(!empty) && min(f$fitted.values) > 1e-7
  list(mu = mu, dark = if (fine) exp(f$coefficients[[1]]) else NA, deviance = f$deviance)
}
forward <- function(y) {
  inside <- refused <- logical(size[3])
  now <- fit(y, inside)
  if (is.na(now$dark)) return(NA)
  seen <- colSums(pairs * y)
  repeat {
    nu <- colSums(pairs * now$mu)
    p <- pmin(ppois(seen, nu), ppois(seen - 1, nu, lower.tail = FALSE))
    p[inside | refused] <- 1
    j <- which(p <= min(p) * (1 + 1e-9))[1]
    if (p[j] >= 0.02) return(sum(y) + now$dark)
    wider <- inside
    wider[j] <- TRUE
    trial <- fit(y, wider)
    if (is.na(trial$dark)) refused[j] <- TRUE
    else { now <- trial; inside <- wider; refused[] <- FALSE }
  }
}
bca <- function() {
  point <- forward(counts)
  boot <- apply(draws, 2, forward)
  cells <- which(counts > 0)
  without <- sapply(cells, function(k) { y <- counts; y[k] <- y[k] - 1; forward(y) })
  w <- counts[cells]
  d <- sum(w * without) / sum(w) - without
  a <- sum(w * d^3) / (6 * sum(w * d^2)^1.5)
  z0 <- qnorm(mean(boot < point))
  z <- z0 + qnorm(c(0.025, 0.975))
  limits <- quantile(boot, pnorm(z0 + z / (1 - a * z)), type = 8, na.rm = TRUE)
  c(limits, point, without, boot)
}
tasks$models <- function() {
  c(apply(few, 2, function(y) {
    apply(models, 2, function(m) { f <- fit(y, m); c(f$dark, f$deviance) })
  }))
}
tasks$stepwise <- function() {
  fits <<- 0
  found <- bca()
  c(fits, found)
}
"""


def base_r(lists: pv.Lists, design: Any, included: Any, few: Any, draws: Any) -> Any:
    """Return base R with a few tables and the draws: tasks `models` and `stepwise`; None without R."""
    if not r.has("R"):
        return None
    sizes = (*lists.histories.shape, *included.shape, few.shape[1], draws.shape[1])
    return r.Session(CODE, (design, included, few, lists.counts[:, None], draws), sizes)


def models_of(found: Any, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Return the numbers unseen and the deviances (models, tables) that base R found, nan for none."""
    every = found.reshape(shape[1], shape[0], 2)
    return every[..., 0].T, every[..., 1].T


def tables_of(lists: pv.Lists, draws: Any) -> Any:
    """Return the tables (C, 1 + K + R) of base R's `stepwise`: the data, each deletion, each resample."""
    return np.c_[lists.counts, deletions(lists.counts)[1], draws]


def glm(lists: pv.Lists, design: Any, included: Any) -> Any:
    """Fit every model to the lists by statsmodels, and return the population sizes."""
    import statsmodels.api as sm

    first = design.shape[1] - len(included)

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of models without a maximum
        for member in included.T:
            x = design[:, np.r_[np.ones(first, dtype=bool), member]]
            empty = lists.counts @ x == 0
            keep = x[:, empty].sum(axis=1) == 0
            fit = sm.GLM(lists.counts[keep], x[keep][:, ~empty], sm.families.Poisson()).fit(
                tol=1e-10
            )
            found.append(lists.seen + np.exp(fit.params[0]))
    return np.array(found)


def multinomial_logit(x: Any, history: Any, count: Any, at: Any) -> Any:
    """Return the chances of histories by statsmodels, as `nuisance` of the doubly robust estimator."""
    import statsmodels.api as sm

    rows = np.repeat(np.arange(len(x)), count.astype(int))
    fit = sm.MNLogit(history[rows], sm.add_constant(x[rows])).fit(disp=0, method="newton")
    return fit.predict(np.c_[np.ones(len(at)), at])


def graph_sum(lists: pv.Lists, delta: float, largest: int) -> Callable[[], tuple[Any, Any]]:
    """Posterior over decomposable graphs and numbers unseen 1, 2, .., as the formula is written.

    Returns a call that gives the quantiles 2.5, 50 and 97.5 %, and the weights of graphs. Which graphs
    are decomposable is known beforehand, as it is in R's dga.
    """
    sign = chordal_graphs(len(lists.names)).sign.astype(float)
    numbers = np.arange(1.0, largest + 1)
    return lambda: _summed(lists, sign, delta, numbers)


def _summed(lists: pv.Lists, sign: Any, delta: float, unseen: Any) -> tuple[Any, Any]:
    from scipy.special import gammaln

    size = lists.seen + unseen
    sets = _sets(lists, delta, unseen)
    common = gammaln(size + 1) - gammaln(unseen + 1) - np.log(size)
    peak = np.max(sign @ sets[:, ::500] + common[::500])  # near enough for no overflow
    by_number, by_graph = np.empty(size.size), np.zeros(len(sign))
    for start in range(0, size.size, 2_000):
        some = slice(start, start + 2_000)
        density = sign @ sets[:, some]
        density += common[some] - peak
        np.exp(density, out=density)
        by_number[some] = density.sum(axis=0)
        by_graph += density.sum(axis=1)
    below = np.cumsum(by_number) / by_number.sum()
    return size[np.searchsorted(below, (0.025, 0.5, 0.975))], by_graph / by_graph.sum()


def _sets(lists: pv.Lists, delta: float, unseen: Any) -> Any:
    """Return the Dirichlet integral of every set of lists (sets, numbers unseen)."""
    from scipy.special import gammaln

    count, every = len(lists.names), 1 << len(lists.names)
    codes, whole = cell_codes(lists.histories), every * delta
    total = gammaln(whole) - gammaln(lists.seen + unseen + whole)
    out = np.empty((every - 1, unseen.size))
    for mask in range(1, every):
        margin = np.bincount(codes & mask, lists.counts, minlength=every)
        cells = margin[(np.arange(every) & ~mask) == 0]
        a = delta * 2.0 ** (count - mask.bit_count())
        inside = gammaln(cells[1:] + a).sum() - cells.size * gammaln(a)
        out[mask - 1] = inside + gammaln(unseen + cells[0] + a) + total
    return out
