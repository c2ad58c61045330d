"""What hears in tests of the bot: a listener over a desk, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from feedbot.clock import Clock
from feedbot.model import Source
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram.bot import Listener
from feedbot.telegram.settings import Posting
from tests.outboxes import Desk

PRESS = Source(name="press", url="https://example.org/", title="Press office")
POSTING = Posting(sources={"press": PRESS})


def listener(
    desk: Desk,
    posting: Posting = POSTING,
    *,
    clock: Clock | None = None,
    wake: Callable[[], None] = lambda: None,
) -> Listener:
    return Listener(desk.store, desk.bot, clock or desk.clock, posting, Random(1), wake)


async def hear(desk: Desk, posting: Posting = POSTING) -> None:
    """Carry out what waits, and deliver the answers."""
    await listener(desk, posting).poll(0)
    await desk.drain(posting)


async def states(desk: Desk) -> dict[str, str]:
    return {row.address: row.state for row in await desk.rows(subscriber_rows)}


async def operator(desk: Desk) -> int:
    """An admin chat; its number."""
    admin = desk.api.add_private("Operator")
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    return admin.id
