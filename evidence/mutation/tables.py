"""The tables of the mutation run: the score with its error, and every survivor with its reading."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

from evidence.claims import DOCS, Claim, put

from .faults import Fault
from .readings import reading
from .run import CONTROL, Plugin, Verdict

KILLED = ("killed", "time")
PROMISED = 0.85


def report(
    every: dict[str, list[Fault]],
    samples: dict[int, list[Fault]],
    plugin: Plugin,
    minutes: float,
) -> int:
    """Write the tables and the claims."""
    scores = {seed: _score(every, sample, plugin.verdicts) for seed, sample in samples.items()}
    _write("mutation-score.csv", [{"seed": seed, **row} for seed, row in scores.items()])
    survivors = [
        _row(seed, fault, plugin.verdicts[fault])
        for seed, sample in samples.items()
        for fault in sample
        if plugin.verdicts[fault].fate in ("survived", "unseen")
    ]
    _remember(plugin)
    order = list(every)
    survivors.sort(key=lambda r: (order.index(r["module"]), r["line"], r["before"], r["seed"]))
    _write("mutation.csv", survivors)
    unread = sum(not row["reading"] for row in survivors)
    controls = [v for f, v in plugin.verdicts.items() if f.kind == CONTROL]
    passed = sum(v.fate not in KILLED for v in controls)
    print(f"{minutes:.1f} minutes; {unread} survivors without a reading")
    claims = [
        Claim(
            f"Mutation score of layer 0, seed {seed}",
            f"at least {PROMISED:.0%}",
            f"{row['score']} % of {row['faults']} faults killed, standard error {row['error']}, "
            f"lower 95 % limit {row['lower']} %",
            float(row["score"]) >= 100 * PROMISED,
            "mutation",
        )
        for seed, row in scores.items()
    ]
    claims.append(
        Claim(
            "Survivors of the mutation run have been read",
            "all",
            f"{len(survivors) - unread} of {len(survivors)}",
            unread == 0,
            "mutation",
        )
    )
    claims.append(
        Claim(
            "Without a fault the same tests pass",
            "all",
            f"{passed} of {len(controls)} controls",
            passed == len(controls),
            "mutation",
        )
    )
    return put("python -m evidence.mutation", claims)


def _remember(plugin: Plugin) -> None:
    """Write what became of every fault beside the lines, for the next run and for reading."""
    path = plugin.cover.with_name("verdicts.csv")
    kept = dict(plugin.found)
    for fault, verdict in plugin.verdicts.items():
        if fault.kind != CONTROL:
            kept[fault.key] = verdict
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((*key, *verdict) for key, verdict in kept.items())


def found_before(cover: Path) -> dict[tuple[str, ...], Verdict]:
    """Return the faults that the last run found, by their keys."""
    path = cover.with_name("verdicts.csv")
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[6] == "killed"]
    return {tuple(r[:6]): Verdict(r[6], r[7], int(r[8]), float(r[9])) for r in rows}


def _score(
    every: dict[str, list[Fault]], sample: list[Fault], verdicts: dict[Fault, Verdict]
) -> dict[str, Any]:
    """Return the score of one sample, each module by its share of all faults."""
    whole = sum(map(len, every.values()))
    score = variance = 0.0
    for module, found in every.items():
        fates = [verdicts[f].fate for f in sample if f.module == module]
        tried = [fate for fate in fates if fate != "unfit"]
        if not tried:
            continue
        share, n = len(found) / whole, len(tried)
        killed = sum(fate in KILLED for fate in tried)
        score += share * killed / n
        smooth = (killed + 1) / (n + 2)  # a module without survivors is not without error
        variance += share**2 * smooth * (1 - smooth) / n
    of_all = Counter(verdicts[f].fate for f in sample)
    every_tried = len(sample) - of_all["unfit"]
    return {
        "faults": every_tried,
        "killed": of_all["killed"],
        "over time": of_all["time"],
        "survived": of_all["survived"],
        "run by no test": of_all["unseen"],
        "could not be put in": of_all["unfit"],
        "score": f"{100 * score:.1f}",
        "error": f"{100 * math.sqrt(variance):.1f}",
        "lower": f"{100 * (score - 1.96 * math.sqrt(variance)):.1f}",
    }


def _row(seed: int, fault: Fault, verdict: Verdict) -> dict[str, Any]:
    return {
        "seed": seed,
        "module": fault.module,
        "line": fault.line,
        "function": fault.function,
        "kind": fault.kind,
        "before": fault.before,
        "after": fault.after,
        "turn": fault.turn,
        "tests": verdict.tests,
        "reading": reading(fault),
    }


def _write(name: str, rows: list[dict[str, Any]]) -> None:
    with (DOCS / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]) if rows else ["seed"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
