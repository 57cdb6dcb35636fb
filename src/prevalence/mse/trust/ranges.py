"""How far the size of a population moves with what its model takes for granted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ...lists import Lists
from ..composite import composite_fit
from ..histories import FloatArray
from ..loglinear import LoglinearFit, loglinear_fit
from ..terms import in_words
from .beside import close_fits
from .consistency import internal_consistency

if TYPE_CHECKING:
    import pandas as pd

Terms = list[tuple[int, ...]]
EVERY = 5  # lists of which a report fits each hierarchical model


def close_models(lists: Lists) -> pd.DataFrame:
    """Return the models within 6 BIC units of the best, best first, by their largest groups."""
    import pandas as pd

    models, total, bic = close_fits(lists, EVERY)
    largest = [[t for t in m if not any(set(t) < set(u) for u in m)] for m in models]
    names = [in_words(lists, groups) or "independent" for groups in largest]
    return pd.DataFrame({"dependence": names, "estimate": total, "bic": bic})


def dark_figures(lists: Lists, fit: LoglinearFit, odds_ratio: FloatArray) -> pd.DataFrame:
    """Multiply the dark figure: what the odds ratio of the highest order does to it."""
    import pandas as pd

    return pd.DataFrame({"factor": odds_ratio, "estimate": lists.seen + odds_ratio * fit.dark[0]})


def known_odds(lists: Lists, terms: Terms, odds_ratio: FloatArray) -> pd.DataFrame:
    """Fit the model again with the odds ratio of a pair known to be another than 1.

    With two lists that is `sensitivity`; with more the rest of the model stays, where `sensitivity`
    has none.
    """
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
        for psi in odds_ratio.tolist():
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
            "list": list(lists.names),
            "members": known.astype(int),
            "estimate": estimate,
            "ratio": estimate / known,
            "z": found.z[:, 0],
        }
    )


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
