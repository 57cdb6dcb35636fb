"""Closed forms of sensitive questions and imperfect instruments: the sample and the calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

ROWS, STRATA, PSUS, DOMAINS, ITEMS, REPLICATES = 10_000, 100, 5, 50, 4, 1_000
IMPUTATIONS = 5
WARNER, FORCED, KUK = 0.7, (0.1, 0.15), (0.8, 0.3)
ASKED, UNRELATED = (0.75, 0.3), 0.4  # chances of the sensitive question, share of yes to the other
SCREEN = {"sensitivity": (180, 225), "specificity": (950, 990)}  # right answers, and people tested
INTERVALS = ("auto", "delta", "lang-reiczigel", "melding", "melding-poisson", "bayes")


def data(rows: int = ROWS) -> pd.DataFrame:
    """Return a sample of people who answered every kind of question, in the order of their units."""
    rng = np.random.default_rng(1)
    psu = np.repeat(np.arange(STRATA * PSUS), rows // (STRATA * PSUS))
    trait = rng.random(rows) < 1 / (1 + np.exp(1.4 - rng.normal(0, 0.5, STRATA * PSUS)[psu]))
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": psu, "w": rng.uniform(1, 10, rows)})
    frame["domain"] = [f"district {d:02}" for d in rng.integers(0, DOMAINS, rows)]
    frame["long"] = rng.integers(0, 2, rows)
    short, other = rng.binomial(ITEMS, 0.4, rows), rng.binomial(ITEMS, 0.5, rows)
    frame["count"] = short + trait * frame["long"]
    frame["other"] = other + trait * (1 - frame["long"])
    frame["direct"] = (trait & (rng.random(rows) < 0.6)).astype(int)
    _masked(frame, trait, rng)
    _screened(frame, trait, rng)
    return frame


def _masked(frame: pd.DataFrame, trait: Any, rng: np.random.Generator) -> None:
    """Add the answers of every randomising device."""
    device, rows = rng.random(len(frame)), len(frame)
    frame["warner"] = np.where(device < WARNER, trait, ~trait).astype(int)
    frame["crosswise"] = (trait == (rng.random(rows) < WARNER)).astype(int)
    yes, no = FORCED
    frame["forced"] = np.where(device < yes, 1, np.where(device < yes + no, 0, trait))
    frame["kuk"] = (device < np.where(trait, *KUK)).astype(int)
    other = rng.random(rows) < UNRELATED
    frame["unrelated"] = np.where(device < ASKED[0], trait, other).astype(int)
    frame["box"] = rng.choice(["first", "second"], rows)
    asked = np.where(frame["box"] == "first", *ASKED)
    frame["two_groups"] = np.where(device < asked, trait, other).astype(int)


def _screened(frame: pd.DataFrame, trait: Any, rng: np.random.Generator) -> None:
    """Add a screen, its gold standard on a part, and what informants tell of others."""
    rows = len(frame)
    frame["screen"] = (rng.random(rows) < np.where(trait, 0.8, 0.04)).astype(int)
    drawn = rng.random(rows) < np.where(frame["screen"] == 1, 0.6, 0.15)
    frame["gold"] = np.where(drawn, trait, np.nan)
    frame["household"] = np.arange(rows)
    frame["own"], frame["near"] = rng.poisson(2, rows) + 1, rng.poisson(6, rows)
    for group in ("own", "near"):
        frame[f"{group}_cases"] = rng.binomial(frame[group], 0.1)


def reports(rows: int = ROWS) -> pd.DataFrame:
    """Return reports of cases, with the number of households that could make each."""
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(rows), rng.poisson(0.4, rows))
    return pd.DataFrame({"household": who, "reporters": rng.integers(1, 6, who.size)})


def survey_of(frame: pd.DataFrame) -> pv.Survey:
    """Return the sample with its bootstrap replicates."""
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu", source="people")
    return survey.bootstrap(REPLICATES, rng=1)


def calls(survey: pv.Survey, frame: pd.DataFrame) -> dict[str, Callable[[], pv.Estimate]]:
    """Return the closed forms by name, each a call that makes an estimate for every domain."""
    by = {"by": "domain"}
    answers: Any = partial(pv.sensitive.randomized_response, survey)
    told, instrument = reports(), pv.misclassification
    screen = {"screen": "screen", "gold": "gold", **by}
    return {
        "list_difference": partial(difference, survey),
        "double_list": partial(double, survey),
        "list_combined": partial(
            pv.sensitive.list_combined, survey, "count", direct="direct", **LISTED
        ),
        **{
            f"randomized_response, {design}": partial(answers, design, design=design, **given, **by)
            for design, given in DEVICES.items()
        },
        "randomized_response, two groups": partial(
            answers, "two_groups", design="unrelated", p=ASKED, group="box", **by
        ),
        **{f"rogan_gladen, {rule}": partial(_screen, survey, interval=rule) for rule in INTERVALS},
        "validation_subsample": lambda: instrument.validation_subsample(survey, **screen),
        "validation_subsample, reweighted": lambda: instrument.validation_subsample(
            survey, form="reweighted", **screen
        ),
        "proxy": partial(_proxy, survey),
        "multiplicity": lambda: pv.direct.multiplicity(
            survey, told, on="household", reporters="reporters", **by
        ),
        "neighbourhood": lambda: pv.direct.neighbourhood(
            survey, ["own_cases", "near_cases"], ["own", "near"], **by
        ),
        f"combine_imputations, {IMPUTATIONS}": _combined(frame),
    }


LISTED: dict[str, Any] = {"treatment": "long", "items": ITEMS, "by": "domain"}
DEVICES: dict[str, dict[str, Any]] = {
    "warner": {"p": WARNER},
    "crosswise": {"p": WARNER},
    "forced": {"p_yes": FORCED[0], "p_no": FORCED[1]},
    "unrelated": {"p": ASKED[0], "q": UNRELATED},
    "kuk": {"p": KUK},
}


def difference(survey: pv.Survey) -> pv.Estimate:
    """Return the list difference of every domain."""
    return pv.sensitive.list_difference(survey, "count", **LISTED)


def double(survey: pv.Survey) -> pv.Estimate:
    """Return the double list of every domain."""
    return pv.sensitive.double_list(survey, ("count", "other"), **LISTED)


def _screen(survey: pv.Survey, *, interval: str) -> pv.Estimate:
    seen = pv.direct.prevalence(survey, "screen", by="domain")
    rates = {name: pv.validated(correct=k, tested=n) for name, (k, n) in SCREEN.items()}
    return pv.misclassification.rogan_gladen(seen, interval=interval, **rates)


def _proxy(survey: pv.Survey) -> pv.Estimate:
    seen = pv.direct.prevalence(survey, "screen", by="domain")
    reported, tested = SCREEN["sensitivity"]
    return pv.misclassification.proxy(
        seen,
        sensitivity=pv.validated(correct=reported, tested=tested),
        false_report=pv.validated(correct=40, tested=990),
    )


def _combined(frame: pd.DataFrame) -> Callable[[], pv.Estimate]:
    rng, made = np.random.default_rng(3), []
    for _ in range(IMPUTATIONS):
        guess = rng.random(len(frame)) < 0.2
        case = np.where(frame["gold"].isna(), guess, frame["gold"]).astype(int)
        made.append(pv.direct.prevalence(survey_of(frame.assign(case=case)), "case", by="domain"))
    return lambda: pv.combine_imputations(made)
