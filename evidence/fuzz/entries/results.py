"""Entries of estimates, comparisons, tables, checklists and reports."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import (
    comparison,
    counted,
    estimate,
    lists,
    population,
    quiet,
    rate,
    share,
)

from .network import posterior
from .shared import call, fields, holder, member
from .surveys import replicated_mean


def printed(r: Chance) -> dict[str, Any]:
    """Return the arguments of a table."""
    off = "off: for the protocol"
    return r.maybe(0.3, lang=r.pick("en", "fr"), synthetic=True, level=0.9, disclosure=off)


@holder("Table")
def table(r: Chance) -> Any:
    return r.of(r.pick(estimate, comparison)).table(
        disclosure="off: for the protocol", **r.maybe(lang="fr")
    )


@holder("Checklist")
def checklist(r: Chance) -> Any:
    return pv.checklist(r.of(share), "survey", **r.maybe(told={"funding": r.label()}))


@quiet
def drawn(r: Chance) -> Any:
    return r.of(posterior, 3).size(transmission=1, unconverged=True)


def bridged(r: Chance) -> Call:
    how = r.maybe(add=True, window="2023", outcome=r.label())
    return member(r.of(estimate), r.pick(0.5, 2, r.of(rate)), reason="Half were.", **how)


def filled(r: Chance) -> Call:
    made, kind = r.pick(
        (share, "survey"), (counted, "lists"), (counted, "scale-up"), (comparison, "survey")
    )
    how = r.maybe(0.3, told={"funding": r.label()}, synthetic=True)
    how |= r.maybe(0.2, lists=r.of(lists)) if kind == "lists" else {}
    return call(r.of(made), kind, **how)


def compared(r: Chance) -> Call:
    kind = r.pick(share, counted, estimate)
    made = {name: r.of(kind) for name in r.some(("a", "b", "été", "<b>"), 1)}
    return call(made, side_by_side=True, **r.maybe(0.3, truth=r.pick(0.3, {next(iter(made)): 0.2})))


def reported(r: Chance) -> Call:
    how = r.maybe(title=r.label(), synthetic=True, study={"lead": r.label()}, force=True)
    return call(r.of(comparison), path=r.path(".html"), **how)


def saved(r: Chance) -> Call:
    place = r.path(".estimate")
    return call(r.of(estimate).save(place))


ENTRIES: dict[str, Any] = {
    "Estimate": lambda r: call(**fields(r.of(estimate))),
    "Estimate.assume_independent": lambda r: member(r.of(drawn), "Other people were asked."),
    "Estimate.simulation_error": lambda r: member(r.of(replicated_mean)),
    "Estimate.at_most": lambda r: member(r.of(estimate), **r.maybe(level=0.9)),
    "Estimate.bridge": bridged,
    "Estimate.count": lambda r: member(r.of(share), r.pick(1e4, 250, r.of(population))),
    "Estimate.describe": lambda r: member(r.of(estimate), **r.maybe(outcome=r.label(), window="2022", population="children")),
    "Estimate.interval": lambda r: member(r.of(estimate), **r.maybe(0.7, level=r.pick(0.5, 0.9, 0.999))),
    "Estimate.save": lambda r: member(r.of(estimate), r.path(".estimate", ".npz"), **r.maybe(overwrite=True)),
    "Estimate.sentence": lambda r: member(r.of(estimate), **r.maybe(level=0.9)),
    "Estimate.table": lambda r: member(r.of(estimate), **printed(r), **r.maybe(0.2, per=r.pick(1000, 100))),
    "Estimate.take": lambda r: Call(made := r.of(estimate), [r.pick([0], np.array([len(made) - 1]), [0, 0])], {}),
    "Estimate.to_frame": lambda r: member(r.of(estimate), **r.maybe(level=0.9)),
    "load": saved,
    "compare": compared,
    "Comparison": lambda r: call(**fields(r.of(comparison))),
    "Comparison.covariance": lambda r: member(r.of(comparison), **r.maybe(correlation=True)),
    "Comparison.differences": lambda r: member(r.of(comparison), **r.maybe(level=0.9)),
    "Comparison.plot": lambda r: member(r.of(comparison), **r.maybe(lang="fr", synthetic=True)),
    "Comparison.table": lambda r: member(r.of(comparison), **printed(r)),
    "Comparison.to_frame": lambda r: member(r.of(comparison), **r.maybe(level=0.9)),
    "Table": lambda r: call(**fields(r.of(table))),
    "Table.to_excel": lambda r: member(r.of(table), r.path(".xlsx"), **r.maybe(overwrite=True)),
    "Table.to_word": lambda r: member(r.of(table), r.path(".docx"), **r.maybe(overwrite=True)),
    "Checklist": lambda r: call(**fields(r.of(checklist))),
    "Checklist.to_excel": lambda r: member(r.of(checklist), r.path(".xlsx"), **r.maybe(overwrite=True)),
    "Checklist.to_word": lambda r: member(r.of(checklist), r.path(".docx"), **r.maybe(overwrite=True)),
    "checklist": filled,
    "report": reported,
}  # fmt: skip
