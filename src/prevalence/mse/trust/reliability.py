"""`reliability`: everything that a reader must know before believing an estimate of lists."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import generator, whole
from ...estimate import Estimate
from ...lists import Lists
from ..assemble import require_overlap
from ..hierarchical import loglinear
from ..loglinear import loglinear_fit
from ..near import CLOSE
from ..referral.graph import closed_terms, components, families, find_cycle
from ..stepwise import stepwise_fit
from ..terms import chosen, terms_of
from .ranges import (
    Terms,
    close_models,
    dark_figures,
    from_parts,
    known_odds,
    members,
    without_lists,
)
from .sensitivity import odds_ratios
from .stated import facts_verdict
from .verdicts import Check, Verdict, data_checks, data_verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reliability", "reliability"]

Array = NDArray[Any]


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Reliability:
    """An estimate of lists with what it rests on; made by `reliability`.

    Parameters
    ----------
    estimate : Estimate
        The population size under the model.
    terms : tuple of tuples of str
        Groups of lists whose dependence the model takes in.
    models : DataFrame
        Models within 6 BIC units of the best: dependence, estimate and bic; all hierarchical ones of
        up to five lists, and models of pairs of more.
    dark : DataFrame
        The size if people on no list are more or fewer than the model extends to, by that factor
        (the odds ratio of the highest order).
    pairs : DataFrame
        The size if a pair of lists that the model takes as independent had an odds ratio.
    without : DataFrame
        The size without each list.
    members : DataFrame
        Members of each list, and their number by the model of the other lists.
    growth : DataFrame
        The size that a random part of the cases gives, over that part: median and quartiles of 200
        parts. It should stay level.
    checks : tuple of Check
        Tests of the model.
    data, facts : Verdict
        What the data contradict, and what declared facts forbid or leave open.
    warnings : tuple of str
        What else must be known.

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> report = pv.mse.reliability(lists.declare(visibility="unequal"))
    >>> report.facts.grade, report.warns
    ('forbidden by declared facts', True)
    >>> report.to_frame().columns.tolist()[:3]
    ['check', 'case', 'estimate']
    """

    estimate: Estimate
    terms: tuple[tuple[str, ...], ...]
    models: pd.DataFrame
    dark: pd.DataFrame
    pairs: pd.DataFrame
    without: pd.DataFrame
    members: pd.DataFrame
    growth: pd.DataFrame
    checks: tuple[Check, ...]
    data: Verdict
    facts: Verdict
    warnings: tuple[str, ...]

    @property
    def warns(self) -> bool:
        """Whether either verdict stands against the estimate."""
        return self.data.warns or self.facts.warns

    @property
    def verdict(self) -> str:
        """The best that can be said: never more than "not contradicted"."""
        return f"{self.data.grade}; {self.facts.grade}"

    def to_frame(self) -> pd.DataFrame:
        """Return every size of the report in one table.

        Returns
        -------
        pandas.DataFrame
            Columns check, case and estimate.
        """
        import pandas as pd

        low, high = self.estimate.interval()[0]
        rows: list[tuple[str, str, float]] = [
            ("model", "estimate", float(self.estimate)),
            ("model", "95 % interval, low", float(low)),
            ("model", "95 % interval, high", float(high)),
        ]
        for check, table, names in (
            ("models within 6 BIC", self.models, ["dependence"]),
            ("dark figure times", self.dark, ["factor"]),
            ("odds ratio", self.pairs, ["first", "second", "odds_ratio"]),
            ("without list", self.without, ["list"]),
            ("share of cases", self.growth, ["share"]),
        ):
            cases = [" ".join(map(str, row)) for row in table[names].to_numpy().tolist()]
            rows += [(check, c, float(v)) for c, v in zip(cases, table["estimate"], strict=True)]
        return pd.DataFrame(rows, columns=["check", "case", "estimate"])

    def __repr__(self) -> str:
        return "\n".join(_lines(self))

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


@explained
def reliability(
    lists: Lists,
    *,
    pairs: Sequence[Sequence[str]] | None = None,
    odds_ratio: Sequence[float] = (0.25, 0.5, 2.0, 4.0),
    simulations: int = 399,
    rng: int | np.random.Generator | None = 0,
) -> Reliability:
    """Tell what an estimate of the population size rests on, and whether to believe it.

    Parameters
    ----------
    lists : Lists
        The case lists, with the facts that `Lists.declare` was told.
    pairs : list of groups of str, optional
        Interactions of the model; by default each list with all that refer to it (in a cycle of
        referrals, all of its lists), or without any referral those that forward selection chooses.
    odds_ratio : sequence of float
        Odds ratios at which what the model takes for 1 is varied.
    simulations : int
        Tables drawn from the model for the tests of the data.
    rng : int, numpy.random.Generator or None
        Seed of the simulations; the same one by default, so that a report repeats itself.

    Returns
    -------
    Reliability
        The estimate, its ranges and tests, and two verdicts. The best one is "not contradicted by
        these data; not identified without: ...".

    Raises
    ------
    KeyError, ValueError
        When a list is unknown, the lists do not overlap, the model has no estimate, or an odds ratio
        is not positive.

    Notes
    -----
    The deviance is ``2 sum n_w log(n_w / mu_w)`` over the histories w seen, with ``mu_w`` those
    expected. It fails to warn of what the data cannot show: what decides the number of people on no
    list is an assumption about them that no data on listed people can test: that the model's form
    holds for them too. The data can only contradict it. They often cannot tell unequal visibility,
    referral or false entries from a model that holds; hence the second verdict, from declared
    facts.

    The tests are: the deviance, the overlaps of pairs that the model leaves out, and each list's own
    members seen through the other lists (Binette and Steorts 2022); p-values come from tables drawn
    from the fitted model, 5 % for all together. A declared fact that can be corrected for counts
    when the estimate moves by more than 0.4 standard errors, on the log scale of its interval; one
    that cannot always counts. How often the verdicts warn, and are right to, is in the page on list
    intervals of the documentation.

    References
    ----------
    Binette, O. and Steorts, R. C. (2022). On the reliability of multiple systems estimation for the
    quantification of modern slavery. Journal of the Royal Statistical Society Series A 185,
    640-676. (DOI not checked)

    Silverman, B. W. (2020). Multiple-systems analysis for the quantification of modern slavery:
    classical and Bayesian approaches. Journal of the Royal Statistical Society Series A 183,
    691-736. doi:10.1111/rssa.12505

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> pv.mse.reliability(lists).data.grade
    'not contradicted by these data'
    """
    require_overlap(lists)
    ratios = odds_ratios(odds_ratio)
    whole("simulations", simulations, 1, "Write 399 or more.")
    terms = _model(lists, pairs)
    named = [tuple(lists.names[i] for i in term) for term in terms]
    estimate = loglinear(lists, pairs=named)
    fit = loglinear_fit(lists.histories, lists.counts, terms)
    random = generator(rng)
    checks = data_checks(lists.histories, lists.counts, terms, simulations=simulations, rng=random)
    return Reliability(
        estimate,
        tuple(named),
        close_models(lists),
        dark_figures(lists, fit, ratios),
        known_odds(lists, terms, ratios),
        without_lists(lists, terms),
        members(lists, terms),
        from_parts(lists, terms, random),
        tuple(checks),
        data_verdict(checks, lists.names),
        facts_verdict(lists, terms),
        estimate.warnings,
    )


def _model(lists: Lists, pairs: Sequence[Sequence[str]] | None) -> Terms:
    if pairs is not None:
        return terms_of(lists, pairs)
    edges = [(lists.index(s), lists.index(r)) for s, r in lists.referral_edges()]
    if edges:
        size = len(lists.names)
        if find_cycle(edges, size):
            return closed_terms(map(frozenset, components(edges, size)))
        return closed_terms(families(edges, size))
    found = stepwise_fit(lists.histories, lists.counts)
    return chosen(found.pairs, found.selected[:, 0])


def _series(words: Sequence[str]) -> str:
    """Return words as "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _lines(r: Reliability) -> list[str]:
    low, high = r.estimate.interval()[0]
    closest = r.models["estimate"]
    ratio = r.members["ratio"].dropna()
    out = [
        "<Reliability of an estimate of lists>",
        f"Identified by: {r.estimate.provenance['identified by']}",
        (
            f"Read as a floor: at least {low:,.0f}, if that holds (estimate {float(r.estimate):,.0f}, "
            f"95 % interval {low:,.0f} to {high:,.0f}; {r.estimate.facts['n'][0]:,} persons seen)"
        ),
        (
            f"Models within {CLOSE:.0f} BIC units: {len(r.models):,}, from "
            f"{closest.min():,.0f} to {closest.max():,.0f}"
        ),
    ]
    factors = _series([f"{factor:g}" for factor in r.dark["factor"]])
    sizes_then = _series([f"{size:,.0f}" for size in r.dark["estimate"]])
    out.append(f"With {factors} times as many people on no list as the model says: {sizes_then}")
    known = r.pairs.dropna()
    if len(known):
        worst = known.loc[(np.log(known["estimate"] / float(r.estimate))).abs().idxmax()]
        out.append(
            f"An odds ratio of {worst['odds_ratio']:g} between {worst['first']} and "
            f"{worst['second']} would make it {worst['estimate']:,.0f}"
        )
    sizes = r.without["estimate"].dropna()
    if sizes.size:
        out.append(f"Leaving out one list: {sizes.min():,.0f} to {sizes.max():,.0f}")
    if ratio.size:
        out.append(
            f"Members of each list by the other lists, over their number: {ratio.min():.2f} to "
            f"{ratio.max():.2f}"
        )
    out.append(f"From the data: {r.data}")
    out.append(f"From declared facts: {r.facts}")
    out += [f"Warning: {text}" for text in r.warnings]
    return [line for text in out for line in textwrap.wrap(text, 88, subsequent_indent="  ")]
