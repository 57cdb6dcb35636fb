"""Definitions against every completion of what is unknown, and against their own files."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import prevalence as pv
from prevalence.grammar import condition, three_valued
from tests.naive import definition as naive

FEW = settings(max_examples=25)
NAMES = ("a", "b", "c", "d", "e")
STRENGTHS, DOMAINS = ("strong", "medium"), ("work", "debt", "movement")

# ---------------------------------------------------------------------- conditions
number = st.sampled_from(["x", "y", "z"])
constant = st.integers(-1, 3).map(str)
sum_of = st.builds("{} {} {}".format, number, st.sampled_from("+-*"), number | constant)
compared = st.one_of(
    st.builds(
        "{} {} {}".format,
        number | sum_of,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        constant | number,
    ),
    st.builds(
        "{} {} [{}, {}]".format, number, st.sampled_from(["in", "not in"]), constant, constant
    ),
    st.builds("{} <= {} < {}".format, constant, number, constant),
    st.builds("word {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from("no")),
    st.sampled_from(["word in ['no', 'yes']", "word not in ['yes']", "flag", "not flag"]),
)
expressions = st.recursive(
    compared,
    lambda part: st.one_of(
        st.builds("({}) {} ({})".format, part, st.sampled_from(["and", "or"]), part),
        st.builds("not ({})".format, part),
    ),
    max_leaves=5,
)
ROWS = [
    {"x": x, "y": y, "z": z, "flag": flag, "word": word}
    for x, y, z in product((np.nan, 0.0, 1.0, 2.0), (np.nan, 0.0, 2.0), (np.nan, 1.0))
    for flag, word in ((np.nan, None), (0.0, "no"), (1.0, "yes"), (1.0, None))
]
COLUMNS = {name: np.array([row[name] for row in ROWS]) for name in ROWS[0]}


def as_numbers(answers: list[bool | None]) -> list[float]:
    return [np.nan if answer is None else float(answer) for answer in answers]


@given(expressions)
def test_conditions_say_what_each_row_says_by_itself(text: str) -> None:
    must, may = three_valued(text, COLUMNS)
    expected = [naive.meets(text, row) for row in ROWS]
    found = np.where(must, 1.0, np.where(may, np.nan, 0.0))
    np.testing.assert_array_equal(np.broadcast_to(found, len(ROWS)), as_numbers(expected))


@given(expressions)
def test_conditions_with_nothing_missing_are_those_of_where(text: str) -> None:
    whole = [k for k, row in enumerate(ROWS) if not any(pd.isna(value) for value in row.values())]
    columns = {name: column[whole] for name, column in COLUMNS.items()}
    columns["flag"] = columns["flag"] == 1
    must, may = three_valued(text, columns)
    np.testing.assert_array_equal(must, may)
    columns["word"] = columns["word"].astype(str)
    np.testing.assert_array_equal(must, condition(text, columns))


# ---------------------------------------------------------------------- rules
def counts() -> st.SearchStrategy[Any]:
    some = st.none() | st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
    return st.builds(
        pv.AtLeast,
        st.integers(1, 3),
        some,
        strength=st.none() | st.sampled_from(STRENGTHS),
        domain=st.none() | st.lists(st.sampled_from(DOMAINS), min_size=1, unique=True),
        distinct_domains=st.booleans(),
    )


rules = st.recursive(
    st.sampled_from(NAMES) | counts(),
    lambda part: st.one_of(
        st.builds(pv.AnyOf, part, part), st.builds(pv.AllOf, part, part), st.builds(pv.Not, part)
    ),
    max_leaves=4,
)
INDICATORS = {
    name: pv.Indicator(
        f"q_{name} == 1",
        domain=DOMAINS[k % 3],
        strength=STRENGTHS[k % 2],
        asked={"b": "g == 1", "c": "h == 1"}.get(name),
        not_asked="negative" if name == "c" else "missing",
    )
    for k, name in enumerate(NAMES)
}


def defined(rule: Any, **more: Any) -> pv.Definition:
    return pv.Definition("any", "1", indicators=INDICATORS, rule=rule, age=(5, 24), **more)


def parts_of(rule: Any) -> list[Any]:
    below = (rule.part,) if isinstance(rule, pv.Not) else getattr(rule, "parts", ())
    return [rule, *(part for each in below for part in parts_of(each))]


def is_open(rule: Any, d: pv.Definition) -> bool:
    """Tell whether indicators can meet a rule and can fail it, by trying all of them."""
    tried = {
        naive.holds(rule, d, dict(zip(NAMES, values, strict=True)))
        for values in product((False, True), repeat=len(NAMES))
    }
    return tried == {False, True}


@given(rules)
def test_rules_are_refused_where_no_answers_or_all_answers_meet_a_part(rule: Any) -> None:
    other = defined("a")
    feasible = all(is_open(part, other) for part in parts_of(rule))
    if feasible:
        defined(rule)
        return
    with pytest.raises(ValueError, match=r"answers can (meet|fail)"):
        defined(rule)


def sample(seed: int, rows: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {
        f"q_{name}": rng.choice([0.0, 1.0, np.nan], rows, p=[0.4, 0.3, 0.3]) for name in NAMES
    }
    for question, gate in (("q_b", "g"), ("q_c", "h")):
        columns[gate] = rng.choice([0.0, 1.0, np.nan], rows, p=[0.2, 0.7, 0.1])
        columns[question][columns[gate] == 0] = np.nan
    return pd.DataFrame({**columns, "age": rng.integers(3, 27, rows)})


def definition_of(rule: Any, override: Any, **more: Any) -> pv.Definition:
    try:
        return defined(rule, child_override=override, **more)
    except ValueError:
        assume(False)
        raise


@FEW
@given(rules, st.none() | rules, st.integers(0, 10_000))
def test_bounds_are_the_least_and_most_over_every_completion(
    rule: Any, override: Any, seed: int
) -> None:
    d = definition_of(rule, override)
    frame = sample(seed)
    found = d.classify(frame)
    rows: list[Any] = frame.to_dict("records")
    for k, row in enumerate(rows):
        expected = [np.nan] * 2
        if 5 <= row["age"] < 25:
            expected = [float(side) for side in naive.bounds(d, None, row)]
        np.testing.assert_array_equal([found.low[k], found.high[k]], expected)


ONES = ["x == 1", "x in [0, 1]", "x > 0", "y != 1", "y == 0 and x == 1", "flag", "not flag"]
ONES += ["word == 'a'", "word not in ['a', 'b']", "x == 0 or y == 1 and x == 1", "flag and x <= 0"]
ANSWERS: dict[str, list[Any]] = {
    "x": [-1.0, 0.0, 0.5, 1.0, 2.0],
    "y": [-1.0, 0.0, 0.5, 1.0, 2.0],
    "flag": [0.0, 1.0],
    "word": ["a", "b", "neither"],
}


@st.composite
def sharing(draw: st.DrawFn) -> pv.Definition:
    """Draw definitions whose indicators ask the same columns."""
    made = {
        name: pv.Indicator(
            draw(st.sampled_from(ONES)),
            domain=DOMAINS[k % 3],
            strength=STRENGTHS[k % 2],
            asked=draw(st.sampled_from([None, None, "flag", "y >= 0"])),
            not_asked=draw(st.sampled_from(["missing", "negative"])),
        )
        for k, name in enumerate(NAMES)
    }
    try:
        return pv.Definition("any", "1", indicators=made, rule=draw(rules), age=None)
    except ValueError:
        assume(False)
        raise


@pytest.mark.filterwarnings("ignore:those not asked should not have answered")
@FEW
@given(sharing(), st.integers(0, 10_000))
def test_bounds_are_exact_where_indicators_share_columns(d: pv.Definition, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.choice(values, 12) for name, values in ANSWERS.items()})
    frame = frame.mask(pd.DataFrame(rng.random(frame.shape) < 0.4, columns=frame.columns))
    found = d.classify(frame)
    rows: list[Any] = frame.to_dict("records")
    for k, row in enumerate(rows):
        tried = [v if pd.isna(row[name]) else [row[name]] for name, v in ANSWERS.items()]
        each = [
            naive.bounds(d, None, dict(zip(ANSWERS, values, strict=True)))
            for values in product(*tried)
        ]
        expected = [min(low for low, _ in each), max(high for _, high in each)]
        assert [found.low[k], found.high[k]] == expected, row


@FEW
@given(rules, st.integers(0, 10_000))
def test_what_missing_answers_turn_out_to_be_is_within_the_bounds(rule: Any, seed: int) -> None:
    d = definition_of(rule, None)
    frame = sample(seed)
    found = d.classify(frame)
    rng = np.random.default_rng(seed + 1)
    names = [f"q_{name}" for name in NAMES]
    full = frame.assign(g=frame["g"].fillna(1.0), h=frame["h"].fillna(1.0))
    full[names] = full[names].fillna(
        pd.DataFrame(rng.integers(0, 2, (len(frame), 5)), columns=names)
    )
    full["q_b"] = full["q_b"].where(full["g"] == 1)
    full["q_c"] = full["q_c"].where(full["h"] == 1)
    after = d.classify(full)
    rows = found.eligible
    assert (after.low[rows] >= found.low[rows]).all()
    assert (after.high[rows] <= found.high[rows]).all()


@FEW
@given(rules, st.integers(0, 10_000))
def test_rows_do_not_know_of_one_another(rule: Any, seed: int) -> None:
    d = definition_of(rule, None)
    frame = sample(seed)
    order = np.random.default_rng(seed).permutation(len(frame))
    np.testing.assert_array_equal(
        d.classify(frame.iloc[order]).outcome, d.classify(frame).outcome[order]
    )


def test_many_indicators_used_both_ways_follow_kleene_and_are_never_too_narrow() -> None:
    names = [f"i{k}" for k in range(12)]
    d = pv.Definition(
        "any",
        "1",
        indicators={name: pv.Indicator(f"q_{name} == 1") for name in [*names, "other"]},
        rule=pv.AnyOf(
            "other",
            *(
                pv.AllOf(one, pv.Not(two))
                for one, two in zip(names, names[1:] + names[:1], strict=True)
            ),
        ),
        age=None,
    )
    found = d.classify({f"q_{name}": [np.nan] for name in [*names, "other"]})
    assert (found.low[0], found.high[0]) == (0, 1)


# ---------------------------------------------------------------------- files and hashes
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
titles = words.filter(lambda word: bool(word.strip()))
indicators = st.builds(
    pv.Indicator,
    st.sampled_from(["q1 == 1", "`é\"x/y` in ['b', \"l'é\"]", "q1 > {cut}"])
    | st.just({"lifetime": "q1 == 1", "12m": "q1 == 2"}),
    domain=words,
    strength=words,
    asked=st.none() | st.just("g != 'non'"),
    not_asked=st.sampled_from(["missing", "negative"]),
    labels=st.dictionaries(st.sampled_from(["en", "fr"]), words),
)


@st.composite
def definitions(draw: st.DrawFn) -> pv.Definition:
    made = draw(st.dictionaries(words, indicators, min_size=2, max_size=4))
    override = draw(st.none() | st.just(pv.AtLeast("{cut}", distinct_domains=True)))
    held = override is not None or any(i.expr == "q1 > {cut}" for i in made.values())
    names, column = list(made), made[next(iter(made))].columns()[0]
    nested = pv.AllOf(pv.AnyOf(*names), pv.Not(pv.AtLeast(2, names)))
    rules: list[Any] = [names[0], pv.AtLeast(2), nested]
    return pv.Definition(
        draw(titles),
        draw(titles),
        indicators=made,
        rule=draw(st.sampled_from(rules)),
        child_override=override,
        age=draw(st.sampled_from([None, (5, 17), (0.5, 21)])),
        unit=draw(words),
        denominator=draw(words | st.just("")),
        eligible=draw(st.none() | st.just("g == 'oui'")),
        missing=draw(st.sampled_from(["as_missing", "as_negative", "bounds"])),
        missing_codes=draw(st.sampled_from([None, [], [-98, "nsp", 99.5], {column: [-9, "98"]}])),
        holes={"cut": draw(words)} if held else {},
    )


@FEW
@given(definitions())
def test_files_bring_back_the_definition_and_its_hash(d: pv.Definition) -> None:
    for kind in ("toml", "json"):
        text = getattr(d, f"to_{kind}")()
        back = getattr(pv.Definition, f"from_{kind}")(text)
        assert back == d
        assert back.hash == d.hash
        assert back.indicators == d.indicators
        assert repr(back) == repr(d)
        assert getattr(back, f"to_{kind}")() == text


@FEW
@given(definitions(), st.randoms())
def test_the_order_of_keys_does_not_change_the_hash(d: pv.Definition, random: Any) -> None:
    keys = list(d.indicators)
    random.shuffle(keys)
    assert replace(d, indicators={key: d.indicators[key] for key in keys}) == d
