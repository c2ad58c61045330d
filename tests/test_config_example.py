"""config.example.toml, the schema and `show` against the models they all come from."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from feedbot.config import load, schema, show
from feedbot.config.outline import ANY, sections, variables
from feedbot.config.show import plain
from feedbot.demo.site.listing import LISTING

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config.example.toml"


def complete() -> dict[str, Any]:
    """The example with every commented-out key put back."""
    text = re.sub(r"^#(?=\w|\[\[)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return tomllib.loads(text)


def tables(data: Any, pattern: tuple[str, ...]) -> list[dict[str, Any]]:
    """All tables of `data` that `pattern` fits."""
    if not pattern:
        return [data] if isinstance(data, dict) else []
    head, rest = pattern[0], pattern[1:]
    inner = data if head == ANY else [data[head]] if head in data else []
    return [found for one in inner for found in tables(one, rest)]


def test_the_example_is_a_sound_configuration() -> None:
    settings = load(EXAMPLE, {})
    assert [line.split(":")[0] for line in settings.warnings] == ["telegram.token"]
    (source,) = settings.effective_sources()
    assert (source.name, source.url) == ("embassy", "https://press.example.org/")
    assert source.listing == LISTING  # it reads the sample site that comes with feedbot
    counters = settings.effective_counters()
    assert [str(counter.since) for counter in counters] == ["2018-03-04", "2018-03-12"]
    assert {counter.timezone.key for counter in counters} == {"Europe/London"}


def test_the_example_read_in_full_has_right_values_throughout(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=\w|\[\[)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for either in ("token_file", "until"):
        text = re.sub(rf"^{either} = .*\n", "", text, flags=re.MULTILINE)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    assert load(path, {}).warnings == ()


@pytest.mark.parametrize("pattern", sections(), ids=".".join)
def test_the_example_shows_every_key_and_its_default(pattern: tuple[str, ...]) -> None:
    shown, model = tables(complete(), pattern), sections()[pattern]
    for name, field in model.model_fields.items():
        values = [table[name] for table in shown if name in table]
        if name == "password_file":  # stands beside `password` in a comment
            assert "password_file" in EXAMPLE.read_text(encoding="utf-8")
            continue
        assert values, f"{'.'.join(pattern)}: {name} is not in the example"
        default = field.get_default()
        if field.is_required() or default is None or _holds_tables(default, pattern, name):
            continue
        assert values[0] == plain(name, default), f"{'.'.join(pattern)}: {name}"


def _holds_tables(default: Any, pattern: tuple[str, ...], name: str) -> bool:
    return isinstance(default, BaseModel) or (*pattern, name, ANY) in sections()


def test_a_key_with_a_default_is_not_commented_out_outside_lists() -> None:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    for path in variables().values():
        model = sections()[path[:-1]]
        is_set = path[-1] in tables(data, path[:-1])[0]
        assert is_set == (model.model_fields[path[-1]].get_default() is not None), path


def test_the_schema_in_docs_is_the_models() -> None:
    stored = json.loads((ROOT / "docs/config.schema.json").read_text(encoding="utf-8"))
    assert stored == schema(), "write it again: feedbot config --schema > docs/config.schema.json"


def test_the_schema_says_what_an_editor_needs() -> None:
    made = schema()
    for table in (made, *made["$defs"].values()):
        assert table["additionalProperties"] is False
        for name, key in table["properties"].items():
            if "$ref" in key:
                key = made["$defs"][key["$ref"].rpartition("/")[2]]
            assert key["description"], name
            assert key["title"], name
    assert made["$defs"]["Http"]["properties"]["timeout"]["default"] == "30s"
    assert made["$defs"]["Http"]["properties"]["max_bytes"]["default"] == 3_000_000
    assert made["$defs"]["Counter"]["properties"]["at"]["default"] == "09:00"
    assert made["$defs"]["Source"]["properties"]["name"]["pattern"]
    assert "null" not in json.dumps(made)  # TOML has none


def test_show_names_where_each_value_came_from(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    (tmp_path / "token").write_text("12:abc\n")
    path.write_text(
        "language = 'ru'\n[telegram]\ntoken_file = 'token'\n"
        "[[sources]]\nname = 'page'\nurl = 'https://press.example.org/'\nheaders = { X = 'y' }\n"
    )
    lines = show(load(path, {"FEEDBOT_HTTP__TIMEOUT": "90"})).splitlines()
    assert f'language = "ru"  # {path}' in lines
    assert 'timeout = "1m30s"  # FEEDBOT_HTTP__TIMEOUT' in lines
    assert f'token = "********"  # {tmp_path / "token"}' in lines
    assert f'token_file = "{tmp_path / "token"}"  # {path}' in lines
    assert 'max_bytes = "3MB"  # default' in lines
    assert f'X = "********"  # {path}' in lines
    assert "# base_url is not set" in lines
    assert 'every = "5m"  # default' in lines


def test_what_show_prints_is_toml() -> None:
    data = tomllib.loads(show(load(EXAMPLE, {})))
    assert data["sources"][0]["listing"]["item"] == "#latest div.event"
    assert data["counters"][1]["text"]["one"] == "{days} day since 12 March 2018"


def test_settings_hold_spans_not_texts() -> None:
    assert load(EXAMPLE, {}).http.timeout == timedelta(seconds=30)
