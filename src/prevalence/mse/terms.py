"""Terms of a log-linear model: from names to indices, from masks to terms, and in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import Any

from ..lists import Lists
from ..presentation import plain_name

__all__ = ["chosen", "chosen_model", "dependence", "in_words", "pair_of", "terms_of", "together"]


def terms_of(lists: Lists, pairs: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """Return the groups of lists named by `pairs`, each with what is inside it."""
    out = []
    for pair in pairs:
        if isinstance(pair, str) or len(set(pair)) < 2:
            raise ValueError(
                f"pairs must be groups of different lists: found {pair!r}. Write [('police', "
                "'shelter')]."
            )
        out.append(tuple(sorted(lists.index(name) for name in pair)))
    for group in out:
        inside = combinations(group, len(group) - 1) if len(group) > 2 else ()
        lacking = [part for part in inside if part not in out]
        if lacking:
            said, part = (", ".join(lists.names[i] for i in g) for g in (group, lacking[0]))
            raise ValueError(
                f"pairs must hold what is inside a larger group: {said!r} is in without {part!r}. "
                "Add it."
            )
    return out


def pair_of(lists: Lists, argument: str, pair: Sequence[str]) -> list[int]:
    """Return the two lists named by an argument."""
    if isinstance(pair, str) or len(pair) != 2 or pair[0] == pair[1]:
        raise ValueError(
            f"{argument} must be two different lists: found {pair!r}. Write ('police', 'shelter')."
        )
    return [lists.index(name) for name in pair]


def chosen(terms: Iterable[Collection[int]], included: Iterable[Any]) -> list[tuple[int, ...]]:
    """Return the terms that a model has."""
    return [tuple(sorted(t)) for t, use in zip(terms, included, strict=True) if use]


def together(lists: Lists, term: Iterable[int]) -> str:
    """Return the lists of a term in plain words: police and shelter."""
    return " and ".join(plain_name(lists.names[i]) for i in sorted(term))


def in_words(lists: Lists, terms: Iterable[Iterable[int]]) -> str:
    """Return groups of lists: police and shelter; shelter and school. Nothing where there is none."""
    return "; ".join(together(lists, term) for term in terms)


def dependence(lists: Lists, terms: Iterable[Iterable[int]], where: str = "") -> str:
    """Return what a log-linear model takes for granted, as a sentence."""
    between = in_words(lists, terms)
    if not between:
        return f"All lists catch independently{where}."
    return f"Lists depend on each other only between {between}{where}."


def chosen_model(lists: Lists, terms: Iterable[Iterable[int]]) -> str:
    """Return what a model that was chosen takes for granted, as a sentence."""
    between = in_words(lists, terms)
    words = f"dependence only between {between}" if between else "all lists catch independently"
    return f"The chosen model holds: {words}."
