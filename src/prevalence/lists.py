"""`Lists`: case lists as capture histories with counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import captures, patterns
from .arguments import explained
from .declared import Declared
from .errors import check_words, generator, note, sequence, whole
from .estimand import Estimand, words_of
from .frames import as_float, read
from .patterns import Patterns
from .regrouped import Regrouped, added, cells
from .replication import Replicates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lists"]

Array = NDArray[Any]


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Lists(Regrouped):
    """Overlapping case lists: how many persons have each capture history; never changed.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, or mapping
        One row per person, with one column of 0 and 1 per list.
    names : list of str
        The columns of the lists.
    counts : str, optional
        Column with the number of persons of each row, where a row is a capture history. The
        object's own `counts` are those of its `histories`, all 2**L - 1 of them.
    strata : str or list of str
        Columns of classes, such as sex, that are estimated apart; missing is a class of its own.
    covariates : str or list of str
        Columns of what is known of the persons, numbers or text.
    referred_by : mapping of str to str, optional
        By list, the column with the list (or other body) that sent the person there.
    own : str, optional
        Word that marks a capture by the list's own route. With it, a missing sender is a source
        that is not known; without it, missing or empty is the list's own route.

    Attributes
    ----------
    patterns : Patterns
        The distinct kinds of persons: lists, who sent them, stratum and covariates.
    strata : tuple of tuples of str
        Labels of the strata; one empty tuple without strata.
    declared : Declared
        What `declare` said of the lists.

    Raises
    ------
    ValueError, TypeError, KeyError
        When there are fewer than two lists, a column is unknown or not 0 or 1, a row is on no
        list, or a count is not a whole number.

    Notes
    -----
    Persons are told apart without error, none enters or leaves the population within the window,
    and every case is a true one. Estimators fail, mostly to the low side, where this is not so.

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists({"police": [1, 1, 0], "shelter": [0, 1, 1]}, ["police", "shelter"])
    >>> lists.seen
    3
    >>> lists.index("shelter")
    1
    >>> lists.stratum_counts().tolist(), lists.stratum_draws()
    ([[1.0], [1.0], [1.0]], None)
    >>> told = lists.declare(referral=[("police", "shelter")]).describe(window="2022")
    >>> told.referral_edges(), told.referral_pairs()
    ([('police', 'shelter')], [('police', 'shelter')])
    """

    data: Any
    names: Sequence[str]
    counts: Any = field(default=None, kw_only=True)
    strata: Any = field(default=(), kw_only=True)
    covariates: Any = field(default=(), kw_only=True)
    referred_by: Mapping[str, str] | None = field(default=None, kw_only=True)
    own: str | None = field(default=None, kw_only=True)
    histories: Array = field(init=False)
    source: str = field(init=False)
    patterns: Patterns = field(init=False)
    strata_names: tuple[str, ...] = field(default=(), init=False)
    scheme: Replicates | None = field(default=None, init=False)
    pattern_draws: Array | None = field(default=None, init=False)
    referrals: tuple[tuple[str, str, int], ...] = field(default=(), init=False)
    declared: Declared = field(default_factory=Declared, init=False)
    window: tuple[str, str] | None = field(default=None, init=False)
    part: tuple[tuple[str, str], ...] = field(default=(), init=False)
    notes: tuple[str, ...] = field(default=(), init=False)
    about: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        given: Any = [self.names] if isinstance(self.names, str) else self.names
        names = [str(x) for x in sequence("names", given, "Write ['police', 'shelter'].")]
        _check_names(names)
        table = read(self.data)
        found = captures.from_persons(
            table, names, self.counts, self.strata, self.covariates, self.referred_by, self.own
        )
        self._fill(found)

    def _fill(self, found: captures.Read) -> None:
        """Set every field from what was read."""
        from .mse.histories import all_histories

        kinds, histories = found.patterns, all_histories(len(found.names))
        if kinds.count.sum() == 0:
            raise ValueError("lists must have cases: found zero. Check the window and the file.")
        counts = added(kinds.count[:, None], cells(kinds.on), len(histories))[:, 0]
        kept = patterns.plain(histories, counts) if found.plain else patterns.gathered(kinds)[0]
        made = {
            "names": found.names,
            "histories": histories,
            "counts": counts,
            "patterns": kept,
            "source": _digest(found.names, counts),
            "strata_names": found.strata_names,
            "strata": found.strata,
            "referrals": found.referrals,
            "notes": found.notes,
            "window": found.window,
            "data": None,
            "referred_by": None,
            "covariates": tuple(kept.covariates),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_counts(
        cls, histories: ArrayLike, counts: ArrayLike, names: Sequence[str] | None = None
    ) -> Self:
        """Build lists from capture histories (rows, lists) of 0 and 1 and their counts (rows,).

        Parameters
        ----------
        histories : array of 0 and 1, shape (rows, lists)
            1 where the persons of the row are on the list.
        counts : array of whole numbers, shape (rows,)
            Persons of each history; rows of the same history are added up, absent ones are 0.
        names : list of str, optional
            Names of the lists; by default "list 1" and so on.

        Returns
        -------
        Lists
            All histories with their counts.

        Raises
        ------
        ValueError
            When shapes or names do not match, values are not 0 or 1, a count is not whole, or
            persons are on no list.

        Warns
        -----
        PrevalenceWarning
            When a history stands in several rows: how many.

        Examples
        --------
        >>> import prevalence as pv
        >>> histories = [[1, 0], [0, 1], [1, 1]]
        >>> pv.Lists.from_counts(histories, [20, 30, 10], ["police", "shelter"])
        <Lists: 60 persons, 10 on two lists or more; police 30, shelter 40>
        """
        table = _rectangular(histories)
        frequency = as_float(np.atleast_1d(np.asarray(counts)), "counts", "counts")
        if table.ndim != 2 or frequency.shape != table.shape[:1]:
            raise ValueError(
                "histories must have one row per count and one column per list: found shapes "
                f"{table.shape} and {frequency.shape}. Give 0 and 1 by row."
            )
        title = [f"list {j + 1}" for j in range(table.shape[1])]
        if names is not None:
            each = list(names) if isinstance(names, str) else names  # "ABC" names three lists
            title = [str(x) for x in sequence("names", each, "Name each column of histories.")]
        if len(title) != table.shape[1]:
            raise ValueError(
                f"names must be one per list: found {len(title)} for {table.shape[1]} lists. "
                "Name each column of histories."
            )
        columns = {name: table[:, j] for j, name in enumerate(title)}
        made = cls({**columns, "(count)": frequency}, title, counts="(count)")
        repeated = len(table) - len(np.unique(table, axis=0))
        if not repeated:
            return made
        said: list[str] = []
        note(
            said,
            f"{repeated:,} of {len(table):,} rows repeat a history: their counts are added up. Check "
            "that no row was read twice.",
        )
        return made._replace(notes=tuple(said))

    @classmethod
    def from_captures(
        cls,
        data: Any,
        *,
        person: str,
        list: str,
        date: str | None = None,
        referred_by: str | None = None,
        own: str | None = None,
        window: tuple[str, str] | None = None,
        strata: str | Sequence[str] = (),
        covariates: str | Sequence[str] = (),
    ) -> Self:
        """Build lists from one row per capture: who, on which list, when, referred by whom.

        Parameters
        ----------
        data : pandas, polars or pyarrow table, or mapping
            One row per capture; a person may be on a list more than once.
        person, list : str
            Columns that identify the person and the list.
        date : str, optional
            Column of ISO dates, such as 2023-12-31; needed with `window`.
        referred_by : str, optional
            Column with the list (or other body) that sent the person.
        own : str, optional
            Word in that column for a capture by the list's own route. With it, a missing sender is
            a source that is not known; without it, missing or empty is the list's own route.
        window : tuple of str, optional
            First and last date (or month, or year), both included.
        strata, covariates : str or list of str
            Columns of what is known of the persons, as in `Lists`.

        Returns
        -------
        Lists
            Capture histories of the persons, with the referrals between lists.

        Raises
        ------
        ValueError
            When a window has no captures, a date is not of the form 2023-12-31 or less exact than
            the window, a person, list or date is missing, or there are fewer than two lists.
        KeyError
            When a column is unknown.

        Warns
        -----
        PrevalenceWarning
            When captures lie outside the window: how many are left out; when captures of a person
            tell different strata or covariates: how many.

        Notes
        -----
        Persons are matched by equal identifiers: unlinked records of one person make too many
        persons and too few overlaps, and estimates too high.

        Examples
        --------
        >>> import prevalence as pv
        >>> captures = {"id": ["a", "a", "b", "c"], "by": ["police", "home", "police", "home"]}
        >>> pv.Lists.from_captures(captures, person="id", list="by").sizes
        {'home': 2, 'police': 2}
        """
        found = captures.from_captures(
            read(data),
            person=person,
            list_=list,
            date=date,
            referred_by=referred_by,
            own=own,
            window=window,
            strata=strata,
            covariates=covariates,
        )
        _check_names(found.names)
        out = object.__new__(cls)
        for name, value in _BLANK.items():
            object.__setattr__(out, name, value)
        object.__setattr__(out, "about", {})
        out._fill(found)
        return out

    @property
    def seen(self) -> int:
        """Persons on any list."""
        return int(self.counts.sum())

    @property
    def sizes(self) -> dict[str, int]:
        """Persons on each list."""
        return dict(
            zip(self.names, (self.counts @ self.histories).astype(int).tolist(), strict=True)
        )

    @property
    def overlap(self) -> int:
        """Persons on two lists or more."""
        return int(self.counts[self.histories.sum(axis=1) > 1].sum())

    def bootstrap(
        self, replicates: int = 1000, *, rng: int | np.random.Generator | None = None
    ) -> Self:
        """Return the lists with multinomial resamples of the capture histories as columns.

        Parameters
        ----------
        replicates : int
            Number of resamples, at least 2.
        rng : int, numpy.random.Generator or None
            Seed or generator.

        Returns
        -------
        Lists
            The same lists; estimators repeat their whole procedure in every resample, and have
            percentile intervals.

        Raises
        ------
        ValueError
            When `replicates` is not a whole number of at least 2.
        TypeError
            When `rng` is none of its types.

        Notes
        -----
        A resample is ``Multinomial(n, counts / n)`` with n the persons seen and the counts those of
        the distinct kinds of persons (`patterns`). It assumes that persons are captured
        independently of each other, and takes n as fixed. It fails with sparse tables: a history
        without persons has none in any resample.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10])
        >>> lists.bootstrap(100, rng=1).scheme.factors.sum(axis=0)[:3]
        array([60., 60., 60.])
        """
        from .mse.histories import bootstrap_counts

        whole("replicates", replicates, 2, "Pass for example replicates=1000.")
        random = generator(rng)
        token = f"{int(random.integers(2**63)):016x}"
        draws = bootstrap_counts(self.patterns.count, replicates, random)
        factors = self._by_cell(draws)
        scale = np.full(replicates, 1 / replicates)
        kind = f"multinomial bootstrap R={replicates} draw={token}"
        made = Replicates(factors, scale, self.source, kind, ())
        return self._replace(scheme=made, pattern_draws=draws)

    def describe(self, **words: Any) -> Self:
        """Return the lists with words for the estimand: outcome, definition, window, population.

        Parameters
        ----------
        **words : str or Definition
            Parts of the `Estimand`; a `Definition` stands for its name, version and hash, its
            window and its denominator.

        Returns
        -------
        Lists
            The same lists; estimates carry the words.
        """
        words = words_of(words)
        check_words("describe", words, Estimand.__dataclass_fields__)
        return self._replace(about={**self.about, **words})

    def to_frame(self) -> pd.DataFrame:
        """Return the capture histories with their counts.

        Returns
        -------
        pandas.DataFrame
            One row per history, one column of 0 and 1 per list, and count.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10])
        >>> lists.to_frame()["count"].tolist()
        [20, 30, 10]
        """
        import pandas as pd

        frame = pd.DataFrame(self.histories, columns=list(self.names))
        return frame.assign(count=self.counts.astype(int))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {size:,}" for name, size in self.sizes.items())
        return f"<Lists: {self.seen:,} persons, {self.overlap:,} on two lists or more; {sizes}>"


_BLANK = {"scheme": None, "pattern_draws": None, "declared": Declared(), "own": None}


def _rectangular(histories: Any) -> Array:
    """Return histories as an array; rows of unequal length are refused by name."""
    rows = list(histories) if isinstance(histories, Sequence) else []
    lengths = [np.size(row) for row in rows]
    odd = [i for i, length in enumerate(lengths) if length != lengths[0]]
    if odd:
        raise ValueError(
            f"histories must be of equal length: {len(odd)} of {len(rows)} rows are not as long as the "
            f"first, {lengths[0]} (first: row {odd[0]}, {lengths[odd[0]]}). Give one 0 or 1 per list."
        )
    return np.asarray(histories)


def _check_names(names: Sequence[str]) -> None:
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(
            f"lists must be two or more columns of different names: found {len(names)} "
            f"({', '.join(names)}). Name each list once."
        )


def _digest(names: tuple[str, ...], counts: Array) -> str:
    text = repr((names, counts.tolist())).encode()
    return f"lists:{hashlib.sha256(text).hexdigest()[:16]}"
