"""What is assumed of the children, of the instruments and of the design, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prevalence.errors import number, one_of, sequence, whole

__all__ = ["ESTIMATORS", "HANDLED", "MARGINS", "Parameters"]

ESTIMATORS = ("survey", "network", "lists", "combined")
MARGINS = ("sex", "age_group", "stratum")
SELECTIONS = ("pps", "srs")
RESPONSES = ("chance", "size", "stratum", "case")
VARIANCES = ("linearised", "jackknife", "bootstrap")
#: What the analysis allows for unless it is told to ignore it.
HANDLED = ("transmission", "barrier", "dependence", "referral", "nonresponse")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The arguments of `study`, each in its range."""

    prevalence: float
    children: int
    clusters: int
    strata: int
    icc: float
    strata_ratio: float
    transmission: float
    barrier: float
    recall: float
    known_groups: int
    children_known: float
    captures: tuple[float, ...]
    dependence: float
    heterogeneity: float
    referral: float
    linkage_error: float
    sampled_clusters: int
    households: int
    selection: str
    oversample: float
    one_per_household: bool
    nonresponse: float
    nonresponse_by: str
    margins: tuple[str, ...]
    census_error: float
    variance: str
    estimators: tuple[str, ...]
    ignoring: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, (low, high, open_low, open_high, advice) in RANGES.items():
            value = number(name, getattr(self, name))
            inside = (value > low if open_low else value >= low) and (
                value < high if open_high else value <= high
            )
            if not inside:
                first = f"above {low:g}" if open_low else f"at least {low:g}"
                last = f"below {high:g}" if open_high else f"at most {high:g}"
                ends = first if high == float("inf") else f"{first} and {last}"
                raise ValueError(f"{name} must be {ends}: found {value:g}. {advice}")
            object.__setattr__(self, name, value)
        for name, (least, advice) in WHOLE.items():
            object.__setattr__(self, name, whole(name, getattr(self, name), least, advice))
        one_of("selection", self.selection, SELECTIONS)
        one_of("nonresponse_by", self.nonresponse_by, RESPONSES)
        one_of("variance", self.variance, VARIANCES)
        self._words()
        self._lists()
        self._sizes()

    def _words(self) -> None:
        allowed = {"margins": MARGINS, "estimators": ESTIMATORS, "ignoring": HANDLED}
        for name, choices in allowed.items():
            given = getattr(self, name)
            named = [given] if isinstance(given, str) else given
            words = sequence(name, named, f"Name any of {', '.join(choices)}.")
            found = tuple(one_of(name, word, choices) for word in _texts(name, words))
            object.__setattr__(self, name, tuple(dict.fromkeys(found)))
        if not self.estimators:
            raise ValueError(
                f"estimators must be at least one of {', '.join(ESTIMATORS)}: found none. Name what "
                "the study will estimate with."
            )

    def _lists(self) -> None:
        given = sequence("captures", self.captures, "Write one chance for each list.")
        chances = tuple(number("captures", p) for p in given)
        wrong = [p for p in chances if not 0 < p < 1]
        if wrong or len(chances) < 3:
            found = f"{wrong[0]:g}" if wrong else f"{len(chances)} of them"
            raise ValueError(
                "captures must be chances above 0 and below 1, one for each of three lists or more: "
                f"found {found}. Write for example (0.3, 0.25, 0.2)."
            )
        object.__setattr__(self, "captures", chances)

    def _sizes(self) -> None:
        least = 2 * self.strata
        if not least <= self.sampled_clusters <= self.clusters // 2:
            raise ValueError(
                f"sampled_clusters must be at least two for each stratum and at most half of the "
                f"clusters, here {least:,} to {self.clusters // 2:,}: found "
                f"{self.sampled_clusters:,}. Change one of them."
            )
        needed = 4 * self.clusters * self.households
        if self.children < needed:
            raise ValueError(
                f"children must be at least four for each household that could be drawn, here "
                f"{needed:,} for {self.clusters:,} clusters of {self.households:,} drawn households: "
                f"found {self.children:,}. Take fewer clusters, or more children."
            )
        if self.prevalence * self.children < 10:
            raise ValueError(
                f"prevalence must leave at least 10 trafficked children to be found: found "
                f"{self.prevalence * self.children:.3g} among {self.children:,}. Take more children."
            )

    @property
    def list_names(self) -> tuple[str, ...]:
        """Names of the case lists."""
        return tuple(f"list_{j + 1}" for j in range(len(self.captures)))

    def handles(self, word: str) -> bool:
        """Tell whether the analysis allows for what the word names."""
        return word not in self.ignoring


#: Lowest and highest value, whether they are left out, and what to do.
SHARE = "Write a share, as 0.02 for 2 %."
INFINITE = float("inf")
RANGES: dict[str, tuple[float, float, bool, bool, str]] = {
    "prevalence": (0, 0.5, True, False, SHARE),
    "icc": (0, 0.5, False, False, "Write for example 0.02; 0 is children spread at random."),
    "strata_ratio": (1, 10, False, False, "Write 1 where all strata have one prevalence."),
    "transmission": (0, 1, True, False, "Write the share of known trafficked children reported."),
    "barrier": (0, 1, False, True, "Write the share of ties that trafficked children lack."),
    "recall": (0, 1, False, False, "Write 0 where groups of every size are recalled in full."),
    "children_known": (1, 1_000, False, False, "Write the mean number of children known."),
    "dependence": (0.1, 20, False, False, "Write an odds ratio; 1 is none."),
    "heterogeneity": (0, 3, False, False, "Write a standard deviation of log odds; 0 is none."),
    "referral": (0, 1, False, True, SHARE),
    "linkage_error": (0, 1, False, True, SHARE),
    "oversample": (1, 10, False, False, "Write how many times its share the stratum gets."),
    "nonresponse": (0, 0.6, False, False, SHARE),
    "census_error": (0, 0.3, False, False, "Write a relative standard error, as 0.03."),
}
#: Least whole number, and what to do.
WHOLE = {
    "children": (1_000, "Write the number of children of the population."),
    "clusters": (8, "Write the number of clusters of the frame."),
    "strata": (1, "Write 1 where there are none."),
    "known_groups": (2, "Write the number of groups of known size."),
    "sampled_clusters": (2, "Write the number of clusters drawn."),
    "households": (2, "Write the number of households drawn in a cluster."),
}


def _texts(name: str, words: Iterable[object]) -> Iterable[str]:
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"{name} must be words: found {word!r}. Write them in quotes.")
        yield word
