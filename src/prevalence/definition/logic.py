"""What a rule says of answers that are partly unknown, and what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import nearest
from ..grammar import Truth
from .rules import AnyOf, AtLeast, Not, Rule, walk

if TYPE_CHECKING:
    from .indicator import Indicator

__all__ = ["both_ways", "check_names", "combined", "counted", "used"]

Array = NDArray[np.bool_]
MOST_BOTH_WAYS = 10  # indicators that a rule uses with and without `Not`: 2**10 evaluations


def counted(rule: AtLeast, indicators: Mapping[str, Indicator]) -> list[str]:
    """Return the names of the indicators that a threshold counts."""
    return [
        name
        for name, indicator in indicators.items()
        if (rule.indicators is None or name in rule.indicators)
        and (rule.strength is None or indicator.strength in rule.strength)
        and (rule.domain is None or indicator.domain in rule.domain)
    ]


def leaves(
    rule: Rule, indicators: Mapping[str, Indicator], sign: bool = True
) -> Iterator[tuple[str, bool]]:
    """Yield each use of an indicator, with whether it speaks for the rule or against it."""
    if isinstance(rule, str):
        yield rule, sign
    elif isinstance(rule, AtLeast):
        yield from ((name, sign) for name in counted(rule, indicators))
    elif isinstance(rule, Not):
        yield from leaves(rule.part, indicators, not sign)
    else:
        for part in rule.parts:
            yield from leaves(part, indicators, sign)


def used(rule: Rule, indicators: Mapping[str, Indicator]) -> list[str]:
    """Return the names of the indicators that a rule uses, each once."""
    return list(dict.fromkeys(name for name, _ in leaves(rule, indicators)))


def both_ways(rule: Rule, indicators: Mapping[str, Indicator]) -> list[str]:
    """Return the indicators that a rule uses both for itself and against itself."""
    signs = set(leaves(rule, indicators))
    return sorted(name for name, sign in signs if sign and (name, False) in signs)


def combined(
    rule: Rule, indicators: Mapping[str, Indicator], answers: Mapping[str, Truth]
) -> Truth:
    """Return where a rule surely holds and where it may: over all that unknown indicators can be.

    Kleene's logic gives these bounds where every indicator speaks one way. One that a rule uses
    both ways is set to false and to true where it is unknown, and the widest result is kept.
    """
    out = _kleene(rule, indicators, answers)
    twice = both_ways(rule, indicators)
    rows = np.flatnonzero((out.must != out.may) & _unknown(twice, answers, out.must))
    if not rows.size or len(twice) > MOST_BOTH_WAYS:
        return out
    here = {name: Truth(truth.must[rows], truth.may[rows]) for name, truth in answers.items()}
    results = []
    for signs in product((0, 1), repeat=len(twice)):
        sides = {name: here[name][sign] for name, sign in zip(twice, signs, strict=True)}
        known = {name: Truth(side, side) for name, side in sides.items()}
        results.append(_kleene(rule, indicators, here | known))
    must, may = out.must.copy(), out.may.copy()
    must[rows] = np.logical_and.reduce([result.must for result in results])
    may[rows] = np.logical_or.reduce([result.may for result in results])
    return Truth(must, may)


def _unknown(names: Sequence[str], answers: Mapping[str, Truth], like: Array) -> Array:
    """Return the rows where any of some indicators is unknown."""
    unknown = [answers[name].must != answers[name].may for name in names]
    return np.asarray(np.logical_or.reduce([np.zeros_like(like), *unknown]))


def _kleene(rule: Rule, indicators: Mapping[str, Indicator], answers: Mapping[str, Truth]) -> Truth:
    if isinstance(rule, str):
        return answers[rule]
    if isinstance(rule, Not):
        part = _kleene(rule.part, indicators, answers)
        return Truth(~part.may, ~part.must)
    if isinstance(rule, AtLeast):
        return _at_least(rule, indicators, answers)
    parts = [_kleene(part, indicators, answers) for part in rule.parts]
    combine = np.logical_or if isinstance(rule, AnyOf) else np.logical_and
    return Truth(*(combine.reduce(side) for side in zip(*parts, strict=True)))


def _at_least(
    rule: AtLeast, indicators: Mapping[str, Indicator], answers: Mapping[str, Truth]
) -> Truth:
    groups: dict[str, list[Truth]] = {}
    for name in counted(rule, indicators):
        key = indicators[name].domain if rule.distinct_domains else name
        groups.setdefault(key, []).append(answers[name])
    sides = []
    for side in (0, 1):
        count = np.zeros(next(iter(answers.values())).must.shape, dtype=np.int32)
        for group in groups.values():
            count += np.logical_or.reduce([answer[side] for answer in group])
        sides.append(count >= int(rule.k))
    return Truth(*sides)


def check_names(rule: Rule, indicators: Mapping[str, Indicator], argument: str) -> None:
    """Check that a rule names indicators, strengths and domains that there are."""
    for part in walk(rule):
        if isinstance(part, str):
            _known(part, indicators, f"{argument} must name indicators of the definition")
        elif isinstance(part, AtLeast):
            for name in part.indicators or ():
                _known(name, indicators, f"{argument} must name indicators of the definition")
            for kind in ("strength", "domain"):
                there = {getattr(indicator, kind) for indicator in indicators.values()} - {""}
                for word in getattr(part, kind) or ():
                    _known(word, sorted(there), f"{argument} must name a {kind} of some indicator")
            bare = [name for name in counted(part, indicators) if not indicators[name].domain]
            if part.distinct_domains and bare:
                raise ValueError(
                    f"{argument} counts distinct domains: {bare[0]!r} has none. Give a domain to "
                    "each indicator that counts."
                )


def _known(name: str, there: Any, words: str) -> None:
    if name not in there:
        raise ValueError(f"{words}: {name!r} is not.{nearest(name, there)}")
