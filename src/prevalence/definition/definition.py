"""`Definition`: from coded answers to who counts as a case, written down and versioned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from unicodedata import normalize

from ..arguments import explained
from ..errors import one_of, text
from ..estimand import Coded
from .checks import check_holes, check_windows, checked_ages, checked_indicators, checked_texts
from .columns import check_codes
from .feasible import check_feasible
from .filling import filled_parts
from .indicator import Indicator, columns_in
from .logic import check_names
from .rules import Rule, check_rule
from .verbs import Verbs
from .windows import check_order

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from .classified import Classified

__all__ = ["MISSING", "Definition"]

MISSING = ("as_missing", "as_negative", "bounds")
WINDOWS = ("lifetime", "12m", "30d", "current")


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Definition(Verbs):
    """Who counts as a case: indicators, the rule that combines them, ages, window, denominator.

    Parameters
    ----------
    name, version : str
        What the definition is called, and which state of it this is; estimates carry both.
    indicators : mapping of str to Indicator
        The indicators by name.
    rule : str or rule
        An indicator's name, or `AnyOf`, `AllOf`, `AtLeast` or `Not` of names and rules.
    child_override : str or rule, optional
        Rule that by itself makes a case of persons under 18, for whom means are not required.
    age : tuple of two numbers, optional
        Lowest and highest age in completed years that the definition is about; None is any age.
    age_column : str
        Column of ages.
    unit : str
        What one case is: child, person, household, episode.
    denominator : str
        Whom a share is of, in words.
    eligible : str, optional
        Condition of the denominator besides age.
    window : str, optional
        Window that is meant where none is named.
    windows : sequence of str
        Names of windows, the widest first.
    missing : {"as_missing", "as_negative", "bounds"}
        What becomes of rows that the answers do not decide: missing, no case, or missing with the
        bounds in two further columns.
    missing_codes : list, or mapping of str to list, optional
        Codes of missing answers in all columns, or by column. With a list, 97, 98, 99 and the like
        that are not in it are refused; a mapping tells all codes of the columns it names, and an
        empty list says that there are none.
    holes : mapping of str to str
        What must be confirmed of each ``{hole}`` in the conditions and thresholds.

    Raises
    ------
    ValueError, TypeError
        When a condition cannot be read, a rule names what is not there, can never be met or always
        is, windows are out of order, or holes are not declared.

    Notes
    -----
    Missing answers are unknown, and so are those to questions not asked, unless the indicator says
    otherwise. The outcome is 1 where everything that they can be makes a case, 0 where nothing
    does, else unknown: `low` and `high` of the classification are these bounds. They are exact
    where a rule uses an indicator with and without `Not` (up to ten such), and where several
    conditions compare one column with constants (up to 256 ways to answer for one row, any number
    being an answer). Beyond that, where columns meet columns or numbers are computed, they follow
    Kleene's strong logic, which may be wider and is never too narrow. ``as_negative`` makes a case
    only of rows that surely are one: it fails (too low) where victims leave questions unanswered
    more often.

    The hash is that of the whole content, whatever the order of keys and of the parts of a rule.

    References
    ----------
    Kleene, S. C. (1952). Introduction to Metamathematics. North-Holland, section 64. (book)

    Manski, C. F. (2003). Partial Identification of Probability Distributions. Springer.
    doi:10.1007/b97478

    Examples
    --------
    >>> import prevalence as pv
    >>> definition = pv.Definition(
    ...     "Forced labour",
    ...     "1",
    ...     indicators={
    ...         "threats": pv.Indicator("q1 == 1", domain="violence", strength="strong"),
    ...         "debt": pv.Indicator("q2 == 1", domain="debt", strength="medium"),
    ...         "papers": pv.Indicator("q3 in [1, 2]", domain="movement", strength="medium"),
    ...     },
    ...     rule=pv.AnyOf("threats", pv.AtLeast(2, strength="medium", distinct_domains=True)),
    ... )
    >>> rows = {
    ...     "age": [9, 12, 17, 30],
    ...     "q1": [0, None, 1, 1],
    ...     "q2": [1, 0, None, 1],
    ...     "q3": [2, 1, 0, 1],
    ... }
    >>> definition.classify(rows).outcome
    array([ 1., nan,  1., nan])
    >>> definition.where
    '`age` >= 5 and `age` < 18'
    >>> definition.columns(), definition.outcome(), definition.at(None)
    (['age', 'q1', 'q2', 'q3'], 'forced_labour_v1', None)
    >>> definition.coded().definition
    'Forced labour, version 1'
    >>> definition.to_frame()["indicator"].tolist()
    ['threats', 'debt', 'papers']
    >>> pv.Definition.from_toml(definition.to_toml()) == definition
    True
    >>> pv.Definition.from_json(definition.to_json()) == definition
    True
    """

    name: str
    version: str
    indicators: Mapping[str, Indicator] = field(kw_only=True)
    rule: Rule = field(kw_only=True)
    child_override: Rule | None = field(default=None, kw_only=True)
    age: tuple[float, float] | None = field(default=(5, 17), kw_only=True)
    age_column: str = field(default="age", kw_only=True)
    unit: str = field(default="child", kw_only=True)
    denominator: str = field(default="", kw_only=True)
    eligible: str | None = field(default=None, kw_only=True)
    window: str | None = field(default=None, kw_only=True)
    windows: Sequence[str] = field(default=WINDOWS, kw_only=True)
    missing: str = field(default="as_missing", kw_only=True)
    missing_codes: Any = field(default=None, kw_only=True)
    holes: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("name", "version", "unit", "denominator", "age_column"):
            text(name, getattr(self, name), "Write it in words.")
        for name in ("name", "version", "age_column"):
            if not getattr(self, name).strip():
                raise ValueError(
                    f"{name} must not be empty: found {getattr(self, name)!r}. Write it."
                )
        one_of("missing", self.missing, MISSING)
        indicators = checked_indicators(self.indicators)
        windows = check_order(self.windows)
        made = {
            "indicators": indicators,
            "age": checked_ages(self.age),
            "windows": windows,
            "holes": checked_texts("holes", self.holes),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)
        for argument in ("rule", "child_override"):
            rule = getattr(self, argument)
            if argument == "rule" or rule is not None:
                check_rule(argument, rule)
                check_names(rule, indicators, argument)
        if self.eligible is not None:
            columns_in("eligible", self.eligible)
        check_windows(self)
        check_holes(self)
        object.__setattr__(self, "missing_codes", check_codes(self.missing_codes, self.columns()))
        check_feasible(self)

    # ------------------------------------------------------------------ what it is
    def __repr__(self) -> str:
        count = len(self.indicators)
        holes = f", holes: {', '.join(self.holes)}" if self.holes else ""
        window = f", window {self.window}" if self.window else ""
        return (
            f"<Definition: {self.name}, version {self.version} ({self.hash}); {count:,} "
            f"indicator{'' if count == 1 else 's'}{window}{holes}>"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and self.hash == other.hash

    def __hash__(self) -> int:
        return int(self.hash, 16)

    @cached_property
    def hash(self) -> str:
        """Digest of the whole content, whatever the order of keys and parts: 16 hex digits."""
        from .serialise import digest

        return digest(self)

    @property
    def indicator_names(self) -> list[str]:
        """Names of the indicators, in their order."""
        return list(self.indicators)

    @property
    def where(self) -> str:
        """Condition that the denominator meets: age in completed years and `eligible`."""
        parts = []
        if self.age is not None:
            low, high = self.age
            parts.append(f"`{self.age_column}` >= {low!r} and `{self.age_column}` < {high + 1!r}")
        if self.eligible is not None:
            parts.append(f"({self.eligible})")
        return " and ".join(parts)

    @property
    def at_windows(self) -> tuple[str, ...]:
        """Windows that it can be classified at: those that all indicators have."""
        own = [indicator.windows for indicator in self.indicators.values() if indicator.windows]
        if own:
            return tuple(w for w in self.windows if all(w in names for names in own))
        return (self.window,) if self.window is not None else ()

    def columns(self, window: str | None = None) -> list[str]:
        """Return the columns that the data must have.

        Parameters
        ----------
        window : str, optional
            Only those of this window; by default those of all.

        Returns
        -------
        list of str
            Names in alphabetical order.
        """
        at = None if window is None else self.at(window)
        found = {c for i in self.indicators.values() for c in i.columns(at)}
        found |= set(columns_in("eligible", self.eligible)) if self.eligible is not None else set()
        return sorted(found | ({self.age_column} if self.needs_age else set()))

    @property
    def needs_age(self) -> bool:
        """Tell whether ages are needed: for the range, or for the rule of those under 18."""
        return self.age is not None or self.child_override is not None

    def outcome(self, window: str | None = None) -> str:
        """Return the name of the column that a classification adds.

        Parameters
        ----------
        window : str, optional
            One of the windows of the definition; by default the one that is meant.

        Returns
        -------
        str
            Name, version and window in lower case, a name of the grammar.
        """
        at = self.at(window)
        parts = [self.name, f"v{self.version}", *([at] if at else [])]
        slug = "_".join(re.sub(r"\W+", "_", normalize("NFKC", part).casefold()) for part in parts)
        slug = re.sub(r"_+", "_", slug).strip("_")
        return slug if slug.isidentifier() else f"d_{slug}"

    def at(self, window: str | None) -> str | None:
        """Return the window that is meant, checked.

        Parameters
        ----------
        window : str or None
            The one asked for; None is the definition's own, or the only one there is.

        Returns
        -------
        str or None
            Name of the window; None where the definition has none.
        """
        there = self.at_windows
        if window is None:
            window = self.window if self.window is not None or len(there) != 1 else there[0]
        if window in there or (window is None and not there):
            return window
        found = "none" if window is None else repr(window)
        remedy = f" There are: {', '.join(there)}." if there else " Leave it out: there are none."
        raise ValueError(
            f"window must be one that every indicator of {self.name!r} has: found {found}.{remedy}"
        )

    def coded(self, window: str | None = None) -> Coded:
        """Return what estimates say of an outcome that the definition coded.

        Parameters
        ----------
        window : str, optional
            One of the windows of the definition; by default the one that is meant.

        Returns
        -------
        Coded
            Name and version, hash, window, denominator and its condition.
        """
        return Coded(
            definition=f"{self.name}, version {self.version}",
            definition_hash=self.hash,
            window=self.at(window) or "",
            denominator=self.denominator,
            where=self.where,
        )

    # ------------------------------------------------------------------ holes
    def fill(self, **values: Any) -> Self:
        """Return the definition with holes filled: the cut-offs that the user has confirmed.

        Parameters
        ----------
        **values : number, str or list of these
            The value of each hole by its name; the others stay.

        Returns
        -------
        Definition
            Equal to one that was written with these values.

        Raises
        ------
        TypeError
            When there is no such hole, or a value is no number, text or list.

        Examples
        --------
        >>> import prevalence as pv
        >>> definition = pv.Definition(
        ...     "Long hours",
        ...     "1",
        ...     indicators={"long": pv.Indicator("hours >= {least}")},
        ...     rule="long",
        ...     holes={"least": "hours a week from which work counts"},
        ... )
        >>> definition.fill(least=43).indicators["long"].expr
        'hours >= 43'
        """
        return replace(self, **filled_parts(self, values))

    # ------------------------------------------------------------------ tables and files
    def to_frame(self) -> pd.DataFrame:
        """Return one row per indicator and window, as a codebook to read and to sign.

        Returns
        -------
        DataFrame
            Columns indicator, domain, strength, window ("" for any), expr, asked ("" for all),
            not_asked, and one of labels for each language.
        """
        import pandas as pd

        languages = sorted({word for i in self.indicators.values() for word in i.labels})
        rows = [
            {
                "indicator": name,
                "domain": i.domain,
                "strength": i.strength,
                "window": window or "",
                "expr": i.at(window),
                "asked": i.asked or "",
                "not_asked": i.not_asked,
                **{f"label_{language}": i.labels.get(language, "") for language in languages},
            }
            for name, i in self.indicators.items()
            for window in i.windows or (None,)
        ]
        return pd.DataFrame(rows)

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the definition as TOML, and write it.

        Parameters
        ----------
        path : str or Path, optional
            File to write, in UTF-8.

        Returns
        -------
        str
            The text, which `from_toml` reads back to an equal definition.
        """
        from .serialise import to_text

        return to_text(self, "toml", path)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the definition as JSON, and write it.

        Parameters
        ----------
        path : str or Path, optional
            File to write, in UTF-8.

        Returns
        -------
        str
            The text, which `from_json` reads back to an equal definition.
        """
        from .serialise import to_text

        return to_text(self, "json", path)

    @classmethod
    def from_toml(cls, source: str | Path) -> Definition:
        """Read a definition in TOML.

        Parameters
        ----------
        source : str or Path
            A file, or the text itself (of more than one line).

        Returns
        -------
        Definition
            Equal to the one that was written.

        Raises
        ------
        ValueError
            When the text is no TOML, or lacks or misspells a part of a definition.
        """
        from .serialise import from_text

        return from_text(source, "toml")

    @classmethod
    def from_json(cls, source: str | Path) -> Definition:
        """Read a definition in JSON.

        Parameters
        ----------
        source : str or Path
            A file, or the text itself (which starts with a brace).

        Returns
        -------
        Definition
            Equal to the one that was written.

        Raises
        ------
        ValueError
            When the text is no JSON, or lacks or misspells a part of a definition.
        """
        from .serialise import from_text

        return from_text(source, "json")

    # ------------------------------------------------------------------ use
    def classify(
        self,
        data: Any,
        *,
        window: str | None = None,
        weights: Any = None,
        contradictions: str = "error",
    ) -> Classified:
        """Return who counts as a case, with bounds where answers are missing, and an audit.

        Parameters
        ----------
        data : Survey, or any table
            Rows with the columns of the definition.
        window : str, optional
            Window of time; by default the definition's.
        weights : str or array, optional
            For the shares of the audit: a column or numbers. A survey has its own.
        contradictions : {"error", "keep", "imply"}
            Where an answer is yes within a window and no in a wider one: refuse, take each window
            as answered, or count the wider one as yes.

        Returns
        -------
        Classified
            Outcome (1, 0, nan), bounds, eligible rows, indicators, audit, and the data with the
            outcome in a column. Rows outside the denominator are nan.

        Raises
        ------
        ValueError, TypeError, KeyError
            When a hole is not filled, a column is not in the data or holds codes for missing
            answers that are not declared, eligibility is not known, or windows contradict.

        Examples
        --------
        >>> import prevalence as pv
        >>> definition = pv.Definition(
        ...     "Debt", "1", indicators={"debt": pv.Indicator("q2 == 1")}, rule="debt"
        ... )
        >>> found = definition.classify({"age": [9, 12, 17], "q2": [1, 0, None]})
        >>> found.audit[["indicator", "fired", "share", "missing"]]
          indicator  fired  share  missing
        0      debt      1    0.5        1
        1   outcome      1    0.5        1
        """
        from .classified import classify

        return classify(self, data, window=window, weights=weights, contradictions=contradictions)
