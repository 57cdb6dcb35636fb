"""What is rehearsed, in words, and which assumptions fail in it."""

from __future__ import annotations

from .expected import Expected
from .parameters import Parameters
from .population import Population

__all__ = ["described", "violations"]

BY = {
    "chance": "whoever they are",
    "size": "more often the more children they have",
    "stratum": "more often in the first strata",
    "case": "more often with a trafficked child",
}


def violations(p: Parameters) -> tuple[str, ...]:
    """Say which assumptions of the estimators that were asked for fail, and how."""
    asked, found = set(p.estimators), []
    if asked & {"survey", "combined", "network"} and p.nonresponse:
        if p.nonresponse_by == "case":
            found.append("survey: households with a trafficked child take part less often")
        elif p.nonresponse_by != "chance" and not p.handles("nonresponse"):
            found.append(f"survey: nonresponse by {p.nonresponse_by} is not adjusted for")
    if asked & {"network", "combined"}:
        found += _of_network(p)
    return tuple(found + (_of_lists(p) if "lists" in asked else []))


def _of_network(p: Parameters) -> list[str]:
    found = []
    if p.transmission < 1 and not p.handles("transmission"):
        found.append(
            f"network: adults report {_percent(p.transmission)} of what they know, taken for all"
        )
    if p.barrier and not p.handles("barrier"):
        found.append(
            f"network: trafficked children lack {_percent(p.barrier)} of their ties, taken for none"
        )
    if p.recall:
        found.append("network: large groups are recalled in part")
    return found


def _of_lists(p: Parameters) -> list[str]:
    found = []
    if p.dependence != 1 and not p.handles("dependence"):
        found.append(f"lists: lists 1 and 2 depend (odds ratio {p.dependence:g}), taken for none")
    if p.referral and not p.handles("referral"):
        found.append(f"lists: list 1 sends {_percent(p.referral)} to list 2, which nobody declares")
    if p.heterogeneity:
        found.append("lists: some children are easier to list than others")
    if p.linkage_error:
        found.append(f"lists: {_percent(p.linkage_error)} of the links between records are missed")
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def described(p: Parameters, population: Population, e: Expected) -> str:
    """Return the lines that are printed of a rehearsal."""
    asked = set(p.estimators)
    lines = [f"Rehearsal of a study of {_people(population)}", f"Design: {_design(p)}"]
    if p.nonresponse:
        lines.append(
            f"Nonresponse: {_percent(p.nonresponse)} of households, {BY[p.nonresponse_by]}"
        )
    if asked & {"survey", "combined"}:
        lines.append(
            f"Expected: {e.children:,.0f} children and {e.cases:,.0f} cases; relative standard error "
            f"{100 * e.relative_error:.0f} %, design effect {e.deff:.2f}"
        )
    if asked & {"network", "combined"}:
        lines.append(f"Expected: {e.reports:,.0f} reports of trafficked children by adults")
    if "lists" in asked:
        lines.append(
            f"Expected: {e.listed:,.0f} trafficked children on {len(p.captures)} case lists"
        )
    lines.append(f"Estimators: {', '.join(p.estimators)}; variance {p.variance}")
    broken = violations(p)
    lines.append(f"Assumptions: {'; '.join(broken) if broken else 'all hold'}")
    return "\n  ".join(lines)


def _people(population: Population) -> str:
    return (
        f"{population.children:,} children, of whom {population.cases:,} "
        f"({100 * population.prevalence:.3g} %) are trafficked"
    )


def _design(p: Parameters) -> str:
    parts = [f"{p.sampled_clusters:,} of {p.clusters:,} clusters ({p.selection})"]
    parts.append(f"{p.households:,} households in each")
    if p.one_per_household:
        parts.append("one child in a household")
    if p.oversample > 1:
        parts.append(f"stratum 1 oversampled {p.oversample:g} times")
    return ", ".join(parts)
