"""Persons with covariates, in classes, on lists linked with errors: cells of `evidence.coverage.estimators`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories

from .lists_made import as_lists, tried
from .many import Cell, Found

__all__ = ["cells"]

Array = NDArray[Any]
LIGHT: dict[str, Any] = {"chains": 4, "levels": 4, "draws": 1_000, "warmup": 500}
CONSTANTS, SLOPES = (-1.0, -0.5, -1.2), np.array([[0.4, -0.3, 0.2], [0.2, 0.3, -0.1]])


def seen(size: int, rng: np.random.Generator) -> pv.Lists:
    """Return three lists whose chances are logistic in a normal and a binary covariate."""
    x = np.column_stack([rng.normal(size=size), rng.random(size) < 0.4]).astype(float)
    on = rng.random((size, 3)) < 1 / (1 + np.exp(-(np.array(CONSTANTS) + x @ SLOPES)))
    kept = on.any(axis=1)
    data = {name: on[kept, j].astype(int) for j, name in enumerate("ABC")}
    return pv.Lists({**data, "a": x[kept, 0], "b": x[kept, 1]}, list("ABC"), covariates=["a", "b"])


def with_covariates(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Estimate given the covariates that make the lists depend on each other."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            made = seen(size, rng)
            yield tried("mse.huggins", size, partial(pv.mse.huggins, made))
            yield tried(
                "mse.doubly_robust", size,
                partial(pv.mse.doubly_robust, made, among=["A", "B"], rng=rng),
            )  # fmt: skip

    return draw


def classes(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Five lists and two classes, one of which most lists see well."""
    histories = all_histories(5)
    rates = np.array([[0.7, 0.6, 0.5, 0.7, 0.6], [0.25, 0.2, 0.3, 0.15, 0.25]])
    p = sum(
        share * np.prod(np.where(histories == 1, rate, 1 - rate), axis=1)
        for share, rate in zip((0.4, 0.6), rates, strict=True)
    )

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            counts = rng.multinomial(size, np.append(p, 1 - np.sum(p)))[:-1].astype(float)
            made = pv.Lists.from_counts(histories, counts, list("ABCDE"))
            yield tried(
                "mse.latent_class", size,
                partial(
                    pv.mse.latent_class, made, classes=5, point="median", unconverged=True, rng=rng, **LIGHT
                ),
            )  # fmt: skip

    return draw


def cut(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Three lists; one record in twelve is cut off from its person's others, 150 are audited."""
    error, rates = np.array([0.08, 0.05, 0.1]), np.array([0.35, 0.3, 0.25])
    alone = np.eye(3, dtype=bool)

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            on = rng.random((size, 3)) < rates
            off = on & (rng.random(on.shape) < error)
            every = np.concatenate([on & ~off, np.repeat(alone, off.sum(axis=0), axis=0)])
            every = every[every.any(axis=1)]
            code = every @ (1 << np.arange(3))
            histories = all_histories(3)
            codes = histories @ (1 << np.arange(3))
            counts = np.bincount(code, minlength=8)[codes.astype(int)].astype(float)
            audited = {
                n: (int(rng.binomial(150, e)), 150) for n, e in zip("ABC", error, strict=True)
            }
            yield tried(
                "mse.linked", size,
                partial(
                    pv.mse.linked, as_lists(counts, 3), missed=audited, draws=60, rng=rng
                ),
            )  # fmt: skip

    return draw


def referred(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Three lists, of which the first sends a third of its persons to the second."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            own = rng.random((size, 3)) < np.array([0.25, 0.15, 0.2])
            sent = own[:, 0] & (rng.random(size) < 1 / 3)
            on = own.copy()
            on[:, 1] |= sent
            kept = on.any(axis=1)
            source = np.where(own[:, 1], "own", np.where(sent, "A", ""))
            data = {name: on[kept, j].astype(int) for j, name in enumerate("ABC")}
            data |= {"B from": source[kept]}
            plain = pv.Lists(data, list("ABC"), referred_by={"B": "B from"}, own="own")
            made = plain.declare(referral=[("A", "B")], every_referral=True, recording="always")
            for method in ("forced", "removed", "merged"):
                yield tried(
                    "mse.referral_aware", size,
                    partial(pv.mse.referral_aware, made, method=method), method,
                )  # fmt: skip

    return draw


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        Cell("persons in two classes, N = 2,000", classes(2_000), samples=100),
        Cell("chances by covariates, N = 2,000", with_covariates(2_000), samples=1_000),
        Cell("chances by covariates, N = 6,000", with_covariates(6_000), samples=1_000),
        Cell("records cut off, 150 audited on each list, N = 2,000", cut(2_000), samples=1_000),
        Cell("one list sends to another, N = 2,000", referred(2_000)),
    ]
