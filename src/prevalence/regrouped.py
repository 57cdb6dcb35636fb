"""The verbs that look at lists and rearrange them: overlaps, referral, facts, other lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .declared import Declared, declared, listed
from .errors import nearest, sequence, text
from .patterns import Patterns, gathered, plain
from .replication import Replicates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Regrouped"]

Array = NDArray[Any]


@explained
class Regrouped:
    """Kinds of persons on lists; every verb returns new lists or a table."""

    names: Sequence[str]
    histories: Array
    counts: Any
    patterns: Patterns
    strata: Any
    strata_names: tuple[str, ...]
    part: tuple[tuple[str, str], ...]
    scheme: Replicates | None
    pattern_draws: Array | None
    referrals: tuple[tuple[str, str, int], ...]
    declared: Declared
    notes: tuple[str, ...]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def _replace(self, **changes: Any) -> Self:
        new = object.__new__(type(self))
        for name in self.__dataclass_fields__:
            object.__setattr__(new, name, changes.get(name, getattr(self, name)))
        return new

    # ------------------------------------------------------------------ strata
    def stratum_counts(self) -> Array:
        """Return the persons of each history in each stratum.

        Returns
        -------
        array, shape (C, S)
            Rows as in `histories`, columns as in `strata`.
        """
        return self._by_cell_and_stratum(self.patterns.count[:, None])[..., 0]

    def stratum_draws(self) -> Array | None:
        """Return the resampled persons of each history in each stratum.

        Returns
        -------
        array, shape (C, S, R), or None
            One layer per replicate; None without a bootstrap.
        """
        draws = self.pattern_draws
        return None if draws is None else self._by_cell_and_stratum(draws)

    def _by_cell_and_stratum(self, columns: Array) -> Array:
        parts = [
            self._by_cell(np.where((self.patterns.stratum == s)[:, None], columns, 0.0))
            for s in range(len(self.strata))
        ]
        return np.stack(parts, axis=1)

    def _by_cell(self, columns: Array) -> Array:
        """Add up columns of the kinds of persons (P, R) by history (C, R)."""
        return added(columns, cells(self.patterns.on), len(self.histories))

    def in_stratum(self, *labels: str) -> Self:
        """Return the lists of the persons of one stratum, or of all that share the labels.

        Parameters
        ----------
        *labels : str
            One or more labels, such as ``"girls"``.

        Returns
        -------
        Lists
            The same lists with these persons alone.

        Raises
        ------
        KeyError
            When no stratum has the labels.

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {"police": [1, 1, 0], "home": [0, 1, 1], "sex": ["girl", "boy", "girl"]}
        >>> pv.Lists(rows, ["police", "home"], strata="sex").in_stratum("girl").seen
        2
        """
        words = [str(label) for label in labels]
        wanted = set(words)
        chosen = [s for s, label in enumerate(self.strata) if label == tuple(words)]
        chosen = chosen or [s for s, x in enumerate(self.strata) if wanted and wanted <= set(x)]
        if not chosen:
            known = dict.fromkeys(x for label in self.strata for x in label)
            raise KeyError(
                f"labels must be those of a stratum: {', '.join(words)!r} is none."
                f"{nearest(', '.join(words), known)}"
            )
        rows = np.isin(self.patterns.stratum, chosen)
        position = np.full(len(self.strata), -1)
        position[chosen] = np.arange(len(chosen))
        kept = self.patterns.take(rows)
        kept = replace(kept, stratum=position[kept.stratum])
        here = [self.strata[s] for s in chosen]
        absent = {k: v for k, v in self.declared.absent.items() if k in here}
        return self._rearranged(
            tuple(self.names),
            kept,
            rows,
            strata=tuple(here),
            declared=replace(self.declared, absent=absent),
            part=_constant(self.strata_names, here),
        )

    # ------------------------------------------------------------------ other lists
    def merge(self, names: Sequence[str], *, name: str) -> Self:
        """Return lists of which several are one: a person is on it who is on any of them.

        Parameters
        ----------
        names : list of str
            Two or more lists.
        name : str
            Name of the list that they become, at the place of the first.

        Returns
        -------
        Lists
            The same persons on fewer lists. Referrals between the merged lists are gone; shares of
            entries declared for them (`reports`) are the largest of theirs.

        Raises
        ------
        KeyError, ValueError
            When a list is unknown, fewer than two are named, fewer than two lists remain, or the
            new name is another list's.

        Notes
        -----
        Merging keeps everyone seen. It assumes nothing, and repairs dependence between the merged
        lists, whatever its form; it loses what their overlap told.

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {"police": [1, 1, 0], "court": [0, 1, 0], "home": [0, 1, 1]}
        >>> lists = pv.Lists(rows, ["police", "court", "home"])
        >>> lists.merge(["police", "court"], name="justice").sizes
        {'justice': 2, 'home': 2}
        """
        text("name", name, "Write name='justice'.")
        group = self._known(names)
        if len(group) < 2 or len(group) > len(self.names) - 1:
            raise ValueError(
                f"merge must name two lists or more and leave another: found {len(group)} of "
                f"{len(self.names)} ({', '.join(map(str, names))}). Write lists.merge(['police', "
                "'court'], name='justice')."
            )
        groups = [[j] for j in range(len(self.names)) if j not in group[1:]]
        groups[[g[0] for g in groups].index(group[0])] = group
        made = tuple(name if g == group else self.names[g[0]] for g in groups)
        if made.count(name) > 1:
            raise ValueError(
                f"name must differ from the other lists: {name!r} is one of them. Choose another."
            )
        return self._regrouped(groups, made)

    def without(self, *names: str) -> Self:
        """Return the lists without some of them; persons on no other list leave.

        Parameters
        ----------
        *names : str
            Lists to leave out.

        Returns
        -------
        Lists
            The lists that remain. A referral from a list that left counts as a capture by the
            receiving list's own route.

        Raises
        ------
        KeyError, ValueError
            When a list is unknown or fewer than two remain.

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {"police": [1, 1, 0], "court": [0, 0, 1], "home": [0, 1, 0]}
        >>> pv.Lists(rows, ["police", "court", "home"]).without("court").seen
        2
        """
        gone = self._known(names)
        groups = [[j] for j in range(len(self.names)) if j not in gone]
        if len(groups) < 2:
            raise ValueError(
                f"without must leave two lists or more: found {len(groups)} of {len(self.names)}. "
                "Name fewer."
            )
        return self._regrouped(groups, tuple(self.names[g[0]] for g in groups))

    def _known(self, names: Sequence[str]) -> list[int]:
        given = [names] if isinstance(names, str) else names
        found: list[Any] = sequence("names", given, "Write ['police', 'court'].")
        return sorted({self.index(name) for name in found})

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
        return list(self.names).index(listed(name, self.names))

    def _regrouped(self, groups: list[list[int]], names: tuple[str, ...]) -> Self:
        kinds = self.patterns.grouped(groups)
        rows = np.asarray(kinds.on.any(axis=1))
        new = {self.names[i]: name for g, name in zip(groups, names, strict=True) for i in g}
        return self._rearranged(
            names,
            kinds.take(rows),
            rows,
            declared=_renamed(self.declared, new),
            referrals=tuple(
                (new.get(s, s), new[r], n)
                for s, r, n in self.referrals
                if r in new and new.get(s, s) != new[r]
            ),
        )

    def _rearranged(
        self, names: tuple[str, ...], kinds: Patterns, rows: Array, **changes: Any
    ) -> Self:
        """Return lists of other kinds of persons, some of the rows before, with their resamples."""
        from .mse.histories import all_histories

        histories = all_histories(len(names))
        size, place = len(histories), cells(kinds.on)
        counts = added(kinds.count[:, None], place, size)[:, 0]
        if not counts.sum():
            raise ValueError("lists must have cases: found zero. Keep more lists or strata.")
        draws = None if self.pattern_draws is None else self.pattern_draws[rows]
        if self._is_plain and len(changes.get("strata", self.strata)) == 1:
            made = plain(histories, counts)
            draws = None if draws is None else added(draws, place, size)
        else:
            made, kind = gathered(kinds)
            draws = None if draws is None else added(draws, kind, len(made.count))
        scheme = self.scheme
        if scheme is not None and draws is not None:
            scheme = replace(scheme, factors=added(draws, cells(made.on), size))
        return self._replace(
            names=names,
            histories=histories,
            counts=counts,
            patterns=made,
            scheme=scheme,
            pattern_draws=draws,
            **changes,
        )

    @property
    def _is_plain(self) -> bool:
        kinds = self.patterns
        return bool(not kinds.covariates and not kinds.unknown.any() and not kinds.senders.any())

    # ------------------------------------------------------------------ what is known
    def declare(
        self,
        *,
        referral: Sequence[tuple[str, str]] | None = None,
        every_referral: bool | None = None,
        recording: str | None = None,
        missed_links: float | None = None,
        false_links: float | None = None,
        reports: Mapping[str, float] | None = None,
        visibility: str | None = None,
        absent: Mapping[Any, Sequence[str]] | None = None,
    ) -> Self:
        """Return the lists with facts about how they came about, which overlaps cannot tell.

        Parameters
        ----------
        referral : list of (sender, receiver), optional
            Referrals between lists that happen; ``[]`` says that none does.
        every_referral : bool, optional
            Whether all are declared, and each referred capture tells its sender.
        recording : {"always", "first", "masks"}, optional
            Whether a list that receives a referral always records its own capture too, records
            the first arrival, or has its own capture masked by the referral.
        missed_links, false_links : float, optional
            Share of entries that were not linked to the person's others, or linked to another's.
        reports : mapping of str to float, optional
            Share of a list's entries that are no true case, such as allegations.
        visibility : {"equal", "unequal"}, optional
            Whether persons differ in their chance to come on any list.
        absent : mapping, optional
            Lists that do not operate in a stratum, by its label or labels.

        Returns
        -------
        Lists
            The same lists; `reliability` and every estimate take the facts into account.

        Raises
        ------
        KeyError, ValueError, TypeError
            When a list or a stratum is unknown, a pair is not two lists, or a share is not one.

        Notes
        -----
        Facts are not estimated: they decide which assumptions stand, and no data can replace them.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10], ["police", "home"])
        >>> lists.declare(referral=[("police", "home")]).referral_edges()
        [('police', 'home')]
        """
        facts = {
            "referral": referral,
            "every_referral": every_referral,
            "recording": recording,
            "missed_links": missed_links,
            "false_links": false_links,
            "reports": reports,
            "visibility": visibility,
            "absent": absent,
        }
        return self._replace(declared=declared(self.declared, self.names, self.strata, facts))

    def referral_edges(self) -> list[tuple[str, str]]:
        """Return the referrals between lists, recorded or declared, each as (sender, receiver).

        Returns
        -------
        list of tuple of str
            In the order of the lists.
        """
        known = {(s, r) for s, r, _ in self.referrals if s in self.names and s != r}
        known |= set(self.declared.referral or ())
        return sorted(known, key=lambda edge: (self.index(edge[0]), self.index(edge[1])))

    def referral_pairs(self) -> list[tuple[str, str]]:
        """Return the pairs of lists between which a referral is recorded or declared, each once.

        Returns
        -------
        list of tuple of str
            Pairs in the order of the lists, whichever of the two referred.

        Notes
        -----
        A referral makes two lists dependent: estimators that assume independence are biased.
        """
        known = {(min(e, key=self.index), max(e, key=self.index)) for e in self.referral_edges()}
        return sorted(known, key=lambda pair: (self.index(pair[0]), self.index(pair[1])))

    # ------------------------------------------------------------------ tables
    def coverage(self) -> pd.DataFrame:
        """Return for each list its persons, their share of all seen, and how many it alone saw.

        Returns
        -------
        pandas.DataFrame
            One row per list: list, persons, share, alone, shared, referred and unknown_source.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10], ["police", "home"])
        >>> lists.coverage()[["list", "persons", "alone"]].values.tolist()
        [['police', 30, 20], ['home', 40, 30]]
        """
        import pandas as pd

        kinds, persons = self.patterns, self.counts @ self.histories
        alone = self.counts @ (self.histories * (self.histories.sum(axis=1) == 1)[:, None])
        whole = {
            "persons": persons,
            "alone": alone,
            "shared": persons - alone,
            "referred": kinds.count @ ((kinds.senders != 0) & ~kinds.own),
            "unknown_source": kinds.count @ kinds.unknown,
        }
        columns = {name: values.astype(int) for name, values in whole.items()}
        frame = pd.DataFrame({"list": list(self.names), **columns})
        frame.insert(2, "share", frame["persons"] / self.counts.sum())
        return frame

    def overlaps(self) -> pd.DataFrame:
        """Return for each pair of lists the persons on both and how far chance would differ.

        Returns
        -------
        pandas.DataFrame
            One row per pair: first, second, both, share_of_smaller, and odds_ratio, the odds ratio
            of the two lists among persons on any other list (nan without a third list).

        Notes
        -----
        The odds ratio among persons seen elsewhere is 1 where the two lists are independent given
        the others; referral and unequal visibility raise it.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10], ["police", "home"])
        >>> lists.overlaps()["both"].tolist()
        [10]
        """
        from itertools import combinations

        import pandas as pd

        rows = []
        for i, j in combinations(range(len(self.names)), 2):
            one, two = self.histories[:, i] == 1, self.histories[:, j] == 1
            elsewhere = np.delete(self.histories, [i, j], axis=1).any(axis=1)
            both = float(self.counts[one & two].sum())
            smaller = min(self.counts[one].sum(), self.counts[two].sum())
            cross = [
                float(self.counts[elsewhere & (one == a) & (two == b)].sum())
                for a, b in ((True, True), (False, False), (True, False), (False, True))
            ]
            below = cross[2] * cross[3]
            rows.append(
                {
                    "first": self.names[i],
                    "second": self.names[j],
                    "both": int(both),
                    "share_of_smaller": both / smaller if smaller else np.nan,
                    "odds_ratio": cross[0] * cross[1] / below if below else np.nan,
                }
            )
        return pd.DataFrame(rows)


def _constant(
    names: Sequence[str], strata: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, str], ...]:
    """Return the columns in which strata agree, with their label: what these persons share."""
    columns = zip(names, zip(*strata, strict=True), strict=True)
    return tuple((name, labels[0]) for name, labels in columns if len(set(labels)) == 1)


def cells(on: Array) -> Array:
    """Return the position of each row of 0 and 1 among all histories."""
    from .mse.histories import cell_codes, cell_places

    return np.asarray(cell_places(on.shape[1])[cell_codes(on)])


def added(columns: Array, place: Array, size: int) -> Array:
    """Add up rows (P, R) that share a place, (size, R)."""
    if np.array_equal(place, np.arange(size)):
        return columns
    out = np.zeros((size, columns.shape[1]))
    order = np.argsort(place, kind="stable")
    used, first = np.unique(place[order], return_index=True)
    out[used] = np.add.reduceat(columns[order], first, axis=0)
    return out


def _renamed(facts: Declared, new: Mapping[str, str]) -> Declared:
    """Return facts in the words of other lists; those of lists that left are dropped."""
    edges = None
    if facts.referral is not None:
        pairs = [(new[s], new[r]) for s, r in facts.referral if s in new and r in new]
        edges = tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
    reports: dict[str, float] = {}
    for name, share in facts.reports.items():
        if name in new:
            reports[new[name]] = max(share, reports.get(new[name], 0.0))
    absent = {}
    for label, lists in facts.absent.items():
        gone = tuple(
            name
            for name in dict.fromkeys(new.values())
            if all(old in lists for old, made in new.items() if made == name)
        )
        if gone:
            absent[label] = gone
    return replace(facts, referral=edges, reports=reports, absent=absent)
