"""Every estimator on rows that stand for three persons: the numbers of the persons, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.merged import Merged
from prevalence.registry import Entry, registered

SURVEYS = {
    name: entry
    for name, entry in registered(variants=True).items()
    if isinstance(entry.example().sample(entry.example().data), pv.Survey)
}
TAKE_CELLS = {"direct.total", "direct.mean", "direct.ratio", "direct.prevalence"}
TAKE_CELLS |= {"direct.proportions", "direct.counts"}


def both(entry: Entry) -> tuple[Any, Any]:
    """Return a survey of rows that each stand for three, and one of the three times as many."""
    made = entry.example()
    few = made.sample(made.data)
    cells = few._replace(merged=Merged(3 * few.n, np.full(few.n, 3.0), np.full(few.n, 1 / 3), {}))
    data = {name: np.repeat(np.asarray(column), 3) for name, column in made.data.items()}
    data[made.weight] = data[made.weight] / 3
    return cells, made.sample(data)


@pytest.mark.parametrize("name", SURVEYS)
def test_cells_have_the_numbers_of_their_persons_or_are_refused(name: str) -> None:
    entry = SURVEYS[name]
    arguments = entry.example().arguments
    if name.split(",", maxsplit=1)[0] not in TAKE_CELLS:
        made = entry.example()
        few = made.sample(made.data)
        cells = few._replace(merged=Merged(3 * few.n, np.full(few.n, 3.0), np.ones(few.n), {}))
        with pytest.raises(ValueError, match="survey must have one row for each person for"):
            entry.function(cells, **arguments)
        return
    cells, people = both(entry)
    found, wanted = (entry.function(s, **arguments) for s in (cells, people))
    for column in found.to_frame().select_dtypes("number").columns:
        one, two = (np.asarray(e.to_frame()[column], dtype=float) for e in (found, wanted))
        np.testing.assert_allclose(one, two, rtol=1e-10, err_msg=column)


def test_all_that_take_cells_are_registered() -> None:
    assert set(SURVEYS) >= TAKE_CELLS
