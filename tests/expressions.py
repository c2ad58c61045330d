"""Every regular expression of feedbot, where it is used, and texts that could make it slow.

modules → their values, however nested, and calls such as `re.sub("…", …)` → Expression
Expression → its syntax tree → one long text for each of its repetitions, that nearly matches
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import feedbot

# The parser of `re` itself, under the name of this Python (3.11 and later).
_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")

METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
#: What stands for a class of characters in the texts of `near_misses`, in order of liking.
LETTERS = "a0 -<x.\n/\"'&;:=@#A_\u00e9\u044f\u4e2d,([{%\t\\>)]}!?$*+|~^`\x00\x1b\u00a0\u2028"
_MANY = 30  # a repetition of more than so many times is as good as endless


@dataclass(frozen=True)
class Expression:
    """A compiled expression: the module and the name it stands under, and how it is used."""

    module: str
    name: str
    pattern: re.Pattern[Any]
    methods: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}.{self.name}: {self.pattern.pattern!r:.100}"


@cache
def modules() -> tuple[ModuleType, ...]:
    """All of feedbot's."""
    names = ["feedbot"] + [
        found.name
        for found in pkgutil.walk_packages(feedbot.__path__, "feedbot.")
        if not found.name.endswith("__main__") and ".migrations." not in found.name
    ]
    return tuple(map(importlib.import_module, names))


@cache
def expressions() -> tuple[Expression, ...]:
    """Each expression once, with all the ways it is used in."""
    found: dict[tuple[Any, int], Expression] = {}
    for module in modules():
        used = _uses(module)
        for name, value in vars(module).items():
            for pattern in _patterns(value, set()) if _is_ours(value) else ():
                key = (pattern.pattern, pattern.flags)
                before = found.get(key) or Expression(module.__name__, name, pattern, ())
                methods = {*before.methods, *used.get(name, ())}
                found[key] = replace(before, methods=tuple(sorted(methods)))
        for line, method, pattern in _inline(module):
            key = (pattern.pattern, pattern.flags)
            found.setdefault(key, Expression(module.__name__, f"line {line}", pattern, (method,)))
    # Those that stand in a table, or are handed on, are used in ways that cannot be read off.
    unknown = ("finditer", "match", "search")
    return tuple(replace(one, methods=one.methods or unknown) for one in found.values())


def _is_ours(value: object) -> bool:
    """Whether a module's value is data, and not another module or something imported from one."""
    if isinstance(value, ModuleType):
        return False
    home = getattr(value, "__module__", None)
    return home is None or str(home).startswith("feedbot") or not callable(value)


def _patterns(value: object, seen: set[int]) -> Iterator[re.Pattern[Any]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
        return
    inner: Iterator[object] = iter(())
    if isinstance(value, Mapping):
        inner = iter([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        inner = iter(value)
    elif is_dataclass(value) and not isinstance(value, type):
        inner = iter([getattr(value, field.name, None) for field in fields(value)])
    elif inspect.isclass(value) and value.__module__.startswith("feedbot"):
        inner = iter(list(vars(value).values()))
    for one in inner:
        yield from _patterns(one, seen)


def _uses(module: ModuleType) -> dict[str, set[str]]:
    """The methods that are called on, or taken of, each name of a module's own or imported."""
    used: dict[str, set[str]] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            for owner in _owners(node.value):
                used.setdefault(owner, set()).add(node.attr)
    return used


def _owners(node: ast.expr) -> Iterator[str]:
    """The names that an expression may give: `_A`, `module._A`, `_A if … else _B`, `_TABLE[…]`."""
    if isinstance(node, ast.Name) and node.id != "re":
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.IfExp):
        yield from (*_owners(node.body), *_owners(node.orelse))
    elif isinstance(node, ast.Subscript):
        yield from _owners(node.value)


def _inline(module: ModuleType) -> Iterator[tuple[int, str, re.Pattern[Any]]]:
    """Expressions written where they are used, `re.sub("…", …)`, or compiled within a function."""
    for node in ast.walk(_tree(module)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if getattr(node.func.value, "id", None) != "re" or not node.args:
            continue
        first = node.args[0]
        method = node.func.attr
        if method in METHODS and isinstance(first, ast.Constant):
            rest = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
            yield node.lineno, method, re.compile(first.value, _flags(rest))


def _flags(nodes: list[ast.expr]) -> int:
    flags = 0
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and getattr(part.value, "id", None) == "re":
                flags |= int(getattr(re, part.attr))
    return flags


@cache
def _tree(module: ModuleType) -> ast.AST:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


# -- texts -----------------------------------------------------------------------------------------

#: Makes a text of about so many characters.
Text = Callable[[int], str]


def texts(expression: Expression) -> Iterator[tuple[str, Text]]:
    """Texts to try an expression on, each with a name: single characters, and near misses."""
    for letter in LETTERS:
        yield repr(letter), lambda size, letter=letter: letter * size  # type: ignore[misc]  # bound
    for name, before, again in near_misses(expression.pattern):
        yield f"{name} after {before!r:.30}", _long(before, again)
        if before:
            yield f"{before + again!r:.40} again and again", _long("", before + again)


def _long(before: str, again: str) -> Text:
    return lambda size: before + again * (size // len(again)) + "\x00"


def near_misses(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """For each endless repetition: what leads to it, and what it repeats."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    tree = _parser.parse(text, pattern.flags)
    yield from dict.fromkeys(_walk(tree, ""))


def _walk(tree: Any, before: str) -> Iterator[tuple[str, str, str]]:
    for kind, value in tree:
        yield from _inside(kind, value, before)
        before = (before + _sample(kind, value))[-200:]
    if before:
        yield "the whole", "", before


def _inside(kind: Any, value: Any, before: str) -> Iterator[tuple[str, str, str]]:
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        _, most, body = value
        again = "".join(_sample(*node) for node in body)
        if again and most > _MANY:
            yield f"{again!r:.30} repeated", before, again
        yield from _walk(body, before)
    elif kind is _constants.SUBPATTERN:
        yield from _walk(value[-1], before)
    elif kind is _constants.ATOMIC_GROUP:
        yield from _walk(value, before)
    elif kind is _constants.BRANCH:
        for branch in value[1]:
            yield from _walk(branch, before)
    elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
        yield from _walk(value[1], before)


def _sample(kind: Any, value: Any) -> str:
    """A short text that the node matches, as far as that can be told."""
    if kind is _constants.LITERAL:
        return chr(value)
    if kind is _constants.NOT_LITERAL:
        return next(letter for letter in LETTERS if ord(letter) != value)
    if kind is _constants.ANY:
        return "a"
    if kind is _constants.IN:
        return next((letter for letter in LETTERS if _is_in(letter, value)), _first(value))
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        least, most, body = value
        times: int = max(least, min(1, most))
        return "".join(_sample(*node) for node in body) * times
    if kind is _constants.SUBPATTERN:
        return "".join(_sample(*node) for node in value[-1])
    if kind is _constants.ATOMIC_GROUP:
        return "".join(_sample(*node) for node in value)
    if kind is _constants.BRANCH:
        return "".join(_sample(*node) for node in value[1][0])
    return ""


def _first(value: Any) -> str:
    for kind, what in value:
        if kind in (_constants.LITERAL, _constants.RANGE):
            return chr(what if kind is _constants.LITERAL else what[0])
    return "a"


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _is_in(letter: str, value: Any) -> bool:
    negated = value[0][0] is _constants.NEGATE
    for kind, what in value:
        hit = (
            (kind is _constants.LITERAL and ord(letter) == what)
            or (kind is _constants.RANGE and what[0] <= ord(letter) <= what[1])
            or (
                kind is _constants.CATEGORY
                and re.fullmatch(_CATEGORIES[str(what)], letter) is not None
            )
        )
        if hit:
            return not negated
    return bool(negated)
