"""Factors and solutions of one column of a log-linear fit are those of many."""

from __future__ import annotations

import numpy as np
import pytest

from prevalence.mse.newton import PIVOT, factor, solve_factored


@pytest.mark.parametrize("repeated", [False, True])
def test_one_column_is_factored_and_solved_as_two(repeated: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 7))
    if repeated:
        x[:, 5] = x[:, 4]  # a combination of those before it is left out, and told
    active = np.array([True, True, False, True, True, True, True])[:, None]
    matrix, right = (x.T @ x)[:, :, None], rng.normal(size=(7, 1))
    lower, inverse, deficient = factor(matrix.copy(), active, PIVOT)
    both = factor(matrix.repeat(2, axis=2), active.repeat(2, axis=1), PIVOT)
    assert deficient.tolist() == [repeated] == both[2][:1].tolist()
    assert (inverse[:, 0] == 0).tolist() == (
        ~active[:, 0] | (np.arange(7) == 5) * repeated
    ).tolist()
    np.testing.assert_allclose(inverse, both[1][:, :1], rtol=1e-12)  # sums in another order
    found = solve_factored(lower, inverse, right)[:, 0]
    np.testing.assert_allclose(
        found, solve_factored(both[0], both[1], right.repeat(2, axis=1))[:, 0], rtol=1e-12
    )
    use = inverse[:, 0] > 0
    wanted = np.linalg.solve(matrix[use][:, use, 0], right[use, 0])
    np.testing.assert_allclose(found[use], wanted, rtol=1e-10)
    assert not found[~use].any()
