"""Estimates side by side: what each estimates, how they differ, and where the truth is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import explained
from .draws import paired_with
from .errors import warn
from .estimand import Estimand, window_words
from .estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from .reporting import Table

__all__ = ["Comparison", "compare"]


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several estimates, by name, with the truth where it is known.

    A list estimate enters as a floor: at least so many. Made by `compare`.

    Parameters
    ----------
    estimates : dict of str to Estimate
        The estimates by name.
    truth : dict of str to array
        Known values, one per row of the estimate of that name.
    side_by_side : bool
        Whether the estimates may be of different estimands.

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"a": [1, 0, 1, 0], "w": [1.0, 1.0, 2.0, 2.0]}, weights="w")
    >>> result = pv.compare({"all": pv.direct.prevalence(survey, "a")}, truth={"all": 0.4})
    >>> result.to_frame()[["name", "truth", "covers"]].values.tolist()
    [['all', 0.4, True]]
    >>> ax = result.plot()
    """

    estimates: dict[str, Estimate]
    truth: dict[str, Any] = field(default_factory=dict)
    side_by_side: bool = False

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per estimate and domain, with its estimand, the truth and its coverage.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns name, method, outcome, domain, estimate, std_error, conf_low, conf_high, unit,
            kind (estimate or floor), estimand, truth, covers (missing without a truth) and note.

        Raises
        ------
        ValueError
            When the level does not lie between 0 and 1.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for name, e in self.estimates.items():
            limits, truth = e.interval(level), self._truth(name)
            kind = "floor" if e.provenance.get("floor") else "estimate"
            for i in range(len(e)):
                low, high = limits[i]
                known = np.isfinite(truth[i]) and np.isfinite(low)
                rows.append(
                    {
                        "name": name,
                        "method": e.method,
                        "outcome": e.outcomes[i],
                        "domain": ", ".join(e.labels[i]) or "all",
                        "estimate": e.value[i],
                        "std_error": e.std_error[i],
                        "conf_low": low,
                        "conf_high": high,
                        "unit": e.unit,
                        "kind": kind,
                        "estimand": estimand_text(e.estimand),
                        "truth": truth[i],
                        "covers": bool(low <= truth[i] <= high) if known else pd.NA,
                        "note": "; ".join(e.warnings),
                    }
                )
        return pd.DataFrame(rows)

    def _truth(self, name: str) -> Any:
        count = len(self.estimates[name])
        return np.broadcast_to(np.asarray(self.truth.get(name, np.nan), dtype=float), (count,))

    def differences(self, level: float = 0.95) -> pd.DataFrame:
        """Return the differences between estimates of one estimand, with their covariance.

        Floors take no part: they say "at least". Rows are paired by domain. Posterior draws and an
        estimate of another source, whose covariance is not known, are left out with a warning.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns difference, domain, estimate, std_error, conf_low, conf_high, ratio: one row per
            pair and domain, in the order of the first.

        Raises
        ------
        ValueError
            When no two estimates are of one estimand, unit and set of domains, floors apart, or the
            level does not lie between 0 and 1.

        Notes
        -----
        The variance of a - b is ``V(a) + V(b) - 2 C(a, b)``, with the covariance that two estimates
        from one sample or source share. It fails (too large or too small) where sources that are
        not independent go by different names.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"strict": [1, 0, 0, 0] * 10, "wide": [1, 1, 0, 0] * 10})
        >>> strict = pv.direct.prevalence(survey, "strict").describe(outcome="case")
        >>> wide = pv.direct.prevalence(survey, "wide").describe(outcome="case")
        >>> table = pv.compare({"strict": strict, "wide": wide}).differences()
        >>> table[["difference", "estimate"]].values.tolist()
        [['strict - wide', -0.25]]
        """
        import pandas as pd

        usable = {k: e for k, e in self.estimates.items() if not e.provenance.get("floor")}
        rows, apart = [], []
        for (one, a), (two, b) in itertools.combinations(usable.items(), 2):
            rows_of_b = _matching(a, b)
            if rows_of_b is None or a.unit != b.unit or not _same(a, b):
                continue
            if not paired_with(a, b):
                apart.append(f"{one} - {two}")
                continue
            paired = b.take(np.array(rows_of_b))
            difference = a - paired
            limits = difference.interval(level)
            with np.errstate(all="ignore"):
                ratio = a.value / paired.value
            for i in range(len(a)):
                rows.append(
                    {
                        "difference": f"{one} - {two}",
                        "domain": ", ".join(difference.labels[i]) or "all",
                        "estimate": difference.value[i],
                        "std_error": difference.std_error[i],
                        "conf_low": limits[i, 0],
                        "conf_high": limits[i, 1],
                        "ratio": ratio[i],
                    }
                )
        if apart:
            told = (
                f"differences need covariances: {len(apart)} pairs of posterior draws and estimates "
                f"that they do not pair with have none (first: {apart[0]}). Where they are "
                "independent, write e.assume_independent(reason) for the estimate with draws."
            )
            if not rows:
                raise ValueError(told)
            warn(told)
        if not rows:
            raise ValueError(
                "differences need two estimates of one estimand, unit and set of domains, floors "
                "apart: found none among "
                + ", ".join(self.estimates)
                + ". Convert them with .bridge(...)."
            )
        return pd.DataFrame(rows)

    def covariance(self, *, correlation: bool = False) -> pd.DataFrame:
        """Return the covariances of the estimates, or their correlations.

        Parameters
        ----------
        correlation : bool
            Whether to divide by the standard errors.

        Returns
        -------
        pandas.DataFrame
            One row and one column per name. Posterior draws and an estimate of another source have
            none that is known: there it is missing.

        Raises
        ------
        ValueError
            When an estimate has several rows.

        Notes
        -----
        ``C(a, b)`` sums, over the sources that two estimates share, the products of their columns.
        Estimates of several estimands have a covariance too: it is that of their errors. It fails
        (0 where it is not) where one source goes by two names.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"strict": [1, 0, 0, 0] * 10, "wide": [1, 1, 0, 0] * 10})
        >>> both = {name: pv.direct.prevalence(survey, name) for name in ("strict", "wide")}
        >>> pv.compare(both, side_by_side=True).covariance(correlation=True).round(
        ...     2
        ... ).values.tolist()
        [[1.0, 0.58], [0.58, 1.0]]
        """
        import pandas as pd

        several = [name for name, e in self.estimates.items() if len(e) != 1]
        if several:
            raise ValueError(
                f"estimates must have one row each: {several[0]!r} has "
                f"{len(self.estimates[several[0]])}. Choose a domain, as in e['Kingston']."
            )
        names = list(self.estimates)
        table = pd.DataFrame(np.nan, index=names, columns=names)
        for (i, a), (j, b) in itertools.combinations_with_replacement(
            enumerate(self.estimates.values()), 2
        ):
            if i == j or paired_with(a, b):
                table.iloc[i, j] = table.iloc[j, i] = _covariance(a, b)
        if correlation:
            spread = np.sqrt(np.diag(table))
            with np.errstate(all="ignore"):
                table = table / spread[:, None] / spread[None, :]
        return table

    def table(
        self,
        *,
        per: int | None = None,
        lang: str = "en",
        disclosure: str = "on",
        synthetic: bool = False,
        level: float = 0.95,
    ) -> Table:
        """Return the estimates as the table that a paper or a ministry prints.

        Parameters
        ----------
        per : int, optional
            Shares per so many people, such as 1000, in place of per cent.
        lang : {"en", "fr"}
            Language of heads, remarks and notes; names and assumptions stay as given.
        disclosure : str
            ``"on"``, or ``"off:"`` with the reason, which the table then states.
        synthetic : bool
            Whether the data are synthetic: the table says so.
        level : float
            Probability of the interval.

        Returns
        -------
        Table
            One row per estimate and domain, beside its truth where that is known; small cells are
            suppressed.

        Raises
        ------
        DisclosureError
            When no row can be published.
        ValueError
            When `per` is asked where there is no share, or the language is none of the library's.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"case": [1, 0, 0, 0] * 50})
        >>> compared = pv.compare({"survey": pv.direct.prevalence(survey, "case")})
        >>> compared.table(lang="fr").heads[:4]
        ['méthode', 'n', 'cas', 'estimation']
        """
        from .reporting.rows import table_of_estimates

        return table_of_estimates(
            self,
            alone=False,
            per=per,
            lang=lang,
            level=level,
            disclosure=disclosure,
            synthetic=synthetic,
        )

    def plot(self, *, ax: Axes | None = None, synthetic: bool = False, lang: str = "en") -> Axes:
        """Draw the estimates with their intervals, and the truth; see `prevalence.plot.ladder`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        synthetic : bool
            Whether to write on the figure that the data are synthetic.
        lang : {"en", "fr"}
            Language of words and numbers.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.

        Raises
        ------
        ValueError
            When the estimates have several units.
        """
        from .plot import ladder

        return ladder(self, ax=ax, synthetic=synthetic, lang=lang)

    def __repr__(self) -> str:
        several = any(len(set(e.outcomes)) > 1 for e in self.estimates.values())
        columns = ["name", *(["outcome"] if several else []), "domain", "estimate", "conf_low"]
        shown = self.to_frame()[[*columns, "conf_high", "truth"]]
        return str(shown.to_string(index=False)) + "\n" + self._legend()

    def _legend(self) -> str:
        lines = []
        for name, e in self.estimates.items():
            floor = "at least: " if e.provenance.get("floor") else ""
            lines.append(f"{name}: {floor}{estimand_text(e.estimand)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        import html

        table = self.to_frame().to_html(index=False, escape=True, border=0)
        return f"{table}<p>{html.escape(self._legend()).replace(chr(10), '<br>')}</p>"


def estimand_text(estimand: Estimand | None) -> str:
    """Say what is estimated in one line."""
    if estimand is None:
        return "not stated"
    parts = [
        estimand.outcome,
        estimand.population or estimand.denominator,
        said.said if (said := window_words(estimand.window)) else estimand.window,
        estimand.definition,
    ]
    return ", ".join(part for part in parts if part) or "not stated"


def _same(a: Estimate, b: Estimate) -> bool:
    return (a.estimand or Estimand()).same_as(b.estimand or Estimand())


def _covariance(a: Estimate, b: Estimate) -> float:
    """Return the covariance of two numbers: a quarter of the variances of sum less difference.

    Each is first divided by its standard error, so that a share and a number of people add up.
    """
    spread = [float(e.std_error[0]) for e in (a, b)]
    if not all(spread):
        return 0.0
    one, two = (
        replace(e, estimand=None, unit="number") / size
        for e, size in zip((a, b), spread, strict=True)
    )
    sides = [float((one + sign * two).std_error[0]) for sign in (1.0, -1.0)]
    return (sides[0] ** 2 - sides[1] ** 2) / 4 * spread[0] * spread[1]


def _matching(a: Estimate, b: Estimate) -> list[int] | None:
    """Return the rows of b in the order of a's domains; None where the domains differ."""
    one, two = list(a.labels), list(b.labels)
    if len(one) == len(two) and (one == two or not any(one) or not any(two)):
        return list(range(len(two)))
    if sorted(one) == sorted(two) and len(set(two)) == len(two):
        return [two.index(label) for label in one]
    return None


@explained
def compare(
    estimates: Mapping[str, Estimate],
    *,
    truth: Mapping[str, ArrayLike] | ArrayLike | None = None,
    side_by_side: bool = False,
) -> Comparison:
    """Put estimates of one quantity side by side, or of several if that is asked for.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        The estimates by name.
    truth : number, array, or mapping of str to these, optional
        Known values, where data are synthetic: one for all estimates, or by name.
    side_by_side : bool
        Allow different estimands: each is then printed with its own, and only those of one
        estimand are subtracted.

    Returns
    -------
    Comparison
        The estimates by name, with their table, differences and plot.

    Raises
    ------
    ValueError
        When estimands or units differ and `side_by_side` is not set, or a truth has no estimate or
        another number of rows.
    TypeError
        When something is not an `Estimate`.

    Notes
    -----
    Assumes nothing itself. A comparison fails to inform where estimands differ: convert with
    `Estimate.bridge`, whose factor and reason are then printed.

    References
    ----------
    Lumley, T. (2010). Complex Surveys: A Guide to Analysis Using R. Wiley.
    doi:10.1002/9780470580066

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"a": [1, 0, 1, 0], "w": [1.0, 1.0, 2.0, 2.0]}, weights="w")
    >>> a = pv.direct.prevalence(survey, "a")
    >>> pv.compare({"first": a, "again": a}, truth=0.4).to_frame()["covers"].tolist()
    [True, True]
    """
    if not isinstance(estimates, Mapping) or not estimates:
        raise ValueError(
            'estimates must map names to estimates, as in {"survey": e}: found '
            f"{'none' if not estimates else type(estimates).__name__}. Name each estimate."
        )
    for name, e in estimates.items():
        if not isinstance(e, Estimate):
            raise TypeError(
                f"estimates must be of type Estimate: {name!r} is {type(e).__name__}. Pass what an "
                "estimator returned."
            )
    if truth is not None and not isinstance(truth, Mapping):
        truth = dict.fromkeys(estimates, truth)
    stray = [name for name in truth or {} if name not in estimates]
    if stray:
        raise ValueError(
            f"truth must name estimates: {stray[0]!r} is none of {', '.join(estimates)}. "
            "Correct the name."
        )
    for name, known in (truth or {}).items():
        rows = len(estimates[name])
        if np.shape(known) not in ((), (1,), (rows,)):
            raise ValueError(
                f"truth must be one number, or one per row: {name!r} has shape {np.shape(known)} for "
                f"{rows} rows. Give the values in the order of the estimate's rows."
            )
    if not side_by_side:
        _one_estimand(estimates)
    return Comparison(dict(estimates), dict(truth or {}), side_by_side)


def _one_estimand(estimates: Mapping[str, Estimate]) -> None:
    (first, a), *others = estimates.items()
    for name, e in others:
        differing = (a.estimand or Estimand()).differing(e.estimand or Estimand())
        if a.unit != e.unit:
            differing.append(f"unit ({a.unit} / {e.unit})")
        if differing:
            raise ValueError(
                f"estimates must be of one estimand: {first!r} and {name!r} differ in "
                f"{'; '.join(differing)}. Convert one with .bridge(factor, reason=..., ...), name "
                "parts anew with .describe(...), or pass side_by_side=True to print each with its "
                "own."
            )
