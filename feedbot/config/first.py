"""The text of a first configuration: short, commented, and right whatever the page is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from feedbot.config.addresses import ChatId, HttpUrl
from feedbot.config.sections import Language
from feedbot.config.texts import Name
from feedbot.errors import FeedbotError
from feedbot.model import Listing, ListingRule
from feedbot.render.toml import rule_lines, toml_value
from feedbot.source.tidy import one_line, shorten

_LONGEST = 120  # characters of a title

TEXT = """\
# {written_by}
# It is yours now: feedbot reads it and never writes it again{no_more}.
# `feedbot check` says whether an edit is right; config.example.toml shows every key.

# timezone = "Europe/London"              # IANA name; days begin and end here
# language = "en"                         # or "ru"

[storage]
url = "sqlite:///feedbot.db"              # relative paths start from this file's folder

[feeds]
directory = "feeds"
# base_url = "https://feeds.example.org"  # feeds are at /feeds/NAME.atom there

[telegram]                                # the token: FEEDBOT_TELEGRAM__TOKEN, or token_file here

{chat}

[[sources]]
{source}
"""

CHAT = """\
[[telegram.chats]]
id = {chat}                               # the bot has to be an administrator of a channel"""

NO_CHAT = """\
# [[telegram.chats]]
# id = "@name"                            # a channel the bot administers, or a chat's number"""

TO_KEEP = "It is found anew when the page changes. To keep to these selectors, take the # away:"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants watched, checked: what is made of it can be read.

    chat: where to post; None: nowhere yet
    """

    url: str
    chat: int | str | None
    name: str


def wish(
    url: str, chat: str, name: str = "", *, said: tuple[str, str, str] = ("URL", "--chat", "--name")
) -> Wish:
    """What was asked for; an empty `name` comes from the host.

    said: how each is called where it was said. Raises FeedbotError, one line, where one is wrong.
    """
    url = _checked(said[0], TypeAdapter(HttpUrl), url)
    where = _checked(said[1], TypeAdapter(ChatId), chat) if chat else None
    return Wish(url, where, _checked(said[2], TypeAdapter(Name), name or _source_name(url)))


def first_config(
    asked: Wish, listing: Listing, found: Sequence[str], rule: ListingRule | None, variables: str
) -> str:
    """A configuration that watches one page or feed.

    found:     what was found there, in lines for people
    rule:      where the rows are, as they were found
    variables: of the environment that asked for it, "" where a command did
    """
    by = f"feedbot when it first started, from {variables}" if variables else "feedbot init"
    source = {"name": asked.name, "title": _title(listing.title), "url": asked.url}
    source |= {"language": _language(listing.language), "every": "5m"}
    keys = [f"{key} = {toml_value(value)}" for key, value in source.items() if value]
    return TEXT.format(
        written_by=f"Written by {by}.",
        no_more=", and those variables count no more" if variables else "",
        chat=CHAT.format(chat=toml_value(asked.chat)) if asked.chat else NO_CHAT,
        source="\n".join([*keys, "", *_comment(found, rule)]),
    )


def _comment(found: Sequence[str], rule: ListingRule | None) -> list[str]:
    """What was found, as lines that TOML does not read."""
    lines = [_printable(line) for line in found]
    if rule is not None:
        lines += [TO_KEEP, "", *rule_lines(rule)]
    return [f"# {line}".rstrip() for line in lines]


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, one_line(text)))


def _title(title: str | None) -> str:
    return shorten(_printable(title or ""), _LONGEST)


def _language(language: str | None) -> str:
    """The page's language, where the configuration knows it."""
    plain = (language or "").replace("_", "-").partition("-")[0].lower()
    return plain if plain in get_args(Language) else ""


def _checked(name: str, kind: TypeAdapter[Any], text: str) -> Any:
    """`text` as the configuration takes it, so that what is written can be read."""
    if not text.isprintable():
        raise FeedbotError(f"{name}: has signs in it that cannot be seen; type it anew")
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        raise FeedbotError(f"{name}: {error.errors()[0]['ctx']['error']}") from None


def _source_name(url: str) -> str:
    """A stable name out of the host: `www.example.org` is `example-org`."""
    host = urlsplit(url).hostname or ""
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    plain = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www."))
    return plain.strip("-")[:64].rstrip("-") or "source"
