"""`Rehearsal`: a population with its truth and a design, whose samples are drawn and estimated."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from prevalence import parallel
from prevalence.arguments import explained
from prevalence.errors import ConvergenceError, PrevalenceWarning, generator, whole
from prevalence.estimate import Estimate
from prevalence.synthesis import Comparison, compare

from .estimators import OWN, chosen
from .expected import Expected, expected
from .fieldwork import Fieldwork, draw
from .parameters import Parameters
from .performance import performance
from .population import Population
from .words import described, violations

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rehearsal"]

Estimator = Callable[[Fieldwork], Estimate | Comparison]
CHUNK = 10  # samples handed to a worker at a time; no number depends on it


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Rehearsal:
    """A population whose truth is known, and the design of a study of it; made by `study`.

    Parameters
    ----------
    parameters : Parameters
        What was asked for.
    population : Population
        The children, with the true values.

    Examples
    --------
    >>> from prevalence.simulate import study
    >>> rehearsal = study(prevalence=0.02, estimators=["survey", "lists"], rng=1)
    >>> rehearsal
    Rehearsal of a study of 120,000 children, of whom 2,400 (2 %) are trafficked
      Design: 80 of 1,000 clusters (pps), 15 households in each
      Nonresponse: 20 % of households, more often the more children they have
      Expected: 1,872 children and 38 cases; relative standard error 20 %, design effect 1.47
      Expected: 1,176 trafficked children on 3 case lists
      Estimators: survey, lists; variance linearised
      Assumptions: all hold
    >>> sample = rehearsal.sample(rng=1)
    >>> rehearsal.estimate(sample).to_frame()[["name", "truth", "covers"]].values.tolist()
    [['survey', 2400.0, True], ['lists', 2400.0, True]]
    >>> rows = rehearsal.one(0, rng=1)
    >>> [row["estimator"] for row in rows]
    ['survey', 'lists']
    >>> rehearsal.run(samples=20, rng=1)[["estimator", "samples", "coverage"]].values.tolist()
    [['survey', 20, 0.95], ['lists', 20, 0.9]]
    """

    parameters: Parameters
    population: Population = field(repr=False)

    @cached_property
    def expected(self) -> Expected:
        """What one study can be expected to bring back: children, cases, relative error, reports."""
        return expected(self.parameters, self.population)

    @property
    def violated(self) -> tuple[str, ...]:
        """Assumptions of the estimators that fail in this population, in words; none is best."""
        return violations(self.parameters)

    def sample(self, rng: int | np.random.Generator | None = None) -> Fieldwork:
        """Draw the data of one study.

        Parameters
        ----------
        rng : int, Generator or None
            Seed or generator.

        Returns
        -------
        Fieldwork
            Surveys of households and of children with their weights, answers and lists.
        """
        return draw(self.parameters, self.population, generator(rng))

    def estimate(self, sample: Fieldwork) -> Comparison:
        """Estimate the number of trafficked children from one sample, beside the truth.

        Parameters
        ----------
        sample : Fieldwork
            What `sample` returned.

        Returns
        -------
        Comparison
            One estimate for each estimator that was asked for.

        Raises
        ------
        ValueError, ConvergenceError
            When there is no estimate, as with lists that do not overlap.
        """
        made = {name: make(sample) for name, make in chosen(self.parameters).items()}
        return compare(made, truth=self.population.cases)

    def one(
        self,
        number: int,
        *,
        estimate: Estimator | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> list[dict[str, Any]]:
        """Draw and estimate one sample of a run: the part of `run` that a shard repeats.

        Parameters
        ----------
        number : int
            Number of the sample, from 0.
        estimate : callable, optional
            As for `run`.
        rng : int, Generator or None
            The seed of the run, the same for every number.

        Returns
        -------
        list of dict
            One row per estimate and domain, numbers and words alone: what `run` sums up.

        Raises
        ------
        ValueError
            When the number is below 0.
        """
        whole("number", number, 0, "Number the samples from 0.")
        return self._rows(number, entropy(rng), estimate)

    def run(
        self,
        samples: int = 200,
        *,
        estimate: Estimator | None = None,
        rng: int | np.random.Generator | None = None,
        n_jobs: int | None = None,
    ) -> pd.DataFrame:
        """Draw many samples and tell how the estimators do against the truth.

        Parameters
        ----------
        samples : int
            Number of samples, at least 2.
        estimate : callable, optional
            Your own estimator, from a `Fieldwork` to an `Estimate` or a `Comparison`, in place of
            those of the rehearsal. Truths that it does not give are the number of trafficked
            children for a count and their share for a proportion.
        rng : int, Generator or None
            Seed or generator. Every sample has a seed of its own, so that no number depends on
            `n_jobs` or the backend.
        n_jobs : int, optional
            Worker processes; None follows `joblib.parallel_config`.

        Returns
        -------
        pandas.DataFrame
            One row per estimate and domain: truth, samples, none (share without an estimate or
            interval), mean, bias and rmse (relative to the truth; missing where it is 0), se_ratio
            (mean standard error over the standard deviation of the estimates), coverage, too_low and
            too_high (intervals below and above the truth), width (median), noted (share of
            estimates with a warning); with ``_mc``, their Monte Carlo errors.

        Raises
        ------
        ValueError, TypeError
            When no sample has an estimate (with the first reason), or `estimate` returns something
            else.

        Notes
        -----
        The Monte Carlo error of a coverage near 0.95 is 0.015 with 200 samples, 0.005 with 2,000.
        """
        whole("samples", samples, 2, "Write for example 200.")
        seed = entropy(rng)
        rows = self._many(range(samples), seed, estimate, n_jobs)
        return performance(rows, samples)

    def _many(
        self, numbers: Sequence[int], seed: int, estimate: Estimator | None, n_jobs: int | None
    ) -> list[dict[str, Any]]:
        parts = [numbers[k : k + CHUNK] for k in range(0, len(numbers), CHUNK)]
        work = partial(self._chunk, seed=seed, estimate=estimate)
        with warnings.catch_warnings():  # threads share what is ignored
            warnings.simplefilter("ignore", PrevalenceWarning)
            return [row for rows in parallel.run(work, parts, n_jobs=n_jobs) for row in rows]

    def _chunk(
        self, numbers: Sequence[int], seed: int, estimate: Estimator | None
    ) -> list[dict[str, Any]]:
        return [row for number in numbers for row in self._rows(number, seed, estimate)]

    def _rows(self, number: int, seed: int, estimate: Estimator | None) -> list[dict[str, Any]]:
        """Return the rows of one sample; warnings are counted in the rows, not shown."""
        child = np.random.SeedSequence(seed, spawn_key=(number,))
        sample = self.sample(np.random.default_rng(child))
        makers = chosen(self.parameters) if estimate is None else {OWN: estimate}
        rows: list[dict[str, Any]] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrevalenceWarning)
            for name, make in makers.items():
                try:
                    found = make(sample)
                except (ValueError, ConvergenceError) as reason:
                    rows.append({"estimator": name, "domain": "", "reason": str(reason)})
                else:
                    rows += self._told(name, found)
        return [{"number": number, **row} for row in rows]

    def _told(self, name: str, found: object) -> list[dict[str, Any]]:
        """Return one row per number of what an estimator returned."""
        if isinstance(found, Estimate):
            found = Comparison({name: found})
        if not isinstance(found, Comparison):
            raise TypeError(
                f"estimate must return an Estimate or a Comparison: found {type(found).__name__}. "
                "Return what an estimator of the library returned, or pv.compare({...})."
            )
        rows = []
        for key, e in found.estimates.items():
            known = found.truth[key] if key in found.truth else self._truth(e)
            truth = np.broadcast_to(known, (len(e),))
            limits = e.interval()
            rows += [
                {
                    "estimator": key,
                    "domain": ", ".join(e.labels[i]) or "all",
                    "truth": float(truth[i]),
                    "estimate": float(e.value[i]),
                    "std_error": float(e.std_error[i]),
                    "low": float(limits[i, 0]),
                    "high": float(limits[i, 1]),
                    "noted": bool(e.warnings),
                }
                for i in range(len(e))
            ]
        return rows

    def _truth(self, e: Estimate) -> float:
        """Return what a number over all children should be."""
        of_unit = {"count": self.population.cases, "proportion": self.population.prevalence}
        if e.unit not in of_unit or len(e) > 1:
            what = f"a {e.unit}" if len(e) == 1 else f"an estimate of {len(e)} rows"
            raise ValueError(
                f"estimate must come with its truth unless it is one count or proportion: found "
                f"{what}. Return pv.compare({{...}}, truth={{...}}), with truths from "
                "rehearsal.population."
            )
        return of_unit[e.unit]

    def __repr__(self) -> str:
        return described(self.parameters, self.population, self.expected)


def entropy(rng: int | np.random.Generator | None) -> int:
    """Return the one number that all samples of a run have their seeds from."""
    return int(generator(rng).integers(2**63))
