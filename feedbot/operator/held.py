"""`feedbot held`: new entries that do not look like news, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedbot import holding
from feedbot.config import Settings
from feedbot.holding import Choice
from feedbot.operator.beside import beside, print_json, say
from feedbot.status import local_time, rfc3339
from feedbot.store import held, subscribers


async def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print how many entries wait of each source; 1 if none does. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        waiting = await held.waiting(connection)
    numbers = Counter(one.source for one in waiting)
    if as_json:
        print_json({"held": [{"source": name, "entries": n} for name, n in numbers.items()]})
        return 0 if numbers else 1
    for name, number in numbers.items():
        since = min(one.held_at for one in waiting if one.source == name)
        say(f"{name}: {number}, since {local_time(since, ZoneInfo(settings.timezone), '')}")
    return 0 if numbers else 1


async def show(settings: Settings, source: str, *, as_json: bool) -> int:
    """Print what waits of a source, oldest first; 1 if nothing does. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        waiting = await held.waiting(connection, source=source)
    if as_json:
        fields = [
            {
                "id": one.entry_id,
                "title": one.title,
                "url": one.link,
                "date": one.page_date and one.page_date.isoformat(),
                "held": rfc3339(one.held_at),
            }
            for one in waiting
        ]
        print_json({"held": fields})
    for one in [] if as_json else waiting:
        say(f"{one.entry_id:>6}  {one.page_date or '':<10}  {one.title}  {one.link}")
    if not waiting and not as_json:
        say(f"{source}: nothing is held")
    return 0 if waiting else 1


async def decide(settings: Settings, name: str, choice: Choice) -> int:
    """Do this with all that waits of a source; 1 if nothing does. Raises StoreError."""
    configured = {source.name: source for source in settings.effective_sources()}
    source = configured.get(name)
    if source is None:
        say(f"{name}: no such source; `feedbot sources list` names them")
        return 1
    now = datetime.now(UTC)
    async with beside(settings) as store, store.transaction() as connection:
        waiting = await held.waiting(connection, source=name)
        posts = settings.telegram.token is not None
        chats = settings.effective_chats()
        followers = await subscribers.following(connection, chats) if posts else []
        done = await holding.decide(
            connection, choice, waiting, source, followers, now, shown=settings.feeds.entries
        )
    say(done.said(choice))
    return 0 if done.number else 1
