"""`Posterior`: what a fitted scale-up model says, once its chains have converged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import mcmc
from ..arguments import explained
from ..convergence import check_converged
from ..draws import from_draws
from ..errors import generator, level_in_range, nearest, note, one_of
from ..estimand import SEVERAL, Estimand
from ..estimate import Estimate
from ..frames import names_of
from .adjustments import Adjustments
from .chains import joined
from .convergence import LEVEL, PREVALENCE, REGIONAL, diagnose, worst
from .models import MODELS
from .predictive import discrepancies
from .shrinkage import shrinkage

__all__ = ["Posterior"]

Array = NDArray[Any]
LONG_TAIL = 1.3  # mean over median; 1.3 is that of a lognormal law of coefficient of variation 0.8
DRAWN = "Adjustments are drawn, each from its own distribution, and divided draw by draw."


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """Draws of a scale-up model of the numbers known, made by `prevalence.nsum.fit`.

    Parameters
    ----------
    model : str
        Name of the model.
    draws : mapping of str to ndarray
        Draws (chains, draws, ...) by parameter: ``log_degree`` by respondent, ``log_prevalence`` by
        group (known groups first), and the model's own; with regions ``log_region_prevalence`` by
        hidden group and region.
    known, hidden : tuple of str
        Groups, in the order of the draws.
    sizes : ndarray
        Sizes of the known groups.
    population : float
        Number of people that degrees and shares refer to.
    low, high : ndarray of shape (respondents, groups)
        Smallest and largest number that each answer allows; no identifier is kept.
    region_name : str
        Column of the regions, empty without.
    regions : tuple of str
        Their labels.
    region_populations : ndarray
        Number of people in each.
    region : ndarray
        Region of each respondent.
    facts : mapping of str to ndarray
        Facts of the groups: n, missing, cases, psus, psus_with_cases (groups, 1 + regions).
    about : Estimand
        Words on the population and the window.
    words : mapping of str to str
        How the answers, the weights and the draws were made.
    notes, assumptions, citations : tuple of str
        What was said while fitting, what was assumed, and the papers.
    source : str
        Name of this fit; estimates of one fit pair draw by draw.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
    Rank-normalization, folding, and localization: An improved R-hat for assessing convergence of
    MCMC. Bayesian Analysis, 16(2), 667-718. doi:10.1214/20-BA1221

    Examples
    --------
    >>> import numpy as np
    >>> import prevalence as pv
    >>> made = np.random.default_rng(1)
    >>> degree = made.lognormal(5, 0.5, 80)
    >>> shares = {"police": 0.03, "nurses": 0.05, "hidden": 0.01}
    >>> data = {name: made.poisson(degree * share) for name, share in shares.items()}
    >>> known = {"police": 3_000, "nurses": 5_000}
    >>> fit = pv.nsum.fit(
    ...     pv.Survey(data),
    ...     "hidden",
    ...     known=known,
    ...     population=100_000,
    ...     model="random-degree",
    ...     draws=300,
    ...     warmup=300,
    ...     rng=1,
    ... )
    >>> fit
    <Posterior: random-degree model of 80 respondents, 2 known and 1 hidden groups; 4 chains of 300
    draws, converged>
    >>> bool(700 < fit.size(transmission=1).value[0] < 1_300)
    True
    >>> fit.diagnostics()["parameter"].tolist()[:2], fit.degrees().shape
    (['log_prevalence[police]', 'log_prevalence[nurses]'], (80, 7))
    >>> fit.check(rng=1)["statistic"].unique().tolist()
    ['share of zeros', 'mean', 'maximum']
    """

    model: str
    draws: Mapping[str, Array]
    known: tuple[str, ...]
    hidden: tuple[str, ...]
    sizes: Array
    population: float
    low: Array
    high: Array
    region_name: str = ""
    regions: tuple[str, ...] = ()
    region_populations: Array = field(default_factory=lambda: np.zeros(0))
    region: Array = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    facts: Mapping[str, Array] = field(default_factory=dict)
    about: Estimand = field(default_factory=Estimand)
    words: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    source: str = "draws:"

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of all groups, known ones first."""
        return (*self.known, *self.hidden)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of chains and of draws in each."""
        chains, draws = self.draws[PREVALENCE].shape[:2]
        return int(chains), int(draws)

    def join(self, *others: Posterior) -> Posterior:
        """Return the fit with the chains of other fits of the same answers beside its own.

        Parameters
        ----------
        *others : Posterior
            Fits of one model to one set of answers, each from a seed of its own, such as those of
            ``np.random.SeedSequence(1).spawn(4)``: in other processes or on other computers, from
            where ``dataclasses.replace(fit, draws=...)`` takes their `draws` up.

        Returns
        -------
        Posterior
            All chains; diagnostics compare those of different fits too.

        Raises
        ------
        ValueError
            When a fit is of another model or other answers, or the draws differ in number or not at
            all.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"police": [1, 2, 4, 3] * 9, "hidden": [0, 1, 2, 0] * 9})
        >>> def fit(seed):
        ...     how = {"known": {"police": 3_000}, "population": 1e5, "model": "random-degree"}
        ...     return pv.nsum.fit(survey, "hidden", **how, draws=50, warmup=50, rng=seed)
        >>> fit(1).join(fit(2)).shape
        (8, 50)
        """
        return joined(self, others)

    # ------------------------------------------------------------------ diagnostics
    def diagnostics(self) -> pd.DataFrame:
        """Return one row per parameter: posterior mean and how well the chains know it.

        Returns
        -------
        pandas.DataFrame
            Columns parameter, mean, sd, mcse, ess_bulk, ess_tail and rhat: the log share of each
            group, the model's own parameters, and mean and spread of the log degrees.
        """
        held = self.__dict__.get("_diagnostics")
        if held is None:
            axes = (self.regions, self.hidden, self.groups)
            held = self.__dict__["_diagnostics"] = diagnose(self.draws, axes)
        return held.copy()

    @property
    def converged(self) -> bool:
        """Whether all moved, R-hats are at most 1.05, and shares and degrees have 100 effective draws.

        At R-hat 1.05 the chains still differ by a third of a posterior standard deviation, and 100
        effective draws leave the limits of a 95 % interval uncertain by a quarter of one: beyond
        that nothing is summarised unasked. Estimates above 1.01 or below 400, the limits that
        Vehtari et al. (2021) recommend, carry a flag.
        """
        return self._worst() is None

    def _worst(self) -> pd.Series[Any] | None:
        """Return the row of the least known parameter, None where all are known well enough."""
        return worst(self.diagnostics(), self.known)

    def _check_converged(self, unconverged: bool) -> list[str]:
        remedy = "Fit again with more warmup= and draws=, look at .diagnostics()"
        return check_converged(self._worst(), unconverged, remedy)

    # ------------------------------------------------------------------ estimates
    def size(
        self,
        hidden: str | Sequence[str] | None = None,
        *,
        transmission: float | Estimate | None = None,
        degree_ratio: float | Estimate = 1.0,
        frame_ratio: float | Estimate = 1.0,
        precision: float | Estimate = 1.0,
        by: str | Sequence[str] = (),
        point: str = "mean",
        rng: int | np.random.Generator | None = None,
        unconverged: bool = False,
    ) -> Estimate:
        """Return the sizes of hidden groups: draws of the model, adjusted one by one.

        ``N_h = N exp(log prevalence_h) eta / (phi delta tau)`` for every draw, each of frame ratio
        phi, degree ratio delta, transmission tau and precision eta drawn from its own distribution.
        Only ``tau N_h`` is in the answers, so that dividing afterwards is exact.

        Parameters
        ----------
        hidden : str or list of str, optional
            Hidden groups, by default all.
        transmission : float or Estimate
            Share of ties to hidden people that respondents report. There is no default:
            ``transmission=1`` assumes that all are reported.
        degree_ratio, frame_ratio, precision : float or Estimate
            Ties of hidden people over those of others; ties within the frame over those to the
            whole population; share of reports that are true. Quantities known with uncertainty
            (`prevalence.uncertain`), estimates with bootstrap replicates or other estimates.
        by : str, optional
            The column of the regions, for one row per region.
        point : {"mean", "median"}
            Which number of the posterior the estimate is.
        rng : int, Generator or None
            Seed of the draws of the adjustments.
        unconverged : bool
            Whether to summarise draws that have not converged, with a warning.

        Returns
        -------
        Estimate
            One row per hidden group (and region), a count of people: posterior mean (or median) and
            standard deviation, central posterior interval. Without a report it is an upper limit.

        Raises
        ------
        ConvergenceError
            When the chains have not converged; the message names the worst parameter.
        ValueError, KeyError
            When an adjustment is missing or impossible, or a group or `by` is unknown.

        Notes
        -----
        Assumes the model's answers, and that adjustments are independent of them. It fails, by a
        factor and not by noise, when the transmission rate is wrong.

        The mean is the number that adds up: regions to the nation, groups to their union. Where few
        know anyone hidden, the posterior has a long tail, which draws the mean away from most of its
        own draws; a warning then gives both numbers. Print the median there: half of the posterior is
        below it, whatever the scale, and a few extreme draws do not move it.

        References
        ----------
        Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method.
        Sociological Methodology 46, 153-186. doi:10.1177/0081175016665425
        """
        adjust = Adjustments(
            transmission=transmission,
            degree_ratio=degree_ratio,
            frame_ratio=frame_ratio,
            precision=precision,
        )
        names = self._chosen("hidden", hidden, self.hidden)
        one_of("point", point, ("mean", "median"))
        said = self._check_converged(unconverged)
        factor = adjust.draws(self._count, generator(rng), said)
        drawn = any(isinstance(part, Estimate) for _, part, _ in adjust.parts)
        assumed = [*self.assumptions, *adjust.assumptions, *([DRAWN] if drawn else [])]
        e = self._estimate(names, factor, by, assumed, said, point)
        return replace(e, provenance={**e.provenance, **adjust.record})

    def fitted_sizes(
        self, known: str | Sequence[str] | None = None, *, unconverged: bool = False
    ) -> Estimate:
        """Return the sizes of known groups as the model sees them, to be held against the true ones.

        Parameters
        ----------
        known : str or list of str, optional
            Known groups, by default all.
        unconverged : bool
            Whether to summarise draws that have not converged, with a warning.

        Returns
        -------
        Estimate
            One row per known group, a count of people, without adjustments.

        Raises
        ------
        ConvergenceError
            When the chains have not converged.
        KeyError, ValueError
            When a group is unknown, or the model takes known sizes as given.
        """
        names = self._chosen("known", known, self.known)
        if MODELS[self.model].sized:
            raise ValueError(
                f"known groups must have fitted sizes: the {self.model} model takes theirs as given. "
                "Use .check(), or fit model='overdispersed'."
            )
        said = self._check_converged(unconverged)
        e = self._estimate(names, np.ones(self._count), (), list(self.assumptions), said)
        return replace(e, estimand=Estimand(outcome=names[0] if len(names) == 1 else SEVERAL))

    @property
    def _count(self) -> int:
        chains, draws = self.shape
        return chains * draws

    def _chosen(self, argument: str, names: Any, among: tuple[str, ...]) -> list[str]:
        chosen = list(among) if names is None else names_of(argument, names)
        for name in chosen:
            if name not in among:
                raise KeyError(
                    f"{argument} must name {argument} groups of the fit: {name!r} is not one."
                    f"{nearest(name, among)}"
                )
        if not chosen:
            raise ValueError(
                f"{argument} must name a group: the fit has no {argument} group. Name some in "
                "pv.nsum.fit."
            )
        return chosen

    def _by_region(self, by: str | Sequence[str]) -> bool:
        wanted = names_of("by", by)
        if wanted and (wanted != [self.region_name] or not self.regions):
            there = f"that is {self.region_name!r}" if self.regions else "it has none"
            raise ValueError(
                f"by must be the column of the fit's regions: found {', '.join(wanted)!r}, and "
                f"{there}. Fit with regions= and region_populations=."
            )
        return bool(wanted)

    def _estimate(
        self,
        names: list[str],
        factor: Array,
        by: str | Sequence[str],
        assumed: list[str],
        said: list[str],
        point: str = "mean",
    ) -> Estimate:
        regional = self._by_region(by)
        at = [self.groups.index(name) for name in names]
        if regional:
            logs = self.draws[REGIONAL][:, :, [k - len(self.known) for k in at]]
            people = np.tile(self.region_populations, len(at))
        else:
            logs, people = self.draws[PREVALENCE][..., at], np.full(len(at), self.population)
        logs = logs.reshape(*self.shape, -1)
        sizes = np.exp(logs).reshape(-1, people.size).T * people[:, None] * factor
        rows = slice(1, None) if regional else slice(0, 1)
        facts = {name: fact[at, rows].reshape(-1) for name, fact in self.facts.items()}
        facts |= {"rhat": mcmc.rhat(logs), "ess": np.fmin(mcmc.ess(logs), mcmc.ess(logs, "tail"))}
        labels = tuple((label,) for label in self.regions) if regional else ((),)
        above = float((sizes > people[:, None]).mean())
        if above > 0:
            note(
                said,
                f"{above:.2%} of the draws are above the population: adjust less, or check it.",
            )
        outcomes = np.repeat(names, len(labels))
        said += self._nobody(outcomes, facts)
        if point == "mean" and self.converged:
            said += _long_tails(outcomes, sizes, facts)
        return from_draws(
            sizes,
            source=self.source,
            point=point,
            labels=labels * len(at),
            label_names=(self.region_name,) if regional else (),
            outcomes=tuple(outcomes.tolist()),
            unit="count",
            estimand=replace(self.about, outcome=names[0] if len(names) == 1 else SEVERAL),
            method="nsum.fit",
            facts=facts,
            assumptions=tuple(assumed),
            warnings=(*self.notes, *said),
            citations=self.citations,
            provenance=self._provenance(),
        )

    def _nobody(self, outcomes: Array, facts: Mapping[str, Array]) -> list[str]:
        """Say for which rows the answers give an upper limit only."""
        none = np.asarray(facts.get("cases", np.ones(outcomes.size))) == 0
        if not none.any():
            return []
        said: list[str] = []
        note(
            said,
            f"nobody reported knowing anyone in {str(outcomes[none][0])!r} ({int(none.sum())} of "
            f"{outcomes.size} rows of the result): its posterior is an upper limit that leans on "
            "the prior. Read at_most(), not the mean.",
        )
        return said

    def _provenance(self) -> dict[str, Any]:
        chains, draws = self.shape
        table = self.diagnostics()
        worst = f"largest R-hat {table['rhat'].max():.3f}, fewest effective draws"
        few = np.nanmin(table[["ess_bulk", "ess_tail"]].to_numpy())
        return {
            **self.words,
            "cases": "reports",
            "model": self.model,
            "variance": f"{chains * draws:,} posterior draws ({chains} chains of {draws:,})",
            "convergence": f"{worst} {few:,.0f}",
        }

    def shrinkage(
        self, hidden: str | None = None, *, level: float = 0.95, disclosure: str = "on"
    ) -> pd.DataFrame:
        """Return each region's share of a hidden group as answered there, and as the model pools it.

        Parameters
        ----------
        hidden : str, optional
            A hidden group, by default the first.
        level : float
            Probability of the intervals.
        disclosure : str
            ``"on"`` leaves out what small regions answered and what would tell it by subtraction;
            ``"off:"`` with the reason shows it.

        Returns
        -------
        pandas.DataFrame
            One row per region: region, n, reports (in bins at least so many), raw (reports over ties
            to known groups asked as counts, times their share; nan if the hidden group was not),
            raw_low, raw_high (exact Poisson limits, which leave out clustering), estimate,
            conf_low, conf_high (posterior), national, the same in every row, and flag. Shares are
            those that are seen: no adjustment is made.

        Raises
        ------
        ConvergenceError
            When the chains have not converged.
        KeyError, ValueError
            When the group is unknown, or the fit has no regions.
        """
        (name, *_) = self._chosen("hidden", hidden, self.hidden)
        self._by_region(self.region_name or "regions")
        self._check_converged(unconverged=False)
        return shrinkage(self, self.hidden.index(name), level, disclosure)

    def degrees(self, level: float = 0.95) -> pd.DataFrame:
        """Return the degree of each respondent, the number of people known.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns respondent (position among those fitted), degree (posterior mean), std_error,
            conf_low, conf_high, ess and rhat.

        Raises
        ------
        ConvergenceError
            When the chains have not converged.
        """
        level = level_in_range(level)
        self._check_converged(unconverged=False)
        logs = self.draws[LEVEL]
        draws = np.exp(logs).reshape(-1, logs.shape[2])
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return pd.DataFrame(
            {
                "respondent": np.arange(logs.shape[2]),
                "degree": draws.mean(axis=0),
                "std_error": draws.std(axis=0, ddof=1),
                "conf_low": low,
                "conf_high": high,
                "ess": mcmc.ess(logs),
                "rhat": mcmc.rhat(logs),
            }
        )

    def check(
        self, *, replicates: int = 200, rng: int | np.random.Generator | None = None
    ) -> pd.DataFrame:
        """Hold the answers against answers drawn from the fitted model: posterior predictive check.

        Parameters
        ----------
        replicates : int
            Number of draws of the parameters, each with new answers of every respondent.
        rng : int, Generator or None
            Seed.

        Returns
        -------
        pandas.DataFrame
            One row per group and statistic (share of zeros, mean, maximum): observed, predicted
            (mean over replicates), low and high (95 %), and p, the share of replicates that are at
            least as large as what was observed, ties counted half. Missing answers take part in
            neither; mean and maximum are those of exact counts.

        Raises
        ------
        ValueError
            When `replicates` is not a positive whole number.

        Notes
        -----
        The answers were used for the fit, so that p is nearer to 0.5 than a p-value: a p near 0 or
        1 tells that the model cannot make such answers, one near 0.5 does not prove it.

        References
        ----------
        Gelman, A., Meng, X.-L. and Stern, H. (1996). Posterior predictive assessment of model
        fitness via realized discrepancies. Statistica Sinica 6, 733-760. (no DOI)
        """
        if not isinstance(replicates, (int, np.integer)) or replicates < 1:
            raise ValueError(
                f"replicates must be a positive whole number: found {replicates!r}. Write 200."
            )
        made = generator(rng)
        flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in self.draws.items()}
        at = np.linspace(0, self._count - 1, min(replicates, self._count)).round().astype(int)
        new = (MODELS[self.model].replicate(_one(flat, s, self), made) for s in at)
        return discrepancies(self.groups, self.low, self.high, new)

    def to_arviz(self) -> Any:
        """Return the draws for ArviZ: an InferenceData of version 0.x, a DataTree of version 1.

        Returns
        -------
        arviz.InferenceData or xarray.DataTree
            The group ``posterior``, with coordinates group, region and respondent (a position).

        Raises
        ------
        ImportError
            When ArviZ is not installed.
        """
        from .arviz_draws import to_arviz

        return to_arviz(self.draws, self.groups, self.hidden, self.regions)

    def __repr__(self) -> str:
        chains, draws = self.shape
        state = "converged" if self.converged else "not converged"
        n = self.draws[LEVEL].shape[2]
        return (
            f"<Posterior: {self.model} model of {n:,} respondents, {len(self.known)} known and "
            f"{len(self.hidden)} hidden groups; {chains} chains of {draws:,} draws, {state}>"
        )


def _long_tails(outcomes: Array, sizes: Array, facts: Mapping[str, Array]) -> list[str]:
    """Say for which sizes with reports the posterior mean is far above the median."""
    mean, median = sizes.mean(axis=1), np.median(sizes, axis=1)
    far = (mean > LONG_TAIL * median) & (np.asarray(facts.get("cases", np.ones(mean.size))) > 0)
    said: list[str] = []
    if far.any():
        k = int(np.argmax(far))
        note(
            said,
            f"the posterior has a long tail in {int(far.sum())} of {far.size} rows: the mean of "
            f"{str(outcomes[k])!r} is {mean[k]:,.0f} and its median {median[k]:,.0f}. Pass "
            "point='median' to print the median; only means add up.",
        )
    return said


def _one(flat: Mapping[str, Array], s: int, fit: Posterior) -> dict[str, Array]:
    """Return one draw of all parameters, with the shares of every row where regions differ."""
    out = {name: draws[s] for name, draws in flat.items()}
    if fit.regions:
        rows = np.tile(out[PREVALENCE], (fit.region.size, 1))
        rows[:, len(fit.known) :] = out[REGIONAL][:, fit.region].T
        out["log_prevalence_of_row"] = rows
    return out
