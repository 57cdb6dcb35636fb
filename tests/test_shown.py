"""What is shown of estimates of many kinds, word by word: a change of wording is to be seen and meant."""

from __future__ import annotations

import re
import warnings

import pytest

import prevalence as pv
from tests import shown

PAGES = shown.written()
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[+-]\d+)?")


@pytest.mark.parametrize("name", shown.MADE)
def test_a_page_is_as_it_was_read(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        found = shown.page(shown.MADE[name]())
    # The last digit may differ between versions of NumPy: words, and numbers to one in the third.
    assert NUMBER.sub("#", found) == NUMBER.sub("#", PAGES[name]), "python -m tests.shown"
    numbers = [
        [float(x.replace(",", "")) for x in NUMBER.findall(text)] for text in (found, PAGES[name])
    ]
    assert numbers[0] == pytest.approx(numbers[1], rel=6e-3, abs=1e-9)


def test_the_file_has_no_other_pages() -> None:
    assert list(PAGES) == list(shown.MADE)
