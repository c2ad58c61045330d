"""What single keys cannot show: names used twice, names of nothing, keys that need each other.

The checks read the data as it stands in the file, whatever is wrong elsewhere in it, so that every
problem is named in one run. Where a value has the wrong type they pass it by; the models say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from feedbot.config.settings import KeyPath
from feedbot.config.watched import Wordings
from feedbot.config.wording import did_you_mean, quoted
from feedbot.model import ListingRule

Table = Mapping[str, Any]


class Finding(NamedTuple):
    """One thing wrong, at a key: what, and the cure."""

    path: KeyPath
    what: str
    cure: str = ""


def check(data: Table) -> Iterator[Finding]:
    """Everything wrong in `data` (as TOML gives it) that the models' types do not show."""
    yield from _named_twice(data, "sources")
    yield from _named_twice(data, "counters")
    yield from _chats(data)
    yield from _renamed(data)
    yield from _combined(data)
    yield from _site(data)
    for index, source in _tables(data, "sources"):
        yield from _source(("sources", index), source)
    for index, counter in _tables(data, "counters"):
        yield from _counter(("counters", index), counter, data)


def _tables(data: Table, name: str) -> list[tuple[int, Table]]:
    rows = data.get(name)
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return []
    return [(index, row) for index, row in enumerate(rows) if isinstance(row, Mapping)]


def _names(data: Table, kind: str) -> list[str]:
    return [row["name"] for _, row in _tables(data, kind) if isinstance(row.get("name"), str)]


def _named_twice(data: Table, kind: str) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, row in _tables(data, kind):
        name = row.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            what = (
                f"two {kind} are called {quoted(name)} (numbers {first[name] + 1} and {index + 1})"
            )
            yield Finding((kind, index, "name"), what, "give one of them another name")


def _renamed(data: Table) -> Iterator[Finding]:
    """A former name is nobody's present one, and was one source's."""
    first: dict[str, int] = {}
    for index, row in _tables(data, "sources"):
        was = row.get("was")
        if not isinstance(was, str):
            continue
        path = ("sources", index, "was")
        if was in _names(data, "sources"):
            what = f"names {quoted(was)}, a source that stands in this file"
            yield Finding(path, what, "name one that has gone from it, or remove the line")
        elif first.setdefault(was, index) != index:
            numbers = f"numbers {first[was] + 1} and {index + 1}"
            yield Finding(path, f"two sources were {quoted(was)} ({numbers})", "keep one of them")


def _combined(data: Table) -> Iterator[Finding]:
    """A combined feed lies beside those of the sources, so it must not have a source's name."""
    feeds = data.get("feeds")
    names = _names(data, "sources")
    first: dict[str, int] = {}
    for index, row in _tables(feeds, "combined") if isinstance(feeds, Mapping) else []:
        path, name = ("feeds", "combined", index), row.get("name")
        if isinstance(name, str) and name in names:
            what = f"{quoted(name)} is a source's name, and both would be {name}.atom"
            yield Finding((*path, "name"), what, "give it another name")
        elif isinstance(name, str) and first.setdefault(name, index) != index:
            what = f"is named twice (numbers {first[name] + 1} and {index + 1})"
            yield Finding((*path, "name"), what, "give one of them another name")
        listed = row.get("sources")
        for place, source in enumerate(listed if isinstance(listed, list) else []):
            yield from _unknown((*path, "sources", place), source, names, "source")


def _site(data: Table) -> Iterator[Finding]:
    """The public pages show sources that there are."""
    site = data.get("site")
    if not isinstance(site, Mapping):
        return
    names, listed = _names(data, "sources"), site.get("sources")
    for place, name in enumerate(listed if isinstance(listed, list) else []):
        yield from _unknown(("site", "sources", place), name, names, "source")
    yield from _unknown(("site", "lead"), site.get("lead"), names, "source")


def _unknown(path: KeyPath, name: Any, known: Sequence[str], kind: str) -> Iterator[Finding]:
    if isinstance(name, str) and name not in known:
        cure = did_you_mean(name, known) or f"there is no [[{kind}s]]"
        yield Finding(path, f"no {kind} is called {quoted(name)}", cure)


def _chats(data: Table) -> Iterator[Finding]:
    telegram = data.get("telegram")
    first: dict[str, int] = {}
    for index, chat in _tables(telegram, "chats") if isinstance(telegram, Mapping) else []:
        path = ("telegram", "chats", index)
        for kind in ("source", "counter"):
            listed = chat.get(f"{kind}s")
            for place, name in enumerate(listed if isinstance(listed, list) else []):
                names = _names(data, f"{kind}s")
                yield from _unknown((*path, f"{kind}s", place), name, names, kind)
        if "id" in chat:
            key = f"{chat['id']} {chat.get('topic')}".casefold()
            if first.setdefault(key, index) != index:
                numbers = f"numbers {first[key] + 1} and {index + 1}"
                what = f"is named twice, with the same topic ({numbers})"
                yield Finding((*path, "id"), what, "keep one of them")


def _source(path: KeyPath, source: Table) -> Iterator[Finding]:
    listing = source.get("listing")
    if isinstance(listing, Mapping):
        yield from _listing((*path, "listing"), listing, source.get("kind"))
    auth = source.get("auth")
    if isinstance(auth, Mapping) and not auth.keys() & {"password", "password_file"}:
        yield Finding((*path, "auth", "password"), "is missing", "set it, or `password_file`")


def _listing(path: KeyPath, listing: Table, kind: Any) -> Iterator[Finding]:
    if kind == "json":
        from feedbot.source.endpoint.paths import check_paths as check_rule
    else:
        from feedbot.source.listing import check_rule  # brings lxml along

    known = [field.name for field in fields(ListingRule)]
    texts = {key: listing[key] for key in known if isinstance(listing.get(key), str)}
    for key, message in check_rule(ListingRule(**{"item": "*", **texts})):
        yield Finding((*path, key), message)


def _counter(path: KeyPath, counter: Table, data: Table) -> Iterator[Finding]:
    if "since" in counter and "until" in counter:
        yield Finding((*path, "until"), "stands beside `since`; one of them is meant", "remove one")
    if "since" not in counter and "until" not in counter:
        what = "is missing, and so is `until`; one of them is needed"
        yield Finding((*path, "since"), what, "write e.g. since = 2018-03-04")
    yield from _unknown((*path, "source"), counter.get("source"), _names(data, "sources"), "source")
    yield from _text((*path, "text"), counter.get("text"), _language(counter, data))


def _language(counter: Table, data: Table) -> str:
    owners = [
        row for _, row in _tables(data, "sources") if row.get("name") == counter.get("source")
    ]
    for table in (*owners[:1], data):
        if table.get("language") in ("en", "ru"):
            return str(table["language"])
    return "en"


def _text(path: KeyPath, text: Any, language: str) -> Iterator[Finding]:
    from feedbot.counters import check_text  # brings Babel along

    if isinstance(text, Mapping):
        sound = text.keys() <= Wordings.model_fields.keys() and all(
            isinstance(form, str) for form in text.values()
        )
    else:
        sound = isinstance(text, str)
    problem = check_text(text, language) if sound else None
    if problem:
        yield Finding(path, problem)
