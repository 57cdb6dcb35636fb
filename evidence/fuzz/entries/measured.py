"""Entries of `sensitive` and `misclassification`."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import quiet, rate, share, survey
from evidence.fuzz.people import ITEMS

from .shared import WHERE, call, domains, fields, holder, member

WORK: dict[str, Any] = {"treatment": "long", "items": 3}


@holder("sensitive.DesignTest")
def design_test(r: Chance) -> Any:
    return pv.sensitive.list_design_test(r.of(survey), "count", missing="drop", **WORK)


@holder("sensitive.Placebos")
def placebos(r: Chance) -> Any:
    how = {**WORK, "missing": "drop"}
    return pv.sensitive.list_placebos(r.of(survey), "count", direct="direct", **how)


@holder("misclassification.WhatIf")
def what_if(r: Chance) -> Any:
    return pv.misclassification.what_if(r.of(share), **rates(r))


def rates(r: Chance) -> dict[str, Any]:
    """Return ranges of the two rates of error of a report."""
    return {
        "sensitivity": r.pick((0.5, 0.8), (0.6, 0.7, 0.9), [0.9]),
        "false_report": r.pick((0.0, 0.02), (0.0, 0.01, 0.03), [0.0]),
    }


def device(r: Chance) -> Any:
    """Return a design of randomised response with its chances."""
    return r.pick(
        {"design": "warner", "p": 0.75},
        {"design": "crosswise", "p": 0.2},
        {"design": "forced", "p_yes": 0.1, "p_no": 0.1},
        {"design": "unrelated", "p": 0.7, "q": 0.5},
        {"design": "kuk", "p": [0.8, 0.2]},
        {"design": "warner", "p": {"F": 0.7, "M": 0.8}, "group": "sex"},
    )


def listed(*more: str) -> Any:
    return lambda r: call(r.of(survey), "count", *more, **WORK, **domains(r))


def effect(r: Chance) -> Call:
    how = r.maybe(0.3, where=r.pick(*WHERE), selection=False)
    return call(r.of(survey), "count", **WORK, missing="drop", **how)


def modelled(r: Chance, **more: Any) -> Call:
    how = r.maybe(0.25, method=r.pick("ml", "nls", "linear"), intercept=False, where=r.pick(*WHERE))
    how |= r.maybe(0.15, constrained=False, floor=0.05, ceiling=0.05, categorical="half")
    predictors: Any = r.pick("age", ["age", "sex"], [], "sex")
    return call(r.of(survey), "count", predictors, **WORK, missing="drop", **how, **more)


def latent(r: Chance) -> Call:
    items = r.some(ITEMS, 3)
    how = r.maybe(0.2, by="sex", where="sex == 'F'")
    return call(r.of(classes), items, rng=1, starts=r.pick(1, 2), missing="drop", **how)


@quiet
def classes(r: Chance) -> pv.Survey:
    """Return answers to four items that two classes of people give."""
    n = r.pick(150, 300) if r.yes(0.8) else 40
    case = r.rng.random(n) < r.pick(0.3, 0.5)
    items = {name: np.where(r.rng.random(n) < 0.8, case, ~case) * 1.0 for name in ITEMS}
    return pv.Survey(
        {**items, "sex": ["F", "M"] * (n // 2), "w": r.rng.uniform(1, 2, n)}, weights="w"
    )


def both_errors(second: str) -> Any:
    def made(r: Chance) -> Call:
        wrong: Any = r.pick(0.95, 0.99) if second == "specificity" else r.pick(0.0, 0.02)
        if r.yes(0.2):
            wrong = pv.uncertain(wrong, std_error=0.01)
        how = {"sensitivity": r.pick(0.9, 0.6, r.of(rate)), second: wrong}
        return call(
            r.of(share),
            **how,
            **r.maybe(0.2, interval=r.pick("auto", "delta", "lang-reiczigel", "melding")),
        )

    return made


def validation(r: Chance) -> Call:
    how = r.maybe(0.25, form="reweighted", interval=r.pick("logit", "wald"))
    return call(
        r.of(survey), screen=r.pick("screen", ["screen", "sex"]), gold="gold", **how, **domains(r)
    )


def efficiency(r: Chance) -> Call:
    design = {name: value for name, value in device(r).items() if name != "group"}
    if isinstance(design.get("p"), dict):
        design["p"] = 0.7
    if r.yes(0.3):
        design = {"design": r.pick("list", "double-list"), "items": 4, "item_share": 0.4}
    return call(r.real(0.01, 0.5), **design, **r.maybe(0.2, random_answers=0.1))


ENTRIES: dict[str, Any] = {
    "sensitive.list_difference": listed(),
    "sensitive.double_list": lambda r: call(
        r.of(survey), ("count", "count2"), treatment="long", items=r.pick(3, [3, 3]), **domains(r)
    ),
    "sensitive.list_combined": lambda r: call(
        r.of(survey), "count", direct="direct", **WORK, **domains(r)
    ),
    "sensitive.list_placebos": lambda r: call(
        r.of(survey), "count", direct="direct", **WORK, **domains(r)
    ),
    "sensitive.list_design_test": effect,
    "sensitive.list_regression": modelled,
    "sensitive.list_prevalence": lambda r: modelled(r, **r.maybe(by=r.pick("sex", "half"))),
    "sensitive.randomized_response": lambda r: call(
        r.of(survey), "said", **device(r), **domains(r), **r.maybe(0.2, random_answers=0.05, interval="wald")
    ),
    "sensitive.randomized_response_regression": lambda r: call(
        r.of(survey), "said", r.pick("age", ["age", "sex"], []), **device(r), missing="drop",
        **r.maybe(0.2, where=r.pick(*WHERE), intercept=False),
    ),
    "sensitive.relative_variance": efficiency,
    "sensitive.DesignTest": lambda r: call(**fields(r.of(design_test))),
    "sensitive.Placebos": lambda r: call(**fields(r.of(placebos))),
    "misclassification.rogan_gladen": both_errors("specificity"),
    "misclassification.proxy": both_errors("false_report"),
    "misclassification.what_if": lambda r: call(r.of(share), **rates(r), **r.maybe(level=0.9)),
    "misclassification.WhatIf": lambda r: call(**fields(r.of(what_if))),
    "misclassification.WhatIf.plot": lambda r: member(r.of(what_if), **r.maybe(lang="fr", synthetic=True)),
    "misclassification.validation_subsample": validation,
    "misclassification.latent_class": latent,
    "misclassification.local_dependence": lambda r: call(
        r.of(classes), list(ITEMS), rng=1, starts=1, **r.maybe(0.1, by="sex")
    ),
}  # fmt: skip
