"""What a proxy report or a screen would mean at other error rates: a grid and a tornado."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import level_in_range, note, number, sequence
from ..estimate import Estimate
from ..imperfect import corrected

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WhatIf", "what_if"]

Array = NDArray[Any]
Rate = Sequence[float] | Estimate


@explained
@dataclass(frozen=True)
class WhatIf:
    """Corrected shares over ranges of two error rates.

    Parameters
    ----------
    grid : pandas.DataFrame
        One row per domain and pair of rates: domain, sensitivity, false_report, estimate,
        conf_low, conf_high (the limits of the apparent share carried along) and possible (whether
        the estimate lies between 0 and 1).
    tornado : pandas.DataFrame
        One row per domain and thing varied, the others at their middle value, widest first: domain,
        varied, low, high, estimate_at_low, estimate_at_high, swing.
    warnings : tuple of str
        What was warned of: domains whose apparent share has no interval.

    Examples
    --------
    >>> import prevalence as pv
    >>> told = pv.validated(correct=60, tested=1000)
    >>> rates = {"sensitivity": (0.5, 0.7, 0.9), "false_report": (0.0, 0.01, 0.03)}
    >>> pv.misclassification.what_if(told, **rates).tornado["varied"].tolist()
    ['sensitivity', 'apparent', 'false_report']
    >>> found = pv.misclassification.what_if(told, **rates)
    >>> found.to_frame().shape
    (9, 7)
    >>> ax = found.plot()
    """

    grid: pd.DataFrame
    tornado: pd.DataFrame
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the grid.

        Returns
        -------
        pandas.DataFrame
            A copy of `grid`.
        """
        return self.grid.copy()

    def plot(
        self,
        ax: Axes | None = None,
        *,
        domain: str | None = None,
        synthetic: bool = False,
        lang: str = "en",
    ) -> Axes:
        """Draw how far each rate moves the estimate; see `prevalence.plot.tornado`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        domain : str, optional
            The domain to draw, where there are several.
        synthetic : bool
            Whether to write on the figure that the data are synthetic.
        lang : {"en", "fr"}
            Language of words and numbers.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.
        """
        from ..plot import tornado

        return tornado(self, ax=ax, domain=domain, synthetic=synthetic, lang=lang)

    def __repr__(self) -> str:
        low, high = self.grid["estimate"].min(), self.grid["estimate"].max()
        return (
            f"<WhatIf: {len(self.grid):,} rows, estimates {low:.4g} to {high:.4g}>\n"
            f"{self.tornado.to_string(index=False, float_format='{:.4g}'.format)}"
        )


@explained
def what_if(
    apparent: Estimate, *, sensitivity: Rate, false_report: Rate, level: float = 0.95
) -> WhatIf:
    """Return the corrected share ``(p - f) / (s - f)`` over ranges of two error rates.

    Parameters
    ----------
    apparent : Estimate
        Share p reported by proxies, or screened positive, one row per domain.
    sensitivity : sequence of float, or Estimate
        Values of s, the share of true cases reported, from low to high; an estimate stands for its
        lower limit, itself and its upper limit.
    false_report : sequence of float, or Estimate
        Values of f, the share of others reported (one minus the specificity).
    level : float
        Level of the limits, of the apparent share and of rates that are estimates.

    Returns
    -------
    WhatIf
        The grid of all pairs, and the tornado of the lowest and highest value of each rate and of
        the apparent share, the others at their middle value.

    Raises
    ------
    ValueError, TypeError
        When a value is not a share, or some s is not above some f.

    Notes
    -----
    Every pair is taken as known: limits show sampling alone. It fails near ``s = f``, where the
    report tells nothing of the truth. It is for rates that no study tells;
    where one does, `proxy` and `rogan_gladen` carry its uncertainty. Values outside 0 to 1 are kept:
    the data rule such rates out.

    References
    ----------
    Rogan, W. J. and Gladen, B. (1978). Estimating prevalence from the results of a screening test.
    American Journal of Epidemiology 107, 71-76. doi:10.1093/oxfordjournals.aje.a112510

    Examples
    --------
    >>> import prevalence as pv
    >>> told = pv.validated(correct=60, tested=1000)
    >>> table = pv.misclassification.what_if(told, sensitivity=(0.5, 0.8), false_report=(0, 0.02))
    >>> table.to_frame()["estimate"].round(4).tolist()
    [0.12, 0.0833, 0.075, 0.0513]
    """
    if not isinstance(apparent, Estimate):
        raise TypeError(
            f"apparent must be an Estimate of a share: found {type(apparent).__name__}. Pass what "
            "pv.direct.prevalence returned."
        )
    level = level_in_range(level)
    s, f = _rate("sensitivity", sensitivity, level), _rate("false_report", false_report, level)
    if s.min() <= f.max():
        raise ValueError(
            f"every sensitivity must be above every false_report: found {s.min():g} and {f.max():g}. "
            "Narrow the ranges."
        )
    limits = apparent.interval(level)
    domains = [", ".join(label) or "all" for label in apparent.labels]
    p = np.c_[apparent.value, limits]
    said: list[str] = []
    bare = ~np.isfinite(limits).all(axis=1)
    if bare.any():
        note(
            said,
            f"{int(bare.sum())} of {bare.size} domains have no interval, as their apparent shares have "
            "none: only their estimates are told. Use larger domains.",
        )
    return WhatIf(_grid(domains, p, s, f), _tornado(domains, p, s, f), tuple(said))


def _rate(argument: str, given: Rate, level: float) -> Array:
    """Return the values of a rate, from low to high."""
    if isinstance(given, Estimate):
        if len(given) != 1:
            raise ValueError(
                f"{argument} must be an estimate of one row: found {len(given)}. Choose one, as in "
                "e['Kingston']."
            )
        low, high = given.interval(level)[0]
        values = np.array([low, given.value[0], high])
    else:
        remedy = "Write several values, such as (0.6, 0.8, 0.95)."
        values = np.array([number(argument, v) for v in sequence(argument, given, remedy)])
    bad = ~((values >= 0) & (values <= 1))
    if not values.size or bad.any():
        found = f"{values[bad][0]:g}" if values.size else "none"
        raise ValueError(
            f"{argument} must be shares between 0 and 1: found {found}. Write 0.05 for 5 %."
        )
    return np.unique(values)


def _grid(domains: list[str], p: Array, s: Array, f: Array) -> pd.DataFrame:
    d, i, j = (x.ravel() for x in np.indices((len(domains), s.size, f.size)))
    estimate, low, high = corrected(p[d].T, s[i], 1 - f[j])
    return pd.DataFrame(
        {
            "domain": [domains[k] for k in d],
            "sensitivity": s[i],
            "false_report": f[j],
            "estimate": estimate,
            "conf_low": low,
            "conf_high": high,
            "possible": (estimate >= 0) & (estimate <= 1),
        }
    )


def _tornado(domains: list[str], p: Array, s: Array, f: Array) -> pd.DataFrame:
    middle_s, middle_f = (x[(x.size - 1) // 2] for x in (s, f))
    rows = []
    for name, (value, low, high) in zip(domains, p, strict=True):
        for varied, ends, given in (
            ("apparent", (low, high), [(x, middle_s, middle_f) for x in (low, high)]),
            ("sensitivity", (s[0], s[-1]), [(value, x, middle_f) for x in (s[0], s[-1])]),
            ("false_report", (f[0], f[-1]), [(value, middle_s, x) for x in (f[0], f[-1])]),
        ):
            first, last = (float(corrected(x, a, 1 - b)) for x, a, b in given)
            rows.append((name, varied, *ends, first, last, abs(last - first)))
    columns = [
        "domain", "varied", "low", "high", "estimate_at_low", "estimate_at_high", "swing",
    ]  # fmt: skip
    made = pd.DataFrame(rows, columns=columns)
    order = pd.Series(
        pd.Categorical(made["domain"], categories=list(dict.fromkeys(domains)), ordered=True)
    )
    made = made.assign(place=order.cat.codes).sort_values(
        ["place", "swing"], ascending=[True, False]
    )
    return made.drop(columns="place").reset_index(drop=True)
