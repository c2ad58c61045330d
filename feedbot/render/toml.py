"""Values of the configuration as TOML, for people to read and to paste."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import tomlkit

from feedbot.model import ListingRule


def toml_value(value: str | int | bool) -> str:
    """A value as it stands to the right of `=`: one line, whatever is in it."""
    if isinstance(value, str):  # half a surrogate pair is no character, and no file can hold it
        value = value.encode("utf-8", "replace").decode("utf-8")
    return tomlkit.item(value).as_string()


def rule_keys(rule: ListingRule) -> dict[str, Any]:
    """What a rule says, by key, less what it leaves to the default."""
    said = {field.name: (getattr(rule, field.name), field.default) for field in fields(rule)}
    return {name: value for name, (value, default) in said.items() if value != default}


def rule_lines(rule: ListingRule) -> list[str]:
    """A rule as the table that a source's configuration has it in."""
    keys = rule_keys(rule).items()
    return ["[sources.listing]", *(f"{name} = {toml_value(value)}" for name, value in keys)]
