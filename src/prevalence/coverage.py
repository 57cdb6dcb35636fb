"""Draw the data of a study anew many times and count how often its intervals hold the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import datasets, parallel
from .reproduce import run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["coverage", "one_run", "summarise"]


#: Cells that no check needs.
SKIPPED = ("figure", "slow", "results", "environment")
#: Of the estimate over the truth.
QUANTILES = {"median": 0.5, "5 %": 0.05, "95 %": 0.95}


class Written(Protocol):
    """A synthetic country: what can be written to a folder."""

    def write(self, folder: str | PathLike[str]) -> list[str]: ...


def one_run(study: str, seed: int) -> list[dict[str, Any]]:
    """Run the study on the data of one seed and return its checks, and what misleads by intent.

    It is the piece of work of `coverage`, for `prevalence.run_shard` on a queue.
    """
    import pandas as pd

    name = datasets.STUDIES[datasets.check(study)].data
    with tempfile.TemporaryDirectory() as folder:
        changed: dict[str, Any] = {"seed": seed}
        if name:
            write(name, seed, folder)
            changed["data"] = Path(folder)
        done = run(study, assumptions=changed, skip=SKIPPED)
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
    every = done.checked[columns].assign(claims=True)
    if "misled" in done.names:  # estimates whose assumption is known to be false
        every = pd.concat([every, done.names["misled"].to_frame()[columns].assign(claims=False)])
    rows = every.assign(seed=seed).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def write(data: str, seed: int, folder: str | Path) -> list[str]:
    """Draw a synthetic country anew and write its files."""
    from . import simulate

    makers: dict[str, Callable[[int], Written]] = {
        "jamaica": simulate.jamaica,
        "cote_divoire": simulate.cote_divoire,
    }
    return makers[data](seed).write(folder)


def coverage(study: str, seeds: range, *, n_jobs: int | None = None) -> pd.DataFrame:
    """Return coverage, bias and standard-error ratio over regenerated countries.

    Parameters
    ----------
    study : str
        Name of the study.
    seeds : range
        Seeds of the data, drawn anew with everything in them.
    n_jobs : int, optional
        Worker processes; None follows `joblib.parallel_config`.

    Returns
    -------
    pandas.DataFrame
        One row per estimate (domains together) with Monte Carlo errors. Estimates of a study's
        ``misled`` follow, if it has any, with False under ``claims``: nobody should believe them.
    """
    if "\nchecked" not in datasets.source(study).read_text(encoding="utf-8"):
        raise ValueError(
            f"study must have estimates with a truth: {study!r} has none. Choose a synthetic one."
        )
    return summarise(parallel.run(partial(one_run, study), seeds, n_jobs=n_jobs))


def summarise(runs: Sequence[Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Summarise runs by estimate, as `coverage` does, from `prevalence.combine` for example.

    The Monte Carlo error allows for domains of one country together.
    """
    import pandas as pd

    frame, countries = pd.DataFrame([row for one in runs for row in one]), len(runs)
    out = []
    for name, part in frame.groupby("name", sort=False):
        with_interval = part[part["covers"].notna()]
        by_country = with_interval.assign(held=with_interval["covers"].astype(float)).groupby(
            "seed"
        )
        share = by_country["held"].mean()
        relative = part["estimate"] / part["truth"]
        ratio = relative.groupby(part["seed"]).mean()
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
                "spread / truth": float((usable / spread["truth"].mean()).mean()),
                **{label: relative.quantile(q) for label, q in QUANTILES.items()},
                "claims": bool(part["claims"].all()),
            }
        )
    return pd.DataFrame(out)
