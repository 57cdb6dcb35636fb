"""What is known of how lists came about, and cannot be read from their overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import mapping, nearest, number, one_of, sequence, shown

__all__ = ["Declared", "declared"]

RECORDING = ("always", "first", "masks")
VISIBILITY = ("equal", "unequal")
Edge = tuple[str, str]


@dataclass(frozen=True)
class Declared:
    """Facts about lists, None or empty where nothing was said.

    Parameters
    ----------
    referral : tuple of (sender, receiver), optional
        Referrals between lists that are known to happen; empty: none happens.
    every_referral : bool, optional
        Whether all of them are declared, and recorded with each capture.
    recording : str, optional
        Whether a list that receives a referral ``"always"`` records its own capture too, records
        the ``"first"`` arrival, or a referral ``"masks"`` its own capture.
    missed_links, false_links : float, optional
        Share of entries left apart from the person's others, or joined to another person's.
    reports : mapping of str to float
        Share of a list's entries that are no true case, by list.
    visibility : str, optional
        ``"equal"`` or ``"unequal"``: whether persons differ in their chance to be listed.
    absent : mapping of tuple of str to tuple of str
        Lists that do not operate in a stratum, by its labels.
    """

    referral: tuple[Edge, ...] | None = None
    every_referral: bool | None = None
    recording: str | None = None
    missed_links: float | None = None
    false_links: float | None = None
    reports: Mapping[str, float] = field(default_factory=dict)
    visibility: str | None = None
    absent: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)


def declared(
    before: Declared, names: Sequence[str], strata: Iterable[tuple[str, ...]], facts: dict[str, Any]
) -> Declared:
    """Return facts with some of them said anew, each checked."""
    said = {name: value for name, value in facts.items() if value is not None}
    if "referral" in said:
        said["referral"] = _edges(said["referral"], names)
    if "every_referral" in said and not isinstance(said["every_referral"], bool):
        raise TypeError(
            "every_referral must be True or False: found "
            f"{type(said['every_referral']).__name__}. Say whether all referrals are recorded."
        )
    if "recording" in said:
        one_of("recording", said["recording"], RECORDING)
    if "visibility" in said:
        one_of("visibility", said["visibility"], VISIBILITY)
    for name in ("missed_links", "false_links"):
        if name in said:
            said[name] = _share(name, said[name])
    if "reports" in said:
        shares = mapping("reports", said["reports"], "Write {'police': 0.3}.")
        said["reports"] = {listed(k, names): _share("reports", v) for k, v in shares.items()}
    if "absent" in said:
        said["absent"] = _absent(said["absent"], names, list(strata))
    return replace(before, **said)


def listed(name: Any, names: Sequence[str]) -> str:
    """Return the name of a list, checked to be one."""
    if not isinstance(name, str) or name not in names:
        raise KeyError(
            f"lists must be named as in the data: {name!r} is not one."
            f"{nearest(str(name), list(names))}"
        )
    return str(name)


def _edges(given: Any, names: Sequence[str]) -> tuple[Edge, ...]:
    several = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    pairs: list[Any] = list(given) if several else [given]
    for pair in pairs:
        two = isinstance(pair, Sequence) and not isinstance(pair, (str, bytes)) and len(pair) == 2
        if not two or not all(isinstance(x, str) for x in pair) or pair[0] == pair[1]:
            raise ValueError(
                f"referral must be pairs of a sending and a receiving list: found {shown(pair)}. "
                "Write [('police', 'shelter')]."
            )
    found = [(listed(sender, names), listed(receiver, names)) for sender, receiver in pairs]
    return tuple(dict.fromkeys(found))


def _share(argument: str, value: Any) -> float:
    number(argument, value)
    if not 0 <= value < 1:
        raise ValueError(
            f"{argument} must be a share of at least 0 and below 1: found {value!r}. Write .3 for "
            "three in ten."
        )
    return float(value)


def _absent(
    given: Mapping[Any, Any], names: Sequence[str], strata: list[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    out = {}
    for label, lists in mapping("absent", given, "Write {'girl': ['police']}.").items():
        parts: Any = label if isinstance(label, (tuple, list)) else [label]
        key = tuple(str(part) for part in parts)
        if key not in strata:
            raise KeyError(
                f"absent must name strata of the lists: {', '.join(key)!r} is not one."
                f"{nearest(', '.join(key), [', '.join(s) for s in strata])}"
            )
        several = [lists] if isinstance(lists, str) else lists
        here = sequence("absent", several, "Write {'girl': ['police']}.")
        out[key] = tuple(listed(name, names) for name in here)
        if len(set(names) - set(out[key])) < 1:
            raise ValueError(
                f"absent must leave a list in each stratum: none is left in {', '.join(key)!r}. "
                "Leave the stratum out."
            )
    return out
