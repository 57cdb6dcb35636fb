"""Who is on which lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..presentation import cut, plain_name
from .canvas import BLUE, FONT, INK, LINE, axes, below, finished, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]


class HasCells(Protocol):
    """Overlapping lists: 0/1 histories (cells, lists), how many people each, names of the lists."""

    @property
    def histories(self) -> ArrayLike: ...

    @property
    def counts(self) -> ArrayLike: ...

    @property
    def names(self) -> Sequence[str]: ...


def overlap(
    lists: HasCells,
    *,
    ax: Axes | None = None,
    minimum: int = 5,
    synthetic: bool = False,
) -> Axes:
    """Draw how many people each combination of lists has, the largest first.

    Parameters
    ----------
    lists : Lists
        Capture histories: anything with ``histories`` of 0 and 1 (cells, lists), ``counts``
        (cells,) and ``names``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    minimum : int
        Combinations with fewer people are drawn together as one bar; 1 shows every one.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: bars upward, the combinations as filled dots below.

    Raises
    ------
    ValueError
        When histories, counts and names do not fit together.

    Notes
    -----
    Assumes that each person is counted once. The bar of the small combinations together also
    holds at least `minimum` people, or takes in the next smallest.

    References
    ----------
    Lex, A. et al. (2014). UpSet: visualization of intersecting sets. IEEE Transactions on
    Visualization and Computer Graphics 20, 1983-1992. doi:10.1109/TVCG.2014.2346248

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0], [0, 1], [1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [30, 20, 7], ["police", "shelter"])
    >>> pv.plot.describe(pv.plot.overlap(lists))
    '57 people on 2 lists, by the lists they are on: police alone 30; shelter alone 20; ...'
    """
    histories, counts, names = _cells(lists)
    histories, counts, pooled = _pool(histories, counts, minimum)
    ax = axes(ax, 7.2, 2.4 + 0.27 * len(names))
    columns = len(counts) + bool(pooled[0])
    bars = np.append(counts, pooled[1]) if pooled[0] else counts
    top = float(bars.max(initial=1))
    step = top * 0.115 if len(names) < 6 else top * 0.09
    drawn = ax.bar(range(columns), bars, color=BLUE, width=0.62)
    if pooled[0]:
        drawn[-1].set(facecolor="white", edgecolor=BLUE, hatch="////")
    for x, count in enumerate(bars):
        ax.text(
            x,
            count + 0.02 * top,
            f"{int(count):,}",
            ha="center",
            va="bottom",
            fontsize=FONT,
            color=INK,
        )
    _matrix(ax, histories, len(names), step, columns)
    ax.set_xlim(-0.6, columns - 0.4)
    ax.set_ylim(-(len(names) + 0.6) * step, top * 1.1)
    ax.set_xticks([])
    ax.set_yticks(
        -step * (np.arange(len(names)) + 1),
        [cut(plain_name(n), 24) for n in names],
        parse_math=False,
    )
    plain(ax)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.spines["bottom"].set_visible(False)
    ax.axhline(0, color=LINE, linewidth=0.8)
    if pooled[0]:
        below(ax, [_hatched(f"{pooled[0]} small combinations together")], 0.08)
    ax.set_label(_overlap_said(histories, counts, names, pooled))
    return finished(ax, synthetic)


def _cells(lists: HasCells) -> tuple[Array, Array, list[str]]:
    histories, counts = np.atleast_2d(np.asarray(lists.histories)), np.asarray(lists.counts)
    names = [str(name) for name in lists.names]
    if histories.shape != (counts.size, len(names)):
        raise ValueError(
            f"histories must have one row per count and one column per name: found shape "
            f"{histories.shape} for {counts.size} counts and {len(names)} names. Give all three "
            "in one order."
        )
    seen = counts > 0
    order = np.argsort(-counts[seen], kind="stable")
    return histories[seen][order].astype(bool), counts[seen][order], names


def _pool(histories: Array, counts: Array, minimum: int) -> tuple[Array, Array, tuple[int, int]]:
    """Take the smallest combinations together until none shown, nor their sum, is too small."""
    keep = int((counts >= minimum).sum())
    while 0 < keep < counts.size and (counts[keep:].sum() < minimum or counts.size - keep < 2):
        keep -= 1
    return histories[:keep], counts[:keep], (counts.size - keep, int(counts[keep:].sum()))


def _matrix(ax: Axes, histories: Array, lists: int, step: float, columns: int) -> None:
    heights = -step * (np.arange(lists) + 1)
    grid_x, grid_y = np.meshgrid(np.arange(columns), heights)
    ax.scatter(grid_x, grid_y, s=34, facecolor="#eceef1", edgecolor="none", zorder=2)
    for x, history in enumerate(histories):
        on = heights[history]
        ax.plot(
            [x] * on.size,
            on,
            color=BLUE,
            marker="o",
            markersize=6.2,
            linewidth=1.8,
            zorder=3,
            gid=f"cell-{x}",
        )


def _hatched(label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor="white", edgecolor=BLUE, hatch="////", label=label)


def _overlap_said(
    histories: Array, counts: Array, names: list[str], pooled: tuple[int, int]
) -> str:
    parts = []
    for history, count in zip(histories, counts, strict=True):
        on = [plain_name(n) for n, inside in zip(names, history, strict=True) if inside]
        who = f"{on[0]} alone" if len(on) == 1 else " and ".join(on)
        parts.append(f"{who} {int(count):,}")
    if pooled[0]:
        parts.append(f"{pooled[0]} small combinations together {pooled[1]:,}")
    total = int(counts.sum()) + pooled[1]
    return f"{total:,} people on {len(names)} lists, by the lists they are on: {'; '.join(parts)}."
