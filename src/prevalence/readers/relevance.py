"""Conditions of an XLSForm (`relevant`), to tell what was not asked from what was left blank."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Unsupported", "holds"]

Array = NDArray[Any]
TOKEN = re.compile(
    r"\s*(?:\$\{\s*(?P<name>[^}]+?)\s*\}|(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>\d+\.?\d*|\.\d+)"
    r"|(?P<word>[A-Za-z_][\w-]*)|(?P<mark><=|>=|!=|[=<>()+*,-]))"
)
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Unsupported(ValueError):
    """A condition uses what is not read here."""


class Token(NamedTuple):
    """A piece of a condition: what kind, and its text."""

    kind: str
    text: str


def holds(text: str, read: Callable[[str], pd.Series[Any]], n: int) -> Array:
    """Return in which rows a condition holds; `read` gives the answers to a question.

    As in a form, an answer that is blank is equal to no number and equal to the text ''.
    """
    parser = _Parser(_tokens(text), read, n)
    value = parser.either()
    if parser.rest:
        raise Unsupported(text)
    return np.broadcast_to(_truth(value), (n,))


def _tokens(text: str) -> list[Token]:
    out, at = [], 0
    text = text.strip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Unsupported(text)
        kind = found.lastgroup
        out.append(Token(kind, found[kind]))
        at = found.end()
    return out


class _Parser:
    """Recursive descent over the tokens; values are arrays of numbers, texts or truth."""

    def __init__(self, tokens: list[Token], read: Callable[[str], pd.Series[Any]], n: int) -> None:
        self.rest = tokens
        self.read = read
        self.n = n

    def either(self) -> Any:
        value = self.both()
        while self._word("or"):
            value = _truth(value) | _truth(self.both())
        return value

    def both(self) -> Any:
        value = self.compared()
        while self._word("and"):
            value = _truth(value) & _truth(self.compared())
        return value

    def compared(self) -> Any:
        value = self.sum()
        while self.rest and self.rest[0].text in COMPARE and self.rest[0].kind == "mark":
            mark = self.rest.pop(0).text
            value = _compared(mark, value, self.sum())
        return value

    def sum(self) -> Any:
        value = self.product()
        while self.rest and self.rest[0] in (Token("mark", "+"), Token("mark", "-")):
            sign = 1.0 if self.rest.pop(0).text == "+" else -1.0
            value = _number(value) + sign * _number(self.product())
        return value

    def product(self) -> Any:
        value = self.one()
        while self.rest and self.rest[0] in (
            Token("mark", "*"),
            Token("word", "div"),
            Token("word", "mod"),
        ):
            mark, other = self.rest.pop(0).text, _number(self.one())
            with np.errstate(divide="ignore", invalid="ignore"):
                value = (
                    _number(value) * other
                    if mark == "*"
                    else (
                        np.divide(_number(value), other)
                        if mark == "div"
                        else np.fmod(_number(value), other)
                    )
                )
        return value

    def one(self) -> Any:
        """Return a constant, a question, a call or what is in brackets."""
        if not self.rest:
            raise Unsupported("it ends too early")
        token = self.rest.pop(0)
        if token.kind == "number":
            return np.asarray(float(token.text))
        if token.kind == "text":
            return np.asarray(token.text[1:-1], dtype=object)
        if token.kind == "name":
            return _field(self.read(token.text))
        if token == Token("mark", "-"):
            return -_number(self.one())
        if token == Token("mark", "("):
            value = self.either()
            self._expect(")")
            return value
        if token.kind == "word" and self.rest and self.rest[0].text == "(":
            return self._call(token.text)
        raise Unsupported(token.text)

    def _call(self, name: str) -> Any:
        self._expect("(")
        values = []
        while self.rest and self.rest[0].text != ")":
            values.append(self.either())
            if self.rest and self.rest[0].text == ",":
                self.rest.pop(0)
        self._expect(")")
        function = FUNCTIONS.get((name, len(values)))
        if function is None:
            raise Unsupported(name)
        return function(*values)

    def _word(self, word: str) -> bool:
        if self.rest and self.rest[0] == Token("word", word):
            self.rest.pop(0)
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self.rest or self.rest.pop(0) != Token("mark", mark):
            raise Unsupported(mark)


def _field(answers: pd.Series[Any]) -> Array:
    """Return answers as numbers (nan where blank) or as text ('' where blank)."""
    if answers.dtype.kind in "biuf":
        return answers.to_numpy(dtype=float)
    if answers.dtype.kind in "mM":
        raise Unsupported("a date")
    return answers.astype(object).where(answers.notna(), "").to_numpy()


def _compared(mark: str, left: Any, right: Any) -> Array:
    equality = mark in ("=", "!=")
    if equality and bool in (left.dtype, right.dtype):
        return np.asarray(COMPARE[mark](_truth(left), _truth(right)))
    if equality and left.dtype == right.dtype == object:
        return np.asarray(COMPARE[mark](left, right), dtype=bool)
    for one, other in ((left, right), (right, left)):
        if equality and one.dtype == object and one.ndim == 0 and one.item() == "":
            empty = np.isnan(other)  # a number compared with '' asks whether it is blank
            return np.asarray(empty if mark == "=" else ~empty)
    return np.asarray(COMPARE[mark](_number(left), _number(right)), dtype=bool)


def _number(value: Any) -> Any:
    if value.dtype != object:
        return value.astype(float)
    return np.asarray(pd.to_numeric(pd.Series(np.atleast_1d(value)), errors="coerce")).reshape(
        value.shape
    )


def _truth(value: Any) -> Any:
    if value.dtype == bool:
        return value
    if value.dtype == object:
        return np.asarray(value != "", dtype=bool)
    return ~np.isnan(value) & (value != 0)


def _selected(answers: Any, option: Any) -> Array:
    """Return in which rows an option is ticked."""
    wanted = str(option.item())
    if answers.dtype != object:
        return np.asarray(answers == _number(option))
    codes, found = pd.factorize(np.atleast_1d(answers))
    ticked: Array = np.array([wanted in str(text).split() for text in found], dtype=bool)
    return np.asarray(ticked[codes])


def _ticked(answers: Any) -> Array:
    if answers.dtype != object:
        return np.asarray((~np.isnan(answers)).astype(float))
    return np.array([float(len(str(text).split())) for text in np.atleast_1d(answers)])


FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    ("not", 1): lambda value: ~_truth(value),
    ("true", 0): lambda: np.asarray(True),
    ("false", 0): lambda: np.asarray(False),
    ("selected", 2): _selected,
    ("count-selected", 1): _ticked,
    ("number", 1): _number,
    ("boolean", 1): _truth,
}
