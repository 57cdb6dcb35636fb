"""What every test shares: the reference values beside the clone, and how many examples Hypothesis tries."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
ORACLE = ROOT.parent / "shared" / "oracle"

mpl.use("Agg")

# The same examples in every run, without a clock: a red test can be run again.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile(
    "extended",
    parent=settings.get_profile("ci"),
    derandomize=False,
    max_examples=1_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("extended" if os.environ.get("PREVALENCE_EXTENDED_TESTS") == "1" else "ci")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def oracle() -> Path:
    """Return the folder of reference values whose data cannot be part of the repository.

    A test that asks for it is skipped where the folder is absent, and fails there when
    ``PREVALENCE_REQUIRE_ORACLE=1`` says that it must not be.
    """
    if not ORACLE.is_dir():
        absent = "no ../shared/oracle beside the clone: its data cannot be part of the repository"
        if os.environ.get("PREVALENCE_REQUIRE_ORACLE") == "1":
            pytest.fail(absent + ", and PREVALENCE_REQUIRE_ORACLE=1 asks for it")
        pytest.skip(absent)
    return ORACLE


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests out of every later search for garbage: a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests put down with `record_property("table", ...)`."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, text in getattr(report, "user_properties", []):
            if name == "table" and report.when == "call":
                terminalreporter.write_line(f"\n{text}")
