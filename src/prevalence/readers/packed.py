"""What is in a workbook that its reader would pass over or die of: bare formulas, errors, far cells."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

__all__: list[str] = []

# What is raised where an archive is not what it was.
UNPACKED = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    UnicodeError,
    zipfile.BadZipFile,
    zlib.error,
)
LARGEST = 2 * 1024**3  # bytes of one file inside
CELLS = 200_000_000  # rows times columns of a sheet
EXTENT = re.compile(rb'<dimension\s+ref="(?:[A-Z]+\d+:)?([A-Z]+)(\d+)"')
BARE = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>|</c>)")
ERROR = re.compile(rb'<c\s[^>]*\bt="e"')


def check_packed(path: Path, argument: str) -> list[str]:
    """Refuse a workbook that would fill the memory, and say which cells have no value."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        check_sizes(infos, path, argument)
        bare = errors = 0
        for info in infos:
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
                continue
            data = archive.read(info)
            _check_extent(data, path, argument)
            bare += len(BARE.findall(data)) if b"<f" in data else 0
            errors += len(ERROR.findall(data)) if b't="e"' in data else 0
    said = []
    if bare:
        said.append(
            f"cells of {path.name!r} should hold values: {bare:,} hold a formula that was never "
            "computed, and are blank. Open the workbook in a spreadsheet and save it."
        )
    if errors:
        said.append(
            f"cells of {path.name!r} should hold values: {errors:,} hold an error such as #DIV/0!, "
            "and are blank. Correct their formulas."
        )
    return said


def check_sizes(infos: list[zipfile.ZipInfo], path: Path, argument: str) -> None:
    """Refuse an archive that unpacks to more than can be read."""
    largest = max((info.file_size for info in infos), default=0)
    if largest > LARGEST:
        raise ValueError(
            f"{argument} must unpack to files of at most {LARGEST / 1e9:.1f} GB: one in "
            f"{path.name!r} has {largest / 1e9:,.1f} GB. Export it in parts, or as CSV."
        )


def _check_extent(data: bytes, path: Path, argument: str) -> None:
    found = EXTENT.search(data, 0, 4096)
    if found is None:
        return
    width = 0
    for letter in found[1]:
        width = 26 * width + letter - 64
    if width * int(found[2]) > CELLS:
        raise ValueError(
            f"{argument} must have its rows and columns side by side: a sheet of {path.name!r} "
            f"reaches to cell {(found[1] + found[2]).decode()}. Delete what stands far from the "
            "table, and save it anew."
        )
