"""What every public function of an imperfect measurement answers to data that cannot carry it."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.bad_input.cases import unchanged

Array = NDArray[Any]
N = 240


def people() -> dict[str, Array]:
    """Return 240 persons in 24 clusters of four strata, with an answer to every kind of question."""
    rng = np.random.default_rng(62)
    case = (rng.random(N) < 0.4).astype(float)
    long = (np.arange(N) % 2).astype(float)
    screen = np.where(rng.random(N) < 0.9, case, 1 - case)
    gold = np.where(rng.random(N) < 0.5, case, np.nan)
    said = np.where(rng.random(N) < 0.75, case, 1 - case)
    children = rng.integers(4, 9, N).astype(float)
    return {
        "w": rng.uniform(1, 3, N),
        "region": np.repeat(["A", "B", "C", "D"], N // 4),
        "ea": np.repeat(np.arange(24), 10),
        "half": np.array(["x", "y"])[rng.integers(2, size=N)],
        "age": rng.integers(5, 18, N).astype(float),
        "case": case,
        "long": long,
        "count": rng.binomial(3, 0.4, N) + long * case,
        "count2": rng.binomial(3, 0.5, N) + (1 - long) * case,
        "direct": case * (rng.random(N) < 0.8),
        "said": said,
        "screen": screen,
        "gold": gold,
        "q1": np.where(rng.random(N) < 0.85, case, rng.random(N) < 0.1),
        "q2": np.where(rng.random(N) < 0.8, case, rng.random(N) < 0.1),
        "q3": np.where(rng.random(N) < 0.7, case, rng.random(N) < 0.15),
        "q4": np.where(rng.random(N) < 0.7, case, rng.random(N) < 0.1),
        "children": children,
        "cases": rng.binomial(2, 0.15, N).astype(float),
        "key": np.arange(N),
    }


REPORTS = {"key": np.arange(0, N, 4), "m": np.full(N // 4, 2.0), "sick": np.ones(N // 4)}
ITEMS = ["q1", "q2", "q3", "q4"]
WORK = {"treatment": "long", "items": 3}


def survey(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="region", psu="ea")


def definition() -> pv.Definition:
    indicators = {name: pv.Indicator(f"{name} == 1") for name in ITEMS}
    return pv.Definition("Work", "1", indicators=indicators, rule=pv.AtLeast(2))


def share(name: str) -> Callable[[pv.Survey], pv.Estimate]:
    return lambda s: pv.direct.prevalence(s, name)


class Asked(NamedTuple):
    """A question to a survey, and the columns that it reads."""

    ask: Callable[..., Any]
    columns: tuple[str, ...]
    domains: bool = True
    where: bool = True


def of(module: str, name: str, *given: Any, **how: Any) -> Callable[..., Any]:
    return lambda s, **more: getattr(getattr(pv, module), name)(s, *given, **{**how, **more})


FORCED = {"design": "forced", "p_yes": 0.1, "p_no": 0.1}
LISTED = ("count", "long")
# Every public function of the measurement issue that takes a survey; a new one is added here.
EVERY: dict[str, Asked] = {
    "list_difference": Asked(of("sensitive", "list_difference", "count", **WORK), LISTED),
    "double_list": Asked(
        of("sensitive", "double_list", ("count", "count2"), treatment="long", items=3),
        (*LISTED, "count2"),
    ),
    "list_combined": Asked(
        of("sensitive", "list_combined", "count", direct="direct", **WORK), (*LISTED, "direct")
    ),
    "list_placebos": Asked(
        of("sensitive", "list_placebos", "count", direct="direct", **WORK), (*LISTED, "direct")
    ),
    "list_design_test": Asked(
        of("sensitive", "list_design_test", "count", **WORK), LISTED, domains=False
    ),
    "list_regression": Asked(
        of("sensitive", "list_regression", "count", "age", **WORK), (*LISTED, "age"), domains=False
    ),
    "list_prevalence": Asked(
        of("sensitive", "list_prevalence", "count", "age", **WORK), (*LISTED, "age")
    ),
    "randomized_response": Asked(
        of("sensitive", "randomized_response", "said", design="warner", p=0.75), ("said",)
    ),
    "randomized_response_regression": Asked(
        of("sensitive", "randomized_response_regression", "said", "age", **FORCED),
        ("said", "age"),
        domains=False,
    ),
    "validation_subsample": Asked(
        of("misclassification", "validation_subsample", screen="screen", gold="gold"),
        ("screen", "gold"),
    ),
    "latent_class": Asked(
        of("misclassification", "latent_class", ITEMS, rng=1, starts=3), tuple(ITEMS)
    ),
    "local_dependence": Asked(
        of("misclassification", "local_dependence", ITEMS, rng=1, starts=3), tuple(ITEMS)
    ),
    "multiplicity": Asked(
        of("direct", "multiplicity", REPORTS, on="key", reporters="m", case="sick"), ("key",)
    ),
    "neighbourhood": Asked(
        of("direct", "neighbourhood", "cases", "children"), ("cases", "children")
    ),
}
# What takes estimates and not a survey.
CORRECTED: dict[str, Callable[[pv.Estimate], Any]] = {
    "rogan_gladen": lambda e: pv.misclassification.rogan_gladen(
        e, sensitivity=0.9, specificity=0.95
    ),
    "proxy": lambda e: pv.misclassification.proxy(e, sensitivity=0.8, false_report=0.02),
    "what_if": lambda e: pv.misclassification.what_if(
        e, sensitivity=(0.7, 0.9), false_report=(0.0, 0.02)
    ),
}
OTHER = {"relative_variance"}  # of numbers alone: rows in test_sensitive
OF_DEFINITIONS: dict[str, Callable[[pv.Survey], Any]] = {
    "classify": lambda s: definition().classify(s),
    "Survey.classify": lambda s: s.classify(definition()),
    "compare": lambda s: definition().compare(s),
    "sensitivity": lambda s: definition().sensitivity(s),
}


def test_every_public_function_is_here() -> None:
    functions = {
        name
        for module in (pv.sensitive, pv.misclassification)
        for name in module.__all__
        if not isinstance(getattr(module, name), type)
    }
    assert functions | {"multiplicity", "neighbourhood"} == set(EVERY) | set(CORRECTED) | OTHER


@pytest.mark.parametrize("name", EVERY)
def test_anything_but_a_survey_is_refused(name: str) -> None:
    for given in (people(), None, definition()):
        with pytest.raises(TypeError, match=r"^survey must be a Survey: found"):
            EVERY[name].ask(given)


@pytest.mark.parametrize("name", CORRECTED)
def test_anything_but_an_estimate_is_refused(name: str) -> None:
    wrong: list[Any] = [0.2, people(), None]
    for given in wrong:
        with pytest.raises(TypeError, match=r"apparent must be an [Ee]stimate"):
            CORRECTED[name](given)


def spoiled(column: Array) -> Iterator[tuple[str, Any]]:
    """Yield what a column may hold instead of answers."""
    row = np.arange(N)
    yield "text", np.where(row == 3, "yes", column.astype(str))
    yield "missing", np.where(row % 50 == 7, np.nan, column)
    yield "empty", np.full(N, np.nan)
    yield "infinite", np.where(row == 9, np.inf, column)
    yield "negative", np.where(row == 9, -1, column)
    yield "broken", np.where(row == 9, 0.5, column)
    yield "code 97", np.where(row == 9, 97, column)
    yield "zeros", np.zeros(N)
    yield "ones", np.ones(N)
    yield "dates", np.full(N, "2020-01-01", dtype="datetime64[D]")
    yield "None", np.full(N, None, dtype=object)
    yield "complex", column + 1j


# Whatever is asked: these are never answered with a number.
NEVER = ("text", "empty", "dates", "None", "complex", "infinite")
FREE = {
    "age",
    "key",
    "gold",
    "screen",
    "children",
}  # of which -1, 0.5 or 97 may be an answer, or nothing an absence


def estimate_in(found: Any) -> pv.Estimate:
    made = found if isinstance(found, pv.Estimate) else found.estimate
    assert isinstance(made, pv.Estimate)
    return made


def honest(found: Any, said: list[str]) -> None:
    """Check that no number stands for nothing: what is nan is said, and no standard error is 0."""
    made = estimate_in(found)
    told = " ".join([*said, *made.warnings])
    assert np.isfinite(made.value).all() or told
    assert not (made.std_error == 0).any()
    bounds = made.interval().reshape(-1, 2)
    assert (np.isfinite(bounds).all(axis=1) | bool(told)).all()


def in_words(error: Exception, words: str) -> None:
    """Check that an error is one of ours: it says which rule, on one line."""
    message = str(error)
    assert re.search(words, message), message
    assert "  " not in message


@pytest.mark.parametrize("name", EVERY)
def test_columns_that_are_no_answers_are_refused_or_flagged(name: str) -> None:
    asked = EVERY[name]
    for column in asked.columns:
        for kind, values in spoiled(people()[column]):
            data = {**people(), column: values}
            before = copy.deepcopy(data)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("error")
                warnings.simplefilter("always", pv.PrevalenceWarning)
                try:
                    found = asked.ask(survey(data))
                except (ValueError, TypeError, KeyError, pv.ConvergenceError) as error:
                    in_words(error, r"must |found|have |cannot")
                else:
                    assert kind not in NEVER or column in ("key", "gold", "screen"), kind
                    assert kind not in ("negative", "broken", "code 97") or column in FREE
                    honest(found, [str(said.message) for said in caught])
            unchanged(before, data)


@pytest.mark.parametrize("name", EVERY)
def test_names_and_conditions_are_checked(name: str) -> None:
    asked = EVERY[name]
    sample = survey(people())
    for column in asked.columns:
        data = {key: values for key, values in people().items() if key != column}
        with pytest.raises(KeyError, match=rf"must be a column of the data: '{column}' is not"):
            asked.ask(survey(data))
    with pytest.raises(ValueError, match=r"where must leave rows with weight: none of 240 meets"):
        asked.ask(sample, where="age > 99")
    with pytest.raises(ValueError, match="found Call in"):
        asked.ask(sample, where="open('x')")
    with pytest.raises(KeyError, match=r"must be a column of the data: 'agee' is not. Did you"):
        asked.ask(sample, where="agee > 9")
    if asked.domains:
        with pytest.raises(KeyError, match=r"by must be a column of the data: 'haf' is not. Did"):
            asked.ask(sample, by="haf")


@pytest.mark.parametrize("name", [name for name in EVERY if EVERY[name].domains])
def test_domains_that_cannot_tell_are_flagged(name: str) -> None:
    """One primary unit, one row, and rows that all say the same, beside the rest."""
    data = people()
    few = np.array(["rest"] * N, dtype=object)
    few[:10], few[10] = "one unit", "one row"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", pv.PrevalenceWarning)
        try:
            found = EVERY[name].ask(survey({**data, "few": few}), by="few")
        except (ValueError, pv.ConvergenceError) as error:
            in_words(error, "one unit|one row|rows")
        else:
            honest(found, [str(said.message) for said in caught])


@pytest.mark.parametrize("name", OF_DEFINITIONS)
def test_definitions_need_their_columns_and_answers(name: str) -> None:
    ask = OF_DEFINITIONS[name]
    data = people()
    before = copy.deepcopy(data)
    for column in ("q1", "age"):
        rest = {key: values for key, values in data.items() if key != column}
        with pytest.raises(KeyError, match=f"{column!r} is not|{column!r}"):
            ask(survey(rest))
    for kind, values in spoiled(data["q1"]):
        if kind in ("text", "dates", "complex", "infinite"):
            with pytest.raises((ValueError, TypeError), match=r"'q1'|q1 == 1"):
                ask(survey({**data, "q1": values}))
    unchanged(before, data)
