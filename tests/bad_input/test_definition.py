"""One row per bad input of definitions: what is given, and which message comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv

from .cases import Bad, refused

ONE = pv.Indicator("q1 == 1", domain="violence", strength="strong")
TWO = pv.Indicator("q2 == 1", domain="debt", strength="medium")
SOME: dict[str, Any] = {"a": ONE, "b": TWO}
ROWS = {
    "age": np.array([8.0, 9, 12, 17]),
    "q1": np.array([1.0, 0, np.nan, 1]),
    "q2": np.array([0.0, 1, 1, 0]),
    "word": np.array(["no", "yes", "no", "yes"]),
}


def indicator(*what: Any, **how: Any) -> Callable[[Any], Any]:
    return lambda _: pv.Indicator(*what, **how)


def made(**parts: Any) -> pv.Definition:
    given = {"indicators": SOME, "rule": "a", **parts}
    return pv.Definition(given.pop("name", "Work"), given.pop("version", "1"), **given)


def definition(**parts: Any) -> Callable[[Any], Any]:
    return lambda _: made(**parts)


def one(expr: Any, **parts: Any) -> Callable[[Any], Any]:
    """Define one indicator."""
    return lambda _: made(indicators={"a": pv.Indicator(expr)}, **parts)


def classify(expr: Any = "q1 == 1", *, how: Any = None, **parts: Any) -> Callable[[Any], Any]:
    given = {"indicators": {"a": pv.Indicator(expr)}, **parts}
    return lambda data: made(**given).classify(data, **(how or {}))


def rule(kind: Any, *parts: Any, **how: Any) -> Callable[[Any], Any]:
    return lambda _: kind(*parts, **how)


def at(name: str, *values: Any) -> dict[str, Any]:
    column = np.array(values, dtype=object if any(isinstance(v, str) for v in values) else float)
    return {**ROWS, name: column}


def toml(text: str) -> Callable[[Any], Any]:
    return lambda _: pv.Definition.from_toml(text + "\n")


WHOLE = 'name = "x"\nversion = "1"\nrule = "a"\n[indicators.a]\nexpr = "q1 == 1"'
V, T, K = ValueError, TypeError, KeyError

CONDITIONS = {
    "a call": Bad({}, indicator("open('x') == 1"), V, r"found Call in \"open\('x'\) == 1\"\. Comp"),
    "an import": Bad({}, indicator("__import__('os').system('x')"), V, "found Call in"),
    "an attribute": Bad({}, indicator("q1.values == 1"), V, "found Attribute in"),
    "a subscript": Bad({}, indicator("q1[0] == 1"), V, "found Subscript in"),
    "a lambda": Bad({}, indicator("(lambda: 1) == q1"), V, "found Lambda in"),
    "a comprehension": Bad({}, indicator("q1 in [x for x in q2]"), V, "found ListComp in"),
    "an assignment": Bad({}, indicator("(q1 := 1) == 1"), V, "found NamedExpr in"),
    "a text to be formatted": Bad({}, indicator("word == f'{q1}'"), V, "found JoinedStr in"),
    "a call in asked": Bad({}, indicator("q1 == 1", asked="f(q1)"), V, "found Call in 'f"),
    "a call in eligible": Bad({}, definition(eligible="f(q1)"), V, "found Call in 'f"),
    "a call in a file": Bad({}, toml(WHOLE.replace("q1 == 1", "eval(q1)")), V, "found Call in 'ev"),
    "a single equals sign": Bad({}, indicator("q1 = 1"), V, r"Write == for equal\."),
    "nothing": Bad({}, indicator(""), V, "a condition must be written like"),
    "no text": Bad({}, indicator(1), T, r"^expr must be a condition, such as .*: found 1\. Write"),
    "no column": Bad(
        {}, indicator("1 == 1"), V, r"^expr must name a column of the data: '1 == 1' h"
    ),
    "None": Bad({}, indicator("q1 == None"), V, "found Constant in 'q1 == None'"),
    "a complex number": Bad({}, indicator("q1 == 1j"), V, "found Constant in"),
    "no window": Bad({}, indicator({}), V, r"^expr must have a condition: found none\."),
    "a number as a window": Bad(
        {}, indicator({12: "q1 == 1"}), T, "^expr must be a text: found 12"
    ),
    "not asked as no": Bad(
        {}, indicator("q1 == 1", not_asked="no"), V, "^not_asked must be one of"
    ),
    "a domain that is no text": Bad(
        {}, indicator("q1 == 1", domain=1), T, "^domain must be a text"
    ),
    "labels that are no texts": Bad(
        {}, indicator("q1 == 1", labels={"en": 1}), T, "^labels must be"
    ),
    "labels without languages": Bad(
        {}, indicator("q1 == 1", labels="x"), T, "^labels must be a map"
    ),
    "a window it has not": Bad(
        {}, lambda _: pv.Indicator({"12m": "q1 == 1"}).at("30d"), V, "found '30d'. There are: 12m"
    ),
}
RULES = {
    "any of nothing": Bad({}, rule(pv.AnyOf), V, "^AnyOf must have parts: found none"),
    "all of a list": Bad({}, rule(pv.AllOf, ["a"]), T, r"found \['a'\]\. Write for example AllOf"),
    "not of a number": Bad({}, rule(pv.Not, 1), T, "^parts of Not must be names of indicators or"),
    "at least none": Bad({}, rule(pv.AtLeast, 0), V, "^k must be a whole number of at least 1, or"),
    "at least a half": Bad({}, rule(pv.AtLeast, 1.5), V, r"one hole: found 1\.5\."),
    "at least true": Bad({}, rule(pv.AtLeast, True), V, "found True"),
    "at least a word": Bad({}, rule(pv.AtLeast, "two"), V, "found 'two'"),
    "one indicator twice": Bad({}, rule(pv.AtLeast, 1, ["a", "a"]), V, "must name each once"),
    "no strength": Bad({}, rule(pv.AtLeast, 1, strength=[]), T, r"^strength must be words: foun"),
    "domains as a word": Bad(
        {},
        rule(pv.AtLeast, 1, distinct_domains="no"),
        T,
        "^distinct_domains must be True or F",
    ),
    "a rule that is a list": Bad(
        {}, definition(rule=["a"]), T, "^rule must be the name of an indic"
    ),
    "an unknown indicator": Bad({}, definition(rule="c"), V, "'c' is not. There are: a, b"),
    "an unknown one in the override": Bad(
        {}, definition(child_override=pv.Not("ab")), V, "^child_override must name indicators of"
    ),
    "an unknown one among several": Bad({}, definition(rule=pv.AtLeast(1, ["z"])), V, "'z' is not"),
    "an unknown strength": Bad(
        {}, definition(rule=pv.AtLeast(1, strength="strnog")), V, "Did you mean 'strong'"
    ),
    "an unknown domain": Bad(
        {}, definition(rule=pv.AtLeast(1, domain="x")), V, "must name a domain"
    ),
    "no domain to be distinct": Bad(
        {},
        definition(
            indicators={"a": pv.Indicator("q1 == 1")}, rule=pv.AtLeast(1, distinct_domains=True)
        ),
        V,
        "counts distinct domains: 'a' has none",
    ),
    "a threshold that is too high": Bad(
        {},
        definition(rule=pv.AtLeast(3)),
        V,
        r"answers can meet: AtLeast\(3\) counts 2 indicators\. L",
    ),
    "too high among distinct domains": Bad(
        {},
        definition(rule=pv.AtLeast(2, strength="medium", distinct_domains=True)),
        V,
        "counts 1 indicator of 1 domain. Lower",
    ),
    "a strength and a domain that do not meet": Bad(
        {},
        definition(rule=pv.AtLeast(1, strength="strong", domain="debt")),
        V,
        "counts 0 indicators",
    ),
    "a part that is never met": Bad(
        {}, definition(rule=pv.AnyOf("a", pv.AtLeast(3))), V, r"AtLeast\(3\) counts 2 indicators"
    ),
    "a contradiction": Bad(
        {},
        definition(rule=pv.AllOf("a", pv.Not("a"))),
        V,
        r"answers can meet: AllOf\('a', Not\('a'\)\) contradicts itself",
    ),
    "a rule that always holds": Bad(
        {}, definition(rule=pv.AnyOf("a", pv.Not("a"))), V, "answers can fail: AnyOf.* always holds"
    ),
    "an override that is never met": Bad(
        {}, definition(child_override=pv.AtLeast(9)), V, "^child_override must be one that answers"
    ),
    "a threshold filled too high": Bad(
        {},
        lambda _: made(rule=pv.AtLeast("{k}"), holes={"k": "x"}).fill(k=5),
        V,
        r"AtLeast\(5\) counts 2 indicators",
    ),
}
PARTS = {
    "no name": Bad({}, definition(name=" "), V, "^name must not be empty"),
    "a number as version": Bad(
        {}, definition(version=1.0), T, r"^version must be a text: found 1\.0"
    ),
    "no indicators": Bad({}, definition(indicators={}), V, "^indicators must not be empty"),
    "a list of indicators": Bad(
        {}, definition(indicators=[ONE]), T, "^indicators must be a mapping"
    ),
    "a text as indicator": Bad({}, definition(indicators={"a": "q1 == 1"}), T, "'a' is 'q1 == 1'"),
    "an age": Bad(
        {}, definition(age=17), V, "^age must be the lowest and the highest age: found 17"
    ),
    "ages the wrong way": Bad({}, definition(age=(17, 5)), V, r"found \(17, 5\)"),
    "an unknown treatment": Bad(
        {}, definition(missing="negative"), V, "Did you mean 'as_negative'"
    ),
    "a window that is not there": Bad(
        {},
        definition(window="12m", indicators={"a": pv.Indicator({"current": "q1 == 1"})}),
        V,
        "^window must be one that every indicator of 'Work' has: found '12m'. There are: current",
    ),
    "an unknown window": Bad(
        {}, definition(indicators={"a": pv.Indicator({"12 m": "q1 == 1"})}), V, "Did you mean '12m'"
    ),
    "windows from the narrowest": Bad(
        {}, definition(windows=("current", "12m")), V, "'12m' stands after 'current'. Put the wider"
    ),
    "months after a year": Bad(
        {}, definition(windows=("30 days", "2 years")), V, "'2 years' stands after '30 days'"
    ),
    "a window twice": Bad({}, definition(windows=("12m", "12m")), V, "must be different names"),
    "a hole without words": Bad(
        {}, one("q1 >= {least}"), V, "must be confirmed: 'least' has no words"
    ),
    "a hole that is not used": Bad(
        {}, one("q1 >= {least}", holes={"least": "x", "most": "y"}), V, "'most' is not used"
    ),
    "a hole under another name": Bad(
        {},
        one("q1 >= {least}", holes={"laest": "x"}),
        V,
        "'laest' is not used. Did you mean 'least'",
    ),
    "holes in a list": Bad({}, definition(holes=["least"]), T, "^holes must be a mapping"),
    "a hole that is not there": Bad(
        {},
        lambda _: made(rule=pv.AtLeast("{k}"), holes={"k": "x"}).fill(kk=1),
        T,
        "^fill takes the holes of the definition: found 'kk'. ",
    ),
    "a hole when all are filled": Bad({}, lambda _: made().fill(k=1), T, "There are none left"),
    "a hole filled with nothing": Bad(
        {},
        lambda _: made(rule=pv.AtLeast("{k}"), holes={"k": "x"}).fill(k=None),
        T,
        "^k must be filled with a number, a text or a list of them: found None",
    ),
    "a hole filled with nan": Bad(
        {}, lambda _: one("q1 >= {k}", holes={"k": "x"})(0).fill(k=np.nan), T, "found nan"
    ),
    "codes of another column": Bad(
        {},
        definition(missing_codes={"q11": [98]}),
        V,
        "'q11' is in no condition. Did you mean 'q1'",
    ),
    "a code that is none": Bad(
        {}, definition(missing_codes=[None]), T, "^missing_codes must be numb"
    ),
    "a condition no answer meets": Bad(
        {}, one("q1 == 1 and q1 == 2"), V, "^expr of 'a' must be a condition that answers can meet"
    ),
    "a condition between two values": Bad({}, one("q1 > 3 and q1 <= 3"), V, "cannot be true"),
    "a condition and what it denies": Bad(
        {}, one("not (q1 == 1) and q1 == 1"), V, "cannot be true, with the declared"
    ),
    "a text that is two": Bad({}, one("word == 'a' and word == 'b'"), V, "cannot be true"),
    "nothing in the list": Bad({}, one("q1 in []"), V, "cannot be true"),
    "only a missing code": Bad(
        {}, one("q1 == 98", missing_codes=[98]), V, "cannot be true, with the"
    ),
    "adults among children": Bad({}, one("age >= 18 and q1 == 1"), V, "cannot be true"),
    "a condition all answers meet": Bad(
        {}, one("q1 < 3 or q1 >= 3"), V, "is always true. Correct it"
    ),
    "asked of others": Bad(
        {},
        definition(indicators={"a": pv.Indicator("q1 == 1", asked="q1 == 2")}),
        V,
        "^expr of 'a' with asked must be",
    ),
    "nobody eligible": Bad(
        {}, definition(eligible="age < 3"), V, "^eligible must be a condition th"
    ),
    "a window no answer meets": Bad(
        {}, one({"12m": "q1 == 1", "current": "q1 in []"}), V, "^expr of 'a' at 'current' must be"
    ),
}
DATA = {
    "a column that is not there": Bad(
        ROWS, classify("q11 == 1"), K, "expr of 'a' must be a column of the data: 'q11' is not. Did"
    ),
    "a column of asked": Bad(
        ROWS, classify(indicators={"a": pv.Indicator("q1 == 1", asked="z == 1")}), K, "asked of 'a'"
    ),
    "no ages": Bad(
        {"q1": [1, 0]}, classify(), K, "age_column must be a column of the data: 'age' is not"
    ),
    "a code nobody declared": Bad(
        at("q1", 1, 98, 0, 98),
        classify(),
        V,
        r"^missing_codes must say what 98 is: column 'q1' holds it in 2 of 4 rows \(first: row 1\)",
    ),
    "a code that is not in the list": Bad(
        at("q1", 1, 98, 0, 99), classify(missing_codes=[98]), V, "must say what 99 is: .* 1 of 4"
    ),
    "a code of another column": Bad(
        at("q1", 1, 98, 0, 99),
        classify("q1 == 1 or q2 == 1", missing_codes={"q2": [98, 99]}),
        V,
        "must say what 98 is",
    ),
    "a negative code": Bad(at("q1", 1, -99, 0, 1), classify(), V, "must say what -99 is"),
    "a code as text": Bad(
        at("word", "no", "yes", "97", "no"), classify("word == 'no'"), V, "what 97"
    ),
    "a code among ages": Bad(at("age", 7, 99, 8, 9), classify(), V, "what 99 is: column 'age'"),
    "text compared with numbers": Bad(
        at("q1", "1", "0", "1", "1"), classify(), V, "codes that are text stand in quotes"
    ),
    "numbers compared with text": Bad(ROWS, classify("q1 == '1'"), V, "stand in quotes"),
    "text in an order": Bad(ROWS, classify("word > 'a'"), V, "compare text with == != in only"),
    "numbers and text in a list": Bad(ROWS, classify("q1 in [1, 'x']"), V, "numbers with numbers"),
    "a column as a list": Bad(ROWS, classify("q1 in q2"), V, 'lists on the right of "in"'),
    "columns in a list": Bad(ROWS, classify("q1 in [q2, 1]"), V, 'lists on the right of "in"'),
    "a list that is compared": Bad(ROWS, classify("q1 == [1, 2]"), V, 'lists on the right of "in"'),
    "truths that are added": Bad(
        ROWS, classify("(q1 == 1) + (q2 == 1) >= 2"), V, "count them with AtLeast"
    ),
    "truths that are compared": Bad(ROWS, classify("(q1 == 1) == (q2 == 1)"), V, "not truths"),
    "a column that is not of 1 and 0": Bad(
        at("q1", 1, 2, 2, 1), classify("q1"), V, "a part of 'q1' is neither 1 nor 0"
    ),
    "minus a text": Bad(ROWS, classify("-word == 'a'"), V, "add and multiply numbers only"),
    "an identity": Bad(ROWS, classify("q1 is 1"), V, "found Is in"),
    "infinity": Bad(at("q1", 1, np.inf, 0, 1), classify(), V, "finite in 'q1': 1 of 4 rows is not"),
    "dates": Bad(
        {**ROWS, "q1": np.array(["2023-01-01"] * 4, dtype="datetime64[D]")},
        classify(),
        T,
        "column 'q1' holds datetime64",
    ),
    "lists": Bad(
        {**ROWS, "q1": np.array([[1], [2], None, None], dtype=object)},
        classify(),
        T,
        "must be numbers or text: column 'q1' holds neither",
    ),
    "an unknown age": Bad(
        at("age", 7, np.nan, 8, 9),
        classify(),
        V,
        r"^eligibility must be known of every row: .* is not of 1 of 4 rows \(first: row 1\)",
    ),
    "an unknown denominator": Bad(
        {**ROWS, "lives": np.array([1, np.nan, np.nan, 0])},
        classify(eligible="lives == 1"),
        V,
        "is not of 2 of 4 rows",
    ),
    "nobody of the age": Bad(ROWS, classify(age=(0, 4)), V, "none of 4 meets"),
    "a hole that is not filled": Bad(
        ROWS,
        classify(
            "q1 >= {least}", rule=pv.AtLeast("{k}"), holes={"least": "ILO 2018", "k": "count"}
        ),
        V,
        r"'least' of 'Work' is not filled \(1 more: k\)\. Confirm it \(ILO 2018\) and write definition\.f",
    ),
    "a window when there is none": Bad(
        ROWS, classify(how={"window": "12m"}), V, "found '12m'. Leave it out: there are none"
    ),
    "no window when there are two": Bad(
        ROWS,
        classify({"12m": "q1 == 1", "current": "q2 == 1"}),
        V,
        "found none. There are: 12m, cur",
    ),
    "yes within and no without": Bad(
        ROWS,
        classify({"12m": "q1 == 1", "current": "q2 == 1"}, how={"window": "12m"}),
        V,
        r"1 of 4 rows of 'a' say yes to 'current' and no to '12m' \(first: row 1\)\. Correct them",
    ),
    "an unknown treatment of windows": Bad(
        ROWS, classify(how={"contradictions": "ignore"}), V, "^contradictions must be one of error"
    ),
    "too few weights": Bad(
        ROWS, classify(how={"weights": [1.0]}), V, r"found shape \(1,\) for 4 rows"
    ),
    "weights that are texts": Bad(
        ROWS,
        classify(how={"weights": ["a", "b", "c", "d"]}),
        T,
        r"^weights must be a column or numbers: found \[.*\]\. Give the name of a column, or one",
    ),
    "negative weights": Bad(
        ROWS, classify(how={"weights": [1, 1, -1, 1]}), V, "weights must be positive: 1 of 4 rows"
    ),
    "no such weights": Bad(ROWS, classify(how={"weights": "w"}), K, "'w' is not"),
    "weights that are missing": Bad(
        ROWS, classify(how={"weights": "q1"}), V, "weights must be finit"
    ),
    "weights of a survey": Bad(
        ROWS,
        lambda data: made().classify(pv.Survey(data), weights="q2"),
        T,
        "^weights are the survey's own",
    ),
    "an outcome that is there": Bad(
        {**ROWS, "work_v1": ROWS["q2"]}, classify(), V, "'work_v1' is in"
    ),
    "an outcome of another definition": Bad(
        ROWS,
        lambda data: pv.Survey(data).classify(made()).classify(made(rule="b")),
        V,
        "'work_v1' is in the data already",
    ),
    "a survey where none was": Bad(
        ROWS,
        lambda data: made().classify(data).survey,
        T,
        "^survey is there where a Survey was clas",
    ),
    "no table": Bad(
        {}, lambda _: made().classify(3), T, "^data must be a pandas, polars or pyarrow"
    ),
}
FILES = {
    "no TOML": Bad({}, toml("name = "), V, "^a definition must be written in TOML: "),
    "no JSON": Bad(
        {}, lambda _: pv.Definition.from_json("{"), V, "^a definition must be written in JSON: "
    ),
    "JSON of a list": Bad(
        {},
        lambda _: pv.Definition.from_json("[\n]"),
        T,
        r"^a definition must be a table: found \[\]",
    ),
    "no rule": Bad({}, toml(WHOLE.replace('rule = "a"\n', "")), V, "a definition must have 'rule'"),
    "no expression": Bad({}, toml(WHOLE.replace("expr", "domain")), V, "'a' must have 'expr'"),
    "a misspelt key": Bad(
        {}, toml("ages = [5, 17]\n" + WHOLE), V, "'ages' is none. Did you mean 'age'"
    ),
    "a misspelt key of an indicator": Bad(
        {}, toml(WHOLE + '\nstrenght = "x"'), V, "indicator 'a' must have known keys: 'strenght' is"
    ),
    "a rule of two kinds": Bad(
        {},
        toml(WHOLE.replace('"a"', '{ any = ["a"], not = "a" }')),
        V,
        "must have one of any, all, n",
    ),
    "a rule with a strange key": Bad(
        {}, toml(WHOLE.replace('"a"', "{ at_least = 1, strengths = [] }")), V, "'strengths' is none"
    ),
    "any of a word": Bad(
        {}, toml(WHOLE.replace('"a"', '{ any = "a" }')), T, "must be a list: found 'a'"
    ),
    "a rule that is a number": Bad({}, toml(WHOLE.replace('"a"', "1")), T, "^rule must be a table"),
    "a later format": Bad({}, toml("format = 2\n" + WHOLE), V, "^format must be 1: found 2"),
    "another age": Bad(
        {}, toml('age = "all"\n' + WHOLE), V, "^age must be the lowest and the highest"
    ),
}
CASES = CONDITIONS | RULES | PARTS | DATA | FILES


@pytest.mark.parametrize("name", list(CASES))
def test_definitions_refuse(name: str) -> None:
    refused(CASES[name])


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        pv.Definition.from_toml("no such file.toml")
