"""Hadamard matrices: signs whose columns are balanced against each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["hadamard"]

Signs = NDArray[np.float64]


def hadamard(least: int) -> Signs:
    """Return a Hadamard matrix of the smallest order made here that is at least a number.

    Orders are those of Paley's two constructions over the integers modulo a prime, and their
    doublings: 1, 2, 4, 8, 12, 16, 20, 24, 28, ...; the first column is all ones.
    """
    order = least if least <= 2 else 4 * -(-least // 4)
    while (made := _of_order(order)) is None:
        order += 4
    return made * made[:, :1]


def _of_order(order: int) -> Signs | None:
    """Return a Hadamard matrix of one order, or None where no construction here gives it."""
    if order == 1:
        return np.ones((1, 1))
    half = _of_order(order // 2) if order == 2 or order % 4 == 0 else None
    if half is not None:
        return np.block([[half, half], [half, -half]])
    if order % 4 == 0 and (order - 1) % 4 == 3 and _is_prime(order - 1):
        return np.eye(order) + _bordered(order - 1, -1.0)
    if order % 4 == 0 and (order // 2 - 1) % 4 == 1 and _is_prime(order // 2 - 1):
        s = _bordered(order // 2 - 1, 1.0)
        corner = np.array([[1.0, -1.0], [-1.0, -1.0]])
        return np.kron(s, np.array([[1.0, 1.0], [1.0, -1.0]])) + np.kron(np.eye(len(s)), corner)
    return None


def _bordered(q: int, side: float) -> Signs:
    """Return Paley's matrix of quadratic residues of differences modulo q, with a border."""
    residue = np.full(q, -1.0)
    residue[np.arange(1, q) ** 2 % q] = 1.0
    residue[0] = 0.0
    out = np.zeros((q + 1, q + 1))
    out[0, 1:], out[1:, 0] = 1.0, side
    out[1:, 1:] = residue[(np.arange(q) - np.arange(q)[:, None]) % q]
    return out


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % k for k in range(2, int(n**0.5) + 1))
