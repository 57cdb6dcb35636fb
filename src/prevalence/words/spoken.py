"""One language: its words by their English ones, and how it writes numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from numbers import Number
from string import Formatter
from typing import Any

from ..errors import one_of
from ..rounding import shown
from . import french, french_tables

__all__ = ["ENGLISH", "LANGUAGES", "Words", "language"]

Pattern = tuple[re.Pattern[str], str]
LANGUAGES = ("en", "fr")
THIN, FIXED = "\u202f", "\u00a0"  # spaces at which no line breaks: a narrow one, a full one
NUMBER, PLACES = r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?", re.compile(r"[#*]")
SPACED = ((" :", f"{FIXED}:"), (" ;", f"{THIN};"), (" %", f"{THIN}%"))
INSIDE = (("« ", f"«{FIXED}"), (" »", f"{FIXED}»"))


@dataclass(frozen=True)
class Words:
    """What is said in one language; called with English words, it returns its own.

    Parameters
    ----------
    lang : {"en", "fr"}
        The language.
    table : mapping of str to str
        Its words by the English ones; empty for English itself.
    patterns : sequence of (compiled pattern, str)
        Its words for remarks made elsewhere, with ``#`` for each number and ``*`` for each name.
    """

    lang: str
    table: Mapping[str, str] = field(default_factory=dict, repr=False)
    patterns: Sequence[Pattern] = field(default=(), repr=False)

    def __call__(self, english: str, /, **values: Any) -> str:
        """Return the words for these, with values in their places and numbers as it writes them."""
        if self.lang == "en":
            return english.format(**values)
        return _Numbers(self).format(self.table[english], **values)

    def number(self, text: str) -> str:
        """Return a number that is text, as `format` writes it, as this language writes it."""
        if self.lang == "en":
            return text
        return text.translate({ord(","): THIN, ord("."): ","}).replace(" %", f"{THIN}%")

    def shown(self, value: float, low: float, high: float, unit: str) -> tuple[str, str, str]:
        """Return an estimate and its limits, rounded together, as text."""
        one, two, three = (self.number(text) for text in shown(value, low, high, unit))
        return one, two, three

    def joined(self, parts: Iterable[str]) -> str:
        """Return several things one after another, with semicolons between them."""
        return ("; " if self.lang == "en" else f"{THIN}; ").join(parts)

    def ticks(self, spec: str = ",.6g") -> Callable[[float, object], str]:
        """Return what writes the numbers of an axis."""
        return lambda x, _: self.number(format(x, spec))

    def known(self, text: str) -> str:
        """Return words made elsewhere (a remark, a unit, a window), or those that it has no words for.

        Remarks that follow one another after a semicolon are looked up one by one.
        """
        if self.lang == "en" or not text:
            return text
        parts = text.split("; ")
        own = [self._one(part) for part in parts]
        return text if own == parts else self.joined(own)

    def _one(self, text: str) -> str:
        if text in self.table:
            return self.table[text]
        for pattern, words in self.patterns:
            if found := pattern.fullmatch(text):
                return self._filled(words, found.groups())
        head, colon, rest = text.partition(": ")
        if colon and head in self.table:
            return f"{self.table[head]}{FIXED}: {self._one(rest)}"
        parts = text.split(", ")
        return ", ".join(map(self._one, parts)) if len(parts) > 1 else text

    def _filled(self, words: str, found: Sequence[str]) -> str:
        """Return the words of a pattern with its numbers and names in their places."""
        parts = PLACES.split(words)
        out = [parts[0]]
        for place, value, after in zip(PLACES.findall(words), found, parts[1:], strict=True):
            out += [self.number(value) if place == "#" else value, after]
        return "".join(out)


class _Numbers(Formatter):
    """A formatter that writes numbers as a language does."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        is_number = isinstance(value, Number) and not isinstance(value, bool)
        return self._words.number(text) if is_number else text


def language(lang: str) -> Words:
    """Return the words of a language.

    Parameters
    ----------
    lang : {"en", "fr"}
        The language.

    Returns
    -------
    Words
        Called with English words that are in its table, it returns its own.

    Raises
    ------
    ValueError
        When the library does not speak it.
    """
    return _of(one_of("lang", lang, LANGUAGES))


@cache
def _of(lang: str) -> Words:
    if lang == "en":
        return Words(lang)
    remarks = _spaced(french_tables.REMARKS).items()
    patterns = [(_pattern(english), words) for english, words in remarks]
    return Words(lang, _spaced({**french.FIGURES, **french_tables.TABLES}), patterns)


def _pattern(english: str) -> re.Pattern[str]:
    """Return what finds these words with any numbers and names in their places."""
    places = {"#": f"({NUMBER})", "*": "(.+)"}
    parts, between = PLACES.split(english), PLACES.findall(english)
    found = [places[x] + re.escape(part) for x, part in zip(between, parts[1:], strict=True)]
    return re.compile(re.escape(parts[0]) + "".join(found))


def _spaced(table: Mapping[str, str]) -> dict[str, str]:
    """Return words with the spaces at which a line must not break."""
    out = dict(table)
    for plain, fixed in (*SPACED, *INSIDE):
        out = {english: words.replace(plain, fixed) for english, words in out.items()}
    return out


ENGLISH = language("en")
