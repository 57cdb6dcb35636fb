"""A country like Jamaica: one population, three ways to look at it, and what is true of it."""
