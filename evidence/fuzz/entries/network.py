"""Entries of `Answers` and `nsum`."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import KNOWN, answers, population, quiet, rate, scaled, survey, visits
from evidence.fuzz.people import reports

from .shared import HOLDERS, WHERE, call, fields, holder, member

KNOWN_TWO = {"police": 1000, "nurses": 1500}
AWARE = {"police_aware": 1000, "nurses_aware": 1500}


@holder("nsum.Validation")
def validation(r: Chance) -> Any:
    return pv.nsum.validate(r.of(answers), missing="complete")


@holder("nsum.Recall")
def recall(r: Chance) -> Any:
    return r.of(validated).recall(r.pick("line", "curve"))


def validated(r: Chance) -> Any:
    return pv.nsum.validate(pv.Survey(three(r)), known=KNOWN)


def three(r: Chance) -> dict[str, Any]:
    return {
        name: r.rng.poisson(k, 30) + 0.0
        for name, k in (("police", 3), ("nurses", 4), ("priests", 2))
    }


@holder("nsum.Plan")
def plan(r: Chance) -> Any:
    return pv.nsum.precision(r.whole(100, 3000), **assumed(r))


@holder("nsum.ScaledDown")
def profile(r: Chance) -> Any:
    return pv.nsum.scaled_down(*profiles(r))


def fitted(r: Chance, share: float) -> Any:
    degree = r.rng.lognormal(5, 0.4, 60)
    shares = (("police", 0.03), ("nurses", 0.05), ("hidden", 0.02))
    data: dict[str, Any] = {name: r.rng.poisson(degree * x) for name, x in shares}
    data["region"] = ["north", "south"] * 30
    regions = {"regions": "region", "region_populations": {"north": 4e4, "south": 6e4}}
    how: dict[str, Any] = regions if r.yes(share) else {}
    model = "random-degree" if not how else "overdispersed"
    return pv.nsum.fit(
        pv.Survey(data), "hidden", known={"police": 3000, "nurses": 5000}, population=1e5,
        model=model, draws=400, warmup=300, rng=r.whole(0, 99), **how,
    )  # fmt: skip


@holder("nsum.Posterior")
def posterior(r: Chance) -> Any:
    return fitted(r, 0.5)


@quiet
def regional(r: Chance) -> Any:
    """Return a fit with regions that has converged."""
    made = fitted(r, 1.0)
    if not made.converged:
        raise pv.ConvergenceError("another one is drawn")
    return made


HOLDERS["nsum.Posterior"] = lambda r: r.of(posterior, 3)


def assumed(r: Chance) -> dict[str, Any]:
    how = r.maybe(
        0.3, deff=2.0, overdispersion=1.5, degree_cv=0.5, transmission=r.pick(0.6, r.of(rate))
    )
    how |= r.maybe(0.1, degree_ratio=0.8, frame_ratio=0.9, precision=0.9, known_overdispersion=2.0)
    known = r.pick(20_000, [2_000] * 5)
    return {"degree": 180, "known": known, "size": 5_000, "population": 2.8e6, **how}


def profiles(r: Chance) -> tuple[Any, Any]:
    cells = ("women", "men", "été")[: r.whole(2, 3)]
    groups = {
        name: {cell: r.whole(0, 900) + 1 for cell in cells} for name in ("Mary", "police", "nurses")
    }
    return groups, {cell: r.whole(4000, 6000) for cell in cells}


def scaled_down(r: Chance) -> Call:
    groups, people = profiles(r)
    return call(groups, people, **r.maybe(candidates={"James": dict.fromkeys(people, 40)}))


def sample(r: Chance) -> dict[str, Any]:
    """Return who is asked about whom: answers, or a survey with the sizes of known groups."""
    if r.yes(0.6):
        return {"sample": r.of(answers)}
    return {"sample": r.of(survey), "known": dict(r.pick(KNOWN, KNOWN_TWO)), "population": 50_000}


def hidden(r: Chance) -> Any:
    return r.pick("hidden", "hidden2", ["hidden", "hidden2"])


def adjusted(r: Chance) -> dict[str, Any]:
    how = r.maybe(0.2, degree_ratio=0.8, frame_ratio=0.9, precision=r.pick(0.9, r.of(rate)))
    return {"transmission": r.pick(1.0, 0.6, r.of(rate)), **how}


def rest(r: Chance, *, by: bool = True, degrees: bool = True) -> dict[str, Any]:
    how = r.maybe(0.15, where=r.pick(*WHERE))
    if by:
        how |= r.maybe(0.2, by=r.pick("sex", "half", "region"))
    if degrees:
        how |= r.maybe(0.25, degree=r.pick("mean-of-ratios", "ratio-of-sums", ["nurses"]))
    return {**how, **r.maybe(0.75, missing="complete")}


def scale_up(r: Chance) -> Call:
    how = r.maybe(0.2, size=r.pick("mean-of-ratios", "ratio-of-sums"), propagate="draws")
    given = sample(r)
    return call(given.pop("sample"), hidden(r), rng=1, **given, **adjusted(r), **rest(r), **how)


def recalled(r: Chance) -> Call:
    given = {"sample": r.of(survey), "known": dict(KNOWN)} if r.yes() else {"sample": r.of(answers)}
    return call(
        given.pop("sample"), hidden(r), **given, **adjusted(r), **rest(r, by=False, degrees=False)
    )


def checked(r: Chance) -> Call:
    given = sample(r)
    how = r.maybe(0.2, size="mean-of-ratios")
    return call(given.pop("sample"), **given, **rest(r, by=False), **how)


def degree(r: Chance) -> Call:
    given = sample(r)
    return call(given.pop("sample"), **given, **rest(r))


def pairs(r: Chance) -> dict[str, Any]:
    return r.maybe(0.2, where=r.pick(*WHERE), hidden_where="sex == 'F'") | {"missing": "complete"}


def enriched(r: Chance) -> Call:
    how = r.maybe(0.25, precision=0.9, population=50_000, in_frame=0.9)
    made = r.of(survey)
    size = float(made.final_weights.sum()) * r.real(0.8, 1.2)
    return call(made, r.of(visits), "hidden", aware=dict(AWARE), frame_size=size, **how, **pairs(r))


def rates(r: Chance) -> Call:
    made = r.of(survey)
    how: dict[str, Any] = r.pick({"frame_size": 9_000}, {"cell_sizes": {"F": 900.0, "M": 1000.0}})
    how |= r.maybe(0.25, match=r.pick([], ["sex"]), count="m", where=r.pick(*WHERE))
    return call(
        made, reports(r, made.n), on="id", by="sex", known=dict(KNOWN), missing="complete", **how
    )


def fit(r: Chance) -> Call:
    how = r.maybe(0.15, weights="pseudo", scaling=r.pick("known-groups", None), where="age >= 8")
    how |= r.maybe(0.1, covariates="age")
    if r.yes(0.15):
        how |= {"regions": "half", "region_populations": {"x": 20_000, "y": 30_000}}
    model = r.pick("overdispersed", "random-degree", "lognormal")
    few = {"chains": r.pick(1, 2), "draws": r.pick(4, 10), "warmup": r.pick(4, 10), "rng": 1}
    return call(r.of(full_answers), "hidden", model=model, **few, **how)


def full_answers(r: Chance) -> pv.Answers:
    data = three(r) | {"hidden": r.rng.poisson(1, 30) + 0.0, "age": r.rng.integers(5, 18, 30)}
    data["half"] = np.array(["x", "y"] * 15)
    return pv.Answers(pv.Survey(data), known=KNOWN, hidden="hidden", population=50_000)


@quiet
def one_number(r: Chance) -> pv.Estimate:
    made = pv.nsum.scale_up(r.of(answers), "hidden", transmission=1, missing="complete")
    return made.describe(window="2024", population="children")


def new(r: Chance) -> Call:
    how = r.maybe(
        0.25, codes={98: "don't know"}, top_code=50, alters="children", tie="knows", window="2024"
    )
    how |= r.maybe(0.15, fractional=True, yes_no=["hidden"], population=50_000)
    return call(
        r.of(survey),
        known=dict(KNOWN),
        hidden=r.pick("hidden", ["hidden"], {"work": "hidden"}),
        **how,
    )


def names(r: Chance, made: pv.Answers) -> list[str]:
    return r.some([name for name in ("police", "nurses", "priests") if name in made.known], 1)


def of_answers(**how: Any) -> Any:
    return lambda r: member(r.of(answers), **r.maybe(**how))


def counted(r: Chance) -> Call:
    made = r.of(answers)
    return member(made, names(r, made))


def size(r: Chance) -> Call:
    how = r.maybe(0.25, point=r.pick("median", "mean"), by="region", rng=1)
    return member(
        r.of(posterior, 3),
        **r.maybe(0.7, hidden="hidden"),
        **adjusted(r),
        unconverged=r.yes(0.8),
        **how,
    )


ENTRIES: dict[str, Any] = {
    "Answers": new,
    "Answers.bounds": counted,
    "Answers.counts": counted,
    "Answers.degrees": of_answers(rule=["police"], population=40_000),
    "Answers.dont_know": lambda r: member(r.of(answers), transmission=r.pick(1.0, r.of(rate)),
        **r.maybe(hidden="hidden", multiples=(0, 1), classes=r.pick(1, 3))),
    "Answers.group": lambda r: member(r.of(answers), r.pick("police", "nurses", "priests", "hidden")),
    "Answers.heaping": of_answers(points=(5, 10), minimum_cases=3),
    "Answers.on": lambda r: Call(made := r.of(answers), [made.survey.jackknife() if made.survey.scheme is None else made.survey], {}),
    "Answers.outliers": of_answers(spread=2.5, share=0.4, at_least=5),
    "Answers.sizes": lambda r: Call(made := r.of(answers), [], r.maybe(names=names(r, made))),
    "Answers.summary": of_answers(minimum_cases=3, disclosure="off: for the protocol"),
    "Answers.without": lambda r: Call(made := r.of(answers), names(r, made)[:1], {}),
    "nsum.Group": lambda r: call(size=r.pick(900, r.of(population)), **r.maybe(
        source="register", year=2020, alters="children", column="police", sex="F", age="5-17", form="labour")),
    "nsum.scale_up": scale_up,
    "nsum.recall_adjusted": recalled,
    "nsum.validate": checked,
    "nsum.degree": degree,
    "nsum.blend": lambda r: call(r.of(one_number), r.of(one_number), **r.maybe(weight=r.pick("precision", 0.5, 0.2))),
    "nsum.sensitivity": lambda r: call(r.of(scaled), transmission=r.pick([0.5, 1], 0.7, (0.4, 0.6, 0.8)),
        **r.maybe(degree_ratio=[0.8, 1], precision=0.9, frame_ratio=[0.9], level=0.9)),
    "nsum.generalized": enriched,
    "nsum.degree_ratio": lambda r: call(r.of(visits), r.of(survey), known=dict(KNOWN_TWO), **pairs(r)),
    "nsum.game_of_contacts": lambda r: call(r.of(visits), aware=list(AWARE), known=list(KNOWN_TWO),
        **r.maybe(0.3, by="sex", where="sex == 'F'", missing="complete")),
    "nsum.network_rates": rates,
    "nsum.fit": fit,
    "nsum.precision": lambda r: call(r.whole(100, 3000), **assumed(r)),
    "nsum.sample_size": lambda r: call(r.pick(0.1, 0.2, 0.3), **assumed(r)),
    "nsum.scaled_down": scaled_down,
    "nsum.recalled_size": lambda r: call(r.pick([500.0, 4000.0], np.array([10.0, 1e6]), 700), r.pick(1000.0, 300),
        **r.maybe(shape=r.pick(0.5, 2.0))),
    "nsum.Plan": lambda r: call(**fields(r.of(plan))),
    "nsum.Posterior": lambda r: call(**fields(r.of(posterior, 3))),
    "nsum.Posterior.check": lambda r: member(r.of(posterior, 3), replicates=r.pick(5, 10), rng=1),
    "nsum.Posterior.degrees": lambda r: member(r.of(posterior, 3), **r.maybe(level=0.8)),
    "nsum.Posterior.fitted_sizes": lambda r: member(r.of(posterior, 3), unconverged=r.yes(0.8), **r.maybe(known="police")),
    "nsum.Posterior.shrinkage": lambda r: member(r.of(regional, 2), **r.maybe(hidden="hidden", level=0.9)),
    "nsum.Posterior.size": size,
    "nsum.Recall": lambda r: call(**fields(r.of(recall))),
    "nsum.Recall.adjusted": lambda r: member(r.of(recall), r.pick([2500.0], np.array([100.0, 1e5]))),
    "nsum.Recall.band": lambda r: member(r.of(recall), r.pick([2500.0], np.array([100.0, 1e5])), **r.maybe(level=0.8)),
    "nsum.Recall.left_of": lambda r: member(r.of(recall), r.pick([2500.0], np.array([100.0, 1e5]))),
    "nsum.Recall.prediction_error": lambda r: member(r.of(recall), r.pick([2500.0], np.array([100.0, 1e5]))),
    "nsum.Recall.sweep": lambda r: member(r.of(recall), **r.maybe(shapes=(0.5, 2.0))),
    "nsum.ScaledDown": lambda r: call(**fields(r.of(profile))),
    "nsum.Validation": lambda r: call(**fields(r.of(validation))),
    "nsum.Validation.recall": lambda r: member(r.of(validated), **r.maybe(form=r.pick("curve", "line"), shape=2.0)),
    "nsum.Validation.to_frame": lambda r: member(r.of(validation), **r.maybe(level=0.9)),
    "nsum.Validation.trimmed": lambda r: member(r.of(validation), **r.maybe(low=0.4, high=2.5, recursive=False)),
}  # fmt: skip
