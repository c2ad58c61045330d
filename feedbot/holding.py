"""What is held: asking the operator, and doing what they say.

    poll ─→ hold, and ask in the admin chat (post / only to the feed / drop)
    a button, or `feedbot held` ─→ decide ─→ released, and owed where it is to be posted; or dropped

Each is one transaction. Only what still waits is decided on, so that doing it twice does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.articles import pictured, wanted
from feedbot.model import Source
from feedbot.owing import Announced, Follower, Owed, owe_news, owe_notice
from feedbot.store import held, history, outbox, pictures, sources, texts
from feedbot.store.held import Held
from feedbot.store.nudge import nudge

Choice = Literal["post", "feed", "drop"]
BUTTONS = {"post": "Post", "feed": "Only to the feed", "drop": "Drop"}
_PRESSED = re.compile(r"held:(post|feed|drop):([0-9]{1,18})")
_LISTED = 15  # titles in a question
_LONGEST = 100  # signs of a title
_ASKED = 3  # questions about one source in a day: the rest is in `feedbot held`


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a choice: how many entries, of which source ("": none waited)."""

    number: int = 0
    source: str = ""

    def said(self, choice: Choice) -> str:
        """The same for the operator."""
        if not self.number:
            return "Nothing of it waits any more."
        done = {
            "post": "posted, as far as a chat wants them",
            "feed": "in the feed, and not posted",
            "drop": "dropped: in no feed, and posted nowhere",
        }
        return f"{self.source}: {self.number} {done[choice]}."


async def hold(
    connection: AsyncConnection,
    source: Source,
    source_id: int,
    kept: Sequence[Announced],
    why: str,
    operator: int | None,
    now: datetime,
) -> list[Owed]:
    """Keep new entries back; the question that the operator is owed, if there is one."""
    asked = await held.batches_since(connection, source_id, now - timedelta(days=1))
    batch = await held.hold(connection, source_id, [one.entry_id for one in kept], now)
    if operator is None or asked >= _ASKED:
        return []
    titles = [one.row.item.title for one in kept]
    more = asked + 1 == _ASKED
    text = _question(source, titles, why, last=more)
    buttons = [(label, f"held:{choice}:{batch}") for choice, label in BUTTONS.items()]
    return [owe_notice(operator, f"held:{batch}", text, buttons)]


def _question(source: Source, titles: Sequence[str], why: str, *, last: bool) -> str:
    listed = [f"– {shorten(title, _LONGEST, placeholder='…')}" for title in titles[-_LISTED:]]
    if len(titles) > _LISTED:
        listed.insert(0, f"– {len(titles) - _LISTED} more")
    ending = f"feedbot held show {source.name}"
    if last:
        ending += "\nWhatever else of this source is held today is only there."
    text = f"{source.title} ({source.url}): {why}. {len(titles)} are held, in no feed yet:"
    return "\n".join([text, *listed, ending])


async def decide(
    connection: AsyncConnection,
    choice: Choice,
    waiting: Sequence[Held],
    source: Source,
    followers: Sequence[Follower],
    now: datetime,
    *,
    shown: int,
) -> Decided:
    """Do as the operator says with what waits of one source."""
    if not waiting:
        return Decided()
    ids = [one.entry_id for one in waiting]
    if choice == "drop":
        await held.drop(connection, ids, now)
        return Decided(len(ids), source.title)
    state = await sources.load(connection, waiting[0].source)
    released = await held.release(connection, state, ids, now)
    told = released if choice == "post" else []
    pages = wanted(source, released, told, now, shown=shown)
    await texts.want(connection, state.id, pages, now)
    await pictures.want(connection, state.id, pictured(source, released, told, shown=shown), now)
    await history.note(connection, state.id, now, new=len(told))
    holds = {page.entry_id: page.hold_until for page in pages if page.hold_until}
    owed = owe_news(told, source.name, source.title, followers, holds)
    await outbox.owe(connection, owed, now)
    await nudge(connection)
    return Decided(len(ids), source.title)


async def pressed(
    connection: AsyncConnection,
    data: str,
    configured: Callable[[str], Source | None],
    followers: Sequence[Follower],
    now: datetime,
    *,
    shown: int,
) -> str | None:
    """Do what a button says; what to answer. None: it is no button of ours.

    configured: a present source by its name
    """
    found = _PRESSED.fullmatch(data)
    if not found:
        return None
    choice: Choice = found[1]  # type: ignore[assignment]  # the pattern has no other words
    waiting = await held.waiting(connection, batch=int(found[2]))
    source = configured(waiting[0].source) if waiting else None
    if waiting and source is None:
        return f"{waiting[0].source} is not in the configuration any more."
    if source is None:
        return Decided().said(choice)
    done = await decide(connection, choice, waiting, source, followers, now, shown=shown)
    return done.said(choice)
