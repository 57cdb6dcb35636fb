"""What answers look like before anything is estimated: missing, heaped, outlying, not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..answers import Answers
from ..concentration import excess
from ..custom import domains_of
from ..engine import Weights
from ..errors import nearest, number
from ..estimate import Estimate
from ..frames import names_of
from ..groups import Group
from ..items import Item
from .adjustments import checked
from .alter_counts import as_before
from .degrees import known_population

__all__ = ["dont_know", "heaping", "outliers", "summary"]

Array = NDArray[Any]
COUNTED = ("count", "top-coded")
TRAITS = ("form", "sex", "age")


def _rows(answers: Answers) -> Array:
    return np.asarray(answers.survey.chain.weights != 0)


def _groups(answers: Answers) -> list[tuple[str, str, Group, Item]]:
    """Return name, role, group and question of every group, known ones first."""
    return [
        (name, role, group, answers.items[str(group.column)])
        for role, groups in (("known", answers.known), ("hidden", answers.hidden))
        for name, group in groups.items()
    ]


def _minimum(disclosure: str, minimum_cases: int) -> int:
    """Return the fewest respondents that a number may rest on, 0 where everything is shown."""
    from ..disclosure import switched_on

    if isinstance(minimum_cases, bool) or minimum_cases != int(minimum_cases) or minimum_cases < 0:
        raise ValueError(
            f"minimum_cases must be a whole number of at least 0: found {minimum_cases!r}. Pass a "
            "count."
        )
    return minimum_cases if switched_on(disclosure) else 0


# ---------------------------------------------------------------------- summary
def summary(answers: Answers, disclosure: str, minimum_cases: int) -> pd.DataFrame:
    """Describe the answers about every group, one row each."""
    minimum, used = _minimum(disclosure, minimum_cases), _rows(answers)
    groups = _groups(answers)
    traits = [name for name in TRAITS if any(getattr(group, name) for *_, group, _ in groups)]
    reasons = list(dict.fromkeys(words for *_, item in groups for words in item.lost))
    rows = [_described(*group, answers.alters, used, reasons, minimum) for group in groups]
    out = pd.DataFrame(rows)
    for name in traits:
        told = [getattr(group, name) for *_, group, _ in groups]
        out.insert(int(out.columns.get_loc("size")), name, told)  # type: ignore[arg-type]
    whole = ["year", "answered", "missing", *(f"missing: {words}" for words in reasons), "zeros"]
    for name in [*whole, "at_cap"]:
        out[name] = out[name].astype("Int64")
    for name in ("size", "mean", "max", "at_fives", "at_tens"):
        out[name] = out[name].astype("Float64")
    return out


def _described(
    name: str,
    role: str,
    group: Group,
    item: Item,
    alters: str,
    used: Array,
    reasons: list[str],
    minimum: int,
) -> dict[str, Any]:
    y = item.counts[used]
    y = y[~np.isnan(y)]
    lost = {words: int(used[rows].sum()) for words, rows in item.lost.items()}
    counted = item.kind in COUNTED
    top = y.max() if y.size and counted else np.nan
    capped = int((y >= item.cap).sum())
    known_any = int((y > 0).sum())
    few = known_any < minimum
    row = {
        "group": name,
        "role": role,
        "kind": item.kind,
        "alters": group.alters or alters,
        "size": None if group.size is None else float(group.size),
        "source": group.source,
        "year": group.year,
        "answered": y.size,
        "missing": int(used.sum()) - y.size,
        **{f"missing: {words}": lost.get(words, 0) for words in reasons},
        "zeros": None if few else y.size - known_any,
        "mean": None if few or not counted or not y.size else float(y.mean()),
        "max": None if not counted or (y == top).sum() < max(minimum, 1) else float(top),
        "at_cap": None if not np.isfinite(item.cap) or capped < minimum else capped,
        "at_fives": _share_at(y, 5, minimum) if counted else None,
        "at_tens": _share_at(y, 10, minimum) if counted else None,
    }
    words = f"suppressed: fewer than {minimum} respondents know any"
    return {**row, "flag": words if few else ""}


def _share_at(y: Array, step: int, minimum: int) -> float | None:
    large = y[y >= step]
    at = int((large % step == 0).sum())
    if not large.size or min(at, large.size - at) < minimum:
        return None
    return at / large.size


# ---------------------------------------------------------------------- heaping
def heaping(
    answers: Answers,
    names: Sequence[str] | None,
    points: Sequence[int],
    disclosure: str,
    minimum_cases: int,
) -> pd.DataFrame:
    """Compare round numbers with their neighbours, for all groups together and one by one."""
    minimum, used = _minimum(disclosure, minimum_cases), _rows(answers)
    at = sorted({_point(x) for x in points})
    asked = [*answers.known, *answers.hidden] if names is None else names_of("names", names)
    counts = {name: _near(answers, name, used, at) for name in asked if _counted(answers, name)}
    if not counts:
        raise ValueError(
            f"names must hold groups asked as counts: none of {len(asked)} is. Heaping is of numbers."
        )
    pooled = np.sum(list(counts.values()), axis=0)
    rows = [
        _heap(name, point, found, minimum)
        for name, table in {"all groups": pooled, **counts}.items()
        for point, found in zip(at, table.tolist(), strict=True)
        if sum(found)
    ]
    columns = ["group", "point", *WHOLE, "ratio", "p_value", "flag"]
    out = pd.DataFrame(rows, columns=columns)
    return out.astype({**dict.fromkeys(WHOLE, "Int64"), "ratio": "Float64", "p_value": "Float64"})


WHOLE = ("below", "at", "above", "neighbours")


def _point(point: object) -> int:
    value = number("points", point)
    if value < 1 or value != int(value):
        raise ValueError(f"points must be whole numbers of at least 1: found {value:g}. Drop it.")
    return int(value)


def _counted(answers: Answers, name: str) -> bool:
    return answers.items[str(answers.group(name).column)].kind in COUNTED


def _near(answers: Answers, name: str, used: Array, points: list[int]) -> Array:
    """Return the numbers of answers one less, at and one more than each point."""
    item = answers.items[str(answers.group(name).column)]
    y = item.counts[used]
    y = y[(y < item.cap) & (y == np.floor(y))]
    wanted = np.add.outer(np.array(points), [-1, 0, 1])
    y = y[y <= wanted.max()].astype(np.int64)
    found = np.bincount(y, minlength=int(wanted.max()) + 1)[wanted]
    return np.where(wanted[:, 2:] < item.cap, found, 0)


def _heap(group: str, point: int, found: list[int], minimum: int) -> dict[str, object]:
    from scipy.special import betainc

    below, at, above = found
    neighbours = below + above
    few = min(at, neighbours) < minimum
    row: dict[str, object] = {"group": group, "point": point, "flag": ""}
    if few:
        return {**row, "flag": f"suppressed: fewer than {minimum} answers"}
    row |= {
        "at": at,
        "neighbours": neighbours,
        "ratio": 2 * at / neighbours if neighbours else None,
        "p_value": float(betainc(at, neighbours + 1, 1 / 3)) if at else 1.0,
    }
    if min(below, above) < minimum:
        return {**row, "flag": f"fewer than {minimum} answers on one side"}
    return {**row, "below": below, "above": above}


# ---------------------------------------------------------------------- outliers
def outliers(answers: Answers, spread: float, share: float, at_least: int) -> pd.DataFrame:
    """Return rows to look at again: extreme degrees, dominating answers, hidden above degree."""
    limits = {"spread": spread, "share": share, "at_least": at_least}
    for name, value in limits.items():
        if not number(name, value) > 0:
            raise ValueError(f"{name} must be above 0: found {value!r}. Give a larger number.")
    names = [name for name in answers.known if _counted(answers, name)]
    found: list[tuple[int, str, str, float]] = []
    if names:
        y = np.where(_rows(answers), answers.counts(names), np.nan)
        sizes = answers.sizes(names)
        asked = np.where(np.isnan(y), 0.0, sizes[:, None]).sum(axis=0)
        ties = np.nansum(y, axis=0)
        with np.errstate(all="ignore"):
            degree = np.where(asked > 0, ties / asked, np.nan)
        found = [
            *_extreme(degree, spread),
            *_dominating(names, y, sizes, asked, ties, share, at_least),
            *_above_degree(answers, degree),
            *_same(y),
            *_silent(answers, asked),
        ]
    out = pd.DataFrame(found, columns=["row", "check", "group", "measure"])
    out = out.astype({"row": "int64", "measure": "float64"})
    return out.sort_values(["row", "check"], kind="stable", ignore_index=True)


Found = list[tuple[int, str, str, float]]


def _extreme(degree: Array, spread: float) -> Found:
    """Find degrees far from the median, on the log scale, by robust standard deviations."""
    rows = np.flatnonzero(degree > 0)
    if rows.size < 3:
        return []
    logs = np.log(degree[rows])
    centre = np.median(logs)
    scale = 1.4826 * np.median(np.abs(logs - centre))
    if scale == 0:
        return []
    score = (logs - centre) / scale
    return [(int(rows[i]), "extreme degree", "", float(score[i])) for i in _over(score, spread)]


def _over(score: Array, limit: float) -> list[int]:
    return [int(i) for i in np.flatnonzero(np.abs(score) > limit)]


def _dominating(
    names: list[str], y: Array, sizes: Array, asked: Array, ties: Array, share: float, least: int
) -> Found:
    """Find respondents whose ties are mostly in one group, more than its size accounts for."""
    total = np.nansum(y, axis=1)
    with np.errstate(all="ignore"):
        part = np.nan_to_num(y / ties)
        of_size = sizes[:, None] / asked
        usual = (total / total.sum())[:, None]
        far = (part > share) & (part > 2 * of_size) & (part > 2 * usual) & (ties >= least)
    return [
        (int(i), "one answer dominates", names[k], float(part[k, i])) for k, i in np.argwhere(far)
    ]


def _above_degree(answers: Answers, degree: Array) -> Found:
    """Find respondents who know more hidden people than people."""
    out: Found = []
    if answers.population is None:
        return out
    for name in answers.hidden:
        if not _counted(answers, name):
            continue
        y = answers.counts([name])[0]
        with np.errstate(all="ignore"):
            many = y / (degree * answers.population)
            rows = np.flatnonzero((y > degree * answers.population) & ~np.isnan(y))
        out += [(int(i), "hidden above degree", name, float(many[i])) for i in rows]
    return out


def _same(y: Array) -> Found:
    """Find respondents who gave every known group the same answer, and not 0."""
    if len(y) < 3:
        return []
    same = (y == y[0]).all(axis=0) & (y[0] > 0)
    return [(int(i), "same answer throughout", "", float(len(y))) for i in np.flatnonzero(same)]


def _silent(answers: Answers, asked: Array) -> Found:
    """Find respondents who answered about no known group."""
    rows = np.flatnonzero(_rows(answers) & (asked == 0))
    return [(int(i), "no known group answered", "", np.nan) for i in rows]


# ---------------------------------------------------------------------- what is not known
def dont_know(
    answers: Answers,
    hidden: str | Sequence[str] | None,
    transmission: float | Estimate,
    multiples: Sequence[float],
    classes: int,
) -> pd.DataFrame:
    """Estimate hidden groups under several readings of missing answers."""
    names = list(answers.hidden) if hidden is None else names_of("hidden", hidden)
    for name in names:
        if name not in answers.hidden:
            raise KeyError(
                f"hidden must name hidden groups: {name!r} is not one."
                f"{nearest(name, answers.hidden)}"
            )
    times = [number("multiples", m) for m in multiples]
    if any(not 0 <= m < np.inf for m in times):
        raise ValueError(
            f"multiples must be at least 0: found {min(times):g}. 0 takes missing answers as none."
        )
    most = int(_rows(answers).sum())
    if not 1 <= classes <= max(most, 1) or classes != int(classes):
        raise ValueError(
            f"classes must be a whole number of at least 1 and at most the {most:,} respondents: "
            f"found {classes!r}. Four or five are usual."
        )
    checked("transmission", transmission)
    degree = _relative_degree(answers)
    rows: list[dict[str, object]] = []
    for name in names:
        rows += _readings(answers, name, degree, transmission, times, int(classes))
    return pd.DataFrame(rows)


def _relative_degree(answers: Answers) -> Array:
    """Return ties over sizes of the known groups answered; nan where none was."""
    ties = known_population(answers.counts(list(answers.known)), answers.known)
    return np.where(ties.answered, ties.each, np.nan)


def _readings(
    answers: Answers,
    name: str,
    degree: Array,
    transmission: float | Estimate,
    multiples: list[float],
    classes: int,
) -> list[dict[str, object]]:
    y, used = answers.counts([name])[0], _rows(answers)
    with_degree = ~np.isnan(degree) & used
    told, lost = with_degree & ~np.isnan(y), with_degree & np.isnan(y)
    if not (y[told] > 0).any():
        raise ValueError(
            f"hidden must hold groups that somebody reported: nobody reported {name!r}. What is "
            "missing has no ratio to follow."
        )
    z, d, gone = np.where(told, y, 0.0), np.where(told, degree, 0.0), np.where(lost, degree, 0.0)

    def by_ratio(m: float) -> Any:
        def theta(w: Weights) -> Array:
            seen = z @ w
            return np.asarray((seen + m * seen / (d @ w) * (gone @ w)) / (d @ w + gone @ w))

        return theta

    code = _classes(degree, told, classes)
    inside = [
        (z * (code == c), told * (code == c) * 1.0, lost * (code == c) * 1.0)
        for c in np.unique(code)
    ]

    def by_class(w: Weights) -> Array:
        parts = [(a @ w) * (1 + (c @ w) / (b @ w)) for a, b, c in inside]
        return np.asarray(sum(parts[1:], start=parts[0]) / (d @ w + gone @ w))

    words = {m: f"{m:g} x the ratio" for m in multiples}
    rules = {f"none ({x})" if m == 0 else x: by_ratio(m) for m, x in words.items()}
    rules["mean by class of degree"] = by_class
    seen = {"answered": int(told.sum()), "missing": int(lost.sum())}
    w = answers.survey.chain.weights
    few = excess(answers.survey, domains_of(answers.survey, (), None), [z - (w @ z) / (w @ d) * d])
    return [
        {"group": name, "rule": rule, **seen, **_estimated(answers, theta, transmission, few)}
        for rule, theta in rules.items()
    ]


def _classes(degree: Array, told: Array, classes: int) -> Array:
    """Return classes of degree of about equal numbers of those who answered, none of them empty."""
    edges = np.unique(np.quantile(degree[told], np.arange(1, classes) / classes))
    code = np.searchsorted(edges, np.nan_to_num(degree), side="right")
    filled = np.unique(code[told])
    return np.asarray(filled[np.clip(np.searchsorted(filled, code), 0, filled.size - 1)])


def _estimated(
    answers: Answers, theta: Any, transmission: float | Estimate, few: Array
) -> dict[str, float]:
    basic = replace(answers.survey.estimate(theta, unit="count"), constants={"excess": few})
    e = as_before(basic / transmission, basic, "log")
    low, high = e.interval()[0]
    return {
        "estimate": float(e.value[0]),
        "std_error": float(e.std_error[0]),
        "conf_low": float(low),
        "conf_high": float(high),
    }
