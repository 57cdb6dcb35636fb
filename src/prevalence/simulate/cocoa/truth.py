"""What each estimate of the cocoa-belt survey estimates, its census margins and its side studies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prevalence.simulate.cocoa.frame import BELT, belt_names
from prevalence.simulate.cocoa.parameters import CocoaParameters
from prevalence.simulate.cocoa.population import RELATIONS, Belt
from prevalence.simulate.shared import AGE_GROUPS, COLUMNS, Bools, Row, age_group_code

__all__ = ["cocoa_margins", "cocoa_side_studies", "cocoa_truth", "domains_of"]

WINDOW = "2023-01-01 to 2023-12-31"
CHILDREN = "children 5-17 of agricultural households in the belt"
#: Child labour in two earlier rounds of the survey (assumed), and the standard error of each.
ROUNDS = {"child_labour_2009": (0.33, 0.020), "child_labour_2014": (0.42, 0.018)}
#: Children, ties or parents examined in each side study.
EXAMINED = 400
Coded = tuple[NDArray[np.intp], list[str]]


def domains_of(homes: Belt) -> dict[str, Coded]:
    """Return the code of every child and the names of the codes, by what estimates are told by."""
    return {
        "belt": (np.zeros(homes.age.size, dtype=np.intp), ["all"]),
        "district": (homes.district_of_child.astype(np.intp), list(belt_names())),
        "sex": (homes.girl.astype(np.intp), ["boy", "girl"]),
        "age_group": (age_group_code(homes.age), list(AGE_GROUPS)),
        "relation": (homes.relation.astype(np.intp), list(RELATIONS)),
    }


def cocoa_margins(homes: Belt, coded: dict[str, Coded]) -> pd.DataFrame:
    """Count the population: households by district, children by district, sex and age."""
    parts = []
    for by in (["district"], ["sex"], ["age_group"], ["district", "sex"]):
        sizes = tuple(len(coded[name][1]) for name in by)
        cell = np.ravel_multi_index(tuple(coded[name][0] for name in by), sizes)
        index = np.unravel_index(np.arange(np.prod(sizes)), sizes)
        part = pd.DataFrame(
            {
                name: np.array(coded[name][1], dtype=object)[i]
                for name, i in zip(by, index, strict=True)
            }
        )
        count = np.bincount(cell, minlength=int(np.prod(sizes)))
        parts.append(part.assign(count=count, population=CHILDREN, margin=" x ".join(by)))
    number = np.bincount(homes.district, homes.listed, minlength=len(BELT)).astype(np.int64)
    households = pd.DataFrame({"district": belt_names(), "count": number})
    parts.append(households.assign(population="households", margin="district"))
    columns = ["population", "margin", "district", "sex", "age_group", "count"]
    return pd.concat(parts, ignore_index=True)[columns].fillna("")


def cocoa_truth(homes: Belt, coded: dict[str, Coded], parameters: CocoaParameters) -> pd.DataFrame:
    """Return every estimand of the survey."""
    rows = [*_outcomes(homes, coded), *_answers(homes), *_chances(parameters)]
    rows.append(_row("child_labour_icc", "labour", intraclass(homes), "share",
                     "of the variance of child labour, the part between areas"))  # fmt: skip
    size = "size of the population"
    rows.append(_row("cocoa_children", "any", float(homes.age.size), "count", size, "population"))
    number = float(homes.area.size)
    rows.append(
        _row("cocoa_households", "any", number, "count", size, "population", where="households")
    )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    name: str,
    form: str,
    value: float,
    unit: str,
    note: str,
    outcome: str = "child labour",
    by: str = "belt",
    domain: str = "all",
    where: str = CHILDREN,
    window: str = WINDOW,
) -> Row:
    return (name, outcome, form, window, where, by, domain, value, unit, note)


def _outcomes(homes: Belt, coded: dict[str, Coded]) -> Iterator[Row]:
    """Yield share and number of each outcome, by domain."""
    forms = {"child_labour": "labour", "hazardous": "hazardous", "forced": "forced"}
    kind = homes.labour + 2 * homes.hazardous + 4 * homes.forced  # one bit for each outcome
    bits = np.arange(8)[:, None] >> np.arange(3) & 1
    for by, (code, names) in coded.items():
        cells = np.bincount(8 * code + kind, minlength=8 * len(names)).reshape(-1, 8)
        people, totals = cells.sum(axis=1), (cells @ bits).astype(float)
        for (label, form), total in zip(forms.items(), totals.T, strict=True):
            for domain, count, size in zip(names, total.tolist(), people.tolist(), strict=True):
                note = f"what is true of the children; {form} work, whoever says so"
                place = {"by": by, "domain": domain}
                yield _row(f"{label}_prevalence", form, count / size, "proportion", note, **place)
                yield _row(f"{label}_count", form, count, "count", note, **place)


def _answers(homes: Belt) -> Iterator[Row]:
    """Yield the share of children of whom each answer would be yes, in the whole population."""
    told: dict[str, tuple[str, Bools, str]] = {
        "labour_child_says": ("labour", homes.labour_child, "the child says so"),
        "labour_parent_says": ("labour", homes.labour_parent, "the parent says so when asked"),
        "labour_list_says": ("labour", homes.labour_list, "the parent counts it in the list"),
        "hazardous_child_says": ("hazardous", homes.hazardous_child, "the child says so"),
        "forced_child_says": ("forced", homes.forced_child, "the child says so"),
        "forced_parent_says": ("forced", homes.forced_parent, "the parent or guardian says so"),
    }
    for name, (form, said, note) in told.items():
        yield _row(name, form, float(said.mean()), "proportion", f"share of whom {note}")


def _chances(parameters: CocoaParameters) -> Iterator[Row]:
    """Yield the chances of the answers, and the two earlier rounds."""
    chances = {
        "child_sensitivity": (parameters.child_finds, "labour"),
        "child_false_report": (parameters.child_false, "labour"),
        "parent_sensitivity": (parameters.parent_finds, "labour"),
        "parent_false_report": (parameters.parent_false, "labour"),
        "forced_child_sensitivity": (parameters.forced_child, "forced"),
        "neighbour_transmission": (parameters.neighbours, "forced"),
    }
    for name, (value, form) in chances.items():
        yield _row(name, form, value, "proportion", "assumed chance; a side study estimates it")
    for name, (value, _) in ROUNDS.items():
        note = "assumed; an earlier round of the same survey"
        yield _row(name, "labour", value, "proportion", note, window=name[-4:])


def intraclass(homes: Belt) -> float:
    """Intraclass correlation of child labour in areas, by the analysis of variance."""
    area = homes.area[homes.household]
    size = np.bincount(area, minlength=homes.listed.size)
    mean = np.bincount(area, homes.labour, minlength=size.size) / np.maximum(size, 1)
    whole, used = homes.labour.mean(), int(np.sum(size > 0))
    between = float(size @ (mean - whole) ** 2) / (used - 1)
    within = float(size @ (mean * (1 - mean))) / (size.sum() - used)
    typical = (size.sum() - size @ size / size.sum()) / (used - 1)
    return float((between - within) / (between + (typical - 1) * within))


def cocoa_side_studies(parameters: CocoaParameters, rng: np.random.Generator) -> pd.DataFrame:
    """Draw validations of who says so, and the two earlier rounds, each with its standard error."""
    examined = {
        "child_sensitivity": (parameters.child_finds, "children in child labour who say so"),
        "child_specificity": (1 - parameters.child_false, "other children who do not say so"),
        "parent_sensitivity": (parameters.parent_finds, "children in child labour; parent says so"),
        "parent_specificity": (1 - parameters.parent_false, "other children; parent does not"),
        "forced_child_sensitivity": (parameters.forced_child, "children in forced labour who say so"),
        "neighbour_transmission": (parameters.neighbours, "ties to a child in forced labour, told"),
    }  # fmt: skip
    rows: list[tuple[str, float, float, float, float, str]] = []
    for name, (chance, note) in examined.items():
        correct = int(rng.binomial(EXAMINED, chance))
        share = correct / EXAMINED
        error = (share * (1 - share) / EXAMINED) ** 0.5
        rows.append((name, share, error, correct, EXAMINED, f"{note} (synthetic)"))
    for name, (value, error) in ROUNDS.items():
        drawn = round(float(value + error * rng.standard_normal()), 3)
        note = "child labour, published share of an earlier round (synthetic)"
        rows.append((name, drawn, error, np.nan, np.nan, note))
    columns = ["quantity", "value", "std_error", "correct", "tested", "note"]
    return pd.DataFrame(rows, columns=columns)
