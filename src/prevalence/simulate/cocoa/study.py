"""The synthetic Côte d'Ivoire-like study: a survey of the cocoa belt and one city, with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from prevalence.arguments import explained
from prevalence.errors import whole
from prevalence.simulate.city import City, CityParameters, city
from prevalence.simulate.cocoa.form import FORMS, choices, questions, workbook
from prevalence.simulate.cocoa.frame import district_frame
from prevalence.simulate.cocoa.parameters import CocoaParameters
from prevalence.simulate.cocoa.population import belt
from prevalence.simulate.cocoa.sample import (
    children_table,
    draw,
    households_table,
    neighbours_table,
)
from prevalence.simulate.cocoa.truth import (
    cocoa_margins,
    cocoa_side_studies,
    cocoa_truth,
    domains_of,
)
from prevalence.simulate.workbook import write_workbook
from prevalence.simulate.write import tables_of, write_tables

__all__ = ["CoteDivoire", "cote_divoire"]

#: Stream of random numbers of the belt, beside those of the city.
STREAM = 9


@explained
@dataclass(frozen=True, repr=False)
class CoteDivoire:
    """A synthetic cocoa belt and city: no row is a real person.

    Parameters
    ----------
    frame : DataFrame
        Districts: public census figures with source, year and how far they were checked; columns in
        ``_assumed`` are assumed.
    households : DataFrame
        One row per selected agricultural household: ``household_id``, ``district`` (stratum),
        ``ea`` (first-stage unit), ``n_eas``, ``ea_probability``, ``listed``, ``selected``,
        ``base_weight``, ``responded``; where there was a response ``head_origin``, ``poor``,
        ``n_children``, ``neighbours`` (households known) and ``neighbour_children``.
    children : DataFrame
        One row per child of 5 to 17 of a responding household: traits; what the child and the parent
        say (``labour_child``, ``hazardous_child``, ``forced_child``, ``labour_parent``,
        ``forced_parent``); the list told to the parent about one child per household (``list_long``,
        ``list_count``); ``verified`` and what was then found (``labour_verified``).
    neighbours : DataFrame
        One row per report of a neighbours' child in forced labour; ``known_by`` counts the households
        that could have told of it.
    margins : DataFrame
        Population counts to calibrate to.
    truth : DataFrame
        One row per estimand, of the belt and of the city.
    side_studies : DataFrame
        Validations of who says so, and two earlier rounds, each with its standard error.
    questions, choices : DataFrame
        The questionnaires of both parts, in English and French.
    city_venues, city_tls, city_captures : DataFrame
        The city's frame of venues and times, its time-location sample and its captures, see `City`.
    parameters : CocoaParameters
        The assumed parameters of the belt.
    city_parameters : CityParameters
        The assumed parameters of the city.
    seed : int
        The seed.

    Examples
    --------
    >>> from prevalence.simulate import cote_divoire
    >>> cote_divoire(seed=2026)
    <CoteDivoire, synthetic: 3,000 households, 6,074 children, 111 reports, 1,200 captures>
    """

    frame: pd.DataFrame
    households: pd.DataFrame
    children: pd.DataFrame
    neighbours: pd.DataFrame
    margins: pd.DataFrame
    truth: pd.DataFrame
    side_studies: pd.DataFrame
    questions: pd.DataFrame
    choices: pd.DataFrame
    city_venues: pd.DataFrame
    city_tls: pd.DataFrame
    city_captures: pd.DataFrame
    parameters: CocoaParameters
    city_parameters: CityParameters
    seed: int

    def __repr__(self) -> str:
        rows = {
            "households": self.households,
            "children": self.children,
            "reports": self.neighbours,
            "captures": self.city_captures,
        }
        counts = ", ".join(f"{len(table):,} {name}" for name, table in rows.items())
        return f"<CoteDivoire, synthetic: {counts}>"

    def write(self, folder: str | PathLike[str]) -> list[str]:
        """Write every table as a CSV file; the same study gives the same bytes.

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

    def write_forms(self, folder: str | PathLike[str]) -> list[str]:
        """Write the questionnaires as XLSForms, ``form.xlsx`` (the belt) and ``city_form.xlsx``.

        Parameters
        ----------
        folder : path
            Where to write; made when it does not exist.

        Returns
        -------
        list of str
            Names of the files written.

        Raises
        ------
        ImportError
            Without openpyxl, which the extra ``[io]`` installs.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        names = {"cocoa": "form.xlsx", "city": "city_form.xlsx"}
        for form in FORMS:
            write_workbook(workbook(form), target / names[form])
        return list(names.values())


@explained
def cote_divoire(
    seed: int = 2026,
    *,
    parameters: CocoaParameters | None = None,
    city_parameters: CityParameters | None = None,
) -> CoteDivoire:
    """Make the synthetic cocoa-belt survey and the city's two studies, with their truth.

    Parameters
    ----------
    seed : int
        Everything but the public figures is drawn anew for another seed.
    parameters : CocoaParameters, optional
        The assumed parameters of the belt; the default is that of the committed data.
    city_parameters : CityParameters, optional
        The assumed parameters of the city.

    Returns
    -------
    CoteDivoire
        Tables, truth and parameters.

    Raises
    ------
    ValueError
        When the parameters cannot be simulated.

    Notes
    -----
    The populations of the districts are public (census 2021). Everything else is assumed: the belt,
    households in farming, child labour, who says what, neighbours and the city are no statistics of Côte
    d'Ivoire, and no row is a real person. Child labour and hazardous work, 38 % and 37 %, are of the
    order of published figures for its cocoa areas (NORC 2020), chosen to be so.

    References
    ----------
    Institut national de la statistique (Côte d'Ivoire), RGPH 2021, populations of districts.
    (census)

    NORC at the University of Chicago (2020). Assessing Progress in Reducing Child Labor in Cocoa
    Production in Cocoa Growing Areas of Côte d'Ivoire and Ghana. (no DOI)

    Examples
    --------
    >>> from prevalence.simulate import cote_divoire
    >>> study = cote_divoire(seed=2026)
    >>> study.households["ea"].nunique(), study.households["district"].nunique()
    (200, 7)
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = study.write(folder) + study.write_forms(folder)
    >>> "truth.csv" in files, "form.xlsx" in files
    (True, True)
    """
    parameters = parameters or CocoaParameters()
    whole("seed", seed, 0, "Write for example 2026.")
    seeds = np.random.SeedSequence([seed, STREAM]).spawn(5)
    population, sample, answers, near, side = map(np.random.default_rng, seeds)
    homes = belt(parameters, population)
    coded = domains_of(homes)
    drawn = draw(homes, parameters, sample)
    town: City = city(seed, parameters=city_parameters)
    return CoteDivoire(
        frame=district_frame(),
        households=households_table(homes, drawn, parameters),
        children=children_table(homes, drawn, parameters, answers),
        neighbours=neighbours_table(homes, drawn, parameters, near),
        margins=cocoa_margins(homes, coded),
        truth=pd.concat([cocoa_truth(homes, coded, parameters), town.truth], ignore_index=True),
        side_studies=cocoa_side_studies(parameters, side),
        questions=questions(),
        choices=choices(),
        city_venues=town.venues,
        city_tls=town.tls,
        city_captures=town.captures,
        parameters=parameters,
        city_parameters=town.parameters,
        seed=seed,
    )
