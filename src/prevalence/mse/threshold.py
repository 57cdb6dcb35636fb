"""Population sizes from a Bayesian log-linear model whose weak pairs of lists are dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arguments import explained
from ..errors import ConvergenceError, generator, number, whole
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import EQUAL, POSTERIOR, example, from_posterior, require_overlap
from .graphs.decomposable import STEPS
from .histories import BoolArray, FloatArray, IntArray, list_pairs
from .terms import chosen, dependence, in_words, together
from .trust.stated import covered

__all__ = ["thresholded"]

SILVERMAN = "Silverman (2020) doi:10.1111/rssa.12505"
FREEDOM = 10  # of the proposals, whose tails are heavier than any log-linear posterior's
ROUNDS = 4  # proposals are moved to the posterior's mean and covariance three times
STEPS_TO_MODE = 200
WIDEST = 1000.0  # standard deviation of a log odds ratio, as good as flat; 1 / 1000 as good as none
FEWEST = 400  # effective draws below which limits are not given
NEARBY = (1.5, 2.5)  # thresholds whose answers are said beside that of 2


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Draws (terms, draws) of log-linear coefficients with importance weights that sum to 1."""

    coefficients: FloatArray
    weights: FloatArray

    @property
    def effective(self) -> float:
        """Effective number of draws, ``1 / sum(weights**2)``."""
        return float(1 / (self.weights**2).sum())

    @property
    def ratios(self) -> FloatArray:
        """Posterior means over posterior standard deviations."""
        mean = self.coefficients @ self.weights
        deviation = self.coefficients - mean[:, None]
        out: FloatArray = mean / np.sqrt(deviation**2 @ self.weights)
        return out

    def total_quantile(self, seen: float, levels: FloatArray) -> FloatArray:
        """Quantiles of ``seen + exp(intercept)``."""
        order = np.argsort(self.coefficients[0])
        upto = np.cumsum(self.weights[order])
        at = np.minimum(np.searchsorted(upto, levels), order.size - 1)
        out: FloatArray = seen + np.exp(self.coefficients[0][order[at]])
        return out


def loglinear_posterior(
    histories: IntArray,
    counts: FloatArray,
    pairs: IntArray,
    *,
    scale: float,
    draws: int,
    rng: np.random.Generator,
) -> WeightedDraws:
    """Draw from the posterior of a Poisson log-linear model by importance sampling.

    Priors are flat on intercept and lists and ``N(0, scale**2)`` on pairs (T, 2). Proposals are
    multivariate t, first at the mode with the inverse curvature, then at the weighted mean and
    covariance of the draws before.
    """
    both = histories[:, pairs[:, 0]] * histories[:, pairs[:, 1]]
    design = np.column_stack([np.ones(len(histories)), histories, both]).astype(np.float64)
    precision = np.repeat([0.0, scale**-2.0], [histories.shape[1] + 1, len(pairs)])
    centre, spread = _mode(design, counts, precision)
    for _ in range(ROUNDS):
        half = rng.standard_normal((centre.size, (draws + 1) // 2))
        mixing = np.tile(rng.chisquare(FREEDOM, half.shape[1]) / FREEDOM, 2)
        normal = np.concatenate([half, -half], axis=1) / np.sqrt(mixing)
        beta = centre[:, None] + np.linalg.cholesky(spread) @ normal
        proposed = -(FREEDOM + centre.size) / 2 * np.log1p((normal**2).sum(axis=0) / FREEDOM)
        logs = _log_posterior(design, counts, precision, beta) - proposed
        weights = np.exp(logs - logs.max())
        found = WeightedDraws(beta, weights / weights.sum())
        centre = beta @ found.weights
        deviation = beta - centre[:, None]
        spread = (deviation * found.weights) @ deviation.T
    return found


def _log_posterior(
    design: FloatArray, counts: FloatArray, precision: FloatArray, beta: FloatArray
) -> FloatArray:
    eta = np.minimum(design @ beta, 700.0)
    out: FloatArray = counts @ eta - np.exp(eta).sum(axis=0) - 0.5 * precision @ beta**2
    return out


def _mode(
    design: FloatArray, counts: FloatArray, precision: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Posterior mode and inverse curvature there, by Newton steps halved until they go up."""
    beta: FloatArray = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0].astype(float)
    height = _log_posterior(design, counts, precision, beta[:, None])[0]
    for _ in range(STEPS_TO_MODE):
        means = np.exp(np.minimum(design @ beta, 700.0))
        gradient = design.T @ (counts - means) - precision * beta
        curvature = (design.T * means) @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        if step @ gradient < 1e-10:
            return beta, np.linalg.inv(curvature).astype(float)
        for _ in range(60):
            reached = _log_posterior(design, counts, precision, (beta + step)[:, None])[0]
            if reached >= height:
                break
            step = step / 2
        beta, height = beta + step, reached
    raise ConvergenceError(
        f"the posterior mode must be found within {STEPS_TO_MODE} steps: it was not. Leave out lists with few "
        "persons, or merge lists."
    )


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=SILVERMAN,
    example=example(draws=2000, rng=1),
    skips=POSTERIOR,
)
@explained
def thresholded(
    lists: Lists,
    *,
    threshold: float = 2.0,
    scale: float = 1.0,
    draws: int = 40_000,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by Bayesian thresholding of a log-linear model of pairs.

    The counts of the capture histories are Poisson, with flat priors on intercept and lists and
    ``N(0, scale**2)`` on every pair of lists. Pairs whose posterior mean is less than `threshold`
    standard deviations from 0 are dropped, the rest is fitted anew, and
    ``N = n + exp(intercept)``.

    Parameters
    ----------
    lists : Lists
        Three or more case lists; a bootstrap they carry is not used.
    threshold : float
        Smallest ratio of posterior mean to standard deviation of a pair that is kept.
    scale : float
        Standard deviation of the prior of a pair, on the log scale.
    draws : int
        Draws of the importance sampler, at least 1,000; it is run four times on a fit.
    rng : int, numpy Generator or None
        Seed of the draws.

    Returns
    -------
    Estimate
        One row, persons; posterior median and central interval. ``provenance`` has the pairs kept,
        the ratios, the answer at other thresholds and the Monte Carlo errors.

    Raises
    ------
    ValueError
        When there are fewer than three lists, one of them is empty, the lists do not overlap, or an
        option is out of range.
    ConvergenceError
        When the importance sampler has too few effective draws.

    Notes
    -----
    Assumes that no three lists depend on each other beyond their pairs, that a log odds ratio of two
    lists is rarely beyond 2, and that all persons are equally likely to be on a list. The interval
    takes the pairs kept as known: it fails (too short) where a ratio is near the threshold.

    References
    ----------
    Silverman, B. W. (2020). Multiple-systems analysis for the quantification of modern slavery:
    classical and Bayesian approaches. Journal of the Royal Statistical Society A 183, 691-736.
    doi:10.1111/rssa.12505

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(rows, [600, 740, 480, 210, 90, 120, 40])
    >>> estimate = pv.mse.thresholded(lists, rng=1)
    >>> estimate.provenance["pairs kept"]
    'list 1 and list 2'
    """
    _check(lists, threshold, scale, draws)
    random = generator(rng)
    pairs = np.array([sorted(pair) for pair in list_pairs(len(lists.names))])

    def fit(kept: BoolArray) -> WeightedDraws:
        found = loglinear_posterior(
            lists.histories, lists.counts, pairs[kept], scale=scale, draws=draws, rng=random
        )
        if found.effective < FEWEST:
            raise ConvergenceError(
                f"the importance sampler must have {FEWEST} effective draws: found "
                f"{found.effective:.0f} of {draws:,}. Use more draws=, or merge lists."
            )
        return found

    first = fit(np.ones(len(pairs), dtype=bool))
    ratios = first.ratios[len(lists.names) + 1 :]
    kept = np.abs(ratios) >= threshold
    final = fit(kept)
    medians = [_median(lists, final)]
    for other in NEARBY:
        also = np.abs(ratios) >= threshold * other / 2
        medians.append(_median(lists, final if (also == kept).all() else fit(also)))
    levels = np.clip(np.arange(STEPS + 1) / STEPS, 0.25 / STEPS, 1 - 0.25 / STEPS)
    values = random.permutation(final.total_quantile(lists.seen, levels))
    terms = chosen(pairs.tolist(), kept)
    return from_posterior(
        lists,
        values,
        method="mse.thresholded",
        identifies=_identified(lists, terms, scale),
        citations=[SILVERMAN],
        assumptions=[EQUAL, "The pairs of lists kept are taken as known."],
        handled=covered(lists, terms),
        point="median",
        terms=terms,
        provenance={
            "model": "thresholded log-linear",
            "pairs kept": in_words(lists, terms) or "none",
            "mean over standard deviation": "; ".join(
                f"{together(lists, pair)} {ratio:.2f}"
                for pair, ratio in zip(pairs, ratios, strict=True)
            ),
            "by threshold": "; ".join(
                f"{threshold * f / 2:.3g}: {m:,.0f}"
                for f, m in zip((2.0, *NEARBY), medians, strict=True)
            ),
            "Monte Carlo error": _monte_carlo(lists, final),
        },
    )


def _identified(lists: Lists, terms: list[tuple[int, ...]], scale: float) -> str:
    """Return what identifies the size, in words."""
    where = (
        f", no three of them together, with a normal prior (0, {scale:g}) on each log odds ratio"
    )
    return dependence(lists, terms, where if terms else ": no pair reached the threshold")


def _check(lists: Lists, threshold: float, scale: float, draws: int) -> None:
    require_overlap(lists)
    if len(lists.names) < 3:
        raise ValueError(
            f"lists must be three or more: found {len(lists.names)}, and the dependence of two is "
            "known from its prior alone. Use mse.chapman, and mse.sensitivity for the dependence."
        )
    empty = [name for name, size in lists.sizes.items() if size == 0]
    if empty:
        raise ValueError(
            f"lists must hold persons: {len(empty)} of {len(lists.names)} hold none (first: "
            f"{empty[0]!r}). Leave them out with lists.without(...)."
        )
    for name, value, least in (("threshold", threshold, 0.0), ("scale", scale, 1 / WIDEST)):
        given = number(name, value)
        if not least <= given <= WIDEST:
            raise ValueError(
                f"{name} must be from {least:g} to {WIDEST:g}: found {given:g}. Write for example "
                f"{name}=1.0."
            )
    whole("draws", draws, 1000, "Leave it out for 40,000.")


def _median(lists: Lists, found: WeightedDraws) -> float:
    return float(found.total_quantile(lists.seen, np.array([0.5]))[0])


def _monte_carlo(lists: Lists, found: WeightedDraws) -> str:
    """Standard errors of the median and the 95 % limits over other draws, in words."""
    levels = np.array([0.025, 0.5, 0.975])
    step = np.sqrt(levels * (1 - levels) / found.effective)
    low, high = (found.total_quantile(lists.seen, levels + s * step) for s in (-1, 1))
    error = (high - low) / 2
    return (
        f"{error[1]:,.1f} in the median, {error[0]:,.1f} and {error[2]:,.1f} in the 95 % limits "
        f"({found.effective:,.0f} effective draws)"
    )
