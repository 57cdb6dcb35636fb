"""`Answers`: what respondents said about people they know, item by item, on the rows of a survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .errors import nearest, number, warn
from .frames import names_of
from .groups import (
    Group,
    check_columns,
    hidden_groups,
    known_groups,
    positive_population,
    remarks,
)
from .inspected import Inspected
from .items import Item, check_bins, check_codes, read_item
from .merged import refuse
from .survey import Survey, require_survey

__all__ = ["Answers", "Group", "as_answers"]

Array = NDArray[Any]


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Answers(Inspected):
    """Aggregated relational data: numbers known in groups of known size and in hidden groups.

    Parameters
    ----------
    survey : Survey
        Respondents, one row each, with their design and weights.
    known : mapping or table
        Groups of known size: column to size (a number, or an `Estimate` such as one of
        `prevalence.uncertain`) or to `prevalence.nsum.Group`; or a table with columns group, size
        and any of std_error, source, year, alters and column. None where degrees are sums of
        types of relation alone.
    hidden : str, list of str or mapping
        Hidden groups: their columns, or names to columns or to `prevalence.nsum.Group`.
    alters : str
        Whom the answers are about, such as ``"persons"`` or ``"children"``.
    tie, window : str
        What it means to know somebody, and the time asked about, in words.
    population : float, optional
        Number of people that degrees refer to, N.
    codes : mapping of number to str
        Codes of missing answers and their words, as ``{98: "don't know", 99: "refused"}``.
    yes_no : list of str
        Columns of 0 and 1 that tell only whether anybody is known.
    bins : mapping of str to mapping
        Columns of binned answers: what was ticked to its smallest and largest number, as
        ``{"n_police": {"none": (0, 0), "1 to 5": (1, 5), "more": (6, inf)}}``.
    top_code : int or mapping of str to int, optional
        Largest number recorded, which stands for itself and all above: for all columns, or by
        column.
    fractional : bool
        Whether answers may be fractions, as those of a questionnaire shared out.

    Attributes
    ----------
    notes : tuple of str
        What was said of the answers; every estimate made from them repeats it.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a size is missing, not positive or above the population, a column is named twice or
        unknown, or an answer is negative, no whole number or in no bin.

    Notes
    -----
    A missing answer stays missing, item by item: estimators say what they do with it. Known groups
    and hidden groups should be of the same people: numbers of children known are scaled by known
    groups of children. Sizes of several years and other alters are warned of.

    References
    ----------
    McCormick, T. H., Salganik, M. J. and Zheng, T. (2010). How many people do you know?: efficiently
    estimating personal network size. Journal of the American Statistical Association 105, 59-70.
    doi:10.1198/jasa.2009.ap08518

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"police": [2, 1, 98, 4], "n_children": [1, 0, 0, 2]}
    >>> answers = pv.Answers(
    ...     pv.Survey(data),
    ...     known={"police": 1000},
    ...     hidden={"forced labour": "n_children"},
    ...     codes={98: "don't know"},
    ... )
    >>> answers
    <Answers: 4 rows about 1 known group and 1 hidden group of persons; 1 answer missing>
    >>> answers.counts(["police"])
    array([[ 2.,  1., nan,  4.]])
    >>> answers.group("police").size, answers.sizes()
    (1000.0, array([1000.]))
    >>> answers.bounds(["police"])[1].tolist()
    [[2.0], [1.0], [inf], [4.0]]
    >>> two = pv.Answers(
    ...     pv.Survey({"police": [2, 1, 4], "teachers": [3, 0, 6], "working": [1, 0, 2]}),
    ...     known={"police": 1000, "teachers": 1500},
    ...     hidden=["working"],
    ... )
    >>> two.without("police").on(two.survey.jackknife()).sizes()
    array([1500.])
    """

    survey: Survey
    known: Any = field(kw_only=True)  # {name: Group} once made
    hidden: Any = field(kw_only=True)  # {name: Group} once made
    alters: str = field(default="persons", kw_only=True)
    tie: str = field(default="", kw_only=True)
    window: str = field(default="", kw_only=True)
    population: float | None = field(default=None, kw_only=True)
    codes: Mapping[float, str] = field(default_factory=dict, kw_only=True)
    yes_no: Sequence[str] = field(default=(), kw_only=True)
    bins: Mapping[str, Mapping[Any, tuple[float, float]]] = field(
        default_factory=dict, kw_only=True
    )
    top_code: float | Mapping[str, float] | None = field(default=None, kw_only=True)
    fractional: bool = field(default=False, kw_only=True)
    items: dict[str, Item] = field(init=False)
    notes: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        require_survey(self.survey)
        refuse(self.survey.merged, "answers about others")
        population = positive_population(self.population)
        none = self.known is None
        known = {} if none else known_groups(self.known, self.alters, population)
        hidden = hidden_groups(self.hidden, self.alters)
        check_columns(known, hidden)
        columns = {
            str(g.column): k for s, k in ((known, "known"), (hidden, "hidden")) for g in s.values()
        }
        made = {"known": known, "hidden": hidden, "population": population}
        for name, value in {**made, "items": self._read(columns)}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "notes", tuple(self._remarks()))
        for message in self.notes:
            warn(message)

    def _read(self, columns: Mapping[str, str]) -> dict[str, Item]:
        check_bins(self.bins)
        check_codes(self.codes, bool(self.bins))
        tops = _tops(self.top_code, columns)
        yes_no = names_of("yes_no", self.yes_no)
        for argument, named in (("yes_no", yes_no), ("bins", self.bins), ("top_code", tops)):
            for name in named:
                if name not in columns:
                    raise KeyError(
                        f"{argument} must name columns of groups: {name!r} is not one."
                        f"{nearest(name, columns)}"
                    )
        own = self.top_code if isinstance(self.top_code, Mapping) else {}
        _check_forms({"yes_no": yes_no, "bins": self.bins, "top_code": own})
        return {
            column: read_item(
                self.survey.table,
                column,
                argument,
                codes=self.codes,
                yes_no=column in yes_no,
                bins=self.bins.get(column),
                top_code=tops.get(column),
                fractional=self.fractional,
            )
            for column, argument in columns.items()
        }

    def _remarks(self) -> list[str]:
        """Return what is to be said of these groups and of the answers about them."""
        groups = [*self.known.values(), *self.hidden.values()]
        columns = dict.fromkeys(str(group.column) for group in groups)
        said = [self.items[column].remark for column in columns if self.items[column].remark]
        return said + remarks(self.known, self.hidden, self.alters) + self._of_respondents()

    def _of_respondents(self) -> list[str]:
        """Say which known groups nobody knows, and how many respondents know nobody."""
        said: list[str] = []
        weighted = np.asarray(self.survey.chain.weights != 0)
        gone, some = np.zeros(self.survey.n, dtype=int), np.zeros(self.survey.n, dtype=bool)
        for name, group in self.known.items():
            item = self.items[str(group.column)]
            for rows in item.lost.values():
                gone[rows] += 1
            knows = item.low > 0
            some |= knows
            if item.missing == self.survey.n:
                said.append(
                    f"nobody answered about the known group {name!r}: it plays no part. Check the "
                    "column, or leave it out."
                )
            elif not (knows & weighted).any():
                said.append(
                    f"nobody knows anyone in the known group {name!r}: it adds its size and no "
                    "ties, which makes estimates larger. Check the question, or leave it out."
                )
        if not self.known:
            return said
        nobody = weighted & ~some & (gone < len(self.known))
        of = f"of {int(weighted.sum()):,} respondents"
        if nobody.any():
            said.append(
                f"{int(nobody.sum()):,} {of} know nobody in any known group (first: row "
                f"{int(np.flatnonzero(nobody)[0])}): their degree is 0, which ratios of sums keep "
                "and means of ratios leave out."
            )
        return said

    # ------------------------------------------------------------------ arrays
    def group(self, name: str) -> Group:
        """Return a group by its name.

        Parameters
        ----------
        name : str
            Name of a known or hidden group.

        Returns
        -------
        Group
            With its column filled in.
        """
        found: Group | None = self.known.get(name) or self.hidden.get(name)
        if found is None:
            names = [*self.known, *self.hidden]
            raise KeyError(
                f"group must be one of the answers': {name!r} is not.{nearest(name, names)}"
            )
        return found

    def counts(self, names: Sequence[str]) -> Array:
        """Return the numbers known in some groups, one row per group.

        Parameters
        ----------
        names : list of str
            Names of groups.

        Returns
        -------
        ndarray of shape (groups, rows)
            Counts, nan where missing; top-coded answers at their cap.

        Raises
        ------
        ValueError
            When a group was asked with yes or no, or in bins: there is no count.
        """
        chosen = _listed(names)
        out = np.empty((len(chosen), self.survey.n))
        for k, name in enumerate(chosen):
            item = self.items[str(self.group(name).column)]
            if item.kind in ("yes or no", "binned"):
                raise ValueError(
                    f"numbers known must be counts for this estimator: {name!r} was asked as "
                    f"{item.kind}. Use pv.nsum.fit, which takes the answers as intervals."
                )
            out[k] = item.counts
        return out

    def bounds(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Return the smallest and the largest number that each answer allows.

        Parameters
        ----------
        names : list of str
            Names of groups.

        Returns
        -------
        low : ndarray of shape (rows, groups)
            Smallest numbers.
        high : ndarray of shape (rows, groups)
            Largest numbers, the same for an exact count; 0 and inf for a missing answer.
        """
        items = [self.items[str(self.group(name).column)] for name in _listed(names)]
        shape = (self.survey.n, len(items))
        low, high = np.empty(shape), np.empty(shape)
        for k, item in enumerate(items):
            low[:, k], high[:, k] = item.low, item.high
        return low, high

    def sizes(self, names: Sequence[str] | None = None) -> Array:
        """Return the sizes of known groups.

        Parameters
        ----------
        names : list of str, optional
            Names of known groups, by default all.

        Returns
        -------
        ndarray of shape (groups,)
            Number of members.
        """
        chosen = list(self.known) if names is None else _listed(names)
        for name in chosen:
            self._check_known(name)
        return np.array([float(self.known[name].size) for name in chosen], dtype=float)

    def degrees(
        self, rule: str | Sequence[str] = "ratio-of-sums", population: float | None = None
    ) -> Array:
        """Return how many people each respondent knows, d_i.

        Parameters
        ----------
        rule : {"ratio-of-sums", "mean-of-ratios"} or list of str
            ``N sum y_k / sum N_k`` or ``N mean(y_k / N_k)`` over the known groups answered; or the
            columns of types of relation, whose sum is the degree (summation).
        population : float, optional
            Number of people N that degrees refer to, by default that of the answers.

        Returns
        -------
        ndarray of shape (rows,)
            Degrees; nan where no known group, or not every type of relation, was answered.

        Raises
        ------
        ValueError
            When there is no population or no known group, or the rule is unknown.

        References
        ----------
        Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
        Estimation of seroprevalence, rape, and homelessness in the United States using a social
        network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"police": [2, 1, 0], "nurses": [1, 3, 1]})
        >>> answers = pv.Answers(survey, known={"police": 1000, "nurses": 3000}, hidden=())
        >>> answers.degrees(population=40_000)
        array([30., 40., 10.])
        """
        from .nsum.degrees import degrees

        return degrees(self, rule, population)

    # ------------------------------------------------------------------ verbs
    def without(self, *names: str) -> Self:
        """Return the answers without some known groups.

        Parameters
        ----------
        *names : str
            Known groups to leave out.

        Returns
        -------
        Answers
            The other known groups, and the same hidden ones.

        Raises
        ------
        KeyError, ValueError
            When a name is not a known group, or none would be left.
        """
        for name in names:
            self._check_known(name)
        return self._choose(known=[name for name in self.known if name not in names])

    def on(self, survey: Survey) -> Self:
        """Return the answers on the same rows with other weights or another variance scheme.

        Parameters
        ----------
        survey : Survey
            The survey with further steps or replicates.

        Returns
        -------
        Answers
            The same questions and groups.

        Raises
        ------
        ValueError
            When the survey has another table of rows.
        """
        if not isinstance(survey, Survey):
            raise TypeError(
                f"survey must be a Survey: found {type(survey).__name__}. Pass one made from that of "
                "these answers, as answers.survey.jackknife()."
            )
        if survey.table is not self.survey.table:
            raise ValueError(
                "survey must have the rows of these answers: found another table. Make the answers "
                "anew with pv.Answers(...)."
            )
        return self._replace(survey=survey)

    def _check_known(self, name: str) -> None:
        if name not in self.known:
            raise KeyError(
                f"names must be known groups: {name!r} is not.{nearest(name, self.known)}"
            )

    def _choose(
        self, *, known: Sequence[str] | None = None, hidden: Sequence[str] | None = None
    ) -> Self:
        if known is not None and not len(known):
            raise ValueError("known must leave a group: found none. Keep at least one.")
        out = self._replace(
            known=self.known if known is None else {name: self.known[name] for name in known},
            hidden=self.hidden if hidden is None else {name: self.hidden[name] for name in hidden},
        )
        object.__setattr__(out, "notes", tuple(out._remarks()))
        return out

    def _replace(self, **changes: Any) -> Self:
        out = object.__new__(type(self))
        for name in self.__dataclass_fields__:
            object.__setattr__(out, name, changes.get(name, getattr(self, name)))
        return out

    def _repr_html_(self) -> str:
        from .console import table_html

        table = self.summary().dropna(axis="columns", how="all")
        years = {"year": table["year"].astype("string")} if "year" in table else {}
        return table_html(repr(self)[1:-1], table.assign(**years))

    def __repr__(self) -> str:
        n, known, hidden = self.survey.n, len(self.known), len(self.hidden)
        groups = [*self.known.values(), *self.hidden.values()]
        gone = sum(self.items[str(group.column)].missing for group in groups)
        return (
            f"<Answers: {n:,} {self.survey.about.rows} about {_many(known, 'known group')} and "
            f"{_many(hidden, 'hidden group')} of {self.alters}; {_many(gone, 'answer')} missing>"
        )


def as_answers(
    sample: Answers | Survey,
    hidden: Any = None,
    known: Any = None,
    population: float | None = None,
    *,
    summed: bool = False,
) -> Answers:
    """Return answers from a survey and its columns, or some groups of answers there are.

    Known groups may be absent where degrees are sums of types of relation (`summed`).
    """
    if isinstance(sample, Survey):
        if known is None and not summed:
            raise ValueError(
                "known must map columns to sizes of groups, as in {'police': 12_500}: found none. "
                "Write at least one group."
            )
        return Answers(
            sample, known=known, hidden=() if hidden is None else hidden, population=population
        )
    if not isinstance(sample, Answers):
        raise TypeError(
            f"sample must be a Survey or Answers: found {type(sample).__name__}. Make one with "
            "pv.Survey(data, weights=...) or pv.Answers(survey, known=..., hidden=...)."
        )
    out = sample
    if known is not None:
        out = out._choose(known=_chosen("known", known, sample.known))
    if hidden is not None:
        out = out._choose(hidden=_chosen("hidden", hidden, sample.hidden))
    if not (out.known or summed):
        raise ValueError(
            "known must leave a group: found none. Make the answers with the sizes of known groups."
        )
    if population is not None:
        size = positive_population(population)
        if out.known:
            known_groups(out.known, out.alters, size)
        out = out._replace(population=size)
    return out


def _chosen(argument: str, names: Any, groups: Mapping[str, Group]) -> list[str]:
    chosen = names_of(argument, names)
    for name in chosen:
        if name not in groups:
            raise KeyError(
                f"{argument} must name groups of the answers: {name!r} is not one.{nearest(name, groups)}"
            )
    return chosen


def _tops(top_code: Any, columns: Mapping[str, str]) -> dict[str, float]:
    """Return the largest number recorded, by column."""
    given = top_code if isinstance(top_code, Mapping) else {}
    if top_code is not None and not isinstance(top_code, Mapping):
        given = dict.fromkeys(columns, top_code)
    tops = {str(name): number("top_code", top) for name, top in given.items()}
    for name, top in tops.items():
        if not 1 <= top < np.inf:
            raise ValueError(
                f"top_code must be a number of at least 1: {name!r} has {top:g}. Give the largest "
                "number that was recorded."
            )
    return tops


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _check_forms(named: Mapping[str, Any]) -> None:
    """Refuse a column that was asked in two forms."""
    seen: dict[str, str] = {}
    for argument, columns in named.items():
        for column in columns:
            if column in seen:
                raise ValueError(
                    f"{argument} must name other columns than {seen[column]}: {column!r} is in both. "
                    "Leave it in the one that it was asked as."
                )
            seen[column] = argument


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
