"""Sensitive questions, imperfect instruments, definitions and exports: the bars of each, and peers.

R's `list` is on CRAN alone: what its `ictreg` took was recorded in another run, and is named so. Measured
in the same run are its algorithm written out in base R and in Python, R's survey package for the same
list difference by domains, and pandas for the cells of an export. All numbers must agree.
"""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import measurement_forms as forms
from . import measurement_peers as peers
from . import reading
from .machine import r_versions, version
from .survey_peers import in_r, numbers
from .table import Peer, Table
from .timing import QUIET, in_turn, yardstick
from .timing import reading as one_pass

ORACLE = Path(__file__).resolve().parents[2] / "shared" / "oracle" / "frontier"
QUESTIONS = Path(__file__).resolve().parents[1] / "data" / "synthetic" / "jamaica" / "questionnaire"
ICTREG, ICTREG_BAR, CLIMB_BAR = ("", 4.1), 100.0, 10.0  # seconds recorded, ratios to reach
FEW, MANY = 1_500, 15_000  # respondents of a list experiment
STOPPED = 1e-5  # by which a climb that ends at a rise of 1e-8 stays below the maximum, as a share
FORM_BAR, CLASSIFY_BAR = 0.2, 0.2  # CPU seconds
CHILDREN, WINDOWS = 40_000, ("lifetime", "12m", "current")


def measurement(table: Table, *, quick: bool = False) -> None:
    """Time everything beside the peers, and check their numbers."""
    with warnings.catch_warnings():
        # of small domains, which is the point
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        for rows in (FEW, MANY):
            _likelihood(table, rows)
        frame = forms.data()
        survey = forms.survey_of(frame)
        _closed(table, survey, frame)
        _survey_r(table, survey, frame)
        _classified(table)
    reading.kobo(table, quick=quick)


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


def _likelihood(table: Table, rows: int) -> None:
    """Maximum likelihood of a list experiment, with the errors of its design."""
    frame, known = experiment(rows)
    survey = pv.Survey(frame)

    def ours() -> pv.Estimate:
        made = pv.sensitive.list_regression(survey, "y", ["x1", "x2"], treatment="treat", items=4)
        assert made.std_error is not None
        return made

    x = np.column_stack([np.ones(rows), frame["x1"], frame["x2"]])
    given = x, frame["y"].to_numpy(), frame["treat"].to_numpy(), 4
    session = peers.climb_r(*given)
    how: dict[str, Any] = {
        "bar": CLIMB_BAR, "same": _same_maximum, "how_same": "the same maximum",
        "note": "its climb from zero, no standard errors",
    }  # fmt: skip
    task = f"list experiment, ML, n = {rows:,}"
    base = [] if session is None else [
        Peer("base R", r_versions()["R"], session.task("climb"), **how)
    ]  # fmt: skip
    few = rows == FEW  # what it took for more was not recorded
    taken = table.measure(
        task,
        ours,
        *base,
        Peer("statsmodels", version("statsmodels"), lambda: peers.climb(*given), **how),
        *(
            [Peer("R list", ICTREG[0], recorded=ICTREG[1], bar=ICTREG_BAR, note="ictreg")]
            if few
            else []
        ),
        note="with standard errors",
    )
    if session is not None:
        session.close()
    if known is not None:
        equal = _same_maximum(taken.found, np.array([known]))
        table.checked(task, "R list", ICTREG[0], equal, how="the same maximum", source="recorded")


def _same_maximum(ours: pv.Estimate, theirs: Any) -> bool:
    """Check that ours is as high as a climb that stopped short of the maximum or a little higher."""
    height = float(theirs[0])
    reached = float(ours.provenance["log_likelihood"])
    return bool(-1e-9 * abs(height) < reached - height < STOPPED)


# ---------------------------------------------------------------------- closed forms
def _closed(table: Table, survey: pv.Survey, frame: pd.DataFrame) -> None:
    """Every closed form by 50 domains with 1,000 replicates: values, errors and limits."""
    size = f"{forms.DOMAINS} domains x {forms.REPLICATES:,} replicates, n = {forms.ROWS:,}"
    least = _least(survey, frame)
    for name, call in forms.calls(survey, frame).items():

        def whole(call: Any = call) -> Any:
            made = call()
            return made.std_error, made.interval()

        table.measure(name, whole, bar=FORM_BAR, limit=least, runs=3, note=size)
    fresh = [forms.survey_of(frame) for _ in range(4)]
    calls = {"first": lambda: forms.double(fresh.pop()).interval(), "yardstick": yardstick()}
    taken = in_turn(calls, runs=1)
    pace, note = taken["yardstick"].median / QUIET, "domains are coded"
    task = "double_list, first call on a sample"
    table.ours(task, taken["first"], bar=FORM_BAR, pace=pace, note=note)


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


def _differences(survey: pv.Survey) -> Any:
    return numbers(forms.difference(survey))


def _survey_r(table: Table, survey: pv.Survey, frame: pd.DataFrame) -> None:
    """The list difference by domains beside R's survey package, the same replicates among others."""
    session = peers.survey_r(frame, survey)
    linear = survey.linearised()
    for task, made, names in (
        ("list_difference by domain, linearised", linear, ("svyglm", "svyby")),
        ("list_difference by domain, 1,000 replicates", survey, ("replicates",)),
    ):
        theirs = [
            peer._replace(package=f"R survey {name}")
            for name in names
            for peer in in_r(session, name, same=_same, note=NOTES[name])
        ]
        table.measure(task, partial(_differences, made), *theirs)
    if session is not None:
        session.close()


NOTES = {"svyglm": "a fit a domain", "svyby": "with its covariance", "replicates": "svyby"}


def _same(ours: Any, theirs: Any) -> bool:
    """Compare differences and their errors, to ten digits."""
    return bool(np.allclose(ours, theirs, rtol=1e-10, atol=1e-12))


# ---------------------------------------------------------------------- definitions
def _classified(table: Table) -> None:
    """Classify children by a definition, and put definitions and windows side by side."""
    frame, definitions = _answered(), _definitions()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    strict, medium, broad = definitions
    conditions = [
        expression if isinstance(expression, str) else expression["12m"]
        for expression in (indicator.expr for indicator in medium.indicators.values())
    ]
    columns = [frame[name].to_numpy() for name in frame]
    count = len(medium.indicators)
    table.measure(
        f"Definition.classify, {CHILDREN:,} children",
        lambda: medium.classify(frame).audit,
        Peer(
            "pandas", pd.__version__, lambda: [frame.eval(condition) for condition in conditions],
            note=f"{count} conditions by eval: no missing answers, no rule, no audit",
        ),
        bar=CLASSIFY_BAR,
        limit=one_pass(*columns),
        note=f"{count} indicators, 3 windows, bounds, audit",
    )  # fmt: skip
    table.measure(
        "Definition.compare",
        lambda: strict.compare(survey, [medium, broad], windows=list(WINDOWS)),
        note="3 definitions x 3 windows, joint covariance and overlaps",
    )
    table.measure(
        "Definition.sensitivity",
        lambda: medium.sensitivity(survey),
        note="each with its paired error",
    )


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
