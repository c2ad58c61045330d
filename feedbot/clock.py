"""Time as a value handed in, so that every rule about time can be run at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Clock(Protocol):
    """What the shell asks of time."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        ...

    async def wait(self, futures: Collection[asyncio.Future[Any]], until: datetime | None) -> None:
        """Return when any of `futures` is done, or at `until`, whichever is first.

        `until` None: no limit. Nothing is cancelled.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return datetime.now(UTC)

    async def wait(self, futures: Collection[asyncio.Future[Any]], until: datetime | None) -> None:
        """See `Clock.wait`."""
        limit = None if until is None else max(0.0, (until - self.now()).total_seconds())
        if futures:
            await asyncio.wait(futures, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        elif limit is not None:
            await asyncio.sleep(limit)


class SimulatedClock:
    """A clock that stands still while work is under way, and else jumps to the next moment.

    Waiting with futures under way lets them finish first; waiting with none moves the clock. So a
    minute of rate limits passes in the time its requests take, and always the same way.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The simulated moment, aware UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._now += by

    def set(self, moment: datetime) -> None:
        """Put the clock at `moment` (aware)."""
        self._now = moment.astimezone(UTC)

    async def wait(self, futures: Collection[asyncio.Future[Any]], until: datetime | None) -> None:
        """See `Clock.wait`."""
        if futures:
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        elif until is not None:
            self._now = max(self._now, until)
            await asyncio.sleep(0)
