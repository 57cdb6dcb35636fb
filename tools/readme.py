"""Draw the figure of the README: the estimates of the study of one country, beside the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

import prevalence as pv
from prevalence import reproduce

TARGET = Path(__file__).resolve().parent.parent / "docs" / "_static" / "ladder.svg"


def main() -> int:
    """Run the study and write the figure; the same numbers give the same bytes."""
    done = reproduce.run("jamaica", skip=("figure", "slow", "results", "environment"))
    figure = pv.plot.ladder(done.names["comparison"], synthetic=True).get_figure(root=True)
    if figure is None:
        raise ValueError("the figure must hold its axes: found axes without one. Draw it again.")
    mpl.rcParams["svg.hashsalt"] = "readme"
    figure.set_facecolor("white")
    figure.savefig(TARGET, metadata={"Date": None})
    print(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
