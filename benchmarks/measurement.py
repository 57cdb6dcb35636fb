"""Sensitive questions, imperfect instruments, definitions and exports: the bars of each, and peers.

R's `list` is on CRAN alone: what its `ictreg` took was recorded in another run, and is named so. Measured
in the same run are its algorithm written out in base R and in Python, R's survey package for the same
list difference by domains, and pandas for the cells of an export. All numbers must agree.
"""

from __future__ import annotations

import statistics
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import measurement_forms as forms
from . import measurement_peers as peers
from . import reading
from .timing import Sheet, cpu, in_turn
from .timing import reading as one_pass

ORACLE = Path(__file__).resolve().parents[2] / "shared" / "oracle" / "frontier"
QUESTIONS = Path(__file__).resolve().parents[1] / "data" / "synthetic" / "jamaica" / "questionnaire"
ICTREG, ICTREG_BAR, CLIMB_BAR = 4.1, 100.0, 10.0  # seconds recorded, ratios to reach
FEW, MANY = 1_500, 15_000  # respondents of a list experiment
STOPPED = 1e-5  # by which a climb that ends at a rise of 1e-8 stays below the maximum, as a share
FORM_BAR, CLASSIFY_BAR = 0.2, 0.2  # CPU seconds
CHILDREN, WINDOWS = 40_000, ("lifetime", "12m", "current")


def measurement(sheet: Sheet, *, quick: bool = False) -> None:
    """Time everything beside the peers, and check their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", pv.PrevalenceWarning
        )  # of small domains, which is the point
        for rows in (FEW, MANY):
            _likelihood(sheet, rows)
        frame = forms.data()
        survey = forms.survey_of(frame)
        _closed(sheet, survey, frame)
        _survey_r(sheet, survey, frame)
        _classified(sheet)
    reading.kobo(sheet, quick=quick)


# ---------------------------------------------------------------------- list experiments by likelihood
def experiment(rows: int) -> tuple[pd.DataFrame, float | None]:
    """Return a list experiment of four items with two predictors, and its recorded log-likelihood."""
    file = ORACLE / "list_experiment.csv"
    if rows == FEW and file.exists():
        known = pd.read_json(ORACLE / "expected_sensitive.json", typ="series")["list_ictreg_ml"]
        return pd.read_csv(file), float(known["result"]["llik"])
    rng = np.random.default_rng(rows)
    x1, x2 = rng.normal(0, 1, rows), rng.integers(0, 2, rows)
    trait = rng.random(rows) < 1 / (1 + np.exp(1.6 - 0.3 * x1 - 0.6 * x2))
    treat = rng.integers(0, 2, rows)
    control = rng.binomial(4, 1 / (1 + np.exp(0.2 - 0.3 * x1 + 0.15 * x2)))
    return pd.DataFrame({"x1": x1, "x2": x2, "treat": treat, "y": control + trait * treat}), None


def _likelihood(sheet: Sheet, rows: int) -> None:
    """Maximum likelihood of a list experiment, with the errors of its design."""
    frame, known = experiment(rows)
    survey = pv.Survey(frame)

    def ours() -> pv.Estimate:
        return pv.sensitive.list_regression(survey, "y", ["x1", "x2"], treatment="treat", items=4)

    (seconds,) = in_turn(lambda: ours().std_error)
    sheet.at_most(f"list experiment, ML, n = {rows:,}", seconds, "s", None, "with standard errors")
    note = f"{ICTREG} s for n = {FEW:,} in another run, not measured here"
    bar = ICTREG_BAR if rows == FEW else None  # what it took for more was not recorded
    sheet.at_least(f"over R ictreg for n = {FEW:,}, recorded", ICTREG / seconds, "x", bar, note)
    found = ours()
    x = np.column_stack([np.ones(rows), frame["x1"], frame["x2"]])
    given = x, frame["y"].to_numpy(), frame["treat"].to_numpy(), 4
    climbs = {"base R": peers.climb_r(*given), "statsmodels": peers.climb(*given)}
    for name, theirs in climbs.items():
        if theirs is None:
            print("base R is not installed: not measured")
            continue
        note = f"{theirs.seconds:.2f} s, {theirs.rounds} rounds from zero, no standard errors"
        task = f"over its climb in {name}, measured"
        sheet.at_least(task, theirs.seconds / seconds, "x", CLIMB_BAR, note)
        _same_maximum(sheet, name, found, theirs.log_likelihood)
    if known is not None:
        _same_maximum(sheet, "R ictreg, recorded", found, known)


def _same_maximum(sheet: Sheet, name: str, ours: pv.Estimate, theirs: float) -> None:
    """Check that ours is as high as a climb that stopped short of the maximum or a little higher."""
    reached = float(ours.provenance["log_likelihood"])
    equal = -1e-9 * abs(theirs) < reached - theirs < STOPPED
    note = f"{reached:.6f}, {reached - theirs:.0e} above the climb"
    sheet.checked(f"log-likelihood, {name}", bool(equal), note, how="the same maximum")


# ---------------------------------------------------------------------- closed forms
def _closed(sheet: Sheet, survey: pv.Survey, frame: pd.DataFrame) -> None:
    """Every closed form by 50 domains with 1,000 replicates: values, errors and limits."""
    size = f"{forms.DOMAINS} domains x {forms.REPLICATES:,} replicates, n = {forms.ROWS:,}"
    limit = in_turn(_least(survey, frame), runs=5)[0]
    sheet.at_most("one pass: totals of replicates by domain", limit, "s", None, size)
    for name, call in forms.calls(survey, frame).items():

        def whole(call: Any = call) -> Any:
            made = call()
            return made.std_error, made.interval()

        (seconds,) = in_turn(whole, runs=5)
        sheet.at_most(name, seconds, "s", FORM_BAR)
    first = _first(frame)
    sheet.at_most("double_list, first call on a sample", first, "s", FORM_BAR, "domains are coded")


def _least(survey: pv.Survey, frame: pd.DataFrame) -> Any:
    """Return a call that makes one total of every replicate in every domain, and nothing else."""
    assert survey.scheme is not None
    code = pd.factorize(frame["domain"])[0]
    psu, w = frame["psu"].to_numpy(), (frame["w"] * frame["count"]).to_numpy()
    factors = survey.scheme.factors

    def total() -> Any:
        sums = np.bincount(code * len(factors) + psu, w, forms.DOMAINS * len(factors))
        return sums.reshape(forms.DOMAINS, -1) @ factors

    return total


def _first(frame: pd.DataFrame) -> float:
    """Return the median time of first calls on new samples, made beforehand with their replicates."""
    spent = []
    for _ in range(5):
        survey = forms.survey_of(frame)
        spent.append(cpu(lambda survey=survey: forms.double(survey).interval())[0])
    return statistics.median(spent)


def _survey_r(sheet: Sheet, survey: pv.Survey, frame: pd.DataFrame) -> None:
    """The list difference by domains beside R's survey package, the same replicates among others."""
    theirs = peers.survey_r(frame, survey)
    if theirs is None:
        print("R's survey package is not installed: not measured")
        return
    linear = survey.linearised()
    seconds = in_turn(*(lambda s=s: forms.difference(s).std_error for s in (linear, survey)))
    of = {"svyglm": 0, "svyby": 0, "replicates": 1}
    names = {"svyglm": "svyglm by domain", "svyby": "svyby and its covariance"}
    for name, taken in theirs.seconds.items():
        ours = seconds[of[name]]
        note = f"survey {theirs.version}: {taken:.2f} s, ours {ours:.3f} s"
        task = f"list_difference over R {names.get(name, 'svyby, 1,000 replicates')}"
        sheet.at_least(task, taken / ours, "x", None, note)
        value, error = theirs.found[name]
        made = forms.difference((linear, survey)[of[name]])
        equal = np.allclose(made.value, value, rtol=1e-10, atol=1e-12)
        equal &= np.allclose(made.std_error, error, rtol=1e-10)
        sheet.checked(f"R survey, {name}", bool(equal), f"{forms.DOMAINS} domains")


# ---------------------------------------------------------------------- definitions
def _classified(sheet: Sheet) -> None:
    """Classify children by a definition, and put definitions and windows side by side."""
    frame, definitions = _answered(), _definitions()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    strict, medium, broad = definitions
    conditions = [
        expression if isinstance(expression, str) else expression["12m"]
        for expression in (indicator.expr for indicator in medium.indicators.values())
    ]
    columns = [frame[name].to_numpy() for name in frame]
    classify, evaluate, compare, without, once = in_turn(
        lambda: medium.classify(frame).audit,
        lambda: [frame.eval(condition) for condition in conditions],
        lambda: strict.compare(survey, [medium, broad], windows=list(WINDOWS)),
        lambda: medium.sensitivity(survey),
        one_pass(*columns),
        runs=5,
    )
    count = len(medium.indicators)
    note = f"{count} indicators, 3 windows, bounds, audit; one pass over the columns {1e3 * once:.1f} ms"
    sheet.at_most(f"Definition.classify, {CHILDREN:,} children", classify, "s", CLASSIFY_BAR, note)
    note = "no missing answers, no rule, no audit"
    sheet.at_most(f"its {count} conditions by pandas' eval", evaluate, "s", None, note)
    note = "3 definitions x 3 windows, joint covariance and overlaps"
    sheet.at_most("Definition.compare", compare, "s", None, note)
    sheet.at_most("Definition.sensitivity", without, "s", None, "each with its paired error")


def _definitions() -> list[pv.Definition]:
    """Return the three definitions of the synthetic questionnaire."""
    return [pv.Definition.from_toml(QUESTIONS / f"definition-{letter}.toml") for letter in "abc"]


def _answered() -> pd.DataFrame:
    """Return answers of children to the questions of the definitions: 0 to 3, and 98 for refused."""
    rng = np.random.default_rng(6)
    names = sorted({name for definition in _definitions() for name in definition.columns()})
    chance = [0.9, 0.02, 0.03, 0.03, 0.02]
    frame = pd.DataFrame({name: rng.choice([0, 1, 2, 3, 98], CHILDREN, p=chance) for name in names})
    psu = np.arange(CHILDREN) // 40
    design = {"psu": psu, "stratum": psu // 10, "w": rng.uniform(1, 10, CHILDREN)}
    return frame.assign(**design, age=rng.integers(3, 19, CHILDREN), worked=1)
