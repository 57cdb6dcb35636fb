"""Randomising devices: the share of yes answers is ``a + b pi`` for a share pi with the trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import number, one_of, sequence

__all__ = ["DESIGNS", "Device", "device", "pair", "probability"]

DESIGNS = ("warner", "crosswise", "forced", "unrelated", "kuk")
LEAST_SLOPE = 1e-9  # of b: below it the answers tell nothing of the trait
TAKES = {
    "warner": ("p",),
    "crosswise": ("p",),
    "forced": ("p_yes", "p_no"),
    "unrelated": ("p", "q"),
    "kuk": ("p",),
}
DECKS = "the shares of red cards in the decks of those with and without the trait"
MEANING = {
    "p, warner": "the probability of being asked the sensitive statement, not its opposite",
    "p, crosswise": "the probability of yes to the question that is not sensitive",
    "p, unrelated": "the probability of being asked the sensitive question",
    "p, kuk": f"{DECKS}, (p1, p2)",
    "p_yes": "the probability of being told to say yes",
    "p_no": "the probability of being told to say no",
    "q": "the share of yes to the unrelated question",
}


@dataclass(frozen=True)
class Device:
    """A design of randomised response: P(answer = 1) = a + b P(trait)."""

    design: str
    a: float
    b: float

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest share of answers of 1 that the design allows."""
        ends = self.a, self.a + self.b
        return min(ends), max(ends)


def device(
    design: str,
    *,
    p: float | Sequence[float] | None = None,
    p_yes: float | None = None,
    p_no: float | None = None,
    q: float | None = None,
    random_answers: float = 0.0,
) -> Device:
    """Check the probabilities of a design and return its a and b.

    `random_answers` is the share of respondents who answer by a fair coin in place of the device.
    """
    one_of("design", design, DESIGNS)
    given = {"p": p, "p_yes": p_yes, "p_no": p_no, "q": q}
    for name, value in given.items():
        if value is None and name in TAKES[design]:
            raise ValueError(
                f"{name} must be given for design={design!r}: found none. It is {MEANING.get(name) or MEANING[f'{name}, {design}']}."
            )
        if value is not None and name not in TAKES[design]:
            raise ValueError(
                f"{name} must not be given for design={design!r}: found {value!r}. This design has "
                f"{' and '.join(TAKES[design])}."
            )
    a, b = _plain(design, p, p_yes, p_no, q)
    coin = probability("random_answers", random_answers)
    if abs((1 - coin) * b) < LEAST_SLOPE:
        raise ValueError(_tells_nothing(design, given, coin))
    return Device(design, (1 - coin) * a + coin / 2, (1 - coin) * b)


def _plain(
    design: str,
    p: float | Sequence[float] | None,
    p_yes: float | None,
    p_no: float | None,
    q: float | None,
) -> tuple[float, float]:
    if design == "forced":
        yes, no = probability("p_yes", p_yes), probability("p_no", p_no)
        if yes + no > 1:
            raise ValueError(
                f"p_yes + p_no must be at most 1: found {yes:g} + {no:g}. Give the probabilities of "
                "being told to say yes and no."
            )
        return yes, 1 - yes - no
    if design == "kuk":
        first, second = pair(p, DECKS)
        return second, first - second
    asked = probability("p", p)
    if design == "unrelated":
        return (1 - asked) * probability("q", q), asked
    return 1 - asked, 2 * asked - 1


def probability(argument: str, value: object) -> float:
    """Return a probability, 0 and 1 included."""
    found = number(argument, value)
    if not 0 <= found <= 1:
        hint = f" Write {found / 100:g}." if 1 < found <= 100 else " Write for example 0.25."
        raise ValueError(f"{argument} must lie between 0 and 1: found {found:g}.{hint}")
    return found


def pair(value: object, meaning: str) -> tuple[float, float]:
    """Return two probabilities given in one argument p."""
    remedy = f"Write p=(p1, p2): {meaning}."
    found = sequence("p", value, remedy)
    if len(found) != 2:
        raise ValueError(f"p must be two probabilities: found {len(found)}. {remedy}")
    return probability("p", found[0]), probability("p", found[1])


def _tells_nothing(design: str, given: Mapping[str, object], coin: float) -> str:
    if coin == 1:
        return (
            "random_answers must be below 1: found 1, answers that tell nothing. Give the share that "
            "answers at random."
        )
    found = ", ".join(f"{name}={given[name]!r}" for name in TAKES[design])
    return (
        f"{TAKES[design][0]} must make the answers depend on the trait: with {found} the answers of "
        f"design={design!r} have one share of yes, whoever has the trait. Check the probabilities."
    )
