"""The paths of a JSON listing: JMESPath (jmespath.org), compiled once.

`item` leads from the document to its rows; all else is relative to a row. A `link` that begins with
`/` or with a scheme is a template instead: `/news/{id}`, each `{…}` a path in the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

from feedbot.errors import ParseError
from feedbot.model import ListingRule

_KEYS = ("item", "title", "link", "date", "summary", "image")
_NOT_HERE = ("rows", "day")
_TEMPLATE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?/", re.I)
_PLACE = re.compile(r"\{([^{}]*)\}")


class PathProblem(ValueError):
    """What is wrong with one path, for a person."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path."""

    text: str
    compiled: Any

    def of(self, value: Any) -> Any:
        """What it leads to, None where that is nothing. Raises PathProblem (a wrong type, …)."""
        try:
            return self.compiled.search(value)
        except (JMESPathError, RecursionError, ValueError, TypeError) as error:
            raise PathProblem(f"{self.text!r} fails: {_said(error)}") from error


@dataclass(frozen=True, slots=True)
class Template:
    """A link made of a row's values: literal parts, and a path after each but the last."""

    literals: tuple[str, ...]
    paths: tuple[Path, ...]

    def of(self, row: Any) -> str | None:
        """The link; None where a value is missing."""
        values = [as_text(path.of(row)) for path in self.paths]
        if not all(values):
            return None
        # A slug may hold a slash; what would end the path or the query may not.
        filled = (quote(value, safe="/:@!$'()*+,;=-._~") for value in values)
        return self.literals[0] + "".join(
            value + literal for value, literal in zip(filled, self.literals[1:], strict=True)
        )


@dataclass(frozen=True, slots=True)
class Paths:
    """A rule's paths, ready to be followed."""

    item: Path
    title: Path | None
    link: Path | Template | None
    date: Path | None
    summary: Path | None
    image: Path | None


@lru_cache(maxsize=256)
def compile_paths(rule: ListingRule) -> Paths:
    """Compile each path of a rule. Raises ParseError naming the first that is wrong."""
    problems = check_paths(rule)
    if problems:
        key, problem = problems[0]
        raise ParseError(f"listing.{key}: {problem}")
    found = {key: _compiled(key, getattr(rule, key)) for key in _KEYS}
    return Paths(**found)


def check_paths(rule: ListingRule) -> list[tuple[str, str]]:
    """Everything wrong with a rule's paths, as (key, message); an empty list for a good one."""
    problems = [
        (key, "is for pages, and kind is json")
        for key in _NOT_HERE
        if getattr(rule, key) != getattr(ListingRule("*"), key)
    ]
    for key in _KEYS:
        try:
            _compiled(key, getattr(rule, key))
        except PathProblem as problem:
            problems.append((key, str(problem)))
    return problems


def _compiled(key: str, text: str | None) -> Any:
    if text is None:
        return None
    if key == "link" and _TEMPLATE.match(text):
        parts = _PLACE.split(text)
        return Template(tuple(parts[::2]), tuple(_path(path) for path in parts[1::2]))
    return _path(text)


def _path(text: str) -> Path:
    if not text.strip():
        raise PathProblem("the path is empty")
    try:
        return Path(text, jmespath.compile(text))
    except (JMESPathError, RecursionError) as error:
        raise PathProblem(f"{text!r} is no JMESPath: {_said(error)}") from error


def _said(error: Exception) -> str:
    """The first line of an error; those after it draw an arrow below the path."""
    return str(error).strip().partition("\n")[0].rstrip(" :")


def as_text(value: Any) -> str:
    """A JSON value as text: strings and numbers, the first of a list; else nothing."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""
