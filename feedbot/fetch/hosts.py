"""Whose turn it is: a few connections to a host at a time, a pause after each, and rest on request.

Every request of the program comes by here: polls, robots.txt, articles, older pages. A host is a
name without its port, bare or www (`identity.host_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedbot.clock import Clock
from feedbot.fetch.failure import Failure

#: A host that rests for longer is not waited for.
PATIENCE = timedelta(seconds=10)
#: How long a host rests after a 429 or 503 without a Retry-After; doubled with each in a row.
FIRST_REST = timedelta(seconds=15)
#: The longest one page's 429 or 503 keeps the others of its host waiting, whatever it asks for.
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Manners:
    """How hosts are treated: connections to one at once, and the pause after each request."""

    connections: int = 1
    pause: timedelta = timedelta(seconds=1)


@dataclass(slots=True)
class _Host:
    """slots: connections; users: requests under way or in line; refusals: in a row."""

    slots: asyncio.Semaphore
    free_at: datetime
    users: int = 0
    refusals: int = 0
    why: str = ""


class Hosts:
    """The hosts that are asked now, or were a moment ago."""

    def __init__(self, clock: Clock, manners: Manners) -> None:
        self._clock = clock
        self._connections = manners.connections
        self._pause = manners.pause
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """One request to a host, when its turn has come.

        Raises Failure where the host rests for longer than is worth waiting.
        """
        host = self._hosts.get(name)
        if host is None:
            host = _Host(asyncio.Semaphore(self._connections), self._clock.now())
            self._hosts[name] = host
        host.users += 1
        try:
            async with host.slots:
                while (now := self._clock.now()) < host.free_at:
                    if host.free_at - now > PATIENCE:
                        raise _resting(host)
                    await self._clock.wait((), host.free_at)
                try:
                    yield
                finally:
                    host.free_at = max(host.free_at, self._clock.now() + self._pause)
        finally:
            host.users -= 1

    def refused(self, name: str, status: int, until: datetime | None) -> None:
        """A host answered 429 or 503: it rests until then, or for a while that doubles."""
        host = self._hosts.get(name)
        if host is None:
            return
        now = self._clock.now()
        rest = FIRST_REST * 2 ** min(host.refusals, 20) if until is None else until - now
        host.refusals += 1
        host.free_at = max(host.free_at, now + min(rest, LONGEST_REST))
        host.why = f"HTTP {status}"

    def answered(self, name: str) -> None:
        """A host gave a sound answer."""
        if host := self._hosts.get(name):
            host.refusals = 0

    def rest(self, name: str, until: datetime) -> None:
        """Leave a host alone until then, for a reason of ours."""
        now = self._clock.now()
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._connections), now))
        host.free_at, host.why = max(host.free_at, until), "its pages cannot be kept"

    def resting(self) -> frozenset[str]:
        """Hosts that cannot be asked now: every connection is taken, or they rest."""
        now = self._clock.now()
        over = now - LONGEST_REST  # a refusal is remembered for a while
        for name in [n for n, host in self._hosts.items() if _is_over(host, now, over)]:
            del self._hosts[name]
        return frozenset(
            name for name, host in self._hosts.items() if host.free_at > now or host.slots.locked()
        )


def _is_over(host: _Host, now: datetime, over: datetime) -> bool:
    return not host.users and host.free_at <= (over if host.refusals else now)


def _resting(host: _Host) -> Failure:
    until = f"{host.free_at:%Y-%m-%d %H:%M:%S}"
    return Failure(
        f"not asked: its host rests until {until} UTC ({host.why})", retry_after=host.free_at
    )
