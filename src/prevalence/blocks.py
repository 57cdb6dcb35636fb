"""Where an estimate's uncertainty comes from: one block of columns per source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .chain import Influence, plain
from .errors import warn

__all__ = ["Block", "Columns", "add_blocks"]

Array = NDArray[Any]
MAX_COVARIANCE = 5_000
CHUNK = 1_000_000  # numbers at once, 8 MB: more gains nothing and is memory on top of the data


class Scheme(Protocol):
    """How influence over units becomes columns with coefficients: V = columns * c @ columns.T."""

    @property
    def source(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def coefficients(self) -> Array: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    def columns(self, influence: Array, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns that are final as they stand: known uncertainty, a model's, or loaded ones."""

    source: str
    kind: str
    coefficients: Array
    labels: tuple[str, ...]

    def columns(self, influence: Array) -> Array:
        """Return the columns unchanged."""
        return influence


@dataclass(frozen=True, eq=False)
class Block:
    """The part of several estimates' uncertainty that comes from one source."""

    influence: Influence
    scheme: Scheme
    df: Array

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.scheme.source

    def columns(self, rows: slice | Array = slice(None)) -> Array:
        """Return the columns (estimates, columns) of some estimates."""
        return self.scheme.columns(self.influence.dense(rows))

    @cached_property
    def variance(self) -> Array:
        """Variance of every estimate."""
        p, g = self.influence.shape
        step = max(1, CHUNK // max(g, 1))
        out = np.empty(p)
        c = self.scheme.coefficients
        negative = np.zeros(p, dtype=bool)
        for start in range(0, p, step):
            some = slice(start, start + step)
            columns = self.columns(some)
            out[some] = np.einsum("ij,ij,j->i", columns, columns, c)
            if (c < 0).any():
                size = np.einsum("ij,ij,j->i", columns, columns, np.abs(c))
                negative[some] = out[some] < -1e-10 * size
        if negative.any():
            out[negative] = np.nan
            warn(
                f"{int(negative.sum()):,} of {p:,} variance estimates are negative, which this "
                "design's form allows: their standard errors are nan. Use larger domains or a larger "
                "second phase, and for unequal probabilities pps='brewer'."
            )
        return np.maximum(out, 0.0, where=np.isfinite(out), out=out)

    @cached_property
    def std_error(self) -> Array:
        """Standard error of every estimate, also where its square is beyond the range of floats."""
        with np.errstate(invalid="ignore"):
            out = np.sqrt(self.variance)
        part = self.influence
        for row in np.flatnonzero(np.isinf(out) | (out < 1e-140)):
            direct = part.direct[[row]]
            stored = direct.data if hasattr(direct, "toarray") else direct
            if not (np.any(stored) or part.weight[row].any()):
                continue  # nothing varies: the standard error is 0
            columns = self.columns(np.array([row]))[0]
            size = np.abs(columns).max(initial=0.0)
            if 0 < size < np.inf:
                squares = (columns / size) ** 2 @ self.scheme.coefficients
                out[row] = size * np.sqrt(max(squares, 0.0))
        return out

    def covariance(self) -> Array:
        """Return the covariance matrix of the estimates."""
        columns = self.columns()
        return np.asarray((columns * self.scheme.coefficients) @ columns.T)

    def combine(self, matrix: Any) -> Block:
        """Return linear combinations of the estimates; degrees of freedom of the largest part."""
        dense = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
        df = np.where(dense != 0, self.df, -np.inf).max(axis=1)
        return Block(self.influence.combine(matrix), self.scheme, np.where(df >= 0, df, 0.0))

    def scaled(self, factor: Array) -> Block:
        """Return the estimates each times a number."""
        return Block(self.influence.scaled(factor), self.scheme, self.df)

    def take(self, rows: Array) -> Block:
        """Return some of the estimates."""
        part = self.influence
        return Block(
            Influence(part.direct[rows], part.weight[rows], part.shared),
            self.scheme,
            self.df[rows],
        )

    def finished(self) -> Block:
        """Return the block with its columns written out."""
        s = self.scheme
        columns = Columns(s.source, s.kind, s.coefficients, s.labels)
        return Block(plain(self.columns()), columns, self.df)


def add_blocks(one: tuple[Block, ...], two: tuple[Block, ...]) -> tuple[Block, ...]:
    """Add estimates block by block: columns of one source align, the rest is appended."""
    out = {block.source: block for block in one}
    for block in two:
        held = out.get(block.source)
        out[block.source] = block if held is None else _add(held, block)
    return tuple(out.values())


def _add(a: Block, b: Block) -> Block:
    df = np.maximum(a.df, b.df)
    if a.scheme is b.scheme:
        return Block(a.influence + b.influence, a.scheme, df)
    if a.scheme.kind != b.scheme.kind:
        raise ValueError(
            f"estimates from one sample must have the same kind of variance to be combined: found "
            f"{a.scheme.kind!r} and {b.scheme.kind!r}. Make both with the same scheme "
            "(linearisation, or the same replicates)."
        )
    first, second = a.finished(), b.finished()
    if _same_columns(first.scheme, second.scheme):
        return Block(first.influence + second.influence, first.scheme, df)
    labels = pd.Index(first.scheme.labels).union(pd.Index(second.scheme.labels), sort=False)
    columns = sum(_spread(block, labels) for block in (first, second))
    scheme = Columns(a.source, a.scheme.kind, np.ones(len(labels)), tuple(labels))
    return Block(plain(np.asarray(columns)), scheme, df)


def _same_columns(one: Scheme, two: Scheme) -> bool:
    """Tell whether two schemes have the same columns in one order, as two loaded estimates do."""
    return one.labels == two.labels and np.array_equal(one.coefficients, two.coefficients)


def _spread(block: Block, labels: pd.Index) -> Array:
    c = block.scheme.coefficients
    if (c < 0).any():
        raise ValueError(
            "columns with negative coefficients must come from one and the same design object to "
            "be combined. Build both estimates from one Survey."
        )
    out = np.zeros((block.df.size, len(labels)))
    out[:, labels.get_indexer(pd.Index(block.scheme.labels))] = block.columns() * np.sqrt(c)
    return out
