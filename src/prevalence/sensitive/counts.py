"""Answers to lists: counts of items and which list was read, checked against the design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..direct.outcomes import incomplete
from ..errors import check_rows, one_of, whole
from ..evaluate import Domains
from ..survey import Survey

__all__ = ["OneList", "checked_list", "read_columns"]

Array = NDArray[Any]


def read_columns(
    survey: Survey, named: Sequence[tuple[str, str]], missing: str, domains: Domains
) -> tuple[list[Array], Array, Array]:
    """Return columns, named as (argument, column), which rows are kept, and the counts missing.

    A row is kept, 1.0, where it takes part in a domain with weight and answers every column; the
    others hold 0 in every column. The counts missing are those of rows that take part, by domain.
    """
    one_of("missing", missing, ["error", "drop"])
    columns = [survey.table.numeric(name, argument) for argument, name in named]
    inside = domains.take_part(survey)
    kept = inside.copy()
    for (argument, name), column in zip(named, columns, strict=True):
        gone = np.isnan(column) & inside
        if gone.any() and missing == "error":
            raise incomplete(argument, name, gone, inside)
        bad = np.isinf(column) & inside
        check_rows(argument, f"finite in {name!r}", column, bad, "Correct them.")
        kept &= ~gone
    lost = np.bincount(domains.of_rows(survey.n)[inside & ~kept], minlength=domains.count)
    return [np.where(kept, column, 0.0) for column in columns], kept.astype(float), lost


@dataclass(frozen=True, eq=False)
class OneList:
    """Counts of one list experiment, checked: 0 in all of its arrays where a row is not kept.

    `long` and `short` are 1 for kept rows that were read the list with and without the sensitive
    item. `items` is J, the items of the short list; `told` whether it was given.
    """

    count: Array
    long: Array
    short: Array
    items: int
    told: bool


def checked_list(
    count: Array,
    treatment: Array,
    kept: Array,
    items: int | None,
    *,
    names: tuple[str, str],
) -> OneList:
    """Check counts and treatment of the rows that are kept; `names` are those of their columns."""
    used = kept > 0
    check_rows(
        "treatment",
        f"0 or 1 in {names[1]!r}",
        treatment,
        used & ~np.isin(treatment, (0.0, 1.0)),
        "Code the list with the sensitive item as 1 and the one without it as 0.",
    )
    long, short = kept * treatment, kept * (1 - treatment)
    if not (long.any() and short.any()):
        only = int(long.any())
        raise ValueError(
            f"treatment must have rows of both lists: all {int(used.sum()):,} rows that take part "
            f"have {only} in {names[1]!r}. Name the column that tells who was read which list."
        )
    odd = used & ((count < 0) | (count != np.round(count)))
    check_rows(
        "count",
        f"whole numbers of at least 0 in {names[0]!r}",
        count,
        odd,
        "Correct them, or declare codes such as 98 as missing.",
    )
    most = int(count[long > 0].max()), int(count[short > 0].max())
    told = items is not None
    j = (
        whole("items", items, 1, "Give the number of items on the list without the sensitive one.")
        if told
        else max(most[0] - 1, most[1], 1)
    )
    remedy = f"Correct them, or check which list was read and items={j}."
    check_rows(
        "count",
        f"at most {j}, the items of the short list, where treatment is 0",
        count,
        (short > 0) & (count > j),
        remedy,
    )
    check_rows(
        "count",
        f"at most {j + 1}, the items of the long list, where treatment is 1",
        count,
        (long > 0) & (count > j + 1),
        remedy,
    )
    return OneList(count, long, short, j, told)
