"""Run a study's notebook as a plain script and compare every number with the committed ones."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import math
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import datasets
from .errors import PrevalenceWarning, nearest
from .estimate import Estimate
from .synthesis import Comparison

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "compare_numbers", "run"]

TOLERANCE = 1e-9
ROUNDING = 1e-12  # what is 0 but for rounding, as the gap of a margin that is met, is so by machine
#: A limit from 1,000 resamples of a large table: NumPy 2.4 and 2.5 round a draw now and then to the
#: next number, and all later draws differ. Two such limits differed by up to .4 %.
REDRAWN = 0.02
RESAMPLED = (" std_error", " conf_low", " conf_high")  # what such draws may move: never an estimate
MARK = re.compile(r"^# %%\s*(\[markdown\])?\s*([^{]*?)\s*(\{.*\})?\s*$")
Progress = Callable[[int, int, str], None]
Shown = Callable[[Any], str]


@dataclass(frozen=True)
class Cell:
    """One code cell: its title, its tags, its text and the line where it begins."""

    title: str
    tags: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Said:
    """What a cell said: what it printed, what its last line is, and its warnings."""

    cell: Cell
    printed: str
    shown: str
    warned: tuple[str, ...]


@dataclass
class Run:
    """What a study left: its names, the numbers in its results, and the time it took."""

    names: dict[str, Any]
    numbers: dict[str, float]
    seconds: float
    assumptions: dict[str, Any] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    @property
    def checked(self) -> pd.DataFrame:
        """Return every estimate that has a truth; none where a study has no truth."""
        import pandas as pd

        found: Comparison | tuple[Comparison, ...] = self.names.get("checked", ())
        every = (found,) if isinstance(found, Comparison) else found
        columns = ["name", "domain", "estimate", "truth", "covers"]
        frames = [comparison.to_frame() for comparison in every]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    @property
    def checks(self) -> pd.DataFrame:
        """Return every interval that claims to hold its truth."""
        frame = self.checked
        return frame[frame["covers"].notna()].reset_index(drop=True)

    @property
    def missed(self) -> int:
        """Number of intervals that miss their truth."""
        return int((~self.checks["covers"].astype(bool)).sum())


def cells(path: Path) -> Iterator[Cell]:
    """Split a py:percent source into its code cells."""
    title, tags, kind, start, held = "", (), "code", 1, list[str]()
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), "# %%"], 1):
        found = MARK.match(line)
        if found is None:
            held.append(line)
            continue
        if kind == "code" and any(x.strip() and not x.startswith("#") for x in held):
            yield Cell(title, tags, "\n".join(held), start)
        options = json.loads(found[3]) if found[3] else {}
        title, tags = found[2], tuple(options.get("tags", ()))
        kind, start, held = ("markdown" if found[1] else "code"), number + 1, []


def run(
    study: str,
    *,
    assumptions: Mapping[str, Any] | None = None,
    skip: tuple[str, ...] = (),
    progress: Progress | None = None,
    shown: Shown | None = None,
) -> Run:
    """Execute the cells of a study's source in one namespace, with parameters set anew.

    `shown` turns what the last line of a cell is into text; without it nothing is kept of it.
    """
    source = datasets.source(study)
    every = [cell for cell in cells(source) if not set(cell.tags) & set(skip)]
    names: dict[str, Any] = {"__name__": f"study_{study}"}
    said: list[Said] = []
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:  # filters that a cell sets last, as there
        warnings.simplefilter("error")
        warnings.simplefilter("default", PrevalenceWarning)
        for position, cell in enumerate(every, 1):
            if progress is not None:
                progress(position, len(every), cell.title)
            before = set(names)
            said.append(_execute(cell, source, names, shown, caught))
            if "parameters" in cell.tags:
                _set(names, dict(assumptions or {}), sorted(set(names) - before - {"__builtins__"}))
    return Run(
        names,
        dict(_numbers(names.get("results", {}))),
        time.perf_counter() - began,
        dict(assumptions or {}),
        said,
    )


def _execute(
    cell: Cell,
    source: Path,
    names: dict[str, Any],
    shown: Shown | None,
    caught: Sequence[warnings.WarningMessage],
) -> Said:
    """Execute a cell as a notebook does: the value of a last expression is shown.

    Warnings of the library stay in its results; they and what is printed are kept, not shown.
    """
    tree = ast.parse("\n" * (cell.line - 1) + cell.text, filename=str(source))
    final = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, text, before = io.StringIO(), "", len(caught)
    names.pop("__warningregistry__", None)  # each cell warns anew, as in a notebook
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, str(source), "exec"), names)  # noqa: S102 - our own source
        if isinstance(final, ast.Expr):
            code = compile(ast.Expression(final.value), str(source), "eval")
            value = eval(code, names)  # noqa: S307 - our own source
            text = shown(value) if shown and value is not None else ""
    return Said(cell, printed.getvalue(), text, tuple(str(w.message) for w in caught[before:]))


def _set(names: dict[str, Any], assumptions: dict[str, Any], parameters: list[str]) -> None:
    for name, value in assumptions.items():
        if name not in parameters:
            raise KeyError(
                f"set must name a parameter of the study: {name!r} is not one."
                f"{nearest(name, parameters)}"
            )
        names[name] = value


def _numbers(results: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield every number of the results with a name."""
    import pandas as pd

    for name, item in results.items():
        frame = item.to_frame() if isinstance(item, (Estimate, Comparison)) else item
        if not isinstance(frame, pd.DataFrame):
            yield name, float(frame)
            continue
        for row, (_, values) in enumerate(frame.iterrows()):
            for column, value in values.items():
                if isinstance(value, (bool, np.bool_)) or not isinstance(
                    value, (int, float, np.integer, np.floating)
                ):
                    continue
                yield f"{name} [{row}] {column}", float(value)


def compare_numbers(
    found: Mapping[str, float], committed: Mapping[str, float | None], tolerance: float = TOLERANCE
) -> list[str]:
    """Return one line per number that differs from the committed one, or has no counterpart."""
    out = [f"{name}: not computed" for name in committed if name not in found]
    for name, value in found.items():
        if name not in committed:
            out.append(f"{name}: not among the committed numbers")
            continue
        stored = committed[name]
        wanted = math.nan if stored is None else float(stored)
        same = (math.isnan(value) and math.isnan(wanted)) or value == wanted
        if not same and not math.isclose(value, wanted, rel_tol=tolerance, abs_tol=ROUNDING):
            out.append(f"{name}: {value!r} where {wanted!r} is committed")
    return out


def differences(study: str, done: Run) -> tuple[list[str], list[str]]:
    """Return what differs from the committed numbers, and what another NumPy may have drawn anew."""
    stored = committed(study)
    every = compare_numbers(done.numbers, stored["numbers"])
    if stored["data_sha256"] != datasets.study_digest(study):
        return ["the data files are not those of the committed numbers", *every], []
    if stored["numpy"] == np.__version__:
        return every, []
    far = set(compare_numbers(done.numbers, stored["numbers"], REDRAWN))
    redrawn = [x for x in every if x not in far and x.partition(":")[0].endswith(RESAMPLED)]
    return [line for line in every if line not in redrawn], redrawn


def results_path(study: str) -> Path:
    """Return the file with the committed numbers of a study."""
    return datasets.source(study).with_suffix(".results.json")


def committed(study: str) -> dict[str, Any]:
    """Return the committed numbers of a study and what they were made of."""
    return dict(json.loads(results_path(study).read_text(encoding="utf-8")))


def record(study: str, done: Run) -> Path:
    """Write the numbers of a run as the committed ones."""
    stored = {
        "study": study,
        "data_sha256": datasets.study_digest(study),
        "numpy": np.__version__,
        "numbers": {k: None if math.isnan(v) else v for k, v in done.numbers.items()},
    }
    path = results_path(study)
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def expected_misses(count: int, level: float = 0.95) -> int:
    """Return how many of so many intervals should miss their truth."""
    return round(count * (1 - level))


def bar(position: int, total: int, title: str) -> None:
    """Show progress on a terminal, in place, and nothing elsewhere."""
    if not sys.stderr.isatty():
        return
    end = "\n" if position == total else ""
    sys.stderr.write(f"\r\x1b[2K[{position:2d}/{total}] {title[:60]}{end}")
    sys.stderr.flush()
