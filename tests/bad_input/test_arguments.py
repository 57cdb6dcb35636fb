"""A failure of Python's own names the argument that does not fit, and leaves our own errors alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.arguments import explained
from prevalence.errors import warn
from prevalence.simulate.rehearsal.performance import performance
from tools.docstrings import public_names

Array = np.ndarray[Any, Any]


@explained
def broken(
    shares: Sequence[float] = (0.5,),
    *names: str,
    table: pd.DataFrame | None = None,
    sizes: Mapping[str, int] | None = None,
    pair: tuple[str, str] | None = None,
    many: tuple[float, ...] = (),
    of: Path | str = "",
    points: Array | None = None,
    maybe: bool = False,
    unknown: Any = None,
    **words: str,
) -> None:
    del shares, names, table, sizes, pair, many, of, points, maybe, unknown, words
    raise AttributeError("no argument is named")


def test_a_warning_needs_no_name_of_the_module_that_asks() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="said"):
        exec("warn('said')", {"warn": warn})  # noqa: S102


def test_public_methods_of_all_kinds_are_explained_and_no_others() -> None:
    @explained
    class Box:
        def __init__(self, size: int) -> None:
            self.size = [1][size]

        @classmethod
        def of(cls, size: int) -> object:
            """Make one."""
            return cls.__name__[size]

        @staticmethod
        def doubled(size: int) -> object:
            return [1][size]

        @staticmethod
        def _half(size: int) -> object:
            return [1][size]

        def _own(self, size: int) -> object:
            return [1][size]

    for made in (Box, Box.of, Box.doubled):
        with pytest.raises(TypeError, match="size must be a whole number: found 'a'"):
            made("a")  # type: ignore[arg-type]
    box = Box(0)
    for made in (box._half, box._own):
        with pytest.raises(TypeError, match="list indices"):
            made("a")  # type: ignore[arg-type]
    assert (Box.of.__doc__, Box.of.__name__) == ("Make one.", "of")
    assert Box.of.__qualname__.endswith("Box.of")
    assert Box.of.__module__ == __name__
    assert list(inspect.signature(Box.doubled).parameters) == ["size"]

    @explained
    def third(size: int) -> object:
        return [1][size]

    with pytest.raises(TypeError, match="size must be a whole number: found 'a'"):
        third("a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"shares": "a"}, r"shares must be a list: found 'a'. Write it as \[...\]"),
        ({"shares": [0.5, "a"]}, "shares must be a list: found"),
        ({"table": 3}, "table must be a pandas DataFrame: found 3. Pass a table"),
        ({"sizes": {"a": "b"}}, "sizes must be a mapping: found {'a': 'b'}. Write it as {name: value}"),
        ({"pair": ("a",)}, r"pair must be a tuple: found \('a',\). Write"),
        ({"many": ("a",)}, "many must be a tuple"),
        ({"of": 3}, "of must be a path or a text: found 3. Write the name of a file"),
        ({"points": ["a"]}, "points must be an array of numbers"),
        ({"maybe": 1}, "maybe must be True or False: found 1. Write one of them"),
        ({"other": 3}, "other must be a text: found 3. Write it in quotes"),
    ],
)  # fmt: skip
def test_the_first_argument_that_does_not_fit_is_named(how: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        broken(**how)
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"shares": [float("nan")]}, "shares must hold what can be used: found nan, which"),
        ({"shares": [1e300]}, r"shares must hold what can be used: found 1e\+300"),
        ({"of": "a\x00b"}, "of must hold what can be used: found a text with a null character"),
        ({"sizes": {}}, "sizes must hold what can be used: found {}"),
    ],
)
def test_numbers_that_are_none_are_named_where_every_kind_fits(
    how: dict[str, Any], found: str
) -> None:
    with pytest.raises(ValueError, match=found):
        broken(**{"shares": [0.5], "of": "a", **how})


@explained
def loud(error: Any, *, table: pd.DataFrame | None = None, draws: int = 1) -> None:
    del table, draws
    raise error


def test_a_table_with_values_of_another_kind_is_named() -> None:
    with pytest.raises(
        ValueError, match="table must be the table as it was made: found values that"
    ):
        loud(ValueError("could not convert"), table=pd.DataFrame({"x": ["a"]}))


def test_what_does_not_fit_in_memory_is_named() -> None:
    with pytest.raises(ValueError, match="draws must fit in memory: found 1000000"):
        loud(MemoryError(), draws=1_000_000)


def test_where_every_argument_fits_the_error_is_as_it_was() -> None:
    with pytest.raises(AttributeError, match="no argument is named"):
        broken([0.5], "a", of="a", unknown=object())


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    made = pv.uncertain(0.5, std_error=0.1)
    with pytest.raises(
        OSError, match="path must be a file or folder that can be used: file name too"
    ):
        made.save(tmp_path / ("x" * 400))


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1: found 'a'") as caught:
        pv.uncertain(0.5, std_error=0.1).interval("a")  # type: ignore[arg-type]
    assert caught.value.__cause__ is None


def test_arguments_that_a_call_does_not_take_are_pythons_to_tell() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        pv.mse.chapman(1, betwen=("a", "b"))  # type: ignore[call-arg, arg-type]


def test_every_public_name_is_explained() -> None:
    for each in public_names(pv):
        if each.function is not None:
            assert hasattr(each.function, "__wrapped__"), each.path
            assert inspect.signature(each.function) == inspect.signature(
                inspect.unwrap(each.function)
            )


SURVEY = pv.Survey({"case": [1, 0, 0, 0] * 10, "half": ["a", "b"] * 20})
LISTS = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
HOME = pd.DataFrame({"key": [7, 9]})
TABLES = pv.Microdata.from_codes({"home": HOME}, [])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: pv.direct.prevalence(SURVEY, "case").take([0.5]), ValueError, "rows must be positions"),  # type: ignore[arg-type]
        (lambda: pv.direct.prevalence(SURVEY, "case").take([1]), ValueError, "found 1 for 1 rows"),  # type: ignore[arg-type]
        (lambda: pv.mse.models(LISTS).label(9), ValueError, "row must be a place in the table of 1 models: found 9"),
        (lambda: pv.mse.models(LISTS).range(-1), ValueError, "within must be 0 or more: found -1"),
        (lambda: TABLES.parent_rows("child"), KeyError, "child must be a table with a link: 'child' has none"),
        (lambda: pv.solve(np.ones(3), np.ones(3)), ValueError, r"matrix must have shape \(p, p, columns\)"),
        (lambda: pv.nsum.recalled_size([-1.0], 100), ValueError, "size must be numbers of people above 0: 1 of 1"),
        (lambda: pv.plot.weight_flow(SURVEY.weight_flow().assign(min=0)), ValueError, "flow must hold weights above 0"),
        (lambda: pv.misclassification.what_if(pv.direct.prevalence(SURVEY, "case"), sensitivity=[[0.5, [1]], 0.8], false_report=[0]), TypeError, "sensitivity must be a number"),  # type: ignore[list-item]
    ],
)  # fmt: skip
def test_what_random_calls_found(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_a_standardised_share_that_cannot_vary_says_so() -> None:
    survey = pv.Survey({"case": [0.0] * 20, "sex": ["F", "M"] * 10})
    with pytest.warns(
        pv.PrevalenceWarning, match="'case' does not vary .* its standard error is 0"
    ):
        pv.direct.standardised(survey, "case", over="sex", population={"F": 1, "M": 1})


def test_a_total_that_every_sample_gives_says_so() -> None:
    survey = pv.Survey({"one": [1.0] * 20, "sex": ["F", "M"] * 10})
    for found in (
        pv.direct.total(survey, "one"),
        pv.direct.counts(pv.Survey({"one": ["a"] * 9}), "one"),
    ):
        (said,) = found.warnings
        assert re.search(r"total of 'one.*' has a standard error of 0", said)


def test_a_table_with_a_row_twice_is_protected() -> None:
    table = pv.direct.prevalence(SURVEY, "case").to_frame()
    kept = pv.disclosure.protect(pd.concat([table, table]), minimum_cases=1)
    assert len(kept) == 2


def test_too_few_draws_for_survey_weights_are_refused() -> None:
    rng = np.random.default_rng(1)
    data = {name: rng.poisson(3, 30) for name in ("police", "nurses", "hidden")}
    known = {"police": 1000, "nurses": 1500}
    with pytest.raises(pv.ConvergenceError, match=r"draws must spread in all .* weights='pseudo'"):
        pv.nsum.fit(
            pv.Survey(data), "hidden", known=known, population=50_000, weights="pseudo",
            chains=1, draws=4, warmup=4, rng=1,
        )  # fmt: skip


def test_an_estimator_with_one_estimate_has_no_figures_and_says_so() -> None:
    row = {"estimator": "lists", "domain": "all", "estimate": 90.0, "std_error": 9.0, "low": 70.0}
    rows = [{**row, "high": 120.0, "truth": 100.0, "noted": False}]
    with pytest.warns(
        pv.PrevalenceWarning, match="'lists' has an estimate in fewer than two samples"
    ):
        table = performance([*rows, {"estimator": "lists", "reason": "no overlap"}], 2)
    assert table["mean"].tolist() == [90.0]
    assert table[["bias", "coverage_mc"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: pv.validated(correct=9, tested=10, name=["a"]), "name must be a text"),  # type: ignore[arg-type]
        (lambda: pv.uncertain(0.5, std_error=0.1, name=3), "name must be a text"),  # type: ignore[arg-type]
        (lambda: pv.Microdata.from_codes({"home": HOME}, [{}]), "variables must be a list"),  # type: ignore[list-item]
    ],
)  # fmt: skip
def test_words_and_parts_are_of_their_kind(call: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        call()


LIST_CASES = pv.simulate.lists(200, rng=1)
STRAY = pv.microdata.Variable("work", "child", "choice")
SMALL = pv.Survey({"hidden": [1, 0, 1], "police": [2, 1, 1]})


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (
            lambda: pv.Microdata.from_codes({"home": HOME}, [STRAY]),
            KeyError,
            "variables must be of the tables given: 1 of 1 are of none .first: 'work' of 'child'",
        ),
        (
            lambda: LIST_CASES.audit(LIST_CASES.records["person"]),
            TypeError,
            "kept must be a Series of True and False with the .* rows of captures",
        ),
        (
            lambda: pv.nsum.sensitivity(
                pv.nsum.scale_up(SMALL, "hidden", known={"police": 1000}, transmission=1),
                transmission=[],
            ),
            ValueError,
            "transmission must hold values to try: found none",
        ),
        (
            lambda: pv.direct.mean(SMALL, "hidden").interval(1e-300),
            ValueError,
            "level must lie between 0 and 1: found 1e-300",
        ),
    ],
)
def test_parts_are_those_that_belong_there(call: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        call()


def test_a_what_if_says_where_there_is_no_interval() -> None:
    table = {"case": [0.0, 1.0, 0.0, 0.0], "region": ["N", "S", "S", "S"]}
    with pytest.warns(pv.PrevalenceWarning):
        share = pv.direct.prevalence(pv.Survey(table), "case", by="region")
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no interval"):
        told = pv.misclassification.what_if(share, sensitivity=[0.9], false_report=[0.0])
    assert "no interval" in told.warnings[0]
    assert told.to_frame()["conf_low"].isna().tolist() == [True, False]


def test_a_truth_without_its_columns_is_refused() -> None:
    with pytest.raises(
        KeyError, match="truth must be a table of true values: column 'id' is missing"
    ):
        pv.datasets.true_values(pd.DataFrame({"value": [1]}), "a")


def test_a_quantile_without_a_limit_at_the_usual_level_says_so() -> None:
    survey = pv.Survey({"age": np.arange(20.0)})
    with pytest.warns(
        pv.PrevalenceWarning, match="1 of 1 quantiles lack a limit at the level of 0.95"
    ):
        pv.direct.quantile(survey, "age", 0.1, level=0.8)


def test_shares_that_the_design_fixes_say_so() -> None:
    survey = pv.Survey({"area": ["n", "s"] * 20}, strata="area")
    (said,) = pv.direct.proportions(survey, "area").warnings
    assert "the share of 'area = n' has a standard error of 0" in said


@pytest.mark.parametrize("wrong", [{"truth": -3.0}, {"published": (0.0, 5.0)}, {"truth": np.inf}])
def test_sizes_beside_a_figure_are_above_0(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="truth and published must be numbers of people above 0"):
        pv.plot.sensitivity(pv.mse.sensitivity(LISTS), **wrong)


def test_what_cannot_be_named_is_refused_before_it_is_estimated() -> None:
    with pytest.raises(TypeError, match="outcome must be a text: found"):
        SURVEY.estimate(lambda w: np.ones(40) @ w, outcome=["mine"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="strata must be the name of a column"):
        pv.Lists({"A": [1, 0, 1], "B": [0, 1, 1]}, ["A", "B"], strata=np.array(2.0))


def test_shapes_of_a_recall_curve_are_above_0() -> None:
    data = {"priests": [1, 1, 0, 2], "police": [2, 1, 1, 4], "drivers": [12, 11, 7, 20]}
    known = {"priests": 400, "police": 1000, "drivers": 10_000}
    recall = pv.nsum.validate(pv.Survey(data), known=known).recall()
    with pytest.raises(ValueError, match="shapes must be above 0: found -1"):
        recall.sweep([-1])


def test_failures_that_no_argument_explains_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="the disk is full"):
        loud(RuntimeError("the disk is full"), draws=True)
    with pytest.raises(AttributeError, match="mine"):
        loud(AttributeError("mine"), draws=3)


def test_true_values_of_a_figure_are_one_for_each_row() -> None:
    halves = pv.direct.prevalence(SURVEY, "case", by="half")
    for draw in (pv.plot.domains, pv.plot.ladder):
        given: Any = halves if draw is pv.plot.domains else pv.compare({"a": halves})
        with pytest.raises(
            ValueError, match="truth must be one number, or one for each row: found 3"
        ):
            draw(given, truth=[0.1, 0.2, 0.3])


def test_a_standard_deviation_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match="area_sd must be from 0 to 20: found -1"):
        pv.simulate.answers(40, clusters=10, area_sd=-1.0, rng=1)


def test_a_variance_of_two_rows_says_that_its_standard_error_tells_nothing() -> None:
    survey = pv.Survey({"age": [3.0, 9.0]})
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 variances have a standard error of 0"):
        pv.direct.variance(survey, "age")


def test_a_size_that_is_an_array_of_one_number_is_one_number() -> None:
    given: Any = {"degree": 180, "size": 5_000, "population": 2.8e6}
    size: Any = np.array(20_000)
    one = pv.nsum.precision(500, known=size, **given)
    assert one.cv == pv.nsum.precision(500, known=20_000, **given).cv


@pytest.mark.parametrize("made", ["no number", None, 3.0])
def test_a_function_of_the_weights_returns_numbers_per_column(made: Any) -> None:
    for survey in (SURVEY, SURVEY.jackknife()):
        with pytest.raises(ValueError, match="theta must return one value per column"):
            survey.estimate(lambda w: (np.ones(40) @ w, made)[1])


def test_items_of_a_shard_are_several() -> None:
    with pytest.raises(TypeError, match="items must be a list: found 3"):
        pv.run_shard(abs, 3, 0, of=1)  # type: ignore[arg-type]
