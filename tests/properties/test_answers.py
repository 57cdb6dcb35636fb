"""Answers about people known: what order, scale and groups may and may not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
half = settings(max_examples=settings().max_examples // 2)
SEEDS = st.integers(0, 2**32 - 1)
GROUPS = {"police": 900, "nurses": 1_500, "teachers": 2_100}
POPULATION = 200_000
pytestmark = [
    pytest.mark.filterwarnings("ignore:.* holds .* of 97, 98, 99"),
    pytest.mark.filterwarnings("ignore:the two size rules differ by more than"),
]


def data(seed: int, rows: int = 40) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    degree = rng.gamma(2, 60, rows)
    columns: dict[str, Array] = {
        name: rng.poisson(degree * size / POPULATION * 8) for name, size in GROUPS.items()
    }
    columns["working"] = rng.poisson(degree * 0.004)
    columns["police"] += 1  # everyone knows somebody, and some report
    columns["working"][:3] += 1
    columns["w"] = rng.uniform(1, 5, rows)
    columns["psu"] = np.arange(rows) // 4
    return columns


def answers(columns: dict[str, Any], known: Any = None, **how: Any) -> pv.Answers:
    survey = pv.Survey(columns, weights="w", psu="psu")
    return pv.Answers(
        survey, known=known or GROUPS, hidden=["working"], population=POPULATION, **how
    )


def scale_up(made: pv.Answers) -> tuple[float, float]:
    found = pv.nsum.scale_up(made, transmission=1)
    return float(found.value[0]), float(found.std_error[0])


@half
@given(SEEDS, st.randoms(use_true_random=False))
def test_rows_and_groups_have_no_order(seed: int, random: Any) -> None:
    columns = data(seed)
    order = list(range(40))
    random.shuffle(order)
    names = list(GROUPS)
    random.shuffle(names)
    base = answers(columns)
    turned = answers({n: c[order] for n, c in columns.items()}, {n: GROUPS[n] for n in names})
    np.testing.assert_allclose(turned.degrees(), base.degrees()[order], rtol=1e-12)
    np.testing.assert_allclose(scale_up(turned), scale_up(base), rtol=1e-9)
    np.testing.assert_array_equal(turned.counts(list(GROUPS)), base.counts(list(GROUPS))[:, order])


@half
@given(SEEDS, st.floats(0.01, 100))
def test_sizes_and_population_scale_the_number_and_nothing_else(seed: int, factor: float) -> None:
    columns = data(seed)
    base = answers(columns)
    larger = pv.Answers(
        base.survey,
        known={n: factor * s for n, s in GROUPS.items()},
        hidden=["working"],
        population=factor * POPULATION,
    )
    np.testing.assert_allclose(larger.degrees(), base.degrees(), rtol=1e-12)
    np.testing.assert_allclose(scale_up(larger), factor * np.array(scale_up(base)), rtol=1e-9)


@half
@given(SEEDS, st.floats(0.001, 1000))
def test_weights_are_relative(seed: int, factor: float) -> None:
    columns = data(seed)
    heavy = {**columns, "w": factor * columns["w"]}
    np.testing.assert_allclose(scale_up(answers(heavy)), scale_up(answers(columns)), rtol=1e-9)


@half
@given(SEEDS)
def test_a_ratio_of_sums_is_its_formula(seed: int) -> None:
    columns = data(seed)
    made = answers(columns)
    known = sum(columns[name] for name in GROUPS)
    np.testing.assert_allclose(
        made.degrees(), POPULATION * known / sum(GROUPS.values()), rtol=1e-12
    )
    w = columns["w"]
    wanted = POPULATION * (w @ columns["working"]) / (w @ made.degrees())
    assert scale_up(made)[0] == pytest.approx(wanted, rel=1e-12)
    means = np.mean([columns[n] / s for n, s in GROUPS.items()], axis=0)
    np.testing.assert_allclose(made.degrees("mean-of-ratios"), POPULATION * means, rtol=1e-12)


@half
@given(SEEDS, st.integers(1, 5_000))
@pytest.mark.filterwarnings("ignore:nobody knows")
def test_a_known_group_that_nobody_knows_makes_degrees_smaller_in_proportion(
    seed: int, size: int
) -> None:
    columns = {**data(seed), "bishops": np.zeros(40, dtype=int)}
    base, more = answers(columns), answers(columns, {**GROUPS, "bishops": size})
    ratio = sum(GROUPS.values()) / (sum(GROUPS.values()) + size)
    np.testing.assert_allclose(more.degrees(), ratio * base.degrees(), rtol=1e-12)
    np.testing.assert_allclose(scale_up(more), np.array(scale_up(base)) / ratio, rtol=1e-9)
    np.testing.assert_array_equal(more.without("bishops").degrees(), base.degrees())


@half
@given(SEEDS, st.integers(2, 4))
def test_respondents_twice_at_half_the_weight_are_the_same_number(seed: int, times: int) -> None:
    columns = data(seed)
    copies = {n: np.tile(c, times) for n, c in columns.items()}
    copies["w"] = copies["w"] / times
    np.testing.assert_allclose(scale_up(answers(copies)), scale_up(answers(columns)), rtol=1e-9)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 40), st.just(98)), min_size=4, max_size=30),
    st.integers(1, 35),
)
@pytest.mark.filterwarnings("ignore:.* know nobody in any known group")
def test_intervals_of_counts_hold_the_answer_and_the_cap_opens_them(
    given_answers: list[int | None], cap: int
) -> None:
    asked = [0, 1, *given_answers]
    columns = {"police": asked, "nurses": [1] * len(asked), "working": [0] * len(asked)}
    made = pv.Answers(
        pv.Survey(columns),
        known={"police": 900, "nurses": 1_500},
        hidden=["working"],
        codes={98: "don't know"},
        top_code={"police": cap},
    )
    low, high = (x[0] if x.shape[0] == 1 else x[:, 0] for x in made.bounds(["police"]))
    counts = made.counts(["police"])[0]
    for answer, least, most, count in zip(asked, low, high, counts, strict=True):
        if answer is None or answer == 98:
            assert (least, most) == (0, np.inf)
            assert np.isnan(count)
        elif answer >= cap:
            assert (least, most, count) == (cap, np.inf, cap)
        else:
            assert least == most == count == answer
    missing = sum(a is None or a == 98 for a in asked)
    assert made.items["police"].missing == missing
    assert sum(made.items["police"].reasons.values()) == missing


@half
@given(SEEDS, st.floats(0.02, 0.3))
def test_an_uncertain_transmission_rate_adds_its_relative_variance(
    seed: int, relative: float
) -> None:
    made = answers(data(seed))
    value, error = scale_up(made)
    rate = pv.uncertain(0.5, std_error=0.5 * relative, name="transmission rate")
    found = pv.nsum.scale_up(made, transmission=rate)
    assert found.value[0] == pytest.approx(2 * value, rel=1e-12)
    wanted = np.hypot(error / value, relative)
    assert found.std_error[0] / found.value[0] == pytest.approx(wanted, rel=1e-9)
