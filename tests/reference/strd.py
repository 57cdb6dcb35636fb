"""The eleven linear sets of NIST's Statistical Reference Datasets: data and certified values.

National Institute of Standards and Technology, Statistical Reference Datasets (StRD), linear
regression, https://www.itl.nist.gov/div898/strd/lls/lls.shtml: a work of the government of the
United States. Certified values have 15 digits; those of Wampler are whole by construction.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["OF_R", "SETS", "Certified", "exact", "log_relative_error"]

Array = NDArray[Any]


class Certified(NamedTuple):
    """One set: its level of difficulty, outcome, columns, and certified coefficients and errors."""

    level: str
    y: Array
    x: Array  # one column per predictor; a power of the variable is a column of its own
    intercept: bool
    coefficients: Array
    std_errors: Array  # residual standard deviation times the root of the inverse of X'X


def numbers(text: str) -> Array:
    """Return the numbers of a text."""
    return np.array(text.split(), dtype=float)


def powers(x: Array, degree: int) -> Array:
    """Return x, x^2, ... as columns, each the last one times x."""
    return np.cumprod(np.repeat(x[:, None], degree, axis=1), axis=1)


def log_relative_error(found: Array, certified: Array) -> Array:
    """Return the number of correct digits, at most 15; of a value that is 0 the absolute ones."""
    found, certified = np.asarray(found, float), np.asarray(certified, float)
    size = np.where(certified == 0, 1.0, np.abs(certified))
    with np.errstate(divide="ignore"):
        digits = -np.log10(np.abs(found - certified) / size)
    return np.asarray(np.clip(np.where(np.isnan(digits), 0.0, digits), 0, 15))


def exact(told: Certified) -> Array:
    """Solve the normal equations of the columns as floats hold them, without rounding."""
    ones = np.ones((len(told.y), int(told.intercept)))
    x = [[Fraction(v) for v in row] for row in np.hstack([ones, told.x]).tolist()]
    y = [Fraction(v) for v in told.y.tolist()]
    p = len(x[0])
    rows = [
        [sum((r[i] * r[j] for r in x), Fraction(0)) for j in range(p)]
        + [sum((r[i] * t for r, t in zip(x, y, strict=True)), Fraction(0))]
        for i in range(p)
    ]
    for i in range(p):  # Gauss and Jordan: positive definite, so that no pivot is 0
        for k in set(range(p)) - {i}:
            share = rows[k][i] / rows[i][i]
            rows[k] = [a - share * b for a, b in zip(rows[k], rows[i], strict=True)]
    return np.array([float(rows[i][p] / rows[i][i]) for i in range(p)])


NORRIS_Y = numbers("""
    0.1 338.8 118.1 888.0 9.2 228.1 668.5 998.5 449.1 778.9 559.2 0.3 0.1 778.1 668.8 339.3 448.9
    10.8 557.7 228.3 998.0 888.8 119.6 0.3 0.6 557.6 339.3 888.0 998.5 778.9 10.2 117.6 228.9 668.4
    449.2 0.2
""")
NORRIS_X = numbers("""
    0.2 337.4 118.2 884.6 10.1 226.5 666.3 996.3 448.6 777.0 558.2 0.4 0.6 775.5 666.9 338.0 447.5
    11.6 556.0 228.1 995.8 887.6 120.2 0.3 0.3 556.8 339.1 887.2 999.0 779.0 11.1 118.3 229.2 669.1
    448.9 0.5
""")
PONTIUS_Y = numbers("""
    .11019 .21956 .32949 .43899 .54803 .65694 .76562 .87487 .98292 1.09146 1.20001 1.30822 1.41599
    1.52399 1.63194 1.73947 1.84646 1.95392 2.06128 2.16844 .11052 .22018 .32939 .43886 .54798
    .65739 .76596 .87474 .98300 1.09150 1.20004 1.30818 1.41613 1.52408 1.63159 1.73965 1.84696
    1.95445 2.06177 2.16829
""")
PONTIUS_X = np.tile(150_000.0 * np.arange(1, 21), 2)
LONGLEY = numbers("""
    60323  83.0 234289 2356 1590 107608 1947   61122  88.5 259426 2325 1456 108632 1948
    60171  88.2 258054 3682 1616 109773 1949   61187  89.5 284599 3351 1650 110929 1950
    63221  96.2 328975 2099 3099 112075 1951   63639  98.1 346999 1932 3594 113270 1952
    64989  99.0 365385 1870 3547 115094 1953   63761 100.0 363112 3578 3350 116219 1954
    66019 101.2 397469 2904 3048 117388 1955   67857 104.6 419180 2822 2857 118734 1956
    68169 108.4 442769 2936 2798 120445 1957   66513 110.8 444546 4681 2637 121950 1958
    68655 112.6 482704 3813 2552 123366 1959   69564 114.2 502601 3931 2514 125368 1960
    69331 115.7 518173 4806 2572 127852 1961   70551 116.9 554894 4007 2827 130081 1962
""").reshape(16, 7)
FILIP_Y = numbers("""
    0.8116 0.9072 0.9052 0.9039 0.8053 0.8377 0.8667 0.8809 0.7975 0.8162 0.8515 0.8766 0.8885
    0.8859 0.8959 0.8913 0.8959 0.8971 0.9021 0.909 0.9139 0.9199 0.8692 0.8872 0.89 0.891 0.8977
    0.9035 0.9078 0.7675 0.7705 0.7713 0.7736 0.7775 0.7841 0.7971 0.8329 0.8641 0.8804 0.7668
    0.7633 0.7678 0.7697 0.77 0.7749 0.7796 0.7897 0.8131 0.8498 0.8741 0.8061 0.846 0.8751 0.8856
    0.8919 0.8934 0.894 0.8957 0.9047 0.9129 0.9209 0.9219 0.7739 0.7681 0.7665 0.7703 0.7702
    0.7761 0.7809 0.7961 0.8253 0.8602 0.8809 0.8301 0.8664 0.8834 0.8898 0.8964 0.8963 0.9074
    0.9119 0.9228
""")
FILIP_X = numbers("""
    -6.860120914 -4.324130045 -4.358625055 -4.358426747 -6.955852379 -6.661145254 -6.355462942
    -6.118102026 -7.115148017 -6.815308569 -6.519993057 -6.204119983 -5.853871964 -6.109523091
    -5.79832982 -5.482672118 -5.171791386 -4.851705903 -4.517126416 -4.143573228 -3.709075441
    -3.499489089 -6.300769497 -5.953504836 -5.642065153 -5.031376979 -4.680685696 -4.329846955
    -3.928486195 -8.56735134 -8.363211311 -8.107682739 -7.823908741 -7.522878745 -7.218819279
    -6.920818754 -6.628932138 -6.323946875 -5.991399828 -8.781464495 -8.663140179 -8.473531488
    -8.247337057 -7.971428747 -7.676129393 -7.352812702 -7.072065318 -6.774174009 -6.478861916
    -6.159517513 -6.835647144 -6.53165267 -6.224098421 -5.910094889 -5.598599459 -5.290645224
    -4.974284616 -4.64454848 -4.290560426 -3.885055584 -3.408378962 -3.13200249 -8.726767166
    -8.66695597 -8.511026475 -8.165388579 -7.886056648 -7.588043762 -7.283412422 -6.995678626
    -6.691862621 -6.392544977 -6.067374056 -6.684029655 -6.378719832 -6.065855188 -5.752272167
    -5.132414673 -4.811352704 -4.098269308 -3.66174277 -3.2644011
""")
WAMPLER_X = np.arange(21.0)
WAMPLER_Y = {
    1: numbers("""
        1 6 63 364 1365 3906 9331 19608 37449 66430 111111 177156 271453 402234 579195 813616
        1118481 1508598 2000719 2613660 3368421
    """),
    2: numbers("""
        1.00000 1.11111 1.24992 1.42753 1.65984 1.96875 2.38336 2.94117 3.68928 4.68559 6.00000
        7.71561 9.92992 12.75603 16.32384 20.78125 26.29536 33.05367 41.26528 51.16209 63.00000
    """),
    3: numbers("""
        760 -2042 2111 -1684 3888 1858 11379 17560 39287 64382 113159 175108 273291 400186 581243
        811568 1121004 1506550 2002767 2611612 3369180
    """),
    4: numbers("""
        75901 -204794 204863 -204436 253665 -200894 214131 -185192 221249 -138370 315911 -27644
        455253 197434 783995 608816 1370781 1303798 2205519 2408860 3444321
    """),
    5: numbers("""
        7590001 -20479994 20480063 -20479636 25231365 -20476094 20489331 -20460392 18417449
        -20413570 20591111 -20302844 18651453 -20077766 21059195 -19666384 26348481 -18971402
        22480719 -17866340 10958421
    """),
}
WAMPLER_ERRORS = {  # of Wampler3; those of 4 and 5 are a hundred and ten thousand times as large
    3: numbers("""
        2152.32624678170 2363.55173469681 779.343524331583 101.475507550350 5.64566512170752
        0.112324854679312
    """),
    4: numbers("""
        215232.624678170 236355.173469681 77934.3524331583 10147.5507550350 564.566512170752
        11.2324854679312
    """),
    5: numbers("""
        21523262.4678170 23635517.3469681 7793435.24331583 1014755.07550350 56456.6512170752
        1123.24854679312
    """),
}


def wampler(k: int) -> Certified:
    """Return one of the five polynomials of degree 5."""
    certified = 10.0 ** -np.arange(6) if k == 2 else np.ones(6)
    errors = WAMPLER_ERRORS.get(k, np.zeros(6))
    x = powers(WAMPLER_X, 5)
    return Certified("higher", WAMPLER_Y[k], x, True, certified, errors)


SETS = {
    "Norris": Certified(
        "lower",
        NORRIS_Y,
        NORRIS_X[:, None],
        True,
        numbers("-0.262323073774029 1.00211681802045"),
        numbers("0.232818234301152 0.429796848199937E-03"),
    ),
    "Pontius": Certified(
        "lower",
        PONTIUS_Y,
        powers(PONTIUS_X, 2),
        True,
        numbers("0.673565789473684E-03 0.732059160401003E-06 -0.316081871345029E-14"),
        numbers("0.107938612033077E-03 0.157817399981659E-09 0.486652849992036E-16"),
    ),
    "NoInt1": Certified(
        "average",
        np.arange(130.0, 141.0),
        np.arange(60.0, 71.0)[:, None],
        False,
        numbers("2.07438016528926"),
        numbers("0.165289256198347E-01"),
    ),
    "NoInt2": Certified(
        "average",
        np.array([3.0, 4.0, 4.0]),
        np.array([[4.0], [5.0], [6.0]]),
        False,
        numbers("0.727272727272727"),
        numbers("0.420827318078432E-01"),
    ),
    "Filip": Certified(
        "higher",
        FILIP_Y,
        powers(FILIP_X, 10),
        True,
        numbers("""
            -1467.48961422980 -2772.17959193342 -2316.37108160893 -1127.97394098372
            -354.478233703349 -75.1242017393757 -10.8753180355343 -1.06221498588947
            -0.670191154593408E-01 -0.246781078275479E-02 -0.402962525080404E-04
        """),
        numbers("""
            298.084530995537 559.779865474950 466.477572127796 227.204274477751 71.6478660875927
            15.2897178747400 2.23691159816033 0.221624321934227 0.142363763154724E-01
            0.535617408889821E-03 0.896632837373868E-05
        """),
    ),
    "Longley": Certified(
        "higher",
        LONGLEY[:, 0],
        LONGLEY[:, 1:],
        True,
        numbers("""
            -3482258.63459582 15.0618722713733 -0.358191792925910E-01 -2.02022980381683
            -1.03322686717359 -0.511041056535807E-01 1829.15146461355
        """),
        numbers("""
            890420.383607373 84.9149257747669 0.334910077722432E-01 0.488399681651699
            0.214274163161675 0.226073200069370 455.478499142212
        """),
    ),
    **{f"Wampler{k}": wampler(k) for k in WAMPLER_Y},
}
# Of lm in R 4.2.2, tol=1e-14, coefficients and standard errors.
OF_R = {
    "Norris": (12.5, 14.0),
    "Pontius": (12.7, 13.2),
    "NoInt1": (14.7, 14.4),
    "NoInt2": (15.0, 15.0),
    "Filip": (7.1, 6.9),
    "Longley": (13.0, 14.1),
    "Wampler1": (9.8, 10.0),
    "Wampler2": (13.6, 14.7),
    "Wampler3": (9.3, 13.6),
    "Wampler4": (7.5, 13.6),
    "Wampler5": (5.5, 13.6),
}
