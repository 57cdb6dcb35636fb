"""The synthetic Côte d'Ivoire-like study: a survey of the cocoa belt, with its truth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike

import numpy as np
import pandas as pd

from prevalence.simulate.cocoa_frame import district_frame
from prevalence.simulate.cocoa_parameters import CocoaParameters
from prevalence.simulate.cocoa_population import belt
from prevalence.simulate.cocoa_sample import (
    children_table,
    draw,
    households_table,
    neighbours_table,
)
from prevalence.simulate.cocoa_truth import cocoa_margins, cocoa_side_studies, cocoa_truth
from prevalence.simulate.write import write_tables

__all__ = ["CoteDivoire", "cote_divoire"]


@dataclass(frozen=True)
class CoteDivoire:
    """x."""

    frame: pd.DataFrame
    households: pd.DataFrame
    children: pd.DataFrame
    neighbours: pd.DataFrame
    margins: pd.DataFrame
    truth: pd.DataFrame
    side_studies: pd.DataFrame
    parameters: CocoaParameters
    seed: int

    def write(self, folder: str | PathLike[str]) -> list[str]:
        """Write."""
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        return write_tables(
            {name: table for name, table in tables.items() if isinstance(table, pd.DataFrame)},
            folder,
        )


def cote_divoire(seed: int = 2026, *, parameters: CocoaParameters | None = None) -> CoteDivoire:
    """x."""
    parameters = parameters or CocoaParameters()
    seeds = np.random.SeedSequence(seed).spawn(5)
    population, sample, answers, near, side = map(np.random.default_rng, seeds)
    homes = belt(parameters, population)
    drawn = draw(homes, parameters, sample)
    return CoteDivoire(
        frame=district_frame(),
        households=households_table(homes, drawn, parameters),
        children=children_table(homes, drawn, parameters, answers),
        neighbours=neighbours_table(homes, drawn, parameters, near),
        margins=cocoa_margins(homes),
        truth=cocoa_truth(homes, parameters),
        side_studies=cocoa_side_studies(parameters, side),
        parameters=parameters,
        seed=seed,
    )
