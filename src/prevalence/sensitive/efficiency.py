"""What a masked question costs: its variance beside that of a direct question."""

from __future__ import annotations

from collections.abc import Sequence

from ..arguments import explained
from ..errors import one_of, whole
from .devices import DESIGNS, device, probability

__all__ = ["relative_variance"]

LISTS = ("list", "double-list")


@explained
def relative_variance(
    share: float,
    *,
    design: str,
    p: float | Sequence[float] | None = None,
    p_yes: float | None = None,
    p_no: float | None = None,
    q: float | None = None,
    random_answers: float = 0.0,
    items: int | None = None,
    item_share: float | None = None,
) -> float:
    """Return how many times the respondents of a direct question a masked question needs.

    The ratio of variances in simple random samples of one size, ``n V / (share (1 - share))``.

    Parameters
    ----------
    share : float
        Share with the sensitive trait that is expected, between 0 and 1.
    design : {"warner", "crosswise", "forced", "unrelated", "kuk", "list", "double-list"}
        How the question is asked.
    p, p_yes, p_no, q : float, optional
        Probabilities of the device, as in `randomized_response`; for Kuk's, p is a pair.
    random_answers : float
        Share that answers by chance, half of them yes.
    items : int, optional
        Items of the short list, J.
    item_share : float, optional
        Share that says yes to each of them.

    Returns
    -------
    float
        The ratio: above 1 but for a device of probability 1.

    Raises
    ------
    ValueError, TypeError
        When a probability is missing or out of range, or the share is 0 or 1.

    Notes
    -----
    With ``lambda = a + b share``, n V is ``lambda (1 - lambda) / b**2`` for a device, and
    ``2 (share (1 - share) + 2 J g (1 - g))`` for a list read to half of the people, g being
    `item_share`. A double list counts as half of that: the covariance of its lists is not known
    beforehand. Assumes independent items; items that exclude each other do better. It fails as a
    number of respondents in a cluster sample: multiply by the design effect.

    References
    ----------
    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> round(pv.sensitive.relative_variance(0.05, design="list", items=4, item_share=0.4), 1)
    82.8
    >>> round(pv.sensitive.relative_variance(0.05, design="forced", p_yes=1 / 6, p_no=1 / 6), 1)
    7.6
    """
    one_of("design", design, [*DESIGNS, *LISTS])
    pi = probability("share", share)
    if pi in (0, 1):
        raise ValueError(
            f"share must lie between 0 and 1: found {pi:g}. Write what is expected, for example 0.05."
        )
    direct = pi * (1 - pi)
    if design in LISTS:
        told = {"p": p, "p_yes": p_yes, "p_no": p_no, "q": q}
        _none_given(design, {name: value for name, value in told.items() if value is not None})
        j = whole(
            "items", items, 1, "Give the number of items on the list without the sensitive one."
        )
        g = probability("item_share", item_share)
        return 2 * (direct + 2 * j * g * (1 - g)) / direct / (1 + (design == "double-list"))
    lists = {"items": items, "item_share": item_share}
    _none_given(design, {name: value for name, value in lists.items() if value is not None})
    shape = device(design, p=p, p_yes=p_yes, p_no=p_no, q=q, random_answers=random_answers)
    answers = shape.a + shape.b * pi
    return answers * (1 - answers) / shape.b**2 / direct


def _none_given(design: str, given: dict[str, object]) -> None:
    for name, value in given.items():
        raise ValueError(
            f"{name} must not be given for design={design!r}: found {value!r}. Leave it out."
        )
