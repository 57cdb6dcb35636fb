"""Corrected lists against `loglinear`, hand-worked tables, and draws of the audit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories
from prevalence.mse.linkage.link_errors import cut_records

COUNTS = np.array([400, 300, 300, 200, 150, 60, 40, 50, 40, 30, 30, 20, 15, 10, 5.0])
SETTLED = 1e-9  # two Newton methods that converge quadratically


def four() -> pv.Lists:
    return pv.Lists.from_counts(all_histories(4), COUNTS, list("ABCD"))


def test_without_errors_it_is_the_loglinear_model() -> None:
    found = pv.mse.linked(four(), pairs=[("A", "B")], missed={"A": 0.0})
    wanted = pv.mse.loglinear(four(), pairs=[("A", "B")])
    assert float(found) == pytest.approx(float(wanted), rel=SETTLED)
    assert found.std_error[0] == pytest.approx(wanted.std_error[0], rel=1e-7)


def test_split_and_joined_persons_are_found_again() -> None:
    errors = {"A": 0.1, "B": 0.05, "C": 0.2}
    full = np.vstack([np.zeros((1, 3)), all_histories(3)])
    mean = np.exp(8 - full @ [1.0, 1.2, 1.5] + 0.7 * full[:, 0] * full[:, 1])
    made = cut_records(np.array([list(errors.values())]).T).mean[..., 0] @ mean[1:]
    made += np.array([-20.0, 0, -20, 0, 20, 0, 0])  # twenty of A and C joined
    lists = pv.Lists.from_counts(all_histories(3), np.round(made), list("ABC"))
    joins = {("A", "C"): 20.0}
    found = pv.mse.linked(lists, pairs=[("A", "B")], missed=errors, joins=joins)
    # Counts rounded to whole persons, of which the rarest have a few dozen.
    assert float(found) == pytest.approx(mean.sum(), rel=5e-3)
    assert float(pv.mse.loglinear(lists, pairs=[("A", "B")])) > 1.1 * mean.sum()


def test_an_audit_widens_what_known_errors_give() -> None:
    known = pv.mse.linked(four(), missed={"A": 0.1, "B": 0.1})
    small, large = (
        pv.mse.linked(four(), missed={"A": (n // 10, n), "B": (n // 10, n)}, draws=30, rng=1)
        for n in (50, 5000)
    )
    assert float(small) == pytest.approx(float(known), rel=1e-12)
    assert small.std_error[0] > 1.2 * known.std_error[0]
    assert large.std_error[0] == pytest.approx(known.std_error[0], rel=0.05)


def test_replicates_carry_the_audit() -> None:
    lists = four().bootstrap(150, rng=1)
    known = pv.mse.linked(lists, missed={"A": 0.1, "B": 0.1})
    audited = pv.mse.linked(lists, missed={"A": (5, 50), "B": (5, 50)}, draws=30, rng=1)
    assert audited.std_error[0] > 1.1 * known.std_error[0]
    alone = pv.mse.linked(four(), missed={"A": (5, 50), "B": (5, 50)}, draws=30, rng=1)
    # 150 replicates: a standard deviation to one in seventeen; 30 draws of the audit.
    assert audited.std_error[0] == pytest.approx(alone.std_error[0], rel=0.3)


def test_audited_pairs_by_hand() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [320, 170, 80], ["A", "B"])
    found = pv.mse.linked_pair(lists, true_links=(48, 50), linked_matches=(40, 50))
    both = 80 * 0.96 / 0.8  # 96
    share = 304 * 154 / (400 * 250 * both) + 0.2 / (0.8 * 50) * (1 - 50 / both)
    share += 0.04 / (0.96 * 50) * (1 - 50 / 80)
    assert float(found) == pytest.approx(400 * 250 / both, rel=1e-14)
    assert found.std_error[0] == pytest.approx(400 * 250 / both * share**0.5, rel=1e-14)


def test_ding_and_fienberg_by_hand() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [320, 170, 80], ["A", "B"])
    audit: dict[str, Any] = {"linked_matches": (40, 50), "linked_others": (1, 50)}
    found = pv.mse.linked_pair(lists, **audit)
    assert float(found) == pytest.approx(400 * 250 * 0.78 / (80 - 0.02 * 400), rel=1e-14)
    again = pv.mse.linked_pair(lists, **audit, relinked=True)
    assert float(again) == pytest.approx(400 * 250 * 0.8 * 0.98 / (80 - 0.02 * 400), rel=1e-14)
    # beta belongs to the first list: the other way round it is another one.
    other = pv.mse.linked_pair(lists, **audit, between=("B", "A"))
    assert abs(float(other) / float(found) - 1) > 0.02


def test_perfect_audits_give_lincoln_and_petersen() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [320, 170, 80], ["A", "B"])
    found = pv.mse.linked_pair(lists, true_links=(80, 80), linked_matches=(80, 80))
    assert float(found) == pytest.approx(400 * 250 / 80, rel=1e-14)
    wanted = float(found) * (320 * 170 / (400 * 250 * 80)) ** 0.5
    assert found.std_error[0] == pytest.approx(wanted, rel=1e-14)


def test_versions_of_one_linkage_are_that_linkage() -> None:
    wanted = pv.mse.loglinear(four())
    same = pv.mse.over_linkages([four(), four()], using=pv.mse.loglinear)
    assert float(same) == pytest.approx(float(wanted), rel=1e-12)
    assert same.std_error[0] == pytest.approx(wanted.std_error[0], rel=1e-12)
    assert "linked rightly in one version or another" in same.explain()
