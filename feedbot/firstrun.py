"""The configuration a first start writes for itself, so that a container needs no file to edit.

What it is made from comes by environment: FEEDBOT_URL (a page or feed to watch) and FEEDBOT_CHAT
(where to post, `@name` or a number; may be left out). The bot's token is not written down.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from feedbot.config.addresses import ChatId, HttpUrl
from feedbot.errors import FeedbotError

FIRST_CONFIG = """\
# Written by feedbot when it first started, from FEEDBOT_URL{and_chat}.
# It is yours now: feedbot reads it and never writes it again, and those variables count no more.
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
name = {name}
url = {url}
every = "5m"
"""

CHAT = """\
[[telegram.chats]]
id = {chat}                               # the bot has to be an administrator of a channel"""

NO_CHAT = """\
# [[telegram.chats]]
# id = "@name"                            # a channel the bot administers, or a chat's number"""


def write_first_config(path: Path, environ: Mapping[str, str]) -> bool:
    """Write a commented configuration to `path` unless there is one; whether it was written.

    The file appears whole or not at all, and an existing one is never touched, even if it comes
    into being meanwhile. Readable by its owner alone: an address can hold a secret.

    Raises FeedbotError, in one line with the cure: nothing says what to watch, FEEDBOT_URL or
    FEEDBOT_CHAT is not what it should be, or the folder cannot be written.
    """
    try:
        return not path.exists() and _create(path, _text(path, environ))
    except OSError as error:
        raise FeedbotError(_unwritable(path, error)) from error


def _text(path: Path, environ: Mapping[str, str]) -> str:
    url = environ.get("FEEDBOT_URL", "").strip()
    chat = environ.get("FEEDBOT_CHAT", "").strip()
    if not url:
        raise FeedbotError(
            f"{path}: there is no configuration; put one there, or set FEEDBOT_URL to the address"
            " of a feed (and FEEDBOT_TELEGRAM__TOKEN and FEEDBOT_CHAT to post what is new)"
        )
    url = _checked("FEEDBOT_URL", TypeAdapter(HttpUrl), url)
    chat = chat and _checked("FEEDBOT_CHAT", TypeAdapter(ChatId), chat)
    return FIRST_CONFIG.format(
        and_chat=" and FEEDBOT_CHAT" if chat else "",
        chat=CHAT.format(chat=_toml(chat)) if chat else NO_CHAT,
        name=_toml(_source_name(url)),
        url=_toml(url),
    )


def _checked(variable: str, kind: TypeAdapter[Any], text: str) -> Any:
    """`text` as the configuration takes it, so that what is written can be read."""
    if not text.isprintable():
        raise FeedbotError(f"{variable}: has signs in it that cannot be seen; type it anew")
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        raise FeedbotError(f"{variable}: {error.errors()[0]['ctx']['error']}") from None


def _source_name(url: str) -> str:
    """A stable name out of the host: `www.example.org` is `example-org`."""
    host = urlsplit(url).hostname or ""
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    plain = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www."))
    return plain.strip("-")[:64].rstrip("-") or "source"


def _toml(value: str | int) -> str:
    """A printable text, or a number, as TOML: there it looks as it does in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _create(path: Path, text: str) -> bool:
    """Write a whole file and give it its name, unless the name is taken."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename it never replaces
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def _unwritable(path: Path, error: OSError) -> str:
    folder, why = path.parent, error.strerror
    if not isinstance(error, PermissionError):
        return f"{path}: the first configuration cannot be written: {why}; see to folder {folder}"
    user = os.geteuid()
    cure = f"run `chown {user} DIR` on the folder that is mounted there"
    with suppress(OSError):
        owner = folder.stat()
        if owner.st_uid not in {0, user}:
            cure += f", or start as its owner with `--user {owner.st_uid}:{owner.st_gid}`"
    return f"{folder}: user {user} may not write there ({why}); {cure}"
