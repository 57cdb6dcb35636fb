"""The questionnaire of the synthetic survey as it comes from the field: a form and its export."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prevalence.arguments import explained
from prevalence.simulate.country import interview_form
from prevalence.simulate.country.interview_answers import (
    History,
    child_answers,
    histories,
    neighbour_answers,
)
from prevalence.simulate.country.parameters import Parameters
from prevalence.simulate.country.sample import Sample
from prevalence.simulate.country.study import streams_of, surveyed
from prevalence.simulate.country.victims import victims
from prevalence.simulate.shared import Bools, Ints
from prevalence.simulate.workbook import write_workbook
from prevalence.simulate.write import write_tables

__all__ = ["Interviews", "interviews"]

#: Stream of random numbers after those of the country.
STREAM = 100
FIRST_DAY = np.datetime64("2024-01-08")
DAYS = 40


@explained
@dataclass(frozen=True, repr=False)
class Interviews:
    """The questionnaire, its answers as KoBo Toolbox exports them, and the truth behind them.

    Parameters
    ----------
    form : dict of str to DataFrame
        The XLSForm: sheets ``survey``, ``choices`` and ``settings``, in English and French.
    export : dict of str to DataFrame
        One sheet per level: visits to dwellings, and the repeats ``child`` and ``others``
        (neighbours' children), with codes as values and ``_parent_index`` as link.
    truth : DataFrame
        Share and number of the children living in households who were exploited, by window.
    seed : int
        The seed.

    Examples
    --------
    >>> from prevalence.simulate import interviews
    >>> asked = interviews(seed=2026)
    >>> {name: len(sheet) for name, sheet in asked.export.items()}
    {'Synthetic study': 5980, 'child': 3426, 'others': ...}
    """

    form: dict[str, pd.DataFrame]
    export: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    seed: int

    def __repr__(self) -> str:
        rows = ", ".join(f"{name}: {len(table):,} rows" for name, table in self.export.items())
        return f"<Interviews, synthetic: {rows}>"

    def write(self, folder: str | PathLike[str]) -> list[str]:
        """Write ``form.xlsx``, ``export.xlsx`` and ``truth.csv``; the same answers, the same bytes.

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

        Examples
        --------
        >>> import tempfile
        >>> from dataclasses import replace
        >>> from prevalence.simulate import interviews
        >>> asked = interviews(seed=2026)
        >>> few = replace(asked, export={"child": asked.export["child"].head()})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     few.write(folder)
        ['export.xlsx', 'form.xlsx', 'truth.csv']
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        write_workbook(self.form, target / "form.xlsx")
        write_workbook(self.export, target / "export.xlsx")
        return ["export.xlsx", "form.xlsx", *write_tables({"truth": self.truth}, target)]


@explained
def interviews(seed: int = 2026, *, parameters: Parameters | None = None) -> Interviews:
    """Interview the sample of the synthetic country with a questionnaire on when what happened.

    Parameters
    ----------
    seed : int
        The same seed gives the dwellings and children of `jamaica`, and the same answers for the
        last 12 months where a question is in both.
    parameters : Parameters, optional
        The assumed parameters; the default is that of the committed data.

    Returns
    -------
    Interviews
        Form, export and truth. One answer says when something happened (it goes on, in the last 12
        months, longer ago, never), so that the three windows lie in each other.

    Raises
    ------
    ValueError
        When the parameters cannot be simulated.

    Notes
    -----
    Everything is assumed; no row is a real person. An exploited child says yes to a question that
    concerns it with chance .85, another child with .002 to .010; 1.8 % of answers are "don't know",
    "refused" or "not applicable" (97, 98, 99). Questions on work are skipped for children who never
    worked, the one on commercial sex below 12. Neighbours within three doors know each other's
    children with chance .7 and report them as adults do in `jamaica`.

    Examples
    --------
    >>> from prevalence.simulate import interviews
    >>> asked = interviews(seed=2026)
    >>> asked.truth[["window", "share"]].round(4).values.tolist()
    [['lifetime', ...], ['12m', 0.0151], ['current', ...]]
    """
    parameters = parameters or Parameters()
    streams = streams_of(seed)
    places, homes, sample, tables = surveyed(parameters, streams)
    found = victims(places, homes, parameters, streams["victims"])
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAM,)))
    history = histories(homes, found, rng)
    asked = Sample(**{name: values[sample.responded] for name, values in vars(sample).items()})
    of_home = np.repeat(np.arange(asked.household.size), homes.children[asked.household])
    first = homes.first_child[asked.household][of_home]
    number = np.arange(of_home.size) - np.searchsorted(of_home, of_home)
    child = child_answers(tables[1], first + number, history, rng)
    near, others = neighbour_answers(places, homes, history, asked, parameters, rng)
    reports = np.bincount(others["household"], minlength=asked.household.size)
    visits = _visits(tables[0], near, reports, rng)
    main = interview_form.TITLE[:31]
    position = np.flatnonzero(sample.responded) + 1
    return Interviews(
        form={
            "survey": interview_form.survey(),
            "choices": interview_form.choices(),
            "settings": interview_form.settings(),
        },
        export={
            main: visits,
            "child": _linked(_children(tables[1], child, rng), position[of_home], visits, main),
            "others": _linked(_others(others), position[others["household"]], visits, main),
        },
        truth=_truth(history),
        seed=seed,
    )


def _visits(
    homes: pd.DataFrame, near: Ints, reports: Ints, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the first sheet: one row per visit, with the system's columns behind the answers."""
    done = homes["responded"].to_numpy() == 1
    n = len(homes)
    day = FIRST_DAY + np.unique(homes["ed"], return_inverse=True)[1] % DAYS
    counted = np.where(rng.random(near.size) < 0.01, 99, near)
    respondent = rng.choice([1, 2, 3], size=near.size, p=[0.6, 0.25, 0.15])

    def after(values: Any) -> Any:
        out = np.full(n, np.nan)
        out[done] = values
        return out

    return pd.DataFrame(
        {
            "today": day.astype(str),
            **{f"visit/{c}": homes[c] for c in ("household_id", "parish", "ed", "urban")},
            "visit/base_weight": homes["base_weight"],
            "visit/result": np.where(done, 1, rng.choice([2, 3], size=n, p=[0.4, 0.6])),
            "visit/responded": homes["responded"],
            "household/respondent": after(respondent),
            **{f"household/{c}": homes[c] for c in ("poor", "n_adults", "n_children")},
            "neighbours/n_neighbour_children": after(counted),
            "neighbours/n_others": after(reports),
            "__version__": interview_form.VERSION,
            "_id": 480_000_000 + np.arange(n) * 7,
            "_uuid": [_uuid(row) for row in rng.bytes(16 * n).hex(" ", 16).split()],
            "_submission_time": day.astype(str),
            "_index": np.arange(1, n + 1),
        }
    )


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _children(
    table: pd.DataFrame, answers: dict[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the sheet of the roster, in the order and groups of the form."""
    own = {
        "child/child_id": table["child_id"],
        "child/sex": np.where(table["sex"] == "girl", 1, 2),
        "child/age": table["age"],
        "child/fostered": table["fostered"],
        "child/in_school": table["in_school"],
        "child/reporter": np.where((table["age"] >= 12) & (rng.random(len(table)) < 0.8), 1, 2),
    }
    out: dict[str, Any] = {}
    group = ["child"]
    for kind, name in interview_form.survey()[["type", "name"]].itertuples(index=False):
        if kind == "begin_group":
            group.append(name)
        elif kind == "end_group":
            group.pop()
        elif name in answers:
            column = "/".join((*group, name))
            values = answers[name]
            out[column] = _blank(values)
            if kind.startswith("select_multiple"):
                out |= _exploded(column, values, kind.split()[1])
    return pd.DataFrame({**own, **out})


def _blank(values: Any) -> Any:
    """Return the answers with empty cells where nothing was asked."""
    if values.dtype == object:
        return np.where(values == "", None, values)
    return np.where(values == -1, np.nan, values)


def _exploded(column: str, values: Any, listed: str) -> dict[str, Any]:
    """Return the columns of 0 and 1 that stand beside an answer of several choices."""
    asked: Bools = np.asarray(values != "")
    return {
        f"{column}/{code}": np.where(asked, [code in str(v).split() for v in values], np.nan)
        for code, _, _ in interview_form.CHOICES[listed]
    }


def _others(rows: pd.DataFrame) -> pd.DataFrame:
    named = rows.drop(columns="household")
    out = named.rename(columns={name: f"others/{name}" for name in named})
    said = named["situation"].to_numpy()
    place = list(out).index("others/situation") + 1
    for k, (code, _, _) in enumerate(interview_form.CHOICES["situation"]):
        out.insert(place + k, f"others/situation/{code}", (said == code).astype(np.int64))
    return out


def _linked(table: pd.DataFrame, parent: Ints, visits: pd.DataFrame, main: str) -> pd.DataFrame:
    """Add the columns that link a repeat to its submission."""
    of = visits.iloc[parent - 1]
    return table.assign(
        _index=np.arange(1, len(table) + 1),
        _parent_table_name=main,
        _parent_index=parent,
        _submission__id=of["_id"].to_numpy(),
        _submission__uuid=of["_uuid"].to_numpy(),
    )


def _truth(history: History) -> pd.DataFrame:
    """Return who was exploited in each window, of all children living in households."""
    recent = history.form >= 0
    windows = {
        "lifetime": recent | (history.before >= 0),
        "12m": recent,
        "current": history.current,
    }
    return pd.DataFrame(
        [(name, float(is_in.mean()), int(is_in.sum())) for name, is_in in windows.items()],
        columns=["window", "share", "count"],
    ).assign(denominator="children 5-17 living in households")
