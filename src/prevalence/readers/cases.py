"""What case data tell of persons: sex, age at the first referral, exploitation, methods of control."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .htcds_fields import CONTROLS, UNKNOWN, plain

__all__: list[str] = []

Array = NDArray[Any]
AGES = (0, 5, 12, 15, 18)
TEXTS = {"sex": "Gender", "citizenship": "Citizenship"}
SEVERAL = {
    "form": "TypeOfExploitation",
    "sex_form": "TypeOfSexExploitation",
    "industry": "ForcedLabourIndustry",
    "recruitment": "MethodOfRecruitment",
}
VALUES = (
    *("ForcedLabour", "SexualExploitation", "ChildLabour", "ForcedMarriage", "Servitude"),
    *("ForcedMilitaryByNonStateActors", "OrganRemoval", "ForcedBegging", "ForcedAdoption"),
    *("Surrogacy", "Prostitution", "Pornography", "RemoteInteractiveServices"),
    *("PrivateSexualServices", *CONTROLS),
)
STANDARD = {plain(value): value for value in VALUES} | {
    "threatslawenforcement": "ThreatOfLawEnforcement",  # as in the standard's survey form
    "psychoactivesubstance": "PsychoactiveSubstances",
    "physicalthreats": "Threats",
}
JOINED = re.compile(r"[A-Z]\w*")
YES, NO = ("1", "true", "yes", "oui", "y", "x"), ("0", "false", "no", "non", "n")


def covariates_of(rows: pd.DataFrame, who: Array, when: Array, groups: Sequence[int]) -> Any:
    """Return what each row's person is known by, by name; what several rows tell is united."""
    out: dict[str, Array] = {}
    for name, field in TEXTS.items():
        if field in rows:
            out[name] = texts(rows[field])
    if "Birthdate" in rows and any(when):
        out["age_group"] = age_groups(rows["Birthdate"].to_numpy(), who, when, groups)
    for name, field in SEVERAL.items():
        if field in rows:
            sets = united(who, [words(x) for x in rows[field]])
            out[name] = np.array(["; ".join(sorted(s)) or None for s in sets], dtype=object)
    return out | controls(rows, who)


def texts(column: pd.Series[Any]) -> Array:
    """Return texts by the standard's spelling, None where nothing is known."""
    found = ["" if pd.isna(x) else str(x).strip() for x in column]
    return np.array([None if plain(x) in UNKNOWN else x for x in found], dtype=object)


def words(cell: Any) -> set[str]:
    """Return what is chosen in a cell: apart by semicolons, or names of values by spaces."""
    text = "" if pd.isna(cell) else str(cell).strip()
    parts = [part.strip() for part in re.split(r"[;|\n]", text)]
    if len(parts) == 1:
        pieces = text.split()
        known = all(plain(piece) in STANDARD for piece in pieces)
        joined = all(JOINED.fullmatch(piece) for piece in pieces) and any(
            re.search(r"[a-z][A-Z]|_", piece) for piece in pieces
        )
        parts = pieces if plain(text) not in STANDARD and (known or joined) else parts
    return {STANDARD.get(plain(part), part) for part in parts if plain(part) not in UNKNOWN}


def united(who: Array, sets: Iterable[set[str]]) -> list[set[str]]:
    """Return for each row what all rows of its person tell."""
    by_person: dict[Any, set[str]] = {}
    for key, found in zip(who, sets, strict=True):
        by_person[key] = by_person.get(key, set()) | found
    return [by_person[key] for key in who]


# ---------------------------------------------------------------------- methods of control
def controls(rows: pd.DataFrame, who: Array) -> dict[str, Array]:
    """Return 1, 0 or nan for each method of control: 1 if any case of the person names it."""
    told = {f: c for f in CONTROLS if (c := f"MethodsOfControl{f}") in rows}
    out = {column: yes_no(rows[column], column) for column in told.values()}
    if "MethodsOfControl" in rows:
        sets = [words(x) for x in rows["MethodsOfControl"]]
        asked = np.array([bool(s) for s in sets])
        for name in CONTROLS:
            column = f"MethodsOfControl{name}"
            here = np.where(asked, [float(name in s) for s in sets], np.nan)
            out[column] = np.fmax(out[column], here) if column in out else here
    return {column: highest(who, values) for column, values in out.items()}


def yes_no(column: pd.Series[Any], name: str) -> Array:
    """Return a column of boxes ticked as 1 and 0, nan where blank."""
    text = ["" if pd.isna(x) else str(x).strip().lower().removesuffix(".0") for x in column]
    out = np.array([1.0 if x in YES else (0.0 if x in NO else np.nan) for x in text])
    bad = [i for i, x in enumerate(text) if np.isnan(out[i]) and plain(x) not in UNKNOWN]
    if bad:
        raise ValueError(
            f"{name} must be yes or no: {len(bad):,} of {len(text):,} rows are neither (first: row "
            f"{bad[0]}, {text[bad[0]]!r}). Write 1 or 0, and leave it blank where it is not known."
        )
    return out


def highest(who: Array, values: Array) -> Array:
    """Return for each row the highest value that its person has."""
    return np.asarray(pd.Series(values).groupby(who).transform("max"), dtype=float)


# ---------------------------------------------------------------------- ages and dates
def age_groups(born: Array, who: Array, when: Array, groups: Sequence[int]) -> Array:
    """Return the age group at the person's first date, None where birth or date is not known."""
    first = pd.Series([x or None for x in when], dtype=object).groupby(who).transform("min")
    out = np.full(born.size, None, dtype=object)
    for i, (b, d) in enumerate(zip(born, first, strict=True)):
        if b and isinstance(d, str) and len(d) == 10 and b <= d:
            age = int(d[:4]) - int(b[:4]) - (d[5:] < b[5:])
            out[i] = group_of(age, groups)
    return out


def group_of(age: int, groups: Sequence[int]) -> str | None:
    """Return the label of an age's group."""
    at = int(np.searchsorted(groups, age, side="right")) - 1
    if at < 0:
        return None
    if at == len(groups) - 1:
        return f"{groups[at]}+"
    return f"{groups[at]}-{groups[at + 1] - 1}"


def dates_of(column: pd.Series[Any], name: str, pattern: str) -> Array:
    """Return dates as text of the form 2023-12-31 (or a month, 2023-12), "" where blank."""
    out = np.full(len(column), "", dtype=object)
    bad = []
    for i, x in enumerate(column):
        text = "" if pd.isna(x) else str(x).strip()
        if not text:
            continue
        found = iso(x, text, pattern)
        out[i] = found
        if not found:
            bad.append((i, re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))[:20]))
    if bad:
        raise ValueError(
            f"{name} must hold dates such as 2023-12-31: {len(bad):,} of {len(column):,} rows cannot "
            f"be read (first: row {bad[0][0]}, of the form {bad[0][1]!r}). Write them so, or tell "
            'their pattern, as in dates="%d/%m/%Y".'
        )
    return out


def iso(x: Any, text: str, pattern: str) -> str:
    """Return one date as text, "" where it is none."""
    if hasattr(x, "strftime"):
        return str(x.strftime("%Y-%m-%d"))
    if pattern == "iso" and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return text
    try:
        if pattern != "iso":
            return datetime.strptime(text, pattern).strftime("%Y-%m-%d")
        known = re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text)
        return date.fromisoformat(text[:10]).isoformat() if known else ""
    except ValueError:
        return ""


def check_ages(groups: Any) -> tuple[int, ...]:
    """Return the first years of age groups, rising."""
    try:
        out = tuple(int(g) for g in groups)
    except (TypeError, ValueError):
        out = ()
    if len(out) < 1 or any(b <= a for a, b in itertools.pairwise(out)) or out[0] < 0:
        raise ValueError(
            f"age_groups must be rising whole years: found {groups!r}. Write (0, 5, 12, 15, 18)."
        )
    return out


def names_known(known: Mapping[str, Array]) -> str:
    """Say what there is to choose from."""
    plain_names = [n for n in known if not n.startswith("MethodsOfControl")]
    more = any(n.startswith("MethodsOfControl") for n in known)
    return ", ".join([*plain_names, *(["MethodsOfControl..."] if more else [])]) or "none"
