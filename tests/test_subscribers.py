"""Who follows: what the configuration names, what chats decide, and where they move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Chat, DeliveryKind
from feedbot.owing import Owed
from feedbot.store import membership, outbox, subscribers
from feedbot.store.engine import Store
from feedbot.store.schema import deliveries
from feedbot.store.subscribers import Subscriber, sync_config
from tests.outboxes import NOON, add_subscriber, claim_next, owe_texts


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[AsyncConnection]:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as opened:
        yield opened
    await store.close()


PRESS, TEAM = Chat("@Press"), Chat(-5, topic=7)


async def at(connection: AsyncConnection, address: int | str, topic: int = 0) -> Subscriber:
    row = await subscribers.find(connection, address, topic)
    assert row is not None
    return row


async def follower_ids(connection: AsyncConnection, *chats: Chat) -> list[int]:
    return [one.id for one in await subscribers.following(connection, chats)]


async def test_configured_chats_get_rows_once(connection: AsyncConnection) -> None:
    for _ in range(2):
        assert await sync_config(connection, [PRESS, TEAM], None, NOON) == []
    press, team = await at(connection, "@press"), await at(connection, -5, 7)
    assert (press.origin, press.state, team.topic) == ("config", "active", 7)
    assert await follower_ids(connection, PRESS, TEAM) == [team.id, press.id]
    assert await subscribers.admin_id(connection) is None


async def test_a_chat_that_left_is_owed_nothing_and_that_is_said(
    connection: AsyncConnection,
) -> None:
    await sync_config(connection, [PRESS, TEAM], None, NOON)
    press = await at(connection, "@press")
    await owe_texts(connection, press.id, ["a", "b"])
    (line,) = await sync_config(connection, [TEAM], None, NOON)
    assert "@press" in line
    assert "2" in line
    counts = await outbox.counts(connection)
    assert (counts.owed, counts.failed, counts.dropped) == (0, 0, 2)
    assert (await at(connection, "@press")).state == "removed"
    assert press.id not in await follower_ids(connection, PRESS, TEAM)
    assert await sync_config(connection, [TEAM], None, NOON) == []  # said once


async def test_one_that_is_back_is_owed_new_things_only(connection: AsyncConnection) -> None:
    await sync_config(connection, [PRESS], None, NOON)
    press = await at(connection, "@press")
    await owe_texts(connection, press.id, ["old"])
    await sync_config(connection, [], None, NOON)
    await sync_config(connection, [PRESS], None, NOON)
    await owe_texts(connection, press.id, ["old", "new"])
    claimed = await claim_next(connection, NOON)
    assert [one.payload["text"] for one in claimed] == ["new"]


async def test_a_paused_chat_is_tried_again_at_the_next_start(connection: AsyncConnection) -> None:
    await sync_config(connection, [PRESS], None, NOON)
    (paused,) = await membership.lose(connection, "@press", "kicked")
    assert await membership.lose(connection, "@press", "kicked") == []  # told once
    assert await follower_ids(connection, PRESS) == [paused.id]  # owed, and waits
    await sync_config(connection, [PRESS], None, NOON)
    assert ((await at(connection, "@press")).state, paused.name) == ("active", "@press")


async def test_what_each_follows_comes_from_its_configuration(connection: AsyncConnection) -> None:
    chat = Chat(-5, sources=("press",), counters=(), include=("visit",), exclude=("re:^Old",))
    await sync_config(connection, [chat], 9, NOON)
    own = await add_subscriber(connection, 3, origin="chat")
    await add_subscriber(connection, 4, origin="chat", state="asking")
    configured, free = await subscribers.following(connection, [chat])
    assert (configured.sources, configured.counters) == (frozenset({"press"}), frozenset())
    assert configured.filter is not None
    assert configured.filter.wants("A visit", "", "")
    assert not configured.filter.wants("Old visit", "", "")
    assert (free.id, free.sources, free.counters, free.filter) == (own, None, None, None)


async def test_a_chat_not_yet_synced_follows_nothing(connection: AsyncConnection) -> None:
    await sync_config(connection, [PRESS], None, NOON)
    assert await follower_ids(connection, TEAM) == []


# The admin chat


async def test_the_admin_chat_gets_notices_and_nothing_else(connection: AsyncConnection) -> None:
    await sync_config(connection, [PRESS], 9, NOON)
    admin = await at(connection, 9)
    assert (await subscribers.admin_id(connection), admin.origin) == (admin.id, "admin")
    assert admin.id not in await follower_ids(connection, PRESS)


async def test_the_admin_chat_may_be_a_configured_one(connection: AsyncConnection) -> None:
    await sync_config(connection, [PRESS], "@press", NOON)
    press = await at(connection, "@press")
    assert (await subscribers.admin_id(connection), press.origin) == (press.id, "config")
    assert await sync_config(connection, [], "@press", NOON) != []
    assert (await at(connection, "@press")).origin == "admin"


async def test_the_admin_chat_may_follow_by_itself(connection: AsyncConnection) -> None:
    id = await add_subscriber(connection, 9, origin="chat")
    await sync_config(connection, [], 9, NOON)
    assert (await subscribers.admin_id(connection), (await at(connection, 9)).origin) == (
        id,
        "chat",
    )
    await membership.leave(connection, id)
    await membership.purge_left(connection)
    assert (await at(connection, 9)).origin == "admin"


async def test_another_admin_chat_takes_over(connection: AsyncConnection) -> None:
    await sync_config(connection, [], 9, NOON)
    await owe_texts(connection, (await at(connection, 9)).id, ["notice"])
    (line,) = await sync_config(connection, [], 10, NOON)
    assert "9" in line
    assert await subscribers.admin_id(connection) == (await at(connection, 10)).id
    await sync_config(connection, [], None, NOON)
    assert await subscribers.admin_id(connection) is None


# Chats of their own accord


async def test_a_chat_that_started_may_be_configured_later(connection: AsyncConnection) -> None:
    id = await membership.enter(connection, ("-5", 7), "active", NOON, kind="group", title="Team")
    await sync_config(connection, [TEAM], None, NOON)
    row = await at(connection, -5, 7)
    assert (row.id, row.origin, row.name) == (id, "config", "Team (-5), topic 7")


async def test_asking_is_decided_once(connection: AsyncConnection) -> None:
    one = await membership.enter(connection, ("1", 0), "asking", NOON)
    two = await membership.enter(connection, ("2", 0), "asking", NOON)
    assert await membership.allow(connection, one)
    assert not await membership.allow(connection, one)
    assert await membership.deny(connection, two)
    await membership.purge_left(connection)
    assert await subscribers.find(connection, 2, 0) is None
    assert await follower_ids(connection) == [one]


async def test_who_leaves_is_deleted_after_the_last_answer(connection: AsyncConnection) -> None:
    id = await membership.enter(connection, ("1", 0), "active", NOON)
    await owe_texts(connection, id, ["goodbye"])
    await membership.leave(connection, id)
    await membership.purge_left(connection)
    assert (await at(connection, 1)).state == "leaving"
    await outbox.drop(connection, id, "said", NOON)
    await membership.purge_left(connection)
    assert await subscribers.find(connection, 1, 0) is None


async def test_a_number_is_never_given_twice(connection: AsyncConnection) -> None:
    first = await membership.enter(connection, ("1", 0), "leaving", NOON)
    await membership.purge_left(connection)
    assert await membership.enter(connection, ("1", 0), "active", NOON) > first


async def test_being_thrown_out_ends_all_topics(connection: AsyncConnection) -> None:
    for topic in (0, 3):
        await add_subscriber(connection, -5, topic=topic, origin="chat")
    await add_subscriber(connection, -5, topic=7)
    paused = await membership.lose(connection, "-5", "kicked")
    assert [(row.topic, row.state) for row in paused] == [(7, "active")]
    assert await subscribers.find(connection, -5, 3) is None
    assert [row.topic for row in await membership.resume(connection, ["-5"])] == [7]


# Groups that become supergroups


async def test_the_configuration_may_keep_naming_the_old_number(
    connection: AsyncConnection,
) -> None:
    await sync_config(connection, [TEAM], -5, NOON)
    team = await at(connection, -5, 7)
    assert await membership.migrate(connection, "-5", "-100777")
    assert (await at(connection, -100777, 7)).id == team.id
    for chat, admin in ((TEAM, -5), (Chat(-100777, topic=7), -100777)):  # old, then mended
        assert await sync_config(connection, [chat], admin, NOON) == []
        assert await follower_ids(connection, chat) == [team.id]


async def test_a_follower_that_moves_is_nobodys_business(connection: AsyncConnection) -> None:
    id = await add_subscriber(connection, -5, origin="chat")
    assert not await membership.migrate(connection, "-5", "-100777")
    assert (await at(connection, -100777)).id == id


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [("config", "chat", "old"), ("chat", "config", "new"), ("chat", "chat", "new")],
)
async def test_where_both_numbers_are_known_one_row_stays_and_nothing_is_lost(
    connection: AsyncConnection, old: str, new: str, kept: str
) -> None:
    ids = {
        "old": await add_subscriber(connection, -5, origin=old),
        "new": await add_subscriber(connection, -100777, origin=new),
    }
    for name, id in ids.items():
        await owe_texts(connection, id, [name])
    await membership.migrate(connection, "-5", "-100777")
    assert (await at(connection, -100777)).id == ids[kept]
    assert await subscribers.find(connection, -5, 0) is None
    assert (await outbox.counts(connection)).owed == 2


async def test_what_both_numbers_were_owed_is_owed_once_after_the_move(
    connection: AsyncConnection,
) -> None:
    for address in (-5, -100777):
        id = await add_subscriber(connection, address)
        owed = [Owed(id, DeliveryKind.NEWS, f"news:{id}:{article}:1") for article in {5, -address}]
        await outbox.owe(connection, owed, NOON)
    await membership.migrate(connection, "-5", "-100777")
    kept = (await at(connection, -100777)).id
    keys = {row.dedupe_key for row in await connection.execute(sa.select(deliveries.c.dedupe_key))}
    assert keys == {f"news:{kept}:5:1", f"news:{kept}:100777:1"}


async def test_a_removed_row_gives_way(connection: AsyncConnection) -> None:
    id = await add_subscriber(connection, -5)
    await add_subscriber(connection, -100777, state="removed")
    await membership.migrate(connection, "-5", "-100777")
    assert (await at(connection, -100777)).id == id


async def test_an_admin_chat_that_is_merged_stays_the_admin_chat(
    connection: AsyncConnection,
) -> None:
    await sync_config(connection, [Chat(-100777)], -5, NOON)
    await membership.migrate(connection, "-5", "-100777")
    assert await subscribers.admin_id(connection) == (await at(connection, -100777)).id
