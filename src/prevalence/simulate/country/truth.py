"""What each estimate estimates: one row per estimand, counted in the whole population."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prevalence.simulate.country.frame import PARISHES, parish_names
from prevalence.simulate.country.network import Ties
from prevalence.simulate.country.parameters import FORMS, Parameters
from prevalence.simulate.country.population import Districts, Households, Victims
from prevalence.simulate.shared import AGE_GROUPS, COLUMNS, Row, age_group_code

__all__ = ["household_truth", "margins", "truth"]

LAST_YEAR = "2023-01-01 to 2023-12-31"
FIVE_YEARS = "2019-01-01 to 2023-12-31"
IN_HOUSEHOLDS = "children 5-17 living in households"
OUTSIDE = "children 5-17 living outside households"
ALL_CHILDREN = "children 5-17, in households and outside"


def margins(places: Districts, homes: Households) -> pd.DataFrame:
    """Count the population: households by parish, children in households by parish, sex and age."""
    parish = parish_names()
    children = pd.DataFrame(
        {
            name: pd.Categorical.from_codes(code, pd.Index(labels))
            for name, (code, labels) in _coded(places, homes).items()
        }
    )
    children["age_group"] = children["age_group"].cat.reorder_categories(sorted(AGE_GROUPS))
    parts = []
    for by in (["parish"], ["sex"], ["age_group"], ["parish", "sex"]):
        table = children.groupby(by, observed=True, sort=False).size().rename("count")
        part = table.sort_index().reset_index().astype(dict.fromkeys(by, object))
        parts.append(part.assign(population=IN_HOUSEHOLDS, margin=" x ".join(by)))
    number = np.bincount(places.parish, places.dwellings, minlength=len(PARISHES))
    dwellings = pd.DataFrame({"parish": parish, "count": number.astype(np.int64)})
    parts.append(dwellings.assign(population="households", margin="parish"))
    columns = ["population", "margin", "parish", "sex", "age_group", "count"]
    return pd.concat(parts, ignore_index=True)[columns].fillna("")


def _coded(places: Districts, homes: Households) -> dict[str, tuple[NDArray[np.intp], list[str]]]:
    """Return parish, sex and age group of the children as positions in their labels."""
    parish = places.parish[homes.district[homes.household]].astype(np.intp)
    return {
        "parish": (parish, list(parish_names())),
        "sex": (homes.girl.astype(np.intp), ["boy", "girl"]),
        "age_group": (age_group_code(homes.age), list(AGE_GROUPS)),
    }


def household_truth(places: Districts, homes: Households) -> pd.DataFrame:
    """Return the rows of the truth that a household survey can estimate."""
    return _table(_household_rows(places, homes))


def truth(
    places: Districts,
    homes: Households,
    found: Victims,
    known: tuple[Ties, np.ndarray[tuple[int], np.dtype[np.int64]]],
    parameters: Parameters,
) -> pd.DataFrame:
    """Return every estimand of the country; ``known`` are the ties and the form of each tie."""
    rows = list(_household_rows(places, homes))
    recent = found.where(found.last_year)
    outside = recent.place > 0
    everybody = homes.age.size + parameters.outside_trafficked + parameters.outside_other
    size = "size of the population, trafficked or not"
    national = "every child of the country; the network scale-up estimates it"
    for where, keep, name in (
        (OUTSIDE, outside, "outside"),
        (ALL_CHILDREN, np.ones(len(recent), dtype=bool), "national"),
    ):
        note = "no household survey reaches them" if name == "outside" else national
        for form in ("any", *FORMS):
            of_form = keep if form == "any" else keep & (recent.form == FORMS.index(form))
            rows.append(_row(f"{name}_12m_count", form, where, float(of_form.sum()), "count", note))
    rows.append(
        _row(
            "national_12m_prevalence",
            "any",
            ALL_CHILDREN,
            len(recent) / everybody,
            "proportion",
            national,
        )
    )
    rows.append(
        _row(
            "children_national", "any", ALL_CHILDREN, float(everybody), "count", size, "population"
        )
    )
    rows += _five_year_rows(found)
    rows.append(_sexual_row(recent))
    rows += _transmission_rows(recent, known, parameters)
    return _table(iter(rows))


def _table(rows: Iterator[Row]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def _row(
    name: str,
    form: str,
    denominator: str,
    value: float,
    unit: str,
    note: str,
    outcome: str = "trafficked",
    window: str = LAST_YEAR,
    by: str = "national",
    domain: str = "all",
) -> Row:
    return (name, outcome, form, window, denominator, by, domain, value, unit, note)


def _household_rows(places: Districts, homes: Households) -> Iterator[Row]:
    """Prevalence and count in households, by domain; counts by form."""
    coded = _coded(places, homes)
    everybody = np.zeros(homes.age.size, dtype=np.intp), ["all"]
    domains = {"national": everybody, **{by: coded[by] for by in ("sex", "age_group", "parish")}}
    note = "the household survey estimates it"
    for by, (code, labels) in domains.items():
        total = np.bincount(code, homes.trafficked, minlength=len(labels))
        people = np.bincount(code, minlength=len(labels))
        order = labels if by == "parish" else sorted(labels)
        for domain in order:
            count, size = float(total[labels.index(domain)]), people[labels.index(domain)]
            for name, value, unit in (
                ("prevalence", count / float(size), "proportion"),
                ("count", count, "count"),
            ):
                yield _row(
                    f"household_12m_{name}", "any", IN_HOUSEHOLDS, value, unit, note,
                    by=by, domain=domain,
                )  # fmt: skip
    for j, form in enumerate(FORMS):
        value = float(np.sum(homes.form == j))
        yield _row("household_12m_count", form, IN_HOUSEHOLDS, value, "count", note)
    size, text = float(homes.age.size), "size of the population, trafficked or not"
    yield _row("children_in_households", "any", IN_HOUSEHOLDS, size, "count", text, "population")
    number = float(homes.district.size)
    yield _row("households", "any", "households", number, "count", text, "population")


def _five_year_rows(found: Victims) -> list[Row]:
    """Size of the population of the case lists, and what of it is in the other estimands."""
    ever = found.where(found.five_year_sexual)
    population = "persons under 18 when trafficked, wherever they live now"
    note = "the case lists estimate it; 12 months and other forms are other estimands"
    parts = {
        "five_year_sexual_count": (np.ones(len(ever), dtype=bool), note),
        "five_year_sexual_last_year": (
            ever.last_year,
            "of these, trafficked in the last 12 months",
        ),
        "five_year_sexual_adult_now": (
            ever.district < 0,
            "of these, 18 or over at the end of 2023",
        ),
    }
    rows = [
        _row(name, "sexual", population, float(keep.sum()), "count", text, window=FIVE_YEARS)
        for name, (keep, text) in parts.items()
    ]
    share = float(ever.last_year.mean()) if len(ever) else 0.0
    name, text = "five_year_sexual_share_last_year", "five years to 12 months: multiply by it"
    rows.append(_row(name, "sexual", population, share, "proportion", text, window=FIVE_YEARS))
    return rows


def _sexual_row(recent: Victims) -> Row:
    """Return the share of one form among the trafficked children of the last 12 months."""
    share = float((recent.form == FORMS.index("sexual")).mean())
    note = "the sexual form to all forms: divide by it"
    return _row("national_12m_share_sexual", "sexual", ALL_CHILDREN, share, "proportion", note)


def _transmission_rows(
    recent: Victims,
    known: tuple[Ties, np.ndarray[tuple[int], np.dtype[np.int64]]],
    parameters: Parameters,
) -> list[Row]:
    """Chance that a known trafficked child is reported: over all adults, and in the sample."""
    link, form_of_tie = known
    chance = np.array([parameters.transmission[form] for form in FORMS])
    pairs = "pairs of an adult and a trafficked child the adult knows"
    note = "over all adults: divide the network scale-up by it"
    rows = [
        _row("transmission", "any", pairs, float(chance[recent.form].mean()), "proportion", note)
    ]
    rows += [
        _row("transmission", form, pairs, value, "proportion", note)
        for form, value in zip(FORMS, chance.tolist(), strict=True)
    ]
    among = "of the ties of the adults asked, the share reported"
    if link.reported.size:
        share = float(link.reported.mean())
        rows.append(_row("transmission_in_sample", "any", pairs, share, "proportion", among))
    for j, form in enumerate(FORMS):
        reports = link.reported[form_of_tie == j]
        if reports.size:
            value = float(reports.mean())
            rows.append(_row("transmission_in_sample", form, pairs, value, "proportion", among))
    return rows
