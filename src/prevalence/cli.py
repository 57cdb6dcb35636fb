"""The command line: rerun a study, list the studies, measure coverage, make the data anew."""

from __future__ import annotations

import argparse
import ast
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import datasets
from .errors import ConvergenceError
from .storage import target_of, write_whole

if TYPE_CHECKING:
    from .reproduce import Run

__all__ = ["main"]

FORCE = "replace files that exist"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.do(options))
    except (KeyError, ValueError, ConvergenceError, OSError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        print(f"prevalence: {text}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(
        prog="prevalence", description="Estimate the prevalence of hidden populations."
    )
    parser.add_argument("--version", action="version", version=f"prevalence {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    again = commands.add_parser("reproduce", help="rerun a synthetic study and check its numbers")
    again.add_argument("study", nargs="?", help="such as jamaica")
    again.add_argument("--list", action="store_true", help="name the studies")
    again.add_argument("--all", action="store_true", help="rerun every study")
    again.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another assumption, such as transmission=0.4; then it is no reproduction",
    )
    again.add_argument("--out", type=Path, help="folder of the report (build/STUDY)")
    again.add_argument("--record", action="store_true", help="commit the numbers of this run")
    again.add_argument("--force", action="store_true", help=FORCE)
    again.set_defaults(do=_reproduce)
    cover = commands.add_parser("coverage", help="regenerate a country and count intervals")
    cover.add_argument("study")
    cover.add_argument("--seeds", type=int, default=200, help="countries, seeds 1 to N")
    cover.add_argument("--jobs", type=int, default=2, help="worker processes")
    cover.add_argument("--out", type=Path, help="file to write (the committed table)")
    cover.add_argument("--force", action="store_true", help=FORCE)
    cover.set_defaults(do=_coverage)
    made = commands.add_parser("data", help="make the synthetic data of a country anew")
    made.add_argument("name", help="such as jamaica")
    made.add_argument("--seed", type=int, default=2026)
    made.add_argument("--out", type=Path, help="folder to write to (the committed one)")
    made.add_argument("--force", action="store_true", help=FORCE)
    made.set_defaults(do=_data)
    return parser


def _reproduce(options: argparse.Namespace) -> int:
    if options.all:
        if options.study or options.set or options.out:
            raise ValueError(
                "all must stand alone: found a study, --set or --out beside it. Name one study to "
                "change an assumption or the folder."
            )
        return max(_one(name, {}, Path("build") / name, options) for name in datasets.studies())
    if options.study is None and (options.set or options.out):
        raise ValueError(
            "set and out need a study: found none. Write for example reproduce jamaica --set "
            "transmission=0.4."
        )
    if options.list or options.study is None:
        for name, line in datasets.studies().items():
            print(f"{name}: {line}")
        return 0
    study = datasets.check(options.study)
    changed = dict(_assumption(text) for text in options.set)
    return _one(study, changed, options.out or Path("build") / study, options)


def _one(study: str, changed: dict[str, Any], out: Path, options: argparse.Namespace) -> int:
    from . import reproduce

    target = _new(_folder(out) / "report.html", options)
    done = reproduce.run(study, assumptions=changed, progress=reproduce.bar)
    if options.record and not changed:
        reproduce.record(study, done)
    _write_report(study, done, target)
    _table(study, done)
    return _verdict(study, done, target, changed)


def _assumption(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(
            f"set must be written NAME=VALUE: found {text!r}. Write for example transmission=0.4."
        )
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        raise ValueError(
            f"set must give a number, or a text within quotes: found {text!r}. Write for example "
            f"name=0.4, or in a shell, which takes one pair of quotes away, name=\"'text'\"."
        ) from None


def _folder(path: Path) -> Path:
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            raise ValueError(
                f"out must be a folder: {part.name!r} is a file. Name another folder with --out."
            )
    return path


def _new(target: Path, options: argparse.Namespace) -> Path:
    return target_of(target, overwrite=options.force, option="--force")


def _table(study: str, done: Run) -> None:
    frame = done.names["comparison"].to_frame()
    synthetic = done.names["page"].get("synthetic", True)
    print(f"\n{datasets.STUDIES[study].title}")
    print("SYNTHETIC DATA: no row is a real person\n" if synthetic else "")
    print(f"{'':42}{'estimate':>9}{'95 % interval':>19}{'truth':>8}")
    for _, row in frame.iterrows():
        floor = "read as a floor: " if row["kind"] == "floor" else ""
        low, high = _number(row["conf_low"], row["unit"]), _number(row["conf_high"], row["unit"])
        truth = _number(row.get("truth", float("nan")), row["unit"])
        domain = "" if row["domain"] == "all" else f", {row['domain']}"
        value = _number(row["estimate"], row["unit"])
        print(f"{row['name'] + domain:<42}{value:>9}{f'{low} to {high}':>19}{truth:>8}")
        print(f"    {floor}{row['estimand']}")
    print()


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    if unit == "count":
        return f"{value:,.0f}"
    return f"{100 * value:.2f} %" if unit == "proportion" else f"{value:.3g}"


def _verdict(study: str, done: Run, target: Path, changed: dict[str, Any]) -> int:
    from . import __version__, reproduce

    checks, digest = len(done.checks), datasets.study_digest(study)
    misses = (
        f"{done.missed} of {checks} intervals miss their truth "
        f"({reproduce.expected_misses(checks)} expected; those of one sample miss together). "
        if checks
        else ""
    )
    where = f"Data sha256 {digest[:16]}, " if digest else ""
    where += f"version {__version__}, {done.seconds:.0f} s. Open {target.as_posix()}"
    if changed:
        said = ", ".join(f"{k}={v!r}" for k, v in changed.items())
        print(f"NOT A REPRODUCTION: run with {said}. {misses}{where}")
        return 0
    total = len(reproduce.committed(study)["numbers"])
    wrong, redrawn = reproduce.differences(study, done)
    if wrong:
        print(f"FAIL {len(wrong)} of {total} numbers differ. First: {wrong[0]}. {where}")
        return 1
    others = ""
    if redrawn:
        others = (
            f"Differ: {len(redrawn)} by less than {100 * reproduce.REDRAWN:.0f} %, as resamples do "
            f"from one NumPy to another. First: {redrawn[0]}. "
        )
    print(f"PASS {total - len(redrawn)} of {total} numbers equal. {others}{misses}{where}")
    return 0


def _write_report(study: str, done: Run, target: Path) -> None:
    from .reporting import report

    target.parent.mkdir(parents=True, exist_ok=True)
    made = {
        "title": datasets.STUDIES[study].title,
        "checks": done.checks if len(done.checks) else None,
        "coverage": datasets.coverage(study) if datasets.coverage_path(study).is_file() else None,
        "synthetic": True,
    }
    report(done.names["published"], path=target, force=True, **{**made, **done.names["page"]})


def _coverage(options: argparse.Namespace) -> int:
    from .coverage import coverage

    study = datasets.check(options.study)
    if options.seeds < 2:
        raise ValueError(f"seeds must be 2 or more: found {options.seeds}. Pass --seeds 200.")
    if options.jobs < 1:
        raise ValueError(f"jobs must be 1 or more: found {options.jobs}. Pass --jobs 2.")
    path = _new(options.out or datasets.coverage_path(study), options)
    table = coverage(study, range(1, options.seeds + 1), n_jobs=options.jobs)
    write_whole(path, table.to_csv(index=False, float_format="%.4g", lineterminator="\n").encode())
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    return 0


def _data(options: argparse.Namespace) -> int:
    from .coverage import write

    folder = _folder(options.out or datasets.folder(options.name))
    datasets.folder(options.name)
    if options.seed < 0:
        raise ValueError(f"seed must be 0 or more: found {options.seed}. Pass --seed 2026.")
    with tempfile.TemporaryDirectory() as drawn:
        names = write(options.name, options.seed, drawn)
        for name in names:
            _new(folder / name, options)
        for name in names:
            print(write_whole(folder / name, (Path(drawn) / name).read_bytes()))
    return 0
