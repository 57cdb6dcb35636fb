"""What the benches found: `docs/evidence/speed.json`, the tables of the pages, and the claims.

The JSON has one entry for each family of tasks, with its date, and for growth; machine and versions
stand beside each, since one family can be run alone.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from evidence.claims import DOCS, Claim
from evidence.claims import put as claimed

from . import growth_figure
from .machine import facts
from .table import FAILED, OTHER, as_csv, figure

FILE = DOCS / "speed.json"
TABLES = {
    "surveys": "speed.csv",
    "network": "network-speed.csv",
    "mse": "mse-speed.csv",
    "measurement": "measurement-speed.csv",
}
PAGES = "speed"


def read() -> dict[str, Any]:
    """Return what was found last."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def put(family: str, rows: list[dict[str, Any]]) -> None:
    """Keep the rows of one family in the place of the former ones."""
    found = read()
    today = dt.datetime.now(dt.UTC).date().isoformat()
    found[family] = {"date": today, "machine": facts(), "rows": rows}
    order = [name for name in (*TABLES, "growth") if name in found]
    text = json.dumps({name: found[name] for name in order}, indent=1, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8")


def publish() -> int:
    """Write the tables and the figure, tell the claims, and return the exit status."""
    found = read()
    for family, name in TABLES.items():
        if family in found:
            (DOCS / name).write_text(as_csv(found[family]["rows"]), encoding="utf-8")
    if "growth" in found:
        rows = found["growth"]["rows"]
        (DOCS / "growth.csv").write_text(growth_figure.as_csv(rows), encoding="utf-8")
        growth_figure.draw(rows, DOCS.parent / "_static" / "growth.svg")
    (DOCS / "speed-machine.csv").write_text(machine_csv(found), encoding="utf-8")
    return claimed("python -m benchmarks", claims(found))


def machine_csv(found: dict[str, Any]) -> str:
    """Return the table of machines and versions, a line for each family."""
    lines = ["family,date,machine,Python,NumPy and BLAS,R"]
    for family, part in found.items():
        m = part["machine"]
        lines.append(
            f"{family},{part['date']},{m['cpu']} ({m['cores']} cores),{m['python']},"
            f"{m['numpy']} with {m['blas']} ({m['blas_threads']} thread),{m['r'].get('R', 'none')}"
        )
    return "\n".join(lines) + "\n"


def claims(found: dict[str, Any]) -> list[Claim]:
    """Return what is promised of speed, memory and growth, and what was found."""
    rows = [row for family in TABLES if family in found for row in found[family]["rows"]]
    out = [_bars(rows), _agreement(rows), _memory(rows)]
    if "growth" in found:
        out.append(_slopes(found["growth"]["rows"]))
    return out


def _bars(rows: list[dict[str, Any]]) -> Claim:
    held = [row for row in rows if "met" in row and row["unit"] != "times the input"]
    missed = [row for row in held if row["met"] != "yes"]
    words = f"{len(held) - len(missed)} of {len(held)} bars met"
    words += "".join(f"; missed: {row['task']} ({row['package']})" for row in missed)
    return Claim("Speed against every peer", "every bar", words, not missed, PAGES)


def _agreement(rows: list[dict[str, Any]]) -> Claim:
    compared = [row for row in rows if not row.get("numbers", FAILED).startswith(FAILED)]
    listed = [row for row in compared if row["numbers"].startswith("listed")]
    other = [row for row in compared if row["numbers"] == OTHER]
    words = (
        f"{len(compared) - len(listed) - len(other)} of {len(compared)} comparisons agree, "
        f"{len(listed)} differ for a listed reason"
    )
    words += "".join(f"; unexplained: {row['task']} ({row['package']})" for row in other)
    name = "Same numbers as every peer"
    return Claim(name, "the same, or a listed reason", words, bool(compared) and not other, PAGES)


def _memory(rows: list[dict[str, Any]]) -> Claim:
    held = [row for row in rows if row.get("unit") == "times the input"]
    most = max((float(row["note"].split()[0]) for row in held), default=float("nan"))
    met = bool(held) and all(row["met"] == "yes" for row in held)
    words = f"at most {most:.2f} times in {len(held)} tasks"
    for row in rows:
        if row.get("unit") == "MB in all":
            words += f"; not where every row is a unit: {row['note'].split()[0]} times"
    name = "Peak memory of estimates by design, samples of clusters"
    return Claim(name, "at most 3 times the input", words, met, PAGES)


def _slopes(rows: list[dict[str, Any]]) -> Claim:
    held = [row for row in rows if row["bar"] is not None]
    worst = max(held, key=lambda row: max(row["slope"], row["top"]) - row["bar"])
    met = all(row["met"] == "yes" for row in held)
    good = sum(row["met"] == "yes" for row in held)
    words = f"{good} of {len(held)} slopes; steepest at the top {figure(worst['top'])} ({worst['task']})"
    promise = "log-log slope at most 1.1 where linear, 0.2 where flat"
    return Claim("Growth of cost", promise, words, met, PAGES)
