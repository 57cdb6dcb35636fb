"""`Indicator`: one sign of exploitation as a condition on coded columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arguments import explained
from ..errors import mapping, one_of, shown, text
from ..grammar import columns_of
from .holes import plugged

__all__ = ["NOT_ASKED", "Indicator", "columns_in"]

NOT_ASKED = ("missing", "negative")


@explained
@dataclass(frozen=True)
class Indicator:
    """One indicator: a condition on coded columns, with its domain, strength and who was asked.

    Parameters
    ----------
    expr : str or mapping of str to str
        Condition such as ``"q31 in [1, 2]"``, or one for each window:
        ``{"lifetime": "q31 == 1", "12m": "q31b == 1"}``. A single one holds at every window.
    domain, strength : str
        Words that rules count by, such as ``"recruitment"`` and ``"strong"``.
    asked : str, optional
        Condition that was met by those who were asked; without it all were.
    not_asked : {"missing", "negative"}
        What those who were not asked count as: not asked is not "no" unless you say so.
    labels : mapping of str to str
        Words for the indicator, by language: ``{"en": "Deceived", "fr": "Trompé"}``.

    Raises
    ------
    ValueError, TypeError
        When a condition cannot be read, calls something, or names no column.

    Notes
    -----
    Conditions are parsed, never evaluated as code: names of columns (odd ones in backticks),
    constants, comparisons, ``in``, ``and``, ``or``, ``not``, ``+ - *``. A missing value makes a
    comparison unknown; ``and``, ``or`` and ``not`` follow Kleene's strong logic. Cut-offs that are
    still to be confirmed stand as holes: ``"hours >= {light_hours}"``.

    References
    ----------
    Kleene, S. C. (1952). Introduction to Metamathematics. North-Holland, section 64. (book)

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.Indicator("q31 in [1, 2]", domain="recruitment", asked="ever_recruited == 1").columns()
    ['ever_recruited', 'q31']
    >>> ever = pv.Indicator({"year": "q31 == 1", "ever": "q31 in [1, 2]"}, domain="recruitment")
    >>> ever.at("year")
    'q31 == 1'
    """

    expr: str | Mapping[str, str]
    domain: str = field(default="", kw_only=True)
    strength: str = field(default="", kw_only=True)
    asked: str | None = field(default=None, kw_only=True)
    not_asked: str = field(default="missing", kw_only=True)
    labels: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("domain", "strength"):
            text(name, getattr(self, name), "Write one word, or nothing.")
        one_of("not_asked", self.not_asked, NOT_ASKED)
        object.__setattr__(self, "expr", _expressions(self.expr))
        if self.asked is not None:
            columns_in("asked", self.asked)
        labels = mapping("labels", self.labels, 'Write for example {"en": "Deceived"}.')
        for language, words in labels.items():
            text("labels", language, "Write languages as text.")
            text("labels", words, "Write one text for each language.")
        object.__setattr__(self, "labels", labels)

    @property
    def windows(self) -> tuple[str, ...]:
        """Windows that it has a condition of its own for; none where one holds at every window."""
        return () if isinstance(self.expr, str) else tuple(self.expr)

    def at(self, window: str | None) -> str:
        """Return the condition at a window.

        Parameters
        ----------
        window : str or None
            One of the windows of the indicator; any where one condition holds at every window.

        Returns
        -------
        str
            The condition as it was written.

        Raises
        ------
        ValueError
            When it has no condition for the window.
        """
        if isinstance(self.expr, str):
            return self.expr
        if window is None or window not in self.expr:
            raise ValueError(
                f"window must be one of the indicator's: found {window!r}. There are: "
                f"{', '.join(self.expr)}."
            )
        return self.expr[window]

    def columns(self, window: str | None = None) -> list[str]:
        """Return the columns that it needs, those of `asked` among them.

        Parameters
        ----------
        window : str, optional
            Only those of this window; by default those of all.

        Returns
        -------
        list of str
            Names in alphabetical order.
        """
        several = self.windows if window is None else (window,)
        texts = [self.at(w) for w in several or (None,)]
        texts += [self.asked] if self.asked is not None else []
        return sorted({name for part in texts for name in columns_in("expr", part)})


def columns_in(argument: str, condition: Any) -> list[str]:
    """Return the columns of a condition that may have holes, and check that it can be read."""
    if not isinstance(condition, str):
        raise TypeError(
            f'{argument} must be a condition, such as "q31 in [1, 2]": found {shown(condition)}. '
            "Write it as text."
        )
    plain, stand_ins = plugged(condition)
    names = [name for name in columns_of(plain) if name not in stand_ins]
    if not names:
        raise ValueError(
            f"{argument} must name a column of the data: {condition!r} has none. Compare one with "
            'a value, as in "q31 == 1".'
        )
    return names


def _expressions(expr: Any) -> str | dict[str, str]:
    """Return the conditions of an indicator, checked."""
    if isinstance(expr, Mapping):
        if not expr:
            raise ValueError(
                'expr must have a condition: found none. Write for example {"12m": "q31 == 1"}.'
            )
        for window, condition in expr.items():
            text("expr", window, "Write windows as text.")
            columns_in(f"expr at {window!r}", condition)
        return dict(expr)
    columns_in("expr", expr)
    return str(expr)
