"""Network scale-up in R: survey's ratios and bootstrap, a loop in plain R, and packages of CRAN.

Those of CRAN run where R has them. Elsewhere their figures of another run stand, named so.
"""

from __future__ import annotations

COLUMNS = r"""
n <- size[1]; p <- size[2]; runs <- size[3]
d <- data.frame(take(n, p + 4))
names(d) <- c("stratum", "psu", "w", "d", paste0("y", seq_len(p)))
"""
SURVEY = (
    "suppressMessages(library(survey))"
    + COLUMNS
    + r"""
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
tasks$linearised <- function() {
  r <- svyratio(reformulate(paste0("y", seq_len(p))), ~d, s)
  c(coef(r), SE(r))
}
tasks$bootstrap <- function() {
  set.seed(1)
  q <- svyratio(~y1, ~d, as.svrepdesign(s, type = "subbootstrap", replicates = runs))
  c(coef(q), SE(q))
}
"""
)
LOOP = (
    COLUMNS
    + r"""
tasks$loop <- function() {
  set.seed(1)
  psu <- match(d$psu, unique(d$psu))
  strata <- split(seq_len(max(psu)), d$stratum[!duplicated(psu)])
  found <- numeric(runs)
  for (run in seq_len(runs)) {
    f <- numeric(max(psu))
    for (units in strata) {
      n <- length(units)
      f[units] <- tabulate(sample.int(n, n - 1, TRUE), n) * n / (n - 1)
    }
    w <- d$w * f[psu]
    found[run] <- sum(w * d$y1) / sum(w * d$d)
  }
  c(sum(d$w * d$y1) / sum(d$w * d$d), sd(found))
}
"""
)
SURVEYBOOTSTRAP = (
    COLUMNS
    + r"""
tasks$run <- function() {
  set.seed(1)
  ratio <- function(survey.data, weights)
    data.frame(estimate = sum(weights * survey.data$y1) / sum(weights * survey.data$d))
  found <- surveybootstrap::bootstrap.estimates(
    survey.data = d, survey.design = ~ psu + strata(stratum), num.reps = runs,
    bootstrap.fn = "rescaled.bootstrap.sample", estimator.fn = ratio, weights = "w")
  c(sum(d$w * d$y1) / sum(d$w * d$d), sd(unlist(found)))
}
"""
)
NETWORKREPORTING = (
    COLUMNS
    + r"""
tasks$run <- function() {
  sapply(seq_len(p), function(k) networkreporting::nsum.estimator(
    survey.data = d, d.hat.vals = "d", total.popn.size = 1, y.vals = paste0("y", k), weights = "w"
  )$estimate)
}
"""
)
SAMPLERS = r"""
n <- size[1]; k <- size[2]; population <- size[3]; iterations <- size[4]
answers <- take(n, k)
known <- take(k - 1, 1)[, 1]
"""
OVERDISPERSED = (
    SAMPLERS
    + r"""
tasks$run <- function() {
  set.seed(1)
  fit <- networkscaleup::overdispersed(
    answers, known_sizes = known, known_ind = seq_along(known), G1_ind = 1, N = population,
    warmup = 0, iter = iterations, verbose = FALSE)
  numeric()
}
"""
)


def nsum(model: str) -> str:
    """Return the code of a model of R's NSUM package."""
    return (
        SAMPLERS
        + rf"""
tasks$run <- function() {{
  set.seed(1)
  start <- NSUM::killworth.start(answers, known, population)
  fit <- NSUM::nsum.mcmc(
    answers, known, population, indices.k = k, iterations = iterations, burnin = 0,
    size = iterations, model = "{model}", NK.start = start$NK.start, d.start = start$d.start,
    mu.start = start$mu.start, sigma.start = start$sigma.start)
  numeric()
}}
"""
    )
