"""Who is on which lists, and which list sent whom where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import explained
from ..disclosure import rounded_sizes
from ..errors import number
from ..presentation import cut, plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    FONT,
    GREY,
    INK,
    LINE,
    ORANGE,
    axes,
    below,
    finished,
    is_narrow,
    plain,
    x_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]
Referral = tuple[int, int, int | None]
MOST_REFERRALS, LANE = 6, 0.36  # arrows, and the inches that each takes
LETTER, NUMBERS, SIDE = 0.078, 0.42, 0.75  # inches of a letter, of a size and of the longest bar
LEAST, TIGHT, WIDEST = 0.19, 0.24, 0.62  # inches of a column
STRIPE = "#f4f6f8"


class HasCells(Protocol):
    """Overlapping lists: 0/1 histories (cells, lists), how many people each, names of the lists."""

    @property
    def histories(self) -> ArrayLike: ...

    @property
    def counts(self) -> ArrayLike: ...

    @property
    def names(self) -> Sequence[str]: ...


@explained
def overlap(
    lists: HasCells,
    *,
    ax: Axes | None = None,
    minimum: int = 5,
    truth: float | None = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw how many people each combination of lists has, each list in all, and who sent whom.

    Parameters
    ----------
    lists : Lists
        Capture histories: anything with ``histories`` of 0 and 1 (cells, lists), ``counts``
        (cells,) and ``names``. Referrals that `Lists` holds are drawn as arrows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    minimum : int
        Combinations with fewer people are drawn together as one bar; 1 shows every one.
    truth : float, optional
        How many people there are in all, where data are synthetic: written below, with how many
        of them are on no list.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: bars upward, the combinations as filled dots below, at the left a bar
        for each list, at the right an arrow from each list to those it sent people to.

    Raises
    ------
    ValueError
        When histories, counts and names do not fit together.

    Notes
    -----
    Assumes that each person is counted once. The bar of the small combinations together also
    holds at least `minimum` people, or takes in the next smallest. Where there is such a bar, lists
    are rounded to the nearest ten and referrals of fewer than `minimum` people say no number: else
    small combinations could be found by subtraction. Bars of their own go to as many combinations as there is room for.

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
    '57 people on 2 lists (police 37; shelter 27), by the lists they are on: police alone 30; ...'
    """
    say = language(lang)
    histories, counts, names = _cells(lists)
    sizes, about = counts @ histories, "{name} {size:,.0f}"
    ax = axes(ax, 7.2, 2.5 + 0.27 * len(names))
    referrals = _referrals(lists, names)
    room = _room(ax, names, min(len(referrals), MOST_REFERRALS))
    histories, counts, pooled = _pool(histories, counts, minimum, room.most)
    if pooled[0] and minimum > 1:
        sizes, about = rounded_sizes(sizes), "{name} about {size:,.0f}"
    columns = len(counts) + bool(pooled[0])
    unit = min((room.middle - LANE * room.lanes) / (columns + 0.6), WIDEST)
    bars = np.append(counts, pooled[1]) if pooled[0] else counts
    tall = np.minimum(bars, 1.1 * counts.max(initial=1)) if counts.size else bars
    top = float(tall.max(initial=1))
    step = top * (0.115 if len(names) < 6 else 0.09)
    ax.set_xlim(-0.6 - room.left / unit, -0.6 + (room.middle + 0.04) / unit)
    ax.set_ylim(-(len(names) + 0.6) * step, top * (1.1 if unit > TIGHT else 1.16))
    _bars(ax, bars, tall, bool(pooled[0]), unit, say)
    _matrix(ax, histories, len(names), step, len(counts))
    _arrows(ax, referrals, (columns, unit), step, minimum, say)
    _sides(ax, names, sizes, step, (room, unit), say)
    ax.set_xticks([])
    ax.set_yticks([])
    plain(ax)
    ax.spines["bottom"].set_visible(False)
    told = _true_size(ax, truth, float(bars.sum()), say)
    _marks(ax, pooled[0], bool((tall < bars).any()), referrals, say)
    cells = (histories, counts, pooled)
    said = _overlap_said(cells, names, (sizes, about), referrals, minimum, say)
    ax.set_label(" ".join(filter(None, (said, told))))
    return finished(ax, synthetic, say)


@dataclass(frozen=True)
class Room:
    """Inches for names and sizes at the left, for columns in the middle, and lanes of arrows."""

    left: float
    names: float
    middle: float
    lanes: int
    most: int


def _room(ax: Axes, names: list[str], lanes: int) -> Room:
    figure = ax.get_figure(root=True)
    share = ax.get_position().width / 0.775 * 0.96  # 0.775 before the layout gives away margins
    width = share * figure.get_figwidth() if figure else 7.0
    words = LETTER * max(len(cut(plain_name(name), 24)) for name in names) + 0.1
    left = words + (NUMBERS if is_narrow(ax) else NUMBERS + SIDE)
    middle = max(width - left, 1.2)
    return Room(left, words, middle, lanes, max(int((middle - LANE * lanes) / LEAST), 3))


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


def _pool(
    histories: Array, counts: Array, minimum: int, most: int
) -> tuple[Array, Array, tuple[int, int]]:
    """Take the smallest combinations together until none shown, nor their sum, is too small."""
    keep = int((counts >= minimum).sum())
    keep = keep if keep < most else min(keep, most - 1)
    while 0 < keep < counts.size and (counts[keep:].sum() < minimum or counts.size - keep < 2):
        keep -= 1
    return histories[:keep], counts[:keep], (counts.size - keep, int(counts[keep:].sum()))


def _referrals(lists: HasCells, names: list[str]) -> list[Referral]:
    """Return who sent how many to whom, largest first; declared referrals have no number."""
    recorded = {(s, r): int(n) for s, r, n in getattr(lists, "referrals", ())}
    edges = getattr(lists, "referral_edges", lambda: list(recorded))()
    found = [
        (names.index(s), names.index(r), recorded.get((s, r)))
        for s, r in edges
        if s in names and r in names
    ]
    return sorted(found, key=lambda edge: -(edge[2] or 0))


# ---------------------------------------------------------------------- what is drawn
def _bars(ax: Axes, bars: Array, tall: Array, pooled: bool, unit: float, say: Words) -> None:
    drawn = ax.bar(range(len(bars)), tall, color=BLUE, width=0.62)
    ax.plot([-0.6, len(bars) - 0.4], [0, 0], color=LINE, linewidth=0.8, zorder=1)
    if pooled:
        drawn[-1].set(facecolor="white", edgecolor=BLUE, hatch="////")
    widest = LETTER * max(len(f"{int(count):,}") for count in bars)
    for x, (count, height) in enumerate(zip(bars, tall, strict=True)):
        ax.annotate(
            say.number(f"{int(count):,}"), (x, height), xytext=(0, 2), textcoords="offset points", ha="center",
            va="bottom", fontsize=FONT, color=INK, rotation=0 if widest < 0.95 * unit else 90,
        )  # fmt: skip


def _matrix(ax: Axes, histories: Array, lists: int, step: float, columns: int) -> None:
    heights = -step * (np.arange(lists) + 1)
    for y in heights[::2]:
        ax.axhspan(y - step / 2, y + step / 2, color=STRIPE, linewidth=0, zorder=0)
    grid_x, grid_y = np.meshgrid(np.arange(columns), heights)
    ax.scatter(grid_x, grid_y, s=34, facecolor="#dfe3e8", edgecolor="none", zorder=2)
    for x, history in enumerate(histories):
        on = heights[history]
        ax.plot(
            [x] * on.size, on, color=BLUE, marker="o", markersize=6.2, linewidth=1.8, zorder=3,
            gid=f"cell-{x}",
        )  # fmt: skip


def _arrows(
    ax: Axes,
    referrals: list[Referral],
    place: tuple[int, float],
    step: float,
    minimum: int,
    say: Words,
) -> None:
    """Draw an arrow from each list to those it sent people to, with how many."""
    for k, (sender, receiver, count) in enumerate(referrals[:MOST_REFERRALS]):
        x, start = place[0] - 0.4 + LANE * (k + 0.5) / place[1], -step * (sender + 1)
        ax.annotate(
            "", (x, -step * (receiver + 1)), (x, start), gid=f"referral-{k}",
            arrowprops={
                "arrowstyle": "-|>", "color": ORANGE, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0,
                "linestyle": "-" if count is not None else (0, (3, 2)), "mutation_scale": 13,
            },
        )  # fmt: skip
        ax.plot([x], [start], marker="o", markersize=5, color=ORANGE, zorder=3)
        if count is not None:
            few = 0 < count < minimum
            ax.annotate(
                f"<{minimum}" if few else say.number(f"{count:,}"), (x, 0), xytext=(0, 2), ha="center", va="bottom",
                textcoords="offset points", fontsize=FONT, color=INK,
            )  # fmt: skip


def _sides(
    ax: Axes, names: list[str], sizes: Array, step: float, place: tuple[Room, float], say: Words
) -> None:
    """Write at the left the lists and how many people each has, with a bar where there is room."""
    room, unit = place
    begin = -0.6 - room.left / unit
    foot = begin + room.names / unit
    longest = float(np.max(sizes, initial=1))
    for j, (name, size) in enumerate(zip(names, sizes, strict=True)):
        y, end = -step * (j + 1), foot
        ax.text(
            foot - 0.07 / unit, y, cut(plain_name(name), 24), ha="right", va="center", fontsize=FONT,
            color=INK, parse_math=False,
        )  # fmt: skip
        if room.left > room.names + NUMBERS:
            end += size / longest * SIDE / unit
            ax.barh(y, end - foot, 0.5 * step, foot, color=GREY, gid=f"size-{j}")
        number = say.number(f"{int(size):,}")
        ax.text(end + 0.05 / unit, y, number, va="center", fontsize=FONT, color=INK)


def _true_size(ax: Axes, truth: float | None, seen: float, say: Words) -> str:
    """Write below how many people there are, and how many of them nobody listed."""
    if truth is None:
        return ""
    people = number("truth", truth)
    told = "Truth: {people:,.0f} people, {unseen:,.0f} of them on no list."
    said = say(told, people=people, unseen=people - seen)
    x_label(ax, said)
    return said


def _marks(ax: Axes, pooled: int, cut_off: bool, referrals: list[Referral], say: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = []
    if pooled:
        told = "{n} others together, cut off" if cut_off else "{n} others together"
        label = say(told, n=pooled)
        marks.append(Patch(facecolor="white", edgecolor=BLUE, hatch="////", label=label))
    if any(count is not None for *_, count in referrals):
        more = len(referrals) - MOST_REFERRALS
        told = "sent people to ({more} more not drawn)" if more > 0 else "sent people to"
        label = say(told, more=more)
        marks.append(Line2D([], [], color=ORANGE, marker=">", linewidth=1.8, label=label))
    if any(count is None for *_, count in referrals):
        dashes, label = (0, (3, 2)), say("sends, as declared")
        marks.append(Line2D([], [], color=ORANGE, linestyle=dashes, linewidth=1.8, label=label))
    if marks:
        below(ax, marks, 0.3 if ax.get_xlabel() else 0.1)


def _overlap_said(
    cells: tuple[Array, Array, tuple[int, int]],
    names: list[str],
    each: tuple[Array, str],
    referrals: list[Referral],
    minimum: int,
    say: Words,
) -> str:
    histories, counts, pooled = cells
    words, joined = [plain_name(n) for n in names], f" {say('and')} "
    parts = []
    for history, count in zip(histories, counts, strict=True):
        on = [name for name, inside in zip(words, history, strict=True) if inside]
        who = say("{name} alone", name=on[0]) if len(on) == 1 else joined.join(on)
        parts.append(say("{name} {size:,.0f}", name=who, size=int(count)))
    if pooled[0]:
        parts.append(say("{n} others together {size:,.0f}", n=pooled[0], size=pooled[1]))
    sizes = say.joined(say(each[1], name=n, size=k) for n, k in zip(words, each[0], strict=True))
    told = "{total:,} people on {n} lists ({sizes}), by the lists they are on: {cells}."
    total = int(counts.sum()) + pooled[1]
    said = say(told, total=total, n=len(names), sizes=sizes, cells=say.joined(parts))
    if referrals:
        sent = (_sent(words[s], words[r], n, minimum, say) for s, r, n in referrals)
        said += " " + say("Referrals: {said}.", said=say.joined(sent))
    return said


def _sent(sender: str, receiver: str, count: int | None, minimum: int, say: Words) -> str:
    """Say who sent whom where; how many, where they are not few."""
    to = say("{sender} to {receiver}", sender=sender, receiver=receiver)
    if count is None:
        return to
    few = 0 < count < minimum
    number = say("fewer than {minimum}", minimum=minimum) if few else say.number(f"{count:,}")
    return f"{to} {number}"
