"""Reporting checklists: what a reader must be told of a study, filled from what the estimates know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..arguments import explained
from ..disclosure import switched_on
from ..errors import mapping, nearest, one_of, text
from ..estimate import Estimate
from .given import check_compared, check_flow, check_kind
from .page import Compared
from .study_facts import Study
from .study_items import ITEMS, Item
from .table import Column, Table
from .together import suppress_together

if TYPE_CHECKING:
    from ..answers import Answers
    from ..lists import Lists
    from ..mse import Reliability
    from ..nsum import Posterior, Validation

__all__ = ["KINDS", "Checklist", "checklist", "kinds_of"]

#: Which families of estimators each checklist is about.
KINDS = {
    "survey": ("direct", "sensitive", "misclassification"),
    "scale-up": ("nsum",),
    "lists": ("mse",),
}
GAP = "GAP"
TITLES = {
    "survey": "Reporting checklist for a household survey",
    "scale-up": "Reporting checklist for a network scale-up study",
    "lists": "Reporting checklist for a multiple-systems study",
}
PROPOSED = (
    "A proposal: the field has no accepted checklist for scale-up or multiple-systems studies. It asks "
    "what the statements STROBE and GATHER ask of other studies, and what these methods rest on."
)


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Checklist(Table):
    """A reporting checklist as a table: one row per item, what is reported of it, and the gaps.

    Made by `checklist`.

    Parameters
    ----------
    caption, columns, notes, muted, lang : str and tuples
        Parts of a `Table`.
    gaps : tuple of str
        Names of the items of which nothing is known, as `checklist` takes them in `told`.

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"case": [1, 0, 0, 0] * 50})
    >>> filled = pv.checklist(pv.direct.prevalence(survey, "case"), "survey")
    >>> filled.gaps[:3]
    ('definition', 'window', 'population')
    """

    gaps: tuple[str, ...] = ()


@explained
def checklist(
    comparison: Compared | Estimate,
    kind: str,
    *,
    told: Mapping[str, str] | None = None,
    answers: Answers | None = None,
    validation: Validation | None = None,
    posterior: Posterior | None = None,
    lists: Lists | None = None,
    reliability: Reliability | None = None,
    weight_flow: pd.DataFrame | None = None,
    synthetic: bool = False,
    disclosure: str = "on",
) -> Checklist:
    """Fill a reporting checklist from what the estimates say of themselves, gaps in sight.

    Parameters
    ----------
    comparison : Comparison or Estimate
        What is reported.
    kind : {"survey", "scale-up", "lists"}
        Which checklist: of a household survey, network scale-up or multiple-systems estimation.
    told : mapping of str to str, optional
        What the data cannot say, by the item's name, such as ``{"ethics": "approved by ..."}``; it
        is added to what is found.
    answers : Answers, optional
        The answers of a scale-up study: known groups with their sources, and the tie.
    validation : Validation, optional
        Known groups held out, of `prevalence.nsum.validate`.
    posterior : Posterior, optional
        A fit of `prevalence.nsum.fit`.
    lists : Lists, optional
        The lists of a multiple-systems study.
    reliability : Reliability, optional
        What its estimate rests on, of `prevalence.mse.reliability`.
    weight_flow : pandas.DataFrame, optional
        The table of `Survey.weight_flow`.
    synthetic : bool
        Whether the data are synthetic: then nobody was asked.
    disclosure : str
        ``"on"``, or ``"off:"`` with the reason, which the checklist then states.

    Returns
    -------
    Checklist
        A `Table` with the columns item, what to report, state (reported or GAP) and what is
        reported, and the names of the `gaps`.

    Raises
    ------
    ValueError
        When the kind is unknown, no estimate is of its family, or protection is off for no reason.
    KeyError
        When `told` has a name that is no item.
    TypeError
        When what is told is not a text.

    Notes
    -----
    The checklists are our proposal. An item that is filled is reported, not well done: whether an
    ethics board was right, or a referral declared, no table can tell.

    References
    ----------
    Stevens, G. A. et al. (2016). Guidelines for accurate and transparent health estimates
    reporting: the GATHER statement. Lancet 388, e19-e23. doi:10.1016/S0140-6736(16)30388-9

    von Elm, E. et al. (2007). The Strengthening the Reporting of Observational Studies in
    Epidemiology (STROBE) statement. PLoS Medicine 4, e296. doi:10.1371/journal.pmed.0040296

    White, R. G. et al. (2015). STROBE-RDS statement. Journal of Clinical Epidemiology 68,
    1463-1471. doi:10.1016/j.jclinepi.2015.04.002

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 50, 20], ["police", "shelter"])
    >>> estimate = pv.mse.chapman(lists, between=("police", "shelter"))
    >>> filled = pv.checklist(estimate, "lists", lists=lists, told={"funding": "None."})
    >>> filled.to_frame().query("item == 'lists'")["reported"].item()
    '2 lists: police, shelter.'
    """
    check_compared(comparison, alone=True)
    one_of("kind", kind, tuple(KINDS))
    for argument, part in (
        ("answers", answers), ("validation", validation), ("posterior", posterior),
        ("lists", lists), ("reliability", reliability),
    ):  # fmt: skip
        check_kind(argument, part)
    check_flow(weight_flow)
    given = _told(told, ITEMS[kind])
    named = {"": comparison} if isinstance(comparison, Estimate) else comparison.estimates
    estimates = {n: e for n, e in named.items() if e.method.partition(".")[0] in KINDS[kind]}
    if not estimates:
        raise ValueError(
            f"kind must be that of an estimate: none of {len(named)} is of {kind!r} (first: "
            f"{next(iter(named.values())).method or 'arithmetic'}). Choose another checklist."
        )
    study = Study(
        estimates,
        answers,
        validation,
        posterior,
        lists,
        reliability,
        weight_flow,
        synthetic,
        disclosure,
        _tables(named, disclosure),
    )
    rows = [(item, _reported(item, study, given.get(item.name, ""))) for item in ITEMS[kind]]
    gaps = tuple(item.name for item, found in rows if not found)
    return Checklist(
        caption=TITLES[kind],
        columns=(
            Column("item", [item.name for item, _ in rows]),
            Column("what to report", [item.asks for item, _ in rows]),
            Column("state", ["reported" if found else GAP for _, found in rows]),
            Column("reported", [found or "Not stated." for _, found in rows]),
        ),
        notes=(summary(len(rows), gaps), PROPOSED),
        muted=(False,) * len(rows),
        gaps=gaps,
    )


def _tables(named: Mapping[str, Estimate], disclosure: str) -> dict[int, pd.DataFrame]:
    """Return the tables of all estimates as they may be published together."""
    tables = {name: e.to_frame().assign(unit=e.unit) for name, e in named.items()}
    if switched_on(disclosure):
        tables = suppress_together(tables, tell=False)
    return {id(named[name]): table for name, table in tables.items()}


def kinds_of(estimates: Mapping[str, Estimate]) -> list[str]:
    """Return which checklists a comparison calls for."""
    families = {e.method.partition(".")[0] for e in estimates.values()}
    return [kind for kind, of in KINDS.items() if families & set(of)]


def items_of(kinds: list[str]) -> set[str]:
    """Return the names of the items of some checklists."""
    return {item.name for kind in kinds for item in ITEMS[kind]}


def _told(told: Mapping[str, str] | None, items: tuple[Item, ...]) -> dict[str, str]:
    names = [item.name for item in items]
    if told is None:
        return {}
    mapping("told", told, "Write sentences by the names of items.")
    for name, said in told.items():
        if name not in names:
            raise KeyError(f"told must name items: {name!r} is none.{nearest(name, names)}")
        text(f"told[{name!r}]", said, "Write a sentence.")
    return dict(told)


def _reported(item: Item, study: Study, told: str) -> str:
    """Return what is found and what was told, as sentences; nothing is a gap."""
    parts = [item.find(study), told]
    return " ".join(f"{part.strip().rstrip('.')}." for part in parts if part.strip())


def summary(count: int, gaps: tuple[str, ...]) -> str:
    """Say how many items are gaps, and which."""
    if not gaps:
        return f"All {count} items are reported."
    return f"{len(gaps)} of {count} items are gaps: {', '.join(gaps)}."


def unused(told: Mapping[str, Any], kinds: list[str]) -> list[str]:
    """Return what is told of no item of these checklists."""
    return [name for name in told if name not in items_of(kinds)]
