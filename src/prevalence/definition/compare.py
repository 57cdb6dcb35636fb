"""Definitions side by side on one survey: shares by definition and window, overlaps, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..estimate import Estimate
from ..survey import Survey
from .joint import paired, share, stacked, told, unclassified

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .definition import Definition

__all__ = ["DefinitionComparison", "compare"]

Array = NDArray[Any]
#: What the rows of the bounds of a definition with ``missing="bounds"`` are called.
BOUNDS = {"_low": "at least", "_high": "at most"}


@dataclass(frozen=True, eq=False, repr=False)
class DefinitionComparison:
    """Shares of several definitions and windows on one survey, with their joint covariance.

    Made by `Definition.compare`.

    Parameters
    ----------
    estimate : Estimate
        One row per definition and window: shares of each definition's own denominator.
    rows : DataFrame
        Definition, version, window and bound of each row of the estimate.
    overlaps : DataFrame
        One row per window and combination of definitions among the rows in any denominator: 1 or 0
        by definition (missing where undecided or outside its denominator), rows ``n`` and their
        weighted ``share``. Combinations of few rows can tell who is in the data:
        `prevalence.disclosure.protect_overlaps` suppresses them before they are published.

    Examples
    --------
    >>> import prevalence as pv
    >>> asked = {w: f"threats in {codes}" for w, codes in {"12m": [1, 2], "current": [1]}.items()}
    >>> d = pv.Definition(
    ...     "Threats", "1", indicators={"threats": pv.Indicator(asked)}, rule="threats"
    ... )
    >>> survey = pv.Survey({"age": [9, 12, 15, 16] * 20, "threats": [1, 2, 4, 4] * 20})
    >>> d.compare(survey)
    definition  window  share    low   high  n  cases
       Threats     12m 50.0 % 39.2 % 60.8 % 80     40
       Threats current 25.0 % 16.5 % 35.4 % 80     20
    """

    estimate: Estimate
    rows: pd.DataFrame
    overlaps: pd.DataFrame

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per definition and window.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns definition, version, window, bound (``"at least"`` and ``"at most"`` for a
            definition with bounds), then those of `Estimate.to_frame`.
        """
        table = self.estimate.to_frame(level).drop(columns=["definition"], errors="ignore")
        return pd.concat([self.rows, table], axis=1)

    def differences(self, level: float = 0.95) -> pd.DataFrame:
        """Return differences between definitions at a window, and between windows of a definition.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns difference, window, estimate, std_error, conf_low, conf_high.

        Raises
        ------
        ValueError
            When there is one row alone.

        Notes
        -----
        The standard error is that of the difference of two shares of the same children, with
        their covariance: ``V(a) + V(b) - 2 C(a, b)``. Two shares of the same cases differ by 0
        without a standard error: the sample cannot tell it. The interval is Student's t; it fails
        where the two differ in a few rows only.
        """
        left, right, named = self._pairs()
        if not left:
            raise ValueError(
                "differences need two rows: found one. Compare with other definitions, or at "
                "several windows."
            )
        difference = paired(self.estimate, left, right)
        error, limits = told(difference, level)
        return pd.DataFrame(
            {
                "difference": [words for words, _ in named],
                "window": [window for _, window in named],
                "estimate": difference.value,
                "std_error": error,
                "conf_low": limits[:, 0],
                "conf_high": limits[:, 1],
            }
        )

    def _pairs(self) -> tuple[list[int], list[int], list[tuple[str, str]]]:
        """Return the pairs of rows that differ in their definition or in their window alone."""
        left, right, named = [], [], []
        held = self.rows.to_dict("records")
        for (i, a), (j, b) in combinations(enumerate(held), 2):
            alike = a["definition"] == b["definition"] and a["version"] == b["version"]
            if a["bound"] != b["bound"] or (a["window"] == b["window"]) == alike:
                continue
            left.append(i)
            right.append(j)
            one, two = (a["window"], b["window"]) if alike else (_named(a, b), _named(b, a))
            head = f"{a['definition']}: " if alike else ""
            named.append((f"{head}{one} - {two}", "" if alike else a["window"]))
        windows = list(dict.fromkeys([*self.rows["window"], ""]))
        order = sorted(
            range(len(named)),
            key=lambda k: windows.index(named[k][1]) if named[k][1] else len(windows),
        )
        return [left[k] for k in order], [right[k] for k in order], [named[k] for k in order]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        truth: Mapping[str, float] | None = None,
        synthetic: bool = False,
        lang: str = "en",
    ) -> Axes:
        """Draw the shares with their intervals; see `prevalence.plot.definitions`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        truth : mapping of str to float, optional
            The true share by window, where data are synthetic.
        synthetic : bool
            Whether to write on the figure that the data are synthetic.
        lang : {"en", "fr"}
            Language of words and numbers.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.
        """
        from ..plot import definitions

        return definitions(self, ax=ax, truth=truth, synthetic=synthetic, lang=lang)

    def __repr__(self) -> str:
        table = self.to_frame()
        shown = self.rows[["definition"]].copy()
        for name in ("version", "window", "bound"):
            if len(set(self.rows[name])) > 1:
                shown[name] = self.rows[name]
        for name, column in {"share": "estimate", "low": "conf_low", "high": "conf_high"}.items():
            shown[name] = [f"{100 * x:.1f} %" if np.isfinite(x) else "" for x in table[column]]
        return shown.assign(n=table["n"], cases=table["cases"]).to_string(index=False)


def _named(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    """Name a definition, with its version where the other one has the same name."""
    same = one["definition"] == other["definition"]
    return f"{one['definition']} {one['version']}" if same else str(one["definition"])


def compare(
    definition: Definition,
    survey: Survey,
    others: Definition | Sequence[Definition] = (),
    *,
    windows: Sequence[str | None] | None = None,
    contradictions: str = "error",
) -> DefinitionComparison:
    """Classify a survey by several definitions at several windows, and estimate all shares."""
    from .definition import Definition

    listed = [definition, *([others] if isinstance(others, Definition) else others)]
    for d in listed:
        if not isinstance(d, Definition):
            raise TypeError(
                f"others must be Definitions: found {type(d).__name__}. Read one with "
                "pv.Definition.from_toml(path)."
            )
    names = [(d.name, d.version) for d in listed]
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ValueError(
            f"definitions must differ in name or version: {twice[0][0]!r}, version {twice[0][1]}, "
            "stands twice. Rename one."
        )
    asked = _windows(listed, windows)
    estimates, rows, outcomes = [], [], {}
    for d in listed:
        plain = unclassified(survey, d, asked)
        for window in asked:
            found = d.classify(plain, window=window, contradictions=contradictions)
            about = found.survey.coded[d.outcome(window)]
            outcomes[d.name, d.version, window] = (found.outcome, found.eligible)
            for name, y in found.columns.items():
                bound = next((words for end, words in BOUNDS.items() if name.endswith(end)), "")
                if found.definition.missing == "bounds" and not bound:
                    continue
                estimates.append(share(plain, name, y, about))
                rows.append((d.name, d.version, window or "", bound))
    return DefinitionComparison(
        stacked(estimates),
        pd.DataFrame(rows, columns=["definition", "version", "window", "bound"]),
        _overlaps(survey, listed, asked, outcomes),
    )


def _windows(
    listed: Sequence[Definition], windows: Sequence[str | None] | str | None
) -> list[str | None]:
    """Return the windows asked for, or those that all definitions have."""
    if isinstance(windows, str):
        return [windows]
    if windows is not None:
        if not len(windows):
            raise ValueError("windows must name one: found none. Leave the argument out for all.")
        return list(windows)
    first = listed[0].at_windows
    shared: list[str | None] = [w for w in first if all(w in d.at_windows for d in listed)]
    if not shared and any(d.at_windows for d in listed):
        raise ValueError(
            f"windows must be shared by the definitions: {listed[0].name!r} has "
            f"{', '.join(first) or 'none'}, and not all others have one of them. Name a window in "
            "windows=[...]."
        )
    return shared or [None]


def _overlaps(
    survey: Survey,
    listed: Sequence[Definition],
    windows: Sequence[str | None],
    outcomes: Mapping[tuple[str, str, str | None], tuple[Array, NDArray[np.bool_]]],
) -> pd.DataFrame:
    """Count who is a case by which definitions, at each window."""
    names = [d.name for d in listed]
    columns = [d.name if names.count(d.name) == 1 else f"{d.name} {d.version}" for d in listed]
    weights, parts = survey.final_weights, []
    for window in windows:
        held = [outcomes[d.name, d.version, window] for d in listed]
        inside = np.logical_or.reduce([eligible for _, eligible in held]) & (weights != 0)
        table = pd.DataFrame(
            {c: y[inside] for c, (y, _) in zip(columns, held, strict=True)}
        ).assign(weight=weights[inside])
        groups = table.groupby(columns, dropna=False, sort=True)["weight"]
        part = groups.agg(n="size", share="sum").reset_index()
        part["share"] /= table["weight"].sum()
        part.insert(0, "window", window or "")
        parts.append(part.sort_values(columns, ascending=False, na_position="last"))
    out = pd.concat(parts, ignore_index=True)
    return out.astype(dict.fromkeys(columns, "Int64"))
