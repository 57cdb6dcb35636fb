"""Entries of `plot`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import (
    answers,
    comparison,
    definition,
    estimate,
    lists,
    quiet,
    survey,
)

from .lists import bracket, model_table, odds, reliability
from .measured import what_if
from .network import one_number, regional, validated, validation
from .shared import call

OFF = "off: for the protocol"


def drawn(
    maker: Callable[[Chance], Any], size: int | None = None, **more: Any
) -> Callable[[Chance], Call]:
    """Return the entry of a figure of one object."""

    def entry(r: Chance) -> Call:
        return call(
            r.of(maker, size), **r.maybe(0.3, lang=r.pick("en", "fr"), synthetic=True, **more)
        )

    return entry


@quiet
def flow(r: Chance) -> Any:
    return r.of(survey).weight_flow()


@quiet
def changes(r: Chance) -> Any:
    return r.of(definition).sensitivity(r.of(survey), contradictions="keep")


@quiet
def definitions(r: Chance) -> Any:
    return r.of(definition).compare(r.of(survey), contradictions="keep")


@quiet
def coefficients(r: Chance) -> Any:
    return pv.direct.regression(r.of(survey), "hours", ["age", "sex"], missing="drop")


def coverage(r: Chance) -> pd.DataFrame:
    found = {"estimate": ["wald", r.label()], "coverage": [r.real(0.5, 1), 0.955]}
    return pd.DataFrame({**found, "coverage mc error": [0.01, 0.0066], "samples": 1000})


@quiet
def figure(r: Chance) -> Any:
    import matplotlib.pyplot as plt

    ax = pv.plot.domains(r.of(estimate), disclosure=OFF)
    plt.close("all")
    return ax


@quiet
def domain_table(r: Chance) -> pv.Estimate:
    return pv.direct.prevalence(r.of(survey), "case", by=r.pick("sex", "half"), missing="drop")


ENTRIES: dict[str, Any] = {
    "plot.adjustments": drawn(one_number, transmission=(0.3, 0.9), degree_ratio=(0.5, 1.2)),
    "plot.coverage": drawn(coverage, level=0.9),
    "plot.definition_changes": drawn(changes),
    "plot.definitions": drawn(definitions),
    "plot.degrees": drawn(answers, largest=20, minimum=3, population=40_000),
    "plot.describe": lambda r: call(r.of(figure)),
    "plot.domains": drawn(domain_table, disclosure=OFF),
    "plot.forest": drawn(coefficients, leave_out=("age",), level=0.9),
    "plot.known_groups": drawn(validation, level=0.9, limits=(0.4, 2.5)),
    "plot.ladder": drawn(comparison, truth=0.2, both_ends=True),
    "plot.models": drawn(model_table, within=8.0, nearest=2, truth=300.0),
    "plot.overlap": drawn(lists, minimum=3, truth=300.0),
    "plot.recall": drawn(validated, form="curve", level=0.9),
    "plot.referral_bracket": drawn(bracket, truth=300.0),
    "plot.regions": drawn(regional, 2),
    "plot.reliability": drawn(reliability, 12, nearest=2, truth=300.0),
    "plot.sensitivity": drawn(odds, truth=300.0),
    "plot.tornado": drawn(what_if),
    "plot.weight_flow": drawn(flow),
}
