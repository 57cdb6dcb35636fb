"""Conditions at their limits, and what each refusal says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from prevalence.grammar import columns_of, compared, condition, parsed, three_valued

ROWS: dict[str, Any] = {
    "age": np.array([5.0, 12, 9, 17]),
    "sex": np.array(["F", "M", "F", "`age`"], dtype=object),
    "case": np.array([1.0, 0, 1, 0]),
    "count": np.array([1, 0, 1, 0], dtype=np.uint8),
    "sure": np.array([True, False, True, False]),
    "gone": np.full(4, np.nan),
    "some": np.array([1.0, np.nan, 0.0, np.nan]),
    "odd name": np.array([1.0, 2, 3, 4]),
    "said": np.array(["a", None, "b", None], dtype=object),
}
KINDS = "numbers with numbers and text with text"
TRUTHS = "compute with and compare values, not truths"
FIRST = [1, 0, 1, 0]


@pytest.mark.parametrize("text", ["case", "count", "sure", "not not case", "case and sure"])
def test_a_column_of_1_and_0_is_a_condition(text: str) -> None:
    assert condition(text, ROWS).astype(int).tolist() == FIRST
    assert three_valued(text, ROWS).must.astype(int).tolist() == FIRST


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age", "true or false for each row: 'age' is not"),
        ("case + 0", "true or false for each row: 'case + 0' is not"),
        ("sex and case", "combine truths with and, or, not: found text"),
        ("age and case", "a part of 'age and case' is neither 1 nor 0"),
        ("not age", "a part of 'not age' is neither 1 nor 0"),
        ("age = 12", "Write == for equal."),
        ("age >", "Correct it; put names with spaces or dots in backticks."),
        ("odd name > 1", "Correct it; put names with spaces or dots in backticks."),
        ("(age > 1) & case", "found BinOp in '(age > 1) & case'. Write and, or, not for & | ~."),
        ("(age > 1) | case", "Write and, or, not for & | ~."),
        ("~case", "Write and, or, not for & | ~."),
        ("age / 2 > 1", "found BinOp in 'age / 2 > 1'. Compute a column beforehand"),
        ("abs(age) > 1", "found Call in 'abs(age) > 1'. Compute a column beforehand"),
        ("age is 1", "compare with == != < <= > >= in: found Is in 'age is 1'"),
        ("sex + 1 > 1", "add and multiply numbers only: found text or a list in 'sex + 1 > 1'"),
        ("-sex > 1", "add and multiply numbers only"),
        ("age in ['F']", KINDS),
        ("age in [1, 'F']", KINDS),
        ("sex == 1", KINDS),
        ("sex != 1", KINDS),
        ("'F' == age", KINDS),
        ("age > 1 or sex != 1", KINDS),
        ("sex == age", KINDS),
        ("said < 'b'", "order text that is known in every row only: \"said < 'b'\" meets missing"),
        ("age == [1]", 'write lists on the right of "in"'),
        ("[1] == age", 'write lists on the right of "in"'),
        ("age in 1", 'write lists on the right of "in"'),
        ("age in [[1]]", 'write lists on the right of "in"'),
        (f"age < {2**999}", "found Constant in"),
        ("age < None", "found Constant in"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^a condition ") as caught:
        condition(text, ROWS)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age and case", "a part of 'age and case' is neither 1 nor 0"),
        ("sex and case", "a part of 'sex and case' is neither 1 nor 0"),
        ("age", "a part of 'age' is neither 1 nor 0"),
        ("(age > 1) + 1 > 1", TRUTHS),
        ("(age > 1) == (case > 0)", TRUTHS),
        ("(age > 1) == 1", TRUTHS),
        ("1 == (age > 1)", TRUTHS),
        ("-(not case) > 0", TRUTHS),
        ("(case or sure) + 1 > 1", TRUTHS),
        ("age is 1", "compare with == != < <= > >= in: found Is in 'age is 1'"),
        ("sex < 'F'", "compare text with == != in only: found Lt in"),
        ("'F' >= sex", "compare text with == != in only: found GtE in"),
        ("sex == 1", KINDS),
        ("1 == sex", KINDS),
        ("sex in [1]", KINDS),
        ("sex in ['F', 1]", KINDS),
        ("age == [1]", 'write lists on the right of "in"'),
    ],
)
def test_a_condition_with_unknown_rows_refuses_in_the_same_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^a condition ") as caught:
        three_valued(text, ROWS)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "must", "may"),
    [
        ("some", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("not some", [0, 0, 1, 0], [0, 1, 1, 1]),
        ("some > 0", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("0 < some", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("some in [0]", [0, 0, 1, 0], [0, 1, 1, 1]),
        ("some not in [0, 7]", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("some + 1 > 1", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("-1 < some < 1", [0, 0, 1, 0], [0, 1, 1, 1]),
        ("case and some", [1, 0, 0, 0], [1, 0, 0, 0]),
        ("case or some", [1, 0, 1, 0], [1, 1, 1, 1]),
        ("gone > 1", [0, 0, 0, 0], [1, 1, 1, 1]),
        ("1 > gone", [0, 0, 0, 0], [1, 1, 1, 1]),
        ("gone == 'F'", [0, 0, 0, 0], [1, 1, 1, 1]),  # of no kind
        ("gone in ['F']", [0, 0, 0, 0], [1, 1, 1, 1]),
        ("sex == gone", [0, 0, 0, 0], [1, 1, 1, 1]),
        ("said == 'a'", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("said != 'a'", [0, 0, 1, 0], [0, 1, 1, 1]),
        ("said in ['b', 'c']", [0, 0, 1, 0], [0, 1, 1, 1]),
        ("said not in ['b']", [1, 0, 0, 0], [1, 1, 0, 1]),
        ("age < 99999999999999999999", [1, 1, 1, 1], [1, 1, 1, 1]),
    ],
)
def test_rows_are_sure_or_may_be(text: str, must: list[int], may: list[int]) -> None:
    truth = three_valued(text, ROWS)
    assert truth.must.dtype == truth.may.dtype == bool
    assert (truth.must.astype(int).tolist(), truth.may.astype(int).tolist()) == (must, may)


def test_conditions_are_read_up_to_their_limits() -> None:
    assert condition("age > 1".ljust(100_000), ROWS).all()
    with pytest.raises(ValueError, match="at most 100,000 characters: found 100,001"):
        condition("age > 1".ljust(100_001), ROWS)
    assert condition(f"age < {2**998}", ROWS).all()
    levels = "not " * 98 + "case"  # a name is two
    assert condition(levels, ROWS).astype(int).tolist() == FIRST
    with pytest.raises(ValueError, match="at most 100 levels of one part inside another"):
        condition(f"not {levels}", ROWS)


def test_a_message_shows_200_characters_or_the_first_100() -> None:
    whole = "sex + 1 > 1".ljust(200)
    with pytest.raises(ValueError, match="numbers only") as caught:
        condition(whole, ROWS)
    assert f"in {whole!r}. " in str(caught.value)
    with pytest.raises(ValueError, match="numbers only") as caught:
        condition(whole + " ", ROWS)
    assert f"in {whole[:100]!r} and 101 more. " in str(caught.value)


def test_backticks_name_columns_but_not_within_quotes() -> None:
    assert condition("`odd name` > 2", ROWS).astype(int).tolist() == [0, 0, 1, 1]
    for text in ("sex == '`age`'", 'sex == "`age`"', "sex == '\\\n`age`'"):
        assert condition(text, ROWS).astype(int).tolist() == [0, 0, 0, 1]
        assert columns_of(text) == ["sex"]
    assert columns_of("`odd name` > 2 and case or age > case") == ["age", "case", "odd name"]
    node, names = parsed("`odd name` > _quoted_0")
    assert sorted(names.values()) == ["_quoted_0", "odd name"]
    assert {type(part).__name__ for part in [node]} == {"Compare"}
    names.clear()  # a copy: what is remembered of the text stays
    assert sorted(parsed("`odd name` > _quoted_0")[1].values()) == ["_quoted_0", "odd name"]


@pytest.mark.parametrize(
    ("text", "uses", "constants", "truths"),
    [
        ("age > 1", {"age": 1}, {"age": {1}}, set()),
        ("case", {"case": 1}, {"case": set()}, {"case"}),
        ("not case", {"case": 1}, {"case": set()}, {"case"}),
        ("-1 < age < 5", {"age": 1}, {"age": {-1, 5}}, set()),
        (
            "age in [1, 2] and (case or age == 3)",
            {"age": 2, "case": 1},
            {"age": {1, 2, 3}, "case": set()},
            {"case"},
        ),
        ("`odd name` == 'x'", {"odd name": 1}, {"odd name": {"x"}}, set()),
    ],
)
def test_columns_and_the_constants_they_meet_are_told(
    text: str, uses: dict[str, int], constants: dict[str, set[Any]], truths: set[str]
) -> None:
    found = compared(text)
    assert found is not None
    assert found == (Counter(uses), constants, truths)


@pytest.mark.parametrize(
    "text",
    [
        "age > case",
        "age + 1 > 2",
        "age == age",
        "1 == 1",
        "age in [case]",
        "age in [[1]]",
        "age in [(1, 2)]",
        "age > 1 and age > case",
        "age > case or age > 1",
        "not age > case",
        "age + 1",
        "1",
    ],
)
def test_columns_that_meet_more_than_constants_are_told_apart(text: str) -> None:
    assert compared(text) is None
