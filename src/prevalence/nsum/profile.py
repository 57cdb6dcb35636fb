"""The scaled-down condition: whether known groups together are the population in small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..direct.hypotheses import Test
from ..errors import nearest, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScaledDown", "scaled_down"]

Array = NDArray[Any]
RAO_SCOTT = "Rao and Scott (1984) doi:10.1214/aos/1176346391"


@explained
@dataclass(frozen=True, eq=False, repr=False)
class ScaledDown:
    """The pooled profile of known groups beside that of the population.

    Made by `scaled_down`.

    Parameters
    ----------
    cells : tuple of str
        Cells of the profile, such as sex by age.
    population : array of shape (cells,)
        People of the population by cell.
    members : mapping of str to array
        Members of each known group by cell.
    candidates : mapping of str to array
        Members of further groups that could be asked about.

    References
    ----------
    McCormick, T. H., Salganik, M. J. and Zheng, T. (2010). How many people do you know?: efficiently
    estimating personal network size. Journal of the American Statistical Association 105, 59-70.
    doi:10.1198/jasa.2009.ap08518

    Examples
    --------
    >>> import prevalence as pv
    >>> profiles = {"Mary": {"women": 900, "men": 0}, "police": {"women": 100, "men": 400}}
    >>> pv.nsum.scaled_down(profiles, {"women": 5100, "men": 4900})
    <ScaledDown: 2 known groups; index of dissimilarity 0.204 over 2 cells>
    >>> pooled = pv.nsum.scaled_down(profiles, {"women": 5100, "men": 4900})
    >>> pooled.to_frame()["ratio"].round(2).tolist(), pooled.groups()["advice"].tolist()
    ([1.4, 0.58], ['keep', 'keep'])
    """

    cells: tuple[str, ...]
    population: Array
    members: Mapping[str, Array]
    candidates: Mapping[str, Array]

    @cached_property
    def _shares(self) -> tuple[Array, Array]:
        pooled = np.sum(list(self.members.values()), axis=0)
        return pooled / pooled.sum(), self.population / self.population.sum()

    @property
    def dissimilarity(self) -> float:
        """Share of the known groups that would have to be in other cells, between 0 and 1."""
        return _dissimilarity(*self._shares)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell: its share of the population and of the known groups.

        Returns
        -------
        pandas.DataFrame
            Columns cell, population, pooled, difference and ratio.
        """
        import pandas as pd

        pooled, target = self._shares
        return pd.DataFrame({
            "cell": self.cells, "population": target, "pooled": pooled,
            "difference": pooled - target, "ratio": pooled / target,
        })  # fmt: skip

    def groups(self) -> pd.DataFrame:
        """Return one row per group: how far the pool would be without it, or with it.

        Returns
        -------
        pandas.DataFrame
            Columns group, size, asked (known group or candidate), own (index of the group by
            itself), pooled (index of the pool once it leaves, or joins), change, and advice:
            leave, keep, add or skip.
        """
        import pandas as pd

        target, now = self._shares[1], self.dissimilarity
        pool = np.sum(list(self.members.values()), axis=0)
        rows = []
        for asked, groups in ((True, self.members), (False, self.candidates)):
            for name, members in groups.items():
                moved = pool - members if asked else pool + members
                left = moved.sum() > 0
                index = _dissimilarity(moved / moved.sum(), target) if left else 1.0
                better = index < now
                advice = ("leave" if better else "keep") if asked else ("add" if better else "skip")
                rows.append({
                    "group": name, "size": members.sum(), "asked": asked,
                    "own": _dissimilarity(members / members.sum(), target), "pooled": index,
                    "change": index - now, "advice": advice,
                })  # fmt: skip
        return pd.DataFrame(rows)

    def test(self) -> Test:
        """Test whether the pooled profile differs by more than the choice of groups would make it.

        Returns
        -------
        Test
            Pearson's distance of the pooled shares from the population's, divided by the mean of
            its generalised design effects with groups as clusters; an F.

        Raises
        ------
        ValueError
            When there are fewer than two known groups.

        Notes
        -----
        Sizes of known groups are counts without sampling error, so that a test against chance among
        persons would reject nearly always. Here the groups are taken as drawn from many that might
        have been asked about. With few groups it sees little: not to reject is no proof, and the
        index of dissimilarity is what bears on the degrees.

        References
        ----------
        Rao, J. N. K. and Scott, A. J. (1984). On chi-squared tests for multiway contingency tables
        with cell proportions estimated from survey data. Annals of Statistics 12, 46-60.
        doi:10.1214/aos/1176346391

        Examples
        --------
        >>> import prevalence as pv
        >>> profiles = {"Mary": {"women": 900, "men": 0}, "police": {"women": 100, "men": 400}}
        >>> test = pv.nsum.scaled_down(profiles, {"women": 5100, "men": 4900}).test()
        >>> round(test.p_value, 2)
        0.68
        """
        from scipy.special import fdtrc

        k = len(self.members)
        if k < 2:
            raise ValueError(
                f"profiles must hold at least two known groups to be tested: found {k}. Add one."
            )
        pooled, target = self._shares
        counts = np.array(list(self.members.values()))
        off = (counts - counts.sum(axis=1, keepdims=True) * pooled) / counts.sum()
        scaled = off * np.sqrt(k / (k - 1)) / np.sqrt(target)
        effects = np.linalg.svd(scaled, compute_uv=False) ** 2
        if not effects.sum() > 1e-24:
            raise ValueError(
                "known groups must differ in their profiles to be tested: all are alike. Compare "
                "the shares in to_frame()."
            )
        statistic = float(np.sum((pooled - target) ** 2 / target) / effects.sum())
        df = float(effects.sum() ** 2 / np.sum(effects**2))
        return Test(
            statistic,
            df,
            df * (k - 1),
            float(fdtrc(df, df * (k - 1), statistic)),
            "profile of known groups, second-order Rao-Scott with groups as clusters",
            "the known groups together have the profile of the population",
            design_effects=tuple(effects[effects > 1e-12 * effects.max()].tolist()),
            citations=(RAO_SCOTT,),
        )

    def __repr__(self) -> str:
        return (
            f"<ScaledDown: {len(self.members)} known group{'s' if len(self.members) != 1 else ''}; "
            f"index of dissimilarity {self.dissimilarity:.3g} over {len(self.cells)} cells>"
        )


@explained
def scaled_down(profiles: Any, population: Any, *, candidates: Any = None) -> ScaledDown:
    """Pooled age-sex profile of the known groups, compared with that of the population.

    Degrees from known groups are unbiased for respondents of every kind where the groups pooled
    are the population in small: ``sum_k N_ak / sum_k N_k = N_a / N`` in every cell a. The index
    of dissimilarity is half the sum of the absolute differences of these shares.

    Parameters
    ----------
    profiles : mapping or pandas.DataFrame
        Members of each known group by cell: group to a mapping of cells to numbers, or a table
        with cells as index and a column per group.
    population : mapping or pandas.Series
        People of the population by cell.
    candidates : mapping or pandas.DataFrame, optional
        The same of groups that could be added.

    Returns
    -------
    ScaledDown
        The table by cell, the index, what each group does to it, and a test.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a number is negative, a group or the population has nobody, or cells do not agree.

    Notes
    -----
    Assumes that whom people know depends on the cells compared. It fails for what is not in them,
    such as region, schooling or religion.

    References
    ----------
    McCormick, T. H., Salganik, M. J. and Zheng, T. (2010). How many people do you know?: efficiently
    estimating personal network size. Journal of the American Statistical Association 105, 59-70.
    doi:10.1198/jasa.2009.ap08518

    Duncan, O. D. and Duncan, B. (1955). A methodological analysis of segregation indexes. American
    Sociological Review 20, 210-217. doi:10.2307/2088328

    Examples
    --------
    >>> import prevalence as pv
    >>> profiles = {"Mary": {"women": 900, "men": 0}, "police": {"women": 100, "men": 400}}
    >>> more = {"James": {"women": 0, "men": 550}, "nurses": {"women": 700, "men": 100}}
    >>> people = {"women": 5100, "men": 4900}
    >>> result = pv.nsum.scaled_down(profiles, people, candidates=more)
    >>> result.to_frame().round(3).values.tolist()
    [['women', 0.51, 0.714, 0.204, 1.401], ['men', 0.49, 0.286, -0.204, 0.583]]
    >>> result.groups()[["group", "advice"]].values.tolist()
    [['Mary', 'keep'], ['police', 'keep'], ['James', 'add'], ['nurses', 'skip']]
    """
    people = _profile("population", population)
    if not people:
        raise ValueError("population must have a cell: found none. Give people by sex and age.")
    for cell, count in people.items():
        if not count > 0:
            raise ValueError(
                f"population must have people in every cell: {cell!r} has {count:g}. Join cells."
            )
    members = _members("profiles", profiles, people)
    if not members:
        raise ValueError("profiles must hold a known group: found none. Give at least one.")
    more = {} if candidates is None else _members("candidates", candidates, people)
    twice = set(members) & set(more)
    if twice:
        raise ValueError(
            f"candidates must not be known groups already: {min(twice)!r} is one. Leave it out."
        )
    return ScaledDown(tuple(people), np.array(list(people.values())), members, more)


def _members(argument: str, profiles: Any, people: Mapping[str, float]) -> dict[str, Array]:
    if not (isinstance(profiles, Mapping) or hasattr(profiles, "items")):
        raise TypeError(
            f"{argument} must map groups to numbers by cell: found {type(profiles).__name__}. Write "
            "{'police': {'women': 100, 'men': 400}}."
        )
    out = {}
    for name, given in profiles.items():
        profile = _profile(f"{argument}[{str(name)!r}]", given)
        for cell in profile:
            if cell not in people:
                raise KeyError(
                    f"{argument} must have the cells of the population: {cell!r} of {str(name)!r} "
                    f"is not one.{nearest(cell, people)}"
                )
        members = np.array([profile.get(cell, 0.0) for cell in people])
        if not members.sum() > 0:
            raise ValueError(f"{argument} must have members: {str(name)!r} has none. Leave it out.")
        out[str(name)] = members
    return out


def _profile(argument: str, given: Any) -> dict[str, float]:
    """Return numbers by cell, the name of a crossed cell as text."""
    if not (isinstance(given, Mapping) or hasattr(given, "items")):
        raise TypeError(
            f"{argument} must map cells to numbers: found {type(given).__name__}. Write "
            "{'women': 100, 'men': 400}."
        )
    out: dict[str, float] = {}
    for cell, value in given.items():
        name = ", ".join(map(str, cell)) if isinstance(cell, tuple) else str(cell)
        count = number(f"{argument}[{name!r}]", value)
        if not (np.isfinite(count) and count >= 0):
            raise ValueError(
                f"{argument} must hold numbers of at least 0: {name!r} has {count:g}. Correct it."
            )
        out[name] = count
    return out


def _dissimilarity(one: Array, two: Array) -> float:
    return float(np.abs(one - two).sum() / 2)
