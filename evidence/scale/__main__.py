"""``python -m evidence.scale``: files larger than memory, one study on every backend, chains.

``python -m evidence.scale quick`` takes small files and writes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..claims import DOCS, Claim, put
from . import backends, chains, files

FIGURE = DOCS.parent / "_static" / "scale.svg"
COMMAND = "python -m evidence.scale"
AGREE, LINEAR = 1e-10, 1.1
COLOURS = {"duckdb": "#0072B2", "pyarrow": "#D55E00", "memory": "#009E73"}
MARKS = {"duckdb": "o", "pyarrow": "s", "memory": "^"}
WORDS = {
    "duckdb": "cells, by DuckDB",
    "pyarrow": "cells, by pyarrow",
    "memory": "all rows in memory",
}


def claims_of(table: pd.DataFrame, gaps: pd.DataFrame, bits: pd.DataFrame) -> list[Claim]:
    """Return what the tables promise."""
    merged = table[(table["way"] != "memory") & (table["replicate weights"] == 0)]
    largest = merged[merged["rows"] == merged["rows"].max()].set_index("way")
    peak = largest["peak memory, MB"]
    with_replicates = table[table["replicate weights"] > 0].set_index("way")
    slopes = {way: files.slope(table, way) for way in ("duckdb", "pyarrow")}
    worst = gaps["largest relative difference"].max()
    one_hash = bits["hash of all bits"].nunique()
    duck, whole = (with_replicates.loc[way].to_dict() for way in ("duckdb", "memory"))
    return [
        Claim(
            f"Shares, means and bootstrap by domain from a file of {merged['rows'].max():,} rows",
            "peak memory of at most 2,000 MB",
            f"{peak['duckdb']:,} MB by DuckDB, {peak['pyarrow']:,} MB by pyarrow",
            bool((peak <= 2_000).all()),
            "scale",
        ),
        Claim(
            "Cells of a file give the numbers of its rows in memory",
            f"relative difference of at most {AGREE:g}",
            f"{worst:.1e} in {gaps['numbers'].sum():,} numbers",
            bool(worst <= AGREE),
            "scale",
        ),
        Claim(
            "The cost of reading grows no faster than the rows, from one to ten million",
            f"log-log slope of at most {LINEAR}",
            ", ".join(f"{slope:.2f} by {way}" for way, slope in slopes.items()),
            bool(max(slopes.values()) <= LINEAR),
            "scale",
        ),
        Claim(
            f"{int(duck['rows']):,} rows with {int(duck['replicate weights'])} replicate weights, "
            "by DuckDB against memory",
            "less processor time and less memory",
            f"{duck['CPU s']:.1f} against {whole['CPU s']:.1f} CPU s, "
            f"{duck['peak memory, MB']:,.0f} against {whole['peak memory, MB']:,.0f} MB",
            bool(
                duck["CPU s"] < whole["CPU s"]
                and duck["peak memory, MB"] < whole["peak memory, MB"]
            ),
            "scale",
        ),
        Claim(
            f"One study on {len(bits)} backends: {', '.join(bits['backend'])}",
            "the same bits",
            f"{one_hash} hash of {int(bits['studies'].iloc[0])} studies "
            f"({bits['hash of all bits'].iloc[0]})",
            one_hash == 1,
            "scale",
        ),
    ]


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw processor time and peak memory over rows, both on log scales."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    plain = table[table["replicate weights"] == 0]
    settings: Any = {"svg.hashsalt": "scale", "svg.fonttype": "none", "font.size": 10}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        axes = figure.subplots(1, 2)
        for ax, column, words in (
            (axes[0], "CPU s", "processor time, seconds"),
            (axes[1], "peak memory, MB", "peak memory, MB"),
        ):
            for way, part in plain.groupby("way", sort=False):
                key = str(way)
                style: dict[str, Any] = {"color": COLOURS[key], "marker": MARKS[key]}
                ax.loglog(part["rows"], part[column], label=WORDS[key], **style)
            for axis in (ax.xaxis, ax.yaxis):  # plain numbers: powers of ten ask for other fonts
                axis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}")
                axis.set_minor_formatter("")
            ax.set_xlabel("rows of the file")
            ax.set_ylabel(words)
            ax.grid(visible=True, which="major", color="0.9")
            ax.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylim(min(0.1, plain["CPU s"].min() / 2), max(10, 2 * plain["CPU s"].max()))
        axes[1].set_ylim(100, max(4_000, 2 * plain["peak memory, MB"].max()))
        axes[1].axhline(2_000, color="0.4", linestyle="--", linewidth=1)
        axes[1].annotate("2,000 MB", (plain["rows"].min(), 2_150), color="0.3", fontsize=9)
        axes[0].legend(frameon=False, fontsize=9)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def main(argv: list[str]) -> int:
    quick = argv == ["quick"]
    if argv and not quick:
        print(__doc__)
        return 2
    bits = backends.measured(quick)
    print(bits.to_string(index=False), flush=True)
    table, gaps = files.measured(quick)
    print(table.to_string(index=False), gaps.to_string(index=False), sep="\n\n", flush=True)
    ways = chains.measured(quick)
    print(ways.to_string(index=False), flush=True)
    claims = claims_of(table, gaps, bits)
    if quick:
        bad = [claim for claim in claims if not claim.met and "replicate" not in claim.claim]
        print(*bad, sep="\n")
        return 1 if bad else 0
    table.to_csv(DOCS / "scale.csv", index=False, lineterminator="\n")
    gaps.to_csv(DOCS / "scale-agreement.csv", index=False, lineterminator="\n")
    bits.to_csv(DOCS / "scale-backends.csv", index=False, lineterminator="\n")
    ways.replace({np.nan: None}).to_csv(DOCS / "scale-chains.csv", index=False, lineterminator="\n")
    draw(table, FIGURE)
    return put(COMMAND, claims)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
