"""Known groups held out one at a time: how well their sizes come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import note, number, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate, without_spread
from ..survey import Survey
from .degrees import RULES, carried, complete, is_rule, ties_of, top_coded
from .held_out import HeldOut
from .subject import of_known

if TYPE_CHECKING:
    import pandas as pd

    from .recall_curve import Recall

__all__ = ["Validation", "validate"]

Array = NDArray[Any]
FEW = 5  # reports
SHOWN = ["estimate", "std_error", "ratio", "ratio_low", "ratio_high", "z", "influence"]
KILLWORTH = "Killworth et al. (1998) doi:10.1177/0193841X9802200205"
HABECKER = "Habecker, Dombrowski and Khan (2015) doi:10.1371/journal.pone.0143406"


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Validation:
    """Known groups, each estimated from the others, beside their known sizes.

    Made by `validate`.

    Parameters
    ----------
    asked : Answers
        The answers, with all their known groups.
    estimate : Estimate
        Leave-one-out sizes of the known groups, jointly: one row per group.
    ratio : Estimate
        These sizes over the known ones, with the uncertainty of both.
    influences : pandas.DataFrame
        Relative change of each hidden group's size when a known group leaves, one row per known
        group; one column ``ties``, of the scale of all sizes, where there is no hidden group.
    kept : tuple of str
        Known groups that scale the sizes; the others were trimmed.
    degree, size, where, missing : str
        How the sizes were made, as given to `validate`.
    warnings : tuple of str
        What was said while validating.

    References
    ----------
    Habecker, P., Dombrowski, K. and Khan, B. (2015). Improving the network scale-up estimator:
    incorporating means of sums, recursive back estimation, and sampling weights. PLOS ONE 10,
    e0143406. doi:10.1371/journal.pone.0143406

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"police": [2, 1, 1, 3], "nurses": [3, 2, 2, 5], "priests": [1, 1, 0, 2]}
    >>> known = {"police": 1000, "nurses": 1500, "priests": 250}
    >>> validation = pv.nsum.validate(pv.Survey(data), known=known)
    >>> validation
    <Validation: 3 of 3 known groups kept; ratios from 0.766 to 2.11; relative error 0.477 on average>
    """

    asked: Answers
    estimate: Estimate
    ratio: Estimate
    influences: pd.DataFrame
    kept: tuple[str, ...]
    degree: str | Sequence[str]
    size: str
    where: str | None
    missing: str
    warnings: tuple[str, ...] = field(default=())

    # ------------------------------------------------------------------ groups
    @property
    def groups(self) -> tuple[str, ...]:
        """Names of all known groups, one per row."""
        return tuple(self.asked.known)

    @property
    def removed(self) -> tuple[str, ...]:
        """Names of the known groups that were trimmed."""
        return tuple(name for name in self.groups if name not in self.kept)

    @property
    def answers(self) -> Answers:
        """The answers without the known groups that were trimmed."""
        return self.asked.without(*self.removed) if self.removed else self.asked

    # ------------------------------------------------------------------ errors
    @property
    def z(self) -> Array:
        """Log ratio over its standard error, one per group; nan where nobody knows anyone."""
        with np.errstate(all="ignore"):
            out = np.log(self.ratio.value) * self.ratio.value / self.ratio.std_error
        return np.where(self.ratio.value > 0, out, np.nan)

    @property
    def errors(self) -> Array:
        """Estimate minus known size of the groups kept."""
        known = np.array([name in self.kept for name in self.groups])
        return np.asarray((self.estimate.value - self.asked.sizes())[known])

    @property
    def rmse(self) -> float:
        """Root mean square error over the groups kept, in people."""
        return float(np.linalg.norm(self.errors) / np.sqrt(self.errors.size))

    @property
    def mae(self) -> float:
        """Mean absolute error over the groups kept, in people."""
        return float(np.mean(np.abs(self.errors)))

    @property
    def are(self) -> float:
        """Mean absolute error relative to the known size, over the groups kept."""
        return float(np.mean(np.abs(self.errors) / self.asked.sizes(self.kept)))

    # ------------------------------------------------------------------ to read
    def to_frame(self, level: float = 0.95, *, disclosure: str = "on") -> pd.DataFrame:
        """Return one row per known group.

        Parameters
        ----------
        level : float
            Probability of the interval of the ratio.
        disclosure : str
            ``"on"`` leaves out the numbers of groups with one to four reports; ``"off:"`` with the
            reason shows them.

        Returns
        -------
        pandas.DataFrame
            Columns group, size, estimate, std_error, ratio, ratio_low, ratio_high, z, influence (of
            the one hidden group, or of the one it changes most), kept, missing (respondents left
            out), reports (members known, unweighted) and flag.

        Raises
        ------
        ValueError
            When the level does not lie between 0 and 1.

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"police": [2, 1, 1, 3], "nurses": [3, 2, 2, 5]}
        >>> known = {"police": 1000, "nurses": 1500}
        >>> table = pv.nsum.validate(pv.Survey(data), known=known).to_frame()
        >>> table[["group", "size", "estimate", "ratio"]].round(3).values.tolist()
        [['police', 1000.0, 875.0, 0.875], ['nurses', 1500.0, 1714.286, 1.143]]
        """
        import pandas as pd

        from ..disclosure import switched_on

        limits, moved = self.ratio.interval(level), self.influences.to_numpy()
        farthest = np.argmax(np.nan_to_num(np.abs(moved), nan=-1.0), axis=1)
        out = pd.DataFrame({
            "group": self.groups, "size": self.asked.sizes(), "estimate": self.estimate.value,
            "std_error": self.estimate.std_error, "ratio": self.ratio.value,
            "ratio_low": limits[:, 0], "ratio_high": limits[:, 1], "z": self.z,
            "influence": moved[np.arange(len(moved)), farthest],
            "kept": [name in self.kept for name in self.groups],
            "missing": self.estimate.facts["missing"], "flag": "",
        })  # fmt: skip
        reports = np.asarray(self.estimate.facts["cases"])
        out.insert(len(out.columns) - 1, "reports", reports.astype(float))
        few = (reports > 0) & (reports < FEW) & switched_on(disclosure)
        out.loc[few, [*SHOWN, "reports"]] = np.nan
        return out.assign(
            reports=out["reports"].astype("Int64"),
            flag=np.where(few, f"suppressed: fewer than {FEW} reports", ""),
        )

    def _repr_html_(self) -> str:
        from ..console import table_html

        return table_html(repr(self)[1:-1], self.to_frame())

    def __repr__(self) -> str:
        inside = self.ratio.value[[name in self.kept for name in self.groups]]
        inside = inside[np.isfinite(inside)]
        ratios = (
            f"ratios from {inside.min():.3g} to {inside.max():.3g}" if inside.size else "no ratios"
        )
        return (
            f"<Validation: {len(self.kept)} of {len(self.groups)} known groups kept; {ratios}; "
            f"relative error {self.are:.3g} on average>"
        )

    # ------------------------------------------------------------------ what follows
    def trimmed(self, low: float = 0.5, high: float = 2.0, *, recursive: bool = True) -> Validation:
        """Return the validation without known groups whose ratio lies outside some limits.

        Parameters
        ----------
        low, high : float
            Smallest and largest ratio of leave-one-out estimate to known size that stays.
        recursive : bool
            Whether to take out the group farthest from 1 on the log scale, estimate the others
            anew, and so on until all stay; otherwise all groups outside leave at once.

        Returns
        -------
        Validation
            With the same rows: those of the groups that left are estimated from those kept. The
            names are in `kept` and `removed`, the answers to go on with in `answers`.

        Raises
        ------
        ValueError
            When the limits do not enclose 1, or fewer than two groups would be left.

        Notes
        -----
        Assumes that a group comes back wrongly because of the group and not of the yardstick: one
        large group with a wrong size makes the ratios of all others wrong, which is why groups
        leave one at a time. Trimming by the data makes later standard errors slightly too small,
        and does not mend what all groups share, as a transmission rate.

        References
        ----------
        Habecker, P., Dombrowski, K. and Khan, B. (2015). Improving the network scale-up estimator:
        incorporating means of sums, recursive back estimation, and sampling weights. PLOS ONE 10,
        e0143406. doi:10.1371/journal.pone.0143406

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"police": [2, 1, 1, 3], "nurses": [3, 2, 2, 5], "priests": [1, 1, 0, 2]}
        >>> known = {"police": 1000, "nurses": 1500, "priests": 100}
        >>> trimmed = pv.nsum.validate(pv.Survey(data), known=known).trimmed()
        >>> trimmed.kept, trimmed.removed
        (('police', 'nurses'), ('priests',))
        """
        least, most = number("low", low), number("high", high)
        if not 0 <= least < 1 < most:
            raise ValueError(
                f"low and high must enclose a ratio of 1: found {least:g} and {most:g}. Write for "
                "example 0.5 and 2."
            )
        domains = domains_of(self.asked.survey, (), self.where)
        w = np.where(domains.take_part(self.asked.survey), self.asked.survey.chain.weights, 0.0)
        known, sizes = self.asked.counts(self.groups), self.asked.sizes()
        keep = np.array([name in self.kept for name in self.groups])
        given = _summed(self.asked, self.degree, domains, self.missing, [])
        while True:
            held = _held_out(self.asked, keep, known, self.degree, self.size, given)
            ratio = held.values(w) / sizes
            with np.errstate(all="ignore"):
                far = np.where(np.isfinite(ratio), np.abs(np.log(ratio)), np.inf)
            outside = keep & ~((ratio >= least) & (ratio <= most))
            if not outside.any():
                break
            if recursive:
                outside &= np.arange(keep.size) == np.argmax(np.where(outside, far, -1.0))
            keep = keep & ~outside
            _check_some_left(keep, least, most)
            if not recursive:
                break
        kept = tuple(name for name, stays in zip(self.groups, keep, strict=True) if stays)
        return _validated(self.asked, kept, self.degree, self.size, self.where, self.missing)

    def recall(self, form: str = "line", *, shape: float | None = 1.0) -> Recall:
        """Return how leave-one-out sizes of the groups kept follow their known sizes.

        Parameters
        ----------
        form : {"line", "curve"}
            ``log estimate = a + s log size``, or the curve whose slope falls from 1 to 1/2.
        shape : float, optional
            How fast the slope of the curve falls, c2; None to choose it by least squares.

        Returns
        -------
        Recall
            Intercept, slope and what is needed to undo the recall error.

        Raises
        ------
        ValueError
            When fewer than three groups can be used.

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"priests": [1, 1, 0, 2], "police": [2, 1, 1, 4], "drivers": [12, 11, 7, 20]}
        >>> known = {"priests": 400, "police": 1000, "drivers": 10_000}
        >>> pv.nsum.validate(pv.Survey(data), known=known).recall()
        <Recall: log estimate = 2.96 + 0.623 log size, from 3 known groups; residual sd 0.101>
        """
        from .recall_curve import fit_recall

        return fit_recall(self, form, shape)


@explained
def validate(
    sample: Answers | Survey,
    *,
    known: Any = None,
    degree: str | Sequence[str] = "ratio-of-sums",
    size: str = "ratio-of-sums",
    population: float | None = None,
    where: str | None = None,
    missing: str = "error",
) -> Validation:
    """Leave-one-out sizes of the known groups, each scaled by the other known groups.

    ``N_k(-k) = sum w y_k / sum w d(-k)``, with ``d(-k)`` the respondent's degree per person from
    the known groups other than k that the respondent answered; the ratio is ``N_k(-k) / N_k``.

    Parameters
    ----------
    sample : Answers or Survey
        Answers, or a survey with `known` given.
    known : mapping, table or list of str
        Known groups and their sizes, as for `prevalence.Answers`; for answers, which of theirs.
    degree : {"ratio-of-sums", "mean-of-ratios"}, str or list of str
        Rule of the degrees, or columns whose sum is the degree (the summation method), for which
        `population` is needed.
    size : {"ratio-of-sums", "mean-of-ratios"}
        Rule of the sizes.
    population : float, optional
        Number of people that degrees refer to.
    where : str, optional
        Respondents to use, as a condition.
    missing : {"error", "complete"}
        ``complete`` uses what each respondent answered; those without an answer about the group,
        or about any other known group, are left out of its row, with their count.

    Returns
    -------
    Validation
        Table, errors, trimming and recall curve; a group that is hidden too is left out of its own
        denominator where the influence of known groups on its size is computed.

    Raises
    ------
    ValueError, TypeError, KeyError
        When there are fewer than two known groups, an answer is missing, or a name is unknown.

    Notes
    -----
    The design z of a group is its log ratio over the standard error of the log ratio, which is the
    standard error of the ratio over the ratio. On that scale half and twice the known size are as
    far from it, and the error does not shrink with the estimate: ``(estimate - size) / std_error``
    can never exceed the inverse coefficient of variation for a group that comes back too large,
    and has no bound for one that comes back too small. Known sizes with a standard error enter the
    ratio twice: that of the group itself, and those of the others through the degrees. With few
    primary units z spreads more than a normal variable (by 1.23 with 10, 1.06 with 30): compare it
    with Student's quantile, as ``ratio_low`` and ``ratio_high`` do.

    All sizes are one function of the weights, so they have their joint covariance under every
    variance scheme. A ratio far from 1 shows barriers, recall error, or a wrong size or question,
    of this group or of the largest other ones. It fails to show what all groups share.

    References
    ----------
    Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
    Estimation of seroprevalence, rape, and homelessness in the United States using a social
    network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

    Habecker, P., Dombrowski, K. and Khan, B. (2015). Improving the network scale-up estimator:
    incorporating means of sums, recursive back estimation, and sampling weights. PLOS ONE 10,
    e0143406. doi:10.1371/journal.pone.0143406

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"police": [2, 1, 1, 3], "nurses": [3, 2, 2, 5], "priests": [1, 1, 0, 2]}
    >>> known = {"police": 1000, "nurses": 1500, "priests": 250}
    >>> validation = pv.nsum.validate(pv.Survey(data), known=known)
    >>> validation.ratio.value.round(3)
    array([0.766, 0.909, 2.105])
    """
    one_of("size", size, RULES)
    one_of("missing", missing, ["error", "complete"])
    answers = as_answers(sample, None, known, population)
    return _validated(answers, tuple(answers.known), degree, size, where, missing)


def _validated(
    answers: Answers,
    kept: tuple[str, ...],
    degree: str | Sequence[str],
    size: str,
    where: str | None,
    missing: str,
) -> Validation:
    survey, names = answers.survey, list(answers.known)
    domains = domains_of(survey, (), where)
    known = answers.counts(names)
    keep = np.array([name in kept for name in names])
    said: list[str] = []
    given = _summed(answers, degree, domains, missing, said)
    complete(survey, domains, names, np.isnan(known), missing)
    held = _held_out(answers, keep, known, degree, size, given)
    result = evaluate(survey, held.theta, domains)
    w = np.where(domains.take_part(survey), survey.chain.weights, 0.0)
    _say_without_ties(held, w, said)
    influences = _influences(answers, held, keep, known, w, said)
    none = (held.rows[0] @ w == 0) & np.isfinite(result.value[:, 0])
    if none.any():
        _say_come_back_as_none(names, none & (known > 0).any(axis=1), said)
        result = replace(result, block=blank_rows(result.block, none))
    result = without_spread(survey, result, said)
    e = assemble(
        survey,
        result,
        domains,
        outcomes=names,
        unit="count",
        method="nsum.validate",
        interval="log",
        citations=[KILLWORTH, HABECKER],
        facts=_facts(domains, survey, held, result),
        warnings=[*answers.notes, *said],
        constants={"one_report": held.one_report(w)},
        assumptions=[*_ASSUMPTIONS, *top_coded(answers, names)],
    )
    e = of_known(e, answers)
    sizes = answers.sizes()
    uncertain = any(isinstance(group.size, Estimate) for group in answers.known.values())
    slopes = held.slopes(w) if uncertain else np.zeros(held.use.shape)
    own = np.diag(np.nan_to_num(e.value) / sizes / sizes)
    moved = dict(zip(names, (slopes / sizes[:, None] - own).T, strict=True))
    ratio = carried(e * (1 / sizes), answers.known, moved)
    ratio = replace(
        ratio,
        unit="ratio",
        interval_rule="log",
        constants={"one_report": e.constants["one_report"] / sizes},
        maps=(),
        facts=e.facts,
    )
    e = carried(e, answers.known, dict(zip(names, slopes.T, strict=True)))
    return Validation(
        answers, e, ratio, influences, kept, degree, size, where, missing,
        tuple(dict.fromkeys(e.warnings)),
    )  # fmt: skip


_ASSUMPTIONS = (
    "The known sizes are those of the people asked about, in the year of the answers.",
    "Respondents know members of the held-out group and of the others in proportion to their numbers.",
)


def _summed(
    answers: Answers, degree: str | Sequence[str], domains: Domains, missing: str, said: list[str]
) -> Array | None:
    """Return degrees by summation over types of relation, per person; None for a rule of groups."""
    if is_rule(degree):
        return None
    ties = ties_of(answers, degree, said)
    complete(answers.survey, domains, ties.columns, ties.gone, missing)
    return np.where(ties.answered, ties.each, np.nan)


def _held_out(
    answers: Answers,
    keep: Array,
    known: Array,
    degree: str | Sequence[str],
    size: str,
    given: Array | None,
) -> HeldOut:
    """Return the sizes of all known groups, each from the groups kept other than itself."""
    use = np.tile(keep, (keep.size, 1)) & ~np.eye(keep.size, dtype=bool)
    if given is None and not use.any(axis=1).all():
        raise ValueError(
            f"known must hold at least two groups to hold one out: found {keep.size}. Add one, or "
            "name columns of degrees with degree=."
        )
    rule = degree if isinstance(degree, str) and given is None else RULES[0]
    return HeldOut(known, known, answers.sizes(), use.astype(float), str(rule), size, given)


def _influences(
    answers: Answers, held: HeldOut, keep: Array, known: Array, w: Array, said: list[str]
) -> pd.DataFrame:
    """Return the relative change of every hidden size when a known group leaves."""
    import pandas as pd

    out: dict[str, Array] = {}
    for own, names in _by_own(answers, keep, said):
        for name, changed in zip(
            names, held.without_each(answers.counts(names), own, w), strict=True
        ):
            out[name] = changed
            if np.isnan(changed).any():
                note(
                    said,
                    f"the influence on {name!r} is not known for {int(np.isnan(changed).sum())} of "
                    f"{keep.size} known groups: nobody reported knowing anyone, or no tie is left.",
                )
    if not out:
        out["ties"] = held.without_each(np.ones((1, known.shape[1])), keep, w)[0]
    columns = [name for name in answers.hidden if name in out] or ["ties"]
    return pd.DataFrame(out, index=pd.Index(list(answers.known), name="group"))[columns]


def _by_own(answers: Answers, keep: Array, said: list[str]) -> list[tuple[Array, list[str]]]:
    """Return hidden groups with a count, by the known groups that scale them: not themselves."""
    columns = np.array([str(group.column) for group in answers.known.values()])
    out: dict[bytes, tuple[Array, list[str]]] = {}
    for name, group in answers.hidden.items():
        kind = answers.items[str(group.column)].kind
        if kind in ("yes or no", "binned"):
            note(said, f"the influence on {name!r} is not computed: it was asked as {kind}.")
            continue
        own = (columns != str(group.column)) & keep
        out.setdefault(own.tobytes(), (own, []))[1].append(name)
    return list(out.values())


def _say_come_back_as_none(names: list[str], none: Array, said: list[str]) -> None:
    """Say which groups come back as 0 though somebody knows one of their members."""
    if none.any():
        note(
            said,
            f"{int(none.sum())} of {none.size} held-out groups come back as 0 without a standard error "
            f"(first: {names[int(np.argmax(none))]!r}): those who know anyone in them have no weight or "
            "no tie to the other groups. Compare size='ratio-of-sums', or leave them out.",
        )


def _say_without_ties(held: HeldOut, w: Array, said: list[str]) -> None:
    """Say how many respondents a mean of ratios leaves out, since their degree is 0."""
    if held.size == RULES[0]:
        return
    apart = (held.takes_part & (held.degrees == 0)) @ w
    share = float(np.max(apart / np.maximum(held.takes_part @ w, 1e-300)))
    if share > 0:
        note(
            said,
            f"a mean of ratios leaves out respondents whose degree is 0: up to {share:.1%} of the "
            "weight, by held-out group. Compare size='ratio-of-sums'.",
        )


def _facts(domains: Domains, survey: Survey, held: HeldOut, result: Result) -> dict[str, Array]:
    inside = domains.take_part(survey)
    used = held.takes_part & inside
    return {
        "n": used.sum(axis=1),
        "missing": inside.sum() - used.sum(axis=1),
        "cases": (np.nan_to_num(held.reports) * used).sum(axis=1).astype(int),
        "psus": np.tile(result.psus, len(used)),
    }


def _check_some_left(keep: Array, low: float, high: float) -> None:
    if keep.sum() < 2:
        raise ValueError(
            f"trimming must leave at least two known groups: {int(keep.sum())} of {keep.size} has a "
            f"ratio between {low:g} and {high:g}. Check sizes and questions, or widen low and high."
        )
