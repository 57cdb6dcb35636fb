"""Population sizes that two sets of fitted chances must both get wrong to be far off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import ConvergenceError, generator, level_in_range, note, number, one_of, shown
from ...estimate import Estimate
from ...lists import Lists
from ...registry import Example, estimator
from ..assemble import SKIPS, assemble, require_lists
from ..terms import is_group
from ..trust.sensitivity import LARGEST_ODDS
from .crossfit import Found, Plan, estimated, lacking
from .records import People, listed, people

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Pairs", "doubly_robust", "doubly_robust_pairs"]

Array = NDArray[Any]
Nuisance = str | Callable[..., Any]
DAS = "Das, Kennedy and Jewell (2021) doi:10.48550/arXiv.2104.14091"
DULCE = "Dulce Rubio and Kennedy (2024) doi:10.48550/arXiv.2407.03539"
METHODS = ("one-step", "plug-in", "tmle")
LEARNERS = ("logit", "quadratic")
HELD = 0.05  # share of the estimate from persons held at the clamp
BEHIND = 10  # persons behind a standard error, for it to be known within about a sixth
FEW = 5  # groups that a warning names


def _example() -> Example:
    """Return lists of which a part may go and every history is still there."""
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]] * 2
    columns = {f"list {j + 1}": [row[j] for row in histories] for j in range(3)}
    counts = [60.0, 74.0, 48.0, 31.0, 9.0, 12.0, 4.0, 54.0, 61.0, 39.0, 27.0, 14.0, 11.0, 5.0]
    data = {**columns, "w": counts, "psu": list(range(14))}
    arguments = {"covariates": (), "among": ("list 1", "list 2"), "rng": 1}
    return Example(data, lambda d: Lists(d, list(columns), counts="w"), arguments)


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=DAS,
    example=_example,
    skips=SKIPS | {"homogeneity": "folds are drawn among persons: more persons, other folds"},
)
@explained
def doubly_robust(
    lists: Lists,
    *,
    covariates: Sequence[str] | str | None = None,
    among: Sequence[str] | None = None,
    method: str = "one-step",
    nuisance: Nuisance = "logit",
    folds: int = 5,
    clamp: float = 0.005,
    odds_ratio: float = 1.0,
    by: str | None = None,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by the doubly robust one-step estimator given covariates.

    With J the lists `among`, y the histories that are zero outside J, ``q_y(x)`` the chance of y
    among those seen, and ``s_y`` 1 for an odd and -1 for an even number of captures, one person seen
    at x stands for ``1 + r(x)``, ``r = d prod_y q_y^{s_y}`` (two lists: ``q10 q01 / q11``). The
    estimate is ``sum_i 1 + r(x_i) s_y / q_y(x_i)`` with y the history of person i and 0 in place of
    ``s_y / q_y`` outside J; its error is of second order in that of the chances, which are fitted to
    the other folds. ``Var = n Var(v) + N (N / n - 1)``, v the summand.

    Parameters
    ----------
    lists : Lists
        The case lists, with covariates; with `.bootstrap(...)` the standard error is the
        bootstrap's.
    covariates : list of str, optional
        Covariates (or strata) that are held fixed; by default all of `lists.covariates`.
    among : list of str, optional
        J, the lists that have no highest-order interaction (two lists: that are independent) given
        the covariates among persons on none of the other lists; by default all lists.
    method : str
        "one-step"; "plug-in", the mean of ``1 + r``; or "tmle", the plug-in of chances moved until
        it is also their one-step estimate, which is never below the number seen.
    nuisance : str or callable
        Chances of the histories: "logit", a multinomial logit with a standard normal prior on the
        slopes; "quadratic", with squares and products; or a function ``(x, history, count, at)``
        that learns from covariates x (rows, p), the position of each history in `lists.histories`
        and the persons of each row, and returns their chances (rows of at, histories).
    folds : int
        Parts for cross-fitting; 1 fits and uses the same persons.
    clamp : float
        Least chance in a denominator; a person seen stands for at most ``1 / clamp``.
    odds_ratio : float
        Odds ratio d of two lists, or the number unseen over what it is without interaction.
    by : str, optional
        A covariate or stratum: one row for each of its values.
    rng : int, numpy Generator or None
        Seed of the folds.

    Returns
    -------
    Estimate
        Persons, one row or one for each value of `by`; the interval is log-normal on the number not
        seen.

    Raises
    ------
    KeyError, ValueError, TypeError
        When a covariate or list is unknown, a covariate is missing for a person, nobody has one of
        the histories, the estimate is below the number seen, or an option is out of its range.
    ConvergenceError
        When the fit of the chances does not settle.

    Warns
    -----
    PrevalenceWarning
        When the estimate has heavy tails: over 5 % of it comes from persons held at the clamp, or
        its standard error rests on fewer than ten persons.

    Notes
    -----
    Assumes that the covariates hold all that makes these lists depend on each other. The number not
    seen is proportional to `odds_ratio`, as long as nobody stands for ``1 / clamp``. It fails where
    some history is rare at some x: the one-step estimate is then too low at times and its standard
    error too small; "quadratic" wants some hundred persons in each history. The standard error of
    "plug-in" is that of the one-step estimate. The split into folds is random: another seed moves
    the estimate by a part of its standard error.

    References
    ----------
    Das, M., Kennedy, E. H. and Jewell, N. P. (2021). Doubly robust capture-recapture methods for
    estimating population size. doi:10.48550/arXiv.2104.14091

    Dulce Rubio, M. and Kennedy, E. H. (2024). Population size estimation with many lists and
    heterogeneity: a conditional log-linear model among the unobserved.
    doi:10.48550/arXiv.2407.03539

    Examples
    --------
    >>> import prevalence as pv
    >>> cases = {
    ...     "police": [1, 0, 1] * 2,
    ...     "shelter": [0, 1, 1] * 2,
    ...     "sex": ["F"] * 3 + ["M"] * 3,
    ...     "n": [400, 300, 100, 200, 200, 200],
    ... }
    >>> lists = pv.Lists(cases, ["police", "shelter"], counts="n", covariates="sex")
    >>> pv.mse.doubly_robust(lists, by="sex", rng=1).value.round()
    array([1978.,  798.])
    """
    who, plan = _asked(
        lists, covariates, among, method, nuisance, folds, clamp, odds_ratio, by, rng
    )
    _check_histories(lists, who, plan)
    found = estimated(who, who.count, plan)
    said: list[str] = []
    value, variance = _kept(found, who, said)
    _say_tails(said, found, plan)
    return assemble(
        lists,
        value,
        np.sqrt(variance),
        method="mse.doubly_robust",
        identifies=_identifies(who, lists, plan),
        citations=[DAS, DULCE],
        assumptions=[_words(who, found, plan)],
        replicated=_replicated(who, plan),
        seen=found.seen,
        said=said,
        labels=who.labels,
        label_names=() if by is None else (by,),
        provenance={"estimator": f"{method}, {folds} folds", **_rests(found)},
    )


@explained
@dataclass(frozen=True, eq=False)
class Pairs:
    """Doubly robust estimates for each pair of lists, among persons on none of the others.

    Parameters
    ----------
    rows : sequence of dict
        One for each pair: its lists, how many persons are on both and on no other, the estimate
        with its standard error and interval, the least chance in a denominator, the share held at
        the clamp, the persons behind the standard error, and why there is no estimate.
    given : str
        What is held fixed.

    Notes
    -----
    Each row assumes that its two lists are independent given the covariates among persons on none
    of the other lists. Where rows are far apart at least one of the assumptions is wrong.

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [400, 300, 100], ["A", "B"])
    >>> pairs = pv.mse.doubly_robust_pairs(lists, covariates=[], folds=1)
    >>> pairs.to_frame()["both_only"].tolist()
    [100]
    """

    rows: Sequence[dict[str, Any]]
    given: str

    def to_frame(self) -> pd.DataFrame:
        """Return the pairs as a table.

        Returns
        -------
        pandas.DataFrame
            One row per pair of lists.
        """
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def __repr__(self) -> str:
        head = (
            f"{self.given or 'For every person alike, '}among persons on none of the other lists:"
        )
        return f"{head}\n{self.to_frame().round(3).to_string(index=False)}"


@explained
def doubly_robust_pairs(
    lists: Lists,
    *,
    covariates: Sequence[str] | str | None = None,
    method: str = "one-step",
    nuisance: Nuisance = "logit",
    folds: int = 5,
    clamp: float = 0.005,
    odds_ratio: float = 1.0,
    level: float = 0.95,
    rng: int | np.random.Generator | None = None,
) -> Pairs:
    """Return the doubly robust population size for each pair of lists as J, the others outside it.

    Parameters
    ----------
    lists : Lists
        The case lists, with covariates.
    covariates : list of str, optional
        Covariates (or strata) that are held fixed; by default all of `lists.covariates`.
    method : str
        As in `doubly_robust`, as are all others.
    nuisance : str or callable
        Chances of the histories.
    folds : int
        Parts for cross-fitting.
    clamp : float
        Least chance in a denominator.
    odds_ratio : float
        Odds ratio of the two lists.
    level : float
        Level of the log-normal intervals on the number not seen.
    rng : int, numpy Generator or None
        Seed of the folds, the same for all pairs.

    Returns
    -------
    Pairs
        One row per pair; a pair without an estimate says why.

    Raises
    ------
    KeyError, ValueError, TypeError
        As in `doubly_robust`, but for pairs without an estimate.

    Notes
    -----
    Every row estimates the same population under another assumption. With one pair as J, a person
    seen at x stands for ``1 + q10(x) q01(x) / q11(x)``. It fails where `doubly_robust` does.

    References
    ----------
    Dulce Rubio, M. and Kennedy, E. H. (2024). doi:10.48550/arXiv.2407.03539

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [400, 300, 200, 100, 50, 40], ["A", "B", "C"])
    >>> pairs = pv.mse.doubly_robust_pairs(lists, covariates=[], folds=1)
    >>> pairs.to_frame()[["first", "second", "estimate"]].round(6).values.tolist()
    [['A', 'B', 2290.0], ['A', 'C', 2690.0], ['B', 'C', 2590.0]]
    """
    from ...intervals import dark_figure

    level_in_range(level)
    require_lists(lists)
    rows = []
    seed = int(generator(rng).integers(2**63))
    for first, second in combinations(lists.names, 2):
        who, plan = _asked(
            lists, covariates, (first, second), method, nuisance, folds, clamp, odds_ratio, None, 0
        )
        plan = replace(plan, seed=seed)
        both = who.count[(who.on.sum(axis=1) == 2) & who.on[:, plan.among].all(axis=1)].sum()
        row: dict[str, Any] = {"first": first, "second": second, "both_only": int(both)}
        try:
            _check_histories(lists, who, plan)
            found = estimated(who, who.count, plan)
            value, variance = _kept(found, who, None)
        except (ValueError, ConvergenceError) as reason:
            rows.append({**row, "reason": str(reason)})
            continue
        parts = {"value": value, "std_error": np.sqrt(variance), "seen": found.seen}
        low, high = dark_figure(parts, np.array([np.inf]), level)[0]
        rows.append(
            {
                **row,
                "estimate": float(value[0]),
                "std_error": float(parts["std_error"][0]),
                "conf_low": float(low),
                "conf_high": float(high),
                **_rests(found),
                "reason": "",
            }
        )
    return Pairs(tuple(rows), who.given)


def _asked(
    lists: Lists,
    covariates: Sequence[str] | str | None,
    among: Sequence[str] | None,
    method: str,
    nuisance: Nuisance,
    folds: int,
    clamp: float,
    odds_ratio: float,
    by: str | None,
    rng: int | np.random.Generator | None,
) -> tuple[People, Plan]:
    """Check what is asked and return the persons and the plan."""
    require_lists(lists)
    one_of("method", method, METHODS)
    if not callable(nuisance):
        one_of("nuisance", nuisance, LEARNERS)
    if not isinstance(folds, (int, np.integer)) or not 1 <= folds <= lists.seen // 2:
        raise ValueError(
            f"folds must be a whole number between 1 and half of the persons: found {folds!r} for "
            f"{lists.seen:,} persons. Write for example folds=5."
        )
    if not 0 < number("clamp", clamp) < 0.5:
        raise ValueError(
            f"clamp must lie between 0 and 0.5: found {clamp!r}. Write for example 0.005."
        )
    if not 1 / LARGEST_ODDS <= number("odds_ratio", odds_ratio) <= LARGEST_ODDS:
        raise ValueError(
            f"odds_ratio must be positive, within {1 / LARGEST_ODDS:g} and {LARGEST_ODDS:,.0f}: found "
            f"{odds_ratio!r}. Write 1 for no dependence."
        )
    if among is not None and not is_group(among):
        raise ValueError(
            f"among must be two or more different lists: found {shown(among)}. Write ('police', "
            "'shelter')."
        )
    chosen = np.sort([lists.index(name) for name in among or lists.names])
    who = people(lists, covariates, by)
    seed = int(generator(rng).integers(2**63))
    return who, Plan(chosen, int(folds), nuisance, method, float(clamp), float(odds_ratio), seed)


def _check_histories(lists: Lists, who: People, plan: Plan) -> None:
    gone = lacking(who, plan.among, who.count)
    if len(gone):
        names = [lists.names[j] for j in plan.among]
        on = [name for name, there in zip(names, gone[0], strict=True) if there]
        raise ValueError(
            f"among must be lists of which every history is seen: nobody is on {' and '.join(on)} and "
            f"on no other list ({len(gone)} of {2 ** len(names) - 1} histories are empty), so the "
            "number on none is not identified. Choose other lists, or merge two."
        )


def _kept(found: Found, who: People, said: list[str] | None) -> tuple[Array, Array]:
    """Return values and variances; a size that is not above the number seen is none."""
    low = ~(found.value > found.seen)
    if low.all():
        raise ValueError(
            "the estimate must exceed the number seen: found "
            f"{found.value.sum():,.0f} for {found.seen.sum():,.0f} persons, since few persons carry "
            "large negative summands. Use method='tmle', fewer covariates, or a larger clamp."
        )
    value = np.where(low, np.nan, found.value)
    if low.any() and said is not None:
        gone = np.flatnonzero(low)
        names = ", ".join(who.labels[i][0] for i in gone[:FEW])
        if gone.size > FEW:
            names = f"{gone.size:,} of {low.size:,} groups (first: {names})"
        note(
            said,
            f"the estimate is not above the number seen for {names}: no number is given. Use "
            "method='tmle', or larger groups.",
        )
    return value, np.where(low, np.nan, found.variance)


def _say_tails(said: list[str], found: Found, plan: Plan) -> None:
    if found.held > HELD:
        note(
            said,
            f"{100 * found.held:.0f} % of the estimate comes from persons whose chance is held at the clamp of "
            f"{plan.clamp:g} (least {found.least:.2g}): the estimate leans on the clamp. Compare "
            "other lists among= or fewer covariates.",
        )
    if found.behind < BEHIND:
        note(
            said,
            f"the standard error rests on about {found.behind:.0f} persons: tails are heavy and the "
            "interval may be too short. Compare method='tmle', fewer covariates, or other lists "
            "among=.",
        )


def _replicated(who: People, plan: Plan) -> Array | None:
    """Return the sizes (groups, R) in every resample, nan where there is none."""
    if who.draws is None:
        return None
    out = np.full((len(who.labels), who.draws.shape[1]), np.nan)
    for r in range(out.shape[1]):
        count = who.draws[:, r]
        if len(lacking(who, plan.among, count)) == 0:
            found = estimated(who, count, plan)
            out[:, r] = np.where(found.value > found.seen, found.value, np.nan)
    return out


def _identifies(who: People, lists: Lists, plan: Plan) -> str:
    names = [lists.names[j] for j in plan.among]
    others = [name for name in lists.names if name not in names]
    if len(names) == 2:
        holds = "catch independently"
        if plan.odds_ratio != 1:
            holds = f"have an odds ratio of {plan.odds_ratio:g}"
    else:
        holds = f"have no {len(names)}-way interaction"
        if plan.odds_ratio != 1:
            holds += f" but one that makes the unseen {plan.odds_ratio:g} times as many"
    where = f" among persons on none of {listed(others)}" if others else ""
    return f"{who.given or 'For every person alike, '}{listed(names)} {holds}{where}."


def _words(who: People, found: Found, plan: Plan) -> str:
    kind = {"logit": "a multinomial logit", "quadratic": "a multinomial logit with squares"}
    learner = "a function of the caller" if callable(plan.nuisance) else kind[plan.nuisance]
    fitted = f", fitted in {plan.folds} folds" if plan.folds > 1 else ""
    known = f" in {listed(who.covariates)}" if who.covariates else ""
    return (
        f"The chances of histories are {learner}{known}{fitted}; the least in a denominator is "
        f"{found.least:.2g}, and {100 * found.held:.1f} % of the estimate is from persons held at the clamp of "
        f"{plan.clamp:g}."
    )


def _rests(found: Found) -> dict[str, float]:
    return {
        "least_chance": float(f"{found.least:.3g}"),
        "held_share": float(f"{found.held:.3g}"),
        "persons_behind": float(f"{found.behind:.3g}"),
    }
