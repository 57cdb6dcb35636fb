"""Bayesian latent class model of overlapping lists: the fit, whether it has converged, its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ... import mcmc
from ...arguments import explained
from ...convergence import check_converged, diagnostics, stacked, worst
from ...errors import generator, note, number, one_of, shown, whole
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import POSTERIOR, example, from_posterior, require_overlap
from .sampler import Sampler
from .state import Prior, dispersed
from .tempering import Ladder

__all__ = ["LatentClassFit", "latent_class", "latent_class_fit"]

Array = NDArray[Any]
MANRIQUE = "Manrique-Vallier (2016) doi:10.1111/biom.12502"
IDENTIFIES = (
    "Persons fall into a few unseen classes, lists catch independently within each, and the prior of "
    "the classes holds for those on no list."
)
POINTS = ("mean", "median")
LONG_TAIL = 1.3  # posterior mean over median
NEAR = 0.9  # of the largest size: draws above it lean on the bound
BINDS = 0.05  # share of draws at a bound from which it is said
RESPACED = (1 / 8, 1 / 4, 1 / 2, 3 / 4)  # places in the warm-up where levels are spaced anew


@explained
@dataclass(frozen=True, eq=False, repr=False)
class LatentClassFit:
    """Draws of a latent class model of lists, made by `prevalence.mse.latent_class_fit`.

    Parameters
    ----------
    lists : Lists
        The case lists.
    draws : mapping of str to ndarray
        Draws (chains, draws): ``population size``, ``classes`` that hold somebody,
        ``concentration`` and ``log likelihood``.
    classes : int
        Largest number of classes.
    prior : Prior
        Prior of the concentration, and the largest size.
    refused : ndarray
        Share of exchanges between neighbouring levels of tables that were refused.
    words : mapping of str to str
        How the draws were made.

    References
    ----------
    Manrique-Vallier, D. (2016). Bayesian population size estimation using Dirichlet process mixtures.
    Biometrics 72(4), 1246-1254. doi:10.1111/biom.12502

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> fit = pv.mse.latent_class_fit(
    ...     lists, classes=1, chains=16, levels=1, warmup=20, draws=160, rng=1
    ... )
    >>> fit
    <LatentClassFit: 228 persons on 3 lists, 1 class; 16 chains of 160 draws, converged>
    >>> bool(fit.size().value[0] > 228)
    True
    >>> fit.diagnostics()["parameter"].tolist()[:2], fit.to_frame().shape
    (['population size', 'classes'], (4, 7))
    """

    lists: Lists
    draws: Mapping[str, Array]
    classes: int
    prior: Prior = field(default_factory=Prior)
    refused: Array = field(default_factory=lambda: np.zeros(0))
    words: Mapping[str, str] = field(default_factory=dict)

    def diagnostics(self) -> pd.DataFrame:
        """Return one row per quantity: posterior mean and how well the chains know it.

        Returns
        -------
        pandas.DataFrame
            Columns parameter, mean, sd, mcse, ess_bulk, ess_tail and rhat. All four quantities are the
            same whatever the classes are called.
        """
        held = self.__dict__.get("_diagnostics")
        if held is None:
            stacked = np.stack(list(self.draws.values()), axis=2)
            held = self.__dict__["_diagnostics"] = diagnostics(list(self.draws), stacked)
        return held.copy()

    def to_frame(self) -> pd.DataFrame:
        """Return the diagnostics.

        Returns
        -------
        pandas.DataFrame
            As `diagnostics`.
        """
        return self.diagnostics()

    @property
    def converged(self) -> bool:
        """Whether R-hats are at most 1.05 and the population size has 100 effective draws."""
        return self._worst() is None

    def _worst(self) -> pd.Series[Any] | None:
        """Return the row of the quantity known least, None where all are known well enough."""
        table = self.diagnostics()
        name = table["parameter"]
        return worst(table, name == "population size", name == "classes")

    def _check_converged(self, unconverged: bool) -> list[str]:
        remedy = (
            "Fit again with more warmup=, draws= and levels=, look at "
            "pv.mse.latent_class_fit(...).diagnostics()"
        )
        return check_converged(self._worst(), unconverged, remedy)

    def join(self, *others: LatentClassFit) -> LatentClassFit:
        """Return the fit with the chains of other fits of the same lists beside its own.

        Parameters
        ----------
        *others : LatentClassFit
            Fits with the same arguments but the seed, made in other processes or on other computers.

        Returns
        -------
        LatentClassFit
            All chains; diagnostics compare those of different fits too.

        Raises
        ------
        ValueError
            When a fit is of other lists, classes or another prior, or the draws differ in number or not
            at all.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 74, 21], ["A", "B"])
        >>> def fit(seed):
        ...     how = {"classes": 1, "chains": 2, "levels": 1, "warmup": 20, "draws": 40}
        ...     return pv.mse.latent_class_fit(lists, **how, rng=seed)
        >>> fit(1).join(fit(2)).draws["classes"].shape
        (4, 40)
        """
        for other in others:
            same = np.array_equal(self.lists.histories, other.lists.histories) and np.array_equal(
                self.lists.counts, other.lists.counts
            )
            if not same or (self.classes, self.prior) != (other.classes, other.prior):
                raise ValueError(
                    "others must be fits of the same lists with the same classes and prior: found "
                    "another. Join fits that differ in their seed alone."
                )
        draws = stacked([self.draws, *(other.draws for other in others)])
        chains, each = draws["classes"].shape
        drawn = _drawn(chains, each, self.refused.size + 1)
        return replace(self, draws=draws, words={**self.words, "variance": drawn})

    def size(self, *, point: str = "mean", unconverged: bool = False) -> Estimate:
        """Return the population size.

        Parameters
        ----------
        point : {"mean", "median"}
            Which number of the posterior the estimate is.
        unconverged : bool
            Whether to summarise draws that have not converged, with a warning.

        Returns
        -------
        Estimate
            One row, persons, with its draws and a central posterior interval.

        Raises
        ------
        ConvergenceError
            When the chains have not converged; the message names the worst quantity.
        ValueError
            When `point` is unknown.
        """
        one_of("point", point, POINTS)
        if not isinstance(unconverged, bool):
            raise TypeError(
                f"unconverged must be True or False: found {shown(unconverged)}. Leave it out to have "
                "an estimate of chains that agree."
            )
        said = self._check_converged(unconverged)
        totals = self.draws["population size"]
        said += self._leanings(totals, point)
        return from_posterior(
            self.lists,
            totals.reshape(1, -1),
            method="mse.latent_class",
            identifies=IDENTIFIES,
            citations=[MANRIQUE],
            assumptions=self._assumptions(),
            said=said,
            point=point,
            facts={
                "rhat": np.atleast_1d(mcmc.rhat(totals)),
                "ess": np.atleast_1d(np.fmin(mcmc.ess(totals), mcmc.ess(totals, "tail"))),
            },
            provenance={**self.words, "classes": self._classes()},
        )

    def _assumptions(self) -> list[str]:
        bound = (
            f"At most {self.prior.largest:,.0f} persons, as largest= says"
            if np.isfinite(self.prior.largest)
            else "Any population size is possible"
        )
        before = (
            f"{bound}; before the data p(N) is proportional to 1 / N, capture rates are uniform and "
            f"classes, at most {self.classes}, break a stick with a concentration that is "
            f"gamma({self.prior.shape:g}, {self.prior.rate:g})."
        )
        return [before]

    def _classes(self) -> str:
        held = self.draws["classes"]
        low, middle, high = np.quantile(held, [0.025, 0.5, 0.975])
        return (
            f"{middle:.0f} ({low:.0f} to {high:.0f}) hold somebody; one alone, which is independence, "
            f"in {100 * np.mean(held == 1):.0f} % of the draws"
        )

    def _leanings(self, totals: Array, point: str) -> list[str]:
        """Say where the posterior leans on a bound, on its prior alone or on a few draws."""
        said: list[str] = []
        if len(self.lists.names) < 3:
            note(
                said,
                "two lists cannot tell classes from chance: beyond independence the answer is the "
                "prior's. Add a third list.",
            )
        bound = float(np.mean(totals > NEAR * self.prior.largest))
        if bound > BINDS:
            note(
                said,
                f"{100 * bound:.0f} % of the draws are within a tenth of largest={self.prior.largest:,.0f}: "
                "the upper limit is that bound's. Leave it out, or have a source for it.",
            )
        full = float(np.mean(self.draws["classes"] == self.classes))
        if self.classes > 1 and full > BINDS:
            note(
                said,
                f"all {self.classes} classes hold somebody in {100 * full:.0f} % of the draws: raise classes=.",
            )
        mean, median = float(totals.mean()), float(np.median(totals))
        if point == "mean" and mean > LONG_TAIL * median:
            note(
                said,
                f"the posterior has a long tail: its mean is {mean:,.0f} and its median "
                f"{median:,.0f}. Pass point='median' to print the median.",
            )
        return said

    def __repr__(self) -> str:
        chains, draws = self.draws["classes"].shape
        state = "converged" if self.converged else "not converged"
        classes = "1 class" if self.classes == 1 else f"at most {self.classes} classes"
        return (
            f"<LatentClassFit: {self.lists.seen:,} persons on {len(self.lists.names)} lists, "
            f"{classes}; {chains} chains of {draws:,} draws, {state}>"
        )


def _drawn(chains: int, draws: int, levels: int) -> str:
    """Say how many draws there are, and how they were made."""
    return (
        f"{chains * draws:,} posterior draws ({chains} chains of {draws:,}, each tempered over "
        f"{levels} tables)"
    )


@explained
def latent_class_fit(
    lists: Lists,
    *,
    classes: int = 10,
    chains: int = 8,
    levels: int = 12,
    draws: int = 3000,
    warmup: int = 1500,
    shape: float = 0.25,
    rate: float = 0.25,
    largest: float | None = None,
    rng: int | np.random.Generator | None = None,
) -> LatentClassFit:
    """Fit the Bayesian latent class model of capture histories, with its diagnostics.

    The arguments are those of `latent_class`, which says what the model is.

    Parameters
    ----------
    lists : Lists
        The case lists.
    classes : int
        Largest number of classes.
    chains, levels : int
        Chains of the whole table, and smaller tables through which each of them is tempered.
    draws, warmup : int
        Sweeps kept of each chain, and sweeps before.
    shape, rate : float
        Gamma prior of the concentration.
    largest : float, optional
        Largest population size that is possible.
    rng : int, numpy Generator or None
        Seed.

    Returns
    -------
    LatentClassFit
        The draws; ``.size()`` is the estimate.

    Raises
    ------
    TypeError, ValueError
        When `lists` is not a `Lists`, the lists do not overlap, or a number is impossible.

    Notes
    -----
    ``P(history w) = sum_k nu_k prod_j lambda_jk^w_j (1 - lambda_jk)^(1 - w_j)``. It fails where
    `latent_class` does: where the table is sparse, chains that disagree give no number.

    References
    ----------
    Manrique-Vallier, D. (2016). Bayesian population size estimation using Dirichlet process mixtures.
    Biometrics 72(4), 1246-1254. doi:10.1111/biom.12502

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> fit = pv.mse.latent_class_fit(
    ...     lists, classes=1, chains=16, levels=1, warmup=20, draws=160, rng=1
    ... )
    >>> bool(fit.diagnostics()["rhat"].max() < 1.05)
    True
    """
    require_overlap(lists)
    for name, value, least in (
        ("classes", classes, 1),
        ("chains", chains, 2),
        ("levels", levels, 1),
        ("draws", draws, 4),
        ("warmup", warmup, 0),
    ):
        whole(name, value, least, f"Leave it out, or write {max(least, 10)}.")
    prior = Prior(_positive("shape", shape), _positive("rate", rate), _largest(largest, lists))
    random = generator(rng)
    some = lists.counts > 0
    histories, counts = lists.histories[some], np.rint(lists.counts[some]).astype(np.int64)
    ladder = Ladder(counts, levels, chains)
    start = dispersed(len(lists.names), classes, chains * levels, random)
    sampler = Sampler(histories, ladder.tables[:, ladder.level], prior, start, random, ladder)
    kept: list[tuple[Array, ...]] = []
    for sweep in range(warmup + draws):
        if sweep < warmup and sweep in [int(part * warmup) for part in RESPACED]:
            ladder.respace()
        sampler.sweep()
        if sweep >= warmup:
            at = ladder.whole
            found = (sampler.total, sampler.classes, sampler.state.concentration)
            kept.append(tuple(values[at] for values in (*found, sampler.log_likelihood)))
    names = ("population size", "classes", "concentration", "log likelihood")
    columns = (np.array(column, dtype=float).T for column in zip(*kept, strict=True))
    words = {"model": "latent class", "variance": _drawn(chains, draws, levels)}
    return LatentClassFit(
        lists, dict(zip(names, columns, strict=True)), classes, prior, ladder.refused, words
    )


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=MANRIQUE,
    example=example(classes=1, chains=16, levels=1, draws=160, warmup=20, rng=1),
    skips=POSTERIOR,
)
@explained
def latent_class(
    lists: Lists,
    *,
    classes: int = 10,
    chains: int = 8,
    levels: int = 12,
    draws: int = 3000,
    warmup: int = 1500,
    shape: float = 0.25,
    rate: float = 0.25,
    largest: float | None = None,
    point: str = "mean",
    rng: int | np.random.Generator | None = None,
    unconverged: bool = False,
) -> Estimate:
    """Estimate the population size by a Bayesian latent class model of the capture histories.

    Persons belong to one of K unseen classes, in which lists catch independently:
    ``P(history w) = sum_k nu_k prod_j lambda_jk^w_j (1 - lambda_jk)^(1 - w_j)``, with
    ``nu_k = V_k prod_{h<k} (1 - V_h)``, ``V_k ~ Beta(1, alpha)``, ``lambda_jk ~ Beta(1, 1)``,
    ``alpha ~ Gamma(shape, rate)`` and ``p(N) = 1 / N``. All chains are moved at once by a Gibbs sampler
    with moves between labels and tempering; see Notes.

    Parameters
    ----------
    lists : Lists
        The case lists; a bootstrap that they carry is not used.
    classes : int
        Largest number of classes K; those not needed stay empty.
    chains : int
        Chains from scattered starts.
    levels : int
        Tables of ever fewer persons, down to 50, through which each chain is tempered; 1 for none.
    draws : int
        Sweeps of each chain that are kept.
    warmup : int
        Sweeps before that, in which the levels find their places.
    shape, rate : float
        Gamma prior of the concentration alpha.
    largest : float, optional
        Largest population size that is possible, a bound of the prior that is printed with the
        result. Without it there is none.
    point : {"mean", "median"}
        Which number of the posterior the estimate is.
    rng : int, numpy Generator or None
        Seed.
    unconverged : bool
        Whether to summarise chains that have not converged, with a warning.

    Returns
    -------
    Estimate
        One row, persons, with posterior draws and the central posterior interval; ``rhat`` and
        ``ess`` are among its facts.

    Raises
    ------
    ConvergenceError
        When the chains have not converged (R-hat above 1.05 or fewer than 100 effective draws).
    TypeError, ValueError
        When `lists` is not a `Lists`, the lists do not overlap, or a number is impossible.

    Notes
    -----
    Assumes that persons fall into classes within which lists are independent. That covers unequal
    visibility as far as it shows in the overlaps (little of it is read as one class, and the size is
    then too low), and dependence that classes can mimic; a referral between two lists is mimicked,
    not known: declare it. One class is independence of all lists.

    It fails where the table is sparse. Then posteriors have several modes, one for each way to sort
    persons into classes, and a single chain reports the mode it fell into: hence many chains from
    scattered starts, tables of fewer persons between which they are exchanged (parallel tempering),
    and no number before R-hat says that the chains agree. How many are on no list is known through
    the classes alone: a class of whom nobody was seen is always possible, so that the posterior falls
    only like ``N^-L`` far out, whatever the data, and its upper limit leans on the uniform prior of
    the rates. With two lists classes cannot be told from chance.

    Names of classes are without meaning and are exchanged by two moves, of any two classes before
    the sticks are redrawn and of two neighbours with their sticks (Papaspiliopoulos and Roberts);
    everything reported is the same whatever the classes are called. One more move shifts a class
    along the ridge on which fewer captures of more persons explain the persons seen once.

    References
    ----------
    Manrique-Vallier, D. (2016). Bayesian population size estimation using Dirichlet process mixtures.
    Biometrics 72(4), 1246-1254. doi:10.1111/biom.12502

    Syed, S., Bouchard-Côté, A., Deligiannidis, G. and Doucet, A. (2022). Non-reversible parallel
    tempering: a scalable highly parallel MCMC scheme. Journal of the Royal Statistical Society B,
    84(2), 321-350. doi:10.1111/rssb.12464

    Papaspiliopoulos, O. and Roberts, G. O. (2008). Retrospective Markov chain Monte Carlo methods for
    Dirichlet process hierarchical models. Biometrika 95(1), 169-186. (DOI not checked)

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> found = pv.mse.latent_class(
    ...     lists, classes=6, chains=16, levels=4, warmup=300, draws=1200, rng=1
    ... )
    >>> bool(450 < found.value[0] < 490)
    True
    """
    one_of("point", point, POINTS)
    fit = latent_class_fit(
        lists,
        classes=classes,
        chains=chains,
        levels=levels,
        draws=draws,
        warmup=warmup,
        shape=shape,
        rate=rate,
        largest=largest,
        rng=rng,
    )
    return fit.size(point=point, unconverged=unconverged)


def _positive(argument: str, value: object) -> float:
    found = number(argument, value)
    if not 0 < found < np.inf:
        raise ValueError(
            f"{argument} must be positive: found {found:g}. Leave it out to have 0.25."
        )
    return found


def _largest(value: float | None, lists: Lists) -> float:
    if value is None:
        return np.inf
    found = np.floor(number("largest", value))
    if not found >= lists.seen:
        raise ValueError(
            f"largest must be at least the {lists.seen:,} persons seen: found {found:g}. Leave it out "
            "to have no bound."
        )
    return float(found)
