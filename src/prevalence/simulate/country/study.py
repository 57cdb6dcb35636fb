"""The synthetic country: one population, three ways to look at it, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd

from prevalence.arguments import explained
from prevalence.errors import whole
from prevalence.simulate.country.frame import (
    POPULATION_2022,
    county_names,
    parish_frame,
    parish_names,
)
from prevalence.simulate.country.network import Ties, adults_table, degrees, known_groups, ties
from prevalence.simulate.country.parameters import FORMS, Parameters
from prevalence.simulate.country.population import (
    PLACES,
    Districts,
    Households,
    Victims,
    districts,
    households,
)
from prevalence.simulate.country.referral import Mechanism, case_tables, entries, link, people
from prevalence.simulate.country.sample import Sample, children_table, draw, households_table
from prevalence.simulate.country.side_studies import side_studies
from prevalence.simulate.country.truth import household_truth, margins, truth
from prevalence.simulate.country.victims import victims
from prevalence.simulate.shared import labels, sex
from prevalence.simulate.write import tables_of, write_tables

__all__ = ["Country", "HouseholdSurvey", "household_survey", "jamaica"]


@explained
@dataclass(frozen=True)
class HouseholdSurvey:
    """The household survey of a synthetic country, its margins and what it estimates.

    Parameters
    ----------
    households, children : DataFrame
        Selected dwellings, and children of the roster of responding ones.
    margins : DataFrame
        Population counts.
    truth : DataFrame
        One row per estimand of the survey.
    parameters : Parameters
        The assumed parameters.
    seed : int
        The seed.

    Examples
    --------
    >>> from prevalence.simulate import household_survey
    >>> survey = household_survey(seed=1)
    >>> len(survey.households), sorted(survey.truth["unit"].unique())
    (5980, ['count', 'proportion'])
    """

    households: pd.DataFrame
    children: pd.DataFrame
    margins: pd.DataFrame
    truth: pd.DataFrame
    parameters: Parameters
    seed: int


@explained
@dataclass(frozen=True)
class Country:
    """A synthetic country: no row is a real person.

    Parameters
    ----------
    frame : DataFrame
        Parishes: public census figures with source and year; columns in ``_assumed`` are assumed.
    households : DataFrame
        One row per selected dwelling: ``household_id``, ``parish`` (stratum), ``ed`` (first-stage
        unit), ``urban``, ``n_eds`` (districts of the parish), ``ed_probability``, ``listed``,
        ``selected``, ``base_weight``, ``responded``, ``network`` (asked about people they know);
        ``poor``, ``n_adults`` and ``n_children`` where there was a response.
    children : DataFrame
        One row per child of 5 to 17 of a responding household: traits, answers, ``trafficked`` by
        the study's definition and without error, and ``form``.
    adults : DataFrame
        One row per adult asked: ``n_`` columns count the people known, by known group, and the
        trafficked children known by form.
    known_groups : DataFrame
        Sizes of the known groups, with source, year and status.
    captures, cases : DataFrame
        The case lists, one row per case and list, and one row per case.
    margins : DataFrame
        Population counts to calibrate to.
    truth : DataFrame
        One row per estimand.
    side_studies : DataFrame
        The transmission rate and the number outside households, each with its standard error.
    trafficked : DataFrame
        The trafficked children themselves, which no study sees; ``case_id`` links to the lists.
    ties : DataFrame
        Which of them each adult knows, and whether the adult reported it.
    parameters : Parameters
        The assumed parameters.
    seed : int
        The seed.

    Examples
    --------
    >>> from prevalence.simulate import jamaica
    >>> country = jamaica(seed=2026)
    >>> rows = country.truth.set_index(["id", "form", "domain"])["value"]
    >>> float(rows["five_year_sexual_count", "sexual", "all"])
    1200.0
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = country.write(folder)
    >>> "truth.csv" in files
    True
    """

    frame: pd.DataFrame
    households: pd.DataFrame
    children: pd.DataFrame
    adults: pd.DataFrame
    known_groups: pd.DataFrame
    captures: pd.DataFrame
    cases: pd.DataFrame
    margins: pd.DataFrame
    truth: pd.DataFrame
    side_studies: pd.DataFrame
    trafficked: pd.DataFrame
    ties: pd.DataFrame
    parameters: Parameters
    seed: int

    def write(self, folder: str | PathLike[str]) -> list[str]:
        """Write every table as a CSV file; the same country gives the same bytes.

        Parameters
        ----------
        folder : path
            Where to write; made when it does not exist.

        Returns
        -------
        list of str
            Names of the files written.
        """
        return write_tables(tables_of(self), folder)


@explained
def jamaica(seed: int = 2026, *, parameters: Parameters | None = None) -> Country:
    """Make the synthetic country: survey, network answers and case lists of one population.

    Parameters
    ----------
    seed : int
        Everything but the public figures is drawn anew for another seed.
    parameters : Parameters, optional
        The assumed parameters; the default is that of the committed data.

    Returns
    -------
    Country
        Tables, truth and parameters.

    Raises
    ------
    ValueError
        When the parameters cannot be simulated.

    Notes
    -----
    The frame is public (parishes of Jamaica, census 2011). Everything else is assumed: prevalence,
    forms, networks, lists and referral are no statistics of Jamaica, and no row is a real person.

    References
    ----------
    Statistical Institute of Jamaica, Population and Housing Census 2011. (census)

    Examples
    --------
    >>> from prevalence.simulate import jamaica
    >>> country = jamaica(seed=2026)
    >>> len(country.frame), country.households["ed"].nunique()
    (14, 299)
    """
    parameters = parameters or Parameters()
    streams = streams_of(seed)
    places, homes, sample, survey = surveyed(parameters, streams)
    found = victims(places, homes, parameters, streams["victims"])
    known, adults = _network(places, homes, sample, found, parameters, streams["network"])
    captures, cases, case_of = _lists(found, parameters, streams["lists"])
    recent = np.flatnonzero(found.last_year)
    number = found.form[recent][known.victim]
    truths = truth(places, homes, found, (known, number), parameters)
    return Country(
        frame=parish_frame(),
        households=survey[0],
        children=survey[1],
        adults=adults,
        known_groups=known_groups(),
        captures=captures,
        cases=cases,
        margins=margins(places, homes),
        truth=truths,
        side_studies=side_studies(truths, streams["side studies"]),
        trafficked=_trafficked_table(found, case_of),
        ties=_ties_table(adults, known, found.where(found.last_year)),
        parameters=parameters,
        seed=seed,
    )


@explained
def household_survey(seed: int = 2026, *, parameters: Parameters | None = None) -> HouseholdSurvey:
    """Make only the household survey of the synthetic country, for many seeds.

    Parameters
    ----------
    seed : int
        The same seed gives the households, children and margins of `jamaica`.
    parameters : Parameters, optional
        The assumed parameters.

    Returns
    -------
    HouseholdSurvey
        Tables and truth; the whole population is drawn anew for each seed.

    Raises
    ------
    ValueError
        When the parameters cannot be simulated.

    Examples
    --------
    >>> from prevalence.simulate import household_survey
    >>> survey = household_survey(seed=1)
    >>> survey.households["parish"].nunique()
    14
    """
    parameters = parameters or Parameters()
    places, homes, _, survey = surveyed(parameters, streams_of(seed))
    counts = margins(places, homes)
    return HouseholdSurvey(*survey, counts, household_truth(places, homes), parameters, seed)


def streams_of(seed: int) -> dict[str, np.random.Generator]:
    """One stream of random numbers per part, so that no part depends on another's."""
    whole("seed", seed, 0, "Write for example 2026.")
    parts = "districts, households, sample, answers, victims, network, lists, side studies"
    names = parts.split(", ")
    children = np.random.SeedSequence(seed).spawn(len(names))
    return {name: np.random.default_rng(s) for name, s in zip(names, children, strict=True)}


def surveyed(
    parameters: Parameters, streams: dict[str, np.random.Generator]
) -> tuple[Districts, Households, Sample, tuple[pd.DataFrame, pd.DataFrame]]:
    places = districts(streams["districts"])
    homes = households(places, parameters, streams["households"])
    sample = draw(places, parameters, streams["sample"])
    tables = (
        households_table(places, homes, sample),
        children_table(places, homes, sample, streams["answers"]),
    )
    return places, homes, sample, tables


def _network(
    places: Districts,
    homes: Households,
    sample: Sample,
    found: Victims,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Ties, pd.DataFrame]:
    """Ask one adult of each responding household of the network part."""
    keep = sample.responded & sample.network
    asked = Sample(**{name: values[keep] for name, values in vars(sample).items()})
    everybody = homes.age.size + parameters.outside_trafficked + parameters.outside_other
    persons, children = degrees(int(keep.sum()), parameters, everybody / POPULATION_2022, rng)
    recent = found.where(found.last_year)
    density = everybody / homes.district.size
    known = ties(asked, children, recent, places, density, parameters, rng)
    hidden = np.zeros((persons.size, len(FORMS)), dtype=np.int64)
    told = known.reported
    np.add.at(hidden, (known.adult[told], recent.form[known.victim[told]]), 1)
    totals = (float(POPULATION_2022), float(everybody))
    adults = adults_table(asked, persons, children, totals, hidden, parameters, rng)
    return known, adults


def _lists(
    found: Victims, parameters: Parameters, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series[str]]:
    """Draw the case lists of the five-year population; the last part gives the case of a child."""
    mechanism = Mechanism(
        parameters.lists,
        parameters.referral,
        parameters.visibility_sd,
        parameters.missed_links,
        parameters.false_links,
        parameters.false_positives,
    )
    ever = found.where(found.five_year_sexual)
    listed = entries(ever.began, ever.ended, mechanism, rng)
    known = people(ever, int(listed.person.max(initial=-1)) + 1, rng)
    case = link(listed, mechanism, rng)
    captures, cases, identifiers = case_tables(listed, case, known, mechanism, rng)
    of_child = listed.person < len(ever)
    first = pd.Series(identifiers[of_child], index=ever.child[listed.person[of_child]])
    return captures, cases, first[~first.index.duplicated()]


def _trafficked_table(found: Victims, case_of: pd.Series[str]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "child_id": labels("C", found.child, 6),
            "place": np.array(PLACES, dtype=object)[found.place],
            "parish": parish_names()[found.parish],
            "county": county_names()[found.parish],
            "sex": sex(found.girl),
            "age": found.age,
            "form": np.array(FORMS, dtype=object)[found.form],
            "last_12_months": found.last_year.astype(np.int64),
            "five_year_sexual": found.five_year_sexual.astype(np.int64),
            "case_id": case_of.reindex(found.child).fillna("").to_numpy(dtype=object),
        }
    )
    return table.sort_values("child_id", ignore_index=True)


def _ties_table(adults: pd.DataFrame, known: Ties, recent: Victims) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "adult_id": adults["adult_id"].to_numpy()[known.adult],
            "child_id": labels("C", recent.child[known.victim], 6),
            "reported": known.reported.astype(np.int64),
        }
    )
