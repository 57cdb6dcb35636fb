"""What each result of the survey reference asks, as a call of ours.

`fields` finds the case of a key by its pattern and returns arrays named as in the reference:
estimate, se, vcov, df, deff, cv, ci_t, and what quantiles, tests and models have of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prevalence.hadamard import hadamard

import prevalence as pv
from tests.reference import survey_designs as designs

__all__ = ["case_of", "fields"]

Array = NDArray[Any]
Fields = dict[str, Any]
Case = Callable[..., Fields]
CASES: list[tuple[re.Pattern[str], Case]] = []
RULES = {
    "logit": "logit",
    "xlogit": "logit",
    "likelihood": "likelihood",
    "asin": "arcsine",
    "beta": "beta",
    "mean": "wald",
    "wilson": "wilson",
}
CHI_SQUARE = {"Chisq": "chi-square", "Wald": "wald", "adjWald": "adjusted-wald"}
AGES = {"12-14": 14_000.0, "15-17": 11_000.0, "5-11": 30_000.0}
API_Q, RULE_Q = [0.1, 0.25, 0.5, 0.75, 0.9], [0.05, 0.25, 0.5]


def case(pattern: str) -> Callable[[Case], Case]:
    """Register a function of (survey, value of the reference, groups of the pattern)."""

    def keep(function: Case) -> Case:
        CASES.append((re.compile(pattern), function))
        return function

    return keep


def case_of(key: str) -> tuple[Case, dict[str, str]] | None:
    """Return the function for a key, with the named parts of the key that it takes."""
    for pattern, function in CASES:
        found = pattern.fullmatch(key)
        if found:
            return function, {k: v for k, v in found.groupdict().items() if v is not None}
    return None


def fields(path: Path, key: str) -> Fields:
    """Return our answer to one result of the reference."""
    found = case_of(key)
    if found is None:
        raise NotImplementedError(key)
    value = designs.results(path)[key]["value"]
    parts = dict(found[1])
    name = parts.pop("d", None)
    return found[0](path if name is None else designs.survey(path, name), value, **parts)


# ------------------------------------------------------------------ from an estimate to arrays
def _told(e: pv.Estimate, value: Mapping[str, Any], *, deff: bool = True) -> Fields:
    """Return what an estimate tells, in the reference's order of domains."""
    e = _ordered(e, value["keys"]) if "keys" in value else e
    out: Fields = {"estimate": e.value, "se": e.std_error, "vcov": e.covariance}
    out["cv"] = e.to_frame()["cv"].to_numpy()
    if "keys" not in value or (e.df == value["df"]).all():
        out |= {"df": e.df, "ci_t": e.interval()}
    if deff and "deff" in e.facts:
        out["deff"] = e.facts["deff"]
    return out


def _ordered(e: pv.Estimate, keys: Mapping[str, Any]) -> pv.Estimate:
    wanted = list(
        zip(*(np.atleast_1d(column).astype(str) for column in keys.values()), strict=True)
    )
    place = {(o, *label): k for k, (o, label) in enumerate(zip(e.outcomes, e.labels, strict=True))}
    names = dict.fromkeys(e.outcomes)
    return e.take(np.array([place[(name, *label)] for name in names for label in wanted]))


def _joint(parts: Sequence[pv.Estimate]) -> Fields:
    """Return several estimates of one survey with their joint covariance, from their columns."""
    columns = [next(iter(e.columns.values())) for e in parts]
    stacked = np.concatenate([c for c, _ in columns])
    value = np.concatenate([e.value for e in parts])
    se = np.concatenate([e.std_error for e in parts])
    return {
        "estimate": value,
        "se": se,
        "vcov": (stacked * columns[0][1]) @ stacked.T,
        "cv": se / np.abs(value),
        "df": np.concatenate([e.df for e in parts]),
    }


# ------------------------------------------------------------------ means, totals, ratios
MEANS = {
    "mean": ["api00", "api99", "enroll"],
    "mean_deff": ["api00", "ell", "meals"],
    "total": ["enroll", "api.stu"],
    "total_deff": ["api.stu"],
}
API = r"srs|srs_wt|dstrat|dstrat_nofpc|dclus1|dclus1_nofpc|dclus2|dclus2wr"
LINEAR = rf"(?P<d>{API})"
CALIBRATED = r"(?P<d>c1_\w+)"
SCHOOLS = r"(?P<d>r1_\w+|rs_\w+)"
HOUSEHOLDS = r"(?P<d>hhA|hhA_uc)"
REPLICATED = r"(?P<d>rh\w+)"


@case(LINEAR + r"/(?P<statistic>mean|mean_deff|total|total_deff)")
def _schools(d: pv.Survey, value: Any, statistic: str) -> Fields:
    function = pv.direct.mean if statistic.startswith("mean") else pv.direct.total
    return _told(function(d, MEANS[statistic], missing="drop"), value)


@case(LINEAR + "/mean_deff_replace")
def _with_replacement(d: pv.Survey, value: Any) -> Fields:
    """R's deff="replace" divides by the variance of a sample drawn with replacement."""
    told = _told(pv.direct.mean(d, MEANS["mean_deff"]), value)
    told["deff"] = told["deff"] * (1 - len(d) / d.final_weights.sum())
    return told


@case(LINEAR + r"/mean_factor")
def _shares(d: pv.Survey, value: Any) -> Fields:
    return _without_limits(pv.direct.proportions(d, "stype"), value)


@case(LINEAR + r"/total_factor")
def _counts(d: pv.Survey, value: Any) -> Fields:
    return _without_limits(pv.direct.counts(d, "sch.wide"), value)


@case(LINEAR + r"/by_prop")
def _shares_by_domain(d: pv.Survey, value: Any) -> Fields:
    """The design effects of R are those of the indicators' means, not of limits at few cases."""
    told = _without_limits(pv.direct.proportions(d, "sch.wide", by="stype"), value)
    means = pv.direct.mean(d, ["narrow", "wide"], by="stype")
    return {**told, "deff": _ordered(means, value["keys"]).facts["deff"]}


def _without_limits(e: pv.Estimate, value: Any) -> Fields:
    told = _told(e, value, deff=False)
    return {name: item for name, item in told.items() if name != "ci_t"}


@case(LINEAR + r"/ratio")
def _ratio(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "api.stu", "enroll", missing="drop"), value)


@case(LINEAR + r"/ratio_deff")
def _ratio_again(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "api00", "api99"), value, deff=False)


@case(LINEAR + r"/ratio_multi")
def _ratios(d: pv.Survey, value: Any) -> Fields:
    del value
    parts = [pv.direct.ratio(d, ["api00", "meals"], below) for below in ("api99", "ell")]
    return {**_joint(parts), "ci_t": np.concatenate([e.interval() for e in parts])}


@case(LINEAR + r"/var")
def _variances(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.variance(d, ["api00", "api99"]), value)


@case(LINEAR + r"/by_mean")
def _means_by_domain(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, ["api00", "ell"], by="stype"), value)


@case(LINEAR + r"/by_total")
def _totals_by_domain(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, "api.stu", by=["stype", "sch.wide"]), value)


@case(LINEAR + r"/by_ratio")
def _ratios_by_domain(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "api.stu", "enroll", by="stype", missing="drop"), value)


@case(LINEAR + r"/domain_mean")
def _mean_of_a_domain(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, "api00", where="`comp.imp` == 'Yes' and stype != 'H'"), value)


@case(LINEAR + r"/domain_total")
def _total_of_a_domain(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, "api.stu", where="`comp.imp` == 'Yes'"), value)


@case(LINEAR + r"/contrast_lin")
def _linear_contrasts(d: pv.Survey, value: Any) -> Fields:
    del value
    x, y = (pv.direct.mean(d, ["api00", "api99"])[k] for k in range(2))
    parts = [x - y, 0.5 * x + 0.5 * y]
    return {**_joint(parts), "ci_t": np.concatenate([e.interval() for e in parts])}


@case(LINEAR + r"/contrast_nonlin")
def _curved_contrasts(d: pv.Survey, value: Any) -> Fields:
    del value
    x, y = (pv.direct.total(d, ["api00", "api99"])[k] for k in range(2))
    return _joint([np.log(x / y), np.sqrt(x * y)])


@case(LINEAR + r"/influence_mean")
def _influence(d: pv.Survey, value: Any) -> Fields:
    del value
    y = d.table.numeric("api00", "outcome")
    ones = np.ones(len(d))
    return {"array": d.influence(lambda w: (y @ w) / (ones @ w))}


# ------------------------------------------------------------------ quantiles
def _quantiles(d: pv.Survey, outcome: str, q: Sequence[float], **how: Any) -> Fields:
    e = pv.direct.quantile(d, outcome, list(q), **how)
    limits = e.interval()
    return {
        "probs": np.array(q),
        "quantile": e.value,
        "ci_low": limits[:, 0],
        "ci_high": limits[:, 1],
        "se": e.std_error,
        "df": e.df,
    }


@case(LINEAR + r"/quantile_(?P<interval>\w+)")
def _quantile_intervals(d: pv.Survey, value: Any, interval: str) -> Fields:
    del value
    names = {"xlogit": "logit", "asin": "arcsine"}
    return _quantiles(d, "api00", API_Q, interval=names.get(interval, interval))


@case(LINEAR + r"/qrule_(?P<rule>\w+)")
def _quantile_rules(d: pv.Survey, value: Any, rule: str) -> Fields:
    """The reference keeps the first three of five quantiles, under the names of limits."""
    del value
    e = pv.direct.quantile(d, "ell", RULE_Q, rule=rule)
    return {"quantile": e.value[:1], "ci_low": e.value[1:2], "ci_high": e.value[2:], "df": e.df}


@case(r"(?P<d>c1_\w+|r1_\w+|rs_\w+)/quantile")
def _quartiles(d: pv.Survey, value: Any) -> Fields:
    del value
    return _quantiles(d, "api00", [0.25, 0.5, 0.75])


@case(REPLICATED + r"/quantile")
def _incomes_replicated(d: pv.Survey, value: Any) -> Fields:
    del value
    return _quantiles(d, "income", [0.5, 0.9], missing="drop")


@case(HOUSEHOLDS + r"/quantile_income")
def _incomes(d: pv.Survey, value: Any) -> Fields:
    del value
    return _quantiles(d, "income", [0.25, 0.5, 0.9], missing="drop")


@case(HOUSEHOLDS + r"/median_hours_workers")
def _hours(d: pv.Survey, value: Any) -> Fields:
    del value
    return _quantiles(d, "hours", [0.5], where="cl == 1")


# ------------------------------------------------------------------ intervals of proportions
def _proportion(d: pv.Survey, outcome: str, method: str, where: str | None = None) -> Fields:
    e = pv.direct.prevalence(d, outcome, interval=RULES[method], where=where)
    return {"estimate": e.value, "se": e.std_error, "ci": e.interval()[0], "df": e.df}


@case(rf"(?P<d>{API}|c1_\w+|r1_\w+|rs_\w+)/ciprop_(?P<rare>rare_)?(?P<method>[a-z]+)")
def _school_shares(d: pv.Survey, value: Any, method: str, rare: str = "") -> Fields:
    del value
    outcome = "rare" if rare else "improved"
    if method == "logit" and d.scheme is not None:
        return _logit_of_every_replicate(d, outcome)
    return _proportion(d, outcome, method)


@case(HOUSEHOLDS + r"/ciprop_(?P<outcome>cl|fcl|ct)(?:_(?P<region>R\d))?_(?P<method>[a-z]+)")
def _child_shares(
    d: pv.Survey, value: Any, outcome: str, method: str, region: str | None = None
) -> Fields:
    del value
    return _proportion(d, outcome, method, f"region == '{region}'" if region else None)


@case(REPLICATED + r"/ciprop_(?P<method>[a-z]+)")
def _replicated_shares(d: pv.Survey, value: Any, method: str) -> Fields:
    del value
    if method == "logit":
        return _logit_of_every_replicate(d, "fcl")
    return _proportion(d, "fcl", method)


def _logit_of_every_replicate(d: pv.Survey, outcome: str) -> Fields:
    """R's "logit" fits a model to every replicate, which is not the logit of the replicates' share."""
    y, ones = d.table.numeric(outcome, "outcome"), np.ones(len(d))
    e = d.estimate(lambda w: np.log((y @ w) / ((ones - y) @ w)))
    limits = 1 / (1 + np.exp(-e.interval()[0]))
    return {**_proportion(d, outcome, "logit"), "ci": limits}


# ------------------------------------------------------------------ models and tests
MODELS: dict[str, tuple[str, list[str], str]] = {
    "glm_gauss": ("api00", ["ell", "meals", "mobility"], "gaussian"),
    "glm_logit": ("wide", ["ell", "meals", "mobility"], "binomial"),
    "glm_poisson": ("ell", ["meals", "stype"], "poisson"),
    "glm_cl": ("cl", ["sex", "agegrp", "urban"], "binomial"),
    "glm": ("api00", ["ell", "meals"], "gaussian"),
    "replicated": ("wide", ["ell", "meals"], "binomial"),
}


def _model(d: pv.Survey, name: str) -> Fields:
    outcome, predictors, family = MODELS[name]
    e = pv.direct.regression(d, outcome, predictors, family=family)
    tests = [pv.direct.wald_test(e, rows=[k]) for k in range(len(e))]
    return {
        "estimate": e.value,
        "se": e.std_error,
        "vcov": e.covariance,
        "t": e.value / e.std_error,
        "p": np.array([t.p_value for t in tests]),
        "df_residual": e.df,
        "ci_t": e.interval(),
    }


@case(rf"(?P<d>{API}|hhA|hhA_uc|c1_\w+)/(?P<name>glm|glm_gauss|glm_logit|glm_poisson|glm_cl)")
def _models(d: pv.Survey, value: Any, name: str) -> Fields:
    del value
    return _model(d, name)


@case(SCHOOLS + r"/glm_logit")
def _replicated_model(d: pv.Survey, value: Any) -> Fields:
    del value
    return _model(d, "replicated")


@case(LINEAR + r"/glm_term")
def _term(d: pv.Survey, value: Any) -> Fields:
    del value
    e = pv.direct.regression(d, "api00", ["ell", "meals", "stype"])
    test = pv.direct.wald_test(e, rows=[3, 4])
    return {"statistic": test.statistic, "df": test.df, "ddf": test.ddf, "p_value": test.p_value}


@case(LINEAR + r"/ttest")
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


def _independence(d: pv.Survey, row: str, column: str, statistic: str) -> Fields:
    test = pv.direct.chi_square(d, row, column, statistic=CHI_SQUARE.get(statistic, statistic))
    parameter = {"Chisq": [test.df], "lincom": [], "saddlepoint": []}
    return {
        "statistic": test.statistic,
        "parameter": parameter.get(statistic, [test.df, test.ddf]),
        "p_value": test.p_value,
    }


@case(LINEAR + r"/chisq_(?P<statistic>\w+)")
def _chi_square(d: pv.Survey, value: Any, statistic: str) -> Fields:
    del value
    return _independence(d, "sch.wide", "stype", statistic)


@case(SCHOOLS + r"/chisq")
def _chi_square_replicated(d: pv.Survey, value: Any) -> Fields:
    del value
    return _independence(d, "sch.wide", "stype", "F")


@case(HOUSEHOLDS + r"/chisq")
def _chi_square_children(d: pv.Survey, value: Any) -> Fields:
    del value
    return _independence(d, "cl", "agegrp", "F")


# ------------------------------------------------------------------ two stages, lonely units
@case(HOUSEHOLDS + r"/(?P<statistic>mean|total)")
def _children(d: pv.Survey, value: Any, statistic: str) -> Fields:
    function = getattr(pv.direct, statistic)
    return _told(function(d, ["cl", "fcl", "ct", "hours"]), value)


@case(HOUSEHOLDS + r"/mean_na")
def _income(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, "income", missing="drop"), value)


@case(r"(?P<d>hhA|hhA_uc|rh\w+)/ratio(?:_hours)?")
def _hours_per_worker(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "hours", "cl"), value)


@case(HOUSEHOLDS + r"/by_region")
def _regions(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, ["cl", "fcl", "ct"], by="region"), value)


@case(HOUSEHOLDS + r"/by_agesex_total")
def _ages(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, "fcl", by=["agegrp", "sex"]), value)


@case(r"hhL/lonely_(?P<rule>\w+)_svy(?P<statistic>mean|total|by)")
def _lonely(path: Path, value: Any, rule: str, statistic: str) -> Fields:
    d = pv.Survey(
        designs.frame(path, "hh"),
        **designs.ULTIMATE,
        single_psu="error" if rule == "fail" else rule,
    )
    if statistic == "by":
        return _told(pv.direct.mean(d, "cl", by="sex"), value)
    return _told(getattr(pv.direct, statistic)(d, ["cl", "hours"]), value)


@case(r"hhA_uc/domain_lonely_(?P<rule>\w+)_(?P<adjusted>TRUE|FALSE)")
def _lonely_in_a_domain(path: Path, value: Any, rule: str, adjusted: str) -> Fields:
    """Units without a member of the domain stay as zeros: R with adjust.domain.lonely FALSE."""
    del adjusted
    rows = designs.households(path)
    first = rows.loc[rows["stratum"] == "E", "psu"].min()
    d = pv.Survey(rows, **designs.ULTIMATE, single_psu=rule)
    return _told(pv.direct.mean(d, "cl", where=f"stratum != 'E' or psu == {first}"), value)


# ------------------------------------------------------------------ calibrated and replicated
@case(r"(?P<d>c1_\w+|c2_lin|s_ps)/weights")
def _weights(d: pv.Survey, value: Any) -> Fields:
    del value
    return {"array": d.final_weights}


@case(CALIBRATED + r"/total")
def _calibrated_totals(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, ["enroll", "api.stu"]), value)


@case(r"(?P<d>c1_\w+|s_ps|r1_\w+|rs_\w+)/mean")
def _two_means(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, ["api00", "ell"]), value)


@case(CALIBRATED + r"/ratio")
def _calibrated_ratio(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "api.stu", "enroll"), value)


@case(r"(?P<d>c1_\w+|r1_\w+|rs_\w+)/by")
def _mean_by_type(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, "api00", by="stype"), value)


@case(r"(?P<d>c2_lin)/(?P<statistic>mean|total)")
def _two_stage_calibrated(d: pv.Survey, value: Any, statistic: str) -> Fields:
    if statistic == "mean":
        return _told(pv.direct.mean(d, "api00"), value)
    return _told(pv.direct.total(d, ["api.stu", "ell"], missing="drop"), value)


@case(r"(?P<d>s_ps)/total")
def _poststratified_total(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, "enroll", missing="drop"), value)


@case(SCHOOLS + r"/total")
def _replicated_total(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.total(d, "api.stu"), value)


@case(SCHOOLS + r"/ratio")
def _replicated_ratio(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.ratio(d, "api00", "api99"), value)


@case(SCHOOLS + r"/var")
def _replicated_variance(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.variance(d, "api00"), value)


@case(REPLICATED + r"/(?P<statistic>mean|total)")
def _replicated_children(d: pv.Survey, value: Any, statistic: str) -> Fields:
    outcomes = {"mean": ["cl", "fcl", "ct", "hours"], "total": ["cl", "fcl", "hours"]}
    return _told(getattr(pv.direct, statistic)(d, outcomes[statistic]), value)


@case(REPLICATED + r"/by")
def _replicated_regions(d: pv.Survey, value: Any) -> Fields:
    return _told(pv.direct.mean(d, ["cl", "fcl"], by="region"), value)


@case(r"(?P<d>r1_jk1)/withReplicates")
def _any_function(d: pv.Survey, value: Any) -> Fields:
    y, x = (d.table.numeric(name, "outcome") for name in ("api00", "enroll"))
    return _told(d.estimate(lambda w: ((y * x) @ w) / (x @ w)), value)


@case(r"(?P<d>r1_jk1)/contrast")
def _replicated_contrast(d: pv.Survey, value: Any) -> Fields:
    del value
    mean = pv.direct.mean(d, ["api00", "api99"])
    return _joint([np.log(mean[0] / mean[1])])


# ------------------------------------------------------------------ matrices, the cascade
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
    made = {
        "base": d,
        "after_unknown": known,
        "after_nonresponse": answered,
        "after_nonresponse_unknown_as_eligible": taken,
        "poststratified": final,
    }
    weights = {name: step.final_weights for name, step in made.items()}
    weights["poststratified"] *= stored["poststratified"].to_numpy() > 0  # others keep theirs
    for name, w in weights.items():
        np.testing.assert_allclose(w, stored[name], rtol=1e-10, err_msg=name)
    w = weights["poststratified"]
    told = ("base", "after_unknown", "after_nonresponse", "poststratified")
    return {
        "kish_deff_base": final.weight_flow()["kish_deff"].iloc[0],
        "kish_deff_final": np.count_nonzero(w) * (w**2).sum() / w.sum() ** 2,
        "sums": [weights[name].sum() for name in told],
    }


@case("hadamard_8")
def _signs(path: Path, value: Any) -> Fields:
    del path, value
    return {"array": (hadamard(8) + 1) / 2}


@case("paley_12")
def _more_signs(path: Path, value: Any) -> Fields:
    del path, value
    return {"array": (hadamard(12) + 1) / 2}
