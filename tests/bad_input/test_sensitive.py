"""Bad input of sensitive questions: which message comes back, and that nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused, survey
from tests.bad_input.cases import rows as plain

COLUMNS = {
    "count": np.array([2.0, 1, 3, 2, 1, 0, 2, 3, 1, 4, 1, 2]),
    "other": np.array([1.0, 2, 1, 2, 2, 3, 1, 2, 1, 2, 2, 1]),
    "long": np.array([1.0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0]),
    "says": np.array([0.0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1]),
    "box": np.array(["a", "b"] * 6),
    "boxes": np.array(["a", "b", "c"] * 4),
}


def rows(**columns: Any) -> dict[str, Any]:
    return {**plain(), **COLUMNS, **columns}


def at(name: str, row: int, value: Any) -> dict[str, Any]:
    column = COLUMNS[name].copy()
    column[row] = value
    return rows(**{name: column})


def listed(**how: Any) -> Callable[[Any], Any]:
    given = {"treatment": "long", "items": 3, **how}
    return lambda data: pv.sensitive.list_difference(survey(data), "count", **given)


def double(counts: Any = ("count", "other"), **how: Any) -> Callable[[Any], Any]:
    given = {"treatment": "long", **how}
    return lambda data: pv.sensitive.double_list(survey(data), counts, **given)


def combined(direct: str = "says") -> Callable[[Any], Any]:
    return lambda data: pv.sensitive.list_combined(
        survey(data), "count", treatment="long", direct=direct, items=3
    )


def masked(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.sensitive.randomized_response(survey(data), "says", **how)


def probed(**how: Any) -> Callable[[Any], Any]:
    given = {"treatment": "long", "items": 3, **how}
    return lambda data: pv.sensitive.list_design_test(survey(data), "count", **given)


def cost(share: float = 0.05, **how: Any) -> Callable[[Any], Any]:
    return lambda _: pv.sensitive.relative_variance(share, **how)


ROWS = rows()
BAD = {
    "more than J + 1 on the long list": Bad(
        at("count", 6, 5.0),
        listed(),
        ValueError,
        r"count must be at most 4, the items of the long list, where treatment is 1: 1 of 12 rows is "
        r"not \(first: row 6, 5\)\. Correct them, or check which list was read and items=3\.",
    ),
    "J + 1 in the control group": Bad(
        at("count", 1, 4.0),
        listed(),
        ValueError,
        r"count must be at most 3, the items of the short list, where treatment is 0: 1 of 12 rows is "
        r"not \(first: row 1, 4\)",
    ),
    "a count that is not whole": Bad(
        at("count", 2, 1.5),
        listed(),
        ValueError,
        r"whole numbers of at least 0 in 'count'.*row 2, 1\.5",
    ),
    "a negative count": Bad(at("count", 2, -1.0), listed(), ValueError, r"first: row 2, -1"),
    "a count of 98": Bad(at("count", 0, 98.0), listed(), ValueError, r"first: row 0, 98"),
    "an infinite count": Bad(at("count", 3, np.inf), listed(), ValueError, "finite in 'count'"),
    "a missing count": Bad(
        at("count", 3, np.nan),
        listed(),
        ValueError,
        r"count must be complete: 'count' is missing in 1",
    ),
    "a missing treatment": Bad(
        at("long", 3, np.nan), listed(), ValueError, "treatment must be complete: 'long' is missing"
    ),
    "treatment coded 1 and 2": Bad(
        rows(long=COLUMNS["long"] + 1),
        listed(),
        ValueError,
        r"treatment must be 0 or 1 in 'long': 6 of 12 rows are not \(first: row 0, 2\)\. Code the list",
    ),
    "treatment in words": Bad(
        rows(long=np.array(["long", "short"] * 6)),
        listed(),
        TypeError,
        "treatment must be numbers: column 'long'",
    ),
    "treatment of one group": Bad(
        rows(long=np.zeros(12), count=COLUMNS["other"]),
        listed(),
        ValueError,
        r"treatment must have rows of both lists: all 12 rows that take part have 0 in 'long'",
    ),
    "an unknown column": Bad(ROWS, listed(treatment="lnog"), KeyError, "Did you mean 'long'"),
    "no items": Bad(
        ROWS, listed(items=0), ValueError, "items must be a whole number of at least 1"
    ),
    "missing of another word": Bad(
        ROWS, listed(missing="ignore"), ValueError, "missing must be one"
    ),
    "not a survey": Bad(
        ROWS,
        lambda data: pv.sensitive.list_difference(data, "count", treatment="long"),
        TypeError,
        "survey must be a Survey",
    ),
    "one list of two": Bad(ROWS, double(("count",)), ValueError, "counts must be two: found 1"),
    "a text for two lists": Bad(ROWS, double("count"), TypeError, "counts must be a list"),
    "three treatments": Bad(
        ROWS,
        double(treatment=("long", "long", "long")),
        ValueError,
        "treatment must be two: found 3",
    ),
    "three lengths": Bad(ROWS, double(items=(3, 3, 3)), ValueError, "items must be two: found 3"),
    "the second list too long": Bad(
        at("other", 0, 4.0),
        double(items=3),
        ValueError,
        "in 'other'|short list, where treatment is 0",
    ),
    "direct answers that are not 0 or 1": Bad(
        at("says", 4, 2.0), combined(), ValueError, r"direct must be 0 or 1 in 'says'.*row 4, 2"
    ),
    "an answer that is not 0 or 1": Bad(
        at("says", 4, 2.0), masked(p=0.7), ValueError, r"answer must be 0 or 1 in 'says'.*row 4, 2"
    ),
    "an unknown design": Bad(
        ROWS,
        masked(design="waner", p=0.7),
        ValueError,
        "design must be one of.*Did you mean 'warner'",
    ),
    "Warner without p": Bad(
        ROWS,
        masked(),
        ValueError,
        "p must be given for design='warner': found none. It is the prob",
    ),
    "Warner at a half": Bad(
        ROWS, masked(p=0.5), ValueError, r"p must make the answers depend on the trait: with p=0\.5"
    ),
    "crosswise at a half": Bad(
        ROWS, masked(design="crosswise", p=0.5), ValueError, "p must make the answers depend"
    ),
    "an unrelated question with probability 0": Bad(
        ROWS, masked(design="unrelated", p=0, q=0.2), ValueError, r"with p=0, q=0\.2 the answers"
    ),
    "forced answers for all": Bad(
        ROWS,
        masked(design="forced", p_yes=0.5, p_no=0.5),
        ValueError,
        "p_yes must make the answers depend",
    ),
    "forced answers for more than all": Bad(
        ROWS,
        masked(design="forced", p_yes=0.6, p_no=0.6),
        ValueError,
        r"p_yes \+ p_no must be at most 1: found 0\.6 \+ 0\.6",
    ),
    "two decks alike": Bad(
        ROWS, masked(design="kuk", p=(0.4, 0.4)), ValueError, "p must make the answers depend"
    ),
    "one deck": Bad(ROWS, masked(design="kuk", p=0.4), TypeError, "p must be a list: found 0.4"),
    "three decks": Bad(
        ROWS, masked(design="kuk", p=(0.4, 0.2, 0.1)), ValueError, "p must be two probabilities"
    ),
    "a probability in per cent": Bad(
        ROWS, masked(p=70), ValueError, r"p must lie between 0 and 1: found 70\. Write 0\.7\."
    ),
    "a probability in words": Bad(
        ROWS, masked(p="2/3"), TypeError, "p must be a number: found '2/3'"
    ),
    "q for Warner": Bad(
        ROWS, masked(p=0.7, q=0.2), ValueError, "q must not be given for design='warner': found 0.2"
    ),
    "random answers alone": Bad(
        ROWS, masked(p=0.7, random_answers=1), ValueError, "random_answers must be below 1"
    ),
    "a group for Warner": Bad(
        ROWS, masked(p=(0.7, 0.3), group="box"), ValueError, "group must not be given for design="
    ),
    "a group and q": Bad(
        ROWS,
        masked(design="unrelated", p=(0.7, 0.3), q=0.2, group="box"),
        ValueError,
        "q must not be given with group",
    ),
    "three groups": Bad(
        ROWS,
        masked(design="unrelated", p=(0.7, 0.3), group="boxes"),
        ValueError,
        "group must have two values in the rows that take part: 'boxes' has 3",
    ),
    "groups alike": Bad(
        ROWS,
        masked(design="unrelated", p=(0.7, 0.7), group="box"),
        ValueError,
        "p must differ between the groups",
    ),
    "groups by other labels": Bad(
        ROWS,
        masked(design="unrelated", p={"a": 0.7, "c": 0.3}, group="box"),
        ValueError,
        "p must name both groups of 'box', 'a' and 'b': found 'a', 'c'",
    ),
    "a mapping without a group": Bad(
        ROWS, masked(p={"a": 0.7, "b": 0.3}), TypeError, "p must be a number, or two for Kuk's"
    ),
    "an interval of one share for two groups": Bad(
        ROWS,
        masked(design="unrelated", p=(0.7, 0.3), group="box", interval="logit"),
        ValueError,
        "interval must be 'auto' or 'wald' with group",
    ),
    "an unknown interval": Bad(
        ROWS, masked(p=0.7, interval="exact"), ValueError, "interval must be"
    ),
    "a test of more inequalities than degrees of freedom": Bad(
        rows(
            count=np.array([0.0, 0, 1, 3, 2, 1, 3, 2, 0, 4, 5, 5]),
            long=np.array([1.0, 0] * 6),
        ),
        probed(items=5),
        ValueError,
        "the design must have more degrees of freedom than inequalities: found 4 for 5",
    ),
    "a share of 0": Bad(
        ROWS, cost(0.0, design="warner", p=0.7), ValueError, "share must lie between"
    ),
    "items of a device": Bad(
        ROWS,
        cost(design="warner", p=0.7, items=4),
        ValueError,
        "items must not be given for design",
    ),
    "a device of a list": Bad(
        ROWS, cost(design="list", p=0.7, items=4, item_share=0.4), ValueError, "p must not be given"
    ),
    "a list without items": Bad(
        ROWS, cost(design="list", item_share=0.4), ValueError, "items must be a whole number"
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_in_words(name: str) -> None:
    refused(BAD[name])


def test_a_domain_of_one_list_has_no_estimate() -> None:
    data = rows(count=np.array([2.0, 1, 2, 1, 1, 2, 2, 1, 1, 2, 1, 1]))
    data["area"] = np.where(data["long"] == 1, "one", "two")
    data["area"][[1, 3, 5]] = "one"
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no estimate"):
        e = pv.sensitive.list_difference(
            survey(data), "count", treatment="long", items=3, by="area"
        )
    assert np.isnan([e.value[1], e.std_error[1]]).all()
    assert e.facts["long"].tolist() == [6, 0]


def test_the_test_is_refused_where_a_list_lies_in_one_primary_unit() -> None:
    data = rows(long=np.array([1.0, 1] + [0.0] * 10), count=np.array([1.0, 2] + [1.0, 2] * 5))
    with pytest.raises(ValueError, match="both lists must be read in two primary units or more"):
        pv.sensitive.list_design_test(survey(data), "count", treatment="long", items=3)
