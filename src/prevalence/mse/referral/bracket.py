"""All variants of referral side by side, and the bracket that own captures give."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...arguments import explained
from ...errors import PrevalenceWarning, listening, warn
from ...estimate import Estimate
from ...lists import Lists
from ..assemble import require_overlap
from .aware import arrows, referral_aware

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReferralBracket", "referral_bracket"]

NEEDS = {
    "forced": "every referral declared; no cycle of referrals; right however captures are recorded",
    "merged": "every referral declared; two groups of lists; right however captures are recorded",
    "removed": "own captures recorded also after a referral; too high otherwise",
    "censored": "a referral always masks the list's own capture; too low otherwise",
}
SOURCES = {
    "own": "; captures of unknown source are own ones, too low otherwise",
    "referred": "; sources are missing whatever the person's other captures",
}


@explained
@dataclass(frozen=True, eq=False, repr=False)
class ReferralBracket:
    """The variants of referral, and the range from *censored* to *removed*.

    Made by `referral_bracket`.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        By variant; those from own captures twice where sources are unknown.
    refused : mapping of str to str
        Variants that these lists do not allow, and why.
    needs : mapping of str to str
        What each variant needs to be right.
    low, high : float or None
        Ends of the bracket; None where no capture is recorded as referred.
    lower, upper : float or None
        Lower limit of the 95 % interval at the low end, upper limit at the high one.
    referrals : tuple of str
        The referrals that are recorded or declared.

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"police": [1, 0, 0, 1, 1, 1, 0, 1], "home": [0, 1, 0, 1, 1, 0, 1, 1]}
    >>> rows |= {"court": [0, 0, 1, 0, 0, 1, 1, 1], "n": [90, 70, 60, 31, 9, 12, 9, 6]}
    >>> rows |= {"sent": ["", "", "", "police", "", "", "", "police"]}
    >>> lists = pv.Lists(
    ...     rows, ["police", "home", "court"], counts="n", referred_by={"home": "sent"}
    ... )
    >>> pv.mse.referral_bracket(lists).to_frame()["method"].tolist()
    ['forced', 'merged', 'removed', 'censored']
    >>> print(pv.mse.referral_bracket(lists).sentence())
    From 824 (a referral always masks the list's own capture) to 897 (own captures are always
    recorded), 95 % limits 646 to 1,197; it supposes that every referral is declared and that
    own captures are independent.
    """

    estimates: Mapping[str, Estimate]
    refused: Mapping[str, str]
    needs: Mapping[str, str]
    low: float | None
    high: float | None
    lower: float | None
    upper: float | None
    referrals: tuple[str, ...] = field(default=())

    def sentence(self) -> str:
        """Return the bracket in words.

        Returns
        -------
        str
            The range and what it supposes.
        """
        if self.low is None or self.high is None:
            return (
                "No bracket: no capture is recorded as referred, so own captures cannot be told "
                "apart."
            )
        return (
            f"From {self.low:,.0f} (a referral always masks the list's own capture) to "
            f"{self.high:,.0f} (own captures are always recorded), 95 % limits {self.lower:,.0f} "
            f"to {self.upper:,.0f}; it supposes that every referral is declared and that own "
            "captures are independent."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per variant.

        Returns
        -------
        pandas.DataFrame
            Columns method, estimate, std_error, lower and upper (95 %, missing where the variant is
            refused), needs and refused.
        """
        import pandas as pd

        rows = []
        for name, need in self.needs.items():
            found = self.estimates.get(name)
            row: dict[str, object] = {"method": name}
            if found is not None:
                low, high = ends(found)
                row |= {"estimate": float(found), "std_error": float(found.std_error[0])}
                row |= {"lower": low, "upper": high}
            rows.append(row | {"needs": need, "refused": self.refused.get(name, "")})
        columns = ["method", "estimate", "std_error", "lower", "upper", "needs", "refused"]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        lines = [f"Referral: {', '.join(self.referrals)}"]
        for name, need in self.needs.items():
            found = self.estimates.get(name)
            if found is None:
                lines.append(f"  {name}: refused. {self.refused[name]}")
                continue
            low, high = ends(found)
            lines.append(f"  {name}: {float(found):,.0f} [{low:,.0f}, {high:,.0f}]; needs {need}")
        return "\n".join([*lines, self.sentence()])


def ends(estimate: Estimate) -> tuple[float, float]:
    """Return the limits of the 95 % interval."""
    lower, upper = estimate.interval()[0]
    return float(lower), float(upper)


@explained
def referral_bracket(lists: Lists, *, pairs: Sequence[Sequence[str]] = ()) -> ReferralBracket:
    """Estimate the population size by every variant of referral, with the bracket they give.

    Whether a list records its own capture of a person whom another list has sent is mostly not
    known. *removed* is right if it always does, *censored* if it never does, and between them lies
    what is right when it sometimes does: ``[N censored, N removed]``.

    Parameters
    ----------
    lists : Lists
        The case lists with their referrals, as in `referral_aware`.
    pairs : list of groups of str
        Lists whose own captures depend on each other, besides referral.

    Returns
    -------
    ReferralBracket
        A table of *forced*, *merged*, *removed* and *censored*, with what each needs to be right.
        Where sources are unknown, *removed* and *censored* come twice: these captures as own ones,
        and left out; the bracket then goes from the lowest to the highest.

    Raises
    ------
    ValueError
        When the lists do not overlap, or no variant can be had.
    KeyError, TypeError
        When a list is unknown; when `lists` is no `Lists`.

    Notes
    -----
    Each end is ``N = n + exp(b0)`` of `referral_aware`. The bracket tells what is not known about
    recording. It fails to contain what comes of referrals that are neither recorded nor declared,
    of unequal visibility, or of missing sources that depend on the person's other captures.
    *forced* needs no sources and does not depend on the recording; where it lies far outside the
    bracket, one of the assumptions is wrong.

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"police": [1, 0, 0, 1, 1, 1, 0, 1], "home": [0, 1, 0, 1, 1, 0, 1, 1]}
    >>> rows |= {"court": [0, 0, 1, 0, 0, 1, 1, 1], "n": [90, 70, 60, 31, 9, 12, 9, 6]}
    >>> rows |= {"sent": ["", "", "", "police", "", "", "", "police"]}
    >>> lists = pv.Lists(
    ...     rows, ["police", "home", "court"], counts="n", referred_by={"home": "sent"}
    ... )
    >>> found = pv.mse.referral_bracket(lists)
    >>> round(found.low), round(found.high)
    (824, 897)
    """
    require_overlap(lists)
    made: dict[str, Estimate] = {}
    refused: dict[str, str] = {}
    needs: dict[str, str] = {}
    with warnings.catch_warnings(), listening() as heard:
        warnings.simplefilter("ignore", PrevalenceWarning)
        for name, method, unknown in _rows(lists):
            needs[name] = NEEDS[method] + (SOURCES[unknown] if unknown else "")
            try:
                made[name] = referral_aware(lists, method=method, pairs=pairs, unknown=unknown)
            except ValueError as error:
                refused[name] = str(error)
    if not made:
        raise ValueError(refused["forced"])
    for text in dict.fromkeys(heard):
        warn(text)
    inside = [x for name, x in made.items() if name.startswith(("removed", "censored"))]
    whole = inside if len(inside) > 1 else []
    points, limits = [float(x) for x in whole], [ends(x) for x in whole]
    return ReferralBracket(
        made,
        refused,
        needs,
        min(points, default=None),
        max(points, default=None),
        min((low for low, _ in limits), default=None),
        max((high for _, high in limits), default=None),
        tuple(arrows(lists)),
    )


def _rows(lists: Lists) -> list[tuple[str, str, str | None]]:
    rows: list[tuple[str, str, str | None]] = [("forced", "forced", None)]
    rows.append(("merged", "merged", None))
    for method in ("removed", "censored"):
        if not lists.patterns.unknown.any():
            rows.append((method, method, None))
            continue
        rows.append((f"{method}, unknown sources own", method, "own"))
        rows.append((f"{method}, unknown sources left out", method, "referred"))
    return rows
