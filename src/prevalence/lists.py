"""`Lists`: case lists as capture histories with counts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import check_rows, check_words, generator, nearest, warn
from .estimand import Estimand
from .frames import Table, as_float, factorise, read
from .replication import Replicates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lists"]

Array = NDArray[Any]
ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}.*)?)?")


@dataclass(frozen=True, eq=False, repr=False)
class Lists:
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
    """

    data: Any
    names: Sequence[str]
    counts: Any = field(default=None, kw_only=True)
    histories: Array = field(init=False)
    source: str = field(init=False)
    scheme: Replicates | None = field(default=None, init=False)
    referrals: tuple[tuple[str, str, int], ...] = field(default=(), init=False)
    about: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        from .mse.histories import complete_table

        names = [self.names] if isinstance(self.names, str) else [str(x) for x in self.names]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(
                f"lists must be two or more columns of different names: found {len(names)} "
                f"({', '.join(names)}). Name each list once."
            )
        table = read(self.data)
        rows = np.stack([_zero_one(table, name) for name in names], axis=1)
        count = np.ones(table.n) if self.counts is None else table.numeric(self.counts, "counts")
        whole = np.isfinite(count) & (count >= 0) & (count == np.round(count))
        check_rows("counts", "whole numbers of at least 0", count, ~whole, "Correct them.")
        on_none = ~rows.any(axis=1) & (count > 0)
        if on_none.any():
            raise ValueError(
                f"lists must hold every row: {int(on_none.sum()):,} of {table.n:,} rows are on none "
                f"(first: row {int(np.flatnonzero(on_none)[0])}). Drop them; persons on no list are "
                "what is estimated."
            )
        used = rows.any(axis=1)
        histories, full = complete_table(rows[used], count[used])
        found = {"names": tuple(names), "histories": histories, "counts": full[:, 0]}
        found["source"] = _digest(tuple(names), full[:, 0])
        if full[:, 0].sum() == 0:
            raise ValueError("lists must have cases: found zero. Check the window and the file.")
        for name, value in {**found, "data": None}.items():
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

        Examples
        --------
        >>> import prevalence as pv
        >>> histories = [[1, 0], [0, 1], [1, 1]]
        >>> pv.Lists.from_counts(histories, [20, 30, 10], ["police", "shelter"])
        <Lists: 60 persons, 10 on two lists or more; police 30, shelter 40>
        """
        table = np.asarray(histories)
        frequency = as_float(np.asarray(counts), "counts", "counts")
        if table.ndim != 2 or frequency.shape != table.shape[:1]:
            raise ValueError(
                "histories must have one row per count and one column per list: found shapes "
                f"{table.shape} and {frequency.shape}. Give 0 and 1 by row."
            )
        title = list(names) if names else [f"list {j + 1}" for j in range(table.shape[1])]
        if len(title) != table.shape[1]:
            raise ValueError(
                f"names must be one per list: found {len(title)} for {table.shape[1]} lists. "
                "Name each column of histories."
            )
        columns = {name: table[:, j] for j, name in enumerate(title)}
        return cls({**columns, "(count)": frequency}, title, counts="(count)")

    @classmethod
    def from_captures(
        cls,
        data: Any,
        *,
        person: str,
        list: str,
        date: str | None = None,
        referred_by: str | None = None,
        window: tuple[str, str] | None = None,
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
            Column with the list that sent the person, missing where none did.
        window : tuple of str, optional
            First and last date (or month, or year), both included.

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
            When captures lie outside the window: how many are left out.

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
        table = read(data)
        who, where = table.labels(person, "person"), table.labels(list, "list")
        keep = np.ones(table.n, dtype=bool)
        if window is not None:
            if date is None:
                raise ValueError("window needs date=: found no column of dates. Name it.")
            keep = _within(table.labels(date, "date"), window)
            if not keep.all():
                warn(f"{int((~keep).sum()):,} of {table.n:,} captures lie outside the window.")
        sender = _senders(table, referred_by)
        names = sorted(set(where[keep].tolist()))
        persons, row = np.unique(who[keep].astype(str), return_inverse=True)
        on = np.zeros((persons.size, len(names)), dtype=int)
        on[row, [names.index(x) for x in where[keep]]] = 1
        out = cls({name: on[:, j] for j, name in enumerate(names)}, names)
        edges = Counter((s, r) for s, r, k in zip(sender, where, keep, strict=True) if k and s)
        tally = tuple((s, r, edges[s, r]) for s, r in sorted(edges))
        object.__setattr__(out, "referrals", tally)
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

    def index(self, name: str) -> int:
        """Return the position of a list.

        Parameters
        ----------
        name : str
            Name of the list.

        Returns
        -------
        int
            Its column in the histories, from 0.

        Raises
        ------
        KeyError
            When there is no such list.
        """
        if name not in self.names:
            raise KeyError(
                f"lists must be named as in the data: {name!r} is not one.{nearest(name, self.names)}"
            )
        return list(self.names).index(name)

    def referral_pairs(self) -> list[tuple[str, str]]:
        """Return the pairs of lists between which a referral is recorded, each once.

        Returns
        -------
        list of tuple of str
            Pairs in the order of the lists, whichever of the two referred.

        Notes
        -----
        A referral makes two lists dependent: estimators that assume independence are biased.
        """
        known = [(s, r) for s, r, _ in self.referrals if s in self.names and s != r]
        return sorted({(min(p, key=self.index), max(p, key=self.index)) for p in known})

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
        A resample is ``Multinomial(n, counts / n)`` with n the persons seen. It assumes that
        persons are captured independently of each other, and takes n as fixed. It fails with sparse
        tables: a history without persons has none in any resample.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10])
        >>> lists.bootstrap(100, rng=1).scheme.factors.sum(axis=0)[:3]
        array([60., 60., 60.])
        """
        from .mse.histories import bootstrap_counts

        if not isinstance(replicates, (int, np.integer)) or replicates < 2:
            raise ValueError(
                f"replicates must be a whole number of at least 2: found {replicates!r}. "
                "Pass for example replicates=1000."
            )
        random = generator(rng)
        token = f"{int(random.integers(2**63)):016x}"
        draws = bootstrap_counts(self.counts, replicates, random)
        scale = np.full(replicates, 1 / replicates)
        kind = f"multinomial bootstrap R={replicates} draw={token}"
        made = Replicates(draws, scale, self.source, kind, ())
        return self._replace(scheme=made)

    def describe(self, **words: str) -> Self:
        """Return the lists with words for the estimand: outcome, definition, window, population.

        Parameters
        ----------
        **words : str
            Parts of the `Estimand`.

        Returns
        -------
        Lists
            The same lists; estimates carry the words.
        """
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

    def _replace(self, **changes: Any) -> Self:
        new = object.__new__(type(self))
        for name in self.__dataclass_fields__:
            object.__setattr__(new, name, changes.get(name, getattr(self, name)))
        return new

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {size:,}" for name, size in self.sizes.items())
        return f"<Lists: {self.seen:,} persons, {self.overlap:,} on two lists or more; {sizes}>"


def _zero_one(table: Table, name: str) -> Array:
    x = table.numeric(name, "lists")
    check_rows("lists", f"0 or 1 in {name!r}", x, ~np.isin(x, (0.0, 1.0)), "Code them so.")
    return x.astype(np.int64)


def _senders(table: Table, referred_by: str | None) -> list[str]:
    if referred_by is None:
        return [""] * table.n
    import pandas as pd

    raw = pd.Series(table.raw(referred_by, "referred_by"))
    known = raw.notna().to_numpy()
    codes, names = factorise(raw[known], referred_by, "referred_by")
    out = np.full(table.n, "", dtype=object)
    out[known] = np.array(names, dtype=object)[codes]
    return [str(x) for x in out]


def _within(when: Array, window: tuple[str, str]) -> Array:
    """Return which dates lie in the window; dates are compared as text, so their form is checked."""
    ends = [] if isinstance(window, str) else [str(x) for x in window]
    if len(ends) != 2 or not all(ISO_DATE.fullmatch(x) for x in ends):
        raise ValueError(
            f"window must be two dates, months or years: found {window!r}. Write ('2019-01', "
            "'2023-12')."
        )
    first, last = ends
    exact = min(max(len(first), len(last)), 10)
    bad = np.array([ISO_DATE.fullmatch(d) is None or len(d) < exact for d in when])
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"date must hold ISO dates, as exact as the window: {int(bad.sum()):,} of {bad.size:,} "
            f"rows do not (first: row {row}, {when[row]!r}). Write them as 2023-12-31."
        )
    keep = np.array([first <= d and d[: len(last)] <= last for d in when])
    if not keep.any():
        raise ValueError(
            f"window must hold captures: none of {keep.size:,} lies between {first} and {last}. "
            "Widen the window."
        )
    return keep


def _digest(names: tuple[str, ...], counts: Array) -> str:
    text = repr((names, counts.tolist())).encode()
    return f"lists:{hashlib.sha256(text).hexdigest()[:16]}"
