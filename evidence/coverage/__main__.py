"""One table of all studies of coverage: ``python -m evidence.coverage``.

It gathers the committed tables and draws nothing: each study has a command of its own. It writes
`docs/evidence/coverage-all.csv`, a summary by family and the lines that do not hold, and fails where a
registered estimator has no cell in which its assumptions hold, or such a cell is outside 93 to 97 %.
"""

from __future__ import annotations

import sys

import pandas as pd

from evidence.claims import DOCS, Claim, put

from .gather import gather, kind

LEAST, MOST, FEW = (
    93.0,
    97.0,
    1_000,
)  # per cent; samples below which two Monte Carlo errors are let go


def outside(table: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that should hold, and do not."""
    slack = 2 * table["coverage_mc"].where(table["samples"] < FEW, 0.0)
    kinds, coverage = table["holds"].map(kind), table["coverage"]
    low = coverage < LEAST - slack.where(kinds == "yes", 2 * table["coverage_mc"])
    high = coverage > MOST + slack
    return table[((kinds == "yes") & (low | high)) | ((kinds == "rare") & low)]


def families(table: pd.DataFrame) -> pd.DataFrame:
    """Return one line per family: how many cells of each kind, and how far they reach."""
    kinds = table["holds"].map(kind)
    out = []
    dotted = table["estimator"].str.contains(r"\.", regex=True)
    words = table["study"].map({"studies": "whole studies"}).fillna("imputations")
    family_of = table["estimator"].str.partition(".")[0].where(dotted, words)
    for family, some in table.groupby(family_of):
        of = kinds[some.index]
        holds = some.loc[of == "yes", "coverage"]
        line = {
            "family": family,
            "estimators": some.loc[of == "yes", "estimator"].nunique(),
            "cells that hold": len(holds),
            "within 93 to 97 %": int(holds.between(LEAST, MOST).sum()),
            "lowest": holds.min(),
            "median": holds.median(),
            "highest": holds.max(),
        }
        for name in ("rare", "after selection", "violation"):
            found = some.loc[of == name, "coverage"]
            line[f"{name}: cells"], line[f"{name}: lowest"] = len(found), found.min()
        out.append(line)
    return pd.DataFrame(out).round(1)


def exceptions(table: pd.DataFrame) -> pd.DataFrame:
    """Return one line per estimator and reason for which a cell need not hold."""
    some = table[table["holds"] != "yes"]
    found = some.groupby(["holds", "estimator", "study"], sort=True)["coverage"]
    out = found.agg(cells="size", lowest="min", highest="max").reset_index()
    return out.rename(columns={"holds": "why"}).round(1)


def weakest(table: pd.DataFrame) -> pd.DataFrame:
    """Return, of each registered estimator, the cells that hold with the least and the most."""
    holds = table[table["holds"] == "yes"]
    groups = holds.groupby("estimator")["coverage"]
    every: pd.DataFrame = holds.loc[pd.concat([groups.idxmin(), groups.idxmax()]).drop_duplicates()]
    columns = ["estimator", "cell", "samples", "bias", "rmse", "se_ratio", "coverage", "coverage_mc", "left", "right"]  # fmt: skip
    return every.sort_values(["estimator", "coverage"])[columns].reset_index(drop=True)


def claims(table: pd.DataFrame) -> list[Claim]:
    """Return what the gathered table shows."""
    from prevalence.registry import registered

    holds, bad = table[table["holds"] == "yes"], outside(table)
    names = set(registered())
    many, few = (holds[(holds["samples"] >= FEW) == enough] for enough in (True, False))
    met = names & set(holds["estimator"])
    choose = (
        names & set(table.loc[table["holds"].map(kind) == "after selection", "estimator"]) - met
    )
    wrong, rare = bad[bad["holds"] == "yes"], table[table["holds"].map(kind) == "rare"]
    return [
        Claim(
            "Every registered estimator has cells in which its assumptions hold",
            f"{len(names)} of {len(names)}, but for those that choose a model",
            f"{len(met)} of {len(names)}, {len(holds):,} cells; {', '.join(sorted(choose))} have cells after "
            "selection", met | choose == names, "coverage",
        ),
        Claim(
            "95 % intervals hold the truth where the assumptions hold",
            "93 to 97 % in every cell",
            f"{many['coverage'].min():.1f} to {many['coverage'].max():.1f} % in {len(many):,} cells of {FEW:,} "
            f"samples or more, {len(wrong)} outside; {few['coverage'].min():.1f} to "
            f"{few['coverage'].max():.1f} % in {len(few)} of fewer, within two Monte Carlo errors",
            wrong.empty, "coverage",
        ),
        Claim(
            "Intervals of rare outcomes keep their own bar",
            "93 % or more", f"lowest {rare['coverage'].min():.1f} % of {len(rare):,} cells",
            len(bad) == len(wrong), "coverage",
        ),
    ]  # fmt: skip


def main() -> int:
    """Write the tables and state the claims."""
    table = gather()
    table.to_csv(DOCS / "coverage-all.csv", index=False)
    for name, made in (("families", families), ("exceptions", exceptions), ("extremes", weakest)):
        made(table).to_csv(DOCS / f"coverage-{name}.csv", index=False)
    print(families(table).to_string(index=False))
    bad = outside(table)
    if len(bad):
        columns = [
            "estimator",
            "cell",
            "holds",
            "samples",
            "bias",
            "se_ratio",
            "coverage",
            "coverage_mc",
        ]
        print(bad[columns].to_string(index=False))
    return put("python -m evidence.coverage", claims(table))


if __name__ == "__main__":
    sys.exit(main())
