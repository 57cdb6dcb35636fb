"""How often intervals around scale-up hold the truth: ``python -m evidence.coverage.network_estimators``.

Samples are drawn from a population without end whose truth is a parameter: primary units in strata,
respondents with gamma degrees, reports that resemble one another within units. Each line tells, for
one estimator of `prevalence.nsum` at one size of sample, how many of its 95 % intervals hold the
truth, on which side the others miss, and its mean standard error over the spread of the estimates.
With its 2,000 samples a line (600 for `validate`) the study writes `docs/evidence/network-estimators.csv`; ``--quick`` draws 100 and
writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage.many import each, shortened

Array = NDArray[Any]
Found = tuple[str, float, pv.Estimate]  # name of the line, truth, estimate
Study = Callable[[np.random.Generator], Iterator[Found]]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, QUICK, SEED = 2_000, 100, 20_261_123
VALIDATED = 600  # samples of `validate`, of six groups each
PEOPLE, HIDDEN, DEGREE, DEGREE_CV = 1_000_000, 3_000, 180.0, 0.9
KNOWN = {f"g{k}": size for k, size in enumerate((2_000, 4_000, 6_000, 9_000, 14_000, 20_000))}
CLUSTERED, EACH = 0.5, 10  # variance of the units' effects on reports; respondents of a unit
BETA = {"0.6 (0.4 to 0.8)": (0.6, 0.4, 0.8), "0.3 (0.1 to 0.6)": (0.3, 0.1, 0.6)}


def gamma(rng: np.random.Generator, variance: float, size: Any) -> Array:
    """Return gamma variables of mean 1."""
    return np.asarray(rng.gamma(1 / variance, variance, size))


def answers(
    rng: np.random.Generator, units: int, *, hidden: float = HIDDEN, strata: int = 2
) -> dict[str, Array]:
    """Return respondents of a sample of primary units; `hidden` people are reported."""
    psu = np.repeat(np.arange(units), EACH)
    degree = DEGREE * gamma(rng, DEGREE_CV**2, psu.size)
    out = {
        "psu": psu,
        "stratum": psu % strata,
        "w": np.exp(rng.normal(0, 0.4, units))[psu],
        "degree": degree,
        "hidden": rng.poisson(degree * hidden / PEOPLE * gamma(rng, CLUSTERED, units)[psu]),
    }
    for name, size in KNOWN.items():
        out[name] = rng.poisson(degree * size / PEOPLE * gamma(rng, 0.1, units)[psu])
    return out


def survey(data: dict[str, Array]) -> pv.Survey:
    """Return the sample with its design."""
    return pv.Survey(data, weights="w", strata="stratum", psu="psu", source="frame")


def members(rng: np.random.Generator, n: int, share: float = 0.6) -> dict[str, Array]:
    """Return hidden respondents drawn in proportion to their degrees: alters known and aware."""
    spread = 0.5  # gamma degrees, drawn by size, have one more in their shape
    degree = DEGREE * rng.gamma(1 / spread + 1, spread, n)
    aware = rng.beta(share * 3, (1 - share) * 3, n)  # respondents differ in how open they are
    out: dict[str, Array] = {"w": 1 / degree}
    for name, size in list(KNOWN.items())[3:]:
        out[name] = rng.poisson(degree * size / PEOPLE)
        out[f"{name}_aware"] = rng.binomial(out[name], aware)
    return out


# ---------------------------------------------------------------------- one sample each
def few_units(rng: np.random.Generator) -> Iterator[Found]:
    """Scale-up with few primary units, by three ways to a variance."""
    for units in (10, 20, 30):
        sample = survey(answers(rng, units))
        ways = {
            "linearised": sample,
            "jackknife": sample.jackknife(),
            "bootstrap": sample.bootstrap(200, rng=rng),
        }
        for way, one in ways.items():
            e = pv.nsum.scale_up(one, "hidden", known=KNOWN, transmission=1)
            yield f"scale_up, {way}; {units} units", HIDDEN, e
        e = pv.nsum.scale_up(
            sample, "hidden", known=KNOWN, transmission=1, size="mean-of-ratios",
            missing="complete",
        )  # fmt: skip
        yield f"scale_up, mean of ratios; {units} units", HIDDEN, e


def uncertain_sizes(rng: np.random.Generator) -> Iterator[Found]:
    """Known sizes that are themselves off by 15 %, with that standard error given or kept back."""
    sample = survey(answers(rng, 60))
    given = {name: size * np.exp(rng.normal(0, 0.15)) for name, size in KNOWN.items()}
    told = {name: pv.uncertain(x, std_error=0.15 * x) for name, x in given.items()}
    for name, known in (("given", told), ("kept back", given)):
        e = pv.nsum.scale_up(sample, "hidden", known=known, transmission=1)
        yield f"scale_up, sizes off by 15 %, their error {name}; 60 units", HIDDEN, e


def uncertain_transmission(rng: np.random.Generator) -> Iterator[Found]:
    """The rate is drawn from the very law that the analyst states."""
    for name, law in BETA.items():
        tau = pv.uncertain(*law, kind="beta")
        true = float(rng.beta(tau.constants["a"], tau.constants["b"])[0])
        for units in (30, 100):
            sample = survey(answers(rng, units, hidden=HIDDEN * true))
            for way in ("delta", "draws"):
                e = pv.nsum.scale_up(
                    sample, "hidden", known=KNOWN, transmission=tau, propagate=way, rng=rng
                )
                yield f"scale_up, transmission {name}, {way}; {units} units", HIDDEN, e


def hidden_samples(rng: np.random.Generator) -> Iterator[Found]:
    """Samples of 15 to 80 hidden people, weighted by one over their degrees."""
    probes = list(KNOWN)[3:]
    frame = answers(rng, 30)
    frame["w"] = frame["w"] * PEOPLE / frame["w"].sum()
    ours = survey(frame)
    frame["seen"] = rng.poisson(frame["hidden"] * 1.0)
    for n in (15, 30, 80):
        theirs = pv.Survey(members(rng, n), weights="w", source="visits")
        tau = pv.nsum.game_of_contacts(theirs, aware=[f"{x}_aware" for x in probes], known=probes)
        yield f"game_of_contacts; {n} hidden", 0.6, tau
        sizes = {x: KNOWN[x] for x in probes}
        yield (
            f"degree_ratio; {n} hidden, 30 units",
            1.0,
            pv.nsum.degree_ratio(theirs, ours, known=sizes),
        )
        visible = {f"{x}_aware": KNOWN[x] for x in probes}
        e = pv.nsum.generalized(ours, theirs, "hidden", aware=visible, frame_size=PEOPLE)
        yield f"generalized; {n} hidden, 30 units", HIDDEN / 0.6, e


def cells(rng: np.random.Generator) -> Iterator[Found]:
    """Deaths by sex and age of those who died: 6 to 24 reports a cell, and 20 times as many."""
    for units, times in ((30, 1), (100, 1), (100, 20)):
        data = answers(rng, units)
        n = data["psu"].size
        data |= {
            "id": np.arange(n),
            "sex": rng.choice(["F", "M"], n),
            "age": rng.choice(["old", "young"], n),
        }
        by_age = {"old": 4e-4 * times, "young": 1e-4 * times}
        more = f", {times} times as many" if times > 1 else ""
        rates = {(sex, age): rate for sex in "FM" for age, rate in by_age.items()}
        rows: list[tuple[int, str, str]] = []
        effect = gamma(rng, CLUSTERED, units)[data["psu"]]
        for (sex, age), rate in rates.items():
            seen = rng.poisson(data["degree"] * 0.25 * rate * effect * 30 / units)
            rows += [(int(i), sex, age) for i in np.repeat(np.arange(n), seen)]
        deaths = dict(zip(("id", "sex", "age"), map(list, zip(*rows, strict=True)), strict=True))
        e = pv.nsum.network_rates(
            survey(data), deaths, on="id", by=["sex", "age"], known=KNOWN, frame_size=PEOPLE
        )
        for k, label in enumerate(e.labels):
            if label[0] == "F":
                one = e.take(np.array([k]))
                rate = by_age[label[1]] * 30 / units
                yield f"network_rates, {label[1]}{more}; {units} units", rate, one


def two_ties(rng: np.random.Generator) -> Iterator[Found]:
    """Two tie definitions of one sample, blended by a weight found in it."""
    for units in (10, 20, 30):
        data = answers(rng, units)
        met = 0.4 * gamma(rng, 0.3, units)[data["psu"]]
        for name in ("hidden", *KNOWN):
            data[f"met_{name}"] = rng.poisson(np.maximum(data["degree"] * met, 0) * (
                HIDDEN if name == "hidden" else KNOWN[name]) / PEOPLE)  # fmt: skip
        sample = survey(data)
        one = pv.nsum.scale_up(sample, "hidden", known=KNOWN, transmission=1)
        met_known = {f"met_{name}": size for name, size in KNOWN.items()}
        two = pv.nsum.scale_up(sample, "met_hidden", known=met_known, transmission=1)
        yield f"blend, weight as fixed; {units} units", HIDDEN, pv.nsum.blend(one, two)
        again = pv.nsum.blend(one, two, weight="recomputed")
        yield f"blend, weight recomputed; {units} units", HIDDEN, again


def recall(rng: np.random.Generator) -> Iterator[Found]:
    """Groups recalled as the square root of their size, with scatter, and the error undone."""
    for groups in (6, 10, 20):
        sizes = np.exp(rng.uniform(np.log(2_000), np.log(60_000), groups))
        every = np.r_[sizes, 6_000.0]
        seen = 1_000 * np.sqrt(every / 1_000) * np.exp(rng.normal(0, 0.2, every.size))
        degree = DEGREE * gamma(rng, DEGREE_CV**2, 1_000)
        y = rng.poisson(np.multiply.outer(degree, seen / PEOPLE))
        names = [f"k{k}" for k in range(groups)]
        data = dict(zip([*names, "hidden"], y.T, strict=True))
        known = dict(zip(names, sizes, strict=True))
        try:
            e = pv.nsum.recall_adjusted(pv.Survey(data), "hidden", known=known, transmission=1)
        except ValueError:  # the line falls
            continue
        yield f"recall_adjusted; {groups} known groups", 6_000.0, e


STUDIES: dict[str, Study] = {
    "few units": few_units,
    "known sizes": uncertain_sizes,
    "transmission": uncertain_transmission,
    "two samples": hidden_samples,
    "cells": cells,
    "two ties": two_ties,
    "recall": recall,
}


# ---------------------------------------------------------------------- many samples
def lines(part: str, samples: int) -> Iterator[dict[str, Any]]:
    """Yield one line per estimator and size of sample."""
    rng = np.random.default_rng([SEED, list(STUDIES).index(part)])
    held: dict[str, list[tuple[float, float, float, float, float]]] = {}
    for _ in range(samples):
        for name, truth, e in STUDIES[part](rng):
            low, high = e.interval()[0]
            held.setdefault(name, []).append((truth, float(e), e.std_error[0], low, high))
    for name, found in held.items():
        truth, value, error, low, high = np.array(found).T
        covered = float(((low <= truth) & (truth <= high)).mean())
        usable = np.isfinite(error)
        yield {
            "part": part,
            "estimator": name,
            "samples": truth.size,
            "coverage": 100 * covered,
            "mc_se": 100 * float(np.sqrt(max(covered * (1 - covered), 1e-3) / truth.size)),
            "too_high": 100 * float((low > truth).mean()),
            "too_low": 100 * float((high < truth).mean()),
            "bias": 100 * float(np.mean(value / truth) - 1),
            "cv": 100 * float(np.std(value / truth)),
            "se_ratio": float(np.mean(error[usable]) / np.std(value[usable], ddof=1)),
        }


def signs(samples: int) -> Iterator[dict[str, Any]]:
    """Yield what the design z of validated groups looks like when every known size is right.

    Its coverage is the share within 1.96, its bias the mean and its spread the standard deviation.
    """
    for units in (10, 20, 30, 100):
        for off in (0.0, 0.15):
            rng, z = np.random.default_rng([SEED, 99, units, int(100 * off)]), []
            for _ in range(samples):
                given: dict[str, Any] = dict(KNOWN)
                if off:
                    wrong = {n: s * np.exp(rng.normal(0, off)) for n, s in KNOWN.items()}
                    given = {n: pv.uncertain(s, std_error=off * s) for n, s in wrong.items()}
                z.append(pv.nsum.validate(survey(answers(rng, units)), known=given).z)
            every = np.array(z)
            inside = (np.abs(every) < 1.96).mean(axis=1)
            yield {
                "part": "validate",
                "estimator": f"z of validate, sizes {'exact' if not off else 'off by 15 %'}; {units} units",
                "samples": samples,
                "coverage": 100 * inside.mean(),
                "mc_se": 100 * inside.std() / np.sqrt(samples),
                "too_high": 100 * (every > 1.96).mean(),
                "too_low": 100 * (every < -1.96).mean(),
                "se_ratio": 1 / every.std(),
            }


def of(part: str, samples: int) -> list[dict[str, Any]]:
    """Return the lines of a part; what estimators warn of is beside the point here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        if part == "validate":
            return list(signs(min(samples, VALIDATED)))
        return list(lines(part, samples))


def study(samples: int) -> pd.DataFrame:
    """Return all lines."""
    parts = [*STUDIES, "validate"]
    found = [line for some in each(of, [(part, samples) for part in parts]) for line in some]
    digits = {"se_ratio": 3, "mc_se": 2}
    table = pd.DataFrame(found)
    numbers = [name for name in table.columns if table[name].dtype == float]
    return shortened(table.round({name: digits.get(name, 1) for name in numbers}))


def main() -> None:
    """Run the study, print its table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 samples a line; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES)
    print(table.to_string(index=False))
    if not quick:
        table.to_csv(DOCS / "network-estimators.csv", index=False)


if __name__ == "__main__":
    main()
