"""Entries of `Survey`, of `direct` and of the functions that a `theta` is written with."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import designed, estimate, plain_survey, population, rate, survey
from evidence.fuzz.people import YES, framed, people, reports

from .shared import WHERE, call, domains, fields, holder, member


@holder("direct.Test")
def a_test(r: Chance) -> Any:
    made = r.of(survey)
    if r.yes():
        return pv.direct.t_test(made, "hours", "sex", missing="drop")
    return pv.direct.chi_square(made, "q1", "sex", missing="drop")


def new(r: Chance) -> Call:
    how: dict[str, Any] = r.pick(
        {"weights": "w", "strata": "region", "psu": "ea"},
        {"weights": "w", "psu": "ea", "nest": True},
        {
            "weights": "w",
            "strata": "region",
            "psu": "ea",
            "single_psu": r.pick("certainty", "adjust"),
        },
        {"stages": ["ea", "id"], "fpc": ["clusters", "people"]},
        {"weights": "w", "fpc": "people"},
        {"psu": "ea", "fpc": "p", "pps": r.pick("brewer", "overton", "poisson")},
        {"weights": "w", "missing": "complete", "source": "a study"},
    )
    return call(framed(r, people(r)), **how)


def selection(r: Chance) -> Call:
    how = r.maybe(
        segments="children", listed="children", selected="cases", strata="region", psu="ea"
    )
    return call(framed(r, people(r)), ea_probability="p", **how)


def venues(r: Chance) -> Call:
    how = r.maybe(strata="region", psu="ea")
    how |= r.pick({}, {"counted": "people", "intercepted": "children"})
    return call(framed(r, people(r)), probability="p", visits="children", **how)


def total(r: Chance, value: float) -> Any:
    return value if r.yes(0.7) else pv.uncertain(value, std_error=value / 20)


def margin(r: Chance, column: str) -> dict[Any, Any]:
    labels = {"sex": ("F", "M"), "half": ("x", "y"), "region": ("A", "B", "C", "D")}[column]
    return {label: total(r, r.pick(100.0, 1000.0)) for label in labels}


def rake(r: Chance) -> Call:
    margins = {name: margin(r, name) for name in r.some(("sex", "half", "region"))}
    how = r.maybe(0.25, on_fail="warn", residuals=r.pick("initial", "sweep"), where="age >= 8")
    return member(r.of(plain_survey), margins, rescale=r.yes(0.9), **how)


def poststratify(r: Chance) -> Call:
    name = r.pick("sex", "half", "region")
    how = r.maybe(0.25, partial=True, where="age >= 8")
    return member(r.of(plain_survey), name, margin(r, name), **how)


def calibrate(r: Chance) -> Call:
    made = r.of(plain_survey)
    n = float(made.final_weights.sum())
    totals = r.pick(
        {"age": 11 * n}, {"sex": {"F": n / 2, "M": n / 2}}, {"age": 11 * n, "hours": 10 * n}
    )
    how = r.maybe(
        0.3, distance=r.pick("linear", "raking", "sinh"), on_fail="warn", where="age >= 8"
    )
    if r.yes(0.2):
        how |= {"distance": "logit", "bounds": (0.2, 5.0)}
    return member(made, totals, **how, **r.maybe(0.1, constant="ea", residuals="initial"))


def trim(r: Chance) -> Call:
    made = r.of(survey)
    top = float(np.max(made.final_weights))
    how = r.pick(
        {"max_ratio": r.pick(3.0, 1.5)}, {"upper": top * 0.9}, {"lower": 0.5, "upper": top}
    )
    return member(made, **how, **r.maybe(0.2, strict=True, then="calibrate", residuals="initial"))


def nonresponse(r: Chance) -> Call:
    how = r.pick({"within": "sex"}, {"within": ["sex", "half"]}, {"propensity": ["age", "sex"]}, {})
    if r.yes(0.15):
        return member(r.of(plain_survey), None, within="sex", refusals={"F": 3, "M": 4})
    return member(r.of(plain_survey), "long", **how, **r.maybe(0.2, eligible="direct"))


def theta(r: Chance, n: int) -> Any:
    x, y = (r.rng.random(n) for _ in range(2))
    return r.pick(
        lambda w: (x @ w) / (y @ w),
        lambda w: np.log(x @ w),
        lambda w: x[:, None] @ w,
        lambda w: (x @ w) ** 0.5,
        lambda _: "no number",
        lambda _: np.nan,
        lambda _: None,
    )


def estimated(r: Chance) -> Call:
    made = r.of(survey)
    y = r.rng.random(made.n)
    good = r.pick(lambda w: (y @ w) / (np.ones_like(y) @ w), lambda w: (y @ w) / (y**2 @ w))
    how = r.maybe(0.3, unit=r.pick("mean", "ratio"), by="sex", where=r.pick(*WHERE), outcome="mine")
    return member(made, good if r.yes(0.8) else theta(r, made.n), **how)


def influenced(r: Chance) -> Call:
    made = estimated(r)
    keep = {name: value for name, value in made.keywords.items() if name in ("by", "where")}
    return Call(made.owned, made.args, keep)


def supplied(r: Chance) -> Call:
    how = r.maybe(
        0.3, combined=r.pick(True, False), mse=r.pick(True, False), df=2.0, rscales=[0.5, 0.5, 1.0]
    )
    return member(
        r.of(plain_survey), r.pick("rep", ["rep1", "rep2"]), scale=r.pick(1.0, 0.5), **how
    )


def exported(r: Chance) -> Call:
    return member(r.of(survey), r.path(".csv", ".dta"))


def attached(r: Chance) -> Call:
    made = r.of(survey)
    data = reports(r, made.n)
    if r.yes(0.3):
        return member(
            made, {**data, "eligible": np.full(len(data["id"]), 2.0)}, on="id", one="eligible"
        )
    return member(made, framed(r, data), on="id")


def replicated(r: Chance) -> Call:
    made = r.of(survey)
    if made.scheme is None:
        made = made.bootstrap(10, rng=1)
    return member(made, slice(0, r.whole(1, 9)))


def balanced(r: Chance) -> Call:
    data = people(r)
    n = len(data["w"])
    data["ea"], data["region"] = np.arange(n) * 8 // n, np.arange(n) * 4 // n
    return member(
        balanced_survey(data), **r.maybe(fay=r.pick(0.0, 0.3, 0.5), mse=r.pick(True, False))
    )


def balanced_survey(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="region", psu="ea")


def quantile(r: Chance) -> Call:
    rules = ("math", "school", "hf1", "hf2", "hf5", "hf7", "hf9", "shahvaish")
    how = r.maybe(
        0.3, rule=r.pick(*rules), interval=r.pick("mean", "score", "logit", "beta"), level=0.9
    )
    q = r.pick(0.5, 0.1, [0.25, 0.5, 0.75])
    return call(r.of(survey), r.pick("hours", "age", ["hours", "age"]), q, **how, **domains(r))


def standardised(r: Chance) -> Call:
    over = r.pick("sex", "half", ["sex", "half"])
    people_of: Any = {"F": 10.0, "M": 12.0} if over == "sex" else {"x": 5.0, "y": 9.0}
    if isinstance(over, list):
        people_of = {(a, b): 5.0 for a in "FM" for b in "xy"}
    how = {**domains(r), "by": r.pick((), "region")}
    return call(r.of(survey), r.pick("case", "hours"), over=over, population=people_of, **how)


def regressed(r: Chance) -> Call:
    outcome, family = r.pick(("hours", "gaussian"), ("q1", "binomial"), ("hidden", "poisson"))
    how = r.maybe(0.2, intercept=False, categorical="half", where=r.pick(*WHERE))
    predictors = r.pick("age", ["age", "sex"], ["sex", "half"], "age:sex", "half")
    return call(r.of(survey), outcome, predictors, family=family, missing="drop", **how)


def wald(r: Chance) -> Call:
    made = r.of(estimate)
    how = r.maybe(0.3, rows=r.pick([0], 0), null=r.pick(0.0, 0.1), adjusted=True)
    return call(made, **how)


def shares(r: Chance) -> Call:
    rules = ("auto", "logit", "wald", "korn-graubard", "wilson", "beta")
    how = r.maybe(0.25, interval=r.pick(*rules), deff=r.pick(1.5, "q1"), icc=0.05)
    if "deff" in how:
        how.pop("icc", None)
    return call(r.of(survey), r.pick(*YES, ["case", "q1"]), **how, **domains(r))


def reported(r: Chance) -> Call:
    made = r.of(survey)
    how = r.maybe(0.3, case="sick", identity="who", by="sex", where=r.pick(*WHERE))
    return call(made, framed(r, reports(r, made.n)), on="id", reporters="m", **how)


def solving(r: Chance) -> Call:
    k, n = r.whole(1, 3), r.whole(1, 4)
    matrix = r.rng.normal(size=(k, k, n)) + 3 * np.eye(k)[:, :, None]
    return call(matrix, r.rng.normal(size=(k, n)))


def rooted(r: Chance) -> Call:
    made = r.of(survey)
    n, kept = made.n, []
    y = r.rng.random(n)

    def asked(w: Any) -> Any:
        kept.append(w)
        return (y @ w) / (np.ones(n) @ w)

    made.estimate(asked)
    return call(kept[0], lambda b: y - b, lambda _: np.ones((1, 1, n)), np.zeros(1))


def of_column(*columns: Any) -> Any:
    return lambda r: call(r.of(survey), r.pick(*columns), **domains(r))


ENTRIES: dict[str, Any] = {
    "Survey": new,
    "Survey.from_selection": selection,
    "Survey.from_venues": venues,
    "Survey.attach": attached,
    "Survey.bootstrap": lambda r: member(
        r.of(survey), r.pick(2, 10, 30), rng=1, **r.maybe(kind=r.pick("rao-wu", "antal-tille", "preston"))
    ),
    "Survey.jackknife": lambda r: member(
        r.of(survey), rng=1, **r.maybe(groups=r.pick(4, 6), mse=False)
    ),
    "Survey.brr": balanced,
    "Survey.calibrate": calibrate,
    "Survey.classify": lambda r: member(
        r.of(survey), r.of(definition_of), **r.maybe(0.5, contradictions=r.pick("keep", "imply"))
    ),
    "Survey.describe": lambda r: member(
        r.of(survey), **r.maybe(0.5, outcome=r.label(), population="children", window="2023")
    ),
    "Survey.eligibility": lambda r: member(
        r.of(plain_survey), "long", **r.maybe(within=r.pick("sex", ["sex", "half"]))
    ),
    "Survey.estimate": estimated,
    "Survey.influence": influenced,
    "Survey.export_weights": exported,
    "Survey.nonresponse": nonresponse,
    "Survey.poststratify": poststratify,
    "Survey.rake": rake,
    "Survey.replicate_columns": replicated,
    "Survey.replicate_weights": supplied,
    "Survey.second_phase": lambda r: member(
        r.of(plain_survey), "long", **r.maybe(0.5, strata=r.pick("sex", ["sex"]))
    ),
    "Survey.trim": trim,
    "direct.Test": lambda r: call(**fields(r.of(a_test))),
    "direct.chi_square": lambda r: call(
        r.of(survey), r.pick("q1", "half"), r.pick("sex", "region"), missing="drop",
        **r.maybe(0.3, statistic=r.pick("F", "Chisq", "Wald", "adjWald", "lincom"), where=r.pick(*WHERE)),
    ),
    "direct.t_test": lambda r: call(
        r.of(survey), r.pick("hours", "case"), r.pick("sex", "half", "long"), missing="drop",
        **r.maybe(0.3, where=r.pick(*WHERE)),
    ),
    "direct.wald_test": wald,
    "direct.counts": of_column("region", "half", "case"),
    "direct.proportions": of_column("region", "half", "case"),
    "direct.mean": of_column("hours", "case", "age", ["hours", "age"]),
    "direct.total": of_column("hours", "case", ["case", "q1"]),
    "direct.variance": of_column("hours", "age"),
    "direct.ratio": lambda r: call(
        r.of(survey), r.pick("cases", "hours", ["cases", "hours"]), r.pick("children", "age"), **domains(r)
    ),
    "direct.prevalence": shares,
    "direct.quantile": quantile,
    "direct.standardised": standardised,
    "direct.regression": regressed,
    "direct.marginal_effects": regressed,
    "direct.multiplicity": reported,
    "direct.neighbourhood": lambda r: call(r.of(survey), "cases", "children", **domains(r)),
    "solve": solving,
    "root": rooted,
    "replicates_needed": lambda r: call(r.of(replicated_mean), **r.maybe(cv=r.pick(0.1, 0.01))),
    "uncertain": lambda r: call(0.6, **r.pick({"low": 0.5, "high": 0.8}, {"std_error": 0.1}),
        **r.maybe(kind=r.pick("normal", "lognormal", "beta"), level=0.9, name=r.label())),
    "validated": lambda r: call(correct=r.whole(0, 50), tested=r.whole(50, 90), **r.maybe(name=r.label())),
    "combine_imputations": lambda r: call(
        r.pick([pv.direct.mean(r.of(survey), "age", missing="drop") for _ in range(3)], [r.of(rate), r.of(population)]),
        **r.maybe(df=r.pick("rubin", "barnard-rubin"), name="age"),
    ),
}  # fmt: skip


def definition_of(r: Chance) -> Any:
    from evidence.fuzz.objects import definition

    return definition(r)


def replicated_mean(r: Chance) -> pv.Estimate:
    made = designed(r, people(r)).bootstrap(r.pick(20, 50), rng=1)
    return pv.direct.mean(made, "age", missing="drop")
