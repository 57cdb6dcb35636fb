"""Measurement estimators on random designs against R's survey package, its own contrasts and ratios.

Run by hand where R has `survey`: ``python -m pytest tests/crosscheck/survey.py``; the other tests
leave this file alone. Strata, units, weights of zero, finite populations and domains are random.
"""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import prevalence as pv
from tests.agreement import Within, agrees
from tests.properties.test_measurement_designs import ESTIMATORS, MISC, sample, survey

DESIGNS = 60
CLOSED = Within("the same sums in another order: 2e-13 seen", 1e-9, 1e-9)
R = ("R survey 4.1.1", "svycontrast, svymean, svyratio and svytotal: the code in the file")

CODE = """
suppressMessages(library(survey)); folder <- commandArgs(TRUE)[1]; out <- list()
put <- function(k, name, g, v, se) out[[length(out) + 1]] <<-
  data.frame(k = k, name = name, g = g, v = as.numeric(v)[1], se = as.numeric(se)[1])
for (k in seq_along(list.files(folder, "csv$")) - 1) {
  d <- read.csv(file.path(folder, sprintf("%d.csv", k)))
  f <- if (k %% 2) ~units else NULL
  des <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, fpc = f, data = d)
  for (g in c("a", "b")) {
    s <- as.numeric(d$g == g); t <- d$long; no <- 1 - d$direct
    of <- function(cols, what) {
      for (n in names(cols)) des$variables[[n]] <- cols[[n]] * s
      svycontrast(svytotal(reformulate(names(cols)), des), what)
    }
    e <- of(list(A = d$y*t, B = t, C = d$y*(1-t), D = 1-t), quote(A/B - C/D))
    put(k, "list", g, coef(e), SE(e))
    e <- of(list(A = d$y*t, B = t, C = d$y*(1-t), D = 1-t, E = d$z*(1-t), F = d$z*t),
            quote((A/B - C/D + E/D - F/B) / 2))
    put(k, "two lists", g, coef(e), SE(e))
    e <- of(list(M = d$direct, O = t + (1-t), A = d$y*t*no, B = t*no, C = d$y*(1-t)*no, D = (1-t)*no),
            quote(M/O + (1 - M/O) * (A/B - C/D)))
    put(k, "list and direct", g, coef(e), SE(e))
    sub <- des[d$g == g, ]
    e <- svymean(~red, sub); put(k, "kuk", g, (coef(e) - .25) / .55, SE(e) / .55)
    e <- svyratio(~cases, ~own, sub); put(k, "children", g, coef(e), SE(e))
    seen <- !is.na(d$gold) & d$w > 0; i <- as.character(d$screen); gold <- ifelse(seen, d$gold, 0)
    grown <- (tapply(as.numeric(d$w > 0), i, sum) / tapply(as.numeric(seen), i, sum))[i]
    full <- d$w * grown * seen * s; v <- sum(full * gold) / sum(full)
    u <- s * d$w * (gold - v) / sum(full)
    mean <- (tapply(u * seen, i, sum) / tapply(as.numeric(seen), i, sum))[i]
    des$variables$zz <- ifelse(d$w > 0, (mean + seen * grown * (u - mean)) / d$w, 0)
    put(k, "validation", g, v, SE(svytotal(~zz, des)))
  }
}
write.csv(do.call(rbind, out), file.path(folder, "out.txt"), row.names = FALSE)
"""


def test_random_designs_agree_with_r(tmp_path: Path) -> None:
    for seed in range(DESIGNS):
        sample(seed).to_csv(tmp_path / f"{seed}.csv", index=False)
    subprocess.run(["Rscript", "-e", CODE, str(tmp_path)], check=True, capture_output=True)
    theirs = pd.read_csv(tmp_path / "out.txt").set_index(["k", "name", "g"])
    values: dict[str, list[tuple[float, float]]] = {}
    errors: dict[str, list[tuple[float, float]]] = {}
    for seed in range(DESIGNS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)  # chance, in samples this small
            s = survey(sample(seed), bool(seed % 2))
            found = {name: fast(s, by="g") for name, (_, fast) in ESTIMATORS.items()}
            found["validation"] = MISC.validation_subsample(s, screen="screen", gold="gold", by="g")
        for name, e in found.items():
            for (g,), value, error in zip(e.labels, e.value, e.std_error, strict=True):
                v, se = theirs.loc[(seed, name, g), ["v", "se"]].to_numpy(dtype=float).ravel()
                values.setdefault(name, []).append((float(value), v))
                if np.isfinite(error):  # ours is missing where nothing varies, or in one unit
                    errors.setdefault(name, []).append((float(error), se))
    for what, held in (("estimates", values), ("standard errors", errors)):
        within = CLOSED if what == "estimates" else CLOSED._replace(absolute=0.0)
        for name, pairs in held.items():
            ours, wanted = np.array(pairs).T
            agrees(ours, wanted, within, case=(f"{DESIGNS} random designs: {name}", what), source=R)
    assert sum(map(len, errors.values())) > 0.9 * len(theirs)
