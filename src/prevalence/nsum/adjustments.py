"""The four adjustments of a network scale-up estimate, in one place: checked, said, divided, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..blocks import add_blocks
from ..errors import level_in_range, note, number
from ..estimate import Estimate
from ..intervals import RULES, fewer
from .propagation import joint_draws

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Adjustments", "sensitivity"]

Array = NDArray[Any]
DRAWS, ENOUGH = 4_000, 100  # draws of the adjustments; replicates for percentiles
SHARES = ("transmission", "precision")
MEANS = {
    "transmission": "It is the share of ties to hidden people that respondents report.",
    "degree_ratio": "It is the mean degree of hidden people over that of the frame's members.",
    "frame_ratio": "It is the mean degree of the frame's members over that of the population.",
    "precision": "It is the share of reports that are true.",
}
WHOLE = {
    "transmission": "Respondents report all of their ties to hidden people, a share of 1 "
    "(transmission)",
    "degree_ratio": "Hidden people have as many ties as the frame's members, a ratio of 1 (degree "
    "ratio)",
    "frame_ratio": "The frame's members have as many ties to the frame as the population has, a "
    "ratio of 1 (frame ratio)",
    "precision": "All reports are true, a share of 1 (precision)",
}


@dataclass(frozen=True, kw_only=True)
class Adjustments:
    """By what a basic estimate is divided (transmission, degree and frame ratio) and multiplied.

    ``N_h = basic * precision / (transmission * degree_ratio * frame_ratio)``; each is a number or
    an `Estimate` of one row, such as one of `prevalence.uncertain`.
    """

    transmission: Any = None
    degree_ratio: Any = 1.0
    frame_ratio: Any = 1.0
    precision: Any = 1.0

    def __post_init__(self) -> None:
        if self.transmission is None:
            raise ValueError(
                "transmission must be given: found none. Pass the share of ties to hidden people "
                "that respondents report, as in transmission=pv.uncertain(0.6, 0.4, 0.8, "
                "kind='beta'); transmission=1 assumes that all are reported."
            )
        for name in MEANS:
            given = getattr(self, name)
            value = checked(name, given)
            object.__setattr__(self, name, given if isinstance(given, Estimate) else value)

    @property
    def parts(self) -> list[tuple[str, Any, float]]:
        """Name, quantity and exponent of each adjustment."""
        signs = {"precision": 1.0}
        return [(name, getattr(self, name), signs.get(name, -1.0)) for name in MEANS]

    @property
    def record(self) -> dict[str, dict[str, Any]]:
        """The adjustments as numbers, and the 95 % limits of those that are uncertain."""
        limits = {n: p.interval()[0].tolist() for n, p, _ in self.parts if isinstance(p, Estimate)}
        values = {name: float(part) for name, part, _ in self.parts}
        return {"adjustments": values, "adjustment limits": limits}

    @property
    def factor(self) -> float:
        """What a basic estimate is multiplied by."""
        return float(np.prod([float(part) ** sign for _, part, sign in self.parts]))

    @property
    def assumptions(self) -> list[str]:
        """One sentence on each adjustment, and on its uncertainty."""
        said = {
            "transmission": "Respondents report a share of {:.3g} of their ties to hidden people (transmission)",
            "degree_ratio": "Hidden people have {:.3g} times the ties of the frame's members (degree "
            "ratio)",
            "frame_ratio": "The frame's members have {:.3g} times the ties of the population to the "
            "frame (frame ratio)",
            "precision": "Of all reports, a share of {:.3g} is true (precision)",
        }
        return [
            f"{WHOLE[name] if float(part) == 1 else said[name].format(float(part))}, {_known(part)}."
            for name, part, _ in self.parts
        ]

    def applied(self, e: Estimate) -> Estimate:
        """Return a basic estimate adjusted by the delta method, with the facts of the basic one."""
        blocks = e.blocks
        if self.factor != 1:
            blocks = tuple(block.scaled(np.full(len(e), self.factor)) for block in blocks)
        value, rows = e.value * self.factor, np.zeros(len(e), dtype=int)
        size = np.where(np.isfinite(value), value, 0.0)
        for _, part, sign in self.parts:
            if isinstance(part, Estimate):
                slope = sign * size / float(part)
                blocks = add_blocks(blocks, tuple(b.take(rows).scaled(slope) for b in part.blocks))
        out = replace(e, value=value, blocks=blocks)
        return replace(
            out,
            constants=_rescaled(e, out, self.factor) | self._vague(len(e)),
            facts=_with_basic(e, self.factor),
            assumptions=self._told("assumptions", [*self.assumptions, *e.assumptions]),
            warnings=self._told("warnings", e.warnings),
            citations=self._told("citations", e.citations),
            provenance={**e.provenance, **self.record},
        )

    def _vague(self, rows: int) -> dict[str, Array]:
        """Return the relative variance of what is divided by, for rows without a report."""
        parts = [part for _, part, _ in self.parts if isinstance(part, Estimate)]
        v = sum((float(part.std_error[0]) / float(part)) ** 2 for part in parts)
        return {"factor_variance": np.full(rows, v)} if v > 0 else {}

    def _told(self, what: str, first: Sequence[str]) -> tuple[str, ...]:
        """Add to texts those of the adjustments that are estimates themselves."""
        more = [x for _, p, _ in self.parts if isinstance(p, Estimate) for x in getattr(p, what)]
        return tuple(dict.fromkeys([*first, *more]))

    def draws(self, count: int, rng: np.random.Generator, said: list[str] | None = None) -> Array:
        """Draw what a basic estimate is multiplied by, each adjustment from its own distribution.

        Parameters
        ----------
        count : int
            Number of draws.
        rng : numpy.random.Generator
            Where they come from.
        said : list of str, optional
            Where it is noted how many draws were impossible and drawn again.

        Returns
        -------
        ndarray of shape (count,)
            Factors: precision over the product of the others, draw by draw.
        """
        return self._drawn([], count, rng, said)[1]

    def drawn(self, e: Estimate, rng: np.random.Generator, count: int = DRAWS) -> Estimate:
        """Return a basic estimate adjusted draw by draw, with percentile limits."""
        (basic,), factor = self._drawn([_with_fewer(e)], count, rng)
        out = self.applied(e)
        told = list(out.warnings)
        few = [b.scheme.coefficients.size for b in e.blocks if "bootstrap" in b.scheme.kind]
        if few and min(few) < ENOUGH:
            note(
                told,
                f"percentile limits rest on {min(few):,} bootstrap replicates, too few for them: they "
                "may miss the estimate itself. Use 1,000 replicates, or propagate='delta'.",
            )
        said = (
            f"The basic estimate and its adjustments are drawn {count:,} times, each from its own "
            "distribution, and divided draw by draw; standard errors are the delta method's."
        )
        return replace(
            out,
            interval_rule="percentile",
            constants={**out.constants, "draws": basic * factor},
            assumptions=(*out.assumptions, said),
            warnings=tuple(told),
        )

    def _drawn(
        self,
        basic: list[Estimate],
        count: int,
        rng: np.random.Generator,
        said: list[str] | None = None,
    ) -> tuple[list[Array], Array]:
        uncertain = [part for _, part, _ in self.parts if isinstance(part, Estimate)]
        names = [name for name, part, _ in self.parts if isinstance(part, Estimate)]
        tops = [1.0 if name in SHARES else np.inf for name in names]
        found = joint_draws(uncertain, names, tops, basic, count, rng, said)
        held = dict(zip(names, found[: len(names)], strict=True))
        factor = np.ones(count)
        for name, part, sign in self.parts:
            factor *= (held[name][0] if name in held else float(part)) ** sign
        return found[len(names) :], factor


def checked(name: str, given: Any) -> float:
    """Return the value of an adjustment, which must be a share or a positive ratio."""
    value = number(name, given)
    if name in SHARES and not 0 < value <= 1:
        raise ValueError(
            f"{name} must be above 0 and at most 1: found {value:g}. {MEANS[name]} "
            f"{'Use a share, as in 0.8.' if value > 1 else 'Give what is known of it.'}"
        )
    if not (np.isfinite(value) and value > 0):
        raise ValueError(
            f"{name} must be a positive number: found {value:g}. {MEANS[name]} Give what is known of "
            "it, or 1."
        )
    return value


def _known(part: Any) -> str:
    if not isinstance(part, Estimate):
        return "taken as known"
    return f"with its stated uncertainty (standard error {float(part.std_error[0]):.2g})"


def _with_fewer(e: Estimate) -> Estimate:
    """Return a basic estimate whose sample has the degrees of freedom that few reports leave."""
    if "excess" not in e.constants:
        return e
    first, *known = e.blocks
    return replace(e, blocks=(replace(first, df=fewer(first.df, e.constants["excess"])), *known))


def _rescaled(e: Estimate, out: Estimate, factor: float) -> dict[str, Array]:
    """Return constants of the interval: a report counts more, the sample's variance for less."""
    constants = dict(e.constants)
    if "one_report" in constants:
        constants["one_report"] = constants["one_report"] * factor
    if "excess" in constants:
        with np.errstate(all="ignore"):
            share = np.nan_to_num((e.std_error * factor / out.std_error) ** 4)
        constants["excess"] = constants["excess"] * share
    return constants


def _with_basic(e: Estimate, factor: float) -> dict[str, Array]:
    """Add to the facts of a basic estimate what it was before the adjustments, and their factor."""
    scaled = {k: e.facts[k] * factor for k in ("other_size", "model_std_error") if k in e.facts}
    return {
        **e.facts,
        **scaled,
        "basic": np.array(e.value),
        "basic_std_error": np.array(e.std_error),
        "basic_df": fewer(np.broadcast_to(e.df, (len(e),)), e.constants.get("excess", np.zeros(1))),
        "adjustment": np.full(len(e), factor),
    }


@explained
def sensitivity(
    estimate: Estimate,
    *,
    transmission: Sequence[float] | float,
    degree_ratio: Sequence[float] | float = 1.0,
    precision: Sequence[float] | float = 1.0,
    frame_ratio: Sequence[float] | float = 1.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the sizes of hidden groups at every combination of the adjustments.

    ``N_h = basic * precision / (transmission * degree_ratio * frame_ratio)``: the four are taken as
    known, in place of those that the estimate was made with.

    Parameters
    ----------
    estimate : Estimate
        An estimate of `scale_up`, with any adjustments.
    transmission, degree_ratio, precision, frame_ratio : float or list of float
        Values to try.
    level : float
        Probability of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per row of the estimate and combination, the last adjustment moving fastest: columns
        outcome, domain, transmission, degree_ratio, frame_ratio, precision, estimate, std_error,
        conf_low and conf_high.

    Raises
    ------
    ValueError, TypeError
        When the estimate has no basic estimate within, or a value is 0 or above 1.

    Notes
    -----
    Intervals are on the log scale and hold the uncertainty of the sample and of the known sizes
    alone. It answers which adjustments would change a conclusion; it fails to tell which are true.

    References
    ----------
    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method.
    Sociological Methodology 46, 153-186. doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> answers = {"hidden": [1, 0, 1], "police": [2, 1, 1]}
    >>> e = pv.nsum.scale_up(pv.Survey(answers), "hidden", known={"police": 1000}, transmission=1)
    >>> table = pv.nsum.sensitivity(e, transmission=[0.5, 1], degree_ratio=[0.8, 1])
    >>> table[["transmission", "degree_ratio", "estimate"]].values.tolist()
    [[0.5, 0.8, 1250.0], [0.5, 1.0, 1000.0], [1.0, 0.8, 625.0], [1.0, 1.0, 500.0]]
    """
    import pandas as pd

    level = level_in_range(level)
    if not isinstance(estimate, Estimate) or "basic" not in estimate.facts:
        raise ValueError(
            "estimate must be one of network scale-up with its adjustments: found "
            f"{getattr(estimate, 'method', '') or type(estimate).__name__}. Pass what "
            "pv.nsum.scale_up returned, before any arithmetic."
        )
    given = {
        "transmission": transmission,
        "degree_ratio": degree_ratio,
        "frame_ratio": frame_ratio,
        "precision": precision,
    }
    grids = {
        name: [checked(name, x) for x in np.atleast_1d(np.asarray(values, dtype=object))]
        for name, values in given.items()
    }
    bare = [name for name, values in grids.items() if not values]
    if bare:
        raise ValueError(
            f"{bare[0]} must hold values to try: found none. Write 1 for no adjustment."
        )
    basic = {
        name: np.asarray(estimate.facts[name], dtype=float)
        for name in ("basic", "basic_std_error", "basic_df")
    }
    now = np.asarray(estimate.facts["adjustment"], dtype=float)
    _check_unchanged(estimate, basic["basic"] * now)
    tables = []
    for values in product(*grids.values()):
        at = dict(zip(grids, values, strict=True))
        factor = Adjustments(**at).factor
        parts = {"value": basic["basic"] * factor, "std_error": basic["basic_std_error"] * factor}
        one = estimate.constants.get("one_report")
        more = {} if one is None else {"one_report": np.asarray(one) / now * factor}
        limits = RULES["log"]({**parts, **more}, basic["basic_df"], level)
        tables.append(
            pd.DataFrame(
                {
                    "outcome": list(estimate.outcomes),
                    "domain": [", ".join(label) or "all" for label in estimate.labels],
                    **at,
                    "estimate": parts["value"],
                    "std_error": parts["std_error"],
                    "conf_low": limits[:, 0],
                    "conf_high": limits[:, 1],
                }
            )
        )
    order = [i * len(estimate) + row for row in range(len(estimate)) for i in range(len(tables))]
    return pd.concat(tables, ignore_index=True).iloc[order].reset_index(drop=True)


def _check_unchanged(estimate: Estimate, expected: Array) -> None:
    """Refuse an estimate that was multiplied after it was made: its basic estimate was not."""
    if estimate.maps or not np.allclose(estimate.value, expected, equal_nan=True):
        raise ValueError(
            "estimate must be one of network scale-up as it was made: it was changed by arithmetic "
            "since. Pass what pv.nsum.scale_up returned, before any arithmetic."
        )
