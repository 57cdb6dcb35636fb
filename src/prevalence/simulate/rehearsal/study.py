"""The public door: a population from plain numbers, a design, and the estimators wanted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prevalence.errors import generator

from .expected import expected
from .parameters import ESTIMATORS, Parameters
from .population import populate
from .rehearsal import Rehearsal

__all__ = ["study"]


def study(
    prevalence: float = 0.02,
    *,
    children: int = 120_000,
    clusters: int = 1_000,
    strata: int = 4,
    icc: float = 0.02,
    strata_ratio: float = 2.0,
    transmission: float = 0.8,
    barrier: float = 0.0,
    recall: float = 0.0,
    known_groups: int = 10,
    children_known: float = 40.0,
    captures: Sequence[float] = (0.25, 0.2, 0.15),
    dependence: float = 1.0,
    heterogeneity: float = 0.0,
    referral: float = 0.0,
    linkage_error: float = 0.0,
    sampled_clusters: int = 80,
    households: int = 15,
    selection: str = "pps",
    oversample: float = 1.0,
    one_per_household: bool = False,
    nonresponse: float = 0.2,
    nonresponse_by: str = "size",
    margins: Sequence[str] = ("sex", "age_group"),
    census_error: float = 0.0,
    variance: str = "linearised",
    estimators: Sequence[str] = ESTIMATORS,
    ignoring: Sequence[str] = (),
    rng: int | np.random.Generator | None = None,
) -> Rehearsal:
    """Rehearse a study before the field: a population with known truth, and samples of it.

    The population is drawn once. Its counts of children and of cases are exactly those asked for,
    and over all adults ``sum reports / sum ties = cases x transmission x (1 - barrier) / sum sizes``,
    so that an estimator whose assumptions hold has the truth in its middle.

    Parameters
    ----------
    prevalence : float
        Share of children who are trafficked.
    children, clusters, strata : int
        Children of the population, the clusters they live in, and strata of clusters.
    icc : float
        Correlation of two children of one cluster, within strata.
    strata_ratio : float
        Prevalence in the first stratum over that in the last; the others lie between.
    transmission : float
        Share of known trafficked children that adults report.
    barrier : float
        Share of the ties of other children that trafficked children lack.
    recall : float
        Exponent of under-reporting of large known groups; 0 is none.
    known_groups : int
        Groups of children of known size.
    children_known : float
        Children that an adult knows, on average.
    captures : list of float
        Chance of a trafficked child to be on each case list.
    dependence : float
        Odds ratio between the first two lists, of one child; 1 is none.
    heterogeneity : float
        Standard deviation, between children, of the log odds to be on a list.
    referral : float
        Share of the children of the first list who are sent on to the second.
    linkage_error : float
        Share of links between records of one child that are missed.
    sampled_clusters, households : int
        Clusters drawn, and households in each.
    selection : {"pps", "srs"}
        Clusters drawn with chances in proportion to their households, or with equal chances.
    oversample : float
        How many times its share of the clusters the first stratum gets.
    one_per_household : bool
        Whether one child is drawn in each household, in place of all.
    nonresponse : float
        Share of households that do not take part.
    nonresponse_by : {"chance", "size", "stratum", "case"}
        What refusal depends on: nothing, the number of children, the stratum, or whether a child of
        the household is trafficked, which no weight can mend.
    margins : list of {"sex", "age_group", "stratum"}
        Known totals that the children's weights are raked to; ``[]`` is none.
    census_error : float
        Relative standard error of the number of children as the census has it.
    variance : {"linearised", "jackknife", "bootstrap"}
        Variance scheme of the surveys; the bootstrap has 200 replicates.
    estimators : list of {"survey", "network", "lists", "combined"}
        Number of trafficked children by the survey of children, by scale-up, by a log-linear model
        of the lists, and by the mean of the first two.
    ignoring : list of {"transmission", "barrier", "dependence", "referral", "nonresponse"}
        What the analysis does not allow for though it is there: the assumption that fails.
    rng : int, Generator or None
        Seed or generator of the population; samples have their own.

    Returns
    -------
    Rehearsal
        ``population``, ``expected``, ``violated``, and the methods ``sample``, ``estimate``, ``run``.

    Raises
    ------
    ValueError, TypeError
        When a number is out of its range, a word is unknown, or the population is too small for
        the design.

    Notes
    -----
    Weights are base weights, times a nonresponse adjustment by stratum and household size, raked.
    Variances take clusters as drawn with replacement, as household surveys do: intervals are a
    little wide where more than a tenth of the clusters of a stratum is drawn. Recall errors, unequal
    visibility, missed links and nonresponse by case are never allowed for, as a study without extra
    data could not. A rehearsal fails to warn of what nobody thought of: it shows what a design does
    in the population assumed, not in the one that is there.

    References
    ----------
    Blair, G., Cooper, J., Coppock, A. and Humphreys, M. (2019). Declaring and diagnosing research
    designs. American Political Science Review 113, 838-859. doi:10.1017/S0003055419000194

    Examples
    --------
    >>> import prevalence as pv
    >>> rehearsal = pv.simulate.study(prevalence=0.02, sampled_clusters=40, rng=1)
    >>> rehearsal.population.cases, round(rehearsal.expected.cases)
    (2400, 19)
    >>> table = rehearsal.run(samples=20, rng=1)
    >>> table["estimator"].tolist()
    ['survey', 'network', 'lists', 'combined']

    What if adults keep back more than the analysis knows of:

    >>> silent = pv.simulate.study(0.02, transmission=0.5, ignoring=["transmission"], rng=1)
    >>> silent.violated
    ('network: adults report 50 % of what they know, taken for all',)
    """
    parameters = Parameters(
        prevalence=prevalence,
        children=children,
        clusters=clusters,
        strata=strata,
        icc=icc,
        strata_ratio=strata_ratio,
        transmission=transmission,
        barrier=barrier,
        recall=recall,
        known_groups=known_groups,
        children_known=children_known,
        captures=captures,  # type: ignore[arg-type]  # these are made tuples there
        dependence=dependence,
        heterogeneity=heterogeneity,
        referral=referral,
        linkage_error=linkage_error,
        sampled_clusters=sampled_clusters,
        households=households,
        selection=selection,
        oversample=oversample,
        one_per_household=one_per_household,
        nonresponse=nonresponse,
        nonresponse_by=nonresponse_by,
        margins=margins,  # type: ignore[arg-type]
        census_error=census_error,
        variance=variance,
        estimators=estimators,  # type: ignore[arg-type]
        ignoring=ignoring,  # type: ignore[arg-type]
    )
    population = populate(parameters, generator(rng))
    expected(parameters, population)  # refuses chances above 1
    return Rehearsal(parameters, population)
