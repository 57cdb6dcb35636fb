"""Cells of `evidence.coverage.sensitive_coverage`: how people are sampled and answer, and what estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import prevalence as pv

from . import sensitive_answers as asked
from .measured_estimators import IMPUTED, REPORTS, SUBSAMPLES, screens
from .measured_samples import Refusals, Reports, Screened
from .sensitive_answers import Answers

__all__ = ["ALLOWED", "CELLS", "LISTS", "By", "Cell", "Estimator"]

Array = NDArray[Any]
By = str | tuple[()]  # what tells samples apart
Estimator = Callable[[pv.Survey, By], pv.Estimate]
LIST: dict[str, Any] = {"treatment": "treated", "items": len(asked.ITEMS)}


def _list(name: str, counts: Any = "count", **how: Any) -> Estimator:
    def found(survey: pv.Survey, by: By) -> pv.Estimate:
        made: pv.Estimate = getattr(pv.sensitive, name)(survey, counts, by=by, **LIST, **how)
        return made

    return found


def _device(column: str, **how: Any) -> Estimator:
    def found(survey: pv.Survey, by: By) -> pv.Estimate:
        return pv.sensitive.randomized_response(survey, column, by=by, **how)

    return found


LISTS: dict[str, Estimator] = {
    "list_difference": _list("list_difference"),
    "double_list": _list("double_list", ("count", "other")),
    "list_combined": _list("list_combined", direct="direct"),
}
DEVICES: dict[str, Estimator] = {
    f"randomized_response, {name}": _device(name, design=name, **shape)
    for name, shape in asked.DEVICES.items()
} | {
    "randomized_response, two groups": _device(
        "two groups", design="unrelated", p=asked.TWO_GROUPS, group="group"
    )
}
ALLOWED = {
    f"randomized_response, {name}, random_answers=0.1": _device(
        name, design=name, random_answers=0.1, **asked.DEVICES[name]
    )
    for name in ("crosswise", "forced")
}
MODELS: dict[str, Estimator] = {
    f"list_prevalence, {method}": _list("list_prevalence", predictors=["x"], method=method)
    for method in ("ml", "nls")
}
DIRECT: dict[str, Estimator] = {
    "direct answers": lambda survey, by: pv.direct.prevalence(survey, "direct", by=by),
}


class Made(Protocol):
    """A population that samples are drawn from."""

    @property
    def units(self) -> int: ...

    @property
    def people(self) -> int: ...

    @property
    def truth(self) -> float: ...

    def drawn(self, samples: int, rng: np.random.Generator, /) -> dict[str, Array]: ...


@dataclass(frozen=True)
class Cell:
    """A way of sampling and answering, and estimators.

    `single`: one sample at a time; `beside`: also as if people were drawn one by one.
    """

    part: str
    name: str
    made: Made
    estimators: Mapping[str, Estimator] = field(default_factory=lambda: {**LISTS, **DEVICES})
    single: bool = False
    beside: bool = True


COMMON = Answers(prevalence=0.25)
COMMONER, RARER = (0.6, 0.7, 0.8, 0.8), (0.1, 0.2, 0.2, 0.3)
EQUAL = Answers(prevalence=0.25, icc=0.0, items=(0.4,) * 4, slope=0.5)
ASKED = [
    *(
        Cell("grid", f"{pi:.0%}, icc {icc:g}", Answers(pi, icc))
        for pi in (0.05, 0.25)
        for icc in (0.0, 0.05, 0.2)
    ),
    *(
        Cell("few units", f"{units} primary units of 40", Answers(units=units, people=40))
        for units in (8, 12, 20)
    ),
    Cell(
        "lists by primary unit", "whole units read one list", replace(COMMON, by_unit=True), LISTS
    ),
    *(
        Cell("breaks", name, replace(COMMON, **how), which)
        for name, how, which in (
            ("common items, half at the ceiling hide", {"items": COMMONER, "ceiling": 0.5}, LISTS),
            ("rare items, half at the floor hide", {"items": RARER, "floor": 0.5}, LISTS),
            ("a tenth of items suppressed", {"suppressed": 0.1}, LISTS),
            ("5 % say yes falsely", {"false_yes": 0.05}, LISTS),
            ("half do not say yes directly", {}, DIRECT),
            ("10 % answer by chance", {"chance": 0.1}, {**DEVICES, **ALLOWED}),
            ("10 % always answer 0", {"always_no": 0.1}, DEVICES),
        )
    ),
    *(
        Cell("models", name, made, MODELS, single=True, beside=False)
        for name, made in (
            ("binomial items", EQUAL),
            ("binomial items, icc 0.05", replace(EQUAL, icc=0.05)),
            ("unequal items", replace(EQUAL, items=asked.ITEMS)),
            ("items that go together", replace(EQUAL, spread=1.0)),
        )
    ),
]


def _screen(part: str, name: str, made: Screened) -> Cell:
    return Cell(part, name, made, screens(made), single=True, beside=False)


def _reports(part: str, name: str, made: Reports) -> Cell:
    return Cell(part, name, made, REPORTS, single=True)


def _subsample(part: str, name: str, made: Screened) -> Cell:
    return Cell(part, name, made, SUBSAMPLES, single=True, beside=False)


SMALL = Screened(prevalence=0.01, specificity=0.98, validated_specificity=0.98, others=200)
REFUSED = Refusals()
MEASURED = [
    _screen("screen", "1 %, specificity 0.98 (200)", SMALL),
    _screen("screen", "3 %, specificity 0.97 (300)", Screened()),
    _screen("screen", "10 %, specificity 0.97 (300)", Screened(prevalence=0.1)),
    _screen("breaks", "validated on clear cases", Screened(validated_sensitivity=0.97)),
    _screen("breaks", "validated on clear others", Screened(validated_specificity=0.99)),
    _screen("breaks", "proxies find 0.6, not 0.85", Screened(prevalence=0.1, sensitivity=0.6)),
    _subsample("subsample", "12 %", Screened(prevalence=0.12, specificity=0.93)),
    _subsample("subsample", "3 %", Screened(specificity=0.93)),
    _subsample("breaks", "gold standard finds 0.8", Screened(prevalence=0.12, gold=0.8)),
    _subsample("breaks", "0.4 of cases refuse it", Screened(prevalence=0.12, refused=0.4)),
    _reports("reports", "5 %", Reports()),
    _reports("reports", "2 %, icc 0.1", Reports(prevalence=0.02, icc=0.1)),
    _reports("breaks", "cases known to half as many", Reports(known_case=0.05)),
    _reports("breaks", "half of the reporters counted", Reports(counted=0.5)),
    Cell("imputation", "icc 0.05", REFUSED, IMPUTED),
    Cell("imputation", "icc 0.2", replace(REFUSED, icc=0.2), IMPUTED),
]
CELLS = [*ASKED, *MEASURED]
