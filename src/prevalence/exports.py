"""Weights in a file, with the lines by which Stata and R read its design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import Design
from .errors import warn
from .replication import MAX_FAILED, Replicates, blocks
from .storage import part_of, target_of

if TYPE_CHECKING:
    from .resampled import Resampled

__all__ = ["ExportedWeights"]

Array = NDArray[Any]
SUFFIXES = (".csv", ".dta")
STATA_VARIABLES = 32_767
SINGLE = {"error": "missing", "certainty": "certainty", "remove": "certainty", "adjust": "centered", "average": "scaled"}  # fmt: skip
LONELY = {"error": "fail", "certainty": "certainty", "remove": "remove", "adjust": "adjust", "average": "average"}  # fmt: skip


@dataclass(frozen=True)
class ExportedWeights:
    """A file of weights and the exact lines that declare its design elsewhere.

    Parameters
    ----------
    path : Path
        The file, with the rows in the order of the survey's.
    stata : str
        The `svyset` line.
    r : str
        The call of `svydesign` or `svrepdesign` of R's package survey, which reads the file.
    notes : tuple of str
        What these lines cannot carry over.

    Examples
    --------
    >>> import tempfile
    >>> import prevalence as pv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = pv.Survey({"y": [1, 2, 4]}).jackknife().export_weights(f"{folder}/w.csv")
    >>> print(written.stata)
    svyset [pweight=weight], jkrweight(replicate_*, multiplier(0.6666666666666666)) vce(jackknife) mse dof(2)
    """

    path: Path
    stata: str
    r: str
    notes: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)


def export(survey: Resampled, path: str | Path, *, overwrite: bool) -> ExportedWeights:
    """Write design codes, base, final and replicate weights, and say how to read them."""
    target = target_of(path, overwrite=overwrite, option="overwrite=True")
    if target.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"path must end in .csv or .dta: found {target.name!r}. Name the kind of file by its "
            "ending."
        )
    design, scheme = survey.design, survey.scheme
    table = pd.DataFrame(_design_columns(survey))
    if scheme is None:
        _write(target, table, iter(()))
        notes = [STEPS_FIXED] if survey.reweighted else []
        notes += [WITH_REPLACEMENT] if design.no_replicates else []
        lines = _stata_design(design, survey), _r_design(design, survey, target)
        return ExportedWeights(target, *lines, tuple(notes))
    kept = np.ones(scheme.scale.size, dtype=bool)
    dense = _steps_redone(survey, scheme, kept) if survey.reweighted else None
    names = [f"replicate_{r + 1}" for r in range(int(kept.sum()))]
    _write(target, table, _row_blocks(survey, scheme, dense, names))
    scale = scheme.scale[kept] * (kept.size / kept.sum())
    df = scheme.df if scheme.given else min(design.df, scheme.df or np.inf)
    lines = _stata_replicates(scheme, scale, df), _r_replicates(scheme, scale, df, target)
    return ExportedWeights(target, *lines, (DF_OF_R,))


STEPS_FIXED = (
    "The lines take the final weights as if they were drawn so: without replicate weights the "
    "weighting steps are not in the variance. Call .jackknife() or .bootstrap() before exporting."
)


WITH_REPLACEMENT = (
    "The lines take primary units as drawn with replacement: the design's own variance, of unequal "
    "probabilities or two phases, is for the library alone. A generalised bootstrap may carry it."
)
DF_OF_R = (
    "Versions of R's survey whose svrepdesign() has no argument degf take the rank of the weights "
    "minus one as degrees of freedom."
)


# What goes into the file


def _design_columns(survey: Resampled) -> dict[str, Array]:
    """Codes of strata and units, the sampling fractions, and the weights; names stay out."""
    design, unit = survey.design, survey.chain.unit
    out: dict[str, Array] = {"row": np.arange(1, survey.n + 1)}
    stages = design.stages
    if len(design.stratum_labels) > 1:
        out["stratum"] = stages[0].parent[stages[0].unit][unit] + 1
    for number, stage in enumerate(stages, 1):
        out["psu" if number == 1 else f"stage_{number}"] = stage.unit[unit] + 1
        if number <= _corrected(design):
            out[f"fpc_{number}"] = stage.fraction[stage.parent[stage.unit]][unit]
    out["base_weight"] = survey.base[survey.base_row]
    out["weight"] = survey.chain.weights
    return out


def _steps_redone(survey: Resampled, scheme: Replicates, kept: Array) -> Array:
    """Return final replicate weights (rows, replicates), without those whose steps failed."""
    out = np.empty((survey.n, kept.size))
    for which in blocks(kept.size, survey.n):
        out[:, which] = survey.replicate_columns(which)
    kept &= np.isfinite(out).all(axis=0)
    if kept.all():
        return out
    failed = int((~kept).sum())
    if not scheme.independent or failed > MAX_FAILED * kept.size:
        raise ValueError(
            f"replicate weights must exist to be exported: the weighting steps failed in {failed:,} "
            f"of {kept.size:,} (first: replicate {int(np.argmin(kept)) + 1}). Merge categories of the "
            "margins, or use another scheme."
        )
    warn(
        f"{failed:,} of {kept.size:,} replicates, in which a weighting step failed, are not exported; "
        "the scale is raised to make up for them."
    )
    return out[:, kept]


def _row_blocks(
    survey: Resampled, scheme: Replicates, dense: Array | None, names: list[str]
) -> Iterator[pd.DataFrame]:
    """Yield the replicate weights of some rows at a time."""
    unit, weights = survey.replicate_unit, survey.chain.weights
    for rows in blocks(survey.n, len(names), 4_000_000):
        if dense is not None:
            made = dense[rows]
        else:
            factors = scheme.factors[rows if unit is None else unit[rows]]
            made = weights[rows, None] * factors
        yield pd.DataFrame(made, columns=names)


def _write(target: Path, table: pd.DataFrame, replicates: Iterator[pd.DataFrame]) -> None:
    """Write the file; a CSV file block by block."""
    with part_of(target) as part:
        _fill(part, table, replicates)


def _fill(target: Path, table: pd.DataFrame, replicates: Iterator[pd.DataFrame]) -> None:
    if target.suffix.lower() == ".dta":
        whole = list(replicates)
        out = pd.concat([table, pd.concat(whole, ignore_index=True)], axis=1) if whole else table
        if out.shape[1] > STATA_VARIABLES:
            raise ValueError(
                f"a Stata file must have at most {STATA_VARIABLES:,} variables: found "
                f"{out.shape[1]:,}. Export a CSV file, or make fewer replicates."
            )
        out.to_stata(target, write_index=False, version=118)
        return
    start = 0
    for part in replicates:
        rows = table.iloc[start : start + len(part)].reset_index(drop=True)
        both = pd.concat([rows, part], axis=1)
        both.to_csv(target, index=False, header=not start, mode="a" if start else "w")
        start += len(part)
    if not start:
        table.to_csv(target, index=False)


# How it is read


def _corrected(design: Design) -> int:
    """Return the last stage with a sampling fraction above zero, 0 where none can be declared."""
    if design.no_replicates:
        return 0
    return max((k for k, s in enumerate(design.stages, 1) if (s.fraction > 0).any()), default=0)


def _stata_replicates(scheme: Replicates, scale: Array, df: float | None) -> str:
    """Return svyset with replicate weights: V = sum of multiplier times squared deviation."""
    tail = (" mse" if scheme.mse else "") + ("" if df is None else f" dof({df:.17g})")
    if scheme.fay is not None:
        fay = f" fay({scheme.fay:g})" if scheme.fay else ""
        return f"svyset [pweight=weight], brrweight(replicate_*){fay} vce(brr){tail}"
    if "bootstrap" in scheme.kind and np.allclose(scale, 1 / scale.size, rtol=1e-12, atol=0):
        return f"svyset [pweight=weight], bsrweight(replicate_*) vce(bootstrap){tail}"
    same = bool((scale == scale[0]).all())
    each = " ".join(repr(float(c)) for c in (scale[:1] if same else scale))
    return (
        f"svyset [pweight=weight], jkrweight(replicate_*, multiplier({each})) vce(jackknife){tail}"
    )


def _r_replicates(scheme: Replicates, scale: Array, df: float | None, target: Path) -> str:
    """Return svrepdesign with final weights, scale and rscales."""
    runs = [(value, len(list(same))) for value, same in groupby(scale.tolist())]
    if len(runs) == 1:
        coefficients = f"scale={float(scale[0])!r}, rscales=rep(1, {scale.size})"
    else:
        values = ", ".join(repr(value) for value, _ in runs)
        times = ", ".join(str(count) for _, count in runs)
        coefficients = f"scale=1, rscales=rep(c({values}), c({times}))"
    degf = "" if df is None else f"degf={df:.17g}, "
    return (
        'svrepdesign(weights=~weight, repweights="^replicate_[0-9]+$", type="other", '
        f"{coefficients}, combined.weights=TRUE, mse={str(scheme.mse).upper()}, {degf}data={_reader(target)})"
    )


def _stata_design(design: Design, survey: Resampled) -> str:
    parts = []
    for number in range(1, len(design.stages) + 1):
        name = "psu [pweight=weight]" if number == 1 else f"stage_{number}"
        options = []
        if number == 1 and len(design.stratum_labels) > 1:
            options.append("strata(stratum)")
        if number <= _corrected(design):
            options.append(f"fpc(fpc_{number})")
        parts.append(", ".join([name, " ".join(options)]) if options else name)
    first = "" if "," in parts[-1] else ","
    rule = SINGLE[survey.single_psu]
    return f"svyset {' || '.join(parts)}{first} vce(linearized) singleunit({rule})"


def _r_design(design: Design, survey: Resampled, target: Path) -> str:
    names = ["psu"] + [f"stage_{k}" for k in range(2, len(design.stages) + 1)]
    counted = range(1, _corrected(design) + 1)
    strata = "strata=~stratum, " if len(design.stratum_labels) > 1 else ""
    fpc = f"fpc=~{' + '.join(f'fpc_{k}' for k in counted)}, " if counted else ""
    rule = LONELY[survey.single_psu]
    lonely = f'options(survey.lonely.psu="{rule}"); ' if rule != "fail" else ""
    return (
        f"{lonely}svydesign(ids=~{' + '.join(names)}, {strata}weights=~weight, {fpc}"
        f"data={_reader(target)})"
    )


def _reader(target: Path) -> str:
    """Return the call that reads the file in R."""
    name = target.name.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'read.csv("{name}")' if target.suffix.lower() == ".csv" else f'haven::read_dta("{name}")'
    )
