"""A first configuration out of one URL: `feedbot init`, and a container's first start.

A container is told by its environment: FEEDBOT_URL (a page or feed to watch) and FEEDBOT_CHAT
(where to post, `@name` or a number; may be left out). The bot's token is not written down.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from feedbot import config
from feedbot.config.first import Wish, first_config, wish
from feedbot.errors import FeedbotError
from feedbot.preview.command import columns, complain, problem_of, stranger
from feedbot.preview.see import Sight, see
from feedbot.preview.words import missing, summed, taken, told

log = logging.getLogger(__name__)


async def first_run(path: Path, environ: Mapping[str, str]) -> int:
    """Write a configuration from the environment to `path` unless there is one; the exit code:
    1 where nothing is found.

    Raises as `configure`; FeedbotError too where nothing says what to watch.
    """
    if await asyncio.to_thread(path.exists):
        return 0
    url, chat = (environ.get(name, "").strip() for name in ("FEEDBOT_URL", "FEEDBOT_CHAT"))
    if not url:
        raise FeedbotError(
            f"{path}: there is no configuration; put one there, or set FEEDBOT_URL to the address"
            " of a page or feed (and FEEDBOT_TELEGRAM__TOKEN and FEEDBOT_CHAT to post what is new)"
        )
    asked = wish(url, chat, said=("FEEDBOT_URL", "FEEDBOT_CHAT", "FEEDBOT_URL"))
    variables = "FEEDBOT_URL and FEEDBOT_CHAT" if chat else "FEEDBOT_URL"
    sight, written = await configure(path, asked, environ, variables)
    if sight.listing is None:
        complain(sight, asked.url, problem_of(sight, asked.url))
        return 1
    if written:  # else somebody else was quicker, and theirs counts
        log.info("%s: written; %s: %s", path, asked.url, "; ".join(_found(sight)))
    return 0


async def init(path: Path, asked: Wish, environ: Mapping[str, str]) -> int:
    """Write a configuration to `path`, and print what was found and what comes next; the exit code:
    1 where nothing is found.

    Raises as `configure`; FeedbotError too where there is such a file.
    """
    taken_already = FeedbotError(
        f"{path}: is there already, and init never overwrites a file; name another with --config,"
        " or add the page to it as [[sources]]"
    )
    if await asyncio.to_thread(path.exists):
        raise taken_already
    sight, written = await configure(path, asked, environ, "")
    if sight.listing is None:
        complain(sight, asked.url, problem_of(sight, asked.url))
        return 1
    if not written:
        raise taken_already
    print("\n".join(told(sight, sight.listing, columns())))
    print("\n".join(["", f"{path}: written", *_next(path, asked)]))
    complain(sight, asked.url, None)
    return 0


async def configure(
    path: Path, asked: Wish, environ: Mapping[str, str], variables: str
) -> tuple[Sight, bool]:
    """Look at what is to be watched, and write a configuration if there is a list.

    The file appears whole or not at all, and an existing one is never touched, even if it comes
    into being meanwhile. Readable by its owner alone: an address can hold a secret.

    Returns what was seen, and whether the file was written.
    Raises FeedbotError, in one line with the cure: the folder cannot be written, or the
    environment is wrong.
    """
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=path.parent):
            pass  # said before anybody is asked for anything
        settings = config.load(None, environ)
        source = replace(stranger(settings, asked.url), name=asked.name)
        sight = await see(settings, source, asked.url)
        if sight.listing is None:
            return sight, False
        text = first_config(asked, sight.listing, list(_found(sight)), sight.rule, variables)
        return sight, _create(path, text)
    except OSError as error:
        raise FeedbotError(_unwritable(path, error)) from error


def _found(sight: Sight) -> Iterator[str]:
    if sight.listing is not None:
        yield f"found: {summed(sight.listing)}"
        yield from taken(sight)
        yield from (f"missing: {line}" for line in missing(sight, sight.listing))


def _next(path: Path, asked: Wish) -> Iterator[str]:
    """What to run next."""
    feedbot = "feedbot"
    if path.absolute() != Path.cwd() / "config.toml":
        feedbot += f" -c {shlex.quote(str(path))}"
    if asked.chat is None:
        yield "To post to Telegram, name a chat in it; the feeds need none."
    else:
        yield f"To post to {asked.chat}, put the bot's token into FEEDBOT_TELEGRAM__TOKEN."
    yield "Next:"
    yield f"  {feedbot} check            # after each edit"
    yield f"  {feedbot} once --dry-run   # shows what would be sent"
    yield f"  {feedbot} run              # watches, delivers and serves the feeds"


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
