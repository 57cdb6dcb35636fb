"""Rates by the traits of alters: network survival, and rates of exploitation by age and sex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..concentration import excess
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import check_rows, note, number, one_of
from ..estimand import Estimand
from ..estimate import Estimate
from ..evaluate import Domains, blank_rows, evaluate, without_spread
from ..frames import Table, category, names_of, read
from ..registry import Example, estimator
from ..survey import Survey
from . import alter_counts, few
from .degrees import Ties, known_population, log_slopes, with_sizes
from .subject import of_hidden

__all__ = ["network_rates"]

Array = NDArray[Any]
Cell = tuple[str, ...]
SURVIVAL = "Feehan, Mahy and Salganik (2017) doi:10.1007/s13524-017-0594-y"
BY_KEY = "alters name their respondent by a key, which must stand once among the respondents"


def _example() -> Example:
    rng = np.random.default_rng(13)
    psu = np.repeat(np.arange(8), 6)
    data = {
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 5, psu.size).astype(float),
        "id": np.arange(psu.size),
        "sex": np.where(np.arange(psu.size) % 2, "F", "M"),
        "police": rng.poisson(2.0, psu.size).astype(float),
        "nurses": rng.poisson(3.0, psu.size).astype(float),
    }
    data["police"][3] = np.nan
    alters = {"id": rng.integers(0, psu.size, 40), "sex": rng.choice(["F", "M"], 40)}
    arguments = {
        "alters": alters,
        "on": "id",
        "by": "sex",
        "known": {"police": 40, "nurses": 60},
        "frame_size": 2_000,
        "missing": "complete",
    }
    return Example(data, lambda d: Survey(d, weights="w", strata="stratum", psu="psu"), arguments)


@estimator(
    unit="ratio",
    smooth=True,
    degree=0,
    citation=SURVIVAL,
    example=_example,
    skips={"repeated row": BY_KEY, "zero weight": f"{BY_KEY}: a deleted row leaves them alone"},
)
@explained
def network_rates(
    sample: Answers | Survey,
    alters: Any,
    *,
    on: str,
    by: str | Sequence[str],
    known: Any = None,
    frame_size: float | Estimate | None = None,
    cell_sizes: Mapping[Any, float | Estimate] | None = None,
    match: str | Sequence[str] | None = None,
    count: str | None = None,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate rates by the traits of reported alters, such as death rates by age and sex.

    ``M_a = y(F, D_a) / y(F_a, A) * N_A / N_F``: reports of alters in the cell a, over reports by
    respondents of that cell of known groups of size N_A. With the sizes N_a of cells,
    ``M_a = y(F, D_a) / (N_a vbar_a)``, vbar_a the mean ``sum y_k / sum N_k`` of the respondents who
    share the traits in `match`, times the frame.

    Parameters
    ----------
    sample : Answers or Survey
        Respondents, with known groups and the traits in `match`; relative weights are enough.
    alters : pandas, polars or pyarrow table, or mapping
        One row for each alter reported (a death, a child in forced labour), with its traits.
    on : str
        Column of the respondent's key in both tables.
    by : str or list of str
        Traits of the alters, whose crossing makes the cells.
    known : mapping of str to float, Estimate or Group
        Columns of the known groups and their sizes; of `Answers`, all of theirs by default.
    frame_size : float or Estimate, optional
        Number of people in the frame, N_F, of which each cell has its share in the sample.
    cell_sizes : mapping of label to float or Estimate, optional
        In its place, the number of people in each cell; a tuple of labels for several traits.
        Alters of other cells are left out.
    match : str or list of str, optional
        Traits of `by` that respondents share with alters, by default all. An empty list lets all
        respondents stand for each cell, as for children, who are no respondents.
    count : str, optional
        Column with how many alters a row of `alters` stands for.
    where : str, optional
        Respondents to use, as a condition; reports of the others are left out.
    missing : {"error", "complete"}
        ``complete`` uses the known groups that each respondent answered, and leaves out, with
        their reports and their count, respondents who answered none.

    Returns
    -------
    Estimate
        One row per cell, events per person in the reporting window; interval on the log scale.

    Raises
    ------
    ValueError, TypeError, KeyError
        When an alter has no respondent, a trait is missing, respondents of a cell know nobody in
        the known groups, both or none of the sizes are given, or a column is unknown.

    Notes
    -----
    Assumes that alters of a cell are as visible to the frame as same-cell respondents have ties,
    and that reports are complete and true: it fails where those who die, or are exploited, have
    fewer ties. For children give known groups of children, ``match=[]`` and the numbers of
    children by cell; a child's visibility is then the ties that adults report to children.
    Children of the respondent's own household are known with certainty: leave them out here and
    ask about them directly. With normalised weights N_F is still the number of people.

    References
    ----------
    Feehan, D. M., Mahy, M. and Salganik, M. J. (2017). The network survival method for estimating
    adult mortality: evidence from a survey experiment in Rwanda. Demography 54, 1503-1528.
    doi:10.1007/s13524-017-0594-y

    Examples
    --------
    >>> import prevalence as pv
    >>> adults = pv.Survey({"id": ["a", "b", "c"], "sex": ["F", "M", "F"], "police": [2, 1, 2]})
    >>> deaths = {"id": ["a", "c", "c"], "sex": ["F", "M", "M"]}
    >>> pv.nsum.network_rates(
    ...     adults, deaths, on="id", by="sex", known={"police": 100}, frame_size=10_000
    ... ).value
    array([0.0025, 0.02  ])
    """
    one_of("missing", missing, ["error", "complete"])
    answers = as_answers(sample, known=known)
    survey, table = answers.survey, read(alters, "alters")
    said = list(answers.notes)
    traits = names_of("by", by)
    sizes = _sizes(frame_size, cell_sizes, traits)
    shared = _shared(match, traits, cell_sizes is not None)
    cells, member = _members(survey, traits, shared, sizes)
    domains = domains_of(survey, (), where)
    inside = domains.take_part(survey)
    names = list(answers.known)
    alter_counts.answered("known", names, y := answers.counts(names), inside, missing)
    found = known_population(y, answers.known)
    reports = _reports(survey, table, on, traits, cells, count, said) * found.answered
    weights = member * found.answered * np.where(inside, survey.chain.weights, 0.0)
    _check_ties(weights @ found.each, cells)
    parts = (reports, member * found.answered, found)
    e = _events(survey, domains, parts, sized=sizes is not None, said=said)
    about = replace(e.estimand or Estimand(), outcome="rate of events per person")
    e = replace(e, labels=tuple(cells), label_names=tuple(traits), estimand=about)
    if isinstance(sample, Answers):
        e = of_hidden(e, answers)
    out = with_sizes(e, answers.known, log_slopes(found, weights), -1)
    given = [frame_size] if sizes is None else list(sizes.values())
    people = np.array([float(number("frame_size", x)) for x in given])
    out = _per_person(out / people, frame_size, sizes)
    return alter_counts.as_before(out, e, "log", e.constants["one_report"] / people)


def _sizes(
    frame_size: float | Estimate | None,
    cell_sizes: Mapping[Any, float | Estimate] | None,
    traits: list[str],
) -> dict[Cell, float | Estimate] | None:
    """Return the number of people by cell where it is given, checked."""
    if (frame_size is None) == (cell_sizes is None):
        found = "none" if frame_size is None else "both"
        raise ValueError(
            f"frame_size or cell_sizes must be given, one of them: found {found}. Give the number of "
            "people in the frame, or in each cell where alters are no respondents."
        )
    if not traits:
        raise ValueError("by must name a trait of the alters: found none. Write the name of one.")
    if cell_sizes is None:
        what = "the number of people in the frame"
        alter_counts.positive("frame_size", number("frame_size", frame_size), what)
        return None
    if not isinstance(cell_sizes, Mapping) or not cell_sizes:
        raise ValueError(
            "cell_sizes must map cells to numbers of people, as in {('F', '5-11'): 80_000}: found "
            f"{'none' if isinstance(cell_sizes, Mapping) else type(cell_sizes).__name__}. Write them."
        )
    out = {category(cell): size for cell, size in cell_sizes.items()}
    for cell, size in out.items():
        if len(cell) != len(traits):
            raise ValueError(
                f"cell_sizes must have a label for each trait of by: {', '.join(cell)!r} has "
                f"{len(cell)} of {len(traits)}. Write tuples such as ('F', '5-11')."
            )
        what = "the number of people in the cell"
        alter_counts.positive("cell_sizes", number("cell_sizes", size), what)
    return out


def _shared(match: str | Sequence[str] | None, traits: list[str], sized: bool) -> list[int]:
    """Return the positions in the cells' labels of the traits that respondents share."""
    if match is None:
        return list(range(len(traits)))
    names = names_of("match", match)
    for name in names:
        if name not in traits:
            raise ValueError(
                f"match must name traits of by: {name!r} is not one of {', '.join(traits)}. Leave it "
                "out."
            )
    if len(names) < len(traits) and not sized:
        raise ValueError(
            f"frame_size gives each cell the share of its respondents, who must share all traits: "
            f"found {len(names)} of {len(traits)} in match. Give cell_sizes in its place."
        )
    return [k for k, name in enumerate(traits) if name in names]


def _members(
    survey: Survey, traits: list[str], shared: list[int], sizes: Mapping[Cell, Any] | None
) -> tuple[list[Cell], Array]:
    """Return the cells, and which respondents stand for each."""
    if not shared:
        cells = list(sizes or ())
        return cells, np.ones((len(cells), survey.n))
    code, labels = survey.table.codes([traits[k] for k in shared], "match")
    place = {label: k for k, label in enumerate(labels)}
    cells = list(labels if sizes is None else sizes)
    member = np.zeros((len(cells), survey.n))
    for row, cell in zip(member, cells, strict=True):
        key = cell if sizes is None else tuple(cell[k] for k in shared)
        if key not in place:
            raise ValueError(
                f"cell_sizes must be of cells with respondents: nobody is in {', '.join(key)!r}. "
                "Correct the label, or leave its trait out of match."
            )
        row[code == place[key]] = 1.0
    return cells, member


def _reports(
    survey: Survey,
    table: Table,
    on: str,
    traits: list[str],
    cells: list[Cell],
    count: str | None,
    said: list[str],
) -> Array:
    """Return the number of alters that each respondent reports in each cell."""
    import pandas as pd

    keys = pd.Index(survey.table.labels(on, "on"))
    if keys.has_duplicates:
        raise ValueError(
            f"on must identify respondents: {on!r} stands more than once for "
            f"{int(keys.duplicated().sum()):,} of them. Use the column of their keys."
        )
    rows = keys.get_indexer(pd.Index(table.labels(on, "on")))
    if (lost := rows < 0).any():
        raise ValueError(
            f"on must match: {int(lost.sum()):,} of {table.n:,} alters have no respondent of their key "
            f"(first: row {int(np.flatnonzero(lost)[0])}). Correct the keys, or drop these alters."
        )
    number_of = np.ones(table.n) if count is None else table.numeric(count, "count")
    bad = ~(np.isfinite(number_of) & (number_of >= 0))
    check_rows("count", "numbers of at least 0", number_of, bad, "Correct them.")
    code, labels = table.codes(traits, "by")
    place = {cell: k for k, cell in enumerate(cells)}
    cell = np.array([place.get(label, -1) for label in labels])[code]
    if (outside := cell < 0).any():
        note(
            said,
            f"alters of cells without respondents or size are left out: {int(outside.sum()):,} of "
            f"{table.n:,} (first: row {int(np.flatnonzero(outside)[0])}). No rate is told of them.",
        )
    out = np.zeros((len(cells), survey.n))
    np.add.at(out, (cell[~outside], rows[~outside]), number_of[~outside])
    return out


def _check_ties(total: Array, cells: list[Cell]) -> None:
    none = ~(total > 0)
    if none.any():
        raise ValueError(
            f"known must have reports in every cell: respondents of {int(none.sum())} of {len(cells)} "
            f"know nobody (first: {', '.join(cells[int(np.argmax(none))])!r}). Merge cells, or leave "
            "traits out of match."
        )


def _events(
    survey: Survey,
    domains: Domains,
    parts: tuple[Array, Array, Ties],
    *,
    sized: bool,
    said: list[str],
) -> Estimate:
    """Return reports by cell over ties: events, with cell sizes, or events over the frame's share."""
    reports, member, found = parts
    near, one = member * found.each, found.answered.astype(float)

    def theta(w: Weights) -> Array:
        events = (reports @ w) / (near @ w)
        return np.asarray(events * ((member @ w) / (one @ w)) if sized else events)

    result = evaluate(survey, theta, domains)
    w = np.where(domains.take_part(survey), survey.chain.weights, 0.0)
    used = np.broadcast_to(found.answered, reports.shape)
    facts = alter_counts.report_facts(survey, result, domains, reports, used)
    one_report = alter_counts.mean_weight(w) / (near @ w)
    if (none := facts["cases"] == 0).any():
        clustered = float(few.assumed(survey, domains, found.answered)[0, 0])
        one_report = one_report * clustered
        note(
            said,
            f"nobody reported an alter in {int(none.sum())} of {none.size} cells: their rates are 0 "
            "without a standard error, and the interval's upper end that of a count of 0"
            f"{f', with {few.ASSUMED}' if clustered > 1 else ''}.",
        )
        result = replace(result, block=blank_rows(result.block, none))
    result = without_spread(survey, result, said)
    share = (member @ w) / (one @ w) if sized else 1.0
    off = reports - ((reports @ w) / (near @ w))[:, None] * near
    e = assemble(
        survey,
        result,
        domains,
        outcomes=["events per person"],
        unit="ratio",
        method="nsum.network_rates",
        interval="log",
        citations=[SURVIVAL],
        facts=facts,
        constants={
            "one_report": one_report * share,
            "excess": excess(survey, domains, off),
        },
        warnings=said,
        assumptions=[
            "Alters of a cell are visible to as many people as the respondents who stand for it.",
            "Every report is true and complete within the window.",
        ],
    )
    return replace(e, provenance={**e.provenance, "cases": "reports"})


def _per_person(
    e: Estimate,
    frame_size: float | Estimate | None,
    sizes: Mapping[Cell, float | Estimate] | None,
) -> Estimate:
    """Bring the uncertainty of the numbers of people into rates made with their values."""
    if sizes is None:
        if isinstance(frame_size, Estimate):
            e = alter_counts.times(e, frame_size / float(frame_size), divide=True)
        return e
    for k, size in enumerate(sizes.values()):
        if isinstance(size, Estimate):
            slope = np.zeros(len(e))
            slope[k] = -1 / float(size)
            e = alter_counts.times(e, alter_counts.deviation(size, len(e)) * slope + 1.0)
    return e
