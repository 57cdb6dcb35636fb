"""The calls of svy, samplics and R survey, each for the same statistics of the same sample."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Peer", "peers"]

Array = NDArray[Any]


class Told(NamedTuple):
    """What a witness answers, and the call it answers to."""

    value: Array
    std_error: Array
    call: str


class Peer(ABC):
    """A library that estimates from complex samples."""

    @cached_property
    @abstractmethod
    def name(self) -> str:
        """Name with the version."""

    @abstractmethod
    def answer(self, sample: Any, survey: Any, statistic: str) -> Told | None:
        """Return what it says of one statistic, or nothing where it has no such call."""


def peers() -> Iterator[Peer]:
    """Give the witnesses that are here."""
    yield Svy()
    yield Samplics()
    program = shutil.which("Rscript")
    if program:
        yield R(program)


def replicate_weights(sample: Any, survey: Any) -> Array:
    """Return the weights of every replicate, (rows, replicates), of units numbered in order."""
    units = sample.rows[sample.design["psu"]].to_numpy()
    return np.asarray(survey.final_weights[:, None] * survey.scheme.factors[units])


class Svy(Peer):
    """The library svy."""

    @cached_property
    def name(self) -> str:
        from importlib.metadata import version

        return f"svy {version('svy')}"

    def made(self, sample: Any, survey: Any) -> Any:
        import polars as pl
        import svy

        rows, design = sample.rows, sample.design
        how: dict[str, Any] = {"wgt": design["weights"]}
        if sample.replicates:
            weights = replicate_weights(sample, survey)
            names = [f"rep{r + 1}" for r in range(weights.shape[1])]
            rows = pd.concat([rows, pd.DataFrame(weights, columns=names)], axis=1)
            if sample.replicates == "bootstrap":
                declared: Any = svy.BootstrapWgts(prefix="rep", n_reps=len(names))
            else:
                declared = svy.JackknifeWgts(
                    prefix="rep", n_reps=len(names), rep_coefs=survey.scheme.coefficients.tolist()
                )
            how["rep_wgts"] = declared
        else:
            how |= {"stratum": design.get("strata"), "psu": design.get("psu")}
            if "fpc" in design:
                how["pop_size"] = design["fpc"]
        return svy.Sample(pl.from_pandas(rows), svy.Design(**how))

    def answer(self, sample: Any, survey: Any, statistic: str) -> Told | None:
        made = self.made(sample, survey)
        head = "svy.Sample(data, svy.Design(...))"
        method = "replication" if sample.replicates else "taylor"  # without it weights are unread
        how = f'method="{method}"'
        if "regression" in statistic:
            family = "binomial" if "logistic" in statistic else "gaussian"
            y = sample.case if "logistic" in statistic else sample.y
            fit = made.glm.fit(y, x=[sample.x], family=family, tol=1e-12, method=method)
            table = fit.to_polars()
            value, error = (table[name].to_numpy() for name in ("estimate", "std_err"))
            call = f'{head}.glm.fit("{y}", x=["{sample.x}"], family="{family}", tol=1e-12, {how})'
            return Told(np.asarray(value), np.asarray(error), call)
        kind, by = statistic.partition(" by ")[0], sample.by if "domain" in statistic else None
        y = sample.case if kind == "proportion" else sample.y
        ask = getattr(made.estimation, "mean" if kind == "proportion" else kind)
        given = (y, sample.x) if kind == "ratio" else (y,)
        table = ask(*given, by=by, method=method).to_polars()
        table = table.sort(by) if by else table
        value, error = (table[name].to_numpy() for name in ("est", "se"))
        words = [*map(repr, given), *([f"by={by!r}"] if by else []), how]
        call = f"{head}.estimation.{ask.__name__}({', '.join(words)})"
        return Told(np.asarray(value, float), np.asarray(error, float), call)


class Samplics(Peer):
    """The library samplics."""

    @cached_property
    def name(self) -> str:
        from importlib.metadata import version

        return f"samplics {version('samplics')}"

    def answer(self, sample: Any, survey: Any, statistic: str) -> Told | None:
        from samplics import PopParam, ReplicateEstimator, SurveyGLM, TaylorEstimator
        from samplics.utils.types import ModelType, RepMethod

        rows, design = sample.rows, sample.design
        how: dict[str, Any] = {"samp_weight": rows[design["weights"]]}
        if "strata" in design:
            how["stratum"] = rows[design["strata"]]
        if "psu" in design:
            how["psu"] = rows[design["psu"]]
        if "fpc" in design:  # 1 - n / N of each stratum, which svy and R work out themselves
            units = rows.groupby(design["strata"])[[design["psu"], design["fpc"]]]
            told = units.agg({design["psu"]: "nunique", design["fpc"]: "first"})
            how["fpc"] = (1 - told[design["psu"]] / told[design["fpc"]]).to_dict()
        if "regression" in statistic:
            if sample.replicates:
                return None
            logistic = "logistic" in statistic
            model = SurveyGLM(ModelType.LOGISTIC if logistic else ModelType.LINEAR)
            y = sample.case if logistic else sample.y
            model.estimate(y=rows[y], x=rows[[sample.x]].to_numpy(), add_intercept=True, **how)
            call = (
                f"SurveyGLM({model.model}).estimate(y={y}, x={sample.x}, add_intercept=True, ...)"
            )
            return Told(model.beta["point_est"], model.beta["stderror"], call)
        kind = statistic.partition(" by ")[0]
        parameter = {"proportion": "prop"}.get(kind, kind)
        y = sample.case if kind == "proportion" else sample.y
        if kind == "ratio":
            how["x"] = rows[sample.x]
        if "domain" in statistic:
            how["domain"] = rows[sample.by]
        if sample.replicates:
            if "domain" in statistic:
                how["domain"] = rows[sample.by].to_numpy()
            method = RepMethod(sample.replicates.capitalize())
            made = ReplicateEstimator(method, PopParam[parameter])
            how = {k: v for k, v in how.items() if k not in ("stratum", "psu")}
            how["rep_weights"] = pd.DataFrame(replicate_weights(sample, survey))
            if method == RepMethod.jackknife:
                how["rep_coefs"] = survey.scheme.coefficients
            head = f"ReplicateEstimator({sample.replicates}, {parameter})"
        else:
            made = TaylorEstimator(PopParam[parameter])
            head = f"TaylorEstimator({parameter})"
        made.estimate(y=rows[y], **how)
        value, error = made.point_est, made.stderror
        call = f"{head}.estimate({', '.join(['y', *how])})"
        if kind == "proportion":
            value, error = value[1], error[1]
        if isinstance(value, dict):
            names = sorted(value)
            value, error = ([found[name] for name in names] for found in (value, error))
        return Told(
            np.atleast_1d(np.asarray(value, float)), np.atleast_1d(np.asarray(error, float)), call
        )


CODE = """
suppressMessages(library(survey))
arg <- commandArgs(TRUE); folder <- arg[1]
a <- as.list(read.csv(file.path(folder, "asked.csv"), check.names = FALSE, colClasses = "character"))
d <- read.csv(file.path(folder, "rows.csv"), check.names = TRUE)
f <- function(x) if (is.na(x) || x == "") NULL else reformulate(make.names(x))
ids <- if (is.null(f(a$psu))) ~1 else f(a$psu)
des <- svydesign(ids = ids, strata = f(a$strata), weights = f(a$weights), fpc = f(a$fpc), data = d)
if (a$replicates != "") {
  r <- as.matrix(read.csv(file.path(folder, "weights.csv")))
  k <- read.csv(file.path(folder, "coefficients.csv"))[[1]]
  des <- svrepdesign(variables = d, repweights = r, weights = d[[make.names(a$weights)]],
                     type = "other", combined.weights = TRUE, scale = 1, rscales = k, mse = FALSE)
}
y <- f(a$y); x <- f(a$x); case <- f(a$case); by <- f(a$by)
fit <- function(left, ...) svyglm(reformulate(make.names(a$x), make.names(left)), des,
                                  control = list(epsilon = 1e-15, maxit = 60), ...)
calls <- list(
  "mean" = quote(svymean(y, des)), "total" = quote(svytotal(y, des)),
  "ratio" = quote(svyratio(y, x, des)), "proportion" = quote(svymean(case, des)),
  "mean by domain" = quote(svyby(y, by, des, svymean)),
  "total by domain" = quote(svyby(y, by, des, svytotal)),
  "ratio by domain" = quote(svyby(y, by, des, svyratio, denominator = x)),
  "linear regression" = quote(fit(a$y)),
  "logistic regression" = quote(suppressWarnings(fit(a$case, family = quasibinomial())))
)
if (a$replicates != "") calls <- calls[!grepl("regression", names(calls))]
out <- do.call(rbind, lapply(names(calls), function(n) {
  e <- eval(calls[[n]])
  data.frame(statistic = n, value = as.numeric(coef(e)), error = as.numeric(SE(e)),
             call = paste(deparse(calls[[n]]), collapse = ""))
}))
out$version <- packageDescription("survey")$Version
write.csv(format(out, digits = 17), file.path(folder, "out.csv"), row.names = FALSE)
"""


class R(Peer):
    """R's survey package."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.held: dict[str, pd.DataFrame] = {}

    @cached_property
    def name(self) -> str:
        code = 'cat(packageDescription("survey")$Version)'
        run = subprocess.run([self.program, "-e", code], capture_output=True, text=True, check=True)
        return f"R survey {run.stdout.strip().replace('-', '.')}"

    def answer(self, sample: Any, survey: Any, statistic: str) -> Told | None:
        if sample.name not in self.held:
            self.held[sample.name] = self.asked(sample, survey)
        table = self.held[sample.name]
        rows = table[table["statistic"] == statistic]
        if rows.empty:  # svyglm of 4.1.1 stops under replicates given so
            return None
        return Told(rows["value"].to_numpy(), rows["error"].to_numpy(), str(rows["call"].iloc[0]))

    def asked(self, sample: Any, survey: Any) -> pd.DataFrame:
        asked = {name: sample.design.get(name, "") for name in ("weights", "strata", "psu", "fpc")}
        asked |= {name: getattr(sample, name) for name in ("y", "x", "case", "by", "replicates")}
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            sample.rows.to_csv(folder / "rows.csv", index=False, float_format="%.17g")
            pd.DataFrame([asked]).to_csv(folder / "asked.csv", index=False)
            if sample.replicates:
                weights, coefficients = (
                    replicate_weights(sample, survey),
                    survey.scheme.coefficients,
                )
                pd.DataFrame(weights).to_csv(
                    folder / "weights.csv", index=False, float_format="%.17g"
                )
                pd.DataFrame({"k": coefficients}).to_csv(
                    folder / "coefficients.csv", index=False, float_format="%.17g"
                )
            command = [self.program, "-e", CODE, made]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                raise RuntimeError(f"R on {json.dumps(asked)}: {run.stderr}")
            return pd.read_csv(folder / "out.csv", skipinitialspace=True)
