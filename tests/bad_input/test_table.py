"""Every row of the table of bad inputs has its answer, and the page shows the table as it is."""

from __future__ import annotations

import pytest

from .asked import Case, answered
from .table import WAITING, table

CASES = {f"{row.number} {name}": case for row in table() for name, case in row.cases.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_comes_back_is_what_the_table_wants(case: Case) -> None:
    assert answered(case).message


def test_no_row_is_left_out() -> None:
    numbers = [int(row.number) for row in table()]
    assert sorted([*numbers, *WAITING]) == list(range(1, 45))
    assert all(row.cases for row in table())
