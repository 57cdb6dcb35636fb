"""What is asked of a file: its parts, which columns are for what, and what kinds they must be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import nearest, shown
from ..frames import names_of
from ..grammar import columns_of, three_valued
from .sql import compiled, quoted

__all__ = ["Asked", "files_of", "numbered"]

NUMBER, TEXT, OTHER, NESTED = "number", "text", "a date or time", "a nested value"
MOST_AMOUNTS = 20


@dataclass(frozen=True)
class Asked:
    """Columns of a file by what they are for."""

    weights: str
    design: tuple[str, ...]
    columns: tuple[str, ...]
    conditions: Mapping[str, str]
    amounts: tuple[str, ...]
    replicates: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns whose values are kept, each once."""
        return tuple(dict.fromkeys((*self.design, *self.columns)))

    @property
    def sums(self) -> list[str]:
        """Names of what is added up in a cell: of weights, amounts, their products, replicates."""
        count, replicates = range(len(self.amounts)), range(len(self.replicates))
        return [
            *("rows", "persons", "known", "total", "squares", "least", "first"),
            *(f"{part}{i}" for i in count for part in ("s", "low", "high", "fraction")),
            *(f"p{i}_{j}" for i, j in self.pairs),
            *(f"{part}{r}" for r in replicates for part in ("r", "n")),
            *(f"s{i}_{r}" for i in count for r in replicates),
        ]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of amounts, each amount with itself first."""
        count = len(self.amounts)
        return [(i, j) for i in range(count) for j in range(i, count)]

    def check(self, kinds: Mapping[str, str]) -> None:
        """Refuse columns that the file has not, or not of the kind that is needed."""
        needed = {self.weights: "weights", **dict.fromkeys(self.amounts, "amounts")}
        needed |= dict.fromkeys(self.replicates, "replicates")
        for name, argument in {**dict.fromkeys(self.keys, "columns"), **needed}.items():
            _present(name, argument, kinds)
        for name, argument in needed.items():
            if kinds[name] != NUMBER:
                raise TypeError(
                    f"{argument} must be numbers: column {name!r} of the file holds {kinds[name]}. "
                    "Compute a number from it when the file is written."
                )
        for name in self.keys:
            if kinds[name] == NESTED:
                raise TypeError(
                    f"columns must hold one value in each row: column {name!r} of the file holds "
                    f"{NESTED}. Split it when the file is written."
                )
        self._check_names(kinds)
        for name, text in self.conditions.items():
            _check_condition(name, text, kinds)

    def _check_names(self, kinds: Mapping[str, str]) -> None:
        """Refuse one name for two things."""
        uses = [*self.keys, *self.amounts, *self.replicates, *self.conditions, self.weights]
        twice = [name for name in uses if uses.count(name) > 1]
        if twice:
            raise ValueError(
                f"columns must be named for one use each: {twice[0]!r} is named for "
                f"{uses.count(twice[0])}. Leave one of the arguments columns, amounts, replicates, "
                "conditions, weights and those of the design."
            )
        taken = [name for name in self.conditions if name in kinds]
        if taken:
            raise ValueError(
                f"conditions must have new names: {taken[0]!r} is a column of the file. Choose "
                "another name."
            )
        if len(self.amounts) > MOST_AMOUNTS:
            raise ValueError(
                f"amounts must be at most {MOST_AMOUNTS}: found {len(self.amounts)}. Read the file "
                "once for each group of them."
            )


def _present(name: str, argument: str, kinds: Mapping[str, str]) -> None:
    if name not in kinds:
        raise KeyError(
            f"{argument} must be a column of the file: {name!r} is not.{nearest(name, kinds)}"
        )


def _check_condition(name: str, text: str, kinds: Mapping[str, str]) -> None:
    """Refuse a condition that the grammar does not allow on columns of these kinds."""
    if not isinstance(text, str):
        raise TypeError(
            f'conditions must map names to conditions such as "age >= 12": found {shown(text)} for '
            f"{name!r}. Write it as text."
        )
    samples: dict[str, Any] = {}
    if not columns_of(text):
        raise ValueError(
            f"conditions must name a column of the file: found {shown(text)}. Correct it."
        )
    for column in columns_of(text):
        _present(column, "conditions", kinds)
        if kinds[column] not in (NUMBER, TEXT):
            raise TypeError(
                f"conditions must be on numbers and texts: column {column!r} of the file holds "
                f"{kinds[column]}. Compute a number from it when the file is written."
            )
        samples[column] = np.zeros(1) if kinds[column] == NUMBER else np.array(["-"], dtype=object)
    three_valued(text, samples)
    compiled(text, quoted, {})


def files_of(path: Any) -> list[str]:
    """Return the files of a path, a folder or a list of paths, in order."""
    given = [path] if isinstance(path, (str, PathLike)) else path
    if not isinstance(given, Sequence) or not all(isinstance(p, (str, PathLike)) for p in given):
        raise TypeError(
            f"path must be a parquet file, a folder of them or a list: found {shown(path)}. Write "
            "for example 'census.parquet'."
        )
    found: list[Path] = []
    for one in map(Path, given):
        if not one.exists():
            raise FileNotFoundError(
                f"path must name files that are there: {one.name!r} is not. Check its name."
            )
        found += sorted(one.glob("*.parquet")) if one.is_dir() else [one]
    if not found:
        raise FileNotFoundError(
            "path must hold parquet files: found no name that ends in .parquet. Name the files."
        )
    odd = [p.name for p in found if re.search(r"[*?\[\]{}]", str(p))]
    if odd:
        raise ValueError(
            f"path must be without * ? [ ] and braces: found {odd[0]!r}. Rename the file."
        )
    return [str(p) for p in found]


def numbered(names: str | Sequence[str], argument: str, of_file: Sequence[str]) -> tuple[str, ...]:
    """Return columns by name, or those of a prefix in the order of their numbers."""
    if not isinstance(names, str):
        return tuple(names_of(argument, names))
    pattern = re.compile(re.escape(names) + r"(\d+)")
    found = {int(m[1]): name for name in of_file if (m := pattern.fullmatch(name))}
    if not found:
        raise KeyError(
            f"{argument} must be a list of columns, or a prefix such as 'rep' of rep1, rep2, ...: "
            f"{names!r} begins no numbered column.{nearest(names + '1', of_file)}"
        )
    return tuple(found[k] for k in sorted(found))
