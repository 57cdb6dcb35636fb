"""One bad input and its answer: asked, and held against what the table wants of it."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import prevalence as pv

from .cases import unchanged

#: "weights must be positive: 3 of 412 rows are not (first: row 17, -1.2). Drop or correct them."
PARTS = re.compile(r"(?P<rule>.+?): (?P<found>.+?)[.?!)] (?P<remedy>[A-Z].+)", re.DOTALL)


class Case(NamedTuple):
    """What is given, the call, and what must come back.

    `wanted` is the class of an error or warning, whose message `words` describes; None where the
    answer is right as it stands. `right` checks an answer that stands.
    """

    given: Any
    ask: Callable[[Any], Any]
    wanted: type[Exception] | None
    words: str = ""
    right: Callable[[Any], None] | None = None


class Row(NamedTuple):
    """One row of the table: its number, the input and the wanted answer in words, its cases."""

    number: str
    given: str
    wanted: str
    cases: dict[str, Case]


class Answer(NamedTuple):
    """What came back: the class and text of an error or warning, or the answer itself."""

    kind: str
    message: str


def of(bad: Any) -> Case:
    """Return a row of another table of refusals as a case of this one."""
    return Case(bad.data, bad.ask, bad.kind, bad.message)


def refuses(ask: Callable[[Any], Any], words: str, given: Any = None, **how: Any) -> Case:
    return Case(given, ask, how.get("kind", ValueError), words)


def warns(
    ask: Callable[[Any], Any],
    words: str,
    given: Any = None,
    right: Callable[[Any], None] | None = None,
) -> Case:
    return Case(given, ask, pv.PrevalenceWarning, words, right)


def stands(ask: Callable[[Any], Any], right: Callable[[Any], None], given: Any = None) -> Case:
    return Case(given, ask, None, "", right)


def answered(case: Case) -> Answer:
    """Ask once, and hold what comes back against the table; AssertionError where it differs."""
    given = case.given
    before = copy.deepcopy(given)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found, error = case.ask(given), None
        except Exception as refused:  # noqa: BLE001 - whatever it is is held against the table
            found, error = None, refused
    unchanged(before, given)
    assert all(issubclass(one.category, pv.PrevalenceWarning) for one in caught)
    if error is not None:
        return _refused(case, error)
    assert case.wanted is None or issubclass(case.wanted, Warning), "an error is wanted"
    if case.right:
        case.right(found)
    return _stood(case, found, [str(one.message) for one in caught])


def _refused(case: Case, error: Exception) -> Answer:
    message = str(error.args[0])
    assert type(error) is case.wanted, f"{type(error).__name__}: {message}"
    assert re.search(case.words, message), message
    assert PARTS.fullmatch(message), f"a part is missing: {message}"
    assert "  " not in message
    return Answer(type(error).__name__, message)


def _stood(case: Case, found: Any, said: list[str]) -> Answer:
    if case.wanted is None:
        assert not said, said
        return Answer("an answer", _brief(found))
    fitting = [text for text in said if re.search(case.words, text)]
    assert fitting, said
    kept: tuple[str, ...] = getattr(found, "warnings", ()) or getattr(found, "notes", ())
    assert any(re.search(case.words, text) for text in kept), "the result does not keep it"
    return Answer("PrevalenceWarning", fitting[0])


def _brief(found: Any) -> str:
    if not isinstance(found, pv.Estimate):
        return "taken"
    low, high = found.interval()[0]
    said = f" ({'; '.join(found.warnings)})" if found.warnings else ""
    error = f"standard error {found.std_error[0]:.6g}"
    return f"{found.value[0]:.6g}, {error}, {low:.6g} to {high:.6g}{said}"
