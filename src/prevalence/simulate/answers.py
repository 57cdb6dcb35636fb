"""A stand-alone population of respondents: answers about people they know, without a country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from prevalence.answers import Answers
from prevalence.arguments import explained
from prevalence.errors import generator, one_of
from prevalence.groups import Group
from prevalence.simulate.country.frame import POPULATION_2022
from prevalence.simulate.country.network import KNOWN_GROUPS
from prevalence.simulate.questionnaire import BINS, CODES, Questionnaire
from prevalence.simulate.reports import HIDDEN, check_forms, column_of, counts, overall, reports
from prevalence.simulate.shared import Floats, Ints, check_chances, check_spread, gamma, lognormal
from prevalence.survey import Survey

__all__ = ["SimulatedAnswers", "answers"]

#: Children of 5 to 17 in the stand-alone population (assumed).
CHILDREN = 560_000
#: Sizes of its known groups (assumed, some near public figures).
SIZES = (
    12_500, 25_000, 4_600, 39_287, 21_517, 1_500, 3_700, 15_000, 9_000, 60_000, 7_000, 18_000,
)  # fmt: skip
SYNTHETIC = "children of 5 to 17 in synthetic data (no row is a real person, every size assumed)"


@explained
@dataclass(frozen=True)
class SimulatedAnswers:
    """Answers of adults about people they know, and the truth behind them; all synthetic.

    Parameters
    ----------
    adults : DataFrame
        ``adult_id``, ``cluster``, ``region`` if there are regions, ``weight``, one column of answers
        per known group, one per form of trafficking if there are forms, and
        ``n_children_trafficked``, with forms their sum, blank where one of them was not answered.
    known : dict
        Size of the group behind each column of known counts.
    population, children : int
        Persons, and children of 5 to 17, of the population.
    trafficked : float
        True number of trafficked children.
    transmission : float
        Chance that a known trafficked child is reported, over all forms.
    alters : dict
        Whom each known group is made of, ``persons`` or ``children``.
    precision : float
        Share of the reports that are true.
    truth : DataFrame
        ``region``, ``children`` and ``trafficked``: one row per region, or one for all.
    questionnaire : Questionnaire
        How answers were written down.
    forms : dict
        Of each form the share of trafficked children, and the chance that a known one is reported.

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
    alters: dict[str, str] = field(default_factory=dict)
    precision: float = 1.0
    truth: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    questionnaire: Questionnaire = field(default_factory=Questionnaire, repr=False)
    forms: dict[str, tuple[float, float]] = field(default_factory=dict)

    def survey(self) -> Survey:
        """Return the respondents with their design: weights, regions as strata, clusters.

        Returns
        -------
        Survey
            Its description says that the rows are synthetic.

        Examples
        --------
        >>> from prevalence.simulate import answers
        >>> answers(600, clusters=30, rng=1).survey().about.population
        'children of 5 to 17 in synthetic data (no row is a real person, every size assumed)'
        """
        strata = "region" if "region" in self.adults else None
        made = Survey(self.adults, weights="weight", strata=strata, psu="cluster")
        return made.describe(rows="adults", psus="clusters", population=SYNTHETIC)

    def answers(self, *, survey: Survey | None = None) -> Answers:
        """Return the answers on the rows of the survey: known groups, trafficked children, forms.

        Parameters
        ----------
        survey : Survey, optional
            The respondents with further steps or replicates; without it those of `survey`.

        Returns
        -------
        Answers
            About children, whose number is the population that degrees refer to. It warns where
            known groups are of persons of all ages.

        Examples
        --------
        >>> import warnings
        >>> from prevalence.simulate import answers
        >>> simulated = answers(600, clusters=30, known="children", rng=1)
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")  # some know no child in any known group
        ...     simulated.answers()
        <Answers: 600 adults about 7 known groups and 1 hidden group of children; 0 answers missing>
        """
        form = self.questionnaire
        hidden = {"trafficked children": HIDDEN} | {f: column_of(f) for f in self.forms}
        asked = [*self.known, *([column_of(f) for f in self.forms] or [HIDDEN])]
        capped = [c for c in asked if c not in {*form.yes_no, *form.binned}]
        return Answers(
            self.survey() if survey is None else survey,
            known={
                name: Group(
                    size=size, alters=self.alters.get(name, "persons"), source="assumed: synthetic"
                )
                for name, size in self.known.items()
            },
            hidden={name: Group(column=column) for name, column in hidden.items()},
            alters="children",
            tie="knows and has met",
            population=self.children if set(self.alters.values()) == {"children"} else None,
            codes=CODES if form.dont_know else {},
            yes_no=list(form.yes_no),
            bins=dict.fromkeys(form.binned, BINS),
            top_code=None if form.top_code is None else dict.fromkeys(capped, form.top_code),
        )


@explained
def answers(
    n_adults: int = 3_000,
    *,
    clusters: int = 150,
    prevalence: float = 0.01,
    transmission: float = 0.6,
    area_sd: float = 0.5,
    barrier_sd: float = 0.0,
    recall: float = 0.0,
    known: str = "persons",
    regions: int = 0,
    region_sd: float = 0.0,
    degree_area_sd: float = 0.0,
    overdispersion: float = 1.0,
    child_mixing: float = 1.0,
    precision: float = 1.0,
    recall_threshold: float | None = None,
    heaping: float = 0.0,
    top_code: int | None = None,
    missing: float = 0.0,
    dont_know: float = 0.0,
    yes_no: Sequence[str] = (),
    binned: Sequence[str] = (),
    forms: Mapping[str, tuple[float, float]] | None = None,
    rng: int | np.random.Generator | None = None,
) -> SimulatedAnswers:
    """Simulate network scale-up answers with a known number of trafficked children.

    An adult knows ``d`` persons (gamma, mean 180, coefficient of variation 0.9) and ``d 560,000 /
    2,774,538`` children, times `child_mixing`. For a group of size ``s`` the mean report is the
    people known times the group's share of them, as far as it is recalled; for trafficked children
    ``children known x prevalence x transmission / precision x effects of region, area and barrier``.

    Parameters
    ----------
    n_adults, clusters : int
        Respondents, and the clusters they are shared out to evenly.
    prevalence : float
        Share of children who are trafficked.
    transmission : float
        Chance that a known trafficked child is reported.
    area_sd, barrier_sd : float
        Standard deviations of the log of the cluster's and of the respondent's effect on reports of
        trafficked children; both effects have mean 1.
    recall : float
        Exponent of under-reporting of large groups; 0 is none.
    known : {"persons", "children", "both"}
        Whom the known groups are made of.
    regions, region_sd : int, float
        Regions of equal size (0 for none), and the standard deviation of the log of their
        prevalences.
    degree_area_sd : float
        Standard deviation of the log of a cluster's effect on how many people are known.
    overdispersion : float
        Variance over mean of every count, given the degree (negative binomial); 1 is Poisson.
    child_mixing : float
        Children known relative to the share of children among persons.
    precision : float
        Share of the reports of trafficked children that are true; the others are added.
    recall_threshold : float, optional
        Size above which groups are recalled as if their size were ``sqrt(threshold x size)``.
    heaping : float
        Share of the answers of 3 and more that are rounded to multiples of 5 (above 15: of 10).
    top_code : int, optional
        Largest number written down.
    missing, dont_know : float
        Shares of the answers left blank, and coded 998, item by item.
    yes_no, binned : list of str
        Columns that were asked as yes or no, and in bins.
    forms : mapping of str to (float, float), optional
        Forms of trafficking, asked about one by one: the share of trafficked children in each, and
        the chance that a known one is reported, which stands in for `transmission`.
    rng : int, Generator or None
        Seed or generator.

    Returns
    -------
    SimulatedAnswers
        The table of answers, the known sizes and the truth; `SimulatedAnswers.answers` makes them
        ready for estimators.

    Raises
    ------
    ValueError, KeyError
        When a chance is not between 0 and 1, there are fewer respondents than clusters or fewer
        clusters than two for each region, a column is unknown, or the shares of the forms do not
        add up to 1.

    Notes
    -----
    All sizes are synthetic. The scale-up estimate before division by ``transmission`` (and
    multiplication by ``precision``) estimates ``prevalence x transmission / precision``; with
    ``recall`` or ``recall_threshold`` it is too large even after it, and with ``child_mixing`` other
    than 1 it is wrong by that factor if the known groups are of persons.

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
    chances = {"prevalence": prevalence, "transmission": transmission, "precision": precision}
    _check(chances, n_adults, clusters, regions, overdispersion)
    for argument, sd in (
        ("area_sd", area_sd), ("barrier_sd", barrier_sd), ("region_sd", region_sd),
        ("degree_area_sd", degree_area_sd),
    ):  # fmt: skip
        check_spread(argument, sd)
    forms = dict(forms or {})
    check_forms(forms)
    names, sizes, alters = _groups(known)
    form = Questionnaire(heaping, top_code, missing, dont_know, tuple(yes_no), tuple(binned))
    form.check([*names, *([] if forms else [HIDDEN])])
    rng = generator(rng)
    cluster = np.arange(n_adults) * clusters // n_adults
    persons = gamma(n_adults, 180.0, 0.9, rng)
    if degree_area_sd:
        persons = persons * lognormal(clusters, degree_area_sd, rng)[cluster]
    children = persons * (CHILDREN / POPULATION_2022 * child_mixing)
    of_group = sizes / POPULATION_2022 * _recalled(sizes, recall, recall_threshold)
    mixing = np.where(np.array(alters) == "children", child_mixing, 1.0)
    of_known = counts(np.outer(persons, of_group * mixing), overdispersion, rng)
    effect = lognormal(clusters, area_sd, rng)[cluster] * lognormal(n_adults, barrier_sd, rng)
    region = cluster * max(regions, 1) // clusters
    regional = _regional(regions, region_sd, rng)
    mean = children * prevalence * (1.0 if forms else transmission) * effect * regional[region]
    weight = lognormal(n_adults, 0.5, rng)
    hidden = {
        column: reports(mean * part, precision, overdispersion, rng)
        for column, part in _parts(forms).items()
    }
    written = form.written({**dict(zip(names, of_known.T, strict=True)), **hidden}, rng)
    if forms:
        written[HIDDEN] = _added([written[column] for column in hidden])
    table: dict[str, Any] = {
        "adult_id": np.array([f"A{i:05d}" for i in range(n_adults)], dtype=object),
        "cluster": cluster,
        **({"region": _labels(regions)[region]} if regions else {}),
        "weight": weight,
        **written,
    }
    return SimulatedAnswers(
        pd.DataFrame(table),
        dict(zip(names, sizes.tolist(), strict=True)),
        POPULATION_2022,
        CHILDREN,
        prevalence * CHILDREN,
        overall(forms, transmission),
        dict(zip(names, alters, strict=True)),
        precision,
        _truth(regions, regional, prevalence),
        form,
        forms,
    )


def _check(
    chances: dict[str, float], n_adults: int, clusters: int, regions: int, overdispersion: float
) -> None:
    check_chances(chances)
    if not 0 < clusters <= n_adults:
        raise ValueError(
            f"clusters must be between 1 and n_adults: found {clusters} for {n_adults} adults. "
            "Change one of them."
        )
    if chances["precision"] == 0:
        raise ValueError("precision must be above 0: found 0. Give the share of true reports.")
    if regions < 0 or 2 * regions > clusters:
        raise ValueError(
            f"regions must have two clusters each: found {regions} for {clusters} clusters. Change "
            "one of them."
        )
    if not overdispersion >= 1:
        raise ValueError(
            f"overdispersion must be at least 1, a variance over a mean: found {overdispersion:g}. "
            "1 is Poisson."
        )


def _groups(known: str) -> tuple[list[str], Ints, list[str]]:
    """Return columns, sizes and alters of the known groups."""
    one_of("known", known, ["persons", "children", "both"])
    groups = [(f"n_group_{j + 1}", size, "persons") for j, size in enumerate(SIZES)]
    if known == "children":
        groups = []
    if known != "persons":
        found = [group for group in KNOWN_GROUPS if group.alters == "children"]
        groups += [(f"n_{group.name}", group.size, "children") for group in found]
    names, sizes, alters = zip(*groups, strict=True)
    return list(names), np.array(sizes), list(alters)


def _recalled(sizes: Ints, exponent: float, threshold: float | None) -> Floats:
    """Return the share of each group that is recalled (above 1 for small groups)."""
    out: Floats = (sizes / np.median(sizes)) ** -exponent
    if threshold is not None:
        if not threshold > 0:
            raise ValueError(
                f"recall_threshold must be above 0: found {threshold:g}. Give the size of a group "
                "that is still recalled in full."
            )
        out = out * np.sqrt(np.minimum(threshold / sizes, 1.0))
    return out


def _parts(forms: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Return the columns of reports, and the share of known children that comes into each."""
    if not forms:
        return {HIDDEN: 1.0}
    return {column_of(form): share * chance for form, (share, chance) in forms.items()}


def _added(columns: Sequence[Any]) -> Floats | Ints:
    """Return the sum of columns of answers, blank where one is blank or a code."""
    table = np.column_stack(columns)
    blank = np.isnan(table.astype(float)) | np.isin(table, list(CODES))
    return np.where(blank.any(axis=1), np.nan, table.sum(axis=1)) if blank.any() else table.sum(1)


def _regional(regions: int, sd: float, rng: np.random.Generator) -> Floats:
    """Return each region's prevalence relative to that of all; the mean is 1."""
    if not regions or not sd:
        return np.ones(max(regions, 1))
    effect = lognormal(regions, sd, rng)
    return np.asarray(effect / effect.mean())


def _labels(regions: int) -> Any:
    return np.array([f"region {j + 1}" for j in range(regions)], dtype=object)


def _truth(regions: int, regional: Floats, prevalence: float) -> pd.DataFrame:
    count = max(regions, 1)
    names = _labels(regions) if regions else np.array(["all"], dtype=object)
    children = CHILDREN / count
    return pd.DataFrame(
        {"region": names, "children": children, "trafficked": prevalence * children * regional}
    )
