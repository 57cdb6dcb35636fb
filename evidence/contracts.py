"""Every registered estimator, and every variant of its rules, held to every contract.

``python -m evidence.contracts`` runs the checks of the tests themselves and writes
`docs/evidence/contracts.csv`: a row for each estimator, a column for each contract, with "met" where
its check has just passed. What does not apply is listed with its reason in
`contracts-not-asked.csv`, and the contracts in words in `contracts-promises.csv`.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Iterable

from prevalence.registry import Entry, registered
from tests.contract.checks import CONTRACTS, applies

from .claims import DOCS, Claim, put

COMMAND = "python -m evidence.contracts"
TABLE, REASONS, PROMISES = "contracts.csv", "contracts-not-asked.csv", "contracts-promises.csv"
HEAD = ("estimator", *CONTRACTS)


def main() -> int:
    """Run every contract of every estimator and write what was found."""
    entries = registered(variants=True)
    rows = [(name, *(outcome(entry, contract) for contract in CONTRACTS))
            for name, entry in entries.items()]  # fmt: skip
    write(TABLE, HEAD, rows)
    reasons = not_asked(entries)
    write(REASONS, ("estimator", "contract", "why it is not asked"), reasons)
    write(PROMISES, ("contract", "what is tried"), [(n, c.promise) for n, c in CONTRACTS.items()])
    found = [cell for row in rows for cell in row[1:]]
    failed = [f"{row[0]}: {c}" for row in rows for c, cell in zip(CONTRACTS, row[1:], strict=True)
              if cell.startswith("NO")]  # fmt: skip
    for failure in failed:
        print(f"  fails {failure}")
    return put(COMMAND, claims(len(rows), found, len(reasons), len(failed)))


def outcome(entry: Entry, contract: str) -> str:
    """Run one check: "met", "-" where it is not asked, or "NO" with the kind of the failure."""
    if applies(entry, contract):
        return "-"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            CONTRACTS[contract].check(entry)
        except Exception as failure:  # noqa: BLE001 - any failure is a row of the table
            return f"NO: {type(failure).__name__}"
    return "met"


def not_asked(entries: dict[str, Entry]) -> list[tuple[str, str, str]]:
    """Return estimator, contract and reason of every contract that does not apply."""
    reasons = ((name, c, applies(entry, c)) for name, entry in entries.items() for c in CONTRACTS)
    return [(name, contract, reason) for name, contract, reason in reasons if reason]


def claims(estimators: int, found: list[str], reasons: int, failed: int) -> list[Claim]:
    """Return what is promised of the table."""
    met = found.count("met")
    return [
        Claim(
            f"{estimators} registered estimators and variants meet every contract they can be asked",
            f"{met + failed} of {met + failed}",
            f"{met} of {met + failed}",
            failed == 0 and met > 0,
            "contracts",
        ),
        Claim(
            "every contract that is not asked of an estimator has its reason",
            f"{found.count('-')} reasons",
            f"{reasons} reasons",
            reasons == found.count("-"),
            "contracts",
        ),
    ]


def write(name: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write one table of the evidence."""
    with (DOCS / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
