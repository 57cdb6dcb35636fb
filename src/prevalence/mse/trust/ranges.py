"""How far the size of a population moves with what its model takes for granted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ...lists import Lists
from ..composite import composite_fit
from ..histories import list_pairs
from ..loglinear import LoglinearFit, loglinear_fit
from .consistency import internal_consistency

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 6.0  # BIC units within which models fit about as well
MANY = 5  # lists up to which every model of pairs is fitted
FEW_TRIPLES = 3
Terms = list[tuple[int, ...]]


def close_models(lists: Lists, terms: Terms) -> pd.DataFrame:
    """Fit every model of pairs (or, of many lists, those near the model); keep the close ones."""
    import pandas as pd

    every = [tuple(sorted(p)) for p in list_pairs(len(lists.names))]
    if len(lists.names) <= MANY:
        width = len(every)
        included = ((np.arange(2**width)[None, :] >> np.arange(width)[:, None]) & 1).astype(bool)
    else:
        chosen = np.array([p in terms for p in every])
        one = np.c_[np.zeros(len(every), dtype=bool), np.eye(len(every), dtype=bool)]
        included = chosen[:, None] ^ one
    fit = loglinear_fit(lists.histories, lists.counts, every, included=included)
    with np.errstate(invalid="ignore"):
        close = np.flatnonzero(fit.bic <= np.nanmin(fit.bic) + CLOSE)
    close = close[np.argsort(fit.bic[close], kind="stable")]
    names = ["; ".join(f"{lists.names[i]} and {lists.names[j]}" for (i, j), use in
             zip(every, included[:, m], strict=True) if use) or "independent" for m in close]  # fmt: skip
    columns = {"pairs": names, "estimate": fit.total[close], "bic": fit.bic[close]}
    return pd.DataFrame(columns)


def dark_figures(lists: Lists, fit: LoglinearFit, odds_ratio: Sequence[float]) -> pd.DataFrame:
    """Multiply the dark figure: what the odds ratio of the highest order does to it."""
    import pandas as pd

    factors = np.asarray(odds_ratio, dtype=float)
    sizes = lists.seen + factors * fit.dark[0]
    return pd.DataFrame({"factor": factors, "estimate": sizes})


def known_odds(lists: Lists, terms: Terms, odds_ratio: Sequence[float]) -> pd.DataFrame:
    """Fit the model again with the odds ratio of a pair known to be another than 1."""
    import pandas as pd

    histories = lists.histories
    cells = np.vstack([np.zeros((1, histories.shape[1]), dtype=np.int64), histories])
    inside = [frozenset(t) for t in terms]
    columns = [np.ones(len(cells)), *cells.T]
    design = np.stack([*columns, *(cells[:, list(t)].all(axis=1) for t in terms)], axis=1)
    dark, rows = np.eye(1, len(cells)), []
    for i, j in combinations(range(len(lists.names)), 2):
        if frozenset((i, j)) in inside:
            continue
        both = np.asarray(histories[:, [i, j]].all(axis=1))
        for psi in odds_ratio:
            known = np.diag(np.where(both, psi, 1.0))
            collapse = np.hstack([np.zeros((len(histories), 1)), known])
            # The cells with both lists are the model's times psi, those that are seen and no others.
            found = composite_fit(design, collapse, lists.counts, dark)
            rows.append((lists.names[i], lists.names[j], psi, lists.seen + found.total[0, 0]))
    return pd.DataFrame(rows, columns=["first", "second", "odds_ratio", "estimate"])


def without_lists(lists: Lists, terms: Terms) -> pd.DataFrame:
    """Leave out one list at a time; the lists that depended on it then depend on each other."""
    import pandas as pd

    rows = []
    for j, name in enumerate(lists.names if len(lists.names) > 2 else ()):
        left = lists.without(name)
        fit = loglinear_fit(left.histories, left.counts, _marginal(terms, j))
        rows.append((name, left.seen, float(fit.total[0]), float(fit.std_error[0])))
    return pd.DataFrame(rows, columns=["list", "seen", "estimate", "std_error"])


def _marginal(terms: Sequence[tuple[int, ...]], j: int) -> Terms:
    """Return the interactions of the other lists once list j is summed over: its neighbours' all."""
    near = sorted({i for t in terms if j in t for i in t} - {j})
    kept = {t for t in terms if j not in t}
    kept |= {s for k in range(2, len(near) + 1) for s in combinations(near, k)}
    return sorted((tuple(i - (i > j) for i in t) for t in kept), key=lambda t: (len(t), t))


def members(lists: Lists, terms: Terms) -> pd.DataFrame:
    """Compare the members of each list with their number by the other lists."""
    import pandas as pd

    if len(lists.names) < 3:
        return pd.DataFrame(columns=["list", "members", "estimate", "ratio", "z"])
    found = internal_consistency(lists.histories, lists.counts[:, None], terms)
    known, estimate = found.known[:, 0], found.estimate[:, 0]
    return pd.DataFrame(
        {
            "list": list(lists.names), "members": known.astype(int), "estimate": estimate,
            "ratio": estimate / known, "z": found.z[:, 0],
        }
    )  # fmt: skip


def from_parts(lists: Lists, terms: Terms, rng: np.random.Generator) -> pd.DataFrame:
    """Estimate from random parts of the cases, over the part: median and quartiles of 200 parts."""
    import pandas as pd

    rows = []
    for share in (0.4, 0.6, 0.8, 1.0):
        drawn = rng.binomial(lists.counts.astype(int)[:, None], share, (lists.counts.size, 200))
        fit = loglinear_fit(lists.histories, drawn.astype(float), terms)
        known = fit.total[np.isfinite(fit.total)] / share
        middle = np.quantile(known, [0.5, 0.25, 0.75]) if known.size else np.full(3, np.nan)
        rows.append((share, *middle.tolist(), known.size))
    return pd.DataFrame(rows, columns=["share", "estimate", "low", "high", "fits"])


def sparse(lists: Lists, fit: LoglinearFit) -> list[str]:
    """Say where overlaps are too few to tell models apart, and which terms are at the boundary."""
    histories, counts = lists.histories, lists.counts
    shared = {
        frozenset(p)
        for p in combinations(range(len(lists.names)), 2)
        if counts[histories[:, p].all(axis=1)].sum()
    }
    triples = [
        t
        for t in combinations(range(len(lists.names)), 3)
        if all(frozenset(p) in shared for p in combinations(t, 2))
    ]
    said = []
    if len(lists.names) > 2 and len(triples) < FEW_TRIPLES:
        every = len(list(combinations(lists.names, 3)))
        said.append(
            f"in {len(triples)} of {every} groups of three lists does each pair share persons: there "
            "is little to tell models apart"
        )
    edge = [
        " and ".join(lists.names[i] for i in sorted(term))
        for term, at in zip(fit.terms, fit.boundary[:, 0], strict=True)
        if at and len(term) > 1
    ]
    if edge:
        said.append(f"terms at the boundary, since nobody is on both: {', '.join(edge)}")
    return said
