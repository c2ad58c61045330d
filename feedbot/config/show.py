"""The configuration in effect, for a person to read; its schema, for an editor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from feedbot.config.amounts import format_duration, format_size
from feedbot.config.outline import header_of, pattern_of
from feedbot.config.settings import KeyPath, Settings
from feedbot.config.wording import printable

MASK = "********"


class _TomlSchema(GenerateJsonSchema):
    """JSON Schema for TOML: there is no null in it, and defaults stand as a person writes them."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if schema.get("default") is None or isinstance(schema["default"], BaseModel):
            made.pop("default", None)  # a section's keys have their own
        return made

    def encode_default(self, dft: Any) -> Any:
        return super().encode_default(plain("", dft))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of config.toml, for editors that complete and check TOML."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(schema_generator=_TomlSchema),
        "title": "feedbot configuration",
    }


def show(settings: Settings) -> str:
    """The configuration in effect as TOML: secrets masked, each value's origin in a comment."""
    return "\n".join(_table(settings, (), settings)) + "\n"


def _table(model: BaseModel, path: KeyPath, settings: Settings) -> Iterator[str]:
    """The lines of one table: its own keys first, as TOML wants them, then the tables in it."""
    inner: list[str] = []
    for name in type(model).model_fields:
        value, place = getattr(model, name), (*path, name)
        rows = [value] if isinstance(value, BaseModel) else value
        if value and isinstance(rows, list | tuple) and isinstance(rows[0], BaseModel):
            for index, row in enumerate(rows):
                spot = place if row is value else (*place, index)
                inner += ["", header_of(pattern_of(spot)), *_table(row, spot, settings)]
        elif isinstance(value, dict) and value:
            inner += ["", header_of(pattern_of(place)), *_mapping(value, place, settings)]
        else:
            yield _line(name, value, settings.origin(place))
    yield from inner


def _mapping(values: dict[str, Any], path: KeyPath, settings: Settings) -> Iterator[str]:
    for name, value in values.items():
        yield _line(name, value, settings.origin((*path, name)))


def _line(name: str, value: Any, origin: str) -> str:
    if value is None:
        return f"# {name} is not set"
    if value == {}:
        return f"{name} = {{}}  # {origin}"
    import tomlkit  # needed here alone

    key = tomlkit.key(name).as_string()
    written = tomlkit.item(plain(name, value)).as_string()
    return f"{key} = {written}  # {printable(origin)}"


def plain(name: str, value: Any) -> Any:
    """`value` as a person writes it in TOML."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    return format_size(value) if name == "max_bytes" else value
