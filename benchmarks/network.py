"""Network scale-up of 21 groups: closed forms with their errors, replicates, validation.

Beside them stand PyPI's networkscaleup (points alone, no weights), R's survey with the same ratios and
errors, and the rescaled bootstrap as a loop in plain R. R's surveybootstrap, the only other package
with a rescaled bootstrap of scale-up estimates, is on CRAN alone: it runs where R has it, else its
seconds of another run stand.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import network_peers as peers
from . import network_r as code
from . import r
from .machine import r_versions
from .survey_peers import in_r, numbers
from .table import Peer, Table
from .timing import reading

ROWS, PER_PSU, STRATA, PEOPLE = 10_000, 10, 10, 1e7
KNOWN = [f"known{k}" for k in range(20)]
HIDDEN = [f"hidden{k}" for k in range(21)]
REPLICATES = 1_000
CLOSED_BAR, BOOTSTRAP_BAR = 0.010, 0.2
RECORDED, RECORDED_BAR = ("0.0.3", 25.0), 100.0  # the faster of two runs, one group
# An error from 1,000 replicates is off by 1 / sqrt(2,000) of itself; 4 such are hardly ever reached.
NOISE = 4 / np.sqrt(2 * REPLICATES)


def answers_of(rows: int, sizes: Any, rng: np.random.Generator, *, log_degree: float = 5.5) -> Any:
    """Return made-up answers (rows, groups): overdispersed, by people whom degrees of 245 set apart."""
    degree = np.exp(rng.normal(log_degree, 0.7, rows))
    spread = rng.uniform(1.2, 5, sizes.size)
    mean = degree[:, None] * sizes / PEOPLE
    return rng.negative_binomial(mean / (spread - 1), 1 / spread).astype(float)


def data(rows: int = ROWS, hidden: int = len(HIDDEN)) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return answers with a clustered design, and the sizes of all groups."""
    rng = np.random.default_rng(1)
    groups = [*KNOWN, *(f"hidden{k}" for k in range(hidden))]
    sizes = np.round(np.exp(rng.normal(np.log(20_000), 0.8, len(groups))))
    frame = pd.DataFrame(answers_of(rows, sizes, rng), columns=groups)
    psus = rows // PER_PSU
    psu = np.repeat(np.arange(psus), PER_PSU)
    stratum = psu * STRATA // psus
    w = np.exp(rng.normal(0, 0.4, STRATA)[stratum] + rng.normal(0, 0.3, psus)[psu])
    columns = {"stratum": stratum, "psu": psu, "w": w * PEOPLE / w.sum()}
    return frame.assign(**columns), dict(zip(groups, sizes.tolist(), strict=True))


def network(table: Table) -> None:
    """Time closed forms, replicates and validation, beside the peers, and check their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # of respondents who know nobody
        frame, sizes = data()
        answers = asked(survey_of(frame), {name: sizes[name] for name in KNOWN})
        matrices = [np.c_[frame[["stratum", "psu", "w"]], answers.degrees(), frame[HIDDEN]]]
        given = matrices, [ROWS, len(HIDDEN), REPLICATES]
        session = r.Session(code.SURVEY, *given) if r.has("survey") else None
        _closed(table, frame, answers, session, given)
        _replicated(table, answers, session, given)
        _validated(table, frame, sizes)
        if session is not None:
            session.close()


def survey_of(frame: pd.DataFrame) -> pv.Survey:
    """Return the sample of the answers."""
    return pv.Survey(frame, weights="w", strata="stratum", psu="psu")


def asked(survey: pv.Survey, known: dict[str, float], hidden: Any = HIDDEN) -> pv.Answers:
    """Return the answers of a sample."""
    return pv.Answers(survey, known=known, hidden=hidden, population=PEOPLE)


def _sizes(answers: pv.Answers) -> pv.Estimate:
    return pv.nsum.scale_up(answers, transmission=1)


def _closed(
    table: Table, frame: pd.DataFrame, answers: pv.Answers, session: Any, given: Any
) -> None:
    """Sizes and linearised standard errors, with the answers made beforehand and anew."""
    known = {name: float(group.size) for name, group in answers.known.items()}
    y = frame[[*KNOWN, *HIDDEN]].to_numpy()
    flat = _sizes(asked(pv.Survey(frame), known)).value
    ours = table.measure(
        "21 sizes and standard errors, n = 1e4",
        lambda: numbers(_sizes(answers)),
        *peers.killworth(y, answers.sizes(), PEOPLE, flat),
        *in_r(session, "linearised", same=_same),
        *r.optional(
            "networkreporting", code.NETWORKREPORTING, *given, same=_same_points,
            note="points alone",
        ),
        bar=CLOSED_BAR,
        limit=reading(y),
        runs=9,
    )  # fmt: skip
    assert ours.found.size == 2 * len(HIDDEN)
    table.measure(
        "the same, survey and answers made too",
        lambda: _sizes(asked(survey_of(frame), known)).std_error,
    )
    table.measure("making the survey, n = 1e4", lambda: survey_of(frame))
    table.measure("making the answers, 41 columns", lambda: asked(answers.survey, known))


def _same(ours: Any, theirs: Any) -> bool:
    """Compare sizes to ten digits and their errors to nine with R's, which are shares of the people."""
    mine, other = ours.reshape(2, -1), theirs.reshape(2, -1) * PEOPLE
    equal = np.allclose(mine[0], other[0], rtol=1e-10, atol=0)
    return bool(equal and np.allclose(mine[1], other[1], rtol=1e-9, atol=0))


def _same_points(ours: Any, theirs: Any) -> bool:
    return bool(np.allclose(ours[: len(HIDDEN)], theirs * PEOPLE, rtol=1e-9, atol=0))


def _replicated(table: Table, answers: pv.Answers, session: Any, given: Any) -> None:
    """A rescaled bootstrap of all groups, drawn and used, and R's of one group."""
    survey = answers.survey
    linear = _sizes(answers)
    loop = r.Session(code.LOOP, *given) if r.has("R") else None

    def near(_: Any, theirs: Any) -> bool:
        """Compare the size of the first group, and its error with the linearised one, with noise."""
        value, error = theirs * PEOPLE
        return bool(
            np.isclose(value, linear.value[0], rtol=1e-9)
            and abs(error / linear.std_error[0] - 1) < NOISE
        )

    told: dict[str, Any] = {"same": near, "how_same": "within their noise"}
    plain = [] if loop is None else [
        Peer("base R", r_versions()["R"], loop.task("loop"), note="a loop for ONE group", **told)
    ]  # fmt: skip
    ours = table.measure(
        f"{REPLICATES:,} rescaled replicates of 21 groups",
        lambda: numbers(_sizes(answers.on(survey.bootstrap(REPLICATES, rng=1)))),
        *in_r(session, "bootstrap", note="ONE group", **told),
        *plain,
        *r.optional(
            "surveybootstrap", code.SURVEYBOOTSTRAP, *given, recorded=RECORDED, bar=RECORDED_BAR,
            note="ONE group; 25 to 35 s", **told,
        ),
        bar=BOOTSTRAP_BAR,
        note="drawn and used, n = 1e4, 1,000 PSUs",
    )  # fmt: skip
    if loop is not None:
        loop.close()
    value, error = ours.found.reshape(2, -1)[:, 0] / PEOPLE
    table.checked(
        "its errors beside the linearised ones", "prevalence", pv.__version__,
        near(None, np.array([value, error])), how="within their noise", note="first group",
    )  # fmt: skip


def _validated(table: Table, frame: pd.DataFrame, sizes: dict[str, float]) -> None:
    """Leave-one-out sizes of 21 known groups, linearised and replicated."""
    survey = survey_of(frame)
    known = {name: sizes[name] for name in [*KNOWN, HIDDEN[0]]}
    one, many = asked(survey, known, HIDDEN[1]), asked(survey, known, HIDDEN[1:])

    def taken(answers: pv.Answers) -> Any:
        return pv.nsum.validate(answers).ratio.std_error

    table.measure("validation of 21 known groups, n = 1e4", lambda: taken(one))
    table.measure("the same, with influence on 20 hidden groups", lambda: taken(many))
    task = f"the same by {REPLICATES:,} replicates, drawn and used"
    table.measure(task, lambda: taken(one.on(survey.bootstrap(REPLICATES, rng=1))))
