"""Objects of the library, of as many kinds as a study may have: each maker draws one."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv
from prevalence.microdata import Link

from .chance import Chance
from .people import ITEMS, YES, framed, hidden_people, people

__all__ = [
    "answers", "comparison", "counted", "definition", "estimate", "indicator", "lists", "microdata",
    "population", "rate", "share", "survey", "two_lists", "variables", "visits",
]  # fmt: skip

KNOWN = {"police": 1000, "nurses": 1500, "priests": 500}
NAMES = ("police", "home", "court", "ngo")


def quiet(maker: Any) -> Any:
    """Return the maker without the warnings of what it makes, which are no news here."""

    @wraps(maker)
    def made(r: Chance) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            return maker(r)

    return made


def designed(r: Chance, data: Any) -> pv.Survey:
    """Return a survey of one of the designs that the columns of people carry."""
    how: dict[str, Any] = r.pick(
        {},
        {"weights": "w"},
        {"weights": "w", "psu": "ea"},
        {"weights": "w", "strata": "region", "psu": "ea"},
        {"weights": "w", "strata": "region", "psu": "ea"},
        {"weights": "w", "strata": "region", "psu": "ea", "single_psu": r.pick("certainty", "adjust", "average", "remove")},
        {"weights": "w", "stages": ["ea", "id"], "fpc": ["clusters", "people"]},
        {"psu": "ea"},
        {"fpc": "people"},
    )  # fmt: skip
    return pv.Survey(data, **how, **r.maybe(0.15, source="study", missing="complete"))


def stepped(r: Chance, made: pv.Survey) -> pv.Survey:
    """Return a survey with one more step of weighting."""
    kind = r.whole(0, 5)
    if kind == 0:
        return made.trim(upper=float(np.max(made.final_weights)))
    if kind == 1:
        return made.poststratify("sex", {"F": 900.0, "M": r.pick(1000.0, rate_of(r, 1000.0))})
    if kind == 2:
        return made.rake({"sex": {"F": 90.0, "M": 110.0}, "half": {"x": 100.0, "y": 100.0}})
    if kind == 3:
        return made.calibrate({"age": 11.0 * float(made.final_weights.sum())})
    if kind == 4:
        return made.nonresponse("long", within="sex")
    return made.eligibility("long")


def schemed(r: Chance, made: pv.Survey) -> pv.Survey:
    """Return a survey whose variances come from replicates."""
    kind = r.whole(0, 3)
    if kind == 0:
        return made.jackknife(**r.maybe(0.3, groups=6, rng=1))
    if kind == 1:
        return made.bootstrap(r.pick(20, 40), rng=r.whole(0, 99))
    if kind == 2:
        return made.replicate_weights("rep", scale=r.pick(1.0, 0.5))
    return made.linearised()


@quiet
def survey(r: Chance) -> pv.Survey:
    """Return a survey of people, with steps and replicates at times."""
    made = designed(r, framed(r, people(r)))
    if r.yes(0.25):
        made = stepped(r, made)
    if r.yes(0.3):
        made = schemed(r, made)
    return made.describe(population="children", window="2024") if r.yes(0.2) else made


@quiet
def plain_survey(r: Chance) -> pv.Survey:
    """Return a survey before any step."""
    return designed(r, framed(r, people(r)))


@quiet
def visits(r: Chance) -> pv.Survey:
    """Return a survey of the hidden group."""
    return pv.Survey(
        framed(r, hidden_people(r)), weights="w", source="visits", **r.maybe(0.5, psu="psu")
    )


def rate_of(r: Chance, value: float) -> pv.Estimate:
    """Return a number known with uncertainty."""
    return pv.uncertain(value, std_error=value * r.pick(0.01, 0.1, 0.3))


@quiet
def rate(r: Chance) -> pv.Estimate:
    """Return a rate known with uncertainty."""
    kind = r.whole(0, 2)
    if kind == 0:
        return pv.uncertain(0.6, 0.4, 0.8, kind="beta", name=r.pick("", "rate"))
    if kind == 1:
        tested = r.whole(20, 300)
        return pv.validated(correct=r.whole(tested // 2, tested), tested=tested)
    return pv.uncertain(r.real(0.3, 0.9), std_error=0.03)


@quiet
def population(r: Chance) -> pv.Estimate:
    """Return a number of people known with uncertainty."""
    return pv.uncertain(r.pick(1e3, 1e5, 2e6), std_error=r.pick(10.0, 100.0))


@quiet
def share(r: Chance) -> pv.Estimate:
    """Return a share of one row."""
    made = r.of(survey)
    how: dict[str, Any] = r.maybe(0.2, interval=r.pick("auto", "logit", "wald"), where="age >= 8")
    return pv.direct.prevalence(made, r.pick(*YES[:5]), missing="drop", **how)


@quiet
def estimate(r: Chance) -> Any:
    """Return an estimate of any family, with or without domains."""
    kind, made = r.whole(0, 13), r.of(survey)
    by: Any = r.pick((), (), "sex", "half", ["sex", "half"])
    case = r.pick("case", "q1", ["case", "q2"])
    drop: dict[str, Any] = {"missing": "drop"}
    if kind == 0:
        return pv.direct.mean(made, r.pick("hours", ["hours", "age"]), by=by, **drop)
    if kind == 1:
        return pv.direct.total(made, r.pick("hours", "case"), by=by, **drop)
    if kind == 2:
        return pv.direct.prevalence(made, case, by=by, **drop).count(r.pick(5000, 1e6))
    if kind == 3:
        return pv.direct.quantile(made, "hours", r.pick(0.5, [0.25, 0.75]), by=by, **drop)
    if kind == 4:
        return pv.direct.regression(made, "hours", ["age", "sex"], **drop)
    if kind == 5:
        return r.of(scaled)
    if kind == 6:
        return r.of(hidden_number)
    if kind == 7:
        return pv.misclassification.rogan_gladen(r.of(share), sensitivity=0.9, specificity=0.97)
    if kind == 8:
        return r.of(rate)
    if kind == 9:
        return pv.combine_imputations([pv.direct.mean(r.of(survey), "age") for _ in range(3)])
    if kind == 10:
        return r.of(share) - r.of(share)
    return pv.direct.prevalence(made, case, by=by, **drop)


@quiet
def counted(r: Chance) -> Any:
    """Return a number of persons of one row."""
    return r.of(r.pick(scaled, hidden_number)) if r.yes() else r.of(share).count(1e5)


@quiet
def scaled(r: Chance) -> pv.Estimate:
    """Return a scale-up estimate."""
    return pv.nsum.scale_up(
        r.of(answers),
        r.pick("hidden", "hidden2", None),
        transmission=r.pick(1.0, 0.6, r.of(rate)),
        missing="complete",
        **r.maybe(0.2, by="sex", degree_ratio=0.8, degree="mean-of-ratios"),
    )


@quiet
def hidden_number(r: Chance) -> Any:
    """Return a number of persons from lists."""
    cases = r.of(lists)
    return r.pick(pv.mse.lower_bound, pv.mse.loglinear)(cases)


@quiet
def answers(r: Chance) -> pv.Answers:
    """Return answers about known and hidden groups on a survey."""
    known: dict[str, Any] = {name: KNOWN[name] for name in r.some(tuple(KNOWN), 2)}
    if r.yes(0.3):
        name = r.pick(*known)
        known[name] = r.pick(
            rate_of(r, 1000.0), pv.nsum.Group(size=900, source="register", year=2022)
        )
    how = r.maybe(0.2, codes={98: "don't know"}, top_code=60, alters="children", tie="knows")
    return pv.Answers(
        r.of(survey), known=known, hidden=["hidden", "hidden2"], population=50_000, **how
    )


HISTORIES = [[k >> j & 1 for j in range(4)] for k in range(1, 16)]


def patterns(r: Chance, n: int) -> dict[str, Any]:
    """Return histories of n lists as rows, with persons, sex, age, senders."""
    rows = [h[:n] for h in HISTORIES if not any(h[n:])]
    size = r.pick(3.0, 30.0, 300.0)
    data: dict[str, list[Any]] = {name: [] for name in (*NAMES[:n], "n", "sex", "age", "sent")}
    for sex in ("F", "M"):
        for row in rows:
            for name, on in zip(NAMES, row, strict=False):
                data[name].append(on)
            data["n"].append(int(r.rng.poisson(size / 3 ** (sum(row) - 1))) + r.pick(0, 1))
            data["sex"].append(sex)
            data["age"].append(r.whole(5, 17))
            data["sent"].append("police" if row[0] and row[1] and r.yes() else "")
    return data


@quiet
def lists(r: Chance) -> pv.Lists:
    """Return case lists, made in one of the ways there are."""
    n, kind = r.pick(2, 3, 3, 4), r.whole(0, 6)
    data = patterns(r, n)
    how: dict[str, Any] = {"counts": "n"}
    if kind == 0:
        how["strata"] = "sex"
    elif kind == 1:
        how["covariates"] = r.pick("sex", ["sex", "age"])
    elif kind == 2:
        how["referred_by"] = {"home": "sent"}
    made = pv.Lists(framed_lists(r, data), NAMES[:n], **how)
    if r.yes(0.2):
        made = made.declare(
            referral=[("police", "home")], every_referral=r.pick(True, False),
            **r.maybe(recording="always", missed_links=0.02, visibility="equal"),
        )  # fmt: skip
    return made.bootstrap(r.pick(20, 40), rng=r.whole(0, 99)) if r.yes(0.15) else made


def framed_lists(r: Chance, data: dict[str, Any]) -> Any:
    """Return patterns as one kind of frame."""
    return r.pick(dict, pd.DataFrame, arrays)(data)


def arrays(data: dict[str, Any]) -> dict[str, Any]:
    """Return columns as arrays."""
    return {name: np.array(values) for name, values in data.items()}


@quiet
def two_lists(r: Chance) -> pv.Lists:
    """Return two or three lists with no more to them than counts."""
    n = r.pick(2, 3)
    data = patterns(r, n)
    return pv.Lists(data, NAMES[:n], counts="n")


@quiet
def indicator(r: Chance) -> pv.Indicator:
    """Return an indicator of the columns of people."""
    name = r.pick(*ITEMS)
    expr: Any = r.pick(
        f"{name} == 1", f"{name} in [1, 2]", "hours > 14", f"{name} == 1 and age < 15",
        {"12m": f"{name} == 1", "lifetime": f"{name} >= 1"},
    )  # fmt: skip
    how = r.maybe(domain="work", strength=r.pick("strong", "medium"), asked="age >= 5")
    return pv.Indicator(expr, **how)


@quiet
def definition(r: Chance) -> pv.Definition:
    """Return a definition of two to four indicators."""
    names = [f"sign {k}" for k in range(r.whole(2, 4))]
    indicators = {name: r.of(indicator) for name in names}
    windows: list[Any] = [sorted(i.windows) for i in indicators.values() if i.windows]
    rule = r.pick(
        pv.AtLeast(r.whole(1, 2)), pv.AnyOf(*names), pv.AllOf(*names[:2]),
        pv.AnyOf(names[0], pv.AtLeast(1)), pv.AllOf(names[0], pv.Not(names[1])),
    )  # fmt: skip
    how = r.maybe(0.3, missing=r.pick("bounds", "as_negative", "as_missing"), unit="child")
    if windows:
        how["window"] = "12m"
    if r.yes(0.2):
        how["age"] = None
    return pv.Definition(
        r.pick("Work", "Forced labour"), "1", indicators=indicators, rule=rule, **how
    )


def variables() -> list[pv.Variable]:
    """Return what is known of the columns of two linked tables."""
    yes: dict[Any, dict[str, str]] = {
        1: {"en": "Yes", "fr": "Oui"},
        0: {"en": "No", "fr": "Non"},
        98: {"en": "Don't know"},
    }
    return [
        pv.Variable("work", "child", "choice", {"en": "Worked?"}, yes, {98: "don't know"}),
        pv.Variable("area", "home", "text", {"en": "Area"}),
    ]


def linked(r: Chance) -> dict[str, Any]:
    """Return two tables and their link."""
    n = r.whole(2, 6)
    home = pd.DataFrame({"key": np.arange(n), "area": [r.label() for _ in range(n)]})
    m = r.whole(1, 10)
    child = pd.DataFrame({"home": r.rng.integers(0, n, m), "work": r.rng.choice([0, 1, 98], m)})
    return {
        "tables": {"home": home, "child": child},
        "links": {"child": Link("home", "home", "key")},
    }


@quiet
def microdata(r: Chance) -> pv.Microdata:
    """Return two tables as collected, with labels and a link."""
    made = linked(r)
    how = {"links": made["links"], **r.maybe(languages=["en", "fr"], notes=["A note."])}
    return pv.Microdata.from_codes(made["tables"], variables(), **how)


@quiet
def comparison(r: Chance) -> pv.Comparison:
    """Return estimates side by side, some with a truth."""
    kind = r.pick(share, counted, estimate)
    made = {name: r.of(kind) for name in r.some(("survey", "lists", "été", "<b>"), 1)}
    truth = dict.fromkeys(made, 0.2) if kind is share and r.yes() else None
    return pv.compare(made, truth=truth, side_by_side=True)
