"""What every check says: the argument, the rule, what was found and what to do; and what it lets by."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.errors import (
    PrevalenceWarning,
    check_rows,
    check_words,
    generator,
    keeps,
    level_in_range,
    listening,
    mapping,
    no_column,
    note,
    nothing_named,
    number,
    one_of,
    sequence,
    shown,
    text,
    warn,
    whole,
)


@pytest.mark.parametrize("level", [1e-9, 0.5, 0.95, 1 - 1e-9, np.float64(0.9)])
def test_levels_from_edge_to_edge_are_taken(level: float) -> None:
    found = level_in_range(level)
    assert found == level
    assert type(found) is float


@pytest.mark.parametrize(
    ("level", "hint"),
    [
        (9e-10, "Write for example 0.95."),
        (1 - 9e-10, "Write for example 0.95."),
        (1, "Write for example 0.95."),
        (1.01, "Write 0.0101."),
        (95, "Write 0.95."),
        (99.9, "Write 0.999."),
        (100, "Write for example 0.95."),
        (-0.5, "Write for example 0.95."),
        ("0.95", "Write for example 0.95."),
        (None, "Write for example 0.95."),
        (float("nan"), "Write for example 0.95."),
    ],
)
def test_other_levels_are_refused_and_per_cent_are_told(level: Any, hint: str) -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1") as caught:
        level_in_range(level)
    assert str(caught.value) == f"level must lie between 0 and 1: found {level!r}. {hint}"


@pytest.mark.parametrize("value", [2, 3, np.int64(2), np.uint8(7)])
def test_whole_numbers_from_the_least_on_are_taken(value: Any) -> None:
    found = whole("rows", value, 2, "Give more.")
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("value", [1, 2.0, True, "2", None, np.float64(3), np.bool_(True)])
def test_other_numbers_are_no_whole_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match="rows must be") as caught:
        whole("rows", value, 2, "Give more.")
    assert str(caught.value) == (
        f"rows must be a whole number of at least 2: found {value!r}. Give more."
    )


def test_an_option_is_one_of_its_words() -> None:
    assert one_of("kind", "mean", ["mean", "median"]) == "mean"
    for value, hint in (
        ("maen", "Did you mean 'mean'?"),
        ("other", "Write one of them."),  # the words stand there already
        (3, "Write one of them."),
        (["mean"], "Did you mean 'mean'?"),
    ):
        with pytest.raises(ValueError, match="kind must be") as caught:
            one_of("kind", value, ["mean", "median"])
        assert str(caught.value) == f"kind must be one of mean, median: found {value!r}. {hint}"


def test_free_words_are_among_those_allowed_and_texts() -> None:
    check_words("describe", {"window": "2023"}, ["outcome", "window"])
    with pytest.raises(TypeError, match="describe takes outcome, window: found 'wimdow'") as caught:
        check_words("describe", {"wimdow": "2023"}, iter(["outcome", "window"]))
    assert str(caught.value).endswith(" Did you mean 'window'?")
    wrong: Any = {"window": 2023}
    with pytest.raises(TypeError, match="window must be one text: found int"):
        check_words("describe", wrong, ["window"])


@pytest.mark.parametrize("value", [3, 2.5, np.int64(3), np.array(2.5), pv.uncertain(3, 2, 4)])
def test_one_number_is_a_float(value: Any) -> None:
    found = number("size", value)
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize("value", ["3", b"3", None, [3], {}])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="size must be a number: found"):
        number("size", value)


def test_several_things_are_a_list_and_one_text_is_not() -> None:
    for value in ((1, 2), [1, 2], range(1, 3), np.array([1, 2]), iter([1, 2]), {1: "a", 2: "b"}):
        assert sequence("by", value, "Write [...].") == [1, 2]
    wrong: Any
    for wrong in ("ab", b"ab", 3, None, np.array(3)):
        with pytest.raises(TypeError, match=r"by must be a list: found .* Write it so"):
            sequence("by", wrong, "Write it so.")
    given = {"a": 1}
    own = mapping("codes", given, "Write {...}.")
    assert own == given
    assert own is not given
    with pytest.raises(TypeError, match=r"codes must be a mapping: found \[1\]\. Write it so"):
        mapping("codes", [1], "Write it so.")
    assert text("name", "a", "Write it.") == "a"
    with pytest.raises(TypeError, match=r"name must be a text: found 1\. Write it so"):
        text("name", 1, "Write it so.")


def test_what_is_found_is_shown_on_one_line() -> None:
    assert shown("x" * 78) == repr("x" * 78)  # 80 characters with its quotes
    assert shown(list(range(20))) == repr(list(range(20)))
    assert shown(list(range(40))) == "list of 40 rows"
    assert shown(np.arange(12.0).reshape(6, 2)) == "ndarray of 6 rows"

    class Long:
        def __repr__(self) -> str:
            return "y" * 81

    assert shown(Long()) == "Long"


def test_a_generator_comes_of_a_seed_or_is_itself() -> None:
    own = np.random.default_rng(3)
    assert generator(own) is own
    seed: Any
    for seed in (0, 7, np.int64(7)):
        assert generator(seed).random() == np.random.default_rng(seed).random()
    assert isinstance(generator(None), np.random.Generator)
    below: Any
    for below in (-1, np.int64(-1)):
        with pytest.raises(ValueError, match="rng must be a seed of at least 0: found -1"):
            generator(below)
    other: Any
    for other in ("1", 1.5, [1]):
        with pytest.raises(TypeError, match="rng must be an integer seed, a numpy Generator or"):
            generator(other)


def test_rows_that_break_a_rule_are_counted_and_the_first_is_shown() -> None:
    values = np.array([1.0, -2.5, 3.0, -4.0])
    check_rows("weights", "positive", values, values < -9, "Correct them.")
    with pytest.raises(ValueError, match="weights must be") as caught:
        check_rows("weights", "positive", values, values < 0, "Correct them.")
    assert str(caught.value) == (
        "weights must be positive: 2 of 4 rows are not (first: row 1, -2.5). Correct them."
    )
    with pytest.raises(ValueError, match=r"1 of 4 rows is not \(first: row 3, -4\)"):
        check_rows("weights", "positive", values, values < -3, "Correct them.")


def test_columns_that_are_not_there_have_errors_of_their_own() -> None:
    assert str(nothing_named("by")).startswith("by must name a column: found none.")
    assert no_column("by", "tow", " Did you mean 'town'?").args == (
        "by must be a column of the data: 'tow' is not. Did you mean 'town'?",
    )


def test_a_warning_points_at_the_line_that_asked() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warn("one")
        lost = pv.Survey({"y": [1.0, 0.0], "w": [1.0, 1.0]}).bootstrap(2, rng=1)
    assert lost is not None
    assert [w.filename for w in said] == [__file__] * len(said)
    assert said[0].category is PrevalenceWarning
    assert str(said[0].message) == "one"


@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_whoever_listens_hears_what_is_said_meanwhile() -> None:
    kept: list[str] = []
    with listening() as outer:
        warn("a")
        with listening() as inner:
            note(kept, "b")
        warn("c")
    warn("d")
    assert (outer, inner, kept) == (["a", "b", "c"], ["b"], ["b"])


@dataclass(frozen=True)
class Sample:
    notes: tuple[str, ...] = ("old",)


@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_a_sample_keeps_each_note_once_in_order() -> None:
    @keeps
    def verb(sample: Sample, *words: str, more: str = "") -> Sample:
        """Say words."""
        for word in (*words, *more.split()):
            warn(word)
        return Sample(sample.notes)

    assert verb(Sample(), "new", "old", "new", more="last").notes == ("old", "new", "last")
    assert verb(Sample()).notes == ("old",)
    assert verb.__name__ == "verb"
