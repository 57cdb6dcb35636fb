"""Errors of Python's own, told in our words where an argument is not what its annotation says.

A public function checks what it is given, and says what is wrong. Where something slips through and
fails inside, with an error that speaks of no argument, `explained` looks at the arguments: the first
that is not of its declared kind, or that is no number of this world, is named. An error that one of
our own checks raised passes as it is, and so does one where every argument fits.
"""

from __future__ import annotations

import ast
import inspect
import numbers
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

from .errors import shown

__all__ = ["explained"]

T = TypeVar("T", bound=Callable[..., Any])
PACKAGE = str(Path(__file__).parent)
# Kinds of errors that wrong arguments end in.
TOLD = (
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,  # pandas, of things that it cannot compare
)
LARGEST = 1e15  # above it a count or a size is no number of this world

# What an annotation means in a message, and what to do.
WORDS = {
    "str": ("a text", "Write it in quotes."),
    "float": ("a number", "Write one, without quotes."),
    "int": ("a whole number", "Write one, without quotes."),
    "bool": ("True or False", "Write one of them."),
    "Path": ("a path", "Write the name of a file or folder, in quotes."),
    "PathLike": ("a path", "Write the name of a file or folder, in quotes."),
    "bytes": ("bytes", "Write them as b'...'."),
    "slice": ("a slice", "Write it as slice(0, 10)."),
    "Sequence": ("a list", "Write it as [...]."),
    "Iterable": ("a list", "Write it as [...]."),
    "Collection": ("a list", "Write it as [...]."),
    "list": ("a list", "Write it as [...]."),
    "tuple": ("a tuple", "Write it as (...)."),
    "Mapping": ("a mapping", "Write it as {name: value}."),
    "dict": ("a mapping", "Write it as {name: value}."),
    "Callable": ("a function", "Pass one, without calling it."),
    "Axes": ("axes of matplotlib", "Pass ax=fig.subplots()."),
    "DataFrame": ("a pandas DataFrame", "Pass a table, as to_frame() returns it."),
    "Array": ("an array of numbers", "Pass numpy.array([...])."),
    "ArrayLike": ("an array of numbers", "Pass numpy.array([...])."),
    "Generator": ("a numpy Generator", "Pass a seed such as rng=1."),
    "Survey": ("a Survey", "Make one with pv.Survey(...)."),
    "Lists": ("Lists", "Make them with pv.Lists(...)."),
    "Answers": ("Answers", "Make them with pv.Answers(...)."),
    "Estimate": ("an Estimate", "Pass what an estimator or pv.uncertain(...) returns."),
    "Definition": ("a Definition", "Make one with pv.Definition(...)."),
    "Link": ("a Link", "Make one with prevalence.microdata.Link(...)."),
    "Fieldwork": ("the data of one sample", "Pass what Rehearsal.sample(...) returns."),
    "Estimator": ("a function of the data", "Pass one, without calling it."),
    "Variable": ("a Variable", "Make one with pv.Variable(...)."),
    "Parameters": ("Parameters", "Make them with simulate.Parameters(...)."),
    "CityParameters": ("CityParameters", "Make them with simulate.CityParameters(...)."),
    "CocoaParameters": ("CocoaParameters", "Make them with simulate.CocoaParameters(...)."),
    "Estimand": ("an Estimand", "Make one with pv.Estimand(...)."),
    "Posterior": ("a Posterior", "Pass what pv.nsum.fit(...) returns."),
    "LatentClassFit": (
        "a LatentClassFit",
        "Pass what pv.mse.latent_class_fit(...) returns.",
    ),
    "Validation": ("a Validation", "Pass what pv.nsum.validate(...) returns."),
    "Reliability": ("a Reliability", "Pass what pv.mse.reliability(...) returns."),
    "ReferralBracket": ("a ReferralBracket", "Pass what pv.mse.referral_bracket(...) returns."),
    "Sensitivity": ("a Sensitivity", "Pass what pv.mse.sensitivity(...) returns."),
    "Series": ("a pandas Series", "Pass one column of a table."),
    "Theta": ("a function of the weights", "Write it as lambda w: (y @ w) / (x @ w)."),
    "RowFunction": ("a function of the coefficients", "Write it as lambda b: y - b."),
    "Weights": ("the weights that a function of the weights is given", "Call it inside one."),
    "HasFrame": (
        "a comparison with to_frame()",
        "Pass what pv.compare(...) or .compare(...) returns.",
    ),
    "HasModels": ("a table of models with to_frame()", "Pass what pv.mse.models(...) returns."),
    "HasCells": ("Lists", "Make them with pv.Lists(...)."),
    "HasTables": ("a table of error rates", "Pass what pv.misclassification.what_if(...) returns."),
}


def explained(thing: T) -> T:
    """Return a function, or a class with its public methods, whose failures name the argument."""
    one: Any = thing
    if isinstance(one, FunctionType):
        return cast("T", _function(one))
    for name, own in list(vars(thing).items()):
        if isinstance(own, FunctionType) and (not name.startswith("_") or name == "__init__"):
            setattr(thing, name, _function(own))
        elif isinstance(own, (classmethod, staticmethod)) and not name.startswith("_"):
            setattr(thing, name, type(own)(_function(cast("Any", own).__func__)))
    return thing


def _function(function: FunctionType) -> FunctionType:
    explain = _explain

    def called(*args: Any, **keywords: Any) -> Any:
        try:
            return function(*args, **keywords)
        except Exception as error:
            explain(function, args, keywords, error)
            raise

    # With the globals of the function's module, it is one of that module's, as doctest asks.
    made = FunctionType(
        called.__code__, function.__globals__, function.__name__, None, called.__closure__
    )
    for name in ("__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(made, name, getattr(function, name))
    made.__dict__.update(function.__dict__)
    made.__dict__["__wrapped__"] = function
    return made


def _explain(
    function: FunctionType, args: tuple[Any, ...], keywords: dict[str, Any], error: Exception
) -> None:
    """Raise an error of ours in place of one that none of our checks raised."""
    if isinstance(error, OSError) and error.strerror:
        raise type(error)(
            f"{_path_of(function, args, keywords)} must be a file or folder that can be used: "
            f"{error.strerror.lower()}. Choose another, or look at what is there."
        ) from error
    steps = traceback.extract_tb(error.__traceback__)
    unbound = len(steps) < 2  # the call itself does not fit, which Python tells well
    if unbound or _checked(steps[-1]) or not isinstance(error, TOLD):
        return
    signature = inspect.signature(function)
    named = _flat(signature.bind(*args, **keywords).arguments, signature.parameters)
    for name, wanted, value in named:
        if not _fits(wanted, value):
            raise TypeError(_message(name, wanted, value)) from error
    said = _too_large(named) if isinstance(error, MemoryError) else _unusable(named, error)
    if said:
        raise ValueError(said) from error


def _too_large(named: list[tuple[str, ast.expr | None, Any]]) -> str:
    """Return what to say of the largest number where memory does not suffice."""
    sizes = {name: value for name, _, value in named if isinstance(value, numbers.Real)}
    if not sizes:
        return "the data must fit in memory: found more than does. Give less."
    name = max(sizes, key=lambda each: abs(float(sizes[each])))
    return f"{name} must fit in memory: found {shown(sizes[name])}. Give less."


def _unusable(named: list[tuple[str, ast.expr | None, Any]], error: Exception) -> str:
    """Return what to say of the first argument that holds what no function can use, if any."""
    for name, wanted, value in named:
        odd = next(_odd(value, 0), None)
        if odd is not None:
            return (
                f"{name} must hold what can be used: found {odd}, which is none that this function "
                "can work with. Correct it."
            )
        if "DataFrame" in _kinds(wanted) and isinstance(error, (ValueError, TypeError, KeyError)):
            return (
                f"{name} must be the table as it was made: found values that cannot be used "
                f"({type(error).__name__}: {error}). Pass it unchanged."
            )
    return ""


def _path_of(function: FunctionType, args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """Return the name of the argument that is a path: the first of that kind."""
    signature = inspect.signature(function)
    given = [name for name in signature.bind(*args, **keywords).arguments if name != "self"]
    paths = [name for name in given if "Path" in str(signature.parameters[name].annotation)]
    return (paths or given or ["the file"])[0]


def _checked(step: traceback.FrameSummary) -> bool:
    """Return whether the last step of a failure is a `raise` of this package."""
    return step.filename.startswith(PACKAGE) and (step.line or "").startswith("raise")


def _flat(
    given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> list[tuple[str, ast.expr | None, Any]]:
    """Return name, annotation and value of each argument, of several under one name each."""
    flat = []
    for name, value in given.items():
        each = parameters[name]
        wanted = _parsed(str(each.annotation)) if each.annotation is not each.empty else None
        if each.kind is each.VAR_KEYWORD:
            flat += [(word, wanted, part) for word, part in value.items()]
        elif each.kind is each.VAR_POSITIONAL:
            flat += [(name, wanted, part) for part in value]
        elif name not in ("self", "cls") and value is not each.default:
            flat.append((name, wanted, value))
    return flat


def _parsed(annotation: str) -> ast.expr:
    return ast.parse(annotation, mode="eval").body


def _fits(wanted: ast.expr | None, value: Any) -> bool:
    """Return whether a value is what an annotation says; names that are not known say nothing."""
    if isinstance(wanted, ast.BinOp):
        return _fits(wanted.left, value) or _fits(wanted.right, value)
    if isinstance(wanted, ast.Constant):
        return value is None if wanted.value is None else _fits(_parsed(str(wanted.value)), value)
    if isinstance(wanted, ast.Subscript):
        return _is(_name(wanted.value), value) and _parts_fit(wanted, value)
    return wanted is None or _is(_name(wanted), value)


def _parts_fit(wanted: ast.Subscript, value: Any) -> bool:
    """Return whether the parts of a list or mapping are what the brackets say."""
    inside = wanted.slice.elts if isinstance(wanted.slice, ast.Tuple) else [wanted.slice]
    kind = _name(wanted.value)
    if kind in ("Sequence", "Collection", "list"):
        return all(_fits(inside[0], part) for part in value)
    if kind in ("Mapping", "dict") and len(inside) == 2:
        return all(_fits(inside[0], k) and _fits(inside[1], v) for k, v in value.items())
    if kind == "tuple":
        same = isinstance(inside[-1], ast.Constant) and inside[-1].value is ...
        parts = [inside[0]] * len(value) if same else inside
        return len(parts) == len(value) and all(map(_fits, parts, value))
    return True


def _name(wanted: ast.expr) -> str:
    return wanted.attr if isinstance(wanted, ast.Attribute) else getattr(wanted, "id", "")


def _is(kind: str, value: Any) -> bool:
    """Return whether a value is of a kind; a kind without words fits everything."""
    if kind not in WORDS:
        return True
    known: dict[str, Callable[[Any], bool]] = {
        "bool": lambda v: isinstance(v, bool),
        "float": lambda v: isinstance(v, numbers.Real) and not isinstance(v, bool),
        "int": lambda v: isinstance(v, numbers.Integral) and not isinstance(v, bool),
        "Path": lambda v: hasattr(v, "__fspath__"),
        "PathLike": lambda v: hasattr(v, "__fspath__"),
        "Sequence": _several,
        "Iterable": lambda v: hasattr(v, "__iter__") and not isinstance(v, str),
        "Collection": lambda v: _several(v) or isinstance(v, (set, frozenset)),
        "Mapping": lambda v: isinstance(v, Mapping),
        "Callable": callable,
        "Theta": callable,
        "Estimator": callable,
        "RowFunction": callable,
        "Weights": lambda v: hasattr(v, "root"),
        "HasFrame": lambda v: hasattr(v, "to_frame") and not hasattr(v, "dtype"),
        "HasModels": lambda v: hasattr(v, "to_frame") and not hasattr(v, "dtype"),
        "HasCells": lambda v: hasattr(v, "histories"),
        "HasTables": lambda v: hasattr(v, "tornado"),
        "Array": lambda v: getattr(getattr(v, "dtype", None), "kind", "none") in "biufc",
        "ArrayLike": lambda v: all(
            isinstance(x, numbers.Real) for x in (v if _several(v) else [v])
        ),
    }
    named = any(each.__name__ == kind for each in type(value).__mro__)
    return known[kind](value) if kind in known else named


def _several(value: Any) -> bool:
    """Return whether a value is several in order: a list, tuple, range or array of one axis."""
    return isinstance(value, (list, tuple, range)) or getattr(value, "ndim", 0) == 1


def _odd(value: Any, depth: int) -> Iterator[str]:
    """Yield what no function can use: numbers that are none or beyond this world, odd texts."""
    if isinstance(value, numbers.Real) and not abs(float(value)) <= LARGEST:
        yield shown(value)
    elif isinstance(value, str) and "\x00" in value:
        yield "a text with a null character"
    elif isinstance(value, (list, tuple, dict, str)) and not value:
        yield shown(value)
    elif depth < 4 and isinstance(value, dict):
        for part in [*value.keys(), *value.values()]:
            yield from _odd(part, depth + 1)
    elif depth < 4 and _several(value) and len(value) <= 10_000:
        for part in value:
            yield from _odd(part, depth + 1)


def _message(name: str, wanted: ast.expr | None, value: Any) -> str:
    """Return what an argument must be, what was found, and what to do."""
    kinds = [kind for kind in _kinds(wanted) if kind in WORDS]
    words = [WORDS[kind][0] for kind in dict.fromkeys(kinds)]
    return (
        f"{name} must be {' or '.join(dict.fromkeys(words))}: found {shown(value)}. "
        f"{WORDS[kinds[0]][1]}"
    )


def _kinds(wanted: ast.expr | None) -> Iterator[str]:
    """Yield the names of the kinds of an annotation."""
    if isinstance(wanted, ast.BinOp):
        yield from _kinds(wanted.left)
        yield from _kinds(wanted.right)
    elif isinstance(wanted, ast.Subscript):
        yield _name(wanted.value)
    elif isinstance(wanted, ast.Constant) and isinstance(wanted.value, str):
        yield from _kinds(_parsed(wanted.value))
    elif wanted is not None:
        yield _name(wanted)
