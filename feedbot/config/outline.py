"""The shape of the configuration, read off the models: which keys there are, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from feedbot.config.settings import KeyPath, Settings

PREFIX = "FEEDBOT_"
#: Stands for any index of a list in a pattern of keys.
ANY = "*"
Pattern = tuple[str, ...]


def _inside(annotation: Any, pattern: Pattern) -> Iterator[tuple[Pattern, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield pattern, annotation
        return
    inner = (*pattern, ANY) if get_origin(annotation) is tuple else pattern
    for argument in get_args(annotation):
        yield from _inside(argument, inner)


def _walk(pattern: Pattern, model: type[BaseModel]) -> Iterator[tuple[Pattern, type[BaseModel]]]:
    yield pattern, model
    for name, field in model.model_fields.items():
        for inner, found in _inside(field.annotation, (*pattern, name)):
            yield from _walk(inner, found)


@cache
def sections() -> Mapping[Pattern, type[BaseModel]]:
    """Every table of the file: its pattern, e.g. `("sources", "*", "listing")`, and its model."""
    return dict(_walk((), Settings))


def pattern_of(path: KeyPath) -> Pattern:
    """`path` with every list index replaced by `ANY`."""
    return tuple(ANY if isinstance(part, int) else part for part in path)


def keys_of(path: KeyPath) -> tuple[str, ...]:
    """The keys the table at `path` may have; none where no table of ours is."""
    model = sections().get(pattern_of(path))
    return tuple(model.model_fields) if model else ()


def header_of(pattern: Pattern) -> str:
    """How the table at `pattern` is written in TOML: `[http]`, `[[sources]]`."""
    names = ".".join(part for part in pattern if part != ANY)
    return f"[[{names}]]" if pattern[-1:] == (ANY,) else f"[{names}]"


def _is_scalar(annotation: Any) -> bool:
    if get_origin(annotation) in (tuple, dict):
        return False
    return all(_is_scalar(argument) for argument in get_args(annotation))


@cache
def variables() -> Mapping[str, tuple[str, ...]]:
    """Every scalar outside `[[…]]` by its environment variable: `FEEDBOT_HTTP__TIMEOUT`, …"""
    found = {}
    for pattern, model in sections().items():
        for name, field in model.model_fields.items():
            path = (*pattern, name)
            if ANY not in pattern and path not in sections() and _is_scalar(field.annotation):
                found[PREFIX + "__".join(path).upper()] = path
    return found
