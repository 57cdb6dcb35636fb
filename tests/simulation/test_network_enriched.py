"""The generalised scale-up on a finite network: right forms, wrong forms, and two-sample intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import finite_network as naive

Array = NDArray[Any]
GROUPS = range(len(naive.PROBES))


def columns(network: naive.Network) -> dict[str, Array]:
    """Answers of everybody: reports, ties to probe groups and who of them knows."""
    out = {"y": network.reports(), "degree": network.degree}
    for g in GROUPS:
        for where, inside in (("", True), ("_all", False)):
            out[f"p{g}{where}"] = network.known(g, in_frame=inside)
            out[f"p{g}{where}_aware"] = network.seen_by(g, in_frame=inside)
    return {name: np.asarray(column, dtype=float) for name, column in out.items()}


def sizes(network: naive.Network, suffix: str = "", *, in_frame: bool = True) -> dict[str, int]:
    return {f"p{g}{suffix}": network.members(g, in_frame=in_frame) for g in GROUPS}


def samples(
    network: naive.Network, answers: dict[str, Array], seed: int
) -> tuple[pv.Survey, pv.Survey, pv.Survey]:
    """A frame sample, a hidden sample weighted by one over the degree, and the same unweighted."""
    drawn = naive.sampled(network, seed)
    frame = {name: column[drawn["frame"]] for name, column in answers.items()}
    hidden = {name: column[drawn["hidden"]] for name, column in answers.items()}
    hidden["w"] = 1 / hidden["degree"]
    return (
        pv.Survey({**frame, "w": drawn["w"]}, weights="w", source="frame"),
        pv.Survey(hidden, weights="w", source="visits"),
        pv.Survey(hidden, source="visits"),
    )


@pytest.fixture(scope="module")
def network() -> naive.Network:
    return naive.made()


@pytest.fixture(scope="module")
def answers(network: naive.Network) -> dict[str, Array]:
    return columns(network)


def test_both_forms_of_the_adjusted_estimator_give_the_size_and_the_mixed_one_does_not(
    network: naive.Network,
) -> None:
    t = naive.truths(network)
    adjusted = t["eta"] / (t["delta"] * t["tau"])
    basic = t["reports"] / t["mean degree U"]
    assert basic < t["size"] / 3  # ties few and hidden, though a third of the reports are false
    np.testing.assert_allclose(basic * adjusted / t["phi"], t["size"], rtol=1e-12)  # rounding
    np.testing.assert_allclose(t["reports"] / t["mean degree F"] * adjusted, t["size"], rtol=1e-12)
    np.testing.assert_allclose(t["eta"] * t["reports"] / t["visibility"], t["size"], rtol=1e-12)
    wrong = t["reports"] / t["mean degree F"] * adjusted / t["phi"]
    assert abs(wrong / t["size"] - 1) > 0.05


def test_asking_everybody_about_the_whole_frame_gives_the_size(
    network: naive.Network, answers: dict[str, Array]
) -> None:
    frame = pv.Survey({"y": answers["y"][network.frame]})
    hit = network.hidden[network.ego] & network.aware & network.frame[network.alter]
    seen = np.bincount(network.ego[hit], minlength=network.size)[network.hidden]
    size = int(network.frame.sum())
    eta = naive.truths(network)["eta"]
    found = pv.nsum.generalized(
        frame, pv.Survey({"seen": seen}), "y", aware={"seen": size}, frame_size=size, precision=eta
    )
    np.testing.assert_allclose(found.value, [network.hidden.sum()], rtol=1e-12)  # rounding


def test_the_estimator_is_the_one_respondent_at_a_time(
    network: naive.Network, answers: dict[str, Array]
) -> None:
    frame, hidden, _ = samples(network, answers, 5)
    groups, size = sizes(network), int(network.frame.sum())
    aware = {f"{name}_aware": n for name, n in groups.items()}
    found = pv.nsum.generalized(frame, hidden, "y", aware=aware, frame_size=size)
    drawn = naive.sampled(network, 5)
    seen = sum(answers[name][drawn["hidden"]] for name in aware)
    wanted = naive.generalized(
        answers["y"][drawn["frame"]],
        drawn["w"],
        np.asarray(seen),
        1 / answers["degree"][drawn["hidden"]],
        size / sum(groups.values()),
    )
    np.testing.assert_allclose(found.value, [wanted], rtol=1e-12)  # rounding


def repeated(network: naive.Network, answers: dict[str, Array], count: int) -> dict[str, Array]:
    """Estimates and intervals from so many pairs of samples, by right and wrong forms."""
    truth, size = naive.truths(network), int(network.frame.sum())
    eta = truth["eta"]
    aware = {f"{name}_aware": n for name, n in sizes(network).items()}
    everywhere = {f"{name}_aware": n for name, n in sizes(network, "_all", in_frame=False).items()}
    inside = naive.share_in_frame(network)
    out: dict[str, list[Any]] = {}
    for seed in range(count):
        frame, hidden, unweighted = samples(network, answers, 1_000 + seed)
        one: dict[str, Any] = {"hidden": "y", "frame_size": size, "precision": eta}
        right = pv.nsum.generalized(frame, hidden, aware=aware, **one)
        whole: dict[str, Any] = {"aware": everywhere, "population": network.size}
        out.setdefault("right", []).append(right.value[0])
        out.setdefault("covers", []).append(
            right.interval()[0, 0] <= truth["size"] <= right.interval()[0, 1]
        )
        out.setdefault("error", []).append(right.std_error[0])
        for name, e in (
            ("whole population", pv.nsum.generalized(frame, hidden, in_frame=1.0, **whole, **one)),
            ("share", pv.nsum.generalized(frame, hidden, in_frame=inside, **whole, **one)),
            ("unweighted", pv.nsum.generalized(frame, unweighted, aware=aware, **one)),
        ):
            out.setdefault(name, []).append(e.value[0])
    return {name: np.array(values) for name, values in out.items()}


def told(found: dict[str, Array]) -> None:
    """Check means and coverage of 388 against their Monte Carlo errors."""
    count, size = found["right"].size, 388
    for name in ("right", "share"):
        mean, spread = found[name].mean(), found[name].std(ddof=1)
        # Probe groups are typical to half a percent, and a ratio's bias is its squared CV, about
        # one percent.
        assert abs(mean - size) < 0.015 * size + 4 * spread / count**0.5
    wrong = found["whole population"]
    assert wrong.mean() + 4 * wrong.std(ddof=1) / count**0.5 < 0.9 * size
    wrong = found["unweighted"]
    assert wrong.mean() + 4 * wrong.std(ddof=1) / count**0.5 < 0.9 * size
    # The mean standard error is the spread, up to the error of a spread, 1 / sqrt(2 count).
    assert abs(found["error"].mean() / found["right"].std(ddof=1) - 1) < 4 / (2 * count) ** 0.5
    assert abs(found["covers"].mean() - 0.95) < 4 * (0.95 * 0.05 / count) ** 0.5


def test_a_few_pairs_of_samples(network: naive.Network, answers: dict[str, Array]) -> None:
    told(repeated(network, answers, 20))


@pytest.mark.proof
def test_four_hundred_pairs_of_samples(
    network: naive.Network, answers: dict[str, Array], record_property: Any
) -> None:
    found = repeated(network, answers, 400)
    told(found)
    lines = [
        f"{name}: mean {x.mean():.1f} (sd {x.std(ddof=1):.1f})"
        for name, x in found.items()
        if name not in ("covers", "error")
    ]
    cover = found["covers"].mean()
    lines.append(f"95 % intervals cover {cover:.3f} (Monte Carlo error {0.218 / 400**0.5:.3f})")
    record_property("table", "Generalised scale-up, 388 hidden people\n" + "\n".join(lines))
    assert 0.93 <= cover <= 0.97


@pytest.mark.filterwarnings("ignore:the weight of least variance is outside 0 to 1")
@pytest.mark.proof
def test_a_weight_found_from_ten_units_makes_the_variance_too_small_unless_recomputed(
    record_property: Any,
) -> None:
    rng = np.random.default_rng(5)
    values, fixed, recomputed = [], [], []
    for _ in range(1_000):
        moves = rng.normal(0, 1, (10, 2)) @ np.array([[0.30, 0.10], [0, 0.35]])
        y, z = (rng.poisson(np.exp(np.repeat(x, 8))) for x in moves.T)
        sample = pv.Survey({"psu": np.repeat(np.arange(10), 8), "y": y, "z": z}, psu="psu")
        one, two = pv.direct.mean(sample, "y"), pv.direct.mean(sample, "z")
        values.append(float(pv.nsum.blend(one, two)))
        fixed.append(pv.nsum.blend(one, two).std_error[0] ** 2)
        recomputed.append(pv.nsum.blend(one, two, weight="recomputed").std_error[0] ** 2)
    truth = float(np.var(values, ddof=1))
    first, second = np.mean(fixed) / truth, np.mean(recomputed) / truth
    record_property(
        "table", f"Blend of ten units: variance {first:.2f} of the truth, recomputed {second:.2f}"
    )
    # The true variance is known to a relative error of sqrt(2 / 1,000), 4.5 percent.
    assert first < 1 - 2 * 0.045
    assert abs(second - 1) < 4 * 0.045
