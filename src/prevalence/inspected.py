"""The verbs that look at answers before anything is estimated from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pandas as pd

from .arguments import explained

if TYPE_CHECKING:
    from .answers import Answers
    from .estimate import Estimate

__all__ = ["Inspected"]


@explained
class Inspected:
    """Answers that can be looked at: summary, heaping, outliers, what is not known."""

    def summary(self, *, disclosure: str = "on", minimum_cases: int = 5) -> pd.DataFrame:
        """Describe the answers about every group: how many, what misses, zeros, mean, maximum.

        Parameters
        ----------
        disclosure : str
            ``on`` leaves out what rests on few respondents; ``off: reason`` shows it.
        minimum_cases : int
            Fewest respondents that a published number rests on.

        Returns
        -------
        pandas.DataFrame
            One row per group: group, role (known or hidden), kind of question, alters, form, sex and
            age where some group has them, size, source, year, answered, missing, one column per reason for missing, zeros, mean, max, at_cap
            (answers at the largest number recorded), at_fives and at_tens (shares of the answers of
            5 and 10 or more that are multiples of 5 and 10), and flag.

        Notes
        -----
        Unweighted, over the rows with weight. Without heaping about a fifth of the answers are at
        fives and a tenth at tens, somewhat more where counts fall off steeply.

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"police": [2, 1, 3, 4, 10, 3, 1, 5], "hidden": [1, 0, 0, 2, 0, 1, 1, 1]}
        >>> answers = pv.Answers(pv.Survey(data), known={"police": 1000}, hidden="hidden")
        >>> answers.summary()[["group", "role", "answered", "zeros", "mean"]]
            group    role  answered  zeros   mean
        0  police   known         8      0  3.625
        1  hidden  hidden         8      3   0.75
        """
        from .nsum.answer_checks import summary

        return summary(cast("Answers", self), disclosure, minimum_cases)

    def heaping(
        self,
        names: Sequence[str] | None = None,
        *,
        points: Sequence[int] = (5, 10, 15, 20, 25, 30, 40, 50),
        disclosure: str = "on",
        minimum_cases: int = 5,
    ) -> pd.DataFrame:
        """Compare how often round numbers are answered with their neighbours.

        Parameters
        ----------
        names : list of str, optional
            Groups, by default all that were asked as counts.
        points : list of int
            The round numbers.
        disclosure : str
            ``on`` leaves out what rests on few answers; ``off: reason`` shows it.
        minimum_cases : int
            Fewest answers that a published number rests on.

        Returns
        -------
        pandas.DataFrame
            One row per round number for all groups together, then for each group: group, point,
            below (answers one less), at, above (one more), neighbours (both), ratio of `at` to the
            mean of the neighbours, p_value, and flag. Numbers that nobody came near are left out.

        Notes
        -----
        Without heaping, and where counts fall off evenly or ever more slowly, at most a third of
        the answers at a number and its neighbours are at the number: `p_value` is the chance of so
        many or more of a binomial with chance 1/3. Answers at or above a top code are left out.

        Examples
        --------
        >>> import prevalence as pv
        >>> known = [9] * 6 + [10] * 30 + [11] * 7 + [1, 2, 3]
        >>> answers = pv.Answers(pv.Survey({"police": known}), known={"police": 1000}, hidden=[])
        >>> answers.heaping()[["point", "below", "at", "above", "ratio"]].head(1)
           point  below  at  above     ratio
        0     10      6  30      7  4.615385
        """
        from .nsum.answer_checks import heaping

        return heaping(cast("Answers", self), names, points, disclosure, minimum_cases)

    def outliers(
        self, *, spread: float = 3.5, share: float = 0.5, at_least: int = 20
    ) -> pd.DataFrame:
        """Find answers to look at again, by the position of their row.

        Parameters
        ----------
        spread : float
            Degrees further than this many robust standard deviations (1.4826 times the median
            absolute deviation) from the median, on the log scale, are extreme.
        share : float
            One known group with more than this share of a respondent's ties dominates them.
        at_least : int
            Fewest ties of a respondent whose shares are looked at.

        Returns
        -------
        pandas.DataFrame
            Columns row (position in the table), check (``extreme degree``, ``one answer dominates``,
            ``hidden above degree``, ``same answer throughout``, ``no known group answered``), group,
            and measure: robust standard deviations, share, hidden people over degree (infinite for
            a degree of 0), number of equal answers.

        Notes
        -----
        It tells no answer and no identifier; it is for those who clean the data, not for print.
        A group dominates only where its share is also twice its share of the known sizes and of
        all ties. Degrees below the number of hidden people known are found where `population` is
        given. The same answer throughout is looked for where three or more known groups were asked
        as counts: all answered, all alike, none of them 0.

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"a": [1, 2, 4, 1, 2], "b": [0, 1, 4, 2, 1], "c": [2, 0, 4, 1, 0]}
        >>> known = {"a": 1000, "b": 900, "c": 1100}
        >>> pv.Answers(pv.Survey(data), known=known, hidden=[]).outliers()
           row                   check group  measure
        0    2  same answer throughout            3.0
        """
        from .nsum.answer_checks import outliers

        return outliers(cast("Answers", self), spread, share, at_least)

    def dont_know(
        self,
        hidden: str | Sequence[str] | None = None,
        *,
        transmission: float | Estimate,
        multiples: Sequence[float] = (0, 1, 2),
        classes: int = 5,
    ) -> pd.DataFrame:
        """Estimate hidden groups with missing answers taken as none, as the others', and as more.

        A missing answer is taken as ``m R d``, with R the ratio among those who answered and d the
        respondent's degree; and as the mean of those who answered in the same class of degree.

        Parameters
        ----------
        hidden : str or list of str, optional
            Hidden groups, by default all.
        transmission : float or Estimate
            As in `prevalence.nsum.scale_up`.
        multiples : list of float
            Values of m: 0 takes missing answers as none, 1 as those of the others.
        classes : int
            Number of classes of degree, of equal numbers of respondents.

        Returns
        -------
        pandas.DataFrame
            Columns group, rule, answered, missing, estimate, std_error, conf_low and conf_high.

        Raises
        ------
        ValueError, KeyError
            When a multiple is negative, or a name is not a hidden group.

        Notes
        -----
        ``1 x the ratio`` is the estimate from those who answered (``missing="complete"``).
        Respondents without an answer about any known group have no degree and are left out. No
        bound on the truth: those who do not know may differ by more than was tried.

        Examples
        --------
        >>> import prevalence as pv
        >>> data = {"police": [2, 1, 2, 4, 1, 2], "hidden": [1, 0, None, 2, 0, 1]}
        >>> answers = pv.Answers(pv.Survey(data), known={"police": 1000}, hidden="hidden")
        >>> answers.dont_know(transmission=1, classes=1)[["rule", "estimate"]].round(1)
                               rule  estimate
        0       none (0 x the ratio)     333.3
        1              1 x the ratio     400.0
        2              2 x the ratio     466.7
        3  mean by class of degree     400.0
        """
        from .nsum.answer_checks import dont_know

        return dont_know(cast("Answers", self), hidden, transmission, multiples, classes)
