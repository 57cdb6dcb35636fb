"""Decomposable graphs of dependence among lists, and averages over all of them."""
