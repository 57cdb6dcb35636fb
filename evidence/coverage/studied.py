"""What each line of the older studies is an estimate by, and whether its cell breaks an assumption."""

from __future__ import annotations

from typing import Any

__all__ = [
    "list_kind",
    "network_kind",
    "network_name",
    "rare_kind",
    "sensitive_kind",
    "sensitive_name",
]

SELECTED = "after selection: an interval that takes the model chosen for the true one"
NETWORK = ("scale_up", "game_of_contacts", "degree_ratio", "generalized", "network_rates", "blend", "recall_adjusted")  # fmt: skip


# ---------------------------------------------------------------------- rare outcomes
def rare_kind(line: Any) -> str:
    """Tell whether a line of `rare-events-details.csv` has its assumptions."""
    if line["corner"] in (True, "True"):
        return "violation: the corners, hardly a case expected or 400 rows in each of ten clusters"
    if "half" in line["method"]:
        return "violation: half of the intraclass correlation borrowed"
    if line["p"] < 0.1:
        return "rare: few cases expected"
    if line["method"] == "auto, nothing given" and line["icc"] > 0.1:
        return "violation: a correlation of 0.2, twice what is taken where nothing is given"
    if line["design"] == "60 x 20, strata and weights":
        return "violation: clusters with the same weights in every sample, taken for drawn anew"
    return "rare: few effective cases in clusters that differ much" if line["icc"] > 0.1 else "yes"


# ---------------------------------------------------------------------- scale-up
def network_name(line: str) -> str:
    """Return the registered name of a line of `network-estimators.csv`, or nothing."""
    found = [name for name in NETWORK if line.startswith(name)]
    return f"nsum.{found[0]}" if found else ""


def network_kind(line: str) -> str:
    """Tell whether a line of `network-estimators.csv` has its assumptions."""
    for words, holds in (
        ("mean of ratios", "violation: mean of ratios of degrees that rest on ten ties"),
        ("kept back", "violation: the error of known sizes kept back"),
        ("0.3 (0.1 to 0.6), delta", "violation: the delta method with a rate known to 44 %"),
        ("times as many", "yes"),
        ("network_rates", "rare: 6 to 24 reports in a cell"),
        ("blend", "violation: a weight found from few primary units"),
        ("6 known groups", "violation: a line through few known groups"),
        ("10 known groups", "violation: a line through few known groups"),
        ("degree_ratio", "violation: few hidden respondents with weights of one over the degree"),
    ):
        if words in line:
            return holds
    return "yes"


# ---------------------------------------------------------------------- lists
def list_kind(cell: str, estimator: str, size: int) -> str:
    """Tell whether a line of `mse-coverage-details.csv` has its assumptions."""
    if estimator == "lower bound":
        return "bound: lower by design where visibility is unequal"
    if "not declared" in cell:
        return "violation: a referral is not declared"
    if estimator == "stepwise" and (cell == "independent" or cell.startswith("referral")):
        return SELECTED
    if cell == "independent":
        return "yes"
    if cell.startswith("visibility"):
        if estimator == "Mth, normal":
            return (
                "yes"
                if size > 2_000
                else "violation: too few recaptures to see how visibility differs"
            )
        return "violation: some are seen more easily"
    if cell.startswith("links"):
        return "yes" if estimator.startswith("linked") else "violation: records linked with errors"
    if "allegations" in cell:
        return "violation: entries that are no true case"
    return _referral(cell, estimator)


def _referral(cell: str, estimator: str) -> str:
    """Tell of the cells in which lists refer persons to each other."""
    if estimator == "independence":
        return "violation: lists that refer, taken for independent"
    if estimator == "forced":
        return "yes"
    if "taken as own" in estimator:
        return "violation: captures of unknown source taken as own"
    way = estimator.partition(",")[0]
    right = {"referral": "removed", "referral masks own captures": "censored"}.get(cell, "")
    right = "removed" if cell.startswith("referral, 30%") else right
    return (
        "yes"
        if way == right
        else "violation: sources recorded otherwise than the method takes them"
    )


# ---------------------------------------------------------------------- hidden answers
def sensitive_name(estimator: str) -> str:
    """Return the registered name of a line of `sensitive-coverage-details.csv`, or its words."""
    first = estimator.partition(",")[0]
    if first in ("list_difference", "double_list", "list_combined", "list_prevalence", "randomized_response"):  # fmt: skip
        return f"sensitive.{first}"
    if first in ("rogan_gladen", "validation_subsample"):
        return f"misclassification.{first}"
    if first in ("multiplicity", "neighbourhood"):
        return f"direct.{first}"
    return "combine_imputations" if "imput" in first else "direct.prevalence"


def sensitive_kind(line: Any) -> str:
    """Tell whether a line of `sensitive-coverage-details.csv` has its assumptions."""
    part, cell, estimator = line["part"], line["cell"], line["estimator"]
    if part == "breaks":
        right = "random_answers" in estimator or (
            cell.startswith("cases known") and estimator.startswith("multiplicity")
        )
        return "yes" if right else f"violation: {cell}"
    if part == "few units":
        return "violation: fewer than 30 primary units"
    for words, holds in (
        ("screened positive", "violation: screened positives taken for cases"),
        ("rates as known", "violation: validated rates taken as known"),
        ("model without", "violation: imputed by a model without the design or the predictor"),
        ("one imputation", "violation: one imputation taken as data"),
        ("those who answered", "violation: those who did not answer left out"),
    ):
        if words in estimator:
            return holds
    if estimator == "list_prevalence, ml" and cell != "binomial items":
        return "violation: items not answered as the likelihood has it"
    if (part, cell) in (("subsample", "3 %"), ("screen", "1 %, specificity 0.98 (200)")):
        return "rare: few cases among those examined"
    return "yes"


# ---------------------------------------------------------------------- whole studies
def study_kind(line: Any) -> str:
    """Tell whether a line of `studies.csv` has its assumptions."""
    if line["holds"] != "yes":
        return f"violation: {line['cell']}"
    if line["asked"].startswith("nothing"):
        return "violation: an interval that is not for few cases"
    return "rare: few cases expected" if line["asked"].startswith("at least") else "yes"
