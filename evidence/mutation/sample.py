"""Which faults are tried: a sample of each module of layer 0, in proportion to its faults."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .faults import Fault

LEAST = 4  # of each module


def layer_zero(root: Path) -> dict[str, Path]:
    """Return the modules of layer 0 in the order of ARCHITECTURE.md's table."""
    names = re.findall(
        r"^\| `(\w+)` \| 0 ", (root / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE
    )
    source = root / "src" / "prevalence"
    paths = {}
    for name in names:
        single = source / f"{name}.py"
        if single.exists():
            paths[name] = single
        else:
            for path in sorted((source / name).rglob("*.py")):
                if path.stem != "__init__" and not path.stem.startswith("french"):  # words alone
                    paths[f"{name}.{path.stem}"] = path
    return paths


def drawn(every: dict[str, list[Fault]], size: int, seed: int) -> list[Fault]:
    """Return a stratified sample: in proportion to faults, at least four of each module.

    The faults with the smallest digests of seed and fault are taken, which is a random sample that
    stays the same where a module is changed elsewhere.
    """
    whole = sum(map(len, every.values()))
    chosen: list[tuple[bytes, Fault]] = []
    for found in every.values():
        ranked = []
        for fault in found:
            text = "\0".join((str(seed), *fault.key))
            ranked.append((hashlib.sha256(text.encode()).digest(), fault))
        share = max(LEAST, round(size * len(found) / whole))
        chosen += sorted(ranked)[:share]
    return [fault for _, fault in sorted(chosen)]
