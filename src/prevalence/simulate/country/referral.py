"""Case lists of a referral mechanism: who is on which list, when, and sent by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from prevalence.arguments import explained
from prevalence.errors import generator, mapping, nearest, number, one_of, whole
from prevalence.simulate.country.case_lists import CaseLists
from prevalence.simulate.country.frame import county_names
from prevalence.simulate.country.parameters import LISTS, REFERRAL, check_lists
from prevalence.simulate.country.population import Victims
from prevalence.simulate.country.victims import WINDOW_DAYS, YEAR_DAYS
from prevalence.simulate.shared import (
    AGE_GROUPS,
    MOST,
    Bools,
    Floats,
    Ints,
    Labels,
    age_group,
    check_chances,
    check_spread,
    sex,
)

__all__ = ["Entries", "Mechanism", "case_tables", "entries", "link", "lists", "people"]

#: First day of the five-year window.
FIRST_DAY = np.datetime64("2019-01-01", "D")
#: Longest time in days from one list to the next by referral, and from the end of exploitation to
#: an entry by the child's own route (assumed).
REFERRAL_DAYS, DELAY_DAYS = 60, 180
#: The list whose entries may be allegations.
ALLEGATIONS = "registry"
EFFECTS = 'Write for example {"sex": {"girl": 0.5}}.'
RECORDING = ("always", "first", "masks")
#: Traits of a child that may make it more or less visible, and their labels.
LABELS = {
    "sex": ("boy", "girl"),
    "age_band": tuple(AGE_GROUPS),
    "parish_group": tuple(sorted(set(county_names()))),
}


@dataclass(frozen=True)
class Entries:
    """List entries: person, list, sending list (-1 for none) and day of the five-year window."""

    person: Ints
    place: Ints
    sender: Ints
    day: Ints

    def where(self, keep: Bools | Ints) -> Entries:
        """Return the entries picked by a mask or by positions."""
        return Entries(self.person[keep], self.place[keep], self.sender[keep], self.day[keep])


@dataclass(frozen=True)
class Mechanism:
    """The chances behind the lists; the same names and meanings as in `Parameters`."""

    lists: Mapping[str, float]
    referral: Mapping[tuple[str, str], float]
    visibility_sd: float = 0.0
    missed_links: float = 0.0
    false_links: float = 0.0
    false_positives: float = 0.0
    recording: str = "always"


@explained
def lists(
    n: int = 1_200,
    *,
    visibility_sd: float = 0.0,
    referral: Mapping[tuple[str, str], float] | None = None,
    capture: Mapping[str, float] | None = None,
    effects: Mapping[str, Mapping[str, float]] | None = None,
    missed_links: float = 0.0,
    false_links: float = 0.0,
    false_positives: float = 0.0,
    recording: str = "always",
    unknown_sources: float = 0.0,
    rng: int | np.random.Generator | None = None,
) -> CaseLists:
    """Simulate overlapping case lists of a population of known size.

    Child ``i`` comes on list ``j`` by its own route with chance
    ``expit(logit(capture_j) + x_i + z_i)``, with ``x_i`` the sum of the `effects` of the child's
    traits and ``z_i ~ N(0, visibility_sd)``; then each referral copies a child from the sending
    list to the receiving list with its chance, in the order given.

    Parameters
    ----------
    n : int
        Children in the population.
    visibility_sd : float
        Standard deviation of ``z``; 0 gives children who differ by nothing.
    referral : mapping, optional
        Chance by (sending, receiving) list; the default is that of the synthetic country,
        ``{}`` is none.
    capture : mapping, optional
        Chance by list; the default is that of the synthetic country.
    effects : mapping of str to mapping, optional
        By trait (``sex``, ``age_band``, ``parish_group``) and label, what it adds to the log odds
        of every list; labels not named add nothing.
    missed_links, false_links : float
        Share of entries left unlinked to the child's other entries, or linked to another child.
    false_positives : float
        Share of the entries of the list ``registry`` that are allegations and no trafficked child.
    recording : {"always", "first", "masks"}
        What a list writes down of a child who came by its own route and was sent there as well:
        its own route, whichever came first, or the sending list.
    unknown_sources : float
        Share of entries whose source is not written down: ``referred_by`` is then empty for these
        and ``"own"`` for entries by the list's own route.
    rng : int, Generator or None
        Seed or generator.

    Returns
    -------
    CaseLists
        Captures, cases and the truth.

    Raises
    ------
    ValueError
        When a chance is not between 0 and 1, a referral names an unknown list, an effect names an
        unknown trait or label, or `recording` is none of its words.

    Notes
    -----
    By default a child who came on a list by its own route keeps that entry when it is also referred
    there, so dropping the entries with a sending list gives lists without referral. Allegations can be
    referred like any other entry.

    References
    ----------
    The size of the overlaps follows Bales, Hesketh and Silverman (2015), Significance
    12(3):16-21, doi:10.1111/j.1740-9713.2015.00824.x: nine cases in ten are on one list only.

    Examples
    --------
    >>> from prevalence.simulate import lists
    >>> simulated = lists(1_200, rng=1)
    >>> simulated.truth, list(simulated.cases.columns[4:])
    (1200, ['police', 'registry', 'child_agency', 'court', 'ngo'])
    """
    whole("n", n, 1, "Write for example 1200.")
    check_spread("visibility_sd", number("visibility_sd", visibility_sd))
    mechanism = Mechanism(
        dict(LISTS) if capture is None else capture,
        dict(REFERRAL) if referral is None else referral,
        visibility_sd,
        missed_links,
        false_links,
        false_positives,
        one_of("recording", recording, RECORDING),
    )
    check_lists(mechanism.lists, mechanism.referral)
    check_chances({"missed_links": missed_links, "false_links": false_links})
    check_chances({"unknown_sources": unknown_sources})
    check_chances({"false_positives": false_positives}, below_one=True)
    rng = generator(rng)
    known = _strangers(n, rng) if effects else None
    shift = np.zeros(n) if known is None else _shift(known, effects or {})
    began = rng.integers(0, WINDOW_DAYS, n)
    found = entries(began, rng.integers(0, began + 1), mechanism, rng, shift)
    everybody = max(n, int(found.person.max(initial=0)) + 1)
    strangers = _strangers(everybody - (0 if known is None else n), rng)
    known = strangers if known is None else pd.concat([known, strangers], ignore_index=True)
    case = link(found, mechanism, rng)
    captures, cases, of_entry = case_tables(found, case, known, mechanism, rng)
    records = _records(found, case, of_entry, captures, list(mechanism.lists), n)
    if unknown_sources:
        source = captures["referred_by"].replace("", "own")
        captures["referred_by"] = source.mask(rng.random(len(source)) < unknown_sources, "")
    return CaseLists(captures, cases, n, records)


def entries(
    began: Ints,
    ended: Ints,
    mechanism: Mechanism,
    rng: np.random.Generator,
    shift: Floats | float = 0.0,
) -> Entries:
    """Draw the entries of all lists; persons numbered past the children are allegations.

    ``began`` and ``ended`` are days before the end of the window; ``shift`` adds to the log odds of
    each child.
    """
    n, names = began.size, list(mechanism.lists)
    capture = np.array(list(mechanism.lists.values()))
    visibility = (mechanism.visibility_sd * rng.standard_normal(n) + shift)[:, None]
    own = rng.random((n, capture.size)) < 1 / (1 + (1 - capture) / capture * np.exp(-visibility))
    last = np.maximum(ended - DELAY_DAYS, 0)
    false = 0
    if mechanism.false_positives and ALLEGATIONS in names:
        odds = mechanism.false_positives / (1 - mechanism.false_positives)
        false = int(rng.poisson(odds * own[:, names.index(ALLEGATIONS)].sum()))
        own = np.vstack([own, np.zeros((false, capture.size), dtype=bool)])
        own[n:, names.index(ALLEGATIONS)] = True
    began = np.append(began, np.full(false, WINDOW_DAYS - 1))
    last = np.append(last, np.zeros(false, dtype=np.int64))
    before_end = last[:, None] + rng.random(own.shape) * (began - last)[:, None]
    day = WINDOW_DAYS - 1 - np.minimum(before_end, WINDOW_DAYS - 1).astype(np.int64)
    sender = np.full(own.shape, -1)
    on = own.copy()
    for (first, second), chance in mechanism.referral.items():
        source, target = names.index(first), names.index(second)
        sent = on[:, source] & (rng.random(len(on)) < chance)
        later = day[:, source] + 1 + rng.integers(0, REFERRAL_DAYS, len(on))
        before = on[:, target]
        if mechanism.recording == "first":
            before = before & (day[:, target] <= later)
        if mechanism.recording == "masks":
            before = sender[:, target] >= 0
        sent &= ~before
        day[sent, target] = np.minimum(later, WINDOW_DAYS - 1)[sent]
        sender[sent, target] = source
        on[sent, target] = True
    person, place = np.nonzero(on)
    return Entries(person, place, sender[on], day[on])


def link(found: Entries, mechanism: Mechanism, rng: np.random.Generator) -> Ints:
    """Number the case each entry is linked to: the person, unless linkage goes wrong."""
    case = found.person.copy()
    size = case.size
    shared = np.bincount(case, minlength=1)[case] > 1
    alone = np.flatnonzero(shared & (rng.random(size) < mechanism.missed_links))
    case[alone] = int(case.max(initial=0)) + 1 + np.arange(alone.size)
    wrong = np.flatnonzero(rng.random(size) < mechanism.false_links)
    case[wrong] = found.person[rng.integers(0, max(size, 1), wrong.size)]
    return case


def people(children: Victims, number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Sex, age band when exploitation began and county of each victim, then of allegations."""
    started = children.age - children.began // YEAR_DAYS
    known = pd.DataFrame(
        {
            "sex": sex(children.girl),
            "age_band": age_group(np.clip(started, 5, 17)),
            "parish_group": county_names()[children.parish],
        }
    )
    return pd.concat([known, _strangers(max(number - len(known), 0), rng)], ignore_index=True)


def case_tables(
    found: Entries,
    case: Ints,
    known: pd.DataFrame,
    mechanism: Mechanism,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, Labels]:
    """Write the entries by case and list, and by case; also return the case of each entry."""
    names = np.array(list(mechanism.lists), dtype=object)
    numbers, position = np.unique(case, return_inverse=True)
    digest = case_ids(numbers, rng)
    of_entry = digest[position]
    order = np.lexsort((found.day, found.place, case))
    case, found = case[order], found.where(order)
    first = np.ones(case.size, dtype=bool)
    first[1:] = (case[1:] != case[:-1]) | (found.place[1:] != found.place[:-1])
    case, found = case[first], found.where(first)
    of_case = np.searchsorted(numbers, case)
    head = np.unique(of_case, return_index=True)[1]
    traits = known.iloc[found.person[head]].reset_index(drop=True)
    captures = pd.DataFrame(
        {
            "case_id": digest[of_case],
            "list": names[found.place],
            "date": np.datetime_as_string(FIRST_DAY + found.day).astype(object),
            "referred_by": np.append(names, "")[found.sender],
            **{name: traits[name].to_numpy()[of_case] for name in traits},
        }
    )
    wide = np.zeros((numbers.size, names.size), dtype=np.int64)
    wide[of_case, found.place] = 1
    cases = pd.DataFrame(
        {
            "case_id": digest,
            **{name: traits[name].to_numpy() for name in traits},
            **dict(zip(names, wide.T, strict=True)),
        }
    )
    captures = captures.sort_values(["case_id", "date", "list"], ignore_index=True)
    return captures, cases.sort_values("case_id", ignore_index=True), of_entry


def case_ids(numbers: Ints, rng: np.random.Generator) -> Labels:
    """Return identifiers that look like hashed keys and carry no order."""
    key = rng.bytes(16)
    return np.array(
        [
            hashlib.blake2b(int(i).to_bytes(8, "big"), digest_size=6, key=key).hexdigest()
            for i in numbers
        ],
        dtype=object,
    )


def _strangers(number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw sex, age band and county of persons who stand for nobody in the country."""
    return pd.DataFrame(
        {
            "sex": sex(rng.random(number) < 0.8),
            "age_band": rng.choice(np.array(list(AGE_GROUPS), dtype=object), number),
            "parish_group": rng.choice(np.unique(county_names()), number),
        }
    )


def _shift(known: pd.DataFrame, effects: Mapping[str, Mapping[str, float]]) -> Floats:
    """Add up the effects of each child's traits on the log odds of every list."""
    total = np.zeros(len(known))
    for name, given in mapping("effects", effects, EFFECTS).items():
        trait, by_label = str(name), mapping(f"effects[{name!r}]", given, EFFECTS)
        labels = list(LABELS.get(trait, ()))
        wrong = [trait] if not labels else [label for label in by_label if label not in labels]
        if wrong:
            raise ValueError(
                f"effects must name a trait and its labels: {len(wrong)} of "
                f"{trait!r} are none (first: {wrong[0]!r}).{nearest(wrong[0], labels or LABELS)} "
                f"Use {', '.join(map(repr, labels or LABELS))}."
            )
        added = {label: number(f"effects[{trait!r}]", by_label[label]) for label in by_label}
        far = [label for label, logs in added.items() if not abs(logs) < MOST]
        if far:
            raise ValueError(
                f"effects must be log odds between -{MOST:g} and {MOST:g}: found {added[far[0]]:g} for "
                f"{far[0]!r}. Write for example 0.7 for twice the odds."
            )
        total += known[trait].map(added).fillna(0.0).to_numpy(dtype=float)
    return total


def _records(
    found: Entries, case: Ints, of_entry: Labels, captures: pd.DataFrame, names: list[str], n: int
) -> pd.DataFrame:
    """Say of each capture whose it is in truth; the first of one case and list is kept."""
    every = pd.DataFrame(
        {
            "case_id": of_entry,
            "list": np.array(names, dtype=object)[found.place],
            "day": found.day,
            "person": found.person,
            "cut": case != found.person,
            "true_case": found.person < n,
        }
    )
    first = every.sort_values(["case_id", "list", "day"]).drop_duplicates(["case_id", "list"])
    return captures[["case_id", "list"]].merge(first.drop(columns="day"), how="left")
