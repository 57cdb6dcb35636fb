"""A stand-alone population of respondents: answers about people they know, without a country."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prevalence.simulate.frame import POPULATION_2022
from prevalence.simulate.network import gamma, lognormal
from prevalence.simulate.parameters import check_chances

__all__ = ["Answers", "answers"]

#: Children of 5 to 17 in the stand-alone population (assumed).
CHILDREN = 560_000
#: Sizes of its known groups (assumed, some near public figures).
SIZES = (
    12_500, 25_000, 4_600, 39_287, 21_517, 1_500, 3_700, 15_000, 9_000, 60_000, 7_000, 18_000,
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """Answers of adults about people they know, and the truth behind them.

    Parameters
    ----------
    adults : DataFrame
        ``adult_id``, ``cluster``, ``weight``, one column of counts per known group, and
        ``n_children_trafficked``.
    known : dict
        Size of the group behind each column of known counts (persons of all ages).
    population, children : int
        Persons, and children of 5 to 17, of the population.
    trafficked : float
        True number of trafficked children.
    transmission : float
        Chance that a known trafficked child is reported.

    Examples
    --------
    >>> from prevalence.simulate import answers
    >>> simulated = answers(600, clusters=30, rng=1)
    >>> sum(simulated.known.values())
    217104
    """

    adults: pd.DataFrame
    known: dict[str, int]
    population: int
    children: int
    trafficked: float
    transmission: float


def answers(
    n_adults: int = 3_000,
    *,
    clusters: int = 150,
    prevalence: float = 0.01,
    transmission: float = 0.6,
    area_sd: float = 0.5,
    barrier_sd: float = 0.0,
    recall: float = 0.0,
    rng: int | np.random.Generator | None = None,
) -> Answers:
    """Simulate network scale-up answers with a known number of trafficked children.

    An adult knows ``d`` persons (gamma, mean 180, coefficient of variation 0.9) and
    ``d 560,000 / 2,774,538`` children. Reports are Poisson: for a group of size ``s`` with mean
    ``d s / 2,774,538 (s / median s)^-recall``, for trafficked children with mean
    ``children known x prevalence x transmission x area effect x barrier effect``.

    Parameters
    ----------
    n_adults, clusters : int
        Respondents, and the clusters they are shared out to evenly.
    prevalence : float
        Share of children who are trafficked.
    transmission : float
        Chance that a known trafficked child is reported.
    area_sd, barrier_sd : float
        Standard deviations of the log of the cluster's and of the respondent's effect; both
        effects have mean 1.
    recall : float
        Exponent of under-reporting of large groups; 0 is none.
    rng : int, Generator or None
        Seed or generator.

    Returns
    -------
    Answers
        The table of answers, the known sizes and the truth.

    Raises
    ------
    ValueError
        When a chance is not between 0 and 1, or there are fewer respondents than clusters.

    Notes
    -----
    All sizes are synthetic. The scale-up estimate before division by ``transmission`` estimates
    ``prevalence x transmission``; with ``recall`` above 0 it is too large even after it.

    References
    ----------
    Killworth, McCarty, Bernard, Shelley and Johnsen (1998), Evaluation Review 22(2):289-308,
    doi:10.1177/0193841X9802200205.

    Examples
    --------
    >>> from prevalence.simulate import answers
    >>> simulated = answers(600, clusters=30, rng=1)
    >>> len(simulated.adults), len(simulated.known), simulated.trafficked
    (600, 12, 5600.0)
    """
    check_chances({"prevalence": prevalence, "transmission": transmission})
    if not 0 < clusters <= n_adults:
        raise ValueError(
            f"clusters must be between 1 and n_adults: found {clusters} for {n_adults} adults. "
            "Change one of them."
        )
    rng = np.random.default_rng(rng)
    cluster = np.arange(n_adults) * clusters // n_adults
    persons = gamma(n_adults, 180.0, 0.9, rng)
    sizes = np.array(SIZES)
    forgetting = (sizes / np.median(sizes)) ** -recall
    counts = rng.poisson(np.outer(persons, sizes / POPULATION_2022 * forgetting))
    effect = lognormal(clusters, area_sd, rng)[cluster] * lognormal(n_adults, barrier_sd, rng)
    mean = persons * CHILDREN / POPULATION_2022 * prevalence * transmission * effect
    known = {f"n_group_{j + 1}": size for j, size in enumerate(SIZES)}
    adults = pd.DataFrame(
        {
            "adult_id": np.array([f"A{i:05d}" for i in range(n_adults)], dtype=object),
            "cluster": cluster,
            "weight": lognormal(n_adults, 0.5, rng),
            **dict(zip(known, counts.T, strict=True)),
            "n_children_trafficked": rng.poisson(mean),
        }
    )
    return Answers(adults, known, POPULATION_2022, CHILDREN, prevalence * CHILDREN, transmission)
