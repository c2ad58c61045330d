"""What is kept of old deliveries, and that it is enough."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.clock import SimulatedClock
from feedbot.housekeeping import Housekeeper
from feedbot.model import DeliveryState
from feedbot.store import ledger, outbox
from feedbot.store.engine import Store
from feedbot.store.outbox import Outcome
from feedbot.store.prune import prune
from feedbot.store.schema import deliveries, messages
from tests.outboxes import NOON, add_entry, add_subscriber, claim_next, news, owe_texts

KEEP = timedelta(days=90)
DAY = timedelta(days=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    yield opened
    await opened.close()


async def rows(store: Store) -> list[sa.Row[tuple[object, ...]]]:
    async with store.reading() as connection:
        return list(await connection.execute(sa.select(deliveries).order_by(deliveries.c.id)))


async def send(store: Store, *texts: str, at: int = 0, state: str = "sent") -> None:
    """Owe these and have them accepted, or refused, on a day."""
    when = NOON + at * DAY
    async with store.transaction() as connection:
        if not (await connection.execute(sa.text("SELECT 1 FROM subscribers"))).first():
            await add_subscriber(connection, -1)
        await owe_texts(connection, 1, texts)
        for text in texts:
            [one] = await claim_next(connection, when, limit=1)
            assert one.payload == {"text": text}
            ids = ((-1, one.id),) if state == "sent" else ()
            outcome = Outcome(one.id, DeliveryState(state), when, error="no", messages=ids)
            await outbox.record(connection, [outcome])


async def test_only_what_was_sent_long_ago_loses_its_text(store: Store) -> None:
    await send(store, "old", "old too")
    await send(store, "refused", state="failed")
    await send(store, "a day younger", at=1)
    async with store.transaction() as connection:
        await owe_texts(connection, 1, ["owed since"])
    before = await rows(store)
    clock = SimulatedClock(NOON + KEEP)
    await Housekeeper(store, clock, lambda: KEEP).sweep()
    after = await rows(store)
    assert [row.payload.get("text") for row in after] == [
        None, None, "refused", "a day younger", "owed since"
    ]  # fmt: skip
    kept = ("id", "subscriber_id", "dedupe_key", "kind", "state", "finished_at", "attempts")
    assert [[getattr(row, name) for name in kept] for row in after] == [
        [getattr(row, name) for name in kept] for row in before
    ]
    async with store.reading() as connection:
        found = await connection.execute(sa.select(messages.c.delivery_id, messages.c.message_id))
        assert [tuple(row) for row in found] == [(1, 1), (2, 2), (4, 4)]


async def test_what_was_pruned_can_neither_be_owed_nor_tried_again(store: Store) -> None:
    async with store.transaction() as connection:
        await add_subscriber(connection, -1)
        entry = await add_entry(connection, "Old news")
        await outbox.owe(connection, [news(1, entry)], NOON)
        [one] = await claim_next(connection, NOON, limit=1)
        sent = Outcome(one.id, DeliveryState.SENT, NOON, messages=((-1, 7),))
        await outbox.record(connection, [sent])
        assert await prune(connection, NOON) is False
        again = await add_entry(connection, "Old news", source="other")
        await outbox.owe(connection, [news(1, entry), news(1, again, article=entry)], NOON + KEEP)
        assert await claim_next(connection, NOON + KEEP) == []
        assert await ledger.retry(connection, [one.id], NOON) == []
        assert await ledger.drop(connection, [one.id], NOON) == []
        assert len((await ledger.traces(connection, one.id)).causes) == 2  # an edit finds both


async def test_what_was_dropped_long_ago_is_forgotten_and_never_tried_again(store: Store) -> None:
    await send(store, "sent")
    async with store.transaction() as connection:
        await owe_texts(connection, 1, ["dropped", "dropped later"])
        assert await ledger.drop(connection, [2], NOON) == [2]
        assert await ledger.drop(connection, [3], NOON + DAY) == [3]
        assert await prune(connection, NOON) is False
        assert [row.payload.get("text") for row in await _all(connection)] == [
            None, None, "dropped later"
        ]  # fmt: skip
        assert await ledger.retry(connection, [2, 3], NOON) == [3]
        await owe_texts(connection, 1, ["dropped"])
        assert [one.id for one in await claim_next(connection, NOON)] == [3]


async def test_a_day_s_work_is_done_in_small_batches_and_once(store: Store) -> None:
    texts = [f"text {number}" for number in range(7)]
    await send(store, *texts[:4])  # at one moment: a batch never parts them
    await send(store, *texts[4:], at=1)
    async with store.transaction() as connection:
        assert await prune(connection, NOON + DAY, limit=2) is True
        assert sum(not row.payload for row in await _all(connection)) == 4
        assert await prune(connection, NOON + DAY, limit=4) is False
        assert sum(not row.payload for row in await _all(connection)) == 7

    clock = SimulatedClock(NOON + KEEP + 2 * DAY)
    keeper = Housekeeper(store, clock, lambda: KEEP)
    await keeper.tick()
    await send(store, "late", at=1)  # as after a clock that was wrong
    await send(store, "next", at=3)
    await keeper.tick()
    clock.advance(DAY)
    await keeper.tick()
    assert [row.payload for row in await rows(store)][-2:] == [{"text": "late"}, {}]


async def _all(connection: AsyncConnection) -> list[sa.Row[tuple[object, ...]]]:
    return list(await connection.execute(sa.select(deliveries)))


async def test_pruning_reads_the_index_and_not_what_was_ever_sent(store: Store) -> None:
    await send(store, "one")
    seen: list[str] = []
    async with store.transaction() as connection:
        await prune(connection, NOON)

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        sync = connection.sync_connection
        assert sync is not None
        sa.event.listen(sync, "before_cursor_execute", note)
        await prune(connection, NOON + DAY)
        query = next(statement for statement in seen if "messages.sent_at" in statement)
        plan = await connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {query}", ("2021-01-01", "2020-01-01", 500, 0)
        )
        [step] = [row[-1] for row in plan]
        assert "SEARCH messages USING COVERING INDEX ix_messages_sent" in step


async def test_a_store_that_refuses_is_asked_again_the_next_day(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await send(store, "old")
    clock = SimulatedClock(NOON + KEEP)
    keeper = Housekeeper(store, clock, lambda: KEEP)
    async with store.transaction() as connection:
        await connection.execute(sa.text("ALTER TABLE meta RENAME TO elsewhere"))
    await keeper.sweep()
    assert "old deliveries were not pruned" in caplog.text
    async with store.transaction() as connection:
        await connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO meta"))
    await keeper.sweep()
    assert [row.payload for row in await rows(store)] == [{"text": "old"}]
    clock.advance(DAY)
    await keeper.sweep()
    assert [row.payload for row in await rows(store)] == [{}]
