"""Case lists like a referral mechanism's, drawn many times: cells of `evidence.coverage.mse_coverage`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prevalence.mse.histories import all_histories, cell_codes
from prevalence.patterns import Patterns
from prevalence.simulate.country.parameters import LISTS, REFERRAL
from prevalence.simulate.country.referral import Entries, Mechanism, entries, link
from prevalence.simulate.country.victims import WINDOW_DAYS

Array = NDArray[Any]
NAMES = tuple(LISTS)
PLACES = {name: j for j, name in enumerate(NAMES)}
HISTORIES = all_histories(len(NAMES))
CODES = cell_codes(HISTORIES)
SIZES = (1_200, 6_000)
NOTHING: dict[str, Any] = {
    "referral": [],
    "every_referral": True,
    "missed_links": 0.0,
    "false_links": 0.0,
    "reports": {"registry": 0.0},
    "visibility": "equal",
}
BOTH = list(REFERRAL)


@dataclass(frozen=True)
class Cell:
    """A population of known size, how it comes on the lists, and the facts that are declared.

    `unknown` is the share of captures without a source.
    """

    name: str
    size: int
    mechanism: Mechanism
    facts: Mapping[str, Any]
    unknown: float = 0.0
    part: str = "issue"

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Return the declared referrals as positions of lists."""
        return [(PLACES[s], PLACES[r]) for s, r in self.facts["referral"]]


def cells(size: int) -> list[Cell]:
    """Return the cells of a population size: those of the table, and smaller errors."""
    plain, sent = Mechanism(LISTS, {}), Mechanism(LISTS, REFERRAL)

    def cell(name: str, mechanism: Mechanism, unknown: float = 0.0, **facts: Any) -> Cell:
        return Cell(name, size, mechanism, {**NOTHING, **facts}, unknown)

    def recorded(name: str, how: str) -> Cell:
        return cell(name, replace(sent, recording=how), referral=BOTH, recording=how)

    def allegations(share: float) -> Cell:
        made = replace(plain, false_positives=share)
        return cell(f"{share:.0%} of registry allegations", made, reports={"registry": share})

    def visible(spread: float) -> Cell:
        made = replace(plain, visibility_sd=spread)
        return cell(f"visibility sd {spread}", made, visibility="unequal")

    def linkage(missed: float, false: float) -> Cell:
        made = replace(plain, missed_links=missed, false_links=false)
        name = f"links: {missed:.1%} missed and {false:.1%} false"
        return cell(name, made, missed_links=missed, false_links=false)

    out = [
        cell("independent", plain),
        visible(0.7),
        recorded("referral", "always"),
        cell("referral, police to agency not declared", sent, **_half(BOTH[:1])),
        cell("referral, registry to police not declared", sent, **_half(BOTH[1:])),
        cell("referral, 30% of sources missing", sent, 0.3, referral=BOTH, recording="always"),
        recorded("referral, first arrival recorded", "first"),
        recorded("referral masks own captures", "masks"),
        linkage(0.05, 0.03),
        allegations(0.3),
    ]
    mild = [linkage(0.01, 0.005), allegations(0.05), visible(0.2)]
    return out + [replace(c, part="mild") for c in mild]


def _half(edges: list[tuple[str, str]]) -> dict[str, Any]:
    """Declare some of the referrals, and that there are others."""
    return {"referral": edges, "every_referral": False}


@dataclass(frozen=True, eq=False)
class Drawn:
    """Lists of many runs: kinds of persons by run (P, R), histories by run (C, R), and audits.

    An audit of a run tells by list how many records of persons with several were checked and cut
    off, and by pair of lists how many clusters on just these were checked and are of two persons.
    """

    kinds: Patterns
    columns: Array
    counts: Array
    audits: list[Audit] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(self.columns.shape[1])


@dataclass(frozen=True, eq=False)
class Audit:
    """Checked and wrong: records cut off by list (L,), clusters of two persons by pair of lists."""

    shared: Array
    cut: Array
    pairs: dict[tuple[int, int], tuple[int, int]]


def draw(cell: Cell, runs: int, rng: np.random.Generator, audits: int = 0) -> Drawn:
    """Draw the lists of a cell as `prevalence.simulate.lists` does, without names, dates and tables."""
    lists, found, audited = len(NAMES), [], []
    for run in range(runs):
        taken, case = capture(cell, rng)
        if run < audits:
            audited.append(audit(taken, case))
        found.append(_coded(taken, case, rng.random(case.size) < cell.unknown))
    kinds, column = np.unique(np.concatenate(found), return_inverse=True)
    run_of = np.repeat(np.arange(runs), [f.size for f in found])
    columns = np.bincount(column * runs + run_of, minlength=kinds.size * runs)
    columns = columns.reshape(kinds.size, runs).astype(float)
    on, own, unknown = (
        (kinds[:, None] >> (k * lists + np.arange(lists)) & 1).astype(bool) for k in range(3)
    )
    sender = np.zeros(lists, dtype=np.int64)
    for s, r in cell.mechanism.referral:
        sender[PLACES[r]] = np.int64(1) << PLACES[s]
    senders = np.where(on & ~own & ~unknown, sender, 0)
    patterns = Patterns(own, senders, unknown, np.zeros(kinds.size, int), columns.sum(axis=1))
    histories = (on @ (1 << np.arange(lists)) == CODES[:, None]).astype(float)
    return Drawn(patterns, columns, histories @ columns, audited)


def capture(cell: Cell, rng: np.random.Generator) -> tuple[Entries, Array]:
    """Return the entries of one run and the case that each is linked to."""
    began = rng.integers(0, WINDOW_DAYS, cell.size)
    taken = entries(began, rng.integers(0, began + 1), cell.mechanism, rng)
    return taken, link(taken, cell.mechanism, rng)


def _coded(taken: Entries, case: Array, unknown: Array) -> Array:
    """Return by case the lists it is on, by its own route, and with no source: one number."""
    lists = len(NAMES)
    bit = np.int64(1) << taken.place
    bits = bit | np.where(unknown, bit << 2 * lists, np.where(taken.sender < 0, bit << lists, 0))
    numbers, position = np.unique(case, return_inverse=True)
    codes = np.zeros(numbers.size, dtype=np.int64)
    np.bitwise_or.at(codes, position, bits)
    return codes


def audit(taken: Entries, case: Array) -> Audit:
    """Check every record of a run."""
    lists = len(NAMES)
    shared = np.bincount(taken.person)[taken.person] > 1
    away = shared & (case != taken.person)
    by_list = [np.bincount(taken.place[rows], minlength=lists) for rows in (shared, away)]
    clusters = np.array([case, taken.place, taken.person])[:, np.argsort(case, kind="stable")]
    starts = np.flatnonzero(np.r_[True, clusters[0, 1:] != clusters[0, :-1]])
    pairs: dict[tuple[int, int], tuple[int, int]] = {}
    for part in _parts(clusters, starts):
        on = sorted(set(part[1].tolist()))
        if len(on) == 2:
            false, checked = pairs.get((on[0], on[1]), (0, 0))
            pairs[on[0], on[1]] = false + int(len(set(part[2].tolist())) > 1), checked + 1
    return Audit(by_list[0], by_list[1], pairs)


def _parts(clusters: Array, starts: Array) -> Iterator[Array]:
    ends = np.r_[starts[1:], clusters.shape[1]]
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        if last > first + 1:
            yield clusters[:, first:last]
