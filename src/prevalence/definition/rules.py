"""Rules that combine indicators: any, all, at least k, not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import explained
from ..errors import shown
from .holes import names_in

__all__ = [
    "AllOf",
    "AnyOf",
    "AtLeast",
    "Not",
    "Rule",
    "check_rule",
    "refilled",
    "thresholds",
    "too_deep",
    "walk",
]

DEEPEST = 50  # levels of rules
MOST = 10_000  # parts of one level


@explained
@dataclass(frozen=True, init=False, repr=False)
class AnyOf:
    """Rule that holds where any of its parts does.

    Parameters
    ----------
    *parts : str or rule
        Names of indicators, and rules.

    Raises
    ------
    TypeError, ValueError
        When there is no part, or one is neither a name nor a rule.

    Notes
    -----
    With missing answers: surely true where a part surely is, false where all parts surely are
    false, else unknown.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.AnyOf("threats", pv.AtLeast(2, strength="medium"))
    AnyOf('threats', AtLeast(2, strength='medium'))
    """

    parts: tuple[Any, ...]

    def __init__(self, *parts: Rule):
        object.__setattr__(self, "parts", _parts("AnyOf", parts))

    def __repr__(self) -> str:
        return f"AnyOf({', '.join(map(repr, self.parts))})"


@explained
@dataclass(frozen=True, init=False, repr=False)
class AllOf:
    """Rule that holds where all of its parts do.

    Parameters
    ----------
    *parts : str or rule
        Names of indicators, and rules.

    Raises
    ------
    TypeError, ValueError
        When there is no part, or one is neither a name nor a rule.

    Notes
    -----
    With missing answers: surely true where all parts surely are, false where one surely is false,
    else unknown.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.AllOf("act", pv.Not("consent"))
    AllOf('act', Not('consent'))
    """

    parts: tuple[Any, ...]

    def __init__(self, *parts: Rule):
        object.__setattr__(self, "parts", _parts("AllOf", parts))

    def __repr__(self) -> str:
        return f"AllOf({', '.join(map(repr, self.parts))})"


@explained
@dataclass(frozen=True, init=False, repr=False)
class Not:
    """Rule that holds where its part does not; what is unknown stays unknown.

    Parameters
    ----------
    part : str or rule
        Name of an indicator, or a rule.

    Raises
    ------
    TypeError, ValueError
        When the part is neither a name nor a rule.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.Not("free_to_leave")
    Not('free_to_leave')
    """

    part: Any

    def __init__(self, part: Rule):
        object.__setattr__(self, "part", _parts("Not", (part,))[0])

    def __repr__(self) -> str:
        return f"Not({self.part!r})"


@explained
@dataclass(frozen=True, init=False, repr=False)
class AtLeast:
    """Rule that holds where at least k of some indicators do, or indicators of k domains.

    Parameters
    ----------
    k : int or str
        The threshold, or a hole to be filled: ``"{strong_needed}"``.
    indicators : list of str, optional
        Names of the indicators that count; by default all of the definition.
    strength, domain : str or list of str, optional
        Only indicators of these strengths or domains count.
    distinct_domains : bool
        Whether several indicators of one domain count once.

    Raises
    ------
    TypeError, ValueError
        When k is not a whole number of at least 1, or a name stands twice.

    Notes
    -----
    With missing answers: surely true where k are surely true, false where fewer than k may be.
    Strengths are words without an order: where strong indicators count among the medium ones too,
    write ``strength=["strong", "medium"]``.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.AtLeast(2, strength=["strong", "medium"], distinct_domains=True)
    AtLeast(2, strength=('strong', 'medium'), distinct_domains=True)
    >>> two = pv.AtLeast(2, strength="strong")
    >>> two.with_k(1), two.counting(["threats", "debt"])
    (AtLeast(1, strength='strong'), AtLeast(2, ['threats', 'debt'], strength='strong'))
    """

    k: int | str
    indicators: tuple[str, ...] | None
    strength: tuple[str, ...] | None
    domain: tuple[str, ...] | None
    distinct_domains: bool

    def __init__(
        self,
        k: int | str,
        indicators: Sequence[str] | None = None,
        *,
        strength: str | Sequence[str] | None = None,
        domain: str | Sequence[str] | None = None,
        distinct_domains: bool = False,
    ):
        if not isinstance(distinct_domains, bool):
            raise TypeError(
                f"distinct_domains must be True or False: found {shown(distinct_domains)}. Write one."
            )
        made = {
            "k": _threshold(k),
            "indicators": _words("indicators", indicators),
            "strength": _words("strength", strength),
            "domain": _words("domain", domain),
            "distinct_domains": distinct_domains,
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def with_k(self, k: int | str) -> AtLeast:
        """Return the rule with another threshold.

        Parameters
        ----------
        k : int or str
            The threshold, or a hole.

        Returns
        -------
        AtLeast
            It counts the same indicators.
        """
        return AtLeast(
            k,
            self.indicators,
            strength=self.strength,
            domain=self.domain,
            distinct_domains=self.distinct_domains,
        )

    def counting(self, indicators: Sequence[str]) -> AtLeast:
        """Return the rule with other indicators, by name.

        Parameters
        ----------
        indicators : sequence of str
            Names of the indicators that count.

        Returns
        -------
        AtLeast
            It has the same threshold.
        """
        return AtLeast(
            self.k,
            indicators,
            strength=self.strength,
            domain=self.domain,
            distinct_domains=self.distinct_domains,
        )

    def __repr__(self) -> str:
        given = [repr(self.k)]
        given += [repr(list(self.indicators))] if self.indicators is not None else []
        for name in ("strength", "domain"):
            value = getattr(self, name)
            if value is not None:
                given.append(f"{name}={value[0]!r}" if len(value) == 1 else f"{name}={value!r}")
        given += ["distinct_domains=True"] if self.distinct_domains else []
        return f"AtLeast({', '.join(given)})"


Rule = str | AnyOf | AllOf | AtLeast | Not


def _parts(word: str, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    if not parts:
        raise ValueError(f"{word} must have parts: found none. Name the indicators it combines.")
    for part in parts:
        if not isinstance(part, (str, AnyOf, AllOf, AtLeast, Not)) or part == "":
            raise TypeError(
                f"parts of {word} must be names of indicators or rules: found {shown(part)}. Write "
                f'for example {word}("threats"), without a list.'
            )
    return parts


def _threshold(k: Any) -> int | str:
    if isinstance(k, str) and len(names_in(k)) == 1 and k == f"{{{names_in(k)[0]}}}":
        return k
    if isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k >= 1:
        return int(k)
    raise ValueError(
        f"k must be a whole number of at least 1, or one hole: found {shown(k)}. Write for example "
        'AtLeast(2), or AtLeast("{needed}") where it is still to be confirmed.'
    )


def _words(argument: str, words: Any) -> tuple[str, ...] | None:
    if words is None:
        return None
    found = (words,) if isinstance(words, str) else tuple(words)
    if not found or any(not isinstance(word, str) or not word for word in found):
        raise TypeError(
            f"{argument} must be words: found {shown(words)}. Give one, or a list of them."
        )
    if len(set(found)) < len(found):
        raise ValueError(f"{argument} must name each once: found {list(found)}. Leave one.")
    return found


def check_rule(argument: str, rule: Any) -> None:
    """Check that a rule is one."""
    if not isinstance(rule, (str, AnyOf, AllOf, AtLeast, Not)):
        raise TypeError(
            f"{argument} must be the name of an indicator, or AnyOf, AllOf, AtLeast or Not: found "
            f"{shown(rule)}. Write for example AtLeast(2)."
        )
    level: list[Any] = [rule]
    for _ in range(DEEPEST + 1):
        level = [part for whole in level for part in _within(whole)]
        if len(level) > MOST:
            raise ValueError(
                f"{argument} must have at most {MOST:,} parts: found more. Count indicators with "
                "AtLeast."
            )
        if not level:
            return
    raise too_deep(argument)


def too_deep(argument: str) -> ValueError:
    """Return the error for rules inside rules without end."""
    return ValueError(
        f"{argument} must have at most {DEEPEST} levels of one rule inside another: found more. "
        "Write it with fewer."
    )


def _within(rule: Rule) -> tuple[Any, ...]:
    """Return the parts of a rule."""
    return (rule.part,) if isinstance(rule, Not) else getattr(rule, "parts", ())


def walk(rule: Rule) -> Iterator[Rule]:
    """Yield a rule and the rules within it."""
    yield rule
    for part in _within(rule):
        yield from walk(part)


# ---------------------------------------------------------------------- holes in thresholds
def thresholds(rule: Rule) -> list[str]:
    """Return the names of the holes in the thresholds of a rule."""
    found = [part.k for part in walk(rule) if isinstance(part, AtLeast)]
    return [name for k in found if isinstance(k, str) for name in names_in(k)]


def refilled(rule: Rule, values: Mapping[str, Any]) -> Rule:
    """Return a rule with holes in its thresholds filled."""
    if isinstance(rule, str):
        return rule
    if isinstance(rule, AtLeast):
        name = names_in(rule.k)[0] if isinstance(rule.k, str) else ""
        return rule.with_k(values[name]) if name in values else rule
    if isinstance(rule, Not):
        return Not(refilled(rule.part, values))
    return type(rule)(*(refilled(part, values) for part in rule.parts))
