"""Entries of rehearsed studies, in populations of a few thousand children."""

from __future__ import annotations

from typing import Any

from evidence.fuzz.chance import Call, Chance
from prevalence import simulate

from .shared import HOLDERS, call, fields, holder, member


def asked(r: Chance) -> dict[str, Any]:
    """Return a small study: its population, its design and what its analysis leaves out."""
    how = r.maybe(
        0.15, transmission=0.6, barrier=0.2, recall=0.1, dependence=2.0, heterogeneity=0.5, referral=0.1,
        linkage_error=0.02, oversample=1.5, one_per_household=True, nonresponse=0.1, census_error=0.02,
        icc=0.05, strata_ratio=1.5, selection="srs", nonresponse_by=r.pick("chance", "stratum", "case"),
        margins=r.pick([], ["sex"]), variance="jackknife",
    )  # fmt: skip
    how |= r.maybe(0.4, estimators=r.some(("survey", "network", "lists"), 1))
    return {
        "prevalence": r.pick(0.05, 0.1), "children": r.pick(3000, 5000), "clusters": 60, "strata": 2,
        "known_groups": 3, "sampled_clusters": 12, "households": 6, "rng": r.whole(0, 99), **how,
    }  # fmt: skip


@holder("simulate.Rehearsal")
def rehearsal(r: Chance) -> Any:
    return simulate.study(**asked(r))


@holder("simulate.Population")
def population(r: Chance) -> Any:
    return r.of(rehearsal, 8).population


@holder("simulate.Fieldwork")
def fieldwork(r: Chance) -> Any:
    return r.of(rehearsal, 8).sample(rng=1)


HOLDERS["simulate.Rehearsal"] = lambda r: r.of(rehearsal, 8)


def estimated(r: Chance) -> Call:
    made = r.of(rehearsal, 8)
    return member(made, made.sample(rng=r.whole(0, 9)))


ENTRIES: dict[str, Any] = {
    "simulate.study": lambda r: call(**asked(r)),
    "simulate.Expected": lambda r: call(**fields(r.of(rehearsal, 8).expected)),
    "simulate.Population": lambda r: call(**fields(r.of(population, 8))),
    "simulate.Fieldwork": lambda r: call(**fields(r.of(fieldwork, 8))),
    "simulate.Rehearsal": lambda r: call(**fields(r.of(rehearsal, 8))),
    "simulate.Rehearsal.estimate": estimated,
    "simulate.Rehearsal.one": lambda r: member(r.of(rehearsal, 8), r.whole(0, 3), rng=1),
    "simulate.Rehearsal.run": lambda r: member(r.of(rehearsal, 8), samples=r.pick(2, 3), rng=1),
    "simulate.Rehearsal.sample": lambda r: member(r.of(rehearsal, 8), rng=1),
}
