"""Population size from two lists whose records were linked with errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import generator
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import CHAO, SKIPS, assemble, example, require_lists
from ..terms import pair_of
from .forms import PairSize, audited, ding_fienberg
from .link_errors import REDRAWN, share, with_errors

__all__ = ["linked_pair"]

Array = NDArray[Any]
DING = "Ding and Fienberg (1994) Survey Methodology 20, 149-158"


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=DING,
    example=example(
        between=("list 1", "list 2"), true_links=(47, 50), linked_matches=(45, 60), rng=1
    ),
    skips=SKIPS | REDRAWN,
)
@explained
def linked_pair(
    lists: Lists,
    *,
    between: Sequence[str] | None = None,
    linked_matches: tuple[float, float],
    true_links: tuple[float, float] | None = None,
    linked_others: tuple[float, float] | None = None,
    relinked: bool = False,
    same_file: bool = True,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size from two lists linked with errors, ``n1 n2 / m``.

    By default the persons truly on both lists are ``m = links PPV / alpha``, with PPV the audited
    share of links that are true and alpha that of true matches that were linked; how false links
    arise is left open. With `linked_others` in place of `true_links` they are those of Ding and
    Fienberg, ``m = (links - beta n1)/(alpha - beta)``, or with `relinked`
    ``(links - beta n1)/(alpha (1 - beta))``.

    Parameters
    ----------
    lists : Lists
        The case lists as they were linked; with `.bootstrap(...)` the standard error is the
        bootstrap's, each replicate with its own draw of the audit.
    between : pair of str, optional
        The two lists; not needed where there are two.
    linked_matches : (linked, known)
        Of the known matches, how many were linked.
    true_links : (true, checked), optional
        Of the links checked by hand, how many join records of one person.
    linked_others : (linked, checked), optional
        Of records of the first list that have no match (with `relinked`: that are without the link
        to their match), how many were linked to somebody else's.
    relinked : bool
        Whether a record whose true link was missed can be linked falsely too.
    same_file : bool
        Whether the known matches are of these two lists.
    rng : int, numpy Generator or None
        Seed of the draws of the audit beside a bootstrap.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    KeyError, TypeError, ValueError
        When a list is unknown, the two share nobody, an audit is not (some, of how many), both or
        none of `true_links` and `linked_others` are given, or the links are fewer than false ones.

    Notes
    -----
    Assumes that the two lists are independent, that everyone is equally likely to be on one of
    them, that audited links and matches are a random sample, and that no list holds a person
    twice. beta belongs to the first list: a common beta for both directions would assume lists of
    equal size. It fails where matches are known because they were easy to link.

    References
    ----------
    Ding, Y. and Fienberg, S. E. (1994). Dual system estimation of Census undercount in the
    presence of matching error. Survey Methodology 20, 149-158. (no DOI)

    Chao, A. (1987). Estimating the population size for capture-recapture data with unequal
    catchability. Biometrics 43, 783-791. doi:10.2307/2531532 (the interval)

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [320, 170, 80], ["A", "B"])
    >>> round(float(pv.mse.linked_pair(lists, true_links=(48, 50), linked_matches=(40, 50))), 1)
    1041.7
    """
    require_lists(lists)
    pair = tuple(lists.names) if between is None else between
    places = pair_of(lists, "between", pair)
    audit = _pair_audit(linked_matches, true_links, linked_others)
    columns = lists.histories[:, places]
    sums = np.stack([columns[:, 0], columns[:, 1], columns.prod(axis=1)]).astype(float)
    n1, n2, links = (float(x) for x in sums @ lists.counts)
    if links == 0:
        raise ValueError(
            f"lists must overlap: no record of {pair[0]} ({n1:,.0f}) is linked to one of "
            f"{pair[1]} ({n2:,.0f}), so the size is not identified; it is at least the {max(n1, n2):,.0f} "
            "of the larger list. Choose other lists."
        )

    def size(counts: Sequence[float], shares: Mapping[str, Any]) -> PairSize:
        if "true_links" in shares:
            return audited(*counts, **shares, same_file=same_file)
        return ding_fienberg(*counts, **shares, relinked=relinked, same_file=same_file)

    found = size([n1, n2, links], audit)
    if not 0 < found.both <= min(n1, n2):
        raise ValueError(
            f"links must leave some true matches, and no more than the smaller list: {links:,.0f} "
            f"links of {n1:,.0f} and {n2:,.0f} records give {found.both:,.1f}. Check the audit."
        )
    if found.variance <= 0:
        raise ValueError(
            f"lists must differ both ways: with {found.both:,.0f} of {n1:,.0f} and {n2:,.0f} on both, "
            f"and an audit without an error, the size would be the {found.seen:,.0f} seen with no "
            "error at all; it is not identified, and is at least that. Choose other lists."
        )
    replicated = None
    if lists.scheme is not None:
        draw, redrawn = generator(rng), (sums @ lists.scheme.factors).T
        replicated = np.array([[size(row, _drawn(audit, draw)).total for row in redrawn.tolist()]])
    estimate = assemble(
        lists,
        found.total,
        float(np.sqrt(found.variance)),
        method="mse.linked_pair",
        identifies=f"{pair[0]} and {pair[1]} catch independently, and everyone equally.",
        assumptions=[_audit_words(audit, same_file), "No list holds a person twice."],
        citations=[DING, CHAO],
        replicated=replicated,
        seen=found.seen,
    )
    return with_errors(estimate, "linked with no other errors than those of the audit")


def _pair_audit(
    linked_matches: Any, true_links: Any, linked_others: Any
) -> dict[str, tuple[float, float]]:
    if (true_links is None) == (linked_others is None):
        raise ValueError(
            f"true_links or linked_others must be given: found {'none' if true_links is None else 'both'}."
            " Give the audit of the links, or that of records without a match."
        )
    given = {"linked_matches": linked_matches}
    given |= (
        {"true_links": true_links} if linked_others is None else {"linked_others": linked_others}
    )
    return {
        name: share(name, value, 0 if name == "linked_others" else 1)
        for name, value in given.items()
    }


def _drawn(
    audit: Mapping[str, tuple[float, float]], draw: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Draw the shares of an audit from their posterior, Jeffreys' prior."""
    shares = {k: draw.beta(x + 0.5, n - x + 0.5) for k, (x, n) in audit.items()}
    return {k: (share * audit[k][1], audit[k][1]) for k, share in shares.items()}


def _audit_words(audit: Mapping[str, tuple[float, float]], same_file: bool) -> str:
    words = {
        "linked_matches": "known matches were linked",
        "true_links": "links checked are true",
        "linked_others": "records without a match were linked falsely",
    }
    said = ", ".join(f"{x:g} of {n:g} {words[name]}" for name, (x, n) in audit.items())
    whose = "" if same_file else " (known matches from another file, linked as these were)"
    return f"The audit is a random sample of the linkage: {said}{whose}."
