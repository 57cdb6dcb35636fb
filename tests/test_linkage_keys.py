"""Keyed hashes: the same person, the same key; nothing of secret or names to be seen."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import pickle

import pandas as pd
import polars as pl

import prevalence as pv

SHARED = "0123456789abcdef0123456789abcdef"


def key(*fields: object, secret: str | bytes = SHARED) -> str:
    rows = {f"f{i}": [field] for i, field in enumerate(fields)}
    return str(pv.linkage_keys(rows, list(rows), secret=secret).keys[0])


def test_it_is_the_hash_of_fields_with_their_lengths() -> None:
    message = b"\0\0\0\3ana" + b"\0\0\0\x0820010203"
    wanted = hmac.new(SHARED.encode(), message, hashlib.sha256).hexdigest()
    assert key("Ána", "2001-02-03") == wanted
    assert key("Ána", "2001-02-03", secret=SHARED.encode()) == wanted


def test_one_person_written_in_several_ways_has_one_key() -> None:
    assert key("Zoë  de-Wit") == key("ZOE DE WIT") == key("zoe dewit")
    assert key("STRASSE") == key("Straße")
    assert key(7) == key(7.0) == key("7")
    assert key("محمَد") == key("محمد")  # points of vowels are often left out


def test_other_persons_have_other_keys() -> None:
    assert key("राम") != key("रम")  # a vowel sign is a letter there
    assert key("ab", "c") != key("a", "bc")
    assert key("ana", secret=SHARED[::-1]) != key("ana")


def test_frames_and_kinds_of_dates_agree() -> None:
    day = dt.date(2001, 2, 3)
    one = pd.DataFrame({"n": ["Zoë"], "d": pd.to_datetime(["2001-02-03"])})
    two = pl.DataFrame({"n": ["zoe"], "d": [day]})
    found = [pv.linkage_keys(f, ["n", "d"], secret=SHARED).keys[0] for f in (one, two)]
    assert found == [key("zoe", "2001-02-03")] * 2


def test_rows_that_share_a_key_are_counted_and_nothing_is_named() -> None:
    found = pv.linkage_keys({"n": ["a", "A", "b", "b", "B", "c"]}, "n", secret=SHARED)
    assert found.duplicates == 5
    assert found.to_frame().to_dict("list") == {
        "rows_per_key": [1, 2, 3],
        "keys": [1, 1, 1],
        "rows": [1, 2, 3],
    }
    shown = repr(found)
    assert SHARED not in shown
    assert found.keys[0] not in shown
    assert SHARED.encode() not in pickle.dumps(found)
