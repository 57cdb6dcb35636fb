"""How often intervals of lists hold the truth, estimator by estimator: ``python -m evidence.coverage.estimators``.

Every registered estimator of lists, networks, instruments and hidden answers that the other studies
leave out is called on samples of populations whose truth is known, 2,000 of each kind where that is
cheap. The table goes to `docs/evidence/estimators-coverage.csv`; ``--quick`` draws 100 and writes nothing.
"""

from __future__ import annotations

from .hidden_made import cells as hidden
from .lists_made import cells as lists
from .many import Cell, command
from .networks_made import cells as networks
from .persons_made import cells as persons

SEED = 20_270_110


def cells() -> list[Cell]:
    """Return all cells."""
    return [*persons(), *lists(), *networks(), *hidden()]


if __name__ == "__main__":
    command("evidence.coverage.estimators", "estimators-coverage.csv")
