"""One call of an estimator with its variance, for any sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, add_blocks
from .chain import Chain, Influence, Slopes, linearise, plain
from .design import Design
from .engine import RowSums, Theta, Weights, per_column
from .errors import note
from .replication import DenseWeights, FactoredWeights, Replicates, blocks, rank

__all__ = ["Domains", "Result", "Sample", "evaluate", "members", "without_spread"]

Array = NDArray[Any]
FLAT = 1e-10  # of a value: no error of sampling is so small, but rounding is


class Sample(Protocol):
    """What the engine asks of a sample."""

    @property
    def n(self) -> int: ...

    @property
    def design(self) -> Design: ...

    @property
    def scheme(self) -> Replicates | None: ...

    @property
    def chain(self) -> Chain: ...

    @property
    def reweighted(self) -> bool: ...

    @property
    def replicate_unit(self) -> Array | None: ...

    @property
    def copies(self) -> Array | None: ...

    def replicate_columns(self, which: slice, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class Domains:
    """The domain of each row (-1 outside), and the labels of the domains."""

    code: Array | None
    labels: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of domains."""
        return len(self.labels)

    def of_rows(self, n: int) -> Array:
        """Return the domain of each of n rows, -1 outside."""
        return np.zeros(n, dtype=np.intp) if self.code is None else self.code

    def take_part(self, sample: Sample) -> Array:
        """Return which rows have weight and lie in a domain."""
        weighted = np.asarray(sample.chain.weights != 0)
        return weighted if self.code is None else weighted & (self.code >= 0)

    def whole(self) -> Domains:
        """Return all domains as one."""
        return self if self.code is None else Domains(np.where(self.code >= 0, 0, -1), ((),))

    def sums(self, sample: Sample) -> RowSums:
        """Return the sums by (domain, unit) of a sample's rows, made once."""
        chain, held = sample.chain, self.__dict__.get("_sums")
        if held is None or held[0] is not chain:
            used = chain.weights != 0
            made = RowSums(chain.unit, sample.design.n_units, self.code, self.count, used)
            held = self.__dict__["_sums"] = (chain, made)
        return held[1]


@dataclass(frozen=True, eq=False)
class Result:
    """Values (k, domains) of an estimator with one block of uncertainty, row k x domains + d."""

    value: Array
    block: Block
    sums: RowSums
    n: Array  # rows with weight, by domain
    psus: Array
    warnings: tuple[str, ...]
    targets: tuple[Block, ...] = ()  # uncertainty of estimated margins


def evaluate(sample: Sample, theta: Theta, domains: Domains, *, smooth: bool = True) -> Result:
    """Evaluate ``theta(w)`` in every domain, with its influence or replicates."""
    sums = domains.sums(sample)
    n = persons_in(sample, sums)
    psus, df = members(sample.design, sums)
    said: list[str] = []
    if sample.scheme is None:
        if not smooth:
            raise ValueError(
                "an estimator that is not smooth needs replicates: the sample has none. Call "
                ".bootstrap(1000, rng=1) on the sample first."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # a value beyond floats is told as none
            value, influence, slopes = linearise(sample.chain, theta, sums)
        value = np.where(np.isfinite(value), value, np.nan)
        block = Block(influence, sample.design, np.tile(df, value.shape[0]))
    else:
        if not smooth and sample.scheme.kind.startswith("jackknife"):
            raise ValueError(
                "an estimator that is not smooth must not be jackknifed: its jackknife variance is "
                "inconsistent. Use .bootstrap(1000, rng=1)."
            )
        df = _allowed(sample, sample.scheme, sums, df)
        value, block, said = _replicate(sample, sample.scheme, theta, sums, df)
        slopes = _slopes(sample, theta, sums, smooth)
    if units_known(sample):
        block = _without_alone(block, value, _alone(sample.design, sums, psus), said)
    value = np.where(n == 0, np.nan, value)
    silent = _says_nothing(sample.design)
    told = np.full_like(value, np.nan) if silent else value
    block = Block(_blank(block.influence, told), block.scheme, block.df)
    if silent:
        note(said, _NO_SPREAD)
    if not units_known(sample):
        psus = np.full(domains.count, np.nan)
    return Result(value, block, sums, n, psus, tuple(said), _targets(slopes))


def persons_in(sample: Sample, sums: RowSums) -> Array:
    """Count the persons with weight by domain."""
    held = sums.counts if sample.copies is None else sums.by_pair(sums.take(sample.copies))
    return np.rint(np.bincount(sums.pair_domain, weights=held, minlength=sums.n_domains))


_NO_SPREAD = (
    "the sample tells no standard error: every stratum has one primary unit that is left out of "
    "the variance. Standard errors are nan; collapse strata to have them."
)


def _says_nothing(design: Design) -> bool:
    """Tell whether no unit of the design has another to differ from."""
    first = design.stages[0]
    if not first.single.any():
        return False
    return first.parent.size == 1 or not any((s.coefficients != 0).any() for s in design.stages)


def units_known(sample: Sample) -> bool:
    """Whether primary units can be told: not where replicates came without them."""
    given = sample.scheme is not None and sample.scheme.given
    return not given or bool(sample.design.psu_names[1])


def _slopes(sample: Sample, theta: Theta, sums: RowSums, smooth: bool) -> Slopes:
    """Return derivatives by estimated targets, which replicates of the sample take as known."""
    if not any(term.estimated for term in sample.chain.terms):
        return []
    if not smooth:
        raise ValueError(
            "an estimator that is not smooth must have known margins: some targets of its weights "
            "are estimates. Give them as numbers."
        )
    return linearise(sample.chain, theta, sums)[2]


def _targets(slopes: Slopes) -> tuple[Block, ...]:
    """Return the uncertainty that estimated targets bring, by source."""
    out: tuple[Block, ...] = ()
    for slope, target in slopes:
        repeated = target.take(np.zeros(slope.size, dtype=np.intp))
        out = add_blocks(out, tuple(block.scaled(slope) for block in repeated.blocks))
    return out


def _blank(influence: Influence, value: Array) -> Influence:
    """Make the influence nan where there is no value, so that no standard error is zero."""
    bad = ~np.isfinite(value.reshape(-1))
    if not bad.any():
        return influence
    weight = np.c_[np.where(bad[:, None], 0.0, influence.weight), np.where(bad, np.nan, 0.0)]
    shared = np.r_[influence.shared, np.ones((1, influence.shape[1]))]
    direct = influence.direct
    if hasattr(direct, "toarray"):
        keep = np.repeat(~bad, np.diff(direct.indptr))
        direct = direct.copy()
        direct.data = np.where(keep, direct.data, 0.0)
    else:
        direct = np.where(bad[:, None], 0.0, direct)
    return Influence(direct, weight, shared)


def _alone(design: Design, sums: RowSums, psus: Array) -> Array:
    """Tell which domains lie in one primary unit that was drawn by chance."""
    out = np.asarray(psus == 1)
    return out & _by_chance(design, sums) if out.any() else out


def _by_chance(design: Design, sums: RowSums) -> Array:
    """Tell which domains have members in a primary unit that was drawn by chance."""
    filled = sums.counts > 0
    unit = design.psu_of_unit[sums.pair_unit[filled]]
    out = np.zeros(sums.n_domains, dtype=bool)
    out[sums.pair_domain[filled][design.stages[0].unit_fraction[unit] < 1]] = True
    return out


def by_chance(sample: Sample, result: Result, flat: Array) -> Array:
    """Return which of some estimates without spread are so by chance: not those of a census."""
    if not flat.any():
        return flat
    return np.asarray(flat & np.tile(_by_chance(sample.design, result.sums), len(result.value)))


def without_spread(sample: Sample, result: Result, said: list[str]) -> Result:
    """Blank standard errors that are zero for want of two units that differ; say what tells nothing.

    A ratio of counts has none where those who take part are in one primary unit, which others of
    the domain hide, or where all units tell the same.
    """
    value = result.value.reshape(-1)
    with np.errstate(invalid="ignore"):
        flat = (value != 0) & (result.block.std_error <= FLAT * np.abs(value))
        free = ~((result.block.df <= 0) & (result.block.std_error > 0)) | flat
    if not free.all():
        note(
            said,
            f"{int((~free).sum()):,} of {value.size:,} estimates have no degrees of freedom (no stratum "
            "with two primary units): they have no interval. Collapse strata, or use larger domains.",
        )
    flat = by_chance(sample, result, flat)
    if not flat.any():
        return result
    note(
        said,
        f"{int(flat.sum()):,} of {value.size:,} estimates rest on one primary unit, or on units that "
        "all tell the same, which cannot tell their standard errors: they are nan. Use larger domains.",
    )
    return replace(result, block=blank_rows(result.block, flat))


def _without_alone(block: Block, value: Array, alone: Array, said: list[str]) -> Block:
    """Blank a standard error that is zero for want of a second primary unit."""
    rows = np.flatnonzero(np.tile(alone, value.shape[0]) & np.isfinite(value.reshape(-1)))
    if not rows.size:
        return block
    flat = block.take(rows).std_error <= 1e-12 * np.abs(value.reshape(-1)[rows])
    if not flat.any():
        return block
    note(
        said,
        f"{int(flat.sum()):,} of {value.size:,} estimates lie in one primary unit alone, which cannot "
        "tell their standard errors: they are nan. Use larger domains.",
    )
    bad = np.zeros(value.size, dtype=bool)
    bad[rows[flat]] = True
    return blank_rows(block, bad)


def members(design: Design, sums: RowSums) -> tuple[Array, Array]:
    """Primary units with members and degrees of freedom, by domain."""
    if sums.n_domains == 1 and sums.rows is None and bool((sums.counts > 0).all()):
        return np.array([design.stages[0].parent.size]), np.array([float(design.df)])
    filled = sums.counts > 0
    n_psus, n_strata = design.stages[0].parent.size, len(design.stratum_labels)
    domain = sums.pair_domain[filled]
    psu = design.psu_of_unit[sums.pair_unit[filled]].astype(np.int64)
    domain, psu = _distinct(domain, psu, sums.n_domains, n_psus)
    count = np.bincount(domain, minlength=sums.n_domains)
    of_stratum, _ = _distinct(domain, design.stratum_of_psu[psu], sums.n_domains, n_strata)
    strata = np.bincount(of_stratum, minlength=sums.n_domains)
    return count, (count - strata).astype(float)


def _distinct(first: Array, second: Array, n_first: int, n_second: int) -> tuple[Array, Array]:
    """Return the distinct pairs of two codes, by a table where one fits."""
    key = first * n_second + second
    if n_first * n_second <= 50_000_000:
        seen = np.zeros(n_first * n_second, dtype=bool)
        seen[key] = True
        key = np.flatnonzero(seen)
    else:
        key = np.unique(key)
    return np.divmod(key, n_second)


def _allowed(sample: Sample, scheme: Replicates, sums: RowSums, df: Array) -> Array:
    """Return the degrees of freedom by domain that the replicates allow.

    For given replicates it is the rank of the domain's rows of their weights minus one, which cells
    of a file cannot tell: they have what was declared, at most replicates minus one.
    """
    if scheme.df is None or not scheme.given:
        return df if scheme.df is None else np.minimum(df, scheme.df)
    if sample.copies is not None:
        return np.full(sums.n_domains, min(scheme.df, scheme.scale.size - 1.0))
    domain = sums.domain_of_row
    if domain is None and sums.rows is None:
        return np.array([scheme.df])
    of_row = sample.replicate_unit
    unit = sums.take(np.arange(sums.n) if of_row is None else of_row)
    out = np.empty(sums.n_domains)
    for d in range(sums.n_domains):
        held = np.unique(unit if domain is None else unit[domain == d])
        out[d] = max(min(scheme.df, rank(scheme.factors, held) - 1.0), 0.0)
    return out


def _replicate(
    sample: Sample, scheme: Replicates, theta: Theta, sums: RowSums, df: Array
) -> tuple[Array, Block, list[str]]:
    weights = sample.chain.weights
    whole = FactoredWeights(weights, sums, np.ones((sums.n_units, 1)))
    value = _values(theta, whole, sums)[..., 0]
    value = np.where(np.isfinite(value), value, np.nan)
    parts = [np.empty((*value.shape, 0))]  # a census has no unit to leave out
    for w in _columns(sample, scheme, sums):
        parts.append(_values(theta, w, sums))
    replicated = np.concatenate(parts, axis=-1)
    k, _, r = replicated.shape
    deviations, said = scheme.deviations(replicated.reshape(value.size, r), value.reshape(-1))
    return value, Block(plain(deviations), scheme, np.tile(df, k)), said


def _columns(sample: Sample, scheme: Replicates, sums: RowSums) -> Iterator[Weights]:
    """Yield the replicate weights in blocks: factored, as given, or with every step redone."""
    weights, count = sample.chain.weights, scheme.scale.size
    unit = sample.replicate_unit
    if sample.reweighted:
        for which in blocks(count, sums.n):
            yield DenseWeights(sample.replicate_columns(which), sums)
    elif unit is None:
        yield DenseWeights(scheme.factors, sums, weights)
    else:
        by_unit = _unit_sums(sample, scheme, sums, unit)
        for which in blocks(count, max(by_unit.size, by_unit.n_units)):
            yield FactoredWeights(weights, by_unit, scheme.factors[:, which])


def _unit_sums(sample: Sample, scheme: Replicates, sums: RowSums, unit: Array) -> RowSums:
    """The same rows and domains, summed by the units of the replicate factors."""
    if scheme.level == "unit" or (scheme.level == "psu" and len(sample.design.stages) == 1):
        return sums
    use = np.zeros(sums.n, dtype=bool)
    rows = slice(None) if sums.rows is None else sums.rows
    use[rows] = True
    domain = None
    if sums.domain_of_row is not None:
        domain = np.full(sums.n, -1)
        domain[rows] = sums.domain_of_row
    return RowSums(unit, scheme.factors.shape[0], domain, sums.n_domains, use)


def _values(theta: Theta, w: Weights, sums: RowSums) -> Array:
    with np.errstate(all="ignore"):
        out = per_column(theta(w), w.columns).astype(float)
    return out.reshape(-1, sums.n_domains, w.columns // sums.n_domains)


def blank_rows(block: Block, rows: Array) -> Block:
    """Return a block whose chosen rows have no uncertainty to tell (nan)."""
    value = np.where(rows, np.nan, 0.0)
    return Block(_blank(block.influence, value), block.scheme, block.df)
