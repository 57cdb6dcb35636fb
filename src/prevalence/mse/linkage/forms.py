"""Two lists linked with errors: sizes from the number of links and an audit of the linkage."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PairSize", "audited", "ding_fienberg"]


@dataclass(frozen=True)
class PairSize:
    """Size from two lists: `total`, persons truly on `both`, persons `seen`, and the variance.

    Without any true match `both` is 0 and the total nan.
    """

    total: float
    both: float
    seen: float
    variance: float


def audited(
    n1: float,
    n2: float,
    links: float,
    *,
    true_links: tuple[float, float],
    linked_matches: tuple[float, float],
    same_file: bool = True,
) -> PairSize:
    """Size from audited links, ``N = n1 n2 / m`` with ``m = links PPV / alpha``.

    ``CV^2 = (n1 - m)(n2 - m)/(n1 n2 m) + (1 - alpha)/(alpha b)(1 - b/m)
    + (1 - PPV)/(PPV a)(1 - a/links)``. Nothing is assumed of how false links arise. With the known
    matches from another file the factor ``(1 - b/m)`` goes and ``(1 - alpha)/(alpha m)`` comes.

    Parameters
    ----------
    n1, n2, links : float
        Records on each list and links between them.
    true_links : (true, a)
        Of `a` links checked, how many join records of one person.
    linked_matches : (linked, b)
        Of `b` known matches, how many were linked.
    same_file : bool
        Whether the known matches are of these lists.
    """
    ppv, a = true_links[0] / true_links[1], true_links[1]
    alpha, b = linked_matches[0] / linked_matches[1], linked_matches[1]
    both = links * ppv / alpha
    missed = (1 - alpha) / (alpha * b)
    missed = missed * max(1 - b / both, 0.0) if same_file else missed + (1 - alpha) / (alpha * both)
    false = (1 - ppv) / (ppv * a) * max(1 - a / links, 0.0)
    caught = (n1 - both) * (n2 - both) / (n1 * n2 * both)
    total = n1 * n2 / both
    return PairSize(total, both, n1 + n2 - both, total**2 * (caught + missed + false))


def ding_fienberg(
    n1: float,
    n2: float,
    links: float,
    *,
    linked_matches: tuple[float, float],
    linked_others: tuple[float, float],
    relinked: bool = False,
    same_file: bool = True,
) -> PairSize:
    """Size by Ding and Fienberg, ``N = n1 n2 (alpha - beta)/(links - beta n1)``.

    beta is the probability that a record of the first list that has no match is linked to someone
    else's; with `relinked` also one that has a match which was missed, and
    ``N = n1 n2 alpha (1 - beta)/(links - beta n1)``. The variance adds that of who was caught,
    that of which records were linked, and that of the audits of alpha and beta. Where the known
    matches are of these lists their own share of links is estimated, so that the chance of being
    linked adds nothing beyond the audit.

    Parameters
    ----------
    n1, n2, links : float
        Records on each list and links between them; beta belongs to the first list.
    linked_matches : (linked, b)
        Of `b` known matches, how many were linked.
    linked_others : (linked, c)
        Of `c` records of the first list without their match among the links, how many were linked.
    relinked : bool
        Whether missed matches can be linked falsely too.
    same_file : bool
        Whether the known matches are of these lists.
    """
    alpha, b = linked_matches[0] / linked_matches[1], linked_matches[1]
    beta, c = linked_others[0] / linked_others[1], linked_others[1]
    rate = alpha * (1 - beta) if relinked else alpha - beta
    right = links - beta * n1
    if right <= 0 or rate <= 0:  # no more links than false ones alone would make
        return PairSize(float("nan"), 0.0, n1 + n2, float("nan"))
    both = right / rate
    total = n1 * n2 / both
    caught = (n1 - both) * (n2 - both) / (n1 * n2 * both)
    of_alpha = alpha * (1 - alpha) * ((1 - beta) if relinked else 1.0) ** 2 / rate**2
    chance = of_alpha / b * max(1 - b / both, 0.0) if same_file else of_alpha * (1 / b + 1 / both)
    others = n1 - alpha * both if relinked else n1 - both
    chance += others * beta * (1 - beta) / right**2
    slope = n1 / right - (alpha if relinked else 1.0) / rate
    variance = total**2 * (caught + chance + slope**2 * beta * (1 - beta) / c)
    return PairSize(total, both, n1 + n2 - both, variance)
