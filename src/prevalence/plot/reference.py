"""A true value, or a published one, on an axis of sizes: lines and bands beside what is estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import number
from ..words import Words
from .canvas import GREY, INK, truth_key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Published", "Reference", "reference"]

Published = float | tuple[float, float] | None
BAND = "#e3e6ea"
DOTS = (0, (1, 2))


@dataclass(frozen=True)
class Reference:
    """A truth, and a published value or its two limits; each may be lacking."""

    truth: float | None
    published: tuple[float, ...]

    def ends(self) -> list[float]:
        """Return every number that the axis must hold."""
        return [x for x in (self.truth, *self.published) if x is not None]

    def draw(
        self,
        ax: Axes,
        say: Words,
        *,
        upright: bool = True,
        scale: float = 1.0,
        pieces: Sequence[tuple[float, float]] | None = None,
    ) -> list[Any]:
        """Draw the line of the truth and the band or line of what was published; return the marks.

        A line that is in pieces, given by their ends on the other axis, leaves words readable.
        """
        marks: list[Any] = []
        if self.published:
            marks.append(self._published(ax, say, upright, scale))
        if self.truth is None:
            return marks
        style: dict[str, Any] = {"color": INK, "linewidth": 1.3, "gid": "truth", "zorder": 2}
        at = self.truth * scale
        if pieces is not None:
            ax.vlines([at] * len(pieces), *zip(*pieces, strict=True), **style)
        else:
            (ax.axvline if upright else ax.axhline)(at, **style)
        across = ax.get_xaxis_transform() if upright else ax.get_yaxis_transform()
        x, y = (at, 0.0) if upright else (0.0, at)
        ax.plot(
            [x], [y], transform=across, marker="D", markersize=6.5, color=INK, linewidth=0,
            markerfacecolor="white", clip_on=False, gid="truth-mark", zorder=6,
        )  # fmt: skip
        marks.append(truth_key(say("truth {size}", size=_written(at, scale, say))))
        return marks

    def _published(self, ax: Axes, say: Words, upright: bool, scale: float) -> Any:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        at = [x * scale for x in self.published]
        label = say("published: {said}", said=self._numbers(say, scale))
        if len(at) == 1:
            line = ax.axvline if upright else ax.axhline
            line(at[0], color=GREY, linewidth=1.8, linestyle=DOTS, gid="published", zorder=1)
            return Line2D([], [], color=GREY, linewidth=1.8, linestyle=DOTS, label=label)
        span = ax.axvspan if upright else ax.axhspan
        span(*at, color=BAND, linewidth=0, gid="published", zorder=0.5)
        return Patch(facecolor=BAND, label=label)

    def _numbers(self, say: Words, scale: float) -> str:
        written = [_written(x * scale, scale, say) for x in self.published]
        if len(written) == 1:
            return written[0]
        return say("{low} to {high}", low=written[0], high=written[1])

    def said(self, told: str, say: Words, *, scale: float = 1.0) -> str:
        """Return what a figure says, and these numbers after it."""
        if self.published:
            numbers = self._numbers(say, scale)
            told = say("{said} Published: {numbers}.", said=told, numbers=numbers)
        if self.truth is not None:
            size = _written(self.truth * scale, scale, say)
            told = say("{said} The truth is {size}.", said=told, size=size)
        return told


def reference(
    truth: float | None = None, published: Published = None, *, sizes: bool = True
) -> Reference:
    """Return what is drawn beside estimates, checked: with `sizes` numbers of people, above 0."""
    both = published if isinstance(published, tuple) else (published,)
    given = tuple(number("published", x) for x in both if x is not None)
    if len(given) > 2 or (len(given) == 2 and not given[0] < given[1]):
        raise ValueError(
            "published must be a number, or a lower and an upper limit: found "
            f"{', '.join(f'{x:g}' for x in given)}. Give (lower, upper)."
        )
    known = Reference(None if truth is None else number("truth", truth), given)
    bad = [x for x in known.ends() if not np.isfinite(x) or (sizes and x <= 0)]
    if bad:
        raise ValueError(
            f"truth and published must be {'numbers of people above 0' if sizes else 'finite numbers'}: "
            f"found {bad[0]:g}. Correct it, or leave it out."
        )
    return known


def _written(x: float, scale: float, say: Words) -> str:
    """Return a size in whole numbers, or a share in per cent."""
    return say.number(f"{x:.3g} %" if scale != 1 else f"{x:,.0f}")
