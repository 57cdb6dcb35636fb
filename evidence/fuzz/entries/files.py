"""Entries of microdata, of the readers of files and of the data sets that come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv
from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.objects import linked, microdata, variables

from .shared import call, fields, member


def new(r: Chance) -> Call:
    made = linked(r)
    return call(made["tables"], {(v.table, v.name): v for v in variables()}, **r.maybe(
        links=made["links"], languages=["en"], notes=["A note."]))  # fmt: skip


def coded(r: Chance) -> Call:
    made = linked(r)
    return call(made["tables"], variables(), **r.maybe(links=made["links"], languages=["en", "fr"]))


def with_table(r: Chance, **more: Any) -> dict[str, Any]:
    return {"table": r.pick("child", "home"), **more}


def kobo(r: Chance) -> Path:
    """Write a table as KoBo exports it, with groups and a repeat's keys."""
    place = r.path(".csv")
    rows = [
        f"{r.whole(1, 9)},{r.pick('N1', 'n/a', r.pick('é', 'b'))},{k}" for k in range(r.whole(1, 6))
    ]
    place.write_text("\n".join(["home/size,home/ea,_id", *rows]) + "\n", encoding="utf-8")
    return place


def broken(r: Chance, suffix: str) -> Path:
    """Write a file that is none of its kind."""
    place = r.path(suffix)
    place.write_bytes(r.pick(b"", b"\x00\xff" * 40, b"a,b\n1\n", "é;ü".encode("latin-1")))
    return place


def stata(r: Chance) -> Path:
    place = r.path(".dta")
    rows = pd.DataFrame({"work": r.rng.choice([1, 2, 9], 5), "age": r.rng.integers(5, 17, 5)})
    labels: Any = {"work": {1: "Yes", 2: "No", 9: r.label()}}
    rows.to_stata(place, value_labels=labels, write_index=False, version=118)
    return place


def spss(r: Chance) -> Path:
    import pyreadstat

    place = r.path(".sav")
    rows = pd.DataFrame({"work": r.rng.choice([1.0, 2.0, 99.0], 5)})
    labels: Any = {"work": {1: "Oui", 2: "Non", 99: "Refus"}}
    pyreadstat.write_sav(rows, str(place), variable_value_labels=labels)
    return place


def htcds(r: Chance) -> Call:
    n = r.whole(3, 30)
    who = r.rng.integers(0, 12, n)
    org = np.array(["Police", "Shelter", "Court"])[r.rng.integers(0, 3, n)]
    rows = {
        "key": who,
        "org": org,
        "prs_Gender": np.array(["Feminine", "Masculine"])[who % 2],
        "cas_ReferringOrganisation": np.array(["", "Police", "Embassy"])[r.rng.integers(0, 3, n)],
    }
    return call(
        pd.DataFrame(rows), person="key", lists="org", **r.maybe(covariates="sex", victims="all")
    )


FOLDER = pv.datasets.folder("jamaica")


def census(r: Chance) -> Call:
    names = r.some((("parish", "sex"), "age_group"), 1)
    return call(r.pick(FOLDER, str(FOLDER)), *names)


def read(maker: Any, suffix: str, **how: Any) -> Any:
    return lambda r: call(maker(r) if r.yes(0.85) else broken(r, suffix), **r.maybe(0.3, **how))


ENTRIES: dict[str, Any] = {
    "Variable": lambda r: call(**fields(r.pick(*variables()))),
    "Microdata": new,
    "Microdata.from_codes": coded,
    "Microdata.codebook": lambda r: member(r.of(microdata), **r.maybe(**with_table(r))),
    "Microdata.codes": lambda r: member(r.of(microdata), "work", **r.maybe(lang=r.pick("en", "fr"), table="child")),
    "Microdata.label": lambda r: member(r.of(microdata), r.pick("work", "area"), **r.maybe(lang="en")),
    "Microdata.labelled": lambda r: member(r.of(microdata), **r.maybe(0.6, **with_table(r, lang="en"))),
    "Microdata.link": lambda r: member(r.of(microdata), "child", "home", **r.maybe(columns=["area"])),
    "Microdata.parent_rows": lambda r: member(r.of(microdata), "child"),
    "Microdata.reasons": lambda r: member(r.of(microdata), **r.maybe(0.6, **with_table(r))),
    "Microdata.data": lambda r: member(pv.Microdata.from_codes({"child": linked(r)["tables"]["child"]}, variables()[:1])),
    "read_kobo": read(kobo, ".csv", missing_codes={98: "don't know"}, main="x"),
    "read_stata": read(stata, ".dta", missing_codes={"work": [9]}, language="fr"),
    "read_spss": read(spss, ".sav", missing_codes={"work": [99]}, language="fr"),
    "read_htcds": htcds,
    "datasets.coverage": lambda r: call(r.pick("jamaica", "household_survey")),
    "datasets.folder": lambda r: call(r.pick("jamaica", "cote_divoire")),
    "datasets.margins": census,
    "datasets.provenance": lambda r: call(*r.pick([], [FOLDER])),
    "datasets.studies": lambda _: call(),
    "datasets.true_values": lambda r: call(FOLDER, "household_12m_count", **r.maybe(labels=[("Hanover",), ("Portland",)])),
    "datasets.truth": lambda r: call(r.pick(FOLDER, str(FOLDER))),
}  # fmt: skip
