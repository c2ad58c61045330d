"""Errors of the models as problems for a person: file, key, what is wrong, the nearest right one.

What pydantic says by itself is never passed on: it quotes values, and a value may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, get_args

from pydantic_core import ErrorDetails

from feedbot.config.check import Finding
from feedbot.config.outline import ANY, header_of, keys_of, pattern_of, sections
from feedbot.config.settings import KeyPath
from feedbot.config.wording import WrongValueError, did_you_mean, nearest, quoted

_MEANT = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "date_type": "a day such as 2018-03-04",
    "time_type": 'a time of day such as "09:00"',
    "time_delta_type": 'a span of time such as "5m"',
    "path_type": "a path in quotes",
}


def finding_of(error: ErrorDetails, data: Mapping[str, Any]) -> Finding:
    """One of pydantic's errors in our words."""
    path = tuple(part for part in error["loc"] if not _is_tag(part))
    kind = error["type"]
    if kind == "extra_forbidden":
        return Finding(path, "is no key here", _nearest_key(path))
    if kind == "missing":
        return Finding(path, "is missing", "" if path[-1] != "name" else 'write e.g. "my-page"')
    if kind in _MEANT:
        return _wrong_type(path, _MEANT[kind], error["input"])
    context = error.get("ctx", {})
    if kind == "literal_error":
        return _wrong_choice(path, error["input"])
    if kind == "greater_than_equal":
        return Finding(path, f"is less than {context['ge']}", f"the least is {context['ge']}")
    if kind == "less_than_equal":
        return Finding(path, f"is more than {context['le']}", f"the most is {context['le']}")
    reason = context.get("error")
    if isinstance(reason, WrongValueError):
        return Finding(path, reason.what, reason.cure)
    return Finding(path, "cannot be used", "config.example.toml shows how it is written")


def _is_tag(part: str | int) -> bool:
    return part == "[key]" or (isinstance(part, str) and part in ("<text>", "<table>"))


def _nearest_key(path: KeyPath) -> str:
    word, known = str(path[-1]), keys_of(path[:-1])
    near = nearest(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    homes = [pattern for pattern in sections() if word in sections()[pattern].model_fields]
    if homes:
        places = [
            header_of(home) if home else "the top, above the first [section]" for home in homes
        ]
        return f"it belongs in {' or '.join(places)}"
    everywhere = {name: home for home in sections() for name in keys_of(home)}
    near = nearest(word, everywhere)
    if near is not None and everywhere[near]:
        return f"did you mean `{near}` of {header_of(everywhere[near])}?"
    return f"known here: {', '.join(known)}"


def _wrong_choice(path: KeyPath, value: Any) -> Finding:
    field = sections()[pattern_of(path[:-1])].model_fields[str(path[-1])]
    choices = [choice for choice in _choices(field.annotation) if isinstance(choice, str)]
    if not isinstance(value, str):
        return _wrong_type(path, "a text in quotes", value)
    return Finding(path, f"{quoted(value)} is none of its values", did_you_mean(value, choices))


def _choices(annotation: Any) -> list[Any]:
    arguments = get_args(annotation)
    return [choice for part in arguments for choice in (_choices(part) or [part])]


def _wrong_type(path: KeyPath, meant: str, value: Any) -> Finding:
    pattern = pattern_of(path)
    cure = ""
    if meant == "a list":
        is_tables = (*pattern, ANY) in sections()
        cure = f"write {header_of((*pattern, ANY))}" if is_tables else 'write e.g. ["one", "two"]'
    elif meant == "a table" and pattern in sections():
        cure = f"write {header_of(pattern)}"
    return Finding(path, f"is {_kind(value)}; {meant} is meant", cure)


def _kind(value: Any) -> str:
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number with a fraction"),
        (str, "a text"),
        (datetime, "a moment"),
        (date, "a day"),
        (time, "a time of day"),
        (Mapping, "a table"),
        (list, "a list"),
    ]
    return next((words for types, words in kinds if isinstance(value, types)), "something else")


def label(path: KeyPath, data: Any) -> str:
    """`path` for a person: `sources[embassy].listing.item`, by name where there is a good one."""
    text = ""
    for part in path:
        rows, data = data, _child(data, part)
        if isinstance(part, int):
            text += f"[{_row_name(rows, part)}]"
        else:
            key = part if re.fullmatch(r"[\w-]+", part, re.ASCII) else json.dumps(part)
            text += f".{key}" if text else key
    return text


def _child(data: Any, part: str | int) -> Any:
    if isinstance(part, str):
        return data.get(part) if isinstance(data, Mapping) else None
    return data[part] if isinstance(data, list) and part < len(data) else None


def _row_name(rows: Any, index: int) -> str:
    """A row's own name, if it is a name and no row above has it; else its index."""
    names = [_name(row) for row in rows[: index + 1]] if isinstance(rows, list) else []
    return names[-1] if names and names[-1] and names.count(names[-1]) == 1 else str(index)


def _name(row: Any) -> str:
    name = row.get("name", row.get("id")) if isinstance(row, Mapping) else None
    good = isinstance(name, str | int) and re.fullmatch(r"[@\w-]{1,64}", str(name))
    return str(name) if good else ""
