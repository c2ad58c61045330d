"""What is next in a chat, lane by lane; and that finding it never takes a look at all the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.owing import Owed
from feedbot.store import membership, outbox
from feedbot.store.claim import Claimed
from feedbot.store.engine import Store
from feedbot.store.lanes import Lane
from feedbot.store.outbox import Claims, Outcome
from tests.outboxes import NOON, add_subscriber, seconds

KINDS = {
    "n": DeliveryKind.NEWS,
    "c": DeliveryKind.COUNTER,
    "r": DeliveryKind.REPLY,
    "x": DeliveryKind.NOTICE,
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    yield opened
    await opened.close()


async def owe(store: Store, address: int, *names: str) -> None:
    """n1 is news, c1 a counter, r1 a reply, x1 a notice; "n1/5" is in topic 5."""
    async with store.transaction() as connection:
        ids: dict[int, int] = {}
        for name in names:
            text, _, topic = name.partition("/")
            if int(topic or 0) not in ids:
                ids[int(topic or 0)] = await add_subscriber(
                    connection, address, topic=int(topic or 0)
                )
            one = Owed(ids[int(topic or 0)], KINDS[name[0]], name, payload={"text": text})
            await outbox.owe(connection, [one], NOON)


async def ask(
    store: Store, now: datetime = NOON, last: Lane | None = None, shut: Sequence[str] = ()
) -> Claims:
    async with store.transaction() as connection:
        addresses = [at for at in await outbox.owed_chats(connection) if at not in shut]
        lanes = {at: last for at in addresses if last}
        return await outbox.claim(connection, now, addresses, shut=shut, last=lanes)


async def end(store: Store, claimed: Claimed, **values: Any) -> None:
    sent = Outcome(claimed.id, DeliveryState.SENT, NOON, messages=((-1, claimed.id),))
    async with store.transaction() as connection:
        await outbox.record(connection, [replace(sent, **values)])


async def order(store: Store) -> str:
    """The names of all that is owed in the order it goes, one chat."""
    names, last = [], None
    while claimed := (await ask(store, last=last)).claimed:
        (one,) = claimed
        names.append(one.payload["text"])
        last = {"n": Lane.NEWS, "c": Lane.COUNTERS}.get(one.payload["text"][0], Lane.ANSWERS)
        await end(store, one)
    return " ".join(names)


async def test_news_and_counters_take_turns_and_answers_go_first(store: Store) -> None:
    await owe(store, -1, "n1", "n2", "n3", "c1", "c2", "r1", "x1")
    assert await order(store) == "r1 x1 n1 c1 n2 c2 n3"


async def test_replies_and_notices_are_one_lane_and_so_are_the_topics_of_a_chat(
    store: Store,
) -> None:
    await owe(store, -1, "x1", "r1", "x2", "n1/5", "n2", "n3/5")
    assert await order(store) == "x1 r1 x2 n1 n2 n3"


async def test_a_lane_that_waits_holds_the_other_not(store: Store) -> None:
    await owe(store, -1, "n1", "n2", "c1")
    (news,) = (await ask(store)).claimed
    later = NOON + seconds(60)
    await end(store, news, state=DeliveryState.PENDING, due_at=later, messages=())
    (counter,) = (await ask(store)).claimed
    assert counter.payload == {"text": "c1"}
    await end(store, counter)
    claims = await ask(store)
    assert (claims.claimed, claims.waiting) == ((), {"-1": later})  # n2 stays behind n1
    assert (await ask(store, later)).claimed[0].payload == {"text": "n1"}


async def test_what_is_in_doubt_or_held_holds_all_lanes(store: Store) -> None:
    await owe(store, -1, "n1", "c1", "r1")
    await owe(store, -2, "n2", "c2")
    async with store.transaction() as connection:
        await membership.hold(connection, "-2", NOON + seconds(9))
    (reply,) = (await ask(store)).claimed
    due = NOON + seconds(5)
    await end(store, reply, state=DeliveryState.IN_DOUBT, due_at=due, messages=())
    assert (await ask(store)).waiting == {"-1": due, "-2": NOON + seconds(9)}
    doubtful, held = (await ask(store, NOON + seconds(9))).claimed
    assert (doubtful.id, doubtful.doubtful) == (reply.id, True)
    assert held.payload == {"text": "n2"}


async def test_a_message_in_parts_is_not_interrupted(store: Store) -> None:
    await owe(store, -1, "n1", "n2", "c1")
    (news,) = (await ask(store)).claimed
    await end(store, news, state=DeliveryState.PENDING, due_at=NOON)
    (again,) = (await ask(store, last=Lane.NEWS)).claimed
    assert (again.id, again.part) == (news.id, 1)


async def test_while_one_is_being_sent_the_chat_is_not_in_line(store: Store) -> None:
    await owe(store, -1, "n1", "c1")
    await ask(store)
    assert await ask(store) == Claims()


async def test_a_chat_that_is_shut_is_only_looked_at(store: Store) -> None:
    await owe(store, -1, "n1")
    await owe(store, -2, "n2")
    claims = await ask(store, shut=["-1", "-3"])
    assert [one.address for one in claims.claimed] == ["-2"]
    assert claims.waiting == {"-1": NOON}


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed meanwhile, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        seen.append((statement, values))

    engine = store._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


#: 30,000 rows owed to three chats, and as many sent.
MANY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
    INSERT INTO deliveries (subscriber_id, dedupe_key, kind, state, payload, created_at, due_at,
                            attempts, resent)
    SELECT i % 3 + 1, 'many:' || i, CASE i % 5 WHEN 0 THEN 'counter' ELSE 'news' END,
           CASE WHEN i > 30000 THEN 'pending' ELSE 'sent' END, '{}', :now, :now, 0, 0 FROM n
"""


async def test_claiming_scans_nothing_however_much_is_owed_or_was_sent(store: Store) -> None:
    for address in (-1, -2, -3):
        await owe(store, address, f"n{-address}")
    async with store.transaction() as connection:
        await connection.execute(sa.text(MANY), {"now": "2020-05-27 12:00:00"})
        await connection.execute(sa.text("ANALYZE"))
        with statements(store) as seen:
            owed = await outbox.owed_chats(connection)
            claimed = (await outbox.claim(connection, NOON, owed[:2], shut=owed[2:])).claimed
            done = [
                Outcome(one.id, DeliveryState.SENT, NOON, messages=((-1, 7),)) for one in claimed
            ]
            await outbox.record(connection, done)
        assert len(claimed) == 2
        plans = {}
        for statement, values in seen:
            first = values[0] if isinstance(values, list) else values
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first)
            plans[statement] = [row.detail for row in plan]
    lines = [line for plan in plans.values() for line in plan]
    scans = {line for line in lines if line.startswith("SCAN") and "CONSTANT" not in line}
    assert {line.split()[1] for line in scans} <= {"kinds", "subscribers"}, plans
    seek = "ix_deliveries_unsent (subscriber_id=? AND kind=?)"
    assert any(seek in line for line in lines), plans
