"""Likelihoods of scale-up models without the degrees: scores and information of the top level.

The numbers known of one respondent are independent between groups given the log degree a, and a is
normal. For each model a *cell* gives the log probability of an answer from a and two parameters of
the group; the degree is integrated out by Gauss-Hermite quadrature about each respondent's own
posterior mean and spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .asked import Asked

__all__ = ["Margin", "of_overdispersed", "of_random_degree"]

Array = NDArray[Any]
Cell = Callable[[Array, Array, Array, Array, Array], Array]  # a, two parameters, low, high
NODES = 15
IMPOSSIBLE = -1e4  # log probability of more people known than the degree: no weight, and no slope
STEP = 1e-3  # central differences: squares of it are 1e-6 of a log probability's curvature


@dataclass(frozen=True, eq=False, kw_only=True)
class Margin:
    """Top-level parameters of one fit, their draws, and how answers depend on them.

    The parameters are ``first`` (groups), ``second`` (groups), the mean of a and the log of its
    standard deviation; `free` tells which are estimated.
    """

    cell: Cell
    everything: Array  # (draws, 2 K + 2), the constants too
    free: Array
    low: Array
    high: Array
    weights: Array  # of the likelihood and of the density of a
    centre: Array  # posterior mean and spread of each respondent's a
    spread: Array
    back: Callable[[Array, Mapping[str, Array]], dict[str, Array]]
    nodes: int = NODES

    @property
    def draws(self) -> Array:
        """Draws of the parameters that are estimated."""
        return np.asarray(self.everything[:, self.free])

    def written(self, moved: Array, raw: Mapping[str, Array]) -> dict[str, Array]:
        """Return the model's draws with the moved parameters in their places."""
        out = self.everything.copy()
        out[:, self.free] = moved
        return self.back(out, raw)

    def derivatives(self) -> tuple[Array, Array]:
        """Return the information (p, p) and the scores (rows, p) at the mean of the draws.

        With the degree integrated out, a score is the mean of the score that would hold if a were
        known, over its conditional distribution, and the information the mean of that information
        less the variance of that score (Louis 1982).
        """
        groups = self.low.shape[1]
        at = self.everything.mean(axis=0)
        first, second = at[:groups], at[groups : 2 * groups]
        mean, sd = at[-2], np.exp(at[-1])
        x, log_w = _hermite(self.nodes)
        a = self.centre[:, None] + np.sqrt(2) * self.spread[:, None] * x
        f, grad, hess = self._cells(a[:, :, None], first, second)
        w = self.weights
        z = (a - mean) / sd
        log_joint = w[:, None] * (f - z**2 / 2 - np.log(sd)) + x**2 + log_w
        share = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        of_a = np.stack([z / sd, z**2 - 1], axis=-1)
        score = np.concatenate([grad.reshape(*a.shape, -1), of_a], axis=-1)
        score = w[:, None, None] * score[..., self.free]
        mean_score = np.einsum("iq,iqp->ip", share, score)
        second_moment = np.einsum("iq,iqp,iqr->pr", share, score, score, optimize=True)
        known = self._complete(share * w[:, None], z, sd, hess)[np.ix_(self.free, self.free)]
        return known - second_moment + mean_score.T @ mean_score, mean_score

    def _complete(self, share: Array, z: Array, sd: float, hess: Array) -> Array:
        """Return the mean information if the degrees were known: blocks of two by group, and of a."""
        groups = self.low.shape[1]
        out = np.zeros((2 * groups + 2, 2 * groups + 2))
        total = -np.einsum("iq,iqck->ck", share, hess, optimize=True)
        k = np.arange(groups)
        out[k, k], out[k + groups, k + groups] = total[0], total[2]
        out[k, k + groups] = out[k + groups, k] = total[1]
        out[-2, -2] = share.sum() / sd**2
        out[-2, -1] = out[-1, -2] = 2 * (share * z).sum() / sd
        out[-1, -1] = 2 * (share * z**2).sum()
        return out

    def _cells(self, a: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
        """Return sums over groups (n, Q), gradients (n, Q, 2, K) and second derivatives."""
        low, high, h = self.low[:, None, :], self.high[:, None, :], STEP

        def at(i: int, j: int) -> Array:
            return self.cell(a, first + i * h, second + j * h, low, high)

        middle, right, left, up, down = at(0, 0), at(1, 0), at(-1, 0), at(0, 1), at(0, -1)
        grad = np.stack([right - left, up - down], axis=2) / (2 * h)
        cross = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
        hess = np.stack([right - 2 * middle + left, cross, up - 2 * middle + down], axis=2)
        return middle.sum(axis=2), grad, hess / h**2


def _hermite(count: int) -> tuple[Array, Array]:
    x, w = np.polynomial.hermite.hermgauss(count)
    return x, np.log(w)


# ---------------------------------------------------------------------- cells
def negative_binomial(
    a: Array, log_share: Array, log_excess: Array, low: Array, high: Array
) -> Array:
    """Log probability of an answer whose variance is 1 + exp(log_excess) times its mean."""
    from scipy.special import betainc, gammaln, xlogy

    v = np.exp(log_excess)
    size = np.exp(a + log_share) / v
    point = gammaln(low + size) - gammaln(size) - gammaln(low + 1)
    point = point - size * np.log1p(v) + xlogy(low, v / (1 + v))
    return _or_interval(point, low, high, lambda m: betainc(np.maximum(m, 1), size, v / (1 + v)))


def binomial(a: Array, log_share: Array, unused: Array, low: Array, high: Array) -> Array:
    """Log probability of a binomial answer among exp(a) people."""
    from scipy.special import betainc

    del unused
    degree, share = np.exp(a), np.exp(log_share)
    point = _log_choose(degree, low) + low * log_share + (degree - low) * np.log1p(-share)
    return _or_interval(
        np.where(degree >= low, point, IMPOSSIBLE),
        low,
        high,
        lambda m: betainc(np.maximum(m, 1), np.maximum(degree - m + 1, 1e-9), share),
    )


def beta_binomial(a: Array, log_share: Array, logit_rho: Array, low: Array, high: Array) -> Array:
    """Log probability of a beta-binomial answer; a missing one tells nothing."""
    from scipy.special import betaln

    degree, share = np.exp(a), np.exp(log_share)
    one, other = share * np.exp(-logit_rho), (1 - share) * np.exp(-logit_rho)
    point = betaln(one + low, np.maximum(other + degree - low, 1e-9)) - betaln(one, other)
    point = np.where(degree >= low, point + _log_choose(degree, low), IMPOSSIBLE)
    return np.where(low == high, point, 0.0)


def _log_choose(degree: Array, y: Array) -> Array:
    from scipy.special import gammaln

    rest = np.maximum(degree - y, -0.5)
    return np.asarray(gammaln(degree + 1) - gammaln(y + 1) - gammaln(rest + 1))


def _or_interval(point: Array, low: Array, high: Array, above: Callable[[Array], Array]) -> Array:
    """Return log probabilities of points, and of intervals from the probability of m or more."""
    exact = low == high
    if exact.all():
        return point
    least = np.where(low > 0, above(low), 1.0)
    beyond = np.where(np.isinf(high), 0.0, above(np.where(np.isinf(high), 1.0, high + 1)))
    return np.where(exact, point, np.log(np.maximum(least - beyond, 1e-300)))


# ---------------------------------------------------------------------- one builder for each model
def of_overdispersed(raw: Mapping[str, Array], asked: Asked) -> Margin:
    """Return the likelihood of negative binomial answers at the draws of a fit."""
    level = raw["mu_alpha"][..., None]

    def back(out: Array, raw: Mapping[str, Array]) -> dict[str, Array]:
        first, second, _, sd = _parts(out, raw)
        return {
            **raw,
            "log_degree": raw["log_degree"] - level,
            "log_prevalence": first,
            "log_omega": np.log1p(np.exp(second)),
            "mu_alpha": np.zeros_like(sd),
            "sigma_alpha": sd,
            "mu_beta": raw["mu_beta"] + raw["mu_alpha"],
        }

    return _margin(
        asked,
        negative_binomial,
        raw["log_degree"] - level,
        raw["log_prevalence"] + level,
        np.log(np.expm1(raw["log_omega"])),
        np.zeros(raw["mu_alpha"].shape),
        raw["sigma_alpha"],
        back,
    )


def of_random_degree(raw: Mapping[str, Array], asked: Asked) -> Margin:
    """Return the likelihood of binomial or beta-binomial answers at the draws of a fit."""
    blurred = raw.get("dispersion")

    def back(out: Array, raw: Mapping[str, Array]) -> dict[str, Array]:
        first, second, mu, sd = _parts(out, raw)
        moved = {"log_prevalence": first, "mu": mu, "sigma": sd}
        return {
            **raw,
            **moved,
            **({} if blurred is None else {"dispersion": 1 / (1 + np.exp(-second))}),
        }

    shares = raw["log_prevalence"]
    second = np.zeros(shares.shape) if blurred is None else np.log(blurred / (1 - blurred))
    cell = binomial if blurred is None else beta_binomial
    return _margin(asked, cell, raw["log_degree"], shares, second, raw["mu"], raw["sigma"], back)


def _margin(
    asked: Asked,
    cell: Cell,
    a: Array,
    first: Array,
    second: Array,
    mean: Array,
    sd: Array,
    back: Callable[[Array, Mapping[str, Array]], dict[str, Array]],
) -> Margin:
    everything = np.concatenate(
        [first, second, mean[..., None], np.log(sd)[..., None]], axis=-1
    ).reshape(-1, 2 * first.shape[-1] + 2)
    return Margin(
        cell=cell,
        everything=everything,
        free=np.ptp(everything, axis=0) > 0,
        low=asked.low,
        high=asked.high,
        weights=np.ones(len(asked.low)) if asked.weights is None else asked.weights,
        centre=a.mean(axis=(0, 1), dtype=float),
        spread=a.std(axis=(0, 1), dtype=float),
        back=back,
    )


def _parts(out: Array, raw: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
    """Return first, second (chains, draws, groups), the mean and the spread of a (chains, draws)."""
    shape = raw["log_prevalence"].shape
    groups = shape[-1]
    made = out.reshape(*shape[:2], -1)
    return (
        made[..., :groups],
        made[..., groups : 2 * groups],
        made[..., -2],
        np.exp(made[..., -1]),
    )
