"""Small-cell protection of published tables: what could tell who is in the data stays out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .arguments import explained
from .errors import DisclosureError

__all__ = ["protect", "protect_audit", "protect_overlaps"]

Array = NDArray[Any]
ROUND_TO = 100
MARK = "suppressed"
COMPLEMENT = f"{MARK}: to protect another row of the same total"
#: What a published row rests on by default: rows, cases, primary units with cases.
FEWEST_ROWS, FEWEST_CASES, FEWEST_UNITS = 25, 5, 3
BLANKED = (
    "n", "missing", "cases", "psus", "psus_with_cases", "estimate", "std_error", "conf_low",
    "conf_high", "cv", "deff", "n_eff", "df",
)  # fmt: skip


@explained
def protect(
    frame: pd.DataFrame,
    *,
    minimum_n: int = FEWEST_ROWS,
    minimum_cases: int = FEWEST_CASES,
    minimum_psus: int = FEWEST_UNITS,
    unit: str = "",
) -> pd.DataFrame:
    """Return a table of estimates that is safe to publish.

    A row is suppressed where it rests on fewer rows, cases or primary units than the minimum; a
    row without a case is as small as one with a single case, and so is one where all but a few
    rows are cases. Where the suppressed rows of a total could be found by subtraction, the next
    smallest rows are suppressed with them. Counts of people are rounded to the nearest 100.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table as `Estimate.to_frame` makes it.
    minimum_n : int
        Fewest rows that a published estimate rests on.
    minimum_cases : int
        Fewest cases.
    minimum_psus : int
        Fewest primary units with cases.
    unit : str
        Unit of the estimates; a column ``unit`` of the table has precedence.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns. A suppressed row keeps its labels, and its `flag` says why.

    Raises
    ------
    DisclosureError
        When no row can be published.
    KeyError
        When a column is missing.

    Notes
    -----
    Assumes that the reader knows the total over all rows of one outcome, and over each line of
    crossed domains. It does not protect against comparison with other tables of the same data:
    `Comparison.table` and `report` protect theirs together.

    References
    ----------
    Hundepool, A. et al. (2012). Statistical Disclosure Control. Wiley. doi:10.1002/9781118348239

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {
    ...     "case": [1] * 9 + [0] * 31 + [1] * 2 + [0] * 38 + [1] * 8 + [0] * 32,
    ...     "town": ["Aa"] * 40 + ["Bb"] * 40 + ["Cc"] * 40,
    ... }
    >>> table = pv.direct.prevalence(pv.Survey(data), "case", by="town").to_frame()
    >>> pv.disclosure.protect(table)["flag"].tolist()[1:]
    ['suppressed: fewer than 5 cases', 'suppressed: to protect another row of the same total']
    """
    out = suppress(frame, minimum_n, minimum_cases, minimum_psus, unit)
    if len(out) and is_suppressed(out).all():
        raise DisclosureError(
            f"a published table must have a row that is safe: none of {len(out):,} is (first: "
            f"{out['flag'].iloc[0]}). Use coarser domains, or report the whole sample only."
        )
    return out


@explained
def protect_overlaps(frame: pd.DataFrame, *, minimum_n: int = 5) -> pd.DataFrame:
    """Return a table of overlaps of definitions that is safe to publish.

    Combinations of fewer rows than the minimum are suppressed, and in each window the next
    smallest with them where their number could be found by subtraction.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``overlaps`` of `Definition.compare`.
    minimum_n : int
        Fewest rows of a published combination.

    Returns
    -------
    pandas.DataFrame
        The same rows; ``n`` and ``share`` are missing where suppressed, and ``flag`` says why.

    Raises
    ------
    KeyError, ValueError
        When a column is missing or the minimum is not a whole number.

    Examples
    --------
    >>> import pandas as pd
    >>> import prevalence as pv
    >>> rows = {"window": "", "A": [1, 1, 0], "B": [1, 0, 0], "n": [3, 20, 77]}
    >>> found = pv.disclosure.protect_overlaps(pd.DataFrame({**rows, "share": [0.03, 0.2, 0.77]}))
    >>> found["n"].tolist()
    [<NA>, <NA>, 77]
    """
    _check_counts(frame, ("window", "n", "share"), "overlaps of Definition.compare", minimum_n)
    n = column_of(frame, "n")
    reason = np.where(n < minimum_n, f"{MARK}: fewer than {minimum_n} rows", "").astype(object)
    for _, rows in frame.reset_index(drop=True).groupby("window", sort=False):
        at = rows.index.to_numpy()
        while True:
            hidden = at[reason[at] != ""]
            left = at[reason[at] == ""]
            told = hidden.size == 1 or n[hidden].sum() < minimum_n
            if not (hidden.size and left.size and told):
                break
            reason[left[np.argmin(n[left])]] = COMPLEMENT
    return _blanked(frame, reason, ("n", "share"))


@explained
def protect_audit(frame: pd.DataFrame, *, minimum_cases: int = FEWEST_CASES) -> pd.DataFrame:
    """Return the audit of a classification that is safe to publish.

    An indicator that fewer people have than the minimum, nobody included, or that fewer have not,
    is suppressed.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``audit`` of `Definition.classify`.
    minimum_cases : int
        Fewest people with an indicator, and without.

    Returns
    -------
    pandas.DataFrame
        The same rows; counts and shares are missing where suppressed, and ``flag`` says why.

    Raises
    ------
    KeyError, ValueError
        When a column is missing or the minimum is not a whole number.

    Examples
    --------
    >>> import prevalence as pv
    >>> asked = {"debt": pv.Indicator("q1 == 1"), "threats": pv.Indicator("q2 == 1")}
    >>> definition = pv.Definition("Work", "1", indicators=asked, rule=pv.AtLeast(1))
    >>> answers = {"age": [9] * 40, "q1": [1] * 9 + [0] * 31, "q2": [0] * 38 + [1] * 2}
    >>> pv.disclosure.protect_audit(definition.classify(answers).audit)["fired"].tolist()
    [9, <NA>, <NA>]
    """
    numbers = ("fired", "share", "lowest", "highest", "missing")
    _check_counts(
        frame, ("indicator", "asked", *numbers), "audit of Definition.classify", minimum_cases
    )
    fired = column_of(frame, "fired")
    without = column_of(frame, "asked") - column_of(frame, "missing") - fired
    few = np.minimum(fired, without) < minimum_cases
    reason = np.where(few, f"{MARK}: fewer than {minimum_cases} cases", "").astype(object)
    inside = np.flatnonzero(frame["indicator"].to_numpy() == "outcome")
    if few.any() and inside.size and not few[inside].any():
        reason[inside] = COMPLEMENT  # cases less those of other indicators tell the rest
    return _blanked(frame, reason, numbers)


def _check_counts(
    frame: pd.DataFrame, needed: tuple[str, ...], table: str, minimum: object
) -> None:
    missing = [name for name in needed if name not in frame]
    if missing:
        raise KeyError(
            f"frame must be the {table}: column {missing[0]!r} is missing. Pass the table unchanged."
        )
    _check_minimum("minimum", minimum)


def _blanked(frame: pd.DataFrame, reason: Array, names: tuple[str, ...]) -> pd.DataFrame:
    out, hidden = frame.copy(), reason != ""
    for name in names:
        column = out[name].convert_dtypes() if name in ("n", "fired", "missing") else out[name]
        out[name] = column.mask(hidden)
    out["flag"] = reason
    return out


def suppress(
    frame: pd.DataFrame,
    minimum_n: int = FEWEST_ROWS,
    minimum_cases: int = FEWEST_CASES,
    minimum_psus: int = FEWEST_UNITS,
    unit: str = "",
) -> pd.DataFrame:
    """Return the table as `protect` does, also where every row is suppressed."""
    _check(
        frame,
        {"minimum_n": minimum_n, "minimum_cases": minimum_cases, "minimum_psus": minimum_psus},
    )
    reason = reasons_of(frame, minimum_n, minimum_cases, minimum_psus, unit)
    complement(frame.reset_index(drop=True), reason, minimum_n, minimum_cases)
    return masked(frame, reason, unit)


def masked(frame: pd.DataFrame, reason: list[str], unit: str) -> pd.DataFrame:
    """Return the table without the numbers of rows that have a reason, and with it as their flag."""
    out = frame.copy()
    hidden = np.array([bool(r) for r in reason], dtype=bool)
    for name in BLANKED:
        if name in out:
            out[name] = out[name].mask(hidden)
    out["flag"] = np.where(hidden, np.array(reason, dtype=object), frame["flag"])
    if "deff_source" in out:
        out["deff_source"] = out["deff_source"].mask(hidden)
    _round(out, unit)
    return out


def _check(frame: pd.DataFrame, minimums: dict[str, int]) -> None:
    missing = [c for c in ("outcome", "domain", "estimate", "flag") if c not in frame]
    if missing:
        raise KeyError(
            f"frame must have the columns of Estimate.to_frame: {missing[0]!r} is missing. Pass the "
            "table unchanged."
        )
    for name, value in minimums.items():
        _check_minimum(name, value)


def _check_minimum(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ValueError(
            f"{name} must be a whole number of at least 0: found {value!r}. Pass a count."
        )


def column_of(frame: pd.DataFrame, name: str) -> Array:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan))


def _units(frame: pd.DataFrame, unit: str) -> Array:
    return frame["unit"].to_numpy(dtype=str) if "unit" in frame else np.full(len(frame), unit)


def reasons_of(
    frame: pd.DataFrame, minimum_n: int, minimum_cases: int, minimum_psus: int, unit: str
) -> list[str]:
    """Return why each row must not be published by itself, or an empty text."""
    n, cases = column_of(frame, "n"), column_of(frame, "cases")
    with_cases = column_of(frame, "psus_with_cases")
    psus = np.where(np.isnan(with_cases), column_of(frame, "psus"), with_cases)
    share = np.isfinite(column_of(frame, "n_eff"))  # only a share of its rows has one
    others = np.where(share, n - cases, np.nan)
    estimate, domain = column_of(frame, "estimate"), frame["domain"].to_numpy(dtype=str)
    of_people = _units(frame, unit) == "count"
    unknown = np.isnan(n) & np.isnan(cases) & (domain != "all")
    with np.errstate(invalid="ignore"):
        rules = {
            f"fewer than {minimum_n} rows": n < minimum_n,
            f"fewer than {minimum_cases} cases": cases < minimum_cases,
            f"fewer than {minimum_cases} of its rows are not cases": others < minimum_cases,
            f"fewer than {minimum_psus} primary units": psus < minimum_psus,
            "no counts to check a domain by": unknown & np.isfinite(estimate),
            f"an estimate below {ROUND_TO // 2}": of_people & (estimate < ROUND_TO / 2),
        }
    reasons = []
    for i in range(len(frame)):
        broken = next((words for words, rows in rules.items() if rows[i]), "")
        reasons.append(f"{MARK}: {broken}" if broken else "")
    return reasons


def complement(frame: pd.DataFrame, reason: list[str], minimum_n: int, minimum_cases: int) -> None:
    """Suppress more rows until no line's suppressed part can be told by subtraction.

    The part must hold as many cases as a row; as many rows where nobody is known to be a case, as
    behind a list or a masked answer.
    """
    cases, n = column_of(frame, "cases"), column_of(frame, "n")
    size = np.where(np.isnan(cases), n, cases)
    changed = True
    while changed:
        changed = False
        for line in _lines(frame):
            hidden = [i for i in line if reason[i]]
            left = sorted((i for i in line if not reason[i]), key=lambda i: (size[i], i))
            few = np.nansum(cases[hidden]) < minimum_cases
            if np.isnan(cases[hidden]).all():
                few = np.nansum(n[hidden]) < minimum_n
            told = len(hidden) == 1 or few
            if hidden and left and told:
                reason[left[0]] = COMPLEMENT
                changed = True


def _lines(frame: pd.DataFrame) -> Iterator[list[int]]:
    """Yield rows whose total may be known: all of an outcome, and each line of crossed domains."""
    outcome, domain = frame["outcome"].astype(str), frame["domain"].astype(str)
    for _, rows in outcome[domain != "all"].groupby(outcome, sort=False):
        positions = frame.index.get_indexer(rows.index).tolist()
        yield positions
        parts = [domain.iloc[i].split(", ") for i in positions]
        width = len(parts[0])
        if width == 1 or any(len(part) != width for part in parts):
            continue
        for left_out in range(width):
            lines: dict[tuple[str, ...], list[int]] = {}
            for i, part in zip(positions, parts, strict=True):
                lines.setdefault((*part[:left_out], *part[left_out + 1 :]), []).append(i)
            yield from (line for line in lines.values() if len(line) > 1)


def _round(out: pd.DataFrame, unit: str) -> None:
    people = _units(out, unit) == "count"
    if not people.any():
        return
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        if name in out:
            values = column_of(out, name)
            out[name] = np.where(people, np.round(values / ROUND_TO) * ROUND_TO, values)


def fewer(count: float, minimum: int = 5) -> str:
    """Return a number of people as text that does not tell how many they are if they are few."""
    return f"fewer than {minimum}" if 0 < count < minimum else f"{int(count):,}"


def rounded_sizes(counts: Array, to: int = 10) -> Array:
    """Return numbers of people to the nearest ten, so that none is found by subtraction."""
    return np.floor(np.asarray(counts, dtype=float) / to + 0.5) * to


def is_suppressed(frame: pd.DataFrame) -> Array:
    """Tell which rows of a protected table are suppressed."""
    flags = frame["flag"].fillna("").astype(str)
    return flags.str.startswith(MARK).to_numpy(dtype=bool)


#: Words in which a table says it, with the numbers in their places.
NEXT_STEP = (
    "{count:,} of {rows:,} rows are suppressed; that is not a zero. Next step: combine areas or "
    "groups, or wait for small-area estimates."
)


def next_step(count: int, rows: int) -> str:
    """Say what may be done about suppressed rows, nothing where there are none."""
    return NEXT_STEP.format(count=count, rows=rows) if count else ""


def log(frame: pd.DataFrame) -> list[str]:
    """Say how many rows of a protected table are suppressed and why, without naming one."""
    flags = frame.loc[is_suppressed(frame), "flag"].value_counts(sort=False)
    return [f"{count} of {len(frame):,} rows {flag}." for flag, count in flags.items()]


def switched_on(disclosure: str) -> bool:
    """Tell whether protection is on; it goes off only with a reason, as in "off: synthetic data"."""
    if disclosure == "on":
        return True
    word, _, reason = disclosure.partition(":") if isinstance(disclosure, str) else ("", "", "")
    if word.strip() == "off" and reason.strip():
        return False
    raise ValueError(
        f"disclosure must be 'on', or 'off:' with the reason: found {disclosure!r}. Write for "
        "example disclosure='off: synthetic data'."
    )
