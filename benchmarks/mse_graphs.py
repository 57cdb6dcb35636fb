"""Posterior over the 822 decomposable graphs of five lists, at one prior weight and at all."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import prevalence as pv
from prevalence.mse.graphs.averaging import Setting

from . import mse_peers as peers
from . import mse_r, r
from .mse_tables import Table as Lists
from .mse_tables import recorded
from .table import Peer, Table

DGA = "2.0.2"
SECONDS = {60_000: 1.90, 1_000: 0.018}  # CPU seconds of R's dga in another run, by numbers unseen
LEVELS = [0.025, 0.5, 0.975]


def graphs(table: Table, uk: Lists) -> None:
    """Time the posterior, beside the sum written out and R's dga."""
    lists = uk.lists
    unit = 2.0 ** -len(lists.names)
    shape = [len(lists.histories), len(lists.names) + 1]

    def one(largest: int | None) -> Any:
        return Setting(lists, "1/N", True, largest).posterior(unit)

    def same(ours: Any, theirs: Any) -> bool:
        """Compare three quantiles, whole numbers, and the weight of every graph."""
        equal = np.array_equal(ours.quantile(LEVELS), theirs[0])
        return bool(equal and np.allclose(ours.weights, theirs[1], atol=1e-9))

    def same_quantiles(ours: Any, theirs: Any) -> bool:
        return bool(np.array_equal(ours.quantile(LEVELS), theirs))

    for largest, seconds in SECONDS.items():
        bar = 1.0 if largest == max(SECONDS) else None  # a thousand are milliseconds either way
        table.measure(
            f"822 graphs x {largest:,} numbers unseen",
            partial(one, largest),
            Peer(
                "NumPy", np.__version__, peers.graph_sum(lists, unit, largest), bar=bar, same=same,
                note="the formula written out, every number by itself",
            ),
            *r.optional(
                "dga", mse_r.DGA, [np.c_[lists.histories, lists.counts]], [*shape, largest],
                recorded=(DGA, seconds), same=same_quantiles, note="C++",
            ),
            bar=seconds,
        )  # fmt: skip
    table.measure(
        "822 graphs, without a largest number", lambda: one(None), note="to the end of the tail"
    )
    table.measure(
        "the estimate, with its sweep of 6 priors",
        lambda: pv.mse.decomposable(lists),
        bar=SECONDS[60_000],
        note="as a user calls it",
    )
    known = recorded("expected.json")
    if uk.published and known is not None:
        _check_dga(table, one(60_000), next(d for d in known["uk5"]["dga"] if d["delta"] == unit))


def _check_dga(table: Table, ours: Any, theirs: dict[str, Any]) -> None:
    wanted = [theirs[key] for key in ("q025", "q10", "q50", "q90", "q975")]
    equal = np.array_equal(ours.quantile([0.025, 0.1, 0.5, 0.9, 0.975]), wanted)
    equal &= np.isclose(ours.weights.max(), theirs["top_graphs"][0]["weight"], rtol=1e-9)
    task = "822 graphs, quantiles and the top weight"
    table.checked(task, "R dga", DGA, bool(equal), source="recorded")
