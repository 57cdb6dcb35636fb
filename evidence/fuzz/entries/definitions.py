"""Entries of definitions, of protection, of linkage keys and of plans."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import definition, estimate, indicator, quiet, survey
from evidence.fuzz.people import ITEMS, framed, people

from .shared import HOLDERS, call, made_by, member


def a_count(r: Chance) -> pv.AtLeast:
    return pv.AtLeast(r.whole(1, 3), **r.maybe(strength="strong", distinct_domains=True))


HOLDERS["AtLeast"] = made_by(a_count)


def new(r: Chance) -> Call:
    made = r.of(definition)
    names = ("indicators", "rule", "age", "unit", "missing", "window")
    keywords = {name: getattr(made, name) for name in names}
    return call(
        made.name,
        made.version,
        **keywords,
        **r.maybe(0.2, eligible="sex == 'F'", denominator="children"),
    )


def rule(r: Chance) -> list[Any]:
    return [r.pick(name, pv.AtLeast(1), pv.Not(name)) for name in r.some(ITEMS, 1)]


def classified(r: Chance) -> Call:
    how = r.maybe(0.5, contradictions=r.pick("keep", "imply"))
    return member(r.of(definition), framed(r, people(r)), **how, **r.maybe(0.2, weights="w"))


def joined(r: Chance) -> Call:
    how = r.maybe(0.6, contradictions=r.pick("keep", "imply"))
    return member(r.of(definition), r.of(survey), **how)


def preset(r: Chance) -> Call:
    return call(r.pick("ilo-child-labour", "ilo-forced-child-labour", "trafficking-indicators"))


def filled(r: Chance) -> Call:
    made = r.of(preset_of)
    holes = list(made.holes)
    return member(made, **{name: r.pick(12, 14, 43) for name in (r.some(holes) if holes else [])})


@quiet
def preset_of(r: Chance) -> pv.Definition:
    names = ("ilo-child-labour", "ilo-forced-child-labour", "trafficking-indicators")
    return pv.Definition.preset(r.pick(*names))


def compared(r: Chance) -> Call:
    made = joined(r)
    return Call(made.owned, [*made.args, *([[r.of(definition)]] if r.yes() else [])], made.keywords)


def table(r: Chance) -> Any:
    return r.of(estimate).to_frame()


@quiet
def audit(r: Chance) -> Any:
    return r.of(definition).classify(people(r), contradictions="keep").audit


@quiet
def overlaps(r: Chance) -> Any:
    two = [r.of(definition), r.of(definition)]
    found = two[0].compare(r.of(survey), two[1], contradictions="keep")
    return found.overlaps


def keys(r: Chance) -> Call:
    n = r.whole(1, 8)
    rows = {"name": [r.label() for _ in range(n)], "born": ["2001-02-03"] * n, "no": np.arange(n)}
    return call(
        framed(r, rows),
        r.pick("name", ["name", "born"], ["no"]),
        secret=r.rng.bytes(32).hex(),
    )


def shares(r: Chance) -> Any:
    return r.pick(0.01, 0.1, [0.005, 0.05], np.array([0.02, 0.3]))


ENTRIES: dict[str, Any] = {
    "Indicator": lambda r: call(r.pick("q1 == 1", "hours > 14", {"12m": "q1 == 1"}), **r.maybe(
        domain="work", strength="strong", asked="age >= 5", not_asked="negative", labels={"en": r.label()})),
    "Indicator.at": lambda r: member(r.of(indicator), r.pick(None, "12m")),
    "AllOf": lambda r: call(*rule(r)),
    "AnyOf": lambda r: call(*rule(r)),
    "AtLeast": lambda r: call(r.whole(1, 3), **r.maybe(strength="strong", domain="work", distinct_domains=True)),
    "AtLeast.counting": lambda r: member(r.of(a_count), r.some(ITEMS)),
    "AtLeast.with_k": lambda r: member(r.of(a_count), r.whole(1, 3)),
    "Not": lambda r: call(r.pick("q1", pv.AnyOf("q1", "q2"))),
    "Definition": new,
    "Definition.at": lambda r: member(r.of(definition), r.pick(None, "12m")),
    "Definition.classify": classified,
    "Definition.compare": compared,
    "Definition.sensitivity": joined,
    "Definition.fill": filled,
    "Definition.from_json": lambda r: call(r.of(definition).to_json()),
    "Definition.from_toml": lambda r: call(r.of(definition).to_toml()),
    "Definition.to_json": lambda r: member(r.of(definition), **r.maybe(path=r.path(".json"))),
    "Definition.to_toml": lambda r: member(r.of(definition), **r.maybe(path=r.path(".toml"))),
    "Definition.preset": preset,
    "Estimand": lambda r: call(**r.maybe(outcome=r.label(), window="2023", population="children")),
    "Estimand.differing": lambda r: member(
        pv.Estimand(outcome=r.label()), pv.Estimand(outcome=r.label(), **r.maybe(window="2023"))),
    "Estimand.same_as": lambda r: member(
        pv.Estimand(outcome=r.label()), pv.Estimand(outcome=r.label(), **r.maybe(window="2023"))),
    "disclosure.protect": lambda r: call(table(r), **r.maybe(minimum_n=10, minimum_cases=3, minimum_psus=2)),
    "disclosure.protect_audit": lambda r: call(r.of(audit), **r.maybe(minimum_cases=3)),
    "disclosure.protect_overlaps": lambda r: call(r.of(overlaps), **r.maybe(minimum_n=3)),
    "linkage_keys": keys,
    "plan.sample_size": lambda r: call(shares(r), r.pick(0.1, 0.2, [0.2, 0.3]), deff=r.pick(1, 2.5, [1, 2])),
    "plan.two_rounds": lambda r: call(shares(r), r.pick(500, 3000, [1000, 5000]), deff=r.pick(1, 3),
        **r.maybe(correlation=0.3, power=0.9, level=0.9)),
}  # fmt: skip
