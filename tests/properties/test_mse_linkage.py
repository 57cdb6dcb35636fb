"""What errors of linkage keep: sizes of lists, order by inclusion, and the way back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from prevalence.mse.histories import all_histories
from prevalence.mse.linkage.link_errors import cut_records, join_offset, split_errors, unsplit
from tests.naive import mse_linkage as naive

ERRORS = st.lists(st.floats(0, 0.6), min_size=2, max_size=4)
ROUNDING = 1e-12  # sums of at most 16 products of at most four shares


@settings(max_examples=settings().max_examples // 4)
@given(ERRORS)
def test_clusters_are_those_of_the_closed_form(errors: list[float]) -> None:
    histories = all_histories(len(errors))
    mean = cut_records(np.array(errors)[:, None]).mean[..., 0]
    sets = [tuple(np.flatnonzero(h).tolist()) for h in histories]
    wanted = [[naive.expected_clusters(np.array(errors), w, v) for w in sets] for v in sets]
    np.testing.assert_allclose(mean, wanted, atol=ROUNDING)


@settings(max_examples=settings().max_examples // 4)
@given(ERRORS)
def test_sizes_of_lists_are_kept_and_clusters_lie_inside_histories(errors: list[float]) -> None:
    histories = all_histories(len(errors))
    found = cut_records(np.array(errors)[:, None])
    mean, second = found.mean[..., 0], found.second[..., 0]
    np.testing.assert_allclose(histories.T @ mean, histories.T, atol=ROUNDING)
    inside = (histories[:, None] <= histories[None]).all(axis=2)
    assert not mean[~inside].any()
    # Each record is in exactly one cluster, so the square of their number is their number.
    records = np.einsum("vj,vuw,uj->jw", histories, second, histories)
    np.testing.assert_allclose(records, histories.T, atol=ROUNDING)
    np.testing.assert_allclose(np.einsum("vvw->vw", second), mean, atol=ROUNDING)


@settings(max_examples=settings().max_examples // 4)
@given(ERRORS, st.integers(0, 1000))
def test_unsplitting_takes_back_what_splitting_did(errors: list[float], seed: int) -> None:
    persons = np.random.default_rng(seed).integers(0, 50, 2 ** len(errors) - 1).astype(float)
    mean = cut_records(np.array(errors)[:, None]).mean[..., 0]
    # Errors of up to .6 leave .4^4 of full histories: their inverse grows rounding by 1e4.
    np.testing.assert_allclose(unsplit(mean, mean @ persons), persons, atol=1e-8)


def test_a_false_join_takes_two_clusters_and_makes_one() -> None:
    offset = join_offset({((0,), (1, 2)): 3.0}, 3)
    histories = all_histories(3)
    assert offset.sum() == -3
    assert (histories.T @ offset == 0).all()  # no record is lost
    assert offset[histories.all(axis=1)] == 3


def test_audited_persons_give_back_the_errors_that_split_them() -> None:
    errors, rng = np.array([0.05, 0.2, 0.1]), np.random.default_rng(3)
    sets = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]
    splits = []
    for members in sets:
        for _ in range(1000):
            history = np.isin(np.arange(3), members)[None]
            splits.append((list(naive.clusters(history, errors, rng)), 1.0))
    drawn = split_errors(splits, 3, 400, np.random.default_rng(1))
    # 3,000 records of each list were audited, and which of two records was cut off is not always
    # seen: a spread of up to twice that of 3,000 records that are.
    spread = drawn.std(axis=1) / np.sqrt(errors * (1 - errors) / 3000)
    assert ((spread > 0.9) & (spread < 2)).all()
    assert (np.abs(drawn.mean(axis=1) - errors) < 4 * drawn.std(axis=1)).all()
