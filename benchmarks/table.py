"""The one kind of table: a row for each task and package, printed as it is found and kept for the pages.

A task has a row of ours, rows of its peers, and bars. `ratio` says how many times as long a package
takes as ours. `numbers` says whether it gives the same: a difference fails the bench unless its reason
is listed.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from .timing import QUIET, Taken, in_turn, yardstick

OURS = "prevalence"
MEASURED, RECORDED, EXTRAPOLATED = "measured", "recorded", "extrapolated"
SAME, OTHER, FAILED = "same", "OTHER NUMBERS", "did not run"
HEAD = (
    "task", "package", "CPU s", "quartiles", "clock s", "peak MB", "ratio", "one pass", "bar", "met",
    "numbers", "beside",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What one package takes for one task.

    `cpu` and `wall` are medians of `runs` calls, in seconds, `low` and `high` the quartiles of CPU
    seconds, `one_pass` the CPU seconds of the least that the task needs. `quiet` is `cpu` as the
    yardstick of the same run says it would be on the quiet machine: a bar in seconds is held against
    it. `how` is measured, extrapolated (some of it, times how much there is) or recorded (elsewhere).
    """

    family: str
    task: str
    package: str
    version: str = ""
    how: str = MEASURED
    cpu: float | None = None
    low: float | None = None
    high: float | None = None
    wall: float | None = None
    runs: int = 0
    peak_mb: float | None = None
    ratio: float | None = None
    one_pass: float | None = None
    quiet: float | None = None
    bar: float | None = None
    unit: str = ""
    met: str = ""
    numbers: str = ""
    note: str = ""

    @property
    def fine(self) -> bool:
        """Whether the bar is met, and the numbers are the same or the difference is listed."""
        return self.met != "NO" and self.numbers != OTHER


class Peer(NamedTuple):
    """Another package: what it does, or what it was recorded to take, and what is asked of it.

    `bar` is the least ratio. `same` compares what ours returned with what it returned; `listed` is the
    reason for a difference that is known. `scale` is how many times its call is needed: above 1, what it
    takes is extrapolated.
    """

    package: str
    version: str
    call: Callable[[], Any] | None = None
    recorded: float | None = None
    bar: float | None = None
    same: Callable[[Any, Any], Any] | None = None
    listed: str = ""
    how_same: str = SAME
    scale: float = 1.0
    note: str = ""


@dataclass
class Table:
    """The rows of one family of tasks."""

    family: str
    rows: list[Row] = field(default_factory=list)

    def measure(
        self,
        task: str,
        ours: Callable[[], Any],
        *peers: Peer,
        bar: float | None = None,
        limit: Callable[[], Any] | None = None,
        runs: int = 5,
        seconds: float = 4.0,
        note: str = "",
    ) -> Taken:
        """Time ours and its peers in turn, and what `limit` does, which is the least that it needs.

        `bar` is the most seconds that ours may take on the quiet machine.
        """
        live = [peer for peer in peers if peer.call is not None]
        calls = {OURS: ours, **{peer.package: peer.call for peer in live}}
        calls |= {"one pass": limit} if limit is not None else {}
        calls |= {"yardstick": yardstick()} if bar is not None else {}
        taken = in_turn(calls, runs=runs, seconds=seconds)  # type: ignore[arg-type]
        pace = taken["yardstick"].median / QUIET if bar is not None else None
        least = taken["one pass"].median if limit is not None else None
        self.ours(task, taken[OURS], bar=bar, pace=pace, one_pass=least, note=note)
        for peer in peers:
            self.peer(task, peer, taken.get(peer.package), taken[OURS])
        return taken[OURS]

    def ours(
        self,
        task: str,
        taken: Taken,
        *,
        bar: float | None = None,
        pace: float | None = None,
        one_pass: float | None = None,
        note: str = "",
        scale: float = 1.0,
    ) -> None:
        """Take a row of ours; `pace` is how many times as slow as on the quiet machine the yardstick was."""
        cpu = scale * taken.median
        quiet = cpu / pace if pace is not None else None
        judged = cpu if quiet is None else quiet
        met = "" if bar is None else "yes" if judged <= bar else "NO"
        self.take(
            Row(
                self.family, task, OURS, _own_version(), bar=bar, unit="s" if bar else "", met=met,
                quiet=quiet, one_pass=one_pass, note=note, **_times(taken, scale),
            )
        )  # fmt: skip

    def once(self, task: str, seconds: float, *, note: str = "") -> None:
        """Take a row of ours of one call."""
        self.ours(task, Taken([seconds], [seconds]), note=note)

    def peer(self, task: str, peer: Peer, theirs: Taken | None, ours: Taken | float) -> None:
        """Take a row of a peer: its times, its ratio to ours, and whether its numbers are the same."""
        mine = ours.median if isinstance(ours, Taken) else ours
        times: dict[str, Any] = {"cpu": peer.recorded}
        how, numbers = RECORDED, ""
        if theirs is not None and math.isnan(theirs.median):
            numbers = f"{FAILED}: {theirs.found}"
            self.take(Row(self.family, task, peer.package, peer.version, numbers=numbers))
            return
        if theirs is not None:
            times = _times(theirs, peer.scale)
            how = MEASURED if peer.scale <= 1 else EXTRAPOLATED
            if peer.same is not None and isinstance(ours, Taken):
                equal = bool(peer.same(ours.found, theirs.found))
                numbers = (
                    peer.how_same if equal else f"listed: {peer.listed}" if peer.listed else OTHER
                )
        ratio = times["cpu"] / mine if times["cpu"] is not None else None
        met = "" if peer.bar is None or ratio is None else "yes" if ratio >= peer.bar else "NO"
        self.take(
            Row(
                self.family, task, peer.package, peer.version, how, ratio=ratio, bar=peer.bar,
                unit="x" if peer.bar else "", met=met, numbers=numbers, note=peer.note, **times,
            )
        )  # fmt: skip

    def extrapolated(
        self, task: str, package: str, version: str, seconds: float, ours: Taken, *, note: str
    ) -> None:
        """Take a peer that would take too long: the time of a part of it, times how many there are."""
        ratio = seconds / ours.median
        self.take(
            Row(
                self.family,
                task,
                package,
                version,
                EXTRAPOLATED,
                cpu=seconds,
                ratio=ratio,
                note=note,
            )
        )

    def checked(
        self,
        task: str,
        package: str,
        version: str,
        equal: Any,
        *,
        note: str = "",
        how: str = SAME,
        listed: str = "",
        source: str = MEASURED,
    ) -> None:
        """Take whether a package gives the same numbers, where no time is measured."""
        numbers = how if equal else f"listed: {listed}" if listed else OTHER
        self.take(Row(self.family, task, package, version, source, numbers=numbers, note=note))

    def take(self, row: Row) -> None:
        """Keep a row and print it."""
        self.rows.append(row)
        words = cells(row)
        middle = " ".join(f"{words[k]:>{w}}" for k, w in ((2, 10), (6, 8), (7, 10)))
        tail = "; ".join(
            filter(None, (f"bar {words[8]}: {words[9]}" if row.met else "", *words[10:]))
        )
        print(f"{row.task[:50]:50} {words[1][:34]:34} {middle}  {tail}", flush=True)

    @property
    def met(self) -> bool:
        """Whether every bar is met and every number agrees or is listed."""
        return all(row.fine for row in self.rows)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rows with what they hold, figures to five digits."""
        return [
            {key: _short(value) for key, value in asdict(row).items() if value not in (None, "")}
            for row in self.rows
        ]


def _own_version() -> str:
    import prevalence

    return prevalence.__version__


def _times(taken: Taken, scale: float) -> dict[str, Any]:
    low, high = taken.quartiles()
    return {
        "cpu": scale * taken.median,
        "low": scale * low,
        "high": scale * high,
        "wall": scale * statistics.median(taken.wall),
        "runs": len(taken.cpu),
    }


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def figure(value: float | None) -> str:
    """Return a figure of a table: three digits, or all before the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of a row as the pages show them, in the order of `HEAD`."""
    name = " ".join(filter(None, (row.package, row.version)))
    name += "" if row.how == MEASURED else f", {row.how}"
    spread = f"{figure(row.low)} to {figure(row.high)}" if row.runs > 1 else ""
    bar = "" if row.bar is None else f"{figure(row.bar)} {row.unit}"
    note = row.note
    if row.quiet is not None:
        note = "; ".join(filter(None, (f"{figure(row.quiet)} s by the yardstick", note)))
    ratio = "" if row.ratio is None else f"{figure(row.ratio)}x"
    return (
        row.task, name, figure(row.cpu), spread, figure(row.wall), figure(row.peak_mb), ratio,
        figure(row.one_pass), bar, row.met, row.numbers, note,
    )  # fmt: skip


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows, as they stand in the JSON, as the table of a page."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEAD)
    table.writerows(cells(Row(**row)) for row in rows)
    return out.getvalue()
