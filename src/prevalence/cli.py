"""The command line: rerun a study, list the studies, measure coverage, make the data anew."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import datasets
from .errors import ConvergenceError

if TYPE_CHECKING:
    from .reproduce import Run

__all__ = ["main"]


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
    again.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another assumption, such as transmission=0.4; then it is no reproduction",
    )
    again.add_argument("--out", type=Path, help="folder of the report (build/STUDY)")
    again.add_argument("--record", action="store_true", help="commit the numbers of this run")
    again.set_defaults(do=_reproduce)
    cover = commands.add_parser("coverage", help="regenerate a country and count intervals")
    cover.add_argument("study")
    cover.add_argument("--seeds", type=int, default=200, help="countries, seeds 1 to N")
    cover.add_argument("--jobs", type=int, default=2, help="worker processes")
    cover.add_argument("--out", type=Path, help="file to write (the committed table)")
    cover.set_defaults(do=_coverage)
    made = commands.add_parser("data", help="make the synthetic data of a study anew")
    made.add_argument("study")
    made.add_argument("--seed", type=int, default=2026)
    made.add_argument("--out", type=Path, help="folder to write to (the committed one)")
    made.set_defaults(do=_data)
    return parser


def _reproduce(options: argparse.Namespace) -> int:
    if options.list or options.study is None:
        for name, line in datasets.studies().items():
            print(f"{name}: {line}")
        return 0
    from . import reproduce

    study = datasets.check(options.study)
    changed = dict(_assumption(text) for text in options.set)
    folder = _folder(options.out or Path("build") / study)
    target = folder / "report.html"
    done = reproduce.run(study, assumptions=changed, progress=reproduce.bar)
    if options.record and not changed:
        reproduce.record(study, done)
    _write_report(study, done, target)
    _table(done)
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
            f"set must give a number or a quoted text: found {text!r}. Write for example name=0.4."
        ) from None


def _folder(path: Path) -> Path:
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            raise ValueError(
                f"out must be a folder: {part.name!r} is a file. Name another folder with --out."
            )
    return path


def _table(done: Run) -> None:
    frame = done.names["comparison"].to_frame()
    print(f"\n{'SYNTHETIC DATA: no row is a real person':^78}\n")
    print(f"{'':42}{'estimate':>9}{'95 % interval':>19}{'truth':>8}")
    for _, row in frame.iterrows():
        floor = "read as a floor: " if row["kind"] == "floor" else ""
        interval = f"{row['conf_low']:,.0f} to {row['conf_high']:,.0f}"
        print(f"{row['name']:<42}{row['estimate']:>9,.0f}{interval:>19}{row['truth']:>8,.0f}")
        print(f"    {floor}{row['estimand']}")
    print()


def _verdict(study: str, done: Run, target: Path, changed: dict[str, Any]) -> int:
    from . import __version__, reproduce

    misses = (
        f"{done.missed} of {len(done.checks)} intervals miss their truth "
        f"({reproduce.expected_misses(len(done.checks))} expected)."
    )
    where = f"Data sha256 {datasets.digest(datasets.folder(study))[:16]}, version {__version__}, "
    where += f"{done.seconds:.0f} s. Open {target.as_posix()}"
    if changed:
        said = ", ".join(f"{k}={v!r}" for k, v in changed.items())
        print(f"NOT A REPRODUCTION: run with {said}. {misses} {where}")
        return 0
    stored = reproduce.committed(study)
    differences = reproduce.compare_numbers(done.numbers, stored["numbers"])
    total = len(stored["numbers"])
    if stored["data_sha256"] != datasets.digest(datasets.folder(study)):
        differences.insert(0, "the data files are not those of the committed numbers")
    if differences:
        print(
            f"FAIL {len(differences)} of {total} numbers differ. First: {differences[0]}. {where}"
        )
        return 1
    print(f"PASS {total} of {total} numbers equal. {misses} {where}")
    return 0


def _write_report(study: str, done: Run, target: Path) -> None:
    from .coverage import read_coverage
    from .reporting import report

    names = done.names
    target.parent.mkdir(parents=True, exist_ok=True)
    report(
        names["published"],
        path=target,
        title="A national study of child trafficking",
        study={"name": study, "weight_flow": names["weight_flow"], "lists": names["lists"]},
        checks=done.checks,
        coverage=read_coverage(study),
        synthetic=True,
        force=True,
    )


def _coverage(options: argparse.Namespace) -> int:
    from .coverage import coverage, coverage_path

    study = datasets.check(options.study)
    if options.seeds < 2:
        raise ValueError(f"seeds must be 2 or more: found {options.seeds}. Pass --seeds 200.")
    table = coverage(study, range(1, options.seeds + 1), n_jobs=options.jobs)
    path = options.out or coverage_path(study)
    table.to_csv(path, index=False, float_format="%.4g", lineterminator="\n")
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    return 0


def _data(options: argparse.Namespace) -> int:
    from . import simulate

    study = datasets.check(options.study)
    folder = _folder(options.out or datasets.folder(study))
    for name in simulate.jamaica(options.seed).write(folder):
        print(folder / name)
    return 0
