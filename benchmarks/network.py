"""Network scale-up of 21 groups: closed forms with their errors, replicates, validation.

Beside the bars, which are CPU seconds, stand the packages that are installed: PyPI's networkscaleup
(points alone, no weights), R's survey with the same ratios and errors, and the rescaled bootstrap as
a loop in plain R. R's surveybootstrap, the only other package with a rescaled bootstrap of scale-up
estimates, is on CRAN alone: its seconds were recorded in another run, and are named so.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import network_peers as peers
from .timing import Sheet, in_turn

ROWS, PER_PSU, STRATA, PEOPLE = 10_000, 10, 10, 1e7
KNOWN = [f"known{k}" for k in range(20)]
HIDDEN = [f"hidden{k}" for k in range(21)]
REPLICATES = 1_000
CLOSED_BAR, BOOTSTRAP_BAR = 0.010, 0.2
RECORDED, RECORDED_BAR = 25.0, 100.0  # the faster of two runs of R bootstrap.estimates, one group
# An error from 1,000 replicates is off by 1 / sqrt(2,000) of itself; 4 such are hardly ever reached.
NOISE = 4 / np.sqrt(2 * REPLICATES)


def answers_of(rows: int, sizes: Any, rng: np.random.Generator, *, log_degree: float = 5.5) -> Any:
    """Return made-up answers (rows, groups): overdispersed, by people whom degrees of 245 set apart."""
    degree = np.exp(rng.normal(log_degree, 0.7, rows))
    spread = rng.uniform(1.2, 5, sizes.size)
    mean = degree[:, None] * sizes / PEOPLE
    return rng.negative_binomial(mean / (spread - 1), 1 / spread).astype(float)


def data() -> tuple[pd.DataFrame, dict[str, float]]:
    """Return answers with a clustered design, and the sizes of all groups."""
    rng = np.random.default_rng(1)
    groups = [*KNOWN, *HIDDEN]
    sizes = np.round(np.exp(rng.normal(np.log(20_000), 0.8, len(groups))))
    frame = pd.DataFrame(answers_of(ROWS, sizes, rng), columns=groups)
    psus = ROWS // PER_PSU
    psu = np.repeat(np.arange(psus), PER_PSU)
    stratum = psu * STRATA // psus
    w = np.exp(rng.normal(0, 0.4, STRATA)[stratum] + rng.normal(0, 0.3, psus)[psu])
    columns = {"stratum": stratum, "psu": psu, "w": w * PEOPLE / w.sum()}
    return frame.assign(**columns), dict(zip(groups, sizes.tolist(), strict=True))


def network(sheet: Sheet) -> None:
    """Time closed forms, replicates and validation, beside the peers, and check their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # of respondents who know nobody
        frame, sizes = data()
        answers = _asked(_survey(frame), {name: sizes[name] for name in KNOWN})
        _closed(sheet, frame, answers)
        _replicated(sheet, frame, answers)
        _validated(sheet, frame, sizes)


def _survey(frame: pd.DataFrame) -> pv.Survey:
    return pv.Survey(frame, weights="w", strata="stratum", psu="psu")


def _asked(survey: pv.Survey, known: dict[str, float]) -> pv.Answers:
    return pv.Answers(survey, known=known, hidden=HIDDEN, population=PEOPLE)


def _errors(answers: pv.Answers) -> Any:
    return pv.nsum.scale_up(answers, transmission=1).std_error


def _closed(sheet: Sheet, frame: pd.DataFrame, answers: pv.Answers) -> None:
    """Sizes and linearised standard errors, with the answers made beforehand and anew."""
    known = {name: float(group.size) for name, group in answers.known.items()}
    y, sizes = frame[[*KNOWN, *HIDDEN]].to_numpy(), answers.sizes()
    ours, anew, survey, asked, theirs = in_turn(
        lambda: _errors(answers),
        lambda: _errors(_asked(_survey(frame), known)),
        lambda: _survey(frame),
        lambda: _asked(answers.survey, known),
        lambda: peers.killworth(y, sizes, PEOPLE),
    )
    note = f"PyPI networkscaleup, points alone, unweighted: {theirs:.4f} s"
    sheet.at_most("21 sizes and standard errors, n = 1e4", ours, "s", CLOSED_BAR, note)
    sheet.at_most("the same, survey and answers made too", anew, "s")
    sheet.at_most("making the survey, n = 1e4", survey, "s")
    sheet.at_most("making the answers, 41 columns", asked, "s")
    flat = pv.nsum.scale_up(_asked(pv.Survey(frame), known), transmission=1).value
    equal = np.allclose(peers.killworth(y, sizes, PEOPLE), flat, rtol=1e-10, atol=0)
    sheet.checked("networkscaleup killworth, 21 sizes", equal)


def _replicated(sheet: Sheet, frame: pd.DataFrame, answers: pv.Answers) -> None:
    """A rescaled bootstrap of all groups, drawn and used, and R's of one group."""
    survey = answers.survey

    def replicated() -> Any:
        return _errors(answers.on(survey.bootstrap(REPLICATES, rng=1)))

    (seconds,) = in_turn(replicated)
    task = f"{REPLICATES:,} rescaled replicates of 21 groups"
    sheet.at_most(task, seconds, "s", BOOTSTRAP_BAR, "drawn and used, n = 1e4, 1,000 PSUs")
    sheet.at_least(
        "over R bootstrap.estimates, recorded", RECORDED / seconds, "x", RECORDED_BAR,
        "25 to 35 s for ONE group in another run, not measured here: 25 s over ours",
    )  # fmt: skip
    found = peers.r_survey(frame, answers.degrees(), HIDDEN, REPLICATES)
    if found is None:
        print("R or its package survey is not installed: not measured")
        return
    one = f"R survey {found.version}"
    sheet.at_least(
        "over R survey's bootstrap of one group", found.bootstrap / seconds, "x", None,
        f"{one}: {found.bootstrap:.2f} s",
    )  # fmt: skip
    sheet.at_least(
        "over a loop in plain R for one group", found.loop / seconds, "x", None,
        f"the same algorithm, the least that R needs: {found.loop:.2f} s",
    )  # fmt: skip
    ours = pv.nsum.scale_up(answers, transmission=1)
    equal = np.allclose(found.value * PEOPLE, ours.value, rtol=1e-10, atol=0)
    equal &= np.allclose(found.std_error * PEOPLE, ours.std_error, rtol=1e-9, atol=0)
    note = f"linearised in {found.linearised:.2f} s"
    sheet.checked("R survey, 21 sizes and standard errors", bool(equal), note)
    errors = np.array([*found.errors, replicated()[0] / PEOPLE]) / found.std_error[0]
    note = f"over the linearised one: {', '.join(f'{x:.3f}' for x in errors)}"
    near = bool((abs(errors - 1) < NOISE).all())
    sheet.checked("errors of R's two bootstraps and ours", near, note, how="within their noise")


def _validated(sheet: Sheet, frame: pd.DataFrame, sizes: dict[str, float]) -> None:
    """Leave-one-out sizes of 21 known groups, linearised and replicated."""
    survey = _survey(frame)
    known = {name: sizes[name] for name in [*KNOWN, HIDDEN[0]]}
    one = pv.Answers(survey, known=known, hidden=HIDDEN[1], population=PEOPLE)
    many = pv.Answers(survey, known=known, hidden=HIDDEN[1:], population=PEOPLE)
    plain, influences, replicated = in_turn(
        lambda: pv.nsum.validate(one).ratio.std_error,
        lambda: pv.nsum.validate(many).ratio.std_error,
        lambda: pv.nsum.validate(one.on(survey.bootstrap(REPLICATES, rng=1))).ratio.std_error,
    )
    sheet.at_most("validation of 21 known groups, n = 1e4", plain, "s")
    sheet.at_most("the same, with influence on 20 hidden groups", influences, "s")
    sheet.at_most(f"the same by {REPLICATES:,} replicates, drawn and used", replicated, "s")
