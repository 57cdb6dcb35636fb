"""Case data by the Human Trafficking Case Data Standard (HTCDS) 2.0, as overlapping lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..captures import within
from ..errors import nearest, no_column, note, one_of
from ..frames import names_of
from ..lists import Lists
from .case_tables import table_of
from .cases import AGES, check_ages, covariates_of, dates_of, names_known
from .htcds_fields import FIELDS, UNKNOWN, found_fields, plain

__all__ = ["read_htcds"]

Array = NDArray[Any]
OWN = "(own route)"
PERSON, LIST, DATE = "(person)", "(list)", "(date)"
WORD = {PERSON: "person", LIST: "lists", DATE: "date"}
STATUS = ("possible", "actual")


@explained
def read_htcds(
    source: Any,
    *,
    person: str,
    lists: str | None = None,
    columns: Mapping[str, str] | None = None,
    window: tuple[str, str] | None = None,
    date: str | None = None,
    undated: str = "error",
    dates: str = "iso",
    victims: str = "possible",
    covariates: str | Sequence[str] | None = None,
    strata: str | Sequence[str] = (),
    age_groups: Sequence[int] = AGES,
    sheet: str | int = 0,
) -> Lists:
    """Overlapping case lists from case data by the HTCDS 2.0, with covariates and who referred.

    Parameters
    ----------
    source : str, Path, table or mapping
        A CSV file or Excel workbook, or a table; one row per case that an organisation recorded.
        Or a mapping from the name of an organisation to its own export.
    person : str
        Column that tells persons apart in all organisations, such as keys by `linkage_keys`: the
        standard itself has names and birth dates, and no such number.
    lists : str, optional
        Column with the organisation that recorded the case; not needed with a mapping.
    columns : mapping of str to str, optional
        The file's own names of the standard's fields, as in ``{"Gender": "sexe"}``. Without, they
        are found by the standard's names, with or without prefix (``prs_Gender``), case and spaces.
    window : tuple of str, optional
        First and last date (or month, or year) of cases to take, both included.
    date : str, optional
        Column with the date of every case. By default IncomingReferralDate, which in the standard
        cases that came by an organisation's own route do not have; name it here where they do.
    undated : {"error", "keep", "drop"}
        What to do, with a window, with cases that have no date.
    dates : str
        How dates are written: "iso" for 2023-12-31, or a pattern such as "%d/%m/%Y".
    victims : {"possible", "actual"}
        Which TraffickingStatus to take. Cases found to be no victims are always left out, those
        without a status with "actual" alone.
    covariates : str or list of str, optional
        What to keep of the persons: "sex", "age_group", "citizenship", "form", "sex_form",
        "industry", "recruitment", and MethodsOfControl and its name such as
        "MethodsOfControlDebtBondage" (1 or 0). By default all that the file has.
    strata : str or list of str
        Which of these make strata.
    age_groups : sequence of int
        First year of each age group, in whole years at the first date of the person.
    sheet : str or int
        Sheet of a workbook.

    Returns
    -------
    Lists
        Capture histories with the referrals between organisations; `notes` say what was left out
        and which fields the file does not have.

    Raises
    ------
    ValueError
        When a case has no person or organisation, a date cannot be read or lacks, the file is of
        another kind, or there are fewer than two lists.
    KeyError
        When a column is unknown, or the file has none of the standard's fields.

    Warns
    -----
    PrevalenceWarning
        When cases are left out: how many, and why.

    Notes
    -----
    A case with an organisation in ReferringOrganisation was sent by it; one with a date of referral
    and no sender came from a source that is not known; else it came by the list's own route. What
    several cases of one person tell is united: a method of control that any of them names is 1.
    Fields of the standard that the file lacks are left out and said. It fails, mostly to the high
    side, where records of one person do not share their `person`.

    References
    ----------
    International Organization for Migration. Human Trafficking Case Data Standard, version 2.0.
    https://github.com/UNMigration/HTCDS (CC BY 4.0).

    Examples
    --------
    >>> import prevalence as pv
    >>> cases = {
    ...     "key": ["a", "a", "b", "c", "d"],
    ...     "org": ["Police", "Shelter", "Police", "Shelter", "Shelter"],
    ...     "prs_Gender": ["Feminine", "Feminine", "Masculine", "Feminine", "Feminine"],
    ...     "cas_ReferringOrganisation": ["", "Police", "", "", "Embassy"],
    ... }
    >>> found = pv.read_htcds(cases, person="key", lists="org", covariates="sex")
    >>> found.sizes, found.referrals
    ({'Police': 2, 'Shelter': 3}, (('Embassy', 'Shelter', 1), ('Police', 'Shelter', 1)))
    """
    one_of("undated", undated, ("error", "keep", "drop"))
    one_of("victims", victims, STATUS)
    said: list[str] = []
    groups, layers = check_ages(age_groups), names_of("strata", strata)
    rows = _rows(source, person, lists, date, columns, sheet)
    for name in (DATE, "IncomingReferralDate", "Birthdate"):
        if name in rows:
            rows[name] = dates_of(rows[name], date or name if name == DATE else name, dates)
    who = _complete(rows[PERSON], "person", "Give every case the key of its person")
    where = _complete(rows[LIST], "lists", "Name the organisation of every case")
    when = _when(rows)
    known = covariates_of(rows, who, when, groups)
    made = pd.DataFrame({"person": who, "list": where, **_chosen(known, covariates, strata)})
    if "ReferringOrganisation" in rows:
        made["sent"] = _senders(rows, where)
    keep = _victims(rows, victims, said)
    if window is not None:
        keep = _inside(when, keep, window, undated, said)
    found = Lists.from_captures(
        made[keep].reset_index(drop=True),
        person="person",
        list="list",
        referred_by="sent" if "sent" in made else None,
        own=OWN if "sent" in made else None,
        strata=layers,
        covariates=[str(n) for n in made if n not in ("person", "list", "sent", *layers)],
    )
    absent = [name for name in FIELDS if name not in rows and not name.startswith("MethodsOf")]
    if absent:
        said.append(f"Fields of the standard that the data do not have: {', '.join(absent)}.")
    return found._replace(notes=(*said, *found.notes), window=window)


# ---------------------------------------------------------------------- rows
def _rows(
    source: Any,
    person: str,
    lists: str | None,
    date: str | None,
    columns: Mapping[str, str] | None,
    sheet: str | int,
) -> pd.DataFrame:
    """Return one row per case, under the names of the standard."""
    if lists is not None:
        return _standard(table_of(source, sheet), person, lists, date, columns)
    if not (isinstance(source, Mapping) and source and all(map(_is_export, source.values()))):
        raise ValueError(
            "lists must name the column with the organisation that recorded the case: found none. "
            'Name it, or pass one export per organisation, as in {"Police": "police.csv", ...}.'
        )
    parts = []
    for name, own in source.items():
        part = _standard(table_of(own, sheet), person, None, date, columns)
        parts.append(part.assign(**{LIST: str(name)}))
    return pd.concat(parts, ignore_index=True)


def _is_export(source: Any) -> bool:
    return isinstance(source, (str, Path, Mapping)) or hasattr(source, "columns")


def _standard(
    table: pd.DataFrame,
    person: str,
    lists: str | None,
    date: str | None,
    columns: Mapping[str, str] | None,
) -> pd.DataFrame:
    named = {str(name): name for name in table.columns}
    fields = found_fields(named, columns)
    if not fields:
        raise KeyError(
            "the data must have fields of the standard, such as Gender or ReferringOrganisation: "
            f"found none among {len(named):,} columns. Map the file's names, as in "
            "columns={'Gender': 'sexe'}."
        )
    for argument, name in ((PERSON, person), (LIST, lists), (DATE, date)):
        if name is None:
            continue
        if name not in named:
            raise no_column(WORD[argument], name, nearest(name, named))
        fields[argument] = name
    if fields.get(DATE) == fields.get("IncomingReferralDate"):
        fields.pop("IncomingReferralDate", None)  # said to be the date of every case
    out = pd.DataFrame({field: table[named[name]] for field, name in fields.items()})
    blank = out.map(lambda x: _text(x) == "").all(axis=1)
    out = out[~blank.to_numpy(dtype=bool)].reset_index(drop=True)
    return out.iloc[1:].reset_index(drop=True) if _is_labels(out) else out


def _is_labels(rows: pd.DataFrame) -> bool:
    """Tell whether the first row repeats the names as labels, as the standard's workbooks do."""
    if not len(rows):
        return False
    fields = [name for name in rows if name in FIELDS]
    return sum(plain(str(rows[name].iloc[0])) == plain(name) for name in fields) * 2 > len(fields)


def _text(x: Any) -> str:
    """Return a cell as text, "" where it is blank; whole numbers without decimals."""
    whole = isinstance(x, float) and x.is_integer()
    return "" if pd.isna(x) else str(int(x) if whole else x).strip()


def _complete(column: pd.Series[Any], argument: str, remedy: str) -> Array:
    """Return a column as text, complete."""
    found = np.array([_text(x) for x in column], dtype=object)
    gone = found == ""
    if gone.any():
        raise ValueError(
            f"{argument} must be known for every case: {int(gone.sum()):,} of {gone.size:,} rows are "
            f"blank (first: row {int(np.flatnonzero(gone)[0])}). {remedy}, or drop those without."
        )
    return found


# ---------------------------------------------------------------------- what to take
def _victims(rows: pd.DataFrame, victims: str, said: list[str]) -> Array:
    """Return which cases count, by the decision on them."""
    if "TraffickingStatus" not in rows:
        return np.ones(len(rows), dtype=bool)
    status = [plain(_text(x)) for x in rows["TraffickingStatus"]]
    no = np.array([x.startswith("not") and "specified" not in x for x in status])
    actual = np.array([x.startswith(("actual", "confirmed")) for x in status]) & ~no
    keep = actual if victims == "actual" else ~no
    if no.any():
        note(said, f"{int(no.sum()):,} of {no.size:,} cases were found to be no victims: left out.")
    rest = int((~keep & ~no).sum())
    if rest:
        note(said, f"{rest:,} of {no.size:,} cases are not decided to be victims: left out.")
    return np.asarray(keep)


def _when(rows: pd.DataFrame) -> Array:
    """Return the date of each case, "" where there is none."""
    column = DATE if DATE in rows else "IncomingReferralDate"
    return rows[column].to_numpy() if column in rows else np.full(len(rows), "", dtype=object)


def _inside(
    when: Array, keep: Array, window: tuple[str, str], undated: str, said: list[str]
) -> Array:
    """Return which cases to keep lie in the window."""
    bare = keep & (when == "")
    if bare.any() and undated == "error":
        raise ValueError(
            f"a window needs the date of every case: {int(bare.sum()):,} of {int(keep.sum()):,} have "
            f"none (first: row {int(np.flatnonzero(bare)[0])}). Name a column of dates that own "
            "cases have too with date=, or pass undated='keep' or 'drop'."
        )
    if bare.any():
        done = "kept" if undated == "keep" else "left out"
        note(said, f"{int(bare.sum()):,} of {int(keep.sum()):,} cases have no date: {done}.")
    dated = np.flatnonzero(keep & (when != ""))
    out = bare if undated == "keep" else np.zeros(keep.size, dtype=bool)
    out = out.copy()
    if dated.size:
        out[dated] = within(when[dated], window)
    lost = int(dated.size - out[dated].sum())
    if lost:
        note(said, f"{lost:,} of {int(keep.sum()):,} cases lie outside the window: left out.")
    return out


def _senders(rows: pd.DataFrame, where: Array) -> Array:
    """Return who sent each case: a name, the list's own route, or None where it is not known."""
    sent = np.array([_text(x) for x in rows["ReferringOrganisation"]], dtype=object)
    spelled = {plain(name): name for name in where}
    sent = np.array([spelled.get(plain(x), x) for x in sent], dtype=object)
    referred = np.zeros(len(rows), dtype=bool)
    if "IncomingReferralDate" in rows:
        referred = rows["IncomingReferralDate"].to_numpy() != ""
    unknown = np.array([plain(x) in UNKNOWN and x != "" for x in sent])
    sent[(sent == "") & ~referred] = OWN
    sent[(sent == "") | unknown] = None
    return sent


def _chosen(
    known: Mapping[str, Array], covariates: str | Sequence[str] | None, strata: Any
) -> dict[str, Array]:
    """Return what to keep of the persons, by name."""
    wanted = list(known) if covariates is None else names_of("covariates", covariates)
    wanted = list(dict.fromkeys([*wanted, *names_of("strata", strata)]))
    for name in wanted:
        if name not in known:
            raise KeyError(
                f"covariates and strata must be among what the data tell: {name!r} is not. There "
                f"are: {names_known(known)}."
            )
    return {name: known[name] for name in wanted}
