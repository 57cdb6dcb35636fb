"""Messages of surveys and of the engine that only unusual input brings about, one row each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest

import prevalence as pv
from prevalence import exports, pps, schemes
from prevalence.grammar import three_valued
from prevalence.simulate.write import write_tables
from prevalence.weighting import Subsample
from tests.bad_input.cases import replaced, rows, survey

Call = Callable[[], Any]
DEBT = pv.Indicator("q1 == 1")


def defined(**how: Any) -> pv.Definition:
    return pv.Definition("D", "1", indicators={"debt": DEBT}, rule=pv.AnyOf("debt"), **how)


class Rare(NamedTuple):
    """A call, and the kind and text of what it is answered with."""

    ask: Call
    kind: type[Exception]
    message: str


def table(data: Any, **how: Any) -> Any:
    return pv.direct.chi_square(survey(data), "row", "column", **how)


def crossed(row: str, column: str, **how: Any) -> Any:
    return table(replaced(row=list(row), column=list(column)), **how)


class Changing:
    """An estimator that answers otherwise at its second call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, w: Any) -> Any:
        self.calls += 1
        return rows()["age"] @ w * self.calls


class More:
    """An estimator that uses the weights more often at its second call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, w: Any) -> Any:
        self.calls += 1
        total = rows()["age"] @ w
        return total if self.calls == 1 else total + rows()["case"] @ w


def apart() -> Any:
    """Estimates of two designs of one name whose variance has negative coefficients."""
    data = replaced(p=np.repeat([0.2, 0.3, 0.4, 0.2, 0.3, 0.5], 2))
    how = {"fpc": "p", "pps": "overton", "pps_variance": "horvitz-thompson", "source": "one"}
    other = {**data, "ea": np.repeat(np.arange(6) + 1, 2)}
    one, two = (pv.direct.mean(survey(d, **how), "age") for d in (data, other))
    return one - two


def of_known_margins() -> Any:
    made = survey(rows()).rake({"sex": {"F": pv.uncertain(14, std_error=1), "M": 16.0}})
    return made.bootstrap(20, rng=1).estimate(lambda w: rows()["age"] @ w, smooth=False)


def exported(monkey: pytest.MonkeyPatch) -> Any:
    monkey.setattr(exports, "STATA_VARIABLES", 10)
    with tempfile.TemporaryDirectory() as folder:
        return survey(rows()).bootstrap(20, rng=1).export_weights(Path(folder) / "w.dta")


def preston() -> Any:
    data = replaced(n=np.full(12, 50.0), m=np.full(12, 9.0))
    made = survey(data, psu=None, stages=["ea", "key"], fpc=["n", "m"])
    return made.bootstrap(50_000_000, kind="preston", rng=1)


def many_pairs(monkey: pytest.MonkeyPatch) -> Any:
    monkey.setattr(schemes, "MAX_WHITENED", 5)
    data = replaced(p=np.repeat([0.2, 0.3, 0.4, 0.2, 0.3, 0.5], 2))
    made = survey(data, fpc="p", pps="overton", pps_variance="horvitz-thompson")
    return made.bootstrap(10, kind="generalised", rng=1)


def joint_of_many(monkey: pytest.MonkeyPatch) -> Any:
    monkey.setattr(pps, "MAX_JOINT", 2)
    pi = np.repeat([0.2, 0.3, 0.4, 0.2, 0.3, 0.5], 2)
    joint = np.outer(pi[::2], pi[::2])
    np.fill_diagonal(joint, pi[::2])
    return survey(replaced(p=pi), fpc="p", pps="joint", joint=joint)


def selected() -> Any:
    data = replaced(p=np.full(12, 0.5), **{"base weight from the selection": np.ones(12)})
    return pv.Survey.from_selection(data, ea_probability="p", psu="ea")


def in_a_file() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "taken").write_text("")
        return write_tables({}, Path(folder) / "taken" / "below")


def crowded() -> Any:
    return pv.simulate.cote_divoire(1, parameters=pv.simulate.CocoaParameters(areas=10_000))


RARE: dict[str, Rare] = {
    "a function that ignores the weights": Rare(
        lambda: survey(rows()).estimate(lambda w: np.array([1.0])),  # noqa: ARG005
        ValueError,
        "theta must use the weights: it multiplied nothing with them",
    ),
    "a function that changes": Rare(
        lambda: survey(rows()).estimate(Changing()),
        TypeError,
        "theta must be the same smooth function at every call",
    ),
    "a function that asks for more": Rare(
        lambda: survey(rows()).estimate(More()),
        TypeError,
        "z in `z @ w` must not depend on the weights",
    ),
    "a function of complex numbers": Rare(
        lambda: survey(rows()).estimate(lambda w: (rows()["age"] * 1j) @ w),
        TypeError,
        "z in `z @ w` must not depend on the weights",
    ),
    "a function that scales by a total": Rare(
        lambda: survey(rows()).estimate(lambda w: (rows()["case"] / (rows()["age"] @ w)[0]) @ w),
        TypeError,
        "z in `z @ w` must not depend on the weights",
    ),
    "two designs of one name": Rare(
        apart, ValueError, "columns with negative coefficients must come from one and the same"
    ),
    "a part of a table without rows": Rare(
        lambda: crossed("aaaabbbbcccc", "xxxxyyyyzzzz"),
        ValueError,
        "the table must not have whole parts empty: . of 9 cells are, and interactions",
    ),
    "a table of lone units": Rare(
        lambda: pv.direct.chi_square(
            survey(
                replaced(row=list("aabb" * 3), column=list("xyxy" * 3), ea=np.zeros(12)),
                strata=None,
                single_psu="certainty",
            ),
            "row",
            "column",
        ),
        ValueError,
        "the table must have more than one primary unit in some stratum: found no degrees",
    ),
    "more cells than units": Rare(
        lambda: pv.direct.chi_square(
            survey(
                replaced(
                    row=list("aaabbbaababb"),
                    column=list("xyzxyzzyxxyz"),
                    region=np.repeat(list("NNOPQR"), 2),
                ),
                single_psu="adjust",
            ),
            "row",
            "column",
            statistic="adjusted-wald",
        ),
        ValueError,
        "the table must have fewer cells than degrees of freedom for 'adjusted-wald': found 2",
    ),
    "a hypothesis of what is known": Rare(
        lambda: pv.direct.wald_test(pv.direct.mean(survey(replaced(one=np.ones(12))), "one")),
        ValueError,
        "rows must have a standard error above 0: 'one' has 0",
    ),
    "groups that do not vary": Rare(
        lambda: pv.direct.t_test(survey(replaced(same=np.array([1.0, 0] * 6))), "same", "sex"),
        ValueError,
        "outcome must vary within groups, in more than two primary units: the difference of 'same'",
    ),
    "replicates for nothing": Rare(
        lambda: pv.replicates_needed(
            pv.direct.mean(survey(replaced(one=np.ones(12))).bootstrap(20, rng=1), "one"), cv=0.1
        ),
        ValueError,
        "replicates_needed must have a standard error to go by: none of 1 rows has one",
    ),
    "estimated margins without a derivative": Rare(
        of_known_margins, ValueError, "an estimator that is not smooth must have known margins"
    ),
    "too many replicates to draw": Rare(
        preston, ValueError, "Preston's bootstrap must have at most 5e8 factors"
    ),
    "a column of base weights already": Rare(
        selected,
        ValueError,
        "data must not hold a column 'base weight from the selection', which is made here",
    ),
    "a condition on days": Rare(
        lambda: three_valued("day >= 5", {"day": np.array(["2024-01-01"], dtype="datetime64[D]")}),
        ValueError,
        "a condition must compare numbers with numbers and text with text: .*day >= 5",
    ),
    "a lognormal below 0": Rare(
        lambda: pv.uncertain(-1, std_error=1, kind="lognormal"),
        ValueError,
        "value must be positive for kind='lognormal': found -1",
    ),
    "limits too far apart for a share": Rare(
        lambda: pv.uncertain(0.5, 0.0, 1.0, kind="beta"),
        ValueError,
        "low and high must lie closer together for kind='beta' with value 0.5: found a width of 1",
    ),
    "keys of no field": Rare(
        lambda: pv.linkage_keys({"name": ["a", "b"]}, [], secret="".join(map(chr, range(40, 90)))),
        ValueError,
        "columns must name identifying fields: found none",
    ),
    "a lone unit at the second stage": Rare(
        lambda: survey(
            replaced(n=np.full(12, 50.0), m=np.full(12, 9.0), house=np.repeat(np.arange(6), 2)),
            psu=None,
            stages=["ea", "house"],
            fpc=["n", "m"],
        ),
        ValueError,
        "units of stage 2 must number two or more in every parent unit: 6 of 6 have one",
    ),
    "a class of which nobody was drawn": Rare(
        lambda: Subsample(
            np.array([0, 0, 1]), ("a", "b"), np.array([1.0, 0, 0]), np.ones(3), True, "subsample"
        ).apply(np.ones(3), strict=True),
        ValueError,
        r"classes must hold a drawn row with weight each: 1 of 2 do not \(first: b\)",
    ),
    "refusals that miss in a row": Rare(
        lambda: survey(replaced(lost=np.r_[np.nan, np.ones(11)])).nonresponse(
            None, refusals="lost"
        ),
        ValueError,
        r"refusals must be given: 1 of 12 rows is not \(first: row 0, nan\)\. Fill them in",
    ),
    "a name of imputations that is a number": Rare(
        lambda: pv.combine_imputations(
            [pv.direct.mean(survey(rows()), "age")] * 2, name=cast(Any, 3)
        ),
        TypeError,
        "name must be a text: found 3. Write a short name",
    ),
    "fewer than nobody right": Rare(
        lambda: pv.validated(correct=-1, tested=4),
        ValueError,
        "correct must be a whole number of at least 0: found -1. Give those classified",
    ),
    "an indicator without a name": Rare(
        lambda: pv.Definition("D", "1", indicators=cast(Any, {3: DEBT}), rule=pv.AnyOf("debt")),
        TypeError,
        "indicators must be a text: found 3. Write names as text",
    ),
    "a definition that is confirmed in numbers": Rare(
        lambda: defined(holes={"x": 3}),
        TypeError,
        "must be a text: found 3. Write in words what must be confirmed",
    ),
    "a definition that confirms a number": Rare(
        lambda: defined(holes={3: "x"}), TypeError, "must be a text: found 3. Write names"
    ),
    "a window that is a number": Rare(
        lambda: defined(window=12), TypeError, "window must be a text: found 12. Write one of the"
    ),
    "a label in a language that is a number": Rare(
        lambda: pv.Indicator("q1 == 1", labels=cast(Any, {3: "Debt"})),
        TypeError,
        "labels must be a text: found 3. Write languages as text",
    ),
    "a folder inside a file": Rare(
        in_a_file, NotADirectoryError, "folder must be a folder: 'taken' is a file"
    ),
    "areas drawn twice": Rare(
        crowded, ValueError, "areas must not be selected twice: .* Ask for fewer areas"
    ),
}
PATCHED: dict[str, tuple[Callable[[pytest.MonkeyPatch], Any], str]] = {
    "more variables than Stata holds": (exported, "a Stata file must have at most 10 variables"),
    "a form of too many units": (
        many_pairs,
        "a generalised bootstrap of this design must have at most 5 sampled units",
    ),
    "joint probabilities of many units": (
        joint_of_many,
        "joint must have strata of at most 2 primary units: one has 3",
    ),
}


@pytest.mark.parametrize("name", RARE)
@pytest.mark.filterwarnings("ignore:.*does not vary")
@pytest.mark.filterwarnings("ignore:.*no standard error")
@pytest.mark.filterwarnings("ignore:.*lie in one primary unit alone")
@pytest.mark.filterwarnings("ignore:weights are zero in")
@pytest.mark.filterwarnings("ignore:the predictors determine")
def test_it_is_refused_in_words(name: str) -> None:
    with pytest.raises(RARE[name].kind, match=RARE[name].message):
        RARE[name].ask()


@pytest.mark.parametrize("name", PATCHED)
def test_limits_are_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, message = PATCHED[name]
    with pytest.raises(ValueError, match=message):
        ask(monkeypatch)
