"""Regenerate a synthetic country many times and count how often intervals hold the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import datasets
from .reproduce import run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["coverage", "read_coverage"]


def one_country(study: str, seed: int) -> list[dict[str, Any]]:
    """Run the study on the country of one seed and return its checks."""
    from . import simulate

    makers: dict[str, Callable[[int], simulate.Country]] = {"jamaica": simulate.jamaica}
    with tempfile.TemporaryDirectory() as folder:
        makers[datasets.check(study)](seed).write(folder)
        changed = {"data": Path(folder), "replicates": 200}
        done = run(study, assumptions=changed, skip=("figure",))
    columns = [
        "name",
        "domain",
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "truth",
        "covers",
    ]
    every = done.names["checked"].to_frame()[columns]
    return [{"seed": seed, **row} for row in every.to_dict("records")]


def coverage(study: str, seeds: range, *, n_jobs: int | None = None) -> pd.DataFrame:
    """Return coverage, bias and standard-error ratio over regenerated countries.

    Parameters
    ----------
    study : str
        Name of the study.
    seeds : range
        Seeds of the countries, each drawn anew with everything in it.
    n_jobs : int, optional
        Worker processes; None follows `joblib.parallel_config`.

    Returns
    -------
    pandas.DataFrame
        One row per estimate (domains together) with Monte Carlo errors.
    """
    import pandas as pd
    from joblib import Parallel, delayed

    jobs = (delayed(one_country)(study, seed) for seed in seeds)
    rows = [row for part in Parallel(n_jobs=n_jobs)(jobs) for row in part]
    return _summary(pd.DataFrame(rows), len(seeds))


def _summary(frame: pd.DataFrame, countries: int) -> pd.DataFrame:
    """Summarise by estimate; the Monte Carlo error allows for domains of one country together."""
    import pandas as pd

    out = []
    for name, part in frame.groupby("name", sort=False):
        with_interval = part[part["covers"].notna()]
        by_country = with_interval.assign(held=with_interval["covers"].astype(float)).groupby(
            "seed"
        )
        share = by_country["held"].mean()
        ratio = (part["estimate"] / part["truth"]).groupby(part["seed"]).mean()
        spread = part.assign(error=part["estimate"] - part["truth"]).groupby("domain")
        usable = spread["error"].std()
        typical = np.sqrt(spread["std_error"].apply(lambda x: np.nanmean(np.square(x))))
        out.append(
            {
                "estimate": name,
                "countries": countries,
                "intervals": len(with_interval),
                "without interval": int(part["covers"].isna().sum()),
                "coverage": share.mean(),
                "coverage mc error": share.std() / len(share) ** 0.5,
                "missed below": float((with_interval["conf_high"] < with_interval["truth"]).mean()),
                "missed above": float((with_interval["conf_low"] > with_interval["truth"]).mean()),
                "mean of estimate / truth": ratio.mean(),
                "ratio mc error": ratio.std() / len(ratio) ** 0.5,
                "std error / spread": float((typical / usable).mean()),
            }
        )
    return pd.DataFrame(out)


def coverage_path(study: str) -> Path:
    """Return the file of the committed coverage table."""
    return datasets.source(study).with_suffix(".coverage.csv")


def read_coverage(study: str) -> pd.DataFrame | None:
    """Return the committed coverage table of a study, if there is one."""
    import pandas as pd

    path = coverage_path(study)
    return pd.read_csv(path) if path.is_file() else None
