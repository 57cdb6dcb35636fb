"""How often posterior intervals hold the truth in a clustered sample: ``python -m evidence.coverage.network_posteriors``.

Clusters in which more people are known are drawn more often, and 10 adults of each answer. The
overdispersed model is fitted without weights and clusters (``weights="ignore"``) and with them
(``weights="pseudo"``), beside the closed form. With its 60 samples the study writes
`docs/evidence/network-posteriors.csv`; ``--quick`` draws 10 and writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage.many import each

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, QUICK, SEED = 60, 10, 20_261_125
CLUSTERS, DRAWN, EACH, PEOPLE, HIDDEN = 2_000, 30, 10, 1_000_000, 3_000
KNOWN = {"police": 4_000, "nurses": 9_000, "teachers": 15_000, "drivers": 25_000}
SPREAD = 0.5  # variance of the clusters' effects, of mean 1, on reports
HOW: dict[str, Any] = {"chains": 2, "draws": 400, "warmup": 400}


def sample(rng: np.random.Generator, informative: bool) -> tuple[pv.Survey, float]:
    """Return a sample and the size that the answers of all clusters would give."""
    effect = rng.gamma(1 / SPREAD, SPREAD, CLUSTERS)
    size = np.sqrt(effect) if informative else np.ones(CLUSTERS)
    drawn = rng.choice(CLUSTERS, DRAWN, p=size / size.sum())
    psu = np.repeat(np.arange(DRAWN), EACH)
    degree = rng.lognormal(5.0, 0.6, psu.size)
    data = {
        "psu": psu,
        "w": 1 / size[drawn][psu],
        "hidden": rng.poisson(degree * HIDDEN / PEOPLE * effect[drawn][psu]),
    }
    for name, people in KNOWN.items():
        data[name] = rng.poisson(degree * people / PEOPLE * rng.gamma(2.0, 0.5, psu.size))
    return pv.Survey(data, weights="w", psu="psu"), HIDDEN * float(effect.mean())


def estimates(survey: pv.Survey, seed: int) -> Iterator[tuple[str, pv.Estimate]]:
    """Yield the size by the model without and with the design, and in closed form."""
    for weights in ("ignore", "pseudo"):
        fitted = pv.nsum.fit(
            survey, "hidden", known=KNOWN, population=PEOPLE, weights=weights, rng=seed, **HOW
        )
        yield f"overdispersed, weights={weights!r}", fitted.size(transmission=1, unconverged=True)
    yield "scale_up", pv.nsum.scale_up(survey, "hidden", known=KNOWN, transmission=1)


def one(informative: bool, i: int) -> list[tuple[str, tuple[float, float, float]]]:
    """Return the estimates of one sample and their limits, over the truth."""
    survey, truth = sample(np.random.default_rng([SEED, int(informative), i]), informative)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        made = [(name, e, e.interval()[0]) for name, e in estimates(survey, SEED + i)]
    return [(name, (float(e) / truth, low / truth, high / truth)) for name, e, (low, high) in made]


def study(samples: int) -> pd.DataFrame:
    """Return one line per sampling and estimator."""
    lines = []
    for informative in (True, False):
        held: dict[str, list[tuple[float, float, float]]] = {}
        for some in each(one, [(informative, i) for i in range(samples)]):
            for name, found in some:
                held.setdefault(name, []).append(found)
        for name, found in held.items():
            value, low, high = np.array(found).T
            covered = float(((low <= 1) & (high >= 1)).mean())
            lines.append(
                {
                    "sampling": "informative" if informative else "equal chances",
                    "estimator": name,
                    "bias": 100 * float(value.mean() - 1),
                    "coverage": 100 * covered,
                    "mc_se": 100 * float(np.sqrt(max(covered * (1 - covered), 0.01) / samples)),
                    "too_high": 100 * float((low > 1).mean()),
                    "too_low": 100 * float((high < 1).mean()),
                    "width": 100 * float((high - low).mean()),
                }
            )
    return pd.DataFrame(lines).round(1)


def main() -> None:
    """Run the study, print its table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 samples; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES)
    print(table.to_string(index=False))
    if not quick:
        table.to_csv(DOCS / "network-posteriors.csv", index=False)


if __name__ == "__main__":
    main()
