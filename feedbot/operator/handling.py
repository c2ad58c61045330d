"""`feedbot sources pause|resume|poll|heal|forget`: what is done with a source by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.config import Settings
from feedbot.operator.beside import beside, say
from feedbot.store import byhand
from feedbot.store.engine import Store
from feedbot.store.forget import forget as forget_source
from feedbot.store.nudge import nudge
from feedbot.store.sources import SourceState, load_all


async def pause(settings: Settings, name: str) -> int:
    """Fetch nothing of a source until it is resumed; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.transaction() as connection:
        state = await _configured(connection, settings, name)
        if state is None:
            return 1
        done = await byhand.pause(connection, state, datetime.now(UTC))
    say(f"{name}: {'paused' if done else 'paused already'}")
    return 0


async def resume(settings: Settings, name: str) -> int:
    """Fetch a source again; what is new since then is news. Raises StoreError."""
    async with beside(settings) as store, store.transaction() as connection:
        state = await _configured(connection, settings, name)
        if state is None:
            return 1
        if any(one.name == name and one.paused for one in settings.effective_sources()):
            say(f"{name}: it is paused in the configuration; remove `paused` there")
            return 1
        done = await byhand.resume(connection, state, datetime.now(UTC))
    say(f"{name}: {'resumed' if done else 'not paused'}")
    return 0


async def poll(settings: Settings, name: str) -> int:
    """Have a source polled now. Raises StoreError."""
    return await _soon(settings, name, anew=False)


async def heal(settings: Settings, name: str) -> int:
    """Have it found out anew how a source is read, now. Raises StoreError."""
    return await _soon(settings, name, anew=True)


async def _soon(settings: Settings, name: str, *, anew: bool) -> int:
    now = datetime.now(UTC)
    async with beside(settings) as store:
        async with store.transaction() as connection:
            state = await _configured(connection, settings, name)
            if state is None:
                return 1
            if not state.active:
                say(f"{name}: it is paused; `feedbot sources resume {name}`")
                return 1
            if state.retry_after and state.retry_after > now:
                say(f"{name}: its server asked to wait until {state.retry_after:%H:%M:%S} UTC")
                return 1
            await byhand.soon(connection, state, now, anew=anew)
        say(f"{name}: {_when(store)}")
    return 0


def _when(store: Store) -> str:
    at_work = store.has_scheduler()
    return "polled within seconds" if at_work else "due; nobody is at work: `feedbot once`"


async def forget(settings: Settings, name: str) -> int:
    """Delete what is stored of a source that is no longer configured. Raises StoreError."""
    if any(source.name == name for source in settings.effective_sources()):
        say(f"{name}: it is in the configuration; take it out first, and reload or restart")
        return 1
    now = datetime.now(UTC)
    async with beside(settings) as store, store.transaction() as connection:
        state = {one.name: one for one in await load_all(connection)}.get(name)
        if state is None:
            say(f"{name}: nothing is stored of such a source")
            return 1
        if state.removed_at is None:
            say(f"{name}: a `feedbot run` still has it; reload its configuration first")
            return 1
        number = await forget_source(connection, state, now)
        await nudge(connection)
    say(f"{name}: {number} entries are forgotten; its feed answers that it is gone")
    return 0


async def _configured(
    connection: AsyncConnection, settings: Settings, name: str
) -> SourceState | None:
    """The row of a configured source; says so where there is none."""
    states = {state.name: state for state in await load_all(connection)}
    names = {source.name for source in settings.effective_sources()}
    if name not in names:
        say(f"{name}: no such source; `feedbot sources list` names them")
        return None
    if name not in states:
        say(f"{name}: nothing has run since it was configured")
    return states.get(name)
