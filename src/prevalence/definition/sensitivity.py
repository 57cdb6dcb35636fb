"""What a definition's share rests on: each indicator left out, each threshold moved by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..estimate import Estimate
from ..survey import Survey
from .indicator import columns_in
from .joint import paired, share, stacked, told, unclassified
from .logic import used
from .rules import AllOf, AnyOf, AtLeast, Not, Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .definition import Definition

__all__ = ["DefinitionSensitivity", "sensitivity"]

CHILD = 18


@dataclass(frozen=True, eq=False, repr=False)
class DefinitionSensitivity:
    """The share by a definition, and what it becomes when one part of the definition is changed.

    Made by `Definition.sensitivity`.

    Parameters
    ----------
    estimate : Estimate
        The share as defined, then one row per change, with their joint covariance.
    changes : DataFrame
        Kind (``"as defined"``, ``"indicator"`` or ``"threshold"``) and words of each row.
    impossible : DataFrame
        Changes after which no rule is left, or none that can be met: kind, change and reason.
    window : str
        Window of time.

    Examples
    --------
    >>> import prevalence as pv
    >>> d = pv.Definition(
    ...     "Two signs", "1",
    ...     indicators={name: pv.Indicator(f"{name} == 1") for name in ("debt", "threats")},
    ...     rule=pv.AtLeast(2),
    ... )
    >>> rows = {"age": [9, 12, 15, 16] * 20, "debt": [1, 1, 1, 0] * 20, "threats": [1, 1, 0, 0] * 20}
    >>> d.sensitivity(pv.Survey(rows))
             change   share  cases difference std_error
         as defined 50.00 %     40      +0.00
    at least 2 -> 1 75.00 %     60     +25.00      4.87
    without debt: rule must be one that answers can meet: ...
    """  # fmt: skip

    estimate: Estimate
    changes: pd.DataFrame
    impossible: pd.DataFrame
    window: str

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per change, beside the share as defined.

        Parameters
        ----------
        level : float
            Probability of the intervals.

        Returns
        -------
        pandas.DataFrame
            Columns kind, change, estimate, std_error, conf_low, conf_high, n, cases; difference
            from the share as defined with difference_std_error, difference_low, difference_high.

        Notes
        -----
        Standard errors of differences use the covariance of the two shares, which are of the same
        rows. A change that moves no row has a difference of 0 without a standard error: the sample
        cannot tell it. Where it moves few rows, Student's t interval is too narrow.
        """
        limits, count = self.estimate.interval(level), len(self.estimate)
        difference = paired(self.estimate, list(range(count)), [0] * count)
        error, moved = told(difference, level)
        error[0], moved[0] = 0.0, 0.0  # what is defined differs from itself by nothing
        facts = self.estimate.facts
        return self.changes.assign(
            estimate=self.estimate.value,
            std_error=self.estimate.std_error,
            conf_low=limits[:, 0],
            conf_high=limits[:, 1],
            n=facts["n"],
            cases=facts["cases"],
            difference=difference.value,
            difference_std_error=error,
            difference_low=moved[:, 0],
            difference_high=moved[:, 1],
        )

    def plot(self, ax: Axes | None = None, *, synthetic: bool = False, lang: str = "en") -> Axes:
        """Draw the differences with their intervals; see `prevalence.plot.definition_changes`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        synthetic : bool
            Whether to write on the figure that the data are synthetic.
        lang : {"en", "fr"}
            Language of words and numbers.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.
        """
        from ..plot import definition_changes

        return definition_changes(self, ax=ax, synthetic=synthetic, lang=lang)

    def __repr__(self) -> str:
        table = self.to_frame()
        shown = table[["change", "cases"]].copy()
        shown.insert(1, "share", [f"{100 * x:.2f} %" for x in table["estimate"]])
        shown["difference"] = [f"{100 * x:+.2f}" for x in table["difference"]]
        errors = table["difference_std_error"]
        shown["std_error"] = [f"{100 * x:.2f}" if x > 0 else "" for x in errors]
        lost = [f"{row.change}: {row.reason}" for row in self.impossible.itertuples(index=False)]
        return "\n".join([shown.to_string(index=False), *lost])


def sensitivity(
    definition: Definition,
    survey: Survey,
    *,
    window: str | None = None,
    contradictions: str = "error",
) -> DefinitionSensitivity:
    """Classify a survey by a definition and by all that differ from it in one part."""
    at = definition.at(window)
    plain = unclassified(survey, definition, [at])
    name = definition.outcome(at)
    base = definition.classify(plain, window=at, contradictions=contradictions)
    about = base.survey.coded[name]
    estimates, rows, impossible = [share(plain, name, base.outcome, about)], [], []
    rows.append(("as defined", "as defined"))
    for kind, words, parts in _changes(definition):
        reason = "no rule is left"
        if parts is not None:
            try:
                changed = replace(definition, **parts)
            except ValueError as error:
                reason = str(error)
            else:
                found = changed.classify(plain, window=at, contradictions=contradictions)
                coded = replace(
                    about,
                    definition=f"{about.definition}, {words}",
                    definition_hash=changed.hash,
                )
                outcome = f"{name}: {words}"
                estimates.append(share(plain, outcome, found.outcome, coded))
                rows.append((kind, words))
                continue
        impossible.append((kind, words, reason))
    return DefinitionSensitivity(
        stacked(estimates),
        pd.DataFrame(rows, columns=["kind", "change"]),
        pd.DataFrame(impossible, columns=["kind", "change", "reason"]),
        at or "",
    )


def _changes(d: Definition) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Yield each change: its kind, its words, and the parts of the definition that it replaces."""
    rules = {"rule": d.rule, "child_override": d.child_override}
    there = {name: rule for name, rule in rules.items() if rule is not None}
    uses = dict.fromkeys(name for rule in there.values() for name in used(rule, d.indicators))
    children_only = d.age is not None and d.age[1] < CHILD
    for name in uses:
        left = {key: without(rule, name) for key, rule in there.items()}
        if left["rule"] is None and children_only:  # the rule of children is the only one
            left = {"rule": left.get("child_override"), "child_override": None}
        parts: dict[str, Any] = {**left, **_indicators(d, name)}
        yield "indicator", f"without {name}", parts if left["rule"] is not None else None
    for key, rule in there.items():
        for words, moved in thresholds_moved(rule):
            yield "threshold", words, {key: moved}


def _indicators(d: Definition, name: str) -> dict[str, Any]:
    """Return the indicators of a definition but one, and the missing codes of their columns."""
    left = {key: indicator for key, indicator in d.indicators.items() if key != name}
    codes = d.missing_codes
    if isinstance(codes, Mapping):
        columns = {column for indicator in left.values() for column in indicator.columns()}
        columns |= {d.age_column, *(columns_in("eligible", d.eligible) if d.eligible else ())}
        codes = {column: found for column, found in codes.items() if column in columns}
    return {"indicators": left, "missing_codes": codes}


def without(rule: Rule, name: str) -> Rule | None:
    """Return a rule without an indicator, as if it had not been asked; None where nothing is left."""
    if isinstance(rule, str):
        return None if rule == name else rule
    if isinstance(rule, AtLeast):
        if rule.indicators is None or name not in rule.indicators:
            return rule
        left = [other for other in rule.indicators if other != name]
        return rule.counting(left) if left else None
    parts = (rule.part,) if isinstance(rule, Not) else rule.parts
    kept = [part for part in (without(part, name) for part in parts) if part is not None]
    return type(rule)(*kept) if kept else None


def thresholds_moved(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Yield a rule with one of its thresholds one lower or higher, and words for it."""
    if isinstance(rule, AtLeast) and isinstance(rule.k, int):
        of = _counted(rule)
        for k in (rule.k - 1, rule.k + 1):
            if k >= 1:
                yield f"at least {rule.k} -> {k}{of}", rule.with_k(k)
    elif isinstance(rule, Not):
        yield from ((words, Not(part)) for words, part in thresholds_moved(rule.part))
    elif isinstance(rule, (AnyOf, AllOf)):
        for k, part in enumerate(rule.parts):
            for words, moved in thresholds_moved(part):
                yield words, type(rule)(*rule.parts[:k], moved, *rule.parts[k + 1 :])


def _counted(rule: AtLeast) -> str:
    """Return in words what a threshold counts."""
    parts = ["distinct domains"] if rule.distinct_domains else []
    for words in (rule.strength, rule.domain):
        parts += [" or ".join(words)] if words else []
    parts += [f"{len(rule.indicators)} named"] if rule.indicators else []
    return f" ({', '.join(parts)})" if parts else ""
