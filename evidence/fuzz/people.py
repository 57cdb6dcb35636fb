"""Tables of people: columns of every kind of question, as frames of every kind, clean and spoiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .chance import Chance
from .wild import spoiled_column

__all__ = ["GROUPS", "ITEMS", "YES", "framed", "hidden_people", "people", "reports"]

#: Columns of 0 and 1, categories, numbers, and answers about people known.
YES = ("case", "q1", "q2", "q3", "q4", "direct", "said", "screen")
GROUPS = ("region", "half", "sex")
ITEMS = ("q1", "q2", "q3", "q4")


def columns(r: Chance, n: int) -> dict[str, Any]:
    """Return clean columns of n persons in clusters of four regions."""
    rng = r.rng
    per = max(2, n // 12)
    case = (rng.random(n) < r.pick(0.03, 0.2, 0.4, 0.4, 0.6)).astype(float)
    long = (np.arange(n) % 2).astype(float)
    degree = rng.lognormal(5, 0.5, n)
    ea = np.arange(n) // per
    screen = np.where(rng.random(n) < 0.9, case, 1 - case)
    return {
        "id": np.arange(n),
        "w": rng.uniform(1, 4, n),
        "region": np.array(["A", "B", "C", "D"])[np.minimum(ea // 3, 3)],
        "ea": ea,
        "half": np.array(["x", "y"])[rng.integers(2, size=n)],
        "sex": np.array(["F", "M"])[np.arange(n) // 2 % 2],
        "age": rng.integers(5, 18, n).astype(float),
        "hours": rng.gamma(2, 5, n).round(1),
        "case": case,
        "long": long,
        "count": rng.binomial(3, 0.4, n) + long * case,
        "count2": rng.binomial(3, 0.5, n) + (1 - long) * case,
        "direct": case * (rng.random(n) < 0.8),
        "said": np.where(rng.random(n) < 0.75, case, 1 - case),
        "screen": screen,
        "gold": np.where(rng.random(n) < 0.6, case, np.nan),
        **{
            f"q{k}": np.where(rng.random(n) < 0.8, case, rng.random(n) < 0.15) for k in (1, 2, 3, 4)
        },
        "children": rng.integers(4, 9, n).astype(float),
        "cases": rng.binomial(2, 0.3, n).astype(float),
        "people": np.full(n, 40.0 * n),
        "clusters": np.full(n, 50.0),
        "p": np.full(n, 0.1),
        "rep1": rng.uniform(0.5, 3, n),
        "rep2": rng.uniform(0.5, 3, n),
        "rep3": rng.uniform(0.5, 3, n),
        "police": rng.poisson(degree * 0.02) + 1.0,
        "nurses": rng.poisson(degree * 0.03) + 1.0,
        "priests": rng.poisson(degree * 0.01) + 1.0,
        "hidden": rng.poisson(degree * 0.01).astype(float),
        "hidden2": rng.poisson(degree * 0.004).astype(float),
    }


def people(r: Chance) -> dict[str, Any]:
    """Return columns of people, in one of three cases with something unusual in them."""
    n = r.pick(24, 36, 48, 60, 60) if r.yes(0.93) else r.pick(1, 2, 3, 5, 9)
    made = columns(r, n)
    if r.yes(0.35):
        for _ in range(r.whole(1, 3)):
            unusual(r, made, n)
    return made


def unusual(r: Chance, made: dict[str, Any], n: int) -> None:
    """Put one thing into the columns that real data have, and that examples do not."""
    name = r.pick("case", "q1", "hours", "age", "police", "hidden", "screen", "region", "half")
    kind = r.whole(0, 13)
    if kind == 0:
        made["w"][r.rng.random(n) < 0.3] = 0.0
    elif kind == 1:
        made["w"] = made["w"] * r.pick(1e-9, 1e6, 1e12)
    elif kind == 2:
        made["w"] = np.ones(n)
    elif kind == 3:
        made["ea"] = np.zeros(n, dtype=int)
    elif kind == 4:
        made["ea"] = np.arange(n)
    elif kind == 5:
        made["region"] = np.array([r.label() for _ in range(n)])
    elif kind == 6:
        made["half"] = np.array([r.label(), r.label()])[r.rng.integers(2, size=n)]
    elif kind == 7:
        answers: Any = np.array([*made[name], None], dtype=object)[:-1]
        made[name] = np.where(r.rng.random(n) < 0.2, None, answers)
    elif kind == 8:
        made["hours"] = r.rng.random(n) * r.pick(0.0, -1.0, 1e9, 1e150)
    elif kind == 9:
        made["case"] = np.full(n, r.pick(0.0, 1.0))
    elif kind == 10:
        made["hidden"] = np.zeros(n)
    elif kind == 11:
        made["region"] = np.where(np.arange(n) == 0, "alone", made["region"])
    elif kind == 12:
        made["w"] = 10 ** r.rng.uniform(-4, 4, n)
    elif kind == 13:
        made[name] = spoiled_column(made[name], r.rng)


def framed(r: Chance, made: dict[str, Any]) -> Any:
    """Return columns as one kind of frame, and of other types of numbers."""
    kind = r.whole(0, 9)
    plain = pd.DataFrame({name: list(values) for name, values in made.items()})
    if kind <= 2:
        return {name: np.asarray(values) for name, values in made.items()}
    if kind == 3:
        return {name: list(values) for name, values in made.items()}
    if kind == 4:
        return polars(plain)
    if kind == 5:
        return arrow(plain)
    if kind == 6:
        words = [name for name in GROUPS if name in plain]
        return plain.astype(dict.fromkeys(words, "category"))
    if kind == 7:
        return plain.convert_dtypes()
    if kind == 8:
        whole = [c for c in plain if plain[c].dtype.kind == "f" and (plain[c] % 1 == 0).all()]
        return plain.astype(dict.fromkeys(whole, r.pick("float32", "int64", "int8", "bool")))
    return plain.set_index(pd.Index(np.arange(len(plain))[::-1] * 7))


def polars(plain: pd.DataFrame) -> Any:
    """Return a polars frame, or the pandas one where its columns are mixed."""
    import polars as pl

    try:
        return pl.DataFrame(plain.to_dict("list"), strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return plain


def arrow(plain: pd.DataFrame) -> Any:
    """Return an Arrow table, or the pandas one where its columns are mixed."""
    import pyarrow as pa

    try:
        return pa.table(plain.to_dict("list"))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return plain


def hidden_people(r: Chance) -> dict[str, Any]:
    """Return respondents of the hidden group, who say who is aware of them."""
    n = r.pick(8, 12, 20)
    police, nurses = r.rng.poisson(3, n) + 1, r.rng.poisson(4, n) + 1
    return {
        "id": np.arange(n),
        "w": r.rng.uniform(0.5, 2, n),
        "psu": np.arange(n) // 2,
        "sex": np.array(["F", "M"])[np.arange(n) // 4 % 2],
        "police": police,
        "nurses": nurses,
        "police_aware": r.rng.binomial(police, 0.5) + 0.0,
        "nurses_aware": r.rng.binomial(nurses, 0.5) + 0.0,
    }


def reports(r: Chance, n: int) -> dict[str, Any]:
    """Return a table of reports: by whom, of how many others too, and of what."""
    m = r.whole(3, 20)
    return {
        "id": r.rng.integers(0, max(n, 1), m),
        "m": r.rng.integers(1, 5, m).astype(float),
        "sick": (r.rng.random(m) < 0.6).astype(float),
        "sex": np.array(["F", "M"])[r.rng.integers(2, size=m)],
        "who": r.rng.integers(0, 50, m),
    }
