"""Means, totals and their standard errors of a million rows: whole, by domains, and after raking."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import survey_peers as peers
from .machine import installed
from .survey_peers import numbers, same
from .table import Table
from .timing import in_turn, reading

N, STRATA, PSUS, VARIABLES, DOMAINS = 1_000_000, 500, 4, 10, 50
SMALL = 100_000
MARGINS = (10, 5, 2, 50)
NAMES = [f"y{k}" for k in range(VARIABLES)]
DESIGN = ["stratum", "psu", "w", "domain"]


def data(rows: int = N, *, own_psu: bool = False) -> pd.DataFrame:
    """Return rows in file order of their units, as a survey file is."""
    rng = np.random.default_rng(1)
    units = min(STRATA * PSUS, rows // 2)
    psu = np.repeat(np.arange(units), rows // units)
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": np.arange(rows) if own_psu else psu})
    frame["w"] = rng.uniform(1, 10, rows)
    effect = rng.normal(0, 1, units)[psu]
    for name in NAMES:
        frame[name] = 50 + effect + rng.normal(0, 10, rows)
    frame["domain"] = rng.integers(0, DOMAINS, rows)
    for k, levels in enumerate(MARGINS):
        frame[f"m{k}"] = rng.integers(0, levels, rows)
    return frame


def targets(frame: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Return margins a little off the sample's own, all with one total."""
    total = float(frame["w"].sum())
    out = {}
    for k, levels in enumerate(MARGINS):
        share = np.bincount(frame[f"m{k}"], frame["w"], levels) * np.linspace(0.9, 1.1, levels)
        out[f"m{k}"] = dict(enumerate((share / share.sum() * total).tolist()))
    return out


def survey_of(frame: Any) -> pv.Survey:
    """Return the sample of a frame."""
    return pv.Survey(frame, weights="w", strata="stratum", psu="psu")


def estimation(table: Table, *, quick: bool = False) -> None:
    """Time estimates of the same sample, made beforehand by every package."""
    frame = data(SMALL if quick else N)
    _whole(table, frame)
    if not quick:
        _by_domain(table, frame)
        _raked(table, frame)
    _small(table, frame if quick else data(SMALL))
    _frames(table)


def _whole(table: Table, frame: pd.DataFrame) -> None:
    """Ten means, and means and totals, of all rows."""
    survey, size = survey_of(frame), f"n = {len(frame):,}"
    sample: Any = peers.svy_sample(frame) if installed("svy") else None
    matrices, sizes = [frame[[*DESIGN, *NAMES]]], [len(frame), VARIABLES]
    session = peers.survey_r(peers.LINEAR, "survey", matrices, sizes)
    tidy = peers.survey_r(peers.SRVYR, "srvyr", matrices, sizes)
    once = reading(*(frame[name].to_numpy() for name in ["w", *NAMES]))
    table.measure(
        f"10 means and standard errors, {size}",
        lambda: numbers(pv.direct.mean(survey, NAMES)),
        *peers.svy(
            lambda: peers.svy_made(sample.estimation.mean, NAMES), bar=4, same=peers.same_svy
        ),
        *peers.in_r(session, "mean", same=same),
        *peers.in_r(tidy, "mean", "srvyr", same=same),
        limit=once,
    )
    table.measure(
        f"10 means, totals and standard errors, {size}",
        lambda: numbers(pv.direct.mean(survey, NAMES), pv.direct.total(survey, NAMES)),
        *peers.svy(
            lambda: [
                peers.svy_made(estimator, NAMES)
                for estimator in (sample.estimation.mean, sample.estimation.total)
            ],
            bar=4,
            same=lambda ours, theirs: same(ours, np.concatenate([*map(peers.svy_numbers, theirs)])),
        ),
        *peers.in_r(session, "both", same=same),
        limit=once,
    )
    for one in (session, tidy):
        if one is not None:
            one.close()


def _by_domain(table: Table, frame: pd.DataFrame) -> None:
    """Ten means by 50 domains that cut across all units."""
    survey = survey_of(frame)
    sample: Any = peers.svy_sample(frame) if installed("svy") else None
    matrices, sizes = [frame[[*DESIGN, *NAMES]]], [len(frame), VARIABLES]
    session = peers.survey_r(peers.LINEAR, "survey", matrices, sizes)
    task = f"10 means and standard errors by {DOMAINS} domains, n = {len(frame):,}"
    table.measure(
        task,
        lambda: numbers(pv.direct.mean(survey, NAMES, by="domain")),
        *peers.svy(
            lambda: peers.svy_made(sample.estimation.mean, NAMES, by="domain"),
            bar=200,
            same=peers.same_svy,
        ),
        *peers.in_r(session, "domain", same=same),
        limit=reading(*(frame[name].to_numpy() for name in ["w", *NAMES, "domain"])),
        runs=2,
    )
    if session is not None:
        session.close()
    fresh = [survey_of(frame) for _ in range(4)]
    first = in_turn(
        {"first": lambda: pv.direct.mean(fresh.pop(), NAMES, by="domain").std_error}, runs=1
    )["first"]
    table.ours("the same, first call on a sample", first, note="columns are read and coded")


def _raked(table: Table, frame: pd.DataFrame) -> None:
    """One mean by 50 domains after raking on four margins, whose part in the variance counts."""
    wanted = targets(frame)
    raked = survey_of(frame).rake(wanted)
    swept = survey_of(frame).rake(wanted, residuals="sweep")  # svy's form
    sample: Any = None
    if installed("svy"):
        sample = peers.svy_sample(frame).weighting.rake(controls=wanted)
    table.measure(
        f"one mean by {DOMAINS} domains after raking on four margins",
        lambda: numbers(pv.direct.mean(swept, "y0", by="domain")),
        *peers.svy(
            lambda: peers.svy_made(sample.estimation.mean, ["y0"], by="domain"),
            bar=50,
            same=peers.same_svy,
        ),
        limit=reading(*(frame[f"m{k}"].to_numpy() for k in range(len(MARGINS)))),
        runs=1,
    )
    table.measure(
        "the same, with the exact residuals",
        lambda: numbers(pv.direct.mean(raked, "y0", by="domain")),
        note="the default",
    )


def _small(table: Table, frame: pd.DataFrame) -> None:
    """One mean by domains of fewer rows: small enough for every package (samplics takes half a minute for a million)."""
    survey = survey_of(frame)
    sample: Any = peers.svy_sample(frame) if installed("svy") else None
    session = peers.survey_r(peers.LINEAR, "survey", [frame[[*DESIGN, "y0"]]], [len(frame), 1])
    table.measure(
        f"one mean by {DOMAINS} domains, n = {len(frame):,}",
        lambda: numbers(pv.direct.mean(survey, "y0", by="domain")),
        *peers.svy(
            lambda: peers.svy_made(sample.estimation.mean, ["y0"], by="domain"), same=peers.same_svy
        ),
        *peers.samplics(frame, ["y0"], domain="domain"),
        *peers.in_r(session, "domain", same=same),
        limit=reading(*(frame[name].to_numpy() for name in ("w", "y0", "domain"))),
    )
    if session is not None:
        session.close()


def _frames(table: Table) -> None:
    """Check that pandas, polars and pyarrow tables, also with pyarrow's own types, give the same."""
    if not (installed("polars") and installed("pyarrow")):
        return
    import polars as pl
    import pyarrow as pa

    frame = data(SMALL)
    frame["domain"] = frame["domain"].astype(str)
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    arrow = pa.Table.from_pandas(frame)
    coded = arrow["domain"].dictionary_encode()
    every = [
        arrow,
        pl.from_pandas(frame),
        frame.convert_dtypes(dtype_backend="pyarrow"),
        pd.read_parquet(buffer, dtype_backend="pyarrow"),
        arrow.set_column(arrow.column_names.index("domain"), "domain", coded),
    ]
    wanted = pv.direct.mean(survey_of(frame), NAMES, by="domain")
    equal = []
    for other in every:
        found = pv.direct.mean(survey_of(other), NAMES, by="domain")
        equal.append(found.labels == wanted.labels)
        equal.append(np.allclose(numbers(found), numbers(wanted), rtol=1e-12, atol=0))
    single = survey_of(frame.astype({"y0": pd.ArrowDtype(pa.float32())}))
    short, long = (pv.direct.mean(one, "y0").value for one in (single, survey_of(frame)))
    equal.append(np.allclose(short, long, rtol=1e-6, atol=0))
    table.checked(
        "tables of polars and pyarrow as those of pandas", "polars and pyarrow", "", all(equal),
        note="pyarrow's own types, dictionaries and single precision too",
    )  # fmt: skip
