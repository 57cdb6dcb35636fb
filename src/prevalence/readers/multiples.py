"""Which choices of a select_multiple are ticked, from its text, its boxes of 0 and 1, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import text_of, tokens
from .sheets import Column

__all__ = ["Ticks", "ticks"]

Array = NDArray[Any]
Labels = Mapping[str, str]
BOX = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Ticks:
    """Rows in which each choice is ticked, rows with an answer, rows with what is no choice."""

    chosen: Mapping[str, Array]
    answered: Array
    strange: Array

    def without_answer(self, missing: Mapping[str, str]) -> tuple[Array, Array]:
        """Return why a row has no answer ("" where it has), and rows that also tick an answer."""
        gone = np.full(len(self.answered), "", dtype=object)
        real = np.zeros(len(self.answered), dtype=bool)
        for code, rows in self.chosen.items():
            if code in missing:
                gone[rows] = missing[code]
            else:
                real |= rows
        contradicts = (gone != "") & real
        gone[real] = ""
        return gone, contradicts

    def text(self, codes: Sequence[str]) -> Array:
        """Return the codes that are ticked, with a space between them."""
        words = [np.where(self.chosen[code], f"{code} ", "").astype(object) for code in codes]
        joined = sum(words, np.full(len(self.answered), "", dtype=object))
        return np.array([text.rstrip() for text in joined], dtype=object)


def ticks(
    column: Column | None,
    boxes: Sequence[tuple[str, Column]],
    options: Mapping[str, Labels],
    n: int,
) -> Ticks:
    """Read the text where all of it is codes or labels of choices; else the boxes, if there are."""
    options = {**options, **{code: {} for code, _ in boxes if code not in options}}
    if column is None:
        return _boxes(boxes, options, n)
    split = {value: tokens(value, options) for value in column.distinct}
    if boxes and any(words is None for words in split.values()):
        found = _boxes(boxes, options, n)
        return Ticks(found.chosen, ~column.blank, found.strange)
    if not options:
        split = {value: tuple(text_of(value).split()) for value in column.distinct}
        options = {word: {} for words in split.values() for word in words or ()}
    known = {
        value: words
        if words is not None
        else tuple(word for word in text_of(value).split() if word in options)
        for value, words in split.items()
    }
    strange = column.mapped(lambda value: split[value] is None, False, bool)
    chosen = {
        code: column.mapped(
            {value: code in words for value, words in known.items()}.get, False, bool
        )
        for code in options
    }
    return Ticks(chosen, ~column.blank, strange)


def _boxes(boxes: Sequence[tuple[str, Column]], options: Mapping[str, Labels], n: int) -> Ticks:
    """Read boxes of 0 and 1, of one or several versions of the form."""
    chosen = {code: np.zeros(n, dtype=bool) for code in options}
    answered, strange = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    for code, column in boxes:
        marks = column.mapped(lambda value: BOX.get(text_of(value).lower(), np.nan), np.nan, float)
        chosen[code] |= marks == 1
        answered |= ~np.isnan(marks)
        strange |= np.isnan(marks) & ~column.blank
    return Ticks(chosen, answered, strange)
