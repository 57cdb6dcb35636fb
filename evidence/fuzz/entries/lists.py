"""Entries of `Lists` and `mse`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import HISTORIES, NAMES, framed_lists, lists, patterns, quiet, two_lists

from .shared import HOLDERS, call, fields, holder, member


@quiet
def grouped(r: Chance) -> pv.Lists:
    """Return lists with a covariate, or with strata."""
    data = patterns(r, r.pick(2, 3))
    names = [name for name in NAMES if name in data]
    return pv.Lists(data, names, counts="n", covariates=["sex"])


@quiet
def stratified(r: Chance) -> pv.Lists:
    data = patterns(r, r.pick(2, 3))
    return pv.Lists(data, [name for name in NAMES if name in data], counts="n", strata="sex")


@quiet
def referred(r: Chance) -> pv.Lists:
    made = pv.Lists(patterns(r, 3), NAMES[:3], counts="n", referred_by={"home": "sent"})
    how = r.maybe(every_referral=True, recording=r.pick("always", "first"))
    return made.declare(referral=[("police", "home")], **how)


def registered(name: str, make: Any, size: int | None = None) -> Any:
    made = holder(name)(make)
    if size is not None:
        HOLDERS[name] = lambda r: r.of(made, size)
    return made


def graph_posterior(r: Chance) -> Any:
    return pv.mse.graph_posterior(r.of(two_lists))


def influence(r: Chance) -> Any:
    return pv.mse.influence(r.of(two_lists))


def class_fit(r: Chance) -> Any:
    return pv.mse.latent_class_fit(
        r.of(two_lists), classes=2, chains=4, levels=1, warmup=20, draws=60, rng=1
    )


def model_table(r: Chance) -> Any:
    return pv.mse.models(r.of(two_lists))


def ntop_table(r: Chance) -> Any:
    return pv.mse.vary_ntop(r.of(two_lists), ntop=(1, 2), replicates=200, rng=1)


def list_pairs(r: Chance) -> Any:
    return pv.mse.doubly_robust_pairs(r.of(grouped), folds=2, rng=1)


def bracket(r: Chance) -> Any:
    return pv.mse.referral_bracket(r.of(referred))


def reliability(r: Chance) -> Any:
    return pv.mse.reliability(r.of(two_lists), simulations=20, rng=1)


def odds(r: Chance) -> Any:
    return pv.mse.sensitivity(r.of(two_lists))


graph_posterior = registered("mse.GraphPosterior", graph_posterior)
influence = registered("mse.Influence", influence)
class_fit = registered("mse.LatentClassFit", class_fit, 3)
model_table = registered("mse.ModelTable", model_table)
ntop_table = registered("mse.NtopTable", ntop_table, 5)
list_pairs = registered("mse.Pairs", list_pairs)
bracket = registered("mse.ReferralBracket", bracket)
reliability = registered("mse.Reliability", reliability, 12)
odds = registered("mse.Sensitivity", odds)


def new(r: Chance) -> Call:
    data = patterns(r, n := r.pick(2, 3, 4))
    how = r.pick(
        {}, {"strata": "sex"}, {"covariates": ["sex", "age"]}, {"referred_by": {"home": "sent"}}
    )
    return call(framed_lists(r, data), list(NAMES[:n]), counts="n", **how)


def captures(r: Chance) -> Call:
    m = r.whole(5, 40)
    who = r.rng.integers(0, 20, m)
    rows = {
        "key": who,
        "list": np.array(NAMES)[r.rng.integers(0, 3, m)],
        "on": pd.to_datetime("2023-01-01") + pd.to_timedelta(r.rng.integers(0, 700, m), "D"),
        "sent": np.array(["", "police", "home"])[r.rng.integers(0, 3, m)],
        "sex": np.array(["F", "M"])[who % 2],
    }
    how = r.maybe(strata="sex", date="on", referred_by="sent")
    if "date" in how:
        how |= r.maybe(window=("2023-01-01", "2023-12-31"))
    return call(pd.DataFrame(rows), person="key", list="list", **how)


def counts(r: Chance) -> Call:
    n = r.pick(2, 3)
    rows = [h[:n] for h in HISTORIES if not any(h[n:])]
    return call(rows, [int(r.rng.poisson(20)) for _ in rows], **r.maybe(names=list(NAMES[:n])))


def declared(r: Chance) -> Call:
    how = r.maybe(
        0.4, referral=[("police", "home")], recording=r.pick("always", "first", "masks"),
        missed_links=0.05, false_links=0.01, visibility=r.pick("equal", "unequal"),
    )  # fmt: skip
    if "referral" in how:
        how |= r.maybe(every_referral=r.pick(True, False))
    return member(r.of(lists), **how)


def names_of(r: Chance) -> tuple[pv.Lists, list[str]]:
    made = r.of(lists)
    return made, list(made.names)


def pair(r: Chance) -> Call:
    made, names = names_of(r)
    return call(made, between=tuple(r.some(names, 2)[:2]))


def groups(r: Chance, made: pv.Lists) -> list[Any]:
    names = list(made.names)
    return [] if r.yes(0.6) or len(names) < 3 else [tuple(r.some(names, 2)[:2])]


def modelled(**how: Any) -> Any:
    def entry(r: Chance) -> Call:
        made = r.of(lists)
        return call(made, pairs=groups(r, made), **r.maybe(**how))

    return entry


def searched(r: Chance) -> dict[str, Any]:
    return r.maybe(
        0.3, criterion=r.pick("aic", "bic", "aicc"), order=1, ranking=r.pick("bic", "aic"),
        penalty=r.pick("persons", "cells"),
    )  # fmt: skip


def closed(r: Chance) -> Call:
    model = r.pick("M0", "Mt", "Mh", "Mth", "Mb", "Mbh")
    how: dict[str, Any] = (
        {"heterogeneity": r.pick("chao", "poisson", "darroch")} if model in ("Mh", "Mth") else {}
    )
    how |= {"ordered": True} if "b" in model else {}
    return call(
        r.of(lists), model=model, **how, **r.maybe(0.25, interval="profile", bias_corrected=True)
    )


def covered(r: Chance) -> dict[str, Any]:
    how = r.maybe(0.3, method=r.pick("plug-in", "tmle", "one-step"), folds=r.pick(1, 2), clamp=0.01)
    return how | r.maybe(0.2, nuisance="quadratic", odds_ratio=1.5) | {"rng": 1}


def huggins(r: Chance) -> Call:
    model = r.pick("M0", "Mt", "Mh", "Mth", "Mth", "Mb", "Mtb")
    how: dict[str, Any] = {"ordered": True} if "b" in model else {}
    return call(r.of(grouped), model=model, **how, **r.maybe(0.3, slopes="common", by="sex"))


def sampler(r: Chance) -> dict[str, Any]:
    few = {"classes": r.pick(1, 3), "chains": r.pick(2, 4), "levels": r.pick(1, 2)}
    return {**few, "draws": r.pick(8, 16), "warmup": r.pick(4, 8), "rng": 1}


def linked(r: Chance) -> Call:
    made, names = names_of(r)
    how = r.pick(
        {"missed": {names[0]: r.pick(0.1, (4, 60))}},
        {"joins": {(names[0], names[1]): r.pick(2.0, (1, 20))}},
        {},
    )
    return call(made, draws=r.pick(5, 10), rng=1, **how)


def linked_pair(r: Chance) -> Call:
    audit = r.pick({"true_links": (48, 50)}, {"linked_others": (2, 40)}, {"true_links": (20, 20)})
    return call(
        r.of(two_lists), between=("police", "home"), linked_matches=(40, 50), rng=1, **audit
    )


def over(r: Chance) -> Call:
    made = r.of(two_lists)
    versions = [made, *(each for _ in range(4) if (each := r.of(two_lists)).names == made.names)]
    return call(versions, using=r.pick(pv.mse.loglinear, pv.mse.lower_bound))


def posterior(r: Chance) -> dict[str, Any]:
    return r.maybe(
        0.3, delta=0.5, prior=r.pick("1/N", "1/missing", "uniform"), saturated=False, largest=5000
    )


ENTRIES: dict[str, Any] = {
    "Lists": new,
    "Lists.from_captures": captures,
    "Lists.from_counts": counts,
    "Lists.bootstrap": lambda r: member(r.of(lists), r.pick(2, 20), rng=1),
    "Lists.declare": declared,
    "Lists.describe": lambda r: member(r.of(lists), **r.maybe(outcome=r.label(), window="2023", population="children")),
    "Lists.in_stratum": lambda r: member(r.of(stratified), r.pick("F", "M")),
    "Lists.index": lambda r: member(r.of(lists), r.pick("police", "home")),
    "Lists.merge": lambda r: Call(made := r.of(lists), [list(made.names[:2])], {"name": r.label()}),
    "Lists.without": lambda r: Call(made := r.of(lists), [made.names[-1]], {}),
    "mse.chapman": pair,
    "mse.lincoln_petersen": pair,
    "mse.lower_bound": lambda r: call(r.of(lists)),
    "mse.loglinear": modelled(interval=lambda: "profile"),
    "mse.select": lambda r: call(r.of(two_lists), replicates=r.pick(0, 0, 50), rng=1, **searched(r), **r.maybe(interval="percentile")),
    "mse.models": lambda r: call(r.of(lists), **{k: v for k, v in searched(r).items() if k != "ranking"}),
    "mse.vary_ntop": lambda r: call(r.of(two_lists), ntop=(1, 2), replicates=r.pick(50, 100), rng=1, **searched(r)),
    "mse.closed": closed,
    "mse.one_inflation": lambda r: call(r.of(lists), mechanism=r.pick("before", "after", "duplicates"), **r.maybe(law=r.pick("equal", "bound"))),
    "mse.stepwise": lambda r: call(r.of(lists), replicates=r.pick(0, 0, 30), rng=1,
        **r.maybe(0.25, threshold=0.05, interval=r.pick("percentile", "jackknife"), resamples="model")),
    "mse.thresholded": lambda r: call(r.of(lists), draws=1000, rng=1, **r.maybe(threshold=1.5, scale=2.0)),
    "mse.graph_posterior": lambda r: call(r.of(two_lists), **posterior(r)),
    "mse.decomposable": lambda r: call(r.of(two_lists), rng=1, **posterior(r)),
    "mse.latent_class": lambda r: call(r.of(two_lists), **sampler(r), unconverged=r.yes(0.8), **r.maybe(point="median")),
    "mse.latent_class_fit": lambda r: call(r.of(two_lists), **sampler(r), **r.maybe(0.2, shape=0.5, rate=0.5, largest=1e5)),
    "mse.doubly_robust": lambda r: call(r.of(grouped), **covered(r), **r.maybe(by="sex", covariates=["sex"])),
    "mse.doubly_robust_pairs": lambda r: call(r.of(grouped), **covered(r), **r.maybe(level=0.9)),
    "mse.huggins": huggins,
    "mse.referral_aware": lambda r: call(r.of(referred), **r.maybe(method=r.pick("forced", "removed", "merged", "censored"), unknown="own")),
    "mse.referral_bracket": lambda r: call(r.of(referred)),
    "mse.stratified": lambda r: call(r.of(stratified), **r.maybe(pairs=[], by_stratum=["police"])),
    "mse.influence": lambda r: call(r.of(two_lists), **r.maybe(pairs=[], threshold=0.05)),
    "mse.reliability": lambda r: call(r.of(two_lists), rng=1, simulations=r.pick(5, 20), **r.maybe(pairs=[], odds_ratio=(0.5, 2.0))),
    "mse.sensitivity": lambda r: call(r.of(two_lists), **r.maybe(pair=("police", "home"), odds_ratio=(0.5, 1, 3), level=0.9)),
    "mse.linked": linked,
    "mse.linked_pair": linked_pair,
    "mse.over_linkages": over,
    "mse.GraphPosterior": lambda r: call(**fields(r.of(graph_posterior))),
    "mse.GraphPosterior.quantile": lambda r: member(r.of(graph_posterior), r.pick(0.5, [0.1, 0.9])),
    "mse.Influence": lambda r: call(**fields(r.of(influence))),
    "mse.LatentClassFit": lambda r: call(**fields(r.of(class_fit, 3))),
    "mse.LatentClassFit.size": lambda r: member(r.of(class_fit, 3), unconverged=r.yes(0.8), **r.maybe(point="median")),
    "mse.ModelTable": lambda r: call(**fields(r.of(model_table))),
    "mse.ModelTable.label": lambda r: Call(made := r.of(model_table), [r.whole(0, len(made) - 1)], {}),
    "mse.NtopTable": lambda r: call(**fields(r.of(ntop_table, 5))),
    "mse.Pairs": lambda r: call(rows=r.of(list_pairs).rows, given=r.of(list_pairs).given),
    "mse.ReferralBracket": lambda r: call(**fields(r.of(bracket))),
    "mse.Reliability": lambda r: call(**fields(r.of(reliability, 12))),
    "mse.Sensitivity": lambda r: call(**fields(r.of(odds))),
}  # fmt: skip
