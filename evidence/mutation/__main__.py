"""Mutation score of layer 0, by a random sample of faults: ``make mutation``.

``python -m evidence.mutation [--faults 600] [--seeds 1 2] [--keep]`` collects the tests that are not
slow, runs them once to learn which test runs which line, puts the faults of each seed's sample into
the code one at a time, and writes ``docs/evidence/mutation.csv`` (every survivor, and how it reads)
and ``mutation-score.csv``. ``--keep`` goes on from the last run: it learns the lines of new tests
alone, and does not try again what has been found by a test that is still there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import pytest

from evidence.claims import ROOT

from .faults import Fault, faults
from .run import CONTROL, Plugin
from .sample import drawn, layer_zero
from .tables import found_before, report

COVER = ROOT / "build" / "mutation" / "lines.json"
LEFT_OUT = (  # they take long, or run the whole library to look at a page
    "tests/simulation",
    "tests/notebooks",
    "tests/readers",
    "tests/crosscheck",
    "tests/test_docs_pages.py",
    "tests/test_report_browser.py",
    "tests/test_repository.py",
)
OPTIONS = (
    "--import-mode=importlib",
    "--doctest-modules",
    "-m=not slow and not proof",
    "-pno:cacheprovider",
    "-pno:xdist",
    "-pno:randomly",
    "-q",
    "-s",
    "--no-header",
    "--no-summary",
    "--tb=no",
)
CONTROLS = 20


def main(words: list[str]) -> int:
    """Draw, run, and write the tables; return 1 where a claim is not met."""
    parser = argparse.ArgumentParser(prog="python -m evidence.mutation")
    parser.add_argument("--faults", type=int, default=600)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", nargs="+", default=[], help="modules, for looking closer")
    parser.add_argument("--tests", nargs="+", default=["tests", "src"], help="folders or files")
    asked = parser.parse_args(words)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.pop("PREVALENCE_EXTENDED_TESTS", None)
    began = time.perf_counter()
    paths = layer_zero(ROOT)
    every = {
        name: faults(path, name)
        for name, path in paths.items()
        if not asked.only or name in asked.only
    }
    samples = {seed: drawn(every, asked.faults, seed) for seed in asked.seeds}
    first = samples[asked.seeds[0]]
    controls = [f._replace(kind=CONTROL) for f in first[:: max(1, len(first) // CONTROLS)]]

    def wanted() -> list[Fault]:
        return [*controls, *(fault for sample in samples.values() for fault in sample)]

    plugin = Plugin(paths, wanted, COVER, asked.keep)
    if asked.keep:
        plugin.found = found_before(COVER)
    ignored = [f"--ignore={ROOT / name}" for name in LEFT_OUT]
    pytest.main(
        ["-o", "addopts=", *OPTIONS, *ignored, *asked.tests],
        plugins=[plugin],
    )
    if set(wanted()) - set(plugin.verdicts):
        print("not every fault was tried: see what pytest says above")
        return 2
    return report(every, samples, plugin, (time.perf_counter() - began) / 60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
