"""What each result of the survey reference asks, as a call of ours.

Patterns of ``design/statistic`` lead to calls: `ESTIMATES` to those that give an estimate, `CASES`
to all others. Named groups of a pattern are the call's arguments, `d` the design.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import prevalence as pv
from prevalence.hadamard import hadamard
from tests.agreement import Within, agrees
from tests.reference import survey_designs as designs
from tests.reference.survey_answers import (
    ordered,
    told,
    told_model,
    told_parts,
    told_quantiles,
    told_share,
    told_test,
)

__all__ = ["fields"]

Fields = dict[str, Any]
SCHOOLS = r"(?P<d>srs|srs_wt|dstrat|dstrat_nofpc|dclus1|dclus1_nofpc|dclus2|dclus2wr)/"
CALIBRATED = r"(?P<d>c1_\w+)/"
REPLICATED = r"(?P<d>r1_\w+|rs_\w+)/"
CHILDREN = r"(?P<d>hhA|hhA_uc)/"
CHILDREN_REPLICATED = r"(?P<d>rh\w+)/"
AGES = {"12-14": 14_000.0, "15-17": 11_000.0, "5-11": 30_000.0}
COMPLIANT = "`comp.imp` == 'Yes'"

mean, total, ratio = pv.direct.mean, pv.direct.total, pv.direct.ratio
ESTIMATES: dict[str, Callable[[pv.Survey], pv.Estimate]] = {
    SCHOOLS + "mean": lambda d: mean(d, ["api00", "api99", "enroll"], missing="drop"),
    SCHOOLS + "mean_deff": lambda d: mean(d, ["api00", "ell", "meals"]),
    SCHOOLS + "total": lambda d: total(d, ["enroll", "api.stu"], missing="drop"),
    SCHOOLS + "total_deff": lambda d: total(d, "api.stu"),
    SCHOOLS + "mean_factor": lambda d: pv.direct.proportions(d, "stype"),
    SCHOOLS + "total_factor": lambda d: pv.direct.counts(d, "sch.wide"),
    SCHOOLS + "ratio": lambda d: ratio(d, "api.stu", "enroll", missing="drop"),
    SCHOOLS + "ratio_deff": lambda d: ratio(d, "api00", "api99"),
    SCHOOLS + "var": lambda d: pv.direct.variance(d, ["api00", "api99"], interval="wald"),
    SCHOOLS + "by_mean": lambda d: mean(d, ["api00", "ell"], by="stype"),
    SCHOOLS + "by_total": lambda d: total(d, "api.stu", by=["stype", "sch.wide"]),
    SCHOOLS + "by_ratio": lambda d: ratio(d, "api.stu", "enroll", by="stype", missing="drop"),
    SCHOOLS + "domain_mean": lambda d: mean(d, "api00", where=COMPLIANT + " and stype != 'H'"),
    SCHOOLS + "domain_total": lambda d: total(d, "api.stu", where=COMPLIANT),
    CALIBRATED + "mean": lambda d: mean(d, ["api00", "ell"]),
    CALIBRATED + "total": lambda d: total(d, ["enroll", "api.stu"]),
    CALIBRATED + "ratio": lambda d: ratio(d, "api.stu", "enroll"),
    CALIBRATED + "by": lambda d: mean(d, "api00", by="stype"),
    "(?P<d>c2_lin)/mean": lambda d: mean(d, "api00"),
    "(?P<d>c2_lin)/total": lambda d: total(d, ["api.stu", "ell"], missing="drop"),
    "(?P<d>s_ps)/mean": lambda d: mean(d, ["api00", "ell"]),
    "(?P<d>s_ps)/total": lambda d: total(d, "enroll", missing="drop"),
    REPLICATED + "mean": lambda d: mean(d, ["api00", "ell"]),
    REPLICATED + "total": lambda d: total(d, "api.stu"),
    REPLICATED + "ratio": lambda d: ratio(d, "api00", "api99"),
    REPLICATED + "by": lambda d: mean(d, "api00", by="stype"),
    REPLICATED + "var": lambda d: pv.direct.variance(d, "api00", interval="wald"),
    CHILDREN + "mean": lambda d: mean(d, ["cl", "fcl", "ct", "hours"]),
    CHILDREN + "total": lambda d: total(d, ["cl", "fcl", "ct", "hours"]),
    CHILDREN + "mean_na": lambda d: mean(d, "income", missing="drop"),
    CHILDREN + "ratio_hours": lambda d: ratio(d, "hours", "cl"),
    CHILDREN + "by_region": lambda d: mean(d, ["cl", "fcl", "ct"], by="region"),
    CHILDREN + "by_agesex_total": lambda d: total(d, "fcl", by=["agegrp", "sex"]),
    CHILDREN_REPLICATED + "mean": lambda d: mean(d, ["cl", "fcl", "ct", "hours"]),
    CHILDREN_REPLICATED + "total": lambda d: total(d, ["cl", "fcl", "hours"]),
    CHILDREN_REPLICATED + "ratio": lambda d: ratio(d, "hours", "cl"),
    CHILDREN_REPLICATED + "by": lambda d: mean(d, ["cl", "fcl"], by="region"),
}
STEPS = Within("factors of cells, each a quotient of sums", 1e-12)
CASES: list[tuple[str, Callable[..., Fields]]] = []


def fields(path: Path, key: str) -> Fields:
    """Return our answer to one result of the reference."""
    value = designs.results(path)[key]["value"]
    for pattern, estimate in ESTIMATES.items():
        if found := re.fullmatch(pattern, key):
            return told(estimate(designs.survey(path, found["d"])), value)
    for pattern, case in CASES:
        if found := re.fullmatch(pattern, key):
            parts = {name: part for name, part in found.groupdict().items() if part is not None}
            name = parts.pop("d", None)
            return case(path if name is None else designs.survey(path, name), value, **parts)
    raise KeyError(key)


def case(pattern: str) -> Callable[[Callable[..., Fields]], Callable[..., Fields]]:
    """Register a function of (survey or path, value of the reference, groups of the pattern)."""

    def keep(function: Callable[..., Fields]) -> Callable[..., Fields]:
        CASES.append((pattern, function))
        return function

    return keep


# ------------------------------------------------------------------ several estimates, influence
@case(SCHOOLS + "mean_deff_replace")
def _with_replacement(d: pv.Survey, value: Any) -> Fields:
    """R's deff="replace" divides by the variance of a sample drawn with replacement."""
    found = told(mean(d, ["api00", "ell", "meals"]), value)
    return {**found, "deff": found["deff"] * (1 - len(d) / d.final_weights.sum())}


@case(SCHOOLS + "by_prop")
def _shares_by_domain(d: pv.Survey, value: Any) -> Fields:
    """R's design effects are those of the indicators' means; ours of shares hold at few cases."""
    means = mean(d, ["narrow", "wide"], by="stype")
    found = told(pv.direct.proportions(d, "sch.wide", by="stype"), value)
    return {**found, "deff": ordered(means, value["keys"]).facts["deff"]}


@case(SCHOOLS + "ratio_multi")
def _ratios(d: pv.Survey, value: Any) -> Fields:
    return told_parts([ratio(d, ["api00", "meals"], x) for x in ("api99", "ell")], value)


@case(SCHOOLS + "contrast_lin")
def _linear_contrasts(d: pv.Survey, value: Any) -> Fields:
    x, y = (mean(d, ["api00", "api99"])[k] for k in range(2))
    return told_parts([x - y, (x + y) / 2], value)


@case(SCHOOLS + "contrast_nonlin")
def _curved_contrasts(d: pv.Survey, value: Any) -> Fields:
    x, y = (total(d, ["api00", "api99"])[k] for k in range(2))
    return told_parts([np.log(x / y), np.sqrt(x * y)], value)


@case("(?P<d>r1_jk1)/contrast")
def _replicated_contrast(d: pv.Survey, value: Any) -> Fields:
    x, y = (mean(d, ["api00", "api99"])[k] for k in range(2))
    return told(np.log(x / y), value)


@case("(?P<d>r1_jk1)/withReplicates")
def _any_function(d: pv.Survey, value: Any) -> Fields:
    y, x = (d.table.numeric(name, "outcome") for name in ("api00", "enroll"))
    return told(d.estimate(lambda w: ((y * x) @ w) / (x @ w)), value)


@case(SCHOOLS + "influence_mean")
def _influence(d: pv.Survey, value: Any) -> Fields:
    del value
    y, ones = d.table.numeric("api00", "outcome"), np.ones(len(d))
    return {"array": d.influence(lambda w: (y @ w) / (ones @ w))}


# ------------------------------------------------------------------ quantiles and shares
@case(SCHOOLS + r"quantile_(?P<interval>\w+)")
def _quantile_intervals(d: pv.Survey, value: Any, interval: str) -> Fields:
    del value
    rule = {"xlogit": "logit", "asin": "arcsine"}.get(interval, interval)
    return told_quantiles(d, "api00", [0.1, 0.25, 0.5, 0.75, 0.9], interval=rule)


@case(SCHOOLS + r"qrule_(?P<rule>\w+)")
def _quantile_rules(d: pv.Survey, value: Any, rule: str) -> Fields:
    """The reference keeps the first three of five quantiles, under the names of limits."""
    del value
    e = pv.direct.quantile(d, "ell", [0.05, 0.25, 0.5], rule=rule)
    return {"quantile": e.value[:1], "ci_low": e.value[1:2], "ci_high": e.value[2:], "df": e.df}


@case(r"(?P<d>c1_\w+|r1_\w+|rs_\w+)/quantile")
def _quartiles(d: pv.Survey, value: Any) -> Fields:
    del value
    return told_quantiles(d, "api00", [0.25, 0.5, 0.75])


@case(r"(?P<d>rh\w+|hhA|hhA_uc)/quantile(?:_income)?")
def _incomes(d: pv.Survey, value: Any) -> Fields:
    return told_quantiles(d, "income", value["by_variable"]["income"]["probs"], missing="drop")


@case(CHILDREN + "median_hours_workers")
def _hours(d: pv.Survey, value: Any) -> Fields:
    del value
    return told_quantiles(d, "hours", [0.5], where="cl == 1")


@case(r"(?P<d>(?!hh|rh)\w+)/ciprop_(?P<rare>rare_)?(?P<method>[a-z]+)")
def _school_shares(d: pv.Survey, value: Any, method: str, rare: str = "") -> Fields:
    del value
    return told_share(d, "rare" if rare else "improved", method)


@case(CHILDREN + r"ciprop_(?P<outcome>cl|fcl|ct)(?:_(?P<region>R\d))?_(?P<method>[a-z]+)")
def _child_shares(
    d: pv.Survey, value: Any, outcome: str, method: str, region: str | None = None
) -> Fields:
    del value
    return told_share(d, outcome, method, f"region == '{region}'" if region else None)


@case(CHILDREN_REPLICATED + r"ciprop_(?P<method>[a-z]+)")
def _replicated_shares(d: pv.Survey, value: Any, method: str) -> Fields:
    del value
    return told_share(d, "fcl", method)


# ------------------------------------------------------------------ models and tests
MODELS: dict[str, tuple[str, list[str], str]] = {
    "glm_gauss": ("api00", ["ell", "meals", "mobility"], "gaussian"),
    "glm_logit": ("wide", ["ell", "meals", "mobility"], "binomial"),
    "glm_poisson": ("ell", ["meals", "stype"], "poisson"),
    "glm_cl": ("cl", ["sex", "agegrp", "urban"], "binomial"),
    "glm": ("api00", ["ell", "meals"], "gaussian"),
}


@case(REPLICATED + "glm_logit")
def _replicated_model(d: pv.Survey, value: Any) -> Fields:
    del value
    return told_model(d, "wide", ["ell", "meals"], "binomial")


@case(r"(?P<d>\w+)/(?P<name>glm|glm_gauss|glm_logit|glm_poisson|glm_cl)")
def _models(d: pv.Survey, value: Any, name: str) -> Fields:
    del value
    return told_model(d, *MODELS[name])


@case(SCHOOLS + "glm_term")
def _term(d: pv.Survey, value: Any) -> Fields:
    del value
    e = pv.direct.regression(d, "api00", ["ell", "meals", "stype"])
    test = pv.direct.wald_test(e, "stype")
    return {"statistic": test.statistic, "df": test.df, "ddf": test.ddf, "p_value": test.p_value}


@case(SCHOOLS + "ttest")
def _difference(d: pv.Survey, value: Any) -> Fields:
    del value
    test = pv.direct.t_test(d, "api00", "comp.imp")
    assert test.estimate is not None
    return {
        "statistic": test.statistic,
        "parameter": test.df,
        "p_value": test.p_value,
        "estimate": test.estimate.value,
        "conf_int": test.estimate.interval()[0],
    }


@case(r"(?P<d>(?!hh)\w+)/chisq(?:_(?P<statistic>\w+))?")
def _tables_of_schools(d: pv.Survey, value: Any, statistic: str = "F") -> Fields:
    del value
    return told_test(d, "sch.wide", "stype", statistic)


@case(CHILDREN + "chisq")
def _table_of_children(d: pv.Survey, value: Any) -> Fields:
    del value
    return told_test(d, "cl", "agegrp", "F")


# ------------------------------------------------------------------ single units, weights
@case(r"hhL/lonely_(?P<rule>\w+)_svy(?P<statistic>mean|total|by)")
def _lonely(path: Path, value: Any, rule: str, statistic: str) -> Fields:
    rows, single = designs.frame(path, "hh"), "error" if rule == "fail" else rule
    d = pv.Survey(rows, single_psu=single, **designs.ULTIMATE)
    if statistic == "by":
        return told(mean(d, "cl", by="sex"), value)
    return told((mean if statistic == "mean" else total)(d, ["cl", "hours"]), value)


@case(r"hhA_uc/domain_lonely_(?P<rule>\w+)_(?P<adjusted>TRUE|FALSE)")
def _lonely_in_a_domain(path: Path, value: Any, rule: str, adjusted: str) -> Fields:
    """Units without a member of the domain stay as zeros: R with adjust.domain.lonely FALSE."""
    del adjusted
    rows = designs.households(path)
    first = rows.loc[rows["stratum"] == "E", "psu"].min()
    d = pv.Survey(rows, single_psu=rule, **designs.ULTIMATE)
    return told(mean(d, "cl", where=f"stratum != 'E' or psu == {first}"), value)


@case(r"(?P<d>\w+)/weights")
def _weights(d: pv.Survey, value: Any) -> Fields:
    del value
    return {"array": d.final_weights}


@case("cascade")
def _cascade(path: Path, value: Any) -> Fields:
    """Answer with what the reference tells of its weights, once ours agree with them row by row."""
    del value
    d, stored = designs.survey(path, "hhA"), designs.cascade(path)
    cells = ["region", "sex"]
    known = d.eligibility("known", within=cells)
    answered = known.nonresponse("answered", within=cells, eligible="eligible")
    final = answered.poststratify("agegrp", AGES, where="answered == 1")
    taken = d.nonresponse("answered", within=cells, eligible="perhaps")
    w = final.final_weights * (stored["poststratified"].to_numpy() > 0)  # others keep theirs
    weights = {
        "base": d.final_weights,
        "after_unknown": known.final_weights,
        "after_nonresponse": answered.final_weights,
        "poststratified": w,
    }
    sums = [column.sum() for column in weights.values()]
    weights["after_nonresponse_unknown_as_eligible"] = taken.final_weights
    for name, column in weights.items():
        agrees(column, stored[name], STEPS, case=("survey/cascade_hhA.csv", name))
    return {
        "kish_deff_base": final.weight_flow()["kish_deff"].iloc[0],
        "kish_deff_final": np.count_nonzero(w) * (w**2).sum() / w.sum() ** 2,
        "sums": sums,
    }


@case(r"(?:hadamard|paley)_(?P<order>\d+)")
def _signs(path: Path, value: Any, order: str) -> Fields:
    del path, value
    return {"array": (hadamard(int(order)) + 1) / 2}
