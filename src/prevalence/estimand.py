"""`Estimand`: what is estimated, and what an outcome was coded by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from .arguments import explained

__all__ = ["SEVERAL", "Coded", "Estimand", "WindowWords", "by_row", "window_words", "words_of"]

SEVERAL = "several"  # the outcome of rows that do not share one
UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
OF_ROWS = ("definition", "definition_hash", "window", "denominator")


@dataclass(frozen=True)
class Coded:
    """What a column of outcomes was coded by: a definition in words, with its hash.

    `window` is the time it refers to, `denominator` whom a share is of, `where` the condition of
    the denominator on rows.
    """

    definition: str
    definition_hash: str
    window: str = ""
    denominator: str = ""
    where: str = ""


@explained
@dataclass(frozen=True)
class Estimand:
    """What is estimated: the outcome and its definition, the window and the population.

    Parameters
    ----------
    outcome, definition, definition_hash : str
        Name of the outcome, its definition in words, and a digest of the rule that codes it.
    window, denominator, population : str
        Time that it refers to, whom a share is of, and whom the estimate speaks for.
    excludes : str
        Groups that the sample cannot reach: a remark, which does not make another estimand.

    Examples
    --------
    >>> import prevalence as pv
    >>> past = pv.Estimand(outcome="child labour", window="2022")
    >>> past.differing(pv.Estimand(outcome="child labour", window="2023"))
    ['window (2022 / 2023)']
    >>> past.same_as(pv.Estimand(outcome="child labour", window="2022"))
    True
    """

    outcome: str = ""
    definition: str = ""
    definition_hash: str = ""
    window: str = ""
    denominator: str = ""
    population: str = ""
    excludes: str = ""

    def same_as(self, other: Estimand) -> bool:
        """Tell whether two estimates are of one quantity (the excluded groups are a remark).

        Parameters
        ----------
        other : Estimand
            What the other one estimates.

        Returns
        -------
        bool
            True if all parts but the excluded groups are equal.
        """
        return replace(self, excludes="") == replace(other, excludes="")

    def differing(self, other: Estimand) -> list[str]:
        """Return the fields that differ, with both values.

        Parameters
        ----------
        other : Estimand
            What the other one estimates.

        Returns
        -------
        list of str
            One text per part, as in ``"window (2022 / 2023)"``; empty if none differs.
        """
        return [
            f"{name} ({getattr(self, name) or 'not given'!s} / {getattr(other, name) or 'not given'!s})"
            for name in self.__dataclass_fields__
            if name != "excludes" and getattr(self, name) != getattr(other, name)
        ]


def words_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return words for the estimand; a definition among them stands for all that it says."""
    given = words.get("definition")
    coded = getattr(given, "coded", None)
    if not callable(coded):
        return dict(words)
    said = coded()
    parts = {name: getattr(said, name) for name in ("definition", "definition_hash")}
    more = {name: getattr(said, name) for name in ("window", "denominator") if getattr(said, name)}
    return {**more, **words, **parts}


class WindowWords(NamedTuple):
    """A window of time as the end of a sentence, and as a label."""

    said: str
    label: str


NAMED_WINDOWS = {
    "lifetime": WindowWords("ever before interview", "ever"),
    "ever": WindowWords("ever before interview", "ever"),
    "current": WindowWords("at the time of interview", "now"),
}


def window_words(name: str) -> WindowWords | None:
    """Return the words for the short name of a window, such as "12m"; None for other words."""
    length = re.fullmatch(r"(\d+)([dwmy])", name.casefold())
    if length is None:
        return NAMED_WINDOWS.get(name.casefold())
    count, unit = int(length[1]), UNITS[length[2]]
    time = unit if count == 1 else f"{count:,} {unit}s"
    return WindowWords(f"in the {time} before interview", f"last {time}")


class Words(Protocol):
    """Words of the definition of one outcome: those of an `Estimand`, or of what coded a column."""

    @property
    def definition(self) -> str: ...
    @property
    def definition_hash(self) -> str: ...
    @property
    def window(self) -> str: ...
    @property
    def denominator(self) -> str: ...


def by_row(outcomes: Mapping[str, Words]) -> dict[str, dict[str, dict[str, str]]]:
    """Return what the rows of a joint estimate do not share, to be kept in its provenance."""
    said = {
        name: {part: getattr(about, part) for part in OF_ROWS} for name, about in outcomes.items()
    }
    return {"estimands": said}
