"""`feedbot once`: one round over everything, and a line for each result."""

from __future__ import annotations

from datetime import timedelta

from feedbot.app import App
from feedbot.clock import Clock
from feedbot.config import Settings
from feedbot.poll import Polled
from feedbot.store import outbox


async def once(settings: Settings, wait: timedelta, clock: Clock | None = None) -> int:
    """Poll, owe, deliver, write feeds, print what came of it; 1 if anything failed or is owed.

    Raises StoreError, PublishError, ConfigError.
    """
    async with App.open(settings, clock) as app:
        before = await _counts(app)
        polled, delivered = await app.once(wait)
        after = await _counts(app)
        unwritten = app.scheduler.unwritten
        for result in polled:
            print(_line(app, result, unwritten))
        if app.telegram:
            print(
                f"deliveries: {after.sent - before.sent} sent, {after.owed} still owed,"
                f" {after.failed - before.failed} failed"
            )
    failed = any(result.error for result in polled) or after.failed > before.failed
    return 1 if failed or unwritten or not delivered else 0


async def _counts(app: App) -> outbox.Counts:
    async with app.store.reading() as connection:
        return await outbox.counts(connection)


def _line(app: App, result: Polled, unwritten: frozenset[str]) -> str:
    if result.error:
        return result.error
    if result.source in unwritten:
        return f"{result.source}: {result.new} new; its feed could not be written"
    return f"{result.source}: {result.new} new; {app.publisher.path(result.source)}"
