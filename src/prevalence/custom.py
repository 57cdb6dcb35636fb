"""From a function of the weights to an `Estimate` with its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import MAX_COVARIANCE, add_blocks
from .chain import Chain, linearise
from .engine import Recorder, RowSums, Theta
from .errors import note, text
from .estimand import SEVERAL, Estimand, by_row
from .estimate import Estimate
from .evaluate import Domains, Result, evaluate, units_known
from .facts import row_facts
from .frames import names_of
from .merged import refuse
from .survey import Survey, require_survey

__all__ = ["estimate", "influence"]

Array = NDArray[Any]
MAX_INFLUENCE = 250_000_000  # rows x values, two gigabytes
KEPT_DOMAINS = 4  # crossings that a survey keeps coded, since one is often asked of many outcomes


def domains_of(
    survey: Survey, by: str | Sequence[str], where: str | None, *, merged: str = "this estimator"
) -> Domains:
    """Return the domain of every row: the crossing of `by` among rows that meet `where`.

    `merged` names what needs one row for each person; empty where cells of a file do as well.
    """
    require_survey(survey)
    if merged:
        refuse(survey.merged, merged)
    names = tuple(names_of("by", by))
    if where is not None and not isinstance(where, str):
        raise TypeError(
            f'where must be a condition in words, such as "age >= 12": found {type(where).__name__}. '
            "Put true and false into a column of the data and name it."
        )
    held: dict[Any, Domains] = survey.__dict__.setdefault("_domains", {})
    if (names, where) not in held:
        made = _domains(survey, names, where)
        while len(held) >= KEPT_DOMAINS:
            held.pop(next(iter(held)))
        held[names, where] = made
    return held[names, where]


def _domains(survey: Survey, names: tuple[str, ...], where: str | None) -> Domains:
    code, labels = survey.table.codes(names, "by") if names else (None, [()])
    said = [survey.table.similar(name, "by") for name in names]
    said += [survey.table.unused(name, "by") for name in names]
    if where is not None:
        inside = survey.table.meets(where, survey.chain.weights, survey.copies)
        code = np.zeros(survey.n, dtype=np.intp) if code is None else code
        present, within = np.unique(code[inside], return_inverse=True)
        labels = [labels[k] for k in present]
        code = np.full(survey.n, -1)
        code[inside] = within
    notes = tuple(text for text in said if text)
    return Domains(code, tuple(tuple(label) for label in labels), names, notes)


def assemble(
    survey: Survey,
    result: Result,
    domains: Domains,
    *,
    outcomes: Sequence[str],
    unit: str,
    method: str,
    interval: str,
    citations: Sequence[str],
    facts: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
    assumptions: Sequence[str] = (),
    warnings: Sequence[str] = (),
    words: Mapping[str, Any] | None = None,
) -> Estimate:
    """Put values, uncertainty, labels and facts into an `Estimate`, rows outcome by outcome.

    `words` are those of the method: on how it was made, and for its sentences.
    """
    k = result.value.shape[0]
    names = list(outcomes) * k if len(outcomes) == 1 and k > 1 else list(outcomes)
    said = [*survey.notes, *domains.notes, *warnings, *result.warnings]
    lost = int((~np.isfinite(result.value)).any(axis=0).sum())
    if lost:
        message = f"{lost} of {domains.count} domains have no estimate (no rows with weight, or a zero denominator)."
        note(said, message)
    return Estimate(
        result.value.reshape(-1),
        add_blocks((result.block,), result.targets),
        labels=domains.labels * k,
        label_names=domains.names,
        outcomes=tuple(np.repeat(names, domains.count).tolist()),
        unit=unit,
        estimand=estimand_of(survey, names),
        method=method,
        interval_rule=interval,
        constants=constants or {},
        facts=facts,
        assumptions=tuple(assumptions),
        warnings=tuple(said),
        citations=tuple(citations),
        provenance={**provenance(survey), **_of_rows(survey, names), **(words or {})},
    )


def estimand_of(survey: Survey, names: Sequence[str]) -> Estimand:
    """Return what is estimated: the words of the survey, and of what coded its outcomes."""
    about = survey.about
    coded = [survey.coded.get(name) for name in dict.fromkeys(names)]

    def said(part: str) -> str:
        words = [getattr(c, part, "") or getattr(about, part) for c in coded]
        return "; ".join(dict.fromkeys(word for word in words if word))

    return Estimand(
        outcome=names[0] if len(set(names)) == 1 else SEVERAL,
        definition=said("definition"),
        definition_hash=said("definition_hash"),
        window=said("window"),
        denominator=said("denominator"),
        population=about.population,
        excludes=about.excludes,
    )


def _of_rows(survey: Survey, names: Sequence[str]) -> dict[str, Any]:
    """Return what each outcome of a joint estimate was coded by, for its table and sentences."""
    if len(set(names)) == 1 or not any(name in survey.coded for name in names):
        return {}
    return by_row({name: estimand_of(survey, [name]) for name in dict.fromkeys(names)})


def provenance(survey: Survey) -> dict[str, Any]:
    """Return how the weights and variances were made, in words."""
    about, design = survey.about, survey.design
    scheme, count = survey.scheme, len(design.stratum_labels)
    strata = "1 stratum" if count == 1 else f"{count:,} strata"
    return {
        "rows": about.rows,
        "psus": about.psus,
        "design": f"{design.stages[0].parent.size:,} {about.psus} in {strata}{design.words}"
        if units_known(survey)
        else f"{about.psus} not told: replicate weights came with the data",
        "weights": [step.name for step in survey.steps] or ["base weights only"],
        "variance": "linearised through every weighting step" if scheme is None else scheme.words,
    }


def estimate(
    survey: Survey,
    theta: Theta,
    *,
    unit: str = "mean",
    by: str | Sequence[str] = (),
    where: str | None = None,
    smooth: bool = True,
    outcome: str = "",
) -> Estimate:
    """Estimate any function of the weights, with its variance in every domain."""
    unit = text("unit", unit, "Write for example unit='ratio'.")
    outcome = text("outcome", outcome, "Name what is estimated, for tables.")
    domains = domains_of(survey, by, where, merged="")
    result = evaluate(survey, theta, domains, smooth=smooth)
    return assemble(
        survey,
        result,
        domains,
        outcomes=[outcome],
        unit=unit,
        method="custom",
        interval="wald",
        citations=["Binder (1983) doi:10.2307/1402588"],
        facts=row_facts(result, np.zeros(result.value.shape, dtype=int)),
    )


def influence(
    survey: Survey, theta: Theta, *, by: str | Sequence[str] = (), where: str | None = None
) -> Array:
    """Return the influence of every row on values x domains: every row is a unit of its own."""
    domains = domains_of(survey, by, where)
    rows = survey.base.size
    chain = Chain(survey.base, np.arange(rows), rows, survey.steps)
    sums = RowSums(chain.unit, rows, domains.code, domains.count, chain.weights != 0)
    with np.errstate(all="ignore"):  # one pass, to see how many values there are
        values = np.size(theta(Recorder(chain.weights, sums, [])))
    if values > MAX_COVARIANCE or values * rows > MAX_INFLUENCE:
        raise ValueError(
            f"influence must have at most {MAX_COVARIANCE:,} values and {MAX_INFLUENCE:,} numbers: "
            f"found {values:,} values of {rows:,} rows. Ask for fewer domains or outcomes at a "
            "time."
        )
    return linearise(chain, theta, sums)[1].dense()
