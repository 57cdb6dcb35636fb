"""Whether the samplers draw from the posteriors they claim: ``python -m evidence.coverage.calibration``.

Simulation-based calibration: parameters from the prior, answers of 60 respondents about 6 groups (or
tables of three lists) from the parameters, draws of the posterior; the ranks of the parameters among
their draws are uniform. Geweke's joint test beside it, in many short chains. The same functions as in
`tests/simulation`, where defects are planted that both tests find. The table goes to
`docs/evidence/calibration.csv`; ``--quick`` takes 30 fits and writes nothing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evidence.claims import Claim, put
from tests.simulation import calibration
from tests.simulation import test_mse_latent as latent
from tests.simulation import test_network_lognormal as lognormal
from tests.simulation import test_network_overdispersed as overdispersed
from tests.simulation import test_network_random_degree as random_degree

from .many import DOCS, each

Array = NDArray[Any]
Test = Callable[[str, int], list[dict[str, Any]]]
FITS, QUICK, TABLES = 300, 30, 1_000  # data sets of a network sampler; tables of lists
REJECTED = 0.001  # after Bonferroni: a sampler that is right fails once in a thousand seeds
LEVEL = 0.95


# ---------------------------------------------------------------------- ranks
def overdispersed_exact(fits: int) -> dict[str, Array]:
    """Ranks under the overdispersed model, answers as counts."""
    return calibration.sbc(
        overdispersed.prior, overdispersed.exact, overdispersed.long, fits=fits, rng=12
    )


def overdispersed_many(fits: int) -> dict[str, Array]:
    """Ranks under the overdispersed model, answers as counts, yes or no, bins, capped and missing."""
    return calibration.sbc(
        overdispersed.prior, overdispersed.asked_in_many_ways, overdispersed.long, fits=fits, rng=12
    )


def overdispersed_regions(fits: int) -> dict[str, Array]:
    """Ranks under the overdispersed model with covariates and a hidden group that differs by region."""
    return calibration.sbc(
        overdispersed.regional_prior, overdispersed.by_cell, overdispersed.long_by_region,
        fits=fits, rng=13,
    )  # fmt: skip


def plain_degree(fits: int) -> dict[str, Array]:
    """Ranks under the random-degree model."""
    return random_degree.ranks("random-degree", fits=fits, warmup=300, draws=19, thin=20, rng=3)


def barrier(fits: int) -> dict[str, Array]:
    """Ranks under the barrier model."""
    return random_degree.ranks("barrier", fits=fits, warmup=300, draws=19, thin=30, rng=3)


def correlated(fits: int) -> dict[str, Array]:
    """Ranks under the Poisson-lognormal model with correlated groups."""
    return lognormal.calibrated(fits, 60, 6, 400, 1_200, 40)


def classes(fits: int) -> dict[str, Array]:
    """Ranks under the latent class model of lists."""
    many = TABLES if fits == FITS else fits
    apart = partial(latent.sample, thin=60)  # sticks and concentration move slowly
    return calibration.sbc(latent.spread, latent.simulate, apart, fits=many, rng=3)


#: What takes longest comes first, so that no process waits for another at the end.
RANKS = {
    "nsum.fit, Poisson-lognormal, correlated": correlated,
    "nsum.fit, barrier": barrier,
    "nsum.fit, overdispersed, answers of all kinds": overdispersed_many,
    "nsum.fit, overdispersed, regions and covariates": overdispersed_regions,
    "nsum.fit, overdispersed": overdispersed_exact,
    "nsum.fit, random degree": plain_degree,
    "mse.latent_class": classes,
}


# ---------------------------------------------------------------------- joint tests
def joint_overdispersed(fits: int) -> float:
    """Joint test of the overdispersed model."""
    return overdispersed.joint(overdispersed.asked_in_many_ways, 1_000 if fits == FITS else fits)


def joint_degree(fits: int) -> float:
    """Joint test of the random-degree model."""
    return random_degree.joint(
        "random-degree", fits=2_000 if fits == FITS else fits, rounds=20, rng=2, n=8
    )


def joint_barrier(fits: int) -> float:
    """Joint test of the barrier model."""
    return random_degree.joint(
        "barrier", fits=2_000 if fits == FITS else fits, rounds=20, rng=2, n=8
    )


def joint_lognormal(fits: int) -> float:
    """Joint test of the Poisson-lognormal model with weights and covariates."""
    how = lognormal.STUDIES["weights and covariates"]
    return lognormal.joint(how, 2_000 if fits == FITS else fits, 20)


def joint_classes(fits: int) -> float:
    """Joint test of the latent class model."""
    return latent.joint(fits=10_000 if fits == FITS else fits, rounds=40, rng=2)


JOINT = {
    "nsum.fit, overdispersed, answers of all kinds": (joint_overdispersed, 1_000),
    "nsum.fit, random degree": (joint_degree, 2_000),
    "nsum.fit, barrier": (joint_barrier, 2_000),
    "nsum.fit, Poisson-lognormal, correlated": (joint_lognormal, 2_000),
    "mse.latent_class": (joint_classes, 10_000),
}


# ---------------------------------------------------------------------- lines
def line(sampler: str, name: str, shares: Array) -> dict[str, Any]:
    """Return the test of one parameter; of a vector that of its worst number, times their count."""
    flat = shares.reshape(len(shares), -1).T
    p = min(stats.kstest(column, "uniform").pvalue for column in flat) * len(flat)
    z = (flat.mean(axis=1) - 0.5) * np.sqrt(12 * len(shares))
    inside = np.abs(flat - 0.5) <= LEVEL / 2
    return {
        "sampler": sampler,
        "test": "ranks",
        "parameter": name,
        "numbers": len(flat),
        "fits": len(shares),
        "p": min(1.0, float(p)),
        "z": float(z[np.abs(z).argmax()]),
        "coverage": 100 * float(inside.mean()),
    }


def ranked(sampler: str, fits: int) -> list[dict[str, Any]]:
    """Return the lines of one sampler's ranks."""
    began = time.process_time()
    found = [line(sampler, name, shares) for name, shares in RANKS[sampler](fits).items()]
    return [{**one, "seconds": time.process_time() - began} for one in found]


def jointly(sampler: str, fits: int) -> list[dict[str, Any]]:
    """Return the line of one sampler's joint test."""
    began, (test, chains) = time.process_time(), JOINT[sampler]
    one = {"sampler": sampler, "test": "joint", "parameter": "all", "numbers": 0}
    p = min(1.0, test(fits))
    one |= {"fits": chains if fits == FITS else fits, "p": p, "z": np.nan, "coverage": np.nan}
    return [{**one, "seconds": time.process_time() - began}]


def tested(test: Test, sampler: str, fits: int) -> list[dict[str, Any]]:
    """Return the lines of one test of a sampler."""
    return test(sampler, fits)


def study(fits: int) -> pd.DataFrame:
    """Return one line per sampler and parameter."""
    calls = [(ranked, sampler) for sampler in RANKS] + [(jointly, sampler) for sampler in JOINT]
    every = each(tested, [(*call, fits) for call in calls])
    return pd.DataFrame([one for some in every for one in some])


def main() -> int:
    """Run the study, print its table, write it, and state the claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 fits; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else FITS)
    print(table.round(4).to_string(index=False))
    if quick:
        return 0
    digits = {"p": 4, "z": 2, "coverage": 1}
    table.drop(columns="seconds").round(digits).to_csv(DOCS / "calibration.csv", index=False)
    return put("python -m evidence.coverage.calibration", claims(table))


def claims(table: pd.DataFrame) -> list[Claim]:
    """Return what the table shows."""
    ranks = table[table["test"] == "ranks"]
    worst = ranks.assign(p=ranks["p"] * ranks.groupby("sampler")["p"].transform("size"))["p"].min()
    joint = table.loc[table["test"] == "joint", "p"].min()
    return [
        Claim(
            "Ranks of the truth among posterior draws are uniform, every sampler",
            f"p above {REJECTED} for all parameters of a sampler together (Bonferroni)",
            f"smallest p {min(1.0, worst):.3f} of {ranks['sampler'].nunique()} samplers, "
            f"{ranks['fits'].min()} data sets or more each",
            bool(worst > REJECTED and ranks["fits"].min() >= FITS),
            "coverage",
        ),
        Claim(
            "Geweke's joint test finds no wrong conditional",
            f"p above {REJECTED}",
            f"smallest p {joint:.3f} of {(table['test'] == 'joint').sum()} samplers",
            bool(joint > REJECTED),
            "coverage",
        ),
    ]


if __name__ == "__main__":
    sys.exit(importlib.import_module("evidence.coverage.calibration").main())
