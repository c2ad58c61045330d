"""Who paused a chat decides what resumes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedbot.model import Chat
from feedbot.store import membership, subscribers
from feedbot.store.engine import Store
from tests.outboxes import NOON, add_subscriber


@pytest.mark.parametrize("by_hand", [True, False])
async def test_only_the_operator_ends_a_pause_of_the_operators(
    tmp_path: Path, by_hand: bool
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as connection:
        id = await add_subscriber(connection, -1)
        rows = await subscribers.at(connection, -1)
        if by_hand:
            await membership.pause_by_hand(connection, rows)
        else:
            assert len(await membership.lose(connection, "-1", "kicked")) == 1

        async def state() -> str:
            [row] = await subscribers.of(connection, [id])
            return row.state

        # Telegram says that the bot may write there; a restart; a reload
        resumed = await membership.resume(connection, ["-1"])
        assert [row.id for row in resumed] == ([] if by_hand else [id])
        await subscribers.sync_config(connection, [Chat(-1)], None, NOON)
        assert await state() == ("paused" if by_hand else "active")
        assert [follower.id for follower in await subscribers.following(connection, [Chat(-1)])]
        await membership.resume_by_hand(connection, await subscribers.at(connection, -1))
        assert await state() == "active"
    await store.close()


async def test_a_group_that_moved_is_found_under_either_address(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as connection:
        id = await add_subscriber(connection, -1)
        await membership.migrate(connection, "-1", "-1001")
        for address in ("-1", -1001):
            assert [row.id for row in await subscribers.at(connection, address)] == [id]
        assert await subscribers.at(connection, "-2") == []
    await store.close()
