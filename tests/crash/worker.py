"""The process that is killed: delivers what a store owes, as `feedbot once` does, and ends.

python -m tests.crash.worker STORE_URL API_URL TOKEN
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from random import Random

from feedbot.clock import SystemClock
from feedbot.store import outbox
from feedbot.store.engine import Store
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Posting

_LONGEST = timedelta(seconds=60)
#: What stands for the twenty seconds in which a call may still be accepted: the server that is
#: asked accepts late ones within a tenth of it.
_PATIENCE = timedelta(seconds=0.3)


async def work(store_url: str, api_url: str, token: str) -> bool:
    clock = SystemClock()
    store = await Store.open(store_url)
    store.become_scheduler()
    async with store.transaction() as connection:
        await outbox.doubt_leftovers(connection, clock.now())
    bot = create_bot(token, api_url)
    # Without limits: they would only make a hundred runs wait, and have tests of their own.
    deliverer = Deliverer(store, bot, clock, Posting(), Random(), Limits.OFF, _PATIENCE)
    done = await deliverer.drain(clock.now() + _LONGEST)
    await close_bot(bot)
    await store.close()
    return done


def main(store_url: str, api_url: str, token: str) -> None:
    """Work, and exit 0 if nothing is owed any more."""
    sys.exit(not asyncio.run(work(store_url, api_url, token)))


if __name__ == "__main__":
    main(*sys.argv[1:4])
