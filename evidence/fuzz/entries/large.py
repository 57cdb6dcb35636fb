"""Entries of what is larger than one computer: shards of work, files read once, fits put together."""

from __future__ import annotations

from typing import Any

import pandas as pd

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import quiet, two_lists
from evidence.fuzz.people import people

from .network import full_answers
from .shared import HOLDERS, call, fields, made_by, member


def itself(item: object) -> object:
    """Return what it is given: a user's own function may fail in its own words."""
    return item


def shard(r: Chance) -> Any:
    return pv.run_shard(itself, range(7), 0, of=r.pick(1, 2, 3))


HOLDERS["Shard"] = made_by(shard)


def all_shards(r: Chance) -> Call:
    of = r.pick(1, 2, 3)
    return call([pv.run_shard(itself, range(7), k, of=of) for k in range(of)])


def parquet(r: Chance) -> Call:
    place = r.path(".parquet")
    data = {name: list(values) for name, values in people(r).items()}
    table = pd.DataFrame({name: data[name] for name in ("w", "ea", "region", "case", "age", "sex")})
    table.to_parquet(place)
    how = r.maybe(
        0.4, conditions={"teen": "age >= 12"}, amounts="age", engine="pyarrow", strata="region"
    )
    return call(place, weights="w", psu="ea", columns=["case", "sex"], **how)


@quiet
def classes(r: Chance) -> list[Any]:
    """Return two fits of the same lists from seeds of their own."""
    made = r.of(two_lists)
    few: dict[str, Any] = {"classes": 1, "chains": 2, "levels": 1, "warmup": 10, "draws": 20}
    return [pv.mse.latent_class_fit(made, rng=seed, **few) for seed in (1, 2)]


@quiet
def degrees(r: Chance) -> list[Any]:
    """Return two fits of the same answers from seeds of their own."""
    made = r.of(full_answers)
    few: dict[str, Any] = {"model": "random-degree", "chains": 2, "warmup": 10, "draws": 20}
    return [pv.nsum.fit(made, "hidden", rng=seed, **few) for seed in (1, 2)]


def put_together(maker: Any) -> Any:
    def entry(r: Chance) -> Call:
        one, two = r.of(maker, 4)
        return member(one, two)

    return entry


ENTRIES: dict[str, Any] = {
    "run_shard": lambda r: call(itself, range(r.whole(3, 9)), r.pick(0, 1), of=2),
    "combine": all_shards,
    "Shard": lambda r: call(**fields(r.of(shard))),
    "Shard.save": lambda r: member(r.of(shard), r.path(".shard"), **r.maybe(overwrite=True)),
    "Survey.from_parquet": parquet,
    "nsum.Posterior.join": put_together(degrees),
    "mse.LatentClassFit.join": put_together(classes),
}
