"""Reports about hidden groups and ties of the same respondents, and the two rules that join them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block, add_blocks
from ..engine import Theta, Weights
from ..errors import PrevalenceWarning
from ..evaluate import Domains, Result, evaluate, units_known
from ..facts import by_domain, relative, row_facts
from ..survey import Survey
from .degrees import RULES, Ties

__all__ = ["Reports", "facts_of", "model_errors", "reports_of"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Reports:
    """Numbers reported (groups, rows), 0 where a respondent takes no part, and who does (`used`).

    Respondents take part in a group that they answered about, if their ties are known: item by item.
    """

    survey: Survey
    domains: Domains
    names: tuple[str, ...]
    y: Array
    used: Array
    ties: Ties

    @cached_property
    def which(self) -> tuple[Array, Array]:
        """Distinct patterns of who takes part (patterns, rows), and that of each group."""
        first: dict[bytes, int] = {}
        of_group = np.array([first.setdefault(row.tobytes(), len(first)) for row in self.used])
        return self.used[np.unique(of_group, return_index=True)[1]], of_group

    @cached_property
    def _sums(self) -> tuple[list[Array], Array]:
        patterns, of_group = self.which
        below = [self.ties.each * pattern for pattern in patterns]
        return [*self.y, *below], len(self.y) + of_group

    @cached_property
    def _ratios(self) -> tuple[list[Array], Array]:
        patterns, of_group = self.which
        positive = self.ties.each > 0
        above = self.y * self.inverse
        below = [(pattern & positive).astype(float) for pattern in patterns]
        return [*above, *below], len(self.y) + of_group

    @cached_property
    def inverse(self) -> Array:
        """One over the ties of every respondent, 0 where they are 0."""
        each = self.ties.each
        return np.divide(1.0, each, out=np.zeros(each.size), where=each > 0)

    def rows(self, size: str) -> tuple[list[Array], Array]:
        """Return numerators and denominators by row, and the place of each group's denominator."""
        return self._sums if size == RULES[0] else self._ratios

    def theta(self, size: str) -> Theta:
        """Return the sizes of the groups as a function of the weights."""
        rows, below = self.rows(size)
        groups = len(self.y)

        def sizes(w: Weights) -> Array:
            totals = rows @ w
            return np.asarray(totals[:groups] / totals[below])

        return sizes

    def values(self, size: str) -> Array:
        """Return the sizes (groups, domains) under the weights of the sample."""
        rows, below = self.rows(size)
        totals = self.totals(rows)
        with np.errstate(all="ignore"):
            return np.asarray(totals[: len(self.y)] / totals[below])

    def totals(self, rows: Any) -> Array:
        """Return weighted totals of rows by domain."""
        w = self.survey.chain.weights
        if self.domains.code is None:
            return np.array([[row @ w] for row in rows])
        return np.array([by_domain(self.domains, row * w) for row in rows])

    def difference(self, groups: Array, size: str, block: Block) -> Block:
        """Return a rule's estimates of some groups less the other's, without what these say."""
        some = self
        if not groups.all():
            names = tuple(name for name, chosen in zip(self.names, groups, strict=True) if chosen)
            some = replace(self, names=names, y=self.y[groups], used=self.used[groups])
        other = some.theta(RULES[size == RULES[0]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrevalenceWarning)
            less = evaluate(self.survey, lambda w: np.asarray(-other(w)), self.domains).block
        rows = np.flatnonzero(np.repeat(groups, self.domains.count))
        return add_blocks((block.take(rows),), (less,))[0]

    @cached_property
    def seen(self) -> Array:
        """Number of hidden people reported, by group and domain, unweighted."""
        weighted = (self.survey.chain.weights != 0).astype(float)
        return np.array([by_domain(self.domains, row * weighted) for row in self.y])

    def counts(self, rows: Array) -> Array:
        """Count rows with weight by domain, for each row of true and false."""
        weighted = self.survey.chain.weights != 0
        return np.array(
            [by_domain(self.domains, (row & weighted).astype(float)) for row in rows]
        ).astype(int)

    def one_report(self, size: str) -> Array:
        """Return the estimates that one report of average weight gives, by Kish's design effect."""
        w, (patterns, of_group) = relative(self.survey.chain.weights), self.which
        out = []
        with np.errstate(all="ignore"):
            for pattern in patterns:
                v = w * pattern
                if size == RULES[0]:
                    total = by_domain(self.domains, v) * by_domain(self.domains, v * self.ties.each)
                    out.append(by_domain(self.domains, v * v) / total)
                else:
                    takes = by_domain(self.domains, v * (self.inverse > 0))
                    out.append(by_domain(self.domains, v * v * self.inverse) / takes**2)
        return np.array(out)[of_group]

    def slopes(self, size: str) -> dict[str, Array]:
        """Return the log derivatives of all rows by the uncertain sizes of known groups."""
        if not self.ties.slopes:
            return {}
        rows, below = self.rows(size)
        groups, out = len(self.y), {}
        base = self.totals(rows[:groups] if size == RULES[1] else rows[groups:])
        for name, slope in self.ties.slopes.items():
            moved = (
                [slope * pattern for pattern in self.which[0]]
                if size == RULES[0]
                else [row * slope * self.inverse for row in rows[:groups]]
            )
            with np.errstate(all="ignore"):
                part = -self.totals(moved) / base
            part = part[below - groups] if size == RULES[0] else part
            out[name] = np.nan_to_num(part.reshape(-1), posinf=0.0, neginf=0.0)
        return out


def reports_of(
    survey: Survey, domains: Domains, names: tuple[str, ...], y: Array, ties: Ties
) -> Reports:
    """Return reports with who takes part: those who answered, and have a degree."""
    used = ~np.isnan(y) & ties.answered
    y = y if used.all() else np.where(used, y, 0.0)
    return Reports(survey, domains, names, y, used, ties)


def model_errors(reports: Reports, value: Array, size: str, population: float | None) -> Array:
    """Return Killworth's binomial standard errors, by unweighted degrees.

    ``N sqrt(p (1 - p) / sum d)``, and for mean of ratios ``N / n sqrt(p (1 - p) sum 1 / d)``; without
    the size of the population its limit for a small share p.
    """
    patterns, of_group = reports.which
    weighted = reports.survey.chain.weights != 0
    people = np.inf if population is None else population
    with np.errstate(all="ignore"):
        if size == RULES[0]:
            ties = [by_domain(reports.domains, reports.ties.each * p * weighted) for p in patterns]
            spread = 1 / np.array(ties)[of_group]
        else:
            takes = patterns & weighted & (reports.inverse > 0)
            inverse = [by_domain(reports.domains, reports.inverse * p) for p in takes]
            spread = (np.array(inverse) / reports.counts(takes) ** 2)[of_group]
        return np.asarray(np.sqrt(value * np.maximum(1 - value / people, 0.0) * spread))


def facts_of(
    reports: Reports, result: Result, size: str, more: Mapping[str, Array]
) -> dict[str, Array]:
    """Return counts of respondents, reports and units of every row."""
    patterns, of_group = reports.which
    takes = reports.counts(patterns)[of_group]
    left = reports.counts(~patterns)[of_group]
    zero = reports.counts(patterns & (reports.ties.each == 0))[of_group]
    return {
        **row_facts(result, np.zeros(result.value.shape)),
        "n": (takes - zero if size == RULES[1] else takes).reshape(-1),
        "missing": left.reshape(-1),
        "zero_degree": zero.reshape(-1),
        "cases": reports.seen.reshape(-1).astype(int),
        "psus_with_cases": psus_with_reports(reports.survey, reports.domains, reports.y),
        **{name: np.asarray(values).reshape(-1) for name, values in more.items()},
    }


def psus_with_reports(survey: Survey, domains: Domains, reports: Array) -> Array:
    """Count primary units with a report, by group (rows of the reports) and domain."""
    if not units_known(survey):
        return np.full(len(reports) * domains.count, np.nan)
    psus = survey.design.stages[0].parent.size
    inside, code = domains.take_part(survey), domains.of_rows(survey.n)
    psu = survey.design.psu_of_unit[survey.chain.unit]
    place = code * psus + psu
    out = []
    for y in reports:
        held = place[np.flatnonzero((y > 0) & inside)]
        if domains.count * psus > 20_000_000:
            out.append(np.bincount(np.unique(held) // psus, minlength=domains.count))
            continue
        seen = np.zeros(domains.count * psus, dtype=bool)
        seen[held] = True
        out.append(seen.reshape(domains.count, psus).sum(axis=1))
    return np.concatenate(out)
