"""Keyed hashes of identifying fields, to link lists without the names in them."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .errors import warn
from .frames import names_of, read

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LinkageKeys", "linkage_keys"]

Array = NDArray[Any]
SHORTEST = 16  # bytes of a secret: 128 bits
VARIED = 8  # different bytes in a secret at least
ARABIC_POINTS = range(27, 36)  # combining classes of vowel points that are often left out
MARKS_ABOVE = 200  # combining classes of accents, cedillas and the like


@dataclass(frozen=True, eq=False, repr=False)
class LinkageKeys:
    """Keys of the rows of one list, and how many rows share one.

    Parameters
    ----------
    keys : array of str or None
        64 hexadecimal digits a row; None where a field is missing.
    columns : tuple of str
        The fields that made them.
    """

    keys: Array
    columns: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Rows without a key, since a field is missing."""
        return int(sum(key is None for key in self.keys))

    @property
    def duplicates(self) -> int:
        """Rows whose key another row has too: a person listed twice, or two alike."""
        frame = self.to_frame()
        return int(frame.loc[frame["rows_per_key"] > 1, "rows"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return how many keys are on one row, on two and so on; no key and no row is named."""
        import pandas as pd

        known = [key for key in self.keys if key is not None]
        _, times = np.unique(np.array(known, dtype=str), return_counts=True)
        size, keys = np.unique(times, return_counts=True)
        return pd.DataFrame({"rows_per_key": size, "keys": keys, "rows": size * keys})

    def __repr__(self) -> str:
        """Show counts alone."""
        return (
            f"<LinkageKeys: {len(self.keys):,} rows by {', '.join(self.columns)}; "
            f"{self.missing:,} without a key, {self.duplicates:,} share theirs with another row>"
        )


@explained
def linkage_keys(data: Any, columns: str | Sequence[str], *, secret: str | bytes) -> LinkageKeys:
    """Return a keyed hash of identifying fields for each row, to link lists by.

    ``HMAC-SHA256(secret, fields)``, with each field brought to one form first: letters without
    accents and case, no spaces or punctuation, whole numbers without decimals, dates as year,
    month and day. Two bodies that hold the same secret make the same keys from the same person.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, or mapping
        One row per record of a list.
    columns : str or list of str
        The identifying fields, in the same order in every list.
    secret : str or bytes
        At least 16 bytes (a str of at least 32 characters), as from ``secrets.token_hex(32)``. It
        is neither kept nor shown; whoever has it can try names out, so it stays with the bodies.

    Returns
    -------
    LinkageKeys
        `keys` by row, and counts of rows that share one.

    Raises
    ------
    KeyError, TypeError, ValueError
        When a column is unknown, or the secret is too short or hardly varied.

    Notes
    -----
    Keys are equal only where fields are: a name spelled otherwise is a missed link, and two persons
    of the same name and birth date are a false one. Audit both, and give them to
    `mse.linked_pair` or `mse.linked`. Keys are pseudonyms, not anonymous data.

    References
    ----------
    Krawczyk, H., Bellare, M. and Canetti, R. (1997). HMAC: Keyed-Hashing for Message
    Authentication. RFC 2104. doi:10.17487/RFC2104

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"name": ["Zoë de Wit", "ZOE DE WIT", "Li"], "born": ["2001-02-03"] * 3}
    >>> pv.linkage_keys(rows, ["name", "born"], secret="an example: never use it yourself")
    <LinkageKeys: 3 rows by name, born; 0 without a key, 2 share theirs with another row>
    """
    key = _secret(secret)
    table = read(data)
    names = names_of("columns", columns)
    if not names:
        raise ValueError("columns must name identifying fields: found none. Give at least one.")
    fields = [[_plain(x) for x in np.asarray(table.raw(n, "columns"), object)] for n in names]
    keys = np.empty(table.n, dtype=object)
    for row, values in enumerate(zip(*fields, strict=True)):
        told = [value for value in values if value is not None]
        keys[row] = _hash(key, told) if len(told) == len(names) else None
    found = LinkageKeys(keys, tuple(names))
    if found.missing:
        warn(
            f"{found.missing:,} of {table.n:,} rows have a missing field and get no key: they "
            "cannot be linked. Count them among the missed links."
        )
    return found


def _hash(secret: bytes, values: list[str]) -> str:
    """Each field with its length before it, so that no two rows of fields read the same."""
    parts = [value.encode() for value in values]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def _secret(given: Any) -> bytes:
    """Check a secret; nothing of it is in any message."""
    if not isinstance(given, (str, bytes)):
        raise TypeError(
            f"secret must be text or bytes: found {type(given).__name__}. Make one with "
            "secrets.token_hex(32)."
        )
    key = given.encode() if isinstance(given, str) else given
    least = SHORTEST if isinstance(given, bytes) else 2 * SHORTEST
    if len(key) < least:
        raise ValueError(
            f"secret must have at least {least} {'bytes' if least == SHORTEST else 'characters'}: "
            f"found {len(key)}. Make one with secrets.token_hex(32)."
        )
    if len(set(key)) < VARIED:
        raise ValueError(
            f"secret must be random: found {len(set(key))} different characters. Make one with "
            "secrets.token_hex(32)."
        )
    return key


def _plain(value: Any) -> str | None:
    """One form for a field; None where it is missing or nothing is left of it."""
    import pandas as pd

    if pd.isna(value):
        return None
    if isinstance(value, (float, np.floating)) and value == np.floor(value):
        value = int(value)
    if hasattr(value, "isoformat"):
        value = value.isoformat()[:10]
    if isinstance(value, np.datetime64):
        value = str(value)[:10]
    text = unicodedata.normalize("NFKD", str(value).casefold())
    kept = (x for x in text if _is_kept(x))
    return unicodedata.normalize("NFKC", "".join(kept)).casefold() or None


def _is_kept(character: str) -> bool:
    """Letters, digits and the marks that tell letters apart in scripts other than Latin."""
    place = unicodedata.combining(character)
    if place >= MARKS_ABOVE or place in ARABIC_POINTS:
        return False
    return character.isalnum() or unicodedata.category(character).startswith("M")
