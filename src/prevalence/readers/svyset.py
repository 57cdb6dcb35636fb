"""What `svyset` declared in a Stata file, from the characteristics that it keeps."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__: list[str] = []

SECTION = 8  # place of the characteristics in the map of sections
NAME = {117: 33, 118: 129, 119: 129}  # bytes of a name, by format


def svyset(source: Path, names: Sequence[str]) -> list[str]:
    """Return a note with the design declared and the call that makes it, if there is one."""
    with source.open("rb") as file:
        data = file.read()
    try:
        declared = {name: text for owner, name, text in _characteristics(data) if owner == "_dta"}
    except (struct.error, ValueError, IndexError, KeyError):
        return []
    found = {
        "weights": declared.get("_svy_wvar", ""),
        "strata": declared.get("_svy_strata1", ""),
        "psu": declared.get("_svy_su1", ""),
        "fpc": declared.get("_svy_fpc1", ""),
    }
    used = {argument: name for argument, name in found.items() if name in names}
    if not used:
        return []
    call = "".join(f", {argument}={name!r}" for argument, name in used.items())
    if {"strata", "psu"} <= set(used):
        call += ", nest=True"  # Stata counts units within strata
    stages = declared.get("_svy_stages", "1")
    more = f" It declares {stages} stages: see `stages` of Survey." if stages > "1" else ""
    kind = declared.get("_svy_wtype", "")
    odd = f" Its weights are of type {kind}." if kind not in ("", "pweight") else ""
    return [f"The file is svyset: pv.Survey(m{call}).{more}{odd}"]


def _characteristics(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield owner, name and text of every characteristic."""
    if data.startswith(b"<stata_dta>"):
        yield from _tagged(data)
    else:
        yield from _expansion(data)


def _tagged(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield those of formats 117 to 119, which are between tags."""
    release = int(data[data.index(b"<release>") + 9 :][:3])
    order = "<" if data[data.index(b"<byteorder>") + 11 :][:3] == b"LSF" else ">"
    sections = data.index(b"<map>") + 5
    (at,) = struct.unpack_from(f"{order}q", data, sections + 8 * SECTION)
    at += len(b"<characteristics>")
    width = NAME[release]
    while data[at : at + 4] == b"<ch>":
        (size,) = struct.unpack_from(f"{order}I", data, at + 4)
        yield _parts(data[at + 8 : at + 8 + size], width)
        at += 8 + size + len(b"</ch>")


def _expansion(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield those of formats 108 to 115, which follow the descriptors."""
    release, order = data[0], "<" if data[1] == 2 else ">"
    if release < 108:
        return
    (columns,) = struct.unpack_from(f"{order}H", data, 4)
    label, stamp = (81, 18) if release >= 108 else (32, 18)
    name = 33 if release >= 110 else 9
    form = {115: 49, 114: 49, 113: 12, 112: 12, 111: 12, 110: 12, 108: 12}[release]
    at = 10 + label + stamp
    at += columns + columns * name + 2 * (columns + 1) + columns * form
    at += columns * name + columns * 81
    wide = release >= 110
    head = f"{order}bi" if wide else f"{order}bh"
    while True:
        kind, size = struct.unpack_from(head, data, at)
        at += struct.calcsize(head)
        if kind == 0:
            return
        if kind == 1:
            yield _parts(data[at : at + size], name)
        at += size


def _parts(content: bytes, width: int) -> tuple[str, str, str]:
    texts = content[:width], content[width : 2 * width], content[2 * width :]
    owner, name, said = (t.split(b"\0")[0].decode("utf-8", errors="replace") for t in texts)
    return owner, name, said
