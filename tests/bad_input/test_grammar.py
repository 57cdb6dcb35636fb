"""Conditions that try to run something, to exhaust the machine, or that mean nothing."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.grammar import columns_of, compared, condition, three_valued
from tests.bad_input.cases import unchanged

WORDS = np.array(["F", "M", "F", "`age`"], dtype=object)
ROWS: dict[str, Any] = {
    "age": np.array([5.0, 12, 9, 17]),
    "sex": WORDS,
    "case": np.array([1.0, 0, 1, 0]),
    "count": np.array([1, 0, 1, 0]),
    "small": np.array([100, 3, 4, 5], dtype=np.int8),
    "odd name": np.array([1.0, 2, 3, 4]),
    "_quoted_0": np.array([9.0, 9, 0, 0]),
}
RUNS = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__() == 1",
    "age.__class__ == 1",
    "age()",
    "open('x') == 1",
    "eval('1') == age",
    "age[0] == 1",
    "age[:] == 1",
    "[x for x in age] == 1",
    "{x for x in age} == 1",
    "{x: 1 for x in age} == 1",
    "(x for x in age) == 1",
    "(age := 1) == 1",
    "(lambda: 1) == age",
    "(lambda: age)() == 1",
    "f'{age}' == sex",
    "f'{age.__class__}' == sex",
    "1 if age else 0",
    "age in {1, 2}",
    "age == {1: 2}",
    "age == (yield)",
    "await age",
    "age in [*sex]",
    "print",
]
GROWS = [
    "9 ** 9 ** 9 ** 9 > age",
    "age ** 2 > 1",
    "1 << 10000000000 > age",
    "'a' * 10000000000 == sex",
    "[1] * 10000000000 == age",
    "age > " + "9" * 5000,
    "age > 0x" + "f" * 5000,
    "age > 1j",
    "age > ...",
    "age / 0 > 1",
    "age // 0 > 1",
    "age % 0 > 1",
    "age @ age > 1",
    "~age > 1",
]
DEEP = [
    "(" * 5000 + "age > 1" + ")" * 5000,
    "[" * 150 + "1" + "]" * 150 + " == age",
    "not " * 5000 + "case",
    "not " * 24_000 + "case",
    "-" * 1000 + "age > 1",
    "-" * 90_000 + "age > 1",
    "age" + " + age" * 3000 + " > 1",
    "age" + " + age" * 15_000 + " > 1",
    "(" * 50_000,
    "age > 1" + " and (age > 1" * 2000 + ")" * 2000,
]
SENSELESS = [
    "",
    " ",
    "\n",
    "age >",
    "age = 1",
    "age => 1",
    "age >= 12; 1",
    "age >= 12\nimport os",
    "import os",
    "age > 1\0",
    "\ud800 > 1",
    "sex == '\ud800'",
    "`age > 1",
    "`` > 1",
    "b'F' == sex",
    "age == None",
    "age is None",
    "age is 1",
    "age is not case",
    "age == 12 = 3",
    "age <> 1",
    "age & case",
    "age in 'abc'",
    "age in 5",
    "age in [age]",
    "age in [[1]]",
    "age in [1, [2]]",
    "[1, 2] in age",
    "age in [1] in [2]",
    "[age] == [1]",
    "(age, case) == (1, 2)",
    "age > (1,)",
    "age in ['F']",
    "sex in [1]",
    "sex in ['F', 1]",
    "age < 'a'",
    "-sex == 'F'",
    "sex + sex == 'FF'",
    "not age",
    "not sex",
    "age and case",
    "sex or case",
]
CONSTANT = ["1", "True", "1 == 1", "'a' == 'a'", "1 in [1]", "[] == []"]


def kept(text: str, ask: Any) -> Any:
    """Return what is answered or the text of the refusal; what was given is as it was."""
    data = copy.deepcopy(ROWS)
    try:
        return ask(text, data)
    except ValueError as error:
        return str(error)
    finally:
        unchanged(ROWS, data)


@pytest.mark.parametrize(
    "text", [*RUNS, *GROWS, *DEEP, *SENSELESS], ids=lambda text: repr(text[:30])
)
def test_conditions_refuse_what_is_no_condition(text: str) -> None:
    for ask in (condition, three_valued):
        if text == "print":
            with pytest.raises(KeyError):
                ask(text, ROWS)
            continue
        message = kept(text, ask)
        assert isinstance(message, str), (ask, text)
        assert message.startswith("a condition ")
        assert len(message) < 500


@pytest.mark.parametrize("text", [*RUNS[:-1], *GROWS[:3], *DEEP], ids=lambda text: text[:30])
def test_what_is_refused_is_refused_before_any_column_is_read(text: str) -> None:
    for ask in (columns_of, compared, pv.Indicator):
        with pytest.raises(ValueError, match=r"^a condition "):
            ask(text)


@pytest.mark.parametrize("text", CONSTANT)
def test_a_condition_on_no_column_is_none(text: str) -> None:
    assert str(kept(text, condition)).startswith("a condition ")
    with pytest.raises(ValueError, match=r"must name a column of the data|must write lists"):
        pv.Indicator(text)


def test_a_condition_that_is_too_long_is_refused_with_its_length() -> None:
    text = " and ".join(["age > 1"] * 20_000)
    with pytest.raises(ValueError, match=r"at most 100,000 characters: found 239,995\. Compute"):
        condition(text, ROWS)


def test_long_lists_of_codes_and_a_hundred_levels_are_read() -> None:
    codes = f"count in [{', '.join(map(str, range(2000)))}]"
    assert condition(codes, ROWS).all()
    assert condition("not " * 96 + "case", ROWS).tolist() == [True, False, True, False]
    assert condition("age" + " + age" * 90 + " > 1", ROWS).all()


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("not (count > 0)", [0, 1, 0, 1]),
        ("not (count in [1])", [0, 1, 0, 1]),
        ("count in [0, 1]", [1, 1, 1, 1]),
        ("not (sex == 'F')", [0, 1, 0, 1]),
        ("small + small > 127", [1, 0, 0, 0]),
        ("small * 300 > 1000", [1, 0, 1, 1]),
        ("-small < -50", [1, 0, 0, 0]),
        ("age > 99999999999999999999", [0, 0, 0, 0]),
        ("count * 99999999999999999999 > 1", [1, 0, 1, 0]),
        ("age * 1e308 * 10 > 1", [1, 1, 1, 1]),
        ("sex == '`age`'", [0, 0, 0, 1]),
        ("`odd name` > 2 and _quoted_0 > 5", [0, 0, 0, 0]),
        ("`odd name` < 2 and _quoted_0 > 5", [1, 0, 0, 0]),
    ],
)
def test_both_ways_of_reading_agree_whatever_the_type_of_a_column(
    text: str, met: list[int]
) -> None:
    assert condition(text, ROWS).astype(int).tolist() == met
    truth = three_valued(text, ROWS)
    for side in truth:
        assert side.dtype == bool
        assert side.astype(int).tolist() == met
