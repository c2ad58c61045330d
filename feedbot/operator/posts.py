"""`feedbot post list`: the last entries, by the numbers that other commands take."""

from __future__ import annotations

import sys
from textwrap import shorten
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.logs import scrub
from feedbot.operator.beside import beside, print_json, say
from feedbot.status import local_time, rfc3339
from feedbot.store import posts
from feedbot.store.posts import Post

_LONGEST = 70  # signs of a title in a list


async def show_list(settings: Settings, source: str | None, limit: int, *, as_json: bool) -> int:
    """Print the last `limit` entries; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        found = await posts.listed(connection, limit + 1, source)
    shown = found[-limit:]
    if as_json:
        print_json({"entries": [_fields(post) for post in shown]})
    for post in [] if as_json else shown:
        say(line(post, ZoneInfo(settings.timezone)))
    if len(found) > limit:
        print(f"feedbot: only the last {limit} are shown; --limit shows more", file=sys.stderr)
    return 0 if shown else 1


def _fields(post: Post) -> dict[str, Any]:
    """An entry as `--json` prints it; times in RFC 3339, UTC."""
    return {
        "number": post.id,
        "id": post.atom_id,
        "source": post.source,
        "title": scrub(post.title),
        "url": post.link,
        "published": rfc3339(post.published),
        "chats": post.chats,
        "retracted": rfc3339(post.retracted_at),
    }


def line(post: Post, zone: ZoneInfo) -> str:
    """An entry in one line."""
    title = shorten(post.title, _LONGEST, placeholder="…")
    state = "retracted" if post.retracted_at else f"in {post.chats} chats"
    when = local_time(post.published, zone, "")
    return f"{post.id:>6}  {when}  {post.source}  {state}  {title}  {post.link}"
