"""Random calls of every public name: a result, or an error that says what to do.

`surface` lists what is public, `wild` has values that nobody should give, `chance` draws the
arguments of one call, `objects` makes surveys, lists, answers and estimates of many kinds,
`entries` says for each public name what a valid call is, `corrupt` spoils one, `outcome` judges
what came of it. ``python -m evidence.fuzz`` runs them.
"""
